//! `ObjectPool`: the recycling pool with a size of run time, handles, and guards that own a share of it.

#![cfg(all(feature = "alloc", not(any(larder_loom, larder_step))))]

mod common;
#[path = "common/pool_model.rs"]
mod pool_model;

use common::{Aligned, CAPACITIES, Large, Ledger, Sample, Touchy, World};
use common::{attempt, drop_each, every_call_panics_once, holds, unwind_over};
use core::cell::Cell;
use core::ops::{Deref, DerefMut};
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicU32, Ordering};
use larder::CapacityError;
use larder::pool::{ByDefault, Hooks, ObjectPool, OwnedPooled, Pooled, Recycle};
use larder::stats::{Off, PoolStats, Shared};
use pool_model::{Object, Subject, agrees, op, stress};
use proptest::collection::vec;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::LazyLock;

/// A guard of either kind.
enum Either<'a, T> {
    Borrowed(Pooled<'a, T, Hooks<T>, Shared>),
    Owned(OwnedPooled<T>),
}

impl<T> Deref for Either<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Borrowed(guard) => guard,
            Self::Owned(guard) => guard,
        }
    }
}

impl<T> DerefMut for Either<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match self {
            Self::Borrowed(guard) => guard,
            Self::Owned(guard) => guard,
        }
    }
}

impl<P: Sample + Send> Subject<P> for ObjectPool<Object<P>> {
    const KEEPS: bool = true;
    const SHARES: bool = true;

    type Guard<'a> = Either<'a, Object<P>>;

    fn acquire(&self, owned: bool) -> Option<Self::Guard<'_>> {
        let outcome = if owned {
            self.acquire_owned().map(Either::Owned)
        } else {
            self.acquire().map(Either::Borrowed)
        };
        outcome.map_err(|refused| assert_eq!(refused.capacity(), self.max_size())).ok()
    }

    fn into_inner(guard: Self::Guard<'_>) -> Object<P> {
        match guard {
            Either::Borrowed(guard) => Pooled::into_inner(guard),
            Either::Owned(guard) => OwnedPooled::into_inner(guard),
        }
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
        self.stats()
    }

    fn validate(&self) {
        self.validate();
    }
}

fn pool<P: Sample + Send>(max_size: usize, ledger: &'static Ledger) -> ObjectPool<Object<P>> {
    ObjectPool::with_reset("pool", max_size, move || Object::new(ledger), Object::reset)
}

mod agrees_with_the_model {
    use super::*;

    fn everywhere<P: Sample + Send>() {
        for &max_size in CAPACITIES {
            holds(16, &vec(op(), 0..200), |ops| {
                let ledger = Ledger::new();
                agrees(pool::<P>(max_size, ledger), max_size, ledger, &ops);
            });
        }
    }

    #[test]
    fn numbers() {
        everywhere::<u32>();
    }

    #[test]
    fn strings() {
        everywhere::<String>();
    }

    #[test]
    fn large() {
        everywhere::<Large>();
    }

    #[test]
    fn aligned() {
        everywhere::<Aligned>();
    }
}

#[test]
fn objects_without_a_size_are_counted_right() {
    let pool = ObjectPool::new("nothing", 33, || ());
    let mut held: Vec<_> = (0..33).map(|_| pool.acquire_owned().unwrap()).collect();
    assert!(pool.acquire().is_err());
    held.truncate(10);
    pool.validate();
    assert_eq!((pool.in_use(), pool.idle(), pool.trim(20), pool.idle()), (10, 23, 3, 20));
}

/// A pool whose factory and reset hook may panic, the latter half-way.
fn fickle(world: &'static World, max_size: usize) -> ObjectPool<Touchy> {
    let create = move || {
        world.call();
        let object = Touchy::new(world, 0);
        world.call();
        object
    };
    let reset = move |object: &mut Touchy| {
        object.number = 1_000;
        world.call();
        object.number = 0;
    };
    ObjectPool::with_reset("fickle", max_size, create, reset)
}

#[test]
fn loses_nothing_whatever_panics() {
    let calls = every_call_panics_once(|world| {
        let pool = fickle(world, 3);
        let mut held = Vec::new();
        let in_order = |held: &Vec<Either<'_, Touchy>>| {
            pool.validate();
            assert_eq!((pool.in_use(), pool.stats().in_use as usize), (held.len(), held.len()));
            assert_eq!(world.ledger.alive(), held.len() + pool.idle());
        };
        for round in 0..4 {
            // One more than there is room for.
            for number in 1..5 {
                let acquire = || {
                    if number % 2 == 0 {
                        pool.acquire().ok().map(Either::Borrowed)
                    } else {
                        pool.acquire_owned().ok().map(Either::Owned)
                    }
                };
                held.extend(attempt(acquire).flatten().map(|mut object| {
                    assert_eq!(
                        object.number, 0,
                        "the object of a reset that panicked is not handed out again"
                    );
                    object.number = number;
                    object
                }));
                in_order(&held);
            }
            for end in [0, 1, 2] {
                let Some(guard) = held.pop() else { break };
                match ((end + round) % 3, guard) {
                    (0, guard) => _ = attempt(|| drop(guard)),
                    (1, Either::Borrowed(guard)) => _ = attempt(|| drop(Pooled::into_inner(guard))),
                    (1, Either::Owned(guard)) => _ = attempt(|| drop(OwnedPooled::into_inner(guard))),
                    (_, guard) => unwind_over(guard),
                }
                in_order(&held);
            }
            let idle = pool.idle();
            if let Some(dropped) = attempt(|| pool.trim(1)) {
                assert_eq!((dropped, pool.idle()), (idle.saturating_sub(1), idle.min(1)));
            }
            in_order(&held);
        }
        drop_each(held);
        in_order(&Vec::new());
        // Objects that wait are dropped with the pool, the rest also if one of the drops panics.
        attempt(|| drop(pool));
        0
    });
    assert!(calls > 20, "only {calls} calls of user code");
}

/// The guard is the pool's last owner: with it goes everything.
#[test]
fn the_last_guard_loses_nothing_whatever_panics() {
    for take_it_out in [false, true] {
        every_call_panics_once(|world| {
            let pool = fickle(world, 4);
            let mut held: Vec<_> =
                (0..4).filter_map(|_| attempt(|| pool.acquire_owned().ok()).flatten()).collect();
            let last = held.pop();
            drop_each(held);
            drop(pool);
            if take_it_out {
                attempt(|| drop(last.map(OwnedPooled::into_inner)));
            } else {
                attempt(|| drop(last));
            }
            0
        });
    }
}

#[test]
fn dropping_the_pool_drops_the_rest_if_one_drop_panics() {
    let calls = every_call_panics_once(|world| {
        let pool = ObjectPool::new("pool", 40, move || Touchy::new(world, 0));
        let held: Vec<_> = (0..40).map(|_| pool.acquire().unwrap()).collect();
        drop(held);
        assert_eq!((pool.idle(), world.ledger.alive()), (40, 40));
        attempt(|| drop(pool));
        0
    });
    assert_eq!(calls, 40);
}

#[test]
fn a_trim_that_panics_has_dropped_the_object_and_can_go_on() {
    let calls = every_call_panics_once(|world| {
        let pool = ObjectPool::new("pool", 8, move || Touchy::new(world, 0));
        drop((0..8).map(|_| pool.acquire().unwrap()).collect::<Vec<_>>());
        let done = attempt(|| pool.trim(2)).is_some();
        pool.validate();
        assert_eq!((pool.in_use(), world.ledger.alive()), (0, pool.idle()));
        assert!(done || pool.idle() >= 2);
        attempt(|| pool.trim(0));
        assert!(!done || world.ledger.alive() == pool.idle());
        attempt(|| pool.trim(0));
        assert_eq!((pool.idle(), world.ledger.alive()), (0, 0), "it panics once");
        0
    });
    assert_eq!(calls, 8);
}

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Does something unless it is done already further up that often.
fn nested(most: u32, work: impl FnOnce()) {
    let depth = DEPTH.get();
    if depth < most {
        DEPTH.set(depth + 1);
        work();
        DEPTH.set(depth);
    }
}

#[test]
fn factory_and_reset_hook_may_use_the_pool() {
    static POOL: LazyLock<ObjectPool<usize>> = LazyLock::new(|| {
        ObjectPool::with_reset(
            "nested",
            4,
            || {
                nested(9, || drop(POOL.acquire_owned()));
                POOL.validate();
                POOL.in_use()
            },
            |object| {
                nested(9, || drop(POOL.acquire()));
                POOL.validate();
                *object = 0;
            },
        )
    });

    drop(POOL.acquire().unwrap());
    assert_eq!((POOL.in_use(), POOL.idle()), (0, 4));
    assert!(POOL.stats().exhausted > 0);
}

#[test]
fn a_trim_ends_though_its_drops_put_objects_back() {
    static DROPS: AtomicU32 = AtomicU32::new(0);
    static POOL: LazyLock<ObjectPool<Phoenix>> = LazyLock::new(|| ObjectPool::new("phoenix", 4, || Phoenix));

    /// When it is dropped, another one comes to wait in the pool. Only so often, to come to an end in any case.
    struct Phoenix;

    impl Drop for Phoenix {
        fn drop(&mut self) {
            if DROPS.fetch_add(1, Ordering::Relaxed) < 100 {
                drop(POOL.acquire());
            }
        }
    }

    drop([POOL.acquire().unwrap(), POOL.acquire().unwrap()]);
    let dropped = POOL.trim(0);
    POOL.validate();
    assert!(dropped <= POOL.max_size(), "{dropped} objects were dropped, of at most {}", POOL.max_size());
}

#[test]
fn a_slot_is_in_use_until_its_object_is_trimmed_away() {
    static POOL: LazyLock<ObjectPool<Watcher>> = LazyLock::new(|| ObjectPool::new("watched", 1, || Watcher));

    struct Watcher;

    impl Drop for Watcher {
        fn drop(&mut self) {
            // It is in use by the trim, which nobody has acquired.
            assert_eq!((POOL.in_use(), POOL.idle(), POOL.stats().in_use), (1, 0, 0));
            assert!(POOL.acquire().is_err());
        }
    }

    drop(POOL.acquire().unwrap());
    assert_eq!((POOL.in_use(), POOL.idle()), (0, 1));
    assert_eq!((POOL.trim(0), POOL.in_use(), POOL.idle()), (1, 0, 0));
}

#[test]
fn handles_are_the_same_pool() {
    let one = ObjectPool::new("shared", 2, String::new);
    let two = one.clone();
    let guard = one.acquire().unwrap();
    assert_eq!((two.in_use(), two.name(), two.max_size()), (1, "shared", 2));
    drop(guard);
    assert_eq!((two.idle(), two.trim(0), one.idle()), (1, 1, 0));
    assert_eq!(format!("{two:?}"), r#"ObjectPool { name: "shared", max_size: 2, in_use: 0, idle: 0, .. }"#);
}

#[test]
fn an_owned_guard_keeps_the_pool_alive() {
    let ledger = Ledger::new();
    let pool = ObjectPool::new("pool", 3, move || ledger.token());
    let one = pool.acquire_owned().unwrap();
    let two = pool.acquire_owned().unwrap();
    drop(pool.acquire().unwrap());
    drop(pool);
    assert_eq!(ledger.alive(), 3);
    let thread = std::thread::spawn(move || drop(one));
    thread.join().unwrap();
    assert_eq!(ledger.alive(), 3, "it waits in the pool that the other guard keeps");
    let object = OwnedPooled::into_inner(two);
    assert_eq!(ledger.alive(), 1, "the pool is gone, and what was taken out is not");
    drop(object);
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn a_leaked_guard_keeps_its_slot_and_its_object() {
    let ledger = Ledger::new();
    let pool = pool::<u32>(2, ledger);
    core::mem::forget(pool.acquire().unwrap());
    drop(pool.acquire().unwrap());
    pool.validate();
    assert_eq!((pool.in_use(), pool.idle(), ledger.alive()), (1, 1, 2));
    drop(pool);
    assert_eq!(ledger.alive(), 1);
}

#[test]
fn an_object_whose_reset_panics_is_dropped_and_the_next_user_gets_a_new_one() {
    let ledger = Ledger::new();
    let pool =
        ObjectPool::with_reset("pool", 1, move || ledger.token(), |_| resume_unwind(Box::new("reset")));
    for id in 0..3 {
        let guard = pool.acquire_owned().unwrap();
        assert_eq!((guard.id(), pool.in_use()), (id, 1));
        let panic = catch_unwind(AssertUnwindSafe(|| drop(guard))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"reset"));
        assert_eq!((pool.in_use(), pool.idle(), ledger.alive(), pool.stats().in_use), (0, 0, 0, 0));
        pool.validate();
    }
}

#[test]
fn a_size_that_cannot_be_had_is_refused() {
    struct Huge;

    impl Recycle<[u64; 1 << 20]> for Huge {
        fn create(&self) -> [u64; 1 << 20] {
            unreachable!()
        }
    }

    let refusal =
        |asked| match ObjectPool::<u32, _, _>::try_with_recorder("pool", asked, ByDefault, Off::new()) {
            Err(CapacityError::TooLarge { asked: told, most }) => {
                assert_eq!(told, asked);
                most
            }
            other => panic!("a pool of {asked}: {other:?}"),
        };
    let most = refusal(usize::MAX);
    assert_eq!(refusal(most + 1), most);

    // An object has a terabyte: no address space holds that many.
    let refused = ObjectPool::try_with_recorder("pool", 1 << 24, Huge, Off::new());
    assert_eq!(refused.err(), Some(CapacityError::OutOfMemory { asked: 1 << 24 }));
}

#[test]
fn threads_never_share_an_object() {
    let ledger = Ledger::new();
    stress(pool::<u32>(4, ledger), 30_000, ledger);
}

#[test]
fn threads_never_share_the_only_object() {
    let ledger = Ledger::new();
    stress(pool::<u32>(1, ledger), 100_000, ledger);
}

#[test]
fn threads_never_share_one_of_many_objects() {
    let ledger = Ledger::new();
    stress(pool::<Aligned>(65, ledger), 20_000, ledger);
}

#[test]
fn the_last_owner_may_be_on_any_thread() {
    for _ in 0..100 {
        let ledger = Ledger::new();
        let pool = pool::<u32>(4, ledger);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                let guard = pool.acquire_owned().unwrap();
                scope.spawn(move || drop(guard));
            }
            drop(pool);
        });
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
fn threads_in_step_have_an_object_each_and_make_no_more() {
    const THREADS: usize = 8;
    static MADE: AtomicU32 = AtomicU32::new(0);
    let pool = ObjectPool::new("pool", 64, || MADE.fetch_add(1, Ordering::Relaxed));
    let in_step = std::sync::Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..200 {
                    let object = pool.acquire().unwrap();
                    in_step.wait();
                    drop(object);
                    in_step.wait();
                }
            });
        }
    });
    assert_eq!((MADE.load(Ordering::Relaxed), pool.idle()), (8, 8));
}

#[test]
fn threads_that_come_one_after_the_other_have_the_same_object() {
    let pool = ObjectPool::new("pool", 1000, || std::thread::current().id());
    let first = *pool.acquire().unwrap();
    for _ in 0..50 {
        let found = std::thread::scope(|scope| scope.spawn(|| *pool.acquire().unwrap()).join());
        assert_eq!(found.unwrap(), first);
    }
}
