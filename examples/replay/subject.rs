//! The caches under test. Another kind is one more variant, one more arm in `run` and one `impl`.

use crate::buffers::Buffer;
use crate::time::StreamClock;
use clap::builder::PossibleValue;
use larder::cache::{Expiring, Heap, HeapCache, LruCache, Setup, Time, TimedCache, Untimed};
use larder::key::DefaultHash;
use larder::stats::{CacheStats, Striped};
use larder::time::Deadline;

/// The kinds there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The exact least-recently-used cache, `larder::cache::LruCache`.
    Lru,
    /// The same whose entries end, `larder::cache::TimedCache`.
    Timed,
    /// The one that threads share, `larder::cache::HeapCache`.
    Concurrent,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Lru, Self::Timed, Self::Concurrent];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lru => "lru",
            Self::Timed => "timed",
            Self::Concurrent => "concurrent",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Lru => "The exact least-recently-used cache",
            Self::Timed => "The same whose entries can end",
            Self::Concurrent => "The one that threads share",
        }
    }

    /// Whether threads can share it.
    pub(crate) fn is_shared(self) -> bool {
        self == Self::Concurrent
    }

    /// Whether its entries can end.
    pub(crate) fn keeps_time(self) -> bool {
        self != Self::Lru
    }
}

/// What the command line calls them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kinds {
    One(Kind),
    All,
}

impl Kinds {
    pub(crate) fn each(&self) -> &[Kind] {
        match self {
            Self::One(kind) => core::slice::from_ref(kind),
            Self::All => &Kind::ALL,
        }
    }
}

impl clap::ValueEnum for Kinds {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::One(Kind::Lru), Self::One(Kind::Timed), Self::One(Kind::Concurrent), Self::All]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::One(kind) => PossibleValue::new(kind.name()).help(kind.help()),
            Self::All => PossibleValue::new("all").help("All of these, side by side"),
        })
    }
}

/// What a cache holds: a buffer, and what belongs to it.
pub(crate) trait Content {
    fn buffer(&self) -> &[u8];

    /// When it is over.
    fn until(&self) -> Deadline;
}

impl Content for Buffer {
    #[inline]
    fn buffer(&self) -> &[u8] {
        self
    }

    #[inline]
    fn until(&self) -> Deadline {
        Deadline::NEVER
    }
}

/// A buffer that says itself when it is over: whoever is shown it can tell whether the cache was right to show it.
pub(crate) struct Dated {
    buffer: Buffer,
    until: Deadline,
}

impl Content for Dated {
    #[inline]
    fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    #[inline]
    fn until(&self) -> Deadline {
        self.until
    }
}

/// A cache, as a thread of the replay sees it.
pub(crate) trait Subject: Send {
    /// Looks a key up, which counts as a use of it. If it is there, its buffer is shown to `read` and when it is over.
    fn look_up(&mut self, key: u64, read: impl FnOnce(&[u8], Deadline)) -> bool;

    /// Puts in what a miss has made, and says whether there was room. What has to go for it is dropped.
    fn put(&mut self, key: u64, buffer: Buffer, until: Deadline) -> bool;

    /// How many entries there are.
    fn resident(&self) -> usize;

    /// How many bytes the cache takes, without what its buffers take in the pool.
    fn memory_size(&self) -> usize;

    /// What the cache has counted.
    fn stats(&self) -> CacheStats;
}

impl Subject for LruCache<u64, Buffer, Heap> {
    #[inline]
    fn look_up(&mut self, key: u64, read: impl FnOnce(&[u8], Deadline)) -> bool {
        self.get(&key).map(|buffer| read(buffer, Deadline::NEVER)).is_some()
    }

    #[inline]
    fn put(&mut self, key: u64, buffer: Buffer, _: Deadline) -> bool {
        LruCache::put(self, key, buffer);
        true
    }

    fn resident(&self) -> usize {
        self.len()
    }

    fn memory_size(&self) -> usize {
        LruCache::memory_size(self)
    }

    fn stats(&self) -> CacheStats {
        LruCache::stats(self)
    }
}

/// The exact cache whose entries live as long as they say.
pub(crate) type Timed<'a> = TimedCache<u64, Dated, Heap, Expiring<&'a StreamClock>>;

impl Subject for Timed<'_> {
    #[inline]
    fn look_up(&mut self, key: u64, read: impl FnOnce(&[u8], Deadline)) -> bool {
        self.get(&key).map(|content| read(content.buffer(), content.until())).is_some()
    }

    #[inline]
    fn put(&mut self, key: u64, buffer: Buffer, until: Deadline) -> bool {
        drop(self.insert_until(key, Dated { buffer, until }, until));
        true
    }

    fn resident(&self) -> usize {
        self.len()
    }

    fn memory_size(&self) -> usize {
        TimedCache::memory_size(self)
    }

    fn stats(&self) -> CacheStats {
        TimedCache::stats(self)
    }
}

/// The concurrent cache, whose entries live as `L` says.
pub(crate) type Concurrent<L> = HeapCache<u64, <L as Life>::Content, Setup<DefaultHash, L, Striped>>;

/// What a concurrent cache is made with.
pub(crate) fn counted<L>(life: L) -> Setup<DefaultHash, L, Striped> {
    Setup::new().time(life).recorder(Striped::new())
}

/// How the entries of a concurrent cache live.
pub(crate) trait Life: Time + Send + Sync + Sized {
    type Content: Content + Send + Sync;

    fn put(cache: &Concurrent<Self>, key: u64, buffer: Buffer, until: Deadline) -> bool;
}

impl Life for Untimed {
    type Content = Buffer;

    #[inline]
    fn put(cache: &Concurrent<Self>, key: u64, buffer: Buffer, _: Deadline) -> bool {
        cache.put(key, buffer).is_ok()
    }
}

impl Life for Expiring<&StreamClock> {
    type Content = Dated;

    #[inline]
    fn put(cache: &Concurrent<Self>, key: u64, buffer: Buffer, until: Deadline) -> bool {
        cache.insert_until(key, Dated { buffer, until }, until).is_ok()
    }
}

/// Each thread has a reference of its own.
impl<L: Life> Subject for &Concurrent<L>
where
    L::Stamp: Sync,
{
    #[inline]
    fn look_up(&mut self, key: u64, read: impl FnOnce(&[u8], Deadline)) -> bool {
        self.get_with(&key, |content| read(content.buffer(), content.until())).is_some()
    }

    #[inline]
    fn put(&mut self, key: u64, buffer: Buffer, until: Deadline) -> bool {
        L::put(self, key, buffer, until)
    }

    fn resident(&self) -> usize {
        self.len()
    }

    fn memory_size(&self) -> usize {
        HeapCache::memory_size(self)
    }

    fn stats(&self) -> CacheStats {
        HeapCache::stats(self)
    }
}
