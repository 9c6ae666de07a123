//! What a part of a program's memory looks like at a moment.

use crate::error::NameProblem;
use crate::fixed::tracker::report::TrackerStats;
use crate::raw::marks::Age;
use crate::stats::{CacheStats, PoolStats};
use core::fmt;

/// What a [`Part`](crate::watch::Part) looks like at a moment.
///
/// While others work its numbers may be some operations apart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Reading {
    /// That of a pool.
    Pool(PoolReading),
    /// That of a cache.
    Cache(CacheReading),
    /// That of a tracker.
    Tracker(TrackerReading),
}

impl Reading {
    /// What kind of part it is of, in one word: `pool`, `tracker`, or what [`CacheKind`] says.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Pool(_) => "pool",
            Self::Cache(cache) => cache.kind.name(),
            Self::Tracker(_) => "tracker",
        }
    }

    /// How many objects, entries or resources there are: of a pool those that are out.
    pub const fn len(&self) -> usize {
        match self {
            Self::Pool(pool) => pool.in_use,
            Self::Cache(cache) => cache.entries,
            Self::Tracker(tracker) => tracker.stats.live,
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many there can be.
    pub const fn capacity(&self) -> usize {
        match self {
            Self::Pool(pool) => pool.capacity,
            Self::Cache(cache) => cache.capacity,
            Self::Tracker(tracker) => tracker.stats.capacity,
        }
    }

    /// The part of the capacity that is taken, from 0 to 1; 0 where there is none. (In a tracker also what is dead keeps its slot until it
    /// is finalized.)
    #[expect(clippy::cast_precision_loss, reason = "a ratio is read by people")]
    pub fn utilization(&self) -> f32 {
        match self {
            Self::Tracker(tracker) => tracker.stats.utilization(),
            _ if self.capacity() == 0 => 0.0,
            _ => self.len() as f32 / self.capacity() as f32,
        }
    }

    /// What it has counted, if it is that of a cache that counts.
    pub(crate) fn cache_counts(&self) -> Result<CacheStats, NameProblem> {
        match self {
            Self::Cache(cache) => cache.counts.ok_or(NameProblem::NotCounted),
            other => Err(NameProblem::OtherKind { is: other.kind(), asked: "cache" }),
        }
    }

    /// How many bytes of memory it takes itself: without what its objects, keys and values own elsewhere.
    pub const fn bytes(&self) -> usize {
        match self {
            Self::Pool(PoolReading { bytes, .. })
            | Self::Cache(CacheReading { bytes, .. })
            | Self::Tracker(TrackerReading { bytes, .. }) => *bytes,
        }
    }
}

/// What a pool looks like at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolReading {
    /// Slots there are.
    pub capacity: usize,
    /// Objects that are out.
    pub in_use: usize,
    /// Objects that wait for their next user.
    pub idle: usize,
    /// What was counted, if the pool's recorder does that.
    pub counts: Option<PoolStats>,
    /// Bytes of memory of its slots, whether they are in use or not.
    pub bytes: usize,
}

/// What a cache looks like at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CacheReading {
    /// What kind of cache it is.
    pub kind: CacheKind,
    /// How many entries there can be.
    pub capacity: usize,
    /// How many there are. (Also those that are over and were not yet thrown out.)
    pub entries: usize,
    /// What was counted, if the cache's recorder does that.
    pub counts: Option<CacheStats>,
    /// Bytes of memory of its slots, whether they are in use or not.
    pub bytes: usize,
}

/// What a tracker looks like at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TrackerReading {
    /// What there is, by age, and what was counted.
    pub stats: TrackerStats,
    /// The sweep that is due, or goes on.
    pub due: Option<Age>,
    /// Bytes of memory of its slots, whether they are in use or not.
    pub bytes: usize,
}

/// Which cache of this crate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum CacheKind {
    /// An [`LruCache`](crate::cache::LruCache): exact.
    Lru,
    /// A [`TimedCache`](crate::cache::TimedCache): exact, with entries that end.
    Timed,
    /// A concurrent [`Cache`](crate::cache::Cache).
    Concurrent,
}

impl CacheKind {
    /// Its name in one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lru => "lru",
            Self::Timed => "timed",
            Self::Concurrent => "concurrent",
        }
    }
}

impl fmt::Display for CacheKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
