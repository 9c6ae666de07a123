//! What can go wrong from outside, said in one line.

use core::fmt;
use std::io;

/// How a run ended, from good to bad: one stands for all if several things happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Good,
    /// Something given from outside could not be used.
    BadInput,
    /// The cache or the pool did not keep a promise.
    BrokenPromise,
}

impl Ending {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::BadInput => 2,
            Self::BrokenPromise => 1,
        }
    }
}

/// Where in a file.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// So many bytes from the start, of what the file holds once it is decompressed.
    Byte(usize),
    /// Counted from 1.
    Line(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(offset) => write!(f, "byte {offset}"),
            Self::Line(number) => write!(f, "line {number}"),
        }
    }
}

/// Why a stream can't be read on, and where.
pub(crate) struct Broken {
    pub(crate) place: Option<Place>,
    pub(crate) why: String,
}

impl Broken {
    pub(crate) fn at(place: Place, why: impl Into<String>) -> Self {
        Self { place: Some(place), why: why.into() }
    }

    pub(crate) fn nowhere(why: impl Into<String>) -> Self {
        Self { place: None, why: why.into() }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::nowhere(error.to_string())
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{place}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}
