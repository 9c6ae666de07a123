//! A point in time.

/// A point in time: ticks since the start of the clock it came from.
///
/// It carries no unit; [`Clock::HZ`](super::Clock::HZ) has it. Instants of different clocks can be compared, but the
/// result means nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant(u64);

impl Instant {
    /// The start of the clock.
    pub const START: Self = Self(0);

    /// The last instant there is.
    pub const MAX: Self = Self(u64::MAX);

    /// The instant that many ticks after the start.
    #[inline]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// Ticks since the start.
    #[inline]
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// The instant `ticks` later, or [`Instant::MAX`].
    #[inline]
    #[must_use]
    pub const fn saturating_add(self, ticks: u64) -> Self {
        Self(self.0.saturating_add(ticks))
    }

    /// Ticks from `earlier` to here, or 0 if `earlier` is later.
    #[inline]
    pub const fn saturating_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
