//! A slice on the heap that begins with a line of the processor's cache: what lies in it by halves or quarters of one lies on one.
//!
//! An allocator gives memory that begins anywhere but for what its contents ask for, and large memory as a rule sixteen bytes after a line
//! begins. It could be asked for more, but hands that out zeroed by writing the zeroes, where the system has memory that is zero already.
//!
//! Invariants:
//!
//! - **OURS**: `block` came from the global allocator by `layout(length)`, and nobody else has it.
//! - **INSIDE**: from `start` on there is room for `length` items in it, and all of them are initialised.

use crate::sync::Line;
use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// See the module. Its items are not dropped.
pub(super) struct Lined<T> {
    block: NonNull<u8>,
    start: NonNull<T>,
    length: usize,
}

// SAFETY: it has its items as a box has them.
unsafe impl<T: Send> Send for Lined<T> {}

// SAFETY: as above.
unsafe impl<T: Sync> Sync for Lined<T> {}

impl<T> Lined<T> {
    /// Room for so many, and what is before the first of them.
    fn layout(length: usize) -> Option<Layout> {
        let items = Layout::array::<T>(length).ok()?;
        let size = items.size().checked_add(align_of::<Line>())?;
        Layout::from_size_align(size, items.align()).ok()
    }

    /// That many `T` of zero bytes, or none if there is no memory for them.
    ///
    /// # Safety
    ///
    /// A `T` may consist of zero bytes.
    pub(super) unsafe fn try_zeroed(length: usize) -> Option<Self> {
        let layout = Self::layout(length)?;
        // SAFETY: the layout's size is not zero: a line has an alignment.
        let block = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        let before = block.align_offset(align_of::<Line>());
        // SAFETY: at most a line less one byte, which is less than there is besides the items; and where it ends they may begin, whether they
        // ask for less than a line or for more.
        let start = unsafe { block.add(before) }.cast::<T>();
        Some(Self { block, start, length })
    }

    /// All of the memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        Self::layout(self.length).map_or(0, |layout| layout.size())
    }
}

impl<T> Deref for Lined<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: INSIDE, and OURS.
        unsafe { NonNull::slice_from_raw_parts(self.start, self.length).as_ref() }
    }
}

impl<T> DerefMut for Lined<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: INSIDE, and OURS.
        unsafe { NonNull::slice_from_raw_parts(self.start, self.length).as_mut() }
    }
}

impl<T> Drop for Lined<T> {
    fn drop(&mut self) {
        let layout = Self::layout(self.length).expect("it had one");
        // SAFETY: OURS.
        unsafe { dealloc(self.block.as_ptr(), layout) };
    }
}
