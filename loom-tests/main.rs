//! Models under loom: every interleaving of a few threads, and every value that a load may give under the memory model.
//!
//! ```text
//! RUSTFLAGS="--cfg larder_loom" cargo test --release --test loom
//! ```
//!
//! | file | what is modelled |
//! |---|---|
//! | `indices` | the allocator of indices, by itself |
//! | `box_pool`, `pool`, `object_pool` | the pools, with objects that watch how they are used |
//! | `recorder` | the shared counts beside a pool |
//! | `ticks` | the clock of two words |
//! | `course` | the clock that a counter carries on |
//! | `told` | what was told of a part, by several who look at it at once |
//! | `cache` | the concurrent cache: one set of one to three ways |
//! | `memo` | single flight: who computes a result, and who waits |
//! | `waiting` | pools that are waited for: nobody sleeps while an object is free |
//! | `tracker` | the tracker of one or two slots, inline and on the heap, where looks are announced |
//! | `wrong` | protocols that are wrong, which must be caught: the check of the check |
//!
//! A model's name tells the race. What is bounded says beside the bound why: most models of three threads, and of two
//! those that are long. Loom's objects are made when they are first accessed and want to be made before a second thread sees
//! them, so every model looks at all of its structure (`validate()`, or what its helper says) before it spawns.
//! Without `--cfg larder_loom` there is nothing here.

#![cfg(larder_loom)]
#![allow(clippy::arc_with_non_send_sync, reason = "loom's cell is not `Sync`: its threads take turns on one")]

extern crate alloc;

mod explore;
mod objects;

mod box_pool;
mod cache;
mod course;
mod indices;
mod memo;
mod object_pool;
mod pool;
mod recorder;
mod ticks;
mod told;
mod tracker;
mod waiting;
mod words;
mod wrong;
