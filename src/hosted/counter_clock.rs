//! The clock of the operating system, carried on by the processor's counter.

use crate::raw::counter_clock;
use crate::time::{Clock, Instant};

/// The monotonic clock of the operating system, carried on by the processor's counter: as fine as a [`StdClock`](crate::time::StdClock), for
/// little more than half of what it takes to ask.
///
/// It tells the time of a `StdClock`, in nanoseconds since the same start. Every 4 ms the first who asks notes what both the system's clock and
/// the counter say; in between a read is the counter, and a multiplication. Like the others it has no state: all of them tell the same time, and
/// making one reads nothing.
///
/// ```
/// use core::time::Duration;
/// use larder::cache::{Expiring, TimedCache};
/// use larder::time::CounterClock;
///
/// let time = Expiring::new(CounterClock::new()).with_time_to_live(Duration::from_micros(500));
/// let mut cache = TimedCache::with_capacity(1_000, time);
/// cache.put("key", "value");
/// while cache.get("key").is_some() {}
/// assert_eq!(cache.get("key"), None);
/// ```
///
/// # How exact it is
///
/// As a rule within some tens of nanoseconds of a `StdClock`. It is wrong by more for 4 ms at most, when the system's clock begins to be slewed
/// (by 2 µs), when a virtual machine is moved, or when a machine wakes up: what could not be foreseen is set right when those 4 ms are over, and
/// time stands still for as long as it was ahead.
///
/// A processor may read its counter earlier than its place in the program, by some tens of nanoseconds. So it never goes back by more than
/// that: one who learns from another thread, through memory, that something has happened may then read a time that is so much before
/// the one which that thread has read. Where that matters take a `StdClock`, which waits for what stands before it. Caches bear any
/// clock that goes back: what is over may be there again for as long.
///
/// # Where it is
///
/// Where there is a `StdClock`. The counter is that of x86-64, if the processor says that it is invariant, and Linux, if that is the system, has found
/// it fit for its own clock; and that of 64-bit Arm under Linux, Android and Apple's systems, which is as fine as it ticks (1 to 42 ns). On all others
/// it is a `StdClock`, and no cheaper.
///
/// # Cost
///
/// A read takes about 13 ns, most of it the counter's instruction, and loads from one line of the cache, which is written every 4 ms. In the first two
/// milliseconds it asks the system's clock, and takes what that takes and an exchange; so does who finds another one at work on the
/// next 4 ms. Nobody ever waits for him, also if he stops there for ever, but for the very first reads, which wait for each other. Not
/// for signal handlers.
///
/// A [`TickClock`](crate::time::TickClock) costs less if a few milliseconds do not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct CounterClock(());

impl CounterClock {
    /// The clock. Reads nothing.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Clock for CounterClock {
    const HZ: u64 = 1_000_000_000;

    #[inline]
    fn now(&self) -> Instant {
        Instant::from_ticks(counter_clock::now())
    }
}
