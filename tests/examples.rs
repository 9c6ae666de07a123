//! The examples: each tells its story to the end, and asserts itself what it claims. Here it is seen that they run, and say the
//! lines that matter. (`replay` has tests of its own.)

#![cfg(all(feature = "std", not(any(larder_loom, larder_step, miri))))]

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A built example, which lies beside the folder of this test's own binary.
#[track_caller]
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it lies");
    let built = test.parent().and_then(Path::parent).expect("tests lie in a folder of the target folder");
    let example = built.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    assert!(example.exists(), "{} is not there: build it by `cargo test --examples`", example.display());
    example
}

fn output(name: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(built(name));
    command.args(arguments).stdin(Stdio::null()).output().expect("it can be started")
}

/// Runs one that goes well, and gives what it printed.
#[track_caller]
fn run(name: &str, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = output(name, arguments);
    let [said, complained] = [stdout, stderr].map(|text| String::from_utf8(text).expect("it writes text"));
    assert_eq!((status.code(), complained.as_str()), (Some(0), ""), "{said}");
    said
}

/// Asserts that these are parts of an example's output, in this order.
#[track_caller]
fn assert_says(name: &str, parts: &[&str]) {
    let said = run(name, &[]);
    let mut rest = said.as_str();
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} is not where it should be in:\n{said}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn pools() {
    assert_says(
        "pools",
        &[
            "100 users one by one opened 1 connection, three at once had 3",
            "after an error (invalid digit found in string), 0 in use",
            "after a panic, 0 in use",
            "exhausted: all of the 4 slots are in use",
            "waited for 20ms",
            "after 35 ms",
            "told: pool \"db/connections\" was exhausted 6 times",
            "of 4 idle ones 1 went",
            "db/connections: slot ",
            "pools.rs:",
            "4 threads had 4000 packets of 8 slots",
            "db/connections",
        ],
    );
}

#[test]
fn caching() {
    assert_says(
        "caching",
        &[
            "Evicted(\"news\", 2)",
            "100 sessions went in, 100 ended",
            "4 threads asked 20000 times",
            "users: 50 hits, 0 misses; shop: 10 hits, 10 misses",
            "the 2 caches of users are empty, 50 prices are left",
            "\"users/by_id\" is of the kind \"lru\" and not \"timed\"",
            "computed 2 times; after a minute once more: 3",
            "8 threads got one report, computed 1 time",
            "Err(\"no answer from example.org\")",
            "Ok([192, 0, 2, 1])",
            "sessions",
        ],
    );
}

#[test]
fn cleanup() {
    assert_says(
        "cleanup",
        &[
            "with 700 tracked no sweep was due",
            "with 701 a young one was: 600 resources were gone, 101 are alive",
            "the cleanup finalized 1 resource",
            "closed: [\"draft.txt\"]; still open: log.txt",
            "1000 resources were finalized, in ",
            "500 buffers came and went, 0 wait",
            "4 of 5 were finalized",
            "disk 3 does not answer",
            "images: 1v1 ",
            "\"the logo\"",
            "cleanup.rs:",
        ],
    );
}

#[test]
fn tuning() {
    assert_says(
        "tuning",
        &[
            "by handle",
            "% hits",
            "twice as much as",
            "`Words`",
            "counts",
            "it was read 1 time",
            "High: ",
            "ran short",
            "parts",
        ],
    );
}

/// Without a terminal it prints frames as text.
#[test]
fn watch() {
    let said = run("watch", &["--frames", "2", "--threads", "2"]);
    assert_eq!(said.lines().count(), 60, "two frames of 30 rows:\n{said}");
    for (frame, number) in said.split_inclusive("pause\n").zip(["the first", "the second"]) {
        for part in [
            " larder  8 parts, ",
            "╭ pools ",
            "db/connections",
            "http/buffers",
            "╭ caches ",
            "shop/articles     ",
            "shop/quotes",
            "users/by_id",
            "users/logins",
            "╭ trackers ",
            "resources",
            "sessions",
            "╭ events ",
            " q  quit",
        ] {
            assert!(frame.contains(part), "{part:?} is not in {number}:\n{frame}");
        }
    }
    // A sparkline is full, since each frame shows as many looks as it has columns.
    let heights = |line: &&str| line.chars().filter(|height| ('▁'..='▇').contains(height)).count() >= 20;
    assert!(said.lines().filter(heights).count() >= 6, "{said}");
}

#[test]
fn watch_refuses_what_it_does_not_know() {
    let output = output("watch", &["--colour"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--colour"));
}

#[test]
fn watch_draws_a_frame() {
    let file = std::env::temp_dir().join(format!("watch-{}.svg", std::process::id()));
    run("watch", &["--svg", file.to_str().expect("text")]);
    let svg = std::fs::read_to_string(&file).expect("it was written");
    std::fs::remove_file(&file).expect("it is there");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains("users/logins"), "{svg}");
}
