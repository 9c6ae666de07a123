//! What has its capacity from run time: feature `alloc`.

pub(crate) mod cache;
mod lru;
mod memoize;
pub(crate) mod object_pool;
pub(crate) mod tracker;
