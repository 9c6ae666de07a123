//! Looks: who reads a slot without a pin, said where nobody else writes.
//!
//! A pin is a write to the slot's own line of the processor's cache, which then has to come from whoever pinned it last. A *look* is
//! announced in a cell of the reader's own line instead: the reader writes the slot's number there, **then** reads the slot's word,
//! and uses the resource if that is live. Whoever ends a resource changes the word, **then** reads the cells, and leaves the resource
//! where it is if one has its number. Both are in the one order of all sequentially consistent accesses, so one of the two sees the
//! other (Dekker's rule, as in Michael's hazard pointers, 2004):
//!
//! | reader | who ends it |
//! |---|---|
//! | `used` has my line's bit (load, or addition) | word: live to dead, or taken (exchange) |
//! | cell: 0 to number (exchange) | `used` (load) |
//! | word (load): live? | cells of the used lines (loads): number? |
//!
//! A look holds its slot as a pin does, but whoever ends the resource does not wait for it: it dies, and is finalized when the look
//! is over. A line has cells for looks within looks, and for threads that share it; if all are in use, the reader pins.

use super::looks::{Look, Looks};
use crate::sync::{AtomicU32, Line, Ordering, spread_over};

/// Lines that looks are announced in. Not more than a word of `used` has bits.
const LINES: usize = 16;

/// Cells of a line: for looks within looks, and a second thread.
const CELLS: usize = 4;

/// Lines of cells.
pub struct LookLines {
    /// A bit for each line that was ever used, so that nobody looks at the others.
    used: AtomicU32,
    lines: [LookLine; LINES],
}

/// Each cell has the number of a slot, and one more; 0 is none.
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
        let line = spread_over(LINES);
        // SeqCst, both: before the exchange below, in the one order.
        if self.used.load(Ordering::SeqCst) & 1 << line == 0 {
            self.used.fetch_or(1 << line, Ordering::SeqCst);
        }
        // SeqCst: before the reader's look at the word, in the one order. Relaxed: who finds the cell in use takes another.
        let take = |cell: &&AtomicU32| {
            cell.compare_exchange(0, index + 1, Ordering::SeqCst, Ordering::Relaxed).is_ok()
        };
        self.lines[line].cells.iter().find(take).map(Look)
    }

    #[inline]
    fn is_watched(&self, index: u32) -> bool {
        // SeqCst: after the change of the word, in the one order.
        let used = self.used.load(Ordering::SeqCst);
        used != 0 && self.is_announced(used, index)
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
    #[cold]
    fn is_announced(&self, used: u32, index: u32) -> bool {
        let lines = self.lines.iter().enumerate().filter(|(line, _)| used >> line & 1 != 0);
        // SeqCst: as in `is_watched`. It acquires what the look's end released: it has read.
        lines.flat_map(|(_, line)| &line.cells).any(|cell| cell.load(Ordering::SeqCst) == index + 1)
    }
}
