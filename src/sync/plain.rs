//! The cell of every backend but loom: `core`'s, with loom's way of being asked.

/// Interior mutability that a checker can watch: the pointer is only handed to a closure, so that the access has a
/// beginning and an end.
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    /// A shared access.
    #[inline]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// An exclusive access. That it is exclusive is for the caller to know.
    #[inline]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }

    /// Where it is, for accesses that no checker watches here.
    #[inline]
    pub(crate) fn place(&self) -> *mut T {
        self.0.get()
    }
}
