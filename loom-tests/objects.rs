//! Objects that notice how they are used.

use alloc::sync::Arc;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use larder::pool::Recycle;
use loom::cell::UnsafeCell;
use std::panic;

/// Counts objects. By plain counters: a ledger that loom knew would order what it watches.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Counts>);

#[derive(Default)]
struct Counts {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

impl Ledger {
    pub(crate) fn object(&self) -> Object {
        self.0.made.fetch_add(1, Ordering::Relaxed);
        Object {
            ledger: self.clone(),
            used: UnsafeCell::new(()),
            is_alive: true,
            is_dirty: false,
            explodes: false,
        }
    }

    /// An object whose drop panics, once all is done.
    pub(crate) fn bomb(&self) -> Object {
        let mut object = self.object();
        object.explodes = true;
        object
    }

    pub(crate) fn made(&self) -> usize {
        self.0.made.load(Ordering::Relaxed)
    }

    pub(crate) fn alive(&self) -> usize {
        self.made() - self.0.dropped.load(Ordering::Relaxed)
    }
}

/// An object of one owner at a time.
pub(crate) struct Object {
    ledger: Ledger,
    /// Holds nothing; loom compares the accesses of its owners, each of which must be ordered after the last.
    used: UnsafeCell<()>,
    is_alive: bool,
    is_dirty: bool,
    explodes: bool,
}

impl Object {
    /// What an owner does with it.
    pub(crate) fn change(&mut self) {
        assert!(self.is_alive, "an object is used after its drop");
        self.used.with_mut(|_| ());
        self.is_dirty = true;
    }

    pub(crate) fn is_dirty(&self) -> bool {
        self.used.with(|_| ());
        self.is_dirty
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        assert!(self.is_alive, "an object is dropped twice");
        self.used.with_mut(|_| ());
        self.is_alive = false;
        self.ledger.0.dropped.fetch_add(1, Ordering::Relaxed);
        if self.explodes {
            panic_on_purpose();
        }
    }
}

/// Makes objects, and cleans what comes back.
pub(crate) struct Cleaned {
    pub(crate) ledger: Ledger,
    /// Whether the next object can't be made.
    pub(crate) fails_to_create: AtomicBool,
    /// Whether the next object can't be cleaned.
    pub(crate) fails_to_reset: AtomicBool,
}

impl Cleaned {
    pub(crate) fn new(ledger: &Ledger) -> Self {
        let no = || AtomicBool::new(false);
        Self { ledger: ledger.clone(), fails_to_create: no(), fails_to_reset: no() }
    }
}

impl Recycle<Object> for Cleaned {
    fn create(&self) -> Object {
        if self.fails_to_create.swap(false, Ordering::Relaxed) {
            panic_on_purpose();
        }
        self.ledger.object()
    }

    fn reset(&self, object: &mut Object) {
        object.change();
        if self.fails_to_reset.swap(false, Ordering::Relaxed) {
            panic_on_purpose();
        }
        object.is_dirty = false;
    }
}

/// Runs what may panic on purpose; nothing if it does.
pub(crate) fn survive<R>(work: impl FnOnce() -> R) -> Option<R> {
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Some(result),
        Err(payload) if payload.is::<OnPurpose>() => None,
        Err(payload) => panic::resume_unwind(payload),
    }
}

struct OnPurpose;

/// Without the message that a panic leaves.
pub(crate) fn panic_on_purpose() -> ! {
    panic::resume_unwind(Box::new(OnPurpose))
}
