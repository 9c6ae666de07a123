//! `Pool`: objects are made when first needed, kept, and recycled.

use super::guard::Guard;
use super::held::Held;
use crate::error::Exhausted;
use crate::raw::indices::Wanted;
use crate::raw::memory::Inline;
use crate::raw::slots::{Backing, Call, Core, Home, Keeper, Lease, Slot};
use crate::retry::RetryPolicy;
use crate::stats::{Mark, Off, PoolCounter, PoolRecorder, PoolStats};
use crate::time::Clock;
use core::fmt;
use core::time::Duration;

/// How a pool makes objects, and how it makes one fit for the next user.
///
/// ```
/// use larder::pool::{Pool, Recycle};
///
/// struct Lines;
///
/// impl Recycle<String> for Lines {
///     fn create(&self) -> String {
///         String::with_capacity(80)
///     }
///
///     fn reset(&self, line: &mut String) {
///         line.clear(); // the memory stays
///     }
/// }
///
/// static LINES: Pool<String, 4, Lines> = Pool::with_recycle(Lines);
///
/// LINES.acquire().unwrap().push_str("hello");
/// let line = LINES.acquire().unwrap();
/// assert!(line.is_empty() && line.capacity() >= 80);
/// ```
pub trait Recycle<T> {
    /// Makes an object, for a slot that has none. If this panics, nothing was acquired and nothing is lost.
    fn create(&self) -> T;

    /// Makes an object that comes back fit for the next user; called by the guard's drop, in its context, before the slot
    /// is free. If this panics, the object is dropped, and the next user of the slot gets a new one. By default the
    /// object stays as it is.
    fn reset(&self, object: &mut T) {
        let _ = object;
    }
}

/// Objects are made by [`Default`] and not reset.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByDefault;

impl<T: Default> Recycle<T> for ByDefault {
    fn create(&self) -> T {
        T::default()
    }
}

/// Up to `N` objects of one type that are made when first needed, kept when they come back, and handed out again.
///
/// [`acquire`](Self::acquire) gives a guard of an object; dropping the guard resets the object and gives it back. `M` says how
/// objects are made and reset: [`ByDefault`], or a [`Recycle`] of your own. The pool is `const`, and all zero if `M` is.
///
/// Take [`BoxPool`](crate::pool::BoxPool) instead if each user brings a value of its own, and `ObjectPool` if the capacity is
/// known at run time only.
///
/// ```
/// use larder::pool::Pool;
///
/// static BUFFERS: Pool<Vec<u8>, 8> = Pool::new();
///
/// let mut buffer = BUFFERS.acquire()?;
/// buffer.extend_from_slice(b"kept");
/// # Ok::<(), larder::Exhausted>(())
/// ```
///
/// # Cost
///
/// The size of `T` and one byte a slot. Acquire and release are one atomic read-modify-write and one atomic store
/// together, if the slot where this thread looks first is free and has an object; else one more load for every slot
/// that it looks at, and perhaps a write to the hint that keeps the next search short. A pool that is nearly full finds the
/// slot that came back last at once; its releases write the hint, too. Objects that exist are preferred to new ones, but
/// one that comes back while a search ends may be overlooked until the next one comes back.
///
/// # Contention, interrupts, panics
///
/// Lock-free, and bounded: a call looks at each slot four times at most and then says [`Exhausted`]. An interrupt may use the
/// pool while it stopped another call of it anywhere. A thread that stops for ever keeps what it holds and hinders
/// nobody. No slot is half-changed while `create`, `reset` or a destructor runs; they may panic, and use the pool.
///
/// # Statistics
///
/// `R` is the recorder: [`Off`] by default, [`Shared`](crate::stats::Shared) for a high-water mark and counts ([`stats`](Self::stats)),
/// at the price of up to five more atomic operations, or [`Placed`](crate::stats::Placed), which also knows where the objects that are
/// [held](Self::held) were acquired.
pub struct Pool<T, const N: usize, M: Recycle<T> = ByDefault, R: PoolRecorder = Off> {
    core: Core<T, Inline<N>, Recycles<M, R>>,
}

/// An object of a [`Pool`], reset and kept when its guard is dropped.
pub type Pooled<'a, T, M = ByDefault, R = Off> = Guard<T, &'a Home<Recycles<M, R>>>;

/// The keeper of pools that recycle.
#[derive(Debug)]
pub struct Recycles<M, R> {
    recycle: M,
    recorder: R,
}

impl<M, R: PoolRecorder> Recycles<M, R> {
    pub(crate) const fn new(recycle: M, recorder: R) -> Self {
        Self { recycle, recorder }
    }

    /// Claims a slot of `core` by `lease`: one with an object, or any.
    #[inline]
    pub(crate) fn acquire<T, B: Backing<T>, L>(
        core: &Core<T, B, Self>,
        mut lease: impl FnMut(Wanted) -> Result<L, ()>,
    ) -> Result<L, Exhausted>
    where
        M: Recycle<T>,
    {
        lease(Wanted::LikelyFull).or_else(|()| lease(Wanted::Any)).map_err(|()| {
            core.keeper().recorder().exhausted();
            Exhausted::new((), core.capacity())
        })
    }

    #[inline]
    pub(crate) fn recorder(&self) -> &R {
        &self.recorder
    }
}

impl<M, R> Recycles<M, R> {
    /// Makes an object if there is none.
    #[inline]
    pub(crate) fn see_to<T, K: Mark>(&self, slot: &mut Slot<'_, T, K>)
    where
        M: Recycle<T>,
    {
        if !slot.is_full() {
            slot.fill(self.recycle.create());
        }
    }
}

impl<T, M: Recycle<T>, R: PoolRecorder> Keeper<T> for Recycles<M, R> {
    type Recorder = R;

    #[inline]
    fn recorder(&self) -> &R {
        &self.recorder
    }

    #[inline]
    fn give_back(&self, slot: &mut Slot<'_, T, R::Mark>) {
        slot.update(|object| self.recycle.reset(object));
    }
}

impl<T: Default, const N: usize> Pool<T, N> {
    /// An empty pool of objects that are made by [`Default`] and not reset.
    pub const fn new() -> Self {
        Self::with_recycle(ByDefault)
    }
}

impl<T, const N: usize, M: Recycle<T>> Pool<T, N, M> {
    /// An empty pool of objects that are made and reset by `recycle`.
    pub const fn with_recycle(recycle: M) -> Self {
        Self::with_recorder(recycle, Off::new())
    }
}

impl<T, const N: usize, M: Recycle<T>, R: PoolRecorder> Pool<T, N, M, R> {
    /// As [`with_recycle`](Self::with_recycle), with a recorder of your choice.
    pub const fn with_recorder(recycle: M, recorder: R) -> Self {
        Self { core: Core::new(Recycles::new(recycle, recorder)) }
    }

    /// Hands out an object: one that came back, or else a new one.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], if there was no free slot where it looked.
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Result<Pooled<'_, T, M, R>, Exhausted> {
        self.acquire_by(R::Mark::call())
    }

    #[inline]
    pub(crate) fn acquire_by(&self, call: Call<R>) -> Result<Pooled<'_, T, M, R>, Exhausted> {
        let keeper = self.core.keeper();
        let lease = move |wanted| Lease::borrow(&self.core, wanted, call, (), |slot, ()| keeper.see_to(slot));
        Recycles::acquire(&self.core, lease).map(Guard::new)
    }

    /// As [`acquire`](Self::acquire), tried again as `policy` says. A recorder counts every try that fails.
    ///
    /// ```
    /// use core::time::Duration;
    /// use larder::pool::{Pool, RetryPolicy};
    /// use larder::time::StdClock;
    /// use std::thread;
    ///
    /// static BUFFERS: Pool<Vec<u8>, 1> = Pool::new();
    ///
    /// let patient = RetryPolicy::new(StdClock::new(), thread::sleep).tries(50);
    /// let buffer = BUFFERS.acquire()?;
    /// thread::scope(|scope| {
    ///     scope.spawn(|| assert!(BUFFERS.acquire_with(&patient).is_ok()));
    ///     drop(buffer);
    /// });
    /// # Ok::<(), larder::Exhausted>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Exhausted`], if the last try found no free slot.
    #[track_caller]
    pub fn acquire_with<C, W>(&self, policy: &RetryPolicy<C, W>) -> Result<Pooled<'_, T, M, R>, Exhausted>
    where
        C: Clock,
        W: Fn(Duration),
    {
        let call = R::Mark::call();
        policy.run(|| self.acquire_by(call))
    }

    /// How many slots there are: `N`.
    pub const fn capacity(&self) -> usize {
        N
    }

    /// How many slots are taken: by objects that are out, and by those that are just being made, reset or dropped. Counted by
    /// looking at each slot; while others work, one of the numbers that it may have been.
    pub fn in_use(&self) -> usize {
        self.core.in_use()
    }

    /// How many objects wait for their next user. Counted as [`in_use`](Self::in_use) is.
    pub fn idle(&self) -> usize {
        self.core.kept()
    }

    /// Drops objects that wait, so that no more than `keep` of them are left, and says how many it dropped.
    ///
    /// While an object's destructor runs its slot is taken. If it panics, the rest stays for the next trim.
    pub fn trim(&self, keep: usize) -> usize {
        self.core.trim(keep)
    }

    /// What is out at the moment: slots that are taken, and where, if the recorder remembers it
    /// ([`Placed`](crate::stats::Placed)). Objects that are just being made, reset or dropped are among them. Each slot is looked at once, when the
    /// iterator comes to it.
    pub fn held(&self) -> impl Iterator<Item = Held> {
        self.core.held().map(Held::new)
    }

    /// What was counted, if the recorder counts.
    pub fn counts(&self) -> Option<PoolStats> {
        self.core.keeper().recorder().counts(N)
    }

    #[doc(hidden)]
    pub fn validate(&self) {
        self.core.validate();
    }
}

impl<T, const N: usize, M: Recycle<T>, R: PoolCounter> Pool<T, N, M, R> {
    /// What was counted.
    pub fn stats(&self) -> PoolStats {
        self.core.keeper().recorder().pool(N)
    }
}

impl<T: Default, const N: usize> Default for Pool<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize, M: Recycle<T>, R: PoolRecorder> fmt::Debug for Pool<T, N, M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("capacity", &N)
            .field("in_use", &self.in_use())
            .field("idle", &self.idle())
            .finish_non_exhaustive()
    }
}
