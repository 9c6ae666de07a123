//! The clock of the operating system.

use crate::fixed::tracker::thresholds::Thresholds;
use crate::heap::caches::CacheManager;
use crate::heap::manager::MemoryManager;
use crate::raw::system_clock;
use crate::time::{Clock, Instant};

/// The monotonic clock of the operating system, in nanoseconds since it was first read in this process.
///
/// It has no state: all of them tell the same time, and making one reads nothing. So it can be made where there is no time, in a
/// `static` or while a program starts.
///
/// ```
/// use core::time::Duration;
/// use larder::cache::{Expiring, HeapCache, Setup};
/// use larder::time::StdClock;
///
/// let time = Expiring::new(StdClock::new()).with_time_to_live(Duration::from_secs(60));
/// let cache = HeapCache::with_capacity_and(1_000, Setup::new().time(time));
/// cache.put("key", "value")?;
/// assert_eq!(cache.get("key"), Some("value"));
/// # Ok::<(), larder::Rejected<&str, &str>>(())
/// ```
///
/// # Where there is none
///
/// In WebAssembly without an operating system (`wasm32-unknown-unknown`) there is no such clock, and this type is not there, so that
/// it is a compiler's error and not a panic in the browser. With the feature `web-time` it is there and reads the browser's
/// `performance.now()`. Without that take a [`ManualClock`](crate::time::ManualClock) which your JavaScript sets.
///
/// # Cost
///
/// What [`std::time::Instant::now`] costs, about 20 ns, and a load; its instruction also waits for all loads before it. A
/// [`CounterClock`](crate::time::CounterClock) is as fine and takes little more than half of that where the processor has a counter for it, a
/// [`TickClock`](crate::time::TickClock) a fifth where the kernel has ticks, and behind a
/// [`CoarseClock`](crate::time::CoarseClock) a read is a load alone. It never waits, but for the first reads, which wait for each other. Not for
/// signal handlers.
#[derive(Clone, Copy, Debug, Default)]
pub struct StdClock(());

impl StdClock {
    /// The clock. Reads nothing.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Clock for StdClock {
    const HZ: u64 = 1_000_000_000;

    #[inline]
    fn now(&self) -> Instant {
        Instant::from_ticks(system_clock::exact())
    }
}

impl CacheManager<StdClock> {
    /// No caches yet. Those with entries that end read the real clock.
    pub const fn new() -> Self {
        Self::with_clock(StdClock::new())
    }
}

impl Default for CacheManager<StdClock> {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryManager<StdClock> {
    /// Nothing is named yet. Sweeps of trackers are due by these thresholds; the clock is the real one.
    ///
    /// # Panics
    ///
    /// As [`with_clock`](Self::with_clock).
    pub fn new(thresholds: Thresholds) -> Self {
        Self::with_clock(thresholds, StdClock::new())
    }
}

impl Default for MemoryManager<StdClock> {
    /// With the thresholds of the default.
    fn default() -> Self {
        Self::new(Thresholds::DEFAULT)
    }
}
