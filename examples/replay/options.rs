//! The command line.

use crate::input::{Format, builtin::Phases, text::Column};
use crate::output::complain;
use crate::subject::{Kind, Kinds};
use crate::time::{self, Ttl};
use clap::{Parser, error::ErrorKind};
use core::time::Duration;
use larder::tracker::Thresholds;
use std::path::PathBuf;
use std::process::ExitCode;

/// The parts of the distinct keys that are tried if no capacity is given: from a cache that holds next to nothing to
/// one that is so big that a bigger one is seldom worth it.
const FRACTIONS: &str = "0.005,0.02,0.05,0.10,0.25";

/// So many threads are more than any machine has use for here.
const MOST_THREADS: i64 = 1024;

/// Replays recorded streams of requests through a cache and says how many of them it would have answered.
#[derive(Parser)]
#[command(
    name = "replay",
    about = "Replays a recorded stream of requests: how big a cache do I need, and what will it cost?",
    after_help = "Without a FILE, a built-in stream is replayed: requests that favour some keys, a scan, and a loop.\n\
        The exit code is 2 if something given could not be used, and 1 if the cache broke a promise."
)]
pub(crate) struct Options {
    /// The streams to replay, one after the other; - is standard input.
    ///
    /// The name tells the format: .u64 is 8 bytes a key, little-endian; .tsv has the columns time, key, size and ttl;
    /// anything else is text with a key on each line. If .zst or .gz follows, the file is decompressed while it is read.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Reads all files and standard input in this format, whatever their names say.
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Takes the key of a text line from this column, counted from 1.
    ///
    /// Columns are separated by tabs if the line has one, else by any white space. Without this option the whole
    /// line is the key.
    #[arg(long, value_name = "N", value_parser = column)]
    pub(crate) column: Option<Column>,

    /// Reads no more than this many requests of each stream.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    limit: Option<usize>,

    /// The kinds of cache to try.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "lru", value_name = "KIND,...")]
    cache: Vec<Kinds>,

    /// Splits the stream among so many threads that share one cache; only for kinds that can be shared.
    ///
    /// A thread takes a block of requests and comes back for the next one, so they all are at about the same place of the stream.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: u16,

    /// Lets entries live this many seconds, or as long as the request that stores them says; only for kinds that keep time.
    ///
    /// Time is that of the stream, from the column time of a .tsv. With `own` an entry lives for the seconds in the column ttl, or
    /// until it is thrown out if there is nothing.
    #[arg(long, value_name = "SECONDS|own", value_parser = ttl)]
    pub(crate) ttl: Option<Ttl>,

    /// The capacities to try, in entries.
    #[arg(long, value_delimiter = ',', value_name = "N,...", value_parser = at_least_one, conflicts_with = "fraction")]
    pub(crate) capacity: Vec<usize>,

    /// The capacities to try, as parts of the number of distinct keys; rounded down, but at least one entry.
    #[arg(long, value_delimiter = ',', value_name = "F,...", value_parser = fraction, default_value = FRACTIONS)]
    pub(crate) fraction: Vec<f64>,

    /// The size of the buffer that is cached for each key, in bytes.
    #[arg(long, value_name = "BYTES", default_value = "64", value_parser = clap::value_parser!(u32).range(..=16 << 20))]
    pub(crate) buffer_size: u32,

    /// When the tracker of the buffers is swept: a young sweep after so many more buffers, a middle one after so many young ones,
    /// an old one after so many middle ones; 0 is never.
    #[arg(long, value_name = "YOUNG,MIDDLE,OLD", default_value = "700,10,10", value_parser = thresholds)]
    pub(crate) thresholds: Thresholds,

    /// Prints one JSON object a line instead of tables.
    #[arg(long)]
    pub(crate) json: bool,

    /// Draws the hit ratio over the capacity into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,

    /// How many requests the built-in stream has.
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = at_least_one, conflicts_with = "files")]
    requests: usize,

    /// Where the built-in stream's random numbers start; the same seed gives the same stream.
    #[arg(long, value_name = "N", default_value = "1", conflicts_with = "files")]
    seed: u64,
}

impl Options {
    /// What the built-in stream is made from.
    pub(crate) fn phases(&self) -> Phases {
        Phases { requests: self.requests, seed: self.seed }
    }

    /// How many requests of a stream are read at most.
    pub(crate) fn most(&self) -> usize {
        self.limit.unwrap_or(usize::MAX)
    }

    /// The kinds of cache to try, each once.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for kind in self.cache.iter().flat_map(Kinds::each) {
            if !kinds.contains(kind) {
                kinds.push(*kind);
            }
        }
        kinds
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads.into()
    }

    /// What one option asks of a kind of cache that another option names, and which that can't do.
    fn contradiction(&self) -> Option<String> {
        let kinds = self.kinds();
        let unfit = |fits: fn(Kind) -> bool| kinds.iter().find(|&&kind| !fits(kind)).map(|kind| kind.name());
        if let Some(name) = unfit(Kind::is_shared).filter(|_| self.threads > 1) {
            return Some(format!(
                "--threads {}: the cache '{name}' is for one thread at a time",
                self.threads
            ));
        }
        let name = unfit(Kind::keeps_time).filter(|_| self.ttl.is_some())?;
        Some(format!("--ttl: entries of the cache '{name}' do not end"))
    }

    /// The capacities to try on a stream with that many distinct keys.
    pub(crate) fn capacities(&self, distinct: usize) -> Vec<usize> {
        if !self.capacity.is_empty() {
            return self.capacity.clone();
        }
        let mut capacities: Vec<usize> = self.fraction.iter().map(|&part| part_of(distinct, part)).collect();
        // In a short stream several parts are the same number of entries.
        capacities.dedup();
        capacities
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a number of keys that fit in memory, and not negative"
)]
fn part_of(distinct: usize, part: f64) -> usize {
    // Decimal fractions are not exact: without the addition, 0.29 of 100 would be 28.
    ((distinct as f64 * part + 1e-6) as usize).max(1)
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("not a whole number".into()),
    }
}

fn column(text: &str) -> Result<Column, String> {
    at_least_one(text).map(Column)
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(part) if part > 0.0 && part <= 1.0 => Ok(part),
        _ => Err("it must be a number above 0 and up to 1".into()),
    }
}

fn thresholds(text: &str) -> Result<Thresholds, String> {
    let numbers: Result<Vec<u32>, _> = text.split(',').map(str::parse).collect();
    match numbers.as_deref() {
        Ok(&[young, middle, old]) => Ok(Thresholds::new(young, middle, old)),
        _ => Err("it must be three whole numbers, separated by commas".into()),
    }
}

fn ttl(text: &str) -> Result<Ttl, String> {
    if text == "own" {
        return Ok(Ttl::Own);
    }
    let nanoseconds = time::nanoseconds(text.as_bytes()).ok_or("it must be a number of seconds, or own")?;
    Ok(Ttl::Of(Duration::from_nanos(nanoseconds)))
}

/// Reads the command line. If there is nothing to do or nothing that can be done, it has said why.
pub(crate) fn from_command_line() -> Result<Options, ExitCode> {
    let options = Options::try_parse().map_err(|error| {
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            // Whoever asked may have closed the pipe already.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        complain(&one_line(&error.to_string()));
        ExitCode::from(2)
    })?;
    match options.contradiction() {
        None => Ok(options),
        Some(line) => {
            complain(&line);
            Err(ExitCode::from(2))
        }
    }
}

/// What clap says in several lines, without its advice on how to call for help.
fn one_line(message: &str) -> String {
    let said = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let told =
        said.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let words: Vec<&str> = told.collect();
    words.join("; ").trim_start_matches("error: ").to_owned()
}
