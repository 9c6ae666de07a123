//! How many ways a set has, as a type.

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
    type Bytes: Blank + AsRef<[AtomicWord]>;
}

/// See [`Width`].
#[derive(Clone, Copy, Debug)]
pub struct Ways<const N: usize>;

/// The most ways of a set: so many that its control word has three times as many bits for the version.
pub(crate) const MOST_WAYS: u32 = Word::BITS / 4;

macro_rules! width {
    ($ways:literal) => {
        impl Width for Ways<$ways> {
            const WAYS: usize = $ways;
            type Each<T: Blank> = [T; $ways];
            type Bytes = [AtomicWord; $ways / size_of::<Word>()];
        }
        impl sealed::Sealed for Ways<$ways> {}
    };
}

width!(8);
width!(16);

mod sealed {
    pub trait Sealed {}
}
