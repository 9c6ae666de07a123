//! How far a run is, on standard error, if somebody is watching.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal as _};

/// A bar of requests; nothing at all unless standard error is a terminal. It vanishes when it is dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(name: &str, requests: usize) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template(
            "{prefix} {wide_bar} {human_pos} of {human_len} requests, {eta} left",
        );
        let bar = ProgressBar::new(requests as u64).with_prefix(name.to_owned());
        // The template is constant; were it wrong, the bar would be a plain one.
        Self(style.map_or(bar.clone(), |style| bar.with_style(style)))
    }

    pub(crate) fn advance(&self, requests: usize) {
        self.0.inc(requests as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
