//! Where a search may start so that threads do not meet.

/// A number that mostly differs between threads and stays the same within one.
///
/// Threads have the least numbers that no other has, and give them back when they end. A number read backwards puts each in the middle of
/// the widest gap between those before, so of the first sixteen no two share a sixteenth, however many threads there were before.
#[cfg(all(feature = "std", not(any(larder_loom, larder_step))))]
#[inline]
pub(crate) fn spread() -> u32 {
    use core::cell::Cell;

    std::thread_local! {
        /// 0 is none yet.
        static OWN: Cell<u32> = const { Cell::new(0) };
    }

    #[cold]
    #[inline(never)]
    fn first() -> u32 {
        let own = numbers::of_this_thread().reverse_bits();
        OWN.set(own);
        own
    }

    match OWN.get() {
        0 => first(),
        own => own,
    }
}

/// Which thread has which number.
#[cfg(all(feature = "std", not(any(larder_loom, larder_step))))]
mod numbers {
    use core::cell::Cell;
    use core::sync::atomic::{AtomicU32, Ordering};

    /// A bit for each number that a thread has.
    static TAKEN: [AtomicU32; 8] = [const { AtomicU32::new(0) }; 8];

    /// How many found all of those taken, or begin to use them when they end already.
    static OTHERS: AtomicU32 = AtomicU32::new(0);

    /// The number of a thread, given back when the thread ends.
    struct Owned(Cell<Option<u32>>);

    impl Drop for Owned {
        fn drop(&mut self) {
            if let Some(number) = self.0.get() {
                give_back(number);
            }
        }
    }

    std::thread_local! {
        static OWNED: Owned = const { Owned(Cell::new(None)) };
    }

    /// From 1.
    pub(super) fn of_this_thread() -> u32 {
        // An error if the thread ends already: nobody would give the number back.
        let taken = OWNED.try_with(|owned| {
            let number = take();
            owned.0.set(number);
            number
        });
        // Relaxed: as in `take`.
        let other = || OTHERS.fetch_add(1, Ordering::Relaxed) | 1 << 30;
        taken.ok().flatten().unwrap_or_else(other).saturating_add(1)
    }

    fn take() -> Option<u32> {
        for (word, first) in TAKEN.iter().zip((0..).step_by(u32::BITS as usize)) {
            // Relaxed, here and below: that no two have the same is all there is to it.
            let mut taken = word.load(Ordering::Relaxed);
            while taken != u32::MAX {
                let bit = taken.trailing_ones();
                taken = word.fetch_or(1 << bit, Ordering::Relaxed);
                if taken >> bit & 1 == 0 {
                    return Some(first + bit);
                }
            }
        }
        None
    }

    fn give_back(number: u32) {
        let word = &TAKEN[(number / u32::BITS) as usize];
        word.fetch_and(!(1 << (number % u32::BITS)), Ordering::Relaxed);
    }
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
    use super::{spread, spread_over};
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
    fn threads_that_come_later_have_the_numbers_of_those_that_have_ended() {
        let number = || thread::spawn(spread).join().expect("it does not panic");
        let numbers: BTreeSet<u32> = (0..1000).map(|_| number()).collect();
        assert!(numbers.len() <= 256, "{} numbers", numbers.len());
        let of_a_thousand = |number: &u32| super::spread_from(*number, 1000);
        assert!(numbers.iter().map(of_a_thousand).chain([spread_over(1000)]).all(|place| place < 1000));
    }
}
