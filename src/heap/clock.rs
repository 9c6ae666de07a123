//! Clocks that are shared.

use crate::time::{Clock, Instant};
use alloc::sync::Arc;
use core::time::Duration;

impl<C: Clock + ?Sized> Clock for Arc<C> {
    const HZ: u64 = C::HZ;

    #[inline]
    fn now(&self) -> Instant {
        C::now(self)
    }

    fn ticks(duration: Duration) -> u64 {
        C::ticks(duration)
    }

    fn duration(ticks: u64) -> Duration {
        C::duration(ticks)
    }
}
