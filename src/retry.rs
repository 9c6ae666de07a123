//! Trying again, within bounds.

use crate::dice::Dice;
use crate::sync::{AtomicU32, Ordering};
use crate::time::{Clock, Deadline};
use core::fmt;
use core::future::Future;
use core::pin::pin;
use core::time::Duration;

/// How often what failed is tried again, and how long is waited in between.
///
/// Nothing here waits by itself: `clock` says what time it is, and `wait` lets time pass. That is
/// [`std::thread::sleep`](https://doc.rust-lang.org/std/thread/fn.sleep.html), a loop around `wfi` in firmware, the timer of an executor
/// (for [`run_async`](Self::run_async)), and in tests what moves a [`ManualClock`](crate::time::ManualClock).
///
/// If nothing else is said there are five tries, with waits of 1, 2, 4 and 8 milliseconds, and no limit for all of them together.
///
/// ```
/// use core::time::Duration;
/// use larder::pool::{BoxPool, RetryPolicy};
/// use larder::time::{Clock, ManualClock};
///
/// static CLOCK: ManualClock = ManualClock::new();
/// static PATIENT: RetryPolicy<&ManualClock, fn(Duration)> = RetryPolicy::new(&CLOCK, pass as fn(Duration))
///     .tries(4)
///     .backoff(Duration::from_millis(10), Duration::from_millis(25));
///
/// fn pass(time: Duration) {
///     CLOCK.advance(time);
/// }
///
/// let mut tries = 0;
/// let outcome: Result<(), &str> = PATIENT.run(|| {
///     tries += 1;
///     Err("not yet")
/// });
/// assert_eq!((outcome, tries), (Err("not yet"), 4));
/// // 10 + 20 + 25 milliseconds.
/// assert_eq!(CLOCK.now().ticks(), 55_000_000);
///
/// static POOL: BoxPool<u32, 1> = BoxPool::new();
/// let guard = POOL.insert(1)?;
/// assert_eq!(POOL.insert_retrying(2, &PATIENT).unwrap_err().into_inner(), 2);
/// drop(guard);
/// assert_eq!(*POOL.insert_retrying(2, &PATIENT)?, 2);
/// # Ok::<(), larder::Exhausted<u32>>(())
/// ```
///
/// # Bounds
///
/// A run is at most so many tries, and a wait less, none of which is longer than the longest that was asked for. So it comes to an
/// end whatever the clock does, also if it stands or goes backward. What is run once and succeeds costs what it costs, and a look at the
/// clock if there is a limit.
///
/// # Contention, interrupts, panics
///
/// A policy is shared by all who use it, from any thread or interrupt (as far as `wait` can be called there), and holds nothing of any run.
/// If what is run panics, or the wait, the run is over, and the policy as it was.
pub struct RetryPolicy<C, W> {
    clock: C,
    wait: W,
    /// Tries after the first.
    again: u32,
    first: Duration,
    most: Duration,
    within: Duration,
    jitter: Option<u64>,
    /// Runs with jitter that have begun: each draws numbers of its own.
    runs: AtomicU32,
}

impl<C, W> RetryPolicy<C, W> {
    /// Five tries, with waits of 1, 2, 4 and 8 milliseconds.
    pub const fn new(clock: C, wait: W) -> Self {
        Self {
            clock,
            wait,
            again: 4,
            first: Duration::from_millis(1),
            // Reached by those who ask for more tries.
            most: Duration::from_secs(1),
            within: Duration::MAX,
            jitter: None,
            runs: AtomicU32::new(0),
        }
    }

    /// Tries so often, the first included. (At least that one is made.)
    #[must_use]
    pub const fn tries(mut self, tries: u32) -> Self {
        self.again = tries.saturating_sub(1);
        self
    }

    /// Waits for `first` after the first try, and then each time twice as long as before, but never longer than `most`. By default, which
    /// is for pools, that is a millisecond and a second. Zero asks `wait` for no time; what it does then is its own business, like letting
    /// others run.
    #[must_use]
    pub const fn backoff(mut self, first: Duration, most: Duration) -> Self {
        self.first = first;
        self.most = most;
        self
    }

    /// Gives up when so much time has passed since the beginning, by the clock: what fails then is not tried again. A wait that would go
    /// beyond is cut to what is left, and the try after it is the last.
    ///
    /// `Duration::MAX`, the default, is no limit, and the clock is not read at all. Zero leaves one try.
    #[must_use]
    pub const fn within(mut self, total: Duration) -> Self {
        self.within = total;
        self
    }

    /// Waits for any time between none and what it would be otherwise, so that those who failed together do not meet again each time: "full
    /// jitter" (M. Brooker, *Exponential Backoff And Jitter*, AWS Architecture Blog, 2015), which of the ways that are compared
    /// there makes the fewest tries.
    ///
    /// Runs of one policy differ from each other. Policies that should differ, as on several devices, have different seeds.
    #[must_use]
    pub const fn jitter(mut self, seed: u64) -> Self {
        self.jitter = Some(seed);
        self
    }
}

impl<C: Clock, W> RetryPolicy<C, W> {
    /// Calls `operation` until it succeeds, and gives what it gave then; or else its last error.
    ///
    /// # Errors
    ///
    /// That of the last try.
    ///
    /// # Panics
    ///
    /// If `operation` or the wait does.
    pub fn run<T, E>(&self, mut operation: impl FnMut() -> Result<T, E>) -> Result<T, E>
    where
        W: Fn(Duration),
    {
        let outcome = self.run_with((), |()| operation(), drop);
        // Before the outcome is on its way to the caller: it would be lost if this panicked.
        drop(operation);
        outcome
    }

    /// As [`run`](Self::run), for what takes something that `back` finds in its error.
    pub(crate) fn run_with<X, T, E>(
        &self,
        mut input: X,
        mut operation: impl FnMut(X) -> Result<T, E>,
        back: impl Fn(E) -> X,
    ) -> Result<T, E>
    where
        W: Fn(Duration),
    {
        let mut waits = self.waits();
        loop {
            let error = match operation(input) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(wait) = waits.next() else { return Err(error) };
            input = back(error);
            (self.wait)(wait);
        }
    }

    /// As [`run`](Self::run), in a task: `operation` and the wait give futures. Under any executor, without `std` too.
    ///
    /// ```
    /// use core::time::Duration;
    /// use larder::Exhausted;
    /// use larder::pool::{Pool, RetryPolicy};
    /// use larder::time::ManualClock;
    /// # async fn sleep(_: Duration) {}
    ///
    /// static CLOCK: ManualClock = ManualClock::new();
    /// static BUFFERS: Pool<Vec<u8>, 4> = Pool::new();
    ///
    /// async fn send() -> Result<(), Exhausted> {
    ///     let patient = RetryPolicy::new(&CLOCK, sleep).within(Duration::from_secs(1));
    ///     let mut buffer = patient.run_async(async || BUFFERS.acquire()).await?;
    ///     buffer.push(0);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// That of the last try.
    ///
    /// # Panics
    ///
    /// If `operation` or the wait does.
    // An `AsyncFnMut` could lend what it has captured to its future; but then nobody could spawn a task that borrows anything of its own:
    // compilers up to now do not see that such a future may be sent.
    pub async fn run_async<T, E, F, S>(&self, mut operation: impl FnMut() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        W: Fn(Duration) -> S,
        S: Future<Output = ()>,
    {
        let mut waits = self.waits();
        let outcome = loop {
            let error = match output(operation()).await {
                Err(error) => error,
                success => break success,
            };
            let Some(wait) = waits.next() else { break Err(error) };
            // What failed is let go of before others are waited for, who may need it.
            drop(error);
            (self.wait)(wait).await;
        };
        // As in `run`.
        drop(operation);
        outcome
    }

    fn waits(&self) -> Waits<'_, C> {
        let deadline = match self.within {
            // The clock need not be asked.
            Duration::MAX => Deadline::NEVER,
            within => Deadline::after(&self.clock, within),
        };
        let dice = self.jitter.map(|seed| {
            // Relaxed: a number that nobody else has. (Far up, where seeds that are counted don't meet it.)
            let run = self.runs.fetch_add(1, Ordering::Relaxed);
            Dice::new(seed ^ (u64::from(run) << 32))
        });
        // Also a clock that has gone backward makes no wait longer than all of them together may be.
        let most = self.most.min(self.within);
        Waits { clock: &self.clock, left: self.again, next: self.first, most, deadline, dice }
    }
}

/// What comes out of a future, which has gone when that is given: it would be lost if the future panicked as it goes.
async fn output<F: Future>(future: F) -> F::Output {
    let mut future = pin!(Some(future));
    let output = future.as_mut().as_pin_mut().expect("it was put there").await;
    future.set(None);
    output
}

/// The waits of a run.
struct Waits<'a, C> {
    clock: &'a C,
    left: u32,
    /// The next one, if nothing shortens it.
    next: Duration,
    most: Duration,
    deadline: Deadline,
    dice: Option<Dice>,
}

impl<C: Clock> Iterator for Waits<'_, C> {
    type Item = Duration;

    /// How long to wait before the next try. None, if there is to be none.
    fn next(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let wait = self.next.min(self.most);
        self.next = wait.saturating_mul(2);
        let wait = match &mut self.dice {
            Some(dice) => part(wait, dice),
            None => wait,
        };
        let Some(end) = self.deadline.instant() else { return Some(wait) };
        let now = self.clock.now();
        (!self.deadline.has_passed(now)).then(|| wait.min(C::duration(end.saturating_since(now))))
    }
}

/// Any time up to this one, and up to half a millennium.
fn part(of: Duration, dice: &mut Dice) -> Duration {
    Duration::from_nanos(dice.up_to(u64::try_from(of.as_nanos()).unwrap_or(u64::MAX)))
}

impl<C: fmt::Debug, W> fmt::Debug for RetryPolicy<C, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("clock", &self.clock)
            .field("tries", &(u64::from(self.again) + 1))
            .field("backoff", &(self.first, self.most))
            .field("within", &self.within)
            .field("jitter", &self.jitter)
            .finish_non_exhaustive()
    }
}
