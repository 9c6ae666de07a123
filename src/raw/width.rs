//! How many ways a set has, as a type.

use super::lane_word::LaneWord;
use crate::sync::lossy::LossyWord;
use crate::sync::{AtomicWord, Word};

/// What begins as all zero. As a constant, so that an array of it can be made in a `static`.
pub trait Blank: Sized {
    /// The beginning.
    #[doc(hidden)]
    const BLANK: Self;
}

impl Blank for () {
    const BLANK: Self = ();
}

impl Blank for AtomicWord {
    const BLANK: Self = Self::new(0);
}

impl Blank for LossyWord {
    const BLANK: Self = Self::new(0);
}

impl<T: Blank, const N: usize> Blank for [T; N] {
    const BLANK: Self = [const { T::BLANK }; N];
}

/// A number of ways that a set can have: `Ways<8>`, and `Ways<16>` where the target has 64-bit atomics.
pub trait Width: sealed::Sealed + 'static {
    /// The number.
    #[doc(hidden)]
    const WAYS: usize;
    /// One for each way.
    #[doc(hidden)]
    type Each<T: Blank>: Blank + AsRef<[T]> + AsMut<[T]>;
    /// A byte for each way.
    #[doc(hidden)]
    type Bytes: Blank + AsRef<[LaneWord]>;
    /// A byte for each way, as advice.
    #[doc(hidden)]
    type States: Blank + AsRef<[LossyWord]>;
    /// Two bytes for each of some entries that have gone, as advice.
    #[doc(hidden)]
    type Ghosts: Blank + AsRef<[LossyWord]>;
    /// How many those are.
    #[doc(hidden)]
    const GHOSTS: u32;
    /// How many misses a tick of the set's clock takes.
    #[doc(hidden)]
    const TICK: u32;
}

/// See [`Width`].
#[derive(Clone, Copy, Debug)]
pub struct Ways<const N: usize>;

/// The most ways of a set: so many that its control word has three times as many bits for the version.
pub(crate) const MOST_WAYS: u32 = Word::BITS / 4;

macro_rules! width {
    ($ways:literal, $ghosts:literal, $tick:literal) => {
        impl Width for Ways<$ways> {
            const WAYS: usize = $ways;
            type Each<T: Blank> = [T; $ways];
            type Bytes = [LaneWord; $ways / size_of::<Word>()];
            type States = [LossyWord; $ways / size_of::<Word>()];
            type Ghosts = [LossyWord; $ghosts * 2 / size_of::<Word>()];
            const GHOSTS: u32 = $ghosts;
            const TICK: u32 = $tick;
        }
        impl sealed::Sealed for Ways<$ways> {}
    };
}

// Ghosts, ticks: measured on real streams, see `policy`. More ghosts than these gain next to nothing.
width!(8, 24, 2);
width!(16, 32, 3);

mod sealed {
    pub trait Sealed {}
}
