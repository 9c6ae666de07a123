//! What every run must have kept, checked each time: a figure of a cache that cheated is worth nothing.

use core::time::Duration;
use larder::stats::{CacheStats, PoolStats};

/// What one run has counted, and what the cache and the pool say at its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) capacity: usize,
    /// Bytes that the cache and its buffers take.
    pub(crate) memory: usize,
    pub(crate) requests: usize,
    pub(crate) hits: usize,
    pub(crate) misses: usize,
    /// Hits that showed the buffer of another key.
    pub(crate) strangers: usize,
    pub(crate) resident: usize,
    pub(crate) cache: CacheStats,
    pub(crate) in_use: usize,
    pub(crate) pool: PoolStats,
    /// Spent on the requests alone.
    pub(crate) time: Duration,
}

impl Tally {
    /// The promises that were broken, each in words.
    pub(crate) fn broken(&self) -> impl Iterator<Item = String> {
        self.promises().into_iter().filter(|(kept, _)| !kept).map(|(_, words)| words)
    }

    fn promises(&self) -> [(bool, String); 7] {
        let Self { capacity, requests, hits, misses, strangers, resident, cache, in_use, pool, .. } = *self;
        let gone = cache.evicted + cache.expired + cache.removed + cache.replaced;
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
            (resident <= capacity, format!("{resident} entries are resident at capacity {capacity}")),
            (
                cache.inserted == resident as u64 + gone,
                format!("of {} entries put in, {resident} are resident and {gone} went", cache.inserted),
            ),
            (
                pool.in_use as usize == in_use,
                format!(
                    "the pool counted {} buffers in use, and {in_use} of its slots are taken",
                    pool.in_use
                ),
            ),
            (in_use == resident, format!("{in_use} buffers are in use for {resident} resident entries")),
        ]
    }
}
