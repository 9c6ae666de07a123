//! `Tracker` with memory on the heap, and resources that are owned elsewhere.

use crate::error::{CapacityError, Exhausted};
use crate::fixed::tracker::Tracker;
use crate::fixed::tracker::handle::Handle;
use crate::fixed::tracker::report::Living;
use crate::fixed::tracker::setup::{DropOnly, Finalizer, Tracked, Tracking};
use crate::id::Id;
use crate::raw::heap::Heap;
use crate::raw::tracked::{Core, Slots};
use alloc::sync::{Arc, Weak};

/// A tracker on the heap, for a number of resources that is given at run time.
pub type HeapTracker<R, C = Tracking> = Tracker<R, Heap, C>;

/// A handle that shares the ownership of its tracker.
pub type OwnedHandle<R, M = Heap, C = Tracking> = Handle<Arc<Tracker<R, M, C>>>;

impl<R> HeapTracker<R> {
    /// An empty tracker for so many resources. All memory is allocated here.
    ///
    /// # Panics
    ///
    /// If there is no memory for it; see [`try_with_capacity`](Self::try_with_capacity).
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and(capacity, Tracking::new())
    }
}

impl<R, C: Tracked<R>> HeapTracker<R, C> {
    /// As [`with_capacity`](HeapTracker::with_capacity), made with a setup.
    ///
    /// # Panics
    ///
    /// If there is no memory for it; see [`try_with_capacity`](Self::try_with_capacity).
    pub fn with_capacity_and(capacity: usize, setup: C) -> Self {
        Self::try_with_capacity(capacity, setup).unwrap_or_else(|error| panic!("{error}"))
    }

    /// An empty tracker for so many resources, made with a setup. All memory is allocated here.
    ///
    /// # Errors
    ///
    /// [`CapacityError`], if it is too large or there is no memory for it.
    pub fn try_with_capacity(capacity: usize, setup: C) -> Result<Self, CapacityError> {
        Ok(Self::of(Core::try_on_heap(capacity)?, setup))
    }
}

impl<R, M: Slots, C: Tracked<R>> Tracker<R, M, C> {
    /// As [`track`](Self::track), with a handle that keeps the tracker alive and can go anywhere. (Also into a resource of the same
    /// tracker; then both keep each other alive, as with every `Arc`.)
    ///
    /// ```
    /// use larder::tracker::HeapTracker;
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// let tracker = Arc::new(HeapTracker::with_capacity(10));
    /// let handle = tracker.track_owned(String::from("socket"))?;
    /// thread::spawn(move || assert_eq!(*handle, "socket")).join().unwrap();
    /// assert_eq!(tracker.drain(1), 1);
    /// # Ok::<(), larder::Exhausted<String>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`track`](Self::track).
    #[track_caller]
    pub fn track_owned(self: &Arc<Self>, resource: R) -> Result<OwnedHandle<R, M, C>, Exhausted<R>> {
        Self::track_by(Arc::clone(self), "", resource)
    }

    /// As [`get`](Self::get), with a handle that keeps the tracker alive and can go anywhere.
    pub fn get_owned(self: &Arc<Self>, id: Id) -> Option<OwnedHandle<R, M, C>> {
        Self::weak_owned(self, id).upgrade()
    }

    /// As [`weak`](Self::weak), with a handle that keeps the tracker alive and can go anywhere.
    pub fn weak_owned(self: &Arc<Self>, id: Id) -> crate::fixed::tracker::handle::WeakHandle<Arc<Self>> {
        crate::fixed::tracker::handle::WeakHandle::new(Arc::clone(self), id)
    }
}

/// The finalizer of resources that are owned elsewhere: they are of no more use when their owner is gone. It calls another finalizer.
///
/// ```
/// use larder::tracker::{Age, HeapTracker, OwnedElsewhere, Tracking};
/// use larder::time::Instant;
/// use std::sync::Arc;
///
/// let tracker = HeapTracker::with_capacity_and(10, Tracking::of(OwnedElsewhere::new()));
/// let session = Arc::new("alice");
/// let id = tracker.track_weak(Arc::downgrade(&session))?;
/// assert_eq!(tracker.sweep_of(Age::Young, Instant::START, 10).unused, 0);
/// drop(session);
/// assert_eq!(tracker.sweep_of(Age::Old, Instant::START, 10).unused, 1);
/// assert!(tracker.get(id).is_none());
/// # Ok::<(), larder::Exhausted<std::sync::Weak<&str>>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnedElsewhere<F = DropOnly>(F);

impl OwnedElsewhere {
    /// Nothing is done for what is gone.
    pub const fn new() -> Self {
        Self(DropOnly)
    }
}

impl<F> OwnedElsewhere<F> {
    /// With a finalizer, which is given the weak handle that is left.
    pub const fn with(finalizer: F) -> Self {
        Self(finalizer)
    }
}

impl<T: ?Sized, F: Finalizer<Weak<T>>> Finalizer<Weak<T>> for OwnedElsewhere<F> {
    fn finalize(&self, resource: &mut Weak<T>) {
        self.0.finalize(resource);
    }

    fn is_unused(&self, resource: &Weak<T>) -> bool {
        resource.strong_count() == 0 || self.0.is_unused(resource)
    }

    fn still_alive(&self, living: &Living) {
        self.0.still_alive(living);
    }
}

impl<T: ?Sized, M: Slots, C> Tracker<Weak<T>, M, C>
where
    C: Tracked<Weak<T>>,
{
    /// Puts a resource in that is owned elsewhere: a sweep finds it when its owner is gone, if the tracker's finalizer is
    /// [`OwnedElsewhere`].
    ///
    /// # Errors
    ///
    /// As [`track`](Self::track).
    #[track_caller]
    pub fn track_weak(&self, resource: Weak<T>) -> Result<Id, Exhausted<Weak<T>>> {
        self.insert(resource)
    }
}
