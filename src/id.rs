//! Names of things that come and go.

use core::error::Error;
use core::fmt;
use core::num::NonZeroU32;
use core::str::FromStr;

/// The name of a tracked resource: a slot, and which of all that were ever in that slot.
///
/// Eight bytes, as an `Option` too. It is printed as `3v7` (slot 3, version 7) and read from that, and goes through a `u64` and
/// back. A name is never given twice by one tracker: a slot that has run out of versions is not used again. What another tracker
/// makes of it is something else, or nothing.
///
/// ```
/// use larder::tracker::Id;
///
/// let id: Id = "3v7".parse()?;
/// assert_eq!((id.index(), id.version().get()), (3, 7));
/// assert_eq!(id.to_string(), "3v7");
/// assert_eq!(Id::from_bits(id.to_bits()), Some(id));
/// assert_eq!(size_of::<Option<Id>>(), 8);
/// # Ok::<(), larder::tracker::ParseIdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    index: u32,
    version: NonZeroU32,
}

impl Id {
    #[inline]
    pub(crate) const fn new(index: u32, version: NonZeroU32) -> Self {
        Self { index, version }
    }

    /// The slot.
    #[inline]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// Which of all that were ever in the slot: counted from 1.
    #[inline]
    pub const fn version(self) -> NonZeroU32 {
        self.version
    }

    /// As one number, never 0: the version in the upper half, the slot in the lower one.
    #[inline]
    pub const fn to_bits(self) -> u64 {
        (self.version.get() as u64) << 32 | self.index as u64
    }

    /// Of what [`to_bits`](Self::to_bits) gave; none if it can't be that.
    #[inline]
    pub const fn from_bits(bits: u64) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "to take halves is the purpose")]
        match NonZeroU32::new((bits >> 32) as u32) {
            Some(version) => Some(Self { index: bits as u32, version }),
            None => None,
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}v{}", self.index, self.version)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let (index, version) = text.split_once('v').ok_or(ParseIdError(()))?;
        Ok(Self {
            index: decimal(index)?,
            version: NonZeroU32::new(decimal(version)?).ok_or(ParseIdError(()))?,
        })
    }
}

/// A number as it is printed: digits alone, and no sign, which `u32` would take.
fn decimal(text: &str) -> Result<u32, ParseIdError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseIdError(()));
    }
    text.parse().map_err(|_| ParseIdError(()))
}

impl From<Id> for u64 {
    fn from(id: Id) -> Self {
        id.to_bits()
    }
}

impl TryFrom<u64> for Id {
    type Error = ParseIdError;

    fn try_from(bits: u64) -> Result<Self, ParseIdError> {
        Self::from_bits(bits).ok_or(ParseIdError(()))
    }
}

/// This is not an [`Id`]: neither text like `3v7` nor a number that one was turned into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParseIdError(());

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id: it looks like 3v7, with a version from 1 to 4294967295")
    }
}

impl Error for ParseIdError {}
