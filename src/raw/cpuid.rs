//! What an x86-64 processor says about itself.

use core::arch::x86_64::{__cpuid, CpuidResult};

/// The first leaf of what was added later, which says up to which leaf that goes.
const EXTENDED: u32 = 0x8000_0000;

/// One of the leaves that were added later, if the processor has it. Not in an enclave, where nobody may ask.
#[cold]
#[allow(unused_unsafe, reason = "newer compilers have them safe")]
#[allow(dead_code, reason = "who asks is not everywhere")]
pub(super) fn extended(leaf: u32) -> Option<CpuidResult> {
    // SAFETY: every such processor has the instruction.
    let last = unsafe { __cpuid(EXTENDED) }.eax;
    // SAFETY: as above.
    (last >= leaf).then(|| unsafe { __cpuid(leaf) })
}
