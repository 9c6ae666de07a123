//! What a concurrent cache is made with: hasher, time, recorder, and how its entries are read.

use crate::key::DefaultHash;
use crate::lifetime::{Time, Untimed};
use crate::raw::plain::{CellKind, Pinned, Plain, Words};
use crate::stats::{CacheRecorder, Off};
use bytemuck::{AnyBitPattern, NoUninit};
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
    /// How entries are read.
    type Cell: CellKind;
    #[doc(hidden)]
    fn parts(&self) -> &Setup<Self::Hasher, Self::Time, Self::Recorder, Self::Cell>;
}

/// What caches with these keys and values can be made with: everything for [`Pinned`], and for [`Words`] what is plain data.
#[diagnostic::on_unimplemented(
    message = "a cache whose cells are `Words` has keys and values that are plain data (`bytemuck::Pod`)",
    note = "take `Pinned` cells for any other type"
)]
pub trait Suits<K, V>: Config {
    /// That they can be read so.
    #[doc(hidden)]
    const PROOF: <Self::Cell as CellKind>::Proof<K, V>;
}

impl<K, V, H: BuildHasher, T: Time, R: CacheRecorder> Suits<K, V> for Setup<H, T, R, Pinned> {
    const PROOF: () = ();
}

impl<K, V, H: BuildHasher, T: Time, R: CacheRecorder> Suits<K, V> for Setup<H, T, R, Words>
where
    K: NoUninit + AnyBitPattern,
    V: NoUninit + AnyBitPattern,
{
    const PROOF: Plain<K, V> = Plain::PROOF;
}

/// What a [`Cache`](crate::cache::Cache) is made with: a hasher, how time is kept ([`Untimed`], [`Expiring`](crate::cache::Expiring),
/// [`ExpiringInSteps`](crate::cache::ExpiringInSteps), [`Idling`](crate::cache::Idling)), who counts ([`Off`], [`Striped`](crate::stats::Striped)), and how entries are read ([`Pinned`] for
/// any type, [`Words`] for plain data).
///
/// ```
/// use core::time::Duration;
/// use larder::cache::{Expiring, Pinned, Setup, StaticCache};
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
///     cell: Pinned,
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
pub struct Setup<H = DefaultHash, T = Untimed, R = Off, X = Pinned> {
    /// How keys are hashed.
    pub hasher: H,
    /// How time is kept.
    pub time: T,
    /// Who counts.
    pub recorder: R,
    /// How entries are read.
    pub cell: X,
}

impl Setup {
    /// The default hasher, no time, no counts, entries of any type.
    pub const fn new() -> Self {
        Self { hasher: DefaultHash::new(), time: Untimed::new(), recorder: Off::new(), cell: Pinned }
    }
}

impl<H, T, R, X> Setup<H, T, R, X> {
    /// The same with another hasher.
    pub fn hasher<O>(self, hasher: O) -> Setup<O, T, R, X> {
        Setup { hasher, time: self.time, recorder: self.recorder, cell: self.cell }
    }

    /// The same with another way to keep time.
    pub fn time<O>(self, time: O) -> Setup<H, O, R, X> {
        Setup { hasher: self.hasher, time, recorder: self.recorder, cell: self.cell }
    }

    /// The same with another recorder.
    pub fn recorder<O>(self, recorder: O) -> Setup<H, T, O, X> {
        Setup { hasher: self.hasher, time: self.time, recorder, cell: self.cell }
    }

    /// The same with another way to read entries.
    pub fn cell<O>(self, cell: O) -> Setup<H, T, R, O> {
        Setup { hasher: self.hasher, time: self.time, recorder: self.recorder, cell }
    }
}

impl<H: BuildHasher, T: Time, R: CacheRecorder, X: CellKind> Config for Setup<H, T, R, X> {
    type Hasher = H;
    type Time = T;
    type Recorder = R;
    type Cell = X;

    #[inline]
    fn parts(&self) -> &Self {
        self
    }
}

mod sealed {
    pub trait Sealed {}
    impl<H, T, R, X> Sealed for super::Setup<H, T, R, X> {}
}
