//! Entries that end by the stream's own time. The example checks in each run that no look-up shows a value whose time was over: it
//! fails if one does.

use crate::example::{assert_one_complaint, objects, replay, stdout};
use crate::files::{Folder, as_text};
use crate::page::recorded;
use serde_json::Value;

fn number(object: &Value, name: &str) -> u64 {
    object[name].as_u64().expect(name)
}

/// What `--ttl` finds in a table of these lines.
#[track_caller]
fn timed(test: &str, ttl: &str, lines: &str) -> Value {
    let folder = Folder::new(test);
    let file = folder.file("a.tsv", lines.as_bytes());
    let output = replay(&["--json", "--cache", "concurrent", "--capacity", "64", "--ttl", ttl, &file]);
    objects(&output).remove(0)
}

#[test]
fn an_entry_lives_for_the_seconds_given() {
    // At 1.5 it is there for the last time; what is put in at 2 is over at 3.
    let lines = "time_s\tkey\n1\t7\n1.5\t7\n1.999999999\t7\n2\t7\n2.5\t7\n3\t7\n";
    let object = timed("seconds", "1", lines);
    assert_eq!((number(&object, "hits"), number(&object, "misses"), number(&object, "expired")), (3, 3, 2));
    assert_eq!(object["ttl"].as_f64(), Some(1.0));
    // Only the one at 2, after that at 1.999999999.
    assert_eq!(number(&timed("fraction", "0.4", lines), "hits"), 1);
    assert_eq!(number(&timed("nothing", "0", lines), "hits"), 0);
    assert_eq!(number(&timed("long", "18446744073", lines), "hits"), 5);
}

#[test]
fn an_entry_lives_for_its_own_seconds() {
    // Of four keys: 1 lives for 10 s, 2 for ever, 3 not at all, 4 for a second and a half.
    let lines = "0\t1\t\t10\n0\t2\t\t\n0\t3\t\t0\n0\t4\t\t1.5\n\
                 1\t1\n1\t2\n1\t3\t\t0\n1\t4\n\
                 9.9\t1\t\t10\n9.9\t2\n10\t1\t\t10\n99\t2\n";
    let object = timed("own", "own", lines);
    assert_eq!(object["ttl"], "own");
    assert_eq!((number(&object, "hits"), number(&object, "misses")), (6, 6));
}

#[test]
fn time_in_a_stream_may_go_back() {
    // What was over at 5 is still over at 4, and what is put in then lives from 4 on.
    let object = timed("back", "2", "1\t1\n5\t2\n4\t1\n4\t1\n6\t1\n");
    assert_eq!((number(&object, "hits"), number(&object, "misses")), (1, 4));
}

#[test]
fn a_recorded_stream_with_its_own_times_shows_nothing_that_is_over() {
    let Some(file) = recorded("dns_wrccdc.ext.tsv.gz") else { return };
    for threads in ["1", "2", "5"] {
        let run = ["--json", "--cache", "concurrent", "--ttl", "own", "--threads", threads, &file];
        for object in objects(&replay(&run)) {
            assert_eq!(number(&object, "hits") + number(&object, "misses"), 25_979);
            assert!(number(&object, "expired") > 0, "{object}");
            assert!(number(&object, "resident") <= number(&object, "capacity"));
        }
    }
}

#[test]
fn a_longer_life_never_costs_hits_where_there_is_room() {
    let Some(file) = recorded("dns_wrccdc.ext.tsv.gz") else { return };
    let hits = |ttl: &str| {
        let run = ["--json", "--cache", "concurrent", "--fraction", "1", "--ttl", ttl, &file];
        number(&objects(&replay(&run))[0], "hits")
    };
    let hits = ["0", "1", "60", "100000"].map(hits);
    assert!(hits[0] == 0 && hits.is_sorted(), "{hits:?}");
}

#[test]
fn the_table_tells_how_long_entries_live() {
    let folder = Folder::new("life");
    let file = folder.file("a.tsv", b"1\t7\t\t1\n2\t7\t\t1\n");
    for (arguments, told) in [
        (["--ttl", "own", "--threads", "1"], "Entries live as long as the stream says."),
        (["--ttl", "1.5", "--threads", "1"], "Entries live for 1.5 s of the stream's time."),
        (["--ttl", "1.5", "--threads", "2"], "2 threads share the cache. Entries live for"),
    ] {
        let output = replay(&[&["--cache", "concurrent", &file], &arguments[..]].concat());
        assert!(stdout(&output).contains(told) && stdout(&output).contains("expired"), "{}", stdout(&output));
    }
}

#[test]
fn a_time_that_cannot_be_had_is_told_in_a_line() {
    let folder = Folder::new("times");
    let files = [
        ("none.txt", as_text(), "60", "the requests have no time"),
        ("blank.tsv", b"1\t1\n\t1\n".to_vec(), "60", "line 2: the time '' is not a number of seconds"),
        ("early.tsv", b"-5\t1\n".to_vec(), "60", "line 1: the time '-5' is not"),
        ("late.tsv", b"18446744074\t1\n".to_vec(), "60", "line 1: the time '18446744074' is not"),
        ("point.tsv", b"1.\t1\n".to_vec(), "60", "line 1: the time '1.' is not"),
        ("ttl.tsv", b"1\t1\t\t5\n1\t1\t\tlong\n".to_vec(), "own", "line 2: the ttl 'long' is not"),
        ("no-ttl.tsv", b"1\t1\n2\t1\n".to_vec(), "own", "no request has a ttl"),
    ];
    for (name, content, ttl, part) in files {
        let file = folder.file(name, &content);
        let output = replay(&["--json", "--cache", "concurrent", "--ttl", ttl, &file]);
        assert_one_complaint(&output, &[name, part]);
    }
    // Where time is of no interest, it may be anything.
    let file = folder.path("early.tsv");
    assert_eq!(objects(&replay(&["--json", "--capacity", "5", &file])).len(), 1);
}
