//! The clock that a counter carries on, interrupted and stalled.

use crate::matrix::{Operation, World, everything};
use core::sync::atomic::{AtomicU64, Ordering};
use larder::sync::step::point;
use larder::testing_course::Carried;

/// A millisecond, somewhat more than the least time in which a pace is measured.
const MILLISECOND: u64 = 1 << 20;

/// What a time may differ from the clock: what was read before somebody stood, and one leg, if that is wrong.
const BOUND: u64 = 6 * MILLISECOND;

/// What the counter and the clock show, in nanoseconds. Not of the library; to stop before a reading is to stop at a point.
static TIME: AtomicU64 = AtomicU64::new(MILLISECOND);

fn reading() -> u64 {
    point();
    TIME.fetch_add(100, Ordering::Relaxed)
}

/// A clock, and the latest time that anybody has seen.
struct Scene {
    carried: Carried<fn() -> u64, fn() -> u64>,
    seen: AtomicU64,
}

impl Scene {
    fn read(&'static self) {
        let begin = TIME.load(Ordering::Relaxed);
        let seen = self.seen.load(Ordering::Relaxed);
        let now = self.carried.now();
        assert!(now >= seen, "time went back from {seen} to {now}");
        let end = TIME.load(Ordering::Relaxed);
        assert!(now + BOUND >= begin && now <= end + BOUND, "{now} is not between {begin} and {end}");
        self.seen.fetch_max(now, Ordering::Relaxed);
    }

    fn read_later(&'static self) {
        TIME.fetch_add(5 * MILLISECOND, Ordering::Relaxed);
        self.read();
    }
}

impl World for Scene {
    /// Without a leg, with an end of one, and on one.
    fn new(setup: usize) -> &'static Self {
        let scene = Self { carried: Carried::new(reading, reading), seen: AtomicU64::new(0) };
        let scene: &'static Self = Box::leak(Box::new(scene));
        for _ in 0..3 * setup {
            TIME.fetch_add(2 * MILLISECOND, Ordering::Relaxed);
            scene.read();
        }
        scene
    }

    fn at_any_time(&self) {}

    fn while_standing(&'static self, _: usize) {
        self.read();
    }

    fn at_rest(&'static self) {
        self.read_later();
        self.carried.validate();
    }
}

/// The accesses of a read on a leg: the gate, the three words of the leg, the gate again.
const ON_LEG: usize = 5;

/// Of one that draws besides: the gate and the leg, as far as it was beyond it; to become the only one who draws, the gate and the leg
/// again, the last pace and the next, the next leg, the gate, and to let go.
const DRAWS: usize = ON_LEG + 4 + 1 + 4 + 2 + 3 + 1 + 1;

/// And then looks again, and asks the clock all the same: the gate, the leg, the gate.
const MOST: usize = DRAWS + 5;

#[test]
fn course() {
    let operations = [
        Operation { name: "read", run: Scene::read, most: MOST, more: 5 },
        Operation { name: "read later", run: Scene::read_later, most: MOST, more: 5 },
    ];
    everything("Course", 3, &operations);
}
