//! The slot word: who may touch a slot's memory.
//!
//! One word a slot. Whoever has the slot to himself by this word stores into it plainly; all others change it by exchanges, and only where the
//! slot is full. (Plain data that is full can be somebody's by another word, see BITS of the set: he changes this one as others do.)
//!
//! | bits | name | meaning |
//! |---|---|---|
//! | 31 | FULL | the cell holds a value |
//! | 30 | BUSY | the cell belongs to one party, its *claimer* |
//! | 29 | RETIRED | the value is to go as soon as nobody reads it |
//! | 28 | WATCHED | the value may be read without a pin, by an announced *look* (see [`look_lines`](super::look_lines)) |
//! | 23..28 | turns | how often the pinning thread was another one than before |
//! | 20..23 | who | which one it was, as far as three bits tell |
//! | 0..20 | pins | how many keep it from being claimed or taken out |
//!
//! | state | who may touch the cell | goes on to |
//! |---|---|---|
//! | free: 0 | nobody | claimed |
//! | claimed: BUSY, 1 pin | the claimer | full (filled and published), free (given up), retired (somebody looks at what was there) |
//! | full: FULL, any pins | who pins it or looks at it, to read | claimed (no pin, or the claimer's alone), retired |
//! | retired: FULL, RETIRED, any pins | who did so before, to read | reclaimed (no pins, no looks), claimed (the same) |
//! | reclaimed: BUSY or FULL, RETIRED, no pin | who took the last pin away, or the last look | free |
//!
//! **Pins and looks.** A pin is counted here, so the word's line goes to whoever pins, twice. A look is announced on the reader's own line
//! and leaves no trace here, so any number of threads read one entry as if each had it alone; in return whoever wants the slot to himself
//! has to ask the lines of all, which costs him and them a line each. So a value takes looks only once it has been pinned by turns often
//! enough to be worth that: then it is WATCHED, which it stays. (While one thread alone uses a cache, its values are so from the start:
//! its own line costs nothing to ask.)
//!
//! **Who has a slot to himself**, where it is WATCHED: he changes the word, by an exchange to BUSY or a value with RETIRED, **then** asks
//! the lines. A reader announces his look, **then** reads the word, and looks only if it is full, WATCHED and neither. All four are in the one
//! order of sequentially consistent accesses: so a look is seen by the one or has not begun for the other.
//!
//! - Who wants to claim asks first, and lets alone what is watched. What is watched only now that it is claimed is made to disappear, and
//!   retired: others were told meanwhile that it is not there.
//! - What is retired and watched, and nobody pins, has no owner. It is whoever's claims it; but he may not know what it is, and drops it. Only who
//!   retired it, and pins it still, knows that it is his, and may give it away. (So does the last pin of what is not watched.)
//! - It is left to the last who ends his look: each reads the word once more. Between the end of his look and that
//!   reading lies no fence, which would cost every hit as much as the announcement. So who retires looks again and again whether the
//!   look is over, [`PATIENCE`] times: longer than the end of a look takes to come to light. Should it take longer all the same, the value
//!   stays retired, with nobody at it, and goes when somebody needs the slot, or sweeps or clears. No promise but the moment of a
//!   destructor rests on this.
//!
//! The word says whether memory can be read. It does not say whether what is there is to be seen: that is somebody else's word
//! (a set's control word), and has to be asked between the pin or look and the first reading.
//!
//! Invariants, cited where they are used:
//!
//! - **CLAIMED** (I2): from a claim to its end there is one claimer, and only it touches the cell, and the word, if that was claimed.
//! - **PINNED** (I3): a cell that is full, neither busy nor retired when it is pinned, is not written nor emptied before the unpin. The same
//!   from the reading of the word that lets a look begin, to the end of the look.

#![expect(clippy::inline_always, reason = "a hit is a dozen steps, of which each one is here")]

use super::look_lines::{LINES, LookLines, Number};
use crate::sync::{AtomicU32, Ordering, PATIENCE, TURNS_TO_WATCH, fence};
use core::hint;

const FULL: u32 = 1 << 31;
const BUSY: u32 = 1 << 30;
const RETIRED: u32 = 1 << 29;
const WATCHED: u32 = 1 << 28;
/// What a turn adds: so many carry into WATCHED.
const TURN: u32 = WATCHED / TURNS_TO_WATCH;
/// The first bit of the one who pinned last.
const WHO_SHIFT: u32 = 20;
const WHO: u32 = 0b111 << WHO_SHIFT;
/// What says nothing about who may touch the cell.
const HINTS: u32 = WATCHED - (1 << WHO_SHIFT);
/// Lines of threads that are taken for one.
const FOR_ONE: usize = LINES >> WHO.count_ones();
/// One pin.
const PIN: u32 = 1;
/// The pins' field.
const PINS: u32 = (1 << WHO_SHIFT) - 1;
/// As many pins as are let in.
pub(super) const MOST_PINS: u32 = 1 << (WHO_SHIFT - 1);

/// Where looks are announced, if they are. All calls on a slot say the same.
pub(crate) type Watch<'a> = Option<&'a LookLines>;

/// Who may touch a slot's memory. All zero is free.
#[derive(Debug)]
pub struct SlotWord(AtomicU32);

/// What became of a slot when a pin or look ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "what is reclaimed is to be emptied"]
pub(super) enum Unpinned {
    /// Nothing.
    Left,
    /// It was the last of a retired slot. The slot is the caller's: it takes the value out and calls `free`.
    Reclaimed,
}

/// Why a pin was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// There is no value, or it is somebody's, or has to go.
    Closed,
    /// It has too many.
    Crowded,
}

/// What became of a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "what was claimed is to be ended, and what is watched to be retired"]
pub(super) enum Claimed {
    /// It is not the caller's.
    No,
    /// It is.
    Yes,
    /// It is, and somebody looks at the value: it is to disappear, and to be [retired](SlotWord::retire_claimed).
    Watched,
}

/// What a word said a moment ago.
#[derive(Clone, Copy)]
pub(super) struct Glance(u32);

impl Glance {
    /// Whether the value can be read by looks.
    #[inline(always)]
    pub(super) const fn takes_looks(self) -> bool {
        self.0 & (FULL | BUSY | RETIRED | WATCHED) == FULL | WATCHED
    }
}

/// What is said of a value from the beginning.
#[derive(Clone, Copy)]
pub(crate) struct Birth(u32);

impl Birth {
    /// It is pinned.
    pub(super) const PINNED: Self = Self(0);

    /// As it is best for who puts it in, and is known from now on to use the lines.
    #[inline(always)]
    pub(crate) fn of(watch: Watch<'_>) -> Self {
        match watch {
            Some(looks) if looks.are_mine_alone() => Self(WATCHED),
            _ => Self::PINNED,
        }
    }
}

impl SlotWord {
    pub(super) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// The number by which looks name the slot.
    #[inline(always)]
    pub(super) fn number(&self) -> Number {
        Number::of_place(self)
    }

    /// What it says about now.
    #[inline(always)]
    pub(super) fn glance(&self) -> Glance {
        // Relaxed: it is read again when a look is announced, and exchanged for a pin.
        Glance(self.0.load(Ordering::Relaxed))
    }

    /// Whether the value can be read by the caller, who has announced his look.
    #[inline(always)]
    pub(super) fn lets_look(&self) -> bool {
        // SeqCst: after the announcement, in the one order. It acquires what `fill` released.
        Glance(self.0.load(Ordering::SeqCst)).takes_looks()
    }

    /// What becomes of the slot after the end of a look.
    #[inline(always)]
    pub(super) fn after_look(&self, looks: &LookLines) -> Unpinned {
        // Relaxed: whoever acts on it reads it again.
        let is_retired = self.0.load(Ordering::Relaxed) & RETIRED != 0;
        if is_retired && self.claim_after_look(looks) { Unpinned::Reclaimed } else { Unpinned::Left }
    }

    #[cold]
    fn claim_after_look(&self, looks: &LookLines) -> bool {
        // SeqCst: between the end of this look and the question whether there are others. Of two that end, the one whose fence is the later
        // sees that the other one has.
        fence(Ordering::SeqCst);
        self.claim_retired(looks, BUSY)
    }

    /// Pins the slot if its value can be read. Counts turns if looks can be announced, which those of readers are worth.
    #[inline(always)]
    pub(super) fn pin(&self, Glance(mut word): Glance, turns: Watch<'_>) -> Result<(), Refused> {
        // Bounded where one runs at a time: it fails only because somebody else has changed the word.
        loop {
            if word & (FULL | BUSY | RETIRED) != FULL {
                return Err(Refused::Closed);
            }
            if word & PINS >= MOST_PINS {
                return Err(Refused::Crowded);
            }
            let pinned = turns.map_or(word, |looks| turned(word, looks.line())) + PIN;
            // SeqCst: before the second load of control, in the one order, where slots are claimed by their bits. (There all changes of a full word
            // are, so that who asks it finds the last one before.) It acquires what `fill` released, whose value will be read. (All that is
            // done to a full word in between is read-modify-writes, which continue that.) Relaxed: what is seen is tried again.
            match self.0.compare_exchange(word, pinned, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(seen) => word = seen,
            }
        }
    }

    /// Takes a pin away.
    #[inline(always)]
    pub(super) fn unpin(&self, watch: Watch<'_>) -> Unpinned {
        // SeqCst: as the pin. It releases to the claim or reclaim that may follow, which must come after what we read.
        let before = self.0.fetch_sub(PIN, Ordering::SeqCst);
        let is_last = before & !(HINTS | WATCHED) == FULL | RETIRED | PIN;
        if is_last { self.reclaim(before, watch) } else { Unpinned::Left }
    }

    /// The last pin of a retired slot has gone, to which nobody else comes any more.
    #[cold]
    fn reclaim(&self, before: u32, watch: Watch<'_>) -> Unpinned {
        let Some(looks) = watch.filter(|_| before & WATCHED != 0) else {
            // Acquire: pairs with the Release of every `unpin` before: they have read.
            fence(Ordering::Acquire);
            return Unpinned::Reclaimed;
        };
        for _ in 0..PATIENCE {
            if self.claim_retired(looks, BUSY) {
                return Unpinned::Reclaimed;
            }
            hint::spin_loop();
        }
        Unpinned::Left
    }

    /// Claims what is retired and takes looks, if nobody reads it. What it is the caller may not know any more.
    #[cold]
    fn claim_retired(&self, looks: &LookLines, to: u32) -> bool {
        for _ in 0..PATIENCE {
            // SeqCst: after the change to RETIRED, in the one order, and before the question to the lines. Whoever looks then has read the
            // word before it was retired, and nobody comes later.
            let word = self.0.load(Ordering::SeqCst);
            if word & !HINTS != FULL | RETIRED | WATCHED || looks.watches(self.number()) {
                return false;
            }
            // SeqCst: before the second question, in the one order. It acquires what every `unpin` released. (The questions acquire the ends
            // of looks.) Relaxed: the loser does nothing.
            if self.0.compare_exchange(word, to, Ordering::SeqCst, Ordering::Relaxed).is_err() {
                return false;
            }
            // Since the first question the value may have been taken out, and another one put in, looked at, and retired: the word says the
            // same of both.
            if !looks.watches(self.number()) {
                return true;
            }
            // SeqCst: as in `retire`. It releases what was acquired, on behalf of those who have read. (Who has ended his look meanwhile has
            // found the slot busy: so once more.)
            self.0.store(FULL | RETIRED | WATCHED, Ordering::SeqCst);
        }
        false
    }

    /// Claims what the caller has retired, and pins, if nobody else holds it. The pin keeps the slot from being another value's.
    pub(super) fn claim_own_retired(&self, looks: &LookLines) -> bool {
        for _ in 0..PATIENCE {
            // SeqCst: as in `claim_retired`.
            let word = self.0.load(Ordering::SeqCst);
            // Others pin it, of whom the last sees to it.
            if word & !HINTS != FULL | RETIRED | WATCHED | PIN {
                return false;
            }
            if !looks.watches(self.number()) {
                // Acquire: pairs with the Release of every `unpin`. Relaxed: the loser does nothing.
                return self.0.compare_exchange(word, BUSY, Ordering::Acquire, Ordering::Relaxed).is_ok();
            }
            hint::spin_loop();
        }
        false
    }

    /// Whether somebody seems to have the slot to himself.
    #[inline(always)]
    pub(super) fn is_busy(&self) -> bool {
        // Relaxed: a hint.
        self.0.load(Ordering::Relaxed) & BUSY != 0
    }

    /// Whether somebody seems to be at work at what is hidden: he has it to himself, perhaps by its bit.
    #[inline(always)]
    pub(super) fn is_in_hand(&self, by_bit: bool) -> bool {
        // Relaxed: a hint.
        let word = self.0.load(Ordering::Relaxed);
        word & BUSY != 0 || (by_bit && word & (FULL | RETIRED) == FULL)
    }

    /// Claims a free slot, with a pin.
    #[inline]
    pub(super) fn claim_free(&self) -> bool {
        // Relaxed: only to save the exchange where it would fail.
        self.0.load(Ordering::Relaxed) == 0
            // Acquire: pairs with the Release of `free`: whoever wrote the cell has done so. Relaxed: the loser does nothing.
            && self.0.compare_exchange(0, BUSY | PIN, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Whether nobody seems to read what is full: before its bit is taken, so that what is read keeps its place.
    #[inline(always)]
    pub(super) fn seems_unread(&self, watch: Watch<'_>) -> bool {
        // Relaxed: a hint.
        self.0.load(Ordering::Relaxed) == FULL || self.seems_nobody_elses(0, watch)
    }

    /// The same for who pins it himself.
    pub(super) fn seems_pinned_once(&self, watch: Watch<'_>) -> bool {
        self.seems_nobody_elses(PIN, watch)
    }

    /// Whether it seems to be read by nobody but who has so many pins.
    #[cold]
    #[inline(never)]
    fn seems_nobody_elses(&self, pins: u32, watch: Watch<'_>) -> bool {
        // Relaxed: as above.
        let word = self.0.load(Ordering::Relaxed);
        let is_watched = || watch.is_some_and(|looks| looks.watches(self.number()));
        word & !(HINTS | WATCHED) == FULL | pins && (word & WATCHED == 0 || !is_watched())
    }

    /// Whether nobody reads, or will read, what is full: for whoever has taken its bit. No if it takes looks, of which the word does not tell,
    /// or if there are turns in the word, which are to be forgotten.
    #[inline(always)]
    pub(super) fn is_unread(&self) -> bool {
        // SeqCst: after the bit, in the one order: who pins it later finds that gone. It acquires what `unpin` released: whoever pinned it has
        // read.
        self.0.load(Ordering::SeqCst) == FULL
    }

    /// Pins a full slot for whoever has taken its bit.
    #[inline]
    pub(super) fn pin_own(&self) {
        // SeqCst: as every pin.
        self.0.fetch_add(PIN, Ordering::SeqCst);
    }

    /// Claims a full slot that nobody pins, with a pin.
    #[inline(always)]
    pub(super) fn claim_unpinned(&self, watch: Watch<'_>) -> Claimed {
        self.claim(0, watch)
    }

    /// Claims a full slot that only the caller pins. The pin becomes the claim's.
    #[inline]
    pub(super) fn claim_pinned(&self, watch: Watch<'_>) -> Claimed {
        self.claim(PIN, watch)
    }

    #[inline(always)]
    fn claim(&self, pins: u32, watch: Watch<'_>) -> Claimed {
        // Relaxed: only to save the exchange where it would fail.
        let word = self.0.load(Ordering::Relaxed);
        if word & !(HINTS | WATCHED) != FULL | pins {
            return Claimed::No;
        }
        if let Some(looks) = watch
            && word & WATCHED != 0
        {
            return self.claim_watched(word, looks);
        }
        self.exchange_for_claim(word).map_or(Claimed::No, |()| Claimed::Yes)
    }

    #[inline(always)]
    fn exchange_for_claim(&self, word: u32) -> Option<()> {
        // SeqCst: before the question to the lines, in the one order, if one follows. It acquires what `unpin` and `fill` released: whoever
        // read or wrote the cell has done so. Relaxed: the loser does nothing.
        self.0.compare_exchange(word, BUSY | PIN, Ordering::SeqCst, Ordering::Relaxed).ok().map(drop)
    }

    /// The same for what takes looks. First without a claim: what is looked at stays, unless the look begins just now. (What is rare, or where
    /// many threads are, is in calls of its own, so that this one saves no registers.)
    #[inline(never)]
    fn claim_watched(&self, word: u32, looks: &LookLines) -> Claimed {
        let number = self.number();
        match looks.watches_alone(number) {
            Some(false) => {}
            Some(true) => return Claimed::No,
            None => return self.claim_watched_by_many(word, looks),
        }
        if self.exchange_for_claim(word).is_none() {
            return Claimed::No;
        }
        match looks.watches_alone(number) {
            Some(false) => Claimed::Yes,
            _ => self.claimed_while(looks),
        }
    }

    #[inline(never)]
    fn claim_watched_by_many(&self, word: u32, looks: &LookLines) -> Claimed {
        if looks.watches(self.number()) || self.exchange_for_claim(word).is_none() {
            return Claimed::No;
        }
        self.claimed_while(looks)
    }

    /// What was claimed, by whether somebody looks at it.
    #[inline(never)]
    fn claimed_while(&self, looks: &LookLines) -> Claimed {
        if looks.watches(self.number()) { Claimed::Watched } else { Claimed::Yes }
    }

    /// The end of a claim of what is watched: the value is to go when nobody reads it any more. The claim's pin stays.
    pub(super) fn retire_claimed(&self) {
        // SeqCst: as in `retire`. It releases what the claim has acquired, on behalf of those who have read.
        self.0.store(FULL | RETIRED | WATCHED | PIN, Ordering::SeqCst);
    }

    /// Claims what is retired and takes looks, and nobody reads, with a pin.
    pub(super) fn claim_left(&self, watch: Watch<'_>) -> bool {
        watch.is_some_and(|looks| self.claim_retired(looks, BUSY | PIN))
    }

    /// The end of a claim: there is a value in the slot. The claimer's pin stays, as one that lets it read, or goes.
    #[inline]
    pub(super) fn fill(&self, birth: Birth, keep: bool) {
        let pin = if keep { PIN } else { 0 };
        // Release: pairs with the Acquire of `pin`, `lets_look` and `claim`, which are to see the value, and that it was published
        // before.
        self.0.store(FULL | pin | birth.0, Ordering::Release);
    }

    /// As [`fill`](Self::fill), where the value, and whether there is one, is known by a bit.
    #[inline]
    pub(super) fn fill_by_bit(&self) {
        // SeqCst: as the pins that follow. It releases as in `fill`.
        self.0.store(FULL, Ordering::SeqCst);
    }

    /// The end of a claim or reclaim: the slot is empty.
    #[inline]
    pub(super) fn free(&self) {
        // Release: pairs with the Acquire of the next claim: the value is out.
        self.0.store(0, Ordering::Release);
    }

    /// The value is to go when nobody reads it any more. The caller pins it. Whether it takes looks: nothing changes that from now on.
    pub(super) fn retire(&self) -> bool {
        // SeqCst: before the question to the lines, in the one order. (Who takes the last pin away sees it, on this same word; the caller's
        // own is still to go.)
        self.0.fetch_or(RETIRED, Ordering::SeqCst) & WATCHED != 0
    }

    /// Whether there is a value: for who is alone, or claims it before he makes something of it.
    pub(super) fn is_full(&self) -> bool {
        // Acquire: pairs with the Release of `fill`. Whoever finds full what was just filled finds it published, too.
        self.0.load(Ordering::Acquire) & FULL != 0
    }

    /// Whether nobody is at work here, and there are so many pins at most. For tests.
    pub(super) fn is_at_rest(&self, pins: u32) -> bool {
        // Relaxed: tests look when all is done.
        let word = self.0.load(Ordering::Relaxed);
        // What takes looks can be left behind.
        let left = word & RETIRED != 0 && word & (PINS | WATCHED) == 0;
        word & BUSY == 0 && word & PINS <= pins && !left
    }
}

/// The word of a value that a thread of this line pins.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "a line is a small number, and three bits of it will do")]
const fn turned(word: u32, line: usize) -> u32 {
    // The first bits are those in which the lines of threads differ most: see `spread`.
    let who = ((line / FOR_ONE) as u32) << WHO_SHIFT & WHO;
    // By arithmetic: who was last is a branch that nobody foresees. Who pins what is pinned does so by turns as well.
    let is_turn = (word & (WHO | PINS) != who) as u32 & !(word / WATCHED);
    (word & !WHO | who) + is_turn * TURN
}

#[cfg(test)]
mod tests {
    use super::{FOR_ONE, FULL, HINTS, LINES, PIN, PINS, TURN, TURNS_TO_WATCH, WATCHED, WHO, turned};

    #[test]
    fn a_value_is_watched_when_enough_threads_have_pinned_it_by_turns() {
        let alone = (0..1000).fold(FULL, |word, _| turned(word, FOR_ONE));
        assert_eq!(alone & (WATCHED | WHO), 1 << WHO.trailing_zeros());
        let mut word = FULL;
        for turn in 1..=TURNS_TO_WATCH {
            assert_eq!(word & WATCHED, 0, "turn {turn}");
            word = turned(word, turn as usize % 2 * LINES / 2);
        }
        assert_eq!(word & !WHO, FULL | WATCHED);
        // And that is all that changes from then on.
        for line in 0..LINES {
            assert_eq!(turned(word, line) & !WHO, FULL | WATCHED);
        }
    }

    #[test]
    fn who_pins_what_is_pinned_takes_a_turn_and_leaves_the_pins_alone() {
        let word = turned(FULL, 5);
        assert_eq!(turned(word, 5), word);
        let pinned = turned(word + PIN, 5);
        assert_eq!(pinned, word + PIN + TURN);
        assert_eq!(turned(FULL | PINS, 7) & !HINTS & !WATCHED, FULL | PINS);
    }
}
