//! The recorded streams, and what their own page promises of them.

use std::fs;
use std::path::{Path, PathBuf};

/// What the streams' own page says about one of them.
pub(crate) struct Promised {
    pub(crate) name: String,
    pub(crate) requests: usize,
    pub(crate) distinct: usize,
    /// The exact LRU's hit ratio at 1 % and at 10 % of the distinct keys.
    pub(crate) ratios: [f64; 2],
}

pub(crate) fn traces() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/traces")
}

/// The page about the streams, or a word that it is not there.
pub(crate) fn page(test: &str) -> Option<String> {
    let path = traces().join("README.md");
    let page = fs::read_to_string(&path).ok();
    if page.is_none() {
        println!("{test} is skipped: {} is not there", path.display());
    }
    page
}

fn number(cell: &str) -> usize {
    cell.replace(',', "").parse().expect(cell)
}

fn ratio(cell: &str) -> f64 {
    cell.trim().parse().expect(cell)
}

/// The rows of the page's table.
pub(crate) fn promised(page: &str) -> Vec<Promised> {
    let cells = |line: &str| -> Vec<String> { line.split('|').map(|cell| cell.trim().to_owned()).collect() };
    let mut rows = page.lines().filter(|line| line.starts_with('|')).map(cells);
    let head = rows.next().expect("the page has a table");
    let column = |name: &str| head.iter().position(|cell| cell == name).expect(name);
    let [name, requests, distinct, lru] = ["name", "requests", "distinct", "LRU 1 % / 10 %"].map(column);
    let row = |cells: Vec<String>| Promised {
        name: cells[name].clone(),
        requests: number(&cells[requests]),
        distinct: number(&cells[distinct]),
        ratios: cells[lru].split_once('/').map(|(one, ten)| [ratio(one), ratio(ten)]).expect("two ratios"),
    };
    rows.skip(1).map(row).collect()
}

/// What the page says beside the table: `arc_oltp`: capacity 1000 .3283, 2000 .4247, and so on.
pub(crate) fn promised_for_arc(page: &str) -> Vec<(usize, f64)> {
    let words =
        page.split_once("figures for `arc_oltp`: capacity ").expect("the page has more on arc_oltp").1;
    let words = words.split_once(".\n").expect("a sentence").0;
    let pair =
        |words: &str| words.trim().split_once(' ').map(|(capacity, hits)| (number(capacity), ratio(hits)));
    words.split(',').map(|words| pair(words).expect(words)).collect()
}

/// A file of the recorded streams, or a word that it is not there.
pub(crate) fn recorded(file: &str) -> Option<String> {
    let path = traces().join(file);
    if path.exists() {
        return Some(path.to_str().expect("text").to_owned());
    }
    println!("{file} is skipped: {} is not there", path.display());
    None
}

/// The keys of a stream, or a word that it is not there.
pub(crate) fn stream(name: &str) -> Option<Vec<u64>> {
    let path = traces().join(format!("{name}.u64.zst"));
    let Ok(file) = fs::File::open(&path) else {
        println!("{name} is skipped: {} is not there", path.display());
        return None;
    };
    let bytes = zstd::decode_all(file).expect(name);
    Some(bytes.chunks_exact(8).map(|key| u64::from_le_bytes(key.try_into().expect("8 bytes"))).collect())
}
