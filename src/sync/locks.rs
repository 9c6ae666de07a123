//! What waits: a lock, a condition to wait for, and who waits, or rests. std's, or under loom its own. Only where there is an operating system.
//!
//! Nothing here is poisoned: whoever holds such a lock leaves what is behind it whole, whatever panics.

pub(crate) use imp::{Condvar, Mutex, Thread, ThreadId, park, this_thread};

#[cfg(not(larder_loom))]
mod imp {
    use core::time::Duration;
    pub(crate) use std::sync::MutexGuard as Guard;
    use std::sync::PoisonError;
    pub(crate) use std::thread::ThreadId;

    pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> Guard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    pub(crate) struct Condvar(std::sync::Condvar);

    impl Condvar {
        pub(crate) const fn new() -> Self {
            Self(std::sync::Condvar::new())
        }

        /// Lets go of the lock until somebody notifies, or for no reason.
        pub(crate) fn wait<'a, T>(&self, guard: Guard<'a, T>) -> Guard<'a, T> {
            self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    pub(crate) fn this_thread() -> ThreadId {
        std::thread::current().id()
    }

    /// A thread that can be told to go on.
    pub(crate) struct Thread(std::thread::Thread);

    impl Thread {
        pub(crate) fn this() -> Self {
            Self(std::thread::current())
        }

        pub(crate) fn unpark(&self) {
            self.0.unpark();
        }
    }

    /// Until this thread is told to go on, for no reason, or for so long at most.
    pub(crate) fn park(most: Option<Duration>) {
        match most {
            Some(most) => std::thread::park_timeout(most),
            None => std::thread::park(),
        }
    }
}

/// loom's, made at the first access, so that the constructors are `const`. The data is behind a lock of std's, which is never waited for:
/// all threads of a model run on one of ours, and take it only while they have loom's.
#[cfg(larder_loom)]
mod imp {
    use core::ops::{Deref, DerefMut};
    use core::time::Duration;
    pub(crate) use loom::thread::ThreadId;
    use std::sync::{OnceLock, PoisonError};

    pub(crate) struct Mutex<T> {
        data: std::sync::Mutex<T>,
        turn: OnceLock<loom::sync::Mutex<()>>,
    }

    pub(crate) struct Guard<'a, T> {
        lock: &'a Mutex<T>,
        // Dropped in this order.
        data: std::sync::MutexGuard<'a, T>,
        turn: loom::sync::MutexGuard<'a, ()>,
    }

    impl<T> Mutex<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self { data: std::sync::Mutex::new(value), turn: OnceLock::new() }
        }

        pub(crate) fn lock(&self) -> Guard<'_, T> {
            let turn = self.turn.get_or_init(|| loom::sync::Mutex::new(())).lock();
            self.guard(turn.unwrap_or_else(PoisonError::into_inner))
        }

        fn guard<'a>(&'a self, turn: loom::sync::MutexGuard<'a, ()>) -> Guard<'a, T> {
            let data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
            Guard { lock: self, data, turn }
        }
    }

    impl<T> Deref for Guard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.data
        }
    }

    impl<T> DerefMut for Guard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.data
        }
    }

    pub(crate) struct Condvar(OnceLock<loom::sync::Condvar>);

    impl Condvar {
        pub(crate) const fn new() -> Self {
            Self(OnceLock::new())
        }

        fn inner(&self) -> &loom::sync::Condvar {
            self.0.get_or_init(loom::sync::Condvar::new)
        }

        pub(crate) fn wait<'a, T>(&self, guard: Guard<'a, T>) -> Guard<'a, T> {
            let Guard { lock, data, turn } = guard;
            drop(data);
            lock.guard(self.inner().wait(turn).unwrap_or_else(PoisonError::into_inner))
        }

        pub(crate) fn notify_all(&self) {
            self.inner().notify_all();
        }
    }

    pub(crate) fn this_thread() -> ThreadId {
        loom::thread::current().id()
    }

    /// A thread that can be told to go on.
    pub(crate) struct Thread(loom::thread::Thread);

    impl Thread {
        pub(crate) fn this() -> Self {
            Self(loom::thread::current())
        }

        pub(crate) fn unpark(&self) {
            self.0.unpark();
        }
    }

    /// Until this thread is told to go on. No time passes in a model.
    pub(crate) fn park(_: Option<Duration>) {
        loom::thread::park();
    }
}
