//! The stream's own time: when each request came, and how long what it stores is to live.

use core::time::Duration;
use larder::time::{Clock as _, Deadline, Instant, ManualClock};
use std::sync::{Mutex, PoisonError};

/// Digits of a second that count after the point: those of a nanosecond.
const DIGITS: usize = 9;

/// A tick is a nanosecond.
pub(crate) type StreamClock = ManualClock<1_000_000_000>;

/// How long entries live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ttl {
    /// As long as the stream says, each; for ever where it does not.
    Own,
    /// So long, all of them.
    Of(Duration),
}

/// When a request came, and when what it stores is over.
#[derive(Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) at: Instant,
    pub(crate) until: Deadline,
}

impl Timing {
    /// That of a stream without time.
    pub(crate) const NONE: Self = Self { at: Instant::START, until: Deadline::NEVER };
}

/// A number of seconds as people write it, in nanoseconds; what is less than one is cut off. None if it is none, or too big.
pub(crate) fn nanoseconds(text: &[u8]) -> Option<u64> {
    let text = core::str::from_utf8(text).ok()?;
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(part) {
        return None;
    }
    let part: u64 = format!("{part:0<DIGITS$}")[..DIGITS].parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000_000)?.checked_add(part)
}

/// The clock of one run. It goes with whichever thread is furthest on in the stream, and never back: a stream's lines may be
/// a little out of order, and threads are.
pub(crate) struct Timeline {
    clock: StreamClock,
    turn: Mutex<()>,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        Self { clock: StreamClock::new(), turn: Mutex::new(()) }
    }

    pub(crate) fn clock(&self) -> &StreamClock {
        &self.clock
    }

    /// The time when a request that came at `at` is made.
    #[inline]
    pub(crate) fn reach(&self, at: Instant) -> Instant {
        let now = self.clock.now();
        if at <= now { now } else { self.advance(at) }
    }

    /// One at a time: between a look at the clock and its setting another thread could set it further on.
    fn advance(&self, at: Instant) -> Instant {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now().max(at);
        self.clock.set(now);
        now
    }
}
