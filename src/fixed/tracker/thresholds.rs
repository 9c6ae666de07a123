//! When sweeps are due.

use crate::raw::marks::Age;
use core::fmt;
use core::time::Duration;

/// When sweeps are due: by growth, by the number of smaller sweeps, by time.
///
/// A *young* sweep is due when there are over `young` more resources alive than at the end of the last sweep (or than at a later call of
/// `sweep` with nothing to do, if there were fewer then). After `middle` such sweeps the
/// next one is a *middle* one, which visits what has survived one sweep as well; after `old` of those the next is an *old* one, of
/// everything. So most sweeps visit few resources, which are those that most likely are of no more use, while nothing is forgotten.
/// Each kind can be due by [time](Self::every), too, so that a program that rests is swept. And when there was no room for a resource
/// an old one is due, once for all that were refused before it: it finds whatever is of no more use.
///
/// (It is what the collectors of several languages do, after Lieberman and Hewitt, "A real-time garbage collector based on the lifetimes
/// of objects", 1983.)
///
/// A threshold of 0 stands for never. (Then a refusal makes no sweep due either.)
///
/// ```
/// use core::time::Duration;
/// use larder::tracker::{Age, Thresholds};
///
/// let thresholds = Thresholds::new(700, 10, 10).every(Age::Young, Duration::from_secs(60));
/// assert_eq!(thresholds.to_string(), "700,10,10");
/// assert_eq!(Thresholds::default(), Thresholds::new(700, 10, 10));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Each as what differs from that of the default, so that the default is all zero.
    differences: [u32; 3],
    /// By age. Zero is never.
    every: [Duration; 3],
}

const DEFAULT: [u32; 3] = [700, 10, 10];

impl Thresholds {
    /// 700, 10, 10, and not by time.
    pub const DEFAULT: Self = Self { differences: [0; 3], every: [Duration::ZERO; 3] };

    /// A young sweep after so many more resources, a middle one after so many young ones, an old one after so many middle ones.
    pub const fn new(young: u32, middle: u32, old: u32) -> Self {
        let differences = [young ^ DEFAULT[0], middle ^ DEFAULT[1], old ^ DEFAULT[2]];
        Self { differences, ..Self::DEFAULT }
    }

    /// The same, and a sweep of this kind is due when so much time has passed since the last one. Zero and `Duration::MAX` stand for
    /// never. It needs a tracker that keeps time: in one that is [`Untimed`](crate::cache::Untimed) nothing is due by it.
    #[must_use]
    pub const fn every(mut self, age: Age, time: Duration) -> Self {
        // One "never", so that equal ones are equal.
        let is_never = time.as_nanos() == Duration::MAX.as_nanos();
        self.every[age as usize] = if is_never { Duration::ZERO } else { time };
        self
    }

    /// The threshold of a kind of sweep.
    pub const fn of(&self, age: Age) -> u32 {
        self.differences[age as usize] ^ DEFAULT[age as usize]
    }

    /// How much time passes between sweeps of a kind; `Duration::MAX` is for ever.
    pub const fn time_between(&self, age: Age) -> Duration {
        let time = self.every[age as usize];
        if time.is_zero() { Duration::MAX } else { time }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Thresholds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [young, middle, old] = [Age::Young, Age::Middle, Age::Old].map(|age| self.of(age));
        write!(f, "{young},{middle},{old}")
    }
}

impl fmt::Debug for Thresholds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thresholds")
            .field("young", &self.of(Age::Young))
            .field("middle", &self.of(Age::Middle))
            .field("old", &self.of(Age::Old))
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}
