//! Which entry of a set has to go.
//!
//! A set is a small cache of its own kind: the newest entries that were never used again are its *window*, and a miss normally throws
//! out the one that is about to leave it, not an established one. An entry leaves probation when it is used again, or when it comes
//! back soon enough to be found among the set's *ghosts* with a greater count than that of the entry it would have to displace.
//! Established entries are ranked by `age / (count + 1)^2`, with the age in misses of the set, so that hits between two misses
//! need not be written down. An entry that was not used for a whole round of ticks loses a use at each round, so that what was
//! popular once does not stay for ever.
//!
//! How many entries the window has, `K`, climbs on two events that a miss finds out for nothing: a ghost that came back at once is a hit
//! which a larger window would have had; a use of the established entry that was the next to go is the hit which a larger window would
//! have cost. They tell the slope where the window is, and no more: of keys that all come back once, a little later than the next
//! window size would hold them, they see nothing. So there is a second account, of the whole way. Ghosts that a set which is nothing
//! but window would still have had are paid in, uses of established entries are taken out; it is never less than zero, and when it is
//! large, such keys have outdone the established entries for several rounds of the cache, and the window grows as well.
//!
//! It was found by simulation on recorded request streams; `docs/concurrent-cache.md` has the figures. Its ancestors are 2Q (Johnson
//! and Shasha 1994: probation and ghosts), ARC (Megiddo and Modha 2003: ghosts that move a boundary), W-TinyLFU (Einziger, Friedman and
//! Manes 2017: a window before a filter) and hyperbolic caching (Blankstein, Sen and Freedman 2017: a rank by count and age).
//!
//! **All of it is advice.** Threads that race lose updates of each other, every index is masked, and nothing but the choice of a victim
//! depends on any of it.
//!
//! | where | bits | what |
//! |---|---|---|
//! | state of a way | 7 | on probation: not used since it was put in |
//! | | 4..6 | count: uses in different ticks, at most 7 |
//! | | 0..3 | tick of the last use |
//! | ghost | 12..15 | as the upper half of the state when it went |
//! | | 0..11 | print: bits of the hash, never 0; all zero is no ghost |
//! | `clock` word | 0..3 | the present tick |
//! | | 4..5 | misses in it |
//! | | 8..12 | where the next ghost goes |
//! | | 16..19, 20 | the established way that was next to go, and whether there is one |
//! | `recent` word | 4 each | the ways of the latest sixteen (of sets of 8: eight or more) that began on probation, the last one lowest |

#![expect(
    clippy::cast_possible_truncation,
    reason = "ways, states and ghosts are small, and packed into words"
)]
#![expect(clippy::inline_always, reason = "parts of an insert, see `set`")]

use super::lanes;
use super::mask::Mask;
use super::width::{Blank, MOST_WAYS, Width};
use crate::sync::Word;
use crate::sync::lossy::{Lossy32, LossyWord};

/// States and ghosts in a word.
const STATES: usize = size_of::<Word>();
const GHOSTS: usize = size_of::<Word>() / 2;

const PROBATION: u8 = 0x80;
const MOST_COUNT: u8 = 7;
const TICKS: u8 = 0x0F;
const PRINT: u16 = 0x0FFF;
/// How many ways `recent` has.
const RECENT: u32 = Word::BITS / 4;
/// A one in every byte.
const EACH_STATE: Word = Word::MAX / 0xFF;

/// A new entry gets the place of an established one without having earned it, once in so many times, so that the window can't be
/// kept from it for ever.
const CHANCE: u32 = 64;

/// For each count and age how soon such an entry has to go: greater is sooner. It leaves room for a way below, and none is less than
/// `LEAST_RANK`. From `NO_CANDIDATE` on all are nothing.
const RANKS: [u32; 256] = {
    let mut ranks = [0; 256];
    let mut state = 0;
    while state < NO_CANDIDATE as usize {
        let (count, age) = (state as u32 >> 4, state as u32 & 15);
        ranks[state] = (4000 * age / ((count + 1) * (count + 1)) + 1) * LEAST_RANK;
        state += 1;
    }
    ranks
};
const LEAST_RANK: u32 = 16;
const NO_CANDIDATE: u8 = 0x80;

#[inline]
const fn count_of(state: u8) -> u8 {
    state >> 4 & MOST_COUNT
}

/// The state of an entry that is used for the first time in this tick.
#[inline]
const fn used(state: u8, tick: u8) -> u8 {
    let count = count_of(state) + 1;
    (if count < MOST_COUNT { count } else { MOST_COUNT }) << 4 | tick
}

/// A set's memory of how its entries were used.
pub(super) struct Policy<W: Width> {
    states: W::States,
    clock: Lossy32,
    recent: LossyWord,
}

/// A set's memory of entries that went. Apart from the rest, since only misses look at it.
pub(super) struct Ghosts<W: Width>(W::Ghosts);

impl<W: Width> Blank for Policy<W> {
    const BLANK: Self = Self { states: W::States::BLANK, clock: Lossy32::new(0), recent: LossyWord::new(0) };
}

impl<W: Width> Blank for Ghosts<W> {
    const BLANK: Self = Self(W::Ghosts::BLANK);
}

/// How many entries the windows of a cache's sets have: one number for all of them, and how far it is from changing.
#[derive(Debug)]
pub(crate) struct Climb {
    /// Exclusive-or 2, the beginning, so that all zero is that.
    window: Lossy32,
    /// Hits that a larger window would have had, less those that it would have cost. Signed.
    balance: Lossy32,
    /// Hits that nothing but window would have had, less those of established entries; not less than zero.
    missed: Lossy32,
}

impl Climb {
    const BEGINNING: u32 = 2;

    pub(crate) const fn new() -> Self {
        Self { window: Lossy32::new(0), balance: Lossy32::new(0), missed: Lossy32::new(0) }
    }

    #[inline]
    fn window(&self) -> u32 {
        self.window.load() ^ Self::BEGINNING
    }

    /// Moves the balance, and at `threshold` the window, between 1 and `most`.
    fn lean(&self, by: i32, threshold: i32, most: u32) {
        let balance = self.balance.load().cast_signed().saturating_add(by);
        let window = self.window();
        let next = match balance {
            up if up >= threshold => (window + 1).min(most),
            down if down <= -threshold => window.saturating_sub(1).max(1),
            _ => return self.balance.store(balance.cast_unsigned()),
        };
        self.set_window(next);
    }

    fn set_window(&self, window: u32) {
        self.window.store(window ^ Self::BEGINNING);
        self.balance.store(0);
    }

    /// A ghost came back that nothing but window would have kept. So many of them more than uses of established entries move the
    /// window, up to `most`.
    fn miss(&self, threshold: u32, most: u32) {
        let missed = self.missed.load().saturating_add(1);
        if missed < threshold {
            return self.missed.store(missed);
        }
        self.missed.store(0);
        self.set_window((self.window() + 1).min(most));
    }

    /// Whether anything is missed.
    #[inline]
    fn misses(&self) -> bool {
        self.missed.load() != 0
    }

    /// So many established entries were used.
    fn used(&self, count: u32) {
        self.missed.store(self.missed.load().saturating_sub(count));
    }
}

/// What a set is told of the cache around it. What follows from that is worked out where it is asked for: a replacement does not.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    climb: &'a Climb,
    /// The number of the set.
    index: usize,
    /// How many sets there are.
    sets: usize,
    /// How many ways less than they have the sets use, and how many sets one more less.
    unused: (u32, u32),
}

/// Of how many sets one is asked how large the window should be, as a power of two: the events are rare, and so still rarer shared. Where
/// there are few sets it is one of fewer, so that [`FEW`] are asked if there are as many.
const MOST_ASKED_OF: u32 = 4;
/// As many sets as are asked at least.
const FEW: usize = 16;

impl<'a> Around<'a> {
    /// For set `index` of `sets`, each of which uses so many ways less than it has, and so many one more less.
    #[inline]
    pub(crate) const fn new(climb: &'a Climb, index: usize, sets: usize, unused: (u32, u32)) -> Self {
        Self { climb, index, sets, unused }
    }

    /// How many ways of the set are used, of so many.
    #[inline]
    pub(crate) fn ways(&self, of: usize) -> usize {
        let (each, more) = self.unused;
        of - (each as usize + usize::from(self.index < more as usize))
    }

    /// The ways that are used, of so many.
    #[inline]
    pub(crate) fn usable(&self, of: usize) -> Mask {
        Mask::first_ways(self.ways(of))
    }

    /// How many sets are asked how large the window should be, if this is one of them.
    #[inline]
    fn asked(&self) -> Option<u32> {
        let of = (self.sets / FEW).checked_ilog2().unwrap_or(0).min(MOST_ASKED_OF);
        // Sets are numbered with 32 bits.
        self.index.is_multiple_of(1 << of).then_some((self.sets >> of) as u32)
    }

    /// How many entries the window has, in a set of so many ways.
    #[inline]
    fn window(&self, of: usize) -> u32 {
        self.climb.window().min(most_window(self.ways(of)))
    }
}

/// The largest window of a set with so many ways: it leaves something to be established.
#[inline]
const fn most_window(ways: usize) -> u32 {
    if ways > 3 { ways as u32 - 2 } else { 1 }
}

/// How far the balance has to be from zero to move the window: an event of an eighth of those that are asked, and not so few that
/// chance decides.
#[inline]
const fn far(asked: u32) -> i32 {
    let far = (asked / 8).cast_signed();
    if far < 16 { 16 } else { far }
}

/// How much has to be missed to move the window: several rounds of a cache most of whose misses are of that kind, since what is
/// established may be of use again after a while.
#[inline]
const fn much(asked: u32) -> u32 {
    let much = asked.saturating_mul(4);
    if much < 64 { 64 } else { much }
}

/// A key that was missed, on its way into the set.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    /// The clock as it is when it is put in.
    clock: ClockWord,
    /// How often it was used when it was here before, and once more: if there is a ghost of it.
    count: Option<u8>,
    /// Whether it begins on probation.
    probation: bool,
    /// How many entries the window has.
    window: u32,
    /// Whether the set is asked how many that should be.
    asked: bool,
    print: u16,
}

/// A value of the clock word.
#[derive(Clone, Copy)]
struct ClockWord(u32);

impl ClockWord {
    const TICK: u32 = 0xF;
    const MISS: u32 = 1 << 4;
    const MISSES: u32 = 3 << 4;
    const GHOST: u32 = 1 << 8;
    const GHOSTS: u32 = 0x1F << 8;
    const NEXT_TO_GO: u32 = 0x1F << 16;
    const HAS_NEXT_TO_GO: u32 = 1 << 20;

    #[inline]
    const fn tick(self) -> u8 {
        (self.0 & Self::TICK) as u8
    }

    #[inline]
    const fn misses(self) -> u32 {
        (self.0 & Self::MISSES) / Self::MISS
    }

    /// Where the next ghost goes.
    #[inline]
    const fn ghost(self) -> u32 {
        (self.0 & Self::GHOSTS) / Self::GHOST
    }

    /// The established way that was next to go.
    #[inline]
    const fn next_to_go(self) -> Option<usize> {
        if self.0 & Self::HAS_NEXT_TO_GO == 0 { None } else { Some((self.0 >> 16 & 0xF) as usize) }
    }

    #[inline]
    const fn with_next_to_go(self, way: Option<usize>) -> Self {
        let next = match way {
            None => 0,
            Some(way) => Self::HAS_NEXT_TO_GO | (way as u32 & 0xF) << 16,
        };
        Self(self.0 & !Self::NEXT_TO_GO | next)
    }

    #[inline]
    const fn with_a_miss(self) -> Self {
        Self(self.0 + Self::MISS)
    }

    /// The next tick, and no misses in it.
    #[inline]
    const fn ticked(self) -> Self {
        Self(self.0 & !(Self::MISSES | Self::TICK) | (self.0 + 1) & Self::TICK)
    }

    /// With a ghost more, of so many.
    #[inline]
    const fn with_a_ghost(self, ghosts: u32) -> Self {
        Self(self.0 & !Self::GHOSTS | ((self.ghost() + 1) % ghosts * Self::GHOST))
    }
}

/// Sets in `word` the upper bit of each byte whose lower half is zero, and no other.
#[inline]
fn lower_halves_zero(word: Word) -> Word {
    const HALVES: Word = EACH_STATE * 0x0F;
    const TOPS: Word = EACH_STATE * 0x80;
    !((word & HALVES) + EACH_STATE * 0x7F) & TOPS
}

impl<W: Width> Policy<W> {
    const MOST_WINDOW: u32 = most_window(W::WAYS);

    #[inline]
    fn state(&self, way: usize) -> u8 {
        (self.states.as_ref()[way / STATES].load() >> (way % STATES * 8)) as u8
    }

    #[inline]
    fn set_state(&self, way: usize, state: u8) {
        self.replace_state(way, state);
    }

    /// Other states in the same word that change at the same time may be lost. Gives the state before.
    #[inline]
    fn replace_state(&self, way: usize, state: u8) -> u8 {
        let word = &self.states.as_ref()[way / STATES];
        let (states, shift) = (word.load(), way % STATES * 8);
        let before = (states >> shift) as u8;
        word.store(states ^ Word::from(before ^ state) << shift);
        before
    }

    #[inline]
    fn clock(&self) -> ClockWord {
        ClockWord(self.clock.load())
    }

    /// The ways that are on probation.
    #[inline]
    fn on_probation(&self) -> Mask {
        Mask::of_bits(match self.states.as_ref() {
            [word] => lanes::tops_of_word(word.load()),
            [low, high] => lanes::tops_of_two_words(low.load(), high.load()),
            _ => unreachable!("a set has one word of states, or two"),
        })
    }

    /// An entry is used. Written down only if it is the first time in this tick.
    #[inline]
    pub(super) fn touch(&self, way: usize) {
        let (state, tick) = (self.state(way), self.clock().tick());
        if state & TICKS != tick {
            self.set_state(way, used(state, tick));
        }
    }

    /// As [`touch`](Self::touch), by who writes to the set anyway: there is nothing to be spared, and whether it is the first time in this tick
    /// is a branch that nobody foresees.
    #[inline]
    pub(super) fn overwritten(&self, way: usize) {
        let (state, tick) = (self.state(way), self.clock().tick());
        // By arithmetic: a compiler makes a branch of a choice between two states.
        let first = u8::from(state & TICKS != tick).wrapping_neg();
        self.set_state(way, state ^ (state ^ used(state, tick)) & first);
    }

    /// A key that is not here is to be put in.
    #[inline(always)]
    pub(super) fn miss(&self, ghosts: &Ghosts<W>, print: u16, around: Around<'_>) -> Arrival {
        let print = (print & PRINT).max(1);
        let mut clock = self.clock();
        let ghost = ghosts.take(print);
        let asked = around.asked();
        if let Some(asked) = asked {
            clock = self.ask(clock, ghost, asked, around.climb);
        }
        clock = self.tick(clock);
        let count =
            ghost.map(|(_, ghost)| ((ghost >> 12) as u8 & MOST_COUNT) + 1).map(|count| count.min(MOST_COUNT));
        let window = around.window(W::WAYS);
        Arrival { clock, count, probation: count.is_none(), window, asked: asked.is_some(), print }
    }

    /// As [`miss`](Self::miss), of a key whose entry is in `way`, and is to have another one.
    pub(super) fn again(&self, way: usize, around: Around<'_>) -> Arrival {
        let count = (count_of(self.state(way)) + 1).min(MOST_COUNT);
        let (window, asked) = (around.window(W::WAYS), around.asked().is_some());
        Arrival { clock: self.clock(), count: Some(count), probation: false, window, asked, print: 1 }
    }

    /// What the miss says about the size of the window.
    #[inline(never)]
    fn ask(&self, clock: ClockWord, ghost: Option<(u32, u16)>, asked: u32, climb: &Climb) -> ClockWord {
        if let Some((at, ghost)) = ghost
            && (ghost >> 8) as u8 & PROBATION != 0
        {
            // The last that went is at 1, and where the next one goes is the one that went first.
            let distance = (clock.ghost() + W::GHOSTS - 1 - at) % W::GHOSTS + 1;
            if distance <= 2 {
                climb.lean(1, far(asked), Self::MOST_WINDOW);
            }
            if distance + climb.window() <= W::WAYS as u32 {
                climb.miss(much(asked), Self::MOST_WINDOW);
            }
        }
        if let Some(way) = clock.next_to_go()
            && self.state(way % W::WAYS) & TICKS == clock.tick()
        {
            climb.lean(-2, far(asked), Self::MOST_WINDOW);
        }
        // In most caches nothing is, most of the time: that is asked first.
        if climb.misses() && clock.misses() + 1 >= W::TICK {
            climb.used(self.used_in(clock.tick()));
        }
        clock.with_next_to_go(None)
    }

    /// Counts a miss, with which a tick may end and the next one begin.
    #[inline]
    fn tick(&self, clock: ClockWord) -> ClockWord {
        if clock.misses() + 1 < W::TICK {
            return clock.with_a_miss();
        }
        let clock = clock.ticked();
        self.grow_old(clock.tick());
        clock
    }

    /// How many established entries were used in this tick.
    fn used_in(&self, tick: u8) -> u32 {
        let used = |states: Word| lower_halves_zero(states ^ (EACH_STATE * Word::from(tick))) & !states;
        self.states.as_ref().iter().map(|word| used(word.load()).count_ones()).sum()
    }

    /// When a tick begins, what would be as old as a whole round of ticks stays one younger than that; and once in a round it loses a
    /// use.
    #[inline]
    fn grow_old(&self, tick: u8) {
        const COUNTS: Word = EACH_STATE * (MOST_COUNT << 4) as Word;
        let change = Word::from(tick ^ ((tick + 1) & TICKS));
        // All ones in the first tick of a round.
        let forgetful = Word::from(tick != 0).wrapping_sub(1);
        for word in self.states.as_ref() {
            let states = word.load();
            let oldest = lower_halves_zero(states ^ (EACH_STATE * Word::from(tick)));
            // The upper bit of each byte whose count is not zero: no sum is more than a byte.
            let counted = (states & COUNTS) + COUNTS;
            let uses = (oldest & counted & forgetful) >> 3;
            // Also if nothing is old: that is a branch that nobody foresees.
            word.store((states ^ ((oldest >> 7) * change)) - uses);
        }
    }

    /// The one of the `candidates` that has to go for an arrival, which learns how it begins. Called again with fewer of
    /// them if that one can't be had.
    #[inline(always)]
    pub(super) fn victim(&self, candidates: Mask, arrival: &mut Arrival) -> Option<usize> {
        let (leaving, window) = self.window(arrival.window);
        let by_chance = ((u32::from(arrival.print) * 0x9E37) >> 4) % CHANCE == arrival.clock.ghost() % CHANCE;
        if let Some(way) = leaving
            && candidates.contains(way)
            && arrival.count.is_none()
            && !arrival.asked
            && !by_chance
        {
            return Some(way);
        }
        let (way, after) = self.one_of_two(candidates, leaving, window, by_chance, *arrival)?;
        *arrival = after;
        Some(way)
    }

    /// The one that is leaving the window, or an established one.
    #[inline(never)]
    fn one_of_two(
        &self,
        candidates: Mask,
        leaving: Option<usize>,
        window: Mask,
        by_chance: bool,
        mut arrival: Arrival,
    ) -> Option<(usize, Arrival)> {
        let leaving = leaving.filter(|&way| candidates.contains(way));
        let Some(established) = self.first_to_go(candidates.without(window), arrival.clock.tick()) else {
            return Some((leaving.or(candidates.first())?, arrival));
        };
        // Strictly: who comes back as good as what it would displace has to prove it.
        arrival.probation = arrival.count.is_none_or(|count| count <= count_of(self.state(established)));
        let Some(way) = leaving else { return Some((established, arrival)) };
        if by_chance {
            self.set_state(way, self.state(way) & !PROBATION);
            return Some((established, arrival));
        }
        arrival.clock = arrival.clock.with_next_to_go(Some(established));
        Some((way, arrival))
    }

    /// The one of the `candidates` that would be missed least, if nobody arrives for it: one of the least used, the window's last.
    pub(super) fn next_to_go(&self, candidates: Mask, around: Around<'_>) -> Option<usize> {
        let count = |way: usize| count_of(self.state(way));
        let least = candidates.into_iter().map(count).min()?;
        let candidates =
            candidates.filter(|&way| count(way) == least).map(Mask::one).fold(Mask::of_bits(0), Mask::or);
        let (leaving, window) = self.window(around.window(W::WAYS));
        let established = self.first_to_go(candidates.without(window), self.clock().tick());
        established.or(leaving.filter(|&way| candidates.contains(way))).or(candidates.first())
    }

    /// The entries of the window, of which there are `most`, and the one that is about to leave it, if it is full.
    #[inline]
    fn window(&self, most: u32) -> (Option<usize>, Mask) {
        let probation = self.on_probation();
        let (mut rest, mut room) = (probation, most);
        let mut recent = self.recent.load();
        for _ in 0..RECENT {
            if rest.is_empty() {
                break;
            }
            let way = (recent & 0xF) as usize % W::WAYS;
            recent >>= 4;
            // What is not on probation any more, or was found already, takes no room.
            room -= u32::from(rest.contains(way));
            rest = rest.without(Mask::one(way));
            if room == 0 {
                return (Some(way), probation.without(rest));
            }
        }
        (None, probation.without(rest))
    }

    /// The established entry that has to go.
    #[inline]
    fn first_to_go(&self, established: Mask, tick: u8) -> Option<usize> {
        const TICKS_OF_EACH: Word = EACH_STATE * TICKS as Word;
        const COUNTS: Word = EACH_STATE * (MOST_COUNT << 4) as Word;
        // No difference of ticks borrows from the next byte.
        let now = EACH_STATE * Word::from(tick | (TICKS + 1));
        // Ranks with the number of ways above, so that of equals the lowest is the greatest.
        let mut first = 0;
        let mut below = MOST_WAYS;
        for (index, word) in self.states.as_ref().iter().enumerate() {
            let states = word.load();
            let ages = (now - (states & TICKS_OF_EACH)) & TICKS_OF_EACH;
            let others = lanes::spread(!(established.bits() >> (index * STATES)));
            let mut ranked = ((states & COUNTS | ages) & !(others - (others >> 7))) | others;
            for _ in 0..STATES {
                below -= 1;
                first = first.max(RANKS[(ranked & 0xFF) as usize] + below);
                ranked >>= 8;
            }
        }
        (first >= LEAST_RANK).then(|| (MOST_WAYS - 1 - first % LEAST_RANK) as usize)
    }

    /// An arrival has been put in the place of an entry, or of nothing. Gives the state of that. `remembers` says that it leaves a
    /// [`Ghost`].
    #[inline]
    pub(super) fn placed(&self, way: usize, arrival: Arrival, remembers: bool) -> u8 {
        let Arrival { clock, probation, .. } = arrival;
        self.clock.store(if remembers { clock.with_a_ghost(W::GHOSTS) } else { clock }.0);
        if probation {
            self.recent.store(self.recent.load() << 4 | way as Word);
        }
        let state = u8::from(probation) << 7 | arrival.count.unwrap_or(0) << 4 | clock.tick();
        self.replace_state(way, state)
    }
}

/// What is remembered of an entry that went, and where.
#[derive(Clone, Copy)]
pub(super) struct Ghost {
    at: u32,
    ghost: u16,
}

impl Ghost {
    /// Of an entry in whose place the arrival was put: the print of its key, and its last state.
    #[inline]
    pub(super) fn of(arrival: Arrival, print: u16, last_state: u8) -> Self {
        Self {
            at: arrival.clock.ghost(),
            ghost: u16::from(last_state & !TICKS) << 8 | (print & PRINT).max(1),
        }
    }
}

impl<W: Width> Ghosts<W> {
    #[inline]
    pub(super) fn put(&self, Ghost { at, ghost }: Ghost) {
        let word = &self.0.as_ref()[at as usize / GHOSTS];
        let shift = at as usize % GHOSTS * 16;
        let others = word.load() & !(Word::from(u16::MAX) << shift);
        word.store(others | Word::from(ghost) << shift);
    }

    /// Takes out the ghost with this print. Gives its place and what it was.
    #[inline]
    fn take(&self, print: u16) -> Option<(u32, u16)> {
        let same = lanes::pairs(self.0.as_ref(), PRINT, print);
        // Most keys that are missed are not among them.
        if same == 0 {
            return None;
        }
        let at = same.trailing_zeros();
        let word = &self.0.as_ref()[at as usize / GHOSTS];
        let (ghosts, shift) = (word.load(), at as usize % GHOSTS * 16);
        word.store(ghosts & !(Word::from(u16::MAX) << shift));
        Some((at, (ghosts >> shift) as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::super::mask::Mask;
    use super::super::width::{Blank, Ways};
    use super::{MOST_COUNT, PROBATION, Policy, TICKS, count_of, most_window};

    fn grown_old(state: u8, tick: u8) -> u8 {
        if state & TICKS != tick {
            return state;
        }
        let count = count_of(state).saturating_sub(u8::from(tick == 0));
        state & PROBATION | count << 4 | (tick + 1) & TICKS
    }

    #[test]
    fn what_is_old_stays_so_and_loses_a_use_once_a_round_and_nothing_else_changes() {
        for tick in 0..=TICKS {
            for state in 0..=u8::MAX {
                // Neighbours that differ in one bit are the ones to be mistaken.
                let before: [u8; 8] =
                    core::array::from_fn(|way| if way == 3 { state } else { state ^ 1 << way });
                let policy = Policy::<Ways<8>>::BLANK;
                (0..8).for_each(|way| policy.set_state(way, before[way]));
                policy.grow_old(tick);
                let after: [u8; 8] = core::array::from_fn(|way| policy.state(way));
                assert_eq!(after, before.map(|state| grown_old(state, tick)), "tick {tick}");
            }
        }
    }

    #[test]
    fn what_is_used_in_a_tick_is_counted_unless_on_probation() {
        let policy = Policy::<Ways<8>>::BLANK;
        let states = [5, PROBATION | 5, 4, MOST_COUNT << 4 | 5, PROBATION | 4, 0x15, 0, PROBATION];
        (0..8).for_each(|way| policy.set_state(way, states[way]));
        assert_eq!(policy.used_in(5), 3);
    }

    #[test]
    fn the_first_to_go_is_the_lowest_of_those_of_the_highest_rank() {
        let rank = |state: u8, tick: u8| {
            let (age, count) = (u32::from(tick.wrapping_sub(state) & TICKS), u32::from(count_of(state)));
            4000 * age / ((count + 1) * (count + 1))
        };
        let mut random = 1_u64;
        for round in 0..10_000 {
            random = random.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(round);
            let (states, tick) = ((random ^ random >> 29).to_le_bytes(), (random >> 60) as u8);
            let candidates = Mask::of_bits((random >> 50) as u32 & 0xFF);
            let policy = Policy::<Ways<8>>::BLANK;
            (0..8).for_each(|way| policy.set_state(way, states[way]));
            let highest = candidates.map(|way| rank(states[way], tick)).max();
            let first = candidates.into_iter().find(|&way| Some(rank(states[way], tick)) == highest);
            assert_eq!(policy.first_to_go(candidates, tick), first);
        }
    }

    #[test]
    fn a_window_has_an_entry_and_leaves_two_where_there_are_more() {
        assert_eq!([1, 2, 3, 4, 8, 13, 16].map(most_window), [1, 1, 1, 2, 6, 11, 14]);
    }
}
