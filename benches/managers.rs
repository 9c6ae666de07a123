//! What it costs to be named and watched: the same operations on parts that nobody watches, and on the same kinds of parts that a manager
//! names, with a listener for events, a size hint and a janitor; and on one thread, what a look-up by name costs.
//!
//! The first of each table is the watched one; its ratio is to the other. 1.00 is what is promised: none of the parts' own operations knows
//! of any of it.
//!
//! `cargo bench --bench managers`

extern crate alloc;

mod contest;

use alloc::sync::Arc;
use contest::{Contender, contender, contest, scramble};
use core::hint::black_box;
use core::time::Duration;
use larder::cache::{Expiring, Heap, HeapCache, LruCache, Setup, Shared, TimedCache};
use larder::maintain::Janitor;
use larder::manager::{CacheManager, MemoryManager};
use larder::pool::{Hooks, ObjectPool};
use larder::stats::Off;
use larder::time::StdClock;
use larder::tracker::{HeapTracker, Thresholds};
use larder::watch::CacheKind;

/// Entries of each cache.
const ENTRIES: u32 = 10_000;
/// Operations of a round.
const OPERATIONS: usize = 200_000;
const ROUNDS: usize = 41;

type Pool = ObjectPool<[u64; 8], Hooks<[u64; 8]>, Off>;
type Lru = Shared<LruCache<u64, u64, Heap>>;
type Timed = Shared<TimedCache<u64, u64, Heap, Expiring<StdClock>>>;

fn pool() -> Pool {
    ObjectPool::try_with_recorder("pool", 64, Hooks::new(|| [0; 8]), Off::new())
        .expect("there is memory for it")
}

fn concurrent() -> HeapCache<u64, u64> {
    let cache = HeapCache::with_capacity_and(2 * ENTRIES as usize, Setup::new());
    (0..u64::from(ENTRIES)).for_each(|key| cache.put(scramble(key), key).expect("nobody holds anything"));
    cache
}

fn lru() -> Lru {
    let cache = Shared::new(LruCache::with_capacity(ENTRIES as usize));
    (0..u64::from(ENTRIES)).for_each(|key| cache.put(scramble(key), key));
    cache
}

fn timed() -> Timed {
    let time = Expiring::new(StdClock::new()).with_time_to_live(Duration::from_secs(3600));
    let cache = Shared::new(TimedCache::with_capacity(ENTRIES as usize, time));
    (0..u64::from(ENTRIES)).for_each(|key| cache.put(scramble(key), key));
    cache
}

/// Keys that are there, in an order that no processor foresees.
fn keys() -> impl Iterator<Item = u64> {
    (0..OPERATIONS as u64).map(|step| scramble(scramble(step) % u64::from(ENTRIES)))
}

fn acquires<'a>(name: &str, pool: &'a Pool) -> Contender<'a> {
    contender(name, || {
        for _ in 0..OPERATIONS {
            black_box(&*pool.acquire().expect("an object"));
        }
        OPERATIONS
    })
}

fn looks<'a>(name: &str, look_up: impl Fn(&u64) -> Option<u64> + 'a) -> Contender<'a> {
    contender(name, move || {
        let hits = keys().filter(|key| black_box(look_up(key)).is_some()).count();
        assert!(hits > OPERATIONS / 100 * 99, "nearly all are there");
        OPERATIONS
    })
}

fn puts<'a>(name: &str, put: impl Fn(u64, u64) + 'a) -> Contender<'a> {
    contender(name, move || {
        keys().for_each(|key| put(key, key));
        OPERATIONS
    })
}

fn tracks<'a>(name: &str, tracker: &'a HeapTracker<u64>) -> Contender<'a> {
    contender(name, || {
        for number in 0..OPERATIONS as u64 {
            let id = tracker.insert(number).expect("there is room");
            black_box(tracker.remove(black_box(id)));
        }
        OPERATIONS
    })
}

fn main() {
    let memory = Arc::new(MemoryManager::new(Thresholds::default()));
    let caches = memory.caches();
    memory.on_event(|event| println!("{event}"));
    let janitor = Janitor::new();
    janitor.watch(&memory);
    janitor.start().expect("a thread");

    let (named, bare) = (Arc::new(pool()), pool());
    memory.add("pool", &named).expect("a new name");
    contest(
        "pool, recorder off: acquire and release",
        1,
        ROUNDS,
        vec![acquires("watched", &named), acquires("not watched", &bare)],
    );

    let (named, bare) = (Arc::new(concurrent()), concurrent());
    caches.add("concurrent", &named).expect("a new name");
    caches.measure("concurrent", || 0).expect("it is there");
    contest(
        "concurrent cache, recorder off: hits",
        1,
        ROUNDS,
        vec![looks("watched", |key| named.get(key)), looks("not watched", |key| bare.get(key))],
    );
    let put = |cache: &HeapCache<u64, u64>, key, value| cache.put(key, value).expect("nobody holds anything");
    contest(
        "concurrent cache, recorder off: inserts",
        1,
        ROUNDS,
        vec![
            puts("watched", |key, value| put(&named, key, value)),
            puts("not watched", |key, value| put(&bare, key, value)),
        ],
    );

    let (named, bare) = (caches.create_lru_cache("lru", ENTRIES as usize).expect("a new name"), lru());
    (0..u64::from(ENTRIES)).for_each(|key| named.put(scramble(key), key));
    contest(
        "exact cache behind a lock: hits",
        1,
        ROUNDS,
        vec![looks("watched", |key| named.get(key)), looks("not watched", |key| bare.get(key))],
    );

    let (named, bare) = (Arc::new(timed()), timed());
    caches.add("timed", &named).expect("a new name");
    contest(
        "timed cache behind a lock, real clock: hits",
        1,
        ROUNDS,
        vec![looks("watched", |key| named.get(key)), looks("not watched", |key| bare.get(key))],
    );

    let (named, bare) = (Arc::new(HeapTracker::with_capacity(1_000)), HeapTracker::with_capacity(1_000));
    memory.add("tracker", &named).expect("a new name");
    contest(
        "tracker: insert and remove",
        1,
        ROUNDS,
        vec![tracks("watched", &named), tracks("not watched", &bare)],
    );

    by_name(caches);
}

/// What a look-up of the name costs besides.
fn by_name(caches: &CacheManager<StdClock>) {
    let typed = caches.lru_cache::<u64, u64>("lru").expect("it is there");
    contest(
        "by name, against a typed handle: hits of the exact cache",
        1,
        ROUNDS,
        vec![
            looks("by kind and name", |key| caches.get(CacheKind::Lru, "lru", key).expect("it is there")),
            looks("by a typed handle", |key| typed.get(key)),
        ],
    );
}
