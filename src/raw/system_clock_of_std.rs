//! The monotonic clock of systems of which nothing but `std`'s way to it is known. It has no ticks.

use crate::sync::SystemInstant;
use std::sync::OnceLock;

/// When the clock was first read in this process.
static START: OnceLock<SystemInstant> = OnceLock::new();

const NANOS: u64 = 1_000_000_000;

/// Nanoseconds since the start.
#[inline]
pub(crate) fn exact() -> u64 {
    let since = START.get_or_init(SystemInstant::now).elapsed();
    // 584 years of nanoseconds.
    since.as_secs().saturating_mul(NANOS).saturating_add(since.subsec_nanos().into())
}

/// The same.
#[inline]
pub(crate) fn at_last_tick() -> u64 {
    exact()
}
