//! Sealed records: secrets at rest under a root, domain or audit key. docs/formats.md "Sealed record".

use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{Unspecified, hash, kdf, random};

use zeroize::Zeroizing;

use crate::canonical;
use crate::committing::{self, Format, OVERHEAD};

const MAGIC: [u8; 2] = [0xC5, 0x52];
const VERSION: u8 = 1;
const HEADER: usize = 52;
const FORMAT: Format = Format {
    label: b"kmscore sealed record v1",
    header: HEADER,
};

/// What a sealed record holds; the byte stands in its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Key material of a KMS key.
    Material = 1,
    /// A domain key, under the root key.
    DomainKey = 2,
    /// The audit key, under the root key.
    AuditKey = 3,
    /// The first seed of an audit session, under the audit key.
    AuditSeed = 4,
    /// A secret access key.
    SecretAccessKey = 5,
    /// The file key of a backup.
    BackupFileKey = 6,
    /// The private half of a wrapping key, in an import token.
    ImportToken = 7,
    /// The password of a CloudHSM cluster's user, or the secret access key of an external key store proxy.
    CustomKeyStore = 8,
}

/// Names of what a record belongs to; a record opens only where all of them are the same.
#[derive(Debug, Default, Clone)]
pub struct Binding(Vec<(&'static str, String)>);

impl Binding {
    /// Adds a name and its text.
    #[must_use]
    pub fn with(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.0.push((name, text.into()));
        self
    }

    fn hash(&self) -> Result<[u8; 32], Unspecified> {
        Ok(hash::sha256(&[
            &canonical::serialise(&self.0).map_err(|_| Unspecified)?
        ]))
    }
}

/// A key that seals records, and its id.
pub struct SealingKey {
    id: [u8; 16],
    key: HmacKey,
}

impl Kind {
    /// The kind of a secret that stands in a row beside key material, as its sealed record says.
    pub(crate) fn of_secret(record: &[u8]) -> Option<Self> {
        match record.get(3) {
            Some(&kind) if kind == Self::SecretAccessKey as u8 => Some(Self::SecretAccessKey),
            Some(&kind) if kind == Self::CustomKeyStore as u8 => Some(Self::CustomKeyStore),
            _ => None,
        }
    }
}

impl SealingKey {
    /// Takes a key of 32 bytes.
    pub fn new(key: &[u8]) -> Result<Self, Unspecified> {
        let key = HmacKey::new(key)?;
        let mut id = [0; 16];
        kdf::derive(&key, b"kmscore key id", &[], &mut id)?;
        Ok(Self { id, key })
    }

    /// KDF(key, "kmscore key id"): names the key without showing it.
    #[must_use]
    pub const fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// Derives a key of another purpose.
    pub fn derive(&self, label: &[u8], context: &[u8]) -> Result<HmacKey, Unspecified> {
        derive_key(&self.key, label, context)
    }

    /// Seals `plaintext` as a record of this kind, bound to these names.
    pub fn seal(
        &self,
        kind: Kind,
        binding: &Binding,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Unspecified> {
        let mut record = vec![0; HEADER + OVERHEAD + plaintext.len()];
        record[..20].copy_from_slice(&self.prefix(kind));
        random::fill(&mut record[20..HEADER])?;
        committing::seal(&self.key, &FORMAT, &binding.hash()?, plaintext, &mut record)?;
        Ok(record)
    }

    /// Opens a record; every cause of failure looks the same.
    pub fn open(
        &self,
        kind: Kind,
        binding: &Binding,
        record: &[u8],
    ) -> Result<SecretBytes, Unspecified> {
        if record.len() <= HEADER + OVERHEAD || record[..20] != self.prefix(kind) {
            return Err(Unspecified);
        }
        let hash = binding.hash()?;
        SecretBytes::with(record.len() - HEADER - OVERHEAD, |out| {
            committing::open(&self.key, &FORMAT, &hash, record, out)
        })
    }

    fn prefix(&self, kind: Kind) -> [u8; 20] {
        let mut prefix = [0; 20];
        prefix[..2].copy_from_slice(&MAGIC);
        prefix[2..4].copy_from_slice(&[VERSION, kind as u8]);
        prefix[4..].copy_from_slice(&self.id);
        prefix
    }
}

/// The id of the key a record is sealed under, as its header has it.
#[must_use]
pub fn sealing_key_id(record: &[u8]) -> Option<[u8; 16]> {
    if record.len() <= HEADER + OVERHEAD || record[..2] != MAGIC {
        return None;
    }
    record[4..20].first_chunk().copied()
}

/// A key derived from another, for the audit chain. The bytes in between never leave the stack, and are wiped.
pub(crate) fn derive_key(
    key: &HmacKey,
    label: &[u8],
    context: &[u8],
) -> Result<HmacKey, Unspecified> {
    let mut derived = Zeroizing::new([0; 32]);
    kdf::derive(key, label, &[context], &mut *derived)?;
    HmacKey::new(&*derived)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn binding() -> Binding {
        Binding::default().with("store", "00").with("row", "1")
    }

    #[test]
    fn a_record_opens_under_its_key_kind_and_binding_only() {
        let key = SealingKey::new(&[7; 32]).unwrap();
        let record = key.seal(Kind::Material, &binding(), b"secret").unwrap();
        assert_eq!(
            key.open(Kind::Material, &binding(), &record)
                .unwrap()
                .expose()
                .unwrap(),
            b"secret"
        );
        assert!(
            SealingKey::new(&[8; 32])
                .unwrap()
                .open(Kind::Material, &binding(), &record)
                .is_err()
        );
        assert!(
            key.open(Kind::SecretAccessKey, &binding(), &record)
                .is_err()
        );
        assert!(
            key.open(Kind::Material, &binding().with("column", "x"), &record)
                .is_err()
        );
        assert_eq!(sealing_key_id(&record).as_ref(), Some(key.id()));
    }

    #[test]
    fn every_flipped_bit_truncation_and_extension_is_refused() {
        let key = SealingKey::new(&[7; 32]).unwrap();
        let record = key.seal(Kind::Material, &binding(), &[9; 32]).unwrap();
        for index in 0..record.len() {
            for bit in 0..8 {
                let mut damaged = record.clone();
                damaged[index] ^= 1 << bit;
                assert!(key.open(Kind::Material, &binding(), &damaged).is_err());
            }
            assert!(
                key.open(Kind::Material, &binding(), &record[..index])
                    .is_err()
            );
        }
        for extra in 1..=64 {
            let longer = [record.as_slice(), &vec![0; extra]].concat();
            assert!(key.open(Kind::Material, &binding(), &longer).is_err());
        }
    }
}
