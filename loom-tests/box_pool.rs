//! `BoxPool`: values that are moved in, and dropped before their slot is free.

use crate::explore::{explore, explore_preempted, join, spawn};
use crate::objects::{Ledger, survive};
use alloc::sync::Arc;
use larder::pool::{BoxPool, Guard};

type Pool<const N: usize> = BoxPool<crate::objects::Object, N>;

fn pool<const N: usize>() -> Arc<Pool<N>> {
    let pool = Arc::new(Pool::new());
    pool.validate();
    pool
}

/// A pool whose guards may go to other threads. It is never dropped, so neither is what is in it: the ledger sees it.
fn pool_for_ever<const N: usize>() -> &'static Pool<N> {
    let pool = Box::leak(Box::new(Pool::new()));
    pool.validate();
    pool
}

/// Inserts and lets go again; says whether there was room.
fn insert_and_drop<const N: usize>(pool: &Pool<N>, ledger: &Ledger) -> bool {
    let Ok(mut guard) = pool.insert(ledger.object()) else { return false };
    guard.change();
    true
}

fn at_rest<const N: usize>(pool: &Pool<N>, ledger: &Ledger) {
    pool.validate();
    assert_eq!(ledger.alive(), 0, "a value is lost");
    assert_eq!(pool.in_use(), 0, "a slot is lost");
    let guards = [(); N].map(|()| pool.insert(ledger.object()).expect("all slots are free"));
    assert_eq!(pool.insert(ledger.object()).err().map(|refused| refused.capacity()), Some(N));
    drop(guards);
}

#[test]
fn two_insert_into_one_slot() {
    explore(|| {
        let (pool, ledger) = (pool::<1>(), Ledger::default());
        let other = (Arc::clone(&pool), ledger.clone());
        let thread = spawn(move || insert_and_drop(&other.0, &other.1));
        let successes = usize::from(insert_and_drop(&pool, &ledger)) + usize::from(join(thread));
        assert_ne!(successes, 0, "one of them gets it");
        at_rest(&pool, &ledger);
    });
}

#[test]
fn two_insert_into_two_slots() {
    explore(|| {
        let (pool, ledger) = (pool::<2>(), Ledger::default());
        let other = (Arc::clone(&pool), ledger.clone());
        let thread = spawn(move || insert_and_drop(&other.0, &other.1));
        let successes = usize::from(insert_and_drop(&pool, &ledger)) + usize::from(join(thread));
        assert_eq!(successes, 2, "there is one for each");
        at_rest(&pool, &ledger);
    });
}

#[test]
fn an_insert_meets_the_drop_of_a_guard_in_another_thread() {
    explore(|| {
        let (pool, ledger) = (pool_for_ever::<1>(), Ledger::default());
        let mut guard = pool.insert(ledger.object()).unwrap();
        guard.change();
        let thread = spawn(move || {
            guard.change();
            drop(guard);
        });
        insert_and_drop(pool, &ledger);
        join(thread);
        at_rest(pool, &ledger);
    });
}

#[test]
fn a_guard_comes_back_from_the_thread_that_inserted_it() {
    explore(|| {
        let (pool, ledger) = (pool_for_ever::<2>(), Ledger::default());
        let others = ledger.clone();
        let thread = spawn(move || pool.insert(others.object()).ok());
        insert_and_drop(pool, &ledger);
        let mut guard = join(thread).expect("there is one for each");
        guard.change();
        drop(guard);
        at_rest(pool, &ledger);
    });
}

#[test]
fn an_insert_meets_the_taking_out_of_a_value() {
    explore(|| {
        let (pool, ledger) = (pool_for_ever::<1>(), Ledger::default());
        let guard = pool.insert(ledger.object()).unwrap();
        let thread = spawn(move || {
            let mut object = Guard::into_inner(guard);
            object.change();
        });
        insert_and_drop(pool, &ledger);
        join(thread);
        at_rest(pool, &ledger);
    });
}

#[test]
fn an_insert_meets_the_drop_of_a_value_that_panics() {
    explore(|| {
        let (pool, ledger) = (pool_for_ever::<1>(), Ledger::default());
        let guard = pool.insert(ledger.bomb()).unwrap();
        let thread = spawn(move || assert!(survive(|| drop(guard)).is_none()));
        insert_and_drop(pool, &ledger);
        join(thread);
        at_rest(pool, &ledger);
    });
}

#[test]
fn an_insert_meets_an_insert_whose_value_is_not_made() {
    explore(|| {
        let (pool, ledger) = (pool::<1>(), Ledger::default());
        let other = (Arc::clone(&pool), ledger.clone());
        let thread = spawn(move || {
            // What is made is dropped again, with a panic.
            let fails = || {
                drop(other.1.bomb());
                other.1.object()
            };
            survive(|| drop(other.0.insert_with(fails)));
        });
        insert_and_drop(&pool, &ledger);
        join(thread);
        at_rest(&pool, &ledger);
    });
}

/// Three preemptions: one for each of them. Without a bound it takes more than minutes.
#[test]
fn three_insert_into_two_slots() {
    explore_preempted(3, || {
        let (pool, ledger) = (pool::<2>(), Ledger::default());
        let others = [(); 2].map(|()| {
            let (pool, ledger) = (Arc::clone(&pool), ledger.clone());
            spawn(move || insert_and_drop(&pool, &ledger))
        });
        let mut successes = usize::from(insert_and_drop(&pool, &ledger));
        successes += others.into_iter().map(join).filter(|&success| success).count();
        assert!(successes >= 2, "there was room for two of them");
        at_rest(&pool, &ledger);
    });
}
