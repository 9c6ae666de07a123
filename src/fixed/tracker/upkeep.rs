//! What a tracker does when it is told to: sweeps, and the finalization of what has died.

use super::Tracker;
use super::report::TrackerSweep;
use super::setup::{Finalizer, Tracked};
use super::sweeps::{OLDEST_FIRST, Step};
use crate::lifetime::{Stamp, Time};
use crate::maintenance::{Maintain, Maintained};
use crate::raw::marks::Age;
use crate::raw::tracked::{Pin, Slots, help};
use crate::raw::waker::WakerCell;
use crate::time::Instant;
use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};

impl<R, M: Slots, C: Tracked<R>> Tracker<R, M, C> {
    /// Finalizes and drops up to `budget` of the resources that have died, and says how many. None is waited for. What somebody
    /// looks at just then ([`read`](Self::read)) is left for another call.
    ///
    /// Any number of threads may drain at once; each resource is finalized by one of them. A drain that is stopped for ever holds the
    /// one that it was at. If nothing waits a call costs one atomic load, else a look at the marks of all slots at most.
    ///
    /// # Panics
    ///
    /// If a finalizer panics; its resource is set aside. Or if the drop of a resource does; that one counts as done. The rest waits for
    /// the next call.
    pub fn drain(&self, budget: usize) -> usize {
        (0..budget).take_while(|_| self.drain_one()).count()
    }

    /// Finalizes one, if one waits.
    fn drain_one(&self) -> bool {
        if self.core.awaiting() == 0 {
            return false;
        }
        let Some(mut dead) = self.core.claim_dead() else { return false };
        self.setup.parts().finalizer.finalize(&mut dead.get_mut().0);
        dead.clear();
        true
    }

    /// As [`drain`](Self::drain), but waits until there is something to do, under any executor.
    ///
    /// One task can wait at a time: another that begins to wait takes its place.
    ///
    /// ```
    /// use larder::tracker::{Inline, Tracker};
    ///
    /// static TRACKER: Tracker<u32, Inline<4>> = Tracker::new();
    ///
    /// /// A task of its own.
    /// async fn clean_up() {
    ///     loop {
    ///         TRACKER.drain_async(16).await;
    ///     }
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`drain`](Self::drain).
    pub fn drain_async(&self, budget: usize) -> impl Future<Output = usize> {
        /// A task that waits, by the waker that it has left. When it waits no longer it leaves nothing behind.
        struct Waits<'a>(&'a WakerCell, Option<Waker>);
        impl Drop for Waits<'_> {
            fn drop(&mut self) {
                if let Some(waker) = &self.1 {
                    self.0.forget(waker);
                }
            }
        }
        let mut waits = Waits(&self.waker, None);
        poll_fn(move |context| {
            let mut drained = self.drain(budget);
            if drained == 0 && budget > 0 {
                let is_first = waits.1.replace(context.waker().clone()).is_none();
                waits.0.register(context.waker());
                // What died in between may have found no waker.
                drained = self.drain(budget);
                if drained == 0 && is_first && self.core.awaiting() > 0 {
                    // Somebody looked at it. That the look was over can have been on its way from another processor: one more poll.
                    context.waker().wake_by_ref();
                }
            }
            if drained == 0 && budget > 0 { Poll::Pending } else { Poll::Ready(drained) }
        })
    }

    /// Which sweep is due at that instant, or goes on. Looks at the marks of all slots.
    pub fn due(&self, now: Instant) -> Option<Age> {
        self.sweeps.current().or_else(|| self.due_with(self.alive(), now))
    }

    /// Which sweep is due by the tracker's own clock.
    pub(crate) fn due_now(&self) -> Option<Age> {
        self.due(self.time().now())
    }

    /// Does some of the sweep that goes on, if one does. Whether more of it is left.
    pub(crate) fn go_on(&self, budget: usize) -> bool {
        self.sweeps.current().is_some_and(|kind| self.sweep_now(kind, budget).is_left)
    }

    /// As [`sweep_of`](Self::sweep_of), by the tracker's own clock.
    pub(crate) fn sweep_now(&self, kind: Age, budget: usize) -> TrackerSweep {
        self.sweep_of(kind, self.time().now(), budget)
    }

    /// Which sweep is due, with so many alive.
    fn due_with(&self, alive: u32, now: Instant) -> Option<Age> {
        let load = (alive, self.core.was_refused());
        self.sweeps.due::<C::Time>(&self.setup.parts().thresholds, load, now)
    }

    fn alive(&self) -> u32 {
        u32::try_from(self.core.alive()).unwrap_or(u32::MAX)
    }

    /// Does some of the sweep that is due at that instant, or goes on: visits up to `budget` resources (a few more, on the heap, since
    /// those of eight slots are visited together). Nothing, if none is due. Besides, it looks at the marks of all slots.
    ///
    /// A resource that nobody holds and that is over, idle for too long, or [of no more use](Finalizer::is_unused), dies, and waits for
    /// [`drain`](Self::drain). All others that are visited grow older. Any number of threads may sweep at once; they share the sweep.
    ///
    /// # Panics
    ///
    /// If [`is_unused`](Finalizer::is_unused) panics. The next call goes on behind what is visited together with that resource.
    pub fn sweep(&self, now: Instant, budget: usize) -> TrackerSweep {
        if let Some(kind) = self.sweeps.current() {
            return self.sweep_of(kind, now, budget);
        }
        let alive = self.alive();
        let Some(kind) = self.due_with(alive, now) else {
            self.sweeps.none_due(alive);
            return TrackerSweep::default();
        };
        self.sweep_of(kind, now, budget)
    }

    /// As [`sweep`](Self::sweep), of that kind, whether it is due or not. If another one goes on, some of that is done.
    ///
    /// # Panics
    ///
    /// As [`sweep`](Self::sweep).
    pub fn sweep_of(&self, kind: Age, now: Instant, budget: usize) -> TrackerSweep {
        if self.sweeps.begin(kind, now) && kind == Age::Old {
            // Who is refused from now on may be so by what this has already passed.
            self.core.forget_refusals();
        }
        let mut swept = TrackerSweep { kind: self.sweeps.current(), ..TrackerSweep::default() };
        while swept.visited < budget {
            let is_worth =
                |group, age| ages_up_to(age).any(|age| self.core.aged_in(group, age).next().is_some());
            let Some(step) = self.sweeps.step(self.core.groups(), is_worth) else { break };
            let ends = Ends(self, step);
            self.sweep_group(step, now, &mut swept);
            drop(ends);
            if step.is_last {
                break;
            }
        }
        swept.is_left = self.sweeps.current().is_some();
        swept
    }

    /// Visits the slots of a group. (The oldest first: none is visited again when it has grown.)
    fn sweep_group(&self, step: Step, now: Instant, swept: &mut TrackerSweep) {
        let Some(group) = step.group else { return };
        for index in ages_up_to(step.age).flat_map(|age| self.core.aged_in(group, age)) {
            swept.visited += 1;
            self.sweeps.visited(1);
            swept.unused += usize::from(self.visit(index, now));
        }
    }

    /// Lets what is in this slot die if nobody holds it and it is of no more use, or grow older. True if it has died.
    fn visit(&self, index: u32, now: Instant) -> bool {
        let Some(pin) = Pin::of_slot(self, index) else {
            return help(self, index);
        };
        let is_held = pin.known().handles > 0;
        let is_over = || pin.stamp().has_passed(now) || self.setup.parts().finalizer.is_unused(&pin.get().0);
        if !is_held && is_over() {
            return pin.die();
        }
        pin.grow();
        false
    }
}

/// A step of a sweep, after which, if it was the last, the sweep has ended: also if it panicked.
struct Ends<'a, R, M: Slots, C: Tracked<R>>(&'a Tracker<R, M, C>, Step);

impl<R, M: Slots, C: Tracked<R>> Drop for Ends<'_, R, M, C> {
    fn drop(&mut self) {
        if self.1.is_last {
            self.0.sweeps.end(self.1.age, self.0.alive());
        }
    }
}

/// The oldest first.
fn ages_up_to(oldest: Age) -> impl Iterator<Item = Age> {
    OLDEST_FIRST.into_iter().filter(move |&age| age <= oldest)
}

/// A step is a resource that is visited or finalized; what a call costs besides is a look at the marks of all slots.
impl<R, M: Slots, C: Tracked<R>> Maintain for Tracker<R, M, C> {
    fn maintain(&self, budget: usize) -> Maintained {
        let now = self.time().now();
        // Half of it first, so that neither keeps the other from its turn.
        let mut drained = self.drain(budget.div_ceil(2));
        let swept = self.sweep(now, budget - drained);
        let rest = budget.saturating_sub(drained + swept.visited);
        let more = self.drain(rest);
        drained += more;
        // If there was budget left, what waits can't be had just now: somebody looks at it, or is about to mark it.
        let is_left = swept.is_left || (more == rest && self.core.awaiting() > 0);
        let next = self.sweeps.next::<C::Time>(&self.setup.parts().thresholds, now);
        Maintained { done: swept.visited + drained, is_left, next }
    }

    /// When something dies. It takes the place of a task that waits in [`drain_async`](Tracker::drain_async).
    fn wake_when_due(&self, waker: &Waker) {
        self.waker.register(waker);
    }
}
