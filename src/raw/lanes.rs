//! Bytes compared all at once, sixteen in memory or the lanes of words; and lines fetched before they are needed.
//!
//! Beside `lane_word` and the counters the one place outside `sync` where processors differ: what is gained by it (3 ns a look-up against
//! the portable form, 10 ns an insert) needs an instruction, and that needs `unsafe`.

use crate::sync::Word;
use crate::sync::lossy::LossyWord;

/// Bit `i` of the result is set where byte `i` is `wanted`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) fn matches(bytes: &[u8; 16], wanted: u8) -> u32 {
    use core::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8};
    // SAFETY: the target has SSE2 (see the `cfg`).
    let wanted = unsafe { _mm_set1_epi8(wanted.cast_signed()) };
    // SAFETY: as above; sixteen bytes are read, from any alignment.
    let bytes = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
    // SAFETY: as above.
    let equal = unsafe { _mm_cmpeq_epi8(bytes, wanted) };
    // SAFETY: as above.
    let mask = unsafe { _mm_movemask_epi8(equal) };
    mask.cast_unsigned()
}

/// Bit `i` of the result is set where byte `i` is `wanted`, or 1 if that is 0. The lowest bit may be anything.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) fn matches_from_one(bytes: &[u8; 16], wanted: u8) -> u32 {
    use core::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_loadu_si128, _mm_max_epu8, _mm_movemask_epi8, _mm_set_epi8, _mm_set1_epi8,
    };
    // SAFETY: the target has SSE2 (see the `cfg`).
    let wanted = unsafe { _mm_set1_epi8(wanted.cast_signed()) };
    // The first byte (which stands last) differs from the others for the compiler's sake: it would put ones in all of them before the
    // byte is spread, and that is two steps more to wait for.
    // SAFETY: as above.
    let ones = unsafe { _mm_set_epi8(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0) };
    // SAFETY: as above.
    let wanted = unsafe { _mm_max_epu8(wanted, ones) };
    // SAFETY: as above; sixteen bytes are read, from any alignment.
    let bytes = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
    // SAFETY: as above.
    let equal = unsafe { _mm_cmpeq_epi8(bytes, wanted) };
    // SAFETY: as above.
    let mask = unsafe { _mm_movemask_epi8(equal) };
    mask.cast_unsigned()
}

/// Bit `i` of the result is set where byte `i` is `wanted`, or 1 if that is 0. The lowest bit may be anything.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) fn matches_from_one(bytes: &[u8; 16], wanted: u8) -> u32 {
    matches(bytes, wanted.max(1))
}

/// Bit `i` of the result is set where byte `i` is `wanted`.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) fn matches(bytes: &[u8; 16], wanted: u8) -> u32 {
    u32::from(portable::matches(bytes, wanted))
}

/// Has the processor fetch what lies there into its caches, if it can be told to. The address may be any.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) fn prefetch<T>(address: *const T) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a hint, which reads nothing and does not fault.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
}

/// Has the processor fetch what lies there into its caches, if it can be told to. The address may be any.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) fn prefetch<T>(_: *const T) {}

/// As many bytes as a [`Word`] has.
pub(super) const LANES: usize = size_of::<Word>();

/// A one in each byte, and the upper bit of each.
const ONES: Word = Word::MAX / 255;
const TOPS: Word = ONES << 7;
/// As in `portable::of_eight`.
#[allow(clippy::cast_possible_truncation, reason = "what of it a word has")]
const GATHER: Word = 0x0102_0408_1020_4080_u64 as Word;

/// Bit `i` of the result is set where byte `i` of the word, counted from its low end, is `wanted`.
#[inline]
pub(super) fn in_word(word: Word, wanted: u8) -> u32 {
    let different = word ^ (ONES * Word::from(wanted));
    tops_of_word(!(((different & !TOPS) + !TOPS) | different))
}

/// The same of two words, the lanes of the second above those of the first.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[allow(dead_code, reason = "where tags are loaded all at once nobody asks for it")]
#[inline]
pub(super) fn in_two_words(low: Word, high: Word, wanted: u8) -> u32 {
    use core::arch::x86_64::_mm_set_epi64x;
    // SAFETY: the target has SSE2 (see the `cfg`). (Not by way of memory: two narrow stores and a wide load would wait for each other.)
    in_vector(unsafe { _mm_set_epi64x(high.cast_signed(), low.cast_signed()) }, wanted)
}

/// The same of sixteen bytes in a register.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) fn in_vector(bytes: core::arch::x86_64::__m128i, wanted: u8) -> u32 {
    use core::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set1_epi8};
    // SAFETY: the target has SSE2 (see the `cfg`).
    let wanted = unsafe { _mm_set1_epi8(wanted.cast_signed()) };
    // SAFETY: as above.
    let equal = unsafe { _mm_cmpeq_epi8(bytes, wanted) };
    // SAFETY: as above.
    unsafe { _mm_movemask_epi8(equal) }.cast_unsigned()
}

/// The same of two words, the lanes of the second above those of the first.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) fn in_two_words(low: Word, high: Word, wanted: u8) -> u32 {
    in_word(low, wanted) | in_word(high, wanted) << LANES
}

/// The upper bits of the bytes of a word, the lowest byte's lowest.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "to take parts of words is the purpose")]
pub(super) fn tops_of_word(word: Word) -> u32 {
    (((word & TOPS) >> 7).wrapping_mul(GATHER) >> (Word::BITS - LANES as u32)) as u32
}

/// The same of two words, the bytes of the second above those of the first.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) fn tops_of_two_words(low: Word, high: Word) -> u32 {
    use core::arch::x86_64::{_mm_movemask_epi8, _mm_set_epi64x};
    // SAFETY: the target has SSE2 (see the `cfg`).
    let bytes = unsafe { _mm_set_epi64x(high.cast_signed(), low.cast_signed()) };
    // SAFETY: as above.
    unsafe { _mm_movemask_epi8(bytes) }.cast_unsigned()
}

/// The same of two words, the bytes of the second above those of the first.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) fn tops_of_two_words(low: Word, high: Word) -> u32 {
    tops_of_word(low) | tops_of_word(high) << LANES
}

/// A word of which byte `i` has its upper bit set if bit `i` is, and no other bits.
#[inline]
pub(super) fn spread(bits: u32) -> Word {
    // Of each byte the bit with its own number.
    #[allow(clippy::cast_possible_truncation, reason = "what of it a word has")]
    const DIAGONAL: Word = 0x8040_2010_0804_0201_u64 as Word;
    let bits = Word::from(bits) & ((1 << LANES) - 1);
    ((bits.wrapping_mul(ONES) & DIAGONAL) + !TOPS) & TOPS
}

/// Bit `i` of the result is set where pair of bytes `i` of the words is `wanted`, looked at through `mask`. There are 32 pairs at most, and an
/// even number of words.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) fn pairs(words: &[LossyWord], mask: u16, wanted: u16) -> u32 {
    use core::arch::x86_64::{
        _mm_and_si128, _mm_cmpeq_epi16, _mm_movemask_epi8, _mm_or_si128, _mm_packs_epi16, _mm_set_epi64x,
        _mm_set1_epi16, _mm_setzero_si128,
    };
    // SAFETY: the target has SSE2 (see the `cfg`).
    let mask = unsafe { _mm_set1_epi16(mask.cast_signed()) };
    // SAFETY: as above.
    let wanted = unsafe { _mm_set1_epi16(wanted.cast_signed()) };
    let equal = |two: &[LossyWord]| {
        let [low, high] = [0, 1].map(|at| two.get(at).map_or(0, LossyWord::load));
        // SAFETY: as above.
        let pairs = unsafe { _mm_set_epi64x(high.cast_signed(), low.cast_signed()) };
        // SAFETY: as above.
        let seen = unsafe { _mm_and_si128(pairs, mask) };
        // SAFETY: as above.
        unsafe { _mm_cmpeq_epi16(seen, wanted) }
    };
    let mut chunks = words.chunks(2).map(equal);
    // SAFETY: as above.
    let none = unsafe { _mm_setzero_si128() };
    let [first, second, third, fourth] = [(); 4].map(|()| chunks.next().unwrap_or(none));
    // A byte for each pair: all ones stay so.
    // SAFETY: as above.
    let low = unsafe { _mm_packs_epi16(first, second) };
    // SAFETY: as above.
    let high = unsafe { _mm_packs_epi16(third, fourth) };
    // SAFETY: as above.
    let any = unsafe { _mm_or_si128(low, high) };
    // SAFETY: as above.
    if unsafe { _mm_movemask_epi8(any) } == 0 {
        return 0;
    }
    // SAFETY: as above.
    let [low, high] = [low, high].map(|bytes| unsafe { _mm_movemask_epi8(bytes) }.cast_unsigned());
    low | high << 16
}

/// Bit `i` of the result is set where pair of bytes `i` of the words is `wanted`, looked at through `mask`, which leaves out the upper bit of
/// each. There are 32 pairs at most, and an even number of words.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) fn pairs(words: &[LossyWord], mask: u16, wanted: u16) -> u32 {
    let mut all = 0;
    for (index, word) in words.iter().enumerate() {
        let mut same = pairs_in_word(word.load(), mask, wanted);
        // Most words have none.
        while same != 0 {
            all |= 1 << (index * PAIRS + same.trailing_zeros() as usize / 16);
            same &= same - 1;
        }
    }
    all
}

/// Pairs of bytes in a word.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
const PAIRS: usize = LANES / 2;

/// The upper bit of each pair of bytes of the word that is `wanted`, looked at through `mask`, which leaves out the upper bit of each.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
#[inline]
fn pairs_in_word(word: Word, mask: u16, wanted: u16) -> Word {
    const EACH: Word = Word::MAX / 0xFFFF;
    const BELOW_TOPS: Word = EACH * 0x7FFF;
    // The upper bit of a pair becomes 0 only where all that is looked at is as wanted.
    !(((word ^ (EACH * Word::from(wanted))) & (EACH * Word::from(mask))) + BELOW_TOPS) & !BELOW_TOPS
}

/// As [`prefetch`], of all the lines that `value` is on. `TO_WRITE` takes them away from other cores: one who writes there would have to do
/// so when it comes to that, and who reads the others of these lines has to fetch them anew. Only for whoever was told that
/// [it can be](can_fetch_to_write).
#[inline]
pub(super) fn prefetch_lines<const TO_WRITE: bool, T>(value: &T) {
    for at in (0..size_of::<T>()).step_by(64) {
        let address = core::ptr::from_ref(value).cast::<u8>().wrapping_add(at);
        if TO_WRITE {
            prefetch_to_write(address);
        } else {
            prefetch(address);
        }
    }
}

#[cfg(all(
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(any(target_env = "sgx", target_os = "none")),
    not(any(larder_loom, larder_step, miri))
))]
mod to_write {
    use crate::raw::cpuid;
    use crate::sync::{AtomicU8, Ordering};

    /// The leaf in which the processor tells of instructions that came later, and in its register ECX this one.
    const INSTRUCTIONS: u32 = 0x8000_0001;
    const HAS_PREFETCHW: u32 = 1 << 8;

    const NOT_ASKED: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;

    /// Whether the processor has the instruction, which is younger than the first ones of its kind. (Without a system nobody asks: a guest
    /// that does is stopped by its host, and may not be ready for that.)
    static ANSWER: AtomicU8 = AtomicU8::new(NOT_ASKED);

    /// Whether lines can be fetched to be written.
    #[inline]
    pub(crate) fn can_fetch_to_write() -> bool {
        // Relaxed: whoever does not see the answer asks again, and gets the same.
        match ANSWER.load(Ordering::Relaxed) {
            NOT_ASKED => ask(),
            answer => answer == YES,
        }
    }

    #[cold]
    #[inline(never)]
    fn ask() -> bool {
        let has_it = cpuid::extended(INSTRUCTIONS).is_some_and(|leaf| leaf.ecx & HAS_PREFETCHW != 0);
        // Relaxed: as above.
        ANSWER.store(if has_it { YES } else { NO }, Ordering::Relaxed);
        has_it
    }

    #[inline]
    pub(super) fn prefetch_to_write<T>(address: *const T) {
        // SAFETY: a hint, which reads nothing and does not fault; the processor has the instruction, as the caller was told.
        unsafe {
            core::arch::asm!("prefetchw byte ptr [{}]", in(reg) address, options(readonly, nostack, preserves_flags));
        }
    }
}

#[cfg(not(all(
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(any(target_env = "sgx", target_os = "none")),
    not(any(larder_loom, larder_step, miri))
)))]
mod to_write {
    /// Whether lines can be fetched to be written.
    pub(crate) const fn can_fetch_to_write() -> bool {
        false
    }

    pub(super) fn prefetch_to_write<T>(address: *const T) {
        super::prefetch(address);
    }
}

pub(super) use to_write::can_fetch_to_write;
use to_write::prefetch_to_write;

#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod portable {
    /// A one in each byte, and the upper bit of each.
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;

    #[inline]
    pub(super) fn matches(bytes: &[u8; 16], wanted: u8) -> u16 {
        let (low, high) = bytes.split_at(8);
        of_eight(low, wanted) | of_eight(high, wanted) << 8
    }

    #[inline]
    fn of_eight(bytes: &[u8], wanted: u8) -> u16 {
        let bytes = u64::from_le_bytes(bytes.try_into().expect("they are eight"));
        let different = bytes ^ (ONES * u64::from(wanted));
        // The upper bit of a byte becomes 0 only if all of it is 0: adding 127 carries any lower bit up, and nothing
        // out of the byte. (The shorter test by a subtraction borrows from the next byte, and errs.)
        let same = !(((different & !TOPS) + !TOPS) | different) & TOPS;
        // The multiplication gathers the eight upper bits in the topmost byte.
        ((same >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::{
        LANES, PAIRS, TOPS, in_two_words, in_word, matches, matches_from_one, pairs, pairs_in_word, portable,
    };
    use super::{spread, tops_of_two_words, tops_of_word};
    use crate::sync::Word;
    use crate::sync::lossy::LossyWord;

    /// The lanes of a word that these bytes are, the first of them lowest.
    fn word(bytes: &[u8]) -> Word {
        bytes.iter().rev().fold(0, |word, &byte| word << 8 | Word::from(byte))
    }

    #[test]
    fn each_lane_is_found_and_no_other() {
        for wanted in [0, 1, 0x7F, 0x80, 0xFF] {
            for lanes in 0..=u16::MAX {
                let bytes = core::array::from_fn(|lane| {
                    let here = lanes >> lane & 1 == 1;
                    // Neighbours that differ in one bit, the lowest or the highest, are the ones to be mistaken.
                    if here { wanted } else { wanted ^ if lane % 2 == 0 { 1 } else { 0x80 } }
                });
                assert_eq!(matches(&bytes, wanted), u32::from(lanes));
                let same = if wanted == 0 { matches(&bytes, 1) } else { u32::from(lanes) };
                assert_eq!(matches_from_one(&bytes, wanted) | 1, same | 1);
                assert_eq!(portable::matches(&bytes, wanted), lanes);
                let (low, rest) = bytes.split_at(LANES);
                let (low, high) = (word(low), word(&rest[..LANES]));
                let both = u32::from(lanes) & ((1 << (2 * LANES)) - 1);
                assert_eq!(in_word(low, wanted), both & ((1 << LANES) - 1));
                assert_eq!(in_two_words(low, high, wanted), both);
            }
        }
    }

    #[test]
    fn upper_bits_are_gathered_and_spread() {
        for bits in 0..=u16::MAX {
            let wanted = u32::from(bits) & ((1 << (2 * LANES)) - 1);
            let (low, high) = (spread(wanted), spread(wanted >> LANES));
            assert_eq!((low | high) & !TOPS, 0);
            // What is below the upper bits is not looked at.
            let (low, high) = (low | !TOPS, high | !TOPS);
            assert_eq!(tops_of_two_words(low, high), wanted);
            assert_eq!(tops_of_word(low), wanted & ((1 << LANES) - 1));
        }
    }

    #[test]
    fn a_pair_is_found_in_any_place_and_no_other_value_is() {
        for count in [6, 8] {
            for place in 0..count * PAIRS {
                for (put, found) in
                    [(0xA123_u16, true), (0x0123, true), (0x7122, false), (0x7923, false), (0, false)]
                {
                    let mut words = [0; 8];
                    words[place / PAIRS] = Word::from(put) << (place % PAIRS * 16);
                    let words = &words.map(LossyWord::new)[..count];
                    let wanted = u32::from(found) << place;
                    assert_eq!(pairs(words, 0x0FFF, 0x0123), wanted, "{put:#x} in {place}");
                    let seen = words.iter().map(|word| pairs_in_word(word.load(), 0x0FFF, 0x0123));
                    assert_eq!(seen.map(Word::count_ones).sum::<u32>(), u32::from(found));
                }
            }
        }
        let all = [const { LossyWord::new(Word::MAX / 0xFFFF * 0x0123) }; 8];
        assert_eq!(pairs(&all, 0x0FFF, 0x0123), u32::MAX >> (32 - 8 * PAIRS));
    }
}
