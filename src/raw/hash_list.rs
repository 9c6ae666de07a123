//! A hash table whose entries form a list: what every exact cache here is made of.
//!
//! The entries are nodes in one array. The list runs through them by number; the [table] finds them.
//!
//! ```text
//!   table      [tag,3 | tag,1 | .]  [. | . | .]  [tag,2 | . | .]
//!                   |       |                        |
//!   nodes           3 <---> 1 <--------------------> 2            front: most recently used
//! ```
//!
//! Invariants, cited by the comments below:
//!
//! - **LIVE**: a node is in the list, its key and value are initialised, and exactly one lane of the table has its number:
//!   all three or none.
//! - **INSIDE**: the numbers in `front`, `back`, in links and in the table are those of nodes that exist.
//!
//! No user code runs in here but the comparison that a look-up is given, and that only while nothing has been changed
//! yet. (Drops in [`HashList::clear`] happen after their entry is out.)

use super::for_each_surely;
use super::memory::{Arrays, At, Inline, InlineArrays, Memory, Node};
use super::table::{self, Head, Place};
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// See the module.
pub(crate) struct HashList<K, V, M: Memory> {
    arrays: M::Of<K, V>,
    front: Option<At>,
    back: Option<At>,
    len: u32,
}

impl<K, V, const N: usize> HashList<K, V, Inline<N>> {
    pub(crate) const fn new() -> Self {
        Self::of(InlineArrays::EMPTY)
    }
}

impl<K, V, M: Memory> HashList<K, V, M> {
    /// An empty list in these arrays, which are all zero.
    pub(super) const fn of(arrays: M::Of<K, V>) -> Self {
        Self { arrays, front: None, back: None, len: 0 }
    }
}

// Look-ups.
impl<K, V, M: Memory> HashList<K, V, M> {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    /// Bytes of memory outside of this value.
    pub(crate) fn bytes_elsewhere(&self) -> usize {
        self.arrays.bytes_elsewhere()
    }

    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.arrays.capacity()
    }

    #[inline]
    fn node(&self, at: At) -> &Node<K, V> {
        debug_assert!(at.index() < self.arrays.nodes().len());
        // SAFETY: INSIDE.
        unsafe { self.arrays.nodes().get_unchecked(at.index()) }
    }

    #[inline]
    fn node_mut(&mut self, at: At) -> &mut Node<K, V> {
        debug_assert!(at.index() < self.arrays.nodes().len());
        // SAFETY: INSIDE.
        unsafe { self.arrays.nodes_mut().get_unchecked_mut(at.index()) }
    }

    /// The key and value of a node that is in the list.
    #[inline]
    fn entry(&self, at: At) -> (&K, &V) {
        let node = self.node(at);
        // SAFETY: LIVE.
        let key = unsafe { node.key.assume_init_ref() };
        // SAFETY: LIVE.
        let value = unsafe { node.value.assume_init_ref() };
        (key, value)
    }

    #[inline]
    fn entry_mut(&mut self, at: At) -> (&K, &mut V) {
        let node = self.node_mut(at);
        // SAFETY: LIVE.
        let key = unsafe { node.key.assume_init_ref() };
        // SAFETY: LIVE.
        let value = unsafe { node.value.assume_init_mut() };
        (key, value)
    }

    #[inline]
    fn find(&self, hash: u32, mut is: impl FnMut(&K) -> bool) -> Option<Place> {
        table::find(&self.arrays, hash, |at| is(self.entry(at).0))
    }

    /// The hash of a node that is in the list.
    #[inline]
    fn hash(&self, at: At) -> u32 {
        debug_assert!(at.index() < self.arrays.hashes().len());
        // SAFETY: INSIDE: there are as many hashes as nodes.
        unsafe { *self.arrays.hashes().get_unchecked(at.index()) }
    }

    /// Where a node is that is in the list.
    #[inline]
    fn place(&self, at: At) -> Place {
        if let Some(lane) = self.arrays.lane_of(at) {
            return Place { lane, at };
        }
        let place = table::find(&self.arrays, self.hash(at), |other| other == at);
        // By LIVE it is there.
        place.expect("an entry is in the table")
    }

    /// The entry whose key `is` it.
    #[inline]
    pub(crate) fn get(&self, hash: u32, is: impl FnMut(&K) -> bool) -> Option<(&K, &V)> {
        self.find(hash, is).map(|place| self.entry(place.at))
    }

    /// The entry whose key `is` it, left where it is in the list.
    #[inline]
    pub(crate) fn get_mut(&mut self, hash: u32, is: impl FnMut(&K) -> bool) -> Option<(&K, &mut V)> {
        self.find(hash, is).map(|place| self.entry_mut(place.at))
    }

    /// Whether there is an entry whose key `is` it. If so it is the first of the list then.
    #[inline]
    pub(crate) fn promote(&mut self, hash: u32, is: impl FnMut(&K) -> bool) -> bool {
        let found = self.find(hash, is);
        if let Some(Place { at, .. }) = found {
            self.move_to_front(at);
        }
        found.is_some()
    }

    /// The first entry.
    #[inline]
    pub(crate) fn front_mut(&mut self) -> Option<(&K, &mut V)> {
        self.front.map(|at| self.entry_mut(at))
    }

    pub(crate) fn back(&self) -> Option<(&K, &V)> {
        self.back.map(|at| self.entry(at))
    }
}

// The list.
impl<K, V, M: Memory> HashList<K, V, M> {
    #[inline]
    fn link_front(&mut self, at: At) {
        let front = self.front.replace(at);
        let node = self.node_mut(at);
        node.previous = None;
        node.next = front;
        match front {
            Some(front) => self.node_mut(front).previous = Some(at),
            None => self.back = Some(at),
        }
    }

    #[inline]
    fn unlink(&mut self, at: At) {
        let &Node { previous, next, .. } = self.node(at);
        match previous {
            Some(previous) => self.node_mut(previous).next = next,
            None => self.front = next,
        }
        match next {
            Some(next) => self.node_mut(next).previous = previous,
            None => self.back = previous,
        }
    }

    #[inline]
    fn move_to_front(&mut self, at: At) {
        let &Node { previous, next, .. } = self.node(at);
        // Without one before it, it is at the front already.
        let (Some(previous), Some(front)) = (previous, self.front) else { return };
        self.node_mut(previous).next = next;
        match next {
            Some(next) => self.node_mut(next).previous = Some(previous),
            None => self.back = Some(previous),
        }
        let node = self.node_mut(at);
        node.previous = None;
        node.next = Some(front);
        self.node_mut(front).previous = Some(at);
        self.front = Some(at);
    }
}

// Entries in and out.
impl<K, V, M: Memory> HashList<K, V, M> {
    /// Puts a new entry at the front of the list. The caller knows that its key is not there yet. If there is no room
    /// the entry comes back.
    #[inline]
    pub(crate) fn push_front(&mut self, hash: u32, key: K, value: V) -> Result<(), (K, V)> {
        if self.len() == self.capacity() {
            return Err((key, value));
        }
        let lane = table::insert(&mut self.arrays, hash);
        let at = self.arrays.take_node(lane);
        self.arrays.hashes_mut()[at.index()] = hash;
        let node = self.node_mut(at);
        node.key = MaybeUninit::new(key);
        node.value = MaybeUninit::new(value);
        self.link_front(at);
        self.len += 1;
        Ok(())
    }

    /// Takes a node out of the table and the list. Its key and value are the caller's then.
    #[inline]
    fn detach(&mut self, place: Place) -> (MaybeUninit<K>, MaybeUninit<V>) {
        let Place { lane, at } = place;
        table::remove(&mut self.arrays, place);
        self.unlink(at);
        self.len -= 1;
        let node = self.node_mut(at);
        let key = core::mem::replace(&mut node.key, MaybeUninit::uninit());
        let value = core::mem::replace(&mut node.value, MaybeUninit::uninit());
        self.arrays.give_node(lane, at);
        (key, value)
    }

    #[inline]
    fn take(&mut self, place: Place) -> (K, V) {
        let (key, value) = self.detach(place);
        // SAFETY: LIVE until just now.
        let key = unsafe { key.assume_init() };
        // SAFETY: LIVE until just now.
        let value = unsafe { value.assume_init() };
        (key, value)
    }

    /// Takes the entry out whose key `is` it.
    #[inline]
    pub(crate) fn remove(&mut self, hash: u32, is: impl FnMut(&K) -> bool) -> Option<(K, V)> {
        self.find(hash, is).map(|place| self.take(place))
    }

    /// Takes the last entry out.
    #[inline]
    pub(crate) fn pop_back(&mut self) -> Option<(K, V)> {
        let at = self.back?;
        Some(self.take(self.place(at)))
    }
}

// All entries at once.
impl<K, V, M: Memory> HashList<K, V, M> {
    /// Drops all entries, the rest also if one of the drops panics. The list is empty before the first.
    pub(crate) fn clear(&mut self) {
        let front = self.front.take();
        self.back = None;
        self.len = 0;
        self.arrays.heads_mut().fill(Head::EMPTY);
        self.arrays.give_all();
        self.drop_from(front);
    }

    /// Drops the keys and values of the node and all behind it, which are not in use any more.
    fn drop_from(&mut self, first: Option<At>) {
        if !core::mem::needs_drop::<K>() && !core::mem::needs_drop::<V>() {
            return;
        }
        let nodes = self.arrays.nodes_mut();
        let start = NonNull::from(&mut *nodes).cast::<Node<K, V>>();
        // SAFETY: INSIDE.
        let node = |at: At| unsafe { start.add(at.index()) };
        // SAFETY: as above; nobody else uses the nodes meanwhile.
        let chain = core::iter::successors(first.map(node), |at| unsafe { at.as_ref() }.next.map(node));
        for_each_surely(chain, |mut at| {
            /// The value goes also if the key panics.
            struct Value<'a, V>(&'a mut MaybeUninit<V>);
            impl<V> Drop for Value<'_, V> {
                fn drop(&mut self) {
                    // SAFETY: LIVE until its list gave it up.
                    unsafe { self.0.assume_init_drop() };
                }
            }
            // SAFETY: as above.
            let node = unsafe { at.as_mut() };
            let _value = Value(&mut node.value);
            // SAFETY: LIVE until its list gave it up.
            unsafe { node.key.assume_init_drop() };
        });
    }

    /// Shows every entry to `keep`, first to last; those it does not want are taken out and handed to `gone`.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool, mut gone: impl FnMut((K, V))) {
        let mut next = self.front;
        while let Some(at) = next {
            next = self.node(at).next;
            let (key, value) = self.entry_mut(at);
            if !keep(key, value) {
                gone(self.take(self.place(at)));
            }
        }
    }

    /// Moves all entries to the front of `to`, in their order, as long as there is room.
    #[allow(dead_code, reason = "without `alloc` there is no memory to move to")]
    pub(crate) fn move_to(&mut self, to: &mut Self) {
        while to.len() < to.capacity()
            && let Some(at) = self.back
        {
            let hash = self.hash(at);
            let (key, value) = self.take(self.place(at));
            // There is room, so nothing comes back.
            let _ = to.push_front(hash, key, value);
        }
    }

    /// Puts a copy of every entry to the front of `to`, in their order, as long as there is room.
    pub(crate) fn clone_to(&self, to: &mut Self)
    where
        K: Clone,
        V: Clone,
    {
        let mut next = self.back;
        while let Some(at) = next {
            next = self.node(at).previous;
            let (key, value) = self.entry(at);
            if to.push_front(self.hash(at), key.clone(), value.clone()).is_err() {
                break;
            }
        }
    }

    pub(crate) fn iter(&self) -> Iter<'_, K, V> {
        Iter { nodes: self.arrays.nodes(), front: self.front, back: self.back, left: self.len }
    }

    pub(crate) fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        let (front, back, left) = (self.front, self.back, self.len);
        let nodes = NonNull::from(self.arrays.nodes_mut()).cast();
        IterMut { nodes, front, back, left, list: PhantomData }
    }

    /// # Panics
    ///
    /// If one of the invariants does not hold.
    pub(crate) fn validate(&self) {
        assert!(self.len() <= self.capacity(), "more entries than the capacity");
        let heads = self.arrays.heads();
        let nodes = core::iter::successors(self.front, |&at| self.node(at).next).take(self.capacity() + 1);
        let (mut count, mut distances) = (0, 0);
        let mut previous = None;
        for at in nodes {
            count += 1;
            assert_eq!(self.node(at).previous, previous, "the links of the list disagree");
            let found = table::find(&self.arrays, self.hash(at), |other| other == at);
            let lane = found.expect("an entry is not in the table").lane;
            assert!(lane == self.place(at).lane, "an entry has two places");
            distances += table::distance(&self.arrays, self.hash(at), lane) as u64;
            previous = Some(at);
        }
        assert_eq!(self.back, previous, "the list ends elsewhere");
        assert_eq!(count, self.len, "the list has another length");
        assert_eq!(table::entries(heads), self.len(), "the table has more or fewer entries than the list");
        let went_on = table::all_went_on(heads).unwrap_or(distances);
        assert_eq!(went_on, distances, "the counts of those that went on are wrong");
    }
}

impl<K, V, M: Memory> Drop for HashList<K, V, M> {
    fn drop(&mut self) {
        let front = self.front.take();
        self.drop_from(front);
    }
}

/// The entries, from the front of the list to its back.
pub(crate) struct Iter<'a, K, V> {
    nodes: &'a [Node<K, V>],
    front: Option<At>,
    back: Option<At>,
    left: u32,
}

impl<'a, K, V> Iter<'a, K, V> {
    fn node(&self, at: At) -> &'a Node<K, V> {
        &self.nodes[at.index()]
    }

    fn entry(node: &'a Node<K, V>) -> (&'a K, &'a V) {
        // SAFETY: LIVE: it was reached by the links of a list that is borrowed.
        let key = unsafe { node.key.assume_init_ref() };
        // SAFETY: as above.
        let value = unsafe { node.value.assume_init_ref() };
        (key, value)
    }

    fn counted(&mut self) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        Some(())
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.counted()?;
        let node = self.node(self.front?);
        self.front = node.next;
        Some(Self::entry(node))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.counted()?;
        let node = self.node(self.back?);
        self.back = node.previous;
        Some(Self::entry(node))
    }
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

/// The entries with mutable values, from the front of the list to its back.
pub(crate) struct IterMut<'a, K, V> {
    nodes: NonNull<Node<K, V>>,
    front: Option<At>,
    back: Option<At>,
    left: u32,
    list: PhantomData<&'a mut Node<K, V>>,
}

// SAFETY: it is a `&mut [Node<K, V>]`, of which each node is handed out once.
unsafe impl<K: Send, V: Send> Send for IterMut<'_, K, V> {}
// SAFETY: as above; a shared one gives out nothing.
unsafe impl<K: Sync, V: Sync> Sync for IterMut<'_, K, V> {}

impl<'a, K, V> IterMut<'a, K, V> {
    /// The node, whose entry may be handed out if it was not yet.
    fn node(&mut self, at: At) -> &'a mut Node<K, V> {
        // SAFETY: INSIDE.
        let mut node = unsafe { self.nodes.add(at.index()) };
        // SAFETY: the list is borrowed exclusively for 'a, and the links lead to each node once.
        unsafe { node.as_mut() }
    }

    fn entry(node: &'a mut Node<K, V>) -> (&'a K, &'a mut V) {
        // SAFETY: LIVE: it was reached by the links of a list that is borrowed.
        let key = unsafe { node.key.assume_init_ref() };
        // SAFETY: as above.
        let value = unsafe { node.value.assume_init_mut() };
        (key, value)
    }

    fn counted(&mut self) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        Some(())
    }
}

impl<'a, K, V> Iterator for IterMut<'a, K, V> {
    type Item = (&'a K, &'a mut V);

    fn next(&mut self) -> Option<Self::Item> {
        self.counted()?;
        let at = self.front?;
        let node = self.node(at);
        self.front = node.next;
        Some(Self::entry(node))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl<K, V> DoubleEndedIterator for IterMut<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.counted()?;
        let at = self.back?;
        let node = self.node(at);
        self.back = node.previous;
        Some(Self::entry(node))
    }
}
