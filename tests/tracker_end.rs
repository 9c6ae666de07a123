//! What becomes of a tracker's slots at the end: of their versions, of their pins, of the tracker.

use larder::tracker::{Handle, HeapTracker, Inline, Removed, Tracker};

/// A slot that has run out of versions has no name that could be reported.
#[test]
fn a_tracker_with_a_spent_slot_is_dropped() {
    let mut tracker: Tracker<String, Inline<2>> = Tracker::new();
    tracker.skip_versions(u32::MAX - 1);
    let id = tracker.insert("last".into()).unwrap();
    assert_eq!(tracker.remove(id), Removed::Value("last".into()));
    assert_eq!(tracker.stats().retired_slots, 1);
    tracker.validate();
    drop(tracker);
}

/// A report looks at slots, also at those that hold nothing which can be held.
#[test]
fn a_report_and_a_sweep_leave_what_is_dead_or_just_claimed_alone() {
    let tracker = HeapTracker::with_capacity(2);
    let (first, second) = (tracker.track(1).unwrap(), tracker.track(2).unwrap());
    let mut report = tracker.report();
    assert_eq!(report.next().map(|living| living.handles), Some(1));
    // The report has seen that the second slot is taken.
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
