//! `LruCache` on the heap against the exact LRU crates, all with this crate's default hasher, all filled to capacity.
//!
//! `cargo bench --bench lru`; a number as an argument runs that capacity alone.

mod contest;

use cached::Cached;
use contest::{Contender, contender, contest, scramble};
use core::cell::RefCell;
use core::hint::black_box;
use core::num::NonZeroUsize;
use larder::cache::{Heap, LruCache};
use larder::key::DefaultHash;
use rand::distr::Distribution;
use rand::{SeedableRng, rngs::SmallRng};
use rand_distr::Zipf;

/// What all of them can do. (Its `get` and `put` are inline for all, so that each is called the way a user calls it.)
trait Lru {
    const NAME: &'static str;
    fn with_capacity(capacity: usize) -> Self;
    fn get(&mut self, key: u64) -> Option<u64>;
    fn put(&mut self, key: u64, value: u64);
    /// By the crate's own call for that.
    fn get_or_put(&mut self, key: u64) -> u64;
    fn len(&self) -> usize;
}

impl Lru for LruCache<u64, u64, Heap> {
    const NAME: &'static str = "larder";
    fn with_capacity(capacity: usize) -> Self {
        LruCache::with_capacity(capacity)
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        LruCache::get(self, &key).copied()
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        LruCache::put(self, key, value);
    }
    #[inline]
    fn get_or_put(&mut self, key: u64) -> u64 {
        self.get_or_insert_with(key, |&key| key).map_or(key, |value| *value)
    }
    fn len(&self) -> usize {
        LruCache::len(self)
    }
}

type Schnellru = schnellru::LruMap<u64, u64, schnellru::ByLength, DefaultHash>;

impl Lru for Schnellru {
    const NAME: &'static str = "schnellru";
    fn with_capacity(capacity: usize) -> Self {
        let length = schnellru::ByLength::new(u32::try_from(capacity).expect("a capacity of 32 bits"));
        schnellru::LruMap::with_hasher(length, DefaultHash::new())
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        schnellru::LruMap::get(self, &key).copied()
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        self.insert(key, value);
    }
    #[inline]
    fn get_or_put(&mut self, key: u64) -> u64 {
        self.get_or_insert(key, || key).map_or(key, |value| *value)
    }
    fn len(&self) -> usize {
        schnellru::LruMap::len(self)
    }
}

impl Lru for lru::LruCache<u64, u64, DefaultHash> {
    const NAME: &'static str = "lru";
    fn with_capacity(capacity: usize) -> Self {
        lru::LruCache::with_hasher(
            NonZeroUsize::new(capacity).expect("a capacity above zero"),
            DefaultHash::new(),
        )
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        lru::LruCache::get(self, &key).copied()
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        lru::LruCache::put(self, key, value);
    }
    #[inline]
    fn get_or_put(&mut self, key: u64) -> u64 {
        *self.get_or_insert(key, || key)
    }
    fn len(&self) -> usize {
        lru::LruCache::len(self)
    }
}

impl Lru for hashlink::LruCache<u64, u64, DefaultHash> {
    const NAME: &'static str = "hashlink";
    fn with_capacity(capacity: usize) -> Self {
        hashlink::LruCache::with_hasher(capacity, DefaultHash::new())
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        hashlink::LruCache::get(self, &key).copied()
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        self.insert(key, value);
    }
    #[inline]
    fn get_or_put(&mut self, key: u64) -> u64 {
        *self.entry(key).or_insert(key)
    }
    fn len(&self) -> usize {
        hashlink::LruCache::len(self)
    }
}

impl Lru for clru::CLruCache<u64, u64, DefaultHash> {
    const NAME: &'static str = "clru";
    fn with_capacity(capacity: usize) -> Self {
        clru::CLruCache::with_hasher(
            NonZeroUsize::new(capacity).expect("a capacity above zero"),
            DefaultHash::new(),
        )
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        clru::CLruCache::get(self, &key).copied()
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        clru::CLruCache::put(self, key, value);
    }
    #[inline]
    fn get_or_put(&mut self, key: u64) -> u64 {
        *self.put_or_modify(key, |_, ()| key, |_, _, ()| (), ())
    }
    fn len(&self) -> usize {
        clru::CLruCache::len(self)
    }
}

impl Lru for cached::LruCache<u64, u64, DefaultHash> {
    const NAME: &'static str = "cached";
    fn with_capacity(capacity: usize) -> Self {
        let builder = cached::LruCache::builder().hasher(DefaultHash::new());
        builder.max_size(capacity).build().expect("a capacity above zero")
    }
    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.cache_get(&key).copied()
    }
    #[inline]
    fn put(&mut self, key: u64, value: u64) {
        self.cache_set(key, value);
    }
    #[inline]
    fn get_or_put(&mut self, key: u64) -> u64 {
        *self.cache_get_or_set_with(key, || key)
    }
    fn len(&self) -> usize {
        self.cache_size()
    }
}

/// Key streams, the same for all.
struct Streams {
    /// Keys that are in the cache after it was filled, uniformly.
    resident: Vec<u64>,
    /// Keys by Zipf (0.99) out of four times the capacity.
    mixed: Vec<u64>,
}

impl Streams {
    /// Requests a round.
    const REQUESTS: usize = 500_000;

    fn new(capacity: usize) -> Self {
        let below = |bound: u64| move |number: usize| scramble(scramble(number as u64) % bound);
        let mut random = SmallRng::seed_from_u64(1);
        #[expect(clippy::cast_precision_loss, reason = "capacities are far below 2^52")]
        let zipf = Zipf::new(capacity as f64 * 4.0, 0.99).expect("a valid distribution");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank is a whole number"
        )]
        let by_rank = |rank: f64| scramble(rank as u64);
        Self {
            resident: (0..Self::REQUESTS).map(below(capacity as u64)).collect(),
            mixed: zipf.sample_iter(&mut random).take(Self::REQUESTS).map(by_rank).collect(),
        }
    }
}

fn filled<L: Lru>(capacity: usize) -> L {
    let mut cache = L::with_capacity(capacity);
    for number in 0..capacity as u64 {
        cache.put(scramble(number), number);
    }
    assert_eq!(cache.len(), capacity, "{} is filled to its capacity", L::NAME);
    cache
}

fn get<'a, L: Lru + 'a>(capacity: usize, streams: &'a Streams) -> Contender<'a> {
    let mut cache = filled::<L>(capacity);
    contender(L::NAME, move || {
        let sum =
            streams.resident.iter().fold(0_u64, |sum, &key| sum.wrapping_add(cache.get(key).expect("a hit")));
        black_box(sum);
        streams.resident.len()
    })
}

fn mixed<'a, L: Lru + 'a>(capacity: usize, streams: &'a Streams) -> Contender<'a> {
    let mut cache = filled::<L>(capacity);
    contender(L::NAME, move || {
        for &key in &streams.mixed {
            if black_box(cache.get(key)).is_none() {
                cache.put(key, key);
            }
        }
        assert_eq!(cache.len(), capacity);
        streams.mixed.len()
    })
}

fn mixed_calls<'a, L: Lru + 'a>(capacity: usize, streams: &'a Streams) -> Contender<'a> {
    let mut cache = filled::<L>(capacity);
    contender(L::NAME, move || {
        for &key in &streams.mixed {
            black_box(cache.get_or_put(key));
        }
        assert_eq!(cache.len(), capacity);
        streams.mixed.len()
    })
}

fn churn<'a, L: Lru + 'a>(capacity: usize) -> Contender<'a> {
    let mut cache = filled::<L>(capacity);
    let next = RefCell::new(capacity as u64);
    contender(L::NAME, move || {
        let mut next = next.borrow_mut();
        for _ in 0..Streams::REQUESTS {
            cache.put(scramble(*next), *next);
            *next += 1;
        }
        assert_eq!(cache.len(), capacity);
        Streams::REQUESTS
    })
}

/// One contender of each crate, ours first.
macro_rules! each {
    ($workload:ident($($argument:expr),*)) => {
        vec![
            $workload::<LruCache<u64, u64, Heap>>($($argument),*),
            $workload::<Schnellru>($($argument),*),
            $workload::<lru::LruCache<u64, u64, DefaultHash>>($($argument),*),
            $workload::<hashlink::LruCache<u64, u64, DefaultHash>>($($argument),*),
            $workload::<clru::CLruCache<u64, u64, DefaultHash>>($($argument),*),
            $workload::<cached::LruCache<u64, u64, DefaultHash>>($($argument),*),
        ]
    };
}

fn main() {
    let only: Option<usize> = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    for capacity in
        [1_000, 64_000, 1_000_000].into_iter().filter(|&capacity| only.is_none_or(|only| only == capacity))
    {
        let streams = Streams::new(capacity);
        contest(&format!("get of resident keys, {capacity} entries"), 1, 15, each!(get(capacity, &streams)));
        contest(
            &format!("get or insert in one call, Zipf 0.99, {capacity} entries"),
            1,
            15,
            each!(mixed_calls(capacity, &streams)),
        );
        contest(
            &format!("get, and on a miss insert, Zipf 0.99, {capacity} entries"),
            1,
            15,
            each!(mixed(capacity, &streams)),
        );
        contest(&format!("insert of new keys, {capacity} entries"), 1, 15, each!(churn(capacity)));
    }
}
