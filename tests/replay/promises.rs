//! What the example checks in every run.

use crate::check::Tally;
use core::time::Duration;
use larder::stats::{CacheStats, PoolStats};

/// A run that kept all promises: capacity 3, 10 requests for 6 keys.
fn good_tally() -> Tally {
    let mut cache = CacheStats::default();
    (cache.hits, cache.misses, cache.inserted, cache.evicted) = (4, 6, 6, 3);
    let mut pool = PoolStats::default();
    pool.in_use = 3;
    Tally {
        memory: 0,
        capacity: 3,
        requests: 10,
        hits: 4,
        misses: 6,
        strangers: 0,
        resident: 3,
        cache,
        in_use: 3,
        pool,
        time: Duration::ZERO,
    }
}

#[test]
fn a_run_that_kept_its_promises_has_none_broken() {
    assert_eq!(good_tally().broken().count(), 0);
}

#[test]
fn every_broken_promise_is_seen() {
    type Spoil = fn(&mut Tally);
    let wrong: [(Spoil, &str); 7] = [
        (|tally| tally.requests = 11, "4 hits and 6 misses are not 11 requests"),
        (|tally| tally.cache.hits = 5, "the cache counted 5 hits and 6 misses"),
        (|tally| tally.strangers = 1, "1 hits showed the value of another key"),
        (|tally| tally.capacity = 2, "3 entries are resident at capacity 2"),
        (|tally| tally.cache.evicted = 2, "of 6 entries put in, 3 are resident and 2 went"),
        (|tally| tally.pool.in_use = 2, "the pool counted 2 buffers in use, and 3 of its slots are taken"),
        (|tally| (tally.in_use, tally.pool.in_use) = (4, 4), "4 buffers are in use for 3 resident entries"),
    ];
    for (spoil, words) in wrong {
        let mut tally = good_tally();
        spoil(&mut tally);
        assert_eq!(tally.broken().collect::<Vec<_>>(), [words]);
    }
}
