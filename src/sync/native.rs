//! The atomics of the target itself.

pub(crate) use super::mirror::Mirror;
pub(crate) use super::plain::UnsafeCell;
#[cfg(target_has_atomic = "64")]
pub(crate) use core::sync::atomic::AtomicU64;
pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, fence};
