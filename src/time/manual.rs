//! The clock that is set by hand.

use super::{Clock, Instant};
use crate::sync::Ticks;
use core::fmt;
use core::time::Duration;

/// A clock that stands until it is set: for tests, simulations, and firmware whose timer interrupt advances it.
///
/// `HZ` is the number of ticks a second; by default a tick is a nanosecond. The clock is `const`, all zero, and can be
/// read and set through a shared reference from any thread or interrupt, also on targets without 64-bit atomics.
///
/// # Cost and contention
///
/// Reading is one atomic load where the target has 64-bit atomics, else four, and never waits: it looks again only if the
/// clock was set in between. There it takes one writer at a time: a [`set`](Self::set) or [`advance`](Self::advance) that
/// interrupts another one half-way, or runs beside it, does nothing and returns false; a writer that stops there for ever
/// leaves a clock that can be read and not be set. With 64-bit atomics all of them always succeed, so only firmware need look
/// at the result.
///
/// ```
/// use core::time::Duration;
/// use larder::time::{Clock, Instant, ManualClock};
///
/// static CLOCK: ManualClock = ManualClock::new();
///
/// assert_eq!(CLOCK.now(), Instant::START);
/// assert!(CLOCK.advance(Duration::from_micros(3)));
/// assert_eq!(CLOCK.now().ticks(), 3_000);
/// ```
pub struct ManualClock<const HZ: u64 = 1_000_000_000> {
    ticks: Ticks,
}

impl<const HZ: u64> ManualClock<HZ> {
    /// A clock at its start.
    pub const fn new() -> Self {
        Self::starting_at(Instant::START)
    }

    /// A clock that begins at `now`.
    pub const fn starting_at(now: Instant) -> Self {
        const { assert!(HZ > 0, "a clock has at least one tick a second") };
        Self { ticks: Ticks::new(now.ticks()) }
    }

    /// Sets the clock, also backward. False, and nothing done, if another writer is half-way (see the type).
    pub fn set(&self, now: Instant) -> bool {
        self.ticks.store(now.ticks())
    }

    /// Moves the clock forward by at least `duration`, rounded up to whole ticks, and not beyond [`Instant::MAX`]. False,
    /// and nothing done, if another writer is half-way (see the type).
    pub fn advance(&self, duration: Duration) -> bool {
        self.ticks.add(Self::ticks(duration))
    }

    /// Moves the clock forward by that many ticks; what a timer interrupt calls.
    pub fn advance_ticks(&self, ticks: u64) -> bool {
        self.ticks.add(ticks)
    }
}

impl<const HZ: u64> Clock for ManualClock<HZ> {
    const HZ: u64 = HZ;

    #[inline]
    fn now(&self) -> Instant {
        Instant::from_ticks(self.ticks.load())
    }
}

impl<const HZ: u64> Default for ManualClock<HZ> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const HZ: u64> fmt::Debug for ManualClock<HZ> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").field("now", &self.now()).field("hz", &HZ).finish()
    }
}
