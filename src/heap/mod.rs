//! What has its capacity from run time, and what takes a lock: feature `alloc`.

pub(crate) mod by_name;
pub(crate) mod cache;
pub(crate) mod caches;
mod clock;
mod lru;
pub(crate) mod manager;
mod memoize;
pub(crate) mod memoized;
pub(crate) mod names;
pub(crate) mod object_pool;
pub(crate) mod resources;
pub(crate) mod shared;
mod timed;
pub(crate) mod tracker;
pub(crate) mod waiting;
mod watch;
