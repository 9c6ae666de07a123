//! How keys are hashed and compared.
//!
//! A look-up takes anything that is [`Equivalent`] to the key: a `&str` for a `String`, or a tuple of references for a
//! struct, given an implementation. The hasher is a type parameter; [`DefaultHash`] is the default with every
//! feature. (What it gives depends on the processor's word.)

use core::fmt;
use core::hash::{BuildHasher, Hash, Hasher};
pub use equivalent::Equivalent;

/// What a key that owns what it is made of can be made from: a `String` from a `str`, anything that can be cloned from itself.
pub trait ToKey {
    /// The key.
    type Key;

    /// Makes a key.
    fn to_key(&self) -> Self::Key;
}

impl<T: Clone> ToKey for T {
    type Key = T;

    fn to_key(&self) -> T {
        self.clone()
    }
}

/// The default hasher: fast, `const`, all zero unless seeded, and cheap on processors of 32 bits.
///
/// It is the hash function of rustc (one multiplication a machine word). It does not withstand keys that an attacker
/// has chosen, with or without a seed: then the structures here stay correct and become slow. Where keys come from
/// outside and there are many of them, give `std::hash::RandomState` or another keyed hasher instead.
///
/// ```
/// use core::hash::BuildHasher;
/// use larder::key::DefaultHash;
///
/// static HASH: DefaultHash = DefaultHash::with_seed(7);
/// assert_eq!(HASH.hash_one("key"), DefaultHash::with_seed(7).hash_one("key"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultHash {
    seed: usize,
}

impl DefaultHash {
    /// Seed 0.
    pub const fn new() -> Self {
        Self::with_seed(0)
    }

    /// A hasher whose results differ from those of other seeds.
    pub const fn with_seed(seed: usize) -> Self {
        Self { seed }
    }
}

impl BuildHasher for DefaultHash {
    type Hasher = DefaultHasher;

    #[inline]
    fn build_hasher(&self) -> DefaultHasher {
        DefaultHasher(rustc_hash::FxHasher::with_seed(self.seed))
    }
}

/// The state of a [`DefaultHash`] at work.
#[derive(Clone)]
pub struct DefaultHasher(rustc_hash::FxHasher);

impl fmt::Debug for DefaultHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultHasher").finish_non_exhaustive()
    }
}

/// Passes each call on: the defaults of the trait would take integers apart into bytes.
macro_rules! pass_on {
    ($($method:ident: $value:ty),* $(,)?) => {
        $(#[inline]
        fn $method(&mut self, value: $value) {
            self.0.$method(value);
        })*
    };
}

impl Hasher for DefaultHasher {
    pass_on! {
        write: &[u8], write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_u128: u128,
        write_usize: usize,
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

/// A key's hash, as the tables here use it: 32 bits, all of them good.
///
/// Hash functions differ in which of their bits carry most: some leave the upper half of 64 empty, some the lower bits
/// constant. One multiplication of both halves together carries every bit to the top. (The default hasher's last step but a rotation is
/// one as well. But after a single one the keys of a stride lie close together, and the lower of its upper bits are constant for keys
/// whose own lower bits are. Nor do two, without the halves put together in between, keep them apart.)
///
/// A look-up that was guessed wrong waits for this, step by step.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "to take parts of words is the purpose")]
pub(crate) fn hash32<Q: Hash + ?Sized>(hasher: &impl BuildHasher, key: &Q) -> u32 {
    let hash = hasher.hash_one(key);
    if usize::BITS >= 64 {
        // Back by as much as the default hasher turns its product in the end: so the compiler leaves out both. The rest does well with
        // any rotation.
        let hash = hash.rotate_right(26);
        // 2^64 divided by the golden ratio.
        ((hash ^ (hash >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
    } else {
        // 2^32 divided by the golden ratio. The halves are put together so that equal ones do not cancel out.
        let product = u64::from(hash as u32 ^ ((hash >> 32) as u32).rotate_left(16)) * 0x9E37_79B9;
        ((product >> 32) ^ product) as u32
    }
}

/// A key's hash, as a set-associative cache uses it: parts that have nothing to do with each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Parts {
    /// All its bits are good; the upper ones choose the set.
    set: u32,
    /// What tells the keys of a set apart at a glance.
    pub(crate) tag: u8,
    /// What of a key is remembered when it is gone: the lower 12 bits of it.
    pub(crate) print: u16,
}

impl Parts {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "to take parts of words is the purpose")]
    pub(crate) fn of<Q: Hash + ?Sized>(hasher: &impl BuildHasher, key: &Q) -> Self {
        if usize::BITS >= 64 {
            let hash = hasher.hash_one(key);
            // As in `hash32`, but for the rotation; below the half for the set come the next best bits.
            let product = (hash ^ (hash >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            Self { set: (product >> 32) as u32, tag: (product >> 24) as u8, print: (product >> 12) as u16 }
        } else {
            let hash = hash32(hasher, key);
            Self { set: hash, tag: hash as u8, print: (hash >> 8) as u16 }
        }
    }

    /// The one of so many sets, less than 2^32.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "the result is less than `sets`")]
    pub(crate) fn index(self, sets: usize) -> usize {
        ((u64::from(self.set) * sets as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{DefaultHash, hash32};
    use core::hash::BuildHasher;

    #[test]
    fn a_seed_changes_the_hash() {
        assert_ne!(DefaultHash::new().hash_one(1_u32), DefaultHash::with_seed(1).hash_one(1_u32));
    }

    /// The most of 1024 keys that have one of so many parts of the hash.
    fn most_in_one<const PARTS: usize>(keys: impl Fn(u64) -> u64, part: impl Fn(u32) -> usize) -> usize {
        let mut loads = [0; PARTS];
        for key in 0..1024 {
            loads[part(hash32(&DefaultHash::new(), &keys(key)))] += 1;
        }
        loads.into_iter().max().unwrap_or(0)
    }

    /// In the bits that chunks go by, inline and on the heap, and in the uppermost, which are the tag. Keys that are anyhow: neighbours,
    /// strides (the hours of a year, rows of a hundred bytes), and such as have something in their upper bits alone (pages, floats).
    #[test]
    fn keys_spread_over_all_parts_of_the_hash() {
        let assert_spread = |name: &str, of: u64, keys: &dyn Fn(u64) -> u64| {
            let inline = most_in_one::<128>(keys, |hash| (hash.rotate_left(14) >> 25) as usize);
            let chunks = most_in_one::<128>(keys, |hash| (hash >> 4 & 0x7F) as usize);
            let tags = most_in_one::<256>(keys, |hash| (hash >> 24) as usize);
            // Eight, eight and four in the mean. By chance there is none of more than twenty-five.
            assert!(inline < 26 && chunks < 26 && tags < 20, "{name} {of}: {inline}, {chunks}, {tags}");
        };
        for stride in [1, 3, 25, 60, 75, 100, 225, 300, 900, 3600, 4096, 65_537, 1 << 20] {
            assert_spread("stride", stride, &|key| 1_700_000_000 / stride * stride + key * stride);
        }
        for shift in [8, 12, 16, 24, 32, 40, 44, 48, 52, 54] {
            assert_spread("shift", shift, &|key| key << shift);
        }
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        assert_spread("floats", 0, &|key| (key as f64).to_bits());
    }
}
