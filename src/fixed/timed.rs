//! `TimedCache`: the exact one whose entries end.
//!
//! The steps of an insertion are one function when compiled. What one handed to the next in memory would be written in other pieces than it
//! is read in, and such a read waits until all writes before it have arrived: those of the last insertions too, to memory that is far away.

#![expect(clippy::inline_always, reason = "see above")]

use super::cache::Swept;
use super::lru::{Displaced, Inserted};
use super::wheel::Wheel;
use crate::dice::Dice;
use crate::key::{DefaultHash, Equivalent, hash32};
use crate::lifetime::{Idling, Stamp, Timed};
use crate::raw::hash_list::{self, Found, HashList};
use crate::raw::memory::{At, Inline, Links, Memory};
use crate::stats::CacheStats;
use crate::time::{Clock, Deadline, Instant};
use core::convert::Infallible;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::iter::FusedIterator;
use core::time::Duration;

/// A value, and how long it lives.
pub(crate) struct Dated<V, S> {
    value: V,
    stamp: S,
}

/// The entries of a timed cache, with their times.
type ListOf<K, V, M, T> = HashList<K, Dated<V, StampOf<T>>, M, Links>;

/// An entry that was found.
type FoundIn<'a, K, V, M, T> = Found<'a, K, Dated<V, StampOf<T>>, M, Links>;

/// What is kept with each entry.
type StampOf<T> = <T as crate::lifetime::Time>::Stamp;

/// An exact LRU cache whose entries also end: after a time to live, the cache's or their own, or when they have not been used for
/// some time.
///
/// `M` says where it lies, as of an [`LruCache`](crate::cache::LruCache): [`Inline<N>`](Inline) or `Heap`. `T` is how it keeps time,
/// and what an entry takes for that: [`Expiring`](crate::cache::Expiring) (8 bytes),
/// [`ExpiringInSteps`](crate::cache::ExpiringInSteps) (4) or [`Idling`] (16), with a [`Clock`] that you give. `H` is the hasher.
///
/// No look-up gives what is over. Where room is needed what is over goes first: as long as there is such an entry, no other one is
/// evicted. Without time [`LruCache`](crate::cache::LruCache) is faster and smaller; to be used by several threads at once there are
/// `Shared` (`alloc`), which puts this one behind a lock, and the concurrent [`Cache`](crate::cache::Cache).
///
/// ```
/// use core::time::Duration;
/// use larder::cache::{Expiring, Inline, Inserted, TimedCache};
/// use larder::time::ManualClock;
///
/// static CLOCK: ManualClock = ManualClock::new();
///
/// let time = Expiring::new(&CLOCK).with_time_to_live(Duration::from_secs(60));
/// let mut cache: TimedCache<&str, u32, Inline<2>, _> = TimedCache::new(time);
/// cache.put("a", 1);
/// cache.put_for("b", 2, Duration::from_secs(5));
/// CLOCK.advance(Duration::from_secs(5));
/// assert_eq!(cache.get("a"), Some(&1));
/// assert_eq!(cache.get("b"), None);
/// // "b" is over. It goes first, though "a" is not the most recently used one then.
/// assert_eq!(cache.insert("c", 3), Inserted::Evicted("b", 2));
/// ```
///
/// # What is over
///
/// An entry that is over is there for nobody, but stays where it is until an insertion takes its room or its key,
/// [`remove`](Self::remove) or [`retain`](Self::retain) meets it, or a [`sweep`](Self::sweep) comes by: look-ups drop nothing.
/// [`len`](Self::len) counts it until then, iterators pass it over, and it goes counted as `expired`.
///
/// Whether an entry is over is decided by what the clock says now. If time goes backward, what has not gone yet may be
/// there again; nothing ends sooner for it.
///
/// # Cost
///
/// A call reads the clock once at most, and once more when it has computed a value. Look-ups are O(1), expected over hashes. So are insertions and removals, with what the
/// timer wheel takes (see `docs/internals.md`): an entry is moved at most sixteen times on its way to its end, a few times as a rule,
/// by insertions that need room, and by sweeps; never by look-ups. A single insertion may have to move many: those that were
/// to end within the same sixteenth of some span of time. A call of [`sweep`](Self::sweep) with a small budget every now and then
/// does it beforehand. If time goes back by more than entries live, the next insertion moves those that were to end soon.
///
/// [`memory_size`](Self::memory_size) says what memory it takes: as much as an `LruCache`, and for each place (inline: entry) 8
/// bytes and those of `T`, and 1100 bytes in all.
///
/// # Panics
///
/// As of an [`LruCache`](crate::cache::LruCache): `Hash`, `Eq`, `Drop` and closures are called while the cache is whole. If one of
/// them panics, the cache is as it was before the call or as it is after it; a call that works entry by entry (`retain`, `resize`, `extend`, `sweep`) ends there.
/// Every key and value is still in the cache, or was dropped or handed back once.
pub struct TimedCache<K, V, M: Memory, T: Timed, H = DefaultHash> {
    list: ListOf<K, V, M, T>,
    wheel: Wheel,
    time: T,
    jitter: Jitter,
    hasher: H,
    stats: CacheStats,
}

impl<K, V, const N: usize, T: Timed> TimedCache<K, V, Inline<N>, T> {
    /// An empty cache for `N` entries.
    pub const fn new(time: T) -> Self {
        Self::with_hasher(time, DefaultHash::new())
    }
}

impl<K, V, const N: usize, T: Timed, H> TimedCache<K, V, Inline<N>, T, H> {
    /// An empty cache for `N` entries, with a hasher of your choice.
    pub const fn with_hasher(time: T, hasher: H) -> Self {
        Self::of(HashList::new(), time, hasher)
    }
}

// What does not look at keys.
impl<K, V, M: Memory, T: Timed, H> TimedCache<K, V, M, T, H> {
    pub(crate) const fn of(list: ListOf<K, V, M, T>, time: T, hasher: H) -> Self {
        Self { list, wheel: Wheel::new(), time, jitter: Jitter::NONE, hasher, stats: CacheStats::NONE }
    }

    /// How many entries there are, those that are over and have not gone yet included.
    #[inline]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none, as [`len`](Self::len) counts them.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there can be.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.list.capacity()
    }

    /// How many bytes of memory the cache takes, without what its keys and values own elsewhere. It does not depend on how
    /// many entries there are.
    pub fn memory_size(&self) -> usize {
        size_of::<Self>() + self.list.bytes_elsewhere()
    }

    /// The hasher.
    pub fn hasher(&self) -> &H {
        &self.hasher
    }

    /// What was counted since the cache was made, or since [`reset_stats`](Self::reset_stats).
    pub fn stats(&self) -> CacheStats {
        self.stats
    }

    /// Sets the counts to zero.
    pub fn reset_stats(&mut self) {
        self.stats = CacheStats::NONE;
    }

    /// The present.
    pub(crate) fn now(&self) -> Instant {
        self.time.now()
    }

    /// The clock.
    pub fn clock(&self) -> &T::Clock {
        self.time.clock()
    }

    /// How long an entry lives from the moment it is put in, if nothing else is said then; `Duration::MAX` for ever.
    pub fn time_to_live(&self) -> Duration {
        self.time.time_to_live()
    }

    /// Sets it, for entries that are put in from now on.
    pub fn set_time_to_live(&mut self, ttl: Duration) {
        // Nobody else can be half-way.
        self.time.set_time_to_live(ttl);
    }

    /// Has entries that are put in from now on live up to so much less than they would, each by another part of it, so that what
    /// was put in together does not end together. It is taken from a time to live, the cache's or an entry's own, and leaves a tick of it at
    /// least; not from a deadline. `Duration::ZERO` is none.
    ///
    /// The parts follow from the seed: caches that run side by side want different ones.
    ///
    /// ```
    /// use core::time::Duration;
    /// use larder::cache::{Expiring, Inline, TimedCache};
    /// use larder::time::{Clock, ManualClock};
    ///
    /// let time = Expiring::new(ManualClock::<1>::new()).with_time_to_live(Duration::from_secs(100));
    /// let mut cache: TimedCache<u32, u32, Inline<8>, _> = TimedCache::new(time);
    /// cache.set_jitter(Duration::from_secs(10), 7);
    /// cache.extend((0..8).map(|key| (key, key)));
    /// cache.clock().advance(Duration::from_secs(89));
    /// assert_eq!(cache.iter().count(), 8);
    /// cache.clock().advance(Duration::from_secs(11));
    /// assert_eq!(cache.iter().count(), 0);
    /// ```
    pub fn set_jitter(&mut self, most: Duration, seed: u64) {
        self.jitter = Jitter { most: T::Clock::ticks(most), dice: Dice::new(seed) };
    }

    /// A time before which nothing ends: when it is worth while to [`sweep`](Self::sweep). It is about when the next entry ends, and
    /// the closer the sooner that is: who sleeps until then, sweeps and asks again, does so at most sixteen times for an entry.
    pub fn next_end(&self) -> Deadline {
        self.wheel.next()
    }

    /// Takes out and drops entries whose time is over at `now`. It looks at `budget` entries at most, first at those that are to end
    /// first, and goes on where the last sweep ended: when it looks at fewer, nothing is over any more.
    ///
    /// It looks only at entries that may be over. So the time it takes depends on `budget` alone.
    pub fn sweep(&mut self, now: Instant, budget: usize) -> Swept {
        let mut left = budget;
        let mut expired = 0;
        while let Some(entry) = self.expire(now, &mut left) {
            expired += 1;
            drop(entry);
        }
        Swept { expired, looked_at: budget - left }
    }

    /// Takes out an entry whose time is over at `now`: of those the one that was to end first, or nearly so.
    #[inline]
    pub fn pop_expired(&mut self, now: Instant) -> Option<(K, V)> {
        if !self.wheel.is_due(now) {
            return None;
        }
        let mut all = usize::MAX;
        self.expire(now, &mut all)
    }

    /// Takes out an entry that is over, and looks at so many at most.
    pub(crate) fn expire(&mut self, now: Instant, budget: &mut usize) -> Option<(K, V)> {
        while *budget > 0 {
            let at = self.wheel.due(now)?;
            *budget -= 1;
            self.wheel.remove(&mut self.list, at);
            let found = self.list.numbered(at).expect("what is in the wheel is in the list");
            let end = found.value().stamp.end();
            if end.has_passed(now) {
                self.stats.expired += 1;
                let (key, dated) = found.take();
                return Some((key, dated.value));
            }
            self.wheel.insert(&mut self.list, at, end);
        }
        None
    }

    /// What an entry was, which is to be forgotten by the wheel too.
    #[inline(always)]
    fn unwound(&mut self, at: At, (key, dated): (K, Dated<V, StampOf<T>>)) -> (K, V) {
        self.wheel.remove(&mut self.list, at);
        (key, dated.value)
    }

    /// The least recently used of the entries that are not over, left where it is. Takes a step for each that is over behind it.
    pub fn peek_lru(&self) -> Option<(&K, &V)> {
        self.iter().next_back()
    }

    /// Takes the least recently used entry out that is not over. Counted as removed. Those that are over and were used less recently
    /// are dropped.
    pub fn pop_lru(&mut self) -> Option<(K, V)> {
        let now = self.time.now();
        while let Some(found) = self.list.numbered(self.list.back_number()) {
            let (at, is_over) = (found.number(), found.value().stamp.has_passed(now));
            let entry = found.take();
            let entry = self.unwound(at, entry);
            if !is_over {
                self.stats.removed += 1;
                return Some(entry);
            }
            self.stats.expired += 1;
            drop(entry);
        }
        None
    }

    /// Takes out and drops all entries for which `keep` is false, from the most to the least recently used, which count as removed,
    /// and those that are over, which `keep` is not shown. The order of the others does not change.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let now = self.time.now();
        let mut next = self.list.front_number();
        while let Some(mut found) = self.list.numbered(next) {
            let (at, is_over) = (found.number(), found.value().stamp.has_passed(now));
            next = found.next_number();
            let (key, dated) = found.entry_mut();
            if !is_over && keep(key, &mut dated.value) {
                continue;
            }
            let entry = found.take();
            let entry = self.unwound(at, entry);
            self.stats.expired += u64::from(is_over);
            self.stats.removed += u64::from(!is_over);
            drop(entry);
        }
    }

    /// Drops all entries, the rest also if one of the drops panics. Counted as removed.
    pub fn clear(&mut self) {
        self.stats.removed += self.len() as u64;
        self.wheel.clear();
        self.list.clear();
    }

    /// The entries that are not over, from the most to the least recently used. Their order does not change.
    pub fn iter(&self) -> TimedIter<'_, K, V, StampOf<T>> {
        TimedIter { entries: self.list.iter(), now: self.time.now() }
    }

    /// Exchanges the memory for `list`, which has another capacity, and its links: what does not fit goes first, entries that are over before others.
    #[allow(dead_code, reason = "without `alloc` there is no memory to move to")]
    pub(crate) fn move_to(&mut self, mut list: ListOf<K, V, M, T>) {
        let now = self.time.now();
        while self.len() > list.capacity() {
            let mut entry = self.pop_expired(now);
            if entry.is_none() {
                self.stats.evicted += 1;
                entry = self.pop_last();
            }
            drop(entry);
        }
        self.list.move_to(&mut list);
        self.list = list;
        self.wheel = Wheel::new();
        let mut next = self.list.front_number();
        while let Some(found) = self.list.numbered(next) {
            let (at, end) = (found.number(), found.value().stamp.end());
            next = found.next_number();
            self.wheel.insert(&mut self.list, at, end);
        }
    }

    /// Takes out the last entry, also if it is over.
    #[inline(always)]
    fn pop_last(&mut self) -> Option<(K, V)> {
        let at = self.list.back_number();
        let entry = self.list.pop_back()?;
        Some(self.unwound(at, entry))
    }

    /// Takes out an entry, whichever. Counted as removed.
    pub(crate) fn take_last(&mut self) -> Option<(K, V)> {
        let entry = self.pop_last()?;
        self.stats.removed += 1;
        Some(entry)
    }

    /// Takes out the least recently used entry for the sake of room. Counted as evicted, or as expired.
    pub(crate) fn evict_last(&mut self, now: Instant) -> Option<(K, V)> {
        let is_over = self.list.back().is_some_and(|(_, dated)| dated.stamp.has_passed(now));
        let entry = self.pop_last()?;
        self.stats.expired += u64::from(is_over);
        self.stats.evicted += u64::from(!is_over);
        Some(entry)
    }

    #[doc(hidden)]
    pub fn validate(&self) {
        self.list.validate();
        assert!(self.len() <= self.capacity(), "more entries than the capacity");
        let mut in_wheel = 0;
        self.wheel.validate(&self.list, |at, start| {
            let (_, dated) = self.list.get_numbered(at).expect("what is in the wheel is in the list");
            assert!(Deadline::at(start) <= dated.stamp.end(), "an entry is looked at too late");
            in_wheel += 1;
        });
        let ends = |dated: &Dated<V, StampOf<T>>| !dated.stamp.end().is_never();
        assert!(
            self.list.iter_numbered().all(|(at, dated)| Wheel::contains(&self.list, at) || !ends(dated)),
            "what ends is in the wheel"
        );
        let linked = self.list.iter_numbered().filter(|&(at, _)| Wheel::contains(&self.list, at)).count();
        assert_eq!(in_wheel, linked, "what has links is in the wheel");
    }
}

// What looks at keys.
impl<K: Hash + Eq, V, M: Memory, T: Timed, H: BuildHasher> TimedCache<K, V, M, T, H> {
    /// The value of a key, which is the most recently used one then. Counted as a hit or a miss.
    #[inline]
    pub fn get<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<&V> {
        self.get_mut(key).map(|value| &*value)
    }

    /// As [`get`](Self::get), with a mutable value.
    #[inline]
    pub fn get_mut<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<&mut V> {
        let hash = hash32(&self.hasher, key);
        // A real clock takes as long as memory does. Where there is nothing to fetch it is hardly ever asked.
        let early = self.list.foresee_look_up(hash).then(|| self.time.now());
        let found = self.list.lookup(hash, |of| key.equivalent(of));
        let value = found.and_then(|found| {
            let now = early.unwrap_or_else(|| self.time.now());
            Self::use_found(found, &self.time, now)
        });
        if value.is_some() {
            self.stats.hits += 1;
        } else {
            self.stats.misses += 1;
        }
        value
    }

    /// Uses an entry, unless it is over.
    #[inline]
    fn use_found<'a>(found: FoundIn<'a, K, V, M, T>, time: &T, now: Instant) -> Option<&'a mut V> {
        if found.value().stamp.has_passed(now) {
            return None;
        }
        let dated = found.promote();
        if StampOf::<T>::EXTENDS {
            dated.stamp.extend(time.idle_deadline(now));
        }
        Some(&mut dated.value)
    }

    /// The entry of a key with its time, unless it is over.
    #[inline]
    fn peek_dated<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<&Dated<V, StampOf<T>>> {
        let hash = hash32(&self.hasher, key);
        let (_, dated) = self.list.get(hash, |of| key.equivalent(of))?;
        (!dated.stamp.has_passed(self.time.now())).then_some(dated)
    }

    /// The value of a key, left where it is in the order. Not counted, and no use: it does not live longer for it.
    #[inline]
    pub fn peek<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<&V> {
        self.peek_dated(key).map(|dated| &dated.value)
    }

    /// As [`peek`](Self::peek), with a mutable value.
    #[inline]
    pub fn peek_mut<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<&mut V> {
        let hash = hash32(&self.hasher, key);
        let (_, dated) = self.list.get_mut(hash, |of| key.equivalent(of))?;
        (!dated.stamp.has_passed(self.time.now())).then_some(&mut dated.value)
    }

    /// Whether the key is there. Not counted, and no use.
    #[inline]
    pub fn contains<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> bool {
        self.peek_dated(key).is_some()
    }

    /// When the entry of a key ends, if it is not used any more; none if the key is not there. Not counted, and no use.
    pub fn deadline<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<Deadline> {
        self.peek_dated(key).map(|dated| dated.stamp.end())
    }

    /// Puts the entry in for the cache's time to live, as the most recently used one, and says what that displaced: the value that the
    /// key had (its stored key stays, the new one is dropped), or an entry that had to go. That is the one of the same key if it was
    /// over, or else, if there was no room, one that was over, or else the least recently used one.
    #[inline]
    pub fn insert(&mut self, key: K, value: V) -> Inserted<K, V> {
        self.exchange(key, value).into()
    }

    /// As [`insert`](Self::insert), and drops what was displaced.
    #[inline]
    pub fn put(&mut self, key: K, value: V) {
        drop(self.exchange(key, value));
    }

    /// As [`insert`](Self::insert), for so long, whatever the cache's own time to live is; `Duration::MAX` for ever.
    pub fn insert_for(&mut self, key: K, value: V, ttl: Duration) -> Inserted<K, V> {
        self.exchange_for(key, value, ttl).into()
    }

    /// As [`put`](Self::put), for so long, whatever the cache's own time to live is; `Duration::MAX` for ever.
    pub fn put_for(&mut self, key: K, value: V, ttl: Duration) {
        drop(self.exchange_for(key, value, ttl));
    }

    /// As [`insert`](Self::insert), until `deadline`, whatever the cache's own time to live is.
    pub fn insert_until(&mut self, key: K, value: V, deadline: Deadline) -> Inserted<K, V> {
        let (hash, now) = self.begin_insert(&key);
        self.store(hash, key, value, now, deadline).into()
    }

    /// What [`insert`](Self::insert) and [`put`](Self::put) do.
    #[inline]
    pub(crate) fn exchange(&mut self, key: K, value: V) -> Displaced<K, V> {
        let (hash, now) = self.begin_insert(&key);
        let deadline = self.deadline_from(now);
        self.store(hash, key, value, now, deadline)
    }

    #[inline]
    pub(crate) fn exchange_for(&mut self, key: K, value: V, ttl: Duration) -> Displaced<K, V> {
        let (hash, now) = self.begin_insert(&key);
        let deadline = self.time.deadline_after(now, T::Clock::ticks(ttl));
        let deadline = self.jitter.shorten(now, deadline);
        self.store(hash, key, value, now, deadline)
    }

    /// The hash of a key, and the present.
    #[inline]
    fn begin_insert(&self, key: &K) -> (u32, Instant) {
        (hash32(&self.hasher, key), self.time.now())
    }

    /// When an entry ends that is put in now.
    #[inline]
    fn deadline_from(&mut self, now: Instant) -> Deadline {
        self.jitter.shorten(now, self.time.deadline(now))
    }

    #[inline]
    fn store(&mut self, hash: u32, key: K, value: V, now: Instant, deadline: Deadline) -> Displaced<K, V> {
        let dated = self.dated(value, now, deadline);
        let Some(found) = self.list.lookup(hash, |of| key.equivalent(of)) else {
            return self.push(hash, key, dated, now);
        };
        let at = found.number();
        if found.value().stamp.has_passed(now) {
            let entry = found.take();
            let (old_key, old) = self.unwound(at, entry);
            self.stats.expired += 1;
            // There is room now, so nothing has to go.
            let _ = self.push(hash, key, dated, now);
            return Displaced::Entry(old_key, old);
        }
        self.stats.inserted += 1;
        self.stats.replaced += 1;
        let end = dated.stamp.end();
        let old = core::mem::replace(found.promote(), dated);
        // By EARLY of the wheel it may stay where it is if it ends later.
        if end < old.stamp.end() {
            self.wheel.remove(&mut self.list, at);
            self.wheel.insert(&mut self.list, at, end);
        }
        Displaced::Value(key, old.value)
    }

    #[inline]
    fn dated(&self, value: V, now: Instant, deadline: Deadline) -> Dated<V, StampOf<T>> {
        Dated { value, stamp: StampOf::<T>::new(deadline, self.time.idle_deadline(now)) }
    }

    /// Puts in an entry whose key is not there, and gives the one that had to go.
    #[inline(always)]
    fn push(&mut self, hash: u32, key: K, dated: Dated<V, StampOf<T>>, now: Instant) -> Displaced<K, V> {
        self.stats.inserted += 1;
        let mut gone = Displaced::Nothing;
        if self.list.is_full() {
            let Some((old_key, old)) = self.make_room(now) else {
                self.stats.evicted += 1;
                return Displaced::Entry(key, dated.value);
            };
            gone = Displaced::Entry(old_key, old);
        }
        let end = dated.stamp.end();
        let at = self.list.insert_front(hash, key, dated);
        self.wheel.insert(&mut self.list, at, end);
        gone
    }

    /// Takes out an entry that is over, or else the least recently used one. None if there is no room at all.
    #[inline(always)]
    fn make_room(&mut self, now: Instant) -> Option<(K, V)> {
        if let Some(expired) = self.pop_expired(now) {
            return Some(expired);
        }
        let last = self.pop_last()?;
        self.stats.evicted += 1;
        Some(last)
    }

    /// The value of a key, made by `make` if it was not there; the most recently used one then. Counted as a hit or a miss.
    ///
    /// None if it was not there and there is no room at all: the capacity is 0. What had to go for it is dropped. What is made lives from
    /// the moment on when it is put in.
    #[inline]
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce(&K) -> V) -> Option<&mut V> {
        let Ok(value) = self.try_get_or_insert_with(key, |key| Ok::<V, Infallible>(make(key)));
        value
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), but `make` may fail; then nothing is put in.
    ///
    /// # Errors
    ///
    /// That of `make`.
    pub fn try_get_or_insert_with<E>(
        &mut self,
        key: K,
        make: impl FnOnce(&K) -> Result<V, E>,
    ) -> Result<Option<&mut V>, E> {
        let hash = hash32(&self.hasher, &key);
        if self.use_or_clear(hash, &key) {
            self.stats.hits += 1;
            return Ok(self.most_recent());
        }
        self.stats.misses += 1;
        match make(&key) {
            Ok(value) => {
                let now = self.time.now();
                let deadline = self.deadline_from(now);
                let dated = self.dated(value, now, deadline);
                drop(self.push(hash, key, dated, now));
                Ok(self.most_recent())
            }
            Err(error) => {
                // Before the error is on its way to the caller: it would leak if this panicked.
                drop(key);
                Err(error)
            }
        }
    }

    /// Uses the entry of a key, and says whether there is one. One that is over goes.
    #[inline]
    fn use_or_clear(&mut self, hash: u32, key: &K) -> bool {
        let Some(found) = self.list.lookup(hash, |of| key.equivalent(of)) else { return false };
        let now = self.time.now();
        if !found.value().stamp.has_passed(now) {
            return Self::use_found(found, &self.time, now).is_some();
        }
        self.stats.expired += 1;
        let (at, entry) = (found.number(), found.take());
        drop(self.unwound(at, entry));
        false
    }

    /// The value of the most recently used entry.
    #[inline]
    fn most_recent(&mut self) -> Option<&mut V> {
        self.list.front_mut().map(|(_, dated)| &mut dated.value)
    }

    /// Takes a value out. Counted as removed.
    #[inline]
    pub fn remove<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<V> {
        let (key, value) = self.remove_entry(key)?;
        // Before the value is on its way to the caller: it would leak if this panicked.
        drop(key);
        Some(value)
    }

    /// Takes an entry out. Counted as removed. One that is over is dropped, and counted as expired.
    #[inline]
    pub fn remove_entry<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<(K, V)> {
        let (is_over, entry) = self.take(key)?;
        if is_over {
            drop(entry);
            return None;
        }
        Some(entry)
    }

    /// Takes an entry out, also one that is over, and says whether it is.
    #[inline]
    pub(crate) fn take<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<(bool, (K, V))> {
        let hash = hash32(&self.hasher, key);
        let found = self.list.lookup(hash, |of| key.equivalent(of))?;
        let is_over = found.value().stamp.has_passed(self.time.now());
        self.stats.expired += u64::from(is_over);
        self.stats.removed += u64::from(!is_over);
        let (at, entry) = (found.number(), found.take());
        Some((is_over, self.unwound(at, entry)))
    }
}

// What entries do that are not used.
impl<K, V, M: Memory, C: Clock, H> TimedCache<K, V, M, Idling<C>, H> {
    /// How long an entry lives after it was last used; `Duration::MAX` for ever.
    pub fn time_to_idle(&self) -> Duration {
        self.time.time_to_idle()
    }

    /// Sets it, for entries that are put in or used from now on.
    pub fn set_time_to_idle(&mut self, idle: Duration) {
        // Nobody else can be half-way.
        self.time.set_time_to_idle(idle);
    }
}

/// Takes something off the lives of entries.
struct Jitter {
    /// Ticks that are taken off at most.
    most: u64,
    /// What the next part follows from.
    dice: Dice,
}

impl Jitter {
    const NONE: Self = Self { most: 0, dice: Dice::new(0) };

    /// A deadline that comes before this one, by a part of what may be taken off. What lives for a tick, or for ever, is left alone.
    #[inline]
    fn shorten(&mut self, now: Instant, deadline: Deadline) -> Deadline {
        match deadline.instant() {
            Some(end) if self.most > 0 => {
                let most = self.most.min(end.saturating_since(now).saturating_sub(1));
                Deadline::at(Instant::from_ticks(end.ticks() - self.dice.up_to(most)))
            }
            _ => deadline,
        }
    }
}

impl<K, V, const N: usize, T: Timed + Default, H: Default> Default for TimedCache<K, V, Inline<N>, T, H> {
    fn default() -> Self {
        Self::with_hasher(T::default(), H::default())
    }
}

impl<K: Hash + Eq, V, M: Memory, T: Timed, H: BuildHasher> Extend<(K, V)> for TimedCache<K, V, M, T, H> {
    /// [`put`](TimedCache::put)s one after the other.
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(key, value)| self.put(key, value));
    }
}

impl<K: fmt::Debug, V: fmt::Debug, M: Memory, T: Timed, H> fmt::Debug for TimedCache<K, V, M, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<'a, K, V, M: Memory, T: Timed, H> IntoIterator for &'a TimedCache<K, V, M, T, H> {
    type Item = (&'a K, &'a V);
    type IntoIter = TimedIter<'a, K, V, StampOf<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The entries of a [`TimedCache`] that were not over when it was made, from the most to the least recently used.
#[must_use = "an iterator does nothing until it is asked"]
pub struct TimedIter<'a, K, V, S> {
    entries: hash_list::Iter<'a, K, Dated<V, S>>,
    now: Instant,
}

impl<'a, K, V, S: Stamp> TimedIter<'a, K, V, S> {
    fn shown((key, dated): (&'a K, &'a Dated<V, S>), now: Instant) -> Option<(&'a K, &'a V)> {
        (!dated.stamp.has_passed(now)).then_some((key, &dated.value))
    }
}

impl<'a, K, V, S: Stamp> Iterator for TimedIter<'a, K, V, S> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.find_map(|entry| Self::shown(entry, self.now))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, self.entries.size_hint().1)
    }
}

impl<K, V, S: Stamp> DoubleEndedIterator for TimedIter<'_, K, V, S> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.entries.by_ref().rev().find_map(|entry| Self::shown(entry, self.now))
    }
}

impl<K, V, S: Stamp> FusedIterator for TimedIter<'_, K, V, S> {}

impl<K, V, S> fmt::Debug for TimedIter<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedIter").finish_non_exhaustive()
    }
}

impl<K, V, S> Clone for TimedIter<'_, K, V, S> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), now: self.now }
    }
}
