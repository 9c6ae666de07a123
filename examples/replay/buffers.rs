//! What a cache holds here: buffers that belong to a pool.

use larder::CapacityError;
use larder::pool::{ObjectPool, OwnedPooled, Recycle};
use larder::stats::Shared;

/// The pool that misses take from.
pub(crate) type Buffers = ObjectPool<Box<[u8]>, Blank>;

/// A buffer that a cache owns. Dropping it gives it back.
pub(crate) type Buffer = OwnedPooled<Box<[u8]>, Blank>;

/// Makes buffers of one size.
pub(crate) struct Blank {
    bytes: usize,
}

impl Recycle<Box<[u8]>> for Blank {
    fn create(&self) -> Box<[u8]> {
        vec![0; self.bytes].into_boxed_slice()
    }
}

/// A pool for a cache of that many entries. It has one buffer more than the cache has entries: the one that is filled
/// while the cache is still full, before its insertion evicts another. Of several threads each can have two in hand: one that its
/// insertion evicted, and one that another thread had put in for the same key meanwhile.
pub(crate) fn pool_for(capacity: usize, threads: usize, bytes: usize) -> Result<Buffers, CapacityError> {
    let in_hand = if threads == 1 { 1 } else { 2 * threads };
    let buffers = capacity.saturating_add(in_hand);
    ObjectPool::try_with_recorder("buffers", buffers, Blank { bytes }, Shared::new())
}

/// About how many bytes the buffers of so many entries take: each a slot of the pool with its state, and its content. What
/// the allocator adds is not in it.
pub(crate) fn memory_size(entries: usize, bytes: usize) -> usize {
    entries.saturating_mul(size_of::<Box<[u8]>>() + 1 + bytes)
}

/// Stands for the work that a cache saves: makes the content that belongs to a key.
pub(crate) fn fill(buffer: &mut [u8], key: u64) {
    let content = key.to_le_bytes();
    for part in buffer.chunks_mut(content.len()) {
        part.copy_from_slice(&content[..part.len()]);
    }
}

/// Whether the content belongs to the key. Only its beginning is looked at.
pub(crate) fn belongs_to(buffer: &[u8], key: u64) -> bool {
    buffer.iter().zip(key.to_le_bytes()).all(|(&byte, expected)| byte == expected)
}
