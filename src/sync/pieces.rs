//! Plain data in pieces: what is read while somebody may be writing it.
//!
//! Each piece is an atomic of the target itself, since the data lies in ordinary memory and is read as such by whoever has it to
//! itself. A [`Mirror`] shows a checker what is done to the pieces. It is nothing at all without one.

use core::sync::atomic::{self, Ordering::Relaxed};

/// A piece of plain data: the widest integer that the data's alignment and the processor allow.
///
/// Always by the same pieces: a race of two widths is not defined.
pub(crate) trait Piece {
    /// What is in it.
    type Value: Copy;
    /// As in memory.
    #[allow(dead_code, reason = "a checker reads its mirror instead")]
    fn load(&self) -> Self::Value;
    fn store(&self, value: Self::Value);
    /// As a number, for a mirror.
    #[allow(dead_code, reason = "only a checker has a mirror")]
    fn number(value: Self::Value) -> u64;
    #[allow(dead_code, reason = "as above")]
    fn of_number(number: u64) -> Self::Value;
}

macro_rules! piece {
    ($atomic:ident, $value:ty) => {
        impl Piece for atomic::$atomic {
            type Value = $value;

            // Relaxed, both: what is read may be anything until somebody has looked whether it was whole.
            #[inline]
            fn load(&self) -> $value {
                self.load(Relaxed)
            }

            #[inline]
            fn store(&self, value: $value) {
                self.store(value, Relaxed);
            }

            #[inline]
            #[allow(clippy::cast_lossless, reason = "some of them are narrower")]
            fn number(value: $value) -> u64 {
                value as u64
            }

            #[inline]
            #[allow(clippy::cast_possible_truncation, reason = "it was made of one of these")]
            fn of_number(number: u64) -> $value {
                number as $value
            }
        }
    };
}

piece!(AtomicU8, u8);
piece!(AtomicU16, u16);
piece!(AtomicU32, u32);
piece!(AtomicUsize, usize);

pub(crate) use super::backend::Mirror;
