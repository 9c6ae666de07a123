//! A snapshot as text that monitoring systems read.

use super::reading::{CacheReading, PoolReading, Reading, TrackerReading};
use super::snapshot::{Line, Snapshot};
use crate::raw::marks::Age;
use core::fmt::{self, Write};
use core::ops::Deref;

/// The content type of what [`Snapshot::open_metrics`] writes, for the header of an HTTP response.
pub const OPEN_METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl<N, L: Deref<Target = [Line<N>]>> Snapshot<L> {
    /// As text that Prometheus and others read: a value to be printed, whose [content type](OPEN_METRICS_CONTENT_TYPE) is that of
    /// [`OpenMetrics`].
    pub fn open_metrics(&self) -> OpenMetrics<'_, N> {
        OpenMetrics { lines: self, is_ended: true }
    }
}

/// A snapshot as text in the format [OpenMetrics 1.0](https://prometheus.io/docs/specs/om/open_metrics_spec/), by [`Display`](fmt::Display):
/// made by [`Snapshot::open_metrics`].
///
/// Each sample has the labels `namespace`, `name` and `kind` ([`Reading::kind`]). What a part does not count has no sample. Counters are
/// `_total`; those that [wrap](crate::stats) look as if they had begun again, which is what their readers expect of counters. No two lines
/// should have the same name and kind.
///
/// | of | gauges | counters |
/// |---|---|---|
/// | all | `larder_capacity`, `larder_memory_bytes`, `larder_payload_bytes` | |
/// | pools | `larder_pool_in_use`, `_idle`, `_high_water` | `larder_pool_acquired`, `_exhausted` |
/// | caches | `larder_cache_entries` | `larder_cache_hits`, `_misses`, `_inserted`, `_evicted`, `_expired`, `_removed`, `_replaced` |
/// | trackers | `larder_tracker_awaiting`, `_quarantined`, `_retired_slots` | `larder_tracker_tracked`, `_untracked`, `_visited` |
/// | and with a label `age` | `larder_tracker_live`, `_due` (0 or 1) | `larder_tracker_sweeps` |
///
/// Nothing is allocated: it is written piece by piece to where it is printed, and each line is asked for each of the metrics.
///
/// ```
/// use larder::watch::{Line, PoolReading, Reading, Snapshot};
///
/// let packets = PoolReading { capacity: 8, in_use: 3, idle: 2, counts: None, bytes: 1_280 };
/// let snapshot = Snapshot::new(vec![Line::new("net", "packets", Reading::Pool(packets), None)]);
/// let text = snapshot.open_metrics().to_string();
/// let in_use = r#"larder_pool_in_use{namespace="net",name="packets",kind="pool"} 3"#;
/// assert!(text.lines().any(|line| line == in_use));
/// assert!(text.ends_with("# EOF\n"));
/// ```
#[derive(Debug)]
pub struct OpenMetrics<'a, N> {
    lines: &'a [Line<N>],
    is_ended: bool,
}

impl<N> OpenMetrics<'_, N> {
    /// The same without the `# EOF` that has to be the last line: for a program that writes more metrics behind it.
    #[must_use]
    pub const fn without_end(mut self) -> Self {
        self.is_ended = false;
        self
    }
}

impl<N> Clone for OpenMetrics<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for OpenMetrics<'_, N> {}

impl<N: AsRef<str>> fmt::Display for OpenMetrics<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for family in FAMILIES {
            let mut is_begun = false;
            for line in self.lines {
                family.values.of(&line.reading, line.payload, &mut |age, value| {
                    if !is_begun {
                        family.begin(f)?;
                        is_begun = true;
                    }
                    write!(f, "{}{}", family.name, family.kind.suffix())?;
                    let (namespace, name) =
                        (LabelValue(line.namespace.as_ref()), LabelValue(line.name.as_ref()));
                    let kind = line.reading.kind();
                    write!(f, "{{namespace=\"{namespace}\",name=\"{name}\",kind=\"{kind}\"")?;
                    if let Some(age) = age {
                        write!(f, ",age=\"{}\"", age.name())?;
                    }
                    writeln!(f, "}} {value}")
                })?;
            }
        }
        if self.is_ended { f.write_str("# EOF\n") } else { Ok(()) }
    }
}

/// Metrics of the same name.
struct Family {
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    help: &'static str,
    values: Values,
}

impl Family {
    fn begin(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, unit, help, .. } = self;
        writeln!(f, "# TYPE {name} {}", self.kind.name())?;
        if !unit.is_empty() {
            writeln!(f, "# UNIT {name} {unit}")?;
        }
        writeln!(f, "# HELP {name} {help}")
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Gauge,
    Counter,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
        }
    }

    /// What its samples have behind the family's name.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Gauge => "",
            Self::Counter => "_total",
        }
    }
}

/// Of what parts, and how it is got.
enum Values {
    All(fn(&Reading, Option<usize>) -> Option<usize>),
    Pools(fn(&PoolReading) -> Option<u64>),
    Caches(fn(&CacheReading) -> Option<u64>),
    Trackers(fn(&TrackerReading) -> u64),
    /// One for each age.
    Ages(fn(&TrackerReading) -> [u64; 3]),
}

impl Values {
    /// Tells those of a part: none, one, or three.
    fn of(
        &self,
        reading: &Reading,
        payload: Option<usize>,
        tell: &mut dyn FnMut(Option<Age>, u64) -> fmt::Result,
    ) -> fmt::Result {
        let value = match (self, reading) {
            (Self::All(get), _) => get(reading, payload).map(|value| value as u64),
            (Self::Pools(get), Reading::Pool(pool)) => get(pool),
            (Self::Caches(get), Reading::Cache(cache)) => get(cache),
            (Self::Trackers(get), Reading::Tracker(tracker)) => Some(get(tracker)),
            (Self::Ages(get), Reading::Tracker(tracker)) => {
                let mut each = [Age::Young, Age::Middle, Age::Old].into_iter().zip(get(tracker));
                return each.try_for_each(|(age, value)| tell(Some(age), value));
            }
            _ => None,
        };
        value.map_or(Ok(()), |value| tell(None, value))
    }
}

const fn gauge(name: &'static str, help: &'static str, values: Values) -> Family {
    Family { name, kind: Kind::Gauge, unit: "", help, values }
}

/// A unit has to be the end of the name.
const fn bytes(name: &'static str, help: &'static str, values: Values) -> Family {
    Family { name, kind: Kind::Gauge, unit: "bytes", help, values }
}

const fn counter(name: &'static str, help: &'static str, values: Values) -> Family {
    Family { name, kind: Kind::Counter, unit: "", help, values }
}

/// A metric that a pool counts.
macro_rules! pool_count {
    ($count:ident) => {
        Values::Pools(|pool| pool.counts.map(|counts| counts.$count.into()))
    };
}

/// A metric that a cache counts.
macro_rules! cache_count {
    ($count:ident) => {
        Values::Caches(|cache| cache.counts.map(|counts| counts.$count))
    };
}

const FAMILIES: &[Family] = &[
    gauge(
        "larder_capacity",
        "Slots for objects, entries or resources.",
        Values::All(|reading, _| Some(reading.capacity())),
    ),
    bytes(
        "larder_memory_bytes",
        "Memory of the slots, whether they are in use or not.",
        Values::All(|reading, _| Some(reading.bytes())),
    ),
    bytes(
        "larder_payload_bytes",
        "Memory that objects, keys and values own elsewhere.",
        Values::All(|_, payload| payload),
    ),
    gauge("larder_pool_in_use", "Objects that are out.", Values::Pools(|pool| Some(pool.in_use as u64))),
    gauge(
        "larder_pool_idle",
        "Objects that wait for their next user.",
        Values::Pools(|pool| Some(pool.idle as u64)),
    ),
    gauge("larder_pool_high_water", "The most objects that were out at once.", pool_count!(high_water)),
    counter("larder_pool_acquired", "Objects that were handed out.", pool_count!(acquired)),
    counter("larder_pool_exhausted", "How often there was none to hand out.", pool_count!(exhausted)),
    gauge(
        "larder_cache_entries",
        "Entries, those included that are over and were not yet thrown out.",
        Values::Caches(|cache| Some(cache.entries as u64)),
    ),
    counter("larder_cache_hits", "Look-ups that found their key.", cache_count!(hits)),
    counter("larder_cache_misses", "Look-ups that did not find their key.", cache_count!(misses)),
    counter(
        "larder_cache_inserted",
        "Entries put in, those that replaced one included.",
        cache_count!(inserted),
    ),
    counter("larder_cache_evicted", "Entries thrown out to make room.", cache_count!(evicted)),
    counter("larder_cache_expired", "Entries thrown out because their time was over.", cache_count!(expired)),
    counter("larder_cache_removed", "Entries taken out by the user.", cache_count!(removed)),
    counter("larder_cache_replaced", "Entries whose key was inserted again.", cache_count!(replaced)),
    gauge(
        "larder_tracker_live",
        "Resources that are alive, by how many sweeps they have survived.",
        Values::Ages(|tracker| {
            [tracker.stats.young as u64, tracker.stats.middle as u64, tracker.stats.old as u64]
        }),
    ),
    gauge(
        "larder_tracker_awaiting",
        "Resources that are dead and wait for their finalizers.",
        Values::Trackers(|tracker| tracker.stats.awaiting.into()),
    ),
    gauge(
        "larder_tracker_quarantined",
        "Resources whose finalizers have panicked.",
        Values::Trackers(|tracker| tracker.stats.quarantined.into()),
    ),
    gauge(
        "larder_tracker_retired_slots",
        "Slots that have run out of versions and are not used again.",
        Values::Trackers(|tracker| tracker.stats.retired_slots.into()),
    ),
    counter(
        "larder_tracker_tracked",
        "Resources that were put in.",
        Values::Trackers(|tracker| tracker.stats.tracked),
    ),
    counter(
        "larder_tracker_untracked",
        "Resources that are gone: finalized or handed back.",
        Values::Trackers(|tracker| tracker.stats.untracked),
    ),
    counter(
        "larder_tracker_sweeps",
        "Sweeps that have ended, by their kind.",
        Values::Ages(|tracker| tracker.stats.sweeps.map(u64::from)),
    ),
    counter(
        "larder_tracker_visited",
        "Resources that sweeps have visited.",
        Values::Trackers(|tracker| tracker.stats.visited.into()),
    ),
    gauge(
        "larder_tracker_due",
        "Whether a sweep of this kind is due or goes on.",
        Values::Ages(|tracker| {
            [Age::Young, Age::Middle, Age::Old].map(|age| u64::from(tracker.due == Some(age)))
        }),
    ),
];

/// Text between the quotes of a label.
struct LabelValue<'a>(&'a str);

impl fmt::Display for LabelValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            other => f.write_char(other),
        })
    }
}
