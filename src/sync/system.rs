//! The monotonic clock of the system: std's, or in a browser that of the web-time crate.

#[cfg(not(feature = "web-time"))]
pub(crate) use std::time::Instant as SystemInstant;
#[cfg(feature = "web-time")]
pub(crate) use web_time::Instant as SystemInstant;
