//! Calls of an `LruCache`, and a model of it that is too simple to be wrong.

use core::convert::Infallible;
use core::fmt::Debug;
use core::hash::{BuildHasher, Hash};
use core::mem::replace;
use larder::cache::{Inserted, LruCache, Memory};
use larder::stats::CacheStats;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

// The operations.

/// One call. Keys are any bytes, and are brought into a range that the cache can nearly hold.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Get(u8),
    GetMut(u8, u32),
    Peek(u8),
    PeekMut(u8, u32),
    Contains(u8),
    Insert(u8, u32),
    Put(u8, u32),
    GetOrInsert(u8, u32),
    TryGetOrInsert(u8, Result<u32, u32>),
    Remove(u8),
    RemoveEntry(u8),
    PopLru,
    PeekLru,
    /// Keeps the n-th visited entry if the n-th bit is set, and changes its value.
    Retain(u64),
    Clear,
    /// Asks the front for each bit that is set, else the back.
    Iter(u64),
    IterMut(u64, u32),
    Clone,
    Extend(Vec<(u8, u32)>),
    Resize(usize),
    ResetStats,
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let key = any::<u8>;
    let value = any::<u32>;
    prop_oneof![
        6 => key().prop_map(Op::Get),
        2 => (key(), value()).prop_map(|(key, value)| Op::GetMut(key, value)),
        2 => key().prop_map(Op::Peek),
        2 => (key(), value()).prop_map(|(key, value)| Op::PeekMut(key, value)),
        1 => key().prop_map(Op::Contains),
        16 => (key(), value()).prop_map(|(key, value)| Op::Insert(key, value)),
        4 => (key(), value()).prop_map(|(key, value)| Op::Put(key, value)),
        4 => (key(), value()).prop_map(|(key, value)| Op::GetOrInsert(key, value)),
        2 => (key(), value()).prop_map(|(key, value)| Op::TryGetOrInsert(key, Ok(value))),
        2 => (key(), value()).prop_map(|(key, error)| Op::TryGetOrInsert(key, Err(error))),
        6 => key().prop_map(Op::Remove),
        2 => key().prop_map(Op::RemoveEntry),
        4 => Just(Op::PopLru),
        1 => Just(Op::PeekLru),
        1 => any::<u64>().prop_map(|bits| Op::Retain(bits | bits >> 1)),
        1 => Just(Op::Clear),
        1 => any::<u64>().prop_map(Op::Iter),
        1 => (any::<u64>(), value()).prop_map(|(bits, value)| Op::IterMut(bits, value)),
        1 => Just(Op::Clone),
        1 => vec((key(), value()), 0..100).prop_map(Op::Extend),
        1 => (0..70_usize).prop_map(Op::Resize),
        1 => Just(Op::ResetStats),
    ]
}

/// A count as a value.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).expect("counts are small here")
}

/// The n-th bit, round the end.
pub(crate) fn bit(bits: u64, n: usize) -> bool {
    bits >> (n % 64) & 1 == 1
}

/// The number of the key that a byte stands for: half as many again as there is room for, so that keys come back, are
/// replaced, and are evicted.
fn key_number(byte: u8, capacity: usize) -> u32 {
    u32::from(byte) % number(capacity + capacity / 2 + 2)
}

/// What a call gave.
#[derive(PartialEq, Debug)]
pub(crate) enum Outcome<K, V> {
    Nothing,
    Flag(bool),
    Value(Option<V>),
    Entry(Option<(K, V)>),
    Inserted(Inserted<K, V>),
    Tried(Result<Option<V>, u32>),
    /// Those of an iteration, with what the iterator said before each.
    Entries(Vec<(usize, Option<(K, V)>)>),
}

// The model.

/// A cache as a list, the most recently used entry first.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Model<K, V> {
    pub(crate) entries: Vec<(K, V)>,
    pub(crate) capacity: usize,
    pub(crate) stats: CacheStats,
    /// Entries that were there when the counts were reset.
    pub(crate) uncounted: u64,
}

impl<K: Clone + PartialEq, V: Clone> Model<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: Vec::new(), capacity, stats: CacheStats::default(), uncounted: 0 }
    }

    fn position(&self, key: &K) -> Option<usize> {
        self.entries.iter().position(|(of, _)| of == key)
    }

    fn promote(&mut self, key: &K) -> Option<&mut V> {
        let position = self.position(key)?;
        self.entries[..=position].rotate_right(1);
        Some(&mut self.entries[0].1)
    }

    fn get(&mut self, key: &K) -> Option<&mut V> {
        match self.position(key) {
            Some(_) => self.stats.hits += 1,
            None => self.stats.misses += 1,
        }
        self.promote(key)
    }

    fn insert(&mut self, key: K, value: V) -> Inserted<K, V> {
        self.stats.inserted += 1;
        if let Some(old) = self.promote(&key) {
            let old = replace(old, value);
            self.stats.replaced += 1;
            return Inserted::Replaced(old);
        }
        self.entries.insert(0, (key, value));
        match self.evict(self.capacity).pop() {
            Some((key, value)) => Inserted::Evicted(key, value),
            None => Inserted::New,
        }
    }

    fn get_or_insert<E>(&mut self, key: K, value: Result<V, E>) -> Result<Option<V>, E> {
        if self.get(&key).is_none() {
            let _ = self.insert(key, value?);
        }
        Ok(self.entries.first().map(|(_, value)| value.clone()))
    }

    fn evict(&mut self, capacity: usize) -> Vec<(K, V)> {
        let evicted = self.entries.split_off(capacity.min(self.entries.len()));
        self.stats.evicted += evicted.len() as u64;
        evicted
    }

    fn remove(&mut self, position: Option<usize>) -> Option<(K, V)> {
        let entry = self.entries.remove(position?);
        self.stats.removed += 1;
        Some(entry)
    }

    pub(crate) fn run(&mut self, op: &Op, key: impl Fn(u32) -> K, value: impl Fn(u32) -> V) -> Outcome<K, V> {
        let capacity = self.capacity;
        let key = |byte: u8| key(key_number(byte, capacity));
        match *op {
            Op::Get(k) => Outcome::Value(self.get(&key(k)).cloned()),
            Op::GetMut(k, v) => Outcome::Value(self.get(&key(k)).map(|old| replace(old, value(v)))),
            Op::Peek(k) => Outcome::Value(self.position(&key(k)).map(|at| self.entries[at].1.clone())),
            Op::PeekMut(k, v) => {
                let found = self.position(&key(k));
                Outcome::Value(found.map(|at| replace(&mut self.entries[at].1, value(v))))
            }
            Op::Contains(k) => Outcome::Flag(self.position(&key(k)).is_some()),
            Op::Insert(k, v) => Outcome::Inserted(self.insert(key(k), value(v))),
            Op::Put(k, v) => {
                let _ = self.insert(key(k), value(v));
                Outcome::Nothing
            }
            Op::GetOrInsert(k, v) => {
                let Ok(found) = self.get_or_insert(key(k), Ok::<_, Infallible>(value(v)));
                Outcome::Value(found)
            }
            Op::TryGetOrInsert(k, v) => Outcome::Tried(self.get_or_insert(key(k), v.map(value))),
            Op::Remove(k) => {
                let found = self.position(&key(k));
                Outcome::Value(self.remove(found).map(|(_, value)| value))
            }
            Op::RemoveEntry(k) => {
                let found = self.position(&key(k));
                Outcome::Entry(self.remove(found))
            }
            Op::PopLru => Outcome::Entry(self.remove(self.entries.len().checked_sub(1))),
            Op::PeekLru => Outcome::Entry(self.entries.last().cloned()),
            Op::Retain(bits) => {
                let before = core::mem::take(&mut self.entries);
                let all = before.len();
                for (n, (key, _)) in before.into_iter().enumerate() {
                    if bit(bits, n) {
                        self.entries.push((key, value(number(n))));
                    }
                }
                self.stats.removed += (all - self.entries.len()) as u64;
                Outcome::Nothing
            }
            Op::Clear => {
                self.stats.removed += self.entries.len() as u64;
                self.entries.clear();
                Outcome::Nothing
            }
            Op::Iter(bits) => Outcome::Entries(from_both_ends(self.entries.iter().cloned(), bits)),
            Op::IterMut(bits, v) => {
                let before = from_both_ends(self.entries.iter().cloned(), bits);
                let mut places = self.entries.iter_mut();
                for n in 0..before.len() {
                    let place = if bit(bits, n) { places.next() } else { places.next_back() };
                    if let Some((_, place)) = place {
                        *place = value(v.wrapping_add(number(n)));
                    }
                }
                Outcome::Entries(before)
            }
            Op::Clone => Outcome::Nothing,
            Op::Extend(ref entries) => {
                for &(k, v) in entries {
                    let _ = self.insert(key(k), value(v));
                }
                Outcome::Nothing
            }
            Op::Resize(capacity) => {
                self.capacity = capacity;
                self.evict(capacity);
                Outcome::Nothing
            }
            Op::ResetStats => {
                self.stats = CacheStats::default();
                self.uncounted = self.entries.len() as u64;
                Outcome::Nothing
            }
        }
    }
}

/// All items and two more nones, from the end that each bit names, with the length that the iterator told before.
fn from_both_ends<I>(mut items: I, bits: u64) -> Vec<(usize, Option<I::Item>)>
where
    I: ExactSizeIterator + DoubleEndedIterator,
{
    let mut seen = Vec::new();
    for n in 0..items.len() + 2 {
        let left = items.len();
        seen.push((left, if bit(bits, n) { items.next() } else { items.next_back() }));
    }
    seen
}

// The cache.

/// How to change the capacity, where the memory can.
pub(crate) type Resize<C> = Option<fn(&mut C, usize)>;

/// Uses a key and drops it. If that drop panics, what came out before is dropped as well; in the place of a result the
/// compiler would forget it.
fn with<K, R>(key: K, work: impl FnOnce(&K) -> R) -> R {
    let outcome = work(&key);
    drop(key);
    outcome
}

/// Makes the call on the cache. `called` is called by every closure that the cache calls.
pub(crate) fn run<K, V, M, H>(
    cache: &mut LruCache<K, V, M, H>,
    op: &Op,
    key: impl Fn(u32) -> K,
    value: impl Fn(u32) -> V,
    resize: Resize<LruCache<K, V, M, H>>,
    called: impl Fn(),
) -> Outcome<K, V>
where
    K: Hash + Eq + Clone + Debug,
    V: Clone + Debug,
    M: Memory,
    H: BuildHasher + Clone,
    LruCache<K, V, M, H>: Clone,
{
    let capacity = cache.capacity();
    let key = |byte: u8| key(key_number(byte, capacity));
    match *op {
        Op::Get(k) => with(key(k), |key| Outcome::Value(cache.get(key).cloned())),
        Op::GetMut(k, v) => {
            with(key(k), |key| Outcome::Value(cache.get_mut(key).map(|old| replace(old, value(v)))))
        }
        Op::Peek(k) => with(key(k), |key| Outcome::Value(cache.peek(key).cloned())),
        Op::PeekMut(k, v) => {
            with(key(k), |key| Outcome::Value(cache.peek_mut(key).map(|old| replace(old, value(v)))))
        }
        Op::Contains(k) => with(key(k), |key| Outcome::Flag(cache.contains(key))),
        Op::Insert(k, v) => Outcome::Inserted(cache.insert(key(k), value(v))),
        Op::Put(k, v) => {
            cache.put(key(k), value(v));
            Outcome::Nothing
        }
        Op::GetOrInsert(k, v) => {
            let key = key(k);
            let there = cache.contains(&key);
            let made = cache.get_or_insert_with(key, |_| {
                assert!(!there, "made a value that was there");
                called();
                value(v)
            });
            Outcome::Value(made.cloned())
        }
        Op::TryGetOrInsert(k, v) => {
            let key = key(k);
            let there = cache.contains(&key);
            let made = cache.try_get_or_insert_with(key, |_| {
                assert!(!there, "made a value that was there");
                called();
                v.map(value)
            });
            Outcome::Tried(made.map(Option::<&mut V>::cloned))
        }
        Op::Remove(k) => with(key(k), |key| Outcome::Value(cache.remove(key))),
        Op::RemoveEntry(k) => with(key(k), |key| Outcome::Entry(cache.remove_entry(key))),
        Op::PopLru => Outcome::Entry(cache.pop_lru()),
        Op::PeekLru => Outcome::Entry(cache.peek_lru().map(|(key, value)| (key.clone(), value.clone()))),
        Op::Retain(bits) => {
            let mut n = 0;
            cache.retain(|_, place| {
                called();
                let keep = bit(bits, n);
                if keep {
                    *place = value(number(n));
                }
                n += 1;
                keep
            });
            Outcome::Nothing
        }
        Op::Clear => {
            cache.clear();
            Outcome::Nothing
        }
        Op::Iter(bits) => {
            let entries = cache.iter().map(|(key, value)| (key.clone(), value.clone()));
            Outcome::Entries(from_both_ends(entries, bits))
        }
        Op::IterMut(bits, v) => {
            let mut n = 0;
            let entries = from_both_ends(cache.iter_mut(), bits);
            let change =
                |(key, place): (&K, &mut V), n: u32| (key.clone(), replace(place, value(v.wrapping_add(n))));
            let entries = entries.into_iter().map(|(left, entry)| {
                n += 1;
                (left, entry.map(|entry| change(entry, n - 1)))
            });
            Outcome::Entries(entries.collect())
        }
        Op::Clone => {
            let copy = cache.clone();
            copy.validate();
            cache.clear();
            *cache = copy;
            Outcome::Nothing
        }
        Op::Extend(ref entries) => {
            cache.extend(entries.iter().map(|&(k, v)| (key(k), value(v))));
            Outcome::Nothing
        }
        Op::Resize(capacity) => {
            if let Some(resize) = resize {
                resize(cache, capacity);
            }
            Outcome::Nothing
        }
        Op::ResetStats => {
            cache.reset_stats();
            Outcome::Nothing
        }
    }
}
