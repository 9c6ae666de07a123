//! Keys in lines.

use super::open::Bytes;
use crate::failure::{Broken, Place};
use std::io::BufRead as _;

/// The column that has the key, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column(pub(crate) usize);

/// Reads lines until the end or until there are as many requests as wanted. `request_of` is given a line's number and the line
/// without its end, and says its request, if it has one.
pub(crate) fn read<R>(
    mut bytes: Bytes,
    most: usize,
    request_of: impl Fn(usize, &[u8]) -> Result<Option<R>, String>,
) -> Result<Vec<R>, Broken> {
    let mut requests = Vec::new();
    let mut line = Vec::new();
    for number in 1.. {
        if requests.len() == most {
            break;
        }
        let broken = |why| Broken::at(Place::Line(number), why);
        line.clear();
        let length = bytes.read_until(b'\n', &mut line).map_err(|error| broken(error.to_string()))?;
        if length == 0 {
            break;
        }
        requests.extend(request_of(number, without_end(&line)).map_err(broken)?);
    }
    Ok(requests)
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The key of a line of text. A blank line has none.
pub(crate) fn key_of(line: &[u8], column: Option<Column>) -> Result<Option<u64>, String> {
    let line = line.trim_ascii();
    match column {
        _ if line.is_empty() => Ok(None),
        None => Ok(Some(number_of(line))),
        Some(Column(wanted)) => match columns(line).nth(wanted - 1) {
            Some(key) if !key.is_empty() => Ok(Some(number_of(key))),
            _ => Err(format!("there is nothing in column {wanted}")),
        },
    }
}

/// The columns of a line: between tabs if it has one, since then there may be spaces in them, else between white space.
fn columns(line: &[u8]) -> Box<dyn Iterator<Item = &[u8]> + '_> {
    if line.contains(&b'\t') {
        Box::new(line.split(|&byte| byte == b'\t'))
    } else {
        Box::new(line.split(u8::is_ascii_whitespace).filter(|part| !part.is_empty()))
    }
}

/// The number that stands for a key. One that is written as a number stands for itself, so that a stream of numbers is
/// the same stream in every format; anything else is hashed.
fn number_of(key: &[u8]) -> u64 {
    let plain = key == b"0" || (key.first() != Some(&b'0') && key.iter().all(u8::is_ascii_digit));
    let number = core::str::from_utf8(key).ok().filter(|_| plain).and_then(|key| key.parse().ok());
    number.unwrap_or_else(|| hash(key))
}

/// FNV-1a with 64 bits: the same on every machine and in every release, which hashers for tables don't promise. Among
/// ten million keys the chance that any two meet is about one in 370,000.
fn hash(key: &[u8]) -> u64 {
    key.iter()
        .fold(0xCBF2_9CE4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}
