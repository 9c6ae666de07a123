//! A frame as a drawing (SVG): the terminal's cells in their colours.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write;

/// Pixels of a cell, and around all of them.
const CELL: (usize, usize) = (8, 17);
const MARGIN: usize = 12;

const PAPER: &str = "#16181d";
const INK: &str = "#d7dae0";

pub(crate) fn svg(frame: &Buffer) -> String {
    let [columns, rows] = [frame.area.width, frame.area.height].map(usize::from);
    let (width, height) = (columns * CELL.0 + 2 * MARGIN, rows * CELL.1 + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-size=\"13\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for (number, row) in frame.content.chunks(columns).enumerate() {
        let mut column = 0;
        for run in row.chunk_by(|one, other| one.style() == other.style()) {
            draw(&mut svg, run, MARGIN + column * CELL.0, MARGIN + number * CELL.1);
            column += run.len();
        }
    }
    svg + "</svg>\n"
}

/// Draws neighbours that look alike, at the place of their upper left corner.
fn draw(svg: &mut String, run: &[Cell], x: usize, y: usize) {
    let text: String = run.iter().map(Cell::symbol).collect();
    let width = run.len() * CELL.0;
    let height = CELL.1;
    // Writing to a string does not fail.
    if let Some(paper) = colour(run[0].bg) {
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>"
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let ink = colour(run[0].fg).unwrap_or(INK);
    let weight = if run[0].modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let faint = if run[0].modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let base = y + 13;
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{base}\" textLength=\"{width}\" xml:space=\"preserve\" fill=\"{ink}\"{weight}{faint}>{text}</text>"
    );
}

fn colour(colour: Color) -> Option<&'static str> {
    Some(match colour {
        Color::Black => PAPER,
        Color::Red => "#e5616b",
        Color::Green => "#7fbf6a",
        Color::Yellow => "#e0b04c",
        Color::Blue => "#5ea1ee",
        Color::Cyan => "#4fc1c9",
        Color::DarkGray => "#565c68",
        _ => return None,
    })
}
