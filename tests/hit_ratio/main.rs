//! How many requests the concurrent cache hits, on recorded streams: as many as a plain simulation of its policy, more than others, and
//! never far fewer than the exact LRU.
//!
//! It needs the recorded streams in `../shared/traces`. Where those are absent the tests say so and pass. `cargo bench --bench
//! hit_ratio` does the same with all streams, and with the caches of other crates; here are the shorter ones, since without
//! optimisation a replay takes its time.

#![cfg(all(feature = "std", not(any(larder_loom, larder_step, miri))))]

extern crate alloc;

mod references;
mod requests;
mod s3_fifo;
mod simulation;
mod streams;

use larder::cache::{HeapCache, LruCache};
use requests::{Outcome, replay, replay_with_sets_of_8};
use s3_fifo::S3Fifo;
use simulation::Simulation;
use std::sync::OnceLock;
use std::thread;
use streams::{Point, Stream};

/// Streams of all kinds, the longest of 300 000 requests.
const STREAMS: [&str; 8] = [
    "mooncake_chat",
    "lirs_sprite",
    "web07",
    "lirs_zigzag",
    "nasa_http",
    "lirs_multi2",
    "dns_wrccdc",
    "lirs_cpp",
];

/// What a stream at one capacity has shown.
struct Row {
    title: String,
    capacity: usize,
    larder: Outcome,
    sets_of_8: Outcome,
    simulated: Outcome,
    plain: Outcome,
    lru: Outcome,
    s3_fifo: Outcome,
}

fn row(stream: &Stream, point: Point) -> Row {
    let (keys, Point { thousandths, capacity }) = (&stream.keys[..], point);
    Row {
        title: format!("{} at {thousandths} thousandths", stream.name),
        capacity,
        larder: replay(keys, &mut HeapCache::with_capacity(capacity)),
        sets_of_8: replay_with_sets_of_8(keys, capacity),
        simulated: replay(keys, &mut Simulation::whole(capacity)),
        plain: replay(keys, &mut Simulation::plain(capacity)),
        lru: replay(keys, &mut LruCache::with_capacity(capacity)),
        s3_fifo: replay(keys, &mut S3Fifo::new(capacity)),
    }
}

fn rows_of(name: &str) -> Vec<Row> {
    let Some(stream) = streams::stream(name) else {
        println!("{name} is skipped: it is not in `../shared/traces`");
        return Vec::new();
    };
    stream.points().into_iter().map(|point| row(&stream, point)).collect()
}

/// All streams at all capacities. Replayed once, for all tests.
fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        thread::scope(|scope| {
            let threads: Vec<_> = STREAMS.map(|name| scope.spawn(move || rows_of(name))).into();
            threads.into_iter().flat_map(|thread| thread.join().expect("it has not panicked")).collect()
        })
    })
}

#[expect(clippy::cast_precision_loss, reason = "some dozens")]
fn mean(of: impl Fn(&Row) -> Outcome) -> f64 {
    rows().iter().map(|row| of(row).percent).sum::<f64>() / rows().len() as f64
}

#[test]
fn the_cache_hits_as_often_as_the_simulated_policy() {
    if !rows().is_empty() {
        let (larder, simulated) = (mean(|row| row.larder), mean(|row| row.simulated));
        assert!((larder - simulated).abs() <= 0.2, "{larder:.2} %, simulated {simulated:.2} %");
    }
}

#[test]
fn the_cache_hits_no_less_often_than_the_plain_policy() {
    if !rows().is_empty() {
        let (larder, plain) = (mean(|row| row.larder), mean(|row| row.plain));
        assert!(larder >= plain - 0.2, "{larder:.2} %, the plain policy {plain:.2} %");
    }
}

#[test]
fn the_cache_hits_more_often_than_others_in_the_mean() {
    if !rows().is_empty() {
        let (lru, s3_fifo) = (mean(|row| row.lru), mean(|row| row.s3_fifo));
        for (larder, ways) in [(mean(|row| row.larder), 16), (mean(|row| row.sets_of_8), 8)] {
            assert!(larder > lru, "{ways} ways: {larder:.2} %, LRU {lru:.2} %");
            assert!(larder > s3_fifo, "{ways} ways: {larder:.2} %, S3-FIFO {s3_fifo:.2} %");
        }
    }
}

#[test]
fn the_cache_never_hits_far_less_often_than_the_exact_lru() {
    for row in rows() {
        let (larder, lru) = (row.larder.percent, row.lru.percent);
        assert!(larder >= lru - 8.0, "{}: {larder:.2} %, LRU {lru:.2} %", row.title);
    }
}

#[test]
fn nothing_has_more_entries_than_its_capacity() {
    for row in rows() {
        for outcome in [row.larder, row.sets_of_8, row.simulated, row.plain, row.lru, row.s3_fifo] {
            let most = outcome.most_residents.expect("all of them say");
            assert!(most <= row.capacity, "{}: {most} entries at capacity {}", row.title, row.capacity);
        }
    }
}
