//! `Placed`: which call has acquired what is out of a pool, whatever kind of pool that is.

#![cfg(not(any(larder_loom, larder_step)))]

mod common;
#[path = "common/pool_model.rs"]
mod pool_model;

use common::{Ledger, Sample, at_every_capacity, holds};
use core::mem::forget;
use core::panic::{AssertUnwindSafe, Location};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use larder::pool::{BoxPool, ByDefault, Held, Pool, PoolBox, Pooled, Recycle, RetryPolicy};
use larder::stats::{Placed, PoolStats, Shared};
use larder::time::ManualClock;
use pool_model::{Object, Subject, agrees, op, stress};
use proptest::collection::vec;
use std::panic::{catch_unwind, resume_unwind};

fn boxes<T, const N: usize>() -> BoxPool<T, N, Placed> {
    BoxPool::with_recorder(Placed::new())
}

type PlacedPool<T, const N: usize> = Pool<T, N, ByDefault, Placed>;
type Out<'a, T> = Pooled<'a, T, ByDefault, Placed>;

fn pool<T: Default, const N: usize>() -> PlacedPool<T, N> {
    Pool::with_recorder(ByDefault, Placed::new())
}

/// The lines of this file where what is out was acquired, from the smallest on.
fn lines(held: impl Iterator<Item = Held>) -> Vec<u32> {
    let line = |held: Held| {
        let place = held.place.expect("nothing is on its way");
        assert_eq!(place.file(), file!());
        place.line()
    };
    let mut lines: Vec<_> = held.map(line).collect();
    lines.sort_unstable();
    lines
}

fn policy() -> RetryPolicy<ManualClock, fn(Duration)> {
    RetryPolicy::new(ManualClock::new(), (|_| ()) as fn(Duration))
}

#[test]
fn what_was_leaked_shows_the_call() {
    let (boxes, pool) = (boxes::<String, 4>(), pool::<String, 4>());
    let first = line!() + 1;
    forget(boxes.insert(String::new()));
    forget(boxes.insert_with(String::new));
    forget(boxes.insert_retrying(String::new(), &policy()));
    assert_eq!(lines(boxes.held()), [first, first + 1, first + 2]);
    forget(pool.acquire());
    forget(pool.acquire_with(&policy()));
    forget(policy().run(|| pool.acquire()));
    assert_eq!(lines(pool.held()), [first + 4, first + 5, first + 6]);
    drop(pool.acquire());
    assert_eq!((pool.held().count(), boxes.held().count()), (3, 3));
    assert_eq!((pool.stats().in_use, boxes.stats().in_use), (3, 3));
    let mut slots: Vec<_> = pool.held().map(|held| held.slot).collect();
    slots.dedup();
    assert!(slots.len() == 3 && slots.iter().all(|&slot| slot < 4));
}

#[cfg(feature = "alloc")]
fn on_the_heap<T>(
    max_size: usize,
    recycle: impl Recycle<T>,
) -> larder::pool::ObjectPool<T, impl Recycle<T>, Placed> {
    larder::pool::ObjectPool::try_with_recorder("pool", max_size, recycle, Placed::new()).unwrap()
}

#[cfg(feature = "alloc")]
#[test]
fn what_was_leaked_out_of_a_pool_on_the_heap() {
    let pool = on_the_heap::<String>(4, ByDefault);
    let first = line!() + 1;
    forget(pool.acquire());
    forget(pool.acquire_owned());
    forget(pool.acquire_with(&policy()));
    let last = pool.clone().acquire_owned_with(&policy()).unwrap();
    assert!(pool.acquire().is_err());
    assert_eq!(lines(pool.held()), [first, first + 1, first + 2, first + 3]);
    drop(last);
    assert_eq!(lines(pool.held()), [first, first + 1, first + 2]);
    assert_eq!((pool.idle(), pool.trim(0), pool.held().count(), pool.stats().in_use), (1, 1, 3, 3));
}

#[test]
fn what_came_back_has_no_place_and_gets_a_new_one() {
    let (boxes, pool) = (boxes::<u32, 1>(), pool::<u32, 1>());
    for round in 0..4 {
        let (line, guard, object) = (line!(), boxes.insert(1).unwrap(), pool.acquire().unwrap());
        assert_eq!((lines(boxes.held()), lines(pool.held())), (vec![line], vec![line]));
        if round % 2 == 0 {
            drop((guard, object));
        } else {
            assert_eq!((PoolBox::into_inner(guard), Pooled::into_inner(object)), (1, 0));
        }
        assert_eq!((boxes.held().next(), pool.held().next()), (None, None));
        let make = || {
            assert_eq!(boxes.held().map(|held| held.place).collect::<Vec<_>>(), [None]);
            2
        };
        let (line, guard) = (line!(), boxes.insert_with(make).unwrap());
        assert_eq!(lines(boxes.held()), [line]);
        drop(guard);
    }
}

#[test]
fn a_function_may_stand_for_its_caller() {
    #[track_caller]
    fn buffer<const N: usize>(pool: &PlacedPool<u32, N>) -> Out<'_, u32> {
        pool.acquire().unwrap()
    }

    let pool = pool::<u32, 2>();
    let (line, _guard) = (line!(), buffer(&pool));
    assert_eq!(lines(pool.held()), [line]);
    let named: fn(&PlacedPool<u32, 2>) -> Out<'_, u32> = buffer;
    let _other = named(&pool);
    assert_eq!(pool.held().filter(|held| held.place.is_some()).count(), 2);
}

#[test]
fn on_the_way_out_there_is_no_place_and_on_the_way_back_there_is() {
    static POOL: Pool<u32, 1, Looks, Placed> = Pool::with_recorder(Looks, Placed::new());
    static BOXES: BoxPool<Looks, 1, Placed> = BoxPool::with_recorder(Placed::new());
    static PANICS: AtomicBool = AtomicBool::new(false);

    struct Looks;

    impl Recycle<u32> for Looks {
        fn create(&self) -> u32 {
            assert_eq!(POOL.held().map(|held| (held.slot, held.place)).collect::<Vec<_>>(), [(0, None)]);
            0
        }

        fn reset(&self, line: &mut u32) {
            assert_eq!(lines(POOL.held()), [*line]);
            if PANICS.load(Ordering::Relaxed) {
                resume_unwind(Box::new("reset"));
            }
        }
    }

    impl Drop for Looks {
        fn drop(&mut self) {
            assert_eq!(lines(BOXES.held()).len(), 1);
            resume_unwind(Box::new("drop"));
        }
    }

    let panics = |guard| catch_unwind(AssertUnwindSafe(|| drop(guard))).is_err();
    for idle in [1, 0, 1] {
        PANICS.store(idle == 0, Ordering::Relaxed);
        let (line, mut guard) = (line!(), POOL.acquire().unwrap());
        *guard = line;
        assert_eq!(panics(guard), idle == 0);
        assert_eq!((POOL.held().count(), POOL.idle(), POOL.stats().in_use), (0, idle, 0));
    }

    let guard = BOXES.insert(Looks).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(guard))).is_err());
    let make = || {
        assert_eq!(BOXES.held().next().map(|held| held.place), Some(None), "the last one's place is gone");
        resume_unwind(Box::new("make"))
    };
    assert!(catch_unwind(AssertUnwindSafe(|| drop(BOXES.insert_with(make)))).is_err());
    assert_eq!((BOXES.held().count(), BOXES.in_use(), BOXES.stats().acquired), (0, 0, 1));
}

#[test]
fn what_could_not_be_made_leaves_no_place() {
    struct Never;

    impl Recycle<u32> for Never {
        fn create(&self) -> u32 {
            resume_unwind(Box::new("create"));
        }
    }

    let pool = Pool::<u32, 1, _, _>::with_recorder(Never, Placed::new());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(pool.acquire()))).is_err());
    assert_eq!((pool.held().count(), pool.stats().acquired), (0, 0));
}

#[test]
fn capacities_0_and_1_and_objects_without_a_size() {
    let (none, one) = (boxes::<(), 0>(), boxes::<(), 1>());
    assert!(none.insert(()).is_err() && none.held().next().is_none());
    assert_eq!((none.stats().exhausted, none.stats().capacity), (1, 0));
    let guard = one.insert(()).unwrap();
    assert!(one.insert(()).is_err());
    assert_eq!(lines(one.held()), [line!() - 2]);
    drop(guard);
    assert!(one.held().next().is_none());
    let pool = pool::<(), 33>();
    let line = line!() + 1;
    let guards: Vec<_> = (0..33).map(|_| pool.acquire().unwrap()).collect();
    assert_eq!(lines(pool.held()), [line; 33]);
    assert!(pool.held().map(|held| held.slot).eq(0..33), "each slot once");
    drop(guards);
    assert_eq!((pool.held().count(), pool.idle()), (0, 33));
}

#[test]
fn without_places_slots_are_all_that_is_known() {
    let (off, shared) =
        (BoxPool::<u32, 3>::new(), Pool::<u32, 3, _, _>::with_recorder(ByDefault, Shared::new()));
    let _guards = (off.insert(1), shared.acquire());
    for held in off.held().chain(shared.held()) {
        assert_eq!((held.place, held.to_string()), (None, format!("slot {} is held", held.slot)));
    }
    assert_eq!((off.held().count(), shared.held().count()), (1, 1));
}

#[test]
fn any_pool_says_its_counts_if_it_has_any() {
    assert_eq!(BoxPool::<u32, 3>::new().counts(), None);
    assert_eq!(Pool::<u32, 3>::new().counts(), None);
    let (shared, placed) = (Pool::<u32, 3, _, _>::with_recorder(ByDefault, Shared::new()), boxes::<u32, 2>());
    drop((shared.acquire(), placed.insert(1)));
    assert_eq!((shared.counts(), placed.counts()), (Some(shared.stats()), Some(placed.stats())));
    assert_eq!((shared.stats().capacity, placed.stats().capacity, placed.stats().acquired), (3, 2, 1));
    #[cfg(feature = "alloc")]
    {
        use larder::pool::ObjectPool;
        use larder::stats::Off;
        let shared = ObjectPool::new("pool", 5, String::new);
        assert_eq!(shared.counts(), Some(shared.stats()));
        let off = ObjectPool::<u32, _, _>::try_with_recorder("pool", 5, ByDefault, Off::new()).unwrap();
        assert_eq!(off.counts(), None);
    }
}

#[test]
fn it_is_told_as_a_line() {
    let pool = boxes::<u32, 1>();
    let _guard = pool.insert(1);
    let text = format!("slot 0 is held, acquired at {}:{}:23", file!(), line!() - 1);
    assert_eq!(pool.held().map(|held| held.to_string()).collect::<Vec<_>>(), [text]);
    assert_eq!(format!("{:?}", Placed::default()), "Placed { .. }");
}

#[test]
fn a_place_costs_a_pointer_for_each_slot_and_nothing_where_there_is_none() {
    let pointer = size_of::<usize>();
    let shared = size_of::<Pool<usize, 8, ByDefault, Shared>>();
    assert_eq!(size_of::<Pool<usize, 8, ByDefault, Placed>>() - shared, 8 * pointer);
    // The objects, the states, and the hint.
    assert_eq!(size_of::<BoxPool<u8, 8>>(), 8 + 8 + 4);
    assert_eq!(size_of::<PoolBox<'_, u8, Placed>>(), size_of::<PoolBox<'_, u8>>());
}

struct Maker(&'static Ledger);

impl<P: Sample> Recycle<Object<P>> for Maker {
    fn create(&self) -> Object<P> {
        Object::new(self.0)
    }

    fn reset(&self, object: &mut Object<P>) {
        object.reset();
    }
}

/// A pool that is looked at closely. Says where each object is to have been acquired.
struct Closely<P: Sample, const N: usize>(Pool<Object<P>, N, Maker, Placed>);

impl<P: Sample + Send, const N: usize> Subject<P> for Closely<P, N> {
    const KEEPS: bool = true;

    type Guard<'a> = Pooled<'a, Object<P>, Maker, Placed>;

    fn acquire(&self, _: bool) -> Option<Self::Guard<'_>> {
        self.0.acquire().ok()
    }

    fn into_inner(guard: Self::Guard<'_>) -> Object<P> {
        Pooled::into_inner(guard)
    }

    fn in_use(&self) -> usize {
        let lines = lines(self.0.held());
        assert!(lines.iter().all(|&line| line == lines[0]));
        assert_eq!(lines.len(), self.0.in_use());
        self.0.in_use()
    }

    fn idle(&self) -> usize {
        self.0.idle()
    }

    fn stats(&self) -> PoolStats {
        self.0.stats()
    }

    fn validate(&self) {
        self.0.validate();
    }
}

#[test]
fn agrees_with_the_model() {
    fn at<const N: usize>() {
        holds(16, &vec(op(), 0..200), |ops| {
            let ledger = Ledger::new();
            agrees(Closely::<String, N>(Pool::with_recorder(Maker(ledger), Placed::new())), N, ledger, &ops);
        });
    }
    macro_rules! at {
        ($n:literal) => {
            at::<$n>();
        };
    }
    at_every_capacity!(at);
}

/// Threads that acquire in two places, and one that looks: it finds one of the two, or none.
#[test]
fn who_looks_while_others_work_finds_a_true_place_or_none() {
    let (boxes, stop) = (boxes::<u64, 3>(), AtomicBool::new(false));
    let rounds = if cfg!(miri) { 100 } else { 50_000 };
    let (one, insert_one) = (line!(), |round| drop(boxes.insert(round)));
    let (two, insert_two) = (line!(), |round| drop(boxes.insert(round)));
    let (insert_one, insert_two): (&(dyn Fn(u64) + Sync), &(dyn Fn(u64) + Sync)) = (&insert_one, &insert_two);
    let is_true = |place: &Location<'_>| place.file() == file!() && [one, two].contains(&place.line());
    std::thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let mut seen = [0_u32; 2];
            while !stop.load(Ordering::Relaxed) {
                for held in boxes.held() {
                    seen[usize::from(held.place.is_some())] += 1;
                    assert!(held.slot < 3 && held.place.is_none_or(is_true), "{held}");
                }
            }
            seen
        });
        let workers = [insert_one, insert_two, insert_one]
            .map(|insert| scope.spawn(move || (0..rounds).for_each(insert)));
        let done = workers.map(|worker| worker.join().is_ok());
        stop.store(true, Ordering::Relaxed);
        looks.join().unwrap();
        assert_eq!(done, [true; 3]);
    });
    assert_eq!((boxes.held().count(), boxes.stats().in_use), (0, 0));
}

#[test]
fn threads_never_share_an_object() {
    struct Quick(Pool<Object<u32>, 4, Maker, Placed>);

    impl Subject<u32> for Quick {
        const KEEPS: bool = true;

        type Guard<'a> = Pooled<'a, Object<u32>, Maker, Placed>;

        fn acquire(&self, _: bool) -> Option<Self::Guard<'_>> {
            self.0.acquire().ok()
        }

        fn into_inner(guard: Self::Guard<'_>) -> Object<u32> {
            Pooled::into_inner(guard)
        }

        fn in_use(&self) -> usize {
            self.0.held().count()
        }

        fn idle(&self) -> usize {
            self.0.idle()
        }

        fn stats(&self) -> PoolStats {
            self.0.stats()
        }

        fn validate(&self) {
            self.0.validate();
        }
    }

    let ledger = Ledger::new();
    stress(Quick(Pool::with_recorder(Maker(ledger), Placed::new())), 30_000, ledger);
}
