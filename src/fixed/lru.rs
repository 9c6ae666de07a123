//! `LruCache`: the exact one.

use crate::key::{DefaultHash, Equivalent, hash32};
use crate::raw::hash_list::{self, HashList};
use crate::raw::memory::{Inline, Memory};
use crate::stats::CacheStats;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::iter::FusedIterator;

/// What an insert displaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "what was displaced is in here; `put` drops it"]
pub enum Inserted<K, V> {
    /// Nothing.
    New,
    /// The value that the key had before.
    Replaced(V),
    /// The least recently used entry. (In a cache of capacity 0, the new entry itself. In a timed one, an entry whose time was over, if
    /// there is one; also of the same key.)
    Evicted(K, V),
}

/// What an insert displaced, all of it.
#[doc(hidden)]
#[derive(Debug)]
pub enum Displaced<K, V> {
    Nothing,
    /// The value that the key had before, and the key that was given, which is not needed.
    Value(K, V),
    Entry(K, V),
}

impl<K, V> From<Displaced<K, V>> for Inserted<K, V> {
    #[inline]
    fn from(displaced: Displaced<K, V>) -> Self {
        match displaced {
            Displaced::Nothing => Self::New,
            Displaced::Value(key, old) => {
                // Here, since it may panic: a value that is already on its way to the caller would leak.
                drop(key);
                Self::Replaced(old)
            }
            Displaced::Entry(key, value) => Self::Evicted(key, value),
        }
    }
}

/// A cache that keeps the `capacity` most recently used entries, exactly.
///
/// `M` says where it lies: [`Inline<N>`](Inline) within the value itself, `const` and without a heap, or `Heap`, with a
/// capacity that is given at run time. `H` is the hasher. All operations are `&mut`; the order is the order of calls.
///
/// To share it between threads put it behind a lock: `Shared` (`alloc`) is one that fits. To have entries end, see
/// [`TimedCache`](crate::cache::TimedCache).
///
/// ```
/// use larder::cache::{Inline, Inserted, LruCache};
///
/// let mut cache: LruCache<&str, u32, Inline<2>> = LruCache::new();
/// assert_eq!(cache.insert("a", 1), Inserted::New);
/// assert_eq!(cache.insert("b", 2), Inserted::New);
/// assert_eq!(cache.get("a"), Some(&1)); // "b" is the least recently used one now
/// assert_eq!(cache.insert("c", 3), Inserted::Evicted("b", 2));
/// ```
///
/// # Cost
///
/// Every operation is O(1), expected over hashes; those that visit all entries are O(n). Nothing is allocated after
/// construction, except by `resize` and `clone`. [`memory_size`](Self::memory_size) says what memory it takes: inline 20
/// bytes an entry besides key and value, and less than 200 in all; on the heap, where speed is bought with room, a key, a
/// value and 17 bytes for each place, of which an entry has between 1.3 and 2.7, and the cache up to 16 more.
///
/// # Panics
///
/// `Hash`, `Eq`, `Clone`, `Drop` and closures are called while the cache is whole. If one of them panics, the cache is as it was
/// before the call or as it is after it; a call that works entry by entry (`retain`, `resize`, `extend`) ends there, and what
/// it has done stays. Every key and value is still in the cache, or was dropped or handed back once.
pub struct LruCache<K, V, M: Memory, H = DefaultHash> {
    list: HashList<K, V, M>,
    hasher: H,
    stats: CacheStats,
}

impl<K, V, const N: usize> LruCache<K, V, Inline<N>> {
    /// An empty cache for `N` entries.
    pub const fn new() -> Self {
        Self::with_hasher(DefaultHash::new())
    }
}

impl<K, V, const N: usize, H> LruCache<K, V, Inline<N>, H> {
    /// An empty cache for `N` entries, with a hasher of your choice.
    pub const fn with_hasher(hasher: H) -> Self {
        Self::of(HashList::new(), hasher)
    }
}

// What does not look at keys.
impl<K, V, M: Memory, H> LruCache<K, V, M, H> {
    pub(crate) const fn of(list: HashList<K, V, M>, hasher: H) -> Self {
        Self { list, hasher, stats: CacheStats::NONE }
    }

    /// How many entries there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there can be.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.list.capacity()
    }

    /// How many bytes of memory the cache takes, without what its keys and values own elsewhere. It does not depend on how
    /// many entries there are.
    pub fn memory_size(&self) -> usize {
        size_of::<Self>() + self.list.bytes_elsewhere()
    }

    /// The hasher.
    pub fn hasher(&self) -> &H {
        &self.hasher
    }

    /// What was counted since the cache was made, or since [`reset_stats`](Self::reset_stats).
    pub fn stats(&self) -> CacheStats {
        self.stats
    }

    /// Sets the counts to zero.
    pub fn reset_stats(&mut self) {
        self.stats = CacheStats::NONE;
    }

    /// The least recently used entry, left where it is.
    pub fn peek_lru(&self) -> Option<(&K, &V)> {
        self.list.back()
    }

    /// Takes the least recently used entry out. Counted as removed.
    pub fn pop_lru(&mut self) -> Option<(K, V)> {
        let entry = self.list.pop_back()?;
        self.stats.removed += 1;
        Some(entry)
    }

    /// The same for the sake of room. Counted as evicted.
    pub(crate) fn evict_lru(&mut self) -> Option<(K, V)> {
        let entry = self.list.pop_back()?;
        self.stats.evicted += 1;
        Some(entry)
    }

    /// Takes out and drops all entries for which `keep` is false, from the most to the least recently used. Their order
    /// does not change. Counted as removed.
    pub fn retain(&mut self, keep: impl FnMut(&K, &mut V) -> bool) {
        let removed = &mut self.stats.removed;
        self.list.retain(keep, |entry| {
            *removed += 1;
            drop(entry);
        });
    }

    /// Drops all entries, the rest also if one of the drops panics. Counted as removed.
    pub fn clear(&mut self) {
        self.stats.removed += self.len() as u64;
        self.list.clear();
    }

    /// The entries, from the most to the least recently used. Their order does not change.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter(self.list.iter())
    }

    /// The entries with mutable values, from the most to the least recently used. Their order does not change.
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut(self.list.iter_mut())
    }

    /// Exchanges the memory for `list`, which has another capacity: what does not fit is evicted first.
    #[allow(dead_code, reason = "without `alloc` there is no memory to move to")]
    pub(crate) fn move_to(&mut self, mut list: HashList<K, V, M>) {
        while self.len() > list.capacity() {
            self.stats.evicted += 1;
            drop(self.list.pop_back());
        }
        self.list.move_to(&mut list);
        self.list = list;
    }

    /// A copy of this cache in `list`, which has the same capacity.
    pub(crate) fn clone_in(&self, mut list: HashList<K, V, M>) -> Self
    where
        K: Clone,
        V: Clone,
        H: Clone,
    {
        self.list.clone_to(&mut list);
        Self { list, hasher: self.hasher.clone(), stats: self.stats }
    }

    #[doc(hidden)]
    pub fn validate(&self) {
        self.list.validate();
        assert!(self.len() <= self.capacity(), "more entries than the capacity");
    }
}

// What looks at keys.
impl<K: Hash + Eq, V, M: Memory, H: BuildHasher> LruCache<K, V, M, H> {
    /// The value of a key, which is the most recently used one then. Counted as a hit or a miss.
    #[inline]
    pub fn get<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<&V> {
        self.get_mut(key).map(|value| &*value)
    }

    /// As [`get`](Self::get), with a mutable value.
    #[inline]
    pub fn get_mut<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<&mut V> {
        let hash = hash32(&self.hasher, key);
        let found = self.list.promote(hash, |of| key.equivalent(of));
        if found.is_some() {
            self.stats.hits += 1;
        } else {
            self.stats.misses += 1;
        }
        found
    }

    /// The value of a key, left where it is in the order. Not counted.
    #[inline]
    pub fn peek<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<&V> {
        let hash = hash32(&self.hasher, key);
        self.list.get(hash, |of| key.equivalent(of)).map(|(_, value)| value)
    }

    /// As [`peek`](Self::peek), with a mutable value.
    #[inline]
    pub fn peek_mut<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<&mut V> {
        let hash = hash32(&self.hasher, key);
        self.list.get_mut(hash, |of| key.equivalent(of)).map(|(_, value)| value)
    }

    /// Whether the key is there. Not counted, and the order does not change.
    #[inline]
    pub fn contains<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> bool {
        self.peek(key).is_some()
    }

    /// Makes the entry the most recently used one and says what that displaced: the value that the key had (its stored
    /// key stays, the new one is dropped), or the least recently used entry if there was no room.
    #[inline]
    pub fn insert(&mut self, key: K, value: V) -> Inserted<K, V> {
        self.exchange(key, value).into()
    }

    /// As [`insert`](Self::insert), and drops what was displaced.
    #[inline]
    pub fn put(&mut self, key: K, value: V) {
        let hash = hash32(&self.hasher, &key);
        match self.replace(hash, &key, value) {
            Ok(old) => drop((key, old)),
            Err(value) => Self::push_and_drop(&mut self.list, &mut self.stats, hash, key, value),
        }
    }

    /// What [`insert`](Self::insert) does.
    #[inline]
    pub(crate) fn exchange(&mut self, key: K, value: V) -> Displaced<K, V> {
        let hash = hash32(&self.hasher, &key);
        match self.replace(hash, &key, value) {
            Ok(old) => Displaced::Value(key, old),
            Err(value) => match Self::push(&mut self.list, &mut self.stats, hash, key, value) {
                Some((key, value)) => Displaced::Entry(key, value),
                None => Displaced::Nothing,
            },
        }
    }

    /// Gives the entry of the key this value, if there is one, and makes it the most recently used one. Gives the value that it
    /// had, or else the new one back.
    #[inline]
    fn replace(&mut self, hash: u32, key: &K, value: V) -> Result<V, V> {
        let Some(old) = self.list.promote(hash, |of| key.equivalent(of)) else { return Err(value) };
        self.stats.inserted += 1;
        self.stats.replaced += 1;
        Ok(core::mem::replace(old, value))
    }

    /// Puts in an entry whose key is not there, and gives the one that had to go.
    #[inline]
    fn push(
        list: &mut HashList<K, V, M>,
        stats: &mut CacheStats,
        hash: u32,
        key: K,
        value: V,
    ) -> Option<(K, V)> {
        Self::count_push(list, stats);
        let mut displaced = None;
        list.push_front(hash, key, value, |entry| displaced = Some(entry));
        displaced
    }

    /// Puts in an entry whose key is not there, and drops the one that had to go.
    ///
    /// A call, since a loop round look-ups needs its registers for those.
    #[inline(never)]
    fn push_and_drop(list: &mut HashList<K, V, M>, stats: &mut CacheStats, hash: u32, key: K, value: V) {
        Self::count_push(list, stats);
        list.push_front(hash, key, value, drop);
    }

    /// Counts what is about to be put in and what has to go for it.
    #[inline]
    fn count_push(list: &HashList<K, V, M>, stats: &mut CacheStats) {
        stats.inserted += 1;
        stats.evicted += u64::from(list.is_full());
    }

    /// The value of a key, made by `make` if it was not there; the most recently used one then. Counted as a hit or a miss.
    ///
    /// None if it was not there and there is no room at all: the capacity is 0. What had to go for it is dropped.
    ///
    /// ```
    /// use larder::cache::{Inline, LruCache};
    ///
    /// let mut squares: LruCache<u32, u32, Inline<8>> = LruCache::new();
    /// assert_eq!(squares.get_or_insert_with(12, |n| n * n), Some(&mut 144));
    /// ```
    #[inline]
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce(&K) -> V) -> Option<&mut V> {
        let Ok(value) = self.try_get_or_insert_with(key, |key| Ok::<V, core::convert::Infallible>(make(key)));
        value
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), but `make` may fail; then nothing is put in.
    ///
    /// # Errors
    ///
    /// That of `make`.
    pub fn try_get_or_insert_with<E>(
        &mut self,
        key: K,
        make: impl FnOnce(&K) -> Result<V, E>,
    ) -> Result<Option<&mut V>, E> {
        let Self { list, hasher, stats } = self;
        let hash = hash32(hasher, &key);
        match list.promote_or_else(hash, |of| key.equivalent(of)) {
            Ok(value) => {
                stats.hits += 1;
                Ok(Some(value))
            }
            Err(list) => {
                stats.misses += 1;
                let value = match make(&key) {
                    Ok(value) => value,
                    Err(error) => {
                        // Before the error is on its way to the caller, as in `insert`.
                        drop(key);
                        return Err(error);
                    }
                };
                Self::push_and_drop(list, stats, hash, key, value);
                Ok(list.front_mut().map(|(_, value)| value))
            }
        }
    }

    /// Takes a value out. Counted as removed.
    #[inline]
    pub fn remove<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<V> {
        let (key, value) = self.remove_entry(key)?;
        // Before the value is on its way to the caller, as in `insert`.
        drop(key);
        Some(value)
    }

    /// Takes an entry out. Counted as removed.
    #[inline]
    pub fn remove_entry<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<(K, V)> {
        let hash = hash32(&self.hasher, key);
        let entry = self.list.remove(hash, |of| key.equivalent(of))?;
        self.stats.removed += 1;
        Some(entry)
    }
}

impl<K: Clone, V: Clone, const N: usize, H: Clone> Clone for LruCache<K, V, Inline<N>, H> {
    fn clone(&self) -> Self {
        self.clone_in(HashList::new())
    }
}

impl<K, V, const N: usize, H: Default> Default for LruCache<K, V, Inline<N>, H> {
    fn default() -> Self {
        Self::with_hasher(H::default())
    }
}

impl<K: Hash + Eq, V, M: Memory, H: BuildHasher> Extend<(K, V)> for LruCache<K, V, M, H> {
    /// [`put`](LruCache::put)s one after the other.
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(key, value)| self.put(key, value));
    }
}

impl<K: fmt::Debug, V: fmt::Debug, M: Memory, H> fmt::Debug for LruCache<K, V, M, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<'a, K, V, M: Memory, H> IntoIterator for &'a LruCache<K, V, M, H> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<'a, K, V, M: Memory, H> IntoIterator for &'a mut LruCache<K, V, M, H> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;

    fn into_iter(self) -> IterMut<'a, K, V> {
        self.iter_mut()
    }
}

/// The entries of an [`LruCache`], from the most to the least recently used.
#[must_use = "an iterator does nothing until it is asked"]
pub struct Iter<'a, K, V>(hash_list::Iter<'a, K, V>);

/// The entries of an [`LruCache`] with mutable values, from the most to the least recently used.
#[must_use = "an iterator does nothing until it is asked"]
pub struct IterMut<'a, K, V>(hash_list::IterMut<'a, K, V>);

/// An iterator that asks another one, from both ends.
macro_rules! iterator {
    ($name:ident, $item:ty) => {
        impl<'a, K, V> Iterator for $name<'a, K, V> {
            type Item = $item;

            fn next(&mut self) -> Option<Self::Item> {
                self.0.next()
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }
        }

        impl<K, V> DoubleEndedIterator for $name<'_, K, V> {
            fn next_back(&mut self) -> Option<Self::Item> {
                self.0.next_back()
            }
        }

        impl<K, V> ExactSizeIterator for $name<'_, K, V> {}
        impl<K, V> FusedIterator for $name<'_, K, V> {}

        impl<K, V> fmt::Debug for $name<'_, K, V> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("left", &self.len()).finish_non_exhaustive()
            }
        }
    };
}

iterator!(Iter, (&'a K, &'a V));
iterator!(IterMut, (&'a K, &'a mut V));

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
