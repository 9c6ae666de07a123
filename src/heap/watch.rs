//! The parts of this layer.

use super::object_pool::ObjectPool;
use crate::fixed::pool::Recycle;
use crate::fixed::waiting::Waitable;
use crate::fixed::watch::part::{InUse, Part, Pressure, Relief};
use crate::fixed::watch::parts::pool;
use crate::fixed::watch::reading::{PoolReading, Reading};
use crate::stats::PoolRecorder;
use core::panic::Location;

impl<T: 'static, M: Recycle<T> + 'static, R: PoolRecorder + 'static> Part for ObjectPool<T, M, R> {
    pool!();
}
