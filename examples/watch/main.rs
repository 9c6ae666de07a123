//! What does the memory of a busy program look like, while it works?
//!
//! `watch` runs a program of a few threads that uses pools, caches and trackers with names, and shows them live in the terminal: a table
//! for each kind of part, drawn from the manager's snapshot; how the hit ratios went; and what the manager tells, like a pool
//! that was exhausted.
//!
//! ```text
//! cargo run --release --example watch                      live, until `q` is pressed
//! cargo run --release --example watch -- --frames 2        two frames as plain text, as it does without a terminal
//! cargo run --release --example watch -- --svg watch.svg   the last frame as a drawing
//! ```
//!
//! | key | what it does |
//! |---|---|
//! | `q` | quits |
//! | `p` | tells the manager that memory runs short: low, then high, then critical pressure |
//! | `c` | cleans everything up, whether it is due or not |
//! | space | lets the program rest, or go on |

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "as a program with std is written"
)]

mod drawing;
mod frames;
mod history;
mod log;
mod program;
mod screen;
mod view;

use clap::Parser;
use std::error::Error;
use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

/// Shows the pools, caches and trackers of a busy program while it works.
#[derive(Parser)]
#[command(name = "watch", after_help = "Keys: q quits, p is memory pressure, c cleans up, space pauses.")]
struct Options {
    /// Prints so many frames as plain text, and ends. Without a terminal it is one.
    #[arg(long, value_name = "N")]
    frames: Option<usize>,

    /// How many threads the program has.
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: u8,

    /// Where the program's random numbers start.
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,

    /// Draws the last frame into this file, and shows nothing live.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("watch: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let is_live = options.frames.is_none() && options.svg.is_none() && stdout().is_terminal();
    let program = program::Program::start(options.threads, options.seed, is_live)?;
    if is_live {
        return Ok(screen::show(&program)?);
    }
    let last = frames::print(&program, options.frames.unwrap_or(1))?;
    if let (Some(file), Some(frame)) = (&options.svg, last) {
        std::fs::write(file, drawing::svg(&frame)).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}
