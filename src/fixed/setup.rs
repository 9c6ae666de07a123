//! What a concurrent cache is made with: hasher, time and recorder.

use crate::key::DefaultHash;
use crate::lifetime::{Time, Untimed};
use crate::stats::{CacheRecorder, Off};
use core::hash::BuildHasher;

/// What a [`Cache`](crate::cache::Cache) is made with, as one type. It is always a [`Setup`]; the trait is there so that a cache has
/// one parameter for all of it.
pub trait Config: sealed::Sealed {
    /// How keys are hashed.
    type Hasher: BuildHasher;
    /// How time is kept.
    type Time: Time;
    /// Who counts.
    type Recorder: CacheRecorder;
    #[doc(hidden)]
    fn parts(&self) -> &Setup<Self::Hasher, Self::Time, Self::Recorder>;
}

/// What a [`Cache`](crate::cache::Cache) is made with: a hasher, how time is kept ([`Untimed`], [`Expiring`](crate::cache::Expiring),
/// [`Idling`](crate::cache::Idling)), and who counts ([`Off`], [`Striped`](crate::stats::Striped)).
///
/// ```
/// use core::time::Duration;
/// use larder::cache::{Expiring, Setup, StaticCache};
/// use larder::key::DefaultHash;
/// use larder::stats::Striped;
/// use larder::time::{Clock, Instant, ManualClock};
///
/// static CLOCK: ManualClock<1_000> = ManualClock::new();
///
/// type Timed = Setup<DefaultHash, Expiring<&'static ManualClock<1_000>>, Striped<1>>;
///
/// static CACHE: StaticCache<u32, u32, 4, 8, Timed> = StaticCache::with(Setup {
///     hasher: DefaultHash::new(),
///     time: Expiring::new(&CLOCK),
///     recorder: Striped::new(),
/// });
///
/// CACHE.set_time_to_live(Duration::from_secs(5));
/// CACHE.put(1, 10)?;
/// assert_eq!(CACHE.get(&1), Some(10));
/// CLOCK.advance(Duration::from_secs(5));
/// assert_eq!(CACHE.get(&1), None);
/// assert_eq!(CACHE.stats().hit_ratio(), 0.5);
/// # Ok::<(), larder::Rejected<u32, u32>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup<H = DefaultHash, T = Untimed, R = Off> {
    /// How keys are hashed.
    pub hasher: H,
    /// How time is kept.
    pub time: T,
    /// Who counts.
    pub recorder: R,
}

impl Setup {
    /// The default hasher, no time, no counts.
    pub const fn new() -> Self {
        Self { hasher: DefaultHash::new(), time: Untimed::new(), recorder: Off::new() }
    }
}

impl<H, T, R> Setup<H, T, R> {
    /// The same with another hasher.
    pub fn hasher<O>(self, hasher: O) -> Setup<O, T, R> {
        Setup { hasher, time: self.time, recorder: self.recorder }
    }

    /// The same with another way to keep time.
    pub fn time<O>(self, time: O) -> Setup<H, O, R> {
        Setup { hasher: self.hasher, time, recorder: self.recorder }
    }

    /// The same with another recorder.
    pub fn recorder<O>(self, recorder: O) -> Setup<H, T, O> {
        Setup { hasher: self.hasher, time: self.time, recorder }
    }
}

impl<H: BuildHasher, T: Time, R: CacheRecorder> Config for Setup<H, T, R> {
    type Hasher = H;
    type Time = T;
    type Recorder = R;

    #[inline]
    fn parts(&self) -> &Self {
        self
    }
}

mod sealed {
    pub trait Sealed {}
    impl<H, T, R> Sealed for super::Setup<H, T, R> {}
}
