//! Sixteen bytes compared at once.
//!
//! The one place outside `sync` where processors differ: what is gained by it (3 ns a look-up against the portable form) needs
//! an instruction, and that needs `unsafe`.

/// Bit `i` of the result is set where byte `i` is `wanted`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) fn matches(bytes: &[u8; 16], wanted: u8) -> u16 {
    use core::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8};
    // SAFETY: the target has SSE2 (see the `cfg`).
    let wanted = unsafe { _mm_set1_epi8(wanted.cast_signed()) };
    // SAFETY: as above; sixteen bytes are read, from any alignment.
    let bytes = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
    // SAFETY: as above.
    let equal = unsafe { _mm_cmpeq_epi8(bytes, wanted) };
    // SAFETY: as above.
    let mask = unsafe { _mm_movemask_epi8(equal) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mask of 16 bits")]
    let mask = mask as u16;
    mask
}

/// Bit `i` of the result is set where byte `i` is `wanted`.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) fn matches(bytes: &[u8; 16], wanted: u8) -> u16 {
    portable::matches(bytes, wanted)
}

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
    use super::{matches, portable};

    #[test]
    fn each_lane_is_found_and_no_other() {
        for wanted in [0, 1, 0x7F, 0x80, 0xFF] {
            for lanes in 0..=u16::MAX {
                let bytes = core::array::from_fn(|lane| {
                    let here = lanes >> lane & 1 == 1;
                    // Neighbours that differ in one bit, the lowest or the highest, are the ones to be mistaken.
                    if here { wanted } else { wanted ^ if lane % 2 == 0 { 1 } else { 0x80 } }
                });
                assert_eq!(matches(&bytes, wanted), lanes);
                assert_eq!(portable::matches(&bytes, wanted), lanes);
            }
        }
    }
}
