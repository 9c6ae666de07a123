//! A lock around what is exact: the platform's where there is one, else one that spins.
//!
//! A panic of who holds it is of no importance to those who come after: what it guards is whole whenever user code runs.

#[cfg(feature = "std")]
pub(crate) use platform::Lock;

#[cfg(not(feature = "std"))]
pub(crate) use spinning::Lock;

#[cfg(feature = "std")]
mod platform {
    use core::ops::{Deref, DerefMut};
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

    /// The platform's mutex, and who holds it: a thread that waits for itself would wait for ever.
    pub(crate) struct Lock<T> {
        /// A number of the thread that holds it, or 0.
        holder: AtomicUsize,
        mutex: Mutex<T>,
    }

    /// A number of this thread, which no other has while this one lives: an address of its own.
    fn this_thread() -> usize {
        std::thread_local!(static HERE: u8 = const { 0 });
        HERE.with(|here| core::ptr::from_ref(here).addr())
    }

    impl<T> Lock<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self { holder: AtomicUsize::new(0), mutex: Mutex::new(value) }
        }

        /// # Panics
        ///
        /// If this thread holds it.
        pub(crate) fn lock(&self) -> impl DerefMut<Target = T> + '_ {
            // Relaxed: only this thread puts in its own number, and takes it out.
            let is_held_here = self.holder.load(Ordering::Relaxed) == this_thread();
            assert!(!is_held_here, "a shared cache was used by code that it called under its lock");
            self.held(self.mutex.lock().unwrap_or_else(PoisonError::into_inner))
        }

        /// None if it is held, by whomever.
        pub(crate) fn try_lock(&self) -> Option<impl DerefMut<Target = T> + '_> {
            match self.mutex.try_lock() {
                Ok(value) => Some(self.held(value)),
                Err(TryLockError::Poisoned(poisoned)) => Some(self.held(poisoned.into_inner())),
                Err(TryLockError::WouldBlock) => None,
            }
        }

        fn held<'a>(&'a self, value: MutexGuard<'a, T>) -> Held<'a, T> {
            // Relaxed: as in `lock`.
            self.holder.store(this_thread(), Ordering::Relaxed);
            Held { holder: &self.holder, value }
        }

        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.mutex.get_mut().unwrap_or_else(PoisonError::into_inner)
        }

        pub(crate) fn into_inner(self) -> T {
            self.mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
        }
    }

    struct Held<'a, T> {
        holder: &'a AtomicUsize,
        value: MutexGuard<'a, T>,
    }

    impl<T> Drop for Held<'_, T> {
        fn drop(&mut self) {
            // Relaxed: as in `lock`. Before the mutex is let go of, when it can be another's.
            self.holder.store(0, Ordering::Relaxed);
        }
    }

    impl<T> Deref for Held<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.value
        }
    }

    impl<T> DerefMut for Held<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.value
        }
    }
}

#[cfg(not(feature = "std"))]
mod spinning {
    use core::ops::DerefMut;

    /// A lock that spins: nobody knows who holds it, and who waits for itself waits for ever.
    pub(crate) struct Lock<T>(spin::mutex::SpinMutex<T>);

    impl<T> Lock<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(spin::mutex::SpinMutex::new(value))
        }

        pub(crate) fn lock(&self) -> impl DerefMut<Target = T> + '_ {
            self.0.lock()
        }

        /// None if it is held, by whomever.
        pub(crate) fn try_lock(&self) -> Option<impl DerefMut<Target = T> + '_> {
            self.0.try_lock()
        }

        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.0.get_mut()
        }

        pub(crate) fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }
}
