//! The machine of a measurement.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Serialize;

/// What figures depend on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) processors: usize,
    pub(crate) is_virtual: bool,
    pub(crate) kernel: String,
    pub(crate) date: String,
}

impl Machine {
    pub(crate) fn find() -> Result<Machine> {
        let text = fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo")?;
        let (processor, is_virtual) = of_cpuinfo(&text);
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").context("the kernel")?;
        let date = Command::new("date")
            .args(["--utc", "+%F"])
            .output()
            .context("date")?;
        Ok(Machine {
            processor,
            processors: std::thread::available_parallelism()?.get(),
            is_virtual,
            kernel: kernel.trim().to_owned(),
            date: String::from_utf8_lossy(&date.stdout).trim().to_owned(),
        })
    }

    /// A sentence without its full stop.
    pub(crate) fn sentence(&self) -> String {
        format!(
            "{}{}, {} processors, Linux {}, {}",
            self.processor,
            if self.is_virtual {
                " (a virtual machine)"
            } else {
                ""
            },
            self.processors,
            self.kernel,
            self.date
        )
    }
}

/// The model of the first processor in /proc/cpuinfo, and whether a hypervisor runs it.
fn of_cpuinfo(text: &str) -> (String, bool) {
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim())
    };
    let model = field("model name").unwrap_or("an unknown processor");
    let flags = field("flags").unwrap_or_default();
    (
        model.to_owned(),
        flags.split(' ').any(|flag| flag == "hypervisor"),
    )
}

#[cfg(test)]
mod tests {
    use super::of_cpuinfo;

    #[test]
    fn processor_is_read() {
        let text = "processor\t: 0\nmodel name\t: A CPU\nflags\t\t: fpu hypervisor lahf_lm\n";
        assert_eq!(of_cpuinfo(text), ("A CPU".to_owned(), true));
        let text = text.replace(" hypervisor", "");
        assert_eq!(of_cpuinfo(&text), ("A CPU".to_owned(), false));
        assert_eq!(of_cpuinfo("").0, "an unknown processor");
    }
}
