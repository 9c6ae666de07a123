//! Plain data that is read while somebody may be writing it: piece by piece, by relaxed atomics.
//!
//! What was read may be torn, and is looked at by nobody before it is known that it was not. Everything here goes by
//! pieces of one width for a type, so that no two accesses to a piece differ in it.

use crate::sync::pieces::{Mirror, Piece};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicUsize};

/// Calls `$work::<P>` with the widest piece that divides `$type`. (A type's size is a multiple of its alignment.)
macro_rules! by_piece {
    ($type:ty, $work:ident $arguments:tt) => {
        if align_of::<$type>() >= align_of::<AtomicUsize>() {
            $work::<$type, AtomicUsize>$arguments
        } else if align_of::<$type>() >= align_of::<AtomicU32>() {
            $work::<$type, AtomicU32>$arguments
        } else if align_of::<$type>() >= align_of::<AtomicU16>() {
            $work::<$type, AtomicU16>$arguments
        } else {
            $work::<$type, AtomicU8>$arguments
        }
    };
}

/// Writes `value`, whose first piece is number `first` in the mirror. Gives the number of the next.
///
/// # Safety
///
/// `value` has no uninitialised bytes; `to` is valid for it and aligned; nobody else accesses what is there but by `read`.
#[inline]
pub(super) unsafe fn write<T>(to: *mut T, value: &T, mirror: &Mirror, first: usize) -> usize {
    // SAFETY: the caller's.
    unsafe { by_piece!(T, write_by(to, value, mirror, first)) }
}

/// Reads what may be torn, by pieces as [`write`] does.
///
/// # Safety
///
/// `from` is valid and aligned, what is there is initialised, and nobody writes to it but by `write`.
#[inline]
pub(super) unsafe fn read<T>(from: *const T, mirror: &Mirror, first: usize) -> (MaybeUninit<T>, usize) {
    // SAFETY: the caller's.
    unsafe { by_piece!(T, read_by(from, mirror, first)) }
}

/// # Safety
///
/// As for [`write`], and `T` is as aligned as `P`.
#[inline]
unsafe fn write_by<T, P: Piece>(to: *mut T, value: &T, mirror: &Mirror, first: usize) -> usize {
    let count = size_of::<T>() / size_of::<P>();
    for at in 0..count {
        // SAFETY: within the value, and aligned, by the caller's.
        let piece = unsafe { core::ptr::from_ref(value).cast::<P::Value>().add(at).read() };
        // SAFETY: as above; an atomic lies in memory as its value does.
        let place = unsafe { &*to.cast::<P>().add(at) };
        mirror.store(first + at, place, piece);
    }
    first + count
}

/// # Safety
///
/// As for [`read`], and `T` is as aligned as `P`.
#[inline]
unsafe fn read_by<T, P: Piece>(from: *const T, mirror: &Mirror, first: usize) -> (MaybeUninit<T>, usize) {
    let count = size_of::<T>() / size_of::<P>();
    let mut value = MaybeUninit::<T>::uninit();
    for at in 0..count {
        // SAFETY: within the value, and aligned, by the caller's; an atomic lies in memory as its value does.
        let place = unsafe { &*from.cast::<P>().add(at) };
        // SAFETY: as above.
        unsafe { value.as_mut_ptr().cast::<P::Value>().add(at).write(mirror.load(first + at, place)) };
    }
    (value, first + count)
}

#[cfg(test)]
#[cfg(not(any(larder_loom, larder_step)))]
mod tests {
    use super::{read, write};
    use crate::sync::pieces::Mirror;
    use core::fmt::Debug;

    fn comes_back_whole<T: Copy + PartialEq + Debug>(value: T, other: T) {
        let mut place = other;
        // SAFETY: plain data, and nobody else is here.
        unsafe { write(&raw mut place, &value, &Mirror::new(), 0) };
        assert_eq!(place, value);
        // SAFETY: as above.
        let copy = unsafe { read(&raw const place, &Mirror::new(), 0).0.assume_init() };
        assert_eq!(copy, value);
    }

    #[test]
    fn data_of_every_alignment_comes_back_whole() {
        comes_back_whole((), ());
        comes_back_whole(0xA5_u8, 0);
        comes_back_whole([1_u8, 2, 3, 4, 5, 6, 7], [0; 7]);
        comes_back_whole([0x1234_u16, 0x5678, 0x9ABC], [0; 3]);
        comes_back_whole(['x', 'y', 'z'], ['a'; 3]);
        comes_back_whole(u64::MAX / 3, 0);
        comes_back_whole([u128::MAX / 3, 1], [0; 2]);
    }
}
