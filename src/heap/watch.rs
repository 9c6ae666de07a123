//! The parts of this layer.

use super::object_pool::ObjectPool;
use crate::fixed::pool::Recycle;
use crate::fixed::watch::part::{InUse, Part, Pressure, Relief};
use crate::fixed::watch::reading::{PoolReading, Reading};
use crate::stats::PoolRecorder;

impl<T: 'static, M: Recycle<T> + 'static, R: PoolRecorder + 'static> Part for ObjectPool<T, M, R> {
    fn reading(&self) -> Reading {
        let (capacity, in_use, idle) = (self.max_size(), self.in_use(), self.idle());
        Reading::Pool(PoolReading {
            capacity,
            in_use,
            idle,
            counts: self.counts(),
            bytes: self.memory_size(),
        })
    }

    fn relieve(&self, pressure: Pressure) -> Relief {
        Relief { objects: self.trim(pressure.idle(self.idle())), ..Relief::default() }
    }

    fn empty(&self) {
        self.trim(0);
    }

    fn report(&self, tell: &mut dyn FnMut(InUse)) {
        self.held().for_each(|held| tell(InUse::Pooled(held)));
    }
}
