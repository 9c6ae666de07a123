//! When several parts have come to rest together.

use crate::sync::{AtomicU32, Ordering};

/// How many steps of a budget a part may take, of which so many are done, and which so many parts share from here on: one at least, if
/// there is a budget.
pub(crate) fn share(budget: usize, done: usize, parts: usize) -> usize {
    budget.saturating_sub(done).div_ceil(parts).max(budget.min(1))
}

/// The present round of whoever keeps several parts in order. It ends when nothing is left to be done.
///
/// A part that goes round says that something is left until it comes to the end, and then begins again. Several of different sizes come to
/// their ends at different times: each counts as at rest from its first end to the end of this round. All zero when new.
#[derive(Debug)]
pub(crate) struct Rounds(AtomicU32);

/// In which round a part came to its end last.
#[derive(Debug)]
pub(crate) struct Rest(AtomicU32);

impl Rest {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }
}

// Relaxed, all: only what is asked for more steps depends on it, and several who ask at once may each end the round.
impl Rounds {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Whether something is left to be done in a part for the present round, by what it says.
    pub(crate) fn is_left(&self, rest: &Rest, goes_round: bool, is_left: bool) -> bool {
        if !goes_round {
            return is_left;
        }
        // Not 0, which is none.
        let round = self.0.load(Ordering::Relaxed).wrapping_add(1);
        if is_left {
            return rest.0.load(Ordering::Relaxed) != round;
        }
        rest.0.store(round, Ordering::Relaxed);
        false
    }

    /// Nothing is left in any of them.
    pub(crate) fn end(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
