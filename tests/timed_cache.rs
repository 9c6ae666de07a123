//! `TimedCache`: the same suite over inline and heap memory, against a model that is too simple to be wrong. No test sleeps.

#![cfg(not(any(larder_loom, larder_step)))]

mod common;
#[path = "common/timed_model.rs"]
mod timed_model;

use common::{Aligned, Hashing, Large, Sample, Touchy, World};
use common::{at_every_capacity, attempt, every_call_panics_once, hashing, holds};
use core::time::Duration;
use larder::cache::{Expiring, ExpiringInSteps, Idling, Inline, Inserted, Memory, Timed, TimedCache};
use larder::stats::CacheStats;
use larder::time::{Clock, Deadline, Instant, ManualClock};
use proptest::collection::vec;
use timed_model::{Gone, Model, Op, bit, duration, key_number, op, times};

/// A clock whose tick is a nanosecond.
type TestClock = ManualClock;

fn at(ticks: u64) -> Instant {
    Instant::from_ticks(ticks)
}

fn deadline(ticks: u64) -> Deadline {
    Deadline::at(at(ticks))
}

/// The ways to keep time to the tick, and what they can do.
trait Kind: Timed<Clock = TestClock> + Sized {
    fn new(clock: TestClock) -> Self;
    /// False if there is no such time.
    fn set_idle<K, V, M: Memory, H>(_: &mut TimedCache<K, V, M, Self, H>, _: Duration) -> bool {
        false
    }
}

impl Kind for Expiring<TestClock> {
    fn new(clock: TestClock) -> Self {
        Self::new(clock)
    }
}

impl Kind for Idling<TestClock> {
    fn new(clock: TestClock) -> Self {
        Self::new(clock)
    }

    fn set_idle<K, V, M: Memory, H>(cache: &mut TimedCache<K, V, M, Self, H>, idle: Duration) -> bool {
        cache.set_time_to_idle(idle);
        assert_eq!(cache.time_to_idle(), idle);
        true
    }
}

/// How to change the capacity, where the memory can.
type Resize<C> = Option<fn(&mut C, usize)>;

/// All entries, also those that are over: before the beginning nothing is.
fn residents<K: Clone, V: Clone, M: Memory, T: Kind, H>(cache: &TimedCache<K, V, M, T, H>) -> Vec<(K, V)> {
    let now = cache.clock().now();
    cache.clock().set(Instant::START);
    let entries = cache.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    cache.clock().set(now);
    entries
}

/// A cache and a model that are to be the same.
struct Pair<'a, K, V, M: Memory, T: Kind> {
    cache: TimedCache<K, V, M, T, Hashing>,
    resize: Resize<TimedCache<K, V, M, T, Hashing>>,
    model: Model<K, V>,
    op: &'a Op,
}

impl<K: Sample, V: Sample, M: Memory, T: Kind> Pair<'_, K, V, M, T> {
    fn key(&self, byte: u8) -> K {
        K::of(key_number(byte, self.model.capacity))
    }

    /// Takes out of the model what was over and the cache does not have any more, so many.
    fn settle(&mut self, gone: usize) {
        let residents = residents(&self.cache);
        self.model.settle(gone, |key| residents.iter().any(|(resident, _)| resident == key));
    }

    fn inserted(&mut self, inserted: Inserted<K, V>, expected: Gone<K, V>) {
        match (inserted, expected) {
            (Inserted::New, Gone::Nothing) => {}
            (Inserted::Replaced(old), Gone::Value(expected)) => assert_eq!(old, expected),
            (Inserted::Evicted(key, value), Gone::Entry(expected, of)) => {
                assert_eq!((key, value), (expected, of));
            }
            (Inserted::Evicted(key, value), Gone::Over) => {
                let old = self.model.entries.iter().find(|entry| entry.key == key && entry.value == value);
                assert!(old.is_some_and(|old| old.is_over(self.model.now)), "{key:?} went and was not over");
                self.settle(1);
            }
            (inserted, expected) => panic!("{inserted:?} instead of {expected:?} by {:?}", self.op),
        }
    }

    fn put(&mut self, expected: &Gone<K, V>) {
        self.settle(usize::from(*expected == Gone::Over));
    }

    fn end(&self, ttl: u64) -> u64 {
        self.model.now.saturating_add(ttl)
    }

    fn run(&mut self) {
        self.run_look_up();
        self.run_insertion();
        self.run_removal();
        self.run_setting();
    }

    fn run_look_up(&mut self) {
        match *self.op {
            Op::Get(k) => {
                let key = self.key(k);
                assert_eq!(self.cache.get(&key), self.model.get(&key).map(|value| &*value));
            }
            Op::GetMut(k, v) => {
                let key = self.key(k);
                let old = self.cache.get_mut(&key).map(|old| core::mem::replace(old, V::of(v)));
                assert_eq!(old, self.model.get(&key).map(|old| core::mem::replace(old, V::of(v))));
            }
            Op::Peek(k) => {
                let key = self.key(k);
                let at = self.model.live(&key);
                assert_eq!(self.cache.peek(&key), at.map(|at| &self.model.entries[at].value));
                assert_eq!(self.cache.peek_mut(&key).is_some(), at.is_some());
            }
            Op::Contains(k) => {
                let key = self.key(k);
                assert_eq!(self.cache.contains(&key), self.model.live(&key).is_some());
            }
            Op::Deadline(k) => {
                let key = self.key(k);
                let end = self.model.live(&key).map(|at| deadline(self.model.entries[at].ends()));
                assert_eq!(self.cache.deadline(&key), end);
            }
            Op::PeekLru => {
                let now = self.model.now;
                let last = self.model.entries.iter().rfind(|entry| !entry.is_over(now));
                assert_eq!(self.cache.peek_lru(), last.map(|entry| (&entry.key, &entry.value)));
            }
            _ => {}
        }
    }

    fn run_insertion(&mut self) {
        let end = self.end(self.model.ttl);
        match *self.op {
            Op::Insert(k, v) => {
                let expected = self.model.insert(self.key(k), V::of(v), end);
                let inserted = self.cache.insert(self.key(k), V::of(v));
                self.inserted(inserted, expected);
            }
            Op::Put(k, v) => {
                let expected = self.model.insert(self.key(k), V::of(v), end);
                self.cache.put(self.key(k), V::of(v));
                self.put(&expected);
            }
            Op::InsertFor(k, v, ttl) => {
                let expected = self.model.insert(self.key(k), V::of(v), self.end(ttl));
                let inserted = self.cache.insert_for(self.key(k), V::of(v), duration(ttl));
                self.inserted(inserted, expected);
            }
            Op::InsertUntil(k, v, end) => {
                let expected = self.model.insert(self.key(k), V::of(v), end);
                let inserted = self.cache.insert_until(self.key(k), V::of(v), deadline(end));
                self.inserted(inserted, expected);
            }
            Op::GetOrInsert(k, v) => self.get_or_insert(k, Ok(v)),
            Op::TryGetOrInsert(k, made) => self.get_or_insert(k, made),
            _ => {}
        }
    }

    fn run_removal(&mut self) {
        let now = self.model.now;
        match *self.op {
            Op::Remove(k) => {
                let key = self.key(k);
                let expected = self.remove(&key);
                assert_eq!(self.cache.remove(&key), expected.map(|(_, value)| value));
            }
            Op::RemoveEntry(k) => {
                let key = self.key(k);
                let expected = self.remove(&key);
                assert_eq!(self.cache.remove_entry(&key), expected);
            }
            Op::PopLru => {
                let mut expected = None;
                while let Some(last) = self.model.entries.last() {
                    if !last.is_over(now) {
                        expected = Some(self.model.take(self.model.entries.len() - 1));
                        break;
                    }
                    self.model.entries.pop();
                    self.model.stats.expired += 1;
                }
                assert_eq!(self.cache.pop_lru(), expected);
            }
            Op::PopExpired => {
                let gone = self.cache.pop_expired(at(now));
                assert_eq!(gone.is_some(), self.model.any_over(), "there is one, or there is none");
                self.model.stats.expired += u64::from(gone.is_some());
                self.settle(usize::from(gone.is_some()));
            }
            Op::Retain(bits) => {
                let mut n = 0;
                self.cache.retain(|_, _| {
                    n += 1;
                    bit(bits, n)
                });
                self.model.drop_over();
                let before = self.model.entries.len();
                let mut n = 0;
                self.model.entries.retain(|_| {
                    n += 1;
                    bit(bits, n)
                });
                self.model.stats.removed += (before - self.model.entries.len()) as u64;
            }
            Op::Clear => {
                self.cache.clear();
                self.model.stats.removed += self.model.entries.len() as u64;
                self.model.entries.clear();
            }
            Op::Sweep(budget) => {
                let swept = self.cache.sweep(at(now), budget);
                assert!(swept.expired <= swept.looked_at && swept.looked_at <= budget);
                self.model.stats.expired += swept.expired as u64;
                self.settle(swept.expired);
                assert!(
                    swept.looked_at == budget || !self.model.any_over(),
                    "a sweep that ended early left something"
                );
            }
            Op::Resize(capacity) => self.resize(capacity),
            _ => {}
        }
    }

    fn run_setting(&mut self) {
        let now = self.model.now;
        match *self.op {
            Op::TimeToLive(ttl) => {
                self.cache.set_time_to_live(duration(ttl));
                assert_eq!(self.cache.time_to_live(), duration(ttl));
                self.model.ttl = ttl;
            }
            Op::TimeToIdle(idle) if T::set_idle(&mut self.cache, duration(idle)) => self.model.idle = idle,
            Op::Advance(by) => self.set(now.saturating_add(by)),
            Op::Set(to) => self.set(to),
            Op::ResetStats => {
                self.cache.reset_stats();
                self.model.stats = CacheStats::default();
                self.model.uncounted = self.model.entries.len() as u64;
            }
            _ => {}
        }
    }

    fn set(&mut self, now: u64) {
        self.cache.clock().set(at(now));
        self.model.now = now;
    }

    fn remove(&mut self, key: &K) -> Option<(K, V)> {
        let at = self.model.position(key)?;
        if self.model.entries[at].is_over(self.model.now) {
            self.model.entries.remove(at);
            self.model.stats.expired += 1;
            return None;
        }
        Some(self.model.take(at))
    }

    fn get_or_insert(&mut self, k: u8, made: Result<u32, u32>) {
        let key = self.key(k);
        let end = self.end(self.model.ttl);
        let expected = if let Some(value) = self.model.get(&key).cloned() {
            Ok(Some(value))
        } else {
            // One that is over goes before something is computed.
            if let Some(at) = self.model.position(&key) {
                self.model.entries.remove(at);
                self.model.stats.expired += 1;
            }
            made.map(|value| {
                let gone = self.model.insert(key.clone(), V::of(value), end);
                let over = gone == Gone::Over;
                (!matches!(gone, Gone::Entry(..)) || self.model.capacity > 0).then_some((V::of(value), over))
            })
            .map(|made| made.map(|(value, _)| value))
        };
        let outcome =
            self.cache.try_get_or_insert_with(key.clone(), |_| made.map(V::of)).map(Option::<&mut V>::cloned);
        assert_eq!(outcome, expected);
        let over = self.model.entries.len() - self.cache.len();
        self.settle(over);
    }

    /// First those go that are over, then the least recently used ones.
    fn resize(&mut self, capacity: usize) {
        let Some(resize) = self.resize else { return };
        resize(&mut self.cache, capacity);
        self.model.capacity = capacity;
        let over = self.model.entries.iter().filter(|entry| entry.is_over(self.model.now)).count();
        let surplus = self.model.entries.len().saturating_sub(capacity);
        self.model.stats.expired += over.min(surplus) as u64;
        self.settle(over.min(surplus));
        let evicted = self.model.entries.len().saturating_sub(capacity);
        self.model.stats.evicted += evicted as u64;
        self.model.entries.truncate(capacity);
    }

    fn assert_same(&self) {
        self.cache.validate();
        let expected: Vec<(K, V)> =
            self.model.entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect();
        assert_eq!(residents(&self.cache), expected, "entries or their order after {:?}", self.op);
        assert_eq!((self.cache.len(), self.cache.is_empty()), (expected.len(), expected.is_empty()));
        assert_eq!(self.cache.capacity(), self.model.capacity);
        assert!(self.cache.len() <= self.cache.capacity());
        let live = self.model.entries.iter().filter(|entry| !entry.is_over(self.model.now));
        assert!(
            self.cache.iter().eq(live.map(|entry| (&entry.key, &entry.value))),
            "what is shown is not over"
        );
        assert_eq!(self.cache.stats(), self.model.stats, "after {:?}", self.op);
        assert_sums(self.cache.stats(), self.cache.len(), self.model.uncounted);
        let first_end = self.model.entries.iter().map(|entry| deadline(entry.ends())).min();
        assert!(self.cache.next_end() <= first_end.unwrap_or(Deadline::NEVER), "nothing ends before");
    }
}

/// `uncounted` entries were there when counting began.
fn assert_sums(stats: CacheStats, resident: usize, uncounted: u64) {
    let gone = stats.evicted + stats.expired + stats.removed + stats.replaced;
    assert_eq!(stats.inserted + uncounted, resident as u64 + gone, "what went in is in or came out");
}

/// Runs the same calls on a cache and on the model, and compares everything after each.
fn agrees<K: Sample, V: Sample, M: Memory, T: Kind>(
    cache: TimedCache<K, V, M, T, Hashing>,
    resize: Resize<TimedCache<K, V, M, T, Hashing>>,
    ops: &[Op],
) {
    let model = Model::new(cache.capacity(), cache.clock().now().ticks());
    let mut pair = Pair { cache, resize, model, op: &Op::Clear };
    for op in ops {
        pair.op = op;
        pair.run();
        pair.assert_same();
    }
}

fn inline_agrees<K: Sample, V: Sample, T: Kind, const N: usize>() {
    holds(16, &(hashing(), times(), vec(op(), 0..120)), |(hashing, start, ops)| {
        let time = <T as Kind>::new(TestClock::starting_at(at(start)));
        agrees(TimedCache::<K, V, Inline<N>, _, _>::with_hasher(time, hashing), None, &ops);
    });
}

#[cfg(feature = "alloc")]
fn heap_agrees<K: Sample, V: Sample, T: Kind>() {
    for &capacity in common::CAPACITIES {
        holds(16, &(hashing(), times(), vec(op(), 0..120)), |(hashing, start, ops)| {
            let time = <T as Kind>::new(TestClock::starting_at(at(start)));
            let cache = TimedCache::<K, V, larder::cache::Heap, _, _>::with_capacity_and_hasher(
                capacity, time, hashing,
            );
            agrees(cache, Some(TimedCache::resize), &ops);
        });
    }
}

macro_rules! agrees_with_the_model {
    ($($name:ident: $key:ty, $value:ty, $time:ty;)*) => {
        mod inline_agrees_with_the_model {
            use super::*;

            $(#[test]
            fn $name() {
                macro_rules! at {
                    ($n:literal) => {
                        inline_agrees::<$key, $value, $time, $n>();
                    };
                }
                at_every_capacity!(at);
            })*
        }

        #[cfg(feature = "alloc")]
        mod heap_agrees_with_the_model {
            use super::*;

            $(#[test]
            fn $name() {
                heap_agrees::<$key, $value, $time>();
            })*
        }
    };
}

agrees_with_the_model! {
    numbers: u32, u32, Expiring<TestClock>;
    numbers_that_idle: u32, u32, Idling<TestClock>;
    strings: String, String, Idling<TestClock>;
    without_a_value: u32, (), Expiring<TestClock>;
    without_a_key: (), u32, Idling<TestClock>;
    large: Large, Large, Expiring<TestClock>;
    aligned: Aligned, Aligned, Expiring<TestClock>;
}

// Panics.

/// Makes the calls with a fuse that may blow in one of them. After each the cache is whole, its sums are right, and every instance
/// that is not in it was dropped.
fn survives<M: Memory>(
    world: &'static World,
    cache: TimedCache<Touchy, Touchy, M, Idling<TestClock>>,
    resize: Resize<TimedCache<Touchy, Touchy, M, Idling<TestClock>>>,
    ops: &[Op],
) {
    let mut cache = Box::new(cache);
    for op in ops {
        let before = numbers(&cache);
        let done = attempt(|| run(world, &mut cache, op, resize));
        cache.validate();
        assert_sums(cache.stats(), cache.len(), 0);
        assert_eq!(world.ledger.alive(), 2 * cache.len(), "instances after {op:?}");
        if done.is_none() {
            let now = numbers(&cache);
            let unknown = now.iter().filter(|entry| !before.contains(entry)).count();
            assert!(unknown <= 1, "{op:?} puts in one entry at most: {before:?}, {now:?}");
        }
    }
    attempt(|| drop(cache));
}

/// What is in the cache, without a call of user code.
fn numbers<M: Memory>(cache: &TimedCache<Touchy, Touchy, M, Idling<TestClock>>) -> Vec<(u32, u32)> {
    let now = cache.clock().now();
    cache.clock().set(Instant::START);
    let entries = cache.iter().map(|(key, value)| (key.number, value.number)).collect();
    cache.clock().set(now);
    entries
}

/// Makes the call. What comes out is dropped, which may blow the fuse as well.
fn run<M: Memory>(
    world: &'static World,
    cache: &mut TimedCache<Touchy, Touchy, M, Idling<TestClock>>,
    op: &Op,
    resize: Resize<TimedCache<Touchy, Touchy, M, Idling<TestClock>>>,
) {
    let capacity = cache.capacity();
    let touchy = |number| Touchy::new(world, number);
    let key = |byte| touchy(key_number(byte, capacity));
    let now = cache.clock().now();
    match *op {
        Op::Get(k) => _ = cache.get(&key(k)),
        Op::GetMut(k, v) => {
            let key = key(k);
            let value = touchy(v);
            if let Some(old) = cache.get_mut(&key) {
                *old = value;
            }
        }
        Op::Peek(k) => _ = cache.peek(&key(k)),
        Op::Contains(k) => _ = cache.contains(&key(k)),
        Op::Deadline(k) => _ = cache.deadline(&key(k)),
        Op::Insert(k, v) => drop(cache.insert(key(k), touchy(v))),
        Op::Put(k, v) => cache.put(key(k), touchy(v)),
        Op::InsertFor(k, v, ttl) => drop(cache.insert_for(key(k), touchy(v), duration(ttl))),
        Op::InsertUntil(k, v, end) => drop(cache.insert_until(key(k), touchy(v), deadline(end))),
        Op::GetOrInsert(k, v) => {
            _ = cache.get_or_insert_with(key(k), |_| {
                world.call();
                touchy(v)
            });
        }
        Op::TryGetOrInsert(k, made) => {
            _ = cache.try_get_or_insert_with(key(k), |_| {
                world.call();
                made.map(touchy)
            });
        }
        Op::Remove(k) => drop(cache.remove(&key(k))),
        Op::RemoveEntry(k) => drop(cache.remove_entry(&key(k))),
        Op::PopLru => drop(cache.pop_lru()),
        Op::PeekLru => _ = cache.peek_lru(),
        Op::PopExpired => drop(cache.pop_expired(now)),
        Op::Retain(bits) => {
            let mut n = 0;
            cache.retain(|_, _| {
                world.call();
                n += 1;
                bit(bits, n)
            });
        }
        Op::Clear => cache.clear(),
        Op::Sweep(budget) => _ = cache.sweep(now, budget),
        Op::Resize(capacity) => {
            if let Some(resize) = resize {
                resize(cache, capacity);
            }
        }
        Op::TimeToLive(ttl) => cache.set_time_to_live(duration(ttl)),
        Op::TimeToIdle(idle) => cache.set_time_to_idle(duration(idle)),
        Op::Advance(by) => _ = cache.clock().advance_ticks(by),
        Op::Set(to) => _ = cache.clock().set(at(to)),
        Op::ResetStats => {}
    }
}

/// Every call, with keys that are there, keys that are not, and keys that are over; each in a run of its own.
fn every_run() -> impl Iterator<Item = Vec<Op>> {
    let calls = [
        Op::Get(1),
        Op::Get(200),
        Op::GetMut(1, 15),
        Op::Peek(1),
        Op::Contains(2),
        Op::Deadline(2),
        Op::Insert(1, 17),
        Op::Insert(5, 19),
        Op::Put(1, 20),
        Op::Put(6, 21),
        Op::InsertFor(2, 22, 3),
        Op::InsertFor(7, 22, 30),
        Op::InsertUntil(3, 22, 50),
        Op::GetOrInsert(1, 22),
        Op::GetOrInsert(7, 23),
        Op::TryGetOrInsert(1, Ok(24)),
        Op::TryGetOrInsert(0, Err(0)),
        Op::TryGetOrInsert(9, Ok(24)),
        Op::Remove(1),
        Op::RemoveEntry(2),
        Op::PopLru,
        Op::PopExpired,
        Op::Retain(0b1010_0101),
        Op::Sweep(2),
        Op::Clear,
        Op::Resize(1),
        Op::Resize(0),
        Op::Resize(5),
    ];
    calls.into_iter().map(|call| {
        // Some end before the call, some after it.
        vec![
            Op::TimeToLive(10),
            Op::Put(0, 10),
            Op::Put(1, 11),
            Op::InsertFor(2, 12, 4),
            Op::Put(3, 13),
            Op::Put(4, 14),
            Op::Advance(5),
            call.clone(),
            Op::Advance(6),
            call,
        ]
    })
}

fn timed_world_clock() -> Idling<TestClock> {
    Idling::new(TestClock::starting_at(at(1)))
}

/// Runs all of them on new caches, with a panic in each call of user code.
fn every_run_survives(survives: impl Fn(&'static World, &[Op])) {
    let calls = |run: Vec<Op>| {
        every_call_panics_once(|world| {
            survives(world, &run);
            0
        })
    };
    let calls: u32 = every_run().map(calls).sum();
    assert!(calls > 500, "only {calls} calls of user code");
}

fn inline_survives<const N: usize>() {
    every_run_survives(|world, ops| {
        survives(world, TimedCache::<_, _, Inline<N>, _>::new(timed_world_clock()), None, ops);
    });
}

#[test]
fn inline_loses_nothing_whatever_panics() {
    inline_survives::<0>();
    inline_survives::<1>();
    inline_survives::<2>();
    inline_survives::<5>();
}

#[cfg(feature = "alloc")]
#[test]
fn heap_loses_nothing_whatever_panics() {
    for capacity in [0, 1, 2, 5] {
        every_run_survives(|world, ops| {
            survives(
                world,
                TimedCache::with_capacity(capacity, timed_world_clock()),
                Some(TimedCache::resize),
                ops,
            );
        });
    }
}

#[test]
fn inline_loses_nothing_whatever_panics_in_any_order_of_calls() {
    holds(4, &(vec(op(), 1..40), 1..100_u32), |(ops, fuse)| {
        let world = World::new(fuse);
        let ops: Vec<Op> = ops.into_iter().filter(|op| !matches!(op, Op::ResetStats)).collect();
        survives(world, TimedCache::<_, _, Inline<5>, _>::new(timed_world_clock()), None, &ops);
        assert_eq!(world.ledger.alive(), 0);
    });
}

// Behaviour, one by one.

/// A cache with a clock of one tick a second.
fn cache_of_seconds<const N: usize>(
    clock: &ManualClock<1>,
) -> TimedCache<u32, u32, Inline<N>, Expiring<&ManualClock<1>>> {
    TimedCache::new(Expiring::new(clock))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn what_is_over_goes_before_the_least_recently_used() {
    let clock = ManualClock::new();
    let mut cache = cache_of_seconds::<3>(&clock);
    cache.put_for(1, 10, seconds(100));
    cache.put_for(2, 20, seconds(50));
    cache.put_for(3, 30, seconds(5));
    clock.advance(seconds(5));
    assert_eq!(cache.insert(4, 40), Inserted::Evicted(3, 30));
    assert_eq!(cache.insert(5, 50), Inserted::Evicted(1, 10));
    clock.advance(seconds(45));
    assert_eq!(cache.insert(6, 60), Inserted::Evicted(2, 20));
    assert_eq!((cache.stats().expired, cache.stats().evicted), (2, 1));
}

#[test]
fn an_entry_ends_at_its_deadline_and_not_before() {
    for start in [0, 1, 15, 16, 255, 0xFFFF_FFF0, u64::MAX - 300] {
        for ttl in [0, 1, 2, 15, 16, 17, 255, 256, 257] {
            let clock = ManualClock::<1>::starting_at(at(start));
            let mut cache = cache_of_seconds::<1>(&clock);
            cache.put_for(1, 10, seconds(ttl));
            if ttl > 0 {
                clock.advance_ticks(ttl - 1);
                assert_eq!(cache.get(&1), Some(&10), "{start} for {ttl}");
                assert_eq!(cache.sweep(clock.now(), 100).expired, 0);
                clock.advance_ticks(1);
            }
            assert_eq!(cache.get(&1), None, "{start} for {ttl}");
            assert_eq!(cache.sweep(clock.now(), 100).expired, 1);
            cache.validate();
        }
    }
}

#[test]
fn the_longest_time_is_never() {
    let clock = ManualClock::<1>::starting_at(at(u64::MAX - 1));
    let mut cache = cache_of_seconds::<4>(&clock);
    assert_eq!(cache.time_to_live(), Duration::MAX);
    cache.put(1, 10);
    cache.put_for(2, 20, Duration::MAX);
    cache.put_for(3, 30, seconds(1));
    cache.insert_until(4, 40, Deadline::NEVER).assert_new();
    clock.advance(Duration::MAX);
    assert_eq!(clock.now(), Instant::MAX);
    assert_eq!(cache.iter().count(), 4, "what would end with the clock does not end");
    assert_eq!((cache.sweep(clock.now(), 100).expired, cache.next_end()), (0, Deadline::NEVER));
}

/// Whether an insertion displaced nothing.
trait AssertNew {
    fn assert_new(self);
}

impl<K: core::fmt::Debug, V: core::fmt::Debug> AssertNew for Inserted<K, V> {
    fn assert_new(self) {
        assert!(matches!(self, Self::New), "{self:?}");
    }
}

#[test]
fn a_clock_that_goes_back_makes_things_live_longer() {
    let clock = ManualClock::starting_at(at(1_000));
    let mut cache = cache_of_seconds::<4>(&clock);
    cache.put_for(1, 10, seconds(10));
    clock.set(at(2_000));
    assert_eq!(cache.get(&1), None);
    assert_eq!(cache.sweep(at(1_005), 10).expired, 0);
    clock.set(at(5));
    assert_eq!(cache.get(&1), Some(&10));
    // It ends before anything that the wheel knows of.
    cache.put_for(2, 20, seconds(1));
    cache.validate();
    clock.set(at(6));
    assert_eq!(cache.get(&1), Some(&10));
    assert_eq!(cache.get(&2), None);
    assert_eq!(cache.pop_expired(clock.now()), Some((2, 20)));
    assert_eq!(cache.pop_expired(at(1_010)), Some((1, 10)));
}

/// A clock between two times, a thousand times there and back, with entries that end at both.
#[test]
fn a_clock_that_goes_back_and_forth_costs_no_entry_its_end() {
    let clock = ManualClock::starting_at(at(10));
    let mut cache = cache_of_seconds::<64>(&clock);
    for turn in 0..1_000_u32 {
        clock.set(at(if turn % 2 == 0 { 1 << 40 } else { 10 + u64::from(turn) }));
        cache.put_for(turn, turn, seconds(u64::from(turn % 7)));
        cache.sweep(clock.now(), 3);
        cache.validate();
    }
    clock.set(at(1 << 41));
    let left = cache.len();
    assert_eq!(cache.sweep(clock.now(), usize::MAX).expired, left);
    assert!(cache.is_empty());
}

#[test]
fn a_use_puts_an_idle_end_off_and_a_peek_does_not() {
    let clock = ManualClock::<1>::new();
    let time = Idling::new(&clock).with_time_to_live(seconds(25)).with_time_to_idle(seconds(10));
    let mut cache: TimedCache<u32, u32, Inline<2>, _> = TimedCache::new(time);
    cache.put(1, 10);
    cache.put(2, 20);
    clock.advance(seconds(9));
    assert!(cache.get(&1).is_some() && cache.peek(&2).is_some() && cache.contains(&2));
    clock.advance(seconds(1));
    assert!(cache.peek(&1).is_some() && cache.peek(&2).is_none());
    // The first one's end was put off: it is not taken for the one that is over.
    assert_eq!(cache.insert(3, 30), Inserted::Evicted(2, 20));
    clock.advance(seconds(8));
    assert_eq!(cache.deadline(&1), Some(deadline(19)));
    assert!(cache.get(&1).is_some());
    clock.advance(seconds(7));
    assert_eq!(cache.get(&1), None);
}

#[test]
fn a_shorter_life_is_seen_at_once() {
    let clock = ManualClock::<1>::new();
    let mut cache = cache_of_seconds::<2>(&clock);
    cache.put_for(1, 10, seconds(1_000));
    cache.put_for(2, 20, seconds(2_000));
    assert_eq!(cache.insert_for(2, 21, seconds(1)), Inserted::Replaced(20));
    clock.advance(seconds(1));
    assert_eq!(cache.insert(3, 30), Inserted::Evicted(2, 21));
}

#[test]
fn an_entry_that_is_over_is_not_replaced_but_gone() {
    let clock = ManualClock::<1>::new();
    let mut cache = cache_of_seconds::<2>(&clock);
    cache.put_for(1, 10, seconds(1));
    clock.advance(seconds(1));
    assert_eq!(cache.insert(1, 11), Inserted::Evicted(1, 10));
    let stats = cache.stats();
    assert_eq!((stats.inserted, stats.expired, stats.replaced), (2, 1, 0));
    cache.put_for(2, 20, seconds(1));
    clock.advance(seconds(1));
    assert_eq!((cache.remove(&2), cache.len(), cache.stats().removed), (None, 1, 0));
}

#[test]
fn a_computed_value_lives_from_when_it_is_put_in() {
    let clock = ManualClock::<1>::new();
    let mut cache = cache_of_seconds::<2>(&clock);
    cache.set_time_to_live(seconds(5));
    let made = cache.get_or_insert_with(1, |_| {
        clock.advance(seconds(100));
        10
    });
    assert_eq!(made, Some(&mut 10));
    clock.advance(seconds(4));
    assert_eq!(cache.get_or_insert_with(1, |_| unreachable!()), Some(&mut 10));
    clock.advance(seconds(1));
    assert_eq!(cache.get_or_insert_with(1, |_| 11), Some(&mut 11));
}

#[test]
fn jitter_shortens_lives_within_its_bounds_and_differently() {
    const LIFE: u64 = 1_000;
    holds(1, &(0..2 * LIFE, proptest::prelude::any::<u64>()), |(most, seed)| {
        let clock = ManualClock::<1>::starting_at(at(77));
        let mut cache = cache_of_seconds::<64>(&clock);
        cache.set_time_to_live(seconds(LIFE));
        cache.set_jitter(seconds(most), seed);
        cache.extend((0..63).map(|key| (key, key)));
        let ends: Vec<u64> = (0..63)
            .map(|key| cache.deadline(&key).and_then(Deadline::instant).expect("it ends").ticks() - 77)
            .collect();
        let least = LIFE.saturating_sub(most).max(1);
        assert!(ends.iter().all(|end| (least..=LIFE).contains(end)), "{ends:?}");
        let different = ends.iter().collect::<std::collections::HashSet<_>>().len();
        assert!(most < 100 || different > 20, "{ends:?}");
        // It leaves alone what has a deadline, what never ends, and what lives for a tick.
        let _ = cache.insert_until(100, 0, deadline(500));
        assert_eq!(cache.deadline(&100), Some(deadline(500)));
        cache.put_for(101, 0, Duration::MAX);
        assert_eq!(cache.deadline(&101), Some(Deadline::NEVER));
        cache.put_for(102, 0, seconds(1));
        assert_eq!(cache.deadline(&102), Some(deadline(78)));
        cache.set_jitter(Duration::ZERO, seed);
        cache.put(103, 0);
        assert_eq!(cache.deadline(&103), Some(deadline(77 + LIFE)));
    });
}

#[test]
fn jitter_follows_from_its_seed() {
    let ends = |seed| {
        let clock = ManualClock::<1>::new();
        let mut cache = cache_of_seconds::<8>(&clock);
        cache.set_time_to_live(seconds(1_000_000));
        cache.set_jitter(seconds(500_000), seed);
        cache.extend((0..8).map(|key| (key, key)));
        (0..8).map(|key| cache.deadline(&key)).collect::<Vec<_>>()
    };
    assert_eq!(ends(1), ends(1));
    assert_ne!(ends(1), ends(2));
}

#[test]
fn deadlines_in_steps_end_with_their_step() {
    let clock = ManualClock::<1_000>::new();
    let time: ExpiringInSteps<_, 1> =
        ExpiringInSteps::new(&clock).with_time_to_live(Duration::from_millis(2_500));
    let mut cache: TimedCache<u32, u32, Inline<2>, _> = TimedCache::new(time);
    cache.put(1, 10);
    clock.advance(Duration::from_millis(2_999));
    assert_eq!(cache.get(&1), Some(&10));
    assert_eq!(cache.sweep(clock.now(), 10).expired, 0);
    clock.advance(Duration::from_millis(1));
    assert_eq!(cache.get(&1), None);
    assert_eq!(cache.pop_expired(clock.now()), Some((1, 10)));
    cache.validate();
}

/// Each slice looks at no more than it may, all of them together at each entry about once a level, and the last leaves nothing.
#[test]
fn a_hundred_thousand_ends_are_swept_in_bounded_slices() {
    // An interpreter takes long for them, and a cache that is inline lies on the stack.
    const ENTRIES: u32 = if cfg!(all(feature = "alloc", not(miri))) { 100_000 } else { 100 };
    const BUDGET: usize = 64;
    let clock = TestClock::starting_at(at(1));
    let mut cache = new_large(ENTRIES as usize, &clock);
    for number in 0..ENTRIES {
        cache.put_for(number, number, Duration::from_nanos(u64::from(number) * 7_919 % 1_000_000_000));
    }
    let (mut expired, mut looked_at) = (0, 0);
    for step in 1..=20 {
        clock.set(at(1 + step * 50_000_000));
        loop {
            let swept = cache.sweep(clock.now(), BUDGET);
            assert!(swept.looked_at <= BUDGET);
            expired += swept.expired;
            looked_at += swept.looked_at;
            if swept.looked_at < BUDGET {
                break;
            }
        }
        assert!(cache.iter().count() == cache.len(), "what was swept has nothing left that is over");
    }
    cache.validate();
    assert_eq!((expired, cache.len()), (ENTRIES as usize, 0));
    assert!(looked_at <= 4 * ENTRIES as usize, "{looked_at}");
}

#[cfg(feature = "alloc")]
fn new_large(
    capacity: usize,
    clock: &TestClock,
) -> TimedCache<u32, u32, larder::cache::Heap, Expiring<&TestClock>> {
    TimedCache::with_capacity(capacity, Expiring::new(clock))
}

#[cfg(not(feature = "alloc"))]
fn new_large(_: usize, clock: &TestClock) -> TimedCache<u32, u32, Inline<100>, Expiring<&TestClock>> {
    TimedCache::new(Expiring::new(clock))
}

/// Who sleeps until `next_end` and sweeps then wakes up a few times for an entry, and leaves none.
#[test]
fn the_next_end_comes_closer_with_each_sweep() {
    for life in [1, 15, 16, 1_000_000_007, 1 << 50, u64::MAX - 2] {
        let clock = TestClock::starting_at(at(1));
        let mut cache: TimedCache<u32, u32, Inline<1>, _> = TimedCache::new(Expiring::new(&clock));
        cache.put_for(1, 10, Duration::from_nanos(life));
        let mut wakes = 0;
        while let Some(next) = cache.next_end().instant() {
            assert!(next > clock.now() || wakes == 0, "time goes on");
            clock.set(next.max(clock.now()));
            cache.sweep(clock.now(), 1);
            wakes += 1;
        }
        assert!(cache.is_empty() && wakes <= 17, "{wakes} for {life}");
        assert_eq!(clock.now().ticks(), 1 + life);
    }
}

#[test]
fn a_static_cache_needs_no_code_to_exist() {
    static CLOCK: ManualClock = ManualClock::new();
    type Cache = TimedCache<u32, u32, Inline<64>, Expiring<&'static ManualClock>>;
    static CACHE: std::sync::Mutex<Cache> = std::sync::Mutex::new(TimedCache::new(Expiring::new(&CLOCK)));
    let mut cache = CACHE.lock().unwrap();
    cache.set_time_to_live(Duration::from_nanos(1));
    cache.extend((0..100).map(|n| (n, n)));
    assert_eq!((cache.len(), cache.iter().count()), (64, 64));
    CLOCK.advance_ticks(1);
    assert_eq!((cache.len(), cache.iter().count()), (64, 0));
    assert_eq!(cache.stats().evicted, 36);
}

/// With a clock of its own it is all zero: it lies in `.bss`.
#[test]
fn a_static_cache_may_have_its_clock_within() {
    type Cache = TimedCache<u32, u32, Inline<64>, Idling<ManualClock>>;
    static ZERO: std::sync::Mutex<Cache> =
        std::sync::Mutex::new(TimedCache::new(Idling::new(ManualClock::new())));
    let mut cache = ZERO.lock().unwrap();
    cache.set_time_to_idle(Duration::from_nanos(2));
    cache.put(1, 10);
    cache.clock().advance_ticks(1);
    assert_eq!(cache.get(&1), Some(&10));
    cache.clock().advance_ticks(2);
    assert_eq!(cache.get(&1), None);
}

#[test]
fn capacity_0_hands_everything_back() {
    let clock = ManualClock::<1>::new();
    let mut cache = cache_of_seconds::<0>(&clock);
    assert_eq!(cache.insert(1, 10), Inserted::Evicted(1, 10));
    assert_eq!(cache.get_or_insert_with(1, |_| 11), None);
    assert_eq!(cache.try_get_or_insert_with(1, |_| Err("no")), Err("no"));
    assert!(
        cache.get(&1).is_none() && cache.pop_lru().is_none() && cache.pop_expired(Instant::MAX).is_none()
    );
    assert_eq!(cache.sweep(Instant::MAX, 10).looked_at, 0);
    cache.validate();
}

#[test]
fn iterators_and_debug_show_what_is_not_over() {
    let clock = ManualClock::<1>::new();
    let mut cache = cache_of_seconds::<4>(&clock);
    for key in 0..4 {
        cache.put_for(key, key * 10, seconds(u64::from(key)));
    }
    clock.advance(seconds(1));
    assert_eq!(format!("{cache:?}"), "{3: 30, 2: 20}");
    let mut entries = cache.iter();
    assert_eq!((entries.size_hint(), entries.next_back()), ((0, Some(4)), Some((&2, &20))));
    assert!(entries.clone().eq([(&3, &30)]));
    assert_eq!(format!("{entries:?}"), "TimedIter { .. }");
    assert_eq!((&cache).into_iter().count(), 2);
    assert_eq!(cache.peek_lru(), Some((&2, &20)));
    assert_eq!(cache.pop_lru(), Some((2, 20)));
    assert_eq!((cache.len(), cache.stats().expired), (1, 2));
}
