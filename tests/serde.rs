//! What serde writes and reads.

#![cfg(all(feature = "serde", not(any(larder_loom, larder_step))))]

extern crate alloc;

use alloc::sync::Arc;
use core::time::Duration;
use larder::stats::{CacheStats, PoolStats};
use larder::tracker::{Age, Id, Thresholds, TrackerStats};
use larder::watch::{
    CacheKind, CacheReading, Line, PoolReading, Pressure, Reading, Relief, Snapshot, TrackerReading,
};
use proptest::prelude::*;
use serde_json::{from_str, json, to_string, to_value};
use serde_test::{Configure, Token, assert_de_tokens, assert_de_tokens_error, assert_tokens};

#[test]
fn a_snapshot_is_its_lines() {
    let mut counts = PoolStats::default();
    (counts.capacity, counts.in_use, counts.high_water, counts.acquired, counts.exhausted) = (8, 3, 7, 90, 2);
    let pool = PoolReading { capacity: 8, in_use: 3, idle: 2, counts: Some(counts), bytes: 800 };

    let mut counts = CacheStats::default();
    (counts.hits, counts.misses, counts.inserted, counts.evicted) = (1, 2, 3, 4);
    (counts.expired, counts.removed, counts.replaced) = (5, 6, u64::MAX);
    let cache =
        CacheReading { kind: CacheKind::Timed, capacity: 9, entries: 5, counts: Some(counts), bytes: 99 };

    let mut stats = TrackerStats::default();
    (stats.capacity, stats.tracked, stats.untracked, stats.live) = (64, 30, 12, 17);
    (stats.young, stats.middle, stats.old, stats.awaiting) = (10, 4, 3, 1);
    (stats.quarantined, stats.retired_slots, stats.sweeps, stats.visited) = (0, 2, [9, 8, 7], 55);
    let tracker = TrackerReading { stats, due: Some(Age::Middle), bytes: 1_023 };

    let line = |namespace: &str, name: &str, reading, payload| -> Line<Arc<str>> {
        Line::new(namespace.into(), name.into(), reading, payload)
    };
    let snapshot = Snapshot::new(vec![
        line("net", "\"packets\"", Reading::Pool(pool), None),
        line("dns", "answers", Reading::Cache(cache), Some(5_000)),
        line("", "sessions", Reading::Tracker(tracker), None),
    ]);
    let expected = json!([
        {
            "namespace": "net",
            "name": "\"packets\"",
            "reading": { "pool": {
                "capacity": 8,
                "in_use": 3,
                "idle": 2,
                "counts": { "capacity": 8, "in_use": 3, "high_water": 7, "acquired": 90, "exhausted": 2 },
                "bytes": 800,
            }},
            "payload": null,
        },
        {
            "namespace": "dns",
            "name": "answers",
            "reading": { "cache": {
                "kind": "timed",
                "capacity": 9,
                "entries": 5,
                "counts": {
                    "hits": 1,
                    "misses": 2,
                    "inserted": 3,
                    "evicted": 4,
                    "expired": 5,
                    "removed": 6,
                    "replaced": u64::MAX,
                },
                "bytes": 99,
            }},
            "payload": 5_000,
        },
        {
            "namespace": "",
            "name": "sessions",
            "reading": { "tracker": {
                "stats": {
                    "capacity": 64,
                    "tracked": 30,
                    "untracked": 12,
                    "live": 17,
                    "young": 10,
                    "middle": 4,
                    "old": 3,
                    "awaiting": 1,
                    "quarantined": 0,
                    "retired_slots": 2,
                    "sweeps": [9, 8, 7],
                    "visited": 55,
                },
                "due": "middle",
                "bytes": 1_023,
            }},
            "payload": null,
        },
    ]);
    assert_eq!(to_value(&snapshot).unwrap(), expected);
    assert_eq!(to_string(&Snapshot::<Vec<Line<&str>>>::default()).unwrap(), "[]");
}

#[test]
fn words_and_relief() {
    assert_eq!(to_value([Age::Young, Age::Middle, Age::Old]).unwrap(), json!(["young", "middle", "old"]));
    let pressures = [Pressure::Low, Pressure::High, Pressure::Critical];
    assert_eq!(to_value(pressures).unwrap(), json!(["low", "high", "critical"]));
    for kind in [CacheKind::Lru, CacheKind::Timed, CacheKind::Concurrent] {
        assert_eq!(to_value(kind).unwrap(), json!(kind.name()));
    }
    let relief = Relief { objects: 1, entries: 2, resources: 3 };
    assert_eq!(to_value(relief).unwrap(), json!({ "objects": 1, "entries": 2, "resources": 3 }));
}

#[test]
fn ids_are_text_for_people_and_numbers_else() {
    let id: Id = "3v7".parse().unwrap();
    assert_tokens(&id.readable(), &[Token::Str("3v7")]);
    assert_tokens(&id.compact(), &[Token::U64(7 << 32 | 3)]);
    assert_eq!(to_string(&Some(id)).unwrap(), r#""3v7""#);
}

#[test]
fn ids_that_are_none_are_named() {
    let expecting = "an id like 3v7, with a version from 1 to 4294967295";
    for text in ["", "3", "3v0", "v", "3x7", "-3v7", "3v4294967296"] {
        let error = from_str::<Id>(&to_string(text).unwrap()).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("invalid value: string {text:?}, expected {expecting}")),
            "{error}"
        );
    }
    let error = from_str::<Id>("3").unwrap_err().to_string();
    assert!(error.starts_with(&format!("invalid type: integer `3`, expected {expecting}")), "{error}");
    // Version 0 is none.
    assert!(Id::from_bits(3).is_none());
    let message = format!("invalid value: integer `3`, expected {expecting}");
    assert_de_tokens_error::<serde_test::Compact<Id>>(&[Token::U64(3)], &message);
}

#[test]
fn thresholds_by_name_and_by_place() {
    let thresholds = Thresholds::new(500, 0, u32::MAX).every(Age::Middle, Duration::new(60, 5));
    let time = [
        Token::Some,
        Token::Struct { name: "Duration", len: 2 },
        Token::Str("secs"),
        Token::U64(60),
        Token::Str("nanos"),
        Token::U32(5),
        Token::StructEnd,
    ];
    let begin = [Token::Struct { name: "Thresholds", len: 6 }];
    let numbers = [
        Token::Str("young"),
        Token::U32(500),
        Token::Str("middle"),
        Token::U32(0),
        Token::Str("old"),
        Token::U32(u32::MAX),
    ];
    let before = [Token::Str("every_young"), Token::None, Token::Str("every_middle")];
    let after = [Token::Str("every_old"), Token::None, Token::StructEnd];
    assert_tokens(&thresholds, &[&begin[..], &numbers, &before, &time, &after].concat());

    let numbers = [Token::Seq { len: Some(6) }, Token::U32(500), Token::U32(0), Token::U32(u32::MAX)];
    let end = [Token::None, Token::SeqEnd];
    assert_de_tokens(&thresholds, &[&numbers[..], &[Token::None], &time, &end].concat());
}

#[test]
fn what_is_left_out_is_the_default() {
    assert_eq!(from_str::<Thresholds>("{}").unwrap(), Thresholds::DEFAULT);
    assert_eq!(from_str::<Thresholds>(r#"{"old": 3}"#).unwrap(), Thresholds::new(700, 10, 3));
    assert_eq!(from_str::<Thresholds>(r#"{"every_old": null}"#).unwrap(), Thresholds::DEFAULT);
}

#[test]
fn thresholds_that_are_none_are_named() {
    let says = |text: &str, message: &str| {
        let error = from_str::<Thresholds>(text).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    };
    says(
        r#"{"yuong": 1}"#,
        "unknown field `yuong`, expected one of `young`, `middle`, `old`, `every_young`, `every_middle`, `every_old`",
    );
    says(r#"{"old": 1, "old": 1}"#, "duplicate field `old`");
    says(r#"{"every_old": null, "every_old": null}"#, "duplicate field `every_old`");
    says(r#"{"young": -1}"#, "invalid value: integer `-1`, expected u32");
    says(r#"{"every_young": 5}"#, "invalid type: integer `5`, expected struct Duration");
    says("700", "invalid type: integer `700`, expected thresholds of sweeps");
    says("[700, 10]", "invalid length 2, expected thresholds of sweeps");
    says("[700, 10, 10, null]", "invalid length 4, expected thresholds of sweeps");
}

proptest! {
    #[test]
    fn thresholds_come_back(numbers in any::<[u32; 3]>(), times in any::<[Option<Duration>; 3]>()) {
        let [young, middle, old] = numbers;
        let mut thresholds = Thresholds::new(young, middle, old);
        for (age, time) in [Age::Young, Age::Middle, Age::Old].into_iter().zip(times) {
            thresholds = thresholds.every(age, time.unwrap_or(Duration::MAX));
        }
        prop_assert_eq!(from_str::<Thresholds>(&to_string(&thresholds).unwrap()).unwrap(), thresholds);
    }

    #[test]
    fn ids_come_back(bits: u64) {
        let id = Id::from_bits(bits | 1 << 40).unwrap();
        prop_assert_eq!(from_str::<Id>(&to_string(&id).unwrap()).unwrap(), id);
    }
}
