//! A clock that remembers what another one said.

use super::{Clock, Instant};
use crate::maintenance::{Maintain, Maintained};
use crate::sync::Ticks;
use core::fmt;
use core::time::Duration;

/// A clock whose time is that of another one when it was last asked: a read costs a load, however costly the other one is.
///
/// It is as late as the last [`update`](Self::update) is ago. Who calls that, from a main loop, a timer interrupt or a thread of its
/// own, says by it how exact the clock is: what lives for some time in a cache with this clock lives up to an update longer
/// from its end on, and is put in up to an update too early. Before the first update it is at its start.
///
/// It never goes back, even if the other clock does, or if two update it at once.
///
/// ```
/// use larder::time::{Clock, CoarseClock, Instant, ManualClock};
///
/// static SOURCE: ManualClock = ManualClock::new();
/// static CLOCK: CoarseClock<&ManualClock> = CoarseClock::new(&SOURCE);
///
/// SOURCE.set(Instant::from_ticks(7));
/// assert_eq!(CLOCK.now(), Instant::START);
/// CLOCK.update();
/// assert_eq!(CLOCK.now(), Instant::from_ticks(7));
/// ```
///
/// # Cost and contention
///
/// A read is that of a [`ManualClock`](super::ManualClock): one atomic load where the target has 64-bit atomics, else four. There
/// an update that interrupts another one half-way, or runs beside it, leaves it to that one.
pub struct CoarseClock<C> {
    source: C,
    ticks: Ticks,
}

impl<C> CoarseClock<C> {
    /// A clock at its start, which reads `source` when it is told to. All zero if `source` is.
    pub const fn new(source: C) -> Self {
        Self { source, ticks: Ticks::new(0) }
    }

    /// The clock that it reads.
    pub const fn source(&self) -> &C {
        &self.source
    }
}

impl<C: Clock> CoarseClock<C> {
    /// Reads the other clock, and gives what it said.
    pub fn update(&self) -> Instant {
        let now = self.source.now();
        self.ticks.raise(now.ticks());
        now
    }
}

/// A step is an update. It is never done: who drives it says by that how exact the clock is.
impl<C: Clock> Maintain for CoarseClock<C> {
    fn maintain(&self, _: usize) -> Maintained {
        self.update();
        Maintained { done: 1, is_left: false, next: None }
    }
}

impl<C: Clock> Clock for CoarseClock<C> {
    const HZ: u64 = C::HZ;

    #[inline]
    fn now(&self) -> Instant {
        Instant::from_ticks(self.ticks.load())
    }

    fn ticks(duration: Duration) -> u64 {
        C::ticks(duration)
    }

    fn duration(ticks: u64) -> Duration {
        C::duration(ticks)
    }
}

impl<C: Default> Default for CoarseClock<C> {
    fn default() -> Self {
        Self::new(C::default())
    }
}

impl<C: Clock> fmt::Debug for CoarseClock<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoarseClock").field("now", &self.now()).finish_non_exhaustive()
    }
}
