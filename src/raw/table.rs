//! A hash table of node numbers, a cache line at a time.
//!
//! A chunk is a line: 12 lanes, each with a tag of 8 bits of the hash and the number of a node; a bit for each lane that is
//! taken; and a count of the entries that wanted into this chunk and went on because it was full. A look-up compares
//! all tags of its home chunk at once, looks at the nodes whose tag matches (one in 256 of the others does), and goes on
//! to the next chunk only if the count is not zero. A removal clears its lane and takes itself out of the counts on its
//! way: so there are no tombstones, and no rehash that a caller would have to wait for. The counts instead of tombstones,
//! and numbers in the line of the tags, are those of F14 (N. Bronson and X. Shi, *Open-sourcing F14*, 2019).
//!
//! Invariants:
//!
//! - **LANE**: a lane whose bit is set has the number of a node.
//! - **PATH**: an entry is in the first chunk from its home on that had a free lane when it came, and every chunk before that
//!   counts it. So a look-up that goes on while the count is not zero meets it. (A count that has reached its end stays there:
//!   look-ups go on in vain then, and still meet it.)
//! - **ROOM**: there are at least 12 lanes for every 8 nodes, and one chunk more, so there is always a free lane.

use super::lanes;
use super::memory::At;

/// Lanes of a chunk.
const LANES: usize = 12;
/// The lanes in a mask of matches.
const ALL: u16 = (1 << LANES) - 1;

/// Nodes for each chunk: two thirds full, 1 % of the entries are not in their home chunk.
pub(super) const NODES: usize = 8;

/// 12 places. All zero is empty.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Chunk {
    /// 12 tags; two bytes with a bit for each lane that is taken; two with the count of those that went on.
    head: [u8; 16],
    nodes: [Option<At>; LANES],
}

/// Where an entry is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    chunk: usize,
    lane: usize,
    pub(super) at: At,
}

impl Chunk {
    pub(super) const EMPTY: Self = Self { head: [0; 16], nodes: [None; LANES] };

    /// The taken lanes, and the count of those that went on.
    #[inline]
    fn status(&self) -> (u16, u16) {
        let [.., a, b, c, d] = self.head;
        (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]))
    }

    fn set_status(&mut self, taken: u16, went_on: u16) {
        let ([a, b], [c, d]) = (taken.to_le_bytes(), went_on.to_le_bytes());
        [self.head[12], self.head[13], self.head[14], self.head[15]] = [a, b, c, d];
    }

    /// The taken lanes with this tag.
    #[inline]
    fn matches(&self, tag: u8) -> u16 {
        lanes::matches(&self.head, tag) & self.status().0
    }

    /// The number in a lane that is taken.
    #[inline]
    fn node(&self, lane: usize) -> At {
        debug_assert!(self.status().0 >> lane & 1 == 1);
        // SAFETY: only 12 bits for lanes are ever set.
        let node = unsafe { *self.nodes.get_unchecked(lane) };
        // SAFETY: LANE.
        unsafe { node.unwrap_unchecked() }
    }

    fn put(&mut self, lane: usize, tag: u8, at: At) {
        let (taken, went_on) = self.status();
        self.set_status(taken | 1 << lane, went_on);
        self.head[lane] = tag;
        self.nodes[lane] = Some(at);
    }

    fn clear(&mut self, lane: usize) {
        let (taken, went_on) = self.status();
        self.set_status(taken & !(1 << lane), went_on);
        self.nodes[lane] = None;
    }

    fn count_up(&mut self) {
        let (taken, went_on) = self.status();
        self.set_status(taken, went_on.saturating_add(1));
    }

    fn count_down(&mut self) {
        let (taken, went_on) = self.status();
        if went_on != u16::MAX {
            self.set_status(taken, went_on - 1);
        }
    }
}

/// The tag of a hash: its lower bits, since the home is made of the upper ones.
#[inline]
fn tag(hash: u32) -> u8 {
    let [low, ..] = hash.to_le_bytes();
    low
}

/// The chunk where the search for a hash begins: the hash scaled down to the number of chunks, which is as good as a
/// remainder, and needs no division and no power of two.
#[inline]
fn home(chunks: &[Chunk], hash: u32) -> usize {
    // Small tables, which are the rule where registers have 32 bits, do with one multiplication of those.
    if usize::BITS < 64 && chunks.len() <= 0x1_0000 {
        ((hash >> 16) as usize).wrapping_mul(chunks.len()) >> 16
    } else {
        ((u64::from(hash) * chunks.len() as u64) >> 32) as usize
    }
}

/// The next chunk, round the end.
#[inline]
fn after(chunks: &[Chunk], chunk: usize) -> usize {
    if chunk + 1 == chunks.len() { 0 } else { chunk + 1 }
}

/// The entry with this hash whose node `is` it.
#[inline]
pub(super) fn find(chunks: &[Chunk], hash: u32, mut is: impl FnMut(At) -> bool) -> Option<Place> {
    let tag = tag(hash);
    let mut chunk = home(chunks, hash);
    loop {
        let here = chunks.get(chunk)?;
        let mut matches = here.matches(tag);
        while matches != 0 {
            let lane = matches.trailing_zeros() as usize;
            let at = here.node(lane);
            if is(at) {
                return Some(Place { chunk, lane, at });
            }
            matches &= matches - 1;
        }
        if here.status().1 == 0 {
            return None;
        }
        chunk = after(chunks, chunk);
    }
}

/// Puts a node's number into the first free lane.
#[inline]
pub(super) fn insert(chunks: &mut [Chunk], hash: u32, at: At) {
    let mut chunk = home(chunks, hash);
    // By ROOM this ends.
    loop {
        let next = after(chunks, chunk);
        let here = &mut chunks[chunk];
        let free = !here.status().0 & ALL;
        if free != 0 {
            here.put(free.trailing_zeros() as usize, tag(hash), at);
            return;
        }
        here.count_up();
        chunk = next;
    }
}

/// Empties a place, which `find` gave for this hash.
#[inline]
pub(super) fn remove(chunks: &mut [Chunk], hash: u32, place: Place) {
    let mut chunk = home(chunks, hash);
    while chunk != place.chunk {
        chunks[chunk].count_down();
        chunk = after(chunks, chunk);
    }
    chunks[place.chunk].clear(place.lane);
}

/// How many entries there are.
///
/// # Panics
///
/// If LANE does not hold.
pub(super) fn validate(chunks: &[Chunk]) -> usize {
    let entries = |chunk: &Chunk| {
        let with_node =
            (0..LANES).filter(|&lane| chunk.nodes[lane].is_some()).fold(0, |mask, lane| mask | 1 << lane);
        assert_eq!(chunk.status().0, with_node, "the lanes that are taken are not those with a node");
        with_node.count_ones() as usize
    };
    chunks.iter().map(entries).sum()
}

/// How many of the entries went on from their home, or from another chunk: the sum of the counts.
///
/// None if one of them has reached its end and counts no more.
pub(super) fn all_went_on(chunks: &[Chunk]) -> Option<u64> {
    let counts = chunks.iter().map(|chunk| chunk.status().1);
    counts.map(|count| (count != u16::MAX).then_some(u64::from(count))).sum()
}

/// How many chunks an entry went on from.
pub(super) fn distance(chunks: &[Chunk], hash: u32, place: Place) -> usize {
    let home = home(chunks, hash);
    if place.chunk >= home { place.chunk - home } else { place.chunk + chunks.len() - home }
}
