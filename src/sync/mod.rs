//! The one switch: which atomics the crate runs on.
//!
//! Everything above this folder imports from here and never knows which of the four it got:
//!
//! | backend | chosen by | what it is |
//! |---|---|---|
//! | `native` | nothing | `core::sync::atomic` |
//! | `portable` | feature `portable-atomic` | the portable-atomic crate, for targets without compare-and-swap |
//! | `model` | `--cfg larder_loom` | loom, which tries every interleaving and every allowed reordering |
//! | `step` | `--cfg larder_step` | `native` behind a hook, which tries an interrupt or a stall at every access |
//!
//! All four have the same `const` constructors, so nothing outside this folder needs a `cfg` for them. Two types hide whether the target
//! has 64-bit atomics: [`Ticks`], a count that is whole also where it takes two words, and [`AtomicWord`], the widest there is.

// The whole folder is the switch; this is the only place outside lib.rs that asks about features or targets, but for
// instructions that need `unsafe` and are not everywhere: `raw` chooses those.
#[cfg(all(not(feature = "portable-atomic"), not(target_has_atomic = "32")))]
compile_error!(
    "this target has no compare-and-swap: turn on larder's feature `portable-atomic`, and in the final binary one of \
     portable-atomic's backends (`critical-section` or `unsafe-assume-single-core`)"
);

#[cfg(all(larder_loom, larder_step))]
compile_error!("`larder_loom` and `larder_step` are two checkers: build with one of them");

#[cfg(not(any(larder_loom, larder_step, feature = "portable-atomic")))]
mod native;
#[cfg(not(any(larder_loom, larder_step, feature = "portable-atomic")))]
use native as backend;

#[cfg(all(feature = "portable-atomic", not(any(larder_loom, larder_step))))]
mod portable;
#[cfg(all(feature = "portable-atomic", not(any(larder_loom, larder_step))))]
use portable as backend;

#[cfg(larder_loom)]
mod model;
#[cfg(larder_loom)]
use model as backend;

#[cfg(larder_step)]
pub mod step;
#[cfg(larder_step)]
use step as backend;

#[cfg(feature = "alloc")]
pub(crate) mod catch;
#[cfg(feature = "alloc")]
pub(crate) mod lock;
#[cfg(feature = "std")]
mod locks;
pub(crate) mod lossy;
#[cfg(not(any(larder_loom, larder_step)))]
mod mirror;
mod patience;
pub(crate) mod pieces;
#[cfg(not(larder_loom))]
mod plain;
mod spread;
#[cfg(feature = "std")]
mod system;
pub(crate) mod ticks;
pub(crate) mod word;

pub(crate) use backend::{AtomicPtr, AtomicU8, AtomicU32, UnsafeCell, fence};
pub(crate) use core::sync::atomic::Ordering;
#[cfg(feature = "std")]
pub(crate) use locks::{Condvar, Mutex, Thread, ThreadId, park, this_thread};
pub(crate) use patience::{MOMENTS, PATIENCE, TURNS_TO_WATCH};
pub(crate) use spread::{spread, spread_from, spread_over};
#[cfg(feature = "std")]
#[allow(unused_imports, reason = "where the system has no clock nobody asks for it")]
pub(crate) use system::SystemInstant;
#[cfg(all(
    feature = "std",
    any(target_os = "linux", target_os = "android", target_os = "freebsd", target_vendor = "apple")
))]
pub(crate) use system::{EXACT_CLOCK, TICK_CLOCK};
pub(crate) use ticks::Ticks;
pub(crate) use word::{AtomicWord, Line, Quarter, Word};
