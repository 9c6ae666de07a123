//! Resources of any type that are owned elsewhere.

use super::tracker::HeapTracker;
use crate::fixed::tracker::setup::{Finalizer, Places, Tracking};
use crate::lifetime::Expiring;
use alloc::boxed::Box;
use alloc::sync::Weak;
use core::fmt;

/// The tracker of a [`MemoryManager`](crate::manager::MemoryManager): of resources that are owned elsewhere.
pub type Resources<C> = HeapTracker<Resource, Tracking<WhenGone, Expiring<C>, Places>>;

/// A resource that is owned elsewhere, as a [`MemoryManager`](crate::manager::MemoryManager) tracks it.
pub struct Resource(Box<dyn Elsewhere>);

impl Resource {
    /// Of that owner, and what is to be done when it is gone.
    pub(super) fn new<T, F>(owner: Weak<T>, finalizer: F) -> Self
    where
        T: Send + Sync + ?Sized + 'static,
        F: FnOnce() + Send + Sync + 'static,
    {
        Self(Box::new((owner, Some(finalizer))))
    }

    /// Whether it is gone: nobody owns it any more.
    pub fn is_gone(&self) -> bool {
        self.0.is_gone()
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource").field("is_gone", &self.is_gone()).finish()
    }
}

trait Elsewhere: Send + Sync {
    fn is_gone(&self) -> bool;
    fn finalize(&mut self);
}

impl<T: Send + Sync + ?Sized, F: FnOnce() + Send + Sync> Elsewhere for (Weak<T>, Option<F>) {
    fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }

    fn finalize(&mut self) {
        if let Some(finalizer) = self.1.take() {
            finalizer();
        }
    }
}

/// The finalizer of a [`Resource`]: what was said when it was put in, if it is gone.
#[derive(Clone, Copy, Debug, Default)]
pub struct WhenGone(());

impl WhenGone {
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl Finalizer<Resource> for WhenGone {
    /// Not for one that is forgotten while its owner has it: at the tracker's own end.
    fn finalize(&self, resource: &mut Resource) {
        if resource.is_gone() {
            resource.0.finalize();
        }
    }

    fn is_unused(&self, resource: &Resource) -> bool {
        resource.is_gone()
    }
}
