//! The arrays of a hash list, and how they lie inline.
//!
//! All zero is an empty list: links and lanes number nodes from 1, and 0 is none. So an inline list is `.bss` in a
//! `static`, and one on the heap is memory that the system hands out zeroed.

use super::table::{self, Head, LANES, Lane};
use core::mem::MaybeUninit;
use core::num::NonZeroU32;
use core::slice;

/// The number of a node, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct At(NonZeroU32);

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

/// The most entries there can be, so that nodes and lanes can be numbered from 1 with 32 bits.
pub(super) const MOST: usize = 1 << 30;

/// Where a structure with its own table lies. Implemented by [`Inline`] and, with `alloc`, `Heap`.
pub trait Memory: sealed::Sealed {
    #[doc(hidden)]
    type Of<K, V>: Arrays<K, V>;
}

/// The arrays: heads of chunks, nodes, and a hash for each node. None of them ever changes its length.
///
/// The hashes lie apart because only what comes and goes needs them: a look-up leaves them out of the processor's cache.
pub trait Arrays<K, V> {
    /// How many entries there can be.
    #[doc(hidden)]
    fn capacity(&self) -> usize;
    /// Bytes of memory outside of this value.
    #[doc(hidden)]
    fn bytes_elsewhere(&self) -> usize;

    /// The chunk where the search for a hash begins.
    #[doc(hidden)]
    fn home(&self, hash: u32) -> usize;
    #[doc(hidden)]
    fn heads(&self) -> &[Head];
    #[doc(hidden)]
    fn heads_mut(&mut self) -> &mut [Head];
    #[doc(hidden)]
    fn nodes(&self) -> &[Node<K, V>];
    #[doc(hidden)]
    fn nodes_mut(&mut self) -> &mut [Node<K, V>];
    #[doc(hidden)]
    fn hashes(&self) -> &[u32];
    #[doc(hidden)]
    fn hashes_mut(&mut self) -> &mut [u32];

    /// The node that a lane leads to.
    ///
    /// # Safety
    ///
    /// The lane is taken (LANE).
    #[doc(hidden)]
    unsafe fn node_of(&self, lane: Lane) -> At;

    /// The lane that leads to a node, if that can be said without a search.
    #[doc(hidden)]
    fn lane_of(&self, at: At) -> Option<Lane>;

    /// A node for a lane that was taken just now. There is one, since there are fewer entries than the capacity.
    #[doc(hidden)]
    fn take_node(&mut self, lane: Lane) -> At;

    /// Takes back what `take_node` gave for this lane, which is not taken any more.
    #[doc(hidden)]
    fn give_node(&mut self, lane: Lane, at: At);

    /// Takes all nodes back.
    #[doc(hidden)]
    fn give_all(&mut self);
}

/// In the structure itself, with room for `N`: no heap, and `const`.
#[derive(Clone, Copy, Debug)]
pub struct Inline<const N: usize>(());

impl<const N: usize> Memory for Inline<N> {
    type Of<K, V> = InlineArrays<K, V, N>;
}

/// Entries for each chunk: two thirds full, 1 % of the entries are not in their home chunk.
const ENTRIES: usize = 8;

/// The `T`s for `N` entries, one for each chunk: an array cannot be a fraction as long as another one, so every entry
/// brings a share of `B` bytes.
///
/// `first` is aligned as a `T`, and `shares` follows it without a gap: so both together are `LENGTH` of them, and
/// perhaps some shares more.
#[repr(C)]
struct PerChunk<T, const B: usize, const N: usize> {
    first: T,
    shares: [[u8; B]; N],
}

impl<T: Copy, const B: usize, const N: usize> PerChunk<T, B, N> {
    const LENGTH: usize = 1 + N / ENTRIES;

    /// All zero, as `zero` is.
    const fn new(zero: T) -> Self {
        const { assert!(size_of::<T>() == B * ENTRIES, "so many shares are a whole") };
        Self { first: zero, shares: [[0; B]; N] }
    }

    #[inline]
    fn get(&self) -> &[T] {
        // SAFETY: so many are within the struct (see there). All bytes are zero, which is a `T`, or were written as
        // parts of one.
        unsafe { slice::from_raw_parts((&raw const *self).cast(), Self::LENGTH) }
    }

    #[inline]
    fn get_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `get`; and the bytes of a `T`, which has no padding, may be shares.
        unsafe { slice::from_raw_parts_mut((&raw mut *self).cast(), Self::LENGTH) }
    }
}

/// The numbers of the nodes that the lanes of a chunk lead to.
type Numbers = [Option<At>; LANES];

#[doc(hidden)]
pub struct InlineArrays<K, V, const N: usize> {
    heads: PerChunk<Head, { size_of::<Head>() / ENTRIES }, N>,
    numbers: PerChunk<Numbers, { size_of::<Numbers>() / ENTRIES }, N>,
    hashes: [u32; N],
    nodes: [Node<K, V>; N],
    /// Nodes that were used and are not now, linked by `next`.
    free: Option<At>,
    /// Nodes ever used: the first so many.
    used: u32,
}

impl<K, V, const N: usize> InlineArrays<K, V, N> {
    pub(super) const EMPTY: Self = {
        assert!(N <= MOST, "a capacity is at most 2^30");
        Self {
            heads: PerChunk::new(Head::EMPTY),
            numbers: PerChunk::new([None; LANES]),
            hashes: [0; N],
            nodes: [const { Node::EMPTY }; N],
            free: None,
            used: 0,
        }
    };
}

impl<K, V, const N: usize> Arrays<K, V> for InlineArrays<K, V, N> {
    #[inline]
    fn capacity(&self) -> usize {
        N
    }

    fn bytes_elsewhere(&self) -> usize {
        0
    }

    #[inline]
    fn home(&self, hash: u32) -> usize {
        table::scaled_home(self.heads().len(), hash)
    }

    #[inline]
    fn heads(&self) -> &[Head] {
        self.heads.get()
    }

    #[inline]
    fn heads_mut(&mut self) -> &mut [Head] {
        self.heads.get_mut()
    }

    #[inline]
    fn nodes(&self) -> &[Node<K, V>] {
        &self.nodes
    }

    #[inline]
    fn nodes_mut(&mut self) -> &mut [Node<K, V>] {
        &mut self.nodes
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
    unsafe fn node_of(&self, Lane { chunk, lane }: Lane) -> At {
        let number = self.numbers.get()[chunk][lane];
        debug_assert!(number.is_some());
        // SAFETY: the lane is taken, and `take_node` wrote a number into it then.
        unsafe { number.unwrap_unchecked() }
    }

    #[inline]
    fn lane_of(&self, _: At) -> Option<Lane> {
        None
    }

    #[inline]
    fn take_node(&mut self, Lane { chunk, lane }: Lane) -> At {
        let at = match self.free {
            Some(at) => {
                self.free = self.nodes[at.index()].next;
                Some(at)
            }
            None => At::index_to(self.used).inspect(|_| self.used += 1),
        };
        let at = at.filter(|at| at.index() < N).expect("there are fewer entries than the capacity");
        self.numbers.get_mut()[chunk][lane] = Some(at);
        at
    }

    #[inline]
    fn give_node(&mut self, Lane { chunk, lane }: Lane, at: At) {
        self.numbers.get_mut()[chunk][lane] = None;
        self.nodes[at.index()].next = self.free.replace(at);
    }

    fn give_all(&mut self) {
        self.numbers.get_mut().fill([None; LANES]);
        self.free = None;
        self.used = 0;
    }
}

pub(super) mod sealed {
    pub trait Sealed {}
    impl<const N: usize> Sealed for super::Inline<N> {}
}
