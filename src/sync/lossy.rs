//! Words that may lose an update: advice, of which nothing that must be right depends.
//!
//! Only loads and stores, all relaxed, by the target's own instructions under every backend: a checker has nothing to find here, and
//! so does not search here.

use core::sync::atomic::Ordering::Relaxed;

macro_rules! lossy {
    ($name:ident, $atomic:ty, $value:ty) => {
        /// A word of advice.
        #[derive(Debug)]
        #[allow(unreachable_pub, reason = "sealed traits above name it")]
        pub struct $name($atomic);

        #[allow(dead_code, reason = "one list for all of them")]
        impl $name {
            pub(crate) const fn new(value: $value) -> Self {
                Self(<$atomic>::new(value))
            }

            #[inline]
            pub(crate) fn load(&self) -> $value {
                self.0.load(Relaxed)
            }

            #[inline]
            pub(crate) fn store(&self, value: $value) {
                self.0.store(value, Relaxed);
            }
        }
    };
}

lossy!(Lossy32, core::sync::atomic::AtomicU32, u32);

/// A [`Word`] of advice.
#[cfg(not(target_has_atomic = "64"))]
pub(crate) use Lossy32 as LossyWord;
/// A [`Word`] of advice.
#[cfg(target_has_atomic = "64")]
pub(crate) use wide::Lossy64 as LossyWord;

#[cfg(target_has_atomic = "64")]
mod wide {
    use super::Relaxed;
    lossy!(Lossy64, core::sync::atomic::AtomicU64, u64);
}
