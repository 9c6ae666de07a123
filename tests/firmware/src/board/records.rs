//! A concurrent cache that both users share at the same moment, and what it promises them.
//!
//! Each record carries its key, when its insertion began, until when it may be shown, and a seal over all of it. When something
//! began is a *turn*, a number that counts what happens in the whole program. From turns follows what a look-up may not show:
//!
//! - what was put in by a call that had ended before an insertion or a removal began, which had itself ended, or whose record
//!   had been seen, before the look-up began;
//! - what was computed before such an insertion or removal began;
//! - what was rejected.

use crate::ledger::{Call, LEDGER, Ledger};
use crate::shared::{BoardTime, CLOCK, RECORDS};
use crate::user::Place;
use core::cell::RefCell;
use critical_section::Mutex;
use larder::cache::{Ref, Removed, Stored};
use larder::time::{Clock, Deadline, Instant};

/// More keys than there are slots, so that records are thrown out; so few that both users often have the same.
pub const KEYS: usize = 20;

/// How long records live that do not say so themselves, in steps of the clock.
pub const STEPS: u64 = 4;

/// Whom a record comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    Put(Place),
    Computed,
}

/// What is cached.
pub struct Record {
    key: u32,
    /// The turn in which its insertion began; of one that was computed, in which it was.
    turn: u32,
    origin: Origin,
    until: Deadline,
    seal: u32,
}

impl Record {
    fn new(key: u32, turn: u32, origin: Origin, until: Deadline) -> Self {
        LEDGER.records_made.add(1);
        Self { key, turn, origin, until, seal: seal(key, turn, origin, until) }
    }

    fn check(&self, key: u32) {
        let whole = self.seal == seal(self.key, self.turn, self.origin, self.until);
        assert!(whole, "a record is torn, or was dropped");
        assert_eq!(self.key, key, "another key's record");
    }

    /// The check of one that was shown by a call before which the time was `now`.
    fn check_shown(&self, key: u32, now: Instant) {
        self.check(key);
        assert!(!self.until.has_passed(now), "a record until {:?} is shown at {now:?}", self.until);
    }
}

impl Clone for Record {
    fn clone(&self) -> Self {
        Self::new(self.key, self.turn, self.origin, self.until)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.check(self.key);
        self.seal = !self.seal;
        LEDGER.records_dropped.add(1);
    }
}

/// A number that follows from all the others, so that words of two records do not go together.
fn seal(key: u32, turn: u32, origin: Origin, until: Deadline) -> u32 {
    let origin = match origin {
        Origin::Put(place) => place as u32,
        Origin::Computed => 2,
    };
    let ticks = until.instant().unwrap_or(Instant::MAX).ticks();
    [key, turn, origin, ticks as u32, (ticks >> 32) as u32]
        .into_iter()
        .fold(0x811C_9DC5, |seal: u32, word| (seal ^ word).wrapping_mul(0x0100_0193).rotate_left(5))
}

/// From the turn in which something began to the turn in which it ended.
#[derive(Clone, Copy)]
struct Span {
    began: u32,
    ended: u32,
}

/// What is known of a key.
#[derive(Clone, Copy)]
struct Past {
    /// The last turn in which an insertion or a removal began that is known to have taken place.
    floor: u32,
    /// The last insertion of each user that has ended, and was not rejected.
    put: [Span; 2],
}

struct History {
    turn: u32,
    /// The turn in which each user began the insertion that it is in; 0 if it is in none.
    putting: [u32; 2],
    keys: [Past; KEYS],
}

static HISTORY: Mutex<RefCell<History>> = Mutex::new(RefCell::new(History {
    turn: 0,
    putting: [0; 2],
    keys: [Past { floor: 0, put: [Span { began: 0, ended: 0 }; 2] }; KEYS],
}));

impl History {
    fn with<R>(look: impl FnOnce(&mut Self) -> R) -> R {
        critical_section::with(|cs| look(&mut HISTORY.borrow_ref_mut(cs)))
    }

    fn next_turn(&mut self) -> u32 {
        self.turn += 1;
        self.turn
    }

    fn past(&mut self, key: u32) -> &mut Past {
        &mut self.keys[key as usize]
    }
}

/// A call on a key, and what was known when it began.
struct Act {
    key: u32,
    turn: u32,
    now: Instant,
    putting: [u32; 2],
    past: Past,
}

impl Act {
    fn begin(key: u32) -> Self {
        let now = CLOCK.now();
        History::with(|history| {
            let turn = history.next_turn();
            Self { key, turn, now, putting: history.putting, past: *history.past(key) }
        })
    }

    fn begin_put(key: u32, place: Place) -> Self {
        let act = Self::begin(key);
        History::with(|history| history.putting[place as usize] = act.turn);
        act
    }

    /// The insertion has ended.
    fn end_put(&self, place: Place, stored: bool) {
        History::with(|history| {
            let ended = history.next_turn();
            history.putting[place as usize] = 0;
            if stored {
                history.past(self.key).put[place as usize] = Span { began: self.turn, ended };
                self.has_taken_place(history, self.turn);
            }
        });
    }

    /// The removal has ended.
    fn end_removal(&self) {
        History::with(|history| self.has_taken_place(history, self.turn));
    }

    fn has_taken_place(&self, history: &mut History, turn: u32) {
        let past = history.past(self.key);
        past.floor = past.floor.max(turn);
    }

    /// Checks what the call has shown.
    fn shows(&self, record: &Record) {
        record.check_shown(self.key, self.now);
        assert!(self.may_show(record), "a record of turn {} is stale in turn {}", record.turn, self.turn);
        if record.origin != Origin::Computed {
            History::with(|history| self.has_taken_place(history, record.turn));
        }
    }

    fn may_show(&self, record: &Record) -> bool {
        let Origin::Put(place) = record.origin else { return record.turn >= self.past.floor };
        let last = self.past.put[place as usize];
        record.turn > self.turn
            || record.turn == self.putting[place as usize]
            || (record.turn == last.began && last.ended >= self.past.floor)
    }
}

/// One user's dealings with the cache.
pub struct Reader {
    place: Place,
    held: Option<Ref<'static, u32, Record>>,
}

impl Reader {
    pub const fn new(place: Place) -> Self {
        Self { place, held: None }
    }

    /// A call on the cache, as the dice say.
    pub fn work(&mut self, dice: u32) {
        if self.place == Place::Interrupt && Call::current().is_on_records() {
            LEDGER.records_met.add(1);
        }
        let (key, dice) = (dice % KEYS as u32, dice / KEYS as u32);
        match dice % 8 {
            0 | 1 => self.get(key),
            2..=4 => self.put(key, dice / 8),
            5 => self.remove(key),
            6 => self.fill(key),
            _ if dice / 8 % 4 == 0 => self.sweep(),
            _ => self.hold(key),
        }
    }

    fn get(&self, key: u32) {
        let act = self.look_up(key);
        if let Some(record) = self.place.call(Call::Get, || RECORDS.get(&key)) {
            act.shows(&record);
        }
    }

    fn look_up(&self, key: u32) -> Act {
        LEDGER.records_looked_up.add(1);
        Act::begin(key)
    }

    fn put(&self, key: u32, dice: u32) {
        let act = Act::begin_put(key, self.place);
        let until = match u64::from(dice % 8) {
            7 => Deadline::NEVER,
            steps => Deadline::ticks_after(act.now, steps * Ledger::TICKS),
        };
        let record = Record::new(key, act.turn, Origin::Put(self.place), until);
        match self.place.call(Call::Put, || RECORDS.insert_until(key, record, until)) {
            Ok(stored) => {
                act.end_put(self.place, true);
                check_displaced(key, stored);
                self.must_be_there(key, act.turn, until);
            }
            Err(rejected) => {
                act.end_put(self.place, false);
                assert_eq!((rejected.key, rejected.value.turn), (key, act.turn), "another one comes back");
                assert_eq!(self.place, Place::Main, "the interrupt is refused, whom nobody can disturb");
                LEDGER.records_rejected.add(1);
            }
        }
    }

    /// Nobody can have thrown it out in the interrupt, where the main loop stands still.
    fn must_be_there(&self, key: u32, turn: u32, until: Deadline) {
        if self.place == Place::Interrupt && !until.has_passed(CLOCK.now()) {
            LEDGER.records_looked_up.add(1);
            let found = RECORDS.get_with(&key, |record| record.turn);
            assert_eq!(found, Some(turn), "the interrupt does not find what it has just put in");
        }
    }

    fn remove(&self, key: u32) {
        let act = Act::begin(key);
        if let Removed::Value(record) = self.place.call(Call::Remove, || RECORDS.remove(&key)) {
            act.shows(&record);
        }
        act.end_removal();
        if self.place == Place::Interrupt {
            assert!(!RECORDS.contains(&key), "the interrupt finds what it has just removed");
        }
    }

    fn fill(&self, key: u32) {
        let act = self.look_up(key);
        let mut turn = 0;
        let compute = || {
            turn = History::with(History::next_turn);
            // The cache reads the clock when this is done. In the interrupt it stands still meanwhile.
            let until = match self.place {
                Place::Main => Deadline::NEVER,
                Place::Interrupt => Deadline::ticks_after(BoardTime.now(), STEPS * Ledger::TICKS),
            };
            Record::new(key, turn, Origin::Computed, until)
        };
        let record = self.place.call(Call::Fill, || RECORDS.get_or_insert_with(key, compute));
        record.check(key);
        if record.turn != turn {
            act.shows(&record);
        }
    }

    /// Takes a reference to keep it for some time, or lets go of the one it has.
    fn hold(&mut self, key: u32) {
        if self.held.is_some() {
            return self.let_go();
        }
        let act = self.look_up(key);
        self.held = self.place.call(Call::Get, || RECORDS.get_ref(&key));
        if let Some(record) = &self.held {
            act.shows(record);
        }
    }

    /// However long it was held, and whatever became of its key: it is still what it was.
    pub fn let_go(&mut self) {
        if let Some(record) = self.held.take() {
            record.check(*Ref::key(&record));
            self.place.call(Call::LetGo, || drop(record));
        }
    }

    fn sweep(&self) {
        let now = CLOCK.now();
        self.place.call(Call::Sweep, || RECORDS.sweep(now, 1));
    }
}

fn check_displaced(key: u32, stored: Stored<u32, Record>) {
    match stored {
        Stored::New | Stored::ReplacedInUse { evicted: None } => {}
        Stored::Replaced(record) => record.check(key),
        Stored::Evicted(key, record) | Stored::ReplacedInUse { evicted: Some((key, record)) } => {
            record.check(key)
        }
    }
}
