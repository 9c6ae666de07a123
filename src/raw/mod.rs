//! The raw core: all unsafe code of the crate, under interfaces that are safe to use.
//!
//! | file | what it owns |
//! |---|---|
//! | `indices` | which of N numbers are taken: one byte a slot |
//! | `slots` | the objects behind those numbers, and the lease of one |
//! | `shared` | slots on the heap, and leases that share their owner |
//! | `lanes` | bytes compared sixteen at a time |
//! | `table` | a hash table of numbers |
//! | `memory`, `heap` | the arrays of a hash list, inline or on the heap |
//! | `hash_list` | a hash table whose entries form a list, all by index |

#![allow(unsafe_code, reason = "this folder is where it is allowed")]
#![allow(
    missing_debug_implementations,
    reason = "what is public here is only so to be named in a sealed trait"
)]
#![allow(unreachable_pub, reason = "as above")]

pub(crate) mod hash_list;
#[cfg(feature = "alloc")]
pub(crate) mod heap;
pub(crate) mod indices;
mod lanes;
pub(crate) mod memory;
#[cfg(feature = "alloc")]
pub(crate) mod shared;
pub(crate) mod slots;
mod table;

/// Calls `visit` with every item, with the rest also if it panics at one of them.
pub(crate) fn for_each_surely<I: Iterator>(items: I, visit: impl FnMut(I::Item)) {
    struct Rest<I: Iterator, F: FnMut(I::Item)>(I, F);
    impl<I: Iterator, F: FnMut(I::Item)> Drop for Rest<I, F> {
        fn drop(&mut self) {
            self.0.by_ref().for_each(&mut self.1);
        }
    }
    let mut rest = Rest(items, visit);
    for item in rest.0.by_ref() {
        (rest.1)(item);
    }
}
