//! X25519 (RFC 7748), for backups to a recipient.

use crate::Unspecified;
use crate::secret::SecretBytes;

const LENGTH: usize = 32;

/// A private key and its public key.
#[derive(Debug)]
pub struct X25519 {
    private: SecretBytes,
    public: [u8; LENGTH],
}

impl X25519 {
    /// A new key pair.
    pub fn generate() -> Result<Self, Unspecified> {
        Self::from_secret(SecretBytes::random(LENGTH)?)
    }

    /// The key pair of these 32 bytes.
    pub fn from_secret(private: SecretBytes) -> Result<Self, Unspecified> {
        let bytes: &[u8; LENGTH] = private.expose()?.try_into().map_err(|_| Unspecified)?;
        let mut public = [0; LENGTH];
        // SAFETY: both pointers are to 32 bytes, the first of them exclusive.
        unsafe { aws_lc_sys::X25519_public_from_private(public.as_mut_ptr(), bytes.as_ptr()) };
        Ok(Self { private, public })
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &[u8; LENGTH] {
        &self.public
    }

    /// The private key, to be stored.
    #[must_use]
    pub const fn private(&self) -> &SecretBytes {
        &self.private
    }

    /// The shared secret with the holder of `peer`. A peer of small order, whose secret is zero, is refused.
    pub fn agree(&self, peer: &[u8; LENGTH]) -> Result<SecretBytes, Unspecified> {
        let private: &[u8; LENGTH] = self.private.expose()?.try_into().map_err(|_| Unspecified)?;
        SecretBytes::with(LENGTH, |shared| {
            // SAFETY: the three pointers are to 32 bytes each, the first of them exclusive.
            match unsafe {
                aws_lc_sys::X25519(shared.as_mut_ptr(), private.as_ptr(), peer.as_ptr())
            } {
                1 => Ok(()),
                _ => Err(Unspecified),
            }
        })
    }
}
