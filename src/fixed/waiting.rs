//! `Waiting`: a pool that can be waited for.

use super::box_pool::{BoxPool, Drops};
use super::guard::Guard;
use super::held::Held;
use super::pool::{Pool, Pooled, Recycle, Recycles};
use crate::error::Exhausted;
use crate::raw::slots::{Call, Home, Owner};
use crate::raw::waiters::{Holder, Seat, Wait, Waiter, Waiters};
use crate::stats::{Mark, PoolRecorder, PoolStats};
use core::fmt;
use core::future::{Future, poll_fn};
use core::mem;
use core::ops::{Deref, DerefMut};
use core::task::Poll;

/// Around a [`Pool`], a [`BoxPool`] or an `ObjectPool`: the same, and who finds none left can wait until something comes back.
///
/// A task waits by [`acquire_async`](Self::acquire_async) or [`insert_async`](Self::insert_async), under any executor and without a heap; a
/// thread by `acquire_blocking`, `acquire_timeout`, `insert_blocking` and `insert_timeout` (`std`). What does not wait is there as well.
/// It is `const`, and all zero if the pool is.
///
/// ```
/// use larder::pool::{Pool, Waiting};
///
/// static SOCKETS: Waiting<Pool<String, 4>> = Waiting::new(Pool::new());
///
/// async fn send(text: &str) {
///     let mut socket = SOCKETS.acquire_async().await; // when there is one
///     socket.push_str(text);
/// } // and now for the next
/// # core::mem::drop(send("hello"));
/// ```
///
/// Take the pool alone if nobody waits: it has nothing to do with any of this. Take [`RetryPolicy`](crate::pool::RetryPolicy) to wait by a clock,
/// with pauses of your choice.
///
/// # Cost
///
/// Beside the pool: 24 bytes for each of `WAITERS` *seats* (on 64 bits) and a word. To acquire costs what the pool costs. A guard is larger by a
/// reference, and its drop costs a fence and a load of that word more; if somebody waits, also a look at each seat, and two
/// read-modify-writes and the call of a waker for each that is taken. One who begins to wait looks into the pool twice; a recorder counts each look that
/// finds none.
///
/// # Who is woken, and when
///
/// All who wait, each time that something comes back: at most `WAITERS` of them. One gets it, or one who came just then and never waited; the others wait
/// on in their seats. Nobody is woken for nothing, but there is no queue: **fairness is not promised**, and one who has bad luck waits as long as
/// others come and take. In return nothing is lost with a task that is dropped, or never polled again, after it was woken.
///
/// Those who find all seats taken wait all the same: a task asks to be polled again at once, so that its executor goes in circles until a seat or an
/// object is free, and a thread looks every millisecond. So give it as many seats as may have to wait; more cost memory, and a load at each release
/// while somebody waits.
///
/// Who waits for a pool of no slots waits for ever.
///
/// # Contention, interrupts, panics
///
/// Lock-free, and bounded by the pool and the seats, as far as nobody waits; a guard can be dropped in an interrupt, which then calls wakers. A
/// thread that stops for ever while it waits keeps its seat; one that stops while it gives back, what it was giving back; while it wakes, a seat. Wakers
/// are called when all is done, and may use the pool (though one that gives something back each time is called each time). If one panics the others are woken, and the panic goes on out of the guard's drop; if a
/// reset hook, a destructor or a factory panics the slot that is free then is told, too. A future that is leaked
/// ([`core::mem::forget`]) keeps its seat and its waker.
///
/// # Not for
///
/// A thread that waits for what it holds itself waits for ever. An `ObjectPool` has handles: what comes back to another handle than the one in here
/// is in the pool, but wakes nobody.
pub struct Waiting<P, const WAITERS: usize = 8> {
    pool: P,
    waiters: Waiters<[Seat; WAITERS]>,
}

/// A pool that [`Waiting`] can be put around: implemented by the three there are, and only by them.
pub trait Waitable {
    #[doc(hidden)]
    fn slots(&self) -> usize;
    #[doc(hidden)]
    fn taken(&self) -> usize;
    #[doc(hidden)]
    fn kept(&self) -> usize;
    #[doc(hidden)]
    fn drop_kept(&self, keep: usize) -> usize;
    #[doc(hidden)]
    fn list_held(&self) -> impl Iterator<Item = Held>;
    #[doc(hidden)]
    fn counted(&self) -> Option<PoolStats>;
    #[doc(hidden)]
    fn bytes(&self) -> usize;
    #[doc(hidden)]
    fn check(&self);
}

/// A pool that keeps its objects: [`Pool`] and `ObjectPool`, and only these.
pub trait WaitableObjects: Waitable {
    /// What is pooled.
    type Object;
    /// How it is made, and made fit for the next user.
    type Recycle: Recycle<Self::Object>;
    /// What counts.
    type Recorder: PoolRecorder;
    #[doc(hidden)]
    #[allow(clippy::type_complexity, reason = "it has a name, but not here, where its parts are named")]
    fn take(
        &self,
        call: Call<Self::Recorder>,
    ) -> Result<Pooled<'_, Self::Object, Self::Recycle, Self::Recorder>, Exhausted>;
}

/// An object out of a pool that is [waited for](Waiting). When this is dropped it goes back, and then those who wait are woken.
///
/// All else is as with the pool's own [`Guard`]. The aliases [`AwaitedBox`] and [`AwaitedPooled`] spell the parameters out (and
/// `AwaitedOwned`, with `alloc`).
#[must_use = "dropping the guard gives the object back"]
pub struct Awaited<T, O: Owner<T>, H: Holder> {
    // Dropped in this order, the second also if the first panics.
    guard: Guard<T, O>,
    then: Tells<H>,
}

/// A value in a [`Waiting<BoxPool>`](Waiting).
pub type AwaitedBox<'a, T, R = crate::stats::Off> = Awaited<T, &'a Home<Drops<R>>, &'a Waiters>;

/// An object of a [`Waiting`] pool of the type `P`, which is [`Pool`] or `ObjectPool`.
///
/// ```
/// use larder::pool::{AwaitedPooled, Pool, Waiting};
///
/// type Buffers = Pool<Vec<u8>, 8>;
/// static BUFFERS: Waiting<Buffers> = Waiting::new(Pool::new());
///
/// struct Request {
///     body: AwaitedPooled<'static, Buffers>,
/// }
///
/// let request = Request { body: BUFFERS.acquire()? };
/// # drop(request.body);
/// # Ok::<(), larder::Exhausted>(())
/// ```
pub type AwaitedPooled<'a, P> = Awaited<
    <P as WaitableObjects>::Object,
    &'a Home<Recycles<<P as WaitableObjects>::Recycle, <P as WaitableObjects>::Recorder>>,
    &'a Waiters,
>;

/// Tells those who wait that a slot is free, when it is dropped.
pub(crate) struct Tells<H: Holder>(H);

impl<H: Holder> Drop for Tells<H> {
    #[inline]
    fn drop(&mut self) {
        self.0.waiters().tell();
    }
}

impl<P, const WAITERS: usize> Waiting<P, WAITERS> {
    /// Around that pool.
    ///
    /// How many may wait in seats is the type's second parameter, 8 if nothing is said:
    ///
    /// ```
    /// use larder::pool::{BoxPool, Waiting};
    ///
    /// static JOBS: Waiting<BoxPool<[u8; 32], 16>, 64> = Waiting::new(BoxPool::new());
    /// # assert_eq!(JOBS.capacity(), 16);
    /// ```
    pub const fn new(pool: P) -> Self {
        Self { pool, waiters: Waiters::new() }
    }

    /// The pool alone. (Nobody waits: that would be a borrow.)
    pub fn into_inner(self) -> P {
        self.pool
    }

    #[inline]
    pub(crate) fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    pub(crate) const fn pool(&self) -> &P {
        &self.pool
    }

    /// Does what may free a slot, as a whole or when it panics, and then tells those who wait.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&P) -> R) -> R {
        let _then = Tells(self.waiters());
        change(&self.pool)
    }

    /// Does what takes a slot, or does not, and frees one only if it panics: then it tells those who wait.
    #[inline]
    pub(crate) fn attempt<'a, R>(&'a self, attempt: impl FnOnce(&'a P) -> R) -> R {
        let if_it_panics = Tells(self.waiters());
        let outcome = attempt(&self.pool);
        mem::forget(if_it_panics);
        outcome
    }
}

impl<P: Waitable, const WAITERS: usize> Waiting<P, WAITERS> {
    /// How many slots there are.
    pub fn capacity(&self) -> usize {
        self.pool.slots()
    }

    /// How many slots are taken. Counted as the pool counts them.
    pub fn in_use(&self) -> usize {
        self.pool.taken()
    }

    /// How many objects wait for their next user: none, in a [`BoxPool`]. Counted as [`in_use`](Self::in_use) is.
    pub fn idle(&self) -> usize {
        self.pool.kept()
    }

    /// Drops objects that wait for a user, so that no more than `keep` of them are left, and says how many it dropped.
    ///
    /// While an object's destructor runs its slot is taken; those who wait for a slot meanwhile are woken afterwards. If it panics, the rest stays for the
    /// next trim.
    pub fn trim(&self, keep: usize) -> usize {
        self.change(|pool| pool.drop_kept(keep))
    }

    /// What is out at the moment, and where it was acquired, as the pool lists it.
    pub fn held(&self) -> impl Iterator<Item = Held> {
        self.pool.list_held()
    }

    /// What was counted, if the pool's recorder counts.
    pub fn counts(&self) -> Option<PoolStats> {
        self.pool.counted()
    }

    #[doc(hidden)]
    pub fn validate(&self) {
        self.pool.check();
        self.waiters().validate();
    }

    /// How many sit and wait. For tests, when all is done.
    #[doc(hidden)]
    pub fn seated(&self) -> usize {
        self.waiters().seated()
    }
}

impl<P: WaitableObjects, const WAITERS: usize> Waiting<P, WAITERS> {
    /// Hands out an object if there is one now, and does not wait.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], if there was no free slot where it looked.
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Result<AwaitedPooled<'_, P>, Exhausted> {
        self.acquire_by(<P::Recorder as PoolRecorder>::Mark::call())
    }

    #[inline]
    pub(crate) fn acquire_by(&self, call: Call<P::Recorder>) -> Result<AwaitedPooled<'_, P>, Exhausted> {
        self.attempt(|pool| pool.take(call)).map(|guard| Awaited::new(guard, self.waiters()))
    }

    /// Hands out an object, when there is one. See [`Waiting`] for who gets it.
    ///
    /// The future takes no memory but its own, and runs under any executor. Dropping it ends the wait, and loses nothing.
    ///
    /// ```
    /// use core::future::Future;
    /// use core::pin::pin;
    /// use core::task::{Context, Waker};
    /// use larder::pool::{Pool, Waiting};
    ///
    /// static BUFFERS: Waiting<Pool<Vec<u8>, 1>> = Waiting::new(Pool::new());
    ///
    /// let first = BUFFERS.acquire()?;
    /// let mut second = pin!(BUFFERS.acquire_async());
    /// let mut context = Context::from_waker(Waker::noop()); // an executor's
    /// assert!(second.as_mut().poll(&mut context).is_pending());
    /// drop(first);
    /// assert!(second.as_mut().poll(&mut context).is_ready());
    /// # Ok::<(), larder::Exhausted>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the factory does, out of the poll. The future can be polled again then.
    #[track_caller]
    pub fn acquire_async(&self) -> impl Future<Output = AwaitedPooled<'_, P>> {
        let call = <P::Recorder as PoolRecorder>::Mark::call();
        wait(self.waiters(), move || self.acquire_by(call).ok())
    }
}

impl<T, const N: usize, R: PoolRecorder, const WAITERS: usize> Waiting<BoxPool<T, N, R>, WAITERS> {
    /// Moves a value into a free slot if there is one now, and does not wait.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], with the value in it, if there was no free slot where it looked.
    #[inline]
    #[track_caller]
    pub fn insert(&self, value: T) -> Result<AwaitedBox<'_, T, R>, Exhausted<T>> {
        self.insert_by(R::Mark::call(), value)
    }

    #[inline]
    pub(crate) fn insert_by(&self, call: Call<R>, value: T) -> Result<AwaitedBox<'_, T, R>, Exhausted<T>> {
        // No code of the user's is called that could panic.
        self.pool.insert_by(call, value).map(|guard| Awaited::new(guard, self.waiters()))
    }

    /// As [`insert`](Self::insert) of what `make` gives, which is called only when there is a slot for it.
    ///
    /// If it panics the slot is free again, and those who wait are woken.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], with `make` in it, if there was no free slot where it looked.
    #[inline]
    #[track_caller]
    pub fn insert_with<F: FnOnce() -> T>(&self, make: F) -> Result<AwaitedBox<'_, T, R>, Exhausted<F>> {
        let call = R::Mark::call();
        self.attempt(|pool| pool.insert_with_by(call, make)).map(|guard| Awaited::new(guard, self.waiters()))
    }

    /// Moves a value into a free slot, when there is one. See [`Waiting`] for whose turn it is.
    ///
    /// The value is the future's until then: dropping the future ends the wait and drops the value. (Who wants it back keeps it, and calls
    /// [`insert_with`](Self::insert_with) when he is woken; or lends it, as `&mut Option<T>`.)
    ///
    /// ```
    /// use larder::pool::{BoxPool, Waiting};
    ///
    /// static JOBS: Waiting<BoxPool<[u8; 32], 16>> = Waiting::new(BoxPool::new());
    ///
    /// async fn submit(job: [u8; 32]) {
    ///     let job = JOBS.insert_async(job).await;
    ///     // ...
    /// #   drop(job);
    /// }
    /// # drop(submit([0; 32]));
    /// ```
    ///
    /// # Panics
    ///
    /// If it is polled again after it was done.
    #[track_caller]
    pub fn insert_async(&self, value: T) -> impl Future<Output = AwaitedBox<'_, T, R>> {
        let call = R::Mark::call();
        let mut value = Some(value);
        wait(self.waiters(), move || self.insert_from(call, &mut value))
    }

    /// Moves the value out of there into a free slot. If there is none it stays.
    pub(crate) fn insert_from(&self, call: Call<R>, value: &mut Option<T>) -> Option<AwaitedBox<'_, T, R>> {
        let own = value.take().expect("a value goes in once");
        self.insert_by(call, own).map_err(|refused| *value = Some(refused.into_inner())).ok()
    }
}

/// What `look` finds, when it does.
pub(crate) fn wait<H: Holder, G>(holder: H, mut look: impl FnMut() -> Option<G>) -> impl Future<Output = G> {
    let mut waiter = Waiter::new(holder);
    poll_fn(move |context| match waiter.wait(context.waker(), &mut look) {
        Wait::Found(found) => Poll::Ready(found),
        Wait::Seated => Poll::Pending,
        Wait::Standing => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
}

impl<T, O: Owner<T>, H: Holder> Awaited<T, O, H> {
    #[inline]
    pub(crate) fn new(guard: Guard<T, O>, holder: H) -> Self {
        Self { guard, then: Tells(holder) }
    }

    /// Takes the object out of the pool for good. Its slot is free at once, and those who wait are woken.
    ///
    /// A function, not a method, so that it does not hide one of the object's.
    pub fn into_inner(guard: Self) -> T {
        let Self { guard, then } = guard;
        let object = Guard::into_inner(guard);
        drop(then);
        object
    }
}

impl<T, O: Owner<T>, H: Holder> Deref for Awaited<T, O, H> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T, O: Owner<T>, H: Holder> DerefMut for Awaited<T, O, H> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

impl<T, O: Owner<T>, H: Holder> AsRef<T> for Awaited<T, O, H> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T, O: Owner<T>, H: Holder> AsMut<T> for Awaited<T, O, H> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: fmt::Debug, O: Owner<T>, H: Holder> fmt::Debug for Awaited<T, O, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: fmt::Display, O: Owner<T>, H: Holder> fmt::Display for Awaited<T, O, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<P: fmt::Debug, const WAITERS: usize> fmt::Debug for Waiting<P, WAITERS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("pool", &self.pool).field("seats", &WAITERS).finish_non_exhaustive()
    }
}

impl<P: Default, const WAITERS: usize> Default for Waiting<P, WAITERS> {
    fn default() -> Self {
        Self::new(P::default())
    }
}

impl<T, const N: usize, R: PoolRecorder> Waitable for BoxPool<T, N, R> {
    fn slots(&self) -> usize {
        N
    }

    fn taken(&self) -> usize {
        self.in_use()
    }

    fn kept(&self) -> usize {
        0
    }

    fn drop_kept(&self, _: usize) -> usize {
        0
    }

    fn list_held(&self) -> impl Iterator<Item = Held> {
        self.held()
    }

    fn counted(&self) -> Option<PoolStats> {
        self.counts()
    }

    fn bytes(&self) -> usize {
        size_of_val(self)
    }

    fn check(&self) {
        self.validate();
    }
}

impl<T, const N: usize, M: Recycle<T>, R: PoolRecorder> Waitable for Pool<T, N, M, R> {
    fn slots(&self) -> usize {
        N
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
        size_of_val(self)
    }

    fn check(&self) {
        self.validate();
    }
}

impl<T, const N: usize, M: Recycle<T>, R: PoolRecorder> WaitableObjects for Pool<T, N, M, R> {
    type Object = T;
    type Recycle = M;
    type Recorder = R;

    #[inline]
    fn take(&self, call: Call<R>) -> Result<Pooled<'_, T, M, R>, Exhausted> {
        self.acquire_by(call)
    }
}
