//! `Janitor` and `tend`: whoever keeps things in order.

#![cfg(all(feature = "std", not(any(larder_loom, larder_step))))]

extern crate alloc;

use alloc::sync::Arc;
use core::any::Any;
use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use larder::cache::{Expiring, HeapCache, Setup, Shared, TimedCache};
use larder::maintain::{Janitor, Maintain, Maintained, tend};
use larder::time::{Clock, CoarseClock, Instant, ManualClock, StdClock};
use larder::tracker::{Age, HeapTracker, Inline, Thresholds, Tracker, Tracking};
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::thread;

/// So often that a test is over in a moment.
const OFTEN: Duration = Duration::from_millis(1);

/// So seldom that no test is there to see it.
const SELDOM: Duration = Duration::from_secs(3600);

/// Until it is so, however long that takes.
fn wait_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        thread::yield_now();
    }
}

/// A client that counts how often it was asked.
#[derive(Default)]
struct Counts {
    asked: AtomicUsize,
    budget: AtomicUsize,
}

impl Counts {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Maintain for Counts {
    fn maintain(&self, budget: usize) -> Maintained {
        self.budget.store(budget, Ordering::SeqCst);
        self.asked.fetch_add(1, Ordering::SeqCst);
        Maintained::default()
    }
}

#[test]
fn a_cache_and_a_tracker_that_are_left_alone_empty_themselves() {
    let ttl = Duration::from_millis(2);
    let time = || Expiring::new(StdClock::new()).with_time_to_live(ttl);
    let cache = Arc::new(HeapCache::with_capacity_and(1_000, Setup::new().time(time())));
    let thresholds = Thresholds::new(0, 0, 0).every(Age::Old, ttl);
    let tracking = Tracking::new().time(time()).thresholds(thresholds);
    let tracker = Arc::new(HeapTracker::with_capacity_and(1_000, tracking));
    for number in 0..500 {
        cache.put(number, number).unwrap();
        tracker.insert(number).unwrap();
    }
    let exact = TimedCache::with_capacity(1_000, time());
    let exact = Arc::new(Shared::new(exact));
    for number in 0..500 {
        exact.put(number, number);
    }
    let janitor = Janitor::new().every(OFTEN);
    janitor.watch(&cache);
    janitor.watch(&tracker);
    janitor.watch(&exact);
    janitor.start().unwrap();
    wait_until(|| cache.is_empty() && exact.is_empty() && tracker.stats().untracked == 500);
    assert_eq!((janitor.panics(), tracker.stats().live), (0, 0));
}

#[test]
fn what_dies_wakes_the_janitor() {
    let tracker = Arc::new(HeapTracker::with_capacity(10));
    let janitor = Janitor::new().every(SELDOM);
    janitor.watch(&tracker);
    janitor.start().unwrap();
    for number in 0..100 {
        drop(tracker.track(number).unwrap());
        wait_until(|| tracker.stats().untracked == number + 1);
    }
}

#[test]
fn what_is_due_by_the_clock_wakes_the_janitor() {
    struct Soon(Counts);
    impl Maintain for Soon {
        fn maintain(&self, budget: usize) -> Maintained {
            Maintained { next: Some(OFTEN), ..self.0.maintain(budget) }
        }
    }
    let (soon, other) = (Arc::new(Soon(Counts::default())), Arc::new(Counts::default()));
    let janitor = Janitor::new().every(SELDOM);
    janitor.watch(&soon);
    janitor.watch(&other);
    janitor.start().unwrap();
    wait_until(|| soon.0.asked() > 5 && other.asked() > 5);
}

#[test]
fn an_exact_cache_says_when_its_next_entry_ends() {
    let time = Expiring::new(StdClock::new()).with_time_to_live(Duration::from_millis(20));
    let cache = Arc::new(Shared::new(TimedCache::with_capacity(10, time)));
    cache.put(1, 1);
    let next = cache.maintain(1).next.unwrap();
    assert!(next <= Duration::from_millis(20));
    let janitor = Janitor::new().every(SELDOM);
    janitor.watch(&cache);
    janitor.start().unwrap();
    wait_until(|| cache.is_empty());
}

#[test]
fn nothing_runs_before_the_start_and_nobody_is_asked_for_more_than_a_slice() {
    let client = Arc::new(Counts::default());
    let janitor = Janitor::new().every(SELDOM).slices_of(7);
    janitor.watch(&client);
    assert_eq!(client.asked(), 0);
    drop(janitor);
    let janitor = Janitor::new().every(SELDOM).slices_of(7);
    janitor.watch(&client);
    janitor.start().unwrap();
    janitor.start().unwrap();
    wait_until(|| client.asked() > 0);
    assert_eq!(client.budget.load(Ordering::SeqCst), 7);
    let asked = client.asked();
    janitor.call();
    wait_until(|| client.asked() > asked);
}

#[test]
fn what_is_left_is_done_at_once() {
    struct Long(AtomicUsize);
    impl Maintain for Long {
        fn maintain(&self, _: usize) -> Maintained {
            let before = self.0.fetch_sub(1, Ordering::SeqCst);
            Maintained { done: 1, is_left: before > 1, next: None }
        }
    }
    let client = Arc::new(Long(AtomicUsize::new(1_000)));
    let janitor = Janitor::new().every(SELDOM);
    janitor.watch(&client);
    janitor.start().unwrap();
    wait_until(|| client.0.load(Ordering::SeqCst) == 0);
}

/// Panics whenever it is asked.
struct Angry(AtomicUsize);

impl Maintain for Angry {
    fn maintain(&self, _: usize) -> Maintained {
        self.0.fetch_add(1, Ordering::SeqCst);
        resume_unwind(Box::new("angry"))
    }
}

#[test]
fn clients_that_go_round_let_it_sleep_when_each_has_come_to_its_end() {
    /// Says that something is left until it has seen all there is, and then begins again.
    struct GoesRound(AtomicUsize, usize);
    impl Maintain for GoesRound {
        fn maintain(&self, _: usize) -> Maintained {
            let calls = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            Maintained { done: 1, is_left: !calls.is_multiple_of(self.1), next: None }
        }
    }
    let clients =
        [7, 11, 13, 17, 19, 23, 29, 31, 37].map(|len| Arc::new(GoesRound(AtomicUsize::new(0), len)));
    let janitor = Janitor::new().every(SELDOM);
    for client in &clients {
        janitor.watch(client);
    }
    janitor.start().unwrap();
    for round in 1..=3 {
        let calls = || clients.each_ref().map(|client| client.0.load(Ordering::SeqCst));
        wait_until(|| calls().iter().all(|&calls| calls >= round * 37));
        loop {
            let before = calls();
            (0..1_000).for_each(|_| thread::yield_now());
            assert!(before[0] < 100_000, "it finds no rest");
            if calls() == before {
                break;
            }
        }
        janitor.call();
    }
}

#[test]
fn a_client_that_panics_is_reported_and_does_not_stop_the_others() {
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    let report = move |panic: &(dyn Any + Send)| {
        heard.lock().unwrap().push(*panic.downcast_ref::<&str>().unwrap());
        // Nor does a report that panics.
        resume_unwind(Box::new("too loud"));
    };
    let (angry, quiet) = (Arc::new(Angry(AtomicUsize::new(0))), Arc::new(Counts::default()));
    let janitor = Janitor::new().every(OFTEN).on_panic(report);
    janitor.watch(&angry);
    janitor.watch(&quiet);
    janitor.start().unwrap();
    wait_until(|| quiet.asked() >= 3 && angry.0.load(Ordering::SeqCst) >= 3);
    wait_until(|| janitor.panics() >= 3);
    drop(janitor);
    assert!(said.lock().unwrap().iter().all(|words| *words == "angry"));
}

#[test]
fn what_its_owner_drops_is_dropped_and_forgotten() {
    let client = Arc::new(Counts::default());
    let janitor = Janitor::new().every(OFTEN);
    janitor.watch(&client);
    janitor.start().unwrap();
    wait_until(|| client.asked() > 0);
    let weak = Arc::downgrade(&client);
    drop(client);
    wait_until(|| weak.strong_count() == 0);
    wait_until(|| format!("{janitor:?}").contains("clients: 0"));
}

#[test]
fn no_thread_outlives_its_janitor() {
    for round in 0..1_000 {
        let client = Arc::new(Counts::default());
        let janitor = Janitor::new().every(if round % 2 == 0 { SELDOM } else { OFTEN });
        janitor.watch(&client);
        janitor.start().unwrap();
        if round % 3 == 0 {
            wait_until(|| client.asked() > 0);
        }
        drop(janitor);
        // The thread had a share while it asked, and has none.
        let asked = client.asked();
        assert_eq!((Arc::strong_count(&client), client.asked()), (1, asked));
    }
}

#[test]
fn a_janitor_may_be_dropped_by_its_own_thread() {
    /// Owns the janitor who looks after it.
    struct Owner {
        janitor: Mutex<Option<Janitor>>,
        is_gone: Arc<AtomicBool>,
    }
    impl Maintain for Owner {
        fn maintain(&self, _: usize) -> Maintained {
            drop(self.janitor.lock().unwrap().take());
            self.is_gone.store(true, Ordering::SeqCst);
            Maintained::default()
        }
    }
    let is_gone = Arc::new(AtomicBool::new(false));
    let owner = Arc::new(Owner { janitor: Mutex::new(None), is_gone: Arc::clone(&is_gone) });
    let mut place = owner.janitor.lock().unwrap();
    let janitor = Janitor::new().every(OFTEN);
    janitor.watch(&owner);
    janitor.start().unwrap();
    *place = Some(janitor);
    drop(place);
    wait_until(|| is_gone.load(Ordering::SeqCst));
}

#[test]
fn a_coarse_clock_is_updated() {
    static CLOCK: CoarseClock<StdClock> = CoarseClock::new(StdClock::new());
    let clock = Arc::new(&CLOCK);
    let janitor = Janitor::new().every(OFTEN);
    janitor.watch(&clock);
    janitor.start().unwrap();
    wait_until(|| CLOCK.now() > Instant::START);
    let then = CLOCK.now();
    wait_until(|| CLOCK.now() > then);
}

#[test]
fn a_task_tends_in_slices() {
    static CLOCK: ManualClock<1> = ManualClock::new();
    let thresholds = Thresholds::new(2, 10, 10).every(Age::Young, Duration::from_secs(30));
    let time = Expiring::new(&CLOCK).with_time_to_live(Duration::from_secs(10));
    let tracker: Tracker<u32, Inline<8>, _> =
        Tracker::with(Tracking::new().time(time).thresholds(thresholds));
    for number in 0..6 {
        tracker.insert(number).unwrap();
    }
    CLOCK.set(Instant::from_ticks(10));
    let mut context = Context::from_waker(Waker::noop());
    let mut task = pin!(tend(&tracker, 4));
    let mut slices = 1;
    let tended = loop {
        match task.as_mut().poll(&mut context) {
            Poll::Ready(tended) => break tended,
            Poll::Pending => slices += 1,
        }
    };
    let next = Some(Duration::from_secs(30));
    assert_eq!((slices, tended), (3, Maintained { done: 12, is_left: false, next }));
    assert_eq!(tracker.stats().untracked, 6);
    CLOCK.set(Instant::from_ticks(25));
    assert_eq!(
        tracker.maintain(9),
        Maintained { done: 0, is_left: false, next: Some(Duration::from_secs(15)) }
    );
}

#[test]
fn a_cache_is_tended_once_round() {
    static CLOCK: ManualClock<1> = ManualClock::new();
    let time = Expiring::new(&CLOCK).with_time_to_live(Duration::from_secs(10));
    let cache = HeapCache::with_capacity_and(100, Setup::new().time(time));
    for number in 0..50 {
        cache.put(number, number).unwrap();
    }
    let resident = cache.len();
    let mut context = Context::from_waker(Waker::noop());
    let round = |context: &mut Context<'_>| {
        let mut task = pin!(tend(&cache, 16));
        loop {
            if let Poll::Ready(tended) = task.as_mut().poll(context) {
                break tended.done;
            }
        }
    };
    assert_eq!((round(&mut context), cache.len()), (7 * 16, resident));
    CLOCK.set(Instant::from_ticks(10));
    assert_eq!((round(&mut context), cache.len()), (7 * 16, 0));
    // A task without a budget does one step at a time.
    cache.put(1, 1).unwrap();
    let mut task = pin!(tend(&cache, 0));
    while task.as_mut().poll(&mut context).is_pending() {}
    let none: HeapCache<u32, u32, _> =
        HeapCache::with_capacity_and(0, Setup::new().time(Expiring::new(&CLOCK)));
    assert!(!none.maintain(16).is_left);
}
