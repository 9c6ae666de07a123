//! `TimedCache` on the heap against the crates whose entries end, one thread, each with its own real clock; all with this crate's
//! default hasher where they take one, all filled to capacity.
//!
//! `cargo bench --bench timed`; a word as an argument runs the tables whose titles contain it.

mod contest;

use cached::Cached;
use contest::{Contender, contender, contest, median, scramble};
use core::cell::{Cell, RefCell};
use core::hint::black_box;
use core::time::Duration;
use larder::cache::{Expiring, Heap, Idling, LruCache, Timed, TimedCache};
use larder::key::DefaultHash;
use larder::time::{Clock, CoarseClock, CounterClock, Instant, ManualClock, StdClock, TickClock};
use rand::distr::Distribution;
use rand::{SeedableRng, rngs::SmallRng};
use rand_distr::Zipf;
use std::sync::OnceLock;
use std::time::Instant as StdInstant;

/// As many as most caches of one process have.
const CAPACITY: usize = 64_000;

/// So long that nothing ends while it is measured.
const TTL: Duration = Duration::from_secs(3600);

/// Requests a round.
const REQUESTS: usize = 300_000;

const ROUNDS: usize = 15;

/// A clock that somebody else brings up to date: a read costs a load.
static COARSE: CoarseClock<StdClock> = CoarseClock::new(StdClock::new());

/// What all of them can do. (Its `get` and `put` are inline for all, so that each is called the way a user calls it.)
trait Ttl {
    const NAME: &'static str;
    fn filled() -> Self;
    fn get(&mut self, key: u64) -> Option<u64>;
    fn put(&mut self, key: u64, value: u64);
    /// Does what it has put off.
    fn settle(&mut self) {}
}

/// A cache of this crate with a name for its clock.
struct Ours<T: Timed, const KIND: usize>(TimedCache<u64, u64, Heap, T>);

macro_rules! ours {
    ($kind:literal, $name:literal, $time:ty, $make:expr) => {
        impl Ttl for Ours<$time, $kind> {
            const NAME: &'static str = $name;
            fn filled() -> Self {
                let mut cache = TimedCache::with_capacity(CAPACITY, $make);
                cache.extend((0..CAPACITY as u64).map(|number| (scramble(number), number)));
                assert_eq!(cache.iter().count(), CAPACITY);
                Self(cache)
            }
            #[inline]
            fn get(&mut self, key: u64) -> Option<u64> {
                self.0.get(&key).copied()
            }
            #[inline]
            fn put(&mut self, key: u64, value: u64) {
                self.0.put(key, value);
            }
        }
    };
}

ours!(0, "larder, real clock", Expiring<StdClock>, Expiring::new(StdClock::new()).with_time_to_live(TTL));
ours!(
    1,
    "larder, coarse clock",
    Expiring<&'static CoarseClock<StdClock>>,
    Expiring::new(&COARSE).with_time_to_live(TTL)
);
ours!(2, "larder, tick clock", Expiring<TickClock>, Expiring::new(TickClock::new()).with_time_to_live(TTL));
ours!(
    3,
    "larder, idling, real clock",
    Idling<StdClock>,
    Idling::new(StdClock::new()).with_time_to_live(TTL).with_time_to_idle(TTL)
);

ours!(
    4,
    "larder, counter clock",
    Expiring<CounterClock>,
    Expiring::new(CounterClock::new()).with_time_to_live(TTL)
);

/// For comparison: the same without time.
impl Ttl for LruCache<u64, u64, Heap> {
    const NAME: &'static str = "larder LruCache, no clock";
    fn filled() -> Self {
        let mut cache = LruCache::with_capacity(CAPACITY);
        cache.extend((0..CAPACITY as u64).map(|number| (scramble(number), number)));
        cache
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        LruCache::get(self, &key).copied()
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        LruCache::put(self, key, value);
    }
}

type Cachd = cached::LruTtlCache<u64, u64, DefaultHash>;

impl Ttl for Cachd {
    const NAME: &'static str = "cached";
    fn filled() -> Self {
        let builder = cached::LruTtlCache::builder().hasher(DefaultHash::new());
        let mut cache = builder.max_size(CAPACITY).ttl(TTL).build().expect("a capacity above zero");
        for number in 0..CAPACITY as u64 {
            cache.cache_set(scramble(number), number);
        }
        cache
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.cache_get(&key).copied()
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        self.cache_set(key, value);
    }
}

impl Ttl for ttl_cache::TtlCache<u64, u64, DefaultHash> {
    const NAME: &'static str = "ttl_cache";
    fn filled() -> Self {
        let mut cache = ttl_cache::TtlCache::with_hasher(CAPACITY, DefaultHash::new());
        for number in 0..CAPACITY as u64 {
            cache.insert(scramble(number), number, TTL);
        }
        cache
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        ttl_cache::TtlCache::get(self, &key).copied()
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        self.insert(key, value, TTL);
    }
}

impl Ttl for mini_moka::unsync::Cache<u64, u64, DefaultHash> {
    const NAME: &'static str = "mini-moka, unsync";
    fn filled() -> Self {
        let builder = mini_moka::unsync::Cache::builder().max_capacity(CAPACITY as u64).time_to_live(TTL);
        let mut cache = builder.build_with_hasher(DefaultHash::new());
        for number in 0..CAPACITY as u64 {
            cache.insert(scramble(number), number);
        }
        cache
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        mini_moka::unsync::Cache::get(self, &key).copied()
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        self.insert(key, value);
    }
}

impl Ttl for moka::sync::Cache<u64, u64, DefaultHash> {
    const NAME: &'static str = "moka, sync";
    fn filled() -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(CAPACITY as u64).time_to_live(TTL);
        let cache = builder.build_with_hasher(DefaultHash::new());
        for number in 0..CAPACITY as u64 {
            cache.insert(scramble(number), number);
        }
        cache.run_pending_tasks();
        cache
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        moka::sync::Cache::get(self, &key)
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        self.insert(key, value);
    }
    fn settle(&mut self) {
        self.run_pending_tasks();
    }
}

/// Everything about its entries is asked of the default, but the hasher.
type Quick = quick_cache::unsync::Cache<u64, (u64, StdInstant), quick_cache::UnitWeighter, DefaultHash>;

impl Ttl for Quick {
    const NAME: &'static str = "quick_cache, unsync, end in the value";
    fn filled() -> Self {
        let lifecycle = quick_cache::unsync::DefaultLifecycle::default();
        let weighter = quick_cache::UnitWeighter;
        let mut cache = quick_cache::unsync::Cache::with(
            CAPACITY,
            CAPACITY as u64,
            weighter,
            DefaultHash::new(),
            lifecycle,
        );
        for number in 0..CAPACITY as u64 {
            cache.insert(scramble(number), (number, StdInstant::now() + TTL));
        }
        cache
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        let (value, end) = *quick_cache::unsync::Cache::get(self, &key)?;
        (StdInstant::now() < end).then_some(value)
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        self.insert(key, (value, StdInstant::now() + TTL));
    }
}

/// Keys that a cache was seen to have, uniformly.
fn resident<L: Ttl>(cache: &mut L) -> Vec<u64> {
    let all: Vec<u64> = (0..CAPACITY as u64).map(scramble).filter(|&key| cache.get(key).is_some()).collect();
    assert!(all.len() > CAPACITY / 2, "{} has {} keys", L::NAME, all.len());
    let key = |number: usize| {
        #[expect(clippy::cast_possible_truncation, reason = "less than there are keys")]
        let at = (scramble(number as u64) % all.len() as u64) as usize;
        all[at]
    };
    (0..REQUESTS).map(key).collect()
}

fn hits<L: Ttl + 'static>() -> Contender<'static> {
    let mut cache = L::filled();
    let keys = resident(&mut cache);
    contender(L::NAME, move || {
        let sum = keys.iter().fold(0_u64, |sum, &key| sum.wrapping_add(cache.get(key).unwrap_or(0)));
        cache.settle();
        black_box(sum);
        keys.len()
    })
}

fn mixed<L: Ttl + 'static>() -> Contender<'static> {
    static KEYS: OnceLock<Vec<u64>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let zipf = Zipf::new(CAPACITY as f64 * 4.0, 0.99).expect("a valid distribution");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank is a whole number"
        )]
        let by_rank = |rank: f64| scramble(rank as u64);
        zipf.sample_iter(&mut SmallRng::seed_from_u64(1)).take(REQUESTS).map(by_rank).collect()
    });
    let mut cache = L::filled();
    contender(L::NAME, move || {
        for &key in keys {
            if black_box(cache.get(key)).is_none() {
                cache.put(key, key);
            }
        }
        cache.settle();
        keys.len()
    })
}

fn churn<L: Ttl + 'static>() -> Contender<'static> {
    let mut cache = L::filled();
    let next = RefCell::new(CAPACITY as u64);
    contender(L::NAME, move || {
        let mut next = next.borrow_mut();
        for _ in 0..REQUESTS {
            cache.put(scramble(*next), *next);
            *next += 1;
        }
        cache.settle();
        REQUESTS
    })
}

/// One contender of each kind, ours first.
macro_rules! each {
    ($workload:ident) => {
        vec![
            $workload::<Ours<Expiring<StdClock>, 0>>(),
            $workload::<Ours<Expiring<CounterClock>, 4>>(),
            $workload::<Ours<Expiring<&'static CoarseClock<StdClock>>, 1>>(),
            $workload::<Ours<Expiring<TickClock>, 2>>(),
            $workload::<Ours<Idling<StdClock>, 3>>(),
            $workload::<LruCache<u64, u64, Heap>>(),
            $workload::<Cachd>(),
            $workload::<ttl_cache::TtlCache<u64, u64, DefaultHash>>(),
            $workload::<mini_moka::unsync::Cache<u64, u64, DefaultHash>>(),
            $workload::<moka::sync::Cache<u64, u64, DefaultHash>>(),
            $workload::<Quick>(),
        ]
    };
}

/// What the clocks cost, which is a part of all rows.
fn clocks() -> Vec<Contender<'static>> {
    let real = StdClock::new();
    let reader = |name: &str, clock: Box<dyn Fn() -> u64>| {
        contender(name, move || {
            (0..REQUESTS).for_each(|_| _ = black_box(clock()));
            REQUESTS
        })
    };
    vec![
        reader("real clock", Box::new(move || real.now().ticks())),
        reader("counter clock", Box::new(|| CounterClock::new().now().ticks())),
        reader("tick clock", Box::new(|| TickClock::new().now().ticks())),
        reader("coarse clock", Box::new(|| COARSE.now().ticks())),
        reader("std::time::Instant", Box::new(|| u64::from(StdInstant::now() > *black_box(&start())))),
    ]
}

fn start() -> StdInstant {
    static START: OnceLock<StdInstant> = OnceLock::new();
    *START.get_or_init(StdInstant::now)
}

/// Entries that end at once in the table of sweeps.
const ENDING: u32 = 100_000;

/// How long an entry lives, by its number.
type Ends = fn(u64) -> Duration;

/// Fills a cache with entries that end within a second, and sweeps them out in slices.
fn sweep(budget: usize, ends: Ends) -> Vec<f64> {
    let clock: ManualClock = ManualClock::new();
    let mut cache = TimedCache::with_capacity(ENDING as usize, Expiring::new(&clock));
    for number in 0..u64::from(ENDING) {
        cache.put_for(scramble(number), number, ends(number));
    }
    let mut slices = Vec::new();
    let took = Cell::new(0);
    // Half-way there is nothing to do for the entries of the second half but to leave them.
    for step in 1..=2 {
        clock.set(Instant::from_ticks(step * 500_000_000));
        loop {
            let start = StdInstant::now();
            let swept = cache.sweep(clock.now(), budget);
            slices.push(start.elapsed().as_secs_f64() * 1e9);
            took.set(took.get() + swept.expired);
            if swept.looked_at < budget {
                break;
            }
        }
    }
    assert_eq!((took.get(), cache.len()), (ENDING as usize, 0));
    slices
}

fn sweeps() {
    println!("\nsweep of {ENDING} entries that are over, in slices");
    println!(
        "  {:>8} {:>8} {:>16} {:>16} {:>16}",
        "budget", "slices", "median, ns", "p99, ns", "all, ns an entry"
    );
    let at_once: Ends = |_| Duration::from_millis(400);
    let spread: Ends = |number| Duration::from_nanos(scramble(!number) % 1_000_000_000);
    for (name, ends) in [("all at one time", at_once), ("spread over a second", spread)] {
        println!("  {name}");
        for budget in [16, 64, 256, 1024, 4096] {
            let mut slices = sweep(budget, ends);
            slices.sort_by(f64::total_cmp);
            let all: f64 = slices.iter().sum();
            let p99 = slices[slices.len() * 99 / 100];
            println!(
                "  {budget:>8} {:>8} {:>16.0} {:>16.0} {:>16.1}",
                slices.len(),
                median(slices.clone()),
                p99,
                all / f64::from(ENDING)
            );
        }
    }
}

fn main() {
    let word: Option<String> = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let is_wanted = |title: &str| word.as_ref().is_none_or(|word| title.contains(word.as_str()));
    let table = |title: &str, ours: usize, contenders: fn() -> Vec<Contender<'static>>| {
        if is_wanted(title) {
            contest(&format!("{title}, {CAPACITY} entries"), ours, ROUNDS, contenders());
        }
    };
    table("clocks", 0, clocks);
    table("hits", 6, || each!(hits));
    table("get or insert, Zipf 0.99", 6, || each!(mixed));
    table("churn", 6, || each!(churn));
    if is_wanted("sweep") {
        sweeps();
    }
}
