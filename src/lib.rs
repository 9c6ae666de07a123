//! The memory a program holds on to: pools that reuse objects, caches that remember results, functions that do, a tracker that knows
//! which resources live and cleans up the rest, and managers that name and watch all of them.
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
//! | be told where what a pool lacks was acquired | in any of the three | the same, with the recorder [`stats::Placed`] |
//! | try again what failed: a pool had none left | so often, with such waits, by your clock | [`pool::RetryPolicy`] |
//! | wait when a pool has none left, until something comes back | in a task, or (`std`) a thread | [`pool::Waiting`] around it |
//! | remember the results used last, exactly | from one place | [`cache::LruCache`] |
//! | | and have them end exactly, those that are over first | [`cache::TimedCache`] |
//! | | from several threads | `cache::Shared` around one of them (`alloc`) |
//! | share results between threads, or with interrupts | the number is known | [`cache::StaticCache`] |
//! | | in memory that you have | [`cache::LentCache`] |
//! | | the number is known at run time | `cache::HeapCache` (`alloc`) |
//! | have them end after some time | by a clock that you give | the same, made with [`cache::Expiring`] |
//! | read plain data without writing | keys and values are `Pod` | the same, made with [`cache::Words`] |
//! | know which resources are alive, and clean up the rest | the number is known | [`tracker::Tracker`] |
//! | | the number is known at run time | `tracker::HeapTracker` (`alloc`) |
//! | let a function remember its results | | [`memoize!`] |
//! | compute what is asked for and not known | in a cache of your choice | [`memo::Memo`] |
//! | | once, while others wait for it | the same, with `memo::SingleFlight` (`std`) |
//! | have all of these kept in order | by a thread | `maintain::Janitor` (`std`) |
//! | | by a task, or a main loop | [`maintain::tend`], [`maintain::Maintain`] |
//! | name them, clean all up, and hear what goes wrong | pools, trackers and caches | `manager::MemoryManager` (`alloc`) |
//! | | caches alone | `manager::CacheManager` (`alloc`) |
//! | | without a heap | [`manager::Registry`] |
//! | see what there is | as a table, as text for Prometheus, by serde | [`watch::Snapshot`] |
//! | let memory go when it runs short | | [`watch::Pressure`] |
//! | say what time it is | in tests, or by a timer interrupt | [`time::ManualClock`] |
//! | | by the operating system, or in a browser | `time::StdClock` (`std`, `web-time`) |
//! | | by the same and the processor's counter, for half of that | `time::CounterClock` (`std`) |
//! | | by its kernel's last tick, for a few loads | `time::TickClock` (`std`) |
//! | | by any of these, for the price of a load | [`time::CoarseClock`] |
//!
//! # With other crates
//!
//! | feature | what it adds |
//! |---|---|
//! | `defmt` | `watch::defmt_event`, for a listener that tells a board's logger; `Format` for events, readings, [`tracker::Id`], [`time::Instant`] and errors |
//! | `log` | `watch::log_event`, for a listener that tells the program's logger |
//! | `serde` | `Serialize` for all that is in [`watch::Snapshot`], `Deserialize` too for [`tracker::Thresholds`] and [`tracker::Id`] |
//!
//! # Promises
//!
//! - **Bounded.** A call on a pool, a concurrent cache or a tracker takes a number of steps that its size bounds, also from an interrupt that stopped
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

mod dice;
mod error;
mod id;
pub mod key;
mod lifetime;
mod maintenance;
mod raw;
mod retry;
// Named after its file, whose name the public module needs.
#[path = "stats.rs"]
mod stats_base;
#[cfg(any(larder_loom, larder_step))]
#[doc(hidden)]
pub mod testing;
#[cfg(all(any(larder_loom, larder_step), feature = "std", target_has_atomic = "64"))]
#[doc(hidden)]
pub mod testing_course;
// Named after its folder, whose name the public module needs.
#[path = "time/mod.rs"]
mod time_base;

mod fixed;
#[cfg(feature = "alloc")]
mod heap;
#[cfg(feature = "std")]
mod hosted;
mod interop;

pub use error::{CapacityError, Exhausted, NameError, NameProblem, Rejected};

/// Pools: objects that are handed out, come back, and are reused.
pub mod pool {
    pub use crate::fixed::box_pool::{BoxPool, Drops, PoolBox};
    pub use crate::fixed::guard::Guard;
    pub use crate::fixed::held::Held;
    pub use crate::fixed::pool::{ByDefault, Pool, Pooled, Recycle, Recycles};
    pub use crate::fixed::waiting::{Awaited, AwaitedBox, AwaitedPooled, Waitable, WaitableObjects, Waiting};
    #[cfg(feature = "alloc")]
    pub use crate::heap::object_pool::{Hooks, ObjectPool, OwnedPooled};
    #[cfg(feature = "alloc")]
    pub use crate::heap::waiting::AwaitedOwned;
    pub use crate::retry::RetryPolicy;
}

/// Caches: results that are remembered, within bounds.
pub mod cache {
    pub use crate::fixed::cache::{Cache, LentCache, Removed, SetOf, StaticCache, Stored, Swept};
    pub use crate::fixed::entry::{CacheIter, Filled, Ref};
    pub use crate::fixed::exact::Exact;
    pub use crate::fixed::lru::{Inserted, Iter, IterMut, LruCache};
    pub use crate::fixed::setup::{Config, Setup, Suits};
    pub use crate::fixed::timed::{TimedCache, TimedIter};
    #[cfg(feature = "alloc")]
    pub use crate::heap::cache::HeapCache;
    #[cfg(feature = "alloc")]
    pub use crate::heap::shared::Shared;
    pub use crate::lifetime::{Expiring, ExpiringInSteps, Idling, Time, Timed, Untimed};
    #[cfg(feature = "alloc")]
    pub use crate::raw::heap::Heap;
    pub use crate::raw::memory::{Inline, Memory};
    pub use crate::raw::plain::{CellKind, Pinned, Words};
    pub use crate::raw::store::{Lent, Sets, Store};
    pub use crate::raw::width::{Ways, Width};
}

/// Maintenance: what is done now and then, and who does it.
pub mod maintain {
    #[cfg(feature = "std")]
    pub use crate::hosted::janitor::Janitor;
    pub use crate::maintenance::{Maintain, Maintained, tend};
}

/// The tracker: which resources are alive, and who cleans up the rest.
pub mod tracker {
    pub use crate::fixed::cache::Removed;
    pub use crate::fixed::tracker::Tracker;
    pub use crate::fixed::tracker::handle::{Handle, WeakHandle};
    pub use crate::fixed::tracker::report::{Living, TrackerStats, TrackerSweep};
    pub use crate::fixed::tracker::setup::{
        DropOnly, EachItsOwn, Finalized, Finalizer, NoPlaces, Place, Places, Placing, Tracked, Tracking,
    };
    pub use crate::fixed::tracker::thresholds::Thresholds;
    #[cfg(feature = "alloc")]
    pub use crate::heap::tracker::{HeapTracker, OwnedElsewhere, OwnedHandle};
    pub use crate::id::{Id, ParseIdError};
    #[cfg(feature = "alloc")]
    pub use crate::raw::heap::Heap;
    pub use crate::raw::marks::Age;
    pub use crate::raw::memory::Inline;
    pub use crate::raw::tracked::{Owner, Slots};
}

/// Managers: pools, caches and trackers by name.
pub mod manager {
    pub use crate::error::{NameError, NameProblem};
    pub use crate::fixed::watch::registry::{AnyPart, Registry};
    #[cfg(feature = "alloc")]
    pub use crate::heap::by_name::NotPut;
    #[cfg(feature = "alloc")]
    pub use crate::heap::caches::{
        CacheManager, NamedConcurrent, NamedFunction, NamedLru, NamedMemo, NamedTimed,
    };
    #[cfg(feature = "alloc")]
    pub use crate::heap::manager::{MemoryManager, NamedHandle, NamedObject, NamedPool, NamedTracker};
    #[cfg(feature = "alloc")]
    pub use crate::heap::memoized::Memoized;
    #[cfg(feature = "alloc")]
    pub use crate::heap::resources::{Resource, Resources, WhenGone};
}

/// Watching: what each part of a program's memory looks like, and what is done when there is little of it.
pub mod watch {
    pub use crate::fixed::watch::event::Event;
    pub use crate::fixed::watch::open_metrics::{OPEN_METRICS_CONTENT_TYPE, OpenMetrics};
    pub use crate::fixed::watch::part::{Cleanup, InUse, Part, Pressure, Relief};
    pub use crate::fixed::watch::reading::{CacheKind, CacheReading, PoolReading, Reading, TrackerReading};
    pub use crate::fixed::watch::snapshot::{Line, Snapshot};
    #[cfg(feature = "defmt")]
    pub use crate::interop::defmt::defmt_event;
    #[cfg(feature = "log")]
    pub use crate::interop::log::log_event;
}

pub mod stats {
    //! Counting, for those who ask for it.
    //!
    //! Whether a concurrent structure counts is a type parameter, its *recorder*: [`Off`] costs nothing at all, [`Shared`]
    //! costs a few atomic additions on one cache line, and [`Striped`] on one of several; [`Placed`] also remembers where what is out of a
    //! pool was acquired. Structures that are used through `&mut` always count, since there it costs an addition to memory that is at hand.

    pub use crate::raw::place::Placed;
    pub use crate::stats_base::{
        CacheRecorder, CacheStats, End, Mark, Off, PoolCounter, PoolRecorder, PoolStats, Shared, Striped,
    };
}

pub mod time {
    //! Time that is handed in: clocks, points in time, and the one comparison that decides what has expired.
    //!
    //! Nothing in this crate reads a clock that it was not given. A [`Clock`] counts ticks since a start of its own choice
    //! and says how many make a second; an [`Instant`] is such a count; a [`Deadline`] is the instant from which on
    //! something no longer holds. [`ManualClock`] stands until it is told to move, which is what tests want, and what
    //! firmware wants whose timer interrupt is the clock. `StdClock` (feature `std`) is the operating system's,
    //! `CounterClock` the same, carried on by the processor's counter, `TickClock` the same as of the kernel's last tick, and
    //! [`CoarseClock`] makes any clock cheap to read.
    //!
    //! ```
    //! use core::time::Duration;
    //! use larder::time::{Clock, Deadline, ManualClock};
    //!
    //! static CLOCK: ManualClock<1_000> = ManualClock::new(); // a tick is a millisecond
    //!
    //! let deadline = Deadline::after(&CLOCK, Duration::from_millis(250));
    //! CLOCK.advance(Duration::from_millis(249));
    //! assert!(!deadline.has_passed(CLOCK.now()));
    //! CLOCK.advance(Duration::from_millis(1));
    //! assert!(deadline.has_passed(CLOCK.now()));
    //! ```
    //!
    //! # What a clock may do wrong
    //!
    //! A clock is monotonic by contract, but nothing breaks if it is not: all arithmetic here saturates, a clock that goes
    //! backward makes things live longer and never panics, and one that stands at either end of its range expires nothing
    //! that has no deadline.

    #[cfg(all(
        feature = "std",
        any(feature = "web-time", not(all(target_family = "wasm", target_os = "unknown")))
    ))]
    pub use crate::hosted::counter_clock::CounterClock;
    #[cfg(all(
        feature = "std",
        any(feature = "web-time", not(all(target_family = "wasm", target_os = "unknown")))
    ))]
    pub use crate::hosted::std_clock::StdClock;
    #[cfg(all(
        feature = "std",
        any(feature = "web-time", not(all(target_family = "wasm", target_os = "unknown")))
    ))]
    pub use crate::hosted::tick_clock::TickClock;
    pub use crate::time_base::{Clock, CoarseClock, Deadline, Instant, ManualClock};
}

/// Memoization: results of computations, each made when it is first asked for.
pub mod memo {
    pub use crate::fixed::memo::{
        Age, Callers, EachComputes, Exclusive, Keeper, Memo, Remembers, StaticMemo,
    };
    #[cfg(feature = "std")]
    pub use crate::hosted::flight::SingleFlight;

    /// What `memoize!` is made of.
    #[doc(hidden)]
    pub mod macros {
        pub use crate::fixed::arguments::{
            Arg, Args, ByValue, DEFAULT_CAPACITY, Everything, OnlySome, Outcome, Whole,
        };
        #[cfg(feature = "std")]
        pub use crate::hosted::memoize::Memos;
        pub use crate::key::ToKey;
    }
}

#[cfg(not(feature = "std"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __memo_of_its_own {
    ($($options:tt)*) => {
        ::core::compile_error!(
            "`memoize!`: without larder's feature `std` say which `memo` keeps the results"
        )
    };
}

/// The README's code runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeTested;

/// So does that of the page on managers.
#[cfg(doctest)]
#[doc = include_str!("../docs/managers.md")]
struct ManagersTested;
