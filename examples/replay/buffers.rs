//! What a cache holds here: buffers that belong to a pool, and are tracked.

use alloc::sync::Arc;
use core::ops::Deref;
use larder::CapacityError;
use larder::pool::{ObjectPool, OwnedPooled, Recycle};
use larder::stats::{PoolStats, Shared};
use larder::time::Instant;
use larder::tracker::{HeapTracker, OwnedHandle, Thresholds, TrackerStats, Tracking};

/// What is tracked: a buffer out of the pool. It goes back when it is cleaned up.
type Lent = OwnedPooled<Box<[u8]>, Blank>;

/// A buffer that a cache owns. When it is dropped its buffer waits for the next [`Buffers::clean_up`].
pub(crate) struct Buffer(OwnedHandle<Lent>);

impl Deref for Buffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Makes buffers of one size.
struct Blank {
    bytes: usize,
}

impl Recycle<Box<[u8]>> for Blank {
    fn create(&self) -> Box<[u8]> {
        vec![0; self.bytes].into_boxed_slice()
    }
}

/// The pool that misses take from, and the tracker that knows which buffers are out.
pub(crate) struct Buffers {
    pool: ObjectPool<Box<[u8]>, Blank>,
    tracker: Arc<HeapTracker<Lent>>,
}

impl Buffers {
    /// For a cache of that many entries. There is one buffer more than the cache has entries: the one that is filled while the cache is
    /// still full, before its insertion evicts another. Of several threads each can have three in hand: one that its insertion
    /// evicted, one that another thread had put in for the same key meanwhile, and one that is just being cleaned up.
    pub(crate) fn new(
        capacity: usize,
        threads: usize,
        bytes: usize,
        thresholds: Thresholds,
    ) -> Result<Self, CapacityError> {
        let in_hand = if threads == 1 { 1 } else { 3 * threads };
        let buffers = capacity.saturating_add(in_hand);
        let pool = ObjectPool::try_with_recorder("buffers", buffers, Blank { bytes }, Shared::new())?;
        // A buffer is back in the pool before its slot in the tracker is free.
        let tracking = Tracking::new().thresholds(thresholds);
        let tracker = HeapTracker::try_with_capacity(buffers.saturating_add(threads), tracking)?;
        Ok(Self { pool, tracker: Arc::new(tracker) })
    }

    /// A buffer with the content that belongs to a key. A pool that has none counts that.
    #[inline]
    pub(crate) fn take(&self, key: u64) -> Option<Buffer> {
        let mut buffer = self.pool.acquire_owned().ok()?;
        fill(&mut buffer, key);
        Some(Buffer(self.tracker.track_owned(buffer).expect("there is a slot for every buffer")))
    }

    /// Gives the buffers back that nobody holds any more.
    #[inline]
    pub(crate) fn clean_up(&self) {
        self.tracker.drain(usize::MAX);
    }

    /// Sweeps the tracker, if that is due.
    pub(crate) fn sweep(&self) {
        self.tracker.sweep(Instant::START, usize::MAX);
    }

    pub(crate) fn in_use(&self) -> usize {
        self.pool.in_use()
    }

    pub(crate) fn pool(&self) -> PoolStats {
        self.pool.stats()
    }

    pub(crate) fn tracker(&self) -> TrackerStats {
        self.tracker.stats()
    }
}

/// About how many bytes the buffers of so many entries take: each a slot of the pool with its state, one of the tracker with nine
/// bytes besides, and its content. What the allocator adds is not in it.
pub(crate) fn memory_size(entries: usize, bytes: usize) -> usize {
    entries.saturating_mul(size_of::<Box<[u8]>>() + 1 + size_of::<Lent>() + 9 + bytes)
}

/// Stands for the work that a cache saves: makes the content that belongs to a key.
fn fill(buffer: &mut [u8], key: u64) {
    let content = key.to_le_bytes();
    for part in buffer.chunks_mut(content.len()) {
        part.copy_from_slice(&content[..part.len()]);
    }
}

/// Whether the content belongs to the key. Only its beginning is looked at.
pub(crate) fn belongs_to(buffer: &[u8], key: u64) -> bool {
    buffer.iter().zip(key.to_le_bytes()).all(|(&byte, expected)| byte == expected)
}
