//! The construction under every ciphertext of kmscore: a one-use AES-256-GCM key and a commitment, both derived.
//!
//! docs/formats.md "Ciphertext blob" and "Sealed record". The commitment binds key and context: AES-GCM alone does
//! not, and one ciphertext could then open under two keys (CVE-2020-8897).

use kmscore_crypto::aead::{self, IV_ZERO};
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::{Unspecified, constant_time, kdf};
use zeroize::Zeroizing;

/// Bytes of the commitment K_com.
pub(crate) const COMMITMENT: usize = 32;
/// Bytes of the AES-GCM tag.
pub(crate) const TAG: usize = 16;
/// Bytes a message is longer than its header and plaintext.
pub(crate) const OVERHEAD: usize = COMMITMENT + TAG;

/// What distinguishes one format's keys from another's.
pub(crate) struct Format {
    /// The KDF label.
    pub(crate) label: &'static [u8],
    /// Length of the header, which the caller writes and which is authenticated.
    pub(crate) header: usize,
}

/// Seals into `message`, whose first `format.header` bytes are the header; the rest is filled in.
pub(crate) fn seal(
    key: &HmacKey,
    format: &Format,
    context_hash: &[u8; 32],
    plaintext: &[u8],
    message: &mut [u8],
) -> Result<(), Unspecified> {
    if message.len() != format.header + OVERHEAD + plaintext.len() {
        return Err(Unspecified);
    }
    let keys = derive(key, format, &message[..format.header], context_hash)?;
    let (aad, sealed) = message.split_at_mut(format.header + COMMITMENT);
    aad[format.header..].copy_from_slice(&keys[..COMMITMENT]);
    aead::seal(encryption_key(&keys), &IV_ZERO, aad, plaintext, sealed)
}

/// Opens a message whose header the caller has checked. `plaintext` is wiped on failure.
pub(crate) fn open(
    key: &HmacKey,
    format: &Format,
    context_hash: &[u8; 32],
    message: &[u8],
    plaintext: &mut [u8],
) -> Result<(), Unspecified> {
    if message.len() != format.header + OVERHEAD + plaintext.len() {
        return Err(Unspecified);
    }
    let keys = derive(key, format, &message[..format.header], context_hash)?;
    let (aad, sealed) = message.split_at(format.header + COMMITMENT);
    if !constant_time::equal(&aad[format.header..], &keys[..COMMITMENT]) {
        return Err(Unspecified);
    }
    aead::open(encryption_key(&keys), &IV_ZERO, aad, sealed, plaintext)
}

fn derive(
    key: &HmacKey,
    format: &Format,
    header: &[u8],
    context_hash: &[u8; 32],
) -> Result<Zeroizing<[u8; 64]>, Unspecified> {
    let mut keys = Zeroizing::new([0; 64]);
    kdf::derive(key, format.label, &[header, context_hash], &mut *keys)?;
    Ok(keys)
}

fn encryption_key(keys: &[u8; 64]) -> &[u8; 32] {
    keys[COMMITMENT..]
        .first_chunk()
        .expect("64 bytes hold two halves of 32")
}
