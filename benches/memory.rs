//! What an entry costs beside its key and its value, by what the allocator has handed out: `cargo bench --bench memory`.
//!
//! Every cache is filled with new keys until it has seen four times its capacity, and is then asked how many entries it holds. What is
//! said to the allocator is divided by the capacity that was asked for; where a cache holds less than that, an entry costs more.

use core::time::Duration;
use larder::cache::{Expiring, ExpiringInSteps, HeapCache, Idling, LruCache, Setup, TimedCache};
use larder::key::DefaultHash;
use larder::time::ManualClock;
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

static CLOCK: ManualClock = ManualClock::new();

const CAPACITY: usize = 64_000;

/// A key and a value of 64 bits.
const ENTRY: usize = 16;

#[expect(clippy::cast_precision_loss, reason = "some megabytes")]
fn row<C>(name: &str, new: impl FnOnce() -> C, put: impl Fn(&mut C, u64), len: impl Fn(&C) -> usize) {
    let before = ALLOCATOR.current_usage();
    let mut cache = new();
    let made = ALLOCATOR.current_usage() - before;
    for key in 0..4 * CAPACITY as u64 {
        put(&mut cache, key.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    }
    let (filled, len) = (ALLOCATOR.current_usage() - before, len(&cache));
    let overhead = (filled as f64 - (CAPACITY * ENTRY) as f64) / CAPACITY as f64;
    let later = if filled > made { "allocates later on" } else { "" };
    println!("{name:<38} {overhead:>7.1} bytes a slot   {len:>6} entries   {later}");
}

fn main() {
    println!("beside {ENTRY} bytes of key and value, capacity {CAPACITY}");
    row(
        "larder Cache",
        || HeapCache::with_capacity(CAPACITY),
        |c, k| assert!(c.put(k, k).is_ok()),
        HeapCache::len,
    );
    row(
        "larder Cache, entries end",
        || HeapCache::with_capacity_and(CAPACITY, Setup::new().time(Expiring::new(&CLOCK))),
        |c, k| assert!(c.put(k, k).is_ok()),
        HeapCache::len,
    );
    row(
        "larder Cache, entries end at steps",
        || {
            let time: ExpiringInSteps<_> = ExpiringInSteps::new(&CLOCK);
            HeapCache::with_capacity_and(CAPACITY, Setup::new().time(time))
        },
        |c, k| assert!(c.put(k, k).is_ok()),
        HeapCache::len,
    );
    row(
        "larder Cache, entries end and idle",
        || HeapCache::with_capacity_and(CAPACITY, Setup::new().time(Idling::new(&CLOCK))),
        |c, k| assert!(c.put(k, k).is_ok()),
        HeapCache::len,
    );
    row("larder LruCache", || LruCache::with_capacity(CAPACITY), |c, k| c.put(k, k), LruCache::len);
    row(
        "larder TimedCache",
        || {
            let time = Expiring::new(&CLOCK).with_time_to_live(Duration::from_secs(1));
            TimedCache::with_capacity(CAPACITY, time)
        },
        |c, k| c.put(k, k),
        TimedCache::len,
    );
    row(
        "cached, entries end",
        || {
            let builder = cached::LruTtlCache::<u64, u64>::builder().max_size(CAPACITY);
            builder.ttl(Duration::from_secs(3600)).build().expect("a capacity")
        },
        |c, k| _ = cached::Cached::cache_set(c, k, k),
        cached::Cached::cache_size,
    );
    row(
        "ttl_cache",
        || ttl_cache::TtlCache::<u64, u64>::new(CAPACITY),
        |c, k| _ = c.insert(k, k, Duration::from_secs(3600)),
        |c| c.clone().iter().count(),
    );
    row(
        "quick_cache",
        || quick_cache::sync::Cache::<u64, u64>::new(CAPACITY),
        |c, k| c.insert(k, k),
        quick_cache::sync::Cache::len,
    );
    row(
        "scc::HashCache",
        || {
            scc::HashCache::<u64, u64, DefaultHash>::with_capacity_and_hasher(
                CAPACITY,
                CAPACITY,
                DefaultHash::new(),
            )
        },
        |c, k| assert!(c.put_sync(k, k).is_ok()),
        scc::HashCache::len,
    );
    row(
        "moka",
        || moka::sync::Cache::<u64, u64>::new(CAPACITY as u64),
        |c, k| {
            c.insert(k, k);
            c.run_pending_tasks();
        },
        |c| usize::try_from(c.entry_count()).expect("a number of entries"),
    );
    row(
        "sieve-cache, sharded",
        || sieve_cache::ShardedSieveCache::<u64, u64>::new(CAPACITY).expect("a capacity"),
        |c, k| assert!(c.insert(k, k)),
        sieve_cache::ShardedSieveCache::len,
    );
    row(
        "lru",
        || lru::LruCache::<u64, u64>::new(CAPACITY.try_into().expect("not zero")),
        |c, k| assert!(c.put(k, k).is_none()),
        lru::LruCache::len,
    );
}
