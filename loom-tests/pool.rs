//! `Pool`: objects that are cleaned before the next user sees them.
//!
//! A use is an acquire that looks for an object, then for room, and a release, each with the hint: two threads take more
//! than minutes without a bound. Four preemptions are two for each of them, one in each half of the use.

use crate::explore::{explore_preempted, join, spawn};
use crate::objects::{Cleaned, Ledger, Object, survive};
use alloc::sync::Arc;
use core::sync::atomic::Ordering;
use larder::pool::{Guard, Pool};

type Cleanly<const N: usize> = Pool<Object, N, Cleaned>;

fn pool<const N: usize>(recycle: Cleaned) -> Arc<Cleanly<N>> {
    let pool = Arc::new(Pool::with_recycle(recycle));
    pool.validate();
    pool
}

/// Acquires, uses, and lets go; says whether there was one.
fn use_one<const N: usize>(pool: &Cleanly<N>) -> bool {
    let Ok(mut guard) = pool.acquire() else { return false };
    assert!(!guard.is_dirty(), "an object is handed out before it is clean");
    guard.change();
    true
}

fn at_rest<const N: usize>(pool: Arc<Cleanly<N>>, ledger: &Ledger) {
    pool.validate();
    assert_eq!(pool.in_use(), 0, "a slot is lost");
    assert_eq!(pool.idle(), ledger.alive(), "an object is lost");
    let guards = [(); N].map(|()| pool.acquire().expect("all slots are free"));
    assert!(guards.iter().all(|guard| !guard.is_dirty()));
    assert!(pool.acquire().is_err(), "there are more slots than there are");
    drop(guards);
    drop(Arc::into_inner(pool).expect("no thread has it any more"));
    assert_eq!(ledger.alive(), 0, "the pool left an object");
}

#[test]
fn two_use_one_slot() {
    explore_preempted(4, || {
        let ledger = Ledger::default();
        let pool = pool::<1>(Cleaned::new(&ledger));
        let other = Arc::clone(&pool);
        let thread = spawn(move || use_one(&other));
        let successes = usize::from(use_one(&pool)) + usize::from(join(thread));
        assert_ne!(successes, 0, "one of them gets it");
        assert_eq!(ledger.made(), 1, "one slot keeps one object");
        at_rest(pool, &ledger);
    });
}

#[test]
fn two_use_one_object_that_is_kept_and_one_that_is_not_there() {
    explore_preempted(4, || {
        let ledger = Ledger::default();
        let pool = pool::<2>(Cleaned::new(&ledger));
        assert!(use_one(&pool));
        let other = Arc::clone(&pool);
        let thread = spawn(move || use_one(&other));
        let successes = usize::from(use_one(&pool)) + usize::from(join(thread));
        assert_eq!(successes, 2, "there is one for each");
        at_rest(pool, &ledger);
    });
}

#[test]
fn an_acquire_meets_the_taking_out_of_an_object() {
    explore_preempted(4, || {
        let ledger = Ledger::default();
        let pool = pool::<1>(Cleaned::new(&ledger));
        let other = Arc::clone(&pool);
        let thread = spawn(move || {
            let taken = other.acquire().ok().map(Guard::into_inner);
            taken.map(|mut object| object.change()).is_some()
        });
        use_one(&pool);
        join(thread);
        at_rest(pool, &ledger);
    });
}

#[test]
fn an_acquire_meets_an_object_that_can_not_be_made() {
    explore_preempted(4, || {
        let ledger = Ledger::default();
        let recycle = Cleaned::new(&ledger);
        recycle.fails_to_create.store(true, Ordering::Relaxed);
        let pool = pool::<1>(recycle);
        let other = Arc::clone(&pool);
        let thread = spawn(move || survive(|| use_one(&other)));
        let results = [survive(|| use_one(&pool)), join(thread)];
        assert!(results.contains(&None), "one of them was to make it");
        at_rest(pool, &ledger);
    });
}

#[test]
fn an_acquire_meets_an_object_that_can_not_be_cleaned() {
    explore_preempted(4, || {
        let ledger = Ledger::default();
        let recycle = Cleaned::new(&ledger);
        recycle.fails_to_reset.store(true, Ordering::Relaxed);
        let pool = pool::<1>(recycle);
        let other = Arc::clone(&pool);
        let thread = spawn(move || survive(|| use_one(&other)));
        let results = [survive(|| use_one(&pool)), join(thread)];
        assert!(results.contains(&None), "one of them was to clean it");
        assert!(ledger.alive() <= 1, "it is kept though it is not clean");
        at_rest(pool, &ledger);
    });
}

/// Two preemptions: enough to stop two of them in the middle for the third. Three take minutes.
#[test]
fn three_use_one_object_that_is_kept() {
    explore_preempted(2, || {
        let ledger = Ledger::default();
        let pool = pool::<1>(Cleaned::new(&ledger));
        assert!(use_one(&pool));
        let others = [(); 2].map(|()| {
            let pool = Arc::clone(&pool);
            spawn(move || use_one(&pool))
        });
        let mut successes = usize::from(use_one(&pool));
        successes += others.into_iter().map(join).filter(|&success| success).count();
        assert_ne!(successes, 0, "one of them gets it");
        assert_eq!(ledger.made(), 1, "one slot keeps one object");
        at_rest(pool, &ledger);
    });
}
