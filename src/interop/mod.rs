//! What other crates know of this one's types: a file for each of them, and a feature of its name.

#[cfg(feature = "defmt")]
pub(crate) mod defmt;
#[cfg(feature = "log")]
pub(crate) mod log;
#[cfg(feature = "serde")]
mod serde;
