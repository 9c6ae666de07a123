//! The smallest parts, for the checkers: what goes wrong in them is seen best without the rest around.

use crate::fixed::cache::{Cache, StaticCache};
use crate::fixed::setup::Suits;
use crate::raw::indices::{self, Claim, Hint, States, Wanted};
use crate::raw::width::Blank;
use crate::sync::{AtomicU8, AtomicU32, Ordering};

/// The index allocator, over `N` states.
#[allow(missing_debug_implementations, reason = "only checkers see it")]
pub struct Indices<const N: usize> {
    states: [AtomicU8; N],
    hint: Hint,
}

impl<const N: usize> Indices<N> {
    /// All free and empty.
    #[expect(clippy::new_without_default, reason = "only checkers call it")]
    pub const fn new() -> Self {
        Self { states: [const { AtomicU8::new(0) }; N], hint: Hint::new() }
    }

    fn states(&self) -> States<'_> {
        States::dense(&self.states)
    }

    /// Claims any index. Gives it, and whether its slot is full.
    pub fn claim(&self) -> Option<(usize, bool)> {
        indices::claim(self.states(), &self.hint, Wanted::Any).map(|Claim { index, full }| (index, full))
    }

    /// Claims an index whose slot is full. Gives it, and whether its slot is full still.
    pub fn claim_full(&self) -> Option<(usize, bool)> {
        indices::claim(self.states(), &self.hint, Wanted::Full).map(|Claim { index, full }| (index, full))
    }

    /// Gives an index back.
    pub fn release(&self, index: usize, full: bool) {
        indices::release(&self.states[index], &self.hint, index, full);
    }

    /// How many are claimed.
    pub fn claimed(&self) -> usize {
        self.states().claimed()
    }

    /// Looks at every word.
    pub fn validate(&self) {
        self.states().validate(&self.hint);
    }
}

/// An empty cache of a single set, the smallest there is, of which only so many of its 8 ways are used.
pub fn small_cache<K, V, C: Suits<K, V>>(ways: u32, setup: C) -> StaticCache<K, V, 1, 8, C> {
    Cache::of(Blank::BLANK, (8 - ways, 0), setup)
}

/// Two flags, each of which one raises before he looks at the other's.
#[allow(missing_debug_implementations, reason = "only checkers see it")]
pub struct Flags([AtomicU32; 2]);

impl Flags {
    /// Neither is raised.
    #[expect(clippy::new_without_default, reason = "only checkers call it")]
    pub const fn new() -> Self {
        Self([const { AtomicU32::new(0) }; 2])
    }

    /// Raises one by a read-modify-write of this order, and says whether the other one is seen raised, by a load of that order.
    pub fn raise_and_look(&self, mine: usize, raise: Ordering, look: Ordering) -> bool {
        let _ = self.0[mine].compare_exchange(0, 1, raise, Ordering::Relaxed);
        self.0[1 - mine].load(look) != 0
    }

    /// Looks at every word.
    pub fn validate(&self) {
        // Relaxed: for nothing else.
        self.0.iter().for_each(|flag| assert!(flag.load(Ordering::Relaxed) <= 1));
    }
}
