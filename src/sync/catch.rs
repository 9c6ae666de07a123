//! Panics of user code, where they can be caught.

#[allow(unused_imports, reason = "what is caught is named where there is a thread to report it")]
pub(crate) use here::{Message, catch};

#[cfg(feature = "std")]
mod here {
    use alloc::boxed::Box;
    use alloc::string::String;
    use core::any::Any;
    use core::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;

    /// What something panicked with.
    pub(crate) struct Message(Box<dyn Any + Send>);

    impl Message {
        /// If it is text.
        pub(crate) fn text(&self) -> Option<&str> {
            let owned = || self.0.downcast_ref::<String>().map(String::as_str);
            self.0.downcast_ref::<&str>().copied().or_else(owned)
        }
    }

    impl Message {
        /// Whatever it is.
        pub(crate) fn payload(&self) -> &(dyn Any + Send) {
            &*self.0
        }
    }

    impl Drop for Message {
        /// What is in it may panic in its turn.
        fn drop(&mut self) {
            let message = core::mem::replace(&mut self.0, Box::new(()));
            if let Err(other) = catch_unwind(AssertUnwindSafe(|| drop(message))) {
                core::mem::forget(other);
            }
        }
    }

    /// Catches a panic. (Every structure of this crate is whole whenever user code runs.)
    pub(crate) fn catch<R>(work: impl FnOnce() -> R) -> Result<R, Message> {
        catch_unwind(AssertUnwindSafe(work)).map_err(Message)
    }
}

#[cfg(not(feature = "std"))]
mod here {
    /// There is none: a panic passes through.
    pub(crate) enum Message {}

    impl Message {
        pub(crate) fn text(&self) -> Option<&str> {
            match *self {}
        }
    }

    /// Does it. A panic passes through.
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn catch<R>(work: impl FnOnce() -> R) -> Result<R, Message> {
        Ok(work())
    }
}
