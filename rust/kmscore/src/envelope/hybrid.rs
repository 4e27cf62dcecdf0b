//! Data keys under the public half of a KMS key pair: encrypted here, by anyone; KMS decrypts or decapsulates.
//!
//! docs/formats.md "Data key under RSA" and "Data key under ML-KEM".

use kmscore_crypto::hash::{self, Hash};
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::ml_kem::ParameterSet;
use kmscore_crypto::{Unspecified, constant_time};
use zeroize::Zeroizing;

use super::context;
use super::fault::{EnvelopeFault, EnvelopeResult};
use super::header::EncryptedDataKey;
use super::materials::DataKey;
use crate::committing::{self, Format};
use crate::key_pair::{PublicKey, oaep_hash};
use crate::spec::EncryptionAlgorithm;

/// The key provider of data keys under RSA (AWS Encryption SDK Specification, `framework/aws-kms/aws-kms-rsa-keyring.md`).
pub const RSA_PROVIDER: &str = "aws-kms-rsa";
/// The key provider of data keys under ML-KEM.
pub const ML_KEM_PROVIDER: &str = "kmscore-ml-kem";

/// Bytes of the encryption context's digest before a data key under RSA.
const DIGEST: usize = 48;
/// Bytes of the two together.
const RSA_PLAINTEXT: usize = DIGEST + DataKey::LENGTH;
/// Bytes that follow an ML-KEM ciphertext: commitment, data key, tag.
const SEALED: usize = committing::OVERHEAD + DataKey::LENGTH;

/// Encrypts a data key, bound to an encryption context, to an RSA key.
///
/// # Errors
/// Argument: the key is not RSA, or the algorithm not OAEP.
pub fn wrap_rsa(
    public: &PublicKey,
    algorithm: EncryptionAlgorithm,
    key_arn: &str,
    data_key: &DataKey,
    pairs: &[(String, String)],
) -> EnvelopeResult<EncryptedDataKey> {
    let (PublicKey::Rsa(key), Some(oaep)) = (public, oaep_hash(algorithm)) else {
        let text = format!("{key_arn} is no RSA key that has {}", algorithm.name());
        return Err(EnvelopeFault::Argument(text));
    };
    let mut plaintext = Zeroizing::new([0; RSA_PLAINTEXT]);
    plaintext[..DIGEST].copy_from_slice(&context_digest(pairs)?);
    plaintext[DIGEST..].copy_from_slice(data_key.secret().expose()?);
    Ok(EncryptedDataKey {
        provider_id: RSA_PROVIDER.into(),
        provider_info: key_arn.into(),
        ciphertext: key.encrypt_oaep(oaep, &*plaintext)?,
    })
}

/// The data key in what KMS decrypted.
///
/// # Errors
/// Decryption: it is bound to another encryption context, or is no data key.
pub fn unwrap_rsa(plaintext: &[u8], pairs: &[(String, String)]) -> EnvelopeResult<DataKey> {
    let (digest, data_key) = plaintext
        .split_at_checked(DIGEST)
        .filter(|(_, data_key)| data_key.len() == DataKey::LENGTH)
        .ok_or(EnvelopeFault::Decryption)?;
    if !constant_time::equal(digest, &context_digest(pairs)?) {
        return Err(EnvelopeFault::Decryption);
    }
    DataKey::from_wiping(&mut Zeroizing::new(data_key.to_vec()))
}

/// Encrypts a data key, bound to an encryption context and the key's ARN, to an ML-KEM key.
///
/// # Errors
/// Argument: the key is not ML-KEM.
pub fn wrap_ml_kem(
    public: &PublicKey,
    key_arn: &str,
    data_key: &DataKey,
    pairs: &[(String, String)],
) -> EnvelopeResult<EncryptedDataKey> {
    let PublicKey::MlKem(key) = public else {
        let text = format!("{key_arn} is no ML-KEM key");
        return Err(EnvelopeFault::Argument(text));
    };
    let bound = bound_to(key_arn.as_bytes(), pairs)?;
    let (shared, mut ciphertext) = key.encapsulate()?;
    let format = format(ciphertext.len());
    ciphertext.resize(format.header + SEALED, 0);
    let key = HmacKey::new(shared.expose()?)?;
    let data_key = data_key.secret().expose()?;
    committing::seal(&key, &format, &bound, data_key, &mut ciphertext)?;
    Ok(EncryptedDataKey {
        provider_id: ML_KEM_PROVIDER.into(),
        provider_info: key_arn.into(),
        ciphertext,
    })
}

/// The ML-KEM ciphertext that KMS decapsulates.
///
/// # Errors
/// Decryption: it has a length that none has.
pub fn ml_kem_ciphertext(encrypted: &EncryptedDataKey) -> EnvelopeResult<&[u8]> {
    let whole = encrypted.ciphertext.as_slice();
    let length = whole.len().checked_sub(SEALED);
    length
        .filter(|length| ParameterSet::of_ciphertext(*length).is_some())
        .map(|length| &whole[..length])
        .ok_or(EnvelopeFault::Decryption)
}

/// The data key under what KMS decapsulated.
///
/// # Errors
/// Decryption: another key's secret, which is also what a changed ciphertext gives; another ARN or encryption context.
pub fn unwrap_ml_kem(
    shared: &[u8],
    encrypted: &EncryptedDataKey,
    pairs: &[(String, String)],
) -> EnvelopeResult<DataKey> {
    let format = format(ml_kem_ciphertext(encrypted)?.len());
    let bound = bound_to(&encrypted.provider_info, pairs)?;
    let key = HmacKey::new(shared)?;
    let mut data_key = Zeroizing::new([0; DataKey::LENGTH]);
    committing::open(&key, &format, &bound, &encrypted.ciphertext, &mut *data_key)
        .map_err(|Unspecified| EnvelopeFault::Decryption)?;
    DataKey::from_wiping(&mut *data_key)
}

const fn format(ml_kem_ciphertext: usize) -> Format {
    Format {
        label: b"kmscore ml-kem data key v1",
        header: ml_kem_ciphertext,
    }
}

fn context_digest(pairs: &[(String, String)]) -> EnvelopeResult<hash::Digest> {
    Ok(Hash::Sha384.digest(&context::serialise(pairs)?)?)
}

/// What a data key under ML-KEM is bound to. The length keeps the end of the ARN apart from the encryption context.
fn bound_to(key_arn: &[u8], pairs: &[(String, String)]) -> EnvelopeResult<[u8; 32]> {
    let length = u16::try_from(key_arn.len())
        .map_err(|_| EnvelopeFault::Argument("the key ARN is too long".into()))?;
    let context = context::serialise(pairs)?;
    Ok(hash::sha256(&[&length.to_be_bytes(), key_arn, &context]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::key_pair::PrivateKey;
    use crate::spec::KeySpec;

    const ARN: &str = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const ML_KEM: [KeySpec; 3] = [KeySpec::MlKem512, KeySpec::MlKem768, KeySpec::MlKem1024];
    const OAEP: [EncryptionAlgorithm; 2] = [
        EncryptionAlgorithm::RsaesOaepSha1,
        EncryptionAlgorithm::RsaesOaepSha256,
    ];

    fn data_key() -> DataKey {
        DataKey::from_wiping(&mut [7; DataKey::LENGTH]).unwrap()
    }

    fn pairs(value: &str) -> Vec<(String, String)> {
        vec![("a".into(), value.into())]
    }

    fn opened(key: &PrivateKey, encrypted: &EncryptedDataKey, value: &str) -> EnvelopeResult<()> {
        let shared = key.decapsulate(ml_kem_ciphertext(encrypted)?)?;
        let opened = unwrap_ml_kem(shared.expose()?, encrypted, &pairs(value))?;
        assert!(opened.secret().equals(&[7; 32]));
        Ok(())
    }

    #[test]
    fn a_data_key_under_rsa_opens_under_its_context_only() {
        let key = PrivateKey::generate(KeySpec::Rsa2048).unwrap();
        for algorithm in OAEP {
            let encrypted =
                wrap_rsa(&key.public_key(), algorithm, ARN, &data_key(), &pairs("b")).unwrap();
            assert_eq!(encrypted.provider_info, ARN.as_bytes());
            let plaintext = key.decrypt(algorithm, &encrypted.ciphertext).unwrap();
            let opened = unwrap_rsa(&plaintext, &pairs("b")).unwrap();
            assert!(opened.secret().equals(&[7; 32]));
            for wrong in [pairs("c"), vec![]] {
                let refused = unwrap_rsa(&plaintext, &wrong);
                assert_eq!(refused.err(), Some(EnvelopeFault::Decryption));
            }
            for length in 0..plaintext.len() {
                let refused = unwrap_rsa(&plaintext[..length], &pairs("b"));
                assert_eq!(refused.err(), Some(EnvelopeFault::Decryption));
            }
        }
    }

    #[test]
    fn a_data_key_under_ml_kem_opens_under_its_key_context_and_arn_only() {
        for spec in ML_KEM {
            let key = PrivateKey::generate(spec).unwrap();
            let mut encrypted =
                wrap_ml_kem(&key.public_key(), ARN, &data_key(), &pairs("b")).unwrap();
            assert_eq!(opened(&key, &encrypted, "b"), Ok(()));
            assert_eq!(
                opened(&key, &encrypted, "c"),
                Err(EnvelopeFault::Decryption)
            );
            let other = PrivateKey::generate(spec).unwrap();
            assert_eq!(
                opened(&other, &encrypted, "b"),
                Err(EnvelopeFault::Decryption)
            );
            encrypted.provider_info.pop();
            assert_eq!(
                opened(&key, &encrypted, "b"),
                Err(EnvelopeFault::Decryption)
            );
        }
    }

    #[test]
    fn every_flipped_bit_and_every_other_length_of_a_data_key_under_ml_kem_is_refused() {
        let key = PrivateKey::generate(KeySpec::MlKem512).unwrap();
        let mut encrypted = wrap_ml_kem(&key.public_key(), ARN, &data_key(), &pairs("b")).unwrap();
        for bit in 0..8 * encrypted.ciphertext.len() {
            encrypted.ciphertext[bit / 8] ^= 1 << (bit % 8);
            let refused = opened(&key, &encrypted, "b");
            assert_eq!(refused, Err(EnvelopeFault::Decryption), "bit {bit}");
            encrypted.ciphertext[bit / 8] ^= 1 << (bit % 8);
        }
        for length in (0..2000).filter(|length| ![848, 1168, 1648].contains(length)) {
            encrypted.ciphertext.resize(length, 0);
            let refused = ml_kem_ciphertext(&encrypted).err();
            assert_eq!(refused, Some(EnvelopeFault::Decryption), "{length} bytes");
        }
    }

    #[test]
    fn the_arn_and_the_context_do_not_run_into_each_other() {
        let context = context::serialise(&pairs("b")).unwrap();
        let whole = [ARN.as_bytes(), &context].concat();
        assert_ne!(bound_to(ARN.as_bytes(), &pairs("b")), bound_to(&whole, &[]));
    }

    #[test]
    fn keys_of_another_kind_are_refused() {
        let rsa = PrivateKey::generate(KeySpec::Rsa2048).unwrap().public_key();
        let curve = PrivateKey::generate(KeySpec::EccNistP256)
            .unwrap()
            .public_key();
        for key in [&rsa, &curve] {
            let refused = wrap_ml_kem(key, ARN, &data_key(), &[]);
            assert!(matches!(refused, Err(EnvelopeFault::Argument(_))));
        }
        for (key, algorithm) in [
            (&curve, EncryptionAlgorithm::RsaesOaepSha256),
            (&rsa, EncryptionAlgorithm::SymmetricDefault),
        ] {
            let refused = wrap_rsa(key, algorithm, ARN, &data_key(), &[]);
            assert!(matches!(refused, Err(EnvelopeFault::Argument(_))));
        }
    }
}
