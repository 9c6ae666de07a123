//! All parts at a moment.

use super::part::Part;
use super::reading::Reading;
use core::ops::Deref;
use core::panic::Location;

/// What one part looks like, with its name.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Line<N> {
    /// The namespace of its name; empty if it has none.
    pub namespace: N,
    /// Its name.
    pub name: N,
    /// What it looks like.
    pub reading: Reading,
    /// How many bytes its objects, keys and values own elsewhere, if somebody said how that is found.
    pub payload: Option<usize>,
    /// Where one of those that are in use was acquired or put in, if the part remembers that: of what leaks, it is often the place. For all of
    /// them see [`Part::report`].
    pub in_use_at: Option<&'static Location<'static>>,
}

impl<N> Line<N> {
    /// A line, without the place of anything in use.
    pub const fn new(namespace: N, name: N, reading: Reading, payload: Option<usize>) -> Self {
        Self { namespace, name, reading, payload, in_use_at: None }
    }

    /// That of a part as it is now.
    pub(crate) fn of(namespace: N, name: N, part: &(impl Part + ?Sized), payload: Option<usize>) -> Self {
        Self { in_use_at: part.in_use_at(), ..Self::new(namespace, name, part.reading(), payload) }
    }

    /// All bytes of memory that are known of.
    pub fn bytes(&self) -> usize {
        self.reading.bytes().saturating_add(self.payload.unwrap_or(0))
    }
}

/// All parts at a moment: the lines, one for each, in the order of their names.
///
/// It is printed as a table by [`Display`](core::fmt::Display), and as text for monitoring systems by [`open_metrics`](Self::open_metrics).
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Snapshot<L> {
    lines: L,
}

impl<L> Snapshot<L> {
    /// Of these lines.
    pub const fn new(lines: L) -> Self {
        Self { lines }
    }

    /// The lines.
    pub fn into_lines(self) -> L {
        self.lines
    }
}

impl<N, L: Deref<Target = [Line<N>]>> Deref for Snapshot<L> {
    type Target = [Line<N>];

    fn deref(&self) -> &[Line<N>] {
        &self.lines
    }
}
