//! `Waiting`: nobody sleeps while an object is free.
//!
//! A wait is two looks into the pool, each for an object and then for room, a seat, and a word beside; so most models have a bound. They
//! use `BoxPool`, whose look is the shortest, where nothing of the other pools matters.

use crate::explore::{explore, explore_preempted, join, spawn};
use crate::objects::{Cleaned, Ledger, Object, survive};
use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll, Waker};
use larder::pool::{AwaitedBox, BoxPool, Pool, Waitable, Waiting};
use loom::sync::atomic::AtomicUsize;

type Boxes<const N: usize, const SEATS: usize> = Waiting<BoxPool<Object, N>, SEATS>;

/// How often a task was woken. Who polls after a wake sees what was done before it, as with every executor; nothing else is ordered by it.
#[derive(Default)]
struct Task(AtomicUsize);

impl Task {
    fn woken(&self) -> usize {
        self.0.fetch_add(0, Ordering::Acquire)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// A task that waits.
struct Waits<F: Future> {
    task: Arc<Task>,
    future: Pin<Box<F>>,
    /// How often it was woken when it was polled last.
    seen: usize,
}

impl<F: Future> Waits<F> {
    fn new(future: F) -> Self {
        Self { task: Arc::default(), future: Box::pin(future), seen: 0 }
    }

    /// What it waited for, if it is there.
    fn poll(&mut self) -> Option<F::Output> {
        self.seen = self.task.woken();
        let waker = Waker::from(Arc::clone(&self.task));
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(found) => Some(found),
            Poll::Pending => None,
        }
    }

    fn is_woken(&self) -> bool {
        self.task.woken() > self.seen
    }

    /// Polls so often more, for whatever reason.
    fn poll_again(&mut self, most: usize) -> Option<F::Output> {
        (0..=most).find_map(|_| self.poll())
    }
}

/// A pool for a model's length: what its threads borrow is leaked. (It is small, and the models short.)
fn leak<P, const SEATS: usize>(pool: P) -> &'static Waiting<P, SEATS>
where
    P: Waitable,
{
    let pool: &Waiting<P, SEATS> = Box::leak(Box::new(Waiting::new(pool)));
    pool.validate();
    pool
}

fn boxes<const N: usize, const SEATS: usize>() -> &'static Boxes<N, SEATS> {
    leak(BoxPool::new())
}

fn hold<const N: usize, const SEATS: usize>(
    pool: &'static Boxes<N, SEATS>,
    ledger: &Ledger,
) -> AwaitedBox<'static, Object> {
    pool.insert(ledger.object()).expect("there is a slot")
}

fn wait_for<const N: usize, const SEATS: usize>(
    pool: &'static Boxes<N, SEATS>,
    ledger: &Ledger,
) -> Waits<impl Future<Output = AwaitedBox<'static, Object>> + use<N, SEATS>> {
    Waits::new(pool.insert_async(ledger.object()))
}

fn at_rest<P: Waitable, const SEATS: usize>(pool: &Waiting<P, SEATS>, ledger: &Ledger) {
    pool.validate();
    assert_eq!((pool.in_use(), pool.seated()), (0, 0), "a slot or a seat is lost");
    pool.trim(0);
    assert_eq!(ledger.alive(), 0, "an object is lost");
}

/// Who waited has it, or has been woken for it.
fn gets<F: Future>(mut waits: Waits<F>, found: Option<F::Output>) -> F::Output {
    assert!(found.is_some() || waits.is_woken(), "it sleeps while a slot is free");
    found.or_else(|| waits.poll()).expect("it was woken for nothing")
}

#[test]
fn a_release_meets_one_who_begins_to_wait() {
    explore(|| {
        let ledger = Ledger::default();
        let pool = boxes::<1, 1>();
        let guard = hold(pool, &ledger);
        let thread = spawn(move || drop(guard));
        let mut waits = wait_for(pool, &ledger);
        let found = waits.poll();
        join(thread);
        drop(gets(waits, found));
        at_rest(pool, &ledger);
    });
}

/// Its seat is another one then; the old waker is dropped by whoever looks at it last.
#[test]
fn a_release_meets_one_who_is_polled_with_another_waker() {
    explore_preempted(4, || {
        let ledger = Ledger::default();
        let pool = boxes::<1, 2>();
        let guard = hold(pool, &ledger);
        let mut waits = wait_for(pool, &ledger);
        assert!(waits.poll().is_none());
        let thread = spawn(move || drop(guard));
        let before = core::mem::take(&mut waits.task);
        let found = waits.poll();
        join(thread);
        drop(gets(waits, found));
        assert_eq!(Arc::strong_count(&before), 1, "a waker is lost");
        at_rest(pool, &ledger);
    });
}

/// Polled for no reason it looks again, and keeps its seat.
#[test]
fn a_release_meets_one_who_is_polled_again() {
    explore_preempted(4, || {
        let ledger = Ledger::default();
        let pool = boxes::<1, 1>();
        let guard = hold(pool, &ledger);
        let mut waits = wait_for(pool, &ledger);
        assert!(waits.poll().is_none());
        let thread = spawn(move || drop(guard));
        let found = waits.poll();
        join(thread);
        drop(gets(waits, found));
        at_rest(pool, &ledger);
    });
}

/// Both are woken by each, and each gets one.
#[test]
fn two_releases_meet_two_who_wait() {
    explore_preempted(2, || {
        let ledger = Ledger::default();
        let pool = boxes::<2, 2>();
        let threads = [(); 2].map(|()| hold(pool, &ledger)).map(|guard| spawn(move || drop(guard)));
        let mut both = [(); 2].map(|()| wait_for(pool, &ledger));
        let found = both.each_mut().map(Waits::poll);
        threads.into_iter().for_each(join);
        let guards: Vec<_> = both.into_iter().zip(found).map(|(waits, found)| gets(waits, found)).collect();
        drop(guards);
        at_rest(pool, &ledger);
    });
}

/// On two threads, which take seats at the same time; one of them gets it, and when that one lets go the other does.
#[test]
fn two_begin_to_wait_for_one_slot() {
    explore_preempted(3, || {
        let ledger = Ledger::default();
        let pool = boxes::<1, 2>();
        let guard = hold(pool, &ledger);
        let (mut one, mut other) = (wait_for(pool, &ledger), wait_for(pool, &ledger));
        let thread = spawn(move || {
            let found = other.poll();
            assert!(found.is_none(), "it was not free yet");
            other
        });
        assert!(one.poll().is_none(), "it was not free yet");
        let other = join(thread);
        drop(guard);
        drop(gets(one, None));
        drop(gets(other, None));
        at_rest(pool, &ledger);
    });
}

/// One who waits gives up while it is being woken. The other one gets it.
#[test]
fn a_release_meets_one_who_leaves_and_one_who_stays() {
    explore_preempted(3, || {
        let ledger = Ledger::default();
        let pool = boxes::<1, 2>();
        let guard = hold(pool, &ledger);
        let (mut leaves, mut stays) = (wait_for(pool, &ledger), wait_for(pool, &ledger));
        assert!(leaves.poll().is_none() && stays.poll().is_none());
        let thread = spawn(move || drop(guard));
        let task = Arc::clone(&leaves.task);
        drop(leaves);
        join(thread);
        assert_eq!(Arc::strong_count(&task), 1, "a waker is lost");
        drop(gets(stays, None));
        at_rest(pool, &ledger);
    });
}

/// A seat that is left while it is looked at is the next one's when that look is over.
#[test]
fn a_release_meets_one_who_leaves_and_one_who_takes_the_seat() {
    explore_preempted(3, || {
        let ledger = Ledger::default();
        let pool = boxes::<1, 1>();
        let guard = hold(pool, &ledger);
        let mut leaves = wait_for(pool, &ledger);
        assert!(leaves.poll().is_none());
        let thread = spawn(move || drop(guard));
        drop(leaves);
        let mut comes = wait_for(pool, &ledger);
        // Without a seat it is woken by itself.
        let found = comes.poll_again(1);
        join(thread);
        drop(gets(comes, found));
        at_rest(pool, &ledger);
    });
}

#[test]
fn one_who_waits_meets_two_releases_of_which_one_is_taken() {
    explore_preempted(2, || {
        let ledger = Ledger::default();
        let pool = boxes::<1, 1>();
        let (guard, object) = (hold(pool, &ledger), ledger.object());
        let thread = spawn(move || {
            drop(guard);
            // By one who does not wait.
            drop(pool.insert(object));
        });
        let mut waits = wait_for(pool, &ledger);
        let found = waits.poll();
        join(thread);
        drop(gets(waits, found));
        at_rest(pool, &ledger);
    });
}

/// Whom it holds up it tells.
#[test]
fn a_trim_meets_one_who_begins_to_wait() {
    explore_preempted(3, || {
        let ledger = Ledger::default();
        let pool: &'static Waiting<Pool<Object, 1, Cleaned>, 1> =
            leak(Pool::with_recycle(Cleaned::new(&ledger)));
        drop(pool.acquire().expect("it is empty"));
        let thread = spawn(move || pool.trim(0));
        let mut waits = Waits::new(pool.acquire_async());
        let found = waits.poll();
        join(thread);
        drop(gets(waits, found));
        at_rest(pool, &ledger);
    });
}

#[test]
fn an_object_that_can_not_be_made_meets_one_who_begins_to_wait() {
    explore_preempted(3, || {
        let ledger = Ledger::default();
        let pool: &'static Waiting<Pool<Object, 1, Cleaned>, 1> = {
            let recycle = Cleaned::new(&ledger);
            recycle.fails_to_create.store(true, Ordering::Relaxed);
            leak(Pool::with_recycle(recycle))
        };
        let thread = spawn(move || survive(|| pool.acquire().is_ok()));
        let mut waits = Waits::new(pool.acquire_async());
        let found = survive(|| waits.poll());
        join(thread);
        // It was its own factory that panicked.
        let found = found.unwrap_or_else(|| waits.poll());
        drop(gets(waits, found));
        at_rest(pool, &ledger);
    });
}

#[test]
fn a_release_meets_a_thread_that_waits() {
    explore_preempted(3, || {
        let ledger = Ledger::default();
        let pool = boxes::<1, 1>();
        let (guard, object) = (hold(pool, &ledger), ledger.object());
        let thread = spawn(move || drop(pool.insert_blocking(object)));
        drop(guard);
        join(thread);
        at_rest(pool, &ledger);
    });
}
