//! A process of its own for work that may need too much memory, die or never end: then only that process does.

use std::{
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{ExitStatus, Stdio},
};

use rustix::process::{getrlimit, setrlimit, Resource, Rlimit};
use tokio::process::Command;

/// The exit status of a process that was started by a program that is gone.
pub const ORPHANED: i32 = 75;

/// A program that can be started.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file.
    pub path: PathBuf,
    /// What it is called with.
    pub arguments: Vec<OsString>,
}

impl Program {
    /// The program that runs now, with other arguments.
    ///
    /// # Errors
    /// If the system does not say which file that is.
    pub fn this<const N: usize>(arguments: [&str; N]) -> io::Result<Self> {
        Ok(Self { path: std::env::current_exe()?, arguments: arguments.map(Into::into).into() })
    }

    /// The command that starts it: it reads `input`, what it prints is passed over, and it is killed when whoever
    /// waits for it no longer does. A signal from a terminal reaches only the program that started it, which ends it in
    /// its own time.
    pub fn command(&self, input: Stdio) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).stdin(input).stdout(Stdio::null());
        command.process_group(0).kill_on_drop(true);
        command
    }
}

/// Lets this process have so many bytes of memory, files that are only read not counted.
///
/// # Errors
/// If the system refuses.
pub fn limit_memory(bytes: u64) -> io::Result<()> {
    let most = getrlimit(Resource::Data).maximum;
    let bytes = most.map_or(bytes, |most| most.min(bytes));
    let limit = Rlimit { current: Some(bytes), maximum: most };
    Ok(setrlimit(Resource::Data, limit)?)
}

/// How a process ended that might have `memory` bytes, as a clause.
pub fn describe(status: ExitStatus, memory: u64) -> String {
    match (status.signal(), status.code()) {
        (Some(6), _) => {
            format!("it aborted (signal 6), as a process does that asks for more than the {memory} bytes of memory that it may have")
        }
        (Some(9), _) => "it was killed (signal 9), as by a system that has no memory left".into(),
        (Some(signal), _) => format!("it was ended by signal {signal}"),
        (None, code) => format!("it ended with status {} and no result", code.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describe_should_say_how_a_process_ended() {
        let of = |raw| describe(ExitStatus::from_raw(raw), 1_000);
        assert!(of(6).contains("1000 bytes"), "{}", of(6));
        assert!(of(9).contains("no memory left"), "{}", of(9));
        assert_eq!(of(11), "it was ended by signal 11");
        assert_eq!(of(101 << 8), "it ended with status 101 and no result");
    }
}
