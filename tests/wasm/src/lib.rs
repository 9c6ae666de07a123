//! Every pool, both memories of the exact cache, and memos, behind functions for JavaScript to call.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use larder::cache::{Heap, Inline, LruCache};
use larder::memoize;
use larder::pool::{BoxPool, ObjectPool, Pool};
use larder::time::{Clock, CoarseClock, Instant, ManualClock};

static SQUARES: BoxPool<u32, 4> = BoxPool::new();
static LINES: Pool<String, 4> = Pool::new();
static CLOCK: ManualClock<1_000> = ManualClock::new();

/// The sum of the squares of `0..keys`, taken `rounds` times, where each square goes through a cache and a pool.
///
/// A panic traps, and the caller sees that as an exception.
#[unsafe(no_mangle)]
pub extern "C" fn sum_of_squares(keys: u32, rounds: u32) -> u64 {
    let buffers = ObjectPool::with_reset("buffers", 4, Vec::<u32>::new, Vec::clear);
    let mut small: LruCache<u32, u32, Inline<16>> = LruCache::new();
    let mut large: LruCache<String, u32, Heap> = LruCache::with_capacity(keys as usize);
    let mut sum = 0;
    for key in (0..rounds).flat_map(|_| 0..keys) {
        assert!(CLOCK.advance_ticks(1));
        let mut line = LINES.acquire().expect("one user, four slots");
        line.clear();
        line.push_str(&key.to_string());
        let square = *large.get_or_insert_with(line.clone(), |_| key * key).expect("room for every key");
        assert_eq!(small.get_or_insert_with(key, |key| key * key), Some(&mut { square }));
        let boxed = SQUARES.insert(square).expect("one user, four slots");
        let mut buffer = buffers.acquire().expect("one user, four slots");
        assert!(buffer.is_empty(), "the buffer was not reset");
        buffer.push(*boxed);
        sum += u64::from(buffer[0]);
    }
    assert_eq!((SQUARES.in_use(), LINES.in_use(), buffers.in_use()), (0, 0, 0));
    assert_eq!(large.stats().misses, keys.into());
    assert_eq!(small.len(), small.capacity().min(keys as usize));
    assert_eq!(CLOCK.now().ticks() % u64::from(keys * rounds), 0);
    sum
}

/// The time that JavaScript has set last.
static PAGE: CoarseClock<&ManualClock<1_000>> = CoarseClock::new(&PAGE_TIME);
static PAGE_TIME: ManualClock<1_000> = ManualClock::new();
static COMPUTED: AtomicU32 = AtomicU32::new(0);

memoize! {
    capacity = 100, ttl = Duration::from_secs(1), clock = &PAGE;
    fn fibonacci(n: u32) -> u64 {
        COMPUTED.fetch_add(1, Ordering::Relaxed);
        if n < 2 { n.into() } else { fibonacci(n - 1) + fibonacci(n - 2) }
    }
}

/// The n-th Fibonacci number at a time in milliseconds.
#[unsafe(no_mangle)]
pub extern "C" fn fibonacci_at(milliseconds: u32, n: u32) -> u64 {
    assert!(PAGE_TIME.set(Instant::from_ticks(milliseconds.into())));
    PAGE.update();
    fibonacci(n)
}

/// How many of them were computed.
#[unsafe(no_mangle)]
pub extern "C" fn computed() -> u32 {
    COMPUTED.load(Ordering::Relaxed)
}

/// Nanoseconds since this was first called, by the clock that the features give.
#[cfg(feature = "clock")]
#[unsafe(no_mangle)]
pub extern "C" fn nanoseconds() -> u64 {
    larder::time::StdClock::new().now().ticks()
}
