//! A backup recipient: an X25519 private key in a file, its public key as a string.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmscore_crypto::agreement::X25519;
use kmscore_crypto::secret::SecretBytes;
use zeroize::Zeroizing;

use super::BackupError;

const IDENTITY: &str = "kmscore-backup-identity-v1 ";
const RECIPIENT: &str = "kmscore-backup-recipient-v1:";
/// Room for a line, so that it is never moved while it grows.
const LINE: usize = 128;

/// Draws a private key, writes it to a new file of mode 0600 and returns the recipient string.
pub fn create(path: &Path) -> Result<String, BackupError> {
    let pair = X25519::generate()?;
    let mut line = Zeroizing::new(String::with_capacity(LINE));
    line.push_str(IDENTITY);
    STANDARD.encode_string(pair.private().expose()?, &mut line);
    line.push('\n');
    write_new(path, line.as_bytes()).map_err(|error| {
        BackupError::Identity(format!("{} cannot be created: {error}", path.display()))
    })?;
    Ok(recipient_text(pair.public()))
}

/// Reads an identity file; refuses one that others can read.
pub fn read(path: &Path) -> Result<X25519, BackupError> {
    let fault =
        |text: String| BackupError::Identity(format!("identity file {} {text}", path.display()));
    let file = File::open(path).map_err(|error| fault(format!("cannot be read: {error}")))?;
    let mode = file
        .metadata()
        .map_err(|error| fault(format!("cannot be read: {error}")))?
        .mode();
    if mode & 0o077 != 0 {
        return Err(fault(format!(
            "has mode {:04o}: others can read it; run chmod 600",
            mode & 0o7777
        )));
    }
    let mut text = Zeroizing::new(String::with_capacity(LINE));
    file.take(LINE as u64)
        .read_to_string(&mut text)
        .map_err(|error| fault(format!("cannot be read: {error}")))?;
    parse_private(&text).ok_or_else(|| fault("does not hold a kmscore backup identity".into()))
}

/// The public key of a recipient string.
pub fn parse_recipient(text: &str) -> Result<[u8; 32], BackupError> {
    text.strip_prefix(RECIPIENT)
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| {
            BackupError::Identity(format!(
                "a backup recipient is {RECIPIENT} and 32 bytes in base64"
            ))
        })
}

fn recipient_text(public: &[u8; 32]) -> String {
    format!("{RECIPIENT}{}", STANDARD.encode(public))
}

fn parse_private(text: &str) -> Option<X25519> {
    let encoded = text.strip_prefix(IDENTITY)?.strip_suffix('\n')?;
    let mut key = Zeroizing::new([0; 48]);
    let length = STANDARD.decode_slice(encoded, &mut *key).ok()?;
    X25519::from_secret(SecretBytes::from_wiping(&mut key[..length]).ok()?).ok()
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
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
            let path = std::env::temp_dir()
                .join(format!("kmscore-identity-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn the_identity_file_is_private_and_holds_the_key_of_the_recipient_string() {
        let folder = Folder::new("create");
        let path = folder.0.join("identity");
        let recipient = create(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            &parse_recipient(&recipient).unwrap(),
            read(&path).unwrap().public()
        );
        assert!(
            create(&path)
                .unwrap_err()
                .to_string()
                .contains("cannot be created")
        );
    }

    #[test]
    fn a_file_that_others_can_read_or_that_holds_something_else_is_refused() {
        let folder = Folder::new("read");
        let path = folder.0.join("identity");
        create(&path).unwrap();
        let line = std::fs::read_to_string(&path).unwrap();
        for damaged in [
            "",
            &line[1..],
            line.trim_end(),
            &line[..line.len() - 5],
            &format!("{line}{line}"),
        ] {
            std::fs::write(&path, damaged).unwrap();
            assert!(
                read(&path)
                    .unwrap_err()
                    .to_string()
                    .ends_with("does not hold a kmscore backup identity")
            );
        }
        std::fs::write(&path, &line).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(
            read(&path)
                .unwrap_err()
                .to_string()
                .contains("has mode 0644")
        );
        assert!(
            read(&folder.0.join("absent"))
                .unwrap_err()
                .to_string()
                .contains("cannot be read")
        );
    }

    #[test]
    fn a_malformed_recipient_string_is_refused() {
        let good = recipient_text(&[9; 32]);
        assert_eq!(parse_recipient(&good).unwrap(), [9; 32]);
        for bad in [
            "",
            "age1xyz",
            &good[1..],
            &good[..good.len() - 4],
            &format!("{good} "),
        ] {
            assert!(
                matches!(parse_recipient(bad), Err(BackupError::Identity(_))),
                "{bad}"
            );
        }
    }
}
