//! Who watches all parts by their names, in the main loop, while interrupts use them.

use crate::ledger::{Call, LEDGER};
use crate::sessions::Sessions;
use crate::shared::{BUFFERS, CACHE, RECORDS, SESSIONS, SQUARES, TILES};
use crate::user::Place;
use core::ptr;
use cortex_m_semihosting::hprintln;
use larder::maintain::Maintain;
use larder::manager::Registry;
use larder::watch::{Event, Part, Pressure};

pub struct Watcher {
    registry: Registry<'static, 6>,
    rounds: u32,
}

impl Watcher {
    pub fn new() -> Self {
        let mut registry = Registry::new();
        let parts: [(_, &(dyn Part + Sync)); 6] = [
            ("pools/tiles", &TILES),
            ("pools/buffers", &BUFFERS),
            ("caches/results", &CACHE),
            ("caches/records", &RECORDS),
            ("caches/squares", &SQUARES),
            ("sessions", &SESSIONS),
        ];
        for (name, part) in parts {
            registry.add(name, part).expect("there is room for all of them");
        }
        let taken = registry.add("sessions", &SESSIONS).expect_err("a name is taken twice");
        hprintln!("{}", taken);
        let found = registry.get::<Sessions>("sessions").expect("it was added");
        assert!(ptr::eq(found, &SESSIONS), "another tracker");
        Self { registry, rounds: 0 }
    }

    /// Now and then a look at everything, or what is done with everything.
    pub fn work(&mut self) {
        self.rounds += 1;
        match self.rounds % 64 {
            8 => self.look(),
            24 => self.hear(),
            40 => _ = Place::Main.call(Call::Upkeep, || self.registry.maintain(4)),
            56 => self.relieve(),
            _ => {}
        }
    }

    fn look(&self) {
        let snapshot = Place::Main.call(Call::Snapshot, || self.registry.snapshot());
        assert_eq!(snapshot.len(), 6, "a part is not shown");
        for line in snapshot.iter() {
            assert!(line.reading.len() <= line.reading.capacity(), "{} has more than room", line.name);
        }
    }

    /// Counts what is told.
    pub fn hear(&self) {
        Place::Main.call(Call::Tell, || {
            self.registry.tell(&mut |event| match event {
                Event::Exhausted { name: "pools/tiles", times, .. } => LEDGER.tiles_told.add(*times),
                Event::Exhausted { name: "pools/buffers", times, .. } => LEDGER.buffers_told.add(*times),
                other => panic!("{other}"),
            });
        });
    }

    fn relieve(&self) {
        // Mostly little: else there were nothing in the caches.
        let pressure = match self.rounds / 64 % 8 {
            3 => Pressure::High,
            7 => Pressure::Critical,
            _ => Pressure::Low,
        };
        let relief = Place::Main.call(Call::Pressure, || self.registry.on_pressure(pressure));
        LEDGER.trimmed.add(relief.objects as u32);
        LEDGER.relieved.add(relief.entries as u32);
    }

    /// Prints what there is.
    pub fn show(&self) {
        hprintln!("{}", self.registry.snapshot());
        self.registry.report(|name, in_use| hprintln!("{}: {}", name, in_use));
    }
}
