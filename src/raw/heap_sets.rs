//! The sets of a cache on the heap.

use super::heap::Heap;
use super::set::Set;
use super::shared::try_collect;
use super::store::{Store, sealed};
use super::width::{Blank, MOST_WAYS, Ways};
use crate::error::CapacityError;
use crate::lifetime::Stamp;
use alloc::boxed::Box;

/// As many ways as the target can have.
type Widest = Ways<{ MOST_WAYS as usize }>;

impl Store for Heap {
    type Width = Widest;
    type Of<K, V, S: Stamp> = Box<[Set<K, V, S, Widest>]>;
}

impl sealed::Sealed for Heap {}

/// That many empty sets.
pub(crate) fn try_sets<K, V, S: Stamp>(sets: usize) -> Result<<Heap as Store>::Of<K, V, S>, CapacityError> {
    try_collect(sets, || Set::BLANK)
}
