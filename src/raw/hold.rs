//! The hold: who keeps a tracked resource, and which of all that were in its slot it is.
//!
//! Two words a slot. The *version* counts the resources that were in the slot before, and is changed by an owner alone. The *word*:
//!
//! | bits | name | meaning |
//! |---|---|---|
//! | 31 | LIVE | there is a resource, and pins |
//! | 30 | KEPT | the tracker itself keeps it, without a handle |
//! | 29 | ENDING | it is not found any more, and dies with its last pin |
//! | 28 | DEAD | it waits for its finalizer |
//! | 27 | ASIDE | its finalizer panicked; or, as [`SPENT`], the slot ran out of versions |
//! | 0..24 | pins | handles, and looks that others take just now |
//!
//! | state | word | who owns the cell | goes on to |
//! |---|---|---|---|
//! | empty | 0 | who claimed the slot's mark | live |
//! | live | LIVE, perhaps KEPT, pins | nobody: who pins reads | itself by pins; ending; dead; taken |
//! | ending | LIVE, ENDING, pins | nobody: who pins reads | dead; taken |
//! | taken | [`TAKEN`] | who took it | empty; dead |
//! | dead | DEAD | who claims the mark of the dead | empty; aside |
//! | aside | ASIDE | nobody | taken |
//! | spent | [`SPENT`] | nobody, for ever | - |
//!
//! **A pin is only ever added to what is live.** It is an exchange, not an addition that is taken back if it was wrong: so no word is
//! touched while somebody owns its cell, and an owner stores plainly. What a pin does not compare is the version, which is looked
//! at afterwards, when it can't change any more. A look-up by an old name so may hold the resource that has its slot now, for two
//! steps: others see that as any other pin.
//!
//! What is live dies when its last pin goes and nothing else keeps it: it is not KEPT, or it is ENDING. Whoever takes the last pin away
//! sees that in what the subtraction returns, and tries one exchange from *no pins* to DEAD. It fails if somebody has pinned it again in
//! between: an earlier upgrade wins, and its end is the next one to try.
//!
//! Invariants, cited where they are used:
//!
//! - **OWNED**: a cell whose slot is empty and claimed, taken, or dead and claimed has one owner, and only it touches the cell and the
//!   version.
//! - **PINNED**: while a slot is pinned there is a resource in it, which is neither changed nor taken out. As long as somebody looks at
//!   it (`look_lines`) who was alone with it, or found it dead, leaves it so too.

use crate::sync::{AtomicU32, Ordering};
use core::num::NonZeroU32;

const LIVE: u32 = 1 << 31;
const KEPT: u32 = 1 << 30;
const ENDING: u32 = 1 << 29;
const DEAD: u32 = 1 << 28;
const ASIDE: u32 = 1 << 27;
/// Its taker's.
const TAKEN: u32 = DEAD | ASIDE;
/// Nobody's, for ever.
const SPENT: u32 = ASIDE | PIN;
/// One pin.
const PIN: u32 = 1;
/// The pins' field.
const PINS: u32 = (1 << 24) - 1;
/// As many pins as are let in. (Exchanges can't go beyond it; the addition of a copy can, by as many threads as copy at that moment.)
const MOST_PINS: u32 = 1 << 23;

/// Who keeps the resource when it is put in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keeper {
    /// The tracker.
    Tracker,
    /// A handle: there is one pin.
    Handle,
}

impl Keeper {
    /// The word of a resource that has just been put in.
    const fn word(self) -> u32 {
        match self {
            Self::Tracker => LIVE | KEPT,
            Self::Handle => LIVE | PIN,
        }
    }
}

/// What became of a resource when a pin was taken away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "what died has to be marked"]
pub(super) enum Unpinned {
    /// It lives on, or somebody else sees to it.
    Left,
    /// It is dead now, and for the caller to mark.
    Died,
}

/// The two words of a slot. All zero is an empty one.
pub struct Hold {
    word: AtomicU32,
    version: AtomicU32,
}

impl Hold {
    pub(super) const fn new() -> Self {
        Self { word: AtomicU32::new(0), version: AtomicU32::new(0) }
    }

    /// The version of what is in the slot, or of what will be next.
    ///
    /// # Panics
    ///
    /// In debug builds, if the slot is spent.
    #[inline]
    pub(super) fn version(&self) -> NonZeroU32 {
        // Relaxed: who pins or owns the slot knows that it stays; others check it when they do.
        let before = self.version.load(Ordering::Relaxed);
        debug_assert!(before != u32::MAX, "a spent slot has no version");
        NonZeroU32::MIN.saturating_add(before)
    }

    /// Makes the resource live that its owner has just put in.
    #[inline]
    pub(super) fn begin(&self, keeper: Keeper) {
        // Release: pairs with the Acquire of the pins; they find the resource and its version.
        self.word.store(keeper.word(), Ordering::Release);
    }

    /// Pins what is live and to be found, whatever it is.
    ///
    /// The first try is for a resource that `expected` keeps and nobody else: an exchange without a look before it, which would fetch
    /// the line a second time.
    #[inline]
    pub(super) fn pin(&self, expected: Keeper) -> bool {
        self.pin_where(expected.word(), |word| word & (LIVE | ENDING) == LIVE)
    }

    /// Pins what is live, also what is ending and held.
    pub(super) fn pin_held(&self) -> bool {
        self.pin_where(Keeper::Tracker.word(), |word| {
            word & LIVE != 0 && (word & ENDING == 0 || word & PINS != 0)
        })
    }

    #[inline]
    fn pin_where(&self, mut word: u32, lets: impl Fn(u32) -> bool) -> bool {
        // Bounded where one runs at a time: it fails only because somebody else has changed the word.
        while lets(word) && word & PINS < MOST_PINS {
            // Acquire: pairs with the Release of `begin`. (All that is done to a live word in between is read-modify-writes, which
            // continue what it released.) Relaxed: what is seen is tried again.
            match self.word.compare_exchange(word, word + PIN, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(seen) => word = seen,
            }
        }
        false
    }

    /// Pins what the caller pins already. False if there are too many pins.
    #[inline]
    #[must_use]
    pub(super) fn pin_again(&self) -> bool {
        // Relaxed: the pin that there is has acquired all.
        let before = self.word.fetch_add(PIN, Ordering::Relaxed);
        if before & PINS < MOST_PINS {
            return true;
        }
        // Relaxed: nothing was read under it; the caller's first pin remains.
        self.word.fetch_sub(PIN, Ordering::Relaxed);
        false
    }

    /// Takes a pin away.
    #[inline]
    pub(super) fn unpin(&self) -> Unpinned {
        // Release: pairs with the Acquire of `die` and `take_if_alone`, which must come after what was read under the pin.
        let before = self.word.fetch_sub(PIN, Ordering::Release);
        let others = before & PINS != PIN;
        let kept = before & (KEPT | ENDING) == KEPT;
        if others || kept { Unpinned::Left } else { self.die(before - PIN) }
    }

    /// From a live or ending state without pins, or with the caller's alone, to dead.
    fn die(&self, word: u32) -> Unpinned {
        // SeqCst: before the look at the cells of looks, in the one order. It acquires what every `unpin` has released: they have
        // read. Relaxed: who loses does nothing.
        match self.word.compare_exchange(word, DEAD, Ordering::SeqCst, Ordering::Relaxed) {
            Ok(_) => Unpinned::Died,
            Err(_) => Unpinned::Left,
        }
    }

    /// Takes out what only the caller pins. True: it is the caller's.
    #[inline]
    pub(super) fn take_if_alone(&self) -> bool {
        // Relaxed: only to save the exchange where it would fail.
        let word = self.word.load(Ordering::Relaxed);
        // SeqCst, Relaxed: as in `die`.
        word & PINS == PIN
            && self.word.compare_exchange(word, TAKEN, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    /// What was taken can't be taken out, since somebody looks at it: it is dead.
    pub(super) fn lay_down(&self) {
        // Relaxed: the mark that follows releases it.
        self.word.store(DEAD, Ordering::Relaxed);
    }

    /// Whether what has this version may be there, seen from afar.
    #[inline]
    pub(super) fn may_be(&self, version: NonZeroU32) -> bool {
        // Relaxed: who was told of the version sees it, or a later one. It is looked at again under a pin.
        self.version.load(Ordering::Relaxed) == version.get() - 1
    }

    /// Whether what has this version is live and to be found, for who has announced a look.
    #[inline]
    pub(super) fn is_live_as(&self, version: NonZeroU32) -> bool {
        // SeqCst: after the announcement, in the one order. It acquires what `begin` released.
        Seen(self.word.load(Ordering::SeqCst)).is_live() && self.version() == version
    }

    /// Lets what the tracker alone keeps die: what nobody but the caller pins.
    pub(super) fn die_if_alone(&self) -> Unpinned {
        self.die(LIVE | KEPT | PIN)
    }

    /// What is pinned by the caller is not found any more, and dies with its last pin. False if it was so already.
    pub(super) fn end(&self) -> bool {
        // Relaxed: whoever takes the last pin away sees it, on this same word; the caller's own is still to go.
        self.word.fetch_or(ENDING, Ordering::Relaxed) & ENDING == 0
    }

    /// Helps one who took the last pin away and stands before his exchange. (He loses it.)
    pub(super) fn bury_left(&self) -> Unpinned {
        // Relaxed: only to see whether an exchange is worth while.
        let word = self.word.load(Ordering::Relaxed);
        let left = word & LIVE != 0 && word & PINS == 0 && word & (KEPT | ENDING) != KEPT;
        if left { self.die(word) } else { Unpinned::Left }
    }

    /// The owner has emptied the cell. False if the slot is not to be used again: there was the last version in it.
    #[inline]
    #[must_use]
    pub(super) fn free(&self) -> bool {
        // Relaxed, all: the owner's; the next one acquires them by the slot's mark.
        let ended = self.version.load(Ordering::Relaxed) + 1;
        self.version.store(ended, Ordering::Relaxed);
        self.word.store(if ended == u32::MAX { SPENT } else { 0 }, Ordering::Relaxed);
        ended != u32::MAX
    }

    /// The finalizer of the owner's resource has panicked.
    pub(super) fn set_aside(&self) {
        // Release: pairs with the Acquire of `take_aside`.
        self.word.store(ASIDE, Ordering::Release);
    }

    /// Takes what was set aside. True: it is the caller's.
    pub(super) fn take_aside(&self) -> bool {
        // Acquire: pairs with the Release of `set_aside`. Relaxed: who loses does nothing.
        self.word.compare_exchange(ASIDE, TAKEN, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// What was seen of it, a moment ago.
    #[inline]
    pub(super) fn seen(&self) -> Seen {
        // Relaxed: who acts on it pins, or is alone.
        Seen(self.word.load(Ordering::Relaxed))
    }

    /// How many resources there were in the slot.
    pub(super) fn ended(&self) -> u32 {
        // Relaxed: a count.
        self.version.load(Ordering::Relaxed)
    }

    /// For tests: as if there had been so many resources in the slot, which is empty.
    pub(super) fn skip_to(&self, ended: u32) {
        // Relaxed: nobody else is there.
        self.version.store(ended, Ordering::Relaxed);
    }
}

/// A word, as it was.
#[derive(Clone, Copy)]
pub(super) struct Seen(u32);

impl Seen {
    /// Live and to be found.
    #[inline]
    pub(super) const fn is_live(self) -> bool {
        self.0 & (LIVE | ENDING) == LIVE
    }

    /// Live, also if it is ending.
    pub(super) const fn is_alive(self) -> bool {
        self.0 & LIVE != 0
    }

    pub(super) const fn is_dead(self) -> bool {
        self.0 == DEAD
    }

    pub(super) const fn is_aside(self) -> bool {
        self.0 == ASIDE
    }

    pub(super) const fn is_spent(self) -> bool {
        self.0 == SPENT
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the tracker keeps it.
    pub(super) const fn is_kept(self) -> bool {
        self.0 & KEPT != 0
    }

    pub(super) const fn pins(self) -> u32 {
        self.0 & PINS
    }
}
