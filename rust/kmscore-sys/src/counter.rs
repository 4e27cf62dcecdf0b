//! The shared-memory counter beside a store: a seqlock hint that says whether the store's state may have moved.
//!
//! Even at rest, odd while a writer commits. The truth stays in the store; a file that is lost or reset costs a refresh.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, OFlags};
use rustix::mm::{MapFlags, ProtFlags};

const LENGTH: usize = 4096;
const MAGIC: [u8; 8] = *b"kmsstate";
const VERSION: u64 = 1;

/// What the file holds, in the byte order of the host: no other host can share the memory.
#[repr(C)]
struct Page {
    magic: [u8; 8],
    version: u64,
    value: AtomicU64,
}

/// A counter that every process of the host sees at once.
#[derive(Debug)]
pub struct SharedCounter {
    page: NonNull<Page>,
}

// SAFETY: the mapping is never moved, and only its atomic is touched after `open`.
unsafe impl Send for SharedCounter {}
// SAFETY: as above.
unsafe impl Sync for SharedCounter {}

impl SharedCounter {
    /// Maps the counter file, made with mode 0600 if it is not there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed())
            .open(path)?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
        prepare(&file, path)?;
        // Closing would not do it: the mapping keeps the open file, and with it the lock, alive.
        rustix::fs::flock(&file, FlockOperation::Unlock)?;
        Ok(Self { page: map(&file)? })
    }

    /// The value now.
    #[must_use]
    pub fn load(&self) -> u64 {
        self.value().load(Ordering::SeqCst)
    }

    /// Makes it odd, and returns it for `end`. Call it inside the store's write lock, just before the commit.
    ///
    /// A value that is odd already was left by a dead writer, or by one between its commit and `end`: it goes to the
    /// next odd value, so that the other's `end` no longer matches and a reader still sees a change.
    #[must_use]
    pub fn begin(&self) -> u64 {
        let step = |value| Some(next_odd(value));
        let (Ok(before) | Err(before)) =
            self.value()
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, step);
        next_odd(before)
    }

    /// Makes it even if it still is `odd`; after a commit and a rollback alike.
    pub fn end(&self, odd: u64) {
        let _ = self.value().compare_exchange(
            odd,
            odd.wrapping_add(1),
            Ordering::SeqCst,
            Ordering::SeqCst,
        );
    }

    fn value(&self) -> &AtomicU64 {
        // SAFETY: the page stays mapped as long as `self`, and other processes change it only by atomics.
        unsafe { &(*self.page.as_ptr()).value }
    }
}

impl Drop for SharedCounter {
    fn drop(&mut self) {
        // SAFETY: the mapping that `map` made, no longer borrowed.
        let result = unsafe { rustix::mm::munmap(self.page.as_ptr().cast(), LENGTH) };
        debug_assert!(result.is_ok(), "a mapping that `map` made can be unmapped");
    }
}

const fn next_odd(value: u64) -> u64 {
    value.wrapping_add(if value.is_multiple_of(2) { 1 } else { 2 })
}

/// Fills a new file, or checks that an old one is a counter. The caller holds the file's lock.
fn prepare(file: &File, path: &Path) -> io::Result<()> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(foreign(path));
    }
    if metadata.len() == 0 {
        return file.write_all_at(&empty_page(), 0);
    }
    let mut found = [0; 16];
    if metadata.len() != LENGTH as u64
        || file.read_exact_at(&mut found, 0).is_err()
        || found != empty_page()[..16]
    {
        return Err(foreign(path));
    }
    Ok(())
}

fn empty_page() -> [u8; LENGTH] {
    let mut page = [0; LENGTH];
    page[..8].copy_from_slice(&MAGIC);
    page[8..16].copy_from_slice(&VERSION.to_ne_bytes());
    page
}

fn foreign(path: &Path) -> io::Error {
    let text = format!(
        "{} is not a state counter of this kmscore version; remove it while no process has the store open",
        path.display()
    );
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn map(file: &File) -> io::Result<NonNull<Page>> {
    // SAFETY: a new shared mapping at a place of the kernel's choice touches no existing memory.
    let start = unsafe {
        rustix::mm::mmap(
            core::ptr::null_mut(),
            LENGTH,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::SHARED,
            file,
            0,
        )
    }?;
    NonNull::new(start.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("kmscore-counter-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("state")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn begin_makes_odd_and_end_makes_even() {
        let folder = Folder::new("begin");
        let counter = SharedCounter::open(&folder.file()).unwrap();
        assert_eq!(counter.load(), 0);
        let odd = counter.begin();
        assert_eq!((odd, counter.load()), (1, 1));
        counter.end(odd);
        assert_eq!(counter.load(), 2);
    }

    #[test]
    fn an_odd_value_left_behind_moves_on_and_its_late_end_changes_nothing() {
        let folder = Folder::new("left");
        let counter = SharedCounter::open(&folder.file()).unwrap();
        let dead = counter.begin();
        let next = counter.begin();
        assert_eq!((dead, next), (1, 3));
        counter.end(dead);
        assert_eq!(counter.load(), 3);
        counter.end(next);
        counter.end(next);
        assert_eq!(counter.load(), 4);
    }

    #[test]
    fn two_mappings_of_one_file_share_the_value_and_keep_it() {
        let folder = Folder::new("share");
        let one = SharedCounter::open(&folder.file()).unwrap();
        let other = SharedCounter::open(&folder.file()).unwrap();
        let odd = one.begin();
        assert_eq!(other.load(), odd);
        drop((one, other));
        assert_eq!(SharedCounter::open(&folder.file()).unwrap().load(), odd);
    }

    #[test]
    fn writers_of_many_threads_lose_no_step() {
        let folder = Folder::new("threads");
        let counter = SharedCounter::open(&folder.file()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| counter.end(counter.begin())));
            }
        });
        let steps = counter.load();
        assert!(steps >= 4001, "each begin raises the value: {steps}");
        counter.end(counter.begin());
        assert!(counter.load().is_multiple_of(2));
    }

    #[test]
    fn a_new_file_is_readable_by_its_owner_only() {
        let folder = Folder::new("mode");
        SharedCounter::open(&folder.file()).unwrap();
        assert_eq!(
            std::fs::metadata(folder.file())
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o600
        );
    }

    #[test]
    fn a_foreign_or_short_file_is_refused_and_left_alone() {
        let folder = Folder::new("foreign");
        let mut newer = empty_page();
        newer[8..16].copy_from_slice(&2_u64.to_ne_bytes());
        for content in [
            b"x".as_slice(),
            &empty_page()[..4095],
            &[0; LENGTH],
            &newer,
            &[empty_page(), empty_page()].concat(),
        ] {
            std::fs::write(folder.file(), content).unwrap();
            let error = SharedCounter::open(&folder.file()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(error.to_string().contains("is not a state counter"));
            assert_eq!(std::fs::read(folder.file()).unwrap(), content);
        }
    }

    #[test]
    fn a_symbolic_link_is_refused() {
        let folder = Folder::new("link");
        std::os::unix::fs::symlink(folder.0.join("elsewhere"), folder.file()).unwrap();
        assert!(SharedCounter::open(&folder.file()).is_err());
        assert!(!folder.0.join("elsewhere").exists());
    }
}
