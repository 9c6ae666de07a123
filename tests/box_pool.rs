//! `BoxPool`: values are moved in, owned by guards, and dropped with them.

#![cfg(not(any(larder_loom, larder_step)))]

mod common;
#[path = "common/pool_model.rs"]
mod pool_model;

use common::{Aligned, Large, Ledger, Sample, Touchy};
use common::{
    assert_in_place, at_every_capacity, attempt, drop_each, every_call_panics_once, holds, unwind_over,
};
use core::cell::Cell;
use larder::Exhausted;
use larder::pool::{BoxPool, PoolBox};
use larder::stats::{PoolStats, Shared};
use pool_model::{Object, Subject, agrees, op, stress};
use proptest::collection::vec;

struct Boxes<P, const N: usize> {
    pool: BoxPool<Object<P>, N, Shared>,
    ledger: &'static Ledger,
}

impl<P, const N: usize> Boxes<P, N> {
    fn new(ledger: &'static Ledger) -> Self {
        Self { pool: BoxPool::with_recorder(Shared::new()), ledger }
    }
}

impl<P: Sample + Send, const N: usize> Subject<P> for Boxes<P, N> {
    const KEEPS: bool = false;

    type Guard<'a> = PoolBox<'a, Object<P>, Shared>;

    fn acquire(&self, by_making_it_there: bool) -> Option<Self::Guard<'_>> {
        if by_making_it_there {
            let mut called = false;
            let make = || {
                called = true;
                Object::new(self.ledger)
            };
            let guard = self.pool.insert_with(make).ok();
            assert_eq!(guard.is_some(), called, "made only if there is room for it");
            guard
        } else {
            let object = Object::new(self.ledger);
            let id = object.token.id();
            let put_in = self.pool.insert(object);
            let check = |refused: Exhausted<Object<P>>| {
                assert_eq!(refused.capacity(), N);
                assert_eq!(refused.into_inner().token.id(), id, "the same object comes back");
            };
            put_in.map_err(check).ok()
        }
    }

    fn into_inner(guard: Self::Guard<'_>) -> Object<P> {
        PoolBox::into_inner(guard)
    }

    fn in_use(&self) -> usize {
        self.pool.in_use()
    }

    fn idle(&self) -> usize {
        0
    }

    fn stats(&self) -> PoolStats {
        self.pool.stats()
    }

    fn validate(&self) {
        self.pool.validate();
    }
}

mod agrees_with_the_model {
    use super::*;

    fn at<P: Sample + Send, const N: usize>() {
        holds(16, &vec(op(), 0..200), |ops| {
            let ledger = Ledger::new();
            agrees(Boxes::<P, N>::new(ledger), N, ledger, &ops);
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
fn values_without_a_size_are_dropped_as_often_as_they_were_made() {
    thread_local! {
        static ALIVE: Cell<usize> = const { Cell::new(0) };
    }

    #[repr(align(64))]
    struct Nothing;

    impl Nothing {
        fn new() -> Self {
            ALIVE.set(ALIVE.get() + 1);
            Self
        }
    }

    impl Drop for Nothing {
        fn drop(&mut self) {
            assert_in_place(self);
            ALIVE.set(ALIVE.get().checked_sub(1).expect("none is dropped twice"));
        }
    }

    let pool = BoxPool::<Nothing, 33>::new();
    holds(4, &vec((0..8_u8, 0..33_usize), 0..100), |ops| {
        let mut held = Vec::new();
        for (what, which) in ops {
            match (what, held.len()) {
                (0..4, 33) => drop(pool.insert_with(Nothing::new).map(drop).unwrap_err()),
                (0..4, _) => held.push(pool.insert(Nothing::new()).unwrap()),
                (_, 0) => {}
                (7, count) => drop(PoolBox::into_inner(held.swap_remove(which % count))),
                (_, count) => drop(held.swap_remove(which % count)),
            }
            assert_eq!((pool.in_use(), ALIVE.get()), (held.len(), held.len()));
            pool.validate();
        }
        drop(held);
        assert_eq!((pool.in_use(), ALIVE.get()), (0, 0));
    });
}

#[test]
fn loses_nothing_whatever_panics() {
    let calls = every_call_panics_once(|world| {
        let pool = BoxPool::<Touchy, 3, Shared>::with_recorder(Shared::new());
        let mut held = Vec::new();
        let in_order = |held: &Vec<PoolBox<'_, Touchy, Shared>>| {
            pool.validate();
            assert_eq!((pool.in_use(), world.ledger.alive()), (held.len(), held.len()));
            assert_eq!(pool.stats().in_use as usize, held.len(), "the count is right also after a panic");
            assert!(pool.stats().high_water <= 3);
        };
        for round in 0..3 {
            // One more than there is room for.
            for number in 0..4 {
                if number % 2 == 0 {
                    held.extend(attempt(|| pool.insert(Touchy::new(world, number)).ok()).flatten());
                } else {
                    let make = || {
                        world.call();
                        Touchy::new(world, number)
                    };
                    held.extend(attempt(|| pool.insert_with(make).ok()).flatten());
                }
                in_order(&held);
            }
            for end in [0, 1, 2] {
                let Some(guard) = held.pop() else { break };
                match (end + round) % 3 {
                    0 => _ = attempt(|| drop(guard)),
                    1 => _ = attempt(|| drop(PoolBox::into_inner(guard))),
                    _ => unwind_over(guard),
                }
                in_order(&held);
            }
        }
        // `insert` calls nothing, so this can't fail: no slot was lost.
        held.extend((held.len()..3).map(|_| pool.insert(Touchy::new(world, 9)).unwrap()));
        in_order(&held);
        drop_each(held);
        in_order(&Vec::new());
        0
    });
    assert!(calls > 10, "only {calls} calls of user code");
}

#[test]
fn a_slot_is_in_use_until_its_value_is_dropped() {
    static POOL: BoxPool<Watcher, 1, Shared> = BoxPool::with_recorder(Shared::new());

    #[derive(Debug)]
    struct Watcher;

    impl Drop for Watcher {
        fn drop(&mut self) {
            assert_eq!((POOL.in_use(), POOL.stats().in_use), (1, 1));
            let refused = POOL.insert(Self).unwrap_err();
            core::mem::forget(refused.into_inner());
        }
    }

    drop(POOL.insert(Watcher).unwrap());
    assert_eq!((POOL.in_use(), POOL.stats().in_use), (0, 0));
}

#[test]
fn a_slot_is_free_before_the_value_that_was_taken_out_is_dropped() {
    static POOL: BoxPool<Watcher, 1> = BoxPool::new();

    #[derive(Debug)]
    struct Watcher;

    impl Drop for Watcher {
        fn drop(&mut self) {
            assert_eq!(POOL.in_use(), 0);
        }
    }

    drop(PoolBox::into_inner(POOL.insert(Watcher).unwrap()));
}

#[test]
fn a_value_that_is_dropped_may_use_the_pool() {
    static POOL: BoxPool<Nested, 4, Shared> = BoxPool::with_recorder(Shared::new());

    /// Puts another one into the pool when it is dropped, so many times.
    struct Nested(u32);

    impl Drop for Nested {
        fn drop(&mut self) {
            if let Some(left) = self.0.checked_sub(1) {
                drop(POOL.insert(Self(left)));
                POOL.validate();
            }
        }
    }

    // Four in the pool, each in the drop of the one before; the others are handed back and dropped there.
    drop(POOL.insert(Nested(9)).unwrap());
    let stats = POOL.stats();
    assert_eq!((POOL.in_use(), stats.high_water, stats.acquired, stats.exhausted), (0, 4, 4, 6));
}

#[test]
fn a_value_that_is_made_may_use_the_pool() {
    static POOL: BoxPool<u32, 4, Shared> = BoxPool::with_recorder(Shared::new());

    fn nested(left: u32) -> u32 {
        let below = left.checked_sub(1).and_then(|left| POOL.insert_with(|| nested(left)).ok());
        POOL.validate();
        below.map_or(0, |below| *below + 1)
    }

    let top = POOL.insert_with(|| nested(9)).unwrap();
    // Four slots were taken, and then three values were out one after the other.
    assert_eq!((*top, POOL.in_use(), POOL.stats().exhausted, POOL.stats().acquired), (3, 1, 1, 4));
}

#[test]
fn a_leaked_guard_keeps_its_slot_and_its_value() {
    let ledger = Ledger::new();
    let pool = BoxPool::<_, 2>::new();
    core::mem::forget(pool.insert(ledger.token()).unwrap());
    let other = pool.insert(ledger.token()).unwrap();
    drop(pool.insert(ledger.token()).unwrap_err());
    assert_eq!(pool.in_use(), 2);
    drop(other);
    pool.validate();
    assert_eq!((pool.in_use(), ledger.alive()), (1, 1));
    drop(pool);
    assert_eq!(ledger.alive(), 1);
}

#[test]
fn a_guard_is_its_value() {
    let pool = BoxPool::<String, 1>::new();
    let mut guard = pool.insert(String::from("a")).unwrap();
    guard.push('b');
    guard.as_mut().push('c');
    assert_eq!(
        (guard.as_ref().len(), &**guard, format!("{guard}"), format!("{guard:?}")),
        (3, "abc", String::from("abc"), String::from("\"abc\""))
    );
    assert_eq!(PoolBox::into_inner(guard), "abc");
}

#[test]
fn an_error_says_how_large_the_pool_is_and_shows_no_value() {
    let pool = BoxPool::<&str, 1>::default();
    let _held = pool.insert("held").unwrap();
    let refused = pool.insert("secret").unwrap_err();
    assert_eq!(refused.to_string(), "exhausted: the only slot is in use");
    assert_eq!(format!("{refused:?}"), "Exhausted { capacity: 1, .. }");
    assert_eq!((refused.capacity(), refused.into_inner()), (1, "secret"));
    assert_eq!(format!("{pool:?}"), "BoxPool { capacity: 1, in_use: 1, .. }");

    let none = BoxPool::<u32, 0>::new();
    assert_eq!(none.insert(1).unwrap_err().to_string(), "exhausted: all of the 0 slots are in use");
    assert_eq!((none.capacity(), none.in_use()), (0, 0));
}

#[test]
fn the_utilization_is_a_part_of_the_capacity() {
    let pool = BoxPool::<u32, 4, Shared>::with_recorder(Shared::new());
    let held = [pool.insert(1).unwrap(), pool.insert(2).unwrap(), pool.insert(3).unwrap()];
    assert!((pool.stats().utilization() - 0.75).abs() < f32::EPSILON);
    drop(held);
    assert!(pool.stats().utilization() < f32::EPSILON);
    assert!(BoxPool::<u32, 0, Shared>::with_recorder(Shared::new()).stats().utilization() < f32::EPSILON);
}

/// A value that is larger than what a thread should have to find room for twice: made in the call, it goes by the stack,
/// and the stack of a thread of two megabytes must do, also where nothing is optimised.
#[test]
#[cfg_attr(miri, ignore = "there is no stack to run out of")]
#[expect(clippy::large_stack_arrays, reason = "that it fits is what is tested")]
fn a_value_of_a_quarter_megabyte_is_made_within_an_ordinary_stack() {
    static POOL: BoxPool<[u8; 256 << 10], 2> = BoxPool::new();
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(|| {
        let mut held = POOL.insert_with(|| [7; 256 << 10]).unwrap();
        held[100_000] = 8;
        held.iter().map(|&byte| u32::from(byte)).sum::<u32>()
    });
    assert_eq!(thread.unwrap().join().unwrap(), 7 * (256 << 10) + 1);
}

#[test]
fn threads_never_share_a_slot() {
    let ledger = Ledger::new();
    stress(Boxes::<u32, 4>::new(ledger), 30_000, ledger);
}

#[test]
fn threads_never_share_a_slot_of_a_single_one() {
    let ledger = Ledger::new();
    stress(Boxes::<u32, 1>::new(ledger), 100_000, ledger);
}

#[test]
fn threads_never_share_a_slot_of_many() {
    let ledger = Ledger::new();
    stress(Boxes::<Aligned, 65>::new(ledger), 20_000, ledger);
}
