//! `BoxPool`: values are moved in, and dropped on release.

use super::guard::Guard;
use super::held::Held;
use crate::error::Exhausted;
use crate::raw::indices::Wanted;
use crate::raw::memory::Inline;
use crate::raw::slots::{Call, Core, Home, Keeper, Lease, Slot};
use crate::retry::RetryPolicy;
use crate::stats::{Mark, Off, PoolCounter, PoolRecorder, PoolStats};
use crate::time::Clock;
use core::fmt;
use core::time::Duration;

/// Room for `N` values of one type: a `Box::new` without a heap.
///
/// [`insert`](Self::insert) moves a value into a free slot and gives a guard that owns it; dropping the guard drops the
/// value and frees the slot. It is `const`, all zero, and made for a `static`.
///
/// Take [`Pool`](crate::pool::Pool) instead if the objects are costly to make and should be kept, and `ObjectPool` if the
/// capacity is known at run time only.
///
/// ```
/// use larder::pool::{BoxPool, PoolBox};
///
/// static PACKETS: BoxPool<[u8; 64], 4> = BoxPool::new();
///
/// let mut packet: PoolBox<'static, [u8; 64]> = PACKETS.insert([0; 64])?;
/// packet[0] = 0x45;
/// assert_eq!(PACKETS.in_use(), 1);
/// drop(packet);
/// assert_eq!(PACKETS.in_use(), 0);
/// # Ok::<(), larder::Exhausted<[u8; 64]>>(())
/// ```
///
/// # Cost
///
/// The size of `T` and one byte a slot. `insert` and the guard's drop are one atomic read-modify-write and one
/// atomic store together, if the slot where this thread looks first is free; else one more load for every slot that
/// it looks at, and perhaps a write to the hint that keeps the next search short. A pool that is nearly full finds the slot
/// that came back last at once; its releases write the hint, too.
///
/// # Contention, interrupts, panics
///
/// Lock-free, and bounded: a call looks at each slot twice at most and then says [`Exhausted`]. An interrupt may use the pool
/// while it stopped another call of it anywhere. A thread that stops for ever keeps what it holds and hinders nobody.
/// The value's destructor runs in whatever context drops the guard, before the slot is free; if it panics, the slot
/// is free all the same.
///
/// # Statistics
///
/// `R` is the recorder: [`Off`] by default, [`Shared`](crate::stats::Shared) for a high-water mark and counts ([`stats`](Self::stats)),
/// at the price of up to five more atomic operations, or [`Placed`](crate::stats::Placed), which also knows where the values that are
/// [held](Self::held) were put in.
pub struct BoxPool<T, const N: usize, R: PoolRecorder = Off> {
    core: Core<T, Inline<N>, Drops<R>>,
}

/// A value in a [`BoxPool`], dropped with its guard.
pub type PoolBox<'a, T, R = Off> = Guard<T, &'a Home<Drops<R>>>;

/// The keeper of a [`BoxPool`]: what comes back is dropped.
#[derive(Debug)]
pub struct Drops<R> {
    recorder: R,
}

impl<T, R: PoolRecorder> Keeper<T> for Drops<R> {
    type Recorder = R;

    #[inline]
    fn recorder(&self) -> &R {
        &self.recorder
    }

    #[inline]
    fn give_back(&self, slot: &mut Slot<'_, T, R::Mark>) {
        slot.clear();
    }
}

impl<T, const N: usize> BoxPool<T, N> {
    /// An empty pool that does not count.
    pub const fn new() -> Self {
        Self::with_recorder(Off::new())
    }
}

impl<T, const N: usize, R: PoolRecorder> BoxPool<T, N, R> {
    /// An empty pool with a recorder of your choice.
    ///
    /// ```
    /// use larder::{pool::BoxPool, stats::Shared};
    ///
    /// static POOL: BoxPool<u32, 2, Shared> = BoxPool::with_recorder(Shared::new());
    /// let (one, two) = (POOL.insert(1).unwrap(), POOL.insert(2).unwrap());
    /// assert_eq!(POOL.insert(3).unwrap_err().into_inner(), 3);
    /// drop((one, two));
    /// assert_eq!((POOL.stats().high_water, POOL.stats().exhausted), (2, 1));
    /// ```
    pub const fn with_recorder(recorder: R) -> Self {
        Self { core: Core::new(Drops { recorder }) }
    }

    /// Moves a value into a free slot.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], with the value in it, if there was no free slot where it looked.
    #[inline]
    #[track_caller]
    pub fn insert(&self, value: T) -> Result<PoolBox<'_, T, R>, Exhausted<T>> {
        self.insert_by(R::Mark::call(), value)
    }

    #[inline]
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method is of one lifetime, not of all"
    )]
    pub(crate) fn insert_by(&self, call: Call<R>, value: T) -> Result<PoolBox<'_, T, R>, Exhausted<T>> {
        let lease = Lease::borrow(&self.core, Wanted::Any, call, value, |slot, value| slot.fill(value));
        lease.map(Guard::new).map_err(|value| self.exhausted(value))
    }

    /// As [`insert`](Self::insert) of what `make` gives, which is called only when there is a slot for it.
    ///
    /// If it panics the slot is free again.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], with `make` in it, if there was no free slot where it looked.
    #[inline]
    #[track_caller]
    pub fn insert_with<F: FnOnce() -> T>(&self, make: F) -> Result<PoolBox<'_, T, R>, Exhausted<F>> {
        self.insert_with_by(R::Mark::call(), make)
    }

    #[inline]
    pub(crate) fn insert_with_by<F: FnOnce() -> T>(
        &self,
        call: Call<R>,
        make: F,
    ) -> Result<PoolBox<'_, T, R>, Exhausted<F>> {
        let lease = Lease::borrow(&self.core, Wanted::Any, call, make, |slot, make| slot.fill(make()));
        lease.map(Guard::new).map_err(|make| self.exhausted(make))
    }

    /// As [`insert`](Self::insert), tried again as `policy` says. A recorder counts every try that fails.
    ///
    /// (For a value that is made in its slot: `policy.run(|| pool.insert_with(make))`.)
    ///
    /// # Errors
    ///
    /// [`Exhausted`], with the value in it, if the last try found no free slot.
    #[track_caller]
    pub fn insert_retrying<C, W>(
        &self,
        value: T,
        policy: &RetryPolicy<C, W>,
    ) -> Result<PoolBox<'_, T, R>, Exhausted<T>>
    where
        C: Clock,
        W: Fn(Duration),
    {
        let call = R::Mark::call();
        policy.run_with(value, |value| self.insert_by(call, value), Exhausted::into_inner)
    }

    #[cold]
    fn exhausted<X>(&self, input: X) -> Exhausted<X> {
        self.core.keeper().recorder.exhausted();
        Exhausted::new(input, N)
    }

    /// How many slots there are: `N`.
    pub const fn capacity(&self) -> usize {
        N
    }

    /// How many slots are taken. Counted by looking at each; while others work, one of the numbers that it may have
    /// been.
    pub fn in_use(&self) -> usize {
        self.core.in_use()
    }

    /// What is out at the moment: slots that are taken, and where, if the recorder remembers it
    /// ([`Placed`](crate::stats::Placed)). Values that are just being made or dropped are among them. Each slot is looked at once, when the iterator
    /// comes to it.
    pub fn held(&self) -> impl Iterator<Item = Held> {
        self.core.held().map(Held::new)
    }

    /// What was counted, if the recorder counts.
    pub fn counts(&self) -> Option<PoolStats> {
        self.core.keeper().recorder.counts(N)
    }

    #[doc(hidden)]
    pub fn validate(&self) {
        self.core.validate();
    }
}

impl<T, const N: usize, R: PoolCounter> BoxPool<T, N, R> {
    /// What was counted.
    pub fn stats(&self) -> PoolStats {
        self.core.keeper().recorder.pool(N)
    }
}

impl<T, const N: usize> Default for BoxPool<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize, R: PoolRecorder> fmt::Debug for BoxPool<T, N, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxPool")
            .field("capacity", &N)
            .field("in_use", &self.in_use())
            .finish_non_exhaustive()
    }
}
