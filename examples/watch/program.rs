//! The busy program.

use crate::log::Log;
use larder::maintain::Janitor;
use larder::manager::{MemoryManager, NamedConcurrent, NamedLru, NamedPool, NamedTimed, NamedTracker};
use larder::pool::{Hooks, OwnedPooled};
use larder::stats::Placed;
use larder::time::StdClock;
use larder::tracker::{Handle, Thresholds};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Zipf};
use std::collections::VecDeque;
use std::error::Error;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Requests that a thread answers at once, before it looks whether it is to pause or to end.
const BATCH: u32 = 16;

/// How long a thread rests after that, so that it is busy and leaves the machine to others.
const REST: Duration = Duration::from_millis(4);

/// So many requests long some users, articles and prices are in favour, and then others.
const FASHION: u64 = 15_000;

/// One in so many sessions can't be closed, and its finalizer panics.
const BROKEN: u64 = 9_973;

/// After so many requests somebody looks at those.
const ROUND: u64 = 50_000;

/// A session that a user has.
pub(crate) struct Session {
    number: u64,
}

/// What it does with a session that is over.
type Close = fn(&mut Session);

/// Everything with a name, and what the threads share besides.
struct Shop {
    memory: Arc<MemoryManager<StdClock>>,
    buffers: NamedPool<Vec<u8>>,
    connections: NamedPool<u32>,
    users: Arc<NamedLru<u32, String>>,
    logins: Arc<NamedTimed<u32, u64, StdClock>>,
    articles: Arc<NamedConcurrent<u32, Arc<str>>>,
    sessions: Arc<NamedTracker<Session, StdClock, Close>>,
    quotes: Box<dyn Fn(u32) -> u64 + Send + Sync>,
    log: Arc<Log>,
    requests: AtomicU64,
    is_paused: AtomicBool,
    is_over: AtomicBool,
}

impl Shop {
    fn open() -> Result<Self, Box<dyn Error>> {
        let log = Arc::new(Log::new());
        let memory = MemoryManager::with_room(Thresholds::new(200, 4, 4), StdClock::new(), 4_000)?;
        memory.on_event({
            let log = Arc::clone(&log);
            move |event| log.add(&event.to_string())
        });
        let buffers = Hooks::new(|| Vec::with_capacity(4096)).with_reset(Vec::clear);
        let caches = memory.caches();
        let quotes = caches.memoize("shop/quotes", 300, Duration::from_secs(1), |item: &u32| {
            (1..=u64::from(*item)).fold(1, |quote, factor| quote * factor % 9_973 + 1)
        })?;
        Ok(Self {
            buffers: memory.create_pool_with("http/buffers", buffers, 48)?,
            connections: memory.create_pool("db/connections", || 0, 8)?,
            users: caches.create_lru_cache("users/by_id", 400)?,
            logins: caches.create_timed_cache_of("users/logins", 600, Duration::from_millis(150))?,
            articles: caches.create_concurrent_cache("shop/articles", 500)?,
            sessions: memory.create_tracker("sessions", 512, close as Close)?,
            quotes: Box::new(move |item| quotes.call(&item)),
            memory: Arc::new(memory),
            log,
            requests: AtomicU64::new(0),
            is_paused: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        })
    }

    /// Takes the sessions back that could not be closed.
    fn repair(&self) {
        let sessions = std::iter::from_fn(|| self.sessions.take_quarantined()).count();
        self.log.add(&format!("somebody has looked at {sessions} sessions that could not be closed"));
    }
}

/// Finalizes a session. Some can't be closed.
fn close(session: &mut Session) {
    if session.number % BROKEN == BROKEN - 1 {
        // As a panic that prints nothing over the tables.
        resume_unwind(Box::new(format!("session {} is lost", session.number)));
    }
}

/// The program at work. It ends when this is dropped.
pub(crate) struct Program {
    shop: Arc<Shop>,
    threads: Vec<JoinHandle<()>>,
    _janitor: Janitor,
}

impl Program {
    /// Lets so many threads work; with rests, or as fast as they can.
    pub(crate) fn start(threads: u8, seed: u64, rests: bool) -> Result<Self, Box<dyn Error>> {
        let shop = Arc::new(Shop::open()?);
        let janitor = Janitor::new().every(Duration::from_millis(100));
        janitor.watch(&shop.memory);
        let threads = (0..threads).map(|number| {
            let worker = Worker::new(Arc::clone(&shop), seed.wrapping_mul(1_000) + u64::from(number));
            thread::Builder::new().name(format!("worker {number}")).spawn(move || worker.work(rests))
        });
        let threads = threads.collect::<Result<_, _>>()?;
        janitor.start()?;
        Ok(Self { shop, threads, _janitor: janitor })
    }

    pub(crate) fn memory(&self) -> &MemoryManager<StdClock> {
        &self.shop.memory
    }

    pub(crate) fn log(&self) -> &Log {
        &self.shop.log
    }

    /// Requests that were answered so far.
    pub(crate) fn requests(&self) -> u64 {
        self.shop.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.shop.is_paused.load(Ordering::Relaxed)
    }

    pub(crate) fn pause(&self, is_paused: bool) {
        self.shop.is_paused.store(is_paused, Ordering::Relaxed);
    }

    /// Cleans everything up, whether it is due or not.
    pub(crate) fn clean_up(&self) {
        let gone = self.memory().cleanup();
        self.log().add(&format!("cleanup: {} resources and {} entries went", gone.resources, gone.entries));
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.shop.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // What it may have panicked with was printed.
            let _ = thread.join();
        }
    }
}

/// An object of a pool with a name.
type Taken<T> = OwnedPooled<T, Hooks<T>, Placed>;

/// A thread of the program, and what it holds.
struct Worker {
    shop: Arc<Shop>,
    random: SmallRng,
    favour: Zipf<f64>,
    buffers: VecDeque<Taken<Vec<u8>>>,
    connections: VecDeque<Taken<u32>>,
    sessions: VecDeque<SessionHandle>,
    /// Owned here, and tracked weakly.
    uploads: VecDeque<Arc<[u8; 32]>>,
}

type SessionHandle = Handle<Arc<NamedTracker<Session, StdClock, Close>>>;

impl Worker {
    fn new(shop: Arc<Shop>, seed: u64) -> Self {
        Self {
            shop,
            random: SmallRng::seed_from_u64(seed),
            favour: Zipf::new(5_000.0, 0.95).expect("there is such a distribution"),
            buffers: VecDeque::new(),
            connections: VecDeque::new(),
            sessions: VecDeque::new(),
            uploads: VecDeque::new(),
        }
    }

    fn work(mut self, rests: bool) {
        while !self.shop.is_over.load(Ordering::Relaxed) {
            if !self.shop.is_paused.load(Ordering::Relaxed) {
                (0..BATCH).for_each(|_| self.answer());
            }
            if rests { thread::sleep(REST) } else { thread::yield_now() }
        }
    }

    /// Answers a request.
    fn answer(&mut self) {
        let number = self.shop.requests.fetch_add(1, Ordering::Relaxed);
        let [user, article, item] = [0, 1, 2].map(|_| self.somebody(number));
        self.shop.users.get_or_insert_with(user, |user| format!("user {user}"));
        if self.shop.logins.get(&user).is_none() {
            self.shop.logins.put(user, number);
        }
        self.shop.articles.get_or_insert_with(article, || format!("article {article}").into());
        (self.shop.quotes)(item % 1_000);
        self.hold(number);
        if number % ROUND == ROUND - 1 {
            self.shop.repair();
        }
    }

    /// One of those who are in favour now, most likely.
    fn somebody(&mut self, request: u64) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 5000")]
        let favoured = self.favour.sample(&mut self.random) as u64;
        let number = (favoured + request / FASHION * 700) % 5_000;
        u32::try_from(number).expect("it is below 5000")
    }

    /// Takes some things, and lets go of others: now more of them and now fewer, like the tide.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "small numbers, and a curve for the eye"
    )]
    fn hold(&mut self, request: u64) {
        let tide = 0.5 - 0.5 * (request as f64 / 9_000.0).cos();
        let mut wants = |most: f64| (most * (0.3 + 0.8 * tide) * self.random.random_range(0.7..1.1)) as usize;
        let [buffers, connections, sessions, uploads] = [15.0, 2.6, 50.0, 250.0].map(&mut wants);

        self.buffers.truncate(buffers);
        if self.buffers.len() < buffers {
            // Who gets none does without: the pool counts that, and the manager tells.
            self.buffers.extend(self.shop.buffers.acquire_owned());
        }
        self.connections.truncate(connections);
        if self.connections.len() < connections {
            self.connections.extend(self.shop.connections.acquire_owned());
        }
        self.sessions.truncate(sessions);
        if self.sessions.len() < sessions {
            self.sessions.extend(self.shop.sessions.track_owned(Session { number: request }));
        }
        self.uploads.truncate(uploads);
        if self.uploads.len() < uploads {
            let upload = Arc::new([0; 32]);
            if self.shop.memory.track(&upload).is_ok() {
                self.uploads.push_front(upload);
            }
        }
    }
}
