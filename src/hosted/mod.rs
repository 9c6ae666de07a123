//! What needs an operating system: feature `std`.

#[cfg(any(feature = "web-time", not(all(target_family = "wasm", target_os = "unknown"))))]
pub(crate) mod std_clock;
