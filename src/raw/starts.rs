//! Where searches for a free slot begin: elsewhere for each of some threads.
//!
//! A thread takes what it had last, or else something near to it. So the slots of one thread lie together, and it mostly finds in its
//! own cache what it takes and gives. A start may be late or wrong, and nothing depends on it but the length of a search.

use super::width::Blank;
use crate::sync::{AtomicU32, Line, Ordering, spread_over};

/// Where the search of some threads begins. All zero is their home.
pub struct Start {
    /// The place, less their home.
    from_home: AtomicU32,
    _line: [Line; 0],
}

impl Blank for Start {
    const BLANK: Self = Self { from_home: AtomicU32::new(0), _line: [] };
}

impl Start {
    /// Shows a checker the word.
    pub(super) fn show(&self) {
        // Relaxed: for nothing else.
        let _ = self.from_home.load(Ordering::Relaxed);
    }
}

/// One of the starts: this thread's.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    start: &'a Start,
    home: usize,
    places: usize,
}

impl<'a> Here<'a> {
    /// Of so many places.
    #[inline]
    pub(super) fn new(starts: &'a [Start], places: usize) -> Self {
        let which = if starts.len() == 1 { 0 } else { spread_over(starts.len()) };
        Self { start: &starts[which], home: which * places / starts.len(), places }
    }

    /// Where these threads begin if nothing tells them another place.
    #[inline]
    pub(super) const fn home(self) -> usize {
        self.home
    }

    #[inline]
    pub(super) fn get(self) -> usize {
        // Relaxed: only a hint.
        let at = self.start.from_home.load(Ordering::Relaxed) as usize + self.home;
        if at < self.places { at } else { at.saturating_sub(self.places) }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "there are at most MOST slots")]
    pub(super) fn set(self, at: usize) {
        let from_home = if at < self.home { at + self.places - self.home } else { at - self.home };
        // Relaxed: only a hint.
        self.start.from_home.store(from_home as u32, Ordering::Relaxed);
    }
}
