//! Hit ratios on recorded streams.

use crate::example::{figures, objects, replay};
use crate::page::{Promised, page, promised, promised_for_arc, stream, traces};
use larder::cache::LruCache;
use larder::key::DefaultHash;
use std::collections::HashSet;
use std::thread;

#[expect(clippy::cast_precision_loss, reason = "a ratio is compared to four places")]
fn lru_hit_ratio(keys: &[u64], capacity: usize) -> f64 {
    let mut cache = LruCache::with_capacity(capacity);
    for key in keys {
        if cache.get(key).is_none() {
            cache.put(*key, ());
        }
    }
    cache.validate();
    let stats = cache.stats();
    assert_eq!(stats.hits + stats.misses, keys.len() as u64);
    assert_eq!(stats.inserted, cache.len() as u64 + stats.evicted);
    stats.hits as f64 / keys.len() as f64
}

/// Asserts that `ratio` is `promised` within half of its last place.
#[track_caller]
fn assert_ratio(ratio: f64, promised: f64, places: i32, of: &str) {
    // The page's figures were rounded twice: to four places, and those then to three.
    let most = 0.5 * 10_f64.powi(-places) + if places < 4 { 0.5e-4 } else { 0.0 };
    assert!((ratio - promised).abs() <= most, "{of}: {ratio:.6}, but {promised} is promised");
}

fn assert_promise(promise: &Promised) {
    let Some(keys) = stream(&promise.name) else { return };
    assert_eq!(keys.len(), promise.requests, "requests of {}", promise.name);
    let distinct = keys.iter().collect::<HashSet<_, DefaultHash>>().len();
    assert_eq!(distinct, promise.distinct, "distinct keys of {}", promise.name);
    for (part, promised) in [100, 10].into_iter().zip(promise.ratios) {
        let ratio = lru_hit_ratio(&keys, distinct / part);
        assert_ratio(ratio, promised, 3, &format!("{} at capacity {}", promise.name, distinct / part));
    }
}

#[test]
fn the_lru_hits_as_often_as_promised_on_every_recorded_stream() {
    let Some(page) = page("the LRU on every recorded stream") else { return };
    thread::scope(|scope| {
        for promise in promised(&page) {
            scope.spawn(move || assert_promise(&promise));
        }
    });
}

#[test]
fn the_lru_hits_as_often_as_promised_on_arc_oltp() {
    let Some(page) = page("the LRU on arc_oltp") else { return };
    let Some(keys) = stream("arc_oltp") else { return };
    let promised = promised_for_arc(&page);
    assert_eq!(promised.len(), 5);
    for (capacity, promised) in promised {
        assert_ratio(
            lru_hit_ratio(&keys, capacity),
            promised,
            4,
            &format!("arc_oltp at capacity {capacity}"),
        );
    }
}

#[test]
fn the_example_finds_the_promised_ratio_on_arc_oltp() {
    let Some(page) = page("the example on arc_oltp") else { return };
    let file = traces().join("arc_oltp.u64.zst");
    if !file.exists() {
        println!("arc_oltp is skipped: {} is not there", file.display());
        return;
    }
    // One capacity: without optimisation each takes seconds.
    let (capacity, promised) = promised_for_arc(&page)[0];
    let output = replay(&["--json", "--capacity", &capacity.to_string(), file.to_str().expect("text")]);
    assert_ratio(objects(&output)[0]["hit_ratio"].as_f64().expect("a number"), promised, 4, "arc_oltp");
}

#[test]
fn the_example_finds_the_promised_ratios_by_fractions() {
    let Some(page) = page("the example on recorded streams") else { return };
    // The short ones: without optimisation the others take long.
    for promise in promised(&page).iter().filter(|promise| promise.requests < 60_000) {
        let file = traces().join(format!("{}.u64.zst", promise.name));
        if !file.exists() {
            println!("{} is skipped: {} is not there", promise.name, file.display());
            continue;
        }
        let output = replay(&["--json", "--fraction", "0.01,0.1", file.to_str().expect("text")]);
        for (object, promised) in objects(&output).iter().zip(promise.ratios) {
            assert_eq!(object["trace"], promise.name);
            assert_ratio(object["hit_ratio"].as_f64().expect("a number"), promised, 3, &promise.name);
        }
    }
}

#[test]
fn a_recorded_table_is_the_same_stream_as_its_keys() {
    let both = ["nasa_http.u64.zst", "nasa_http.ext.tsv.gz"].map(|name| traces().join(name));
    if let Some(absent) = both.iter().find(|path| !path.exists()) {
        println!("the recorded table is skipped: {} is not there", absent.display());
        return;
    }
    let [keys, table] = both.map(|path| figures(&replay(&["--json", path.to_str().expect("text")])));
    assert_eq!(keys, table);
}
