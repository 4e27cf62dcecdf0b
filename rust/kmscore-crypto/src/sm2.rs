//! SM2 (GB/T 32918, GM/T 0003): signatures, encryption and key agreement on the curve sm2p256v1, with SM3.
//!
//! AWS-LC has neither. They come from the RustCrypto crates `sm2` and `sm3`, which nobody has audited. Those wipe
//! little of what they leave behind, so the scalar is kept in our own secret type and each use wipes its stack.

use ::sm2::dsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use ::sm2::dsa::{DerSignature, Signature, SigningKey, VerifyingKey};
use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::elliptic_curve::rand_core::{TryCryptoRng, TryRng};
use ::sm2::elliptic_curve::sec1::ToSec1Point;
use ::sm2::pkcs8::PrivateKeyInfoRef;
use ::sm2::pkcs8::der::Decode;
use ::sm2::pke::{Cipher, DecryptingKey, EncryptingKey};
use ::sm2::{AffinePoint, NonZeroScalar, Scalar, SecretKey, U256};
use sm3::{Digest, Sm3};
use zeroize::Zeroizing;

use crate::secret::SecretBytes;
use crate::{Unspecified, random, registers, zeroize_slice};

/// Bytes of a scalar, of a coordinate and of an SM3 digest.
const LENGTH: usize = 32;
/// Bytes of both coordinates of a point.
const COORDINATES: usize = 2 * LENGTH;

/// SubjectPublicKeyInfo (RFC 5480) up to the coordinates: id-ecPublicKey, 1.2.156.10197.1.301, an uncompressed point.
const SPKI_HEADER: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A,
    0x81, 0x1C, 0xCF, 0x55, 0x01, 0x82, 0x2D, 0x03, 0x42, 0x00, 0x04,
];
/// PrivateKeyInfo (RFC 5208) with the same algorithm, up to the scalar of its ECPrivateKey (RFC 5915).
const PKCS8_HEADER: [u8; 36] = [
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02,
    0x01, 0x06, 0x08, 0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x82, 0x2D, 0x04, 0x6D, 0x30, 0x6B, 0x02,
    0x01, 0x01, 0x04, 0x20,
];
/// What stands between the scalar and the coordinates there.
const PKCS8_PUBLIC_KEY: [u8; 6] = [0xA1, 0x44, 0x03, 0x42, 0x00, 0x04];

/// A private key, which signs, decrypts and agrees.
pub struct PrivateKey {
    scalar: SecretBytes,
    public: PublicKey,
}

impl PrivateKey {
    /// A fresh key.
    pub fn generate() -> Result<Self, Unspecified> {
        loop {
            let scalar = SecretBytes::random(LENGTH)?;
            // About one in 2^32 is above n - 2.
            if let Ok(key) = Self::from_secret(scalar) {
                return Ok(key);
            }
        }
    }

    /// The key of these 32 bytes, a big-endian number of 1 to n - 2 (GB/T 32918.1, 6.1).
    pub fn from_scalar(scalar: &[u8]) -> Result<Self, Unspecified> {
        if scalar.len() != LENGTH {
            return Err(Unspecified);
        }
        Self::from_secret(SecretBytes::with(LENGTH, |copy| {
            copy.copy_from_slice(scalar);
            Ok(())
        })?)
    }

    /// Reads PKCS#8 of version 1 in DER. A public key in it must be that of the scalar.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, Unspecified> {
        let scalar = without_trace(|| {
            let info = PrivateKeyInfoRef::try_from(pkcs8).map_err(|_| Unspecified)?;
            // The crate would take a shortened scalar, which RFC 5915 section 3 forbids, and the second public key of
            // version 2 unread.
            let is_whole = info.private_key.as_bytes().get(2..7) == Some(&[2, 1, 1, 4, 32]);
            if info.public_key.is_some() || !is_whole {
                return Err(Unspecified);
            }
            let key = SecretKey::try_from(info).map_err(|_| Unspecified)?;
            SecretBytes::from_wiping(&mut key.to_bytes())
        })?;
        Self::from_secret(scalar)
    }

    /// The 32 bytes of the scalar.
    pub fn to_scalar(&self) -> Result<SecretBytes, Unspecified> {
        let scalar = self.scalar.expose()?;
        SecretBytes::with(LENGTH, |copy| {
            copy.copy_from_slice(scalar);
            Ok(())
        })
    }

    /// PKCS#8 of version 1 in DER, with the public key, as OpenSSL writes it.
    pub fn to_pkcs8(&self) -> Result<SecretBytes, Unspecified> {
        let coordinates = self.public.coordinates();
        let parts = [
            &PKCS8_HEADER,
            self.scalar.expose()?,
            &PKCS8_PUBLIC_KEY,
            &coordinates,
        ];
        SecretBytes::with(parts.iter().map(|part| part.len()).sum(), |mut rest| {
            for part in parts {
                let (place, after) = rest.split_at_mut(part.len());
                place.copy_from_slice(part);
                rest = after;
            }
            Ok(())
        })
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public.clone()
    }

    /// Signs e, the SM3 digest that `PublicKey::digest` gives; the signature is an ECDSA-Sig-Value in DER (GM/T 0009).
    ///
    /// k is derived as RFC 6979 says, by HMAC-SM3 from the scalar and e, with 32 bytes of ours added (section 3.6): no
    /// two signatures share it even if the random bytes repeat.
    pub fn sign_digest(&self, e: &[u8; LENGTH]) -> Result<Vec<u8>, Unspecified> {
        self.with_scalar(|scalar| {
            let key = SigningKey::from_slice(IDENTIFIER, scalar).map_err(|_| Unspecified)?;
            let signature: Signature = key
                .sign_prehash_with_rng(&mut Random, e)
                .map_err(|_| Unspecified)?;
            Ok(signature.to_der().to_vec())
        })
    }

    /// Decrypts a ciphertext in DER (GM/T 0009, 7.2).
    ///
    /// # Errors
    /// The ciphertext is malformed, empty or changed, or the key is that of a parent process.
    pub fn decrypt(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let cipher: Cipher<'_> = Cipher::from_der(ciphertext).map_err(|_| Unspecified)?;
        if cipher.c2().is_empty() {
            return Err(Unspecified);
        }
        // The crate's own buffer would keep the plaintext of a changed ciphertext.
        let mut plaintext = Zeroizing::new(vec![0; cipher.c2().len()]);
        self.with_scalar(|scalar| {
            DecryptingKey::from_slice(scalar)
                .and_then(|key| key.decrypt_cipher_with_buf(&cipher, &mut plaintext))
                .map_err(|_| Unspecified)
        })?;
        Ok(plaintext)
    }

    /// The shared secret with the holder of `peer`: the x coordinate of the common point, 32 bytes.
    pub fn agree(&self, peer: &PublicKey) -> Result<SecretBytes, Unspecified> {
        self.with_scalar(|scalar| {
            let scalar = NonZeroScalar::try_from(scalar).map_err(|_| Unspecified)?;
            let point = (peer.0.to_projective() * *scalar).to_affine();
            SecretBytes::from_wiping(&mut point.x())
        })
    }

    fn from_secret(scalar: SecretBytes) -> Result<Self, Unspecified> {
        let public = without_trace(|| {
            let scalar = NonZeroScalar::try_from(scalar.expose()?).map_err(|_| Unspecified)?;
            // d = n - 1 cannot sign: 1 + d has no inverse.
            if (*scalar + Scalar::ONE).is_zero().into() {
                return Err(Unspecified);
            }
            Ok(PublicKey(::sm2::PublicKey::from_secret_scalar(&scalar)))
        })?;
        Ok(Self { scalar, public })
    }

    fn with_scalar<T>(
        &self,
        work: impl FnOnce(&[u8]) -> Result<T, Unspecified>,
    ) -> Result<T, Unspecified> {
        let scalar = self.scalar.expose()?;
        without_trace(|| work(scalar))
    }
}

impl core::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PrivateKey(<redacted>)")
    }
}

/// A public key, which verifies and encrypts: a point of the curve that is not infinity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(::sm2::PublicKey);

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER. Its point must be uncompressed and on the curve, and nothing may follow.
    pub fn from_spki(spki: &[u8]) -> Result<Self, Unspecified> {
        let coordinates = spki.strip_prefix(&SPKI_HEADER).ok_or(Unspecified)?;
        let coordinates: &[u8; COORDINATES] = coordinates.try_into().map_err(|_| Unspecified)?;
        let point = ::sm2::Sec1Point::from_untagged_bytes(coordinates.into());
        ::sm2::PublicKey::try_from(point)
            .map(Self)
            .map_err(|_| Unspecified)
    }

    /// The SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn to_spki(&self) -> Vec<u8> {
        [SPKI_HEADER.as_slice(), &self.coordinates()].concat()
    }

    /// e = SM3(ZA || message), which is what is signed (GB/T 32918.2, 6.1). ZA is of the default identifier.
    #[must_use]
    pub fn digest(&self, message: &[u8]) -> [u8; LENGTH] {
        Sm3::new()
            .chain_update(self.identity())
            .chain_update(message)
            .finalize()
            .into()
    }

    /// Verifies a signature over e; only its DER form is taken.
    pub fn verify_digest(&self, e: &[u8; LENGTH], signature: &[u8]) -> Result<(), Unspecified> {
        let signature = DerSignature::from_bytes(signature)
            .and_then(Signature::try_from)
            .map_err(|_| Unspecified)?;
        VerifyingKey::new(IDENTIFIER, self.0)
            .and_then(|key| key.verify_prehash(e, &signature))
            .map_err(|_| Unspecified)
    }

    /// Encrypts 1 to 1,024 bytes, whose number the caller has checked, with a fresh k, to DER (GM/T 0009, 7.2).
    pub fn encrypt(&self, plaintext: &[u8]) -> Result<Vec<u8>, Unspecified> {
        without_trace(|| {
            EncryptingKey::new(self.0)
                .encrypt_der(&mut Random, plaintext)
                .map_err(|_| Unspecified)
        })
    }

    /// ZA, the digest of who signs and of the curve (GB/T 32918.2, 5.5).
    fn identity(&self) -> [u8; LENGTH] {
        Sm3::new()
            .chain_update(IDENTIFIER_BITS)
            .chain_update(IDENTIFIER)
            .chain_update(CURVE_A.to_be_bytes())
            .chain_update(CURVE_B.to_be_bytes())
            .chain_update(coordinates(&AffinePoint::GENERATOR))
            .chain_update(self.coordinates())
            .finalize()
            .into()
    }

    fn coordinates(&self) -> [u8; COORDINATES] {
        coordinates(self.0.as_affine())
    }
}

/// The identifier of a signer who has none (GM/T 0009, 10), and its length in bits.
const IDENTIFIER: &str = "1234567812345678";
const IDENTIFIER_BITS: [u8; 2] = [0x00, 0x80];
/// The coefficients of the curve (GB/T 32918.5, 2), which the crate has but does not show.
const CURVE_A: U256 =
    U256::from_be_hex("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC");
const CURVE_B: U256 =
    U256::from_be_hex("28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93");

fn coordinates(point: &AffinePoint) -> [u8; COORDINATES] {
    let mut out = [0; COORDINATES];
    out.copy_from_slice(&point.to_uncompressed_point()[1..]);
    out
}

/// Bytes of stack that are wiped. The deepest use reached 6 KiB in a debug build.
const STACK: usize = 16 * 1024;

/// Runs `work`, then wipes the stack and the registers it used: the crates copy scalars, k and common points freely.
fn without_trace<T>(work: impl FnOnce() -> T) -> T {
    #[inline(never)]
    fn in_own_frames<T>(work: impl FnOnce() -> T) -> T {
        work()
    }
    #[inline(never)]
    fn wipe_where_they_were() {
        zeroize_slice(&mut [0; STACK]);
    }
    let done = in_own_frames(work);
    wipe_where_they_were();
    registers::wipe();
    done
}

/// Our generator in the form the crates ask for. They never draw from one of their own.
struct Random;

impl TryRng for Random {
    type Error = Unspecified;

    fn try_next_u32(&mut self) -> Result<u32, Unspecified> {
        let mut bytes = [0; 4];
        random::fill(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Unspecified> {
        let mut bytes = [0; 8];
        random::fill(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Unspecified> {
        random::fill(out)
    }
}

impl TryCryptoRng for Random {}

#[cfg(test)]
mod tests;
