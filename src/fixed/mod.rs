//! What never allocates.

pub(crate) mod arguments;
pub(crate) mod box_pool;
pub(crate) mod cache;
pub(crate) mod entry;
pub(crate) mod exact;
pub(crate) mod guard;
pub(crate) mod held;
mod keepers;
pub(crate) mod lru;
pub(crate) mod memo;
mod memoize;
pub(crate) mod pool;
pub(crate) mod setup;
pub(crate) mod timed;
pub(crate) mod tracker;
pub(crate) mod waiting;
pub(crate) mod watch;
mod wheel;
