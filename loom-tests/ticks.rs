//! The clock of two words, through `ManualClock`, which adds nothing to it.

use crate::explore::{explore, explore_preempted, join, spawn};
use alloc::sync::Arc;
use larder::time::{Clock, Instant, ManualClock};
use loom::cell::UnsafeCell;

/// The `n`-th time: both halves say n, so that a mixture of two times is seen.
fn time(n: u32) -> Instant {
    Instant::from_ticks(u64::from(n) << 32 | u64::from(n))
}

/// A clock at the time 2, all words of which loom knows: both copies have been written.
fn clock() -> Arc<ManualClock> {
    let clock = ManualClock::starting_at(time(0));
    assert!(clock.set(time(1)) && clock.set(time(2)));
    assert_eq!(clock.now(), time(2));
    Arc::new(clock)
}

/// Reads, and says which time it was.
fn read(clock: &ManualClock) -> u32 {
    let ticks = clock.now().ticks();
    let n = u32::try_from(ticks >> 32).unwrap();
    assert_eq!(Instant::from_ticks(ticks), time(n), "the halves of two times");
    n
}

#[test]
fn a_reader_meets_one_publish() {
    explore(|| {
        let clock = clock();
        let other = Arc::clone(&clock);
        let writer = spawn(move || assert!(other.set(time(3))));
        let (first, second) = (read(&clock), read(&clock));
        assert!((2..=3).contains(&first) && (first..=3).contains(&second), "{first}, then {second}");
        join(writer);
        assert_eq!(read(&clock), 3);
    });
}

#[test]
fn a_reader_meets_two_publishes_one_of_which_goes_back() {
    explore(|| {
        let clock = clock();
        let other = Arc::clone(&clock);
        let writer = spawn(move || assert!(other.set(time(7)) && other.set(time(1))));
        let seen = read(&clock);
        assert!([2, 7, 1].contains(&seen), "{seen}");
        join(writer);
        assert_eq!(read(&clock), 1);
    });
}

/// Three preemptions: one for each time that changes while a read goes on, and one between the reads.
#[test]
fn a_reader_of_two_times_meets_two_publishes() {
    explore_preempted(3, || {
        let clock = clock();
        let other = Arc::clone(&clock);
        let writer = spawn(move || assert!(other.set(time(3)) && other.set(time(4))));
        let (first, second) = (read(&clock), read(&clock));
        assert!((2..=4).contains(&first) && (first..=4).contains(&second), "{first}, then {second}");
        join(writer);
        assert_eq!(read(&clock), 4);
    });
}

/// Three preemptions: one for each time that changes while the read goes on.
#[test]
fn a_reader_meets_three_publishes() {
    explore_preempted(3, || {
        let clock = clock();
        let other = Arc::clone(&clock);
        let writer = spawn(move || (3..=5).for_each(|n| assert!(other.set(time(n)))));
        let seen = read(&clock);
        assert!((2..=5).contains(&seen), "{seen}");
        join(writer);
        assert_eq!(read(&clock), 5);
    });
}

#[test]
fn two_writers_add_each_its_part_or_nothing() {
    explore(|| {
        let clock = clock();
        let one = time(1).ticks();
        let other = Arc::clone(&clock);
        let thread = spawn(move || other.advance_ticks(one));
        let done = u32::from(clock.advance_ticks(one)) + u32::from(join(thread));
        assert_ne!(done, 0, "one of them comes first");
        assert_eq!(read(&clock), 2 + done, "what was added, and nothing else");
        assert!(clock.advance_ticks(one), "nobody is writing any more");
        assert_eq!(read(&clock), 3 + done);
    });
}

#[test]
fn a_writer_that_was_refused_tries_again() {
    explore(|| {
        let clock = clock();
        let one = time(1).ticks();
        let other = Arc::clone(&clock);
        let thread = spawn(move || other.advance_ticks(one));
        let done = [clock.advance_ticks(one), clock.advance_ticks(one), join(thread)];
        let done = done.into_iter().filter(|&done| done).count();
        assert_ne!(done, 0, "one of them comes first");
        assert_eq!(read(&clock) as usize, 2 + done, "what was added, and nothing else");
    });
}

/// Two preemptions: one that stops a writer half-way, and one that stops the reader for the other.
#[test]
fn a_reader_meets_two_writers() {
    explore_preempted(2, || {
        let clock = clock();
        let one = time(1).ticks();
        let writers = [(); 2].map(|()| {
            let clock = Arc::clone(&clock);
            spawn(move || clock.advance_ticks(one))
        });
        let (first, second) = (read(&clock), read(&clock));
        assert!((2..=4).contains(&first) && (first..=4).contains(&second), "{first}, then {second}");
        let done = writers.into_iter().map(join).filter(|&done| done).count();
        assert_eq!(read(&clock) as usize, 2 + done, "what was added, and nothing else");
    });
}

#[test]
fn a_reader_of_a_time_finds_done_what_was_done_before_it_was_set() {
    explore(|| {
        let clock = clock();
        let data = Arc::new(UnsafeCell::new(()));
        let (other, theirs) = (Arc::clone(&clock), Arc::clone(&data));
        let writer = spawn(move || {
            theirs.with_mut(|_| ());
            assert!(other.set(time(3)));
        });
        if read(&clock) == 3 {
            data.with(|_| ());
        }
        join(writer);
    });
}

#[test]
fn a_writer_finds_done_what_was_done_before_the_writer_before_it() {
    explore(|| {
        let clock = clock();
        let data = Arc::new(UnsafeCell::new(()));
        let (other, theirs) = (Arc::clone(&clock), Arc::clone(&data));
        let writer = spawn(move || {
            theirs.with_mut(|_| ());
            other.set(time(3));
        });
        let one = time(1).ticks();
        // 4 is 3 and one more; if the other one was refused, or came second, it is 3.
        if clock.advance_ticks(one) && read(&clock) == 4 {
            data.with(|_| ());
        }
        join(writer);
    });
}
