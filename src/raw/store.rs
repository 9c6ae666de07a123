//! The sets of a cache: within it, lent to it, or on the heap.

use super::set::Set;
use super::width::{Blank, Ways, Width};
use super::word::Watch;
use crate::lifetime::Stamp;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// Where the sets of a [`Cache`](crate::cache::Cache) lie. [`Sets`], [`Lent`] and, with `alloc`, `Heap`.
pub trait Store: sealed::Sealed {
    /// How many ways a set has.
    #[doc(hidden)]
    type Width: Width;
    #[doc(hidden)]
    type Of<K, V, S: Stamp>: AsRef<[Set<K, V, S, Self::Width>]>;
    /// Where looks at entries are announced, if they are.
    #[doc(hidden)]
    #[inline]
    fn watch<K, V, S: Stamp>(_: &Self::Of<K, V, S>) -> Watch<'_> {
        None
    }
    /// How many bytes they take elsewhere.
    #[doc(hidden)]
    fn elsewhere<K, V, S: Stamp>(sets: &Self::Of<K, V, S>) -> usize {
        size_of_val(sets.as_ref())
    }
}

/// Within the cache itself: `SETS` sets of `WAYS` entries, 8 or 16. In a `static` it is `.bss`.
#[derive(Clone, Copy, Debug)]
pub struct Sets<const SETS: usize, const WAYS: usize>;

impl<const SETS: usize, const WAYS: usize> Store for Sets<SETS, WAYS>
where
    Ways<WAYS>: Width,
{
    type Width = Ways<WAYS>;
    type Of<K, V, S: Stamp> = [Set<K, V, S, Ways<WAYS>>; SETS];

    fn elsewhere<K, V, S: Stamp>(_: &Self::Of<K, V, S>) -> usize {
        0
    }
}

/// In memory that was handed over for the time `'a`: sets of `WAYS` entries, 8 or 16.
#[derive(Clone, Copy, Debug)]
pub struct Lent<'a, const WAYS: usize>(PhantomData<&'a mut ()>);

impl<'a, const WAYS: usize> Store for Lent<'a, WAYS>
where
    Ways<WAYS>: Width,
{
    type Width = Ways<WAYS>;
    type Of<K, V, S: Stamp> = LentSets<'a, K, V, S, Ways<WAYS>>;
}

/// Sets in memory that is somebody else's. Dropped in place.
pub struct LentSets<'a, K, V, S: Stamp, W: Width> {
    /// Invariant **LENT**: they were made here, in memory that is borrowed exclusively for `'a`. (A pointer, so that the type does
    /// not ask that keys and values live that long, which making one does.)
    sets: NonNull<[Set<K, V, S, W>]>,
    sets_are_ours: PhantomData<Set<K, V, S, W>>,
    memory: PhantomData<&'a mut ()>,
}

// SAFETY: it is an exclusive borrow of the sets, by LENT.
unsafe impl<K, V, S: Stamp, W: Width> Send for LentSets<'_, K, V, S, W> where Set<K, V, S, W>: Send {}

// SAFETY: as above.
unsafe impl<K, V, S: Stamp, W: Width> Sync for LentSets<'_, K, V, S, W> where Set<K, V, S, W>: Sync {}

impl<'a, K, V, S: Stamp, W: Width> LentSets<'a, K, V, S, W> {
    /// Makes empty sets in all of `memory`.
    pub(crate) fn new(memory: &'a mut [MaybeUninit<Set<K, V, S, W>>]) -> Self {
        for room in &mut *memory {
            room.write(Set::BLANK);
        }
        let rooms = NonNull::from(memory);
        let sets = NonNull::slice_from_raw_parts(rooms.cast(), rooms.len());
        Self { sets, sets_are_ours: PhantomData, memory: PhantomData }
    }

    /// As many as there is room for, aligned.
    pub(crate) fn in_bytes(memory: &'a mut [MaybeUninit<u8>]) -> Self
    where
        K: 'a,
        V: 'a,
        S: 'a,
    {
        // SAFETY: on both sides anything may be in it, also nothing.
        let (_, sets, _) = unsafe { memory.align_to_mut() };
        Self::new(sets)
    }
}

impl<K, V, S: Stamp, W: Width> AsRef<[Set<K, V, S, W>]> for LentSets<'_, K, V, S, W> {
    #[inline]
    fn as_ref(&self) -> &[Set<K, V, S, W>] {
        // SAFETY: LENT.
        unsafe { self.sets.as_ref() }
    }
}

impl<K, V, S: Stamp, W: Width> Drop for LentSets<'_, K, V, S, W> {
    fn drop(&mut self) {
        // SAFETY: LENT; for its owner the memory is uninitialised.
        unsafe { self.sets.drop_in_place() };
    }
}

impl<K, V, S: Stamp, W: Width> fmt::Debug for LentSets<'_, K, V, S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LentSets").field(&self.sets.len()).finish()
    }
}

pub(super) mod sealed {
    pub trait Sealed {}
    impl<const SETS: usize, const WAYS: usize> Sealed for super::Sets<SETS, WAYS> {}
    impl<const WAYS: usize> Sealed for super::Lent<'_, WAYS> {}
}
