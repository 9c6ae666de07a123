//! Resource cleanup: who is alive is known, and the rest is cleaned up; when, by whom, and what if that fails.
//!
//! ```text
//! cargo run --example cleanup
//! ```

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "as a program with std is written"
)]

use larder::maintain::{Janitor, Maintain};
use larder::manager::MemoryManager;
use larder::time::ManualClock;
use larder::tracker::{Handle, Thresholds};
use larder::watch::Event;
use std::error::Error;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

type Outcome = Result<(), Box<dyn Error>>;
type Memory = MemoryManager<&'static ManualClock>;

static CLOCK: ManualClock = ManualClock::new();

fn main() -> Outcome {
    thresholds()?;
    weakly_tracked()?;
    by_their_handles()?;
    without_blocking()?;
    by_a_thread()?;
    finalizers_that_panic()?;
    leaks()
}

fn memory(thresholds: Thresholds) -> Memory {
    MemoryManager::with_clock(thresholds, &CLOCK)
}

fn title(text: &str) {
    println!("\n{text}");
}

/// A sweep looks for what nobody announces. It is due when more than so many resources were added, and mostly visits the young ones
/// among them, which are those that most likely are gone.
fn thresholds() -> Outcome {
    title("Sweeps are due by thresholds");
    let memory = memory(Thresholds::new(700, 10, 10));
    let mut requests: Vec<Arc<u32>> = (0..700).map(Arc::new).collect();
    for request in &requests {
        memory.track(request)?;
    }
    let stats = || memory.resources().stats();
    // All but the last hundred are answered, and dropped.
    requests.drain(..600);
    maintain(&memory);
    println!("  with {} tracked no sweep was due: {:?}", stats().tracked, stats().sweeps);
    assert_eq!((stats().sweeps, stats().live), ([0, 0, 0], 700));

    let one_more = Arc::new(700);
    memory.track(&one_more)?;
    maintain(&memory);
    println!(
        "  with {} a young one was: {} resources were gone, {} are alive",
        stats().tracked,
        stats().untracked,
        stats().live
    );
    assert_eq!((stats().sweeps, stats().untracked, stats().live), ([1, 0, 0], 600, 101));
    Ok(())
}

/// What a main loop does when it has time. A janitor does the same in a thread.
fn maintain(memory: &Memory) {
    while memory.maintain(64).is_left {}
}

/// A resource that is owned elsewhere stays so: tracking it keeps nothing alive.
fn weakly_tracked() -> Outcome {
    title("Tracking keeps nothing alive");
    let memory = memory(Thresholds::default());
    let closed = Arc::new(AtomicBool::new(false));
    let socket = Arc::new(String::from("socket of alice"));
    let finalizer = Arc::clone(&closed);
    memory.track_with(&socket, move || finalizer.store(true, Ordering::Relaxed))?;
    // Whatever its type.
    let untracked = memory.track(&Arc::new([0_u8; 1024]))?;
    assert!(memory.untrack(untracked), "it can be taken out again");

    assert_eq!(memory.cleanup().resources, 0, "somebody owns it");
    drop(socket);
    let gone = memory.cleanup();
    println!("  its owner dropped it, and the cleanup finalized {} resource", gone.resources);
    assert!(gone.resources == 1 && closed.load(Ordering::Relaxed));
    Ok(())
}

/// In a tracker of its own type a resource dies with its last handle. That runs no code of its finalizer's: who has time for it does.
fn by_their_handles() -> Outcome {
    title("Handles, and finalizers that wait until there is time");
    let memory = memory(Thresholds::default());
    let closed = Arc::new(Mutex::new(Vec::new()));
    let files = memory.create_tracker("files", 100, {
        let closed = Arc::clone(&closed);
        move |file: &mut String| closed.lock().unwrap().push(file.clone())
    })?;
    let log = files.track_as("the log", String::from("log.txt"))?;
    let draft = files.track(String::from("draft.txt"))?;
    let weak = Handle::downgrade(&draft);
    drop(draft);
    assert!(weak.upgrade().is_none(), "the dead are not revived");
    println!("  {} waits for its finalizer", files.stats().awaiting);
    assert!(closed.lock().unwrap().is_empty());
    maintain(&memory);
    println!("  closed: {:?}; still open: {}", closed.lock().unwrap(), *log);
    assert_eq!(*closed.lock().unwrap(), ["draft.txt"]);
    drop(log);
    Ok(())
}

/// A complete cleanup in slices: other tasks run in between, under any executor.
fn without_blocking() -> Outcome {
    title("A cleanup that lets others run");
    let memory = memory(Thresholds::default());
    let finalized = Arc::new(AtomicUsize::new(0));
    for number in 0..1_000 {
        let finalized = Arc::clone(&finalized);
        // Nobody owns it after this.
        memory.track_with(&Arc::new(number), move || {
            finalized.fetch_add(1, Ordering::Relaxed);
        })?;
    }
    let (gone, polls) = block_on(memory.cleanup_async());
    println!("  {} resources were finalized, in {polls} slices", gone.resources);
    assert_eq!((gone.resources, finalized.load(Ordering::Relaxed)), (1_000, 1_000));
    assert!(polls > 1, "it has let others run");
    Ok(())
}

/// As small as an executor can be: one task, one thread. Says how often it polled.
fn block_on<T>(task: impl Future<Output = T>) -> (T, usize) {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut task = pin!(task);
    let mut polls = 1;
    loop {
        match task.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return (value, polls),
            Poll::Pending => thread::park(),
        }
        polls += 1;
    }
}

/// The janitor sleeps until something is due, and is woken by a death.
fn by_a_thread() -> Outcome {
    title("A janitor's thread");
    let memory = Arc::new(memory(Thresholds::default()));
    let buffers = memory.create_tracker("buffers", 1_000, |buffer: &mut Vec<u8>| buffer.clear())?;
    let janitor = Janitor::new();
    janitor.watch(&memory);
    janitor.start()?;
    for _ in 0..500 {
        drop(buffers.track(vec![0; 64])?);
    }
    while buffers.stats().untracked < 500 {
        thread::yield_now();
    }
    println!("  {} buffers came and went, {} wait", buffers.stats().tracked, buffers.stats().awaiting);
    assert_eq!((buffers.stats().live, buffers.stats().awaiting), (0, 0));
    Ok(())
}

/// It is caught, told, and the resource set aside: in what state it is, nobody knows. The others are finalized as ever.
fn finalizers_that_panic() -> Outcome {
    title("A finalizer that panics");
    let memory = memory(Thresholds::default());
    let told = Arc::new(Mutex::new(Vec::new()));
    memory.on_event({
        let told = Arc::clone(&told);
        // A program logs it. The events borrow, and can be told apart by a `match`.
        move |event: &Event<'_>| told.lock().unwrap().push((event.name().to_owned(), event.to_string()))
    });
    let disks = memory.create_tracker("disks", 10, |disk: &mut u32| {
        if *disk == 3 {
            // A panic that is not printed, to keep this example's output short.
            resume_unwind(Box::new(format!("disk {disk} does not answer")));
        }
    })?;
    for disk in 0..5 {
        drop(disks.track(disk)?);
    }
    memory.cleanup();
    println!("  {} of 5 were finalized; of the other one we were told:", disks.stats().untracked);
    let told = told.lock().unwrap();
    for (name, event) in told.iter() {
        assert_eq!(name, "disks");
        println!("  - {event}");
    }
    assert!(told.iter().any(|(_, event)| event.contains("disk 3 does not answer")));
    assert_eq!((disks.stats().untracked, disks.stats().quarantined), (4, 1));
    let aside = disks.take_quarantined();
    println!("  disk {aside:?} was taken back, for somebody to look at");
    assert_eq!((aside, disks.stats().quarantined), (Some(3), 0));
    Ok(())
}

/// What is in use at the end was leaked. The report says where it is from.
fn leaks() -> Outcome {
    title("What is left at the end, and where it is from");
    let memory = memory(Thresholds::default());
    let images = memory.create_tracker("images", 10, |_: &mut Vec<u8>| ())?;
    drop(images.track(vec![1])?);
    std::mem::forget(images.track_as("the logo", vec![2])?);
    let forgotten = line!() - 1;
    memory.cleanup();

    let report = memory.report();
    for (name, in_use) in &report {
        println!("  {name}: {in_use}");
    }
    let [(name, in_use)] = &report[..] else { return Err("one was leaked, and one is reported".into()) };
    assert_eq!(&**name, "images");
    assert!(in_use.to_string().contains(&format!("{}:{forgotten}:", file!())));
    Ok(())
}
