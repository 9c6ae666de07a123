//! Where a search may start so that threads do not meet.

/// A number that mostly differs between threads and stays the same within one.
///
/// Threads are numbered as they first ask, by where their thread-local memory lies: who lies where one lay that has ended gets its number. So
/// numbers are hardly larger than as many threads as were there at once, and nobody has to give one back: that would take a destructor, which is registered by
/// allocating memory, and the first call of a thread may be that of an interrupt. A number read backwards puts each in the middle of the widest
/// gap between those before, so of the first sixteen no two share a sixteenth.
#[cfg(all(feature = "std", not(any(larder_loom, larder_step))))]
#[inline]
pub(crate) fn spread() -> u32 {
    use core::cell::Cell;
    use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

    std::thread_local! {
        /// 0 is none yet.
        static OWN: Cell<u32> = const { Cell::new(0) };
    }

    #[cold]
    #[inline(never)]
    fn first(own: &Cell<u32>) -> u32 {
        let number = number_of(core::ptr::from_ref(own).addr()).reverse_bits();
        own.set(number);
        number
    }

    /// From 1.
    fn number_of(place: usize) -> u32 {
        /// The place of the thread of each number, if there was one.
        static PLACES: [AtomicUsize; 256] = [const { AtomicUsize::new(0) }; 256];
        /// How many came after those.
        static OTHERS: AtomicU32 = AtomicU32::new(0);

        for (number, known) in (1..).zip(&PLACES) {
            // Relaxed, both: that no two places get the same number is all there is to it.
            match known.compare_exchange(0, place, Ordering::Relaxed, Ordering::Relaxed) {
                Err(other) if other != place => {}
                _ => return number,
            }
        }
        // Relaxed: as above.
        OTHERS.fetch_add(1, Ordering::Relaxed) | 1 << 30
    }

    OWN.with(|own| match own.get() {
        0 => first(own),
        number => number,
    })
}

/// A number that mostly differs between threads and mostly stays the same within one, without asking who we are.
///
/// It is made of the address of the stack, the only thing that every platform gives every thread. A wrong guess
/// costs a longer search and nothing else, so the address is only looked at in steps of 64 KiB: that hides the depth
/// of the call from it, and few threads have stacks so small that two of them share such a step.
#[cfg(all(not(feature = "std"), not(any(larder_loom, larder_step))))]
#[inline]
pub(crate) fn spread() -> u32 {
    let here = 0_u8;
    #[expect(clippy::cast_possible_truncation, reason = "only a hint: any 32 bits do")]
    let step = (core::ptr::from_ref(&here).addr() >> 16) as u32;
    // 2^32 divided by the golden ratio: neighbouring stacks land far apart.
    step.wrapping_mul(0x9E37_79B9)
}

/// A checker must see the same run twice.
#[cfg(any(larder_loom, larder_step))]
pub(crate) fn spread() -> u32 {
    0
}

/// The place of so many where this thread begins if nobody tells it another one.
#[inline]
pub(crate) fn spread_over(places: usize) -> usize {
    spread_from(spread(), places)
}

/// The place of so many at a part of 2^32.
#[inline]
pub(crate) fn spread_from(part: u32, places: usize) -> usize {
    ((u64::from(part) * places as u64) >> 32) as usize
}

#[cfg(all(test, feature = "std", not(any(larder_loom, larder_step))))]
mod tests {
    use super::spread;
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;
    use std::sync::Barrier;
    use std::thread;

    #[test]
    fn threads_that_run_at_once_have_numbers_of_their_own() {
        let all_have_one = Barrier::new(64);
        let mine = || {
            let mine = spread();
            all_have_one.wait();
            assert_eq!(spread(), mine);
            mine
        };
        let numbers: BTreeSet<u32> = thread::scope(|scope| {
            let threads: Vec<_> = (0..64).map(|_| scope.spawn(mine)).collect();
            threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
        });
        assert_eq!(numbers.len(), 64);
    }

    #[test]
    #[cfg(not(miri))]
    fn threads_that_come_later_have_the_numbers_of_those_that_have_ended() {
        let number = || thread::spawn(spread).join().expect("it does not panic");
        let numbers: BTreeSet<u32> = (0..1000).map(|_| number()).collect();
        assert!(numbers.len() < 300, "{} numbers", numbers.len());
    }
}
