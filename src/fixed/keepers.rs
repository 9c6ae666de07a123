//! The caches in which a memo keeps its results.

use super::cache::Cache;
use super::lru::{Inserted, LruCache};
use super::memo::{Age, Exclusive, Keeper, Remembers};
use super::setup::Config;
use super::timed::TimedCache;
use crate::key::Equivalent;
use crate::lifetime::Timed;
use crate::raw::for_each_surely;
use crate::raw::memory::Memory;
use crate::raw::store::Store;
use core::cell::RefCell;
use core::hash::{BuildHasher, Hash};
use core::iter;

impl<K: Hash + Eq + Clone, V: Clone, M: Store, C: Config> Keeper for Cache<K, V, M, C> {
    type Key = K;
    type Value = V;

    #[inline]
    fn look_up<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<V> {
        self.get(key)
    }

    /// The age is that of the set, which the cache keeps itself.
    fn fill<E>(&self, key: K, _: &Age, compute: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        self.fill_after_a_look(key, compute)
    }

    fn forget<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) {
        drop(self.remove(key));
    }

    fn forget_all(&self) {
        self.clear();
    }
}

impl<L: Exclusive<Inner: Remembers>> Keeper for L {
    type Key = <L::Inner as Remembers>::Key;
    type Value = <L::Inner as Remembers>::Value;

    #[inline]
    fn look_up<Q: Hash + Equivalent<Self::Key> + ?Sized>(&self, key: &Q) -> Option<Self::Value> {
        self.with(|cache| cache.recall(key))
    }

    fn fill<E>(
        &self,
        key: Self::Key,
        age: &Age,
        compute: impl FnOnce() -> Result<Self::Value, E>,
    ) -> Result<Self::Value, E> {
        let begun = age.now();
        if let Some(value) = self.with(|cache| cache.glance(&key)) {
            drop((key, compute));
            return Ok(value);
        }
        match compute() {
            Ok(value) => {
                keep(self, key, value.clone(), || age.now() == begun);
                Ok(value)
            }
            Err(error) => {
                drop(key);
                Err(error)
            }
        }
    }

    fn forget<Q: Hash + Equivalent<Self::Key> + ?Sized>(&self, key: &Q) {
        drop(self.with(|cache| cache.forget(key)));
    }

    /// One by one, so that destructors run where the cache is not locked. It goes on until it has seen it empty: others may have put a result
    /// in front of an old one that was used just now.
    fn forget_all(&self) {
        for_each_surely(iter::from_fn(|| self.with(Remembers::forget_one)), drop);
    }
}

/// Keeps a result, if it is not too old by then.
fn keep<L: Exclusive<Inner: Remembers>>(
    way: &L,
    key: <L::Inner as Remembers>::Key,
    value: <L::Inner as Remembers>::Value,
    is_new: impl FnOnce() -> bool,
) {
    let over = way.with(|cache| if is_new() { Ok(cache.remember(key, value)) } else { Err((key, value)) });
    // Here, where the cache is not locked.
    drop(over);
}

/// What is the same for the exact caches.
macro_rules! exact {
    () => {
        type Key = K;
        type Value = V;
        type Displaced = (Option<(K, V)>, Inserted<K, V>);

        #[inline]
        fn recall<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<V> {
            self.get(key).cloned()
        }

        fn glance<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<V> {
            self.peek(key).cloned()
        }

        /// A key that is there is taken out before: within an insert the second one would be dropped, under the lock.
        fn remember(&mut self, key: K, value: V) -> Self::Displaced {
            (self.remove_entry(&key), self.insert(key, value))
        }

        fn forget<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<(K, V)> {
            self.remove_entry(key)
        }
    };
}

impl<K: Hash + Eq + Clone, V: Clone, M: Memory, H: BuildHasher> Remembers for LruCache<K, V, M, H> {
    exact!();

    fn forget_one(&mut self) -> Option<(K, V)> {
        self.pop_lru()
    }
}

impl<K, V, M: Memory, T: Timed, H: BuildHasher> Remembers for TimedCache<K, V, M, T, H>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    exact!();

    /// Also one that is over.
    fn forget_one(&mut self) -> Option<(K, V)> {
        self.take_last()
    }
}

impl<T> Exclusive for RefCell<T> {
    type Inner = T;

    #[inline]
    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut self.borrow_mut())
    }
}
