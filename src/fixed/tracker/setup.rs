//! What a tracker is made with: finalizer, time, places, thresholds.

use super::report::Living;
use super::thresholds::Thresholds;
use crate::lifetime::{Time, Untimed};
use crate::time::Instant;
use core::fmt;
use core::panic::Location;

/// What is done with a tracked resource when it has died, and what can be known of it before.
///
/// Every closure `Fn(&mut R)` is a finalizer. [`DropOnly`] does nothing. For a closure with each resource see [`Finalized`].
pub trait Finalizer<R> {
    /// The resource has died: it is called once, outside of everything, with the tracker free to be used; afterwards the resource is
    /// dropped.
    ///
    /// If it panics, the resource is set aside: it keeps its slot and is never finalized again. It is counted, and can be had back by
    /// [`take_quarantined`](crate::tracker::Tracker::take_quarantined).
    fn finalize(&self, resource: &mut R);

    /// Whether a resource that nobody holds has become useless by itself, like a connection that was closed by the other side.
    /// Asked by sweeps. It never is, if nothing else is said.
    fn is_unused(&self, resource: &R) -> bool {
        let _ = resource;
        false
    }

    /// The tracker is dropped, and this is still alive. It will be finalized when all were told, also if this panics. Nothing, if
    /// nothing else is said.
    fn still_alive(&self, living: &Living) {
        let _ = living;
    }
}

impl<R, F: Fn(&mut R)> Finalizer<R> for F {
    fn finalize(&self, resource: &mut R) {
        self(resource);
    }
}

/// The finalizer that does nothing: resources are only dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DropOnly;

impl<R> Finalizer<R> for DropOnly {
    fn finalize(&self, _: &mut R) {}
}

/// A resource with a finalizer of its own, for trackers that are made with [`EachItsOwn`].
///
/// ```
/// use larder::tracker::{EachItsOwn, Finalized, Inline, Tracker, Tracking};
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// static CLOSED: AtomicU32 = AtomicU32::new(0);
///
/// type Port = Finalized<u32, fn(&mut u32)>;
/// static PORTS: Tracker<Port, Inline<4>, Tracking<EachItsOwn>> =
///     Tracker::with(Tracking::of(EachItsOwn));
///
/// let port = PORTS.track(Finalized::new(80, |port| CLOSED.store(*port, Ordering::Relaxed))).unwrap();
/// assert_eq!(**port, 80);
/// drop(port);
/// PORTS.drain(1);
/// assert_eq!(CLOSED.load(Ordering::Relaxed), 80);
/// ```
pub struct Finalized<R, F> {
    resource: R,
    finalizer: F,
}

impl<R, F: FnMut(&mut R)> Finalized<R, F> {
    /// A resource, and what is to be done with it when it has died.
    pub const fn new(resource: R, finalizer: F) -> Self {
        Self { resource, finalizer }
    }
}

impl<R, F> Finalized<R, F> {
    /// The resource, without its finalizer.
    pub fn into_inner(self) -> R {
        self.resource
    }
}

impl<R, F> core::ops::Deref for Finalized<R, F> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.resource
    }
}

impl<R, F> core::ops::DerefMut for Finalized<R, F> {
    fn deref_mut(&mut self) -> &mut R {
        &mut self.resource
    }
}

impl<R: fmt::Debug, F> fmt::Debug for Finalized<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.resource.fmt(f)
    }
}

/// The finalizer that calls that of each resource, which is a [`Finalized`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EachItsOwn;

impl<R, F: FnMut(&mut R)> Finalizer<Finalized<R, F>> for EachItsOwn {
    fn finalize(&self, resource: &mut Finalized<R, F>) {
        (resource.finalizer)(&mut resource.resource);
    }
}

/// Where a resource was put in, when, and under what name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Place {
    /// The call that put it in.
    pub location: &'static Location<'static>,
    /// What it was called there; empty if it was not.
    pub label: &'static str,
    /// When, by the tracker's clock; [`Instant::START`] if it has none.
    pub since: Instant,
}

/// Whether a tracker remembers where its resources are from: [`NoPlaces`] or [`Places`].
pub trait Placing: sealed::Sealed {
    #[doc(hidden)]
    type Origin: Copy + Send + Sync + fmt::Debug;
    #[doc(hidden)]
    #[track_caller]
    fn here(label: &'static str, now: Instant) -> Self::Origin;
    #[doc(hidden)]
    fn place(origin: Self::Origin) -> Option<Place>;
}

/// It does not. No memory for it, and no code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NoPlaces;

impl Placing for NoPlaces {
    type Origin = ();

    #[inline]
    fn here(_: &'static str, _: Instant) {}

    fn place((): ()) -> Option<Place> {
        None
    }
}

/// It does, for 32 bytes a resource on 64 bits, and 24 on 32.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Places;

impl Placing for Places {
    type Origin = Place;

    #[track_caller]
    fn here(label: &'static str, since: Instant) -> Place {
        Place { location: Location::caller(), label, since }
    }

    fn place(origin: Place) -> Option<Place> {
        Some(origin)
    }
}

/// What a [`Tracker`](crate::tracker::Tracker) is made with: a finalizer, how time is kept ([`Untimed`],
/// [`Expiring`](crate::cache::Expiring), [`ExpiringInSteps`](crate::cache::ExpiringInSteps), [`Idling`](crate::cache::Idling)), whether places are remembered
/// ([`NoPlaces`], [`Places`]), and when sweeps are due.
///
/// ```
/// use larder::tracker::{Inline, NoPlaces, Thresholds, Tracker, Tracking};
/// use larder::cache::Untimed;
///
/// static HANDLES: Tracker<u32, Inline<8>, Tracking<fn(&mut u32)>> = Tracker::with(Tracking {
///     finalizer: |handle| println!("closed {handle}"),
///     time: Untimed::new(),
///     places: NoPlaces,
///     thresholds: Thresholds::new(4, 10, 10),
/// });
///
/// HANDLES.insert(3)?;
/// # Ok::<(), larder::Exhausted<u32>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Tracking<F = DropOnly, T = Untimed, P = NoPlaces> {
    /// What is done with what has died.
    pub finalizer: F,
    /// How time is kept.
    pub time: T,
    /// Whether places are remembered.
    pub places: P,
    /// When sweeps are due.
    pub thresholds: Thresholds,
}

impl Tracking {
    /// No finalizer, no time, no places; the thresholds of the default.
    pub const fn new() -> Self {
        Self::of(DropOnly)
    }
}

impl<F> Tracking<F> {
    /// The same with a finalizer.
    pub const fn of(finalizer: F) -> Self {
        Self { finalizer, time: Untimed::new(), places: NoPlaces, thresholds: Thresholds::DEFAULT }
    }
}

impl<F, T, P> Tracking<F, T, P> {
    /// The same with another finalizer.
    pub fn finalizer<O>(self, finalizer: O) -> Tracking<O, T, P> {
        Tracking { finalizer, time: self.time, places: self.places, thresholds: self.thresholds }
    }

    /// The same with another way to keep time.
    pub fn time<O>(self, time: O) -> Tracking<F, O, P> {
        Tracking { finalizer: self.finalizer, time, places: self.places, thresholds: self.thresholds }
    }

    /// The same, and where resources are from is remembered.
    pub fn places(self) -> Tracking<F, T, Places> {
        Tracking { finalizer: self.finalizer, time: self.time, places: Places, thresholds: self.thresholds }
    }

    /// The same with other thresholds.
    #[must_use]
    pub fn thresholds(self, thresholds: Thresholds) -> Self {
        Self { thresholds, ..self }
    }
}

/// What a [`Tracker`](crate::tracker::Tracker) of resources `R` is made with, as one type. It is always a [`Tracking`]; the trait is
/// there so that a tracker has one parameter for all of it.
pub trait Tracked<R>: sealed::Sealed {
    /// What is done with what has died.
    type Finalizer: Finalizer<R>;
    /// How time is kept.
    type Time: Time;
    /// Whether places are remembered.
    type Places: Placing;
    #[doc(hidden)]
    fn parts(&self) -> &Tracking<Self::Finalizer, Self::Time, Self::Places>;
}

impl<R, F: Finalizer<R>, T: Time, P: Placing> Tracked<R> for Tracking<F, T, P> {
    type Finalizer = F;
    type Time = T;
    type Places = P;

    #[inline]
    fn parts(&self) -> &Self {
        self
    }
}

mod sealed {
    pub trait Sealed {}
    impl<F, T, P> Sealed for super::Tracking<F, T, P> {}
    impl Sealed for super::NoPlaces {}
    impl Sealed for super::Places {}
}
