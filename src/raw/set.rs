//! One set of a concurrent cache: the protocol.
//!
//! Two kinds of words, one job each. A *slot word* ([`SlotWord`]) owns memory: who may read or write a slot. The *control word*
//! ([`Control`]) alone decides what can be seen. `docs/concurrent-cache.md` tells the protocol and its races; here is what each step
//! relies on:
//!
//! - **SHOWN**: nobody reads a slot before a load of control *after* its pin, or after the reading of the word that lets its look begin, has
//!   shown the way's bit. A slot becomes full after its publish, and no earlier (but see BITS). With PINNED of the slot word: what is read
//!   is full, published, and stays where it is until it is let go.
//! - **ONE** (control): at most one live entry that can be read has a given key.
//! - A way that is claimed can't be read, live or not. A slot that is free is not live.
//!
//! Where keys and values are plain data there is a second way to read, without a pin: take copies, and look afterwards whether they can
//! have been torn. That takes a writer who hides the way before he writes, so there hiding is the claim, and the slot words are for those who
//! pin nevertheless. All calls on a set say the same of whether it is so.
//!
//! - **WHOLE**: whoever writes such an entry has hidden its way before, and has had a Release fence between; whoever has read it looks at
//!   control after an Acquire fence. If nothing was published since the first load, and the way is still live, nobody wrote.
//! - **BITS**: what is live is full, neither busy nor retired: a slot is filled before its publish, and retired after its bit has gone.
//!   *Whoever takes a live bit away has what is in the slot*, and sees to it: he overwrites it, or retires it. What is full and not live is
//!   somebody's, who is at work. He may overwrite it if nobody pins it or looks at it *after* the bit has gone: whoever does so later finds that it has
//!   (Dekker's rule: the bit and the pin, or the look, are read-modify-writes, and each side then loads the other's, all sequentially consistent).
//!   So pins come and go on what is his, by those who find out that it is not live; he changes its word by read-modify-writes
//!   alone.
//!
//! User code (`Hash`, `Eq`, closures, `Drop`) runs while this thread holds pins, looks and a draft, which their destructors undo, and never
//! between a claim and its draft. What it may panic in is dropped by a statement of its own, before there is a result: what is in
//! the place of a function's result already is lost if a destructor panics at the function's end.
//!
//! The steps of an insert have a key, a value and a dozen words in hand, and are one function when compiled: to hand those from one to the
//! next in memory would be a fifth of its time.

#![expect(clippy::inline_always, reason = "see above")]

use super::cell::Cell;
use super::control::{Control, Epoch, Snapshot, Step};
use super::lanes;
use super::mask::Mask;
use super::pin::{Closed, Held, Pin, Slot};
use super::plain::Plain;
use super::policy::{Around, Arrival, Ghost, Ghosts, Policy};
use super::tags::Tags;
use super::width::{Blank, MOST_WAYS, Width};
use super::word::{Birth, Claimed, SlotWord, Watch};
use crate::key::Parts;
use crate::lifetime::Stamp;
use crate::stats::{CacheRecorder, End};
use crate::sync::{Line, MOMENTS, Ordering, Quarter, fence};
use crate::time::{Deadline, Instant};
use core::fmt;
use core::hint;
use core::mem::{self, ManuallyDrop, MaybeUninit};

impl Blank for SlotWord {
    const BLANK: Self = Self::new();
}

impl<K, V> Blank for Cell<(K, V)> {
    const BLANK: Self = Self::empty();
}

/// How often an insert tries to publish if each time somebody else does meanwhile. Enough for many threads at one set; of what gives up
/// the old entry is lost, too.
const PUBLISHES: u32 = 64;

/// How often a key is looked for if each time somebody shows or hides something meanwhile.
pub(crate) const TRIES: u32 = 16;

/// When an entry ends.
struct Ending<S>(S);

impl<S: Stamp> Blank for Ending<S> {
    const BLANK: Self = Self(S::NEVER);
}

/// A set of `W` ways. What a look-up reads comes first: all of it is on two lines, and of the entries only those are touched whose tag
/// matches.
#[repr(C)]
pub struct Set<K, V, S: Stamp, W: Width> {
    control: Control,
    tags: Tags<W>,
    policy: Policy<W>,
    words: W::Each<SlotWord>,
    /// Apart from the entries, so that they are as narrow as they can be and are looked through together.
    stamps: W::Each<Ending<S>>,
    _quarter: [Quarter; 0],
    entries: W::Each<Cell<(K, V)>>,
    ghosts: Ghosts<W>,
    /// A set begins on a line.
    _line: [Line; 0],
}

impl<K, V, S: Stamp, W: Width> Blank for Set<K, V, S, W> {
    const BLANK: Self = {
        assert!(
            W::WAYS <= MOST_WAYS as usize,
            "sets of 16 ways need 64-bit atomics: take 8 ways on this target"
        );
        Self {
            control: Control::BLANK,
            tags: Tags::BLANK,
            policy: Policy::BLANK,
            words: W::Each::<SlotWord>::BLANK,
            stamps: W::Each::<Ending<S>>::BLANK,
            _quarter: [],
            entries: W::Each::<Cell<(K, V)>>::BLANK,
            ghosts: Ghosts::BLANK,
            _line: [],
        }
    };
}

// SAFETY: a shared set gives out `&K` and `&V` to any number of threads, and takes and hands out keys and values on any of them. The
// stamps are shared as what they are; all the rest is atomics.
unsafe impl<K: Send + Sync, V: Send + Sync, S: Stamp + Sync, W: Width> Sync for Set<K, V, S, W> {}

/// An entry that is to be stored.
pub(crate) struct Newcomer<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
    pub(crate) parts: Parts,
    pub(crate) deadline: Deadline,
    pub(crate) idle: Deadline,
}

/// How a cache's entries are read. All calls on a set say the same.
pub(crate) struct Access<'a, K, V> {
    /// That they are plain data, if they are copied without a pin.
    pub(crate) plain: Option<Plain<K, V>>,
    /// Where looks at them are announced, if they are.
    pub(crate) watch: Watch<'a>,
}

impl<K, V> Clone for Access<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Access<'_, K, V> {}

/// What a call that stores is told of the cache, and of the time.
pub(crate) struct Call<'a, K, V, R> {
    pub(crate) access: Access<'a, K, V>,
    /// What is said of an entry from the beginning; nothing where its word says so before (BITS).
    pub(crate) birth: Option<Birth>,
    pub(crate) around: Around<'a>,
    pub(crate) now: Instant,
    pub(crate) to_write: ToWrite,
    pub(crate) counts: &'a R,
}

/// Whether lines can be fetched to be written. Asked once in a call.
#[derive(Clone, Copy)]
pub(crate) struct ToWrite(bool);

/// The condition under which it is.
#[derive(Clone, Copy)]
pub(crate) enum Store {
    /// Always. It is newer than everything that is being computed.
    Always,
    /// If nothing was put in or invalidated since this epoch, and the key is not there.
    UnlessOvertaken(Epoch),
}

impl Store {
    /// Looked at after control was loaded, and before a scan: what overtakes the computation later makes the publish fail.
    #[inline]
    fn is_overtaken(self, seen: Snapshot) -> bool {
        match self {
            Self::Always => false,
            Self::UnlessOvertaken(epoch) => seen.epoch() != epoch,
        }
    }

    #[inline]
    const fn step(self) -> Step {
        match self {
            Self::Always => Step::Epoch,
            Self::UnlessOvertaken(_) => Step::Fill,
        }
    }

    /// Whether the caller wants to hold what it stored.
    #[inline]
    const fn keeps(self) -> bool {
        matches!(self, Self::UnlessOvertaken(_))
    }
}

/// What the key is looked for by, and at which value of control.
#[derive(Clone, Copy)]
struct Terms {
    store: Store,
    seen: Snapshot,
    tag: u8,
}

/// What an entry displaced when it was stored.
#[derive(Debug)]
pub(crate) enum Displaced<K, V> {
    /// Nothing.
    Nothing,
    /// The value of the same key.
    Same(V),
    /// Another entry.
    Other(K, V),
    /// The entry with the same key, which is still in use, and perhaps another one.
    SameInUse(Option<(K, V)>),
}

/// What became of a newcomer.
pub(crate) enum Placed<'a, K, V> {
    /// It is in the set, and held if it was to be.
    Stored(Option<Held<'a, K, V>>, Displaced<K, V>),
    /// There is one with this key, so it is not. (Only unless overtaken.)
    Present(Held<'a, K, V>, K, V),
    /// It was overtaken.
    Overtaken(K, V),
    /// There was no room.
    Rejected(K, V),
}

/// What became of a removal.
pub(crate) enum Taken<K, V> {
    Absent,
    /// The entry, which nobody else has any more.
    Whole(K, V),
    /// It is gone for those who come, and is dropped by the last of those who have it.
    InUse,
}

/// A way that is claimed and written, and not published yet. Withdrawn unless it is.
///
/// The way may still be live, from the entry that was there: but it is busy, so nobody looks. By BITS it is full already, and not live.
struct Draft<'a, K, V, R: CacheRecorder> {
    control: &'a Control,
    way: usize,
    slot: Slot<'a, K, V>,
    /// What its word will say; nothing where it says so already (BITS).
    birth: Option<Birth>,
    /// Whether the caller is to hold what it stored.
    keep: bool,
    /// How the entry that was there ended, if it is this that ends it; none if there was none.
    end: Option<End>,
    counts: &'a R,
}

impl<'a, K, V, R: CacheRecorder> Draft<'a, K, V, R> {
    #[inline]
    fn key(&self) -> &K {
        // SAFETY: CLAIMED, and it was written here.
        let pair = unsafe { self.slot.pair.get() };
        &pair.0
    }

    /// It has been published. Gives the claim's pin, if it is to be kept.
    #[inline]
    fn published(self) -> Option<Held<'a, K, V>> {
        let draft = ManuallyDrop::new(self);
        if let Some(birth) = draft.birth {
            draft.slot.word.fill(birth, draft.keep);
        }
        draft.keep.then(|| Pin::of(draft.slot).into())
    }

    fn withdraw(self) -> (K, V) {
        ManuallyDrop::new(self).take_back()
    }

    /// Only once, and nothing after.
    #[cold]
    fn take_back(&self) -> (K, V) {
        // First: a slot that is free is not live.
        if self.control.clear(self.way) {
            self.counts.ended(self.end.unwrap_or(End::Evicted), 1);
        }
        // SAFETY: CLAIMED, and it was written here.
        let entry = unsafe { self.slot.pair.take() };
        if self.birth.is_some() {
            self.slot.word.free();
        } else {
            // Pins come and go. (What the last of them drops is a copy.)
            leave(self.slot, self.keep);
        }
        entry
    }
}

/// Leaves what is the caller's by BITS to whoever still reads it, or nobody: the last one frees the slot. The caller may pin it.
#[cold]
fn leave<K, V>(slot: Slot<'_, K, V>, is_pinned: bool) {
    if !is_pinned {
        slot.word.pin_own();
    }
    drop(Pin::of(slot).retire());
}

impl<K, V, R: CacheRecorder> Drop for Draft<'_, K, V, R> {
    fn drop(&mut self) {
        drop(self.take_back());
    }
}

/// What a look without a pin has found: the key's way, and what was copied of it.
pub(crate) enum Looked<T> {
    At(usize, T),
    Absent,
    /// Something was published meanwhile.
    Torn,
}

/// What a scan for a key has found.
struct Scan<'a, K, V> {
    old: Option<(usize, Pin<'a, K, V>)>,
    /// Ways with the key's tag that can't be looked at and are to disappear.
    refused: Mask,
}

impl<K, V> Scan<'_, K, V> {
    const NOTHING: Self = Self { old: None, refused: Mask::NONE };

    /// The ways that are not to be seen any more after a publish.
    #[inline]
    fn ways(&self) -> Mask {
        self.refused.or(self.old.as_ref().map_or(Mask::NONE, |&(way, _)| Mask::one(way)))
    }
}

/// What an insert has in hand when it publishes.
struct Work<'a, K, V, R: CacheRecorder> {
    draft: Draft<'a, K, V, R>,
    /// What was in the draft's slot.
    gone: Option<(K, V)>,
    /// What is to be remembered of it.
    ghost: Option<Ghost>,
    found: Scan<'a, K, V>,
}

impl<K, V, R: CacheRecorder> Work<'_, K, V, R> {
    /// Gives back what was to be stored.
    fn give_up(self) -> (K, V) {
        let Self { draft, gone, found, .. } = self;
        let new = draft.withdraw();
        drop((found, gone));
        new
    }
}

/// A way that was claimed, and what is in it.
#[derive(Clone, Copy)]
struct Claim {
    way: usize,
    /// How the entry ends that is there; none if there is none, or one that ended before.
    end: Option<End>,
    is_full: bool,
}

impl<K, V, S: Stamp, W: Width> Set<K, V, S, W> {
    #[inline]
    fn word(&self, way: usize) -> &SlotWord {
        &self.words.as_ref()[way]
    }

    #[inline]
    fn entry(&self, way: usize) -> &Cell<(K, V)> {
        &self.entries.as_ref()[way]
    }

    #[inline]
    fn stamp(&self, way: usize) -> &S {
        &self.stamps.as_ref()[way].0
    }

    #[inline(always)]
    fn slot<'a>(&'a self, way: usize, watch: Watch<'a>) -> Slot<'a, K, V> {
        Slot { word: self.word(way), pair: self.entry(way), watch }
    }

    /// Pins a way that was live when control was loaded, and looks again whether it is.
    #[inline(always)]
    fn pin<'a>(&'a self, way: usize, access: Access<'a, K, V>) -> Result<Pin<'a, K, V>, Closed> {
        let pin = self.slot(way, access.watch).pin().map_err(|closed| Self::closed(access, closed))?;
        if self.shows(way, access) { Ok(pin) } else { Err(Closed::Gone) }
    }

    /// As [`pin`](Self::pin), for who only reads it.
    #[inline(always)]
    fn hold<'a>(&'a self, way: usize, access: Access<'a, K, V>) -> Result<Held<'a, K, V>, Closed> {
        let held = self.slot(way, access.watch).hold().map_err(|closed| Self::closed(access, closed))?;
        if self.shows(way, access) { Ok(held) } else { Err(Closed::Gone) }
    }

    /// The second load, by who holds the way.
    #[inline(always)]
    fn shows(&self, way: usize, access: Access<'_, K, V>) -> bool {
        if access.plain.is_some() { self.control.still_shows(way) } else { self.control.shows(way) }
    }

    /// Why a way that was live can't be held.
    #[inline(always)]
    fn closed(access: Access<'_, K, V>, closed: Closed) -> Closed {
        match closed {
            Closed::Taken if access.plain.is_some() => {
                // Acquire: pairs with the Release of what the word says. By BITS it says so since the bit has gone, and whoever looks after this
                // call sees that it has.
                fence(Ordering::Acquire);
                Closed::Gone
            }
            closed => closed,
        }
    }

    /// The entry of a key: of those with its tag the first for which `is` says so.
    #[inline(always)]
    pub(crate) fn find<'a>(
        &'a self,
        access: Access<'a, K, V>,
        tag: u8,
        mut is: impl FnMut(&K) -> bool,
        counts: &impl CacheRecorder,
    ) -> Option<(usize, Held<'a, K, V>)> {
        // Again as long as somebody shows or hides something meanwhile, but not for ever. (A loop, and no call for all but the first, from
        // which what is found would come in memory.)
        let mut refused = Mask::NONE;
        for _ in 0..TRIES {
            let seen = self.control.load();
            let matching = self.tags.matching(tag);
            let mut is_torn = false;
            for way in seen.live().and(matching) {
                match self.hold(way, access) {
                    Ok(held) if is(held.key()) => return Some((way, held)),
                    // Too many pins: it would come back when one of them goes.
                    Err(Closed::Crowded) => refused = refused.or(Mask::one(way)),
                    Err(Closed::Gone | Closed::Taken) => is_torn = true,
                    Ok(_) => {}
                }
            }
            // What is being replaced may be hidden.
            is_torn |= self.is_due(access.plain, seen, matching.without(seen.live()));
            if !is_torn || !self.await_due(access.plain, seen, matching, true) {
                break;
            }
        }
        // What is not there for one must not be there for another who looks later.
        for way in refused {
            self.make_disappear(way, access, End::Evicted, counts);
        }
        None
    }

    /// Whether somebody seems to be at work at one of the ways with a key's tag, and about to show what he puts in or to replace what was
    /// there: most likely that key's.
    #[inline(always)]
    fn is_due(&self, plain: Option<Plain<K, V>>, seen: Snapshot, matching: Mask) -> bool {
        let hidden = matching.without(seen.live());
        // By BITS nobody is at what is live.
        let shown = if plain.is_some() { Mask::NONE } else { matching.and(seen.live()) };
        hidden.into_iter().any(|way| self.word(way).is_in_hand(plain.is_some()))
            || shown.into_iter().any(|way| self.word(way).is_busy())
    }

    /// Waits a moment for him, so that a key that is being replaced is not taken for one that is not there. Whether it is worth looking again:
    /// something was published since `seen`, or he has come to an end, or what was seen has come to one before (`is_torn`). Nothing but that
    /// depends on it: he may have been stopped, and then nobody waits any longer.
    #[cold]
    #[inline(never)]
    fn await_due(
        &self,
        plain: Option<Plain<K, V>>,
        seen: Snapshot,
        matching: Mask,
        mut is_torn: bool,
    ) -> bool {
        for _ in 0..MOMENTS {
            let now = self.control.load();
            if !now.is_of_version(seen) {
                return true;
            }
            if !self.is_due(plain, now, matching) {
                return is_torn;
            }
            is_torn = true;
            hint::spin_loop();
        }
        false
    }

    /// As [`find`](Self::find), for plain data: a copy of the key's value that nobody held, if it could be had whole.
    #[inline]
    pub(crate) fn copy(
        &self,
        plain: Plain<K, V>,
        tag: u8,
        now: Instant,
        is: impl FnMut(&K) -> bool,
    ) -> Looked<V> {
        let read = |way| {
            // SAFETY: PLAIN; the way was live, so there was a pair in it.
            let (key, value) = unsafe { self.entry(way).read_pieces() };
            (key, (value, self.has_passed(way, now)))
        };
        let seen = self.control.load();
        let matching = self.tags.matching(tag);
        match self.look(plain, seen, matching, read, is) {
            Looked::Absent if !matching.is_empty() && self.await_due(Some(plain), seen, matching, false) => {
                Looked::Torn
            }
            Looked::Torn => Looked::Torn,
            Looked::Absent | Looked::At(_, (_, true)) => Looked::Absent,
            // SAFETY: WHOLE, and PLAIN.
            Looked::At(way, (value, false)) => Looked::At(way, unsafe { value.assume_init() }),
        }
    }

    /// Looks for a key at one value of control without holding anything. `read` copies the key that is in a way, which may be torn, and
    /// whatever else is wanted of it.
    #[inline(always)]
    fn look<T>(
        &self,
        _: Plain<K, V>,
        seen: Snapshot,
        matching: Mask,
        read: impl Fn(usize) -> (MaybeUninit<K>, T),
        mut is: impl FnMut(&K) -> bool,
    ) -> Looked<T> {
        for way in seen.live().and(matching) {
            let (key, rest) = read(way);
            let then = self.control.look_again();
            if !then.is_of_version(seen) {
                return Looked::Torn;
            }
            if !then.live().contains(way) {
                continue;
            }
            // SAFETY: WHOLE, and PLAIN.
            if is(unsafe { key.assume_init_ref() }) {
                return Looked::At(way, rest);
            }
        }
        Looked::Absent
    }

    /// Fetches what an insert will need from memory, all at once.
    #[inline]
    pub(crate) fn expect_insert(&self, plain: Option<Plain<K, V>>) -> ToWrite {
        let to_write = lanes::can_fetch_to_write();
        // Who copies entries writes nothing, and is not to lose the lines of those that stay.
        match (to_write, plain) {
            (true, None) => self.fetch::<true, true>(),
            (true, Some(_)) => self.fetch::<true, false>(),
            (false, _) => self.fetch::<false, false>(),
        }
        ToWrite(to_write)
    }

    #[inline(always)]
    fn fetch<const TO_WRITE: bool, const OF_READERS_TOO: bool>(&self) {
        lanes::prefetch_lines::<OF_READERS_TOO, _>(&self.words);
        lanes::prefetch_lines::<TO_WRITE, _>(&self.stamps);
        lanes::prefetch_lines::<TO_WRITE, _>(&self.ghosts);
        // Which entry has to go is not known yet. If they are large, it is most likely another line that is fetched.
        if size_of::<W::Each<Cell<(K, V)>>>() <= 8 * align_of::<Line>() {
            lanes::prefetch_lines::<OF_READERS_TOO, _>(&self.entries);
        }
    }

    /// Fetches the line of an entry of plain data that will be written, where those of the others stay with their readers.
    #[inline(always)]
    fn expect_write(&self, way: usize, ToWrite(to_write): ToWrite) {
        if to_write {
            lanes::prefetch_lines::<true, _>(self.entry(way));
        }
    }

    /// Whether the entry's time is over. The entry is held.
    #[inline]
    pub(crate) fn has_passed(&self, way: usize, now: Instant) -> bool {
        self.stamp(way).has_passed(now)
    }

    /// The entry is used. It is held, unless uses do not lengthen its time.
    #[inline]
    pub(crate) fn touch(&self, way: usize, idle: Deadline) {
        self.policy.touch(way);
        self.stamp(way).extend(idle);
    }

    /// What a computation that begins now must not be overtaken by. Read before the look-up whose miss it follows.
    #[inline]
    pub(crate) fn epoch(&self) -> Epoch {
        self.control.load().epoch()
    }

    /// As [`find`](Self::find), from one value of control, with what else has to disappear for a publish.
    #[inline(always)]
    fn scan<'a>(
        &'a self,
        access: Access<'a, K, V>,
        seen: Snapshot,
        matching: Mask,
        is: impl Fn(&K) -> bool,
    ) -> Scan<'a, K, V> {
        let matching = seen.live().and(matching);
        // Most new keys meet no tag like theirs.
        if matching.is_empty() {
            return Scan::NOTHING;
        }
        let (pinned, refused) = self.scan_of(access, matching, is);
        Scan { old: pinned.first().map(|way| (way, Pin::of(self.slot(way, access.watch)))), refused }
    }

    /// Pins the way that has the key, if one has, and tells which ways refused. (By masks, since a pin would be told in memory.)
    #[inline(never)]
    fn scan_of(&self, access: Access<'_, K, V>, ways: Mask, is: impl Fn(&K) -> bool) -> (Mask, Mask) {
        let mut refused = Mask::NONE;
        for way in ways {
            match self.pin(way, access) {
                Ok(held) if is(held.key()) => {
                    mem::forget(held);
                    // By ONE no other entry has the key, so those that were refused have another.
                    return (Mask::one(way), Mask::NONE);
                }
                Ok(_) | Err(Closed::Gone) => {}
                Err(Closed::Taken | Closed::Crowded) => refused = refused.or(Mask::one(way)),
            }
        }
        (Mask::NONE, refused)
    }

    /// Where a key is that is plain data, at one value of control.
    #[inline(always)]
    fn look_for_key(
        &self,
        plain: Plain<K, V>,
        seen: Snapshot,
        matching: Mask,
        is: impl Fn(&K) -> bool,
    ) -> Looked<()> {
        // SAFETY: PLAIN; the way was live, so there was a pair in it.
        self.look(plain, seen, matching, |way| (unsafe { self.entry(way).read_key_pieces() }, ()), is)
    }

    /// Stores an entry. `eq` compares keys, `print` is that of another key, `done` makes the result: where it is known what has become of
    /// the newcomer.
    #[inline(always)]
    pub(crate) fn place<'a, R: CacheRecorder, T>(
        &'a self,
        call: &Call<'a, K, V, R>,
        new: Newcomer<K, V>,
        store: Store,
        eq: impl Fn(&K, &K) -> bool,
        print: impl Fn(&K) -> u16,
        done: impl Fn(Placed<'a, K, V>) -> T,
    ) -> T {
        // Taken apart, so that it stays in registers unless it is handed on in memory.
        let Newcomer { key, value, parts, deadline, idle } = new;
        let mut seen = self.control.load();
        let mut matching = self.tags.matching(parts.tag);
        let plain = call.access.plain;
        if plain.is_some()
            && self.is_due(plain, seen, matching)
            && self.await_due(plain, seen, matching, true)
        {
            seen = self.control.load();
            matching = self.tags.matching(parts.tag);
        }
        if store.is_overtaken(seen) {
            return done(Placed::Overtaken(key, value));
        }
        let errand = |key, value, seen| {
            (Newcomer { key, value, parts, deadline, idle }, Terms { store, seen, tag: parts.tag })
        };
        let Some(plain) = plain else {
            let mut found = self.scan(call.access, seen, matching, |other| eq(other, &key));
            if !found.refused.is_empty() && self.await_due(None, seen, found.refused, true) {
                seen = self.control.load();
                if store.is_overtaken(seen) {
                    return done(Placed::Overtaken(key, value));
                }
                let matching = self.tags.matching(parts.tag);
                found = self.scan(call.access, seen, matching, |other| eq(other, &key));
            }
            return self.place_scanned(call, errand(key, value, seen), found, eq, print, done);
        };
        match self.look_for_key(plain, seen, matching, |other| eq(other, &key)) {
            Looked::Absent => {
                self.place_scanned(call, errand(key, value, seen), Scan::NOTHING, eq, print, done)
            }
            // Unless it is there to stay.
            Looked::At(way, ())
                if matches!(store, Store::Always)
                    && let Some(claim) = self.claim_shown(call, seen, way, End::Replaced) =>
            {
                self.overwrite(call, errand(key, value, seen), claim, eq, done)
            }
            Looked::At(..) | Looked::Torn => {
                self.scan_and_place(call, errand(key, value, seen), eq, print, done)
            }
        }
    }

    /// The rest of [`place`](Self::place) for plain data that has to be pinned, to be replaced or to stay.
    #[cold]
    #[inline(never)]
    fn scan_and_place<'a, R: CacheRecorder, T>(
        &'a self,
        call: &Call<'a, K, V, R>,
        (new, terms): (Newcomer<K, V>, Terms),
        eq: impl Fn(&K, &K) -> bool,
        print: impl Fn(&K) -> u16,
        done: impl Fn(Placed<'a, K, V>) -> T,
    ) -> T {
        let matching = self.tags.matching(terms.tag);
        let found = self.scan(call.access, terms.seen, matching, |other| eq(other, &new.key));
        self.place_scanned(call, (new, terms), found, eq, print, done)
    }

    /// The same after a scan.
    #[inline(always)]
    fn place_scanned<'a, R: CacheRecorder, T>(
        &'a self,
        call: &Call<'a, K, V, R>,
        (new, terms): (Newcomer<K, V>, Terms),
        mut found: Scan<'a, K, V>,
        eq: impl Fn(&K, &K) -> bool,
        print: impl Fn(&K) -> u16,
        done: impl Fn(Placed<'a, K, V>) -> T,
    ) -> T {
        if let Some(present) = self.present(terms.store, &mut found, call.now) {
            return done(Placed::Present(present, new.key, new.value));
        }
        if let Some((way, old)) = &found.old
            && let Some(claim) = self.claim_pinned(call, terms.seen, *way, old)
        {
            // Its pin is the claim's now. By ONE no way refused.
            mem::forget(found);
            return self.overwrite(call, (new, terms), claim, eq, done);
        }
        let mut arrival = match found.old {
            None => self.policy.miss(&self.ghosts, new.parts.print, call.around),
            Some((way, _)) => self.policy.again(way, call.around),
        };
        let Some(claim) = self.claim(call, terms.seen, &mut arrival) else {
            drop(found);
            return done(Placed::Rejected(new.key, new.value));
        };
        let (draft, gone) = self.draft(call, claim, new, terms.store);
        let evicted = claim.end == Some(End::Evicted);
        let state = self.policy.placed(claim.way, arrival, evicted);
        // Here, where the draft is withdrawn if it panics.
        let ghost = match &gone {
            Some((key, _)) if evicted => Some(Ghost::of(arrival, print(key), state)),
            _ => None,
        };
        self.publish(call, terms, Work { draft, gone, ghost, found }, eq, done)
    }

    /// Puts an entry into the way of the entry of the same key, which was claimed.
    #[inline(always)]
    fn overwrite<'a, R: CacheRecorder, T>(
        &'a self,
        call: &Call<'a, K, V, R>,
        (new, terms): (Newcomer<K, V>, Terms),
        claim: Claim,
        eq: impl Fn(&K, &K) -> bool,
        done: impl Fn(Placed<'a, K, V>) -> T,
    ) -> T {
        let (draft, gone) = self.draft(call, claim, new, terms.store);
        self.policy.overwritten(claim.way);
        let work = Work { draft, gone, ghost: None, found: Scan::NOTHING };
        self.publish(call, terms, work, eq, done)
    }

    /// Publishes what was scanned for.
    #[inline(always)]
    fn publish<'a, R: CacheRecorder, T>(
        &'a self,
        call: &Call<'a, K, V, R>,
        terms: Terms,
        work: Work<'a, K, V, R>,
        eq: impl Fn(&K, &K) -> bool,
        done: impl Fn(Placed<'a, K, V>) -> T,
    ) -> T {
        match self.control.publish(terms.seen, work.draft.way, work.found.ways(), terms.store.step()) {
            Some(before) => self.published(call, work, before, done),
            None => self.publish_later(call, terms.store, terms.tag, work, eq, done),
        }
    }

    /// The same where something was published since that scan.
    #[cold]
    #[inline(never)]
    fn publish_later<'a, R: CacheRecorder, T>(
        &'a self,
        call: &Call<'a, K, V, R>,
        store: Store,
        tag: u8,
        mut work: Work<'a, K, V, R>,
        eq: impl Fn(&K, &K) -> bool,
        done: impl Fn(Placed<'a, K, V>) -> T,
    ) -> T {
        // The first was in `publish`.
        for _ in 1..PUBLISHES {
            let seen = self.control.load();
            if store.is_overtaken(seen) {
                let (key, value) = work.give_up();
                return done(Placed::Overtaken(key, value));
            }
            let matching = self.tags.matching(tag);
            work.found = self.scan(call.access, seen, matching, |other| eq(other, work.draft.key()));
            if let Some(present) = self.present(store, &mut work.found, call.now) {
                let (key, value) = work.give_up();
                return done(Placed::Present(present, key, value));
            }
            let gone = work.found.ways();
            if let Some(before) = self.control.publish(seen, work.draft.way, gone, store.step()) {
                return self.published(call, work, before, done);
            }
        }
        let (key, value) = work.give_up();
        done(Placed::Rejected(key, value))
    }

    /// Claims the slot of an entry that the caller pins, if nobody else holds it.
    #[inline(always)]
    fn claim_pinned(
        &self,
        call: &Call<'_, K, V, impl CacheRecorder>,
        seen: Snapshot,
        way: usize,
        old: &Pin<'_, K, V>,
    ) -> Option<Claim> {
        let (access, word) = (call.access, old.slot().word);
        if access.plain.is_some() {
            if !word.seems_pinned_once(access.watch) {
                return None;
            }
            self.control.take(seen, way)?;
        }
        match word.claim_pinned(access.watch) {
            Claimed::Yes => {
                let claim = self.claimed(call, way, End::Replaced);
                self.claim_by_bit(access, way);
                if access.plain.is_some() {
                    call.counts.ended(claim.end.unwrap_or(End::Replaced), 1);
                }
                return Some(claim);
            }
            Claimed::No if access.plain.is_some() => {
                // By BITS it is the caller's to let go, and of those who hold it besides.
                word.retire();
                call.counts.ended(self.end(call, way, End::Evicted), 1);
            }
            Claimed::No => {}
            Claimed::Watched => self.retire_claimed(way, access, call.counts),
        }
        None
    }

    /// Claims a full slot by its word, if nobody holds it.
    #[inline(always)]
    fn claim_unpinned(&self, access: Access<'_, K, V>, way: usize, counts: &impl CacheRecorder) -> bool {
        match self.word(way).claim_unpinned(access.watch) {
            Claimed::Yes => true,
            Claimed::No => false,
            Claimed::Watched => {
                self.let_claimed_go(access, way, counts);
                false
            }
        }
    }

    /// Somebody looks at what was claimed. It disappears all the same, since others were told meanwhile that it is not there, and goes when
    /// nobody holds it. The claim's pin stays.
    #[cold]
    fn retire_claimed(&self, way: usize, access: Access<'_, K, V>, counts: &impl CacheRecorder) {
        if access.plain.is_none() {
            self.make_disappear(way, access, End::Evicted, counts);
        } else {
            // By BITS it has.
            counts.ended(End::Evicted, 1);
        }
        self.word(way).retire_claimed();
    }

    /// The same, and the pin goes.
    #[cold]
    #[inline(never)]
    fn let_claimed_go(&self, access: Access<'_, K, V>, way: usize, counts: &impl CacheRecorder) {
        self.retire_claimed(way, access, counts);
        drop(Pin::of(self.slot(way, access.watch)));
    }

    /// Claims what is shown, if nobody holds it. If something was published since `seen` it may be another's by now: that goes like any
    /// other, and the publish, which comes too late, looks for the key once more.
    #[inline(always)]
    fn claim_shown(
        &self,
        call: &Call<'_, K, V, impl CacheRecorder>,
        seen: Snapshot,
        way: usize,
        end: End,
    ) -> Option<Claim> {
        let (access, word) = (call.access, self.word(way));
        if access.plain.is_none() {
            return self.claim_unpinned(access, way, call.counts).then(|| self.claimed(call, way, end));
        }
        if !word.seems_unread(access.watch) {
            return None;
        }
        self.expect_write(way, call.to_write);
        let is_as_seen = self.control.take(seen, way)?;
        if !word.is_unread() && !self.claim_read(access, way, call.counts) {
            return None;
        }
        let end = self.end(call, way, if is_as_seen { end } else { End::Evicted });
        call.counts.ended(end, 1);
        Some(Claim { way, end: Some(end), is_full: true })
    }

    /// Makes of a claimed word a claim by the bit, where it is that (BITS). What is in the slot is not live: nobody reads it, whether it is
    /// there or not.
    #[inline]
    fn claim_by_bit(&self, access: Access<'_, K, V>, way: usize) {
        if access.plain.is_some() {
            self.word(way).fill_by_bit();
        }
    }

    /// Claims what may be read, and whose bit was taken; if it is, it is left to who reads it.
    #[cold]
    #[inline(never)]
    fn claim_read(&self, access: Access<'_, K, V>, way: usize, counts: &impl CacheRecorder) -> bool {
        match self.word(way).claim_unpinned(access.watch) {
            Claimed::Yes => {
                self.claim_by_bit(access, way);
                return true;
            }
            Claimed::No => {
                counts.ended(End::Evicted, 1);
                leave(self.slot(way, access.watch), false);
            }
            Claimed::Watched => self.let_claimed_go(access, way, counts),
        }
        false
    }

    /// The entry that a fill leaves where it is.
    fn present<'a>(
        &'a self,
        store: Store,
        found: &mut Scan<'a, K, V>,
        now: Instant,
    ) -> Option<Held<'a, K, V>> {
        match store {
            Store::Always => None,
            Store::UnlessOvertaken(_) => {
                found.old.take_if(|(way, _)| !self.has_passed(*way, now)).map(|(_, pin)| pin.into())
            }
        }
    }

    /// Claims a way: a free one, or a victim's. From here on what was in it can't be seen any more.
    #[inline(always)]
    fn claim(
        &self,
        call: &Call<'_, K, V, impl CacheRecorder>,
        seen: Snapshot,
        arrival: &mut Arrival,
    ) -> Option<Claim> {
        let hidden = call.around.usable(W::WAYS).without(seen.live());
        if !hidden.is_empty()
            && let Some(claim) = self.claim_hidden(call, hidden)
        {
            return Some(claim);
        }
        self.claim_victim(call, seen, arrival)
    }

    /// Claims a way that was not live.
    #[inline(never)]
    fn claim_hidden(&self, call: &Call<'_, K, V, impl CacheRecorder>, hidden: Mask) -> Option<Claim> {
        for way in hidden {
            if self.word(way).claim_free() {
                self.claim_by_bit(call.access, way);
                return Some(Claim { way, end: None, is_full: false });
            }
        }
        // Full, but not live: nobody could retire it when it disappeared. Or it was shown since, and has to go where there is nothing
        // free, like any other. (By BITS it is somebody's.)
        for way in hidden {
            if call.access.plain.is_none() && self.claim_unpinned(call.access, way, call.counts) {
                return Some(self.claimed(call, way, End::Evicted));
            }
            if self.word(way).claim_left(call.access.watch) {
                self.claim_by_bit(call.access, way);
                return Some(Claim { way, end: None, is_full: true });
            }
        }
        None
    }

    /// A way that was claimed full, by its word.
    #[inline]
    fn claimed(&self, call: &Call<'_, K, V, impl CacheRecorder>, way: usize, end: End) -> Claim {
        Claim { way, end: Some(self.end(call, way, end)), is_full: true }
    }

    /// How an entry ends that is thrown out, or replaced.
    #[inline(always)]
    fn end(&self, call: &Call<'_, K, V, impl CacheRecorder>, way: usize, end: End) -> End {
        if self.has_passed(way, call.now) { End::Expired } else { end }
    }

    #[inline(always)]
    fn claim_victim(
        &self,
        call: &Call<'_, K, V, impl CacheRecorder>,
        seen: Snapshot,
        arrival: &mut Arrival,
    ) -> Option<Claim> {
        let mut candidates = seen.live().and(call.around.usable(W::WAYS));
        if S::ENDS {
            // Not held: a hint, which is looked at again when the way is claimed.
            let over = candidates.filter(|&way| self.has_passed(way, call.now));
            for way in over {
                if let Some(claim) = self.claim_shown(call, seen, way, End::Evicted) {
                    return Some(claim);
                }
            }
        }
        while let Some(way) = self.policy.victim(candidates, arrival) {
            if let Some(claim) = self.claim_shown(call, seen, way, End::Evicted) {
                return Some(claim);
            }
            candidates = candidates.without(Mask::one(way));
        }
        None
    }

    /// Puts an entry into a way that was claimed. Gives what was there.
    #[inline(always)]
    fn draft<'a, R: CacheRecorder>(
        &'a self,
        call: &Call<'a, K, V, R>,
        claim: Claim,
        new: Newcomer<K, V>,
        store: Store,
    ) -> (Draft<'a, K, V, R>, Option<(K, V)>) {
        let (way, slot, entry) = (claim.way, self.slot(claim.way, call.access.watch), self.entry(claim.way));
        // SAFETY: CLAIMED, and it was claimed as full.
        let old = claim.is_full.then(|| unsafe { entry.take() });
        if call.access.plain.is_some() {
            // Release: pairs with the Acquire fence of `look_again`. The way is hidden, here or by whoever had it before the claim.
            fence(Ordering::Release);
        }
        self.tags.set(way, new.parts.tag);
        self.stamp(way).begin(new.deadline, new.idle);
        let pair = (new.key, new.value);
        if call.access.plain.is_some() {
            // SAFETY: PLAIN and CLAIMED.
            unsafe { entry.write_pieces(pair) };
            if store.keeps() {
                slot.word.pin_own();
            }
        } else {
            // SAFETY: CLAIMED.
            unsafe { entry.write(pair) };
        }
        (
            Draft {
                control: &self.control,
                way,
                slot,
                birth: call.birth,
                keep: store.keeps(),
                end: claim.end,
                counts: call.counts,
            },
            old,
        )
    }

    /// What is to be done after a publish, before which the ways `before` were live.
    #[inline(always)]
    fn published<'a, R: CacheRecorder, T>(
        &'a self,
        call: &Call<'a, K, V, R>,
        work: Work<'a, K, V, R>,
        before: Mask,
        done: impl Fn(Placed<'a, K, V>) -> T,
    ) -> T {
        let Work { draft, gone, ghost, found } = work;
        let (way, end) = (draft.way, draft.end);
        let held = draft.published();
        call.counts.inserted();
        if let Some(end) = end
            && before.contains(way)
        {
            call.counts.ended(end, 1);
        }
        let helped = before.and(found.refused).without(Mask::one(way));
        if !helped.is_empty() {
            call.counts.ended(End::Evicted, helped.len());
            self.see_to(call.access, helped);
        }
        if let Some(ghost) = ghost {
            self.ghosts.put(ghost);
        }
        if let Some((way, old)) = found.old {
            let displaced = self.displaced_too(call, (end, gone), before, way, old);
            return done(Placed::Stored(held, displaced));
        }
        match gone {
            None => done(Placed::Stored(held, Displaced::Nothing)),
            Some((key, value)) => match end {
                Some(End::Replaced) => {
                    drop(key);
                    done(Placed::Stored(held, Displaced::Same(value)))
                }
                Some(_) => done(Placed::Stored(held, Displaced::Other(key, value))),
                // It was removed before, and left.
                None => {
                    drop((key, value));
                    done(Placed::Stored(held, Displaced::Nothing))
                }
            },
        }
    }

    /// Sees to what is in ways of which the caller has taken the bits, if that is his (BITS).
    #[cold]
    fn see_to(&self, access: Access<'_, K, V>, ways: Mask) {
        if access.plain.is_some() {
            ways.into_iter().for_each(|way| leave(self.slot(way, access.watch), false));
        }
    }

    /// What was displaced, with the entry of the same key that was in another slot, `way`.
    #[cold]
    fn displaced_too(
        &self,
        call: &Call<'_, K, V, impl CacheRecorder>,
        (end, gone): (Option<End>, Option<(K, V)>),
        before: Mask,
        way: usize,
        old: Pin<'_, K, V>,
    ) -> Displaced<K, V> {
        // Somebody else has removed it.
        if !before.contains(way) {
            drop(old);
            return Displaced::of(end, gone);
        }
        let of_old = if self.has_passed(way, call.now) { End::Expired } else { End::Replaced };
        call.counts.ended(of_old, 1);
        let old = old.retire();
        Displaced::of(end, gone).and(of_old, old)
    }

    /// Takes out the entry of a key.
    pub(crate) fn remove(
        &self,
        access: Access<'_, K, V>,
        tag: u8,
        now: Instant,
        is: impl Fn(&K) -> bool,
        counts: &impl CacheRecorder,
    ) -> Taken<K, V> {
        let seen = self.control.invalidate();
        for way in seen.live().and(self.tags.matching(tag)) {
            match self.pin(way, access) {
                Ok(held) if is(held.key()) => {
                    let over = self.has_passed(way, now);
                    let end = if over { End::Expired } else { End::Removed };
                    let taken = self.take_out(way, held, end, counts);
                    return if over { Taken::Absent } else { taken };
                }
                Ok(_) | Err(Closed::Gone) => {}
                Err(Closed::Taken | Closed::Crowded) => {
                    self.make_disappear(way, access, End::Evicted, counts);
                }
            }
        }
        Taken::Absent
    }

    /// Takes out what is over, and what is not to be kept. If `keep` panics, what comes after stays.
    pub(crate) fn retain(
        &self,
        access: Access<'_, K, V>,
        now: Instant,
        mut keep: impl FnMut(&K, &V) -> bool,
        counts: &impl CacheRecorder,
    ) {
        let live = self.control.invalidate().live();
        for way in Mask::first_ways(W::WAYS) {
            if !live.contains(way) {
                self.collect(access, way, counts);
                continue;
            }
            match self.pin(way, access) {
                Ok(held) => {
                    if self.has_passed(way, now) {
                        drop(self.take_out(way, held, End::Expired, counts));
                    } else if !keep(held.key(), held.value()) {
                        drop(self.take_out(way, held, End::Removed, counts));
                    }
                }
                Err(Closed::Gone) => {}
                Err(Closed::Taken | Closed::Crowded) => {
                    self.make_disappear(way, access, End::Evicted, counts);
                }
            }
        }
    }

    /// Takes out everything, the rest also if a destructor panics.
    pub(crate) fn clear(&self, access: Access<'_, K, V>, now: Instant, counts: &impl CacheRecorder) {
        let live = self.control.invalidate().live();
        super::for_each_surely(Mask::first_ways(W::WAYS), |way| {
            if !live.contains(way) {
                return self.collect(access, way, counts);
            }
            match self.pin(way, access) {
                Ok(held) => {
                    let end = if self.has_passed(way, now) { End::Expired } else { End::Removed };
                    drop(self.take_out(way, held, end, counts));
                }
                Err(Closed::Gone) => {}
                Err(Closed::Taken | Closed::Crowded) => {
                    self.make_disappear(way, access, End::Evicted, counts);
                }
            }
        });
    }

    /// Takes out what would have to go next, until no more than `most` entries are left or each was looked at. How many that were.
    pub(crate) fn shrink(
        &self,
        access: Access<'_, K, V>,
        most: usize,
        around: Around<'_>,
        counts: &impl CacheRecorder,
    ) -> usize {
        let mut gone = 0;
        let mut candidates = self.control.load().live();
        // Asked each time: others take out as well, and what somebody claims just now does not count as taken out here.
        while self.len() > most {
            let Some(way) = self.policy.next_to_go(candidates, around) else { break };
            candidates = candidates.without(Mask::one(way));
            if let Ok(held) = self.pin(way, access) {
                let taken = self.take_out(way, held, End::Evicted, counts);
                gone += usize::from(!matches!(taken, Taken::Absent));
                drop(taken);
            }
        }
        gone
    }

    /// Takes out what is over. How many that were.
    pub(crate) fn expire(
        &self,
        access: Access<'_, K, V>,
        now: Instant,
        counts: &impl CacheRecorder,
    ) -> usize {
        let mut expired = 0;
        // No new version: this invalidates nothing that anybody could have computed or found before.
        let live = self.control.load().live();
        super::for_each_surely(Mask::first_ways(W::WAYS), |way| {
            if !live.contains(way) {
                return self.collect(access, way, counts);
            }
            // Looked at twice: most are not over, and need no pin for that.
            if self.has_passed(way, now)
                && let Ok(held) = self.pin(way, access)
                && self.has_passed(way, now)
            {
                match self.take_out(way, held, End::Expired, counts) {
                    // Somebody else was first.
                    Taken::Absent => {}
                    taken => {
                        expired += 1;
                        drop(taken);
                    }
                }
            }
        });
        expired
    }

    /// Takes out what is in a slot and can't be found any more, if there is something: it disappeared while somebody had claimed it, or
    /// was over. What is held is left to its holders.
    fn collect(&self, access: Access<'_, K, V>, way: usize, counts: &impl CacheRecorder) {
        let word = self.word(way);
        if !word.is_full() || self.control.glance().contains(way) {
            return;
        }
        // By BITS it is somebody's, or was left.
        let is_claimed = access.plain.is_none() && self.claim_unpinned(access, way, counts);
        if !(is_claimed || word.claim_left(access.watch)) {
            return;
        }
        // It may have been stored in the meantime, and goes all the same.
        if is_claimed {
            self.make_disappear(way, access, End::Evicted, counts);
        }
        // SAFETY: CLAIMED, and it was claimed as full.
        let entry = unsafe { self.entry(way).take() };
        word.free();
        drop(entry);
    }

    /// Makes an entry disappear that is held, and lets it go.
    fn take_out(
        &self,
        way: usize,
        held: Pin<'_, K, V>,
        end: End,
        counts: &impl CacheRecorder,
    ) -> Taken<K, V> {
        if !self.control.clear(way) {
            // Somebody else did.
            return Taken::Absent;
        }
        counts.ended(end, 1);
        match held.retire() {
            Some((key, value)) => Taken::Whole(key, value),
            None => Taken::InUse,
        }
    }

    /// Makes an entry disappear that can't be looked at. It stays in its slot until somebody claims that; by BITS, until nobody reads it.
    #[cold]
    fn make_disappear(&self, way: usize, access: Access<'_, K, V>, end: End, counts: &impl CacheRecorder) {
        if self.control.clear(way) {
            counts.ended(end, 1);
            self.see_to(access, Mask::one(way));
        }
    }

    /// Whether the entry's time is over. The entry is held. If uses lengthen its time it disappears now: one that began before might
    /// still do so, and what was over would come back. (It stays in its slot, since a look-up drops nothing.)
    #[inline]
    pub(crate) fn is_over(
        &self,
        access: Access<'_, K, V>,
        way: usize,
        now: Instant,
        counts: &impl CacheRecorder,
    ) -> bool {
        let over = self.has_passed(way, now);
        if over && S::EXTENDS {
            self.make_disappear(way, access, End::Expired, counts);
        }
        over
    }

    /// The ways that are live about now.
    pub(crate) fn live(&self) -> Mask {
        self.control.load().live()
    }

    /// How many entries there are about now.
    pub(crate) fn len(&self) -> usize {
        self.control.glance().len()
    }

    /// The entry of a way that was live, if it still is.
    pub(crate) fn peek<'a>(&'a self, access: Access<'a, K, V>, way: usize) -> Option<Held<'a, K, V>> {
        self.hold(way, access).ok()
    }

    /// Asserts what is true when nobody is at work here, but for so many references at most that are held. How many entries are here
    /// that can't be found any more.
    pub(crate) fn validate(&self, around: Around<'_>, references: usize) -> usize {
        let live = self.control.glance();
        assert!(live.without(around.usable(W::WAYS)).is_empty(), "an unusable way is live");
        let pins = u32::try_from(references).unwrap_or(u32::MAX);
        let words = self.words.as_ref();
        self.entries.as_ref().iter().for_each(Cell::show);
        for (way, word) in words.iter().enumerate() {
            assert!(word.is_at_rest(pins), "way {way} is not at rest: {word:?}");
            assert!(!live.contains(way) || word.is_full(), "way {way} is live and empty");
        }
        words.iter().filter(|word| word.is_full()).count() - live.len()
    }
}

impl<K, V> Displaced<K, V> {
    /// What was in the slot.
    fn of(end: Option<End>, gone: Option<(K, V)>) -> Self {
        match (gone, end) {
            (Some((key, value)), Some(End::Replaced)) => {
                drop(key);
                Self::Same(value)
            }
            (Some((key, value)), Some(_)) => Self::Other(key, value),
            // What was left there was removed before.
            (left, _) => {
                drop(left);
                Self::Nothing
            }
        }
    }

    /// The same with what became of the entry with the same key.
    fn and(self, end: End, old: Option<(K, V)>) -> Self {
        match (self, old) {
            (first @ (Self::Nothing | Self::Same(..)), old) => {
                drop(first);
                match old {
                    Some((key, value)) if end == End::Replaced => {
                        drop(key);
                        Self::Same(value)
                    }
                    Some((key, value)) => Self::Other(key, value),
                    None => Self::SameInUse(None),
                }
            }
            // Two at once, of which one can be given back. Its other users have just let go of the old one: it goes here.
            (Self::Other(key, value), old) => {
                drop(old);
                Self::SameInUse(Some((key, value)))
            }
            (both @ Self::SameInUse(_), old) => {
                drop(old);
                both
            }
        }
    }
}

impl<K, V, S: Stamp, W: Width> Drop for Set<K, V, S, W> {
    fn drop(&mut self) {
        let each = self.words.as_ref().iter().zip(self.entries.as_ref());
        super::for_each_surely(each.filter(|(word, _)| word.is_full()), |(_, entry)| {
            // SAFETY: nobody else has the set; what is full is initialised, and is not touched any more.
            unsafe { entry.drop_in_place() };
        });
    }
}

impl<K, V, S: Stamp, W: Width> fmt::Debug for Set<K, V, S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Set").field("len", &self.len()).finish_non_exhaustive()
    }
}
