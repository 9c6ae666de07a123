//! Slots on the heap, and leases that share the ownership of them.

use super::heap::Heap;
use super::indices::{MOST, States, Wanted};
use super::slots::{Backing, Call, Core, Home, Keeper, Lease, MarkOf, Owner, Slot, Spot, Viewed};
use super::starts::Start;
use super::width::Blank;
use crate::error::CapacityError;
use crate::stats::{Mark, PoolRecorder};
use crate::sync::{AtomicU8, Line};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

impl<T> Backing<T> for Heap {
    type States = HeapStates;
    type Spots<M: Mark> = Box<[Spot<T, M>]>;
}

/// How many starts there are: so many threads have one each. And how many lines the states take at least. None where the processor has no such
/// lines.
const STARTS: usize = if align_of::<Line>() > 1 { 32 } else { 0 };

/// How far apart the states of so many slots lie, as a power of two: on lines of their own if there are not more slots than starts, else so
/// that each start has a line. Not at all if starts are further apart anyway.
const fn apart(slots: usize) -> u32 {
    let mut apart = 0;
    while apart < align_of::<Line>().ilog2() && slots << apart < STARTS * align_of::<Line>() {
        apart += 1;
    }
    apart
}

/// States so far [apart] that threads do not meet.
pub struct HeapStates {
    bytes: Box<[AtomicU8]>,
    apart: u32,
    starts: Box<[Start]>,
}

impl HeapStates {
    fn try_new(slots: usize) -> Result<Self, CapacityError> {
        let apart = apart(slots);
        let out_of_memory = |_| CapacityError::OutOfMemory { asked: slots };
        Ok(Self {
            bytes: try_collect(slots << apart, || AtomicU8::new(0)).map_err(out_of_memory)?,
            apart,
            starts: try_collect(STARTS, || Start::BLANK).map_err(out_of_memory)?,
        })
    }
}

impl Viewed for HeapStates {
    #[inline]
    fn view(&self) -> States<'_> {
        States::apart(&self.bytes, self.apart, &self.starts)
    }

    fn bytes_elsewhere(&self) -> usize {
        size_of_val(&*self.bytes) + size_of_val(&*self.starts)
    }
}

impl<T, K: Keeper<T>> Core<T, Heap, K> {
    pub(crate) fn try_on_heap(capacity: usize, keeper: K) -> Result<Self, CapacityError> {
        if capacity > MOST {
            return Err(CapacityError::TooLarge { asked: capacity, most: MOST });
        }
        let states = HeapStates::try_new(capacity)?;
        let spots = try_collect(capacity, Spot::empty)?;
        Ok(Self { states, spots, home: Home::new(keeper) })
    }
}

/// That many of them on the heap.
pub(super) fn try_collect<T>(capacity: usize, make: impl FnMut() -> T) -> Result<Box<[T]>, CapacityError> {
    let mut items = Vec::new();
    items.try_reserve_exact(capacity).map_err(|_| CapacityError::OutOfMemory { asked: capacity })?;
    items.extend(core::iter::repeat_with(make).take(capacity));
    Ok(items.into_boxed_slice())
}

impl<T, B: Backing<T>, K: Keeper<T>> Owner<T> for Arc<Core<T, B, K>> {
    type Keeper = K;

    fn home(&self) -> &Home<K> {
        &self.home
    }
}

impl<T, B: Backing<T>, K: Keeper<T>> Lease<T, Arc<Core<T, B, K>>> {
    /// As [`Lease::borrow`], but the lease keeps the core alive.
    pub(crate) fn share<X>(
        core: &Arc<Core<T, B, K>>,
        wanted: Wanted,
        call: Call<K::Recorder>,
        input: X,
        fill: impl FnOnce(&mut Slot<'_, T, MarkOf<T, K>>, X),
    ) -> Result<Self, X> {
        let Some(mut slot) = core.claim(wanted) else { return Err(input) };
        fill(&mut slot, input);
        core.keeper().recorder().acquired();
        slot.goes_out(call);
        let owner = Arc::clone(core);
        // SAFETY: ALIVE: the lease shares the core, and what is in an `Arc` does not move.
        Ok(unsafe { slot.into_lease(owner) })
    }
}

#[cfg(all(test, not(any(larder_loom, larder_step))))]
mod tests {
    use super::{STARTS, apart};
    use crate::sync::Line;

    #[test]
    fn threads_begin_on_lines_of_their_own() {
        let line = align_of::<Line>();
        for slots in 1..=5000_usize {
            let apart = apart(slots);
            assert!(slots << apart <= slots.max(2 * STARTS * line), "{slots} slots take too much");
            let homes = STARTS.min(slots);
            let starts = (0..homes).map(|which| (which * slots / homes) << apart);
            assert!(
                starts.clone().zip(starts.skip(1)).all(|(one, next)| next - one >= line),
                "{slots} slots"
            );
        }
        assert_eq!(apart(0), apart(1));
    }
}
