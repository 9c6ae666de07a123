//! `BoxPool`, interrupted and stalled.

use crate::ledger::{Ledger, Object};
use crate::matrix::{Operation, everything, one_interrupt};
use crate::pools::{Face, New, Users, operations};
use larder::pool::{BoxPool, Guard, Held, PoolBox};
use larder::stats::{Off, Placed, PoolStats, Shared};

struct Boxes<const N: usize, R: New>(BoxPool<Object, N, R>);

impl<const N: usize, R: New> Face for Boxes<N, R> {
    const SLOTS: usize = N;
    type Guard = PoolBox<'static, Object, R>;

    fn new(_: &'static Ledger) -> Self {
        Self(BoxPool::with_recorder(R::NEW))
    }

    fn take(&'static self, ledger: &'static Ledger) -> Option<Self::Guard> {
        self.0.insert(Object::new(ledger)).ok()
    }

    fn take_out(guard: Self::Guard) -> Object {
        Guard::into_inner(guard)
    }

    fn in_use(&self) -> usize {
        self.0.in_use()
    }

    fn idle(&self) -> usize {
        0
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

    fn empty(&'static self) {}

    /// Of many slots nearly all, or the half: searches are so long there that the hint is moved.
    fn kept(setup: usize) -> usize {
        match N {
            ..9 => setup,
            _ => [N / 2, N - 1][setup],
        }
    }
}

/// Those of all pools, and those of this one.
fn all<const N: usize, R: New>() -> Vec<Operation<Users<Boxes<N, R>>>> {
    let mut all = operations::<Boxes<N, R>>();
    let like = all[0];
    all.push(Operation {
        name: "use one made in place",
        run: |users| {
            let make = || Object::new(users.ledger);
            users.use_what(|| users.pool.0.insert_with(make).ok(), drop);
        },
        ..like
    });
    all.push(Operation {
        name: "use one that can't be made",
        run: |users| {
            let make = || {
                let mut object = Object::new(users.ledger);
                object.explodes = true;
                drop(object);
                unreachable!("its drop panics")
            };
            users.use_what(|| users.pool.0.insert_with(make).ok(), drop);
        },
        ..like
    });
    all.push(Operation {
        name: "use one whose drop in place panics",
        run: |users| {
            users.use_one(|mut guard| {
                guard.explodes = true;
                drop(guard);
            });
        },
        ..like
    });
    all
}

#[test]
fn one_slot() {
    everything("BoxPool of 1", 2, &all::<1, Off>());
}

#[test]
fn two_slots() {
    everything("BoxPool of 2", 3, &all::<2, Off>());
}

#[test]
fn one_slot_whose_place_is_known() {
    everything("BoxPool of 1, placed", 2, &all::<1, Placed>());
}

#[test]
fn two_slots_that_are_counted() {
    everything("BoxPool of 2, counted", 3, &all::<2, Shared>());
}

#[test]
fn three_slots() {
    everything("BoxPool of 3", 1, &all::<3, Off>());
}

#[test]
fn twenty_slots() {
    one_interrupt("BoxPool of 20", 2, &all::<20, Off>());
}
