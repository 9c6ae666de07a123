//! What never allocates.

pub(crate) mod box_pool;
pub(crate) mod cache;
pub(crate) mod entry;
pub(crate) mod guard;
pub(crate) mod lru;
pub(crate) mod pool;
pub(crate) mod setup;
pub(crate) mod timed;
mod wheel;
