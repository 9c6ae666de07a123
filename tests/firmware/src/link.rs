//! Everything of the library's core, linked for a target without an operating system: nothing may be missing.

#![no_std]
#![no_main]

use core::panic::PanicInfo;
use larder::cache::{Inline, LruCache};
use larder::pool::{BoxPool, Pool};
use larder::time::{Clock, ManualClock};

static TILES: BoxPool<[u32; 8], 4> = BoxPool::new();
static BUFFERS: Pool<[u32; 8], 4> = Pool::new();
static CLOCK: ManualClock = ManualClock::new();

/// Where such a target begins.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    let mut cache: LruCache<u32, u64, Inline<4>> = LruCache::new();
    for key in 0_u32.. {
        let tile = TILES.insert([key; 8]);
        let buffer = BUFFERS.acquire();
        if tile.is_ok() && buffer.is_ok() && CLOCK.advance_ticks(1) {
            cache.put(key, CLOCK.now().ticks());
        }
    }
    loop {}
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
