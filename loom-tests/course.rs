//! The clock that a counter carries on.

use crate::explore::{explore_preempted, join, spawn};
use alloc::sync::Arc;
use core::sync::atomic::Ordering;
use larder::testing_course::Carried;
use loom::sync::atomic::AtomicU64;

/// A quarter of a millisecond: what is too early, on a leg and beyond it is told in these.
const STEP: u64 = 1 << 18;

/// What the counter and the clock show. Each reading is later than all before it: it is they that order what is read on one leg.
struct Time {
    nanos: AtomicU64,
    /// How much later each reading is.
    by: u64,
}

impl Time {
    fn read(&self) -> u64 {
        // Relaxed: a counter orders nothing but itself.
        self.nanos.fetch_add(self.by, Ordering::Relaxed) + self.by
    }

    fn pass(&self, nanos: u64) {
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

/// The clock, and the latest time that anybody has seen.
struct Scene {
    time: Arc<Time>,
    carried: Carried<Box<dyn Fn() -> u64>, Box<dyn Fn() -> u64>>,
    seen: AtomicU64,
}

impl Scene {
    /// One to whom so many legs were drawn, and since the last of them so much time has passed; the clock is ahead of the counter by
    /// so much.
    fn new(legs: u64, passed: u64, ahead: u64) -> Arc<Self> {
        let time = Arc::new(Time { nanos: AtomicU64::new(STEP), by: 100 });
        let (counter, clock) = (Arc::clone(&time), Arc::clone(&time));
        // Not loom's: it is the same in all of the model.
        let shift = Arc::new(core::sync::atomic::AtomicU64::new(0));
        let shifted = Arc::clone(&shift);
        let count = move || counter.read();
        let nanos = move || clock.read().wrapping_add(shifted.load(Ordering::Relaxed));
        let carried = Carried::new(Box::new(count) as Box<_>, Box::new(nanos) as Box<_>);
        let scene = Arc::new(Self { time, carried, seen: AtomicU64::new(0) });
        for _ in 0..legs {
            scene.time.pass(20 * STEP);
            scene.read();
        }
        scene.time.pass(passed);
        shift.store(ahead, Ordering::Relaxed);
        scene.carried.validate();
        scene
    }

    /// A read, which is not before what was seen before it.
    fn read(&self) {
        // Acquire: pairs with the Release below.
        let seen = self.seen.load(Ordering::Acquire);
        let now = self.carried.now();
        assert!(now >= seen, "{now} after {seen}");
        // Release: whoever sees this reads after us.
        self.seen.fetch_max(now, Ordering::Release);
    }
}

/// So many threads do that at once.
fn all(
    bound: usize,
    threads: usize,
    scene: impl Fn() -> Arc<Scene> + Send + Sync + 'static,
    work: fn(&Scene, usize),
) {
    explore_preempted(bound, move || {
        let scene = scene();
        let others: Vec<_> = (1..threads)
            .map(|which| {
                let scene = Arc::clone(&scene);
                spawn(move || work(&scene, which))
            })
            .collect();
        work(&scene, 0);
        others.into_iter().for_each(join);
        scene.read();
        scene.carried.validate();
    });
}

fn read_twice(scene: &Scene, _: usize) {
    scene.read();
    scene.read();
}

/// Four preemptions: one that stops who draws, one that stops who reads, and one for each to go on.
#[test]
fn two_read_where_no_leg_was_drawn() {
    all(4, 2, || Scene::new(0, 0, 0), |scene, _| scene.read());
}

/// As above.
#[test]
fn two_read_beyond_a_leg() {
    all(4, 2, || Scene::new(4, 20 * STEP, 0), |scene, _| scene.read());
}

/// Three: four take minutes.
#[test]
fn two_read_twice_beyond_a_leg() {
    all(3, 2, || Scene::new(4, 20 * STEP, 0), read_twice);
}

/// Two: one that stops who draws, and one that stops who reads.
#[test]
fn two_read_twice_beyond_a_leg_that_was_ahead_of_the_clock() {
    all(2, 2, || Scene::new(4, 17 * STEP, 0_u64.wrapping_sub(STEP)), read_twice);
}

/// Two: as above.
#[test]
fn two_read_twice_beyond_a_leg_that_was_behind_the_clock() {
    all(2, 2, || Scene::new(4, 20 * STEP, STEP), read_twice);
}

/// Two: as above.
#[test]
fn three_read_beyond_a_leg() {
    all(2, 3, || Scene::new(4, 20 * STEP, 0), |scene, _| scene.read());
}

/// Three: one that stops the reader, and one for each leg. The second is drawn where the one lies that he may have begun to read.
#[test]
fn a_reader_meets_two_legs() {
    let work = |scene: &Scene, which: usize| {
        if which == 0 {
            read_twice(scene, which);
        } else {
            for _ in 0..2 {
                scene.time.pass(20 * STEP);
                scene.read();
            }
        }
    };
    all(3, 2, || Scene::new(4, STEP, 0), work);
}
