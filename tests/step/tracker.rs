//! `Tracker`, interrupted and stalled: a few slots, inline and on the heap.

use crate::ledger::{Ledger, Record, panic_on_purpose, survive};
use crate::matrix::{Operation, World, everything, nested_interrupts, one_interrupt, one_stall, two_stalls};
use core::future::Future;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use larder::Exhausted;
use larder::sync::step::{point, stall};
use larder::time::Instant;
use larder::tracker::{Age, Finalizer, Handle, Heap, HeapTracker, Id, Inline, OwnedHandle, Removed, Tracker};
use larder::tracker::{Slots, TrackerStats, Tracking};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Wake;

/// What the finalizer of a resource does besides.
type Last = Box<dyn FnOnce() + Send + Sync>;

/// A resource that many may read, and that ends once.
struct Resource {
    record: Record,
    ledger: &'static Ledger,
    is_unused: bool,
    last: Option<Last>,
    /// Finalized, or handed back.
    is_over: bool,
}

impl Resource {
    fn new(ledger: &'static Ledger) -> Self {
        Self { record: Record::new(ledger, 0), ledger, is_unused: false, last: None, is_over: false }
    }

    fn read(&self) -> usize {
        if self.is_over {
            self.ledger.fault("what is over is read");
        }
        self.record.read()
    }

    fn end(&mut self) {
        if self.is_over {
            self.ledger.fault("a resource ends twice");
        }
        self.record.work();
        self.is_over = true;
    }

    /// What one does with it who has it back after its finalizer panicked.
    fn recover(mut self) {
        if !self.is_over {
            self.ledger.fault("what is set aside was not finalized");
        }
        self.record.work();
    }

    /// What one does with it to whom it was handed back.
    fn hand_back(mut self) {
        self.end();
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        if !self.is_over {
            self.ledger.fault("a resource is dropped that was not finalized");
        }
    }
}

struct Ends;

impl Finalizer<Resource> for Ends {
    fn finalize(&self, resource: &mut Resource) {
        resource.end();
        if let Some(last) = resource.last.take() {
            last();
        }
    }

    fn is_unused(&self, resource: &Resource) -> bool {
        resource.read();
        point();
        resource.is_unused
    }
}

type Made<M> = Tracker<Resource, M, Tracking<Ends>>;

/// A tracker of any kind.
trait Face: 'static {
    const SLOTS: usize;
    /// Groups of slots, and slots of a group.
    const GROUPS: (usize, usize);
    /// The accesses of a look at whether somebody looks, and of the announcement of one.
    const WATCHED: usize;
    const ANNOUNCE: usize;
    type Tracker: Send + Sync;
    type Handle: Deref<Target = Resource> + Clone + Send;

    fn made() -> Self::Tracker;
    fn put(tracker: &Self::Tracker, resource: Resource) -> Result<Id, Exhausted<Resource>>;
    fn hold(tracker: &Arc<Self::Tracker>, resource: Resource) -> Result<Self::Handle, Exhausted<Resource>>;
    fn upgraded(tracker: &Arc<Self::Tracker>, id: Id) -> Option<Self::Handle>;
    fn untrack(handle: Self::Handle) -> Removed<Resource>;
    /// Shows it, by a handle or by a look.
    fn show(tracker: &Self::Tracker, id: Id, show: impl FnOnce(&Resource));
    fn look(tracker: &Self::Tracker, id: Id, show: impl FnOnce(&Resource));
    fn take(tracker: &Self::Tracker, id: Id) -> Removed<Resource>;
    fn clean(tracker: &Self::Tracker, budget: usize) -> usize;
    fn visit(tracker: &Self::Tracker, age: Age);
    fn take_aside(tracker: &Self::Tracker) -> Option<Resource>;
    fn reported(tracker: &Self::Tracker) -> usize;
    fn counts(tracker: &Self::Tracker) -> TrackerStats;
    fn check(tracker: &Self::Tracker);
}

macro_rules! face {
    ($name:ident, $slots:ty, $groups:expr, $watched:expr, $announce:expr, $make:expr) => {
        struct $name<const N: usize>;

        impl<const N: usize> Face for $name<N> {
            const SLOTS: usize = N;
            const GROUPS: (usize, usize) = $groups;
            const WATCHED: usize = $watched;
            const ANNOUNCE: usize = $announce;
            type Tracker = Made<$slots>;
            type Handle = OwnedHandle<Resource, $slots, Tracking<Ends>>;

            fn made() -> Self::Tracker {
                $make
            }

            fn put(tracker: &Self::Tracker, resource: Resource) -> Result<Id, Exhausted<Resource>> {
                tracker.insert(resource)
            }

            fn hold(
                tracker: &Arc<Self::Tracker>,
                resource: Resource,
            ) -> Result<Self::Handle, Exhausted<Resource>> {
                tracker.track_owned(resource)
            }

            fn upgraded(tracker: &Arc<Self::Tracker>, id: Id) -> Option<Self::Handle> {
                tracker.weak_owned(id).upgrade()
            }

            fn untrack(handle: Self::Handle) -> Removed<Resource> {
                Handle::untrack(handle)
            }

            fn show(tracker: &Self::Tracker, id: Id, show: impl FnOnce(&Resource)) {
                if let Some(handle) = tracker.get(id) {
                    show(&handle);
                }
            }

            fn look(tracker: &Self::Tracker, id: Id, show: impl FnOnce(&Resource)) {
                tracker.read(id, show);
            }

            fn take(tracker: &Self::Tracker, id: Id) -> Removed<Resource> {
                tracker.remove(id)
            }

            fn clean(tracker: &Self::Tracker, budget: usize) -> usize {
                tracker.drain(budget)
            }

            fn visit(tracker: &Self::Tracker, age: Age) {
                tracker.sweep_of(age, Instant::START, 99);
            }

            fn take_aside(tracker: &Self::Tracker) -> Option<Resource> {
                tracker.take_quarantined()
            }

            fn reported(tracker: &Self::Tracker) -> usize {
                tracker.report().count()
            }

            fn counts(tracker: &Self::Tracker) -> TrackerStats {
                tracker.stats()
            }

            fn check(tracker: &Self::Tracker) {
                tracker.validate();
            }
        }
    };
}

face!(Fixed, Inline<N>, (N, 1), 0, 0, Tracker::with(Tracking::of(Ends)));
face!(OnHeap, Heap, (N.div_ceil(8), 8), 1 + 4, 2 + 4, {
    HeapTracker::with_capacity_and(N, Tracking::of(Ends))
});

/// A tracker and its users.
struct Users<F: Face> {
    /// Taken away in the end: there are a million worlds.
    tracker: Mutex<Option<Arc<F::Tracker>>>,
    ledger: &'static Ledger,
    known: Mutex<Known>,
    /// Handles that outlive the operation that got them.
    handles: Mutex<Vec<F::Handle>>,
    /// Slots that those can hold at most who are in the middle of an operation.
    held: AtomicUsize,
}

/// The last resource that the tracker was given to keep.
#[derive(Default)]
struct Known {
    name: Option<(Id, usize)>,
    /// Whether nobody has removed it.
    is_there: bool,
}

/// Somebody in the middle of an operation.
struct Part<'a>(&'a AtomicUsize, usize);

impl Drop for Part<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

impl<F: Face> Users<F> {
    fn tracker(&self) -> Arc<F::Tracker> {
        let tracker = self.tracker.lock().expect("nothing panics with it open");
        Arc::clone(tracker.as_ref().expect("it is taken away in the end"))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("nothing panics with the names open")
    }

    fn handles(&self) -> MutexGuard<'_, Vec<F::Handle>> {
        self.handles.lock().expect("nothing panics with the handles open")
    }

    /// Does something by which so many slots can be held.
    fn part(&self, slots: usize) -> Part<'_> {
        self.held.fetch_add(slots, Ordering::Relaxed);
        Part(&self.held, slots)
    }

    fn resource(&self) -> Resource {
        Resource::new(self.ledger)
    }

    /// Tracks one, or has it back.
    fn try_hold(&self, resource: Resource) -> Option<F::Handle> {
        let number = resource.read();
        F::hold(&self.tracker(), resource)
            .map_err(|refused| {
                let resource = refused.into_inner();
                if resource.read() != number {
                    self.ledger.fault("something else was refused");
                }
                resource.hand_back();
            })
            .ok()
    }

    /// What one does who holds it, or looks at it; others may come between.
    fn read(&self, resource: &Resource, number: Option<usize>) {
        let seen = resource.read();
        point();
        if resource.read() != seen || number.is_some_and(|number| number != seen) {
            self.ledger.fault("another resource than the one that was named");
        }
    }

    /// Lets one die, if there is room for it.
    fn let_die(&self, resource: Resource) {
        if let Some(handle) = self.try_hold(resource) {
            self.read(&handle, None);
        }
    }

    fn keep_handle(&self) {
        let Some(handle) = self.try_hold(self.resource()) else { return };
        let mut handles = self.handles();
        let is_enough = handles.len() > Self::many().1;
        if !is_enough {
            handles.push(handle);
            return;
        }
        drop(handles);
        drop(handle);
    }

    fn end_handle(&self, end: impl FnOnce(F::Handle)) {
        let handle = self.handles().pop();
        if let Some(handle) = handle {
            self.read(&handle, None);
            end(handle);
        }
    }

    fn insert(&self, is_unused: bool) {
        let mut resource = self.resource();
        resource.is_unused = is_unused;
        let number = resource.read();
        match F::put(&self.tracker(), resource) {
            Ok(id) => {
                let mut known = self.known();
                if known.is_there {
                    drop(known);
                    self.removed(F::take(&self.tracker(), id));
                } else {
                    *known = Known { name: Some((id, number)), is_there: true };
                }
            }
            Err(refused) => refused.into_inner().hand_back(),
        }
    }

    fn removed(&self, removed: Removed<Resource>) {
        if let Removed::Value(resource) = removed {
            resource.hand_back();
        }
    }

    /// With a name that was given once, also if it is an old one.
    fn with_name(&self, work: impl FnOnce(&Arc<F::Tracker>, Id, usize)) {
        let name = self.known().name;
        if let Some((id, number)) = name {
            work(&self.tracker(), id, number);
        }
    }

    fn remove(&self) {
        self.known().is_there = false;
        self.with_name(|tracker, id, _| self.removed(F::take(tracker, id)));
    }

    fn drain(&self, budget: usize) -> Option<usize> {
        survive(|| F::clean(&self.tracker(), budget))
    }

    /// How many resources are there in the beginning: of each kind, and handles besides, so that few slots are free.
    const fn many() -> (usize, usize) {
        if F::SLOTS > 4 { (F::SLOTS - 3, F::SLOTS - 3) } else { (0, 0) }
    }

    /// All that can be cleaned up without those who stand.
    fn clean_up(&self) {
        while self.drain(99) != Some(0) {}
        while let Some(resource) = F::take_aside(&self.tracker()) {
            resource.recover();
        }
    }
}

impl<F: Face> World for Users<F> {
    /// Empty; with one that is kept; held; dead; set aside; with all of these, if there is room.
    fn new(setup: usize) -> &'static Self {
        let ledger = Ledger::of_this_thread();
        let users = Box::leak(Box::new(Self {
            tracker: Mutex::new(Some(Arc::new(F::made()))),
            ledger,
            known: Mutex::default(),
            handles: Mutex::default(),
            held: AtomicUsize::new(0),
        }));
        for _ in 0..Self::many().0 {
            let handle = users.try_hold(users.resource()).expect("there is room");
            users.handles().push(handle);
        }
        let has = |what| setup == what || setup == 5;
        if has(1) {
            users.insert(true);
        }
        if has(4) {
            let mut resists = users.resource();
            resists.last = Some(Box::new(|| panic_on_purpose()));
            users.let_die(resists);
            assert_eq!(users.drain(1).is_none(), F::SLOTS > 1 || setup == 4);
        }
        if has(2) {
            users.keep_handle();
        }
        if has(3) {
            users.let_die(users.resource());
        }
        users
    }

    fn at_any_time(&self) {
        self.ledger.check();
        let counts = F::counts(&self.tracker());
        assert!(counts.live <= F::SLOTS, "more are alive than there are slots");
        assert!(counts.quarantined as usize <= F::SLOTS);
        // It is counted before it is marked, and before the slot of another one is given back.
        assert!(counts.awaiting as usize <= F::SLOTS);
    }

    fn while_standing(&'static self, _: usize) {
        self.clean_up();
        let mut mine = Vec::new();
        while let Some(handle) = self.try_hold(self.resource()) {
            mine.push(handle);
        }
        let others = self.handles().len() + usize::from(self.known().is_there);
        let held = self.held.load(Ordering::Relaxed);
        assert!(mine.len() + others + held >= F::SLOTS, "a thread that stands costs more than it holds");
        drop(mine);
        self.clean_up();
        self.at_any_time();
    }

    fn at_rest(&'static self) {
        self.at_any_time();
        F::check(&self.tracker());
        self.remove();
        let handles = core::mem::take(&mut *self.handles());
        drop(handles);
        F::check(&self.tracker());
        self.clean_up();
        F::check(&self.tracker());
        assert_eq!(self.ledger.alive(), 0, "a resource is lost");
        assert_eq!(self.held.load(Ordering::Relaxed), 0);
        let counts = F::counts(&self.tracker());
        assert_eq!((counts.live, counts.awaiting, counts.quarantined), (0, 0, 0));
        self.while_standing(0);
        let after = F::counts(&self.tracker());
        assert_eq!(after.untracked, counts.untracked + F::SLOTS as u64, "a slot is lost");
        let tracker = self.tracker.lock().expect("nothing panics with it open").take();
        drop(Arc::into_inner(tracker.expect("it is taken away once")).expect("nobody has it any more"));
        self.ledger.close();
    }
}

/// The operations, those first that make the protocol.
fn operations<F: Face>() -> Vec<Operation<Users<F>>> {
    let (groups, of_group) = F::GROUPS;
    // Where to begin; each group four times, of which each slot can be lost to another; where it was found.
    let claim = 1 + 4 * groups * (1 + of_group) + 1;
    // The version, the word; and a group with where to begin, or the mark and the count of a spent one.
    let free = 3 + 2;
    let insert = claim + 2;
    // The version, before and under the pin, and the exchange, twice if somebody else keeps it; the subtraction and the exchange, the count
    // and the mark of the dead, where to look for it, and the waker.
    let (pin, unpin) = (4, 6);
    // A look at the word, an exchange, and what is in the end: taken out, or dead.
    let take = pin + 2 + F::WATCHED + free + unpin;
    // How many wait, where to begin; every group, and a claim of each slot that is given up again; the claim, and the end.
    let drain = 2 + 2 * groups + F::SLOTS * (2 + F::WATCHED) + 5 + 3 + free;
    let drains = (F::SLOTS + 1) * (drain + insert + unpin);
    // Its beginning with when, what goes on; every group for each age, twice; a visit with an age and a help; its end, and a count.
    let sweep = 50 + 6 * groups + F::SLOTS * (pin + 9 + unpin) + groups;
    let stats = 20 + 4 * groups + F::SLOTS;
    macro_rules! operation {
        ($name:literal, $most:expr, $run:expr) => {
            Operation { name: $name, run: $run, most: $most, more: 2 * drains + sweep }
        };
    }
    vec![
        operation!("track and drop", insert + unpin, |users| {
            let _part = users.part(1);
            users.let_die(users.resource());
        }),
        operation!("insert what is of no more use", insert + take, |users| {
            let _part = users.part(1);
            users.insert(true);
        }),
        operation!("remove", take, |users| {
            let _part = users.part(1);
            users.remove();
        }),
        operation!("read", F::ANNOUNCE + pin + unpin, |users| {
            let _part = users.part(1);
            users.with_name(|tracker, id, number| {
                F::look(tracker, id, |resource| users.read(resource, Some(number)));
            });
        }),
        operation!("drain", drains, |users| {
            let _part = users.part(2);
            users.drain(9);
        }),
        operation!("sweep all", sweep, |users| {
            let _part = users.part(1);
            F::visit(&users.tracker(), Age::Old);
        }),
        operation!("end a handle", unpin, |users| {
            let _part = users.part(1);
            users.end_handle(drop);
        }),
        operation!("get", pin + unpin, |users| {
            let _part = users.part(1);
            users.with_name(|tracker, id, number| {
                F::show(tracker, id, |resource| users.read(resource, Some(number)));
            });
        }),
        operation!("upgrade", pin + 1 + unpin, |users| {
            let _part = users.part(1);
            users.with_name(|tracker, id, number| {
                let Some(handle) = F::upgraded(tracker, id) else { return };
                users.read(&handle, Some(number));
            });
        }),
        operation!("keep a handle", insert + unpin, |users| {
            let _part = users.part(1);
            users.keep_handle();
        }),
        operation!("clone and drop", 3 + 2 * unpin, |users| {
            let _part = users.part(1);
            users.end_handle(|handle| {
                let another = handle.clone();
                drop(handle);
                users.read(&another, None);
            });
        }),
        operation!("untrack", take, |users| {
            let _part = users.part(1);
            users.end_handle(|handle| users.removed(F::untrack(handle)));
        }),
        operation!("insert", insert + take, |users| {
            let _part = users.part(1);
            users.insert(false);
        }),
        operation!("read, and remove and drain meanwhile", F::ANNOUNCE + take + drains + unpin, |users| {
            let _part = users.part(3);
            users.with_name(|tracker, id, number| {
                F::look(tracker, id, |resource| {
                    users.remove();
                    users.drain(9);
                    users.read(resource, Some(number));
                });
            });
        }),
        operation!("sweep the young", sweep, |users| {
            let _part = users.part(1);
            F::visit(&users.tracker(), Age::Young);
        }),
        operation!("sweep the middle", sweep, |users| {
            let _part = users.part(1);
            F::visit(&users.tracker(), Age::Middle);
        }),
        operation!("finalize what panics then", insert + unpin + drains, |users| {
            let _part = users.part(2);
            let mut resource = users.resource();
            resource.last = Some(Box::new(|| panic_on_purpose()));
            users.let_die(resource);
            users.drain(9);
        }),
        operation!(
            "finalize what tracks and removes then",
            insert + unpin + drains + insert + take,
            |users| {
                let _part = users.part(2);
                let mut resource = users.resource();
                resource.last = Some(Box::new(|| {
                    users.let_die(users.resource());
                    users.remove();
                }));
                users.let_die(resource);
                users.drain(9);
            }
        ),
        operation!("take what was set aside", 2 + groups + F::SLOTS + 3 + free, |users| {
            let _part = users.part(1);
            if let Some(resource) = F::take_aside(&users.tracker()) {
                resource.recover();
            }
        }),
        operation!("report and count", groups + F::SLOTS * (pin + 2 + unpin) + stats, |users| {
            let _part = users.part(1);
            assert!(F::reported(&users.tracker()) <= F::SLOTS);
            assert!(F::counts(&users.tracker()).live <= F::SLOTS);
        }),
    ]
}

/// The ways for a tracker to begin; the last one needs room for all.
const SETUPS: usize = 6;

#[test]
fn one_slot() {
    let all = operations::<Fixed<1>>();
    one_interrupt("Tracker of 1", SETUPS - 1, &all);
    everything("Tracker of 1", SETUPS - 1, &all[..6]);
}

#[test]
fn two_slots() {
    let all = operations::<Fixed<2>>();
    one_interrupt("Tracker of 2", SETUPS - 1, &all);
    nested_interrupts("Tracker of 2", 3, &all[..8]);
    one_stall("Tracker of 2", 2, &all[..14]);
    two_stalls("Tracker of 2", 3, &all[..6]);
}

#[test]
fn three_slots() {
    let all = operations::<Fixed<3>>();
    one_interrupt("Tracker of 3", SETUPS - 1, &all);
    one_stall("Tracker of 3", 3, &all[..10]);
}

#[test]
fn two_slots_on_the_heap() {
    let all = operations::<OnHeap<2>>();
    one_interrupt("HeapTracker of 2", SETUPS - 1, &all);
    nested_interrupts("HeapTracker of 2", 2, &all[..7]);
    one_stall("HeapTracker of 2", 2, &all[..12]);
    two_stalls("HeapTracker of 2", 2, &all[..5]);
}

/// The last slot is alone in a second group, and most of the others are taken.
#[test]
fn nine_slots_on_the_heap() {
    let all = operations::<OnHeap<9>>();
    one_interrupt("HeapTracker of 9", SETUPS - 1, &all);
    one_stall("HeapTracker of 9", 1, &all[..6]);
}

/// How often a task was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Who begins to wait finds what has died, or is woken: whatever of the two is stopped where, for the other.
#[test]
fn a_death_is_not_missed_by_who_begins_to_wait() {
    type Waited = Made<Inline<1>>;
    fn poll(tracker: &Waited, woken: &Arc<Woken>) -> bool {
        let waker = Waker::from(Arc::clone(woken));
        // It goes on waiting, for ever.
        let mut drain = ManuallyDrop::new(Box::pin(tracker.drain_async(1)));
        let drained = drain.as_mut().poll(&mut Context::from_waker(&waker));
        point();
        matches!(drained, Poll::Ready(1))
    }
    let mut positions = 0;
    for is_waiting_stopped in [true, false] {
        for at in 0.. {
            let ledger = Ledger::of_this_thread();
            let tracker = Waited::with(Tracking::of(Ends));
            let woken = Arc::new(Woken::default());
            let handle = tracker.track(Resource::new(ledger)).ok().expect("there is room");
            let (drained, reached) = if is_waiting_stopped {
                let (drained, died) = stall(at, || poll(&tracker, &woken), || drop(handle));
                (drained, died.is_some())
            } else {
                let ((), drained) = stall(at, || drop(handle), || poll(&tracker, &woken));
                (drained == Some(true), drained.is_some())
            };
            if !reached {
                drop(tracker);
                ledger.close();
                break;
            }
            positions += 1;
            let wakes = woken.0.load(Ordering::Relaxed);
            assert!(drained || wakes > 0, "a death is missed: {is_waiting_stopped}, {at}");
            tracker.drain(1);
            tracker.validate();
            drop(tracker);
            ledger.close();
        }
    }
    assert!(positions >= 8, "only {positions} positions");
}

/// One who has taken the last pin of a removed resource away, and stands before he can say that it is dead: a sweep says it for him.
/// Before that he holds it; and when he has said it, it is his to mark.
#[test]
fn a_sweep_helps_who_stands_before_a_death() {
    let mut drained = Vec::new();
    for at in 0.. {
        let ledger = Ledger::of_this_thread();
        let tracker: Made<Inline<1>> = Tracker::with(Tracking::of(Ends));
        let id = tracker.insert(Resource::new(ledger)).ok().expect("there is room");
        let handle = tracker.get(id).expect("it is alive");
        assert!(matches!(tracker.remove(id), Removed::InUse));
        let meanwhile = || {
            tracker.sweep_of(Age::Old, Instant::START, 9);
            tracker.drain(9)
        };
        let ((), seen) = stall(at, || drop(handle), meanwhile);
        assert_eq!(seen.unwrap_or(0) + tracker.drain(9), 1, "it dies once");
        tracker.validate();
        drop(tracker);
        ledger.close();
        let Some(seen) = seen else { break };
        drained.push(seen);
    }
    // Before the subtraction; before the exchange; before the count, and the mark; before he says where it is, and wakes.
    assert_eq!(drained, [0, 1, 0, 0, 1, 1]);
}

/// Who asks for what is gone stands anywhere: what is in the slot now can be taken out all the while.
#[test]
fn who_asks_for_what_is_gone_does_not_hold_what_is_there() {
    fn ask<M: Slots>(make: impl Fn() -> Tracker<u32, M>, ask: impl Fn(&Tracker<u32, M>, Id) + Sync)
    where
        Tracker<u32, M>: Sync,
    {
        for at in 0.. {
            let tracker = make();
            let gone = tracker.insert(1).expect("there is room");
            assert_eq!(tracker.remove(gone), Removed::Value(1));
            let there = tracker.insert(2).expect("there is room");
            let ((), removed) = stall(at, || ask(&tracker, gone), || tracker.remove(there));
            tracker.validate();
            let Some(removed) = removed else { break };
            assert_eq!(removed, Removed::Value(2), "asked at {at}");
        }
    }
    ask(Tracker::<u32, Inline<1>>::new, |tracker, id| assert!(tracker.get(id).is_none()));
    ask(Tracker::<u32, Inline<1>>::new, |tracker, id| assert!(tracker.weak(id).upgrade().is_none()));
    ask(|| HeapTracker::with_capacity(1), |tracker, id| assert!(tracker.get(id).is_none()));
    ask(|| HeapTracker::with_capacity(1), |tracker, id| assert_eq!(tracker.read(id, |_| ()), None));
}

/// One who lets a resource die and one who finalizes another stand anywhere, and a third finalizes what there is: what waits was counted
/// before it could be found, so the count never goes below nothing.
#[test]
fn what_is_dead_is_counted_before_it_can_be_finalized() {
    'deaths: for at in 0.. {
        for inner in 0.. {
            let ledger = Ledger::of_this_thread();
            let tracker: Made<Inline<2>> = Tracker::with(Tracking::of(Ends));
            let resource = || Resource::new(ledger);
            drop(tracker.track(resource()).ok().expect("there is room"));
            let handle = tracker.track(resource()).ok().expect("there is room");
            let meanwhile = || {
                let drained = stall(inner, || tracker.drain(1), || tracker.drain(9));
                assert!(tracker.stats().awaiting <= 2, "more wait than there are: {at}, {inner}");
                drained
            };
            let ((), seen) = stall(at, || drop(handle), meanwhile);
            let drained = seen.map_or(0, |(second, third)| second + third.unwrap_or(0));
            assert_eq!(drained + tracker.drain(9), 2, "each is finalized once");
            tracker.validate();
            drop(tracker);
            ledger.close();
            match seen {
                Some((_, Some(_))) => {}
                Some((_, None)) => break,
                None => break 'deaths,
            }
        }
    }
}
