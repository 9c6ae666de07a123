//! Where a task that waits leaves its waker.
//!
//! Whoever exchanges the number of the *current* waker for another, or none, owns the one that was there: he wakes it, or drops it. So a
//! waker has one owner at any time, nobody waits for anybody, and one who stops for ever on the way holds a place.
//!
//! | who | does |
//! |---|---|
//! | a task | 1. puts its waker into a free place 2. exchanges the number for that place's 3. looks again whether there is something to do |
//! | who has done something | 1. does it 2. exchanges the number for none 3. wakes what was there |
//!
//! Both exchanges are of one word, so one of the two is first: either the task finds what was done, or its waker is found.
//!
//! - **OWNED**: the waker in a place belongs to who claimed the place until its number is current, and then to who takes the number away.

use super::cell::Cell;
use super::indices::{self, Claim, Hint, States, Wanted};
use crate::sync::{AtomicU8, AtomicU32, Ordering};
use core::task::Waker;

/// Places: one for the waker that is current, one for the next, the rest for those who stop on the way.
const PLACES: usize = 4;

/// The waker of one task at a time. All zero is none.
pub(crate) struct WakerCell {
    /// The number of a place, from 1; 0 is none.
    current: AtomicU32,
    states: [AtomicU8; PLACES],
    hint: Hint,
    wakers: [Cell<Waker>; PLACES],
}

// SAFETY: by OWNED each waker is one thread's at a time; wakers may be sent.
unsafe impl Sync for WakerCell {}

impl WakerCell {
    pub(crate) const fn new() -> Self {
        Self {
            current: AtomicU32::new(0),
            states: [const { AtomicU8::new(0) }; PLACES],
            hint: Hint::new(),
            wakers: [const { Cell::empty() }; PLACES],
        }
    }

    const fn states(&self) -> States<'_> {
        States::dense(&self.states)
    }

    /// Lets this one be woken next, in place of the one before. If all places are held by those who stopped on the way, it is woken
    /// at once.
    pub(crate) fn register(&self, waker: &Waker) {
        // Before anything is claimed: it is somebody else's code.
        let own = waker.clone();
        let Some(Claim { index, .. }) = indices::claim(self.states(), &self.hint, Wanted::Any) else {
            return own.wake();
        };
        // SAFETY: OWNED, by the claim.
        unsafe { self.wakers[index].write(own) };
        #[expect(clippy::cast_possible_truncation, reason = "there are four")]
        drop(self.exchange(index as u32 + 1));
    }

    /// Wakes the task that waits, if there is one. It is forgotten.
    #[inline]
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.exchange(0) {
            waker.wake();
        }
    }

    /// Forgets this one if it is the one that waits. If it is another, that is woken, and will come back.
    pub(crate) fn forget(&self, waker: &Waker) {
        if let Some(other) = self.exchange(0).filter(|current| !current.will_wake(waker)) {
            other.wake();
        }
    }

    #[inline]
    fn exchange(&self, number: u32) -> Option<Waker> {
        // Release: pairs with the Acquire of the next exchange: the waker is in its place, or what was done is done. Acquire: likewise.
        let before = self.current.swap(number, Ordering::AcqRel);
        (before != 0).then(|| self.take(before as usize - 1))
    }

    #[cold]
    fn take(&self, index: usize) -> Waker {
        // SAFETY: OWNED: its number was taken away.
        let waker = unsafe { self.wakers[index].take() };
        indices::release(&self.states[index], &self.hint, index, false);
        waker
    }

    /// Looks at every word.
    pub(crate) fn validate(&self) {
        self.states().validate(&self.hint);
        self.wakers.iter().for_each(Cell::show);
        // Relaxed: tests look when all is done.
        let is_there = self.current.load(Ordering::Relaxed) != 0;
        assert_eq!(self.states().claimed(), usize::from(is_there), "a waker is lost");
    }
}

impl Drop for WakerCell {
    fn drop(&mut self) {
        drop(self.exchange(0));
    }
}
