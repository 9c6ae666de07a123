//! Standard output and standard error, either of which may be closed by whoever reads it.

use std::io::{self, Write as _};

/// Standard output. Once its reader has gone there is nobody left to tell, which is no mistake.
pub(crate) struct Output {
    open: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self { open: true }
    }

    /// Whether somebody still reads.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Writes all of it at once, so that a reader sees whole lines.
    pub(crate) fn write(&mut self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.open = false,
            other => return other,
        }
        Ok(())
    }
}

/// Says one line on standard error.
pub(crate) fn complain(line: &str) {
    // If that is closed too, the exit code still tells.
    let _ = writeln!(io::stderr(), "replay: {line}");
}
