//! The allocator of indices by itself.

use crate::explore::{explore, explore_preempted, join, spawn};
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use larder::testing::Indices;
use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicBool;

/// Indices, and what their owners do behind them.
struct Slots<const N: usize> {
    indices: Indices<N>,
    cells: [UnsafeCell<()>; N],
}

impl<const N: usize> Slots<N> {
    fn new() -> Arc<Self> {
        let slots = Self { indices: Indices::new(), cells: core::array::from_fn(|_| UnsafeCell::new(())) };
        slots.indices.validate();
        Arc::new(slots)
    }

    /// As `new`, and the first so many are claimed.
    fn claimed(count: usize) -> Arc<Self> {
        let slots = Self::new();
        for index in 0..count {
            assert_eq!(slots.claim(), Some(index));
        }
        slots
    }

    /// Claims, and uses what is behind: loom objects if somebody else does that now, or did it and it can't be seen.
    fn claim(&self) -> Option<usize> {
        let (index, _) = self.indices.claim()?;
        self.touch(index);
        Some(index)
    }

    fn touch(&self, index: usize) {
        self.cells[index].with_mut(|_| ());
    }

    /// Uses what is behind once more, and gives it back.
    fn release(&self, index: usize) {
        self.touch(index);
        self.indices.release(index, false);
    }

    /// Claims everything, and gives it back.
    fn all_are_free(&self) {
        assert_eq!(self.indices.claimed(), 0);
        let mut claims: Vec<usize> = core::iter::from_fn(|| self.claim()).collect();
        claims.sort_unstable();
        assert!(claims.iter().copied().eq(0..N), "a slot is lost, or there twice");
        for index in claims {
            self.release(index);
        }
        self.indices.validate();
    }
}

#[test]
fn two_claim_one_slot() {
    explore(|| {
        let slots = Slots::<1>::new();
        let other = Arc::clone(&slots);
        let thread = spawn(move || other.claim());
        let claims = [slots.claim(), join(thread)];
        assert!(claims == [Some(0), None] || claims == [None, Some(0)], "one of them gets it");
    });
}

#[test]
fn two_claim_two_slots() {
    explore(|| {
        let slots = Slots::<2>::new();
        let other = Arc::clone(&slots);
        let thread = spawn(move || other.claim());
        let claims = [slots.claim(), join(thread)];
        assert!(claims == [Some(0), Some(1)] || claims == [Some(1), Some(0)], "each gets one of its own");
    });
}

/// Three preemptions: one in each search, or all in one. Without a bound it takes more than minutes.
#[test]
fn three_claim_two_slots() {
    explore_preempted(3, || {
        let slots = Slots::<2>::new();
        let others = [(); 2].map(|()| {
            let slots = Arc::clone(&slots);
            spawn(move || slots.claim())
        });
        let mut claims = vec![slots.claim()];
        claims.extend(others.into_iter().map(join));
        claims.sort_unstable();
        assert_eq!(claims, [None, Some(0), Some(1)], "all but one of them get one");
    });
}

#[test]
fn claim_takes_over_what_a_release_leaves() {
    explore(|| {
        let slots = Slots::<1>::claimed(1);
        let other = Arc::clone(&slots);
        let thread = spawn(move || other.release(0));
        if let Some(index) = slots.claim() {
            slots.release(index);
        }
        join(thread);
        slots.all_are_free();
    });
}

#[test]
fn two_hand_one_slot_to_and_fro() {
    explore(|| {
        let slots = Slots::<1>::new();
        let work = |slots: &Slots<1>| {
            if let Some(index) = slots.claim() {
                slots.release(index);
            }
        };
        let other = Arc::clone(&slots);
        let thread = spawn(move || work(&other));
        work(&slots);
        work(&slots);
        join(thread);
        slots.all_are_free();
    });
}

/// Two preemptions: two searches stopped half-way for the third. Three take most of a minute.
#[test]
fn three_hand_two_slots_around() {
    explore_preempted(2, || {
        let slots = Slots::<2>::new();
        let work = |slots: &Slots<2>| {
            if let Some(index) = slots.claim() {
                slots.release(index);
            }
        };
        let others = [(); 2].map(|()| {
            let slots = Arc::clone(&slots);
            spawn(move || work(&slots))
        });
        work(&slots);
        work(&slots);
        others.into_iter().for_each(join);
        slots.all_are_free();
    });
}

#[test]
fn what_is_kept_is_seen_by_who_claims_it_as_full() {
    explore(|| {
        let slots = Slots::<1>::claimed(1);
        let other = Arc::clone(&slots);
        let thread = spawn(move || {
            other.touch(0);
            other.indices.release(0, true);
        });
        if let Some((index, full)) = slots.indices.claim_full() {
            assert!(full, "it was full, and nobody else was there");
            slots.touch(index);
            slots.indices.release(index, true);
        }
        join(thread);
        assert_eq!(slots.indices.claim_full(), Some((0, true)));
    });
}

#[test]
fn two_claim_what_is_kept_and_one_empties_it() {
    explore(|| {
        let slots = Slots::<1>::claimed(1);
        slots.indices.release(0, true);
        let work = |slots: Arc<Slots<1>>| {
            let Some((index, full)) = slots.indices.claim_full() else { return 0 };
            slots.touch(index);
            slots.indices.release(index, false);
            usize::from(full)
        };
        let other = Arc::clone(&slots);
        let thread = spawn(move || work(other));
        let found = work(Arc::clone(&slots)) + join(thread);
        assert_eq!(found, 1, "one of them finds it, the other one an empty slot or none");
        slots.all_are_free();
    });
}

#[test]
fn two_release_different_slots() {
    explore(|| {
        let slots = Slots::<2>::claimed(2);
        let other = Arc::clone(&slots);
        let thread = spawn(move || other.release(0));
        slots.release(1);
        join(thread);
        slots.all_are_free();
    });
}

#[test]
fn two_release_while_a_third_claims_both() {
    explore(|| {
        let slots = Slots::<2>::claimed(2);
        let others = [0, 1].map(|index| {
            let slots = Arc::clone(&slots);
            spawn(move || slots.release(index))
        });
        let claims = [slots.claim(), slots.claim()];
        assert!(claims[0].is_none() || claims[0] != claims[1], "one slot for two claims");
        others.into_iter().for_each(join);
        claims.into_iter().flatten().for_each(|index| slots.release(index));
        slots.all_are_free();
    });
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "only debug assertions look for it")]
#[should_panic(expected = "nobody had claimed")]
fn a_release_of_what_nobody_holds_is_caught() {
    explore(|| {
        let slots = Slots::<1>::claimed(1);
        slots.release(0);
        slots.release(0);
    });
}

#[test]
fn one_that_comes_too_late_does_not_claim_what_is_being_released() {
    explore(|| {
        let slots = Slots::<1>::claimed(1);
        let (other, third) = (Arc::clone(&slots), Arc::clone(&slots));
        let releasing = spawn(move || other.release(0));
        let claiming = spawn(move || third.claim());
        let claims = [slots.claim(), join(claiming)];
        assert!(claims != [Some(0), Some(0)], "one slot for two claims");
        join(releasing);
        claims.into_iter().flatten().for_each(|index| slots.release(index));
        slots.all_are_free();
    });
}

/// How a blocking acquire has to be made: register by a read-modify-write, then look again; who releases looks for the
/// registered by a read-modify-write of the same word, after its release. One of the two comes second, and sees.
#[test]
fn one_who_registers_and_looks_again_gets_it_or_is_woken() {
    explore(|| {
        let slots = Slots::<1>::claimed(1);
        let waiting = Arc::new(AtomicBool::new(false));
        let (other, registered) = (Arc::clone(&slots), Arc::clone(&waiting));
        let thread = spawn(move || {
            other.release(0);
            // Acquire and Release: pairs with the other one's.
            registered.swap(false, Ordering::AcqRel)
        });
        let mut claim = slots.claim();
        if claim.is_none() {
            // Acquire and Release: pairs with the other one's.
            waiting.swap(true, Ordering::AcqRel);
            claim = slots.claim();
        }
        let woken = join(thread);
        assert!(claim.is_some() || woken, "it sleeps though the slot is free");
        // Woken, it looks again, and nobody else is there.
        assert_eq!(claim.or_else(|| slots.claim()), Some(0));
    });
}

/// "Exhausted" says what a search saw slot by slot, each for itself and perhaps late. Two users of two slots, of whom
/// each holds one at most, can be told so; once they have stopped moving, nobody is.
///
/// Four preemptions: two for each, one in each claim. Without a bound it takes most of a minute.
#[test]
fn two_users_of_two_slots_may_be_told_exhausted_but_only_while_the_other_moves() {
    static EXHAUSTED: AtomicUsize = AtomicUsize::new(0);
    explore_preempted(4, || {
        let slots = Slots::<2>::new();
        let work = |slots: Arc<Slots<2>>| {
            if let Some(index) = slots.claim() {
                slots.release(index);
            }
            slots.claim()
        };
        let other = Arc::clone(&slots);
        let thread = spawn(move || work(other));
        let claims = [work(Arc::clone(&slots)), join(thread)];
        if claims.contains(&None) {
            EXHAUSTED.fetch_add(1, Ordering::Relaxed);
            assert!(slots.claim().is_some(), "it says so though nobody moves any more");
        }
    });
    assert_ne!(
        EXHAUSTED.load(Ordering::Relaxed),
        0,
        "it does not happen: the documentation of `Exhausted` is too modest"
    );
}
