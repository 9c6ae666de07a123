//! One run: a stream of keys through a cache of one capacity.

use crate::buffers::{self, Buffers};
use crate::check::{Counts, Tally};
use crate::input::Trace;
use crate::progress::Progress;
use crate::subject::{Concurrent, Kind, Life, Subject, counted};
use crate::time::{Timeline, Timing, Ttl};
use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};
use larder::CapacityError;
use larder::cache::{Expiring, LruCache, TimedCache, Untimed};
use larder::time::Deadline;
use larder::tracker::Thresholds;
use std::thread;
use std::time::Instant;

/// Requests between two looks at the clock, and what a thread takes at a time: so few that all threads are at about the same
/// place of the stream, so many that they seldom meet to take some, and that the looks cost nothing.
const BLOCK: usize = 1 << 10;

/// What to run.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) kind: Kind,
    pub(crate) capacity: usize,
    pub(crate) buffer_size: usize,
    pub(crate) threads: usize,
    pub(crate) ttl: Option<Ttl>,
    pub(crate) thresholds: Thresholds,
}

/// What a run goes through.
struct Stream<'a> {
    trace: &'a Trace,
    /// The first request that no thread has taken.
    next: AtomicUsize,
    timeline: &'a Timeline,
    progress: &'a Progress,
}

impl Setup {
    /// Replays the stream.
    pub(crate) fn run(&self, trace: &Trace, progress: &Progress) -> Result<Tally, CapacityError> {
        let timeline = &Timeline::new();
        let stream = Stream { trace, next: AtomicUsize::new(0), timeline, progress };
        match (self.kind, self.ttl) {
            (Kind::Lru, _) => self.run_on(vec![LruCache::try_with_capacity(self.capacity)?], &stream),
            (Kind::Timed, _) => {
                let time = Expiring::new(timeline.clock());
                self.run_on(vec![TimedCache::try_with_capacity(self.capacity, time)?], &stream)
            }
            (Kind::Concurrent, None) => self.share(Untimed::new(), &stream),
            (Kind::Concurrent, Some(_)) => self.share(Expiring::new(timeline.clock()), &stream),
        }
    }

    fn share<L: Life<Stamp: Sync>>(&self, life: L, stream: &Stream<'_>) -> Result<Tally, CapacityError> {
        let cache: Concurrent<L> = Concurrent::<L>::try_with_capacity(self.capacity, counted(life))?;
        self.run_on(vec![&cache; self.threads], stream)
    }

    /// A thread for each of the subjects, which all are the same cache.
    fn run_on(&self, mut subjects: Vec<impl Subject>, stream: &Stream<'_>) -> Result<Tally, CapacityError> {
        let buffers = &Buffers::new(self.capacity, subjects.len(), self.buffer_size, self.thresholds)?;
        let counts = thread::scope(|scope| {
            let replay = |subject| scope.spawn(|| replay(subject, buffers, stream, self.capacity));
            let threads: Vec<_> = subjects.iter_mut().map(replay).collect();
            let each = threads.into_iter().map(|thread| match thread.join() {
                Ok(counts) => counts,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            each.fold(Counts::default(), Counts::and)
        });
        let cache = &subjects[0];
        Ok(Tally {
            capacity: self.capacity,
            memory: cache.memory_size() + buffers::memory_size(self.capacity, self.buffer_size),
            requests: stream.trace.keys.len(),
            counts,
            resident: cache.resident(),
            cache: cache.stats(),
            in_use: buffers.in_use(),
            pool: buffers.pool(),
            tracker: buffers.tracker(),
        })
    }
}

impl Stream<'_> {
    /// Takes the next requests.
    fn block(&self) -> Option<Range<usize>> {
        let requests = self.trace.keys.len();
        // Relaxed: the stream does not change, and who takes which part of it is all there is to this number.
        let from = self.next.fetch_add(BLOCK, Ordering::Relaxed);
        (from < requests).then(|| from..requests.min(from + BLOCK))
    }
}

/// What one thread does.
fn replay(cache: &mut impl Subject, buffers: &Buffers, stream: &Stream<'_>, capacity: usize) -> Counts {
    let mut counts = Counts::default();
    let mut unchecked = 0;
    while let Some(block) = stream.block() {
        let length = block.len();
        let start = Instant::now();
        for at in block {
            request(cache, buffers, stream, at, &mut counts);
        }
        buffers.sweep();
        counts.time += start.elapsed();
        stream.progress.advance(length);
        unchecked += length;
        // To count the entries may take a step for each.
        if unchecked >= capacity {
            counts.most_resident = counts.most_resident.max(cache.resident());
            unchecked = 0;
        }
    }
    counts
}

#[inline]
fn request(cache: &mut impl Subject, buffers: &Buffers, stream: &Stream<'_>, at: usize, counts: &mut Counts) {
    let (key, Timing { at, until }) = stream.trace.request(at);
    // Before the cache reads the clock: what was over then is over for the cache too.
    let now = stream.timeline.reach(at);
    let (mut own, mut over) = (true, false);
    let read = |buffer: &[u8], until: Deadline| {
        own = buffers::belongs_to(buffer, key);
        over = until.has_passed(now);
    };
    if cache.look_up(key, read) {
        counts.hits += 1;
        counts.strangers += usize::from(!own);
        counts.outlived += usize::from(over);
        return;
    }
    counts.misses += 1;
    // A pool that has none counts it, and the request goes on without the cache.
    if let Some(buffer) = buffers.take(key) {
        counts.rejected += usize::from(!cache.put(key, buffer, until));
        buffers.clean_up();
    }
}
