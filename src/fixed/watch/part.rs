//! What can be named and watched.

use super::reading::Reading;
use crate::fixed::held::Held;
use crate::fixed::tracker::report::Living;
use crate::maintenance::Maintained;
use crate::raw::marks::Age;
use core::any::{Any, type_name};
use core::fmt;
use core::ops::{AddAssign, Sub};
use core::panic::Location;
use core::task::Waker;

/// A part of a program's memory that can be named and watched: a pool, a cache, a tracker.
///
/// It is implemented for all of this crate (exact caches behind [`Shared`](crate::cache::Shared), a `RefCell` or a `Mutex`). Implement it for what
/// you have yourself and want to see beside them. None of it is called by the parts' own operations, which it does not cost anything.
///
/// ```
/// use larder::pool::BoxPool;
/// use larder::watch::{Part, Pressure};
///
/// static PACKETS: BoxPool<[u8; 64], 4> = BoxPool::new();
///
/// let packet = PACKETS.insert([0; 64])?;
/// assert_eq!(PACKETS.reading().utilization(), 0.25);
/// # Ok::<(), larder::Exhausted<[u8; 64]>>(())
/// ```
///
/// # Contention, interrupts, panics
///
/// As of the parts themselves. A reading looks at each slot, so it takes time proportional to the capacity; exact caches behind a lock
/// take that. [`relieve`](Self::relieve), [`empty`](Self::empty) and [`tidy`](Self::tidy) run destructors, which may panic: then the rest is
/// done by the next call.
pub trait Part: Any {
    /// What it looks like now.
    fn reading(&self) -> Reading;

    /// Does what is due, up to about `budget` steps: as [`Maintain::maintain`](crate::maintain::Maintain::maintain). Nothing, if nothing else is said.
    fn tidy(&self, budget: usize) -> Maintained {
        let _ = budget;
        Maintained::default()
    }

    /// Whether [`tidy`](Self::tidy) goes round: it says that something is left until it has seen all there is, and begins again with the
    /// next call. Of several such parts each is at rest, for whoever keeps them in order, when it has come to the end once. Not, if nothing else is said.
    fn goes_round(&self) -> bool {
        false
    }

    /// Does a slice of a complete cleanup, up to about `budget` steps, and says whether more is left: everything goes that is over, dead or of
    /// no more use, whether it is due or not. `cleanup` is new at the first slice, and handed on from one to the next. Nothing, if nothing
    /// else is said.
    fn clean(&self, cleanup: &mut Cleanup, budget: usize) -> bool {
        let _ = (cleanup, budget);
        false
    }

    /// Lets `waker` be woken when there is something to do that no clock foretells. Nothing, if nothing else is said.
    fn wake_when_untidy(&self, waker: &Waker) {
        let _ = waker;
    }

    /// Lets go of memory, as far as the pressure asks for it. Nothing, if nothing else is said.
    fn relieve(&self, pressure: Pressure) -> Relief {
        let _ = pressure;
        Relief::default()
    }

    /// Lets go of everything that is kept and not in use: idle objects of a pool, entries of a cache. What a tracker tracks stays.
    fn empty(&self) {}

    /// Tells what is in use, one by one: for a search after leaks. Nothing, if nothing else is said.
    fn report(&self, tell: &mut dyn FnMut(InUse)) {
        let _ = tell;
    }

    /// Where one of those that are in use was acquired or put in, if that is remembered. It isn't, if nothing else is said.
    fn in_use_at(&self) -> Option<&'static Location<'static>> {
        None
    }

    /// The name of its type.
    fn type_name(&self) -> &'static str {
        type_name::<Self>()
    }
}

/// Something that is in use: what a report tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum InUse {
    /// An object of a pool.
    Pooled(Held),
    /// A resource of a tracker.
    Tracked(Living),
}

/// As a line of text.
impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pooled(held) => held.fmt(f),
            Self::Tracked(living) => living.fmt(f),
        }
    }
}

/// How short memory is.
///
/// | | pools | caches | trackers |
/// |---|---|---|---|
/// | `Low` | half of the idle objects are dropped | entries that are over | a young sweep |
/// | `High` | all of them | and of the others the least used, until half of all are left | a middle sweep |
/// | `Critical` | all of them | all entries | an old sweep |
///
/// What is dead in a tracker is finalized at each level. Nothing is taken from anybody who uses it, and capacities stay.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Pressure {
    /// It would be good to have more of it.
    Low,
    /// It runs short.
    High,
    /// The next allocation may fail.
    Critical,
}

impl Pressure {
    /// How many of so many idle objects stay.
    pub(crate) const fn idle(self, idle: usize) -> usize {
        match self {
            Self::Low => idle / 2,
            Self::High | Self::Critical => 0,
        }
    }

    /// How many entries stay at most that are not over, if there are so many of all.
    pub(crate) const fn entries(self, entries: usize) -> usize {
        match self {
            Self::Low => usize::MAX,
            Self::High => entries / 2,
            Self::Critical => 0,
        }
    }

    /// What sweep is made.
    pub(crate) const fn sweep(self) -> Age {
        match self {
            Self::Low => Age::Young,
            Self::High => Age::Middle,
            Self::Critical => Age::Old,
        }
    }
}

/// What was let go of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Relief {
    /// Idle objects of pools.
    pub objects: usize,
    /// Entries of caches.
    pub entries: usize,
    /// Resources of trackers that were finalized.
    pub resources: usize,
}

/// A cleanup of a part that goes on, from slice to slice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cleanup {
    /// How far it has come, in whatever the part counts.
    pub position: usize,
    /// What was cleaned up so far.
    pub relief: Relief,
}

impl AddAssign for Relief {
    fn add_assign(&mut self, other: Self) {
        self.objects = self.objects.saturating_add(other.objects);
        self.entries = self.entries.saturating_add(other.entries);
        self.resources = self.resources.saturating_add(other.resources);
    }
}

impl Sub for Relief {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            objects: self.objects.saturating_sub(other.objects),
            entries: self.entries.saturating_sub(other.entries),
            resources: self.resources.saturating_sub(other.resources),
        }
    }
}
