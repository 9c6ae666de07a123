//! Frames as plain text, for files, pipes, and tests.

use crate::history::LOOKS;
use crate::program::Program;
use crate::view::View;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use std::io::{self, Write};
use std::thread;

/// Columns and rows.
const SIZE: (u16, u16) = (100, 30);

/// Requests from one look to the next.
const STEP: u64 = 200;

/// Prints so many frames, each when the program has gone on for as many looks as it shows. Gives the last.
pub(crate) fn print(program: &Program, frames: usize) -> io::Result<Option<Buffer>> {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(SIZE.0, SIZE.1));
    let mut view = View::new();
    for _ in 0..frames {
        for _ in 0..LOOKS {
            let next = program.requests() + STEP;
            while program.requests() < next {
                thread::yield_now();
            }
            view.look(program);
        }
        let Ok(_) = terminal.draw(|frame| view.draw(frame, program));
        io::stdout().lock().write_all(text(terminal.backend().buffer()).as_bytes())?;
    }
    Ok((frames > 0).then(|| terminal.backend().buffer().clone()))
}

/// The lines of a frame.
fn text(frame: &Buffer) -> String {
    let rows = frame.content.chunks(frame.area.width.into());
    rows.map(|row| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned() + "\n").collect()
}
