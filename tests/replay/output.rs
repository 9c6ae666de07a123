//! What comes out.

use crate::example::{assert_one_complaint, command, figures, objects, replay, replay_stdin, stderr, stdout};
use crate::files::{Folder, as_text};
use serde_json::Value;
use std::fs;
use std::process::Stdio;

#[test]
fn an_object_has_the_members_that_programs_rely_on() {
    let output = replay(&["--json", "--requests", "5000", "--capacity", "100"]);
    let line = stdout(&output).lines().next().expect("a line");
    let names = "trace cache capacity requests distinct hits misses hit_ratio resident evicted ns_per_request \
                 pool_high_water pool_exhausted threads ttl expired rejected live cleaned leaked sweeps";
    let expected: Vec<&str> = names.split_whitespace().collect();
    let found: Vec<&str> =
        line.split('"').skip(1).step_by(2).filter(|word| expected.contains(word)).collect();
    assert_eq!(found, expected);

    let object = &objects(&output)[0];
    assert_eq!((&object["trace"], &object["cache"]), (&"built-in".into(), &"lru".into()));
    let number = |name: &str| object[name].as_u64().expect(name);
    assert_eq!(number("hits") + number("misses"), number("requests"));
    assert_eq!((number("capacity"), number("requests"), number("resident")), (100, 5000, 100));
    assert_eq!(number("evicted"), number("misses") - 100);
    // One buffer more than the cache holds is out while it is put in.
    assert_eq!((number("pool_high_water"), number("pool_exhausted")), (101, 0));
    assert_eq!((number("threads"), number("expired"), number("rejected")), (1, 0, 0));
    assert!(object["ttl"].is_null());
    assert_eq!((number("live"), number("cleaned"), number("leaked")), (100, number("evicted"), 0));
    assert!(object["sweeps"].as_array().is_some_and(|sweeps| sweeps.len() == 3));
}

#[test]
fn thresholds_say_when_the_tracker_is_swept() {
    let sweeps = |thresholds: &str| {
        let run = ["--json", "--requests", "20000", "--capacity", "2000", "--thresholds", thresholds];
        let sweeps = objects(&replay(&run))[0]["sweeps"].clone();
        [0, 1, 2].map(|kind: usize| sweeps[kind].as_u64().expect("a number"))
    };
    // The cache fills, and grows no more.
    assert_eq!(sweeps("0,1,1"), [0, 0, 0]);
    let [young, middle, old] = sweeps("100,1,1");
    assert!(young > 0 && middle > 0 && old > 0, "{young} {middle} {old}");
    let [more, none, _] = sweeps("100,0,0");
    assert!(more > young && none == 0);
    for wrong in ["", "700", "700,10", "700,10,10,10", "700,10,x", "700,10,-1", "700;10;10"] {
        let output = replay(&["--thresholds", wrong]);
        assert_one_complaint(&output, &["thresholds"]);
    }
}

#[test]
fn a_table_has_a_line_for_each_capacity() {
    let output = replay(&["--requests", "20000", "--capacity", "10,1000,2000"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    let text = stdout(&output);
    assert!(text.starts_with("built-in: 20,000 requests"), "{text}");
    let cells = |line: &str| -> Vec<String> { line.split("  ").map(|cell| cell.trim().to_owned()).collect() };
    let rows: Vec<Vec<String>> = text.lines().map(cells).collect();
    for capacity in ["10", "1,000", "2,000"] {
        assert!(
            rows.iter().any(|row| row.iter().any(|cell| cell == capacity)),
            "{capacity} is not in {text}"
        );
    }
}

#[test]
fn all_kinds_are_shown_side_by_side() {
    let folder = Folder::new("kinds");
    let svg = folder.path("curve.svg");
    let run = ["--requests", "20000", "--capacity", "10,500", "--cache", "all"];
    let table = replay(&run);
    let lines =
        |kind: &str| stdout(&table).lines().filter(|line| line.trim_start().starts_with(kind)).count();
    assert_eq!((lines("lru"), lines("timed"), lines("concurrent")), (2, 2, 2), "{}", stdout(&table));

    let objects = objects(&replay(&[&run[..], &["--json", "--svg", &svg]].concat()));
    let kinds: Vec<_> =
        objects.iter().map(|object| (&object["cache"], object["capacity"].as_u64())).collect();
    let expected = ["lru", "timed", "concurrent"].map(Value::from);
    let both = expected.iter().flat_map(|kind| [(kind, Some(10)), (kind, Some(500))]);
    assert_eq!(kinds, both.collect::<Vec<_>>());

    let drawn = fs::read_to_string(svg).expect("a chart");
    assert!(drawn.contains("built-in (lru)") && drawn.contains("built-in (concurrent)"));
    // Each kind once, whoever names it how often.
    let output = replay(&["--json", "--requests", "500", "--capacity", "5", "--cache", "concurrent,all,lru"]);
    assert_eq!(stdout(&output).lines().count(), 3);
}

#[test]
fn capacities_are_those_asked_for() {
    let capacities = |arguments: &[&str]| -> Vec<u64> {
        let output = replay(&[&["--json", "--requests", "1000"], arguments].concat());
        objects(&output).iter().map(|object| object["capacity"].as_u64().expect("a number")).collect()
    };
    let distinct =
        objects(&replay(&["--json", "--requests", "1000"]))[0]["distinct"].as_u64().expect("a number");
    assert_eq!(capacities(&["--capacity", "7,3,1"]), [7, 3, 1]);
    assert_eq!(capacities(&["--fraction", "0.1,1"]), [distinct / 10, distinct]);
    // Never less than one entry, and each capacity once.
    assert_eq!(capacities(&["--fraction", "0.0001,0.0002"]), [1]);
    assert_eq!(capacities(&[]).len(), 5);
}

#[test]
fn a_seed_is_a_stream() {
    let figures =
        |seed: &str| figures(&replay(&["--json", "--requests", "3000", "--capacity", "50", "--seed", seed]));
    assert_eq!(figures("7"), figures("7"));
    assert_ne!(figures("7"), figures("8"));
}

#[test]
fn buffers_of_every_size_keep_their_content() {
    for size in ["0", "1", "7", "8", "9", "4096"] {
        objects(&replay(&["--json", "--requests", "2000", "--capacity", "20", "--buffer-size", size]));
    }
}

#[test]
fn a_chart_shows_every_stream() {
    let folder = Folder::new("chart");
    let svg = folder.path("curve.svg");
    let [one, other] = ["one", "other"].map(|name| folder.file(&format!("{name}.txt"), &as_text()));
    let output = replay(&["--json", "--svg", &svg, &one, &other]);
    assert_eq!(objects(&output).len(), 10);
    let drawn = fs::read_to_string(svg).expect("a chart");
    for part in [
        "<svg",
        "</svg>",
        "Hit ratio over capacity",
        "Capacity (entries)",
        "one.txt (lru)",
        "other.txt (lru)",
    ] {
        assert!(drawn.contains(part), "{part} is not in the chart");
    }
    assert!(!drawn.contains("NaN"));
}

#[test]
fn a_chart_of_a_single_point_has_axes() {
    let folder = Folder::new("point");
    let svg = folder.path("curve.svg");
    // A single key, and capacities far apart: no hit at all but the first, and many powers of ten.
    for (input, capacities) in [(&b"a\n"[..], "1"), (b"a\n", "1000000"), (b"a\na\n", "1,1000000")] {
        let output = replay_stdin(&["--json", "--capacity", capacities, "--svg", &svg, "-"], input);
        objects(&output);
        assert!(!fs::read_to_string(&svg).expect("a chart").contains("NaN"));
    }
}

#[test]
fn a_chart_that_cannot_be_written_does_not_cost_the_figures() {
    let folder = Folder::new("unwritable");
    let svg = folder.path("no-such-folder/curve.svg");
    let output = replay(&["--json", "--requests", "1000", "--capacity", "5", "--svg", &svg]);
    assert_one_complaint(&output, &[&svg]);
    assert_eq!(stdout(&output).lines().count(), 1);
}

#[test]
fn whoever_reads_may_leave() {
    let mut command = command(&["--json", "--requests", "1000"]);
    let mut running =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the example can be started");
    drop(running.stdout.take());
    let output = running.wait_with_output().expect("the example ends");
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}

#[test]
fn help_is_not_a_mistake() {
    let output = replay(&["--help"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    assert!(stdout(&output).contains("--capacity"));
}
