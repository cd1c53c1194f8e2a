//! Prints the tables of a run.

use comfy_table::{CellAlignment, Table, presets};

use crate::results::{PEERS, Results, Row, Spread};
use crate::{goals, pages};

pub(crate) fn table(header: &[&str]) -> Table {
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

/// A time, in a readable unit.
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

fn figure(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(value) if value.fract().abs() < 0.005 => format!("{value:.0}"),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.2}"),
    }
}

/// Prints all tables.
pub(crate) fn print(results: &Results) {
    if let Some(machine) = &results.machine {
        println!("{}", pages::machine(machine));
    }
    println!(
        "Time, and its ratio to each peer in the same round: median (10th to 90th percentile)\n"
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
        "Instructions in user space, for each operation",
        |row, peer| row.instructions.get(peer).copied(),
    );
    counts(results, "System calls, for each operation", Row::calls);
    counts(results, "Allocations, for each operation", |row, peer| {
        row.allocations.get(peer).copied()
    });
    if !results.registered.is_empty() {
        println!("Bytes of a registered source in user space\n");
        let mut bytes = table(&["backend, peer", "in the source", "on the heap"]);
        for registered in &results.registered {
            bytes.add_row([
                format!("{}, {}", registered.backend, registered.peer),
                figure(Some(registered.inside)),
                figure(Some(registered.heap)),
            ]);
        }
        println!("{bytes}\n");
    }
    for text in [
        pages::ready(results),
        pages::idle(results),
        pages::latency(results),
        pages::threads(results),
    ] {
        if !text.is_empty() {
            println!("{text}");
        }
    }
    if !results.builds.is_empty() {
        println!("A clean release build, for this machine\n");
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
            (false, true) => "missed (a time: compare the spread)",
            (false, false) => "MISSED",
        };
        rows.add_row([
            goal.name.clone(),
            figure(Some(goal.found)),
            figure(Some(goal.most)),
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
            let cells = cells.into_iter().map(figure);
            rows.add_row(std::iter::once(name.clone()).chain(cells));
        }
    }
    if some {
        println!("{title}\n\n{rows}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::{figure, time};

    #[test]
    fn values_have_readable_units() {
        assert_eq!(time(41.6), "42 ns");
        assert_eq!(time(71_573.0), "71.6 us");
        assert_eq!(time(1_948_202.5), "1.95 ms");
        assert_eq!(figure(Some(2.0)), "2");
        assert_eq!(figure(Some(0.084)), "0.08");
        assert_eq!(figure(None), "");
    }
}
