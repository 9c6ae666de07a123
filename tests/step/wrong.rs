//! Protocols that are wrong, each in a way in which ours could be. If one of them passed, the runs would show nothing.

use crate::ledger::{Ledger, Object};
use crate::matrix::{Operation, World, everything};
use crate::pools::{Face, Users, operations};
use core::ops::{Deref, DerefMut};
use core::sync::atomic::Ordering;
use larder::stats::PoolStats;
use larder::sync::step::{AtomicU8, AtomicU32};

const ORDER: Ordering = Ordering::SeqCst;

/// A pool of two slots that only remembers which of them are taken. `WRONG` says what is wrong with it.
struct Toy<const WRONG: char> {
    states: [AtomicU8; 2],
    in_use: AtomicU32,
}

/// What there is to get wrong.
const NOTHING: char = '-';
const CLAIM_BY_LOAD_AND_STORE: char = 's';
const CLAIM_BY_A_SECOND_LOOK: char = '2';
const GIVE_UP_WITHOUT_RELEASE: char = 'g';
const LOCK: char = 'l';
const LAST_TO_COUNT: char = 'c';
const RELEASE_OF_THE_FIRST: char = 'f';

struct Held<const WRONG: char> {
    toy: &'static Toy<WRONG>,
    index: usize,
    object: Option<Object>,
}

impl<const WRONG: char> Toy<WRONG> {
    fn claim(&self, index: usize) -> bool {
        let state = &self.states[index];
        match WRONG {
            CLAIM_BY_LOAD_AND_STORE => {
                let free = state.load(ORDER) == 0;
                if free {
                    state.store(1, ORDER);
                }
                free
            }
            CLAIM_BY_A_SECOND_LOOK => state.fetch_or(1, ORDER) == 0 || state.load(ORDER) == 0,
            GIVE_UP_WITHOUT_RELEASE => {
                let elsewhere = self.states[1 - index].load(ORDER);
                state.fetch_or(1, ORDER) == 0 && self.states[1 - index].load(ORDER) == elsewhere
            }
            LOCK => {
                // The second word is the lock of the first.
                while index == 0 && self.states[1].fetch_or(1, ORDER) != 0 {}
                let free = self.states[0].fetch_or(1, ORDER) == 0;
                self.states[1].store(0, ORDER);
                free
            }
            _ => state.fetch_or(1, ORDER) == 0,
        }
    }

    fn release(&self, index: usize) {
        match WRONG {
            RELEASE_OF_THE_FIRST => {
                // Whichever seems to be taken.
                let taken = self.states.iter().find(|state| state.load(ORDER) != 0);
                taken.expect("this one is").store(0, ORDER);
            }
            _ => self.states[index].store(0, ORDER),
        }
    }
}

impl<const WRONG: char> Face for Toy<WRONG> {
    const SLOTS: usize = if WRONG == LOCK { 1 } else { 2 };
    type Guard = Held<WRONG>;

    fn new(_: &'static Ledger) -> Self {
        Self { states: [const { AtomicU8::new(0) }; 2], in_use: AtomicU32::new(0) }
    }

    fn take(&'static self, ledger: &'static Ledger) -> Option<Held<WRONG>> {
        let index = (0..Self::SLOTS).find(|&index| self.claim(index))?;
        self.in_use.fetch_add(1, ORDER);
        Some(Held { toy: self, index, object: Some(Object::new(ledger)) })
    }

    fn take_out(mut guard: Held<WRONG>) -> Object {
        guard.object.take().unwrap()
    }

    fn in_use(&self) -> usize {
        if WRONG == LOCK {
            return usize::from(self.states[0].load(ORDER));
        }
        self.states.iter().filter(|state| state.load(ORDER) != 0).count()
    }

    fn idle(&self) -> usize {
        0
    }

    fn stats(&self) -> Option<PoolStats> {
        let in_use = self.in_use.load(ORDER) as usize;
        assert!(in_use <= Self::SLOTS, "{in_use} are counted in use");
        None
    }

    fn validate(&self) {}

    fn empty(&'static self) {}

    fn place(guard: &Held<WRONG>) -> usize {
        core::ptr::from_ref(&guard.toy.states[guard.index]).addr()
    }
}

impl<const WRONG: char> Deref for Held<WRONG> {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.object.as_ref().unwrap()
    }
}

impl<const WRONG: char> DerefMut for Held<WRONG> {
    fn deref_mut(&mut self) -> &mut Object {
        self.object.as_mut().unwrap()
    }
}

impl<const WRONG: char> Drop for Held<WRONG> {
    fn drop(&mut self) {
        drop(self.object.take());
        if WRONG == LAST_TO_COUNT {
            self.toy.release(self.index);
            self.toy.in_use.fetch_sub(1, ORDER);
        } else {
            self.toy.in_use.fetch_sub(1, ORDER);
            self.toy.release(self.index);
        }
    }
}

fn try_all<const WRONG: char>() {
    let operations: Vec<Operation<Users<Toy<WRONG>>>> = operations();
    everything("a toy", 2, &operations);
}

#[test]
fn a_toy_with_nothing_wrong() {
    try_all::<NOTHING>();
}

#[test]
#[should_panic(expected = "two owners of one slot")]
fn a_claim_by_a_load_and_a_store() {
    try_all::<CLAIM_BY_LOAD_AND_STORE>();
}

#[test]
#[should_panic(expected = "two owners of one slot")]
fn a_claim_by_a_second_look() {
    try_all::<CLAIM_BY_A_SECOND_LOOK>();
}

#[test]
#[should_panic(expected = "exhausted, but there was room")]
fn a_claim_that_gives_up_and_keeps_the_slot() {
    try_all::<GIVE_UP_WITHOUT_RELEASE>();
}

#[test]
#[should_panic(expected = "accesses without end")]
fn a_lock() {
    try_all::<LOCK>();
}

#[test]
#[should_panic(expected = "are counted in use")]
fn a_count_that_goes_down_after_the_slot_is_free() {
    try_all::<LAST_TO_COUNT>();
}

#[test]
#[should_panic(expected = "a slot is lost")]
fn a_release_of_another_slot() {
    try_all::<RELEASE_OF_THE_FIRST>();
}

/// High, low, high again: what is often used, and enough only if no reader can stop the writer between its stores.
struct HighLowHigh {
    halves: [AtomicU32; 2],
}

impl World for HighLowHigh {
    fn new(_: usize) -> &'static Self {
        Box::leak(Box::new(Self { halves: [const { AtomicU32::new(0) }; 2] }))
    }

    fn at_any_time(&self) {}

    fn while_standing(&'static self, _: usize) {}

    fn at_rest(&'static self) {}
}

#[test]
#[should_panic(expected = "the halves of two times")]
fn a_clock_whose_reader_looks_at_the_upper_half_twice() {
    let read = |clock: &HighLowHigh| {
        let [high, low] = &clock.halves;
        loop {
            let halves = (high.load(ORDER), low.load(ORDER));
            if high.load(ORDER) == halves.0 {
                assert_eq!(halves.0, halves.1, "the halves of two times");
                return;
            }
        }
    };
    let advance = |clock: &HighLowHigh| {
        let [high, low] = &clock.halves;
        let next = high.load(ORDER) + 1;
        high.store(next, ORDER);
        low.store(next, ORDER);
    };
    let operations = [
        Operation { name: "read", run: read, most: 3, more: 3 },
        Operation { name: "advance", run: advance, most: 3, more: 0 },
    ];
    everything("a toy clock", 1, &operations);
}
