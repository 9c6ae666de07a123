//! The work that the main loop and the interrupt both do.

use crate::ledger::{self, Call, LEDGER, Ledger, Tile};
use crate::records::Reader;
use crate::sessions::Visitor;
use crate::shared::{BUFFERS, BufferGuard, CACHE, CLOCK, SLOTS, SQUARES, TILES, TileGuard, square};
use crate::timer;
use core::cell::Cell;
use critical_section::Mutex;
use larder::memo::Exclusive;
use larder::pool::Guard;
use larder::time::{Clock, Instant};

/// Where a user runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Main,
    Interrupt,
}

impl Place {
    /// A call of the library: noted if an interrupt can land in it.
    pub fn call<R>(self, kind: Call, call: impl FnOnce() -> R) -> R {
        match self {
            Self::Main => timer::aim(kind, || kind.note(call)),
            Self::Interrupt => call(),
        }
    }
}

/// An object, and the pattern that its user wrote.
type Signed<G> = Option<(G, u32)>;

/// What one user leaves for the other. Whoever comes by takes it.
static TILE_MAIL: Mutex<Cell<Signed<TileGuard>>> = Mutex::new(Cell::new(None));
static BUFFER_MAIL: Mutex<Cell<Signed<BufferGuard>>> = Mutex::new(Cell::new(None));

fn swap_mail<G: Send>(mail: &Mutex<Cell<Signed<G>>>, with: Signed<G>) -> Signed<G> {
    critical_section::with(|cs| mail.borrow(cs).replace(with))
}

/// Takes out and lets go what nobody fetched.
pub fn empty_mailboxes() {
    if let Some((tile, pattern)) = swap_mail(&TILE_MAIL, None) {
        tile.check(pattern);
    }
    if let Some((buffer, pattern)) = swap_mail(&BUFFER_MAIL, None) {
        buffer.check(pattern);
    }
}

/// What a key's value must be.
fn result_of(key: u32) -> u32 {
    key.wrapping_mul(0x9E37_79B9) ^ 0x5555
}

pub struct User {
    place: Place,
    random: u32,
    tiles: [Signed<TileGuard>; 2],
    buffers: [Signed<BufferGuard>; 2],
    records: Reader,
    sessions: Visitor,
    last: Instant,
}

impl User {
    pub const fn new(place: Place) -> Self {
        // Any two odd numbers will do; they make the users differ.
        let random = match place {
            Place::Main => 0x1234_5677,
            Place::Interrupt => 0x0BAD_CAFF,
        };
        Self {
            place,
            random,
            tiles: [const { None }; 2],
            buffers: [const { None }; 2],
            records: Reader::new(place),
            sessions: Visitor::new(place),
            last: Instant::START,
        }
    }

    /// A number of at most 30 bits, so that it is never a mark of the ledger's: Marsaglia's xorshift.
    fn random(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random >> 2
    }

    fn call<R>(&self, kind: Call, call: impl FnOnce() -> R) -> R {
        self.place.call(kind, call)
    }

    /// A bit of everything, in an order that the dice give.
    pub fn work(&mut self) {
        let dice = self.random();
        let at = (dice >> 8) as usize % 2;
        match dice % 16 {
            0 | 1 => self.change_tile(at),
            2 | 3 => self.change_buffer(at),
            4 => self.pass_tile(at),
            5 => self.pass_buffer(at),
            6 => self.look_up(dice >> 9),
            7 => self.advance(),
            8 | 9 => self.sessions.work(dice >> 4),
            _ => self.records.work(dice >> 4),
        }
        self.read_clock();
        if self.place == Place::Interrupt {
            ledger::check_on_the_way();
        }
    }

    /// Releases what it holds there, or takes something if it holds nothing.
    fn change_tile(&mut self, at: usize) {
        if let Some((tile, pattern)) = self.tiles[at].take() {
            return self.drop_tile(tile, pattern);
        }
        let pattern = self.random();
        let inserted = if pattern % 2 == 0 {
            self.call(Call::Insert, || TILES.insert_with(|| Tile::new(pattern)).ok())
        } else {
            // Made outside, and dropped outside if it comes back.
            let tile = Tile::new(pattern);
            let result = self.call(Call::Insert, || TILES.insert(tile));
            result.map_err(|exhausted| exhausted.into_inner().check(pattern)).ok()
        };
        match inserted {
            Some(tile) => {
                LEDGER.tiles_acquired.add(1);
                self.tiles[at] = Some((tile, pattern));
            }
            None => {
                LEDGER.tiles_refused.add(1);
                self.must_be_full(TILES.in_use());
            }
        }
    }

    fn drop_tile(&self, tile: TileGuard, pattern: u32) {
        tile.check(pattern);
        if pattern % 2 == 0 {
            self.call(Call::IntoInner, || Guard::into_inner(tile)).check(pattern);
        } else {
            self.call(Call::DropTile, || drop(tile));
        }
    }

    fn change_buffer(&mut self, at: usize) {
        if let Some((buffer, pattern)) = self.buffers[at].take() {
            return self.drop_buffer(buffer, pattern);
        }
        let pattern = self.random();
        match self.call(Call::Acquire, || BUFFERS.acquire()) {
            Ok(mut buffer) => {
                LEDGER.buffers_acquired.add(1);
                buffer.write(pattern);
                self.buffers[at] = Some((buffer, pattern));
            }
            Err(_) => {
                LEDGER.buffers_refused.add(1);
                self.must_be_full(BUFFERS.in_use());
            }
        }
    }

    fn drop_buffer(&self, buffer: BufferGuard, pattern: u32) {
        buffer.check(pattern);
        if pattern % 2 == 0 {
            // Its slot is empty then, and the pool makes a new one.
            let buffer = self.call(Call::IntoInner, || Guard::into_inner(buffer));
            buffer.check(pattern);
            LEDGER.taken_out.add(1);
        } else {
            self.call(Call::DropBuffer, || drop(buffer));
        }
    }

    /// The interrupt sees the pool standing still: if it was refused, there was no room.
    fn must_be_full(&self, in_use: usize) {
        assert!(
            self.place == Place::Main || in_use == SLOTS,
            "refused with {in_use} of {SLOTS} slots in use"
        );
    }

    /// Swaps what it holds for what the other left.
    fn pass_tile(&mut self, at: usize) {
        let mine = self.tiles[at].take();
        LEDGER.handed_over.add(u32::from(mine.is_some()));
        self.tiles[at] = swap_mail(&TILE_MAIL, mine);
        if let Some((tile, pattern)) = &self.tiles[at] {
            tile.check(*pattern);
        }
    }

    fn pass_buffer(&mut self, at: usize) {
        let mine = self.buffers[at].take();
        LEDGER.handed_over.add(u32::from(mine.is_some()));
        self.buffers[at] = swap_mail(&BUFFER_MAIL, mine);
        if let Some((buffer, pattern)) = &self.buffers[at] {
            buffer.check(*pattern);
        }
    }

    fn look_up(&mut self, dice: u32) {
        // The smaller of two: some keys are more popular than others, as in life.
        let key = (dice % 32).min((dice >> 5) % 32);
        LEDGER.lookups.add(1);
        assert_eq!(square(key), key * key, "another key's square");
        if dice >> 14 & 15 == 0 {
            SQUARES.remove(&key);
        }
        CACHE.with(|cache| {
            match cache.get(&key) {
                Some(&value) => assert_eq!(value, result_of(key), "another key's value"),
                None => cache.put(key, result_of(key)),
            }
            if dice >> 10 & 15 == 0 {
                cache.remove(&(key ^ 1));
            }
        });
    }

    /// Moves the clock, often several times: a reading that is stopped half-way is overtaken then by more times than the
    /// clock keeps. Refused only to one who interrupted another.
    fn advance(&mut self) {
        for _ in 0..=self.random() % 3 {
            if self.call(Call::Advance, || CLOCK.advance_ticks(Ledger::TICKS)) {
                LEDGER.advanced.add(1);
            } else {
                LEDGER.not_advanced.add(1);
                assert!(
                    self.place == Place::Interrupt && Call::current() == Call::Advance,
                    "the clock stands"
                );
            }
        }
    }

    fn read_clock(&mut self) {
        let now = self.call(Call::Now, || CLOCK.now());
        assert!(now >= self.last, "{:?}: the clock goes from {:?} back to {now:?}", self.place, self.last);
        self.last = now;
    }

    /// Releases all it holds.
    pub fn let_go(&mut self) {
        for at in 0..self.tiles.len() {
            if let Some((tile, pattern)) = self.tiles[at].take() {
                self.drop_tile(tile, pattern);
            }
            if let Some((buffer, pattern)) = self.buffers[at].take() {
                self.drop_buffer(buffer, pattern);
            }
        }
        self.records.let_go();
        self.sessions.let_go();
    }
}
