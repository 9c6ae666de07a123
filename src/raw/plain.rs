//! How the entries of a concurrent cache are read, and the proof that it can be done so.

use bytemuck::{AnyBitPattern, NoUninit};
use core::fmt;
use core::marker::PhantomData;

/// How the entries of a concurrent cache are read: [`Pinned`] or [`Words`].
pub trait CellKind: sealed::Sealed + Copy + Send + Sync + 'static {
    /// That keys and values are of a kind that can be read so.
    #[doc(hidden)]
    type Proof<K, V>: Copy + fmt::Debug + Send + Sync;
    /// That they are plain data, if they are read as such.
    #[doc(hidden)]
    fn plain<K, V>(proof: Self::Proof<K, V>) -> Option<Plain<K, V>>;
}

/// Keys and values of any type. Whoever reads one keeps it from being changed meanwhile, which writes to a word beside it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pinned;

/// Keys and values that are plain data ([`Pod`](bytemuck::Pod): numbers, arrays and structures of them, without pointers and padding, of
/// which every pattern of bits is one). A look-up
/// takes a copy and sees afterwards whether it is whole, so a hit mostly writes nothing: the fastest there is, above all where many
/// threads ask for the same key.
///
/// Data is read and written by the widest words that its alignment allows, up to a pointer's: 256 bytes are 32 of them as `[u64; 32]`,
/// and 256 as `[u8; 256]`. An insert costs two atomic read-modify-writes of one word, whatever it displaces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Words;

impl CellKind for Pinned {
    type Proof<K, V> = ();

    #[inline]
    fn plain<K, V>((): ()) -> Option<Plain<K, V>> {
        None
    }
}

impl CellKind for Words {
    type Proof<K, V> = Plain<K, V>;

    #[inline]
    fn plain<K, V>(proof: Plain<K, V>) -> Option<Plain<K, V>> {
        Some(proof)
    }
}

/// Invariant **PLAIN**: who has one knows that keys and values have no uninitialised bytes (`NoUninit`), that any bytes are one of them
/// (`AnyBitPattern`), and that a copy is as good as the original (`Copy`, which both ask for).
///
/// The second is there for a version that wraps while a reader stands: it may then take for whole what is not, and has a wrong value
/// instead of one that can't be.
pub struct Plain<K, V>(PhantomData<fn() -> (K, V)>);

impl<K: NoUninit + AnyBitPattern, V: NoUninit + AnyBitPattern> Plain<K, V> {
    #[doc(hidden)]
    pub const PROOF: Self = Self(PhantomData);
}

impl<K, V> Clone for Plain<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Plain<K, V> {}

impl<K, V> fmt::Debug for Plain<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plain")
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Pinned {}
    impl Sealed for super::Words {}
}
