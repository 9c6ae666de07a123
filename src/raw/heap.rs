//! The arrays of a hash list on the heap.

use super::hash_list::HashList;
use super::memory::{Arrays, MOST, Memory, Node, sealed};
use super::table::{Chunk, NODES};
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

#[doc(hidden)]
pub struct HeapArrays<K, V> {
    chunks: Box<[Chunk]>,
    hashes: Box<[u32]>,
    nodes: Box<[Node<K, V>]>,
}

impl<K, V> HeapArrays<K, V> {
    fn try_new(capacity: usize) -> Result<Self, CapacityError> {
        if capacity > MOST {
            return Err(CapacityError::TooLarge { asked: capacity, most: MOST });
        }
        // SAFETY: a chunk of zeroes is `Chunk::EMPTY`: no tags, and by the niche of `NonZeroU32` no nodes.
        let chunks = unsafe { try_zeroed(1 + capacity / NODES) };
        // SAFETY: zeroes are a number.
        let hashes = unsafe { try_zeroed(capacity) };
        // SAFETY: a node of zeroes has no neighbours; its key and value may be anything.
        let nodes = unsafe { try_zeroed(capacity) };
        let error = CapacityError::OutOfMemory { asked: capacity };
        Ok(Self { chunks: chunks.ok_or(error)?, hashes: hashes.ok_or(error)?, nodes: nodes.ok_or(error)? })
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
    // SAFETY: the memory came from the global allocator with the layout of this slice, or the slice has no size;
    // its items are zero bytes, which the caller says are a `T`.
    Some(unsafe { Box::from_raw(slice) })
}

impl<K, V> Arrays<K, V> for HeapArrays<K, V> {
    #[inline]
    fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    #[inline]
    fn chunks_mut(&mut self) -> &mut [Chunk] {
        &mut self.chunks
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

impl sealed::Sealed for Heap {}
impl<K, V> HashList<K, V, Heap> {
    pub(crate) fn try_with_capacity(capacity: usize) -> Result<Self, CapacityError> {
        HeapArrays::try_new(capacity).map(Self::of)
    }
}
