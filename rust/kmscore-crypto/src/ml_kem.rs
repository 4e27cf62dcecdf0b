//! ML-KEM (FIPS 203).

use core::ffi::c_int;

use aws_lc_sys::{
    EVP_PKEY_CTX_kem_set_params, EVP_PKEY_KEM, EVP_PKEY_decapsulate, EVP_PKEY_encapsulate,
    EVP_PKEY_kem_new_raw_public_key, EVP_PKEY_keygen_deterministic, EVP_PKEY_keygen_init,
    NID_MLKEM512, NID_MLKEM768, NID_MLKEM1024,
};

use crate::Unspecified;
use crate::der;
use crate::pkey::{Context, Pkey, PrivatePkey, wiped};
use crate::secret::SecretBytes;

/// Bytes of a seed, d ‖ z: the private key.
pub const SEED: usize = 64;
/// Bytes of a shared secret.
pub const SHARED_SECRET: usize = 32;

/// A parameter set of FIPS 203 section 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterSet {
    /// ML-KEM-512
    MlKem512,
    /// ML-KEM-768
    MlKem768,
    /// ML-KEM-1024
    MlKem1024,
}

impl ParameterSet {
    const ALL: [Self; 3] = [Self::MlKem512, Self::MlKem768, Self::MlKem1024];

    /// Bytes of a ciphertext.
    #[must_use]
    pub const fn ciphertext_length(self) -> usize {
        match self {
            Self::MlKem512 => 768,
            Self::MlKem768 => 1088,
            Self::MlKem1024 => 1568,
        }
    }

    /// Bytes of an encapsulation key.
    #[must_use]
    pub const fn public_key_length(self) -> usize {
        match self {
            Self::MlKem512 => 800,
            Self::MlKem768 => 1184,
            Self::MlKem1024 => 1568,
        }
    }

    const fn nid(self) -> c_int {
        match self {
            Self::MlKem512 => NID_MLKEM512,
            Self::MlKem768 => NID_MLKEM768,
            Self::MlKem1024 => NID_MLKEM1024,
        }
    }

    /// A PrivateKeyInfo of a seed (RFC 9935) up to the seed.
    const fn pkcs8(self) -> [u8; 22] {
        let set = match self {
            Self::MlKem512 => 1,
            Self::MlKem768 => 2,
            Self::MlKem1024 => 3,
        };
        [
            0x30, 0x54, 0x02, 0x01, 0x00, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
            0x03, 0x04, 0x04, set, 0x04, 0x42, 0x80, 0x40,
        ]
    }
}

/// A decapsulation key.
#[derive(Debug)]
pub struct PrivateKey {
    key: PrivatePkey,
    seed: SecretBytes,
    set: ParameterSet,
}

/// An encapsulation key.
#[derive(Debug)]
pub struct PublicKey {
    key: Pkey,
    set: ParameterSet,
}

impl PrivateKey {
    /// A new key pair.
    pub fn generate(set: ParameterSet) -> Result<Self, Unspecified> {
        Self::from_seed(set, SecretBytes::random(SEED)?.expose()?)
    }

    /// The key pair of a seed (FIPS 203, algorithm 16).
    pub fn from_seed(set: ParameterSet, seed: &[u8]) -> Result<Self, Unspecified> {
        let mut length = seed.len();
        if length != SEED {
            return Err(Unspecified);
        }
        let mut context = Context::of_family(EVP_PKEY_KEM)?;
        let mut key = core::ptr::null_mut();
        // SAFETY: the context is whole; the seed's pointer comes with its length; a key that is made is ours.
        let status = unsafe {
            if EVP_PKEY_CTX_kem_set_params(context.as_ptr(), set.nid()) == 1
                && EVP_PKEY_keygen_init(context.as_ptr()) == 1
            {
                EVP_PKEY_keygen_deterministic(
                    context.as_ptr(),
                    &raw mut key,
                    seed.as_ptr(),
                    &raw mut length,
                )
            } else {
                0
            }
        };
        wiped(status)?;
        // SAFETY: made above, and ours.
        let key = unsafe { Pkey::from_owned(key) }?;
        Ok(Self {
            key: PrivatePkey::new(key),
            seed: SecretBytes::copy_of(seed)?,
            set,
        })
    }

    /// The seed, to be stored.
    pub fn to_seed(&self) -> Result<SecretBytes, Unspecified> {
        SecretBytes::copy_of(self.seed.expose()?)
    }

    /// The PrivateKeyInfo (RFC 9935) that holds the seed.
    pub fn to_pkcs8(&self) -> Result<SecretBytes, Unspecified> {
        der::prefixed_secret(&self.set.pkcs8(), self.seed.expose()?)
    }

    /// The encapsulation key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey {
            key: self.key.public(),
            set: self.set,
        }
    }

    /// The shared secret in a ciphertext. One of the right length always gives a secret; a foreign or changed one gives
    /// another than its maker has (implicit rejection, FIPS 203, algorithm 18).
    ///
    /// # Errors
    /// The ciphertext is of another length.
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretBytes, Unspecified> {
        if ciphertext.len() != self.set.ciphertext_length() {
            return Err(Unspecified);
        }
        let mut context = self.key.key()?.context()?;
        SecretBytes::with(SHARED_SECRET, |shared| {
            let mut length = shared.len();
            // SAFETY: `shared` has the length said, and the ciphertext its own.
            wiped(unsafe {
                EVP_PKEY_decapsulate(
                    context.as_ptr(),
                    shared.as_mut_ptr(),
                    &raw mut length,
                    ciphertext.as_ptr(),
                    ciphertext.len(),
                )
            })
        })
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 9935), with the modulus check of FIPS 203 section 7.2.
    pub fn from_spki(der: &[u8]) -> Result<Self, Unspecified> {
        let key = Pkey::from_spki(EVP_PKEY_KEM, der)?;
        let bytes = key.to_raw_public()?;
        let mut sets = ParameterSet::ALL.into_iter();
        let set = sets.find(|set| set.public_key_length() == bytes.len());
        Self::checked(key, set.ok_or(Unspecified)?)
    }

    /// Reads an encapsulation key as FIPS 203 encodes it, with the modulus check of section 7.2.
    pub fn from_raw(set: ParameterSet, bytes: &[u8]) -> Result<Self, Unspecified> {
        if bytes.len() != set.public_key_length() {
            return Err(Unspecified);
        }
        // SAFETY: the pointer and length are those of one slice; the result is ours.
        let key = unsafe {
            Pkey::from_owned(EVP_PKEY_kem_new_raw_public_key(
                set.nid(),
                bytes.as_ptr(),
                bytes.len(),
            ))
        }?;
        Self::checked(key, set)
    }

    /// AWS-LC checks the modulus when it encapsulates, not when it reads: so it encapsulates once.
    fn checked(key: Pkey, set: ParameterSet) -> Result<Self, Unspecified> {
        let key = Self { key, set };
        key.encapsulate()?;
        Ok(key)
    }

    /// The SubjectPublicKeyInfo.
    pub fn to_spki(&self) -> Result<Vec<u8>, Unspecified> {
        self.key.to_spki()
    }

    /// The encoded encapsulation key.
    pub fn to_raw(&self) -> Result<Vec<u8>, Unspecified> {
        self.key.to_raw_public()
    }

    /// The parameter set.
    #[must_use]
    pub const fn set(&self) -> ParameterSet {
        self.set
    }

    /// A fresh shared secret, and the ciphertext that carries it (FIPS 203, algorithm 20).
    pub fn encapsulate(&self) -> Result<(SecretBytes, Vec<u8>), Unspecified> {
        let mut context = self.key.context()?;
        let mut ciphertext = vec![0; self.set.ciphertext_length()];
        let shared = SecretBytes::with(SHARED_SECRET, |shared| {
            let (mut length, mut written) = (shared.len(), ciphertext.len());
            // SAFETY: `shared` and `ciphertext` have the lengths said.
            wiped(unsafe {
                EVP_PKEY_encapsulate(
                    context.as_ptr(),
                    ciphertext.as_mut_ptr(),
                    &raw mut written,
                    shared.as_mut_ptr(),
                    &raw mut length,
                )
            })
        })?;
        Ok((shared, ciphertext))
    }
}
