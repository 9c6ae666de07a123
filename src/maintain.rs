//! Work that can wait, and somebody who does it.

/// What keeps itself in order a little at a time, when it is told to: a tracker sweeps, and finalizes what has died.
///
/// It is driven by whoever has time: a main loop, an idle task, a background thread.
///
/// ```
/// use larder::tracker::{HeapTracker, Maintain};
///
/// let tracker = HeapTracker::with_capacity(100);
/// drop(tracker.track("a resource")?);
/// while tracker.maintain(16).is_left {}
/// assert_eq!(tracker.stats().awaiting, 0);
/// # Ok::<(), larder::Exhausted<&str>>(())
/// ```
pub trait Maintain {
    /// Does what is due, up to `budget` steps of it. What a step is, and what a call costs besides, says the type.
    ///
    /// # Panics
    ///
    /// If code of the user's panics that it calls, like a finalizer. What was left is done by the next call.
    fn maintain(&self, budget: usize) -> Maintained;
}

/// What a call of [`Maintain::maintain`] has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Maintained {
    /// Steps taken.
    pub done: usize,
    /// Whether more is to be done at once.
    pub is_left: bool,
}

impl<T: Maintain + ?Sized> Maintain for &T {
    fn maintain(&self, budget: usize) -> Maintained {
        T::maintain(self, budget)
    }
}
