//! `Cache`: the concurrent one.

#![expect(clippy::inline_always, reason = "parts of a hit and of an insert, see `set`")]

use super::entry::{CacheIter, Filled, Ref};
use super::setup::{Config, Setup, Suits};
use crate::error::{CapacityError, Rejected};
use crate::key::{Equivalent, Parts};
use crate::lifetime::{Idling, Stamp, Time, Timed};
use crate::maintenance::{Maintain, Maintained};
use crate::raw::control::Epoch;
use crate::raw::looks::Looks;
use crate::raw::pin::Held;
use crate::raw::plain::{CellKind, Plain};
use crate::raw::policy::{Around, Climb};
use crate::raw::set::{self, Access, Call, Displaced, Looked, Newcomer, Placed, Set, Taken};
use crate::raw::store::{Lent, LentSets, Sets, Store};
use crate::raw::width::{Blank, Ways, Width};
use crate::raw::word::{Birth, Watch};
use crate::stats::{CacheRecorder, CacheStats, Striped};
use crate::sync::{AtomicU32, Ordering};
use crate::time::{Clock, Deadline, Instant};
use core::alloc::Layout;
use core::convert::Infallible;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::mem::MaybeUninit;
use core::time::Duration;

/// A concurrent cache within itself, for a `static`: `SETS` sets of `WAYS` entries, 8 or 16.
pub type StaticCache<K, V, const SETS: usize, const WAYS: usize, C = Setup> =
    Cache<K, V, Sets<SETS, WAYS>, C>;

/// A concurrent cache in memory that was handed over: sets of `WAYS` entries, 8 or 16.
pub type LentCache<'a, K, V, const WAYS: usize, C = Setup> = Cache<K, V, Lent<'a, WAYS>, C>;

/// What a configuration keeps with each entry.
type StampOf<C> = <<C as Config>::Time as Time>::Stamp;

/// That a cache's keys and values can be read as its configuration says.
type ProofOf<K, V, C> = <<C as Config>::Cell as CellKind>::Proof<K, V>;

/// A set of a cache.
type SetIn<K, V, M, C> = Set<K, V, StampOf<C>, <M as Store>::Width>;

/// Where a key belongs: the set, its number, and the rest of the key's hash.
struct Place<'a, K, V, M: Store, C: Config> {
    index: usize,
    set: &'a SetIn<K, V, M, C>,
    parts: Parts,
}

/// The room that a set of a cache takes: what is handed to [`Cache::in_place`].
pub type SetOf<K, V, const WAYS: usize, C = Setup> = Set<K, V, StampOf<C>, Ways<WAYS>>;

/// What an insert displaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "what was displaced is in here; `put` drops it"]
pub enum Stored<K, V> {
    /// Nothing.
    New,
    /// The value that the key had before.
    Replaced(V),
    /// The entry that had to go. (Also one of the same key, if its time was over, it could not be found any more, or was put in by another
    /// one while this call was at work.)
    Evicted(K, V),
    /// The key had a value before, which somebody still holds a reference to and will drop, and perhaps another entry had to go.
    ReplacedInUse {
        /// The other entry.
        evicted: Option<(K, V)>,
    },
}

/// What a removal found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removed<V> {
    /// Nothing. (Or something that nobody can hold just now, since it is being thrown out, was only just put in, or has too many references:
    /// that is gone as well, and dropped later.)
    Absent,
    /// The value.
    Value(V),
    /// An entry that somebody holds a reference to, who will drop it (see [`Ref`]). It is not found any more.
    InUse,
}

impl<V> Removed<V> {
    /// The value, if it could be had.
    pub fn value(self) -> Option<V> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::InUse => None,
        }
    }

    /// Whether there was an entry.
    pub const fn was_there(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// What a [sweep](Cache::sweep) did, also one of a [`TimedCache`](crate::cache::TimedCache::sweep).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Swept {
    /// Entries that were found over and taken out. (One that a look-up had found over before is taken out as well, and not counted again.)
    pub expired: usize,
    /// Slots that were looked at, with and without an entry; of a `TimedCache` entries.
    pub looked_at: usize,
}

/// A concurrent cache: a map of bounded size that threads and interrupts share, and whose entries may go at any time.
///
/// `M` says where it lies: within itself ([`StaticCache`]), in memory that was handed over ([`LentCache`]), or on the heap
/// (`HeapCache`). `C` is what it is made with, a [`Setup`].
///
/// Take it where several threads, or a main loop and interrupts, use one cache. From one place
/// [`LruCache`](crate::cache::LruCache) is exact, and faster.
///
/// ```
/// use larder::cache::{StaticCache, Stored};
///
/// static CACHE: StaticCache<u32, &str, 4, 8> = StaticCache::new();
///
/// assert_eq!(CACHE.insert(1, "one")?, Stored::New);
/// assert_eq!(CACHE.insert(1, "uno")?, Stored::Replaced("one"));
/// assert_eq!(CACHE.get(&1), Some("uno"));
/// assert_eq!(CACHE.get_or_insert_with(2, || "two"), "two");
/// assert_eq!(CACHE.remove(&1).value(), Some("uno"));
/// # Ok::<(), larder::Rejected<u32, &str>>(())
/// ```
///
/// # What it promises
///
/// For each key it is a map whose entries may vanish at any time: a look-up that begins after an insert or a removal has finished
/// gives that value, a later one, or nothing; one look-up after another never goes back. Never another key's value, and never one whose
/// time was over when the call read the clock. `len()` never exceeds `capacity()`. What works on many entries works entry by entry.
///
/// It is set-associative: a key's hash chooses a set of 8 or 16 slots, and what has to go is chosen among those. With a hasher
/// that always collides all keys share one set; everything else stays true.
///
/// # Under contention, in an interrupt, after a panic
///
/// Nothing waits for anybody, but for a moment where somebody else is just replacing a key that is asked for: it is looked for again, for a
/// microsecond as a rule. A look-up holds what it found while it reads it. On the heap (`HeapCache`) several threads do so without getting
/// in each other's way once they have read the same entry some times: each says what it looks at on a line of its own. An insert takes a slot to itself, writes it,
/// and shows it with one exchange; it begins again if others have stored in the same set meanwhile, sixty-four times at most, and
/// then says [`Rejected`]. So does one that finds every slot of the set in use. A thread that is stopped anywhere, or an
/// interrupted main loop, costs the others its one slot and what it holds.
///
/// `Hash`, `Eq`, `Clone`, `Drop` and closures may panic or call into the same cache: they run while nothing is half-done. What they
/// interrupt is then undone, or done, and every key and value is in the cache, or was dropped or handed back, once.
///
/// `docs/concurrent-cache.md` tells how it works.
///
/// # Cost
///
/// A look-up takes a hash, two lines of memory for the set, and one for each entry whose tag matches (mostly the one wanted). An insert
/// takes two atomic read-modify-writes, three where processors can't load bytes by the word, one more if the key was in use (but not with
/// [`Words`](crate::cache::Words)); if what it displaces is much read by others, a line of memory from each of their cores.
/// [`memory_size`](Self::memory_size) says what memory it takes.
pub struct Cache<K, V, M: Store, C: Config = Setup> {
    setup: C,
    /// How many slots less than it has ways each set may use, and how many sets one more less. All zero is all of them.
    unused: (u32, u32),
    /// The set at which the next sweep begins.
    cursor: AtomicU32,
    climb: Climb,
    proof: ProofOf<K, V, C>,
    sets: M::Of<K, V, StampOf<C>>,
}

/// What was read without a pin may have been written meanwhile.
struct Torn;

impl<K, V, const SETS: usize, const WAYS: usize> StaticCache<K, V, SETS, WAYS>
where
    Ways<WAYS>: Width,
{
    /// An empty cache.
    pub const fn new() -> Self {
        Self::with(Setup::new())
    }
}

impl<K, V, const SETS: usize, const WAYS: usize, C: Suits<K, V>> StaticCache<K, V, SETS, WAYS, C>
where
    Ways<WAYS>: Width,
{
    /// An empty cache, made with a setup.
    pub const fn with(setup: C) -> Self {
        const { assert!(SETS <= u32::MAX as usize, "sets are numbered by 32 bits") };
        let sets = [const { Set::BLANK }; SETS];
        Self { setup, unused: (0, 0), cursor: AtomicU32::new(0), climb: Climb::new(), proof: C::PROOF, sets }
    }
}

impl<K, V, const SETS: usize, const WAYS: usize, C: Suits<K, V> + Default> Default
    for StaticCache<K, V, SETS, WAYS, C>
where
    Ways<WAYS>: Width,
{
    fn default() -> Self {
        Self::with(C::default())
    }
}

impl<'a, K, V, const WAYS: usize, C: Suits<K, V>> LentCache<'a, K, V, WAYS, C>
where
    Ways<WAYS>: Width,
{
    /// The room that one set takes. For the room of several, see [`Layout::array`] and [`SetOf`].
    pub const LAYOUT: Layout = Layout::new::<SetOf<K, V, WAYS, C>>();

    /// An empty cache in all of `memory`: `memory.len()` sets.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use larder::cache::{LentCache, SetOf, Setup};
    ///
    /// let mut memory = [const { MaybeUninit::<SetOf<u32, u32, 8>>::uninit() }; 2];
    /// let cache: LentCache<'_, u32, u32, 8> = LentCache::in_place(&mut memory, Setup::new());
    /// assert_eq!(cache.capacity(), 16);
    /// cache.put(1, 10)?;
    /// # Ok::<(), larder::Rejected<u32, u32>>(())
    /// ```
    pub fn in_place(memory: &'a mut [MaybeUninit<SetOf<K, V, WAYS, C>>], setup: C) -> Self {
        Self::of(LentSets::new(memory), (0, 0), setup)
    }

    /// An empty cache of as many sets as there is room for in `memory`, whatever its alignment. See [`LAYOUT`](Self::LAYOUT).
    ///
    /// # Errors
    ///
    /// [`CapacityError::TooSmall`] if there is no room for a single set.
    pub fn in_bytes(memory: &'a mut [MaybeUninit<u8>], setup: C) -> Result<Self, CapacityError>
    where
        K: 'a,
        V: 'a,
        StampOf<C>: 'a,
    {
        let bytes = memory.len();
        let sets = LentSets::in_bytes(memory);
        if sets.as_ref().is_empty() {
            return Err(CapacityError::TooSmall { bytes, least: Self::LAYOUT.size() });
        }
        Ok(Self::of(sets, (0, 0), setup))
    }
}

// What does not look at keys.
impl<K, V, M: Store, C: Config> Cache<K, V, M, C> {
    pub(crate) fn of(sets: M::Of<K, V, StampOf<C>>, unused: (u32, u32), setup: C) -> Self
    where
        C: Suits<K, V>,
    {
        Self { setup, unused, cursor: AtomicU32::new(0), climb: Climb::new(), proof: C::PROOF, sets }
    }

    /// That entries are plain data, if a look-up may read them without holding them. (Who lengthens the time of an entry holds it.)
    #[inline]
    fn copies(&self) -> Option<Plain<K, V>> {
        C::Cell::plain(self.proof).filter(|_| !StampOf::<C>::EXTENDS)
    }

    #[inline]
    fn sets(&self) -> &[SetIn<K, V, M, C>] {
        self.sets.as_ref()
    }

    #[inline]
    fn watch(&self) -> Watch<'_> {
        M::watch(&self.sets)
    }

    #[inline]
    fn access(&self) -> Access<'_, K, V> {
        Access { plain: self.copies(), watch: self.watch() }
    }

    #[inline]
    fn time(&self) -> &C::Time {
        &self.setup.parts().time
    }

    #[inline]
    fn recorder(&self) -> &C::Recorder {
        &self.setup.parts().recorder
    }

    #[inline]
    fn now(&self) -> Instant {
        self.time().now()
    }

    /// What the replacement policy of a set looks at outside of it.
    #[inline]
    fn around(&self, set: usize) -> Around<'_> {
        Around::new(&self.climb, set, self.sets().len(), self.unused)
    }

    /// How many entries there are at most.
    pub fn capacity(&self) -> usize {
        let (each, more) = self.unused;
        self.sets().len() * (M::Width::WAYS - each as usize) - more as usize
    }

    /// How many entries there are: those that are over and not yet collected included. While others work it is a count of some moment
    /// for each set, and never more than the capacity. Takes time proportional to the capacity.
    pub fn len(&self) -> usize {
        self.sets().iter().map(Set::len).sum()
    }

    /// Whether there are none, as [`len`](Self::len) sees it.
    pub fn is_empty(&self) -> bool {
        self.sets().iter().all(|set| set.len() == 0)
    }

    /// How many bytes of memory the cache takes, without what its keys and values own elsewhere.
    pub fn memory_size(&self) -> usize {
        size_of::<Self>() + M::elsewhere(&self.sets)
    }

    /// The hasher.
    pub fn hasher(&self) -> &C::Hasher {
        &self.setup.parts().hasher
    }

    /// The entries whose time is not over, in no order. Each is found or not as it is when its turn comes, and is held while the
    /// [`Ref`] lives; none is found twice unless it is put in again meanwhile. No look-up: it neither counts nor marks as used, and what it
    /// passes over, because somebody is throwing it out or because it is over, a look-up may still find.
    pub fn iter(&self) -> CacheIter<'_, K, V, StampOf<C>, M::Width> {
        CacheIter::new(self.sets(), self.access(), self.now())
    }

    /// The sum of what `size` gives for each entry: how many bytes they own elsewhere, say.
    pub fn payload(&self, mut size: impl FnMut(&K, &V) -> usize) -> usize {
        self.iter().fold(0, |sum, entry| sum.saturating_add(size(Ref::key(&entry), &entry)))
    }

    /// Takes out all entries for which `keep` is false, one by one, and those whose time is over. What is put in meanwhile may stay.
    ///
    /// A value that is being computed by [`get_or_insert_with`](Self::get_or_insert_with) when this begins is not stored.
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        let now = self.now();
        for set in self.sets() {
            set.retain(self.access(), now, &mut keep, self.recorder());
        }
    }

    /// Takes out all entries, one by one, the rest also if a destructor panics. What is put in meanwhile may stay.
    ///
    /// A value that is being computed by [`get_or_insert_with`](Self::get_or_insert_with) when this begins is not stored.
    pub fn clear(&self) {
        let now = self.now();
        crate::raw::for_each_surely(self.sets().iter(), |set| set.clear(self.access(), now, self.recorder()));
    }

    /// Takes out entries until no more than `most` are left: those that are over, all of them, and if that is not enough, in each set those
    /// that would have to go next, the same part of each. They count as expired and evicted. How many went.
    ///
    /// It is for when memory is short: values that own some give it back, and the capacity stays. An entry that is in use goes as others do:
    /// it is not found any more, and dropped by its last user. While others put in, as many as they do may be left besides. Takes time
    /// proportional to the capacity, once for each of the two.
    ///
    /// If a destructor panics, those that are over go all the same, and more of the others may be left.
    pub fn shrink(&self, most: usize) -> usize {
        let now = self.now();
        let mut gone = 0;
        crate::raw::for_each_surely(self.sets().iter(), |set| {
            gone += set.expire(self.access(), now, self.recorder());
        });
        let len = self.len() as u64;
        let Some(most) = u64::try_from(most).ok().filter(|&most| most < len) else { return gone };
        // What the sets before this one have left of what may stay, in parts of an entry.
        let mut rest = 0;
        crate::raw::for_each_surely(self.sets().iter().enumerate(), |(index, set)| {
            rest += set.len() as u64 * most;
            let stay = usize::try_from(rest / len).unwrap_or(usize::MAX);
            rest %= len;
            gone += set.shrink(self.access(), stay, self.around(index), self.recorder());
        });
        gone
    }

    fn sweep_sets(&self, now: Instant, budget: usize) -> Swept {
        let sets = self.sets();
        let count = budget.div_ceil(M::Width::WAYS).clamp(1, sets.len().max(1)).min(sets.len());
        let mut swept = Swept { expired: 0, looked_at: count * M::Width::WAYS };
        for _ in 0..count {
            // Relaxed: where to begin is a choice, and that two do not take the same is all there is to it.
            let turn = self.cursor.fetch_add(1, Ordering::Relaxed);
            swept.expired += sets[turn as usize % sets.len()].expire(self.access(), now, self.recorder());
        }
        swept
    }

    /// How many sweeps have come to the end of the cache; none counts if it has no slots.
    fn rounds(&self) -> usize {
        // Relaxed: as in `sweep`.
        (self.cursor.load(Ordering::Relaxed) as usize).checked_div(self.sets().len()).unwrap_or(0)
    }

    /// Does what is due, if anything can be.
    pub(crate) fn tidy(&self, budget: usize) -> Maintained {
        if !StampOf::<C>::ENDS {
            return Maintained::default();
        }
        let rounds = self.rounds();
        let swept = self.sweep_sets(self.now(), budget);
        let is_left = !self.sets().is_empty() && self.rounds() == rounds;
        Maintained { done: swept.looked_at, is_left, next: None }
    }

    /// A slice of a cleanup, of which `position` is how many slots it has looked at. How many entries were over, and whether more is left.
    pub(crate) fn clean(&self, position: &mut usize, budget: usize) -> (usize, bool) {
        if !StampOf::<C>::ENDS {
            return (0, false);
        }
        let swept = self.sweep_sets(self.now(), budget);
        *position += swept.looked_at;
        (swept.expired, *position < self.sets().len() * M::Width::WAYS)
    }

    /// What was counted, if the recorder does.
    pub(crate) fn counts(&self) -> Option<CacheStats> {
        self.recorder().counts()
    }

    /// Asserts what is true when nobody is at work in the cache, but for references that are held: so many at most to an entry.
    /// How many entries take a slot and can't be found any more: those that are held, and those that were removed in the middle of
    /// their insert, which go when somebody needs the slot.
    #[doc(hidden)]
    pub fn validate(&self, references: usize) -> usize {
        let validate =
            |(index, set): (usize, &SetIn<K, V, M, C>)| set.validate(self.around(index), references);
        let hidden = self.sets().iter().enumerate().map(validate).sum();
        // A checker's objects are made when they are first looked at.
        if let Some(looks) = self.watch() {
            looks.show();
        }
        // Relaxed: nothing is done with it.
        self.cursor.load(Ordering::Relaxed);
        assert!(self.len() <= self.capacity(), "there are more entries than there can be");
        hidden
    }

    /// For tests: as if another thread than the caller's had used the cache before.
    #[doc(hidden)]
    pub fn share(&self) {
        if let Some(looks) = self.watch() {
            looks.share();
        }
    }
}

// What looks keys up.
//
// A rule for all of it: what user code may panic in is dropped by a statement of its own, before there is a result. What a function has
// put in the place of its result is lost if a destructor panics at the function's end.
impl<K: Hash + Eq, V, M: Store, C: Config> Cache<K, V, M, C> {
    /// Where a key belongs; nowhere if there are no sets.
    #[inline]
    fn locate<Q: Hash + ?Sized>(&self, key: &Q) -> Option<Place<'_, K, V, M, C>> {
        let parts = Parts::of(self.hasher(), key);
        let index = parts.index(self.sets().len());
        Some(Place { index, set: self.sets().get(index)?, parts })
    }

    /// The entry of a key that belongs there, if its time is not over.
    #[inline(always)]
    fn find_at<'a, Q: Equivalent<K> + ?Sized>(
        &'a self,
        place: &Place<'a, K, V, M, C>,
        key: &Q,
        now: Instant,
    ) -> Option<(usize, Held<'a, K, V>)> {
        let is = |other: &K| key.equivalent(other);
        let found = place.set.find(self.access(), place.parts.tag, is, self.recorder());
        found.filter(|&(way, _)| !place.set.is_over(self.access(), way, now, self.recorder()))
    }

    /// As [`find_at`](Self::find_at). Marks it as used, and counts.
    #[inline(always)]
    fn use_at<'a, Q: Equivalent<K> + ?Sized>(
        &'a self,
        place: &Place<'a, K, V, M, C>,
        key: &Q,
        now: Instant,
    ) -> Option<Held<'a, K, V>> {
        let Some((way, held)) = self.find_at(place, key, now) else {
            self.recorder().missed();
            return None;
        };
        place.set.touch(way, self.time().idle_deadline(now));
        self.recorder().hit();
        Some(held)
    }

    /// A look-up.
    #[inline(always)]
    fn look_up<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q, now: Instant) -> Option<Held<'_, K, V>> {
        let Some(place) = self.locate(key) else {
            self.recorder().missed();
            return None;
        };
        self.use_at(&place, key, now)
    }

    /// A clone of a key's value. Marks it as used.
    #[inline]
    pub fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<V>
    where
        V: Clone,
    {
        self.get_at(key, self.now())
    }

    /// As [`get`](Self::get), at a time that the caller has read already. It should come from the cache's clock: what is over then may
    /// be gone for those that come.
    #[inline]
    pub fn get_at<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q, now: Instant) -> Option<V>
    where
        V: Clone,
    {
        let Some(place) = self.locate(key) else {
            self.recorder().missed();
            return None;
        };
        self.clone_at(&place, key, now)
    }

    /// A clone of the value of a key that belongs there. Marks it as used, and counts.
    #[inline]
    fn clone_at<Q: Hash + Equivalent<K> + ?Sized>(
        &self,
        place: &Place<'_, K, V, M, C>,
        key: &Q,
        now: Instant,
    ) -> Option<V>
    where
        V: Clone,
    {
        if let Some(plain) = self.copies() {
            return self.copy_at(plain, place, key, now);
        }
        self.hold_and_clone(place, key, now)
    }

    /// The same of plain data, which is copied without a pin.
    #[inline]
    fn copy_at<Q: Hash + Equivalent<K> + ?Sized>(
        &self,
        plain: Plain<K, V>,
        place: &Place<'_, K, V, M, C>,
        key: &Q,
        now: Instant,
    ) -> Option<V>
    where
        V: Clone,
    {
        let copied = place.set.copy(plain, place.parts.tag, now, |other| key.equivalent(other));
        match self.copied(place, copied) {
            Ok(value) => value,
            Err(Torn) => self.copy_or_hold(plain, key, now),
        }
    }

    /// What a look without a pin has found. Marks it as used, and counts.
    #[inline]
    fn copied(&self, place: &Place<'_, K, V, M, C>, copied: Looked<V>) -> Result<Option<V>, Torn> {
        match copied {
            Looked::At(way, value) => {
                place.set.touch(way, Deadline::NEVER);
                self.recorder().hit();
                Ok(Some(value))
            }
            Looked::Absent => {
                self.recorder().missed();
                Ok(None)
            }
            Looked::Torn => Err(Torn),
        }
    }

    /// The same if somebody has published meanwhile: some more tries, and if there are publishes all the time, a pin.
    #[cold]
    #[inline(never)]
    fn copy_or_hold<Q: Hash + Equivalent<K> + ?Sized>(
        &self,
        plain: Plain<K, V>,
        key: &Q,
        now: Instant,
    ) -> Option<V>
    where
        V: Clone,
    {
        // Found again, so that the quick way has less to remember.
        let place = self.locate(key)?;
        for _ in 0..set::TRIES {
            let copied = place.set.copy(plain, place.parts.tag, now, |other| key.equivalent(other));
            if let Ok(value) = self.copied(&place, copied) {
                return value;
            }
        }
        self.hold_and_clone(&place, key, now)
    }

    /// A clone of what is held meanwhile.
    #[inline(always)]
    fn hold_and_clone<Q: Equivalent<K> + ?Sized>(
        &self,
        place: &Place<'_, K, V, M, C>,
        key: &Q,
        now: Instant,
    ) -> Option<V>
    where
        V: Clone,
    {
        let held = self.use_at(place, key, now)?;
        let value = held.value().clone();
        drop(held);
        Some(value)
    }

    /// What `read` makes of a key's value. Marks it as used.
    ///
    /// The value is held while `read` runs, which may call into the same cache.
    #[inline]
    pub fn get_with<Q: Hash + Equivalent<K> + ?Sized, R>(
        &self,
        key: &Q,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R> {
        let held = self.look_up(key, self.now())?;
        let result = read(held.value());
        drop(held);
        Some(result)
    }

    /// A reference to a key's value. Marks it as used.
    #[inline]
    pub fn get_ref<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<Ref<'_, K, V>> {
        self.get_ref_at(key, self.now())
    }

    /// As [`get_ref`](Self::get_ref), at a time that the caller has read already.
    #[inline]
    pub fn get_ref_at<Q: Hash + Equivalent<K> + ?Sized>(
        &self,
        key: &Q,
        now: Instant,
    ) -> Option<Ref<'_, K, V>> {
        self.look_up(key, now).map(Ref::new)
    }

    /// A reference to a key's value. Not a look-up: it neither counts nor marks as used.
    pub fn peek<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<Ref<'_, K, V>> {
        let (_, held) = self.find_at(&self.locate(key)?, key, self.now())?;
        Some(Ref::new(held))
    }

    /// Whether a key has a value. Not a look-up: it neither counts nor marks as used.
    pub fn contains<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> bool {
        let Some(place) = self.locate(key) else { return false };
        let now = self.now();
        if let Some(plain) = self.copies() {
            match place.set.copy(plain, place.parts.tag, now, |other| key.equivalent(other)) {
                Looked::Torn => {}
                copied => return matches!(copied, Looked::At(..)),
            }
        }
        self.find_at(&place, key, now).is_some()
    }

    /// Stores a value, and gives what it displaced.
    ///
    /// # Errors
    ///
    /// [`Rejected`], with key and value, if every slot that the key could have is in use.
    #[inline]
    pub fn insert(&self, key: K, value: V) -> Result<Stored<K, V>, Rejected<K, V>> {
        self.insert_at(key, value, self.now())
    }

    /// As [`insert`](Self::insert), at a time that the caller has read already.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    #[inline]
    pub fn insert_at(&self, key: K, value: V, now: Instant) -> Result<Stored<K, V>, Rejected<K, V>> {
        self.store(key, value, now, self.time().deadline(now))
    }

    /// As [`insert`](Self::insert), and drops what it displaced. That may be in use: then whoever uses it drops it.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    #[inline]
    pub fn put(&self, key: K, value: V) -> Result<(), Rejected<K, V>> {
        self.insert(key, value).map(drop)
    }

    #[inline]
    fn store(
        &self,
        key: K,
        value: V,
        now: Instant,
        deadline: Deadline,
    ) -> Result<Stored<K, V>, Rejected<K, V>> {
        let Some(place) = self.locate(&key) else { return Err(Rejected { key, value }) };
        self.place(&place, key, value, set::Store::Always, now, deadline, |placed| match placed {
            Placed::Stored(held, displaced) => {
                // Nothing is, here.
                if let Some(held) = held {
                    held.let_go_aside();
                }
                Ok(displaced.into())
            }
            Placed::Present(held, key, value) => {
                held.let_go_aside();
                Err(Rejected { key, value })
            }
            Placed::Rejected(key, value) | Placed::Overtaken(key, value) => Err(Rejected { key, value }),
        })
    }

    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "all of it goes on to the set")]
    fn place<'a, T>(
        &'a self,
        place: &Place<'a, K, V, M, C>,
        key: K,
        value: V,
        store: set::Store,
        now: Instant,
        deadline: Deadline,
        done: impl Fn(Placed<'a, K, V>) -> T,
    ) -> T {
        let to_write = place.set.expect_insert(self.copies());
        let idle = self.time().idle_deadline(now);
        let new = Newcomer { key, value, parts: place.parts, deadline, idle };
        let call = Call {
            access: self.access(),
            birth: self.copies().is_none().then(|| Birth::of(self.watch())),
            around: self.around(place.index),
            now,
            to_write,
            counts: self.recorder(),
        };
        place.set.place(&call, new, store, K::eq, |key| Parts::of(self.hasher(), key).print, done)
    }

    /// Takes a key's entry out.
    ///
    /// A value of the key (or of another one in the same set) that is being computed by
    /// [`get_or_insert_with`](Self::get_or_insert_with) when this begins is not stored.
    pub fn remove<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Removed<V> {
        let Some(Place { set, parts, .. }) = self.locate(key) else { return Removed::Absent };
        match set.remove(self.access(), parts.tag, self.now(), |other| key.equivalent(other), self.recorder())
        {
            Taken::Absent => Removed::Absent,
            Taken::Whole(key, value) => {
                drop(key);
                Removed::Value(value)
            }
            Taken::InUse => Removed::InUse,
        }
    }

    /// A clone of a key's value; if there is none, that of `compute`, which is stored.
    ///
    /// Nothing is reserved while `compute` runs: it may take its time, panic, or call into the same cache, and several callers may
    /// compute the same. If something is inserted or removed in the key's set meanwhile, the value may be stale: then it is given
    /// and not stored. If another caller has stored a value of the key meanwhile, that one is given.
    #[inline]
    pub fn get_or_insert_with(&self, key: K, compute: impl FnOnce() -> V) -> V
    where
        V: Clone,
    {
        match self.try_get_or_insert_with(key, || Ok::<V, Infallible>(compute())) {
            Ok(value) => value,
        }
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), for a computation that may fail. An error is not stored.
    ///
    /// # Errors
    ///
    /// That of `compute`.
    #[inline]
    pub fn try_get_or_insert_with<E>(&self, key: K, compute: impl FnOnce() -> Result<V, E>) -> Result<V, E>
    where
        V: Clone,
    {
        self.fill(key, compute, Self::clone_at, |value| value, Filled::into_value)
    }

    /// As [`try_get_or_insert_with`](Self::try_get_or_insert_with), for one who has looked before: this look is not counted.
    pub(crate) fn fill_after_a_look<E>(&self, key: K, compute: impl FnOnce() -> Result<V, E>) -> Result<V, E>
    where
        V: Clone,
    {
        if self.sets().is_empty() {
            let value = compute();
            drop(key);
            return value;
        }
        self.fill(key, compute, Self::clone_uncounted, |value| value, Filled::into_value)
    }

    /// A clone of the value of a key that belongs there. Marks it as used.
    fn clone_uncounted(&self, place: &Place<'_, K, V, M, C>, key: &K, now: Instant) -> Option<V>
    where
        V: Clone,
    {
        let (way, held) = self.find_at(place, key, now)?;
        place.set.touch(way, self.time().idle_deadline(now));
        let value = held.value().clone();
        drop(held);
        Some(value)
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), with a reference instead of a clone.
    #[inline]
    pub fn get_ref_or_insert_with(&self, key: K, compute: impl FnOnce() -> V) -> Filled<'_, K, V> {
        match self.try_get_ref_or_insert_with(key, || Ok::<V, Infallible>(compute())) {
            Ok(filled) => filled,
        }
    }

    /// As [`try_get_or_insert_with`](Self::try_get_or_insert_with), with a reference instead of a clone.
    ///
    /// # Errors
    ///
    /// That of `compute`.
    #[inline]
    pub fn try_get_ref_or_insert_with<E>(
        &self,
        key: K,
        compute: impl FnOnce() -> Result<V, E>,
    ) -> Result<Filled<'_, K, V>, E> {
        self.fill(key, compute, Self::use_at, |held| Filled::InCache(Ref::new(held)), |filled| filled)
    }

    /// What `look` finds at the key's place, made into a result by `found`; else what `compute` gives, stored if it can be, made into a
    /// result by `computed`.
    #[inline]
    fn fill<'a, E, F, T>(
        &'a self,
        key: K,
        compute: impl FnOnce() -> Result<V, E>,
        look: impl FnOnce(&'a Self, &Place<'a, K, V, M, C>, &K, Instant) -> Option<F>,
        found: impl FnOnce(F) -> T,
        computed: impl FnOnce(Filled<'a, K, V>) -> T,
    ) -> Result<T, E> {
        let now = self.now();
        let Some(place) = self.locate(&key) else {
            self.recorder().missed();
            let value = compute();
            drop(key);
            return value.map(|value| computed(Filled::Unstored(value)));
        };
        let epoch = place.set.epoch();
        if let Some(it) = look(self, &place, &key, now) {
            drop((key, compute));
            return Ok(found(it));
        }
        match compute() {
            Ok(value) => Ok(computed(self.store_computed(&place, key, value, epoch))),
            Err(error) => {
                drop(key);
                Err(error)
            }
        }
    }

    /// Stores what was computed since the set was in `epoch`, unless it was overtaken.
    #[inline(never)]
    fn store_computed<'a>(
        &'a self,
        place: &Place<'a, K, V, M, C>,
        key: K,
        value: V,
        epoch: Epoch,
    ) -> Filled<'a, K, V> {
        // Read again: the computation may have taken long.
        let now = self.now();
        let deadline = self.time().deadline(now);
        let store = set::Store::UnlessOvertaken(epoch);
        self.place(place, key, value, store, now, deadline, |placed| match placed {
            Placed::Stored(Some(held), displaced) => {
                drop(displaced);
                Filled::InCache(Ref::new(held))
            }
            Placed::Stored(None, _) => unreachable!("a fill is held"),
            Placed::Present(held, key, value) => {
                drop((key, value));
                Filled::InCache(Ref::new(held))
            }
            Placed::Overtaken(key, value) | Placed::Rejected(key, value) => {
                drop(key);
                Filled::Unstored(value)
            }
        })
    }
}

impl<K, V> From<Displaced<K, V>> for Stored<K, V> {
    #[inline]
    fn from(displaced: Displaced<K, V>) -> Self {
        match displaced {
            Displaced::Nothing => Self::New,
            Displaced::Same(value) => Self::Replaced(value),
            Displaced::Other(key, value) => Self::Evicted(key, value),
            Displaced::SameInUse(evicted) => Self::ReplacedInUse { evicted },
        }
    }
}

// What only entries have that end.
impl<K, V, M: Store, C: Config> Cache<K, V, M, C>
where
    C::Time: Timed,
{
    /// The clock.
    pub fn clock(&self) -> &<C::Time as Timed>::Clock {
        self.time().clock()
    }

    /// How long an entry lives, if nothing else is said when it is put in.
    pub fn time_to_live(&self) -> Duration {
        self.time().time_to_live()
    }

    /// Sets it, for entries that are put in from now on. Where the target has no 64-bit atomics, false, and nothing done, if another
    /// call is half-way.
    pub fn set_time_to_live(&self, ttl: Duration) -> bool {
        self.time().set_time_to_live(ttl)
    }

    /// Stores a value for the time `ttl`, whatever the cache's own is. `Duration::MAX` is for ever.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn insert_for(&self, key: K, value: V, ttl: Duration) -> Result<Stored<K, V>, Rejected<K, V>>
    where
        K: Hash + Eq,
    {
        let now = self.now();
        let ticks = <<C::Time as Timed>::Clock as Clock>::ticks(ttl);
        self.store(key, value, now, self.time().deadline_after(now, ticks))
    }

    /// Stores a value until `deadline`, whatever the cache's own time to live is.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn insert_until(&self, key: K, value: V, deadline: Deadline) -> Result<Stored<K, V>, Rejected<K, V>>
    where
        K: Hash + Eq,
    {
        self.store(key, value, self.now(), deadline)
    }

    /// Takes out entries whose time is over at `now`. It looks at about `budget` slots, at a set's at least, and goes on where the last
    /// sweep ended; so many sweeps make a round as their budgets make a capacity.
    ///
    /// Look-ups do not find such entries, and do not take them out either: inserts do, where they need room, and this.
    pub fn sweep(&self, now: Instant, budget: usize) -> Swept {
        self.sweep_sets(now, budget)
    }
}

/// A step is a slot that is looked at. More is to be done at once until the end of the cache has been passed.
impl<K, V, M: Store, C: Suits<K, V>> Maintain for Cache<K, V, M, C>
where
    C::Time: Timed,
{
    fn maintain(&self, budget: usize) -> Maintained {
        self.tidy(budget)
    }
}

impl<K, V, M: Store, H: BuildHasher, Cl: Clock, R: CacheRecorder, X: CellKind>
    Cache<K, V, M, Setup<H, Idling<Cl>, R, X>>
{
    /// How long an entry lives after it was last used.
    pub fn time_to_idle(&self) -> Duration {
        self.setup.time.time_to_idle()
    }

    /// Sets it, for entries that are put in or used from now on. The result is as that of
    /// [`set_time_to_live`](Self::set_time_to_live).
    pub fn set_time_to_idle(&self, idle: Duration) -> bool {
        self.setup.time.set_time_to_idle(idle)
    }
}

impl<K, V, M: Store, H: BuildHasher, T: Time, X: CellKind, const STRIPES: usize>
    Cache<K, V, M, Setup<H, T, Striped<STRIPES>, X>>
{
    /// What was counted since the cache was made. At rest the sums are exact.
    pub fn stats(&self) -> CacheStats {
        self.setup.recorder.cache()
    }
}

impl<'a, K, V, M: Store, C: Config> IntoIterator for &'a Cache<K, V, M, C> {
    type Item = Ref<'a, K, V>;
    type IntoIter = CacheIter<'a, K, V, StampOf<C>, M::Width>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K, V, M: Store, C: Config> fmt::Debug for Cache<K, V, M, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
