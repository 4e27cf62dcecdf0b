//! ML-KEM (FIPS 203).

use core::ffi::c_int;

use aws_lc_sys::{
    EVP_PKEY_CTX_kem_set_params, EVP_PKEY_KEM, EVP_PKEY_decapsulate, EVP_PKEY_encapsulate,
    EVP_PKEY_kem_new_raw_public_key, EVP_PKEY_keygen_deterministic, EVP_PKEY_keygen_init,
    NID_MLKEM512, NID_MLKEM768, NID_MLKEM1024,
};

use kmscore_sys::fork::HoldOff;

use crate::der;
use crate::pkey::{Context, Pkey, PrivatePkey, wiped};
use crate::secret::SecretBytes;
use crate::{Unspecified, succeeded};

/// Bytes of a seed, d ‖ z: the private key.
pub const SEED: usize = 64;
/// Bytes of a shared secret.
pub const SHARED_SECRET: usize = 32;
/// Bytes of ρ, at the end of an encapsulation key.
const RHO: usize = 32;
/// q of FIPS 203 section 2.4; coefficients are encoded in 12 bits, two in three bytes.
const MODULUS: u16 = 3329;

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

    /// The parameter set whose ciphertexts have this length.
    #[must_use]
    pub fn of_ciphertext(length: usize) -> Option<Self> {
        let mut sets = Self::ALL.into_iter();
        sets.find(|set| set.ciphertext_length() == length)
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

    /// The last two arcs of its object identifier.
    const fn arcs(self) -> [u8; 2] {
        match self {
            Self::MlKem512 => [4, 1],
            Self::MlKem768 => [4, 2],
            Self::MlKem1024 => [4, 3],
        }
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
        if seed.len() != SEED {
            return Err(Unspecified);
        }
        let key = PrivatePkey::make(|| of_seed(set, seed))?;
        Ok(Self {
            key,
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
        der::seed_info(self.set.arcs(), &self.seed)
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
        let key = self.key.key()?;
        let mut context = key.context()?;
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
        let set = set.ok_or(Unspecified)?;
        check_modulus(&bytes)?;
        Ok(Self { key, set })
    }

    /// Reads an encapsulation key as FIPS 203 encodes it, with the modulus check of section 7.2.
    pub fn from_raw(set: ParameterSet, bytes: &[u8]) -> Result<Self, Unspecified> {
        if bytes.len() != set.public_key_length() {
            return Err(Unspecified);
        }
        check_modulus(bytes)?;
        // SAFETY: the pointer and length are those of one slice; the result is ours.
        let key = unsafe {
            Pkey::from_owned(EVP_PKEY_kem_new_raw_public_key(
                set.nid(),
                bytes.as_ptr(),
                bytes.len(),
            ))
        }?;
        Ok(Self { key, set })
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
        let _hold = HoldOff::begin();
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

/// Refuses an encapsulation key with a coefficient that is not below the modulus (FIPS 203 section 7.2). AWS-LC does so
/// when it encapsulates, but not when it reads.
fn check_modulus(key: &[u8]) -> Result<(), Unspecified> {
    let (coefficients, _) = key.split_last_chunk::<RHO>().ok_or(Unspecified)?;
    let is_reduced = |pair: &[u8]| {
        let [low, middle, high] = [0, 1, 2].map(|byte| u16::from(pair[byte]));
        low | (middle & 0xF) << 8 < MODULUS && middle >> 4 | high << 4 < MODULUS
    };
    if coefficients.chunks_exact(3).all(is_reduced) {
        Ok(())
    } else {
        Err(Unspecified)
    }
}

fn of_seed(set: ParameterSet, seed: &[u8]) -> Result<Pkey, Unspecified> {
    let mut context = Context::of_family(EVP_PKEY_KEM)?;
    let (mut key, mut length) = (core::ptr::null_mut(), seed.len());
    // SAFETY: the context is whole; the seed's pointer comes with its length; a key that is made is ours.
    unsafe {
        succeeded(EVP_PKEY_CTX_kem_set_params(context.as_ptr(), set.nid()))?;
        succeeded(EVP_PKEY_keygen_init(context.as_ptr()))?;
        succeeded(EVP_PKEY_keygen_deterministic(
            context.as_ptr(),
            &raw mut key,
            seed.as_ptr(),
            &raw mut length,
        ))?;
        Pkey::from_owned(key)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_after_every_encoding() {
        for set in ParameterSet::ALL {
            let key = PrivateKey::generate(set).unwrap();
            let seed = key.to_seed().unwrap();
            let same = PrivateKey::from_seed(set, seed.expose().unwrap()).unwrap();
            let raw = key.public_key().to_raw().unwrap();
            assert_eq!(raw.len(), set.public_key_length());
            assert_eq!(same.public_key().to_raw().unwrap(), raw);
            let spki = key.public_key().to_spki().unwrap();
            let read = PublicKey::from_spki(&spki).unwrap();
            for public in [read, PublicKey::from_raw(set, &raw).unwrap()] {
                assert_eq!(public.set(), set);
                assert_eq!(public.to_raw().unwrap(), raw);
                assert_eq!(public.to_spki().unwrap(), spki);
            }
            let pkcs8 = key.to_pkcs8().unwrap();
            assert_eq!(pkcs8.len(), 86);
            // AWS-LC reads it as the same key.
            let read = Pkey::from_pkcs8(EVP_PKEY_KEM, pkcs8.expose().unwrap()).unwrap();
            assert_eq!(read.to_spki().unwrap(), spki);
        }
    }

    #[test]
    fn a_changed_ciphertext_gives_another_secret_and_one_of_another_length_none() {
        for set in ParameterSet::ALL {
            let key = PrivateKey::generate(set).unwrap();
            let (shared, mut ciphertext) = key.public_key().encapsulate().unwrap();
            assert_eq!(ciphertext.len(), set.ciphertext_length());
            let same = key.decapsulate(&ciphertext).unwrap();
            assert!(same.equals(shared.expose().unwrap()));
            assert!(key.decapsulate(&ciphertext[1..]).is_err());
            let longer = [ciphertext.as_slice(), &[0]].concat();
            assert!(key.decapsulate(&longer).is_err());
            assert!(key.decapsulate(&[]).is_err());
            ciphertext[100] ^= 1;
            let (one, other) = (
                key.decapsulate(&ciphertext).unwrap(),
                key.decapsulate(&ciphertext).unwrap(),
            );
            assert!(!one.equals(shared.expose().unwrap()));
            assert!(other.equals(one.expose().unwrap()), "it is always the same");
        }
    }

    #[test]
    fn what_is_of_another_length_or_family_is_refused() {
        for set in ParameterSet::ALL {
            let public = PrivateKey::generate(set).unwrap().public_key();
            let spki = public.to_spki().unwrap();
            assert!(PublicKey::from_spki(&[spki.as_slice(), &[0]].concat()).is_err());
            assert!(PublicKey::from_spki(&spki[..spki.len() - 1]).is_err());
            let raw = public.to_raw().unwrap();
            assert!(PublicKey::from_raw(set, &raw[1..]).is_err());
            for other in ParameterSet::ALL.into_iter().filter(|other| *other != set) {
                assert!(PublicKey::from_raw(other, &raw).is_err());
            }
            for length in [0, 32, 63, 65] {
                assert!(PrivateKey::from_seed(set, &vec![7; length]).is_err());
            }
        }
        let other = crate::ed25519::PrivateKey::generate().unwrap();
        assert!(PublicKey::from_spki(&other.public_key().to_spki()).is_err());
    }

    #[test]
    fn a_coefficient_that_is_not_below_the_modulus_is_refused() {
        let set = ParameterSet::MlKem512;
        let raw = PrivateKey::generate(set).unwrap().public_key().to_raw();
        let raw = raw.unwrap();
        for (coefficient, is_reduced) in [(0, true), (3328, true), (3329, false), (4095, false)] {
            for pair in [0, 255] {
                let (mut low, mut high) = (raw.clone(), raw.clone());
                let [first, second] = u16::to_le_bytes(coefficient);
                low[3 * pair] = first;
                low[3 * pair + 1] = low[3 * pair + 1] & 0xF0 | second;
                let [first, second] = u16::to_le_bytes(coefficient << 4);
                high[3 * pair + 1] = high[3 * pair + 1] & 0x0F | first;
                high[3 * pair + 2] = second;
                assert_eq!(PublicKey::from_raw(set, &low).is_ok(), is_reduced);
                assert_eq!(PublicKey::from_raw(set, &high).is_ok(), is_reduced);
            }
        }
    }
}
