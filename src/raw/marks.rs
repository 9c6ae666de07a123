//! The marks of a tracker's slots: which are taken, which hold something dead, and how old the rest is.
//!
//! Several slots share a word, a *group*, with a bit for each in each of five lanes:
//!
//! | mark | set by | taken away by |
//! |---|---|---|
//! | TAKEN | who claims the slot | its owner, with all others, when it is empty again |
//! | DEAD | who let the resource die | who claims its finalization |
//! | MIDDLE | a sweep that the resource survives, while it pins it | as TAKEN |
//! | OLD | another sweep, likewise | as TAKEN |
//! | ASIDE | the owner of what is not to be visited by sweeps any more | as TAKEN |
//!
//! Every change is one read-modify-write. A bit that is found clear by the one that sets it, or set by the one that takes it away, is
//! his claim. So there are no links between slots: nothing that a stalled thread could have read too early, and one that stops for
//! ever holds the slot it has claimed and no more.
//!
//! What is taken and has no other mark is young, so to put a resource in marks it young, and to take it out takes all marks away.
//! A sweep finds those of an age, and drains find the dead, without a look at the others' slots.

use super::starts::{Here, Start};
use super::width::Blank;
use crate::sync::{AtomicU8, AtomicWord, Ordering, Word, spread_from};

/// A word of marks.
pub trait Group: Blank + sealed::Sealed {
    /// How many slots it is for.
    #[doc(hidden)]
    const SLOTS: usize;
    #[doc(hidden)]
    fn load(&self, order: Ordering) -> Word;
    #[doc(hidden)]
    fn store(&self, marks: Word, order: Ordering);
    #[doc(hidden)]
    fn fetch_or(&self, marks: Word, order: Ordering) -> Word;
    #[doc(hidden)]
    fn fetch_and(&self, marks: Word, order: Ordering) -> Word;
}

macro_rules! group {
    ($atomic:ty, $value:ty) => {
        #[allow(
            clippy::cast_lossless,
            clippy::cast_possible_truncation,
            reason = "words of different widths"
        )]
        impl Group for $atomic {
            const SLOTS: usize = size_of::<$value>();

            #[inline]
            fn load(&self, order: Ordering) -> Word {
                self.load(order) as Word
            }

            #[inline]
            fn store(&self, marks: Word, order: Ordering) {
                self.store(marks as $value, order);
            }

            #[inline]
            fn fetch_or(&self, marks: Word, order: Ordering) -> Word {
                self.fetch_or(marks as $value, order) as Word
            }

            #[inline]
            fn fetch_and(&self, marks: Word, order: Ordering) -> Word {
                self.fetch_and(marks as $value, order) as Word
            }
        }

        impl sealed::Sealed for $atomic {}
    };
}

group!(AtomicU8, u8);
group!(AtomicWord, Word);

impl Blank for AtomicU8 {
    const BLANK: Self = Self::new(0);
}

/// How long a tracked resource has been there, in sweeps that it survived.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Age {
    /// None.
    Young,
    /// One.
    Middle,
    /// More.
    Old,
}

impl Age {
    /// Its name in one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Young => "young",
            Self::Middle => "middle",
            Self::Old => "old",
        }
    }
}

/// A lane of marks.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Mark {
    Taken,
    Dead,
    Middle,
    Old,
    Aside,
}

/// The bits that a mark has in a group of so many slots.
#[inline]
const fn lane<G: Group>(mark: Mark) -> Word {
    (((1 as Word) << G::SLOTS) - 1) << (mark as usize * G::SLOTS)
}

/// The bit of a mark of one of a group's slots.
#[inline]
const fn bit<G: Group>(mark: Mark, place: usize) -> Word {
    (1 as Word) << (mark as usize * G::SLOTS + place)
}

/// All marks of one of a group's slots.
#[inline]
const fn all<G: Group>(place: usize) -> Word {
    bit::<G>(Mark::Taken, place)
        | bit::<G>(Mark::Dead, place)
        | bit::<G>(Mark::Middle, place)
        | bit::<G>(Mark::Old, place)
        | bit::<G>(Mark::Aside, place)
}

/// Some of a group's slots: their places in it, from the lowest to the highest.
#[derive(Clone, Copy)]
pub(crate) struct Places(Word);

impl Places {
    pub(super) const fn len(self) -> usize {
        self.0.count_ones() as usize
    }
}

#[allow(clippy::copy_iterator, reason = "as `Mask`")]
impl Iterator for Places {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let place = self.0.trailing_zeros() as usize;
        let rest = self.0.checked_sub(1)?;
        self.0 &= rest;
        Some(place)
    }
}

/// The places of those who have a mark.
#[inline]
fn with<G: Group>(marks: Word, mark: Mark) -> Word {
    (marks & lane::<G>(mark)) >> (mark as usize * G::SLOTS)
}

/// Of a group's marks as they were: those that are taken.
#[inline]
pub(super) fn taken<G: Group>(marks: Word) -> Places {
    Places(with::<G>(marks, Mark::Taken))
}

/// Those that hold something dead.
#[inline]
pub(super) fn dead<G: Group>(marks: Word) -> Places {
    Places(with::<G>(marks, Mark::Dead))
}

/// Those that hold something alive. (Or that were claimed and are not filled.)
#[inline]
pub(super) fn alive<G: Group>(marks: Word) -> Places {
    let over = with::<G>(marks, Mark::Dead) | with::<G>(marks, Mark::Aside);
    Places(with::<G>(marks, Mark::Taken) & !over)
}

/// Those of them that are of this age.
#[inline]
pub(super) fn aged<G: Group>(marks: Word, age: Age) -> Places {
    let (middle, old) = (with::<G>(marks, Mark::Middle), with::<G>(marks, Mark::Old));
    let aged = match age {
        Age::Young => !middle & !old,
        Age::Middle => middle & !old,
        Age::Old => old,
    };
    Places(alive::<G>(marks).0 & aged)
}

/// The age of what is in a slot that is pinned.
pub(super) fn age<G: Group>(group: &G, place: usize) -> Age {
    // Relaxed: it only ever grows while it is pinned, and a sweep that finds it too young lets it age once more.
    let marks = group.load(Ordering::Relaxed);
    let has = |mark| marks & bit::<G>(mark, place) != 0;
    match (has(Mark::Middle), has(Mark::Old)) {
        (_, true) => Age::Old,
        (true, false) => Age::Middle,
        (false, false) => Age::Young,
    }
}

/// What is in a slot that is pinned has survived a sweep.
pub(super) fn grow<G: Group>(group: &G, place: usize, age: Age) {
    let mark = match age {
        Age::Young => Mark::Middle,
        Age::Middle => Mark::Old,
        Age::Old => return,
    };
    // Relaxed: the pin keeps the slot from being given to another, whose owner would acquire this with all marks.
    group.fetch_or(bit::<G>(mark, place), Ordering::Relaxed);
}

/// Groups of a line of a processor's cache.
const fn line<G>() -> usize {
    64 / size_of::<G>()
}

/// How many lines a search looks at for one of which the half or more is free. The others are those of other threads, and what is free
/// there will be theirs again: to take it costs both of them a line of the cache again and again.
const LINES: usize = 32;

/// How far apart they lie, of 2^32: the golden ratio, so that they lie all over the groups and none is near to where this thread met
/// others.
const STRIDE: u32 = 0x9E37_79B9;

/// Claims a slot, or says that it saw none free. Looks at each group four times at most.
#[inline]
pub(super) fn claim<G: Group>(groups: &[G], starts: &[Start]) -> Option<(usize, usize)> {
    let here = Here::new(starts, groups.len());
    let at = here.get();
    match claim_in(groups.get(at)?) {
        Some(place) => Some((at, place)),
        None => search(groups, here, at),
    }
}

/// A claim's longer way: beyond the first group.
fn search<G: Group>(groups: &[G], here: Here<'_>, from: usize) -> Option<(usize, usize)> {
    let near = claim_some(groups, after(groups.len(), from, 1).take(line::<G>()));
    let (at, place) = near
        .or_else(|| claim_some(groups, roomy(groups, from)))
        .or_else(|| claim_some(groups, after(groups.len(), from, 0)))
        // Perhaps others gave back behind this search what they took before it.
        .or_else(|| claim_some(groups, after(groups.len(), from, 0)))?;
    here.set(at);
    Some((at, place))
}

/// All groups from one on, round the end.
fn after(groups: usize, from: usize, skip: usize) -> impl Iterator<Item = usize> {
    (from..groups).chain(0..from).skip(skip)
}

/// Claims a slot in the first of these groups that has one.
fn claim_some<G: Group>(groups: &[G], mut among: impl Iterator<Item = usize>) -> Option<(usize, usize)> {
    among.find_map(|at| Some((at, claim_in(&groups[at])?)))
}

/// The groups of a line of which the half or more is free.
fn roomy<G: Group>(groups: &[G], from: usize) -> impl Iterator<Item = usize> {
    let lines = groups.len() / line::<G>();
    let stride = spread_from(STRIDE, lines);
    let looks = (1..=LINES.min(lines)).map(move |look| (from / line::<G>() + look * stride) % lines);
    let of = |at: usize| at * line::<G>()..(at + 1) * line::<G>();
    let is_roomy = move |at: &usize| {
        // Relaxed: only to choose.
        let free = groups[of(*at)].iter().map(|group| Places(free(group)).len()).sum::<usize>();
        free * 2 >= line::<G>() * G::SLOTS
    };
    { looks }.find(is_roomy).map(of).into_iter().flatten()
}

/// The places that nobody has taken.
#[inline]
fn free<G: Group>(group: &G) -> Word {
    // Relaxed: whoever wants one claims it.
    with::<G>(!group.load(Ordering::Relaxed), Mark::Taken)
}

/// Claims a slot of a group. Tries each at most once.
#[inline]
fn claim_in<G: Group>(group: &G) -> Option<usize> {
    // Relaxed: only decides which claims are worth their price.
    let mut seen = group.load(Ordering::Relaxed);
    loop {
        let place = Places(with::<G>(!seen, Mark::Taken)).next()?;
        let mark = bit::<G>(Mark::Taken, place);
        // Acquire: pairs with the Release of `release`; what was done with the slot before is done.
        let before = group.fetch_or(mark, Ordering::Acquire);
        if before & mark == 0 {
            return Some(place);
        }
        seen |= before;
    }
}

/// As [`claim`], for who is alone.
pub(super) fn claim_alone<G: Group>(groups: &[G], starts: &[Start]) -> Option<(usize, usize)> {
    let here = Here::new(starts, groups.len());
    let start = here.get().min(groups.len());
    let (before, behind) = groups.split_at(start);
    let has_room = |group: &G| free(group) != 0;
    let at = match behind.iter().position(has_room) {
        Some(distance) => start + distance,
        None => before.iter().position(has_room)?,
    };
    let place = Places(free(&groups[at])).next()?;
    // Relaxed, both: nobody else is there.
    let marks = groups[at].load(Ordering::Relaxed);
    groups[at].store(marks | bit::<G>(Mark::Taken, place), Ordering::Relaxed);
    here.set(at);
    Some((at, place))
}

/// Gives a slot back.
#[inline]
pub(super) fn release<G: Group>(groups: &[G], starts: &[Start], at: usize, place: usize) {
    // Release: pairs with the Acquire of `claim_in`; the next owner finds our work done.
    groups[at].fetch_and(!all::<G>(place), Ordering::Release);
    // After it, so that who begins there finds the slot free.
    Here::new(starts, groups.len()).set(at);
}

/// As [`release`], for who is alone.
#[inline]
pub(super) fn release_alone<G: Group>(groups: &[G], starts: &[Start], at: usize, place: usize) {
    // Relaxed, both: nobody else is there.
    let marks = groups[at].load(Ordering::Relaxed);
    groups[at].store(marks & !all::<G>(place), Ordering::Relaxed);
    Here::new(starts, groups.len()).set(at);
}

/// Marks what died.
pub(super) fn bury<G: Group>(group: &G, place: usize) {
    // Release: pairs with the Acquire of `claim_dead`: what was read of the resource is read.
    group.fetch_or(bit::<G>(Mark::Dead, place), Ordering::Release);
}

/// Claims the finalization of what died. True: it is the caller's.
pub(super) fn claim_dead<G: Group>(group: &G, place: usize) -> bool {
    let mark = bit::<G>(Mark::Dead, place);
    // Acquire: pairs with the Release of `bury`.
    group.fetch_and(!mark, Ordering::Acquire) & mark != 0
}

/// The slot is not for sweeps any more.
pub(super) fn set_aside<G: Group>(group: &G, place: usize) {
    // Relaxed: who acts on it takes the word of the slot.
    group.fetch_or(bit::<G>(Mark::Aside, place), Ordering::Relaxed);
}

/// That the last group has fewer slots than it could have: those beyond are for nobody, for ever.
#[allow(dead_code, reason = "only on the heap a group has several slots")]
pub(super) fn shut<G: Group>(group: &G, first: usize) {
    for place in first..G::SLOTS {
        // Relaxed: nobody else is there.
        group.fetch_or(bit::<G>(Mark::Taken, place) | bit::<G>(Mark::Aside, place), Ordering::Relaxed);
    }
}

/// Whether a slot has these marks, and no others but those of an age. For tests.
pub(super) fn is<G: Group>(group: &G, place: usize, taken: bool, dead: bool, aside: bool) -> bool {
    // Relaxed: tests look when all is done.
    let marks = group.load(Ordering::Relaxed);
    let has = |mark| marks & bit::<G>(mark, place) != 0;
    has(Mark::Taken) == taken && has(Mark::Dead) == dead && has(Mark::Aside) == aside
}

mod sealed {
    pub trait Sealed {}
}
