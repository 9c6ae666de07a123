//! How an entry of a concurrent cache is held: by a pin, or by a look.
//!
//! A slot is a word ([`SlotWord`]) and a cell. What is held stays in its slot, full and unchanged, until it is let go (PINNED of the word).
//! Whether it is to be seen is another question, which the set answers: what is in a slot may only be read if the set says so *after* it
//! was pinned, or the look had begun (SHOWN of the set).

#![expect(clippy::inline_always, reason = "parts of a hit, see `word`")]

use super::cell::Cell;
use super::looks::Look;
use super::word::{Refused, SlotWord, Unpinned, Watch};
use core::mem::ManuallyDrop;

/// A slot, and where looks at it are announced.
pub(super) struct Slot<'a, K, V> {
    pub(super) word: &'a SlotWord,
    pub(super) pair: &'a Cell<(K, V)>,
    pub(super) watch: Watch<'a>,
}

impl<K, V> Clone for Slot<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Slot<'_, K, V> {}

// SAFETY: what is held gives out `&K` and `&V`, which may be shared, and may be the one to drop them.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Slot<'_, K, V> {}

// SAFETY: shared, it gives out `&K` and `&V` only.
unsafe impl<K: Sync, V: Sync> Sync for Slot<'_, K, V> {}

/// Why an entry can't be held.
pub(super) enum Closed {
    /// Somebody has claimed its slot, to throw it out or because it is new; or it has to go.
    Taken,
    /// It has too many pins.
    Crowded,
    /// It was held, and is not live any more.
    Gone,
}

impl From<Refused> for Closed {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Closed => Self::Taken,
            Refused::Crowded => Self::Crowded,
        }
    }
}

impl<'a, K, V> Slot<'a, K, V> {
    /// Pins what is there, for who may change it.
    #[inline(always)]
    pub(super) fn pin(self) -> Result<Pin<'a, K, V>, Closed> {
        // It counts no turn: that is for readers.
        self.word.pin(self.word.glance(), None)?;
        Ok(Pin(self))
    }

    /// Holds what is there, to be read: by a look where it takes looks and there is a cell for it, else by a pin.
    #[inline(always)]
    pub(super) fn hold(self) -> Result<Held<'a, K, V>, Closed> {
        let mut glance = self.word.glance();
        if let Some(looks) = self.watch
            && glance.takes_looks()
            && let Some(look) = looks.look(self.word.number())
        {
            let lets_look = self.word.lets_look();
            let held = Held { slot: self, look: Some(look) };
            if lets_look {
                return Ok(held);
            }
            // Something has happened to it just now; a pin finds out what.
            held.let_go_aside();
            glance = self.word.glance();
        }
        self.word.pin(glance, self.watch)?;
        Ok(Held { slot: self, look: None })
    }

    /// Takes out what has become the caller's, if it has. The slot is free before anybody drops what was in it: a destructor may need the
    /// slot.
    #[inline]
    fn emptied(self, unpinned: Unpinned) -> Option<(K, V)> {
        match unpinned {
            Unpinned::Left => None,
            Unpinned::Reclaimed => Some(self.reclaimed()),
        }
    }

    #[cold]
    fn reclaimed(self) -> (K, V) {
        // SAFETY: CLAIMED: the caller has reclaimed the slot, which was full.
        let entry = unsafe { self.pair.take() };
        self.word.free();
        entry
    }
}

/// The pin of a slot, of one who may change what is there.
pub(super) struct Pin<'a, K, V>(Slot<'a, K, V>);

impl<'a, K, V> Pin<'a, K, V> {
    /// The pin that the caller has, of a claim that has ended or of one that was forgotten.
    #[inline(always)]
    pub(super) const fn of(slot: Slot<'a, K, V>) -> Self {
        Self(slot)
    }

    #[inline]
    pub(super) const fn slot(&self) -> Slot<'a, K, V> {
        self.0
    }

    #[inline]
    fn pair(&self) -> &(K, V) {
        // SAFETY: SHOWN and PINNED; the reference ends before the pin does.
        unsafe { self.0.pair.get() }
    }

    #[inline]
    pub(super) fn key(&self) -> &K {
        &self.pair().0
    }

    #[inline]
    pub(super) fn value(&self) -> &V {
        &self.pair().1
    }

    /// Lets the entry go when nobody has it any more, and gives it if that is now. Only for whoever has cleared its bit.
    pub(super) fn retire(self) -> Option<(K, V)> {
        let takes_looks = self.0.word.retire();
        match self.0.watch.filter(|_| takes_looks) {
            None => ManuallyDrop::new(self).let_go(),
            Some(looks) if self.0.word.claim_own_retired(looks) => {
                Some(ManuallyDrop::new(self).0.reclaimed())
            }
            // What the end of the pin finds may be another's by then: it is dropped, not given.
            Some(_) => None,
        }
    }

    /// Only once, and nothing after.
    #[inline(always)]
    fn let_go(&self) -> Option<(K, V)> {
        self.0.emptied(self.0.word.unpin(self.0.watch))
    }
}

impl<K, V> Drop for Pin<'_, K, V> {
    #[inline(always)]
    fn drop(&mut self) {
        drop(self.let_go());
    }
}

/// An entry that is held to be read, and was live after that (SHOWN).
pub(crate) struct Held<'a, K, V> {
    slot: Slot<'a, K, V>,
    /// None is a pin.
    look: Option<Look<'a>>,
}

impl<'a, K, V> From<Pin<'a, K, V>> for Held<'a, K, V> {
    #[inline(always)]
    fn from(pin: Pin<'a, K, V>) -> Self {
        Self { slot: ManuallyDrop::new(pin).slot(), look: None }
    }
}

impl<K, V> Held<'_, K, V> {
    #[inline]
    fn pair(&self) -> &(K, V) {
        // SAFETY: SHOWN and PINNED; the reference ends before the pin or look does.
        unsafe { self.slot.pair.get() }
    }

    #[inline]
    pub(crate) fn key(&self) -> &K {
        &self.pair().0
    }

    #[inline]
    pub(crate) fn value(&self) -> &V {
        &self.pair().1
    }

    /// Lets go where that is rare, and not worth the room.
    #[cold]
    #[inline(never)]
    pub(crate) fn let_go_aside(self) {
        drop(self);
    }
}

impl<K, V> Drop for Held<'_, K, V> {
    #[inline(always)]
    fn drop(&mut self) {
        let unpinned = match (self.look.take(), self.slot.watch) {
            (Some(look), Some(looks)) => {
                drop(look);
                self.slot.word.after_look(looks)
            }
            _ => self.slot.word.unpin(self.slot.watch),
        };
        drop(self.slot.emptied(unpinned));
    }
}
