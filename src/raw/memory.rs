//! The two arrays of a hash list, and where they lie.
//!
//! All zero is an empty list: links and buckets number nodes from 1, and 0 is none. So an inline list is `.bss` in a
//! `static`, and one on the heap is memory that the system hands out zeroed.

use core::mem::MaybeUninit;
use core::num::NonZeroU32;

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

/// One place of the hash table.
#[derive(Clone, Copy)]
pub struct Bucket {
    pub(super) hash: u32,
    pub(super) at: Option<At>,
}

impl Bucket {
    pub(super) const EMPTY: Self = Self { hash: 0, at: None };
}

/// How many buckets a node has. At half full a look-up touches one cache line of buckets nearly always, and a removal
/// moves few.
const BUCKETS: usize = 2;

/// An entry, and its place in the list. Of a node that is not in the list only `next` means anything.
pub struct Node<K, V> {
    pub(super) hash: u32,
    pub(super) previous: Option<At>,
    pub(super) next: Option<At>,
    pub(super) key: MaybeUninit<K>,
    pub(super) value: MaybeUninit<V>,
}

impl<K, V> Node<K, V> {
    const EMPTY: Self =
        Self { hash: 0, previous: None, next: None, key: MaybeUninit::uninit(), value: MaybeUninit::uninit() };
}

/// The most nodes there can be: both they and their buckets are numbered with 32 bits.
pub(crate) const MOST: usize = u32::MAX as usize / BUCKETS;

/// Where a structure with its own table lies. Implemented by [`Inline`] and, with `alloc`, `Heap`.
pub trait Memory: sealed::Sealed {
    #[doc(hidden)]
    type Of<K, V>: Arrays<K, V>;
}

/// The two arrays. `buckets` is `BUCKETS` times as long as `nodes`, and neither ever changes its length.
pub trait Arrays<K, V> {
    #[doc(hidden)]
    fn buckets(&self) -> &[Bucket];
    #[doc(hidden)]
    fn buckets_mut(&mut self) -> &mut [Bucket];
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

#[doc(hidden)]
pub struct InlineArrays<K, V, const N: usize> {
    buckets: [[Bucket; BUCKETS]; N],
    nodes: [Node<K, V>; N],
}

impl<K, V, const N: usize> InlineArrays<K, V, N> {
    pub(super) const EMPTY: Self = {
        assert!(N <= MOST, "a capacity is at most a half of u32::MAX");
        Self { buckets: [[Bucket::EMPTY; BUCKETS]; N], nodes: [const { Node::EMPTY }; N] }
    };
}

impl<K, V, const N: usize> Arrays<K, V> for InlineArrays<K, V, N> {
    #[inline]
    fn buckets(&self) -> &[Bucket] {
        self.buckets.as_flattened()
    }

    #[inline]
    fn buckets_mut(&mut self) -> &mut [Bucket] {
        self.buckets.as_flattened_mut()
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

#[cfg(feature = "alloc")]
pub use heap::Heap;
#[cfg(feature = "alloc")]
pub(crate) use heap::HeapArrays;

#[cfg(feature = "alloc")]
mod heap {
    use super::{Arrays, BUCKETS, Bucket, MOST, Memory, Node};
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
        buckets: Box<[Bucket]>,
        nodes: Box<[Node<K, V>]>,
    }

    impl<K, V> HeapArrays<K, V> {
        pub(crate) fn try_new(capacity: usize) -> Result<Self, CapacityError> {
            if capacity > MOST {
                return Err(CapacityError::TooLarge { asked: capacity, most: MOST });
            }
            // SAFETY: a bucket of zeroes is `Bucket::EMPTY`: no hash, and by the niche of `NonZeroU32` no node.
            let buckets = unsafe { try_zeroed(capacity * BUCKETS) };
            // SAFETY: a node of zeroes has no hash and no neighbours; its key and value may be anything.
            let nodes = unsafe { try_zeroed(capacity) };
            let error = CapacityError::OutOfMemory { asked: capacity };
            Ok(Self { buckets: buckets.ok_or(error)?, nodes: nodes.ok_or(error)? })
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
        fn buckets(&self) -> &[Bucket] {
            &self.buckets
        }

        #[inline]
        fn buckets_mut(&mut self) -> &mut [Bucket] {
            &mut self.buckets
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

    impl super::sealed::Sealed for Heap {}
}

mod sealed {
    pub trait Sealed {}
    impl<const N: usize> Sealed for super::Inline<N> {}
}
