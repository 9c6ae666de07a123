//! `Cache`: the same suite over all memory, all ways to keep time and all recorders, against a model that leaves the cache one
//! choice, the victim.

#![cfg(not(any(larder_loom, larder_step)))]

#[path = "common/cache_model.rs"]
mod cache_model;
mod common;

use cache_model::{Checked, Counts, Kind, Op, TestClock, assert_sums, op, run, ticks};
use common::{Aligned, AlignedNothing, Hashing, Large, Ledger, Sample, Token, Touchy, World};
use common::{assert_in_place, attempt, every_call_panics_once, hashing, holds, unwind_over, with_a_guest};
use core::cell::Cell;
use core::hash::{BuildHasher, Hash, Hasher};
use core::mem::{self, MaybeUninit};
#[cfg(all(feature = "std", not(miri)))]
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use larder::CapacityError;
use larder::cache::{
    Cache, CellKind, Expiring, ExpiringInSteps, Filled, Idling, LentCache, Pinned, Ref, Removed, SetOf,
    Setup, StaticCache,
};
#[cfg(feature = "alloc")]
use larder::cache::{Heap, Suits};
use larder::cache::{Sets, Store, Stored, Time, Untimed, Words};
use larder::key::{DefaultHash, Equivalent};
use larder::stats::{CacheRecorder, Off, Striped};
use larder::time::{Clock, Deadline, Instant};
use proptest::collection::vec;
use std::collections::{HashMap, HashSet};

/// What a cache is made with here.
fn setup<'c, H, T: Kind<'c>, R: Counts>(hasher: H, clock: &'c TestClock) -> Setup<H, T, R> {
    Setup { hasher, time: T::new(clock), recorder: R::default(), cell: Pinned }
}

/// Capacities of run time: those at which caches have gone wrong elsewhere, and those around sets of 8 and of 16. (An
/// interpreter takes a thousand times as long.)
#[cfg(feature = "alloc")]
const CAPACITIES: &[usize] =
    if cfg!(miri) { &[0, 1, 17] } else { &[0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 1000] };

// The suite.

/// Makes the calls, each held against the model.
fn agrees<'c, K: Sample, V: Sample, M, T, R, X: CellKind>(
    cache: &Cache<K, V, M, Setup<Hashing, T, R, X>>,
    clock: &'c TestClock,
    ops: &[Op],
) where
    M: Store,
    T: Kind<'c>,
    R: Counts,
{
    let mut checked = Checked::new(cache, clock);
    for op in ops {
        checked.step(op);
    }
    for entry in cache {
        assert_in_place(Ref::key(&entry));
        assert_in_place::<V>(&entry);
    }
}

fn of_random_calls(share: u32, property: impl Fn(Hashing, &TestClock, &[Op])) {
    holds(share, &(hashing(), vec(op(), 0..120)), |(hashing, ops)| {
        property(hashing, &TestClock::new(), &ops);
    });
}

fn inline_agrees<K: Sample, V: Sample>() {
    of_random_calls(16, |hashing, clock, ops| {
        let cache = StaticCache::<K, V, 1, 8, _>::with(setup::<_, Expiring<_>, Striped<1>>(hashing, clock));
        agrees(&cache, clock, ops);
        let cache = StaticCache::<K, V, 1, 16, _>::with(setup::<_, Untimed, Off>(hashing, clock));
        agrees(&cache, clock, ops);
        let cache = StaticCache::<K, V, 3, 8, _>::with(setup::<_, Idling<_>, Striped<8>>(hashing, clock));
        agrees(&cache, clock, ops);
        let with = setup::<_, ExpiringInSteps<_, 1_000>, Striped<1>>(hashing, clock);
        agrees(&StaticCache::<K, V, 2, 8, _>::with(with), clock, ops);
        let cache = StaticCache::<K, V, 0, 8, _>::with(setup::<_, Idling<_>, Striped<1>>(hashing, clock));
        agrees(&cache, clock, ops);
    });
}

fn lent_agrees<K: Sample, V: Sample>() {
    of_random_calls(16, |hashing, clock, ops| {
        let setup_8 = setup::<_, Idling<_>, Striped<1>>(hashing, clock);
        let mut memory: Vec<_> = (0..2).map(|_| MaybeUninit::uninit()).collect();
        agrees(&LentCache::<K, V, 8, _>::in_place(&mut memory, setup_8), clock, ops);

        let setup_16 = || setup::<_, Expiring<_>, Striped<1>>(hashing, clock);
        let size = LentCache::<K, V, 16, Setup<Hashing, Expiring<&TestClock>, Striped<1>>>::LAYOUT.size();
        // Wherever it begins there is room for one set.
        let mut memory = vec![MaybeUninit::uninit(); 2 * size + 3];
        for skipped in [0, 1, 3] {
            let cache = LentCache::<K, V, 16, _>::in_bytes(&mut memory[skipped..], setup_16()).unwrap();
            assert!(cache.capacity() >= 16);
            agrees(&cache, clock, ops);
        }
    });
}

#[cfg(feature = "alloc")]
fn heap_agrees<K: Sample, V: Sample>() {
    for &capacity in CAPACITIES {
        of_random_calls(64, |hashing, clock, ops| {
            let with = setup::<_, Idling<_>, Striped<1>>(hashing, clock);
            let cache = larder::cache::HeapCache::<K, V, _>::with_capacity_and(capacity, with);
            assert_eq!(cache.capacity(), capacity);
            agrees(&cache, clock, ops);
        });
    }
}

macro_rules! agrees_with_the_model {
    ($($name:ident: $key:ty, $value:ty;)*) => {
        mod inline_agrees_with_the_model {
            use super::*;

            $(#[test]
            fn $name() {
                inline_agrees::<$key, $value>();
            })*
        }

        mod lent_agrees_with_the_model {
            use super::*;

            $(#[test]
            fn $name() {
                lent_agrees::<$key, $value>();
            })*
        }

        #[cfg(feature = "alloc")]
        mod heap_agrees_with_the_model {
            use super::*;

            $(#[test]
            fn $name() {
                heap_agrees::<$key, $value>();
            })*
        }
    };
}

agrees_with_the_model! {
    numbers: u32, u32;
    strings: String, String;
    without_a_value: u32, ();
    without_a_key: (), u32;
    without_anything: (), ();
    large: Large, Large;
    aligned: Aligned, Aligned;
    aligned_nothing: AlignedNothing, AlignedNothing;
}

/// Plain data of every width of its pieces, and of none.
mod words_agree_with_the_model {
    use super::*;
    use bytemuck::Pod;

    fn words_agree<K: Sample + Pod, V: Sample + Pod>() {
        of_random_calls(16, |hashing, clock, ops| {
            let with = setup::<_, Expiring<_>, Striped<1>>(hashing, clock).cell(Words);
            agrees(&StaticCache::<K, V, 1, 8, _>::with(with), clock, ops);
            let with = setup::<_, Untimed, Off>(hashing, clock).cell(Words);
            agrees(&StaticCache::<K, V, 3, 16, _>::with(with), clock, ops);
            let with = setup::<_, Idling<_>, Striped<8>>(hashing, clock).cell(Words);
            agrees(&StaticCache::<K, V, 2, 8, _>::with(with), clock, ops);
        });
    }

    #[test]
    fn numbers() {
        words_agree::<u32, u32>();
    }

    #[test]
    fn numbers_of_different_sizes() {
        words_agree::<u8, u64>();
        words_agree::<u64, u16>();
    }

    #[test]
    fn large() {
        words_agree::<u64, Large>();
    }

    #[test]
    fn bytes() {
        words_agree::<[u8; 5], [u8; 3]>();
    }

    #[test]
    fn nothing() {
        words_agree::<u32, ()>();
        words_agree::<(), ()>();
    }
}

// Panics, and calls back.

/// A cache of `Touchy` things that end, counted.
type TouchyCache<'c, M> = Cache<Touchy, Touchy, M, Setup<DefaultHash, Idling<&'c TestClock>, Striped<1>>>;

fn touchy_setup(clock: &TestClock) -> Setup<DefaultHash, Idling<&TestClock>, Striped<1>> {
    setup(DefaultHash::new(), clock)
}

/// The key of a value: user code that calls back, or panics, must not bring them into disorder.
fn key_of(value: u32) -> u32 {
    value / 1_000
}

/// The value that an operation stores says which key it is for.
fn bind(op: &Op, serial: u32) -> Op {
    let value = |key: u8| u32::from(key) * 1_000 + serial;
    match *op {
        Op::Insert(k, _) => Op::Insert(k, value(k)),
        Op::InsertFor(k, _, ttl) => Op::InsertFor(k, value(k), ttl),
        Op::InsertUntil(k, _, end) => Op::InsertUntil(k, value(k), end),
        Op::Put(k, _) => Op::Put(k, value(k)),
        Op::GetOrInsert(k, _) => Op::GetOrInsert(k, value(k)),
        Op::GetRefOrInsert(k, _) => Op::GetRefOrInsert(k, value(k)),
        Op::TryGetOrInsert(k, Ok(_)) => Op::TryGetOrInsert(k, Ok(value(k))),
        ref op => op.clone(),
    }
}

/// What can be seen, without a call of user code.
fn contents<M: Store>(cache: &TouchyCache<'_, M>) -> HashMap<u32, u32> {
    let mut contents = HashMap::new();
    for entry in cache {
        let before = contents.insert(Ref::key(&entry).number, entry.number);
        assert_eq!(before, None, "two entries of one key");
        assert_eq!(key_of(entry.number), Ref::key(&entry).number, "another key's value");
    }
    contents
}

/// What is true after each call, whatever happened in it, where nobody holds anything.
fn assert_in_order<M: Store>(world: &World, cache: &TouchyCache<'_, M>) {
    let hidden = cache.validate(0);
    assert_sums(cache.stats(), cache.len());
    contents(cache);
    assert_eq!(world.ledger.alive(), 2 * (cache.len() + hidden), "instances that are not in the cache");
}

/// Makes a call, with keys that are the operation's numbers, and drops what it gives.
fn call<M: Store>(world: &'static World, clock: &TestClock, cache: &TouchyCache<'_, M>, op: &Op) {
    let key = |byte: u8| Touchy::new(world, byte.into());
    let value = |number| Touchy::new(world, number);
    drop(run(cache, clock, op, key, value, || world.call()));
}

/// The key that an operation may store, and whether it may take out others than one victim.
fn reach(op: &Op) -> (Option<u8>, bool) {
    match *op {
        Op::Insert(k, _)
        | Op::InsertFor(k, ..)
        | Op::InsertUntil(k, ..)
        | Op::Put(k, _)
        | Op::GetOrInsert(k, _)
        | Op::GetRefOrInsert(k, _)
        | Op::TryGetOrInsert(k, _)
        | Op::Remove(k) => (Some(k), false),
        Op::Retain(_) | Op::Clear | Op::Shrink(_) => (None, true),
        _ => (None, false),
    }
}

/// Makes the calls with a fuse that may blow in one of them. After each the cache is as it was before, or the call was made;
/// every instance that is not in it was dropped, and the next call finds it in order.
fn survives<M: Store>(world: &'static World, clock: &TestClock, cache: &TouchyCache<'_, M>, ops: &[Op]) {
    for op in ops {
        let before = contents(cache);
        let done = attempt(|| call(world, clock, cache, op));
        let after = contents(cache);
        assert_in_order(world, cache);
        if matches!(op, Op::Advance(_) | Op::TurnBack(_)) {
            continue;
        }
        let (own, takes_many) = reach(op);
        let is_own = |key: &u32| own.is_some_and(|k| u32::from(k) == *key);
        let changed = after.iter().filter(|&(key, value)| before.get(key) != Some(value));
        for (key, _) in changed {
            assert!(is_own(key), "{op:?} has changed {key}, done: {done:?}");
        }
        let gone = before.keys().filter(|key| !after.contains_key(key) && !is_own(key)).count();
        let room = if takes_many { before.len() } else { usize::from(own.is_some()) };
        assert!(gone <= room, "{op:?} took {gone} others, done: {done:?}");
    }
}

/// Every call, with keys that are there, keys that are not, and keys that are over.
fn every_op() -> Vec<Op> {
    let fill = || (0..6).map(|key| Op::Put(key, 0));
    let mut ops = vec![Op::SetTimeToLive(100), Op::SetTimeToIdle(50)];
    ops.extend(fill());
    ops.extend([Op::Get(5), Op::Get(9), Op::GetRef(5), Op::GetWith(4), Op::GetWith(9), Op::Peek(5)]);
    ops.extend([Op::Contains(5), Op::Contains(9), Op::Iter]);
    ops.extend([Op::Insert(5, 0), Op::Insert(6, 0), Op::Put(6, 0), Op::Put(7, 0)]);
    ops.extend([Op::GetOrInsert(7, 0), Op::GetOrInsert(8, 0), Op::GetRefOrInsert(8, 0)]);
    ops.extend([Op::GetRefOrInsert(9, 0), Op::TryGetOrInsert(9, Ok(0)), Op::TryGetOrInsert(1, Ok(0))]);
    ops.extend([Op::TryGetOrInsert(1, Err(0)), Op::TryGetOrInsert(2, Err(0))]);
    ops.extend([Op::Remove(1), Op::Remove(1)]);
    ops.extend(fill());
    // Half of them are over, and are met by each that can meet them.
    ops.extend([Op::InsertFor(0, 0, 10), Op::InsertUntil(1, 0, 10), Op::InsertFor(2, 0, 10)]);
    ops.extend([Op::Advance(10), Op::Get(0), Op::Insert(0, 0), Op::Remove(1), Op::Sweep(100)]);
    ops.extend([Op::InsertFor(0, 0, 10), Op::InsertFor(4, 0, 10), Op::InsertFor(5, 0, 10)]);
    ops.extend([Op::Advance(10), Op::GetOrInsert(0, 0), Op::Put(3, 0), Op::Retain(u64::MAX)]);
    ops.extend(fill());
    ops.extend([Op::Retain(0x5555_5555_5555_5555), Op::Retain(0)]);
    ops.extend(fill());
    ops.push(Op::Clear);
    ops.extend(fill());
    ops.extend([Op::Advance(60), Op::GetOrInsert(2, 0), Op::Put(3, 0), Op::Clear]);
    ops.extend(fill());
    ops.extend([Op::InsertFor(0, 0, 10), Op::Advance(10), Op::Shrink(3), Op::Shrink(0)]);
    ops.extend(fill());
    ops.iter().zip(1..).map(|(op, serial)| bind(op, serial)).collect()
}

#[test]
fn inline_loses_nothing_whatever_panics() {
    let calls = every_call_panics_once(|world| {
        let clock = TestClock::new();
        let cache = StaticCache::<_, _, 1, 8, _>::with(touchy_setup(&clock));
        survives(world, &clock, &cache, &every_op());
        attempt(|| drop(cache));
        0
    });
    assert!(calls > 100, "only {calls} calls of user code");
}

#[test]
fn lent_loses_nothing_whatever_panics() {
    let calls = every_call_panics_once(|world| {
        let clock = TestClock::new();
        let mut memory = [const { MaybeUninit::uninit() }; 1];
        let cache = LentCache::<_, _, 8, _>::in_place(&mut memory, touchy_setup(&clock));
        survives(world, &clock, &cache, &every_op());
        attempt(|| drop(cache));
        0
    });
    assert!(calls > 100, "only {calls} calls of user code");
}

#[cfg(feature = "alloc")]
#[test]
fn heap_loses_nothing_whatever_panics() {
    for &capacity in if cfg!(miri) { &[2][..] } else { &[0, 1, 5, 17] } {
        let calls = every_call_panics_once(|world| {
            let clock = TestClock::new();
            let cache = larder::cache::HeapCache::with_capacity_and(capacity, touchy_setup(&clock));
            survives(world, &clock, &cache, &every_op());
            attempt(|| drop(cache));
            0
        });
        assert!(calls > 100, "only {calls} calls of user code");
    }
}

#[test]
fn nothing_is_lost_whatever_panics_in_any_order_of_calls() {
    holds(2, &(vec(op(), 1..30), 1..100_u32), |(ops, fuse)| {
        let ops: Vec<Op> = ops.iter().zip(1..).map(|(op, serial)| bind(op, serial)).collect();
        let world = World::new(fuse);
        let clock = TestClock::new();
        let cache = StaticCache::<_, _, 1, 8, _>::with(touchy_setup(&clock));
        survives(world, &clock, &cache, &ops);
        attempt(|| drop(cache));
        assert_eq!(world.ledger.alive(), 0);
    });
}

mod user_code_calls_back {
    //! Every operation, and within each of its calls of user code another one, and then a panic in each call that follows. On
    //! one cache of one set, so that they meet.

    use super::*;
    use core::cell::RefCell;

    static CLOCK: TestClock = TestClock::new();

    type Here = larder::cache::Sets<1, 8>;

    static CACHE: TouchyCache<'static, Here> = StaticCache::with(Setup {
        cell: Pinned,
        hasher: DefaultHash::new(),
        time: Idling::new(&CLOCK),
        recorder: Striped::new(),
    });

    /// There is one cache: the tests of this module take turns.
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());

    /// What a reference that is held all the while is dropped by.
    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Holds {
        Nothing,
        ToTheEnd,
        UntilTheGuest,
    }

    std::thread_local! {
        static HELD: RefCell<Option<Ref<'static, Touchy, Touchy>>> = const { RefCell::new(None) };
    }

    fn let_go() {
        let held = HELD.with(RefCell::take);
        drop(held);
    }

    /// The key that is used most: there, used, or over. The cache is full.
    const MINE: u8 = 3;

    /// Operations, and whether that key and some others are over when they begin.
    fn hosts() -> Vec<(Op, bool)> {
        let fresh = [
            Op::GetWith(MINE),
            Op::Insert(MINE, 0),
            Op::Put(MINE, 0),
            Op::GetOrInsert(MINE, 0),
            Op::Remove(MINE),
            Op::Insert(20, 0),
            Op::GetOrInsert(20, 0),
            Op::TryGetOrInsert(22, Ok(0)),
            Op::Retain(0xFF00_FF00_FF00_FF00),
            Op::Clear,
        ];
        let over = [Op::Insert(MINE, 0), Op::GetRefOrInsert(MINE, 0), Op::Insert(20, 0), Op::Sweep(8)];
        let fresh = fresh.into_iter().map(|op| (op, false));
        fresh.chain(over.into_iter().map(|op| (op, true))).collect()
    }

    fn guests() -> Vec<Op> {
        let mut guests = vec![Op::Insert(MINE, 0), Op::GetOrInsert(MINE, 0), Op::Remove(MINE)];
        guests.extend([Op::Insert(20, 0), Op::Insert(30, 0), Op::Clear, Op::Sweep(8), Op::Advance(100)]);
        guests
    }

    /// One host with its guest in its `at`-th call of user code, and a panic in the `fuse`-th one. Whether there were so many, of
    /// both.
    fn meet((host, over): &(Op, bool), guest: &Op, holds: Holds, at: u32, fuse: u32) -> (bool, bool) {
        let world = World::new(0);
        CLOCK.set(Instant::START);
        for key in 0..8 {
            let life = if key % 3 == 0 { 100 } else { u64::MAX };
            call(world, &CLOCK, &CACHE, &bind(&Op::InsertFor(key, 0, life), 1));
        }
        if holds != Holds::Nothing {
            HELD.set(CACHE.get_ref(&Touchy::new(world, MINE.into())));
        }
        if *over {
            CLOCK.advance_ticks(100);
        }
        let visit = {
            let guest = bind(guest, 2);
            move || {
                if holds == Holds::UntilTheGuest {
                    let_go();
                }
                call(world, &CLOCK, &CACHE, &guest);
            }
        };
        world.arm(fuse);
        let came = with_a_guest(at, visit, || {
            attempt(|| call(world, &CLOCK, &CACHE, &bind(host, 3)));
        });
        let has_blown = fuse != 0 && world.has_blown();
        // What is held may be the only thing left of its entry.
        let hidden = CACHE.validate(usize::from(HELD.with_borrow(Option::is_some)));
        assert_eq!(world.ledger.alive(), 2 * (CACHE.len() + hidden), "while one is held");
        attempt(let_go);
        world.arm(0);
        assert_in_order(world, &CACHE);
        CACHE.clear();
        assert_eq!((CACHE.len(), world.ledger.alive()), (0, 0));
        (came, has_blown)
    }

    struct Scene<'a>(&'a dyn core::fmt::Debug);

    impl Drop for Scene<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("{:?}", self.0);
            }
        }
    }

    #[test]
    fn and_nothing_is_lost_or_half_done_whatever_panics_then() {
        let _turn = TURN.lock();
        for host in &hosts() {
            for guest in &guests() {
                for holds in [Holds::Nothing, Holds::ToTheEnd, Holds::UntilTheGuest] {
                    let mut met = 0;
                    for at in 0.. {
                        let run = |fuse| {
                            let scene = (host, guest, holds, at, fuse);
                            let _scene = Scene(&scene);
                            meet(host, guest, holds, at, fuse)
                        };
                        if !run(0).0 {
                            break;
                        }
                        met += 1;
                        // The panic comes in the guest, or after it.
                        let mut fuse = at + 1;
                        while run(fuse).1 {
                            fuse += 1;
                        }
                    }
                    assert_ne!(met, 0, "{host:?} calls no user code");
                }
            }
        }
    }
}

/// What is not called, and what it owns, is dropped; if that panics, the reference that was found is let go.
#[test]
fn a_computation_that_is_not_needed_loses_nothing_when_it_is_dropped() {
    let calls = every_call_panics_once(|world| {
        let clock = TestClock::new();
        let cache = StaticCache::<_, _, 1, 8, _>::with(touchy_setup(&clock));
        let touchy = |number| Touchy::new(world, number);
        let stored = attempt(|| drop(cache.insert(touchy(1), touchy(1_000))));
        let owned = touchy(9);
        attempt(|| {
            drop(cache.get_ref_or_insert_with(touchy(1), move || {
                assert!(stored.is_none(), "computed what was there");
                let _owned = &owned;
                touchy(1_001)
            }));
        });
        assert_in_order(world, &cache);
        attempt(|| drop(cache));
        0
    });
    assert!(calls > 5);
}

#[test]
fn the_error_of_a_computation_is_not_lost_if_dropping_the_key_panics() {
    every_call_panics_once(|world| {
        let cache = StaticCache::<Touchy, u32, 1, 8>::new();
        let key = Touchy::new(world, 1);
        attempt(|| drop(cache.try_get_ref_or_insert_with(key, || Err(Touchy::new(world, 2)))));
        cache.validate(0);
        assert_eq!((cache.len(), world.ledger.alive()), (0, 0));
        0
    });
}

#[test]
fn dropping_the_cache_drops_the_rest_if_one_drop_panics() {
    let calls = every_call_panics_once(|world| {
        let cache = StaticCache::<Touchy, Touchy, 2, 8>::new();
        let touchy = |number| Touchy::new(world, number);
        attempt(|| (0..10).for_each(|n| cache.put(touchy(n), touchy(n)).unwrap()));
        attempt(|| drop(cache));
        0
    });
    assert!(calls >= 20);
}

#[test]
fn clearing_the_cache_drops_the_rest_if_one_drop_panics() {
    every_call_panics_once(|world| {
        let cache = StaticCache::<Touchy, Touchy, 2, 8>::new();
        let touchy = |number| Touchy::new(world, number);
        attempt(|| (0..10).for_each(|n| cache.put(touchy(n), touchy(n)).unwrap()));
        attempt(|| cache.clear());
        cache.validate(0);
        assert_eq!((cache.len(), world.ledger.alive()), (0, 0));
        0
    });
}

// Shrinking.

/// A thousand entries, of which every other one is over, in sets that have more and less of either.
fn half_over(clock: &TestClock) -> Timed<'_, Expiring<&TestClock>, 1024> {
    let cache = Timed::with(setup(DefaultHash::new(), clock));
    for key in 0..1_000 {
        let ttl = if key % 2 == 0 { ticks(10) } else { ticks(u64::MAX) };
        cache.insert_for(key, key, ttl).map(drop).unwrap();
    }
    clock.advance_ticks(10);
    cache
}

#[test]
fn nothing_that_is_not_over_goes_if_enough_of_the_others_do() {
    for most in [500, 501, 999, usize::MAX] {
        let clock = TestClock::new();
        let cache = half_over(&clock);
        assert_eq!((cache.shrink(most), cache.len()), (500, 500));
        let stats = cache.stats();
        assert_eq!((stats.expired, stats.evicted), (500, 0), "at most {most}");
        assert_sums(stats, 500);
    }
    let clock = TestClock::new();
    let cache = half_over(&clock);
    assert_eq!((cache.shrink(499), cache.stats().evicted), (501, 1));
    assert_eq!((cache.shrink(10), cache.len()), (489, 10));
    assert_sums(cache.stats(), 10);
    cache.validate(0);
}

#[test]
#[cfg(feature = "alloc")]
fn caches_of_any_size_shrink_to_any_size() {
    use larder::cache::HeapCache;
    for capacity in [0, 1, 2, 7, 8, 9, 31, 33] {
        for most in [0, 1, 2, 8, 30, 33, usize::MAX] {
            let cache: HeapCache<u32, u32> = HeapCache::with_capacity(capacity);
            (0..100).for_each(|key| _ = cache.put(key, key));
            let len = cache.len();
            assert_eq!(cache.shrink(most), len.saturating_sub(most), "{most} of {capacity}");
            assert_eq!(cache.len(), len.min(most));
            cache.validate(0);
            (0..100).for_each(|key| _ = cache.put(key, key));
            assert_eq!(cache.len(), len, "a slot is lost, or the policy has lost its way");
        }
    }
}

#[test]
fn nothing_is_lost_if_a_destructor_panics_while_a_cache_shrinks() {
    every_call_panics_once(|world| {
        let cache = StaticCache::<Touchy, Touchy, 2, 8>::new();
        let touchy = |number| Touchy::new(world, number);
        attempt(|| (0..10).for_each(|n| cache.put(touchy(n), touchy(n)).unwrap()));
        let len = cache.len();
        attempt(|| _ = cache.shrink(len / 2));
        cache.validate(0);
        assert!(cache.len() < len || len < 2);
        assert_eq!(world.ledger.alive(), 2 * cache.len());
        attempt(|| _ = cache.shrink(0));
        attempt(|| _ = cache.shrink(0));
        attempt(|| _ = cache.shrink(0));
        assert_eq!((cache.len(), world.ledger.alive()), (0, 0));
        0
    });
}

/// A destructor that uses the cache.
#[test]
fn what_goes_may_use_the_cache_that_shrinks() {
    struct Busybody(u32);
    static CACHE: StaticCache<u32, Busybody, 2, 8> = StaticCache::new();
    impl Drop for Busybody {
        fn drop(&mut self) {
            if self.0 > 0 {
                CACHE.put(self.0 + 100, Self(0)).ok();
                CACHE.shrink(3);
            }
        }
    }
    (1..=12).for_each(|key| CACHE.put(key, Busybody(key)).ok().unwrap());
    CACHE.shrink(2);
    assert!(CACHE.len() <= 3);
    CACHE.validate(0);
    CACHE.shrink(0);
    CACHE.clear();
    CACHE.validate(0);
}

// User code that breaks its contract.

#[test]
fn equality_that_denies_itself_finds_nothing_and_breaks_nothing() {
    #[derive(Hash)]
    #[expect(clippy::derived_hash_with_manual_eq, reason = "a key that breaks the contract is the point")]
    struct Never;

    impl PartialEq for Never {
        fn eq(&self, _: &Self) -> bool {
            false
        }
    }

    impl Eq for Never {}

    let ledger = Ledger::new();
    let cache = StaticCache::<Never, Token, 1, 8>::new();
    for _ in 0..30 {
        cache.put(Never, ledger.token()).unwrap();
        assert!(cache.get(&Never).is_none() && !cache.remove(&Never).was_there());
        cache.validate(0);
        assert_eq!(ledger.alive(), cache.len());
    }
    assert_eq!(cache.len(), 8);
    cache.clear();
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn equality_that_agrees_to_everything_breaks_nothing() {
    #[derive(Clone, Copy)]
    struct Any(u32);

    impl Hash for Any {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    impl PartialEq for Any {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }

    impl Eq for Any {}

    let ledger = Ledger::new();
    let setup = Setup::new().hasher(Hashing::Three(1)).recorder(Striped::<1>::new());
    let cache = StaticCache::<Any, Token, 1, 8, _>::with(setup);
    for n in 0..100 {
        cache.put(Any(n % 5), ledger.token()).unwrap();
        drop((cache.get_ref(&Any(n)), cache.remove(&Any(n % 3))));
        cache.validate(0);
        assert_sums(cache.stats(), cache.len());
        assert_eq!(ledger.alive(), cache.len());
    }
}

/// It puts a key elsewhere each time, also within one call.
#[test]
fn a_hasher_that_changes_its_mind_breaks_nothing() {
    struct Fickle(Cell<u64>);

    impl BuildHasher for Fickle {
        type Hasher = <Hashing as BuildHasher>::Hasher;

        fn build_hasher(&self) -> Self::Hasher {
            self.0.set(self.0.get().wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1));
            Hashing::One(self.0.get()).build_hasher()
        }
    }

    let ledger = Ledger::new();
    let clock = TestClock::new();
    let setup = setup::<_, Expiring<_>, Striped<1>>(Fickle(Cell::new(1)), &clock);
    let cache = StaticCache::<u32, Token, 4, 8, _>::with(setup);
    for n in 0..500 {
        cache.insert_for(n % 7, ledger.token(), ticks(u64::from(n % 5))).map(drop).unwrap();
        drop((cache.get(&(n % 7)), cache.get_ref(&(n % 3)), cache.peek(&n)));
        drop(cache.get_or_insert_with(n % 11, || ledger.token()));
        drop(cache.remove(&(n % 4)));
        clock.advance_ticks(1);
        cache.validate(0);
        assert_sums(cache.stats(), cache.len());
        assert_eq!(ledger.alive(), cache.len());
    }
    assert!(cache.len() > 16, "keys are everywhere");
    cache.clear();
    assert_eq!(ledger.alive(), 0);
}

// Capacity.

/// With keys enough it is used to the last slot, and never more.
fn fills_up<M: Store>(cache: &Cache<u32, u32, M>, capacity: usize) {
    assert_eq!((cache.capacity(), cache.len(), cache.is_empty()), (capacity, 0, true));
    let keys = u32::try_from(20 * capacity + 100).unwrap();
    for key in 0..keys {
        let was = cache.len();
        match cache.insert(key, key + 1) {
            Ok(Stored::New) => assert_eq!(cache.len(), was + 1),
            Ok(Stored::Evicted(old, value)) => {
                assert_eq!((old + 1, cache.len()), (value, was));
                assert!(!cache.contains(&old));
            }
            Err(rejected) => assert_eq!((capacity, rejected.key, rejected.value), (0, key, key + 1)),
            other => panic!("{other:?}"),
        }
        assert!(cache.len() <= capacity);
        assert_eq!(cache.get(&key), Some(key + 1).filter(|_| capacity != 0), "what was just put in");
    }
    cache.validate(0);
    assert_eq!(cache.len(), capacity, "slots that are not used");
    let all: HashSet<u32> = cache.iter().map(|entry| *Ref::key(&entry)).collect();
    assert_eq!(all.len(), capacity);
    cache.clear();
    assert!(cache.is_empty());
}

#[cfg(feature = "alloc")]
#[test]
fn a_heap_cache_has_exactly_the_capacity_that_was_asked_for() {
    for &capacity in CAPACITIES {
        fills_up(&larder::cache::HeapCache::with_capacity(capacity), capacity);
    }
}

#[test]
fn an_inline_cache_has_all_of_its_slots() {
    fills_up(&StaticCache::<_, _, 0, 8>::new(), 0);
    fills_up(&StaticCache::<_, _, 1, 8>::new(), 8);
    fills_up(&StaticCache::<_, _, 5, 8>::new(), 40);
    fills_up(&StaticCache::<_, _, 0, 16>::new(), 0);
    fills_up(&StaticCache::<_, _, 1, 16>::new(), 16);
    fills_up(&StaticCache::<_, _, 4, 16>::new(), 64);
}

#[test]
fn a_lent_cache_has_as_many_sets_as_there_is_room_for() {
    type InBytes<'a> = LentCache<'a, u32, u32, 8>;
    for sets in [0, 1, 3] {
        let mut memory: Vec<_> = (0..sets).map(|_| MaybeUninit::<SetOf<u32, u32, 8>>::uninit()).collect();
        fills_up(&LentCache::in_place(&mut memory, Setup::new()), 8 * sets);
    }
    let layout = InBytes::LAYOUT;
    let mut memory = vec![MaybeUninit::uninit(); 3 * layout.size() + layout.align()];
    for skipped in 0..layout.align() {
        let rest = &mut memory[skipped..];
        let before = rest.as_ptr().align_offset(layout.align());
        let sets = (rest.len() - before) / layout.size();
        assert!((2..=3).contains(&sets));
        let cache = InBytes::in_bytes(rest, Setup::new()).unwrap();
        assert_eq!(cache.capacity(), 8 * sets);
        cache.put(1, 2).unwrap();
        assert_eq!(cache.get(&1), Some(2));
    }
    let bytes = layout.size() - 1;
    let error = InBytes::in_bytes(&mut memory[..bytes], Setup::new()).err();
    assert_eq!(error, Some(CapacityError::TooSmall { bytes, least: layout.size() }));
    assert!(InBytes::in_bytes(&mut [], Setup::new()).is_err());
}

#[test]
fn a_lent_cache_drops_what_it_holds_and_gives_the_memory_back() {
    let ledger = Ledger::new();
    let mut memory = [const { MaybeUninit::<SetOf<u32, Token, 8>>::uninit() }; 2];
    for _ in 0..3 {
        let cache = LentCache::in_place(&mut memory, Setup::new());
        (0..10).for_each(|key| cache.put(key, ledger.token()).unwrap());
        drop(cache);
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
fn capacity_0_hands_everything_back() {
    let clock = TestClock::new();
    let with = setup::<_, Expiring<_>, Striped<1>>(DefaultHash::new(), &clock);
    let cache = StaticCache::<&str, u32, 0, 8, _>::with(with);
    let rejected = cache.insert("a", 1).unwrap_err();
    assert_eq!((rejected.key, rejected.value), ("a", 1));
    assert!(cache.put("a", 1).is_err());
    assert!(cache.insert_for("a", 1, ticks(1)).is_err());
    assert_eq!(cache.get_or_insert_with("b", || 2), 2);
    assert_eq!(cache.try_get_or_insert_with("b", || Err("no")), Err("no"));
    assert!(matches!(cache.get_ref_or_insert_with("b", || 3), Filled::Unstored(3)));
    assert!(cache.get("a").is_none() && cache.peek("a").is_none() && !cache.contains("a"));
    assert_eq!(cache.remove("a"), Removed::Absent);
    assert_eq!(cache.sweep(Instant::START, 10).looked_at, 0);
    cache.clear();
    cache.retain(|_, _| unreachable!("there is nothing"));
    assert_eq!((cache.len(), cache.capacity(), cache.iter().count()), (0, 0, 0));
    assert_eq!((cache.stats().misses, cache.stats().inserted), (4, 0));
    cache.validate(0);
}

#[cfg(feature = "alloc")]
#[test]
fn a_capacity_that_cannot_be_had_is_refused() {
    use larder::cache::HeapCache;

    let refusal = |asked| match HeapCache::<u32, u32>::try_with_capacity(asked, Setup::new()) {
        Err(CapacityError::TooLarge { asked: told, most }) => {
            assert_eq!(told, asked);
            most
        }
        other => panic!("a cache for {asked}: {other:?}"),
    };
    let most = refusal(usize::MAX);
    assert_eq!(refusal(most + 1), most);
    // Eight megabytes each: no address space holds that many.
    let refused = HeapCache::<u32, [u64; 1 << 20]>::try_with_capacity(1 << 24, Setup::new());
    assert!(matches!(refused, Err(CapacityError::OutOfMemory { .. })), "{refused:?}");
}

// What is looked up and stored.

#[test]
fn keys_are_compared_and_not_only_hashed() {
    let cache = StaticCache::<u32, u32, 4, 8, _>::with(Setup::new().hasher(Hashing::One(7)));
    cache.put(1, 10).unwrap();
    assert!(cache.get(&2).is_none() && cache.peek(&2).is_none() && !cache.remove(&2).was_there());
    assert_eq!(cache.insert(2, 20), Ok(Stored::New));
    assert_eq!((cache.get(&1), cache.get(&2)), (Some(10), Some(20)));
    // They share one set of the four.
    (0..100).for_each(|key| cache.put(key, key).unwrap());
    assert_eq!(cache.len(), 8);
}

#[test]
fn a_look_up_takes_what_is_equivalent_to_the_key() {
    #[derive(Hash)]
    struct Pair<'a>(&'a str, u32);

    impl Equivalent<(String, u32)> for Pair<'_> {
        fn equivalent(&self, key: &(String, u32)) -> bool {
            self.0 == key.0 && self.1 == key.1
        }
    }

    let cache = StaticCache::<(String, u32), u32, 2, 8>::new();
    cache.put((String::from("one"), 1), 10).unwrap();
    let (here, not_here) = (Pair("one", 1), Pair("one", 2));
    assert_eq!((cache.get(&here), cache.get(&not_here)), (Some(10), None));
    assert_eq!(cache.get_at(&here, Instant::MAX), Some(10));
    assert_eq!(cache.get_with(&here, |value| value + 1), Some(11));
    assert_eq!(cache.get_ref(&here).map(|value| *value), Some(10));
    assert_eq!(cache.get_ref_at(&here, Instant::START).map(|value| *value), Some(10));
    assert_eq!(cache.peek(&here).map(|value| *value), Some(10));
    assert!(cache.contains(&here) && !cache.contains(&not_here));
    assert_eq!(cache.remove(&here), Removed::Value(10));
}

#[test]
fn a_replaced_entry_goes_with_its_key() {
    #[derive(Debug, Clone, Copy)]
    struct Key(u32, &'static str);

    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }

    impl Eq for Key {}

    impl Hash for Key {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    let cache = StaticCache::<Key, u32, 1, 8>::new();
    cache.put(Key(1, "first"), 10).unwrap();
    assert_eq!(cache.insert(Key(1, "second"), 20), Ok(Stored::Replaced(10)));
    assert_eq!(cache.get_or_insert_with(Key(1, "third"), || unreachable!()), 20);
    assert_eq!(Ref::key(&cache.iter().next().unwrap()).1, "second");
}

#[test]
fn what_was_displaced_and_what_was_removed_says_so() {
    assert_eq!((Removed::Value(1).value(), Removed::Value(1).was_there()), (Some(1), true));
    assert_eq!((Removed::<u32>::InUse.value(), Removed::<u32>::InUse.was_there()), (None, true));
    assert_eq!((Removed::<u32>::Absent.value(), Removed::<u32>::Absent.was_there()), (None, false));
}

#[test]
fn only_look_ups_count_and_mark() {
    let with = Setup::new().recorder(Striped::<1>::new());
    let cache = StaticCache::<u32, u32, 1, 8, _>::with(with);
    cache.put(1, 1).unwrap();
    let untouched = cache.stats();
    let _ = (cache.peek(&1).is_some(), cache.peek(&2).is_some(), cache.contains(&1), cache.iter().count());
    cache.retain(|_, _| true);
    assert_eq!(cache.stats(), untouched);
    let _ = (cache.get(&1), cache.get(&2), cache.get_ref(&1).is_some(), cache.get_with(&1, |_| ()));
    cache.get_or_insert_with(1, || unreachable!());
    cache.get_or_insert_with(3, || 3);
    assert_eq!((cache.stats().hits, cache.stats().misses), (4, 2));
}

#[test]
fn what_is_used_between_any_two_inserts_comes_back_and_stays() {
    for warm in 0..8 {
        let cache = StaticCache::<u32, u32, 1, 8>::new();
        (0..8).for_each(|key| cache.put(key, key).unwrap());
        let mut computed = 0;
        for key in 100..300 {
            cache.get_or_insert_with(warm, || {
                computed += 1;
                assert!(key < 120, "it was established by now");
                warm
            });
            cache.put(key, key).unwrap();
        }
        assert!(computed < 3, "it was computed {computed} times");
    }
}

#[test]
fn a_static_cache_needs_no_code_to_exist() {
    static CACHE: StaticCache<u32, u32, 8, 8> = StaticCache::new();
    const HASHED: Setup<DefaultHash> = Setup { hasher: DefaultHash::with_seed(1), ..Setup::new() };
    static SEEDED: StaticCache<u32, u32, 1, 16> = StaticCache::with(HASHED);
    (0..1_000).for_each(|n| CACHE.put(n, n).unwrap());
    assert_eq!(CACHE.len(), 64);
    SEEDED.put(1, 1).unwrap();
    assert_eq!(SEEDED.get(&1), Some(1));
    assert_ne!(SEEDED.hasher().hash_one(1), CACHE.hasher().hash_one(1));
}

#[test]
fn a_default_cache_has_a_default_setup() {
    type Random = Setup<std::hash::RandomState, Untimed, Striped>;
    let cache = StaticCache::<u32, u32, 1, 8, Random>::default();
    cache.put(1, 2).unwrap();
    assert_eq!(cache.get(&1), Some(2));
    assert_eq!((cache.stats().hits, cache.stats().inserted), (1, 1));
}

#[test]
fn a_cache_says_how_much_memory_it_takes() {
    let inline = StaticCache::<u64, u64, 4, 8>::new();
    assert_eq!(inline.memory_size(), size_of_val(&inline));
    assert!(inline.memory_size() >= 32 * size_of::<(u64, u64)>());
    let mut memory = [const { MaybeUninit::<SetOf<u64, u64, 8>>::uninit() }; 4];
    let room = size_of_val(&memory);
    let lent = LentCache::in_place(&mut memory, Setup::new());
    assert_eq!(lent.memory_size(), size_of_val(&lent) + room);
    #[cfg(feature = "alloc")]
    {
        let heap = larder::cache::HeapCache::<u64, u64>::with_capacity(1);
        assert!(heap.memory_size() > size_of_val(&heap) + 16 * size_of::<(u64, u64)>());
    }
}

#[test]
fn debug_shows_sizes_and_not_what_others_may_change() {
    let cache = StaticCache::<u32, u32, 1, 8>::new();
    cache.put(1, 10).unwrap();
    assert_eq!(format!("{cache:?}"), "Cache { len: 1, capacity: 8, .. }");
    assert_eq!(format!("{:?} {}", cache.get_ref(&1).unwrap(), cache.get_ref(&1).unwrap()), "10 10");
    assert_eq!(format!("{:?}", cache.iter()), "CacheIter { .. }");
    assert_eq!(cache.get_ref(&1).unwrap().as_ref(), &10);
}

// Time.

/// Every way to see an entry. How many of them do.
fn sights<M: Store, T: larder::cache::Time, R: larder::stats::CacheRecorder, X: CellKind>(
    cache: &Cache<u32, u32, M, Setup<DefaultHash, T, R, X>>,
    key: u32,
) -> usize {
    [
        cache.peek(&key).is_some(),
        cache.contains(&key),
        cache.iter().any(|entry| *Ref::key(&entry) == key),
        cache.get_ref(&key).is_some(),
        cache.get_with(&key, |_| ()).is_some(),
        cache.get(&key).is_some(),
        cache.try_get_or_insert_with(key, || Err(())).is_ok(),
    ]
    .iter()
    .filter(|&&seen| seen)
    .count()
}

const ALL_SIGHTS: usize = 7;

type Timed<'c, T, const SETS: usize = 1> = StaticCache<u32, u32, SETS, 8, Setup<DefaultHash, T, Striped<1>>>;

fn expiring<const SETS: usize>(clock: &TestClock) -> Timed<'_, Expiring<&TestClock>, SETS> {
    StaticCache::with(setup(DefaultHash::new(), clock))
}

#[test]
fn an_entry_is_seen_until_its_time_is_over_and_not_then() {
    let clock = TestClock::new();
    let cache = expiring::<1>(&clock);
    assert_eq!((cache.time_to_live(), cache.clock().now()), (Duration::MAX, Instant::START));
    assert!(cache.set_time_to_live(ticks(10)));
    cache.put(1, 1).unwrap();
    cache.insert_for(2, 2, ticks(5)).map(drop).unwrap();
    cache.insert_until(3, 3, Deadline::at(Instant::from_ticks(7))).map(drop).unwrap();
    cache.insert_for(4, 4, Duration::MAX).map(drop).unwrap();
    cache.insert_until(5, 5, Deadline::NEVER).map(drop).unwrap();
    cache.get_or_insert_with(6, || 6);
    cache.insert_for(7, 7, Duration::ZERO).map(drop).unwrap();
    // Rounded up.
    cache.insert_for(8, 8, Duration::from_nanos(1)).map(drop).unwrap();
    for now in 0..20 {
        let ends = [10, 5, 7, u64::MAX, u64::MAX, 10, 0, 1];
        for (key, end) in (1..).zip(ends) {
            let expected = if now < end { ALL_SIGHTS } else { 0 };
            assert_eq!(sights(&cache, key), expected, "key {key} at {now}");
        }
        // They are still there.
        assert_eq!(cache.len(), 8);
        clock.advance_ticks(1);
    }
    assert_eq!(cache.remove(&1), Removed::Absent);
    assert_eq!((cache.len(), cache.stats().expired, cache.stats().removed), (7, 1, 0));
    assert_eq!(cache.remove(&4), Removed::Value(4));
    cache.retain(|key, _| {
        assert_eq!(*key, 5, "shown what was over");
        true
    });
    assert_eq!((cache.len(), cache.stats().expired, cache.stats().removed), (1, 6, 1));
}

/// Eight steps a second, of 125 ticks.
#[test]
fn steps_lengthen_a_life_and_never_go_past_a_deadline() {
    let clock = TestClock::starting_at(Instant::from_ticks(130));
    let time: ExpiringInSteps<_> = ExpiringInSteps::new(&clock).with_time_to_live(ticks(200));
    let cache = StaticCache::<u32, u32, 1, 8, _>::with(Setup::new().time(time));
    assert_eq!(cache.time_to_live(), ticks(200));
    cache.put(1, 1).unwrap();
    cache.insert_for(2, 2, ticks(120)).map(drop).unwrap();
    cache.insert_until(3, 3, Deadline::at(Instant::from_ticks(499))).map(drop).unwrap();
    cache.insert_until(4, 4, Deadline::at(Instant::from_ticks(500))).map(drop).unwrap();
    cache.insert_until(5, 5, Deadline::at(Instant::from_ticks(249))).map(drop).unwrap();
    cache.insert_for(6, 6, Duration::MAX).map(drop).unwrap();
    // The last step that there is, and what is beyond.
    let last = 125 * u64::from(u32::MAX);
    cache.insert_until(7, 7, Deadline::at(Instant::from_ticks(last - 1))).map(drop).unwrap();
    cache.insert_until(8, 8, Deadline::at(Instant::from_ticks(last))).map(drop).unwrap();
    let ends = [(1, 375), (2, 250), (3, 375), (4, 500), (5, 125), (7, last - 125), (8, last - 125)];
    for now in [130, 249, 250, 374, 375, 499, 500, last - 126, last - 125, last, u64::MAX] {
        clock.set(Instant::from_ticks(now));
        for (key, end) in ends {
            assert_eq!(cache.contains(&key), now < end, "key {key} at {now}");
        }
        assert!(cache.contains(&6), "it never ends");
    }
    // A clock that is beyond: nothing lives, but what is for ever.
    clock.set(Instant::from_ticks(2 * last));
    cache.put(9, 9).unwrap();
    cache.insert_for(10, 10, Duration::MAX).map(drop).unwrap();
    assert_eq!((cache.get(&9), cache.get(&10)), (None, Some(10)));
}

#[test]
fn a_time_to_live_is_that_of_the_moment_of_the_insert() {
    let clock = TestClock::new();
    let cache = expiring::<1>(&clock);
    cache.put(1, 1).unwrap();
    cache.set_time_to_live(ticks(5));
    cache.put(2, 2).unwrap();
    cache.set_time_to_live(ticks(10));
    cache.put(3, 3).unwrap();
    // A replacement begins anew.
    clock.advance_ticks(4);
    assert_eq!(cache.insert(2, 4), Ok(Stored::Replaced(2)));
    clock.advance_ticks(6);
    assert_eq!((cache.get(&1), cache.get(&2), cache.get(&3)), (Some(1), Some(4), None));
    clock.advance_ticks(4);
    assert_eq!((cache.get(&1), cache.get(&2)), (Some(1), None));
}

#[test]
fn a_replacement_of_what_is_over_is_an_eviction_of_it() {
    let clock = TestClock::new();
    let cache = expiring::<1>(&clock);
    cache.insert_for(1, 1, ticks(5)).map(drop).unwrap();
    clock.advance_ticks(5);
    assert_eq!(cache.insert(1, 2), Ok(Stored::Evicted(1, 1)));
    assert_eq!((cache.stats().expired, cache.stats().replaced, cache.len()), (1, 0, 1));
    cache.insert_for(1, 3, ticks(5)).map(drop).unwrap();
    clock.advance_ticks(5);
    assert_eq!(cache.get_or_insert_with(1, || 4), 4);
    assert_eq!(cache.get(&1), Some(4));
    assert_eq!((cache.stats().expired, cache.stats().replaced), (2, 1));
}

#[test]
fn times_may_be_read_by_the_caller() {
    let clock = TestClock::new();
    let cache = expiring::<1>(&clock);
    cache.set_time_to_live(ticks(10));
    let at = Instant::from_ticks;
    cache.insert_at(1, 1, at(100)).map(drop).unwrap();
    assert_eq!((cache.get_at(&1, at(109)), cache.get_at(&1, at(110))), (Some(1), None));
    assert!(cache.get_ref_at(&1, at(109)).is_some() && cache.get_ref_at(&1, at(110)).is_none());
    assert_eq!(cache.sweep(at(109), 8).expired, 0);
    assert_eq!(cache.sweep(at(110), 8).expired, 1);
}

#[test]
fn use_keeps_an_entry_and_looking_does_not() {
    let clock = TestClock::new();
    let cache: Timed<'_, Idling<&TestClock>> = StaticCache::with(setup(DefaultHash::new(), &clock));
    assert_eq!(cache.time_to_idle(), Duration::MAX);
    assert!(cache.set_time_to_idle(ticks(5)));
    (1..=4).for_each(|key| cache.put(key, key).unwrap());
    for _ in 0..5 {
        clock.advance_ticks(4);
        assert_eq!(cache.get(&1), Some(1));
        assert!(cache.get_ref(&2).is_some());
        assert_eq!(cache.get_or_insert_with(3, || unreachable!()), 3);
        let _ = (cache.peek(&4).is_some(), cache.contains(&4), cache.iter().count());
    }
    assert_eq!(sights(&cache, 4), 0);
    clock.advance_ticks(5);
    assert_eq!((1..=4).map(|key| sights(&cache, key)).sum::<usize>(), 0);
    // The end comes all the same.
    cache.set_time_to_live(ticks(6));
    cache.put(5, 5).unwrap();
    clock.advance_ticks(4);
    assert_eq!(cache.get(&5), Some(5));
    clock.advance_ticks(2);
    assert_eq!(sights(&cache, 5), 0);
}

#[test]
fn setups_are_built_with_times() {
    let clock = TestClock::new();
    let time = Idling::new(&clock).with_time_to_live(ticks(10)).with_time_to_idle(ticks(5));
    let cache = StaticCache::<u32, u32, 1, 8, _>::with(Setup::new().time(time));
    assert_eq!((cache.time_to_live(), cache.time_to_idle()), (ticks(10), ticks(5)));
    let time = Expiring::new(&clock).with_time_to_live(ticks(10));
    let cache = StaticCache::<u32, u32, 1, 8, _>::with(Setup::new().time(time));
    assert_eq!(cache.time_to_live(), ticks(10));
}

#[test]
fn a_clock_at_its_end_expires_nothing_that_has_none() {
    let last = u64::MAX;
    for start in [last - 3, last - 1, last] {
        let clock = TestClock::starting_at(Instant::from_ticks(start));
        let cache: Timed<'_, Idling<&TestClock>> = StaticCache::with(setup(DefaultHash::new(), &clock));
        cache.put(1, 1).unwrap();
        // Whatever would end at the last tick, or after it, does not end.
        cache.set_time_to_live(ticks(100));
        cache.set_time_to_idle(ticks(100));
        cache.put(2, 2).unwrap();
        cache.insert_until(3, 3, Deadline::at(Instant::from_ticks(last - 1))).map(drop).unwrap();
        for now in start..=last {
            clock.set(Instant::from_ticks(now));
            assert_eq!((sights(&cache, 1), sights(&cache, 2)), (ALL_SIGHTS, ALL_SIGHTS));
            assert_eq!(sights(&cache, 3) == ALL_SIGHTS, now < last - 1);
        }
        // The earliest there can be. What was found over does not come back.
        clock.set(Instant::START);
        assert_eq!((sights(&cache, 1), sights(&cache, 3)), (ALL_SIGHTS, 0));
        cache.validate(0);
    }
}

#[test]
fn a_clock_that_goes_backward_shortens_no_life() {
    let clock = TestClock::starting_at(Instant::from_ticks(1_000));
    let cache: Timed<'_, Idling<&TestClock>> = StaticCache::with(setup(DefaultHash::new(), &clock));
    cache.set_time_to_live(ticks(100));
    cache.set_time_to_idle(ticks(50));
    cache.put(1, 1).unwrap();
    clock.set(Instant::START);
    assert_eq!(cache.get(&1), Some(1));
    cache.put(2, 2).unwrap();
    clock.set(Instant::from_ticks(1_049));
    assert_eq!((sights(&cache, 1), sights(&cache, 2)), (ALL_SIGHTS, 0));
    clock.set(Instant::from_ticks(1_098));
    assert_eq!(sights(&cache, 1), ALL_SIGHTS, "used at 1049");
    clock.set(Instant::from_ticks(1_100));
    assert_eq!(sights(&cache, 1), 0);
}

#[test]
fn an_insert_takes_the_room_of_what_is_over_before_that_of_anything_else() {
    for over in 0..8 {
        let clock = TestClock::new();
        let cache = expiring::<1>(&clock);
        for key in 0..8 {
            cache.insert_for(key, key, ticks(if key == over { 10 } else { 20 })).map(drop).unwrap();
        }
        // Also if it was used last.
        cache.get(&over);
        clock.advance_ticks(10);
        assert_eq!(cache.insert(100, 100), Ok(Stored::Evicted(over, over)));
        assert_eq!((cache.stats().expired, cache.stats().evicted), (1, 0));
        assert!(matches!(cache.insert(101, 101), Ok(Stored::Evicted(key, _)) if key != over));
        assert_eq!((cache.stats().expired, cache.stats().evicted), (1, 1));
    }
}

#[test]
fn a_sweep_looks_at_its_budget_and_goes_on_where_the_last_one_ended() {
    let clock = TestClock::new();
    let cache = expiring::<4>(&clock);
    let fill = || {
        let life = cache.clock().now().saturating_add(10);
        for key in 0..1_000 {
            cache.insert_until(key, key, Deadline::at(life)).map(drop).unwrap();
        }
        assert_eq!(cache.len(), 32);
    };
    fill();
    assert_eq!(cache.sweep(clock.now(), 1_000).expired, 0, "nothing is over yet");
    // A set at least, and whole sets; no more than there are.
    for (budget, looked_at) in [(0, 8), (1, 8), (8, 8), (9, 16), (32, 32), (33, 32), (usize::MAX, 32)] {
        fill();
        clock.advance_ticks(10);
        let swept = cache.sweep(clock.now(), budget);
        assert_eq!((swept.looked_at, swept.expired), (looked_at, looked_at), "a budget of {budget}");
        assert_eq!(cache.len(), 32 - looked_at);
    }
    // Four sets make a round, wherever it begins.
    for budget in 1..=8 {
        fill();
        clock.advance_ticks(10);
        let round: usize = (0..4).map(|_| cache.sweep(clock.now(), budget).expired).sum();
        assert_eq!((round, cache.len()), (32, 0));
    }
    cache.validate(0);
    assert_sums(cache.stats(), 0);
}

// References.

/// Eight entries that share a set, and what holds them for readers.
trait Host {
    type Memory: Store;

    fn cache<K: Hash + Eq, V, H: BuildHasher, T: Time, R: CacheRecorder>(
        setup: Setup<H, T, R>,
    ) -> Cache<K, V, Self::Memory, Setup<H, T, R>>;
}

/// Pins.
struct Inline;

impl Host for Inline {
    type Memory = Sets<1, 8>;

    fn cache<K: Hash + Eq, V, H: BuildHasher, T: Time, R: CacheRecorder>(
        setup: Setup<H, T, R>,
    ) -> Cache<K, V, Sets<1, 8>, Setup<H, T, R>> {
        Cache::with(setup)
    }
}

/// Looks, as long as there are cells for them.
#[cfg(feature = "alloc")]
struct OnHeap;

#[cfg(feature = "alloc")]
impl Host for OnHeap {
    type Memory = Heap;

    fn cache<K: Hash + Eq, V, H: BuildHasher, T: Time, R: CacheRecorder>(
        setup: Setup<H, T, R>,
    ) -> Cache<K, V, Heap, Setup<H, T, R>> {
        Cache::with_capacity_and(8, setup)
    }
}

/// Pins, until the thread's own have met often enough.
#[cfg(feature = "alloc")]
struct OnHeapOfSeveral;

#[cfg(feature = "alloc")]
impl Host for OnHeapOfSeveral {
    type Memory = Heap;

    fn cache<K: Hash + Eq, V, H: BuildHasher, T: Time, R: CacheRecorder>(
        setup: Setup<H, T, R>,
    ) -> Cache<K, V, Heap, Setup<H, T, R>> {
        let cache = OnHeap::cache(setup);
        cache.share();
        cache
    }
}

macro_rules! in_each_host {
    ($($test:ident)*) => { $(
        mod $test {
            use super::*;

            #[test]
            fn by_pins() {
                super::$test::<Inline>();
            }

            #[cfg(feature = "alloc")]
            #[test]
            fn by_looks() {
                super::$test::<OnHeap>();
            }

            #[cfg(feature = "alloc")]
            #[test]
            fn by_pins_and_looks() {
                super::$test::<OnHeapOfSeveral>();
            }
        }
    )* };
}

in_each_host! {
    what_is_held_is_dropped_by_its_last_reader
    what_is_held_is_not_evicted
    an_insert_finds_no_room_where_everything_is_held_and_gives_the_entry_back
    a_replacement_of_what_is_held_takes_another_slot
    a_reference_may_be_dropped_by_another_thread
    a_leaked_reference_keeps_its_slot_and_nothing_else
    looks_in_looks_end_in_any_order
    sums_are_exact_after_threads_have_done_everything
}

/// A reference that is held over the removal of its entry, by each way to remove it.
fn what_is_held_is_dropped_by_its_last_reader<M: Host>() {
    type TokenCache<'c, M> =
        Cache<u32, Token, <M as Host>::Memory, Setup<DefaultHash, Expiring<&'c TestClock>, Striped<1>>>;
    type Removal<M> = fn(&TokenCache<'_, M>, Token);
    let removals: [(&str, Removal<M>); 8] = [
        ("remove", |cache, _| assert!(matches!(cache.remove(&1), Removed::InUse))),
        ("insert", |cache, new| {
            assert!(matches!(cache.insert(1, new), Ok(Stored::ReplacedInUse { evicted: None })));
        }),
        ("put", |cache, new| cache.put(1, new).unwrap()),
        ("retain", |cache, _| cache.retain(|_, _| false)),
        ("clear", |cache, _| cache.clear()),
        ("shrink", |cache, _| assert_eq!(cache.shrink(0), 1)),
        ("sweep", |cache, _| assert_eq!(cache.sweep(Instant::from_ticks(10), 8).expired, 1)),
        ("fill", |cache, new| {
            cache.clock().advance_ticks(10);
            assert!(matches!(cache.get_ref_or_insert_with(1, || new), Filled::InCache(_)));
        }),
    ];
    for (name, take_out) in removals {
        let ledger = Ledger::new();
        let clock = TestClock::new();
        let cache: TokenCache<'_, M> = M::cache(setup(DefaultHash::new(), &clock));
        cache.insert_for(1, ledger.token(), ticks(10)).map(drop).unwrap();
        let (first, second) = (cache.get_ref(&1).unwrap(), cache.peek(&1).unwrap());
        take_out(&cache, ledger.token());
        assert!(ledger.is_alive(0), "{name} dropped what is in use");
        assert_eq!((first.id(), *Ref::key(&first), second.id()), (0, 1, 0));
        assert_ne!(cache.get_ref(&1).map(|now| now.id()), Some(0), "{name} left it to be found");
        cache.validate(2);
        assert_sums(cache.stats(), cache.len());
        drop(first);
        assert!(ledger.is_alive(0), "{name}: there is another reader");
        unwind_over(second);
        assert!(!ledger.is_alive(0), "{name}: the last reader has not dropped it");
        assert_eq!(ledger.alive(), cache.len());
        cache.validate(0);
    }
}

fn what_is_held_is_not_evicted<M: Host>() {
    let cache = M::cache::<u32, u32, _, _, _>(Setup::new());
    cache.put(0, 0).unwrap();
    let held = cache.get_ref(&0).unwrap();
    (1..200).for_each(|key| cache.put(key, key).unwrap());
    assert_eq!((*held, cache.get(&0), cache.len()), (0, Some(0), 8));
    drop(held);
    // It was used, so this takes longer than for what was not.
    (200..20_000).for_each(|key| cache.put(key, key).unwrap());
    assert_eq!(cache.get(&0), None);
}

fn an_insert_finds_no_room_where_everything_is_held_and_gives_the_entry_back<M: Host>() {
    let with = Setup::new().recorder(Striped::<1>::new());
    let cache = M::cache(with);
    (0..8).for_each(|key| cache.put(key, key + 10).unwrap());
    let mut held: Vec<_> = cache.iter().collect();
    assert_eq!(held.len(), 8);
    for key in [3, 100] {
        let rejected = cache.insert(key, 0).unwrap_err();
        assert_eq!((rejected.key, rejected.value), (key, 0));
        assert_eq!(format!("{rejected:?}"), "Rejected { .. }");
    }
    assert_eq!(cache.get(&3), Some(13), "the old entry stays");
    assert_eq!(cache.get_or_insert_with(100, || 7), 7);
    assert_eq!(cache.get(&100), None);
    // Also of what was removed: its slot is still in use.
    assert_eq!(cache.remove(&3), Removed::InUse);
    assert!(cache.insert(3, 0).is_err());
    cache.validate(1);
    let gone = held.iter().position(|entry| *Ref::key(entry) == 3).unwrap();
    assert_eq!(*held.remove(gone), 13);
    assert_eq!(cache.insert(100, 0), Ok(Stored::New));
    drop(held);
    cache.validate(0);
    assert_sums(cache.stats(), cache.len());
}

fn a_replacement_of_what_is_held_takes_another_slot<M: Host>() {
    let cache = M::cache::<u32, u32, _, _, _>(Setup::new());
    cache.put(0, 0).unwrap();
    let held = cache.get_ref(&0).unwrap();
    assert_eq!(cache.insert(0, 1), Ok(Stored::ReplacedInUse { evicted: None }));
    (1..7).for_each(|key| cache.put(key, key).unwrap());
    let newer = cache.get_ref(&0).unwrap();
    // Full, but for the slot that is in use and not live.
    let Ok(Stored::ReplacedInUse { evicted: Some((key, value)) }) = cache.insert(0, 2) else {
        panic!("there was no free slot")
    };
    assert!((1..7).contains(&key) && key == value);
    assert_eq!((*held, *newer, cache.get(&0)), (0, 1, Some(2)));
    cache.validate(1);
}

fn a_reference_may_be_dropped_by_another_thread<M: Host>() {
    struct Where(std::thread::ThreadId, std::sync::mpsc::Sender<std::thread::ThreadId>);

    impl Drop for Where {
        fn drop(&mut self) {
            let _ = self.1.send(std::thread::current().id());
        }
    }

    let (dropped, drops) = std::sync::mpsc::channel();
    let cache = M::cache(Setup::new());
    drop(cache.insert(1, Where(std::thread::current().id(), dropped)));
    let held = cache.get_ref(&1).unwrap();
    assert!(matches!(cache.remove(&1), Removed::InUse));
    assert!(drops.try_recv().is_err());
    let there = std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            assert_ne!(held.0, std::thread::current().id());
            drop(held);
            std::thread::current().id()
        });
        reader.join().unwrap()
    });
    assert_eq!(drops.try_recv(), Ok(there));
    cache.validate(0);
}

fn a_leaked_reference_keeps_its_slot_and_nothing_else<M: Host>() {
    let ledger = Ledger::new();
    let cache = M::cache(Setup::new());
    cache.put(0, ledger.token()).unwrap();
    mem::forget(cache.get_ref(&0));
    assert!(matches!(cache.remove(&0), Removed::InUse));
    for key in 1..100 {
        cache.put(key, ledger.token()).unwrap();
        assert!(cache.len() <= 7);
    }
    assert_eq!((cache.len(), ledger.alive()), (7, 8));
    cache.clear();
    assert_eq!(ledger.alive(), 1);
    cache.validate(1);
    drop(cache);
    assert_eq!(ledger.alive(), 0, "it goes with the cache");
}

/// Threads look from lines of their own, and all lines are asked.
#[cfg(feature = "std")]
#[test]
fn what_another_thread_looks_at_is_in_use() {
    let ledger = Ledger::new();
    let cache = Cache::<u32, Token, Heap>::with_capacity(1);
    cache.put(0, ledger.token()).unwrap();
    // Of several threads most have another line than the one that is asked first.
    for _ in 0..20 {
        let look = || cache.get_ref(&0).unwrap();
        let held = std::thread::scope(|scope| scope.spawn(look).join().unwrap());
        assert!(cache.insert(1, ledger.token()).is_err(), "the only slot is looked at");
        assert_eq!(held.id(), 0);
    }
    let held = std::thread::scope(|scope| scope.spawn(|| cache.get_ref(&0).unwrap()).join().unwrap());
    assert!(matches!(cache.remove(&0), Removed::InUse));
    assert!(cache.insert(1, ledger.token()).is_err(), "the only slot is looked at");
    assert!(ledger.is_alive(0));
    drop(held);
    assert_eq!(ledger.alive(), 0);
}

/// A line has four cells: what comes then is pinned.
fn looks_in_looks_end_in_any_order<M: Host>() {
    let ledger = Ledger::new();
    let cache = M::cache(Setup::new());
    (0..4).for_each(|key| cache.put(key, ledger.token()).unwrap());
    for first in 0..7 {
        let mut held: Vec<_> = (0..7).map(|number| cache.get_ref(&(number % 4)).unwrap()).collect();
        assert!(held.iter().zip(0..).all(|(entry, number)| *Ref::key(entry) == number % 4));
        cache.validate(2);
        while !held.is_empty() {
            drop(held.swap_remove(first % held.len()));
        }
    }
    let held: Vec<_> = (0..7).map(|_| cache.get_ref(&0).unwrap()).collect();
    assert!(matches!(cache.remove(&0), Removed::InUse));
    assert_eq!(ledger.alive(), 4);
    drop(held);
    assert_eq!(ledger.alive(), 3, "the last reader drops it, whatever it holds it by");
    assert_eq!(cache.validate(0), 0);
}

#[test]
#[cfg_attr(miri, ignore = "half a million references take long in an interpreter")]
fn an_entry_with_too_many_references_is_not_found_and_everything_else_is() {
    type Other = fn(&Full, &'static Ledger);
    const MOST_PINS: usize = 1 << 19;
    type Full = StaticCache<u32, Token, 1, 8, Setup<DefaultHash, Untimed, Striped<1>>>;
    let full = |ledger: &'static Ledger| {
        let cache = Full::with(Setup::new().recorder(Striped::new()));
        (0..8).for_each(|key| cache.put(key, ledger.token()).unwrap());
        for _ in 0..MOST_PINS {
            mem::forget(cache.get_ref(&0).expect("not too many yet"));
        }
        assert_eq!((cache.iter().count(), cache.len()), (7, 8));
        (1..8).for_each(|key| assert!(cache.contains(&key)));
        cache
    };
    let others: [(&str, usize, Other); 6] = [
        ("look-up", 7, |cache, _| {
            assert!(cache.get_ref(&0).is_none() && cache.peek(&0).is_none() && cache.get(&0).is_none());
        }),
        ("insert", 7, |cache, ledger| {
            let stored = cache.insert(0, ledger.token());
            assert!(matches!(stored, Ok(Stored::Evicted(1..8, _))), "{stored:?}");
            assert!(cache.contains(&0));
        }),
        ("fill", 7, |cache, ledger| {
            assert!(matches!(cache.get_ref_or_insert_with(0, || ledger.token()), Filled::InCache(_)));
        }),
        ("remove", 7, |cache, _| assert!(matches!(cache.remove(&0), Removed::Absent))),
        ("clear", 0, |cache, _| cache.clear()),
        ("retain", 7, |cache, _| cache.retain(|_, _| true)),
    ];
    for (name, left, other) in others {
        let ledger = Ledger::new();
        let cache = full(ledger);
        other(&cache, ledger);
        assert_eq!(cache.len(), left, "after {name}");
        assert_sums(cache.stats(), cache.len());
        cache.validate(MOST_PINS);
        for key in 100..200 {
            cache.put(key, ledger.token()).unwrap();
            assert!(cache.contains(&key));
        }
        assert_eq!(cache.len(), 7, "one slot is lost after {name}");
        drop(cache);
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
#[cfg_attr(miri, ignore = "half a million references take long in an interpreter")]
fn an_entry_that_had_too_many_references_does_not_come_back() {
    let cache = StaticCache::<u32, u32, 1, 8>::new();
    cache.put(0, 1).unwrap();
    let last = cache.get_ref(&0);
    for _ in 1..1 << 19 {
        mem::forget(cache.get_ref(&0).expect("not too many yet"));
    }
    assert_eq!(cache.get(&0), None);
    drop(last);
    assert_eq!(cache.get(&0), None, "it came back without an insert");
}

/// What an insert over a value that is held by a look does and says, with room elsewhere and without.
#[cfg(feature = "alloc")]
fn inserts_over_a_look<X: CellKind>(cell: X)
where
    Setup<DefaultHash, Untimed, Striped<1>, X>: Suits<u32, u32>,
{
    for capacity in [16, 1] {
        let setup = Setup::new().recorder(Striped::new()).cell(cell);
        let cache = larder::cache::HeapCache::<u32, u32, _>::with_capacity_and(capacity, setup);
        cache.share();
        cache.put(1, 10).unwrap();
        // Pins that are held at once are turns: from then on it takes looks.
        drop((0..40).map(|_| cache.get_ref(&1)).collect::<Vec<_>>());
        let held = cache.get_ref(&1).expect("it is there");
        let stored = cache.insert(1, 11);
        if capacity == 1 {
            assert!(stored.is_err(), "{stored:?}");
            assert_eq!((cache.get(&1), cache.stats().replaced), (Some(10), 0));
        } else {
            assert_eq!(stored, Ok(Stored::ReplacedInUse { evicted: None }));
            assert_eq!((cache.get(&1), cache.stats().replaced), (Some(11), 1));
        }
        assert_sums(cache.stats(), cache.len());
        assert_eq!(*held, 10);
        drop(held);
        // What was retired and looked at may be left where it is.
        cache.put(1, 12).unwrap();
        assert_eq!(cache.get(&1), Some(12));
    }
}

#[test]
#[cfg(feature = "alloc")]
fn an_insert_over_what_is_looked_at_leaves_it_or_says_that_it_is_in_use() {
    inserts_over_a_look(Pinned);
    inserts_over_a_look(Words);
}

/// Plain data that nobody can hold any more disappears, and its slot is free when it has been let go.
#[test]
#[cfg_attr(miri, ignore = "half a million references take long in an interpreter")]
fn plain_data_with_too_many_references_is_let_go() {
    type Full = StaticCache<u32, u32, 1, 8, Setup<DefaultHash, Untimed, Striped<1>, Words>>;
    type Other = fn(&Full);
    let others: [(&str, Other); 5] = [
        ("look-up", |cache| assert!(cache.get_ref(&0).is_none())),
        // It copies: the entry is still there until somebody is refused it.
        ("insert", |cache| {
            assert_eq!(cache.get(&0), Some(0));
            assert!(matches!(cache.insert(0, 1), Ok(Stored::Evicted(1..8, _))));
            assert_eq!(cache.get(&0), Some(1));
        }),
        ("removal", |cache| assert!(!cache.remove(&0).was_there())),
        ("clear", |cache| cache.clear()),
        ("retain", |cache| cache.retain(|_, _| true)),
    ];
    for (name, other) in others {
        let setup = Setup::new().recorder(Striped::new()).cell(Words);
        let cache = Full::with(setup);
        (0..8).for_each(|key| cache.put(key, key).unwrap());
        let held: Vec<_> = (0..1 << 19).map(|_| cache.get_ref(&0).expect("not too many yet")).collect();
        other(&cache);
        assert!(held.iter().all(|held| **held == 0), "what is held is as it was after {name}");
        assert!(cache.get_ref(&0).is_none_or(|held| *held == 1), "after {name}");
        assert_sums(cache.stats(), cache.len());
        drop(held);
        assert_eq!(cache.validate(0), 0, "its slot is free after {name}");
        for key in 100..200 {
            cache.put(key, key).unwrap();
        }
        assert_eq!(cache.len(), 8, "no slot is lost after {name}");
        assert_sums(cache.stats(), cache.len());
    }
}

// Computed values.

#[test]
fn a_value_that_was_overtaken_is_given_and_not_stored() {
    type Here = StaticCache<u32, u32, 1, 8>;
    let overtaking: [(_, fn(&Here)); 6] = [
        ("an insert of the key", |cache| cache.put(1, 9).unwrap()),
        ("a removal of the key", |cache| assert!(!cache.remove(&1).was_there())),
        ("an insert and a removal", |cache| {
            cache.put(1, 9).unwrap();
            assert_eq!(cache.remove(&1), Removed::Value(9));
        }),
        ("a clear", Here::clear),
        ("a retain", |cache| cache.retain(|_, _| true)),
        ("a removal by another computation", |cache| {
            cache.get_or_insert_with(2, || {
                cache.remove(&1);
                0
            });
        }),
    ];
    for (name, overtake) in overtaking {
        let cache = Here::new();
        let value = cache.get_or_insert_with(1, || {
            overtake(&cache);
            5
        });
        assert_eq!(value, 5);
        assert_ne!(cache.get(&1), Some(5), "stored after {name}");
        let filled = cache.try_get_ref_or_insert_with(3, || {
            overtake(&cache);
            Ok::<_, ()>(5)
        });
        assert!(matches!(filled, Ok(Filled::Unstored(5))), "stored after {name} in the same set");
        cache.validate(0);
    }
}

#[test]
fn a_value_that_was_not_overtaken_is_stored() {
    type Here<'c> = StaticCache<u32, u32, 1, 8, Setup<DefaultHash, Expiring<&'c TestClock>>>;
    let harmless: [(_, fn(&Here<'_>)); 6] = [
        ("nothing", |_| ()),
        ("a look-up", |cache| drop((cache.get(&1), cache.get_ref(&2)))),
        ("a sight", |cache| drop((cache.peek(&1), cache.iter().count()))),
        ("a sweep", |cache| assert_eq!(cache.sweep(Instant::MAX, 8).expired, 0)),
        ("a computation of another key", |cache| assert_eq!(cache.get_or_insert_with(2, || 0), 0)),
        ("a computation that fails", |cache| {
            assert!(cache.try_get_or_insert_with(1, || Err(())).is_err());
        }),
    ];
    for (name, work) in harmless {
        let clock = TestClock::new();
        let cache = Here::with(setup(DefaultHash::new(), &clock));
        let value = cache.get_or_insert_with(1, || {
            work(&cache);
            5
        });
        assert_eq!((value, cache.get(&1)), (5, Some(5)), "with {name} meanwhile");
    }
}

#[test]
fn what_another_computation_has_stored_is_given() {
    let cache = StaticCache::<u32, u32, 1, 8>::new();
    let outer = cache.get_ref_or_insert_with(1, || {
        assert_eq!(cache.get_or_insert_with(1, || 5), 5);
        6
    });
    assert_eq!((*outer, outer.into_value(), cache.get(&1)), (5, 5, Some(5)));
}

#[test]
fn the_time_of_a_computed_value_begins_when_it_is_there() {
    let clock = TestClock::new();
    let cache = expiring::<1>(&clock);
    cache.set_time_to_live(ticks(10));
    cache.get_or_insert_with(1, || {
        clock.advance_ticks(9);
        5
    });
    clock.advance_ticks(9);
    assert_eq!(cache.get(&1), Some(5));
    clock.advance_ticks(1);
    assert_eq!(cache.get(&1), None);
}

#[test]
fn errors_are_given_and_not_stored() {
    let with = Setup::new().recorder(Striped::<8>::new());
    let cache = StaticCache::<u32, String, 1, 8, _>::with(with);
    assert_eq!(cache.try_get_or_insert_with(1, || Err("no")), Err("no"));
    assert_eq!(cache.try_get_ref_or_insert_with(1, || Err("no")).map(|_| ()), Err("no"));
    assert_eq!(cache.len(), 0);
    assert_eq!(cache.try_get_or_insert_with(1, || Ok::<_, ()>("one".into())), Ok("one".into()));
    assert_eq!(cache.try_get_or_insert_with(1, || Err("no")), Ok("one".into()));
    assert_eq!(&**cache.get_ref_or_insert_with(1, || unreachable!()), "one");
    assert_eq!((cache.stats().misses, cache.stats().hits, cache.stats().inserted), (3, 2, 1));
}

// Several at once. (What they may see of each other is told by `histories`.)

/// Exact sums, whoever does what: threads that do everything, and rest in the end.
fn sums_are_exact_after_threads_have_done_everything<M: Host>()
where
    for<'c> Cache<u32, Token, M::Memory, Setup<DefaultHash, Idling<&'c TestClock>, Striped<8>>>: Sync,
{
    let rounds = if cfg!(miri) { 20 } else { 3_000 };
    let ledger = Ledger::new();
    let clock = &TestClock::new();
    let cache = M::cache(setup::<_, Idling<_>, Striped<8>>(DefaultHash::new(), clock));
    cache.set_time_to_live(ticks(50));
    let look_ups: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let cache = &cache;
                scope.spawn(move || {
                    let mut look_ups = 0;
                    let mut random = thread + 1_u64;
                    for _ in 0..rounds {
                        random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                        let (what, key) = (random >> 60, (random >> 32) as u32 % 24);
                        match what {
                            0..=4 => drop(cache.insert(key, ledger.token())),
                            5..=9 => drop(cache.get(&key)),
                            10 | 11 => drop(cache.get_or_insert_with(key, || ledger.token())),
                            12 => drop(cache.remove(&key)),
                            13 => drop(cache.sweep(clock.now(), 8)),
                            14 if key == 0 => cache.retain(|key, _| key % 2 == 0),
                            15 if key == 0 => cache.clear(),
                            15 if key == 1 => drop(cache.shrink(4)),
                            _ => drop(clock.advance_ticks(1)),
                        }
                        look_ups += u64::from((5..=11).contains(&what));
                        assert!(cache.len() <= cache.capacity());
                    }
                    look_ups
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // A look's end and a removal may have missed each other.
    cache.validate(0);
    let stats = cache.stats();
    assert_eq!(stats.hits + stats.misses, look_ups);
    assert_sums(stats, cache.len());
    cache.clear();
    assert_eq!(ledger.alive(), 0);
}

/// How many of a thousand look-ups miss a key that another thread stores again and again, in a round that is better than most. (In many a round
/// the other thread stands still for a time, perhaps where the key is hidden.)
#[cfg(all(feature = "std", not(miri)))]
fn misses_of_what_is_replaced<X: CellKind>(cell: X) -> usize
where
    Setup<DefaultHash, Untimed, Off, X>: Suits<u64, u64> + Sync,
{
    let cache = StaticCache::<u64, u64, 1, 8, _>::with(Setup::new().cell(cell));
    let round = || {
        let (both, is_over) = (std::sync::Barrier::new(2), AtomicBool::new(false));
        cache.put(0, 0).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                both.wait();
                (0..30_000).for_each(|value| cache.put(0, value).unwrap());
                is_over.store(true, Ordering::Relaxed);
            });
            both.wait();
            let (mut looks, mut misses) = (1, 0);
            while !is_over.load(Ordering::Relaxed) {
                misses += usize::from(cache.get(&0).is_none());
                looks += 1;
            }
            1000 * misses / looks
        })
    };
    let mut rounds = [(); 21].map(|()| round());
    rounds.sort_unstable();
    rounds[5]
}

#[test]
#[cfg(all(feature = "std", not(miri)))]
fn a_key_that_is_being_replaced_is_found() {
    for misses in [misses_of_what_is_replaced(Words), misses_of_what_is_replaced(Pinned)] {
        assert!(misses < 100, "{misses} of a thousand");
    }
}
