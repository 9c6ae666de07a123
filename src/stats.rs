//! Counts, and those who keep them. The public module in `lib.rs` tells about them.

use crate::sync::{AtomicU32, AtomicWord, Line, Ordering, Word, spread};
use core::fmt;
use core::ops::AddAssign;
use core::panic::Location;

/// What a pool tells its recorder. Implemented by [`Off`], [`Shared`] and [`Placed`](crate::stats::Placed).
pub trait PoolRecorder: sealed::Sealed {
    /// What is kept for it with each slot.
    #[doc(hidden)]
    type Mark: Mark;
    /// An object was handed out.
    #[doc(hidden)]
    fn acquired(&self);
    /// An object came back.
    #[doc(hidden)]
    fn released(&self);
    /// There was none to hand out.
    #[doc(hidden)]
    fn exhausted(&self);
    /// What it has counted of a pool of so many slots, if it counts.
    #[doc(hidden)]
    fn counts(&self, capacity: usize) -> Option<PoolStats>;
}

/// A recorder that counts: [`Shared`], [`Placed`](crate::stats::Placed).
pub trait PoolCounter: PoolRecorder {
    /// What it has counted of a pool of so many slots.
    #[doc(hidden)]
    fn pool(&self, capacity: usize) -> PoolStats;
}

/// What a slot of a pool shows of the call that acquired what is in it: nothing, or its place.
pub trait Mark: Sized + Send + Sync {
    /// What is known of a call. Nothing is handed through where nothing is kept.
    #[doc(hidden)]
    type Call: Copy;
    #[doc(hidden)]
    const NONE: Self;
    /// That of the caller.
    #[doc(hidden)]
    #[track_caller]
    fn call() -> Self::Call;
    /// Says by which call the object went out. By who has the slot to himself, as the next.
    #[doc(hidden)]
    fn set(&self, call: Self::Call);
    /// It comes back.
    #[doc(hidden)]
    fn clear(&self);
    /// What it shows.
    #[doc(hidden)]
    fn place(&self) -> Option<&'static Location<'static>>;
}

impl Mark for () {
    type Call = ();

    const NONE: Self = ();

    #[inline]
    fn call() {}
    #[inline]
    fn set(&self, (): ()) {}
    #[inline]
    fn clear(&self) {}

    fn place(&self) -> Option<&'static Location<'static>> {
        None
    }
}

/// Counts nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Off(());

impl Off {
    /// The only one there is.
    pub const fn new() -> Self {
        Self(())
    }
}

impl PoolRecorder for Off {
    type Mark = ();

    #[inline]
    fn acquired(&self) {}
    #[inline]
    fn released(&self) {}
    #[inline]
    fn exhausted(&self) {}

    fn counts(&self, _: usize) -> Option<PoolStats> {
        None
    }
}

/// Counts in atomics that all users share.
///
/// At rest the counts are exact; while others work they may be some operations apart from each other. They have 32 bits,
/// as the smallest targets do, and wrap.
pub struct Shared {
    in_use: AtomicU32,
    high_water: AtomicU32,
    acquired: AtomicU32,
    exhausted: AtomicU32,
}

impl Shared {
    /// All zero.
    pub const fn new() -> Self {
        Self {
            in_use: AtomicU32::new(0),
            high_water: AtomicU32::new(0),
            acquired: AtomicU32::new(0),
            exhausted: AtomicU32::new(0),
        }
    }
}

impl PoolCounter for Shared {
    fn pool(&self, capacity: usize) -> PoolStats {
        // Relaxed, all: counts, which nothing else depends on.
        let read = |count: &AtomicU32| count.load(Ordering::Relaxed);
        PoolStats {
            capacity,
            in_use: read(&self.in_use),
            high_water: read(&self.high_water),
            acquired: read(&self.acquired),
            exhausted: read(&self.exhausted),
        }
    }
}

impl PoolRecorder for Shared {
    type Mark = ();

    fn acquired(&self) {
        // Relaxed, all: counts, which nothing else depends on.
        self.acquired.fetch_add(1, Ordering::Relaxed);
        let in_use = self.in_use.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if self.high_water.load(Ordering::Relaxed) < in_use {
            self.high_water.fetch_max(in_use, Ordering::Relaxed);
        }
    }

    fn released(&self) {
        // Relaxed: as above.
        self.in_use.fetch_sub(1, Ordering::Relaxed);
    }

    fn exhausted(&self) {
        // Relaxed: as above.
        self.exhausted.fetch_add(1, Ordering::Relaxed);
    }

    fn counts(&self, capacity: usize) -> Option<PoolStats> {
        Some(self.pool(capacity))
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// How an entry of a cache ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// To make room.
    Evicted,
    /// Its time was over.
    Expired,
    /// Its user took it out.
    Removed,
    /// Its key was inserted again.
    Replaced,
}

/// What a concurrent cache tells its recorder. Implemented by [`Off`] and [`Striped`].
pub trait CacheRecorder: sealed::Sealed {
    /// A look-up found its key.
    #[doc(hidden)]
    fn hit(&self);
    /// A look-up did not find its key.
    #[doc(hidden)]
    fn missed(&self);
    /// An entry was put in.
    #[doc(hidden)]
    fn inserted(&self);
    /// So many entries ended.
    #[doc(hidden)]
    fn ended(&self, end: End, entries: usize);
    /// What was counted, if anything is.
    #[doc(hidden)]
    fn counts(&self) -> Option<CacheStats> {
        None
    }
}

impl CacheRecorder for Off {
    #[inline]
    fn hit(&self) {}
    #[inline]
    fn missed(&self) {}
    #[inline]
    fn inserted(&self) {}
    #[inline]
    fn ended(&self, _: End, _: usize) {}
}

/// Counts what a concurrent cache does, in `STRIPES` copies on lines of their own: threads mostly have different ones, so that
/// they do not wait for each other's line. `Striped<1>` is shared by all, and takes the least room.
///
/// At rest the counts are exact; while others work they may be some operations apart from each other. They have 64 bits
/// where the target has such atomics, else 32, and wrap.
pub struct Striped<const STRIPES: usize = 8> {
    stripes: [Counts; STRIPES],
}

/// One count of each kind.
struct Counts {
    hits: AtomicWord,
    misses: AtomicWord,
    inserted: AtomicWord,
    evicted: AtomicWord,
    expired: AtomicWord,
    removed: AtomicWord,
    replaced: AtomicWord,
    _line: [Line; 0],
}

impl Counts {
    const fn new() -> Self {
        Self {
            hits: AtomicWord::new(0),
            misses: AtomicWord::new(0),
            inserted: AtomicWord::new(0),
            evicted: AtomicWord::new(0),
            expired: AtomicWord::new(0),
            removed: AtomicWord::new(0),
            replaced: AtomicWord::new(0),
            _line: [],
        }
    }
}

impl<const STRIPES: usize> Striped<STRIPES> {
    /// All zero.
    pub const fn new() -> Self {
        const { assert!(STRIPES > 0, "there is at least one stripe") };
        Self { stripes: [const { Counts::new() }; STRIPES] }
    }

    #[inline]
    fn here(&self) -> &Counts {
        if STRIPES == 1 { &self.stripes[0] } else { &self.stripes[spread() as usize % STRIPES] }
    }

    #[inline]
    fn add(count: &AtomicWord, entries: usize) {
        // Relaxed: a count, which nothing else depends on.
        count.fetch_add(entries as Word, Ordering::Relaxed);
    }

    pub(crate) fn cache(&self) -> CacheStats {
        #[allow(clippy::useless_conversion, reason = "a word has 32 bits on some targets")]
        let sum = |count: fn(&Counts) -> &AtomicWord| {
            // Relaxed: as above. (Wrapping, since a stripe wraps as well.)
            let each = self.stripes.iter().map(|stripe| count(stripe).load(Ordering::Relaxed));
            u64::from(each.fold(0, Word::wrapping_add))
        };
        CacheStats {
            hits: sum(|counts| &counts.hits),
            misses: sum(|counts| &counts.misses),
            inserted: sum(|counts| &counts.inserted),
            evicted: sum(|counts| &counts.evicted),
            expired: sum(|counts| &counts.expired),
            removed: sum(|counts| &counts.removed),
            replaced: sum(|counts| &counts.replaced),
        }
    }
}

impl<const STRIPES: usize> CacheRecorder for Striped<STRIPES> {
    #[inline]
    fn hit(&self) {
        Self::add(&self.here().hits, 1);
    }

    #[inline]
    fn missed(&self) {
        Self::add(&self.here().misses, 1);
    }

    #[inline]
    fn inserted(&self) {
        Self::add(&self.here().inserted, 1);
    }

    #[inline]
    fn ended(&self, end: End, entries: usize) {
        let counts = self.here();
        let count = match end {
            End::Evicted => &counts.evicted,
            End::Expired => &counts.expired,
            End::Removed => &counts.removed,
            End::Replaced => &counts.replaced,
        };
        Self::add(count, entries);
    }

    fn counts(&self) -> Option<CacheStats> {
        Some(self.cache())
    }
}

impl<const STRIPES: usize> Default for Striped<STRIPES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const STRIPES: usize> fmt::Debug for Striped<STRIPES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Striped").field("counts", &self.cache()).finish()
    }
}

/// What a pool with a recorder that counts has counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct PoolStats {
    /// Slots there are.
    pub capacity: usize,
    /// Objects out at the moment.
    pub in_use: u32,
    /// The most objects that were out at once.
    pub high_water: u32,
    /// Objects ever handed out.
    pub acquired: u32,
    /// How often there was none.
    pub exhausted: u32,
}

impl PoolStats {
    /// The part of the capacity that is in use, from 0 to 1; 0 where there is no capacity.
    pub fn utilization(&self) -> f32 {
        ratio(self.in_use.into(), self.capacity as u64)
    }
}

/// What a cache has counted since it was made, or since its counts were reset.
///
/// At rest `hits + misses` are the look-ups, and `inserted` is what is resident plus `evicted`, `expired`, `removed` and
/// `replaced` (from a reset on: plus what was resident then).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct CacheStats {
    /// Look-ups that found their key.
    pub hits: u64,
    /// Look-ups that did not.
    pub misses: u64,
    /// Entries put in, those that replaced one included.
    pub inserted: u64,
    /// Entries thrown out to make room.
    pub evicted: u64,
    /// Entries thrown out because their time was over.
    pub expired: u64,
    /// Entries taken out by the user.
    pub removed: u64,
    /// Entries whose key was inserted again.
    pub replaced: u64,
}

impl CacheStats {
    pub(crate) const NONE: Self =
        Self { hits: 0, misses: 0, inserted: 0, evicted: 0, expired: 0, removed: 0, replaced: 0 };

    /// Look-ups that found their key, as a part of all, from 0 to 1; 0 where there were none.
    pub fn hit_ratio(&self) -> f32 {
        ratio(self.hits, self.hits.saturating_add(self.misses))
    }
}

impl AddAssign for CacheStats {
    fn add_assign(&mut self, other: Self) {
        let Self { hits, misses, inserted, evicted, expired, removed, replaced } = other;
        self.hits = self.hits.saturating_add(hits);
        self.misses = self.misses.saturating_add(misses);
        self.inserted = self.inserted.saturating_add(inserted);
        self.evicted = self.evicted.saturating_add(evicted);
        self.expired = self.expired.saturating_add(expired);
        self.removed = self.removed.saturating_add(removed);
        self.replaced = self.replaced.saturating_add(replaced);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio is read by people")]
fn ratio(part: u64, whole: u64) -> f32 {
    if whole == 0 { 0.0 } else { part as f32 / whole as f32 }
}

pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Off {}
    impl Sealed for super::Shared {}
    impl<const STRIPES: usize> Sealed for super::Striped<STRIPES> {}
}
