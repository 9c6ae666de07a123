//! The three arrays of a hash list, and where they lie.
//!
//! All zero is an empty list: links and the table number nodes from 1, and 0 is none. So an inline list is `.bss` in a
//! `static`, and one on the heap is memory that the system hands out zeroed.

use super::table::{Chunk, NODES};
use core::mem::MaybeUninit;
use core::num::NonZeroU32;
use core::slice;

/// The number of a node, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct At(NonZeroU32);

impl At {
    /// The node with this index, from 0.
    #[inline]
    pub(super) const fn index_to(index: u32) -> Option<Self> {
        match NonZeroU32::new(index.wrapping_add(1)) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Its index, from 0.
    #[inline]
    pub(super) const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// An entry, and its place in the list. Of a node that is not in the list only `next` means anything.
pub struct Node<K, V> {
    pub(super) previous: Option<At>,
    pub(super) next: Option<At>,
    pub(super) key: MaybeUninit<K>,
    pub(super) value: MaybeUninit<V>,
}

impl<K, V> Node<K, V> {
    const EMPTY: Self =
        Self { previous: None, next: None, key: MaybeUninit::uninit(), value: MaybeUninit::uninit() };
}

/// The most nodes there can be: they are numbered from 1 with 32 bits.
pub(crate) const MOST: usize = u32::MAX as usize - 1;

/// Where a structure with its own table lies. Implemented by [`Inline`] and, with `alloc`, `Heap`.
pub trait Memory: sealed::Sealed {
    #[doc(hidden)]
    type Of<K, V>: Arrays<K, V>;
}

/// The three arrays: `nodes`, a hash for each of them, and one chunk for every 8 of them and one more. None of them ever
/// changes its length.
///
/// The hashes lie apart because only what comes and goes needs them: a look-up leaves them out of the processor's cache.
pub trait Arrays<K, V> {
    #[doc(hidden)]
    fn chunks(&self) -> &[Chunk];
    #[doc(hidden)]
    fn chunks_mut(&mut self) -> &mut [Chunk];
    #[doc(hidden)]
    fn hashes(&self) -> &[u32];
    #[doc(hidden)]
    fn hashes_mut(&mut self) -> &mut [u32];
    #[doc(hidden)]
    fn nodes(&self) -> &[Node<K, V>];
    #[doc(hidden)]
    fn nodes_mut(&mut self) -> &mut [Node<K, V>];
}

/// In the structure itself, with room for `N`: no heap, and `const`.
#[derive(Clone, Copy, Debug)]
pub struct Inline<const N: usize>(());

impl<const N: usize> Memory for Inline<N> {
    type Of<K, V> = InlineArrays<K, V, N>;
}

/// The share of a chunk that a node brings: an array cannot be a fraction as long as another one.
type Share = [u64; size_of::<Chunk>() / size_of::<u64>() / NODES];

/// The last chunk, and the shares that make up the others.
///
/// `first` is aligned as a chunk, and `shares` follows it without a gap: so both together are `1 + N / NODES` chunks,
/// and perhaps some shares more.
#[repr(C)]
struct InlineChunks<const N: usize> {
    first: Chunk,
    shares: [Share; N],
}

impl<const N: usize> InlineChunks<N> {
    const LENGTH: usize = 1 + N / NODES;
}

#[doc(hidden)]
pub struct InlineArrays<K, V, const N: usize> {
    chunks: InlineChunks<N>,
    hashes: [u32; N],
    nodes: [Node<K, V>; N],
}

impl<K, V, const N: usize> InlineArrays<K, V, N> {
    pub(super) const EMPTY: Self = {
        assert!(N <= MOST, "a capacity is at most u32::MAX - 1");
        let chunks = InlineChunks { first: Chunk::EMPTY, shares: [[0; _]; N] };
        Self { chunks, hashes: [0; N], nodes: [const { Node::EMPTY }; N] }
    };
}

impl<K, V, const N: usize> Arrays<K, V> for InlineArrays<K, V, N> {
    #[inline]
    fn chunks(&self) -> &[Chunk] {
        let first = (&raw const self.chunks).cast::<Chunk>();
        // SAFETY: so many chunks are within the struct (see there), all of it is initialised, and every pattern of
        // bits is a chunk.
        unsafe { slice::from_raw_parts(first, InlineChunks::<N>::LENGTH) }
    }

    #[inline]
    fn chunks_mut(&mut self) -> &mut [Chunk] {
        let first = (&raw mut self.chunks).cast::<Chunk>();
        // SAFETY: as in `chunks`; and every chunk is a pattern of bits that shares may have.
        unsafe { slice::from_raw_parts_mut(first, InlineChunks::<N>::LENGTH) }
    }

    #[inline]
    fn hashes(&self) -> &[u32] {
        &self.hashes
    }

    #[inline]
    fn hashes_mut(&mut self) -> &mut [u32] {
        &mut self.hashes
    }

    #[inline]
    fn nodes(&self) -> &[Node<K, V>] {
        &self.nodes
    }

    #[inline]
    fn nodes_mut(&mut self) -> &mut [Node<K, V>] {
        &mut self.nodes
    }
}

pub(super) mod sealed {
    pub trait Sealed {}
    impl<const N: usize> Sealed for super::Inline<N> {}
}
