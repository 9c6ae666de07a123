//! Caches of other crates, each as its documentation says to set it up for a hit ratio: one shard, and the number of entries where it
//! asks for one. All have this crate's hasher where they take one.

use crate::requests::Requests;
use larder::key::DefaultHash;
use quick_cache::sync::DefaultLifecycle;
use quick_cache::{OptionsBuilder, UnitWeighter};

/// W-TinyLFU with a log of what happened, which is looked at once in a while.
pub(crate) struct Moka {
    cache: moka::sync::Cache<u64, u64, DefaultHash>,
    flushed: bool,
}

impl Moka {
    /// The log is looked at when moka thinks fit. Until then entries stay that have to go.
    pub(crate) fn new(capacity: usize) -> Self {
        let cache = moka::sync::Cache::builder().max_capacity(capacity as u64);
        Self { cache: cache.build_with_hasher(DefaultHash::new()), flushed: false }
    }

    /// The log is looked at after every insert. Then it never has more entries than its capacity.
    pub(crate) fn flushed(capacity: usize) -> Self {
        Self { flushed: true, ..Self::new(capacity) }
    }
}

impl Requests for Moka {
    fn request(&mut self, key: u64) -> bool {
        let hit = self.cache.get(&key).is_some();
        if !hit {
            self.cache.insert(key, !key);
            if self.flushed {
                self.cache.run_pending_tasks();
            }
        }
        hit
    }

    /// Counted, without a look at the log: its own count is of what has been looked at.
    fn residents(&mut self) -> Option<usize> {
        Some(self.cache.iter().count())
    }
}

/// One shard: shards have a part of the capacity each, and fill unevenly.
pub(crate) struct QuickCache(quick_cache::sync::Cache<u64, u64, UnitWeighter, DefaultHash>);

impl QuickCache {
    pub(crate) fn new(capacity: usize) -> Self {
        let mut options = OptionsBuilder::new();
        options.shards(1).estimated_items_capacity(capacity).weight_capacity(capacity as u64);
        let options = options.build().expect("both are given");
        let (hash, lifecycle) = (DefaultHash::new(), DefaultLifecycle::default());
        Self(quick_cache::sync::Cache::with_options(options, UnitWeighter, hash, lifecycle))
    }
}

impl Requests for QuickCache {
    fn request(&mut self, key: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, !key);
        }
        hit
    }

    fn residents(&mut self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// S3-FIFO with a `TinyLFU` sketch. It does not say how many entries it has.
pub(crate) struct TinyUfo {
    cache: tinyufo::TinyUfo<u64, u64>,
    forced: bool,
}

impl TinyUfo {
    /// Newcomers are taken if the sketch thinks more of them than of what would have to go.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { cache: tinyufo::TinyUfo::new(capacity, capacity), forced: false }
    }

    /// All newcomers are taken.
    pub(crate) fn forced(capacity: usize) -> Self {
        Self { forced: true, ..Self::new(capacity) }
    }
}

impl Requests for TinyUfo {
    fn request(&mut self, key: u64) -> bool {
        let hit = self.cache.get(&key).is_some();
        if !hit {
            let put = if self.forced { tinyufo::TinyUfo::force_put } else { tinyufo::TinyUfo::put };
            drop(put(&self.cache, key, !key, 1));
        }
        hit
    }

    fn residents(&mut self) -> Option<usize> {
        None
    }
}

/// SIEVE, not sharded.
pub(crate) struct Sieve(sieve_cache::SieveCache<u64, u64, DefaultHash>);

impl Sieve {
    pub(crate) fn new(capacity: usize) -> Self {
        let cache = sieve_cache::SieveCache::new_with_hasher(capacity, DefaultHash::new());
        Self(cache.expect("a capacity"))
    }
}

impl Requests for Sieve {
    fn request(&mut self, key: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, !key);
        }
        hit
    }

    fn residents(&mut self) -> Option<usize> {
        Some(self.0.len())
    }
}
