//! Protocols that are wrong, each in a way in which ours could be. If one of them passed, the models would show nothing.

use crate::explore::{explore, join, spawn};
use alloc::sync::Arc;
use core::sync::atomic::Ordering;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU8, AtomicU32};

struct Slot {
    state: AtomicU8,
    in_use: AtomicU32,
    cell: UnsafeCell<()>,
}

/// What two threads do at once with a slot that is free at first.
fn two(work: fn(&Slot)) {
    explore(move || {
        let slot =
            Arc::new(Slot { state: AtomicU8::new(0), in_use: AtomicU32::new(0), cell: UnsafeCell::new(()) });
        let other = Arc::clone(&slot);
        let thread = spawn(move || work(&other));
        work(&slot);
        join(thread);
    });
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_claim_by_a_load_and_a_store() {
    two(|slot| {
        if slot.state.load(Ordering::Acquire) == 0 {
            slot.state.store(1, Ordering::Release);
            slot.cell.with_mut(|_| ());
        }
    });
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_claim_that_does_not_acquire() {
    two(|slot| {
        if slot.state.fetch_or(1, Ordering::Relaxed) == 0 {
            slot.cell.with_mut(|_| ());
            slot.state.store(0, Ordering::Release);
        }
    });
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_release_that_does_not_release() {
    two(|slot| {
        if slot.state.fetch_or(1, Ordering::Acquire) == 0 {
            slot.cell.with_mut(|_| ());
            slot.state.store(0, Ordering::Relaxed);
        }
    });
}

#[test]
#[should_panic(expected = "two in one slot")]
fn a_count_that_goes_down_after_the_slot_is_free() {
    two(|slot| {
        if slot.state.fetch_or(1, Ordering::Acquire) == 0 {
            assert_eq!(slot.in_use.fetch_add(1, Ordering::Relaxed), 0, "two in one slot");
            slot.state.store(0, Ordering::Release);
            slot.in_use.fetch_sub(1, Ordering::Relaxed);
        }
    });
}

/// High, low, high again: what is often used, and enough only if no reader can stop the writer between its stores.
#[test]
#[should_panic(expected = "the halves of two times")]
fn a_clock_whose_reader_looks_at_the_upper_half_twice() {
    explore(|| {
        let halves = Arc::new([AtomicU32::new(0), AtomicU32::new(9)]);
        let theirs = Arc::clone(&halves);
        let writer = spawn(move || {
            theirs[0].store(1, Ordering::Release);
            theirs[1].store(0, Ordering::Release);
        });
        let high = halves[0].load(Ordering::Acquire);
        let low = halves[1].load(Ordering::Acquire);
        if halves[0].load(Ordering::Acquire) == high {
            assert!([(0, 9), (1, 0)].contains(&(high, low)), "the halves of two times");
        }
        join(writer);
    });
}
