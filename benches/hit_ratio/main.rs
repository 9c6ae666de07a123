//! How many requests hit: the concurrent cache against other policies, on recorded streams.
//!
//! `cargo bench --bench hit_ratio` replays every stream in `../shared/traces` at 0.5, 2, 5, 10 and 25 % of its distinct keys, at 64
//! entries at least and for two million requests at most. A word after `--` chooses the streams whose names contain it. Hits are
//! counted and not times, so the figures are the same in every run; but for moka's without a flush, whose log is looked at by the
//! clock, and `TinyUFO`'s, which hashes with a seed of its own.
//!
//! A policy may have no more entries than the capacity: whoever says how many it has is asked. For this crate's caches and the
//! references that is asserted, and what others have in excess is printed, since it gives them hits.

extern crate alloc;

mod peers;
#[path = "../../tests/hit_ratio/requests.rs"]
mod requests;
#[path = "../../tests/hit_ratio/s3_fifo.rs"]
mod s3_fifo;
#[path = "../../tests/hit_ratio/simulation.rs"]
mod simulation;
#[path = "../../tests/hit_ratio/streams.rs"]
mod streams;

use comfy_table::{CellAlignment, Table, presets};
use larder::cache::{HeapCache, LruCache};
use peers::{Moka, QuickCache, Sieve, TinyUfo};
use requests::{Outcome, replay, replay_with_sets_of_8};
use s3_fifo::S3Fifo;
use simulation::Simulation;
use std::fs;
use streams::{Point, Stream};

/// One of those that are compared.
struct Policy {
    name: &'static str,
    replay: fn(&[u64], usize) -> Outcome,
    /// Whether it must not have more entries than the capacity, since it is written here.
    ours: bool,
}

macro_rules! policy {
    ($name:literal, $cache:path, ours: $ours:literal) => {
        Policy { name: $name, replay: |keys, capacity| replay(keys, &mut $cache(capacity)), ours: $ours }
    };
}

/// The first is what all of it is about; what the others are measured by is `LRU`.
const POLICIES: [Policy; 12] = [
    policy!("larder", HeapCache::with_capacity, ours: true),
    Policy { name: "larder, 8 ways", replay: replay_with_sets_of_8, ours: true },
    policy!("simulated", Simulation::whole, ours: true),
    policy!("simulated, plain", Simulation::plain, ours: true),
    policy!("LRU", LruCache::with_capacity, ours: true),
    policy!("S3-FIFO", S3Fifo::new, ours: true),
    policy!("moka", Moka::new, ours: false),
    policy!("moka, flushed", Moka::flushed, ours: false),
    policy!("quick_cache", QuickCache::new, ours: false),
    policy!("TinyUFO", TinyUfo::new, ours: false),
    policy!("TinyUFO, forced", TinyUfo::forced, ours: false),
    policy!("sieve-cache", Sieve::new, ours: false),
];

const LRU: usize = 4;

/// The names of the streams that are there, in order.
fn names() -> Vec<String> {
    let Ok(files) = fs::read_dir(streams::folder()) else { return Vec::new() };
    let names = files.filter_map(|file| {
        let name = file.ok()?.file_name().into_string().ok()?;
        name.strip_suffix(".u64.zst").map(str::to_owned)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A stream at one capacity.
struct Row {
    title: String,
    capacity: usize,
    outcomes: Vec<Outcome>,
}

fn row(stream: &Stream, point: Point) -> Row {
    let Point { thousandths, capacity } = point;
    let outcomes = POLICIES.iter().map(|policy| {
        let outcome = (policy.replay)(&stream.keys, capacity);
        let kept = outcome.most_residents.is_none_or(|most| most <= capacity);
        assert!(kept || !policy.ours, "{} has {outcome:?} at capacity {capacity}", policy.name);
        outcome
    });
    let title = format!("{} {}.{} %", stream.name, thousandths / 10, thousandths % 10);
    Row { title, capacity, outcomes: outcomes.collect() }
}

/// A table with a column for each policy.
fn table(first: &[&str]) -> Table {
    let mut table = Table::new();
    let names = first.iter().copied().chain(POLICIES.iter().map(|policy| policy.name));
    table.load_preset(presets::ASCII_MARKDOWN).set_header(names);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn hits(rows: &[Row]) -> Table {
    let mut table = table(&["stream", "capacity"]);
    for Row { title, capacity, outcomes } in rows {
        let ratios = outcomes.iter().map(|outcome| format!("{:.2}", outcome.percent));
        table.add_row([title.clone(), capacity.to_string()].into_iter().chain(ratios));
    }
    table
}

#[expect(clippy::cast_precision_loss, reason = "some dozens, and capacities")]
fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len() as f64;
    numbers.sum::<f64>() / count
}

/// What is to be said of each policy over all rows.
#[expect(clippy::cast_precision_loss, reason = "capacities")]
fn summary(rows: &[Row]) -> Table {
    let mut table = table(&["all points"]);
    let mut line = |title: &str, of: &dyn Fn(usize) -> String| {
        table.add_row([title.to_owned()].into_iter().chain((0..POLICIES.len()).map(of)));
    };
    let percent = |row: &Row, policy: usize| row.outcomes[policy].percent;
    let over_lru = |row: &Row, policy: usize| percent(row, policy) - percent(row, LRU);
    line("mean", &|policy| format!("{:.2}", mean(rows.iter().map(|row| percent(row, policy)))));
    line("least over LRU", &|policy| {
        let least = rows.iter().map(|row| over_lru(row, policy)).fold(f64::INFINITY, f64::min);
        format!("{least:+.2}")
    });
    line("where", &|policy| {
        let least = rows.iter().min_by(|a, b| over_lru(a, policy).total_cmp(&over_lru(b, policy)));
        least.map_or_else(String::new, |row| row.title.clone())
    });
    line("points where larder has more", &|policy| {
        rows.iter().filter(|row| percent(row, 0) > percent(row, policy)).count().to_string()
    });
    line("most entries, % of capacity", &|policy| {
        let part =
            |row: &Row| Some(100.0 * row.outcomes[policy].most_residents? as f64 / row.capacity as f64);
        let most = rows.iter().filter_map(part).max_by(f64::total_cmp);
        most.map_or_else(|| "not told".into(), |most| format!("{most:.1}"))
    });
    table
}

fn main() {
    let chosen = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let mut all = Vec::new();
    for name in names().iter().filter(|name| name.contains(&chosen)) {
        let stream = streams::stream(name).expect("it was there");
        let rows: Vec<Row> = stream.points().into_iter().map(|point| row(&stream, point)).collect();
        println!(
            "\n{name}: {} requests of {} keys, hits of a hundred requests\n{}",
            stream.keys.len(),
            stream.distinct,
            hits(&rows)
        );
        all.extend(rows);
    }
    if all.is_empty() {
        println!("no streams: `../shared/traces` is not there, or none has {chosen:?} in its name");
    } else {
        println!("\n{} points\n{}", all.len(), summary(&all));
    }
}
