//! Whether a slot can be read without a pin.

use crate::sync::{AtomicU32, Ordering};

/// Where looks are announced, or that they are not.
pub trait Looks {
    /// None.
    #[doc(hidden)]
    const NEW: Self;
    /// Announces a look at a slot, if there is a cell for it. It lasts until what this gives is dropped.
    #[doc(hidden)]
    fn announce(&self, index: u32) -> Option<Look<'_>>;
    /// Whether somebody looks at a slot, for who has ended what is in it.
    #[doc(hidden)]
    fn is_watched(&self, index: u32) -> bool;
    /// Shows a checker the words.
    #[doc(hidden)]
    fn show(&self);
}

/// Nobody looks: all pin. What fits where memory is small and there is no cache.
#[derive(Debug)]
pub struct NoLooks;

impl Looks for NoLooks {
    const NEW: Self = Self;

    #[inline]
    fn announce(&self, _: u32) -> Option<Look<'_>> {
        None
    }

    #[inline]
    fn is_watched(&self, _: u32) -> bool {
        false
    }

    fn show(&self) {}
}

/// An announced look. It ends when this is dropped.
pub struct Look<'a>(pub(super) &'a AtomicU32);

impl Drop for Look<'_> {
    #[inline]
    fn drop(&mut self) {
        // Release: pairs with the look of `is_watched`; what was read is read.
        self.0.store(0, Ordering::Release);
    }
}
