//! The arrays of a hash list on the heap.

use super::hash_list::HashList;
use super::memory::{Arrays, At, MOST, Memory, Node, sealed};
use super::table::{Head, LANES, Lane};
use crate::error::CapacityError;
use alloc::alloc::alloc_zeroed;
use alloc::boxed::Box;
use core::alloc::Layout;
use core::ptr::NonNull;

/// On the heap, with room for as many as were asked for when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Heap(());

impl Memory for Heap {
    type Of<K, V> = HeapArrays<K, V>;
}

/// Entries for each chunk at most: five sixths full, 5 % of the entries are not in their home chunk.
const ENTRIES: usize = 10;

/// Every lane has its own node, and the chunks are a power of two: a sixth of the nodes or more, in all but small tables less
/// than three in five, stays empty, and a look-up goes from the hash to the head of a chunk and straight to the entry.
#[doc(hidden)]
pub struct HeapArrays<K, V> {
    heads: Box<[Head]>,
    nodes: Box<[Node<K, V>]>,
    hashes: Box<[u32]>,
    capacity: usize,
    /// There are `2^(32 - shift)` chunks.
    shift: u32,
}

impl<K, V> HeapArrays<K, V> {
    fn try_new(capacity: usize) -> Result<Self, CapacityError> {
        if capacity > MOST {
            return Err(CapacityError::TooLarge { asked: capacity, most: MOST });
        }
        // At least two, so that the shift is less than all bits.
        let chunks = (2 + capacity / ENTRIES).next_power_of_two();
        let nodes = chunks * LANES;
        // SAFETY: a head of zeroes is `Head::EMPTY`.
        let heads = unsafe { try_zeroed(chunks) };
        // SAFETY: a node of zeroes has no neighbours, by the niche of `NonZeroU32`; its key and value may be anything.
        let nodes_of_zeroes = unsafe { try_zeroed(nodes) };
        // SAFETY: zeroes are a number.
        let hashes = unsafe { try_zeroed(nodes) };
        let error = CapacityError::OutOfMemory { asked: capacity };
        let arrays = heads.zip(nodes_of_zeroes).zip(hashes).ok_or(error)?;
        let ((heads, nodes), hashes) = arrays;
        Ok(Self { heads, nodes, hashes, capacity, shift: u32::BITS - chunks.ilog2() })
    }
}

/// That many `T` of zero bytes, or none if there is no memory for them.
///
/// # Safety
///
/// A `T` may consist of zero bytes.
unsafe fn try_zeroed<T>(length: usize) -> Option<Box<[T]>> {
    let layout = Layout::array::<T>(length).ok()?;
    let start = if layout.size() == 0 {
        NonNull::dangling()
    } else {
        // SAFETY: the layout's size is not zero.
        NonNull::new(unsafe { alloc_zeroed(layout) })?.cast::<T>()
    };
    let slice: *mut [T] = core::ptr::slice_from_raw_parts_mut(start.as_ptr(), length);
    // SAFETY: the memory came from the global allocator with the layout of this slice, or the slice has no size; its
    // items are zero bytes, which the caller says are a `T`.
    Some(unsafe { Box::from_raw(slice) })
}

impl<K, V> Arrays<K, V> for HeapArrays<K, V> {
    #[inline]
    fn capacity(&self) -> usize {
        self.capacity
    }

    fn bytes_elsewhere(&self) -> usize {
        size_of_val(&*self.heads) + size_of_val(&*self.nodes) + size_of_val(&*self.hashes)
    }

    #[inline]
    fn home(&self, hash: u32) -> usize {
        // Its upper bits. There are fewer of them than all, since there are two chunks at least.
        hash.wrapping_shr(self.shift) as usize
    }

    #[inline]
    fn heads(&self) -> &[Head] {
        &self.heads
    }

    #[inline]
    fn heads_mut(&mut self) -> &mut [Head] {
        &mut self.heads
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
        #[expect(clippy::cast_possible_truncation, reason = "`try_new` makes at most 2^32 - 1 nodes")]
        let at = At::index_to((chunk * LANES + lane) as u32);
        debug_assert!(at.is_some());
        // SAFETY: at most 2^32 - 2 is the index of a node.
        unsafe { at.unwrap_unchecked() }
    }

    #[inline]
    fn lane_of(&self, at: At) -> Option<Lane> {
        Some(Lane { chunk: at.index() / LANES, lane: at.index() % LANES })
    }

    #[inline]
    fn take_node(&mut self, lane: Lane) -> At {
        // SAFETY: the lane was taken just now.
        unsafe { self.node_of(lane) }
    }

    #[inline]
    fn give_node(&mut self, _: Lane, _: At) {}

    fn give_all(&mut self) {}
}

impl<K, V> HashList<K, V, Heap> {
    pub(crate) fn try_with_capacity(capacity: usize) -> Result<Self, CapacityError> {
        HeapArrays::try_new(capacity).map(Self::of)
    }
}

impl sealed::Sealed for Heap {}
