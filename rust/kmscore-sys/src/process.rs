//! What this process shows of its memory.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Forbids core dumps, and on Linux also attaching by other processes of the same user.
///
/// It holds for the whole process, so the library offers it and only a server turns it on by itself.
pub fn disable_core_dumps() -> io::Result<()> {
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}
