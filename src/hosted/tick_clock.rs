//! The clock of the operating system as of its last tick.

use crate::raw::system_clock;
use crate::time::{Clock, Instant};

/// The monotonic clock of the operating system as it was at the kernel's last tick: cheap to read, and nobody has to bring it up to date.
///
/// It tells the time of a [`StdClock`](crate::time::StdClock), in nanoseconds since the same start, and stands still from one tick to the next.
/// Like that one it has no state: all of them tell the same time, and making one reads nothing.
///
/// ```
/// use core::time::Duration;
/// use larder::cache::{Expiring, TimedCache};
/// use larder::time::TickClock;
///
/// let time = Expiring::new(TickClock::new()).with_time_to_live(Duration::from_secs(60));
/// let mut cache = TimedCache::with_capacity(1_000, time);
/// cache.put("key", "value");
/// assert_eq!(cache.get("key"), Some(&"value"));
/// ```
///
/// # How exact it is
///
/// It is late by up to a tick, and never early. A tick is that of the kernel, which is built with it: 1 to 10 ms, on Linux 4 as a rule, and
/// longer where the kernel is held up. So, against true time:
///
/// - A [`Deadline`](crate::time::Deadline) that was made by a `StdClock` is never noticed early, and up to a tick late.
/// - What is put in for some time ends by that time after the *last tick*, and is noticed at the first tick that has come as far: it lives
///   less than a tick too short or too long, and no longer than it was to if that was a whole number of ticks. What must live for its time at
///   least wants a tick more.
/// - What is to live for less than a tick may be over at the next tick, however soon that comes. Take a `StdClock` for that.
///
/// # Where it is
///
/// Where there is a `StdClock`. On Linux and Android it is `CLOCK_MONOTONIC_COARSE`, on FreeBSD `CLOCK_MONOTONIC_FAST`, and on Apple's
/// systems `CLOCK_UPTIME_RAW_APPROX`. On all others it is a `StdClock`, exact and no cheaper.
///
/// # Cost
///
/// A few loads from memory that the kernel shares with every process, about 5 ns, which do not hold up what is around them. On processors for which
/// Linux has no such memory (some of 32 bits) it is a system call. It never waits, but for the first reads, which wait for each
/// other. Not for signal handlers. It never goes back.
#[derive(Clone, Copy, Debug, Default)]
pub struct TickClock(());

impl TickClock {
    /// The clock. Reads nothing.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Clock for TickClock {
    const HZ: u64 = 1_000_000_000;

    #[inline]
    fn now(&self) -> Instant {
        Instant::from_ticks(system_clock::at_last_tick())
    }
}
