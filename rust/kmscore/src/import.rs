//! Import of key material: parameters that keep nothing in the store, and the unwrapping of what comes back.
//!
//! The private half of the wrapping key is sealed inside the import token. docs/formats.md "Import token".

use kmscore_crypto::hash::Hash;
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{Unspecified, key_wrap, rsa};
use zeroize::Zeroizing;

#[cfg(feature = "sm2")]
use kmscore_crypto::sm2;

use crate::ciphertext::{KeyId, MaterialId};
use crate::hierarchy::KeyHierarchy;
use crate::key_pair::{self, PrivateKey};
use crate::material;
use crate::seal::{Binding, Kind};
use crate::spec::KeySpec;
use crate::store_fault::{StoreFault, StoreResult};

/// How long parameters for import are good.
const LIFETIME_MICROSECONDS: i64 = 24 * 60 * 60 * 1_000_000;
const VERSION: u8 = 1;
/// Version, wrapping algorithm, wrapping key spec, and the end of the token's life.
const HEADER: usize = 11;

/// How key material is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum WrappingAlgorithm {
    /// RSA OAEP with SHA-1.
    RsaesOaepSha1 = 1,
    /// RSA OAEP with SHA-256.
    RsaesOaepSha256 = 2,
    /// AES KWP under a key that is wrapped by RSA OAEP with SHA-1.
    RsaAesKeyWrapSha1 = 3,
    /// AES KWP under a key that is wrapped by RSA OAEP with SHA-256.
    RsaAesKeyWrapSha256 = 4,
    /// SM2 encryption.
    Sm2Pke = 5,
}

impl WrappingAlgorithm {
    const ALL: [(Self, &'static str); 5] = [
        (Self::RsaesOaepSha1, "RSAES_OAEP_SHA_1"),
        (Self::RsaesOaepSha256, "RSAES_OAEP_SHA_256"),
        (Self::RsaAesKeyWrapSha1, "RSA_AES_KEY_WRAP_SHA_1"),
        (Self::RsaAesKeyWrapSha256, "RSA_AES_KEY_WRAP_SHA_256"),
        (Self::Sm2Pke, "SM2PKE"),
    ];

    /// The algorithm of this name in the API; `RSAES_PKCS1_V1_5` is none any more.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(algorithm, _)| *algorithm)
    }

    const fn name(self) -> &'static str {
        Self::ALL[self as usize - 1].1
    }

    fn of_byte(byte: u8) -> Option<Self> {
        let found = Self::ALL.iter().find(|(known, _)| *known as u8 == byte);
        found.map(|(algorithm, _)| *algorithm)
    }

    const fn hash(self) -> Option<Hash> {
        match self {
            Self::RsaesOaepSha1 | Self::RsaAesKeyWrapSha1 => Some(Hash::Sha1),
            Self::RsaesOaepSha256 | Self::RsaAesKeyWrapSha256 => Some(Hash::Sha256),
            Self::Sm2Pke => None,
        }
    }

    const fn is_two_step(self) -> bool {
        matches!(self, Self::RsaAesKeyWrapSha1 | Self::RsaAesKeyWrapSha256)
    }
}

/// Why parameters are not to be had, or material not to be imported.
#[derive(Debug)]
pub enum ImportFault {
    /// The wrapping algorithm, the wrapping key spec and the key do not go together; the text says how.
    Unsupported(String),
    /// The token is not one of this store for this key.
    InvalidToken,
    /// The token is too old.
    ExpiredToken,
    /// The material was not wrapped as the token says.
    NotUnwrapped,
    /// What was unwrapped is no material of the key's spec.
    WrongMaterial,
    /// The store's keys failed.
    Store(StoreFault),
}

impl From<StoreFault> for ImportFault {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl From<Unspecified> for ImportFault {
    fn from(_: Unspecified) -> Self {
        Self::Store(StoreFault::Crypto)
    }
}

/// The KMS key that material is imported into.
#[derive(Debug, Clone)]
pub struct Importing {
    /// Its account.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its id.
    pub key_id: KeyId,
    /// Its spec.
    pub spec: KeySpec,
}

impl Importing {
    fn is_in_china(&self) -> bool {
        self.region.starts_with("cn-")
    }

    fn binding(&self, header: &[u8]) -> Binding {
        Binding::default()
            .with("account", &*self.account)
            .with("region", &*self.region)
            .with("key_id", self.key_id.to_string())
            .with("spec", self.spec.name())
            .with("token", crate::hex::encode(header))
    }
}

/// What GetParametersForImport answers with.
#[derive(Debug)]
pub struct ImportParameters {
    /// The import token.
    pub token: Vec<u8>,
    /// The wrapping key's SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// Microseconds since 1970.
    pub valid_to: i64,
}

impl KeyHierarchy {
    /// A wrapping key for one KMS key, its private half sealed in the token.
    ///
    /// # Errors
    /// The algorithm, the wrapping key and the KMS key do not go together.
    pub fn new_import_parameters(
        &self,
        key: &Importing,
        algorithm: WrappingAlgorithm,
        wrapping: KeySpec,
        now: i64,
    ) -> Result<ImportParameters, ImportFault> {
        check_combination(key, algorithm, wrapping)?;
        let pair = PrivateKey::generate(wrapping)?;
        let valid_to = now.saturating_add(LIFETIME_MICROSECONDS);
        let mut token = vec![VERSION, algorithm as u8, wrapping_byte(wrapping)];
        token.extend_from_slice(&valid_to.to_be_bytes());
        let sealed = self.seal_import(key.binding(&token), &pair.to_canonical()?)?;
        token.extend_from_slice(&sealed);
        Ok(ImportParameters {
            token,
            public_key: pair.public_key().to_spki()?,
            valid_to,
        })
    }

    /// Unwraps material, checks that it is some for the key, and seals it: its id and its sealed record.
    ///
    /// # Errors
    /// The token is not good, or the material is not.
    pub fn unwrap_import(
        &self,
        key: &Importing,
        binding: Binding,
        token: &[u8],
        wrapped: &[u8],
        now: i64,
    ) -> Result<(String, Vec<u8>), ImportFault> {
        let (header, sealed) = token
            .split_at_checked(HEADER)
            .ok_or(ImportFault::InvalidToken)?;
        let (algorithm, wrapping, valid_to) =
            read_header(header).ok_or(ImportFault::InvalidToken)?;
        let private = self
            .open_import(key.binding(header), sealed)
            .map_err(|_| ImportFault::InvalidToken)?;
        if now > valid_to {
            return Err(ImportFault::ExpiredToken);
        }
        let private = PrivateKey::from_canonical(wrapping, private.expose()?)?;
        let unwrapped =
            unwrap(&private, algorithm, wrapped).map_err(|_| ImportFault::NotUnwrapped)?;
        let material = canonical(key, &unwrapped).map_err(|_| ImportFault::WrongMaterial)?;
        let identity = kmscore_crypto::hmac::HmacKey::new(material.expose()?)?;
        let id = MaterialId::of(&identity, key.key_id)?.to_string();
        let sealed = self.seal_material(binding, &id, &material)?;
        Ok((id, sealed))
    }

    fn seal_import(&self, binding: Binding, private: &SecretBytes) -> StoreResult<Vec<u8>> {
        self.seal_for_store(Kind::ImportToken, binding, private)
    }

    fn open_import(&self, binding: Binding, sealed: &[u8]) -> StoreResult<SecretBytes> {
        self.open_for_store(Kind::ImportToken, binding, sealed)
    }
}

/// AWS KMS API Reference, GetParametersForImport, WrappingAlgorithm.
fn check_combination(
    key: &Importing,
    algorithm: WrappingAlgorithm,
    wrapping: KeySpec,
) -> Result<(), ImportFault> {
    let refuse = |text: String| Err(ImportFault::Unsupported(text));
    let is_sm2 = algorithm == WrappingAlgorithm::Sm2Pke;
    if is_sm2 != (wrapping == KeySpec::Sm2) {
        return refuse(format!(
            "WrappingAlgorithm {} cannot be used with WrappingKeySpec {}.",
            algorithm.name(),
            wrapping.name()
        ));
    }
    if is_sm2 && let Err(why) = KeySpec::Sm2.available(&key.region) {
        return refuse(format!("WrappingKeySpec SM2 {why}."));
    }
    let is_rsa = key_pair::rsa_bits(key.spec).is_some();
    let is_curve = key.spec.is_key_pair() && !is_rsa;
    let too_long_for_oaep =
        is_rsa || (key.spec == KeySpec::EccNistP521 && wrapping == KeySpec::Rsa2048);
    let fits = if algorithm.is_two_step() {
        is_rsa || is_curve
    } else {
        !too_long_for_oaep
    };
    if fits {
        return Ok(());
    }
    refuse(format!(
        "WrappingAlgorithm {} with WrappingKeySpec {} cannot wrap key material of KeySpec {}.",
        algorithm.name(),
        wrapping.name(),
        key.spec.name()
    ))
}

/// Key specs of wrapping keys, whose place here is their byte in a token.
const WRAPPING_SPECS: [KeySpec; 4] = [
    KeySpec::Rsa2048,
    KeySpec::Rsa3072,
    KeySpec::Rsa4096,
    KeySpec::Sm2,
];

fn wrapping_byte(wrapping: KeySpec) -> u8 {
    let place = WRAPPING_SPECS.iter().position(|spec| *spec == wrapping);
    place.map_or(u8::MAX, |place| place.to_le_bytes()[0])
}

fn read_header(header: &[u8]) -> Option<(WrappingAlgorithm, KeySpec, i64)> {
    let [VERSION, algorithm, wrapping, valid_to @ ..] = header else {
        return None;
    };
    Some((
        WrappingAlgorithm::of_byte(*algorithm)?,
        *WRAPPING_SPECS.get(usize::from(*wrapping))?,
        i64::from_be_bytes(valid_to.try_into().ok()?),
    ))
}

fn unwrap(
    private: &PrivateKey,
    algorithm: WrappingAlgorithm,
    wrapped: &[u8],
) -> Result<Unwrapped, Unspecified> {
    match (private, algorithm.hash()) {
        (PrivateKey::Rsa(key), Some(hash)) if algorithm.is_two_step() => {
            two_step(key, hash, wrapped).map(Unwrapped::Locked)
        }
        (PrivateKey::Rsa(key), Some(hash)) => key.decrypt_oaep(hash, wrapped).map(Unwrapped::Plain),
        #[cfg(feature = "sm2")]
        (PrivateKey::Sm2(key), None) => {
            sm2::PrivateKey::decrypt(key, wrapped).map(Unwrapped::Plain)
        }
        _ => Err(Unspecified),
    }
}

/// A key of AES-256 wrapped by OAEP, and after it what KWP wrapped under that key (PKCS #11, CKM_RSA_AES_KEY_WRAP).
fn two_step(key: &rsa::PrivateKey, hash: Hash, wrapped: &[u8]) -> Result<SecretBytes, Unspecified> {
    let (first, second) = wrapped
        .split_at_checked(key.public_key().bits() / 8)
        .ok_or(Unspecified)?;
    key_wrap::unwrap_padded(&key.decrypt_oaep(hash, first)?, second)
}

enum Unwrapped {
    Plain(Zeroizing<Vec<u8>>),
    Locked(SecretBytes),
}

impl Unwrapped {
    fn expose(&self) -> Result<&[u8], Unspecified> {
        match self {
            Self::Plain(bytes) => Ok(bytes),
            Self::Locked(secret) => secret.expose(),
        }
    }
}

/// The form in which material of the key's spec is stored, or an error when this is none.
fn canonical(key: &Importing, unwrapped: &Unwrapped) -> Result<SecretBytes, Unspecified> {
    let bytes = unwrapped.expose()?;
    if key.spec.is_key_pair() {
        return PrivateKey::from_pkcs8(key.spec, bytes)?.to_canonical();
    }
    // SM4 keys of China Regions have 16 bytes.
    let expected = match material::hmac_hash(key.spec) {
        Some(hash) => hash.length(),
        None if key.is_in_china() => 16,
        None => material::SYMMETRIC,
    };
    if bytes.len() != expected {
        return Err(Unspecified);
    }
    SecretBytes::copy_of(bytes)
}

#[cfg(test)]
mod tests;
