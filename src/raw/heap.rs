//! The arrays of a hash list on the heap.

use super::hash_list::HashList;
use super::lanes::prefetch;
use super::lined::Lined;
use super::memory::{Arrays, At, Beside, Links, MOST, Memory, Node, sealed};
use super::table::{self, BYTES, Chunk, Head, Lane};
use crate::error::CapacityError;

/// On the heap, with room for as many as were asked for when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Heap(());

impl Memory for Heap {
    type Of<K, V, X: Beside> = HeapArrays<K, V, X>;
}

/// Entries for each chunk at most: four fifths of its 15 lanes, 3 % of the entries are not in their home chunk.
const ENTRIES: usize = 12;

/// How many evictions ahead the next victims are fetched: more than the processor sees by itself, which is two or three, and
/// few enough that what was fetched is still there when it is needed.
const AHEAD: usize = 8;

/// Every byte of a head has its own node, with the same number, and the chunks are a power of two: a quarter of the nodes or
/// more, at most five in eight in all but small tables, stays empty, and a look-up goes from the hash to the head of a chunk and
/// straight to the entry. The node of the first byte, which is no lane, is unused, but for the very first: its links are those
/// of the end of the list.
#[doc(hidden)]
pub struct HeapArrays<K, V, X> {
    heads: Lined<Head>,
    nodes: Lined<Node<K, V>>,
    traces: Lined<Trace<X>>,
    capacity: usize,
    /// The number of the last chunk: a bit for each that numbers of chunks differ in.
    mask: u32,
    /// Nodes that were taken so far, round the end.
    turn: u32,
    /// The last nodes that were taken, by turn.
    recent: [At; AHEAD],
}

/// What is remembered of a node apart from it. (Zero bytes are a trace.)
struct Trace<X> {
    hash: u32,
    /// The node that was taken `AHEAD` turns after this one. If both are still where they were put then, it is evicted as much
    /// later. Nothing but speed depends on that.
    later: At,
    beside: X,
}

impl<K, V, X: Beside> HeapArrays<K, V, X> {
    fn try_new(capacity: usize) -> Result<Self, CapacityError> {
        if capacity > MOST {
            return Err(CapacityError::TooLarge { asked: capacity, most: MOST });
        }
        let chunks = (1 + capacity / ENTRIES).next_power_of_two();
        let bytes = chunks * BYTES as usize;
        // SAFETY: a head of zeroes is `Head::EMPTY`.
        let heads = unsafe { Lined::try_zeroed(chunks) };
        // SAFETY: a node's links may be zeroes, and its key and value anything.
        let nodes = unsafe { Lined::try_zeroed(bytes) };
        // SAFETY: zeroes are a trace: `Beside`.
        let traces = unsafe { Lined::try_zeroed(bytes) };
        let error = CapacityError::OutOfMemory { asked: capacity };
        let ((heads, nodes), traces) = heads.zip(nodes).zip(traces).ok_or(error)?;
        #[expect(clippy::cast_possible_truncation, reason = "for `MOST` entries there are 2^31 nodes")]
        let mask = bytes as u32 - BYTES;
        Ok(Self { heads, nodes, traces, capacity, mask, turn: 0, recent: [At::END; AHEAD] })
    }

    /// Notes that a node was taken.
    #[inline]
    fn trace(&mut self, at: At, hash: u32) {
        let recent = &mut self.recent[self.turn as usize % AHEAD];
        let earlier = core::mem::replace(recent, at);
        self.turn = self.turn.wrapping_add(1);
        self.trace_mut(at).hash = hash;
        self.trace_mut(earlier).later = at;
    }

    #[inline]
    fn trace_mut(&mut self, at: At) -> &mut Trace<X> {
        debug_assert!(at.place() < self.traces.len());
        // SAFETY: INSIDE: it was taken at some time, or it is the end, and there are as many traces as nodes.
        unsafe { self.traces.get_unchecked_mut(at.place()) }
    }
}

impl<K, V, X: Beside> Arrays<K, V, X> for HeapArrays<K, V, X> {
    /// All but the first.
    const LANES: u32 = (1 << BYTES) - 2;

    #[inline]
    fn capacity(&self) -> usize {
        self.capacity
    }

    fn bytes_elsewhere(&self) -> usize {
        self.heads.bytes() + self.nodes.bytes() + self.traces.bytes()
    }

    #[inline]
    fn home(&self, hash: u32) -> Chunk {
        // Its lower bits but for the lowest four: a mask is cheaper than a shift by a variable.
        Chunk::of_number(hash & self.mask)
    }

    #[inline]
    fn after(&self, chunk: Chunk) -> Chunk {
        // By what is at hand from `home`: the number of heads would have to be fetched by every look-up.
        chunk.after_by_mask(self.mask)
    }

    #[inline]
    fn heads(&self) -> &[Head] {
        &self.heads
    }

    #[inline]
    fn heads_mut(&mut self) -> &mut [Head] {
        &mut self.heads
    }

    #[inline]
    fn nodes(&self) -> &[Node<K, V>] {
        &self.nodes[1..]
    }

    #[inline]
    fn nodes_mut(&mut self) -> &mut [Node<K, V>] {
        &mut self.nodes[1..]
    }

    #[inline]
    unsafe fn links(&self, at: At) -> &Links {
        // SAFETY: as the caller says; those of the end are the first node's.
        &unsafe { self.node(at) }.links
    }

    #[inline]
    unsafe fn links_mut(&mut self, at: At) -> &mut Links {
        // SAFETY: as the caller says; those of the end are the first node's.
        &mut unsafe { self.node_mut(at) }.links
    }

    #[inline]
    unsafe fn node(&self, at: At) -> &Node<K, V> {
        debug_assert!(at.place() < self.nodes.len());
        // SAFETY: as the caller says.
        unsafe { self.nodes.get_unchecked(at.place()) }
    }

    #[inline]
    unsafe fn node_mut(&mut self, at: At) -> &mut Node<K, V> {
        debug_assert!(at.place() < self.nodes.len());
        // SAFETY: as the caller says.
        unsafe { self.nodes.get_unchecked_mut(at.place()) }
    }

    #[inline]
    unsafe fn hash(&self, at: At) -> u32 {
        debug_assert!(at.place() < self.traces.len());
        // SAFETY: as the caller says: there are as many traces as nodes.
        unsafe { self.traces.get_unchecked(at.place()) }.hash
    }

    #[inline]
    fn beside(&self, at: At) -> &X {
        &self.traces[at.place()].beside
    }

    #[inline]
    fn beside_mut(&mut self, at: At) -> &mut X {
        &mut self.traces[at.place()].beside
    }

    #[inline]
    unsafe fn node_of(&self, lane: Lane) -> At {
        At::of_number(lane.number())
    }

    #[inline]
    fn lane_of(&self, at: At) -> Option<Lane> {
        Some(Lane::of_number(at.number()))
    }

    #[inline]
    fn take_node(&mut self, lane: Lane, hash: u32) -> At {
        // SAFETY: the lane was taken just now.
        let at = unsafe { self.node_of(lane) };
        self.trace(at, hash);
        at
    }

    #[inline]
    fn give_node(&mut self, _: Lane, _: At) {}

    fn give_all(&mut self) {
        if size_of::<X>() > 0 {
            self.traces.iter_mut().for_each(|trace| trace.beside = X::NONE);
        }
    }

    #[inline]
    fn foresee_look_up(&self, hash: u32) -> bool {
        let likely = table::likely(self, hash);
        if let Some(lane) = likely {
            prefetch(self.nodes.as_ptr().wrapping_add(lane.number() as usize));
        }
        likely.is_some()
    }

    #[inline]
    unsafe fn foresee(&self, at: At) {
        // SAFETY: as the caller says: there are as many traces as nodes.
        let later = unsafe { self.traces.get_unchecked(at.place()) }.later;
        prefetch(self.nodes.as_ptr().wrapping_add(later.place()));
        prefetch(self.traces.as_ptr().wrapping_add(later.place()));
        // The byte of its lane.
        prefetch(self.heads.as_ptr().cast::<u8>().wrapping_add(later.place()));
    }
}

impl<K, V, X: Beside> HashList<K, V, Heap, X> {
    pub(crate) fn try_with_capacity(capacity: usize) -> Result<Self, CapacityError> {
        HeapArrays::try_new(capacity).map(Self::of)
    }
}

impl sealed::Sealed for Heap {}
