//! What must be true of the whole run: objects that count themselves, and the final account.

use crate::shared::{BUFFERS, CACHE, CLOCK, RECORDS, RESULTS, SESSIONS, SLOTS, TILES};
use core::array;
#[cfg(target_has_atomic = "32")]
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::sync::atomic::{Ordering::SeqCst, compiler_fence};
use cortex_m_semihosting::hprintln;
use larder::memo::Exclusive;
use larder::time::Clock;
use larder::watch::{Part, Reading};
#[cfg(not(target_has_atomic = "32"))]
use portable_atomic::{AtomicU32, Ordering::Relaxed};

/// How many interrupts must land in each kind of call: enough for all of its instructions to have their turn.
const LEAST: u64 = 100;

/// A number that both users add to.
pub struct Count(AtomicU32);

impl Count {
    const fn zero() -> Self {
        Self(AtomicU32::new(0))
    }

    pub fn add(&self, number: u32) {
        self.0.fetch_add(number, Relaxed);
    }

    pub fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

/// The calls in which the main loop can be interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    Outside,
    Insert,
    DropTile,
    Acquire,
    DropBuffer,
    IntoInner,
    Now,
    Advance,
    Get,
    Put,
    Remove,
    Fill,
    LetGo,
    Sweep,
    Track,
    EndHandle,
    TakeOut,
    Upgrade,
    Drain,
    Snapshot,
    Tell,
    Upkeep,
    Pressure,
}

impl Call {
    pub const ALL: [Self; 23] = [
        Self::Outside,
        Self::Insert,
        Self::DropTile,
        Self::Acquire,
        Self::DropBuffer,
        Self::IntoInner,
        Self::Now,
        Self::Advance,
        Self::Get,
        Self::Put,
        Self::Remove,
        Self::Fill,
        Self::LetGo,
        Self::Sweep,
        Self::Track,
        Self::EndHandle,
        Self::TakeOut,
        Self::Upgrade,
        Self::Drain,
        Self::Snapshot,
        Self::Tell,
        Self::Upkeep,
        Self::Pressure,
    ];

    /// Whether it is one on the concurrent cache.
    pub fn is_on_records(self) -> bool {
        matches!(self, Self::Get | Self::Put | Self::Remove | Self::Fill | Self::LetGo | Self::Sweep)
    }

    /// What the main loop is in.
    pub fn current() -> Self {
        Self::ALL[LEDGER.current.0.load(Relaxed) as usize]
    }

    /// Does it, with a note for the interrupt. All of the call lies between the two stores: the compiler moves nothing out.
    pub fn note<R>(self, call: impl FnOnce() -> R) -> R {
        LEDGER.current.0.store(self as u32, Relaxed);
        compiler_fence(SeqCst);
        let result = call();
        compiler_fence(SeqCst);
        LEDGER.current.0.store(Self::Outside as u32, Relaxed);
        result
    }
}

pub struct Ledger {
    pub interrupts: Count,
    current: Count,
    landed: [Count; Call::ALL.len()],
    pub tiles_made: Count,
    pub tiles_dropped: Count,
    pub tiles_acquired: Count,
    pub tiles_refused: Count,
    pub buffers_made: Count,
    pub buffers_dropped: Count,
    pub buffers_acquired: Count,
    pub buffers_refused: Count,
    pub resets: Count,
    pub taken_out: Count,
    /// Idle buffers that went under pressure, and entries of both caches.
    pub trimmed: Count,
    pub relieved: Count,
    /// Refusals that were told as events.
    pub tiles_told: Count,
    pub buffers_told: Count,
    pub handed_over: Count,
    pub lookups: Count,
    pub records_made: Count,
    pub records_dropped: Count,
    pub records_looked_up: Count,
    pub records_rejected: Count,
    /// Calls of the interrupt on the cache in the middle of one of the main loop's.
    pub records_met: Count,
    pub sessions_made: Count,
    pub sessions_dropped: Count,
    pub sessions_closed: Count,
    pub sessions_handed_back: Count,
    /// What was added to the clock, in units of [`Ledger::TICKS`].
    pub advanced: Count,
    pub not_advanced: Count,
}

pub static LEDGER: Ledger = Ledger {
    interrupts: Count::zero(),
    current: Count::zero(),
    landed: [const { Count::zero() }; Call::ALL.len()],
    tiles_made: Count::zero(),
    tiles_dropped: Count::zero(),
    tiles_acquired: Count::zero(),
    tiles_refused: Count::zero(),
    buffers_made: Count::zero(),
    buffers_dropped: Count::zero(),
    buffers_acquired: Count::zero(),
    buffers_refused: Count::zero(),
    resets: Count::zero(),
    taken_out: Count::zero(),
    trimmed: Count::zero(),
    relieved: Count::zero(),
    tiles_told: Count::zero(),
    buffers_told: Count::zero(),
    handed_over: Count::zero(),
    lookups: Count::zero(),
    records_made: Count::zero(),
    records_dropped: Count::zero(),
    records_looked_up: Count::zero(),
    records_rejected: Count::zero(),
    records_met: Count::zero(),
    sessions_made: Count::zero(),
    sessions_dropped: Count::zero(),
    sessions_closed: Count::zero(),
    sessions_handed_back: Count::zero(),
    advanced: Count::zero(),
    not_advanced: Count::zero(),
};

impl Ledger {
    /// A step of the clock: so far that with one, two or three steps the lower 32 bits often wrap, and a reading that is put
    /// together of two times shows as one that goes backward.
    pub const TICKS: u64 = 0x6000_3039;

    pub fn landed_in(&self, call: Call) {
        self.landed[call as usize].add(1);
    }

    /// How many interrupts have landed in that kind of call.
    pub fn landed(&self, call: Call) -> u32 {
        self.landed[call as usize].get()
    }
}

/// Words that belong to one user at a time.
type Words = [u32; 8];

fn words(pattern: u32) -> Words {
    array::from_fn(|at| pattern.wrapping_add(at as u32))
}

/// What no user writes: the words of a buffer that was reset, and of a tile that was dropped.
const BLANK: u32 = 0x8000_0000;
const DROPPED: u32 = 0xC000_0000;

/// An object that each user brings.
pub struct Tile(Words);

impl Tile {
    pub fn new(pattern: u32) -> Self {
        LEDGER.tiles_made.add(1);
        Self(words(pattern))
    }

    pub fn check(&self, pattern: u32) {
        assert_eq!(self.0, words(pattern), "a tile has another user's words");
    }
}

impl Drop for Tile {
    fn drop(&mut self) {
        assert!(self.0 != words(DROPPED), "a tile is dropped twice");
        self.0 = words(DROPPED);
        LEDGER.tiles_dropped.add(1);
    }
}

/// An object that is kept.
pub struct Buffer(Words);

impl Buffer {
    pub fn blank() -> Self {
        LEDGER.buffers_made.add(1);
        Self(words(BLANK))
    }

    /// Another user's pattern here says that the buffer was not reset, or has two users.
    pub fn write(&mut self, pattern: u32) {
        assert_eq!(self.0, words(BLANK), "a buffer was not reset");
        self.0 = words(pattern);
    }

    pub fn check(&self, pattern: u32) {
        assert_eq!(self.0, words(pattern), "a buffer has another user's words");
    }

    pub fn wipe(&mut self) {
        self.0 = words(BLANK);
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        LEDGER.buffers_dropped.add(1);
    }
}

/// What must hold at every moment; asked in the interrupt, where the main loop stands still in the middle of something.
pub fn check_on_the_way() {
    TILES.validate();
    BUFFERS.validate();
    assert!(TILES.in_use() <= SLOTS && BUFFERS.in_use() + BUFFERS.idle() <= SLOTS);
    // Two are on their way in or out at most: one of each user.
    assert!(LEDGER.tiles_made.get() - LEDGER.tiles_dropped.get() <= SLOTS as u32 + 2, "too many tiles");
    assert!(LEDGER.buffers_made.get() - LEDGER.buffers_dropped.get() <= SLOTS as u32 + 2, "too many buffers");
    let room = RECORDS.capacity();
    assert!(RECORDS.len() <= room, "more records than room");
    // Each user may have a copy, and two that its insertion has displaced.
    let records = LEDGER.records_made.get() - LEDGER.records_dropped.get();
    assert!(records <= room as u32 + 6, "{records} records");
}

/// How often a pool says that it was exhausted, if it counts that.
fn exhausted(pool: &impl Part) -> u32 {
    match pool.reading() {
        Reading::Pool(pool) => pool.counts.map_or(0, |counts| counts.exhausted),
        other => panic!("a pool is a {}", other.kind()),
    }
}

/// Prints the account and says whether it balances.
pub fn report() -> bool {
    let mut balanced = true;
    let mut must = |what: &str, left: u64, right: u64| {
        if left != right {
            hprintln!("does not balance: {}: {} and {}", what, left, right);
            balanced = false;
        }
    };
    let ledger = &LEDGER;
    let count = |count: &Count| u64::from(count.get());

    TILES.validate();
    BUFFERS.validate();
    must("tiles in use at the end", TILES.in_use() as u64, 0);
    must("tiles made, dropped", count(&ledger.tiles_made), count(&ledger.tiles_dropped));
    let tiles = TILES.stats();
    must("tiles acquired, counted by the pool", count(&ledger.tiles_acquired), tiles.acquired.into());
    must("tiles refused, counted by the pool", count(&ledger.tiles_refused), tiles.exhausted.into());
    must("tiles in use, counted by the pool", 0, tiles.in_use.into());
    must("the most tiles ever in use, slots", tiles.high_water.into(), SLOTS as u64);

    must("buffers in use at the end", BUFFERS.in_use() as u64, 0);
    let kept = count(&ledger.buffers_made) - count(&ledger.buffers_dropped);
    must("buffers made less dropped, idle", kept, BUFFERS.idle() as u64);
    must(
        "buffers dropped, taken out or trimmed",
        count(&ledger.buffers_dropped),
        count(&ledger.taken_out) + count(&ledger.trimmed),
    );
    must(
        "buffers acquired, reset or taken out",
        count(&ledger.buffers_acquired),
        count(&ledger.resets) + count(&ledger.taken_out),
    );
    let buffers = BUFFERS.stats();
    must("buffers acquired, counted by the pool", count(&ledger.buffers_acquired), buffers.acquired.into());
    must("buffers refused, counted by the pool", count(&ledger.buffers_refused), buffers.exhausted.into());
    must("buffers in use, counted by the pool", 0, buffers.in_use.into());
    must("the most buffers ever in use, slots", buffers.high_water.into(), SLOTS as u64);

    must("refused tiles told, counted", count(&ledger.tiles_told), exhausted(&TILES).into());
    must("refused buffers told, counted", count(&ledger.buffers_told), exhausted(&BUFFERS).into());

    let (cached, results) = CACHE.with(|cache| {
        cache.validate();
        (cache.len() as u64, cache.stats())
    });
    must("results beyond the room", cached.saturating_sub(RESULTS as u64), 0);
    must("look-ups, hits and misses", count(&ledger.lookups), results.hits + results.misses);
    must(
        "results inserted, accounted for",
        results.inserted,
        cached + results.evicted + results.removed + results.replaced,
    );

    let hidden = RECORDS.validate(0) as u64;
    let records = RECORDS.stats();
    let resident = RECORDS.len() as u64;
    must(
        "records looked up, hits and misses",
        count(&ledger.records_looked_up),
        records.hits + records.misses,
    );
    must(
        "records inserted, accounted for",
        records.inserted,
        resident + records.evicted + records.expired + records.removed + records.replaced,
    );
    // One that an interrupt has hidden while it was put in stays in its slot until somebody needs that.
    must(
        "records made less dropped, resident and hidden",
        count(&ledger.records_made) - count(&ledger.records_dropped),
        resident + hidden,
    );
    RECORDS.clear();
    RECORDS.validate(0);
    must("records after all are cleared", RECORDS.len() as u64, 0);
    must("records made, dropped", count(&ledger.records_made), count(&ledger.records_dropped));
    for ended in [records.evicted, records.expired, records.removed, records.replaced] {
        must("a way to end that no record took", u64::from(ended == 0), 0);
    }
    must("no meeting in the concurrent cache", u64::from(ledger.records_met.get() == 0), 0);

    SESSIONS.drain(usize::MAX);
    SESSIONS.validate();
    let sessions = SESSIONS.stats();
    must("sessions tracked, gone", sessions.tracked, sessions.untracked);
    must(
        "sessions tracked, closed or handed back",
        sessions.tracked,
        count(&ledger.sessions_closed) + count(&ledger.sessions_handed_back),
    );
    must("sessions made, dropped", count(&ledger.sessions_made), count(&ledger.sessions_dropped));

    must("clock, steps", CLOCK.now().ticks(), count(&ledger.advanced) * Ledger::TICKS);

    let inside: u64 = ledger.landed[1..].iter().map(count).sum();
    for call in &Call::ALL[1..] {
        let landed = count(&ledger.landed[*call as usize]);
        hprintln!("interrupts in {:?}: {}", call, landed);
        must("a kind of call with few interrupts", u64::from(landed < LEAST), 0);
    }
    hprintln!("interrupts: {}, of them inside a call: {}", ledger.interrupts.get(), inside);
    hprintln!(
        "tiles: {} acquired, {} refused, {} made, {} dropped; {} of {} slots at most",
        tiles.acquired,
        tiles.exhausted,
        ledger.tiles_made.get(),
        ledger.tiles_dropped.get(),
        tiles.high_water,
        SLOTS
    );
    hprintln!(
        "buffers: {} acquired, {} refused, {} made, {} reset, {} taken out, {} idle; {} of {} slots at most",
        buffers.acquired,
        buffers.exhausted,
        ledger.buffers_made.get(),
        ledger.resets.get(),
        ledger.taken_out.get(),
        kept,
        buffers.high_water,
        SLOTS
    );
    hprintln!(
        "handed between main and interrupt: {}; results: {} hits, {} misses, {} evicted",
        ledger.handed_over.get(),
        results.hits,
        results.misses,
        results.evicted
    );
    hprintln!(
        "records: {} hits, {} misses, {} inserted, {} evicted, {} expired, {} removed, {} replaced, {} rejected",
        records.hits,
        records.misses,
        records.inserted,
        records.evicted,
        records.expired,
        records.removed,
        records.replaced,
        ledger.records_rejected.get()
    );
    hprintln!(
        "records: {} made, {} dropped; {} calls on the cache in the middle of another",
        ledger.records_made.get(),
        ledger.records_dropped.get(),
        ledger.records_met.get()
    );
    hprintln!(
        "sessions: {} made, {} tracked, {} closed, {} handed back, {} dropped",
        ledger.sessions_made.get(),
        sessions.tracked,
        ledger.sessions_closed.get(),
        ledger.sessions_handed_back.get(),
        ledger.sessions_dropped.get()
    );
    hprintln!(
        "under pressure: {} buffers, {} entries; refusals told: {} of tiles, {} of buffers",
        ledger.trimmed.get(),
        ledger.relieved.get(),
        ledger.tiles_told.get(),
        ledger.buffers_told.get()
    );
    hprintln!(
        "clock: {} steps, {} refused half-way through another, now {}",
        ledger.advanced.get(),
        ledger.not_advanced.get(),
        CLOCK.now().ticks()
    );
    hprintln!("{}", if balanced { "the ledger balances" } else { "the ledger does not balance" });
    balanced
}
