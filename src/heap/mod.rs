//! What has its capacity from run time: feature `alloc`.

pub(crate) mod cache;
mod lru;
pub(crate) mod object_pool;
mod timed;
