//! Names of parts.

use crate::error::{NameError, NameProblem};
use crate::fixed::watch::event::{Event, Told};
use crate::fixed::watch::part::{Cleanup, InUse, Part, Pressure, Relief};
use crate::fixed::watch::path;
use crate::fixed::watch::reading::Reading;
use crate::fixed::watch::rounds::{Rest, Rounds, share};
use crate::fixed::watch::snapshot::Line;
use crate::maintenance::Maintained;
use crate::sync::catch::catch;
use crate::sync::lock::Lock;
use crate::sync::{AtomicU32, Ordering};
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::{Any, type_name};
use core::iter;
use core::task::Waker;

/// A part that threads share.
type Shared = dyn Part + Send + Sync;

/// Who is told what happens.
pub(crate) type Listener = dyn Fn(&Event<'_>) + Send + Sync;

/// A part with a name.
pub(crate) struct Named {
    /// The whole name.
    path: Arc<str>,
    /// What stands before the last `/` of it, and what behind.
    namespace: Arc<str>,
    name: Arc<str>,
    part: Arc<Shared>,
    kind: &'static str,
    /// Whether something can happen to it that somebody should hear of: not to a cache.
    has_news: bool,
    told: Told,
    rest: Rest,
    /// How many bytes it owns elsewhere, if somebody said how that is found.
    payload: Lock<Option<Arc<Payload>>>,
}

type Payload = dyn Fn() -> usize + Send + Sync;

impl Named {
    fn line(&self) -> Line<Arc<str>> {
        let payload = self.payload.lock().clone();
        let payload = payload.map(|payload| payload());
        Line::of(Arc::clone(&self.namespace), Arc::clone(&self.name), &*self.part, payload)
    }

    fn is_in(&self, namespace: &str) -> bool {
        path::is_in(&self.namespace, namespace)
    }
}

/// How often a part may panic in a call before the rest is left for the next: each of the resources that a manager has room for if nothing
/// else is said can panic once.
const MOST_PANICS: usize = 4_097;

/// Calls between which the listener hears of news though there is always something left to be done: readings cost more than most steps.
const BETWEEN_NEWS: u32 = 64;

/// Names, in their order, and the parts that have them.
pub(crate) struct Names {
    all: Lock<BTreeMap<Arc<str>, Arc<Named>>>,
    listener: Lock<Option<Arc<Listener>>>,
    /// Woken when a part has something to do. Kept for parts that come later.
    waker: Lock<Option<Arc<Waker>>>,
    /// The part whose turn it is to be kept in order.
    turn: AtomicU32,
}

/// Of a name that is asked for.
pub(crate) type Refusal = NameError<String>;

/// Who has the name is not what it should be.
pub(crate) fn refuse(name: &str, problem: NameProblem) -> Refusal {
    NameError::new(String::from(name), problem)
}

impl Names {
    pub(crate) const fn new() -> Self {
        Self {
            all: Lock::new(BTreeMap::new()),
            listener: Lock::new(None),
            waker: Lock::new(None),
            turn: AtomicU32::new(0),
        }
    }

    /// Gives a part a name.
    pub(crate) fn add(&self, path: &str, part: Arc<Shared>) -> Result<(), Refusal> {
        let (namespace, name) = path::split(path);
        let [path, namespace, name] = [path, namespace, name].map(Arc::from);
        let reading = part.reading();
        let (kind, has_news) = (reading.kind(), !matches!(reading, Reading::Cache(_)));
        let (told, rest, payload) = (Told::new(), Rest::new(), Lock::new(None));
        let named = Arc::new(Named { path, namespace, name, part, kind, has_news, told, rest, payload });
        let added = Arc::clone(&named);
        // What is not needed is dropped where the names are not locked; so everywhere here.
        let unneeded = {
            let mut all = self.all.lock();
            match all.entry(Arc::clone(&named.path)) {
                Entry::Vacant(place) => {
                    place.insert(named);
                    None
                }
                Entry::Occupied(_) => Some(named),
            }
        };
        if unneeded.is_some() {
            return Err(refuse(&added.path, NameProblem::Taken));
        }
        // Afterwards: who brings a waker in between looks for it among all, and finds this one.
        let mut waker = self.waker.lock().clone();
        while let Some(given) = waker {
            added.part.wake_when_untidy(&given);
            // Another may have come, and gone to this part before that one.
            let last = self.waker.lock().clone();
            waker = last.filter(|last| !last.will_wake(&given));
        }
        Ok(())
    }

    /// Makes a part, if its name is free, and gives it that.
    pub(crate) fn create<P: Part + Send + Sync>(
        &self,
        path: &str,
        make: impl FnOnce() -> Result<P, NameProblem>,
    ) -> Result<Arc<P>, Refusal> {
        // Before anything is made. Another may still be faster.
        if self.all.lock().contains_key(path) {
            return Err(refuse(path, NameProblem::Taken));
        }
        let part = Arc::new(make().map_err(|problem| refuse(path, problem))?);
        self.add(path, Arc::clone(&part) as Arc<Shared>)?;
        Ok(part)
    }

    pub(crate) fn remove(&self, path: &str) -> Result<(), Refusal> {
        let named = self.all.lock().remove_entry(path);
        named.map(drop).ok_or_else(|| refuse(path, NameProblem::Unknown))
    }

    fn named(&self, path: &str) -> Result<Arc<Named>, Refusal> {
        self.all.lock().get(path).cloned().ok_or_else(|| refuse(path, NameProblem::Unknown))
    }

    /// The part of a name, whatever it is.
    pub(crate) fn part(&self, path: &str) -> Result<Arc<Shared>, Refusal> {
        let named = self.named(path)?;
        let part = Arc::clone(&named.part);
        // Before there is a result: another may have taken the name away, and then this is its end.
        drop(named);
        Ok(part)
    }

    /// All names.
    pub(crate) fn paths(&self) -> Vec<Arc<str>> {
        self.all.lock().keys().cloned().collect()
    }

    /// The part of a name as what it is.
    pub(crate) fn get<P: Part + Send + Sync>(&self, path: &str) -> Result<Arc<P>, Refusal> {
        Self::typed(path, self.part(path)?)
    }

    /// The same, if it is of that kind.
    pub(crate) fn get_of<P: Part + Send + Sync>(
        &self,
        asked: &'static str,
        path: &str,
    ) -> Result<Arc<P>, Refusal> {
        let named = self.named(path)?;
        if named.kind != asked {
            return Err(refuse(path, NameProblem::OtherKind { is: named.kind, asked }));
        }
        let part = Arc::clone(&named.part);
        drop(named);
        Self::typed(path, part)
    }

    fn typed<P: Part + Send + Sync>(path: &str, part: Arc<Shared>) -> Result<Arc<P>, Refusal> {
        let is = part.type_name();
        let any: Arc<dyn Any + Send + Sync> = part;
        any.downcast().map_err(|other| {
            drop(other);
            refuse(path, NameProblem::OtherType { is, asked: type_name::<P>() })
        })
    }

    /// Says how it is found how many bytes a part owns elsewhere.
    pub(crate) fn measure(&self, path: &str, payload: Arc<Payload>) -> Result<(), Refusal> {
        let named = self.named(path)?;
        let before = named.payload.lock().replace(payload);
        drop(before);
        Ok(())
    }

    /// All that are there now.
    fn all(&self) -> Vec<Arc<Named>> {
        self.all.lock().values().cloned().collect()
    }

    pub(crate) fn lines(&self) -> Vec<Line<Arc<str>>> {
        self.all().iter().map(|named| named.line()).collect()
    }

    /// Lets go of everything in the parts that are `wanted` and in this namespace, the rest also if a destructor panics. How many parts
    /// that were.
    pub(crate) fn empty(&self, namespace: &str, wanted: &mut dyn FnMut(&Line<Arc<str>>) -> bool) -> usize {
        let inside = self.all().into_iter().filter(|named| named.is_in(namespace));
        let parts: Vec<_> = inside.filter(|named| wanted(&named.line())).collect();
        crate::raw::for_each_surely(parts.iter(), |named| named.part.empty());
        parts.len()
    }

    /// Shows the reading of all parts in this namespace.
    pub(crate) fn visit(&self, namespace: &str, show: &mut dyn FnMut(&Line<Arc<str>>)) {
        self.all().iter().filter(|named| named.is_in(namespace)).for_each(|named| show(&named.line()));
    }

    pub(crate) fn report(&self, tell: &mut dyn FnMut(&Arc<str>, InUse)) {
        for named in self.all() {
            named.part.report(&mut |in_use| tell(&named.path, in_use));
        }
    }

    pub(crate) fn listen(&self, listener: Option<Arc<Listener>>) {
        let before = core::mem::replace(&mut *self.listener.lock(), listener);
        drop(before);
    }

    fn tell(&self, event: &Event<'_>) {
        let listener = self.listener.lock().clone();
        if let Some(listener) = listener {
            listener(event);
        }
    }

    /// Tells the listener what has happened since the last time.
    pub(crate) fn tell_news(&self) {
        for named in self.all().iter().filter(|named| named.has_news) {
            let read = || self.survive(named, 1, Part::reading).1;
            named.told.compare(&named.path, read, &mut |event| self.tell(event));
        }
    }

    /// How often a part is called again if it panics: once for all that can be in it.
    fn tries(&self, named: &Named) -> usize {
        let (_, reading) = self.survive(named, 1, Part::reading);
        reading.map_or(1, |reading| reading.capacity().saturating_add(1))
    }

    /// Works on a part, and again if that panics: what panicked is aside then, or dropped. `tries` times at most. What panicked is told
    /// once. Gives how often it panicked, and what came out in the end.
    fn survive<R>(
        &self,
        named: &Named,
        tries: usize,
        mut work: impl FnMut(&Shared) -> R,
    ) -> (usize, Option<R>) {
        let (mut panics, mut first) = (0, None);
        let result = loop {
            match catch(|| work(&*named.part)) {
                Ok(result) => break Some(result),
                Err(message) => {
                    panics += 1;
                    first.get_or_insert(message);
                }
            }
            if panics >= tries.min(MOST_PANICS) {
                break None;
            }
        };
        if let Some(message) = first {
            self.tell(&Event::CleanupFailed { name: &named.path, times: panics, message: message.text() });
        }
        (panics, result)
    }

    /// Does what is due, up to so many steps: each part has its share of them, and one at least. What one leaves goes to those behind it.
    pub(crate) fn tidy(&self, rounds: &Rounds, budget: usize) -> Maintained {
        let all = self.all();
        // Relaxed: whose turn it is, is a choice.
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut sum = Maintained::default();
        let (before, after) = all.split_at(turn as usize % all.len().max(1));
        for (seen, named) in after.iter().chain(before).enumerate() {
            let share = share(budget, sum.done, all.len() - seen);
            let (panics, tidied) = self.survive(named, share.max(1), |part| part.tidy(share));
            // Of what panics at each call, nothing is left to be done at once.
            let tidied = tidied.unwrap_or_default();
            sum.done = sum.done.saturating_add(panics).saturating_add(tidied.done);
            sum.is_left |= rounds.is_left(&named.rest, named.part.goes_round(), tidied.is_left);
            sum.next = sum.next.into_iter().chain(tidied.next).min();
        }
        if !sum.is_left || turn.is_multiple_of(BETWEEN_NEWS) {
            self.tell_news();
        }
        sum
    }

    /// Lets all parts wake it when they have something to do.
    pub(crate) fn wake_when_untidy(&self, waker: &Waker) {
        let shared = Arc::new(waker.clone());
        let before = self.waker.lock().replace(shared);
        drop(before);
        self.all().iter().for_each(|named| named.part.wake_when_untidy(waker));
    }

    /// A cleanup of all parts.
    pub(crate) fn cleanup(&self) -> Relief {
        let mut sum = Relief::default();
        self.cleanups().for_each(|relief| sum += relief);
        self.tell_news();
        sum
    }

    /// Lets go of memory in all parts.
    pub(crate) fn relieve(&self, pressure: Pressure) -> Relief {
        let mut sum = Relief::default();
        for named in self.all() {
            let (_, relief) = self.survive(&named, self.tries(&named), |part| part.relieve(pressure));
            sum += relief.unwrap_or_default();
        }
        self.tell_news();
        sum
    }

    /// A cleanup of the part of a name, if there is one.
    pub(crate) fn cleanup_of(&self, path: &str) {
        if let Ok(named) = self.named(path) {
            self.cleanup_slices(named).for_each(drop);
        }
    }

    /// Cleanups of all parts that are there now, slice by slice: each call of the iterator is one.
    pub(crate) fn cleanups(&self) -> impl Iterator<Item = Relief> {
        self.all().into_iter().flat_map(move |named| self.cleanup_slices(named))
    }

    fn cleanup_slices(&self, named: Arc<Named>) -> impl Iterator<Item = Relief> {
        let (mut cleanup, mut is_left) = (Cleanup::default(), true);
        let tries = self.tries(&named);
        // Others may make as much as this cleans.
        let most = (tries / SLICE).saturating_mul(STAGES).saturating_add(MORE_SLICES);
        let slice = move || {
            if !is_left {
                return None;
            }
            let before = cleanup.relief;
            let (_, left) = self.survive(&named, tries, |part| part.clean(&mut cleanup, SLICE));
            is_left = left.unwrap_or(false);
            Some(cleanup.relief - before)
        };
        iter::from_fn(slice).take(most)
    }
}

/// Steps of a cleanup that are done at once.
const SLICE: usize = 64;

/// How often a cleanup may go over all that is in a part: a tracker's has so many stages.
const STAGES: usize = 4;

/// Slices that a cleanup may take besides those of its part's capacity: what ends a stage is one of its own.
const MORE_SLICES: usize = 8;
