//! What is to be seen of what is out of a pool.

use core::fmt;
use core::panic::Location;

/// An object that is out of its pool, as `held` of each pool lists it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Held {
    /// The number of its slot.
    pub slot: usize,
    /// The call that acquired it, if the pool's recorder remembers places ([`Placed`](crate::stats::Placed)). None also while it is just being made
    /// or given back.
    pub place: Option<&'static Location<'static>>,
}

impl Held {
    pub(crate) const fn new((slot, place): (usize, Option<&'static Location<'static>>)) -> Self {
        Self { slot, place }
    }
}

/// As a line of text.
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {} is held", self.slot)?;
        match self.place {
            Some(place) => write!(f, ", acquired at {place}"),
            None => Ok(()),
        }
    }
}
