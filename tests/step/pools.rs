//! What all pools promise, and the operations that all of them have.

use crate::ledger::{Ledger, Object, Stay, survive};
use crate::matrix::{Operation, World};
use core::ops::DerefMut;
use core::sync::atomic::{AtomicUsize, Ordering};
use larder::pool::Held;
use larder::stats::{Off, Placed, PoolRecorder, PoolStats, Shared};
use larder::sync::step::point;
use std::sync::{Mutex, MutexGuard};

/// One kind of pool.
pub(crate) trait Face: Sync + Sized + 'static {
    const SLOTS: usize;
    type Guard: DerefMut<Target = Object> + Send;

    fn new(ledger: &'static Ledger) -> Self;
    /// An object, new or used before. None if there is no room.
    fn take(&'static self, ledger: &'static Ledger) -> Option<Self::Guard>;
    fn take_out(guard: Self::Guard) -> Object;
    fn in_use(&self) -> usize;
    /// How many objects wait in free slots.
    fn idle(&self) -> usize;
    /// What the recorder says, if there is one.
    fn stats(&self) -> Option<PoolStats>;
    /// Which slots are taken, and by which calls; nothing, if it can't tell.
    fn held(&self) -> impl Iterator<Item = Held> {
        core::iter::empty()
    }
    fn validate(&self);
    /// Leaves no objects in free slots.
    fn empty(&'static self);

    /// Does what gives something back, while others stand somewhere.
    fn around_a_release(&'static self, release: impl FnOnce()) {
        release();
    }
    /// Called when all operations have come to their end.
    fn settle(&'static self) {}

    /// How many guards there are at the beginning.
    fn kept(setup: usize) -> usize {
        setup
    }

    /// Where the guard's object is.
    fn place(guard: &Self::Guard) -> usize {
        core::ptr::from_ref::<Object>(guard).addr()
    }
}

/// A recorder that is not used yet.
pub(crate) trait New: PoolRecorder + Send + Sync + 'static {
    const NEW: Self;
}

impl New for Off {
    const NEW: Self = Self::new();
}

impl New for Shared {
    const NEW: Self = Self::new();
}

impl New for Placed {
    const NEW: Self = Self::new();
}

/// A pool and its users.
pub(crate) struct Users<F: Face> {
    pub(crate) pool: F,
    pub(crate) ledger: &'static Ledger,
    crowd: Crowd,
    /// Guards that outlive the operation that got them.
    kept: Mutex<Vec<Kept<F>>>,
    /// What the high-water mark must not be below.
    high_water: AtomicUsize,
}

struct Kept<F: Face> {
    /// Ends first.
    _stay: Stay,
    guard: F::Guard,
    _part: Part<'static>,
}

/// How many hold a slot or are in the middle of an operation.
#[derive(Default)]
struct Crowd {
    now: AtomicUsize,
    /// The most since the innermost operation began.
    peak: AtomicUsize,
}

/// One of the crowd. It remembers the peak of whom it interrupted.
struct Part<'a> {
    crowd: &'a Crowd,
    peak_before: usize,
}

impl Crowd {
    fn join(&self) -> Part<'_> {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        Part { crowd: self, peak_before: self.peak.swap(now, Ordering::Relaxed) }
    }
}

impl Part<'_> {
    /// The most that there were in the meantime.
    fn peak(&self) -> usize {
        self.crowd.peak.load(Ordering::Relaxed)
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        self.crowd.peak.fetch_max(self.peak_before, Ordering::Relaxed);
        self.crowd.now.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<F: Face> Users<F> {
    fn kept(&self) -> MutexGuard<'_, Vec<Kept<F>>> {
        self.kept.lock().expect("nothing panics with the guards open")
    }

    /// Uses one, and gives it to `after`.
    pub(crate) fn use_one(&'static self, after: impl FnOnce(F::Guard)) {
        self.use_what(|| self.pool.take(self.ledger), after);
    }

    /// As [`use_one`](Self::use_one) with what `take` gives, which may panic on purpose, as may `after`.
    pub(crate) fn use_what<G: DerefMut<Target = Object>>(
        &'static self,
        take: impl FnOnce() -> Option<G>,
        after: impl FnOnce(G),
    ) {
        let part = self.crowd.join();
        let Some(taken) = survive(take) else { return };
        let Some(mut guard) = taken else {
            // Whoever is told so has met as many others as there are slots.
            assert!(part.peak() > F::SLOTS, "exhausted, but there was room");
            return;
        };
        if guard.is_dirty() {
            self.ledger.fault("an object was handed out before it was clean");
        }
        let stay = guard.enter();
        guard.work();
        point();
        guard.work();
        drop(stay);
        survive(|| after(guard));
    }

    /// Does something that may hold a slot for a moment.
    pub(crate) fn take_part(&'static self, work: impl FnOnce()) {
        let _part = self.crowd.join();
        work();
    }

    /// Uses one and keeps it.
    fn keep(&'static self) {
        let part = self.crowd.join();
        // Another one may be told that there is nothing to make an object of.
        let Some(taken) = survive(|| self.pool.take(self.ledger)) else { return };
        let Some(mut guard) = taken else {
            assert!(part.peak() > F::SLOTS, "exhausted, but there was room");
            return;
        };
        let stay = self.ledger.enter(F::place(&guard));
        guard.work();
        let mut kept = self.kept();
        kept.push(Kept { _stay: stay, guard, _part: part });
        self.high_water.fetch_max(kept.len(), Ordering::Relaxed);
    }

    /// Ends the keeping of one, by `end`.
    fn end_one(&'static self, end: impl FnOnce(F::Guard)) {
        let kept = self.kept().pop();
        if let Some(Kept { _stay: stay, mut guard, _part: part }) = kept {
            guard.work();
            drop(stay);
            end(guard);
            drop(part);
        }
    }

    fn observe(&'static self) {
        self.pool.validate();
        assert!(self.pool.in_use() <= F::SLOTS, "more slots in use than there are");
        assert!(self.pool.idle() <= F::SLOTS, "more objects than slots");
    }
}

/// The accesses of one claim at most: the hint, the thread's start; a look and an attempt for every slot, which may be near to where the
/// thread begins, near to its home, and be searched; and the start and the hint moved.
pub(crate) const fn claim(slots: usize) -> usize {
    1 + 1 + 3 * 2 * slots + 2
}

/// The accesses of a release at most: a store, the hint, the hint moved; and a look if debug assertions are on.
pub(crate) const RELEASE: usize = 3 + cfg!(debug_assertions) as usize;

/// The accesses of a use at most: two claims, a release, and what the recorder does: counts, and places.
pub(crate) const fn one_use(slots: usize) -> usize {
    2 * claim(slots) + RELEASE + 5 + 2
}

/// The operations of all pools.
pub(crate) fn operations<F: Face>() -> Vec<Operation<Users<F>>> {
    let operation =
        |name, run: fn(&'static Users<F>)| Operation { name, run, most: one_use(F::SLOTS), more: 0 };
    vec![
        operation("use one", |users| users.use_one(drop)),
        operation("use one and take it out", |users| users.use_one(|guard| drop(F::take_out(guard)))),
        operation("use one whose drop panics", |users| {
            users.use_one(|mut guard| {
                guard.explodes = true;
                drop(F::take_out(guard));
            });
        }),
        operation("keep one", Users::keep),
        operation("end one", |users| users.end_one(drop)),
        operation("end one and take it out", |users| users.end_one(|guard| drop(F::take_out(guard)))),
        Operation {
            // Three times each slot and once its place, the hint, and where this thread begins.
            most: (3 + 1) * F::SLOTS + 2,
            ..operation("look", Users::observe)
        },
    ]
}

impl<F: Face> World for Users<F> {
    /// Some guards are kept from the beginning.
    fn new(setup: usize) -> &'static Self {
        let ledger = Ledger::of_this_thread();
        let pool = F::new(ledger);
        let users = Box::leak(Box::new(Self {
            pool,
            ledger,
            crowd: Crowd::default(),
            kept: Mutex::default(),
            high_water: AtomicUsize::new(0),
        }));
        for _ in 0..F::kept(setup) {
            users.keep();
        }
        users
    }

    fn at_any_time(&self) {
        self.ledger.check();
        self.pool.validate();
        assert!(self.pool.in_use() <= F::SLOTS);
        for held in self.pool.held() {
            // It is one of those who are out, and what is known of it is true.
            assert!(held.slot < F::SLOTS);
            assert!(held.place.is_none_or(|place| place.file().starts_with("tests/step")), "{held}");
        }
        let least = self.high_water.load(Ordering::Relaxed);
        if let Some(stats) = self.pool.stats() {
            assert!(stats.in_use as usize <= F::SLOTS, "{} are counted in use", stats.in_use);
            let high_water = stats.high_water as usize;
            assert!(high_water <= F::SLOTS, "{high_water} were counted in use");
            // Nor does it ever fall.
            assert!(high_water >= least, "{least} were in use, but {high_water} were counted");
            self.high_water.fetch_max(high_water, Ordering::Relaxed);
        }
    }

    fn while_standing(&'static self, threads: usize) {
        let mut parts = vec![self.crowd.join()];
        let mut guards = Vec::new();
        loop {
            match survive(|| self.pool.take(self.ledger)) {
                Some(Some(guard)) => guards.push((self.ledger.enter(F::place(&guard)), guard)),
                Some(None) => break,
                // Whoever stands has seen to it that an object can't be made. The next one can.
                None => {}
            }
            parts.push(self.crowd.join());
        }
        let kept = self.kept().len();
        assert!(guards.len() + kept + threads >= F::SLOTS, "a thread that stands costs more than a slot");
        for (stay, guard) in guards {
            drop(stay);
            self.pool.around_a_release(|| drop(guard));
        }
        // The last that came leaves first: each has remembered the peak before it.
        while parts.pop().is_some() {}
        self.ledger.check();
    }

    fn at_rest(&'static self) {
        self.pool.settle();
        while !self.kept().is_empty() {
            self.end_one(drop);
        }
        self.at_any_time();
        assert_eq!(self.crowd.now.load(Ordering::Relaxed), 0);
        assert_eq!((self.pool.in_use(), self.pool.held().count()), (0, 0), "a slot is lost");
        assert_eq!(self.pool.idle(), self.ledger.alive(), "an object is lost");
        // All slots can be claimed.
        self.while_standing(0);
        if let Some(stats) = self.pool.stats() {
            assert_eq!(stats.in_use, 0, "what came back is still counted");
        }
        self.pool.empty();
        self.ledger.close();
        *self.kept() = Vec::new();
    }
}
