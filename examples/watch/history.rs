//! How hit ratios went.

use larder::stats::CacheStats;
use larder::watch::{Line, Reading};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Looks that are remembered: one for each column of a sparkline.
pub(crate) const LOOKS: usize = 24;

/// Of each cache, by namespace and name.
#[derive(Default)]
pub(crate) struct History {
    caches: HashMap<(Arc<str>, Arc<str>), Ratios>,
}

#[derive(Default)]
struct Ratios {
    last: CacheStats,
    /// Of each look the hits among the look-ups since the one before, from 0 to 1; none, if there were no look-ups.
    ratios: VecDeque<Option<f64>>,
}

impl History {
    /// Takes note of a snapshot.
    pub(crate) fn note(&mut self, lines: &[Line<Arc<str>>]) {
        for line in lines {
            let Reading::Cache(cache) = line.reading else { continue };
            let Some(counts) = cache.counts else { continue };
            let cache = self.caches.entry((line.namespace.clone(), line.name.clone())).or_default();
            let hits = counts.hits - cache.last.hits;
            let all = hits + counts.misses - cache.last.misses;
            if cache.ratios.len() == LOOKS {
                cache.ratios.pop_front();
            }
            #[expect(clippy::cast_precision_loss, reason = "a ratio for the eye")]
            cache.ratios.push_back((all > 0).then(|| hits as f64 / all as f64));
            cache.last = counts;
        }
    }

    /// The ratios of a cache, the oldest first.
    pub(crate) fn ratios(&self, line: &Line<Arc<str>>) -> impl Iterator<Item = Option<f64>> {
        let cache = self.caches.get(&(line.namespace.clone(), line.name.clone()));
        cache.into_iter().flat_map(|cache| cache.ratios.iter().copied())
    }
}
