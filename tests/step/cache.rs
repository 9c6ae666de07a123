//! `Cache`, interrupted and stalled: one set of a few ways, and keys that all have one hash.
//!
//! What is promised is checked against a book of what was done when: see [`Book`].

use crate::ledger::{Ledger, Record};
use crate::matrix::{Operation, World, everything, nested_interrupts, one_interrupt, one_stall, two_stalls};
use core::hash::{BuildHasher, Hasher};
use core::mem;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use larder::Rejected;
use larder::cache::{Cache, CellKind, Expiring, Filled, Heap, HeapCache, Idling, Pinned, Ref, Setup, Stored};
use larder::cache::{Time, Untimed, Words};
use larder::stats::Striped;
use larder::sync::step::{point, stall};
use larder::time::{Clock, Instant, ManualClock};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// The tags of keys, which have one set anyway.
#[derive(Clone, Copy)]
enum Tags {
    Alike,
    Apart,
}

impl BuildHasher for Tags {
    type Hasher = Tag;

    fn build_hasher(&self) -> Tag {
        Tag { tags: *self, hash: 0 }
    }
}

struct Tag {
    tags: Tags,
    hash: u64,
}

impl Hasher for Tag {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are integers");
    }

    fn write_u32(&mut self, key: u32) {
        if matches!(self.tags, Tags::Apart) {
            self.hash = key.into();
        }
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

type TestClock = ManualClock<1_000>;
type Made<T, X> = Setup<Tags, T, Striped<1>, X>;
type Tested<T, V> = Cache<u32, V, Heap, Made<T, <V as Content>::Cell>>;

/// What is cached.
trait Content: Sized + Send + Sync + 'static {
    type Cell: CellKind;
    /// Whether the ledger counts it.
    const COUNTED: bool;
    /// The accesses of a copy, and of a write of one.
    const COPY: usize;

    fn new(ledger: &'static Ledger, key: u32, number: usize) -> Self;
    /// What a reader does with it. Gives its number.
    fn read(&self) -> usize;
    fn key(&self) -> u32;
    fn cache<T: Kind>(ways: usize, setup: Made<T, Pinned>) -> Tested<T, Self>;
    /// The look-up that is the least work, and whether it found something, that was shown.
    fn get<T: Kind>(cache: &Tested<T, Self>, key: u32, show: impl FnOnce(&Self)) -> bool;
    fn get_or_insert_with<T: Kind>(
        cache: &Tested<T, Self>,
        key: u32,
        compute: impl FnOnce() -> Self,
        show: impl FnOnce(&Self, Whose),
    );
}

/// Where a value is that was asked for and computed if it was not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    InCache,
    Unstored,
    Either,
}

/// A value of any type, which is pinned while it is read.
impl Content for Record {
    type Cell = Pinned;
    const COUNTED: bool = true;
    const COPY: usize = 0;

    fn new(ledger: &'static Ledger, key: u32, _: usize) -> Self {
        Self::new(ledger, key)
    }

    fn read(&self) -> usize {
        self.read()
    }

    fn key(&self) -> u32 {
        self.key
    }

    fn cache<T: Kind>(ways: usize, setup: Made<T, Pinned>) -> Tested<T, Self> {
        HeapCache::with_capacity_and(ways, setup)
    }

    fn get<T: Kind>(cache: &Tested<T, Self>, key: u32, show: impl FnOnce(&Self)) -> bool {
        cache.get_with(&key, show).is_some()
    }

    fn get_or_insert_with<T: Kind>(
        cache: &Tested<T, Self>,
        key: u32,
        compute: impl FnOnce() -> Self,
        show: impl FnOnce(&Self, Whose),
    ) {
        match cache.get_ref_or_insert_with(key, compute) {
            Filled::InCache(value) => show(&value, Whose::InCache),
            Filled::Unstored(value) => show(&value, Whose::Unstored),
        }
    }
}

/// Plain data, which is copied. It shows if it is one part of this and one of that.
type Plain = [u64; 2];

impl Content for Plain {
    type Cell = Words;
    const COUNTED: bool = false;
    const COPY: usize = 3;

    fn new(_: &'static Ledger, key: u32, number: usize) -> Self {
        let both = u64::from(key) << 32 | number as u64;
        [both, !both]
    }

    fn read(&self) -> usize {
        assert_eq!(self[0], !self[1], "a value in pieces");
        usize::try_from(self[0] & 0xFFFF_FFFF).expect("a small number")
    }

    fn key(&self) -> u32 {
        (self[0] >> 32) as u32
    }

    fn cache<T: Kind>(ways: usize, setup: Made<T, Pinned>) -> Tested<T, Self> {
        HeapCache::with_capacity_and(ways, setup.cell(Words))
    }

    fn get<T: Kind>(cache: &Tested<T, Self>, key: u32, show: impl FnOnce(&Self)) -> bool {
        cache.get(&key).as_ref().map(show).is_some()
    }

    fn get_or_insert_with<T: Kind>(
        cache: &Tested<T, Self>,
        key: u32,
        compute: impl FnOnce() -> Self,
        show: impl FnOnce(&Self, Whose),
    ) {
        show(&cache.get_or_insert_with(key, compute), Whose::Either);
    }
}

/// How the cache keeps time, and what that costs.
trait Kind: Time + Send + Sync + 'static {
    /// The accesses of a look at a clock or a deadline, and of a change of one.
    const LOOK: usize;
    const CHANGE: usize;
    /// Those of a use.
    const USE: usize = 0;

    fn new(clock: &'static TestClock) -> Self;
    /// What ends, ends soon.
    fn insert_for<V: Content>(cache: &Tested<Self, V>, key: u32, value: V) -> Placed<V>
    where
        Self: Sized;
    fn sweep<V: Content>(cache: &Tested<Self, V>, now: Instant)
    where
        Self: Sized;
}

type Placed<V> = Result<Stored<u32, V>, Rejected<u32, V>>;

impl Kind for Untimed {
    const LOOK: usize = 0;
    const CHANGE: usize = 0;

    fn new(_: &'static TestClock) -> Self {
        Self::new()
    }

    fn insert_for<V: Content>(cache: &Tested<Self, V>, key: u32, value: V) -> Placed<V> {
        cache.insert(key, value)
    }

    fn sweep<V: Content>(_: &Tested<Self, V>, _: Instant) {}
}

/// For as long as time passes here when it does.
const IDLE: Duration = Duration::from_millis(5);

/// Entries end for want of use, all of them soon.
impl Kind for Idling<&'static TestClock> {
    const LOOK: usize = 8;
    const CHANGE: usize = 20;
    const USE: usize = 2 * Self::LOOK + Self::CHANGE;

    fn new(clock: &'static TestClock) -> Self {
        Self::new(clock).with_time_to_idle(IDLE)
    }

    fn insert_for<V: Content>(cache: &Tested<Self, V>, key: u32, value: V) -> Placed<V> {
        cache.insert(key, value)
    }

    fn sweep<V: Content>(cache: &Tested<Self, V>, now: Instant) {
        cache.sweep(now, 16);
    }
}

impl Kind for Expiring<&'static TestClock> {
    const LOOK: usize = 4;
    const CHANGE: usize = 10;

    fn new(clock: &'static TestClock) -> Self {
        Self::new(clock)
    }

    fn insert_for<V: Content>(cache: &Tested<Self, V>, key: u32, value: V) -> Placed<V> {
        cache.insert_for(key, value, Duration::from_millis(5))
    }

    fn sweep<V: Content>(cache: &Tested<Self, V>, now: Instant) {
        cache.sweep(now, 16);
    }
}

/// What was done to each key, and when: whether what a look-up gives could have been there.
///
/// Each operation draws a stamp when it begins and one when it ends. A value can't be there any more if something happened to its key
/// that began after the value's own insert had ended: another insert, a removal, or a look-up that gave a later value or nothing. A
/// value that was computed on a miss is as old as the beginning of its computation, for what is put in or taken out.
#[derive(Default)]
struct Book {
    clock: usize,
    /// By the record's number.
    values: Vec<Written>,
    /// The latest beginning of what has ended, by key: of anything, and of what overtakes computations.
    ended: [usize; KEYS as usize],
    overtook: [usize; KEYS as usize],
}

#[derive(Clone, Copy, Default)]
struct Written {
    began: usize,
    ended: Option<usize>,
    computed: Option<usize>,
}

/// The beginning of a look-up: what had ended then.
#[derive(Clone, Copy)]
struct Look {
    key: u32,
    began: usize,
    ended: usize,
    overtook: usize,
}

impl Book {
    fn now(&mut self) -> usize {
        self.clock += 1;
        self.clock
    }

    fn written(&mut self, number: usize) -> &mut Written {
        if self.values.len() <= number {
            self.values.resize(number + 1, Written::default());
        }
        &mut self.values[number]
    }

    fn end(&mut self, key: u32, began: usize, overtakes: bool) {
        let key = key as usize;
        self.ended[key] = self.ended[key].max(began);
        if overtakes {
            self.overtook[key] = self.overtook[key].max(began);
        }
    }
}

/// Some keys that meet, and one that only those use who look whether there is room.
const A: u32 = 0;
const B: u32 = 1;
const C: u32 = 2;
const SPARE: u32 = 3;
const KEYS: u32 = 4 + 8;

/// The ways for a cache to begin with tags that are alike.
const SETUPS: usize = 4;

/// A cache of so many ways and its users.
struct Users<const WAYS: usize, T: Kind, V: Content> {
    /// Taken away in the end: there are a million worlds.
    cache: RwLock<Option<Box<Tested<T, V>>>>,
    clock: &'static TestClock,
    ledger: &'static Ledger,
    book: Mutex<Book>,
    /// References that were leaked.
    leaked: usize,
    /// The next value's number, of those that the ledger does not count.
    next: AtomicUsize,
}

/// Who uses the cache.
struct Using<'a, T: Kind, V: Content>(RwLockReadGuard<'a, Option<Box<Tested<T, V>>>>);

impl<T: Kind, V: Content> core::ops::Deref for Using<'_, T, V> {
    type Target = Tested<T, V>;

    fn deref(&self) -> &Tested<T, V> {
        self.0.as_ref().expect("it is taken away in the end")
    }
}

impl<const WAYS: usize, T: Kind, V: Content> Users<WAYS, T, V> {
    fn cache(&self) -> Using<'_, T, V> {
        Using(self.cache.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nothing panics with the book open")
    }

    fn begin(&self) -> usize {
        self.book().now()
    }

    /// A new value, whose insert begins.
    fn value(&self, key: u32) -> (V, usize, usize) {
        let value = V::new(self.ledger, key, self.next.fetch_add(1, Ordering::Relaxed));
        let (number, began) = (value.read(), self.begin());
        self.book().written(number).began = began;
        (value, number, began)
    }

    fn look(&self, key: u32) -> Look {
        let mut book = self.book();
        let began = book.now();
        Look { key, began, ended: book.ended[key as usize], overtook: book.overtook[key as usize] }
    }

    /// The end of a look-up, and whether what it found could be there.
    fn found(&self, look: Look, value: Option<&V>) {
        let mut began = look.began;
        if let Some(value) = value {
            let number = value.read();
            let written = *self.book().written(number);
            if value.key() != look.key {
                self.ledger.fault("another key's value");
            }
            if written.ended.is_some_and(|ended| ended < look.ended) {
                self.ledger.fault("a value came back");
            }
            if written.computed.is_some_and(|computed| computed < look.overtook) {
                self.ledger.fault("a value was overtaken and is there");
            }
            began = written.began;
        }
        self.book().end(look.key, began, false);
    }

    fn get(&self, key: u32) {
        let look = self.look(key);
        let cache = self.cache();
        if !V::get(&cache, key, |value| self.found(look, Some(value))) {
            self.found(look, None);
        }
    }

    /// Holds a reference, while others may take the entry out.
    fn hold(&self, key: u32) {
        let look = self.look(key);
        let cache = self.cache();
        let held = cache.get_ref(&key);
        self.found(look, held.as_deref());
        point();
        if let Some(held) = held {
            let number = held.read();
            point();
            if held.read() != number {
                self.ledger.fault("another value is in the place of one that is held");
            }
        }
    }

    fn insert(&self, key: u32, insert: impl FnOnce(&Tested<T, V>, V) -> Placed<V>) -> bool {
        let (value, number, began) = self.value(key);
        let cache = self.cache();
        let placed = insert(&cache, value);
        let mut book = self.book();
        let now = book.now();
        book.written(number).ended = Some(now);
        let stored = placed.is_ok();
        if stored {
            book.end(key, began, true);
        }
        drop(book);
        let check = |of: u32, value: &V| {
            value.read();
            if value.key() != of {
                self.ledger.fault("handed back under another key");
            }
        };
        match &placed {
            Ok(Stored::New | Stored::ReplacedInUse { evicted: None }) => {}
            Ok(Stored::Replaced(old)) => check(key, old),
            Ok(Stored::Evicted(of, old) | Stored::ReplacedInUse { evicted: Some((of, old)) }) => {
                check(*of, old);
            }
            Err(Rejected { key: of, value: same }) => {
                check(*of, same);
                if *of != key || same.read() != number {
                    self.ledger.fault("something else was rejected");
                }
            }
        }
        stored
    }

    /// Takes entries out of those keys, by `work`.
    fn take_out(&self, keys: impl Iterator<Item = u32>, work: impl FnOnce(&Tested<T, V>)) {
        let began = self.begin();
        work(&self.cache());
        let mut book = self.book();
        keys.for_each(|key| book.end(key, began, true));
    }

    fn fill(&self, key: u32) {
        let look = self.look(key);
        let cache = self.cache();
        let computed = core::cell::Cell::new(None);
        let compute = || {
            let computing = self.begin();
            point();
            let (value, number, _) = self.value(key);
            self.book().written(number).computed = Some(computing);
            computed.set(Some(number));
            value
        };
        V::get_or_insert_with(&cache, key, compute, |value, whose| {
            let own = computed.get() == Some(value.read());
            match whose {
                Whose::Unstored if !own => self.ledger.fault("a value that was stored is given as unstored"),
                Whose::InCache if own => {
                    let mut book = self.book();
                    let now = book.now();
                    book.written(value.read()).ended = Some(now);
                    book.end(key, look.began, false);
                }
                // Stored or not.
                Whose::Unstored | Whose::Either if own => {}
                _ => self.found(look, Some(value)),
            }
        });
    }

    /// Lets go of entries that nobody need find again. No more are left, if nobody puts in meanwhile or claims a slot.
    fn shrink(&self, most: usize) {
        let cache = self.cache();
        let gone = cache.shrink(most);
        assert!(gone <= WAYS + KEYS as usize, "more have gone than there were");
    }

    fn iterate(&self) {
        let cache = self.cache();
        for entry in cache.iter() {
            entry.read();
            if entry.key() != *Ref::key(&entry) {
                self.ledger.fault("another key's value");
            }
        }
    }

    /// How many ways are there for others while so many threads stand: each may have claimed one and pin another.
    fn left(&self, standing: usize) -> usize {
        WAYS.saturating_sub(self.leaked + 2 * standing)
    }
}

impl<const WAYS: usize, T: Kind, V: Content> World for Users<WAYS, T, V> {
    /// Empty; with one entry; full; full, one of them with a reference that was leaked. And the same with tags that differ.
    fn new(setup: usize) -> &'static Self {
        let (setup, tags) = (setup % SETUPS, if setup < SETUPS { Tags::Alike } else { Tags::Apart });
        let ledger = Ledger::of_this_thread();
        let clock: &'static TestClock = Box::leak(Box::default());
        let with = Setup { hasher: tags, time: T::new(clock), recorder: Striped::new(), cell: Pinned };
        let cache = V::cache(WAYS, with);
        let leaked = usize::from(setup == 3);
        let users = Box::leak(Box::new(Self {
            cache: RwLock::new(Some(Box::new(cache))),
            clock,
            ledger,
            book: Mutex::default(),
            leaked,
            next: AtomicUsize::new(0),
        }));
        let entries = [0, 1, WAYS, WAYS][setup];
        for key in (0..KEYS).take(entries) {
            // The second one ends: it is over when time has passed once.
            let insert =
                if key == B { T::insert_for } else { |cache: &Tested<T, V>, k, v| cache.insert(k, v) };
            assert!(users.insert(key, |cache, value| insert(cache, key, value)));
        }
        // So that half of the time of what idles is over.
        clock.advance_ticks(3);
        if leaked != 0 {
            let cache = users.cache();
            mem::forget(cache.get_ref(&A));
        }
        users
    }

    fn at_any_time(&self) {
        self.ledger.check();
        assert!(self.cache().len() <= WAYS, "more entries than there can be");
    }

    fn while_standing(&'static self, threads: usize) {
        let stored = self.insert(SPARE, |cache, value| cache.insert(SPARE, value));
        assert!(stored || self.left(threads) == 0, "no room, but there is");
        if stored {
            assert!(self.cache().contains(&SPARE), "what was just put in");
            self.take_out([SPARE].into_iter(), |cache| assert!(cache.remove(&SPARE).was_there()));
            assert!(!self.cache().contains(&SPARE), "what was just taken out");
        }
        self.at_any_time();
    }

    fn at_rest(&'static self) {
        self.at_any_time();
        (0..KEYS).for_each(|key| self.get(key));
        let cache = self.cache();
        let hidden = cache.validate(self.leaked);
        let mut keys: Vec<u32> = cache.iter().map(|entry| *Ref::key(&entry)).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), cache.iter().count(), "two entries of one key");
        let stats = cache.stats();
        let gone = stats.evicted + stats.expired + stats.removed + stats.replaced;
        assert_eq!(stats.inserted, gone + cache.len() as u64, "{stats:?}");
        let alive = cache.len() + hidden;
        assert!(!V::COUNTED || self.ledger.alive() == alive, "a value is lost, or an entry of nothing");
        // All slots can be used, but for one of a leaked reference whose entry is gone.
        for key in 4..4 + u32::try_from(WAYS).expect("a few") {
            assert!(self.insert(key, |cache, value| cache.insert(key, value)) || self.left(0) == 0);
        }
        assert!(cache.len() + self.leaked >= WAYS, "a slot is lost");
        assert!(self.ledger.alive() <= WAYS, "a value is lost");
        drop(cache);
        self.at_any_time();
        let cache = self.cache.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(cache);
        self.ledger.close();
        *self.book() = Book::default();
    }
}

// The accesses, at most, of what calls are made of.

/// A look at the set.
const SET: usize = 1 + 2;
/// Whether somebody looks: the lines that are used, and the cells of the one line there is here.
const WATCH: usize = 1 + 4;
/// What is retired is taken out, and its slot is free.
const RECLAIM: usize = 1 + WATCH + 1 + WATCH + 1;
/// A pin: the word, an exchange, control; and its end, with which the entry may have to go.
const PIN: usize = 1 + 1 + 1 + 1 + RECLAIM;
/// A look: the word, the lines that are used, a cell of four, the word, control; and its end. Or a pin after all.
const HOLD: usize = 1 + 1 + 4 + 1 + 1 + 2 + RECLAIM + PIN;
/// A claim of what is full, which fails because somebody looks just now: the word, a question, an exchange, and another question; a bit goes,
/// the entry is retired, and the pin ends.
const CLAIM: usize = 1 + WATCH + 1 + WATCH + 1 + 1 + 1 + RECLAIM;
/// An entry that is held is taken out.
const OUT: usize = 1 + 1 + 1;

const fn operations<const WAYS: usize, T: Kind, V: Content>() -> [Operation<Users<WAYS, T, V>>; 16] {
    // Time now; every way; the deadline of the one that was found; a count.
    // Copies, if it can be had by them.
    let glances = if V::COPY == 0 { 0 } else { 2 * (SET + WAYS * (V::COPY + T::LOOK + 1)) };
    let get = T::LOOK + glances + SET + WAYS * (HOLD + T::LOOK) + T::USE + 1;
    // The epoch; a look; a way that is claimed: of those that are not live each as free, as full and as left behind, else a victim, first of those that are over;
    // hidden, written, shown; the old one retired; counts.
    let scan = 1 + SET + WAYS * PIN;
    let claim = 2 + CLAIM + (2 + CLAIM + RECLAIM) * WAYS + (CLAIM + T::LOOK) * WAYS;
    let write = 1 + T::LOOK + 1 + 2 + T::CHANGE + 1 + 3 + V::COPY;
    let show = 2 + 3 + T::LOOK + 4;
    let insert = 2 * T::LOOK + 1 + scan + claim + write + show;
    // Only bits have gone, or somebody has published: a new scan, or a look for what may have come, and whether somebody is about to show it. A
    // deadline may be read again.
    let again = 4 + scan + 4 + 3 * T::LOOK + SET + WAYS * (HOLD + T::LOOK) + 2 + 2 * WAYS;
    let take_out = T::LOOK + 2 + SET + WAYS * (PIN + T::LOOK + OUT);
    // And a look at every slot, also those that are not used here: what can't be found any more is claimed, hidden, and taken out.
    let take_out_all = take_out + 16 + WAYS * (2 + CLAIM + RECLAIM);
    // The same; how many there are in all, and in the set; and then for each way how many there are still, what the policy says of those
    // that may go and of those that came last, and what it takes to have one out.
    let shrink = take_out_all + 4 + WAYS * (1 + 4 * WAYS + 16 + PIN + OUT);
    macro_rules! operation {
        ($name:literal, $most:expr, $run:expr) => {
            Operation { name: $name, run: $run, most: $most, more: again }
        };
    }
    [
        operation!("get", get, |users| users.get(A)),
        operation!("hold", get, |users| users.hold(A)),
        operation!("insert", insert, |users| {
            users.insert(A, |cache, value| cache.insert(A, value));
        }),
        operation!("insert another key", insert, |users| {
            users.insert(B, |cache, value| T::insert_for(cache, B, value));
        }),
        operation!("remove", take_out, |users| {
            users.take_out([A].into_iter(), |cache| drop(cache.remove(&A)));
        }),
        operation!("fill", get + insert + T::LOOK, |users| users.fill(A)),
        operation!("put", insert, |users| {
            users.insert(C, |cache, value| cache.put(C, value).map(|()| Stored::New));
        }),
        operation!("fill another key", get + insert + T::LOOK, |users| users.fill(B)),
        operation!("hold another key", get, |users| users.hold(B)),
        operation!("retain others", take_out_all, |users| {
            users.take_out([A].into_iter(), |cache| cache.retain(|&key, _| key != A));
        }),
        operation!("clear", take_out_all, |users| users.take_out(0..KEYS, Tested::<T, V>::clear)),
        operation!("shrink", shrink, |users| users.shrink(1)),
        operation!("shrink to nothing", shrink, |users| users.shrink(0)),
        operation!("iterate", get, |users| users.iterate()),
        operation!("let time pass and get", 30 + get, |users| {
            users.clock.advance_ticks(3);
            users.get(A);
        }),
        operation!("let time pass and sweep", 30 + take_out_all, |users| {
            users.clock.advance_ticks(5);
            T::sweep(&users.cache(), users.clock.now());
        }),
    ]
}

const BOTH: usize = 2 * SETUPS;

#[test]
fn one_way() {
    let all = operations::<1, Untimed, Record>();
    everything("Cache of 1", 2, &all);
}

#[test]
fn two_ways() {
    let all = operations::<2, Untimed, Record>();
    one_interrupt("Cache of 2", BOTH, &all);
    one_stall("Cache of 2", SETUPS, &all);
    two_stalls("Cache of 2", SETUPS, &all);
}

#[test]
fn three_ways() {
    let all = operations::<3, Untimed, Record>();
    one_interrupt("Cache of 3", BOTH, &all);
    one_stall("Cache of 3", BOTH, &all);
}

#[test]
fn two_ways_whose_entries_end() {
    let all = operations::<2, Expiring<&'static TestClock>, Record>();
    one_interrupt("Cache of 2 that end", BOTH, &all);
    one_stall("Cache of 2 that end", SETUPS, &all);
}

#[test]
fn two_ways_whose_entries_idle() {
    let all = operations::<2, Idling<&'static TestClock>, Record>();
    one_interrupt("Cache of 2 that idle", BOTH, &all);
}

#[test]
fn two_ways_of_words() {
    let all = operations::<2, Untimed, Plain>();
    one_interrupt("Cache of 2, words", BOTH, &all);
    one_stall("Cache of 2, words", SETUPS, &all);
    nested_interrupts("Cache of 2, words", SETUPS, &all[..6]);
}

#[test]
fn two_ways_of_words_that_end() {
    let all = operations::<2, Expiring<&'static TestClock>, Plain>();
    one_interrupt("Cache of 2, words that end", BOTH, &all);
    one_stall("Cache of 2, words that end", 2, &all);
}

#[test]
fn two_ways_of_words_that_idle() {
    let all = operations::<2, Idling<&'static TestClock>, Plain>();
    one_interrupt("Cache of 2, words that idle", BOTH, &all);
}

/// The first few operations, which are those that make the protocol; the others are made of the same steps.
#[test]
fn interrupts_of_interrupts() {
    let all = operations::<2, Untimed, Record>();
    nested_interrupts("Cache of 2", SETUPS, &all[..6]);
}

/// Two sweeps that find the same entry: one of them takes it out, and says so.
#[test]
fn what_is_swept_is_counted_once() {
    let clock: &'static TestClock = Box::leak(Box::default());
    for at in 0.. {
        let setup = Setup {
            hasher: Tags::Alike,
            time: Expiring::new(clock),
            recorder: Striped::<1>::new(),
            cell: Pinned,
        };
        let cache = HeapCache::<u32, u32, _>::with_capacity_and(2, setup);
        assert!(cache.insert_for(A, 1, Duration::from_millis(5)).is_ok());
        clock.advance_ticks(5);
        let sweep = || cache.sweep(clock.now(), 16).expired;
        let (ours, theirs) = stall(at, sweep, sweep);
        let Some(theirs) = theirs else { break };
        assert_eq!(ours + theirs, 1, "standing at {at}");
        assert_eq!(cache.stats().expired, 1);
    }
}

/// One who ends the last look at what was removed finds that nobody looks, and stands. Meanwhile another one is put in, looked at and removed: his
/// slot says the same of it.
#[test]
fn who_takes_out_what_was_removed_leaves_alone_what_came_after() {
    let mut came_after = 0;
    for at in 0.. {
        let ledger = Ledger::of_this_thread();
        let setup = Setup::new().hasher(Tags::Alike).recorder(Striped::<1>::new());
        let cache = HeapCache::<u32, Record, _>::with_capacity_and(1, setup);
        cache.put(A, Record::new(ledger, A)).expect("there is room");
        let held = cache.get_ref(&A).expect("it was put in");
        assert!(cache.remove(&A).was_there());
        let meanwhile = || {
            // There is no room as long as it is looked at.
            cache.put(B, Record::new(ledger, B)).ok()?;
            let held = cache.get_ref(&B);
            assert!(cache.remove(&B).was_there());
            held
        };
        let stood = match stall(at, || drop(held), meanwhile).1 {
            Some(Some(held)) => {
                came_after += 1;
                held.read();
                true
            }
            Some(None) => true,
            None => false,
        };
        cache.put(C, Record::new(ledger, C)).expect("whatever was left has gone");
        assert_eq!(ledger.alive(), 1);
        drop(cache);
        ledger.close();
        if !stood {
            break;
        }
    }
    assert!(came_after > 0, "nothing came after it");
}

/// An entry whose slot was busy when it was removed is full later, and gone. Also for an iterator that saw it before: an entry is found
/// or not as it is when its turn comes.
#[test]
fn what_was_removed_before_its_slot_was_full_stays_removed() {
    for at in 0.. {
        let users = Users::<2, Untimed, Record>::new(1);
        let cache = users.cache();
        let mut entries = cache.iter();
        let insert = || users.insert(B, |cache, value| cache.insert(B, value));
        let meanwhile = || {
            assert_eq!(entries.next().map(|entry| *Ref::key(&entry)), Some(A), "the iterator has begun");
            users.take_out([B].into_iter(), |cache| drop(cache.remove(&B)));
        };
        let (stored, stood) = stall(at, insert, meanwhile);
        assert!(stored, "there is a free way");
        for entry in entries {
            assert!(cache.contains(Ref::key(&entry)), "position {at}: the iterator finds what is gone");
        }
        drop(cache);
        users.at_rest();
        if stood.is_none() {
            break;
        }
    }
}
