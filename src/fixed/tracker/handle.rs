//! Handles of tracked resources, strong and weak.

use crate::fixed::cache::Removed;
use crate::id::Id;
use crate::raw::hold::Keeper;
use crate::raw::tracked::{Owner, Pin, Tracks};
use core::fmt;
use core::ops::Deref;

/// A strong handle of a tracked resource: while it is there, the resource is alive, and is neither swept nor finalized.
///
/// `O` is what keeps the tracker: a borrow of it (`&Tracker`), or a share (`Arc<Tracker>`).
///
/// # Cost
///
/// To read the resource costs nothing but the way to it. A clone is one atomic addition, the drop one subtraction, and for the last
/// handle of a resource an exchange, an addition and a mark besides: a bounded number of steps, in any context, interrupts included. It
/// runs no code of the resource's: its finalizer waits for [`drain`](crate::tracker::Tracker::drain). (If a task waits in
/// [`drain_async`](crate::tracker::Tracker::drain_async), its waker is called. If the tracker knows idle resources, its clock is read. The
/// last share of a tracker drops that, with all finalizers.)
///
/// A handle that is leaked ([`core::mem::forget`]) keeps its resource alive until the tracker is dropped.
#[must_use = "the resource may die with its handle"]
pub struct Handle<O: Owner> {
    pin: Pin<O, true>,
}

/// What is tracked by who keeps it so.
type Resource<O> = <<O as Owner>::Tracker as Tracks>::Resource;

impl<O: Owner> Handle<O> {
    #[inline]
    pub(crate) fn new(pin: Pin<O, true>) -> Self {
        Self { pin }
    }

    /// The resource's name.
    ///
    /// A function, not a method, so that it does not hide one of the resource's. So are the others.
    #[inline]
    pub fn id(handle: &Self) -> Id {
        handle.pin.id()
    }

    /// A weak handle of the same resource.
    pub fn downgrade(handle: &Self) -> WeakHandle<O>
    where
        O: Clone,
    {
        WeakHandle { owner: handle.pin.owner().clone(), id: Self::id(handle) }
    }

    /// Another handle, if there are less than eight million.
    pub fn try_clone(handle: &Self) -> Option<Self>
    where
        O: Clone,
    {
        handle.pin.again(handle.pin.owner().clone()).map(Self::new)
    }

    /// Takes the resource out of the tracker, without finalizing it, if nobody else holds it.
    ///
    /// Else it is [in use](Removed::InUse): it is not found any more, dies with its last handle, and is finalized.
    /// ([Absent](Removed::Absent) stands for the same, if it was so before.)
    pub fn untrack(handle: Self) -> Removed<Resource<O>> {
        super::removed(handle.pin.take())
    }
}

impl<O: Owner + Clone> Clone for Handle<O> {
    /// Another handle of the same resource.
    ///
    /// # Panics
    ///
    /// If there are eight million.
    fn clone(&self) -> Self {
        Self::try_clone(self).expect("too many handles of one resource")
    }
}

impl<O: Owner> Deref for Handle<O> {
    type Target = Resource<O>;

    #[inline]
    fn deref(&self) -> &Resource<O> {
        &self.pin.get().0
    }
}

impl<O: Owner> AsRef<Resource<O>> for Handle<O> {
    fn as_ref(&self) -> &Resource<O> {
        self
    }
}

impl<O: Owner> fmt::Debug for Handle<O>
where
    Resource<O>: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&Self::id(self)).field(&**self).finish()
    }
}

/// A weak handle: the name of a resource and the tracker. It keeps no resource alive; one that shares its tracker keeps that.
pub struct WeakHandle<O> {
    owner: O,
    id: Id,
}

impl<O: Owner> WeakHandle<O> {
    pub(crate) fn new(owner: O, id: Id) -> Self {
        Self { owner, id }
    }

    /// The resource's name.
    pub fn id(&self) -> Id {
        self.id
    }

    /// A strong handle, if the resource is alive: neither taken out, nor dead, nor over. (Nor held by eight million handles.)
    ///
    /// One atomic exchange. It never revives what is dead.
    pub fn upgrade(&self) -> Option<Handle<O>>
    where
        O: Clone,
    {
        find(self.owner.clone(), self.id, Keeper::Handle)
    }
}

/// A strong handle of what has this name.
#[inline]
pub(super) fn find<O: Owner>(owner: O, id: Id, expected: Keeper) -> Option<Handle<O>> {
    let pin = Pin::new(owner, id, expected)?;
    let admits = pin.owner().tracker().admits(pin.stamp());
    admits.then(|| Handle::new(pin.into_use()))
}

impl<O: Clone> Clone for WeakHandle<O> {
    fn clone(&self) -> Self {
        Self { owner: self.owner.clone(), id: self.id }
    }
}

impl<O> fmt::Debug for WeakHandle<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeakHandle").field(&self.id).finish()
    }
}
