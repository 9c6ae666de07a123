//! What needs an operating system: feature `std`.

#[cfg(any(feature = "web-time", not(all(target_family = "wasm", target_os = "unknown"))))]
pub(crate) mod counter_clock;
pub(crate) mod flight;
pub(crate) mod janitor;
mod managers;
pub(crate) mod memoize;
mod mutex;
#[cfg(any(feature = "web-time", not(all(target_family = "wasm", target_os = "unknown"))))]
pub(crate) mod std_clock;
#[cfg(any(feature = "web-time", not(all(target_family = "wasm", target_os = "unknown"))))]
pub(crate) mod tick_clock;
mod waiting;
mod waits;
