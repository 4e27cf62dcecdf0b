//! Encodings whose every byte but the key is fixed.

use crate::Unspecified;
use crate::secret::SecretBytes;

/// A fixed prefix and a secret, in locked memory.
pub(crate) fn prefixed_secret(prefix: &[u8], secret: &[u8]) -> Result<SecretBytes, Unspecified> {
    SecretBytes::with(prefix.len() + secret.len(), |out| {
        let (start, rest) = out.split_at_mut(prefix.len());
        start.copy_from_slice(prefix);
        rest.copy_from_slice(secret);
        Ok(())
    })
}
