//! The counter of x86-64 processors: the time stamp counter.
//!
//! It goes on at one pace where the processor says so (*invariant*: whatever its frequency is, and while it sleeps). Whether it is the same
//! on all cores only the system can have found out, and Linux says what it has come to: it reads its own clock by another one if not.

use super::cpuid;
use core::arch::x86_64::_rdtsc;
use std::fs::File;
use std::io::Read;
use std::sync::OnceLock;

/// Where Linux says what it reads its own clock by.
const CHOSEN: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

/// The leaf in which the processor tells about its power management.
const POWER: u32 = 0x8000_0007;

/// In the register EDX of the latter.
const IS_INVARIANT: u32 = 1 << 8;

/// The counter. It may be read before what stands before it in the program.
#[inline]
pub(super) fn count() -> u64 {
    // SAFETY: every such processor has the instruction, and where a system forbids it its own clock, which is read first, does not work
    // either.
    unsafe { _rdtsc() }
}

/// Whether it goes on at one pace, and is the same on all cores.
#[inline]
pub(super) fn is_steady() -> bool {
    static IS_STEADY: OnceLock<bool> = OnceLock::new();
    *IS_STEADY.get_or_init(|| !cfg!(any(miri, target_env = "sgx")) && is_invariant() && is_trusted())
}

fn is_invariant() -> bool {
    cpuid::extended(POWER).is_some_and(|power| power.edx & IS_INVARIANT != 0)
}

/// What the system says, if it says anything.
fn is_trusted() -> bool {
    let mut name = [0; 4];
    let read = File::open(CHOSEN).and_then(|mut file| file.read(&mut name));
    read.map_or(true, |length| &name[..length] == b"tsc\n")
}
