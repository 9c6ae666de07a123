//! `Memo`: results of computations, each made when it is first asked for.

use super::cache::StaticCache;
use super::setup::Setup;
use crate::key::Equivalent;
use crate::sync::{AtomicU32, Ordering};
use core::convert::Infallible;
use core::fmt;
use core::hash::Hash;

/// A memo in a concurrent cache within itself, for a `static`: `SETS` sets of `WAYS` results, 8 or 16.
pub type StaticMemo<K, V, const SETS: usize, const WAYS: usize, C = Setup> =
    Memo<StaticCache<K, V, SETS, WAYS, C>>;

/// The results of a computation, kept by what they are of.
///
/// `S` is the cache in which they are kept: a [`Cache`](crate::cache::Cache) of any kind, for threads and interrupts, or an
/// [`LruCache`](crate::cache::LruCache) or [`TimedCache`](crate::cache::TimedCache) in a [`RefCell`](core::cell::RefCell), for one
/// thread, in `Shared` (with `alloc`), or (with `std`) in a [`Mutex`](https://doc.rust-lang.org/std/sync/struct.Mutex.html). How many results there are, how long each holds, and who
/// counts is said when that cache is made. `F` says what callers do that miss one result at the same time: [`EachComputes`] for
/// itself, or, with `std`, one does and the others wait ([`SingleFlight`](crate::memo::SingleFlight)).
///
/// For whole functions there is [`memoize!`](crate::memoize).
///
/// ```
/// use larder::cache::StaticCache;
/// use larder::memo::{Memo, StaticMemo};
///
/// static ROOTS: StaticMemo<u64, u64, 4, 8> = Memo::new(StaticCache::new());
///
/// fn root(n: u64) -> u64 {
///     ROOTS.get_or_compute(n, || n.isqrt())
/// }
///
/// assert_eq!(root(144), 12);
/// assert_eq!(ROOTS.get(&144), Some(12)); // kept
/// ROOTS.remove(&144);
/// assert_eq!(ROOTS.get(&144), None);
/// ```
///
/// A computation may ask the same memo for other results:
///
/// ```
/// use core::cell::RefCell;
/// use larder::cache::{Inline, LruCache};
/// use larder::memo::Memo;
///
/// type Numbers = Memo<RefCell<LruCache<u32, u64, Inline<100>>>>;
///
/// fn fibonacci(memo: &Numbers, n: u32) -> u64 {
///     if n < 2 {
///         return n.into();
///     }
///     memo.get_or_compute(n, || fibonacci(memo, n - 1) + fibonacci(memo, n - 2))
/// }
///
/// let memo = Memo::new(RefCell::new(LruCache::new()));
/// assert_eq!(fibonacci(&memo, 90), 2_880_067_194_370_816_120);
/// ```
///
/// # What is kept
///
/// What a computation gives; not its error, nor anything of one that panics. A result whose computation began before a
/// [`remove`](Self::remove) of its key or a [`clear`](Self::clear) is given to those who asked for it before, and neither kept nor given to
/// anybody who asks after. A cache may throw out any result, and then it is computed again. (An invalidation of one key may also
/// keep some results of others from being kept that are just being computed: those of the same set in a concurrent cache, all in one
/// behind a lock.)
///
/// # Contention, interrupts, panics
///
/// Computations, and destructors of what had to go, run while nothing is locked and nothing half-done: they may take their time, panic,
/// or ask this memo. So may `Hash`, `Eq` and `Clone` in a concurrent cache; in a cache behind a lock they run under that lock, and must not
/// ask the memo (a `RefCell` panics then, and a `Mutex` stops its thread for ever). With [`EachComputes`] the memo is as its cache is: one in a
/// concurrent cache waits for nobody, and may be used in an interrupt. After a panic nothing is lost but what was being computed.
///
/// # Cost
///
/// A known result costs a look-up and a clone of it (an `Arc`, if it is large). An unknown one costs two look-ups, the computation,
/// a clone and an insert. The memo takes 4 bytes besides its cache.
pub struct Memo<S: Keeper, F: Callers = EachComputes> {
    keeper: S,
    pub(crate) callers: F::Of<S::Key, S::Value>,
    age: Age,
}

/// Where a [`Memo`] keeps results: a cache that is used through `&self`.
///
/// It is implemented for every [`Cache`](crate::cache::Cache), and for each [`Exclusive`] way to a cache that [`Remembers`].
pub trait Keeper {
    /// What results are of.
    type Key: Hash + Eq + Clone;
    /// Results.
    type Value: Clone;

    /// A clone of the result that is kept of a key. It counts as a look-up.
    fn look_up<Q: Hash + Equivalent<Self::Key> + ?Sized>(&self, key: &Q) -> Option<Self::Value>;

    /// Looks again, and does not count that; else computes, and keeps the result unless it is too old: if something that the key may
    /// belong to was forgotten, or [`Age::end`] was called, since before the computation began.
    ///
    /// # Errors
    ///
    /// That of `compute`.
    fn fill<E>(
        &self,
        key: Self::Key,
        age: &Age,
        compute: impl FnOnce() -> Result<Self::Value, E>,
    ) -> Result<Self::Value, E>;

    /// Drops the result of a key, if there is one.
    fn forget<Q: Hash + Equivalent<Self::Key> + ?Sized>(&self, key: &Q);

    /// Drops all results that are there when it is called.
    fn forget_all(&self);
}

/// A cache that is used through `&mut self`, and that a [`Memo`] can keep results in when it is behind something [`Exclusive`].
pub trait Remembers {
    /// What results are of.
    type Key: Hash + Eq + Clone;
    /// Results.
    type Value: Clone;
    /// What had to go for a result. It is dropped when the cache is not locked any more.
    type Displaced;

    /// A clone of the result of a key, which was used by that. It counts as a look-up.
    fn recall<Q: Hash + Equivalent<Self::Key> + ?Sized>(&mut self, key: &Q) -> Option<Self::Value>;

    /// The same without that: it neither counts nor marks as used.
    fn glance<Q: Hash + Equivalent<Self::Key> + ?Sized>(&self, key: &Q) -> Option<Self::Value>;

    /// Keeps a result.
    fn remember(&mut self, key: Self::Key, value: Self::Value) -> Self::Displaced;

    /// Takes out the result of a key.
    fn forget<Q: Hash + Equivalent<Self::Key> + ?Sized>(
        &mut self,
        key: &Q,
    ) -> Option<(Self::Key, Self::Value)>;

    /// Takes out any result, as long as there is one.
    fn forget_one(&mut self) -> Option<(Self::Key, Self::Value)>;
}

/// A way to something for one at a time: a [`RefCell`](core::cell::RefCell), or with `std` a `Mutex`.
pub trait Exclusive {
    /// What it leads to.
    type Inner;

    /// Runs `work` on it, while nobody else has it.
    fn with<R>(&self, work: impl FnOnce(&mut Self::Inner) -> R) -> R;
}

/// What the callers of a [`Memo`] do that miss one result at the same time: [`EachComputes`] or, with `std`,
/// [`SingleFlight`](crate::memo::SingleFlight).
pub trait Callers: sealed::Sealed {
    /// Who computes what at the moment.
    #[doc(hidden)]
    type Of<K: Hash + Eq + Clone, V: Clone>: Flights<K, V>;
}

/// Who computes what at the moment.
pub trait Flights<K, V> {
    /// Computes, or waits for another caller who does.
    #[doc(hidden)]
    fn run<E>(&self, key: K, compute: impl FnOnce(K) -> Result<V, E>) -> Result<V, E>;
    /// Lets nobody wait any more for a computation of that key that began before now.
    #[doc(hidden)]
    fn abandon<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q);
    /// The same for all keys.
    #[doc(hidden)]
    fn abandon_all(&self);
}

/// Callers that miss one result at the same time each compute it; the first that is done is kept. Nobody waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct EachComputes(());

impl Callers for EachComputes {
    type Of<K: Hash + Eq + Clone, V: Clone> = Self;
}

impl<K, V> Flights<K, V> for EachComputes {
    #[inline]
    fn run<E>(&self, key: K, compute: impl FnOnce(K) -> Result<V, E>) -> Result<V, E> {
        compute(key)
    }

    fn abandon<Q: Hash + Equivalent<K> + ?Sized>(&self, _: &Q) {}

    fn abandon_all(&self) {}
}

/// How often something was invalidated in a [`Memo`]. By it a [`Keeper`] tells whether a result is too old to be kept.
///
/// It has 32 bits: a computation during which exactly 2^32 invalidations happen, or a multiple, takes itself for new.
#[derive(Debug)]
pub struct Age(AtomicU32);

impl Age {
    #[expect(clippy::declare_interior_mutable_const, reason = "a beginning, not a place")]
    const START: Self = Self(AtomicU32::new(0));

    /// The present one: noted before a computation begins, and compared when its result is to be kept.
    pub fn now(&self) -> u32 {
        // Acquire: pairs with the Release of `end`, so that a computation in the new age sees what was changed before the old one ended.
        self.0.load(Ordering::Acquire)
    }

    /// Ends it: what was computed in it is not to be kept any more.
    ///
    /// A keeper compares under the lock of its cache, and who ends an age takes things out under that lock afterwards. So either the comparison
    /// sees this, or what was kept is there to be taken out.
    pub fn end(&self) {
        // Release: pairs with the Acquire of `now`.
        self.0.fetch_add(1, Ordering::Release);
    }
}

impl<S: Keeper> Memo<S> {
    /// A memo that keeps results in that cache. Callers that miss one result at the same time each compute it.
    #[inline]
    pub const fn new(cache: S) -> Self {
        Self { keeper: cache, callers: EachComputes(()), age: Age::START }
    }
}

impl<S: Keeper, F: Callers> Memo<S, F> {
    #[allow(dead_code, reason = "without `std` there is one kind of callers")]
    pub(crate) const fn with_callers(cache: S, callers: F::Of<S::Key, S::Value>) -> Self {
        Self { keeper: cache, callers, age: Age::START }
    }

    /// The cache. What is taken out of it directly may be brought back by a computation that has begun: invalidate by [`remove`](Self::remove)
    /// and [`clear`](Self::clear).
    pub const fn cache(&self) -> &S {
        &self.keeper
    }

    /// The result of a key, if it is known.
    #[inline]
    pub fn get<Q: Hash + Equivalent<S::Key> + ?Sized>(&self, key: &Q) -> Option<S::Value> {
        self.keeper.look_up(key)
    }

    /// The result of a key; if it is not known, that of `compute`.
    #[inline]
    pub fn get_or_compute(&self, key: S::Key, compute: impl FnOnce() -> S::Value) -> S::Value {
        let Ok(value) = self.try_get_or_compute(key, || Ok::<S::Value, Infallible>(compute()));
        value
    }

    /// The same for a computation that may fail. An error is not kept: who asks next computes again, each of those who waited, too.
    ///
    /// ```
    /// use larder::cache::StaticCache;
    /// use larder::memo::{Memo, StaticMemo};
    ///
    /// static PORTS: StaticMemo<&str, u16, 4, 8> = Memo::new(StaticCache::new());
    ///
    /// assert!(PORTS.try_get_or_compute("http", || "eighty".parse::<u16>()).is_err());
    /// assert_eq!(PORTS.try_get_or_compute("http", || "80".parse::<u16>()), Ok(80));
    /// assert_eq!(PORTS.try_get_or_compute("http", || unreachable!("it is known") as Result<u16, ()>), Ok(80));
    /// ```
    ///
    /// # Errors
    ///
    /// That of `compute`.
    #[inline]
    pub fn try_get_or_compute<E>(
        &self,
        key: S::Key,
        compute: impl FnOnce() -> Result<S::Value, E>,
    ) -> Result<S::Value, E> {
        match self.get(&key) {
            Some(value) => {
                drop((key, compute));
                Ok(value)
            }
            None => self.fill(key, compute),
        }
    }

    /// The same for a computation that may find nothing. That is not kept. (To keep it as well, let the results be `Option`s.)
    #[inline]
    pub fn get_or_compute_some(
        &self,
        key: S::Key,
        compute: impl FnOnce() -> Option<S::Value>,
    ) -> Option<S::Value> {
        self.try_get_or_compute(key, || compute().ok_or(())).ok()
    }

    /// As [`try_get_or_compute`](Self::try_get_or_compute), for one who has just asked by [`get`](Self::get) and got nothing: with a
    /// borrowed form of the key, which is made whole only for this.
    ///
    /// # Errors
    ///
    /// That of `compute`.
    #[inline(never)]
    pub fn fill<E>(&self, key: S::Key, compute: impl FnOnce() -> Result<S::Value, E>) -> Result<S::Value, E> {
        self.callers.run(key, |key| self.keeper.fill(key, &self.age, compute))
    }

    /// Forgets the result of a key. One that is just being computed is not kept, and not given to anybody who asks from now on.
    pub fn remove<Q: Hash + Equivalent<S::Key> + ?Sized>(&self, key: &Q) {
        // First, so that no destructor's panic keeps it from being done: what begins after this is new.
        self.callers.abandon(key);
        self.age.end();
        self.keeper.forget(key);
    }

    /// Forgets all results. Those that are just being computed are not kept, and not given to anybody who asks from now on.
    pub fn clear(&self) {
        // First: as in `remove`.
        self.callers.abandon_all();
        self.age.end();
        self.keeper.forget_all();
    }
}

impl<S: Keeper + Default> Default for Memo<S> {
    fn default() -> Self {
        Self::new(S::default())
    }
}

impl<S: Keeper + fmt::Debug, F: Callers> fmt::Debug for Memo<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").field("cache", &self.keeper).finish_non_exhaustive()
    }
}

pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for super::EachComputes {}
}
