//! One set of a concurrent cache: the protocol.
//!
//! Two kinds of words, one job each. A *slot word* ([`SlotWord`]) owns memory: who may read or write a slot. The *control word*
//! ([`Control`]) alone decides what can be seen. `docs/concurrent-cache.md` tells the protocol and its races; here is what each step
//! relies on:
//!
//! - **SHOWN**: nobody reads a slot before a load of control *after* its pin, or after the reading of the word that lets its look begin, has
//!   shown the way's bit. A slot becomes full after its publish, and no earlier. With PINNED of the slot word: what is read is full,
//!   published, and stays where it is until it is let go.
//! - **ONE** (control): at most one live entry that can be read has a given key.
//! - A way that is claimed can't be read, live or not. A slot that is free is not live.
//!
//! Where keys and values are plain data there is a second way to read, without a pin: take copies, and look afterwards whether they can
//! have been torn.
//!
//! - **WHOLE**: whoever writes such an entry has hidden its way before, and has had a Release fence between; whoever has read it looks at
//!   control after an Acquire fence. If nothing was published since the first load, and the way is still live, nobody wrote.
//!   All calls on a set say the same of whether there are such readers.
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
use crate::sync::{Line, Ordering, Quarter, fence};
use crate::time::{Deadline, Instant};
use core::fmt;
use core::mem::{self, ManuallyDrop, MaybeUninit};

impl Blank for SlotWord {
    const BLANK: Self = Self::new();
}

impl<K, V> Blank for Cell<(K, V)> {
    const BLANK: Self = Self::empty();
}

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

/// What a call that stores is told of the cache, and of the time.
pub(crate) struct Call<'a, K, V, R> {
    /// That entries are plain data, if they are to be read without pins.
    pub(crate) plain: Option<Plain<K, V>>,
    pub(crate) watch: Watch<'a>,
    /// What is said of an entry from the beginning.
    pub(crate) birth: Birth,
    /// The ways of the set that the cache uses.
    pub(crate) usable: Mask,
    pub(crate) around: Around<'a>,
    pub(crate) now: Instant,
    pub(crate) counts: &'a R,
}

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
/// The way may still be live, from the entry that was there: but it is busy, so nobody looks.
struct Draft<'a, K, V, R: CacheRecorder> {
    control: &'a Control,
    way: usize,
    slot: Slot<'a, K, V>,
    birth: Birth,
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
    fn published(self, keep: bool) -> Option<Held<'a, K, V>> {
        let draft = ManuallyDrop::new(self);
        if keep {
            draft.slot.word.fill(draft.birth);
            Some(Pin::of(draft.slot).into())
        } else {
            draft.slot.word.fill_and_unpin(draft.birth);
            None
        }
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
        self.slot.word.free();
        entry
    }
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
    fn pin<'a>(&'a self, way: usize, watch: Watch<'a>) -> Result<Pin<'a, K, V>, Closed> {
        let pin = self.slot(way, watch).pin()?;
        if self.control.shows(way) { Ok(pin) } else { Err(Closed::Gone) }
    }

    /// As [`pin`](Self::pin), for who only reads it.
    #[inline(always)]
    fn hold<'a>(&'a self, way: usize, watch: Watch<'a>) -> Result<Held<'a, K, V>, Closed> {
        let held = self.slot(way, watch).hold()?;
        if self.control.shows(way) { Ok(held) } else { Err(Closed::Gone) }
    }

    /// The entry of a key: of those with its tag the first for which `is` says so.
    #[inline(always)]
    pub(crate) fn find<'a>(
        &'a self,
        plain: Option<Plain<K, V>>,
        watch: Watch<'a>,
        tag: u8,
        mut is: impl FnMut(&K) -> bool,
        counts: &impl CacheRecorder,
    ) -> Option<(usize, Held<'a, K, V>)> {
        let live = self.control.load().live();
        let mut refused = Mask::NONE;
        for way in live.and(self.tags.matching(tag)) {
            match self.hold(way, watch) {
                Ok(held) if is(held.key()) => return Some((way, held)),
                // Too many pins: it would come back when one of them goes. Claimed: it is still seen by who reads without a pin,
                // until it is hidden.
                Err(Closed::Crowded) => refused = refused.or(Mask::one(way)),
                Err(Closed::Taken) if plain.is_some() => refused = refused.or(Mask::one(way)),
                Ok(_) | Err(Closed::Gone | Closed::Taken) => {}
            }
        }
        // What is not there for one must not be there for another who looks later.
        for way in refused {
            self.make_disappear(way, End::Evicted, counts);
        }
        None
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
        match self.look(plain, self.control.load(), tag, read, is) {
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
        tag: u8,
        read: impl Fn(usize) -> (MaybeUninit<K>, T),
        mut is: impl FnMut(&K) -> bool,
    ) -> Looked<T> {
        for way in seen.live().and(self.tags.matching(tag)) {
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
    pub(crate) fn expect_insert(&self, plain: Option<Plain<K, V>>) {
        // Who copies entries writes nothing, and is not to lose the lines of those that stay.
        match (lanes::can_fetch_to_write(), plain) {
            (true, None) => self.fetch::<true, true>(),
            (true, Some(_)) => self.fetch::<true, false>(),
            (false, _) => self.fetch::<false, false>(),
        }
    }

    #[inline(always)]
    fn fetch<const TO_WRITE: bool, const ENTRIES_TOO: bool>(&self) {
        lanes::prefetch_lines::<TO_WRITE, _>(&self.words);
        lanes::prefetch_lines::<TO_WRITE, _>(&self.stamps);
        lanes::prefetch_lines::<TO_WRITE, _>(&self.ghosts);
        // Which entry has to go is not known yet. If they are large, it is most likely another line that is fetched.
        if size_of::<W::Each<Cell<(K, V)>>>() <= 8 * align_of::<Line>() {
            lanes::prefetch_lines::<ENTRIES_TOO, _>(&self.entries);
        }
    }

    /// Fetches the line of an entry of plain data that will be written, where those of the others stay with their readers.
    #[inline(always)]
    fn expect_write(&self, way: usize) {
        if lanes::can_fetch_to_write() {
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
        watch: Watch<'a>,
        seen: Snapshot,
        tag: u8,
        is: impl Fn(&K) -> bool,
    ) -> Scan<'a, K, V> {
        let matching = seen.live().and(self.tags.matching(tag));
        // Most new keys meet no tag like theirs.
        if matching.is_empty() {
            return Scan::NOTHING;
        }
        let (pinned, refused) = self.scan_of(watch, matching, is);
        Scan { old: pinned.first().map(|way| (way, Pin::of(self.slot(way, watch)))), refused }
    }

    /// Pins the way that has the key, if one has, and tells which ways refused. (By masks, since a pin would be told in memory.)
    #[inline(never)]
    fn scan_of(&self, watch: Watch<'_>, ways: Mask, is: impl Fn(&K) -> bool) -> (Mask, Mask) {
        let mut refused = Mask::NONE;
        for way in ways {
            match self.pin(way, watch) {
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
        tag: u8,
        is: impl Fn(&K) -> bool,
    ) -> Looked<()> {
        // SAFETY: PLAIN; the way was live, so there was a pair in it.
        self.look(plain, seen, tag, |way| (unsafe { self.entry(way).read_key_pieces() }, ()), is)
    }

    /// Claims the way in which the key was seen, to put the newcomer there: unless it is there to stay, or somebody holds it.
    #[inline(always)]
    fn claim_seen(&self, call: &Call<'_, K, V, impl CacheRecorder>, store: Store, way: usize) -> bool {
        if !matches!(store, Store::Always) {
            return false;
        }
        self.expect_write(way);
        self.claim_unpinned(call.watch, way, call.counts)
    }

    /// A way that was claimed because the key was seen there. If something was published since, it may be another's by now: that goes
    /// like any other, and the publish, which comes too late, looks for the key once more.
    #[inline(always)]
    fn claimed_since(&self, call: &Call<'_, K, V, impl CacheRecorder>, seen: Snapshot, way: usize) -> Claim {
        let is_as_seen = self.control.is_of_version(seen);
        self.claimed(call, way, if is_as_seen { End::Replaced } else { End::Evicted })
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
        let Newcomer { key, value, parts, deadline, idle } = new;
        let seen = self.control.load();
        if store.is_overtaken(seen) {
            return done(Placed::Overtaken(key, value));
        }
        let is = |other: &K| eq(other, &key);
        let mut claimed = None;
        let mut found = match call.plain.map(|plain| self.look_for_key(plain, seen, parts.tag, is)) {
            Some(Looked::Absent) => Scan::NOTHING,
            Some(Looked::At(way, ())) if self.claim_seen(call, store, way) => {
                claimed = Some(self.claimed_since(call, seen, way));
                Scan::NOTHING
            }
            _ => self.scan(call.watch, seen, parts.tag, is),
        };
        if let Some(present) = self.present(store, &mut found, call.now) {
            return done(Placed::Present(present, key, value));
        }
        let life = (deadline, idle);
        if let Some((way, old)) = found.old.take_if(|(way, old)| self.claim_pinned(call, *way, old)) {
            // Its pin is the claim's now.
            mem::forget(old);
            claimed = Some(self.claimed(call, way, End::Replaced));
        }
        if let Some(claim) = claimed {
            let (draft, gone) = self.draft(call, claim, (key, value), parts.tag, life);
            self.policy.touch(claim.way);
            return self.publish(
                call,
                store,
                seen,
                parts.tag,
                Work { draft, gone, ghost: None, found },
                eq,
                done,
            );
        }
        let mut arrival = match found.old {
            None => self.policy.miss(&self.ghosts, parts.print, call.around),
            Some((way, _)) => self.policy.again(way, call.around),
        };
        let Some(claim) = self.claim(call, seen.live(), &mut arrival) else {
            drop(found);
            return done(Placed::Rejected(key, value));
        };
        let (draft, gone) = self.draft(call, claim, (key, value), parts.tag, life);
        let evicted = claim.end == Some(End::Evicted);
        let state = self.policy.placed(claim.way, arrival, evicted);
        // Here, where the draft is withdrawn if it panics.
        let ghost = match &gone {
            Some((key, _)) if evicted => Some(Ghost::of(arrival, print(key), state)),
            _ => None,
        };
        self.publish(call, store, seen, parts.tag, Work { draft, gone, ghost, found }, eq, done)
    }

    /// Publishes what was scanned for in `seen`.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "the rest of `place`, all of whose variables it ends")]
    fn publish<'a, R: CacheRecorder, T>(
        &'a self,
        call: &Call<'a, K, V, R>,
        store: Store,
        seen: Snapshot,
        tag: u8,
        work: Work<'a, K, V, R>,
        eq: impl Fn(&K, &K) -> bool,
        done: impl Fn(Placed<'a, K, V>) -> T,
    ) -> T {
        match self.control.publish(seen, work.draft.way, work.found.ways(), store.step()) {
            Some(before) => self.published(call, store, work, before, done),
            None => self.publish_later(call, store, tag, work, eq, done),
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
        for _ in 1..W::WAYS {
            let seen = self.control.load();
            if store.is_overtaken(seen) {
                let (key, value) = work.give_up();
                return done(Placed::Overtaken(key, value));
            }
            work.found = self.scan(call.watch, seen, tag, |other| eq(other, work.draft.key()));
            if let Some(present) = self.present(store, &mut work.found, call.now) {
                let (key, value) = work.give_up();
                return done(Placed::Present(present, key, value));
            }
            let gone = work.found.ways();
            if let Some(before) = self.control.publish(seen, work.draft.way, gone, store.step()) {
                return self.published(call, store, work, before, done);
            }
        }
        let (key, value) = work.give_up();
        done(Placed::Rejected(key, value))
    }

    /// Claims the slot of an entry that the caller pins, if nobody else holds it.
    fn claim_pinned(
        &self,
        call: &Call<'_, K, V, impl CacheRecorder>,
        way: usize,
        old: &Pin<'_, K, V>,
    ) -> bool {
        match old.slot().word.claim_pinned(call.watch) {
            Claimed::Yes => true,
            Claimed::No => false,
            Claimed::Watched => {
                self.retire_claimed(way, call.counts);
                false
            }
        }
    }

    /// Claims a full slot that nobody holds.
    #[inline(always)]
    fn claim_unpinned(&self, watch: Watch<'_>, way: usize, counts: &impl CacheRecorder) -> bool {
        match self.word(way).claim_unpinned(watch) {
            Claimed::Yes => true,
            Claimed::No => false,
            Claimed::Watched => {
                self.let_claimed_go(watch, way, counts);
                false
            }
        }
    }

    /// Somebody looks at what was claimed. It disappears all the same, since others were told meanwhile that it is not there, and goes when
    /// nobody holds it. The claim's pin stays.
    #[cold]
    fn retire_claimed(&self, way: usize, counts: &impl CacheRecorder) {
        self.make_disappear(way, End::Evicted, counts);
        self.word(way).retire_claimed();
    }

    /// The same, and the pin goes.
    #[cold]
    #[inline(never)]
    fn let_claimed_go(&self, watch: Watch<'_>, way: usize, counts: &impl CacheRecorder) {
        self.retire_claimed(way, counts);
        drop(Pin::of(self.slot(way, watch)));
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
        live: Mask,
        arrival: &mut Arrival,
    ) -> Option<Claim> {
        let hidden = call.usable.without(live);
        if !hidden.is_empty()
            && let Some(claim) = self.claim_hidden(call, hidden)
        {
            return Some(claim);
        }
        let way = self.claim_victim(call, live.and(call.usable), arrival)?;
        Some(self.claimed(call, way, End::Evicted))
    }

    /// Claims a way that was not live.
    #[inline(never)]
    fn claim_hidden(&self, call: &Call<'_, K, V, impl CacheRecorder>, hidden: Mask) -> Option<Claim> {
        for way in hidden {
            if self.word(way).claim_free() {
                return Some(Claim { way, end: None, is_full: false });
            }
        }
        // Full, but not live: nobody could retire it when it disappeared. Or it was shown since, and has to go where there is nothing
        // free, like any other.
        for way in hidden {
            if self.claim_unpinned(call.watch, way, call.counts) {
                return Some(self.claimed(call, way, End::Evicted));
            }
            if self.word(way).claim_left(call.watch) {
                return Some(Claim { way, end: None, is_full: true });
            }
        }
        None
    }

    /// A way that was claimed full.
    #[inline]
    fn claimed(&self, call: &Call<'_, K, V, impl CacheRecorder>, way: usize, end: End) -> Claim {
        let end = if self.has_passed(way, call.now) { End::Expired } else { end };
        Claim { way, end: Some(end), is_full: true }
    }

    #[inline(always)]
    fn claim_victim(
        &self,
        call: &Call<'_, K, V, impl CacheRecorder>,
        mut candidates: Mask,
        arrival: &mut Arrival,
    ) -> Option<usize> {
        if S::ENDS {
            // Not held: a hint, which is looked at again when the way is claimed.
            let over = candidates.filter(|&way| self.has_passed(way, call.now));
            for way in over {
                if self.claim_unpinned(call.watch, way, call.counts) {
                    return Some(way);
                }
            }
        }
        while let Some(way) = self.policy.victim(candidates, arrival, call.around) {
            if call.plain.is_some() {
                self.expect_write(way);
            }
            if self.claim_unpinned(call.watch, way, call.counts) {
                return Some(way);
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
        pair: (K, V),
        tag: u8,
        life: (Deadline, Deadline),
    ) -> (Draft<'a, K, V, R>, Option<(K, V)>) {
        let (way, slot, entry) = (claim.way, self.slot(claim.way, call.watch), self.entry(claim.way));
        if call.plain.is_some() {
            self.hide(way, claim.end.unwrap_or(End::Evicted), call.counts);
        }
        // SAFETY: CLAIMED, and it was claimed as full.
        let old = claim.is_full.then(|| unsafe { entry.take() });
        self.tags.set(way, tag);
        self.stamp(way).begin(life.0, life.1);
        if call.plain.is_some() {
            // SAFETY: PLAIN and CLAIMED.
            unsafe { entry.write_pieces(pair) };
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
                end: claim.end,
                counts: call.counts,
            },
            old,
        )
    }

    /// What comes before a claimed way is written that others may be reading without a pin.
    #[inline]
    fn hide(&self, way: usize, end: End, counts: &impl CacheRecorder) {
        if self.control.glance().contains(way) && self.control.clear(way) {
            counts.ended(end, 1);
        }
        // Release: pairs with the Acquire fence of `look_again`. The way is hidden, here or by whoever had it before the claim.
        fence(Ordering::Release);
    }

    /// What is to be done after a publish, before which the ways `before` were live.
    #[inline(always)]
    fn published<'a, R: CacheRecorder, T>(
        &'a self,
        call: &Call<'_, K, V, R>,
        store: Store,
        work: Work<'a, K, V, R>,
        before: Mask,
        done: impl Fn(Placed<'a, K, V>) -> T,
    ) -> T {
        let Work { draft, gone, ghost, found } = work;
        let (way, end) = (draft.way, draft.end);
        let held = draft.published(store.keeps());
        call.counts.inserted();
        if let Some(end) = end
            && before.contains(way)
        {
            call.counts.ended(end, 1);
        }
        let helped = before.and(found.refused).without(Mask::one(way));
        if !helped.is_empty() {
            call.counts.ended(End::Evicted, helped.len());
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
        watch: Watch<'_>,
        tag: u8,
        now: Instant,
        is: impl Fn(&K) -> bool,
        counts: &impl CacheRecorder,
    ) -> Taken<K, V> {
        let seen = self.control.invalidate();
        for way in seen.live().and(self.tags.matching(tag)) {
            match self.pin(way, watch) {
                Ok(held) if is(held.key()) => {
                    let over = self.has_passed(way, now);
                    let end = if over { End::Expired } else { End::Removed };
                    let taken = self.take_out(way, held, end, counts);
                    return if over { Taken::Absent } else { taken };
                }
                Ok(_) | Err(Closed::Gone) => {}
                Err(Closed::Taken | Closed::Crowded) => self.make_disappear(way, End::Evicted, counts),
            }
        }
        Taken::Absent
    }

    /// Takes out what is over, and what is not to be kept. If `keep` panics, what comes after stays.
    pub(crate) fn retain(
        &self,
        watch: Watch<'_>,
        now: Instant,
        mut keep: impl FnMut(&K, &V) -> bool,
        counts: &impl CacheRecorder,
    ) {
        let live = self.control.invalidate().live();
        for way in Mask::first_ways(W::WAYS) {
            if !live.contains(way) {
                self.collect(watch, way, counts);
                continue;
            }
            match self.pin(way, watch) {
                Ok(held) => {
                    if self.has_passed(way, now) {
                        drop(self.take_out(way, held, End::Expired, counts));
                    } else if !keep(held.key(), held.value()) {
                        drop(self.take_out(way, held, End::Removed, counts));
                    }
                }
                Err(Closed::Gone) => {}
                Err(Closed::Taken | Closed::Crowded) => self.make_disappear(way, End::Evicted, counts),
            }
        }
    }

    /// Takes out everything, the rest also if a destructor panics.
    pub(crate) fn clear(&self, watch: Watch<'_>, now: Instant, counts: &impl CacheRecorder) {
        let live = self.control.invalidate().live();
        super::for_each_surely(Mask::first_ways(W::WAYS), |way| {
            if !live.contains(way) {
                return self.collect(watch, way, counts);
            }
            match self.pin(way, watch) {
                Ok(held) => {
                    let end = if self.has_passed(way, now) { End::Expired } else { End::Removed };
                    drop(self.take_out(way, held, end, counts));
                }
                Err(Closed::Gone) => {}
                Err(Closed::Taken | Closed::Crowded) => self.make_disappear(way, End::Evicted, counts),
            }
        });
    }

    /// Takes out what would have to go next, until no more than `most` entries are left or each was looked at. How many that were.
    pub(crate) fn shrink(
        &self,
        watch: Watch<'_>,
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
            if let Ok(held) = self.pin(way, watch) {
                let taken = self.take_out(way, held, End::Evicted, counts);
                gone += usize::from(!matches!(taken, Taken::Absent));
                drop(taken);
            }
        }
        gone
    }

    /// Takes out what is over. How many that were.
    pub(crate) fn expire(&self, watch: Watch<'_>, now: Instant, counts: &impl CacheRecorder) -> usize {
        let mut expired = 0;
        // No new version: this invalidates nothing that anybody could have computed or found before.
        let live = self.control.load().live();
        super::for_each_surely(Mask::first_ways(W::WAYS), |way| {
            if !live.contains(way) {
                return self.collect(watch, way, counts);
            }
            // Looked at twice: most are not over, and need no pin for that.
            if self.has_passed(way, now)
                && let Ok(held) = self.pin(way, watch)
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
    fn collect(&self, watch: Watch<'_>, way: usize, counts: &impl CacheRecorder) {
        let word = self.word(way);
        if !word.is_full()
            || self.control.glance().contains(way)
            || !(self.claim_unpinned(watch, way, counts) || word.claim_left(watch))
        {
            return;
        }
        // It may have been stored in the meantime, and goes all the same.
        self.make_disappear(way, End::Evicted, counts);
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

    /// Makes an entry disappear that can't be looked at. It stays in its slot until somebody claims that.
    #[cold]
    fn make_disappear(&self, way: usize, end: End, counts: &impl CacheRecorder) {
        if self.control.clear(way) {
            counts.ended(end, 1);
        }
    }

    /// Whether the entry's time is over. The entry is held. If uses lengthen its time it disappears now: one that began before might
    /// still do so, and what was over would come back. (It stays in its slot, since a look-up drops nothing.)
    #[inline]
    pub(crate) fn is_over(&self, way: usize, now: Instant, counts: &impl CacheRecorder) -> bool {
        let over = self.has_passed(way, now);
        if over && S::EXTENDS {
            self.make_disappear(way, End::Expired, counts);
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
    pub(crate) fn peek<'a>(&'a self, watch: Watch<'a>, way: usize) -> Option<Held<'a, K, V>> {
        self.hold(way, watch).ok()
    }

    /// Asserts what is true when nobody is at work here, but for so many references at most that are held. How many entries are here
    /// that can't be found any more.
    pub(crate) fn validate(&self, usable: Mask, references: usize) -> usize {
        let live = self.control.glance();
        assert!(live.without(usable).is_empty(), "an unusable way is live");
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
