//! Logs what larder has frames for, and compares what a developer would read with what it should be.

mod logger;

use defmt_decoder::Table;
use larder::pool::BoxPool;
use larder::stats::{CacheStats, PoolStats};
use larder::time::Instant;
use larder::tracker::{Age, Id, TrackerStats};
use larder::watch::{
    CacheKind, CacheReading, Event, Line, PoolReading, Pressure, Reading, Relief, TrackerReading, defmt_event,
};
use larder::{CapacityError, NameError, NameProblem, Rejected};

/// The frames since the last call: levels and text.
fn read(table: &Table) -> Vec<String> {
    let mut decoder = table.new_stream_decoder();
    decoder.received(&logger::take());
    let line = |frame: defmt_decoder::Frame<'_>| {
        let level = frame.level().map_or("none", |level| level.as_str());
        format!("{level} {}", frame.display_message())
    };
    std::iter::from_fn(|| decoder.decode().ok().map(line)).collect()
}

/// What a value is logged as.
macro_rules! logged {
    ($table:expr, $value:expr) => {{
        defmt::error!("{}", $value);
        let lines = read($table);
        let [line] = &lines[..] else { panic!("not a frame: {lines:?}") };
        line.strip_prefix("error ").unwrap().to_owned()
    }};
}

fn main() {
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let table = &Table::parse(&program).unwrap().unwrap();
    events(table);
    errors(table);
    name_errors(table);
    readings(table);
    words(table);
    println!("all frames are as they should be");
}

fn events(table: &Table) {
    let exhausted = Event::Exhausted { name: "net/packets", times: 2, capacity: 8 };
    let only = Event::Exhausted { name: "net/packets", times: 1, capacity: 1 };
    let quarantined = Event::Quarantined { name: "sessions", times: 1, aside: 3 };
    let several = Event::Quarantined { name: "sessions", times: 2, aside: 3 };
    let failed = Event::CleanupFailed { name: "sessions", times: 2, message: Some("out of luck") };
    let silent = Event::CleanupFailed { name: "pages", times: 1, message: None };
    let levels = [
        (exhausted, "warn"),
        (only, "warn"),
        (quarantined, "error"),
        (several, "error"),
        (failed, "error"),
        (silent, "error"),
    ];
    for (event, level) in levels {
        defmt_event(&event);
        assert_eq!(read(table), [format!("{level} {event}")]);
    }
}

/// They read as they are printed.
fn errors(table: &Table) {
    let pool: BoxPool<u8, 1> = BoxPool::new();
    let _all = pool.insert(1);
    let exhausted = pool.insert(2).unwrap_err();
    assert_eq!(logged!(table, exhausted), exhausted.to_string());
    let pool: BoxPool<u8, 3> = BoxPool::new();
    let _all = [1, 2, 3].map(|value| pool.insert(value));
    let exhausted = pool.insert(4).unwrap_err();
    assert_eq!(logged!(table, exhausted), exhausted.to_string());

    let rejected = Rejected { key: 1, value: 2 };
    assert_eq!(logged!(table, rejected), rejected.to_string());

    for error in [
        CapacityError::TooLarge { asked: 9, most: 8 },
        CapacityError::OutOfMemory { asked: 7 },
        CapacityError::TooSmall { bytes: 5, least: 6 },
    ] {
        assert_eq!(logged!(table, error), error.to_string());
    }
}

fn name_errors(table: &Table) {
    let too_large = CapacityError::TooLarge { asked: 9, most: 8 };
    for (problem, text) in [
        (NameProblem::Taken, "taken"),
        (NameProblem::Unknown, "unknown"),
        (NameProblem::OtherType { is: "A", asked: "B" }, "of type A and not of type B"),
        (NameProblem::OtherKind { is: "lru", asked: "pool" }, "of the kind \"lru\" and not \"pool\""),
        (NameProblem::NotCounted, "does not count"),
        (NameProblem::NoCapacity, "a capacity of 0"),
        (NameProblem::NoRoom { capacity: 4 }, "no room: there are 4 places"),
        (NameProblem::Capacity(too_large), &too_large.to_string()),
    ] {
        assert_eq!(logged!(table, NameError::new("users", problem)), format!("the name \"users\": {text}"));
    }
}

fn readings(table: &Table) {
    let mut counts = PoolStats::default();
    (counts.high_water, counts.acquired, counts.exhausted) = (7, 90, 2);
    let pool = PoolReading { capacity: 8, in_use: 3, idle: 1, counts: None, bytes: 800 };
    let text = "pool: 3 of 8 in use, 1 idle, 800 bytes";
    assert_eq!(logged!(table, Reading::Pool(pool)), text);
    let pool = PoolReading { counts: Some(counts), ..pool };
    let text = format!("{text}, high water 7, acquired 90, exhausted 2");
    assert_eq!(logged!(table, Reading::Pool(pool)), text);
    let line = Line::new("net", "packets", Reading::Pool(pool), Some(5));
    assert_eq!(logged!(table, line), format!("net/packets: {text}, 5 bytes elsewhere"));
    let line = Line::new("", "packets", Reading::Pool(pool), None);
    assert_eq!(logged!(table, line), format!("packets: {text}"));

    let mut counts = CacheStats::default();
    (counts.hits, counts.misses, counts.inserted, counts.evicted) = (1, 2, 3, 4);
    (counts.expired, counts.removed, counts.replaced) = (5, 6, u64::MAX);
    let cache = CacheReading { kind: CacheKind::Timed, capacity: 9, entries: 5, counts: None, bytes: 99 };
    let text = "timed cache: 5 of 9 entries, 99 bytes";
    assert_eq!(logged!(table, Reading::Cache(cache)), text);
    let cache = CacheReading { counts: Some(counts), ..cache };
    assert_eq!(
        logged!(table, Reading::Cache(cache)),
        format!(
            "{text}, hits 1, misses 2, inserted 3, evicted 4, expired 5, removed 6, replaced {}",
            u64::MAX
        )
    );

    let mut stats = TrackerStats::default();
    (stats.capacity, stats.tracked, stats.untracked, stats.live) = (64, 30, 12, 17);
    (stats.young, stats.middle, stats.old, stats.awaiting) = (10, 4, 3, 1);
    (stats.quarantined, stats.retired_slots, stats.sweeps, stats.visited) = (5, 2, [9, 8, 7], 55);
    let tracker = TrackerReading { stats, due: None, bytes: 1_023 };
    let text = "tracker: 17 of 64 alive (10 young, 4 middle, 3 old), awaiting 1, quarantined 5, retired slots 2, \
                tracked 30, untracked 12, sweeps [9, 8, 7], visited 55, 1023 bytes";
    assert_eq!(logged!(table, Reading::Tracker(tracker)), text);
    let tracker = TrackerReading { due: Some(Age::Middle), ..tracker };
    assert_eq!(logged!(table, Reading::Tracker(tracker)), format!("{text}, middle sweep due"));
}

fn words(table: &Table) {
    for age in [Age::Young, Age::Middle, Age::Old] {
        assert_eq!(logged!(table, age), age.name());
    }
    for kind in [CacheKind::Lru, CacheKind::Timed, CacheKind::Concurrent] {
        assert_eq!(logged!(table, kind), kind.name());
    }
    for (pressure, name) in
        [(Pressure::Low, "low"), (Pressure::High, "high"), (Pressure::Critical, "critical")]
    {
        assert_eq!(logged!(table, pressure), name);
    }
    let relief = Relief { objects: 1, entries: 2, resources: 3 };
    assert_eq!(logged!(table, relief), "let go of 1 objects, 2 entries, 3 resources");
    let id = Id::from_bits(7 << 32 | 3).unwrap();
    assert_eq!(logged!(table, id), id.to_string());
    assert_eq!(logged!(table, Instant::from_ticks(5)), "tick 5");
}
