//! log: events as its records.

use crate::fixed::watch::event::Event;
use log::Level;

/// Logs an event: what a listener does that leaves it to the program's logger who hears of it.
///
/// The target is `larder`. An exhausted pool is a warning, for its users were told and may have a way on; a finalizer that panics and a failed
/// cleanup are errors. It costs a load and a comparison where the logger wants no such records, and else what the logger does. The logger
/// is called where this is called, and should not panic.
///
/// ```
/// use larder::watch::{Event, log_event};
///
/// log_event(&Event::Exhausted { name: "packets", times: 2, capacity: 8 });
/// ```
pub fn log_event(event: &Event<'_>) {
    let level = match event {
        Event::Exhausted { .. } => Level::Warn,
        Event::Quarantined { .. } | Event::CleanupFailed { .. } => Level::Error,
    };
    log::log!(target: "larder", level, "{event}");
}
