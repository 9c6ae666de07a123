//! A snapshot as text for monitoring, as others' parsers read it: in each test that of a crate, in one the format's reference parser.

#![cfg(not(any(larder_loom, larder_step)))]

extern crate alloc;

use alloc::collections::BTreeMap;
use larder::cache::StaticCache;
use larder::manager::Registry;
use larder::pool::BoxPool;
use larder::stats::{CacheStats, PoolStats};
use larder::tracker::{Age, TrackerStats};
use larder::watch::{CacheKind, CacheReading, Line, PoolReading, Reading, Snapshot, TrackerReading};
use prometheus_exposition_format_rs::parse_complete;
use prometheus_exposition_format_rs::types::MetricType;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::HashSet;
use std::io::Write;
use std::process::{Command, Stdio};

/// Samples: the value of each name and set of labels. (Parsers make floats of numbers.)
type Samples = BTreeMap<(String, BTreeMap<String, String>), f64>;

fn samples_of(text: &str) -> Samples {
    let families = parse_complete(text).unwrap();
    let samples = families.iter().flat_map(|family| {
        family.samples.iter().map(|sample| {
            let labels = sample.labels.clone().into_iter().collect();
            assert_eq!(sample.timestamp, None);
            ((family.name.clone(), labels), sample.value)
        })
    });
    samples.collect()
}

/// What the text should say of these lines, written down once more.
#[expect(clippy::cast_precision_loss, reason = "the parsers make floats of numbers")]
fn expected(lines: &[Line<String>]) -> Samples {
    let mut samples = Samples::new();
    for line in lines {
        let mut put = |name: &str, age: Option<&str>, value: Option<u64>| {
            let mut labels = BTreeMap::from([
                ("namespace".to_owned(), line.namespace.clone()),
                ("name".to_owned(), line.name.clone()),
                ("kind".to_owned(), line.reading.kind().to_owned()),
            ]);
            labels.extend(age.map(|age| ("age".to_owned(), age.to_owned())));
            let Some(value) = value else { return };
            assert!(samples.insert((format!("larder_{name}"), labels), value as f64).is_none());
        };
        put("capacity", None, Some(line.reading.capacity() as u64));
        put("memory_bytes", None, Some(line.reading.bytes() as u64));
        put("payload_bytes", None, line.payload.map(|bytes| bytes as u64));
        match line.reading {
            Reading::Pool(pool) => {
                put("pool_in_use", None, Some(pool.in_use as u64));
                put("pool_idle", None, Some(pool.idle as u64));
                let count = |get: fn(PoolStats) -> u32| pool.counts.map(|counts| get(counts).into());
                put("pool_high_water", None, count(|counts| counts.high_water));
                put("pool_acquired_total", None, count(|counts| counts.acquired));
                put("pool_exhausted_total", None, count(|counts| counts.exhausted));
            }
            Reading::Cache(cache) => {
                put("cache_entries", None, Some(cache.entries as u64));
                let count = |get: fn(CacheStats) -> u64| cache.counts.map(get);
                put("cache_hits_total", None, count(|counts| counts.hits));
                put("cache_misses_total", None, count(|counts| counts.misses));
                put("cache_inserted_total", None, count(|counts| counts.inserted));
                put("cache_evicted_total", None, count(|counts| counts.evicted));
                put("cache_expired_total", None, count(|counts| counts.expired));
                put("cache_removed_total", None, count(|counts| counts.removed));
                put("cache_replaced_total", None, count(|counts| counts.replaced));
            }
            Reading::Tracker(TrackerReading { stats, due, .. }) => {
                put("tracker_live", Some("young"), Some(stats.young as u64));
                put("tracker_live", Some("middle"), Some(stats.middle as u64));
                put("tracker_live", Some("old"), Some(stats.old as u64));
                put("tracker_awaiting", None, Some(stats.awaiting.into()));
                put("tracker_quarantined", None, Some(stats.quarantined.into()));
                put("tracker_retired_slots", None, Some(stats.retired_slots.into()));
                put("tracker_tracked_total", None, Some(stats.tracked));
                put("tracker_untracked_total", None, Some(stats.untracked));
                put("tracker_visited_total", None, Some(stats.visited.into()));
                for (at, (age, name)) in AGES.into_iter().enumerate() {
                    put("tracker_sweeps_total", Some(name), Some(stats.sweeps[at].into()));
                    put("tracker_due", Some(name), Some((due == Some(age)).into()));
                }
            }
        }
    }
    samples
}

const AGES: [(Age, &str); 3] = [(Age::Young, "young"), (Age::Middle, "middle"), (Age::Old, "old")];

/// What the format asks for beyond what older parsers know: families that are not torn apart, each with one head, units that end names, the
/// end.
fn is_in_order(text: &str) {
    let body = text.strip_suffix("# EOF\n").unwrap();
    let mut begun = HashSet::new();
    let mut family = "";
    for line in body.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "TYPE", name, "gauge" | "counter"] => {
                assert!(begun.insert(name), "{name} twice");
                family = name;
            }
            ["#", "UNIT", name, unit] => assert!(name == family && name.ends_with(&format!("_{unit}"))),
            ["#", "HELP", name, help] => assert!(name == family && help.ends_with('.')),
            _ => {
                let name = &line[..line.find('{').unwrap()];
                let is_counter = body.contains(&format!("# TYPE {family} counter\n"));
                let suffix = if is_counter { "_total" } else { "" };
                assert_eq!(name, format!("{family}{suffix}"));
            }
        }
    }
}

fn check(lines: Vec<Line<String>>) {
    let expected = expected(&lines);
    let text = Snapshot::new(lines).open_metrics().to_string();
    is_in_order(&text);
    assert_eq!(samples_of(&text), expected, "{text}");
}

fn pool_stats(numbers: [u32; 3]) -> PoolStats {
    let mut stats = PoolStats::default();
    [stats.high_water, stats.acquired, stats.exhausted] = numbers;
    stats
}

fn cache_stats(numbers: [u64; 7]) -> CacheStats {
    let mut stats = CacheStats::default();
    [stats.hits, stats.misses, stats.inserted, stats.evicted, stats.expired, stats.removed, stats.replaced] =
        numbers;
    stats
}

fn tracker_stats(sizes: [usize; 4], counts: [u64; 2], numbers: [u32; 7]) -> TrackerStats {
    let mut stats = TrackerStats::default();
    [stats.capacity, stats.young, stats.middle, stats.old] = sizes;
    [stats.tracked, stats.untracked] = counts;
    let [awaiting, quarantined, retired_slots, visited, sweeps @ ..] = numbers;
    (stats.awaiting, stats.quarantined, stats.retired_slots) = (awaiting, quarantined, retired_slots);
    (stats.visited, stats.sweeps) = (visited, sweeps);
    stats
}

fn line(namespace: &str, name: &str, reading: Reading, payload: Option<usize>) -> Line<String> {
    Line::new(namespace.to_owned(), name.to_owned(), reading, payload)
}

fn some_of_each() -> Vec<Line<String>> {
    let kind = CacheKind::Timed;
    let counts = Some(cache_stats([90, 10, 40, 5, 6, 7, 2]));
    let cache = CacheReading { kind, capacity: 100, entries: 20, counts, bytes: 4_096 };
    let uncounted = CacheReading { kind: CacheKind::Concurrent, counts: None, ..cache };
    let counts = Some(pool_stats([7, 1_203, 2]));
    let pool = PoolReading { capacity: 8, in_use: 3, idle: 2, counts, bytes: 800 };
    let stats = tracker_stats([64, 7, 3, 2], [100, 83], [4, 1, 0, 55, 9, 2, 1]);
    let tracker = TrackerReading { stats, due: Some(Age::Middle), bytes: 1_023 };
    vec![
        line("dns", "answers", Reading::Cache(cache), Some(5_000)),
        line("net", "packets", Reading::Pool(pool), None),
        line("", "scratch", Reading::Pool(PoolReading { counts: None, ..pool }), Some(0)),
        line("net", "sessions", Reading::Tracker(tracker), None),
        line("web", "pages", Reading::Cache(uncounted), None),
    ]
}

#[test]
fn says_what_the_readings_say() {
    check(some_of_each());
}

#[test]
#[expect(clippy::float_cmp, reason = "small whole numbers")]
fn sums_are_what_they_are() {
    let samples = samples_of(&Snapshot::new(some_of_each()).open_metrics().to_string());
    let sum = |names: &[&str], part: &str| -> f64 {
        let of = |((name, labels), value): (&(String, BTreeMap<String, String>), &f64)| {
            let is_meant = names.iter().any(|meant| *name == format!("larder_{meant}"));
            (is_meant && labels["name"] == part).then_some(*value)
        };
        samples.iter().filter_map(of).sum()
    };
    let ends = [
        "cache_entries",
        "cache_evicted_total",
        "cache_expired_total",
        "cache_removed_total",
        "cache_replaced_total",
    ];
    assert_eq!(sum(&["cache_inserted_total"], "answers"), sum(&ends, "answers"));
    let there = ["tracker_live", "tracker_awaiting", "tracker_quarantined", "tracker_untracked_total"];
    assert_eq!(sum(&["tracker_tracked_total"], "sessions"), sum(&there, "sessions"));
    assert_eq!(sum(&["tracker_due"], "sessions"), 1.0);
}

#[test]
fn names_are_escaped() {
    let names = ["\"", "\\", "\n", "\\n", "a\\\"\n\\", "größe 鍵 🔑", "}", "{x=\"y\"} 1 # EOF", "", "\r\t\0"];
    let reading = Reading::Pool(PoolReading::default());
    check(names.iter().map(|name| line(name, name, reading, None)).collect());
}

/// Without a heap: the lines are a registry's own.
#[test]
fn a_registry_is_watched() {
    let pool: BoxPool<u8, 4> = BoxPool::new();
    let cache: StaticCache<u8, u8, 1, 8> = StaticCache::new();
    let mut registry: Registry<'_, 2> = Registry::new();
    registry.add("net/packets", &pool).unwrap();
    registry.add("pages", &cache).unwrap();
    let _packet = pool.insert(1);
    let samples = samples_of(&registry.snapshot().open_metrics().to_string());
    let of = |metric: &str, namespace: &str, name: &str, kind: &str| {
        let labels = [("namespace", namespace), ("name", name), ("kind", kind)];
        let labels = labels.map(|(label, value)| (label.to_owned(), value.to_owned()));
        samples.get(&(metric.to_owned(), BTreeMap::from(labels))).copied()
    };
    assert_eq!(of("larder_pool_in_use", "net", "packets", "pool"), Some(1.0));
    assert_eq!(of("larder_cache_entries", "", "pages", "concurrent"), Some(0.0));
    assert_eq!(of("larder_cache_hits_total", "", "pages", "concurrent"), None);
}

#[test]
fn none_are_none() {
    let snapshot = Snapshot::<Vec<Line<&str>>>::default();
    assert_eq!(snapshot.open_metrics().to_string(), "# EOF\n");
    assert_eq!(snapshot.open_metrics().without_end().to_string(), "");
}

#[test]
fn families_have_types() {
    let text = Snapshot::new(some_of_each()).open_metrics().to_string();
    let types: BTreeMap<_, _> =
        parse_complete(&text).unwrap().into_iter().map(|family| (family.name, family.data_type)).collect();
    assert_eq!(types["larder_capacity"], MetricType::Gauge);
    assert_eq!(types["larder_cache_hits"], MetricType::Counter);
    assert!(text.contains("# UNIT larder_memory_bytes bytes\n"));
}

fn reading() -> impl Strategy<Value = Reading> {
    let pool = (any::<[usize; 4]>(), any::<Option<[u32; 3]>>()).prop_map(|(sizes, counts)| {
        let [capacity, in_use, idle, bytes] = sizes;
        Reading::Pool(PoolReading { capacity, in_use, idle, counts: counts.map(pool_stats), bytes })
    });
    let kinds = prop::sample::select(&[CacheKind::Lru, CacheKind::Timed, CacheKind::Concurrent]);
    let cache = (kinds, any::<[usize; 3]>(), any::<Option<[u64; 7]>>()).prop_map(|(kind, sizes, counts)| {
        let [capacity, entries, bytes] = sizes;
        Reading::Cache(CacheReading { kind, capacity, entries, counts: counts.map(cache_stats), bytes })
    });
    let stats = (any::<[usize; 4]>(), any::<[u64; 2]>(), any::<[u32; 7]>());
    let due = prop::sample::select(&[None, Some(Age::Young), Some(Age::Middle), Some(Age::Old)]);
    let tracker = (stats, due, any::<usize>()).prop_map(|((sizes, counts, numbers), due, bytes)| {
        Reading::Tracker(TrackerReading { stats: tracker_stats(sizes, counts, numbers), due, bytes })
    });
    prop_oneof![pool, cache, tracker]
}

fn lines() -> impl Strategy<Value = Vec<Line<String>>> {
    let name = || prop_oneof![any::<String>(), "[\\\\\"\na-c{},= ]{0,6}"];
    let part = ((name(), name()), (reading(), any::<Option<usize>>()));
    let lines = |parts: BTreeMap<_, _>| {
        parts
            .into_iter()
            .map(|((namespace, name), (reading, payload))| Line::new(namespace, name, reading, payload))
            .collect()
    };
    // No two of the same name.
    prop::collection::vec(part, 0..8).prop_map(move |parts| lines(parts.into_iter().collect()))
}

proptest! {
    #[test]
    fn is_read_whatever_there_is(lines in lines()) {
        check(lines);
    }
}

/// By the reference parser, which knows each rule of the format. `PYTHON_WITH_PROMETHEUS_CLIENT` says which Python has it.
#[test]
#[ignore = "it needs a Python with the package prometheus_client"]
fn is_read_by_the_reference_parser() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(16));
    runner
        .run(&lines(), |lines| {
            agrees_with_reference(lines);
            Ok(())
        })
        .unwrap();
    agrees_with_reference(some_of_each());
    agrees_with_reference(Vec::new());
}

fn agrees_with_reference(lines: Vec<Line<String>>) {
    let expected = expected(&lines);
    let families = by_reference(&Snapshot::new(lines).open_metrics().to_string());
    let samples = families.as_array().unwrap().iter().flat_map(|family| {
        let (name, unit) = (family["name"].as_str().unwrap(), family["unit"].as_str().unwrap());
        assert_eq!(unit, if name.ends_with("_bytes") { "bytes" } else { "" });
        assert!(!family["help"].as_str().unwrap().is_empty());
        family["samples"].as_array().unwrap().iter().map(|sample| {
            let labels = sample[1].as_object().unwrap().iter();
            let labels = labels.map(|(label, value)| (label.clone(), value.as_str().unwrap().to_owned()));
            ((sample[0].as_str().unwrap().to_owned(), labels.collect()), sample[2].as_f64().unwrap())
        })
    });
    assert_eq!(samples.collect::<Samples>(), expected);
}

fn by_reference(text: &str) -> Value {
    let python = std::env::var("PYTHON_WITH_PROMETHEUS_CLIENT").unwrap_or("python3".to_owned());
    let mut child = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/open_metrics/read.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{text}");
    serde_json::from_slice(&output.stdout).unwrap()
}
