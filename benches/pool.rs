//! The pools against other pools and against the allocator: acquire and release of one object of 64 bytes, by one
//! thread, by several threads of one pool, and with half of the pool held by others.
//!
//! `cargo bench --bench pool`, and `cargo bench --bench pool -- --threads 16` for more threads than two.

mod contest;

use clap::Parser;
use contest::{Contender, by, contender, contest, on_threads};
use core::hint::black_box;
use core::num::NonZeroUsize;
use larder::pool::{BoxPool, ObjectPool, Pool, Recycle, Waiting};
use larder::stats::{Off, PoolRecorder};

/// The pools against other pools and the allocator.
#[derive(Debug, Parser)]
#[command(about)]
struct Arguments {
    /// How many threads share a pool
    #[arg(long, value_name = "NUMBER", default_value = "2")]
    threads: NonZeroUsize,
    /// How often each pool runs in a table
    #[arg(long, value_name = "NUMBER", default_value = "31")]
    rounds: NonZeroUsize,
    /// What cargo says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is pooled.
type Object = [u64; 8];

/// Slots of each pool.
const SLOTS: usize = 64;

/// Pairs of acquire and release a round and thread.
const PAIRS: usize = 200_000;

/// Hands an object to `with` and takes it back.
trait Uses: Sync {
    /// Takes an object, runs `with` while it is held, and gives it back.
    fn use_one<R>(&self, with: impl FnOnce() -> R) -> R;
}

static BOXES: BoxPool<Object, SLOTS> = BoxPool::new();

struct LarderBoxPool;
impl Uses for LarderBoxPool {
    fn use_one<R>(&self, with: impl FnOnce() -> R) -> R {
        let object = BOXES.insert([0; 8]).expect("a free slot");
        black_box(&*object);
        with()
    }
}

static OBJECTS: Pool<Object, SLOTS> = Pool::new();

struct LarderPool;
impl Uses for LarderPool {
    fn use_one<R>(&self, with: impl FnOnce() -> R) -> R {
        let object = OBJECTS.acquire().expect("a free slot");
        black_box(&*object);
        with()
    }
}

static AWAITED: Waiting<Pool<Object, SLOTS>> = Waiting::new(Pool::new());

/// What it costs that somebody could wait.
struct LarderWaiting;
impl Uses for LarderWaiting {
    fn use_one<R>(&self, with: impl FnOnce() -> R) -> R {
        let object = AWAITED.acquire().expect("a free slot");
        black_box(&*object);
        with()
    }
}

/// Objects of zeroes.
struct Zeroes;
impl Recycle<Object> for Zeroes {
    fn create(&self) -> Object {
        [0; 8]
    }
}

impl<C: PoolRecorder> Uses for ObjectPool<Object, Zeroes, C>
where
    Self: Sync,
{
    fn use_one<R>(&self, with: impl FnOnce() -> R) -> R {
        let object = self.acquire().expect("a free slot");
        black_box(&*object);
        with()
    }
}

impl Uses for object_pool::Pool<Object> {
    fn use_one<R>(&self, with: impl FnOnce() -> R) -> R {
        let object = self.try_pull().expect("an object");
        black_box(&*object);
        with()
    }
}

struct OpoolZeroes;
impl opool::PoolAllocator<Object> for OpoolZeroes {
    fn allocate(&self) -> Object {
        [0; 8]
    }
}

impl Uses for opool::Pool<OpoolZeroes, Object> {
    fn use_one<R>(&self, with: impl FnOnce() -> R) -> R {
        let object = self.get();
        black_box(&*object);
        with()
    }
}

#[derive(Default)]
struct Cleared(Object);
impl sharded_slab::Clear for Cleared {
    fn clear(&mut self) {}
}

impl Uses for sharded_slab::Pool<Cleared> {
    fn use_one<R>(&self, with: impl FnOnce() -> R) -> R {
        let object = self.create().expect("a slot");
        black_box(&object.0);
        let key = object.key();
        let result = with();
        drop(object);
        self.clear(key);
        result
    }
}

impl Uses for lockfree_object_pool::LinearObjectPool<Object> {
    fn use_one<R>(&self, with: impl FnOnce() -> R) -> R {
        let object = self.pull();
        black_box(&*object);
        with()
    }
}

/// The allocator.
struct Boxes;
impl Uses for Boxes {
    fn use_one<R>(&self, with: impl FnOnce() -> R) -> R {
        let object = black_box(Box::new([0_u64; 8]));
        black_box(&*object);
        with()
    }
}

fn pairs(pool: &impl Uses) -> usize {
    for _ in 0..PAIRS {
        pool.use_one(|| ());
    }
    PAIRS
}

fn one_thread<'a>(name: &str, pool: &'a impl Uses) -> Contender<'a> {
    contender(name, move || pairs(pool))
}

/// By several threads at once; a pair's time is that of all of them together.
fn at_once<'a>(name: &str, pool: &'a impl Uses, threads: usize) -> Contender<'a> {
    contender(name, move || threads * on_threads(threads, |_| pairs(pool)))
}

/// With so many objects held all the time.
fn held<'a>(name: &str, pool: &'a impl Uses) -> Contender<'a> {
    fn hold(pool: &impl Uses, left: usize, then: &mut dyn FnMut() -> usize) -> usize {
        if left == 0 { then() } else { pool.use_one(|| hold(pool, left - 1, then)) }
    }
    contender(name, move || hold(pool, SLOTS / 2, &mut || pairs(pool)))
}

fn main() {
    let arguments = Arguments::parse();
    let (threads, rounds) = (arguments.threads.get(), arguments.rounds.get());
    let object_pool = ObjectPool::try_with_recorder("objects", SLOTS, Zeroes, Off::new()).expect("memory");
    let counting = ObjectPool::with_recycle("counting objects", SLOTS, Zeroes);
    let object_pool_crate = object_pool::Pool::new(SLOTS, || [0; 8]);
    let opool = opool::Pool::new_prefilled(SLOTS, OpoolZeroes);
    let sharded = sharded_slab::Pool::<Cleared>::new();
    let linear = lockfree_object_pool::LinearObjectPool::new(|| [0_u64; 8], |_| ());

    macro_rules! each {
        ($workload:ident $(, $threads:expr)?) => {
            [
                $workload("larder BoxPool", &LarderBoxPool $(, $threads)?),
                $workload("larder Pool", &LarderPool $(, $threads)?),
                $workload("larder ObjectPool", &object_pool $(, $threads)?),
                $workload("larder ObjectPool, counting", &counting $(, $threads)?),
                $workload("larder Waiting<Pool>", &LarderWaiting $(, $threads)?),
                $workload("object-pool", &object_pool_crate $(, $threads)?),
                $workload("opool", &opool $(, $threads)?),
                $workload("sharded-slab Pool", &sharded $(, $threads)?),
                $workload("lockfree-object-pool linear", &linear $(, $threads)?),
                $workload("the allocator", &Boxes $(, $threads)?),
            ]
        };
    }
    contest("acquire and release, one thread", 5, rounds, each!(one_thread).into());
    let title = format!("acquire and release, {} of one pool", by(threads));
    contest(&title, 5, rounds, each!(at_once, threads).into());
    contest("acquire and release, half of the pool held", 5, rounds, each!(held).into());
}
