//! A tracker against the plainest one there is: a list of what was ever put in, with what it knows of each.

use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicU32, Ordering};
use larder::Exhausted;
use larder::time::Instant;
use larder::tracker::{Age, Finalizer, Handle, Id, Removed, Slots, Tracker, Tracking, WeakHandle};
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// What becomes of resources, by their number.
pub(crate) struct Book(Vec<Line>);

#[derive(Default)]
struct Line {
    finalized: AtomicU32,
    dropped: AtomicU32,
}

impl Book {
    /// For so many resources, for ever.
    pub(crate) fn new(resources: usize) -> &'static Self {
        Box::leak(Box::new(Self((0..resources).map(|_| Line::default()).collect())))
    }

    pub(crate) fn finalized(&self, number: usize) -> u32 {
        self.0[number].finalized.load(Ordering::Relaxed)
    }

    pub(crate) fn dropped(&self, number: usize) -> u32 {
        self.0[number].dropped.load(Ordering::Relaxed)
    }
}

/// A resource that is written down.
pub(crate) struct Resource {
    pub(crate) number: usize,
    pub(crate) book: &'static Book,
    /// Its finalizer panics.
    pub(crate) explodes: bool,
    /// Sweeps are told that it is of no use.
    pub(crate) is_useless: bool,
}

impl Drop for Resource {
    fn drop(&mut self) {
        self.book.0[self.number].dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Writes down what is finalized.
#[derive(Clone, Copy)]
pub(crate) struct Care;

impl Finalizer<Resource> for Care {
    fn finalize(&self, resource: &mut Resource) {
        resource.book.0[resource.number].finalized.fetch_add(1, Ordering::Relaxed);
        if resource.explodes {
            std::panic::resume_unwind(Box::new("a finalizer's"));
        }
    }

    fn is_unused(&self, resource: &Resource) -> bool {
        resource.is_useless
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Track { explodes: bool },
    Insert { explodes: bool, is_useless: bool },
    Get(usize),
    Read(usize),
    Clone(usize),
    Drop(usize),
    Downgrade(usize),
    Upgrade(usize),
    Remove(usize),
    Untrack(usize),
    Sweep(Age),
    Drain(usize),
    TakeQuarantined,
}

pub(crate) fn age() -> impl Strategy<Value = Age> {
    prop_oneof![Just(Age::Young), Just(Age::Middle), Just(Age::Old)]
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let which = || any::<usize>();
    let rarely = || (0..8_u8).prop_map(|number| number == 0);
    prop_oneof![
        3 => rarely().prop_map(|explodes| Op::Track { explodes }),
        5 => (rarely(), any::<bool>()).prop_map(|(explodes, is_useless)| Op::Insert { explodes, is_useless }),
        2 => which().prop_map(Op::Get),
        1 => which().prop_map(Op::Read),
        1 => which().prop_map(Op::Clone),
        4 => which().prop_map(Op::Drop),
        1 => which().prop_map(Op::Downgrade),
        2 => which().prop_map(Op::Upgrade),
        3 => which().prop_map(Op::Remove),
        1 => which().prop_map(Op::Untrack),
        1 => age().prop_map(Op::Sweep),
        2 => (0..5_usize).prop_map(Op::Drain),
        1 => Just(Op::TakeQuarantined),
    ]
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Live { kept: bool, handles: u32, is_ending: bool, age: Age },
    Dead,
    Aside,
    Gone,
}

struct Known {
    id: Id,
    explodes: bool,
    is_useless: bool,
    state: State,
    /// How often it was finalized before it was handed back, if it was.
    back_after: Option<u32>,
}

impl Known {
    fn is_found(&self) -> bool {
        matches!(self.state, State::Live { is_ending: false, .. })
    }

    /// A handle comes or goes.
    fn hold(&mut self, by: i32) {
        let State::Live { kept, handles, is_ending, .. } = &mut self.state else { panic!("it is not alive") };
        *handles = handles.checked_add_signed(by).expect("not more than there are");
        if *handles == 0 && (!*kept || *is_ending) {
            self.state = State::Dead;
        }
    }

    /// A sweep comes by.
    fn visit(&mut self, kind: Age) {
        let is_useless = self.is_useless;
        let State::Live { kept, handles, age, is_ending } = &mut self.state else { return };
        if *age > kind {
            return;
        }
        if *kept && !*is_ending && *handles == 0 && is_useless {
            self.state = State::Dead;
        } else {
            *age = if *age == Age::Young { Age::Middle } else { Age::Old };
        }
    }
}

/// All that was ever put in.
#[derive(Default)]
struct Model(Vec<Known>);

impl Model {
    fn count(&self, is_counted: impl Fn(&State) -> bool) -> usize {
        self.0.iter().filter(|known| is_counted(&known.state)).count()
    }

    fn taken(&self) -> usize {
        self.count(|state| *state != State::Gone)
    }
}

type Subject<M> = Tracker<Resource, M, Tracking<Care>>;

/// A run of a tracker beside the model.
struct Run<'a, M: Slots> {
    tracker: &'a Subject<M>,
    book: &'static Book,
    model: Model,
    handles: Vec<(usize, Handle<&'a Subject<M>>)>,
    weak: Vec<(usize, WeakHandle<&'a Subject<M>>)>,
}

/// One of them, if there is one.
fn one_of<T>(all: &[T], which: usize) -> Option<usize> {
    which.checked_rem(all.len())
}

impl<'a, M: Slots> Run<'a, M> {
    fn resource(&self, explodes: bool, is_useless: bool) -> Resource {
        Resource { number: self.model.0.len(), book: self.book, explodes, is_useless }
    }

    fn is_put_in<T>(&mut self, outcome: Result<T, Exhausted<Resource>>) -> Option<T> {
        let has_room = self.model.taken() < self.tracker.capacity();
        match outcome {
            Ok(value) => {
                assert!(has_room, "more than the capacity");
                Some(value)
            }
            Err(refused) => {
                assert!(!has_room, "refused though there was room");
                // It never was. The number is used again, so it does not count as dropped.
                core::mem::forget(refused.into_inner());
                None
            }
        }
    }

    fn begins(&mut self, id: Id, explodes: bool, is_useless: bool, kept: bool) {
        assert!(self.model.0.iter().all(|known| known.id != id), "an id was given twice");
        let state = State::Live { kept, handles: u32::from(!kept), is_ending: false, age: Age::Young };
        self.model.0.push(Known { id, explodes, is_useless, state, back_after: None });
    }

    fn holds(&mut self, number: usize, handle: Option<Handle<&'a Subject<M>>>) {
        let known = &mut self.model.0[number];
        assert_eq!(handle.is_some(), known.is_found(), "{} is not what it should be", known.id);
        if let Some(handle) = handle {
            assert_eq!((handle.number, Handle::id(&handle)), (number, known.id));
            known.hold(1);
            self.handles.push((number, handle));
        }
    }

    /// Somebody takes it out, or tries to, who has so many of the handles.
    fn is_removed(&mut self, number: usize, removed: Removed<Resource>, own: u32) {
        let known = &mut self.model.0[number];
        match (removed, &mut known.state) {
            (Removed::Value(resource), State::Live { handles, .. }) => {
                assert_eq!((resource.number, *handles), (number, own), "taken from those who hold it");
                known.state = State::Gone;
                known.back_after = Some(0);
            }
            (Removed::InUse, State::Live { handles, is_ending, .. }) => {
                assert!(*handles > own && !*is_ending);
                *is_ending = true;
                (0..own).for_each(|_| known.hold(-1));
            }
            (Removed::Absent, State::Live { handles, is_ending, .. }) => {
                assert!(*is_ending && *handles >= own);
                (0..own).for_each(|_| known.hold(-1));
            }
            (Removed::Absent, _) => {}
            (Removed::Value(_) | Removed::InUse, state) => panic!("removed what is {state:?}"),
        }
    }

    fn drain(&mut self, budget: usize) {
        let waiting = self.model.count(|state| *state == State::Dead);
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| self.tracker.drain(budget)));
        let mut finalized = 0;
        for (number, known) in self.model.0.iter_mut().enumerate() {
            if known.state == State::Dead && self.book.finalized(number) == 1 {
                known.state = if known.explodes { State::Aside } else { State::Gone };
                finalized += 1;
            }
        }
        match outcome {
            Ok(drained) => assert_eq!((drained, finalized), (waiting.min(budget), drained)),
            Err(_) => assert!(finalized <= waiting.min(budget)),
        }
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Track { explodes } => {
                let outcome = self.tracker.track(self.resource(explodes, false));
                if let Some(handle) = self.is_put_in(outcome) {
                    self.begins(Handle::id(&handle), explodes, false, false);
                    self.handles.push((self.model.0.len() - 1, handle));
                }
            }
            Op::Insert { explodes, is_useless } => {
                let outcome = self.tracker.insert(self.resource(explodes, is_useless));
                if let Some(id) = self.is_put_in(outcome) {
                    self.begins(id, explodes, is_useless, true);
                }
            }
            Op::Sweep(kind) => self.sweep(kind),
            Op::Drain(budget) => self.drain(budget),
            Op::TakeQuarantined => self.take_quarantined(),
            Op::Get(which) | Op::Read(which) | Op::Remove(which) => self.by_name(op, which),
            Op::Clone(which) | Op::Drop(which) | Op::Downgrade(which) | Op::Untrack(which) => {
                self.by_handle(op, which);
            }
            Op::Upgrade(which) => {
                if let Some(at) = one_of(&self.weak, which) {
                    let number = self.weak[at].0;
                    let handle = self.weak[at].1.upgrade();
                    self.holds(number, handle);
                }
            }
        }
    }

    fn by_name(&mut self, op: Op, which: usize) {
        let Some(number) = one_of(&self.model.0, which) else { return };
        let id = self.model.0[number].id;
        match op {
            Op::Get(_) => self.holds(number, self.tracker.get(id)),
            Op::Read(_) => {
                let read = self.tracker.read(id, |resource| resource.number);
                assert_eq!(read, self.model.0[number].is_found().then_some(number));
            }
            _ => self.is_removed(number, self.tracker.remove(id), 0),
        }
    }

    fn by_handle(&mut self, op: Op, which: usize) {
        let Some(at) = one_of(&self.handles, which) else { return };
        let number = self.handles[at].0;
        match op {
            Op::Clone(_) => {
                self.handles.push((number, self.handles[at].1.clone()));
                self.model.0[number].hold(1);
            }
            Op::Downgrade(_) => self.weak.push((number, Handle::downgrade(&self.handles[at].1))),
            Op::Untrack(_) => {
                let (_, handle) = self.handles.swap_remove(at);
                self.is_removed(number, Handle::untrack(handle), 1);
            }
            _ => {
                drop(self.handles.swap_remove(at));
                self.model.0[number].hold(-1);
            }
        }
    }

    fn sweep(&mut self, kind: Age) {
        let visited = self.model.count(|state| matches!(state, State::Live { age, .. } if *age <= kind));
        let swept = self.tracker.sweep_of(kind, Instant::START, usize::MAX);
        assert_eq!((swept.kind, swept.visited, swept.is_left), (Some(kind), visited, false));
        let dead = self.model.count(|state| *state == State::Dead);
        self.model.0.iter_mut().for_each(|known| known.visit(kind));
        assert_eq!(swept.unused, self.model.count(|state| *state == State::Dead) - dead);
    }

    fn take_quarantined(&mut self) {
        let aside = self.model.count(|state| *state == State::Aside);
        let taken = self.tracker.take_quarantined();
        assert_eq!(taken.is_some(), aside > 0);
        if let Some(resource) = taken {
            let known = &mut self.model.0[resource.number];
            assert_eq!(known.state, State::Aside);
            (known.state, known.back_after) = (State::Gone, Some(1));
        }
    }

    fn check(&self) {
        self.tracker.validate();
        let stats = self.tracker.stats();
        let aged =
            |wanted| self.model.count(|state| matches!(state, State::Live { age, .. } if *age == wanted));
        assert_eq!([stats.young, stats.middle, stats.old], [Age::Young, Age::Middle, Age::Old].map(aged));
        let count = |wanted| self.model.count(|state| *state == wanted);
        let rest = (stats.awaiting as usize, stats.quarantined as usize, stats.untracked);
        assert_eq!(rest, (count(State::Dead), count(State::Aside), count(State::Gone) as u64));
        assert_eq!(stats.tracked, self.model.0.len() as u64);
        let mut living: Vec<_> = self.tracker.report().collect();
        assert_eq!(living.len(), stats.live);
        for known in &self.model.0 {
            if let State::Live { kept, handles, age, .. } = known.state {
                let at = living.iter().position(|living| living.id == known.id).expect("it is reported");
                let living = living.swap_remove(at);
                assert_eq!((living.is_kept, living.handles, living.age), (kept, handles, age));
            }
        }
    }

    /// Lets go of all handles, finalizes what is dead, and takes out what must not be finalized by the drop of the tracker: of two
    /// finalizers that panic there the second one is the end of the process.
    fn end(mut self) -> Vec<Known> {
        while !self.handles.is_empty() {
            self.by_handle(Op::Drop(0), 0);
        }
        while self.tracker.stats().awaiting > 0 {
            self.drain(usize::MAX);
        }
        for number in 0..self.model.0.len() {
            if self.model.0[number].explodes {
                self.by_name(Op::Remove(number), number);
            }
        }
        self.check();
        self.model.0
    }
}

/// Runs a tracker beside the model, and lets it go.
pub(crate) fn agrees<M: Slots>(tracker: Subject<M>, ops: &[Op]) {
    let book = Book::new(ops.len() + 1);
    let mut run =
        Run { tracker: &tracker, book, model: Model::default(), handles: Vec::new(), weak: Vec::new() };
    for &op in ops {
        run.step(op);
        run.check();
    }
    let all = run.end();
    drop(tracker);
    for (number, known) in all.iter().enumerate() {
        assert_eq!(book.dropped(number), 1, "{} was not dropped once", known.id);
        let finalized = known.back_after.unwrap_or(1);
        assert_eq!(book.finalized(number), finalized, "{} was not finalized once", known.id);
    }
}
