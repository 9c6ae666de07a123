//! Single flight: of callers that miss one result one computes it, and the others wait for that.

use super::waits;
use crate::fixed::memo::{Callers, Flights, Keeper, Memo, sealed};
use crate::key::{DefaultHash, Equivalent};
use crate::sync::{Condvar, Mutex, ThreadId, this_thread};
use alloc::sync::Arc;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::mem;
use hashbrown::HashTable;

/// Callers of a [`Memo`] that miss one result at the same time compute it once: one does, and the others wait and get a clone.
///
/// See [`Memo::with_single_flight`].
#[derive(Clone, Copy, Debug, Default)]
pub struct SingleFlight(());

impl sealed::Sealed for SingleFlight {}

impl Callers for SingleFlight {
    type Of<K: Hash + Eq + Clone, V: Clone> = Table<K, V>;
}

impl<S: Keeper> Memo<S, SingleFlight> {
    /// A memo that keeps results in that cache, where callers that miss one result at the same time compute it once.
    ///
    /// ```
    /// use larder::cache::HeapCache;
    /// use larder::memo::Memo;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// let computed = AtomicU32::new(0);
    /// let lengths = Memo::with_single_flight(HeapCache::with_capacity(100));
    /// std::thread::scope(|scope| {
    ///     for _ in 0..8 {
    ///         scope.spawn(|| {
    ///             let length = lengths.get_or_compute("four", || {
    ///                 computed.fetch_add(1, Ordering::Relaxed);
    ///                 "four".len()
    ///             });
    ///             assert_eq!(length, 4);
    ///         });
    ///     }
    /// });
    /// assert_eq!(computed.into_inner(), 1);
    /// ```
    ///
    /// # Who waits, and for how long
    ///
    /// Who misses a result that somebody is computing waits until that is done, and gets a clone of it, whether it could be kept or not.
    /// If it fails, or panics, the waiters wake up, one of them computes, and the others wait for that one. So it is not for
    /// interrupts, and a computation that never ends stops all who ask for its key.
    ///
    /// Nobody waits for itself: a computation that asks for what it computes, in the same thread, computes it again within itself; and so
    /// does one that would wait for a thread that waits for it, over any number of threads and memos. (What is not seen is a
    /// computation that waits otherwise, for a thread that asks for the same key.)
    ///
    /// # Cost
    ///
    /// A known result costs nothing more. An unknown one costs two short locks, an allocation, a clone of the key, and, if somebody waits, one of
    /// the result. The memo takes about 400 bytes besides its cache, and a table of as many entries as computations were ever under way at
    /// once. No user code runs under a lock of these. Keys are hashed by the default hasher, whatever the cache's is: many keys of one
    /// hash that are computed at the same time only make that slower.
    pub const fn with_single_flight(cache: S) -> Self {
        Self::with_callers(cache, Table::new())
    }

    /// How many computations are under way that others would wait for. Counted part by part while others come and go.
    pub fn under_way(&self) -> usize {
        self.callers.shards.iter().map(|shard| shard.lock().flights.len()).sum()
    }
}

/// One of 2^this many parts of the table: callers of different keys seldom meet at a lock.
const SHARD_BITS: u32 = 3;

/// The computations that are under way.
pub struct Table<K, V> {
    shards: [Mutex<Shard<K, V>>; 1 << SHARD_BITS],
}

struct Shard<K, V> {
    flights: HashTable<Entry<K, V>>,
    /// The number of the next one.
    next: u64,
}

/// A flight that can be joined. Those of a hash are numbered as they come, so that whoever compares keys, which is done without the lock,
/// knows which of them he has seen.
struct Entry<K, V> {
    hash: u64,
    number: u64,
    flight: Arc<Flight<K, V>>,
}

/// A computation that is under way, of those who wait for it.
struct Flight<K, V> {
    key: K,
    pilot: ThreadId,
    state: Mutex<State<V>>,
    landed: Condvar,
}

enum State<V> {
    /// And whether somebody waits.
    Flying {
        waited_for: bool,
    },
    Landed(Landed<V>),
}

/// What a computation left to those who waited: nothing, if it failed.
type Landed<V> = Option<Arc<V>>;

/// That a thread would wait for itself.
struct Circle;

impl<K, V> Table<K, V> {
    const fn new() -> Self {
        Self { shards: [const { Mutex::new(Shard { flights: HashTable::new(), next: 0 }) }; 1 << SHARD_BITS] }
    }

    fn shard(&self, hash: u64) -> &Mutex<Shard<K, V>> {
        // 2^64 divided by the golden ratio: the table takes the hash's own bits.
        &self.shards[(hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - SHARD_BITS)) as usize]
    }

    /// The flight whose key `is` the one. If there is none, `new` is it from now on.
    fn find(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        new: Option<&Arc<Flight<K, V>>>,
    ) -> Option<Arc<Flight<K, V>>> {
        let mut seen = 0;
        loop {
            let (number, flight) = self.shard(hash).lock().next(hash, seen, new)?;
            if is(&flight.key) {
                return Some(flight);
            }
            seen = number + 1;
        }
    }

    /// Takes a flight out, if it is still there: nobody finds it any more.
    fn take_out(&self, hash: u64, flight: &Arc<Flight<K, V>>) {
        let taken = self.shard(hash).lock().take_out(hash, flight);
        // Here, since it may be the last that has the key, whose destructor is not to run under the lock.
        drop(taken);
    }
}

impl<K, V> Shard<K, V> {
    /// The first flight of a hash from a number on. If there is none, `new` comes in.
    fn next(
        &mut self,
        hash: u64,
        from: u64,
        new: Option<&Arc<Flight<K, V>>>,
    ) -> Option<(u64, Arc<Flight<K, V>>)> {
        let of_hash = self.flights.iter_hash(hash).filter(|entry| entry.hash == hash && entry.number >= from);
        let first = of_hash.min_by_key(|entry| entry.number);
        if first.is_none()
            && let Some(flight) = new
        {
            let entry = Entry { hash, number: self.next, flight: Arc::clone(flight) };
            self.next += 1;
            self.flights.insert_unique(hash, entry, |entry| entry.hash);
            return None;
        }
        first.map(|entry| (entry.number, Arc::clone(&entry.flight)))
    }

    fn take_out(&mut self, hash: u64, flight: &Arc<Flight<K, V>>) -> Option<Entry<K, V>> {
        let found = self.flights.find_entry(hash, |entry| Arc::ptr_eq(&entry.flight, flight));
        found.ok().map(|entry| entry.remove().0)
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Flights<K, V> for Table<K, V> {
    fn run<E>(&self, key: K, compute: impl FnOnce(K) -> Result<V, E>) -> Result<V, E> {
        let hash = hash(&key);
        loop {
            let ours = Arc::new(Flight::new(key.clone()));
            let Some(flight) = self.find(hash, |other| *other == key, Some(&ours)) else {
                return Leader::new(self, hash, ours).lead(|| compute(key));
            };
            let landed = flight.wait();
            drop((ours, flight));
            match landed {
                Ok(Some(shared)) => {
                    let value = V::clone(&shared);
                    drop((shared, key, compute));
                    return Ok(value);
                }
                // It failed. Whoever is the first to come again computes.
                Ok(None) => {}
                Err(Circle) => return compute(key),
            }
        }
    }

    fn abandon<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) {
        let hash = hash(key);
        if let Some(flight) = self.find(hash, |other| key.equivalent(other), None) {
            self.take_out(hash, &flight);
        }
    }

    fn abandon_all(&self) {
        for shard in &self.shards {
            // Not dropped under the lock.
            let flights = mem::take(&mut shard.lock().flights);
            drop(flights);
        }
    }
}

/// By the default hasher, whatever the cache's is: two keys of one hash only cost a comparison.
fn hash<Q: Hash + ?Sized>(key: &Q) -> u64 {
    DefaultHash::new().hash_one(key)
}

impl<K, V> Flight<K, V> {
    fn new(key: K) -> Self {
        let state = Mutex::new(State::Flying { waited_for: false });
        Self { key, pilot: this_thread(), state, landed: Condvar::new() }
    }

    /// What it is called among those that are waited for, as long as it is there.
    fn name(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Waits until it has landed.
    fn wait(&self) -> Result<Landed<V>, Circle> {
        let mut state = self.state.lock();
        if let State::Flying { waited_for } = &mut *state {
            if !waits::begin(self.pilot, self.name()) {
                return Err(Circle);
            }
            *waited_for = true;
        }
        loop {
            match &*state {
                State::Landed(value) => return Ok(value.clone()),
                State::Flying { .. } => state = self.landed.wait(state),
            }
        }
    }

    /// Lets those who wait go on.
    fn land(&self, landed: Landed<V>) {
        let mut state = self.state.lock();
        // Under the lock, so that whoever has seen it fly is counted among those who wait, and is taken out here.
        if matches!(*state, State::Flying { waited_for: true }) {
            waits::end(self.name());
        }
        *state = State::Landed(landed);
        drop(state);
        self.landed.notify_all();
    }
}

/// Who computes. When it is dropped, also by a panic, its flight lands.
struct Leader<'a, K, V> {
    table: &'a Table<K, V>,
    hash: u64,
    flight: Arc<Flight<K, V>>,
    /// Whether others may still join.
    open: bool,
    landed: Landed<V>,
}

impl<'a, K, V> Leader<'a, K, V> {
    fn new(table: &'a Table<K, V>, hash: u64, flight: Arc<Flight<K, V>>) -> Self {
        Self { table, hash, flight, open: true, landed: None }
    }

    fn lead<E>(mut self, compute: impl FnOnce() -> Result<V, E>) -> Result<V, E>
    where
        V: Clone,
    {
        let result = compute();
        self.close();
        if self.has_company()
            && let Ok(value) = &result
        {
            self.landed = Some(Arc::new(value.clone()));
        }
        // Here, since the last to have the key drops it.
        drop(self);
        result
    }

    fn close(&mut self) {
        self.open = false;
        self.table.take_out(self.hash, &self.flight);
    }

    /// Whether somebody waits, or is about to. Asked when nobody joins any more: then it can only become untrue.
    fn has_company(&self) -> bool {
        Arc::strong_count(&self.flight) > 1
    }
}

impl<K, V> Drop for Leader<'_, K, V> {
    fn drop(&mut self) {
        if self.open {
            self.close();
        }
        if self.has_company() {
            self.flight.land(self.landed.take());
        }
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").finish_non_exhaustive()
    }
}
