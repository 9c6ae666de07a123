//! Atomics that call a hook before every access: an interrupt, or a stall, wherever a test wants it.
//!
//! loom tries every interleaving of a few threads, but it cannot leave a thread where it is and go on without it, and
//! it needs small state. This checker does the other half. A test names an operation; at the n-th atomic access of it
//! either another operation runs right there, as an interrupt handler would ([`interrupt`]), or the thread stays there
//! while others go on ([`stall`]). Counting n up until the operation ends without reaching it visits every position.
//!
//! The memory is the host's own and the accesses run in program order: this backend finds protocols that break when
//! stopped, loom finds orderings that are too weak.

extern crate std;

use core::sync::atomic::{self as native, Ordering};
use std::boxed::Box;
use std::cell::RefCell;
use std::sync::mpsc;
use std::thread;

pub(crate) use super::plain::UnsafeCell;

/// What is to happen, and before which access.
struct Plan {
    accesses_to_go: usize,
    action: Box<dyn FnOnce()>,
}

std::thread_local! {
    static PLAN: RefCell<Option<Plan>> = const { RefCell::new(None) };
}

/// Called before each atomic access.
fn hook() {
    // The action runs with the plan taken out, so its own accesses count for nothing.
    let due = PLAN.with_borrow_mut(|plan| match plan {
        Some(Plan { accesses_to_go: 0, .. }) => plan.take(),
        Some(plan) => {
            plan.accesses_to_go -= 1;
            None
        }
        None => None,
    });
    if let Some(Plan { action, .. }) = due {
        action();
    }
}

fn with_plan<R>(
    accesses_to_go: usize,
    action: Box<dyn FnOnce()>,
    operation: impl FnOnce() -> R,
) -> (R, bool) {
    /// Takes the plan away also when the operation panics.
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            PLAN.with_borrow_mut(|plan| *plan = None);
        }
    }
    PLAN.with_borrow_mut(|plan| *plan = Some(Plan { accesses_to_go, action }));
    let restore = Restore;
    let result = operation();
    let reached = PLAN.with_borrow(Option::is_none);
    drop(restore);
    (result, reached)
}

/// Runs `operation` and, before its `at`-th atomic access (from 0), `handler` on the same thread.
///
/// Gives the operation's result, and whether it had that many accesses: if not, the handler did not run, and all
/// positions have been visited.
pub fn interrupt<R>(at: usize, handler: impl FnOnce() + 'static, operation: impl FnOnce() -> R) -> (R, bool) {
    with_plan(at, Box::new(handler), operation)
}

/// Runs `operation` on a thread of its own, leaves it standing before its `at`-th atomic access, runs `meanwhile` here,
/// and only then lets the thread go on to its end.
///
/// What `meanwhile` sees is what the others see of a thread that stays there for ever. Gives the operation's result,
/// and `meanwhile`'s, or none if the operation had fewer accesses.
///
/// # Panics
///
/// If `operation` or `meanwhile` panics.
pub fn stall<R: Send, M>(
    at: usize,
    operation: impl FnOnce() -> R + Send,
    meanwhile: impl FnOnce() -> M,
) -> (R, Option<M>) {
    let (standing, is_standing) = mpsc::channel::<()>();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let thread = scope.spawn(move || {
            let action = Box::new(move || {
                // An error on either side says that the test itself has panicked; then there is nothing to wait for.
                if standing.send(()).is_ok() {
                    let _ = may_go_on.recv();
                }
            });
            with_plan(at, action, operation).0
        });
        // An error says that the operation ended, and with it the plan, before the thread stood.
        let seen = is_standing.recv().is_ok().then(meanwhile);
        drop(go_on);
        (thread.join().expect("the operation panicked"), seen)
    })
}

macro_rules! atomic {
    ($name:ident, $value:ty) => {
        // Public as `core`'s: sealed traits above name it.
        #[derive(Debug)]
        pub struct $name(native::$name);

        #[allow(dead_code, reason = "one list for all of them")]
        impl $name {
            pub(crate) const fn new(value: $value) -> Self {
                Self(native::$name::new(value))
            }

            pub(crate) fn load(&self, order: Ordering) -> $value {
                hook();
                self.0.load(order)
            }

            pub(crate) fn store(&self, value: $value, order: Ordering) {
                hook();
                self.0.store(value, order);
            }

            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                hook();
                self.0.swap(value, order)
            }

            pub(crate) fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                hook();
                self.0.fetch_add(value, order)
            }

            pub(crate) fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                hook();
                self.0.fetch_sub(value, order)
            }

            pub(crate) fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                hook();
                self.0.fetch_or(value, order)
            }

            pub(crate) fn fetch_max(&self, value: $value, order: Ordering) -> $value {
                hook();
                self.0.fetch_max(value, order)
            }
        }
    };
}

atomic!(AtomicU8, u8);
atomic!(AtomicU32, u32);
