//! Atomics of the portable-atomic crate: a target's own where it has them, else the backend that the binary chose.

pub(crate) use super::mirror::Mirror;
pub(crate) use super::plain::UnsafeCell;
#[cfg(target_has_atomic = "64")]
pub(crate) use portable_atomic::AtomicU64;
pub(crate) use portable_atomic::{AtomicPtr, AtomicU8, AtomicU32, fence};

portable_atomic::cfg_no_atomic_cas! {
    compile_error!(
        "this target has no compare-and-swap and portable-atomic has no backend: in the final binary turn on \
         portable-atomic's `critical-section` or `unsafe-assume-single-core`"
    );
}
