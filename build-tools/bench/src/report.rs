//! The tables of a run.

use comfy_table::{CellAlignment, Table, presets};

use crate::goals;
use crate::results::{PEERS, Results, Row, Spread};

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_header(header);
    for column in 1..header.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Nanoseconds, as people read them.
pub(crate) fn time(nanos: f64) -> String {
    if nanos < 1e3 {
        format!("{nanos:.0} ns")
    } else if nanos < 1e6 {
        format!("{:.1} us", nanos / 1e3)
    } else {
        format!("{:.2} ms", nanos / 1e6)
    }
}

fn ratio(spread: Option<&Spread>) -> String {
    spread.map_or_else(String::new, |spread| {
        format!(
            "{:.2} ({:.2}-{:.2})",
            spread.median, spread.low, spread.high
        )
    })
}

fn number(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(value) if value.fract().abs() < 0.005 => format!("{value:.0}"),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.2}"),
    }
}

/// Prints all of it.
pub(crate) fn print(results: &Results) {
    println!(
        "Time: ours, and ours divided by the peer's in the same round (median, and 10 % to 90 %)\n"
    );
    let mut times = table(&["case", "ours", "/ upstream", "/ polling", "/ bare"]);
    for (name, row) in &results.rows {
        if let Some(reason) = &row.not_run {
            times.add_row([name.as_str(), &format!("not run: {reason}")]);
            continue;
        }
        times.add_row([
            name.clone(),
            row.nanos
                .get("ours")
                .map_or_else(String::new, |nanos| time(nanos.median)),
            ratio(row.ratio.get("upstream")),
            ratio(row.ratio.get("polling")),
            ratio(row.ratio.get("bare")),
        ]);
    }
    println!("{times}\n");
    counts(
        results,
        "Instructions in user space, an operation",
        |row, peer| row.instructions.get(peer).copied(),
    );
    counts(results, "System calls an operation", Row::calls);
    counts(results, "Allocations an operation", |row, peer| {
        row.allocations.get(peer).copied()
    });
    if !results.registered.is_empty() {
        println!("Bytes that a registered source takes in user space\n");
        let mut bytes = table(&["backend, peer", "in the source", "on the heap"]);
        for registered in &results.registered {
            bytes.add_row([
                format!("{}, {}", registered.backend, registered.peer),
                number(Some(registered.inside)),
                number(Some(registered.heap)),
            ]);
        }
        println!("{bytes}\n");
    }
    if !results.builds.is_empty() {
        println!("A release build from scratch, for this machine\n");
        let mut builds = table(&["peer", "time", "crates", "lines read"]);
        for build in &results.builds {
            builds.add_row([
                build.peer.clone(),
                format!("{:.2} s", build.seconds),
                build.crates.to_string(),
                build.lines.to_string(),
            ]);
        }
        println!("{builds}\n");
    }
    let goals = goals::all(results);
    if goals.is_empty() {
        return;
    }
    println!("Goals\n");
    let mut rows = table(&["goal", "found", "at most", "result"]);
    for goal in &goals {
        let word = match (goal.is_met(), goal.timed) {
            (true, _) => "met",
            (false, true) => "missed (timed: look at the spread)",
            (false, false) => "MISSED",
        };
        rows.add_row([
            goal.what.clone(),
            number(Some(goal.found)),
            number(Some(goal.most)),
            word.to_owned(),
        ]);
    }
    println!("{rows}\n");
}

fn counts(results: &Results, title: &str, count: impl Fn(&Row, &str) -> Option<f64>) {
    let mut header = vec!["case"];
    header.extend(PEERS);
    let mut rows = table(&header);
    let mut some = false;
    for (name, row) in &results.rows {
        let cells: Vec<Option<f64>> = PEERS.iter().map(|peer| count(row, peer)).collect();
        if cells.iter().any(Option::is_some) {
            some = true;
            let cells = cells.into_iter().map(number);
            rows.add_row(std::iter::once(name.clone()).chain(cells));
        }
    }
    if some {
        println!("{title}\n\n{rows}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::{number, time};

    #[test]
    fn figures_read_well() {
        assert_eq!(time(41.6), "42 ns");
        assert_eq!(time(71_573.0), "71.6 us");
        assert_eq!(time(1_948_202.5), "1.95 ms");
        assert_eq!(number(Some(2.0)), "2");
        assert_eq!(number(Some(0.084)), "0.08");
        assert_eq!(number(None), "");
    }
}
