//! `TimedCache` with memory on the heap: the same code, and what only memory of run time can do.

use crate::error::CapacityError;
use crate::fixed::timed::TimedCache;
use crate::key::DefaultHash;
use crate::lifetime::Timed;
use crate::raw::hash_list::HashList;
use crate::raw::heap::Heap;

impl<K, V, T: Timed> TimedCache<K, V, Heap, T> {
    /// An empty cache for that many entries. All memory is allocated here.
    ///
    /// ```
    /// use core::time::Duration;
    /// use larder::cache::{Expiring, TimedCache};
    /// use larder::time::ManualClock;
    ///
    /// let clock: ManualClock = ManualClock::new();
    /// let time = Expiring::new(&clock).with_time_to_live(Duration::from_secs(10));
    /// let mut cache = TimedCache::with_capacity(10_000, time);
    /// cache.put(String::from("key"), vec![1, 2, 3]);
    /// clock.advance(Duration::from_secs(9));
    /// assert_eq!(cache.get("key").map(Vec::len), Some(3)); // looked up by a `&str`
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no memory for it; see [`try_with_capacity`](Self::try_with_capacity).
    pub fn with_capacity(capacity: usize, time: T) -> Self {
        Self::with_capacity_and_hasher(capacity, time, DefaultHash::new())
    }

    /// An empty cache for that many entries. All memory is allocated here.
    ///
    /// # Errors
    ///
    /// [`CapacityError`], if it is too large or there is no memory for it.
    pub fn try_with_capacity(capacity: usize, time: T) -> Result<Self, CapacityError> {
        Self::try_with_capacity_and_hasher(capacity, time, DefaultHash::new())
    }
}

impl<K, V, T: Timed, H> TimedCache<K, V, Heap, T, H> {
    /// As [`with_capacity`](TimedCache::with_capacity), with a hasher of your choice.
    ///
    /// # Panics
    ///
    /// If there is no memory for it.
    pub fn with_capacity_and_hasher(capacity: usize, time: T, hasher: H) -> Self {
        Self::try_with_capacity_and_hasher(capacity, time, hasher).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`try_with_capacity`](TimedCache::try_with_capacity), with a hasher of your choice.
    ///
    /// # Errors
    ///
    /// [`CapacityError`], if it is too large or there is no memory for it.
    pub fn try_with_capacity_and_hasher(capacity: usize, time: T, hasher: H) -> Result<Self, CapacityError> {
        Ok(Self::of(HashList::try_with_capacity(capacity)?, time, hasher))
    }

    /// Changes the capacity. What does not fit any more is dropped, first what is over, then the least recently used. O(n).
    ///
    /// # Panics
    ///
    /// If there is no memory for it; see [`try_resize`](Self::try_resize).
    pub fn resize(&mut self, capacity: usize) {
        self.try_resize(capacity).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Changes the capacity. What does not fit any more is dropped, first what is over, then the least recently used. O(n).
    ///
    /// # Errors
    ///
    /// [`CapacityError`], if it is too large or there is no memory for it. Then nothing has changed.
    pub fn try_resize(&mut self, capacity: usize) -> Result<(), CapacityError> {
        if capacity != self.capacity() {
            self.move_to(HashList::try_with_capacity(capacity)?);
        }
        Ok(())
    }
}
