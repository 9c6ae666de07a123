//! A 64-bit count that can be read at any time, also where the target's atomics have 32 bits.

#[cfg(all(target_has_atomic = "64", not(any(larder_loom, larder_step))))]
pub(crate) use wide::Ticks;

#[cfg(any(not(target_has_atomic = "64"), larder_loom, larder_step))]
pub(crate) use split::Ticks;

#[cfg(all(target_has_atomic = "64", not(any(larder_loom, larder_step))))]
mod wide {
    use crate::sync::{Ordering, backend::AtomicU64};

    /// One 64-bit atomic.
    pub(crate) struct Ticks(AtomicU64);

    impl Ticks {
        pub(crate) const fn new(ticks: u64) -> Self {
            Self(AtomicU64::new(ticks))
        }

        #[inline]
        pub(crate) fn load(&self) -> u64 {
            // Acquire: pairs with the Release of `store` and `add`, so that whoever sees a time also sees what was
            // done before the clock was set to it.
            self.0.load(Ordering::Acquire)
        }

        /// Always true here; see the other `Ticks`.
        pub(crate) fn store(&self, ticks: u64) -> bool {
            // Release: pairs with the Acquire of `load`.
            self.0.store(ticks, Ordering::Release);
            true
        }

        /// Adds, and stops at `u64::MAX`. Always true here; see the other `Ticks`.
        pub(crate) fn add(&self, ticks: u64) -> bool {
            // Release: pairs with the Acquire of `load`. Relaxed: a lost race only means to add to a newer value.
            let later = |now: u64| Some(now.saturating_add(ticks));
            self.0.fetch_update(Ordering::Release, Ordering::Relaxed, later).is_ok()
        }

        /// Sets it, if that is later. Always true here; see the other `Ticks`.
        pub(crate) fn raise(&self, ticks: u64) -> bool {
            // Release: pairs with the Acquire of `load`.
            self.0.fetch_max(ticks, Ordering::Release);
            true
        }
    }
}

#[cfg(any(test, not(target_has_atomic = "64"), larder_loom, larder_step))]
pub(crate) mod split {
    use crate::sync::{AtomicU8, AtomicU32, Ordering};

    /// Two copies of two 32-bit halves, and a word that says which copy is the current one.
    ///
    /// | word | written by | meaning |
    /// |---|---|---|
    /// | `writing` | who finds it 0 | 1 while somebody prepares the next copy |
    /// | `copies[n % 2]` | the owner of `writing` | the halves of the n-th time |
    /// | `published` | the owner of `writing` | n: `copies[n % 2]` is whole |
    ///
    /// A reader never waits for a writer, not even for one that was interrupted half-way and that the reader itself
    /// interrupts: the current copy stays whole until two more times have been published. It looks again only if a
    /// publish overtook it. (The two halves with a repeated read of the upper one, which is often used, do not give
    /// that: an interrupt between the two stores sees a time that never was.)
    ///
    /// `published` may wrap: a reader would have to sleep through exactly 2^32 publishes to be fooled.
    pub(crate) struct Ticks {
        writing: AtomicU8,
        published: AtomicU32,
        copies: [Copy; 2],
    }

    struct Copy {
        high: AtomicU32,
        low: AtomicU32,
    }

    #[expect(clippy::cast_possible_truncation, reason = "to take halves is the purpose")]
    const fn halves(ticks: u64) -> (u32, u32) {
        ((ticks >> 32) as u32, ticks as u32)
    }

    impl Ticks {
        pub(crate) const fn new(ticks: u64) -> Self {
            let (high, low) = halves(ticks);
            Self {
                writing: AtomicU8::new(0),
                published: AtomicU32::new(0),
                copies: [
                    Copy { high: AtomicU32::new(high), low: AtomicU32::new(low) },
                    Copy { high: AtomicU32::new(0), low: AtomicU32::new(0) },
                ],
            }
        }

        fn copy(&self, published: u32) -> &Copy {
            &self.copies[(published % 2) as usize]
        }

        pub(crate) fn load(&self) -> u64 {
            // Acquire: pairs with the Release of `publish`, so that the copy it announced is seen whole.
            let mut published = self.published.load(Ordering::Acquire);
            loop {
                let copy = self.copy(published);
                // Acquire, both: if this is already the half of a later time, that store's Release lets the check below
                // see that `published` had moved before.
                let high = copy.high.load(Ordering::Acquire);
                let low = copy.low.load(Ordering::Acquire);
                // Acquire: as the first load, for the next round.
                let again = self.published.load(Ordering::Acquire);
                if again == published {
                    return u64::from(high) << 32 | u64::from(low);
                }
                published = again;
            }
        }

        /// False, and nothing done, if another writer is half-way: there is one writer at a time.
        pub(crate) fn store(&self, ticks: u64) -> bool {
            self.publish(|_| ticks)
        }

        /// Adds, and stops at `u64::MAX`. False, and nothing done, if another writer is half-way.
        pub(crate) fn add(&self, ticks: u64) -> bool {
            self.publish(|now| now.saturating_add(ticks))
        }

        /// Sets it, if that is later. False, and nothing done, if another writer is half-way.
        pub(crate) fn raise(&self, ticks: u64) -> bool {
            self.publish(|now| now.max(ticks))
        }

        fn publish(&self, next: impl FnOnce(u64) -> u64) -> bool {
            // Acquire: pairs with the Release that ended the writer before us; its `published` is ours to read.
            if self.writing.swap(1, Ordering::Acquire) != 0 {
                return false;
            }
            let (high, low) = halves(next(self.load()));
            // Relaxed: only the owner of `writing` changes it.
            let published = self.published.load(Ordering::Relaxed).wrapping_add(1);
            let copy = self.copy(published);
            // Release, both: a reader that is still at the time before last and meets these halves must also see that
            // `published` has moved on since.
            copy.high.store(high, Ordering::Release);
            copy.low.store(low, Ordering::Release);
            // Release: pairs with the Acquire of `load`; the copy is whole.
            self.published.store(published, Ordering::Release);
            // Release: pairs with the Acquire of the next writer.
            self.writing.store(0, Ordering::Release);
            true
        }
    }

    #[cfg(all(test, not(any(larder_loom, larder_step))))]
    mod tests {
        use super::Ticks;

        #[test]
        fn halves_are_put_together_again() {
            let ticks = Ticks::new(u64::MAX - 1);
            assert_eq!(ticks.load(), u64::MAX - 1);
            assert!(ticks.add(5));
            assert_eq!(ticks.load(), u64::MAX);
            assert!(ticks.store(0x0000_0001_FFFF_FFFF));
            assert_eq!(ticks.load(), 0x0000_0001_FFFF_FFFF);
            assert!(ticks.add(1));
            assert_eq!(ticks.load(), 0x0000_0002_0000_0000);
            assert!(ticks.raise(0x0000_0001_FFFF_FFFF));
            assert_eq!(ticks.load(), 0x0000_0002_0000_0000);
            assert!(ticks.raise(0x0000_0003_0000_0001));
            assert_eq!(ticks.load(), 0x0000_0003_0000_0001);
        }
    }
}
