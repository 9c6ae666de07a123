//! `memoize!`: functions that remember what they have computed.

/// Makes a function remember its results: `memoize! { options; fn ... }`.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use core::time::Duration;
/// use larder::memoize;
///
/// memoize! {
///     /// The n-th Fibonacci number.
///     pub fn fibonacci(n: u32) -> u64 {
///         if n < 2 { n.into() } else { fibonacci(n - 1) + fibonacci(n - 2) }
///     }
/// }
///
/// memoize! {
///     capacity = 100, ttl = Duration::from_secs(60);
///     fn length(file: &str, unit: u64) -> std::io::Result<u64> {
///         Ok(std::fs::metadata(file)?.len() / unit)
///     }
/// }
///
/// assert_eq!(fibonacci(90), 2_880_067_194_370_816_120);
/// assert!(length("no such file", 1).is_err()); // not kept: the next call looks again
/// # }
/// ```
///
/// The function stays what it was for those who call it: its name, arguments, generics and attributes are its own. It must be one whose
/// result depends on what its key is made of, and on nothing else that matters.
///
/// # Options
///
/// They stand first, separated by commas, and end with a semicolon.
///
/// | option | what it says |
/// |---|---|
/// | `capacity = 100` | how many results there are at most; 1000 if it is not said |
/// | `ttl = Duration::from_secs(60)` | how long a result holds; as long as there is room if it is not said |
/// | `clock = &CLOCK` | by which clock; [`StdClock`](crate::time::StdClock) if it is not said |
/// | `key = (a, b.id)` | what a result is of; all arguments if it is not said |
/// | `memo = RESULTS` | the [`Memo`](crate::memo::Memo) that keeps them, in a `static` or a field: instead of `capacity`, `ttl` and `clock` |
/// | `keep_errors` | errors are kept as results are |
/// | `only_some` | of an `Option`, `None` is not kept |
///
/// **Where results are.** With `std` the function has a memo to itself, one for each set of types that it is called with if it
/// is generic, on the heap, made at the first call, with [single flight](crate::memo::Memo::with_single_flight): callers that miss one
/// result at the same time compute it once. To forget results, or to have a memo in each object, or without `std`, say `memo`: what its
/// callers do is then as that memo was made. Without `std` nobody waits: callers that miss one result at the same time each compute it.
///
/// ```
/// use larder::cache::StaticCache;
/// use larder::memo::{Memo, StaticMemo};
/// use larder::memoize;
///
/// static SQUARES: StaticMemo<u32, u32, 4, 8> = Memo::new(StaticCache::new());
///
/// memoize! {
///     memo = SQUARES;
///     fn square(n: u32) -> u32 { n * n }
/// }
///
/// assert_eq!(square(12), 144);
/// assert_eq!(SQUARES.get(&12), Some(144));
/// SQUARES.clear();
/// ```
///
/// **Keys.** The arguments make the key: one argument itself, several as a tuple, `&self` first if there is one. A known result is found
/// by a look at the arguments as they are; only for an unknown one they are cloned, those that are references into what owns such a thing: a
/// `&str` into a `String`, a slice into a `Vec`. So they are [`Hash`], [`Eq`] and [`Clone`]. Otherwise, or if something
/// does not matter, say `key`, an expression over the arguments.
///
/// **Results** are cloned for each caller. Of a `Result`, by whatever name, only what is in `Ok` is kept, and the error need not
/// be `Clone`. (A generic function whose result is of a type parameter keeps it whole.)
///
/// ```
/// # #[cfg(feature = "std")] {
/// use larder::cache::HeapCache;
/// use larder::memo::{Memo, SingleFlight};
/// use larder::memoize;
///
/// struct Prices {
///     discount: u32,
///     known: Memo<HeapCache<(String, u32), u32>, SingleFlight>,
/// }
///
/// impl Prices {
///     memoize! {
///         memo = self.known, key = (item.to_owned(), count);
///         fn price(&self, item: &str, count: u32) -> u32 {
///             item.len() as u32 * count * (100 - self.discount) / 100
///         }
///     }
/// }
///
/// let prices = Prices { discount: 10, known: Memo::with_single_flight(HeapCache::with_capacity(100)) };
/// assert_eq!(prices.price("apple", 4), 18);
/// assert_eq!(prices.known.get(&("apple".to_owned(), 4)), Some(18));
/// # }
/// ```
///
/// # What it does not take
///
/// `async`, `const` and `unsafe` functions, `&mut self`, arguments that are patterns other than a name, and results that borrow.
/// What is said without `memo` and has type parameters needs them to be `'static`.
#[macro_export]
macro_rules! memoize {
    // What was said, as a list in a fixed order: capacity, ttl, clock, key, keep, memo.
    (@options [] $options:tt { $($function:tt)* }) => {
        $crate::memoize!(@function $options $($function)*);
    };
    (@options [(capacity $v:expr) $($rest:tt)*] [$c:tt $t:tt $clock:tt $k:tt $keep:tt $memo:tt] $f:tt) => {
        $crate::memoize!(@options [$($rest)*] [[$v] $t $clock $k $keep $memo] $f);
    };
    (@options [(ttl $v:expr) $($rest:tt)*] [$c:tt $t:tt $clock:tt $k:tt $keep:tt $memo:tt] $f:tt) => {
        $crate::memoize!(@options [$($rest)*] [$c [$v] $clock $k $keep $memo] $f);
    };
    (@options [(clock $v:expr) $($rest:tt)*] [$c:tt $t:tt $clock:tt $k:tt $keep:tt $memo:tt] $f:tt) => {
        $crate::memoize!(@options [$($rest)*] [$c $t [$v] $k $keep $memo] $f);
    };
    (@options [(key $v:expr) $($rest:tt)*] [$c:tt $t:tt $clock:tt $k:tt $keep:tt $memo:tt] $f:tt) => {
        $crate::memoize!(@options [$($rest)*] [$c $t $clock [$v] $keep $memo] $f);
    };
    (@options [(memo $v:expr) $($rest:tt)*] [$c:tt $t:tt $clock:tt $k:tt $keep:tt $memo:tt] $f:tt) => {
        $crate::memoize!(@options [$($rest)*] [$c $t $clock $k $keep [$v]] $f);
    };
    (@options [(keep_errors) $($rest:tt)*] [$c:tt $t:tt $clock:tt $k:tt $keep:tt $memo:tt] $f:tt) => {
        $crate::memoize!(@options [$($rest)*] [$c $t $clock $k Everything $memo] $f);
    };
    (@options [(only_some) $($rest:tt)*] [$c:tt $t:tt $clock:tt $k:tt $keep:tt $memo:tt] $f:tt) => {
        $crate::memoize!(@options [$($rest)*] [$c $t $clock $k OnlySome $memo] $f);
    };
    (@options [($name:ident $($v:expr)?) $($rest:tt)*] $options:tt $f:tt) => {
        ::core::compile_error!(::core::concat!(
            "`memoize!` does not know `", ::core::stringify!($name),
            "`: it takes `capacity`, `ttl`, `clock`, `key` and `memo`, each with `= ...`, `keep_errors` and `only_some`"
        ));
    };

    // The function's head, up to its arguments.
    (@function $o:tt $(#[$attribute:meta])* $vis:vis fn $name:ident < $($rest:tt)*) => {
        $crate::memoize!(@generics $o [$(#[$attribute])* $vis fn $name <] [<] $($rest)*);
    };
    (@function $o:tt $(#[$attribute:meta])* $vis:vis fn $name:ident $args:tt $($rest:tt)*) => {
        $crate::memoize!(@result $o [$(#[$attribute])* $vis fn $name] $args $($rest)*);
    };
    (@function $($other:tt)*) => {
        ::core::compile_error!("`memoize!` takes one `fn`, after options that end with a semicolon");
    };
    // A bracket that is open for each that has not come back.
    (@generics $o:tt [$($head:tt)*] [<] > $args:tt $($rest:tt)*) => {
        $crate::memoize!(@result $o [$($head)* >] $args $($rest)*);
    };
    (@generics $o:tt [$($head:tt)*] [< <] >> $args:tt $($rest:tt)*) => {
        $crate::memoize!(@result $o [$($head)* >>] $args $($rest)*);
    };
    (@generics $o:tt [$($head:tt)*] [$($open:tt)*] < $($rest:tt)*) => {
        $crate::memoize!(@generics $o [$($head)* <] [$($open)* <] $($rest)*);
    };
    (@generics $o:tt [$($head:tt)*] [< $($open:tt)*] > $($rest:tt)*) => {
        $crate::memoize!(@generics $o [$($head)* >] [$($open)*] $($rest)*);
    };
    (@generics $o:tt [$($head:tt)*] [< < $($open:tt)*] >> $($rest:tt)*) => {
        $crate::memoize!(@generics $o [$($head)* >>] [$($open)*] $($rest)*);
    };
    (@generics $o:tt [$($head:tt)*] $open:tt $token:tt $($rest:tt)*) => {
        $crate::memoize!(@generics $o [$($head)* $token] $open $($rest)*);
    };

    // What it gives, and the bounds.
    (@result $o:tt $head:tt $args:tt -> $ret:ty where $($rest:tt)*) => {
        $crate::memoize!(@bounds $o $head $args [$ret] [where] $($rest)*);
    };
    (@result $o:tt $head:tt $args:tt -> $ret:ty { $($body:tt)* }) => {
        $crate::memoize!(@bounds $o $head $args [$ret] [] { $($body)* });
    };
    (@result $o:tt $head:tt $args:tt where $($rest:tt)*) => {
        $crate::memoize!(@bounds $o $head $args [()] [where] $($rest)*);
    };
    (@result $o:tt $head:tt $args:tt { $($body:tt)* }) => {
        $crate::memoize!(@bounds $o $head $args [()] [] { $($body)* });
    };
    (@bounds $o:tt $head:tt ($($args:tt)*) $ret:tt $bounds:tt { $($body:tt)* }) => {
        $crate::memoize!(@names ($($args)*) [] { $o $head ($($args)*) $ret $bounds { $($body)* } });
    };
    (@bounds $o:tt $head:tt $args:tt $ret:tt [$($bounds:tt)*] $token:tt $($rest:tt)*) => {
        $crate::memoize!(@bounds $o $head $args $ret [$($bounds)* $token] $($rest)*);
    };

    // The names of the arguments.
    (@names () $names:tt { $o:tt $($function:tt)* }) => {
        $crate::memoize!(@emit $o $names $($function)*);
    };
    (@names (& $me:ident $(, $($rest:tt)*)?) [] $f:tt) => {
        $crate::memoize!(@names ($($($rest)*)?) [$me] $f);
    };
    (@names (& $life:lifetime $me:ident $(, $($rest:tt)*)?) [] $f:tt) => {
        $crate::memoize!(@names ($($($rest)*)?) [$me] $f);
    };
    (@names ($me:ident $(, $($rest:tt)*)?) [] $f:tt) => {
        $crate::memoize!(@names ($($($rest)*)?) [$me] $f);
    };
    (@names (mut $name:ident : $type:ty $(, $($rest:tt)*)?) [$($names:tt)*] $f:tt) => {
        $crate::memoize!(@names ($($($rest)*)?) [$($names)* $name] $f);
    };
    (@names ($name:ident : $type:ty $(, $($rest:tt)*)?) [$($names:tt)*] $f:tt) => {
        $crate::memoize!(@names ($($($rest)*)?) [$($names)* $name] $f);
    };
    (@names $args:tt $names:tt $f:tt) => {
        ::core::compile_error!("`memoize!` takes `&self` or `self`, and arguments that are a name and a type");
    };

    // The function.
    (@emit [$c:tt $t:tt $clock:tt [] $keep:ident $memo:tt] [$($names:tt)*]
        [$($head:tt)*] $args:tt [$ret:ty] [$($bounds:tt)*] { $($body:tt)* }
    ) => {
        $($head)* $args -> $ret $($bounds)* {
            #[allow(unused_imports)]
            use $crate::memo::macros::{ByValue as _, Whole as _};
            let memo = $crate::memoize!(@memo $memo $c $t $clock);
            let arguments = $crate::memo::macros::Args(($($crate::memo::macros::Arg(&$names).get(),)*));
            if let ::core::option::Option::Some(known) = memo.get(&arguments) {
                return <$crate::memo::macros::$keep<$ret>>::join(::core::result::Result::Ok(known));
            }
            let key = arguments.to_key();
            let compute = move || -> $ret { $($body)* };
            <$crate::memo::macros::$keep<$ret>>::join(
                memo.fill(key, move || <$crate::memo::macros::$keep<$ret>>::split(compute())),
            )
        }
    };
    (@emit [$c:tt $t:tt $clock:tt [$key:expr] $keep:ident $memo:tt] $names:tt
        [$($head:tt)*] $args:tt [$ret:ty] [$($bounds:tt)*] { $($body:tt)* }
    ) => {
        $($head)* $args -> $ret $($bounds)* {
            #[allow(unused_imports)]
            use $crate::memo::macros::Whole as _;
            let memo = $crate::memoize!(@memo $memo $c $t $clock);
            let key = $key;
            let compute = move || -> $ret { $($body)* };
            <$crate::memo::macros::$keep<$ret>>::join(
                memo.try_get_or_compute(key, move || <$crate::memo::macros::$keep<$ret>>::split(compute())),
            )
        }
    };
    (@memo [$memo:expr] [] [] []) => { &$memo };
    (@memo [$memo:expr] $($other:tt)*) => {
        ::core::compile_error!("`memoize!`: `capacity`, `ttl` and `clock` are said where the `memo` is made")
    };
    (@memo [] $($options:tt)*) => { $crate::__memo_of_its_own!($($options)*) };

    ($($name:ident $(= $value:expr)?),+ $(,)? ; $($function:tt)*) => {
        $crate::memoize!(@options [$(($name $($value)?))+] [[] [] [] [] Outcome []] { $($function)* });
    };
    ($($function:tt)*) => {
        $crate::memoize!(@options [] [[] [] [] [] Outcome []] { $($function)* });
    };
}

/// What a function can't be, and what can't be said of one.
///
/// ```compile_fail
/// larder::memoize! {
///     fn changes(&mut self, n: u32) -> u32 { n }
/// }
/// ```
///
/// ```compile_fail
/// larder::memoize! {
///     fn takes_apart((a, b): (u32, u32)) -> u32 { a + b }
/// }
/// ```
///
/// ```compile_fail
/// larder::memoize! {
///     capacities = 10;
///     fn unknown_option(n: u32) -> u32 { n }
/// }
/// ```
///
/// ```compile_fail
/// # use larder::{cache::StaticCache, memo::{Memo, StaticMemo}};
/// static MEMO: StaticMemo<u32, u32, 1, 8> = Memo::new(StaticCache::new());
///
/// larder::memoize! {
///     capacity = 10, memo = MEMO;
///     fn said_twice(n: u32) -> u32 { n }
/// }
/// ```
///
/// A result that borrows from an argument would outlive it:
///
/// ```compile_fail
/// larder::memoize! {
///     fn first(text: &str) -> &str { &text[..1] }
/// }
/// ```
///
/// The same, as it can be, compiles:
///
/// ```
/// # use larder::{cache::StaticCache, memo::{Memo, StaticMemo}};
/// static MEMO: StaticMemo<u32, u32, 1, 8> = Memo::new(StaticCache::new());
///
/// larder::memoize! {
///     memo = MEMO;
///     fn known(n: u32) -> u32 { n }
/// }
///
/// assert_eq!(known(1), 1);
/// ```
#[cfg(doctest)]
struct NotTaken;
