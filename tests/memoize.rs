//! `memoize!`: what functions it takes, and what of theirs it keeps.

#![cfg(not(any(larder_loom, larder_step)))]

use core::cell::Cell;
use larder::cache::StaticCache;
use larder::memo::{Memo, StaticMemo};
use larder::memoize;

thread_local! {
    /// How many computations there were in this test. (Each runs on a thread of its own.)
    static COMPUTED: Cell<u32> = const { Cell::new(0) };
}

fn compute<R>(result: R) -> R {
    COMPUTED.set(COMPUTED.get() + 1);
    result
}

fn computed() -> u32 {
    COMPUTED.get()
}

mod with_a_memo_that_is_given {
    use super::*;

    static SQUARES: StaticMemo<u32, u32, 1, 8> = Memo::new(StaticCache::new());

    memoize! {
        memo = SQUARES;
        fn square(n: u32) -> u32 {
            compute(n * n)
        }
    }

    #[test]
    fn a_result_is_computed_once() {
        assert_eq!((square(3), square(3), square(4)), (9, 9, 16));
        assert_eq!(computed(), 2);
        assert_eq!(SQUARES.get(&3), Some(9));
        SQUARES.remove(&3);
        assert_eq!((square(3), square(4)), (9, 16));
        assert_eq!(computed(), 3);
    }

    static SUMS: StaticMemo<(u8, u8, u16), u32, 1, 8> = Memo::new(StaticCache::new());

    memoize! {
        memo = SUMS;
        fn sum(a: u8, b: &u8, c: u16) -> u32 {
            compute(u32::from(a) + u32::from(*b) + u32::from(c))
        }
    }

    #[test]
    fn several_arguments_are_a_tuple() {
        assert_eq!((sum(1, &2, 3), sum(1, &2, 3), sum(1, &3, 2)), (6, 6, 6));
        assert_eq!(computed(), 2);
        assert_eq!(SUMS.get(&(1, 3, 2)), Some(6));
    }

    static ANSWER: StaticMemo<(), u32, 1, 8> = Memo::new(StaticCache::new());

    memoize! {
        memo = ANSWER;
        fn answer() -> u32 {
            compute(42)
        }
    }

    #[test]
    fn no_argument_is_a_key() {
        assert_eq!((answer(), answer()), (42, 42));
        assert_eq!(computed(), 1);
    }

    struct Shape {
        sides: u32,
        angles: StaticMemo<u32, u32, 1, 8>,
    }

    impl Shape {
        memoize! {
            memo = self.angles, key = size;
            /// Differs from shape to shape: each has its memo.
            fn angle(&self, size: u32) -> u32 {
                compute(180 * (self.sides - 2) / self.sides * size)
            }
        }
    }

    #[test]
    fn objects_have_theirs() {
        let new = |sides| Shape { sides, angles: Memo::new(StaticCache::new()) };
        let (triangle, square) = (new(3), new(4));
        for _ in 0..2 {
            assert_eq!((triangle.angle(1), square.angle(1)), (60, 90));
        }
        assert_eq!(computed(), 2);
    }

    static HALVES: StaticMemo<u32, u32, 1, 8> = Memo::new(StaticCache::new());

    memoize! {
        memo = HALVES;
        fn half(n: u32) -> Result<u32, &'static str> {
            compute(if n.is_multiple_of(2) { Ok(n / 2) } else { Err("odd") })
        }
    }

    #[test]
    fn errors_are_not_kept() {
        assert_eq!((half(4), half(4), half(3), half(3)), (Ok(2), Ok(2), Err("odd"), Err("odd")));
        assert_eq!(computed(), 3);
    }

    static ALL_HALVES: StaticMemo<u32, Result<u32, &'static str>, 1, 8> = Memo::new(StaticCache::new());

    memoize! {
        memo = ALL_HALVES, keep_errors;
        fn half_or_known_to_be_odd(n: u32) -> Result<u32, &'static str> {
            compute(if n.is_multiple_of(2) { Ok(n / 2) } else { Err("odd") })
        }
    }

    #[test]
    fn errors_are_kept_on_request() {
        assert_eq!((half_or_known_to_be_odd(3), half_or_known_to_be_odd(3)), (Err("odd"), Err("odd")));
        assert_eq!(computed(), 1);
    }

    static ROOTS: StaticMemo<u32, u32, 1, 8> = Memo::new(StaticCache::new());

    memoize! {
        memo = ROOTS, only_some;
        fn root(n: u32) -> Option<u32> {
            let root = n.isqrt();
            compute((root * root == n).then_some(root))
        }
    }

    #[test]
    fn nothing_is_not_kept_on_request() {
        assert_eq!((root(4), root(4), root(5), root(5)), (Some(2), Some(2), None, None));
        assert_eq!(computed(), 3);
    }
}

#[cfg(feature = "std")]
mod with_a_memo_of_its_own {
    use super::*;
    use core::fmt::Display;
    use core::hash::Hash;
    use core::sync::atomic::{AtomicU32, Ordering};
    use core::time::Duration;
    use larder::time::ManualClock;
    use std::path::Path;

    memoize! {
        fn fibonacci(n: u32) -> u64 {
            compute(if n < 2 { n.into() } else { fibonacci(n - 1) + fibonacci(n - 2) })
        }
    }

    #[test]
    fn it_may_call_itself() {
        assert_eq!(fibonacci(80), 23_416_728_348_467_685);
        assert_eq!(computed(), 81);
    }

    memoize! {
        capacity = 64;
        /// Documented, and public.
        #[inline(never)]
        #[must_use]
        pub(crate) fn slow(key: u32) -> u32 {
            SLOW_CALLS.fetch_add(1, Ordering::SeqCst);
            while ARRIVED.load(Ordering::SeqCst) < 64 {
                std::thread::yield_now();
            }
            key * 10
        }
    }

    static SLOW_CALLS: AtomicU32 = AtomicU32::new(0);
    static ARRIVED: AtomicU32 = AtomicU32::new(0);

    #[test]
    fn sixty_four_threads_compute_eight_results_eight_times() {
        std::thread::scope(|scope| {
            for number in 0..64 {
                scope.spawn(move || {
                    ARRIVED.fetch_add(1, Ordering::SeqCst);
                    for turn in 0..8 {
                        let key = (number + turn) % 8;
                        assert_eq!(slow(key), key * 10);
                    }
                });
            }
        });
        assert_eq!(SLOW_CALLS.load(Ordering::SeqCst), 8);
    }

    memoize! {
        fn length(text: &str, more: &[u8], unit: usize) -> usize {
            compute((text.len() + more.len()) / unit)
        }
    }

    #[test]
    fn arguments_may_be_borrowed() {
        for _ in 0..2 {
            let (text, more) = (String::from("four"), vec![1, 2]);
            assert_eq!(length(&text, &more, 2), 3);
            assert_eq!(length(&text[..2], &more, 2), 2);
        }
        assert_eq!(computed(), 2);
    }

    memoize! {
        fn depth<'a>(path: &'a Path, _also: &'a str) -> usize {
            compute(path.components().count())
        }
    }

    #[test]
    fn arguments_may_have_lifetimes() {
        assert_eq!((depth(Path::new("a/b"), ""), depth(Path::new("a/b"), "")), (2, 2));
        assert_eq!(computed(), 1);
    }

    memoize! {
        fn consumes(mut list: Vec<u32>, mut more: u32) -> u32 {
            more += 1;
            list.push(more);
            let mut sum = 0;
            for n in list {
                sum += n;
            }
            compute(sum)
        }
    }

    #[test]
    fn arguments_may_be_changed_and_consumed() {
        assert_eq!((consumes(vec![1, 2], 3), consumes(vec![1, 2], 3)), (7, 7));
        assert_eq!(computed(), 1);
    }

    memoize! {
        fn shown<T: Display + Hash + Eq + Clone + Send + Sync + 'static>(value: T, times: usize) -> String {
            compute(value.to_string().repeat(times))
        }
    }

    #[test]
    fn it_may_be_generic() {
        for _ in 0..2 {
            assert_eq!(
                (shown(1_u8, 2), shown(1_u16, 3), shown("x", 2)),
                ("11".into(), "111".into(), "xx".into())
            );
        }
        assert_eq!(computed(), 3);
    }

    trait Named {
        const NAME: &'static str;
    }

    struct First;
    struct Second;

    impl Named for First {
        const NAME: &'static str = "first";
    }

    impl Named for Second {
        const NAME: &'static str = "second";
    }

    memoize! {
        fn name<T, const N: usize>(more: Vec<Vec<u8>>) -> String
        where
            T: Named + 'static,
        {
            compute(format!("{} {N} {}", T::NAME, more.len()))
        }
    }

    #[test]
    fn what_is_in_no_argument_tells_results_apart_all_the_same() {
        for _ in 0..2 {
            assert_eq!(name::<First, 1>(vec![]), "first 1 0");
            assert_eq!(name::<Second, 1>(vec![]), "second 1 0");
            assert_eq!(name::<First, 2>(vec![]), "first 2 0");
        }
        assert_eq!(computed(), 3);
    }

    memoize! {
        fn nested<T: Into<Option<Vec<u8>>> + Clone + Hash + Eq + Send + Sync + 'static, F: Fn(usize) -> usize + Copy + Hash + Eq + Send + Sync + 'static>(t: T, f: F) -> usize where Vec<Vec<T>>: Clone {
            compute(f(t.into().map_or(0, |list| list.len())))
        }
    }

    memoize! {
        fn ends_with_three<T: Clone + Hash + Eq + Send + Sync + 'static + Into<Option<Vec<u8>>>>(_t: T) -> u8 {
            compute(2)
        }
    }

    #[test]
    fn generics_may_have_generics() {
        let plus_one: fn(usize) -> usize = |n| n + 1;
        assert_eq!((nested(vec![1], plus_one), nested(vec![1], plus_one)), (2, 2));
        assert_eq!((ends_with_three(vec![1]), ends_with_three(vec![1])), (2, 2));
        assert_eq!(computed(), 2);
    }

    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Circle {
        radius: u32,
    }

    trait Area {
        fn area(&self, unit: u32) -> u32;
    }

    impl Circle {
        memoize! {
            fn diameter(&self, unit: u32) -> u32 {
                compute(2 * self.radius * unit)
            }
        }

        memoize! {
            key = self.radius / 10;
            fn size_class(&self) -> u32 {
                compute(self.radius / 10)
            }
        }
    }

    impl Area for Circle {
        memoize! {
            fn area(&self, unit: u32) -> u32 {
                compute(3 * self.radius * self.radius * unit)
            }
        }
    }

    #[test]
    fn it_may_be_a_method() {
        let (small, large) = (Circle { radius: 1 }, Circle { radius: 20 });
        for _ in 0..2 {
            assert_eq!((small.diameter(1), large.diameter(1), small.diameter(2)), (2, 40, 4));
            assert_eq!((small.area(1), large.area(1)), (3, 1200));
            assert_eq!(
                (small.size_class(), Circle { radius: 2 }.size_class(), large.size_class()),
                (0, 0, 2)
            );
        }
        assert_eq!(computed(), 3 + 2 + 2);
    }

    struct Pair<T>(T, T);

    impl<T: Copy + Into<u64> + 'static> Pair<T> {
        memoize! {
            key = (self.0.into(), self.1.into());
            fn sum(&self) -> u64 {
                compute(self.0.into() + self.1.into())
            }
        }
    }

    #[test]
    fn it_may_be_a_method_of_something_generic() {
        assert_eq!((Pair(1_u8, 2).sum(), Pair(1_u8, 2).sum(), Pair(1_u16, 2).sum()), (3, 3, 3));
        assert_eq!(computed(), 2);
    }

    memoize! {
        key = word.to_lowercase();
        fn vowels(word: &str) -> usize {
            compute(word.to_lowercase().matches(['a', 'e', 'i', 'o', 'u']).count())
        }
    }

    #[test]
    fn a_key_may_be_an_expression() {
        assert_eq!((vowels("Larder"), vowels("LARDER")), (2, 2));
        assert_eq!(computed(), 1);
    }

    /// Not `Clone`.
    #[derive(Debug, PartialEq)]
    struct Failure;

    type Outcome<T> = Result<T, Failure>;

    memoize! {
        fn early(n: u32) -> Outcome<u32> {
            compute(());
            if n == 0 {
                return Err(Failure);
            }
            let less = (n > 1).then_some(n - 1).ok_or(Failure)?;
            Ok(less)
        }
    }

    #[test]
    fn it_may_end_early_and_an_error_by_another_name_is_not_kept() {
        for _ in 0..2 {
            assert_eq!((early(0), early(1), early(2)), (Err(Failure), Err(Failure), Ok(1)));
        }
        assert_eq!(computed(), 5);
    }

    memoize! {
        fn of_a_generic_result<T: Copy + Hash + Eq + Send + Sync + 'static>(value: T, good: bool) -> Outcome<T> {
            compute(if good { Ok(value) } else { Err(Failure) })
        }
    }

    #[test]
    fn nor_is_one_in_a_generic_result() {
        for _ in 0..2 {
            assert_eq!((of_a_generic_result(1, true), of_a_generic_result(1, false)), (Ok(1), Err(Failure)));
        }
        assert_eq!(computed(), 3);
    }

    memoize! {
        fn nothing(_n: u32) {
            compute(());
        }
    }

    memoize! {
        fn maybe(n: u32) -> Option<u32> {
            compute(n.checked_sub(1))
        }
    }

    #[test]
    fn any_result_is_kept_that_is_no_error() {
        nothing(1);
        nothing(1);
        assert_eq!((maybe(0), maybe(0)), (None, None));
        assert_eq!(computed(), 2);
    }

    static CLOCK: ManualClock = ManualClock::new();

    memoize! {
        capacity = 10, ttl = Duration::from_secs(1), clock = &CLOCK,;
        fn fresh(n: u32) -> u32 {
            compute(n)
        }
    }

    #[test]
    fn a_result_holds_for_some_time() {
        fresh(1);
        CLOCK.advance(Duration::from_nanos(999_999_999));
        fresh(1);
        assert_eq!(computed(), 1);
        CLOCK.advance(Duration::from_nanos(1));
        fresh(1);
        assert_eq!(computed(), 2);
    }

    memoize! {
        ttl = Duration::MAX;
        fn by_the_clock_of_the_system(n: u32) -> u32 {
            compute(n)
        }
    }

    #[test]
    fn time_is_the_systems_if_it_is_not_said() {
        assert_eq!((by_the_clock_of_the_system(1), by_the_clock_of_the_system(1)), (1, 1));
        assert_eq!(computed(), 1);
    }

    memoize! {
        capacity = 2;
        fn few(n: u32) -> u32 {
            compute(n)
        }
    }

    #[test]
    fn there_are_as_many_results_as_the_capacity_says() {
        for n in [0, 1, 0, 1] {
            few(n);
        }
        assert_eq!(computed(), 2);
        (0..10).map(few).for_each(drop);
        let before = computed();
        (0..10).map(few).for_each(drop);
        assert!(computed() - before >= 8);
    }
}
