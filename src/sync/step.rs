//! Atomics that call a hook before every access: an interrupt, or a stall, wherever a test wants it.
//!
//! loom tries every interleaving of a few threads, but it cannot leave a thread where it is and go on without it, and
//! it needs small state. This checker does the other half. A test names an operation; at the n-th position of it
//! either another operation runs right there, as an interrupt handler would ([`interrupt`]), or the thread stays there
//! while others go on ([`stall`]). Counting n up until the operation ends without reaching it visits every position.
//!
//! A position is right before an atomic access, or where the code of a test says [`point`]. What lies between two
//! accesses, nobody else can tell from what lies before the second, so there are no others. Plans nest: what an
//! interrupt runs may be interrupted itself, and what goes on during a stall as well.
//!
//! It also counts the accesses of an operation by their kind, without those of its interrupts ([`accesses`]), and fails
//! when there is no end of them, as where somebody waits in a loop for a thread that stands.
//!
//! The memory is the host's own and the accesses run in program order: this backend finds protocols that break when
//! stopped, loom finds orderings that are too weak.

extern crate alloc;
extern crate std;

use alloc::boxed::Box;
use core::cell::Cell;
use core::sync::atomic::{self as native, Ordering};
use std::sync::mpsc;
use std::thread;

use super::pieces::Piece;
pub(crate) use super::plain::UnsafeCell;
pub(crate) use core::sync::atomic::fence;

/// How many accesses of an operation are taken for a loop without end. Those that are tried make some dozens.
const PATIENCE: usize = 10_000;

/// How many atomic accesses there were, by kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Accesses {
    /// Loads.
    pub loads: usize,
    /// Stores.
    pub stores: usize,
    /// Everything that does both at once.
    pub read_modify_writes: usize,
}

impl Accesses {
    const NONE: Self = Self { loads: 0, stores: 0, read_modify_writes: 0 };

    /// So many of each kind.
    pub const fn new(loads: usize, stores: usize, read_modify_writes: usize) -> Self {
        Self { loads, stores, read_modify_writes }
    }

    /// All of them.
    pub const fn total(self) -> usize {
        self.loads + self.stores + self.read_modify_writes
    }
}

/// What is to happen, and before which position.
struct Plan {
    positions_to_go: usize,
    action: Box<dyn FnOnce()>,
}

/// What the operation on this thread has done so far.
#[derive(Clone, Copy)]
struct Tally {
    accesses: Accesses,
    most: usize,
}

impl Tally {
    /// Outside of what is counted.
    const IDLE: Self = Self { accesses: Accesses::NONE, most: usize::MAX };
}

std::thread_local! {
    static PLAN: Cell<Option<Plan>> = const { Cell::new(None) };
    static TALLY: Cell<Tally> = const { Cell::new(Tally::IDLE) };
}

/// Sets a thread's variable back when it is dropped: also when the operation panics.
struct Restore<T: 'static> {
    variable: &'static thread::LocalKey<Cell<T>>,
    value: Option<T>,
}

/// Puts `value` in, until what it gives is dropped.
fn replace<T>(variable: &'static thread::LocalKey<Cell<T>>, value: T) -> Restore<T> {
    Restore { variable, value: Some(variable.replace(value)) }
}

impl<T: 'static> Drop for Restore<T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            // Dropped after it was replaced: what a plan holds may make atomic accesses when it goes.
            drop(self.variable.replace(value));
        }
    }
}

/// A position in the code of a test itself: in a hook, a destructor, or between two calls.
pub fn point() {
    // The plan is taken out while its action runs, and the tally put aside: what the action does is not the operation's.
    // (A thread that is ending may have no plan any more.)
    match PLAN.try_with(Cell::take).unwrap_or_default() {
        Some(Plan { positions_to_go: 0, action }) => {
            let _tally = replace(&TALLY, Tally::IDLE);
            action();
        }
        Some(Plan { positions_to_go, action }) => {
            PLAN.set(Some(Plan { positions_to_go: positions_to_go - 1, action }));
        }
        None => {}
    }
}

/// Called before each atomic access.
fn hook(count: impl FnOnce(&mut Accesses)) {
    point();
    let mut tally = TALLY.get();
    count(&mut tally.accesses);
    assert!(tally.accesses.total() <= tally.most, "accesses without end: it waits for somebody");
    TALLY.set(tally);
}

/// Runs `operation` and counts its atomic accesses on this thread, without those of what interrupts it.
///
/// # Panics
///
/// If `operation` panics, or seems never to end.
pub fn accesses<R>(operation: impl FnOnce() -> R) -> (R, Accesses) {
    let _outer = replace(&TALLY, Tally { accesses: Accesses::NONE, most: PATIENCE });
    let result = operation();
    (result, TALLY.get().accesses)
}

/// Runs `operation` and, before its `at`-th position (from 0), `handler` on the same thread.
///
/// Gives the operation's result, and whether it had that many positions: if not, the handler did not run, and all
/// positions have been visited. The handler may call this too, to be interrupted itself.
///
/// # Panics
///
/// If `operation` or `handler` panics.
pub fn interrupt<R>(at: usize, handler: impl FnOnce() + 'static, operation: impl FnOnce() -> R) -> (R, bool) {
    let _outer = replace(&PLAN, Some(Plan { positions_to_go: at, action: Box::new(handler) }));
    let result = operation();
    let left = PLAN.take();
    (result, left.is_none())
}

/// Runs `operation` on a thread of its own, leaves it standing before its `at`-th position (from 0), runs `meanwhile`
/// here, and only then lets the thread go on to its end.
///
/// What `meanwhile` sees is what the others see of a thread that stays there for ever. Gives the operation's result,
/// and `meanwhile`'s, or none if the operation had fewer positions.
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
            let stand = move || {
                // An error on either side says that the test itself has panicked; then there is nothing to wait for.
                if standing.send(()).is_ok() {
                    let _ = may_go_on.recv();
                }
            };
            interrupt(at, stand, operation).0
        });
        // An error says that the operation ended, and with it the plan, before the thread stood.
        let seen = is_standing.recv().is_ok().then(meanwhile);
        drop(go_on);
        let result = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (result, seen)
    })
}

macro_rules! atomic {
    ($name:ident, $value:ty) => {
        // Public as `core`'s: sealed traits above name it, and tests make toys of it.
        #[derive(Debug)]
        pub struct $name(native::$name);

        #[allow(dead_code, reason = "one list for all of them")]
        impl $name {
            pub const fn new(value: $value) -> Self {
                Self(native::$name::new(value))
            }

            pub fn load(&self, order: Ordering) -> $value {
                hook(|accesses| accesses.loads += 1);
                self.0.load(order)
            }

            pub fn store(&self, value: $value, order: Ordering) {
                hook(|accesses| accesses.stores += 1);
                self.0.store(value, order);
            }

            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                hook(|accesses| accesses.read_modify_writes += 1);
                self.0.swap(value, order)
            }

            pub fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                hook(|accesses| accesses.read_modify_writes += 1);
                self.0.fetch_add(value, order)
            }

            pub fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                hook(|accesses| accesses.read_modify_writes += 1);
                self.0.fetch_sub(value, order)
            }

            pub fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                hook(|accesses| accesses.read_modify_writes += 1);
                self.0.fetch_or(value, order)
            }

            pub fn fetch_and(&self, value: $value, order: Ordering) -> $value {
                hook(|accesses| accesses.read_modify_writes += 1);
                self.0.fetch_and(value, order)
            }

            pub fn fetch_xor(&self, value: $value, order: Ordering) -> $value {
                hook(|accesses| accesses.read_modify_writes += 1);
                self.0.fetch_xor(value, order)
            }

            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                hook(|accesses| accesses.read_modify_writes += 1);
                self.0.compare_exchange(current, new, success, failure)
            }

            pub fn fetch_max(&self, value: $value, order: Ordering) -> $value {
                hook(|accesses| accesses.read_modify_writes += 1);
                self.0.fetch_max(value, order)
            }
        }
    };
}

atomic!(AtomicU8, u8);
atomic!(AtomicU32, u32);
#[cfg(target_has_atomic = "64")]
atomic!(AtomicU64, u64);

/// Public as `core`'s: a sealed trait above names what is made of it.
#[derive(Debug)]
pub struct AtomicPtr<T>(native::AtomicPtr<T>);

#[allow(missing_docs, reason = "as those of `core`")]
impl<T> AtomicPtr<T> {
    pub const fn new(initial: *mut T) -> Self {
        Self(native::AtomicPtr::new(initial))
    }

    pub fn load(&self, order: Ordering) -> *mut T {
        hook(|accesses| accesses.loads += 1);
        self.0.load(order)
    }

    pub fn store(&self, value: *mut T, order: Ordering) {
        hook(|accesses| accesses.stores += 1);
        self.0.store(value, order);
    }
}

/// Shows each piece as an access.
#[derive(Debug)]
pub(crate) struct Mirror;

#[allow(clippy::unused_self, reason = "loom's has something in it")]
impl Mirror {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) fn load<P: Piece>(&self, _at: usize, piece: &P) -> P::Value {
        hook(|accesses| accesses.loads += 1);
        piece.load()
    }

    pub(crate) fn store<P: Piece>(&self, _at: usize, piece: &P, value: P::Value) {
        hook(|accesses| accesses.stores += 1);
        piece.store(value);
    }

    pub(crate) fn show(&self) {}
}
