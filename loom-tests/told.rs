//! What was told of a part, by several who look at once: each occurrence once.

use crate::explore::{explore, explore_preempted, join, spawn};
use alloc::sync::Arc;
use core::sync::atomic::Ordering;
use larder::manager::Registry;
use larder::stats::PoolStats;
use larder::watch::{Event, Part, PoolReading, Reading};
use loom::sync::atomic::AtomicU32;

/// A part that others count up.
struct Counter(AtomicU32);

impl Part for Counter {
    fn reading(&self) -> Reading {
        let mut counts = PoolStats::default();
        // Relaxed: a pool's counts are read like this.
        counts.exhausted = self.0.load(Ordering::Relaxed);
        Reading::Pool(PoolReading { counts: Some(counts), ..PoolReading::default() })
    }
}

/// A registry of a part that has counted so far, and of which that was told.
struct Scene {
    registry: Registry<'static, 1>,
    counter: &'static Counter,
    most: u32,
}

impl Scene {
    fn new(start: u32) -> Arc<Self> {
        let counter: &'static Counter = Box::leak(Box::new(Counter(AtomicU32::new(start))));
        let mut registry = Registry::new();
        assert!(registry.add("counter", counter).is_ok());
        let mut scene = Self { registry, counter, most: start };
        assert_eq!(scene.tell(), start);
        scene.most = 2;
        Arc::new(scene)
    }

    fn count(&self) {
        // Relaxed: as a pool counts.
        self.counter.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many it tells of.
    fn tell(&self) -> u32 {
        let mut told = 0_u32;
        self.registry.tell(&mut |event| match event {
            Event::Exhausted { times, .. } => {
                // Who reads an older count than another has told of would tell nearly all numbers there are.
                assert!(*times <= self.most, "{times} were told at once");
                told += *times;
            }
            other => panic!("{other}"),
        });
        told
    }
}

/// One who counts and looks, and another who looks.
#[test]
fn two_look_at_once_while_the_count_grows() {
    explore(|| {
        let scene = Scene::new(5);
        let other = Arc::clone(&scene);
        let thread = spawn(move || {
            other.count();
            let first = other.tell();
            other.count();
            first + other.tell()
        });
        let told = scene.tell() + scene.tell();
        let sum = told + join(thread);
        assert!(sum <= 2, "{sum} were told of 2");
        assert_eq!(sum + scene.tell(), 2, "one was not told");
    });
}

/// Each counts, also around the end of the count.
#[test]
fn two_count_and_look() {
    explore(|| {
        let scene = Scene::new(u32::MAX);
        let other = Arc::clone(&scene);
        let thread = spawn(move || {
            other.count();
            other.tell()
        });
        scene.count();
        let told = scene.tell();
        let sum = told + join(thread);
        assert_eq!(sum + scene.tell(), 2, "one was not told, or twice");
    });
}

/// Whoever counts tells nobody; two look.
#[test]
fn two_look_while_a_third_counts() {
    explore_preempted(5, || {
        let scene = Scene::new(1);
        let (counts, looks) = (Arc::clone(&scene), Arc::clone(&scene));
        let counting = spawn(move || (0..2).for_each(|_| counts.count()));
        let looking = spawn(move || looks.tell());
        let told = scene.tell();
        let sum = told + join(looking);
        join(counting);
        assert!(sum <= 2, "{sum} were told of 2");
        assert_eq!(sum + scene.tell(), 2, "one was not told");
    });
}
