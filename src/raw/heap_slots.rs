//! The slots of a tracker on the heap, and pins that share their tracker.

use super::heap::Heap;
use super::indices::MOST;
use super::look_lines::LookLines;
use super::marks::{self, Group, Start};
use super::shared::try_collect;
use super::tracked::{Core, Owner, Slot, Slots, Tracks, sealed};
use super::width::Blank;
use crate::error::CapacityError;
use crate::lifetime::Stamp;
use crate::sync::AtomicWord;
use alloc::boxed::Box;
use alloc::sync::Arc;

impl Slots for Heap {
    type Group = AtomicWord;
    type Groups = Box<[AtomicWord]>;
    /// Enough for the threads of a small server; of more, some share one.
    type Starts = [Start; 16];
    type Looks = LookLines;
    type Of<R, S: Stamp, O> = Box<[Slot<R, S, O>]>;
}

impl sealed::Sealed for Heap {}

impl<R, S: Stamp, O> Core<R, S, O, Heap> {
    pub(crate) fn try_on_heap(capacity: usize) -> Result<Self, CapacityError> {
        if capacity > MOST {
            return Err(CapacityError::TooLarge { asked: capacity, most: MOST });
        }
        let groups = try_collect(capacity.div_ceil(AtomicWord::SLOTS), || AtomicWord::BLANK)?;
        if let Some(last) = groups.last() {
            marks::shut(last, capacity - (groups.len() - 1) * AtomicWord::SLOTS);
        }
        Ok(Self::of(groups, try_collect(capacity, || Slot::BLANK)?))
    }
}

impl<T: Tracks> Owner for Arc<T> {
    type Tracker = T;

    #[inline]
    fn tracker(&self) -> &T {
        self
    }
}

impl<T: Tracks> sealed::Owner for Arc<T> {}
