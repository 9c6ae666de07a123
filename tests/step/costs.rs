//! What an operation costs where nobody else is: each of its atomic accesses, by kind.

use larder::cache::{CellKind, Pinned, Setup, StaticCache, Suits, Untimed, Words};
use larder::key::DefaultHash;
use larder::pool::{Awaited, BoxPool, ByDefault, Guard, ObjectPool, Pool, Waiting};
use larder::stats::{Off, Placed, Shared};
use larder::sync::step::{Accesses, accesses};
use larder::time::{Clock, Instant, ManualClock};

/// What the documentation promises, and a load for each release if debug assertions are on.
fn assert_costs<R>(what: &str, releases: usize, expected: Accesses, operation: impl FnOnce() -> R) -> R {
    let (result, mut accesses) = accesses(operation);
    accesses.loads -= releases * usize::from(cfg!(debug_assertions));
    assert_eq!(accesses, expected, "{what}");
    result
}

/// Loads, stores, read-modify-writes.
const fn costs(loads: usize, stores: usize, read_modify_writes: usize) -> Accesses {
    Accesses::new(loads, stores, read_modify_writes)
}

#[test]
fn box_pool() {
    let pool = BoxPool::<u32, 16>::new();
    // The hint, the slot, the claim; a store, and the hint again.
    let guard = assert_costs("insert", 0, costs(2, 0, 1), || pool.insert(1)).unwrap();
    assert_costs("drop", 1, costs(1, 1, 0), || drop(guard));
    let guard = assert_costs("insert_with", 0, costs(2, 0, 1), || pool.insert_with(|| 1)).unwrap();
    assert_costs("into_inner", 1, costs(1, 1, 0), || Guard::into_inner(guard));
    assert_costs("in_use", 0, costs(16, 0, 0), || pool.in_use());
}

#[test]
fn a_box_pool_that_fills_up() {
    let pool = BoxPool::<u32, 16>::new();
    let mut guards = Vec::from([(); 10].map(|()| pool.insert(1).unwrap()));
    let mut insert =
        |what, expected| guards.push(assert_costs(what, 0, expected, || pool.insert(1)).unwrap());
    insert("after a long search the hint is moved", costs(1 + 11, 0, 1 + 1));
    // Where the thread would begin, in case that there is room again, and the slot of the hint.
    insert("the next slot", costs(1 + 2, 0, 1));
    insert("the one after it, and the hint is moved", costs(1 + 3, 0, 1 + 1));
    insert("the next slot", costs(1 + 2, 0, 1));
    insert("the one after it, and the hint is moved", costs(1 + 3, 0, 1 + 1));
    insert("the last slot", costs(1 + 2, 0, 1));
    assert_costs("insert when it is exhausted", 0, costs(1 + 1 + 16, 0, 0), || pool.insert(1).is_err());
    let guard = guards.swap_remove(7);
    assert_costs("drop, and the hint is moved", 1, costs(1, 2, 0), || drop(guard));
    guards.push(assert_costs("insert into the same slot", 0, costs(3, 0, 1), || pool.insert(1)).unwrap());
}

#[test]
fn an_acquire_and_its_release_make_at_most_two_read_modify_writes() {
    fn one_pair<R>(pair: impl Fn() -> R) -> Accesses {
        // The first makes the object, and is not counted.
        pair();
        accesses(pair).1
    }
    let boxes = BoxPool::<u32, 4>::new();
    let pool = Pool::<u32, 4>::new();
    let objects = ObjectPool::try_with_recorder("costs", 4, ByDefault, Off::new()).unwrap();
    let pairs = [
        ("BoxPool", one_pair(|| drop(boxes.insert(1)))),
        ("Pool", one_pair(|| drop(pool.acquire()))),
        ("ObjectPool", one_pair(|| drop::<Result<Guard<u32, _>, _>>(objects.acquire()))),
        ("ObjectPool, owned", one_pair(|| drop(objects.acquire_owned()))),
    ];
    for (name, accesses) in pairs {
        // What is promised is two; what there is, is one.
        assert_eq!(accesses.read_modify_writes, 1, "{name}: {accesses:?}");
        assert!(accesses.total() <= 7 + usize::from(cfg!(debug_assertions)), "{name}: {accesses:?}");
    }
}

#[test]
fn the_shared_recorder() {
    let pool = BoxPool::<u32, 2, Shared>::with_recorder(Shared::new());
    // Acquired, in use, a look at the high-water mark, which moves.
    let guard = assert_costs("the highest so far", 0, costs(2 + 1, 0, 1 + 3), || pool.insert(1)).unwrap();
    assert_costs("drop", 1, costs(1, 1, 1), || drop(guard));
    let guard = assert_costs("not the highest", 0, costs(2 + 1, 0, 1 + 2), || pool.insert(1)).unwrap();
    let other = pool.insert(2);
    assert_costs("exhausted", 0, costs(1 + 2, 0, 1), || pool.insert(3).is_err());
    drop((guard, other));
}

#[test]
fn the_recorder_of_places() {
    let pool = BoxPool::<u32, 2, Placed>::with_recorder(Placed::new());
    // As above, and the place.
    let guard = assert_costs("insert", 0, costs(2 + 1, 1, 1 + 3), || pool.insert(1)).unwrap();
    assert_costs("held", 0, costs(2 + 1, 0, 0), || pool.held().count());
    assert_costs("drop", 1, costs(1, 1 + 1, 1), || drop(guard));
    let guard = assert_costs("insert", 0, costs(2 + 1, 1, 1 + 2), || pool.insert(1)).unwrap();
    assert_costs("into_inner", 1, costs(1, 1 + 1, 1), || Guard::into_inner(guard));
}

#[test]
fn pool() {
    let pool = Pool::<u32, 8>::new();
    // A look at eight slots for an object, and the hint says that there is none; then the hint, the slot where this thread begins, and the
    // claim.
    let first = assert_costs("the first acquire", 0, costs(1 + 8 + 2, 0, 1 + 1), || pool.acquire()).unwrap();
    // That slot is taken, so the one of the hint as well, which is the same; a search finds the next, and the hint is moved on.
    let second = assert_costs("the second", 0, costs(1 + 1 + 3, 0, 2), || pool.acquire()).unwrap();
    // Who brings the first object back says so in the hint, and the second says where.
    assert_costs("release", 1, costs(1, 2, 0), || drop(first));
    assert_costs("release", 1, costs(1, 2, 0), || drop(second));
    // The slot where this thread begins is free again, and so is that of the hint: from now on nobody writes it.
    let guard = assert_costs("acquire", 0, costs(3, 1, 1), || pool.acquire()).unwrap();
    assert_costs("release", 1, costs(1, 1, 0), || drop(guard));
    let guard = assert_costs("acquire", 0, costs(2, 0, 1), || pool.acquire()).unwrap();
    assert_costs("into_inner", 1, costs(1, 1, 0), || Guard::into_inner(guard));
}

/// The accesses of the last of some rounds, in each of which so many objects are taken and given back.
fn of_a_round(pool: &ObjectPool<u32, ByDefault, Off>, objects: usize) -> usize {
    let round = || {
        let guards: Vec<_> = (0..objects).map(|_| pool.acquire().unwrap()).collect();
        drop(guards);
    };
    (0..5).for_each(|_| round());
    accesses(round).1.total()
}

#[test]
fn several_objects_at_once_are_found_near_to_each_other() {
    for objects in [1, 2, 8, 20] {
        let [few, many] = [64, 5000].map(|slots| {
            let pool = ObjectPool::try_with_recorder("costs", slots, ByDefault, Off::new()).unwrap();
            of_a_round(&pool, objects)
        });
        assert_eq!(few, many, "{objects} at once");
        assert!(few <= objects * (10 + objects.min(8)), "{objects} at once: {few} accesses");
    }
}

#[test]
fn a_pool_that_is_nearly_full_finds_what_came_back() {
    const SLOTS: usize = 1000;
    let pool = ObjectPool::try_with_recorder("costs", SLOTS, ByDefault, Off::new()).unwrap();
    let boxes = BoxPool::<u32, SLOTS>::new();
    let mut guards: Vec<Guard<u32, _>> = (0..SLOTS).map(|_| pool.acquire().unwrap()).collect();
    let mut others: Vec<_> = (0..SLOTS).map(|_| boxes.insert(1).unwrap()).collect();
    // The first search of all slots tells that there are few.
    drop((guards.swap_remove(500), others.swap_remove(500)));
    guards.push(pool.acquire().unwrap());
    others.push(boxes.insert(1).unwrap());
    for at in [0, 1, 500, 0, 999, 0] {
        let most = 20;
        let ((), of_pool) = accesses(|| {
            drop(guards.swap_remove(at));
            guards.push(pool.acquire().unwrap());
        });
        let ((), of_boxes) = accesses(|| {
            drop(others.swap_remove(at));
            others.push(boxes.insert(1).unwrap());
        });
        assert!(of_pool.total() < most && of_boxes.total() < most, "{at}: {of_pool:?}, {of_boxes:?}");
    }
}

#[test]
fn waiting() {
    let pool = Waiting::<BoxPool<u32, 16>>::new(BoxPool::new());
    // As that of a pool, and a look whether somebody waits.
    let guard = assert_costs("insert", 0, costs(2, 0, 1), || pool.insert(1)).unwrap();
    assert_costs("drop", 1, costs(1 + 1, 1, 0), || drop(guard));
    let guard = pool.insert(1).unwrap();
    assert_costs("into_inner", 1, costs(1 + 1, 1, 0), || Awaited::into_inner(guard));
}

#[test]
fn trim() {
    let pool = ObjectPool::try_with_recorder("costs", 4, ByDefault, Off::new()).unwrap();
    let guards: [Guard<u32, _>; 4] = [(); 4].map(|()| pool.acquire().unwrap());
    drop(guards);
    // A count. The first that goes is where this thread had begun last, and is the one that came back last. The second is near to the
    // thread's home, which it is noted as a start for. Both tell the hint.
    let expected = costs(4 + (3 + 1) + (4 + 1), (1 + 1) + (1 + 1 + 1), 2);
    assert_eq!(assert_costs("trim", 2, expected, || pool.trim(2)), 2);
    assert_costs("trim where there is nothing to do", 0, costs(4, 0, 0), || pool.trim(2));
}

#[test]
fn manual_clock() {
    let clock = ManualClock::<1000>::new();
    assert_costs("now", 0, costs(4, 0, 0), || clock.now());
    // To become the only writer; the time until now, and its number; two halves, the number, the end.
    assert_costs("set", 0, costs(4 + 1, 4, 1), || clock.set(Instant::from_ticks(5)));
    assert_costs("advance", 0, costs(4 + 1, 4, 1), || clock.advance_ticks(5));
}

/// The read-modify-writes of a cache's calls. Here a tag is part of an atomic word, so a new one takes one more.
fn updates_of_a_cache<X: CellKind>(cell: X) -> [usize; 4]
where
    Setup<DefaultHash, Untimed, Off, X>: Suits<u32, u32>,
{
    let cache = StaticCache::<u32, u32, 1, 8, _>::with(Setup::new().cell(cell));
    (0..8).for_each(|key| cache.put(key, key).unwrap());
    let updates = |work: &dyn Fn()| accesses(work).1.read_modify_writes;
    [
        updates(&|| assert_eq!(cache.get(&7), Some(7))),
        updates(&|| assert_eq!(cache.get(&8), None)),
        updates(&|| cache.put(7, 70).unwrap()),
        updates(&|| cache.put(8, 80).unwrap()),
    ]
}

#[test]
fn a_hit_a_miss_a_replacement_and_an_eviction_of_a_cache() {
    // The bit, and the publish. Of other data: the pin and its end; the pin, the claim and the publish; the claim and the publish.
    assert_eq!(updates_of_a_cache(Words), [0, 0, 2, 2 + 1]);
    assert_eq!(updates_of_a_cache(Pinned), [2, 0, 3, 2 + 1]);
}
