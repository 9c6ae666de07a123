//! The calls of the Python guide, in the form that they have here: a test for each, named after it. The README's table leads here.
//!
//! Time stands still but where a test moves it.

#![cfg(all(feature = "std", not(any(larder_loom, larder_step))))]

extern crate alloc;

use alloc::sync::Arc;
use core::cell::RefCell;
use core::future::Future;
use core::panic::AssertUnwindSafe;
use core::pin::pin;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use larder::cache::LruCache;
use larder::maintain::{Janitor, Maintain};
use larder::manager::{CacheManager, MemoryManager};
use larder::pool::{Hooks, RetryPolicy};
use larder::time::{Clock, ManualClock};
use larder::tracker::{Age, Thresholds};
use larder::watch::{CacheKind, Event, Pressure, Reading};
use larder::{NameProblem, memoize};
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::thread;

type Time = Arc<ManualClock<1_000>>;

const MINUTE: Duration = Duration::from_secs(60);

fn memory() -> (MemoryManager<Time>, Time) {
    let clock = Time::default();
    (MemoryManager::with_clock(Thresholds::new(700, 10, 10), clock.clone()), clock)
}

fn caches() -> (CacheManager<Time>, Time) {
    let clock = Time::default();
    (CacheManager::with_clock(clock.clone()), clock)
}

/// Polls until it is done. Gives how often that was.
fn block_on<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = pin!(future);
    let mut polls = 1;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return (output, polls);
        }
        polls += 1;
    }
}

// The memory manager.

/// `MemoryManager(gc_threshold=(700, 10, 10))`
#[test]
fn memory_manager() {
    let memory = MemoryManager::new(Thresholds::new(700, 10, 10));
    assert_eq!(memory.thresholds(), Thresholds::default(), "they are the default, too");
    assert_eq!(memory.snapshot().len(), 1, "the tracker of resources");
    assert_eq!(memory.reading("resources").unwrap().len(), 0);
}

/// `create_pool(name=..., factory=..., max_size=...)`
#[test]
fn create_pool() {
    let (memory, _) = memory();
    let buffers = memory.create_pool("buffers", || Vec::<u8>::with_capacity(64), 2).unwrap();
    assert_eq!((buffers.name(), buffers.max_size(), buffers.idle()), ("buffers", 2, 0));
    assert_eq!(buffers.acquire().unwrap().capacity(), 64, "the factory's");
    assert_eq!(memory.pool::<Vec<u8>>("buffers").unwrap().idle(), 1, "the same pool, by its name");
    let taken = memory.create_pool("buffers", || 0, 2).unwrap_err();
    assert_eq!(taken.problem, NameProblem::Taken);
}

/// `obj = pool.acquire()`, `pool.release(obj)`
#[test]
fn acquire_and_release() {
    let (memory, _) = memory();
    let hooks = Hooks::new(Vec::<u8>::new).with_reset(Vec::clear);
    let buffers = memory.create_pool_with("buffers", hooks, 4).unwrap();
    let mut buffer = buffers.acquire().unwrap();
    buffer.extend_from_slice(b"hello");
    let place = buffer.as_ptr();
    assert_eq!((buffers.in_use(), buffers.idle()), (1, 0));
    drop(buffer); // the release
    assert_eq!((buffers.in_use(), buffers.idle()), (0, 1));
    let again = buffers.acquire().unwrap();
    assert!(again.is_empty(), "it was reset");
    assert_eq!(again.as_ptr(), place, "and kept");
}

/// `track_resource(resource)`
#[test]
fn track_resource() {
    let (memory, _) = memory();
    let session = Arc::new(String::from("alice"));
    let id = memory.track(&session).unwrap();
    assert_eq!(Arc::strong_count(&session), 1, "it is tracked weakly");
    assert!(memory.resources().get(id).is_some());
    assert_eq!(memory.resources().stats().live, 1);
    drop(session);
    memory.cleanup();
    assert!(memory.resources().get(id).is_none());
    assert_eq!(memory.resources().stats().live, 0);
}

/// `await cleanup_resources()`
#[test]
fn cleanup_resources() {
    let owner = Arc::new(0);
    let (memory, _) = memory();
    let finalized = Arc::new(AtomicU32::new(0));
    for number in 0..300 {
        let finalized = Arc::clone(&finalized);
        let when_gone = move || _ = finalized.fetch_add(number, Ordering::Relaxed);
        memory.track_with(&Arc::new(number), when_gone).unwrap();
    }
    memory.track_with(&owner, || unreachable!("it has an owner")).unwrap();
    let (gone, polls) = block_on(memory.cleanup_async());
    assert_eq!((gone.resources, memory.resources().stats().live), (300, 1));
    assert_eq!(finalized.load(Ordering::Relaxed), (0..300).sum());
    assert!(polls > 1, "others run in between");
}

// The cache manager.

/// `create_lru_cache(name, capacity)`
#[test]
fn create_lru_cache() {
    let (caches, _) = caches();
    let users = caches.create_lru_cache::<u32, &str>("users", 2).unwrap();
    users.put(1, "alice");
    users.put(2, "bob");
    assert_eq!(users.get(&1), Some("alice"));
    users.put(3, "carol");
    assert!(users.contains(&1) && !users.contains(&2) && users.contains(&3));
    assert_eq!(users.len(), 2);
}

/// `create_timed_cache(name, ttl_seconds)`, and what is over is cleaned up by itself.
#[test]
fn create_timed_cache() {
    let (caches, clock) = caches();
    let caches = Arc::new(caches);
    let tokens = caches.create_timed_cache::<u32, u32>("tokens", MINUTE).unwrap();
    tokens.put(1, 10);
    clock.advance(Duration::from_millis(59_999));
    tokens.put(2, 20);
    assert_eq!(tokens.get(&1), Some(10));
    clock.advance(Duration::from_millis(1));
    assert_eq!((tokens.get(&1), tokens.get(&2)), (None, Some(20)));

    clock.advance(MINUTE);
    let janitor = Janitor::new();
    janitor.watch(&caches);
    janitor.start().unwrap();
    while !tokens.is_empty() {
        thread::yield_now();
    }
    assert_eq!(tokens.stats().expired, 2);
}

/// `put_in_cache(kind, name, key, value)`
#[test]
fn put_in_cache() {
    let (caches, _) = caches();
    let users = caches.create_lru_cache::<u32, String>("users", 10).unwrap();
    let tokens = caches.create_timed_cache::<u32, String>("tokens", MINUTE).unwrap();
    let pages = caches.create_concurrent_cache::<u32, String>("pages", 10).unwrap();
    for (kind, name) in
        [(CacheKind::Lru, "users"), (CacheKind::Timed, "tokens"), (CacheKind::Concurrent, "pages")]
    {
        caches.put(kind, name, 7_u32, name.to_owned()).unwrap();
    }
    assert_eq!(users.get(&7).as_deref(), Some("users"));
    assert_eq!(tokens.get(&7).as_deref(), Some("tokens"));
    assert_eq!(pages.get(&7).as_deref(), Some("pages"));
    let not_put = caches.put(CacheKind::Lru, "tokens", 8_u32, String::from("eight")).unwrap_err();
    assert_eq!((not_put.key, not_put.value.as_str()), (8, "eight"), "it comes back");
    let problem = not_put.name_error.expect("the kind is another one").problem;
    assert_eq!(problem, NameProblem::OtherKind { is: "timed", asked: "lru" });
}

/// `get_from_cache(kind, name, key)`
#[test]
fn get_from_cache() {
    let (caches, clock) = caches();
    let tokens = caches.create_timed_cache::<String, u32>("tokens", MINUTE).unwrap();
    tokens.put("alice".into(), 7);
    assert_eq!(caches.get(CacheKind::Timed, "tokens", "alice"), Ok(Some(7_u32)));
    assert_eq!(caches.get::<u32, _>(CacheKind::Timed, "tokens", "bob"), Ok(None));
    clock.advance(MINUTE);
    assert_eq!(caches.get::<u32, _>(CacheKind::Timed, "tokens", "alice"), Ok(None));
    let error = caches.get::<u32, _>(CacheKind::Timed, "users", "alice").unwrap_err();
    assert_eq!(error.to_string(), "there is no \"users\"");
}

/// `get_stats(name)["hits"]`, `get_stats(name)["misses"]`
#[test]
fn get_stats() {
    let (caches, _) = caches();
    let users = caches.create_lru_cache::<u32, u32>("users", 10).unwrap();
    users.put(1, 10);
    (1..=3).for_each(|user| _ = users.get(&user));
    users.get(&1);
    let stats = caches.stats("users").unwrap();
    assert_eq!((stats.hits, stats.misses), (2, 2));
    assert!((stats.hit_ratio() - 0.5).abs() < f32::EPSILON);
    assert_eq!(caches.stats("pages").unwrap_err().problem, NameProblem::Unknown);
}

/// Namespaces, with their statistics.
#[test]
fn namespaces() {
    let (caches, _) = caches();
    let by_id = caches.create_lru_cache::<u32, u32>("users/by_id", 10).unwrap();
    let recent = caches.create_lru_cache::<u32, u32>("users/recent/by_id", 10).unwrap();
    let prices = caches.create_lru_cache::<u32, u32>("shop/prices", 10).unwrap();
    for cache in [&by_id, &recent, &prices] {
        cache.put(1, 10);
        cache.get(&1);
    }
    recent.get(&2);
    let stats = |namespace| {
        let stats = caches.namespace_stats(namespace);
        (stats.hits, stats.misses)
    };
    assert_eq!(
        [stats("users"), stats("users/recent"), stats("shop"), stats("")],
        [(2, 1), (1, 1), (1, 0), (3, 1)]
    );
}

/// Selective clearing: one cache, a namespace, what a closure wants, all.
#[test]
fn selective_clearing() {
    let (caches, _) = caches();
    let names = ["users/by_id", "users/by_mail", "shop/prices", "pages"];
    let all = names.map(|name| caches.create_lru_cache::<u32, u32>(name, 10).unwrap());
    let filled = |clear: &dyn Fn()| {
        for cache in &all {
            cache.put(1, 10);
        }
        clear();
        all.each_ref().map(|cache| cache.len())
    };
    assert_eq!(filled(&|| caches.clear("pages").unwrap()), [1, 1, 1, 0]);
    assert_eq!(filled(&|| assert_eq!(caches.clear_namespace("users"), 2)), [0, 0, 1, 1]);
    assert_eq!(
        filled(&|| assert_eq!(caches.clear_where(|line| line.name.starts_with("by_")), 2)),
        [0, 0, 1, 1]
    );
    assert_eq!(filled(&|| assert_eq!(caches.clear_all(), 4)), [0; 4]);
}

/// An argument of several parts.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Query {
    words: Vec<String>,
    page: Option<u32>,
}

static CLOCK: ManualClock<1_000> = ManualClock::new();
static COMPUTED: AtomicU32 = AtomicU32::new(0);

memoize! {
    capacity = 100, ttl = MINUTE, clock = &CLOCK;
    fn search(query: &Query, shops: &[&'static str], limit: (u32, bool)) -> usize {
        COMPUTED.fetch_add(1, Ordering::Relaxed);
        query.words.len() + shops.len() + limit.0 as usize
    }
}

/// `@memoize(ttl_seconds=60)`, of arguments of complex types
#[test]
fn memoize() {
    let query = |page| Query { words: vec!["red".into(), "shoe".into()], page };
    let computed = || COMPUTED.load(Ordering::Relaxed);
    assert_eq!(search(&query(None), &["a", "b"], (3, true)), 7);
    assert_eq!(search(&query(None), &["a", "b"], (3, true)), 7);
    assert_eq!(computed(), 1);
    search(&query(Some(2)), &["a", "b"], (3, true));
    search(&query(None), &["b", "a"], (3, true));
    search(&query(None), &["a", "b"], (3, false));
    assert_eq!(computed(), 4, "each part counts");
    CLOCK.advance(MINUTE);
    assert_eq!(search(&query(None), &["a", "b"], (3, true)), 7);
    assert_eq!(computed(), 5, "a minute later it is computed again");
}

/// `@memoize`, with results that have a name: an LRU's, if they never end.
#[test]
fn memoize_by_name() {
    let (caches, clock) = caches();
    let computed = AtomicU32::new(0);
    let length = |word: &str| {
        computed.fetch_add(1, Ordering::Relaxed);
        word.len()
    };
    let for_ever = caches.memoize("for ever", 10, Duration::MAX, length).unwrap();
    let timed = caches.memoize("timed", 10, MINUTE, length).unwrap();
    let both = || (for_ever.call("shoe"), timed.call("shoe"));
    assert_eq!((both(), both()), ((4, 4), (4, 4)));
    assert_eq!(computed.load(Ordering::Relaxed), 2);
    clock.advance(MINUTE);
    both();
    assert_eq!(computed.load(Ordering::Relaxed), 3);
    let [ever, timed] = ["for ever", "timed"].map(|name| caches.stats(name).unwrap());
    assert_eq!((ever.hits, ever.misses, timed.hits, timed.misses), (2, 1, 1, 2));
}

// Best practices.

/// Thresholds that fit the program.
#[test]
fn configured_thresholds() {
    let clock = Time::default();
    let thresholds = Thresholds::new(5, 2, 2).every(Age::Young, MINUTE);
    let memory = MemoryManager::with_clock(thresholds, clock.clone());
    let tidy = || while memory.maintain(64).is_left {};
    let sweeps = || memory.resources().stats().sweeps;
    let few: Vec<_> = (0..5).map(Arc::new).collect();
    for resource in &few {
        memory.track(resource).unwrap();
    }
    tidy();
    assert_eq!(sweeps(), [0, 0, 0], "not before it is due");
    let one_more = Arc::new(5);
    memory.track(&one_more).unwrap();
    tidy();
    assert_eq!(sweeps(), [1, 0, 0], "by growth");
    clock.advance(MINUTE);
    tidy();
    assert_eq!(sweeps(), [2, 0, 0], "by time");
}

/// Statistics that somebody looks at: every number at once.
#[test]
fn monitored_statistics() {
    let (memory, _) = memory();
    let buffers = memory.create_pool("buffers", || 0, 4).unwrap();
    let _held = buffers.acquire().unwrap();
    let users = memory.caches().create_lru_cache::<u32, u32>("users/by_id", 10).unwrap();
    users.put(1, 10);
    users.get(&1);
    let snapshot = memory.snapshot();
    let names: Vec<_> = snapshot.iter().map(|line| (&*line.namespace, &*line.name)).collect();
    assert_eq!(names, [("", "buffers"), ("", "resources"), ("users", "by_id")]);
    assert!((snapshot[0].reading.utilization() - 0.25).abs() < f32::EPSILON);
    let Reading::Cache(cache) = snapshot[2].reading else { panic!("it is a cache") };
    assert_eq!((cache.entries, cache.counts.unwrap().hits), (1, 1));
    assert!(snapshot.to_string().contains("users/by_id"), "a table");
    assert!(snapshot.open_metrics().to_string().contains("by_id"), "what Prometheus reads");
}

/// Capacities that are neither too small nor larger than of use: a stream tells, by its hit ratio.
#[test]
fn reasonable_capacities() {
    // Nine of ten requests are for ten keys.
    let requests =
        || (0..2_000_u32).map(|number| if number % 10 == 0 { number } else { number % 7 + number % 4 });
    let ratio = |capacity| {
        let mut cache = LruCache::with_capacity(capacity);
        for key in requests() {
            if cache.get(&key).is_none() {
                cache.put(key, ());
            }
        }
        cache.stats().hit_ratio()
    };
    let [small, fit, large] = [3, 24, 240].map(ratio);
    assert!(small < 0.5 && fit > 0.85, "{small}, {fit}");
    assert!(large - fit < 0.02, "ten times as much is of no use: {fit}, {large}");
    // And none at all is refused.
    let refused = caches().0.create_lru_cache::<u32, u32>("users", 0).unwrap_err();
    assert_eq!(refused.problem, NameProblem::NoCapacity);
}

/// Objects that always come back: `with` and `finally` are the guard's end.
#[test]
fn always_released() {
    let (memory, _) = memory();
    let buffers = memory.create_pool("buffers", || 0_u32, 1).unwrap();
    let fails = || -> Result<u32, Box<dyn core::error::Error>> {
        let _buffer = buffers.acquire()?;
        Ok("none".parse()?)
    };
    assert!(fails().is_err());
    assert_eq!(buffers.in_use(), 0, "after an error");
    let panics = || {
        let _buffer = buffers.acquire().unwrap();
        resume_unwind(Box::new("on purpose"))
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert_eq!(buffers.in_use(), 0, "after a panic");
    let owned = buffers.acquire_owned().unwrap();
    thread::spawn(move || drop(owned)).join().unwrap();
    assert_eq!(buffers.in_use(), 0, "from another thread");
}

// Errors.

/// An exhausted pool is an error, and no wait.
#[test]
fn pool_exhaustion() {
    let (memory, _) = memory();
    let buffers = memory.create_pool("buffers", || 0, 2).unwrap();
    let both = [buffers.acquire().unwrap(), buffers.acquire().unwrap()];
    let exhausted = buffers.acquire().expect_err("both are in use");
    assert_eq!(exhausted.capacity(), 2);
    assert_eq!(buffers.stats().exhausted, 1);
    drop(both);
    assert!(buffers.acquire().is_ok());
}

/// A miss is none, and not an error; what is computed on it may fail.
#[test]
fn cache_misses() {
    let (caches, _) = caches();
    let users = caches.create_lru_cache::<u32, String>("users", 10).unwrap();
    assert_eq!(users.get(&1), None);
    assert_eq!(users.try_get_or_insert_with(1, |_| Err("no database")), Err("no database"));
    assert_eq!(users.len(), 0, "an error is not kept");
    assert_eq!(users.try_get_or_insert_with(1, |_| Ok::<_, ()>("alice".into())), Ok("alice".into()));
    assert_eq!(users.get(&1).as_deref(), Some("alice"));
}

/// What failed is tried again, within bounds.
#[test]
fn retries() {
    let (memory, clock) = memory();
    let buffers = memory.create_pool("buffers", || 0, 1).unwrap();
    let held = RefCell::new(vec![buffers.acquire().unwrap()]);
    let wait = |time| {
        clock.advance(time);
        if clock.now().ticks() >= 30 {
            held.borrow_mut().clear();
        }
    };
    let patient =
        RetryPolicy::new(&clock, wait).tries(4).backoff(Duration::from_millis(10), Duration::from_millis(15));
    let buffer = buffers.acquire_with(&patient).expect("it is back after 30 milliseconds");
    assert_eq!(clock.now().ticks(), 10 + 15 + 15);
    assert_eq!(buffers.stats().exhausted, 3);
    let waited = clock.now();
    assert!(buffers.acquire_with(&patient).is_err(), "it gives up");
    assert_eq!(clock.now().saturating_since(waited), 10 + 15 + 15);
    drop(buffer);
}

/// Memory issues are told to whoever logs them.
#[test]
fn logged_memory_issues() {
    let (memory, _) = memory();
    let log = Arc::new(Mutex::new(Vec::new()));
    memory.on_event({
        let log = Arc::clone(&log);
        move |event: &Event<'_>| log.lock().unwrap().push(event.to_string())
    });
    let disks = memory
        .create_tracker("disks", 4, |disk: &mut u32| {
            if *disk == 1 {
                resume_unwind(Box::new("no answer"));
            }
        })
        .unwrap();
    (0..3).for_each(|disk| drop(disks.track(disk).unwrap()));
    let buffers = memory.create_pool("buffers", || 0, 1).unwrap();
    let held = buffers.acquire().unwrap();
    (0..3).for_each(|_| assert!(buffers.acquire().is_err()));
    drop(held);
    memory.cleanup();
    let log = log.lock().unwrap();
    let exhausted = "pool \"buffers\" was exhausted 3 times";
    assert_eq!(log.iter().filter(|line| line.contains(exhausted)).count(), 1, "{log:?}");
    assert!(log.iter().any(|line| line.contains("\"disks\"") && line.contains("no answer")), "{log:?}");
    assert_eq!((disks.stats().untracked, disks.stats().quarantined), (2, 1), "the others were finalized");
}

/// Short memory is answered, level by level.
#[test]
fn memory_pressure() {
    let (memory, _) = memory();
    let buffers = memory.create_pool("buffers", || 0, 8).unwrap();
    drop((0..8).map(|_| buffers.acquire().unwrap()).collect::<Vec<_>>());
    let users = memory.caches().create_lru_cache::<u32, u32>("users", 10).unwrap();
    (0..10).for_each(|user| users.put(user, user));
    let mut left = |pressure| {
        memory.on_pressure(pressure);
        (buffers.idle(), users.len())
    };
    assert_eq!([Pressure::Low, Pressure::High, Pressure::Critical].map(&mut left), [(4, 10), (0, 5), (0, 0)]);
}

/// Each test here has its row in the README's table, and each row of that its test and its example.
#[test]
fn the_readme_leads_here() {
    let readme = include_str!("../README.md");
    let tests: Vec<_> = include_str!("guide.rs")
        .split("#[test]\nfn ")
        .skip(1)
        .filter_map(|test| test.split_once("()").map(|(name, _)| name))
        .collect();
    let rows: Vec<_> = readme.lines().filter(|line| line.contains("(tests/guide.rs)")).collect();
    for row in &rows {
        assert!(row.contains("(examples/"), "{row}");
    }
    let named = |row: &&str| {
        row.split("[`").last().and_then(|link| link.split_once('`')).map(|(name, _)| name.to_owned())
    };
    let named: Vec<_> = rows.iter().filter_map(named).collect();
    assert_eq!(named.len(), rows.len());
    for name in &named {
        assert!(tests.contains(&name.as_str()), "there is no test {name}");
    }
    for test in tests.iter().filter(|&&test| test != "the_readme_leads_here") {
        assert!(named.iter().any(|name| name == test), "{test} is not in the README");
    }
}
