//! `Registry`: names for what a program has, without a heap.

use super::event::{Event, Told};
use super::part::{Cleanup, InUse, Part, Pressure, Relief};
use super::path;
use super::reading::Reading;
use super::rounds::{Rest, Rounds, share};
use super::snapshot::{Line, Snapshot};
use crate::error::{NameError, NameProblem};
use crate::fixed::tracker::report::TrackerStats;
use crate::maintenance::{Maintain, Maintained};
use crate::stats::{CacheStats, PoolStats};
use crate::sync::{AtomicU32, Ordering};
use core::any::{Any, type_name};
use core::fmt;
use core::task::Waker;
use heapless::Vec;

/// Names for `N` pools, caches and trackers at most, which it borrows: for programs without a heap, whose parts lie in statics.
///
/// By name each of them is found again with its type, looked at, or emptied; together they are shown in one table, kept in order, told
/// of short memory, and searched for leaks. The parts know nothing of it, and their own operations cost what they did.
///
/// ```
/// use larder::cache::StaticCache;
/// use larder::manager::Registry;
/// use larder::pool::BoxPool;
/// use larder::watch::Pressure;
///
/// type Routes = StaticCache<u32, [u8; 6], 1, 8>;
///
/// static PACKETS: BoxPool<[u8; 64], 4> = BoxPool::new();
/// static ROUTES: Routes = StaticCache::new();
///
/// let mut registry: Registry<'_, 8> = Registry::new();
/// registry.add("packets", &PACKETS)?;
/// registry.add("net/routes", &ROUTES)?; // "routes" in the namespace "net"
///
/// let packet = PACKETS.insert([0; 64]);
/// registry.get::<Routes>("net/routes")?.put(7, [0; 6])?;
/// println!("{}", registry.snapshot()); // a table
///
/// assert_eq!(registry.on_pressure(Pressure::Critical).entries, 1);
/// assert_eq!(registry.reading("packets")?.len(), 1); // in use: nobody takes it away
/// assert!(registry.get::<Routes>("packets").is_err()); // it is a pool
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Names
///
/// A name is any text, and stands for one part. What is before its last `/` is its namespace. Namespaces are inside each other: `net/tcp` is in
/// `net`, and all are in `""`, like names without any.
///
/// # Who may use it
///
/// Through `&self` as many as want to, from where the parts themselves may be used. So there are two kinds of it: one from
/// [`new`](Self::new) takes parts that threads and interrupts share (`P` is `dyn Part + Sync`), and can be shared itself. One from
/// [`local`](Self::local) takes all (`P` is `dyn Part`), such as an [`LruCache`](crate::cache::LruCache) in a
/// [`RefCell`](core::cell::RefCell), and stays on its thread. Names are added and removed through `&mut`: before it is shared, or in whatever
/// lets one at a time have it. It is all zero when it is empty, so that it can lie in a `static` as well:
///
/// ```
/// use larder::manager::Registry;
/// use larder::pool::BoxPool;
/// use std::sync::Mutex; // firmware has `critical_section::Mutex`, with a `RefCell`
///
/// static REGISTRY: Mutex<Registry<'static, 8>> = Mutex::new(Registry::new());
/// static PACKETS: BoxPool<[u8; 64], 4> = BoxPool::new();
///
/// REGISTRY.lock()?.add("packets", &PACKETS)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cost
///
/// A name costs the registry six words, on 32 bits seven. A look-up by name compares about log2 N names; adding and removing one moves those behind it.
/// What a reading costs says [`Part`]: time proportional to the capacity.
///
/// # Contention, interrupts, panics
///
/// It holds no lock, waits for nobody, and may be used by what it calls. Its calls on parts are like anybody else's: in an interrupt do
/// those that the part may be asked for there. (A part in a `RefCell` that is borrowed panics.)
///
/// Where destructors and finalizers run, they may panic: in [`clear_all`](Self::clear_all) and its kin, in
/// [`on_pressure`](Self::on_pressure), [`cleanup`](Self::cleanup) and [`maintain`](Maintain::maintain). The call ends there, and nothing is lost: the next one begins with the
/// part behind the one that panicked, so that the others come to their turn also if one does it again and again.
pub struct Registry<'a, const N: usize, P: AnyPart + ?Sized = dyn Part + Sync> {
    /// In the order of their names, each of which is there once.
    entries: Vec<Entry<'a, P>, N>,
    /// With which of them a round of all begins. Only a hint: it may be behind the last one.
    turn: AtomicU32,
    rounds: Rounds,
}

struct Entry<'a, P: ?Sized> {
    name: &'a str,
    part: &'a P,
    told: Told,
    rest: Rest,
}

impl<'a, P: AnyPart + ?Sized> Entry<'a, P> {
    fn line(&self) -> Line<&'a str> {
        let (namespace, name) = path::split(self.name);
        Line::of(namespace, name, self.part, None)
    }
}

impl<const N: usize> Registry<'_, N> {
    /// Without names, for parts that are shared.
    pub const fn new() -> Self {
        Self::empty()
    }
}

impl<const N: usize> Registry<'_, N, dyn Part> {
    /// Without names, for parts of one thread.
    ///
    /// ```
    /// use core::cell::RefCell;
    /// use larder::cache::{Inline, LruCache};
    /// use larder::manager::Registry;
    ///
    /// let names: RefCell<LruCache<u32, &str, Inline<8>>> = RefCell::new(LruCache::new());
    /// let mut registry: Registry<'_, 4, _> = Registry::local();
    /// registry.add("names", &names)?;
    /// assert_eq!(registry.cache_stats("names")?.inserted, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn local() -> Self {
        Self::empty()
    }
}

impl<'a, const N: usize, P: AnyPart + ?Sized> Registry<'a, N, P> {
    const fn empty() -> Self {
        Self { entries: Vec::new(), turn: AtomicU32::new(0), rounds: Rounds::new() }
    }

    /// Gives a part a name. A part may have several names: it is shown by each, and sums have it as often.
    ///
    /// # Errors
    ///
    /// If the name is [taken](NameProblem::Taken), or there are [`N`](Self::capacity) of them.
    pub fn add<'n: 'a>(&mut self, name: &'n str, part: &'a P) -> Result<(), NameError<&'n str>> {
        let Err(at) = self.find(name) else { return Err(NameError::new(name, NameProblem::Taken)) };
        let added = self.entries.insert(at, Entry { name, part, told: Told::new(), rest: Rest::new() });
        added.map_err(|_| NameError::new(name, NameProblem::NoRoom { capacity: N }))
    }

    /// Takes a name away, which is free then, and gives the part that had it.
    ///
    /// # Errors
    ///
    /// If there is no such name.
    pub fn remove<'n>(&mut self, name: &'n str) -> Result<&'a P, NameError<&'n str>> {
        let at = self.position(name)?;
        Ok(self.entries.remove(at).part)
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many there can be: `N`.
    pub const fn capacity(&self) -> usize {
        N
    }

    /// The names with their parts, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a P)> {
        self.entries.iter().map(|entry| (entry.name, entry.part))
    }

    /// Whether a part has that name.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// The part of that name, with its type.
    ///
    /// # Errors
    ///
    /// If there is none, or it is of [another type](NameProblem::OtherType).
    pub fn get<'n, T: Part>(&self, name: &'n str) -> Result<&'a T, NameError<&'n str>> {
        let part = self.part(name)?;
        part.as_any().downcast_ref().ok_or_else(|| {
            let problem = NameProblem::OtherType { is: part.type_name(), asked: type_name::<T>() };
            NameError::new(name, problem)
        })
    }

    /// The part of that name, whatever its type is.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn part<'n>(&self, name: &'n str) -> Result<&'a P, NameError<&'n str>> {
        let at = self.position(name)?;
        Ok(self.entries[at].part)
    }

    /// What the part of that name looks like.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn reading<'n>(&self, name: &'n str) -> Result<Reading, NameError<&'n str>> {
        Ok(self.part(name)?.reading())
    }

    /// What the cache of that name has counted.
    ///
    /// # Errors
    ///
    /// If there is none, it is of [another kind](NameProblem::OtherKind), or [does not count](NameProblem::NotCounted).
    pub fn cache_stats<'n>(&self, name: &'n str) -> Result<CacheStats, NameError<&'n str>> {
        self.reading(name)?.cache_counts().map_err(|problem| NameError::new(name, problem))
    }

    /// What the pool of that name has counted.
    ///
    /// # Errors
    ///
    /// As [`cache_stats`](Self::cache_stats).
    pub fn pool_stats<'n>(&self, name: &'n str) -> Result<PoolStats, NameError<&'n str>> {
        let counts = match self.reading(name)? {
            Reading::Pool(pool) => pool.counts.ok_or(NameProblem::NotCounted),
            other => Err(NameProblem::OtherKind { is: other.kind(), asked: "pool" }),
        };
        counts.map_err(|problem| NameError::new(name, problem))
    }

    /// What the tracker of that name has, and has counted.
    ///
    /// # Errors
    ///
    /// If there is none, or it is of [another kind](NameProblem::OtherKind).
    pub fn tracker_stats<'n>(&self, name: &'n str) -> Result<TrackerStats, NameError<&'n str>> {
        match self.reading(name)? {
            Reading::Tracker(tracker) => Ok(tracker.stats),
            other => Err(NameError::new(name, NameProblem::OtherKind { is: other.kind(), asked: "tracker" })),
        }
    }

    /// What all of them look like. It lies on the stack, in some 200 bytes for each of the `N`.
    pub fn snapshot(&self) -> Snapshot<Vec<Line<&'a str>, N>> {
        Snapshot::new(self.entries.iter().map(Entry::line).collect())
    }

    /// Empties the part of that name: idle objects of a pool are dropped, entries of a cache. What is in use stays, and what a tracker tracks.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn clear<'n>(&self, name: &'n str) -> Result<(), NameError<&'n str>> {
        self.part(name)?.empty();
        Ok(())
    }

    /// Empties the parts in that namespace, and in those inside it. How many there were.
    pub fn clear_namespace(&self, namespace: &str) -> usize {
        self.empty_those(|entry| path::is_in(path::split(entry.name).0, namespace))
    }

    /// Empties the parts of which `which` says so, by what they look like. How many there were.
    ///
    /// ```
    /// use larder::manager::Registry;
    /// # use larder::pool::Pool;
    /// # static BUFFERS: Pool<[u64; 16], 4> = Pool::new();
    /// # let mut registry: Registry<'_, 4> = Registry::new();
    /// # registry.add("buffers", &BUFFERS).unwrap();
    /// let large = registry.clear_where(|line| line.bytes() > 200);
    /// # assert_eq!(large, 1);
    /// ```
    pub fn clear_where(&self, mut which: impl FnMut(&Line<&'a str>) -> bool) -> usize {
        self.empty_those(|entry| which(&entry.line()))
    }

    /// Empties all of them. How many there are.
    pub fn clear_all(&self) -> usize {
        self.empty_those(|_| true)
    }

    /// Cleans up all of them, whether it is due or not: what is over in a cache, dead or of no more use in a tracker. What went.
    pub fn cleanup(&self) -> Relief {
        self.round().fold(Relief::default(), |mut relief, entry| {
            let mut cleanup = Cleanup::default();
            let slice = entry.part.reading().capacity().saturating_add(1);
            // Not until nothing is left: others may make as much as this cleans.
            let _ = (0..SLICES).any(|_| !entry.part.clean(&mut cleanup, slice));
            relief += cleanup.relief;
            relief
        })
    }

    /// Lets go of memory in all of them, as far as the pressure asks for it. What went.
    ///
    /// For a hook that is called when memory is short; what each part does then says [`Pressure`].
    pub fn on_pressure(&self, pressure: Pressure) -> Relief {
        self.round().fold(Relief::default(), |mut relief, entry| {
            relief += entry.part.relieve(pressure);
            relief
        })
    }

    /// Tells what is in use, one by one, each with the name of its part: for a search after leaks.
    pub fn report(&self, mut tell: impl FnMut(&'a str, InUse)) {
        for entry in &self.entries {
            entry.part.report(&mut |in_use| tell(entry.name, in_use));
        }
    }

    /// Tells what has happened since the last call: which pools had nothing to hand out, which finalizers have panicked. Of a part that was
    /// added since, it tells all that its counts say. Each thing is told once, also if several look at once or the listener panics.
    ///
    /// Counts have 32 bits, and may have gone around their end between two calls, if not further than to where they were.
    pub fn tell(&self, listener: &mut dyn FnMut(&Event<'_>)) {
        for entry in &self.entries {
            entry.told.compare(entry.name, || Some(entry.part.reading()), listener);
        }
    }

    /// Checks what must always be true of it.
    ///
    /// # Panics
    ///
    /// If it is not.
    #[doc(hidden)]
    pub fn validate(&self) {
        assert!(self.entries.is_sorted_by(|one, next| one.name < next.name), "names out of order, or twice");
    }

    /// Where a name is, or would be.
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.name.cmp(name))
    }

    fn position<'n>(&self, name: &'n str) -> Result<usize, NameError<&'n str>> {
        self.find(name).map_err(|_| NameError::new(name, NameProblem::Unknown))
    }

    fn empty_those(&self, mut which: impl FnMut(&Entry<'a, P>) -> bool) -> usize {
        self.round().filter(|entry| which(entry)).fold(0, |parts, entry| {
            entry.part.empty();
            parts + 1
        })
    }

    /// All entries, beginning with the one whose turn it is. That is another one each time, and after a round that ended early the one
    /// behind its last.
    fn round(&self) -> impl Iterator<Item = &Entry<'a, P>> {
        let entries = self.entries.len();
        // Relaxed, both: a hint that nothing depends on but who comes first.
        let first = self.turn.load(Ordering::Relaxed) as usize % entries.max(1);
        (0..entries).map(move |step| {
            let is_last = step + 1 == entries;
            let next = first + if is_last { 1 } else { step + 1 };
            self.turn.store(u32::try_from(next % entries).unwrap_or(0), Ordering::Relaxed);
            &self.entries[(first + step) % entries]
        })
    }
}

/// How many slices a cleanup of a part may take, each of which goes once over what is in it: it has some stages.
const SLICES: usize = 8;

/// Each part gets its share of the budget, and one step at least: so it may be `N` more in all. What one leaves goes to those behind it.
impl<const N: usize, P: AnyPart + ?Sized> Maintain for Registry<'_, N, P> {
    fn maintain(&self, budget: usize) -> Maintained {
        let mut all = Maintained::default();
        for (before, entry) in self.round().enumerate() {
            let share = share(budget, all.done, self.len() - before);
            let Maintained { done, is_left, next } = entry.part.tidy(share);
            all.done = all.done.saturating_add(done);
            all.is_left |= self.rounds.is_left(&entry.rest, entry.part.goes_round(), is_left);
            all.next = all.next.into_iter().chain(next).min();
        }
        if !all.is_left {
            self.rounds.end();
        }
        all
    }

    fn wake_when_due(&self, waker: &Waker) {
        self.entries.iter().for_each(|entry| entry.part.wake_when_untidy(waker));
    }
}

impl<const N: usize> Default for Registry<'_, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Default for Registry<'_, N, dyn Part> {
    fn default() -> Self {
        Self::local()
    }
}

/// The names, and of what type their parts are.
impl<const N: usize, P: AnyPart + ?Sized> fmt::Debug for Registry<'_, N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, part)| (name, part.type_name()))).finish()
    }
}

/// A part of a type that is not known: `dyn Part`, or `dyn Part + Sync`, which threads and interrupts share.
pub trait AnyPart: Part + sealed::Sealed {
    #[doc(hidden)]
    fn as_any(&self) -> &dyn Any;
}

impl AnyPart for dyn Part {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl AnyPart for dyn Part + Sync {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

mod sealed {
    use super::Part;

    pub trait Sealed {}
    impl Sealed for dyn Part {}
    impl Sealed for dyn Part + Sync {}
}
