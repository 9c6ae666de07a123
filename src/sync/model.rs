//! loom's atomics behind `const` constructors.
//!
//! loom makes its objects at run time, inside a model. Each of these makes its own at the first access, so that the
//! types above keep their `const fn new`. loom asks that an object be made before a second thread sees it: a model
//! calls `validate()`, which looks at every word, before it spawns. Nothing of a model may be in a `static`.
//!
//! Loom takes sequentially consistent accesses for acquiring and releasing ones. So a load of that order is made as a
//! read-modify-write that changes nothing: it finds the newest value, in every order of the two that loom tries, as if all were in one.
//! Read-modify-writes are so anyway. (Fences beside the accesses would do as well, but order everything else of the thread too, and hide
//! what is missing there. What stays hidden: that a *read-modify-write* is not of that order, since loom never lets one come late; and
//! an older value that such a load could find if the newer one was stored outside of the one order.)
//!
//! Two things loom gets wrong, and what is done about it:
//!
//! - **Late read-modify-writes.** A makes 0 a 1 by a read-modify-write; B comes too late, and its own reads 1 and leaves it;
//!   A stores 0. No store can come between B's reading and its writing, so B's is before A's last. loom takes the two for
//!   unordered, and lets a load find B's 1 for ever. So from the first read-modify-write of an object on, its stores are
//!   made as swaps, which loom puts in order. A swap does one thing that a store does not: it continues a release
//!   sequence. That could hide a missing Acquire of somebody who hands on by a store what he never looked at; here
//!   whoever claims something also uses it, and loom watches that.
//! - **Forgotten loads.** A loads, B loads, B stores. To try it with B's store first, loom must remember A's load when B
//!   stores, but it remembers the last access alone, which was B's own. (A model of nothing but this has one iteration.)
//!   So loads take turns: each first does a relaxed read-modify-write of a word beside, which orders nothing but by fences, and of
//!   which loom tries every order. Where B's load comes first, A's is the last access. (Two fences synchronise by such a
//!   word where the second one's thread has loaded after the first one's; in the runs where it has loaded before, they do not.)

#![allow(unreachable_pub, reason = "as `core`'s atomics are: sealed traits above name them")]

extern crate std;

use super::pieces::Piece;
use core::sync::atomic::{AtomicBool, Ordering};
pub(crate) use loom::sync::atomic::fence;
use std::sync::OnceLock;

macro_rules! atomic {
    ($name:ident, $value:ty) => {
        #[derive(Debug)]
        pub struct $name {
            initial: $value,
            /// The word, and the one beside it where loads take turns.
            inner: OnceLock<(loom::sync::atomic::$name, loom::sync::atomic::AtomicU8)>,
            /// Whether there was a read-modify-write. Not loom's: it orders nothing.
            updated: AtomicBool,
        }

        #[allow(dead_code, reason = "one list for all of them")]
        impl $name {
            pub(crate) const fn new(initial: $value) -> Self {
                Self { initial, inner: OnceLock::new(), updated: AtomicBool::new(false) }
            }

            fn both(&self) -> &(loom::sync::atomic::$name, loom::sync::atomic::AtomicU8) {
                let make =
                    || (loom::sync::atomic::$name::new(self.initial), loom::sync::atomic::AtomicU8::new(0));
                self.inner.get_or_init(make)
            }

            fn inner(&self) -> &loom::sync::atomic::$name {
                &self.both().0
            }

            fn update(&self) -> &loom::sync::atomic::$name {
                // Relaxed: all threads of a model run on one of ours.
                self.updated.store(true, Ordering::Relaxed);
                self.inner()
            }

            pub(crate) fn load(&self, order: Ordering) -> $value {
                if order == Ordering::SeqCst {
                    // Acquire: what the load does besides being in the one order.
                    return self.update().fetch_or(0, Ordering::Acquire);
                }
                let (word, turn) = self.both();
                // Relaxed: it is to order nothing.
                turn.fetch_add(0, Ordering::Relaxed);
                word.load(order)
            }

            pub(crate) fn store(&self, value: $value, order: Ordering) {
                // Relaxed: as in `update`.
                if self.updated.load(Ordering::Relaxed) {
                    self.inner().swap(value, order);
                } else {
                    self.inner().store(value, order);
                }
            }

            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                self.update().swap(value, order)
            }

            pub(crate) fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                self.update().fetch_add(value, order)
            }

            pub(crate) fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                self.update().fetch_sub(value, order)
            }

            pub(crate) fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                self.update().fetch_or(value, order)
            }

            pub(crate) fn fetch_and(&self, value: $value, order: Ordering) -> $value {
                self.update().fetch_and(value, order)
            }

            pub(crate) fn fetch_xor(&self, value: $value, order: Ordering) -> $value {
                self.update().fetch_xor(value, order)
            }

            pub(crate) fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.update().compare_exchange(current, new, success, failure)
            }

            pub(crate) fn fetch_max(&self, value: $value, order: Ordering) -> $value {
                self.update().fetch_max(value, order)
            }
        }
    };
}

atomic!(AtomicU8, u8);
atomic!(AtomicU32, u32);
#[cfg(target_has_atomic = "64")]
atomic!(AtomicU64, u64);

/// A pointer that is null at first.
#[derive(Debug)]
pub struct AtomicPtr<T> {
    /// The pointer, and the word where loads take turns.
    inner: OnceLock<(loom::sync::atomic::AtomicPtr<T>, loom::sync::atomic::AtomicU8)>,
}

impl<T> AtomicPtr<T> {
    pub(crate) const fn new(initial: *mut T) -> Self {
        assert!(initial.is_null(), "another one could not be kept in what is to be shared");
        Self { inner: OnceLock::new() }
    }

    fn both(&self) -> &(loom::sync::atomic::AtomicPtr<T>, loom::sync::atomic::AtomicU8) {
        let null = core::ptr::null_mut();
        let make = || (loom::sync::atomic::AtomicPtr::new(null), loom::sync::atomic::AtomicU8::new(0));
        self.inner.get_or_init(make)
    }

    pub(crate) fn load(&self, order: Ordering) -> *mut T {
        let (word, turn) = self.both();
        // Relaxed: it is to order nothing.
        turn.fetch_add(0, Ordering::Relaxed);
        word.load(order)
    }

    pub(crate) fn store(&self, value: *mut T, order: Ordering) {
        self.both().0.store(value, order);
    }
}

/// `core`'s cell, with one of loom's beside it that watches the accesses.
pub(crate) struct UnsafeCell<T> {
    data: core::cell::UnsafeCell<T>,
    watch: OnceLock<loom::cell::UnsafeCell<()>>,
}

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { data: core::cell::UnsafeCell::new(value), watch: OnceLock::new() }
    }

    fn watch(&self) -> &loom::cell::UnsafeCell<()> {
        self.watch.get_or_init(|| loom::cell::UnsafeCell::new(()))
    }

    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        self.watch().with(|_| read(self.data.get()))
    }

    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        self.watch().with_mut(|_| write(self.data.get()))
    }

    /// Where it is, for accesses that loom is shown otherwise.
    pub(crate) fn place(&self) -> *mut T {
        self.data.get()
    }
}

/// A word of loom's for each piece of plain data, of which there are a few at most.
#[derive(Debug)]
pub(crate) struct Mirror([AtomicU64; 2]);

impl Mirror {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; 2])
    }

    pub(crate) fn load<P: Piece>(&self, at: usize, _: &P) -> P::Value {
        // Relaxed: as the piece itself.
        P::of_number(self.0[at].load(Ordering::Relaxed))
    }

    /// Also where the data is: whoever has it to himself reads it there.
    pub(crate) fn store<P: Piece>(&self, at: usize, piece: &P, value: P::Value) {
        // Relaxed: as the piece itself.
        self.0[at].store(P::number(value), Ordering::Relaxed);
        piece.store(value);
    }

    /// Makes loom's objects.
    pub(crate) fn show(&self) {
        self.0.iter().for_each(|word| _ = word.both());
    }
}
