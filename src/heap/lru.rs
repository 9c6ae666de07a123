//! `LruCache` with memory on the heap: the same code, and what only memory of run time can do.

use crate::error::CapacityError;
use crate::fixed::lru::LruCache;
use crate::key::DefaultHash;
use crate::raw::hash_list::HashList;
use crate::raw::heap::Heap;

impl<K, V> LruCache<K, V, Heap> {
    /// An empty cache for that many entries. All memory is allocated here.
    ///
    /// ```
    /// use larder::cache::LruCache;
    ///
    /// let mut cache = LruCache::with_capacity(10_000);
    /// cache.put(String::from("key"), vec![1, 2, 3]);
    /// assert_eq!(cache.get("key").map(Vec::len), Some(3)); // looked up by a `&str`
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no memory for it; see [`try_with_capacity`](Self::try_with_capacity).
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, DefaultHash::new())
    }

    /// An empty cache for that many entries. All memory is allocated here.
    ///
    /// # Errors
    ///
    /// [`CapacityError`], if it is too large or there is no memory for it.
    pub fn try_with_capacity(capacity: usize) -> Result<Self, CapacityError> {
        Self::try_with_capacity_and_hasher(capacity, DefaultHash::new())
    }
}

impl<K, V, H> LruCache<K, V, Heap, H> {
    /// As [`with_capacity`](LruCache::with_capacity), with a hasher of your choice.
    ///
    /// # Panics
    ///
    /// If there is no memory for it.
    pub fn with_capacity_and_hasher(capacity: usize, hasher: H) -> Self {
        Self::try_with_capacity_and_hasher(capacity, hasher).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`try_with_capacity`](LruCache::try_with_capacity), with a hasher of your choice.
    ///
    /// # Errors
    ///
    /// [`CapacityError`], if it is too large or there is no memory for it.
    pub fn try_with_capacity_and_hasher(capacity: usize, hasher: H) -> Result<Self, CapacityError> {
        Ok(Self::of(HashList::try_with_capacity(capacity)?, hasher))
    }

    /// Changes the capacity. What does not fit any more is evicted and dropped, the least recently used first. O(n).
    ///
    /// # Panics
    ///
    /// If there is no memory for it; see [`try_resize`](Self::try_resize).
    pub fn resize(&mut self, capacity: usize) {
        self.try_resize(capacity).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Changes the capacity. What does not fit any more is evicted and dropped, the least recently used first. O(n).
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

impl<K: Clone, V: Clone, H: Clone> Clone for LruCache<K, V, Heap, H> {
    /// # Panics
    ///
    /// If there is no memory for it.
    fn clone(&self) -> Self {
        let list = HashList::try_with_capacity(self.capacity()).unwrap_or_else(|error| panic!("{error}"));
        self.clone_in(list)
    }
}
