//! `Shared`: exact caches that threads share. What is tested is what the lock adds; the caches have files of their own.

#![cfg(all(feature = "alloc", not(any(larder_loom, larder_step))))]

mod common;

use common::{Touchy, attempt, every_call_panics_once};
use core::cell::Cell;
use core::hash::{Hash, Hasher};
use core::panic::AssertUnwindSafe;
use core::sync::atomic::AtomicU32;
use core::time::Duration;
use larder::cache::{Exact, Expiring, Inline, Inserted, LruCache, Shared, TimedCache};
use larder::time::{Clock, ManualClock};
use std::panic::catch_unwind;
use std::sync::Barrier;

type Lru<K, V, const N: usize> = Shared<LruCache<K, V, Inline<N>>>;
type TimedBy<'a, K, V, const N: usize> = Shared<TimedCache<K, V, Inline<N>, Expiring<&'a ManualClock<1>>>>;

fn timed<K, V, const N: usize>(clock: &ManualClock<1>) -> TimedBy<'_, K, V, N> {
    Shared::new(TimedCache::new(Expiring::new(clock)))
}

#[test]
fn threads_share_a_static_cache_and_its_counts_are_exact() {
    const ROUNDS: u32 = if cfg!(miri) { 50 } else { 10_000 };
    static CACHE: Lru<u32, u32, 8> = Shared::new(LruCache::new());
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for thread in 0..4_u32 {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for round in 0..ROUNDS {
                    let key = (round * 7 + thread) % 12;
                    match round % 5 {
                        0 => CACHE.put(key, key * 10),
                        1 => _ = CACHE.remove(&key),
                        2 => assert_eq!(CACHE.get_or_insert_with(key, |key| key * 10), key * 10),
                        _ => assert!(CACHE.get(&key).is_none_or(|value| value == key * 10)),
                    }
                    assert!(CACHE.len() <= CACHE.capacity());
                }
            });
        }
    });
    let stats = CACHE.stats();
    assert_eq!(stats.hits + stats.misses, u64::from(4 * ROUNDS / 5 * 3));
    let gone = stats.evicted + stats.removed + stats.replaced;
    assert_eq!(stats.inserted, CACHE.len() as u64 + gone);
    CACHE.with(|cache| cache.validate());
    CACHE.clear();
    assert!(CACHE.is_empty());
}

#[test]
fn a_timed_cache_shares_its_times() {
    let clock = ManualClock::<1>::new();
    let cache = timed::<u32, u32, 2>(&clock);
    assert_eq!(cache.insert_for(1, 10, Duration::from_secs(1)), Inserted::New);
    assert_eq!(cache.insert_for(2, 20, Duration::from_secs(9)), Inserted::New);
    clock.advance_ticks(1);
    assert_eq!((cache.get(&1), cache.contains(&2)), (None, true));
    assert_eq!(cache.remove(&1), None);
    cache.with(|cache| cache.put_for(3, 30, Duration::from_secs(1)));
    clock.advance_ticks(1);
    let swept = cache.sweep(clock.now(), 10);
    assert_eq!((swept.expired, cache.len(), cache.stats().expired), (1, 1, 2));
    assert_eq!(cache.into_inner().peek(&2), Some(&20));
}

#[test]
fn the_first_value_that_is_put_in_is_what_all_get() {
    let cache: Lru<u32, u32, 2> = Shared::default();
    let value = cache.get_or_insert_with(1, |_| {
        // As if by another thread: the lock is free.
        cache.put(1, 11);
        12
    });
    assert_eq!((value, cache.get(&1)), (11, Some(11)));
    assert_eq!(cache.try_get_or_insert_with(2, |_| Err("no")), Err("no"));
    assert_eq!((cache.len(), cache.stats().misses), (1, 2));
}

/// A value, or a key, that calls something when it is dropped. All that have one number are equal.
#[derive(Clone)]
struct Nosy(u32, fn());

impl Hash for Nosy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq for Nosy {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Nosy {}

impl Drop for Nosy {
    fn drop(&mut self) {
        (self.1)();
    }
}

std::thread_local!(static DROPS: Cell<u32> = const { Cell::new(0) });

/// Calls that displace, remove and sweep; every drop asks whether the lock is free.
#[test]
fn nothing_is_dropped_under_the_lock() {
    static CLOCK: ManualClock<1> = ManualClock::new();
    static CACHE: TimedBy<'static, Nosy, Nosy, 2> = Shared::new(TimedCache::new(Expiring::new(&CLOCK)));
    fn ask() {
        DROPS.set(DROPS.get() + 1);
        assert!(CACHE.try_with(|_| ()).is_some(), "something was dropped under the lock");
    }
    let key = |number| Nosy(number, ask);
    let value = || Nosy(0, ask);
    let drops = |work: &dyn Fn()| {
        let before = DROPS.get();
        work();
        DROPS.get() - before
    };
    assert_eq!(drops(&|| CACHE.put(key(1), value())), 0);
    assert_eq!(drops(&|| CACHE.put(key(1), value())), 2, "a replaced value, and a key that is not needed");
    assert_eq!(drops(&|| drop(CACHE.insert(key(1), value()))), 2);
    assert_eq!(drops(&|| CACHE.put(key(2), value())), 0);
    assert_eq!(drops(&|| CACHE.put(key(3), value())), 2, "what was evicted");
    assert_eq!(
        drops(&|| drop(CACHE.get_or_insert_with(key(4), |_| value()))),
        3,
        "what was evicted, and a clone"
    );
    assert_eq!(drops(&|| drop(CACHE.get_or_insert_with(key(3), |_| value()))), 2, "a key, and a clone");
    let by_others = || {
        CACHE.put(key(8), value());
        value()
    };
    // What the other one evicted, its and our key and value, and a clone.
    assert_eq!(drops(&|| drop(CACHE.get_or_insert_with(key(8), |_| by_others()))), 6);
    CACHE.put(key(3), value());
    assert_eq!(drops(&|| drop(CACHE.remove(&key(3)))), 3, "an entry, and the key that it was asked by");
    let second = Duration::from_secs(1);
    drop(CACHE.insert_for(key(4), value(), second));
    CLOCK.advance_ticks(1);
    assert_eq!(drops(&|| _ = CACHE.sweep(CLOCK.now(), 10)), 2);
    drop(CACHE.insert_for(key(5), value(), second));
    CLOCK.advance_ticks(1);
    assert_eq!(drops(&|| drop(CACHE.remove(&key(5)))), 3, "what is over goes as well");
    drop(CACHE.insert_for(key(6), value(), second));
    CLOCK.advance_ticks(1);
    assert_eq!(drops(&|| CACHE.put(key(6), value())), 2, "and what a new one takes the key of");
    assert_eq!(drops(&|| CACHE.clear()), 4);
}

#[test]
fn a_panic_under_the_lock_loses_nothing_and_others_go_on() {
    let cache: Lru<u32, u32, 2> = Shared::new(LruCache::new());
    cache.put(1, 10);
    let panicked =
        catch_unwind(AssertUnwindSafe(|| cache.get_with(&1, |_| std::panic::resume_unwind(Box::new(())))));
    assert!(panicked.is_err());
    assert_eq!(cache.get(&1), Some(10));
    std::thread::scope(|scope| {
        scope.spawn(|| cache.put(2, 20));
    });
    assert_eq!(cache.try_with(|cache| cache.len()), Some(2));
    let mut cache = cache;
    assert_eq!(cache.get_mut().len(), 2);
}

#[test]
fn nothing_is_lost_whatever_panics() {
    fn survives<C: Exact<Key = Touchy, Value = Touchy>>(
        world: &'static common::World,
        cache: Shared<C>,
        validate: fn(&mut C),
    ) {
        let touchy = |number| Touchy::new(world, number);
        let calls: [&dyn Fn(); 9] = [
            &|| cache.put(touchy(1), touchy(10)),
            &|| cache.put(touchy(2), touchy(20)),
            &|| drop(cache.insert(touchy(1), touchy(11))),
            &|| cache.put(touchy(3), touchy(30)),
            &|| drop(cache.get(&touchy(3))),
            &|| {
                drop(cache.get_or_insert_with(touchy(4), |_| {
                    world.call();
                    touchy(40)
                }));
            },
            &|| drop(cache.try_get_or_insert_with(touchy(5), |_| Err(touchy(50)))),
            &|| drop(cache.remove(&touchy(4))),
            &|| cache.clear(),
        ];
        for call in calls {
            attempt(call);
            cache.with(validate);
            assert_eq!(world.ledger.alive(), 2 * cache.len());
        }
        attempt(|| drop(cache));
    }
    let calls = every_call_panics_once(|world| {
        survives(world, Shared::new(LruCache::<_, _, Inline<2>>::new()), |cache| cache.validate());
        0
    });
    assert!(calls > 30, "only {calls} calls of user code");
    every_call_panics_once(|world| {
        let time = Expiring::new(ManualClock::<1>::new()).with_time_to_live(Duration::from_secs(1));
        survives(world, Shared::new(TimedCache::<_, _, Inline<2>, _>::new(time)), |cache| cache.validate());
        0
    });
}

#[test]
fn a_value_is_not_lost_if_the_closure_that_was_not_needed_panics_when_it_goes() {
    /// Breaks when it goes.
    struct Broken;
    impl Drop for Broken {
        fn drop(&mut self) {
            panic!("broken");
        }
    }
    let world = common::World::new(u32::MAX);
    let cache = Lru::<u32, Touchy, 2>::new(LruCache::new());
    cache.put(1, Touchy::new(world, 1));
    let broken = Broken;
    let got = catch_unwind(AssertUnwindSafe(|| {
        cache.get_or_insert_with(1, move |_| {
            let _own = &broken;
            unreachable!("it is there")
        })
    }));
    assert!(got.is_err());
    assert_eq!(world.ledger.alive(), 1, "a clone is lost");
}

/// A key that uses the cache it is in while it is compared.
#[cfg(feature = "std")]
struct Meddler(u32);

#[cfg(feature = "std")]
static MEDDLED: Lru<Meddler, u32, 2> = Shared::new(LruCache::new());

#[cfg(feature = "std")]
impl Hash for Meddler {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.0 == 7 {
            assert!(MEDDLED.try_with(|_| ()).is_none(), "the lock is held");
            MEDDLED.len();
        }
        self.0.hash(state);
    }
}

#[cfg(feature = "std")]
impl PartialEq for Meddler {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[cfg(feature = "std")]
impl Eq for Meddler {}

#[cfg(feature = "std")]
#[test]
fn who_would_wait_for_itself_is_told_so() {
    MEDDLED.put(Meddler(1), 10);
    let outcome = catch_unwind(|| MEDDLED.put(Meddler(7), 70));
    let message = outcome.expect_err("it must not wait");
    let message = message.downcast_ref::<&str>().copied();
    assert_eq!(message, Some("a shared cache was used by code that it called under its lock"));
    assert_eq!((MEDDLED.len(), MEDDLED.get(&Meddler(1))), (1, Some(10)));
    // Another cache may be used there.
    let other: Lru<u32, u32, 1> = Shared::new(LruCache::new());
    assert_eq!(MEDDLED.with(|cache| (cache.len(), other.len())), (1, 0));
}

#[test]
fn a_value_is_seen_by_one_thread_at_a_time() {
    let cache: Lru<u32, AtomicU32, 1> = Shared::new(LruCache::new());
    cache.put(1, AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..if cfg!(miri) { 20 } else { 2_000 } {
                    cache.get_with(&1, |value| *value.get_mut() += 1);
                }
            });
        }
    });
    let sum = cache.remove(&1).map(AtomicU32::into_inner);
    assert_eq!(sum, Some(if cfg!(miri) { 60 } else { 6_000 }));
    assert_eq!(cache.capacity(), 1);
    assert_eq!(format!("{cache:?}"), "Shared { .. }");
}
