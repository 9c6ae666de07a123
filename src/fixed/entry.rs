//! References to what is in a concurrent cache.

use crate::lifetime::Stamp;
use crate::raw::mask::Mask;
use crate::raw::pin::Held;
use crate::raw::set::{Access, Set};
use crate::raw::width::Width;
use crate::time::Instant;
use core::fmt;
use core::iter::FusedIterator;
use core::ops::Deref;
use core::slice;

/// A reference to a value in a [`Cache`](crate::cache::Cache), which stays where it is as long as this is held: nothing is copied,
/// and the value need not be behind an `Arc`.
///
/// The entry can be removed or replaced meanwhile: then this still reads it, those who come do not find it, and whoever lets go of
/// it last drops it, there. (Where that and the removal do not see each other, in the same some nanoseconds, it is dropped when its slot is
/// needed, or by the next [`sweep`](crate::cache::Cache::sweep), `retain` or `clear`.) Its slot is used until then, so hold it for a moment. One that
/// is leaked ([`core::mem::forget`]) keeps slot and entry until the cache goes. Making and dropping one costs an exchange and a subtraction
/// on a word of the entry, or, if several threads read it, an exchange and a store on a line of the thread's own.
///
/// It may be sent to another thread, and dropped there.
pub struct Ref<'a, K, V>(Held<'a, K, V>);

impl<'a, K, V> Ref<'a, K, V> {
    #[inline]
    pub(crate) fn new(held: Held<'a, K, V>) -> Self {
        Self(held)
    }

    /// The key, as it was put in.
    ///
    /// A function, not a method, so that it does not hide one of the value's.
    #[inline]
    pub fn key(this: &Self) -> &K {
        this.0.key()
    }
}

impl<K, V> Deref for Ref<'_, K, V> {
    type Target = V;

    #[inline]
    fn deref(&self) -> &V {
        self.0.value()
    }
}

impl<K, V> AsRef<V> for Ref<'_, K, V> {
    fn as_ref(&self) -> &V {
        self
    }
}

impl<K, V: fmt::Debug> fmt::Debug for Ref<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        V::fmt(self, f)
    }
}

impl<K, V: fmt::Display> fmt::Display for Ref<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        V::fmt(self, f)
    }
}

/// A value that was asked for and computed if it was not there.
#[derive(Debug)]
pub enum Filled<'a, K, V> {
    /// It is in the cache.
    InCache(Ref<'a, K, V>),
    /// It was computed and could not be stored: something was inserted or removed in the meantime that may have made it stale,
    /// or there was no room.
    Unstored(V),
}

impl<K, V: Clone> Filled<'_, K, V> {
    /// The value, or a clone of that in the cache.
    pub fn into_value(self) -> V {
        match self {
            Self::InCache(entry) => {
                let value = V::clone(&entry);
                drop(entry);
                value
            }
            Self::Unstored(value) => value,
        }
    }
}

impl<K, V> Deref for Filled<'_, K, V> {
    type Target = V;

    #[inline]
    fn deref(&self) -> &V {
        match self {
            Self::InCache(entry) => entry,
            Self::Unstored(value) => value,
        }
    }
}

/// A set, and the ways of it that are still to come.
type Rest<'a, K, V, S, W> = (&'a Set<K, V, S, W>, Mask);

/// The entries of a cache, as they come. See [`Cache::iter`](crate::cache::Cache::iter).
pub struct CacheIter<'a, K, V, S: Stamp, W: Width> {
    sets: slice::Iter<'a, Set<K, V, S, W>>,
    here: Option<Rest<'a, K, V, S, W>>,
    access: Access<'a, K, V>,
    now: Instant,
}

impl<'a, K, V, S: Stamp, W: Width> CacheIter<'a, K, V, S, W> {
    pub(crate) fn new(sets: &'a [Set<K, V, S, W>], access: Access<'a, K, V>, now: Instant) -> Self {
        Self { sets: sets.iter(), here: None, access, now }
    }
}

impl<'a, K, V, S: Stamp, W: Width> Iterator for CacheIter<'a, K, V, S, W> {
    type Item = Ref<'a, K, V>;

    fn next(&mut self) -> Option<Ref<'a, K, V>> {
        loop {
            if let Some((set, ways)) = &mut self.here {
                for way in ways.by_ref() {
                    if let Some(held) = set.peek(self.access, way).filter(|_| !set.has_passed(way, self.now))
                    {
                        return Some(Ref::new(held));
                    }
                }
            }
            let set = self.sets.next()?;
            self.here = Some((set, set.live()));
        }
    }
}

impl<K, V, S: Stamp, W: Width> FusedIterator for CacheIter<'_, K, V, S, W> {}

impl<K, V, S: Stamp, W: Width> fmt::Debug for CacheIter<'_, K, V, S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheIter").finish_non_exhaustive()
    }
}

/// A reference does not take a shorter lifetime for what it refers to: the last one drops it, as what it was put in.
///
/// ```compile_fail
/// use larder::cache::Ref;
///
/// fn shorten<'cache, 'short>(entry: Ref<'cache, u32, &'static str>) -> Ref<'cache, u32, &'short str> {
///     entry
/// }
/// ```
///
/// Nor for its key:
///
/// ```compile_fail
/// use larder::cache::Ref;
///
/// fn shorten<'cache, 'short>(entry: Ref<'cache, &'static str, u32>) -> Ref<'cache, &'short str, u32> {
///     entry
/// }
/// ```
///
/// The same without the change of lifetime compiles:
///
/// ```
/// use larder::cache::Ref;
///
/// fn keep<'cache>(entry: Ref<'cache, &'static str, &'static str>) -> Ref<'cache, &'static str, &'static str> {
///     entry
/// }
/// ```
#[cfg(doctest)]
struct Invariant;
