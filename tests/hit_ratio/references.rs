//! The references themselves, on streams so short that it can be told by hand what they must do.

use crate::requests::{Requests, replay};
use crate::s3_fifo::S3Fifo;
use crate::simulation::Simulation;

/// Asks for each key, and says which were there.
fn hits(cache: &mut impl Requests, keys: impl IntoIterator<Item = u64>) -> Vec<bool> {
    keys.into_iter().map(|key| cache.request(key)).collect()
}

#[test]
fn s3_fifo_keeps_what_was_used_twice_through_a_scan() {
    let mut cache = S3Fifo::new(10);
    // Put in, and used twice.
    assert_eq!(hits(&mut cache, [1, 2, 1, 2, 1, 2]), [false, false, true, true, true, true]);
    assert_eq!(hits(&mut cache, 100..200), [false; 100]);
    assert_eq!(hits(&mut cache, [1, 2]), [true, true]);
    assert_eq!(cache.residents(), Some(10));
}

#[test]
fn s3_fifo_lets_what_was_used_once_go_and_knows_it_when_it_comes_back() {
    let mut cache = S3Fifo::new(10);
    assert_eq!(hits(&mut cache, [1, 1]), [false, true]);
    // Nine more fill it, and one more makes the first of all go.
    assert_eq!(hits(&mut cache, 100..110), [false; 10]);
    assert_eq!(hits(&mut cache, [1]), [false]);
    // It is in the main queue now, and those that come pass it by.
    assert_eq!(hits(&mut cache, 200..300), [false; 100]);
    assert_eq!(hits(&mut cache, [1]), [true]);
}

#[test]
fn s3_fifo_forgets_what_went_long_ago() {
    let mut cache = S3Fifo::new(10);
    // The queue of what went has nine places. Ten are in the cache, and ten have gone.
    assert_eq!(hits(&mut cache, 0..20), [false; 20]);
    assert_eq!(hits(&mut cache, [0]), [false]);
    assert_eq!(hits(&mut cache, 100..200), [false; 100]);
    assert_eq!(hits(&mut cache, [0]), [false]);
}

/// One set: 16 entries, of which the window has two.
fn one_set() -> Simulation {
    Simulation::whole(16)
}

#[test]
fn the_simulated_window_takes_a_scan_and_nothing_else_goes() {
    let mut cache = one_set();
    assert_eq!(hits(&mut cache, 0..16), [false; 16]);
    // The window has two: the newest stays until the next but one, and of the first fill the others stay.
    assert_eq!(hits(&mut cache, [100, 101]), [false; 2]);
    assert_eq!(hits(&mut cache, 0..14), [true; 14]);
    assert_eq!(hits(&mut cache, [101, 15]), [true, false]);
}

#[test]
fn a_simulated_entry_that_comes_back_soon_is_established() {
    let mut cache = one_set();
    hits(&mut cache, 0..16);
    hits(&mut cache, [100, 101, 102]);
    // 100 is a ghost by now, and none of those outside the window was used: it takes the place of the oldest.
    assert_eq!(hits(&mut cache, [100]), [false]);
    assert_eq!(hits(&mut cache, 200..232), [false; 32]);
    assert_eq!(hits(&mut cache, [100]), [true]);
}

#[test]
fn a_simulated_cache_is_full_and_no_more() {
    for capacity in [1, 15, 16, 17, 64, 100, 1000] {
        let mut cache = Simulation::whole(capacity);
        let keys: Vec<u64> = (0..20_000).collect();
        assert_eq!(replay(&keys, &mut cache).most_residents, Some(capacity));
    }
}
