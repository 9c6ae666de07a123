//! serde: readings and counts are written, thresholds and names of resources read as well.
//!
//! By hand, since this needs neither a procedural macro nor the time it takes to build; each type is as serde's own derive would have it,
//! with names of variants in lower case. What is written by [`Serialize`] and read elsewhere with such a derive fits, in any format.

use crate::fixed::tracker::report::TrackerStats;
use crate::fixed::tracker::thresholds::Thresholds;
use crate::fixed::watch::part::{Pressure, Relief};
use crate::fixed::watch::reading::{CacheKind, CacheReading, PoolReading, Reading, TrackerReading};
use crate::fixed::watch::snapshot::{Line, Snapshot};
use crate::id::Id;
use crate::raw::marks::Age;
use crate::stats::{CacheStats, PoolStats};
use core::fmt;
use core::ops::Deref;
use core::time::Duration;
use serde_core::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_core::ser::{Serialize, SerializeStruct, Serializer};

/// A struct by its fields, all of them.
macro_rules! by_fields {
    ($type:ident: $($field:ident),+) => {
        /// By its fields.
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Self { $($field),+ } = self;
                let count = [$(stringify!($field)),+].len();
                let mut fields = serializer.serialize_struct(stringify!($type), count)?;
                $(fields.serialize_field(stringify!($field), $field)?;)+
                fields.end()
            }
        }
    };
}

by_fields!(PoolStats: capacity, in_use, high_water, acquired, exhausted);
by_fields!(CacheStats: hits, misses, inserted, evicted, expired, removed, replaced);
by_fields!(TrackerStats: capacity, tracked, untracked, live, young, middle, old, awaiting, quarantined,
    retired_slots, sweeps, visited);
by_fields!(PoolReading: capacity, in_use, idle, counts, bytes);
by_fields!(CacheReading: kind, capacity, entries, counts, bytes);
by_fields!(TrackerReading: stats, due, bytes);
by_fields!(Relief: objects, entries, resources);

/// An enumeration of which each variant is a word.
macro_rules! by_name {
    ($type:ident: $($variant:ident $name:literal),+) => {
        /// By its name in lower case.
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let name = match self {
                    $(Self::$variant => $name),+
                };
                serializer.serialize_unit_variant(stringify!($type), *self as u32, name)
            }
        }
    };
}

by_name!(Age: Young "young", Middle "middle", Old "old");
by_name!(CacheKind: Lru "lru", Timed "timed", Concurrent "concurrent");
by_name!(Pressure: Low "low", High "high", Critical "critical");

/// By its kind: in JSON `{"pool": {"capacity": 8, ...}}`.
impl Serialize for Reading {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Pool(pool) => serializer.serialize_newtype_variant("Reading", 0, "pool", pool),
            Self::Cache(cache) => serializer.serialize_newtype_variant("Reading", 1, "cache", cache),
            Self::Tracker(tracker) => serializer.serialize_newtype_variant("Reading", 2, "tracker", tracker),
        }
    }
}

/// By its fields.
impl<N: AsRef<str>> Serialize for Line<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { namespace, name, reading, payload } = self;
        let mut fields = serializer.serialize_struct("Line", 4)?;
        fields.serialize_field("namespace", namespace.as_ref())?;
        fields.serialize_field("name", name.as_ref())?;
        fields.serialize_field("reading", reading)?;
        fields.serialize_field("payload", payload)?;
        fields.end()
    }
}

/// As the sequence of its lines.
///
/// ```
/// use larder::watch::{Line, PoolReading, Reading, Snapshot};
///
/// let packets = PoolReading { capacity: 8, in_use: 3, idle: 2, counts: None, bytes: 1_280 };
/// let snapshot = Snapshot::new(vec![Line::new("net", "packets", Reading::Pool(packets), None)]);
/// assert_eq!(
///     serde_json::to_string(&snapshot)?,
///     r#"[{"namespace":"net","name":"packets","reading":{"pool":{"capacity":8,"in_use":3,"idle":2,"counts":null,"bytes":1280}},"payload":null}]"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
impl<N: AsRef<str>, L: Deref<Target = [Line<N>]>> Serialize for Snapshot<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// As text like `3v7` where people read it, else as the number of [`to_bits`](Id::to_bits).
impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.to_bits())
        }
    }
}

/// Of what it is written as.
impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(IdVisitor)
        } else {
            deserializer.deserialize_u64(IdVisitor)
        }
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id like 3v7, with a version from 1 to 4294967295")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_u64<E: Error>(self, bits: u64) -> Result<Id, E> {
        Id::from_bits(bits).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(bits), &self))
    }
}

/// What thresholds are written as: the numbers of sweeps, and the times, by age.
const THRESHOLDS: [&str; 6] = ["young", "middle", "old", "every_young", "every_middle", "every_old"];
const AGES: [Age; 3] = [Age::Young, Age::Middle, Age::Old];

/// By the fields `young`, `middle`, `old`, `every_young`, `every_middle`, `every_old`: numbers, and times, of which none is never.
impl Serialize for Thresholds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Thresholds", THRESHOLDS.len())?;
        let (numbers, times) = THRESHOLDS.split_at(AGES.len());
        for (field, age) in numbers.iter().zip(AGES) {
            fields.serialize_field(field, &self.of(age))?;
        }
        for (field, age) in times.iter().zip(AGES) {
            let time = Some(self.time_between(age)).filter(|&time| time != Duration::MAX);
            fields.serialize_field(field, &time)?;
        }
        fields.end()
    }
}

/// Of what it is written as, for configurations. What is left out is as in the [default](Thresholds::DEFAULT), and what there is no such
/// threshold for is an error.
///
/// ```
/// use core::time::Duration;
/// use larder::tracker::{Age, Thresholds};
///
/// let read: Thresholds = serde_json::from_str(r#"{"young": 500, "every_old": {"secs": 3600, "nanos": 0}}"#)?;
/// assert_eq!(read, Thresholds::new(500, 10, 10).every(Age::Old, Duration::from_secs(3_600)));
///
/// let error = serde_json::from_str::<Thresholds>(r#"{"yuong": 500}"#).unwrap_err();
/// assert!(error.to_string().starts_with("unknown field `yuong`, expected one of `young`, `middle`"));
/// # Ok::<(), serde_json::Error>(())
/// ```
impl<'de> Deserialize<'de> for Thresholds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Thresholds", &THRESHOLDS, ThresholdsVisitor)
    }
}

struct ThresholdsVisitor;

impl<'de> Visitor<'de> for ThresholdsVisitor {
    type Value = Thresholds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("thresholds of sweeps")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Thresholds, A::Error> {
        let mut read = ThresholdsRead::default();
        while let Some(ThresholdsField(at)) = map.next_key()? {
            let is_new = match at.checked_sub(AGES.len()) {
                None => read.numbers[at].replace(map.next_value()?).is_none(),
                Some(at) => read.times[at].replace(or_never(map.next_value()?)).is_none(),
            };
            if !is_new {
                return Err(A::Error::duplicate_field(THRESHOLDS[at]));
            }
        }
        Ok(read.finish())
    }

    /// As formats have it that write no names.
    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Thresholds, A::Error> {
        let mut read = ThresholdsRead::default();
        let ends_at = |at| A::Error::invalid_length(at, &self);
        for (at, number) in read.numbers.iter_mut().enumerate() {
            *number = Some(all.next_element()?.ok_or_else(|| ends_at(at))?);
        }
        for (at, time) in read.times.iter_mut().enumerate() {
            let read = all.next_element()?.ok_or_else(|| ends_at(AGES.len() + at))?;
            *time = Some(or_never(read));
        }
        Ok(read.finish())
    }
}

fn or_never(time: Option<Duration>) -> Duration {
    time.unwrap_or(Duration::MAX)
}

/// Thresholds, as far as they were read.
#[derive(Default)]
struct ThresholdsRead {
    numbers: [Option<u32>; 3],
    times: [Option<Duration>; 3],
}

impl ThresholdsRead {
    fn finish(self) -> Thresholds {
        let [young, middle, old] =
            AGES.map(|age| self.numbers[age as usize].unwrap_or(Thresholds::DEFAULT.of(age)));
        AGES.into_iter().fold(Thresholds::new(young, middle, old), |thresholds, age| {
            thresholds.every(age, or_never(self.times[age as usize]))
        })
    }
}

/// Where a field is in [`THRESHOLDS`].
struct ThresholdsField(usize);

impl<'de> Deserialize<'de> for ThresholdsField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(ThresholdsFieldVisitor)
    }
}

struct ThresholdsFieldVisitor;

impl Visitor<'_> for ThresholdsFieldVisitor {
    type Value = ThresholdsField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a threshold")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<ThresholdsField, E> {
        let at = THRESHOLDS.iter().position(|field| *field == name);
        at.map(ThresholdsField).ok_or_else(|| E::unknown_field(name, &THRESHOLDS))
    }
}
