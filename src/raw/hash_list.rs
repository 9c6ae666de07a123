//! A hash table whose entries form a list: what every exact cache here is made of.
//!
//! The entries are nodes in one array. The list runs through them by number; the [table] finds them.
//!
//! ```text
//!   table      [tag,3 | tag,1 | .]  [. | . | .]  [tag,2 | . | .]
//!                   |       |                        |
//!   nodes   end <-> 3 <---> 1 <--------------------> 2 <-> end    first: most recently used
//! ```
//!
//! Invariants, cited by the comments below:
//!
//! - **LIVE**: a node is in the list, its key and value are initialised, and exactly one lane of the table has its number:
//!   all three or none.
//! - **INSIDE**: the numbers in links and in the table are those of nodes that exist; links may also lead to the end.
//!
//! No user code runs in here but the comparison that a look-up is given, and that only while nothing has been changed
//! yet. (Drops in [`HashList::clear`] happen after their entry is out.)

#![expect(clippy::inline_always, reason = "parts of an insertion into a timed cache, see there")]

use super::for_each_surely;
use super::memory::{Arrays, At, Beside, Inline, InlineArrays, Links, Memory, Node};
use super::table::{self, Head, Lane, Place};
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// See the module. `X` is what is kept of each entry besides, by its number.
pub(crate) struct HashList<K, V, M: Memory, X: Beside = ()> {
    arrays: M::Of<K, V, X>,
    len: u32,
}

impl<K, V, X: Beside, const N: usize> HashList<K, V, Inline<N>, X> {
    pub(crate) const fn new() -> Self {
        Self::of(InlineArrays::EMPTY)
    }
}

impl<K, V, M: Memory, X: Beside> HashList<K, V, M, X> {
    /// An empty list in these arrays, which are all zero.
    pub(super) const fn of(arrays: M::Of<K, V, X>) -> Self {
        Self { arrays, len: 0 }
    }
}

// Look-ups.
impl<K, V, M: Memory, X: Beside> HashList<K, V, M, X> {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether something has to go for one more.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.capacity()
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
        // SAFETY: INSIDE.
        unsafe { self.arrays.node(at) }
    }

    #[inline]
    fn node_mut(&mut self, at: At) -> &mut Node<K, V> {
        // SAFETY: INSIDE.
        unsafe { self.arrays.node_mut(at) }
    }

    #[inline]
    fn links(&self, at: At) -> Links {
        // SAFETY: INSIDE.
        *unsafe { self.arrays.links(at) }
    }

    #[inline]
    fn links_mut(&mut self, at: At) -> &mut Links {
        // SAFETY: INSIDE.
        unsafe { self.arrays.links_mut(at) }
    }

    /// The first node, or the end.
    #[inline]
    fn front(&self) -> At {
        self.links(At::END).next
    }

    /// The last node, or the end.
    #[inline]
    fn last(&self) -> At {
        self.links(At::END).previous
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
        // SAFETY: INSIDE.
        unsafe { self.arrays.hash(at) }
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

    /// The value of the entry whose key `is` it, which is the first of the list then.
    #[inline]
    pub(crate) fn promote(&mut self, hash: u32, is: impl FnMut(&K) -> bool) -> Option<&mut V> {
        let at = self.find(hash, is)?.at;
        self.move_to_front(at);
        Some(self.entry_mut(at).1)
    }

    /// As [`promote`](Self::promote), or the list again: who wants the value for as long as the list is borrowed can't ask first and then go
    /// on with the list.
    #[inline]
    pub(crate) fn promote_or_else(
        &mut self,
        hash: u32,
        is: impl FnMut(&K) -> bool,
    ) -> Result<&mut V, &mut Self> {
        let Some(Place { at, .. }) = self.find(hash, is) else { return Err(self) };
        self.move_to_front(at);
        Ok(self.entry_mut(at).1)
    }

    /// The entry whose key `is` it, to do something with.
    #[inline]
    pub(crate) fn lookup(&mut self, hash: u32, is: impl FnMut(&K) -> bool) -> Option<Found<'_, K, V, M, X>> {
        self.find(hash, is).map(|place| Found { list: self, place })
    }

    /// Has the processor fetch what a look-up of this hash will probably need, for callers that have something to do before. Says
    /// whether it will probably find anything.
    #[inline]
    pub(crate) fn foresee_look_up(&self, hash: u32) -> bool {
        self.arrays.foresee_look_up(hash)
    }

    /// What is beside the entry of this number.
    ///
    /// # Panics
    ///
    /// If no entry can have it.
    #[inline]
    pub(crate) fn beside(&self, at: At) -> &X {
        self.arrays.beside(at)
    }

    /// As [`beside`](Self::beside), to be changed.
    #[inline]
    pub(crate) fn beside_mut(&mut self, at: At) -> &mut X {
        self.arrays.beside_mut(at)
    }

    /// The entry that has this number, if one has.
    #[inline]
    pub(crate) fn numbered(&mut self, at: At) -> Option<Found<'_, K, V, M, X>> {
        self.place_if_any(at).map(|place| Found { list: self, place })
    }

    /// As [`numbered`](Self::numbered), to look at.
    pub(crate) fn get_numbered(&self, at: At) -> Option<(&K, &V)> {
        self.place_if_any(at).map(|place| self.entry(place.at))
    }

    /// Where a node is, if it is one and in the list.
    #[inline]
    fn place_if_any(&self, at: At) -> Option<Place> {
        if at == At::END || at.index() >= self.node_count() {
            return None;
        }
        match self.arrays.lane_of(at) {
            Some(lane) => table::is_taken(self.arrays.heads(), lane).then_some(Place { lane, at }),
            None => table::find(&self.arrays, self.hash(at), |other| other == at),
        }
    }

    /// How many nodes there are: the index of an entry is less than that.
    #[inline]
    pub(super) fn node_count(&self) -> usize {
        self.arrays.nodes().len()
    }

    /// The number of the first entry, which it has until it is taken out; or the end.
    #[inline]
    pub(crate) fn front_number(&self) -> At {
        self.front()
    }

    /// The number of the last entry, or the end.
    #[inline]
    pub(crate) fn back_number(&self) -> At {
        self.last()
    }

    /// The first entry.
    #[inline]
    pub(crate) fn front_mut(&mut self) -> Option<(&K, &mut V)> {
        let at = self.front();
        if at == At::END { None } else { Some(self.entry_mut(at)) }
    }

    pub(crate) fn back(&self) -> Option<(&K, &V)> {
        let at = self.last();
        if at == At::END { None } else { Some(self.entry(at)) }
    }
}

/// An entry that was found, and the list with it: so it is there as long as this is.
pub(crate) struct Found<'a, K, V, M: Memory, X: Beside> {
    list: &'a mut HashList<K, V, M, X>,
    place: Place,
}

impl<'a, K, V, M: Memory, X: Beside> Found<'a, K, V, M, X> {
    /// Its number, which it has until it is taken out.
    #[inline]
    pub(crate) fn number(&self) -> At {
        self.place.at
    }

    /// The number of the entry behind it, or the end.
    pub(crate) fn next_number(&self) -> At {
        self.list.links(self.place.at).next
    }

    #[inline]
    pub(crate) fn value(&self) -> &V {
        self.list.entry(self.place.at).1
    }

    pub(crate) fn entry_mut(&mut self) -> (&K, &mut V) {
        self.list.entry_mut(self.place.at)
    }

    /// Makes it the first of the list.
    #[inline]
    pub(crate) fn promote(self) -> &'a mut V {
        self.list.move_to_front(self.place.at);
        self.list.entry_mut(self.place.at).1
    }

    #[inline]
    pub(crate) fn take(self) -> (K, V) {
        self.list.take(self.place)
    }
}

// The list.
impl<K, V, M: Memory, X: Beside> HashList<K, V, M, X> {
    #[inline]
    fn link_front(&mut self, at: At) {
        let front = core::mem::replace(&mut self.links_mut(At::END).next, at);
        *self.links_mut(at) = Links { previous: At::END, next: front };
        self.links_mut(front).previous = at;
    }

    #[inline]
    fn unlink(&mut self, at: At) {
        let Links { previous, next } = self.links(at);
        self.links_mut(previous).next = next;
        self.links_mut(next).previous = previous;
    }

    /// The same for the last node, of which it is known that the end is next.
    #[inline]
    fn unlink_last(&mut self, at: At) {
        let previous = self.links(at).previous;
        self.links_mut(At::END).previous = previous;
        self.links_mut(previous).next = At::END;
    }

    #[inline]
    fn move_to_front(&mut self, at: At) {
        self.unlink(at);
        self.link_front(at);
    }
}

// Entries in and out.
impl<K, V, M: Memory, X: Beside> HashList<K, V, M, X> {
    /// Puts a new entry at the front of the list, and hands what had to go for it to `gone` when all is done: the last one if there was
    /// no room, or the new one itself if there is none at all. The caller knows that its key is not there yet.
    #[inline]
    pub(crate) fn push_front(&mut self, hash: u32, key: K, value: V, gone: impl FnOnce((K, V))) {
        let Some((last, lane)) = self.plain_exchange(hash) else {
            return self.push_front_anyhow(hash, key, value, gone);
        };
        // SAFETY: INSIDE.
        unsafe { self.arrays.foresee(last.at) };
        table::free(self.arrays.heads_mut(), last.lane);
        self.unlink_last(last.at);
        let evicted = self.vacate(last);
        table::occupy(self.arrays.heads_mut(), lane, hash);
        self.enter(lane, hash, key, value);
        gone(evicted);
    }

    /// The last entry and a free lane for one with this hash, if there is no room for both and each is at home: the rule, once a list
    /// on the heap is full.
    #[inline]
    fn plain_exchange(&self, hash: u32) -> Option<(Place, Lane)> {
        if !self.is_full() || self.is_empty() {
            return None;
        }
        let at = self.last();
        let lane = self.arrays.lane_of(at)?;
        let home = table::is_home(&self.arrays, self.hash(at), lane);
        let free = if home { table::free_at_home(&self.arrays, hash) } else { None };
        free.map(|free| (Place { lane, at }, free))
    }

    /// What [`push_front`](Self::push_front) does where it is not plain. Called as the last thing, it costs the rest no saved registers.
    #[inline(never)]
    fn push_front_anyhow(&mut self, hash: u32, key: K, value: V, gone: impl FnOnce((K, V))) {
        let evicted = if self.is_full() { self.pop_back() } else { None };
        if evicted.is_none() && self.capacity() == 0 {
            return gone((key, value));
        }
        self.insert_front(hash, key, value);
        if let Some(entry) = evicted {
            gone(entry);
        }
    }

    /// Puts a new entry at the front of the list, and gives its number. The caller knows that its key is not there yet, and that there is
    /// room.
    #[inline(always)]
    pub(crate) fn insert_front(&mut self, hash: u32, key: K, value: V) -> At {
        let lane = table::insert(&mut self.arrays, hash);
        self.enter(lane, hash, key, value)
    }

    /// Puts an entry, whose lane was taken just now, at the front of the list, and gives its number.
    #[inline(always)]
    fn enter(&mut self, lane: Lane, hash: u32, key: K, value: V) -> At {
        let at = self.arrays.take_node(lane, hash);
        let node = self.node_mut(at);
        node.key = MaybeUninit::new(key);
        node.value = MaybeUninit::new(value);
        self.link_front(at);
        self.len += 1;
        at
    }

    /// Takes the key and value of a node that is not in the table and the list any more, nor to be used itself.
    #[inline(always)]
    fn vacate(&mut self, place: Place) -> (K, V) {
        self.len -= 1;
        let node = self.node_mut(place.at);
        let key = core::mem::replace(&mut node.key, MaybeUninit::uninit());
        let value = core::mem::replace(&mut node.value, MaybeUninit::uninit());
        self.arrays.give_node(place.lane, place.at);
        // SAFETY: LIVE until just now.
        let key = unsafe { key.assume_init() };
        // SAFETY: LIVE until just now.
        let value = unsafe { value.assume_init() };
        (key, value)
    }

    #[inline(always)]
    fn take(&mut self, place: Place) -> (K, V) {
        let hash = self.hash(place.at);
        table::remove(&mut self.arrays, hash, place.lane);
        self.unlink(place.at);
        self.vacate(place)
    }

    /// Takes the entry out whose key `is` it.
    #[inline]
    pub(crate) fn remove(&mut self, hash: u32, is: impl FnMut(&K) -> bool) -> Option<(K, V)> {
        self.find(hash, is).map(|place| self.take(place))
    }

    /// Takes the last entry out.
    #[inline(always)]
    pub(crate) fn pop_back(&mut self) -> Option<(K, V)> {
        let at = self.last();
        if at == At::END {
            return None;
        }
        // SAFETY: INSIDE.
        unsafe { self.arrays.foresee(at) };
        Some(self.take(self.place(at)))
    }
}

// All entries at once.
impl<K, V, M: Memory, X: Beside> HashList<K, V, M, X> {
    /// Drops all entries, the rest also if one of the drops panics. The list is empty before the first.
    pub(crate) fn clear(&mut self) {
        let front = self.front();
        *self.links_mut(At::END) = Links::NONE;
        self.len = 0;
        self.arrays.heads_mut().fill(Head::EMPTY);
        self.arrays.give_all();
        self.drop_from(front);
    }

    /// Drops the keys and values of the node and all behind it, which are not in use any more.
    fn drop_from(&mut self, first: At) {
        if !core::mem::needs_drop::<K>() && !core::mem::needs_drop::<V>() {
            return;
        }
        let nodes = self.arrays.nodes_mut();
        let start = NonNull::from(&mut *nodes).cast::<Node<K, V>>();
        // SAFETY: INSIDE.
        let node = |at: At| (at != At::END).then(|| unsafe { start.add(at.index()) });
        // SAFETY: as above; nobody else uses the nodes meanwhile.
        let chain = core::iter::successors(node(first), |at| node(unsafe { at.as_ref() }.links.next));
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
        let mut next = self.front();
        while next != At::END {
            let at = next;
            next = self.links(at).next;
            let (key, value) = self.entry_mut(at);
            if !keep(key, value) {
                gone(self.take(self.place(at)));
            }
        }
    }

    /// Moves all entries to the front of `to`, in their order, as long as there is room.
    #[allow(dead_code, reason = "without `alloc` there is no memory to move to")]
    pub(crate) fn move_to(&mut self, to: &mut Self) {
        while to.len() < to.capacity() && !self.is_empty() {
            let at = self.last();
            let hash = self.hash(at);
            let (key, value) = self.take(self.place(at));
            // There is room, so nothing has to go.
            to.push_front(hash, key, value, drop);
        }
    }

    /// Puts a copy of every entry to the front of `to`, in their order, as long as there is room.
    pub(crate) fn clone_to(&self, to: &mut Self)
    where
        K: Clone,
        V: Clone,
    {
        let mut next = self.last();
        while next != At::END && to.len() < to.capacity() {
            let at = next;
            next = self.links(at).previous;
            let (key, value) = self.entry(at);
            // There is room, so nothing has to go.
            to.push_front(self.hash(at), key.clone(), value.clone(), drop);
        }
    }

    pub(crate) fn iter(&self) -> Iter<'_, K, V> {
        Iter { nodes: self.arrays.nodes(), front: self.front(), back: self.last(), left: self.len }
    }

    /// The numbers of all entries, and their values.
    pub(crate) fn iter_numbered(&self) -> impl Iterator<Item = (At, &V)> {
        let number = |at: At| (at != At::END).then_some(at);
        let numbers = core::iter::successors(number(self.front()), move |&at| number(self.links(at).next));
        numbers.map(|at| (at, self.entry(at).1))
    }

    pub(crate) fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        let (front, back, left) = (self.front(), self.last(), self.len);
        let nodes = NonNull::from(self.arrays.nodes_mut()).cast();
        IterMut { nodes, front, back, left, list: PhantomData }
    }

    /// # Panics
    ///
    /// If one of the invariants does not hold.
    pub(crate) fn validate(&self) {
        assert!(self.len() <= self.capacity(), "more entries than the capacity");
        let heads = self.arrays.heads();
        let nodes = core::iter::successors(Some(self.front()), |&at| Some(self.links(at).next));
        let (mut count, mut distances) = (0, 0);
        let mut previous = At::END;
        for at in nodes.take_while(|&at| at != At::END).take(self.capacity() + 1) {
            count += 1;
            assert_eq!(self.links(at).previous, previous, "the links of the list disagree");
            let found = table::find(&self.arrays, self.hash(at), |other| other == at);
            let lane = found.expect("an entry is not in the table").lane;
            assert!(lane == self.place(at).lane, "an entry has two places");
            distances += table::distance(&self.arrays, self.hash(at), lane) as u64;
            previous = at;
        }
        assert_eq!(self.last(), previous, "the list ends elsewhere");
        assert_eq!(count, self.len, "the list has another length");
        assert_eq!(table::entries(heads), self.len(), "the table has more or fewer entries than the list");
        let went_on = table::all_went_on(heads).unwrap_or(distances);
        assert_eq!(went_on, distances, "the counts of those that went on are wrong");
    }
}

impl<K, V, M: Memory, X: Beside> Drop for HashList<K, V, M, X> {
    fn drop(&mut self) {
        let front = self.front();
        self.drop_from(front);
    }
}

/// The entries, from the front of the list to its back.
pub(crate) struct Iter<'a, K, V> {
    nodes: &'a [Node<K, V>],
    front: At,
    back: At,
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
        let node = self.node(self.front);
        self.front = node.links.next;
        Some(Self::entry(node))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.counted()?;
        let node = self.node(self.back);
        self.back = node.links.previous;
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
    front: At,
    back: At,
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
        let node = self.node(self.front);
        self.front = node.links.next;
        Some(Self::entry(node))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl<K, V> DoubleEndedIterator for IterMut<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.counted()?;
        let node = self.node(self.back);
        self.back = node.links.previous;
        Some(Self::entry(node))
    }
}

#[cfg(test)]
mod tests {
    use super::{At, HashList, Inline, Memory};

    /// Numbers that no entry has, or that one had, lead to none; those of entries lead to them.
    fn numbers_lead_to_entries<M: Memory>(mut list: HashList<u32, u32, M>) {
        for key in 0..20_u32 {
            let hash = key.wrapping_mul(0x9E37_79B9);
            list.push_front(hash, key, key * 10, drop);
            if key % 3 == 0 {
                list.remove(hash, |&of| of == key);
            }
        }
        let entries = list.iter_numbered().map(|(at, &value)| (at.number(), value));
        let mut entries: [(u32, u32); 13] = core::array::from_fn({
            let mut entries = entries;
            move |_| entries.next().expect("thirteen of twenty")
        });
        entries.sort_unstable();
        let mut found = 0;
        for number in (0..200).chain([u32::MAX - 1, u32::MAX]) {
            let expected = entries.binary_search_by_key(&number, |entry| entry.0).ok();
            let at = At::of_number(number);
            let value = list.get_numbered(at).map(|(_, &value)| value);
            assert_eq!(value, expected.map(|place| entries[place].1), "number {number}");
            assert_eq!(list.numbered(at).map(|found| *found.value()), value);
            found += usize::from(value.is_some());
        }
        assert_eq!(found, list.len());
    }

    #[test]
    fn inline_numbers_lead_to_entries() {
        numbers_lead_to_entries(HashList::<_, _, Inline<20>>::new());
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn heap_numbers_lead_to_entries() {
        let list = HashList::<_, _, crate::raw::heap::Heap>::try_with_capacity(20);
        numbers_lead_to_entries(list.unwrap_or_else(|error| panic!("{error}")));
    }
}
