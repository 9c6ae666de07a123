//! Single flight: of callers of a memo who miss one result one computes it, and the others wait.
//!
//! Results are kept in the smallest cache there is, one entry behind one of loom's locks: what is modelled is who computes, who waits, and
//! what an invalidation does to them. Keys are numbers; what a computation gives is read from a word that whoever invalidates has
//! changed before.

use crate::explore::{explore, explore_preempted, join, spawn};
use alloc::sync::Arc;
use core::hash::Hash;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicUsize, Ordering};
use larder::key::Equivalent;
use larder::memo::{Exclusive, Memo, Remembers, SingleFlight};
use loom::sync::Mutex;
use loom::sync::atomic::AtomicU32;
use std::panic::{catch_unwind, resume_unwind};

/// Room for one result.
struct One(Option<(u32, u32)>);

impl Remembers for One {
    type Key = u32;
    type Value = u32;
    type Displaced = ();

    fn recall<Q: Hash + Equivalent<u32> + ?Sized>(&mut self, key: &Q) -> Option<u32> {
        self.glance(key)
    }

    fn glance<Q: Hash + Equivalent<u32> + ?Sized>(&self, key: &Q) -> Option<u32> {
        self.0.filter(|(other, _)| key.equivalent(other)).map(|(_, value)| value)
    }

    fn remember(&mut self, key: u32, value: u32) {
        self.0 = Some((key, value));
    }

    fn forget<Q: Hash + Equivalent<u32> + ?Sized>(&mut self, key: &Q) -> Option<(u32, u32)> {
        self.0.take_if(|(other, _)| key.equivalent(other))
    }

    fn forget_one(&mut self) -> Option<(u32, u32)> {
        self.0.take()
    }
}

struct Locked(Mutex<One>);

impl Exclusive for Locked {
    type Inner = One;

    fn with<R>(&self, work: impl FnOnce(&mut One) -> R) -> R {
        work(&mut self.0.lock().unwrap())
    }
}

struct Scene {
    memo: Memo<Locked, SingleFlight>,
    truth: AtomicU32,
    /// How many computations began. Not loom's: it orders nothing.
    computed: AtomicUsize,
}

const KEY: u32 = 1;

impl Scene {
    fn new() -> Arc<Self> {
        let memo = Memo::with_single_flight(Locked(Mutex::new(One(None))));
        // What is only touched by a computation, or an invalidation.
        memo.get_or_compute(KEY, || 0);
        memo.clear();
        assert_eq!(memo.under_way(), 0);
        Arc::new(Self { memo, truth: AtomicU32::new(10), computed: AtomicUsize::new(0) })
    }

    /// How many computations there were before this one.
    fn begin(&self) -> usize {
        self.computed.fetch_add(1, Ordering::Relaxed)
    }

    fn computed(&self) -> usize {
        self.computed.load(Ordering::Relaxed)
    }

    fn get(&self) -> u32 {
        self.memo.get_or_compute(KEY, || {
            self.begin();
            self.truth.load(Ordering::Relaxed)
        })
    }

    /// What is true when all is done.
    fn end(self: Arc<Self>, computed: usize) {
        assert_eq!(self.memo.under_way(), 0);
        assert_eq!(self.computed(), computed);
    }
}

/// Runs `work` on a thread of its own.
fn beside<R: 'static>(
    scene: &Arc<Scene>,
    work: impl FnOnce(&Scene) -> R + 'static,
) -> loom::thread::JoinHandle<R> {
    let scene = Arc::clone(scene);
    spawn(move || work(&scene))
}

#[test]
fn two_ask_for_one_result() {
    explore(|| {
        let scene = Scene::new();
        let other = beside(&scene, Scene::get);
        assert_eq!((scene.get(), join(other)), (10, 10));
        scene.end(1);
    });
}

#[test]
fn three_ask_for_one_result() {
    explore_preempted(5, || {
        let scene = Scene::new();
        let others = [beside(&scene, Scene::get), beside(&scene, Scene::get)];
        assert_eq!((scene.get(), others.map(join)), (10, [10, 10]));
        scene.end(1);
    });
}

/// Fails, the first time.
fn get_or_fail(scene: &Scene) -> Result<u32, usize> {
    scene.memo.try_get_or_compute(KEY, || match scene.begin() {
        0 => Err(0),
        _ => Ok(10),
    })
}

#[test]
fn two_wait_for_a_computation_that_fails() {
    explore_preempted(5, || {
        let scene = Scene::new();
        let others = [beside(&scene, get_or_fail), beside(&scene, get_or_fail)];
        let ours = get_or_fail(&scene);
        let [one, two] = others.map(join);
        assert_eq!([ours, one, two].iter().filter(|result| result.is_err()).count(), 1);
        scene.end(2);
    });
}

/// Panics, the first time.
fn get_or_panic(scene: &Scene) -> Option<u32> {
    let get = || {
        scene.memo.get_or_compute(KEY, || match scene.begin() {
            0 => resume_unwind(Box::new(())),
            _ => 10,
        })
    };
    catch_unwind(AssertUnwindSafe(get)).ok()
}

#[test]
fn one_waits_for_a_computation_that_panics() {
    explore(|| {
        let scene = Scene::new();
        let other = beside(&scene, get_or_panic);
        let results = (get_or_panic(&scene), join(other));
        assert!(matches!(results, (None, Some(10)) | (Some(10), None)));
        scene.end(2);
    });
}

#[test]
fn one_asks_after_an_invalidation_while_another_one_computes() {
    explore(|| {
        let scene = Scene::new();
        let other = beside(&scene, Scene::get);
        scene.truth.store(11, Ordering::Relaxed);
        scene.memo.remove(&KEY);
        assert_eq!(scene.get(), 11, "what began before the invalidation is given to who asked after it");
        join(other);
        assert_eq!(scene.get(), 11, "the old one came back");
    });
}

#[test]
fn a_computation_meets_the_invalidation_of_everything() {
    explore(|| {
        let scene = Scene::new();
        let other = beside(&scene, Scene::get);
        scene.truth.store(11, Ordering::Relaxed);
        scene.memo.clear();
        join(other);
        assert_eq!(scene.get(), 11, "the old one was kept");
    });
}

/// Computes one result, and within that asks for the other one, whose computation asks for this one.
fn ask(scene: &Scene, key: u32, levels: u32) -> u32 {
    scene.memo.get_or_compute(key, || {
        scene.begin();
        if levels == 0 { 10 } else { ask(scene, 3 - key, levels - 1) }
    })
}

#[test]
fn two_would_wait_for_each_other() {
    explore(|| {
        let scene = Scene::new();
        let other = beside(&scene, |scene| ask(scene, 1, 1));
        assert_eq!((ask(&scene, 2, 1), join(other)), (10, 10));
        assert_eq!(scene.memo.under_way(), 0);
    });
}
