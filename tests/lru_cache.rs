//! `LruCache`: the same suite over inline and heap memory, against a model that is too simple to be wrong.

#![cfg(not(any(larder_loom, larder_step)))]

mod common;
#[path = "common/lru_model.rs"]
mod lru_model;

use common::{Aligned, AlignedNothing, Hashing, Large, Sample, Touchy, World};
use common::{assert_in_place, at_every_capacity, attempt, every_call_panics_once, hashing, holds};
use core::cell::Cell;
use core::hash::{BuildHasher, Hash, Hasher};
use larder::cache::{Inline, Inserted, LruCache, Memory};
use larder::key::{DefaultHash, Equivalent};
use larder::stats::CacheStats;
use lru_model::{Model, Op, Resize, bit, number, op, run};
use proptest::collection::vec;

// The suite.

/// Runs the same calls on a cache and on the model, and compares everything after each.
fn agrees<K, V, M>(
    mut cache: LruCache<K, V, M, Hashing>,
    resize: Resize<LruCache<K, V, M, Hashing>>,
    ops: &[Op],
) where
    K: Sample,
    V: Sample,
    M: Memory,
    LruCache<K, V, M, Hashing>: Clone,
{
    let mut model = Model::new(cache.capacity());
    let mut lookups = 0;
    for op in ops {
        if matches!(op, Op::Resize(_)) && resize.is_none() {
            continue;
        }
        let expected = model.run(op, K::of, V::of);
        let outcome = run(&mut cache, op, K::of, V::of, resize, || ());
        assert_eq!(outcome, expected, "the outcome of {op:?}");
        lookups = match op {
            Op::Get(_) | Op::GetMut(..) | Op::GetOrInsert(..) | Op::TryGetOrInsert(..) => lookups + 1,
            Op::ResetStats => 0,
            _ => lookups,
        };
        assert_eq!(cache.stats().hits + cache.stats().misses, lookups, "look-ups after {op:?}");
        assert_same(&cache, &model);
    }
}

fn assert_same<K, V, M, H>(cache: &LruCache<K, V, M, H>, model: &Model<K, V>)
where
    K: Sample,
    V: Sample,
    M: Memory,
{
    cache.validate();
    assert_eq!(cache.len(), model.entries.len());
    assert_eq!(cache.is_empty(), model.entries.is_empty());
    assert_eq!(cache.capacity(), model.capacity);
    assert!(cache.len() <= cache.capacity());
    assert!(cache.iter().eq(model.entries.iter().map(|(key, value)| (key, value))), "entries or their order");
    assert_eq!(cache.peek_lru(), model.entries.last().map(|(key, value)| (key, value)));
    assert_eq!(cache.stats(), model.stats);
    assert_sums(cache.stats(), cache.len(), model.uncounted);
    for (key, value) in cache {
        assert_in_place(key);
        assert_in_place(value);
    }
}

/// `uncounted` entries were there when counting began.
fn assert_sums(stats: CacheStats, resident: usize, uncounted: u64) {
    let gone = stats.evicted + stats.expired + stats.removed + stats.replaced;
    assert_eq!(stats.inserted + uncounted, resident as u64 + gone, "what went in is in or came out");
    assert_eq!(stats.expired, 0);
}

/// The suite for inline memory of one capacity.
fn inline_agrees<K: Sample, V: Sample, const N: usize>() {
    holds(16, &(hashing(), vec(op(), 0..120)), |(hashing, ops)| {
        agrees(LruCache::<K, V, Inline<N>, _>::with_hasher(hashing), None, &ops);
    });
}

/// The suite for memory on the heap, at all capacities.
#[cfg(feature = "alloc")]
fn heap_agrees<K: Sample, V: Sample>() {
    for &capacity in common::CAPACITIES {
        holds(16, &(hashing(), vec(op(), 0..120)), |(hashing, ops)| {
            let cache = LruCache::<K, V, larder::cache::Heap, _>::with_capacity_and_hasher(capacity, hashing);
            agrees(cache, Some(LruCache::resize), &ops);
        });
    }
}

macro_rules! agrees_with_the_model {
    ($($name:ident: $key:ty, $value:ty;)*) => {
        mod inline_agrees_with_the_model {
            use super::*;

            $(#[test]
            fn $name() {
                macro_rules! at {
                    ($n:literal) => {
                        inline_agrees::<$key, $value, $n>();
                    };
                }
                at_every_capacity!(at);
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

// Panics.

/// What is in the cache, without a call of user code.
fn contents<M: Memory>(cache: &LruCache<Touchy, Touchy, M>) -> Vec<(u32, u32)> {
    cache.iter().map(|(key, value)| (key.number, value.number)).collect()
}

/// The states through which a call leads: of most, only the one after it.
fn states(op: &Op, before: &Model<u32, u32>) -> Vec<Model<u32, u32>> {
    let mut model = before.clone();
    let mut states = Vec::new();
    let mut run = |op: &Op| {
        model.run(op, |number| number, |number| number);
        states.push(model.clone());
    };
    match op {
        Op::Extend(entries) => entries.iter().for_each(|&(key, value)| run(&Op::Put(key, value))),
        Op::Resize(capacity) => {
            let capacities = (*capacity..before.capacity.max(*capacity)).rev();
            capacities.for_each(|capacity| run(&Op::Resize(capacity)));
        }
        _ => {}
    }
    run(op);
    states
}

/// The states of `retain` and `iter_mut`, which change values one by one.
fn is_between(op: &Op, before: &[(u32, u32)], now: &[(u32, u32)], after: &[(u32, u32)]) -> bool {
    match *op {
        Op::Retain(bits) => (0..=before.len()).any(|visited| {
            let (seen, unseen) = before.split_at(visited);
            let kept = seen.iter().enumerate().filter(|&(n, _)| bit(bits, n));
            kept.map(|(n, &(key, _))| (key, number(n))).chain(unseen.iter().copied()).eq(now.iter().copied())
        }),
        Op::IterMut(..) => {
            let old_or_new = |((now, before), after)| now == before || now == after;
            now.len() == before.len() && now.iter().zip(before).zip(after).all(old_or_new)
        }
        // The test's own clearing of the original.
        Op::Clone => now.is_empty(),
        _ => false,
    }
}

/// Makes the calls with a fuse that may blow in one of them. After each the cache is as it was before or as it is after
/// it, every instance that is not in it was dropped, and the next call finds it in order.
fn survives<M: Memory>(
    world: &'static World,
    cache: LruCache<Touchy, Touchy, M>,
    resize: Resize<LruCache<Touchy, Touchy, M>>,
    ops: &[Op],
) where
    LruCache<Touchy, Touchy, M>: Clone,
{
    let mut cache = Box::new(cache);
    let touchy = |number| Touchy::new(world, number);
    for op in ops {
        if matches!(op, Op::ResetStats) || matches!(op, Op::Resize(_)) && resize.is_none() {
            continue;
        }
        let before = contents(&cache);
        let start = Model { entries: before.clone(), ..Model::new(cache.capacity()) };
        let through = states(op, &start);
        let done = attempt(|| drop(run(&mut cache, op, touchy, touchy, resize, || world.call())));
        let now = contents(&cache);
        let after = &through.last().unwrap().entries;
        if done.is_some() {
            assert_eq!(&now, after, "after {op:?}");
        } else {
            let known = now == before || through.iter().any(|state| state.entries == now);
            assert!(
                known || is_between(op, &before, &now, after),
                "after a panic in {op:?}: {before:?}, {now:?}"
            );
        }
        cache.validate();
        assert_sums(cache.stats(), cache.len(), 0);
        assert_eq!(world.ledger.alive(), 2 * cache.len(), "instances after {op:?}");
    }
    attempt(|| drop(cache));
}

/// Every call, with keys that are there and keys that are not.
fn every_op() -> Vec<Op> {
    let fill = || Op::Extend(vec![(0, 10), (1, 11), (2, 12), (1, 13), (3, 14)]);
    vec![
        fill(),
        Op::Get(1),
        Op::Get(200),
        Op::GetMut(1, 15),
        Op::GetMut(201, 15),
        Op::Peek(1),
        Op::PeekMut(1, 16),
        Op::Contains(2),
        Op::Insert(1, 17),
        Op::Insert(4, 18),
        Op::Insert(5, 19),
        Op::Put(1, 20),
        Op::Put(6, 21),
        Op::GetOrInsert(1, 22),
        Op::GetOrInsert(7, 23),
        Op::GetOrInsert(8, 23),
        Op::TryGetOrInsert(1, Ok(24)),
        Op::TryGetOrInsert(9, Ok(25)),
        Op::TryGetOrInsert(1, Err(0)),
        Op::TryGetOrInsert(2, Err(0)),
        Op::Remove(1),
        Op::Remove(1),
        Op::RemoveEntry(2),
        Op::RemoveEntry(9),
        Op::PopLru,
        Op::PeekLru,
        fill(),
        Op::Iter(0b0110_1001),
        Op::IterMut(0b0110_1001, 100),
        Op::Clone,
        fill(),
        Op::Retain(0b1010_0101),
        Op::Retain(0),
        fill(),
        Op::Clear,
        fill(),
        Op::Resize(1),
        Op::Resize(0),
        Op::Resize(7),
        fill(),
        Op::Resize(3),
    ]
}

/// Capacities for which every call panics once; an interpreter has time for the one where most happens.
const FRAGILE: &[usize] = if cfg!(miri) { &[2] } else { &[0, 1, 2, 5] };

fn inline_survives<const N: usize>() {
    if !FRAGILE.contains(&N) {
        return;
    }
    let calls = every_call_panics_once(|world| {
        survives(world, LruCache::<_, _, Inline<N>>::new(), None, &every_op());
        0
    });
    assert!(calls > 100, "only {calls} calls of user code");
}

#[test]
fn inline_loses_nothing_whatever_panics() {
    inline_survives::<0>();
    inline_survives::<1>();
    inline_survives::<2>();
    inline_survives::<5>();
}

#[cfg(feature = "alloc")]
#[test]
fn heap_loses_nothing_whatever_panics() {
    for &capacity in FRAGILE {
        let calls = every_call_panics_once(|world| {
            survives(world, LruCache::with_capacity(capacity), Some(LruCache::resize), &every_op());
            0
        });
        assert!(calls > 100, "only {calls} calls of user code");
    }
}

#[test]
fn inline_loses_nothing_whatever_panics_in_any_order_of_calls() {
    holds(4, &(vec(op(), 1..30), 1..100_u32), |(ops, fuse)| {
        let world = World::new(fuse);
        survives(world, LruCache::<_, _, Inline<5>>::new(), None, &ops);
        assert_eq!(world.ledger.alive(), 0);
    });
}

#[cfg(feature = "alloc")]
#[test]
fn heap_loses_nothing_whatever_panics_in_any_order_of_calls() {
    holds(4, &(vec(op(), 1..30), 1..100_u32), |(ops, fuse)| {
        let world = World::new(fuse);
        survives(world, LruCache::with_capacity(5), Some(LruCache::resize), &ops);
        assert_eq!(world.ledger.alive(), 0);
    });
}

#[test]
fn dropping_the_cache_drops_the_rest_if_one_drop_panics() {
    // Ten instances: five keys and five values.
    let calls = every_call_panics_once(|world| {
        let mut cache = LruCache::<Touchy, Touchy, Inline<5>>::new();
        let filled = attempt(|| (0..5).for_each(|n| cache.put(Touchy::new(world, n), Touchy::new(world, n))));
        let full = filled.is_some();
        assert!(!full || world.ledger.alive() == 10);
        attempt(|| drop(cache));
        0
    });
    assert!(calls >= 10);
}

#[test]
fn the_error_of_a_computation_is_not_lost_if_dropping_the_key_panics() {
    let calls = every_call_panics_once(|world| {
        let mut cache = LruCache::<Touchy, u32, Inline<2>>::new();
        let key = Touchy::new(world, 1);
        attempt(|| {
            let outcome = cache.try_get_or_insert_with(key, |_| Err(Touchy::new(world, 2)));
            drop(outcome);
        });
        cache.validate();
        assert_eq!((cache.len(), world.ledger.alive()), (0, 0));
        0
    });
    assert_eq!(calls, 3, "a hash and two drops");
}

/// The hasher of the copy is made last, when the entries are there already.
#[test]
fn a_hasher_whose_clone_panics_loses_nothing() {
    struct Bound(&'static World);

    impl BuildHasher for Bound {
        type Hasher = <DefaultHash as BuildHasher>::Hasher;

        fn build_hasher(&self) -> Self::Hasher {
            self.0.call();
            DefaultHash::new().build_hasher()
        }
    }

    impl Clone for Bound {
        fn clone(&self) -> Self {
            self.0.call();
            Self(self.0)
        }
    }

    every_call_panics_once(|world| {
        let mut cache = LruCache::<Touchy, Touchy, Inline<3>, _>::with_hasher(Bound(world));
        for n in 0..4 {
            attempt(|| cache.put(Touchy::new(world, n), Touchy::new(world, n)));
            cache.validate();
        }
        let resident = cache.len();
        attempt(|| drop(cache.clone()));
        cache.validate();
        assert_eq!((cache.len(), world.ledger.alive()), (resident, 2 * resident));
        attempt(|| drop(cache));
        0
    });
}

// Behaviour, one by one.

#[test]
fn keys_are_compared_and_not_only_hashed() {
    let mut cache = LruCache::<u32, u32, Inline<4>, _>::with_hasher(Hashing::One(7));
    cache.put(1, 10);
    assert!(cache.get(&2).is_none() && cache.peek(&2).is_none() && cache.remove(&2).is_none());
    assert_eq!(cache.insert(2, 20), Inserted::New);
    assert_eq!((cache.peek(&1), cache.peek(&2)), (Some(&10), Some(&20)));
}

/// Many keys with one hash, then as many with another one, and so on: in the end every place of the table has been too
/// small at some time. A look-up that goes on from such places must come to an end all the same.
fn a_look_up_ends<M: Memory>(mut cache: LruCache<Meeting, (), M>) {
    for place in 0..150 {
        cache.extend((0..300).map(|number| (Meeting::new(place, number), ())));
        while cache.len() > 1 {
            cache.pop_lru();
        }
        cache.validate();
        let stranger = Meeting::new(place, 1_000);
        assert!(!cache.contains(&stranger));
        assert!(stranger.compared.get() <= 3, "the only other key was met {} times", stranger.compared.get());
        cache.pop_lru();
    }
}

/// Keys of one place have one hash.
struct Meeting {
    place: u32,
    number: u32,
    compared: Cell<u32>,
}

impl Meeting {
    fn new(place: u32, number: u32) -> Self {
        Self { place, number, compared: Cell::new(0) }
    }
}

impl Hash for Meeting {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place.hash(state);
    }
}

impl PartialEq for Meeting {
    fn eq(&self, other: &Self) -> bool {
        // Counted on the key that is looked for. An end of some kind is better than none.
        self.compared.set(self.compared.get() + 1);
        assert!(self.compared.get() < 1_000, "the look-up goes round and round");
        self.number == other.number
    }
}

impl Eq for Meeting {}

#[test]
#[cfg_attr(miri, ignore = "too many calls for an interpreter")]
fn an_inline_look_up_ends_whatever_was_there_before() {
    a_look_up_ends(LruCache::<_, _, Inline<300>>::new());
}

#[cfg(feature = "alloc")]
#[test]
#[cfg_attr(miri, ignore = "too many calls for an interpreter")]
fn a_heap_look_up_ends_whatever_was_there_before() {
    a_look_up_ends(LruCache::with_capacity(300));
}

#[test]
fn a_key_that_is_replaced_stays_the_stored_one() {
    #[derive(Debug)]
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

    let mut cache = LruCache::<Key, u32, Inline<2>>::new();
    cache.put(Key(1, "first"), 10);
    assert_eq!(cache.insert(Key(1, "second"), 20), Inserted::Replaced(10));
    assert_eq!(cache.get_or_insert_with(Key(1, "third"), |_| unreachable!()), Some(&mut 20));
    assert_eq!(cache.iter().next().map(|(key, value)| (key.1, *value)), Some(("first", 20)));
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

    let mut cache = LruCache::<(String, u32), u32, Inline<2>>::new();
    cache.put((String::from("one"), 1), 10);
    let (here, not_here) = (Pair("one", 1), Pair("one", 2));
    assert_eq!(cache.get(&here), Some(&10));
    assert_eq!(cache.get(&not_here), None);
    *cache.get_mut(&here).unwrap() += 1;
    *cache.peek_mut(&here).unwrap() += 1;
    assert!(cache.contains(&here) && !cache.contains(&not_here));
    assert_eq!(cache.remove_entry(&here), Some(((String::from("one"), 1), 12)));
    cache.put((String::from("two"), 2), 20);
    assert_eq!(cache.remove(&Pair("two", 2)), Some(20));
}

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

    let mut cache = LruCache::<Never, u32, Inline<3>>::new();
    for n in 0..10 {
        cache.put(Never, n);
        assert!(cache.get(&Never).is_none() && cache.remove(&Never).is_none());
        cache.validate();
    }
    assert_eq!(cache.len(), 3);
    assert!(cache.iter().map(|(_, &n)| n).eq([9, 8, 7]));
    cache.clear();
    cache.validate();
}

#[test]
fn a_hash_that_changes_finds_nothing_and_breaks_nothing() {
    struct Fickle(u32, Cell<u32>);

    impl PartialEq for Fickle {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }

    impl Eq for Fickle {}

    impl Hash for Fickle {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.1.set(self.1.get() + 1);
            self.1.get().hash(state);
        }
    }

    let mut cache = LruCache::<Fickle, u32, Inline<5>>::new();
    let key = Cell::new(0);
    for n in 0..100 {
        cache.put(Fickle(n % 3, key.clone()), n);
        key.set(key.get() + n % 7);
        let _ = cache.remove(&Fickle(n % 5, key.clone()));
        cache.validate();
    }
    cache.retain(|key, _| key.0 != 1);
    cache.validate();
    while cache.pop_lru().is_some() {
        cache.validate();
    }
}

#[test]
fn capacity_0_hands_everything_back() {
    let mut cache = LruCache::<&str, u32, Inline<0>>::new();
    assert_eq!(cache.insert("a", 1), Inserted::Evicted("a", 1));
    assert_eq!(cache.get_or_insert_with("b", |_| 2), None);
    assert_eq!(cache.try_get_or_insert_with("b", |_| Err("no")), Err("no"));
    assert!(cache.get("a").is_none() && cache.remove("a").is_none());
    assert!(cache.peek_lru().is_none() && cache.pop_lru().is_none());
    assert_eq!((cache.len(), cache.capacity(), cache.iter().count()), (0, 0, 0));
    cache.validate();
}

#[test]
fn an_iterator_knows_its_length_and_can_be_cloned_half_way() {
    let mut cache = LruCache::<u32, u32, Inline<4>>::new();
    cache.extend((0..4).map(|n| (n, n)));
    let mut entries = cache.iter();
    assert_eq!((entries.len(), entries.next(), entries.next_back()), (4, Some((&3, &3)), Some((&0, &0))));
    assert!(entries.clone().eq([(&2, &2), (&1, &1)]));
    assert_eq!(format!("{entries:?}"), "Iter { left: 2, .. }");
    assert!(entries.rev().eq([(&1, &1), (&2, &2)]));
    for (_, value) in &mut cache {
        *value += 10;
    }
    assert!((&cache).into_iter().map(|(_, &value)| value).eq([13, 12, 11, 10]));
    assert_eq!(format!("{:?}", cache.iter_mut()), "IterMut { left: 4, .. }");
}

#[test]
fn debug_shows_a_map_in_the_order_of_use() {
    let mut cache = LruCache::<&str, u32, Inline<4>>::new();
    cache.extend([("a", 1), ("b", 2)]);
    assert_eq!(format!("{cache:?}"), r#"{"b": 2, "a": 1}"#);
}

#[test]
fn a_static_cache_needs_no_code_to_exist() {
    static CACHE: std::sync::Mutex<LruCache<u32, u32, Inline<64>>> = std::sync::Mutex::new(LruCache::new());
    const HASHED: LruCache<u32, u32, Inline<2>, DefaultHash> =
        LruCache::with_hasher(DefaultHash::with_seed(1));
    let mut cache = CACHE.lock().unwrap();
    cache.extend((0..100).map(|n| (n, n)));
    assert_eq!(cache.len(), 64);
    let mut hashed = HASHED;
    hashed.put(1, 1);
    assert_eq!(hashed.get(&1), Some(&1));
}

#[test]
fn a_default_cache_has_a_default_hasher() {
    let mut cache = LruCache::<u32, u32, Inline<2>, std::hash::RandomState>::default();
    cache.put(1, 2);
    assert_eq!(cache.get(&1), Some(&2));
    assert_eq!(cache.hasher().hash_one(1_u32), cache.hasher().clone().hash_one(1_u32));
}

#[test]
fn the_hit_ratio_is_that_of_the_look_ups() {
    let mut cache = LruCache::<u32, u32, Inline<2>>::new();
    assert!(cache.stats().hit_ratio() < f32::EPSILON);
    cache.put(1, 1);
    let _ = (cache.get(&1).copied(), cache.get(&1).copied(), cache.get(&1).copied(), cache.get(&2).copied());
    assert!((cache.stats().hit_ratio() - 0.75).abs() < f32::EPSILON);
}

#[cfg(feature = "alloc")]
mod heap {
    use super::*;
    use larder::CapacityError;
    use larder::cache::Heap;

    #[test]
    fn a_capacity_that_cannot_be_numbered_is_refused() {
        let refusal = |asked| match LruCache::<u32, u32, Heap>::try_with_capacity(asked) {
            Err(CapacityError::TooLarge { asked: told, most }) => {
                assert_eq!(told, asked);
                most
            }
            other => panic!("a cache for {asked}: {other:?}"),
        };
        let most = refusal(usize::MAX);
        assert!(u32::try_from(most).is_ok());
        assert_eq!(refusal(most + 1), most);
    }

    #[test]
    fn a_capacity_that_has_no_memory_is_refused() {
        // A node has more than eight megabytes: no address space holds that many.
        let refused = LruCache::<u32, [u64; 1 << 20], Heap>::try_with_capacity(1 << 24);
        assert_eq!(refused.err(), Some(CapacityError::OutOfMemory { asked: 1 << 24 }));
    }

    #[test]
    fn a_resize_that_fails_changes_nothing() {
        let mut cache = LruCache::with_capacity(3);
        cache.extend((0..3).map(|n| (n, n)));
        assert!(cache.try_resize(usize::MAX).is_err());
        cache.validate();
        assert_eq!(cache.capacity(), 3);
        assert!(cache.iter().eq([(&2, &2), (&1, &1), (&0, &0)]));
    }

    #[test]
    fn a_resize_keeps_the_order_and_evicts_the_least_recently_used() {
        let mut cache = LruCache::with_capacity(4);
        cache.extend((0..4).map(|n| (n, n)));
        cache.get(&0);
        cache.try_resize(2).unwrap();
        assert!(cache.iter().eq([(&0, &0), (&3, &3)]));
        assert_eq!(cache.stats().evicted, 2);
        cache.resize(100);
        assert_eq!(cache.insert(4, 4), Inserted::New);
        assert!(cache.iter().eq([(&4, &4), (&0, &0), (&3, &3)]));
        cache.validate();
    }

    #[test]
    fn what_borrows_can_be_cached() {
        let text = String::from("one two one");
        let mut cache = LruCache::with_capacity(2);
        for word in text.split(' ') {
            *cache.get_or_insert_with(word, |_| 0).unwrap() += 1;
        }
        assert_eq!((cache.peek("one"), cache.peek("two")), (Some(&2), Some(&1)));
    }
}
