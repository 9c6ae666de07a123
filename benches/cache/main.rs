//! The concurrent cache against others: hits, one hot key, mixed use, new keys, large values and deadlines, by two threads and by one.
//!
//! `cargo bench --bench cache` prints all of it; a word after `--` chooses the tables whose titles contain it.
//!
//! Every cache has the same hasher (where it takes one) and holds what it can of 64 000 entries. Hits are asked of keys that the
//! cache was seen to have, and it is asserted that they hit; nobody may hold more than its capacity.

extern crate alloc;

mod caches;
#[path = "../contest/mod.rs"]
mod contest;

use caches::Large;
use caches::{ByClone, ByRef, FixedCache, LockedLru, Moka, QuickCache, Scc, Shared, Sieve, TinyUfo, Value};
use contest::{Contender, contender, contest, scramble};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, Zipf};
use std::sync::Barrier;
use std::thread;

/// Entries of each cache.
const CAPACITY: usize = 64_000;

/// Operations of a round and thread.
const OPERATIONS: usize = 400_000;

const ROUNDS: usize = 15;

/// Runs `work` on so many threads at once, each with its number.
fn on_threads(threads: usize, work: impl Fn(usize) + Sync) -> usize {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for number in 1..threads {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                start.wait();
                work(number);
            });
        }
        start.wait();
        work(0);
    });
    OPERATIONS
}

fn key(number: usize) -> u64 {
    scramble(number as u64)
}

/// A cache that was filled until it holds what it can, and keys that it holds.
fn filled<V: Value, C: Shared<V>>() -> (C, Vec<u64>) {
    let cache = C::with_capacity(CAPACITY);
    for round in 0..2 {
        for number in 0..CAPACITY {
            if round == 0 || !cache.hits(key(number)) {
                cache.put(key(number), V::of(key(number)));
            }
        }
    }
    assert!(cache.residents() <= C::limit(CAPACITY), "{} holds more than it may", C::NAME);
    let mut held: Vec<u64> = (0..CAPACITY).map(key).filter(|&key| cache.hits(key)).collect();
    assert!(held.len() > CAPACITY / 3, "{} holds {} entries only", C::NAME, held.len());
    // In an order that no processor foresees.
    for at in (1..held.len()).rev() {
        let other = usize::try_from(scramble(at as u64 ^ 0xABCD)).unwrap() % (at + 1);
        held.swap(at, other);
    }
    (cache, held)
}

/// Look-ups that hit, all over the cache or of one key.
fn hits<'a, V: Value, C: Shared<V> + 'a>(threads: usize, hot: bool) -> Contender<'a> {
    let (cache, mut held) = filled::<V, C>();
    if hot {
        held.truncate(1);
    }
    contender(C::NAME, move || {
        on_threads(threads, |number| {
            let mut at = held.len() / threads * number;
            let mut hits = 0;
            for _ in 0..OPERATIONS {
                hits += usize::from(cache.hits(held[at]));
                at += 1;
                if at >= held.len() {
                    at = 0;
                }
            }
            assert_eq!(hits, OPERATIONS, "{}: not all of them hit", C::NAME);
        })
    })
}

/// Keys as they are asked for: Zipf 0.99 over ten times the capacity.
fn zipf_keys() -> Vec<u64> {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let zipf = Zipf::new((10 * CAPACITY) as f64, 0.99).expect("a distribution");
    let mut random = SmallRng::seed_from_u64(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ranks are small and positive"
    )]
    let rank = |sample: f64| sample as usize;
    (0..2_000_000).map(|_| key(rank(zipf.sample(&mut random)))).collect()
}

/// Of a hundred operations so many are get-or-insert, the others are inserts.
fn mixed<'a, V: Value, C: Shared<V> + 'a>(threads: usize, gets: u64, keys: &'a [u64]) -> Contender<'a> {
    let (cache, _) = filled::<V, C>();
    let mut round = 0;
    contender(C::NAME, move || {
        round += 1;
        let first = round * OPERATIONS;
        on_threads(threads, |number| {
            let mut at = (first + keys.len() / threads * number) % keys.len();
            for _ in 0..OPERATIONS {
                let key = keys[at];
                let gets = scramble(at as u64) % 100 < gets;
                if !gets || !cache.hits(key) {
                    cache.put(key, V::of(key));
                }
                at += 1;
                if at == keys.len() {
                    at = 0;
                }
            }
        })
    })
}

/// Nothing but keys that were never there.
fn new_keys<'a, V: Value, C: Shared<V> + 'a>(threads: usize) -> Contender<'a> {
    let (cache, _) = filled::<V, C>();
    let mut next = CAPACITY;
    contender(C::NAME, move || {
        let first = next;
        next += threads * OPERATIONS;
        on_threads(threads, |number| {
            for at in 0..OPERATIONS {
                let key = key(first + number * OPERATIONS + at);
                cache.put(key, V::of(key));
            }
        })
    })
}

macro_rules! table {
    ($chosen:expr, $title:expr, $run:ident::<$value:ty>$arguments:tt, [$($ours:ident),*], [$($peer:ident),*]) => {{
        let title: String = $title;
        if title.contains($chosen) {
            let ours = [$(stringify!($ours)),*].len();
            contest(&title, ours, ROUNDS, vec![
                $($run::<$value, $ours<$value>>$arguments,)*
                $($run::<$value, $peer<$value>>$arguments,)*
            ]);
        }
    }};
}

fn main() {
    let chosen: String = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let chosen = chosen.as_str();
    let zipf = zipf_keys();
    for threads in [2, 1] {
        let by = if threads == 2 { "two threads" } else { "one thread" };
        table!(
            chosen,
            format!("uniform hits, u64, {by}"),
            hits::<u64>(threads, false),
            [ByClone, ByRef],
            [QuickCache, Scc, TinyUfo, Moka, Sieve, LockedLru]
        );
        table!(
            chosen,
            format!("one hot key, u64, {by}"),
            hits::<u64>(threads, true),
            [ByClone, ByRef],
            [QuickCache, Scc, TinyUfo, Moka, Sieve, LockedLru]
        );
        table!(
            chosen,
            format!("uniform hits, Arc<[u8; 256]>, {by}"),
            hits::<Large>(threads, false),
            [ByClone, ByRef],
            [QuickCache, Scc, TinyUfo, Moka, Sieve, LockedLru]
        );
        table!(
            chosen,
            format!("one hot key, Arc<[u8; 256]>, {by}"),
            hits::<Large>(threads, true),
            [ByClone, ByRef],
            [QuickCache, Scc, TinyUfo, Moka, Sieve, LockedLru]
        );
        for gets in [90, 50] {
            let share = format!("{gets} % get-or-insert and {} % insert, Zipf 0.99", 100 - gets);
            table!(
                chosen,
                format!("{share}, u64, {by}"),
                mixed::<u64>(threads, gets, &zipf),
                [ByClone, ByRef],
                [QuickCache, Scc, TinyUfo, Moka, Sieve, FixedCache, LockedLru]
            );
            table!(
                chosen,
                format!("{share}, Arc<[u8; 256]>, {by}"),
                mixed::<Large>(threads, gets, &zipf),
                [ByClone, ByRef],
                [QuickCache, Scc, TinyUfo, Moka, Sieve, FixedCache, LockedLru]
            );
        }
        table!(
            chosen,
            format!("inserts of new keys, u64, {by}"),
            new_keys::<u64>(threads),
            [ByClone],
            [QuickCache, Scc, TinyUfo, Moka, Sieve, FixedCache, LockedLru]
        );
    }
}
