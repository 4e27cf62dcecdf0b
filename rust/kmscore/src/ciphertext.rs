//! The symmetric ciphertext blob, suite 01, and the ids that stand in it. docs/formats.md "Ciphertext blob".

use core::fmt;

use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::{Unspecified, kdf};

use crate::committing::{self, Format};
use crate::hex;

const MAGIC: [u8; 2] = [0xC5, 0x4B];
const VERSION: u8 = 1;
const SUITE_SOFTWARE: u8 = 1;
const FLAG_MULTI_REGION: u8 = 1;
const HEADER: usize = 69;
const PREFIX: usize = HEADER - N;
const N: usize = 32;
const FORMAT: Format = Format {
    label: b"kmscore blob v1",
    header: HEADER,
};

/// Bytes a blob is longer than its plaintext.
pub const OVERHEAD: usize = HEADER + committing::OVERHEAD;

/// A key id: a UUID, or `mrk-` and 32 hex digits for a multi-Region key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId {
    bytes: [u8; 16],
    multi_region: bool,
}

impl KeyId {
    /// A fresh random id (UUID version 4 unless multi-Region).
    #[must_use]
    pub const fn from_random(mut bytes: [u8; 16], multi_region: bool) -> Self {
        if !multi_region {
            bytes[6] = bytes[6] & 0x0f | 0x40;
            bytes[8] = bytes[8] & 0x3f | 0x80;
        }
        Self {
            bytes,
            multi_region,
        }
    }

    /// Reads either form; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(digits) = text.strip_prefix("mrk-") {
            return hex::decode(digits).map(|bytes| Self {
                bytes,
                multi_region: true,
            });
        }
        let octets = text.as_bytes();
        if octets.len() != 36 || [8, 13, 18, 23].iter().any(|&at| octets[at] != b'-') {
            return None;
        }
        let mut digits = [0; 32];
        let mut filled = 0;
        for (at, &octet) in octets.iter().enumerate() {
            if !matches!(at, 8 | 13 | 18 | 23) {
                digits[filled] = octet.to_ascii_lowercase();
                filled += 1;
            }
        }
        let bytes = hex::decode(core::str::from_utf8(&digits).ok()?)?;
        Some(Self {
            bytes,
            multi_region: false,
        })
    }

    /// The 16 bytes that stand in a blob.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// Whether this is the id of a multi-Region key.
    #[must_use]
    pub const fn is_multi_region(&self) -> bool {
        self.multi_region
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::with_capacity(36);
        if self.multi_region {
            out.push_str("mrk-");
            hex::push(&mut out, &self.bytes);
            return f.write_str(&out);
        }
        for (index, group) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
            if index > 0 {
                out.push('-');
            }
            hex::push(&mut out, &self.bytes[group]);
        }
        f.write_str(&out)
    }
}

/// The id of one version of key material: deterministic, so the same material imported again opens old blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaterialId([u8; 32]);

impl MaterialId {
    /// KDF(material, "kmscore key material id", key id).
    pub fn of(material: &HmacKey, key_id: KeyId) -> Result<Self, Unspecified> {
        let mut id = [0; 32];
        kdf::derive(
            material,
            b"kmscore key material id",
            &[key_id.bytes()],
            &mut id,
        )?;
        Ok(Self(id))
    }

    /// Reads 64 hex digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex::decode(text).map(Self)
    }

    /// The half that a blob carries.
    #[must_use]
    pub fn short(&self) -> &[u8; 16] {
        self.0.first_chunk().expect("32 bytes hold 16")
    }
}

impl fmt::Display for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// What a blob says of itself before anything in it is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobHeader {
    /// The KMS key.
    pub key_id: KeyId,
    /// The first half of the KeyMaterialId.
    pub material: [u8; 16],
}

impl BlobHeader {
    /// Reads the header of a suite 01 blob; `None` for anything else.
    #[must_use]
    pub fn parse(blob: &[u8]) -> Option<Self> {
        if blob.len() < OVERHEAD || blob[..2] != MAGIC || blob[2..4] != [VERSION, SUITE_SOFTWARE] {
            return None;
        }
        let multi_region = match blob[4] {
            0 => false,
            FLAG_MULTI_REGION => true,
            _ => return None,
        };
        let bytes = *blob[5..21].first_chunk()?;
        Some(Self {
            key_id: KeyId {
                bytes,
                multi_region,
            },
            material: *blob[21..37].first_chunk()?,
        })
    }

    fn prefix(&self) -> [u8; PREFIX] {
        let mut prefix = [0; PREFIX];
        prefix[..2].copy_from_slice(&MAGIC);
        prefix[2..4].copy_from_slice(&[VERSION, SUITE_SOFTWARE]);
        prefix[4] = u8::from(self.key_id.multi_region) * FLAG_MULTI_REGION;
        prefix[5..21].copy_from_slice(&self.key_id.bytes);
        prefix[21..].copy_from_slice(&self.material);
        prefix
    }
}

/// What tells a blob from all others, for the audit log: nothing of it is secret, or helps to forge one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobTrace {
    /// The start of its N.
    pub blob: [u8; 8],
    /// The start of the KeyMaterialId.
    pub material: [u8; 8],
}

impl BlobTrace {
    /// Of what has the form of a suite 01 blob; `None` of anything else.
    #[must_use]
    pub fn of(blob: &[u8]) -> Option<Self> {
        Some(Self {
            material: *BlobHeader::parse(blob)?.material.first_chunk()?,
            blob: *blob[PREFIX..].first_chunk()?,
        })
    }
}

/// Seals `plaintext` into `blob`, which is `OVERHEAD` longer. `n` must never repeat under one key.
pub(crate) fn seal(
    material: &HmacKey,
    header: &BlobHeader,
    context_hash: &[u8; 32],
    n: &[u8; N],
    plaintext: &[u8],
    blob: &mut [u8],
) -> Result<(), Unspecified> {
    if blob.len() != OVERHEAD + plaintext.len() {
        return Err(Unspecified);
    }
    blob[..PREFIX].copy_from_slice(&header.prefix());
    blob[PREFIX..HEADER].copy_from_slice(n);
    committing::seal(material, &FORMAT, context_hash, plaintext, blob)
}

/// Opens a blob whose header named this material. `plaintext` is `OVERHEAD` shorter, and wiped on failure.
pub(crate) fn open(
    material: &HmacKey,
    context_hash: &[u8; 32],
    blob: &[u8],
    plaintext: &mut [u8],
) -> Result<(), Unspecified> {
    committing::open(material, &FORMAT, context_hash, blob, plaintext)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const UUID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn sealed() -> (HmacKey, Vec<u8>) {
        let key = HmacKey::new(&[3; 32]).unwrap();
        let key_id = KeyId::parse(UUID).unwrap();
        let header = BlobHeader {
            key_id,
            material: *MaterialId::of(&key, key_id).unwrap().short(),
        };
        let mut blob = vec![0; OVERHEAD + 5];
        seal(&key, &header, &[0; 32], &[5; 32], b"hello", &mut blob).unwrap();
        (key, blob)
    }

    fn opened(key: &HmacKey, context_hash: &[u8; 32], blob: &[u8]) -> Option<Vec<u8>> {
        BlobHeader::parse(blob)?;
        let mut plaintext = vec![0; blob.len() - OVERHEAD];
        open(key, context_hash, blob, &mut plaintext)
            .ok()
            .map(|()| plaintext)
    }

    #[test]
    fn key_ids_go_there_and_back() {
        for text in [UUID, "mrk-0123456789abcdef0123456789abcdef"] {
            assert_eq!(KeyId::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "1234abcd12ab34cd56ef1234567890ab",
            "mrk-0123",
            "1234abcd-12ab-34cd-56ef-1234567890ag",
        ] {
            assert_eq!(KeyId::parse(text), None);
        }
    }

    #[test]
    fn a_blob_opens_under_its_key_and_context_only() {
        let (key, blob) = sealed();
        assert_eq!(opened(&key, &[0; 32], &blob).unwrap(), b"hello");
        assert_eq!(opened(&key, &[1; 32], &blob), None);
        assert_eq!(
            opened(&HmacKey::new(&[4; 32]).unwrap(), &[0; 32], &blob),
            None
        );
    }

    #[test]
    fn every_flipped_bit_truncation_and_extension_is_refused() {
        let (key, blob) = sealed();
        for index in 0..blob.len() {
            for bit in 0..8 {
                let mut damaged = blob.clone();
                damaged[index] ^= 1 << bit;
                assert_eq!(
                    opened(&key, &[0; 32], &damaged),
                    None,
                    "byte {index} bit {bit}"
                );
            }
            assert_eq!(opened(&key, &[0; 32], &blob[..index]), None);
        }
        for extra in 1..=64 {
            assert_eq!(
                opened(&key, &[0; 32], &[blob.as_slice(), &vec![0; extra]].concat()),
                None
            );
        }
    }
}
