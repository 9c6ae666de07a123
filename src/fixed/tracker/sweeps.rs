//! Which sweep is going on, and how far it is.

use super::thresholds::Thresholds;
use crate::lifetime::Time;
use crate::raw::marks::Age;
use crate::sync::{AtomicU32, Ordering, Ticks};
use crate::time::{Deadline, Instant};
use core::time::Duration;

/// The ages, the oldest first.
pub(super) const OLDEST_FIRST: [Age; 3] = [Age::Old, Age::Middle, Age::Young];

/// The bits of the cursor below the age.
const POSITION: u32 = (1 << 30) - 1;

/// A step of a sweep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Step {
    /// The oldest that it visits.
    pub(super) age: Age,
    /// The group, of the last step none if there was nothing left to visit.
    pub(super) group: Option<usize>,
    /// Whether it is the last.
    pub(super) is_last: bool,
}

/// The sweep that goes on, and what is known of those before. All zero is the beginning.
///
/// The *cursor* is 0 when no sweep goes on, else one more than the age, and the group that is next. Whoever moves it has claimed that
/// group, so a sweep is done by as many as care to, and one who stops for ever holds a group. What the sweep before has left is
/// advice, changed by who begins and who ends one: a race of those can make a sweep due too early, or too late.
pub(super) struct Sweeps {
    cursor: AtomicU32,
    /// How many resources were alive at the end of the last one.
    alive_then: AtomicU32,
    /// Sweeps since the last one of the next age.
    since: [AtomicU32; 2],
    /// When each kind began last.
    began: [Ticks; 3],
    /// Sweeps that have ended, by kind.
    ended: [AtomicU32; 3],
    visited: AtomicU32,
}

impl Sweeps {
    pub(super) const fn new() -> Self {
        Self {
            cursor: AtomicU32::new(0),
            alive_then: AtomicU32::new(0),
            since: [const { AtomicU32::new(0) }; 2],
            began: [const { Ticks::new(0) }; 3],
            ended: [const { AtomicU32::new(0) }; 3],
            visited: AtomicU32::new(0),
        }
    }

    /// Which sweep goes on.
    pub(super) fn current(&self) -> Option<Age> {
        // Relaxed: what is found in a group is pinned before it is looked at.
        age(self.cursor.load(Ordering::Relaxed))
    }

    /// Which sweep is due, with so many resources alive. After a refusal it is one of everything, if all kinds are ever due by growth.
    pub(super) fn due<T: Time>(
        &self,
        thresholds: &Thresholds,
        (alive, was_refused): (u32, bool),
        now: Instant,
    ) -> Option<Age> {
        let by_time =
            OLDEST_FIRST.into_iter().find(|&age| self.by_time::<T>(thresholds, age).has_passed(now));
        // Relaxed: advice.
        let then = self.alive_then.load(Ordering::Relaxed);
        let grown = passes(alive.saturating_sub(then), thresholds.of(Age::Young));
        let is_short = was_refused && OLDEST_FIRST.into_iter().all(|age| thresholds.of(age) > 0);
        by_time.max(grown.then(|| self.next_kind(thresholds))).max(is_short.then_some(Age::Old))
    }

    /// No sweep was due, with so many alive. If they have become fewer, growth is counted from here: what went does not make up for
    /// what comes.
    pub(super) fn none_due(&self, alive: u32) {
        // Relaxed, both: advice.
        if alive < self.alive_then.load(Ordering::Relaxed) {
            self.alive_then.store(alive, Ordering::Relaxed);
        }
    }

    /// When a sweep of a kind is due by time.
    fn by_time<T: Time>(&self, thresholds: &Thresholds, kind: Age) -> Deadline {
        let began = Instant::from_ticks(self.began[kind as usize].load());
        Deadline::ticks_after(began, T::ticks(thresholds.time_between(kind)))
    }

    /// How long it takes from `now` until one is due by time.
    pub(super) fn next<T: Time>(&self, thresholds: &Thresholds, now: Instant) -> Option<Duration> {
        let due = OLDEST_FIRST.into_iter().filter_map(|kind| self.by_time::<T>(thresholds, kind).instant());
        Some(T::duration(due.min()?.ticks().saturating_sub(now.ticks())))
    }

    /// The kind of the next sweep, if one is due by growth.
    fn next_kind(&self, thresholds: &Thresholds) -> Age {
        // Relaxed, both: advice.
        let [young, middle] = &self.since;
        if !reaches(young.load(Ordering::Relaxed), thresholds.of(Age::Middle)) {
            Age::Young
        } else if !reaches(middle.load(Ordering::Relaxed), thresholds.of(Age::Old)) {
            Age::Middle
        } else {
            Age::Old
        }
    }

    /// Begins a sweep, unless one goes on. True if it did.
    pub(super) fn begin(&self, kind: Age, now: Instant) -> bool {
        // Relaxed, all: as in `current`, and advice.
        if self.cursor.compare_exchange(0, cursor(kind, 0), Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return false;
        }
        for age in OLDEST_FIRST.into_iter().filter(|&age| age <= kind) {
            self.began[age as usize].store(now.ticks());
        }
        let [young, middle] = &self.since;
        match kind {
            Age::Young => drop(young.fetch_add(1, Ordering::Relaxed)),
            Age::Middle => {
                young.store(0, Ordering::Relaxed);
                middle.fetch_add(1, Ordering::Relaxed);
            }
            Age::Old => {
                young.store(0, Ordering::Relaxed);
                middle.store(0, Ordering::Relaxed);
            }
        }
        true
    }

    /// Claims the next step of the sweep that goes on through so many groups, of which some have nothing to visit.
    pub(super) fn step(&self, groups: usize, is_worth: impl Fn(usize, Age) -> bool) -> Option<Step> {
        // Relaxed, all: as in `current`.
        let mut seen = self.cursor.load(Ordering::Relaxed);
        // Bounded where one runs at a time: it fails only because somebody else has gone on.
        loop {
            let (age, first) = (age(seen)?, (seen & POSITION) as usize);
            let group = (first..groups).find(|&group| is_worth(group, age));
            let is_last = group.is_none_or(|group| group + 1 == groups);
            let next = group.map_or(0, |group| cursor(age, group + 1));
            let next = if is_last { 0 } else { next };
            match self.cursor.compare_exchange(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(Step { age, group, is_last }),
                Err(other) => seen = other,
            }
        }
    }

    /// A sweep has ended, and so many are alive.
    pub(super) fn end(&self, kind: Age, alive: u32) {
        // Relaxed, both: advice, and a count.
        self.alive_then.store(alive, Ordering::Relaxed);
        self.ended[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// So many resources were visited.
    pub(super) fn visited(&self, resources: u32) {
        // Relaxed: a count.
        self.visited.fetch_add(resources, Ordering::Relaxed);
    }

    /// Looks at every word.
    ///
    /// # Panics
    ///
    /// If, at rest, one can't be.
    pub(super) fn validate(&self) {
        // Relaxed: tests look when all is done.
        let cursor = self.cursor.load(Ordering::Relaxed);
        assert!(age(cursor).is_some() || cursor == 0, "a place in no sweep");
        // Relaxed, all: for nothing else.
        let words = self.since.iter().chain(&self.ended).chain([&self.alive_then, &self.visited]);
        for word in words {
            let _ = word.load(Ordering::Relaxed);
        }
        // Where a time takes two words, there are two copies of it, which take turns.
        for began in self.began.iter().chain(&self.began) {
            assert!(began.add(0), "somebody is still at work");
        }
    }

    /// How many sweeps have ended, by kind, and how many resources they have visited.
    pub(super) fn counts(&self) -> ([u32; 3], u32) {
        // Relaxed, both: counts.
        let ended = [0, 1, 2].map(|kind: usize| self.ended[kind].load(Ordering::Relaxed));
        (ended, self.visited.load(Ordering::Relaxed))
    }
}

/// Whether a growth is more than a threshold, of which 0 is never.
const fn passes(growth: u32, threshold: u32) -> bool {
    threshold != 0 && growth > threshold
}

/// Whether a number of sweeps has come to a threshold, of which 0 is never.
const fn reaches(sweeps: u32, threshold: u32) -> bool {
    threshold != 0 && sweeps >= threshold
}

#[expect(clippy::cast_possible_truncation, reason = "there are at most 2^30 groups")]
const fn cursor(age: Age, group: usize) -> u32 {
    (age as u32 + 1) << 30 | group as u32
}

const fn age(cursor: u32) -> Option<Age> {
    match cursor >> 30 {
        0 => None,
        1 => Some(Age::Young),
        2 => Some(Age::Middle),
        _ => Some(Age::Old),
    }
}
