//! Where requests come from.

pub(crate) mod builtin;
mod open;
mod table;
pub(crate) mod text;
mod words;

use crate::failure::Broken;
use crate::options::Options;
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
    /// How many different keys there are.
    pub(crate) distinct: usize,
}

impl Trace {
    fn new(name: String, keys: Vec<u64>) -> Self {
        let distinct = keys.iter().collect::<HashSet<_, DefaultHash>>().len();
        Self { name, keys, distinct }
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
        let most = options.limit.unwrap_or(usize::MAX);
        let keys = match self {
            Self::BuiltIn => options.phases().keys(most),
            Self::Stdin => read(open::stdin(), options.format.unwrap_or(Format::Text), most, options)?,
            Self::File(path) => {
                let format = options.format.unwrap_or(open::Names::of(path).format);
                read(open::file(path)?, format, most, options)?
            }
        };
        if keys.is_empty() {
            Err(Broken::nowhere("there is no request in it"))
        } else {
            Ok(Trace::new(self.name(), keys))
        }
    }
}

fn read(bytes: open::Bytes, format: Format, most: usize, options: &Options) -> Result<Vec<u64>, Broken> {
    match format {
        Format::U64 => words::read(bytes, most),
        Format::Text => text::read(bytes, most, |_, line| text::key_of(line, options.column)),
        Format::Tsv => text::read(bytes, most, table::key_of),
    }
}
