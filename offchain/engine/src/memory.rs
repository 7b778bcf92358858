//! How much memory there is.

/// Of a machine that does not say how much it has.
const UNKNOWN: u64 = 8 << 30;

/// Bytes of memory that one process may sensibly have here: four fifths of the machine's, or of the control group's that
/// this one is in.
pub fn of_this_machine() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.and_then(|text| total(&text));
    let own = std::fs::read_to_string("/proc/self/cgroup").ok();
    let group = own.and_then(|text| {
        let path = format!("/sys/fs/cgroup{}/memory.max", group(&text)?);
        std::fs::read_to_string(path).ok()?.trim().parse().ok()
    });
    let all = machine.into_iter().chain(group).min().unwrap_or(UNKNOWN);
    all / 5 * 4
}

/// `MemTotal:       24683584 kB`.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// `0::/system.slice/engine.service`.
fn group(cgroup: &str) -> Option<&str> {
    cgroup.lines().find_map(|line| line.strip_prefix("0::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_should_be_read_as_the_kernel_writes_it() {
        let text = "MemTotal:       24683584 kB\nMemFree:         1000000 kB\n";
        assert_eq!(total(text), Some(24_683_584 << 10));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        assert_eq!(
            group("0::/system.slice/engine.service\n"),
            Some("/system.slice/engine.service")
        );
        assert_eq!(group("4:memory:/old\n"), None);
        assert!(of_this_machine() > 0);
    }
}
