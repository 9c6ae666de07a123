//! Opens files, and decompresses them while they are read.

use super::Format;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// A stream of bytes that are not compressed any more.
pub(crate) type Bytes = Box<dyn BufRead>;

/// What a file's name tells: `arc.u64.zst` is the stem `arc`, keys of 64 bits, zstd.
pub(crate) struct Names {
    pub(crate) stem: String,
    pub(crate) format: Format,
    compression: Compression,
}

#[derive(Clone, Copy)]
enum Compression {
    None,
    Zstd,
    Gzip,
}

impl Names {
    pub(crate) fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let (name, compression) = ending(&name, &[(".zst", Compression::Zstd), (".gz", Compression::Gzip)])
            .unwrap_or((&name, Compression::None));
        let (stem, format) =
            ending(name, &[(".u64", Format::U64), (".tsv", Format::Tsv)]).unwrap_or((name, Format::Text));
        Self { stem: stem.to_owned(), format, compression }
    }
}

/// The name without the first of the endings that it has, and what that ending means.
fn ending<'a, T: Copy>(name: &'a str, meanings: &[(&str, T)]) -> Option<(&'a str, T)> {
    meanings.iter().find_map(|&(ending, meaning)| Some((name.strip_suffix(ending)?, meaning)))
}

pub(crate) fn stdin() -> Bytes {
    Box::new(io::stdin().lock())
}

pub(crate) fn file(path: &Path) -> io::Result<Bytes> {
    let file = BufReader::new(File::open(path)?);
    Ok(match Names::of(path).compression {
        Compression::None => Box::new(file),
        Compression::Zstd => Box::new(BufReader::new(zstd::Decoder::with_buffer(file)?)),
        // There may be several members: that is how gzip files are put together.
        Compression::Gzip => Box::new(BufReader::new(MultiGzDecoder::new(file))),
    })
}
