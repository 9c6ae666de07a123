//! What a run has shown, for people and for programs.

pub(crate) mod json;
pub(crate) mod table;

use crate::check::Tally;
use crate::run::Setup;

/// One run and what came of it.
pub(crate) struct Row {
    pub(crate) trace: String,
    pub(crate) distinct: usize,
    pub(crate) setup: Setup,
    pub(crate) tally: Tally,
}

impl Row {
    /// The part of the requests that hit, from 0 to 1.
    pub(crate) fn hit_ratio(&self) -> f64 {
        ratio(self.tally.counts.hits, self.tally.requests)
    }

    pub(crate) fn nanoseconds_per_request(&self) -> f64 {
        self.tally.counts.time.as_secs_f64() * 1e9 / figure(self.tally.requests)
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    figure(part) / figure(whole)
}

/// A count to reckon with.
#[expect(clippy::cast_precision_loss, reason = "figures are read by people, to four places or so")]
pub(crate) fn figure(count: usize) -> f64 {
    count as f64
}
