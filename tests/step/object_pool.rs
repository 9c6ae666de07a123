//! `ObjectPool`, interrupted and stalled: as a pool, and when its last handle goes.

use crate::ledger::{Cleaned, Ledger, Object, survive};
use crate::matrix::{Operation, World, everything};
use crate::pools::{Face, RELEASE, Users, claim, one_use, operations};
use larder::pool::{Guard, Held, ObjectPool, OwnedPooled};
use larder::stats::{Off, PoolStats};
use std::sync::Mutex;

type Cleanly = ObjectPool<Object, Cleaned, Off>;

fn cleanly(max_size: usize, ledger: &'static Ledger) -> Cleanly {
    ObjectPool::try_with_recorder("step", max_size, Cleaned(ledger), Off::new()).unwrap()
}

/// A pool of run-time size, of which there is a handle for ever.
struct OnHeap<const N: usize>(Cleanly);

impl<const N: usize> Face for OnHeap<N> {
    const SLOTS: usize = N;
    type Guard = OwnedPooled<Object, Cleaned, Off>;

    fn new(ledger: &'static Ledger) -> Self {
        Self(cleanly(N, ledger))
    }

    fn take(&'static self, _: &'static Ledger) -> Option<Self::Guard> {
        self.0.acquire_owned().ok()
    }

    fn take_out(guard: Self::Guard) -> Object {
        Guard::into_inner(guard)
    }

    fn in_use(&self) -> usize {
        self.0.in_use()
    }

    fn idle(&self) -> usize {
        self.0.idle()
    }

    fn stats(&self) -> Option<PoolStats> {
        None
    }

    fn held(&self) -> impl Iterator<Item = Held> {
        self.0.held()
    }

    fn validate(&self) {
        self.0.validate();
    }

    fn empty(&'static self) {
        self.0.trim(0);
    }
}

/// The accesses of a trim at most: a count, and a claim and a release for every object.
const fn trim(slots: usize) -> usize {
    slots + slots * (claim(slots) + RELEASE)
}

/// Those of all pools, and those of this one.
fn all<const N: usize>() -> Vec<Operation<Users<OnHeap<N>>>> {
    let mut all = operations::<OnHeap<N>>();
    let like = all[0];
    all.push(Operation {
        name: "use one that the pool outlives",
        run: |users| users.use_what(|| users.pool.0.acquire().ok(), drop),
        ..like
    });
    all.push(Operation {
        name: "use one of another handle",
        run: |users| {
            let other = users.pool.0.clone();
            users.use_what(|| other.acquire().ok(), drop);
        },
        ..like
    });
    all.push(Operation {
        name: "use one whose reset panics",
        run: |users| {
            users.use_one(|mut guard| {
                guard.resists = true;
                drop(guard);
            });
        },
        ..like
    });
    let trims = Operation { most: trim(N), ..like };
    all.push(Operation {
        name: "trim to nothing",
        run: |users| users.take_part(|| assert!(users.pool.0.trim(0) <= N)),
        ..trims
    });
    all.push(Operation {
        name: "trim to one",
        run: |users| users.take_part(|| assert!(users.pool.0.trim(1) <= N)),
        ..trims
    });
    all
}

#[test]
fn one_slot() {
    everything("ObjectPool of 1", 2, &all::<1>());
}

#[test]
fn two_slots() {
    everything("ObjectPool of 2", 2, &all::<2>());
}

/// A pool whose handle may go at any time. What is in it lives as long as a guard that shares it.
struct Leaving {
    ledger: &'static Ledger,
    handle: Mutex<Option<Cleanly>>,
    guards: Mutex<Vec<OwnedPooled<Object, Cleaned, Off>>>,
}

const SLOTS: usize = 2;

impl Leaving {
    fn leave(&'static self) {
        let handle = self.handle.lock().unwrap().take();
        drop(handle);
    }

    fn end_one(&'static self, end: fn(OwnedPooled<Object, Cleaned, Off>)) {
        let guard = self.guards.lock().unwrap().pop();
        if let Some(mut guard) = guard {
            guard.work();
            end(guard);
        }
    }

    fn use_one(&'static self, end: fn(OwnedPooled<Object, Cleaned, Off>)) {
        let handle = self.handle.lock().unwrap().clone();
        let Some(Ok(mut guard)) = handle.map(|handle| handle.acquire_owned()) else { return };
        assert!(!guard.is_dirty());
        let stay = guard.enter();
        guard.work();
        drop(stay);
        survive(|| end(guard));
    }
}

impl World for Leaving {
    /// So many guards, and as many objects that wait as there is room for.
    fn new(setup: usize) -> &'static Self {
        let ledger = Ledger::of_this_thread();
        let handle = cleanly(SLOTS, ledger);
        drop([(); SLOTS].map(|()| handle.acquire_owned().unwrap()));
        let guards = (0..setup).map(|_| handle.acquire_owned().unwrap()).collect();
        Box::leak(Box::new(Self { ledger, handle: Mutex::new(Some(handle)), guards: Mutex::new(guards) }))
    }

    fn at_any_time(&self) {
        self.ledger.check();
    }

    fn while_standing(&'static self, _: usize) {
        self.ledger.check();
    }

    fn at_rest(&'static self) {
        self.leave();
        let guards = core::mem::take(&mut *self.guards.lock().unwrap());
        drop(guards);
        self.ledger.close();
    }
}

#[test]
fn the_last_handle() {
    /// Whoever goes last, drops what waits: a claim and a release each, and a last search.
    const MOST: usize = one_use(SLOTS) + trim(SLOTS) + claim(SLOTS);
    let operation = |name, run: fn(&'static Leaving)| Operation { name, run, most: MOST, more: 0 };
    let operations = [
        operation("drop the handle", Leaving::leave),
        operation("use one", |pool| pool.use_one(drop)),
        operation("use one and take it out", |pool| pool.use_one(|guard| drop(Guard::into_inner(guard)))),
        operation("end one", |pool| pool.end_one(drop)),
        operation("end one and take it out", |pool| pool.end_one(|guard| drop(Guard::into_inner(guard)))),
        operation("end one whose reset panics", |pool| {
            pool.end_one(|mut guard| {
                guard.resists = true;
                survive(|| drop(guard));
            });
        }),
    ];
    everything("ObjectPool, left", 3, &operations);
}
