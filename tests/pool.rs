//! `Pool`: objects are made when first needed, kept, reset, and handed out again.

#![cfg(not(any(larder_loom, larder_step)))]

mod common;
#[path = "common/pool_model.rs"]
mod pool_model;

use common::{Aligned, Large, Ledger, Sample, Touchy, World};
use common::{
    assert_in_place, at_every_capacity, attempt, drop_each, every_call_panics_once, holds, unwind_over,
};
use core::cell::Cell;
use larder::pool::{Pool, Pooled, Recycle};
use larder::stats::{PoolStats, Shared};
use pool_model::{Object, Subject, agrees, op, stress};
use proptest::collection::vec;

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

impl<P: Sample + Send, const N: usize> Subject<P> for Pool<Object<P>, N, Maker, Shared> {
    const KEEPS: bool = true;

    type Guard<'a> = Pooled<'a, Object<P>, Maker, Shared>;

    fn acquire(&self, _: bool) -> Option<Self::Guard<'_>> {
        self.acquire().map_err(|refused| assert_eq!(refused.capacity(), N)).ok()
    }

    fn into_inner(guard: Self::Guard<'_>) -> Object<P> {
        Pooled::into_inner(guard)
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

fn pool<P: Sample + Send, const N: usize>(ledger: &'static Ledger) -> Pool<Object<P>, N, Maker, Shared> {
    Pool::with_recorder(Maker(ledger), Shared::new())
}

mod agrees_with_the_model {
    use super::*;

    fn at<P: Sample + Send, const N: usize>() {
        holds(16, &vec(op(), 0..200), |ops| {
            let ledger = Ledger::new();
            agrees(pool::<P, N>(ledger), N, ledger, &ops);
        });
    }

    fn everywhere<P: Sample + Send>() {
        macro_rules! at {
            ($n:literal) => {
                at::<P, $n>();
            };
        }
        at_every_capacity!(at);
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

/// What is counted of an object without a size must be counted elsewhere.
#[test]
fn objects_without_a_size_are_made_and_dropped_and_reset() {
    thread_local! {
        static ALIVE: Cell<usize> = const { Cell::new(0) };
        static RESETS: Cell<usize> = const { Cell::new(0) };
    }

    #[repr(align(64))]
    struct Nothing;

    impl Drop for Nothing {
        fn drop(&mut self) {
            assert_in_place(self);
            ALIVE.set(ALIVE.get().checked_sub(1).expect("none is dropped twice"));
        }
    }

    struct Counts;

    impl Recycle<Nothing> for Counts {
        fn create(&self) -> Nothing {
            ALIVE.set(ALIVE.get() + 1);
            Nothing
        }

        fn reset(&self, _: &mut Nothing) {
            RESETS.set(RESETS.get() + 1);
        }
    }

    holds(4, &vec((0..8_u8, 0..33_usize), 0..100), |ops| {
        let pool = Pool::<Nothing, 33, Counts>::with_recycle(Counts);
        let (mut held, mut idle) = (Vec::new(), 0_usize);
        for (what, which) in ops {
            let resets = RESETS.get();
            match (what, held.len()) {
                (0..4, 33) => drop(pool.acquire().map(drop).unwrap_err()),
                (0..4, _) => {
                    held.push(pool.acquire().unwrap());
                    idle = idle.saturating_sub(1);
                }
                (_, 0) => {}
                (7, count) => drop(Pooled::into_inner(held.swap_remove(which % count))),
                (_, count) => {
                    drop(held.swap_remove(which % count));
                    idle += 1;
                    assert_eq!(RESETS.get(), resets + 1);
                }
            }
            assert_eq!((pool.in_use(), pool.idle(), ALIVE.get()), (held.len(), idle, held.len() + idle));
            pool.validate();
        }
        drop(held);
        drop(pool);
        assert_eq!(ALIVE.get(), 0);
    });
}

/// Makes objects with the number 0, and sets the number back to that. Both may panic, the latter half-way.
struct Fickle(&'static World);

impl Recycle<Touchy> for Fickle {
    fn create(&self) -> Touchy {
        self.0.call();
        let object = Touchy::new(self.0, 0);
        self.0.call();
        object
    }

    fn reset(&self, object: &mut Touchy) {
        object.number = 1_000;
        self.0.call();
        object.number = 0;
    }
}

#[test]
fn loses_nothing_whatever_panics() {
    let calls = every_call_panics_once(|world| {
        let pool = Pool::<Touchy, 3, _, _>::with_recorder(Fickle(world), Shared::new());
        let mut held = Vec::new();
        let in_order = |held: &Vec<Pooled<'_, Touchy, Fickle, Shared>>| {
            pool.validate();
            assert_eq!((pool.in_use(), pool.stats().in_use as usize), (held.len(), held.len()));
            assert_eq!(world.ledger.alive(), held.len() + pool.idle());
        };
        for round in 0..4 {
            // One more than there is room for.
            for number in 1..5 {
                let acquired = attempt(|| pool.acquire().ok()).flatten();
                held.extend(acquired.map(|mut object| {
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
                match (end + round) % 3 {
                    0 => _ = attempt(|| drop(guard)),
                    1 => _ = attempt(|| drop(Pooled::into_inner(guard))),
                    _ => unwind_over(guard),
                }
                in_order(&held);
            }
        }
        drop_each(held);
        in_order(&Vec::new());
        // Objects that wait are dropped with the pool, the rest also if one of the drops panics.
        attempt(|| drop(pool));
        0
    });
    assert!(calls > 20, "only {calls} calls of user code");
}

#[test]
fn dropping_the_pool_drops_the_rest_if_one_drop_panics() {
    let calls = every_call_panics_once(|world| {
        struct Fresh(&'static World);

        impl Recycle<Touchy> for Fresh {
            fn create(&self) -> Touchy {
                Touchy::new(self.0, 0)
            }
        }

        let pool = Pool::<Touchy, 40, _>::with_recycle(Fresh(world));
        let held: Vec<_> = (0..40).map(|_| pool.acquire().unwrap()).collect();
        drop(held);
        assert_eq!((pool.idle(), world.ledger.alive()), (40, 40));
        attempt(|| drop(pool));
        0
    });
    assert_eq!(calls, 40);
}

#[test]
fn an_object_whose_reset_panics_is_dropped_and_the_next_user_gets_a_new_one() {
    struct Broken(&'static Ledger);

    impl Recycle<common::Token> for Broken {
        fn create(&self) -> common::Token {
            self.0.token()
        }

        fn reset(&self, _: &mut common::Token) {
            std::panic::resume_unwind(Box::new("reset"));
        }
    }

    let ledger = Ledger::new();
    let pool = Pool::<_, 1, _, _>::with_recorder(Broken(ledger), Shared::new());
    for id in 0..3 {
        let guard = pool.acquire().unwrap();
        assert_eq!((guard.id(), pool.in_use()), (id, 1));
        let panic = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| drop(guard))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"reset"));
        assert_eq!((pool.in_use(), pool.idle(), ledger.alive(), pool.stats().in_use), (0, 0, 0, 0));
        pool.validate();
    }
}

#[test]
fn a_slot_whose_object_could_not_be_made_is_free() {
    struct Never;

    impl Recycle<u32> for Never {
        fn create(&self) -> u32 {
            std::panic::resume_unwind(Box::new("create"));
        }
    }

    let pool = Pool::<u32, 1, _, _>::with_recorder(Never, Shared::new());
    for _ in 0..3 {
        let panic =
            std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| drop(pool.acquire()))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"create"));
        assert_eq!((pool.in_use(), pool.idle(), pool.stats().acquired), (0, 0, 0));
        pool.validate();
    }
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
fn making_an_object_may_use_the_pool() {
    static POOL: Pool<usize, 4, Nested, Shared> = Pool::with_recorder(Nested, Shared::new());

    struct Nested;

    impl Recycle<usize> for Nested {
        fn create(&self) -> usize {
            nested(9, || drop(POOL.acquire()));
            POOL.validate();
            POOL.in_use()
        }
    }

    // All four slots are claimed before the first object exists.
    assert_eq!(*POOL.acquire().unwrap(), 1);
    assert_eq!((POOL.in_use(), POOL.idle(), POOL.stats().exhausted), (0, 4, 1));
}

#[test]
fn resetting_an_object_may_use_the_pool() {
    static POOL: Pool<u64, 4, Nested, Shared> = Pool::with_recorder(Nested, Shared::new());

    struct Nested;

    impl Recycle<u64> for Nested {
        fn create(&self) -> u64 {
            0
        }

        fn reset(&self, object: &mut u64) {
            nested(9, || drop(POOL.acquire()));
            POOL.validate();
            *object += 1;
        }
    }

    drop(POOL.acquire().unwrap());
    let stats = POOL.stats();
    assert_eq!((POOL.in_use(), POOL.idle(), stats.high_water, stats.exhausted), (0, 4, 4, 1));
    assert_eq!((0..4).map(|_| *POOL.acquire().unwrap()).max(), Some(4));
}

#[test]
fn dropping_an_object_may_use_the_pool() {
    static POOL: Pool<Reuser, 4, Nested, Shared> = Pool::with_recorder(Nested, Shared::new());

    struct Nested;
    struct Reuser;

    impl Drop for Reuser {
        fn drop(&mut self) {
            nested(3, || drop(POOL.acquire().map(Pooled::into_inner)));
            POOL.validate();
        }
    }

    impl Recycle<Reuser> for Nested {
        fn create(&self) -> Reuser {
            Reuser
        }

        fn reset(&self, _: &mut Reuser) {
            std::panic::resume_unwind(Box::new("reset"));
        }
    }

    let guard = POOL.acquire().unwrap();
    // The reset panics, so the object is dropped in its slot, and that drop takes three more out of the pool.
    assert!(std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| drop(guard))).is_err());
    POOL.validate();
    assert_eq!((POOL.in_use(), POOL.idle(), POOL.stats().acquired), (0, 0, 4));
}

#[test]
fn a_slot_is_in_use_until_its_object_is_reset_or_dropped() {
    static POOL: Pool<Watcher, 1, Watches, Shared> = Pool::with_recorder(Watches, Shared::new());

    #[derive(Debug)]
    struct Watcher {
        resets: u32,
    }

    impl Watcher {
        fn look(&self) {
            assert_eq!(
                (POOL.in_use(), POOL.idle(), POOL.stats().in_use),
                (1, 0, 1),
                "after {} resets",
                self.resets
            );
            assert!(POOL.acquire().is_err());
        }
    }

    impl Drop for Watcher {
        fn drop(&mut self) {
            self.look();
        }
    }

    struct Watches;

    impl Recycle<Watcher> for Watches {
        fn create(&self) -> Watcher {
            Watcher { resets: 0 }
        }

        fn reset(&self, object: &mut Watcher) {
            object.look();
            object.resets += 1;
            if object.resets == 2 {
                std::panic::resume_unwind(Box::new("reset"));
            }
        }
    }

    drop(POOL.acquire().unwrap());
    assert_eq!((POOL.in_use(), POOL.idle(), POOL.stats().in_use), (0, 1, 0));
    let guard = POOL.acquire().unwrap();
    // The second reset panics, so the object is dropped.
    assert!(std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| drop(guard))).is_err());
    assert_eq!((POOL.in_use(), POOL.idle(), POOL.stats().in_use), (0, 0, 0));
}

#[test]
fn a_leaked_guard_keeps_its_slot_and_its_object() {
    let ledger = Ledger::new();
    let pool = pool::<u32, 2>(ledger);
    core::mem::forget(pool.acquire().unwrap());
    drop(pool.acquire().unwrap());
    pool.validate();
    assert_eq!((pool.in_use(), pool.idle(), ledger.alive()), (1, 1, 2));
    drop(pool);
    assert_eq!(ledger.alive(), 1);
}

#[test]
fn objects_of_the_default_are_not_reset() {
    static BUFFERS: Pool<Vec<u8>, 2> = Pool::new();
    BUFFERS.acquire().unwrap().push(1);
    let first = BUFFERS.acquire().unwrap();
    let second = BUFFERS.acquire().unwrap();
    assert_eq!((&first[..], &second[..]), (&[1][..], &[][..]));
    assert_eq!(format!("{BUFFERS:?}"), "Pool { capacity: 2, in_use: 2, idle: 0, .. }");
    assert_eq!((BUFFERS.capacity(), Pool::<u8, 3>::default().capacity()), (2, 3));
}

#[test]
fn threads_never_share_an_object() {
    let ledger = Ledger::new();
    stress(pool::<u32, 4>(ledger), 30_000, ledger);
}

#[test]
fn threads_never_share_the_only_object() {
    let ledger = Ledger::new();
    stress(pool::<u32, 1>(ledger), 100_000, ledger);
}

#[test]
fn threads_never_share_one_of_many_objects() {
    let ledger = Ledger::new();
    stress(pool::<Aligned, 65>(ledger), 20_000, ledger);
}
