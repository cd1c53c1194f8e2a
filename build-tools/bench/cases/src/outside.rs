//! Runs for callgrind and for strace, which count from outside.
//!
//! Each peer of each case runs a fixed number of turns. callgrind collects inside
//! [`bench_measured`], which runs the measured part, and writes a dump after [`bench_dump`], which
//! follows each peer. For strace, a write to fd -1 marks the start and the end of the measured
//! part.

use std::hint::black_box;

use mio_bench_cases::cases::{self, Case};
use mio_bench_cases::meter::Meter;
use serde_json::json;

/// callgrind collects inside this function.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn bench_measured(body: &mut Body<'_>) {
    (body.0)();
}

/// The measured part.
pub struct Body<'a>(&'a mut dyn FnMut());

/// callgrind writes a dump after this function.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn bench_dump() {
    black_box(());
}

fn count_one(name: &str, peer: &str, run: fn(&mut Meter<'_>), n: u64) {
    let mut spans = 0_u64;
    let mut span = |body: &mut dyn FnMut()| {
        spans += 1;
        bench_measured(&mut Body(body));
    };
    let mut meter = Meter::new(n, &mut span);
    run(&mut meter);
    let operations = meter.operations();
    bench_dump();
    println!(
        "{}",
        json!({ "case": name, "peer": peer, "operations": operations, "spans": spans })
    );
}

/// Runs the peers of a case, with a dump for each.
pub fn count(case: &Case) {
    for (peer, run) in &case.runs {
        count_one(case.name, peer, *run, case.counted);
    }
}

/// Writes a last dump, which has the cost of the measurement.
pub fn count_nothing() {
    count_one("nothing", "none", cases::nothing(), 1_000);
}

/// Makes a system call that strace prints.
pub fn mark(text: &str) {
    #[cfg(unix)]
    {
        // SAFETY: write(2) reads at most the bytes of the text, and fails with EBADF.
        unsafe { libc::write(-1, text.as_ptr().cast(), text.len()) };
    }
    #[cfg(not(unix))]
    let _ = text;
}

/// Runs the measured part between two marks.
pub fn trace(case: &Case) {
    for (peer, run) in &case.runs {
        let mut span = |body: &mut dyn FnMut()| {
            mark("begin");
            body();
            mark("end");
        };
        let turns = case.counted.min(20);
        let mut meter = Meter::new(turns, &mut span);
        run(&mut meter);
        let operations = meter.operations();
        mark(&format!("sum {} {peer} {operations}", case.name));
    }
}
