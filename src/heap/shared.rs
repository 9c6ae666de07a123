//! `Shared`: an exact cache behind a lock.

use crate::fixed::cache::Swept;
use crate::fixed::exact::{self, Exact};
use crate::fixed::lru::{Displaced, Inserted};
use crate::fixed::memo::Exclusive;
use crate::fixed::timed::TimedCache;
use crate::key::Equivalent;
use crate::lifetime::Timed;
use crate::maintenance::{Maintain, Maintained};
use crate::raw::memory::Memory;
use crate::stats::CacheStats;
use crate::sync::lock::Lock;
use crate::time::Instant;
use core::convert::Infallible;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::ops::DerefMut;
use core::time::Duration;

/// An exact cache that threads share: an [`LruCache`](crate::cache::LruCache) or a [`TimedCache`] behind a lock, the platform's mutex with `std`, else one
/// that spins.
///
/// Take it where the exact order matters, or the exact count. The concurrent [`Cache`](crate::cache::Cache) is faster on several
/// threads, and in interrupts this one must not be used at all: who interrupts the holder of the lock would wait for ever.
///
/// ```
/// use larder::cache::{Inline, LruCache, Shared};
///
/// static CACHE: Shared<LruCache<u32, u64, Inline<64>>> = Shared::new(LruCache::new());
///
/// std::thread::scope(|scope| {
///     for key in 0..4 {
///         scope.spawn(move || CACHE.get_or_insert_with(key, |&key| u64::from(key) * 10));
///     }
/// });
/// assert_eq!(CACHE.len(), 4);
/// assert_eq!(CACHE.get(&3), Some(30));
/// ```
///
/// # What runs under the lock
///
/// `Hash` and `Eq` of keys, `Clone` of the values that are given, the clock, and the closures of [`get_with`](Self::get_with) and
/// [`with`](Self::with). Values are not computed under it, and nothing is dropped under it (but by what [`with`](Self::with) is told to do):
/// what was displaced, removed or is over comes out first.
///
/// What runs under the lock must not use the same cache. If it does, that call panics with `std`, and waits for ever without. (There
/// [`try_with`](Self::try_with) is what such code can call.)
///
/// # Panics
///
/// A panic under the lock passes through, and leaves the cache as its own type promises: whole. Others use it as before; there is
/// no poisoning.
pub struct Shared<C> {
    cache: Lock<C>,
}

impl<C> Shared<C> {
    /// Shares a cache.
    pub const fn new(cache: C) -> Self {
        Self { cache: Lock::new(cache) }
    }

    fn lock(&self) -> impl DerefMut<Target = C> + '_ {
        self.cache.lock()
    }

    /// Does something with the cache, under the lock: for all that has no call of its own here.
    ///
    /// # Panics
    ///
    /// With `std`, if this thread holds the lock already: in code that the cache has called. So do all calls but
    /// [`try_with`](Self::try_with).
    pub fn with<R>(&self, work: impl FnOnce(&mut C) -> R) -> R {
        work(&mut self.lock())
    }

    /// As [`with`](Self::with), if nobody holds the lock just now; else none, and nothing is done. Never waits.
    pub fn try_with<R>(&self, work: impl FnOnce(&mut C) -> R) -> Option<R> {
        Some(work(&mut *self.cache.try_lock()?))
    }

    /// The cache, which nobody else can have at the moment.
    pub fn get_mut(&mut self) -> &mut C {
        self.cache.get_mut()
    }

    /// The cache.
    pub fn into_inner(self) -> C {
        self.cache.into_inner()
    }
}

impl<C: Exact> Shared<C> {
    /// How many entries there are at the moment.
    pub fn len(&self) -> usize {
        self.lock().entries()
    }

    /// Whether there are none at the moment.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there can be.
    pub fn capacity(&self) -> usize {
        self.lock().most_entries()
    }

    /// What was counted so far.
    pub fn stats(&self) -> CacheStats {
        self.lock().counts()
    }

    /// A clone of the value of a key, which is the most recently used one then. Counted as a hit or a miss.
    pub fn get<Q: Hash + Equivalent<C::Key> + ?Sized>(&self, key: &Q) -> Option<C::Value>
    where
        C::Value: Clone,
    {
        self.get_with(key, |value| value.clone())
    }

    /// Shows the value of a key, which is the most recently used one then, to `look`, under the lock. Counted as a hit or a miss.
    pub fn get_with<Q: Hash + Equivalent<C::Key> + ?Sized, R>(
        &self,
        key: &Q,
        look: impl FnOnce(&mut C::Value) -> R,
    ) -> Option<R> {
        self.lock().look_up(key).map(look)
    }

    /// Whether the key is there. Not counted, and the order does not change.
    pub fn contains<Q: Hash + Equivalent<C::Key> + ?Sized>(&self, key: &Q) -> bool {
        self.lock().peek(key).is_some()
    }

    /// As that of the cache itself: puts an entry in, and says what that displaced.
    pub fn insert(&self, key: C::Key, value: C::Value) -> Inserted<C::Key, C::Value> {
        self.exchange(key, value).into()
    }

    /// As [`insert`](Self::insert), and drops what was displaced.
    pub fn put(&self, key: C::Key, value: C::Value) {
        drop(self.exchange(key, value));
    }

    /// The lock is let go of before anything is done with what comes out; so in all calls here.
    fn exchange(&self, key: C::Key, value: C::Value) -> Displaced<C::Key, C::Value> {
        self.lock().exchange(key, value)
    }

    /// A clone of the value of a key, made by `make` if it was not there; the most recently used one then. Counted as a hit or a
    /// miss.
    ///
    /// `make` runs without the lock. Of several threads that miss a key each makes a value; the first that is put in is what all get,
    /// and the others are dropped.
    pub fn get_or_insert_with(&self, key: C::Key, make: impl FnOnce(&C::Key) -> C::Value) -> C::Value
    where
        C::Value: Clone,
    {
        let Ok(value) = self.try_get_or_insert_with(key, |key| Ok::<C::Value, Infallible>(make(key)));
        value
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), but `make` may fail; then nothing is put in.
    ///
    /// # Errors
    ///
    /// That of `make`.
    pub fn try_get_or_insert_with<E>(
        &self,
        key: C::Key,
        make: impl FnOnce(&C::Key) -> Result<C::Value, E>,
    ) -> Result<C::Value, E>
    where
        C::Value: Clone,
    {
        // Whatever is dropped is so before a value or an error is on its way to the caller, which would leak if that panicked.
        if let Some(value) = self.get(&key) {
            drop((key, make));
            return Ok(value);
        }
        let value = match make(&key) {
            Ok(value) => value,
            Err(error) => {
                drop(key);
                return Err(error);
            }
        };
        let Some(stored) = self.put_if_absent(key, value.clone()) else { return Ok(value) };
        drop(value);
        Ok(stored)
    }

    /// Puts an entry in, or gives a clone of the value that the key has.
    fn put_if_absent(&self, key: C::Key, value: C::Value) -> Option<C::Value>
    where
        C::Value: Clone,
    {
        let mut cache = self.lock();
        if let Some(stored) = cache.peek(&key).cloned() {
            drop(cache);
            drop((key, value));
            return Some(stored);
        }
        let displaced = cache.exchange(key, value);
        drop(cache);
        drop(displaced);
        None
    }

    /// The sum of what `size` gives for each entry, which it is shown under the lock: how many bytes they own elsewhere, say.
    pub fn payload(&self, mut size: impl FnMut(&C::Key, &C::Value) -> usize) -> usize {
        let mut sum = 0_usize;
        self.lock().visit(&mut |key, value| sum = sum.saturating_add(size(key, value)));
        sum
    }

    /// Takes a value out. Counted as removed.
    pub fn remove<Q: Hash + Equivalent<C::Key> + ?Sized>(&self, key: &Q) -> Option<C::Value> {
        let (key, value) = self.remove_entry(key)?;
        // Before the value is on its way to the caller: it would leak if this panicked.
        drop(key);
        Some(value)
    }

    /// Takes an entry out. Counted as removed.
    pub fn remove_entry<Q: Hash + Equivalent<C::Key> + ?Sized>(&self, key: &Q) -> Option<(C::Key, C::Value)> {
        let taken = self.lock().take(key);
        let (is_over, entry) = taken?;
        (!is_over).then_some(entry)
    }

    /// Takes out and drops all entries that are there when it begins, one by one, the rest also if a destructor panics: others may put in
    /// and take out between. Counted as removed.
    pub fn clear(&self) {
        exact::empty(self);
    }
}

impl<K: Hash + Eq, V, M: Memory, T: Timed, H: BuildHasher> Shared<TimedCache<K, V, M, T, H>> {
    /// As [`TimedCache::insert_for`]: puts an entry in for so long.
    pub fn insert_for(&self, key: K, value: V, ttl: Duration) -> Inserted<K, V> {
        let displaced = self.lock().exchange_for(key, value, ttl);
        displaced.into()
    }

    /// As [`TimedCache::sweep`]. The lock is taken for each entry anew, so that nobody waits for long.
    pub fn sweep(&self, now: Instant, budget: usize) -> Swept {
        exact::sweep(self, now, budget)
    }
}

/// A step is an entry that is looked at.
impl<K: Hash + Eq, V, M: Memory, T: Timed, H: BuildHasher> Maintain for Shared<TimedCache<K, V, M, T, H>> {
    fn maintain(&self, budget: usize) -> Maintained {
        exact::tidy(self, budget)
    }
}

/// A memo keeps its results in it.
impl<C> Exclusive for Shared<C> {
    type Inner = C;

    #[inline]
    fn with<R>(&self, work: impl FnOnce(&mut C) -> R) -> R {
        self.with(work)
    }
}

impl<C: Default> Default for Shared<C> {
    fn default() -> Self {
        Self::new(C::default())
    }
}

impl<C> From<C> for Shared<C> {
    fn from(cache: C) -> Self {
        Self::new(cache)
    }
}

impl<C> fmt::Debug for Shared<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
