//! Room for one object, which somebody else says whether it is there.

use crate::sync::UnsafeCell;
use core::mem::MaybeUninit;

/// Room for one object. The wrapper is invariant in `T`, as a place must be that is read and written.
///
/// Each access is shown to the checkers where it begins; a reference that lives on is for its user to answer for.
pub struct Cell<T>(UnsafeCell<MaybeUninit<T>>);

impl<T> Cell<T> {
    pub(super) const fn empty() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Puts an object in. One that was there before is forgotten.
    ///
    /// # Safety
    ///
    /// Nobody else touches the cell.
    #[inline]
    pub(super) unsafe fn write(&self, object: T) {
        // SAFETY: the caller's.
        self.0.with_mut(|cell| unsafe { cell.cast::<T>().write(object) });
    }

    /// Takes the object out.
    ///
    /// # Safety
    ///
    /// There is one, it is not used here any more, and nobody else touches the cell.
    #[inline]
    pub(super) unsafe fn take(&self) -> T {
        // SAFETY: the caller's. (Exclusive: reading it out is the end of it.)
        self.0.with_mut(|cell| unsafe { cell.cast::<T>().read() })
    }

    /// Drops the object where it is.
    ///
    /// # Safety
    ///
    /// As for [`take`](Self::take).
    #[inline]
    pub(super) unsafe fn drop_in_place(&self) {
        // SAFETY: the caller's.
        self.0.with_mut(|cell| unsafe { cell.cast::<T>().drop_in_place() });
    }

    /// The object.
    ///
    /// # Safety
    ///
    /// There is one, and while the reference lives nobody changes it.
    #[inline]
    pub(super) unsafe fn get(&self) -> &T {
        // SAFETY: the caller's.
        self.0.with(|cell| unsafe { &*cell.cast::<T>() })
    }

    /// The object, to be changed.
    ///
    /// # Safety
    ///
    /// There is one, and while the reference lives nobody else touches the cell.
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "that nobody else has one is the caller's to know")]
    pub(super) unsafe fn get_mut(&self) -> &mut T {
        // SAFETY: the caller's.
        self.0.with_mut(|cell| unsafe { &mut *cell.cast::<T>() })
    }

    /// Lets `change` work on the object.
    ///
    /// # Safety
    ///
    /// There is one, and until `change` returns nobody else touches the cell.
    #[inline]
    pub(super) unsafe fn update(&self, change: impl FnOnce(&mut T)) {
        // SAFETY: the caller's.
        self.0.with_mut(|cell| change(unsafe { &mut *cell.cast::<T>() }));
    }
}
