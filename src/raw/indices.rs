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
//! | hint | when | a claim begins where the thread would, and goes on | a release |
//! |---|---|---|---|
//! | spread | slots are not scarce | from there | leaves the hint alone |
//! | last | a search had to look at half of the slots | at the slot that came back last | writes its slot into the hint |
//! | none kept | a search for an object found none | after the slot that was taken last | of an object: makes it *last* |
//!
//! So threads that find room do not meet in the hint; a pool that is nearly full finds its few free slots at once; and one
//! that has no objects yet does not look for them.
//!
//! Where a thread begins depends on what there is room for:
//!
//! - [dense](States::dense): a byte a slot and no more. Threads begin at places of their own, all of them shifted by what the hint says.
//! - [apart](States::apart): states lie so far apart that threads do not meet in a line of the processor's cache where they do not meet in
//!   a slot, and each of some [`Start`]s has a word of its own for where its threads begin. That is at the slot that they found last, and then
//!   near to their home. If all objects are out, a thread makes the next one there, where nobody else begins: so as many threads as use a pool
//!   at once soon have an object each, on lines that no other core asks for.

use super::starts::{Here, Start};
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
#[derive(Clone, Copy, PartialEq, Eq)]
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
        if word == seen {
            return;
        }
        // Relaxed, both: only a hint.
        let _ = self.0.compare_exchange(seen.0, word.0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// The states of some slots, all of them 0 at first, and where threads begin to look.
#[derive(Clone, Copy)]
pub struct States<'a> {
    bytes: &'a [AtomicU8],
    /// A state is every so many bytes, as a power of two.
    apart: u32,
    /// None: the hint tells.
    starts: &'a [Start],
}

impl<'a> States<'a> {
    /// A byte a slot.
    #[inline]
    pub(crate) const fn dense(bytes: &'a [AtomicU8]) -> Self {
        Self { bytes, apart: 0, starts: &[] }
    }

    /// A slot for every so many bytes, as a power of two.
    #[inline]
    #[allow(dead_code, reason = "without `alloc` all are dense")]
    pub(super) const fn apart(bytes: &'a [AtomicU8], apart: u32, starts: &'a [Start]) -> Self {
        Self { bytes, apart, starts }
    }

    /// How many slots there are.
    #[inline]
    pub(super) const fn len(self) -> usize {
        self.bytes.len() >> self.apart
    }

    #[inline]
    pub(super) fn get(self, index: usize) -> Option<&'a AtomicU8> {
        self.bytes.get(index << self.apart)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = &'a AtomicU8> {
        self.bytes.iter().step_by(1 << self.apart)
    }

    /// How many are claimed; while others work, a number between what was and what is.
    pub(crate) fn claimed(self) -> usize {
        self.iter().filter(|state| is_claimed(state)).count()
    }

    /// How many are free and have an object.
    pub(super) fn kept(self) -> usize {
        // Relaxed: a count, which nothing else depends on.
        self.iter().filter(|state| state.load(Ordering::Relaxed) == FULL).count()
    }

    /// # Panics
    ///
    /// If a state or the hint is one that can't be.
    pub(crate) fn validate(self, hint: &Hint) {
        for state in self.iter() {
            // Relaxed: each is checked by itself.
            assert!(state.load(Ordering::Relaxed) <= CLAIMED | FULL, "a state that does not exist");
        }
        let seen = hint.get();
        assert!(seen.index() < self.len().max(1), "the hint points outside");
        assert!(self.start(seen) < self.len().max(1), "a thread begins outside");
    }

    /// This thread's start, if starts have words of their own.
    #[inline]
    fn here(self) -> Option<Here<'a>> {
        (!self.starts.is_empty()).then(|| Here::new(self.starts, self.len()))
    }

    /// Where this thread begins.
    #[inline]
    fn start(self, seen: Word) -> usize {
        if let Some(here) = self.here() {
            return here.get();
        }
        let shift = if seen.mode() == Mode::Spread { seen.index() } else { 0 };
        let start = spread_over(self.len()) + shift;
        if start < self.len() { start } else { start.saturating_sub(self.len()) }
    }

    #[inline]
    fn try_claim(self, index: usize, wanted: Wanted) -> Option<Claim> {
        try_claim(self.get(index)?, index, wanted)
    }
}

/// Claims an index, or says that it saw none free.
#[inline]
pub(crate) fn claim(states: States<'_>, hint: &Hint, wanted: Wanted) -> Option<Claim> {
    let seen = hint.get();
    match seen.mode() {
        Mode::Spread => {
            let start = states.start(seen);
            match states.try_claim(start, wanted) {
                Some(claim) => Some(claim),
                None => search_from_own(states, hint, seen, start, wanted),
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

/// A claim where the hint knows better than the thread. It looks there first all the same: if there is room again, it need not meet others.
fn claim_scarce(states: States<'_>, hint: &Hint, seen: Word, wanted: Wanted) -> Option<Claim> {
    let (own, start) = (states.start(seen), seen.index());
    if let Some(claim) = states.try_claim(own, wanted) {
        // Not because of this slot, which may be the only one, and the one that has come back.
        let has_room = || own != start && states.get(start).is_some_and(|state| is_free(state, wanted));
        if seen.mode() == Mode::Last && has_room() {
            hint.set(Word::new(Mode::Spread, 0));
        }
        return Some(claim);
    }
    if let Some(claim) = claim_near_home(states, wanted) {
        return Some(claim);
    }
    let Some(claim) = states.try_claim(start, wanted) else {
        return search(states, hint, seen, start, wanted);
    };
    if seen.mode() == Mode::NoneKept {
        hint.replace(seen, Word::new(Mode::NoneKept, after(states, start)));
    }
    Some(claim)
}

/// A claim near to where this thread is at home, if it has a start of its own. It mostly has the slots there that it takes several of at once.
fn claim_near_home(states: States<'_>, wanted: Wanted) -> Option<Claim> {
    let here = states.here()?;
    let claim = (here.home()..).take(FAR).find_map(|index| states.try_claim(index, wanted))?;
    here.set(claim.index);
    Some(claim)
}

/// A claim's longer way, where there is room: near to the thread's home, and then every slot but the first.
fn search_from_own(
    states: States<'_>,
    hint: &Hint,
    seen: Word,
    start: usize,
    wanted: Wanted,
) -> Option<Claim> {
    claim_near_home(states, wanted).or_else(|| search(states, hint, seen, start, wanted))
}

/// Every slot but the first.
fn search(states: States<'_>, hint: &Hint, seen: Word, start: usize, wanted: Wanted) -> Option<Claim> {
    for (distance, index) in (start + 1..states.len()).chain(0..start).enumerate() {
        if let Some(claim) = states.try_claim(index, wanted) {
            if let Some(here) = states.here() {
                here.set(index);
            }
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
fn found_far(states: States<'_>, seen: Word, index: usize, distance: usize) -> Word {
    match seen.mode() {
        Mode::Spread if distance <= states.len() / 2 => {
            let shift = if states.starts.is_empty() { (seen.index() + distance) % states.len() } else { 0 };
            Word::new(Mode::Spread, shift)
        }
        Mode::NoneKept => Word::new(Mode::NoneKept, after(states, index)),
        Mode::Spread | Mode::Last => Word::new(Mode::Last, after(states, index)),
    }
}

/// The next slot, round the end.
fn after(states: States<'_>, index: usize) -> usize {
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

#[cfg(all(test, not(any(larder_loom, larder_step))))]
mod tests {
    use super::{Claim, Hint, States, Wanted, claim, release};
    use crate::raw::starts::Start;
    use crate::raw::width::Blank;
    use crate::sync::AtomicU8;

    #[test]
    fn a_thread_comes_back_to_the_slot_that_it_found_last() {
        const SLOTS: usize = 8;
        let bytes = [const { AtomicU8::new(0) }; SLOTS << 2];
        let (starts, hint) = ([Start::BLANK], Hint::new());
        let states = States::apart(&bytes, 2, &starts);
        let get = |wanted| claim(states, &hint, wanted).map(|Claim { index, full }| (index, full));
        let put = |index| release(&bytes[index << 2], &hint, index, true);

        // There is no object, so the first ones are made, from its home on.
        let made = [(); 3].map(|()| get(Wanted::LikelyFull).or_else(|| get(Wanted::Any)).unwrap());
        assert_eq!(made, [(0, false), (1, false), (2, false)]);
        // Those that came back are found at once, the one that was found last before the others.
        (0..3).for_each(put);
        assert_eq!([(); 3].map(|()| get(Wanted::LikelyFull).unwrap()), [(2, true), (0, true), (1, true)]);
        // The last of them was not where it had begun: now it is.
        put(2);
        put(1);
        assert_eq!([(); 2].map(|()| get(Wanted::LikelyFull).unwrap()), [(1, true), (2, true)]);
        put(1);
        assert_eq!([(); 7].map(|()| get(Wanted::Any).is_some()), [true, true, true, true, true, true, false]);
        assert_eq!(states.claimed(), SLOTS);
        states.validate(&hint);
    }
}
