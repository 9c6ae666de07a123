//! What `memoize!` makes of arguments and of results.

#![allow(missing_docs, clippy::missing_errors_doc, reason = "only the macro uses it")]

use crate::key::{Equivalent, ToKey};
use core::convert::Infallible;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

/// How many results a function keeps if it does not say. As many as there are of a function that is called with people's input, and few enough
/// not to be noticed: some ten kilobytes of numbers.
pub const DEFAULT_CAPACITY: usize = 1_000;

/// An argument. A method of its own for references hides that of the trait, which is for all.
#[derive(Debug)]
pub struct Arg<'a, T>(pub &'a T);

impl<'r, T: ?Sized> Arg<'_, &'r T> {
    pub fn get(self) -> &'r T {
        self.0
    }
}

/// Arguments that are no references.
pub trait ByValue<'a> {
    type Argument;
    fn get(self) -> &'a Self::Argument;
}

impl<'a, T> ByValue<'a> for Arg<'a, T> {
    type Argument = T;

    fn get(self) -> &'a T {
        self.0
    }
}

/// All arguments: what is looked up before a key is made of them. It hashes as the key does.
#[derive(Debug)]
pub struct Args<T>(pub T);

/// One argument is the key itself.
impl<A: Hash + ?Sized> Hash for Args<(&A,)> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.0.hash(state);
    }
}

impl<K, A: Equivalent<K> + ?Sized> Equivalent<K> for Args<(&A,)> {
    fn equivalent(&self, key: &K) -> bool {
        self.0.0.equivalent(key)
    }
}

impl<A: ToKey + ?Sized> Args<(&A,)> {
    pub fn to_key(&self) -> A::Key {
        self.0.0.to_key()
    }
}

/// None, or several: their tuple.
macro_rules! tuples {
    ($(($($argument:ident $key:ident $at:tt),*))*) => {
        $(
            #[allow(clippy::unused_unit, unused_variables, reason = "of nothing")]
            impl<$($argument: Hash + ?Sized),*> Hash for Args<($(&$argument,)*)> {
                fn hash<Ha: Hasher>(&self, state: &mut Ha) {
                    $(self.0.$at.hash(state);)*
                }
            }

            #[allow(unused_variables, reason = "of nothing")]
            impl<$($key, $argument: Equivalent<$key> + ?Sized),*> Equivalent<($($key,)*)> for Args<($(&$argument,)*)> {
                fn equivalent(&self, key: &($($key,)*)) -> bool {
                    true $(&& self.0.$at.equivalent(&key.$at))*
                }
            }

            impl<$($argument: ToKey + ?Sized),*> Args<($(&$argument,)*)> {
                #[allow(clippy::unused_unit, clippy::unused_self, reason = "of nothing")]
                pub fn to_key(&self) -> ($($argument::Key,)*) {
                    ($(self.0.$at.to_key(),)*)
                }
            }
        )*
    };
}

tuples! {
    ()
    (A Ka 0, B Kb 1)
    (A Ka 0, B Kb 1, C Kc 2)
    (A Ka 0, B Kb 1, C Kc 2, D Kd 3)
    (A Ka 0, B Kb 1, C Kc 2, D Kd 3, E Ke 4)
    (A Ka 0, B Kb 1, C Kc 2, D Kd 3, E Ke 4, F Kf 5)
    (A Ka 0, B Kb 1, C Kc 2, D Kd 3, E Ke 4, F Kf 5, G Kg 6)
    (A Ka 0, B Kb 1, C Kc 2, D Kd 3, E Ke 4, F Kf 5, G Kg 6, H Kh 7)
}

/// What a function gives, taken apart into what is kept and what is not, and put together again. The functions of its own for a
/// `Result`, whatever name the type was written by, hide those of the trait [`Whole`], which are for all types.
#[derive(Debug)]
pub struct Outcome<R>(PhantomData<R>);

impl<T, E> Outcome<Result<T, E>> {
    pub fn split(result: Result<T, E>) -> Result<T, E> {
        result
    }

    pub fn join(result: Result<T, E>) -> Result<T, E> {
        result
    }
}

/// What is kept whole.
pub trait Whole<R> {
    fn split(result: R) -> Result<R, Infallible> {
        Ok(result)
    }

    fn join(result: Result<R, Infallible>) -> R {
        let Ok(result) = result;
        result
    }
}

impl<R> Whole<R> for Outcome<R> {}

/// `keep_errors`.
#[derive(Debug)]
pub struct Everything<R>(PhantomData<R>);

impl<R> Whole<R> for Everything<R> {}

/// What `None` is taken apart into.
#[derive(Debug)]
pub struct Nothing;

/// `only_some`.
#[derive(Debug)]
pub struct OnlySome<R>(PhantomData<R>);

impl<T> OnlySome<Option<T>> {
    pub fn split(result: Option<T>) -> Result<T, Nothing> {
        result.ok_or(Nothing)
    }

    pub fn join(result: Result<T, Nothing>) -> Option<T> {
        result.ok()
    }
}
