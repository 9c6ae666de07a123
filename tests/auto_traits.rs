//! Which types may be sent to other threads, and which may be shared between them.
//!
//! What is expected is derived from what one can do with a type, and written down as a formula over its parameters. The
//! formulas are held against what the compiler says for parameters of all four kinds.

#![cfg(not(any(larder_loom, larder_step)))]

extern crate alloc;

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::hash::{BuildHasher, Hash, Hasher};
use core::marker::PhantomData;
use larder::cache::{CacheIter, Filled, LentCache, Ref, Removed, Setup, StaticCache, Stored, Swept, Ways};
use larder::cache::{
    Expiring, Idling, Inline, Inserted, Iter, IterMut, LruCache, TimedCache, TimedIter, Untimed,
};
use larder::key::{DefaultHash, DefaultHasher};
use larder::manager::Registry;
use larder::memo::{Age, EachComputes, Memo, StaticMemo};
use larder::pool::{AwaitedBox, AwaitedPooled, Waiting};
use larder::pool::{BoxPool, ByDefault, Drops, Held, Pool, PoolBox, Pooled, Recycle, Recycles, RetryPolicy};
use larder::stats::{CacheStats, Off, Placed, PoolStats, Shared, Striped};
use larder::time::{Clock, CoarseClock, Deadline, Instant, ManualClock};
use larder::tracker::{
    Finalized, Finalizer, Handle, Id, Living, Place, Places, Thresholds, Tracker, TrackerStats, Tracking,
    WeakHandle,
};
use larder::watch::Part;
use larder::{CapacityError, Exhausted, NameError, Rejected};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::sync::MutexGuard;

// A type of each kind.

type Both = u32;
type SendOnly = Cell<u32>;
/// Shared like a mutex guard: everybody may look at it, but only its thread may let go of it.
type SyncOnly = PhantomData<MutexGuard<'static, u32>>;
type Neither = PhantomData<Rc<u32>>;

/// Hooks of each kind.
struct Hook<X>(PhantomData<X>);

impl<T, X> Recycle<T> for Hook<X> {
    fn create(&self) -> T {
        unreachable!("nothing is made here")
    }
}

impl<R, X> Finalizer<R> for Hook<X> {
    fn finalize(&self, _: &mut R) {
        unreachable!("nothing is finalized here")
    }
}

impl<X> BuildHasher for Hook<X> {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        unreachable!("nothing is hashed here")
    }
}

impl<X> Clock for Hook<X> {
    const HZ: u64 = 1;

    fn now(&self) -> Instant {
        unreachable!("nothing is timed here")
    }
}

/// Keys and results of each kind.
#[allow(clippy::derived_hash_with_manual_eq, reason = "of nothing")]
struct Of<X>(PhantomData<X>);

impl<X> Clone for Of<X> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<X> PartialEq for Of<X> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<X> Eq for Of<X> {}

impl<X> Hash for Of<X> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// A clock that only its thread can read.
struct Local(Cell<u64>);

impl Clock for Local {
    const HZ: u64 = 1;

    fn now(&self) -> Instant {
        Instant::from_ticks(self.0.get())
    }
}

/// Whether a type has an auto trait, as a constant: the inherent constant hides that of the trait, where it exists.
macro_rules! is {
    ($type:ty: $trait:ident) => {{
        #[allow(dead_code, reason = "hidden for some types: that is the question")]
        trait Else {
            const IS: bool = false;
        }
        impl<T: ?Sized> Else for T {}
        struct Probe<T: ?Sized>(PhantomData<T>);
        impl<T: ?Sized + $trait> Probe<T> {
            #[allow(dead_code, reason = "unreachable for some types: likewise")]
            const IS: bool = true;
        }
        <Probe<$type>>::IS
    }};
}

/// Holds the compiler's answers against the formulas.
macro_rules! expect {
    ($type:ty, Send: $send:expr, Sync: $sync:expr) => {
        let answers = (is!($type: Send), is!($type: Sync));
        assert_eq!(answers, ($send, $sync), "(Send, Sync) of {}", core::any::type_name::<$type>());
    };
}

/// Calls `$run!(type, is it Send, is it Sync, ...)` with each kind.
macro_rules! each {
    ($run:ident $($more:tt)*) => {
        $run!(Both, true, true $($more)*);
        $run!(SendOnly, true, false $($more)*);
        $run!(SyncOnly, false, true $($more)*);
        $run!(Neither, false, false $($more)*);
    };
}

/// Calls `$run!` with each pair of kinds.
macro_rules! each_pair {
    ($run:ident) => {
        each!($run, Both, true, true);
        each!($run, SendOnly, true, false);
        each!($run, SyncOnly, false, true);
        each!($run, Neither, false, false);
    };
}

#[test]
fn the_kinds_are_what_they_are_called() {
    macro_rules! check {
        ($type:ty, $send:literal, $sync:literal) => {
            expect!($type, Send: $send, Sync: $sync);
            expect!(Hook<$type>, Send: $send, Sync: $sync);
            expect!(Of<$type>, Send: $send, Sync: $sync);
        };
    }
    each!(check);
    expect!(Local, Send: true, Sync: false);
}

#[test]
fn what_is_inserted_comes_out_on_the_thread_of_its_guard() {
    macro_rules! check {
        ($value:ty, $send:literal, $sync:literal) => {
            // A pool that is shared moves values between threads, and never shows one to two of them.
            expect!(BoxPool<$value, 2>, Send: $send, Sync: $send);
            expect!(BoxPool<$value, 2, Shared>, Send: $send, Sync: $send);
            expect!(BoxPool<$value, 2, Placed>, Send: $send, Sync: $send);
            // A guard owns a value: sent, it is dropped elsewhere; shared, it shows the value.
            expect!(PoolBox<'static, $value>, Send: $send, Sync: $sync);
            expect!(PoolBox<'static, $value, Shared>, Send: $send, Sync: $sync);
            expect!(PoolBox<'static, $value, Placed>, Send: $send, Sync: $sync);
            // An error hands the value back.
            expect!(Exhausted<$value>, Send: $send, Sync: $sync);
        };
    }
    each!(check);
}

#[test]
fn hooks_are_called_on_the_thread_of_the_guard() {
    macro_rules! check {
        ($value:ty, $v_send:literal, $v_sync:literal, $hook:ty, $h_send:literal, $h_sync:literal) => {
            // The hook moves with the pool and is shared with it; objects move through a shared one.
            expect!(Pool<$value, 2, Hook<$hook>>, Send: $v_send && $h_send, Sync: $v_send && $h_sync);
            expect!(Pool<$value, 2, Hook<$hook>, Shared>, Send: $v_send && $h_send, Sync: $v_send && $h_sync);
            expect!(Pool<$value, 2, Hook<$hook>, Placed>, Send: $v_send && $h_send, Sync: $v_send && $h_sync);
            // A guard borrows the hook and calls it when it is dropped.
            expect!(Pooled<'static, $value, Hook<$hook>>, Send: $v_send && $h_sync, Sync: $v_sync && $h_sync);
        };
    }
    each_pair!(check);

    macro_rules! keepers {
        ($hook:ty, $send:literal, $sync:literal) => {
            expect!(Recycles<$hook, Off>, Send: $send, Sync: $sync);
            expect!(Recycles<$hook, Shared>, Send: $send, Sync: $sync);
            expect!(Recycles<$hook, Placed>, Send: $send, Sync: $sync);
        };
    }
    each!(keepers);
}

/// Wakers can be sent and shared, so it is as the pool is in it.
#[test]
fn a_pool_that_is_waited_for_is_as_it_is_alone() {
    fn assert_send<T: Send>(_: &T) {}

    macro_rules! check {
        ($value:ty, $v_send:literal, $v_sync:literal, $hook:ty, $h_send:literal, $h_sync:literal) => {
            type Alone = Pool<$value, 2, Hook<$hook>>;
            expect!(Waiting<Alone>, Send: $v_send && $h_send, Sync: $v_send && $h_sync);
            expect!(AwaitedPooled<'static, Alone>, Send: $v_send && $h_sync, Sync: $v_sync && $h_sync);
            expect!(Waiting<BoxPool<$value, 2>, 3>, Send: $v_send, Sync: $v_send);
            expect!(AwaitedBox<'static, $value>, Send: $v_send, Sync: $v_sync);
            #[cfg(feature = "alloc")]
            {
                use larder::pool::{AwaitedOwned, ObjectPool};
                // Every guard is a handle, and each may be the last.
                let core = $v_send && $h_send && $h_sync;
                expect!(Waiting<ObjectPool<$value, Hook<$hook>>>, Send: core, Sync: core);
                expect!(AwaitedOwned<$value, Hook<$hook>>, Send: core, Sync: core && $v_sync);
            }
        };
    }
    macro_rules! apart {
        ($($of_it:tt)*) => {
            {
                check!($($of_it)*);
            }
        };
    }
    each_pair!(apart);

    // What waits goes to another thread as what it waits with does.
    let pool = Waiting::<BoxPool<SendOnly, 1>>::new(BoxPool::new());
    assert_send(&pool.insert_async(Cell::new(1)));
    let pool = Waiting::<Pool<SendOnly, 1>>::new(Pool::new());
    assert_send(&pool.acquire_async());
}

#[cfg(feature = "alloc")]
#[test]
fn handles_and_owned_guards_share_the_pool() {
    use larder::pool::{Hooks, ObjectPool, OwnedPooled};

    macro_rules! check {
        ($value:ty, $v_send:literal, $v_sync:literal, $hook:ty, $h_send:literal, $h_sync:literal) => {
            // Every handle uses the hook, and the last one drops it, wherever that is.
            let core = $v_send && $h_send && $h_sync;
            expect!(ObjectPool<$value, Hook<$hook>>, Send: core, Sync: core);
            expect!(ObjectPool<$value, Hook<$hook>, Off>, Send: core, Sync: core);
            expect!(ObjectPool<$value, Hook<$hook>, Placed>, Send: core, Sync: core);
            expect!(OwnedPooled<$value, Hook<$hook>>, Send: core, Sync: core && $v_sync);
        };
    }
    each_pair!(check);

    macro_rules! closures {
        ($value:ty, $send:literal, $sync:literal) => {
            // The closures are asked to be both when they are given; what they make is another matter.
            expect!(Hooks<$value>, Send: true, Sync: true);
            expect!(ObjectPool<$value>, Send: $send, Sync: $send);
            expect!(OwnedPooled<$value>, Send: $send, Sync: $send && $sync);
            expect!(Pooled<'static, $value, Hooks<$value>, Shared>, Send: $send, Sync: $sync);
        };
    }
    each!(closures);
}

#[test]
fn a_cache_is_as_its_keys_and_values_are() {
    macro_rules! check {
        ($key:ty, $k_send:literal, $k_sync:literal, $value:ty, $v_send:literal, $v_sync:literal) => {
            let (send, sync) = ($k_send && $v_send, $k_sync && $v_sync);
            expect!(LruCache<$key, $value, Inline<2>>, Send: send, Sync: sync);
            expect!(Inserted<$key, $value>, Send: send, Sync: sync);
            // A shared look at both. Sent, it looks from two threads at once.
            expect!(Iter<'static, $key, $value>, Send: sync, Sync: sync);
            // An exclusive look; each entry is handed out once.
            expect!(IterMut<'static, $key, $value>, Send: send, Sync: sync);
            #[cfg(feature = "alloc")]
            {
                expect!(LruCache<$key, $value, larder::cache::Heap>, Send: send, Sync: sync);
            }
        };
    }
    each_pair!(check);
}

#[test]
fn a_cache_is_as_its_hasher_is() {
    macro_rules! check {
        ($hasher:ty, $h_send:literal, $h_sync:literal, $value:ty, $v_send:literal, $v_sync:literal) => {
            let (send, sync) = ($h_send && $v_send, $h_sync && $v_sync);
            expect!(LruCache<u32, $value, Inline<2>, $hasher>, Send: send, Sync: sync);
            #[cfg(feature = "alloc")]
            {
                expect!(LruCache<u32, $value, larder::cache::Heap, $hasher>, Send: send, Sync: sync);
            }
        };
    }
    each_pair!(check);
}

#[test]
fn a_timed_cache_is_as_its_parts_are() {
    macro_rules! entries {
        ($key:ty, $k_send:literal, $k_sync:literal, $value:ty, $v_send:literal, $v_sync:literal) => {
            let (send, sync) = ($k_send && $v_send, $k_sync && $v_sync);
            expect!(TimedCache<$key, $value, Inline<2>, Expiring<ManualClock>>, Send: send, Sync: sync);
            expect!(TimedCache<$key, $value, Inline<2>, Idling<ManualClock>>, Send: send, Sync: sync);
            // A shared look at both. Sent, it looks from two threads at once.
            expect!(TimedIter<'static, $key, $value, ()>, Send: sync, Sync: sync);
            #[cfg(feature = "alloc")]
            {
                use larder::cache::{Heap, Shared};
                expect!(TimedCache<$key, $value, Heap, Expiring<ManualClock>>, Send: send, Sync: sync);
                // A lock lets in one thread after the other: what it guards is sent from one to the next, and never shared.
                expect!(Shared<TimedCache<$key, $value, Inline<2>, Expiring<ManualClock>>>, Send: send, Sync: send);
                expect!(Shared<LruCache<$key, $value, Inline<2>>>, Send: send, Sync: send);
            }
        };
    }
    each_pair!(entries);

    macro_rules! parts {
        ($hasher:ty, $h_send:literal, $h_sync:literal, $clock:ty, $c_send:literal, $c_sync:literal) => {
            let (send, sync) = ($h_send && $c_send, $h_sync && $c_sync);
            expect!(TimedCache<u32, u32, Inline<2>, Expiring<Hook<$clock>>, Hook<$hasher>>, Send: send, Sync: sync);
            expect!(TimedCache<u32, u32, Inline<2>, Idling<Hook<$clock>>, Hook<$hasher>>, Send: send, Sync: sync);
        };
    }
    each_pair!(parts);
    // A clock that only its thread can read.
    expect!(TimedCache<u32, u32, Inline<2>, Expiring<Local>>, Send: true, Sync: false);
    expect!(TimedCache<u32, u32, Inline<2>, Expiring<&'static Local>>, Send: false, Sync: false);
}

#[test]
fn a_concurrent_cache_shares_keys_and_values_and_hands_them_over() {
    macro_rules! check {
        ($key:ty, $k_send:literal, $k_sync:literal, $value:ty, $v_send:literal, $v_sync:literal) => {
            let (send, sync) = ($k_send && $v_send, $k_sync && $v_sync);
            // Shared, it gives out references to one entry on several threads, and drops or gives it back on any of them.
            let both = send && sync;
            expect!(StaticCache<$key, $value, 1, 8>, Send: send, Sync: both);
            expect!(LentCache<'static, $key, $value, 8>, Send: send, Sync: both);
            #[cfg(feature = "alloc")]
            {
                expect!(larder::cache::HeapCache<$key, $value>, Send: send, Sync: both);
            }
            // One that is sent may read there beside others that read here, and may be the last, who drops.
            expect!(Ref<'static, $key, $value>, Send: both, Sync: sync);
            // It is a reference, or a value that is its own.
            expect!(Filled<'static, $key, $value>, Send: both, Sync: sync);
            // A borrow of the cache, which makes references.
            expect!(CacheIter<'static, $key, $value, (), Ways<8>>, Send: both, Sync: both);
            // What comes back is the caller's alone.
            expect!(Stored<$key, $value>, Send: send, Sync: sync);
            expect!(Rejected<$key, $value>, Send: send, Sync: sync);
            expect!(Removed<$value>, Send: $v_send, Sync: $v_sync);
        };
    }
    each_pair!(check);
}

#[test]
fn a_concurrent_cache_is_as_what_it_is_made_with() {
    macro_rules! caches {
        ($setup:ty, $send:expr, $sync:expr) => {
            expect!(StaticCache<u32, u32, 1, 8, $setup>, Send: $send, Sync: $sync);
            expect!(LentCache<'static, u32, u32, 8, $setup>, Send: $send, Sync: $sync);
            #[cfg(feature = "alloc")]
            {
                expect!(larder::cache::HeapCache<u32, u32, $setup>, Send: $send, Sync: $sync);
            }
        };
    }
    macro_rules! check {
        ($hasher:ty, $h_send:literal, $h_sync:literal, $clock:ty, $c_send:literal, $c_sync:literal) => {
            let (send, sync) = ($h_send && $c_send, $h_sync && $c_sync);
            // Both are asked on any thread that uses the cache.
            caches!(Setup<Hook<$hasher>, Expiring<Hook<$clock>>, Off>, send, sync);
            caches!(Setup<Hook<$hasher>, Idling<Hook<$clock>>, Striped<2>>, send, sync);
            caches!(Setup<Hook<$hasher>, Untimed, Striped<1>>, $h_send, $h_sync);
        };
    }
    each_pair!(check);
    // A clock that only its thread can read.
    caches!(Setup<DefaultHash, Expiring<Local>>, true, false);
    caches!(Setup<DefaultHash, Expiring<&'static Local>>, false, false);
}

#[test]
fn a_memo_is_as_its_cache_is() {
    macro_rules! check {
        ($key:ty, $k_send:literal, $k_sync:literal, $value:ty, $v_send:literal, $v_sync:literal) => {
            let (send, sync) = ($k_send && $v_send, $k_sync && $v_sync);
            expect!(StaticMemo<Of<$key>, Of<$value>, 1, 8>, Send: send, Sync: send && sync);
            // For one thread at a time.
            expect!(Memo<RefCell<LruCache<Of<$key>, Of<$value>, Inline<2>>>>, Send: send, Sync: false);
        };
    }
    each_pair!(check);
}

#[cfg(feature = "std")]
#[test]
fn callers_that_wait_share_keys_and_results() {
    use larder::cache::HeapCache;
    use larder::memo::SingleFlight;
    use std::sync::Mutex;

    macro_rules! check {
        ($key:ty, $k_send:literal, $k_sync:literal, $value:ty, $v_send:literal, $v_sync:literal) => {
            let (send, sync) = ($k_send && $v_send, $k_sync && $v_sync);
            // A locked cache is used by one after the other.
            expect!(Memo<Mutex<LruCache<Of<$key>, Of<$value>, Inline<2>>>>, Send: send, Sync: send);
            // Who waits compares the key, and clones the result, while others do.
            let both = send && sync;
            expect!(Memo<Mutex<LruCache<Of<$key>, Of<$value>, Inline<2>>>, SingleFlight>, Send: both, Sync: both);
            expect!(Memo<HeapCache<Of<$key>, Of<$value>>, SingleFlight>, Send: both, Sync: both);
        };
    }
    each_pair!(check);
}

#[test]
fn a_coarse_clock_is_as_what_it_reads() {
    macro_rules! check {
        ($clock:ty, $send:literal, $sync:literal) => {
            expect!(CoarseClock<Hook<$clock>>, Send: $send, Sync: $sync);
        };
    }
    each!(check);
}

#[test]
fn a_retry_policy_is_as_its_clock_and_its_wait_are() {
    macro_rules! check {
        ($clock:ty, $c_send:literal, $c_sync:literal, $wait:ty, $w_send:literal, $w_sync:literal) => {
            expect!(RetryPolicy<$clock, $wait>, Send: $c_send && $w_send, Sync: $c_sync && $w_sync);
        };
    }
    each_pair!(check);
}

#[test]
fn a_tracker_shares_resources_and_hands_them_over() {
    macro_rules! trackers {
        ($tracker:ty, $send:expr, $sync:expr) => {
            expect!($tracker, Send: $send, Sync: $sync);
            // A handle is a use of the tracker, wherever it is.
            expect!(Handle<&'static $tracker>, Send: $sync, Sync: $sync);
            expect!(WeakHandle<&'static $tracker>, Send: $sync, Sync: $sync);
            #[cfg(feature = "alloc")]
            {
                // The last one drops the tracker.
                expect!(Handle<alloc::sync::Arc<$tracker>>, Send: $send && $sync, Sync: $send && $sync);
            }
        };
    }
    macro_rules! check {
        ($value:ty, $v_send:literal, $v_sync:literal, $hook:ty, $h_send:literal, $h_sync:literal) => {
            // The finalizer is called on any thread that drains.
            let (send, sync) = ($v_send && $h_send, $v_send && $v_sync && $h_sync);
            trackers!(Tracker<$value, Inline<2>, Tracking<Hook<$hook>>>, send, sync);
            trackers!(Tracker<Finalized<u32, $value>, Inline<2>, Tracking<Hook<$hook>>>, send, sync);
            #[cfg(feature = "alloc")]
            {
                trackers!(larder::tracker::HeapTracker<$value, Tracking<Hook<$hook>>>, send, sync);
            }
            // The clock is read on any thread.
            trackers!(
                Tracker<u32, Inline<2>, Tracking<Hook<$hook>, Expiring<Hook<$value>>, Places>>,
                $v_send && $h_send,
                $v_sync && $h_sync
            );
        };
    }
    each_pair!(check);
}

#[test]
fn a_borrowed_clock_is_shared() {
    expect!(ManualClock, Send: true, Sync: true);
    expect!(&ManualClock<1>, Send: true, Sync: true);
    // Sent, it is read by two threads.
    expect!(&Local, Send: false, Sync: false);
}

// What has no parameters, or holds no promise but this one.
assert_impl_all!(Off: Send, Sync, Unpin);
assert_impl_all!(Shared: Send, Sync, Unpin);
assert_impl_all!(Placed: Send, Sync, Unpin);
assert_impl_all!(Held: Send, Sync, Unpin);
assert_impl_all!(Drops<Off>: Send, Sync);
assert_impl_all!(Drops<Shared>: Send, Sync);
assert_impl_all!(ByDefault: Send, Sync, Unpin);
assert_impl_all!(DefaultHash: Send, Sync, Unpin);
assert_impl_all!(DefaultHasher: Send, Sync, Unpin);
assert_impl_all!(Instant: Send, Sync, Unpin);
assert_impl_all!(Deadline: Send, Sync, Unpin);
assert_impl_all!(CapacityError: Send, Sync, Unpin, core::error::Error);
assert_impl_all!(CacheStats: Send, Sync, Unpin);
assert_impl_all!(PoolStats: Send, Sync, Unpin);
assert_impl_all!(Inline<2>: Send, Sync);
assert_impl_all!(Striped<3>: Send, Sync, Unpin);
assert_impl_all!(Untimed: Send, Sync, Unpin);
assert_impl_all!(Swept: Send, Sync, Unpin);
assert_impl_all!(Id: Send, Sync, Unpin);
assert_impl_all!(Living: Send, Sync, Unpin);
assert_impl_all!(Place: Send, Sync, Unpin);
assert_impl_all!(Thresholds: Send, Sync, Unpin);
assert_impl_all!(TrackerStats: Send, Sync, Unpin);
assert_impl_all!(Age: Send, Sync, Unpin);
assert_impl_all!(EachComputes: Send, Sync, Unpin);
#[cfg(feature = "std")]
assert_impl_all!(larder::memo::SingleFlight: Send, Sync, Unpin);
#[cfg(feature = "std")]
assert_impl_all!(larder::time::StdClock: Send, Sync, Unpin);
#[cfg(feature = "std")]
assert_impl_all!(larder::time::CounterClock: Send, Sync, Unpin);
#[cfg(feature = "std")]
assert_impl_all!(larder::time::TickClock: Send, Sync, Unpin);

// The mistakes that others have made, once more without a formula.
assert_not_impl_any!(PoolBox<'static, Cell<u32>>: Sync);
assert_not_impl_any!(PoolBox<'static, Rc<u32>>: Send, Sync);
assert_not_impl_any!(Pooled<'static, u32, Hook<Cell<u32>>>: Send);
assert_not_impl_any!(Pool<u32, 2, Hook<Cell<u32>>>: Sync);
assert_not_impl_any!(BoxPool<Rc<u32>, 2>: Send, Sync);
assert_not_impl_any!(Waiting<BoxPool<Rc<u32>, 2>>: Send, Sync);
assert_not_impl_any!(AwaitedBox<'static, Cell<u32>>: Sync);
assert_not_impl_any!(AwaitedPooled<'static, Pool<u32, 2, Hook<Cell<u32>>>>: Send);
assert_impl_all!(Waiting<Pool<u32, 2>>: Send, Sync, Part);
assert_not_impl_any!(IterMut<'static, u32, Rc<u32>>: Send, Sync);
assert_not_impl_any!(StaticCache<u32, Rc<u32>, 1, 8>: Send, Sync);
assert_not_impl_any!(StaticCache<u32, Cell<u32>, 1, 8>: Sync);
assert_not_impl_any!(StaticCache<Cell<u32>, u32, 1, 8>: Sync);
assert_not_impl_any!(Ref<'static, u32, SyncOnly>: Send);
assert_not_impl_any!(Ref<'static, Cell<u32>, u32>: Send, Sync);
assert_not_impl_any!(StaticMemo<u32, Rc<u32>, 1, 8>: Send, Sync);
#[cfg(feature = "std")]
assert_not_impl_any!(Memo<std::sync::Mutex<LruCache<u32, Cell<u32>, Inline<2>>>, larder::memo::SingleFlight>: Sync);
assert_not_impl_any!(Tracker<Cell<u32>, Inline<2>>: Sync);
assert_not_impl_any!(Handle<&'static Tracker<Cell<u32>, Inline<2>>>: Send, Sync);
#[cfg(feature = "std")]
assert_impl_all!(larder::maintain::Janitor: Send, Sync, Unpin);
#[cfg(feature = "alloc")]
assert_not_impl_any!(larder::pool::OwnedPooled<Cell<u32>>: Sync);

// What a guard borrows may be shortened; what it holds may not (that these don't compile is shown in the documentation).

#[test]
fn borrows_may_be_shortened() {
    static POOL: BoxPool<u32, 1> = BoxPool::new();
    static PLACED: BoxPool<u32, 1, Placed> = BoxPool::with_recorder(Placed::new());
    static CACHE: StaticCache<u32, u32, 1, 8> = StaticCache::new();

    fn placed<'short, 'long: 'short>(guard: PoolBox<'long, u32, Placed>) -> PoolBox<'short, u32, Placed> {
        guard
    }

    fn guard<'short, 'long: 'short>(guard: PoolBox<'long, u32>) -> PoolBox<'short, u32> {
        guard
    }

    fn entries<'short, 'long: 'short>(
        entries: Iter<'long, &'long str, &'long str>,
    ) -> Iter<'short, &'short str, &'short str> {
        entries
    }

    fn entry<'short, 'long: 'short>(entry: Ref<'long, u32, u32>) -> Ref<'short, u32, u32> {
        entry
    }

    CACHE.put(1, 10).unwrap();
    assert_eq!(*entry(CACHE.get_ref(&1).unwrap()), 10);

    assert_eq!(*guard(POOL.insert(1).unwrap()), 1);
    assert_eq!(*placed(PLACED.insert(1).unwrap()), 1);

    let mut cache = LruCache::<_, _, Inline<1>>::new();
    cache.put("key", "value");
    assert!(entries(cache.iter()).eq([(&"key", &"value")]));
}

#[test]
fn a_registry_is_as_its_parts_are() {
    // It borrows them.
    expect!(Registry<'static, 2>, Send: true, Sync: true);
    expect!(Registry<'static, 2, dyn Part>, Send: false, Sync: false);
    macro_rules! check {
        ($name:ty, $send:literal, $sync:literal) => {
            expect!(NameError<$name>, Send: $send, Sync: $sync);
        };
    }
    each!(check);
}
