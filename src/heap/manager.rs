//! `MemoryManager`: pools, trackers and caches with names.

use super::caches::{CacheManager, some};
use super::names::{Names, Refusal, refuse};
use super::object_pool::{Hooks, ObjectPool, OwnedPooled};
use super::resources::{Resource, Resources, WhenGone};
use super::tracker::{HeapTracker, OwnedHandle};
use crate::error::{Exhausted, NameProblem};
use crate::fixed::tracker::setup::{Finalizer, Places, Tracking};
use crate::fixed::tracker::thresholds::Thresholds;
use crate::fixed::watch::event::Event;
use crate::fixed::watch::part::{InUse, Part, Pressure, Relief};
use crate::fixed::watch::reading::Reading;
use crate::fixed::watch::rounds::Rounds;
use crate::fixed::watch::snapshot::{Line, Snapshot};
use crate::id::Id;
use crate::lifetime::Expiring;
use crate::maintenance::{Maintain, Maintained};
use crate::raw::heap::Heap;
use crate::stats::Placed;
use crate::time::Clock;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};

/// A pool that a [`MemoryManager`] makes. It counts, and remembers where its objects were acquired.
pub type NamedPool<T> = ObjectPool<T, Hooks<T>, Placed>;

/// A tracker that a [`MemoryManager`] makes. It remembers where its resources are from, and since when.
pub type NamedTracker<R, C, F> = HeapTracker<R, Tracking<F, Expiring<C>, Places>>;

/// An object of a [`NamedPool`] whose guard keeps the pool alive.
pub type NamedObject<T> = OwnedPooled<T, Hooks<T>, Placed>;

/// A handle of a [`NamedTracker`] that keeps the tracker alive.
pub type NamedHandle<R, C, F> = OwnedHandle<R, Heap, Tracking<F, Expiring<C>, Places>>;

/// The name of the tracker for resources of any type.
const RESOURCES: &str = "resources";

/// How many of them there can be, if nobody says it.
const MOST_RESOURCES: usize = 4_096;

/// All that a program holds on to, by name: pools, trackers and [caches](CacheManager); and resources of any type, of which it learns
/// when nobody has them any more.
///
/// ```
/// use larder::manager::MemoryManager;
/// use larder::tracker::Thresholds;
/// use larder::watch::Pressure;
/// use std::sync::Arc;
///
/// let memory = MemoryManager::new(Thresholds::new(700, 10, 10)); // on the real clock
///
/// let buffers = memory.create_pool("buffers", || Vec::<u8>::with_capacity(4096), 64)?;
/// let buffer = buffers.acquire()?;
///
/// let session = Arc::new("alice");
/// memory.track_with(&session, || println!("alice has left"))?;
/// drop(session);
/// assert_eq!(memory.cleanup().resources, 1);
///
/// let users = memory.caches().create_lru_cache::<u32, String>("users/by_id", 1_000)?;
/// println!("{}", memory.snapshot()); // a table
/// memory.on_pressure(Pressure::High); // idle objects and half of what is cached go
/// # drop(buffer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Names of pools and trackers are one set, those of caches another. `"resources"` is the tracker for resources of any type.
///
/// # Cost
///
/// As of a [`CacheManager`]: a look-up of a name takes a lock for that alone, and who keeps the handle that a call gives looks
/// nothing up. Pools, caches and trackers cost what they cost without a manager.
///
/// # Maintenance
///
/// Sweeps that are due by the thresholds, finalizers, and what is over in caches: all of it when [`Maintain::maintain`] is called, by a
/// [`Janitor`](crate::maintain::Janitor) that watches the manager, by a task or a main loop. [`cleanup`](Self::cleanup) does all of it at once, whether it is due or not,
/// and [`cleanup_async`](Self::cleanup_async) lets others run in between.
///
/// # Panics
///
/// As of a [`CacheManager`]. Not for use in an interrupt.
pub struct MemoryManager<C: Clock> {
    parts: Names,
    resources: Arc<Resources<C>>,
    caches: CacheManager<C>,
    thresholds: Thresholds,
    rounds: Rounds,
}

impl<C: Clock + Clone + Send + Sync + 'static> MemoryManager<C> {
    /// Nothing is named yet. Sweeps of trackers are due by these thresholds. Up to 4096 resources of any type can be tracked, in
    /// some 300 kilobytes; for another number see
    /// [`with_room`](Self::with_room).
    ///
    /// # Panics
    ///
    /// If there is no memory for it.
    pub fn with_clock(thresholds: Thresholds, clock: C) -> Self {
        match Self::with_room(thresholds, clock, MOST_RESOURCES) {
            Ok(memory) => memory,
            Err(error) => panic!("{error}"),
        }
    }

    /// The same, for so many resources of any type.
    ///
    /// # Errors
    ///
    /// [`CapacityError`](crate::CapacityError), if there is no memory for it.
    pub fn with_room(
        thresholds: Thresholds,
        clock: C,
        resources: usize,
    ) -> Result<Self, crate::CapacityError> {
        let time = Expiring::new(clock.clone());
        let setup = Tracking::of(WhenGone::new()).time(time).places().thresholds(thresholds);
        let resources = Arc::new(HeapTracker::try_with_capacity(resources, setup)?);
        let parts = Names::new();
        let named = parts.add(RESOURCES, Arc::clone(&resources) as _);
        debug_assert!(named.is_ok(), "no name is taken yet");
        Ok(Self {
            parts,
            resources,
            caches: CacheManager::with_clock(clock),
            thresholds,
            rounds: Rounds::new(),
        })
    }

    /// Makes a pool of up to `max_size` objects that `factory` makes, and that stay as they are when they come back.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): the name is taken, the size is 0 or can't be had.
    pub fn create_pool<T: Send + 'static>(
        &self,
        name: &str,
        factory: impl Fn() -> T + Send + Sync + 'static,
        max_size: usize,
    ) -> Result<NamedPool<T>, Refusal> {
        self.create_pool_with(name, Hooks::new(factory), max_size)
    }

    /// The same with a factory and a reset hook.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): the name is taken, the size is 0 or can't be had.
    pub fn create_pool_with<T: Send + 'static>(
        &self,
        name: &str,
        hooks: Hooks<T>,
        max_size: usize,
    ) -> Result<NamedPool<T>, Refusal> {
        let make = || {
            ObjectPool::try_with_recorder(name, some(max_size)?, hooks, Placed::new())
                .map_err(NameProblem::Capacity)
        };
        Ok(ObjectPool::clone(&*self.parts.create(name, make)?))
    }

    /// The pool of a name.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name, or it is no pool of such objects.
    pub fn pool<T: Send + 'static>(&self, name: &str) -> Result<NamedPool<T>, Refusal> {
        Ok(ObjectPool::clone(&*self.parts.get::<NamedPool<T>>(name)?))
    }

    /// Makes a tracker for so many resources of one type, with the manager's thresholds. What has died is finalized by `finalizer`.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): the name is taken, the capacity is 0 or can't be had.
    pub fn create_tracker<R, F>(
        &self,
        name: &str,
        capacity: usize,
        finalizer: F,
    ) -> Result<Arc<NamedTracker<R, C, F>>, Refusal>
    where
        R: Send + Sync + 'static,
        F: Finalizer<R> + Send + Sync + 'static,
    {
        self.parts.create(name, || {
            let time = Expiring::new(self.caches.clock().clone());
            let setup = Tracking::of(finalizer).time(time).places().thresholds(self.thresholds);
            HeapTracker::try_with_capacity(some(capacity)?, setup).map_err(NameProblem::Capacity)
        })
    }

    /// Tracks a resource that is owned elsewhere: when its last owner is gone, a sweep finds that. If there is no room, it cleans up first
    /// what is gone.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], if there is no room then.
    #[track_caller]
    pub fn track<T: Send + Sync + ?Sized + 'static>(&self, resource: &Arc<T>) -> Result<Id, Exhausted> {
        self.track_with(resource, || ())
    }

    /// The same, and `finalizer` is called once the resource is gone. (Never for one that outlives the manager.)
    ///
    /// # Errors
    ///
    /// [`Exhausted`], if there is no room. The finalizer is dropped, and not called.
    #[track_caller]
    pub fn track_with<T: Send + Sync + ?Sized + 'static>(
        &self,
        resource: &Arc<T>,
        finalizer: impl FnOnce() + Send + Sync + 'static,
    ) -> Result<Id, Exhausted> {
        let resource = Resource::new(Arc::downgrade(resource), finalizer);
        let exhausted = match self.resources.insert(resource) {
            Ok(id) => return Ok(id),
            Err(exhausted) => exhausted,
        };
        // By now many may be gone that no sweep has looked at.
        self.parts.cleanup_of(RESOURCES);
        self.resources.insert(exhausted.into_inner()).map_err(|full| Exhausted::new((), full.capacity()))
    }

    /// Tracks a resource no longer. Its finalizer is not called. False if it is gone and finalized, or was never there.
    pub fn untrack(&self, id: Id) -> bool {
        self.resources.remove(id).was_there()
    }

    /// The tracker of resources of any type.
    pub fn resources(&self) -> &Arc<Resources<C>> {
        &self.resources
    }
}

impl<C: Clock> MemoryManager<C> {
    /// The caches.
    pub const fn caches(&self) -> &CacheManager<C> {
        &self.caches
    }

    /// When sweeps are due.
    pub const fn thresholds(&self) -> Thresholds {
        self.thresholds
    }

    /// Gives any part a name that was made elsewhere. (Caches have names of their own, at [`caches`](Self::caches).)
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): the name is taken.
    pub fn add<P: Part + Send + Sync>(&self, name: &str, part: &Arc<P>) -> Result<(), Refusal> {
        self.parts.add(name, Arc::clone(part) as _)
    }

    /// The part of a name, of any type.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name, or it is of another type.
    pub fn part<P: Part + Send + Sync>(&self, name: &str) -> Result<Arc<P>, Refusal> {
        self.parts.get(name)
    }

    /// Forgets the name of a pool or a tracker, which is free then. The part lives on as long as somebody has a handle of it.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name; or it is `"resources"`, which is the manager's own and stays taken.
    pub fn remove(&self, name: &str) -> Result<(), Refusal> {
        if name == RESOURCES {
            return Err(refuse(name, NameProblem::Taken));
        }
        self.parts.remove(name)
    }

    /// All names of pools and trackers, in their order.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.parts.paths()
    }

    /// What the pool or tracker of a name looks like.
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name.
    pub fn reading(&self, name: &str) -> Result<Reading, Refusal> {
        Ok(self.parts.part(name)?.reading())
    }

    /// Says how it is found how many bytes the objects of a pool or a tracker own elsewhere: as [`CacheManager::measure`].
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError): there is no such name.
    pub fn measure(
        &self,
        name: &str,
        bytes: impl Fn() -> usize + Send + Sync + 'static,
    ) -> Result<(), Refusal> {
        self.parts.measure(name, Arc::new(bytes))
    }

    /// All parts as they are now: pools and trackers, then caches.
    pub fn snapshot(&self) -> Snapshot<Vec<Line<Arc<str>>>> {
        let mut lines = self.parts.lines();
        lines.append(&mut self.caches.named().lines());
        Snapshot::new(lines)
    }

    /// What is in use, and where it is from: each object of a pool that is out, each resource that is alive. What is here at a program's end
    /// was leaked.
    ///
    /// ```
    /// use larder::manager::MemoryManager;
    /// use larder::tracker::Thresholds;
    ///
    /// let memory = MemoryManager::new(Thresholds::default());
    /// let numbers = memory.create_pool("numbers", || 0, 4)?;
    /// std::mem::forget(numbers.acquire()?);
    /// for (name, in_use) in memory.report() {
    ///     println!("{name}: {in_use}"); // with the file and the line
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn report(&self) -> Vec<(Arc<str>, InUse)> {
        let mut all = Vec::new();
        let mut tell = |name: &Arc<str>, in_use| all.push((Arc::clone(name), in_use));
        self.parts.report(&mut tell);
        self.caches.named().report(&mut tell);
        all
    }

    /// Cleans everything up, whether it is due or not: what is dead or of no more use is finalized, what is over is thrown out. Gives what went.
    /// (Of what panicked not all is counted.)
    pub fn cleanup(&self) -> Relief {
        let mut sum = self.parts.cleanup();
        sum += self.caches.cleanup();
        sum
    }

    /// The same, in slices between which other tasks run. Under any executor.
    ///
    /// ```
    /// # use larder::manager::MemoryManager;
    /// # async fn shut_down(memory: &MemoryManager<larder::time::StdClock>) {
    /// let gone = memory.cleanup_async().await;
    /// println!("{} resources are gone", gone.resources);
    /// # }
    /// ```
    pub fn cleanup_async(&self) -> impl Future<Output = Relief> {
        let mut slices = self.parts.cleanups().chain(self.caches.named().cleanups());
        let mut sum = Relief::default();
        poll_fn(move |context| {
            if let Some(relief) = slices.next() {
                sum += relief;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.tell_news();
            Poll::Ready(sum)
        })
    }

    /// Lets go of memory, as far as the pressure asks for it: for whoever watches a limit.
    pub fn on_pressure(&self, pressure: Pressure) -> Relief {
        let mut sum = self.parts.relieve(pressure);
        sum += self.caches.on_pressure(pressure);
        sum
    }

    /// Drops idle objects of all pools, and all entries of all caches. What is in use stays, and what trackers track.
    pub fn clear(&self) {
        self.parts.empty("", &mut |_| true);
        self.caches.clear_all();
    }

    /// Lets `listener` hear what happens to pools, trackers and caches, in place of the one before: pools that were exhausted, finalizers
    /// that panicked. It hears of it when the manager looks: in [`maintain`](Maintain::maintain), [`cleanup`](Self::cleanup), [`on_pressure`](Self::on_pressure)
    /// and [`tell_news`](Self::tell_news).
    pub fn on_event(&self, listener: impl Fn(&Event<'_>) + Send + Sync + 'static) {
        let listener = Arc::new(listener);
        self.parts.listen(Some(Arc::clone(&listener) as _));
        self.caches.named().listen(Some(listener));
    }

    /// Tells the listener what has happened since the last time.
    pub fn tell_news(&self) {
        self.parts.tell_news();
        self.caches.named().tell_news();
    }
}

/// A step is one of the parts' own. Each gets its turn.
impl<C: Clock> Maintain for MemoryManager<C> {
    fn maintain(&self, budget: usize) -> Maintained {
        // Half of it first, and a step at least for the others, so that neither keeps the other from its turn.
        let parts = self.parts.tidy(&self.rounds, budget.div_ceil(2));
        let rest = budget.saturating_sub(parts.done).max(budget.min(1));
        let caches = self.caches.named().tidy(&self.rounds, rest);
        let is_left = parts.is_left || caches.is_left;
        if !is_left {
            self.rounds.end();
        }
        let next = parts.next.into_iter().chain(caches.next).min();
        Maintained { done: parts.done.saturating_add(caches.done), is_left, next }
    }

    fn wake_when_due(&self, waker: &Waker) {
        self.parts.wake_when_untidy(waker);
        self.caches.wake_when_due(waker);
    }
}

impl<C: Clock> fmt::Debug for MemoryManager<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryManager")
            .field("parts", &self.parts.paths())
            .field("caches", &self.caches)
            .finish_non_exhaustive()
    }
}
