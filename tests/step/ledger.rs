//! Objects that notice how they are used, and the book in which they are kept.

use core::cell::Cell;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, Ordering};
use larder::pool::Recycle;
use larder::sync::step::point;
use std::panic;
use std::sync::{Mutex, MutexGuard};

/// Who is alive, and who is where. A fault is written down and found later: a panic in a destructor would hide it.
#[derive(Default)]
pub(crate) struct Ledger {
    book: Mutex<Book>,
    /// Whether the next object can't be made.
    barren: AtomicBool,
}

#[derive(Default, PartialEq)]
struct Book {
    /// By the object's number.
    alive: Vec<bool>,
    /// Addresses of what somebody is using.
    places: Vec<usize>,
    faults: Vec<String>,
}

impl Ledger {
    /// An empty ledger, for one world at a time.
    pub(crate) fn of_this_thread() -> &'static Self {
        std::thread_local! {
            static LEDGER: Cell<Option<&'static Ledger>> = const { Cell::new(None) };
        }
        // The last world's, unless that came to a bad end: there are a million worlds, and none is freed.
        let ledger = LEDGER.get().filter(|last| *last.book() == Book::default());
        let ledger = ledger.unwrap_or_else(|| Box::leak(Box::default()));
        LEDGER.set(Some(ledger));
        ledger
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nothing panics with the book open")
    }

    fn birth(&self) -> usize {
        let mut book = self.book();
        book.alive.push(true);
        book.alive.len() - 1
    }

    fn death(&self, number: usize) {
        let mut book = self.book();
        match book.alive.get_mut(number) {
            Some(alive @ true) => *alive = false,
            Some(false) => book.faults.push(format!("object {number} was dropped twice")),
            None => book.faults.push(format!("object {number} never was")),
        }
    }

    /// Somebody is there, until what this gives is dropped.
    pub(crate) fn enter(&'static self, place: usize) -> Stay {
        let mut book = self.book();
        if book.places.contains(&place) {
            book.faults.push("two owners of one slot".into());
        }
        book.places.push(place);
        Stay { ledger: self, place }
    }

    pub(crate) fn fault(&self, what: &str) {
        self.book().faults.push(what.into());
    }

    /// Lets the making of the next object panic, whoever makes it, or takes that back.
    pub(crate) fn be_barren(&self, barren: bool) {
        self.barren.store(barren, Ordering::Relaxed);
    }

    fn is_alive(&self, number: usize) -> bool {
        self.book().alive.get(number) == Some(&true)
    }

    pub(crate) fn alive(&self) -> usize {
        self.book().alive.iter().filter(|&&alive| alive).count()
    }

    /// # Panics
    ///
    /// If there was a fault.
    pub(crate) fn check(&self) {
        let faults = core::mem::take(&mut self.book().faults);
        assert!(faults.is_empty(), "{faults:?}");
    }

    /// The end: nobody is alive or anywhere. Gives back the book's memory.
    pub(crate) fn close(&self) {
        self.check();
        assert_eq!(self.alive(), 0, "an object is lost");
        let book = core::mem::take(&mut *self.book());
        assert_eq!(book.places, [], "somebody never left");
    }
}

/// Somebody who is at a place.
pub(crate) struct Stay {
    ledger: &'static Ledger,
    place: usize,
}

impl Drop for Stay {
    fn drop(&mut self) {
        let mut book = self.ledger.book();
        let at = book.places.iter().position(|&place| place == self.place);
        if let Some(at) = at {
            book.places.swap_remove(at);
        }
    }
}

/// An object of one owner at a time.
pub(crate) struct Object {
    ledger: &'static Ledger,
    number: usize,
    /// Two that change together: who sees them differ, sees somebody else's half.
    left: u64,
    right: u64,
    dirty: bool,
    /// What panics: the reset hook, or the drop.
    pub(crate) resists: bool,
    pub(crate) explodes: bool,
}

/// Different in every byte for objects of different numbers.
fn pattern(number: usize) -> u64 {
    (number as u64 + 1).wrapping_mul(0x0101_0101_0101_0101)
}

impl Object {
    pub(crate) fn new(ledger: &'static Ledger) -> Self {
        let number = ledger.birth();
        let (left, right) = (pattern(number), !pattern(number));
        Self { ledger, number, left, right, dirty: false, resists: false, explodes: false }
    }

    fn place(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    pub(crate) fn enter(&self) -> Stay {
        self.ledger.enter(self.place())
    }

    fn check(&self) {
        if self.left != !self.right || self.left != pattern(self.number) {
            self.ledger.fault("an object changed behind its owner's back");
        }
    }

    /// What an owner does with it; it can be stopped in between.
    pub(crate) fn work(&mut self) {
        self.check();
        self.dirty = true;
        self.left = !self.left;
        point();
        self.right = !self.right;
        if self.left != !self.right {
            self.ledger.fault("an object changed while it was used");
        }
        self.left = !self.left;
        self.right = !self.right;
        self.check();
    }

    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.check();
        let stay = self.enter();
        point();
        drop(stay);
        self.ledger.death(self.number);
        if self.explodes {
            panic_on_purpose();
        }
    }
}

/// A record that many may read at once, and that nobody changes.
pub(crate) struct Record {
    ledger: &'static Ledger,
    number: usize,
    pub(crate) key: u32,
    /// As the object's.
    left: u64,
    right: u64,
}

impl Record {
    pub(crate) fn new(ledger: &'static Ledger, key: u32) -> Self {
        let number = ledger.birth();
        Self { ledger, number, key, left: pattern(number), right: !pattern(number) }
    }

    /// What a reader does with it, who is one to whom it was given. Gives its number.
    pub(crate) fn read(&self) -> usize {
        if self.left != !self.right || self.left != pattern(self.number) {
            self.ledger.fault("a record changed under its reader");
        }
        if !self.ledger.is_alive(self.number) {
            self.ledger.fault("a record was read after its end");
        }
        self.number
    }

    /// What its only owner does with it; it can be stopped in between.
    pub(crate) fn work(&mut self) {
        self.read();
        self.left = !self.left;
        point();
        self.right = !self.right;
        if self.left != !self.right {
            self.ledger.fault("a record changed while it was changed");
        }
        self.left = !self.left;
        self.right = !self.right;
        self.read();
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.read();
        point();
        self.ledger.death(self.number);
    }
}

/// Makes objects, and cleans what comes back.
pub(crate) struct Cleaned(pub(crate) &'static Ledger);

impl Recycle<Object> for Cleaned {
    fn create(&self) -> Object {
        point();
        if self.0.barren.swap(false, Ordering::Relaxed) {
            panic_on_purpose();
        }
        Object::new(self.0)
    }

    fn reset(&self, object: &mut Object) {
        let _stay = object.enter();
        object.work();
        if object.resists {
            panic_on_purpose();
        }
        object.dirty = false;
        point();
    }
}

struct OnPurpose;

/// Without the message that a panic leaves.
pub(crate) fn panic_on_purpose() -> ! {
    panic::resume_unwind(Box::new(OnPurpose))
}

/// Runs what may panic on purpose; nothing if it does.
pub(crate) fn survive<R>(work: impl FnOnce() -> R) -> Option<R> {
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Some(result),
        Err(payload) if payload.is::<OnPurpose>() => None,
        Err(payload) => panic::resume_unwind(payload),
    }
}
