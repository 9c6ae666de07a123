//! Where a search may start so that threads do not meet.

/// A number that mostly differs between threads and mostly stays the same within one, without asking who we are.
///
/// It is made of the address of the stack, the only thing that every platform gives every thread. A wrong guess
/// costs a longer search and nothing else, so the address is only looked at in steps of 64 KiB: that hides the depth
/// of the call from it, and few threads have stacks so small that two of them share such a step.
#[cfg(not(any(larder_loom, larder_step)))]
#[inline]
pub(crate) fn spread() -> u32 {
    let here = 0_u8;
    #[expect(clippy::cast_possible_truncation, reason = "only a hint: any 32 bits do")]
    let step = (core::ptr::from_ref(&here).addr() >> 16) as u32;
    // 2^32 divided by the golden ratio: neighbouring stacks land far apart.
    step.wrapping_mul(0x9E37_79B9)
}

/// A checker must see the same run twice.
#[cfg(any(larder_loom, larder_step))]
pub(crate) fn spread() -> u32 {
    0
}

/// The place of so many where this thread begins if nobody tells it another one.
#[inline]
pub(crate) fn spread_over(places: usize) -> usize {
    spread_from(spread(), places)
}

/// The place of so many at a part of 2^32.
#[inline]
pub(crate) fn spread_from(part: u32, places: usize) -> usize {
    ((u64::from(part) * places as u64) >> 32) as usize
}
