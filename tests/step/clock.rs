//! `ManualClock` and `CoarseClock` in two words, interrupted and stalled.

use crate::matrix::{Operation, World, everything};
use core::sync::atomic::{AtomicU32, Ordering};
use larder::time::{Clock, CoarseClock, Instant, ManualClock};
use std::sync::Mutex;

/// The `n`-th time: both halves say n, so that a mixture of two times is seen.
fn time(n: u32) -> Instant {
    Instant::from_ticks(u64::from(n) << 32 | u64::from(n))
}

fn read(clock: &impl Clock) -> u32 {
    let ticks = clock.now().ticks();
    let n = u32::try_from(ticks >> 32).unwrap();
    assert_eq!(Instant::from_ticks(ticks), time(n), "the halves of two times");
    n
}

/// The accesses of a read: the number of the time, its halves, the number again; and the last three again for each time
/// that somebody set the clock in between.
const READ: (usize, usize) = (4, 3);

/// The accesses of a writer: to become the only one, a read, the number, two halves, the number, and to let go.
const WRITE: usize = 1 + READ.0 + 1 + 2 + 1 + 1;

/// A clock that only goes forward.
struct Forward {
    clock: ManualClock,
    /// How often it was advanced, by what writers say.
    advanced: AtomicU32,
    /// The latest that anybody has seen.
    seen: AtomicU32,
    writing: AtomicU32,
}

impl Forward {
    fn now(&'static self) {
        let before = self.advanced.load(Ordering::Relaxed);
        let now = read(&self.clock);
        // Also not before what was read while this read was interrupted.
        let seen = self.seen.fetch_max(now, Ordering::Relaxed);
        assert!(now >= seen, "time went back from {seen} to {now}");
        assert!(now >= before, "{now} is before {before}, which had been set");
        let (advanced, writing) =
            (self.advanced.load(Ordering::Relaxed), self.writing.load(Ordering::Relaxed));
        assert!(now <= advanced + writing, "{now} has not been set");
    }

    fn advance(&'static self) {
        let writing = self.writing.fetch_add(1, Ordering::Relaxed);
        if self.clock.advance_ticks(time(1).ticks()) {
            self.advanced.fetch_add(1, Ordering::Relaxed);
        } else {
            assert_ne!(writing, 0, "refused, but nobody else writes");
        }
        self.writing.fetch_sub(1, Ordering::Relaxed);
    }
}

impl World for Forward {
    fn new(_: usize) -> &'static Self {
        let none = || AtomicU32::new(0);
        let clock = ManualClock::new();
        Box::leak(Box::new(Self { clock, advanced: none(), seen: none(), writing: none() }))
    }

    fn at_any_time(&self) {}

    fn while_standing(&'static self, _: usize) {
        self.now();
    }

    fn at_rest(&'static self) {
        assert_eq!(read(&self.clock), self.advanced.load(Ordering::Relaxed), "an advance is lost");
        self.advance();
        self.now();
    }
}

#[test]
fn forward() {
    let operations = [
        Operation { name: "read", run: Forward::now, most: READ.0, more: READ.1 },
        Operation { name: "advance", run: Forward::advance, most: WRITE, more: 0 },
        Operation {
            name: "read twice",
            run: |clock| {
                clock.now();
                clock.now();
            },
            most: 2 * READ.0,
            more: READ.1,
        },
        Operation {
            name: "advance twice",
            run: |clock| {
                clock.advance();
                clock.advance();
            },
            most: 2 * WRITE,
            more: 0,
        },
    ];
    everything("ManualClock, forward", 1, &operations);
}

/// A clock that is set to times in any order, of which no two are equal.
struct Anywhere {
    clock: ManualClock,
    tickets: AtomicU32,
    writing: AtomicU32,
    /// The times it was set to.
    set: Mutex<Vec<u32>>,
}

impl Anywhere {
    /// Where in the order of settings a time comes; none for one that is being set.
    fn order(&self, n: u32) -> Option<usize> {
        self.set.lock().unwrap().iter().position(|&set| set == n)
    }

    fn now(&'static self) {
        let before = self.set.lock().unwrap().len() - 1;
        let now = read(&self.clock);
        match self.order(now) {
            Some(order) => assert!(order >= before, "{now} had been replaced before it was read"),
            None => assert_ne!(self.writing.load(Ordering::Relaxed), 0, "{now} has not been set"),
        }
    }

    fn set(&'static self) {
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        // Up and down, and never twice the same.
        let n = if ticket.is_multiple_of(2) { ticket } else { u32::MAX - ticket };
        let writing = self.writing.fetch_add(1, Ordering::Relaxed);
        if self.clock.set(time(n)) {
            self.set.lock().unwrap().push(n);
        } else {
            assert_ne!(writing, 0, "refused, but nobody else writes");
        }
        self.writing.fetch_sub(1, Ordering::Relaxed);
    }
}

impl World for Anywhere {
    fn new(_: usize) -> &'static Self {
        Box::leak(Box::new(Self {
            clock: ManualClock::new(),
            tickets: AtomicU32::new(1),
            writing: AtomicU32::new(0),
            set: Mutex::new(vec![0]),
        }))
    }

    fn at_any_time(&self) {}

    fn while_standing(&'static self, _: usize) {
        self.now();
    }

    fn at_rest(&'static self) {
        assert_eq!(Some(read(&self.clock)), self.set.lock().unwrap().last().copied(), "a setting is lost");
        self.set();
        self.now();
        *self.set.lock().unwrap() = Vec::new();
    }
}

#[test]
fn anywhere() {
    let operations = [
        Operation { name: "read", run: Anywhere::now, most: READ.0, more: READ.1 },
        Operation { name: "set", run: Anywhere::set, most: WRITE, more: 0 },
        Operation {
            name: "set twice",
            run: |clock| {
                clock.set();
                clock.set();
            },
            most: 2 * WRITE,
            more: 0,
        },
    ];
    everything("ManualClock, anywhere", 1, &operations);
}

/// What a coarse clock reads: a time that is later each time. Not of the library: nobody is stopped in it.
struct Source(AtomicU32);

impl Clock for Source {
    const HZ: u64 = 1;

    fn now(&self) -> Instant {
        time(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// A clock that is updated by whoever comes by.
struct Coarse {
    clock: CoarseClock<Source>,
    /// The latest that anybody has seen.
    seen: AtomicU32,
}

impl Coarse {
    fn now(&'static self) {
        let now = read(&self.clock);
        let seen = self.seen.fetch_max(now, Ordering::Relaxed);
        assert!(now >= seen, "time went back from {seen} to {now}");
        assert!(now <= self.clock.source().0.load(Ordering::Relaxed), "{now} was never read");
    }

    fn update(&'static self) {
        self.clock.update();
    }
}

impl World for Coarse {
    fn new(_: usize) -> &'static Self {
        let clock = CoarseClock::new(Source(AtomicU32::new(0)));
        Box::leak(Box::new(Self { clock, seen: AtomicU32::new(0) }))
    }

    fn at_any_time(&self) {}

    fn while_standing(&'static self, _: usize) {
        self.now();
    }

    fn at_rest(&'static self) {
        let latest = self.clock.update();
        assert_eq!(time(read(&self.clock)), latest, "an update is lost, though nobody else writes");
        self.now();
    }
}

#[test]
fn coarse() {
    let operations = [
        Operation { name: "read", run: Coarse::now, most: READ.0, more: READ.1 },
        Operation { name: "update", run: Coarse::update, most: WRITE, more: 0 },
        Operation {
            name: "update twice",
            run: |clock| {
                clock.update();
                clock.update();
            },
            most: 2 * WRITE,
            more: 0,
        },
    ];
    everything("CoarseClock", 1, &operations);
}
