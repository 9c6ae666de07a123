//! Calls of a `TimedCache`, and a model of it that is too simple to be wrong.

use core::time::Duration;
use larder::stats::CacheStats;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// One call. Keys are any bytes, and are brought into a range that the cache can nearly hold.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Get(u8),
    GetMut(u8, u32),
    Peek(u8),
    Contains(u8),
    Deadline(u8),
    Insert(u8, u32),
    Put(u8, u32),
    InsertFor(u8, u32, u64),
    InsertUntil(u8, u32, u64),
    GetOrInsert(u8, u32),
    TryGetOrInsert(u8, Result<u32, u32>),
    Remove(u8),
    RemoveEntry(u8),
    PopLru,
    PeekLru,
    PopExpired,
    /// Keeps the n-th visited entry if the n-th bit is set.
    Retain(u64),
    Clear,
    Sweep(usize),
    Resize(usize),
    TimeToLive(u64),
    TimeToIdle(u64),
    /// Moves the clock forward.
    Advance(u64),
    /// Sets the clock, anywhere.
    Set(u64),
    ResetStats,
}

/// Ticks as they matter: a few, about a power of two, or up to the end.
pub(crate) fn ticks() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0..40_u64,
        2 => 0..5_000_u64,
        2 => (0..64_u32, 0..3_u64).prop_map(|(bit, by)| (1_u64 << bit).wrapping_add(by).wrapping_sub(1)),
        1 => any::<u64>(),
        1 => Just(u64::MAX),
    ]
}

/// Times, as far apart as can be. (Not the very first: a test looks at all entries by setting the clock there.)
pub(crate) fn times() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 1..200_u64,
        2 => (1 << 32)..(1 << 32) + 100_u64,
        2 => u64::MAX - 100..=u64::MAX,
        1 => any::<u64>().prop_map(|time| time.max(1)),
    ]
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let key = any::<u8>;
    let value = any::<u32>;
    prop_oneof![
        6 => key().prop_map(Op::Get),
        1 => (key(), value()).prop_map(|(key, value)| Op::GetMut(key, value)),
        2 => key().prop_map(Op::Peek),
        1 => key().prop_map(Op::Contains),
        1 => key().prop_map(Op::Deadline),
        12 => (key(), value()).prop_map(|(key, value)| Op::Insert(key, value)),
        4 => (key(), value()).prop_map(|(key, value)| Op::Put(key, value)),
        12 => (key(), value(), ticks()).prop_map(|(key, value, ttl)| Op::InsertFor(key, value, ttl)),
        3 => (key(), value(), times()).prop_map(|(key, value, end)| Op::InsertUntil(key, value, end)),
        4 => (key(), value()).prop_map(|(key, value)| Op::GetOrInsert(key, value)),
        2 => (key(), value()).prop_map(|(key, value)| Op::TryGetOrInsert(key, Ok(value))),
        1 => (key(), value()).prop_map(|(key, error)| Op::TryGetOrInsert(key, Err(error))),
        3 => key().prop_map(Op::Remove),
        1 => key().prop_map(Op::RemoveEntry),
        2 => Just(Op::PopLru),
        1 => Just(Op::PeekLru),
        2 => Just(Op::PopExpired),
        1 => any::<u64>().prop_map(|bits| Op::Retain(bits | bits >> 1)),
        1 => Just(Op::Clear),
        3 => (0..10_usize).prop_map(Op::Sweep),
        1 => (0..70_usize).prop_map(Op::Resize),
        2 => ticks().prop_map(Op::TimeToLive),
        2 => ticks().prop_map(Op::TimeToIdle),
        8 => ticks().prop_map(Op::Advance),
        2 => times().prop_map(Op::Set),
        1 => Just(Op::ResetStats),
    ]
}

/// The n-th bit, round the end.
pub(crate) fn bit(bits: u64, n: usize) -> bool {
    bits >> (n % 64) & 1 == 1
}

/// A count as a value.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).expect("counts are small here")
}

/// The number of the key that a byte stands for: half as many again as there is room for, so that keys come back, are
/// replaced, and have to go.
pub(crate) fn key_number(byte: u8, capacity: usize) -> u32 {
    u32::from(byte) % number(capacity + capacity / 2 + 2)
}

/// For so many ticks of a nanosecond; all of them are for ever.
pub(crate) fn duration(ticks: u64) -> Duration {
    if ticks == u64::MAX { Duration::MAX } else { Duration::from_nanos(ticks) }
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Entry<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
    pub(crate) end: u64,
    pub(crate) idle_end: u64,
}

impl<K, V> Entry<K, V> {
    pub(crate) fn ends(&self) -> u64 {
        self.end.min(self.idle_end)
    }

    pub(crate) fn is_over(&self, now: u64) -> bool {
        self.ends() <= now && self.ends() != u64::MAX
    }
}

/// A cache as a list, the most recently used entry first.
///
/// Of several entries that are over, which one goes is not for the model to say: it is told what is left, and looks whether that may be.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Model<K, V> {
    pub(crate) entries: Vec<Entry<K, V>>,
    pub(crate) capacity: usize,
    pub(crate) now: u64,
    pub(crate) ttl: u64,
    pub(crate) idle: u64,
    pub(crate) stats: CacheStats,
    /// Entries that were there when the counts were reset.
    pub(crate) uncounted: u64,
}

/// What an insertion displaced.
#[derive(PartialEq, Debug)]
pub(crate) enum Gone<K, V> {
    Nothing,
    Value(V),
    Entry(K, V),
    /// One of those that are over.
    Over,
}

impl<K: Clone + PartialEq, V: Clone> Model<K, V> {
    pub(crate) fn new(capacity: usize, now: u64) -> Self {
        let (ttl, idle) = (u64::MAX, u64::MAX);
        Self { entries: Vec::new(), capacity, now, ttl, idle, stats: CacheStats::default(), uncounted: 0 }
    }

    pub(crate) fn position(&self, key: &K) -> Option<usize> {
        self.entries.iter().position(|entry| entry.key == *key)
    }

    /// The entry of a key, unless it is over.
    pub(crate) fn live(&self, key: &K) -> Option<usize> {
        self.position(key).filter(|&at| !self.entries[at].is_over(self.now))
    }

    pub(crate) fn any_over(&self) -> bool {
        self.entries.iter().any(|entry| entry.is_over(self.now))
    }

    fn promote(&mut self, at: usize) {
        self.entries[..=at].rotate_right(1);
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<&mut V> {
        let Some(at) = self.live(key) else {
            self.stats.misses += 1;
            return None;
        };
        self.stats.hits += 1;
        self.promote(at);
        let first = &mut self.entries[0];
        first.idle_end = first.idle_end.max(self.now.saturating_add(self.idle));
        Some(&mut first.value)
    }

    /// Whether one that is over has gone for it is told by what is returned; which one, by [`settle`](Self::settle).
    pub(crate) fn insert(&mut self, key: K, value: V, end: u64) -> Gone<K, V> {
        self.stats.inserted += 1;
        let idle_end = self.now.saturating_add(self.idle);
        let mut gone = Gone::Nothing;
        if let Some(at) = self.position(&key) {
            if !self.entries[at].is_over(self.now) {
                self.stats.replaced += 1;
                self.promote(at);
                let first = &mut self.entries[0];
                (first.end, first.idle_end) = (end, idle_end);
                return Gone::Value(core::mem::replace(&mut first.value, value));
            }
            self.stats.expired += 1;
            let old = self.entries.remove(at);
            gone = Gone::Entry(old.key, old.value);
        } else if self.entries.len() == self.capacity {
            if self.any_over() {
                self.stats.expired += 1;
                gone = Gone::Over;
            } else {
                self.stats.evicted += 1;
                let Some(old) = self.entries.pop() else { return Gone::Entry(key, value) };
                gone = Gone::Entry(old.key, old.value);
            }
        }
        self.entries.insert(0, Entry { key, value, end, idle_end });
        gone
    }

    /// Takes out so many that are over: those that the cache does not have any more.
    pub(crate) fn settle(&mut self, gone: usize, stays: impl Fn(&K) -> bool) {
        let before = self.entries.len();
        let now = self.now;
        self.entries.retain(|entry| stays(&entry.key) || !entry.is_over(now));
        assert_eq!(before - self.entries.len(), gone, "as many went as should, all of them over");
    }

    pub(crate) fn take(&mut self, at: usize) -> (K, V) {
        let entry = self.entries.remove(at);
        self.stats.removed += 1;
        (entry.key, entry.value)
    }

    /// Those that are over go.
    pub(crate) fn drop_over(&mut self) {
        let before = self.entries.len();
        let now = self.now;
        self.entries.retain(|entry| !entry.is_over(now));
        self.stats.expired += (before - self.entries.len()) as u64;
    }
}
