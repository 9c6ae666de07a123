//! defmt: events, readings and errors as its frames, of which a board sends only numbers.

#![expect(
    clippy::match_same_arms,
    reason = "the lint does not see the texts, which the macros move to a section of their own"
)]

use crate::error::{CapacityError, Exhausted, NameError, NameProblem, Rejected};
use crate::fixed::tracker::report::TrackerStats;
use crate::fixed::watch::event::Event;
use crate::fixed::watch::part::{Pressure, Relief};
use crate::fixed::watch::reading::{CacheKind, CacheReading, PoolReading, Reading, TrackerReading};
use crate::fixed::watch::snapshot::Line;
use crate::id::Id;
use crate::raw::marks::Age;
use crate::stats::{CacheStats, PoolStats};
use crate::time_base::Instant;
use defmt::{Format, Formatter};

/// Logs an event: what a listener does that leaves it to the board's logger who hears of it.
///
/// An exhausted pool is a warning, for its users were told and may have a way on; a finalizer that panics and a failed cleanup are errors. Which of
/// them are compiled in is for `DEFMT_LOG` to say when the firmware is built: only the errors, if it says nothing.
///
/// It costs what the logger does, which mostly stops interrupts while it writes the frame: some twenty bytes, and the names' text.
///
/// ```no_run
/// use larder::watch::{Event, defmt_event};
///
/// fn look(exhausted: &Event<'_>) {
///     defmt_event(exhausted);
/// }
/// ```
pub fn defmt_event(event: &Event<'_>) {
    match event {
        Event::Exhausted { .. } => defmt::warn!("{}", event),
        Event::Quarantined { .. } | Event::CleanupFailed { .. } => defmt::error!("{}", event),
    }
}

/// As a line of text: that of [`Display`](core::fmt::Display).
impl Format for Event<'_> {
    fn format(&self, f: Formatter<'_>) {
        match *self {
            Self::Exhausted { name, times, capacity } => {
                defmt::write!(f, "pool {=str:?} was exhausted {}: ", name, Times(times as usize));
                if capacity == 1 {
                    defmt::write!(f, "its only slot was in use");
                } else {
                    defmt::write!(f, "all of its {=usize} slots were in use", capacity);
                }
            }
            Self::Quarantined { name, times, aside } => {
                let plural = if times == 1 { "" } else { "s" };
                defmt::write!(f, "tracker {=str:?} has set aside {=u32} resource{=str}", name, times, plural);
                defmt::write!(f, " whose finalizer{=str} panicked, {=u32} in all", plural, aside);
            }
            Self::CleanupFailed { name, times, message } => {
                defmt::write!(f, "the cleanup of {=str:?} has panicked {}", name, Times(times));
                if let Some(message) = message {
                    defmt::write!(f, ", first with: {=str}", message);
                }
            }
        }
    }
}

/// How often something happened.
struct Times(usize);

impl Format for Times {
    fn format(&self, f: Formatter<'_>) {
        match self.0 {
            1 => defmt::write!(f, "once"),
            times => defmt::write!(f, "{=usize} times", times),
        }
    }
}

impl Format for Reading {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::Pool(pool) => pool.format(f),
            Self::Cache(cache) => cache.format(f),
            Self::Tracker(tracker) => tracker.format(f),
        }
    }
}

impl Format for PoolReading {
    fn format(&self, f: Formatter<'_>) {
        let Self { capacity, in_use, idle, counts, bytes } = *self;
        defmt::write!(
            f,
            "pool: {=usize} of {=usize} in use, {=usize} idle, {=usize} bytes",
            in_use,
            capacity,
            idle,
            bytes
        );
        if let Some(counts) = counts {
            defmt::write!(f, ", {}", counts);
        }
    }
}

impl Format for CacheReading {
    fn format(&self, f: Formatter<'_>) {
        let Self { kind, capacity, entries, counts, bytes } = *self;
        defmt::write!(
            f,
            "{} cache: {=usize} of {=usize} entries, {=usize} bytes",
            kind,
            entries,
            capacity,
            bytes
        );
        if let Some(counts) = counts {
            defmt::write!(f, ", {}", counts);
        }
    }
}

impl Format for TrackerReading {
    fn format(&self, f: Formatter<'_>) {
        let Self { stats, due, bytes } = *self;
        defmt::write!(f, "tracker: {}, {=usize} bytes", stats, bytes);
        if let Some(age) = due {
            defmt::write!(f, ", {} sweep due", age);
        }
    }
}

impl Format for PoolStats {
    fn format(&self, f: Formatter<'_>) {
        let Self { capacity: _, in_use: _, high_water, acquired, exhausted } = *self;
        defmt::write!(
            f,
            "high water {=u32}, acquired {=u32}, exhausted {=u32}",
            high_water,
            acquired,
            exhausted
        );
    }
}

impl Format for CacheStats {
    fn format(&self, f: Formatter<'_>) {
        let Self { hits, misses, inserted, evicted, expired, removed, replaced } = *self;
        defmt::write!(
            f,
            "hits {=u64}, misses {=u64}, inserted {=u64}, evicted {=u64}, expired {=u64}, removed {=u64}, replaced {=u64}",
            hits,
            misses,
            inserted,
            evicted,
            expired,
            removed,
            replaced
        );
    }
}

impl Format for TrackerStats {
    fn format(&self, f: Formatter<'_>) {
        let Self { capacity, tracked, untracked, live, young, middle, old, .. } = *self;
        let Self { awaiting, quarantined, retired_slots, sweeps, visited, .. } = *self;
        defmt::write!(
            f,
            "{=usize} of {=usize} alive ({=usize} young, {=usize} middle, {=usize} old)",
            live,
            capacity,
            young,
            middle,
            old
        );
        defmt::write!(
            f,
            ", awaiting {=u32}, quarantined {=u32}, retired slots {=u32}, tracked {=u64}, untracked {=u64}",
            awaiting,
            quarantined,
            retired_slots,
            tracked,
            untracked
        );
        defmt::write!(f, ", sweeps {}, visited {=u32}", sweeps, visited);
    }
}

/// Its name, and the reading; and where one of those in use is from, if that is known.
impl<N: AsRef<str>> Format for Line<N> {
    fn format(&self, f: Formatter<'_>) {
        let (namespace, name) = (self.namespace.as_ref(), self.name.as_ref());
        if !namespace.is_empty() {
            defmt::write!(f, "{=str}/", namespace);
        }
        defmt::write!(f, "{=str}: {}", name, self.reading);
        if let Some(payload) = self.payload {
            defmt::write!(f, ", {=usize} bytes elsewhere", payload);
        }
        if let Some(place) = self.in_use_at {
            defmt::write!(f, ", one in use from {=str}:{=u32}", place.file(), place.line());
        }
    }
}

impl Format for Relief {
    fn format(&self, f: Formatter<'_>) {
        let Self { objects, entries, resources } = *self;
        defmt::write!(
            f,
            "let go of {=usize} objects, {=usize} entries, {=usize} resources",
            objects,
            entries,
            resources
        );
    }
}

impl Format for CacheKind {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::Lru => defmt::write!(f, "lru"),
            Self::Timed => defmt::write!(f, "timed"),
            Self::Concurrent => defmt::write!(f, "concurrent"),
        }
    }
}

impl Format for Age {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::Young => defmt::write!(f, "young"),
            Self::Middle => defmt::write!(f, "middle"),
            Self::Old => defmt::write!(f, "old"),
        }
    }
}

impl Format for Pressure {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::Low => defmt::write!(f, "low"),
            Self::High => defmt::write!(f, "high"),
            Self::Critical => defmt::write!(f, "critical"),
        }
    }
}

/// Like `3v7`.
impl Format for Id {
    fn format(&self, f: Formatter<'_>) {
        defmt::write!(f, "{=u32}v{=u32}", self.index(), self.version().get());
    }
}

impl Format for Instant {
    fn format(&self, f: Formatter<'_>) {
        defmt::write!(f, "tick {=u64}", self.ticks());
    }
}

/// As a line of text: that of [`Display`](core::fmt::Display).
impl<T> Format for Exhausted<T> {
    fn format(&self, f: Formatter<'_>) {
        match self.capacity() {
            1 => defmt::write!(f, "exhausted: the only slot is in use"),
            slots => defmt::write!(f, "exhausted: all of the {=usize} slots are in use", slots),
        }
    }
}

/// As a line of text: that of [`Display`](core::fmt::Display).
impl<K, V> Format for Rejected<K, V> {
    fn format(&self, f: Formatter<'_>) {
        defmt::write!(f, "the cache did not take the entry: every slot for its key is in use");
    }
}

/// As a line of text: that of [`Display`](core::fmt::Display).
impl Format for CapacityError {
    fn format(&self, f: Formatter<'_>) {
        match *self {
            Self::TooLarge { asked, most } => {
                defmt::write!(f, "a capacity of {=usize} is too large: at most {=usize}", asked, most);
            }
            Self::OutOfMemory { asked } => {
                defmt::write!(f, "out of memory for a capacity of {=usize}", asked);
            }
            Self::TooSmall { bytes, least } => defmt::write!(
                f,
                "{=usize} bytes are too small: it takes {=usize}, and what it takes to align them",
                bytes,
                least
            ),
        }
    }
}

/// The name, and what is wrong with it.
impl<N: AsRef<str>> Format for NameError<N> {
    fn format(&self, f: Formatter<'_>) {
        defmt::write!(f, "the name {=str:?}: {}", self.name.as_ref(), self.problem);
    }
}

impl Format for NameProblem {
    fn format(&self, f: Formatter<'_>) {
        match *self {
            Self::Taken => defmt::write!(f, "taken"),
            Self::Unknown => defmt::write!(f, "unknown"),
            Self::OtherType { is, asked } => {
                defmt::write!(f, "of type {=str} and not of type {=str}", is, asked);
            }
            Self::OtherKind { is, asked } => {
                defmt::write!(f, "of the kind {=str:?} and not {=str:?}", is, asked);
            }
            Self::NotCounted => defmt::write!(f, "does not count"),
            Self::NoCapacity => defmt::write!(f, "a capacity of 0"),
            Self::NoRoom { capacity } => defmt::write!(f, "no room: there are {=usize} places", capacity),
            Self::Capacity(error) => defmt::write!(f, "{}", error),
        }
    }
}
