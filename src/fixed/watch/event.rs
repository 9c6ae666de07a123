//! What somebody should hear of.

use super::reading::{PoolReading, Reading, TrackerReading};
use crate::fixed::tracker::report::TrackerStats;
use crate::sync::{AtomicU32, Ordering};
use core::fmt;

/// Something that happened to a part, and that somebody should hear of.
///
/// Nothing of it is noticed on the way of the parts' own operations: it is found when a manager or a registry looks at them. Each is
/// told once for a look, with how often it happened since the one before: no flood of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A pool had nothing to hand out.
    Exhausted {
        /// The pool's name.
        name: &'a str,
        /// How often, since the last look.
        times: u32,
        /// How many slots it has.
        capacity: usize,
    },
    /// Finalizers have panicked, and their resources were set aside.
    Quarantined {
        /// The tracker's name.
        name: &'a str,
        /// How many, since the last look; less those that were taken out meanwhile.
        times: u32,
        /// How many are aside now.
        aside: u32,
    },
    /// A part's upkeep has panicked: a finalizer, or a destructor of what had to go. The rest is done at the next one.
    CleanupFailed {
        /// The part's name.
        name: &'a str,
        /// How often, in this round of it.
        times: usize,
        /// What it panicked with first, if that is text.
        message: Option<&'a str>,
    },
}

impl Event<'_> {
    /// The name of the part.
    pub const fn name(&self) -> &str {
        match self {
            Self::Exhausted { name, .. }
            | Self::Quarantined { name, .. }
            | Self::CleanupFailed { name, .. } => name,
        }
    }
}

/// As a line of text.
impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exhausted { name, times, capacity } => {
                write!(f, "pool {name:?} was exhausted {}: ", Times(times))?;
                match capacity {
                    1 => f.write_str("its only slot was in use"),
                    _ => write!(f, "all of its {capacity} slots were in use"),
                }
            }
            Self::Quarantined { name, times, aside } => {
                let plural = if times == 1 { "" } else { "s" };
                write!(
                    f,
                    "tracker {name:?} has set aside {times} resource{plural} whose finalizer{plural} panicked, {aside} in all"
                )
            }
            Self::CleanupFailed { name, times, message } => {
                write!(f, "the cleanup of {name:?} has panicked {}", Times(times))?;
                message.map_or(Ok(()), |message| write!(f, ", first with: {message}"))
            }
        }
    }
}

/// How often something happened.
struct Times<N>(N);

impl<N: fmt::Display + PartialEq + From<u8>> fmt::Display for Times<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == N::from(1) { f.write_str("once") } else { write!(f, "{} times", self.0) }
    }
}

/// What was told of a part.
#[derive(Debug)]
pub(crate) struct Told {
    exhausted: AtomicU32,
    quarantined: AtomicU32,
}

impl Told {
    pub(crate) const fn new() -> Self {
        Self { exhausted: AtomicU32::new(0), quarantined: AtomicU32::new(0) }
    }

    /// Tells what has happened since the last call, by a reading that it asks for, if it can be had. Of several who look at once each tells some, and
    /// none what another has told.
    pub(crate) fn compare(
        &self,
        name: &str,
        read: impl FnOnce() -> Option<Reading>,
        tell: &mut dyn FnMut(&Event<'_>),
    ) {
        // Before the reading, which is no older then. Acquire: pairs with the Release below, by which the reading of whoever told
        // that happened before this one, and counts no more.
        let exhausted = self.exhausted.load(Ordering::Acquire);
        let quarantined = self.quarantined.load(Ordering::Acquire);
        match read() {
            Some(Reading::Pool(PoolReading { capacity, counts: Some(counts), .. })) => {
                if let Some(times) = news(&self.exhausted, exhausted, counts.exhausted) {
                    tell(&Event::Exhausted { name, times, capacity });
                }
            }
            Some(Reading::Tracker(TrackerReading {
                stats: TrackerStats { quarantined: aside, .. }, ..
            })) => {
                let times = news(&self.quarantined, quarantined, aside);
                // There are fewer when some were taken out.
                if let Some(times) = times.filter(|_| aside > quarantined) {
                    tell(&Event::Quarantined { name, times, aside });
                }
            }
            Some(Reading::Pool(_) | Reading::Cache(_)) | None => {}
        }
    }
}

/// How much a count has changed, around its end too; nothing, if another has told something meanwhile: the next look tells the rest.
fn news(told: &AtomicU32, before: u32, now: u32) -> Option<u32> {
    let times = now.wrapping_sub(before);
    // Release: pairs with the Acquire in `compare`. Relaxed: nothing is read by it.
    let is_ours =
        times != 0 && told.compare_exchange(before, now, Ordering::Release, Ordering::Relaxed).is_ok();
    is_ours.then_some(times)
}
