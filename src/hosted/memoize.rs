//! The memos that functions have to themselves.

#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::new_without_default,
    reason = "only the macro uses it"
)]

use crate::key::ToKey;
use alloc::boxed::Box;
use core::any::{Any, TypeId};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

impl ToKey for Path {
    type Key = PathBuf;

    fn to_key(&self) -> PathBuf {
        self.to_path_buf()
    }
}

impl ToKey for OsStr {
    type Key = OsString;

    fn to_key(&self) -> OsString {
        self.to_os_string()
    }
}

/// The memos of a function: one for each set of types that it is called with. They are made when first needed, and stay.
///
/// A list that only becomes longer, so that it is read without a lock. Mostly it has one.
#[derive(Debug)]
pub struct Memos(OnceLock<Box<Node>>);

#[derive(Debug)]
struct Node {
    of: TypeId,
    memo: Box<dyn Any + Send + Sync>,
    rest: Memos,
}

impl Memos {
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The memo that `make` makes. It is known by the type of `make`: a closure has another one in each instance of a generic function, also
    /// where a parameter is in no argument.
    pub fn of<M: Any + Send + Sync, F: FnOnce() -> M + 'static>(&'static self, make: F) -> &'static M {
        let of = TypeId::of::<F>();
        let mut make = Some(make);
        let mut memos = self;
        loop {
            let first = || {
                let make = make.take().expect("who has made one has found its own");
                Box::new(Node { of, memo: Box::new(make()), rest: Memos::new() })
            };
            let node = memos.0.get_or_init(first);
            if node.of == of {
                return node.memo.downcast_ref().expect("a closure makes one type");
            }
            memos = &node.rest;
        }
    }
}

/// The memo of a function without one of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! __memo_of_its_own {
    ([$($capacity:expr)?] $ttl:tt $clock:tt) => {{
        static MEMOS: $crate::memo::macros::Memos = $crate::memo::macros::Memos::new();
        MEMOS.of(|| {
            #[allow(unused_variables)]
            let capacity = $crate::memo::macros::DEFAULT_CAPACITY;
            $(let capacity = $capacity;)?
            let setup = $crate::__memo_of_its_own!(@setup $ttl $clock);
            $crate::memo::Memo::with_single_flight($crate::cache::HeapCache::with_capacity_and(capacity, setup))
        })
    }};
    (@setup [] []) => { $crate::cache::Setup::new() };
    (@setup [] $clock:tt) => { ::core::compile_error!("`memoize!`: a `clock` says when a `ttl` is over; there is none") };
    (@setup $ttl:tt []) => { $crate::__memo_of_its_own!(@setup $ttl [$crate::time::StdClock::new()]) };
    (@setup [$ttl:expr] [$clock:expr]) => {
        $crate::cache::Setup::new().time($crate::cache::Expiring::new($clock).with_time_to_live($ttl))
    };
}
