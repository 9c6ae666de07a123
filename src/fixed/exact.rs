//! What the exact caches have in common.

use super::cache::Swept;
use super::lru::{Displaced, LruCache};
use super::memo::Exclusive;
use super::timed::TimedCache;
use super::watch::reading::CacheKind;
use crate::key::Equivalent;
use crate::lifetime::Timed;
use crate::maintenance::Maintained;
use crate::raw::memory::Memory;
use crate::stats::CacheStats;
use crate::time::Instant;
use core::hash::{BuildHasher, Hash};
use core::time::Duration;

/// A cache that is exact and for one place at a time: [`LruCache`] or [`TimedCache`].
pub trait Exact: sealed::Sealed {
    /// The type of its keys.
    type Key: Hash + Eq;
    /// The type of its values.
    type Value;

    #[doc(hidden)]
    const KIND: CacheKind;
    #[doc(hidden)]
    fn look_up<Q: Hash + Equivalent<Self::Key> + ?Sized>(&mut self, key: &Q) -> Option<&mut Self::Value>;
    #[doc(hidden)]
    fn peek<Q: Hash + Equivalent<Self::Key> + ?Sized>(&self, key: &Q) -> Option<&Self::Value>;
    #[doc(hidden)]
    fn exchange(&mut self, key: Self::Key, value: Self::Value) -> Displaced<Self::Key, Self::Value>;
    /// Takes an entry out, and says whether it was over.
    #[doc(hidden)]
    #[expect(clippy::type_complexity, reason = "an entry and a flag")]
    fn take<Q: Hash + Equivalent<Self::Key> + ?Sized>(
        &mut self,
        key: &Q,
    ) -> Option<(bool, (Self::Key, Self::Value))>;
    /// Takes any entry out.
    #[doc(hidden)]
    fn take_any(&mut self) -> Option<(Self::Key, Self::Value)>;
    #[doc(hidden)]
    fn entries(&self) -> usize;
    #[doc(hidden)]
    fn most_entries(&self) -> usize;
    #[doc(hidden)]
    fn counts(&self) -> CacheStats;
    #[doc(hidden)]
    fn bytes(&self) -> usize;
    /// Takes out the least recently used entry, for the sake of room.
    #[doc(hidden)]
    fn evict(&mut self, now: Instant) -> Option<(Self::Key, Self::Value)>;
    #[doc(hidden)]
    fn now(&self) -> Instant {
        Instant::START
    }
    /// How long it takes until something is over.
    #[doc(hidden)]
    fn next(&self, now: Instant) -> Option<Duration> {
        let _ = now;
        None
    }
    /// Takes out an entry that is over, and looks at so many at most.
    #[doc(hidden)]
    fn expire(&mut self, now: Instant, budget: &mut usize) -> Option<(Self::Key, Self::Value)> {
        let _ = (now, budget);
        None
    }
    /// Shows all entries.
    #[doc(hidden)]
    fn visit(&self, show: &mut dyn FnMut(&Self::Key, &Self::Value));
}

/// What both have under the same names.
macro_rules! exact {
    () => {
        type Key = K;
        type Value = V;

        #[inline]
        fn look_up<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<&mut V> {
            self.get_mut(key)
        }

        #[inline]
        fn peek<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<&V> {
            self.peek(key)
        }

        #[inline]
        fn exchange(&mut self, key: K, value: V) -> Displaced<K, V> {
            self.exchange(key, value)
        }

        fn entries(&self) -> usize {
            self.len()
        }

        fn most_entries(&self) -> usize {
            self.capacity()
        }

        fn counts(&self) -> CacheStats {
            self.stats()
        }

        fn bytes(&self) -> usize {
            self.memory_size()
        }

        fn visit(&self, show: &mut dyn FnMut(&K, &V)) {
            self.iter().for_each(|(key, value)| show(key, value));
        }
    };
}

impl<K: Hash + Eq, V, M: Memory, H: BuildHasher> Exact for LruCache<K, V, M, H> {
    const KIND: CacheKind = CacheKind::Lru;
    exact!();

    #[inline]
    fn take<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<(bool, (K, V))> {
        Some((false, self.remove_entry(key)?))
    }

    fn take_any(&mut self) -> Option<(K, V)> {
        self.pop_lru()
    }

    fn evict(&mut self, _: Instant) -> Option<(K, V)> {
        self.evict_lru()
    }
}

impl<K: Hash + Eq, V, M: Memory, T: Timed, H: BuildHasher> Exact for TimedCache<K, V, M, T, H> {
    const KIND: CacheKind = CacheKind::Timed;
    exact!();

    #[inline]
    fn take<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<(bool, (K, V))> {
        self.take(key)
    }

    fn take_any(&mut self) -> Option<(K, V)> {
        self.take_last()
    }

    fn evict(&mut self, now: Instant) -> Option<(K, V)> {
        self.evict_last(now)
    }

    fn now(&self) -> Instant {
        self.now()
    }

    fn next(&self, now: Instant) -> Option<Duration> {
        let end = self.next_end().instant()?;
        Some(T::duration(end.saturating_since(now)))
    }

    fn expire(&mut self, now: Instant, budget: &mut usize) -> Option<(K, V)> {
        self.expire(now, budget)
    }
}

mod sealed {
    use super::{LruCache, Memory, Timed, TimedCache};

    pub trait Sealed {}
    impl<K, V, M: Memory, H> Sealed for LruCache<K, V, M, H> {}
    impl<K, V, M: Memory, T: Timed, H> Sealed for TimedCache<K, V, M, T, H> {}
}

/// Takes out and drops entries that are over at `now`, and looks at `budget` of them at most. Nobody else is kept waiting for longer than
/// one takes.
pub(crate) fn sweep<L: Exclusive<Inner: Exact>>(way: &L, now: Instant, budget: usize) -> Swept {
    let mut left = budget;
    let mut expired = 0;
    loop {
        let entry = way.with(|cache| cache.expire(now, &mut left));
        if entry.is_none() {
            return Swept { expired, looked_at: budget - left };
        }
        expired += 1;
        // Here, where the cache is not locked; so everywhere below.
        drop(entry);
    }
}

/// The same for those that are over now.
pub(crate) fn sweep_now<L: Exclusive<Inner: Exact>>(way: &L, budget: usize) -> Swept {
    let now = way.with(|cache| cache.now());
    sweep(way, now, budget)
}

/// Does what is due, up to so many steps.
pub(crate) fn tidy<L: Exclusive<Inner: Exact>>(way: &L, budget: usize) -> Maintained {
    let now = way.with(|cache| cache.now());
    let swept = sweep(way, now, budget);
    let next = way.with(|cache| cache.next(now));
    Maintained { done: swept.looked_at, is_left: swept.looked_at >= budget, next }
}

/// Takes out entries until no more than `most` are left: what is over first. How many went.
pub(crate) fn shrink<L: Exclusive<Inner: Exact>>(way: &L, most: usize) -> usize {
    let (now, entries) = way.with(|cache| (cache.now(), cache.entries()));
    let gone = sweep(way, now, entries).expired;
    let evicted = (most..entries - gone.min(entries)).map_while(|_| way.with(|cache| cache.evict(now)));
    // By the count of before: others may put in as fast as this takes out.
    gone + evicted.map(drop).count()
}

/// Takes out all entries that are there when it begins, one by one: others may put in and take out between.
pub(crate) fn empty<L: Exclusive<Inner: Exact>>(way: &L) {
    let entries = way.with(|cache| cache.entries());
    crate::raw::for_each_surely(0..entries, |_| drop(way.with(Exact::take_any)));
}
