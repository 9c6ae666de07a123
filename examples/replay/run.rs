//! One run: a stream of keys through a cache of one capacity.

use crate::buffers::{self, Buffers};
use crate::check::Tally;
use crate::progress::Progress;
use crate::subject::{Kind, Subject};
use core::time::Duration;
use larder::CapacityError;
use larder::cache::LruCache;
use std::time::Instant;

/// Requests between two looks at the clock: few enough for a bar that moves, so many that the looks cost nothing.
const PART: usize = 1 << 16;

/// What to run.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) kind: Kind,
    pub(crate) capacity: usize,
    pub(crate) buffer_size: usize,
}

impl Setup {
    /// Replays the keys.
    pub(crate) fn run(&self, keys: &[u64], progress: &Progress) -> Result<Tally, CapacityError> {
        match self.kind {
            Kind::Lru => self.run_on(LruCache::try_with_capacity(self.capacity)?, keys, progress),
        }
    }

    fn run_on(&self, cache: impl Subject, keys: &[u64], progress: &Progress) -> Result<Tally, CapacityError> {
        let pool = buffers::pool_for(self.capacity, self.buffer_size)?;
        let memory = cache.memory_size() + buffers::memory_size(self.capacity, self.buffer_size);
        Ok(Tally { capacity: self.capacity, memory, ..replay(cache, &pool, keys, progress) })
    }
}

/// What is counted on the way.
#[derive(Default)]
struct Counts {
    hits: usize,
    misses: usize,
    strangers: usize,
}

fn replay(mut cache: impl Subject, pool: &Buffers, keys: &[u64], progress: &Progress) -> Tally {
    let mut counts = Counts::default();
    let mut time = Duration::ZERO;
    for part in keys.chunks(PART) {
        let start = Instant::now();
        for &key in part {
            request(&mut cache, pool, key, &mut counts);
        }
        time += start.elapsed();
        progress.advance(part.len());
    }
    tally(&cache, pool, keys.len(), &counts, time)
}

#[inline]
fn request(cache: &mut impl Subject, pool: &Buffers, key: u64, counts: &mut Counts) {
    let mut own = true;
    if cache.look_up(key, |buffer| own = buffers::belongs_to(buffer, key)) {
        counts.hits += 1;
        counts.strangers += usize::from(!own);
        return;
    }
    counts.misses += 1;
    // A pool that has none counts it, and the request goes on without the cache.
    if let Ok(mut buffer) = pool.acquire_owned() {
        buffers::fill(&mut buffer, key);
        cache.put(key, buffer);
    }
}

fn tally(cache: &impl Subject, pool: &Buffers, requests: usize, counts: &Counts, time: Duration) -> Tally {
    let &Counts { hits, misses, strangers } = counts;
    Tally {
        capacity: 0,
        memory: 0,
        requests,
        hits,
        misses,
        strangers,
        resident: cache.resident(),
        cache: cache.stats(),
        in_use: pool.in_use(),
        pool: pool.stats(),
        time,
    }
}
