//! Pools, caches, a tracker and a clock of larder, used by a main loop and by the timer interrupt that stops it anywhere.
//!
//! Two users do the same random work: one is the main loop, the other the interrupt. Each writes a pattern of its own into
//! what it acquires and looks for it before the release. They hand objects to each other, share a cache in the middle of each
//! other's calls on it, and both move the clock.
//! Besides, the main loop watches all of it through a registry: looks, hears, tidies up, and lets go of memory.
//! Over a run interrupts land everywhere in the calls of the main loop (`timer.rs`); where they landed is counted, and a run that
//! missed a kind of call has failed. At the end the ledger must balance.

#![no_std]
#![no_main]

mod ledger;
mod records;
mod sessions;
mod shared;
mod timer;
mod user;
mod watcher;

use core::panic::PanicInfo;
use cortex_m_rt::{entry, exception};
use cortex_m_semihosting::{debug, hprintln};
use larder::time::Clock;
use ledger::{Call, LEDGER, Ledger};
use shared::{BoardTime, RECORDS};
use user::{Place, User};
use watcher::Watcher;

/// How often the timer interrupts the main loop. Every reload value comes up dozens of times.
const INTERRUPTS: u32 = 200_000;

#[entry]
fn main() -> ! {
    assert!(
        RECORDS.set_time_to_live(BoardTime::duration(records::STEPS * Ledger::TICKS)),
        "nobody else sets it"
    );
    let mut user = User::new(Place::Main);
    let mut watcher = Watcher::new();
    timer::start();
    while LEDGER.interrupts.get() < INTERRUPTS {
        user.work();
        watcher.work();
    }
    watcher.show();
    user.let_go();
    user::empty_mailboxes();
    watcher.hear();

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
        timer::stop();
    } else {
        timer::set_next(so_far);
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    debug::exit(debug::EXIT_FAILURE);
    loop {}
}
