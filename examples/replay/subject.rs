//! The caches under test. Another kind is one more variant, one more arm in `run` and one `impl`.

use crate::buffers::Buffer;
use larder::cache::{Heap, LruCache};
use larder::stats::CacheStats;

/// The kinds there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Kind {
    /// The exact least-recently-used cache, `larder::cache::LruCache`.
    Lru,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lru => "lru",
        }
    }
}

/// A cache, as the replay sees it.
pub(crate) trait Subject {
    /// Looks a key up, which counts as a use of it. If it is there its buffer is shown to `read`.
    fn look_up(&mut self, key: u64, read: impl FnOnce(&[u8])) -> bool;

    /// Puts in what a miss has made. What has to go for it is dropped.
    fn put(&mut self, key: u64, buffer: Buffer);

    /// How many entries there are.
    fn resident(&self) -> usize;

    /// How many bytes the cache takes, without what its buffers take in the pool.
    fn memory_size(&self) -> usize;

    /// What the cache has counted.
    fn stats(&self) -> CacheStats;
}

impl Subject for LruCache<u64, Buffer, Heap> {
    #[inline]
    fn look_up(&mut self, key: u64, read: impl FnOnce(&[u8])) -> bool {
        self.get(&key).map(|buffer| read(buffer)).is_some()
    }

    #[inline]
    fn put(&mut self, key: u64, buffer: Buffer) {
        LruCache::put(self, key, buffer);
    }

    fn resident(&self) -> usize {
        self.len()
    }

    fn memory_size(&self) -> usize {
        LruCache::memory_size(self)
    }

    fn stats(&self) -> CacheStats {
        LruCache::stats(self)
    }
}
