//! The monotonic clock of the system: std's, or in a browser that of the web-time crate; and by numbers where it has some.
//!
//! One is exact and the other is what that one said when the kernel last looked, which it does at each of its ticks: to read that is a
//! load from its memory instead of a question to the hardware. Both count from the same zero.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use libc::{CLOCK_MONOTONIC as EXACT_CLOCK, CLOCK_MONOTONIC_COARSE as TICK_CLOCK};
#[cfg(target_os = "freebsd")]
pub(crate) use libc::{CLOCK_MONOTONIC as EXACT_CLOCK, CLOCK_MONOTONIC_FAST as TICK_CLOCK};
#[cfg(target_vendor = "apple")]
pub(crate) use libc::{CLOCK_UPTIME_RAW as EXACT_CLOCK, CLOCK_UPTIME_RAW_APPROX as TICK_CLOCK};
#[cfg(not(feature = "web-time"))]
pub(crate) use std::time::Instant as SystemInstant;
#[cfg(feature = "web-time")]
pub(crate) use web_time::Instant as SystemInstant;
