//! Tracked resources in their slots: how they are pinned, how they die, and who finalizes them.
//!
//! What a slot's words mean is in [`hold`](super::hold), what its marks mean in [`marks`]; here they are put together, and
//! with them goes the cell. Of the invariants there, OWNED and PINNED are cited here, and one more:
//!
//! - **FULL**: there is a resource in the cell from [`Core::fill`] on until its owner empties it. What is pinned, dead or set aside is
//!   full.
//! - **ALIVE**: a [`Pin`]'s owner keeps the core where it is, and always gives the same.

use super::cell::Cell;
pub(crate) use super::hold::Keeper;
use super::hold::{Hold, Unpinned};
use super::indices::MOST;
use super::looks::{Looks, NoLooks};
use super::marks::{self, Age, Group, Places};
use super::memory::Inline;
use super::starts::Start;
use super::width::Blank;
use crate::id::Id;
use crate::lifetime::Stamp;
use crate::sync::{AtomicU8, AtomicU32, Ordering, Word};
use core::mem::ManuallyDrop;
use core::ptr;

/// Where the slots of a tracker lie. [`Inline`] and, with `alloc`, `Heap`.
pub trait Slots: sealed::Sealed {
    #[doc(hidden)]
    type Group: Group;
    #[doc(hidden)]
    type Groups: AsRef<[Self::Group]>;
    /// Where searches begin.
    #[doc(hidden)]
    type Starts: AsRef<[Start]>;
    /// Where looks are announced.
    #[doc(hidden)]
    type Looks: Looks;
    #[doc(hidden)]
    type Of<R, S: Stamp, O>: AsRef<[Slot<R, S, O>]>;
}

impl<const N: usize> Slots for Inline<N> {
    type Group = AtomicU8;
    type Groups = [AtomicU8; N];
    type Starts = [Start; 1];
    type Looks = NoLooks;
    type Of<R, S: Stamp, O> = [Slot<R, S, O>; N];
}

/// Room for a resource, and what is known of it: `S` when it ends, `O` where it is from.
pub struct Slot<R, S, O> {
    hold: Hold,
    stamp: S,
    cell: Cell<(R, O)>,
}

impl<R, S: Stamp, O> Blank for Slot<R, S, O> {
    const BLANK: Self = Self { hold: Hold::new(), stamp: S::NEVER, cell: Cell::empty() };
}

/// Slots, and what is tracked in them.
pub struct Core<R, S: Stamp, O, M: Slots> {
    groups: M::Groups,
    slots: M::Of<R, S, O>,
    starts: M::Starts,
    looks: M::Looks,
    /// What is dead and waits: counted before it is marked, so that it is never less than what is marked.
    awaiting: AtomicU32,
    /// The group where the search for what is dead begins: that of the last death, or of the last find.
    dead_near: AtomicU32,
    aside: AtomicU32,
    spent: AtomicU32,
    /// Whether there was no room for something since somebody asked.
    refused: AtomicU32,
}

// SAFETY: by OWNED and PINNED a resource is read by many at once, or moved by one to whatever thread. The rest is atomics.
unsafe impl<R: Send + Sync, S: Stamp, O: Send + Sync, M: Slots> Sync for Core<R, S, O, M>
where
    M::Groups: Sync,
    M::Starts: Sync,
    M::Looks: Sync,
{
}

impl<R, S: Stamp, O, const N: usize> Core<R, S, O, Inline<N>> {
    pub(crate) const fn new() -> Self {
        const { assert!(N <= MOST, "a tracker has at most 2^30 slots") };
        Self::of([const { AtomicU8::new(0) }; N], [const { Slot::BLANK }; N], [Start::BLANK])
    }
}

impl<R, S: Stamp, O, M: Slots> Core<R, S, O, M> {
    /// Of slots that are blank, and their groups, and where searches begin.
    pub(super) const fn of(groups: M::Groups, slots: M::Of<R, S, O>, starts: M::Starts) -> Self {
        Self {
            groups,
            slots,
            starts,
            looks: M::Looks::NEW,
            awaiting: AtomicU32::new(0),
            dead_near: AtomicU32::new(0),
            aside: AtomicU32::new(0),
            spent: AtomicU32::new(0),
            refused: AtomicU32::new(0),
        }
    }

    /// The slots of a group.
    #[expect(clippy::cast_possible_truncation, reason = "there are eight at most")]
    const GROUP: u32 = M::Group::SLOTS as u32;

    #[inline]
    fn slots(&self) -> &[Slot<R, S, O>] {
        self.slots.as_ref()
    }

    #[inline]
    fn slot(&self, index: u32) -> &Slot<R, S, O> {
        &self.slots()[index as usize]
    }

    /// The group of a slot, and its place there.
    #[inline]
    fn at(index: u32) -> (usize, usize) {
        (index as usize / M::Group::SLOTS, index as usize % M::Group::SLOTS)
    }

    #[inline]
    fn group(&self, index: u32) -> (&M::Group, usize) {
        let (group, place) = Self::at(index);
        (&self.groups.as_ref()[group], place)
    }

    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.slots().len()
    }

    /// Bytes of memory outside of this value.
    pub(crate) fn bytes_elsewhere(&self) -> usize {
        let within = ptr::from_ref(self).addr()..ptr::from_ref(self).addr() + size_of::<Self>();
        if within.contains(&self.slots().as_ptr().addr()) {
            return 0;
        }
        size_of_val(self.slots()) + size_of_val(self.groups.as_ref()) + size_of_val(self.starts.as_ref())
    }

    /// How many groups of slots there are. A sweep or a drain goes from one to the next.
    pub(crate) fn groups(&self) -> usize {
        self.groups.as_ref().len()
    }

    /// How many dead resources wait for their finalizers.
    pub(crate) fn awaiting(&self) -> u32 {
        // Relaxed: a count. Whoever was told that something died, by whatever way, sees it.
        self.awaiting.load(Ordering::Relaxed)
    }

    /// How many were set aside, because their finalizers panicked.
    pub(crate) fn aside(&self) -> u32 {
        // Relaxed: as in `awaiting`.
        self.aside.load(Ordering::Relaxed)
    }

    /// How many slots have run out of versions.
    pub(crate) fn spent(&self) -> u32 {
        // Relaxed: a count.
        self.spent.load(Ordering::Relaxed)
    }

    /// How many slots have a resource that is alive, by age. (Each group is looked at once, so that none is counted twice.)
    pub(crate) fn aged(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for marks in (0..self.groups()).map(|group| self.marks(group)) {
            for age in [Age::Young, Age::Middle, Age::Old] {
                counts[age as usize] += marks::aged::<M::Group>(marks, age).len();
            }
        }
        counts
    }

    /// How many slots have a resource that is alive.
    pub(crate) fn alive(&self) -> usize {
        (0..self.groups()).map(|group| marks::alive::<M::Group>(self.marks(group)).len()).sum()
    }

    /// How many resources there ever were that are not there any more.
    pub(crate) fn ended(&self) -> u64 {
        self.slots().iter().map(|slot| u64::from(slot.hold.ended())).sum()
    }

    /// Puts a resource in. If there is no slot it comes back.
    ///
    /// `begin` sets the stamp; it runs no code of users.
    #[inline]
    pub(crate) fn insert(
        &self,
        resource: (R, O),
        keeper: Keeper,
        begin: impl FnOnce(&S),
    ) -> Result<Id, (R, O)> {
        let Some(at) = marks::claim(self.groups.as_ref(), self.starts.as_ref()) else {
            self.refuse();
            return Err(resource);
        };
        // SAFETY: it was claimed.
        Ok(unsafe { self.fill(at, resource, keeper, begin) })
    }

    /// There was no room.
    #[cold]
    fn refuse(&self) {
        // Relaxed: advice.
        self.refused.store(1, Ordering::Relaxed);
    }

    /// Whether there was no room for something since [`forget_refusals`](Self::forget_refusals).
    pub(crate) fn was_refused(&self) -> bool {
        // Relaxed: advice.
        self.refused.load(Ordering::Relaxed) != 0
    }

    pub(crate) fn forget_refusals(&self) {
        // Relaxed: advice.
        self.refused.store(0, Ordering::Relaxed);
    }

    /// As [`insert`](Self::insert), for who is alone.
    #[inline]
    pub(crate) fn insert_alone(&mut self, resource: (R, O), begin: impl FnOnce(&S)) -> Result<Id, (R, O)> {
        let Some(at) = marks::claim_alone(self.groups.as_ref(), self.starts.as_ref()) else {
            self.refuse();
            return Err(resource);
        };
        // SAFETY: it was claimed.
        Ok(unsafe { self.fill(at, resource, Keeper::Tracker, begin) })
    }

    /// # Safety
    ///
    /// The slot is empty and the caller's (OWNED).
    #[inline]
    unsafe fn fill(
        &self,
        (group, place): (usize, usize),
        resource: (R, O),
        keeper: Keeper,
        begin: impl FnOnce(&S),
    ) -> Id {
        #[expect(clippy::cast_possible_truncation, reason = "there are at most MOST slots")]
        let index = (group * M::Group::SLOTS + place) as u32;
        let slot = self.slot(index);
        // SAFETY: OWNED.
        unsafe { slot.cell.write(resource) };
        begin(&slot.stamp);
        let id = Id::new(index, slot.hold.version());
        slot.hold.begin(keeper);
        id
    }

    /// Marks what died.
    fn bury(&self, index: u32) {
        // Relaxed: the mark that follows releases it.
        self.awaiting.fetch_add(1, Ordering::Relaxed);
        let (group, place) = self.group(index);
        marks::bury(group, place);
        self.begin_near(index);
    }

    /// The next search for what is dead begins at this slot's group.
    fn begin_near(&self, index: u32) {
        // Relaxed: only where to begin.
        self.dead_near.store(index / Self::GROUP, Ordering::Relaxed);
    }

    /// The slots of a group with something alive of this age.
    pub(crate) fn aged_in(&self, group: usize, age: Age) -> Indices {
        Self::indices(group, marks::aged::<M::Group>(self.marks(group), age))
    }

    /// The slots of a group with something alive.
    pub(crate) fn alive_in(&self, group: usize) -> Indices {
        Self::indices(group, marks::alive::<M::Group>(self.marks(group)))
    }

    /// The slots of a group that are taken.
    fn taken_in(&self, group: usize) -> impl Iterator<Item = u32> {
        let taken = Self::indices(group, marks::taken::<M::Group>(self.marks(group)));
        // Some of the last group may be shut, and not exist.
        let capacity = self.capacity();
        taken.filter(move |&index| (index as usize) < capacity)
    }

    fn marks(&self, group: usize) -> Word {
        // Relaxed: who acts on what it sees claims or pins it.
        self.groups.as_ref()[group].load(Ordering::Relaxed)
    }

    #[expect(clippy::cast_possible_truncation, reason = "there are at most MOST slots")]
    fn indices(group: usize, places: Places) -> Indices {
        Indices { first: (group * M::Group::SLOTS) as u32, places }
    }

    /// Claims the finalization of something dead that waits.
    pub(crate) fn claim_dead(&self) -> Option<Dead<'_, R, S, O, M>> {
        // Relaxed: only where to begin.
        let first = self.dead_near.load(Ordering::Relaxed) as usize;
        let index = (first..self.groups()).chain(0..first).find_map(|group| {
            let mut dead = Self::indices(group, marks::dead::<M::Group>(self.marks(group)));
            dead.find(|&index| self.claim_dead_in(index))
        })?;
        self.begin_near(index);
        Some(Dead { core: self, index })
    }

    /// Claims the finalization of what is dead in a slot, unless somebody looks at it.
    fn claim_dead_in(&self, index: u32) -> bool {
        let (group, place) = self.group(index);
        if !marks::claim_dead(group, place) {
            return false;
        }
        if self.looks.is_watched(index) {
            marks::bury(group, place);
            return false;
        }
        // It counts as alive no more.
        marks::set_aside(group, place);
        // Relaxed: a count.
        self.awaiting.fetch_sub(1, Ordering::Relaxed);
        true
    }

    /// Lets `read` look at what has this name, if it is alive: without a pin. None if it isn't; the closure comes back if there is no
    /// cell to announce the look.
    #[inline]
    pub(crate) fn look<T, F: FnOnce(&(R, O), &S) -> T>(&self, id: Id, read: F) -> Result<Option<T>, F> {
        let Some(slot) = self.slots().get(id.index() as usize) else { return Ok(None) };
        // Who asks for what is gone is not to keep what is there now from being taken out.
        if !slot.hold.may_be(id.version()) {
            return Ok(None);
        }
        let Some(_look) = self.looks.announce(id.index()) else { return Err(read) };
        if !slot.hold.is_live_as(id.version()) {
            return Ok(None);
        }
        // SAFETY: PINNED, by a look, and FULL.
        Ok(Some(read(unsafe { slot.cell.get() }, &slot.stamp)))
    }

    /// Whether what had this name, and was looked at until now, waits for its finalizer: it may have waited for the end of the look.
    #[inline]
    pub(crate) fn has_died(&self, id: Id) -> bool {
        self.slots().get(id.index() as usize).is_some_and(|slot| slot.hold.seen().is_dead())
    }

    /// Takes out one that was set aside.
    pub(crate) fn take_aside(&self) -> Option<(R, O)> {
        if self.aside() == 0 {
            return None;
        }
        let index = (0..self.groups()).flat_map(|group| self.taken_in(group)).find(|&index| {
            let hold = &self.slot(index).hold;
            hold.seen().is_aside() && hold.take_aside()
        })?;
        // Relaxed: a count.
        self.aside.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: it was taken.
        Some(unsafe { self.empty(index) })
    }

    /// Takes the resource out and gives the slot back.
    ///
    /// # Safety
    ///
    /// The slot is full (FULL) and the caller's (OWNED), who does not use it any more.
    #[inline]
    unsafe fn empty(&self, index: u32) -> (R, O) {
        // SAFETY: OWNED and FULL.
        let resource = unsafe { self.slot(index).cell.take() };
        self.free(index);
        resource
    }

    /// Gives a slot back that the caller owned and has emptied.
    #[inline]
    fn free(&self, index: u32) {
        self.free_by(index, marks::release);
    }

    /// By what takes the marks away: of a group, from its groups, with their starts.
    #[inline]
    fn free_by(&self, index: u32, release: impl FnOnce(&[M::Group], &[Start], usize, usize)) {
        if self.slot(index).hold.free() {
            let (group, place) = Self::at(index);
            release(self.groups.as_ref(), self.starts.as_ref(), group, place);
        } else {
            self.spend(index);
        }
    }

    /// The slot has run out of versions.
    #[cold]
    fn spend(&self, index: u32) {
        let (group, place) = self.group(index);
        marks::set_aside(group, place);
        // Relaxed: a count.
        self.spent.fetch_add(1, Ordering::Relaxed);
    }

    /// What is alive under this name, for who is alone. (A pin that is left is that of a handle which was leaked, and can't be used.)
    #[inline]
    pub(crate) fn get_alone(&mut self, id: Id) -> Option<&mut (R, O)> {
        let slot = self.slots().get(id.index() as usize)?;
        if !slot.hold.seen().is_live() || slot.hold.version() != id.version() {
            return None;
        }
        // SAFETY: FULL, and `&mut` says that nobody else is there.
        Some(unsafe { slot.cell.get_mut() })
    }

    /// When what is alive under this name ends, for who is alone.
    pub(crate) fn stamp_alone(&mut self, id: Id) -> Option<&S> {
        self.get_alone(id)?;
        Some(&self.slot(id.index()).stamp)
    }

    /// Takes out what is alive under this name, for who is alone.
    #[inline]
    pub(crate) fn remove_alone(&mut self, id: Id) -> Option<(R, O)> {
        self.get_alone(id)?;
        // SAFETY: FULL, and `&mut` says that nobody else is there.
        let resource = unsafe { self.slot(id.index()).cell.take() };
        self.free_by(id.index(), marks::release_alone);
        Some(resource)
    }

    /// What is alive, for who is alone.
    #[inline]
    pub(crate) fn iter_alone(&mut self) -> impl Iterator<Item = (Id, &mut (R, O))> {
        (0..).zip(self.slots()).filter_map(|(index, slot)| {
            if !slot.hold.seen().is_live() {
                return None;
            }
            // SAFETY: FULL, and `&mut` says that nobody else is there; each slot is visited once.
            Some((Id::new(index, slot.hold.version()), unsafe { slot.cell.get_mut() }))
        })
    }

    /// Lets everything die that is alive or was set aside, whatever pins are left, and gives it to be finalized.
    pub(crate) fn end_alone(&mut self) -> impl Iterator<Item = Last<'_, R, S, O, M>> {
        let core = &*self;
        (0..core.groups()).flat_map(move |group| core.taken_in(group)).filter_map(move |index| {
            let seen = core.slot(index).hold.seen();
            let full = seen.is_alive() || seen.is_dead() || seen.is_aside();
            full.then(|| Last { dead: Dead { core, index }, was_aside: seen.is_aside() })
        })
    }

    fn id(&self, index: u32) -> Id {
        Id::new(index, self.slot(index).hold.version())
    }

    /// For tests: as if each slot had had so many resources. Nothing is in them.
    pub(crate) fn skip_to(&mut self, ended: u32) {
        self.slots().iter().for_each(|slot| slot.hold.skip_to(ended));
    }

    /// Looks at every word.
    ///
    /// # Panics
    ///
    /// If, at rest, one does not fit the others.
    pub(crate) fn validate(&self) {
        let [mut dead, mut aside, mut spent] = [0; 3];
        for index in 0..u32::try_from(self.capacity()).expect("there are at most MOST slots") {
            let (group, place) = self.group(index);
            let seen = self.slot(index).hold.seen();
            self.slot(index).cell.show();
            let _ = self.slot(index).hold.ended();
            let set_aside = seen.is_aside() || seen.is_spent();
            assert!(
                marks::is(group, place, !seen.is_empty(), seen.is_dead(), set_aside),
                "the marks of slot {index} are those of another state"
            );
            assert!(
                seen.is_empty() || seen.is_alive() || seen.is_dead() || set_aside,
                "slot {index} belongs to somebody"
            );
            dead += u32::from(seen.is_dead());
            aside += u32::from(seen.is_aside());
            spent += u32::from(seen.is_spent());
        }
        assert_eq!((self.awaiting(), self.aside(), self.spent()), (dead, aside, spent), "counted wrong");
        // Relaxed: as in `claim_dead`.
        let near = self.dead_near.load(Ordering::Relaxed) as usize;
        assert!(near < self.groups().max(1), "the search for the dead begins outside");
        self.starts.as_ref().iter().for_each(Start::show);
        self.looks.show();
    }
}

/// Some slots of a group.
pub(crate) struct Indices {
    first: u32,
    places: Places,
}

impl Iterator for Indices {
    type Item = u32;

    #[expect(clippy::cast_possible_truncation, reason = "there are at most MOST slots")]
    fn next(&mut self) -> Option<u32> {
        Some(self.first + self.places.next()? as u32)
    }
}

impl<R, S: Stamp, O, M: Slots> Drop for Core<R, S, O, M> {
    /// Drops what is left. (A tracker finalizes it before.)
    fn drop(&mut self) {
        super::for_each_surely(self.end_alone(), |last| last.dead.clear());
    }
}

/// What of a live resource is to be seen from outside.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) id: Id,
    pub(crate) handles: u32,
    pub(crate) is_kept: bool,
}

/// One of those that a tracker ends with.
pub(crate) struct Last<'a, R, S: Stamp, O, M: Slots> {
    pub(crate) dead: Dead<'a, R, S, O, M>,
    /// Whether it had been set aside.
    pub(crate) was_aside: bool,
}

/// A dead resource whose finalization is the caller's. If this is dropped before it was cleared, the resource is set aside.
pub(crate) struct Dead<'a, R, S: Stamp, O, M: Slots> {
    core: &'a Core<R, S, O, M>,
    index: u32,
}

impl<R, S: Stamp, O, M: Slots> Dead<'_, R, S, O, M> {
    pub(crate) fn get_mut(&mut self) -> &mut (R, O) {
        // SAFETY: OWNED and FULL.
        unsafe { self.core.slot(self.index).cell.get_mut() }
    }

    /// Drops the resource and gives the slot back, also if the drop panics.
    pub(crate) fn clear(self) {
        struct Free<'a, R, S: Stamp, O, M: Slots>(&'a Core<R, S, O, M>, u32);
        impl<R, S: Stamp, O, M: Slots> Drop for Free<'_, R, S, O, M> {
            fn drop(&mut self) {
                self.0.free(self.1);
            }
        }
        let dead = ManuallyDrop::new(self);
        let free = Free(dead.core, dead.index);
        // SAFETY: OWNED and FULL; it is not used any more.
        unsafe { dead.core.slot(dead.index).cell.drop_in_place() };
        drop(free);
    }
}

impl<R, S: Stamp, O, M: Slots> Drop for Dead<'_, R, S, O, M> {
    fn drop(&mut self) {
        // Relaxed: counted before it can be taken, so that it is never less than what can be.
        self.core.aside.fetch_add(1, Ordering::Relaxed);
        self.core.slot(self.index).hold.set_aside();
    }
}

/// What has a core in it. In this crate the trackers, each of which has one, and always the same.
pub trait Tracks {
    #[doc(hidden)]
    type Resource;
    #[doc(hidden)]
    type Stamp: Stamp;
    #[doc(hidden)]
    type Origin;
    #[doc(hidden)]
    type Slots: Slots;
    #[doc(hidden)]
    fn core(&self) -> &CoreOf<Self>;
    /// A use ends of what a use changes.
    #[doc(hidden)]
    fn extend(&self, stamp: &Self::Stamp);
    /// Whether what has this stamp is not over. If so, this was a use of it.
    #[doc(hidden)]
    fn admits(&self, stamp: &Self::Stamp) -> bool;
    /// Something died.
    #[doc(hidden)]
    fn died(&self);
}

/// See [`Tracks`].
pub type CoreOf<T> =
    Core<<T as Tracks>::Resource, <T as Tracks>::Stamp, <T as Tracks>::Origin, <T as Tracks>::Slots>;

/// What keeps a tracker while it is pinned: a borrow of it, or a share.
pub trait Owner: sealed::Owner {
    #[doc(hidden)]
    type Tracker: Tracks;
    #[doc(hidden)]
    fn tracker(&self) -> &Self::Tracker;
}

impl<T: Tracks> Owner for &T {
    type Tracker = T;

    #[inline]
    fn tracker(&self) -> &T {
        self
    }
}

/// A pin on a resource, until it is dropped. If it is a `USE`, of what a use changes, its end is one too.
pub(crate) struct Pin<O: Owner, const USE: bool> {
    owner: O,
    index: u32,
}

type ResourceOf<O> = <<O as Owner>::Tracker as Tracks>::Resource;
type OriginOf<O> = <<O as Owner>::Tracker as Tracks>::Origin;
type StampOf<O> = <<O as Owner>::Tracker as Tracks>::Stamp;

/// What is in this slot has died: it is marked, and who waits is told.
fn bury<T: Tracks>(tracker: &T, index: u32) {
    tracker.core().bury(index);
    tracker.died();
}

/// If somebody took the last pin of a resource away and stands before he can say that it died, says it for him. True if so.
pub(crate) fn help<T: Tracks>(tracker: &T, index: u32) -> bool {
    let helps = tracker.core().slot(index).hold.bury_left() == Unpinned::Died;
    if helps {
        bury(tracker, index);
    }
    helps
}

/// Puts a resource in, with a pin for the caller.
#[inline]
pub(crate) fn insert_pinned<O: Owner>(
    owner: O,
    resource: (ResourceOf<O>, OriginOf<O>),
    begin: impl FnOnce(&StampOf<O>),
) -> Result<Pin<O, true>, (ResourceOf<O>, OriginOf<O>)> {
    let id = owner.tracker().core().insert(resource, Keeper::Handle, begin)?;
    Ok(Pin { owner, index: id.index() })
}

impl<O: Owner> Pin<O, false> {
    /// Pins what has this name, which probably nobody pins but who is `expected`.
    #[inline]
    pub(crate) fn new(owner: O, id: Id, expected: Keeper) -> Option<Self> {
        let slot = owner.tracker().core().slots().get(id.index() as usize)?;
        // As in `look`.
        if !slot.hold.may_be(id.version()) || !slot.hold.pin(expected) {
            return None;
        }
        let pin = Self { owner, index: id.index() };
        // The version can't change now, and what was there before has been acquired.
        (pin.id() == id).then_some(pin)
    }

    /// Pins what is alive in a slot, whatever it is; also what is not found any more, but held.
    pub(crate) fn of_slot(owner: O, index: u32) -> Option<Self> {
        // Not `then_some`, which would make a pin also where there is none, and end it.
        owner.tracker().core().slot(index).hold.pin_held().then(|| Self { owner, index })
    }

    /// The pin becomes a use.
    #[inline]
    pub(crate) fn into_use(self) -> Pin<O, true> {
        let (owner, index) = self.into_parts();
        Pin { owner, index }
    }

    /// The resource has survived a sweep.
    pub(crate) fn grow(&self) {
        let (group, place) = self.owner.tracker().core().group(self.index);
        marks::grow(group, place, self.age());
    }

    /// Lets the resource die that the tracker keeps and nobody else pins. True if it did.
    pub(crate) fn die(self) -> bool {
        if self.slot().hold.die_if_alone() == Unpinned::Left {
            return false;
        }
        let (owner, index) = self.into_parts();
        bury(owner.tracker(), index);
        true
    }
}

impl<O: Owner> Pin<O, true> {
    /// Another pin on the same, by another owner. None if there are too many.
    pub(crate) fn again(&self, owner: O) -> Option<Self> {
        debug_assert!(
            core::ptr::eq(owner.tracker(), self.owner.tracker()),
            "the other owner has another tracker"
        );
        // As in `of_slot`.
        self.slot().hold.pin_again().then(|| Self { owner, index: self.index })
    }
}

impl<O: Owner, const USE: bool> Pin<O, USE> {
    /// The pin without its end.
    #[inline]
    fn into_parts(self) -> (O, u32) {
        let pin = ManuallyDrop::new(self);
        // SAFETY: the pin is not dropped, so the owner has moved.
        (unsafe { core::ptr::read(&raw const pin.owner) }, pin.index)
    }

    #[inline]
    fn slot(&self) -> &Slot<ResourceOf<O>, StampOf<O>, OriginOf<O>> {
        self.owner.tracker().core().slot(self.index)
    }

    #[inline]
    pub(crate) fn get(&self) -> &(ResourceOf<O>, OriginOf<O>) {
        // SAFETY: PINNED and FULL; by ALIVE the core is that of the pin.
        unsafe { self.slot().cell.get() }
    }

    #[inline]
    pub(crate) fn owner(&self) -> &O {
        &self.owner
    }

    #[inline]
    pub(crate) fn stamp(&self) -> &StampOf<O> {
        &self.slot().stamp
    }

    #[inline]
    pub(crate) fn id(&self) -> Id {
        self.owner.tracker().core().id(self.index)
    }

    pub(crate) fn age(&self) -> Age {
        let (group, place) = self.owner.tracker().core().group(self.index);
        marks::age(group, place)
    }

    /// What is to be seen from outside, without this pin.
    pub(crate) fn known(&self) -> Known {
        let seen = self.slot().hold.seen();
        Known { id: self.id(), handles: seen.pins() - 1, is_kept: seen.is_kept() }
    }

    /// Takes the resource out if nobody else holds it. Else nobody finds it any more.
    #[inline]
    pub(crate) fn take(self) -> Taken<(ResourceOf<O>, OriginOf<O>)> {
        if !self.slot().hold.take_if_alone() {
            return if self.slot().hold.end() { Taken::Held } else { Taken::Ended };
        }
        let (owner, index) = self.into_parts();
        let tracker = owner.tracker();
        if tracker.core().looks.is_watched(index) {
            tracker.core().slot(index).hold.lay_down();
            bury(tracker, index);
            return Taken::Held;
        }
        // SAFETY: it was taken, and nobody looks at it.
        Taken::It(unsafe { tracker.core().empty(index) })
    }
}

/// What became of a resource that was to be taken out.
pub(crate) enum Taken<T> {
    /// Here it is.
    It(T),
    /// Somebody holds it. It will be finalized.
    Held,
    /// Somebody holds it, and it had been so before.
    Ended,
}

impl<O: Owner, const USE: bool> Drop for Pin<O, USE> {
    #[inline]
    fn drop(&mut self) {
        /// The pin goes also if the clock panics.
        struct Unpin<'a, T: Tracks>(&'a T, u32);
        impl<T: Tracks> Drop for Unpin<'_, T> {
            #[inline]
            fn drop(&mut self) {
                if self.0.core().slot(self.1).hold.unpin() == Unpinned::Died {
                    bury(self.0, self.1);
                }
            }
        }
        let tracker = self.owner.tracker();
        let _unpin = Unpin(tracker, self.index);
        if USE && StampOf::<O>::EXTENDS {
            tracker.extend(&self.slot().stamp);
        }
    }
}

pub(super) mod sealed {
    pub trait Sealed {}
    impl<const N: usize> Sealed for super::Inline<N> {}

    pub trait Owner {}
    impl<T: super::Tracks> Owner for &T {}
}
