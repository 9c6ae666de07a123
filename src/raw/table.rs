//! A hash table whose lanes lead to nodes, sixteen bytes at a time.
//!
//! A chunk is 12 lanes. Its head, which a look-up reads at once, has a tag of 8 bits of the hash for each of them, a bit
//! for each that is taken, a bit for each whose entry is a guest (its home is another chunk), and a count of the entries
//! that wanted into this chunk and went on because it was full. A look-up compares all tags of the chunk that is its home, looks at the nodes whose tag matches (one in 256 of the others
//! does), and goes on to the next chunk only if the count is not zero. A removal clears its lane and takes itself out of the
//! counts on its way: so there are no tombstones, and no rehash that a caller would have to wait for. The counts instead of
//! tombstones are those of F14 (N. Bronson and X. Shi, *Open-sourcing F14*, 2019).
//!
//! Which node a lane leads to is for the [`Arrays`] to say: on the heap every lane has a node of its own, so that a look-up
//! goes from the head straight to the entry; inline, where every byte counts, lanes have the numbers of fewer nodes.
//!
//! Invariants:
//!
//! - **LANE**: a lane whose bit is set leads to a node.
//! - **PATH**: an entry is in the first chunk from its home on that had a free lane when it came, and every chunk before that
//!   counts it. So a look-up that goes on while the count is not zero meets it. (A count that has reached its end stays there:
//!   look-ups go on in vain then, and still meet it.)
//! - **ROOM**: there are at least 12 lanes for every 10 entries, and one chunk more, so there is always a free lane.

use super::lanes;
use super::memory::{Arrays, At};

/// Lanes of a chunk.
pub(super) const LANES: usize = 12;
/// All lanes of a chunk.
const ALL: u32 = (1 << LANES) - 1;

/// The head of a chunk. All zero is empty.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Head {
    tags: [u8; LANES],
    status: Status,
}

/// 12 bits for the lanes that are taken, 12 for those with a guest, 8 for the count of those that went on.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Status(u32);

impl Status {
    /// Where the bits of the guests begin, and where the count does.
    const GUEST: u32 = 12;
    const COUNT: u32 = 24;
    /// A count that stays where it is.
    const END: u32 = u32::MAX >> Self::COUNT;

    #[inline]
    const fn taken(self) -> u32 {
        self.0 & ALL
    }

    #[inline]
    const fn has_guest(self, lane: usize) -> bool {
        self.0 >> Self::GUEST >> lane & 1 == 1
    }

    #[inline]
    const fn went_on(self) -> u32 {
        self.0 >> Self::COUNT
    }

    #[inline]
    const fn with(self, lane: usize, guest: bool) -> Self {
        Self(self.0 | (1 | (guest as u32) << Self::GUEST) << lane)
    }

    #[inline]
    const fn without(self, lane: usize) -> Self {
        Self(self.0 & !((1 | 1 << Self::GUEST) << lane))
    }

    const fn one_more(self) -> Self {
        if self.went_on() == Self::END { self } else { Self(self.0 + (1 << Self::COUNT)) }
    }

    const fn one_less(self) -> Self {
        if self.went_on() == Self::END { self } else { Self(self.0 - (1 << Self::COUNT)) }
    }
}

/// A lane of the whole table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Lane {
    pub(super) chunk: usize,
    pub(super) lane: usize,
}

/// Where an entry is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) lane: Lane,
    pub(super) at: At,
}

impl Head {
    pub(super) const EMPTY: Self = Self { tags: [0; LANES], status: Status(0) };

    /// The taken lanes with this tag.
    #[inline]
    fn matches(&self, tag: u8) -> u32 {
        let bytes = (&raw const *self).cast::<[u8; 16]>();
        // SAFETY: a head is sixteen bytes without a gap.
        let bytes = unsafe { &*bytes };
        u32::from(lanes::matches(bytes, tag)) & self.status.taken()
    }
}

/// The tag of a hash: its lower bits, since the home is made of the upper ones.
#[inline]
const fn tag(hash: u32) -> u8 {
    let [low, ..] = hash.to_le_bytes();
    low
}

/// The home of a hash in a table of any number of chunks: the hash scaled down to that number, which is as good as a
/// remainder and needs no division.
#[inline]
pub(super) fn scaled_home(chunks: usize, hash: u32) -> usize {
    // Small tables, which are the rule where registers have 32 bits, do with one multiplication of those.
    if usize::BITS < 64 && chunks <= 0x1_0000 {
        ((hash >> 16) as usize).wrapping_mul(chunks) >> 16
    } else {
        ((u64::from(hash) * chunks as u64) >> 32) as usize
    }
}

/// The next chunk, round the end.
#[inline]
fn after(chunks: usize, chunk: usize) -> usize {
    if chunk + 1 == chunks { 0 } else { chunk + 1 }
}

/// The entry with this hash whose node `is` it.
#[inline]
pub(super) fn find<K, V>(
    arrays: &impl Arrays<K, V>,
    hash: u32,
    mut is: impl FnMut(At) -> bool,
) -> Option<Place> {
    let chunk = arrays.home(hash);
    debug_assert!(chunk < arrays.heads().len());
    // SAFETY: there is a chunk at least, so every way to find a home stays below their number.
    let head = unsafe { arrays.heads().get_unchecked(chunk) };
    let matches = head.matches(tag(hash));
    if matches != 0 {
        let lane = Lane { chunk, lane: matches.trailing_zeros() as usize };
        // SAFETY: the lane is taken.
        let at = unsafe { arrays.node_of(lane) };
        if is(at) {
            return Some(Place { lane, at });
        }
    }
    if matches & matches.wrapping_sub(1) == 0 && head.status.went_on() == 0 {
        return None;
    }
    find_on(arrays, hash, chunk, is)
}

/// The rest of a look-up whose tag several lanes have, or whose home was full: from this chunk on.
#[cold]
#[inline(never)]
fn find_on<K, V>(
    arrays: &impl Arrays<K, V>,
    hash: u32,
    mut chunk: usize,
    mut is: impl FnMut(At) -> bool,
) -> Option<Place> {
    let chunks = arrays.heads().len();
    // Once round at most: counts that have reached their end would lead on for ever.
    for _ in 0..chunks {
        let head = &arrays.heads()[chunk];
        let mut matches = head.matches(tag(hash));
        while matches != 0 {
            let lane = Lane { chunk, lane: matches.trailing_zeros() as usize };
            // SAFETY: the lane is taken.
            let at = unsafe { arrays.node_of(lane) };
            if is(at) {
                return Some(Place { lane, at });
            }
            matches &= matches - 1;
        }
        if head.status.went_on() == 0 {
            break;
        }
        chunk = after(chunks, chunk);
    }
    None
}

/// Takes the first free lane for an entry with this hash.
#[inline]
pub(super) fn insert<K, V>(arrays: &mut impl Arrays<K, V>, hash: u32) -> Lane {
    let home = arrays.home(hash);
    let heads = arrays.heads_mut();
    let chunks = heads.len();
    let mut chunk = home;
    // By ROOM this ends.
    loop {
        let head = &mut heads[chunk];
        let free = !head.status.taken() & ALL;
        if free != 0 {
            let lane = free.trailing_zeros() as usize;
            head.tags[lane] = tag(hash);
            head.status = head.status.with(lane, chunk != home);
            return Lane { chunk, lane };
        }
        head.status = head.status.one_more();
        chunk = after(chunks, chunk);
    }
}

/// Frees the lane of an entry. Its hash is only asked for if it was a guest there.
#[inline]
pub(super) fn remove<K, V>(arrays: &mut impl Arrays<K, V>, Place { lane, at }: Place) {
    if arrays.heads()[lane.chunk].status.has_guest(lane.lane) {
        leave(arrays, Place { lane, at });
    }
    let head = &mut arrays.heads_mut()[lane.chunk];
    head.status = head.status.without(lane.lane);
}

/// Takes a guest out of the counts on its way.
#[cold]
fn leave<K, V>(arrays: &mut impl Arrays<K, V>, Place { lane, at }: Place) {
    let hash = arrays.hashes()[at.index()];
    let mut chunk = arrays.home(hash);
    let heads = arrays.heads_mut();
    let chunks = heads.len();
    while chunk != lane.chunk {
        heads[chunk].status = heads[chunk].status.one_less();
        chunk = after(chunks, chunk);
    }
}

/// How many entries there are.
pub(super) fn entries(heads: &[Head]) -> usize {
    heads.iter().map(|head| head.status.taken().count_ones() as usize).sum()
}

/// How many of the entries went on from their home, or from another chunk: the sum of the counts. None if one of them has
/// reached its end and counts no more.
pub(super) fn all_went_on(heads: &[Head]) -> Option<u64> {
    let counts = heads.iter().map(|head| head.status.went_on());
    counts.map(|count| (count != Status::END).then_some(u64::from(count))).sum()
}

/// How many chunks an entry went on from.
///
/// # Panics
///
/// If it is a guest where it should be at home, or the other way round.
pub(super) fn distance<K, V>(arrays: &impl Arrays<K, V>, hash: u32, lane: Lane) -> usize {
    let (home, heads) = (arrays.home(hash), arrays.heads());
    assert_eq!(heads[lane.chunk].status.has_guest(lane.lane), lane.chunk != home, "a guest who is none");
    if lane.chunk >= home { lane.chunk - home } else { lane.chunk + heads.len() - home }
}
