//! Where what is out of a pool was acquired.
//!
//! - **LOCATION**: the pointer in a [`Place`] is null, or was made of a `&'static Location<'static>`.

use crate::stats::{Mark, PoolCounter, PoolRecorder, PoolStats, Shared};
use crate::stats_base::sealed;
use crate::sync::{AtomicPtr, Ordering};
use core::fmt;
use core::panic::Location;
use core::ptr;

/// The recorder that counts as [`Shared`], and remembers where what is out was acquired: for the programs that keep something too
/// long, or for ever. [`held`](crate::pool::Pool::held) lists it.
///
/// ```
/// use larder::pool::{ByDefault, Pool};
/// use larder::stats::Placed;
///
/// static BUFFERS: Pool<Vec<u8>, 4, ByDefault, Placed> = Pool::with_recorder(ByDefault, Placed::new());
///
/// core::mem::forget(BUFFERS.acquire()?); // line 6
/// drop(BUFFERS.acquire()?);
///
/// let held: Vec<_> = BUFFERS.held().collect();
/// assert_eq!(held.len(), 1);
/// assert_eq!(held[0].place.unwrap().file(), file!());
/// println!("{}", held[0]); // "slot 3 is held, acquired at src/main.rs:6:27"
/// assert_eq!(BUFFERS.stats().in_use, 1);
/// # Ok::<(), larder::Exhausted>(())
/// ```
///
/// # Cost
///
/// A pointer for each slot, beside its object (as much as that and the object's alignment make of it). What `Shared` costs, and a store
/// each when an object goes out and when it comes back. All zero when new, and so is a pool with it.
///
/// # Contention, interrupts, panics
///
/// As that of the pool. Who asks while others work finds, of a slot that comes back and goes out again, either call or neither.
#[derive(Default)]
pub struct Placed {
    counts: Shared,
}

impl Placed {
    /// All zero.
    pub const fn new() -> Self {
        Self { counts: Shared::new() }
    }
}

impl PoolRecorder for Placed {
    type Mark = Place;

    #[inline]
    fn acquired(&self) {
        self.counts.acquired();
    }

    #[inline]
    fn released(&self) {
        self.counts.released();
    }

    #[inline]
    fn exhausted(&self) {
        self.counts.exhausted();
    }

    fn counts(&self, capacity: usize) -> Option<PoolStats> {
        self.counts.counts(capacity)
    }
}

impl PoolCounter for Placed {
    fn pool(&self, capacity: usize) -> PoolStats {
        self.counts.pool(capacity)
    }
}

impl sealed::Sealed for Placed {}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Placed").finish_non_exhaustive()
    }
}

/// The place of a call, or none. It is written by who owns the slot, and read by anybody.
pub struct Place(AtomicPtr<Location<'static>>);

impl Mark for Place {
    type Call = &'static Location<'static>;

    const NONE: Self = Self(AtomicPtr::new(ptr::null_mut()));

    #[inline]
    #[track_caller]
    fn call() -> Self::Call {
        Location::caller()
    }

    #[inline]
    fn set(&self, call: Self::Call) {
        // Release: pairs with the Acquire of `place`; what is read there was written before.
        self.0.store(ptr::from_ref(call).cast_mut(), Ordering::Release);
    }

    #[inline]
    fn clear(&self) {
        // Relaxed: nothing is read behind none.
        self.0.store(ptr::null_mut(), Ordering::Relaxed);
    }

    fn place(&self) -> Option<&'static Location<'static>> {
        // Acquire: pairs with the Release of `set`.
        let location = self.0.load(Ordering::Acquire);
        // SAFETY: LOCATION; it lives for ever, and nobody writes it.
        unsafe { location.as_ref() }
    }
}
