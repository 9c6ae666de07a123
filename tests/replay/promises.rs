//! What the example checks in every run.

use crate::check::{Counts, Tally};
use core::time::Duration;
use larder::stats::{CacheStats, PoolStats};
use larder::tracker::TrackerStats;

/// A run that kept all promises: capacity 3, 10 requests for 6 keys.
fn good_tally() -> Tally {
    let mut cache = CacheStats::default();
    (cache.hits, cache.misses, cache.inserted, cache.evicted) = (4, 6, 6, 3);
    let mut pool = PoolStats::default();
    pool.in_use = 3;
    let mut tracker = TrackerStats::default();
    (tracker.tracked, tracker.live, tracker.untracked) = (6, 3, 3);
    Tally {
        memory: 0,
        capacity: 3,
        requests: 10,
        counts: Counts { hits: 4, misses: 6, most_resident: 3, ..Counts::default() },
        resident: 3,
        cache,
        in_use: 3,
        pool,
        tracker,
    }
}

#[test]
fn a_run_that_kept_its_promises_has_none_broken() {
    assert_eq!(good_tally().broken().count(), 0);
}

#[test]
fn what_threads_counted_is_put_together() {
    let one =
        Counts { hits: 1, strangers: 2, most_resident: 9, time: Duration::from_secs(3), ..Counts::default() };
    let other = Counts {
        hits: 10,
        misses: 5,
        outlived: 7,
        rejected: 4,
        most_resident: 8,
        time: Duration::from_secs(5),
        ..one
    };
    let both = Counts {
        hits: 11,
        misses: 5,
        strangers: 4,
        outlived: 7,
        rejected: 4,
        most_resident: 9,
        time: Duration::from_secs(5),
    };
    assert_eq!(format!("{:?}", one.and(other)), format!("{both:?}"));
}

#[test]
fn every_broken_promise_is_seen() {
    type Spoil = fn(&mut Tally);
    let wrong: [(Spoil, &str); 13] = [
        (|tally| tally.requests = 11, "4 hits and 6 misses are not 11 requests"),
        (|tally| tally.cache.hits = 5, "the cache counted 5 hits and 6 misses"),
        (|tally| tally.counts.strangers = 1, "1 hits showed the value of another key"),
        (|tally| tally.counts.outlived = 1, "1 hits showed a value whose time was over"),
        (|tally| tally.capacity = 2, "3 entries are resident at capacity 2"),
        (|tally| tally.counts.most_resident = 4, "4 entries are resident at capacity 3"),
        (|tally| tally.counts.rejected = 1, "5 entries were put in, and the cache counted 6"),
        (|tally| tally.pool.exhausted = 1, "5 entries were put in, and the cache counted 6"),
        (|tally| tally.cache.evicted = 2, "of 6 entries put in, 3 are resident and 2 went"),
        (|tally| tally.pool.in_use = 2, "the pool counted 2 buffers in use, and 3 of its slots are taken"),
        (|tally| (tally.in_use, tally.pool.in_use) = (4, 4), "4 buffers are in use for 3 resident entries"),
        (
            |tally| (tally.tracker.live, tally.tracker.tracked) = (4, 7),
            "4 buffers are alive for 3 resident entries",
        ),
        (|tally| tally.tracker.untracked = 2, "of 6 buffers 3 are alive and 2 cleaned up"),
    ];
    for (spoil, words) in wrong {
        let mut tally = good_tally();
        spoil(&mut tally);
        assert_eq!(tally.broken().collect::<Vec<_>>(), [words]);
    }
}
