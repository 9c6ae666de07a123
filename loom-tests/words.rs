//! `Cache` of plain data: readers that take copies, and see afterwards whether they are whole.
//!
//! What differs from `cache` is the reader, and that a writer hides a way before it writes. A value has its key in it, so that a key and a
//! value of two entries do not go together.

use crate::explore::{explore_preempted, join, spawn};
use alloc::sync::Arc;
use core::hash::{BuildHasher, Hasher};
use larder::cache::{Removed, Setup, StaticCache, Stored, Untimed, Words};
use larder::stats::Off;
use larder::testing::small_cache;

/// All keys look alike.
#[derive(Clone, Copy)]
struct Alike;

impl BuildHasher for Alike {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self
    }
}

impl Hasher for Alike {
    fn write(&mut self, _: &[u8]) {}

    fn finish(&self) -> u64 {
        0
    }
}

type Tested = StaticCache<u32, u32, 1, 8, Setup<Alike, Untimed, Off, Words>>;

struct Scene(Tested);

impl Scene {
    /// A cache of so many ways, and what is in it.
    fn new<const N: usize>(ways: u32, entries: [(u32, u32); N]) -> Arc<Self> {
        let scene = Self(small_cache(ways, Setup::new().hasher(Alike).cell(Words)));
        scene.0.validate(0);
        for (key, number) in entries {
            assert!(scene.put(key, number));
        }
        Arc::new(scene)
    }

    /// Whether there was room.
    fn put(&self, key: u32, number: u32) -> bool {
        self.0.put(key, key << 16 | number).is_ok()
    }

    /// By a copy.
    fn get(&self, key: u32) -> Option<u32> {
        self.0.get(&key).map(|value| whole(key, value))
    }

    /// By a pin.
    fn hold(&self, key: u32) -> Option<u32> {
        self.0.get_ref(&key).map(|value| whole(key, *value))
    }

    fn remove(&self, key: u32) -> Option<u32> {
        match self.0.remove(&key) {
            Removed::Value(value) => Some(whole(key, value)),
            Removed::Absent | Removed::InUse => None,
        }
    }
}

/// What was handed back, as keys and numbers.
type Back = Option<(u32, u32)>;

fn swap(scene: &Scene, key: u32, number: u32) -> Back {
    let (key, value) = match scene.0.insert(key, key << 16 | number) {
        Err(rejected) => (rejected.key, rejected.value),
        Ok(Stored::New | Stored::ReplacedInUse { evicted: None }) => return None,
        Ok(Stored::Replaced(value)) => (key, value),
        Ok(Stored::Evicted(key, value) | Stored::ReplacedInUse { evicted: Some((key, value)) }) => {
            (key, value)
        }
    };
    Some((key, whole(key, value)))
}

/// Nothing was handed back twice, nor is still there.
fn each_once<const N: usize>(scene: &Scene, back: [Back; N]) {
    let there = [1, 2].map(|key| scene.get(key).map(|number| (key, number)));
    for (at, one) in back.iter().enumerate() {
        assert!(one.is_none() || !back[..at].contains(one) && !there.contains(one), "{back:?}, {there:?}");
    }
    scene.0.validate(0);
}

fn whole(key: u32, value: u32) -> u32 {
    assert_eq!(value >> 16, key, "the value of another key");
    value & 0xFFFF
}

fn beside<O: 'static>(
    scene: &Arc<Scene>,
    work: impl FnOnce(&Scene) -> O + 'static,
) -> loom::thread::JoinHandle<O> {
    let scene = Arc::clone(scene);
    spawn(move || work(&scene))
}

/// That nothing was seen twice with something else, or nothing, between.
fn goes_forward<const N: usize>(seen: [Option<u32>; N]) {
    let known = seen.map(|number| number.unwrap_or(0));
    assert!(known.windows(2).all(|two| two[0] <= two[1] || two[1] == 0), "a reader goes back: {seen:?}");
    let gone = seen.iter().position(Option::is_none).unwrap_or(N);
    let before = known[..gone].last().copied().unwrap_or(0);
    let came_back = known[gone..].iter().any(|&number| number != 0 && number <= before);
    assert!(!came_back, "a value comes back: {seen:?}");
}

#[test]
fn a_copy_is_whole_while_its_way_is_given_to_another_key() {
    explore_preempted(4, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| scene.put(2, 20));
        let seen = (scene.get(1), scene.get(2));
        assert!(matches!(seen, (None | Some(10), None | Some(20))));
        assert!(join(other));
        assert_eq!((scene.get(1), scene.get(2)), (None, Some(20)));
    });
}

#[test]
fn copies_go_forward_while_a_value_is_replaced_in_place() {
    explore_preempted(4, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| scene.put(1, 11));
        goes_forward([Some(10), scene.get(1), scene.get(1)]);
        assert!(join(other));
        assert_eq!(scene.get(1), Some(11));
    });
}

#[test]
fn copies_go_forward_while_a_value_is_replaced_in_another_way() {
    explore_preempted(3, || {
        let scene = Scene::new(2, [(1, 10)]);
        let held = scene.0.get_ref(&1).map(|value| *value);
        assert!(held.is_some());
        let other = beside(&scene, |scene| {
            let _held = scene.0.get_ref(&1);
            scene.put(1, 11)
        });
        goes_forward([Some(10), scene.get(1), scene.get(1)]);
        assert!(join(other));
        assert_eq!(scene.get(1), Some(11));
    });
}

/// The slot is free in between, and claimed by one who does not find it live.
#[test]
fn a_copy_is_whole_while_its_way_is_removed_and_used_again() {
    explore_preempted(3, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| (scene.remove(1), scene.put(2, 20)));
        let seen = (scene.get(1), scene.get(2));
        assert!(matches!(seen, (None | Some(10), None | Some(20))));
        assert_eq!(join(other), (Some(10), true));
    });
}

/// One who pins is refused what is claimed, though it can still be copied: nobody may copy it after that.
#[test]
fn what_a_pin_was_refused_is_not_copied_any_more() {
    explore_preempted(4, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| scene.put(2, 20));
        goes_forward([Some(10), scene.hold(1), scene.get(1)]);
        // There is no room while the only way is held.
        join(other);
    });
}

#[test]
fn a_removal_is_seen_by_copies() {
    explore_preempted(5, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| scene.remove(1));
        goes_forward([Some(10), scene.get(1), scene.get(1)]);
        assert_eq!(join(other), Some(10));
        assert_eq!(scene.get(1), None);
    });
}

/// The way in which the key was seen is another's when it is claimed, or the key's again.
#[test]
fn what_is_replaced_has_become_another_key() {
    explore_preempted(4, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| [swap(scene, 2, 20), swap(scene, 1, 21)]);
        let here = swap(&scene, 1, 12);
        let [first, second] = join(other);
        each_once(&scene, [here, first, second]);
    });
}

#[test]
fn what_is_replaced_is_removed_and_its_way_used_again() {
    explore_preempted(4, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| (scene.remove(1).map(|number| (1, number)), swap(scene, 2, 20)));
        let here = swap(&scene, 1, 12);
        let (removed, second) = join(other);
        each_once(&scene, [here, removed, second]);
    });
}

/// Inserts of others all the time: then it is pinned.
#[test]
fn a_third_copies_what_two_insert() {
    explore_preempted(2, || {
        let scene = Scene::new(2, [(1, 10)]);
        let others = [11, 12].map(|number| beside(&scene, move |scene| scene.put(1, number)));
        let seen = [scene.get(1), scene.get(1)];
        let stored = others.map(join);
        assert!(stored.contains(&true), "one of them finds a way");
        let last = scene.get(1);
        if let [Some(first), Some(second)] = seen
            && first != second
        {
            assert!(second != 10 && last != Some(first), "a reader goes back: {seen:?}, {last:?}");
        }
    });
}
