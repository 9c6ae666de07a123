//! The caches that are compared, each as a map from `u64` that is shared.

use alloc::sync::Arc;
use core::hint::black_box;
use core::time::Duration;
use larder::cache::{Expiring, HeapCache, Setup, Untimed, Words};
use larder::key::DefaultHash;
use larder::stats::Off;
use larder::time::{CounterClock, ManualClock, StdClock, TickClock};
use std::sync::{Mutex, PoisonError};

/// A value that is costly to copy.
pub(crate) type Large = Arc<[u8; 256]>;

/// What is cached.
pub(crate) trait Value: Clone + Send + Sync + 'static {
    /// That of a key.
    fn of(key: u64) -> Self;
}

impl Value for u64 {
    fn of(key: u64) -> Self {
        !key
    }
}

impl Value for Large {
    #[expect(clippy::cast_possible_truncation, reason = "any byte does")]
    fn of(key: u64) -> Self {
        Arc::new([key as u8; 256])
    }
}

/// A cache that threads share.
pub(crate) trait Shared<V>: Sync {
    const NAME: &'static str;
    fn with_capacity(capacity: usize) -> Self;
    /// Looks a key up and reads the value; says whether there was one.
    fn hits(&self, key: u64) -> bool;
    fn put(&self, key: u64, value: V);
    fn residents(&self) -> usize;
    /// How many there may be in a cache of this capacity.
    fn limit(capacity: usize) -> usize {
        capacity
    }
}

/// Ours, whose values are cloned.
pub(crate) struct ByClone<V>(HeapCache<u64, V>);

impl<V: Value> Shared<V> for ByClone<V> {
    const NAME: &'static str = "larder, by clone";

    fn with_capacity(capacity: usize) -> Self {
        Self(HeapCache::with_capacity(capacity))
    }

    fn hits(&self, key: u64) -> bool {
        black_box(self.0.get(&key)).is_some()
    }

    fn put(&self, key: u64, value: V) {
        let _ = black_box(self.0.put(key, value));
    }

    fn residents(&self) -> usize {
        self.0.len()
    }
}

/// Ours, whose values are read where they are.
pub(crate) struct ByRef<V>(HeapCache<u64, V>);

impl<V: Value> Shared<V> for ByRef<V> {
    const NAME: &'static str = "larder, by reference";

    fn with_capacity(capacity: usize) -> Self {
        Self(HeapCache::with_capacity_and(capacity, Setup::new()))
    }

    fn hits(&self, key: u64) -> bool {
        self.0.get_ref(&key).is_some_and(|value| {
            black_box(&*value);
            true
        })
    }

    fn put(&self, key: u64, value: V) {
        let _ = black_box(self.0.put(key, value));
    }

    fn residents(&self) -> usize {
        self.0.len()
    }
}

/// Ours, whose plain values are copied.
pub(crate) struct ByWords<V>(HeapCache<u64, V, Setup<DefaultHash, Untimed, Off, Words>>);

impl Shared<u64> for ByWords<u64> {
    const NAME: &'static str = "larder, words";

    fn with_capacity(capacity: usize) -> Self {
        Self(HeapCache::with_capacity_and(capacity, Setup::new().cell(Words)))
    }

    fn hits(&self, key: u64) -> bool {
        black_box(self.0.get(&key)).is_some()
    }

    fn put(&self, key: u64, value: u64) {
        let _ = black_box(self.0.put(key, value));
    }

    fn residents(&self) -> usize {
        self.0.len()
    }
}

/// No cache: a table of what is there, without locks, which nobody can change. What a hit costs at least.
pub(crate) struct Bound(Vec<Option<(u64, u64)>>);

impl Bound {
    fn places(&self, key: u64) -> impl Iterator<Item = usize> {
        let mask = self.0.len() - 1;
        #[expect(clippy::cast_possible_truncation, reason = "any part of it does")]
        let first = key as usize;
        (first..).map(move |place| place & mask)
    }

    pub(crate) fn of(keys: &[u64]) -> Self {
        let mut table = Self(vec![None; (keys.len() * 2).next_power_of_two()]);
        for &key in keys {
            let place = table.places(key).find(|&place| table.0[place].is_none()).expect("half is free");
            table.0[place] = Some((key, u64::of(key)));
        }
        table
    }

    pub(crate) fn hits(&self, key: u64) -> bool {
        self.places(key).map_while(|place| self.0[place]).any(|(other, value)| {
            black_box(value);
            other == key
        })
    }
}

/// How long everything lives where it does not live for ever.
const HOUR: Duration = Duration::from_secs(3_600);

/// A clock that somebody else moves, as a timer would: to read it is a load.
static COARSE: ManualClock = ManualClock::new();

macro_rules! expiring {
    ($type:ident, $name:literal, $clock:ty = $new:expr, $cell:ty) => {
        pub(crate) struct $type<V>(HeapCache<u64, V, Setup<DefaultHash, Expiring<$clock>, Off, $cell>>);

        impl Shared<u64> for $type<u64> {
            const NAME: &'static str = $name;

            fn with_capacity(capacity: usize) -> Self {
                let time = Expiring::new($new).with_time_to_live(HOUR);
                Self(HeapCache::with_capacity_and(capacity, Setup::new().time(time).cell(<$cell>::default())))
            }

            fn hits(&self, key: u64) -> bool {
                black_box(self.0.get(&key)).is_some()
            }

            fn put(&self, key: u64, value: u64) {
                let _ = black_box(self.0.put(key, value));
            }

            fn residents(&self) -> usize {
                self.0.len()
            }
        }
    };
}

expiring!(RealWords, "larder, words, real clock", StdClock = StdClock::new(), Words);
expiring!(RealPinned, "larder, by clone, real clock", StdClock = StdClock::new(), larder::cache::Pinned);
expiring!(CounterWords, "larder, words, counter clock", CounterClock = CounterClock::new(), Words);
expiring!(
    CounterPinned,
    "larder, by clone, counter clock",
    CounterClock = CounterClock::new(),
    larder::cache::Pinned
);
expiring!(TickWords, "larder, words, tick clock", TickClock = TickClock::new(), Words);
expiring!(TickPinned, "larder, by clone, tick clock", TickClock = TickClock::new(), larder::cache::Pinned);
expiring!(CoarseWords, "larder, words, coarse clock", &'static ManualClock = &COARSE, Words);
expiring!(CoarsePinned, "larder, by clone, coarse clock", &'static ManualClock = &COARSE, larder::cache::Pinned);

/// Keeps the end with the value, which its user looks at.
pub(crate) struct QuickCacheUntil<V>(QuickCache<(V, std::time::Instant)>);

impl Value for (u64, std::time::Instant) {
    fn of(key: u64) -> Self {
        (u64::of(key), std::time::Instant::now() + HOUR)
    }
}

impl Shared<u64> for QuickCacheUntil<u64> {
    const NAME: &'static str = "quick_cache, end in the value";

    fn with_capacity(capacity: usize) -> Self {
        Self(QuickCache::with_capacity(capacity))
    }

    fn hits(&self, key: u64) -> bool {
        self.0.0.get(&key).is_some_and(|(value, end)| {
            black_box(value);
            std::time::Instant::now() < end
        })
    }

    fn put(&self, key: u64, value: u64) {
        self.0.put(key, (value, std::time::Instant::now() + HOUR));
    }

    fn residents(&self) -> usize {
        self.0.residents()
    }

    fn limit(capacity: usize) -> usize {
        QuickCache::<(u64, std::time::Instant)>::limit(capacity)
    }
}

pub(crate) struct MokaFor<V>(Moka<V>);

impl Shared<u64> for MokaFor<u64> {
    const NAME: &'static str = "moka, time to live";

    fn with_capacity(capacity: usize) -> Self {
        let cache = moka::sync::Cache::builder().max_capacity(capacity as u64).time_to_live(HOUR);
        Self(Moka(cache.build_with_hasher(DefaultHash::new())))
    }

    fn hits(&self, key: u64) -> bool {
        self.0.hits(key)
    }

    fn put(&self, key: u64, value: u64) {
        self.0.put(key, value);
    }

    fn residents(&self) -> usize {
        self.0.residents()
    }
}

pub(crate) struct QuickCache<V>(quick_cache::sync::Cache<u64, V, quick_cache::UnitWeighter, DefaultHash>);

impl<V: Value> Shared<V> for QuickCache<V> {
    const NAME: &'static str = "quick_cache";

    fn with_capacity(capacity: usize) -> Self {
        Self(quick_cache::sync::Cache::with(
            capacity,
            capacity as u64,
            quick_cache::UnitWeighter,
            DefaultHash::new(),
            quick_cache::sync::DefaultLifecycle::default(),
        ))
    }

    fn hits(&self, key: u64) -> bool {
        black_box(self.0.get(&key)).is_some()
    }

    fn put(&self, key: u64, value: V) {
        self.0.insert(key, value);
    }

    fn residents(&self) -> usize {
        self.0.len()
    }

    /// It rounds up within each of its shards.
    fn limit(capacity: usize) -> usize {
        capacity + capacity / 100
    }
}

pub(crate) struct Scc<V>(scc::HashCache<u64, V, DefaultHash>);

impl<V: Value> Shared<V> for Scc<V> {
    const NAME: &'static str = "scc::HashCache";

    fn with_capacity(capacity: usize) -> Self {
        Self(scc::HashCache::with_capacity_and_hasher(capacity, capacity, DefaultHash::new()))
    }

    fn hits(&self, key: u64) -> bool {
        self.0.read_sync(&key, |_, value| black_box(value.clone())).is_some()
    }

    fn put(&self, key: u64, value: V) {
        match self.0.entry_sync(key) {
            scc::hash_cache::Entry::Occupied(mut entry) => drop(entry.put(value)),
            scc::hash_cache::Entry::Vacant(entry) => drop(entry.put_entry(value)),
        }
    }

    fn residents(&self) -> usize {
        self.0.len()
    }

    /// Its capacity is a power of two.
    fn limit(capacity: usize) -> usize {
        capacity.next_power_of_two()
    }
}

pub(crate) struct TinyUfo<V: Value>(tinyufo::TinyUfo<u64, V>);

impl<V: Value> Shared<V> for TinyUfo<V> {
    const NAME: &'static str = "TinyUFO";

    fn with_capacity(capacity: usize) -> Self {
        Self(tinyufo::TinyUfo::new(capacity, capacity))
    }

    fn hits(&self, key: u64) -> bool {
        black_box(self.0.get(&key)).is_some()
    }

    fn put(&self, key: u64, value: V) {
        // Not `put`, which does not take what it does not know.
        self.0.force_put(key, value, 1);
    }

    /// It does not say.
    fn residents(&self) -> usize {
        0
    }
}

pub(crate) struct Moka<V>(moka::sync::Cache<u64, V, DefaultHash>);

impl<V: Value> Shared<V> for Moka<V> {
    const NAME: &'static str = "moka";

    fn with_capacity(capacity: usize) -> Self {
        let cache = moka::sync::Cache::builder().max_capacity(capacity as u64);
        Self(cache.build_with_hasher(DefaultHash::new()))
    }

    fn hits(&self, key: u64) -> bool {
        black_box(self.0.get(&key)).is_some()
    }

    fn put(&self, key: u64, value: V) {
        self.0.insert(key, value);
    }

    fn residents(&self) -> usize {
        self.0.run_pending_tasks();
        usize::try_from(self.0.entry_count()).expect("a number of entries")
    }
}

pub(crate) struct Sieve<V: Value>(sieve_cache::ShardedSieveCache<u64, V, DefaultHash>);

impl<V: Value> Shared<V> for Sieve<V> {
    const NAME: &'static str = "sieve-cache, sharded";

    fn with_capacity(capacity: usize) -> Self {
        Self(
            sieve_cache::ShardedSieveCache::new_with_hasher(capacity, DefaultHash::new())
                .expect("a capacity"),
        )
    }

    fn hits(&self, key: u64) -> bool {
        black_box(self.0.get(&key)).is_some()
    }

    fn put(&self, key: u64, value: V) {
        self.0.insert(key, value);
    }

    fn residents(&self) -> usize {
        self.0.len()
    }
}

pub(crate) struct FixedCache<V>(fixed_cache::Cache<u64, V, DefaultHash>);

impl<V: Value> Shared<V> for FixedCache<V> {
    const NAME: &'static str = "fixed-cache";

    fn with_capacity(capacity: usize) -> Self {
        Self(fixed_cache::Cache::new(capacity.next_power_of_two(), DefaultHash::new()))
    }

    fn hits(&self, key: u64) -> bool {
        black_box(self.0.get(&key)).is_some()
    }

    fn put(&self, key: u64, value: V) {
        self.0.insert(key, value);
    }

    /// It does not say.
    fn residents(&self) -> usize {
        0
    }
}

pub(crate) struct LockedLru<V>(Mutex<lru::LruCache<u64, V, DefaultHash>>);

impl<V: Value> Shared<V> for LockedLru<V> {
    const NAME: &'static str = "Mutex<lru::LruCache>";

    fn with_capacity(capacity: usize) -> Self {
        let capacity = capacity.try_into().expect("not zero");
        Self(Mutex::new(lru::LruCache::with_hasher(capacity, DefaultHash::new())))
    }

    fn hits(&self, key: u64) -> bool {
        black_box(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()).is_some()
    }

    fn put(&self, key: u64, value: V) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key, value);
    }

    fn residents(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
