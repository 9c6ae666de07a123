//! `Cache`: one set of one, two or three ways. Its protocol knows nothing of other sets.
//!
//! Keys have the same tag where a model is about entries that are looked at and have another key, else tags of their own. Every
//! value knows its key and watches how it is used.
//!
//! An insert is long: two threads of which one inserts take more than minutes without a bound, where the other does not end soon. Two
//! preemptions stop each thread in the middle for the other; the bounds are the highest at which a model takes some seconds.

use crate::explore::{explore, explore_preempted, join, spawn};
use crate::objects::{Ledger, Object};
use alloc::sync::Arc;
use core::hash::{BuildHasher, Hasher};
use core::sync::atomic::{AtomicU64, Ordering};
use larder::Rejected;
use larder::cache::{
    Cache, Expiring, Filled, Heap, HeapCache, Ref, Removed, Sets, Setup, Store, Stored, Time, Untimed,
};
use larder::stats::{CacheRecorder, Off, Striped};
use larder::testing::small_cache;
use larder::time::{Clock, Deadline, Instant};
use loom::sync::atomic::AtomicU32;

/// The tags of keys.
#[derive(Clone, Copy)]
enum Tags {
    Alike,
    Apart,
}

impl BuildHasher for Tags {
    type Hasher = Tag;

    fn build_hasher(&self) -> Tag {
        Tag { tags: *self, hash: 0 }
    }
}

struct Tag {
    tags: Tags,
    hash: u64,
}

impl Hasher for Tag {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are integers");
    }

    fn write_u32(&mut self, key: u32) {
        self.hash = match self.tags {
            Tags::Alike => 0,
            Tags::Apart => key.into(),
        };
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

/// A value that knows its key.
struct Value {
    key: u32,
    number: u32,
    object: Object,
}

impl Value {
    /// What a reader does with it.
    fn read(&self, key: u32) -> u32 {
        assert_eq!(self.key, key, "the value of another key");
        assert!(!self.object.is_dirty());
        self.number
    }

    /// What its only owner does with it.
    fn unpack(mut self, key: u32) -> u32 {
        let number = self.read(key);
        self.object.change();
        number
    }
}

/// Where the cache lies.
trait Place: Store + Sized + 'static {
    fn cache<T: Time, R: CacheRecorder>(ways: u32, setup: Setup<Tags, T, R>) -> Made<T, R, Self>;
}

type Made<T, R, M> = Cache<u32, Value, M, Setup<Tags, T, R>>;

/// Within itself: all readers pin.
type Inline = Sets<1, 8>;

impl Place for Inline {
    fn cache<T: Time, R: CacheRecorder>(ways: u32, setup: Setup<Tags, T, R>) -> Made<T, R, Self> {
        small_cache(ways, setup)
    }
}

/// On the heap readers look. The models' threads have one line, so that all entries take looks from the beginning.
impl Place for Heap {
    fn cache<T: Time, R: CacheRecorder>(ways: u32, setup: Setup<Tags, T, R>) -> Made<T, R, Self> {
        HeapCache::with_capacity_and(ways as usize, setup)
    }
}

/// A cache and what was put into it.
struct Scene<T: Time = Untimed, R: CacheRecorder = Off, M: Place = Inline> {
    cache: Made<T, R, M>,
    ledger: Ledger,
}

type On<M> = Scene<Untimed, Off, M>;

impl<M: Place> On<M> {
    fn new<const N: usize>(ways: u32, tags: Tags, entries: [(u32, u32); N]) -> Arc<Self> {
        Self::with(ways, Setup::new().hasher(tags), entries)
    }
}

impl<T: Time, R: CacheRecorder, M: Place> Scene<T, R, M> {
    fn with<const N: usize>(ways: u32, setup: Setup<Tags, T, R>, entries: [(u32, u32); N]) -> Arc<Self> {
        let scene = Self { cache: M::cache(ways, setup), ledger: Ledger::default() };
        scene.cache.validate(0);
        // What is only touched where there are entries: everything that is used.
        for key in 0..ways {
            scene.put(100 + key, 0);
            scene.get(100 + key);
        }
        scene.cache.clear();
        for (key, number) in entries {
            scene.put(key, number);
        }
        Arc::new(scene)
    }

    fn value(&self, key: u32, number: u32) -> Value {
        Value { key, number, object: self.ledger.object() }
    }

    fn insert(&self, key: u32, number: u32) -> Result<Stored<u32, Value>, Rejected<u32, Value>> {
        self.cache.insert(key, self.value(key, number))
    }

    /// Inserts where there is room.
    fn put(&self, key: u32, number: u32) {
        assert!(self.insert(key, number).is_ok(), "there is room");
    }

    /// Inserts, looks at what comes back, and says whether it is stored.
    fn try_put(&self, key: u32, number: u32) -> bool {
        match self.insert(key, number) {
            Ok(Stored::New | Stored::ReplacedInUse { evicted: None }) => true,
            Ok(Stored::Replaced(old)) => {
                old.unpack(key);
                true
            }
            Ok(Stored::Evicted(other, old) | Stored::ReplacedInUse { evicted: Some((other, old)) }) => {
                old.unpack(other);
                true
            }
            Err(Rejected { value, .. }) => {
                assert_eq!(value.unpack(key), number, "another value comes back");
                false
            }
        }
    }

    fn get(&self, key: u32) -> Option<u32> {
        self.cache.get_with(&key, |value| value.read(key))
    }

    /// Removes, and gives what was the remover's alone.
    fn remove(&self, key: u32) -> Removed<u32> {
        match self.cache.remove(&key) {
            Removed::Absent => Removed::Absent,
            Removed::InUse => Removed::InUse,
            Removed::Value(value) => Removed::Value(value.unpack(key)),
        }
    }

    /// Gets or computes; says what it got, and whether that is in the cache.
    fn fill(&self, key: u32, compute: impl FnOnce() -> u32) -> (u32, bool) {
        match self.cache.get_ref_or_insert_with(key, || self.value(key, compute())) {
            Filled::InCache(value) => (value.read(key), true),
            Filled::Unstored(value) => (value.unpack(key), false),
        }
    }

    /// What is true when all is done. Gives the entries.
    fn entries(&self) -> Vec<(u32, u32)> {
        self.cache.validate(0);
        let mut entries: Vec<_> =
            self.cache.iter().map(|entry| (*Ref::key(&entry), entry.read(*Ref::key(&entry)))).collect();
        entries.sort_unstable();
        assert!(entries.windows(2).all(|two| two[0].0 != two[1].0), "a key has two entries");
        assert!(entries.len() <= self.cache.len());
        assert!(self.ledger.alive() >= entries.len(), "what is in the cache was dropped");
        assert!(self.ledger.alive() <= self.cache.capacity(), "a value is lost");
        entries
    }

    /// As `entries`, and the end of the cache.
    fn end(self: Arc<Self>) -> Vec<(u32, u32)> {
        let entries = self.entries();
        let Self { cache, ledger } = Arc::into_inner(self).expect("no thread has it any more");
        drop(cache);
        assert_eq!(ledger.alive(), 0, "the cache left a value");
        entries
    }
}

/// Runs `work` on a thread of its own.
fn beside<T: Time + 'static, R: CacheRecorder + 'static, M: Place, O: 'static>(
    scene: &Arc<Scene<T, R, M>>,
    work: impl FnOnce(&Scene<T, R, M>) -> O + 'static,
) -> loom::thread::JoinHandle<O> {
    let scene = Arc::clone(scene);
    spawn(move || work(&scene))
}

/// A clock that loom does not know, so that to look at it orders nothing.
#[derive(Clone, Default)]
struct PlainClock(Arc<AtomicU64>);

impl Clock for PlainClock {
    const HZ: u64 = 1;

    fn now(&self) -> Instant {
        Instant::from_ticks(self.0.load(Ordering::Relaxed))
    }
}

/// The end of the entry that a timed scene begins with, and the time it is.
const END: Instant = Instant::from_ticks(5);

/// A scene with an entry of key 1 whose time has just come.
fn too_late() -> Arc<Scene<Expiring<PlainClock>>> {
    let clock = PlainClock::default();
    let setup = Setup::new().hasher(Tags::Apart).time(Expiring::new(clock.clone()));
    let scene = Scene::with(1, setup, []);
    let stored = scene.cache.insert_until(1, scene.value(1, 10), Deadline::at(END));
    assert!(stored.is_ok());
    assert_eq!(scene.get(1), Some(10));
    clock.0.store(END.ticks(), Ordering::Relaxed);
    scene
}

// --- Inserts.

#[test]
fn two_insert_one_key() {
    explore_preempted(4, || {
        let scene = On::<Inline>::new(2, Tags::Apart, []);
        let other = beside(&scene, |scene| scene.try_put(1, 10));
        assert!(scene.try_put(1, 11), "there is a way for each");
        assert!(join(other), "there is a way for each");
        assert!(matches!(scene.end()[..], [(1, 10 | 11)]), "the key has one entry");
    });
}

#[test]
fn two_insert_a_key_that_is_there() {
    explore_preempted(3, || {
        let scene = On::<Inline>::new(2, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.try_put(1, 11));
        let ours = scene.try_put(1, 12);
        assert!(join(other) | ours, "one of them finds a way");
        assert!(matches!(scene.end()[..], [(1, 11 | 12)]), "the key has one entry, a new one");
    });
}

#[test]
fn two_insert_two_keys_into_one_way() {
    explore_preempted(5, || {
        let scene = On::<Inline>::new(1, Tags::Apart, []);
        let other = beside(&scene, |scene| scene.try_put(1, 10));
        let stored = (scene.try_put(2, 20), join(other));
        let entries = scene.end();
        match stored {
            (true, false) => assert_eq!(entries, [(2, 20)]),
            (false, true) => assert_eq!(entries, [(1, 10)]),
            (true, true) => assert_eq!(entries.len(), 1),
            (false, false) => unreachable!("one of them finds the way"),
        }
    });
}

/// With the same tag, so that each looks at the other's and finds that it is not its own. One that meets the other's between publish
/// and fill can't compare the keys, and hides it.
#[test]
fn two_insert_two_keys_that_look_alike() {
    explore_preempted(5, || {
        let scene = On::<Inline>::new(2, Tags::Alike, []);
        let other = beside(&scene, |scene| scene.try_put(1, 10));
        assert!(scene.try_put(2, 20), "there is a way for each");
        assert!(join(other), "there is a way for each");
        let entries = scene.end();
        assert!(!entries.is_empty(), "the later one is there");
        assert!(entries.iter().all(|entry| [(1, 10), (2, 20)].contains(entry)));
    });
}

#[test]
fn a_third_reads_what_two_insert() {
    explore_preempted(2, || {
        let scene = On::<Inline>::new(2, Tags::Apart, []);
        let others = [10, 11].map(|number| beside(&scene, move |scene| scene.try_put(1, number)));
        let seen = [scene.get(1), scene.get(1)];
        let stored = others.map(join);
        assert!(stored.contains(&true), "one of them finds a way");
        let last = scene.end();
        if let [Some(first), Some(second)] = seen
            && first != second
        {
            assert_eq!(last, [(1, second)], "a reader goes back");
        }
    });
}

// --- Reads.

/// An insert that finds another way free shows the new value as it hides the old one: there is no gap.
#[test]
fn a_reader_meets_a_replacement() {
    explore_preempted(5, || {
        let scene = On::<Inline>::new(1, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.try_put(1, 11));
        let seen = [scene.get(1), scene.get(1)];
        let stored = join(other);
        let last = scene.get(1);
        // Old, nothing, new; never back.
        let rank = |seen: Option<u32>| seen.map_or(1, |number| (number - 10) * 2);
        assert!(rank(seen[0]) <= rank(seen[1]), "a reader goes back: {seen:?}");
        assert_eq!(last, Some(if stored { 11 } else { 10 }));
        scene.end();
    });
}

#[test]
fn a_reader_meets_an_eviction() {
    explore_preempted(5, || {
        let scene = On::<Inline>::new(1, Tags::Alike, [(1, 10)]);
        let other = beside(&scene, |scene| scene.try_put(2, 20));
        let first = scene.get(1);
        let second = scene.get(1);
        assert!(first.is_some() || second.is_none(), "a reader goes back");
        let stored = join(other);
        assert_eq!(scene.end(), [if stored { (2, 20) } else { (1, 10) }]);
    });
}

#[test]
fn who_holds_a_value_meets_an_insert_over_it() {
    explore(|| {
        let scene = On::<Inline>::new(1, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.try_put(2, 20));
        if let Some(held) = scene.cache.get_ref(&1) {
            assert_eq!(held.read(1), 10);
            assert_eq!(held.read(1), 10);
        }
        let stored = join(other);
        assert_eq!(scene.end(), [if stored { (2, 20) } else { (1, 10) }]);
    });
}

#[test]
fn who_holds_a_value_meets_its_removal() {
    explore(|| {
        let scene = On::<Inline>::new(1, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.remove(1));
        if let Some(held) = scene.cache.get_ref(&1) {
            assert_eq!(held.read(1), 10);
            assert_eq!(held.read(1), 10);
        }
        assert_ne!(join(other), Removed::Absent, "nobody else takes it out");
        assert_eq!(scene.ledger.alive(), 0, "the last who had it drops it");
        assert_eq!(scene.end(), []);
    });
}

/// Both have it, and it was removed: the last of them drops it.
#[test]
fn two_let_go_of_a_value_that_was_removed() {
    explore(|| {
        // For the references that go to another thread. (The models are few.)
        let scene: &'static On<Inline> =
            Box::leak(Box::new(Arc::into_inner(On::<Inline>::new(1, Tags::Apart, [(1, 10)])).unwrap()));
        let held = [(); 2].map(|()| scene.cache.get_ref(&1).unwrap());
        assert_eq!(scene.remove(1), Removed::InUse);
        let [ours, theirs] = held;
        let other = spawn(move || {
            assert_eq!(theirs.read(1), 10);
            drop(theirs);
        });
        assert_eq!(ours.read(1), 10);
        drop(ours);
        join(other);
        assert_eq!(scene.ledger.alive(), 0, "the last who had it drops it");
        assert_eq!(scene.entries(), []);
    });
}

// --- Looks.
//
// What is left behind in a slot, since a look's end and the retirement of what was looked at did not see each other, is found by `validate`, and
// goes with the next insert: see `left`.

impl On<Heap> {
    /// Of a cache of one way that nobody has anything of any more: what is retired and left in it. It gives way to another.
    fn left(&self) -> usize {
        let left = self.cache.validate(0);
        assert!(left <= 1 && left + self.cache.len() == self.ledger.alive(), "a value is lost");
        assert!(self.try_put(9, 90), "there is room");
        assert_eq!(self.ledger.alive(), 1, "what was left has gone");
        left
    }
}

/// It may be replaced in place, which takes the slot from under a look that has not begun; or be found to be looked at just when it was claimed,
/// and disappear.
#[test]
fn a_look_meets_a_replacement() {
    explore_preempted(3, || {
        let scene = On::<Heap>::new(1, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.try_put(1, 11));
        let seen = [scene.get(1), scene.get(1)];
        let stored = join(other);
        let last = scene.get(1);
        // Old, nothing, new; never back.
        let rank = |seen: Option<u32>| seen.map_or(1, |number| (number - 10) * 2);
        assert!(rank(seen[0]) <= rank(seen[1]), "a reader goes back: {seen:?}");
        assert!(if stored { last == Some(11) } else { last != Some(11) && rank(seen[1]) <= rank(last) });
        scene.left();
        scene.end();
    });
}

#[test]
fn a_look_meets_a_replacement_in_another_way() {
    explore_preempted(2, || {
        let scene = On::<Heap>::new(2, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.try_put(1, 11));
        let seen = [scene.get(1), scene.get(1)];
        assert!(join(other), "there is another way");
        assert!(seen[0] <= seen[1] || seen[1].is_none(), "a reader goes back: {seen:?}");
        assert!(seen[0].is_some() || seen[1] != Some(10), "what was not found comes back");
        assert_eq!(scene.end(), [(1, 11)]);
    });
}

#[test]
fn a_look_meets_an_eviction() {
    explore_preempted(3, || {
        let scene = On::<Heap>::new(1, Tags::Alike, [(1, 10)]);
        let other = beside(&scene, |scene| scene.try_put(2, 20));
        let (first, second) = (scene.get(1), scene.get(1));
        assert!(first.is_some() || second.is_none(), "a reader goes back");
        let stored = join(other);
        assert!(!stored || scene.get(2) == Some(20));
        scene.left();
        scene.end();
    });
}

#[test]
fn a_look_meets_the_removal_of_what_it_sees() {
    explore_preempted(3, || {
        let scene = On::<Heap>::new(1, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.remove(1));
        if let Some(held) = scene.cache.get_ref(&1) {
            assert_eq!(held.read(1), 10);
            assert_eq!(held.read(1), 10);
        }
        assert_ne!(join(other), Removed::Absent, "nobody else takes it out");
        assert_eq!(scene.get(1), None);
        scene.left();
        scene.end();
    });
}

/// Both look at it, and it was removed: one of them drops it.
#[test]
fn two_end_their_looks_at_a_value_that_was_removed() {
    explore_preempted(5, || {
        // As in `two_let_go_of_a_value_that_was_removed`.
        let scene: &'static On<Heap> =
            Box::leak(Box::new(Arc::into_inner(On::<Heap>::new(1, Tags::Apart, [(1, 10)])).unwrap()));
        let held = [(); 2].map(|()| scene.cache.get_ref(&1).unwrap());
        assert_eq!(scene.remove(1), Removed::InUse);
        let [ours, theirs] = held;
        let other = spawn(move || {
            assert_eq!(theirs.read(1), 10);
            drop(theirs);
        });
        assert_eq!(ours.read(1), 10);
        drop(ours);
        join(other);
        assert_eq!(scene.ledger.alive(), 0, "the last who had it drops it");
        assert_eq!(scene.entries(), []);
    });
}

#[test]
fn a_look_at_what_is_retired_meets_the_end_of_another() {
    explore_preempted(5, || {
        let scene = On::<Heap>::new(1, Tags::Apart, [(1, 10)]);
        let held = scene.cache.get_ref(&1).unwrap();
        let other = beside(&scene, |scene| (scene.remove(1), scene.get(1)));
        assert_eq!(held.read(1), 10);
        drop(held);
        let (removed, seen) = join(other);
        assert!(removed.was_there() && seen.is_none());
        scene.left();
        scene.end();
    });
}

/// Who has ended a look at what was removed, and asks whether it was the last, finds another value there, which is looked at and removed as well.
#[test]
fn a_look_has_ended_and_the_slot_is_another_values() {
    explore_preempted(3, || {
        // As in `two_let_go_of_a_value_that_was_removed`.
        let scene: &'static On<Heap> =
            Box::leak(Box::new(Arc::into_inner(On::<Heap>::new(1, Tags::Apart, [(1, 10)])).unwrap()));
        let held = scene.cache.get_ref(&1).unwrap();
        assert_eq!(scene.remove(1), Removed::InUse);
        let other = spawn(move || drop(held));
        if scene.try_put(2, 20) {
            let held = scene.cache.get_ref(&2).unwrap();
            assert_eq!(scene.remove(2), Removed::InUse);
            assert_eq!((held.read(2), held.read(2)), (20, 20));
            drop(held);
        }
        join(other);
        scene.left();
    });
}

/// Who removes something is given that, and not what was put into its slot and removed since.
#[test]
fn a_look_ends_and_begins_while_what_it_sees_is_removed() {
    explore_preempted(3, || {
        let scene: &'static On<Heap> =
            Box::leak(Box::new(Arc::into_inner(On::<Heap>::new(1, Tags::Apart, [(1, 10)])).unwrap()));
        let held = scene.cache.get_ref(&1).unwrap();
        let other = spawn(move || scene.remove(1));
        drop(held);
        if scene.try_put(2, 20)
            && let Some(held) = scene.cache.get_ref(&2)
        {
            scene.remove(2);
            assert_eq!(held.read(2), 20);
            drop(held);
        }
        join(other);
        scene.left();
    });
}

#[test]
fn two_look_at_what_a_third_replaces() {
    explore_preempted(2, || {
        let scene = On::<Heap>::new(1, Tags::Apart, [(1, 10)]);
        let others = [beside(&scene, |scene| scene.get(1)), beside(&scene, |scene| scene.get(1))];
        let stored = scene.try_put(1, 11);
        for seen in others.map(join) {
            assert!(matches!(seen, None | Some(10 | 11)));
            assert!(stored || seen != Some(11));
        }
        scene.left();
        scene.end();
    });
}

/// A second line is used between the two questions of one who claims.
#[test]
fn a_look_on_a_second_line_meets_a_replacement() {
    explore_preempted(3, || {
        let scene = On::<Heap>::new(1, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| {
            scene.cache.share();
            scene.get(1)
        });
        let stored = scene.try_put(1, 11);
        let seen = join(other);
        assert!(matches!(seen, None | Some(10 | 11)));
        assert!(stored || seen != Some(11));
        scene.left();
        scene.end();
    });
}

/// The entry takes pins at first. Two who pin it at once make it one to look at, while a third wants it for himself.
#[test]
fn a_value_begins_to_be_watched_as_a_third_claims_it() {
    explore_preempted(2, || {
        let scene = On::<Heap>::new(1, Tags::Apart, []);
        scene.cache.share();
        scene.put(1, 10);
        let others = [(); 2].map(|()| beside(&scene, |scene| scene.get(1)));
        let removed = scene.remove(1);
        assert!(removed.was_there(), "nobody else takes it out");
        for seen in others.map(join) {
            assert!(matches!(seen, None | Some(10)));
        }
        scene.left();
        scene.end();
    });
}

#[test]
fn an_insert_meets_the_removal_of_what_takes_looks() {
    explore_preempted(2, || {
        let scene = On::<Heap>::new(2, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.remove(1));
        let seen = scene.get(1);
        assert!(matches!(seen, None | Some(10)));
        assert!(scene.try_put(1, 11), "there is a free way");
        join(other);
        let entries = scene.end();
        assert!(entries.is_empty() || entries == [(1, 11)]);
    });
}

// --- Removals.

#[test]
fn two_remove_one_key() {
    explore(|| {
        let scene = On::<Inline>::new(1, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.remove(1));
        let ours = scene.remove(1);
        let theirs = join(other);
        assert!(ours.was_there() != theirs.was_there(), "one of them takes it out");
        assert_eq!(scene.ledger.alive(), 0, "the last who had it drops it");
        assert_eq!(scene.end(), []);
    });
}

#[test]
fn an_insert_meets_a_removal() {
    explore_preempted(4, || {
        let scene = On::<Inline>::new(2, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.remove(1));
        assert!(scene.try_put(1, 11), "there is a free way");
        let removed = join(other);
        let entries = scene.end();
        match removed {
            Removed::Value(11) => assert_eq!(entries, []),
            Removed::Value(_) => assert_eq!(entries, [(1, 11)]),
            // It was refused a pin and hid what was there: the old entry, or the new one in its place.
            Removed::Absent | Removed::InUse => assert!(entries.is_empty() || entries == [(1, 11)]),
        }
    });
}

#[test]
fn an_insert_meets_a_clear() {
    explore(|| {
        let scene = On::<Inline>::new(2, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.cache.clear());
        assert!(scene.try_put(2, 20), "there is a free way");
        join(other);
        let entries = scene.end();
        assert!(entries.is_empty() || entries == [(2, 20)], "what was there before the clear has gone");
    });
}

#[test]
fn an_insert_meets_a_shrink() {
    explore_preempted(4, || {
        let scene = On::<Inline>::new(2, Tags::Apart, [(1, 10)]);
        let other = beside(&scene, |scene| scene.cache.shrink(0));
        assert!(scene.try_put(2, 20), "there is a free way");
        let gone = join(other);
        let entries = scene.end();
        assert!([1, 2].contains(&gone), "what was there before has gone");
        assert!(entries.is_empty() || entries == [(2, 20)]);
        assert_eq!(gone + entries.len(), 2, "one has gone for nobody, or twice");
    });
}

/// What somebody holds goes as well, and is dropped by him.
#[test]
fn a_reader_meets_a_shrink() {
    explore_preempted(4, || {
        let scene = On::<Inline>::new(2, Tags::Alike, [(1, 10), (2, 20)]);
        let other = beside(&scene, |scene| scene.cache.shrink(1));
        let seen = [scene.get(1), scene.get(1), scene.get(2)];
        assert!(seen[0].is_some() || seen[1].is_none(), "what was not found comes back");
        assert_eq!(join(other), 1);
        assert_eq!(scene.end().len(), 1);
    });
}

/// Of two who take out the same entry one does, and one counts it.
#[test]
fn the_counts_of_a_shrink_and_a_removal() {
    explore_preempted(4, || {
        let setup = Setup::new().hasher(Tags::Apart).recorder(Striped::<1>::new());
        let scene = Scene::<_, _, Inline>::with(2, setup, [(1, 10)]);
        let before = scene.cache.stats();
        let other = beside(&scene, |scene| scene.remove(1).was_there());
        let gone = scene.cache.shrink(0);
        let removed = join(other);
        let after = scene.cache.stats();
        assert_eq!(gone + usize::from(removed), 1);
        assert_eq!(after.evicted - before.evicted, gone as u64);
        assert_eq!(after.removed - before.removed, removed.into());
        assert_eq!(scene.end(), []);
    });
}

#[test]
fn two_shrinks_take_one_each() {
    explore_preempted(2, || {
        let scene = On::<Inline>::new(3, Tags::Apart, [(1, 10), (2, 20), (3, 30)]);
        let other = beside(&scene, |scene| scene.cache.shrink(1));
        let gone = scene.cache.shrink(1);
        let sum = gone + join(other);
        // Each looks how many there are before the other has taken one out.
        let left = scene.end().len();
        assert_eq!(sum + left, 3, "one has gone for nobody, or twice");
        assert!(left <= 1);
    });
}

/// Every entry that was put in is there, or was counted as gone, once.
#[test]
fn the_counts_of_an_insert_and_a_removal() {
    explore_preempted(4, || {
        let setup = Setup::new().hasher(Tags::Apart).recorder(Striped::<1>::new());
        let scene = Scene::<_, _, Inline>::with(1, setup, [(1, 10)]);
        let before = scene.cache.stats();
        let other = beside(&scene, |scene| scene.remove(1).was_there());
        let stored = scene.try_put(1, 11);
        let removed = join(other);
        let after = scene.cache.stats();
        assert_eq!(after.inserted - before.inserted, stored.into());
        assert_eq!(after.removed - before.removed, removed.into());
        let ended = after.evicted + after.expired + after.removed + after.replaced;
        assert_eq!(after.inserted, ended + scene.cache.len() as u64);
        scene.end();
    });
}

#[test]
fn a_third_reads_what_one_inserts_and_one_removes() {
    explore_preempted(2, || {
        let scene = On::<Inline>::new(2, Tags::Apart, [(1, 10)]);
        let remover = beside(&scene, |scene| scene.remove(1));
        let inserter = beside(&scene, |scene| scene.try_put(1, 11));
        let seen = [scene.get(1), scene.get(1)];
        assert!(seen != [Some(11), Some(10)] && seen != [None, Some(10)], "a reader goes back");
        join(remover);
        join(inserter);
        let entries = scene.end();
        assert!(entries.is_empty() || entries == [(1, 11)], "what was removed or replaced is there");
    });
}

// --- Time.

#[test]
fn a_reader_meets_the_replacement_of_what_is_over() {
    explore_preempted(4, || {
        let scene = too_late();
        let other = beside(&scene, |scene| scene.try_put(1, 11));
        assert_ne!(scene.get(1), Some(10), "what is over is found");
        let stored = join(other);
        assert_eq!(scene.get(1), stored.then_some(11));
        scene.end();
    });
}

#[test]
fn a_sweep_meets_the_replacement_of_what_is_over() {
    explore_preempted(3, || {
        let scene = too_late();
        let other = beside(&scene, |scene| scene.cache.sweep(END, 1).expired);
        let stored = scene.try_put(1, 11);
        join(other);
        assert_eq!(scene.get(1), stored.then_some(11), "what is not over is taken out");
        scene.end();
    });
}

// --- Fills.

/// What is computed is what was true when the computation began.
#[test]
fn a_fill_meets_the_removal_of_what_it_computed_from() {
    explore(|| {
        let scene = On::<Inline>::new(1, Tags::Apart, []);
        let truth = Arc::new(AtomicU32::new(10));
        let changed = Arc::clone(&truth);
        let other = beside(&scene, move |scene| {
            // Relaxed: the removal is what says so to the fill.
            changed.store(11, Ordering::Relaxed);
            scene.remove(1);
        });
        scene.fill(1, || truth.load(Ordering::Relaxed));
        join(other);
        let entries = scene.end();
        assert!(entries.is_empty() || entries == [(1, 11)], "what is no longer true is stored");
    });
}

#[test]
fn two_fill_one_key() {
    explore_preempted(3, || {
        let scene = On::<Inline>::new(2, Tags::Apart, []);
        let other = beside(&scene, |scene| scene.fill(1, || 10));
        let ours = scene.fill(1, || 11);
        let theirs = join(other);
        let entries = scene.end();
        let stored: Vec<(u32, u32)> =
            [ours, theirs].into_iter().filter(|of| of.1).map(|of| (1, of.0)).collect();
        assert!(!stored.is_empty(), "nothing overtakes them");
        // They may disagree where one looked between the other's publish and fill.
        assert!(entries.len() == 1 && stored.contains(&entries[0]), "what is there was not stored");
    });
}

#[test]
fn a_fill_meets_an_insert() {
    explore_preempted(3, || {
        let scene = On::<Inline>::new(2, Tags::Apart, []);
        let truth = Arc::new(AtomicU32::new(10));
        let changed = Arc::clone(&truth);
        let other = beside(&scene, move |scene| {
            // Relaxed: the insert is what says so to the fill.
            changed.store(11, Ordering::Relaxed);
            scene.try_put(1, 11)
        });
        let (number, _) = scene.fill(1, || truth.load(Ordering::Relaxed));
        assert!([10, 11].contains(&number));
        assert!(join(other), "there is a way for each");
        assert_eq!(scene.end(), [(1, 11)], "what is no longer true is stored over an insert");
    });
}

/// A removal of another key that looks alike overtakes a fill that has hidden what was there, pins the fill's draft for a moment, as it
/// was live before, and must not look.
#[test]
fn a_fill_that_is_withdrawn_meets_who_pins_it() {
    explore_preempted(4, || {
        let scene = On::<Inline>::new(1, Tags::Alike, [(1, 10)]);
        let other = beside(&scene, |scene| assert_eq!(scene.remove(3), Removed::Absent));
        let (number, stored) = scene.fill(2, || 20);
        join(other);
        assert_eq!(number, 20);
        let entries = scene.end();
        // The removal may have been refused a pin of the way while it was claimed, and hide what is there when it comes to that.
        assert!(entries.is_empty() || entries == [if stored { (2, 20) } else { (1, 10) }]);
    });
}

/// The way that it gives up is taken by the next insert, whose thread has heard of nothing else.
#[test]
fn a_fill_that_is_withdrawn_meets_an_insert_into_its_way() {
    explore_preempted(3, || {
        let scene = On::<Inline>::new(1, Tags::Apart, []);
        let other = beside(&scene, |scene| scene.fill(1, || 10));
        assert_eq!(scene.remove(2), Removed::Absent, "only the epoch is another one");
        let stored = scene.try_put(3, 30);
        let (number, filled) = join(other);
        assert_eq!(number, 10);
        match scene.end()[..] {
            // The fill took the way, whoever had it, and was withdrawn.
            [] => assert!(!filled),
            [(1, 10)] => assert!(filled),
            [(3, 30)] => assert!(stored),
            ref entries => unreachable!("{entries:?}"),
        }
    });
}
