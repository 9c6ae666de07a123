//! The tracker against other ways to name things that come and go, with 100 000 of them: shared by threads, and by one that has it
//! to itself; and what a sweep visits.
//!
//! `cargo bench --bench tracker`, and `cargo bench --bench tracker -- --threads 16` for more threads than two.

extern crate alloc;

mod contest;

use alloc::collections::VecDeque;
use clap::Parser;
use contest::{Contender, by, contender, contest, median, on_threads, scramble};
use core::hint::black_box;
use core::num::NonZeroUsize;
use larder::time::Instant;
use larder::tracker::{Age, HeapTracker, Id};
use std::sync::{Mutex, PoisonError};

/// The tracker against other ways to name things.
#[derive(Debug, Parser)]
#[command(about)]
struct Arguments {
    /// How many threads share one
    #[arg(long, value_name = "NUMBER", default_value = "2")]
    threads: NonZeroUsize,
    /// What cargo says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// Things that are there.
const THINGS: usize = 100_000;

/// Operations of a thread in a round.
const OPERATIONS: usize = 200_000;

/// Rounds of a contest.
const ROUNDS: usize = 15;

/// What is shared, under one interface.
trait Shared: Sync {
    type Key: Copy + Send + Sync;
    fn insert(&self, thing: u64) -> Self::Key;
    fn get(&self, key: Self::Key) -> u64;
    fn remove(&self, key: Self::Key) -> bool;
}

impl Shared for HeapTracker<u64> {
    type Key = Id;

    fn insert(&self, thing: u64) -> Id {
        self.insert(thing).expect("there is room")
    }

    fn get(&self, key: Id) -> u64 {
        self.read(key, |thing| *thing).expect("it is there")
    }

    fn remove(&self, key: Id) -> bool {
        self.remove(key).was_there()
    }
}

/// The same, by a handle for each get.
struct ByHandle(HeapTracker<u64>);

impl Shared for ByHandle {
    type Key = Id;

    fn insert(&self, thing: u64) -> Id {
        self.0.insert(thing).expect("there is room")
    }

    fn get(&self, key: Id) -> u64 {
        *self.0.get(key).expect("it is there")
    }

    fn remove(&self, key: Id) -> bool {
        self.0.remove(key).was_there()
    }
}

impl Shared for sharded_slab::Slab<u64> {
    type Key = usize;

    fn insert(&self, thing: u64) -> usize {
        self.insert(thing).expect("there is room")
    }

    fn get(&self, key: usize) -> u64 {
        *self.get(key).expect("it is there")
    }

    fn remove(&self, key: usize) -> bool {
        self.remove(key)
    }
}

type Locked = Mutex<slotmap::SlotMap<slotmap::DefaultKey, u64>>;

fn locked(map: &Locked) -> std::sync::MutexGuard<'_, slotmap::SlotMap<slotmap::DefaultKey, u64>> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared for Locked {
    type Key = slotmap::DefaultKey;

    fn insert(&self, thing: u64) -> slotmap::DefaultKey {
        locked(self).insert(thing)
    }

    fn get(&self, key: slotmap::DefaultKey) -> u64 {
        locked(self)[key]
    }

    fn remove(&self, key: slotmap::DefaultKey) -> bool {
        locked(self).remove(key).is_some()
    }
}

/// A thing at random.
fn any(number: usize) -> usize {
    usize::try_from(scramble(number as u64) % THINGS as u64).expect("it is below a hundred thousand")
}

fn gets<'a, S: Shared>(name: &str, shared: &'a S, threads: usize) -> Contender<'a> {
    let mut keys: Vec<(S::Key, u64)> =
        (0..THINGS as u64).map(|thing| (shared.insert(thing), thing)).collect();
    // Each thread in an order of its own, which is known beforehand: what is measured is not how keys are chosen.
    let order = |which| {
        (0..THINGS).for_each(|number| keys.swap(number, any(which * THINGS + number)));
        keys.clone()
    };
    let orders: Vec<_> = (0..threads).map(order).collect();
    contender(name, move || {
        on_threads(threads, |which| {
            for &(key, thing) in orders[which].iter().cycle().take(OPERATIONS) {
                assert_eq!(shared.get(key), thing);
            }
            OPERATIONS
        })
    })
}

/// Each thread inserts its share, then removes the oldest and inserts a new one many times, and removes all in the end.
fn churns<'a, S: Shared>(name: &str, shared: &'a S, threads: usize) -> Contender<'a> {
    contender(name, move || {
        on_threads(threads, |_| {
            let share = THINGS / threads;
            let mut keys: VecDeque<_> = (0..share as u64).map(|thing| shared.insert(thing)).collect();
            for number in 0..OPERATIONS - share {
                let oldest = keys.pop_front().expect("there are many");
                assert!(shared.remove(oldest));
                keys.push_back(shared.insert(number as u64));
            }
            for key in keys {
                assert!(shared.remove(key));
            }
            OPERATIONS
        })
    })
}

fn shared(threads: usize) {
    let room = THINGS + THINGS / 16;
    let [ours, slab, map] = [
        HeapTracker::with_capacity(room),
        HeapTracker::with_capacity(room),
        HeapTracker::with_capacity(THINGS + threads),
    ];
    let by_handle = ByHandle(HeapTracker::with_capacity(room));
    let (one, two) = (sharded_slab::Slab::new(), sharded_slab::Slab::new());
    let (three, four) = (Locked::default(), Locked::default());
    contest(
        &format!("{}, get", by(threads)),
        2,
        ROUNDS,
        vec![
            gets("larder Tracker, read", &ours, threads),
            gets("larder Tracker, get a handle", &by_handle, threads),
            gets("sharded-slab", &one, threads),
            gets("Mutex<SlotMap>", &three, threads),
        ],
    );
    contest(
        &format!("{}, insert and remove", by(threads)),
        2,
        ROUNDS,
        vec![
            churns("larder Tracker", &slab, threads),
            churns("larder Tracker, full", &map, threads),
            churns("sharded-slab", &two, threads),
            churns("Mutex<SlotMap>", &four, threads),
        ],
    );
}

/// What one has to itself, under one interface.
trait Alone {
    type Key: Copy;
    fn insert(&mut self, thing: u64) -> Self::Key;
    fn get(&mut self, key: Self::Key) -> u64;
    fn remove(&mut self, key: Self::Key) -> u64;
    fn sum(&mut self) -> u64;
}

impl Alone for HeapTracker<u64> {
    type Key = Id;

    fn insert(&mut self, thing: u64) -> Id {
        self.insert_mut(thing).expect("there is room")
    }

    fn get(&mut self, key: Id) -> u64 {
        *self.get_mut(key).expect("it is there")
    }

    fn remove(&mut self, key: Id) -> u64 {
        self.remove_mut(key).expect("it is there")
    }

    fn sum(&mut self) -> u64 {
        self.iter_mut().map(|(_, thing)| *thing).sum()
    }
}

impl Alone for slotmap::SlotMap<slotmap::DefaultKey, u64> {
    type Key = slotmap::DefaultKey;

    fn insert(&mut self, thing: u64) -> slotmap::DefaultKey {
        self.insert(thing)
    }

    fn get(&mut self, key: slotmap::DefaultKey) -> u64 {
        *self.get_mut(key).expect("it is there")
    }

    fn remove(&mut self, key: slotmap::DefaultKey) -> u64 {
        self.remove(key).expect("it is there")
    }

    fn sum(&mut self) -> u64 {
        self.iter_mut().map(|(_, thing)| *thing).sum()
    }
}

impl Alone for thunderdome::Arena<u64> {
    type Key = thunderdome::Index;

    fn insert(&mut self, thing: u64) -> thunderdome::Index {
        self.insert(thing)
    }

    fn get(&mut self, key: thunderdome::Index) -> u64 {
        *self.get_mut(key).expect("it is there")
    }

    fn remove(&mut self, key: thunderdome::Index) -> u64 {
        self.remove(key).expect("it is there")
    }

    fn sum(&mut self) -> u64 {
        self.iter_mut().map(|(_, thing)| *thing).sum()
    }
}

/// What is done to a structure that is filled, and left filled.
trait Job: Copy {
    /// Gives how many operations it took.
    fn work<A: Alone>(self, all: &mut A, keys: &mut Vec<A::Key>) -> usize;
}

fn alone<'a, A: Alone + 'a>(name: &str, mut all: A, job: impl Job + 'a) -> Contender<'a> {
    let mut keys: Vec<A::Key> = (0..THINGS as u64).map(|thing| all.insert(thing)).collect();
    contender(name, move || job.work(&mut all, &mut keys))
}

fn all_alone(title: &str, job: impl Job) {
    contest(
        title,
        1,
        2 * ROUNDS,
        vec![
            alone("larder Tracker", HeapTracker::with_capacity(THINGS), job),
            alone("slotmap", slotmap::SlotMap::with_capacity(THINGS), job),
            alone("thunderdome", thunderdome::Arena::with_capacity(THINGS), job),
        ],
    );
}

#[derive(Clone, Copy)]
struct GetAll;

impl Job for GetAll {
    fn work<A: Alone>(self, all: &mut A, keys: &mut Vec<A::Key>) -> usize {
        for number in 0..OPERATIONS {
            black_box(all.get(keys[any(number)]));
        }
        OPERATIONS
    }
}

#[derive(Clone, Copy)]
struct SumAll;

impl Job for SumAll {
    fn work<A: Alone>(self, all: &mut A, _: &mut Vec<A::Key>) -> usize {
        for _ in 0..10 {
            black_box(all.sum());
        }
        10 * THINGS
    }
}

/// Removes some of all at random, and inserts as many again.
#[derive(Clone, Copy)]
struct Renew(usize);

impl Job for Renew {
    fn work<A: Alone>(self, all: &mut A, keys: &mut Vec<A::Key>) -> usize {
        for number in 0..self.0 {
            let one = number + any(number) % (keys.len() - number);
            keys.swap(number, one);
        }
        for key in keys.drain(..self.0) {
            black_box(all.remove(key));
        }
        keys.extend((0..self.0 as u64).map(|thing| all.insert(thing)));
        self.0
    }
}

fn exclusive() {
    all_alone("one thread, get", GetAll);
    all_alone("one thread, iterate", SumAll);
    all_alone("one thread, remove all at random and insert all", Renew(THINGS));
    all_alone("one thread, remove one in a hundred and insert", Renew(THINGS / 100));
}

/// Young resources among a hundred thousand old ones: what each kind of sweep visits, and how long it takes.
fn sweeps() {
    println!("\nsweeps of {THINGS} old resources and 700 young ones");
    for kind in [Age::Young, Age::Middle, Age::Old] {
        let tracker = HeapTracker::with_capacity(THINGS + 1_000);
        for thing in 0..THINGS as u64 {
            tracker.insert(thing).expect("there is room");
        }
        for _ in 0..2 {
            tracker.sweep_of(Age::Old, Instant::START, usize::MAX);
        }
        let mut visited = 0;
        let times = (0..ROUNDS).map(|_| {
            let young: Vec<Id> =
                (0..700).map(|thing| tracker.insert(thing).expect("there is room")).collect();
            let start = std::time::Instant::now();
            let swept = tracker.sweep_of(kind, Instant::START, usize::MAX);
            let time = start.elapsed().as_secs_f64() * 1e6;
            visited = swept.visited;
            for id in young {
                let _ = tracker.remove(id);
            }
            time
        });
        let time = median(times.collect());
        println!("  {kind:?}: {visited} visited, {time:.1} microseconds");
    }
}

fn main() {
    let threads = Arguments::parse().threads.get();
    shared(threads);
    exclusive();
    sweeps();
}
