//! Which file system a path lies on, and whether shared memory on it is coherent.

use std::io;
use std::path::Path;

/// A file system, as far as the state counter cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// Its name, for messages.
    pub name: String,
    /// Whether every process that maps a file sees every other's writes at once, and file locks hold.
    pub coherent: bool,
}

/// The file system of an existing path.
#[cfg(target_os = "linux")]
pub fn kind(path: &Path) -> io::Result<FileSystem> {
    // The magic is 32 bits wide; the field of the kernel's structure is signed and wider on some architectures.
    #[allow(
        clippy::cast_sign_loss,
        clippy::unnecessary_cast,
        reason = "masked to the 32 bits that are used"
    )]
    let magic = (rustix::fs::statfs(path)?.f_type as u64) & 0xFFFF_FFFF;
    Ok(classify(magic))
}

/// The file system of an existing path.
#[cfg(not(target_os = "linux"))]
pub fn kind(path: &Path) -> io::Result<FileSystem> {
    let found = rustix::fs::statfs(path)?;
    let name = found
        .f_fstypename
        .iter()
        .take_while(|byte| **byte != 0)
        .map(|byte| byte.cast_unsigned() as char);
    let name: String = name.collect();
    Ok(FileSystem {
        coherent: matches!(name.as_str(), "apfs" | "hfs" | "tmpfs"),
        name,
    })
}

/// Local file systems with one page cache, by the numbers of the kernel's `magic.h` and their own sources.
const COHERENT: [(u64, &str); 18] = [
    (0xEF53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683E, "btrfs"),
    (0x0102_1994, "tmpfs"),
    (0x8584_58F6, "ramfs"),
    (0x794C_7630, "overlayfs"),
    (0x2FC1_2FC1, "zfs"),
    (0xF2F5_2010, "f2fs"),
    (0xCA45_1A4E, "bcachefs"),
    (0x3153_464A, "jfs"),
    (0x5265_4973, "reiserfs"),
    (0x3434, "nilfs2"),
    (0xF15F, "ecryptfs"),
    (0x2405_1905, "ubifs"),
    (0x4D44, "vfat"),
    (0x2011_BAB0, "exfat"),
    (0x7366_746E, "ntfs3"),
    (0x9584_58F6, "hugetlbfs"),
];

/// File systems that other hosts or a server process change behind the page cache.
const INCOHERENT: [(u64, &str); 15] = [
    (0x6969, "nfs"),
    (0xFF53_4D42, "cifs"),
    (0xFE53_4D42, "smb2"),
    (0x517B, "smb"),
    (0x6573_5546, "fuse or virtiofs"),
    (0x0102_1997, "9p"),
    (0x5346_414F, "afs"),
    (0x6B41_4653, "kafs"),
    (0x00C3_6400, "ceph"),
    (0x7375_7245, "coda"),
    (0x564C, "ncp"),
    (0x0BD0_0BD0, "lustre"),
    (0x4750_4653, "gpfs"),
    (0x0116_1970, "gfs2"),
    (0x7461_636F, "ocfs2"),
];

/// The file system of this `statfs` number. One that is not known counts as incoherent.
#[must_use]
pub fn classify(magic: u64) -> FileSystem {
    let named = |table: &[(u64, &'static str)]| {
        table
            .iter()
            .find(|(number, _)| *number == magic)
            .map(|(_, name)| *name)
    };
    match (named(&COHERENT), named(&INCOHERENT)) {
        (Some(name), _) => FileSystem {
            name: name.into(),
            coherent: true,
        },
        (None, Some(name)) => FileSystem {
            name: name.into(),
            coherent: false,
        },
        (None, None) => FileSystem {
            name: format!("of unknown kind {magic:#x}"),
            coherent: false,
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn local_file_systems_are_coherent() {
        for (magic, name) in [
            (0xEF53, "ext4"),
            (0x5846_5342, "xfs"),
            (0x0102_1994, "tmpfs"),
            (0x794C_7630, "overlayfs"),
        ] {
            assert_eq!(
                classify(magic),
                FileSystem {
                    name: name.into(),
                    coherent: true
                }
            );
        }
    }

    #[test]
    fn network_and_user_space_file_systems_are_not() {
        for magic in [
            0x6969,
            0xFF53_4D42,
            0xFE53_4D42,
            0x6573_5546,
            0x0102_1997,
            0x5346_414F,
            0x00C3_6400,
        ] {
            assert!(!classify(magic).coherent, "{magic:#x}");
        }
    }

    #[test]
    fn an_unknown_file_system_counts_as_incoherent() {
        assert_eq!(
            classify(0xDEAD),
            FileSystem {
                name: "of unknown kind 0xdead".into(),
                coherent: false
            }
        );
    }

    #[test]
    fn no_number_stands_in_both_tables() {
        assert!(
            COHERENT
                .iter()
                .all(|(magic, _)| INCOHERENT.iter().all(|(other, _)| magic != other))
        );
    }

    #[test]
    fn a_missing_path_is_an_error() {
        assert_eq!(
            kind(Path::new("/does/not/exist")).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_shared_memory_folder_is_tmpfs() {
        assert_eq!(kind(Path::new("/dev/shm")).unwrap().name, "tmpfs");
    }
}
