//! A snapshot as a table.

#![cfg(not(any(larder_loom, larder_step)))]

extern crate alloc;

use alloc::sync::Arc;
use larder::stats::{CacheStats, PoolStats};
use larder::tracker::{Age, TrackerStats};
use larder::watch::{CacheKind, CacheReading, Line, PoolReading, Reading, Snapshot, TrackerReading};
use proptest::prelude::*;

fn pool(in_use: usize, capacity: usize, counts: Option<PoolStats>) -> Reading {
    Reading::Pool(PoolReading { capacity, in_use, idle: 1, counts, bytes: capacity * 100 })
}

fn cache(kind: CacheKind, counts: Option<CacheStats>) -> Reading {
    Reading::Cache(CacheReading { kind, capacity: 1_000, entries: 120, counts, bytes: 3 << 20 })
}

fn tracker(due: Option<Age>) -> Reading {
    let mut stats = TrackerStats::default();
    (stats.capacity, stats.live, stats.young, stats.middle, stats.old) = (64, 12, 7, 3, 2);
    (stats.awaiting, stats.quarantined) = (4, 1);
    Reading::Tracker(TrackerReading { stats, due, bytes: 1_023 })
}

fn pool_stats() -> PoolStats {
    let mut stats = PoolStats::default();
    (stats.high_water, stats.acquired, stats.exhausted) = (7, 1_203, 2);
    stats
}

fn cache_stats(hits: u64, misses: u64) -> CacheStats {
    let mut stats = CacheStats::default();
    (stats.hits, stats.misses, stats.evicted, stats.expired) = (hits, misses, 17, 0);
    stats
}

#[test]
fn each_kind_has_its_block() {
    let snapshot = Snapshot::new(vec![
        Line::new("dns", "answers", cache(CacheKind::Timed, Some(cache_stats(900_000, 1))), Some(5_000)),
        Line::new("net", "packets", pool(3, 8, Some(pool_stats())), None),
        Line::new("", "scratch", pool(0, 4, None), None),
        Line::new("", "sessions", tracker(Some(Age::Middle)), None),
        Line::new("web", "pages", cache(CacheKind::Concurrent, None), None),
        Line::new("web", "rests", cache(CacheKind::Lru, Some(cache_stats(0, 0))), None),
        Line::new("web", "tokens", tracker(None), Some(0)),
    ]);
    let expected = "\
pool         in use   used  high water  idle  acquired  exhausted  memory  payload
net/packets     3/8  37.5%           7     1      1203          2   800 B        -
scratch         0/4   0.0%           -     1         -          -   400 B        -

cache              kind   entries   used    hits  misses  hit ratio  evicted  expired   memory  payload
dns/answers       timed  120/1000  12.0%  900000       1      99.9%       17        0  3.0 MiB  4.8 KiB
web/pages    concurrent  120/1000  12.0%       -       -          -        -        -  3.0 MiB        -
web/rests           lru  120/1000  12.0%       0       0          -       17        0  3.0 MiB        -

tracker     alive   used  young  middle  old  awaiting  quarantined     due  memory  payload
sessions    12/64  26.5%      7       3    2         4            1  middle  1023 B        -
web/tokens  12/64  26.5%      7       3    2         4            1    none  1023 B      0 B

7 parts, 9.0 MiB";
    assert_eq!(snapshot.to_string(), expected);
}

#[test]
fn none_says_so() {
    assert_eq!(Snapshot::<Vec<Line<&str>>>::default().to_string(), "nothing is watched");
}

#[test]
fn ends_of_ranges() {
    let mut counts = CacheStats::default();
    (counts.hits, counts.misses) = (u64::MAX, u64::MAX);
    let cache = CacheReading {
        kind: CacheKind::Lru,
        capacity: usize::MAX,
        entries: usize::MAX,
        counts: Some(counts),
        bytes: usize::MAX,
    };
    let nothing = PoolReading::default();
    let lines: [Line<Arc<str>>; 2] = [
        Line::new("".into(), "all".into(), Reading::Cache(cache), Some(usize::MAX)),
        Line::new("".into(), "nothing".into(), Reading::Pool(nothing), None),
    ];
    let table = Snapshot::new(&lines[..]).to_string();
    assert!(table.contains(" 100.0% "), "{table}");
    let bytes = if cfg!(target_pointer_width = "64") { "15.9 EiB" } else { "3.9 GiB" };
    assert!(table.ends_with(&format!("2 parts, {bytes}")), "{table}");
    // Of no capacity no part is taken.
    assert!(table.contains("nothing     0/0     -  "), "{table}");
}

#[test]
fn names_do_not_break_it() {
    let long = "a".repeat(30) + &"b".repeat(30);
    let snapshot = Snapshot::new(vec![
        Line::new("n\ns", "\u{1b}[31m\t\u{202e}", pool(1, 2, None), None),
        Line::new("it's \"ok\"", "größe", pool(1, 2, None), None),
        Line::new("", &*long, pool(1, 2, None), None),
    ]);
    let table = snapshot.to_string();
    let names: Vec<&str> =
        table.lines().skip(1).take(3).map(|row| row[..row.find(" 1/2").unwrap()].trim_end()).collect();
    let shortened = "a".repeat(19) + "…" + &"b".repeat(20);
    assert_eq!(names, [r"n\ns/\u{1b}[31m\t\u{202e}", "it's \"ok\"/größe", &shortened]);
    is_aligned(&table);
}

/// All rows of a block are equally long, and nothing of it can't be seen.
fn is_aligned(table: &str) {
    assert!(table.chars().all(|character| character == '\n' || !character.is_control()));
    for block in table.split("\n\n") {
        let width = |row: &str| row.chars().count();
        let first = width(block.lines().next().unwrap());
        assert!(block.lines().all(|row| width(row) == first), "{table}");
    }
}

proptest! {
    #[test]
    fn is_aligned_whatever_there_is(
        parts in prop::collection::vec((any::<String>(), any::<String>(), 0..3, any::<(u32, u64)>(), any::<bool>()), 0..12),
    ) {
        let lines = parts.iter().map(|(namespace, name, kind, (small, large), is_counted)| {
            let reading = match kind {
                0 => pool(*small as usize, 100_000, is_counted.then(pool_stats)),
                1 => cache(CacheKind::Timed, is_counted.then(|| cache_stats(*large, (*small).into()))),
                _ => tracker(is_counted.then_some(Age::Old)),
            };
            Line::new(namespace.as_str(), name.as_str(), reading, is_counted.then_some(*small as usize))
        });
        let snapshot = Snapshot::new(lines.collect::<Vec<_>>());
        is_aligned(&snapshot.to_string());
    }
}
