//! Keys of 8 bytes each.

use super::open::Bytes;
use crate::failure::{Broken, Place};
use std::io::Read as _;

const KEY: usize = size_of::<u64>();
/// Bytes that are read at a time: many keys, and still within a cache of the processor.
const CHUNK: usize = 1 << 16;

/// Reads keys until the end or until there are as many as wanted.
pub(crate) fn read(mut bytes: Bytes, most: usize) -> Result<Vec<u64>, Broken> {
    let mut keys = Vec::new();
    let mut chunk = Vec::with_capacity(CHUNK);
    while keys.len() < most {
        chunk.clear();
        let outcome = bytes.by_ref().take(CHUNK as u64).read_to_end(&mut chunk);
        let place = Place::Byte(keys.len() * KEY + chunk.len());
        outcome.map_err(|error| Broken::at(place, error.to_string()))?;
        let words = chunk.chunks_exact(KEY);
        let left = words.remainder().len();
        keys.extend(words.map(key).take(most - keys.len()));
        if left > 0 && keys.len() < most {
            return Err(Broken::at(place, format!("the file ends {left} bytes into a key of {KEY}")));
        }
        if chunk.len() < CHUNK {
            break;
        }
    }
    Ok(keys)
}

fn key(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |key, &byte| key << 8 | u64::from(byte))
}
