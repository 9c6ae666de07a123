//! `Waiting`, interrupted and stalled: whoever gives something back wakes all who wait, wherever anybody else stands.

use crate::ledger::{Cleaned, Ledger, Object};
use crate::matrix::{Operation, everything, one_interrupt, one_stall, two_stalls};
use crate::pools::{Face, Users, claim, one_use, operations};
use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use larder::pool::{Awaited, AwaitedPooled, Pool, Waiting};
use larder::stats::PoolStats;
use std::sync::{Mutex, MutexGuard};

/// Seats: one for the wait that is kept, one for each that may stand on the way, and one for who comes then.
const SEATS: usize = 4;

type Cleanly<const N: usize> = Pool<Object, N, Cleaned>;
type Out<const N: usize> = AwaitedPooled<'static, Cleanly<N>>;

struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bell {
    fn rings(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A task that waits.
struct Wait<const N: usize> {
    future: Pin<Box<dyn Future<Output = Out<N>> + Send>>,
    bell: Arc<Bell>,
    /// How often it had been woken when it was polled last.
    seen: usize,
}

impl<const N: usize> Wait<N> {
    fn poll(&mut self) -> Option<Out<N>> {
        self.seen = self.bell.rings();
        let waker = Waker::from(Arc::clone(&self.bell));
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(found) => Some(found),
            Poll::Pending => None,
        }
    }
}

struct Awaits<const N: usize> {
    pool: Waiting<Cleanly<N>, SEATS>,
    /// Taken out while something is done with it: whoever does may be stopped there.
    waits: Mutex<Option<Wait<N>>>,
}

impl<const N: usize> Awaits<N> {
    fn waits(&self) -> MutexGuard<'_, Option<Wait<N>>> {
        self.waits.lock().expect("nothing panics with it")
    }

    fn begin(&'static self) -> Option<Out<N>> {
        let future = Box::pin(self.pool.acquire_async());
        self.go_on(Wait { future, bell: Arc::new(Bell(AtomicUsize::new(0))), seen: 0 })
    }

    /// Polls one, and keeps it if there is nothing, in place of the one that was kept.
    fn go_on(&'static self, mut wait: Wait<N>) -> Option<Out<N>> {
        let found = wait.poll();
        let ends = if found.is_none() { self.waits().replace(wait) } else { Some(wait) };
        drop(ends);
        found
    }

    fn again(&'static self, change: impl FnOnce(&mut Wait<N>)) -> Option<Out<N>> {
        let wait = self.waits().take();
        match wait {
            Some(mut wait) => {
                change(&mut wait);
                self.go_on(wait)
            }
            None => self.begin(),
        }
    }

    fn end(&self) {
        let wait = self.waits().take();
        drop(wait);
    }
}

impl<const N: usize> Face for Awaits<N> {
    const SLOTS: usize = N;
    type Guard = Out<N>;

    fn new(ledger: &'static Ledger) -> Self {
        Self { pool: Waiting::new(Pool::with_recycle(Cleaned(ledger))), waits: Mutex::new(None) }
    }

    fn take(&'static self, _: &'static Ledger) -> Option<Out<N>> {
        self.pool.acquire().ok()
    }

    fn take_out(guard: Out<N>) -> Object {
        Awaited::into_inner(guard)
    }

    fn in_use(&self) -> usize {
        self.pool.in_use()
    }

    fn idle(&self) -> usize {
        self.pool.idle()
    }

    fn stats(&self) -> Option<PoolStats> {
        self.pool.counts()
    }

    fn validate(&self) {
        self.pool.validate();
    }

    fn empty(&'static self) {
        self.pool.trim(0);
    }

    /// Somebody has given back what he had, and others stand wherever they do: none of them has kept the wake-up.
    fn around_a_release(&'static self, release: impl FnOnce()) {
        let before = self.waits().as_ref().map(|wait| wait.bell.rings());
        release();
        let after = self.waits().as_ref().map(|wait| wait.bell.rings());
        assert!(before.is_none() || before < after, "who waits was not woken");
    }

    /// All have come to their end.
    fn settle(&'static self) {
        if let Some(wait) = &*self.waits() {
            let sleeps = wait.bell.rings() == wait.seen;
            assert!(!sleeps || self.pool.in_use() == N, "it sleeps while a slot is free");
        }
        let kept = usize::from(self.waits().is_some());
        assert_eq!(self.pool.seated(), kept);
        self.end();
        assert_eq!(self.pool.seated(), 0, "a seat is lost");
    }
}

/// What one who tells makes at most: a look whether somebody waits, and at each seat a look, a pin, and its end, which may be the last.
const TELL: usize = 1 + 5 * SEATS;

/// What a wait makes at most, besides one use: another look into the pool, a seat, and its end, twice if it was another's.
const fn wait(slots: usize) -> usize {
    2 * claim(slots) + 2 * SEATS + 2 + 2 * 5
}

fn all<const N: usize>() -> Vec<Operation<Users<Awaits<N>>>> {
    let mut all = operations::<Awaits<N>>();
    let most = one_use(N) + 2 * TELL + wait(N);
    all.retain(|operation| operation.name != "look" && operation.name != "use one whose drop panics");
    for operation in &mut all {
        operation.most += 2 * TELL;
    }
    let like = Operation { most, ..all[0] };
    let more: [Operation<Users<Awaits<N>>>; 6] = [
        Operation { name: "begin to wait", run: |users| users.use_what(|| users.pool.begin(), drop), ..like },
        Operation {
            name: "be polled again",
            run: |users| users.use_what(|| users.pool.again(|_| ()), drop),
            ..like
        },
        Operation {
            name: "be polled again with another waker",
            run: |users| {
                let other = |wait: &mut Wait<N>| wait.bell = Arc::new(Bell(AtomicUsize::new(0)));
                users.use_what(|| users.pool.again(other), drop);
            },
            ..like
        },
        Operation { name: "give up", run: |users| users.take_part(|| users.pool.end()), ..like },
        Operation {
            name: "trim",
            run: |users| users.take_part(|| _ = users.pool.pool.trim(0)),
            most: N + (claim(N) + 3 + 1) * N + TELL,
            ..like
        },
        Operation {
            name: "use one that can't be made",
            run: |users| {
                users.ledger.be_barren(true);
                users.use_one(drop);
                users.ledger.be_barren(false);
            },
            ..like
        },
    ];
    all.extend(more);
    all
}

#[test]
fn one_slot() {
    everything("Waiting for a Pool of 1", 2, &all::<1>());
}

#[test]
fn two_slots() {
    let (name, all) = ("Waiting for a Pool of 2", all::<2>());
    one_interrupt(name, 3, &all);
    one_stall(name, 3, &all);
    two_stalls(name, 1, &all);
}
