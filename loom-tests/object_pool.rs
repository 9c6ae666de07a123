//! `ObjectPool`: trimming, and guards that share the pool.
//!
//! Where it would take more than minutes without a bound, it is said to be as in `pool`.

use crate::explore::{explore, explore_preempted, join, spawn};
use crate::objects::{Cleaned, Ledger, Object};
use alloc::sync::Arc;
use core::sync::atomic::Ordering;
use larder::pool::ObjectPool;
use larder::stats::Off;
use loom::sync::atomic::AtomicU8;

type Cleanly = ObjectPool<Object, Cleaned, Off>;

fn pool(max_size: usize, ledger: &Ledger) -> Cleanly {
    let pool = ObjectPool::try_with_recorder("model", max_size, Cleaned::new(ledger), Off::new()).unwrap();
    pool.validate();
    pool
}

/// Acquires, uses, and lets go; says whether there was one.
fn use_one(pool: &Cleanly) -> bool {
    let Ok(mut guard) = pool.acquire() else { return false };
    assert!(!guard.is_dirty(), "an object is handed out before it is clean");
    guard.change();
    true
}

/// As `use_one`, with a guard that shares the pool.
fn use_one_owned(pool: &Cleanly) -> bool {
    let Ok(mut guard) = pool.acquire_owned() else { return false };
    assert!(!guard.is_dirty(), "an object is handed out before it is clean");
    guard.change();
    true
}

/// To be called when no other thread has the pool any more.
fn at_rest(pool: Cleanly, ledger: &Ledger) {
    pool.validate();
    assert_eq!(pool.in_use(), 0, "a slot is lost");
    assert_eq!(pool.idle(), ledger.alive(), "an object is lost");
    drop(pool);
    assert_eq!(ledger.alive(), 0, "the pool left an object");
}

/// Four preemptions, as in `pool`.
#[test]
fn a_trim_meets_an_acquire() {
    explore_preempted(4, || {
        let ledger = Ledger::default();
        let pool = pool(1, &ledger);
        assert!(use_one(&pool));
        let other = pool.clone();
        let thread = spawn(move || other.trim(0));
        use_one(&pool);
        let trimmed = join(thread);
        assert_eq!(trimmed, ledger.made() - ledger.alive(), "it says how many it dropped");
        at_rest(pool, &ledger);
    });
}

#[test]
fn a_trim_meets_a_release() {
    explore(|| {
        let ledger = Ledger::default();
        let pool = pool(1, &ledger);
        let guard = pool.acquire_owned().unwrap();
        let other = pool.clone();
        let thread = spawn(move || other.trim(0));
        drop(guard);
        let trimmed = join(thread);
        assert_eq!(trimmed + ledger.alive(), 1, "it says how many it dropped");
        at_rest(pool, &ledger);
    });
}

/// Three preemptions: a trim is long, and four take minutes.
#[test]
fn two_trim_two_objects() {
    explore_preempted(3, || {
        let ledger = Ledger::default();
        let pool = pool(2, &ledger);
        drop([pool.acquire_owned().unwrap(), pool.acquire_owned().unwrap()]);
        let other = pool.clone();
        let thread = spawn(move || other.trim(0));
        let trimmed = pool.trim(0) + join(thread);
        assert_eq!((trimmed, ledger.alive()), (2, 0), "each object is dropped by one of them");
        at_rest(pool, &ledger);
    });
}

/// Four preemptions, as in `pool`.
#[test]
fn an_owned_guard_meets_a_borrowed_one() {
    explore_preempted(4, || {
        let ledger = Ledger::default();
        let pool = pool(1, &ledger);
        let other = pool.clone();
        let thread = spawn(move || use_one_owned(&other));
        let successes = usize::from(use_one(&pool)) + usize::from(join(thread));
        assert_ne!(successes, 0, "one of them gets it");
        at_rest(pool, &ledger);
    });
}

#[test]
fn an_owned_guard_is_released_in_another_thread_while_the_pool_is_used() {
    explore(|| {
        let ledger = Ledger::default();
        let pool = pool(1, &ledger);
        let mut guard = pool.acquire_owned().unwrap();
        guard.change();
        let thread = spawn(move || {
            guard.change();
            drop(guard);
        });
        use_one(&pool);
        join(thread);
        at_rest(pool, &ledger);
    });
}

/// The count of shares is `alloc`'s, which loom does not know: it does not see that whoever drops the last share finds all
/// done that the others did, and lets the pool's drop overlook an object. So the model says how far the guard's thread
/// is, by a word of its own that orders what the count would order. Only where that word can't say whether the guard
/// is gone is a lost object let pass.
#[test]
fn the_last_handle_meets_an_owned_guard() {
    explore(|| {
        let ledger = Ledger::default();
        let pool = pool(1, &ledger);
        let mut guard = pool.acquire_owned().unwrap();
        let steps = Arc::new(AtomicU8::new(0));
        let theirs = Arc::clone(&steps);
        let thread = spawn(move || {
            guard.change();
            theirs.fetch_add(1, Ordering::Relaxed);
            drop(guard);
            theirs.fetch_add(1, Ordering::Release);
        });
        let before = steps.fetch_add(0, Ordering::Acquire);
        drop(pool);
        join(thread);
        let lost = ledger.alive();
        assert!(lost == 0 || before == 1, "the pool left an object");
    });
}
