//! What an operation says when it could not be done now. Whatever was put in comes back out.

use core::error::Error;
use core::fmt;

/// All slots of a pool or a tracker are in use. What was to go in comes back.
///
/// Judged while others work: N users of N slots that all let go and take again at once can see it for a moment, and so
/// can one whose object is just being reset or dropped by another. Trying again is right where that can happen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Exhausted<T = ()> {
    value: T,
    capacity: usize,
}

impl<T> Exhausted<T> {
    pub(crate) const fn new(value: T, capacity: usize) -> Self {
        Self { value, capacity }
    }

    /// What was to go in.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// How many slots there are.
    pub const fn capacity(&self) -> usize {
        self.capacity
    }
}

impl<T> fmt::Debug for Exhausted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exhausted").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Exhausted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.capacity {
            1 => write!(f, "exhausted: the only slot is in use"),
            slots => write!(f, "exhausted: all of the {slots} slots are in use"),
        }
    }
}

impl<T> Error for Exhausted<T> {}

/// An entry that a cache did not take. It comes back.
///
/// Every slot that it could have had was in use at that moment (pinned by a reference that somebody holds, or being written), the
/// cache has no capacity, or others stored in the same few slots so often that it never was its turn. What was stored under the key
/// before is still there, unless the new entry was already written in its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rejected<K, V> {
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
}

impl<K, V> fmt::Debug for Rejected<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for Rejected<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cache did not take the entry: every slot for its key is in use")
    }
}

impl<K, V> Error for Rejected<K, V> {}

/// A capacity that can't be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CapacityError {
    /// More than the structure can number.
    TooLarge {
        /// What was asked for.
        asked: usize,
        /// The most there can be.
        most: usize,
    },
    /// The allocator had no memory for it.
    OutOfMemory {
        /// What was asked for.
        asked: usize,
    },
    /// The memory that was handed over does not hold the least there can be.
    TooSmall {
        /// How many bytes it has.
        bytes: usize,
        /// How many it takes, where it begins at a multiple of the alignment.
        least: usize,
    },
}

impl fmt::Display for CapacityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { asked, most } => write!(f, "a capacity of {asked} is too large: at most {most}"),
            Self::OutOfMemory { asked } => write!(f, "out of memory for a capacity of {asked}"),
            Self::TooSmall { bytes, least } => {
                write!(f, "{bytes} bytes are too small: it takes {least}, and what it takes to align them")
            }
        }
    }
}

impl Error for CapacityError {}
