//! Time: its arithmetic from end to end, held against wider arithmetic, and the clock that is set by hand.

#![cfg(not(any(larder_loom, larder_step)))]

mod common;

use common::holds;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use larder::time::{Clock, CoarseClock, Deadline, Instant, ManualClock};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use std::sync::Barrier;

const NANOS: u128 = 1_000_000_000;

/// Any ticks, more often those at the ends and around powers of two.
fn ticks() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        (any::<u64>(), 0..64_u32).prop_map(|(ticks, bits)| ticks >> bits),
        (0..64_u32, 0..3_u64).prop_map(|(bit, by)| (1_u64 << bit).wrapping_add(by).wrapping_sub(1)),
        (0..5_u64).prop_map(|by| u64::MAX - by),
        0..5_u64,
    ]
}

fn duration() -> impl Strategy<Value = Duration> {
    let nanos =
        prop_oneof![0..1_000_000_000_u32, 0..3_u32, 999_999_997..1_000_000_000_u32, Just(500_000_000)];
    (ticks(), nanos).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
}

/// The whole nanoseconds of a duration: less than 2^94.
fn nanos(duration: Duration) -> u128 {
    duration.as_nanos()
}

/// Runs a check for clocks from one tick a second to the fastest there can be.
macro_rules! at_every_rate {
    ($check:ident) => {
        $check::<1>();
        $check::<2>();
        $check::<3>();
        $check::<7>();
        $check::<10>();
        $check::<1_000>();
        $check::<32_768>();
        $check::<1_000_000>();
        $check::<999_999_999>();
        $check::<1_000_000_000>();
        $check::<1_000_000_001>();
        $check::<4_294_967_295>();
        $check::<4_294_967_296>();
        $check::<18_446_744_073>();
        $check::<18_446_744_074>();
        $check::<1_000_000_000_000>();
        $check::<0x8000_0000_0000_0000>();
        $check::<0xFFFF_FFFF_FFFF_FFFE>();
        $check::<0xFFFF_FFFF_FFFF_FFFF>();
    };
}

#[test]
fn ticks_are_the_least_that_last_as_long() {
    fn check<const HZ: u64>() {
        holds(1, &duration(), |duration| {
            // Whole seconds and the rest apart: the product of both at once has more than 128 bits.
            let whole = u128::from(duration.as_secs()) * u128::from(HZ);
            let rest = (u128::from(duration.subsec_nanos()) * u128::from(HZ)).div_ceil(NANOS);
            let expected = u64::try_from(whole + rest).unwrap_or(u64::MAX);
            let ticks = ManualClock::<HZ>::ticks(duration);
            assert_eq!(ticks, expected, "{duration:?} at {HZ} Hz");
            assert_eq!(ticks == 0, duration.is_zero(), "no duration but zero becomes zero");
            if let Some(fewer) = ticks.checked_sub(1)
                && ticks < u64::MAX
            {
                assert!(ManualClock::<HZ>::duration(ticks) >= duration, "they last at least as long");
                assert!(ManualClock::<HZ>::duration(fewer) < duration, "and one fewer do not");
            }
        });
    }
    at_every_rate!(check);
}

#[test]
fn a_duration_is_that_of_its_ticks_rounded_down() {
    fn check<const HZ: u64>() {
        holds(1, &ticks(), |ticks| {
            let duration = ManualClock::<HZ>::duration(ticks);
            assert_eq!(
                nanos(duration),
                u128::from(ticks) * NANOS / u128::from(HZ),
                "{ticks} ticks at {HZ} Hz"
            );
            let back = ManualClock::<HZ>::ticks(duration);
            assert!(back <= ticks, "rounded down and up again is never more");
            assert!(u128::from(HZ) > NANOS || back == ticks, "no tick is lost that lasts a nanosecond");
        });
    }
    at_every_rate!(check);
}

#[test]
fn the_longest_duration_is_never() {
    fn check<const HZ: u64>() {
        assert_eq!(ManualClock::<HZ>::ticks(Duration::MAX), u64::MAX);
        for now in [Instant::START, Instant::from_ticks(1), Instant::from_ticks(u64::MAX - 1), Instant::MAX] {
            let clock = ManualClock::<HZ>::starting_at(now);
            let deadline = Deadline::after(&clock, Duration::MAX);
            assert!(deadline.is_never() && deadline == Deadline::NEVER);
            assert!(clock.advance(Duration::MAX));
            assert_eq!(clock.now(), Instant::MAX);
            assert!(!deadline.has_passed(clock.now()));
        }
    }
    at_every_rate!(check);
}

#[test]
fn a_borrowed_clock_ticks_as_the_clock_does() {
    let clock = ManualClock::<7>::starting_at(Instant::from_ticks(3));
    let borrowed = &clock;
    assert_eq!((<&ManualClock<7>>::HZ, Clock::now(&borrowed)), (7, clock.now()));
    assert_eq!(<&ManualClock<7>>::ticks(Duration::from_secs(2)), 14);
    assert_eq!(Deadline::after(&borrowed, Duration::from_secs(1)).instant(), Some(Instant::from_ticks(10)));
}

#[test]
fn instants_stop_at_both_ends() {
    holds(1, &(ticks(), ticks()), |(one, other)| {
        let (early, late) = (Instant::from_ticks(one.min(other)), Instant::from_ticks(one.max(other)));
        assert_eq!(late.saturating_since(early), one.abs_diff(other));
        assert_eq!(early.saturating_since(late), 0);
        assert_eq!(early.saturating_add(late.saturating_since(early)), late);
        let sum = u128::from(one) + u128::from(other);
        assert_eq!(early.saturating_add(late.ticks()).ticks(), u64::try_from(sum).unwrap_or(u64::MAX));
        assert_eq!(early.cmp(&late), one.min(other).cmp(&one.max(other)));
        assert_eq!(Instant::MAX.saturating_add(one), Instant::MAX);
    });
    assert_eq!(Instant::default(), Instant::START);
}

#[test]
fn a_deadline_passes_when_it_is_reached_and_the_last_tick_is_never() {
    holds(1, &(ticks(), ticks(), ticks()), |(now, ttl, later)| {
        let deadline = Deadline::ticks_after(Instant::from_ticks(now), ttl);
        let end = u128::from(now) + u128::from(ttl);
        let never = end >= u128::from(u64::MAX);
        assert_eq!(deadline.is_never(), never);
        assert_eq!(deadline.has_passed(Instant::from_ticks(later)), !never && u128::from(later) >= end);
        assert_eq!(deadline.instant().map(|instant| u128::from(instant.ticks())), (!never).then_some(end));
        assert!(!Deadline::NEVER.has_passed(Instant::from_ticks(later)));
        assert!(deadline <= Deadline::NEVER, "the later the greater");
    });
    assert_eq!(Deadline::default(), Deadline::NEVER);
    assert_eq!(Deadline::at(Instant::MAX), Deadline::NEVER);
    assert_eq!(Deadline::NEVER.instant(), None);
}

#[test]
fn no_time_to_live_is_over_at_once() {
    holds(1, &ticks(), |now| {
        let clock = ManualClock::<1_000>::starting_at(Instant::from_ticks(now));
        let deadline = Deadline::after(&clock, Duration::ZERO);
        // At the end of time nothing ends any more.
        assert_eq!(deadline.has_passed(clock.now()), now < u64::MAX);
    });
}

#[test]
fn the_least_time_to_live_holds_for_one_tick() {
    let clock = ManualClock::<1>::new();
    let deadline = Deadline::after(&clock, Duration::from_nanos(1));
    assert!(!deadline.has_passed(clock.now()));
    assert!(clock.advance_ticks(1));
    assert!(deadline.has_passed(clock.now()));
}

#[test]
fn time_that_runs_backward_only_makes_things_live_longer() {
    let clock = ManualClock::<1_000>::starting_at(Instant::from_ticks(1_000));
    let deadline = Deadline::after(&clock, Duration::from_secs(1));
    for (now, passed) in
        [(1_999, false), (2_000, true), (5, false), (0, false), (2_001, true), (u64::MAX, true)]
    {
        assert!(clock.set(Instant::from_ticks(now)));
        assert_eq!((clock.now().ticks(), deadline.has_passed(clock.now())), (now, passed));
        // A deadline that is set now does not depend on what the clock showed before.
        let fresh = Deadline::after(&clock, Duration::from_secs(1));
        assert!(!fresh.has_passed(clock.now()));
    }
}

#[test]
fn a_clock_stops_at_the_end_of_its_range() {
    let clock = ManualClock::<1>::starting_at(Instant::from_ticks(u64::MAX - 2));
    let almost = Deadline::after(&clock, Duration::from_secs(1));
    assert!(!almost.has_passed(clock.now()));
    for now in [u64::MAX - 1, u64::MAX, u64::MAX] {
        assert!(clock.advance(Duration::from_secs(1)));
        assert_eq!(clock.now().ticks(), now);
        assert!(almost.has_passed(clock.now()) && !Deadline::NEVER.has_passed(clock.now()));
    }
    assert!(clock.advance_ticks(u64::MAX));
    assert_eq!(clock.now(), Instant::MAX);
}

/// Around 2^32 a clock of two words is where it could tear.
#[test]
fn a_clock_goes_over_the_border_of_32_bits() {
    static CLOCK: ManualClock = ManualClock::starting_at(Instant::from_ticks(0xFFFF_FFFE));
    for now in 0xFFFF_FFFF_u64..0x1_0000_0003 {
        assert!(CLOCK.advance_ticks(1));
        assert_eq!(CLOCK.now().ticks(), now);
    }
    assert!(CLOCK.set(Instant::from_ticks(0xFFFF_FFFF)));
    assert_eq!(CLOCK.now().ticks(), 0xFFFF_FFFF);
    assert_eq!(format!("{CLOCK:?}"), "ManualClock { now: Instant(4294967295), hz: 1000000000 }");
    assert_eq!(ManualClock::<3>::default().now(), Instant::START);
}

/// How often threads do something. An interpreter tries fewer orders, and more of each.
const OFTEN: u64 = if cfg!(miri) { 500 } else { 100_000 };

#[test]
fn every_reader_sees_time_go_forward_while_it_is_advanced() {
    let clock = ManualClock::<1>::starting_at(Instant::from_ticks(0xFFFF_FF00));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = clock.now();
                while !over.load(Ordering::Acquire) {
                    let now = clock.now();
                    assert!(now >= last, "{now:?} after {last:?}");
                    last = now;
                }
                assert_eq!(clock.now().ticks(), 0xFFFF_FF00 + OFTEN);
            });
        }
        for _ in 0..OFTEN {
            assert!(clock.advance_ticks(1), "there is one writer");
        }
        over.store(true, Ordering::Release);
    });
}

#[cfg(target_has_atomic = "64")]
#[test]
fn writers_never_lose_a_tick_where_atomics_have_64_bits() {
    let clock = ManualClock::<1>::new();
    let start = Barrier::new(3);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                start.wait();
                (0..OFTEN).for_each(|_| assert!(clock.advance(Duration::from_secs(2))));
            });
        }
    });
    assert_eq!(clock.now().ticks(), 6 * OFTEN);
}

#[test]
fn a_coarse_clock_says_what_was_last_read() {
    let source: ManualClock<1_000> = ManualClock::starting_at(Instant::from_ticks(5));
    let coarse = CoarseClock::new(&source);
    assert_eq!(coarse.now(), Instant::START);
    assert_eq!(coarse.update(), Instant::from_ticks(5));
    source.set(Instant::from_ticks(7));
    assert_eq!(coarse.now(), Instant::from_ticks(5));
    assert_eq!(coarse.update(), Instant::from_ticks(7));
    assert_eq!(coarse.now(), Instant::from_ticks(7));
    assert_eq!(CoarseClock::<&ManualClock<1_000>>::HZ, 1_000);
}

#[test]
fn a_coarse_clock_never_goes_back() {
    let source: ManualClock = ManualClock::starting_at(Instant::from_ticks(u64::MAX - 1));
    let coarse = CoarseClock::new(&source);
    coarse.update();
    source.set(Instant::START);
    assert_eq!(coarse.update(), Instant::START);
    assert_eq!(coarse.now(), Instant::from_ticks(u64::MAX - 1));
    source.set(Instant::MAX);
    coarse.update();
    assert_eq!(coarse.now(), Instant::MAX);
}

#[test]
fn nobody_sees_a_coarse_clock_go_back_whoever_updates_it() {
    static SOURCE: ManualClock = ManualClock::new();
    static CLOCK: CoarseClock<&ManualClock> = CoarseClock::new(&SOURCE);
    let rounds = if cfg!(miri) { 50 } else { 20_000 };
    let begin = Barrier::new(3);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                begin.wait();
                let mut last = Instant::START;
                for _ in 0..rounds {
                    SOURCE.advance_ticks(1);
                    CLOCK.update();
                    let now = CLOCK.now();
                    assert!(now >= last, "{now:?} after {last:?}");
                    last = now;
                }
            });
        }
    });
    assert_eq!(CLOCK.update(), CLOCK.now());
}

#[cfg(feature = "std")]
mod of_the_system {
    use super::*;
    use core::sync::atomic::AtomicU64;
    use larder::cache::{Expiring, HeapCache, Inserted, Setup, TimedCache};
    use larder::time::{CounterClock, StdClock, TickClock};

    static CLOCK: StdClock = StdClock::new();
    static TICKS: TickClock = TickClock::new();
    static COUNTER: CounterClock = CounterClock::new();

    #[test]
    fn goes_on_and_never_back() {
        let begin = CLOCK.now();
        let mut last = begin;
        // As long as it takes: a clock may have steps.
        while last == begin {
            let now = CLOCK.now();
            assert!(now >= last);
            last = now;
        }
    }

    #[test]
    fn is_one_for_all() {
        let before = CLOCK.now();
        let of_another_thread = std::thread::spawn(|| StdClock::default().now()).join().unwrap();
        assert!(before <= of_another_thread && of_another_thread <= CLOCK.now());
    }

    #[test]
    fn keeps_the_time_of_the_system() {
        let (begin, by_system) = (CLOCK.now(), std::time::Instant::now());
        while CLOCK.now().saturating_since(begin) < 1_000_000 {}
        let passed = StdClock::duration(CLOCK.now().saturating_since(begin));
        let by_system = by_system.elapsed();
        assert!(by_system >= Duration::from_millis(1) / 2, "{by_system:?} for {passed:?}");
    }

    #[test]
    fn stands_behind_a_coarse_one() {
        static COARSE: CoarseClock<StdClock> = CoarseClock::new(StdClock::new());
        let now = COARSE.update();
        assert_eq!((COARSE.now(), COARSE.now()), (now, now));
    }

    #[test]
    fn goes_on_by_ticks_and_never_back_for_any_thread() {
        static SEEN: AtomicU64 = AtomicU64::new(0);
        let wait_for_ticks = || {
            let (mut last, mut ticks) = (TICKS.now(), 0);
            while ticks < 3 {
                let seen = SEEN.load(Ordering::Acquire);
                let now = TickClock::default().now();
                assert!(now >= last && now.ticks() >= seen, "{now:?} after {last:?} and {seen}");
                SEEN.fetch_max(now.ticks(), Ordering::Release);
                ticks += u32::from(now > last);
                last = now;
            }
        };
        std::thread::scope(|scope| (0..3).for_each(|_| _ = scope.spawn(wait_for_ticks)));
    }

    #[test]
    fn is_never_ahead_by_ticks_and_comes_as_far() {
        for _ in 0..10_000 {
            let by_tick = TICKS.now();
            assert!(by_tick <= CLOCK.now());
        }
        let exact = CLOCK.now();
        // As long as it takes.
        while TICKS.now() < exact {}
    }

    #[test]
    fn ends_entries_by_ticks_but_not_before_their_deadline() {
        let mut cache = TimedCache::with_capacity(4, Expiring::new(TICKS));
        let deadline = Deadline::after(&CLOCK, Duration::from_millis(1));
        cache.put("stays", 1);
        assert_eq!(cache.insert_until("goes", 2, deadline), Inserted::New);
        while cache.get("goes").is_some() {}
        assert!(deadline.has_passed(CLOCK.now()));
        assert_eq!(cache.get("stays"), Some(&1));
        assert_eq!(cache.sweep(TICKS.now(), 4).expired, 1);
        cache.validate();
    }

    #[test]
    fn ends_entries_by_ticks_for_all_threads() {
        let time = Expiring::new(TICKS).with_time_to_live(Duration::from_nanos(1));
        let cache = HeapCache::with_capacity_and(4, Setup::new().time(time));
        let begin = TICKS.now();
        cache.put("goes", 2).unwrap();
        let wait = || while cache.get("goes").is_some() {};
        std::thread::scope(|scope| (0..2).for_each(|_| _ = scope.spawn(wait)));
        assert!(TICKS.now() > begin);
    }

    /// A counter may be read before what stands before it, as far as a processor looks ahead, and a leg of the clock's course may be wrong
    /// by what it is long; but nothing is by more.
    const REACH: u64 = 5_000_000;

    #[test]
    fn goes_on_by_the_counter_for_any_thread() {
        static SEEN: AtomicU64 = AtomicU64::new(0);
        let begin = COUNTER.now();
        let read = || {
            let mut now = begin;
            while now.saturating_since(begin) < 20_000_000 {
                let seen = SEEN.load(Ordering::Acquire);
                now = CounterClock::default().now();
                assert!(now.ticks() + REACH >= seen, "{now:?} after {seen}");
                SEEN.fetch_max(now.ticks(), Ordering::Release);
            }
        };
        std::thread::scope(|scope| (0..3).for_each(|_| _ = scope.spawn(read)));
    }

    #[test]
    fn is_about_the_same_by_the_counter() {
        let begin = CLOCK.now();
        let mut before = begin;
        while before.saturating_since(begin) < 20_000_000 {
            let by_counter = COUNTER.now().ticks();
            let after = CLOCK.now();
            assert!(by_counter + REACH >= before.ticks(), "{by_counter} after {before:?}");
            assert!(by_counter <= after.ticks() + REACH, "{by_counter} before {after:?}");
            before = after;
        }
    }

    #[test]
    fn ends_entries_by_the_counter() {
        let mut cache = TimedCache::with_capacity(4, Expiring::new(COUNTER));
        let deadline = Deadline::after(&COUNTER, Duration::from_millis(1));
        cache.put("stays", 1);
        assert_eq!(cache.insert_until("goes", 2, deadline), Inserted::New);
        while cache.get("goes").is_some() {}
        assert!(CLOCK.now().ticks() + REACH >= deadline.instant().unwrap().ticks());
        assert_eq!(cache.get("stays"), Some(&1));
        assert_eq!(cache.sweep(COUNTER.now(), 4).expired, 1);
        cache.validate();
    }
}
