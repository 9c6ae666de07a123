//! A clock that is carried on by a counter, for the checkers: whatever the two are.

use crate::raw::course::{Course, Sources};

/// A counter, a clock, and the course that both make.
#[allow(missing_debug_implementations, reason = "only checkers see it")]
pub struct Carried<C, N> {
    course: Course,
    sources: Both<C, N>,
}

struct Both<C, N> {
    count: C,
    nanos: N,
}

impl<C: Fn() -> u64, N: Fn() -> u64> Sources for Both<C, N> {
    fn is_steady(&self) -> bool {
        true
    }

    fn count(&self) -> u64 {
        (self.count)()
    }

    fn nanos(&self) -> u64 {
        (self.nanos)()
    }
}

impl<C: Fn() -> u64, N: Fn() -> u64> Carried<C, N> {
    /// Nothing is known of them yet.
    pub const fn new(count: C, nanos: N) -> Self {
        Self { course: Course::new(), sources: Both { count, nanos } }
    }

    /// What time it is, by the clock.
    pub fn now(&self) -> u64 {
        self.course.now(&self.sources)
    }

    /// Looks at every word, where nobody is at work.
    pub fn validate(&self) {
        self.course.validate();
    }
}
