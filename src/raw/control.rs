//! The control word of a set: what is to be seen of it.
//!
//! `live` has one bit for each way; `version`, above them, says how often something was published here or an invalidation began. All
//! that changes is changed by read-modify-writes of this one word, so that there is one order of everything that can be seen.
//!
//! | change | by whom | version |
//! |---|---|---|
//! | publish: a bit comes, others go | the claimer of the way that comes | + 1, and requires the one it scanned at |
//! | an invalidation begins | remove, retain, clear | + 1 |
//! | a bit goes | who pins or has claimed the way, or was refused a pin of it | stays |
//!
//! Invariant **ONE** (I1): at most one live entry has a given key. A publish proves it: it requires the version of the scan that
//! looked for the key, so nothing was published in between, and it clears the bit of what that scan found.
//!
//! The version wraps: an inserter that sleeps through exactly 2^48 publishes of its set (2^24 where atomics have 32 bits) would take the
//! last for the first.

use super::mask::Mask;
use super::width::{Blank, MOST_WAYS};
use crate::sync::{AtomicWord, Ordering, Word};

/// One version.
const VERSION: Word = 1 << MOST_WAYS;

/// A value of the control word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Snapshot(Word);

impl Snapshot {
    /// The ways that can be seen.
    #[inline]
    pub(super) const fn live(self) -> Mask {
        Mask::of_bits((self.0 & (VERSION - 1)) as u32)
    }

    const fn is_of_version(self, other: Self) -> bool {
        self.0 / VERSION == other.0 / VERSION
    }

    /// With `way` and without `gone`, one version later.
    fn published(self, way: usize, gone: Mask) -> Self {
        let live = self.live().without(gone).or(Mask::one(way));
        Self((self.0 & !(VERSION - 1)).wrapping_add(VERSION) | Word::from(live.bits()))
    }
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
        // And with that of `invalidate`, for a fill: see the set's `epoch`.
        Snapshot(self.0.load(Ordering::Acquire))
    }

    /// The second load: whether the way is live after its slot was pinned.
    #[inline]
    pub(super) fn shows(&self, way: usize) -> bool {
        // Relaxed: the pin acquired what was written before the slot was last filled or claimed, which a bit that was
        // cleared for it precedes; by coherence this load sees that or something later.
        Snapshot(self.0.load(Ordering::Relaxed)).live().contains(way)
    }

    /// Shows `way`, and no longer shows `gone`, if nothing was published since `scanned`. Which of `gone` this made disappear, or
    /// none if it was too late.
    #[inline]
    pub(super) fn publish(&self, scanned: Snapshot, way: usize, gone: Mask) -> Option<Mask> {
        // Relaxed: a first guess.
        let mut now = Snapshot(self.0.load(Ordering::Relaxed));
        while now.is_of_version(scanned) {
            // Release: pairs with the Acquire of `load`: tag and slot word are written. Acquire: what others have published
            // before is what comes before ours, for those who see ours. Relaxed: only bits have gone, or it is too late.
            let next = now.published(way, gone);
            match self.0.compare_exchange(now.0, next.0, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(now.live().and(gone)),
                Err(other) => now = Snapshot(other),
            }
        }
        None
    }

    /// The beginning of an invalidation: what was scanned before is not published any more. Gives what is to be looked through.
    pub(super) fn invalidate(&self) -> Snapshot {
        // Acquire: as `load`, since this is one. Release: a fill that sees this version also sees the epoch that went before.
        Snapshot(self.0.fetch_add(VERSION, Ordering::AcqRel).wrapping_add(VERSION))
    }

    /// No longer shows `way`; says whether it was this that made it disappear.
    #[inline]
    pub(super) fn clear(&self, way: usize) -> bool {
        // Acquire: the tag, which the claimer changes next, is not changed before. Release: the same for who sees the bit gone.
        let before = self.0.fetch_and(!Word::from(Mask::one(way).bits()), Ordering::AcqRel);
        Snapshot(before).live().contains(way)
    }

    /// What is live about now. For counts.
    pub(super) fn glance(&self) -> Mask {
        // Relaxed: nothing is read on the strength of it.
        Snapshot(self.0.load(Ordering::Relaxed)).live()
    }
}
