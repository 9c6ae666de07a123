//! Lines of `time_s`, key, size and ttl, separated by tabs; a blank is unknown.

/// The most bytes of a bad key that a message shows.
const SHOWN: usize = 40;

/// The key of a line: its second column, a number. The other columns do not matter to caches without a clock. Blank
/// lines and the names of the columns in the first line have no key.
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

fn shown(key: &[u8]) -> String {
    let cut = if key.len() > SHOWN { "..." } else { "" };
    format!("{}{cut}", key[..key.len().min(SHOWN)].escape_ascii())
}
