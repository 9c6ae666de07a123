//! The source of time, as a trait.

use super::Instant;
use core::time::Duration;

/// Nanoseconds in a second.
const NANOS: u64 = 1_000_000_000;

/// `part * to / from` for a `part` that is less than `from`, so that the result is at most `to`.
///
/// The wide multiplication is only made where the narrow one could overflow, which constant clocks decide when they
/// are compiled: firmware does without the 128-bit division.
#[inline]
fn scale(part: u64, to: u64, from: u64, round_up: bool) -> u64 {
    let rounding = if round_up { from - 1 } else { 0 };
    match to.checked_mul(from).and_then(|most| most.checked_add(from)) {
        Some(_) => (part * to + rounding) / from,
        #[expect(clippy::cast_possible_truncation, reason = "the result is at most `to`")]
        None => ((u128::from(part) * u128::from(to) + u128::from(rounding)) / u128::from(from)) as u64,
    }
}

/// A source of time: how many ticks have passed since some start of its own choice.
///
/// An implementation should never go backward, should be cheap (a cache asks once per operation), and must be callable
/// from every context that the structures it is given to are used in, interrupts included.
///
/// ```
/// use larder::time::{Clock, Instant};
///
/// /// A free-running hardware counter of 32 768 Hz.
/// struct Rtc;
///
/// impl Clock for Rtc {
///     const HZ: u64 = 32_768;
///
///     fn now(&self) -> Instant {
///         # let counter = 7;
///         Instant::from_ticks(counter)
///     }
/// }
///
/// assert_eq!(Rtc::ticks(core::time::Duration::from_secs(2)), 65_536);
/// ```
pub trait Clock {
    /// Ticks a second. Not zero.
    const HZ: u64;

    /// The present.
    fn now(&self) -> Instant;

    /// How many ticks it takes until at least `duration` has passed: rounded up, `u64::MAX` if it is more than that.
    ///
    /// Rounding up keeps two promises: nothing expires too early, and no duration but zero becomes zero.
    fn ticks(duration: Duration) -> u64 {
        let of_nanos = scale(u64::from(duration.subsec_nanos()), Self::HZ, NANOS, true);
        duration.as_secs().saturating_mul(Self::HZ).saturating_add(of_nanos)
    }

    /// How long that many ticks are, rounded down to the nanosecond.
    fn duration(ticks: u64) -> Duration {
        let nanos = scale(ticks % Self::HZ, NANOS, Self::HZ, false);
        #[expect(clippy::cast_possible_truncation, reason = "the rest is less than a second")]
        Duration::new(ticks / Self::HZ, nanos as u32)
    }
}

/// What a clock does that leads to another one, of the type `C`.
macro_rules! as_the_other {
    () => {
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
    };
}
#[allow(unused_imports, reason = "without `alloc` there is no other one")]
pub(crate) use as_the_other;

impl<C: Clock + ?Sized> Clock for &C {
    as_the_other!();
}
