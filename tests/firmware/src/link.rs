//! Everything of the library's core, linked for a target without an operating system: nothing may be missing.

#![no_std]
#![no_main]

use core::panic::PanicInfo;
use core::time::Duration;
use larder::cache::{Expiring, Inline, LruCache, TimedCache};
use larder::pool::{BoxPool, Pool};
use larder::time::{Clock, ManualClock};

static TILES: BoxPool<[u32; 8], 4> = BoxPool::new();
static BUFFERS: Pool<[u32; 8], 4> = Pool::new();
static CLOCK: ManualClock = ManualClock::new();

/// Where such a target begins.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    let mut cache: LruCache<u32, u64, Inline<4>> = LruCache::new();
    let mut timed: TimedCache<u32, u64, Inline<4>, _> = TimedCache::new(Expiring::new(&CLOCK));
    for key in 0_u32.. {
        let tile = TILES.insert([key; 8]);
        let buffer = BUFFERS.acquire();
        if tile.is_ok() && buffer.is_ok() && CLOCK.advance_ticks(1) {
            cache.put(key, CLOCK.now().ticks());
            timed.put_for(key, CLOCK.now().ticks(), Duration::from_nanos(key.into()));
            timed.sweep(CLOCK.now(), 1);
        }
    }
    loop {}
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
