//! Ways of a set, as bits.

/// Some of the ways of a set: bit `i` is way `i`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mask(u32);

impl Mask {
    pub(crate) const NONE: Self = Self(0);

    #[inline]
    pub(crate) const fn of_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The ways below `count`, which is less than 32.
    #[inline]
    pub(crate) const fn first_ways(count: usize) -> Self {
        Self((1 << count) - 1)
    }

    #[inline]
    pub(crate) const fn one(way: usize) -> Self {
        Self(1 << way)
    }

    #[inline]
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    #[inline]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    #[inline]
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline]
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    #[inline]
    pub(crate) const fn contains(self, way: usize) -> bool {
        self.0 >> way & 1 != 0
    }

    #[inline]
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[inline]
    pub(crate) const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The lowest of them.
    #[inline]
    pub(crate) const fn first(self) -> Option<usize> {
        if self.is_empty() { None } else { Some(self.0.trailing_zeros() as usize) }
    }
}

/// From the lowest to the highest.
#[allow(clippy::copy_iterator, reason = "a mask is as often part of an expression as it is gone through")]
impl Iterator for Mask {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let way = self.first()?;
        self.0 &= self.0 - 1;
        Some(way)
    }
}
