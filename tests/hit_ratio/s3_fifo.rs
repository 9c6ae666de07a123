//! S3-FIFO, as its authors put it: Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023,
//! algorithm 1.
//!
//! A small queue of a tenth of the capacity, a main queue, and a queue of the keys that went from the small one, as long as the main
//! one.

use crate::requests::Requests;
use alloc::collections::VecDeque;
use larder::key::DefaultHash;
use std::collections::HashMap;

/// Uses are counted so far.
const MOST_USES: u8 = 3;

pub(crate) struct S3Fifo {
    capacity: usize,
    /// The entries, with their uses since they were put in or went round.
    uses: HashMap<u64, u8, DefaultHash>,
    small: VecDeque<u64>,
    main: VecDeque<u64>,
    /// Keys that went, each with a number of its own, so that one which came back is not taken for one that went again.
    gone: VecDeque<(u64, u64)>,
    is_gone: HashMap<u64, u64, DefaultHash>,
    next: u64,
}

impl S3Fifo {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            uses: HashMap::default(),
            small: VecDeque::new(),
            main: VecDeque::new(),
            gone: VecDeque::new(),
            is_gone: HashMap::default(),
            next: 0,
        }
    }

    fn most_small(&self) -> usize {
        (self.capacity / 10).max(1)
    }

    fn most_main(&self) -> usize {
        self.capacity - self.most_small()
    }

    fn evict(&mut self) {
        if self.small.len() >= self.most_small() || self.main.is_empty() {
            self.evict_from_small();
        } else {
            self.evict_from_main();
        }
    }

    fn evict_from_small(&mut self) {
        while let Some(key) = self.small.pop_back() {
            if self.uses[&key] > 1 {
                self.main.push_front(key);
                if self.main.len() > self.most_main() {
                    return self.evict_from_main();
                }
            } else {
                self.uses.remove(&key);
                return self.remember(key);
            }
        }
        self.evict_from_main();
    }

    fn evict_from_main(&mut self) {
        while let Some(key) = self.main.pop_back() {
            let uses = self.uses.get_mut(&key).expect("what is queued is here");
            if *uses == 0 {
                self.uses.remove(&key);
                return;
            }
            *uses -= 1;
            self.main.push_front(key);
        }
    }

    fn remember(&mut self, key: u64) {
        self.next += 1;
        self.gone.push_front((key, self.next));
        self.is_gone.insert(key, self.next);
        while self.gone.len() > self.most_main() {
            let (key, number) = self.gone.pop_back().expect("it is too long");
            if self.is_gone.get(&key) == Some(&number) {
                self.is_gone.remove(&key);
            }
        }
    }
}

impl Requests for S3Fifo {
    fn request(&mut self, key: u64) -> bool {
        if let Some(uses) = self.uses.get_mut(&key) {
            *uses = (*uses + 1).min(MOST_USES);
            return true;
        }
        // Looked at first: making room forgets the oldest that went.
        let came_back = self.is_gone.remove(&key).is_some();
        while self.uses.len() >= self.capacity {
            self.evict();
        }
        let queue = if came_back { &mut self.main } else { &mut self.small };
        queue.push_front(key);
        self.uses.insert(key, 0);
        false
    }

    fn residents(&mut self) -> Option<usize> {
        Some(self.uses.len())
    }
}
