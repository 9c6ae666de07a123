//! A word of bytes that are stored one by one and loaded all at once.
//!
//! To the memory model these are bytes, each an atomic of its own: no two of them say anything about each other, so all that a load of
//! the word has to be is eight loads. The processor does those in one instruction. The language has no name for that (an atomic word that is
//! loaded while a byte in it is stored is a race of two sizes), so the instruction is written out.
//!
//! A store of a byte is a plain one. As part of an atomic word it would be a read-modify-write, which takes some twenty cycles and holds up
//! all accesses to memory that follow.

use super::lanes;
use super::width::Blank;
use crate::sync::{AtomicU8, Ordering, Word};
use core::arch::asm;

/// The bytes of a word. Byte `i` of a loaded one, counted from its low end, is that of lane `i`.
#[repr(C, align(8))]
pub struct LaneWord([AtomicU8; size_of::<Word>()]);

impl Blank for LaneWord {
    const BLANK: Self = Self([const { AtomicU8::new(0) }; size_of::<Word>()]);
}

impl LaneWord {
    /// All bytes, each as of its own moment. Relaxed.
    #[inline]
    pub(super) fn load(&self) -> Word {
        let place = core::ptr::from_ref(self);
        let word;
        // SAFETY: it reads the eight bytes that are there, each of which the instruction loads whole, as a relaxed load does. It is not said to be
        // `pure`, so each is done, and where it stands.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            asm!("mov {}, qword ptr [{}]", out(reg) word, in(reg) place, options(readonly, nostack, preserves_flags));
        }
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        unsafe {
            asm!("ldr {}, [{}]", out(reg) word, in(reg) place, options(readonly, nostack, preserves_flags));
        }
        word
    }

    /// Bit `i` of the result is set where byte `i` of two words, one after the other, is `wanted`.
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    #[inline]
    pub(super) fn matches_in_two(words: &[Self; 2], wanted: u8) -> u32 {
        let place = core::ptr::from_ref(words);
        let bytes;
        // SAFETY: as in `load`, with sixteen bytes, which no instruction for less has to put together.
        unsafe {
            asm!("movdqu {}, xmmword ptr [{}]", out(xmm_reg) bytes, in(reg) place, options(readonly, nostack, preserves_flags));
        }
        lanes::in_vector(bytes, wanted)
    }

    /// Bit `i` of the result is set where byte `i` of two words, one after the other, is `wanted`.
    #[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
    #[inline]
    pub(super) fn matches_in_two([low, high]: &[Self; 2], wanted: u8) -> u32 {
        lanes::in_two_words(low.load(), high.load(), wanted)
    }

    /// Stores a byte of words, one after the other. Relaxed. Only one at a time stores into a lane.
    #[inline]
    pub(super) fn store(words: &[Self], lane: usize, byte: u8) {
        // SAFETY: words are their bytes, and nothing else.
        let bytes =
            unsafe { core::slice::from_raw_parts(words.as_ptr().cast::<AtomicU8>(), size_of_val(words)) };
        // Relaxed: see above.
        bytes[lane].store(byte, Ordering::Relaxed);
    }
}
