//! The parts of this layer.

use super::part::{Cleanup, InUse, Part, Pressure, Relief};
use super::reading::{CacheKind, CacheReading, PoolReading, Reading, TrackerReading};
use crate::fixed::box_pool::BoxPool;
use crate::fixed::cache::Cache;
use crate::fixed::exact::{self, Exact};
use crate::fixed::memo::{Callers, Exclusive, Keeper, Memo};
use crate::fixed::pool::{Pool, Recycle};
use crate::fixed::setup::Config;
use crate::fixed::tracker::Tracker;
use crate::fixed::tracker::setup::Tracked;
use crate::fixed::waiting::{Waitable, Waiting};
use crate::maintenance::{Maintain, Maintained};
use crate::raw::marks::Age;
use crate::raw::store::Store;
use crate::raw::tracked::Slots;
use crate::stats::PoolRecorder;
use core::panic::Location;
use core::task::Waker;

/// A pool as a part: the same of each.
macro_rules! pool {
    () => {
        fn reading(&self) -> Reading {
            Reading::Pool(PoolReading {
                capacity: self.slots(),
                in_use: self.taken(),
                idle: self.kept(),
                counts: self.counted(),
                bytes: self.bytes(),
            })
        }

        fn relieve(&self, pressure: Pressure) -> Relief {
            Relief { objects: self.drop_kept(pressure.idle(self.kept())), ..Relief::default() }
        }

        fn empty(&self) {
            self.drop_kept(0);
        }

        fn report(&self, tell: &mut dyn FnMut(InUse)) {
            self.list_held().for_each(|held| tell(InUse::Pooled(held)));
        }

        fn in_use_at(&self) -> Option<&'static Location<'static>> {
            self.list_held().find_map(|held| held.place)
        }
    };
}
#[allow(unused_imports, reason = "without `alloc` all pools are here")]
pub(crate) use pool;

impl<T: 'static, const N: usize, R: PoolRecorder + 'static> Part for BoxPool<T, N, R> {
    pool!();
}

impl<T: 'static, const N: usize, M: Recycle<T> + 'static, R: PoolRecorder + 'static> Part
    for Pool<T, N, M, R>
{
    pool!();
}

/// As its pool.
impl<P: Part, const WAITERS: usize> Part for Waiting<P, WAITERS> {
    fn reading(&self) -> Reading {
        let mut reading = self.pool().reading();
        if let Reading::Pool(pool) = &mut reading {
            pool.bytes += size_of::<Self>() - size_of::<P>();
        }
        reading
    }

    fn relieve(&self, pressure: Pressure) -> Relief {
        self.change(|pool| pool.relieve(pressure))
    }

    fn empty(&self) {
        self.change(Part::empty);
    }

    fn report(&self, tell: &mut dyn FnMut(InUse)) {
        self.pool().report(tell);
    }

    fn in_use_at(&self) -> Option<&'static Location<'static>> {
        self.pool().in_use_at()
    }
}

impl<K: 'static, V: 'static, M: Store + 'static, C: Config + 'static> Part for Cache<K, V, M, C> {
    fn reading(&self) -> Reading {
        Reading::Cache(CacheReading {
            kind: CacheKind::Concurrent,
            capacity: self.capacity(),
            entries: self.len(),
            counts: self.counts(),
            bytes: self.memory_size(),
        })
    }

    fn tidy(&self, budget: usize) -> Maintained {
        self.tidy(budget)
    }

    fn goes_round(&self) -> bool {
        true
    }

    fn clean(&self, cleanup: &mut Cleanup, budget: usize) -> bool {
        let (expired, is_left) = self.clean(&mut cleanup.position, budget);
        cleanup.relief.entries += expired;
        is_left
    }

    fn relieve(&self, pressure: Pressure) -> Relief {
        Relief { entries: self.shrink(pressure.entries(self.len())), ..Relief::default() }
    }

    fn empty(&self) {
        self.clear();
    }
}

/// An exact cache, behind whatever lets one at a time have it.
impl<L: Exclusive<Inner: Exact> + 'static> Part for L {
    fn reading(&self) -> Reading {
        self.with(|cache| {
            Reading::Cache(CacheReading {
                kind: L::Inner::KIND,
                capacity: cache.most_entries(),
                entries: cache.entries(),
                counts: Some(cache.counts()),
                bytes: cache.bytes(),
            })
        })
    }

    fn tidy(&self, budget: usize) -> Maintained {
        exact::tidy(self, budget)
    }

    fn clean(&self, cleanup: &mut Cleanup, budget: usize) -> bool {
        let swept = exact::sweep_now(self, budget);
        cleanup.relief.entries += swept.expired;
        swept.looked_at >= budget
    }

    fn relieve(&self, pressure: Pressure) -> Relief {
        let entries = self.with(|cache| cache.entries());
        Relief { entries: exact::shrink(self, pressure.entries(entries)), ..Relief::default() }
    }

    fn empty(&self) {
        exact::empty(self);
    }
}

/// As its cache.
impl<S: Keeper + Part, F: Callers + 'static> Part for Memo<S, F> {
    fn reading(&self) -> Reading {
        self.cache().reading()
    }

    fn tidy(&self, budget: usize) -> Maintained {
        self.cache().tidy(budget)
    }

    fn goes_round(&self) -> bool {
        self.cache().goes_round()
    }

    fn wake_when_untidy(&self, waker: &Waker) {
        self.cache().wake_when_untidy(waker);
    }

    fn clean(&self, cleanup: &mut Cleanup, budget: usize) -> bool {
        self.cache().clean(cleanup, budget)
    }

    fn relieve(&self, pressure: Pressure) -> Relief {
        self.cache().relieve(pressure)
    }

    fn report(&self, tell: &mut dyn FnMut(InUse)) {
        self.cache().report(tell);
    }

    fn in_use_at(&self) -> Option<&'static Location<'static>> {
        self.cache().in_use_at()
    }

    /// Those results, too, are not kept that are just being computed.
    fn empty(&self) {
        self.clear();
    }
}

impl<R: 'static, M: Slots + 'static, C: Tracked<R> + 'static> Part for Tracker<R, M, C> {
    fn reading(&self) -> Reading {
        Reading::Tracker(TrackerReading {
            stats: self.stats(),
            due: self.due_now(),
            bytes: self.memory_size(),
        })
    }

    fn tidy(&self, budget: usize) -> Maintained {
        self.maintain(budget)
    }

    fn wake_when_untidy(&self, waker: &Waker) {
        self.wake_when_due(waker);
    }

    /// Its stages: what goes on comes to its end, then an old sweep is made, then what has died is finalized.
    fn clean(&self, cleanup: &mut Cleanup, budget: usize) -> bool {
        let is_left = match cleanup.position {
            0 | 2 => self.go_on(budget),
            1 => {
                self.sweep_now(Age::Old, 0);
                true
            }
            _ => {
                // One by one, so that each counts, also if the next one panics.
                let drained = (0..budget).take_while(|_| self.drain(1) > 0);
                return drained.inspect(|_| cleanup.relief.resources += 1).count() == budget.max(1);
            }
        };
        if !is_left || cleanup.position == 1 {
            cleanup.position += 1;
        }
        true
    }

    fn relieve(&self, pressure: Pressure) -> Relief {
        // No more than there are: others may put in as fast.
        let all = self.capacity();
        self.sweep_now(pressure.sweep(), all);
        Relief { resources: self.drain(all), ..Relief::default() }
    }

    fn report(&self, tell: &mut dyn FnMut(InUse)) {
        self.report().for_each(|living| tell(InUse::Tracked(living)));
    }

    /// Of the first one: either all have a place, or none has.
    fn in_use_at(&self) -> Option<&'static Location<'static>> {
        Some(self.report().next()?.place?.location)
    }
}
