//! `Tracker`: which resources are alive, and who cleans up the rest.

#![cfg(not(any(larder_loom, larder_step)))]

mod common;
#[path = "common/tracker_model.rs"]
mod tracker_model;

extern crate alloc;

use alloc::sync::Arc;
use alloc::task::Wake;
use common::{Aligned, Large, Ledger, Sample, Token, at_every_capacity, holds, unwind_over};
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::num::NonZeroU32;
use core::panic::AssertUnwindSafe;
use core::pin::pin;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use larder::cache::{Expiring, Idling, Untimed};
use larder::maintain::Maintain;
use larder::time::{Clock, Instant, ManualClock};
use larder::tracker::{
    Age, DropOnly, EachItsOwn, Finalized, Finalizer, Handle, Id, Inline, Living, NoPlaces, Places, Removed,
    Slots, Thresholds, Tracked, Tracker, Tracking,
};
use proptest::collection::vec;
use std::panic::{catch_unwind, resume_unwind};
use tracker_model::{Book, Care, Resource, agrees, op};

/// A tracker of up to four things.
type Four<R> = Tracker<R, Inline<4>>;

#[test]
fn agrees_with_a_list_of_what_was_put_in() {
    macro_rules! run {
        ($capacity:literal) => {
            holds(8, &vec(op(), 0..120), |ops| {
                agrees(Tracker::<_, Inline<$capacity>, _>::with(Tracking::of(Care)), &ops);
            });
        };
    }
    at_every_capacity!(run);
}

#[cfg(feature = "alloc")]
#[test]
fn agrees_on_the_heap() {
    use common::CAPACITIES;
    use larder::tracker::HeapTracker;
    for &capacity in CAPACITIES {
        holds(8, &vec(op(), 0..120), |ops| {
            agrees(HeapTracker::with_capacity_and(capacity, Tracking::of(Care)), &ops);
        });
    }
}

/// Puts so many in.
fn fill<M: Slots, C: Tracked<u32>>(tracker: &Tracker<u32, M, C>, count: u32) {
    for number in 0..count {
        tracker.insert(number).expect("there is room");
    }
}

/// Puts values in, looks at them, and takes them out, in all ways there are.
fn keeps<T: Sample + Send + Sync>() {
    let mut tracker: Four<T> = Tracker::new();
    let ids = [0, 1].map(|number| tracker.insert(T::of(number)).unwrap());
    let handle = tracker.track(T::of(2)).unwrap();
    common::assert_in_place(&*handle);
    assert_eq!(*handle, T::of(2));
    assert_eq!(tracker.get(ids[0]).as_deref(), Some(&T::of(0)));
    assert_eq!(tracker.read(ids[1], T::clone), Some(T::of(1)));
    assert_eq!(tracker.remove(ids[0]), Removed::Value(T::of(0)));
    assert_eq!(Handle::untrack(handle), Removed::Value(T::of(2)));
    let last = tracker.insert_mut(T::of(3)).unwrap();
    assert_eq!(tracker.get_mut(last), Some(&mut T::of(3)));
    assert_eq!(tracker.iter_mut().count(), 2);
    assert_eq!(tracker.remove_mut(ids[1]), Some(T::of(1)));
    tracker.validate();
}

#[test]
fn keeps_values_of_all_sizes() {
    keeps::<u8>();
    keeps::<()>();
    keeps::<String>();
    keeps::<Large>();
    keeps::<Aligned>();
    keeps::<common::AlignedNothing>();
}

#[test]
fn ids_are_small_and_go_through_numbers_and_text() {
    assert_eq!((size_of::<Id>(), size_of::<Option<Id>>()), (8, 8));
    let tracker: Four<u8> = Tracker::new();
    let id = tracker.insert(1).unwrap();
    assert_eq!((id.index(), id.version()), (0, NonZeroU32::MIN));
    assert_eq!(id.to_string(), "0v1");
    assert_eq!(format!("{id:?}"), "0v1");
    assert_eq!("0v1".parse(), Ok(id));
    assert_eq!(Id::from_bits(id.to_bits()), Some(id));
    assert_eq!(Id::try_from(u64::from(id)), Ok(id));
    assert_eq!("4294967295v4294967295".parse().map(Id::to_bits), Ok(u64::MAX));
    for text in ["", "v", "1v", "v1", "1v0", "+1v1", "1v-1", "1 v1", "1v1v1", "4294967296v1", "1v4294967296"]
    {
        assert!(text.parse::<Id>().is_err(), "{text:?} is no id");
    }
    assert_eq!(Id::from_bits(7), None);
    let error = Id::try_from(7).unwrap_err();
    assert_eq!(error.to_string(), "not an id: it looks like 3v7, with a version from 1 to 4294967295");
}

#[test]
fn an_old_id_does_not_open_what_has_its_slot_now() {
    let mut tracker: Tracker<u32, Inline<1>> = Tracker::new();
    let old = tracker.insert(1).unwrap();
    assert_eq!(tracker.remove(old), Removed::Value(1));
    let new = tracker.insert(2).unwrap();
    assert_eq!((new.index(), new.version().get()), (old.index(), 2));
    assert!(tracker.get(old).is_none());
    assert!(tracker.weak(old).upgrade().is_none());
    assert_eq!(tracker.read(old, |_| ()), None);
    assert_eq!(tracker.remove(old), Removed::Absent);
    assert_eq!(tracker.get_mut(old), None);
    assert_eq!(tracker.remove_mut(old), None);
    // Nor does one of a slot that is not there, or has never had so many.
    for other in ["1v1", "0v3", "4294967295v2"] {
        assert!(tracker.get(other.parse().unwrap()).is_none());
    }
    assert_eq!(tracker.get(new).as_deref(), Some(&2));
}

#[test]
fn a_slot_without_versions_is_retired() {
    let mut tracker: Tracker<u32, Inline<2>> = Tracker::new();
    tracker.skip_versions(u32::MAX - 2);
    let mut ids = Vec::new();
    while let Ok(id) = tracker.insert(7) {
        assert!(!ids.contains(&id), "{id} was given twice");
        ids.push(id);
        assert_eq!(tracker.remove(id), Removed::Value(7));
        tracker.validate();
    }
    assert_eq!(ids.len(), 4);
    assert_eq!(tracker.stats().retired_slots, 2);
    assert_eq!((tracker.stats().live, tracker.sweep_of(Age::Old, Instant::START, 9).visited), (0, 0));
    assert_eq!((tracker.insert_mut(1).unwrap_err().capacity(), tracker.iter_mut().count()), (2, 0));
    // The other ways there by which a slot comes to its end.
    let mut tracker: Tracker<u32, Inline<2>> = Tracker::new();
    tracker.skip_versions(u32::MAX - 1);
    drop(tracker.track(1).unwrap());
    tracker.drain(1);
    let last = tracker.insert_mut(2).unwrap();
    assert_eq!(tracker.remove_mut(last), Some(2));
    tracker.validate();
    assert_eq!(tracker.stats().retired_slots, 2);
}

#[test]
fn full_gives_the_resource_back() {
    let tracker: Tracker<String, Inline<1>> = Tracker::new();
    let held = tracker.track("one".into()).unwrap();
    let refused = tracker.track("two".into()).unwrap_err();
    assert_eq!(refused.to_string(), "exhausted: the only slot is in use");
    assert_eq!(refused.into_inner(), "two");
    drop(held);
    // What is dead keeps its slot.
    assert_eq!(tracker.insert("three".into()).unwrap_err().into_inner(), "three");
    assert_eq!(tracker.drain(9), 1);
    assert!(tracker.insert("four".into()).is_ok());
}

#[test]
fn what_is_held_is_removed_by_name_and_lives_on() {
    let tracker: Four<u32> = Tracker::new();
    let id = tracker.insert(1).unwrap();
    let (one, two) = (tracker.get(id).unwrap(), tracker.get(id).unwrap());
    assert_eq!(tracker.remove(id), Removed::InUse);
    assert_eq!(tracker.remove(id), Removed::Absent);
    assert!(tracker.get(id).is_none());
    assert_eq!((*one, tracker.stats().live, tracker.drain(9)), (1, 1, 0));
    let three = two.clone();
    drop((one, two));
    assert_eq!(Handle::untrack(three), Removed::Value(1));
    assert_eq!(tracker.stats().untracked, 1);
}

#[test]
fn a_look_keeps_what_is_removed_meanwhile() {
    fn looks<M: Slots>(tracker: &Tracker<Token, M>, ledger: &'static Ledger) {
        let id = tracker.insert(ledger.token()).unwrap();
        let seen = tracker.read(id, |_| {
            assert!(!matches!(tracker.remove(id), Removed::Value(_)));
            assert_eq!(tracker.drain(9), 0, "finalized while it is looked at");
            // A look within the look, at what is not there any more.
            assert_eq!(tracker.read(id, |_| ()), None);
            ledger.alive()
        });
        assert_eq!(seen, Some(1));
        assert_eq!((tracker.drain(9), ledger.alive()), (1, 0));
        // A look that ends by a panic is over.
        let id = tracker.insert(ledger.token()).unwrap();
        let panics = || tracker.read(id, |_| resume_unwind(Box::new(())));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(matches!(tracker.remove(id), Removed::Value(_)));
        tracker.validate();
    }
    looks(&Tracker::<_, Inline<2>>::new(), Ledger::new());
    #[cfg(feature = "alloc")]
    looks(&larder::tracker::HeapTracker::with_capacity(2), Ledger::new());
}

#[cfg(feature = "alloc")]
#[test]
fn looks_within_looks_are_not_limited_by_cells() {
    fn nest(tracker: &larder::tracker::HeapTracker<usize>, ids: &[Id]) -> usize {
        let Some((&id, rest)) = ids.split_first() else { return 0 };
        tracker.read(id, |number| number + nest(tracker, rest)).expect("it is there")
    }
    let tracker = larder::tracker::HeapTracker::with_capacity(100);
    let ids: Vec<_> = (0..100).map(|number| tracker.insert(number).unwrap()).collect();
    assert_eq!(nest(&tracker, &ids), (0..100).sum());
    assert!(ids.iter().all(|&id| matches!(tracker.remove(id), Removed::Value(_))));
}

#[test]
fn a_finalizer_that_panics_sets_its_resource_aside() {
    let ledger = Ledger::new();
    let calls = AtomicUsize::new(0);
    let finalizer = |(_, explodes): &mut (Token, bool)| {
        calls.fetch_add(1, Ordering::Relaxed);
        if *explodes {
            resume_unwind(Box::new(()));
        }
    };
    let tracker: Tracker<_, Inline<4>, _> = Tracker::with(Tracking::of(finalizer));
    drop(tracker.track((ledger.token(), false)).unwrap());
    // What died last is finalized first.
    drop(tracker.track((ledger.token(), true)).unwrap());
    assert!(catch_unwind(AssertUnwindSafe(|| tracker.drain(9))).is_err());
    assert_eq!((tracker.stats().quarantined, tracker.stats().awaiting), (1, 1));
    tracker.validate();
    // The rest is for the next one, and what is aside is left there.
    assert_eq!((tracker.drain(9), tracker.drain(9)), (1, 0));
    assert_eq!(tracker.sweep_of(Age::Old, Instant::START, 9).visited, 0);
    assert_eq!((calls.load(Ordering::Relaxed), ledger.alive()), (2, 1));
    let (token, explodes) = tracker.take_quarantined().unwrap();
    assert!(explodes && tracker.take_quarantined().is_none());
    drop(token);
    tracker.validate();
    // In a slot that was set aside there is room again; and what is aside when the tracker goes is dropped and not finalized.
    drop(tracker.track((ledger.token(), true)).unwrap());
    assert!(catch_unwind(AssertUnwindSafe(|| tracker.drain(9))).is_err());
    drop(tracker);
    assert_eq!((calls.load(Ordering::Relaxed), ledger.alive()), (3, 0));
}

#[test]
fn a_drop_that_panics_frees_its_slot() {
    struct Bomb(#[allow(dead_code, reason = "only its drop counts")] Token);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                resume_unwind(Box::new(()));
            }
        }
    }
    let ledger = Ledger::new();
    let tracker: Tracker<_, Inline<1>> = Tracker::new();
    drop(tracker.track(Bomb(ledger.token())).unwrap());
    assert!(catch_unwind(AssertUnwindSafe(|| tracker.drain(1))).is_err());
    tracker.validate();
    assert_eq!((ledger.alive(), tracker.stats().untracked), (0, 1));
    core::mem::forget(tracker.insert(Bomb(ledger.token())).map(|id| tracker.remove(id)).unwrap());
}

#[test]
fn the_drop_of_a_tracker_finalizes_all_also_after_a_panic() {
    let calls = AtomicUsize::new(0);
    let ledger = Ledger::new();
    let finalizer = |(_, number): &mut (Token, u32)| {
        calls.fetch_add(1, Ordering::Relaxed);
        if *number == 1 {
            resume_unwind(Box::new(()));
        }
    };
    let tracker: Tracker<_, Inline<4>, _> = Tracker::with(Tracking::of(finalizer));
    for number in 0..3 {
        tracker.insert((ledger.token(), number)).unwrap();
    }
    core::mem::forget(tracker.track((ledger.token(), 3)).unwrap());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(tracker))).is_err());
    assert_eq!((calls.load(Ordering::Relaxed), ledger.alive()), (4, 0));
}

#[test]
fn a_handle_can_go_during_a_panic() {
    let tracker: Four<u32> = Tracker::new();
    unwind_over(tracker.track(1).unwrap());
    tracker.validate();
    assert_eq!(tracker.drain(1), 1);
}

type Port = Finalized<u32, fn(&mut u32)>;

#[test]
fn finalizers_may_use_the_tracker() {
    static PORTS: Tracker<Port, Inline<2>, Tracking<EachItsOwn>> = Tracker::with(Tracking::of(EachItsOwn));
    static CLOSED: AtomicU32 = AtomicU32::new(0);
    fn close(port: &mut u32) {
        CLOSED.fetch_add(*port, Ordering::Relaxed);
        if *port == 1 {
            // One goes in, is taken out, and another one goes in and dies.
            let id = PORTS.insert(Finalized::new(10, close)).unwrap();
            assert!(PORTS.remove(id).was_there());
            drop(PORTS.track(Finalized::new(100, close)).unwrap());
            assert_eq!(PORTS.drain(9), 1);
            assert!(PORTS.track(Finalized::new(0, close)).is_ok());
        }
    }
    drop(PORTS.track(Finalized::new(1, close)).unwrap());
    assert_eq!(PORTS.drain(1), 1);
    assert_eq!((CLOSED.load(Ordering::Relaxed), PORTS.stats().awaiting), (101, 1));
    PORTS.validate();
}

#[test]
fn a_young_sweep_visits_the_young_and_an_old_one_all() {
    let tracker: Tracker<u32, Inline<64>> = Tracker::new();
    let visits = |kind| tracker.sweep_of(kind, Instant::START, usize::MAX).visited;
    let put_in = |count| fill(&tracker, count);
    put_in(20);
    assert_eq!((visits(Age::Young), visits(Age::Young)), (20, 0));
    put_in(3);
    assert_eq!((visits(Age::Young), visits(Age::Middle), visits(Age::Middle)), (3, 23, 0));
    put_in(2);
    assert_eq!((visits(Age::Middle), visits(Age::Old)), (2, 25));
    let stats = tracker.stats();
    assert_eq!((stats.young, stats.middle, stats.old), (0, 0, 25));
    assert_eq!((stats.sweeps, stats.visited), ([3, 3, 1], 73));
}

#[test]
fn sweeps_are_due_by_growth_and_by_the_number_of_smaller_ones() {
    let tracker: Tracker<u32, Inline<64>, Tracking> =
        Tracker::with(Tracking::new().thresholds(Thresholds::new(3, 2, 2)));
    let mut kinds = Vec::new();
    while kinds.len() < 10 {
        // Three more are not too many, four are.
        for number in 0..4 {
            assert_eq!(tracker.due(Instant::START), None);
            tracker.insert(number).unwrap();
        }
        let swept = tracker.sweep(Instant::START, usize::MAX);
        kinds.push(swept.kind.unwrap());
        assert_eq!(tracker.sweep(Instant::START, usize::MAX).kind, None);
    }
    let expected = "Young Young Middle Young Young Middle Young Young Old Young";
    assert_eq!(kinds.iter().map(|kind| format!("{kind:?}")).collect::<Vec<_>>().join(" "), expected);
}

/// Of no use from the number on that it is given.
struct UselessFrom(Cell<u32>);

impl Finalizer<u32> for &UselessFrom {
    fn finalize(&self, _: &mut u32) {}

    fn is_unused(&self, number: &u32) -> bool {
        *number >= self.0.get()
    }
}

#[test]
fn a_refusal_makes_a_sweep_of_everything_due_once() {
    let useless = UselessFrom(Cell::new(u32::MAX));
    let tracker: Tracker<u32, Inline<4>, _> = Tracker::with(Tracking::of(&useless));
    fill(&tracker, 4);
    assert_eq!(tracker.due(Instant::START), None);
    tracker.insert(4).unwrap_err();
    assert_eq!(tracker.due(Instant::START), Some(Age::Old));
    // It finds nothing, and so does not come again.
    while tracker.maintain(1).is_left {}
    assert_eq!((tracker.stats().sweeps, tracker.due(Instant::START)), ([0, 0, 1], None));
    assert!(tracker.track(4).is_err());
    useless.0.set(2);
    while tracker.maintain(1).is_left {}
    assert_eq!((tracker.stats().sweeps, tracker.stats().live), ([0, 0, 2], 2));
    tracker.insert(4).unwrap();

    // Where nothing is ever due by growth, it isn't by this.
    let never = Tracking::new().thresholds(Thresholds::new(0, 10, 10));
    let tracker: Tracker<u32, Inline<1>> = Tracker::with(never);
    tracker.insert(0).unwrap();
    tracker.insert(1).unwrap_err();
    assert_eq!(tracker.due(Instant::START), None);
}

#[test]
fn what_went_does_not_make_up_for_what_comes() {
    let tracker: Tracker<u32, Inline<64>, Tracking> =
        Tracker::with(Tracking::new().thresholds(Thresholds::new(3, 10, 10)));
    let ids: Vec<_> = (0..10).map(|number| tracker.insert(number).unwrap()).collect();
    assert_eq!(tracker.sweep(Instant::START, 99).kind, Some(Age::Young));
    assert!(ids.into_iter().all(|id| tracker.remove(id).was_there()));
    assert_eq!(tracker.sweep(Instant::START, 99).kind, None);
    fill(&tracker, 4);
    assert_eq!(tracker.due(Instant::START), Some(Age::Young));
    // Nothing is due by growth where the threshold is 0.
    let tracker: Tracker<u32, Inline<4>> =
        Tracker::with(Tracking::new().thresholds(Thresholds::new(0, 10, 10)));
    fill(&tracker, 4);
    assert_eq!(tracker.due(Instant::START), None);
}

#[test]
fn sweeps_are_due_by_time() {
    static CLOCK: ManualClock<1> = ManualClock::new();
    let thresholds = Thresholds::new(0, 0, 0)
        .every(Age::Young, Duration::from_secs(10))
        .every(Age::Old, Duration::from_secs(25));
    let time = Expiring::new(&CLOCK);
    let tracker: Tracker<u32, Inline<4>, _> =
        Tracker::with(Tracking::new().time(time).thresholds(thresholds));
    let kinds: Vec<_> = (0..60)
        .filter_map(|second| {
            CLOCK.set(Instant::from_ticks(second));
            let kind = tracker.sweep(CLOCK.now(), 9).kind?;
            Some((second, kind))
        })
        .collect();
    let (young, old) = (|second| (second, Age::Young), |second| (second, Age::Old));
    assert_eq!(kinds, [young(10), young(20), old(25), young(35), young(45), old(50)]);
    // A clock that goes back makes nothing due, nor does its end.
    assert_eq!((tracker.due(Instant::START), tracker.due(Instant::from_ticks(55))), (None, None));
    assert_eq!(tracker.due(Instant::MAX), Some(Age::Old));
    assert_eq!(Thresholds::DEFAULT.every(Age::Old, Duration::MAX).time_between(Age::Old), Duration::MAX);
}

#[test]
fn a_sweep_goes_on_where_it_stopped() {
    fn in_parts<M: Slots>(tracker: &Tracker<u32, M>, most: usize) {
        fill(tracker, 50);
        let (mut visited, mut calls) = (0, 0);
        loop {
            let swept = tracker.sweep_of(Age::Young, Instant::START, 7);
            assert!(swept.visited <= most, "{} visited at once", swept.visited);
            visited += swept.visited;
            calls += 1;
            if !swept.is_left {
                break;
            }
            // While it goes on no other one begins.
            assert_eq!(tracker.due(Instant::START), Some(Age::Young));
        }
        assert_eq!((visited, tracker.stats().middle, tracker.stats().sweeps), (50, 50, [1, 0, 0]));
        assert!(calls >= 50 / most);
    }
    in_parts(&Tracker::<_, Inline<64>>::new(), 7);
    // Eight slots are visited together there.
    #[cfg(feature = "alloc")]
    in_parts(&larder::tracker::HeapTracker::with_capacity(64), 7 + 8);
}

#[test]
fn what_is_over_is_not_found_and_is_swept() {
    static CLOCK: ManualClock<1> = ManualClock::new();
    let time = Expiring::new(&CLOCK).with_time_to_live(Duration::from_secs(10));
    let mut tracker: Tracker<u32, Inline<8>, _> = Tracker::with(Tracking::new().time(time));
    let id = tracker.insert(1).unwrap();
    let longer = tracker.insert_for(2, Duration::from_secs(20)).unwrap();
    let ever = tracker.insert_for(3, Duration::MAX).unwrap();
    let held = tracker.insert(4).unwrap();
    let handle = tracker.get(held).unwrap();
    CLOCK.set(Instant::from_ticks(9));
    assert!(tracker.get(id).is_some());
    CLOCK.set(Instant::from_ticks(10));
    assert!(tracker.get(id).is_none() && tracker.weak(id).upgrade().is_none());
    assert_eq!(tracker.read(id, |_| ()), None);
    // It is not swept while somebody holds it.
    assert_eq!((tracker.sweep_of(Age::Old, CLOCK.now(), 9).unused, tracker.drain(9)), (1, 1));
    assert_eq!(*handle, 4);
    drop(handle);
    assert_eq!(tracker.sweep_of(Age::Old, CLOCK.now(), 9).unused, 1);
    CLOCK.set(Instant::MAX);
    assert_eq!(tracker.get_mut(longer), None);
    assert_eq!(tracker.get_mut(ever), Some(&mut 3));
    // What is over can still be taken out.
    assert_eq!(tracker.remove(longer), Removed::Value(2));
    CLOCK.set(Instant::START);
}

#[test]
fn what_is_idle_is_swept() {
    static CLOCK: ManualClock<1> = ManualClock::new();
    let time = Idling::new(&CLOCK).with_time_to_idle(Duration::from_secs(10));
    let tracker: Tracker<u32, Inline<8>, _> = Tracker::with(Tracking::new().time(time));
    let ids = [1, 2, 3, 4].map(|number| tracker.insert(number).unwrap());
    let held = tracker.get(ids[0]).unwrap();
    CLOCK.set(Instant::from_ticks(8));
    assert_eq!(tracker.read(ids[1], |number| *number), Some(2));
    drop(tracker.get(ids[2]));
    CLOCK.set(Instant::from_ticks(12));
    // A sweep and a report are no uses.
    assert_eq!(tracker.report().count(), 4);
    assert_eq!(tracker.sweep_of(Age::Old, CLOCK.now(), 9).unused, 1);
    assert!(tracker.get(ids[3]).is_none());
    // The end of a handle is one.
    drop(held);
    CLOCK.set(Instant::from_ticks(18));
    assert_eq!(tracker.sweep_of(Age::Old, CLOCK.now(), 9).unused, 2);
    CLOCK.set(Instant::from_ticks(21));
    assert!(tracker.get(ids[0]).is_some());
}

#[test]
fn a_clock_that_panics_at_the_end_of_a_handle_keeps_nothing_alive() {
    struct Moody(AtomicU32);
    impl Clock for &Moody {
        const HZ: u64 = 1;

        fn now(&self) -> Instant {
            if self.0.swap(0, Ordering::Relaxed) == 1 {
                resume_unwind(Box::new(()));
            }
            Instant::START
        }
    }
    let clock = Moody(AtomicU32::new(0));
    let tracker: Tracker<u32, Inline<4>, _> = Tracker::with(Tracking::new().time(Idling::new(&clock)));
    let handle = tracker.track(1).unwrap();
    clock.0.store(1, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(handle))).is_err());
    assert_eq!(tracker.drain(9), 1);
    let held = tracker.track(2).unwrap();
    clock.0.store(1, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(tracker.get(Handle::id(&held))))).is_err());
    drop(held);
    tracker.validate();
    assert_eq!(tracker.drain(9), 1);
}

#[test]
fn a_leak_check_that_panics_leaves_nothing_unfinalized() {
    struct Strict(AtomicU32);
    impl Finalizer<u32> for &Strict {
        fn finalize(&self, number: &mut u32) {
            self.0.fetch_add(*number, Ordering::Relaxed);
        }

        fn still_alive(&self, living: &Living) {
            panic!("leaked {living}");
        }
    }
    let strict = Strict(AtomicU32::new(0));
    let tracker: Tracker<u32, Inline<4>, _> = Tracker::with(Tracking::of(&strict));
    for number in [1, 10, 100] {
        tracker.insert(number).unwrap();
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(tracker))).is_err());
    assert_eq!(strict.0.load(Ordering::Relaxed), 111);
}

#[test]
fn sweeps_do_not_keep_drains_from_their_turn() {
    static CLOCK: ManualClock<1> = ManualClock::new();
    let thresholds = Thresholds::new(0, 0, 0).every(Age::Old, Duration::from_secs(1));
    let setup = Tracking::new().time(Expiring::new(&CLOCK)).thresholds(thresholds);
    let tracker: Tracker<u32, Inline<128>, _> = Tracker::with(setup);
    fill(&tracker, 64);
    for number in 0..1_000 {
        CLOCK.advance(Duration::from_secs(1));
        drop(tracker.track(number).expect("what dies is drained"));
        tracker.maintain(4);
    }
}

#[test]
fn what_is_being_finalized_is_not_alive() {
    type Calls = Tracking<fn(&mut u32)>;
    static TRACKER: Tracker<u32, Inline<4>, Calls> =
        Tracker::with(Tracking::of(|_| assert_eq!((TRACKER.stats().live, TRACKER.report().count()), (0, 0))));
    drop(TRACKER.track(1).unwrap());
    assert_eq!(TRACKER.drain(1), 1);
    TRACKER.validate();
}

#[test]
fn who_asks_for_what_is_gone_does_not_keep_what_is_there() {
    let tracker: Tracker<u32, Inline<1>> = Tracker::new();
    let gone = tracker.insert(0).unwrap();
    assert!(tracker.remove(gone).was_there());
    let stop = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while stop.load(Ordering::Relaxed) == 0 {
                assert!(tracker.get(gone).is_none() && tracker.read(gone, |_| ()).is_none());
            }
        });
        for number in 0..20_000 {
            let id = tracker.insert(number).unwrap();
            assert_eq!(tracker.remove(id), Removed::Value(number));
        }
        stop.store(1, Ordering::Relaxed);
    });
}

#[test]
fn a_policy_that_panics_stops_its_call_and_no_more() {
    struct Shy(AtomicU32);
    impl Finalizer<u32> for &Shy {
        fn finalize(&self, _: &mut u32) {}

        fn is_unused(&self, number: &u32) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            if *number == 1 {
                resume_unwind(Box::new(()));
            }
            true
        }
    }
    let shy = Shy(AtomicU32::new(0));
    let tracker: Tracker<u32, Inline<4>, _> = Tracker::with(Tracking::of(&shy));
    fill(&tracker, 3);
    let sweep = || tracker.sweep_of(Age::Young, Instant::START, 9);
    assert!(catch_unwind(AssertUnwindSafe(sweep)).is_err());
    tracker.validate();
    assert_eq!((sweep().unused, tracker.stats().awaiting, tracker.stats().live), (1, 2, 1));
    assert_eq!(shy.0.load(Ordering::Relaxed), 3);
}

#[cfg(feature = "alloc")]
#[test]
fn what_is_owned_elsewhere_is_swept_when_its_owner_is_gone() {
    use larder::tracker::{HeapTracker, OwnedElsewhere};
    let calls = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&calls);
    let finalizer = move |_: &mut alloc::sync::Weak<str>| {
        counts.fetch_add(1, Ordering::Relaxed);
    };
    let tracker = HeapTracker::with_capacity_and(4, Tracking::of(OwnedElsewhere::with(finalizer)));
    let owners: [Arc<str>; 2] = ["one".into(), "two".into()];
    let ids = [0, 1].map(|which: usize| tracker.track_weak(Arc::downgrade(&owners[which])).unwrap());
    let [one, two] = owners;
    drop(one);
    assert_eq!(tracker.sweep_of(Age::Young, Instant::START, 9).unused, 1);
    assert_eq!((tracker.drain(9), calls.load(Ordering::Relaxed)), (1, 1));
    assert!(tracker.get(ids[0]).is_none());
    assert_eq!(tracker.get(ids[1]).unwrap().upgrade().as_deref(), Some(&*two));
}

#[test]
fn a_report_says_what_is_alive_and_from_where() {
    static CLOCK: ManualClock<1> = ManualClock::starting_at(Instant::from_ticks(5));
    let setup = Tracking::new().time(Expiring::new(&CLOCK)).places();
    let tracker: Tracker<u32, Inline<4>, _> = Tracker::with(setup);
    let line = line!() + 1;
    let handle = tracker.track_as("socket", 1).unwrap();
    let kept = tracker.insert(2).unwrap();
    tracker.sweep_of(Age::Young, CLOCK.now(), 9);
    let other = handle.clone();
    let report: Vec<Living> = tracker.report().collect();
    assert_eq!(report.len(), 2);
    let (place, file) = (report[0].place.unwrap(), file!());
    assert_eq!((place.label, place.since.ticks(), place.location.line()), ("socket", 5, line));
    let column = place.location.column();
    assert_eq!(
        report[0].to_string(),
        format!("0v1 middle, 2 handles, \"socket\", since tick 5 at {file}:{line}:{column}")
    );
    assert_eq!((report[1].id, report[1].handles, report[1].is_kept), (kept, 0, true));
    assert_eq!(report[1].place.unwrap().location.line(), line + 1);
    // What is not found any more, but held, is in the report; what is dead is not.
    assert_eq!(tracker.remove(Handle::id(&handle)), Removed::InUse);
    assert_eq!(tracker.report().count(), 2);
    drop((handle, other));
    assert_eq!(tracker.report().map(|living| living.id).collect::<Vec<_>>(), [kept]);
    // Without places there are none, and they take no memory.
    let plain: Tracker<u32, Inline<4>> = Tracker::with(Tracking { places: NoPlaces, ..Tracking::new() });
    plain.insert_as("socket", 1).unwrap();
    assert_eq!(plain.report().next().unwrap().to_string(), "0v1 young, kept");
    assert!(
        size_of_val(&plain) + 4 * 24
            <= size_of::<Tracker<u32, Inline<4>, Tracking<DropOnly, Untimed, Places>>>()
    );
}

#[cfg(feature = "alloc")]
#[test]
fn a_report_leaves_alone_what_died_under_its_eyes() {
    let tracker = larder::tracker::HeapTracker::with_capacity(2);
    let (first, second) = (tracker.track(1).unwrap(), tracker.track(2).unwrap());
    let mut report = tracker.report();
    assert_eq!(report.next().map(|living| living.handles), Some(1));
    // It has seen that the second slot is taken.
    drop(second);
    assert_eq!(report.count(), 0);
    tracker.validate();
    assert_eq!(tracker.drain(2), 1);
    drop(first);
    assert_eq!(tracker.drain(2), 1);
    tracker.validate();
}

/// Eight million handles are the most. One that is refused costs none of those that there are.
#[test]
fn a_handle_that_is_refused_ends_no_other() {
    let tracker: Tracker<u32, Inline<1>> = Tracker::new();
    let handle = tracker.track(1).unwrap();
    while let Some(another) = Handle::try_clone(&handle) {
        core::mem::forget(another);
    }
    let handles = || tracker.report().map(|living| living.handles).next();
    // There is no room for the report's own, either.
    assert_eq!(handles(), None);
    assert!(Handle::try_clone(&handle).is_none());
    assert!(tracker.get(Handle::id(&handle)).is_none());
    assert!(Handle::try_clone(&handle).is_none(), "the refusal has ended one");
    drop(handle);
    assert_eq!(handles(), Some((1 << 23) - 1));
}

/// Writes down what was alive when its tracker went.
struct Leaks(RefCell<Vec<(Id, u32)>>);

impl Finalizer<u32> for &Leaks {
    fn finalize(&self, _: &mut u32) {}

    fn still_alive(&self, living: &Living) {
        self.0.borrow_mut().push((living.id, living.handles));
    }
}

#[test]
fn the_drop_of_a_tracker_says_what_is_still_alive() {
    let leaks = Leaks(RefCell::default());
    let tracker: Tracker<u32, Inline<8>, _> = Tracker::with(Tracking::of(&leaks));
    let kept = tracker.insert(1).unwrap();
    let leaked = tracker.track(2).unwrap();
    let id = Handle::id(&leaked);
    core::mem::forget(leaked);
    drop(tracker.track(3).unwrap());
    let removed = tracker.insert(4).unwrap();
    assert!(tracker.remove(removed).was_there());
    drop(tracker);
    assert_eq!(*leaks.0.borrow(), [(kept, 0), (id, 1)]);
}

/// Counts how often it was called.
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_task_waits_for_what_dies() {
    let tracker: Four<u32> = Tracker::new();
    let calls = Arc::new(Calls(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&calls));
    let mut context = Context::from_waker(&waker);
    let handle = tracker.track(1).unwrap();
    let id = tracker.insert(2).unwrap();
    let mut drain = pin!(tracker.drain_async(9));
    assert_eq!(drain.as_mut().poll(&mut context), Poll::Pending);
    drop(handle.clone());
    assert_eq!(calls.0.load(Ordering::Relaxed), 0, "woken for nothing");
    drop(handle);
    assert_eq!(calls.0.load(Ordering::Relaxed), 1);
    assert_eq!(drain.as_mut().poll(&mut context), Poll::Ready(1));
    // Removed while it is held, swept, and what is there already.
    let ways: [fn(&Four<u32>, Id); 2] = [
        |tracker, id| {
            let held = tracker.get(id);
            assert_eq!(tracker.remove(id), Removed::InUse);
            drop(held);
        },
        |tracker, id| {
            tracker.read(id, |_| tracker.remove(id).was_there());
        },
    ];
    for lets_die in ways {
        let mut drain = pin!(tracker.drain_async(9));
        let before = calls.0.load(Ordering::Relaxed);
        assert_eq!(drain.as_mut().poll(&mut context), Poll::Pending);
        let id = tracker.insert(3).unwrap();
        lets_die(&tracker, id);
        let died = tracker.stats().awaiting > 0;
        assert_eq!(calls.0.load(Ordering::Relaxed) > before, died);
        assert_eq!(drain.as_mut().poll(&mut context).is_ready(), died);
    }
    assert_eq!(tracker.remove(id), Removed::Value(2));
    drop(tracker.track(4).unwrap());
    assert_eq!(pin!(tracker.drain_async(9)).poll(&mut context), Poll::Ready(1));
}

#[test]
fn a_task_that_does_not_wait_any_more_leaves_nothing_behind() {
    let tracker: Four<u32> = Tracker::new();
    let calls = Arc::new(Calls(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&calls));
    {
        let mut drain = pin!(tracker.drain_async(1));
        assert_eq!(drain.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending);
        assert_eq!(Arc::strong_count(&calls), 4);
    }
    assert_eq!((Arc::strong_count(&calls), calls.0.load(Ordering::Relaxed)), (2, 0));
    tracker.validate();
    // But another's waker is woken, and comes back.
    let other = Arc::new(Calls(AtomicUsize::new(0)));
    let mut waits = pin!(tracker.drain_async(1));
    {
        let mut drain = pin!(tracker.drain_async(1));
        assert_eq!(drain.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending);
        let waker = Waker::from(Arc::clone(&other));
        assert_eq!(waits.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending);
    }
    assert_eq!(other.0.load(Ordering::Relaxed), 1);
    // There is nothing to wait for without a budget.
    drop(tracker.track(1).unwrap());
    assert_eq!(pin!(tracker.drain_async(0)).poll(&mut Context::from_waker(&waker)), Poll::Ready(0));
}

#[cfg(feature = "alloc")]
#[test]
fn a_look_that_does_not_end_makes_nobody_busy() {
    let tracker = larder::tracker::HeapTracker::with_capacity(2);
    let calls = Arc::new(Calls(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&calls));
    let mut context = Context::from_waker(&waker);
    let id = tracker.insert(1).unwrap();
    let mut drain = pin!(tracker.drain_async(9));
    tracker.read(id, |_| {
        assert_eq!(tracker.remove(id), Removed::InUse);
        for _ in 0..100 {
            assert_eq!(drain.as_mut().poll(&mut context), Poll::Pending);
            assert!(!tracker.maintain(9).is_left);
        }
        assert_eq!(calls.0.load(Ordering::Relaxed), 1);
    });
    assert_eq!(calls.0.load(Ordering::Relaxed), 2, "the end of the look wakes");
    assert_eq!(drain.poll(&mut context), Poll::Ready(1));
}

#[test]
fn maintenance_sweeps_and_drains() {
    static CLOCK: ManualClock<1> = ManualClock::new();
    let time = Expiring::new(&CLOCK).with_time_to_live(Duration::from_secs(10));
    let setup = Tracking::new().time(time).thresholds(Thresholds::new(2, 10, 10));
    let tracker: Tracker<u32, Inline<8>, _> = Tracker::with(setup);
    fill(&tracker, 6);
    CLOCK.set(Instant::from_ticks(10));
    let (mut calls, mut done) = (0, 0);
    loop {
        let maintained = Maintain::maintain(&&tracker, 4);
        assert!(maintained.done <= 4);
        (calls, done) = (calls + 1, done + maintained.done);
        if !maintained.is_left {
            break;
        }
    }
    assert_eq!((calls, done, tracker.stats().untracked), (3, 12, 6));
}

#[cfg(feature = "alloc")]
#[test]
fn shares_of_a_tracker_keep_it() {
    use larder::tracker::HeapTracker;
    let leaks = Arc::new(std::sync::Mutex::new(0));
    let counts = Arc::clone(&leaks);
    let finalizer = move |_: &mut u32| *counts.lock().unwrap() += 1;
    let tracker = Arc::new(HeapTracker::with_capacity_and(2, Tracking::of(finalizer)));
    let handle = tracker.track_owned(1).unwrap();
    let weak = Handle::downgrade(&handle);
    assert_eq!(tracker.get_owned(weak.id()).as_deref(), Some(&1));
    drop(tracker);
    assert_eq!(*weak.upgrade().unwrap(), 1);
    drop(handle);
    assert!(weak.upgrade().is_none());
    assert_eq!(*leaks.lock().unwrap(), 0);
    drop(weak);
    assert_eq!(*leaks.lock().unwrap(), 1);
}

#[cfg(feature = "alloc")]
#[test]
fn impossible_capacities_are_refused() {
    use larder::CapacityError;
    use larder::tracker::HeapTracker;
    let refused = |capacity| HeapTracker::<u64>::try_with_capacity(capacity, Tracking::new()).unwrap_err();
    assert!(matches!(refused(usize::MAX), CapacityError::TooLarge { asked: usize::MAX, .. }));
    assert!(matches!(refused((1 << 30) + 1), CapacityError::TooLarge { most: 0x4000_0000, .. }));
}

#[test]
fn each_is_finalized_once_under_two_threads() {
    contend(&Tracker::<_, Inline<60>, _>::with(Tracking::of(Care)));
}

#[cfg(feature = "alloc")]
#[test]
fn each_is_finalized_once_under_two_threads_on_the_heap() {
    contend(&larder::tracker::HeapTracker::with_capacity_and(60, Tracking::of(Care)));
}

/// Ten million operations by two threads on a tracker that is nearly full, with sweeps and drains, some finalizers panicking.
fn contend<M: Slots>(tracker: &Tracker<Resource, M, Tracking<Care>>)
where
    Tracker<Resource, M, Tracking<Care>>: Sync,
{
    /// Of each of the two. (Without optimization it would take half a minute.)
    const OPERATIONS: usize = if cfg!(debug_assertions) { 500_000 } else { 5_000_000 };
    let book = Book::new(2 * OPERATIONS);
    let [one, two] = std::thread::scope(|scope| {
        let threads = [0, OPERATIONS].map(|first| {
            let worker = Worker::new(tracker, book, first);
            scope.spawn(|| worker.work(OPERATIONS))
        });
        threads.map(|thread| thread.join().unwrap())
    });
    while tracker.stats().awaiting > 0 {
        let _ = catch_unwind(AssertUnwindSafe(|| tracker.drain(usize::MAX)));
    }
    while tracker.take_quarantined().is_some() {}
    tracker.validate();
    let stats = tracker.stats();
    assert_eq!((stats.quarantined, stats.live as u64 + stats.untracked), (0, stats.tracked));
    assert_eq!(stats.tracked, one.put_in + two.put_in);
    let left: Vec<_> = tracker.report().map(|living| living.id).collect();
    assert!(left.into_iter().all(|id| matches!(tracker.remove(id), Removed::Value(_))));
    let ends = |count: fn(&Book, usize) -> u32| {
        let counts = (0..2 * OPERATIONS).map(|number| count(book, number));
        counts.inspect(|&count| assert!(count <= 1, "one ended twice")).map(u64::from).sum::<u64>()
    };
    assert_eq!(ends(Book::dropped), stats.tracked);
    let not_finalized = one.handed_back + two.handed_back + stats.live as u64;
    assert_eq!(ends(Book::finalized), stats.tracked - not_finalized);
}

/// One of those who work at random on a tracker.
struct Worker<'a, M: Slots> {
    tracker: &'a Tracker<Resource, M, Tracking<Care>>,
    book: &'static Book,
    random: u64,
    /// The number of the next resource.
    number: usize,
    handles: Vec<Handle<&'a Tracker<Resource, M, Tracking<Care>>>>,
    ids: Vec<Id>,
    done: Done,
}

/// What a worker has done.
#[derive(Default)]
struct Done {
    put_in: u64,
    /// Of those that were not finalized.
    handed_back: u64,
}

impl<'a, M: Slots> Worker<'a, M> {
    fn new(tracker: &'a Tracker<Resource, M, Tracking<Care>>, book: &'static Book, first: usize) -> Self {
        let random = 0x9E37_79B9_7F4A_7C15 + first as u64;
        Self {
            tracker,
            book,
            random,
            number: first,
            handles: Vec::new(),
            ids: Vec::new(),
            done: Done::default(),
        }
    }

    /// A number below that, at random.
    fn below(&mut self, end: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random >> 33).unwrap() % end
    }

    fn work(mut self, operations: usize) -> Done {
        for _ in 0..operations {
            self.step();
            self.handles.truncate(12);
        }
        self.done
    }

    fn step(&mut self) {
        match self.below(16) {
            0..6 => self.put_in(),
            6 => {
                let id = self.any_id();
                self.handles.extend(self.tracker.get(id));
            }
            7 => {
                let number = self.tracker.read(self.any_id(), |resource| resource.number);
                assert!(number.is_none_or(|number| number < usize::MAX));
            }
            8..10 if !self.ids.is_empty() => {
                let at = self.below(self.ids.len());
                let removed = self.tracker.remove(self.ids.swap_remove(at));
                self.done.handed_back += u64::from(matches!(removed, Removed::Value(_)));
            }
            10..14 if !self.handles.is_empty() => self.let_go(),
            14 if self.below(8) == 0 => {
                let kind = [Age::Young, Age::Old][self.below(2)];
                self.tracker.sweep_of(kind, Instant::START, 8);
            }
            15 => {
                let _ = catch_unwind(AssertUnwindSafe(|| self.tracker.drain(4)));
                drop(self.tracker.take_quarantined());
            }
            _ => {}
        }
    }

    /// One that was given, perhaps by the other.
    fn any_id(&mut self) -> Id {
        let version = 1 + self.done.put_in / 20;
        let own = self.below(2) == 0 && !self.ids.is_empty();
        let (slot, at) = (self.below(60) as u64, self.below(self.ids.len().max(1)));
        if own { self.ids[at] } else { Id::from_bits(version << 32 | slot).unwrap() }
    }

    fn put_in(&mut self) {
        let (explodes, is_useless) = (self.below(1000) == 0, self.below(3) == 0);
        let resource = Resource { number: self.number, book: self.book, explodes, is_useless };
        let refused = if self.below(2) == 0 {
            self.tracker.track(resource).map(|handle| self.handles.push(handle)).err()
        } else {
            self.tracker.insert(resource).map(|id| self.ids.push(id)).err()
        };
        if let Some(refused) = refused {
            // It never was; its number is used again.
            core::mem::forget(refused.into_inner());
        } else {
            self.number += 1;
            self.done.put_in += 1;
        }
    }

    fn let_go(&mut self) {
        let at = self.below(self.handles.len());
        let handle = self.handles.swap_remove(at);
        let number = handle.number;
        assert_eq!((self.book.finalized(number), self.book.dropped(number)), (0, 0), "held what has ended");
        if self.below(4) == 0 {
            self.done.handed_back += u64::from(matches!(Handle::untrack(handle), Removed::Value(_)));
        }
    }
}
