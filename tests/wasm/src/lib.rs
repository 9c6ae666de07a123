//! Every pool and both memories of the exact cache, behind one function for JavaScript to call.

use larder::cache::{Heap, Inline, LruCache};
use larder::pool::{BoxPool, ObjectPool, Pool};
use larder::time::{Clock, ManualClock};

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
