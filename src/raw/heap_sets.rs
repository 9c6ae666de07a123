//! The sets of a cache on the heap.

use super::heap::Heap;
use super::look_lines::LookLines;
use super::looks::Looks;
use super::set::Set;
use super::shared::try_collect;
use super::store::{Store, sealed};
use super::width::{Blank, MOST_WAYS, Ways};
use super::word::Watch;
use crate::error::CapacityError;
use crate::lifetime::Stamp;
use alloc::boxed::Box;

/// As many ways as the target can have.
type Widest = Ways<{ MOST_WAYS as usize }>;

impl Store for Heap {
    type Width = Widest;
    type Of<K, V, S: Stamp> = HeapSets<K, V, S>;

    #[inline]
    fn watch<K, V, S: Stamp>(sets: &HeapSets<K, V, S>) -> Watch<'_> {
        Some(&sets.looks)
    }
}

impl sealed::Sealed for Heap {}

/// Sets on the heap, and where looks at their entries are announced.
pub struct HeapSets<K, V, S: Stamp> {
    sets: Box<[Set<K, V, S, Widest>]>,
    looks: LookLines,
}

impl<K, V, S: Stamp> AsRef<[Set<K, V, S, Widest>]> for HeapSets<K, V, S> {
    #[inline]
    fn as_ref(&self) -> &[Set<K, V, S, Widest>] {
        &self.sets
    }
}

/// That many empty sets.
pub(crate) fn try_sets<K, V, S: Stamp>(sets: usize) -> Result<<Heap as Store>::Of<K, V, S>, CapacityError> {
    Ok(HeapSets { sets: try_collect(sets, || Set::BLANK)?, looks: Looks::NEW })
}
