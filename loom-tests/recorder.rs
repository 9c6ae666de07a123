//! The shared recorder beside a pool: never more in use than there are, and exact at rest.

use crate::explore::{explore, explore_preempted, join, spawn};
use alloc::sync::Arc;
use larder::pool::{BoxPool, Guard};
use larder::stats::{Placed, PoolStats, Shared};

type Counted<const N: usize> = BoxPool<u32, N, Shared>;

fn pool<const N: usize>() -> Arc<Counted<N>> {
    let pool = Arc::new(BoxPool::with_recorder(Shared::new()));
    pool.validate();
    pool.stats();
    pool
}

/// What is true at any time; counts that only go up, do.
fn observe<const N: usize>(pool: &Counted<N>, before: PoolStats) -> PoolStats {
    let stats = pool.stats();
    assert!(stats.in_use as usize <= N, "{} of {N} slots are in use", stats.in_use);
    assert!(stats.high_water as usize <= N, "{} of {N} slots were in use", stats.high_water);
    assert!(stats.high_water >= before.high_water, "the high-water mark fell");
    assert!(stats.acquired >= before.acquired, "a count went back");
    stats
}

fn at_rest<const N: usize>(pool: &Counted<N>, inserts: u32) -> PoolStats {
    let stats = observe(pool, PoolStats::default());
    assert_eq!(stats.in_use, 0, "what came back is still counted");
    assert_eq!(stats.acquired + stats.exhausted, inserts, "an insert is lost");
    stats
}

#[test]
fn an_observer_meets_a_user() {
    explore(|| {
        let pool = pool::<1>();
        let other = Arc::clone(&pool);
        let thread = spawn(move || drop(other.insert(1)));
        let before = observe(&pool, PoolStats::default());
        observe(&pool, before);
        join(thread);
        assert_eq!(at_rest(&pool, 1).high_water, 1);
    });
}

#[test]
fn two_users_of_one_slot_are_never_both_counted() {
    explore(|| {
        let pool = pool::<1>();
        let other = Arc::clone(&pool);
        let thread = spawn(move || drop(other.insert(1)));
        drop(pool.insert(2));
        join(thread);
        assert_eq!(at_rest(&pool, 2).high_water, 1);
    });
}

#[test]
fn a_user_who_takes_its_value_out_is_not_counted_with_the_next() {
    explore(|| {
        let pool = pool::<1>();
        let other = Arc::clone(&pool);
        let thread = spawn(move || other.insert(1).map(Guard::into_inner).is_ok());
        let success = pool.insert(2).map(Guard::into_inner).is_ok();
        assert!(join(thread) || success, "one of them gets it");
        assert_eq!(at_rest(&pool, 2).high_water, 1);
    });
}

#[test]
fn the_high_water_mark_of_two_that_come_at_once() {
    explore(|| {
        let pool = pool::<2>();
        let other = Arc::clone(&pool);
        // The guard is kept for ever.
        let thread = spawn(move || core::mem::forget(other.insert(1)));
        let guard = pool.insert(2).unwrap();
        join(thread);
        let stats = observe(&pool, PoolStats::default());
        assert_eq!((stats.in_use, stats.high_water, stats.acquired), (2, 2, 2));
        drop(guard);
        assert_eq!(pool.stats().in_use, 1);
    });
}

/// Two preemptions: one that stops a release half-way for the other user, one for the observer.
#[test]
fn an_observer_meets_two_users_of_one_slot() {
    explore_preempted(2, || {
        let pool = pool::<1>();
        let others = [1, 2].map(|value| {
            let pool = Arc::clone(&pool);
            spawn(move || drop(pool.insert(value)))
        });
        observe(&pool, PoolStats::default());
        others.into_iter().for_each(join);
        assert_eq!(at_rest(&pool, 2).high_water, 1);
    });
}

/// Two calls, one after the other in the same slot, and somebody who looks meanwhile: whom he finds he finds whole.
#[test]
fn an_observer_finds_a_place_or_none() {
    explore(|| {
        let pool = Arc::new(BoxPool::<u32, 1, Placed>::with_recorder(Placed::new()));
        pool.validate();
        let other = Arc::clone(&pool);
        let first = line!() + 2;
        let thread = spawn(move || {
            drop(other.insert(1));
            drop(other.insert(2));
        });
        let places = pool.held().filter_map(|held| held.place);
        places.for_each(|place| assert!(place.file() == file!() && place.line() - first < 2));
        join(thread);
        assert_eq!(pool.held().count(), 0, "what came back is still held");
        let guard = pool.insert(3).unwrap();
        let place = pool.held().next().and_then(|held| held.place).unwrap();
        assert_eq!(place.line(), line!() - 2);
        drop(guard);
    });
}
