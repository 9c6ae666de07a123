//! The concurrent cache, and threads that share one. The example checks in each run that no more entries are resident than the
//! capacity is, that no value is that of another key, and that all counts add up: it fails if not.

use crate::example::{figures, objects, replay, replay_stdin};
use crate::files::as_text;
use crate::page::{page, promised_for_arc, recorded};
use serde_json::Value;

fn number(object: &Value, name: &str) -> u64 {
    object[name].as_u64().expect(name)
}

#[test]
fn the_concurrent_cache_hits_more_often_than_the_lru_on_arc_oltp() {
    let Some(page) = page("the concurrent cache on arc_oltp") else { return };
    let Some(file) = recorded("arc_oltp.u64.zst") else { return };
    let output = replay(&["--json", "--cache", "concurrent", "--capacity", "1000,5000", &file]);
    let promised = promised_for_arc(&page);
    for object in objects(&output) {
        let capacity = object["capacity"].as_u64().expect("a number");
        let &(_, lru) = promised.iter().find(|&&(at, _)| at as u64 == capacity).expect("it is on the page");
        let ratio = object["hit_ratio"].as_f64().expect("a number");
        assert!(ratio > lru, "{ratio} at capacity {capacity}, where the exact LRU has {lru}");
    }
}

#[test]
fn one_thread_finds_the_same_in_every_run() {
    let run = || figures(&replay_stdin(&["--json", "--cache", "concurrent", "-"], &as_text()));
    assert_eq!(run(), run());
}

#[test]
fn threads_take_every_request_once() {
    for threads in ["2", "3", "7"] {
        let run = ["--json", "--cache", "concurrent", "--capacity", "1,5,64,1000", "--requests", "50000"];
        let objects = objects(&replay(&[&run[..], &["--threads", threads]].concat()));
        assert_eq!(objects.len(), 4);
        for object in objects {
            assert_eq!(object["threads"].to_string(), threads);
            assert_eq!(number(&object, "hits") + number(&object, "misses"), 50_000);
            assert!(number(&object, "resident") <= number(&object, "capacity"));
        }
    }
}

#[test]
fn threads_share_a_recorded_stream() {
    for name in ["lirs_multi2.u64.zst", "web07.u64.zst"] {
        let Some(file) = recorded(name) else { continue };
        let run = ["--json", "--cache", "concurrent", &file];
        let [alone, shared] =
            ["1", "2"].map(|threads| objects(&replay(&[&run[..], &["--threads", threads]].concat())));
        for (alone, shared) in alone.iter().zip(&shared) {
            assert_eq!(number(shared, "hits") + number(shared, "misses"), number(shared, "requests"));
            assert!(number(shared, "resident") <= number(shared, "capacity"));
            // The same requests in about the same order.
            let [alone, shared] =
                [alone, shared].map(|object| object["hit_ratio"].as_f64().expect("a number"));
            assert!((alone - shared).abs() < 0.1, "{name}: {alone} alone, {shared} shared");
        }
    }
}
