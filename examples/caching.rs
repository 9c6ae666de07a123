//! Caching strategies: what each kind of cache is for, and how caches are named, watched and emptied.
//!
//! ```text
//! cargo run --example caching
//! ```
//!
//! Time is a clock that is moved by hand, so that minutes pass at once. A program takes `StdClock`, which `CacheManager::new()` does.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "as a program with std is written"
)]

use larder::cache::{Inline, Inserted, LruCache};
use larder::maintain::Janitor;
use larder::manager::CacheManager;
use larder::time::ManualClock;
use larder::watch::{CacheKind, Reading};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

type Outcome = Result<(), Box<dyn Error>>;
type Caches = CacheManager<&'static ManualClock>;

/// What time it is, for everything here.
static CLOCK: ManualClock = ManualClock::new();

const MINUTE: Duration = Duration::from_secs(60);

fn main() -> Outcome {
    let caches = Arc::new(CacheManager::with_clock(&CLOCK));
    what_was_used_last()?;
    entries_that_end(&caches)?;
    many_threads(&caches)?;
    namespaces(&caches)?;
    by_kind_and_name(&caches)?;
    functions_that_remember(&caches)?;
    computed_once(&caches)?;
    errors_are_not_kept(&caches)?;
    println!("\nAll caches at the end:\n{}", caches.snapshot());
    Ok(())
}

fn title(text: &str) {
    println!("\n{text}");
}

/// An exact cache throws out what was not used for the longest time. It needs no manager, and no heap.
fn what_was_used_last() -> Outcome {
    title("An LRU keeps what was used last");
    let mut pages: LruCache<&str, u32, Inline<3>> = LruCache::new();
    pages.put("home", 1);
    pages.put("news", 2);
    pages.put("help", 3);
    pages.get("home").ok_or("it was just put in")?;
    let displaced = pages.insert("shop", 4);
    println!("  with a 4th page in a cache for {}: {displaced:?}", pages.capacity());
    assert_eq!(displaced, Inserted::Evicted("news", 2), "home was used after it");
    assert_eq!((pages.len(), pages.stats().evicted), (3, 1));
    Ok(())
}

/// Entries end when their time is over: none is shown after that, and a janitor's thread gives their memory back.
fn entries_that_end(caches: &Arc<Caches>) -> Outcome {
    title("A timed cache forgets, and a janitor sees to it");
    let sessions = caches.create_timed_cache::<String, u32>("sessions", 30 * MINUTE)?;
    for user in 0..100 {
        sessions.put(format!("token {user}"), user);
    }
    // A look-up takes a `&str`, though the keys are `String`s.
    assert_eq!(sessions.get("token 7"), Some(7));

    let janitor = Janitor::new();
    janitor.watch(caches);
    janitor.start()?;
    CLOCK.advance(30 * MINUTE);
    assert_eq!(
        sessions.get("token 7"),
        None,
        "it is over for who asks, whether or not somebody has cleaned up"
    );

    janitor.call(); // on the real clock it wakes by itself when something is over
    while !sessions.is_empty() {
        thread::yield_now();
    }
    let counts = sessions.stats();
    println!("  {} sessions went in, {} ended after half an hour", counts.inserted, counts.expired);
    assert_eq!((counts.expired, counts.evicted), (100, 0));
    Ok(())
}

/// The concurrent cache is for threads: a hit takes no lock, and a scan doesn't wash out what is in use.
fn many_threads(caches: &Caches) -> Outcome {
    title("A concurrent cache is shared");
    let articles = caches.create_concurrent_cache::<u32, Arc<str>>("articles", 500)?;
    let (threads, each) = (4, 5_000);
    thread::scope(|scope| {
        for seed in 0..threads {
            let articles = &articles;
            scope.spawn(move || {
                let mut random = SmallRng::seed_from_u64(seed);
                for _ in 0..each {
                    let article = popular(&mut random);
                    let text = articles.get_or_insert_with(article, || format!("article {article}").into());
                    assert!(text.ends_with(&article.to_string()), "never another key's value");
                }
            });
        }
    });
    let counts = articles.stats();
    println!(
        "  {threads} threads asked {} times, {:.1} % were hits; {} of {} places are taken",
        counts.hits + counts.misses,
        counts.hit_ratio() * 100.0,
        articles.len(),
        articles.capacity(),
    );
    assert_eq!(counts.hits + counts.misses, threads * each, "the sums are exact");
    assert!(articles.len() <= articles.capacity());
    Ok(())
}

/// One of two thousand, the low ones far more often than the others.
fn popular(random: &mut SmallRng) -> u32 {
    let uniform: f64 = random.random();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1999")]
    let article = (2_000.0 * uniform.powi(4)) as u32;
    article
}

/// A name may have a namespace. Statistics are had of one cache, of a namespace, or of all; and so are they emptied.
fn namespaces(caches: &Caches) -> Outcome {
    title("Namespaces are watched and emptied together");
    let names = caches.create_lru_cache::<u32, String>("users/by_id", 100)?;
    let mails = caches.create_lru_cache::<String, u32>("users/by_mail", 100)?;
    let prices = caches.create_lru_cache::<u32, u32>("shop/prices", 100)?;
    for id in 0..50 {
        names.put(id, format!("user {id}"));
        mails.put(format!("{id}@example.org"), id);
        prices.put(id, id * 100);
    }
    let known = (0..50).filter_map(|id| names.get(&id)).count();
    let with_price = (40..60).filter_map(|id| prices.get(&id)).count();
    assert_eq!((known, with_price), (50, 10));

    let [users, shop] = ["users", "shop"].map(|namespace| caches.namespace_stats(namespace));
    println!(
        "  users: {} hits, {} misses; shop: {} hits, {} misses",
        users.hits, users.misses, shop.hits, shop.misses
    );
    assert_eq!((users.hits, users.misses, shop.hits, shop.misses), (50, 0, 10, 10));

    // One namespace, and nothing else.
    let cleared = caches.clear_namespace("users");
    println!("  the {cleared} caches of users are empty, {} prices are left", prices.len());
    assert!(names.is_empty() && mails.is_empty() && prices.len() == 50);

    // Those that are of little use.
    let cleared = caches.clear_where(|line| match line.reading {
        Reading::Cache(cache) => {
            &*line.namespace == "shop" && cache.counts.is_some_and(|it| it.hit_ratio() < 0.6)
        }
        _ => false,
    });
    println!("  {cleared} cache hit too seldom and was emptied");
    assert!(cleared == 1 && prices.is_empty());
    Ok(())
}

/// Who has no handle uses a cache by its kind and name. A wrong kind or type is an error that says what is there.
fn by_kind_and_name(caches: &Caches) -> Outcome {
    title("Caches are also used by kind and name");
    caches.put(CacheKind::Lru, "users/by_id", 7_u32, String::from("alice"))?;
    let user: Option<String> = caches.get(CacheKind::Lru, "users/by_id", &7_u32)?;
    println!("  user 7 is {user:?}");
    assert_eq!(user.as_deref(), Some("alice"));

    let error = caches.get::<String, u32>(CacheKind::Timed, "users/by_id", &7_u32).unwrap_err();
    println!("  {error}");
    assert!(error.to_string().contains("lru"));
    let error = caches.put(CacheKind::Lru, "users/by_id", 8_u32, 8.5).unwrap_err();
    assert_eq!((error.key, error.value), (8, 8.5), "what was not put in comes back");
    Ok(())
}

/// What a journey costs, of arguments of any type that can be a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Class {
    First,
    Second,
}

static FARES_COMPUTED: AtomicU32 = AtomicU32::new(0);

larder::memoize! {
    capacity = 100, ttl = MINUTE, clock = &CLOCK;
    fn fare(from: &str, stops: &[&'static str], class: Class, luggage: Option<u8>) -> usize {
        FARES_COMPUTED.fetch_add(1, Ordering::Relaxed);
        let per_stop = if class == Class::First { 9 } else { 5 };
        from.len() + stops.len() * per_stop + usize::from(luggage.unwrap_or(0))
    }
}

/// A function that remembers, for a time: with a cache of its own, or with one that has a name.
fn functions_that_remember(caches: &Caches) -> Outcome {
    title("Functions remember their results");
    let journey = || fare("Ulm", &["Aalen", "Crailsheim"], Class::Second, Some(2));
    let price = journey();
    assert_eq!(journey(), price);
    assert_ne!(fare("Ulm", &["Aalen", "Crailsheim"], Class::First, Some(2)), price);
    let before = FARES_COMPUTED.load(Ordering::Relaxed);
    CLOCK.advance(MINUTE);
    assert_eq!(journey(), price);
    let after = FARES_COMPUTED.load(Ordering::Relaxed);
    println!("  3 calls of 2 journeys were computed {before} times; after a minute once more: {after}");
    assert_eq!((before, after), (2, 3));

    // Its cache is watched like any other. The argument is borrowed: a key is made of it when there is no result.
    let length = caches.memoize("lengths", 1_000, MINUTE, |word: &str| word.chars().count())?;
    let lengths: Vec<usize> = "a rose is a rose is a rose".split(' ').map(|word| length.call(word)).collect();
    let counts = caches.stats("lengths")?;
    println!("  {} words, of which {} were counted: {lengths:?}", lengths.len(), counts.misses);
    assert_eq!((counts.hits, counts.misses), (5, 3));
    Ok(())
}

/// Callers who miss the same result at the same time: one computes it, and the others wait for that.
fn computed_once(caches: &Caches) -> Outcome {
    title("What many ask for at once is computed once");
    let computed = AtomicU32::new(0);
    let threads = 8;
    let report = caches.memoize("reports", 10, MINUTE, |year: &u32| {
        computed.fetch_add(1, Ordering::Relaxed);
        (1..=*year).map(u64::from).sum::<u64>()
    })?;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| assert_eq!(report.call(&2_024), 2_049_300));
        }
    });
    println!("  {threads} threads got one report, computed {} time", computed.load(Ordering::Relaxed));
    assert_eq!(computed.load(Ordering::Relaxed), 1);
    Ok(())
}

/// A failure is not remembered: who asks next tries again. (For `memoize!` too, if it doesn't say `keep_errors`.)
fn errors_are_not_kept(caches: &Caches) -> Outcome {
    title("Errors are not kept");
    let tries = AtomicU32::new(0);
    let address = caches.try_memoize("addresses", 10, MINUTE, |host: &str| {
        match tries.fetch_add(1, Ordering::Relaxed) {
            0 => Err(format!("no answer from {host}")),
            _ => Ok([192, 0, 2, 1]),
        }
    })?;
    let answers: Vec<_> = (0..3).map(|_| address.try_call("example.org")).collect();
    for answer in &answers {
        println!("  {answer:?}");
    }
    assert!(answers[0].is_err() && answers[1].is_ok() && answers[2] == answers[1]);
    assert_eq!(tries.load(Ordering::Relaxed), 2);
    Ok(())
}
