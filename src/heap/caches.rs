//! `CacheManager`: caches with names.

use super::by_name::{AnyCache, NotPut};
use super::cache::HeapCache;
use super::memoized::Memoized;
use super::names::{Names, Refusal, refuse};
use super::shared::Shared;
use crate::error::NameProblem;
use crate::fixed::lru::LruCache;
use crate::fixed::memo::{EachComputes, Memo};
use crate::fixed::setup::Setup;
use crate::fixed::timed::TimedCache;
use crate::fixed::watch::event::Event;
use crate::fixed::watch::part::{Part, Pressure, Relief};
use crate::fixed::watch::reading::{CacheKind, Reading};
use crate::fixed::watch::rounds::Rounds;
use crate::fixed::watch::snapshot::{Line, Snapshot};
use crate::key::{DefaultHash, Equivalent, ToKey};
use crate::lifetime::{Expiring, Untimed};
use crate::maintenance::{Maintain, Maintained};
use crate::raw::heap::Heap;
use crate::stats::{CacheStats, Striped};
use crate::time::Clock;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::Hash;
use core::task::Waker;
use core::time::Duration;

/// An exact cache that a [`CacheManager`] makes.
pub type NamedLru<K, V> = Shared<LruCache<K, V, Heap>>;

/// An exact cache with entries that end that a [`CacheManager`] makes.
pub type NamedTimed<K, V, C> = Shared<TimedCache<K, V, Heap, Expiring<C>>>;

/// A concurrent cache that a [`CacheManager`] makes. It counts.
pub type NamedConcurrent<K, V> = HeapCache<K, V, Setup<DefaultHash, Untimed, Striped>>;

/// The cache of a function that a [`CacheManager`] memoizes.
pub type NamedMemo<K, V, C> = HeapCache<K, V, Setup<DefaultHash, Expiring<C>, Striped>>;

/// A function that a [`CacheManager`] memoizes.
pub type NamedFunction<K, V, C, F, W = EachComputes> = Memoized<NamedMemo<K, V, C>, F, W>;

/// Caches with names: made, used, watched and emptied in one place.
///
/// Each call that makes a cache gives a handle of it with its type, an `Arc` of the cache itself: who keeps that looks nothing up
/// any more, and is as fast as without a manager. By [`put`](Self::put) and [`get`](Self::get) a cache is used by its kind and name as well.
///
/// A name may have a namespace: all that stands before its last `/`. `"users/by_id"` is in the namespace `"users"`, and so is
/// `"users/recent/by_id"`, for namespaces can be nested. Names are unique; another type or kind than the one a name has is an error that says so.
///
/// ```
/// use larder::manager::CacheManager;
/// use larder::watch::CacheKind;
/// use std::time::Duration;
///
/// let caches = CacheManager::new(); // on the real clock; `with_clock` takes another one
///
/// let users = caches.create_lru_cache::<u32, String>("users/by_id", 1_000)?;
/// users.put(7, "alice".into()); // the way without a look-up of the name
/// caches.put(CacheKind::Lru, "users/by_id", 8_u32, String::from("bob"))?;
/// assert_eq!(caches.get(CacheKind::Lru, "users/by_id", &7_u32)?, Some(String::from("alice")));
///
/// let sessions = caches.create_timed_cache::<String, u32>("sessions", Duration::from_secs(60))?;
/// sessions.put("token".into(), 7);
///
/// assert_eq!(caches.stats("users/by_id")?.hits, 1);
/// assert_eq!(caches.clear_namespace("users"), 1);
/// assert!(users.is_empty() && !sessions.is_empty());
///
/// let error = caches.create_lru_cache::<u32, u32>("sessions", 10).unwrap_err();
/// assert_eq!(error.to_string(), "\"sessions\" is taken");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cost
///
/// A name is looked up in a tree of names, under a lock that is held for that alone: no code of a user's runs under it, so
/// caches and their keys, values and closures may use the manager. The caches themselves cost what they cost without it.
///
/// # Maintenance
///
/// What is over in timed caches goes when [`Maintain::maintain`] is called: by a [`Janitor`](crate::maintain::Janitor) that watches the
/// manager, by a task or a main loop. [`cleanup`](Self::cleanup) does all of it at once.
///
/// # Panics
///
/// A destructor that panics does so in the call that runs it, like [`clear`](Self::clear), which empties the rest all the same. With
/// `std`, what panics in [`maintain`](Maintain::maintain), [`cleanup`](Self::cleanup) and [`on_pressure`](Self::on_pressure) is caught, and told as an [event](Self::on_event);
/// the other caches are seen to as ever. Not for use in an interrupt.
pub struct CacheManager<C> {
    names: Names,
    clock: C,
    rounds: Rounds,
}

/// How many entries a cache keeps of which nobody said it: as many as a function of [`memoize!`](crate::memoize!).
const DEFAULT_CAPACITY: usize = crate::fixed::arguments::DEFAULT_CAPACITY;

impl<C> CacheManager<C> {
    /// No caches yet. Those with entries that end will read this clock, each a clone of it; a reference is one, and so is an `Arc`.
    pub const fn with_clock(clock: C) -> Self {
        Self { names: Names::new(), clock, rounds: Rounds::new() }
    }

    /// The clock.
    pub const fn clock(&self) -> &C {
        &self.clock
    }

    /// Makes an exact cache of the `capacity` most recently used entries.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): the name is taken, the capacity is 0 or can't be had.
    pub fn create_lru_cache<K, V>(&self, name: &str, capacity: usize) -> Result<Arc<NamedLru<K, V>>, Refusal>
    where
        K: Hash + Eq + Send + 'static,
        V: Send + 'static,
    {
        self.names.create(name, || {
            let cache = LruCache::try_with_capacity(some(capacity)?).map_err(NameProblem::Capacity)?;
            Ok(Shared::new(cache))
        })
    }

    /// Makes a concurrent cache: the fastest on several threads, with a replacement policy that withstands scans.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): the name is taken, the capacity is 0 or can't be had.
    pub fn create_concurrent_cache<K, V>(
        &self,
        name: &str,
        capacity: usize,
    ) -> Result<Arc<NamedConcurrent<K, V>>, Refusal>
    where
        K: Hash + Eq + Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        self.names.create(name, || {
            let setup = Setup::new().recorder(Striped::new());
            HeapCache::try_with_capacity(some(capacity)?, setup).map_err(NameProblem::Capacity)
        })
    }

    /// Gives any cache (or another part) a name that was made elsewhere.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): the name is taken.
    pub fn add<P: Part + Send + Sync>(&self, name: &str, cache: &Arc<P>) -> Result<(), Refusal> {
        self.names.add(name, Arc::clone(cache) as _)
    }

    /// Forgets a name, which is free then. The cache lives on as long as somebody has a handle of it.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name.
    pub fn remove(&self, name: &str) -> Result<(), Refusal> {
        self.names.remove(name)
    }

    /// The cache of a name, of any type.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name, or it is of another type.
    pub fn cache<P: Part + Send + Sync>(&self, name: &str) -> Result<Arc<P>, Refusal> {
        self.names.get(name)
    }

    /// The exact cache of a name.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name, or it is of another kind, or has other keys and values.
    pub fn lru_cache<K, V>(&self, name: &str) -> Result<Arc<NamedLru<K, V>>, Refusal>
    where
        K: Hash + Eq + Send + 'static,
        V: Send + 'static,
    {
        self.of_kind(CacheKind::Lru, name)
    }

    /// The concurrent cache of a name.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name, or it is of another kind, or has other keys and values.
    pub fn concurrent_cache<K, V>(&self, name: &str) -> Result<Arc<NamedConcurrent<K, V>>, Refusal>
    where
        K: Hash + Eq + Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        self.of_kind(CacheKind::Concurrent, name)
    }

    fn of_kind<P: Part + Send + Sync>(&self, kind: CacheKind, name: &str) -> Result<Arc<P>, Refusal> {
        self.names.get_of(kind.name(), name)
    }

    /// What the cache of a name has counted.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name, it is of no cache, or of one that does not count.
    pub fn stats(&self, name: &str) -> Result<CacheStats, Refusal> {
        self.reading(name)?.cache_counts().map_err(|problem| refuse(name, problem))
    }

    /// What all caches of a namespace and of those inside it have counted together; of `""`, all there are.
    pub fn namespace_stats(&self, namespace: &str) -> CacheStats {
        let mut sum = CacheStats::NONE;
        self.names.visit(namespace, &mut |line| {
            if let Reading::Cache(cache) = line.reading {
                sum += cache.counts.unwrap_or(CacheStats::NONE);
            }
        });
        sum
    }

    /// What the cache of a name looks like.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name.
    pub fn reading(&self, name: &str) -> Result<Reading, Refusal> {
        Ok(self.names.part(name)?.reading())
    }

    /// All names, in their order.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.names.paths()
    }

    /// All caches as they are now.
    pub fn snapshot(&self) -> Snapshot<Vec<Line<Arc<str>>>> {
        Snapshot::new(self.names.lines())
    }

    /// Says how it is found how many bytes the keys and values of a cache own elsewhere. It is called for each snapshot.
    ///
    /// ```
    /// use larder::manager::CacheManager;
    ///
    /// let caches = CacheManager::new();
    /// let pages = caches.create_lru_cache::<u32, Vec<u8>>("pages", 100)?;
    /// caches.measure("pages", {
    ///     let pages = pages.clone();
    ///     move || pages.payload(|_, page| page.capacity())
    /// })?;
    /// pages.put(1, vec![0; 4096]);
    /// assert_eq!(caches.snapshot()[0].payload, Some(4096));
    /// # Ok::<(), larder::NameError<String>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name.
    pub fn measure(
        &self,
        name: &str,
        bytes: impl Fn() -> usize + Send + Sync + 'static,
    ) -> Result<(), Refusal> {
        self.names.measure(name, Arc::new(bytes))
    }

    /// Takes out all entries of a cache.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name.
    pub fn clear(&self, name: &str) -> Result<(), Refusal> {
        self.names.part(name)?.empty();
        Ok(())
    }

    /// Takes out all entries of the caches of a namespace and of those inside it. How many caches that were.
    pub fn clear_namespace(&self, namespace: &str) -> usize {
        self.names.empty(namespace, &mut |_| true)
    }

    /// Takes out all entries of the caches that are `wanted`. How many caches that were.
    ///
    /// ```
    /// # let caches = larder::manager::CacheManager::new();
    /// # caches.create_lru_cache::<u32, u32>("squares", 10)?;
    /// // Those that are of little use.
    /// caches.clear_where(|cache| match cache.reading {
    ///     larder::watch::Reading::Cache(cache) => cache.counts.is_some_and(|counts| counts.hit_ratio() < 0.1),
    ///     _ => false,
    /// });
    /// # Ok::<(), larder::NameError<String>>(())
    /// ```
    pub fn clear_where(&self, mut wanted: impl FnMut(&Line<Arc<str>>) -> bool) -> usize {
        self.names.empty("", &mut wanted)
    }

    /// Takes out all entries of all caches. How many caches that were.
    pub fn clear_all(&self) -> usize {
        self.clear_namespace("")
    }

    /// Takes out what is over, in all caches, whether it is due or not.
    pub fn cleanup(&self) -> Relief {
        self.names.cleanup()
    }

    /// Lets go of entries, as far as the pressure asks for it. (A cache in which a destructor panics is asked again, by what is left then: more
    /// of it may go.)
    pub fn on_pressure(&self, pressure: Pressure) -> Relief {
        self.names.relieve(pressure)
    }

    /// Lets `listener` hear what happens, in place of the one before.
    pub fn on_event(&self, listener: impl Fn(&Event<'_>) + Send + Sync + 'static) {
        self.names.listen(Some(Arc::new(listener)));
    }

    pub(crate) const fn named(&self) -> &Names {
        &self.names
    }
}

/// A capacity that is not 0.
pub(super) fn some(capacity: usize) -> Result<usize, NameProblem> {
    if capacity == 0 { Err(NameProblem::NoCapacity) } else { Ok(capacity) }
}

impl<C: Clock + Clone + Send + Sync + 'static> CacheManager<C> {
    /// Makes an exact cache whose entries end so long after they were put in; `Duration::MAX` is never. It has room for 1000; for
    /// another number see [`create_timed_cache_of`](Self::create_timed_cache_of).
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): the name is taken, or there is no memory for it.
    pub fn create_timed_cache<K, V>(
        &self,
        name: &str,
        ttl: Duration,
    ) -> Result<Arc<NamedTimed<K, V, C>>, Refusal>
    where
        K: Hash + Eq + Send + 'static,
        V: Send + 'static,
    {
        self.create_timed_cache_of(name, DEFAULT_CAPACITY, ttl)
    }

    /// The same with a capacity.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): the name is taken, the capacity is 0 or can't be had.
    pub fn create_timed_cache_of<K, V>(
        &self,
        name: &str,
        capacity: usize,
        ttl: Duration,
    ) -> Result<Arc<NamedTimed<K, V, C>>, Refusal>
    where
        K: Hash + Eq + Send + 'static,
        V: Send + 'static,
    {
        self.names.create(name, || {
            let time = Expiring::new(self.clock.clone()).with_time_to_live(ttl);
            let cache =
                TimedCache::try_with_capacity(some(capacity)?, time).map_err(NameProblem::Capacity)?;
            Ok(Shared::new(cache))
        })
    }

    /// The timed cache of a name.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name, or it is of another kind, or has other keys and values.
    pub fn timed_cache<K, V>(&self, name: &str) -> Result<Arc<NamedTimed<K, V, C>>, Refusal>
    where
        K: Hash + Eq + Send + 'static,
        V: Send + 'static,
    {
        self.of_kind(CacheKind::Timed, name)
    }

    /// Puts an entry into the cache of that kind and name. What was there before is dropped.
    ///
    /// # Errors
    ///
    /// [`NotPut`] gives the entry back: there is no such name, or it is of another kind, or has other keys and values; or a concurrent
    /// cache did not take the entry.
    pub fn put<K, V>(&self, kind: CacheKind, name: &str, key: K, value: V) -> Result<(), NotPut<K, V>>
    where
        K: Hash + Eq + Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        match self.any(kind, name) {
            Ok(cache) => {
                let put = cache.put(key, value);
                // As in `get`.
                drop(cache);
                put
            }
            Err(error) => Err(NotPut { key, value, name_error: Some(error) }),
        }
    }

    /// A clone of the value of a key, from the cache of that kind and name. A borrowed form of the key will do: a `&str` for a cache whose
    /// keys are `String`s.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name, or it is of another kind, or has other keys and values.
    pub fn get<V, Q>(&self, kind: CacheKind, name: &str, key: &Q) -> Result<Option<V>, Refusal>
    where
        Q: ToKey<Key: Hash + Eq + Send + Sync + 'static> + Hash + Equivalent<Q::Key> + ?Sized,
        V: Clone + Send + Sync + 'static,
    {
        let cache = self.any::<Q::Key, V>(kind, name)?;
        let value = cache.get(key);
        // Before the value is on its way: if another has taken the name away, this is the end of the cache.
        drop(cache);
        Ok(value)
    }

    /// Takes the entry of a key out of the cache of that kind and name. Whether it was there.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name, or it is of another kind, or has other keys and values.
    pub fn take<V, Q>(&self, kind: CacheKind, name: &str, key: &Q) -> Result<bool, Refusal>
    where
        Q: ToKey<Key: Hash + Eq + Send + Sync + 'static> + Hash + Equivalent<Q::Key> + ?Sized,
        V: Send + Sync + 'static,
    {
        Ok(self.any::<Q::Key, V>(kind, name)?.take(key))
    }

    fn any<K, V>(&self, kind: CacheKind, name: &str) -> Result<AnyCache<K, V, C>, Refusal>
    where
        K: Hash + Eq + Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        match kind {
            CacheKind::Lru => self.lru_cache(name).map(AnyCache::Lru),
            CacheKind::Timed => self.timed_cache(name).map(AnyCache::Timed),
            CacheKind::Concurrent => self.concurrent_cache(name).map(AnyCache::Concurrent),
        }
    }

    /// Lets a function remember up to `capacity` results, each for the time `ttl`; `Duration::MAX` is for ever. Its cache is seen and emptied by
    /// the name. Callers who miss one result at the same time each compute it; with `std` see [`memoize`](Self::memoize).
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): the name is taken, the capacity is 0 or can't be had.
    pub fn memoize_each<Q, V, F>(
        &self,
        name: &str,
        capacity: usize,
        ttl: Duration,
        function: F,
    ) -> Result<NamedFunction<Q::Key, V, C, F>, Refusal>
    where
        Q: ToKey<Key: Hash + Eq + Clone + Send + Sync + 'static> + ?Sized,
        V: Clone + Send + Sync + 'static,
        F: Fn(&Q) -> V,
    {
        let memo = self.names.create(name, || Ok(Memo::new(self.cache_of_results(capacity, ttl)?)))?;
        Ok(Memoized::new(memo, function))
    }

    /// A cache of results.
    pub(crate) fn cache_of_results<K, V>(
        &self,
        capacity: usize,
        ttl: Duration,
    ) -> Result<NamedMemo<K, V, C>, NameProblem> {
        let time = Expiring::new(self.clock.clone()).with_time_to_live(ttl);
        let setup = Setup::new().recorder(Striped::new()).time(time);
        HeapCache::try_with_capacity(some(capacity)?, setup).map_err(NameProblem::Capacity)
    }
}

/// A step is one of the caches' own. Each gets its turn.
impl<C> Maintain for CacheManager<C> {
    fn maintain(&self, budget: usize) -> Maintained {
        let tidied = self.names.tidy(&self.rounds, budget);
        if !tidied.is_left {
            self.rounds.end();
        }
        tidied
    }

    fn wake_when_due(&self, waker: &Waker) {
        self.names.wake_when_untidy(waker);
    }
}

impl<C> fmt::Debug for CacheManager<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheManager").field("names", &self.names()).finish_non_exhaustive()
    }
}
