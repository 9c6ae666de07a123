//! Entries that end by the stream's own time. The example checks in each run that no look-up shows a value whose time was over: it
//! fails if one does.

use crate::example::{assert_one_complaint, objects, replay, stdout};
use crate::files::{Folder, as_text};
use crate::page::recorded;
use serde_json::Value;
use std::io::Read as _;

fn number(object: &Value, name: &str) -> u64 {
    object[name].as_u64().expect(name)
}

/// What `--ttl` finds in a table of these lines: where there is room for all, the same with each kind of cache.
#[track_caller]
fn timed(test: &str, ttl: &str, lines: &str) -> Value {
    let folder = Folder::new(test);
    let file = folder.file("a.tsv", lines.as_bytes());
    let output = replay(&["--json", "--cache", "timed,concurrent", "--capacity", "64", "--ttl", ttl, &file]);
    let objects = objects(&output);
    let [exact, concurrent] = &objects[..] else { panic!("a row for each kind") };
    for name in ["hits", "misses"] {
        assert_eq!(number(exact, name), number(concurrent, name), "{name}");
    }
    exact.clone()
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

/// An exact cache as a list of keys and their ends, the most recently used first.
struct Reference {
    entries: Vec<(u64, Option<u64>)>,
    capacity: usize,
    /// It never goes back.
    now: u64,
    hits: u64,
    misses: u64,
    expired: u64,
    evicted: u64,
}

impl Reference {
    fn new(capacity: usize) -> Self {
        Self { entries: Vec::new(), capacity, now: 0, hits: 0, misses: 0, expired: 0, evicted: 0 }
    }

    fn is_over(&self, at: usize) -> bool {
        self.entries[at].1.is_some_and(|end| end <= self.now)
    }

    /// Looks a key up; if it is not there, puts it in until `end`.
    fn request(&mut self, now: u64, key: u64, end: Option<u64>) {
        self.now = self.now.max(now);
        match self.entries.iter().position(|&(of, _)| of == key) {
            Some(at) if !self.is_over(at) => {
                self.hits += 1;
                self.entries[..=at].rotate_right(1);
                return;
            }
            Some(at) => {
                self.expired += 1;
                self.entries.remove(at);
            }
            None => self.make_room(),
        }
        self.misses += 1;
        self.entries.insert(0, (key, end));
    }

    /// Something that is over goes first, else the last.
    fn make_room(&mut self) {
        if self.entries.len() < self.capacity {
            return;
        }
        if let Some(over) = (0..self.entries.len()).find(|&at| self.is_over(at)) {
            self.entries.remove(over);
            self.expired += 1;
        } else {
            self.entries.pop();
            self.evicted += 1;
        }
    }
}

/// The requests of a table: time in nanoseconds, key, and end.
fn requests(file: &str) -> Vec<(u64, u64, Option<u64>)> {
    let mut table = String::new();
    let mut bytes = flate2::read::GzDecoder::new(std::fs::File::open(file).expect("it was there"));
    bytes.read_to_string(&mut table).expect("a table is text");
    let nanoseconds = |cell: &str| {
        let (whole, part) = cell.split_once('.').unwrap_or((cell, ""));
        let nanoseconds: u64 = format!("{part:0<9}")[..9].parse().expect("digits");
        whole.parse::<u64>().expect("seconds") * 1_000_000_000 + nanoseconds
    };
    let request = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let at = nanoseconds(cells[0]);
        let end = cells.get(3).filter(|ttl| !ttl.is_empty()).map(|ttl| at + nanoseconds(ttl));
        (at, cells[1].parse().expect("a key"), end)
    };
    table.lines().filter(|line| !line.starts_with("time")).map(request).collect()
}

#[test]
fn the_exact_cache_counts_what_a_plain_one_counts_on_a_recorded_stream() {
    let Some(file) = recorded("dns_wrccdc.ext.tsv.gz") else { return };
    let requests = requests(&file);
    let run = ["--json", "--cache", "timed", "--capacity", "1,10,41,103,206,515,2063", "--ttl", "own", &file];
    let objects = objects(&replay(&run));
    assert_eq!(objects.len(), 7);
    for object in objects {
        let capacity = usize::try_from(number(&object, "capacity")).expect("a capacity");
        let mut reference = Reference::new(capacity);
        for &(at, key, end) in &requests {
            reference.request(at, key, end);
        }
        let expected = (reference.hits, reference.misses, reference.expired, reference.evicted);
        let [hits, misses, expired, evicted] =
            ["hits", "misses", "expired", "evicted"].map(|name| number(&object, name));
        assert_eq!((hits, misses, expired, evicted), expected, "capacity {capacity}");
        assert!(expired > 0, "{object}");
    }
}

#[test]
fn a_longer_life_never_costs_hits_where_there_is_room() {
    let Some(file) = recorded("dns_wrccdc.ext.tsv.gz") else { return };
    for cache in ["timed", "concurrent"] {
        let hits = |ttl: &str| {
            let run = ["--json", "--cache", cache, "--fraction", "1", "--ttl", ttl, &file];
            number(&objects(&replay(&run))[0], "hits")
        };
        let hits = ["0", "1", "60", "100000"].map(hits);
        assert!(hits[0] == 0 && hits.is_sorted(), "{cache}: {hits:?}");
    }
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
