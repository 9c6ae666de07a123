//! Names and what has them: makers, look-ups, clearing, cleanup, pressure, events.

#![cfg(all(feature = "std", not(any(larder_loom, larder_step))))]

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::{Arc, Weak};
use alloc::task::Wake;
use core::cell::Cell;
use core::iter;
use core::panic::AssertUnwindSafe;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use larder::cache::{HeapCache, Inline, Inserted, LruCache, Shared};
use larder::maintain::{Janitor, Maintain, Maintained};
use larder::manager::{CacheManager, MemoryManager, NamedLru};
use larder::pool::Hooks;
use larder::stats::CacheStats;
use larder::time::{Instant, ManualClock};
use larder::tracker::{Age, Thresholds, TrackerStats};
use larder::watch::{
    CacheKind, CacheReading, Cleanup, Event, InUse, Part, PoolReading, Pressure, Reading, Relief,
    TrackerReading,
};
use larder::{NameError, NameProblem};
use proptest::prelude::*;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::panic::catch_unwind;
use std::sync::{Barrier, Mutex};
use std::thread;

type Clock = Arc<ManualClock<1_000>>;
type Memory = MemoryManager<Clock>;

assert_impl_all!(Memory: Send, Sync);
assert_impl_all!(CacheManager<Clock>: Send, Sync, Maintain);
assert_not_impl_any!(CacheManager<Cell<u32>>: Sync);

fn memory() -> (Memory, Clock) {
    let clock = Clock::default();
    (MemoryManager::with_clock(Thresholds::new(4, 2, 2), Arc::clone(&clock)), clock)
}

fn caches() -> (CacheManager<Clock>, Clock) {
    let clock = Clock::default();
    (CacheManager::with_clock(Arc::clone(&clock)), clock)
}

fn problem<T>(result: Result<T, NameError<String>>) -> NameProblem {
    result.err().expect("it is refused").problem
}

/// Panics when it is dropped, if that is wanted. Counts.
struct Fragile(Arc<AtomicUsize>, bool);

impl Drop for Fragile {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        assert!(!self.1 || thread::panicking(), "fragile");
    }
}

// Names.

#[test]
fn a_name_is_had_once() {
    let (memory, _) = memory();
    let pool = memory.create_pool("a", || 1, 2).unwrap();
    assert_eq!(problem(memory.create_pool("a", || 1, 2)), NameProblem::Taken);
    assert_eq!(problem(memory.create_tracker::<u32, _>("a", 2, |_: &mut u32| ())), NameProblem::Taken);
    assert_eq!(problem(memory.add("a", &Arc::new(pool.clone()))), NameProblem::Taken);
    assert_eq!(problem(memory.create_pool("resources", || 1, 2)), NameProblem::Taken);
    // Caches have names of their own.
    memory.caches().create_lru_cache::<u32, u32>("a", 2).unwrap();
    for taken in [
        problem(memory.caches().create_lru_cache::<u32, u32>("a", 2)),
        problem(memory.caches().create_timed_cache::<u32, u32>("a", Duration::MAX)),
        problem(memory.caches().create_concurrent_cache::<u32, u32>("a", 2)),
        problem(memory.caches().memoize("a", 2, Duration::MAX, |n: &u32| *n)),
        problem(memory.caches().memoize_each("a", 2, Duration::MAX, |n: &u32| *n)),
    ] {
        assert_eq!(taken, NameProblem::Taken);
    }
}

#[test]
fn a_name_that_is_taken_makes_nothing() {
    let (caches, _) = caches();
    let large = 1 << 40;
    caches.create_lru_cache::<u32, u32>("a", 2).unwrap();
    assert_eq!(problem(caches.create_lru_cache::<u32, u32>("a", large)), NameProblem::Taken);
}

#[test]
fn a_name_can_be_dropped_and_used_again() {
    let (memory, _) = memory();
    let old = memory.create_pool("a", || 1, 2).unwrap();
    let out = old.acquire().unwrap();
    memory.remove("a").unwrap();
    assert_eq!(problem(memory.remove("a")), NameProblem::Unknown);
    assert_eq!(problem(memory.pool::<i32>("a")), NameProblem::Unknown);
    let new = memory.create_pool("a", || String::from("new"), 3).unwrap();
    assert_eq!((*out, old.in_use(), new.in_use()), (1, 1, 0));
    assert_eq!(memory.pool::<String>("a").unwrap().max_size(), 3);
    assert_eq!(problem(memory.remove("resources")), NameProblem::Taken);
}

#[test]
fn what_is_unknown_says_so() {
    let (memory, _) = memory();
    let caches = memory.caches();
    for unknown in [
        problem(memory.pool::<u32>("a")),
        problem(memory.part::<NamedLru<u32, u32>>("a")),
        problem(memory.reading("a")),
        problem(memory.measure("a", || 0)),
        problem(caches.lru_cache::<u32, u32>("a")),
        problem(caches.timed_cache::<u32, u32>("a")),
        problem(caches.concurrent_cache::<u32, u32>("a")),
        problem(caches.cache::<HeapCache<u32, u32>>("a")),
        problem(caches.reading("a")),
        problem(caches.stats("a")),
        problem(caches.clear("a")),
        problem(caches.remove("a")),
        problem(caches.get::<u32, u32>(CacheKind::Lru, "a", &1)),
        problem(caches.take::<u32, u32>(CacheKind::Lru, "a", &1)),
    ] {
        assert_eq!(unknown, NameProblem::Unknown);
    }
    assert_eq!(caches.stats("a").unwrap_err().to_string(), "there is no \"a\"");
}

#[test]
fn another_type_is_an_error_that_says_which() {
    let (memory, _) = memory();
    let caches = memory.caches();
    memory.create_pool("pool", || 1_u32, 2).unwrap();
    let error = memory.pool::<String>("pool").unwrap_err();
    let NameProblem::OtherType { is, asked } = error.problem else { panic!("{error}") };
    assert!(is.contains("u32") && asked.contains("String"), "{error}");
    assert_eq!(
        error.to_string(),
        "\"pool\" is of type ObjectPool<u32, Hooks<u32>, Placed> and not of type \
         ObjectPool<String, Hooks<String>, Placed>"
    );

    caches.create_lru_cache::<u32, u32>("lru", 2).unwrap();
    let error = caches.lru_cache::<u32, String>("lru").unwrap_err();
    assert!(matches!(error.problem, NameProblem::OtherType { .. }), "{error}");
    let error = caches.timed_cache::<u32, u32>("lru").unwrap_err();
    assert_eq!(error.problem, NameProblem::OtherKind { is: "lru", asked: "timed" });
    assert_eq!(
        problem(caches.get::<u32, u32>(CacheKind::Concurrent, "lru", &1)),
        NameProblem::OtherKind { is: "lru", asked: "concurrent" }
    );
}

#[test]
fn a_capacity_of_none_or_too_much_is_refused_and_the_name_is_free() {
    let (memory, _) = memory();
    let caches = memory.caches();
    for none in [
        problem(memory.create_pool("a", || 1, 0)),
        problem(memory.create_tracker::<u32, _>("a", 0, |_: &mut u32| ())),
        problem(caches.create_lru_cache::<u32, u32>("a", 0)),
        problem(caches.create_timed_cache_of::<u32, u32>("a", 0, Duration::MAX)),
        problem(caches.create_concurrent_cache::<u32, u32>("a", 0)),
        problem(caches.memoize("a", 0, Duration::MAX, |n: &u32| *n)),
    ] {
        assert_eq!(none, NameProblem::NoCapacity);
    }
    let most = usize::MAX;
    for much in [
        problem(memory.create_pool("a", || 1, most)),
        problem(caches.create_lru_cache::<u32, u32>("a", most)),
        problem(caches.create_concurrent_cache::<u32, u32>("a", most)),
    ] {
        assert!(matches!(much, NameProblem::Capacity(_)), "{much:?}");
    }
    memory.create_pool("a", || 1, 1).unwrap();
    caches.create_lru_cache::<u32, u32>("a", 1).unwrap();
}

#[test]
fn of_threads_that_make_the_same_name_one_does() {
    let (caches, _) = caches();
    let barrier = Barrier::new(4);
    let made = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for name in 0..100 {
                    barrier.wait();
                    let cache = caches.create_lru_cache::<u32, u32>(&name.to_string(), 2);
                    made.fetch_add(usize::from(cache.is_ok()), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!((made.into_inner(), caches.names().len()), (100, 100));
}

// By kind and name.

#[test]
fn every_kind_is_used_by_its_name() {
    let (caches, clock) = caches();
    let typed = caches.create_lru_cache::<String, u32>("lru", 2).unwrap();
    caches.create_timed_cache::<String, u32>("timed", Duration::from_secs(1)).unwrap();
    caches.create_concurrent_cache::<String, u32>("concurrent", 20).unwrap();
    for (kind, name) in
        [(CacheKind::Lru, "lru"), (CacheKind::Timed, "timed"), (CacheKind::Concurrent, "concurrent")]
    {
        caches.put(kind, name, String::from("key"), 1_u32).unwrap();
        assert_eq!(caches.get(kind, name, "key"), Ok(Some(1_u32)));
        assert_eq!(caches.get(kind, name, &String::from("other")), Ok(None::<u32>));
        let stats = caches.stats(name).unwrap();
        assert_eq!((stats.hits, stats.misses, stats.inserted), (1, 1, 1), "{name}");
        assert_eq!(caches.take::<u32, _>(kind, name, "key"), Ok(true));
        assert_eq!(caches.take::<u32, _>(kind, name, "key"), Ok(false));
        caches.put(kind, name, String::from("key"), 2_u32).unwrap();
    }
    assert_eq!(typed.get("key"), Some(2));
    clock.advance(Duration::from_secs(1));
    assert_eq!(caches.get(CacheKind::Timed, "timed", "key"), Ok(None::<u32>));
    caches.cleanup();
    assert_eq!(caches.stats("timed").unwrap().expired, 1);
}

#[test]
fn what_is_not_put_comes_back() {
    let (caches, _) = caches();
    caches.create_lru_cache::<u32, String>("a", 2).unwrap();
    let not = caches.put(CacheKind::Timed, "a", 1_u32, String::from("value")).unwrap_err();
    assert_eq!((not.key, not.value.as_str()), (1, "value"));
    assert_eq!(not.to_string(), "nothing was put in: \"a\" is of the kind \"lru\" and not \"timed\"");
    let not = caches.put(CacheKind::Lru, "b", 1_u32, String::from("value")).unwrap_err();
    assert_eq!(not.name_error.unwrap().problem, NameProblem::Unknown);

    // One that the cache does not take: all of its slots are in use.
    let cache = caches.create_concurrent_cache::<u32, u32>("c", 1).unwrap();
    cache.put(1, 1).unwrap();
    let held = cache.get_ref(&1).unwrap();
    let not = caches.put(CacheKind::Concurrent, "c", 2_u32, 3_u32).unwrap_err();
    assert_eq!((not.key, not.value, not.name_error), (2, 3, None));
    drop(held);
}

#[test]
fn a_handle_is_the_cache_itself() {
    let (caches, _) = caches();
    let made = caches.create_concurrent_cache::<u32, u32>("a", 20).unwrap();
    assert!(Arc::ptr_eq(&made, &caches.concurrent_cache("a").unwrap()));
    let own = Arc::new(Shared::new(LruCache::<u32, u32, Inline<4>>::new()));
    caches.add("own", &own).unwrap();
    assert!(Arc::ptr_eq(&own, &caches.cache("own").unwrap()));
}

// Namespaces and clearing.

#[test]
fn a_namespace_is_what_stands_before_the_last_slash() {
    let (caches, _) = caches();
    for name in ["users", "users/a", "users/b", "users/deep/a", "users2/a", "/", "/x", "x/"] {
        caches.create_lru_cache::<u32, u32>(name, 2).unwrap().put(1, 1);
    }
    let snapshot = caches.snapshot();
    let split: Vec<_> = snapshot.iter().map(|line| (&*line.namespace, &*line.name)).collect();
    assert_eq!(
        split,
        [
            ("", "/"),
            ("", "/x"),
            ("", "users"),
            ("users", "a"),
            ("users", "b"),
            ("users/deep", "a"),
            ("users2", "a"),
            ("x", "")
        ]
    );
    let left = || -> Vec<String> {
        let full = caches.names().into_iter().filter(|name| !caches.reading(name).unwrap().is_empty());
        full.map(|name| name.to_string()).collect()
    };
    assert_eq!(caches.clear_namespace("users"), 3);
    assert_eq!(left(), ["/", "/x", "users", "users2/a", "x/"]);
    assert_eq!(caches.clear_namespace("user"), 0);
    assert_eq!(caches.clear_where(|line| &*line.name == "/x"), 1);
    assert_eq!(left(), ["/", "users", "users2/a", "x/"]);
    caches.clear("users2/a").unwrap();
    assert_eq!(caches.clear_all(), 8);
    assert_eq!(left(), [""; 0]);
}

#[test]
fn a_namespace_counts_together() {
    let (caches, _) = caches();
    let a = caches.create_lru_cache::<u32, u32>("users/a", 2).unwrap();
    let b = caches.create_concurrent_cache::<u32, u32>("users/b", 2).unwrap();
    let c = caches.create_lru_cache::<u32, u32>("c", 2).unwrap();
    a.put(1, 1);
    assert_eq!((a.get(&1), a.get(&2), b.get(&3), c.get(&4)), (Some(1), None, None, None));
    let stats = caches.namespace_stats("users");
    assert_eq!((stats.hits, stats.misses, stats.inserted), (1, 2, 1));
    assert_eq!(caches.namespace_stats("").misses, 3);
    assert_eq!(caches.namespace_stats("nobody").misses, 0);
}

#[test]
fn a_cache_without_counts_says_so() {
    let (caches, _) = caches();
    caches.add("quiet", &Arc::new(HeapCache::<u32, u32>::with_capacity(10))).unwrap();
    assert_eq!(problem(caches.stats("quiet")), NameProblem::NotCounted);
}

#[test]
fn all_are_cleared_though_some_panic() {
    let (caches, _) = caches();
    let dropped = Arc::new(AtomicUsize::new(0));
    for name in ["a", "b", "c"] {
        let cache = caches.create_lru_cache(name, 4).unwrap();
        let concurrent = caches.create_concurrent_cache(&format!("{name}/concurrent"), 4).unwrap();
        for key in 0..3 {
            cache.put(key, Fragile(Arc::clone(&dropped), key == 1 && name == "b"));
            concurrent.put(key, Fragile(Arc::clone(&dropped), key == 1 && name == "b")).unwrap();
        }
    }
    catch_unwind(AssertUnwindSafe(|| caches.clear_all())).unwrap_err();
    assert_eq!(dropped.load(Ordering::Relaxed), 18);
    assert!(caches.snapshot().iter().all(|line| line.reading.is_empty()));
}

#[test]
fn destructors_may_use_the_manager() {
    struct Asks(Weak<CacheManager<Clock>>, Arc<AtomicU32>);
    impl Drop for Asks {
        fn drop(&mut self) {
            if let Some(caches) = self.0.upgrade() {
                let name = format!("by destructor {}", self.1.fetch_add(1, Ordering::Relaxed));
                caches.create_lru_cache::<u32, u32>(&name, 1).unwrap();
                caches.remove("a").ok();
                caches.clear_all();
            }
        }
    }
    let caches = Arc::new(CacheManager::with_clock(Clock::default()));
    let asked = Arc::new(AtomicU32::new(0));
    let cache = caches.create_lru_cache("a", 4).unwrap();
    for key in 0..3 {
        cache.put(key, Asks(Arc::downgrade(&caches), Arc::clone(&asked)));
    }
    caches.clear("a").unwrap();
    // The last one: with the name goes the cache.
    cache.put(7, Asks(Arc::downgrade(&caches), Arc::clone(&asked)));
    drop(cache);
    caches.add("b", &Arc::new(Shared::new(LruCache::<u32, u32, Inline<1>>::new()))).unwrap();
    caches.remove("a").ok();
    assert_eq!(asked.load(Ordering::Relaxed), 4);
}

/// What a name that is given, taken and asked for does, against a plain map.
#[derive(Clone, Debug)]
enum Call {
    Create(String),
    Remove(String),
    Put(String, u8),
    Get(String, u8),
    Clear(String),
    ClearNamespace(String),
}

fn call() -> impl Strategy<Value = Call> {
    let name = || "[ab/]{0,4}";
    prop_oneof![
        name().prop_map(Call::Create),
        name().prop_map(Call::Create),
        name().prop_map(Call::Remove),
        (name(), 0..4_u8).prop_map(|(name, key)| Call::Put(name, key)),
        (name(), 0..4_u8).prop_map(|(name, key)| Call::Get(name, key)),
        name().prop_map(Call::Clear),
        name().prop_map(Call::ClearNamespace),
    ]
}

proptest! {
    #[test]
    fn agrees_with_a_map_of_maps(calls in prop::collection::vec(call(), 0..60)) {
        let (caches, _) = caches();
        let mut model: BTreeMap<String, BTreeMap<u8, usize>> = BTreeMap::new();
        for (step, call) in calls.into_iter().enumerate() {
            match call {
                Call::Create(name) => {
                    let is_new = !model.contains_key(&name);
                    prop_assert_eq!(caches.create_lru_cache::<u8, usize>(&name, 8).is_ok(), is_new);
                    model.entry(name).or_default();
                }
                Call::Remove(name) => {
                    prop_assert_eq!(caches.remove(&name).is_ok(), model.remove(&name).is_some());
                }
                Call::Put(name, key) => {
                    let put = caches.put(CacheKind::Lru, &name, key, step);
                    if let Some(entries) = model.get_mut(&name) {
                        put.unwrap();
                        entries.insert(key, step);
                    } else {
                        prop_assert_eq!(put.unwrap_err().value, step);
                    }
                }
                Call::Get(name, key) => {
                    let found = caches.get::<usize, _>(CacheKind::Lru, &name, &key).ok();
                    prop_assert_eq!(found, model.get(&name).map(|entries| entries.get(&key).copied()));
                }
                Call::Clear(name) => {
                    prop_assert_eq!(caches.clear(&name).is_ok(), model.contains_key(&name));
                    model.entry(name.clone()).and_modify(BTreeMap::clear);
                }
                Call::ClearNamespace(namespace) => {
                    let inside = |name: &str| {
                        let space = name.rsplit_once('/').map_or("", |(space, _)| space);
                        namespace.is_empty()
                            || space == namespace
                            || space.starts_with(&format!("{namespace}/"))
                    };
                    let mut count = 0;
                    for (_, entries) in model.iter_mut().filter(|(name, _)| inside(name)) {
                        entries.clear();
                        count += 1;
                    }
                    prop_assert_eq!(caches.clear_namespace(&namespace), count);
                }
            }
            let names: Vec<String> = caches.names().iter().map(ToString::to_string).collect();
            prop_assert_eq!(&names, &model.keys().cloned().collect::<Vec<_>>());
            let lens: Vec<usize> = caches.snapshot().iter().map(|line| line.reading.len()).collect();
            prop_assert_eq!(lens, model.values().map(BTreeMap::len).collect::<Vec<_>>());
        }
    }
}

// Memoized functions.

#[test]
fn a_memoized_function_computes_once_until_its_time_is_over() {
    let (caches, clock) = caches();
    let calls = AtomicU32::new(0);
    let length = caches
        .memoize("lengths", 10, Duration::from_secs(60), |text: &str| {
            calls.fetch_add(1, Ordering::Relaxed);
            text.len()
        })
        .unwrap();
    assert_eq!((length.call("a"), length.call("a"), length.call("bc")), (1, 1, 2));
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    clock.advance(Duration::from_secs(60));
    assert_eq!((length.call("a"), calls.load(Ordering::Relaxed)), (1, 3));
    // The cache is seen by its name, and cleared by it.
    assert_eq!(caches.stats("lengths").unwrap().hits, 1);
    caches.clear("lengths").unwrap();
    assert_eq!((length.call("a"), calls.load(Ordering::Relaxed)), (1, 4));
    length.memo().remove("a");
    assert_eq!((length.call("a"), calls.load(Ordering::Relaxed)), (1, 5));
}

#[test]
fn arguments_may_be_of_many_parts() {
    let (caches, _) = caches();
    let area = caches
        .memoize_each("areas", 10, Duration::MAX, |(name, sides): &(String, Vec<u32>)| {
            format!("{name}: {}", sides.iter().product::<u32>())
        })
        .unwrap();
    assert_eq!(area.call(&(String::from("box"), vec![2, 3, 4])), "box: 24");
    assert_eq!(area.call(&(String::from("box"), vec![2, 3, 4])), "box: 24");
    assert_eq!(caches.stats("areas").unwrap().hits, 1);
}

#[test]
fn errors_are_not_remembered() {
    let (caches, _) = caches();
    let calls = AtomicU32::new(0);
    let number = caches
        .try_memoize("numbers", 10, Duration::MAX, |text: &str| {
            calls.fetch_add(1, Ordering::Relaxed);
            text.parse::<u32>()
        })
        .unwrap();
    assert!(number.try_call("x").is_err() && number.try_call("x").is_err());
    assert_eq!((number.try_call("7"), number.try_call("7")), (Ok(7), Ok(7)));
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}

#[test]
fn a_result_begun_before_a_clear_is_not_kept() {
    let (caches, _) = caches();
    let caches = &caches;
    let value = AtomicU32::new(1);
    let function = caches
        .memoize("f", 10, Duration::MAX, |(): &()| {
            let read = value.load(Ordering::Relaxed);
            if read == 1 {
                value.store(2, Ordering::Relaxed);
                caches.clear("f").unwrap();
            }
            read
        })
        .unwrap();
    assert_eq!((function.call(&()), function.call(&())), (1, 2));
}

#[test]
fn callers_wait_for_one() {
    let (caches, _) = caches();
    let calls = AtomicU32::new(0);
    let gate = Barrier::new(8);
    let slow = caches
        .memoize("slow", 10, Duration::MAX, |n: &u32| {
            calls.fetch_add(1, Ordering::Relaxed);
            thread::yield_now();
            *n
        })
        .unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                gate.wait();
                assert_eq!(slow.call(&7), 7);
            });
        }
    });
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

// Resources and cleanup.

#[test]
fn a_resource_that_nobody_has_is_cleaned_up_once() {
    let (memory, _) = memory();
    let closed = Arc::new(AtomicU32::new(0));
    let close = || {
        let closed = Arc::clone(&closed);
        move || {
            closed.fetch_add(1, Ordering::Relaxed);
        }
    };
    let (one, two): (Arc<str>, Arc<dyn Send + Sync>) = (Arc::from("one"), Arc::new(2));
    memory.track_with(&one, close()).unwrap();
    memory.track_with(&two, close()).unwrap();
    memory.track(&two).unwrap();
    assert_eq!(memory.cleanup(), Relief::default());
    drop(one);
    assert_eq!(memory.cleanup(), Relief { resources: 1, ..Relief::default() });
    drop(two);
    assert_eq!(memory.cleanup().resources, 2);
    assert_eq!(memory.cleanup().resources, 0);
    assert_eq!(closed.load(Ordering::Relaxed), 2);
}

#[test]
fn what_is_untracked_or_outlives_the_manager_is_not_finalized() {
    let (memory, _) = memory();
    let (owned, other) = (Arc::new(1), Arc::new(2));
    let id = memory.track_with(&owned, || unreachable!("untracked")).unwrap();
    memory.track_with(&other, || unreachable!("alive")).unwrap();
    assert!(memory.untrack(id) && !memory.untrack(id));
    drop(owned);
    assert_eq!(memory.cleanup().resources, 0);
    drop(memory);
    assert_eq!(Arc::weak_count(&other), 0);
}

#[test]
fn what_is_gone_makes_room_when_there_is_none() {
    let memory = MemoryManager::with_room(Thresholds::DEFAULT, Clock::default(), 10).unwrap();
    let told = told(&memory);
    for number in 0..100 {
        let finalizer = move || assert_ne!(number, 7, "it can't be closed");
        memory.track_with(&Arc::new(number), finalizer).unwrap();
    }
    let resources = memory.resources().stats();
    assert_eq!((resources.quarantined, resources.live <= 10), (1, true));
    assert!(told.lock().unwrap()[0].contains("it can't be closed"));
    // What is not gone does not go.
    let kept: Vec<_> = (0..9).map(Arc::new).collect();
    memory.cleanup();
    for resource in &kept {
        memory.track(resource).unwrap();
    }
    assert!(memory.track(&Arc::new(0)).is_err());
}

#[test]
fn a_cleanup_counts_also_what_goes_beside_what_panics() {
    let (memory, _) = memory();
    for number in 0..5 {
        memory.track_with(&Arc::new(()), move || assert_ne!(number, 2)).unwrap();
    }
    assert_eq!(memory.cleanup().resources, 4);
    assert_eq!(block_on(memory.cleanup_async()).0.resources, 0);
}

#[test]
fn there_is_room_for_so_many() {
    let memory = MemoryManager::with_room(Thresholds::DEFAULT, Clock::default(), 1).unwrap();
    let resource = Arc::new(1);
    memory.track(&resource).unwrap();
    assert_eq!(memory.track(&resource).unwrap_err().capacity(), 1);
    assert!(MemoryManager::with_room(Thresholds::DEFAULT, Clock::default(), usize::MAX).is_err());
}

#[test]
fn maintenance_sweeps_by_the_thresholds() {
    let (memory, _) = memory();
    let closed = Arc::new(AtomicU32::new(0));
    for _ in 0..4 {
        let closed = Arc::clone(&closed);
        memory
            .track_with(&Arc::new(()), move || {
                closed.fetch_add(1, Ordering::Relaxed);
            })
            .unwrap();
    }
    while memory.maintain(16).is_left {}
    assert_eq!(closed.load(Ordering::Relaxed), 0, "no sweep is due at the threshold");
    let kept = Arc::new(());
    memory.track(&kept).unwrap();
    while memory.maintain(16).is_left {}
    assert_eq!(closed.load(Ordering::Relaxed), 4, "one is due above it");
    let Ok(Reading::Tracker(tracker)) = memory.reading("resources") else { panic!("it is a tracker") };
    assert_eq!((tracker.stats.live, tracker.stats.middle, tracker.stats.sweeps), (1, 1, [1, 0, 0]));
}

#[test]
fn trackers_of_one_type_have_the_managers_thresholds() {
    let (memory, clock) = memory();
    let ended = Arc::new(AtomicU32::new(0));
    let finalizer = {
        let ended = Arc::clone(&ended);
        move |_: &mut u32| {
            ended.fetch_add(1, Ordering::Relaxed);
        }
    };
    let tracker = memory.create_tracker("numbers", 10, finalizer).unwrap();
    clock.advance(Duration::from_secs(3));
    let handle = tracker.track_as("seven", 7).unwrap();
    tracker.insert_for(8, Duration::from_secs(1)).unwrap();
    clock.advance(Duration::from_secs(1));
    assert_eq!(memory.cleanup().resources, 1);
    drop(handle);
    memory.maintain(10);
    assert_eq!(ended.load(Ordering::Relaxed), 2);
}

#[test]
fn timed_caches_empty_themselves_by_maintenance() {
    let (memory, clock) = memory();
    let timed = memory.caches().create_timed_cache("timed", Duration::from_secs(1)).unwrap();
    let memo = memory.caches().memoize("memo", 10, Duration::from_secs(5), |n: &u32| *n).unwrap();
    for key in 0..100 {
        timed.put(key, key);
    }
    memo.call(&1);
    let next = memory.maintain(1_000).next.unwrap();
    assert!(next > Duration::ZERO && next <= Duration::from_secs(1), "{next:?}");
    clock.advance(Duration::from_secs(1));
    let mut steps = 0;
    loop {
        let maintained = memory.maintain(10);
        steps += maintained.done;
        assert!(maintained.done <= 32, "a few more than the budget: {}", maintained.done);
        if !maintained.is_left {
            break;
        }
    }
    assert!(steps >= 100);
    assert_eq!((timed.len(), timed.stats().expired), (0, 100));
    clock.advance(Duration::from_secs(5));
    assert_eq!(memory.cleanup().entries, 1);
    assert_eq!(memory.caches().stats("memo").unwrap().expired, 1);
}

/// Runs a future to its end, and says how often it was polled.
fn block_on<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for polls in 1.. {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return (output, polls);
        }
    }
    unreachable!("it ends")
}

#[test]
fn cleanup_can_be_awaited_slice_by_slice() {
    let (memory, _) = memory();
    for _ in 0..1_000 {
        memory.track(&Arc::new(())).unwrap();
    }
    let (gone, polls) = block_on(memory.cleanup_async());
    assert_eq!(gone.resources, 1_000);
    assert!(polls > 10, "it lets others run: {polls}");
    assert_eq!(block_on(memory.cleanup_async()).0, Relief::default());
}

#[test]
fn a_cleanup_is_whole_also_while_a_sweep_goes_on() {
    let (memory, _) = memory();
    let kept: Vec<_> = (0..64).map(Arc::new).collect();
    for resource in &kept {
        memory.track(resource).unwrap();
    }
    memory.resources().sweep_of(Age::Old, Instant::START, 64);
    memory.track(&Arc::new(())).unwrap();
    memory.resources().sweep_of(Age::Young, Instant::START, 0);
    drop(kept);
    assert_eq!(memory.cleanup().resources, 65);
}

// Pressure.

#[test]
fn pressure_takes_what_it_says() {
    let entries = |pressure| {
        let (memory, clock) = memory();
        let pool = memory.create_pool("pool", || 0, 8).unwrap();
        let out: Vec<_> = iter::repeat_with(|| pool.acquire().unwrap()).take(8).collect();
        drop(out);
        let lru = memory.caches().create_lru_cache("lru", 8).unwrap();
        let timed = memory.caches().create_timed_cache("timed", Duration::from_secs(10)).unwrap();
        let concurrent = memory.caches().create_concurrent_cache("concurrent", 1_000).unwrap();
        assert_eq!(timed.insert_for(100, 0, Duration::from_secs(1)), Inserted::New);
        for key in 0..8 {
            lru.put(key, key);
            timed.put(key, key);
            concurrent.put(key, key).unwrap();
        }
        clock.advance(Duration::from_secs(1));
        memory.track(&Arc::new(())).unwrap();
        let held = pool.acquire().unwrap();
        let relief = memory.on_pressure(pressure);
        drop(held);
        assert_eq!(lru.get(&7).is_some(), pressure != Pressure::Critical, "the last one used goes last");
        let stats = lru.stats();
        assert_eq!(stats.inserted, lru.len() as u64 + stats.evicted);
        (relief, [pool.idle(), lru.len(), timed.len(), concurrent.len()])
    };
    let relief = |objects, entries, resources| Relief { objects, entries, resources };
    assert_eq!(entries(Pressure::Low), (relief(4, 1, 1), [4, 8, 8, 8]));
    assert_eq!(entries(Pressure::High), (relief(7, 1 + 3 * 4, 1), [1, 4, 4, 4]));
    assert_eq!(entries(Pressure::Critical), (relief(7, 1 + 3 * 8, 1), [1, 0, 0, 0]));
}

#[test]
fn a_concurrent_cache_shrinks_exactly_and_keeps_what_is_used() {
    let cache: HeapCache<u32, u32> = HeapCache::with_capacity(1_600);
    for key in 0..1_600 {
        cache.put(key, key).unwrap();
    }
    let hot = |key: &u32| key.is_multiple_of(10);
    for _ in 0..3 {
        for key in (0..1_600).filter(hot) {
            cache.get(&key);
        }
    }
    let (before, hot_before) =
        (cache.len(), (0..1_600).filter(hot).filter(|key| cache.contains(key)).count());
    for most in [1_000, 999, 500, 500, 333] {
        let len = cache.len();
        assert_eq!(cache.shrink(most), len.saturating_sub(most));
        assert_eq!(cache.len(), len.min(most));
        cache.validate(0);
    }
    assert!(before > 333);
    let hot_after = (0..1_600).filter(hot).filter(|key| cache.contains(key)).count();
    assert!(hot_after * 10 > hot_before * 9, "{hot_after} of {hot_before}");
    assert_eq!((cache.shrink(usize::MAX), cache.shrink(0), cache.len()), (0, 333, 0));
    assert_eq!(cache.shrink(0), 0);
}

#[test]
fn what_is_held_stays_under_pressure() {
    let cache: HeapCache<u32, String> = HeapCache::with_capacity(100);
    for key in 0..50 {
        cache.put(key, key.to_string()).unwrap();
    }
    let held = cache.get_ref(&7).unwrap();
    cache.relieve(Pressure::Critical);
    assert_eq!((held.as_str(), cache.len()), ("7", 0));
    drop(held);
    cache.validate(0);
}

/// As many as there can be of everything, and whatever it is asked for panics, if that is wanted.
struct Boundless {
    kind: Reading,
    is_broken: bool,
}

impl Boundless {
    fn new(kind: Reading, is_broken: bool) -> Arc<Self> {
        Arc::new(Self { kind, is_broken })
    }

    fn pool() -> Reading {
        Reading::Pool(PoolReading {
            capacity: usize::MAX,
            idle: usize::MAX,
            bytes: usize::MAX,
            ..Default::default()
        })
    }

    fn cache() -> Reading {
        let mut counts = CacheStats::default();
        (counts.hits, counts.misses, counts.inserted) = (u64::MAX, u64::MAX, u64::MAX);
        let (capacity, entries, bytes) = (usize::MAX, usize::MAX, usize::MAX);
        Reading::Cache(CacheReading { kind: CacheKind::Lru, capacity, entries, counts: Some(counts), bytes })
    }

    fn tracker() -> Reading {
        let mut stats = TrackerStats::default();
        (stats.capacity, stats.live, stats.young, stats.awaiting) = (usize::MAX, usize::MAX, usize::MAX, 7);
        Reading::Tracker(TrackerReading { stats, due: Some(Age::Old), bytes: usize::MAX })
    }
}

impl Part for Boundless {
    fn reading(&self) -> Reading {
        self.kind
    }

    fn tidy(&self, _: usize) -> Maintained {
        assert!(!self.is_broken, "broken");
        Maintained { done: usize::MAX, ..Maintained::default() }
    }

    fn clean(&self, cleanup: &mut Cleanup, _: usize) -> bool {
        assert!(!self.is_broken, "broken");
        cleanup.relief = self.relieve(Pressure::Low);
        cleanup.position += 1;
        cleanup.position < 3
    }

    fn relieve(&self, _: Pressure) -> Relief {
        assert!(!self.is_broken, "broken");
        Relief { objects: usize::MAX, entries: usize::MAX, resources: usize::MAX }
    }
}

#[test]
fn numbers_of_any_size_are_added_up() {
    let (memory, _) = memory();
    for part in ["pool", "another pool"] {
        memory.add(part, &Boundless::new(Boundless::pool(), false)).unwrap();
    }
    memory.add("tracker", &Boundless::new(Boundless::tracker(), false)).unwrap();
    for cache in ["cache", "another cache"] {
        memory.caches().add(cache, &Boundless::new(Boundless::cache(), false)).unwrap();
    }
    assert_eq!(memory.cleanup().objects, usize::MAX);
    assert_eq!(memory.on_pressure(Pressure::High).entries, usize::MAX);
    assert_eq!(memory.maintain(10).done, usize::MAX);
    assert_eq!(memory.caches().namespace_stats("").hits, u64::MAX);
    assert!(memory.caches().stats("cache").unwrap().hit_ratio() > 0.4);
    let snapshot = memory.snapshot();
    assert!(snapshot.to_string().contains("another cache"));
    assert!(snapshot.open_metrics().to_string().ends_with("# EOF\n"));
    assert!(snapshot.iter().all(|line| line.reading.utilization() <= 1.0));
    assert_eq!(block_on(memory.cleanup_async()).0.objects, usize::MAX);
}

#[test]
fn what_always_panics_comes_to_an_end_however_much_there_can_be_of_it() {
    let (memory, _) = memory();
    memory.add("broken", &Boundless::new(Boundless::pool(), true)).unwrap();
    memory.track(&Arc::new(())).unwrap();
    assert!(!memory.maintain(usize::MAX).is_left);
    assert_eq!(memory.cleanup().resources, 1);
    memory.on_pressure(Pressure::Low);
}

/// Notes how often it is looked at, and takes some slices for a cleanup.
#[derive(Default)]
struct Watched {
    looks: AtomicUsize,
    slices: AtomicUsize,
}

impl Part for Watched {
    fn reading(&self) -> Reading {
        self.looks.fetch_add(1, Ordering::Relaxed);
        Reading::Pool(PoolReading { capacity: 10_000, ..Default::default() })
    }

    fn clean(&self, _: &mut Cleanup, _: usize) -> bool {
        self.slices.fetch_add(1, Ordering::Relaxed) < 99
    }
}

#[test]
fn a_cleanup_does_not_look_at_all_of_a_part_for_each_slice() {
    let (memory, _) = memory();
    let part = Arc::new(Watched::default());
    memory.add("part", &part).unwrap();
    part.looks.store(0, Ordering::Relaxed);
    memory.cleanup();
    let looks = part.looks.load(Ordering::Relaxed);
    assert_eq!(part.slices.load(Ordering::Relaxed), 100);
    assert!(looks <= 2, "{looks} looks: once for its size, once for the news");
}

#[test]
fn caches_of_different_sizes_come_to_rest_together() {
    let (caches, clock) = caches();
    let functions: Vec<_> = (0..7)
        .map(|n| {
            caches.memoize_each(&n.to_string(), 900 + n * 110, Duration::from_secs(1), |n: &u32| *n).unwrap()
        })
        .collect();
    for _ in 0..3 {
        for function in &functions {
            (0..100).for_each(|n| _ = function.call(&n));
        }
        clock.advance(Duration::from_secs(2));
        let rounds = iter::from_fn(|| caches.maintain(64).is_left.then_some(())).take(10_000).count();
        assert!(rounds < 500, "{rounds} rounds");
        assert_eq!(caches.snapshot().iter().map(|line| line.reading.len()).sum::<usize>(), 0);
    }
}

#[test]
fn a_small_budget_is_not_used_up_by_pools_and_trackers() {
    /// Has always something to do.
    struct Busy;
    impl Part for Busy {
        fn reading(&self) -> Reading {
            Reading::Pool(PoolReading::default())
        }
        fn tidy(&self, budget: usize) -> Maintained {
            Maintained { done: budget, is_left: true, next: None }
        }
    }
    let (memory, clock) = memory();
    for name in ["a", "b", "c", "d"] {
        memory.add(name, &Arc::new(Busy)).unwrap();
    }
    let heard = told(&memory);
    let pool = memory.create_pool("pool", || 0, 1).unwrap();
    let timed = memory.caches().create_timed_cache::<u32, u32>("timed", Duration::from_secs(1)).unwrap();
    (0..8).for_each(|key| timed.put(key, key));
    clock.advance(Duration::from_secs(2));
    let held = pool.acquire().unwrap();
    pool.acquire().unwrap_err();
    (0..100).for_each(|_| assert!(memory.maintain(1).is_left));
    assert_eq!(timed.len(), 0, "what is over has gone");
    assert_eq!(heard.lock().unwrap().len(), 1, "what happened is told though something is always left to do");
    drop(held);
}

#[test]
fn a_slash_at_the_beginning_is_a_part_of_the_name() {
    let (caches, _) = caches();
    for name in ["x", "/x", "//x", "a/x", "/a/x"] {
        caches.create_lru_cache::<u32, u32>(name, 2).unwrap();
    }
    let snapshot = caches.snapshot();
    let shown: BTreeSet<_> = snapshot.iter().map(|line| (&line.namespace, &line.name)).collect();
    assert_eq!(shown.len(), 5, "each is shown by another name: {shown:?}");
    let table = snapshot.to_string();
    assert!(table.contains("\n//x ") && table.contains("\n/x ") && table.contains("\n/a/x "), "{table}");
    assert_eq!(caches.clear_namespace("a"), 1);
    assert_eq!(caches.clear_namespace("/a"), 1);
}

#[test]
fn the_last_waker_stays_though_it_came_while_a_part_was_added() {
    /// Counts.
    #[derive(Default)]
    struct Bell(AtomicUsize);
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    /// While it gets its first waker, the manager gets another.
    struct Slow {
        memory: Weak<Memory>,
        late: Mutex<Option<Waker>>,
        waker: Mutex<Option<Waker>>,
    }
    impl Part for Slow {
        fn reading(&self) -> Reading {
            Reading::Pool(PoolReading::default())
        }
        fn wake_when_untidy(&self, waker: &Waker) {
            let late = self.late.lock().unwrap().take();
            if let Some(late) = late {
                self.memory.upgrade().unwrap().wake_when_due(&late);
            }
            *self.waker.lock().unwrap() = Some(waker.clone());
        }
    }
    let memory = Arc::new(memory().0);
    let (first, last) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    memory.wake_when_due(&Waker::from(Arc::clone(&first)));
    let slow = Arc::new(Slow {
        memory: Arc::downgrade(&memory),
        late: Mutex::new(Some(Waker::from(Arc::clone(&last)))),
        waker: Mutex::new(None),
    });
    memory.add("slow", &slow).unwrap();
    let waker = slow.waker.lock().unwrap().take().unwrap();
    waker.wake();
    assert_eq!((first.0.load(Ordering::Relaxed), last.0.load(Ordering::Relaxed)), (0, 1));
}

#[test]
fn a_value_is_not_lost_if_its_cache_goes_meanwhile() {
    /// Takes the name away while it is cloned, so that the look-up is the cache's last user.
    struct Value(Arc<CacheManager<Clock>>, Arc<AtomicUsize>);
    impl Clone for Value {
        fn clone(&self) -> Self {
            self.0.remove("a").ok();
            self.1.fetch_add(1, Ordering::Relaxed);
            Self(Arc::clone(&self.0), Arc::clone(&self.1))
        }
    }
    impl Drop for Value {
        fn drop(&mut self) {
            let left = self.1.fetch_sub(1, Ordering::Relaxed);
            assert!(left != 2 || thread::panicking(), "the first one that goes");
        }
    }
    let alive = Arc::new(AtomicUsize::new(1));
    for kind in [CacheKind::Lru, CacheKind::Timed, CacheKind::Concurrent] {
        let caches = Arc::new(caches().0);
        match kind {
            CacheKind::Lru => drop(caches.create_lru_cache::<u32, Value>("a", 8)),
            CacheKind::Timed => drop(caches.create_timed_cache::<u32, Value>("a", Duration::MAX)),
            _ => drop(caches.create_concurrent_cache::<u32, Value>("a", 8)),
        }
        alive.store(1, Ordering::Relaxed);
        caches.put(kind, "a", 1_u32, Value(Arc::clone(&caches), Arc::clone(&alive))).ok().unwrap();
        let got = catch_unwind(AssertUnwindSafe(|| caches.get::<Value, _>(kind, "a", &1_u32)));
        assert!(got.is_err());
        assert_eq!(alive.load(Ordering::Relaxed), 0, "{kind}: a clone is lost");
    }
}

// Events.

fn told(memory: &Memory) -> Arc<Mutex<Vec<String>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    memory.on_event({
        let told = Arc::clone(&told);
        move |event: &Event<'_>| told.lock().unwrap().push(event.to_string())
    });
    told
}

#[test]
fn a_finalizer_that_panics_is_told_and_the_others_are_called() {
    let (memory, _) = memory();
    let told = told(&memory);
    let called = Arc::new(AtomicU32::new(0));
    for number in 0..10 {
        let called = Arc::clone(&called);
        let finalizer = move || {
            called.fetch_add(1, Ordering::Relaxed);
            assert!(number % 2 == 0, "number {number} can't be closed");
        };
        memory.track_with(&Arc::new(()), finalizer).unwrap();
    }
    memory.cleanup();
    assert_eq!(called.load(Ordering::Relaxed), 10);
    let told = core::mem::take(&mut *told.lock().unwrap());
    let failed = told.iter().filter(|event| event.contains("can't be closed")).count();
    assert!(failed >= 1, "{told:?}");
    let aside = "tracker \"resources\" has set aside 5 resources whose finalizers panicked, 5 in all";
    assert!(told.iter().any(|event| event == aside), "{told:?}");
    // Told once.
    memory.cleanup();
    memory.tell_news();
}

#[test]
fn one_that_always_panics_does_not_stop_the_others() {
    /// Its clock, or whatever it calls, is broken.
    struct Broken;
    impl Part for Broken {
        fn reading(&self) -> Reading {
            Reading::Pool(larder::watch::PoolReading { capacity: 3, ..Default::default() })
        }
        fn tidy(&self, _: usize) -> larder::maintain::Maintained {
            panic!("broken")
        }
        fn relieve(&self, _: Pressure) -> Relief {
            panic!("broken")
        }
        fn clean(&self, _: &mut larder::watch::Cleanup, _: usize) -> bool {
            panic!("broken")
        }
    }
    let (memory, _) = memory();
    let told = told(&memory);
    memory.add("broken", &Arc::new(Broken)).unwrap();
    memory.track(&Arc::new(())).unwrap();
    assert_eq!(memory.cleanup().resources, 1);
    memory.track(&Arc::new(())).unwrap();
    assert_eq!(memory.on_pressure(Pressure::Critical).resources, 1);
    assert!(!memory.maintain(10).is_left, "who waits for its end does not wait for ever");
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 3, "once for each round: {told:?}");
    assert!(
        told[0].starts_with("the cleanup of \"broken\" has panicked 4 times, first with: broken"),
        "{told:?}"
    );
}

#[test]
fn a_listener_may_use_the_manager() {
    let memory = Arc::new(memory().0);
    let heard = Arc::new(AtomicBool::new(false));
    memory.on_event({
        let (memory, heard) = (Arc::downgrade(&memory), Arc::clone(&heard));
        move |event: &Event<'_>| {
            let memory = memory.upgrade().unwrap();
            assert_eq!(event.name(), "resources");
            memory.create_pool("by listener", || 0, 1).ok();
            memory.on_event(|_: &Event<'_>| ());
            heard.store(true, Ordering::Relaxed);
        }
    });
    memory.track_with(&Arc::new(()), || panic!("it can't be closed")).unwrap();
    memory.cleanup();
    assert!(heard.load(Ordering::Relaxed));
}

// Watching.

#[test]
fn a_snapshot_has_every_number() {
    let (memory, _) = memory();
    let pool = memory.create_pool_with("b/pool", Hooks::new(|| [0_u8; 100]), 4).unwrap();
    let out = pool.acquire().unwrap();
    let lru = memory.caches().create_lru_cache::<u32, Vec<u8>>("a", 2).unwrap();
    lru.put(1, vec![0; 50]);
    assert!(lru.get(&1).is_some() && lru.get(&2).is_none());
    memory
        .caches()
        .measure("a", {
            let lru = Arc::clone(&lru);
            move || lru.payload(|_, value| value.capacity())
        })
        .unwrap();
    let snapshot = memory.snapshot();
    let names: Vec<_> =
        snapshot.iter().map(|line| (&*line.namespace, &*line.name, line.reading.kind())).collect();
    assert_eq!(names, [("b", "pool", "pool"), ("", "resources", "tracker"), ("", "a", "lru")]);
    let Reading::Pool(reading) = snapshot[0].reading else { panic!("a pool") };
    assert_eq!((reading.capacity, reading.in_use, reading.idle), (4, 1, 0));
    assert!(reading.bytes >= 400);
    assert_eq!(reading.counts.map(|counts| counts.high_water), Some(1));
    assert_eq!(snapshot[2].payload, Some(50));
    assert_eq!(snapshot[2].bytes(), snapshot[2].reading.bytes() + 50);
    let Reading::Cache(reading) = snapshot[2].reading else { panic!("a cache") };
    assert_eq!(reading.counts.map(|counts| (counts.hits, counts.misses)), Some((1, 1)));
    drop(out);
}

#[test]
fn a_resource_that_leaks_is_reported_with_its_place() {
    let (memory, _) = memory();
    let leaked = Arc::new("leaked");
    let line = line!() + 1;
    memory.track(&leaked).unwrap();
    let report = memory.report();
    let [(name, InUse::Tracked(living))] = &report[..] else { panic!("{report:?}") };
    let place = living.place.unwrap();
    assert_eq!((&**name, place.location.file(), place.location.line()), ("resources", file!(), line));
    assert!(report[0].1.to_string().contains("managers.rs"), "{}", report[0].1);
    assert_eq!(memory.snapshot()[0].in_use_at, Some(place.location));
}

#[test]
fn an_object_that_leaks_is_reported_with_its_place() {
    let (memory, _) = memory();
    let pool = memory.create_pool("pool", || 0, 4).unwrap();
    drop(pool.acquire().unwrap());
    let line = line!() + 1;
    core::mem::forget(pool.acquire().unwrap());
    let report = memory.report();
    let [(name, InUse::Pooled(held))] = &report[..] else { panic!("{report:?}") };
    let place = held.place.unwrap();
    assert_eq!((&**name, place.file(), place.line()), ("pool", file!(), line));
    assert!(report[0].1.to_string().contains("managers.rs"), "{}", report[0].1);
    let snapshot = memory.snapshot();
    assert_eq!((snapshot[0].reading.len(), snapshot[0].in_use_at), (1, Some(place)));
    let row = format!("pool    {place}");
    assert!(snapshot.to_string().lines().any(|line| line == row), "{snapshot}");
}

#[test]
fn a_pool_that_was_exhausted_is_told_once() {
    let (memory, _) = memory();
    let told = told(&memory);
    let pool = memory.create_pool("pool", || 0, 1).unwrap();
    let out = pool.acquire().unwrap();
    assert!((0..3).all(|_| pool.acquire().is_err()));
    assert_eq!(told.lock().unwrap().len(), 0, "not from within the pool");
    memory.maintain(16);
    let event = "pool \"pool\" was exhausted 3 times: its only slot was in use";
    assert_eq!(*told.lock().unwrap(), [event]);
    memory.maintain(16);
    memory.tell_news();
    assert_eq!(told.lock().unwrap().len(), 1);
    drop(out);
}

#[test]
fn a_janitor_keeps_a_manager_in_order() {
    let memory = Arc::new(MemoryManager::new(Thresholds::new(1, 10, 10)));
    let janitor = Janitor::new();
    janitor.watch(&memory);
    janitor.start().unwrap();
    // Named after the janitor has come: it is woken by what dies in there all the same.
    let ended = Arc::new(AtomicU32::new(0));
    let finalizer = {
        let ended = Arc::clone(&ended);
        move |_: &mut u32| {
            ended.fetch_add(1, Ordering::Relaxed);
        }
    };
    let tracker = memory.create_tracker("numbers", 10, finalizer).unwrap();
    let timed = memory.caches().create_timed_cache("timed", Duration::from_millis(1)).unwrap();
    timed.put(1, 1);
    drop(tracker.track(1).unwrap());
    while ended.load(Ordering::Relaxed) == 0 || !timed.is_empty() {
        thread::yield_now();
    }
}
