//! `Registry`: names for pools, caches and trackers, without a heap.

#![cfg(not(any(larder_loom, larder_step)))]

mod common;

extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::task::Wake;
use common::{Ledger, Token, Touchy, World, attempt, every_call_panics_once, holds};
use core::any::type_name;
use core::cell::{Cell, RefCell};
use core::error::Error;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use core::task::Waker;
use core::time::Duration;
use larder::cache::{Expiring, Inline, LruCache, Pinned, Setup, StaticCache, Untimed};
use larder::key::DefaultHash;
use larder::maintain::{Maintain, Maintained};
use larder::manager::Registry;
use larder::pool::Pool;
use larder::stats::{PoolStats, Striped};
use larder::time::ManualClock;
use larder::tracker::{DropOnly, Handle, Tracker};
use larder::watch::{Cleanup, Event, InUse, Part, PoolReading, Pressure, Reading, Relief};
use larder::{CapacityError, NameError, NameProblem};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::panic::catch_unwind;
use std::sync::{Mutex, OnceLock};

type Pages = StaticCache<u32, Token, 1, 8>;
type Names = RefCell<LruCache<u32, Token, Inline<8>>>;
type Buffers = Pool<u32, 4>;
type Files = Tracker<u32, Inline<4>>;

fn pages(ledger: &'static Ledger, keys: u32) -> Pages {
    let pages = Pages::new();
    for key in 0..keys {
        pages.put(key, ledger.token()).unwrap();
    }
    pages
}

fn names(ledger: &'static Ledger, keys: u32) -> Names {
    let mut cache = LruCache::new();
    (0..keys).for_each(|key| cache.put(key, ledger.token()));
    RefCell::new(cache)
}

/// A pool with so many idle objects.
fn buffers(idle: usize) -> Buffers {
    let buffers = Buffers::new();
    let out: Vec<_> = (0..idle).map(|_| buffers.acquire().unwrap()).collect();
    drop(out);
    assert_eq!(buffers.idle(), idle);
    buffers
}

/// What a pool has counted that had nothing to hand out so often.
fn counts(exhausted: u32) -> PoolStats {
    let mut counts = PoolStats::default();
    counts.exhausted = exhausted;
    counts
}

/// A part that looks as it is told to, does as it is told, and notes what it was asked for.
#[derive(Default)]
struct Doll {
    counts: Cell<PoolStats>,
    /// Steps that are left to be done.
    work: Cell<usize>,
    next: Cell<Option<Duration>>,
    budgets: RefCell<Vec<usize>>,
    is_broken: Cell<bool>,
    emptied: Cell<u32>,
}

impl Doll {
    fn with_work(work: usize) -> Self {
        Self { work: Cell::new(work), ..Self::default() }
    }

    fn has_been_exhausted(&self, exhausted: u32) {
        self.counts.set(counts(exhausted));
    }

    fn act(&self) {
        assert!(!self.is_broken.get(), "broken");
        self.emptied.set(self.emptied.get() + 1);
    }
}

impl Part for Doll {
    fn reading(&self) -> Reading {
        Reading::Pool(PoolReading { capacity: 7, counts: Some(self.counts.get()), ..PoolReading::default() })
    }

    fn tidy(&self, budget: usize) -> Maintained {
        self.budgets.borrow_mut().push(budget);
        assert!(!self.is_broken.get(), "broken");
        let done = self.work.get().min(budget);
        self.work.set(self.work.get() - done);
        Maintained { done, is_left: self.work.get() > 0, next: self.next.get() }
    }

    fn relieve(&self, _: Pressure) -> Relief {
        self.act();
        Relief { objects: 1, entries: 10, resources: 100 }
    }

    fn empty(&self) {
        self.act();
    }
}

fn unknown<T>(result: Result<T, NameError<&str>>) -> bool {
    result.is_err_and(|error| error.problem == NameProblem::Unknown)
}

fn is_at<T>(found: &T, place: &T) -> bool {
    core::ptr::eq(found, place)
}

#[test]
fn a_part_is_found_by_its_name_and_type() {
    let ledger = Ledger::new();
    let (pages, names, buffers, files) = (pages(ledger, 2), names(ledger, 3), buffers(1), Files::new());
    let mut registry: Registry<'_, 4, _> = Registry::local();
    registry.add("pages", &pages).unwrap();
    registry.add("names", &names).unwrap();
    registry.add("buffers", &buffers).unwrap();
    registry.add("files", &files).unwrap();
    registry.validate();

    assert!(is_at(registry.get::<Pages>("pages").unwrap(), &pages));
    assert!(is_at(registry.get::<Names>("names").unwrap(), &names));
    assert!(is_at(registry.get::<Buffers>(&String::from("buffers")).unwrap(), &buffers));
    assert!(is_at(registry.get::<Files>("files").unwrap(), &files));
    for (name, kind) in [("pages", "concurrent"), ("names", "lru"), ("buffers", "pool"), ("files", "tracker")]
    {
        assert!(registry.contains(name));
        assert_eq!(registry.part(name).unwrap().reading().kind(), kind);
        assert_eq!(registry.reading(name).unwrap().kind(), kind);
    }

    let error = registry.get::<Files>("pages").unwrap_err();
    assert_eq!(error.name, "pages");
    let (is, asked) = (type_name::<Pages>(), type_name::<Files>());
    assert_eq!(error.problem, NameProblem::OtherType { is, asked });
    let short = "\"pages\" is of type Cache<u32, Token, Sets<1, 8>> and not of type Tracker<u32, Inline<4>>";
    assert_eq!(error.to_string(), short);
}

#[test]
fn what_is_found_outlives_the_registry() {
    let buffers = buffers(0);
    let found = {
        let name = String::from("buffers");
        let mut registry: Registry<'_, 4> = Registry::new();
        registry.add("buffers", &buffers).unwrap();
        registry.get::<Buffers>(&name).unwrap()
    };
    assert_eq!(found.idle(), 0);
}

#[test]
fn a_name_is_there_once_in_its_namespace() {
    let (one, two) = (Doll::default(), Doll::default());
    let mut registry: Registry<'_, 4, _> = Registry::local();
    registry.add("a", &one).unwrap();
    let error = registry.add("a", &two).unwrap_err();
    assert_eq!(error, NameError::new("a", NameProblem::Taken));
    assert!(is_at(registry.get::<Doll>("a").unwrap(), &one));
    registry.add("net/a", &two).unwrap();
    assert!(is_at(registry.get::<Doll>("net/a").unwrap(), &two));
    assert!(is_at(registry.get::<Doll>("a").unwrap(), &one));
    let error = registry.add("net/a", &one).unwrap_err();
    assert_eq!(error.to_string(), "\"net/a\" is taken");
    // The same part under a second name; and no name is one as well.
    registry.add("", &one).unwrap();
    assert!(registry.contains("") && !registry.contains("/a"));
    registry.validate();
}

#[test]
fn names_are_in_order() {
    let doll = Doll::default();
    let mut registry: Registry<'_, 8, _> = Registry::local();
    for name in ["b/a", "z", "a/b", "b", "a/b/c", "/", "b/"] {
        registry.add(name, &doll).unwrap();
        registry.validate();
    }
    assert!(registry.iter().map(|(name, _)| name).eq(["/", "a/b", "a/b/c", "b", "b/", "b/a", "z"]));
    let snapshot = registry.snapshot();
    let names = [("", "/"), ("a", "b"), ("a/b", "c"), ("", "b"), ("b", ""), ("b", "a"), ("", "z")];
    assert!(snapshot.iter().map(|line| (line.namespace, line.name)).eq(names));
    let debug = format!("{registry:?}");
    assert_eq!(debug.matches(type_name::<Doll>()).count(), 7, "{debug}");
}

#[test]
fn who_is_not_there_is_unknown() {
    let doll = Doll::default();
    let mut registry: Registry<'_, 4, _> = Registry::local();
    registry.add("net/a", &doll).unwrap();
    let error = registry.clear("a").unwrap_err();
    assert_eq!(error.to_string(), "there is no \"a\"");
    assert!(!registry.contains("a"));
    assert!(unknown(registry.get::<Doll>("a")));
    assert!(unknown(registry.part("net")));
    assert!(unknown(registry.reading("a/net")));
    assert!(unknown(registry.cache_stats("net//a")));
    assert!(unknown(registry.pool_stats("")));
    assert!(unknown(registry.tracker_stats("b")));
    assert!(unknown(registry.remove("a")));
    assert_eq!(registry.len(), 1);
}

#[test]
fn a_full_registry_has_no_room() {
    let doll = Doll::default();
    let mut none: Registry<'_, 0, _> = Registry::local();
    let error = none.add("a", &doll).unwrap_err();
    assert_eq!(error.problem, NameProblem::NoRoom { capacity: 0 });
    none.validate();
    assert!(none.is_empty() && none.capacity() == 0 && unknown(none.part("a")));
    assert_eq!(none.maintain(8), Maintained::default());
    assert_eq!((none.clear_all(), none.clear_namespace("")), (0, 0));
    assert_eq!(none.on_pressure(Pressure::Critical), Relief::default());
    assert!(none.snapshot().is_empty());
    none.tell(&mut |event| panic!("{event}"));
    none.report(|name, _| panic!("{name}"));

    let mut one: Registry<'_, 1, _> = Registry::local();
    one.add("a", &doll).unwrap();
    assert_eq!(one.add("b", &doll).unwrap_err().problem, NameProblem::NoRoom { capacity: 1 });
    assert_eq!(one.add("a", &doll).unwrap_err().problem, NameProblem::Taken);
    assert_eq!((one.len(), one.capacity(), one.is_empty()), (1, 1, false));
    assert_eq!(one.clear_all(), 1);
    assert!(core::ptr::addr_eq(one.remove("a").unwrap(), &raw const doll));
    one.add("b", &doll).unwrap();
    assert!(one.contains("b") && !one.contains("a"));
}

#[test]
fn a_name_that_was_removed_is_free() {
    let (one, two) = (Doll::default(), Doll::default());
    let mut registry: Registry<'_, 2, _> = Registry::local();
    registry.add("a", &one).unwrap();
    registry.add("b", &one).unwrap();
    one.has_been_exhausted(3);
    two.has_been_exhausted(5);
    registry.tell(&mut |_| {});
    registry.remove("a").unwrap();
    registry.add("a", &two).unwrap();
    registry.validate();
    assert!(is_at(registry.get::<Doll>("a").unwrap(), &two));
    // What was told of the other one is not held against this.
    let mut told = Vec::new();
    registry.tell(&mut |event| told.push(event.to_string()));
    assert_eq!(told, ["pool \"a\" was exhausted 5 times: all of its 7 slots were in use"]);
}

#[test]
fn statistics_by_name() {
    let counting: StaticCache<u32, u32, 1, 8, Setup<DefaultHash, Untimed, Striped<1>>> =
        StaticCache::with(Setup {
            hasher: DefaultHash::new(),
            time: Untimed::new(),
            recorder: Striped::new(),
            cell: Pinned,
        });
    let ledger = Ledger::new();
    let (silent, names, files) = (pages(ledger, 1), names(ledger, 3), Files::new());
    let doll = Doll::default();
    doll.has_been_exhausted(3);
    let mut registry: Registry<'_, 8, _> = Registry::local();
    registry.add("counting", &counting).unwrap();
    registry.add("silent", &silent).unwrap();
    registry.add("names", &names).unwrap();
    registry.add("files", &files).unwrap();
    registry.add("doll", &doll).unwrap();

    counting.put(1, 1).unwrap();
    let _file = files.track(7).unwrap();
    assert_eq!(registry.cache_stats("counting").unwrap().inserted, 1);
    assert_eq!(registry.cache_stats("names").unwrap().inserted, 3);
    assert_eq!(registry.tracker_stats("files").unwrap().live, 1);
    assert_eq!(registry.pool_stats("doll").unwrap().exhausted, 3);
    let problem = |error: NameError<_>| error.problem;
    assert_eq!(registry.cache_stats("silent").map_err(problem), Err(NameProblem::NotCounted));
    let other = |is, asked| NameProblem::OtherKind { is, asked };
    assert_eq!(registry.cache_stats("doll").map_err(problem), Err(other("pool", "cache")));
    assert_eq!(registry.pool_stats("names").map_err(problem), Err(other("lru", "pool")));
    assert_eq!(registry.tracker_stats("counting").map_err(problem), Err(other("concurrent", "tracker")));
    assert_eq!(registry.pool_stats("files").map_err(problem), Err(other("tracker", "pool")));
}

#[test]
fn a_snapshot_has_what_each_looks_like() {
    let ledger = Ledger::new();
    let (pages, buffers) = (pages(ledger, 3), buffers(2));
    let mut registry: Registry<'_, 4, _> = Registry::local();
    registry.add("net/pages", &pages).unwrap();
    registry.add("buffers", &buffers).unwrap();
    let snapshot = registry.snapshot();
    pages.clear();
    assert_eq!(snapshot.len(), 2);
    assert_eq!((snapshot[0].namespace, snapshot[0].name, snapshot[0].payload), ("", "buffers", None));
    assert_eq!(snapshot[0].reading, buffers.reading());
    assert_eq!((snapshot[1].namespace, snapshot[1].name, snapshot[1].reading.len()), ("net", "pages", 3));
    assert_eq!(registry.snapshot()[1].reading.len(), 0);
}

#[test]
fn some_are_emptied_or_all() {
    let ledger = Ledger::new();
    let (pages, more, names, buffers) = (pages(ledger, 4), pages(ledger, 2), names(ledger, 3), buffers(2));
    let mut registry: Registry<'_, 8, _> = Registry::local();
    registry.add("net/pages", &pages).unwrap();
    registry.add("net/buffers", &buffers).unwrap();
    registry.add("pages", &more).unwrap();
    registry.add("names", &names).unwrap();
    let entries = || (pages.len(), buffers.idle(), more.len(), names.borrow().len());
    let fill = || {
        for key in 0..4 {
            pages.put(key, ledger.token()).unwrap();
        }
        more.put(1, ledger.token()).unwrap();
        more.put(2, ledger.token()).unwrap();
        (0..3).for_each(|key| names.borrow_mut().put(key, ledger.token()));
        let two = (buffers.acquire(), buffers.acquire());
        drop(two);
        assert_eq!(entries(), (4, 2, 2, 3));
        assert_eq!(ledger.alive(), 9);
    };

    registry.clear("pages").unwrap();
    assert_eq!(entries(), (4, 2, 0, 3));
    registry.clear("net/buffers").unwrap();
    assert_eq!(entries(), (4, 0, 0, 3));
    fill();
    assert_eq!(registry.clear_namespace("net"), 2);
    assert_eq!(entries(), (0, 0, 2, 3));
    for nobody in ["nobody", "ne", "net/", "net/pages", "pages"] {
        assert_eq!(registry.clear_namespace(nobody), 0);
    }
    assert_eq!(registry.clear_namespace(""), 4);
    assert_eq!(entries(), (0, 0, 0, 0));
    fill();
    let mut shown = Vec::new();
    let emptied = registry.clear_where(|line| {
        shown.push((line.namespace.to_owned(), line.name.to_owned(), line.reading.len()));
        line.reading.len() >= 3
    });
    assert_eq!((emptied, entries()), (2, (0, 2, 2, 0)));
    shown.sort();
    let text = |namespace: &str, name: &str, len| (namespace.to_owned(), name.to_owned(), len);
    let all =
        [text("", "names", 3), text("", "pages", 2), text("net", "buffers", 0), text("net", "pages", 4)];
    assert_eq!(shown, all);
    fill();
    assert_eq!(registry.clear_all(), 4);
    assert_eq!(entries(), (0, 0, 0, 0));
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn what_is_in_use_is_taken_from_nobody() {
    let ledger = Ledger::new();
    let (pages, buffers, files) = (pages(ledger, 2), buffers(2), Files::new());
    let mut registry: Registry<'_, 8, _> = Registry::local();
    registry.add("pages", &pages).unwrap();
    registry.add("buffers", &buffers).unwrap();
    registry.add("files", &files).unwrap();
    let (page, buffer, file) =
        (pages.get_ref(&0).unwrap(), buffers.acquire().unwrap(), files.track(7).unwrap());
    registry.clear_all();
    assert_eq!(registry.on_pressure(Pressure::Critical), Relief::default());
    assert_eq!((pages.len(), buffers.idle(), buffers.in_use(), files.stats().live), (0, 0, 1, 1));
    assert!(ledger.is_alive(page.id()) && *file == 7);
    drop((page, buffer));
    assert_eq!((ledger.alive(), buffers.idle()), (0, 1));
}

#[test]
fn under_pressure_all_let_go() {
    let ledger = Ledger::new();
    let (pages, names, buffers, files) = (pages(ledger, 4), names(ledger, 8), buffers(4), Files::new());
    let mut registry: Registry<'_, 8, _> = Registry::local();
    registry.add("pages", &pages).unwrap();
    registry.add("names", &names).unwrap();
    registry.add("buffers", &buffers).unwrap();
    registry.add("files", &files).unwrap();
    drop(files.track(1));
    let low = registry.on_pressure(Pressure::Low);
    assert_eq!(low, Relief { objects: 2, entries: 0, resources: 1 });
    let high = registry.on_pressure(Pressure::High);
    assert_eq!(high, Relief { objects: 2, entries: 2 + 4, resources: 0 });
    let critical = registry.on_pressure(Pressure::Critical);
    assert_eq!(critical, Relief { objects: 0, entries: 2 + 4, resources: 0 });
    assert_eq!((pages.len(), names.borrow().len(), buffers.idle(), ledger.alive()), (0, 0, 0, 0));
}

#[test]
fn a_cleanup_does_all_whether_it_is_due_or_not() {
    let (files, ports, buffers) = (Files::new(), Files::new(), buffers(2));
    let mut registry: Registry<'_, 4> = Registry::new();
    registry.add("files", &files).unwrap();
    registry.add("ports", &ports).unwrap();
    registry.add("buffers", &buffers).unwrap();
    let file = files.track(1).unwrap();
    for port in 0..3 {
        drop(ports.track(port));
    }
    drop(files.track(2));
    assert_eq!(registry.cleanup(), Relief { objects: 0, entries: 0, resources: 4 });
    assert_eq!(registry.cleanup(), Relief::default());
    assert_eq!((*file, files.stats().live, files.stats().awaiting, ports.stats().awaiting), (1, 1, 0, 0));
    assert_eq!(buffers.idle(), 2);
}

#[test]
fn a_cleanup_ends_also_if_others_make_as_much_as_it_cleans() {
    struct Endless(Cell<u32>);

    impl Part for Endless {
        fn reading(&self) -> Reading {
            Doll::default().reading()
        }

        fn clean(&self, cleanup: &mut Cleanup, budget: usize) -> bool {
            self.0.update(|calls| calls + 1);
            cleanup.relief.entries += budget;
            true
        }
    }

    let endless = Endless(Cell::new(0));
    let mut registry: Registry<'_, 4, _> = Registry::local();
    registry.add("endless", &endless).unwrap();
    let entries = registry.cleanup().entries;
    assert!(endless.0.get() < 20 && entries == 8 * endless.0.get() as usize, "{entries}");
}

#[test]
fn a_report_names_what_is_in_use() {
    let (files, ports, buffers) = (Files::new(), Files::new(), buffers(1));
    let mut registry: Registry<'_, 4> = Registry::new();
    registry.add("files", &files).unwrap();
    registry.add("net/ports", &ports).unwrap();
    registry.add("buffers", &buffers).unwrap();
    let (file, port) = (files.track(1).unwrap(), [ports.track(1).unwrap(), ports.track(2).unwrap()]);
    let mut told = Vec::new();
    registry.report(|name, in_use| {
        let InUse::Tracked(living) = in_use else { panic!("something else: {in_use}") };
        told.push((name, living.id));
    });
    let text = |name, handle| (name, Handle::id(handle));
    let all = [text("files", &file), text("net/ports", &port[0]), text("net/ports", &port[1])];
    assert_eq!(told, all);
}

/// What is told of dolls: names and how often.
fn told<const N: usize>(registry: &Registry<'_, N, dyn Part>) -> Vec<(String, u32)> {
    let mut told = Vec::new();
    registry.tell(&mut |event| match event {
        Event::Exhausted { name, times, capacity: 7 } => told.push(((*name).to_owned(), *times)),
        other => panic!("{other}"),
    });
    told
}

#[test]
fn an_event_is_told_once_with_how_often_it_happened() {
    let (one, two) = (Doll::default(), Doll::default());
    let mut registry: Registry<'_, 4, _> = Registry::local();
    registry.add("one", &one).unwrap();
    registry.add("two", &two).unwrap();
    assert_eq!(told(&registry), []);
    one.has_been_exhausted(2);
    assert_eq!(told(&registry), [("one".to_owned(), 2)]);
    assert_eq!(told(&registry), []);
    one.has_been_exhausted(5);
    two.has_been_exhausted(1);
    assert_eq!(told(&registry), [("one".to_owned(), 3), ("two".to_owned(), 1)]);
    assert_eq!(told(&registry), []);
}

#[test]
fn counts_go_around_their_end() {
    let doll = Doll::default();
    let mut registry: Registry<'_, 4, _> = Registry::local();
    registry.add("a", &doll).unwrap();
    let mut before = 0_u32;
    for by in [u32::MAX, 3, 1 << 31, 1, u32::MAX - 1, (1 << 31) + 1] {
        before = before.wrapping_add(by);
        doll.has_been_exhausted(before);
        assert_eq!(told(&registry), [("a".to_owned(), by)]);
        assert_eq!(told(&registry), []);
    }
}

#[test]
fn a_listener_that_panics_is_not_told_again_and_keeps_nothing_from_others() {
    let (one, two) = (Doll::default(), Doll::default());
    let mut registry: Registry<'_, 4, _> = Registry::local();
    registry.add("one", &one).unwrap();
    registry.add("two", &two).unwrap();
    one.has_been_exhausted(1);
    two.has_been_exhausted(2);
    let told_badly = catch_unwind(AssertUnwindSafe(|| registry.tell(&mut |_| panic!("no"))));
    assert!(told_badly.is_err());
    assert_eq!(told(&registry), [("two".to_owned(), 2)]);
}

#[test]
fn a_listener_may_ask_the_registry() {
    let doll = Doll::default();
    let mut registry: Registry<'_, 4, _> = Registry::local();
    registry.add("a", &doll).unwrap();
    doll.has_been_exhausted(1);
    let mut events = 0;
    registry.tell(&mut |_| {
        events += 1;
        assert_eq!(told(&registry), []);
        assert_eq!(registry.clear_all(), 1);
    });
    assert_eq!((events, doll.emptied.get()), (1, 1));
}

#[test]
fn finalizers_that_panicked_are_told() {
    let files: Tracker<u32, Inline<4>, _> = Tracker::with(larder::tracker::Tracking::of(|file: &mut u32| {
        assert_ne!(*file, 13, "unlucky");
    }));
    let mut registry: Registry<'_, 4> = Registry::new();
    registry.add("files", &files).unwrap();
    let end = |file| {
        drop(files.track(file).unwrap());
        let _ = catch_unwind(AssertUnwindSafe(|| registry.maintain(8)));
    };
    let told = || {
        let mut told = Vec::new();
        registry.tell(&mut |event| match event {
            Event::Quarantined { name: "files", times, aside } => told.push((*times, *aside)),
            other => panic!("{other}"),
        });
        told
    };
    end(12);
    assert_eq!(told(), []);
    end(13);
    end(13);
    assert_eq!(told(), [(2, 2)]);
    assert_eq!(told(), []);
    end(13);
    assert_eq!(told(), [(1, 3)]);
    // Taken out, they are news to nobody; and those after them are.
    assert_eq!(files.take_quarantined(), Some(13));
    assert_eq!(files.take_quarantined(), Some(13));
    assert_eq!(told(), []);
    end(13);
    assert_eq!(told(), [(1, 2)]);
}

/// A part that several threads look at while it counts.
struct Counter(AtomicU32);

impl Part for Counter {
    fn reading(&self) -> Reading {
        let exhausted = self.0.load(Ordering::Relaxed);
        // So that others read, and tell, between this and what is done with it.
        std::thread::yield_now();
        let counts = Some(counts(exhausted));
        Reading::Pool(PoolReading { counts, ..PoolReading::default() })
    }
}

#[test]
fn several_who_look_at_once_tell_each_event_once() {
    let start = u32::MAX - 20_000;
    let counter = Counter(AtomicU32::new(start));
    let mut registry: Registry<'_, 4> = Registry::new();
    registry.add("counter", &counter).unwrap();
    registry.tell(&mut |_| {});
    let sum = AtomicU32::new(0);
    let tell = || {
        registry.tell(&mut |event| {
            let Event::Exhausted { times, .. } = event else { panic!("{event}") };
            sum.fetch_add(*times, Ordering::Relaxed);
        });
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    counter.0.fetch_add(1, Ordering::Relaxed);
                    tell();
                }
            });
        }
    });
    tell();
    assert_eq!(sum.into_inner(), 30_000);
}

#[test]
fn who_is_overtaken_while_he_reads_tells_nothing() {
    /// Another looks, and tells, between what one reads and what is done with it.
    struct Overtaken {
        exhausted: AtomicU32,
        overtakers: AtomicU32,
    }

    static PART: Overtaken = Overtaken { exhausted: AtomicU32::new(0), overtakers: AtomicU32::new(0) };
    static REGISTRY: OnceLock<Registry<'static, 1>> = OnceLock::new();
    static TOLD: Mutex<Vec<u32>> = Mutex::new(Vec::new());

    fn tell() {
        REGISTRY.get().unwrap().tell(&mut |event| {
            let Event::Exhausted { times, .. } = event else { panic!("{event}") };
            TOLD.lock().unwrap().push(*times);
        });
    }

    impl Part for Overtaken {
        fn reading(&self) -> Reading {
            let counts = Some(counts(self.exhausted.load(Ordering::Relaxed)));
            if self.overtakers.load(Ordering::Relaxed) > 0 {
                self.overtakers.fetch_sub(1, Ordering::Relaxed);
                self.exhausted.fetch_add(2, Ordering::Relaxed);
                tell();
            }
            Reading::Pool(PoolReading { counts, ..PoolReading::default() })
        }
    }

    let mut registry = Registry::new();
    registry.add("part", &PART).unwrap();
    assert!(REGISTRY.set(registry).is_ok());
    PART.exhausted.store(5, Ordering::Relaxed);
    for overtakers in [0, 1, 0, 3, 0] {
        PART.overtakers.store(overtakers, Ordering::Relaxed);
        tell();
    }
    assert_eq!(*TOLD.lock().unwrap(), [5, 2, 6]);
}

#[test]
fn upkeep_is_shared() {
    let dolls = [10, 0, 1, 100].map(Doll::with_work);
    let mut registry: Registry<'_, 4, _> = Registry::local();
    for (name, doll) in ["a", "b", "c", "d"].into_iter().zip(&dolls) {
        registry.add(name, doll).unwrap();
    }
    // What one leaves is for those behind it.
    let maintained = registry.maintain(12);
    assert_eq!((maintained.done, maintained.is_left), (3 + 1 + 8, true));
    assert_eq!(dolls.each_ref().map(|doll| doll.budgets.take()), [[3], [3], [5], [8]]);
    // Another one begins each time.
    registry.maintain(12);
    assert_eq!(dolls.each_ref().map(|doll| doll.budgets.take()), [[6], [3], [4], [6]]);
    let mut calls = 0;
    while registry.maintain(12).is_left {
        calls += 1;
    }
    assert!(calls < 20, "{calls} calls");
    assert!(dolls.iter().all(|doll| doll.work.get() == 0));
    assert_eq!(registry.maintain(12), Maintained::default());
}

/// A cache whose entries end.
type Ending<'c, const SETS: usize> =
    StaticCache<u32, u32, SETS, 8, Setup<DefaultHash, Expiring<&'c ManualClock<1>>>>;

#[test]
fn caches_of_different_sizes_come_to_rest_together() {
    static CLOCK: ManualClock<1> = ManualClock::new();
    fn ending<const SETS: usize>() -> Ending<'static, SETS> {
        Ending::with(Setup::new().time(Expiring::new(&CLOCK).with_time_to_live(Duration::from_secs(1))))
    }
    let (a, b, c, d) = (ending::<7>(), ending::<11>(), ending::<13>(), ending::<17>());
    let mut registry: Registry<'_, 4> = Registry::new();
    registry.add("a", &a).unwrap();
    registry.add("b", &b).unwrap();
    registry.add("c", &c).unwrap();
    registry.add("d", &d).unwrap();
    for _ in 0..3 {
        for key in 0..10 {
            for put in [a.put(key, key), b.put(key, key), c.put(key, key), d.put(key, key)] {
                put.unwrap();
            }
        }
        CLOCK.advance(Duration::from_secs(1));
        let calls = core::iter::from_fn(|| registry.maintain(4).is_left.then_some(())).take(1_000).count();
        assert!(calls <= 17, "{calls} calls, and a set of each is seen at each");
        assert_eq!(registry.snapshot().iter().map(|line| line.reading.len()).sum::<usize>(), 0);
    }
}

#[test]
fn numbers_of_any_size_are_added_up() {
    /// As many as there can be of everything.
    struct Boundless;
    impl Part for Boundless {
        fn reading(&self) -> Reading {
            Reading::Pool(PoolReading { capacity: usize::MAX, bytes: usize::MAX, ..PoolReading::default() })
        }
        fn tidy(&self, _: usize) -> Maintained {
            Maintained { done: usize::MAX, ..Maintained::default() }
        }
        fn relieve(&self, _: Pressure) -> Relief {
            Relief { objects: usize::MAX, entries: usize::MAX, resources: usize::MAX }
        }
        fn clean(&self, cleanup: &mut Cleanup, _: usize) -> bool {
            cleanup.relief = self.relieve(Pressure::Low);
            false
        }
    }
    let mut registry: Registry<'_, 2> = Registry::new();
    registry.add("a", &Boundless).unwrap();
    registry.add("b", &Boundless).unwrap();
    assert_eq!(registry.maintain(1).done, usize::MAX);
    assert_eq!(registry.on_pressure(Pressure::Low), registry.cleanup());
}

#[test]
fn each_gets_a_step_however_small_the_budget() {
    let dolls = [50, 50, 50, 50].map(Doll::with_work);
    let mut registry: Registry<'_, 4, _> = Registry::local();
    for (name, doll) in ["a", "b", "c", "d"].into_iter().zip(&dolls) {
        registry.add(name, doll).unwrap();
    }
    for call in 1..=10 {
        let maintained = registry.maintain(1);
        assert_eq!((maintained.done, maintained.is_left), (4, true));
        assert!(dolls.iter().all(|doll| doll.work.get() == 50 - call));
    }
    // Nothing is to be done, and whether there is something to do is said.
    assert_eq!(registry.maintain(0), Maintained { done: 0, is_left: true, next: None });
    // What does not divide goes to another one each time.
    for _ in 0..4 {
        registry.maintain(5);
    }
    assert!(dolls.iter().all(|doll| doll.work.get() == 35), "{:?}", dolls.each_ref().map(|doll| &doll.work));
    // No sum runs over.
    assert_eq!(registry.maintain(usize::MAX).done, 4 * 35);
}

#[test]
fn the_next_upkeep_is_the_earliest() {
    let dolls = [Some(7), None, Some(3), Some(5)].map(|next| {
        let doll = Doll::default();
        doll.next.set(next.map(Duration::from_secs));
        doll
    });
    let mut registry: Registry<'_, 4, _> = Registry::local();
    for (name, doll) in ["a", "b", "c", "d"].into_iter().zip(&dolls) {
        registry.add(name, doll).unwrap();
    }
    for _ in 0..5 {
        assert_eq!(registry.maintain(4).next, Some(Duration::from_secs(3)));
    }
    registry.remove("c").unwrap();
    assert_eq!(registry.maintain(1).next, Some(Duration::from_secs(5)));
}

#[derive(Default)]
struct Alarm(AtomicUsize);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn whoever_keeps_it_in_order_is_woken_by_each_part() {
    let (one, two) = (Files::new(), Files::new());
    let mut registry: Registry<'_, 4> = Registry::new();
    registry.add("one", &one).unwrap();
    registry.add("two", &two).unwrap();
    let alarm = Arc::new(Alarm::default());
    for (times, files) in [&one, &two, &one].into_iter().enumerate() {
        registry.wake_when_due(&Waker::from(Arc::clone(&alarm)));
        assert_eq!(alarm.0.load(Ordering::Relaxed), times);
        drop(files.track(7));
        assert_eq!(alarm.0.load(Ordering::Relaxed), times + 1);
        assert_eq!(registry.maintain(8).done, 1);
    }
}

#[test]
fn who_panics_again_and_again_keeps_nobody_from_his_turn() {
    for broken in 0..4 {
        let dolls = [1, 1, 1, 1].map(Doll::with_work);
        let mut registry: Registry<'_, 4, _> = Registry::local();
        for (name, doll) in ["a", "b", "c", "d"].into_iter().zip(&dolls) {
            registry.add(name, doll).unwrap();
        }
        dolls[broken].is_broken.set(true);
        let fails = |call: &dyn Fn()| assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
        let others = || dolls.iter().enumerate().filter(|(at, _)| *at != broken).map(|(_, doll)| doll);
        // The first call may have got to none but the broken one. The second begins behind that.
        for _ in 0..2 {
            fails(&|| _ = registry.clear_all());
        }
        assert!(others().all(|doll| doll.emptied.take() > 0), "{broken}");
        for _ in 0..2 {
            fails(&|| _ = registry.on_pressure(Pressure::High));
        }
        assert!(others().all(|doll| doll.emptied.take() > 0), "{broken}");
        for _ in 0..2 {
            fails(&|| _ = registry.maintain(4));
        }
        assert!(others().all(|doll| doll.work.get() == 0), "{broken}");
    }
}

#[test]
fn nothing_is_lost_whatever_destructor_panics() {
    type Touchies = StaticCache<u32, Touchy, 1, 8>;
    type Exact = RefCell<LruCache<u32, Touchy, Inline<8>>>;

    fn let_go(empty: impl Fn(&Registry<'_, 4, dyn Part>)) -> u32 {
        every_call_panics_once(|world: &'static World| {
            let (one, two): (Touchies, Touchies) = (StaticCache::new(), StaticCache::new());
            let exact: Exact = RefCell::new(LruCache::new());
            for key in 0..3 {
                one.put(key, Touchy::new(world, key)).unwrap();
                two.put(key, Touchy::new(world, key)).unwrap();
                exact.borrow_mut().put(key, Touchy::new(world, key));
            }
            let mut registry: Registry<'_, 4, dyn Part> = Registry::local();
            registry.add("one", &one).unwrap();
            registry.add("two", &two).unwrap();
            registry.add("exact", &exact).unwrap();
            let is_done = attempt(|| empty(&registry)).is_some();
            assert_ne!(is_done, world.has_blown());
            // At the latest the next call has all of them.
            empty(&registry);
            assert_eq!((one.len(), two.len(), exact.borrow().len()), (0, 0, 0));
            assert_eq!(world.ledger.alive(), 0);
            one.validate(0);
            exact.borrow().validate();
            0
        })
    }
    assert_eq!(let_go(|registry| assert!(registry.clear_all() == 3)), 9);
    assert_eq!(let_go(|registry| assert!(registry.clear_namespace("") == 3)), 9);
    assert_eq!(let_go(|registry| assert!(registry.clear_where(|_| true) == 3)), 9);
    assert_eq!(let_go(|registry| _ = registry.on_pressure(Pressure::Critical)), 9);
}

#[test]
fn it_is_shared_if_its_parts_are() {
    assert_impl_all!(Registry<'static, 4>: Send, Sync, Maintain, Default);
    assert_impl_all!(Registry<'static, 4, dyn Part>: Maintain, Default);
    assert_not_impl_any!(Registry<'static, 4, dyn Part>: Send, Sync);
    assert_impl_all!(NameError<&'static str>: Send, Sync, Error);

    static REGISTRY: Registry<'static, 4> = Registry::new();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(REGISTRY.is_empty()));
    });
    let files: Tracker<u32, Inline<4>, _> = Tracker::with(larder::tracker::Tracking::of(DropOnly));
    let mut registry: Registry<'_, 4> = Registry::default();
    registry.add("files", &files).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(registry.on_pressure(Pressure::Low), Relief::default()));
    });
}

/// What a registry is asked.
#[derive(Clone, Debug)]
enum Op {
    Add(usize, usize),
    Remove(usize),
    LookUp(usize),
    ClearNamespace(usize),
    Maintain(usize),
    Exhaust(usize, u32),
    Tell,
}

fn op() -> impl Strategy<Value = Op> {
    (0..7, 0..NAMES.len(), 0..PARTS, any::<u32>()).prop_map(|(what, name, part, number)| match what {
        0 | 1 => Op::Add(name, part),
        2 => Op::Remove(name),
        3 => Op::LookUp(name),
        4 => Op::ClearNamespace(number as usize % NAMESPACES.len()),
        5 => Op::Maintain(number as usize % 20),
        _ if number % 2 == 0 => Op::Exhaust(part, number),
        _ => Op::Tell,
    })
}

const NAMES: [&str; 12] = ["", "a", "ab", "b", "/", "a/", "a/a", "a/ab", "a/b/a", "ab/a", "b/a", "b/b"];
const NAMESPACES: [&str; 5] = ["", "a", "a/b", "ab", "b"];
const PARTS: usize = 3;

fn agrees<const N: usize>(ops: &[Op]) {
    let dolls: [Doll; PARTS] = core::array::from_fn(|_| Doll::with_work(1000));
    let mut registry: Registry<'_, N, _> = Registry::local();
    // By name: the number of the part, and what was told of it.
    let mut model: BTreeMap<&str, (usize, u32)> = BTreeMap::new();
    for op in ops {
        match *op {
            Op::Add(name, part) => {
                let name = NAMES[name];
                let expected = if model.contains_key(name) {
                    Err(NameProblem::Taken)
                } else if model.len() == N {
                    Err(NameProblem::NoRoom { capacity: N })
                } else {
                    model.insert(name, (part, 0));
                    Ok(())
                };
                assert_eq!(registry.add(name, &dolls[part]).map_err(|error| error.problem), expected);
            }
            Op::Remove(name) => {
                let name = NAMES[name];
                match (registry.remove(name), model.remove(name)) {
                    (Ok(part), Some((number, _))) => {
                        assert!(core::ptr::addr_eq(part, &raw const dolls[number]));
                    }
                    (Err(error), None) => assert_eq!(error.problem, NameProblem::Unknown),
                    (found, expected) => panic!("{:?} and {expected:?}", found.is_ok()),
                }
            }
            Op::LookUp(name) => {
                let name = NAMES[name];
                let found = registry.get::<Doll>(name).ok();
                let expected = model.get(name).map(|&(part, _)| &dolls[part]);
                assert_eq!(found.map(core::ptr::from_ref), expected.map(core::ptr::from_ref));
            }
            Op::ClearNamespace(namespace) => {
                let namespace = NAMESPACES[namespace];
                let emptied = || dolls.each_ref().map(|doll| doll.emptied.get());
                let mut expected = emptied();
                let in_it = model.iter().filter(|(name, _)| match name.rsplit_once('/') {
                    None => namespace.is_empty(),
                    // With a slash at the end, what is inside begins so.
                    Some((its, _)) => {
                        namespace.is_empty() || format!("{its}/").starts_with(&format!("{namespace}/"))
                    }
                });
                let parts = in_it.map(|(_, &(part, _))| expected[part] += 1).count();
                assert_eq!(registry.clear_namespace(namespace), parts);
                assert_eq!(emptied(), expected);
            }
            Op::Maintain(budget) => {
                let before: usize = dolls.iter().map(|doll| doll.work.get()).sum();
                let maintained = registry.maintain(budget);
                let after: usize = dolls.iter().map(|doll| doll.work.get()).sum();
                assert_eq!(maintained.done, before - after);
                assert!(maintained.done <= budget + model.len());
            }
            Op::Exhaust(part, by) => {
                let exhausted = dolls[part].counts.get().exhausted;
                dolls[part].has_been_exhausted(exhausted.wrapping_add(by));
            }
            Op::Tell => {
                let mut expected = Vec::new();
                for (name, (part, told)) in &mut model {
                    let exhausted = dolls[*part].counts.get().exhausted;
                    if exhausted != *told {
                        expected.push(((*name).to_owned(), exhausted.wrapping_sub(*told)));
                        *told = exhausted;
                    }
                }
                assert_eq!(told(&registry), expected);
            }
        }
        registry.validate();
        assert_eq!((registry.len(), registry.is_empty()), (model.len(), model.is_empty()));
        assert!(registry.iter().map(|(name, _)| name).eq(model.keys().copied()));
        let lines = registry.snapshot();
        let names = lines.iter().map(|line| match line.namespace {
            "" => line.name.to_owned(),
            namespace => format!("{namespace}/{}", line.name),
        });
        assert!(names.eq(model.keys().copied()));
    }
}

#[test]
fn agrees_with_a_map() {
    let ops = vec(op(), 0..100);
    holds(4, &ops, |ops| agrees::<0>(&ops));
    holds(4, &ops, |ops| agrees::<1>(&ops));
    holds(4, &ops, |ops| agrees::<2>(&ops));
    holds(1, &ops, |ops| agrees::<6>(&ops));
    holds(1, &ops, |ops| agrees::<12>(&ops));
}

#[test]
fn an_error_says_which_name_and_what() {
    let cases = [
        (NameProblem::Taken, r#""users" is taken"#),
        (NameProblem::Unknown, r#"there is no "users""#),
        (NameProblem::OtherType { is: "A", asked: "B" }, r#""users" is of type A and not of type B"#),
        (
            NameProblem::OtherKind { is: "pool", asked: "cache" },
            r#""users" is of the kind "pool" and not "cache""#,
        ),
        (NameProblem::NotCounted, r#""users" does not count: its recorder is off"#),
        (NameProblem::NoCapacity, r#""users" can't have a capacity of 0"#),
        (NameProblem::NoRoom { capacity: 0 }, r#"no room for the name "users": there is room for none"#),
        (NameProblem::NoRoom { capacity: 1 }, r#"no room for the name "users": the only place is taken"#),
        (NameProblem::NoRoom { capacity: 8 }, r#"no room for the name "users": all 8 places are taken"#),
        (
            NameProblem::Capacity(CapacityError::TooLarge { asked: 9, most: 8 }),
            r#""users": a capacity of 9 is too large: at most 8"#,
        ),
    ];
    for (problem, message) in cases {
        let error = NameError::new("users", problem);
        assert_eq!(error.to_string(), message);
        assert_eq!(error.source().is_some(), matches!(problem, NameProblem::Capacity(_)));
        let owned = error.map_name(String::from);
        assert_eq!((owned.to_string(), owned.problem), (message.to_owned(), problem));
    }
}

#[test]
fn names_are_escaped_as_text_is() {
    for name in ["", "\"", "it's", "a\nb", "\\", "\u{1b}[31m", "\u{301}e", "caché", "\u{202e}"] {
        let error = NameError::new(name, NameProblem::Taken);
        assert_eq!(error.to_string(), format!("{name:?} is taken"));
    }
}
