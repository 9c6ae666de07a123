//! Everything that was asked for, one stream after the other.

use crate::chart::{self, Curve};
use crate::failure::Ending;
use crate::input::{Source, Trace};
use crate::options::Options;
use crate::output::{Output, complain};
use crate::progress::Progress;
use crate::report::{self, Row};
use crate::run::Setup;
use std::process::ExitCode;

struct Session<'a> {
    options: &'a Options,
    output: Output,
    ending: Ending,
    /// For the chart.
    curves: Vec<Curve>,
}

/// Replays all streams. What is wrong with one of them does not keep it from the others.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut session = Session { options, output: Output::new(), ending: Ending::Good, curves: Vec::new() };
    for source in Source::all(options) {
        if session.is_wanted() {
            session.replay(&source);
        }
    }
    session.draw();
    ExitCode::from(session.ending.code())
}

impl Session<'_> {
    /// Whether anybody is waiting for more.
    fn is_wanted(&self) -> bool {
        self.output.is_open() || self.options.svg.is_some()
    }

    fn fail(&mut self, ending: Ending, line: &str) {
        complain(line);
        self.ending = self.ending.max(ending);
    }

    fn replay(&mut self, source: &Source<'_>) {
        match source.load(self.options) {
            Ok(trace) => self.replay_trace(&trace),
            Err(broken) => self.fail(Ending::BadInput, &format!("{}: {broken}", source.title())),
        }
    }

    fn replay_trace(&mut self, trace: &Trace) {
        let setups = self.setups(trace.distinct);
        let progress = Progress::new(&trace.name, setups.len() * trace.keys.len());
        let rows: Vec<Row> =
            setups.into_iter().filter_map(|setup| self.row(setup, trace, &progress)).collect();
        drop(progress);
        if !rows.is_empty() {
            self.print(trace, &rows);
        }
        self.curves.extend(Curve::of_stream(&rows));
    }

    fn setups(&self, distinct: usize) -> Vec<Setup> {
        let (buffer_size, ttl) = (self.options.buffer_size as usize, self.options.ttl);
        let (capacities, threads) = (self.options.capacities(distinct), self.options.threads());
        let thresholds = self.options.thresholds;
        let setup = |kind, capacity| Setup { kind, capacity, buffer_size, threads, ttl, thresholds };
        let of_kind = |kind| capacities.iter().map(move |&capacity| setup(kind, capacity));
        self.options.kinds().into_iter().flat_map(of_kind).collect()
    }

    fn row(&mut self, setup: Setup, trace: &Trace, progress: &Progress) -> Option<Row> {
        let of = format!("{}, {} of {} entries", trace.name, setup.kind.name(), setup.capacity);
        match setup.run(trace, progress) {
            Ok(tally) => {
                for promise in tally.broken() {
                    self.fail(Ending::BrokenPromise, &format!("{of}: {promise}"));
                }
                Some(Row { trace: trace.name.clone(), distinct: trace.distinct, setup, tally })
            }
            Err(error) => {
                self.fail(Ending::BadInput, &format!("{of}: {error}"));
                None
            }
        }
    }

    fn print(&mut self, trace: &Trace, rows: &[Row]) {
        let text =
            if self.options.json { report::json::lines(rows) } else { report::table::section(trace, rows) };
        if let Err(error) = self.output.write(&text) {
            self.fail(Ending::BadInput, &format!("standard output: {error}"));
        }
    }

    fn draw(&mut self) {
        let Some(file) = self.options.svg.as_deref().filter(|_| !self.curves.is_empty()) else { return };
        let curves = core::mem::take(&mut self.curves);
        if let Err(error) = chart::svg(curves).and_then(|svg| Ok(std::fs::write(file, svg)?)) {
            self.fail(Ending::BadInput, &format!("{}: {error}", file.display()));
        }
    }
}
