//! Encodings whose every byte but the key is fixed.

use crate::Unspecified;
use crate::secret::SecretBytes;

/// The PrivateKeyInfo that holds a seed (RFC 9881, RFC 9935).
///
/// The arcs are the last two of its algorithm's identifier, below nistAlgorithms.
pub(crate) fn seed_info(
    [family, set]: [u8; 2],
    seed: &SecretBytes,
) -> Result<SecretBytes, Unspecified> {
    let length = u8::try_from(seed.len()).map_err(|_| Unspecified)?;
    let prefix = [
        0x30,
        length + 20,
        0x02,
        0x01,
        0x00,
        0x30,
        0x0b,
        0x06,
        0x09,
        0x60,
        0x86,
        0x48,
        0x01,
        0x65,
        0x03,
        0x04,
        family,
        set,
        0x04,
        length + 2,
        0x80,
        length,
    ];
    prefixed_secret(&prefix, seed.expose()?)
}

/// A fixed prefix and a secret, in locked memory.
pub(crate) fn prefixed_secret(prefix: &[u8], secret: &[u8]) -> Result<SecretBytes, Unspecified> {
    SecretBytes::with(prefix.len() + secret.len(), |out| {
        let (start, rest) = out.split_at_mut(prefix.len());
        start.copy_from_slice(prefix);
        rest.copy_from_slice(secret);
        Ok(())
    })
}
