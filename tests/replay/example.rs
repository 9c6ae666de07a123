//! Runs the built example.

use serde_json::Value;
use std::env::consts::EXE_SUFFIX;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The built example, which lies beside the folder of this test's own binary.
fn example() -> &'static Path {
    static EXAMPLE: OnceLock<PathBuf> = OnceLock::new();
    EXAMPLE.get_or_init(|| {
        let test = std::env::current_exe().expect("a test knows where it lies");
        let built = test.parent().and_then(Path::parent).expect("tests lie in a folder of the target folder");
        let example = built.join("examples").join(format!("replay{EXE_SUFFIX}"));
        assert!(example.exists(), "{} is not there: build it by `cargo test --examples`", example.display());
        example
    })
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(example());
    command.args(arguments).stdin(Stdio::null());
    command
}

pub(crate) fn replay(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the example can be started")
}

pub(crate) fn replay_stdin(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("the example can be started");
    running.stdin.take().expect("it is piped").write_all(input).expect("the example reads all");
    running.wait_with_output().expect("the example ends")
}

pub(crate) fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).expect("the example writes text")
}

pub(crate) fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).expect("the example writes text")
}

/// The objects of a run that went well.
#[track_caller]
pub(crate) fn objects(output: &Output) -> Vec<Value> {
    assert_eq!((output.status.code(), stderr(output)), (Some(0), ""));
    stdout(output).lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// A run with `--json` that goes well, and the members of its objects that do not depend on the time it took.
#[track_caller]
pub(crate) fn figures(output: &Output) -> Vec<Value> {
    let mut objects = objects(output);
    for object in &mut objects {
        object["ns_per_request"].take();
        object["trace"].take();
    }
    objects
}

/// Asserts that a run said one line that has all of `parts` in it, and gave up on something.
#[track_caller]
pub(crate) fn assert_one_complaint(output: &Output, parts: &[&str]) {
    let said = stderr(output);
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}
