//! What becomes of a tracker's slots at the end: of their versions, of their pins, of the tracker.

use larder::tracker::{HeapTracker, Inline, Removed, Tracker};

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
