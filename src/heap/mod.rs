//! What has its capacity from run time, and what takes a lock: feature `alloc`.

pub(crate) mod cache;
mod lru;
mod memoize;
pub(crate) mod object_pool;
pub(crate) mod shared;
mod timed;
pub(crate) mod tracker;
mod watch;
