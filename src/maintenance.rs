//! Work that can wait, and somebody who does it.

use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};
use core::time::Duration;

/// What keeps itself in order a little at a time, when it is told to: a tracker sweeps, and finalizes what has died; a cache lets go of what
/// is over.
///
/// It is driven by whoever has time: a main loop, an idle task ([`tend`]), or a thread of its own (`Janitor`, with `std`).
///
/// ```
/// use larder::maintain::Maintain;
/// use larder::tracker::{Inline, Tracker};
///
/// let tracker: Tracker<&str, Inline<8>> = Tracker::new();
/// drop(tracker.track("a resource")?);
/// while tracker.maintain(16).is_left {}
/// assert_eq!(tracker.stats().awaiting, 0);
/// # Ok::<(), larder::Exhausted<&str>>(())
/// ```
pub trait Maintain {
    /// Does what is due, up to about `budget` steps of it: a few more where several are taken together. What a step is, and what a
    /// call costs besides, says the type.
    ///
    /// # Panics
    ///
    /// If code of the user's panics that it calls, like a finalizer. What was left is done by the next call.
    fn maintain(&self, budget: usize) -> Maintained;

    /// Lets `waker` be woken when there is something to do that no clock foretells, in place of the one before. Nothing, if nothing
    /// else is said: then somebody has to look from time to time.
    fn wake_when_due(&self, waker: &Waker) {
        let _ = waker;
    }
}

/// What a call of [`Maintain::maintain`] has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Maintained {
    /// Steps taken.
    pub done: usize,
    /// Whether more is to be done at once.
    pub is_left: bool,
    /// How long it takes until something is due, if the clock can tell. (Something else may be due before.)
    pub next: Option<Duration>,
}

impl<T: Maintain + ?Sized> Maintain for &T {
    fn maintain(&self, budget: usize) -> Maintained {
        T::maintain(self, budget)
    }

    fn wake_when_due(&self, waker: &Waker) {
        T::wake_when_due(self, waker);
    }
}

/// Does what is due, in slices of `budget` steps (one, if it is 0), between which it lets other tasks run. Under any executor, without `std` too. Gives how
/// many steps it took, and when the next are due, which is for a timer of the executor's to wait for.
///
/// ```
/// use larder::maintain::tend;
/// use larder::tracker::{Inline, Tracker};
/// # use core::time::Duration;
/// # async fn sleep(_: Duration) {}
///
/// static TRACKER: Tracker<u32, Inline<4>> = Tracker::new();
///
/// /// A task of its own.
/// async fn keep_in_order() {
///     loop {
///         let tended = tend(&TRACKER, 16).await;
///         sleep(tended.next.unwrap_or(Duration::from_secs(1))).await;
///     }
/// }
/// ```
///
/// # Panics
///
/// As [`Maintain::maintain`]. The future can be polled again after that.
pub fn tend<M: Maintain + ?Sized>(client: &M, budget: usize) -> impl Future<Output = Maintained> {
    let mut done = 0;
    poll_fn(move |context| {
        let maintained = client.maintain(budget.max(1));
        done += maintained.done;
        if maintained.is_left {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Maintained { done, ..maintained })
    })
}
