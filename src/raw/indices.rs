//! Which slots are taken: an allocator of indices without links.
//!
//! One byte a slot, changed by single atomic operations:
//!
//! | state | byte | who may change it | next |
//! |---|---|---|---|
//! | empty | `0` | anybody | claimed, by `fetch_or` |
//! | full: free, with an object kept | `FULL` | anybody | claimed + full, by `fetch_or` |
//! | claimed | `CLAIMED` | its claimer | empty or full, by a store |
//! | claimed + full | `CLAIMED + FULL` | its claimer | empty or full, by a store |
//!
//! A claim is a `fetch_or` that finds the bit clear. Claimers that come too late also `fetch_or`, and change nothing: so
//! the claimer owns the whole byte, and may give it back by a plain store. There are no links between free slots, so
//! there is nothing that a stalled thread could have read too early (no ABA), and a thread that stops for ever between
//! any two steps holds what it has claimed and no more.
//!
//! A search begins at a place that differs between threads and stays the same while free slots are near it.

use crate::sync::{AtomicU8, AtomicU32, Ordering, spread};

/// The slot belongs to somebody.
const CLAIMED: u8 = 1;
/// The slot has an object in it.
const FULL: u8 = 2;

/// A search that had to look at more slots than this moves the start for the next one. Eight looks take a few
/// nanoseconds: about what it costs to write a word that others read.
const FAR: usize = 8;

/// What a claim looks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A slot with an object kept from before.
    Full,
    /// Any slot that is free.
    Any,
}

/// A claimed index.
pub(crate) struct Claim {
    pub(crate) index: usize,
    /// Whether there is an object in the slot.
    pub(crate) full: bool,
}

/// The states of N slots, and where to look first.
pub(crate) struct Indices<S> {
    states: S,
    /// Less than the number of slots, or 0. Only a hint.
    hint: AtomicU32,
}

impl<S: AsRef<[AtomicU8]>> Indices<S> {
    /// All in the state that `states` says; at most `u32::MAX` of them.
    pub(crate) const fn new(states: S) -> Self {
        Self { states, hint: AtomicU32::new(0) }
    }

    #[inline]
    pub(crate) fn states(&self) -> &[AtomicU8] {
        self.states.as_ref()
    }

    /// Claims an index, or says that it saw none free. Looks at each slot at most once.
    #[inline]
    pub(crate) fn claim(&self, wanted: Wanted) -> Option<Claim> {
        let start = self.start()?;
        match self.try_claim(start, wanted) {
            Some(claim) => Some(claim),
            None => self.search(start, wanted),
        }
    }

    /// The claim's longer way: every slot but the first.
    fn search(&self, start: usize, wanted: Wanted) -> Option<Claim> {
        let slots = self.states().len();
        for (distance, index) in (start + 1..slots).chain(0..start).enumerate() {
            if let Some(claim) = self.try_claim(index, wanted) {
                if distance > FAR {
                    self.move_hint(distance);
                }
                return Some(claim);
            }
        }
        None
    }

    #[inline]
    fn try_claim(&self, index: usize, wanted: Wanted) -> Option<Claim> {
        let state = &self.states()[index];
        // Relaxed: only decides whether the claim below is worth its price.
        let seen = state.load(Ordering::Relaxed);
        if seen & CLAIMED != 0 || (wanted == Wanted::Full && seen & FULL == 0) {
            return None;
        }
        // Acquire: pairs with the Release of `release`; what was done with the slot before is done.
        let before = state.fetch_or(CLAIMED, Ordering::Acquire);
        (before & CLAIMED == 0).then_some(Claim { index, full: before & FULL != 0 })
    }

    /// Where this thread starts to look.
    #[inline]
    fn start(&self) -> Option<usize> {
        let slots = self.states().len();
        // Relaxed: only a hint.
        let hint = self.hint.load(Ordering::Relaxed) as usize;
        let own = ((u64::from(spread()) * slots as u64) >> 32) as usize;
        let start = own + hint;
        if start < slots { Some(start) } else { start.checked_sub(slots).filter(|_| slots > 0) }
    }

    #[cold]
    fn move_hint(&self, distance: usize) {
        // Relaxed, both: only a hint. Lost moves are no loss.
        let hint = self.hint.load(Ordering::Relaxed) as usize;
        #[expect(clippy::cast_possible_truncation, reason = "there are at most u32::MAX slots")]
        self.hint.store(((hint + distance) % self.states().len()) as u32, Ordering::Relaxed);
    }

    /// How many are claimed; while others work, a number between what was and what is.
    pub(crate) fn claimed(&self) -> usize {
        // Relaxed: a count, which nothing else depends on.
        self.states().iter().filter(|state| state.load(Ordering::Relaxed) & CLAIMED != 0).count()
    }

    /// How many are free and have an object.
    pub(crate) fn kept(&self) -> usize {
        // Relaxed: a count, which nothing else depends on.
        self.states().iter().filter(|state| state.load(Ordering::Relaxed) == FULL).count()
    }

    /// # Panics
    ///
    /// If a state or the hint is one that can't be.
    pub(crate) fn validate(&self) {
        // Relaxed, both: each is checked by itself.
        for state in self.states() {
            assert!(state.load(Ordering::Relaxed) <= CLAIMED | FULL, "a state that does not exist");
        }
        let hint = self.hint.load(Ordering::Relaxed) as usize;
        assert!(hint < self.states().len().max(1), "the hint points outside");
    }
}

/// Gives a claimed slot back, with or without an object in it.
///
/// To give back what was not claimed is a bug of the caller, found here only where debug assertions are on.
#[inline]
pub(crate) fn release(state: &AtomicU8, full: bool) {
    // Relaxed: the owner reads its own claim.
    debug_assert!(
        state.load(Ordering::Relaxed) & CLAIMED != 0,
        "a slot was given back that nobody had claimed"
    );
    // Release: pairs with the Acquire of `try_claim`; the next owner finds our work done. A store suffices: nobody
    // changes the byte of a claimed slot.
    state.store(if full { FULL } else { 0 }, Ordering::Release);
}
