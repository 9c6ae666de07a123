//! What has its capacity from run time: feature `alloc`.

mod lru;
pub(crate) mod object_pool;
