//! Key material of each key spec: how it is drawn, and the form in which it is stored (docs/formats.md "Key material").

use kmscore_crypto::Unspecified;
use kmscore_crypto::hash::Hash;
use kmscore_crypto::secret::SecretBytes;

use crate::key_pair::PrivateKey;
use crate::spec::KeySpec;

/// Bytes of the backing key of SYMMETRIC_DEFAULT.
pub(crate) const SYMMETRIC: usize = 32;

/// Draws key material of a spec.
pub fn generate(spec: KeySpec) -> Result<SecretBytes, Unspecified> {
    if spec == KeySpec::SymmetricDefault {
        return SecretBytes::random(SYMMETRIC);
    }
    match hmac_hash(spec) {
        Some(hash) => SecretBytes::random(hash.length()),
        None => PrivateKey::generate(spec)?.to_canonical(),
    }
}

/// The hash of an HMAC key spec; its key is as long as its tag.
#[must_use]
pub const fn hmac_hash(spec: KeySpec) -> Option<Hash> {
    match spec {
        KeySpec::Hmac224 => Some(Hash::Sha224),
        KeySpec::Hmac256 => Some(Hash::Sha256),
        KeySpec::Hmac384 => Some(Hash::Sha384),
        KeySpec::Hmac512 => Some(Hash::Sha512),
        _ => None,
    }
}

/// A bound on the memory of opened material, for the key table's budget.
pub(crate) const fn opened_size(spec: KeySpec) -> usize {
    match spec {
        KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87 => 16 * 1024,
        KeySpec::Rsa2048
        | KeySpec::Rsa3072
        | KeySpec::Rsa4096
        | KeySpec::MlKem512
        | KeySpec::MlKem768
        | KeySpec::MlKem1024 => 8 * 1024,
        _ => 1024,
    }
}
