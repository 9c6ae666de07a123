//! `Memo`: over every cache it can keep results in, with callers that compute each for themselves and callers that wait.

#![cfg(not(any(larder_loom, larder_step)))]

extern crate alloc;

#[path = "../common/mod.rs"]
mod common;

use alloc::rc::Rc;
use common::{Hashing, Touchy, World, attempt, every_call_panics_once, with_a_guest};
use core::cell::{Cell, RefCell};
use core::time::Duration;
use larder::cache::{Expiring, Inline, LruCache, Setup, StaticCache, TimedCache};
use larder::key::DefaultHash;
use larder::memo::{Callers, Keeper, Memo, StaticMemo};
use larder::stats::Striped;
use larder::time::ManualClock;

/// A cache of numbers, of each kind.
type Concurrent = StaticCache<u32, u32, 4, 8>;
type Exact = RefCell<LruCache<u32, u32, Inline<32>>>;

fn exact() -> Exact {
    RefCell::new(LruCache::new())
}

/// Whose entries end, though not in these tests.
fn timed() -> TimedCache<u32, u32, Inline<32>, Expiring<ManualClock>> {
    TimedCache::new(Expiring::new(ManualClock::new()).with_time_to_live(Duration::from_secs(60)))
}

/// Runs a test with each cache, and all kinds of callers.
macro_rules! with_every_memo {
    ($($test:ident;)*) => {
        mod in_a_concurrent_cache {
            use super::*;
            $(#[test] fn $test() { super::$test(&Memo::new(Concurrent::new())); })*
        }

        mod in_an_exact_cache {
            use super::*;
            $(#[test] fn $test() { super::$test(&Memo::new(exact())); })*
        }

        mod in_a_timed_cache {
            use super::*;
            $(#[test] fn $test() { super::$test(&Memo::new(RefCell::new(timed()))); })*
        }

        #[cfg(feature = "std")]
        mod in_a_shared_timed_cache_with_single_flight {
            use super::*;
            $(#[test] fn $test() {
                super::$test(&Memo::with_single_flight(larder::cache::Shared::new(timed())));
            })*
        }

        #[cfg(feature = "std")]
        mod in_a_concurrent_cache_with_single_flight {
            use super::*;
            $(#[test] fn $test() { super::$test(&Memo::with_single_flight(Concurrent::new())); })*
        }

        #[cfg(feature = "std")]
        mod in_a_locked_cache_with_single_flight {
            use super::*;
            $(#[test] fn $test() {
                let cache = std::sync::Mutex::new(LruCache::<u32, u32, Inline<32>>::new());
                super::$test(&Memo::with_single_flight(cache));
            })*
        }
    };
}

/// A memo of numbers.
trait Numbers: Keeper<Key = u32, Value = u32> {}
impl<S: Keeper<Key = u32, Value = u32>> Numbers for S {}

fn a_result_is_computed_once_and_kept<S: Numbers, F: Callers>(memo: &Memo<S, F>) {
    assert_eq!(memo.get(&1), None);
    assert_eq!(memo.get_or_compute(1, || 10), 10);
    assert_eq!(memo.get_or_compute(1, || unreachable!("it is known")), 10);
    assert_eq!(memo.get(&1), Some(10));
    assert_eq!(memo.fill(1, || Err(())), Ok(10), "who fills looks again");
}

fn what_is_removed_is_computed_again<S: Numbers, F: Callers>(memo: &Memo<S, F>) {
    memo.get_or_compute(1, || 10);
    memo.get_or_compute(2, || 20);
    memo.remove(&1);
    assert_eq!((memo.get(&1), memo.get(&2)), (None, Some(20)));
    assert_eq!(memo.get_or_compute(1, || 11), 11);
    memo.clear();
    assert_eq!((memo.get(&1), memo.get(&2)), (None, None));
    assert_eq!(memo.get_or_compute(2, || 21), 21);
}

fn an_error_is_not_kept<S: Numbers, F: Callers>(memo: &Memo<S, F>) {
    assert_eq!(memo.try_get_or_compute(1, || Err("first")), Err("first"));
    assert_eq!(memo.try_get_or_compute(1, || Err("second")), Err("second"));
    assert_eq!(memo.try_get_or_compute(1, || Ok::<_, ()>(10)), Ok(10));
    assert_eq!(memo.try_get_or_compute(1, || Err("late")), Ok(10));
    assert_eq!(memo.get_or_compute_some(2, || None), None);
    assert_eq!(memo.get_or_compute_some(2, || Some(20)), Some(20));
    assert_eq!(memo.get_or_compute_some(2, || None), Some(20));
}

fn a_panic_leaves_nothing<S: Numbers, F: Callers>(memo: &Memo<S, F>) {
    let world = World::new(1);
    assert!(
        attempt(|| memo.get_or_compute(1, || {
            world.call();
            10
        }))
        .is_none()
    );
    assert_eq!(memo.get(&1), None);
    assert_eq!(memo.get_or_compute(1, || 11), 11);
}

fn a_computation_may_ask_for_other_results<S: Numbers, F: Callers>(memo: &Memo<S, F>) {
    fn sum_to<S: Numbers, F: Callers>(memo: &Memo<S, F>, n: u32, computed: &Cell<u32>) -> u32 {
        memo.get_or_compute(n, || {
            computed.set(computed.get() + 1);
            if n == 0 { 0 } else { n + sum_to(memo, n - 1, computed) }
        })
    }
    let computed = Cell::new(0);
    assert_eq!(sum_to(memo, 20, &computed), 210);
    assert_eq!(sum_to(memo, 20, &computed), 210);
    assert_eq!(computed.get(), 21);
}

fn a_computation_that_asks_for_its_own_result_computes_it_within_itself<S: Numbers, F: Callers>(
    memo: &Memo<S, F>,
) {
    let inner = Cell::new(0);
    let outer = memo.get_or_compute(1, || {
        inner.set(memo.get_or_compute(1, || 10));
        inner.get() + 1
    });
    assert_eq!(inner.get(), 10);
    // Which of them stays is the cache's affair: one that is there already is kept by a concurrent one, and is what the other gets, too.
    assert_eq!(memo.get(&1), Some(outer));
    assert!(outer == 10 || outer == 11);
}

fn a_result_that_is_older_than_an_invalidation_is_not_kept<S: Numbers, F: Callers>(memo: &Memo<S, F>) {
    let invalidations: [fn(&Memo<S, F>); 2] = [|memo| memo.remove(&1), Memo::clear];
    for invalidate in invalidations {
        let old = memo.get_or_compute(1, || {
            invalidate(memo);
            10
        });
        assert_eq!(old, 10, "it is given to those who asked before");
        assert_eq!(memo.get(&1), None);
        let old = memo.get_or_compute(1, || {
            invalidate(memo);
            assert_eq!(memo.get_or_compute(1, || 11), 11, "what begins after it is new");
            10
        });
        assert_eq!(old, 10);
        assert_eq!(memo.get(&1), Some(11), "and stays");
        invalidate(memo);
        assert_eq!(memo.get(&1), None);
    }
}

with_every_memo! {
    a_result_is_computed_once_and_kept;
    what_is_removed_is_computed_again;
    an_error_is_not_kept;
    a_panic_leaves_nothing;
    a_computation_may_ask_for_other_results;
    a_computation_that_asks_for_its_own_result_computes_it_within_itself;
    a_result_that_is_older_than_an_invalidation_is_not_kept;
}

#[test]
fn a_result_is_found_by_a_borrowed_form_of_its_key() {
    let memo = Memo::new(StaticCache::<String, usize, 1, 8>::new());
    assert_eq!(memo.get_or_compute("four".to_owned(), || 4), 4);
    assert_eq!(memo.get("four"), Some(4));
    memo.remove("four");
    assert_eq!(memo.get("four"), None);
}

#[test]
fn a_memo_without_room_computes_each_time() {
    let memo = Memo::new(StaticCache::<u32, u32, 0, 8>::new());
    assert_eq!((memo.get_or_compute(1, || 10), memo.get_or_compute(1, || 11)), (10, 11));
    let memo = Memo::new(RefCell::new(LruCache::<u32, u32, Inline<0>>::new()));
    assert_eq!((memo.get_or_compute(1, || 10), memo.get_or_compute(1, || 11)), (10, 11));
    memo.remove(&1);
    memo.clear();
}

#[test]
fn a_result_holds_as_long_as_the_cache_says() {
    static CLOCK: ManualClock<1_000> = ManualClock::new();
    type Timed = Setup<DefaultHash, Expiring<&'static ManualClock<1_000>>>;
    static MEMO: StaticMemo<u32, u32, 1, 8, Timed> = Memo::new(StaticCache::with(Setup {
        hasher: DefaultHash::new(),
        time: Expiring::new(&CLOCK),
        recorder: larder::stats::Off::new(),
        cell: larder::cache::Pinned,
    }));
    MEMO.cache().set_time_to_live(Duration::from_secs(1));
    assert_eq!(MEMO.get_or_compute(1, || 10), 10);
    CLOCK.advance(Duration::from_millis(999));
    assert_eq!(MEMO.get_or_compute(1, || 11), 10);
    CLOCK.advance(Duration::from_millis(1));
    assert_eq!(MEMO.get(&1), None);
    assert_eq!(MEMO.get_or_compute(1, || 12), 12);
}

#[test]
fn a_call_counts_as_one_look_up() {
    let setup = || Setup::new().recorder(Striped::<1>::new());
    let memo = Memo::new(StaticCache::<u32, u32, 1, 8, _>::with(setup()));
    memo.get_or_compute(1, || 10);
    memo.get_or_compute(1, || 10);
    memo.get(&2);
    let stats = memo.cache().stats();
    assert_eq!((stats.hits, stats.misses, stats.inserted), (1, 2, 1));
    let memo = Memo::new(StaticCache::<u32, u32, 0, 8, _>::with(setup()));
    memo.get_or_compute(1, || 10);
    assert_eq!(memo.cache().stats().misses, 1);
    let memo = Memo::new(exact());
    memo.get_or_compute(1, || 10);
    memo.get_or_compute(1, || 10);
    let stats = memo.cache().borrow().stats();
    assert_eq!((stats.hits, stats.misses, stats.inserted), (1, 1, 1));
}

/// What user code does.
type Touched<F> = Memo<StaticCache<Touchy, Touchy, 1, 8, Setup<Hashing>>, F>;

/// Every call, of keys that are known and keys that are not.
fn every_call<F: Callers>(world: &'static World, memo: &Touched<F>) {
    let touchy = |number| Touchy::new(world, number);
    let compute = |number| {
        move || {
            world.call();
            Ok::<_, ()>(touchy(number))
        }
    };
    attempt(|| drop(memo.try_get_or_compute(touchy(1), compute(10))));
    attempt(|| drop(memo.try_get_or_compute(touchy(1), compute(11))));
    attempt(|| drop(memo.try_get_or_compute(touchy(2), compute(20))));
    attempt(|| drop(memo.try_get_or_compute(touchy(3), || Err(touchy(30)))));
    attempt(|| drop(memo.get(&touchy(2))));
    attempt(|| memo.remove(&touchy(1)));
    attempt(|| drop(memo.try_get_or_compute(touchy(1), compute(12))));
    attempt(|| {
        drop(memo.try_get_or_compute(touchy(4), || {
            drop(memo.try_get_or_compute(touchy(4), compute(40)));
            memo.remove(&touchy(4));
            Ok::<_, ()>(touchy(41))
        }));
    });
    attempt(|| memo.clear());
}

fn touched() -> StaticCache<Touchy, Touchy, 1, 8, Setup<Hashing>> {
    StaticCache::with(Setup::new().hasher(Hashing::One(0)))
}

fn nothing_is_lost_whatever_panics<F: Callers>(new: impl Fn() -> Touched<F>) {
    let calls = every_call_panics_once(|world| {
        let memo = new();
        every_call(world, &memo);
        assert_eq!(world.ledger.alive(), 2 * memo.cache().len() + 2 * memo.cache().validate(0));
        attempt(|| drop(memo));
        0
    });
    assert!(calls > 30, "only {calls} calls of user code");
}

/// Within each call of user code another one of everything.
fn user_code_calls_back<F: Callers + 'static>(new: impl Fn() -> Touched<F>) {
    for at in 0.. {
        let world = World::new(0);
        let memo = Rc::new(new());
        let same = Rc::clone(&memo);
        if !with_a_guest(at, move || every_call(world, &same), || every_call(world, &memo)) {
            assert!(at > 30, "only {at} calls of user code");
            break;
        }
        memo.clear();
        assert_eq!(world.ledger.alive(), 2 * memo.cache().len() + 2 * memo.cache().validate(0));
    }
}

#[test]
fn nothing_is_lost_whatever_panics_in_whom() {
    nothing_is_lost_whatever_panics(|| Memo::new(touched()));
}

#[test]
fn user_code_may_ask_the_memo() {
    user_code_calls_back(|| Memo::new(touched()));
}

std::thread_local! {
    static VISIT: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

/// A result whose destructor makes a visit.
#[derive(Clone)]
struct Visits;

impl Drop for Visits {
    fn drop(&mut self) {
        // Not any more when a test has failed and its thread ends.
        let _ = VISIT.try_with(|visit| visit.borrow().as_ref().map(|visit| visit()));
    }
}

/// Under a lock, or while a `RefCell` is borrowed, they would not come back.
fn destructors_may_ask<S: Keeper<Key = u32, Value = Rc<Visits>> + 'static>(cache: S) {
    let (memo, visits) = (Rc::new(Memo::new(cache)), Rc::new(Cell::new(0)));
    let (same, counted) = (Rc::clone(&memo), Rc::clone(&visits));
    VISIT.set(Some(Box::new(move || {
        counted.set(counted.get() + 1);
        same.get(&100);
    })));
    let new = |number| drop(memo.get_or_compute(number, || Rc::new(Visits)));
    new(1);
    new(2);
    new(3);
    assert_eq!(visits.get(), 1, "there is room for two");
    memo.remove(&2);
    assert_eq!(visits.get(), 2);
    new(4);
    memo.clear();
    assert_eq!(visits.get(), 4);
    let too_old = memo.get_or_compute(5, || {
        memo.clear();
        Rc::new(Visits)
    });
    drop(too_old);
    assert_eq!((memo.get(&5).is_none(), visits.get()), (true, 5));
    VISIT.take();
}

#[test]
fn destructors_may_ask_the_memo_in_an_exact_cache() {
    destructors_may_ask(RefCell::new(LruCache::<u32, Rc<Visits>, Inline<2>>::new()));
}

/// A key whose destructor makes a visit.
#[derive(Clone, PartialEq, Eq, Hash)]
struct VisitsOf(u32);

impl Drop for VisitsOf {
    fn drop(&mut self) {
        drop(Visits);
    }
}

#[test]
fn the_destructor_of_a_key_that_is_there_may_ask_the_memo() {
    let memo = Rc::new(Memo::new(RefCell::new(LruCache::<VisitsOf, u32, Inline<2>>::new())));
    let (same, asking) = (Rc::clone(&memo), Cell::new(false));
    VISIT.set(Some(Box::new(move || {
        // The key that it asks with has a destructor as well.
        if !asking.replace(true) {
            same.get(&VisitsOf(100));
            asking.set(false);
        }
    })));
    let outer = memo.get_or_compute(VisitsOf(1), || memo.get_or_compute(VisitsOf(1), || 10) + 1);
    assert_eq!((outer, memo.get(&VisitsOf(1))), (11, Some(11)));
    VISIT.take();
}

#[cfg(feature = "std")]
#[test]
fn destructors_may_ask_the_memo_in_a_locked_cache() {
    destructors_may_ask(std::sync::Mutex::new(LruCache::<u32, Rc<Visits>, Inline<2>>::new()));
}

#[cfg(feature = "std")]
mod single_flight;
