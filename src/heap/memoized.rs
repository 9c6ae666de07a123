//! Functions that remember, whose results have a name.

use crate::fixed::memo::{Callers, EachComputes, Keeper, Memo};
use crate::key::{Equivalent, ToKey};
use alloc::sync::Arc;
use core::convert::Infallible;
use core::fmt;
use core::hash::Hash;

/// A function that remembers its results in a cache that a [`CacheManager`](crate::manager::CacheManager) names.
///
/// ```
/// use larder::manager::CacheManager;
/// use std::time::Duration;
///
/// let caches = CacheManager::new();
/// let length = caches.memoize("lengths", 100, Duration::from_secs(60), |text: &str| text.chars().count())?;
/// assert_eq!((length.call("larder"), length.call("larder")), (6, 6));
/// assert_eq!(caches.stats("lengths")?.hits, 1);
/// # Ok::<(), larder::NameError<String>>(())
/// ```
pub struct Memoized<S: Keeper, F, W: Callers = EachComputes> {
    memo: Arc<Memo<S, W>>,
    function: F,
}

impl<S: Keeper, F, W: Callers> Memoized<S, F, W> {
    pub(crate) fn new(memo: Arc<Memo<S, W>>, function: F) -> Self {
        Self { memo, function }
    }

    /// The result for an argument: the one that is remembered, or else that of the function.
    pub fn call<Q>(&self, argument: &Q) -> S::Value
    where
        Q: ToKey<Key = S::Key> + Hash + Equivalent<S::Key> + ?Sized,
        F: Fn(&Q) -> S::Value,
    {
        let Ok(value) = self.get_or(argument, || Ok::<_, Infallible>((self.function)(argument)));
        value
    }

    /// The same of a function that may fail. An error is not remembered.
    ///
    /// # Errors
    ///
    /// That of the function.
    pub fn try_call<Q, E>(&self, argument: &Q) -> Result<S::Value, E>
    where
        Q: ToKey<Key = S::Key> + Hash + Equivalent<S::Key> + ?Sized,
        F: Fn(&Q) -> Result<S::Value, E>,
    {
        self.get_or(argument, || (self.function)(argument))
    }

    fn get_or<Q, E>(&self, argument: &Q, compute: impl FnOnce() -> Result<S::Value, E>) -> Result<S::Value, E>
    where
        Q: ToKey<Key = S::Key> + Hash + Equivalent<S::Key> + ?Sized,
    {
        match self.memo.get(argument) {
            Some(value) => Ok(value),
            None => self.memo.fill(argument.to_key(), compute),
        }
    }

    /// The results.
    pub fn memo(&self) -> &Memo<S, W> {
        &self.memo
    }
}

impl<S: Keeper, F, W: Callers> fmt::Debug for Memoized<S, F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memoized").finish_non_exhaustive()
    }
}
