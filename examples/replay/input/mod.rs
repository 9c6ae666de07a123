//! Where requests come from.

pub(crate) mod builtin;
mod open;
mod table;
pub(crate) mod text;
mod words;

use crate::failure::Broken;
use crate::options::Options;
use crate::time::{Timing, Ttl};
use larder::key::DefaultHash;
use std::collections::HashSet;
use std::path::Path;

/// How keys are written in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Format {
    /// Keys of 8 bytes each, little-endian.
    U64,
    /// Lines with a key each, or with a key in one column.
    Text,
    /// Lines with the columns time, key, size and ttl, separated by tabs.
    Tsv,
}

/// A stream of requests, in memory.
pub(crate) struct Trace {
    pub(crate) name: String,
    pub(crate) keys: Vec<u64>,
    /// Those of all requests, or none if time is of no interest.
    timings: Vec<Timing>,
    /// How many different keys there are.
    pub(crate) distinct: usize,
}

impl Trace {
    fn new(name: String, keys: Vec<u64>, timings: Vec<Timing>) -> Self {
        let distinct = keys.iter().collect::<HashSet<_, DefaultHash>>().len();
        Self { name, keys, timings, distinct }
    }

    /// A request's key and time.
    #[inline]
    pub(crate) fn request(&self, at: usize) -> (u64, Timing) {
        (self.keys[at], self.timings.get(at).copied().unwrap_or(Timing::NONE))
    }
}

/// What was given on the command line.
pub(crate) enum Source<'a> {
    BuiltIn,
    Stdin,
    File(&'a Path),
}

impl<'a> Source<'a> {
    /// All that the options name.
    pub(crate) fn all(options: &'a Options) -> Vec<Self> {
        let named = |path: &'a std::path::PathBuf| {
            if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path) }
        };
        if options.files.is_empty() { vec![Self::BuiltIn] } else { options.files.iter().map(named).collect() }
    }

    /// What messages call it.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::BuiltIn => "built-in".into(),
            Self::Stdin => "standard input".into(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// What reports call it: a file by its name alone, without what tells the format.
    fn name(&self) -> String {
        match self {
            Self::BuiltIn => "built-in".into(),
            Self::Stdin => "stdin".into(),
            Self::File(path) => open::Names::of(path).stem,
        }
    }

    /// Reads all of it, or as much as the options want.
    pub(crate) fn load(&self, options: &Options) -> Result<Trace, Broken> {
        let (keys, timings) = match self {
            Self::BuiltIn if options.ttl.is_some() => return Err(Broken::nowhere(TIMELESS)),
            Self::BuiltIn => (options.phases().keys(options.most()), Vec::new()),
            Self::Stdin => read(open::stdin(), options.format.unwrap_or(Format::Text), options)?,
            Self::File(path) => {
                let format = options.format.unwrap_or(open::Names::of(path).format);
                read(open::file(path)?, format, options)?
            }
        };
        if keys.is_empty() {
            return Err(Broken::nowhere("there is no request in it"));
        }
        if options.ttl == Some(Ttl::Own) && timings.iter().all(|timing| timing.until.is_never()) {
            return Err(Broken::nowhere("--ttl own: no request has a ttl"));
        }
        Ok(Trace::new(self.name(), keys, timings))
    }
}

/// Why entries can't end. (A time that was made up would make up the figures.)
const TIMELESS: &str = "--ttl: the requests have no time, which only those of a .tsv have";

/// The keys, and the times if they are wanted.
fn read(bytes: open::Bytes, format: Format, options: &Options) -> Result<(Vec<u64>, Vec<Timing>), Broken> {
    let most = options.most();
    let keys = match (format, options.ttl) {
        (Format::Tsv, Some(ttl)) => {
            let timed = text::read(bytes, most, |number, line| table::timed(number, line, ttl))?;
            return Ok(timed.into_iter().unzip());
        }
        (_, Some(_)) => return Err(Broken::nowhere(TIMELESS)),
        (Format::Tsv, None) => text::read(bytes, most, table::key_of)?,
        (Format::U64, None) => words::read(bytes, most)?,
        (Format::Text, None) => text::read(bytes, most, |_, line| text::key_of(line, options.column))?,
    };
    Ok((keys, Vec::new()))
}
