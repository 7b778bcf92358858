//! Which edges of the pallets' and the runtime's code an input took, how often.
//!
//! `scripts/fuzz` has the compiler put a counter of eight bits at each edge of the workspace's own crates
//! (LLVM's SanitizerCoverage, `inline-8bit-counters`). Compiled otherwise, there are none, and nothing is
//! ever new here.

use std::sync::Mutex;

/// Address and number of the counters.
static COUNTERS: Mutex<(usize, usize)> = Mutex::new((0, 0));

/// Called before `main` by each object that has counters, always about all of them.
#[no_mangle]
extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8) {
    if let Ok(mut counters) = COUNTERS.lock() {
        *counters = (start as usize, stop as usize - start as usize);
    }
}

/// The edges taken so far.
#[derive(Default)]
pub struct Coverage {
    /// Of each edge a bit for each order of magnitude of how often an input took it.
    seen: Vec<u8>,
}

impl Coverage {
    /// Takes note of what was taken since the last time, and says whether any of it is new.
    pub fn note(&mut self) -> bool {
        let (start, number) = COUNTERS.lock().map_or((0, 0), |counters| *counters);
        if number == 0 {
            return false;
        }
        // SAFETY: the linker laid these bytes out for as long as the program runs, and only instrumented
        // code writes to them, which none is that runs before this slice is gone.
        let counters = unsafe { std::slice::from_raw_parts_mut(start as *mut u8, number) };
        self.seen.resize(number, 0);
        let mut is_new = false;
        for (counter, seen) in counters.iter_mut().zip(&mut self.seen) {
            let times = std::mem::take(counter);
            if times > 0 {
                let bit = 1 << (u8::BITS - 1 - times.leading_zeros());
                is_new |= *seen & bit == 0;
                *seen |= bit;
            }
        }
        is_new
    }

    /// How many edges were taken, and how many there are.
    pub fn edges(&self) -> (usize, usize) {
        (self.seen.iter().filter(|seen| **seen > 0).count(), self.seen.len())
    }
}
