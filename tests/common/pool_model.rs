//! What all pools have in common, as calls, as a model of it, and as a stress test for threads.

use crate::common::{Ledger, Sample, Token, assert_in_place};
use core::ops::DerefMut;
use larder::stats::PoolStats;
use proptest::prelude::{Strategy, any, prop_oneof};
use std::collections::HashSet;
use std::sync::mpsc;

/// An object that remembers what was written into it. A new one, and one that was reset, has [`FRESH`] in it.
pub(crate) struct Object<P> {
    pub(crate) token: Token,
    pattern: P,
}

const FRESH: u32 = 7;

impl<P: Sample> Object<P> {
    pub(crate) fn new(ledger: &'static Ledger) -> Self {
        Self { token: ledger.token(), pattern: P::of(FRESH) }
    }

    #[allow(dead_code, reason = "only for pools that recycle")]
    pub(crate) fn reset(&mut self) {
        self.pattern = P::of(FRESH);
    }

    fn write(&mut self, number: u32) {
        self.pattern = P::of(number);
    }

    fn assert_holds(&self, number: u32) {
        assert_in_place(self);
        assert_eq!(self.pattern, P::of(number), "the object was changed by somebody else");
    }
}

/// A pool, as its users see it.
pub(crate) trait Subject<P: Sample> {
    /// Whether an object that comes back is kept.
    const KEEPS: bool;
    /// Whether a guard that was got the other way shares the ownership of the pool.
    const SHARES: bool = false;

    type Guard<'a>: DerefMut<Target = Object<P>> + Send
    where
        Self: 'a;

    /// Gets an object, one way or the other. None if there is none; what was to go in is as it was then.
    fn acquire(&self, the_other_way: bool) -> Option<Self::Guard<'_>>;
    fn into_inner(guard: Self::Guard<'_>) -> Object<P>;

    /// Drops idle objects until no more than `keep` are left, if it can do that.
    fn trim(&self, keep: usize) -> Option<usize> {
        let _ = keep;
        None
    }

    fn in_use(&self) -> usize;
    fn idle(&self) -> usize;
    fn stats(&self) -> PoolStats;
    fn validate(&self);
}

/// One call. Which of the held guards it means is the number's remainder.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Acquire { the_other_way: bool },
    Release(usize),
    IntoInner(usize),
    Leak(usize),
    Write(usize, u32),
    Trim(usize),
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let held = any::<usize>;
    prop_oneof![
        60 => any::<bool>().prop_map(|the_other_way| Op::Acquire { the_other_way }),
        30 => held().prop_map(Op::Release),
        10 => held().prop_map(Op::IntoInner),
        1 => held().prop_map(Op::Leak),
        10 => (held(), any::<u32>()).prop_map(|(held, number)| Op::Write(held, number)),
        3 => (0..70_usize).prop_map(Op::Trim),
    ]
}

/// A guard, and what must be behind it.
struct Held<G> {
    guard: G,
    shares: bool,
    id: usize,
    number: u32,
}

/// The model: which object is where.
struct Model<G> {
    held: Vec<Held<G>>,
    idle: HashSet<usize>,
    leaked: usize,
    /// A guard that shared the pool was leaked, and with it the pool.
    pool_leaked: bool,
    stats: PoolStats,
}

impl<G> Model<G> {
    fn new(capacity: usize) -> Self {
        let mut stats = PoolStats::default();
        stats.capacity = capacity;
        Self { held: Vec::new(), idle: HashSet::new(), leaked: 0, pool_leaked: false, stats }
    }

    fn in_use(&self) -> usize {
        self.held.len() + self.leaked
    }

    /// The guard that a number means.
    fn position(&self, number: usize) -> Option<usize> {
        number.checked_rem(self.held.len())
    }

    fn remove(&mut self, number: usize) -> Option<Held<G>> {
        self.position(number).map(|position| self.held.swap_remove(position))
    }
}

/// Makes the same calls on a pool and on the model, and compares everything after each.
pub(crate) fn agrees<P: Sample, S: Subject<P>>(
    pool: S,
    capacity: usize,
    ledger: &'static Ledger,
    ops: &[Op],
) {
    let mut model = Model::new(capacity);
    for op in ops {
        perform(op, &pool, ledger, &mut model);
        assert_same(&pool, ledger, &mut model);
    }
    while !model.held.is_empty() {
        perform(&Op::Release(0), &pool, ledger, &mut model);
    }
    assert_same(&pool, ledger, &mut model);
    let left = model.leaked + if model.pool_leaked { model.idle.len() } else { 0 };
    drop(model);
    drop(pool);
    assert_eq!(ledger.alive(), left, "the pool drops what it keeps, and no more");
}

fn perform<'a, P: Sample, S: Subject<P>>(
    op: &Op,
    pool: &'a S,
    ledger: &'static Ledger,
    model: &mut Model<S::Guard<'a>>,
) {
    match *op {
        Op::Acquire { the_other_way } => {
            let created = ledger.created();
            let guard = pool.acquire(the_other_way);
            let Some(guard) = guard else {
                assert_eq!(model.in_use(), model.stats.capacity, "exhausted, with room left");
                model.stats.exhausted += 1;
                return;
            };
            guard.assert_holds(FRESH);
            let id = guard.token.id();
            if model.idle.is_empty() {
                assert_eq!((id, ledger.created()), (created, created + 1), "a new object");
            } else {
                assert!(model.idle.remove(&id), "an object that waited");
                assert_eq!(ledger.created(), created, "none was made");
            }
            model.stats.acquired += 1;
            model.held.push(Held { guard, shares: the_other_way && S::SHARES, id, number: FRESH });
        }
        Op::Release(number) => {
            if let Some(held) = model.remove(number) {
                drop(held.guard);
                assert_eq!(ledger.is_alive(held.id), S::KEEPS);
                if S::KEEPS {
                    model.idle.insert(held.id);
                }
            }
        }
        Op::IntoInner(number) => {
            if let Some(held) = model.remove(number) {
                let object = S::into_inner(held.guard);
                object.assert_holds(held.number);
                assert!(object.token.id() == held.id && ledger.is_alive(held.id));
            }
        }
        Op::Leak(number) => {
            if let Some(held) = model.remove(number) {
                core::mem::forget(held.guard);
                model.leaked += 1;
                model.pool_leaked |= held.shares;
            }
        }
        Op::Write(number, new) => {
            if let Some(position) = model.position(number) {
                model.held[position].guard.write(new);
                model.held[position].number = new;
            }
        }
        Op::Trim(keep) => {
            if let Some(dropped) = pool.trim(keep) {
                assert_eq!(dropped, model.idle.len().saturating_sub(keep));
                model.idle.retain(|&id| ledger.is_alive(id));
            }
        }
    }
}

fn assert_same<P: Sample, S: Subject<P>>(pool: &S, ledger: &'static Ledger, model: &mut Model<S::Guard<'_>>) {
    pool.validate();
    for held in &model.held {
        held.guard.assert_holds(held.number);
        assert_eq!(held.guard.token.id(), held.id);
        assert!(ledger.is_alive(held.id));
    }
    assert_eq!(pool.in_use(), model.in_use());
    assert_eq!(pool.idle(), model.idle.len());
    assert_eq!(ledger.alive(), model.in_use() + model.idle.len());
    model.stats.in_use = u32::try_from(model.in_use()).unwrap();
    model.stats.high_water = model.stats.high_water.max(model.stats.in_use);
    assert_eq!(pool.stats(), model.stats);
}

/// Threads acquire, write, look again, and release; drop each other's guards; take objects out.
pub(crate) fn stress<P: Sample, S: Subject<P> + Sync>(pool: S, rounds: u32, ledger: &'static Ledger) {
    const THREADS: u32 = 3;
    let rounds = if cfg!(miri) { rounds / 500 } else { rounds };
    let capacity = pool.stats().capacity;
    let counts = std::thread::scope(|scope| {
        // A ring: each sends to the next.
        let (mut senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel()).unzip();
        senders.rotate_left(1);
        let threads: Vec<_> = (1..)
            .zip(senders.into_iter().zip(receivers))
            .map(|(seed, (next, own))| {
                let pool = &pool;
                scope.spawn(move || one_of_many(pool, seed * rounds, rounds, next, &own))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    pool.validate();
    let stats = pool.stats();
    assert_eq!((pool.in_use(), stats.in_use), (0, 0));
    assert_eq!(stats.acquired, counts.iter().sum(), "every acquire was counted");
    assert_eq!(stats.acquired + stats.exhausted, THREADS * rounds, "every try was counted");
    assert!(stats.high_water as usize <= capacity && pool.idle() <= capacity);
    assert_eq!(ledger.alive(), pool.idle());
    drop(pool);
    assert_eq!(ledger.alive(), 0);
}

/// One thread of [`stress`]. Says how often it got an object. The numbers from `first` on are its own.
fn one_of_many<'a, P: Sample, S: Subject<P>>(
    pool: &'a S,
    first: u32,
    rounds: u32,
    next: mpsc::Sender<(u32, S::Guard<'a>)>,
    own: &mpsc::Receiver<(u32, S::Guard<'a>)>,
) -> u32 {
    let capacity = pool.stats().capacity;
    let mut acquired = 0;
    for number in first..first + rounds {
        assert!(pool.in_use() <= capacity);
        // What is done with the object depends on the number, well mixed.
        let mut dice = number.wrapping_mul(0x9E37_79B9) >> 8;
        let mut roll = |sides: u32| {
            let rolled = dice % sides;
            dice /= sides;
            rolled
        };
        if let Some(mut guard) = pool.acquire(roll(2) == 0) {
            acquired += 1;
            guard.assert_holds(FRESH);
            guard.write(number);
            if roll(2) == 0 {
                std::thread::yield_now();
            }
            guard.assert_holds(number);
            match roll(8) {
                0 => S::into_inner(guard).assert_holds(number),
                1 | 2 => next.send((number, guard)).unwrap(),
                _ => drop(guard),
            }
        } else if roll(4) == 0 {
            std::thread::yield_now();
        } else {
            // Close behind whoever lets go next.
            core::hint::spin_loop();
        }
        if roll(4) == 0 {
            pool.trim(roll(4) as usize);
        }
        assert!(pool.stats().in_use as usize <= capacity, "never more than there are");
        for (number, guard) in own.try_iter() {
            guard.assert_holds(number);
        }
    }
    drop(next);
    for (number, guard) in own {
        guard.assert_holds(number);
    }
    acquired
}
