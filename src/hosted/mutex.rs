//! A cache in a `Mutex`, to keep results in.

use crate::fixed::memo::Exclusive;
use std::sync::{Mutex, PoisonError};

/// A panic in user code does not poison it: the caches of this crate are whole then.
impl<T> Exclusive for Mutex<T> {
    type Inner = T;

    #[inline]
    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut self.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
