//! Clocks, points in time, and the one comparison. The public module in `lib.rs` tells about them.

mod clock;
mod coarse;
mod deadline;
mod instant;
mod manual;

pub use clock::Clock;
#[allow(unused_imports, reason = "without `alloc` nobody asks for it")]
pub(crate) use clock::as_the_other;
pub use coarse::CoarseClock;
pub use deadline::Deadline;
pub use instant::Instant;
pub use manual::ManualClock;
