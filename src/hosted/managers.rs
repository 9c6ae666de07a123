//! Managers on the real clock, and functions of theirs that compute once.

use super::flight::SingleFlight;
use crate::fixed::memo::Memo;
use crate::heap::caches::{CacheManager, NamedFunction};
use crate::heap::memoized::Memoized;
use crate::heap::names::Refusal;
use crate::key::ToKey;
use crate::time::Clock;
use core::hash::Hash;
use core::time::Duration;

impl<C: Clock + Clone + Send + Sync + 'static> CacheManager<C> {
    /// Lets a function remember up to `capacity` results, each for the time `ttl`; `Duration::MAX` is for ever. Its cache is seen and emptied by
    /// the name. Of callers who miss one result at the same time one computes it, and the others wait; see
    /// [`SingleFlight`].
    ///
    /// A function that gives a `Result` of which errors are not to be remembered is [`try_memoize`](Self::try_memoize)d.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): the name is taken, the capacity is 0 or can't be had.
    pub fn memoize<Q, V, F>(
        &self,
        name: &str,
        capacity: usize,
        ttl: Duration,
        function: F,
    ) -> Result<NamedFunction<Q::Key, V, C, F, SingleFlight>, Refusal>
    where
        Q: ToKey<Key: Hash + Eq + Clone + Send + Sync + 'static> + ?Sized,
        V: Clone + Send + Sync + 'static,
        F: Fn(&Q) -> V,
    {
        self.remember(name, capacity, ttl, function)
    }

    /// The same for a function that may fail, for [`Memoized::try_call`].
    ///
    /// # Errors
    ///
    /// As [`memoize`](Self::memoize).
    pub fn try_memoize<Q, V, E, F>(
        &self,
        name: &str,
        capacity: usize,
        ttl: Duration,
        function: F,
    ) -> Result<NamedFunction<Q::Key, V, C, F, SingleFlight>, Refusal>
    where
        Q: ToKey<Key: Hash + Eq + Clone + Send + Sync + 'static> + ?Sized,
        V: Clone + Send + Sync + 'static,
        F: Fn(&Q) -> Result<V, E>,
    {
        self.remember(name, capacity, ttl, function)
    }

    fn remember<K, V, F>(
        &self,
        name: &str,
        capacity: usize,
        ttl: Duration,
        function: F,
    ) -> Result<NamedFunction<K, V, C, F, SingleFlight>, Refusal>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let make = || Ok(Memo::with_single_flight(self.cache_of_results(capacity, ttl)?));
        Ok(Memoized::new(self.named().create(name, make)?, function))
    }
}
