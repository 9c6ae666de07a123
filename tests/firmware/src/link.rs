//! Everything of the library's core, linked for a target without an operating system: nothing may be missing.

#![no_std]
#![no_main]

use core::panic::PanicInfo;
use core::time::Duration;
use larder::cache::{Expiring, Inline, LruCache, StaticCache, TimedCache};
use larder::maintain::Maintain;
use larder::manager::Registry;
use larder::memo::{Memo, StaticMemo};
use larder::memoize;
use larder::pool::{BoxPool, Pool, RetryPolicy};
use larder::time::{Clock, CoarseClock, ManualClock};
use larder::tracker::{Age, Tracker};

static TILES: BoxPool<[u32; 8], 4> = BoxPool::new();
static BUFFERS: Pool<[u32; 8], 4> = Pool::new();
static CLOCK: ManualClock = ManualClock::new();
static COARSE: CoarseClock<&ManualClock> = CoarseClock::new(&CLOCK);
static PORTS: Tracker<u32, Inline<4>> = Tracker::new();
static SQUARES: StaticMemo<u32, u64, 1, 8> = Memo::new(StaticCache::new());

memoize! {
    memo = SQUARES;
    fn square(n: u32) -> u64 {
        u64::from(n) * u64::from(n)
    }
}

/// Where such a target begins.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    let mut cache: LruCache<u32, u64, Inline<4>> = LruCache::new();
    let mut timed: TimedCache<u32, u64, Inline<4>, _> = TimedCache::new(Expiring::new(&CLOCK));
    let patient = RetryPolicy::new(&CLOCK, |time| _ = CLOCK.advance(time)).jitter(1);
    let mut registry: Registry<'_, 4> = Registry::new();
    let named = registry.add("tiles", &TILES).is_ok() && registry.add("net/ports", &PORTS).is_ok();
    for key in 0_u32.. {
        let tile = TILES.insert([key; 8]);
        let buffer = BUFFERS.acquire_with(&patient);
        if tile.is_ok() && buffer.is_ok() && CLOCK.advance_ticks(1) {
            COARSE.update();
            cache.put(key, COARSE.now().ticks() + square(key));
            timed.put_for(key, CLOCK.now().ticks(), Duration::from_nanos(key.into()));
            timed.sweep(CLOCK.now(), 1);
            drop(PORTS.track(key));
            PORTS.sweep_of(Age::Old, CLOCK.now(), 1);
            PORTS.drain(1);
            if named && registry.snapshot().len() == 2 {
                registry.maintain(1);
                registry.tell(&mut |event| drop(PORTS.track(event.name().len() as u32)));
            }
        }
    }
    loop {}
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
