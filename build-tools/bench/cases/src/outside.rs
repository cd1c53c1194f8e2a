//! Runs whose counts are taken from outside: by callgrind, or by strace.
//!
//! Each peer of each case runs a fixed number of turns. What counts runs inside [`bench_measured`], where callgrind is told to
//! collect, and after each peer [`bench_dump`] is called, where it is told to write what it has collected. strace sees a write
//! to no descriptor before and after what counts.

use std::hint::black_box;

use mio_bench_cases::cases::{self, Case};
use mio_bench_cases::meter::Meter;
use serde_json::json;

/// Callgrind collects in here.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn bench_measured(body: &mut Body<'_>) {
    (body.0)();
}

/// What counts.
pub struct Body<'a>(&'a mut dyn FnMut());

/// Callgrind writes after this.
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

/// One dump for each peer.
pub fn count(case: &Case) {
    for (peer, run) in &case.runs {
        count_one(case.name, peer, *run, case.counted);
    }
}

/// A last dump: what the counting itself costs.
pub fn count_nothing() {
    count_one("nothing", "none", cases::nothing(), 1_000);
}

/// A line that strace shows.
fn mark(text: &str) {
    #[cfg(unix)]
    {
        // SAFETY: write(2) reads as many bytes as the text has, and says that there is no such descriptor.
        unsafe { libc::write(-1, text.as_ptr().cast(), text.len()) };
    }
    #[cfg(not(unix))]
    let _ = text;
}

/// Marks around what counts.
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
