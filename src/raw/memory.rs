//! The arrays of a hash list, and how they lie inline.
//!
//! All zero is an empty list: links and lanes number nodes from 1, and 0 is the end or none. So an inline list is `.bss` in a
//! `static`, and one on the heap is memory that the system hands out zeroed.

use super::table::{self, Chunk, Head, Lane};
use core::mem::MaybeUninit;
use core::slice;

/// The number of a node, from 1. 0 is the end of the list, which lies behind its last node and before its first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct At(u32);

impl At {
    pub(crate) const END: Self = Self(0);

    /// The node with this number.
    #[inline]
    pub(crate) const fn of_number(number: u32) -> Self {
        Self(number)
    }

    #[inline]
    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    /// The number as an index into what has something for the end too.
    #[inline]
    pub(super) const fn place(self) -> usize {
        self.number() as usize
    }

    /// The index of a node among all of them, from 0. The end has none.
    #[inline]
    pub(crate) const fn index(self) -> usize {
        self.place() - 1
    }
}

/// The neighbours of a node. Those of the end are the last and the first node, or the end itself if there are none: so every
/// node has two neighbours, and nobody asks whether there is one.
#[derive(Clone, Copy)]
pub struct Links {
    pub(crate) previous: At,
    pub(crate) next: At,
}

impl Links {
    /// Those of the end of an empty list.
    pub(crate) const NONE: Self = Self { previous: At::END, next: At::END };
}

/// An entry, and its place in the list. Of a node that is not in the list only `next` means anything.
pub struct Node<K, V> {
    pub(super) links: Links,
    pub(super) key: MaybeUninit<K>,
    pub(super) value: MaybeUninit<V>,
}

impl<K, V> Node<K, V> {
    const EMPTY: Self = Self { links: Links::NONE, key: MaybeUninit::uninit(), value: MaybeUninit::uninit() };
}

/// The most entries there can be, so that nodes and lanes can be numbered from 1 with 32 bits.
pub(super) const MOST: usize = 1 << 30;

/// Where a structure with its own table lies. Implemented by [`Inline`] and, with `alloc`, `Heap`.
pub trait Memory: sealed::Sealed {
    #[doc(hidden)]
    type Of<K, V, X: Beside>: Arrays<K, V, X>;
}

/// What is kept of each node apart from it, besides its hash, for those that want something there: nothing, or the links of another
/// list that the entries are in.
///
/// # Safety
///
/// Zero bytes are `NONE`.
pub unsafe trait Beside: Copy {
    #[doc(hidden)]
    const NONE: Self;
}

// SAFETY: it has no bytes.
unsafe impl Beside for () {
    const NONE: Self = ();
}

// SAFETY: the end is 0.
unsafe impl Beside for Links {
    const NONE: Self = Self::NONE;
}

/// The arrays: heads of chunks, nodes, and a hash and what is [`Beside`] for each node. None of them ever changes its length.
///
/// The hashes lie apart because only what comes and goes needs them: a look-up leaves them out of the processor's cache.
pub trait Arrays<K, V, X> {
    /// The bytes of a head that are lanes, as bits.
    #[doc(hidden)]
    const LANES: u32;

    /// How many entries there can be.
    #[doc(hidden)]
    fn capacity(&self) -> usize;
    /// Bytes of memory outside of this value.
    #[doc(hidden)]
    fn bytes_elsewhere(&self) -> usize;

    /// The chunk where the search for a hash begins.
    #[doc(hidden)]
    fn home(&self, hash: u32) -> Chunk;
    /// The chunk after this one, round the end.
    #[doc(hidden)]
    fn after(&self, chunk: Chunk) -> Chunk;
    #[doc(hidden)]
    fn heads(&self) -> &[Head];
    #[doc(hidden)]
    fn heads_mut(&mut self) -> &mut [Head];

    /// All nodes by their index.
    #[doc(hidden)]
    fn nodes(&self) -> &[Node<K, V>];
    #[doc(hidden)]
    fn nodes_mut(&mut self) -> &mut [Node<K, V>];

    /// # Safety
    ///
    /// There is a node with this number, or it is the end (INSIDE).
    #[doc(hidden)]
    unsafe fn links(&self, at: At) -> &Links;
    /// # Safety
    ///
    /// As that of `links`.
    #[doc(hidden)]
    unsafe fn links_mut(&mut self, at: At) -> &mut Links;
    /// # Safety
    ///
    /// There is a node with this number (INSIDE).
    #[doc(hidden)]
    unsafe fn node(&self, at: At) -> &Node<K, V>;
    /// # Safety
    ///
    /// As that of `node`.
    #[doc(hidden)]
    unsafe fn node_mut(&mut self, at: At) -> &mut Node<K, V>;
    /// # Safety
    ///
    /// As that of `node`.
    #[doc(hidden)]
    unsafe fn hash(&self, at: At) -> u32;

    /// What is beside a node.
    ///
    /// # Panics
    ///
    /// If there is no node with this number.
    #[doc(hidden)]
    fn beside(&self, at: At) -> &X;
    /// As `beside`.
    #[doc(hidden)]
    fn beside_mut(&mut self, at: At) -> &mut X;

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

    /// A node, with this hash, for a lane that was taken just now. There is one, since there are fewer entries than the
    /// capacity.
    #[doc(hidden)]
    fn take_node(&mut self, lane: Lane, hash: u32) -> At;

    /// Takes back what `take_node` gave for this lane, which is not taken any more.
    #[doc(hidden)]
    fn give_node(&mut self, lane: Lane, at: At);

    /// Takes all nodes back. Nothing is beside them then.
    #[doc(hidden)]
    fn give_all(&mut self);

    /// Has the processor fetch the node that a look-up of this hash will probably compare, for callers that have something to do before.
    #[doc(hidden)]
    fn foresee_look_up(&self, hash: u32) -> bool;

    /// Told of the node that is about to be evicted, has the processor fetch what the evictions after it will touch.
    ///
    /// # Safety
    ///
    /// As that of `node`.
    #[doc(hidden)]
    unsafe fn foresee(&self, at: At);
}

/// In the structure itself, with room for `N`: no heap, and `const`.
#[derive(Clone, Copy, Debug)]
pub struct Inline<const N: usize>(());

impl<const N: usize> Memory for Inline<N> {
    type Of<K, V, X: Beside> = InlineArrays<K, V, X, N>;
}

/// Lanes of a chunk, behind the first byte of its head. The head's other bytes stay 0, which is no tag.
const LANES: usize = 12;
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

/// The numbers of the nodes that the lanes of a chunk lead to, or 0.
type Numbers = [At; LANES];

/// What is kept of a node apart from it.
#[derive(Clone, Copy)]
struct Trace<X> {
    hash: u32,
    beside: X,
}

#[doc(hidden)]
pub struct InlineArrays<K, V, X, const N: usize> {
    heads: PerChunk<Head, { size_of::<Head>() / ENTRIES }, N>,
    numbers: PerChunk<Numbers, { size_of::<Numbers>() / ENTRIES }, N>,
    traces: [Trace<X>; N],
    nodes: [Node<K, V>; N],
    /// The links of the end of the list.
    end: Links,
    /// The first of the nodes that were used and are not now, linked by `next`; or 0.
    free: At,
    /// Nodes ever used: the first so many.
    used: u32,
}

impl<K, V, X: Beside, const N: usize> InlineArrays<K, V, X, N> {
    pub(super) const EMPTY: Self = {
        assert!(N <= MOST, "a capacity is at most 2^30");
        Self {
            heads: PerChunk::new(Head::EMPTY),
            numbers: PerChunk::new([At::END; LANES]),
            traces: [Trace { hash: 0, beside: X::NONE }; N],
            nodes: [const { Node::EMPTY }; N],
            end: Links::NONE,
            free: At::END,
            used: 0,
        }
    };
}

impl<K, V, X: Beside, const N: usize> Arrays<K, V, X> for InlineArrays<K, V, X, N> {
    const LANES: u32 = ((1 << LANES) - 1) << 1;

    #[inline]
    fn capacity(&self) -> usize {
        N
    }

    fn bytes_elsewhere(&self) -> usize {
        0
    }

    #[inline]
    fn home(&self, hash: u32) -> Chunk {
        table::scaled_home(self.heads(), hash)
    }

    #[inline]
    fn after(&self, chunk: Chunk) -> Chunk {
        chunk.after(self.heads())
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
    unsafe fn links(&self, at: At) -> &Links {
        if at == At::END {
            return &self.end;
        }
        // SAFETY: as the caller says, and it is not the end.
        &unsafe { self.node(at) }.links
    }

    #[inline]
    unsafe fn links_mut(&mut self, at: At) -> &mut Links {
        if at == At::END {
            return &mut self.end;
        }
        // SAFETY: as the caller says, and it is not the end.
        &mut unsafe { self.node_mut(at) }.links
    }

    #[inline]
    unsafe fn node(&self, at: At) -> &Node<K, V> {
        debug_assert!(at.index() < N);
        // SAFETY: as the caller says.
        unsafe { self.nodes.get_unchecked(at.index()) }
    }

    #[inline]
    unsafe fn node_mut(&mut self, at: At) -> &mut Node<K, V> {
        debug_assert!(at.index() < N);
        // SAFETY: as the caller says.
        unsafe { self.nodes.get_unchecked_mut(at.index()) }
    }

    #[inline]
    unsafe fn hash(&self, at: At) -> u32 {
        debug_assert!(at.index() < N);
        // SAFETY: as the caller says: there are as many traces as nodes.
        unsafe { self.traces.get_unchecked(at.index()) }.hash
    }

    #[inline]
    fn beside(&self, at: At) -> &X {
        &self.traces[at.index()].beside
    }

    #[inline]
    fn beside_mut(&mut self, at: At) -> &mut X {
        &mut self.traces[at.index()].beside
    }

    #[inline]
    unsafe fn node_of(&self, lane: Lane) -> At {
        self.numbers.get()[lane.chunk_index()][lane.byte() - 1]
    }

    #[inline]
    fn lane_of(&self, _: At) -> Option<Lane> {
        None
    }

    #[inline]
    fn take_node(&mut self, lane: Lane, hash: u32) -> At {
        let mut at = self.free;
        if at == At::END {
            self.used += 1;
            at = At::of_number(self.used);
        } else {
            self.free = self.nodes[at.index()].links.next;
        }
        // There are fewer entries than the capacity, so this is a node: else it panics.
        self.traces[at.index()].hash = hash;
        self.numbers.get_mut()[lane.chunk_index()][lane.byte() - 1] = at;
        at
    }

    #[inline]
    fn give_node(&mut self, lane: Lane, at: At) {
        self.numbers.get_mut()[lane.chunk_index()][lane.byte() - 1] = At::END;
        self.nodes[at.index()].links.next = core::mem::replace(&mut self.free, at);
    }

    fn give_all(&mut self) {
        self.numbers.get_mut().fill([At::END; LANES]);
        self.traces.iter_mut().for_each(|trace| trace.beside = X::NONE);
        self.free = At::END;
        self.used = 0;
    }

    #[inline]
    fn foresee_look_up(&self, _: u32) -> bool {
        true
    }

    #[inline]
    unsafe fn foresee(&self, _: At) {}
}

pub(super) mod sealed {
    pub trait Sealed {}
    impl<const N: usize> Sealed for super::Inline<N> {}
}
