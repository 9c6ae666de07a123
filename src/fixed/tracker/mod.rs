//! `Tracker`: which resources are alive, and who cleans up the rest.

pub(crate) mod thresholds;

pub(crate) mod report;
pub(crate) mod setup;

pub(crate) mod handle;
mod sweeps;

pub(crate) mod upkeep;

use self::handle::{Handle, WeakHandle, find};
use self::report::{Living, TrackerStats};
use self::setup::{Finalizer, Placing, Tracked, Tracking};
use self::sweeps::Sweeps;
use super::cache::Removed;
use crate::error::Exhausted;
use crate::id::Id;
use crate::lifetime::{Stamp, Time, Timed};
use crate::raw::hold::Keeper;
use crate::raw::memory::Inline;
use crate::raw::tracked::{Core, Pin, Slots, Taken, Tracks, insert_pinned};
use crate::raw::waker::WakerCell;
use crate::time::{Clock, Deadline, Instant};
use core::fmt;
use core::time::Duration;

/// How a tracker keeps time.
type TimeOf<R, C> = <C as Tracked<R>>::Time;
/// What a tracker keeps of when a resource ends.
type StampOf<R, C> = <TimeOf<R, C> as Time>::Stamp;
/// What a tracker keeps of where a resource is from.
type OriginOf<R, C> = <<C as Tracked<R>>::Places as Placing>::Origin;

/// Knows which resources are alive (files, buffers, sessions, DMA channels), names them, and cleans up the rest: when you say.
///
/// A resource is put in by [`track`](Self::track), and lives as long as there are handles of it; or by [`insert`](Self::insert), and
/// lives until its name is [removed](Self::remove), or a [sweep](Self::sweep) finds it idle, over, or of no more use. What has died
/// waits for its [finalizer](Tracking), which only [`drain`](Self::drain) calls: in a main loop, a background thread, or a
/// task. So to drop a handle is cheap anywhere.
///
/// `M` says where it lies: [`Inline<N>`](Inline) within the value itself, `const` and all zero, for a `static`; or `Heap`, with a
/// capacity of run time (`HeapTracker`). `C` is what it is made with.
///
/// To own objects that are used by one at a time take a pool instead; to remember results, a cache.
///
/// ```
/// use larder::tracker::{Handle, Inline, Tracker};
///
/// static SESSIONS: Tracker<&str, Inline<8>> = Tracker::new();
///
/// let session = SESSIONS.track("alice")?;
/// let id = Handle::id(&session);
/// assert_eq!(SESSIONS.get(id).as_deref(), Some(&"alice"));
///
/// drop(session); // dead, and waits
/// assert!(SESSIONS.get(id).is_none());
/// assert_eq!(SESSIONS.drain(8), 1); // cleaned up
/// # Ok::<(), larder::Exhausted<&str>>(())
/// ```
///
/// # Cost
///
/// The resource, 9 bytes a slot and what it takes to align them, and what its setup asks for: deadlines, [places](setup::Places). To put in is one atomic
/// read-modify-write if the slot where this thread looks first is free, to get and to let go one each, to remove three.
/// Nothing is counted on these ways: what [`stats`](Self::stats) says is found by looking at all slots.
///
/// # Contention, interrupts, panics
///
/// Lock-free. The calls that say so look at all slots, or their marks; the others take a number of steps that does not depend on how
/// many resources there are, but for the search of a free slot, which looks at the marks of each slot four times at most. A call that was interrupted or
/// stopped for ever at any point holds the slot it works on, and nothing else. No call of a user's code is made while anything is
/// half-changed: each may use the tracker, and may panic.
pub struct Tracker<R, M: Slots, C: Tracked<R> = Tracking> {
    // Before the rest: what is left in it may need that.
    core: Core<R, StampOf<R, C>, OriginOf<R, C>, M>,
    setup: C,
    sweeps: Sweeps,
    waker: WakerCell,
}

impl<R, const N: usize> Tracker<R, Inline<N>> {
    /// An empty tracker for `N` resources.
    pub const fn new() -> Self {
        Self::with(Tracking::new())
    }
}

impl<R, const N: usize, C: Tracked<R>> Tracker<R, Inline<N>, C> {
    /// An empty tracker for `N` resources, made with a setup. All zero if that is.
    pub const fn with(setup: C) -> Self {
        Self::of(Core::new(), setup)
    }
}

impl<R, M: Slots, C: Tracked<R>> Tracker<R, M, C> {
    pub(crate) const fn of(core: Core<R, StampOf<R, C>, OriginOf<R, C>, M>, setup: C) -> Self {
        Self { core, setup, sweeps: Sweeps::new(), waker: WakerCell::new() }
    }

    #[inline]
    fn time(&self) -> &TimeOf<R, C> {
        &self.setup.parts().time
    }

    /// What is put in now, with a name for where.
    #[inline]
    #[track_caller]
    fn origin(label: &'static str, now: Instant) -> OriginOf<R, C> {
        <C::Places as Placing>::here(label, now)
    }

    /// How many resources there can be.
    pub fn capacity(&self) -> usize {
        self.core.capacity()
    }

    /// How many bytes of memory the tracker takes, without what its resources own elsewhere. It does not depend on how many resources there
    /// are.
    pub fn memory_size(&self) -> usize {
        size_of::<Self>() + self.core.bytes_elsewhere()
    }

    /// Puts a resource in that lives as long as there are handles of it.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], with the resource in it, if there was no free slot where it looked. (What is dead keeps its slot until it is
    /// drained.)
    #[inline]
    #[track_caller]
    pub fn track(&self, resource: R) -> Result<Handle<&Self>, Exhausted<R>> {
        self.track_as("", resource)
    }

    /// As [`track`](Self::track), with a name by which reports call it, if the tracker remembers [places](setup::Places).
    ///
    /// # Errors
    ///
    /// As [`track`](Self::track).
    #[inline]
    #[track_caller]
    pub fn track_as(&self, label: &'static str, resource: R) -> Result<Handle<&Self>, Exhausted<R>> {
        Self::track_by(self, label, resource)
    }

    /// As [`track_as`](Self::track_as), by any owner.
    #[inline]
    #[track_caller]
    pub(crate) fn track_by<O>(owner: O, label: &'static str, resource: R) -> Result<Handle<O>, Exhausted<R>>
    where
        O: crate::raw::tracked::Owner<Tracker = Self>,
    {
        let tracker = owner.tracker();
        let (now, capacity) = (tracker.time().now(), tracker.capacity());
        let (end, idle) = (tracker.time().deadline(now), tracker.time().idle_deadline(now));
        insert_pinned(owner, (resource, Self::origin(label, now)), |stamp| stamp.begin(end, idle))
            .map(Handle::new)
            .map_err(|(resource, _)| Exhausted::new(resource, capacity))
    }

    /// Puts a resource in that the tracker keeps: until it is removed, or a sweep finds it to be of no more use.
    ///
    /// # Errors
    ///
    /// As [`track`](Self::track).
    #[inline]
    #[track_caller]
    pub fn insert(&self, resource: R) -> Result<Id, Exhausted<R>> {
        self.insert_as("", resource)
    }

    /// As [`insert`](Self::insert), with a name by which reports call it, if the tracker remembers [places](setup::Places).
    ///
    /// # Errors
    ///
    /// As [`track`](Self::track).
    #[inline]
    #[track_caller]
    pub fn insert_as(&self, label: &'static str, resource: R) -> Result<Id, Exhausted<R>> {
        let now = self.time().now();
        self.insert_until(resource, Self::origin(label, now), self.time().deadline(now), now)
    }

    #[inline]
    fn insert_until(
        &self,
        resource: R,
        origin: OriginOf<R, C>,
        end: Deadline,
        now: Instant,
    ) -> Result<Id, Exhausted<R>> {
        let idle = self.time().idle_deadline(now);
        let begin = |stamp: &StampOf<R, C>| stamp.begin(end, idle);
        let inserted = self.core.insert((resource, origin), Keeper::Tracker, begin);
        inserted.map_err(|(resource, _)| Exhausted::new(resource, self.capacity()))
    }

    /// A handle of what has this name, if it is alive: neither removed, nor dead, nor over. (Nor held by eight million handles.)
    ///
    /// With idle times, this is a use, and the end of the handle is one.
    #[inline]
    pub fn get(&self, id: Id) -> Option<Handle<&Self>> {
        find(self, id, Keeper::Tracker)
    }

    /// Lets `read` look at what has this name, if it is alive.
    ///
    /// On the heap this is the fastest way to read what others read too, since it writes nothing that they would have to wait for:
    /// [`get`](Self::get) does. In return it gives no handle: what is being read can be removed, or die, and only stays where it is
    /// until `read` returns. (A tracker [`Inline`] does the same by a handle.)
    ///
    /// With idle times, this is a use.
    ///
    /// ```
    /// use larder::tracker::HeapTracker;
    ///
    /// let tracker = HeapTracker::with_capacity(10);
    /// let id = tracker.insert(String::from("socket"))?;
    /// assert_eq!(tracker.read(id, |name| name.len()), Some(6));
    /// # Ok::<(), larder::Exhausted<String>>(())
    /// ```
    #[inline]
    pub fn read<T>(&self, id: Id, read: impl FnOnce(&R) -> T) -> Option<T> {
        /// Wakes who waits for what has died under the look; also if that panics.
        struct Tell<'a, R, M: Slots, C: Tracked<R>>(&'a Tracker<R, M, C>, Id);
        impl<R, M: Slots, C: Tracked<R>> Drop for Tell<'_, R, M, C> {
            #[inline]
            fn drop(&mut self) {
                if self.0.core.has_died(self.1) {
                    self.0.died();
                }
            }
        }
        let _tell = Tell(self, id);
        match self.core.look(id, |resource, stamp| self.admits(stamp).then(|| read(&resource.0))) {
            Ok(read) => read.flatten(),
            Err(look) => {
                let pin = Pin::new(self, id, Keeper::Tracker)?;
                look(pin.get(), pin.stamp())
            }
        }
    }

    /// A weak handle of what has this name, or had it, or will never have it.
    pub fn weak(&self, id: Id) -> WeakHandle<&Self> {
        WeakHandle::new(self, id)
    }

    /// Takes a resource out by its name, without finalizing it. It may be over, though not dead.
    ///
    /// If somebody holds it, it is [in use](Removed::InUse): it is not found any more, dies with its last handle, and is finalized.
    /// (So it can be if somebody looked at the slot just then. What has eight million handles is left as it is, and said to be absent.)
    #[inline]
    pub fn remove(&self, id: Id) -> Removed<R> {
        let Some(pin) = Pin::new(self, id, Keeper::Tracker) else { return Removed::Absent };
        removed(pin.take())
    }

    /// Takes out one whose finalizer has panicked, without finalizing it again. Looks for it at all slots.
    pub fn take_quarantined(&self) -> Option<R> {
        Some(self.core.take_aside()?.0)
    }

    /// What is alive. Each is looked at when its turn comes, under a pin, so a removal at that moment may find it in use.
    ///
    /// ```
    /// use larder::tracker::{HeapTracker, Tracking};
    ///
    /// let tracker = HeapTracker::with_capacity_and(10, Tracking::new().places());
    /// tracker.insert_as("socket", 7)?;
    /// let leaks: Vec<_> = tracker.report().collect();
    /// assert_eq!(leaks.len(), 1);
    /// assert_eq!(leaks[0].place.unwrap().label, "socket");
    /// println!("{}", leaks[0]); // 0v1 young, kept, "socket", since tick 0 at src/main.rs:4:9
    /// # Ok::<(), larder::Exhausted<i32>>(())
    /// ```
    pub fn report(&self) -> impl Iterator<Item = Living> {
        let alive = (0..self.core.groups()).flat_map(move |group| self.core.alive_in(group));
        alive.filter_map(move |index| Pin::of_slot(self, index)).map(|pin| {
            let known = pin.known();
            let place = <C::Places as Placing>::place(pin.get().1);
            Living { id: known.id, age: pin.age(), handles: known.handles, is_kept: known.is_kept, place }
        })
    }

    /// What there is, and what was counted. Looks at all slots; while others work, the numbers may be some operations apart.
    pub fn stats(&self) -> TrackerStats {
        let [young, middle, old] = self.core.aged();
        let (awaiting, quarantined) = (self.core.awaiting(), self.core.aside());
        let (untracked, live) = (self.core.ended(), young + middle + old);
        let (sweeps, visited) = self.sweeps.counts();
        TrackerStats {
            capacity: self.capacity(),
            tracked: untracked + live as u64 + u64::from(awaiting) + u64::from(quarantined),
            untracked,
            live,
            young,
            middle,
            old,
            awaiting,
            quarantined,
            retired_slots: self.core.spent(),
            sweeps,
            visited,
        }
    }

    /// The end: nobody else is there, and nobody will be.
    fn finalize_all(&mut self) {
        let finalizer = &self.setup.parts().finalizer;
        crate::raw::for_each_surely(self.core.end_alone(), |mut last| {
            if !last.was_aside {
                finalizer.finalize(&mut last.dead.get_mut().0);
            }
            last.dead.clear();
        });
    }

    #[doc(hidden)]
    pub fn validate(&self) {
        self.core.validate();
        self.sweeps.validate();
        self.waker.validate();
    }

    /// For tests: as if each slot had already had so many resources. The tracker is empty.
    #[doc(hidden)]
    pub fn skip_versions(&mut self, ended: u32) {
        self.core.skip_to(ended);
    }
}

/// For who has the tracker to himself: no atomic read-modify-writes, and no pins.
impl<R, M: Slots, C: Tracked<R>> Tracker<R, M, C> {
    /// As [`insert`](Self::insert).
    ///
    /// # Errors
    ///
    /// As [`track`](Self::track).
    #[inline]
    #[track_caller]
    pub fn insert_mut(&mut self, resource: R) -> Result<Id, Exhausted<R>> {
        let now = self.time().now();
        let (end, idle) = (self.time().deadline(now), self.time().idle_deadline(now));
        let inserted =
            self.core.insert_alone((resource, Self::origin("", now)), |stamp| stamp.begin(end, idle));
        inserted.map_err(|(resource, _)| Exhausted::new(resource, self.capacity()))
    }

    /// What has this name, if it is alive, to be changed. With idle times, this is a use.
    #[inline]
    pub fn get_mut(&mut self, id: Id) -> Option<&mut R> {
        if <StampOf<R, C>>::ENDS {
            let (now, time) = (self.setup.parts().time.now(), &self.setup.parts().time);
            let stamp = self.core.stamp_alone(id)?;
            if stamp.has_passed(now) {
                return None;
            }
            stamp.extend(time.idle_deadline(now));
        }
        self.core.get_alone(id).map(|(resource, _)| resource)
    }

    /// Takes out what has this name, if it is alive, without finalizing it.
    #[inline]
    pub fn remove_mut(&mut self, id: Id) -> Option<R> {
        self.core.remove_alone(id).map(|(resource, _)| resource)
    }

    /// All that are alive, and their names, in the order of slots. Looks at all slots.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Id, &mut R)> {
        self.core.iter_alone().map(|(id, (resource, _))| (id, resource))
    }
}

/// For trackers whose resources end.
impl<R, M: Slots, C: Tracked<R>> Tracker<R, M, C>
where
    C::Time: Timed,
{
    /// As [`insert`](Self::insert), for a time of its own.
    ///
    /// # Errors
    ///
    /// As [`track`](Self::track).
    #[track_caller]
    pub fn insert_for(&self, resource: R, ttl: Duration) -> Result<Id, Exhausted<R>> {
        let now = self.time().now();
        let ticks = <C::Time as Timed>::Clock::ticks(ttl);
        self.insert_until(resource, Self::origin("", now), self.time().deadline_after(now, ticks), now)
    }

    /// The clock.
    pub fn clock(&self) -> &<C::Time as Timed>::Clock {
        self.time().clock()
    }
}

/// For who took a resource out, or wanted to.
#[inline]
pub(super) fn removed<R, O>(taken: Taken<(R, O)>) -> Removed<R> {
    match taken {
        Taken::It((resource, _)) => Removed::Value(resource),
        Taken::Held => Removed::InUse,
        Taken::Ended => Removed::Absent,
    }
}

impl<R, M: Slots, C: Tracked<R>> Tracks for Tracker<R, M, C> {
    type Resource = R;
    type Stamp = StampOf<R, C>;
    type Origin = OriginOf<R, C>;
    type Slots = M;

    #[inline]
    fn core(&self) -> &Core<R, Self::Stamp, Self::Origin, M> {
        &self.core
    }

    fn extend(&self, stamp: &Self::Stamp) {
        stamp.extend(self.time().idle_deadline(self.time().now()));
    }

    #[inline]
    fn admits(&self, stamp: &Self::Stamp) -> bool {
        if !Self::Stamp::ENDS {
            return true;
        }
        let now = self.time().now();
        if stamp.has_passed(now) {
            return false;
        }
        if Self::Stamp::EXTENDS {
            stamp.extend(self.time().idle_deadline(now));
        }
        true
    }

    fn died(&self) {
        self.waker.wake();
    }
}

impl<R, M: Slots, C: Tracked<R>> Drop for Tracker<R, M, C> {
    /// Says what is still alive, and then finalizes it, and all that waits. Also what was leaked with its handle: nobody can use that
    /// any more.
    fn drop(&mut self) {
        /// All is finalized also if a leak check panics.
        struct End<'a, R, M: Slots, C: Tracked<R>>(&'a mut Tracker<R, M, C>);
        impl<R, M: Slots, C: Tracked<R>> Drop for End<'_, R, M, C> {
            fn drop(&mut self) {
                self.0.finalize_all();
            }
        }
        let end = End(self);
        for living in end.0.report() {
            end.0.setup.parts().finalizer.still_alive(&living);
        }
    }
}

impl<R, const N: usize> Default for Tracker<R, Inline<N>> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R, M: Slots, C: Tracked<R>> fmt::Debug for Tracker<R, M, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker")
            .field("capacity", &self.capacity())
            .field("live", &self.stats().live)
            .field("awaiting", &self.core.awaiting())
            .finish_non_exhaustive()
    }
}
