//! A logger that keeps its frames.

use defmt::Encoder;
use std::sync::{Mutex, MutexGuard};

struct Frames {
    encoder: Encoder,
    bytes: Vec<u8>,
}

static FRAMES: Mutex<Frames> = Mutex::new(Frames { encoder: Encoder::new(), bytes: Vec::new() });

fn frames() -> MutexGuard<'static, Frames> {
    FRAMES.lock().unwrap()
}

/// What was written since the last call.
pub fn take() -> Vec<u8> {
    std::mem::take(&mut frames().bytes)
}

#[defmt::global_logger]
struct Logger;

// SAFETY: this program has one thread, so that nobody comes between `acquire` and `release`.
unsafe impl defmt::Logger for Logger {
    fn acquire() {
        let Frames { encoder, bytes } = &mut *frames();
        encoder.start_frame(|part| bytes.extend_from_slice(part));
    }

    unsafe fn flush() {}

    unsafe fn release() {
        let Frames { encoder, bytes } = &mut *frames();
        encoder.end_frame(|part| bytes.extend_from_slice(part));
    }

    unsafe fn write(data: &[u8]) {
        let Frames { encoder, bytes } = &mut *frames();
        encoder.write(data, |part| bytes.extend_from_slice(part));
    }
}
