//! Comparing implementations on a machine that is not quiet: rounds in which each of them runs once, and ratios within
//! a round.
//!
//! A slow moment of the machine slows a round, not a contender. What is reported is the median over the rounds: of a
//! contender's time, and of the ratio between the first contender's time and that of the fastest other one in the same
//! round.

#![allow(dead_code, reason = "each bench uses a part of it")]

use core::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// One of those that are compared.
pub(crate) struct Contender<'a> {
    name: String,
    /// Runs one round's worth of operations and says how many those were.
    run: Box<dyn FnMut() -> usize + 'a>,
}

/// A contender by its name, with the operations of one round.
pub(crate) fn contender<'a>(name: &str, run: impl FnMut() -> usize + 'a) -> Contender<'a> {
    Contender { name: name.to_owned(), run: Box::new(run) }
}

/// Lets the contenders run in turn, of which the first `ours` are this crate's, and prints a table: the median time of an
/// operation, and for ours the median ratio to the fastest of the others.
pub(crate) fn contest(title: &str, ours: usize, rounds: usize, mut contenders: Vec<Contender<'_>>) {
    let mut times = vec![Vec::new(); contenders.len()];
    for round in 0..=rounds {
        // Who comes first in a round changes, so that nobody always follows the same one.
        for turn in 0..contenders.len() {
            let which = (turn + round) % contenders.len();
            let time = time_one(&mut contenders[which]);
            // The first round warms up.
            if round > 0 {
                times[which].push(time);
            }
        }
    }
    println!("\n{title}");
    for (which, contender) in contenders.iter().enumerate() {
        let ratio =
            if which < ours { format!("{:.2}", ratio(&times[which], &times[ours..])) } else { String::new() };
        println!("  {:<30} {:>8.2} ns  {ratio}", contender.name, median(times[which].clone()));
    }
}

/// Nanoseconds per operation.
#[expect(clippy::cast_precision_loss, reason = "a count of operations is far below 2^52")]
fn time_one(contender: &mut Contender<'_>) -> f64 {
    let start = Instant::now();
    let operations = black_box((contender.run)());
    start.elapsed().as_secs_f64() * 1e9 / operations as f64
}

/// The median over the rounds of the ratio to the fastest of the others in the same round.
fn ratio(times: &[f64], others: &[Vec<f64>]) -> f64 {
    let fastest = |round: usize| others.iter().map(|times| times[round]).fold(f64::INFINITY, f64::min);
    median(times.iter().enumerate().map(|(round, time)| time / fastest(round)).collect())
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs `work` on so many threads at once, each with its number. Gives what the first of them gives.
pub(crate) fn on_threads<R>(threads: usize, work: impl Fn(usize) -> R + Sync) -> R {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for number in 1..threads {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                start.wait();
                work(number);
            });
        }
        start.wait();
        work(0)
    })
}

/// So many threads in words.
pub(crate) fn by(threads: usize) -> String {
    match threads {
        1 => "one thread".to_owned(),
        2 => "two threads".to_owned(),
        _ => format!("{threads} threads"),
    }
}

/// A stream of 64-bit numbers that is the same everywhere (`SplitMix64`, Steele et al. 2014). Also a bijection, so it makes
/// distinct keys of consecutive numbers.
pub(crate) fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
