//! What is asked of a cache whose hits are counted.

use core::mem::MaybeUninit;
use larder::cache::{HeapCache, LentCache, LruCache, SetOf, Setup};

/// A cache that is asked for one key after the other, and is given what it does not have.
pub(crate) trait Requests {
    /// Whether the key was there. If not, it is put in.
    fn request(&mut self, key: u64) -> bool;

    /// How many entries there are, if it can be told.
    fn residents(&mut self) -> Option<usize>;
}

/// What a replay has shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Hits of a hundred requests.
    pub(crate) percent: f64,
    /// The most entries that were seen, at two hundred moments.
    pub(crate) most_residents: Option<usize>,
}

/// Replays a stream.
#[expect(clippy::cast_precision_loss, reason = "the streams have some millions of requests")]
pub(crate) fn replay(keys: &[u64], cache: &mut impl Requests) -> Outcome {
    let (mut hits, mut most_residents) = (0_u32, None);
    for block in keys.chunks(keys.len().div_ceil(200).max(1)) {
        for &key in block {
            hits += u32::from(cache.request(key));
        }
        most_residents = most_residents.max(cache.residents());
    }
    Outcome { percent: 100.0 * f64::from(hits) / keys.len() as f64, most_residents }
}

/// The concurrent cache, with sets of 16.
impl Requests for HeapCache<u64, u64> {
    fn request(&mut self, key: u64) -> bool {
        let hit = self.get(&key).is_some_and(|value| value == !key);
        if !hit {
            self.put(key, !key).expect("nobody else is here");
        }
        hit
    }

    fn residents(&mut self) -> Option<usize> {
        Some(self.len())
    }
}

/// The concurrent cache, with sets of 8.
impl Requests for LentCache<'_, u64, u64, 8> {
    fn request(&mut self, key: u64) -> bool {
        let hit = self.get(&key).is_some_and(|value| value == !key);
        if !hit {
            self.put(key, !key).expect("nobody else is here");
        }
        hit
    }

    fn residents(&mut self) -> Option<usize> {
        Some(self.len())
    }
}

/// Replays a stream with sets of 8, as many as fit into `capacity`.
pub(crate) fn replay_with_sets_of_8(keys: &[u64], capacity: usize) -> Outcome {
    let mut memory: Vec<MaybeUninit<SetOf<u64, u64, 8>>> = Vec::new();
    memory.resize_with(capacity / 8, MaybeUninit::uninit);
    replay(keys, &mut LentCache::in_place(&mut memory, Setup::new()))
}

/// The exact least-recently-used one.
impl Requests for LruCache<u64, u64, larder::cache::Heap> {
    fn request(&mut self, key: u64) -> bool {
        let hit = self.get(&key).is_some();
        if !hit {
            self.put(key, !key);
        }
        hit
    }

    fn residents(&mut self) -> Option<usize> {
        Some(self.len())
    }
}
