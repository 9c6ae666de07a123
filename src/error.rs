//! What an operation says when it could not be done now. Whatever was put in comes back out.

use core::error::Error;
use core::fmt::{self, Write};

/// All slots of a pool or a tracker are in use. What was to go in comes back.
///
/// Judged while others work: N users of N slots that all let go and take again at once can see it for a moment, and so
/// can one whose object is just being reset or dropped by another. Trying again is right where that can happen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Exhausted<T = ()> {
    value: T,
    capacity: usize,
}

impl<T> Exhausted<T> {
    pub(crate) const fn new(value: T, capacity: usize) -> Self {
        Self { value, capacity }
    }

    /// What was to go in.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// How many slots there are.
    pub const fn capacity(&self) -> usize {
        self.capacity
    }
}

impl<T> fmt::Debug for Exhausted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exhausted").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Exhausted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.capacity {
            1 => write!(f, "exhausted: the only slot is in use"),
            slots => write!(f, "exhausted: all of the {slots} slots are in use"),
        }
    }
}

impl<T> Error for Exhausted<T> {}

/// An entry that a cache did not take. It comes back.
///
/// Every slot that it could have had was in use at that moment (pinned by a reference that somebody holds, or being written), the
/// cache has no capacity, or others stored in the same few slots so often that it never was its turn. What was stored under the key
/// before is still there, unless the new entry was already written in its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rejected<K, V> {
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
}

impl<K, V> fmt::Debug for Rejected<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for Rejected<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cache did not take the entry: every slot for its key is in use")
    }
}

impl<K, V> Error for Rejected<K, V> {}

/// A capacity that can't be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CapacityError {
    /// More than the structure can number.
    TooLarge {
        /// What was asked for.
        asked: usize,
        /// The most there can be.
        most: usize,
    },
    /// The allocator had no memory for it.
    OutOfMemory {
        /// What was asked for.
        asked: usize,
    },
    /// The memory that was handed over does not hold the least there can be.
    TooSmall {
        /// How many bytes it has.
        bytes: usize,
        /// How many it takes, where it begins at a multiple of the alignment.
        least: usize,
    },
}

impl fmt::Display for CapacityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { asked, most } => write!(f, "a capacity of {asked} is too large: at most {most}"),
            Self::OutOfMemory { asked } => write!(f, "out of memory for a capacity of {asked}"),
            Self::TooSmall { bytes, least } => {
                write!(f, "{bytes} bytes are too small: it takes {least}, and what it takes to align them")
            }
        }
    }
}

impl Error for CapacityError {}

/// What is wrong with a name that was given to a registry or a manager, or asked of it.
///
/// `N` is the name: borrowed by those that borrow names, owned by those that own them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NameError<N> {
    /// The name.
    pub name: N,
    /// What is wrong with it.
    pub problem: NameProblem,
}

impl<N> NameError<N> {
    /// This is wrong with that name.
    pub const fn new(name: N, problem: NameProblem) -> Self {
        Self { name, problem }
    }

    /// The same of the name in another form: one that is owned, for one.
    ///
    /// ```
    /// use larder::{NameError, NameProblem};
    ///
    /// let error = NameError::new("users", NameProblem::Unknown);
    /// let owned: NameError<String> = error.map_name(String::from);
    /// assert_eq!(owned.to_string(), "there is no \"users\"");
    /// ```
    pub fn map_name<M>(self, map: impl FnOnce(N) -> M) -> NameError<M> {
        NameError { name: map(self.name), problem: self.problem }
    }
}

impl<N: fmt::Display> fmt::Display for NameError<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Quoted(&self.name);
        match self.problem {
            NameProblem::Taken => write!(f, "{name} is taken"),
            NameProblem::Unknown => write!(f, "there is no {name}"),
            NameProblem::OtherType { is, asked } => {
                write!(f, "{name} is of type {} and not of type {}", Short(is), Short(asked))
            }
            NameProblem::OtherKind { is, asked } => {
                write!(f, "{name} is of the kind \"{is}\" and not \"{asked}\"")
            }
            NameProblem::NotCounted => write!(f, "{name} does not count: its recorder is off"),
            NameProblem::NoCapacity => write!(f, "{name} can't have a capacity of 0"),
            NameProblem::NoRoom { capacity } => match capacity {
                0 => write!(f, "no room for the name {name}: there is room for none"),
                1 => write!(f, "no room for the name {name}: the only place is taken"),
                places => write!(f, "no room for the name {name}: all {places} places are taken"),
            },
            NameProblem::Capacity(error) => write!(f, "{name}: {error}"),
        }
    }
}

impl<N: fmt::Debug + fmt::Display> Error for NameError<N> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            NameProblem::Capacity(error) => Some(error),
            _ => None,
        }
    }
}

/// What can be wrong with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NameProblem {
    /// Another part has it.
    Taken,
    /// No part has it.
    Unknown,
    /// The part is of another type than the one that was asked for.
    OtherType {
        /// The name of its type.
        is: &'static str,
        /// The name of the one that was asked for.
        asked: &'static str,
    },
    /// The part is of another kind: a pool and not a cache, or another cache.
    OtherKind {
        /// The kind that it is of, in one word.
        is: &'static str,
        /// The kind that was asked for.
        asked: &'static str,
    },
    /// The part has no counts: its recorder is [`Off`](crate::stats::Off).
    NotCounted,
    /// A capacity of 0 was asked for.
    NoCapacity,
    /// There are as many names as there can be.
    NoRoom {
        /// How many that are.
        capacity: usize,
    },
    /// The capacity that was asked for can't be had.
    Capacity(CapacityError),
}

/// The name of a type without the modules that it is in.
struct Short(&'static str);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let belongs = |character: char| character.is_alphanumeric() || matches!(character, '_' | ':');
        let mut rest = self.0;
        while !rest.is_empty() {
            let end = rest.find(|character| !belongs(character)).unwrap_or(rest.len());
            let (path, behind) = rest.split_at(end);
            f.write_str(path.rsplit("::").next().unwrap_or(path))?;
            let next = behind.find(belongs).unwrap_or(behind.len());
            f.write_str(&behind[..next])?;
            rest = &behind[next..];
        }
        Ok(())
    }
}

/// Something in quotes, so that it ends where it seems to and stays on its line.
struct Quoted<'a, T>(&'a T);

impl<T: fmt::Display> fmt::Display for Quoted<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        write!(Escaped(f), "{}", self.0)?;
        f.write_char('"')
    }
}

/// Escapes what is written, as the `Debug` of text does.
struct Escaped<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|character| match character {
            '\'' => self.0.write_char(character),
            _ => write!(self.0, "{}", character.escape_debug()),
        })
    }
}
