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
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use ::sm2::dsa::signature::Verifier;
    use ::sm2::pkcs8::EncodePrivateKey;

    use super::*;

    // The samples of GM/T 0003.5-2012: A.2 is a signature, C.2 a ciphertext, here with its parts in DER.
    const SCALAR: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
    const POINT: &str = concat!(
        "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020",
        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
    );
    const IDENTITY: &str = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3";
    const E: &str = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640";
    const SIGNATURE: &str = concat!(
        "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3",
        "022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
    );
    const CIPHERTEXT: &str = concat!(
        "307c022004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73",
        "022100e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0",
        "042059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766",
        "041321886ca989ca9c7d58087307ca93092d651efa",
    );

    /// The order of the curve's group without its last byte, which is 0x23.
    const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d541";

    fn hex(text: &str) -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }

    fn key() -> PrivateKey {
        PrivateKey::from_scalar(&hex(SCALAR)).unwrap()
    }

    /// The key of a number below 256.
    fn small(number: u8) -> Result<PrivateKey, Unspecified> {
        let mut scalar = [0; LENGTH];
        scalar[31] = number;
        PrivateKey::from_scalar(&scalar)
    }

    /// Every variant of these bytes with one bit changed, and every shorter and one longer one.
    fn variants(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        let flipped = (0..8 * bytes.len()).map(|bit| {
            let mut changed = bytes.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            changed
        });
        let shorter = (0..bytes.len()).map(|length| bytes[..length].to_vec());
        flipped.chain(shorter).chain([[bytes, &[0]].concat()])
    }

    #[test]
    fn the_published_samples_come_out() {
        let key = key();
        let public = key.public_key();
        assert_eq!(public.coordinates().as_slice(), hex(POINT));
        assert_eq!(public.identity().as_slice(), hex(IDENTITY));
        let e = public.digest(b"message digest");
        assert_eq!(e.as_slice(), hex(E));
        public.verify_digest(&e, &hex(SIGNATURE)).unwrap();
        let plaintext = key.decrypt(&hex(CIPHERTEXT)).unwrap();
        assert_eq!(plaintext.as_slice(), b"encryption standard");
    }

    #[test]
    fn signatures_verify_here_and_in_the_crate_over_the_message() {
        for length in 0..70 {
            let key = PrivateKey::generate().unwrap();
            let public = key.public_key();
            let message = vec![7; length];
            let mut e = public.digest(&message);
            let signature = key.sign_digest(&e).unwrap();
            public.verify_digest(&e, &signature).unwrap();
            assert_ne!(key.sign_digest(&e).unwrap(), signature, "k is fresh");
            let raw = Signature::from_der(&signature).unwrap();
            let theirs = VerifyingKey::new(IDENTIFIER, public.0).unwrap();
            theirs.verify(&message, &raw).unwrap();
            e[length % LENGTH] ^= 1;
            assert!(public.verify_digest(&e, &signature).is_err());
        }
    }

    #[test]
    fn every_changed_signature_is_refused() {
        let public = key().public_key();
        let e = public.digest(b"message digest");
        for changed in variants(&hex(SIGNATURE)) {
            assert!(public.verify_digest(&e, &changed).is_err());
        }
        let raw = Signature::from_der(&hex(SIGNATURE)).unwrap().to_vec();
        assert!(public.verify_digest(&e, &raw).is_err());
    }

    #[test]
    fn plaintexts_of_every_length_come_back() {
        let key = PrivateKey::generate().unwrap();
        let public = key.public_key();
        for length in (1..=100).chain([1023, 1024]) {
            let plaintext = vec![7; length];
            let ciphertext = public.encrypt(&plaintext).unwrap();
            assert_ne!(
                public.encrypt(&plaintext).unwrap(),
                ciphertext,
                "k is fresh"
            );
            assert_eq!(*key.decrypt(&ciphertext).unwrap(), plaintext);
            assert!(small(1).unwrap().decrypt(&ciphertext).is_err());
        }
        assert!(public.encrypt(&[]).is_err());
    }

    #[test]
    fn every_changed_ciphertext_is_refused() {
        let key = key();
        for changed in variants(&hex(CIPHERTEXT)) {
            assert!(key.decrypt(&changed).is_err());
        }
        // Without C2, and with its SEQUENCE shorter by its 19 bytes.
        let empty = CIPHERTEXT[..CIPHERTEXT.len() - 40].replacen("307c", "3069", 1) + "00";
        assert_eq!(hex(&empty).len(), 2 + 0x69);
        assert!(key.decrypt(&hex(&empty)).is_err());
    }

    #[test]
    fn scalars_are_32_bytes_and_from_1_to_n_less_2() {
        let order = |last| [hex(ORDER), vec![last]].concat();
        for scalar in [order(0x21), order(0x20), vec![0x7F; LENGTH]] {
            let key = PrivateKey::from_scalar(&scalar).unwrap();
            assert!(key.to_scalar().unwrap().equals(&scalar));
            let signature = key.sign_digest(&[7; LENGTH]).unwrap();
            key.public_key()
                .verify_digest(&[7; LENGTH], &signature)
                .unwrap();
        }
        assert!(small(1).is_ok() && small(0).is_err());
        for scalar in [order(0x22), order(0x23), order(0x24), vec![0xFF; LENGTH]] {
            assert!(PrivateKey::from_scalar(&scalar).is_err());
        }
        for length in [0, 24, 31, 33, 64] {
            assert!(PrivateKey::from_scalar(&vec![1; length]).is_err());
        }
    }

    #[test]
    fn both_sides_agree_on_the_x_coordinate_of_the_product() {
        let (three, five) = (small(3).unwrap(), small(5).unwrap());
        let fifteen = small(15).unwrap().public_key().coordinates();
        for (one, other) in [(&three, &five), (&five, &three)] {
            let shared = one.agree(&other.public_key()).unwrap();
            assert!(shared.equals(&fifteen[..LENGTH]));
        }
        let other = PrivateKey::generate().unwrap();
        let shared = key().agree(&other.public_key()).unwrap();
        let same = other.agree(&key().public_key()).unwrap();
        assert!(same.equals(shared.expose().unwrap()));
    }

    #[test]
    fn only_the_one_form_of_a_public_key_is_read() {
        let public = key().public_key();
        let spki = public.to_spki();
        assert_eq!(PublicKey::from_spki(&spki).unwrap(), public);
        for changed in variants(&spki) {
            assert!(PublicKey::from_spki(&changed).is_err());
        }
        // A point off the curve, and one whose x is not reduced.
        for coordinates in [[0; COORDINATES], [1; COORDINATES], [0xFF; COORDINATES]] {
            let spki = [SPKI_HEADER.as_slice(), &coordinates].concat();
            assert!(PublicKey::from_spki(&spki).is_err());
        }
        for point in [
            public.0.to_sec1_point(true).as_bytes().to_vec(),
            vec![0],
            vec![],
        ] {
            let bits = [vec![0], point].concat();
            let spki = sequence(&[&SPKI_HEADER[2..23], &field(0x03, &bits)]);
            assert!(PublicKey::from_spki(&spki).is_err());
        }
    }

    fn field(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        assert!(length < 128);
        [&[tag, length], content].concat()
    }

    fn sequence(parts: &[&[u8]]) -> Vec<u8> {
        field(0x30, &parts.concat())
    }

    /// PKCS#8 with this version, scalar, and what follows it in the ECPrivateKey.
    fn pkcs8(version: u8, scalar: &[u8], rest: &[u8]) -> Vec<u8> {
        let inner = sequence(&[&[2, 1, 1], &field(0x04, scalar), rest]);
        let outer = [&[2, 1, version], &PKCS8_HEADER[6..27], &field(0x04, &inner)];
        sequence(&outer)
    }

    #[test]
    fn pkcs8_is_what_the_crate_writes_and_comes_back() {
        let key = key();
        let der = key.to_pkcs8().unwrap();
        let theirs = SecretKey::from_slice(&hex(SCALAR)).unwrap();
        assert!(der.equals(theirs.to_pkcs8_der().unwrap().as_bytes()));
        let again = PrivateKey::from_pkcs8(der.expose().unwrap()).unwrap();
        assert!(again.to_scalar().unwrap().equals(&hex(SCALAR)));
        assert_eq!(again.public_key(), key.public_key());
        for changed in variants(der.expose().unwrap()) {
            assert!(PrivateKey::from_pkcs8(&changed).is_err());
        }
    }

    #[test]
    fn pkcs8_may_lack_the_public_key_and_name_the_curve_twice() {
        let name = |oid: &[u8]| field(0xA0, &field(0x06, oid));
        let curve = &PKCS8_HEADER[19..27];
        for rest in [vec![], name(curve)] {
            let key = PrivateKey::from_pkcs8(&pkcs8(0, &hex(SCALAR), &rest)).unwrap();
            assert!(key.to_scalar().unwrap().equals(&hex(SCALAR)));
        }
        let p256 = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
        for refused in [
            pkcs8(1, &hex(SCALAR), &[]),
            pkcs8(0, &[0; LENGTH], &[]),
            pkcs8(0, &[1; LENGTH - 1], &[]),
            pkcs8(0, &[0; LENGTH + 1], &[]),
            pkcs8(0, &hex(SCALAR), &name(&p256)),
        ] {
            assert!(PrivateKey::from_pkcs8(&refused).is_err());
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_private_key() {
        assert_eq!(format!("{:?}", key()), "PrivateKey(<redacted>)");
    }

    #[test]
    fn a_key_of_the_parent_is_refused_in_a_forked_child() {
        let key = key();
        let refusals = || {
            u8::from(key.sign_digest(&[7; LENGTH]).is_err())
                + u8::from(key.agree(&key.public).is_err())
                + u8::from(key.to_scalar().is_err())
                + u8::from(key.to_pkcs8().is_err())
        };
        assert_eq!(refusals(), 0);
        // SAFETY: the child runs only `refusals`, which allocates nothing when it is refused, and leaves by `_exit`.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: ends the child without running the parent's exit handlers.
            unsafe { libc::_exit(refusals().into()) };
        }
        let mut status = 0;
        // SAFETY: waits for the child made above and writes one integer.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert!(libc::WIFEXITED(status));
        assert_eq!(libc::WEXITSTATUS(status), 4);
    }

    /// The crate holds a scalar d as d * 2^256 mod n, in words: these are the middle two of `SCALAR`.
    #[cfg(all(target_os = "linux", target_endian = "little"))]
    #[test]
    fn a_use_leaves_no_scalar_on_the_stack() {
        use std::os::unix::fs::FileExt;
        use std::sync::mpsc::channel;

        const WORDS: [u64; 2] = [0xf12a_0427_e888_9cca, 0x5d74_ccd2_ada1_8864];
        fn found_after(work: impl FnOnce() + Send) -> usize {
            let ((tell, told), (release, released)) = (channel(), channel::<()>());
            std::thread::scope(|scope| {
                scope.spawn(move || {
                    work();
                    let here = 0_u8;
                    tell.send((&raw const here).addr()).unwrap();
                    released.recv().unwrap();
                });
                // Not the thread itself: reading would overwrite what it looks for.
                let here = told.recv().unwrap();
                let mut stack = vec![0; STACK];
                let memory = std::fs::File::open("/proc/self/mem").unwrap();
                let below = u64::try_from(here - STACK).unwrap();
                memory.read_exact_at(&mut stack, below).unwrap();
                release.send(()).unwrap();
                let words: Vec<u8> = WORDS.iter().flat_map(|word| word.to_le_bytes()).collect();
                stack.windows(16).filter(|part| *part == words).count()
            })
        }
        let key = key();
        let point = key.public_key();
        let ciphertext = hex(CIPHERTEXT);
        let der = key.to_pkcs8().unwrap();
        let scalar = der.expose().unwrap()[36..68].to_vec();
        let control = || {
            let key = SigningKey::from_slice(IDENTIFIER, &scalar).unwrap();
            key.sign_prehash_with_rng(&mut Random, &[7; LENGTH])
                .unwrap();
        };
        assert_ne!(found_after(control), 0, "the control: the crate leaves it");
        assert_eq!(found_after(|| drop(key.sign_digest(&[7; LENGTH]))), 0);
        assert_eq!(found_after(|| drop(key.decrypt(&ciphertext))), 0);
        assert_eq!(found_after(|| drop(key.agree(&point))), 0);
        let read = || drop(PrivateKey::from_pkcs8(der.expose().unwrap()));
        assert_eq!(found_after(read), 0);
    }
}
