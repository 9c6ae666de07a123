//! Which entry of a set has to go: second chance, over one bit an entry.
//!
//! All of it is advice. Threads that race may lose an update of it, and nothing but the choice of a victim depends on it.

use super::mask::Mask;
use super::width::Blank;
use crate::sync::lossy::Lossy32;

/// A set's memory of how its entries were used.
#[derive(Debug)]
pub struct Policy {
    /// One bit a way: used since the hand came by.
    used: Lossy32,
    /// The way at which the search begins.
    hand: Lossy32,
}

impl Blank for Policy {
    const BLANK: Self = Self { used: Lossy32::new(0), hand: Lossy32::new(0) };
}

impl Policy {
    /// An entry is used.
    #[inline]
    pub(super) fn touch(&self, way: usize) {
        let used = self.used.load();
        let with = used | Mask::one(way).bits();
        if used != with {
            self.used.store(with);
        }
    }

    /// A new entry is put in.
    #[inline]
    pub(super) fn placed(&self, way: usize) {
        self.used.store(self.used.load() & !Mask::one(way).bits());
    }

    /// The one of these that has to go.
    #[inline]
    pub(super) fn victim(&self, candidates: Mask) -> Option<usize> {
        let first = candidates.first()?;
        let hand = Mask::first_ways((self.hand.load() & 31) as usize);
        let used = Mask::of_bits(self.used.load());
        let unused = candidates.without(used);
        let way = match (unused.without(hand).first(), unused.first()) {
            (Some(ahead), _) => ahead,
            (None, Some(behind)) => {
                self.used.store(used.and(hand).bits());
                behind
            }
            (None, None) => {
                self.used.store(0);
                candidates.without(hand).first().unwrap_or(first)
            }
        };
        self.hand.store(Mask::one(way).bits().trailing_zeros() + 1);
        Some(way)
    }
}
