//! A word of bytes that are stored one by one and loaded all at once, where that is an atomic word: the processor has no way known here
//! to load bytes together, or every access has to be one that a checker sees.

use super::lanes::{self, LANES};
use super::width::Blank;
use crate::sync::{AtomicWord, Ordering, Word};

/// The bytes of a word. Byte `i`, counted from the low end, is that of lane `i`.
pub struct LaneWord(AtomicWord);

impl Blank for LaneWord {
    const BLANK: Self = Self(AtomicWord::new(0));
}

impl LaneWord {
    /// All bytes. Relaxed.
    #[inline]
    pub(super) fn load(&self) -> Word {
        // Relaxed: see above.
        self.0.load(Ordering::Relaxed)
    }

    /// Bit `i` of the result is set where byte `i` of two words, one after the other, is `wanted`.
    #[inline]
    pub(super) fn matches_in_two([low, high]: &[Self; 2], wanted: u8) -> u32 {
        lanes::in_two_words(low.load(), high.load(), wanted)
    }

    /// Stores a byte of words, one after the other. Relaxed. Only one at a time stores into a lane.
    #[inline]
    pub(super) fn store(words: &[Self], lane: usize, byte: u8) {
        let (word, shift) = (&words[lane / LANES], lane % LANES * 8);
        // Relaxed, both: see above. Nobody else changes this lane, so it still has the value that was loaded.
        let change = (word.0.load(Ordering::Relaxed) >> shift & 0xFF) ^ Word::from(byte);
        if change != 0 {
            word.0.fetch_xor(change << shift, Ordering::Relaxed);
        }
    }
}
