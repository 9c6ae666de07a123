//! What was told, the last of it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Lines that are kept: as many as a tall terminal shows.
const MOST: usize = 100;

/// The lines, the oldest first, each with the seconds since the start.
pub(crate) struct Log {
    start: Instant,
    lines: Mutex<VecDeque<String>>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), lines: Mutex::default() }
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, what: &str) {
        let line = format!("{:6.1} s  {what}", self.start.elapsed().as_secs_f32());
        let mut lines = self.lines();
        if lines.len() == MOST {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The last lines, the newest first.
    pub(crate) fn last(&self, lines: usize) -> Vec<String> {
        self.lines().iter().rev().take(lines).cloned().collect()
    }
}
