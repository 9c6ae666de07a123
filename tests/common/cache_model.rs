//! Calls of a concurrent `Cache`, and a model of it: a map in which only the choice of a victim is the cache's own.

use crate::common::Sample;
use core::fmt::Debug;
use core::hash::{BuildHasher, Hash};
use core::time::Duration;
use larder::Rejected;
use larder::cache::{
    Cache, CellKind, Expiring, ExpiringInSteps, Filled, Idling, Ref, Removed, Setup, Store, Stored, Swept,
    Time, Untimed,
};
use larder::key::DefaultHash;
use larder::stats::{CacheRecorder, CacheStats, Off, Striped};
use larder::time::{Clock, Deadline, Instant, ManualClock};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use std::collections::HashMap;

// The configurations.

/// A tick is a millisecond.
pub(crate) type TestClock = ManualClock<1_000>;

/// So many ticks of the test clock; `u64::MAX` is for ever.
pub(crate) fn ticks(ticks: u64) -> Duration {
    if ticks == u64::MAX { Duration::MAX } else { TestClock::duration(ticks) }
}

/// A way to keep time, with what only some of them can do.
pub(crate) trait Kind<'c>: Time {
    /// Whether entries end, and whether they also end for want of use.
    const ENDS: bool;
    const IDLES: bool;

    fn new(clock: &'c TestClock) -> Self;

    fn insert_for<K: Hash + Eq, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
        cache: &Cache<K, V, M, Setup<H, Self, R, X>>,
        entry: (K, V),
        ttl: Duration,
    ) -> Result<Stored<K, V>, Rejected<K, V>>
    where
        Self: Sized;

    fn insert_until<K: Hash + Eq, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
        cache: &Cache<K, V, M, Setup<H, Self, R, X>>,
        entry: (K, V),
        deadline: Deadline,
    ) -> Result<Stored<K, V>, Rejected<K, V>>
    where
        Self: Sized;

    fn sweep<K, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
        cache: &Cache<K, V, M, Setup<H, Self, R, X>>,
        now: Instant,
        budget: usize,
    ) -> Option<Swept>
    where
        Self: Sized;

    fn set_time_to_live<K, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
        cache: &Cache<K, V, M, Setup<H, Self, R, X>>,
        ttl: Duration,
    ) where
        Self: Sized;

    fn set_time_to_idle<K, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
        _: &Cache<K, V, M, Setup<H, Self, R, X>>,
        _: Duration,
    ) where
        Self: Sized,
    {
    }
}

/// Where nothing ends, an entry is put in without an end, and there is nothing to sweep.
impl Kind<'_> for Untimed {
    const ENDS: bool = false;
    const IDLES: bool = false;

    fn new(_: &TestClock) -> Self {
        Self::new()
    }

    fn insert_for<K: Hash + Eq, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
        cache: &Cache<K, V, M, Setup<H, Self, R, X>>,
        (key, value): (K, V),
        _: Duration,
    ) -> Result<Stored<K, V>, Rejected<K, V>> {
        cache.insert(key, value)
    }

    fn insert_until<K: Hash + Eq, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
        cache: &Cache<K, V, M, Setup<H, Self, R, X>>,
        (key, value): (K, V),
        _: Deadline,
    ) -> Result<Stored<K, V>, Rejected<K, V>> {
        cache.insert(key, value)
    }

    fn sweep<K, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
        _: &Cache<K, V, M, Setup<H, Self, R, X>>,
        _: Instant,
        _: usize,
    ) -> Option<Swept> {
        None
    }

    fn set_time_to_live<K, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
        _: &Cache<K, V, M, Setup<H, Self, R, X>>,
        _: Duration,
    ) {
    }
}

/// What both kinds do whose entries end.
macro_rules! timed {
    () => {
        const ENDS: bool = true;

        fn new(clock: &'c TestClock) -> Self {
            Self::new(clock)
        }

        fn insert_for<K: Hash + Eq, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
            cache: &Cache<K, V, M, Setup<H, Self, R, X>>,
            (key, value): (K, V),
            ttl: Duration,
        ) -> Result<Stored<K, V>, Rejected<K, V>> {
            cache.insert_for(key, value, ttl)
        }

        fn insert_until<K: Hash + Eq, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
            cache: &Cache<K, V, M, Setup<H, Self, R, X>>,
            (key, value): (K, V),
            deadline: Deadline,
        ) -> Result<Stored<K, V>, Rejected<K, V>> {
            cache.insert_until(key, value, deadline)
        }

        fn sweep<K, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
            cache: &Cache<K, V, M, Setup<H, Self, R, X>>,
            now: Instant,
            budget: usize,
        ) -> Option<Swept> {
            Some(cache.sweep(now, budget))
        }

        fn set_time_to_live<K, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
            cache: &Cache<K, V, M, Setup<H, Self, R, X>>,
            ttl: Duration,
        ) {
            assert!(cache.set_time_to_live(ttl));
            assert_eq!(cache.time_to_live(), ttl);
        }
    };
}

impl<'c> Kind<'c> for Expiring<&'c TestClock> {
    const IDLES: bool = false;
    timed!();
}

/// With a step that is a tick, so that nothing is rounded.
impl<'c> Kind<'c> for ExpiringInSteps<&'c TestClock, 1_000> {
    const IDLES: bool = false;
    timed!();
}

impl<'c> Kind<'c> for Idling<&'c TestClock> {
    const IDLES: bool = true;
    timed!();

    fn set_time_to_idle<K, V, M: Store, H: BuildHasher, R: CacheRecorder, X: CellKind>(
        cache: &Cache<K, V, M, Setup<H, Self, R, X>>,
        idle: Duration,
    ) {
        assert!(cache.set_time_to_idle(idle));
        assert_eq!(cache.time_to_idle(), idle);
    }
}

/// A recorder, and what it says if it counts.
pub(crate) trait Counts: CacheRecorder + Default {
    fn of<K, V, M: Store, H: BuildHasher, T: Time, X: CellKind>(
        cache: &Cache<K, V, M, Setup<H, T, Self, X>>,
    ) -> Option<CacheStats>
    where
        Self: Sized;
}

impl Counts for Off {
    fn of<K, V, M: Store, H: BuildHasher, T: Time, X: CellKind>(
        _: &Cache<K, V, M, Setup<H, T, Self, X>>,
    ) -> Option<CacheStats> {
        None
    }
}

impl<const STRIPES: usize> Counts for Striped<STRIPES> {
    fn of<K, V, M: Store, H: BuildHasher, T: Time, X: CellKind>(
        cache: &Cache<K, V, M, Setup<H, T, Self, X>>,
    ) -> Option<CacheStats> {
        Some(cache.stats())
    }
}

// The operations.

/// One call, or a change of the time. Keys are any bytes; the model brings them into a range that the cache can nearly hold.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Get(u8),
    GetRef(u8),
    GetWith(u8),
    Peek(u8),
    Contains(u8),
    Insert(u8, u32),
    InsertFor(u8, u32, u64),
    InsertUntil(u8, u32, u64),
    Put(u8, u32),
    GetOrInsert(u8, u32),
    GetRefOrInsert(u8, u32),
    TryGetOrInsert(u8, Result<u32, u32>),
    Remove(u8),
    /// Keeps what [`is_kept`] says.
    Retain(u64),
    Clear,
    Shrink(usize),
    Iter,
    Sweep(usize),
    Advance(u64),
    /// The clock goes backward.
    TurnBack(u64),
    SetTimeToLive(u64),
    SetTimeToIdle(u64),
}

/// Spans that end within a run, at once, and never.
fn span() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 1..40_u64, 1 => Just(0), 1 => Just(u64::MAX - 1), 2 => Just(u64::MAX)]
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let key = any::<u8>;
    let entry = || (any::<u8>(), any::<u32>());
    prop_oneof![
        6 => key().prop_map(Op::Get),
        2 => key().prop_map(Op::GetRef),
        2 => key().prop_map(Op::GetWith),
        2 => key().prop_map(Op::Peek),
        1 => key().prop_map(Op::Contains),
        16 => entry().prop_map(|(key, value)| Op::Insert(key, value)),
        4 => (entry(), span()).prop_map(|((key, value), ttl)| Op::InsertFor(key, value, ttl)),
        2 => (entry(), span()).prop_map(|((key, value), end)| Op::InsertUntil(key, value, end)),
        4 => entry().prop_map(|(key, value)| Op::Put(key, value)),
        4 => entry().prop_map(|(key, value)| Op::GetOrInsert(key, value)),
        2 => entry().prop_map(|(key, value)| Op::GetRefOrInsert(key, value)),
        2 => entry().prop_map(|(key, value)| Op::TryGetOrInsert(key, Ok(value))),
        2 => entry().prop_map(|(key, error)| Op::TryGetOrInsert(key, Err(error))),
        6 => key().prop_map(Op::Remove),
        1 => any::<u64>().prop_map(|bits| Op::Retain(bits | bits >> 1)),
        1 => Just(Op::Clear),
        2 => (0..80_usize).prop_map(Op::Shrink),
        1 => Just(Op::Iter),
        2 => (0..80_usize).prop_map(Op::Sweep),
        6 => (0..10_u64).prop_map(Op::Advance),
        1 => (0..20_u64).prop_map(Op::TurnBack),
        1 => span().prop_map(Op::SetTimeToLive),
        1 => span().prop_map(Op::SetTimeToIdle),
    ]
}

/// The number of the key that a byte stands for: half as many again as there is room for, so that keys come back, are
/// replaced, and are evicted.
fn key_number(byte: u8, capacity: usize) -> u32 {
    let keys = u32::try_from(capacity + capacity / 2 + 2).expect("capacities are small here");
    u32::from(byte) % keys
}

/// Whether a call of `retain` keeps a key.
fn is_kept<K: Hash>(bits: u64, key: &K) -> bool {
    bits >> (DefaultHash::new().hash_one(key) % 64) & 1 == 1
}

/// What a call gave.
#[derive(PartialEq, Debug)]
pub(crate) enum Outcome<K, V> {
    Nothing,
    Flag(bool),
    Value(Option<V>),
    Stored(Result<Stored<K, V>, Rejected<K, V>>),
    Put(Result<(), Rejected<K, V>>),
    /// The value, and whether it was computed.
    Filled(Result<V, u32>, bool),
    Removed(Removed<V>),
    /// What was visited.
    Entries(Vec<(K, V)>),
    Swept(Option<Swept>),
    /// How many went.
    Gone(usize),
}

/// Uses a key and drops it. If that drop panics, what came out before is dropped as well; in the place of a result the
/// compiler would forget it.
fn with<K, R>(key: K, work: impl FnOnce(&K) -> R) -> R {
    let outcome = work(&key);
    drop(key);
    outcome
}

/// What a reference refers to, which is let go.
fn cloned<K, V: Clone>(value: Ref<'_, K, V>) -> V {
    with(value, |value| V::clone(value))
}

/// Makes the call on the cache. `called` is called by every closure that the cache calls.
pub(crate) fn run<'c, K, V, M, H, T, R, X>(
    cache: &Cache<K, V, M, Setup<H, T, R, X>>,
    clock: &TestClock,
    op: &Op,
    key: impl Fn(u8) -> K,
    value: impl Fn(u32) -> V,
    called: impl Fn(),
) -> Outcome<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
    M: Store,
    H: BuildHasher,
    T: Kind<'c>,
    R: Counts,
    X: CellKind,
{
    let computed = core::cell::Cell::new(false);
    let compute = |v| {
        assert!(!computed.replace(true), "computed twice");
        called();
        value(v)
    };
    match *op {
        Op::Get(k) => with(key(k), |key| Outcome::Value(cache.get(key))),
        Op::GetRef(k) => with(key(k), |key| Outcome::Value(cache.get_ref(key).map(cloned))),
        Op::GetWith(k) => with(key(k), |key| {
            let read = |value: &V| {
                called();
                value.clone()
            };
            Outcome::Value(cache.get_with(key, read))
        }),
        Op::Peek(k) => with(key(k), |key| Outcome::Value(cache.peek(key).map(cloned))),
        Op::Contains(k) => with(key(k), |key| Outcome::Flag(cache.contains(key))),
        Op::Insert(k, v) => Outcome::Stored(cache.insert(key(k), value(v))),
        Op::InsertFor(k, v, ttl) => Outcome::Stored(T::insert_for(cache, (key(k), value(v)), ticks(ttl))),
        Op::InsertUntil(k, v, end) => {
            let deadline = Deadline::at(clock.now().saturating_add(end));
            Outcome::Stored(T::insert_until(cache, (key(k), value(v)), deadline))
        }
        Op::Put(k, v) => Outcome::Put(cache.put(key(k), value(v))),
        Op::GetOrInsert(k, v) => {
            let value = cache.get_or_insert_with(key(k), || compute(v));
            Outcome::Filled(Ok(value), computed.get())
        }
        Op::GetRefOrInsert(k, v) => {
            let value = with(cache.get_ref_or_insert_with(key(k), || compute(v)), |filled| match filled {
                Filled::InCache(value) => V::clone(value),
                Filled::Unstored(value) => value.clone(),
            });
            Outcome::Filled(Ok(value), computed.get())
        }
        Op::TryGetOrInsert(k, v) => {
            let tried = cache.try_get_or_insert_with(key(k), || match v {
                Ok(v) => Ok(compute(v)),
                Err(error) => {
                    called();
                    Err(error)
                }
            });
            Outcome::Filled(tried, computed.get())
        }
        Op::Remove(k) => with(key(k), |key| Outcome::Removed(cache.remove(key))),
        Op::Retain(bits) => {
            let mut seen = Vec::new();
            cache.retain(|key, value| {
                called();
                seen.push((key.clone(), value.clone()));
                is_kept(bits, key)
            });
            Outcome::Entries(seen)
        }
        Op::Clear => {
            cache.clear();
            Outcome::Nothing
        }
        Op::Shrink(most) => Outcome::Gone(cache.shrink(most)),
        Op::Iter => {
            let entries = cache.iter().map(|entry| with(entry, |e| (Ref::key(e).clone(), V::clone(e))));
            Outcome::Entries(entries.collect())
        }
        Op::Sweep(budget) => Outcome::Swept(T::sweep(cache, clock.now(), budget)),
        Op::Advance(ticks) => {
            clock.advance_ticks(ticks);
            Outcome::Nothing
        }
        Op::TurnBack(ticks) => {
            clock.set(Instant::from_ticks(clock.now().ticks().saturating_sub(ticks)));
            Outcome::Nothing
        }
        Op::SetTimeToLive(ttl) => {
            T::set_time_to_live(cache, ticks(ttl));
            Outcome::Nothing
        }
        Op::SetTimeToIdle(idle) => {
            T::set_time_to_idle(cache, ticks(idle));
            Outcome::Nothing
        }
    }
}

// The model.

/// What is known of an entry.
#[derive(Debug)]
struct Known<V> {
    value: V,
    /// The ticks at which it ends, and ends for want of use; the last of all is never.
    end: u64,
    idle_end: u64,
}

impl<V> Known<V> {
    fn is_over(&self, now: u64) -> bool {
        [self.end, self.idle_end].iter().any(|&end| end != u64::MAX && end <= now)
    }
}

/// A cache, and what must be in it. Alone, and with no reference held, a cache has one choice: the victim.
pub(crate) struct Checked<'r, 'c, K, V, M: Store, T: Kind<'c>, R: Counts, H: BuildHasher, X: CellKind> {
    cache: &'r Cache<K, V, M, Setup<H, T, R, X>>,
    clock: &'c TestClock,
    entries: HashMap<K, Known<V>>,
    /// How many entries there are that a look-up found over and made disappear; they are in their slots until those are needed.
    hidden: usize,
    stats: CacheStats,
    time_to_live: u64,
    time_to_idle: u64,
}

impl<'r, 'c, K: Sample, V: Sample, M, T, R, H, X> Checked<'r, 'c, K, V, M, T, R, H, X>
where
    M: Store,
    T: Kind<'c>,
    R: Counts,
    H: BuildHasher,
    X: CellKind,
{
    pub(crate) fn new(cache: &'r Cache<K, V, M, Setup<H, T, R, X>>, clock: &'c TestClock) -> Self {
        Self {
            cache,
            clock,
            entries: HashMap::new(),
            hidden: 0,
            stats: CacheStats::default(),
            time_to_live: u64::MAX,
            time_to_idle: u64::MAX,
        }
    }

    /// Makes the call, and holds its outcome and the cache's state against the model.
    pub(crate) fn step(&mut self, op: &Op) {
        let capacity = self.cache.capacity();
        let key = |byte| K::of(key_number(byte, capacity));
        let now = self.now();
        let outcome = run(self.cache, self.clock, op, key, V::of, || ());
        match (op, outcome) {
            (&(Op::Get(k) | Op::GetRef(k) | Op::GetWith(k)), Outcome::Value(value)) => {
                assert_eq!(value, self.used(&key(k)), "the outcome of {op:?}");
            }
            (&Op::Peek(k), Outcome::Value(value)) => assert_eq!(value, self.looked_up(&key(k)), "peek"),
            (&Op::Contains(k), Outcome::Flag(flag)) => assert_eq!(flag, self.looked_up(&key(k)).is_some()),
            (&Op::Insert(k, v), Outcome::Stored(outcome)) => {
                self.stored(key(k), V::of(v), now.saturating_add(self.time_to_live), outcome);
            }
            (&(Op::InsertFor(k, v, span) | Op::InsertUntil(k, v, span)), Outcome::Stored(outcome)) => {
                self.stored(key(k), V::of(v), now.saturating_add(span), outcome);
            }
            (&Op::Put(k, v), Outcome::Put(outcome)) => {
                assert_eq!(outcome.is_ok(), capacity != 0);
                self.stored_silently(key(k), V::of(v));
            }
            (
                &(Op::GetOrInsert(k, v) | Op::GetRefOrInsert(k, v) | Op::TryGetOrInsert(k, Ok(v))),
                Outcome::Filled(value, computed),
            ) => {
                let known = self.used(&key(k));
                assert_eq!(computed, known.is_none(), "computed what was there, or not what was not");
                assert_eq!(value, Ok(known.unwrap_or_else(|| V::of(v))), "the outcome of {op:?}");
                if computed {
                    self.stored_silently(key(k), V::of(v));
                }
            }
            (&Op::TryGetOrInsert(k, Err(error)), Outcome::Filled(outcome, false)) => {
                assert_eq!(outcome, self.used(&key(k)).ok_or(error));
            }
            (&Op::Remove(k), Outcome::Removed(removed)) => {
                let known = self.entries.remove(&key(k));
                match known {
                    Some(known) if known.is_over(now) => {
                        self.stats.expired += 1;
                        assert_eq!(removed, Removed::Absent);
                    }
                    Some(known) => {
                        self.stats.removed += 1;
                        assert_eq!(removed, Removed::Value(known.value));
                    }
                    None => assert_eq!(removed, Removed::Absent),
                }
            }
            (&Op::Retain(bits), Outcome::Entries(seen)) => {
                self.assert_visible(&seen);
                self.expire_all();
                let before = self.entries.len();
                self.entries.retain(|key, _| is_kept(bits, key));
                self.stats.removed += (before - self.entries.len()) as u64;
            }
            (Op::Clear, Outcome::Nothing) => {
                self.expire_all();
                self.stats.removed += self.entries.len() as u64;
                self.entries.clear();
            }
            (&Op::Shrink(most), Outcome::Gone(gone)) => {
                let expired = self.expire_all();
                let (before, cache) = (self.entries.len(), self.cache);
                self.entries.retain(|key, _| cache.contains(key));
                let evicted = before - self.entries.len();
                assert_eq!(
                    evicted,
                    before.saturating_sub(most),
                    "those that are over go first, and no more than that"
                );
                assert_eq!(gone, expired + evicted);
                self.stats.evicted += evicted as u64;
            }
            (Op::Iter, Outcome::Entries(seen)) => self.assert_visible(&seen),
            (Op::Sweep(budget), Outcome::Swept(swept)) => {
                if let Some(swept) = swept {
                    assert!(capacity == 0 || swept.looked_at >= *budget.min(&capacity), "too little");
                    assert!(swept.looked_at <= budget + 16, "too much");
                    self.swept(swept.expired);
                }
            }
            (&Op::SetTimeToLive(ttl), Outcome::Nothing) if T::ENDS => self.time_to_live = ttl,
            (&Op::SetTimeToIdle(idle), Outcome::Nothing) if T::IDLES => self.time_to_idle = idle,
            (
                Op::Advance(_) | Op::TurnBack(_) | Op::SetTimeToLive(_) | Op::SetTimeToIdle(_),
                Outcome::Nothing,
            ) => {}
            (op, outcome) => panic!("{op:?} gave {outcome:?}"),
        }
        self.assert_same();
    }

    fn now(&self) -> u64 {
        self.clock.now().ticks()
    }

    fn found(&self, key: &K) -> Option<V> {
        let now = self.now();
        self.entries.get(key).filter(|known| !known.is_over(now)).map(|known| known.value.clone())
    }

    /// As `found`. Where uses lengthen lives, what is over for one look-up is over for all.
    fn looked_up(&mut self, key: &K) -> Option<V> {
        let now = self.now();
        if T::IDLES && self.entries.get(key).is_some_and(|known| known.is_over(now)) {
            self.entries.remove(key);
            self.stats.expired += 1;
        }
        self.found(key)
    }

    fn used(&mut self, key: &K) -> Option<V> {
        let idle_end = self.now().saturating_add(self.time_to_idle);
        let found = self.looked_up(key);
        match &found {
            Some(_) => self.stats.hits += 1,
            None => self.stats.misses += 1,
        }
        if found.is_some()
            && let Some(known) = self.entries.get_mut(key)
        {
            // Never earlier than before.
            known.idle_end = known.idle_end.max(idle_end);
        }
        found
    }

    fn put_in(&mut self, key: K, value: V, end: u64) {
        self.stats.inserted += 1;
        let end = if T::ENDS { end } else { u64::MAX };
        let idle_end = self.now().saturating_add(self.time_to_idle);
        let before = self.entries.insert(key, Known { value, end, idle_end });
        assert!(before.is_none(), "there was one");
    }

    /// Follows an insert, which has said what it displaced.
    fn stored(&mut self, key: K, value: V, end: u64, outcome: Result<Stored<K, V>, Rejected<K, V>>) {
        let now = self.now();
        match outcome {
            Ok(Stored::New) => {}
            Ok(Stored::Replaced(old)) => {
                let known = self.entries.remove(&key).expect("it was there");
                assert!(!known.is_over(now), "an entry that is over can't be replaced");
                assert_eq!(known.value, old);
                self.stats.replaced += 1;
            }
            // One that had disappeared before.
            Ok(Stored::Evicted(..)) if self.cache.validate(0) < self.hidden => {}
            Ok(Stored::Evicted(victim, old)) => {
                let known = self.entries.remove(&victim).expect("it was there");
                assert_eq!(known.value, old);
                if known.is_over(now) {
                    self.stats.expired += 1;
                } else {
                    assert_ne!(victim, key, "that is a replacement");
                    self.stats.evicted += 1;
                }
            }
            Ok(Stored::ReplacedInUse { .. }) => panic!("nobody uses anything"),
            Err(Rejected { key: k, value: v }) => {
                assert_eq!((self.cache.capacity(), k, v), (0, key, value));
                return;
            }
        }
        self.put_in(key, value, end);
    }

    /// Follows a call that has stored an entry and dropped what it displaced.
    fn stored_silently(&mut self, key: K, value: V) {
        if self.cache.capacity() == 0 {
            return;
        }
        let now = self.now();
        let end = now.saturating_add(self.time_to_live);
        if let Some(old) = self.entries.remove(&key) {
            // In its place.
            *if old.is_over(now) { &mut self.stats.expired } else { &mut self.stats.replaced } += 1;
        } else if self.cache.len() == self.entries.len() {
            let victims: Vec<K> = self.entries.keys().filter(|key| self.is_missing(key)).cloned().collect();
            match victims.as_slice() {
                [victim] => {
                    self.entries.remove(victim);
                    self.stats.evicted += 1;
                }
                [] => {
                    // It must have been one that can't be seen. (The new one may be over as well.)
                    self.put_in(key, value, end);
                    return self.swept(1);
                }
                several => panic!("{several:?} had to go for one"),
            }
        }
        self.put_in(key, value, end);
    }

    /// Whether an entry ought to be seen and is not.
    fn is_missing(&self, key: &K) -> bool {
        self.found(key).is_some() && !self.cache.contains(key)
    }

    /// So many entries that were over have gone, and it can't be seen which: the rest of them follow.
    fn swept(&mut self, gone: usize) {
        let rest = T::sweep(self.cache, self.clock.now(), usize::MAX).expect("only these end");
        let expired = self.expire_all();
        assert_eq!(gone + rest.expired, expired, "not those that were over");
    }

    /// All that are over have gone. How many they were.
    fn expire_all(&mut self) -> usize {
        let (now, before) = (self.now(), self.entries.len());
        self.entries.retain(|_, known| !known.is_over(now));
        let expired = before - self.entries.len();
        self.stats.expired += expired as u64;
        expired
    }

    /// Each entry whose time is not over was visited, once, and no other.
    fn assert_visible(&self, seen: &[(K, V)]) {
        let now = self.now();
        let visible = self.entries.values().filter(|known| !known.is_over(now)).count();
        let found: HashMap<&K, &V> = seen.iter().map(|(key, value)| (key, value)).collect();
        assert_eq!((seen.len(), found.len()), (visible, visible));
        for (key, value) in found {
            assert_eq!(Some(value), self.found(key).as_ref());
        }
    }

    fn assert_same(&mut self) {
        self.hidden = self.cache.validate(0);
        assert!(T::IDLES || self.hidden == 0, "what was taken out is still there");
        assert_eq!(self.cache.len(), self.entries.len());
        assert_eq!(self.cache.is_empty(), self.entries.is_empty());
        assert!(self.cache.len() <= self.cache.capacity());
        if let Some(stats) = R::of(self.cache) {
            assert_eq!(stats, self.stats);
            assert_sums(stats, self.cache.len());
        }
        for key in self.entries.keys() {
            assert!(!self.is_missing(key), "{key:?} is lost");
        }
    }
}

/// What went in is in or came out.
pub(crate) fn assert_sums(stats: CacheStats, resident: usize) {
    let gone = stats.evicted + stats.expired + stats.removed + stats.replaced;
    assert_eq!(stats.inserted, resident as u64 + gone, "what went in is in or came out: {stats:?}");
}
