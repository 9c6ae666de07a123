//! The widest word that the target can change at once.

#[cfg(target_has_atomic = "64")]
mod width {
    pub(crate) type Word = u64;
    pub(crate) use crate::sync::backend::AtomicU64 as AtomicWord;
}

#[cfg(not(target_has_atomic = "64"))]
mod width {
    pub(crate) type Word = u32;
    pub(crate) use crate::sync::backend::AtomicU32 as AtomicWord;
}

pub(crate) use width::{AtomicWord, Word};

/// Where what contains it begins: on a line of the processor's cache, if the processor is of a kind that has one.
#[cfg_attr(target_pointer_width = "64", repr(align(64)))]
#[derive(Clone, Copy, Debug)]
#[allow(unreachable_pub, reason = "sealed traits above name it")]
pub struct Line;

/// As [`Line`], a quarter of one: so that entries of two words do not lie on two lines.
#[cfg_attr(target_pointer_width = "64", repr(align(16)))]
#[derive(Clone, Copy, Debug)]
#[allow(unreachable_pub, reason = "as above")]
pub struct Quarter;
