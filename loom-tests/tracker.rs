//! `Tracker`: one or two slots. Its protocol knows nothing of other slots, but that several share a word of marks.
//!
//! Every resource knows its number and watches how it is used. It is finalized once, or handed back once, and dropped after that; a
//! tracker that is dropped finalizes what is left, so what was lost is found by its drop.
//!
//! What looks are announced in is on the heap alone, so models of looks are of that. On the heap there are about a hundred words that
//! loom is shown before each run; where nothing of it matters the tracker is inline.
//!
//! Two threads are unbounded where that ends within some seconds. Sweeps, drains and inserts touch many words that are hints or counts, each of
//! which doubles what there is to try: the bounds beside them are the highest at which a model takes some seconds, and at least two, which
//! stop each thread in the middle for the other.

use crate::explore::{explore, explore_preempted, join, spawn};
use crate::objects::{Ledger, Object, panic_on_purpose, survive};
use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Waker};
use larder::Exhausted;
use larder::time::Instant;
use larder::tracker::{Age, Finalizer, Handle, Heap, HeapTracker, Id, Inline, OwnedHandle, Removed};
use larder::tracker::{Tracker, Tracking};

/// A resource that knows its number.
struct Resource {
    number: u32,
    object: Object,
    /// Whether its finalizer panics, once all is done.
    resists: bool,
    is_over: bool,
}

impl Resource {
    /// What one does with it who holds it.
    fn read(&self) -> u32 {
        assert!(!self.object.is_dirty(), "what is over is read");
        self.number
    }

    /// The end of it: finalized, or handed back.
    fn end(&mut self) -> u32 {
        assert!(!self.is_over, "a resource ends twice");
        let number = self.read();
        self.object.change();
        self.is_over = true;
        number
    }

    fn unpack(mut self) -> u32 {
        self.end()
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        assert!(self.is_over || std::thread::panicking(), "a resource is dropped that was not finalized");
    }
}

/// Finalizes, and says what is of no more use.
struct Ends {
    is_unused: bool,
}

impl Finalizer<Resource> for Ends {
    fn finalize(&self, resource: &mut Resource) {
        resource.end();
        if resource.resists {
            panic_on_purpose();
        }
    }

    fn is_unused(&self, resource: &Resource) -> bool {
        resource.read();
        self.is_unused
    }
}

type Made<M> = Tracker<Resource, M, Tracking<Ends>>;
type Few<const N: usize> = Made<Inline<N>>;
type OnHeap = Made<Heap>;

/// Any tracker.
trait Face: Sized + 'static {
    type Handle: Deref<Target = Resource> + Clone;

    fn made(capacity: usize, ended: u32, ends: Ends) -> Self;
    fn put(&self, resource: Resource) -> Result<Id, Exhausted<Resource>>;
    fn hold(self: &Arc<Self>, resource: Resource) -> Result<Self::Handle, Exhausted<Resource>>;
    fn find(self: &Arc<Self>, id: Id) -> Option<Self::Handle>;
    fn untrack(handle: Self::Handle) -> Removed<Resource>;
    fn id(handle: &Self::Handle) -> Id;
    fn look(&self, id: Id) -> Option<u32>;
    fn take(&self, id: Id) -> Removed<Resource>;
    fn clean(&self, budget: usize) -> usize;
    fn visit(&self, age: Age) -> usize;
    fn take_aside(&self) -> Option<Resource>;
    fn check(&self);
    /// How many are alive, wait, and how many slots are spent.
    fn counts(&self) -> (usize, u32, u32);
}

macro_rules! face {
    ([$($parameters:tt)*] $slots:ty, $make:expr) => {
        impl<$($parameters)*> Face for Made<$slots> {
            type Handle = OwnedHandle<Resource, $slots, Tracking<Ends>>;

            fn take_aside(&self) -> Option<Resource> {
                self.take_quarantined()
            }

            fn made(capacity: usize, ended: u32, ends: Ends) -> Self {
                let mut tracker: Self = $make(capacity, Tracking::of(ends));
                tracker.skip_versions(ended);
                tracker.validate();
                tracker
            }

            fn put(&self, resource: Resource) -> Result<Id, Exhausted<Resource>> {
                self.insert(resource)
            }

            fn hold(self: &Arc<Self>, resource: Resource) -> Result<Self::Handle, Exhausted<Resource>> {
                self.track_owned(resource)
            }

            fn find(self: &Arc<Self>, id: Id) -> Option<Self::Handle> {
                self.get_owned(id)
            }

            fn untrack(handle: Self::Handle) -> Removed<Resource> {
                Handle::untrack(handle)
            }

            fn id(handle: &Self::Handle) -> Id {
                Handle::id(handle)
            }

            fn look(&self, id: Id) -> Option<u32> {
                self.read(id, Resource::read)
            }

            fn take(&self, id: Id) -> Removed<Resource> {
                self.remove(id)
            }

            fn clean(&self, budget: usize) -> usize {
                self.drain(budget)
            }

            fn visit(&self, age: Age) -> usize {
                self.sweep_of(age, Instant::START, 9).unused
            }

            fn check(&self) {
                self.validate();
            }

            fn counts(&self) -> (usize, u32, u32) {
                let stats = self.stats();
                (stats.live, stats.awaiting, stats.retired_slots)
            }
        }
    };
}

face!([const N: usize] Inline<N>, |_, setup| Tracker::with(setup));
face!([] Heap, HeapTracker::with_capacity_and);

/// A tracker, and what was put into it.
struct Scene<T: Face> {
    tracker: Arc<T>,
    ledger: Ledger,
}

impl<T: Face> Scene<T> {
    fn new(capacity: usize) -> Arc<Self> {
        Self::with(capacity, 0, false)
    }

    /// As if each slot had had so many resources; and whether all are of no more use.
    fn with(capacity: usize, ended: u32, is_unused: bool) -> Arc<Self> {
        let tracker = Arc::new(T::made(capacity, ended, Ends { is_unused }));
        // What is only touched where a sweep begins: the words of its clock.
        tracker.visit(Age::Old);
        Arc::new(Self { tracker, ledger: Ledger::default() })
    }

    fn resource(&self, number: u32) -> Resource {
        Resource { number, object: self.ledger.object(), resists: false, is_over: false }
    }

    /// Inserts, if there is room; else it is given back what it had.
    fn try_insert(&self, number: u32) -> Option<Id> {
        let refused = match self.tracker.put(self.resource(number)) {
            Ok(id) => return Some(id),
            Err(refused) => refused,
        };
        assert_eq!(refused.into_inner().unpack(), number, "another resource comes back");
        None
    }

    fn insert(&self, number: u32) -> Id {
        self.try_insert(number).expect("there is room")
    }

    fn try_track(&self, number: u32) -> Option<T::Handle> {
        let refused = match self.tracker.hold(self.resource(number)) {
            Ok(handle) => return Some(handle),
            Err(refused) => refused,
        };
        assert_eq!(refused.into_inner().unpack(), number, "another resource comes back");
        None
    }

    fn track(&self, number: u32) -> T::Handle {
        self.try_track(number).expect("there is room")
    }

    /// Holds it for a moment.
    fn get(&self, id: Id) -> Option<u32> {
        self.tracker.find(id).map(|handle| handle.read())
    }

    fn remove(&self, id: Id) -> Removed<u32> {
        ended(self.tracker.take(id))
    }

    fn drain(&self) -> usize {
        self.tracker.clean(9)
    }

    /// What is true when all is done: so many are alive, and all others are gone once those are drained that wait.
    fn at_rest(&self, live: usize) {
        self.tracker.check();
        let (_, awaiting, _) = self.tracker.counts();
        assert_eq!(self.drain(), awaiting as usize, "what waits is not there, or is not counted");
        self.tracker.check();
        let counts = self.tracker.counts();
        assert_eq!((counts.0, counts.1), (live, 0));
        assert_eq!(self.ledger.alive(), live, "a resource is lost");
    }

    /// As `at_rest`, and the end of the tracker.
    fn end(self: Arc<Self>, live: usize) {
        self.at_rest(live);
        let Self { tracker, ledger } = Arc::into_inner(self).expect("no thread has it any more");
        drop(Arc::into_inner(tracker).expect("no handle has it any more"));
        assert_eq!(ledger.alive(), 0, "the tracker left a resource");
    }
}

fn ended(removed: Removed<Resource>) -> Removed<u32> {
    match removed {
        Removed::Absent => Removed::Absent,
        Removed::InUse => Removed::InUse,
        Removed::Value(resource) => Removed::Value(resource.unpack()),
    }
}

/// Another thread beside this one.
fn beside<T: Face, R: 'static>(
    scene: &Arc<Scene<T>>,
    work: impl FnOnce(&Scene<T>) -> R + 'static,
) -> loom::thread::JoinHandle<R> {
    let scene = Arc::clone(scene);
    spawn(move || work(&scene))
}

// --- Handles.

#[test]
fn an_upgrade_meets_the_last_drop() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let handle = scene.track(10);
        let id = Few::<1>::id(&handle);
        let other = spawn(move || drop(handle));
        let seen = scene.get(id);
        join(other);
        assert!(matches!(seen, None | Some(10)));
        assert_eq!(scene.tracker.counts().1, 1, "it is dead, once");
        assert_eq!(scene.get(id), None, "the dead is revived");
        scene.end(0);
    });
}

/// Two preemptions: one that stops the drop between its steps, and one that stops an upgrade there.
#[test]
fn two_upgrades_meet_the_last_drop() {
    explore_preempted(2, || {
        let scene = Scene::<Few<1>>::new(1);
        let handle = scene.track(10);
        let id = Few::<1>::id(&handle);
        let others = [
            spawn(move || drop(handle)),
            beside(&scene, move |scene| assert!(matches!(scene.get(id), None | Some(10)))),
        ];
        scene.get(id);
        others.into_iter().for_each(join);
        assert_eq!(scene.tracker.counts().1, 1, "it is dead, once");
        scene.end(0);
    });
}

#[test]
fn two_drop_the_two_handles_of_one_resource() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let ours = scene.track(10);
        let theirs = ours.clone();
        let other = spawn(move || {
            assert_eq!(theirs.read(), 10);
            drop(theirs);
        });
        assert_eq!(ours.read(), 10);
        drop(ours);
        join(other);
        assert_eq!(scene.drain(), 1, "the last of them lets it die");
        scene.end(0);
    });
}

#[test]
fn a_clone_meets_a_drop() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let ours = scene.track(10);
        let theirs = ours.clone();
        let other = spawn(move || drop(theirs));
        let another = ours.clone();
        drop(ours);
        assert_eq!(another.read(), 10);
        drop(another);
        join(other);
        assert_eq!(scene.drain(), 1, "the last of them lets it die");
        scene.end(0);
    });
}

#[test]
fn two_take_a_resource_out_by_its_two_handles() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let ours = scene.track(10);
        let theirs = ours.clone();
        let other = spawn(move || ended(Few::<1>::untrack(theirs)).was_there());
        let ours = ended(Few::<1>::untrack(ours)).was_there();
        assert!(join(other) || ours, "one of them was first");
        scene.end(0);
    });
}

/// The last pin goes while another thread, which has read under its own, waits for nothing: who takes it out comes after both.
#[test]
fn a_drop_meets_the_taking_out_by_the_other_handle() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let ours = scene.track(10);
        let theirs = ours.clone();
        let other = spawn(move || {
            assert_eq!(theirs.read(), 10);
            drop(theirs);
        });
        let taken = ended(Few::<1>::untrack(ours));
        join(other);
        assert_eq!(scene.drain(), usize::from(taken == Removed::InUse), "it is finalized or handed back");
        scene.end(0);
    });
}

/// Who lets it die has read, and so has the other; the third one ends it.
#[test]
fn a_drop_and_a_drain_meet_the_drop_of_the_other_handle() {
    explore_preempted(3, || {
        let scene = Scene::<Few<1>>::new(1);
        let ours = scene.track(10);
        let theirs = ours.clone();
        let dropper = spawn(move || {
            assert_eq!(theirs.read(), 10);
            drop(theirs);
        });
        let drainer = beside(&scene, Scene::drain);
        assert_eq!(ours.read(), 10);
        drop(ours);
        join(dropper);
        assert_eq!(join(drainer) + scene.drain(), 1);
        scene.end(0);
    });
}

// --- Names.

fn a_look_up_meets_a_removal_and_the_reuse_of_the_slot<T: Face>() {
    let scene = Scene::<T>::new(1);
    let first = scene.insert(10);
    let other = beside(&scene, move |scene| (scene.remove(first), scene.try_insert(20)));
    assert!(matches!(scene.get(first), None | Some(10)), "an old name opens what is new");
    let (removed, second) = join(other);
    assert!(removed.was_there());
    assert_eq!(scene.get(first), None);
    assert_ne!(second, Some(first), "a name is given twice");
    if let Some(second) = second {
        assert_eq!(scene.get(second), Some(20));
    }
    scene.end(second.iter().count());
}

#[test]
fn a_look_up_meets_a_removal_and_the_reuse_of_the_slot_inline() {
    explore(a_look_up_meets_a_removal_and_the_reuse_of_the_slot::<Few<1>>);
}

#[test]
fn a_look_up_meets_a_removal_and_the_reuse_of_the_slot_on_the_heap() {
    explore_preempted(3, a_look_up_meets_a_removal_and_the_reuse_of_the_slot::<OnHeap>);
}

/// What it pins for a moment is another resource, which others can remove meanwhile, or let go.
#[test]
fn a_look_up_by_an_old_name_meets_the_drop_of_what_is_new() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let first = scene.insert(10);
        assert_eq!(scene.remove(first), Removed::Value(10));
        let handle = scene.track(20);
        let other = spawn(move || drop(handle));
        assert_eq!(scene.get(first), None, "an old name opens what is new");
        join(other);
        assert_eq!(scene.drain(), 1, "the last of them lets it die");
        scene.end(0);
    });
}

#[test]
fn a_removal_by_an_old_name_meets_the_removal_of_what_is_new() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let first = scene.insert(10);
        assert_eq!(scene.remove(first), Removed::Value(10));
        let second = scene.insert(20);
        let other = beside(&scene, move |scene| scene.remove(second));
        assert_eq!(scene.remove(first), Removed::Absent, "an old name removes what is new");
        match join(other) {
            Removed::Value(number) => assert_eq!((number, scene.drain()), (20, 0)),
            Removed::InUse => assert_eq!(scene.drain(), 1),
            Removed::Absent => unreachable!("nobody else removes it"),
        }
        scene.end(0);
    });
}

#[test]
fn two_remove_one_resource() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let id = scene.insert(10);
        let other = beside(&scene, move |scene| scene.remove(id));
        let removed = [scene.remove(id), join(other)];
        let values = removed.iter().filter(|&&removed| removed == Removed::Value(10)).count();
        assert!(removed.iter().any(|removed| removed.was_there()), "one of them was first");
        assert_eq!(values + scene.drain(), 1, "it is handed back or finalized, once");
        scene.end(0);
    });
}

#[test]
fn a_removal_meets_a_look_up() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let id = scene.insert(10);
        let other = beside(&scene, move |scene| scene.get(id));
        let removed = scene.remove(id);
        let seen = join(other);
        assert!(matches!(seen, None | Some(10)));
        match removed {
            Removed::Value(number) => assert_eq!((number, scene.drain()), (10, 0)),
            Removed::InUse => assert_eq!(scene.drain(), 1),
            Removed::Absent => unreachable!("nobody else removes it"),
        }
        scene.end(0);
    });
}

/// What is not to be found any more, but held, is not found.
#[test]
fn what_was_removed_while_it_was_held_is_not_found() {
    explore(|| {
        let scene = Scene::<OnHeap>::new(1);
        let id = scene.insert(10);
        let handle = scene.tracker.find(id).expect("it is alive");
        assert_eq!(scene.remove(id), Removed::InUse);
        let other = spawn(move || drop(handle));
        assert_eq!(scene.get(id), None, "what was removed is found");
        assert_eq!(scene.tracker.look(id), None, "what was removed is seen");
        assert_eq!(scene.remove(id), Removed::Absent);
        join(other);
        assert_eq!(scene.drain(), 1);
        scene.end(0);
    });
}

fn two_insert_into_one_slot<T: Face>() {
    let scene = Scene::<T>::new(1);
    let put = |number| {
        move |scene: &Scene<T>| {
            let Some(id) = scene.try_insert(number) else { return (None, false) };
            (Some(id), scene.remove(id) == Removed::Value(number))
        }
    };
    let other = beside(&scene, put(10));
    let both = [put(20)(&scene), join(other)];
    assert!(both.iter().any(|(id, _)| id.is_some()), "one of them gets it");
    assert!(both.iter().all(|(id, removed)| id.is_some() == *removed), "nobody else has it");
    assert_ne!(both[0].0, both[1].0, "a name is given twice");
    scene.end(0);
}

#[test]
fn two_insert_into_one_slot_inline() {
    explore(two_insert_into_one_slot::<Few<1>>);
}

#[test]
fn two_insert_into_one_slot_on_the_heap() {
    explore_preempted(4, two_insert_into_one_slot::<OnHeap>);
}

/// Their marks are in one word.
#[test]
fn two_insert_into_two_slots_of_a_group() {
    explore_preempted(4, || {
        let scene = Scene::<OnHeap>::new(2);
        let other = beside(&scene, |scene| scene.track(10).read());
        assert_eq!(scene.track(20).read(), 20, "there is one for each");
        assert_eq!(join(other), 10);
        assert_eq!(scene.drain(), 2);
        scene.end(0);
    });
}

/// A slot with few versions left is not used again when it has had them all, so no name is given twice.
#[test]
fn two_use_up_the_last_versions_of_a_slot() {
    explore_preempted(4, || {
        let scene = Scene::<Few<1>>::with(1, u32::MAX - 2, false);
        let first = scene.insert(10);
        let put = move |number| {
            move |scene: &Scene<Few<1>>| {
                let id = scene.try_insert(number)?;
                assert_ne!(id, first, "a name is given twice");
                assert_eq!(scene.get(first), None);
                assert!(scene.remove(id).was_there());
                Some(id)
            }
        };
        let other = beside(&scene, move |scene| (scene.remove(first), put(20)(scene)));
        let ours = put(30)(&scene);
        let (removed, theirs) = join(other);
        assert!(removed.was_there());
        scene.drain();
        let ids = [ours, theirs, put(40)(&scene)];
        assert_eq!(ids.iter().flatten().count(), 1, "the slot has two versions: {ids:?}");
        scene.drain();
        assert_eq!(scene.tracker.counts().2, 1, "the slot is spent");
        assert_eq!(scene.try_insert(50), None);
        assert_eq!(scene.get(first), None);
        scene.end(0);
    });
}

// --- Sweeps.

#[test]
fn a_sweep_meets_an_upgrade() {
    explore(|| {
        let scene = Scene::<Few<1>>::with(1, 0, true);
        let id = scene.insert(10);
        let other = beside(&scene, |scene| scene.tracker.visit(Age::Old));
        let held = scene.tracker.find(id);
        let read = || held.as_ref().map(|handle| handle.read());
        let seen = [read(), read()];
        let unused = join(other);
        assert_eq!(scene.drain(), unused, "what was held is finalized");
        assert!(seen == [None; 2] || seen == [Some(10); 2]);
        // What was held is swept by nobody.
        assert_eq!(read(), seen[0]);
        assert!(unused == 0 || held.is_none());
        drop(held);
        scene.end(1 - unused);
    });
}

#[test]
fn a_sweep_meets_a_look_up() {
    explore(|| {
        let scene = Scene::<Few<1>>::with(1, 0, true);
        let id = scene.insert(10);
        let other = beside(&scene, move |scene| scene.get(id));
        let unused = scene.tracker.visit(Age::Old);
        assert_eq!(scene.drain(), unused);
        assert!(matches!(join(other), None | Some(10)));
        scene.end(1 - unused);
    });
}

fn a_sweep_meets_a_removal<T: Face>() {
    let scene = Scene::<T>::with(1, 0, true);
    let id = scene.insert(10);
    let other = beside(&scene, move |scene| scene.tracker.visit(Age::Old));
    let removed = scene.remove(id);
    let unused = join(other);
    let drained = scene.drain();
    match removed {
        Removed::Value(number) => assert_eq!((number, unused, drained), (10, 0, 0)),
        Removed::InUse => assert_eq!((unused, drained), (0, 1)),
        Removed::Absent => assert_eq!((unused, drained), (1, 1)),
    }
    scene.end(0);
}

#[test]
fn a_sweep_meets_a_removal_inline() {
    explore_preempted(4, a_sweep_meets_a_removal::<Few<1>>);
}

#[test]
fn a_sweep_meets_a_removal_on_the_heap() {
    explore_preempted(2, a_sweep_meets_a_removal::<OnHeap>);
}

/// It helps one who has taken the last pin away and not said so.
#[test]
fn a_sweep_meets_the_last_drop() {
    explore(|| {
        let scene = Scene::<Few<1>>::with(1, 0, true);
        let handle = scene.track(10);
        let other = spawn(move || drop(handle));
        scene.tracker.visit(Age::Old);
        let drained = scene.drain();
        join(other);
        assert_eq!(drained + scene.drain(), 1, "it is dead, once");
        scene.end(0);
    });
}

/// A sweep that found one resource in a slot finds another one when it comes to it, young.
#[test]
fn a_sweep_meets_the_reuse_of_a_slot() {
    explore_preempted(2, || {
        let scene = Scene::<Few<1>>::new(1);
        let first = scene.insert(10);
        let other = beside(&scene, move |scene| (scene.remove(first), scene.try_insert(20)));
        scene.tracker.visit(Age::Old);
        let (removed, second) = join(other);
        assert_eq!(scene.drain(), usize::from(removed == Removed::InUse));
        scene.end(second.iter().count());
    });
}

#[test]
fn two_sweep_one_resource() {
    explore_preempted(2, || {
        let scene = Scene::<Few<1>>::with(1, 0, true);
        scene.insert(10);
        let other = beside(&scene, |scene| scene.tracker.visit(Age::Old));
        let ours = scene.tracker.visit(Age::Old);
        let unused = ours + join(other);
        assert!(unused <= 1, "it is counted twice");
        assert_eq!(scene.drain(), unused);
        scene.end(1 - unused);
    });
}

// --- Drains.

fn two_drain<T: Face>() {
    let scene = Scene::<T>::new(2);
    drop([scene.track(10), scene.track(20)]);
    let other = beside(&scene, Scene::drain);
    let ours = scene.drain();
    assert_eq!(ours + join(other), 2, "each is finalized by one of them");
    scene.end(0);
}

#[test]
fn two_drain_two_slots_inline() {
    explore_preempted(2, two_drain::<Few<2>>);
}

#[test]
fn two_drain_two_slots_of_a_group() {
    explore_preempted(2, two_drain::<OnHeap>);
}

#[test]
fn a_drain_meets_who_tracks_in_the_slot_that_it_frees() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        drop(scene.track(10));
        let other = beside(&scene, |scene| scene.try_track(20).map(|handle| handle.read()));
        let early = scene.drain();
        let tracked = join(other);
        assert!(matches!(tracked, None | Some(20)));
        assert_eq!(early + scene.drain(), 1 + tracked.iter().count());
        scene.end(0);
    });
}

#[test]
fn a_drain_meets_a_death() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let handle = scene.track(10);
        let other = spawn(move || {
            assert_eq!(handle.read(), 10);
            drop(handle);
        });
        let early = scene.drain();
        join(other);
        assert_eq!(early + scene.drain(), 1, "who is told of a death finds it");
        scene.end(0);
    });
}

/// What one does with it who has it back after its finalizer panicked.
fn recover(mut resource: Resource) -> u32 {
    assert!(resource.is_over, "what is set aside was not finalized");
    resource.object.change();
    resource.number
}

#[test]
fn a_finalizer_that_panics_meets_who_takes_what_is_set_aside() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let mut resource = scene.resource(10);
        resource.resists = true;
        drop(scene.tracker.hold(resource).ok().expect("there is room"));
        let other = beside(&scene, |scene| assert_eq!(survive(|| scene.drain()), None));
        let early = scene.tracker.take_aside().map(recover);
        join(other);
        scene.tracker.check();
        let late = scene.tracker.take_aside().map(recover);
        assert!(early.xor(late) == Some(10), "it is had back once: {early:?}, {late:?}");
        scene.end(0);
    });
}

#[test]
fn two_take_what_is_set_aside() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let mut resource = scene.resource(10);
        resource.resists = true;
        drop(scene.tracker.hold(resource).ok().expect("there is room"));
        assert_eq!(survive(|| scene.drain()), None);
        let other = beside(&scene, |scene| scene.tracker.take_aside().map(recover));
        let ours = scene.tracker.take_aside().map(recover);
        assert!(ours.xor(join(other)) == Some(10), "one of them has it back");
        scene.end(0);
    });
}

// --- Waits.

/// How often a task was woken. By a plain counter: one that loom knew would order what it watches.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether a task that begins to wait, and goes on waiting, has finalized something at once.
fn begins_to_wait(scene: &Scene<Few<1>>, woken: &Arc<Woken>) -> bool {
    let waker = Waker::from(Arc::clone(woken));
    let mut drain = ManuallyDrop::new(Box::pin(scene.tracker.drain_async(1)));
    drain.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
}

#[test]
fn a_death_meets_one_who_begins_to_wait() {
    explore(|| {
        let scene = Scene::<Few<1>>::new(1);
        let handle = scene.track(10);
        let woken = Arc::new(Woken::default());
        let other = beside(&scene, move |_| drop(handle));
        let drained = begins_to_wait(&scene, &woken);
        join(other);
        assert!(drained || woken.0.load(Ordering::Relaxed) > 0, "a death is missed");
        assert_eq!(scene.drain(), usize::from(!drained));
        scene.end(0);
    });
}

/// Two deaths: the one waker has one owner, who wakes it, and no place of it is lost.
#[test]
fn two_deaths_meet_one_who_waits() {
    explore(|| {
        let scene = Scene::<Few<2>>::new(2);
        let (one, two) = (scene.track(10), scene.track(20));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut drain = ManuallyDrop::new(Box::pin(scene.tracker.drain_async(1)));
        assert!(drain.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let other = beside(&scene, move |_| drop(two));
        drop(one);
        join(other);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert_eq!(scene.drain(), 2);
        scene.end(0);
    });
}

// --- Looks.

/// Four preemptions: without a bound it takes minutes.
#[test]
fn a_look_meets_a_removal() {
    explore_preempted(4, || {
        let scene = Scene::<OnHeap>::new(1);
        let id = scene.insert(10);
        let other = beside(&scene, move |scene| scene.remove(id));
        assert!(matches!(scene.tracker.look(id), None | Some(10)));
        match join(other) {
            Removed::Value(number) => assert_eq!((number, scene.drain()), (10, 0)),
            Removed::InUse => assert_eq!(scene.drain(), 1),
            Removed::Absent => unreachable!("nobody else removes it"),
        }
        assert_eq!(scene.tracker.look(id), None);
        scene.end(0);
    });
}

/// As above, but a look was announced before, so that its line is known to be used.
#[test]
fn a_second_look_meets_a_removal() {
    explore_preempted(4, || {
        let scene = Scene::<OnHeap>::new(1);
        let id = scene.insert(10);
        assert_eq!(scene.tracker.look(id), Some(10));
        let other = beside(&scene, move |scene| scene.remove(id));
        assert!(matches!(scene.tracker.look(id), None | Some(10)));
        assert!(join(other).was_there());
        scene.end(0);
    });
}

#[test]
fn a_look_meets_the_last_drop_and_a_drain() {
    explore_preempted(4, || {
        let scene = Scene::<OnHeap>::new(1);
        let handle = scene.track(10);
        let id = OnHeap::id(&handle);
        let other = beside(&scene, move |scene| {
            drop(handle);
            scene.drain()
        });
        assert!(matches!(scene.tracker.look(id), None | Some(10)));
        assert_eq!(join(other) + scene.drain(), 1, "it is finalized when the look is over");
        scene.end(0);
    });
}

#[test]
fn a_look_meets_a_drain_of_what_died_before() {
    explore(|| {
        let scene = Scene::<OnHeap>::new(1);
        let handle = scene.track(10);
        let id = OnHeap::id(&handle);
        drop(handle);
        let other = beside(&scene, Scene::drain);
        assert_eq!(scene.tracker.look(id), None, "the dead is seen");
        assert_eq!(join(other) + scene.drain(), 1, "it is finalized when the look is over");
        scene.end(0);
    });
}

/// Who looks at an old name sees neither what is there now nor half of it.
#[test]
fn a_look_meets_the_reuse_of_its_slot() {
    explore_preempted(4, || {
        let scene = Scene::<OnHeap>::new(1);
        let first = scene.insert(10);
        let other = beside(&scene, move |scene| (scene.remove(first), scene.try_insert(20)));
        assert!(matches!(scene.tracker.look(first), None | Some(10)), "an old name opens what is new");
        let (removed, second) = join(other);
        assert!(removed.was_there());
        if let Some(second) = second {
            assert_eq!(scene.tracker.look(second), Some(20));
        }
        let drained = scene.drain();
        assert_eq!(drained, usize::from(removed == Removed::InUse));
        scene.end(second.iter().count());
    });
}

/// A name that is not there yet, or only from elsewhere: what is found is whole.
#[test]
fn a_look_meets_an_insert() {
    explore(|| {
        let scene = Scene::<OnHeap>::new(1);
        let first = scene.insert(10);
        assert_eq!(scene.remove(first), Removed::Value(10));
        let coming = Id::from_bits(first.to_bits() + (1 << 32)).expect("the next one");
        let other = beside(&scene, |scene| scene.insert(20));
        assert!(matches!(scene.tracker.look(coming), None | Some(20)));
        assert_eq!(join(other), coming);
        assert_eq!(scene.tracker.look(coming), Some(20));
        scene.end(1);
    });
}

#[test]
fn a_look_meets_a_sweep_and_a_drain() {
    explore_preempted(3, || {
        let scene = Scene::<OnHeap>::with(1, 0, true);
        let id = scene.insert(10);
        let other = beside(&scene, |scene| (scene.tracker.visit(Age::Old), scene.drain()));
        assert!(matches!(scene.tracker.look(id), None | Some(10)));
        let (unused, drained) = join(other);
        assert_eq!(unused, 1, "a look keeps nothing alive");
        assert_eq!(drained + scene.drain(), 1);
        scene.end(0);
    });
}

/// Two preemptions: one that stops the removal half-way, and one for a look.
#[test]
fn two_looks_meet_a_removal() {
    explore_preempted(2, || {
        let scene = Scene::<OnHeap>::new(1);
        let id = scene.insert(10);
        let others = [(); 2].map(|()| beside(&scene, move |scene| scene.tracker.look(id)));
        assert!(scene.remove(id).was_there());
        for seen in others.map(join) {
            assert!(matches!(seen, None | Some(10)));
        }
        scene.end(0);
    });
}
