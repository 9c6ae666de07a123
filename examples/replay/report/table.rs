//! A table for people.

use super::{Row, figure, ratio};
use crate::input::Trace;
use crate::run::Setup;
use crate::time::Ttl;
use comfy_table::{CellAlignment, Table, TableComponent, presets};
use core::fmt::Display;

/// The names of the columns. All but the first hold numbers.
const COLUMNS: [&str; 13] = [
    "cache",
    "capacity",
    "of keys",
    "hit ratio",
    "misses",
    "evicted",
    "expired",
    "per request",
    "memory",
    "peak buffers",
    "live",
    "cleaned",
    "leaked",
];

/// All about one stream.
pub(crate) fn section(trace: &Trace, rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(COLUMNS).add_rows(rows.iter().map(cells));
    table
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, '─');
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n{}\n{}\n", heading(trace, rows), table.trim_fmt(), notes(rows))
}

fn heading(trace: &Trace, rows: &[Row]) -> String {
    let (requests, distinct) = (trace.keys.len(), trace.distinct);
    let most = 1.0 - ratio(distinct, requests);
    format!(
        "{}: {} requests for {} distinct keys. No cache can hit more than {}.",
        trace.name,
        grouped(requests),
        grouped(distinct),
        percent(most)
    ) + &conditions(rows)
}

/// What is the same for all rows, and not always so.
fn conditions(rows: &[Row]) -> String {
    let Some(&Row { setup: Setup { threads, ttl, .. }, .. }) = rows.first() else { return String::new() };
    let life = match ttl {
        None => String::new(),
        Some(Ttl::Own) => " Entries live as long as the stream says.".into(),
        Some(Ttl::Of(time)) => format!(" Entries live for {} s of the stream's time.", time.as_secs_f64()),
    };
    if threads == 1 { life } else { format!(" {threads} threads share the cache.{life}") }
}

fn cells(row: &Row) -> [String; 13] {
    let tally = &row.tally;
    [
        row.setup.kind.name().to_owned(),
        grouped(row.setup.capacity),
        percent(ratio(row.setup.capacity, row.distinct)),
        percent(row.hit_ratio()),
        grouped(tally.counts.misses),
        grouped(tally.cache.evicted),
        grouped(tally.cache.expired),
        format!("{} ns", grouped(format_args!("{:.0}", row.nanoseconds_per_request()))),
        bytes(row.tally.memory),
        grouped(tally.pool.high_water),
        grouped(tally.tracker.live),
        grouped(tally.tracker.untracked),
        grouped(tally.leaked()),
    ]
}

/// What should not have happened and did.
fn notes(rows: &[Row]) -> String {
    let note = |row: &Row| {
        let (kind, capacity) = (row.setup.kind.name(), row.setup.capacity);
        let uncached = |what: &str, times: usize| {
            let note = format!(
                "{what} {times} times ({kind}, capacity {capacity}): these misses were not cached.\n"
            );
            if times > 0 { note } else { String::new() }
        };
        uncached("The pool was exhausted", row.tally.pool.exhausted as usize)
            + &uncached("The cache had no room", row.tally.counts.rejected)
    };
    rows.iter().map(note).collect()
}

fn percent(ratio: f64) -> String {
    format!("{:.2} %", ratio * 100.0)
}

/// A whole number with commas between thousands.
fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group));
    groups.collect::<Vec<_>>().join(",")
}

/// A size in the unit that gives it three digits, more or less.
fn bytes(size: usize) -> String {
    let (mut size, mut unit) = (figure(size), "B");
    for larger in ["kB", "MB", "GB", "TB"] {
        if size < 1000.0 {
            break;
        }
        (size, unit) = (size / 1000.0, larger);
    }
    format!("{size:.*} {unit}", usize::from(size < 10.0 && unit != "B"))
}
