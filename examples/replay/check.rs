//! What every run must have kept, checked each time: a figure of a cache that cheated is worth nothing.

use core::time::Duration;
use larder::stats::{CacheStats, PoolStats};
use larder::tracker::TrackerStats;

/// What a thread has counted on its way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) hits: usize,
    pub(crate) misses: usize,
    /// Hits that showed the buffer of another key.
    pub(crate) strangers: usize,
    /// Hits that showed what was over.
    pub(crate) outlived: usize,
    /// Misses for which the cache had no room.
    pub(crate) rejected: usize,
    /// The most entries that were seen at once.
    pub(crate) most_resident: usize,
    /// Spent on the requests alone; of several threads by the one that took longest.
    pub(crate) time: Duration,
}

impl Counts {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            misses: self.misses + other.misses,
            strangers: self.strangers + other.strangers,
            outlived: self.outlived + other.outlived,
            rejected: self.rejected + other.rejected,
            most_resident: self.most_resident.max(other.most_resident),
            time: self.time.max(other.time),
        }
    }
}

/// What one run has counted, and what the cache and the pool say at its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) capacity: usize,
    /// Bytes that the cache and its buffers take.
    pub(crate) memory: usize,
    pub(crate) requests: usize,
    pub(crate) counts: Counts,
    pub(crate) resident: usize,
    pub(crate) cache: CacheStats,
    pub(crate) in_use: usize,
    pub(crate) pool: PoolStats,
    pub(crate) tracker: TrackerStats,
}

impl Tally {
    /// The promises that were broken, each in words.
    pub(crate) fn broken(&self) -> impl Iterator<Item = String> {
        self.promises_of_look_ups()
            .into_iter()
            .chain(self.promises_of_entries())
            .chain(self.promises_of_buffers())
            .filter_map(|(kept, words)| if kept { None } else { Some(words) })
    }

    fn promises_of_look_ups(&self) -> [(bool, String); 4] {
        let Self { requests, cache, counts, .. } = *self;
        let Counts { hits, misses, strangers, outlived, .. } = counts;
        [
            (
                hits + misses == requests,
                format!("{hits} hits and {misses} misses are not {requests} requests"),
            ),
            (
                (cache.hits, cache.misses) == (hits as u64, misses as u64),
                format!("the cache counted {} hits and {} misses", cache.hits, cache.misses),
            ),
            (strangers == 0, format!("{strangers} hits showed the value of another key")),
            (outlived == 0, format!("{outlived} hits showed a value whose time was over")),
        ]
    }

    /// Buffers that are alive though no entry holds them.
    pub(crate) fn leaked(&self) -> usize {
        self.tracker.live.saturating_sub(self.resident)
    }

    fn promises_of_entries(&self) -> [(bool, String); 3] {
        let Self { capacity, counts, resident, cache, pool, .. } = *self;
        let most = resident.max(counts.most_resident);
        let gone = cache.evicted + cache.expired + cache.removed + cache.replaced;
        let put = counts.misses as u64 - counts.rejected as u64 - u64::from(pool.exhausted);
        [
            (most <= capacity, format!("{most} entries are resident at capacity {capacity}")),
            (
                cache.inserted == put,
                format!("{put} entries were put in, and the cache counted {}", cache.inserted),
            ),
            (
                cache.inserted == resident as u64 + gone,
                format!("of {} entries put in, {resident} are resident and {gone} went", cache.inserted),
            ),
        ]
    }

    fn promises_of_buffers(&self) -> [(bool, String); 4] {
        let Self { resident, in_use, pool, tracker, .. } = *self;
        [
            (
                pool.in_use as usize == in_use,
                format!(
                    "the pool counted {} buffers in use, and {in_use} of its slots are taken",
                    pool.in_use
                ),
            ),
            (in_use == resident, format!("{in_use} buffers are in use for {resident} resident entries")),
            (
                tracker.live == resident,
                format!("{} buffers are alive for {resident} resident entries", tracker.live),
            ),
            (
                tracker.tracked == tracker.live as u64 + tracker.untracked,
                format!(
                    "of {} buffers {} are alive and {} cleaned up",
                    tracker.tracked, tracker.live, tracker.untracked
                ),
            ),
        ]
    }
}
