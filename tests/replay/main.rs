//! The example `replay`: its figures on recorded streams, and what it does with what it is given.
//!
//! The figures need the recorded streams in `../shared/traces`. Where those are absent, the tests that need them say
//! so and pass.

#![cfg(all(feature = "std", not(any(larder_loom, larder_step, miri))))]

#[expect(dead_code, reason = "the memory that a cache takes is reported and not checked")]
#[path = "../../examples/replay/check.rs"]
mod check;
mod example;
mod figures;
mod files;
mod input;
mod output;
mod page;
mod promises;
mod sharing;
mod time;
