//! Objects in numbered slots, and the lease of one.
//!
//! Invariants, cited by the comments below:
//!
//! - **OWNED**: between a claim and its release only the claimer touches the cell. The claim acquires what the release
//!   before it released, so accesses of successive owners are ordered.
//! - **FULL**: a cell is initialised if its free state says full, or if the [`Slot`] that owns it says so, or if a
//!   [`Lease`] owns it.
//! - **ALIVE**: a lease's pointers point into a [`Core`] which its owner borrows or shares, so it outlives the lease
//!   and does not move.
//! - **SPOT**: the cell of a lease is the first field of a [`Spot`] with the mark of its keeper's recorder, and the pointer to it
//!   was made of one to all of that.

use super::cell::Cell;
use super::indices::{self, Claim, Hint, MOST, States, Wanted};
use super::memory::Inline;
use crate::stats::{Mark, PoolRecorder};
use crate::sync::AtomicU8;
use core::fmt;
use core::iter;
use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::ops::{Deref, DerefMut};
use core::panic::Location;
use core::ptr::{self, NonNull};

/// Where the states and the cells lie.
pub trait Backing<T> {
    #[doc(hidden)]
    type States: Viewed;
    #[doc(hidden)]
    type Spots<M: Mark>: AsRef<[Spot<T, M>]>;
}

impl<T, const N: usize> Backing<T> for Inline<N> {
    type States = [AtomicU8; N];
    type Spots<M: Mark> = [Spot<T, M>; N];
}

/// The states of slots, wherever they lie.
pub trait Viewed {
    #[doc(hidden)]
    fn view(&self) -> States<'_>;
    /// Bytes of memory that they take elsewhere.
    #[doc(hidden)]
    fn bytes_elsewhere(&self) -> usize;
}

impl<const N: usize> Viewed for [AtomicU8; N] {
    #[inline]
    fn view(&self) -> States<'_> {
        States::dense(self)
    }

    fn bytes_elsewhere(&self) -> usize {
        0
    }
}

/// What a pool does with an object that comes back.
pub trait Keeper<T> {
    #[doc(hidden)]
    type Recorder: PoolRecorder;
    #[doc(hidden)]
    fn recorder(&self) -> &Self::Recorder;
    /// Called with a full slot. Afterwards the slot is given back as it is, also if this panics.
    #[doc(hidden)]
    fn give_back(&self, slot: &mut Slot<'_, T, <Self::Recorder as PoolRecorder>::Mark>);
}

/// Room for an object, and what is known of the call by which it went out.
#[repr(C)]
pub struct Spot<T, M> {
    cell: Cell<T>,
    mark: M,
}

impl<T, M: Mark> Spot<T, M> {
    pub(super) const fn empty() -> Self {
        Self { cell: Cell::empty(), mark: M::NONE }
    }
}

/// What a keeper's recorder keeps with each slot.
pub(super) type MarkOf<T, K> = <<K as Keeper<T>>::Recorder as PoolRecorder>::Mark;

/// What is known of a call that acquires.
pub(crate) type Call<R> = <<R as PoolRecorder>::Mark as Mark>::Call;

/// N slots, their objects, and what is to be done with objects that come back.
pub struct Core<T, B: Backing<T>, K: Keeper<T>> {
    pub(super) states: B::States,
    pub(super) spots: B::Spots<MarkOf<T, K>>,
    pub(super) home: Home<K>,
}

/// What a lease needs of its core when it ends, whatever the core's size.
pub struct Home<K> {
    hint: Hint,
    keeper: K,
}

impl<K> Home<K> {
    pub(super) const fn new(keeper: K) -> Self {
        Self { hint: Hint::new(), keeper }
    }
}

// SAFETY: by OWNED a shared core hands each object to one thread at a time, so objects only ever move between threads,
// for which `T: Send` is enough. The states are atomics, marks may be shared, and the keeper is shared as what it is.
unsafe impl<T: Send, B: Backing<T>, K: Keeper<T> + Sync> Sync for Core<T, B, K> where B::States: Sync {}

impl<K> fmt::Debug for Home<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").finish_non_exhaustive()
    }
}

impl<T, B: Backing<T>, K: Keeper<T>> fmt::Debug for Core<T, B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

impl<T, const N: usize, K: Keeper<T>> Core<T, Inline<N>, K> {
    pub(crate) const fn new(keeper: K) -> Self {
        const { assert!(N <= MOST, "a pool has at most 2^30 slots") };
        Self {
            states: [const { AtomicU8::new(0) }; N],
            spots: [const { Spot::empty() }; N],
            home: Home::new(keeper),
        }
    }
}

impl<T, B: Backing<T>, K: Keeper<T>> Core<T, B, K> {
    pub(crate) fn capacity(&self) -> usize {
        self.states.view().len()
    }

    /// Bytes of memory, those of slots elsewhere included.
    #[allow(dead_code, reason = "without `alloc` no slots are elsewhere")]
    pub(crate) fn memory_size(&self) -> usize {
        size_of::<Self>() + self.states.bytes_elsewhere() + size_of_val(self.spots.as_ref())
    }

    pub(crate) fn keeper(&self) -> &K {
        &self.home.keeper
    }

    /// Slots that somebody owns.
    pub(crate) fn in_use(&self) -> usize {
        self.states.view().claimed()
    }

    /// Free slots with an object.
    pub(crate) fn kept(&self) -> usize {
        self.states.view().kept()
    }

    /// Drops objects in free slots until no more than `keep` are left. How many that were.
    pub(crate) fn trim(&self, keep: usize) -> usize {
        let mut dropped = 0;
        // Counted once: the destructors may put objects back, and that must not go on for ever.
        for _ in keep..self.kept() {
            let Some(mut slot) = self.claim(Wanted::Full) else { break };
            // Another trim or user may have been there in between and left the slot empty.
            dropped += usize::from(slot.is_full());
            slot.clear();
        }
        dropped
    }

    pub(crate) fn validate(&self) {
        self.states.view().validate(&self.home.hint);
        // A mark may be anything: this shows them to a checker.
        self.spots.as_ref().iter().for_each(|spot| _ = spot.mark.place());
    }

    /// The slots that somebody owns, and where they were acquired as far as that is known.
    pub(crate) fn held(&self) -> impl Iterator<Item = (usize, Option<&'static Location<'static>>)> {
        let both = self.states.view().iter().zip(self.spots.as_ref()).enumerate();
        both.filter(|(_, (state, _))| indices::is_claimed(state))
            .map(|(slot, (_, spot))| (slot, spot.mark.place()))
    }

    /// Takes possession of a slot.
    #[inline]
    pub(crate) fn claim(&self, wanted: Wanted) -> Option<Slot<'_, T, MarkOf<T, K>>> {
        let states = self.states.view();
        let Claim { index, full } = indices::claim(states, &self.home.hint, wanted)?;
        Some(Slot {
            state: states.get(index)?,
            spot: &self.spots.as_ref()[index],
            hint: &self.home.hint,
            index,
            full,
        })
    }
}

impl<T, B: Backing<T>, K: Keeper<T>> Drop for Core<T, B, K> {
    /// Drops the objects that are in free slots. A slot that is still claimed was leaked with its guard, and keeps
    /// its object.
    fn drop(&mut self) {
        super::for_each_surely(iter::from_fn(|| self.claim(Wanted::Full)), |mut slot| slot.clear());
    }
}

/// A slot that is claimed. Dropping it gives it back, with the object that is in it.
pub struct Slot<'a, T, M> {
    state: &'a AtomicU8,
    spot: &'a Spot<T, M>,
    hint: &'a Hint,
    index: usize,
    /// Whether the cell is initialised (FULL).
    full: bool,
}

impl<T, M: Mark> Slot<'_, T, M> {
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Puts an object in. One that was there before is forgotten.
    #[inline]
    pub(crate) fn fill(&mut self, object: T) {
        debug_assert!(!self.full, "an object is overwritten");
        // SAFETY: OWNED: nobody else touches the cell.
        unsafe { self.spot.cell.write(object) };
        self.full = true;
    }

    /// Drops the object, in place. The slot counts as empty also if that panics.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if mem::replace(&mut self.full, false) {
            // SAFETY: OWNED, and by FULL the cell was initialised; the flag is down, so nobody drops it again.
            unsafe { self.spot.cell.drop_in_place() };
        }
    }

    /// Takes the object out.
    #[inline]
    fn take(&mut self) -> Option<T> {
        // SAFETY: OWNED, and by FULL the cell is initialised if the flag was up; it is down now, so the object is not
        // used here again.
        mem::replace(&mut self.full, false).then(|| unsafe { self.spot.cell.take() })
    }

    /// Lets `change` work on the object, if there is one. If that panics, the object is dropped.
    #[inline]
    pub(crate) fn update(&mut self, change: impl FnOnce(&mut T)) {
        /// Empties the slot unless it is forgotten first.
        struct Clear<'a, 'b, T, M: Mark>(&'a mut Slot<'b, T, M>);
        impl<T, M: Mark> Drop for Clear<'_, '_, T, M> {
            fn drop(&mut self) {
                self.0.clear();
            }
        }
        if self.full {
            let doubtful = Clear(self);
            // SAFETY: OWNED and FULL; the reference ends before the slot does.
            unsafe { doubtful.0.spot.cell.update(change) };
            mem::forget(doubtful);
        }
    }

    /// Says by which call the object goes out.
    #[inline]
    pub(super) fn goes_out(&self, call: M::Call) {
        self.spot.mark.set(call);
    }

    /// Makes a lease of a full slot.
    ///
    /// # Safety
    ///
    /// `owner` keeps the core of this slot alive and in its place (ALIVE).
    pub(super) unsafe fn into_lease<O: Owner<T>>(self, owner: O) -> Lease<T, O>
    where
        O::Keeper: Keeper<T, Recorder: PoolRecorder<Mark = M>>,
    {
        assert!(self.full, "a lease of nothing");
        let slot = ManuallyDrop::new(self);
        // SPOT: of the whole spot, though it is called a cell: a type that said more would hold on to the owner's lifetime.
        let (state, cell) = (NonNull::from(slot.state), NonNull::from(slot.spot).cast());
        Lease { state, cell, index: slot.index, owner, object: PhantomData }
    }
}

impl<T, M> Drop for Slot<'_, T, M> {
    #[inline]
    fn drop(&mut self) {
        indices::release(self.state, self.hint, self.index, self.full);
    }
}

/// What keeps the core of a lease alive, and knows its keeper. Implemented by what guards are made of, and only there.
pub trait Owner<T> {
    #[doc(hidden)]
    type Keeper: Keeper<T>;
    #[doc(hidden)]
    fn home(&self) -> &Home<Self::Keeper>;
}

impl<T, K: Keeper<T>> Owner<T> for &Home<K> {
    type Keeper = K;

    #[inline]
    fn home(&self) -> &Home<K> {
        self
    }
}

/// The possession of an object in a slot, until it is dropped.
pub(crate) struct Lease<T, O: Owner<T>> {
    state: NonNull<AtomicU8>,
    cell: NonNull<Cell<T>>,
    index: usize,
    owner: O,
    object: PhantomData<T>,
}

// SAFETY: a lease is the possession of a `T` and of an `O`; its pointers reach nothing else but an atomic.
unsafe impl<T: Send, O: Owner<T> + Send> Send for Lease<T, O> {}

// SAFETY: a shared lease gives out `&T` and `&O` and nothing else.
unsafe impl<T: Sync, O: Owner<T> + Sync> Sync for Lease<T, O> {}

impl<'a, T, K: Keeper<T>> Lease<T, &'a Home<K>> {
    /// Claims a slot of `core` and lets `fill` see to it that there is an object in it. If there is none free, `input`
    /// comes back.
    #[inline]
    pub(crate) fn borrow<B: Backing<T>, X>(
        core: &'a Core<T, B, K>,
        wanted: Wanted,
        call: Call<K::Recorder>,
        input: X,
        fill: impl FnOnce(&mut Slot<'_, T, MarkOf<T, K>>, X),
    ) -> Result<Self, X> {
        let Some(mut slot) = core.claim(wanted) else { return Err(input) };
        fill(&mut slot, input);
        core.keeper().recorder().acquired();
        slot.goes_out(call);
        // SAFETY: ALIVE: the borrow of the core lives as long as the lease.
        Ok(unsafe { slot.into_lease(&core.home) })
    }
}

impl<T, O: Owner<T>> Lease<T, O> {
    /// The slot that this lease owns. Dropping it ends the possession.
    ///
    /// # Safety
    ///
    /// The lease is not used any more after the slot is dropped, and makes no second one.
    #[inline]
    unsafe fn slot(&self) -> Slot<'_, T, MarkOf<T, O::Keeper>> {
        // SAFETY: ALIVE.
        let state = unsafe { self.state.as_ref() };
        // SAFETY: ALIVE, and SPOT.
        let spot = unsafe { self.cell.cast::<Spot<T, MarkOf<T, O::Keeper>>>().as_ref() };
        Slot { state, spot, hint: &self.owner.home().hint, index: self.index, full: true }
    }

    /// Takes the object out and gives the slot back empty.
    pub(crate) fn take(self) -> T {
        let mut lease = ManuallyDrop::new(self);
        // SAFETY: of the lease only the owner is used below.
        let mut slot = unsafe { lease.slot() };
        let object = slot.take();
        // Counted before the slot is free, so that never more are in use than there are.
        lease.owner.home().keeper.recorder().released();
        slot.spot.mark.clear();
        drop(slot);
        // SAFETY: the lease is not dropped, so this is the owner's only drop.
        unsafe { ptr::drop_in_place(&raw mut lease.owner) };
        object.expect("a lease has an object")
    }
}

impl<T, O: Owner<T>> Drop for Lease<T, O> {
    #[inline]
    fn drop(&mut self) {
        /// Counts when it is dropped: before the slot is free, and also if the keeper panics.
        struct Released<'a, R: PoolRecorder>(&'a R, &'a R::Mark);
        impl<R: PoolRecorder> Drop for Released<'_, R> {
            #[inline]
            fn drop(&mut self) {
                self.0.released();
                self.1.clear();
            }
        }
        let keeper = &self.owner.home().keeper;
        // SAFETY: the lease ends here. (The slot is dropped last, after `_released`.)
        let mut slot = unsafe { self.slot() };
        let _released = Released(keeper.recorder(), &slot.spot.mark);
        keeper.give_back(&mut slot);
        // The owner goes after this, and perhaps with it the core: nothing of the lease is touched then.
    }
}

impl<T, O: Owner<T>> Deref for Lease<T, O> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: ALIVE.
        let cell = unsafe { self.cell.as_ref() };
        // SAFETY: OWNED and FULL; the lease is borrowed as long as the reference.
        unsafe { cell.get() }
    }
}

impl<T, O: Owner<T>> DerefMut for Lease<T, O> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: ALIVE.
        let cell = unsafe { self.cell.as_ref() };
        // SAFETY: OWNED and FULL; the lease is borrowed exclusively as long as the reference.
        unsafe { cell.get_mut() }
    }
}
