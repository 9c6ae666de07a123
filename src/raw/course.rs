//! A clock that is costly to ask, carried on by a counter that is cheap to read: the protocol, whatever the two are.
//!
//! A *leg* is a straight piece of time: where it began, by the counter and by the clock, and its pace, in nanoseconds a count. It holds for
//! [`REACH`]. Who comes after that draws the next one, from what both say now; so what the counter does wrong, and what the clock does
//! that the counter does not (it is slewed, or stands while the machine sleeps), is set right within a reach.
//!
//! | word | written by | meaning |
//! |---|---|---|
//! | `gate` | by exchanges: who draws, and who tells a time that is on no leg | the *floor*, before which no time is told any more, and which leg holds; 0: none was drawn |
//! | `legs[n]` | who draws, while the other one holds | see above; one without a pace only says where it began |
//! | `drawing` | who finds it 0 | 1 while somebody draws |
//! | `pace` | who draws | that of the last leg, as it was measured |
//!
//! A read is a load of the gate, the leg, the counter, and the gate again. If that is the same, the leg was whole, since it is only
//! written after the gate has left it: and the gate is never twice the same, for the floor rises by one at least when it goes to the other
//! leg. What was read then depends on where the counter is:
//!
//! | the counter is | time | next |
//! |---|---|---|
//! | on the leg | that of the leg, or the floor if that is later | |
//! | before it, by less than [`ASTRAY`] | where it began, or the floor: another core's counter is a little behind, or was read too early | |
//! | beyond it, or it has no pace | | if nobody else draws: the next leg, and look again |
//! | the same, and another one draws, or it is too early for that | the clock's, but not before the leg's end nor the floor | it is the floor from then on |
//!
//! So no time goes back, by the order in which the gate changes. Who reads on a leg tells nothing beyond its end; who
//! leads the gate to the next leg has the floor be that end, or what others have raised it to; and one who asks the clock tells
//! what it said only if he could raise the floor to it while the gate stayed what it was when he found himself beyond the leg. On
//! one leg, what orders two reads is the counter alone, which the processor may read a little earlier than its place in the program.
//!
//! Nobody waits. Who draws may stand anywhere, for ever: the leg that held goes on to hold, to its end, and after that all the others ask
//! the clock. An exchange fails only if another one's did not.
//!
//! A pace is measured from where the last leg began, over [`LEAST`] at least, and a leg has it only if it is about that which was measured
//! before. So at first the clock is asked, for two such times, and also when the counter or the clock has changed its speed; nobody waits
//! for it to be measured. A counter that stands, runs wild or has wrapped has no pace. Readings of the
//! counter before and after that of the clock say how sure one may be that they belong together; the middle of the two is taken.

use crate::sync::{AtomicU8, AtomicWord, Line, Ordering};

/// Bits of a pace after the point.
const FRACTION: u32 = 32;

/// How long a leg holds, as a power of two in nanoseconds: 4 ms. A pace that was measured over it to some tens of nanoseconds is right
/// to as many until its end; and to draw, which takes some hundred nanoseconds, is nothing against it.
const REACH: u32 = 22;

/// How long a pace is measured at least: 1 ms, so that what the readings are apart is little against it.
const LEAST: u64 = 1 << 20;

/// How far, in nanoseconds, the counter may be before a leg and yet not have gone back: 65 µs, much more than cores differ by, or look
/// ahead.
const ASTRAY: u64 = 1 << 16;

/// Two paces that differ by less than this part of one, as a power of two, are about the same: a thousandth, twice as much as
/// systems slew their clocks by.
const LIKENESS: u32 = 10;

/// How far apart, in nanoseconds, two readings of the counter may be with one of the clock between them: 4 µs, for systems where that
/// is a call.
const WIDEST: u64 = 1 << 12;

/// How often both are read to find readings that are close to each other: one interrupt or two may come between.
const TRIES: usize = 3;

/// The paces of counters from 1 MHz, which is hardly a clock, to 64 GHz, which keeps all digits that matter.
const SANE: core::ops::RangeInclusive<u64> = 1 << (FRACTION - 6)..=1000 << FRACTION;

/// In the place of a pace.
const NO_PACE: u64 = 0;

/// The last time there is: half of what a floor has room for. 146 years.
const LAST: u64 = 1 << 62;

/// What a course is made of.
pub(crate) trait Sources {
    /// Whether the counter goes on at one pace, and is the same for all threads. Always the same.
    fn is_steady(&self) -> bool;
    /// The counter. It is asked only if it is steady.
    fn count(&self) -> u64;
    /// The clock, in nanoseconds.
    fn nanos(&self) -> u64;
}

/// The word of the gate: the floor, and in the lowest bit which leg holds.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Gate(u64);

impl Gate {
    /// No leg was drawn.
    const SHUT: Self = Self(0);

    #[inline]
    const fn floor(self) -> u64 {
        self.0 >> 1
    }

    #[inline]
    const fn leg(self) -> usize {
        (self.0 & 1) as usize
    }

    const fn raised_to(self, floor: u64) -> Self {
        Self(floor << 1 | self.0 & 1)
    }

    const fn at_the_other_leg(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// Where a leg began, and its pace.
#[derive(Clone, Copy)]
struct Leg {
    count: u64,
    nanos: u64,
    pace: u64,
}

/// What time it is on a leg.
enum Place {
    On(u64),
    Beyond,
}

impl Leg {
    /// The time of so many counts at its pace, if that is within its reach.
    #[inline]
    fn span(self, counts: u64) -> Option<u64> {
        let span = u128::from(counts) * u128::from(self.pace);
        #[expect(clippy::cast_possible_truncation, reason = "it is within reach, or dropped")]
        let nanos = (span >> FRACTION) as u64;
        (span >> (FRACTION + REACH) == 0).then_some(nanos)
    }

    #[inline]
    fn reaches(self, count: u64) -> Option<u64> {
        Some(self.nanos.wrapping_add(self.span(count.wrapping_sub(self.count))?))
    }

    fn place(self, count: u64) -> Place {
        if self.pace == NO_PACE {
            return Place::Beyond;
        }
        let before = self.span(self.count.wrapping_sub(count));
        let begin = before.is_some_and(|nanos| nanos < ASTRAY).then_some(self.nanos);
        self.reaches(count).or(begin).map_or(Place::Beyond, Place::On)
    }

    /// No time on it is later.
    const fn end(self) -> u64 {
        if self.pace == NO_PACE { self.nanos } else { self.nanos + (1 << REACH) }
    }

    /// The pace of a counter that has come to `count` at `nanos`, if it is that of any.
    fn pace_to(self, count: u64, nanos: u64) -> Option<u64> {
        let since = u128::from(nanos.saturating_sub(self.nanos)) << FRACTION;
        let pace = since.checked_div(count.wrapping_sub(self.count).into())?;
        u64::try_from(pace).ok().filter(|pace| SANE.contains(pace))
    }
}

/// A leg, in words.
struct Words {
    count: AtomicWord,
    nanos: AtomicWord,
    pace: AtomicWord,
}

impl Words {
    const fn new() -> Self {
        Self { count: AtomicWord::new(0), nanos: AtomicWord::new(0), pace: AtomicWord::new(NO_PACE) }
    }

    /// Whole if the gate is then still what it was before.
    #[inline]
    fn load(&self) -> Leg {
        // Acquire, each: if this is already of the leg after the next, that store's Release lets a look at the gate see that it has
        // moved.
        Leg {
            count: self.count.load(Ordering::Acquire),
            nanos: self.nanos.load(Ordering::Acquire),
            pace: self.pace.load(Ordering::Acquire),
        }
    }

    /// By who draws, while the other leg holds.
    fn store(&self, leg: Leg) {
        // Release, each: who still reads the leg before the last, and meets these, must also see that the gate has left it.
        self.count.store(leg.count, Ordering::Release);
        self.nanos.store(leg.nanos, Ordering::Release);
        self.pace.store(leg.pace, Ordering::Release);
    }
}

/// A reading of the clock, and of the counter about then.
struct Pair {
    count: u64,
    nanos: u64,
    /// Counts between the two readings of the counter around that of the clock.
    width: u64,
}

impl Pair {
    fn read(sources: &impl Sources) -> Self {
        let before = sources.count();
        let nanos = sources.nanos().min(LAST);
        let width = sources.count().wrapping_sub(before);
        Self { count: before.wrapping_add(width / 2), nanos, width }
    }

    /// The one whose readings are the closest.
    fn closest(sources: &impl Sources) -> Self {
        (1..TRIES).fold(Self::read(sources), |best, _| {
            let next = Self::read(sources);
            if next.width < best.width { next } else { best }
        })
    }
}

/// See the module.
pub(crate) struct Course {
    gate: AtomicWord,
    legs: [Words; 2],
    drawing: AtomicU8,
    pace: AtomicWord,
    /// What a read looks at lies on one line of the processor's cache.
    _line: [Line; 0],
}

impl Course {
    pub(crate) const fn new() -> Self {
        Self {
            gate: AtomicWord::new(Gate::SHUT.0),
            legs: [const { Words::new() }; 2],
            drawing: AtomicU8::new(0),
            pace: AtomicWord::new(NO_PACE),
            _line: [],
        }
    }

    /// What time it is, in nanoseconds of the clock.
    #[inline]
    pub(crate) fn now(&self, sources: &impl Sources) -> u64 {
        self.now_on_leg(sources).unwrap_or_else(|| self.now_anywhere(sources))
    }

    #[inline]
    fn now_on_leg(&self, sources: &impl Sources) -> Option<u64> {
        let gate = self.gate();
        let leg = self.legs[gate.leg()].load();
        // Before the counter is read: where it is not steady it may be dear.
        if leg.pace == NO_PACE {
            return None;
        }
        let now = leg.reaches(sources.count())?;
        self.is_still(gate).then_some(now.max(gate.floor()))
    }

    #[inline]
    fn gate(&self) -> Gate {
        // Acquire: pairs with the Release of `lead_on`; the leg is seen whole, if it is not written again.
        Gate(self.gate.load(Ordering::Acquire))
    }

    #[inline]
    fn is_still(&self, gate: Gate) -> bool {
        // Relaxed: see `Words::load`.
        self.gate.load(Ordering::Relaxed) == gate.0
    }

    #[cold]
    #[inline(never)]
    fn now_anywhere(&self, sources: &impl Sources) -> u64 {
        if !sources.is_steady() {
            return sources.nanos();
        }
        let mut may_draw = true;
        loop {
            let gate = self.gate();
            let leg = self.legs[gate.leg()].load();
            match leg.place(sources.count()) {
                Place::On(now) if self.is_still(gate) => return now.max(gate.floor()),
                // A leg that is not whole.
                Place::On(_) => {}
                Place::Beyond if may_draw => {
                    self.draw(sources);
                    may_draw = false;
                }
                Place::Beyond => {
                    let now = sources.nanos().min(LAST).max(leg.end()).max(gate.floor());
                    if self.raise(gate, now) {
                        return now;
                    }
                }
            }
        }
    }

    /// Makes the floor what is told, if the gate is still what it was.
    fn raise(&self, gate: Gate, floor: u64) -> bool {
        let raised = gate.raised_to(floor);
        // Relaxed: it only hands on what `lead_on` released. Whether the leg was whole is as in `is_still`.
        self.gate.compare_exchange(gate.0, raised.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Draws the next leg, unless another one does, or it is too early.
    fn draw(&self, sources: &impl Sources) {
        // Acquire: pairs with the Release below; what was drawn before is seen.
        if self.drawing.swap(1, Ordering::Acquire) != 0 {
            return;
        }
        // Relaxed: nobody else leads it to another leg.
        let gate = Gate(self.gate.load(Ordering::Relaxed));
        let old = self.legs[gate.leg()].load();
        if let Some(next) = self.leg_after(gate, old, &Pair::closest(sources)) {
            self.legs[gate.at_the_other_leg().leg()].store(next);
            self.lead_on(gate, old.end());
        }
        // Release: pairs with the Acquire above.
        self.drawing.store(0, Ordering::Release);
    }

    /// None if another one has drawn, or if the readings are too close to where the last leg began, or too far apart.
    fn leg_after(&self, gate: Gate, old: Leg, &Pair { count, nanos, width }: &Pair) -> Option<Leg> {
        if gate == Gate::SHUT {
            return Some(Leg { count, nanos, pace: NO_PACE });
        }
        if matches!(old.place(count), Place::On(_)) || nanos.saturating_sub(old.nanos) < LEAST {
            return None;
        }
        let pace = old.pace_to(count, nanos).unwrap_or(NO_PACE);
        if u128::from(width) * u128::from(pace) > u128::from(WIDEST) << FRACTION {
            return None;
        }
        // Relaxed, both: only who draws looks at it.
        let last = self.pace.load(Ordering::Relaxed);
        self.pace.store(pace, Ordering::Relaxed);
        let is_likely = pace != NO_PACE && pace.abs_diff(last) <= last >> LIKENESS;
        Some(Leg { count, nanos, pace: if is_likely { pace } else { NO_PACE } })
    }

    /// Has the other leg hold. Nothing is told any more that is as early as the end of the last one, or as what anybody has told.
    fn lead_on(&self, mut gate: Gate, end: u64) {
        loop {
            let next = gate.at_the_other_leg().raised_to(gate.floor().max(end) + 1);
            // Release: pairs with the Acquire of `gate`. Relaxed: a lost race only means that the floor was raised.
            match self.gate.compare_exchange(gate.0, next.0, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(raised) => gate = Gate(raised),
            }
        }
    }

    /// Looks at every word, for a checker.
    ///
    /// # Panics
    ///
    /// If something is not as it has to be where nobody is at work.
    #[cfg_attr(not(any(larder_loom, larder_step)), allow(dead_code, reason = "a checker's"))]
    pub(crate) fn validate(&self) {
        for leg in &self.legs {
            let leg = leg.load();
            assert!(leg.pace == NO_PACE || SANE.contains(&leg.pace), "a pace that is none");
            assert!(leg.nanos <= LAST, "a time that is none");
        }
        assert!(self.gate().floor() <= 2 * LAST, "a floor that is none");
        // Relaxed, both: where nobody is at work.
        let (drawing, pace) = (self.drawing.load(Ordering::Relaxed), self.pace.load(Ordering::Relaxed));
        assert_eq!(drawing, 0, "somebody draws");
        assert!(pace == NO_PACE || SANE.contains(&pace), "a pace that is none");
    }
}

#[cfg(all(test, not(any(larder_loom, larder_step))))]
mod tests {
    use super::{ASTRAY, Course, LAST, LEAST, LIKENESS, Ordering, REACH, Sources};
    use crate::dice::Dice;
    use core::cell::Cell;

    /// How long a reading of either takes in [`World`].
    const READING: u64 = 20;

    /// How late or early a time may be where nothing is wrong: some readings, and what they make of a pace.
    const EXACT: u64 = 10 * READING;

    /// What a leg can be wrong by at most, whatever the counter does: all of it, what paces may differ by, and what the
    /// counter may be before it.
    const BOUND: u64 = (1 << REACH) + (1 << (REACH - LIKENESS)) + ASTRAY + EXACT;

    /// A counter and a clock, and the time by which both go.
    struct World {
        course: Course,
        is_steady: bool,
        /// In half counts a nanosecond, and hundredths of a nanosecond's worth.
        counter_speed: Cell<u64>,
        clock_speed: Cell<u64>,
        count: Cell<u64>,
        /// Hundredths.
        nanos: Cell<u64>,
        /// How often each was read.
        counts: Cell<u64>,
        readings: Cell<u64>,
        /// How many readings of either are yet to come before one takes so long.
        held_up: Cell<Option<(u64, u64)>>,
        last: Cell<u64>,
    }

    impl World {
        fn new() -> Self {
            Self {
                course: Course::new(),
                is_steady: true,
                counter_speed: Cell::new(5),
                clock_speed: Cell::new(100),
                count: Cell::new(0),
                nanos: Cell::new(0),
                counts: Cell::new(0),
                readings: Cell::new(0),
                held_up: Cell::new(None),
                last: Cell::new(0),
            }
        }

        fn counting_from(count: u64) -> Self {
            let world = Self::new();
            world.count.set(count);
            world
        }

        /// One that has a leg.
        fn running(count: u64) -> Self {
            let world = Self::counting_from(count);
            world.settle();
            world
        }

        /// Lets time pass, and reads, until the clock need not be asked.
        fn settle(&self) {
            for _ in 0..20 {
                self.pass(LEAST / 4);
                self.now();
            }
            assert_eq!(self.asked(|| self.now()), 0, "there is no leg");
            self.is_exact();
        }

        fn pass(&self, nanos: u64) {
            self.count.set(self.count.get().wrapping_add(nanos * self.counter_speed.get() / 2));
            self.nanos.set(self.nanos.get() + nanos * self.clock_speed.get());
        }

        fn reading(&self) {
            self.pass(READING);
            if let Some((left, nanos)) = self.held_up.take() {
                if left == 0 { self.pass(nanos) } else { self.held_up.set(Some((left - 1, nanos))) }
            }
        }

        fn clock(&self) -> u64 {
            self.nanos.get() / 100
        }

        /// A read, which is not before the last one.
        fn now(&self) -> u64 {
            let now = self.course.now(self);
            assert!(now >= self.last.get(), "{now} after {}", self.last.get());
            self.last.set(now);
            self.course.validate();
            now
        }

        /// How far a read is from the clock.
        fn error(&self) -> u64 {
            self.now().abs_diff(self.clock())
        }

        fn is_exact(&self) {
            let error = self.error();
            assert!(error <= EXACT, "{error} ns");
        }

        /// How often the clock is asked.
        fn asked<R>(&self, work: impl FnOnce() -> R) -> u64 {
            let before = self.readings.get();
            work();
            self.readings.get() - before
        }
    }

    impl Sources for World {
        fn is_steady(&self) -> bool {
            self.is_steady
        }

        fn count(&self) -> u64 {
            self.counts.set(self.counts.get() + 1);
            self.reading();
            self.count.get()
        }

        fn nanos(&self) -> u64 {
            self.readings.set(self.readings.get() + 1);
            self.reading();
            self.clock()
        }
    }

    /// The same with another clock.
    struct With<'a, N>(&'a World, N);

    impl<N: Fn(&World) -> u64> Sources for With<'_, N> {
        fn is_steady(&self) -> bool {
            true
        }

        fn count(&self) -> u64 {
            self.0.count()
        }

        fn nanos(&self) -> u64 {
            (self.1)(self.0)
        }
    }

    /// The same with another counter.
    struct Counting<'a, C>(&'a World, C);

    impl<C: Fn(&World) -> u64> Sources for Counting<'_, C> {
        fn is_steady(&self) -> bool {
            true
        }

        fn count(&self) -> u64 {
            (self.1)(self.0)
        }

        fn nanos(&self) -> u64 {
            self.0.nanos()
        }
    }

    impl<N: Fn(&World) -> u64> With<'_, N> {
        fn now(&self) -> u64 {
            let now = self.0.course.now(self);
            assert!(now >= self.0.last.get(), "{now} after {}", self.0.last.get());
            self.0.last.set(now);
            now
        }
    }

    #[test]
    fn the_clock_is_asked_until_the_pace_is_known() {
        let world = World::new();
        while world.clock() < 2 * LEAST {
            assert_ne!(world.asked(|| world.is_exact()), 0);
            world.pass(LEAST / 100);
        }
        world.pass(LEAST / 10);
        world.now();
        assert_eq!(world.asked(|| world.now()), 0);
    }

    #[test]
    fn the_clock_is_asked_once_in_a_reach_then() {
        let world = World::running(0);
        let asked = world.asked(|| {
            while world.clock() < 1_000_000_000 {
                world.pass(1_000);
                world.is_exact();
            }
        });
        assert!(asked <= 3 * 1_000_000_000 / (1 << REACH) + 3, "{asked} times");
    }

    #[test]
    fn a_time_is_exact_however_long_nobody_asks() {
        let mut dice = Dice::new(1);
        let world = World::running(7);
        for _ in 0..20_000 {
            let most = 1 << dice.up_to(30);
            world.pass(dice.up_to(most));
            world.is_exact();
        }
    }

    #[test]
    fn counters_of_all_speeds_are_followed() {
        for speed in [1, 2, 3, 10, 100] {
            let world = World::new();
            world.counter_speed.set(speed);
            world.settle();
        }
    }

    #[test]
    fn a_counter_that_is_not_steady_is_not_read() {
        let world = World { is_steady: false, ..World::new() };
        for _ in 0..100 {
            world.pass(LEAST);
            assert_eq!(world.now(), world.clock());
        }
        assert_eq!(world.counts.get(), 0);
    }

    #[test]
    fn a_counter_that_stands_is_not_followed() {
        let world = World::counting_from(9);
        world.counter_speed.set(0);
        for _ in 0..1_000 {
            world.pass(LEAST / 10);
            assert_ne!(world.asked(|| world.is_exact()), 0);
        }
    }

    #[test]
    fn a_counter_that_is_too_fast_is_not_followed() {
        let world = World::new();
        world.counter_speed.set(1_000);
        for _ in 0..1_000 {
            world.pass(LEAST / 10);
            assert_ne!(world.asked(|| world.is_exact()), 0);
        }
    }

    #[test]
    fn a_counter_that_wraps_goes_on() {
        let world = World::running(u64::MAX - 20_000_000);
        while world.count.get() > 1 << 63 {
            world.pass(1_000);
            assert!(world.error() <= EXACT);
        }
        for _ in 0..10_000 {
            world.pass(1_000);
            world.is_exact();
        }
    }

    /// What nobody could have foreseen is wrong by a reach at most, and set right within a few.
    fn is_borne(happens: impl Fn(&World)) {
        for ahead in [0, 10, LEAST / 2, LEAST, 3 * LEAST, (1 << REACH) - 100, 1 << REACH, 1 << 30] {
            let world = World::running(1 << 50);
            world.pass(ahead);
            happens(&world);
            for _ in 0..500 {
                world.pass(LEAST / 16);
                let error = world.error();
                assert!(error <= BOUND, "{error} ns, {ahead} ns after the last one");
            }
            world.settle();
        }
    }

    /// Back on a leg, time goes with it, and that once.
    #[test]
    fn a_counter_may_jump_anywhere() {
        let jump = |world: &World, to: &dyn Fn(u64) -> u64| {
            world.now();
            world.count.set(to(world.count.get()));
            world.last.set(world.last.get() - (1 << REACH));
        };
        for by in [1, 100, 10_000, 1 << 20, 1 << 23, 1 << 24, 1 << 30, 1 << 62, 1 << 63] {
            is_borne(|world| jump(world, &|count| count.wrapping_add(by)));
            is_borne(|world| jump(world, &|count| count.wrapping_sub(by)));
        }
        is_borne(|world| jump(world, &|_| 0));
        is_borne(|world| jump(world, &|_| u64::MAX));
    }

    #[test]
    fn a_counter_that_is_a_little_before_a_leg_is_not_taken_for_another() {
        let world = World::running(0);
        world.pass(1 << REACH);
        world.now();
        // 10 µs.
        world.count.set(world.count.get() - 25_000);
        world.last.set(world.last.get() - 10_000);
        for _ in 0..10 {
            assert!(world.error() <= 10_000 + EXACT);
        }
    }

    #[test]
    fn a_counter_may_change_its_speed() {
        for speed in [3, 4, 6, 10, 25] {
            is_borne(|world| world.counter_speed.set(speed));
        }
    }

    #[test]
    fn a_clock_may_be_slewed() {
        for speed in [90, 99, 101, 110] {
            is_borne(|world| world.clock_speed.set(speed));
        }
    }

    #[test]
    fn a_clock_may_have_stood() {
        for stood in [LEAST, 1 << REACH, 1 << 33] {
            is_borne(|world| {
                world.clock_speed.set(0);
                world.pass(stood);
                world.clock_speed.set(100);
            });
        }
    }

    #[test]
    fn a_clock_that_stands_holds_time_up_within_a_reach() {
        let world = World::running(0);
        world.clock_speed.set(0);
        let stands = world.clock();
        for _ in 0..1_000 {
            world.pass(LEAST / 8);
            assert!(world.now() <= stands + BOUND);
        }
        assert_eq!(world.now(), world.now());
    }

    #[test]
    fn a_clock_that_goes_back_holds_time_up() {
        let world = World::running(0);
        world.pass(1 << 30);
        let before = world.now();
        world.nanos.set(0);
        for _ in 0..1_000 {
            world.pass(LEAST / 8);
            assert!(world.now() <= before + BOUND);
        }
        world.pass(1 << 30);
        world.settle();
    }

    #[test]
    fn a_clock_may_come_to_its_end() {
        let world = World::running(0);
        for far in [LAST - 1, LAST, u64::MAX / 100, u64::MAX] {
            for _ in 0..10 {
                world.pass(LEAST);
                let now = With(&world, |_: &World| far).now();
                assert!(now <= LAST + (1 << REACH) + 10, "{now}");
            }
        }
    }

    #[test]
    fn who_is_held_up_while_he_draws_draws_nothing_wrong() {
        for at in 0..24 {
            for nanos in [100, 3_000, 10_000, LEAST, 1 << REACH, 1 << 30] {
                let world = World::running(0);
                world.pass(1 << REACH);
                world.held_up.set(Some((at, nanos)));
                world.now();
                world.held_up.set(None);
                for _ in 0..100 {
                    world.is_exact();
                    world.pass(LEAST / 8);
                }
            }
        }
    }

    #[test]
    fn readings_that_are_far_apart_are_not_followed() {
        let world = World::new();
        let slow = |world: &World| {
            world.pass(20_000);
            world.nanos()
        };
        for _ in 0..1_000 {
            world.pass(LEAST / 3);
            assert_ne!(world.asked(|| With(&world, slow).now()), 0);
        }
    }

    #[test]
    fn nobody_waits_for_who_draws() {
        for setup in [World::new(), World::running(0)] {
            setup.pass(1 << REACH);
            setup.course.drawing.store(1, Ordering::Relaxed);
            for _ in 0..1_000 {
                setup.pass(LEAST / 8);
                let now = setup.course.now(&setup);
                assert!(now >= setup.last.get() && now.abs_diff(setup.clock()) <= EXACT);
                setup.last.set(now);
            }
            setup.course.drawing.store(0, Ordering::Relaxed);
            setup.settle();
        }
    }

    /// The others ask the clock after it was read for the leg, and it is far ahead then.
    #[test]
    fn a_leg_does_not_begin_before_what_was_told_while_it_was_drawn() {
        let world = World::running(0);
        world.pass(1 << REACH);
        let behind = |world: &World| {
            let nanos = world.nanos();
            world.nanos.set(world.nanos.get() + 100 * 2_000);
            world.last.set(world.course.now(world));
            world.nanos.set(world.nanos.get() - 100 * 2_000);
            nanos
        };
        With(&world, behind).now();
        (0..500).for_each(|_| _ = world.now());
    }

    /// Who found himself beyond a leg, and comes to draw when another one has done so, and time has gone on.
    #[test]
    fn who_comes_late_to_draw_does_not() {
        let world = World::running(0);
        world.pass(1 << REACH);
        let times = Cell::new(0);
        let counts = |world: &World| {
            let count = world.count();
            // At first it is looked whether he is on the leg.
            if times.replace(times.get() + 1) == 1 {
                world.now();
                world.pass(2 * LEAST);
            }
            count
        };
        let now = world.course.now(&Counting(&world, counts));
        assert!(now.abs_diff(world.clock()) <= EXACT);
    }
}
