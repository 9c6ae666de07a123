//! loom's atomics behind `const` constructors.
//!
//! loom makes its objects at run time, inside a model. Each of these makes its own at the first access, so that the
//! types above keep their `const fn new`. loom asks that an object be made before a second thread sees it: a model
//! calls `validate()`, which looks at every word, before it spawns.

#![allow(unreachable_pub, reason = "as `core`'s atomics are: sealed traits above name them")]

extern crate std;

use core::sync::atomic::Ordering;
use std::sync::OnceLock;

macro_rules! atomic {
    ($name:ident, $value:ty) => {
        #[derive(Debug)]
        pub struct $name {
            initial: $value,
            inner: OnceLock<loom::sync::atomic::$name>,
        }

        #[allow(dead_code, reason = "one list for all of them")]
        impl $name {
            pub(crate) const fn new(initial: $value) -> Self {
                Self { initial, inner: OnceLock::new() }
            }

            fn inner(&self) -> &loom::sync::atomic::$name {
                self.inner.get_or_init(|| loom::sync::atomic::$name::new(self.initial))
            }

            pub(crate) fn load(&self, order: Ordering) -> $value {
                self.inner().load(order)
            }

            pub(crate) fn store(&self, value: $value, order: Ordering) {
                self.inner().store(value, order);
            }

            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                self.inner().swap(value, order)
            }

            pub(crate) fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                self.inner().fetch_add(value, order)
            }

            pub(crate) fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                self.inner().fetch_sub(value, order)
            }

            pub(crate) fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                self.inner().fetch_or(value, order)
            }

            pub(crate) fn fetch_max(&self, value: $value, order: Ordering) -> $value {
                self.inner().fetch_max(value, order)
            }
        }
    };
}

atomic!(AtomicU8, u8);
atomic!(AtomicU32, u32);


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
}
