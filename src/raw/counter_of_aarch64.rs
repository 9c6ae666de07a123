//! The counter of 64-bit Arm processors: that of their generic timer, as a program sees it.
//!
//! The architecture says that it goes on at one pace and is the same on all cores. Where a processor has it wrong, Linux
//! reads it in the program's place, and knows better.

use core::arch::asm;

/// The counter. It may be read before what stands before it in the program.
#[inline]
pub(super) fn count() -> u64 {
    let count;
    // SAFETY: a register is read, which the systems below let programs do. (Said to touch memory, so that a compiler leaves it where it is.)
    unsafe { asm!("mrs {}, cntvct_el0", out(reg) count, options(nostack, preserves_flags)) };
    count
}

/// Whether it can be read here.
#[inline]
pub(super) fn is_steady() -> bool {
    cfg!(all(not(miri), any(target_os = "linux", target_os = "android", target_vendor = "apple")))
}
