//! What a frame looks like.

use crate::history::{History, LOOKS};
use crate::program::Program;
use larder::stats::CacheStats;
use larder::tracker::Age;
use larder::watch::{CacheReading, Line, PoolReading, Reading, TrackerReading};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text;
use ratatui::text::Span;
use ratatui::widgets::{Block, BorderType, Cell, Paragraph, Row, Table, Wrap};
use std::sync::Arc;

type Part = Line<Arc<str>>;

/// Columns of a gauge's bar, and of a gauge.
const BAR: u8 = 11;
const GAUGE: usize = BAR as usize + 1;

/// What is seen, from one look to the next.
pub(crate) struct View {
    parts: Vec<Part>,
    history: History,
    requests: u64,
    /// Requests since the look before.
    news: u64,
}

impl View {
    pub(crate) fn new() -> Self {
        Self { parts: Vec::new(), history: History::default(), requests: 0, news: 0 }
    }

    /// Looks at everything.
    pub(crate) fn look(&mut self, program: &Program) {
        self.parts = program.memory().snapshot().into_lines();
        self.history.note(&self.parts);
        self.news = program.requests() - self.requests;
        self.requests += self.news;
    }

    pub(crate) fn draw(&self, frame: &mut Frame<'_>, program: &Program) {
        let tables = [self.pools(), self.caches(), self.trackers()];
        let height = |rows: usize| Constraint::Length(u16::try_from(rows + 3).unwrap_or(u16::MAX));
        let [head, pools, caches, trackers, events, keys] = Layout::vertical([
            Constraint::Length(1),
            height(tables[0].1),
            height(tables[1].1),
            height(tables[2].1),
            Constraint::Min(3),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        frame.render_widget(self.head(program), head);
        for ((table, _), area) in tables.into_iter().zip([pools, caches, trackers]) {
            frame.render_widget(table, area);
        }
        frame.render_widget(told(program, events), events);
        frame.render_widget(help(), keys);
    }

    fn head(&self, program: &Program) -> text::Line<'static> {
        let bytes = self.parts.iter().map(Line::bytes).sum();
        let sum = format!(
            "  {} parts, {}   {} requests, +{}",
            self.parts.len(),
            size(bytes),
            self.requests,
            self.news
        );
        let state = if program.is_paused() { "   paused".yellow().bold() } else { "".into() };
        text::Line::from(vec![" larder".cyan().bold(), sum.into(), state])
    }

    fn pools(&self) -> (Table<'static>, usize) {
        let columns = [
            ("in use", 9),
            ("", GAUGE),
            ("idle", 5),
            ("most", 5),
            ("acquired", 10),
            ("exhausted", 10),
            ("memory", 9),
        ];
        let rows = self.parts.iter().filter_map(|part| match part.reading {
            Reading::Pool(pool) => Some(row(part, pool_cells(part, &pool))),
            _ => None,
        });
        table(" pools ", &columns, rows.collect())
    }

    fn caches(&self) -> (Table<'static>, usize) {
        let columns = [
            ("entries", 9),
            ("", GAUGE),
            ("hits", 6),
            ("lately", LOOKS),
            ("evicted", 8),
            ("expired", 8),
            ("memory", 9),
        ];
        let rows = self.parts.iter().filter_map(|part| match part.reading {
            Reading::Cache(cache) => Some(row(part, self.cache_cells(part, &cache))),
            _ => None,
        });
        table(" caches ", &columns, rows.collect())
    }

    fn cache_cells(&self, part: &Part, cache: &CacheReading) -> Vec<Cell<'static>> {
        let counts = cache.counts;
        let count = |of: fn(&CacheStats) -> u64| number(counts.as_ref().map(of));
        let hits = counts.map_or("-".into(), |counts| format!("{:.0} %", counts.hit_ratio() * 100.0));
        vec![
            right(format!("{}/{}", cache.entries, cache.capacity)),
            gauge(part.reading.utilization(), Style::new().blue()),
            right(hits),
            sparkline(self.history.ratios(part)),
            count(|counts| counts.evicted),
            count(|counts| counts.expired),
            right(size(part.bytes())),
        ]
    }

    fn trackers(&self) -> (Table<'static>, usize) {
        let columns = [
            ("alive", 9),
            ("", GAUGE),
            ("by age", 13),
            ("waiting", 8),
            ("aside", 6),
            ("sweeps", 10),
            ("due", 7),
            ("memory", 9),
        ];
        let rows = self.parts.iter().filter_map(|part| match part.reading {
            Reading::Tracker(tracker) => Some(row(part, tracker_cells(part, &tracker))),
            _ => None,
        });
        table(" trackers ", &columns, rows.collect())
    }
}

fn pool_cells(part: &Part, pool: &PoolReading) -> Vec<Cell<'static>> {
    let counts = pool.counts;
    let exhausted = counts.map(|counts| counts.exhausted);
    let style = if exhausted > Some(0) { Style::new().red() } else { Style::new() };
    vec![
        right(format!("{}/{}", pool.in_use, pool.capacity)),
        gauge(part.reading.utilization(), load(part.reading.utilization())),
        number(Some(pool.idle)),
        number(counts.map(|counts| counts.high_water)),
        number(counts.map(|counts| counts.acquired)),
        number(exhausted).style(style),
        right(size(part.bytes())),
    ]
}

fn tracker_cells(part: &Part, tracker: &TrackerReading) -> Vec<Cell<'static>> {
    let stats = tracker.stats;
    let [young, middle, old] = stats.sweeps;
    let style = if stats.quarantined > 0 { Style::new().red() } else { Style::new() };
    let due = match tracker.due {
        None => "-",
        Some(Age::Young) => "young",
        Some(Age::Middle) => "middle",
        Some(Age::Old) => "old",
    };
    vec![
        right(format!("{}/{}", stats.live, stats.capacity)),
        gauge(part.reading.utilization(), load(part.reading.utilization())),
        right(format!("{}/{}/{}", stats.young, stats.middle, stats.old)),
        number(Some(stats.awaiting)),
        number(Some(stats.quarantined)).style(style),
        right(format!("{young}/{middle}/{old}")),
        right(due),
        right(size(part.bytes())),
    ]
}

/// A table of parts of one kind, and how many rows it has.
fn table(
    title: &'static str,
    columns: &[(&'static str, usize)],
    rows: Vec<Row<'static>>,
) -> (Table<'static>, usize) {
    let count = rows.len();
    let name = (title.trim(), 15);
    let widths = std::iter::once(&name)
        .chain(columns)
        .map(|&(_, width)| Constraint::Max(width.try_into().unwrap_or(u16::MAX)));
    let heads = columns.iter().map(|&(head, width)| if width == LOOKS { head.into() } else { right(head) });
    let heads = Row::new(std::iter::once(Cell::from("")).chain(heads)).dim();
    let table = Table::new(rows, widths).header(heads).block(block(title));
    (table, count)
}

fn row(part: &Part, cells: Vec<Cell<'static>>) -> Row<'static> {
    let name = match &*part.namespace {
        "" => part.name.to_string(),
        namespace => format!("{namespace}/{}", part.name),
    };
    Row::new(std::iter::once(Cell::from(name).bold()).chain(cells))
}

fn block(title: &'static str) -> Block<'static> {
    let border = Style::new().fg(Color::DarkGray);
    Block::bordered().border_type(BorderType::Rounded).border_style(border).title(title.cyan())
}

fn right(text: impl Into<String>) -> Cell<'static> {
    Cell::from(text::Line::from(text.into()).right_aligned())
}

/// A number, or what stands for one that nobody counts.
fn number(number: Option<impl ToString>) -> Cell<'static> {
    right(number.map_or("-".into(), |number| number.to_string()))
}

/// Green, or yellow where it becomes tight, or red.
fn load(utilization: f32) -> Style {
    match utilization {
        ..0.7 => Style::new().green(),
        ..0.95 => Style::new().yellow(),
        _ => Style::new().red(),
    }
}

/// A bar as long as the part of the capacity that is taken, to an eighth of a column.
fn gauge(utilization: f32, style: Style) -> Cell<'static> {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the bar's length")]
    let eighths = (utilization.clamp(0.0, 1.0) * f32::from(BAR) * 8.0).round() as usize;
    let bar = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
    let rest = "·".repeat(usize::from(BAR).saturating_sub(eighths.div_ceil(8)));
    Cell::from(text::Line::from(vec![Span::raw(" "), Span::styled(bar, style), Span::from(rest).dark_gray()]))
}

/// The height of each column is a ratio.
fn sparkline(ratios: impl Iterator<Item = Option<f64>>) -> Cell<'static> {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 7")]
    let column = |ratio: Option<f64>| ratio.map_or(' ', |ratio| HEIGHTS[(ratio * 7.99) as usize & 7]);
    Cell::from(ratios.map(column).collect::<String>()).green()
}

/// What was told, as much of it as there is room for.
fn told(program: &Program, area: Rect) -> Paragraph<'static> {
    let lines = program.log().last(area.height.saturating_sub(2).into());
    let lines: Vec<text::Line<'_>> = lines.into_iter().map(text::Line::from).collect();
    Paragraph::new(lines).wrap(Wrap { trim: false }).block(block(" events "))
}

fn help() -> text::Line<'static> {
    let keys = [("q", "quit"), ("p", "pressure"), ("c", "clean up"), ("space", "pause")];
    let spans = keys
        .iter()
        .flat_map(|&(key, what)| [format!(" {key} ").black().on_cyan(), format!(" {what}   ").into()]);
    spans.collect()
}

/// Bytes, in the largest unit of which there is at least one.
fn size(bytes: usize) -> String {
    let unit = (bytes.max(1).ilog2() / 10).min(3);
    #[expect(clippy::cast_precision_loss, reason = "a figure for the eye")]
    let number = bytes as f64 / f64::from(1 << (10 * unit));
    let name = ["B", "KiB", "MiB", "GiB"][unit as usize];
    if unit == 0 { format!("{number} {name}") } else { format!("{number:.1} {name}") }
}
