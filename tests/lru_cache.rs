//! The exact LRU.
use larder::cache::{Inline, Inserted, LruCache};

#[test]
fn smoke() {
    let mut c: LruCache<u32, u32, Inline<3>> = LruCache::new();
    for i in 0..100u32 { c.put(i % 5, i); c.validate(); }
    assert_eq!(c.len(), 3);
    let mut c = LruCache::with_capacity(33);
    for i in 0..1000u32 { let _ = c.get(&(i % 7)); c.put(i * 7 % 50, i); c.validate(); if i % 3 == 0 { c.remove(&(i % 50)); c.validate(); } }
    assert_eq!(c.insert(1000, 1), Inserted::New);
}
