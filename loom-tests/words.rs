//! `Cache` of plain data: readers that take copies, and see afterwards whether they are whole.
//!
//! What differs from `cache` is the reader, and that a writer hides a way before it writes. A value has its key in it, so that a key and a
//! value of two entries do not go together.

use crate::explore::{explore_preempted, join, spawn};
use alloc::sync::Arc;
use core::hash::{BuildHasher, Hasher};
use larder::cache::{Cache, Filled, Heap, HeapCache, Removed, Sets, Setup, Store, Stored, Untimed, Words};
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

type Made<M> = Cache<u32, u32, M, Setup<Alike, Untimed, Off, Words>>;

/// Where the cache lies.
trait Place: Store + Sized + 'static {
    fn cache(ways: u32) -> Made<Self>;
}

fn setup() -> Setup<Alike, Untimed, Off, Words> {
    Setup::new().hasher(Alike).cell(Words)
}

/// Within itself: who holds an entry pins it.
type Inline = Sets<1, 8>;

impl Place for Inline {
    fn cache(ways: u32) -> Made<Self> {
        small_cache(ways, setup())
    }
}

/// On the heap who holds an entry looks at it, once it was pinned by two at a time.
impl Place for Heap {
    fn cache(ways: u32) -> Made<Self> {
        HeapCache::with_capacity_and(ways as usize, setup())
    }
}

struct Scene<M: Place = Inline>(Made<M>);

impl Scene {
    fn new<const N: usize>(ways: u32, entries: [(u32, u32); N]) -> Arc<Self> {
        Self::of(ways, entries)
    }
}

impl Scene<Heap> {
    /// Of an entry that takes looks.
    fn looked_at(ways: u32, key: u32, number: u32) -> Arc<Self> {
        let scene = Self::of(ways, [(key, number)]);
        drop([scene.0.get_ref(&key), scene.0.get_ref(&key)]);
        scene
    }
}

impl<M: Place> Scene<M> {
    /// A cache of so many ways, and what is in it.
    fn of<const N: usize>(ways: u32, entries: [(u32, u32); N]) -> Arc<Self> {
        let scene = Self(M::cache(ways));
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

    /// By a pin, or a look. It is the same as long as it is held.
    fn hold(&self, key: u32) -> Option<u32> {
        let held = self.0.get_ref(&key)?;
        let number = whole(key, *held);
        assert_eq!(whole(key, *held), number, "what is held changes");
        Some(number)
    }

    /// That no slot is lost, when nobody has anything of the cache any more: it takes as many new entries as it has ways. So many may be
    /// retired, and left where they are until then.
    fn room(&self, left: usize) {
        assert!(self.0.validate(0) <= left, "a slot is lost");
        let ways = u32::try_from(self.0.capacity()).expect("a few ways");
        for key in 100..100 + ways {
            assert!(self.put(key, 0), "a slot is lost");
        }
        assert_eq!(self.0.len(), self.0.capacity(), "a slot is lost");
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

fn swap<M: Place>(scene: &Scene<M>, key: u32, number: u32) -> Back {
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
fn each_once<M: Place, const N: usize>(scene: &Scene<M>, back: [Back; N]) {
    let there = [1, 2, 3].map(|key| scene.get(key).map(|number| (key, number)));
    for (at, one) in back.iter().enumerate() {
        assert!(one.is_none() || !back[..at].contains(one) && !there.contains(one), "{back:?}, {there:?}");
    }
    scene.room(0);
}

fn whole(key: u32, value: u32) -> u32 {
    assert_eq!(value >> 16, key, "the value of another key");
    value & 0xFFFF
}

fn beside<M: Place, O: 'static>(
    scene: &Arc<Scene<M>>,
    work: impl FnOnce(&Scene<M>) -> O + 'static,
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

/// One who pins and one who copies see the same.
#[test]
fn what_could_not_be_held_is_not_copied_any_more() {
    explore_preempted(4, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| scene.put(2, 20));
        goes_forward([Some(10), scene.hold(1), scene.get(1)]);
        // There is no room while the only way is held.
        join(other);
        scene.room(0);
    });
}

/// The word of a way that is claimed by its bit lets pins in: what counts is whether it is live after that.
#[test]
fn who_holds_plain_data_meets_an_insert_over_it() {
    explore_preempted(3, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| [scene.put(2, 20), scene.put(1, 11)]);
        goes_forward([Some(10), scene.hold(1), scene.hold(1)]);
        join(other);
        scene.room(0);
    });
}

#[test]
fn two_hold_what_a_third_replaces() {
    explore_preempted(2, || {
        let scene = Scene::new(1, [(1, 10)]);
        let others = [(); 2].map(|()| beside(&scene, |scene| scene.hold(1)));
        let stored = scene.put(1, 11);
        for seen in others.map(join) {
            assert!(matches!(seen, None | Some(10)) || stored && seen == Some(11));
        }
        scene.room(0);
    });
}

/// Each wants the way that both saw.
#[test]
fn two_insert_over_one() {
    explore_preempted(3, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| swap(scene, 2, 20));
        let here = swap(&scene, 3, 30);
        each_once(&scene, [here, join(other)]);
    });
}

#[test]
fn a_third_holds_what_two_insert() {
    explore_preempted(1, || {
        let scene = Scene::new(2, [(1, 10)]);
        let others = [11, 12].map(|number| beside(&scene, move |scene| scene.put(1, number)));
        let seen = scene.hold(1);
        assert!(matches!(seen, None | Some(10..=12)));
        assert!(others.map(join).contains(&true), "one of them finds a way");
        scene.room(0);
    });
}

/// Its draft is full, and pinned for a moment by the removal, which saw another key there.
#[test]
fn a_fill_of_plain_data_is_withdrawn_and_pinned() {
    explore_preempted(4, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| scene.remove(3));
        let (number, stored) = match scene.0.get_ref_or_insert_with(2, || 2 << 16 | 20) {
            Filled::InCache(value) => (whole(2, *value), true),
            Filled::Unstored(value) => (whole(2, value), false),
        };
        assert_eq!((number, join(other)), (20, None));
        assert!(!stored || scene.get(1).is_none());
        assert!(matches!(scene.get(2), None | Some(20)));
        scene.room(0);
    });
}

/// The last one who holds what was removed frees its slot, in which there is another entry then.
#[test]
fn what_was_removed_is_let_go_as_another_is_inserted() {
    explore_preempted(3, || {
        let scene = Scene::new(1, [(1, 10)]);
        let other = beside(&scene, |scene| scene.hold(1));
        let removed = scene.remove(1);
        let stored = scene.put(2, 20);
        assert!(matches!(join(other), None | Some(10)));
        assert!(matches!(removed, None | Some(10)));
        assert_eq!(scene.get(2), stored.then_some(20));
        scene.room(0);
    });
}

// --- Looks. What is retired and looked at may be left in its slot, see `cache`.

#[test]
fn a_look_at_plain_data_meets_its_replacement() {
    explore_preempted(3, || {
        let scene = Scene::looked_at(1, 1, 10);
        let other = beside(&scene, |scene| scene.put(1, 11));
        goes_forward([Some(10), scene.hold(1), scene.get(1)]);
        join(other);
        scene.room(1);
    });
}

/// The second insert finds what the first one has stored, which is looked at or not.
#[test]
fn a_look_at_plain_data_meets_two_evictions() {
    explore_preempted(2, || {
        let scene = Scene::looked_at(1, 1, 10);
        let other = beside(&scene, |scene| [scene.put(2, 20), scene.put(1, 11)]);
        goes_forward([Some(10), scene.hold(1), scene.hold(1)]);
        join(other);
        scene.room(1);
    });
}

/// What takes pins begins to take looks while it is claimed.
#[test]
fn plain_data_begins_to_be_watched_as_a_third_claims_it() {
    explore_preempted(2, || {
        let scene = Scene::<Heap>::of(1, [(1, 10)]);
        let others = [(); 2].map(|()| beside(&scene, |scene| scene.hold(1)));
        let stored = scene.put(1, 11);
        for seen in others.map(join) {
            assert!(matches!(seen, None | Some(10)) || stored && seen == Some(11));
        }
        scene.room(1);
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
