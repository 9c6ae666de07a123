//! Protocols that are wrong, each in a way in which ours could be. If one of them passed, the models would show nothing.

use crate::explore::{explore, join, spawn};
use alloc::sync::Arc;
use core::sync::atomic::Ordering;
use larder::testing::Flags;
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

/// Each of two raises a flag and looks at the other's (Dekker's rule): that one of them sees the other's needs the one order of
/// sequentially consistent accesses. (Of all four: but that they are not raised in it is not found here; see `src/sync/model.rs`.)
fn two_raise_a_flag_and_look(raise: Ordering, look: Ordering) {
    explore(move || {
        let flags = Arc::new(Flags::new());
        flags.validate();
        let theirs = Arc::clone(&flags);
        let other = spawn(move || theirs.raise_and_look(1, raise, look));
        let ours = flags.raise_and_look(0, raise, look);
        assert!(join(other) || ours, "neither sees the other");
    });
}

/// The check of the others: loom does not know such accesses, the crate's backend makes them.
#[test]
fn flags_in_the_one_order_are_seen_by_one_of_two() {
    two_raise_a_flag_and_look(Ordering::SeqCst, Ordering::SeqCst);
}

#[test]
#[should_panic(expected = "neither sees the other")]
fn flags_that_are_looked_at_outside_of_the_one_order() {
    two_raise_a_flag_and_look(Ordering::SeqCst, Ordering::Acquire);
}

#[test]
#[should_panic(expected = "neither sees the other")]
fn flags_that_are_raised_and_looked_at_outside_of_the_one_order() {
    two_raise_a_flag_and_look(Ordering::AcqRel, Ordering::Acquire);
}
