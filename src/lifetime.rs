//! How long the entries of a cache live, and what is kept with each of them for that.

use crate::sync::{AtomicU32, Ordering, Ticks};
use crate::time::{Clock, Deadline, Instant};
use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

/// How a cache keeps time. [`Untimed`], [`Expiring`], [`ExpiringInSteps`] or [`Idling`].
pub trait Time: sealed::Sealed {
    /// What is kept with each entry.
    #[doc(hidden)]
    type Stamp: Stamp;
    /// The present.
    #[doc(hidden)]
    fn now(&self) -> Instant;
    /// When an entry that is put in now ends, if its user does not say otherwise.
    #[doc(hidden)]
    fn deadline(&self, now: Instant) -> Deadline;
    /// When one ends that is put in now for so many ticks.
    #[doc(hidden)]
    #[inline]
    fn deadline_after(&self, now: Instant, ticks: u64) -> Deadline {
        Deadline::ticks_after(now, ticks)
    }
    /// When an entry that is used now, and then no more, ends.
    #[doc(hidden)]
    fn idle_deadline(&self, now: Instant) -> Deadline;
    /// How many ticks that are: `u64::MAX` is for ever.
    #[doc(hidden)]
    fn ticks(duration: Duration) -> u64;
    /// How long so many ticks are.
    #[doc(hidden)]
    fn duration(ticks: u64) -> Duration;
}

/// How a cache keeps time whose entries can end.
pub trait Timed: Time {
    /// The clock's type.
    type Clock: Clock;
    /// The clock.
    fn clock(&self) -> &Self::Clock;
    /// How long an entry lives from the moment it is put in, if nothing else is said then; `Duration::MAX` for ever.
    fn time_to_live(&self) -> Duration;
    /// Sets it, for entries that are put in from now on. Where the target has no 64-bit atomics, false, and nothing done, if another
    /// call is half-way.
    fn set_time_to_live(&self, ttl: Duration) -> bool;
}

/// What is kept with each entry. It is written by one who has the entry to itself, and by readers that do not matter to each other.
pub trait Stamp: Sized + Send + Sync {
    /// That of no entry.
    #[doc(hidden)]
    const NEVER: Self;
    /// That of an entry that is put in.
    #[doc(hidden)]
    fn new(deadline: Deadline, idle: Deadline) -> Self;
    /// The entry is put in.
    #[doc(hidden)]
    fn begin(&self, deadline: Deadline, idle: Deadline);
    /// The entry is used.
    #[doc(hidden)]
    fn extend(&self, idle: Deadline);
    /// When it ends, if it is not used any more.
    #[doc(hidden)]
    fn end(&self) -> Deadline;
    /// Whether it is over.
    #[doc(hidden)]
    #[inline]
    fn has_passed(&self, now: Instant) -> bool {
        self.end().has_passed(now)
    }
    /// Whether it could ever be over: whether it is worth while to look.
    #[doc(hidden)]
    const ENDS: bool;
    /// Whether a use changes it.
    #[doc(hidden)]
    const EXTENDS: bool;
}

/// Entries live until they are thrown out. No clock, and no memory for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Untimed(());

impl Untimed {
    /// The only one there is.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Time for Untimed {
    type Stamp = ();

    #[inline]
    fn now(&self) -> Instant {
        Instant::START
    }

    #[inline]
    fn deadline(&self, _: Instant) -> Deadline {
        Deadline::NEVER
    }

    #[inline]
    fn idle_deadline(&self, _: Instant) -> Deadline {
        Deadline::NEVER
    }

    fn ticks(_: Duration) -> u64 {
        u64::MAX
    }

    fn duration(_: u64) -> Duration {
        Duration::MAX
    }
}

impl Stamp for () {
    const NEVER: Self = ();
    const ENDS: bool = false;
    const EXTENDS: bool = false;

    #[inline]
    fn new(_: Deadline, _: Deadline) -> Self {}

    #[inline]
    fn begin(&self, _: Deadline, _: Deadline) {}

    #[inline]
    fn extend(&self, _: Deadline) {}

    #[inline]
    fn end(&self) -> Deadline {
        Deadline::NEVER
    }
}

/// Ticks that are for ever unless they are set. What is stored is what is missing to that, so that all zero is the beginning.
struct Span(Ticks);

impl Span {
    #[expect(clippy::declare_interior_mutable_const, reason = "a beginning, not a place")]
    const EVER: Self = Self(Ticks::new(0));

    const fn new(ticks: u64) -> Self {
        Self(Ticks::new(!ticks))
    }

    #[inline]
    fn ticks(&self) -> u64 {
        !self.0.load()
    }

    fn set(&self, ticks: u64) -> bool {
        self.0.store(!ticks)
    }
}

/// A deadline that can be changed while others read it. All zero is never.
///
/// A writer that finds another one half-way (only where the target has no 64-bit atomics) leaves it.
struct Until(Span);

impl Until {
    #[expect(clippy::declare_interior_mutable_const, reason = "a beginning, not a place")]
    const NEVER: Self = Self(Span::EVER);

    #[inline]
    fn new(deadline: Deadline) -> Self {
        Self(Span::new(deadline.instant().unwrap_or(Instant::MAX).ticks()))
    }

    #[inline]
    fn get(&self) -> Deadline {
        Deadline::at(Instant::from_ticks(self.0.ticks()))
    }

    #[inline]
    fn set(&self, deadline: Deadline) {
        self.0.set(deadline.instant().unwrap_or(Instant::MAX).ticks());
    }
}

impl fmt::Debug for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// Entries end: after the cache's time to live, or after one that is said when they are put in. Takes 8 bytes an entry (17 to 20
/// where the target has no 64-bit atomics).
///
/// ```
/// use core::time::Duration;
/// use larder::cache::{Expiring, Timed};
/// use larder::time::ManualClock;
///
/// static CLOCK: ManualClock = ManualClock::new();
/// let time = Expiring::new(&CLOCK);
/// assert_eq!(time.time_to_live(), Duration::MAX);
/// time.set_time_to_live(Duration::from_secs(60));
/// assert_eq!(time.time_to_live(), Duration::from_secs(60));
/// ```
pub struct Expiring<C> {
    clock: C,
    ttl: Span,
}

impl<C> Expiring<C> {
    /// Entries that live for ever until something else is said. All zero if the clock is.
    pub const fn new(clock: C) -> Self {
        Self { clock, ttl: Span::EVER }
    }
}

impl<C: Clock> Expiring<C> {
    /// The same with a time to live.
    #[must_use]
    pub fn with_time_to_live(self, ttl: Duration) -> Self {
        // Nobody else can be half-way.
        self.set_time_to_live(ttl);
        self
    }
}

impl<C: Clock> Time for Expiring<C> {
    type Stamp = Ending;

    #[inline]
    fn now(&self) -> Instant {
        self.clock.now()
    }

    #[inline]
    fn deadline(&self, now: Instant) -> Deadline {
        Deadline::ticks_after(now, self.ttl.ticks())
    }

    #[inline]
    fn idle_deadline(&self, _: Instant) -> Deadline {
        Deadline::NEVER
    }

    fn ticks(duration: Duration) -> u64 {
        C::ticks(duration)
    }

    fn duration(ticks: u64) -> Duration {
        duration::<C>(ticks)
    }
}

impl<C: Clock> Timed for Expiring<C> {
    type Clock = C;

    fn clock(&self) -> &C {
        &self.clock
    }

    fn time_to_live(&self) -> Duration {
        duration::<C>(self.ttl.ticks())
    }

    fn set_time_to_live(&self, ttl: Duration) -> bool {
        self.ttl.set(C::ticks(ttl))
    }
}

/// How long that many ticks are; `u64::MAX` is for ever.
fn duration<C: Clock>(ticks: u64) -> Duration {
    if ticks == u64::MAX { Duration::MAX } else { C::duration(ticks) }
}

/// The stamp of entries that end.
#[derive(Debug)]
pub struct Ending(Until);

impl Stamp for Ending {
    const NEVER: Self = Self(Until::NEVER);
    const ENDS: bool = true;
    const EXTENDS: bool = false;

    #[inline]
    fn new(deadline: Deadline, _: Deadline) -> Self {
        Self(Until::new(deadline))
    }

    #[inline]
    fn begin(&self, deadline: Deadline, _: Deadline) {
        self.0.set(deadline);
    }

    #[inline]
    fn extend(&self, _: Deadline) {}

    #[inline]
    fn end(&self) -> Deadline {
        self.0.get()
    }
}

/// As [`Expiring`], with deadlines of 32 bits: takes 4 bytes an entry on every target, and reads and writes them at once.
///
/// They are kept in steps, of which a second has at most `STEPS`. What lives for some time lives up to a step longer; what lives until
/// some deadline ends up to a step before it. The range is that of 2^32 steps from the zero of the clock, 17 years with the eight
/// of the default: take a clock that begins near zero. What would end beyond the range ends with it.
///
/// ```
/// use core::time::Duration;
/// use larder::cache::{ExpiringInSteps, HeapCache, Setup};
/// use larder::time::ManualClock;
///
/// let clock: ManualClock = ManualClock::new();
/// let time: ExpiringInSteps<_, 1> = ExpiringInSteps::new(&clock).with_time_to_live(Duration::from_millis(2_500));
/// let cache = HeapCache::with_capacity_and(100, Setup::new().time(time));
/// cache.put("key", 1)?;
/// clock.advance(Duration::from_millis(2_999));
/// assert_eq!(cache.get("key"), Some(1));
/// clock.advance(Duration::from_millis(1));
/// assert_eq!(cache.get("key"), None); // three whole seconds are over
/// # Ok::<(), larder::Rejected<&str, i32>>(())
/// ```
pub struct ExpiringInSteps<C, const STEPS: u64 = 8>(Expiring<C>);

impl<C, const STEPS: u64> ExpiringInSteps<C, STEPS> {
    /// Entries that live for ever until something else is said. All zero if the clock is.
    pub const fn new(clock: C) -> Self {
        const { assert!(STEPS > 0, "a second has a step at least") };
        Self(Expiring::new(clock))
    }
}

impl<C: Clock, const STEPS: u64> ExpiringInSteps<C, STEPS> {
    /// The ticks of a step: one at least, where the clock ticks more slowly.
    const STEP: u64 = if C::HZ > STEPS { C::HZ.div_ceil(STEPS) } else { 1 };

    /// The last step but the one that stands for never.
    const LAST: u32 = u32::MAX - 1;

    /// The same with a time to live.
    #[must_use]
    pub fn with_time_to_live(self, ttl: Duration) -> Self {
        self.set_time_to_live(ttl);
        self
    }

    /// The step that stands for a deadline.
    #[inline]
    fn step(deadline: Deadline) -> u32 {
        let step = deadline.instant().map(|end| end.ticks() / Self::STEP);
        step.map_or(u32::MAX, |step| u32::try_from(step).map_or(Self::LAST, |step| step.min(Self::LAST)))
    }
}

impl<C: Clock, const STEPS: u64> Time for ExpiringInSteps<C, STEPS> {
    type Stamp = EndingInSteps<C, STEPS>;

    #[inline]
    fn now(&self) -> Instant {
        self.0.now()
    }

    #[inline]
    fn deadline(&self, now: Instant) -> Deadline {
        self.deadline_after(now, self.0.ttl.ticks())
    }

    /// At the end of the step, so that the stamp loses nothing of it.
    #[inline]
    fn deadline_after(&self, now: Instant, ticks: u64) -> Deadline {
        match Deadline::ticks_after(now, ticks).instant() {
            Some(end) => {
                Deadline::at(Instant::from_ticks(end.ticks().div_ceil(Self::STEP).saturating_mul(Self::STEP)))
            }
            None => Deadline::NEVER,
        }
    }

    #[inline]
    fn idle_deadline(&self, _: Instant) -> Deadline {
        Deadline::NEVER
    }

    fn ticks(duration: Duration) -> u64 {
        C::ticks(duration)
    }

    fn duration(ticks: u64) -> Duration {
        duration::<C>(ticks)
    }
}

impl<C: Clock, const STEPS: u64> Timed for ExpiringInSteps<C, STEPS> {
    type Clock = C;

    fn clock(&self) -> &C {
        self.0.clock()
    }

    fn time_to_live(&self) -> Duration {
        self.0.time_to_live()
    }

    fn set_time_to_live(&self, ttl: Duration) -> bool {
        self.0.set_time_to_live(ttl)
    }
}

/// The stamp of entries that end at a step: its number, inverted, so that all zero is never.
pub struct EndingInSteps<C, const STEPS: u64>(AtomicU32, PhantomData<fn() -> C>);

impl<C: Clock, const STEPS: u64> Stamp for EndingInSteps<C, STEPS> {
    const NEVER: Self = Self(AtomicU32::new(0), PhantomData);
    const ENDS: bool = true;
    const EXTENDS: bool = false;

    #[inline]
    fn new(deadline: Deadline, _: Deadline) -> Self {
        Self(AtomicU32::new(!ExpiringInSteps::<C, STEPS>::step(deadline)), PhantomData)
    }

    #[inline]
    fn begin(&self, deadline: Deadline, _: Deadline) {
        // Relaxed: it is looked at by those who hold the entry, or who see afterwards that it stayed.
        self.0.store(!ExpiringInSteps::<C, STEPS>::step(deadline), Ordering::Relaxed);
    }

    #[inline]
    fn extend(&self, _: Deadline) {}

    #[inline]
    fn end(&self) -> Deadline {
        // Relaxed: as above.
        let step = !self.0.load(Ordering::Relaxed);
        let end = u64::from(step).saturating_mul(ExpiringInSteps::<C, STEPS>::STEP);
        if step == u32::MAX { Deadline::NEVER } else { Deadline::at(Instant::from_ticks(end)) }
    }
}

impl<C, const STEPS: u64> fmt::Debug for EndingInSteps<C, STEPS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndingInSteps").finish_non_exhaustive()
    }
}

impl<C: Clock, const STEPS: u64> fmt::Debug for ExpiringInSteps<C, STEPS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpiringInSteps").field("time_to_live", &self.time_to_live()).finish_non_exhaustive()
    }
}

/// As [`Expiring`], and entries also end when they have not been used for some time. Takes 16 bytes an entry (33 to 40 where the
/// target has no 64-bit atomics), and each hit writes to them.
pub struct Idling<C> {
    ends: Expiring<C>,
    idle: Span,
}

impl<C> Idling<C> {
    /// Entries that live for ever until something else is said. All zero if the clock is.
    pub const fn new(clock: C) -> Self {
        Self { ends: Expiring::new(clock), idle: Span::EVER }
    }
}

impl<C: Clock> Idling<C> {
    /// The same with a time to live.
    #[must_use]
    pub fn with_time_to_live(self, ttl: Duration) -> Self {
        self.set_time_to_live(ttl);
        self
    }

    /// The same with a time to idle.
    #[must_use]
    pub fn with_time_to_idle(self, idle: Duration) -> Self {
        self.set_time_to_idle(idle);
        self
    }

    /// How long an entry lives after it was last used.
    pub fn time_to_idle(&self) -> Duration {
        duration::<C>(self.idle.ticks())
    }

    /// Sets it, for entries that are put in or used from now on. The result is as that of
    /// [`set_time_to_live`](Timed::set_time_to_live).
    pub fn set_time_to_idle(&self, idle: Duration) -> bool {
        self.idle.set(C::ticks(idle))
    }
}

impl<C: Clock> Time for Idling<C> {
    type Stamp = Idle;

    #[inline]
    fn now(&self) -> Instant {
        self.ends.now()
    }

    #[inline]
    fn deadline(&self, now: Instant) -> Deadline {
        self.ends.deadline(now)
    }

    #[inline]
    fn idle_deadline(&self, now: Instant) -> Deadline {
        Deadline::ticks_after(now, self.idle.ticks())
    }

    fn ticks(duration: Duration) -> u64 {
        C::ticks(duration)
    }

    fn duration(ticks: u64) -> Duration {
        duration::<C>(ticks)
    }
}

impl<C: Clock> Timed for Idling<C> {
    type Clock = C;

    fn clock(&self) -> &C {
        self.ends.clock()
    }

    fn time_to_live(&self) -> Duration {
        self.ends.time_to_live()
    }

    fn set_time_to_live(&self, ttl: Duration) -> bool {
        self.ends.set_time_to_live(ttl)
    }
}

/// The stamp of entries that end, also for want of use.
#[derive(Debug)]
pub struct Idle {
    end: Until,
    idle_end: Until,
}

impl Stamp for Idle {
    const NEVER: Self = Self { end: Until::NEVER, idle_end: Until::NEVER };
    const ENDS: bool = true;
    const EXTENDS: bool = true;

    #[inline]
    fn new(deadline: Deadline, idle: Deadline) -> Self {
        Self { end: Until::new(deadline), idle_end: Until::new(idle) }
    }

    fn begin(&self, deadline: Deadline, idle: Deadline) {
        self.end.set(deadline);
        self.idle_end.set(idle);
    }

    /// Only ever later: a clock that went back shortens no life. (Two readers at once may leave the earlier of their two.)
    #[inline]
    fn extend(&self, idle: Deadline) {
        if self.idle_end.get() < idle {
            self.idle_end.set(idle);
        }
    }

    #[inline]
    fn end(&self) -> Deadline {
        self.end.get().min(self.idle_end.get())
    }
}

impl<C: Clock> fmt::Debug for Expiring<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expiring").field("time_to_live", &self.time_to_live()).finish_non_exhaustive()
    }
}

impl<C: Clock> fmt::Debug for Idling<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idling")
            .field("time_to_live", &self.time_to_live())
            .field("time_to_idle", &self.time_to_idle())
            .finish_non_exhaustive()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Untimed {}
    impl<C> Sealed for super::Expiring<C> {}
    impl<C, const STEPS: u64> Sealed for super::ExpiringInSteps<C, STEPS> {}
    impl<C> Sealed for super::Idling<C> {}
}
