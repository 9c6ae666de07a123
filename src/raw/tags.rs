//! A byte of each entry's hash, so that most entries with another key need not be looked at.
//!
//! The bytes are lanes of whole words, see [`lane_word`](super::lane_word). A lane is changed by the way's claimer alone.
//!
//! All accesses are relaxed. Too old a tag is not read of a live way, since the publish released it. Too new a tag is that of a
//! claimer, which is overwriting the entry: who misses the old one by it misses one that can't be read any more.

use super::lane_word::LaneWord;
use super::lanes;
use super::mask::Mask;
use super::width::{Blank, Width};

/// The tags of a set.
pub(super) struct Tags<W: Width>(W::Bytes);

impl<W: Width> Blank for Tags<W> {
    const BLANK: Self = Self(W::Bytes::BLANK);
}

impl<W: Width> Tags<W> {
    /// The ways with this tag, live or not.
    #[inline]
    pub(super) fn matching(&self, tag: u8) -> Mask {
        Mask::of_bits(match self.0.as_ref() {
            [word] => lanes::in_word(word.load(), tag),
            words => match words.first_chunk() {
                Some(two) => LaneWord::matches_in_two(two, tag),
                None => unreachable!("a set has one word of tags, or two"),
            },
        })
    }

    /// Gives the way its tag. Only for its claimer.
    #[inline]
    pub(super) fn set(&self, way: usize, tag: u8) {
        LaneWord::store(self.0.as_ref(), way, tag);
    }
}

#[cfg(test)]
mod tests {
    use super::super::width::{Blank, Ways, Width};
    use super::{Mask, Tags};

    fn told_apart<const N: usize>(changes: impl IntoIterator<Item = usize>)
    where
        Ways<N>: Width,
    {
        let tags = Tags::<Ways<N>>::BLANK;
        assert_eq!(tags.matching(0), Mask::first_ways(N));
        let mut expected = [0_u8; N];
        for (round, way) in changes.into_iter().enumerate() {
            expected[way] = 0xFF - u8::try_from(round).expect("a few rounds");
            tags.set(way, expected[way]);
            for tag in 0..=u8::MAX {
                let ways = (0..N).filter(|&way| expected[way] == tag).map(Mask::one);
                let ways = ways.fold(Mask::NONE, Mask::or);
                assert_eq!(tags.matching(tag), ways, "tag {tag} after round {round}");
            }
        }
    }

    #[test]
    fn a_tag_is_that_of_its_way_and_of_no_other() {
        told_apart::<8>([3, 0, 7, 3, 5, 1, 6, 2, 4, 0]);
        told_apart::<16>([8, 7, 15, 0, 3, 12, 8, 1, 2, 4, 5, 6, 9, 10, 11, 13, 14, 0]);
    }
}
