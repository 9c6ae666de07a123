//! The raw core: all unsafe code of the crate, under interfaces that are safe to use.
//!
//! | file | what it owns |
//! |---|---|
//! | `indices` | which of N numbers are taken: one byte a slot |
//! | `starts` | where threads begin to look for a free one |
//! | `slots` | the objects behind those numbers, and the lease of one |
//! | `shared` | slots on the heap, and leases that share their owner |
//! | `place` | where the object in a slot was acquired |
//! | `cell` | room for one object |
//! | `plain`, `pieces` | plain data: the proof that it is, and how it is read while it may be written |
//! | `word`, `pin` | who may touch a slot's memory: one word; how what is there is held |
//! | `width`, `mask` | the ways of a set: how many, and some of them |
//! | `control`, `tags`, `policy` | what is to be seen of a set, what of it is looked at, what of it has to go |
//! | `set` | a set of a concurrent cache: the protocol |
//! | `store`, `heap_sets` | the sets of a cache: inline or lent, on the heap |
//! | `lane_word`, `lane_word_of_atomic` | bytes stored one by one and loaded by the word: as bytes, or as an atomic word |
//! | `lanes` | bytes compared sixteen at a time, and fetched ahead |
//! | `table` | a hash table: which lanes a look-up goes to |
//! | `hold` | who keeps a tracked resource: two words |
//! | `looks`, `look_lines` | whether a slot can be read without a pin; who does so |
//! | `marks` | which slots of a tracker are taken, dead, and how old: bits |
//! | `tracked`, `heap_slots` | the slots of a tracker, and pins on them; on the heap |
//! | `waker` | where a task that waits leaves its waker |
//! | `waiters` | those who wait for what others give back, each with his waker |
//! | `memory`, `lined`, `heap` | the arrays of a hash list, inline or on the heap, where they begin with a line of the cache |
//! | `system_clock`, `system_clock_of_std` | the clocks of the system: by their numbers, and where they have none |
//! | `course` | a clock that is carried on by a counter: the protocol |
//! | `counter_of_x86_64`, `counter_of_aarch64` | the processor's counter |
//! | `cpuid` | what an x86-64 processor says about itself |
//! | `counter_clock`, `counter_clock_of_system` | the clock of the system, carried on by that; and where there is none |
//! | `hash_list` | a hash table whose entries form a list, all by index |

#![allow(unsafe_code, reason = "this folder is where it is allowed")]
#![allow(
    missing_debug_implementations,
    reason = "what is public here is only so to be named in a sealed trait"
)]
#![allow(unreachable_pub, reason = "as above")]

mod cell;
pub(crate) mod control;
#[cfg(all(feature = "std", target_arch = "aarch64"))]
#[path = "counter_of_aarch64.rs"]
mod counter;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[path = "counter_of_x86_64.rs"]
mod counter;
#[cfg(all(feature = "std", any(target_arch = "aarch64", target_arch = "x86_64")))]
#[allow(dead_code, reason = "where the system has no clock nobody asks for it")]
pub(crate) mod counter_clock;
#[cfg(all(feature = "std", not(any(target_arch = "aarch64", target_arch = "x86_64"))))]
#[allow(unused_imports, reason = "where the system has no clock nobody asks for it")]
#[path = "counter_clock_of_system.rs"]
pub(crate) mod counter_clock;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
#[allow(dead_code, reason = "where no counter is known nobody asks for it")]
pub(crate) mod course;
#[cfg(target_arch = "x86_64")]
mod cpuid;
pub(crate) mod hash_list;
#[cfg(feature = "alloc")]
pub(crate) mod heap;
#[cfg(feature = "alloc")]
pub(crate) mod heap_sets;
#[cfg(feature = "alloc")]
mod heap_slots;
pub(crate) mod hold;
pub(crate) mod indices;
#[cfg(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64",
    target_endian = "little",
    not(any(larder_loom, larder_step, miri, feature = "portable-atomic"))
))]
mod lane_word;
#[cfg(not(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64",
    target_endian = "little",
    not(any(larder_loom, larder_step, miri, feature = "portable-atomic"))
)))]
#[path = "lane_word_of_atomic.rs"]
mod lane_word;
mod lanes;
#[cfg(feature = "alloc")]
mod lined;
pub(crate) mod look_lines;
pub(crate) mod looks;
pub(crate) mod marks;
pub(crate) mod mask;
pub(crate) mod memory;
mod pieces;
pub(crate) mod pin;
pub(crate) mod place;
pub(crate) mod plain;
pub(crate) mod policy;
pub(crate) mod set;
#[cfg(feature = "alloc")]
pub(crate) mod shared;
pub(crate) mod slots;
mod starts;
pub(crate) mod store;
#[cfg(all(
    feature = "std",
    any(target_os = "linux", target_os = "android", target_os = "freebsd", target_vendor = "apple")
))]
pub(crate) mod system_clock;
#[cfg(all(
    feature = "std",
    not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_vendor = "apple"))
))]
#[allow(dead_code, reason = "where the system has no clock nobody asks for it")]
#[path = "system_clock_of_std.rs"]
pub(crate) mod system_clock;
mod table;
mod tags;
pub(crate) mod tracked;
pub(crate) mod waiters;
pub(crate) mod waker;
pub(crate) mod width;
pub(crate) mod word;

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
