//! What both users share. The names are kept, for the check that all of it lies in `.bss`.

use crate::ledger::{Buffer, LEDGER, Tile};
use crate::records::Record;
use crate::sessions::{Close, Sessions};
use core::cell::RefCell;
use critical_section::Mutex;
use larder::cache::{Expiring, Inline, LruCache, Pinned, Setup, StaticCache};
use larder::key::DefaultHash;
use larder::memo::{Exclusive, Memo, StaticMemo};
use larder::memoize;
use larder::pool::{BoxPool, Pool, PoolBox, Pooled, Recycle};
use larder::stats::{Placed, Shared, Striped};
use larder::time::{Clock, Instant, ManualClock};
use larder::tracker::{Tracker, Tracking};

/// Slots of each pool: fewer than the users want together, so that they find it exhausted now and then.
pub const SLOTS: usize = 4;

/// Entries of the cache: fewer than there are keys.
pub const RESULTS: usize = 12;

/// Sets of the concurrent cache, of 8 slots each.
const SETS: usize = 2;

#[unsafe(no_mangle)]
pub static TILES: BoxPool<Tile, SLOTS, Shared> = BoxPool::with_recorder(Shared::new());

#[unsafe(no_mangle)]
pub static BUFFERS: Pool<Buffer, SLOTS, Blank, Placed> = Pool::with_recorder(Blank, Placed::new());

#[unsafe(no_mangle)]
pub static CACHE: Turns = Turns(Mutex::new(RefCell::new(LruCache::new())));

/// The exact cache is `&mut`, so the two take turns.
pub struct Turns(Mutex<RefCell<Results>>);

type Results = LruCache<u32, u32, Inline<RESULTS>>;

impl Exclusive for Turns {
    type Inner = Results;

    fn with<R>(&self, work: impl FnOnce(&mut Results) -> R) -> R {
        critical_section::with(|cs| work(&mut self.0.borrow_ref_mut(cs)))
    }
}

/// The concurrent cache needs no turns.
#[unsafe(no_mangle)]
pub static RECORDS: StaticCache<u32, Record, SETS, 8, Setup<DefaultHash, Expiring<BoardTime>, Striped<1>>> =
    StaticCache::with(Setup {
        hasher: DefaultHash::new(),
        time: Expiring::new(BoardTime),
        recorder: Striped::new(),
        cell: Pinned,
    });

/// Nor does a memo in one.
#[unsafe(no_mangle)]
pub static SQUARES: StaticMemo<u32, u32, 1, 8> = Memo::new(StaticCache::new());

/// What lives as long as somebody holds it.
#[unsafe(no_mangle)]
pub static SESSIONS: Sessions = Tracker::with(Tracking::of(Close));

memoize! {
    memo = SQUARES;
    pub fn square(n: u32) -> u32 {
        n * n
    }
}

#[unsafe(no_mangle)]
pub static CLOCK: ManualClock<HZ> = ManualClock::new();

/// Ticks a second.
const HZ: u64 = 1_000_000;

/// The board's clock, as something that has no address: a reference would not be zero, and the cache not in `.bss`.
pub struct BoardTime;

impl Clock for BoardTime {
    const HZ: u64 = HZ;

    fn now(&self) -> Instant {
        CLOCK.now()
    }
}

pub type TileGuard = PoolBox<'static, Tile, Shared>;
pub type BufferGuard = Pooled<'static, Buffer, Blank, Placed>;

/// How buffers are made, and wiped between two users.
pub struct Blank;

impl Recycle<Buffer> for Blank {
    fn create(&self) -> Buffer {
        Buffer::blank()
    }

    fn reset(&self, buffer: &mut Buffer) {
        buffer.wipe();
        LEDGER.resets.add(1);
    }
}
