//! `Waiting`: who finds a pool exhausted waits, and hears of it when something comes back.

#![cfg(not(any(larder_loom, larder_step)))]

extern crate alloc;

mod common;
#[path = "common/pool_model.rs"]
mod pool_model;

use alloc::sync::Arc;
use alloc::task::Wake;
use common::{Large, Ledger, Sample, Token, at_every_capacity, holds};
use core::cell::Cell;
use core::future::Future;
use core::mem::forget;
use core::panic::AssertUnwindSafe;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use larder::pool::{Awaited, AwaitedPooled, BoxPool, ByDefault, Pool, Recycle, Waiting};
use larder::stats::{Placed, PoolStats, Shared};
use pool_model::{Object, Subject, agrees, op, stress};
use proptest::collection::vec;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;

/// Counts how often it was woken, and does something then.
struct Bell {
    rings: AtomicUsize,
    then: Box<dyn Fn() + Send + Sync>,
}

impl Bell {
    fn new() -> Arc<Self> {
        Self::which(|| ())
    }

    fn which(then: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { rings: AtomicUsize::new(0), then: Box::new(then) })
    }

    fn rings(&self) -> usize {
        self.rings.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rings.fetch_add(1, Ordering::SeqCst);
        (self.then)();
    }
}

/// One poll of a wait by somebody with that bell.
fn poll<F: Future + ?Sized>(wait: Pin<&mut F>, bell: &Arc<Bell>) -> Option<F::Output> {
    let waker = Waker::from(Arc::clone(bell));
    match wait.poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(found) => Some(found),
        Poll::Pending => None,
    }
}

/// Runs tasks to their end on this thread, each only when it is woken.
///
/// # Panics
///
/// If none is woken, and not all have ended.
fn run(tasks: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    let woken = |task| (task, Bell::new(), true);
    let mut tasks: Vec<_> = tasks.into_iter().map(woken).collect();
    while !tasks.is_empty() {
        let mut any = false;
        tasks.retain_mut(|(task, bell, is_new)| {
            if !core::mem::take(is_new) && bell.rings.swap(0, Ordering::SeqCst) == 0 {
                return true;
            }
            any = true;
            poll(task.as_mut(), bell).is_none()
        });
        assert!(any, "{} tasks sleep for ever", tasks.len());
    }
}

/// Gives way to the other tasks once.
async fn give_way() {
    let mut is_first = true;
    core::future::poll_fn(|context| {
        if core::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

fn panics(work: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(work)).is_err()
}

type One = Waiting<BoxPool<u32, 1>>;

fn one() -> One {
    Waiting::new(BoxPool::new())
}

#[test]
fn what_is_free_is_there_at_once_and_nobody_sits() {
    let pool = one();
    let bell = Bell::new();
    let guard = poll(pin!(pool.insert_async(5)), &bell).expect("it is free");
    assert_eq!((*guard, pool.in_use(), pool.seated(), bell.rings()), (5, 1, 0, 0));
    assert_eq!(pool.insert(6).unwrap_err().into_inner(), 6);
    assert_eq!(Awaited::into_inner(guard), 5);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn who_waits_is_woken_by_what_comes_back_and_gets_it() {
    let pool = one();
    let bell = Bell::new();
    let guard = pool.insert(1).unwrap();
    let mut wait = pin!(pool.insert_async(2));
    for _ in 0..3 {
        assert!(poll(wait.as_mut(), &bell).is_none());
        assert_eq!((bell.rings(), pool.seated()), (0, 1), "one seat, however often it is polled");
    }
    drop(guard);
    assert_eq!(bell.rings(), 1);
    let guard = poll(wait.as_mut(), &bell).unwrap();
    assert_eq!((*guard, pool.seated()), (2, 0));
    pool.validate();
}

#[test]
fn an_object_that_is_taken_out_frees_its_slot_for_who_waits() {
    let pool = one();
    let bell = Bell::new();
    let guard = pool.insert_with(|| 1).unwrap();
    let mut wait = pin!(pool.insert_async(2));
    assert!(poll(wait.as_mut(), &bell).is_none());
    assert_eq!(Awaited::into_inner(guard), 1);
    assert_eq!(bell.rings(), 1);
    assert!(poll(wait.as_mut(), &bell).is_some());
}

#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_woken() {
    let pool = one();
    let (first, second) = (Bell::new(), Bell::new());
    let guard = pool.insert(1).unwrap();
    let mut wait = pin!(pool.insert_async(2));
    assert!(poll(wait.as_mut(), &first).is_none());
    assert!(poll(wait.as_mut(), &second).is_none());
    assert_eq!((pool.seated(), Arc::strong_count(&first)), (1, 1), "the first one is dropped");
    drop(guard);
    assert_eq!((first.rings(), second.rings()), (0, 1));
    assert!(poll(wait.as_mut(), &second).is_some());
}

#[test]
fn all_are_woken_and_who_finds_nothing_waits_on() {
    let pool = one();
    let bells = [(); 3].map(|()| Bell::new());
    let guard = pool.insert(0).unwrap();
    let mut waits: Vec<_> = bells.iter().map(|_| Box::pin(pool.insert_async(1))).collect();
    for (wait, bell) in waits.iter_mut().zip(&bells) {
        assert!(poll(wait.as_mut(), bell).is_none());
    }
    drop(guard);
    assert!(bells.iter().all(|bell| bell.rings() == 1));
    let guard = poll(waits[1].as_mut(), &bells[1]).unwrap();
    assert!(poll(waits[0].as_mut(), &bells[0]).is_none());
    drop(guard);
    assert_eq!(bells.each_ref().map(|bell| bell.rings()), [2, 1, 2], "it has left its seat");
}

#[test]
fn one_who_is_dropped_after_it_was_woken_takes_nothing_with_it() {
    let pool = one();
    let (leaves, stays) = (Bell::new(), Bell::new());
    let guard = pool.insert(0).unwrap();
    let mut waits = [1, 2].map(|number| Box::pin(pool.insert_async(number)));
    assert!(poll(waits[0].as_mut(), &leaves).is_none() && poll(waits[1].as_mut(), &stays).is_none());
    drop(guard);
    let [left, mut right] = waits;
    drop(left);
    assert_eq!((pool.seated(), Arc::strong_count(&leaves)), (1, 1));
    assert_eq!(*poll(right.as_mut(), &stays).unwrap(), 2);
}

#[test]
fn a_value_goes_with_its_wait() {
    let ledger = Ledger::new();
    let pool = Waiting::<BoxPool<Token, 1>>::new(BoxPool::new());
    let guard = pool.insert(ledger.token()).unwrap();
    let mut wait = Box::pin(pool.insert_async(ledger.token()));
    assert!(poll(wait.as_mut(), &Bell::new()).is_none());
    assert_eq!(ledger.alive(), 2);
    drop(wait);
    assert_eq!(ledger.alive(), 1);
    drop(guard);
    assert_eq!((ledger.alive(), pool.in_use(), pool.seated()), (0, 0, 0));
}

#[test]
fn one_without_a_seat_asks_to_be_polled_again_until_there_is_one() {
    let pool = Waiting::<BoxPool<u32, 1>, 1>::new(BoxPool::new());
    let (sits, stands) = (Bell::new(), Bell::new());
    let guard = pool.insert(0).unwrap();
    let mut first = Box::pin(pool.insert_async(1));
    let mut second = pin!(pool.insert_async(2));
    assert!(poll(first.as_mut(), &sits).is_none());
    for rings in 1..4 {
        assert!(poll(second.as_mut(), &stands).is_none());
        assert_eq!((stands.rings(), sits.rings()), (rings, 0));
    }
    drop(first);
    // The seat is free.
    assert!(poll(second.as_mut(), &stands).is_none());
    assert_eq!((stands.rings(), pool.seated()), (3, 1));
    drop(guard);
    assert_eq!(stands.rings(), 4);
    assert!(poll(second.as_mut(), &stands).is_some());
}

#[test]
fn without_seats_all_stand() {
    let pool = Waiting::<BoxPool<u32, 1>, 0>::new(BoxPool::new());
    let bell = Bell::new();
    let guard = pool.insert(0).unwrap();
    let mut wait = pin!(pool.insert_async(1));
    assert!(poll(wait.as_mut(), &bell).is_none());
    drop(guard);
    assert_eq!(bell.rings(), 1);
    assert!(poll(wait.as_mut(), &bell).is_some());
}

#[test]
fn a_pool_without_slots_never_has_one() {
    let pool = Waiting::<Pool<u32, 0>>::new(Pool::new());
    let bell = Bell::new();
    let mut wait = Box::pin(pool.acquire_async());
    assert!(poll(wait.as_mut(), &bell).is_none() && poll(wait.as_mut(), &bell).is_none());
    assert_eq!((bell.rings(), pool.capacity(), pool.seated()), (0, 0, 1));
    assert_eq!(pool.trim(0), 0);
    // It was told that something has changed.
    assert_eq!(bell.rings(), 1);
    assert!(poll(wait.as_mut(), &bell).is_none());
    drop(wait);
    assert_eq!(pool.seated(), 0);
}

#[test]
fn objects_without_a_size_are_waited_for() {
    let pool = Waiting::<Pool<(), 1>>::new(Pool::new());
    let bell = Bell::new();
    let guard = pool.acquire().unwrap();
    let mut wait = pin!(pool.acquire_async());
    assert!(poll(wait.as_mut(), &bell).is_none());
    drop(guard);
    assert!(bell.rings() == 1 && poll(wait.as_mut(), &bell).is_some());
}

#[test]
fn a_wait_that_is_leaked_keeps_its_seat() {
    let pool = one();
    let bell = Bell::new();
    let guard = pool.insert(0).unwrap();
    let mut wait = Box::pin(pool.insert_async(1));
    assert!(poll(wait.as_mut(), &bell).is_none());
    forget(wait);
    drop(guard);
    assert_eq!((bell.rings(), pool.seated()), (1, 1));
    assert!(pool.insert(2).is_ok());
}

#[test]
fn a_trim_tells_those_whom_it_held_up() {
    struct Hook(&'static Mutex<Vec<&'static str>>);
    static POOL: Waiting<Pool<Slow, 1, Hook>> = Waiting::new(Pool::with_recycle(Hook(&SEEN)));
    static SEEN: Mutex<Vec<&str>> = Mutex::new(Vec::new());

    /// In whose destructor somebody begins to wait.
    struct Slow;

    impl Drop for Slow {
        fn drop(&mut self) {
            SEEN.lock().unwrap().push("dropped");
            let bell = Bell::which(|| SEEN.lock().unwrap().push("woken"));
            let mut wait = Box::pin(POOL.acquire_async());
            assert!(poll(wait.as_mut(), &bell).is_none(), "the slot is taken meanwhile");
            forget(wait);
        }
    }

    impl Recycle<Slow> for Hook {
        fn create(&self) -> Slow {
            self.0.lock().unwrap().push("made");
            Slow
        }
    }

    drop(POOL.acquire());
    assert_eq!((POOL.idle(), POOL.trim(0), POOL.idle()), (1, 1, 0));
    assert_eq!(*SEEN.lock().unwrap(), ["made", "dropped", "woken"]);
}

/// Makes and resets numbers, unless it is told to panic.
#[derive(Default)]
struct Fickle {
    can_not_make: AtomicBool,
    can_not_reset: AtomicBool,
}

impl Recycle<u32> for &Fickle {
    fn create(&self) -> u32 {
        if self.can_not_make.load(Ordering::Relaxed) {
            resume_unwind(Box::new("create"));
        }
        1
    }

    fn reset(&self, _: &mut u32) {
        if self.can_not_reset.load(Ordering::Relaxed) {
            resume_unwind(Box::new("reset"));
        }
    }
}

#[test]
fn an_object_that_can_not_be_reset_frees_its_slot_for_who_waits() {
    let fickle = Fickle::default();
    let pool = Waiting::<Pool<u32, 1, &Fickle>>::new(Pool::with_recycle(&fickle));
    let bell = Bell::new();
    let guard = pool.acquire().unwrap();
    let mut wait = pin!(pool.acquire_async());
    assert!(poll(wait.as_mut(), &bell).is_none());
    fickle.can_not_reset.store(true, Ordering::Relaxed);
    assert!(panics(|| drop(guard)));
    assert_eq!((bell.rings(), pool.in_use(), pool.idle()), (1, 0, 0));
    fickle.can_not_reset.store(false, Ordering::Relaxed);
    assert!(poll(wait.as_mut(), &bell).is_some());
    pool.validate();
}

#[test]
fn an_object_that_can_not_be_made_frees_its_slot_for_who_waits() {
    let fickle = Fickle::default();
    let pool = Waiting::<Pool<u32, 1, &Fickle>>::new(Pool::with_recycle(&fickle));
    let bells = [(); 2].map(|()| Bell::new());
    let guard = pool.acquire().unwrap();
    let mut waits = [(); 2].map(|()| Box::pin(pool.acquire_async()));
    for (wait, bell) in waits.iter_mut().zip(&bells) {
        assert!(poll(wait.as_mut(), bell).is_none());
    }
    assert_eq!(Awaited::into_inner(guard), 1);
    fickle.can_not_make.store(true, Ordering::Relaxed);
    assert!(panics(|| drop(poll(waits[0].as_mut(), &bells[0]))));
    assert_eq!(bells.each_ref().map(|bell| bell.rings()), [2, 2], "the slot is free once more");
    assert!(panics(|| drop(pool.acquire())));
    assert_eq!(bells.each_ref().map(|bell| bell.rings()), [3, 3]);
    fickle.can_not_make.store(false, Ordering::Relaxed);
    let guard = poll(waits[0].as_mut(), &bells[0]).expect("a poll that panicked can be made again");
    assert!(poll(waits[1].as_mut(), &bells[1]).is_none());
    drop((guard, waits));
    assert_eq!((pool.in_use(), pool.seated()), (0, 0));
}

#[test]
fn what_can_not_be_made_in_its_slot_frees_it_for_who_waits() {
    static POOL: Waiting<BoxPool<u32, 1>> = Waiting::new(BoxPool::new());
    let bell = Bell::new();
    let mut wait = pin!(POOL.insert_async(2));
    let make = || {
        assert!(poll(wait.as_mut(), &bell).is_none(), "the slot is taken meanwhile");
        resume_unwind(Box::new("make"))
    };
    assert!(panics(|| drop(POOL.insert_with(make))));
    assert_eq!(bell.rings(), 1);
    assert!(poll(wait.as_mut(), &bell).is_some());
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_being_woken() {
    let pool = one();
    let bells = [0, 1, 2].map(|which| {
        Bell::which(move || {
            if which == 0 {
                resume_unwind(Box::new("waker"));
            }
        })
    });
    let guard = pool.insert(0).unwrap();
    let mut waits = [1, 2, 3].map(|number| Box::pin(pool.insert_async(number)));
    for (wait, bell) in waits.iter_mut().zip(&bells) {
        assert!(poll(wait.as_mut(), bell).is_none());
    }
    assert!(panics(|| drop(guard)), "it goes on out of the drop");
    assert_eq!(bells.each_ref().map(|bell| bell.rings()), [1, 1, 1]);
    assert_eq!(pool.in_use(), 0);
    let [panics, stays, mut last] = waits;
    drop((panics, stays));
    assert_eq!(poll(last.as_mut(), &bells[2]).as_deref(), Some(&3));
    drop(last);
    assert_eq!((pool.in_use(), pool.seated()), (0, 0));
    assert!(bells.iter().all(|bell| Arc::strong_count(bell) == 1), "a waker is lost");
}

#[test]
fn a_waker_may_use_the_pool_and_end_its_own_wait() {
    static POOL: Waiting<BoxPool<u32, 2>> = Waiting::new(BoxPool::new());
    type Wait = Pin<Box<dyn Future<Output = larder::pool::AwaitedBox<'static, u32>> + Send>>;
    static WAITS: Mutex<Vec<Wait>> = Mutex::new(Vec::new());
    static KEPT: Mutex<Vec<larder::pool::AwaitedBox<'static, u32>>> = Mutex::new(Vec::new());

    let (first, second) = (POOL.insert(1).unwrap(), POOL.insert(2).unwrap());
    KEPT.lock().unwrap().push(second);
    let bell = Bell::which(|| {
        // What comes back here wakes once more, from within; and the wait is over while its waker is being called.
        let kept = KEPT.lock().unwrap().pop();
        if kept.is_some() {
            drop(kept);
            drop(POOL.insert(3).expect("there is room"));
        }
        let wait = WAITS.lock().unwrap().pop();
        drop(wait);
        POOL.validate();
    });
    let mut wait: Wait = Box::pin(POOL.insert_async(4));
    assert!(poll(wait.as_mut(), &bell).is_none());
    WAITS.lock().unwrap().push(wait);
    drop(first);
    assert!(bell.rings() > 1);
    assert_eq!((POOL.in_use(), POOL.seated(), Arc::strong_count(&bell)), (0, 0, 1));
}

#[test]
fn a_place_is_the_call_that_waits() {
    let boxes = Waiting::<BoxPool<u32, 1, Placed>>::new(BoxPool::with_recorder(Placed::new()));
    let pool = Waiting::<Pool<u32, 1, ByDefault, Placed>>::new(Pool::with_recorder(ByDefault, Placed::new()));
    let (line, waits) = (line!(), (boxes.insert_async(1), pool.acquire_async()));
    let guards = (poll(pin!(waits.0), &Bell::new()), poll(pin!(waits.1), &Bell::new()));
    let places = boxes.held().chain(pool.held()).map(|held| held.place.unwrap().line());
    assert_eq!(places.collect::<Vec<_>>(), [line, line]);
    drop(guards);
    let (line, guards) = (line!(), (boxes.insert(1), pool.acquire()));
    let places = boxes.held().chain(pool.held()).map(|held| held.place.unwrap().line());
    assert_eq!(places.collect::<Vec<_>>(), [line, line]);
    drop(guards);
}

#[test]
fn each_look_that_finds_none_is_counted() {
    let pool = Waiting::<Pool<u32, 1, ByDefault, Shared>>::new(Pool::with_recorder(ByDefault, Shared::new()));
    let bell = Bell::new();
    let guard = pool.acquire().unwrap();
    let mut wait = Box::pin(pool.acquire_async());
    assert!(poll(wait.as_mut(), &bell).is_none() && poll(wait.as_mut(), &bell).is_none());
    // Two when it began to wait, one when it was polled again.
    assert_eq!(pool.counts().unwrap().exhausted, 3);
    drop((wait, guard));
}

#[test]
fn many_tasks_share_few_objects_whatever_the_seats() {
    fn share<const SEATS: usize>() {
        let pool = Waiting::<Pool<u32, 3>, SEATS>::new(Pool::new());
        let most = Cell::new((0, 0_u32));
        let tasks = (0..40).map(|_| -> Pin<Box<dyn Future<Output = ()> + '_>> {
            Box::pin(async {
                for round in 0..10 {
                    let mut guard = pool.acquire_async().await;
                    *guard += 1;
                    most.set((most.get().0.max(pool.in_use()), most.get().1 + 1));
                    if round % 3 != 0 {
                        give_way().await;
                    }
                }
            })
        });
        run(tasks.collect());
        assert_eq!(most.get(), (3, 400));
        let sum: u32 = [(); 3].map(|()| pool.acquire().unwrap()).iter().map(|guard| **guard).sum();
        // (The guards of one array live together: each has another object.)
        assert_eq!((sum, pool.seated()), (400, 0));
        pool.validate();
    }
    share::<0>();
    share::<1>();
    share::<8>();
    share::<64>();
}

/// Makes objects that a ledger knows of.
struct Maker(&'static Ledger);

impl<P: Sample> Recycle<Object<P>> for Maker {
    fn create(&self) -> Object<P> {
        Object::new(self.0)
    }

    fn reset(&self, object: &mut Object<P>) {
        object.reset();
    }
}

type Made<P, const N: usize> = Pool<Object<P>, N, Maker, Shared>;

impl<P: Sample + Send, const N: usize> Subject<P> for Waiting<Made<P, N>, 2> {
    const KEEPS: bool = true;

    type Guard<'a> = AwaitedPooled<'a, Made<P, N>>;

    fn acquire(&self, _: bool) -> Option<Self::Guard<'_>> {
        self.acquire().map_err(|refused| assert_eq!(refused.capacity(), N)).ok()
    }

    fn into_inner(guard: Self::Guard<'_>) -> Object<P> {
        Awaited::into_inner(guard)
    }

    fn trim(&self, keep: usize) -> Option<usize> {
        Some(self.trim(keep))
    }

    fn in_use(&self) -> usize {
        self.in_use()
    }

    fn idle(&self) -> usize {
        self.idle()
    }

    fn stats(&self) -> PoolStats {
        self.counts().unwrap()
    }

    fn validate(&self) {
        self.validate();
    }
}

fn made<P: Sample + Send, const N: usize>(ledger: &'static Ledger) -> Waiting<Made<P, N>, 2> {
    Waiting::new(Pool::with_recorder(Maker(ledger), Shared::new()))
}

#[test]
fn agrees_with_the_model_of_all_pools() {
    fn at<P: Sample + Send, const N: usize>() {
        holds(8, &vec(op(), 0..200), |ops| {
            let ledger = Ledger::new();
            agrees(made::<P, N>(ledger), N, ledger, &ops);
        });
    }
    macro_rules! at {
        ($n:literal) => {
            at::<u32, $n>();
            at::<Large, $n>();
        };
    }
    at_every_capacity!(at);
}

#[test]
fn threads_share_it() {
    let ledger = Ledger::new();
    stress(made::<u32, 3>(ledger), 2_000, ledger);
}

#[test]
fn a_registry_shows_it_as_its_pool_and_a_cleanup_tells_those_who_wait() {
    use larder::manager::Registry;
    use larder::watch::{Part, Pressure, Reading};

    let pool = Waiting::<Pool<u32, 2>>::new(Pool::new());
    let boxes = one();
    let mut registry: Registry<'_, 2> = Registry::new();
    registry.add("objects", &pool).unwrap();
    registry.add("boxes", &boxes).unwrap();
    drop((pool.acquire(), pool.acquire()));
    let guard = pool.acquire().unwrap();
    let Reading::Pool(reading) = pool.reading() else { panic!("it is a pool") };
    assert_eq!((reading.capacity, reading.in_use, reading.idle), (2, 1, 1));
    assert_eq!(reading.bytes, size_of_val(&pool));
    let mut in_use = 0;
    pool.report(&mut |_| in_use += 1);
    assert_eq!((in_use, pool.in_use_at()), (1, None));

    let bell = Bell::new();
    let second = pool.acquire().unwrap();
    let mut wait = pin!(pool.acquire_async());
    assert!(poll(wait.as_mut(), &bell).is_none());
    drop(second);
    assert_eq!(bell.rings(), 1);
    assert_eq!(pool.relieve(Pressure::Critical).objects, 1);
    assert_eq!(bell.rings(), 2);
    pool.empty();
    assert_eq!(bell.rings(), 3);
    assert!(poll(wait.as_mut(), &bell).is_some());
    drop(guard);
}

#[test]
fn it_can_be_taken_off_and_shown() {
    let pool = one();
    drop(pool.insert(1));
    assert_eq!(format!("{pool:?}"), "Waiting { pool: BoxPool { capacity: 1, in_use: 0, .. }, seats: 8, .. }");
    assert_eq!(pool.into_inner().capacity(), 1);
    let pool = Waiting::<Pool<String, 1>>::default();
    let mut guard = pool.acquire().unwrap();
    guard.push('x');
    guard.as_mut().push('y');
    assert_eq!(
        (format!("{guard}"), format!("{guard:?}"), guard.as_ref().len()),
        ("xy".into(), "\"xy\"".into(), 2)
    );
}

#[cfg(feature = "alloc")]
mod owned {
    use super::*;
    use larder::manager::MemoryManager;
    use larder::pool::{AwaitedOwned, Hooks, ObjectPool};
    use larder::stats::Off;
    use larder::time::ManualClock;
    use larder::tracker::Thresholds;

    fn objects(most: usize) -> Arc<Waiting<ObjectPool<u32>>> {
        Arc::new(Waiting::new(ObjectPool::new("objects", most, || 7)))
    }

    #[test]
    fn who_waits_for_an_owned_object_is_woken_by_any_other_and_keeps_the_pool() {
        let pool = objects(1);
        assert_eq!((pool.name(), pool.capacity()), ("objects", 1));
        let bell = Bell::new();
        let guard: AwaitedOwned<u32> = pool.acquire_owned().unwrap();
        let mut waits = [(); 2].map(|()| Box::pin(pool.acquire_owned_async()));
        for wait in &mut waits {
            assert!(poll(wait.as_mut(), &bell).is_none());
        }
        drop(pool);
        drop(guard);
        assert_eq!(bell.rings(), 2);
        let [mut first, second] = waits;
        drop(second);
        let guard = poll(first.as_mut(), &bell).unwrap();
        drop(first);
        assert_eq!(*guard, 7);
        drop(guard);
        assert_eq!(Arc::strong_count(&bell), 1, "a waker is lost");
    }

    #[test]
    fn a_borrowed_guard_wakes_who_waits_for_an_owned_one() {
        let pool = objects(1);
        let bell = Bell::new();
        let guard = pool.acquire().unwrap();
        let mut wait = pin!(pool.acquire_owned_async());
        assert!(poll(wait.as_mut(), &bell).is_none());
        drop(guard);
        assert!(bell.rings() == 1 && poll(wait.as_mut(), &bell).is_some());
    }

    #[test]
    fn a_pool_without_slots_has_none() {
        let pool = objects(0);
        assert_eq!(pool.acquire_owned().unwrap_err().capacity(), 0);
        let mut wait = pin!(pool.acquire_owned_async());
        assert!(poll(wait.as_mut(), &Bell::new()).is_none());
    }

    #[test]
    fn a_place_is_the_call_that_waits() {
        let pool = ObjectPool::try_with_recorder("placed", 2, Hooks::new(|| 1), Placed::new()).unwrap();
        let pool = Arc::new(Waiting::<_, 8>::new(pool));
        let (line, waits) = (line!(), (pool.acquire_owned_async(), pool.acquire_owned()));
        let guard = poll(pin!(waits.0), &Bell::new());
        assert!(pool.held().count() == 2 && pool.held().all(|held| held.place.unwrap().line() == line));
        drop(guard);
    }

    #[test]
    fn a_manager_names_it() {
        let memory = MemoryManager::with_clock(Thresholds::DEFAULT, Arc::new(ManualClock::<1>::new()));
        let pool = Arc::new(Waiting::<_, 8>::new(
            ObjectPool::try_with_recorder("sockets", 2, Hooks::new(|| 1), Off::new()).unwrap(),
        ));
        memory.add("sockets", &pool).unwrap();
        let _guard = pool.acquire_owned().unwrap();
        let again = memory.part::<Waiting<ObjectPool<i32, Hooks<i32>, Off>>>("sockets").unwrap();
        assert_eq!(again.in_use(), 1);
    }
}

#[cfg(feature = "std")]
mod threads {
    use super::*;
    use core::time::Duration;
    use larder::pool::{AwaitedBox, ObjectPool};
    use std::thread;

    /// Until another thread sits.
    fn until_seated<P: larder::pool::Waitable, const SEATS: usize>(pool: &Waiting<P, SEATS>, sit: usize) {
        while pool.seated() < sit {
            thread::yield_now();
        }
    }

    #[test]
    fn a_thread_waits_until_something_comes_back() {
        let pool = Waiting::<Pool<u32, 1>>::new(Pool::new());
        let guard = pool.acquire_blocking();
        thread::scope(|scope| {
            let waits = [(); 3].map(|()| scope.spawn(|| *pool.acquire_blocking()));
            until_seated(&pool, 3);
            drop(guard);
            assert_eq!(waits.map(|thread| thread.join().unwrap()), [0; 3]);
        });
        assert_eq!((pool.in_use(), pool.seated()), (0, 0));
    }

    #[test]
    fn a_time_that_has_no_end_is_waited_for() {
        let pool = one();
        let guard = pool.insert_timeout(0, Duration::MAX).unwrap();
        thread::scope(|scope| {
            let wait = scope.spawn(|| *pool.insert_timeout(5, Duration::MAX).unwrap());
            until_seated(&pool, 1);
            drop(guard);
            assert_eq!(wait.join().unwrap(), 5);
        });
    }

    #[test]
    fn no_time_is_one_look_and_a_little_is_over_sometime() {
        let (boxes, pool) = (one(), Waiting::<Pool<u32, 1>>::new(Pool::new()));
        for time in [Duration::ZERO, Duration::from_nanos(1), Duration::from_micros(10)] {
            let guards = (boxes.insert_timeout(1, time).unwrap(), pool.acquire_timeout(time).unwrap());
            let refused = boxes.insert_timeout(2, time).unwrap_err();
            assert_eq!((refused.capacity(), refused.into_inner()), (1, 2));
            assert_eq!(pool.acquire_timeout(time).unwrap_err().capacity(), 1);
            assert_eq!((boxes.seated(), pool.seated()), (0, 0), "it has left");
            drop(guards);
        }
    }

    #[test]
    fn a_thread_without_a_seat_gets_it_all_the_same() {
        let pool = Waiting::<BoxPool<u32, 1>, 0>::new(BoxPool::new());
        let guard = pool.insert(0).unwrap();
        assert!(pool.insert_timeout(1, Duration::from_micros(10)).is_err());
        thread::scope(|scope| {
            let wait = scope.spawn(|| *pool.insert_blocking(1));
            drop(guard);
            assert_eq!(wait.join().unwrap(), 1);
        });
    }

    /// What else rests on this thread uses up its token.
    #[test]
    fn a_thread_whose_token_is_used_up_is_woken_all_the_same() {
        struct Parks;
        impl Recycle<u32> for Parks {
            fn create(&self) -> u32 {
                thread::park_timeout(Duration::ZERO);
                1
            }
        }
        let pool = Waiting::<Pool<u32, 2, Parks>>::new(Pool::with_recycle(Parks));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        // Taken out, so that each is made.
                        assert_eq!(Awaited::into_inner(pool.acquire_blocking()), 1);
                    }
                });
            }
        });
        assert_eq!((pool.in_use(), pool.seated()), (0, 0));
    }

    #[test]
    fn a_factory_that_panics_leaves_no_seat() {
        let fickle = Fickle::default();
        let pool = Waiting::<Pool<u32, 1, &Fickle>>::new(Pool::with_recycle(&fickle));
        let guard = pool.acquire().unwrap();
        thread::scope(|scope| {
            let waits = scope.spawn(|| panics(|| drop(pool.acquire_blocking())));
            until_seated(&pool, 1);
            fickle.can_not_make.store(true, Ordering::Relaxed);
            assert_eq!(Awaited::into_inner(guard), 1);
            assert!(waits.join().unwrap());
        });
        assert_eq!((pool.in_use(), pool.seated()), (0, 0));
    }

    #[test]
    fn threads_and_tasks_share_few_objects() {
        const ROUNDS: usize = 2_000;
        fn share<const SEATS: usize>() {
            let pool = Waiting::<BoxPool<usize, 2>, SEATS>::new(BoxPool::new());
            let used = AtomicUsize::new(0);
            let use_one = |guard: AwaitedBox<'_, usize>| {
                used.fetch_add(*guard, Ordering::Relaxed);
            };
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| (0..ROUNDS).for_each(|_| use_one(pool.insert_blocking(1))));
                }
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        use_one(pool.insert_timeout(1, Duration::MAX).unwrap());
                    }
                });
                scope.spawn(|| {
                    // Wakes the thread that runs the task.
                    let bell = {
                        let thread = thread::current();
                        Bell::which(move || thread.unpark())
                    };
                    for _ in 0..ROUNDS {
                        let mut wait = pin!(pool.insert_async(1));
                        let guard = loop {
                            match poll(wait.as_mut(), &bell) {
                                Some(guard) => break guard,
                                None if bell.rings.swap(0, Ordering::SeqCst) > 0 => {}
                                None => thread::park(),
                            }
                        };
                        use_one(guard);
                    }
                });
            });
            assert_eq!((used.into_inner(), pool.in_use(), pool.seated()), (5 * ROUNDS, 0, 0));
            pool.validate();
        }
        share::<8>();
        share::<2>();
    }

    #[test]
    fn threads_own_what_they_waited_for() {
        let pool = Arc::new(Waiting::<ObjectPool<u32>>::new(ObjectPool::new("objects", 2, || 0)));
        let threads = [(); 4].map(|()| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                for _ in 0..500 {
                    *pool.acquire_owned_blocking() += 1;
                    *pool.acquire_owned_timeout(Duration::MAX).unwrap() += 1;
                }
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        let both = [pool.acquire().unwrap(), pool.acquire().unwrap()];
        assert_eq!(both.iter().map(|guard| **guard).sum::<u32>(), 4_000);
        assert!(pool.acquire_owned_timeout(Duration::ZERO).is_err());
    }
}
