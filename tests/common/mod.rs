//! What the tests of several types share: values to try, bad hashers, a ledger of drops, and user code that panics.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use core::any::type_name;
use core::cell::Cell;
use core::fmt::{self, Debug};
use core::hash::{BuildHasher, Hash, Hasher};
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicU32, Ordering};
use larder::key::{DefaultHash, DefaultHasher};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;

/// The capacities at which structures like these have gone wrong elsewhere. (An interpreter takes a thousand times as
/// long: it gets the small ones.)
pub(crate) const CAPACITIES: &[usize] =
    if cfg!(miri) { &[0, 1, 2, 15] } else { &[0, 1, 2, 31, 32, 33, 63, 64, 65] };

/// Calls `$run!(N)` with each of [`CAPACITIES`] as a literal.
#[allow(unused_macros, reason = "each test crate uses a part of it")]
macro_rules! at_every_capacity {
    ($run:ident) => {
        $run!(0);
        $run!(1);
        $run!(2);
        if cfg!(miri) {
            $run!(15);
        } else {
            $run!(31);
            $run!(32);
            $run!(33);
            $run!(63);
            $run!(64);
            $run!(65);
        }
    };
}
#[allow(unused_imports, reason = "each test crate uses a part of it")]
pub(crate) use at_every_capacity;

/// A type whose values are put into a structure, and can be told apart as far as it has several.
pub(crate) trait Sample: Clone + Debug + Eq + Hash + 'static {
    fn of(number: u32) -> Self;
}

impl Sample for u32 {
    fn of(number: u32) -> Self {
        number
    }
}

/// Plain data of other widths. The narrow ones take what they have room for.
macro_rules! plain {
    ($($number:ty),*) => {
        $(impl Sample for $number {
            #[allow(clippy::cast_possible_truncation, clippy::cast_lossless, reason = "see above")]
            fn of(number: u32) -> Self {
                number as $number
            }
        })*
    };
}

plain!(u8, u16, u64);

impl<const N: usize> Sample for [u8; N] {
    fn of(number: u32) -> Self {
        core::array::from_fn(|place| number.to_le_bytes()[place % 4])
    }
}

impl Sample for String {
    fn of(number: u32) -> Self {
        format!("number {number}")
    }
}

/// No size.
impl Sample for () {
    fn of(_: u32) -> Self {}
}

/// Half a kilobyte.
pub(crate) type Large = [u64; 64];

impl Sample for Large {
    fn of(number: u32) -> Self {
        core::array::from_fn(|place| u64::from(number) << 32 | place as u64)
    }
}

/// More alignment than allocators give unasked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(align(128))]
pub(crate) struct Aligned(u32);

impl Sample for Aligned {
    fn of(number: u32) -> Self {
        Self(number)
    }
}

/// No size, and yet an alignment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(align(128))]
pub(crate) struct AlignedNothing;

impl Sample for AlignedNothing {
    fn of(_: u32) -> Self {
        Self
    }
}

/// # Panics
///
/// If the place is not one for a `T`.
pub(crate) fn assert_in_place<T>(place: &T) {
    assert!(core::ptr::from_ref(place).is_aligned(), "a misplaced {}", type_name::<T>());
}

/// Hash functions from the usual one to the worst. Where keys meet is a matter of the seed, so that a run of full places
/// also goes round the end of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hashing {
    /// That of the crate.
    Usual,
    /// All keys have one hash.
    One(u64),
    /// There are three hashes.
    Three(u64),
    /// The sum of the key's bytes: neighbouring keys have neighbouring hashes.
    Sum,
}

pub(crate) fn hashing() -> impl Strategy<Value = Hashing> {
    prop_oneof![
        Just(Hashing::Usual),
        any::<u64>().prop_map(Hashing::One),
        any::<u64>().prop_map(Hashing::Three),
        Just(Hashing::Sum),
    ]
}

impl BuildHasher for Hashing {
    type Hasher = BadHasher;

    fn build_hasher(&self) -> BadHasher {
        BadHasher { how: *self, usual: DefaultHash::new().build_hasher(), sum: 0 }
    }
}

pub(crate) struct BadHasher {
    how: Hashing,
    usual: DefaultHasher,
    sum: u64,
}

impl Hasher for BadHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.usual.write(bytes);
        self.sum = bytes.iter().fold(self.sum, |sum, &byte| sum.wrapping_add(byte.into()));
    }

    fn finish(&self) -> u64 {
        match self.how {
            Hashing::Usual => self.usual.finish(),
            Hashing::One(seed) => seed,
            Hashing::Three(seed) => (self.sum % 3 + 1).wrapping_mul(seed | 1),
            Hashing::Sum => self.sum,
        }
    }
}

/// Runs a property as often as proptest is told to (`PROPTEST_CASES`), divided by `share`: the properties here run once
/// for every configuration, and each case has many steps.
pub(crate) fn holds<S: Strategy>(share: u32, input: &S, property: impl Fn(S::Value)) {
    let config = Config::default();
    // An interpreter looks for other things than rare orders of calls.
    let cases = if cfg!(miri) { 1 } else { config.cases.div_ceil(share) };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..config });
    let outcome = runner.run(input, |input| {
        property(input);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// How often each instance was dropped.
///
/// Ledgers live for ever, so that a token can be dropped too often without doing any harm but being counted.
pub(crate) struct Ledger {
    drops: Mutex<Vec<u32>>,
}

impl Ledger {
    pub(crate) fn new() -> &'static Self {
        &World::new(0).ledger
    }

    /// A new instance.
    pub(crate) fn token(&'static self) -> Token {
        let mut drops = self.drops.lock().unwrap();
        drops.push(0);
        Token { ledger: self, id: drops.len() - 1 }
    }

    /// How many instances there ever were.
    pub(crate) fn created(&self) -> usize {
        self.drops.lock().unwrap().len()
    }

    /// How many instances were not dropped yet.
    ///
    /// # Panics
    ///
    /// If one was dropped twice.
    pub(crate) fn alive(&self) -> usize {
        let drops = self.drops.lock().unwrap();
        for (id, &times) in drops.iter().enumerate() {
            assert!(times <= 1, "instance {id} was dropped {times} times");
        }
        drops.iter().filter(|&&times| times == 0).count()
    }

    pub(crate) fn is_alive(&self, id: usize) -> bool {
        self.drops.lock().unwrap()[id] == 0
    }
}

impl Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

/// An instance that a [`Ledger`] knows of. Its clone is another one.
#[derive(Debug)]
pub(crate) struct Token {
    ledger: &'static Ledger,
    id: usize,
}

impl Token {
    pub(crate) fn id(&self) -> usize {
        self.id
    }
}

impl Clone for Token {
    fn clone(&self) -> Self {
        self.ledger.token()
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.ledger.drops.lock().unwrap()[self.id] += 1;
    }
}

/// What a blown fuse panics with.
struct Blown;

/// A ledger, and a fuse that blows in the n-th call of user code.
pub(crate) struct World {
    pub(crate) ledger: Ledger,
    /// Calls until it blows; 0 if it has blown, or never will.
    left: AtomicU32,
}

impl World {
    pub(crate) fn new(calls: u32) -> &'static Self {
        // Kept within reach, so that a leak checker does not mistake them for leaks.
        static WORLDS: Mutex<Vec<&World>> = Mutex::new(Vec::new());
        let world: &'static Self = Box::leak(Box::new(Self {
            ledger: Ledger { drops: Mutex::new(Vec::new()) },
            left: AtomicU32::new(calls),
        }));
        WORLDS.lock().unwrap().push(world);
        world
    }

    /// User code calls this, wherever it can panic. Calls during an unwinding don't count: a second panic then would end
    /// the process.
    pub(crate) fn call(&self) {
        if !std::thread::panicking() {
            let_in_a_guest();
            let before =
                self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            if before == Ok(1) {
                // Not `panic!`: nobody wants to read thousands of messages.
                resume_unwind(Box::new(Blown));
            }
        }
    }

    /// From now on, so many calls until it blows.
    pub(crate) fn arm(&self, calls: u32) {
        self.left.store(calls, Ordering::Relaxed);
    }

    pub(crate) fn has_blown(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }
}

/// What user code does when it is called, of which the structure that calls it knows nothing.
struct Guest {
    calls_to_go: u32,
    visit: Box<dyn FnOnce()>,
}

std::thread_local! {
    static GUEST: Cell<Option<Guest>> = const { Cell::new(None) };
}

/// Lets the expected guest in, if it is its turn. It is not there any more while it visits: it meets no guests itself.
fn let_in_a_guest() {
    match GUEST.take() {
        Some(Guest { calls_to_go: 0, visit }) => visit(),
        Some(Guest { calls_to_go, visit }) => GUEST.set(Some(Guest { calls_to_go: calls_to_go - 1, visit })),
        None => {}
    }
}

/// Runs `work` and, within its `at`-th call of user code (from 0), `visit`. Says whether there were so many.
pub(crate) fn with_a_guest(at: u32, visit: impl FnOnce() + 'static, work: impl FnOnce()) -> bool {
    GUEST.set(Some(Guest { calls_to_go: at, visit: Box::new(visit) }));
    work();
    GUEST.take().is_none()
}

/// Does something during which the fuse may blow: none if it did.
pub(crate) fn attempt<R>(work: impl FnOnce() -> R) -> Option<R> {
    let outcome = catch_unwind(AssertUnwindSafe(work));
    outcome.map_err(|panic| if panic.is::<Blown>() { Blown } else { resume_unwind(panic) }).ok()
}

/// Drops one after the other, the rest also if one drop panics.
pub(crate) fn drop_each<T>(items: Vec<T>) {
    for item in items {
        attempt(|| drop(item));
    }
}

/// Runs a scenario again and again with a fuse that blows in its first, its second, ... call of user code, until it gets
/// through, and says how many calls it has. The scenario says how many instances are left in the end.
pub(crate) fn every_call_panics_once(scenario: impl Fn(&'static World) -> usize) -> u32 {
    let mut calls = 0;
    loop {
        let world = World::new(calls + 1);
        let left = scenario(world);
        assert_eq!(world.ledger.alive(), left, "instances at the end, after a panic in call {}", calls + 1);
        if !world.has_blown() {
            return calls;
        }
        calls += 1;
    }
}

/// A value all of whose traits may panic.
pub(crate) struct Touchy {
    world: &'static World,
    pub(crate) number: u32,
    pub(crate) token: Token,
}

impl Touchy {
    pub(crate) fn new(world: &'static World, number: u32) -> Self {
        Self { world, number, token: world.ledger.token() }
    }
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        self.world.call();
        self.number == other.number
    }
}

impl Eq for Touchy {}

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.world.call();
        self.number.hash(state);
    }
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        self.world.call();
        Self { token: self.token.clone(), ..*self }
    }
}

impl Debug for Touchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        // The token is dropped also if this panics: an instance whose drop panics is dropped.
        self.world.call();
    }
}

/// Drops something while a panic goes by.
pub(crate) fn unwind_over<T>(held: T) {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let _held = held;
        resume_unwind(Box::new(Blown));
    }));
    assert!(outcome.is_err());
}
