//! What log's loggers are told.

#![cfg(all(feature = "log", not(any(larder_loom, larder_step))))]

use larder::watch::{Event, log_event};
use log::{LevelFilter, Log, Metadata, Record};
use std::sync::Mutex;

/// Keeps what it is told.
struct Collector(Mutex<Vec<String>>);

impl Log for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {}: {}", record.level(), record.target(), record.args());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

static COLLECTOR: Collector = Collector(Mutex::new(Vec::new()));

// The only test: there is one logger for a whole process.
#[test]
fn events_have_levels() {
    let listener: &(dyn Fn(&Event<'_>) + Sync) = &log_event;
    let exhausted = Event::Exhausted { name: "net/packets", times: 2, capacity: 8 };
    listener(&exhausted);
    log::set_logger(&COLLECTOR).unwrap();
    log::set_max_level(LevelFilter::Warn);
    let quarantined = Event::Quarantined { name: "sessions", times: 1, aside: 3 };
    let failed = Event::CleanupFailed { name: "sessions", times: 2, message: Some("out of luck") };
    for event in
        [exhausted, quarantined, failed, Event::CleanupFailed { name: "pages", times: 1, message: None }]
    {
        listener(&event);
    }
    let expected = [
        format!("WARN larder: {exhausted}"),
        format!("ERROR larder: {quarantined}"),
        "ERROR larder: the cleanup of \"sessions\" has panicked 2 times, first with: out of luck".to_owned(),
        "ERROR larder: the cleanup of \"pages\" has panicked once".to_owned(),
    ];
    assert_eq!(*COLLECTOR.0.lock().unwrap(), expected);

    log::set_max_level(LevelFilter::Error);
    listener(&exhausted);
    assert_eq!(COLLECTOR.0.lock().unwrap().len(), expected.len());
}
