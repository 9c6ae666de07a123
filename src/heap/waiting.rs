//! `ObjectPool`, when it can be waited for: also by guards that keep it.

use super::object_pool::{Hooks, ObjectPool};
use crate::error::Exhausted;
use crate::fixed::held::Held;
use crate::fixed::pool::{Pooled, Recycle, Recycles};
use crate::fixed::waiting::{Awaited, Waitable, WaitableObjects, Waiting, wait};
use crate::raw::heap::Heap;
use crate::raw::slots::{Call, Core};
use crate::raw::waiters::{Holder, Waiters};
use crate::stats::{Mark, PoolRecorder, PoolStats, Shared};
use alloc::sync::Arc;
use core::future::Future;

/// An object of a [`Waiting<ObjectPool>`](Waiting) whose guard keeps it alive.
pub type AwaitedOwned<T, M = Hooks<T>, R = Shared, const WAITERS: usize = 8> =
    Awaited<T, Arc<Core<T, Heap, Recycles<M, R>>>, Arc<Waiting<ObjectPool<T, M, R>, WAITERS>>>;

impl<P, const WAITERS: usize> Holder for Arc<Waiting<P, WAITERS>> {
    #[inline]
    fn waiters(&self) -> &Waiters {
        Waiting::waiters(self)
    }
}

impl<T, M: Recycle<T>, R: PoolRecorder> Waitable for ObjectPool<T, M, R> {
    fn slots(&self) -> usize {
        self.max_size()
    }

    fn taken(&self) -> usize {
        self.in_use()
    }

    fn kept(&self) -> usize {
        self.idle()
    }

    fn drop_kept(&self, keep: usize) -> usize {
        self.trim(keep)
    }

    fn list_held(&self) -> impl Iterator<Item = Held> {
        self.held()
    }

    fn counted(&self) -> Option<PoolStats> {
        self.counts()
    }

    fn bytes(&self) -> usize {
        self.memory_size()
    }

    fn check(&self) {
        self.validate();
    }
}

impl<T, M: Recycle<T>, R: PoolRecorder> WaitableObjects for ObjectPool<T, M, R> {
    type Object = T;
    type Recycle = M;
    type Recorder = R;

    #[inline]
    fn take(&self, call: Call<R>) -> Result<Pooled<'_, T, M, R>, Exhausted> {
        self.acquire_by(call)
    }
}

impl<T, M: Recycle<T>, R: PoolRecorder, const WAITERS: usize> Waiting<ObjectPool<T, M, R>, WAITERS> {
    /// The pool's name.
    pub fn name(&self) -> &str {
        self.pool().name()
    }

    /// As [`acquire`](Self::acquire), but the guard keeps all of this alive and can go anywhere.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], if there was no free slot where it looked.
    #[track_caller]
    pub fn acquire_owned(self: &Arc<Self>) -> Result<AwaitedOwned<T, M, R, WAITERS>, Exhausted> {
        self.acquire_owned_by(R::Mark::call())
    }

    pub(crate) fn acquire_owned_by(
        self: &Arc<Self>,
        call: Call<R>,
    ) -> Result<AwaitedOwned<T, M, R, WAITERS>, Exhausted> {
        let guard = self.attempt(|pool| pool.acquire_owned_by(call))?;
        Ok(Awaited::new(guard, Arc::clone(self)))
    }

    /// As [`acquire_async`](Self::acquire_async), but the guard and the future keep all of this alive and can go anywhere.
    ///
    /// ```
    /// use larder::pool::{AwaitedOwned, ObjectPool, Waiting};
    /// use std::sync::Arc;
    ///
    /// let pool = Arc::new(Waiting::<_>::new(ObjectPool::new("buffers", 64, || Vec::<u8>::with_capacity(4096))));
    ///
    /// // For any task.
    /// let buffer = pool.acquire_owned_async();
    /// drop(pool);
    /// let task = async {
    ///     let buffer: AwaitedOwned<Vec<u8>> = buffer.await;
    ///     buffer.capacity()
    /// };
    /// # drop(task);
    /// ```
    ///
    /// # Panics
    ///
    /// If the factory does, out of the poll. The future can be polled again then.
    #[track_caller]
    pub fn acquire_owned_async(
        self: &Arc<Self>,
    ) -> impl Future<Output = AwaitedOwned<T, M, R, WAITERS>> + use<T, M, R, WAITERS> {
        let call = R::Mark::call();
        let own = Arc::clone(self);
        wait(Arc::clone(self), move || own.acquire_owned_by(call).ok())
    }
}
