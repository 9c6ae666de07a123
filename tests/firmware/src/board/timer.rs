//! The timer that interrupts the main loop, and when it does.
//!
//! The time until the next interrupt takes every value of a range, so that over a run interrupts land everywhere in the main
//! loop, but seldom in what takes little of its time: in a call that is short or rare. How little that is depends on how the compiler has laid
//! out the code. So a call of a kind in which few have landed is aimed at: the timer is set just before it, to a time that grows by
//! a tick with each call of its kind until one is over before its interrupt comes, and then begins anew. That goes over all
//! instructions of the kind, wherever they lie.

use crate::ledger::{Call, LEDGER};
use core::cell::RefCell;
use cortex_m::Peripherals;
use cortex_m::peripheral::{SCB, SYST, syst::SystClkSource};
use critical_section::{CriticalSection, Mutex};

/// The shortest time to the next interrupt that is not aimed, in timer ticks, which are about as many instructions: enough to
/// return from this one.
const SHORTEST: u32 = 30;

/// How many reload values there are from there on; a prime, so that the steps of [`STRIDE`] visit all of them. A round of
/// the main loop takes less.
const PHASES: u32 = 1_009;

/// From one reload value to the next: far, so that short and long ones alternate.
const STRIDE: u32 = 617;

/// Few have landed in a kind of call if it is less than one of so many: all kinds together are less than half of that.
const FEW: u32 = 64;

/// Handed to the interrupt before the first one.
static TIMER: Mutex<RefCell<Option<Timer>>> = Mutex::new(RefCell::new(None));

struct Timer {
    systick: SYST,
    /// The call that is aimed at. Its interrupt has not come yet, and it is not over.
    aim: Option<Call>,
    /// When the next one of each kind is interrupted, in ticks after the timer was set.
    ticks: [u32; Call::ALL.len()],
}

impl Timer {
    fn with<R>(cs: CriticalSection<'_>, act: impl FnOnce(&mut Self) -> R) -> R {
        act(TIMER.borrow_ref_mut(cs).as_mut().expect("set before the first interrupt"))
    }

    fn set(&mut self, ticks: u32) {
        self.systick.set_reload(ticks);
        self.systick.clear_current();
        // It has run on in the interrupt, and may have come to its end there: that would be the next one at once.
        SCB::clear_pendst();
    }
}

pub fn start() {
    let mut systick = Peripherals::take().expect("taken once").SYST;
    systick.set_clock_source(SystClkSource::Core);
    let mut timer = Timer { systick, aim: None, ticks: [1; Call::ALL.len()] };
    timer.set(SHORTEST + PHASES);
    critical_section::with(|cs| {
        timer.systick.enable_interrupt();
        timer.systick.enable_counter();
        TIMER.replace(cs, Some(timer));
    });
}

/// The main loop makes a call, in which an interrupt may be meant to land.
pub fn aim<R>(kind: Call, call: impl FnOnce() -> R) -> R {
    if LEDGER.landed(kind) >= LEDGER.interrupts.get() / FEW {
        return call();
    }
    critical_section::with(|cs| {
        Timer::with(cs, |timer| {
            timer.aim = Some(kind);
            timer.set(timer.ticks[kind as usize]);
        });
    });
    let result = call();
    critical_section::with(|cs| {
        Timer::with(cs, |timer| {
            if timer.aim.take().is_some() {
                timer.ticks[kind as usize] = 1;
            }
        });
    });
    result
}

/// The interrupt has come, the so-manieth.
pub fn set_next(so_far: u32) {
    critical_section::with(|cs| {
        Timer::with(cs, |timer| {
            if let Some(kind) = timer.aim.take() {
                timer.ticks[kind as usize] += 1;
            }
            // Begins to count anew: however long this took, the main loop gets its instructions before the next.
            timer.set(SHORTEST + so_far * STRIDE % PHASES);
        });
    });
}

/// The last interrupt has come.
pub fn stop() {
    critical_section::with(|cs| Timer::with(cs, |timer| timer.systick.disable_counter()));
}
