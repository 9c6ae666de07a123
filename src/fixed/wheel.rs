//! A hierarchical timer wheel: which entries may be over, without looking at the others.
//!
//! A time is a number of sixteen digits of four bits, and the wheel has a level for each digit, with a slot for each value. An
//! entry lies on the level of the first digit in which its end differs from the hand, in the slot of that digit of its end:
//!
//! ```text
//!   hand 0x…0_3_A_7     level 0   …0_3_A_9   is in slot 9          the slots after the hand's own digit
//!                       level 1   …0_3_C_0   is in slot C          lie in the future
//!                       level 2   …0_5_1_F   is in slot 5
//! ```
//!
//! So every slot is a span of time, the spans lie one after the other, low levels first, and the first slot that is not empty tells
//! whether anything can be over: two looks at bitmaps. If time has come as far as the slot, the hand moves to its beginning, and its
//! entries are looked at one by one. What is over goes; what is not goes to a lower level, by the rest of its digits (a *cascade*),
//! or to a later slot if its end was put off meanwhile. An entry makes that way once for each level at most, for each time its end is put off.
//!
//! The lists of the slots run through the entries by number, both ways; the links lie beside the entries. All zero is an empty wheel.
//!
//! Invariants:
//!
//! - **EARLY**: an entry lies in the slot of its end, or in an earlier one.
//! - **AHEAD**: no slot that has entries begins before the hand, but for the one that is being emptied, which begins there.
//! - **QUIET**: no entry ends before `quiet`. So that nobody looks at the slots as long as time has not come there.
//! - **LATEST**: the ends that `latest` has belong to its slot, seen from the hand. If that has entries, it does not begin before `quiet`.

#![expect(clippy::inline_always, reason = "parts of an insertion, see `timed`")]

use crate::raw::hash_list::HashList;
use crate::raw::memory::{At, Links, Memory};
use crate::time::{Deadline, Instant};

/// The bits of a digit. Two would make half of the slots, and twice as many cascades; six the opposite.
const BITS: u32 = 4;
/// The slots of a level.
const DIGITS: u32 = 1 << BITS;
const LEVELS: usize = (u64::BITS / BITS) as usize;
const SLOTS: usize = LEVELS * DIGITS as usize;

/// A slot: its level, and its digit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Slot(u8);

impl Slot {
    /// That of an end, seen from the hand.
    #[inline]
    fn of(end: u64, hand: u64) -> Self {
        // Equal ones differ in the last digit, as it were.
        let level = (((end ^ hand) | 1).ilog2()) / BITS;
        Self::on(level, end >> (level * BITS))
    }

    /// The slot of the last of these digits.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "there are sixteen of each")]
    fn on(level: u32, digits: u64) -> Self {
        Self((level * DIGITS) as u8 | (digits % u64::from(DIGITS)) as u8)
    }

    #[inline]
    const fn index(self) -> usize {
        self.0 as usize
    }

    #[inline]
    const fn level(self) -> u32 {
        self.0 as u32 / DIGITS
    }

    #[inline]
    const fn digit(self) -> u32 {
        self.0 as u32 % DIGITS
    }

    /// When it begins: the hand's digits above its level, then its own, then zeroes.
    #[inline]
    fn start(self, hand: u64) -> u64 {
        let below = self.level() * BITS;
        let above = u64::MAX.checked_shl(below + BITS).unwrap_or(0);
        hand & above | u64::from(self.digit()) << below
    }

    /// The links of its first entry, if `second` follows.
    #[inline]
    const fn links_of_first(self, second: At) -> Links {
        Links { previous: At::of_number(FIRST_OF | self.0 as u32), next: second }
    }
}

/// A slot, and which ends belong there, seen from where the hand was when this was made.
#[derive(Clone, Copy)]
struct Span {
    slot: Slot,
    start: u64,
    /// How much later the last of them is.
    more: u64,
}

impl Span {
    /// That of no end: there is none as late as that.
    const NONE: Self = Self { slot: Slot(0), start: u64::MAX, more: 0 };
    /// As zeroes, the slot of an empty wheel's hand.
    const FIRST: Self = Self { slot: Slot(0), start: 0, more: 0 };

    #[inline]
    fn of(slot: Slot, hand: u64) -> Self {
        Self { slot, start: slot.start(hand), more: (1 << (slot.level() * BITS)) - 1 }
    }

    #[inline]
    const fn has(self, end: u64) -> bool {
        end.wrapping_sub(self.start) <= self.more
    }
}

/// In the place of a number: the entry is the first of a slot. (There are fewer numbers than that.)
const FIRST_OF: u32 = 1 << 31;

/// Who has the links of the entries.
pub(crate) trait Linked {
    fn links(&self, at: At) -> Links;
    fn links_mut(&mut self, at: At) -> &mut Links;
}

impl<K, V, M: Memory> Linked for HashList<K, V, M, Links> {
    #[inline]
    fn links(&self, at: At) -> Links {
        *self.beside(at)
    }

    #[inline]
    fn links_mut(&mut self, at: At) -> &mut Links {
        self.beside_mut(at)
    }
}

/// See the module. The calls are given the list whose entries are in the wheel.
pub(crate) struct Wheel {
    /// Nothing in the wheel ends before.
    hand: u64,
    /// The slot that the hand has come to, and that is to be emptied before any other. (The first, if there is none: what is in that
    /// one ends at the hand, and comes first anyway.)
    current: Slot,
    /// The levels that have entries, as bits.
    levels: u16,
    /// Nothing in the wheel ends before (QUIET).
    quiet: u64,
    /// Where an entry was last put in (LATEST): as a rule the next one belongs there too.
    latest: Span,
    /// The slots of a level that have entries, as bits.
    slots: [u16; LEVELS],
    /// The first entry of each slot, or the end.
    heads: [At; SLOTS],
}

impl Wheel {
    /// An empty wheel, for entries whose links are none.
    pub(crate) const fn new() -> Self {
        Self {
            hand: 0,
            current: Slot(0),
            levels: 0,
            quiet: 0,
            latest: Span::FIRST,
            slots: [0; LEVELS],
            heads: [At::END; SLOTS],
        }
    }

    #[inline]
    fn has_entries(&self, slot: Slot) -> bool {
        self.slots[slot.level() as usize] >> slot.digit() & 1 != 0
    }

    /// The slot that comes first in time.
    #[inline]
    fn first(&self) -> Option<Slot> {
        if self.has_entries(self.current) {
            return Some(self.current);
        }
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros();
        let digit = self.slots[level as usize].trailing_zeros();
        Some(Slot::on(level, digit.into()))
    }

    /// Whether anything may be over.
    #[inline]
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        now.ticks() >= self.quiet && self.ask_whether_due(now)
    }

    /// Looks at the slots, of which the first may have become a later one.
    #[inline(never)]
    fn ask_whether_due(&mut self, now: Instant) -> bool {
        self.quiet = self.next().instant().unwrap_or(Instant::MAX).ticks();
        now.ticks() >= self.quiet
    }

    /// A time before which nothing ends: when the first slot begins.
    #[inline]
    pub(crate) fn next(&self) -> Deadline {
        let start = |slot: Slot| Deadline::at(Instant::from_ticks(slot.start(self.hand)));
        self.first().map_or(Deadline::NEVER, start)
    }

    /// Puts in an entry that is not in the wheel. One that never ends stays out.
    #[inline(always)]
    pub(crate) fn insert(&mut self, list: &mut impl Linked, at: At, end: Deadline) {
        let Some(end) = end.instant().map(Instant::ticks) else {
            *list.links_mut(at) = Links::NONE;
            return;
        };
        let slot = self.latest.slot;
        let first = self.heads[slot.index()];
        if self.latest.has(end) && first != At::END {
            // By LATEST this is its slot, which the bitmaps know, and by QUIET the end does not come before `quiet`.
            list.links_mut(first).previous = at;
            *list.links_mut(at) = slot.links_of_first(first);
            self.heads[slot.index()] = at;
        } else {
            self.insert_elsewhere(list, at, end);
        }
    }

    #[inline(never)]
    fn insert_elsewhere(&mut self, list: &mut impl Linked, at: At, end: u64) {
        if end < self.hand {
            self.go_back(list, end);
        }
        let slot = Slot::of(end, self.hand);
        self.link(list, at, slot);
        self.latest = Span::of(slot, self.hand);
        self.quiet = self.quiet.min(self.latest.start);
    }

    /// Takes an entry out, if it is in the wheel. Its links mean nothing then: it is to be taken out of the list, or put in again.
    #[inline(always)]
    pub(crate) fn remove(&mut self, list: &mut impl Linked, at: At) {
        let Links { previous, next } = list.links(at);
        if previous == At::END {
            return;
        }
        if next != At::END {
            list.links_mut(next).previous = previous;
        }
        if previous.number() < FIRST_OF {
            list.links_mut(previous).next = next;
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "a slot's number is the lowest byte")]
            self.set_head(Slot(previous.number() as u8), next);
        }
    }

    /// Whether an entry is in the wheel.
    pub(crate) fn contains(list: &impl Linked, at: At) -> bool {
        list.links(at).previous != At::END
    }

    /// An entry that may be over: it is to be taken out, and put in again if it is not. None if nothing is over.
    #[inline]
    pub(crate) fn due(&mut self, now: Instant) -> Option<At> {
        let slot = self.first()?;
        let start = slot.start(self.hand);
        if start > now.ticks() {
            return None;
        }
        (self.hand, self.current, self.latest) = (start, slot, Span::NONE);
        Some(self.heads[slot.index()])
    }

    /// Forgets all entries, whose links are none already.
    pub(crate) fn clear(&mut self) {
        (self.levels, self.slots) = (0, [0; LEVELS]);
        self.heads = [At::END; SLOTS];
    }

    fn link(&mut self, list: &mut impl Linked, at: At, slot: Slot) {
        let first = self.heads[slot.index()];
        if first != At::END {
            list.links_mut(first).previous = at;
        }
        *list.links_mut(at) = slot.links_of_first(first);
        self.set_head(slot, at);
    }

    #[inline(never)]
    fn set_head(&mut self, slot: Slot, at: At) {
        let level = slot.level() as usize;
        self.heads[slot.index()] = at;
        if at == At::END {
            self.slots[level] &= !(1 << slot.digit());
            self.levels &= !(u16::from(self.slots[level] == 0) << level);
        } else {
            self.slots[level] |= 1 << slot.digit();
            self.levels |= 1 << level;
        }
    }

    /// Sets the hand back, for one who sets `latest` anew after that. What lies on lower levels than that on which it moves lies, seen
    /// from its new place, in the slot that it leaves.
    #[cold]
    fn go_back(&mut self, list: &mut impl Linked, to: u64) {
        let left = Slot::on(Slot::of(to, self.hand).level(), 0);
        let left = Slot::on(left.level(), self.hand >> (left.level() * BITS));
        while self.levels.trailing_zeros() < left.level() {
            let level = self.levels.trailing_zeros();
            let slot = Slot::on(level, self.slots[level as usize].trailing_zeros().into());
            let at = self.heads[slot.index()];
            self.remove(list, at);
            self.link(list, at, left);
        }
        if self.current.level() <= left.level() {
            self.current = Slot(0);
        }
        self.hand = to;
    }

    /// Shows every entry to `visit`, and a time before which it does not end.
    ///
    /// # Panics
    ///
    /// If one of the invariants does not hold.
    pub(crate) fn validate(&self, list: &impl Linked, mut visit: impl FnMut(At, Instant)) {
        let Span { slot: latest, start, more } = self.latest;
        assert!(
            start == u64::MAX || [start, start + more].map(|end| Slot::of(end, self.hand)) == [latest; 2],
            "the latest slot is another one"
        );
        assert!(
            start == u64::MAX || !self.has_entries(latest) || self.quiet <= start,
            "something may be over where nobody looks"
        );
        for slot in (0..=u8::MAX).map(Slot) {
            let head = self.heads[slot.index()];
            assert_eq!(self.has_entries(slot), head != At::END, "the bitmaps tell what slots have entries");
            let level = self.levels >> slot.level() & 1 != 0;
            assert_eq!(level, self.slots[slot.level() as usize] != 0, "and those what levels have");
            let start = slot.start(self.hand);
            let is_current = slot == self.current && start == self.hand;
            assert!(
                head == At::END || start > self.hand || is_current || slot.level() == 0 && start == self.hand,
                "a slot lies behind the hand"
            );
            let mut previous = At::of_number(FIRST_OF | u32::from(slot.0));
            let mut at = head;
            while at != At::END {
                assert_eq!(list.links(at).previous, previous, "links lead both ways");
                visit(at, Instant::from_ticks(start.max(self.quiet)));
                (previous, at) = (at, list.links(at).next);
            }
        }
    }
}
