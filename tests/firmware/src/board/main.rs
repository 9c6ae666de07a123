//! Pools, caches, a tracker and a clock of larder, used by a main loop and by the timer interrupt that stops it anywhere.
//!
//! Two users do the same random work: one is the main loop, the other the interrupt. Each writes a pattern of its own into
//! what it acquires and looks for it before the release. They hand objects to each other, share a cache in the middle of each
//! other's calls on it, and both move the clock.
//! The time until the next interrupt takes every value of a range, so that over a run it lands everywhere in the
//! calls of the main loop; where it landed is counted, and a run that missed a kind of call has failed. At the end the
//! ledger must balance.

#![no_std]
#![no_main]

mod ledger;
mod records;
mod sessions;
mod shared;
mod user;

use core::cell::RefCell;
use core::panic::PanicInfo;
use cortex_m::Peripherals;
use cortex_m::peripheral::{SYST, syst::SystClkSource};
use cortex_m_rt::{entry, exception};
use cortex_m_semihosting::{debug, hprintln};
use critical_section::Mutex;
use larder::time::Clock;
use ledger::{Call, LEDGER, Ledger};
use shared::{BoardTime, RECORDS};
use user::{Place, User};

/// How often the timer interrupts the main loop. Every reload value comes up dozens of times.
const INTERRUPTS: u32 = 200_000;

/// The shortest time to the next interrupt, in timer ticks, which are about as many instructions: enough to return from
/// this one.
const SHORTEST: u32 = 30;

/// How many reload values there are from there on; a prime, so that the steps of [`STRIDE`] visit all of them. A round of
/// the main loop takes less.
const PHASES: u32 = 1_009;

/// From one reload value to the next: far, so that short and long ones alternate.
const STRIDE: u32 = 617;

/// The timer, handed to the interrupt before the first one.
static TIMER: Mutex<RefCell<Option<SYST>>> = Mutex::new(RefCell::new(None));

#[entry]
fn main() -> ! {
    assert!(
        RECORDS.set_time_to_live(BoardTime::duration(records::STEPS * Ledger::TICKS)),
        "nobody else sets it"
    );
    let mut timer = Peripherals::take().expect("taken once").SYST;
    timer.set_reload(SHORTEST + PHASES);
    timer.clear_current();
    timer.set_clock_source(SystClkSource::Core);
    critical_section::with(|cs| {
        timer.enable_interrupt();
        timer.enable_counter();
        TIMER.replace(cs, Some(timer));
    });

    let mut user = User::new(Place::Main);
    while LEDGER.interrupts.get() < INTERRUPTS {
        user.work();
    }
    user.let_go();
    user::empty_mailboxes();

    let balanced = ledger::report();
    debug::exit(if balanced { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    unreachable!("the debugger ends the program");
}

#[exception]
fn SysTick() {
    static mut USER: User = User::new(Place::Interrupt);

    let before = LEDGER.interrupts.get();
    if before == INTERRUPTS {
        // It was pending when the timer was stopped.
        return;
    }
    LEDGER.landed_in(Call::current());
    USER.work();
    LEDGER.interrupts.add(1);
    let so_far = before + 1;
    if so_far == INTERRUPTS {
        USER.let_go();
    }
    critical_section::with(|cs| {
        let mut timer = TIMER.borrow_ref_mut(cs);
        let timer = timer.as_mut().expect("set before the first interrupt");
        if so_far == INTERRUPTS {
            timer.disable_counter();
        } else {
            // Begins to count anew: however long this took, the main loop gets its instructions before the next.
            timer.set_reload(SHORTEST + so_far * STRIDE % PHASES);
            timer.clear_current();
        }
    });
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    debug::exit(debug::EXIT_FAILURE);
    loop {}
}
