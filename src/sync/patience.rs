//! How long something goes on that is only done because it mostly is soon of use.

/// How often one who could have something for himself, but for a look at it, looks whether that is over: some microseconds. A look that
/// lasts longer sees to it itself.
#[cfg(not(any(larder_loom, larder_step)))]
pub(crate) const PATIENCE: u32 = 64;

/// How often one who does not find a key looks whether somebody who is about to show it has done so: a microsecond. Who replaces an entry
/// mostly takes a tenth of that. Not without an operating system, where who looks is perhaps an interrupt, and he stands still meanwhile.
#[cfg(not(any(larder_loom, larder_step)))]
pub(crate) const MOMENTS: u32 = if cfg!(feature = "std") { 16 } else { 1 };

/// How often threads pin a value by turns before it is read by looks: a power of two. So many pins that go back and forth cost about what one
/// who wants the value for himself pays then for asking everybody's line.
#[cfg(not(any(larder_loom, larder_step)))]
pub(crate) const TURNS_TO_WATCH: u32 = 32;

// Checkers see what happens with as little of it as there can be.

#[cfg(any(larder_loom, larder_step))]
pub(crate) const PATIENCE: u32 = 1;

#[cfg(larder_step)]
pub(crate) const MOMENTS: u32 = 1;

/// (A look that is made once more is one that begins later, and would make the runs of some models a hundred times as many.)
#[cfg(larder_loom)]
pub(crate) const MOMENTS: u32 = 0;

#[cfg(any(larder_loom, larder_step))]
pub(crate) const TURNS_TO_WATCH: u32 = 1;
