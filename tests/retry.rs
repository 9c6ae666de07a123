//! `RetryPolicy`: how often, after which waits, and until when. Time passes only where a wait moves the clock.

#![cfg(not(any(larder_loom, larder_step)))]

use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::panic::AssertUnwindSafe;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use larder::Exhausted;
use larder::pool::{BoxPool, Pool, RetryPolicy};
use larder::stats::Shared;
use larder::time::{Clock, Instant, ManualClock};
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Runs what always fails, and gives how often it was tried, and the waits. `set` makes a policy of one that has the clock and a wait.
macro_rules! fails {
    (|$policy:ident| $set:expr) => {
        fails!(|$policy, _clock| $set)
    };
    (|$policy:ident, $clock:ident| $set:expr) => {{
        let clock = ManualClock::<1_000_000>::new();
        let $clock = &clock;
        let waits = RefCell::new(Vec::new());
        let $policy = RetryPolicy::new(&clock, |time| {
            waits.borrow_mut().push(time);
            clock.advance(time);
        });
        let policy = $set;
        let mut tries = 0;
        let outcome: Result<(), u32> = policy.run(|| {
            tries += 1;
            Err(tries)
        });
        assert_eq!(outcome, Err(tries), "the last error");
        (tries, waits.take())
    }};
}

#[test]
fn five_tries_and_a_millisecond_if_nothing_is_said() {
    assert_eq!(fails!(|policy| policy), (5, [1, 2, 4, 8].map(ms).to_vec()));
}

#[test]
fn so_many_tries_but_at_least_one() {
    for tries in [0, 1, 2, 3, 100] {
        let (made, waits) = fails!(|policy| policy.tries(tries).backoff(ms(3), ms(3)));
        assert_eq!(made, tries.max(1));
        assert_eq!(waits, vec![ms(3); made as usize - 1]);
    }
}

#[test]
fn waits_double_up_to_the_longest() {
    let (_, waits) = fails!(|policy| policy.tries(8).backoff(ms(10), ms(100)));
    assert_eq!(waits, [10, 20, 40, 80, 100, 100, 100].map(ms));
    let (_, waits) = fails!(|policy| policy.tries(3).backoff(ms(10), ms(4)));
    assert_eq!(waits, [4, 4].map(ms), "the first is none of the longer ones either");
    let (_, waits) = fails!(|policy| policy.tries(4).backoff(Duration::MAX / 3, Duration::MAX));
    assert_eq!(waits, [Duration::MAX / 3, Duration::MAX / 3 * 2, Duration::MAX]);
    let (_, waits) = fails!(|policy| policy.tries(3).backoff(ms(1), Duration::MAX));
    assert_eq!(waits, [1, 2].map(ms));
}

#[test]
fn zero_asks_for_no_time_and_still_lets_the_wait_be_called() {
    let (tries, waits) = fails!(|policy| policy.tries(4).backoff(Duration::ZERO, ms(9)));
    assert_eq!((tries, waits), (4, vec![Duration::ZERO; 3]));
    let (tries, waits) = fails!(|policy| policy.tries(4).backoff(ms(9), Duration::ZERO));
    assert_eq!((tries, waits), (4, vec![Duration::ZERO; 3]));
    let (tries, waits) = fails!(|policy| policy.tries(4).within(Duration::ZERO));
    assert_eq!((tries, waits), (1, vec![]));
}

#[test]
fn the_last_wait_is_cut_to_what_is_left() {
    let waits = |total| fails!(|policy| policy.tries(9).backoff(ms(10), ms(40)).within(total)).1;
    assert_eq!(waits(ms(100)), [10, 20, 40, 30].map(ms));
    assert_eq!(waits(ms(70)), [10, 20, 40].map(ms), "nothing is left: the try that follows is the last");
    assert_eq!(waits(ms(71)), [10, 20, 40, 1].map(ms));
    assert_eq!(waits(ms(5)), [5].map(ms));
    assert_eq!(waits(Duration::MAX), [10, 20, 40, 40, 40, 40, 40, 40].map(ms));
    // Less than a tick, which is a microsecond.
    assert_eq!(waits(Duration::from_nanos(1)), [Duration::from_nanos(1)]);
}

#[test]
fn what_takes_long_by_itself_is_not_tried_beyond_the_limit() {
    let clock = ManualClock::<1_000>::new();
    let policy = RetryPolicy::new(&clock, |time| _ = clock.advance(time)).tries(99).within(ms(100));
    let mut begun = Vec::new();
    let outcome: Result<(), ()> = policy.run(|| {
        begun.push(clock.now().ticks());
        clock.advance_ticks(30);
        Err(())
    });
    assert_eq!((outcome, begun), (Err(()), vec![0, 31, 63, 97]));
    assert_eq!(clock.now().ticks(), 127);
}

#[test]
fn success_ends_it_at_once() {
    let clock = ManualClock::<1_000>::new();
    let policy = RetryPolicy::new(&clock, |time| _ = clock.advance(time)).tries(9);
    for needed in 1..=9 {
        let mut tries = 0;
        let outcome = policy.run(|| {
            tries += 1;
            if tries == needed { Ok(tries) } else { Err("not yet") }
        });
        assert_eq!((outcome, tries), (Ok(needed), needed));
    }
}

#[test]
fn without_a_limit_the_clock_is_not_read() {
    struct Never;

    impl Clock for Never {
        const HZ: u64 = 1;

        fn now(&self) -> Instant {
            unreachable!("nobody needs to know")
        }
    }

    let policy = RetryPolicy::new(Never, |_| ()).within(Duration::MAX).jitter(1);
    assert_eq!(policy.run(|| Err::<(), _>(7)), Err(7));
}

#[test]
fn a_clock_that_goes_backward_or_stands_does_not_make_it_endless() {
    let waited = Cell::new(Duration::ZERO);
    let clock = ManualClock::<1_000>::starting_at(Instant::from_ticks(1_000_000));
    let back = |time| {
        waited.set(waited.get() + time);
        clock.set(Instant::from_ticks(clock.now().ticks().saturating_sub(1_000)));
    };
    let policy = RetryPolicy::new(&clock, back).tries(20).backoff(ms(30), ms(1_000)).within(ms(50));
    let mut tries = 0;
    assert!(policy.run(|| -> Result<(), ()> { (tries += 1, Err(())).1 }).is_err());
    // None is longer than all of them may be.
    assert_eq!((tries, waited.get()), (20, ms(30 + 18 * 50)));

    let policy = RetryPolicy::new(&clock, |_| ()).tries(20).within(ms(1));
    tries = 0;
    assert!(policy.run(|| -> Result<(), ()> { (tries += 1, Err(())).1 }).is_err());
    assert_eq!(tries, 20);

    // It begins where the clock ends: what would end there never does.
    for start in [0, 1, u64::MAX - 1, u64::MAX] {
        let clock = ManualClock::<1_000>::starting_at(Instant::from_ticks(start));
        let policy = RetryPolicy::new(&clock, |time| _ = clock.advance(time)).within(ms(2));
        assert_eq!(policy.run(|| Err::<(), _>(start)), Err(start));
    }
}

#[test]
fn jitter_spreads_the_waits_and_lengthens_none() {
    let run = |policy: &RetryPolicy<&ManualClock, _>, waits: &RefCell<Vec<Duration>>| {
        let _: Result<(), ()> = policy.run(|| Err(()));
        waits.take()
    };
    let clock = ManualClock::new();
    let waits = RefCell::new(Vec::new());
    let seeded = |seed| {
        RetryPolicy::new(&clock, |time| waits.borrow_mut().push(time))
            .tries(41)
            .backoff(ms(1_000), ms(1_000))
            .jitter(seed)
    };
    let policy = seeded(1);
    let (first, second) = (run(&policy, &waits), run(&policy, &waits));
    assert_eq!(first, run(&seeded(1), &waits), "the same seed, the same waits");
    for other in [&second, &run(&seeded(2), &waits)] {
        assert!(first.iter().zip(other).all(|(one, other)| one != other), "runs and seeds differ");
    }
    for waits in [&first, &second] {
        assert!(waits.iter().all(|wait| *wait <= ms(1_000)));
        let mean = waits.iter().sum::<Duration>() / 40;
        assert!((ms(350)..ms(650)).contains(&mean), "about half: {mean:?}");
        assert!(waits.iter().any(|wait| *wait < ms(250)) && waits.iter().any(|wait| *wait > ms(750)));
    }
    let endless = seeded(3).backoff(Duration::MAX, Duration::MAX);
    assert!(run(&endless, &waits).iter().any(|wait| *wait > Duration::from_secs(1 << 32)));
    let none = seeded(4).backoff(Duration::ZERO, ms(1));
    assert!(run(&none, &waits).iter().all(Duration::is_zero));
}

#[test]
fn a_panic_is_the_end_of_its_run_and_of_nothing_else() {
    let clock = ManualClock::<1_000>::new();
    let wait = |time| {
        if clock.advance(time) && clock.now().ticks() == 7 {
            resume_unwind(Box::new("wait"));
        }
    };
    let policy = RetryPolicy::new(&clock, wait).tries(4).within(ms(100));
    let mut tries = 0;
    let panic = catch_unwind(AssertUnwindSafe(|| {
        policy.run(|| {
            tries += 1;
            if tries == 2 {
                resume_unwind(Box::new("operation"));
            }
            Err::<(), _>(tries)
        })
    }));
    assert_eq!((panic.unwrap_err().downcast_ref(), tries), (Some(&"operation"), 2));
    clock.set(Instant::START);
    let panic = catch_unwind(AssertUnwindSafe(|| policy.run(|| Err::<(), _>(0))));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"wait"));
    assert_eq!(policy.run(|| Err::<(), _>(3)), Err(3));
    assert_eq!(clock.now().ticks(), 14);
}

#[test]
fn runs_of_one_policy_within_each_other_have_nothing_to_do_with_each_other() {
    let clock = ManualClock::<1_000>::new();
    let policy = RetryPolicy::new(&clock, |time| _ = clock.advance(time)).tries(3).backoff(ms(1), ms(9));
    let mut tries = (0, 0);
    let outcome = policy.run(|| {
        tries.0 += 1;
        policy.run(|| {
            tries.1 += 1;
            Err::<(), _>(tries)
        })
    });
    assert_eq!((outcome, clock.now().ticks()), (Err((3, 9)), 4 * 3));
}

#[test]
fn a_pool_whose_object_comes_back_during_a_wait() {
    let clock = ManualClock::<1_000>::new();
    let pool = Pool::<u32, 1, _, _>::with_recorder(larder::pool::ByDefault, Shared::new());
    let held = RefCell::new(Some(pool.acquire().unwrap()));
    let policy = RetryPolicy::new(&clock, |time| {
        clock.advance(time);
        if clock.now().ticks() > 5 {
            held.take();
        }
    });
    let guard = pool.acquire_with(&policy).unwrap();
    // After 1, 2 and 4 milliseconds.
    assert_eq!((clock.now().ticks(), pool.stats().exhausted, pool.in_use()), (7, 3, 1));
    let refused = pool.acquire_with(&policy).unwrap_err();
    assert_eq!((refused.capacity(), pool.stats().exhausted), (1, 3 + 5));
    drop(guard);
    assert!(pool.acquire_with(&policy.tries(1)).is_ok());
}

#[test]
fn a_value_comes_back_from_the_last_try() {
    let clock = ManualClock::<1_000>::new();
    let pool = BoxPool::<String, 1>::new();
    let held = Cell::new(pool.insert(String::from("first")).ok());
    let policy = RetryPolicy::new(&clock, |time| {
        clock.advance(time);
        if clock.now().ticks() > 20 {
            held.take();
        }
    });
    let refused = pool.insert_retrying(String::from("second"), &policy).unwrap_err();
    assert_eq!((refused.capacity(), clock.now().ticks()), (1, 15));
    let guard = pool.insert_retrying(refused.into_inner(), &policy).unwrap();
    assert_eq!((&guard[..], clock.now().ticks()), ("second", 22));
    assert_eq!(BoxPool::<u32, 0>::new().insert_retrying(3, &policy).unwrap_err().into_inner(), 3);
}

#[cfg(feature = "alloc")]
#[test]
fn a_pool_on_the_heap() {
    use larder::pool::ObjectPool;

    let clock = ManualClock::<1_000>::new();
    let pool = ObjectPool::new("pool", 1, String::new);
    let held = Cell::new(pool.acquire_owned().ok());
    let policy = RetryPolicy::new(&clock, |time| {
        if clock.advance(time) && clock.now().ticks() == 3 {
            held.take();
        }
    });
    drop(pool.acquire_with(&policy).unwrap());
    assert_eq!((clock.now().ticks(), pool.stats().exhausted), (3, 2));
    let guard = pool.acquire_owned_with(&policy).unwrap();
    assert!(pool.acquire_owned_with(&policy).is_err() && pool.acquire_with(&policy).is_err());
    assert_eq!(pool.stats().exhausted, 2 + 5 + 5);
    drop(guard);
}

/// Tells whether it is there. It may be that its drop panics.
struct Fragile<'a>(&'a Cell<u32>, bool);

impl<'a> Fragile<'a> {
    fn new(alive: &'a Cell<u32>, is_broken: bool) -> Self {
        alive.set(alive.get() + 1);
        Self(alive, is_broken)
    }
}

impl Drop for Fragile<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
        assert!(!self.1, "broken");
    }
}

#[test]
fn what_was_got_is_not_lost_if_what_got_it_panics_when_it_goes() {
    let clock = ManualClock::<1_000>::new();
    let alive = &Cell::new(0);
    let policy = RetryPolicy::new(&clock, |time| _ = clock.advance(time)).tries(2);
    for outcome in [Ok(()), Err(())] {
        let broken = Fragile::new(alive, true);
        let result = catch_unwind(AssertUnwindSafe(|| {
            policy.run(move || {
                let _own = &broken;
                outcome.map(|()| Fragile::new(alive, false)).map_err(|()| Fragile::new(alive, false))
            })
        }));
        assert!(result.is_err());
        assert_eq!(alive.get(), 0, "{outcome:?}: the result is lost");
    }
}

#[test]
fn what_a_task_got_is_not_lost_either() {
    /// Ready at once, and breaks when it goes.
    struct Breaks<'a, T>(Option<T>, #[expect(dead_code, reason = "it goes with it")] Fragile<'a>);
    impl<T: Unpin> Future for Breaks<'_, T> {
        type Output = T;
        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
            Poll::Ready(self.0.take().unwrap())
        }
    }

    let clock = ManualClock::<1_000>::new();
    let alive = &Cell::new(0);
    let fragile = |outcome: Result<(), ()>| {
        outcome.map(|()| Fragile::new(alive, false)).map_err(|()| Fragile::new(alive, false))
    };
    let policy = RetryPolicy::new(&clock, |time| sleep(&clock, time)).tries(2);
    for outcome in [Ok(()), Err(())] {
        // What makes the future, and the future.
        let broken = Fragile::new(alive, true);
        let result = catch_unwind(AssertUnwindSafe(|| {
            block_on(policy.run_async(move || {
                let _own = &broken;
                core::future::ready(fragile(outcome))
            }))
        }));
        assert!(result.is_err());
        assert_eq!(alive.get(), 0, "{outcome:?}: the result is lost with what made the future");
        let result = catch_unwind(AssertUnwindSafe(|| {
            block_on(policy.run_async(|| Breaks(Some(fragile(outcome)), Fragile::new(alive, true))))
        }));
        assert!(result.is_err());
        assert_eq!(alive.get(), 0, "{outcome:?}: the result is lost with the future");
    }
}

/// Polls until it is done; what it waits for needs no waker.
fn block_on<F: Future>(future: F) -> (F::Output, u32) {
    let (mut future, mut polls) = (pin!(future), 0);
    loop {
        polls += 1;
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return (output, polls);
        }
    }
}

/// A timer: it passes a millisecond each time that it is asked.
fn sleep(clock: &ManualClock<1_000>, time: Duration) -> impl Future<Output = ()> {
    let end = clock.now().saturating_add(ManualClock::<1_000>::ticks(time));
    poll_fn(move |_| {
        if clock.now() >= end {
            return Poll::Ready(());
        }
        clock.advance_ticks(1);
        Poll::Pending
    })
}

#[test]
fn a_task_lets_others_run_while_it_waits() {
    static CLOCK: ManualClock<1_000> = ManualClock::new();
    static POOL: BoxPool<u32, 1> = BoxPool::new();

    fn may_go_to_another_thread<F: Future + Send>(future: F) -> F {
        future
    }

    let policy = RetryPolicy::new(&CLOCK, |time| sleep(&CLOCK, time)).within(ms(12));
    let tries = Cell::new(0);
    let failing = policy.run_async(async || {
        tries.set(tries.get() + 1);
        Err::<(), _>("not yet")
    });
    // Four waits, the last of them for the 5 that are left, and once more for the end.
    assert_eq!(block_on(failing), (Err("not yet"), 1 + 12));
    assert_eq!((tries.get(), CLOCK.now().ticks()), (5, 12));

    // A task that borrows something of its own.
    let task = async {
        let held = Mutex::new(POOL.insert(1).ok());
        policy
            .run_async(async || {
                if CLOCK.now().ticks() >= 15 {
                    held.lock().unwrap().take();
                }
                POOL.insert(2).map_err(Exhausted::into_inner)
            })
            .await
    };
    let (guard, _) = block_on(may_go_to_another_thread(task));
    assert_eq!((*guard.unwrap(), CLOCK.now().ticks()), (2, 15));
    // What gives a future does as well.
    let (outcome, polls) = block_on(policy.run_async(|| core::future::ready(Ok::<_, ()>(3))));
    assert_eq!((outcome, polls), (Ok(3), 1));
}

#[test]
fn it_says_what_it_is() {
    let policy = RetryPolicy::new(ManualClock::<1>::new(), |_: Duration| ()).tries(3).within(ms(5)).jitter(2);
    let text = "RetryPolicy { clock: ManualClock { now: Instant(0), hz: 1 }, tries: 3, backoff: (1ms, 1s), within: 5ms, \
                jitter: Some(2), .. }";
    assert_eq!(format!("{policy:?}"), text);
}
