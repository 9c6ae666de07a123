//! A stream for those who have none at hand.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::Zipf;

/// How much more the favourites are asked for than the others. 0.9 is usual on the web.
const SKEW: f64 = 0.9;
/// Of so many requests in the first phase, there is one key.
const REQUESTS_A_KEY: usize = 6;
/// How often the loop goes round.
const ROUNDS: usize = 10;

/// Three phases, each with keys of its own: six tenths of the requests favour some keys over others, two tenths are a
/// scan that never comes back, and two tenths go round in a loop.
pub(crate) struct Phases {
    pub(crate) requests: usize,
    pub(crate) seed: u64,
}

impl Phases {
    /// The stream, or its first `most` keys.
    pub(crate) fn keys(&self, most: usize) -> Vec<u64> {
        let scan = self.requests / 5;
        let zipf = self.requests - 2 * scan;
        let round = (scan / ROUNDS).max(1) as u64;
        let scanned = (0..scan as u64).map(|key| (1 << 40) | key);
        let looped = (0..scan as u64).map(|at| (2 << 40) | (at % round));
        favoured(zipf, self.seed).chain(scanned).chain(looped).take(most).collect()
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "ranks are whole numbers from 1 to a number of keys that fit in memory"
)]
fn favoured(requests: usize, seed: u64) -> impl Iterator<Item = u64> {
    let keys = (requests / REQUESTS_A_KEY).max(1);
    let ranks = Zipf::new(keys as f64, SKEW).expect("there is at least one key, and the skew is a number");
    let random = Xoshiro256PlusPlus::seed_from_u64(seed);
    random.sample_iter(ranks).take(requests).map(|rank| rank as u64)
}
