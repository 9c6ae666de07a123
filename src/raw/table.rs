//! A hash table whose lanes lead to nodes, up to fifteen of them at a time.
//!
//! A chunk has a head of sixteen bytes, which a look-up compares all at once. The first byte counts the entries that wanted into
//! this chunk and went on because it was full; each of the others is a lane: a tag if it is taken, made of 8 bits of the hash,
//! else 0. A look-up compares all tags of the chunk that is its home, looks at the nodes whose tag matches (one in 255 of the
//! others does), and goes on to the next chunk only if the count is not zero. A removal clears its lane and takes itself out of
//! the counts on its way: so there are no tombstones, and no rehash that a caller would have to wait for. The counts instead of
//! tombstones are those of F14 (N. Bronson and X. Shi, *Open-sourcing F14*, 2019).
//!
//! Which node a lane leads to is for the [`Arrays`] to say: on the heap every lane has a node of its own, so that a look-up
//! goes from the head straight to the entry; inline, where every byte counts, lanes have the numbers of fewer nodes.
//!
//! Invariants:
//!
//! - **LANE**: a lane whose tag is not 0 leads to a node.
//! - **HOME**: every hash has its home among the chunks, of which there is one at least.
//! - **PATH**: an entry is in the first chunk from its home on that had a free lane when it came, and every chunk before that
//!   counts it. So a look-up that goes on while the count is not zero meets it. (A count that has reached its end stays there:
//!   look-ups go on in vain then, and still meet it.)
//! - **ROOM**: there are more lanes than entries, so there is always a free lane.

use super::lanes;
use super::memory::{Arrays, At};

/// Bytes of a head: as many as are compared at once.
pub(super) const BYTES: u32 = 16;

/// The head of a chunk. All zero is empty.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Head([u8; BYTES as usize]);

/// A chunk, by the number that its first byte has among those of all heads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Chunk(usize);

/// A lane of the whole table, by the number that its byte has among those of all heads. It is never the first of its chunk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Lane(u32);

/// Where an entry is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) lane: Lane,
    pub(super) at: At,
}

impl Chunk {
    /// The chunk whose first byte has this number.
    #[inline]
    pub(super) const fn of_number(number: u32) -> Self {
        Self(number as usize)
    }

    #[inline]
    const fn index(self) -> usize {
        self.0 / size_of::<Head>()
    }

    /// The next chunk, round the end.
    #[inline]
    pub(super) fn after(self, heads: &[Head]) -> Self {
        let next = self.0 + size_of::<Head>();
        if next == size_of_val(heads) { Self(0) } else { Self(next) }
    }

    /// The same where the chunks are a power of two, of which the last has this number.
    #[inline]
    #[allow(dead_code, reason = "only arrays on the heap ask")]
    pub(super) const fn after_by_mask(self, mask: u32) -> Self {
        Self((self.0 + size_of::<Head>()) & mask as usize)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "there are fewer than 2^32 lanes")]
    const fn lane(self, byte: u32) -> Lane {
        Lane::of_number(self.0 as u32 + byte)
    }
}

impl Lane {
    #[inline]
    pub(super) const fn number(self) -> u32 {
        self.0
    }

    #[inline]
    pub(super) const fn of_number(number: u32) -> Self {
        Self(number)
    }

    #[inline]
    pub(super) const fn chunk(self) -> Chunk {
        Chunk::of_number(self.number() - self.number() % BYTES)
    }

    /// The index of its chunk.
    #[inline]
    pub(super) const fn chunk_index(self) -> usize {
        (self.number() / BYTES) as usize
    }

    /// The index of its byte in the head.
    #[inline]
    pub(super) const fn byte(self) -> usize {
        (self.number() % BYTES) as usize
    }
}

impl Head {
    pub(super) const EMPTY: Self = Self([0; BYTES as usize]);
    /// A count that stays where it is.
    const END: u8 = u8::MAX;

    /// The bytes that are the tag of this hash. The first, which is no tag, may be among them.
    #[inline]
    fn matches(&self, hash: u32) -> u32 {
        lanes::matches_from_one(&self.0, tag_bits(hash))
    }

    /// The bytes that are 0. The first, which is no lane, may be among them.
    #[inline]
    fn free(&self) -> u32 {
        lanes::matches(&self.0, 0)
    }

    /// How many went on from here.
    #[inline]
    const fn went_on(&self) -> u8 {
        self.0[0]
    }

    /// Whether any went on from here.
    #[inline]
    fn any_went_on(&self) -> bool {
        let count = &raw const self.0[0];
        // Volatile, so that it is read only when it is asked for, and from where it is. Else it is taken out of the register in
        // which the head was compared, by way of memory, and in every look-up.
        // SAFETY: it is a byte of this head.
        unsafe { count.read_volatile() != 0 }
    }

    const fn count_one_more(&mut self) {
        if self.went_on() != Self::END {
            self.0[0] += 1;
        }
    }

    const fn count_one_less(&mut self) {
        if self.went_on() != Self::END {
            self.0[0] -= 1;
        }
    }
}

/// The bits of a hash that a tag is made of: the uppermost, since the home is made of lower ones.
#[inline]
const fn tag_bits(hash: u32) -> u8 {
    let [.., high] = hash.to_le_bytes();
    high
}

/// The tag of a hash, which is not 0.
#[inline]
fn tag(hash: u32) -> u8 {
    tag_bits(hash).max(1)
}

/// The home of a hash in a table of any number of chunks: the hash, turned, scaled down to that number, which is as good as a
/// remainder and needs no division.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "there are fewer than 2^32 lanes")]
pub(super) fn scaled_home(heads: &[Head], hash: u32) -> Chunk {
    let chunks = heads.len() as u32;
    // The uppermost of its bits become eighteen that are none of the tag's.
    let hash = hash.rotate_left(14);
    // Small tables, which are the rule where registers have 32 bits, do with one multiplication of those.
    let index = if usize::BITS < 64 && chunks <= 0x1_0000 {
        (hash >> 16).wrapping_mul(chunks) >> 16
    } else {
        ((u64::from(hash) * u64::from(chunks)) >> 32) as u32
    };
    Chunk::of_number(index * BYTES)
}

#[inline]
fn head(heads: &[Head], chunk: Chunk) -> &Head {
    debug_assert!(chunk.index() < heads.len());
    // SAFETY: HOME, and those of lanes and those `after` one of them are chunks of the table as well.
    let head = unsafe { heads.as_ptr().byte_add(chunk.0) };
    // SAFETY: it is one of the heads.
    unsafe { &*head }
}

#[inline]
fn head_mut(heads: &mut [Head], chunk: Chunk) -> &mut Head {
    debug_assert!(chunk.index() < heads.len());
    // SAFETY: as in `head`.
    let head = unsafe { heads.as_mut_ptr().byte_add(chunk.0) };
    // SAFETY: as in `head`.
    unsafe { &mut *head }
}

#[inline]
fn byte_mut(heads: &mut [Head], lane: Lane) -> &mut u8 {
    debug_assert!(lane.chunk_index() < heads.len());
    let bytes = heads.as_mut_ptr().cast::<u8>();
    // SAFETY: a lane is one of a chunk of the table, and has the number of its byte among those of all heads.
    let byte = unsafe { bytes.add(lane.number() as usize) };
    // SAFETY: it is a byte of the heads.
    unsafe { &mut *byte }
}

/// The entry with this hash whose node `is` it.
///
/// All in one loop without a call: a call, even one that is hardly ever made, has the registers of a loop round the look-up
/// spilled.
#[inline]
pub(super) fn find<K, V, X, A: Arrays<K, V, X>>(
    arrays: &A,
    hash: u32,
    mut is: impl FnMut(At) -> bool,
) -> Option<Place> {
    let home = arrays.home(hash);
    let mut chunk = home;
    loop {
        let head = head(arrays.heads(), chunk);
        let mut matches = head.matches(hash) & A::LANES;
        while matches != 0 {
            let lane = chunk.lane(matches.trailing_zeros());
            // SAFETY: LANE: no tag is 0.
            let at = unsafe { arrays.node_of(lane) };
            if is(at) {
                return Some(Place { lane, at });
            }
            matches &= matches - 1;
        }
        if !head.any_went_on() {
            return None;
        }
        chunk = arrays.after(chunk);
        // Once round at most: counts that have reached their end would lead on for ever.
        if chunk == home {
            return None;
        }
    }
}

/// The first lane at home that may have an entry with this hash.
#[inline]
#[allow(dead_code, reason = "only arrays on the heap ask")]
pub(super) fn likely<K, V, X, A: Arrays<K, V, X>>(arrays: &A, hash: u32) -> Option<Lane> {
    let home = arrays.home(hash);
    let matches = head(arrays.heads(), home).matches(hash) & A::LANES;
    (matches != 0).then(|| home.lane(matches.trailing_zeros()))
}

/// Takes the first free lane for an entry with this hash.
#[inline]
pub(super) fn insert<K, V, X, A: Arrays<K, V, X>>(arrays: &mut A, hash: u32) -> Lane {
    let mut chunk = arrays.home(hash);
    let heads = arrays.heads_mut();
    // By ROOM this ends.
    loop {
        let head = head_mut(heads, chunk);
        let free = head.free() & A::LANES;
        if free != 0 {
            let lane = chunk.lane(free.trailing_zeros());
            occupy(heads, lane, hash);
            return lane;
        }
        head.count_one_more();
        chunk = chunk.after(heads);
    }
}

/// A free lane at home for an entry with this hash.
#[inline]
pub(super) fn free_at_home<K, V, X, A: Arrays<K, V, X>>(arrays: &A, hash: u32) -> Option<Lane> {
    let home = arrays.home(hash);
    let free = head(arrays.heads(), home).free() & A::LANES;
    (free != 0).then(|| home.lane(free.trailing_zeros()))
}

/// Makes a free lane that of an entry with this hash.
#[inline]
pub(super) fn occupy(heads: &mut [Head], lane: Lane, hash: u32) {
    *byte_mut(heads, lane) = tag(hash);
}

/// Frees the lane of an entry with this hash.
#[inline]
pub(super) fn remove<K, V, X>(arrays: &mut impl Arrays<K, V, X>, hash: u32, lane: Lane) {
    if !is_home(arrays, hash, lane) {
        leave(arrays, hash, lane);
    }
    free(arrays.heads_mut(), lane);
}

/// Frees the lane of an entry that is at home.
#[inline]
pub(super) fn free(heads: &mut [Head], lane: Lane) {
    *byte_mut(heads, lane) = 0;
}

/// Whether the lane is one at home for this hash.
#[inline]
pub(super) fn is_home<K, V, X>(arrays: &impl Arrays<K, V, X>, hash: u32, lane: Lane) -> bool {
    arrays.home(hash) == lane.chunk()
}

/// Takes an entry that is not at home out of the counts on its way.
#[cold]
fn leave<K, V, X>(arrays: &mut impl Arrays<K, V, X>, hash: u32, lane: Lane) {
    let mut chunk = arrays.home(hash);
    let heads = arrays.heads_mut();
    while chunk != lane.chunk() {
        head_mut(heads, chunk).count_one_less();
        chunk = chunk.after(heads);
    }
}

/// Whether there is such a lane, and it is taken.
#[inline]
pub(super) fn is_taken(heads: &[Head], lane: Lane) -> bool {
    lane.byte() != 0 && heads.get(lane.chunk_index()).is_some_and(|head| head.0[lane.byte()] != 0)
}

/// How many entries there are.
pub(super) fn entries(heads: &[Head]) -> usize {
    let taken = |head: &Head| head.0[1..].iter().filter(|&&tag| tag != 0).count();
    heads.iter().map(taken).sum()
}

/// How many of the entries went on from their home, or from another chunk: the sum of the counts. None if one of them has
/// reached its end and counts no more.
pub(super) fn all_went_on(heads: &[Head]) -> Option<u64> {
    let counts = heads.iter().map(Head::went_on);
    counts.map(|count| (count != Head::END).then_some(u64::from(count))).sum()
}

/// How many chunks an entry went on from.
pub(super) fn distance<K, V, X>(arrays: &impl Arrays<K, V, X>, hash: u32, lane: Lane) -> usize {
    let home = arrays.home(hash).index();
    let chunk = lane.chunk_index();
    if chunk >= home { chunk - home } else { chunk + arrays.heads().len() - home }
}
