//! The recorded streams, and at which capacities they are replayed.

use larder::key::DefaultHash;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// So much of a stream is replayed at most.
const MOST_REQUESTS: usize = 2_000_000;

/// The capacities, in thousandths of the distinct keys of what is replayed.
const THOUSANDTHS: [usize; 5] = [5, 20, 50, 100, 250];

/// Below this a capacity says more about the hash than about the policy.
const FEWEST_ENTRIES: usize = 64;

/// A stream of requests.
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) keys: Vec<u64>,
    pub(crate) distinct: usize,
}

/// One capacity at which a stream is replayed.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    pub(crate) thousandths: usize,
    pub(crate) capacity: usize,
}

/// Where the streams are, if they are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/traces")
}

/// A stream by its name; none if it is not there.
pub(crate) fn stream(name: &str) -> Option<Stream> {
    let file = fs::File::open(folder().join(format!("{name}.u64.zst"))).ok()?;
    let bytes = zstd::decode_all(file).expect(name);
    let keys = bytes.chunks_exact(8).map(|key| u64::from_le_bytes(key.try_into().expect("8 bytes")));
    let keys: Vec<u64> = keys.take(MOST_REQUESTS).collect();
    let distinct = keys.iter().collect::<HashSet<_, DefaultHash>>().len();
    Some(Stream { name: name.to_owned(), keys, distinct })
}

impl Stream {
    /// Where it is replayed. Parts of a short stream that would be smaller than the smallest cache are one point.
    pub(crate) fn points(&self) -> Vec<Point> {
        let point = |thousandths| Point {
            thousandths,
            capacity: (self.distinct * thousandths / 1000).max(FEWEST_ENTRIES),
        };
        let mut points: Vec<Point> = THOUSANDTHS.into_iter().map(point).collect();
        points.reverse();
        points.dedup_by_key(|point| point.capacity);
        points.reverse();
        points
    }
}
