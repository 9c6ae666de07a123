//! The smallest parts, for the checkers: what goes wrong in them is seen best without the rest around.

use crate::raw::indices::{self, Claim, Wanted};
use crate::sync::AtomicU8;

/// The index allocator, over `N` states.
#[allow(missing_debug_implementations, reason = "only checkers see it")]
pub struct Indices<const N: usize>(indices::Indices<[AtomicU8; N]>);

impl<const N: usize> Indices<N> {
    /// All free and empty.
    #[expect(clippy::new_without_default, reason = "only checkers call it")]
    pub const fn new() -> Self {
        Self(indices::Indices::new([const { AtomicU8::new(0) }; N]))
    }

    /// Claims any index. Gives it, and whether its slot is full.
    pub fn claim(&self) -> Option<(usize, bool)> {
        self.0.claim(Wanted::Any).map(|Claim { index, full }| (index, full))
    }

    /// Claims an index whose slot is full. Gives it, and whether its slot is full still.
    pub fn claim_full(&self) -> Option<(usize, bool)> {
        self.0.claim(Wanted::Full).map(|Claim { index, full }| (index, full))
    }

    /// Gives an index back.
    pub fn release(&self, index: usize, full: bool) {
        indices::release(&self.0.states()[index], full);
    }

    /// How many are claimed.
    pub fn claimed(&self) -> usize {
        self.0.claimed()
    }

    /// Looks at every word.
    pub fn validate(&self) {
        self.0.validate();
    }
}
