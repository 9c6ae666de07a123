//! What the checker itself does.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, Ordering};
use larder::sync::step::{Accesses, AtomicU8, accesses, interrupt, point, stall};
use std::panic::{catch_unwind, resume_unwind};

const ORDER: Ordering = Ordering::Relaxed;

/// A load, a store, and a read-modify-write.
fn three(word: &AtomicU8) {
    word.load(ORDER);
    word.store(1, ORDER);
    word.fetch_or(2, ORDER);
}

#[test]
fn accesses_are_counted_by_kind_and_points_are_not() {
    let word = AtomicU8::new(0);
    let (result, counted) = accesses(|| {
        three(&word);
        point();
        word.swap(0, ORDER);
        7
    });
    assert_eq!((result, counted), (7, Accesses::new(1, 1, 2)));
    assert_eq!(counted.total(), 4);
}

#[test]
fn what_an_interrupt_does_is_not_counted() {
    let word: &'static AtomicU8 = Box::leak(Box::new(AtomicU8::new(0)));
    let counted_inside = Rc::new(RefCell::new(None));
    let noted = Rc::clone(&counted_inside);
    let handler = move || *noted.borrow_mut() = Some(accesses(|| word.load(ORDER)).1);
    let ((), counted) = accesses(|| interrupt(1, handler, || three(word)).0);
    assert_eq!(counted, Accesses::new(1, 1, 1));
    assert_eq!(*counted_inside.borrow(), Some(Accesses::new(1, 0, 0)));
}

#[test]
fn an_interrupt_comes_before_the_access_it_is_told() {
    let seen: Vec<Option<u8>> = (0..5)
        .map(|at| {
            let word: &'static AtomicU8 = Box::leak(Box::new(AtomicU8::new(0)));
            let seen = Rc::new(RefCell::new(None));
            let noted = Rc::clone(&seen);
            let note = move || *noted.borrow_mut() = Some(word.load(ORDER));
            let ((), reached) = interrupt(at, note, || three(word));
            assert_eq!(reached, seen.borrow().is_some());
            seen.take()
        })
        .collect();
    assert_eq!(seen, [Some(0), Some(0), Some(1), None, None]);
}

#[test]
fn interrupts_nest() {
    let word: &'static AtomicU8 = Box::leak(Box::new(AtomicU8::new(0)));
    let order = Rc::new(RefCell::new(String::new()));
    let say = |what: &'static str| {
        let order = Rc::clone(&order);
        move || order.borrow_mut().push_str(what)
    };
    let (inner, after, end) = (say("inner "), say("outer "), say("end"));
    let outer = move || {
        assert!(interrupt(2, inner, || three(word)).1);
        after();
    };
    assert!(interrupt(0, outer, || three(word)).1);
    end();
    assert_eq!(*order.borrow(), "inner outer end");
}

#[test]
fn a_plan_within_an_operation_leaves_the_outer_one_as_it_was() {
    let word: &'static AtomicU8 = Box::leak(Box::new(AtomicU8::new(0)));
    // Three accesses, three that are the inner plan's, and one.
    let operation = || {
        three(word);
        assert!(!interrupt(3, || unreachable!(), || three(word)).1);
        word.load(ORDER);
    };
    assert!(interrupt(3, || (), operation).1);
    assert!(!interrupt(4, || unreachable!(), operation).1);
}

#[test]
fn a_panic_takes_the_plan_away() {
    let word = AtomicU8::new(0);
    let panics = || interrupt(1, || unreachable!(), || resume_unwind(Box::new(())));
    assert!(catch_unwind(panics).is_err());
    three(&word);
}

#[test]
fn a_handler_that_never_ran_may_own_what_uses_atomics_when_it_goes() {
    struct Uses(AtomicU8);
    impl Drop for Uses {
        fn drop(&mut self) {
            self.0.load(ORDER);
        }
    }
    let uses = Uses(AtomicU8::new(0));
    assert!(!interrupt(9, move || drop(uses), point).1);
}

#[test]
fn a_thread_stands_where_it_is_told_and_goes_on_afterwards() {
    // Borrowed, and not for ever.
    let word = AtomicU8::new(0);
    let seen: Vec<Option<u8>> = (0..4)
        .map(|at| {
            word.store(0, ORDER);
            let ((), seen) = stall(at, || three(&word), || word.load(ORDER));
            assert_eq!(word.load(ORDER), 3);
            seen
        })
        .collect();
    assert_eq!(seen, [Some(0), Some(0), Some(1), None]);
}

#[test]
fn stalls_nest() {
    let word = AtomicU8::new(0);
    let add = || word.fetch_add(1, ORDER);
    let (first, second) = stall(0, add, || stall(0, add, || word.fetch_add(1, ORDER)));
    // Who was stopped first goes on last.
    assert_eq!((first, second), (2, Some((1, Some(0)))));
}

#[test]
fn an_operation_that_panics_does_not_hang_the_stall() {
    let word = AtomicU8::new(0);
    for at in [0, 1] {
        let operation = || {
            word.load(ORDER);
            resume_unwind(Box::new("the operation's"))
        };
        let stalled = AssertUnwindSafe(|| stall::<(), ()>(at, operation, || ()));
        let panic = catch_unwind(stalled).expect_err("it panics");
        assert_eq!(panic.downcast_ref(), Some(&"the operation's"));
    }
}

#[test]
fn others_that_panic_do_not_hang_the_stall() {
    let word = AtomicU8::new(0);
    let came_to_its_end = AtomicBool::new(false);
    let operation = || {
        three(&word);
        came_to_its_end.store(true, ORDER);
    };
    let stalled = AssertUnwindSafe(|| stall::<(), ()>(1, operation, || resume_unwind(Box::new(()))));
    assert!(catch_unwind(stalled).is_err());
    assert!(came_to_its_end.load(ORDER));
}

#[test]
#[should_panic(expected = "accesses without end")]
fn who_waits_for_somebody_that_stands_is_found() {
    let word: &'static AtomicU8 = Box::leak(Box::new(AtomicU8::new(0)));
    accesses(|| while word.load(ORDER) == 0 {});
}
