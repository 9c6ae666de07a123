//! Time that is handed in: clocks, points in time, and the one comparison that decides what has expired.
//!
//! Nothing in this crate reads a clock that it was not given. A [`Clock`] counts ticks since a start of its own choice
//! and says how many make a second; an [`Instant`] is such a count; a [`Deadline`] is the instant from which on
//! something no longer holds. [`ManualClock`] stands until it is told to move, which is what tests want, and what
//! firmware wants whose timer interrupt is the clock.
//!
//! ```
//! use core::time::Duration;
//! use larder::time::{Clock, Deadline, ManualClock};
//!
//! static CLOCK: ManualClock<1_000> = ManualClock::new(); // a tick is a millisecond
//!
//! let deadline = Deadline::after(&CLOCK, Duration::from_millis(250));
//! CLOCK.advance(Duration::from_millis(249));
//! assert!(!deadline.has_passed(CLOCK.now()));
//! CLOCK.advance(Duration::from_millis(1));
//! assert!(deadline.has_passed(CLOCK.now()));
//! ```
//!
//! # What a clock may do wrong
//!
//! A clock is monotonic by contract, but nothing breaks if it is not: all arithmetic here saturates, a clock that goes
//! backward makes things live longer and never panics, and one that stands at either end of its range expires nothing
//! that has no deadline.

mod clock;
mod deadline;
mod instant;
mod manual;

pub use clock::Clock;
pub use deadline::Deadline;
pub use instant::Instant;
pub use manual::ManualClock;
