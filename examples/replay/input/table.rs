//! Lines of `time_s`, key, size and ttl, separated by tabs; a blank is unknown.

use crate::time::{StreamClock, Timing, Ttl, nanoseconds};
use larder::time::{Clock as _, Deadline, Instant};

/// The most bytes of a bad cell that a message shows.
const SHOWN: usize = 40;

/// The key of a line, as it is asked for where time is of no interest, and the time may be anything.
///
/// It is in the second column, a number. Blank lines and the names of the columns in the first line have no key.
pub(crate) fn key_of(number: usize, line: &[u8]) -> Result<Option<u64>, String> {
    if line.is_empty() {
        return Ok(None);
    }
    let Some(key) = line.split(|&byte| byte == b'\t').nth(1) else {
        return Err("there is no second column, which would be the key".into());
    };
    if number == 1 && key.starts_with(b"key") {
        return Ok(None);
    }
    let digits = core::str::from_utf8(key).ok().and_then(|key| key.parse().ok());
    digits.map(Some).ok_or_else(|| format!("the key '{}' is not a number of up to 64 bits", shown(key)))
}

/// The key of a line, when it is asked for, and when what it stores is over.
pub(crate) fn timed(number: usize, line: &[u8], ttl: Ttl) -> Result<Option<(u64, Timing)>, String> {
    let Some(key) = key_of(number, line)? else { return Ok(None) };
    let cell = |column| line.split(|&byte| byte == b'\t').nth(column).unwrap_or_default();
    let seconds = |name: &str, cell: &[u8]| {
        let bad = || format!("the {name} '{}' is not a number of seconds", shown(cell));
        nanoseconds(cell).ok_or_else(bad)
    };
    let at = Instant::from_ticks(seconds("time", cell(0))?);
    let until = match ttl {
        Ttl::Own if cell(3).is_empty() => Deadline::NEVER,
        Ttl::Own => Deadline::ticks_after(at, seconds("ttl", cell(3))?),
        Ttl::Of(time) => Deadline::ticks_after(at, StreamClock::ticks(time)),
    };
    Ok(Some((key, Timing { at, until })))
}

fn shown(key: &[u8]) -> String {
    let cut = if key.len() > SHOWN { "..." } else { "" };
    format!("{}{cut}", key[..key.len().min(SHOWN)].escape_ascii())
}
