//! Clocks that are shared.

use crate::time::{Clock, Instant};
use crate::time_base::as_the_other;
use alloc::sync::Arc;
use core::time::Duration;

impl<C: Clock + ?Sized> Clock for Arc<C> {
    as_the_other!();
}
