//! Who waits for something that others will give back, and how they hear of it.
//!
//! Who waits takes a *seat*, with his waker in it, and is counted; **then** he looks again whether there is something. Who gives something
//! back does that, **then** looks whether anybody is counted. Between the two steps of each lies a fence, and of two fences one is
//! first in the one order of all that are sequentially consistent (Dekker's rule):
//!
//! | who waits | who gives back |
//! |---|---|
//! | a seat: his, with his waker in it (additions) | what comes back is free (a store, that of the pool) |
//! | `seated`: one more (addition) | fence, `SeqCst` |
//! | fence, `SeqCst` | `seated`: anybody? (load) |
//! | looks again (loads, those of the pool) | every seat that is taken: pinned, its waker woken, unpinned |
//!
//! - His fence first: who gives back finds him counted, and his seat full, and wakes him.
//! - Hers first: he finds what came back, or that another one took it since; and that one will give it back after his fence.
//!
//! So as long as he keeps his seat and his waker every one who gives back after his fence wakes him, and those before are seen by every one of
//! his looks: one who is polled again with the same waker looks once and needs no other fence.
//!
//! All are woken, each time, and stay in their seats until they leave. So nobody has to pass on what he was woken for: a waiter who is dropped
//! after he was woken, or whose task never runs again, takes nothing with him. And a waker is woken where it lies, under a pin, not taken
//! out: one who stops for ever while he wakes somebody keeps nobody else from waking the same one.
//!
//! A seat is a slot of the kind that [`word`](super::word) describes:
//!
//! | state of a seat | who may touch the waker | goes on to |
//! |---|---|---|
//! | free | nobody | claimed, by one who sits down |
//! | claimed | who sits down | full, with a pin that is his as long as he sits |
//! | full | who pins it, to wake: and who sits there, to look which it is | retired, by who sits there |
//! | retired | who pinned it before | reclaimed, by the last pin |
//! | reclaimed | who took that pin away: he takes the waker out, frees the seat, and drops the waker | free |
//!
//! Invariants besides those of the word:
//!
//! - **SEATED**: a [`Waiter`] with a seat owns one of its pins, of a waker that was put in before. Its holder shows the same waiters every time.

use super::cell::Cell;
use super::word::{Birth, SlotWord, Unpinned};
use crate::sync::{AtomicU32, Ordering, fence};
use core::task::Waker;

/// Those who wait. All zero is nobody.
pub struct Waiters<S: ?Sized = [Seat]> {
    /// How many sit: never fewer than have sat down and not begun to leave.
    seated: AtomicU32,
    seats: S,
}

/// Room for one who waits.
pub struct Seat {
    word: SlotWord,
    waker: Cell<Waker>,
}

// SAFETY: by CLAIMED and PINNED a waker is written and taken out by one thread at a time, and looked at by many; wakers may be sent and shared.
unsafe impl Sync for Seat {}

impl Seat {
    const fn empty() -> Self {
        Self { word: SlotWord::new(), waker: Cell::empty() }
    }

    /// Wakes who sits there, if somebody does.
    fn wake(&self) {
        /// Ends a pin, also if the waker panics.
        struct Pinned<'a>(&'a Seat);
        impl Drop for Pinned<'_> {
            fn drop(&mut self) {
                self.0.after(self.0.word.unpin(None));
            }
        }
        // Only to save two read-modify-writes: who was counted has filled his seat before.
        if !self.word.is_full() {
            return;
        }
        if self.word.pin(self.word.glance(), None).is_ok() {
            let pinned = Pinned(self);
            // SAFETY: PINNED.
            unsafe { pinned.0.waker.get() }.wake_by_ref();
        }
    }

    /// The end of who sits there: his pin goes.
    fn leave(&self) {
        let _ = self.word.retire();
        self.after(self.word.unpin(None));
    }

    /// What is to be done when a pin was taken away.
    fn after(&self, unpinned: Unpinned) {
        if unpinned == Unpinned::Reclaimed {
            // SAFETY: CLAIMED: by the reclaim the seat is this thread's, and it was full.
            let waker = unsafe { self.waker.take() };
            self.word.free();
            // Last: it is somebody else's code.
            drop(waker);
        }
    }
}

impl<const N: usize> Waiters<[Seat; N]> {
    pub(crate) const fn new() -> Self {
        Self { seated: AtomicU32::new(0), seats: [const { Seat::empty() }; N] }
    }
}

impl Waiters {
    /// Wakes all who wait, after something was given back. If one of their wakers panics the others are woken all the same.
    #[inline]
    pub(crate) fn tell(&self) {
        // SeqCst: pairs with the fence of `Waiter::sit`; see the module.
        fence(Ordering::SeqCst);
        // Relaxed: behind the fence it finds what was written before the other one. (The waker is acquired by the pin.)
        if self.seated.load(Ordering::Relaxed) != 0 {
            self.wake_all();
        }
    }

    #[cold]
    fn wake_all(&self) {
        super::for_each_surely(self.seats.iter(), Seat::wake);
    }

    /// Looks at every word.
    pub(crate) fn validate(&self) {
        // Relaxed: tests look when all is done.
        assert!(
            self.seated.load(Ordering::Relaxed) as usize <= self.seats.len(),
            "more sit than there are seats"
        );
        for seat in &self.seats {
            seat.waker.show();
            let _ = seat.word.is_full();
        }
    }

    /// How many sit, or have sat down or begun to leave by one of its signs: the count, and a full seat. For tests.
    pub(crate) fn seated(&self) -> usize {
        let taken = self.seats.iter().filter(|seat| seat.word.is_full()).count();
        // Relaxed: as above.
        taken.max(self.seated.load(Ordering::Relaxed) as usize)
    }
}

/// What keeps waiters where they are. Implemented by what guards and waits are made of, and only there.
pub trait Holder {
    #[doc(hidden)]
    fn waiters(&self) -> &Waiters;
}

impl Holder for &Waiters {
    #[inline]
    fn waiters(&self) -> &Waiters {
        self
    }
}

/// One who may have to wait. When it is dropped he leaves.
pub(crate) struct Waiter<H: Holder> {
    holder: H,
    seat: Option<usize>,
}

/// What became of a wait.
pub(crate) enum Wait<G> {
    /// What was waited for.
    Found(G),
    /// Nothing. The waker will be woken.
    Seated,
    /// Nothing, and all seats are taken: nobody will wake.
    Standing,
}

impl<H: Holder> Waiter<H> {
    pub(crate) const fn new(holder: H) -> Self {
        Self { holder, seat: None }
    }

    /// Looks for something, and if there is nothing lets `waker` be woken when something has come back.
    pub(crate) fn wait<G>(&mut self, waker: &Waker, mut look: impl FnMut() -> Option<G>) -> Wait<G> {
        let mut found = look();
        if found.is_none() && !self.sits_with(waker) {
            if !self.sit(waker) {
                return Wait::Standing;
            }
            // What came back in between may have found nobody.
            found = look();
        }
        let Some(found) = found else { return Wait::Seated };
        self.leave();
        Wait::Found(found)
    }

    fn sits_with(&self, waker: &Waker) -> bool {
        // SAFETY: SEATED, so PINNED.
        self.seat().is_some_and(|seat| unsafe { seat.waker.get() }.will_wake(waker))
    }

    fn seat(&self) -> Option<&Seat> {
        Some(&self.holder.waiters().seats[self.seat?])
    }

    /// Takes a seat, in place of the one before. False, if all are taken.
    fn sit(&mut self, waker: &Waker) -> bool {
        self.leave();
        // Before anything is claimed: it is somebody else's code.
        let own = waker.clone();
        let waiters = self.holder.waiters();
        let Some(index) = waiters.seats.iter().position(|seat| seat.word.claim_free()) else { return false };
        // SAFETY: CLAIMED.
        unsafe { waiters.seats[index].waker.write(own) };
        waiters.seats[index].word.fill(Birth::PINNED, true);
        // Relaxed: it is in front of the fence, as is the filling of the seat.
        waiters.seated.fetch_add(1, Ordering::Relaxed);
        self.seat = Some(index);
        // SeqCst: pairs with the fence of `tell`; see the module.
        fence(Ordering::SeqCst);
        true
    }

    fn leave(&mut self) {
        let Some(index) = self.seat.take() else { return };
        let waiters = self.holder.waiters();
        // Relaxed: who still finds him counted finds a seat that is full, empty or another's, and asks its word which.
        waiters.seated.fetch_sub(1, Ordering::Relaxed);
        waiters.seats[index].leave();
    }
}

impl<H: Holder> Drop for Waiter<H> {
    fn drop(&mut self) {
        self.leave();
    }
}
