//! The slots of a tracker on the heap, and pins that share their tracker.

use super::heap::Heap;
use super::indices::MOST;
use super::look_lines::LookLines;
use super::marks::{self, Group};
use super::shared::try_collect;
use super::starts::Start;
use super::tracked::{Core, Owner, Slot, Slots, Tracks, sealed};
use super::width::Blank;
use crate::error::CapacityError;
use crate::lifetime::Stamp;
use crate::sync::AtomicWord;
use alloc::boxed::Box;
use alloc::sync::Arc;

/// Slots for each place where searches begin: so many that it takes little of the room, which is a line of the cache.
const SLOTS_A_START: usize = 512;

/// The most such places. Threads find theirs by a hash, and two that share one take each other's slots: so there are more than most
/// machines have cores.
const MOST_STARTS: usize = 64;

impl Slots for Heap {
    type Group = AtomicWord;
    type Groups = Box<[AtomicWord]>;
    type Starts = Box<[Start]>;
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
        let starts = try_collect((capacity / SLOTS_A_START).clamp(1, MOST_STARTS), || Start::BLANK)?;
        Ok(Self::of(groups, try_collect(capacity, || Slot::BLANK)?, starts))
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
