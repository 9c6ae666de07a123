//! Files to replay.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A folder of a test's own. It goes when the test is over.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let name = format!("replay-{test}-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("the target folder is writable");
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("the target folder's name is text").to_owned()
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, content).expect("the target folder is writable");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn zst(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 0).expect("memory can be written")
}

pub(crate) fn gz(content: &[u8]) -> Vec<u8> {
    let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    file.write_all(content).expect("memory can be written");
    file.finish().expect("memory can be written")
}

/// Some keys, many of them twice.
pub(crate) fn keys() -> impl Iterator<Item = u64> {
    (0..2000_u64).map(|at| (at * at + at / 7) % 401)
}

pub(crate) fn as_u64() -> Vec<u8> {
    keys().flat_map(u64::to_le_bytes).collect()
}

pub(crate) fn as_text() -> Vec<u8> {
    keys().flat_map(|key| format!("{key}\n").into_bytes()).collect()
}

pub(crate) fn as_tsv() -> Vec<u8> {
    let rows = keys().flat_map(|key| format!("0.5\t{key}\t\t60\n").into_bytes());
    b"time_s\tkey\tsize\tttl\n".iter().copied().chain(rows).collect()
}
