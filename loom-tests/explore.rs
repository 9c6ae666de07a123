//! How a model is run.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::io::Write;
use std::time::Instant;

/// Runs a model in every way there is.
pub(crate) fn explore<M: Fn() + Send + Sync + 'static>(model: M) {
    run(None, model);
}

/// Runs a model in every way in which a thread is stopped for another one, though it could go on, at most that often.
pub(crate) fn explore_preempted<M: Fn() + Send + Sync + 'static>(times: usize, model: M) {
    run(Some(times), model);
}

fn run<M: Fn() + Send + Sync + 'static>(preemption_bound: Option<usize>, model: M) {
    let iterations = Arc::new(AtomicUsize::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemption_bound;
    // Of steps in a run: structures with many words are looked at as a whole before threads begin.
    builder.max_branches = 10_000;
    let start = Instant::now();
    let counted = Arc::clone(&iterations);
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let name = core::any::type_name::<M>().trim_end_matches("::{{closure}}").trim_start_matches("loom::");
    let bound = preemption_bound.map_or("unbounded".into(), |times| format!("{times} preemptions"));
    let (iterations, seconds) = (iterations.load(Ordering::Relaxed), start.elapsed().as_secs_f32());
    // Not by `println`, which the test harness swallows: that a model was explored, and how far, is the result.
    let _ = writeln!(std::io::stderr(), "{name}: {iterations} iterations, {bound}, {seconds:.1} s");
}

/// Runs `work` on a thread of the model and gives back what it gave.
pub(crate) fn spawn<R: 'static>(work: impl FnOnce() -> R + 'static) -> loom::thread::JoinHandle<R> {
    loom::thread::spawn(work)
}

/// The end of a thread.
pub(crate) fn join<R>(thread: loom::thread::JoinHandle<R>) -> R {
    thread.join().expect("a thread of the model panicked")
}
