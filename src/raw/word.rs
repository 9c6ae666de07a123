//! The slot word: who may touch a slot's memory.
//!
//! One word a slot, and every transition is one read-modify-write of it. (A plain store that published or freed would erase the
//! pins that others hold for a moment.)
//!
//! | bits | name | meaning |
//! |---|---|---|
//! | 31 | FULL | the cell holds a value |
//! | 30 | BUSY | the cell belongs to one party, its *claimer* |
//! | 29 | RETIRED | the value is to go as soon as nobody pins it |
//! | 0..24 | pins | how many keep it from being claimed or taken out |
//!
//! | state | who may touch the cell | goes on to |
//! |---|---|---|
//! | free: 0 | nobody | claimed |
//! | claimed: BUSY, 1 pin | the claimer | full (filled and published), free (given up) |
//! | full: FULL, any pins | who pins it, to read | claimed (no pin, or the claimer's alone), retired |
//! | retired: FULL, RETIRED, any pins | who pinned it before, to read | reclaimed (no pins) |
//! | reclaimed: BUSY, no pin | who took the last pin away | free |
//!
//! To any of them come transient pins: of one who pins first and looks then whether it may. Whoever finds BUSY or RETIRED there, or
//! not FULL, or too many pins, takes its pin back and has not looked.
//!
//! The word says whether memory can be read. It does not say whether what is there is to be seen: that is somebody else's word
//! (a set's control word), and has to be asked between the pin and the first look.
//!
//! Invariants, cited where they are used:
//!
//! - **CLAIMED** (I2): from a claim to its end there is one claimer, and only it touches the cell.
//! - **PINNED** (I3): a cell that is full, neither busy nor retired when it is pinned, is not written nor emptied before the unpin.

use crate::sync::{AtomicU32, Ordering};

const FULL: u32 = 1 << 31;
const BUSY: u32 = 1 << 30;
const RETIRED: u32 = 1 << 29;
/// One pin.
const PIN: u32 = 1;
/// The pins' field. There are bits to spare: 24 let eight million references to one entry be held.
const PINS: u32 = (1 << 24) - 1;
/// As many pins as are let in. The other half of the field is for transient ones, so that they can't overflow it: they would have
/// to be of eight million threads.
pub(super) const MOST_PINS: u32 = 1 << 23;

/// Who may touch a slot's memory. All zero is free.
#[derive(Debug)]
pub struct SlotWord(AtomicU32);

/// What became of a slot when a pin was taken away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "what is reclaimed is to be emptied"]
pub(super) enum Unpinned {
    /// Nothing.
    Left,
    /// It was the last pin of a retired slot. The slot is the caller's: it takes the value out and calls `free`.
    Reclaimed,
}

/// A pin was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "what is reclaimed is to be emptied"]
pub(super) struct Refused {
    /// Whether that was for nothing but the number of pins.
    pub(super) crowded: bool,
    pub(super) unpinned: Unpinned,
}

impl SlotWord {
    pub(super) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Pins the slot if it can be read. If not, the pin is taken back.
    #[inline]
    pub(super) fn pin(&self) -> Result<(), Refused> {
        // Acquire: pairs with the Release of `fill`, whose value will be read. (A pin in between is a read-modify-write, which
        // continues what `fill` released.)
        let before = self.0.fetch_add(PIN, Ordering::Acquire);
        let open = before & (FULL | BUSY | RETIRED) == FULL;
        let crowded = before & PINS >= MOST_PINS;
        if open && !crowded { Ok(()) } else { Err(Refused { crowded: open, unpinned: self.unpin() }) }
    }

    /// Takes a pin away, one that let its owner read or a transient one.
    #[inline]
    pub(super) fn unpin(&self) -> Unpinned {
        // Release: pairs with the Acquire of the claim or reclaim that may follow, which must come after what we read.
        let before = self.0.fetch_sub(PIN, Ordering::Release);
        if before == FULL | RETIRED | PIN { self.reclaim() } else { Unpinned::Left }
    }

    /// Two can both have brought the pins of a retired slot to zero, one of them transiently. The exchange lets one win.
    #[cold]
    fn reclaim(&self) -> Unpinned {
        // Acquire: pairs with the Release of every `unpin` before: they have read. Relaxed: the loser does nothing.
        match self.0.compare_exchange(FULL | RETIRED, BUSY, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Unpinned::Reclaimed,
            Err(_) => Unpinned::Left,
        }
    }

    /// Claims a free slot, with a pin.
    #[inline]
    pub(super) fn claim_free(&self) -> bool {
        self.claim(0)
    }

    /// Claims a full slot that nobody pins, with a pin.
    #[inline]
    pub(super) fn claim_unpinned(&self) -> bool {
        self.claim(FULL)
    }

    /// Claims a full slot that only the caller pins. The pin becomes the claim's.
    #[inline]
    pub(super) fn claim_pinned(&self) -> bool {
        self.claim(FULL | PIN)
    }

    #[inline]
    fn claim(&self, from: u32) -> bool {
        // Relaxed: only to save the exchange where it would fail.
        if self.0.load(Ordering::Relaxed) != from {
            return false;
        }
        // Acquire: pairs with the Release of `unpin`, `free` and `fill`: whoever read or wrote the cell has done so.
        // Relaxed: the loser does nothing.
        self.0.compare_exchange(from, BUSY | PIN, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// The end of a claim: there is a value in the slot. The claimer's pin stays, as one that lets it read.
    #[inline]
    pub(super) fn fill(&self) {
        // Release: pairs with the Acquire of `pin` and `claim`, which are to see the value, and that it was published before.
        // (An addition takes BUSY away and brings FULL, and leaves the pins alone.)
        self.0.fetch_add(FULL - BUSY, Ordering::Release);
    }

    /// As [`fill`](Self::fill), and the claimer's pin goes.
    #[inline]
    pub(super) fn fill_and_unpin(&self) {
        // Release: as in `fill`. (Nobody retires what is busy, so this can't be the last pin of something that has to go.)
        self.0.fetch_add(FULL - BUSY - PIN, Ordering::Release);
    }

    /// The end of a claim that left nothing in the slot.
    pub(super) fn free_claimed(&self) {
        // Release: pairs with the Acquire of the next claim: the value is out.
        self.0.fetch_sub(BUSY | PIN, Ordering::Release);
    }

    /// The value is to go when nobody pins it any more. The caller pins it.
    pub(super) fn retire(&self) {
        // Relaxed: whoever takes the last pin away sees it, on this same word; the caller's own pin is still to go.
        self.0.fetch_or(RETIRED, Ordering::Relaxed);
    }

    /// The end of a reclaim: the slot is empty.
    pub(super) fn free(&self) {
        // Release: pairs with the Acquire of the next claim: the value is out.
        self.0.fetch_xor(BUSY, Ordering::Release);
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
        word & BUSY == 0 && word & PINS <= pins && (word & RETIRED == 0 || word & PINS != 0)
    }
}
