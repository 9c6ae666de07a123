//! `Pool`, interrupted and stalled.

use crate::ledger::{Cleaned, Ledger, Object};
use crate::matrix::{Operation, everything};
use crate::pools::{Face, New, Users, operations};
use larder::pool::{Guard, Held, Pool, Pooled};
use larder::stats::{Off, Placed, PoolStats, Shared};

struct Recycled<const N: usize, R: New>(Pool<Object, N, Cleaned, R>);

impl<const N: usize, R: New> Face for Recycled<N, R> {
    const SLOTS: usize = N;
    type Guard = Pooled<'static, Object, Cleaned, R>;

    fn new(ledger: &'static Ledger) -> Self {
        Self(Pool::with_recorder(Cleaned(ledger), R::NEW))
    }

    fn take(&'static self, _: &'static Ledger) -> Option<Self::Guard> {
        self.0.acquire().ok()
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
        self.0.counts()
    }

    fn held(&self) -> impl Iterator<Item = Held> {
        self.0.held()
    }

    fn validate(&self) {
        self.0.validate();
    }

    fn empty(&'static self) {
        let guards: Vec<_> = core::iter::from_fn(|| self.0.acquire().ok()).collect();
        guards.into_iter().map(Guard::into_inner).for_each(drop);
    }
}

/// Those of all pools, and those of this one.
fn all<const N: usize, R: New>() -> Vec<Operation<Users<Recycled<N, R>>>> {
    let mut all = operations::<Recycled<N, R>>();
    let like = all[0];
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
    all.push(Operation {
        name: "use one that can't be made",
        run: |users| {
            users.ledger.be_barren(true);
            users.use_one(drop);
            users.ledger.be_barren(false);
        },
        ..like
    });
    all
}

#[test]
fn one_slot() {
    everything("Pool of 1", 2, &all::<1, Off>());
}

#[test]
fn two_slots() {
    everything("Pool of 2", 3, &all::<2, Off>());
}

#[test]
fn one_slot_whose_place_is_known() {
    everything("Pool of 1, placed", 2, &all::<1, Placed>());
}

#[test]
fn two_slots_that_are_counted() {
    everything("Pool of 2, counted", 2, &all::<2, Shared>());
}
