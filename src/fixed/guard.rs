//! The guard of every pool.

use crate::raw::slots::{Lease, Owner};
use core::fmt;
use core::ops::{Deref, DerefMut};

/// An object out of a pool. It goes back when this is dropped, on whatever thread.
///
/// `O` is what keeps the pool: a borrow, or a share of it. The aliases beside each pool
/// ([`PoolBox`](crate::pool::PoolBox), [`Pooled`](crate::pool::Pooled), ...) spell it out.
///
/// # Panics, leaks
///
/// If the object's `Drop` or the pool's reset hook panics when the guard is dropped, the slot is free all the same and
/// the object is gone. A guard that is leaked ([`core::mem::forget`]) keeps its slot and its object for ever.
#[must_use = "dropping the guard gives the object back"]
pub struct Guard<T, O: Owner<T>> {
    lease: Lease<T, O>,
}

impl<T, O: Owner<T>> Guard<T, O> {
    #[inline]
    pub(crate) fn new(lease: Lease<T, O>) -> Self {
        Self { lease }
    }

    /// Takes the object out of the pool for good. Its slot is free at once.
    ///
    /// A function, not a method, so that it does not hide one of the object's.
    pub fn into_inner(guard: Self) -> T {
        guard.lease.take()
    }
}

impl<T, O: Owner<T>> Deref for Guard<T, O> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.lease
    }
}

impl<T, O: Owner<T>> DerefMut for Guard<T, O> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.lease
    }
}

impl<T, O: Owner<T>> AsRef<T> for Guard<T, O> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T, O: Owner<T>> AsMut<T> for Guard<T, O> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: fmt::Debug, O: Owner<T>> fmt::Debug for Guard<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: fmt::Display, O: Owner<T>> fmt::Display for Guard<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

/// A guard does not take a shorter lifetime: what is written through it could stay in the pool.
///
/// ```compile_fail
/// use larder::pool::Pooled;
///
/// fn shorten<'pool, 'short>(guard: Pooled<'pool, &'static str>) -> Pooled<'pool, &'short str> {
///     guard
/// }
/// ```
///
/// The same without the change of lifetime compiles:
///
/// ```
/// use larder::pool::Pooled;
///
/// fn keep<'pool>(guard: Pooled<'pool, &'static str>) -> Pooled<'pool, &'static str> {
///     guard
/// }
/// ```
#[cfg(doctest)]
struct Invariant;
