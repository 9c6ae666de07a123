//! The replacement policy of the concurrent cache, written down as plainly as it can be: lists that are sorted, ticks that do not wrap,
//! ghosts in a queue. It has nothing in common with the cache's own code but what it is to do.
//!
//! It comes in two forms. The *plain* one is a window, ghosts, a rank by age and count, and a window's size that follows the slope. The
//! *whole* one is what the cache does: there the window may be all but two of a set, what is not used for long loses its count, and
//! there is a second reason for a larger window, keys that nothing but window would have kept.
//!
//! It differs from the cache where that saves work there and should cost no hits: here every set says how large the window should be,
//! and not one in sixteen; and chance is a random number.

use crate::requests::Requests;
use alloc::collections::VecDeque;
use core::hash::BuildHasher;
use larder::key::DefaultHash;

const WAYS: usize = 16;
const GHOSTS: usize = 32;
const MISSES_OF_A_TICK: u64 = 3;
const MOST_COUNT: u32 = 7;
/// An age in ticks is not counted further; a round of the cache's clock is one more.
const OLDEST: u64 = 15;
/// Once in so many times a new entry stays at an established one's cost.
const CHANCE: u64 = 64;

#[derive(Clone, Copy)]
struct Entry {
    key: u64,
    probation: bool,
    count: u32,
    /// The tick of its last use.
    used: u64,
    /// The misses of its set before it came.
    came: u64,
}

#[derive(Clone, Copy)]
struct Ghost {
    print: u64,
    probation: bool,
    count: u32,
}

#[derive(Clone)]
struct Set {
    entries: Vec<Entry>,
    most: usize,
    tick: u64,
    misses: u64,
    /// The latest first; nothing where one was found.
    ghosts: VecDeque<Option<Ghost>>,
    next_to_go: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Whole,
}

pub(crate) struct Simulation {
    form: Form,
    sets: Vec<Set>,
    window: usize,
    /// Hits that a larger window would have had, less those that it would have cost.
    balance: i64,
    /// Hits that nothing but window would have had, less those of established entries.
    missed: i64,
    random: u64,
}

/// The set of a key, and its print: those that the cache has on processors of 64 bits, since how evenly a few sets are filled is worth
/// more than all that the two may differ in.
fn place(key: u64, sets: usize) -> (usize, u64) {
    let hash = DefaultHash::new().hash_one(key);
    let mixed = (hash ^ hash >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let set = ((mixed >> 32) * sets as u64) >> 32;
    (usize::try_from(set).expect("less than `sets`"), mixed >> 12 & 0xFFF)
}

impl Set {
    fn age(&self, way: usize) -> u64 {
        (self.tick - self.entries[way].used).min(OLDEST)
    }

    /// How soon it has to go: greater is sooner.
    fn rank(&self, way: usize) -> u64 {
        4000 * self.age(way) / u64::from((self.entries[way].count + 1).pow(2))
    }

    /// How many established entries were used in this tick.
    fn used_now(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.probation && entry.used == self.tick).count()
    }

    /// A new tick begins.
    fn next_tick(&mut self, form: Form) {
        self.tick += 1;
        if form == Form::Whole && self.tick.is_multiple_of(OLDEST + 1) {
            for entry in &mut self.entries {
                if self.tick - entry.used > OLDEST {
                    entry.count = entry.count.saturating_sub(1);
                }
            }
        }
    }

    /// The window of `most` entries: the youngest of those on probation. In whole, of two of the same age the later one is younger;
    /// in plain, the one in the lower slot.
    fn window(&self, most: usize, form: Form) -> Vec<usize> {
        let mut window: Vec<usize> = (0..self.most).filter(|&way| self.entries[way].probation).collect();
        match form {
            Form::Plain => window.sort_by_key(|&way| self.age(way)),
            Form::Whole => window.sort_by_key(|&way| self.misses - self.entries[way].came),
        }
        window.truncate(most);
        window
    }

    /// Takes out the ghost with this print. How many went since it, itself included.
    fn find_ghost(&mut self, print: u64) -> Option<(usize, Ghost)> {
        let at = self.ghosts.iter().position(|ghost| ghost.is_some_and(|ghost| ghost.print == print))?;
        self.ghosts[at].take().map(|ghost| (at + 1, ghost))
    }

    fn remember(&mut self, gone: Entry) {
        let (_, print) = place(gone.key, 1);
        self.ghosts.push_front(Some(Ghost { print, probation: gone.probation, count: gone.count }));
        self.ghosts.truncate(GHOSTS);
    }
}

impl Simulation {
    /// The policy as it was first found.
    pub(crate) fn plain(capacity: usize) -> Self {
        Self::new(capacity, Form::Plain)
    }

    /// The policy as the cache has it.
    pub(crate) fn whole(capacity: usize) -> Self {
        Self::new(capacity, Form::Whole)
    }

    fn new(capacity: usize, form: Form) -> Self {
        let count = capacity.div_ceil(WAYS);
        let set = |index: usize| Set {
            entries: Vec::new(),
            // What the capacity is less than full sets is taken from the first ones, evenly.
            most: capacity / count + usize::from(index >= count - capacity % count),
            tick: 0,
            misses: 0,
            ghosts: VecDeque::new(),
            next_to_go: None,
        };
        Self { form, sets: (0..count).map(set).collect(), window: 2, balance: 0, missed: 0, random: 1 }
    }

    fn by_chance(&mut self) -> bool {
        // Marsaglia 2003.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.is_multiple_of(CHANCE)
    }

    /// How many entries a window has at most.
    fn most_window(&self) -> usize {
        match self.form {
            Form::Plain => WAYS / 2,
            Form::Whole => WAYS - 2,
        }
    }

    /// A part of the number of sets, as a number of events, but not so few that chance decides.
    fn part_of_sets(&self, part: usize, least: usize) -> i64 {
        (self.sets.len() / part).max(least).try_into().expect("some thousands")
    }

    fn set_window(&mut self, window: usize) {
        self.window = window.clamp(1, self.most_window());
        self.balance = 0;
    }

    /// Moves the balance, and the window when it is far enough from zero.
    fn lean(&mut self, by: i64) {
        let far = self.part_of_sets(if self.form == Form::Plain { 4 } else { 8 }, 16);
        self.balance += by;
        if self.balance >= far {
            self.set_window(self.window + 1);
        } else if self.balance <= -far {
            self.set_window(self.window - 1);
        }
    }

    /// What a miss says about the window's size, of a key that is among the ghosts or not.
    fn ask(&mut self, index: usize, ghost: Option<(usize, Ghost)>) {
        if let Some((distance, ghost)) = ghost
            && ghost.probation
        {
            if distance <= 2 {
                self.lean(1);
            }
            if self.form == Form::Whole && distance + self.window <= WAYS {
                self.missed += 1;
                if self.missed >= 4 * self.part_of_sets(1, 16) {
                    self.missed = 0;
                    self.set_window(self.window + 1);
                }
            }
        }
        let set = &mut self.sets[index];
        if set.next_to_go.take().is_some_and(|way| set.entries[way].used == set.tick) {
            self.lean(-2);
        }
    }

    fn miss(&mut self, index: usize, key: u64, print: u64) {
        let ghost = self.sets[index].find_ghost(print);
        self.ask(index, ghost);
        let set = &mut self.sets[index];
        set.misses += 1;
        if set.misses.is_multiple_of(MISSES_OF_A_TICK) {
            self.missed -= i64::try_from(set.used_now()).expect("no more than ways");
            self.missed = self.missed.max(0);
            set.next_tick(self.form);
        }
        let count = ghost.map(|(_, ghost)| (ghost.count + 1).min(MOST_COUNT));
        let mut new = Entry {
            key,
            probation: count.is_none(),
            count: count.unwrap_or(0),
            used: set.tick,
            came: set.misses,
        };
        if set.entries.len() < set.most {
            set.entries.push(new);
            return;
        }
        let way = self.victim(index, count, &mut new.probation);
        let set = &mut self.sets[index];
        let gone = core::mem::replace(&mut set.entries[way], new);
        set.remember(gone);
    }

    /// The way that has to go in a full set, for an entry that was used `count` times before it went, if it is known.
    fn victim(&mut self, index: usize, count: Option<u32>, probation: &mut bool) -> usize {
        let by_chance = self.by_chance();
        let set = &mut self.sets[index];
        let most = self.window.min(set.most.saturating_sub(2).max(1));
        let window = set.window(most, self.form);
        let leaving = if window.len() == most { window.last().copied() } else { None };
        let established = (0..set.most).filter(|way| !window.contains(way));
        let Some(first_to_go) = established.rev().max_by_key(|&way| set.rank(way)) else {
            // A set of few entries may be all window.
            return leaving.unwrap_or(0);
        };
        *probation = count.is_none_or(|count| count <= set.entries[first_to_go].count);
        match leaving {
            Some(way) if by_chance => {
                set.entries[way].probation = false;
                first_to_go
            }
            Some(way) => {
                set.next_to_go = Some(first_to_go);
                way
            }
            None => first_to_go,
        }
    }
}

impl Requests for Simulation {
    fn request(&mut self, key: u64) -> bool {
        let (index, print) = place(key, self.sets.len());
        let set = &mut self.sets[index];
        let Some(entry) = set.entries.iter_mut().find(|entry| entry.key == key) else {
            self.miss(index, key, print);
            return false;
        };
        if entry.used != set.tick {
            *entry = Entry {
                probation: false,
                count: (entry.count + 1).min(MOST_COUNT),
                used: set.tick,
                ..*entry
            };
        }
        true
    }

    fn residents(&mut self) -> Option<usize> {
        Some(self.sets.iter().map(|set| set.entries.len()).sum())
    }
}
