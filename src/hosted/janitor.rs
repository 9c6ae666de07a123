//! `Janitor`: the thread that keeps things in order.

use crate::maintenance::{Maintain, Maintained};
use crate::sync::catch::{Message, catch};
use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::task::Wake;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;
use core::task::Waker;
use core::time::Duration;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Whom a janitor looks after.
type Client = Weak<dyn Maintain + Send + Sync>;

/// Who is told that a client has panicked, and with what.
type Report = Box<dyn Fn(&(dyn Any + Send)) + Send + Sync>;

/// A background thread that keeps any number of trackers, caches and clocks in order.
///
/// It works in slices of bounded size, and sleeps in between: until the first of its clients says that something is due, until one of
/// them wakes it, and never longer than [`every`](Self::every) says. Clients are held weakly: what its owner drops is forgotten. A client
/// that panics is [reported](Self::on_panic), and asked again the next time; the others are not concerned.
///
/// Nothing runs before [`start`](Self::start). When the janitor is dropped the thread ends with the slice that it is at, and is waited for.
///
/// ```
/// use core::time::Duration;
/// use larder::maintain::Janitor;
/// use larder::tracker::HeapTracker;
/// use std::sync::Arc;
/// use std::thread;
///
/// let tracker = Arc::new(HeapTracker::with_capacity(10));
/// let janitor = Janitor::new().every(Duration::from_millis(100));
/// janitor.watch(&tracker);
/// janitor.start()?;
///
/// drop(tracker.track("a resource").unwrap());
/// while tracker.stats().awaiting > 0 {
///     thread::yield_now(); // it is woken by the death
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Janitor {
    shared: Arc<Shared>,
    slice: usize,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread and its janitor share.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    clients: Vec<Client>,
    longest: Duration,
    report: Option<Arc<Report>>,
    panics: u64,
    /// Somebody wants it to look before its time.
    is_called: bool,
    is_over: bool,
}

impl Shared {
    /// Nothing panics with the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.change(|state| state.is_called = true);
    }
}

impl Janitor {
    /// Steps of a slice, if nothing else is said: some ten microseconds of most work.
    const SLICE: usize = 64;

    /// The longest sleep, if nothing else is said.
    const LONGEST: Duration = Duration::from_secs(1);

    /// A janitor without clients, who has not started.
    pub fn new() -> Self {
        let state = State {
            clients: Vec::new(),
            longest: Self::LONGEST,
            report: None,
            panics: 0,
            is_called: false,
            is_over: false,
        };
        let shared = Shared { state: Mutex::new(state), changed: Condvar::new() };
        Self { shared: Arc::new(shared), slice: Self::SLICE, thread: Mutex::new(None) }
    }

    /// The same, who looks at all clients at least so often; once a second, if nothing is said. What says itself when something is due
    /// does not need it; what is due by growth, or is over in a concurrent cache, waits so long at most.
    #[must_use]
    pub fn every(self, longest: Duration) -> Self {
        self.shared.state().longest = longest;
        self
    }

    /// The same, who asks each client for so many steps at a time.
    #[must_use]
    pub fn slices_of(mut self, steps: usize) -> Self {
        self.slice = steps.max(1);
        self
    }

    /// The same, who calls `report` with what a client has panicked with. It runs on the janitor's thread. (That a thread panics is
    /// printed by std's hook besides.) If it panics itself, that is lost.
    #[must_use]
    pub fn on_panic(self, report: impl Fn(&(dyn Any + Send)) + Send + Sync + 'static) -> Self {
        self.shared.state().report = Some(Arc::new(Box::new(report)));
        self
    }

    /// Looks after one more, until its owners have dropped it. Before or after the start.
    pub fn watch<T: Maintain + Send + Sync + 'static>(&self, client: &Arc<T>) {
        let client: Client = Arc::downgrade(client) as Client;
        self.shared.change(|state| {
            state.clients.push(client);
            state.is_called = true;
        });
    }

    /// Starts the thread. Nothing, if it has started.
    ///
    /// # Errors
    ///
    /// If the system has no thread to give.
    pub fn start(&self) -> io::Result<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let (shared, slice) = (Arc::clone(&self.shared), self.slice);
            let work = move || Round::new(&shared, slice).go_on();
            *thread = Some(thread::Builder::new().name("larder janitor".into()).spawn(work)?);
        }
        Ok(())
    }

    /// Lets it look at all clients now.
    pub fn call(&self) {
        self.shared.wake_by_ref();
    }

    /// How often a client has panicked.
    pub fn panics(&self) -> u64 {
        self.shared.state().panics
    }
}

impl Default for Janitor {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Janitor {
    /// Ends the thread and waits for it. (If it is the thread itself that drops it, with the last share of a client, it ends by itself.)
    fn drop(&mut self) {
        self.shared.change(|state| state.is_over = true);
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            // It can't panic: what clients do is caught.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Janitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state();
        f.debug_struct("Janitor")
            .field("clients", &state.clients.len())
            .field("longest", &state.longest)
            .field("panics", &state.panics)
            .finish_non_exhaustive()
    }
}

/// What the thread does.
struct Round<'a> {
    shared: &'a Arc<Shared>,
    waker: Waker,
    slice: usize,
}

impl<'a> Round<'a> {
    fn new(shared: &'a Arc<Shared>, slice: usize) -> Self {
        Self { shared, waker: Waker::from(Arc::clone(shared)), slice }
    }

    fn go_on(&self) {
        // Clients that had nothing left since the last sleep or call. Some go round and begin again at once, each at a time of its own: to wait
        // for a moment when none has anything left could take for ever.
        let mut at_rest: Vec<*const ()> = Vec::new();
        while let Some((clients, is_called)) = self.clients() {
            if is_called {
                at_rest.clear();
            }
            let mut all = Maintained::default();
            for client in clients {
                if self.shared.state().is_over {
                    return;
                }
                let one = self.look_after(&client);
                let who = client.as_ptr().cast();
                let is_at_rest = at_rest.contains(&who);
                all.is_left |= one.is_left && !is_at_rest;
                if !one.is_left && !is_at_rest {
                    at_rest.push(who);
                }
                all.next = all.next.into_iter().chain(one.next).min();
            }
            if !all.is_left {
                self.sleep(all.next);
                at_rest.clear();
            }
        }
    }

    /// Those whose owners still have them, and whether it was called since this was asked last; none if all is over.
    fn clients(&self) -> Option<(Vec<Client>, bool)> {
        let mut state = self.shared.state();
        let is_called = core::mem::take(&mut state.is_called);
        state.clients.retain(|client| client.strong_count() > 0);
        (!state.is_over).then(|| (state.clients.clone(), is_called))
    }

    /// A slice of one. Also its end may be in there, if its owner lets go of it meanwhile.
    fn look_after(&self, client: &Client) -> Maintained {
        let work = || {
            let Some(client) = client.upgrade() else { return Maintained::default() };
            // Before it: what comes up after that wakes.
            client.wake_when_due(&self.waker);
            client.maintain(self.slice)
        };
        catch(work).unwrap_or_else(|message| {
            self.report(&message);
            Maintained::default()
        })
    }

    fn report(&self, message: &Message) {
        let report = {
            let mut state = self.shared.state();
            state.panics += 1;
            state.report.clone()
        };
        // What the report panics with itself is dropped.
        let _ = catch(|| report.iter().for_each(|report| report(message.payload())));
    }

    /// Until something is due, somebody calls, or all is over.
    fn sleep(&self, next: Option<Duration>) {
        let state = self.shared.state();
        let time = state.longest.min(next.unwrap_or(Duration::MAX));
        let rests = |state: &mut State| !state.is_called && !state.is_over;
        drop(self.shared.changed.wait_timeout_while(state, time, rests));
    }
}
