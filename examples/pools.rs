//! Object pools: what is costly to make is made once, handed out, and comes back, whatever happens in between.
//!
//! ```text
//! cargo run --example pools
//! ```

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "as a program with std is written"
)]

use larder::manager::{MemoryManager, NamedPool};
use larder::pool::{BoxPool, Hooks, Pool, Recycle, RetryPolicy};
use larder::stats::Shared;
use larder::time::{Clock, Instant, ManualClock};
use larder::tracker::Thresholds;
use larder::watch::Pressure;
use std::cell::RefCell;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

type Outcome = Result<(), Box<dyn Error>>;
type Memory = MemoryManager<&'static ManualClock<1_000>>;

/// Time passes where it is told to: in milliseconds.
static CLOCK: ManualClock<1_000> = ManualClock::new();

fn main() -> Outcome {
    let memory = MemoryManager::with_clock(Thresholds::new(700, 10, 10), &CLOCK);
    let connections = a_pool_with_a_name(&memory)?;
    always_released(&connections)?;
    exhausted(&memory, &connections)?;
    trimmed(&memory, &connections)?;
    leaked(&memory, &connections)?;
    without_a_heap()?;
    println!("\n{}", memory.snapshot());
    Ok(())
}

fn title(text: &str) {
    println!("\n{text}");
}

/// How many were opened by now.
static OPENED: AtomicU32 = AtomicU32::new(0);

/// Something that is costly to make.
struct Connection {
    number: u32,
    transaction: Option<&'static str>,
}

impl Connection {
    fn open() -> Self {
        Self { number: 1 + OPENED.fetch_add(1, Ordering::Relaxed), transaction: None }
    }

    /// What the last user left behind is nothing to the next one.
    fn roll_back(&mut self) {
        self.transaction = None;
    }
}

/// Objects are made when they are first needed, and kept when they come back, with the reset hook applied.
fn a_pool_with_a_name(memory: &Memory) -> Result<NamedPool<Connection>, Box<dyn Error>> {
    title("A pool with a name");
    let hooks = Hooks::new(Connection::open).with_reset(Connection::roll_back);
    let connections = memory.create_pool_with("db/connections", hooks, 4)?;
    for _ in 0..100 {
        let mut connection = connections.acquire()?;
        assert_eq!(connection.transaction, None, "it comes as new");
        connection.transaction = Some("update");
        // Its guard is dropped here, and it is back.
    }
    let one_by_one = OPENED.load(Ordering::Relaxed);
    let three = [connections.acquire()?, connections.acquire()?, connections.acquire()?];
    let at_once = OPENED.load(Ordering::Relaxed);
    println!("  100 users one by one opened {one_by_one} connection, three at once had {at_once}");
    assert_eq!((one_by_one, at_once), (1, 3));
    drop(three);

    let stats = connections.stats();
    println!("  {} acquired, {} at once at most, {} in use", stats.acquired, stats.high_water, stats.in_use);
    assert_eq!((stats.acquired, stats.high_water, stats.in_use), (103, 3, 0));
    // Whoever has no handle finds the pool by its name.
    assert_eq!(memory.pool::<Connection>("db/connections")?.max_size(), 4);
    Ok(connections)
}

/// There is no call to give an object back that could be forgotten: the guard's end does it, by whatever way the scope is left.
fn always_released(connections: &NamedPool<Connection>) -> Outcome {
    title("A guard always gives back");
    let fails = || -> Result<(), Box<dyn Error>> {
        let _connection = connections.acquire()?;
        let _number: u32 = "not a number".parse()?;
        Ok(())
    };
    println!("  after an error ({}), {} in use", fails().unwrap_err(), connections.in_use());
    assert_eq!(connections.in_use(), 0);

    let panics = || {
        let _connection = connections.acquire();
        resume_unwind(Box::new("a panic that is not printed"));
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    println!("  after a panic, {} in use", connections.in_use());
    assert_eq!(connections.in_use(), 0);

    // What goes to another thread, or lives longer than this handle, is owned.
    let owned = connections.acquire_owned()?;
    let number = thread::spawn(move || owned.number).join().map_err(|_| "it does not panic")?;
    println!("  after a thread that had connection {number}, {} in use", connections.in_use());
    assert_eq!(connections.in_use(), 0);
    Ok(())
}

/// An empty pool is an error at once, and nobody waits unasked. Who can wait says for how long, and how that is done.
fn exhausted(memory: &Memory, connections: &NamedPool<Connection>) -> Outcome {
    title("When all are in use");
    // What a program logs. It is told when the manager looks, once for all calls since it looked before.
    memory.on_event(|event| println!("  told: {event}"));
    let all = (0..connections.max_size()).map(|_| connections.acquire()).collect::<Result<Vec<_>, _>>()?;
    let error = connections.acquire().err().ok_or("all are in use")?;
    println!("  {error}");
    assert_eq!(error.capacity(), all.len());

    // Here a wait moves the clock, and somebody is done after 25 milliseconds. In a program it is `thread::sleep`.
    let others = RefCell::new(all);
    let wait = |time: Duration| {
        CLOCK.advance(time);
        println!("  waited for {time:?}");
        if CLOCK.now() >= Instant::from_ticks(25) {
            others.borrow_mut().pop();
        }
    };
    let patient = RetryPolicy::new(&CLOCK, wait)
        .tries(6)
        .backoff(Duration::from_millis(5), Duration::from_millis(40))
        .within(Duration::from_millis(200));
    let connection = connections.acquire_with(&patient)?;
    println!("  connection {} after {} ms", connection.number, CLOCK.now().ticks());
    assert_eq!(CLOCK.now(), Instant::from_ticks(5 + 10 + 20));

    // Who is in a hurry, or has something better to do, takes what he gets.
    let hurried = RetryPolicy::new(&CLOCK, |_| ()).tries(2);
    assert!(connections.acquire_with(&hurried).is_err(), "the last one is out again");
    let stats = connections.stats();
    println!("  in vain: {} of {} calls", stats.exhausted, stats.exhausted + stats.acquired);
    assert_eq!(stats.exhausted, 6);
    memory.tell_news();
    Ok(())
}

/// Idle objects are kept for the next user. When there is better use for their memory they go.
fn trimmed(memory: &Memory, connections: &NamedPool<Connection>) -> Outcome {
    title("What is idle can go");
    let before = connections.idle();
    let dropped = connections.trim(3);
    println!("  of {before} idle ones {dropped} went: 3 were to stay");
    assert_eq!((before, dropped), (4, 1));

    let in_use = connections.acquire()?;
    let relief = memory.on_pressure(Pressure::High);
    println!("  when memory ran short {} went, and {} is in use", relief.objects, connections.in_use());
    assert_eq!((relief.objects, connections.idle(), connections.in_use()), (2, 0, 1));
    drop(in_use);
    Ok(())
}

/// A guard that is never dropped keeps its slot. The report says where it was acquired.
fn leaked(memory: &Memory, connections: &NamedPool<Connection>) -> Outcome {
    title("What never came back, and where it was acquired");
    drop(connections.acquire()?);
    std::mem::forget(connections.acquire()?);
    let forgotten = line!() - 1;

    let report = memory.report();
    for (name, in_use) in &report {
        println!("  {name}: {in_use}");
    }
    let [(name, in_use)] = &report[..] else { return Err("one was leaked, and one is reported".into()) };
    assert_eq!(&**name, "db/connections");
    assert!(in_use.to_string().contains(&format!("{}:{forgotten}:", file!())));
    // The same of one pool, with the place as a value.
    let places: Vec<_> = connections.held().filter_map(|held| held.place).collect();
    assert_eq!(places.iter().map(|place| place.line()).collect::<Vec<_>>(), [forgotten]);
    Ok(())
}

/// Fixed pools need neither a heap nor a manager, and lie in statics: for firmware, and for what is short and often.
static PACKETS: BoxPool<[u8; 64], 8, Shared> = BoxPool::with_recorder(Shared::new());
static LINES: Pool<String, 2, Lines> = Pool::with_recycle(Lines);

/// How lines are made, and made fit for the next user.
struct Lines;

impl Recycle<String> for Lines {
    fn create(&self) -> String {
        String::with_capacity(80)
    }

    fn reset(&self, line: &mut String) {
        line.clear(); // its memory stays
    }
}

fn without_a_heap() -> Outcome {
    title("Fixed pools");
    let (threads, each) = (4, 1_000);
    thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for _ in 0..each {
                    // Its value comes with the user, and back to him if there is no room.
                    let mut packet =
                        PACKETS.insert([thread; 64]).expect("each thread has one, and there are 8");
                    packet[0] = thread;
                    assert!(packet.iter().all(|&byte| byte == thread), "nobody else has it");
                }
            });
        }
    });
    let stats = PACKETS.stats();
    println!(
        "  {threads} threads had {} packets of 8 slots, {} at once at most",
        stats.acquired, stats.high_water
    );
    assert_eq!((stats.acquired, stats.in_use), (4_000, 0));

    LINES.acquire()?.push_str("hello");
    let line = LINES.acquire()?;
    println!("  a line comes back empty, with room for {}", line.capacity());
    assert!(line.is_empty() && line.capacity() >= 80);
    Ok(())
}
