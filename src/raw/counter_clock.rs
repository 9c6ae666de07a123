//! The system's clock, carried on by the processor's counter.

use super::counter;
use super::course::{Course, Sources};
use super::system_clock;

/// One for all.
static COURSE: Course = Course::new();

/// The counter, and the clock.
struct Hardware;

impl Sources for Hardware {
    #[inline]
    fn is_steady(&self) -> bool {
        counter::is_steady()
    }

    #[inline]
    fn count(&self) -> u64 {
        counter::count()
    }

    #[inline]
    fn nanos(&self) -> u64 {
        system_clock::exact()
    }
}

/// Nanoseconds since the start of the system's clock.
#[inline]
pub(crate) fn now() -> u64 {
    COURSE.now(&Hardware)
}
