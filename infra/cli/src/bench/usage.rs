//! What a process has used, as Linux counts it in `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Context, bail};

/// Clock ticks in a second: part of the kernel's interface, whatever its own timer does.
const TICKS: u64 = 100;

/// What one or more processes have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, of the program and of the kernel for it.
    pub cpu: Duration,
    /// The most memory that any of them had resident.
    pub peak_bytes: u64,
    /// What was sent to the disk.
    pub written_bytes: u64,
}

impl Usage {
    /// What the living process `pid` has used so far. Only Linux tells.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        if !cfg!(target_os = "linux") {
            bail!("`wend bench` reads processor time and memory from /proc, which only Linux has");
        }
        let read = |name: &str| {
            let file = format!("/proc/{pid}/{name}");
            fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))
        };
        Ok(Self {
            cpu: cpu(&read("stat")?).context("/proc/PID/stat has another form")?,
            peak_bytes: field(&read("status")?, "VmHWM:").context("no VmHWM")? * 1024,
            written_bytes: field(&read("io")?, "write_bytes:").context("no write_bytes")?,
        })
    }

    /// This and another process, one after the other.
    pub fn and(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            peak_bytes: self.peak_bytes.max(other.peak_bytes),
            written_bytes: self.written_bytes + other.written_bytes,
        }
    }
}

/// `utime` and `stime` of `stat`: the 14th and 15th field, of which the second is a name in parentheses that may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * (1000 / TICKS)))
}

/// The number after `name`.
fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "42 (we) nd) S 1 42 42 0 -1 4194304 900 0 1 0 150 25 7 8 20 0 9 0 100 1 2";
        assert_eq!(cpu(stat), Some(Duration::from_millis(1750)));
        assert_eq!(cpu("42 wend S"), None);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let status = "Name:\twend\nVmPeak:\t  99 kB\nVmHWM:\t  2048 kB\n";
        assert_eq!(field(status, "VmHWM:"), Some(2048));
        let io = "cancelled_write_bytes: 1\nwrite_bytes: 4096\n";
        assert_eq!(field(io, "write_bytes:"), Some(4096));
    }

    #[test]
    fn times_add_up_and_the_higher_peak_stays() {
        let one = Usage {
            cpu: Duration::from_secs(1),
            peak_bytes: 10,
            written_bytes: 1,
        };
        let other = Usage {
            cpu: Duration::from_secs(2),
            peak_bytes: 7,
            written_bytes: 2,
        };
        let both = Usage {
            cpu: Duration::from_secs(3),
            peak_bytes: 10,
            written_bytes: 3,
        };
        assert_eq!(one.and(other), both);
    }
}
