//! What is to be seen of a tracker.

use super::setup::Place;
use crate::id::Id;
use crate::raw::marks::Age;
use core::fmt;

/// A resource that is alive, as a report lists it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Living {
    /// Its name.
    pub id: Id,
    /// How many sweeps it has survived.
    pub age: Age,
    /// How many handles hold it. (Looks that others took at that moment are among them.)
    pub handles: u32,
    /// Whether the tracker keeps it without handles.
    pub is_kept: bool,
    /// Where it is from, if the tracker remembers [`Places`](crate::tracker::Places).
    pub place: Option<Place>,
}

/// As a line of text.
impl fmt::Display for Living {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, ", self.id, self.age.name())?;
        match (self.handles, self.is_kept) {
            (0, true) => f.write_str("kept")?,
            (1, _) => f.write_str("1 handle")?,
            (handles, _) => write!(f, "{handles} handles")?,
        }
        let Some(Place { location, label, since }) = self.place else { return Ok(()) };
        if !label.is_empty() {
            write!(f, ", {label:?}")?;
        }
        write!(f, ", since tick {} at {location}", since.ticks())
    }
}

/// What a tracker has counted, and what it found when it was asked.
///
/// At rest `tracked` is `live` plus `awaiting`, `quarantined` and `untracked`. Counts of sweeps have 32 bits, and wrap.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct TrackerStats {
    /// Slots there are.
    pub capacity: usize,
    /// Resources that were ever put in.
    pub tracked: u64,
    /// Those of them that are gone: finalized, or handed back.
    pub untracked: u64,
    /// Those that are alive.
    pub live: usize,
    /// Those of the living that no sweep has visited.
    pub young: usize,
    /// Those that have survived one.
    pub middle: usize,
    /// Those that have survived more.
    pub old: usize,
    /// Those that are dead and wait for their finalizers.
    pub awaiting: u32,
    /// Those whose finalizers have panicked.
    pub quarantined: u32,
    /// Slots that have run out of versions, and are not used again.
    pub retired_slots: u32,
    /// Sweeps of each kind that have ended: young, middle, old.
    pub sweeps: [u32; 3],
    /// Resources that sweeps have visited.
    pub visited: u32,
}

impl TrackerStats {
    /// The part of the slots that is taken, from 0 to 1; 0 where there are none.
    #[expect(clippy::cast_precision_loss, reason = "a ratio is read by people")]
    pub fn utilization(&self) -> f32 {
        if self.capacity == 0 { 0.0 } else { self.taken() as f32 / self.capacity as f32 }
    }

    /// How many slots are taken: also by what is dead, and those that are not used again.
    pub(crate) const fn taken(&self) -> u64 {
        let others = self.awaiting as u64 + self.quarantined as u64 + self.retired_slots as u64;
        others.saturating_add(self.live as u64)
    }
}

/// What a call of [`Tracker::sweep`](crate::tracker::Tracker::sweep) has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct TrackerSweep {
    /// The kind of sweep, if one was due or went on.
    pub kind: Option<Age>,
    /// Resources that were visited.
    pub visited: usize,
    /// Those of them that were of no more use, and died.
    pub unused: usize,
    /// Whether the sweep has not come to its end.
    pub is_left: bool,
}
