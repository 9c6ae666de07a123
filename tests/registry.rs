//! Names for pools, caches and trackers, without a heap.

#![cfg(not(any(larder_loom, larder_step)))]

use larder::{CapacityError, NameError, NameProblem};
use std::error::Error;

#[test]
fn an_error_says_which_name_and_what() {
    let cases = [
        (NameProblem::Taken, r#""users" is taken"#),
        (NameProblem::Unknown, r#"there is no "users""#),
        (NameProblem::OtherType { is: "A", asked: "B" }, r#""users" is a A and not a B"#),
        (
            NameProblem::OtherKind { is: "pool", asked: "cache" },
            r#""users" is of the kind "pool" and not "cache""#,
        ),
        (NameProblem::NotCounted, r#""users" does not count: its recorder is off"#),
        (NameProblem::NoCapacity, r#""users" can't have a capacity of 0"#),
        (NameProblem::NoRoom { capacity: 0 }, r#"no room for the name "users": there is room for none"#),
        (NameProblem::NoRoom { capacity: 1 }, r#"no room for the name "users": the only place is taken"#),
        (NameProblem::NoRoom { capacity: 8 }, r#"no room for the name "users": all 8 places are taken"#),
        (
            NameProblem::Capacity(CapacityError::TooLarge { asked: 9, most: 8 }),
            r#""users": a capacity of 9 is too large: at most 8"#,
        ),
    ];
    for (problem, message) in cases {
        let error = NameError::new("users", problem);
        assert_eq!(error.to_string(), message);
        assert_eq!(error.source().is_some(), matches!(problem, NameProblem::Capacity(_)));
        let owned = error.map_name(String::from);
        assert_eq!((owned.to_string(), owned.problem), (message.to_owned(), problem));
    }
}

#[test]
fn names_are_escaped_as_text_is() {
    for name in ["", "\"", "it's", "a\nb", "\\", "\u{1b}[31m", "\u{301}e", "caché", "\u{202e}"] {
        let error = NameError::new(name, NameProblem::Taken);
        assert_eq!(error.to_string(), format!("{name:?} is taken"));
    }
}
