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

/// Reads what may be torn, by pieces as [`write()`] does.
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
/// As for [`write()`], and `T` is as aligned as `P`.
#[inline]
unsafe fn write_by<T, P: Piece>(to: *mut T, value: &T, mirror: &Mirror, first: usize) -> usize {
    let count = size_of::<T>() / size_of::<P>();
    let (from, to) = (core::ptr::from_ref(value).cast::<P::Value>(), to.cast::<P>());
    for at in 0..count {
        // SAFETY: within the value.
        let from = unsafe { from.add(at) };
        // SAFETY: initialised, by the caller's, and aligned.
        let piece = unsafe { from.read() };
        // SAFETY: within what `to` is valid for.
        let to = unsafe { to.add(at) };
        // SAFETY: as above, and aligned; an atomic lies in memory as its value does.
        mirror.store(first + at, unsafe { &*to }, piece);
    }
    first + count
}

/// # Safety
///
/// As for [`read()`], and `T` is as aligned as `P`.
#[inline]
unsafe fn read_by<T, P: Piece>(from: *const T, mirror: &Mirror, first: usize) -> (MaybeUninit<T>, usize) {
    let count = size_of::<T>() / size_of::<P>();
    let mut value = MaybeUninit::<T>::uninit();
    let (from, to) = (from.cast::<P>(), value.as_mut_ptr().cast::<P::Value>());
    for at in 0..count {
        // SAFETY: within what `from` is valid for.
        let from = unsafe { from.add(at) };
        // SAFETY: as above, initialised and aligned; an atomic lies in memory as its value does.
        let piece = mirror.load(first + at, unsafe { &*from });
        // SAFETY: within the copy.
        let to = unsafe { to.add(at) };
        // SAFETY: as above, and aligned.
        unsafe { to.write(piece) };
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
        let (copy, _) = unsafe { read(&raw const place, &Mirror::new(), 0) };
        // SAFETY: as above.
        let copy = unsafe { copy.assume_init() };
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
