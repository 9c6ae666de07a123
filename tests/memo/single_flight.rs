//! Callers that miss one result at the same time: real threads, which wait for conditions and never for time to pass.

use super::{Touched, common, nothing_is_lost_whatever_panics, touched, user_code_calls_back};
use alloc::sync::Arc;
use common::{Touchy, World, attempt};
use core::hash::{Hash, Hasher};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use larder::cache::{Heap, HeapCache, LruCache};
use larder::memo::{Keeper, Memo, SingleFlight};
use std::sync::{Barrier, Mutex};
use std::thread;

/// Until it is true.
fn wait_for(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

/// A key that counts how often one was compared: a caller that has found its key among those that are computed waits for it.
#[derive(Clone)]
struct Key {
    number: u32,
    compared: Arc<AtomicUsize>,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.compared.fetch_add(1, Ordering::SeqCst);
        self.number == other.number
    }
}

impl Eq for Key {}

impl Hash for Key {
    /// Keys a hundred apart have one hash.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.number % 100).hash(state);
    }
}

/// A memo, and what happened to it.
struct Scene<S: Keeper<Key = Key>> {
    memo: Memo<S, SingleFlight>,
    compared: Arc<AtomicUsize>,
    computed: AtomicUsize,
}

impl<S: Keeper<Key = Key, Value = u32>> Scene<S> {
    fn new(cache: S) -> Self {
        Self {
            memo: Memo::with_single_flight(cache),
            compared: Arc::new(AtomicUsize::new(0)),
            computed: AtomicUsize::new(0),
        }
    }

    fn key(&self, number: u32) -> Key {
        Key { number, compared: Arc::clone(&self.compared) }
    }

    fn get(&self, number: u32, compute: impl FnOnce(usize) -> u32) -> u32 {
        self.memo.get_or_compute(self.key(number), || compute(self.computed.fetch_add(1, Ordering::SeqCst)))
    }

    /// Until so many callers wait, or are about to and will not miss what comes.
    fn wait_for_waiters(&self, count: usize) {
        wait_for(|| self.compared.load(Ordering::SeqCst) >= count);
    }

    fn computed(&self) -> usize {
        assert_eq!(self.memo.under_way(), 0);
        self.computed.load(Ordering::SeqCst)
    }
}

fn concurrent() -> Scene<HeapCache<Key, u32>> {
    Scene::new(HeapCache::with_capacity(128))
}

fn locked() -> Scene<Mutex<LruCache<Key, u32, Heap>>> {
    Scene::new(Mutex::new(LruCache::with_capacity(128)))
}

/// So many threads call it at once, with their numbers.
fn at_once(threads: u32, call: impl Fn(u32) + Sync) {
    let (begin, call) = (&Barrier::new(threads as usize), &call);
    thread::scope(|scope| {
        for number in 0..threads {
            scope.spawn(move || {
                begin.wait();
                call(number);
            });
        }
    });
}

const ROUNDS: usize = if cfg!(miri) { 1 } else { 30 };

#[test]
fn sixty_four_threads_compute_eight_results_eight_times() {
    fn check<S: Keeper<Key = Key, Value = u32> + Sync>(scene: &Scene<S>) {
        let arrived = AtomicUsize::new(0);
        at_once(64, |number| {
            arrived.fetch_add(1, Ordering::SeqCst);
            for turn in 0..8 {
                let key = (number + turn) % 8;
                let result = scene.get(key, |_| {
                    // As slow as it takes: all have asked for something.
                    wait_for(|| arrived.load(Ordering::SeqCst) == 64);
                    key * 10
                });
                assert_eq!(result, key * 10);
            }
        });
        assert_eq!(scene.computed(), 8);
    }
    for _ in 0..ROUNDS {
        check(&concurrent());
        check(&locked());
    }
}

#[test]
fn those_who_wait_get_what_could_not_be_kept() {
    for _ in 0..ROUNDS {
        let scene = Scene::new(HeapCache::with_capacity(0));
        at_once(8, |_| {
            let result = scene.get(1, |_| {
                scene.wait_for_waiters(7);
                10
            });
            assert_eq!(result, 10);
        });
        assert_eq!(scene.computed(), 1);
    }
}

#[test]
fn a_panic_wakes_those_who_wait_and_one_of_them_computes() {
    for _ in 0..ROUNDS {
        let (scene, world) = (concurrent(), World::new(1));
        let gave = AtomicUsize::new(0);
        at_once(8, |_| {
            let result = attempt(|| {
                scene.get(1, |nth| {
                    scene.wait_for_waiters(if nth == 0 { 7 } else { 0 });
                    world.call();
                    10
                })
            });
            assert!(matches!(result, None | Some(10)));
            gave.fetch_add(usize::from(result.is_some()), Ordering::SeqCst);
        });
        assert_eq!((scene.computed(), gave.into_inner()), (2, 7));
    }
}

#[test]
fn an_error_is_of_who_met_it_and_one_of_those_who_wait_computes() {
    for _ in 0..ROUNDS {
        let (scene, failures) = (locked(), AtomicUsize::new(0));
        at_once(8, |_| {
            let result = scene.memo.try_get_or_compute(scene.key(1), || {
                match scene.computed.fetch_add(1, Ordering::SeqCst) {
                    0 => {
                        scene.wait_for_waiters(7);
                        Err(())
                    }
                    _ => Ok(10),
                }
            });
            failures.fetch_add(usize::from(result.is_err()), Ordering::SeqCst);
            assert!(matches!(result, Err(()) | Ok(10)));
        });
        assert_eq!((scene.computed(), failures.into_inner()), (2, 1));
    }
}

/// Also if a test fails, which would wait for ever else.
struct LetsGo<'a>(&'a AtomicBool);

impl Drop for LetsGo<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn who_asks_after_an_invalidation_does_not_wait_for_what_began_before_it() {
    fn check<S: Keeper<Key = Key, Value = u32> + Sync>(
        scene: &Scene<S>,
        invalidate: impl Fn(&Memo<S, SingleFlight>),
    ) {
        let (begun, go_on) = (Barrier::new(2), AtomicBool::new(false));
        thread::scope(|scope| {
            let lets_go = LetsGo(&go_on);
            let old = || {
                scene.get(1, |_| {
                    begun.wait();
                    wait_for(|| go_on.load(Ordering::SeqCst));
                    10
                })
            };
            let computes = scope.spawn(old);
            begun.wait();
            let waits = scope.spawn(|| scene.get(1, |_| unreachable!("somebody does")));
            scene.wait_for_waiters(1);
            invalidate(&scene.memo);
            assert_eq!(scene.get(1, |_| 11), 11, "who asks now computes, though the old one is not done");
            drop(lets_go);
            assert_eq!((computes.join().unwrap(), waits.join().unwrap()), (10, 10));
        });
        assert_eq!(scene.get(1, |_| unreachable!("it is known")), 11, "the old one does not come back");
        assert_eq!(scene.computed(), 2);
    }
    let scene = concurrent();
    check(&scene, |memo| memo.remove(&scene.key(1)));
    check(&concurrent(), Memo::clear);
    let scene = locked();
    check(&scene, |memo| memo.remove(&scene.key(1)));
    check(&locked(), Memo::clear);
}

#[test]
fn an_invalidation_of_one_key_leaves_those_who_wait_for_another() {
    let scene = concurrent();
    at_once(2, |_| {
        let result = scene.get(1, |_| {
            scene.wait_for_waiters(1);
            scene.memo.remove(&scene.key(2));
            scene.memo.remove(&scene.key(101));
            assert_eq!(scene.memo.under_way(), 1);
            10
        });
        assert_eq!(result, 10);
    });
    assert_eq!(scene.computed(), 1);
}

/// Threads each compute a result, and ask in the middle of it for that of the next one.
fn a_circle_of(threads: u32) {
    let (scene, all) = (concurrent(), Barrier::new(threads as usize));
    let outer = |number: u32| {
        scene.get(number, |_| {
            all.wait();
            // Whoever is the last to ask closes the circle.
            let next = (number + 1) % threads;
            scene.get(next, |_| 100 + next) % 100 + 100
        })
    };
    at_once(threads, |number| {
        assert!((100..200).contains(&outer(number)));
    });
    assert!(scene.computed() > threads as usize, "one of them computes within itself");
}

#[test]
fn nobody_waits_for_who_waits_for_him() {
    for _ in 0..ROUNDS {
        a_circle_of(1);
        a_circle_of(2);
        a_circle_of(3);
        a_circle_of(8);
    }
}

#[test]
fn who_was_waited_for_may_wait_for_who_waited() {
    let scene = concurrent();
    let computes = |key, waiters| {
        scene.get(key, |_| {
            scene.wait_for_waiters(waiters);
            key
        })
    };
    let waits = |key| scene.get(key, |_| unreachable!("somebody does"));
    // What is under way is seen before anybody compares its key.
    let wait_for_flight = || wait_for(|| scene.memo.under_way() == 1);
    thread::scope(|scope| {
        scope.spawn(|| {
            wait_for_flight();
            waits(1);
            computes(2, 2);
        });
        computes(1, 1);
        wait_for_flight();
        waits(2);
    });
    assert_eq!(scene.computed(), 2);
}

#[test]
fn two_memos_may_ask_each_other() {
    let even = Memo::with_single_flight(HeapCache::<u32, u32>::with_capacity(100));
    let odd = Memo::with_single_flight(HeapCache::<u32, u32>::with_capacity(100));
    let (all, computed) = (Barrier::new(2), AtomicUsize::new(0));
    let ask = |first: &Memo<_, _>, second: &Memo<HeapCache<u32, u32>, SingleFlight>| {
        first.get_or_compute(1, || {
            all.wait();
            second.get_or_compute(1, || {
                computed.fetch_add(1, Ordering::SeqCst);
                1
            })
        })
    };
    at_once(2, |number| {
        let result = if number == 0 { ask(&even, &odd) } else { ask(&odd, &even) };
        assert_eq!(result, 1);
    });
    assert_eq!(computed.into_inner(), 1, "the other one waits for that");
}

#[test]
fn deep_recursion_ends_and_leaves_nothing_under_way() {
    fn depth(memo: &Memo<HeapCache<usize, usize>, SingleFlight>, n: usize) -> usize {
        memo.get_or_compute(n, || if n == 0 { memo.under_way() } else { depth(memo, n - 1) })
    }
    let memo = Memo::with_single_flight(HeapCache::with_capacity(5_000));
    let levels = 2_000;
    let deep = thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || (depth(&memo, levels - 1), memo.under_way()));
    assert_eq!(deep.unwrap().join().unwrap(), (levels, 0));
}

#[test]
fn keys_of_one_hash_are_computed_apart() {
    /// All have one hash.
    #[derive(Clone, PartialEq, Eq)]
    struct Alike(u32);

    impl Hash for Alike {
        fn hash<H: Hasher>(&self, state: &mut H) {
            0.hash(state);
        }
    }

    let memo = Memo::with_single_flight(HeapCache::with_capacity(100));
    let (all, computed) = (Barrier::new(4), AtomicUsize::new(0));
    at_once(8, |number| {
        let key = number % 4;
        let result = memo.get_or_compute(Alike(key), || {
            computed.fetch_add(1, Ordering::SeqCst);
            // All four are under way at once.
            all.wait();
            key * 10
        });
        assert_eq!(result, key * 10);
    });
    assert_eq!(computed.into_inner(), 4);
}

#[test]
fn nothing_is_lost_whatever_panics_in_who_computes() {
    nothing_is_lost_whatever_panics(|| Memo::with_single_flight(touched()));
}

#[test]
fn user_code_of_who_computes_may_ask_the_memo() {
    user_code_calls_back(|| Memo::with_single_flight(touched()));
}

/// One computes and one waits, and one call of user code panics in one of them.
#[test]
fn nothing_is_lost_whatever_panics_while_others_wait() {
    let calls = common::every_call_panics_once(|world| {
        let memo: Touched<SingleFlight> = Memo::with_single_flight(touched());
        let touchy = |number| Touchy::new(world, number);
        let asking = AtomicUsize::new(0);
        at_once(2, |_| {
            attempt(|| {
                asking.fetch_add(1, Ordering::SeqCst);
                drop(memo.get_or_compute(touchy(1), || {
                    wait_for(|| asking.load(Ordering::SeqCst) == 2);
                    touchy(10)
                }));
            });
        });
        assert_eq!(memo.under_way(), 0);
        assert_eq!(world.ledger.alive(), 2 * memo.cache().len() + 2 * memo.cache().validate(0));
        attempt(|| drop(memo));
        0
    });
    // How many there are is a matter of who comes first.
    assert!(calls > 5, "only {calls} calls of user code");
}
