//! The monotonic clocks of systems that have numbers for them, read at once into nanoseconds.
//!
//! `std` reads the same clock, and then checks, subtracts and takes apart seconds and nanoseconds that are put together again in the end:
//! a fifth of the time of a read.

use crate::sync::{EXACT_CLOCK, TICK_CLOCK};
use core::mem::MaybeUninit;
use std::sync::OnceLock;

/// When a clock was first read in this process: the start of both.
static START: OnceLock<u64> = OnceLock::new();

const NANOS: u64 = 1_000_000_000;

/// Nanoseconds since the start.
#[inline]
pub(crate) fn exact() -> u64 {
    since_start(read_exact())
}

/// The same as it was at the last tick of the kernel, or at the start if that came later.
#[inline]
pub(crate) fn at_last_tick() -> u64 {
    since_start(read(TICK_CLOCK).unwrap_or_else(read_exact))
}

#[inline]
fn since_start(nanos: u64) -> u64 {
    nanos.saturating_sub(*START.get_or_init(read_exact))
}

#[inline]
fn read_exact() -> u64 {
    read(EXACT_CLOCK).expect("the system has a monotonic clock")
}

/// What a clock says, in nanoseconds since a time that is the system's to choose. None if the system has no such clock.
#[inline]
fn read(clock: libc::clockid_t) -> Option<u64> {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: there is room for a time where the pointer leads to.
    let status = unsafe { libc::clock_gettime(clock, time.as_mut_ptr()) };
    if status != 0 {
        return None;
    }
    // SAFETY: it was written, since the call says that it succeeded.
    let time = unsafe { time.assume_init() };
    // Neither is ever negative.
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    // 584 years of nanoseconds.
    Some(seconds.saturating_mul(NANOS).saturating_add(nanos))
}
