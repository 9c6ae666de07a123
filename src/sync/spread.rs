//! Where a search may start so that threads do not meet.

/// A number that mostly differs between threads and stays the same within one.
///
/// Threads are counted as they first ask. The count read backwards puts each in the middle of the widest gap between those before, so of
/// any sixteen that come one after the other no two share a sixteenth.
#[cfg(all(feature = "std", not(any(larder_loom, larder_step))))]
#[inline]
pub(crate) fn spread() -> u32 {
    use core::cell::Cell;
    use core::sync::atomic::{AtomicU32, Ordering};

    std::thread_local! {
        /// 0 is none yet. (So one thread in four billion counts anew each time.)
        static OWN: Cell<u32> = const { Cell::new(0) };
    }

    #[cold]
    #[inline(never)]
    fn first() -> u32 {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        // Relaxed: that no two get the same is all there is to it.
        let own = NEXT.fetch_add(1, Ordering::Relaxed).reverse_bits();
        OWN.set(own);
        own
    }

    match OWN.get() {
        0 => first(),
        own => own,
    }
}

/// A number that mostly differs between threads and mostly stays the same within one, without asking who we are.
///
/// It is made of the address of the stack, the only thing that every platform gives every thread. A wrong guess
/// costs a longer search and nothing else, so the address is only looked at in steps of 64 KiB: that hides the depth
/// of the call from it, and few threads have stacks so small that two of them share such a step.
#[cfg(all(not(feature = "std"), not(any(larder_loom, larder_step))))]
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
