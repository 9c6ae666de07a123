//! Every operation stopped at every one of its atomic accesses: by an interrupt, by an interrupt that is interrupted, by a
//! stall that never ends, by two such stalls.
//!
//! ```text
//! RUSTFLAGS="--cfg larder_step" cargo test --release --test step
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `matrix` | the ways to stop an operation, and the count of the positions at which it was stopped |
//! | `ledger` | objects that notice how they are used |
//! | `pools` | what all pools promise |
//! | `box_pool`, `pool`, `object_pool`, `waiting`, `cache`, `tracker`, `clock`, `course` | the operations |
//! | `costs` | what an operation costs where nobody else is: each atomic access, by kind |
//! | `checker`, `wrong` | the check of the check: what the checker does, and that it finds protocols that are wrong |
//!
//! Without `--cfg larder_step` there is nothing here.

#![cfg(larder_step)]

extern crate alloc;

mod ledger;
mod matrix;
mod pools;

mod box_pool;
mod cache;
mod checker;
mod clock;
mod costs;
mod course;
mod object_pool;
mod pool;
mod tracker;
mod waiting;
mod wrong;
