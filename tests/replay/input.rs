//! What goes in: formats, and what is wrong with files and options.

use crate::example::{assert_one_complaint, figures, objects, replay, replay_stdin, stdout};
use crate::files::{Folder, as_text, as_tsv, as_u64, gz, keys, zst};

#[test]
fn a_stream_is_the_same_in_every_format() {
    let folder = Folder::new("formats");
    let files = [
        ("a.u64", as_u64()),
        ("a.u64.zst", zst(&as_u64())),
        ("a.u64.gz", gz(&as_u64())),
        ("a.txt", as_text()),
        ("a.log.gz", gz(&as_text())),
        ("a", as_text()),
        ("a.tsv", as_tsv()),
        ("a.tsv.gz", gz(&as_tsv())),
        ("a.tsv.zst", zst(&as_tsv())),
        // Two gzip members, and two zstd frames, one after the other.
        ("b.u64.gz", [gz(&as_u64()[..800]), gz(&as_u64()[800..])].concat()),
        ("b.u64.zst", [zst(&as_u64()[..804]), zst(&as_u64()[804..])].concat()),
        ("crlf.txt", String::from_utf8(as_text()).expect("text").replace('\n', "\r\n").into_bytes()),
    ];
    let expected = figures(&replay_stdin(&["--json", "-"], &as_text()));
    assert_eq!(expected.len(), 5);
    for (name, content) in files {
        let file = folder.file(name, &content);
        assert_eq!(figures(&replay(&["--json", &file])), expected, "{name}");
    }
}

#[test]
fn a_format_can_be_named() {
    let expected = figures(&replay_stdin(&["--json", "-"], &as_text()));
    for (format, content) in [("u64", as_u64()), ("text", as_text()), ("tsv", as_tsv())] {
        assert_eq!(
            figures(&replay_stdin(&["--json", "--format", format, "-"], &content)),
            expected,
            "{format}"
        );
    }
    let folder = Folder::new("named");
    let file = folder.file("misnamed.tsv", &as_u64());
    assert_eq!(figures(&replay(&["--json", "--format", "u64", &file])), expected);
}

#[test]
fn keys_may_be_any_text() {
    let words: Vec<u8> =
        keys().flat_map(|key| format!("/page/{key}?\u{e4}=\u{2603}\n").into_bytes()).collect();
    let bytes: Vec<u8> =
        keys().flat_map(|key| [&[0xFF, 0x00][..], key.to_string().as_bytes(), b"\n"].concat()).collect();
    let expected = figures(&replay_stdin(&["--json", "-"], &as_text()));
    assert_eq!(figures(&replay_stdin(&["--json", "-"], &words)), expected);
    assert_eq!(figures(&replay_stdin(&["--json", "-"], &bytes)), expected);
}

#[test]
fn keys_that_are_written_differently_are_different() {
    let output = replay_stdin(
        &["--json", "--capacity", "9", "-"],
        b"7\n07\n+7\n7.0\n 7 \n7\n\n0\n00\n18446744073709551616\n",
    );
    let object = &objects(&output)[0];
    assert_eq!((object["requests"].as_u64(), object["distinct"].as_u64()), (Some(9), Some(7)));
}

#[test]
fn a_column_of_a_log_is_the_key() {
    let spaces: Vec<u8> =
        keys().flat_map(|key| format!("  GET   {key}\t 200\n").replace('\t', " ").into_bytes()).collect();
    let tabs: Vec<u8> = keys().flat_map(|key| format!("GET it\t{key}\t200\n").into_bytes()).collect();
    let expected = figures(&replay_stdin(&["--json", "-"], &as_text()));
    assert_eq!(figures(&replay_stdin(&["--json", "--column", "2", "-"], &spaces)), expected);
    assert_eq!(figures(&replay_stdin(&["--json", "--column", "2", "-"], &tabs)), expected);
}

#[test]
fn a_limit_ends_a_stream_before_what_is_broken() {
    let folder = Folder::new("limit");
    let broken = [as_u64(), b"rest".to_vec()].concat();
    for (name, content) in [
        ("a.u64", broken.clone()),
        ("a.u64.zst", zst(&broken)),
        ("a.txt", as_text()),
        ("a.tsv", [as_tsv(), b"x\n".to_vec()].concat()),
    ] {
        let file = folder.file(name, &content);
        for limit in [1, 1999, 2000] {
            let output = replay(&["--json", "--capacity", "5", "--limit", &limit.to_string(), &file]);
            assert_eq!(objects(&output)[0]["requests"], limit, "{name}");
        }
    }
    let output = replay(&["--json", "--capacity", "5", "--limit", "10"]);
    assert_eq!(objects(&output)[0]["requests"], 10);
}

#[test]
fn what_is_broken_in_a_file_is_told_in_a_line() {
    let folder = Folder::new("broken");
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 20].to_vec();
    let mut flipped = zst(&as_u64());
    let middle = flipped.len() / 2;
    flipped[middle..middle + 8].fill(0xA5);
    let files = [
        ("odd.u64", b"12345678abc".to_vec(), "byte 11"),
        ("odd.u64.zst", zst(b"12345678abc"), "byte 11"),
        ("nothing.u64", Vec::new(), "no request"),
        ("nothing.u64.zst", zst(b""), "no request"),
        ("nothing.txt", b"\n\n \n".to_vec(), "no request"),
        ("head.tsv", b"time_s\tkey\tsize\tttl\n".to_vec(), "no request"),
        ("garbage.u64.zst", b"garbage".to_vec(), "byte 0"),
        ("garbage.tsv.gz", b"garbage".to_vec(), "line 1"),
        ("cut.u64.zst", cut(zst(&as_u64())), "byte"),
        ("cut.u64.gz", cut(gz(&as_u64())), "byte"),
        ("cut.tsv.gz", cut(gz(&as_tsv())), "line"),
        ("flipped.u64.zst", flipped, "byte"),
        ("key.tsv", b"time_s\tkey\tsize\tttl\n0\t5\t\t\n1\tfive\t\t\n".to_vec(), "line 3: the key 'five'"),
        ("blank.tsv", b"0\t5\t\t\n1\t\t\t\n".to_vec(), "line 2: the key ''"),
        ("big.tsv", b"0\t18446744073709551616\t\t\n".to_vec(), "line 1: the key '18446744073709551616'"),
        ("bytes.tsv", b"0\t\xFF\n".to_vec(), "line 1: the key '\\xff'"),
        ("narrow.tsv", b"0\t1\t\t\n5\n".to_vec(), "line 2"),
    ];
    let good = folder.file("good.txt", &as_text());
    for (name, content, part) in files {
        let file = folder.file(name, &content);
        // What is good is replayed all the same, on either side.
        let output = replay(&["--json", "--capacity", "5", &good, &file, &good]);
        assert_one_complaint(&output, &[name, part]);
        assert_eq!(stdout(&output).lines().count(), 2, "{name}");
    }
}

#[test]
fn a_line_without_the_column_is_told_by_its_number() {
    for input in [&b"a b\nc\n"[..], b"a b\nc \n", b"a\tb\nc\t\n"] {
        assert_one_complaint(
            &replay_stdin(&["--column", "2", "-"], input),
            &["standard input: line 2", "column 2"],
        );
    }
}

#[test]
fn a_file_that_is_not_there_is_told_by_its_name() {
    let folder = Folder::new("absent");
    let absent = folder.path("absent.u64");
    assert_one_complaint(&replay(&[&absent]), &[&absent]);
    // A folder is there, but nothing can be read from it.
    let itself = folder.path(".");
    assert_one_complaint(&replay(&[&itself]), &[&itself]);
}

#[test]
fn options_that_make_no_sense_are_told_in_a_line() {
    let wrong: [(&[&str], &str); 24] = [
        (&["--capacity", "0"], "--capacity"),
        (&["--capacity", "5,x"], "--capacity"),
        (&["--capacity", "-1"], "-1"),
        (&["--fraction", "0"], "--fraction"),
        (&["--fraction", "lots"], "--fraction"),
        (&["--fraction", "0.1,1.5"], "--fraction"),
        (&["--fraction", "nan"], "--fraction"),
        (&["--fraction", "0.1", "--capacity", "1"], "--capacity"),
        (&["--cache", "best"], "possible values: lru, timed, concurrent, all"),
        (&["--threads", "0", "--cache", "concurrent"], "--threads"),
        (&["--threads", "1025", "--cache", "concurrent"], "--threads"),
        (&["--threads", "2"], "--threads 2: the cache 'lru' is for one thread"),
        (&["--threads", "2", "--cache", "all"], "--threads 2: the cache 'lru' is for one thread"),
        (&["--threads", "2", "--cache", "timed"], "--threads 2: the cache 'timed' is for one thread"),
        (&["--ttl", "60"], "--ttl: entries of the cache 'lru' do not end"),
        (&["--ttl", "-1", "--cache", "concurrent"], "-1"),
        (&["--ttl", "soon", "--cache", "concurrent"], "--ttl"),
        (&["--ttl", "18446744074", "--cache", "concurrent"], "--ttl"),
        (&["--ttl", "5", "--cache", "concurrent"], "built-in: --ttl: the requests have no time"),
        (&["--column", "0", "-"], "--column"),
        (&["--limit", "0"], "--limit"),
        (&["--buffer-size", "99999999999"], "--buffer-size"),
        (&["--seed", "1", "file"], "--seed"),
        (&["--jsn"], "--json"),
    ];
    for (arguments, part) in wrong {
        let output = replay(arguments);
        assert_one_complaint(&output, &[part]);
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
}

#[test]
fn a_capacity_that_cannot_be_had_leaves_the_others() {
    let output = replay(&["--json", "--requests", "1000", "--capacity", "5,18446744073709551615,6"]);
    assert_one_complaint(&output, &["built-in", "18446744073709551615"]);
    assert_eq!(stdout(&output).lines().count(), 2);
}
