//! `ObjectPool`: a named pool with a size of run time.

use crate::error::{CapacityError, Exhausted};
use crate::fixed::guard::Guard;
use crate::fixed::held::Held;
use crate::fixed::pool::{Pooled, Recycle, Recycles};
use crate::raw::heap::Heap;
use crate::raw::slots::{Call, Core, Lease};
use crate::retry::RetryPolicy;
use crate::stats::{Mark, PoolCounter, PoolRecorder, PoolStats, Shared};
use crate::time::Clock;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

/// A named pool of up to `max_size` objects that are made when first needed, kept when they come back, and handed out
/// again.
///
/// It is a handle: clones are the same pool. [`acquire`](Self::acquire) gives a guard that borrows the handle,
/// [`acquire_owned`](Self::acquire_owned) one that can go anywhere; dropping the guard resets the object and gives it back.
///
/// Take [`Pool`](crate::pool::Pool) instead if the size is known when the program is written: it needs no heap and lives in a
/// `static`.
///
/// ```
/// use larder::pool::ObjectPool;
///
/// let buffers = ObjectPool::with_reset("buffers", 64, || Vec::<u8>::with_capacity(4096), |buffer| buffer.clear());
///
/// let mut buffer = buffers.acquire()?;
/// buffer.extend_from_slice(b"hello");
/// drop(buffer); // emptied, and kept with its memory
///
/// assert!(buffers.acquire()?.capacity() >= 4096);
/// assert_eq!((buffers.stats().acquired, buffers.stats().high_water), (2, 1));
/// # Ok::<(), larder::Exhausted>(())
/// ```
///
/// # Cost
///
/// The size of `T` and one byte for each of `max_size` slots, and on processors of 64 bits up to six KiB more, for which threads there
/// do not meet in a line of the cache; allocated when the pool is made. Objects are made later. Acquire
/// and release take the same steps as those of [`Pool`](crate::pool::Pool). The pool counts by default ([`Shared`]), for up to
/// five more atomic operations; [`try_with_recorder`](Self::try_with_recorder) makes one that does not.
///
/// # Contention, interrupts, panics
///
/// As [`Pool`](crate::pool::Pool), but for two things. Up to 32 threads do not slow each other down as long as there are objects for all,
/// each beginning with the slot that it found last: if they [borrow](Self::acquire) them, since the handle's count is one word for all, if the pool
/// does not count, and if objects are as large as a line of the cache. And a call that says [`Exhausted`] may have looked at a slot once more.
///
/// If the factory panics, nothing was acquired. If the reset hook or an object's destructor
/// panics, that object is out of circulation, and its slot is free for a new one. A handle or an owned guard may free
/// memory when it is dropped, so keep those out of interrupts.
pub struct ObjectPool<T, M: Recycle<T> = Hooks<T>, R: PoolRecorder = Shared> {
    name: Arc<str>,
    core: Arc<Core<T, Heap, Recycles<M, R>>>,
}

/// An object of an [`ObjectPool`] whose guard keeps the pool alive.
pub type OwnedPooled<T, M = Hooks<T>, R = Shared> = Guard<T, Arc<Core<T, Heap, Recycles<M, R>>>>;

/// A factory and a reset hook as closures: what an [`ObjectPool`] is made with if nothing else is said.
pub struct Hooks<T> {
    create: Box<dyn Fn() -> T + Send + Sync>,
    reset: Option<Reset<T>>,
}

type Reset<T> = Box<dyn Fn(&mut T) + Send + Sync>;

impl<T> Hooks<T> {
    /// A factory, and objects that stay as they are when they come back.
    pub fn new(factory: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self { create: Box::new(factory), reset: None }
    }

    /// The same factory, and `reset` for objects that come back.
    #[must_use]
    pub fn with_reset(self, reset: impl Fn(&mut T) + Send + Sync + 'static) -> Self {
        Self { reset: Some(Box::new(reset)), ..self }
    }
}

impl<T> Recycle<T> for Hooks<T> {
    fn create(&self) -> T {
        (self.create)()
    }

    fn reset(&self, object: &mut T) {
        if let Some(reset) = &self.reset {
            reset(object);
        }
    }
}

impl<T> fmt::Debug for Hooks<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("resets", &self.reset.is_some()).finish_non_exhaustive()
    }
}

impl<T> ObjectPool<T> {
    /// A pool of up to `max_size` objects that `factory` makes, and that stay as they are when they come back.
    ///
    /// # Panics
    ///
    /// If there is no memory for that many slots; see [`try_with_recorder`](Self::try_with_recorder).
    pub fn new(name: &str, max_size: usize, factory: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self::with_recycle(name, max_size, Hooks::new(factory))
    }

    /// As [`new`](Self::new), and `reset` makes an object that comes back fit for the next user.
    ///
    /// # Panics
    ///
    /// If there is no memory for that many slots; see [`try_with_recorder`](Self::try_with_recorder).
    pub fn with_reset(
        name: &str,
        max_size: usize,
        factory: impl Fn() -> T + Send + Sync + 'static,
        reset: impl Fn(&mut T) + Send + Sync + 'static,
    ) -> Self {
        Self::with_recycle(name, max_size, Hooks::new(factory).with_reset(reset))
    }
}

impl<T, M: Recycle<T>> ObjectPool<T, M> {
    /// A pool of up to `max_size` objects that are made and reset by a [`Recycle`] of your own.
    ///
    /// # Panics
    ///
    /// If there is no memory for that many slots; see [`try_with_recorder`](Self::try_with_recorder).
    pub fn with_recycle(name: &str, max_size: usize, recycle: M) -> Self {
        Self::try_with_recorder(name, max_size, recycle, Shared::new())
            .unwrap_or_else(|error| panic!("{error}"))
    }
}

impl<T, M: Recycle<T>, R: PoolRecorder> ObjectPool<T, M, R> {
    /// As [`with_recycle`](ObjectPool::with_recycle), with a recorder of your choice, and with an error if the slots can't be
    /// had. Closures are given as [`Hooks`].
    ///
    /// # Errors
    ///
    /// [`CapacityError`], if `max_size` is too large or there is no memory for that many slots.
    pub fn try_with_recorder(
        name: &str,
        max_size: usize,
        recycle: M,
        recorder: R,
    ) -> Result<Self, CapacityError> {
        let core = Core::try_on_heap(max_size, Recycles::new(recycle, recorder))?;
        Ok(Self { name: Arc::from(name), core: Arc::new(core) })
    }

    /// Hands out an object: one that came back, or else a new one. The guard borrows this handle.
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
        let lease =
            move |wanted| Lease::borrow(&*self.core, wanted, call, (), |slot, ()| keeper.see_to(slot));
        Recycles::acquire(&self.core, lease).map(Guard::new)
    }

    /// As [`acquire`](Self::acquire), but the guard keeps the pool alive and can go anywhere.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], if there was no free slot where it looked.
    #[track_caller]
    pub fn acquire_owned(&self) -> Result<OwnedPooled<T, M, R>, Exhausted> {
        self.acquire_owned_by(R::Mark::call())
    }

    pub(crate) fn acquire_owned_by(&self, call: Call<R>) -> Result<OwnedPooled<T, M, R>, Exhausted> {
        let keeper = self.core.keeper();
        let lease = move |wanted| Lease::share(&self.core, wanted, call, (), |slot, ()| keeper.see_to(slot));
        Recycles::acquire(&self.core, lease).map(Guard::new)
    }

    /// As [`acquire`](Self::acquire), tried again as `policy` says. A recorder counts every try that fails.
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

    /// As [`acquire_owned`](Self::acquire_owned), tried again as `policy` says. A recorder counts every try that fails.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], if the last try found no free slot.
    #[track_caller]
    pub fn acquire_owned_with<C, W>(
        &self,
        policy: &RetryPolicy<C, W>,
    ) -> Result<OwnedPooled<T, M, R>, Exhausted>
    where
        C: Clock,
        W: Fn(Duration),
    {
        let call = R::Mark::call();
        policy.run(|| self.acquire_owned_by(call))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many objects there can be.
    pub fn max_size(&self) -> usize {
        self.core.capacity()
    }

    /// How many bytes of memory its slots take, whether there are objects in them or not; without what those own elsewhere.
    pub fn memory_size(&self) -> usize {
        size_of::<Self>() + self.core.memory_size()
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
    ///
    /// ```
    /// use larder::pool::{Hooks, ObjectPool};
    /// use larder::stats::Placed;
    ///
    /// let pool = ObjectPool::try_with_recorder("sockets", 64, Hooks::new(String::new), Placed::new())?;
    /// core::mem::forget(pool.acquire_owned());
    /// for held in pool.held() {
    ///     println!("{}: {held}", pool.name()); // "sockets: slot 63 is held, acquired at src/main.rs:5:24"
    /// }
    /// assert_eq!(pool.held().count(), 1);
    /// # Ok::<(), larder::CapacityError>(())
    /// ```
    pub fn held(&self) -> impl Iterator<Item = Held> {
        self.core.held().map(Held::new)
    }

    /// What was counted, if the recorder counts.
    pub fn counts(&self) -> Option<PoolStats> {
        self.core.keeper().recorder().counts(self.max_size())
    }

    #[doc(hidden)]
    pub fn validate(&self) {
        self.core.validate();
    }
}

impl<T, M: Recycle<T>, R: PoolCounter> ObjectPool<T, M, R> {
    /// What was counted.
    pub fn stats(&self) -> PoolStats {
        self.core.keeper().recorder().pool(self.max_size())
    }
}

impl<T, M: Recycle<T>, R: PoolRecorder> Clone for ObjectPool<T, M, R> {
    /// Another handle of the same pool.
    fn clone(&self) -> Self {
        Self { name: Arc::clone(&self.name), core: Arc::clone(&self.core) }
    }
}

impl<T, M: Recycle<T>, R: PoolRecorder> fmt::Debug for ObjectPool<T, M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectPool")
            .field("name", &self.name)
            .field("max_size", &self.max_size())
            .field("in_use", &self.in_use())
            .field("idle", &self.idle())
            .finish_non_exhaustive()
    }
}
