//! Room for one object, which somebody else says whether it is there.

use super::pieces;
use crate::sync::UnsafeCell;
use crate::sync::pieces::Mirror;
use core::mem::MaybeUninit;

/// Room for one object. The wrapper is invariant in `T`, as a place must be that is read and written.
///
/// Each access is shown to the checkers where it begins; a reference that lives on is for its user to answer for.
pub struct Cell<T>(UnsafeCell<MaybeUninit<T>>, Mirror);

impl<T> Cell<T> {
    pub(super) const fn empty() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()), Mirror::new())
    }

    /// Shows a checker what there is, before it matters.
    pub(super) fn show(&self) {
        self.1.show();
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

/// A key and a value that are plain data.
impl<K, V> Cell<(K, V)> {
    /// As [`write`](Self::write), while others may be reading with [`read_pieces`](Self::read_pieces).
    ///
    /// # Safety
    ///
    /// Both have no uninitialised bytes, and nobody else writes.
    #[inline]
    pub(super) unsafe fn write_pieces(&self, pair: (K, V)) {
        self.0.with_mut(|cell| {
            let cell = cell.cast::<(K, V)>();
            // SAFETY: within the cell.
            let key = unsafe { &raw mut (*cell).0 };
            // SAFETY: as above.
            let value = unsafe { &raw mut (*cell).1 };
            // SAFETY: the caller's.
            let keys = unsafe { pieces::write(key, &pair.0, &self.1, 0) };
            // SAFETY: the caller's.
            unsafe { pieces::write(value, &pair.1, &self.1, keys) };
        });
        core::mem::forget(pair);
    }

    /// A copy of the key, which may be torn.
    ///
    /// # Safety
    ///
    /// As for [`read_pieces`](Self::read_pieces).
    #[inline]
    pub(super) unsafe fn read_key_pieces(&self) -> MaybeUninit<K> {
        // SAFETY: within the cell.
        let key = unsafe { &raw const (*self.0.place().cast::<(K, V)>()).0 };
        // SAFETY: the caller's.
        unsafe { pieces::read(key, &self.1, 0) }.0
    }

    /// Copies of both, which may be torn: parts of one and of another.
    ///
    /// # Safety
    ///
    /// Both have no uninitialised bytes, there was a pair in the cell at some time before, and whoever writes does so by
    /// [`write_pieces`](Self::write_pieces).
    #[inline]
    pub(super) unsafe fn read_pieces(&self) -> (MaybeUninit<K>, MaybeUninit<V>) {
        let cell = self.0.place().cast::<(K, V)>();
        // SAFETY: within the cell.
        let key = unsafe { &raw const (*cell).0 };
        // SAFETY: as above.
        let value = unsafe { &raw const (*cell).1 };
        // SAFETY: the caller's.
        let (key, keys) = unsafe { pieces::read(key, &self.1, 0) };
        // SAFETY: the caller's.
        let (value, _) = unsafe { pieces::read(value, &self.1, keys) };
        (key, value)
    }
}
