//! A snapshot as a table that a person reads.

use super::reading::{CacheReading, PoolReading, Reading, TrackerReading};
use super::snapshot::{Line, Snapshot};
use crate::raw::marks::Age;
use core::fmt::{self, Write};
use core::ops::Deref;

/// As a table for a terminal: a block for each kind of part, with its own columns, as wide as the widest cell.
///
/// What a part does not count, or what is not known of it, is shown as `-`. Sizes are in powers of 1024 (1 KiB is 1024 B): `memory` is what
/// the part takes itself, `payload` what it holds elsewhere. They and percentages are rounded down, so that only what is full shows `100.0%`.
/// Of names, what can't be seen is escaped as in Rust, and more than 40 characters lose the middle ones. Each character counts as one
/// column of the terminal.
///
/// Nothing is allocated: each cell is written three times, twice to measure it.
///
/// ```
/// use larder::watch::{Line, PoolReading, Reading, Snapshot};
///
/// let packets = PoolReading { capacity: 8, in_use: 3, idle: 2, counts: None, bytes: 1_280 };
/// let snapshot = Snapshot::new(vec![Line::new("net", "packets", Reading::Pool(packets), None)]);
/// assert_eq!(
///     snapshot.to_string(),
///     "pool         in use   used  high water  idle  acquired  exhausted   memory  payload\n\
///      net/packets     3/8  37.5%           -     2         -          -  1.2 KiB        -\n\
///      \n\
///      1 part, 1.2 KiB"
/// );
/// ```
impl<N: AsRef<str>, L: Deref<Target = [Line<N>]>> fmt::Display for Snapshot<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = || self.iter().map(|line| (line.reading, Row::of(line)));
        block(f, &POOLS, &|| {
            lines().filter_map(|(reading, row)| match reading {
                Reading::Pool(pool) => Some((pool, row)),
                _ => None,
            })
        })?;
        block(f, &CACHES, &|| {
            lines().filter_map(|(reading, row)| match reading {
                Reading::Cache(cache) => Some((cache, row)),
                _ => None,
            })
        })?;
        block(f, &TRACKERS, &|| {
            lines().filter_map(|(reading, row)| match reading {
                Reading::Tracker(tracker) => Some((tracker, row)),
                _ => None,
            })
        })?;
        let bytes = self.iter().fold(0, |sum: usize, line| sum.saturating_add(line.bytes()));
        match self.len() {
            0 => f.write_str("nothing is watched"),
            1 => write!(f, "1 part, {}", Bytes(bytes)),
            parts => write!(f, "{parts} parts, {}", Bytes(bytes)),
        }
    }
}

/// What is shown of a part beside its reading.
#[derive(Clone, Copy)]
struct Row<'a> {
    name: Name<'a>,
    payload: Option<usize>,
}

impl<'a> Row<'a> {
    fn of<N: AsRef<str>>(line: &'a Line<N>) -> Self {
        let name = Name { namespace: line.namespace.as_ref(), name: line.name.as_ref() };
        Self { name, payload: line.payload }
    }
}

/// A column of a block.
struct Column<R> {
    head: &'static str,
    cell: for<'a> fn(&R, &Row<'a>) -> Cell<'a>,
}

const POOLS: [Column<PoolReading>; 9] = [
    Column { head: "pool", cell: |_, row| Cell::Name(row.name) },
    Column { head: "in use", cell: |pool, _| Cell::Of(pool.in_use, pool.capacity) },
    Column { head: "used", cell: |pool, _| Cell::Share(pool.in_use as u64, pool.capacity as u64) },
    Column { head: "high water", cell: |pool, _| count(pool.counts.map(|counts| counts.high_water)) },
    Column { head: "idle", cell: |pool, _| Cell::Count(pool.idle as u64) },
    Column { head: "acquired", cell: |pool, _| count(pool.counts.map(|counts| counts.acquired)) },
    Column { head: "exhausted", cell: |pool, _| count(pool.counts.map(|counts| counts.exhausted)) },
    Column { head: "memory", cell: |pool, _| Cell::Bytes(Some(pool.bytes)) },
    Column { head: "payload", cell: |_, row| Cell::Bytes(row.payload) },
];

const CACHES: [Column<CacheReading>; 11] = [
    Column { head: "cache", cell: |_, row| Cell::Name(row.name) },
    Column { head: "kind", cell: |cache, _| Cell::Word(cache.kind.name()) },
    Column { head: "entries", cell: |cache, _| Cell::Of(cache.entries, cache.capacity) },
    Column { head: "used", cell: |cache, _| Cell::Share(cache.entries as u64, cache.capacity as u64) },
    Column { head: "hits", cell: |cache, _| count(cache.counts.map(|counts| counts.hits)) },
    Column { head: "misses", cell: |cache, _| count(cache.counts.map(|counts| counts.misses)) },
    Column { head: "hit ratio", cell: |cache, _| hit_ratio(cache) },
    Column { head: "evicted", cell: |cache, _| count(cache.counts.map(|counts| counts.evicted)) },
    Column { head: "expired", cell: |cache, _| count(cache.counts.map(|counts| counts.expired)) },
    Column { head: "memory", cell: |cache, _| Cell::Bytes(Some(cache.bytes)) },
    Column { head: "payload", cell: |_, row| Cell::Bytes(row.payload) },
];

const TRACKERS: [Column<TrackerReading>; 11] = [
    Column { head: "tracker", cell: |_, row| Cell::Name(row.name) },
    Column { head: "alive", cell: |tracker, _| Cell::Of(tracker.stats.live, tracker.stats.capacity) },
    Column {
        head: "used",
        cell: |tracker, _| Cell::Share(tracker.stats.taken(), tracker.stats.capacity as u64),
    },
    Column { head: "young", cell: |tracker, _| Cell::Count(tracker.stats.young as u64) },
    Column { head: "middle", cell: |tracker, _| Cell::Count(tracker.stats.middle as u64) },
    Column { head: "old", cell: |tracker, _| Cell::Count(tracker.stats.old as u64) },
    Column { head: "awaiting", cell: |tracker, _| Cell::Count(tracker.stats.awaiting.into()) },
    Column { head: "quarantined", cell: |tracker, _| Cell::Count(tracker.stats.quarantined.into()) },
    Column { head: "due", cell: |tracker, _| Cell::Word(tracker.due.map_or("none", Age::name)) },
    Column { head: "memory", cell: |tracker, _| Cell::Bytes(Some(tracker.bytes)) },
    Column { head: "payload", cell: |_, row| Cell::Bytes(row.payload) },
];

fn count(counted: Option<impl Into<u64>>) -> Cell<'static> {
    counted.map_or(Cell::Unknown, |count| Cell::Count(count.into()))
}

fn hit_ratio(cache: &CacheReading) -> Cell<'static> {
    let share = |hits: u64, misses| Cell::Share(hits, hits.saturating_add(misses));
    cache.counts.map_or(Cell::Unknown, |counts| share(counts.hits, counts.misses))
}

/// Writes a block with its heads, if it has a row. (`rows` is asked for them several times: nothing is kept.)
fn block<'a, R, const COLUMNS: usize, I: Iterator<Item = (R, Row<'a>)>>(
    f: &mut fmt::Formatter<'_>,
    columns: &[Column<R>; COLUMNS],
    rows: &dyn Fn() -> I,
) -> fmt::Result {
    if rows().next().is_none() {
        return Ok(());
    }
    let mut widths = columns.each_ref().map(|column| column.head.len());
    for (reading, row) in rows() {
        for (width, column) in widths.iter_mut().zip(columns) {
            *width = (*width).max((column.cell)(&reading, &row).width());
        }
    }
    let row = |f: &mut fmt::Formatter<'_>, cell: &dyn Fn(&Column<R>) -> Cell<'a>| {
        for (at, (&width, column)) in widths.iter().zip(columns).enumerate() {
            let cell = cell(column);
            let blanks = width - cell.width();
            match at {
                0 => write!(f, "{cell}{:blanks$}", "")?,
                _ => write!(f, "  {:blanks$}{cell}", "")?,
            }
        }
        f.write_char('\n')
    };
    row(f, &|column| Cell::Word(column.head))?;
    for (reading, shown) in rows() {
        row(f, &|column| (column.cell)(&reading, &shown))?;
    }
    f.write_char('\n')
}

/// What stands in a row's column.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Name(Name<'a>),
    Word(&'static str),
    Count(u64),
    Of(usize, usize),
    Share(u64, u64),
    Bytes(Option<usize>),
    Unknown,
}

impl Cell<'_> {
    /// How many columns of the terminal it takes.
    fn width(self) -> usize {
        let mut width = Characters(0);
        // Nothing here fails.
        let _ = write!(width, "{self}");
        width.0
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Name(name) => name.fmt(f),
            Self::Word(word) => f.write_str(word),
            Self::Count(count) => count.fmt(f),
            Self::Of(part, whole) => write!(f, "{part}/{whole}"),
            Self::Share(part, whole) => share(f, part, whole),
            Self::Bytes(Some(bytes)) => Bytes(bytes).fmt(f),
            Self::Bytes(None) | Self::Unknown => f.write_char('-'),
        }
    }
}

/// Counts what is written to it.
struct Characters(usize);

impl Write for Characters {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.chars().count();
        Ok(())
    }
}

/// A part of a whole, of a hundred. (By integers: to print floats takes kilobytes of a small machine's flash.)
fn share(f: &mut fmt::Formatter<'_>, part: u64, whole: u64) -> fmt::Result {
    // What is too large to be multiplied has digits to spare.
    let (part, whole) = if whole > u64::MAX / 2_000 { (part / 2_000, whole / 2_000) } else { (part, whole) };
    match part.saturating_mul(1_000).checked_div(whole) {
        Some(share) => write!(f, "{}.{}%", share / 10, share % 10),
        None => f.write_char('-'),
    }
}

/// A number of bytes, in a unit of its size.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let (mut whole, mut below) = (self.0, 0);
        let mut unit = "B";
        for larger in UNITS {
            if whole < 1_024 {
                break;
            }
            (whole, below, unit) = (whole / 1_024, whole % 1_024, larger);
        }
        match unit {
            "B" => write!(f, "{whole} B"),
            _ => write!(f, "{whole}.{} {unit}", below * 10 / 1_024),
        }
    }
}

/// A part's name as it is shown: fit for a terminal, and not too long.
#[derive(Clone, Copy)]
struct Name<'a> {
    namespace: &'a str,
    name: &'a str,
}

/// How long a name is shown whole. With it the widest block has some 130 columns, which many terminals have.
const LONGEST: usize = 40;

/// Of a longer one: what is shown before what is left out, and behind it, where names that belong together differ.
const HEAD: usize = 19;
const TAIL: usize = LONGEST - HEAD - 1;

impl Name<'_> {
    /// Its characters, as they are shown.
    fn characters(&self) -> impl Iterator<Item = char> {
        let separator = if self.namespace.is_empty() { "" } else { "/" };
        let whole = [self.namespace, separator, self.name];
        whole.into_iter().flat_map(str::chars).flat_map(|character| {
            // Quotes are as good as other characters here.
            let as_it_is = matches!(character, '"' | '\'').then_some(character);
            let escaped = as_it_is.is_none().then(|| character.escape_debug());
            as_it_is.into_iter().chain(escaped.into_iter().flatten())
        })
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut write = |character| f.write_char(character);
        let length = self.characters().count();
        if length <= LONGEST {
            return self.characters().try_for_each(write);
        }
        self.characters().take(HEAD).try_for_each(&mut write)?;
        write('…')?;
        self.characters().skip(length - TAIL).try_for_each(write)
    }
}
