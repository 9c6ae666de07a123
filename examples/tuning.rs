//! Performance tuning: what costs what, how big a cache has to be, and what is done when memory runs short.
//!
//! ```text
//! cargo run --release --example tuning
//! ```
//!
//! The times are those of this run on this machine; what is asserted does not depend on them. `benches/` measures with care, and the
//! example `replay` finds capacities for recorded requests.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "as a program with std is written"
)]

use larder::cache::{Expiring, HeapCache, LruCache, Setup, Words};
use larder::manager::{CacheManager, MemoryManager};
use larder::stats::Striped;
use larder::time::{Clock, CoarseClock, Instant, StdClock};
use larder::tracker::Thresholds;
use larder::watch::{CacheKind, Line, Pressure, Relief};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, Zipf};
use std::error::Error;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

type Outcome = Result<(), Box<dyn Error>>;

/// Requests of each measurement: enough to see a difference, and over in a moment.
const REQUESTS: usize = 5_000;

fn main() -> Outcome {
    let requests = skewed(REQUESTS);
    handles_instead_of_names(&requests)?;
    a_capacity_by_its_hit_ratio(&requests);
    plain_data(&requests);
    counting_costs(&requests);
    a_clock_that_is_cheap_to_read(&requests);
    a_limit_of_memory()
}

fn title(text: &str) {
    println!("\n{text}");
}

/// Requests for some of two thousand things, which favour some of them, as most requests do.
fn skewed(requests: usize) -> Vec<u64> {
    let mut random = SmallRng::seed_from_u64(1);
    let zipf = Zipf::new(2_000.0, 0.9).expect("there is such a distribution");
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers from 1 to 2000"
    )]
    let keys = zipf.sample_iter(&mut random).map(|key: f64| key as u64);
    keys.take(requests).collect()
}

/// Nanoseconds a request of two ways to answer all of them, which find the same. They take turns, and of each the fastest round
/// counts, so that what else the machine does meanwhile does not.
fn compare(requests: &[u64], mut one: impl FnMut(u64) -> u64, mut other: impl FnMut(u64) -> u64) -> [f64; 2] {
    let mut fastest = [f64::MAX; 2];
    for _ in 0..5 {
        let rounds = [measure(requests, &mut one), measure(requests, &mut other)];
        assert_eq!(rounds[0].1, rounds[1].1, "both find the same");
        fastest = [0, 1].map(|way| fastest[way].min(rounds[way].0));
    }
    fastest
}

/// Nanoseconds a request, and the sum of what was found.
fn measure(requests: &[u64], mut answer: impl FnMut(u64) -> u64) -> (f64, u64) {
    let clock = StdClock::new();
    let start = clock.now();
    let sum = requests.iter().fold(0_u64, |sum, &key| sum.wrapping_add(black_box(answer(key))));
    let took = StdClock::duration(clock.now().saturating_since(start));
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let each = took.as_nanos() as f64 / requests.len() as f64;
    (each, sum)
}

/// A look-up of a name takes a lock and compares names. The handle that a cache was made with, or that a look-up gave, does neither.
fn handles_instead_of_names(requests: &[u64]) -> Outcome {
    title("Keep the handle, and look the name up once");
    let caches = CacheManager::new();
    let squares = caches.create_concurrent_cache::<u64, u64>("numbers/squares", 4_000)?;
    for key in requests {
        squares.put(*key, key * key)?;
    }
    let [by_handle, by_name] = compare(
        requests,
        |key| squares.get(&key).unwrap_or(0),
        |key| caches.get(CacheKind::Concurrent, "numbers/squares", &key).ok().flatten().unwrap_or(0),
    );
    println!("  a hit takes {by_handle:.0} ns by handle, {by_name:.0} ns by name");
    // The statistics are the same cache's, whoever asks.
    assert_eq!(caches.stats("numbers/squares")?.hits, squares.stats().hits);
    Ok(())
}

/// Twice the capacity, and how many more hits? Where that stops to be worth its memory, the cache is big enough.
fn a_capacity_by_its_hit_ratio(requests: &[u64]) {
    title("Choose a capacity by its hit ratio");
    let (mut before, mut chosen) = (0.0, None);
    for capacity in [50, 100, 200, 400, 800, 1_600] {
        let mut cache = LruCache::with_capacity(capacity);
        for &key in requests {
            if cache.get(&key).is_none() {
                cache.put(key, key);
            }
        }
        let ratio = cache.stats().hit_ratio();
        println!(
            "  {capacity:4} entries, {:3} KiB: {:4.1} % hits",
            cache.memory_size() / 1024,
            ratio * 100.0
        );
        assert!(ratio >= before, "of an exact LRU a larger one hits at least as often");
        if chosen.is_none() && ratio - before < 0.05 {
            chosen = Some(capacity / 2);
        }
        before = ratio;
    }
    let chosen = chosen.expect("there are only so many things to ask for");
    println!("  twice as much as {chosen} brings less than 5 more hits in a hundred");
}

/// Of plain data a hit writes nothing that another thread sees: it copies, and looks whether that was whole.
fn plain_data(requests: &[u64]) {
    title("Plain data is read without a write");
    let pinned = HeapCache::with_capacity(4_000);
    let copied = HeapCache::with_capacity_and(4_000, Setup::new().cell(Words));
    for &key in requests {
        pinned.put(key, key * key).expect("nobody holds an entry");
        copied.put(key, key * key).expect("nobody holds an entry");
    }
    let [any, plain] =
        compare(requests, |key| pinned.get(&key).unwrap_or(0), |key| copied.get(&key).unwrap_or(0));
    println!("  a hit takes {any:.0} ns in a cache for any type, {plain:.0} ns in one of `Words`");
    assert_eq!(pinned.len(), copied.len());
}

/// A recorder is a type parameter. Where nobody looks at the counts, leave it out; caches and pools that a manager makes have one.
fn counting_costs(requests: &[u64]) {
    title("Count where somebody looks at the counts");
    let silent: HeapCache<u64, u64> = HeapCache::with_capacity(500);
    let counting = HeapCache::with_capacity_and(500, Setup::new().recorder(Striped::<8>::new()));
    let [without, with] = compare(
        requests,
        |key| silent.get_or_insert_with(key, || key + 1),
        |key| counting.get_or_insert_with(key, || key + 1),
    );
    let bytes = counting.memory_size() - silent.memory_size();
    println!("  a request takes {without:.0} ns without counts, {with:.0} ns with; they take {bytes} bytes");
    let counts = counting.stats();
    assert_eq!(counts.hits + counts.misses, 5 * requests.len() as u64, "the sums are exact");
}

/// A clock that counts how often it is read.
#[derive(Default)]
struct Counted {
    clock: StdClock,
    reads: AtomicU64,
}

impl Clock for Counted {
    const HZ: u64 = StdClock::HZ;

    fn now(&self) -> Instant {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.clock.now()
    }
}

/// Each look-up in a cache with time reads its clock. If a millisecond more or less doesn't matter, read a coarse one, which is a load;
/// a janitor that watches it, or a timer, updates it.
fn a_clock_that_is_cheap_to_read(requests: &[u64]) {
    title("A coarse clock for what lives long");
    let (exact, coarse) = (Counted::default(), CoarseClock::new(Counted::default()));
    coarse.update();
    let ttl = Duration::from_secs(3600);
    let of_exact = Setup::new().time(Expiring::new(&exact).with_time_to_live(ttl));
    let of_coarse = Setup::new().time(Expiring::new(&coarse).with_time_to_live(ttl));
    let by_exact = HeapCache::with_capacity_and(500, of_exact);
    let by_coarse = HeapCache::with_capacity_and(500, of_coarse);
    let [exact_time, coarse_time] = compare(
        requests,
        |key| by_exact.get_or_insert_with(key, || key),
        |key| by_coarse.get_or_insert_with(key, || key),
    );
    let [often, once] = [&exact, coarse.source()].map(|clock| clock.reads.load(Ordering::Relaxed));
    println!("  exact:  {exact_time:.0} ns a request, and the system's clock was read {often} times");
    println!("  coarse: {coarse_time:.0} ns a request, and it was read {once} time");
    assert!(often >= 5 * requests.len() as u64 && once == 1);
}

/// How much the whole may take.
const LIMIT: usize = 2 << 20;

/// Nothing here knows of a limit by itself. Whoever knows one looks at the sum, and says how short memory is: a little first, and more
/// if that was not enough.
fn a_limit_of_memory() -> Outcome {
    title("Whoever watches a limit lets memory go");
    let memory = MemoryManager::with_room(Thresholds::default(), StdClock::new(), 100)?;
    let pages = memory.caches().create_lru_cache::<u32, Vec<u8>>("pages", 500)?;
    // What values own elsewhere is known to those who know the values.
    memory.caches().measure("pages", {
        let pages = pages.clone();
        move || pages.payload(|_, page| page.capacity())
    })?;
    let buffers = memory.create_pool("buffers", || vec![0_u8; 4096], 64)?;
    memory.measure("buffers", {
        let buffers = buffers.clone();
        move || (buffers.idle() + buffers.in_use()) * 4096
    })?;
    // Once they were all in use. Since then they are idle.
    drop((0..64).map(|_| buffers.acquire()).collect::<Result<Vec<_>, _>>()?);

    let mut times = 0;
    for page in 0..300 {
        pages.put(page, vec![0; 16 << 10]);
        if taken(&memory) > LIMIT {
            relieve(&memory);
            times += 1;
        }
        assert!(taken(&memory) <= LIMIT);
    }
    println!("  300 pages of 16 KiB went through {} KiB, which ran short {times} times", LIMIT / 1024);
    assert!(times > 1 && pages.len() > 10, "and the cache is still of use");
    println!("\n{}", memory.snapshot());
    Ok(())
}

/// Asks for more and more, until a quarter is free again.
fn relieve(memory: &MemoryManager<StdClock>) {
    for pressure in [Pressure::Low, Pressure::High, Pressure::Critical] {
        let relief = memory.on_pressure(pressure);
        if relief != Relief::default() {
            println!("  {pressure:?}: {} idle objects and {} entries went", relief.objects, relief.entries);
        }
        if taken(memory) <= LIMIT / 4 * 3 {
            break;
        }
    }
}

/// What all parts take, in bytes.
fn taken(memory: &MemoryManager<StdClock>) -> usize {
    memory.snapshot().iter().map(Line::bytes).sum()
}
