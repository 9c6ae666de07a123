//! Slots on the heap, and leases that share the ownership of them.

use super::heap::Heap;
use super::indices::{MOST, STARTS, States, Wanted, apart};
use super::slots::{Backing, Call, Core, Home, Keeper, Lease, MarkOf, Owner, Slot, Spot, Viewed};
use super::starts::Start;
use super::width::Blank;
use crate::error::CapacityError;
use crate::stats::{Mark, PoolRecorder};
use crate::sync::AtomicU8;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

impl<T> Backing<T> for Heap {
    type States = HeapStates;
    type Spots<M: Mark> = Box<[Spot<T, M>]>;
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
