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
//! The price is a search, and what keeps it short is a [`Hint`]: one word that says where to begin. It may be late or
//! wrong, and nothing depends on it but the length of a search, and whether a new object is made although one is kept
//! ([`Wanted::LikelyFull`]).
//!
//! | hint | when | a claim begins | a release |
//! |---|---|---|---|
//! | spread | slots are not scarce | at a place of the thread's own, shifted | leaves the hint alone |
//! | last | a search had to look at half of the slots | at the slot that came back last | writes its slot into the hint |
//! | none kept | a search for an object found none | after the slot that was taken last | of an object: makes it *last* |
//!
//! So threads that find room do not meet in the hint; a pool that is nearly full finds its few free slots at once; and one
//! that has no objects yet does not look for them.

use crate::sync::{AtomicU8, AtomicU32, Ordering, spread_over};

/// The slot belongs to somebody.
const CLAIMED: u8 = 1;
/// The slot has an object in it.
const FULL: u8 = 2;

/// A search that had to look at more slots than this shifts the start of the next one. Eight looks take a few
/// nanoseconds: about what it costs to write a word that others read.
const FAR: usize = 8;

/// The most slots there can be: two bits of the hint are for the mode.
pub(super) const MOST: usize = 1 << 30;

/// What a claim looks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A slot with an object kept from before.
    Full,
    /// The same, but not worth a search if the last one found none. One that came back while that search ended may be
    /// overlooked until the next one comes back.
    LikelyFull,
    /// Any slot that is free.
    Any,
}

/// A claimed index.
pub(crate) struct Claim {
    pub(crate) index: usize,
    /// Whether there is an object in the slot.
    pub(crate) full: bool,
}

/// How a hint is meant; see the module.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Spread,
    Last,
    NoneKept,
}

/// A mode, and a slot or a shift.
#[derive(Clone, Copy)]
struct Word(u32);

impl Word {
    #[expect(clippy::cast_possible_truncation, reason = "there are at most MOST slots")]
    const fn new(mode: Mode, index: usize) -> Self {
        Self((mode as u32) << 30 | index as u32)
    }

    #[inline]
    const fn mode(self) -> Mode {
        match self.0 >> 30 {
            0 => Mode::Spread,
            1 => Mode::Last,
            _ => Mode::NoneKept,
        }
    }

    #[inline]
    const fn index(self) -> usize {
        (self.0 & (u32::MAX >> 2)) as usize
    }
}

/// Where to look first; see the module. All zero is *spread*, without a shift.
pub(crate) struct Hint(AtomicU32);

impl Hint {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    #[inline]
    fn get(&self) -> Word {
        // Relaxed: only a hint.
        Word(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, word: Word) {
        // Relaxed: only a hint.
        self.0.store(word.0, Ordering::Relaxed);
    }

    /// Sets it unless somebody else has since it was `seen`: who says that no object is kept should not overrule one that
    /// came back meanwhile. (It can: a release that saw slots not to be scarce leaves the hint alone.)
    fn replace(&self, seen: Word, word: Word) {
        // Relaxed, both: only a hint.
        let _ = self.0.compare_exchange(seen.0, word.0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// Claims an index, or says that it saw none free. Looks at each slot at most once.
#[inline]
pub(crate) fn claim(states: &[AtomicU8], hint: &Hint, wanted: Wanted) -> Option<Claim> {
    let seen = hint.get();
    match seen.mode() {
        Mode::Spread => {
            let start = spread_over(states.len()) + seen.index();
            let start = if start < states.len() { start } else { start.checked_sub(states.len())? };
            match try_claim(states.get(start)?, start, wanted) {
                Some(claim) => Some(claim),
                None => search(states, hint, seen, start, wanted),
            }
        }
        Mode::NoneKept if wanted == Wanted::LikelyFull => None,
        Mode::Last | Mode::NoneKept => claim_scarce(states, hint, seen, wanted),
    }
}

#[inline]
fn try_claim(state: &AtomicU8, index: usize, wanted: Wanted) -> Option<Claim> {
    if !is_free(state, wanted) {
        return None;
    }
    // Acquire: pairs with the Release of `release`; what was done with the slot before is done.
    let before = state.fetch_or(CLAIMED, Ordering::Acquire);
    (before & CLAIMED == 0).then_some(Claim { index, full: before & FULL != 0 })
}

#[inline]
fn is_free(state: &AtomicU8, wanted: Wanted) -> bool {
    // Relaxed: only decides whether a claim is worth its price.
    let seen = state.load(Ordering::Relaxed);
    seen & CLAIMED == 0 && (wanted == Wanted::Any || seen & FULL != 0)
}

/// A claim that begins where the hint says.
fn claim_scarce(states: &[AtomicU8], hint: &Hint, seen: Word, wanted: Wanted) -> Option<Claim> {
    let start = seen.index();
    let Some(claim) = try_claim(states.get(start)?, start, wanted) else {
        return search(states, hint, seen, start, wanted);
    };
    if seen.mode() == Mode::NoneKept {
        hint.replace(seen, Word::new(Mode::NoneKept, after(states, start)));
    } else if is_free(&states[spread_over(states.len())], wanted) {
        // There is room again where this thread would have begun.
        hint.set(Word::new(Mode::Spread, 0));
    }
    Some(claim)
}

/// A claim's longer way: every slot but the first.
fn search(states: &[AtomicU8], hint: &Hint, seen: Word, start: usize, wanted: Wanted) -> Option<Claim> {
    for (distance, index) in (start + 1..states.len()).chain(0..start).enumerate() {
        if let Some(claim) = try_claim(&states[index], index, wanted) {
            if distance > FAR || seen.mode() != Mode::Spread {
                hint.replace(seen, found_far(states, seen, index, distance));
            }
            return Some(claim);
        }
    }
    if wanted != Wanted::Any {
        hint.replace(seen, Word::new(Mode::NoneKept, start));
    }
    None
}

/// The hint after a search that found something only here.
#[cold]
fn found_far(states: &[AtomicU8], seen: Word, index: usize, distance: usize) -> Word {
    match seen.mode() {
        Mode::Spread if distance <= states.len() / 2 => {
            Word::new(Mode::Spread, (seen.index() + distance) % states.len())
        }
        Mode::NoneKept => Word::new(Mode::NoneKept, after(states, index)),
        Mode::Spread | Mode::Last => Word::new(Mode::Last, after(states, index)),
    }
}

/// The next slot, round the end.
fn after(states: &[AtomicU8], index: usize) -> usize {
    if index + 1 == states.len() { 0 } else { index + 1 }
}

/// Gives a claimed slot back, with or without an object in it.
///
/// To give back what was not claimed is a bug of the caller, found here only where debug assertions are on.
#[inline]
pub(crate) fn release(state: &AtomicU8, hint: &Hint, index: usize, full: bool) {
    // Relaxed: the owner reads its own claim.
    debug_assert!(
        state.load(Ordering::Relaxed) & CLAIMED != 0,
        "a slot was given back that nobody had claimed"
    );
    // Release: pairs with the Acquire of `try_claim`; the next owner finds our work done. A store suffices: nobody
    // changes the byte of a claimed slot.
    state.store(if full { FULL } else { 0 }, Ordering::Release);
    // After it, so that who follows the hint finds the slot free.
    let seen = hint.get();
    match seen.mode() {
        Mode::Spread => {}
        Mode::NoneKept if !full => hint.replace(seen, Word::new(Mode::NoneKept, index)),
        Mode::Last | Mode::NoneKept => hint.set(Word::new(Mode::Last, index)),
    }
}

#[inline]
pub(crate) fn is_claimed(state: &AtomicU8) -> bool {
    // Relaxed: a look, which nothing else depends on.
    state.load(Ordering::Relaxed) & CLAIMED != 0
}

/// How many are claimed; while others work, a number between what was and what is.
pub(crate) fn claimed(states: &[AtomicU8]) -> usize {
    states.iter().filter(|state| is_claimed(state)).count()
}

/// How many are free and have an object.
pub(crate) fn kept(states: &[AtomicU8]) -> usize {
    // Relaxed: a count, which nothing else depends on.
    states.iter().filter(|state| state.load(Ordering::Relaxed) == FULL).count()
}

/// # Panics
///
/// If a state or the hint is one that can't be.
pub(crate) fn validate(states: &[AtomicU8], hint: &Hint) {
    for state in states {
        // Relaxed: each is checked by itself.
        assert!(state.load(Ordering::Relaxed) <= CLAIMED | FULL, "a state that does not exist");
    }
    assert!(hint.get().index() < states.len().max(1), "the hint points outside");
}
