//! The concurrent `Cache`, used by threads that write down what they did and saw: what a history may not show.
//!
//! A key of a cache is a place that holds the value that was written last, or nothing: entries may vanish. Each written value is another
//! one, so a history of one key can be checked by *zones* (Gibbons and Korach, "Testing Shared Memories", 1997): all that was done with one
//! value, its write and its reads, took place between the first end and the last beginning of those calls, whatever else took place
//! when. Zones of two values may not overlap, and no call that writes or removes may lie within the zone of a value that it is not of.

#![cfg(all(feature = "alloc", not(any(larder_loom, larder_step))))]

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering};
use larder::cache::{CellKind, HeapCache, Pinned, Setup, Suits, Untimed, Words};
use larder::key::DefaultHash;
use larder::stats::Off;
use std::collections::HashMap;
use std::sync::Barrier;

const THREADS: u8 = 4;
const KEYS: u64 = 3;

/// Calls that each thread makes on a cache.
const CALLS: u64 = 40;

/// A value that shows if it is one part of this and one of that.
type Value = [u64; 4];

/// The value with a number, of a key.
fn value(key: u64, number: u64) -> Value {
    [number, !number, number.rotate_left(32), number ^ key]
}

/// Its number.
fn number(key: u64, value: Value) -> u64 {
    assert_eq!(value, self::value(key, value[0]), "a value in pieces, or another key's");
    value[0]
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deed {
    /// A value was put in.
    Put(u64),
    /// A value was computed, since then, and perhaps stored.
    Computed(u64, u64),
    /// A value was seen.
    Saw(u64),
    /// A value was given back: it is not in the cache, and never was.
    Gave(u64),
    /// There is nothing from before.
    TookOut,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    key: u64,
    deed: Deed,
    began: u64,
    ended: u64,
}

/// A total order of beginnings and ends.
struct Time(AtomicU64);

impl Time {
    fn now(&self) -> u64 {
        // SeqCst: it is to be in the way of nothing that the cache does, and in order with all of it.
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

type Tested<X> = HeapCache<u64, Value, Setup<DefaultHash, Untimed, Off, X>>;

struct Thread<'a, X: CellKind> {
    cache: &'a Tested<X>,
    time: &'a Time,
    random: u64,
    history: Vec<Call>,
}

impl<X: CellKind> Thread<'_, X> {
    /// `SplitMix64`, Steele, Lea and Flood 2014.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn note(&mut self, key: u64, began: u64, deed: Deed) {
        let ended = self.time.now();
        self.history.push(Call { key, deed, began, ended });
    }

    fn work(&mut self) {
        let dice = self.random();
        let key = (dice >> 32) % KEYS;
        let began = self.time.now();
        match dice % 17 {
            0..=5 => {
                if let Some(found) = self.cache.get(&key) {
                    self.note(key, began, Deed::Saw(number(key, found)));
                }
            }
            6 => {
                if let Some(held) = self.cache.get_ref(&key) {
                    let seen = number(key, *held);
                    self.note(key, began, Deed::Saw(seen));
                    assert_eq!(number(key, *held), seen, "what is held has changed");
                }
            }
            7..=10 => match self.cache.insert(key, value(key, began)) {
                Ok(_) => self.note(key, began, Deed::Put(began)),
                Err(back) => self.note(key, began, Deed::Gave(number(key, back.value))),
            },
            11 | 12 => self.fill(key, began),
            13 | 14 => {
                let _ = self.cache.remove(&key);
                self.note(key, began, Deed::TookOut);
            }
            // Nobody minds what goes to make room.
            15 => _ = self.cache.shrink(self.cache.capacity() / 2),
            _ => {
                self.cache.clear();
                let ended = self.time.now();
                let all = (0..KEYS).map(|key| Call { key, deed: Deed::TookOut, began, ended });
                self.history.extend(all);
            }
        }
    }

    fn fill(&mut self, key: u64, began: u64) {
        let computed = Cell::new(None);
        let filled = number(
            key,
            self.cache.get_or_insert_with(key, || {
                computed.set(Some(self.time.now()));
                value(key, began)
            }),
        );
        match computed.get() {
            // Stored or not. (What was stored may also be another's, which came first.)
            Some(since) if filled == began => self.note(key, since, Deed::Computed(began, since)),
            _ => self.note(key, began, Deed::Saw(filled)),
        }
    }
}

/// Between the first end and the last beginning of what was done with a value.
#[derive(Clone, Copy, Debug)]
struct Zone {
    first_end: u64,
    last_beginning: u64,
}

/// What is wrong with the history of one key.
fn check(calls: &[Call]) -> Result<(), String> {
    let mut zones: HashMap<u64, Zone> = HashMap::new();
    let mut seen: HashMap<u64, Vec<Call>> = HashMap::new();
    let mut written = HashMap::new();
    for &call in calls {
        let of = match call.deed {
            Deed::Put(of) | Deed::Computed(of, _) => {
                written.insert(of, call);
                of
            }
            Deed::Saw(of) => {
                seen.entry(of).or_default().push(call);
                of
            }
            Deed::Gave(_) | Deed::TookOut => continue,
        };
        let zone = zones.entry(of).or_insert(Zone { first_end: u64::MAX, last_beginning: 0 });
        zone.first_end = zone.first_end.min(call.ended);
        zone.last_beginning = zone.last_beginning.max(call.began);
    }
    for (of, sights) in &seen {
        let write = written.get(of).ok_or(format!("{of} was seen, and never stored"))?;
        if let Some(early) = sights.iter().find(|sight| sight.ended < write.began) {
            return Err(format!("{early:?} before {write:?}"));
        }
        // What was computed is as old as the beginning of its computation.
        if let Deed::Computed(_, since) = write.deed {
            let overtakes =
                |call: &&Call| matches!(call.deed, Deed::Put(_) | Deed::TookOut) && call.began > since;
            let late = |call: &&Call| sights.iter().any(|sight| call.ended < sight.began);
            if let Some(call) = calls.iter().filter(overtakes).find(late) {
                return Err(format!("{write:?} is seen, which {call:?} has overtaken"));
            }
        }
    }
    // What was computed may not have been stored. If nobody has seen it, it was nowhere.
    zones.retain(|of, _| seen.contains_key(of) || matches!(written[of].deed, Deed::Put(_)));
    let zones: Vec<Zone> = zones.into_values().collect();
    // Those during which the value was there: others have been there between.
    let there = |zone: &&Zone| zone.first_end < zone.last_beginning;
    for zone in zones.iter().filter(there) {
        let overlap = |other: &Zone| {
            let apart = other.last_beginning <= zone.first_end || zone.last_beginning <= other.first_end;
            !core::ptr::eq(other, zone) && there(&other) && !apart
        };
        if let Some(other) = zones.iter().find(|other| overlap(other)) {
            return Err(format!("{zone:?} and {other:?}: a value came back"));
        }
        let within = |began: u64, ended: u64| zone.first_end < began && ended < zone.last_beginning;
        let between = |other: &&Zone| !there(other) && within(other.last_beginning, other.first_end);
        if let Some(other) = zones.iter().find(between) {
            return Err(format!("{zone:?} and {other:?}: a value came back"));
        }
        let out = |call: &&Call| call.deed == Deed::TookOut && within(call.began, call.ended);
        if let Some(call) = calls.iter().find(out) {
            return Err(format!("{zone:?} and {call:?}: a value came back"));
        }
    }
    Ok(())
}

/// Runs threads on a cache of so many entries. Says how often threads met: how many calls lay within others.
fn run<X: CellKind>(cell: X, capacity: usize, seed: u64) -> usize
where
    Setup<DefaultHash, Untimed, Off, X>: Suits<u64, Value>,
{
    let cache = HeapCache::with_capacity_and(capacity, Setup::new().cell(cell));
    let (cache, time, start) = (&cache, &Time(AtomicU64::new(1)), &Barrier::new(THREADS.into()));
    let mut history: Vec<Call> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                scope.spawn(move || {
                    let random = seed << 8 | u64::from(number);
                    let mut thread = Thread { cache, time, random, history: Vec::new() };
                    start.wait();
                    for _ in 0..CALLS {
                        thread.work();
                        assert!(cache.len() <= capacity);
                    }
                    thread.history
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    });
    cache.validate(0);
    history.sort_unstable_by_key(|call| call.began);
    for key in 0..KEYS {
        let calls: Vec<Call> = history.iter().copied().filter(|call| call.key == key).collect();
        if let Err(wrong) = check(&calls) {
            panic!("key {key}, seed {seed}: {wrong}\n{calls:#?}");
        }
    }
    history.windows(2).filter(|pair| pair[1].began < pair[0].ended).count()
}

fn runs<X: CellKind + Copy>(cell: X)
where
    Setup<DefaultHash, Untimed, Off, X>: Suits<u64, Value>,
{
    let seeds = if cfg!(miri) { 2 } else { 400 };
    let mut met = 0;
    for seed in 0..seeds {
        for capacity in [1, 2, 3, 40] {
            met += run(cell, capacity, seed);
        }
    }
    assert!(met > 0, "no call lay within another: nothing was tried");
}

#[test]
fn no_value_comes_back() {
    runs(Pinned);
}

#[test]
fn no_copied_value_comes_back() {
    runs(Words);
}

/// The check finds what is wrong in histories that are made up.
mod the_check {
    use super::*;

    fn call(deed: Deed, began: u64, ended: u64) -> Call {
        Call { key: 0, deed, began, ended }
    }

    fn is_wrong(calls: &[Call]) {
        check(calls).expect_err("it is wrong");
    }

    #[test]
    fn takes_what_can_be() {
        // A write and a read at once, then a removal and a read of nothing; entries vanish.
        check(&[call(Deed::Put(1), 1, 5), call(Deed::Saw(1), 2, 3), call(Deed::TookOut, 6, 7)]).unwrap();
        // Two writes at once: either may be the later one.
        let writes = [call(Deed::Put(1), 1, 5), call(Deed::Put(2), 2, 6)];
        check(&[writes[0], writes[1], call(Deed::Saw(1), 7, 8)]).unwrap();
        check(&[writes[0], writes[1], call(Deed::Saw(2), 7, 8)]).unwrap();
        check(&[writes[0], writes[1], call(Deed::Saw(1), 3, 4), call(Deed::Saw(2), 7, 8)]).unwrap();
    }

    #[test]
    fn finds_a_value_that_was_overwritten() {
        is_wrong(&[call(Deed::Put(1), 1, 2), call(Deed::Put(2), 3, 4), call(Deed::Saw(1), 5, 6)]);
    }

    #[test]
    fn finds_a_value_that_was_removed() {
        is_wrong(&[call(Deed::Put(1), 1, 2), call(Deed::TookOut, 3, 4), call(Deed::Saw(1), 5, 6)]);
    }

    #[test]
    fn finds_a_reader_that_goes_back() {
        is_wrong(&[
            call(Deed::Put(1), 1, 10),
            call(Deed::Put(2), 2, 11),
            call(Deed::Saw(1), 12, 13),
            call(Deed::Saw(2), 14, 15),
            call(Deed::Saw(1), 16, 17),
        ]);
    }

    #[test]
    fn finds_a_value_from_nowhere_and_one_from_the_future() {
        is_wrong(&[call(Deed::Saw(1), 1, 2)]);
        is_wrong(&[call(Deed::Saw(1), 1, 2), call(Deed::Put(1), 3, 4)]);
        is_wrong(&[call(Deed::Gave(1), 1, 2), call(Deed::Saw(1), 3, 4)]);
    }

    #[test]
    fn finds_a_computed_value_that_was_overtaken() {
        is_wrong(&[call(Deed::Computed(1, 1), 1, 6), call(Deed::TookOut, 2, 3), call(Deed::Saw(1), 7, 8)]);
    }
}
