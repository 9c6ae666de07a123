//! Threads that wait for a pool.

use crate::error::Exhausted;
use crate::fixed::box_pool::BoxPool;
use crate::fixed::pool::Recycle;
use crate::fixed::waiting::{AwaitedBox, AwaitedPooled, WaitableObjects, Waiting};
use crate::heap::object_pool::ObjectPool;
use crate::heap::waiting::AwaitedOwned;
use crate::raw::waiters::{Wait, Waiter, Waiters};
use crate::stats::{Mark, PoolRecorder};
use crate::sync::{AtomicU8, Ordering, SystemInstant, Thread, park};
use alloc::sync::Arc;
use alloc::task::Wake;
use core::task::Waker;
use core::time::Duration;

/// How long a thread rests that found no seat: long beside what it costs to look, and short for who waits.
const BRIEF: Duration = Duration::from_millis(1);

/// A thread that rests until it is woken.
struct Sleeper {
    thread: Thread,
    /// Beside the thread's own token, which other code on this thread can use up.
    is_woken: AtomicU8,
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: pairs with the Acquire of `rest`: what was done before is seen after it.
        self.is_woken.store(1, Ordering::Release);
        self.thread.unpark();
    }
}

impl Sleeper {
    fn new() -> Arc<Self> {
        let sleeper = Self { thread: Thread::this(), is_woken: AtomicU8::new(0) };
        sleeper.has_been_woken();
        Arc::new(sleeper)
    }

    /// Whether it was woken since it was last asked.
    fn has_been_woken(&self) -> bool {
        // Acquire: pairs with the Release of `wake_by_ref`.
        self.is_woken.swap(0, Ordering::Acquire) != 0
    }

    /// Until it is woken, for so long at most, or until the thread is unparked for another reason.
    fn rest(&self, most: Option<Duration>) {
        if !self.has_been_woken() {
            park(most);
        }
    }
}

/// What `look` finds, when it does.
fn block<G>(waiters: &Waiters, mut look: impl FnMut() -> Option<G>) -> G {
    loop {
        // (None is for waits that have an end.)
        if let Some(found) = look().or_else(|| rest_until(None, waiters, &mut look)) {
            return found;
        }
    }
}

/// The same; nothing, if it has found nothing when the time is over.
fn block_for<G>(waiters: &Waiters, most: Duration, mut look: impl FnMut() -> Option<G>) -> Option<G> {
    // Before anything is made, and the clock is read.
    let found = look();
    if found.is_some() || most.is_zero() {
        return found;
    }
    // A time that the clock will never show is none.
    rest_until(SystemInstant::now().checked_add(most), waiters, look)
}

fn rest_until<G>(
    end: Option<SystemInstant>,
    waiters: &Waiters,
    mut look: impl FnMut() -> Option<G>,
) -> Option<G> {
    let sleeper = Sleeper::new();
    let waker = Waker::from(Arc::clone(&sleeper));
    let mut waiter = Waiter::new(waiters);
    loop {
        let longest = match waiter.wait(&waker, &mut look) {
            Wait::Found(found) => return Some(found),
            Wait::Seated => None,
            Wait::Standing => Some(BRIEF),
        };
        let left = end.map(|end| end.saturating_duration_since(SystemInstant::now()));
        if left == Some(Duration::ZERO) {
            return None;
        }
        sleeper.rest(left.into_iter().chain(longest).min());
    }
}

impl<P: WaitableObjects, const WAITERS: usize> Waiting<P, WAITERS> {
    /// Hands out an object; while there is none, this thread waits. See [`Waiting`] for who gets it.
    ///
    /// One who has to wait allocates a few words.
    ///
    /// ```
    /// use larder::pool::{Pool, Waiting};
    /// use std::thread;
    ///
    /// static BUFFERS: Waiting<Pool<Vec<u8>, 1>> = Waiting::new(Pool::new());
    ///
    /// let buffer = BUFFERS.acquire()?;
    /// thread::scope(|scope| {
    ///     scope.spawn(|| BUFFERS.acquire_blocking().push(1));
    ///     drop(buffer);
    /// });
    /// # Ok::<(), larder::Exhausted>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the factory does.
    #[track_caller]
    pub fn acquire_blocking(&self) -> AwaitedPooled<'_, P> {
        let call = <P::Recorder as PoolRecorder>::Mark::call();
        block(self.waiters(), || self.acquire_by(call).ok())
    }

    /// As [`acquire_blocking`](Self::acquire_blocking), but for so long at most, by the system's clock.
    ///
    /// Zero does not wait, and `Duration::MAX` has no end.
    ///
    /// ```
    /// use core::time::Duration;
    /// use larder::pool::{Pool, Waiting};
    ///
    /// static BUFFERS: Waiting<Pool<Vec<u8>, 1>> = Waiting::new(Pool::new());
    ///
    /// let buffer = BUFFERS.acquire_timeout(Duration::from_secs(1))?;
    /// assert!(BUFFERS.acquire_timeout(Duration::from_millis(1)).is_err());
    /// # drop(buffer);
    /// # Ok::<(), larder::Exhausted>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Exhausted`], if there was none when the time was over.
    ///
    /// # Panics
    ///
    /// If the factory does; or if it has to wait where the system has no clock, as in a browser without the feature `web-time`.
    #[track_caller]
    pub fn acquire_timeout(&self, most: Duration) -> Result<AwaitedPooled<'_, P>, Exhausted> {
        let call = <P::Recorder as PoolRecorder>::Mark::call();
        let found = block_for(self.waiters(), most, || self.acquire_by(call).ok());
        found.ok_or_else(|| Exhausted::new((), self.pool().slots()))
    }
}

impl<T, const N: usize, R: PoolRecorder, const WAITERS: usize> Waiting<BoxPool<T, N, R>, WAITERS> {
    /// Moves a value into a free slot; while there is none, this thread waits. See [`Waiting`] for whose turn it is.
    ///
    /// One who has to wait allocates a few words.
    #[track_caller]
    pub fn insert_blocking(&self, value: T) -> AwaitedBox<'_, T, R> {
        let call = R::Mark::call();
        let mut value = Some(value);
        block(self.waiters(), || self.insert_from(call, &mut value))
    }

    /// As [`insert_blocking`](Self::insert_blocking), but for so long at most, by the system's clock.
    ///
    /// Zero does not wait, and `Duration::MAX` has no end.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], with the value in it, if there was no free slot when the time was over.
    ///
    /// # Panics
    ///
    /// If it has to wait where the system has no clock, as in a browser without the feature `web-time`.
    #[track_caller]
    pub fn insert_timeout(&self, value: T, most: Duration) -> Result<AwaitedBox<'_, T, R>, Exhausted<T>> {
        let call = R::Mark::call();
        let mut value = Some(value);
        let found = block_for(self.waiters(), most, || self.insert_from(call, &mut value));
        // One of the two is there.
        match value {
            None => Ok(found.expect("what went in has a guard")),
            Some(value) => Err(Exhausted::new(value, N)),
        }
    }
}

impl<T, M: Recycle<T>, R: PoolRecorder, const WAITERS: usize> Waiting<ObjectPool<T, M, R>, WAITERS> {
    /// As [`acquire_blocking`](Self::acquire_blocking), but the guard keeps all of this alive and can go anywhere.
    ///
    /// # Panics
    ///
    /// If the factory does.
    #[track_caller]
    pub fn acquire_owned_blocking(self: &Arc<Self>) -> AwaitedOwned<T, M, R, WAITERS> {
        let call = R::Mark::call();
        block(self.waiters(), || self.acquire_owned_by(call).ok())
    }

    /// As [`acquire_timeout`](Self::acquire_timeout), but the guard keeps all of this alive and can go anywhere.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], if there was none when the time was over.
    ///
    /// # Panics
    ///
    /// As [`acquire_timeout`](Self::acquire_timeout).
    #[track_caller]
    pub fn acquire_owned_timeout(
        self: &Arc<Self>,
        most: Duration,
    ) -> Result<AwaitedOwned<T, M, R, WAITERS>, Exhausted> {
        let call = R::Mark::call();
        let found = block_for(self.waiters(), most, || self.acquire_owned_by(call).ok());
        found.ok_or_else(|| Exhausted::new((), self.capacity()))
    }
}
