//! Derived keys of one message (AWS Encryption SDK Specification, `framework/algorithm-suites.md`, "commit key").

use kmscore_crypto::aead::{self, CallKey};
use kmscore_crypto::hkdf::HkdfSha512;
use kmscore_crypto::secret::SecretBytes;
use zeroize::Zeroizing;

use super::fault::{EnvelopeFault, EnvelopeResult};
use super::suite::Suite;

/// Bytes of a message id; it is also the salt of the derivation.
pub(super) const MESSAGE_ID: usize = 32;
/// Bytes of a commit key.
pub(super) const COMMIT_KEY: usize = 32;

/// The content key of a message, and its commit key, which the header shows.
pub(super) struct MessageKeys {
    pub(super) content: Zeroizing<[u8; 32]>,
    pub(super) commit: [u8; COMMIT_KEY],
}

impl MessageKeys {
    /// Room for the keys; `derive` fills it where it is.
    pub(super) fn room() -> Self {
        Self {
            content: Zeroizing::new([0; 32]),
            commit: [0; COMMIT_KEY],
        }
    }

    /// Derives both keys.
    pub(super) fn derive(
        &mut self,
        suite: &Suite,
        data_key: &SecretBytes,
        message_id: &[u8; MESSAGE_ID],
    ) -> EnvelopeResult<()> {
        let data_key = data_key.expose()?;
        if data_key.len() != suite.key_length {
            return Err(EnvelopeFault::Crypto);
        }
        HkdfSha512::with(message_id, data_key, |state| {
            state.expand(&[&suite.id.to_be_bytes(), b"DERIVEKEY"], &mut *self.content)?;
            state.expand(&[b"COMMITKEY"], &mut self.commit)
        })?;
        Ok(())
    }

    /// Sets the content key up for one call.
    pub(super) fn with_content_key<T>(
        &self,
        work: impl FnOnce(CallKey<'_>) -> EnvelopeResult<T>,
    ) -> EnvelopeResult<T> {
        aead::with_key(&*self.content, work)
    }
}
