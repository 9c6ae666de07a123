//! Lists of operations, and every way to stop one of them for the others.
//!
//! What is run is made by loops over names, so that a new operation meets all others; and how many positions were visited
//! is printed, so that it can be seen that they were.

use alloc::rc::Rc;
use core::cell::Cell;
use larder::sync::step::{accesses, interrupt, stall};
use std::io::Write;

/// A structure and its users, with what must be true of them.
pub(crate) trait World: Sync + 'static {
    /// One to begin with. It is never freed: operations that are stopped anywhere may share it.
    fn new(setup: usize) -> &'static Self;
    /// What is true whatever has been stopped where.
    fn at_any_time(&self);
    /// What is true when so many threads stand somewhere in an operation, for ever.
    fn while_standing(&'static self, threads: usize);
    /// What is true when all operations have come to their end.
    fn at_rest(&'static self);
}

/// Something that a user does, from its beginning to its end.
pub(crate) struct Operation<W: 'static> {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&'static W),
    /// How many atomic accesses it makes at most, if nothing comes between.
    pub(crate) most: usize,
    /// How many more for each time that something comes between.
    pub(crate) more: usize,
}

impl<W> Clone for Operation<W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for Operation<W> {}

impl<W: World> Operation<W> {
    /// Runs it to its end. It may be stopped so many times.
    fn run(self, world: &'static W, stops: usize) {
        let ((), accesses) = accesses(|| (self.run)(world));
        let most = self.most + self.more * stops;
        assert!(accesses.total() <= most, "{}: {accesses:?}, but it has a bound of {most}", self.name);
        world.at_any_time();
    }

    /// Runs it, stopped before its `at`-th position for what `between` does; says whether it got there.
    fn run_interrupted(self, world: &'static W, at: usize, between: impl FnOnce() + 'static) -> bool {
        let ((), reached) = interrupt(at, between, || self.run(world, 1));
        reached
    }
}

/// Says what was going on when something panicked.
struct Scene<'a>(&'a str, &'a [(&'a str, usize)]);

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "{}: {:?}", self.0, self.1);
        }
    }
}

/// Not by `println`, which the test harness swallows: how many positions there were is the result.
fn report(name: &str, what: &str, positions: usize) {
    let _ = writeln!(std::io::stderr(), "{name}: {what}: {positions} positions");
}

/// Goes to every position, from the first on, until one is not reached. How many there are.
fn visit(mut reaches: impl FnMut(usize) -> bool) -> usize {
    let mut at = 0;
    while reaches(at) {
        at += 1;
    }
    at
}

/// All there is, for one structure that can begin in so many ways.
pub(crate) fn everything<W: World>(name: &str, setups: usize, operations: &[Operation<W>]) {
    one_interrupt(name, setups, operations);
    nested_interrupts(name, setups, operations);
    one_stall(name, setups, operations);
    two_stalls(name, setups, operations);
}

/// Every operation, stopped at every position for every other one.
pub(crate) fn one_interrupt<W: World>(name: &str, setups: usize, operations: &[Operation<W>]) {
    let mut positions = 0;
    for &operation in operations {
        let mut of_this = 0;
        for setup in 0..setups {
            for &handler in operations {
                let run = |at| {
                    let scene = [(operation.name, at), (handler.name, 0), ("setup", setup)];
                    let _scene = Scene(name, &scene);
                    let world = W::new(setup);
                    let reached = operation.run_interrupted(world, at, move || handler.run(world, 0));
                    world.at_rest();
                    reached
                };
                of_this += visit(run);
            }
        }
        assert_ne!(of_this, 0, "{name}: {} makes no atomic access", operation.name);
        positions += of_this;
    }
    let what = format!("{} operations interrupted by each other", operations.len());
    report(name, &what, positions);
}

/// Every operation, stopped at every position for every other one, which is stopped at every position for every other.
pub(crate) fn nested_interrupts<W: World>(name: &str, setups: usize, operations: &[Operation<W>]) {
    let mut positions = 0;
    for setup in 0..setups {
        for [operation, first, second] in triples(operations) {
            let run = |at, inner| {
                let scene = [(operation.name, at), (first.name, inner), (second.name, 0), ("setup", setup)];
                let _scene = Scene(name, &scene);
                let world = W::new(setup);
                let inner_reached = Rc::new(Cell::new(false));
                let noted = Rc::clone(&inner_reached);
                let between =
                    move || noted.set(first.run_interrupted(world, inner, move || second.run(world, 0)));
                let reached = operation.run_interrupted(world, at, between);
                world.at_rest();
                (reached, inner_reached.get())
            };
            for at in 0.. {
                positions += visit(|inner| run(at, inner).1);
                if !run(at, 0).0 {
                    break;
                }
            }
        }
    }
    let what = format!("{} operations, their interrupts interrupted", operations.len());
    report(name, &what, positions);
}

fn triples<W: 'static>(operations: &[Operation<W>]) -> impl Iterator<Item = [Operation<W>; 3]> {
    let each = move || operations.iter().copied();
    each()
        .flat_map(move |first| each().flat_map(move |second| each().map(move |third| [first, second, third])))
}

/// Every operation, standing at every position while the others run to their end again and again, also interrupted by
/// each other at every position.
pub(crate) fn one_stall<W: World>(name: &str, setups: usize, operations: &[Operation<W>]) {
    let mut positions = 0;
    let mut others = 0;
    for setup in 0..setups {
        for &operation in operations {
            for at in 0.. {
                let scene = [(operation.name, at), ("setup", setup)];
                let _scene = Scene(name, &scene);
                let world = W::new(setup);
                let meanwhile = || {
                    let positions = run_interrupted(world, operations, 1);
                    run_often(world, operations, 1);
                    positions
                };
                let ((), inner) = stall(at, || operation.run(world, 1), meanwhile);
                world.at_rest();
                let Some(inner) = inner else { break };
                positions += 1;
                others += inner;
            }
        }
    }
    let what = format!("{} operations, others interrupted {others} times while one stands", operations.len());
    report(name, &what, positions);
}

/// Every two operations, standing at every pair of positions while the others run to their end again and again.
pub(crate) fn two_stalls<W: World>(name: &str, setups: usize, operations: &[Operation<W>]) {
    let mut positions = 0;
    for setup in 0..setups {
        for &first in operations {
            for &second in operations {
                let run = |at, inner| {
                    let scene = [(first.name, at), (second.name, inner), ("setup", setup)];
                    let _scene = Scene(name, &scene);
                    let world = W::new(setup);
                    let meanwhile = || run_often(world, operations, 2);
                    let then = || stall(inner, || second.run(world, 1), meanwhile).1.is_some();
                    let ((), inner_reached) = stall(at, || first.run(world, 1), then);
                    world.at_rest();
                    inner_reached
                };
                'positions: for at in 0.. {
                    for inner in 0.. {
                        match run(at, inner) {
                            Some(true) => positions += 1,
                            Some(false) => break,
                            None => break 'positions,
                        }
                    }
                }
            }
        }
    }
    report(name, &format!("{} operations, two of them standing", operations.len()), positions);
}

/// What others do while so many threads stand.
fn run_often<W: World>(world: &'static W, operations: &[Operation<W>], standing: usize) {
    world.while_standing(standing);
    for _ in 0..3 {
        for operation in operations {
            operation.run(world, 0);
            world.while_standing(standing);
        }
    }
}

/// The same, and they interrupt each other everywhere.
fn run_interrupted<W: World>(world: &'static W, operations: &[Operation<W>], standing: usize) -> usize {
    let mut positions = 0;
    for &operation in operations {
        for &handler in operations {
            positions += visit(|at| operation.run_interrupted(world, at, move || handler.run(world, 0)));
            world.while_standing(standing);
        }
    }
    positions
}
