//! Looks: who reads a slot without a pin, said where nobody else writes.
//!
//! A pin is a write to the slot's own line of the processor's cache, which then has to come from whoever pinned it last. A *look* is
//! announced in a cell of the reader's own line instead: the reader writes the slot's number there, **then** reads the slot's word,
//! and uses what is in the slot if that lets him. Whoever ends that changes the word, **then** reads the cells, and leaves the slot
//! as it is if one has its number. Both are in the one order of all sequentially consistent accesses, so one of the two sees the
//! other (Dekker's rule, as in Michael's hazard pointers, 2004):
//!
//! | reader | who ends it |
//! |---|---|
//! | `used` has my line's bit (load, or addition) | word: not to be looked at any more (exchange, addition or store) |
//! | cell: 0 to number (exchange) | `used` (load) |
//! | word (load): may I look? | cells of the used lines (loads): number? |
//!
//! A look holds its slot as a pin does, but whoever ends the value does not wait for it. A tracked resource dies, and is finalized when the
//! look is over; what becomes of a cached value [`word`](super::word) tells. A line has cells for looks within looks, and for threads that
//! share it; if all are in use, the reader pins.

#![expect(clippy::inline_always, reason = "parts of a hit, see `word`")]

use super::looks::{Look, Looks};
use crate::sync::{AtomicU32, Line, Ordering, spread_over};

/// Lines that looks are announced in: so many that each of so many threads has one. Not more than a word of `used` has bits.
pub(super) const LINES: usize = 32;

/// Cells of a line: for looks within looks, and a second thread.
const CELLS: usize = 4;

/// Lines of cells.
pub struct LookLines {
    /// A bit for each line that was ever used, so that nobody looks at the others.
    used: AtomicU32,
    lines: [LookLine; LINES],
}

/// The number by which a slot is known in cells: never 0. Two slots may have the same; then a look at one is one at both.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(u32);

impl Number {
    const SOME: u32 = 1 << 31;

    #[inline]
    const fn of_index(index: u32) -> Self {
        Self(index | Self::SOME)
    }

    /// Of a slot by its place in memory.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "slots that far apart may have the same")]
    pub(super) fn of_place<T>(place: &T) -> Self {
        Self::of_index((core::ptr::from_ref(place).addr() / align_of::<T>()) as u32)
    }
}

/// Each cell has the number of a slot; 0 is none.
struct LookLine {
    cells: [AtomicU32; CELLS],
    _line: [Line; 0],
}

impl Looks for LookLines {
    const NEW: Self = Self {
        used: AtomicU32::new(0),
        lines: [const { LookLine { cells: [const { AtomicU32::new(0) }; CELLS], _line: [] } }; LINES],
    };

    #[inline]
    fn announce(&self, index: u32) -> Option<Look<'_>> {
        self.look(Number::of_index(index))
    }

    #[inline]
    fn is_watched(&self, index: u32) -> bool {
        self.watches(Number::of_index(index))
    }

    fn show(&self) {
        // Relaxed: for nothing else.
        let _ = self.used.load(Ordering::Relaxed);
        for cell in self.lines.iter().flat_map(|line| &line.cells) {
            // Relaxed: as above.
            let _ = cell.load(Ordering::Relaxed);
        }
    }
}

impl LookLines {
    /// The line of this thread.
    #[inline(always)]
    pub(super) fn line(&self) -> usize {
        spread_over(self.lines.len())
    }

    /// Whether nobody has ever used another line than the caller's, which counts as used from now on.
    #[inline(always)]
    pub(super) fn are_mine_alone(&self) -> bool {
        let mine = 1 << self.line();
        // Relaxed: only to choose. Who announces a look here later finds the line marked by a load in the one order; so whoever does not find
        // it there has asked before.
        let used = self.used.load(Ordering::Relaxed);
        used == mine || (used & mine == 0 && self.used.fetch_or(mine, Ordering::Relaxed) == 0)
    }

    /// Marks a line as used.
    #[inline(always)]
    fn mark(&self, line: usize) {
        // SeqCst, both: before the announcement that follows, in the one order.
        if self.used.load(Ordering::SeqCst) & 1 << line == 0 {
            self.used.fetch_or(1 << line, Ordering::SeqCst);
        }
    }

    /// Announces a look, if there is a cell for it.
    #[inline(always)]
    pub(super) fn look(&self, number: Number) -> Option<Look<'_>> {
        let line = self.line();
        self.mark(line);
        let [first, others @ ..] = &self.lines[line].cells;
        // Mostly it is the only one of its line.
        if let Some(look) = announce(first, number) { Some(look) } else { announce_in_one(others, number) }
    }

    /// Whether somebody looks, for who has changed the slot's word.
    #[inline]
    pub(super) fn watches(&self, number: Number) -> bool {
        self.watches_alone(number).unwrap_or_else(|| self.some_watch(number))
    }

    /// The same if one line at most was ever used, as it is where one thread is.
    #[inline(always)]
    pub(super) fn watches_alone(&self, number: Number) -> Option<bool> {
        // SeqCst: after the change of the word, in the one order.
        let used = self.used.load(Ordering::SeqCst);
        let first = used.trailing_zeros() as usize;
        if used & used.wrapping_sub(1) != 0 {
            return None;
        }
        Some(self.lines.get(first).is_some_and(|line| line.has(number)))
    }

    #[inline(never)]
    fn some_watch(&self, number: Number) -> bool {
        // SeqCst: as in `watches_alone`.
        let used = self.used.load(Ordering::SeqCst);
        let lines = self.lines.iter().enumerate().filter(|(line, _)| used >> line & 1 != 0);
        // Without an end at the first that has it, so that all of them are fetched at once.
        lines.fold(false, |found, (_, line)| found | line.has(number))
    }

    /// For tests: as if another thread had used its line.
    pub(crate) fn share(&self) {
        // SeqCst: as in `mark`.
        self.used.fetch_or(1 << (LINES - 1), Ordering::SeqCst);
    }
}

impl LookLine {
    /// Whether one of its cells has this number. All are read, whatever is found: without a branch for each.
    #[inline(always)]
    fn has(&self, number: Number) -> bool {
        // SeqCst: as in `watches`. It acquires what the look's end released: it has read.
        self.cells.iter().fold(false, |found, cell| found | (cell.load(Ordering::SeqCst) == number.0))
    }
}

#[inline(always)]
fn announce(cell: &AtomicU32, number: Number) -> Option<Look<'_>> {
    // SeqCst: before the reader's look at the word, in the one order. Relaxed: who finds the cell in use takes another.
    match cell.compare_exchange(0, number.0, Ordering::SeqCst, Ordering::Relaxed) {
        // (Not `then_some`, which would make a look of somebody else's cell, and end it.)
        Ok(_) => Some(Look(cell)),
        Err(_) => None,
    }
}

#[cold]
#[inline(never)]
fn announce_in_one(cells: &[AtomicU32], number: Number) -> Option<Look<'_>> {
    cells.iter().find_map(|cell| announce(cell, number))
}
