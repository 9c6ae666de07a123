//! When something stops to hold, and the one place that decides whether it has.

use super::{Clock, Instant};
use core::time::Duration;

/// The instant from which on something no longer holds, or never.
///
/// Something that lives for `ttl` from `now` on holds at every instant before `now + ttl` and not at `now + ttl`. A time
/// to live of zero is over at once. The last tick of the clock's range stands for *never*: whatever would end there, or
/// later, does not end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Deadline(u64);

impl Deadline {
    /// It always holds.
    pub const NEVER: Self = Self(u64::MAX);

    /// The deadline at that instant; [`Instant::MAX`] is [`Deadline::NEVER`].
    #[inline]
    pub const fn at(instant: Instant) -> Self {
        Self(instant.ticks())
    }

    /// The deadline that lies `ttl` after the clock's present, rounded up to whole ticks. `Duration::MAX` is never.
    #[inline]
    pub fn after<C: Clock>(clock: &C, ttl: Duration) -> Self {
        Self::ticks_after(clock.now(), C::ticks(ttl))
    }

    /// The deadline that lies that many ticks after `now`. `u64::MAX` is never.
    #[inline]
    pub const fn ticks_after(now: Instant, ticks: u64) -> Self {
        Self::at(now.saturating_add(ticks))
    }

    /// Whether what had this deadline no longer holds. There is no other comparison of times in this crate.
    #[inline]
    pub const fn has_passed(self, now: Instant) -> bool {
        now.ticks() >= self.0 && !self.is_never()
    }

    /// Whether this is [`Deadline::NEVER`].
    #[inline]
    pub const fn is_never(self) -> bool {
        self.0 == Self::NEVER.0
    }

    /// The instant, or none if it is never.
    #[inline]
    pub const fn instant(self) -> Option<Instant> {
        if self.is_never() { None } else { Some(Instant::from_ticks(self.0)) }
    }
}

impl Default for Deadline {
    /// [`Deadline::NEVER`].
    fn default() -> Self {
        Self::NEVER
    }
}
