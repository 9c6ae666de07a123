//! `Cache` with memory on the heap.

use crate::error::CapacityError;
use crate::fixed::cache::Cache;
use crate::fixed::setup::{Setup, Suits};
use crate::raw::heap::Heap;
use crate::raw::heap_sets::try_sets;
use crate::raw::store::Store;
use crate::raw::width::Width;

/// A concurrent cache on the heap, for a number of entries that is given at run time and exactly kept.
pub type HeapCache<K, V, C = Setup> = Cache<K, V, Heap, C>;

/// The ways of a set.
const WAYS: usize = <Heap as Store>::Width::WAYS;

/// The most entries there can be, so that slots can be numbered with 32 bits.
const MOST: usize = 1 << 30;

impl<K, V> HeapCache<K, V> {
    /// An empty cache for that many entries. All memory is allocated here.
    ///
    /// ```
    /// use larder::cache::HeapCache;
    ///
    /// let cache = HeapCache::with_capacity(10_000);
    /// cache.put(String::from("key"), vec![1, 2, 3])?;
    /// let value = cache.get_ref("key").expect("it was just put in"); // looked up by a `&str`, and not cloned
    /// assert_eq!(value.len(), 3);
    /// # Ok::<(), larder::Rejected<String, Vec<u8>>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no memory for it; see [`try_with_capacity`](Self::try_with_capacity).
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and(capacity, Setup::new())
    }
}

impl<K, V, C: Suits<K, V>> HeapCache<K, V, C> {
    /// As [`with_capacity`](HeapCache::with_capacity), made with a setup.
    ///
    /// # Panics
    ///
    /// If there is no memory for it; see [`try_with_capacity`](Self::try_with_capacity).
    pub fn with_capacity_and(capacity: usize, setup: C) -> Self {
        match Self::try_with_capacity(capacity, setup) {
            Ok(cache) => cache,
            Err(error) => panic!("{error}"),
        }
    }

    /// An empty cache for that many entries, made with a setup. All memory is allocated here.
    ///
    /// # Errors
    ///
    /// [`CapacityError`], if it is too large or there is no memory for it.
    pub fn try_with_capacity(capacity: usize, setup: C) -> Result<Self, CapacityError> {
        if capacity > MOST {
            return Err(CapacityError::TooLarge { asked: capacity, most: MOST });
        }
        let sets = capacity.div_ceil(WAYS);
        // What is too much is taken from all sets alike.
        let unused = sets * WAYS - capacity;
        #[expect(clippy::cast_possible_truncation, reason = "there are less than 2^32 slots")]
        let each = |count: usize| {
            (count.checked_div(sets).unwrap_or(0) as u32, count.checked_rem(sets).unwrap_or(0) as u32)
        };
        Ok(Self::of(try_sets(sets)?, each(unused), setup))
    }
}
