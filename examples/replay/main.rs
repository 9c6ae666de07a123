//! How big a cache do I need, and what will it cost?
//!
//! `replay` answers this for a recorded stream of requests. Each request looks its key up in a cache. A miss takes a
//! buffer from a pool, fills it and puts it in; an eviction drops the buffer's handle, and a tracker gives it back to the pool.
//! For every stream, kind of cache and capacity it says how many requests hit, how long one took, how much memory
//! that is, how many buffers were out at once, and that none was lost. Caches that can be shared may be replayed by several threads, and with
//! `--ttl` entries end, by the time that the stream itself tells.
//!
//! ```text
//! cargo run --release --example replay                                    a built-in stream
//! cargo run --release --example replay -- --column 7 access.log           one column of a log
//! cargo run --release --example replay -- --capacity 1000,5000 --svg curve.svg keys.u64.zst
//! cargo run --release --example replay -- --cache all                     every kind of cache side by side
//! cargo run --release --example replay -- --cache concurrent --threads 4 keys.u64.zst
//! cargo run --release --example replay -- --cache timed,concurrent --ttl own requests.tsv.gz
//! ```
//!
//! The exit code is 0; or 2 if an input or an option was bad, after all other inputs were replayed; or 1 if the cache
//! or the pool did not keep what it promises, which is a bug of theirs.

extern crate alloc;

mod axis;
mod buffers;
mod chart;
mod check;
mod failure;
mod input;
mod options;
mod output;
mod progress;
mod report;
mod run;
mod session;
mod subject;
mod time;

use std::process::ExitCode;

fn main() -> ExitCode {
    match options::from_command_line() {
        Ok(options) => session::run(&options),
        Err(code) => code,
    }
}
