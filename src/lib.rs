//! The memory a program holds on to: pools that reuse objects, and caches that remember results.
//!
//! One API from a Cortex-M0 without a heap and without compare-and-swap to a server with many threads. Without features the crate
//! is `no_std` and never allocates; `alloc` adds capacities of run time, `std` (the default) what needs an operating system.
//!
//! # Which one do I want?
//!
//! | I want to | and | type |
//! |---|---|---|
//! | reuse room for values that each user brings | the number is known | [`pool::BoxPool`] |
//! | reuse objects that are costly to make | the number is known | [`pool::Pool`] |
//! | | the number is known at run time | `pool::ObjectPool` (`alloc`) |
//! | remember the results used last, exactly | from one place | [`cache::LruCache`] |
//! | | and have them end exactly, those that are over first | [`cache::TimedCache`] |
//! | | from several threads | `cache::Shared` around one of them (`alloc`) |
//! | share results between threads, or with interrupts | the number is known | [`cache::StaticCache`] |
//! | | in memory that you have | [`cache::LentCache`] |
//! | | the number is known at run time | `cache::HeapCache` (`alloc`) |
//! | have them end after some time | by a clock that you give | the same, made with [`cache::Expiring`] |
//! | read plain data without writing | keys and values are `Pod` | the same, made with [`cache::Words`] |
//! | say what time it is | in tests, or by a timer interrupt | [`time::ManualClock`] |
//!
//! # Promises
//!
//! - **Bounded.** A call on a pool or a concurrent cache takes a number of steps that its size bounds, also from an interrupt that stopped
//!   another call half-way. What can't be done now says so and gives the value back.
//! - **A stalled thread costs others at most what it holds.**
//! - **Never wrong.** A concurrent cache is, for each key, a map whose entries may vanish at any time: never an older value, another key's, or
//!   one whose time is over.
//! - **Nothing lost, nothing twice.** Every value put in is dropped or handed back exactly once, whatever panics.
//! - **Time is injected.** No type reads a clock that it was not given.
//! - **Static.** Fixed types have `const` constructors and are all zero, so that in a `static` they lie in `.bss`.
//!
//! # How it is verified
//!
//! Every protocol is modelled with loom, and stopped and interrupted at every one of its atomic accesses by a checker of this
//! crate's own; every structure is run against a plain model; every call of user code panics once in every place.
//! `docs/verification.md` has the list.

#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(not(larder_step))]
mod sync;
#[cfg(larder_step)]
#[doc(hidden)]
pub mod sync;

mod error;
pub mod key;
mod lifetime;
mod raw;
pub mod stats;
#[cfg(any(larder_loom, larder_step))]
#[doc(hidden)]
pub mod testing;
pub mod time;

mod fixed;
#[cfg(feature = "alloc")]
mod heap;

pub use error::{CapacityError, Exhausted, Rejected};

/// Pools: objects that are handed out, come back, and are reused.
pub mod pool {
    pub use crate::fixed::box_pool::{BoxPool, Drops, PoolBox};
    pub use crate::fixed::guard::Guard;
    pub use crate::fixed::pool::{ByDefault, Pool, Pooled, Recycle, Recycles};
    #[cfg(feature = "alloc")]
    pub use crate::heap::object_pool::{Hooks, ObjectPool, OwnedPooled};
}

/// Caches: results that are remembered, within bounds.
pub mod cache {
    pub use crate::fixed::cache::{Cache, LentCache, Removed, SetOf, StaticCache, Stored, Swept};
    pub use crate::fixed::entry::{CacheIter, Filled, Ref};
    pub use crate::fixed::lru::{Inserted, Iter, IterMut, LruCache};
    pub use crate::fixed::setup::{Config, Setup, Suits};
    pub use crate::fixed::timed::{TimedCache, TimedIter};
    #[cfg(feature = "alloc")]
    pub use crate::heap::cache::HeapCache;
    #[cfg(feature = "alloc")]
    pub use crate::heap::shared::{Exact, Shared};
    pub use crate::lifetime::{Expiring, ExpiringInSteps, Idling, Time, Timed, Untimed};
    #[cfg(feature = "alloc")]
    pub use crate::raw::heap::Heap;
    pub use crate::raw::memory::{Inline, Memory};
    pub use crate::raw::plain::{CellKind, Pinned, Words};
    pub use crate::raw::store::{Lent, Sets, Store};
    pub use crate::raw::width::{Ways, Width};
}

/// The README's code runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeTested;
