// SPDX-License-Identifier: MIT
//! Times work, counts allocations, and prints what came of it as every peer does.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! { static ALLOCATIONS: Cell<u64> = const { Cell::new(0) } }

pub struct Counting;

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

unsafe extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

/// Nanoseconds that all threads together have spent on a processor.
pub fn processor_time() -> f64 {
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    unsafe { clock_gettime(2, &mut time) };
    time.seconds as f64 * 1e9 + time.nanoseconds as f64
}

/// Of this thread.
pub fn allocations() -> u64 {
    ALLOCATIONS.with(|count| count.get())
}

pub struct Results {
    peer: &'static str,
    lines: Vec<String>,
}

impl Results {
    pub fn new(peer: &'static str) -> Self {
        Self { peer, lines: Vec::new() }
    }

    pub fn add(&mut self, name: &str, value: f64) {
        self.lines.push(format!("\"{name}\": {value:.2}"));
    }

    /// Nanoseconds a thread of each of `count` things that `work` does; the least of fifteen times,
    /// since what else the machine does can only add to it.
    pub fn time(&mut self, name: &str, count: u32, threads: u32, mut work: impl FnMut()) {
        work();
        let least = (0..15)
            .map(|_| {
                let start = processor_time();
                work();
                (processor_time() - start) / f64::from(count) / f64::from(threads)
            })
            .fold(f64::MAX, f64::min);
        self.add(name, least);
    }

    pub fn print(&self) {
        println!("{{\"peer\": \"{}\", \"results\": {{{}}}}}", self.peer, self.lines.join(", "));
    }
}
