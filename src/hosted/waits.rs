//! Who waits for whom: so that nobody waits for somebody who waits for him.

use crate::sync::{ThreadId, this_thread};
use alloc::vec::Vec;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A thread that waits for another one to end something.
struct Wait {
    who: ThreadId,
    whom: ThreadId,
    what: usize,
}

/// All that wait, in whatever memo: computations of several may ask each other. There are at most as many as there are threads. Locked for a
/// look from end to end, by those who begin to wait and those who were waited for.
///
/// A lock of std's under every checker: while it is held nothing happens that a checker knows of.
static WAITS: Mutex<Vec<Wait>> = Mutex::new(Vec::new());

fn waits() -> MutexGuard<'static, Vec<Wait>> {
    WAITS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This thread begins to wait for `whom` to end `what`. False, and nothing done, if that one waits for this thread, by others perhaps, or
/// is this thread.
pub(super) fn begin(whom: ThreadId, what: usize) -> bool {
    let (who, mut waits) = (this_thread(), waits());
    let mut last = Some(whom);
    // It ends: nobody waits for two, and none of these came in who would have made a circle.
    while let Some(thread) = last {
        if thread == who {
            return false;
        }
        last = waits.iter().find(|wait| wait.who == thread).map(|wait| wait.whom);
    }
    waits.push(Wait { who, whom, what });
    true
}

/// Nobody waits any more for `what`.
pub(super) fn end(what: usize) {
    waits().retain(|wait| wait.what != what);
}
