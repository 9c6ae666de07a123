//! The concurrent cache against others: hits, one hot key, mixed use, new keys, large values and deadlines, by two threads and by one.
//!
//! `cargo bench --bench cache` prints all of it; a word after `--` chooses the tables whose titles contain it, and
//! `--threads 16` runs them by so many threads (`--help` tells more).
//!
//! Every cache has the same hasher (where it takes one) and holds what it can of 64 000 entries. Hits are asked of keys that the
//! cache was seen to have, and it is asserted that they hit; nobody may hold more than its capacity.

extern crate alloc;

mod caches;
#[path = "../contest/mod.rs"]
mod contest;

use caches::{Bound, ByClone, ByRef, ByWords, FixedCache, Large, LockedLru, Moka, QuickCache, Scc, Shared};
use caches::{
    CoarsePinned, CoarseWords, CounterPinned, CounterWords, MokaFor, QuickCacheUntil, RealPinned, RealWords,
    TickPinned, TickWords,
};
use caches::{Sieve, TinyUfo, Value};
use clap::Parser;
use contest::{Contender, by, contender, contest, on_threads, scramble};
use core::num::NonZeroUsize;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, Zipf};

/// The concurrent cache against others.
#[derive(Debug, Parser)]
#[command(about)]
struct Arguments {
    /// Runs the tables whose titles contain this
    #[arg(default_value = "")]
    chosen: String,
    /// How many threads run them, one after the other
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "2,1")]
    threads: Vec<NonZeroUsize>,
    /// How often each cache runs in a table
    #[arg(long, value_name = "NUMBER", default_value = "15")]
    rounds: NonZeroUsize,
    /// How many operations each thread makes in a round
    #[arg(long, value_name = "NUMBER", default_value = "400000")]
    operations: NonZeroUsize,
    /// What cargo says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// Entries of each cache.
const CAPACITY: usize = 64_000;

fn key(number: usize) -> u64 {
    scramble(number as u64)
}

/// How much is done: by so many threads, in so many rounds, so many operations by each in each.
#[derive(Clone, Copy)]
struct Load {
    threads: usize,
    rounds: usize,
    operations: usize,
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
fn hits<'a, V: Value, C: Shared<V> + 'a>(load: Load, hot: bool) -> Contender<'a> {
    let Load { threads, operations, .. } = load;
    let (cache, mut held) = filled::<V, C>();
    if hot {
        held.truncate(1);
    }
    contender(C::NAME, move || {
        on_threads(threads, |number| {
            let mut at = held.len() / threads * number;
            let mut hits = 0;
            for _ in 0..operations {
                hits += usize::from(cache.hits(held[at]));
                at += 1;
                if at >= held.len() {
                    at = 0;
                }
            }
            assert_eq!(hits, operations, "{}: not all of them hit", C::NAME);
            operations
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
fn mixed<'a, V: Value, C: Shared<V> + 'a>(load: Load, gets: u64, keys: &'a [u64]) -> Contender<'a> {
    let Load { threads, operations, .. } = load;
    let (cache, _) = filled::<V, C>();
    let mut round = 0;
    contender(C::NAME, move || {
        round += 1;
        let first = round * operations;
        on_threads(threads, |number| {
            let mut at = (first + keys.len() / threads * number) % keys.len();
            for _ in 0..operations {
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
            operations
        })
    })
}

/// Nothing but keys that were never there.
fn new_keys<'a, V: Value, C: Shared<V> + 'a>(load: Load) -> Contender<'a> {
    let Load { threads, operations, .. } = load;
    let (cache, _) = filled::<V, C>();
    let mut next = CAPACITY;
    contender(C::NAME, move || {
        let first = next;
        next += threads * operations;
        on_threads(threads, |number| {
            for at in 0..operations {
                let key = key(first + number * operations + at);
                cache.put(key, V::of(key));
            }
            operations
        })
    })
}

/// What a hit costs at least.
fn bound(arguments: &Arguments, title: &str, load: Load) {
    let Load { threads, rounds, operations } = load;
    if !title.contains(&arguments.chosen) {
        return;
    }
    let mut held: Vec<u64> = (0..CAPACITY).map(key).collect();
    held.sort_unstable_by_key(|&key| scramble(key));
    let table = Bound::of(&held);
    let run = move || {
        on_threads(threads, |number| {
            let keys = held.iter().cycle().skip(held.len() / threads * number).take(operations);
            assert_eq!(keys.filter(|&&key| table.hits(key)).count(), operations);
            operations
        })
    };
    contest(title, 0, rounds, vec![contender("a table", run)]);
}

/// One operation in so many of the mixed ones is timed, with a clock that takes as long as the operation itself.
const TIMED: usize = 4;

/// The time of an operation that one in a thousand exceeds: the best of the rounds, since what the machine does besides comes on top.
fn tail_of<C: Shared<u64>>(load: Load, keys: &[u64]) -> (&'static str, u128) {
    let Load { threads, rounds, operations } = load;
    let (cache, _) = filled::<u64, C>();
    let round = |round: usize| {
        let times = std::sync::Mutex::new(Vec::new());
        on_threads(threads, |number| {
            let mut here = Vec::with_capacity(operations / TIMED);
            for at in 0..operations {
                let at = (round * operations + keys.len() / threads * number + at) % keys.len();
                let key = keys[at];
                let start = at.is_multiple_of(TIMED).then(std::time::Instant::now);
                if scramble(at as u64).is_multiple_of(10) || !cache.hits(key) {
                    cache.put(key, u64::of(key));
                }
                here.extend(start.map(|start| start.elapsed().as_nanos()));
            }
            times.lock().expect("no thread panics").extend(here);
        });
        let mut times = times.into_inner().expect("no thread panics");
        let at = times.len() - times.len() / 1_000;
        *times.select_nth_unstable(at).1
    };
    (C::NAME, (0..rounds).map(round).min().expect("some rounds"))
}

#[expect(clippy::cast_precision_loss, reason = "some hundred nanoseconds")]
fn tail(arguments: &Arguments, title: &str, load: Load, keys: &[u64]) {
    if !title.contains(&arguments.chosen) {
        return;
    }
    let ours = [tail_of::<ByWords<u64>>(load, keys), tail_of::<ByClone<u64>>(load, keys)];
    let peers = [
        tail_of::<QuickCache<u64>>(load, keys),
        tail_of::<Scc<u64>>(load, keys),
        tail_of::<TinyUfo<u64>>(load, keys),
        tail_of::<Moka<u64>>(load, keys),
        tail_of::<Sieve<u64>>(load, keys),
        tail_of::<FixedCache<u64>>(load, keys),
        tail_of::<LockedLru<u64>>(load, keys),
    ];
    println!("\n{title}");
    let best = peers.iter().map(|&(_, time)| time).min().expect("some peers") as f64;
    for (name, time) in ours {
        println!("  {name:<30} {time:>6} ns  {:.2}", time as f64 / best);
    }
    for (name, time) in peers {
        println!("  {name:<30} {time:>6} ns");
    }
}

macro_rules! table {
    ($arguments:expr, $title:expr, $run:ident::<$value:ty>$how:tt, [$($ours:ident),*], [$($peer:ident),*]) => {{
        let title: String = $title;
        if title.contains(&$arguments.chosen) {
            let ours = [$(stringify!($ours)),*].len();
            contest(&title, ours, $arguments.rounds.get(), vec![
                $($run::<$value, $ours<$value>>$how,)*
                $($run::<$value, $peer<$value>>$how,)*
            ]);
        }
    }};
}

fn main() {
    let arguments = Arguments::parse();
    let zipf = zipf_keys();
    for &threads in &arguments.threads {
        let threads = threads.get();
        let (rounds, operations) = (arguments.rounds.get(), arguments.operations.get());
        let load = Load { threads, rounds, operations };
        let by = by(threads);
        table!(
            arguments,
            format!("uniform hits, u64, {by}"),
            hits::<u64>(load, false),
            [ByWords, ByClone, ByRef],
            [QuickCache, Scc, TinyUfo, Moka, Sieve, LockedLru]
        );
        table!(
            arguments,
            format!("one hot key, u64, {by}"),
            hits::<u64>(load, true),
            [ByWords, ByClone, ByRef],
            [QuickCache, Scc, TinyUfo, Moka, Sieve, LockedLru]
        );
        table!(
            arguments,
            format!("uniform hits, Arc<[u8; 256]>, {by}"),
            hits::<Large>(load, false),
            [ByClone, ByRef],
            [QuickCache, Scc, TinyUfo, Moka, Sieve, LockedLru]
        );
        table!(
            arguments,
            format!("one hot key, Arc<[u8; 256]>, {by}"),
            hits::<Large>(load, true),
            [ByClone, ByRef],
            [QuickCache, Scc, TinyUfo, Moka, Sieve, LockedLru]
        );
        for gets in [90, 50] {
            let share = format!("{gets} % get-or-insert and {} % insert, Zipf 0.99", 100 - gets);
            table!(
                arguments,
                format!("{share}, u64, {by}"),
                mixed::<u64>(load, gets, &zipf),
                [ByWords, ByClone, ByRef],
                [QuickCache, Scc, TinyUfo, Moka, Sieve, FixedCache, LockedLru]
            );
            table!(
                arguments,
                format!("{share}, Arc<[u8; 256]>, {by}"),
                mixed::<Large>(load, gets, &zipf),
                [ByClone, ByRef],
                [QuickCache, Scc, TinyUfo, Moka, Sieve, FixedCache, LockedLru]
            );
        }
        table!(
            arguments,
            format!("inserts of new keys, u64, {by}"),
            new_keys::<u64>(load),
            [ByWords, ByClone],
            [QuickCache, Scc, TinyUfo, Moka, Sieve, FixedCache, LockedLru]
        );
        table!(
            arguments,
            format!("uniform hits of what ends, u64, {by}"),
            hits::<u64>(load, false),
            [
                RealWords,
                RealPinned,
                CounterWords,
                CounterPinned,
                TickWords,
                TickPinned,
                CoarseWords,
                CoarsePinned
            ],
            [QuickCacheUntil, MokaFor]
        );
        bound(&arguments, &format!("uniform hits in a table that nobody can change, u64, {by}"), load);
        tail(&arguments, &format!("p99.9 of 90 % get-or-insert and 10 % insert, u64, {by}"), load, &zipf);
    }
}
