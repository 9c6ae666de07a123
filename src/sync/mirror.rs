//! The mirror of the backends without a checker: nothing.

use super::pieces::Piece;

/// See [`pieces`](super::pieces).
#[derive(Debug)]
pub(crate) struct Mirror;

#[allow(clippy::unused_self, reason = "a checker's has something in it")]
impl Mirror {
    pub(crate) const fn new() -> Self {
        Self
    }

    /// Reads piece `at` of the data.
    #[inline]
    pub(crate) fn load<P: Piece>(&self, _at: usize, piece: &P) -> P::Value {
        piece.load()
    }

    /// Writes piece `at` of the data.
    #[inline]
    pub(crate) fn store<P: Piece>(&self, _at: usize, piece: &P, value: P::Value) {
        piece.store(value);
    }

    /// A checker's objects are made when they are first looked at.
    #[inline]
    pub(crate) fn show(&self) {}
}
