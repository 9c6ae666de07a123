//! Caches that are used by kind and name.

use super::caches::{NamedConcurrent, NamedLru, NamedTimed};
use super::names::Refusal;
use crate::key::Equivalent;
use crate::time::Clock;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::hash::Hash;

/// A cache of any kind.
pub(super) enum AnyCache<K, V, C: Clock> {
    Lru(Arc<NamedLru<K, V>>),
    Timed(Arc<NamedTimed<K, V, C>>),
    Concurrent(Arc<NamedConcurrent<K, V>>),
}

impl<K: Hash + Eq, V, C: Clock> AnyCache<K, V, C> {
    pub(super) fn put(&self, key: K, value: V) -> Result<(), NotPut<K, V>> {
        match self {
            Self::Lru(cache) => cache.put(key, value),
            Self::Timed(cache) => cache.put(key, value),
            Self::Concurrent(cache) => {
                return cache.put(key, value).map_err(|not| NotPut {
                    key: not.key,
                    value: not.value,
                    name_error: None,
                });
            }
        }
        Ok(())
    }

    pub(super) fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<V>
    where
        V: Clone,
    {
        match self {
            Self::Lru(cache) => cache.get(key),
            Self::Timed(cache) => cache.get(key),
            Self::Concurrent(cache) => cache.get(key),
        }
    }

    pub(super) fn take<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> bool {
        match self {
            Self::Lru(cache) => cache.remove(key).is_some(),
            Self::Timed(cache) => cache.remove(key).is_some(),
            Self::Concurrent(cache) => cache.remove(key).was_there(),
        }
    }
}

/// An entry that could not be put in by kind and name. It comes back.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotPut<K, V> {
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
    /// What is wrong with the name. None if the cache itself did not take the entry, as [`Rejected`](crate::Rejected) says.
    pub name_error: Option<Refusal>,
}

impl<K, V> fmt::Debug for NotPut<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotPut").field("name_error", &self.name_error).finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for NotPut<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name_error {
            Some(error) => write!(f, "nothing was put in: {error}"),
            None => write!(f, "the cache did not take the entry: every slot for its key is in use"),
        }
    }
}

impl<K, V> Error for NotPut<K, V> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.name_error.as_ref().map(|error| error as _)
    }
}
