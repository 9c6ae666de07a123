//! The control word of a set: what is to be seen of it.
//!
//! `live` has one bit for each way; `version`, above them, counts what was published here and which invalidations began. All
//! that changes is changed by read-modify-writes of this one word, so that there is one order of everything that can be seen.
//!
//! | change | by whom | version |
//! |---|---|---|
//! | publish: a bit comes, others go | the claimer of the way that comes | requires the one it scanned at; `FILL` or `EPOCH` later |
//! | an invalidation begins | remove, retain, clear | `EPOCH` later |
//! | a bit goes | who pins or has claimed the way, or was refused a pin of it; who claims the way of plain data by that | stays |
//!
//! The version counts in two steps. What overtakes a computation that is under way (an insert, an invalidation) counts a whole
//! *epoch*, what does not (the storing of something computed) only a fraction of one. So one number says both whether anything was
//! published since a scan, and, by its upper part, whether anything was overtaken. (Many fills carry into an epoch; then something is
//! taken for overtaken that was not, which does no harm.)
//!
//! Invariant **ONE** (I1): at most one live entry that can be read has a given key. A publish proves it: it requires the version of the
//! scan that looked for the key, so nothing was published in between, and it clears the bits of what that scan found, and of what it
//! could not compare.
//!
//! The version wraps after 2^48 fills or 2^32 epochs (2^24 and 2^16 where atomics have 32 bits). An inserter that is stopped between scan
//! and publish while exactly so much happens in its set would take the last version for the first; so would a computation that takes
//! exactly so many epochs, or a multiple.

use super::mask::Mask;
use super::width::{Blank, MOST_WAYS};
use crate::sync::{AtomicWord, Ordering, Word, fence};

/// The versions begin above the bits of the ways.
const FILL: Word = 1 << MOST_WAYS;
/// A third of the version's bits are below the epoch's.
const EPOCH: Word = FILL << MOST_WAYS;

/// A value of the control word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Snapshot(Word);

impl Snapshot {
    /// The ways that can be seen.
    #[inline]
    pub(super) const fn live(self) -> Mask {
        Mask::of_bits((self.0 & (FILL - 1)) as u32)
    }

    #[inline]
    pub(super) const fn is_of_version(self, other: Self) -> bool {
        self.0 / FILL == other.0 / FILL
    }

    /// What a computation that begins now must not be overtaken by.
    #[inline]
    pub(super) const fn epoch(self) -> Epoch {
        Epoch(self.0 / EPOCH)
    }

    /// With `way` and without `gone`, a step later.
    #[inline]
    fn published(self, way: usize, gone: Mask, step: Step) -> Self {
        let live = self.live().without(gone).or(Mask::one(way));
        let step = match step {
            Step::Fill => FILL,
            Step::Epoch => EPOCH,
        };
        Self((self.0 & !(FILL - 1)).wrapping_add(step) | Word::from(live.bits()))
    }
}

/// The upper part of a version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Epoch(Word);

/// By how much a publish moves the version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// By what overtakes no computation.
    Fill,
    /// By an epoch.
    Epoch,
}

/// What is to be seen of a set.
#[derive(Debug)]
pub(super) struct Control(AtomicWord);

impl Blank for Control {
    const BLANK: Self = Self(AtomicWord::new(0));
}

impl Control {
    /// The beginning of a look at the set.
    #[inline]
    pub(super) fn load(&self) -> Snapshot {
        // Acquire: pairs with the Release of `publish`: of every live way the tag and the slot word are at least those of its publish.
        // And with that of `invalidate`: who computes after it sees what was true before it.
        Snapshot(self.0.load(Ordering::Acquire))
    }

    /// The second load: whether the way is live after its slot was pinned, or may be looked at.
    #[inline]
    pub(super) fn shows(&self, way: usize) -> bool {
        // Relaxed: the pin, or the look, acquired what was done before the slot was last filled, and its publish was; by coherence this load
        // sees that or something later.
        Snapshot(self.0.load(Ordering::Relaxed)).live().contains(way)
    }

    /// The second load for who has read without a pin: what was read of a way since `seen` is whole if nothing was published since
    /// then, and the way is still live.
    #[inline]
    pub(super) fn look_again(&self) -> Snapshot {
        // Acquire: pairs with the Release fence of a claimer, before it writes. If any of what was read is its, the load after the
        // fence sees that the way was hidden before, or something later.
        fence(Ordering::Acquire);
        // Relaxed: see above.
        Snapshot(self.0.load(Ordering::Relaxed))
    }

    /// As [`shows`](Self::shows), where ways are claimed by their bits: since it was pinned, this one may have been written and published once
    /// more.
    #[inline]
    pub(super) fn still_shows(&self, way: usize) -> bool {
        // SeqCst: after the pin or the announcement, in the one order, as the bit's going comes before the question who reads there. It
        // acquires that publish.
        Snapshot(self.0.load(Ordering::SeqCst)).live().contains(way)
    }

    /// Claims a way by its bit. Nothing if somebody else has taken that; else whether nothing was published since `seen`.
    #[inline]
    pub(super) fn take(&self, seen: Snapshot, way: usize) -> Option<bool> {
        let mut now = seen;
        while now.live().contains(way) {
            let next = now.0 & !Word::from(Mask::one(way).bits());
            // SeqCst: before the question who reads there, in the one order. (All changes of control are, so that `still_shows` finds the last
            // one before.) It acquires the publish, and what was released before. Relaxed: a guess.
            match self.0.compare_exchange(now.0, next, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return Some(now.is_of_version(seen)),
                Err(other) => now = Snapshot(other),
            }
        }
        None
    }

    /// Shows `way`, and no longer shows `gone`, if nothing was published since `scanned`. Which ways were live before, or none if it
    /// was too late.
    #[inline]
    pub(super) fn publish(&self, scanned: Snapshot, way: usize, gone: Mask, step: Step) -> Option<Mask> {
        // Relaxed: a first guess.
        let mut now = Snapshot(self.0.load(Ordering::Relaxed));
        while now.is_of_version(scanned) {
            // SeqCst: as `take`. It releases to the Acquire of `load`: tag and slot word are written. (What others have
            // released before goes on through this read-modify-write.) Relaxed: only bits have gone, or it is too late.
            let next = now.published(way, gone, step);
            match self.0.compare_exchange(now.0, next.0, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return Some(now.live()),
                Err(other) => now = Snapshot(other),
            }
        }
        None
    }

    /// The beginning of an invalidation: what was scanned before is not published any more. Gives what is to be looked through.
    pub(super) fn invalidate(&self) -> Snapshot {
        // SeqCst: as `take`. It acquires as `load`, since this is one, and releases to the Acquire of `load`, for a computation that begins later.
        Snapshot(self.0.fetch_add(EPOCH, Ordering::SeqCst).wrapping_add(EPOCH))
    }

    /// No longer shows `way`; says whether it was this that made it disappear.
    #[inline]
    pub(super) fn clear(&self, way: usize) -> bool {
        // SeqCst: as `take`. (It need not order anything: nobody reads because a bit is gone, who uses the slot next has claimed it, which comes
        // after by the slot word, and who reads without a pin has the claimer's fence.)
        let before = self.0.fetch_and(!Word::from(Mask::one(way).bits()), Ordering::SeqCst);
        Snapshot(before).live().contains(way)
    }

    /// What is live about now. For counts.
    pub(super) fn glance(&self) -> Mask {
        // Relaxed: nothing is read on the strength of it.
        Snapshot(self.0.load(Ordering::Relaxed)).live()
    }
}
