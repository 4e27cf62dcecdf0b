//! Elliptic curves: ECDSA (FIPS 186-5) over NIST curves and secp256k1, and ECDH (SP 800-56A 5.7.1.2).

use core::ffi::c_int;

use aws_lc_sys::{
    BIGNUM, BN_bin2bn, BN_bn2bin_padded, BN_clear_free, EC_GROUP_get_curve_name, EC_KEY,
    EC_KEY_check_key, EC_KEY_free, EC_KEY_generate_key, EC_KEY_generate_key_fips,
    EC_KEY_get0_group, EC_KEY_get0_private_key, EC_KEY_get0_public_key, EC_KEY_new_by_curve_name,
    EC_KEY_set_private_key, EC_KEY_set_public_key, EC_POINT_free, EC_POINT_mul, EC_POINT_new,
    EC_POINT_oct2point, EC_POINT_point2oct, ECDSA_sign, ECDSA_size, ECDSA_verify, EVP_PKEY_EC,
    EVP_PKEY_assign_EC_KEY, EVP_PKEY_derive, EVP_PKEY_derive_init, EVP_PKEY_derive_set_peer,
    EVP_PKEY_get0_EC_KEY, NID_X9_62_prime256v1, NID_secp256k1, NID_secp384r1, NID_secp521r1,
    point_conversion_form_t,
};

use crate::pkey::{Pkey, PrivatePkey, wiped};
use crate::secret::SecretBytes;
use crate::{Unspecified, succeeded};

/// A curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256
    P256,
    /// NIST P-384
    P384,
    /// NIST P-521
    P521,
    /// secp256k1 (SEC 2)
    Secp256k1,
}

impl Curve {
    const ALL: [Self; 4] = [Self::P256, Self::P384, Self::P521, Self::Secp256k1];

    /// Bits of the order, and of the field: no curve here has other numbers of them.
    #[must_use]
    pub const fn bits(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
        }
    }

    /// Bytes of a scalar and of a coordinate.
    #[must_use]
    pub const fn length(self) -> usize {
        self.bits().div_ceil(8)
    }

    const fn nid(self) -> c_int {
        match self {
            Self::P256 => NID_X9_62_prime256v1,
            Self::P384 => NID_secp384r1,
            Self::P521 => NID_secp521r1,
            Self::Secp256k1 => NID_secp256k1,
        }
    }

    fn of(key: &Pkey) -> Result<Self, Unspecified> {
        // SAFETY: every `Pkey` of this file holds an EC key with its group.
        let nid = unsafe { EC_GROUP_get_curve_name(EC_KEY_get0_group(ec_key(key))) };
        Self::ALL
            .into_iter()
            .find(|curve| curve.nid() == nid)
            .ok_or(Unspecified)
    }
}

/// A private key.
#[derive(Debug)]
pub struct PrivateKey {
    key: PrivatePkey,
    curve: Curve,
}

/// A public key.
#[derive(Debug)]
pub struct PublicKey {
    key: Pkey,
    curve: Curve,
}

impl PrivateKey {
    /// A new key pair (FIPS 186-5 A.2), which has signed and verified once (FIPS 140-3, pairwise consistency).
    pub fn generate(curve: Curve) -> Result<Self, Unspecified> {
        Self::made_by(curve, EC_KEY_generate_key_fips)
    }

    /// A new key pair without that test, which takes several times as long as making it: for a key of one message.
    pub fn generate_for_one_message(curve: Curve) -> Result<Self, Unspecified> {
        Self::made_by(curve, EC_KEY_generate_key)
    }

    fn made_by(
        curve: Curve,
        generate: unsafe extern "C" fn(*mut EC_KEY) -> c_int,
    ) -> Result<Self, Unspecified> {
        let key = PrivatePkey::make(|| {
            let key = EcKey::new(curve)?;
            // SAFETY: the key has its group and is ours alone.
            succeeded(unsafe { generate(key.0) })?;
            key.into_pkey()
        })?;
        Ok(Self { key, curve })
    }

    /// The key pair of a scalar, in big-endian bytes of the curve's length.
    pub fn from_scalar(curve: Curve, scalar: &[u8]) -> Result<Self, Unspecified> {
        if scalar.len() != curve.length() {
            return Err(Unspecified);
        }
        let key = PrivatePkey::make(|| EcKey::of_scalar(curve, scalar)?.into_pkey())?;
        Ok(Self { key, curve })
    }

    /// Reads a PrivateKeyInfo (RFC 5208, RFC 5915) of a named curve, with or without its public key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Unspecified> {
        let key = PrivatePkey::make(|| Pkey::from_pkcs8(EVP_PKEY_EC, der))?;
        let curve = Curve::of(&key.public())?;
        Ok(Self { key, curve })
    }

    /// The scalar in big-endian bytes of the curve's length, to be stored.
    pub fn to_scalar(&self) -> Result<SecretBytes, Unspecified> {
        let key = self.key.key()?;
        let key = ec_key(&key);
        SecretBytes::with(self.curve.length(), |out| {
            // SAFETY: the key has a private part, which is read; `out` has the length said.
            succeeded(unsafe {
                BN_bn2bin_padded(out.as_mut_ptr(), out.len(), EC_KEY_get0_private_key(key))
            })
        })
    }

    /// The PrivateKeyInfo (RFC 5208, RFC 5915) with the public key.
    pub fn to_pkcs8(&self) -> Result<SecretBytes, Unspecified> {
        self.key.key()?.to_pkcs8()
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey {
            key: self.key.public(),
            curve: self.curve,
        }
    }

    /// Signs a digest; the signature is an ECDSA-Sig-Value in DER (RFC 3279).
    pub fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let key = self.key.key()?;
        let key = ec_key(&key);
        // SAFETY: the key is whole.
        let mut signature = vec![0; unsafe { ECDSA_size(key) }];
        let mut length = 0;
        // SAFETY: the key has a private part; `signature` has the length that `ECDSA_size` asks for.
        wiped(unsafe {
            ECDSA_sign(
                0,
                digest.as_ptr(),
                digest.len(),
                signature.as_mut_ptr(),
                &raw mut length,
                key,
            )
        })?;
        signature.truncate(length as usize);
        Ok(signature)
    }

    /// The x coordinate of the shared point with the holder of `peer`, a key of the same curve.
    pub fn agree(&self, peer: &PublicKey) -> Result<SecretBytes, Unspecified> {
        let key = self.key.key()?;
        let mut context = key.context()?;
        let context = context.as_ptr();
        // SAFETY: the context is whole; the peer is only read, and refused unless it is of the same curve.
        unsafe {
            succeeded(EVP_PKEY_derive_init(context))?;
            succeeded(EVP_PKEY_derive_set_peer(context, peer.key.as_ptr()))?;
        }
        SecretBytes::with(self.curve.length(), |shared| {
            let mut length = shared.len();
            // SAFETY: `shared` has the length said.
            wiped(unsafe { EVP_PKEY_derive(context, shared.as_mut_ptr(), &raw mut length) })?;
            if length == shared.len() {
                Ok(())
            } else {
                Err(Unspecified)
            }
        })
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5480) in its one DER form: a named curve and an uncompressed point on it.
    pub fn from_spki(der: &[u8]) -> Result<Self, Unspecified> {
        let key = Pkey::from_spki(EVP_PKEY_EC, der)?;
        let curve = Curve::of(&key)?;
        Ok(Self { key, curve })
    }

    /// Reads a compressed point (SEC 1, 2.3.4), which must be on the curve.
    pub fn from_compressed(curve: Curve, point: &[u8]) -> Result<Self, Unspecified> {
        if point.len() != 1 + curve.length() || !matches!(point[0], 2 | 3) {
            return Err(Unspecified);
        }
        let key = EcKey::of_point(curve, point)?.into_pkey()?;
        Ok(Self { key, curve })
    }

    /// The compressed point (SEC 1, 2.3.3).
    pub fn to_compressed(&self) -> Result<Vec<u8>, Unspecified> {
        let key = ec_key(&self.key);
        let mut point = vec![0; 1 + self.curve.length()];
        // SAFETY: the key is whole and has a point, of its own group; `point` has the length said.
        let written = unsafe {
            EC_POINT_point2oct(
                EC_KEY_get0_group(key),
                EC_KEY_get0_public_key(key),
                point_conversion_form_t::POINT_CONVERSION_COMPRESSED,
                point.as_mut_ptr(),
                point.len(),
                core::ptr::null_mut(),
            )
        };
        if written == point.len() {
            Ok(point)
        } else {
            Err(Unspecified)
        }
    }

    /// The SubjectPublicKeyInfo.
    pub fn to_spki(&self) -> Result<Vec<u8>, Unspecified> {
        self.key.to_spki()
    }

    /// The curve.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        self.curve
    }

    /// Verifies a signature over a digest; only the one DER form of it is taken.
    pub fn verify(&self, digest: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        // SAFETY: the key is whole and only read; the pointers come with the lengths of their slices.
        succeeded(unsafe {
            ECDSA_verify(
                0,
                digest.as_ptr(),
                digest.len(),
                signature.as_ptr(),
                signature.len(),
                ec_key(&self.key),
            )
        })
    }
}

fn ec_key(key: &Pkey) -> *mut EC_KEY {
    // SAFETY: every `Pkey` of this file holds an EC key, which it keeps alive.
    unsafe { EVP_PKEY_get0_EC_KEY(key.as_ptr()) }
}

/// An EC_KEY that is not in an EVP_PKEY yet.
struct EcKey(*mut EC_KEY);

impl EcKey {
    fn new(curve: Curve) -> Result<Self, Unspecified> {
        // SAFETY: allocates a key of a built-in group; null is handled.
        let key = unsafe { EC_KEY_new_by_curve_name(curve.nid()) };
        if key.is_null() {
            Err(Unspecified)
        } else {
            Ok(Self(key))
        }
    }

    fn of_point(curve: Curve, bytes: &[u8]) -> Result<Self, Unspecified> {
        let key = Self::new(curve)?;
        // SAFETY: the pointer and length are those of one slice. The point is new, of the key's group, copied by
        // `set_public_key` and freed here.
        let done = unsafe {
            let group = EC_KEY_get0_group(key.0);
            let point = EC_POINT_new(group);
            let done = !point.is_null()
                && EC_POINT_oct2point(
                    group,
                    point,
                    bytes.as_ptr(),
                    bytes.len(),
                    core::ptr::null_mut(),
                ) == 1
                && EC_KEY_set_public_key(key.0, point) == 1;
            EC_POINT_free(point);
            done
        };
        if done { Ok(key) } else { Err(Unspecified) }
    }

    fn of_scalar(curve: Curve, scalar: &[u8]) -> Result<Self, Unspecified> {
        let key = Self::new(curve)?;
        let number = Number::new(scalar)?;
        // SAFETY: the key has its group and is ours alone; the scalar's range is checked by `set_private_key`. The
        // point is new, of the key's group, copied by `set_public_key` and freed here.
        let done = unsafe {
            let group = EC_KEY_get0_group(key.0);
            let point = EC_POINT_new(group);
            let done = !point.is_null()
                && EC_KEY_set_private_key(key.0, number.0) == 1
                && EC_POINT_mul(
                    group,
                    point,
                    number.0,
                    core::ptr::null(),
                    core::ptr::null(),
                    core::ptr::null_mut(),
                ) == 1
                && EC_KEY_set_public_key(key.0, point) == 1
                && EC_KEY_check_key(key.0) == 1;
            EC_POINT_free(point);
            done
        };
        if done { Ok(key) } else { Err(Unspecified) }
    }

    fn into_pkey(self) -> Result<Pkey, Unspecified> {
        let key = Pkey::empty()?;
        // SAFETY: both are whole; on success the key owns the EC_KEY, which is forgotten here.
        succeeded(unsafe { EVP_PKEY_assign_EC_KEY(key.as_ptr(), self.0) })?;
        core::mem::forget(self);
        Ok(key)
    }
}

impl Drop for EcKey {
    fn drop(&mut self) {
        // SAFETY: owned and not used again; AWS-LC wipes the private part.
        unsafe { EC_KEY_free(self.0) };
    }
}

/// A secret number.
struct Number(*mut BIGNUM);

impl Number {
    fn new(bytes: &[u8]) -> Result<Self, Unspecified> {
        // SAFETY: the pointer and length are those of one slice; a null result is handled.
        let number = unsafe { BN_bin2bn(bytes.as_ptr(), bytes.len(), core::ptr::null_mut()) };
        if number.is_null() {
            Err(Unspecified)
        } else {
            Ok(Self(number))
        }
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // SAFETY: owned and not used again.
        unsafe { BN_clear_free(self.0) };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// The public key with its point compressed or in the hybrid form (SEC 1, 2.3.3).
    fn with_point(key: &PublicKey, hybrid: bool) -> Vec<u8> {
        let spki = key.to_spki().unwrap();
        let length = key.curve().length();
        let (head, point) = spki.split_at(spki.len() - 2 * length - 1);
        let odd = point[2 * length] & 1;
        let point = if hybrid {
            [&[6 + odd], &point[1..]].concat()
        } else {
            [&[2 + odd], &point[1..=length]].concat()
        };
        let mut spki = [head, &point].concat();
        let lost = u8::try_from(2 * length + 1 - point.len()).unwrap();
        // The lengths of the outer sequence and of the bit string; P-521's outer one has two bytes.
        let outer = usize::from(spki[1] == 0x81) + 1;
        spki[outer] -= lost;
        spki[head.len() - 2] -= lost;
        spki
    }

    #[test]
    fn a_key_is_the_same_after_every_encoding() {
        for (curve, length) in Curve::ALL.into_iter().zip([138, 185, 241, 135]) {
            for _ in 0..20 {
                let key = PrivateKey::generate(curve).unwrap();
                let spki = key.public_key().to_spki().unwrap();
                let (scalar, pkcs8) = (key.to_scalar().unwrap(), key.to_pkcs8().unwrap());
                assert_eq!((scalar.len(), pkcs8.len()), (curve.length(), length));
                let one = PrivateKey::from_scalar(curve, scalar.expose().unwrap()).unwrap();
                let other = PrivateKey::from_pkcs8(pkcs8.expose().unwrap()).unwrap();
                for key in [one, other] {
                    assert_eq!(key.public_key().to_spki().unwrap(), spki);
                    assert!(key.to_scalar().unwrap().equals(scalar.expose().unwrap()));
                }
                let read = PublicKey::from_spki(&spki).unwrap();
                assert_eq!(read.curve(), curve);
                assert_eq!(read.to_spki().unwrap(), spki);
            }
        }
    }

    #[test]
    fn signatures_verify_and_changed_ones_do_not() {
        for curve in Curve::ALL {
            let key = PrivateKey::generate(curve).unwrap();
            let public = key.public_key();
            for length in [28, 32, 48, 64] {
                let digest = vec![7; length];
                let mut signature = key.sign(&digest).unwrap();
                public.verify(&digest, &signature).unwrap();
                assert!(public.verify(&[8; 32], &signature).is_err());
                assert!(
                    public
                        .verify(&digest, &[signature.as_slice(), &[0]].concat())
                        .is_err()
                );
                *signature.last_mut().unwrap() ^= 1;
                assert!(public.verify(&digest, &signature).is_err());
            }
            assert!(public.verify(&[7; 32], &[]).is_err());
        }
    }

    #[test]
    fn two_holders_of_a_curve_agree_and_those_of_two_curves_do_not() {
        for curve in Curve::ALL {
            let one = PrivateKey::generate(curve).unwrap();
            let other = PrivateKey::generate(curve).unwrap();
            let shared = one.agree(&other.public_key()).unwrap();
            assert_eq!(shared.len(), curve.length());
            let same = other.agree(&one.public_key()).unwrap();
            assert!(same.equals(shared.expose().unwrap()));
            for foreign in Curve::ALL.into_iter().filter(|foreign| *foreign != curve) {
                let peer = PrivateKey::generate(foreign).unwrap().public_key();
                assert!(one.agree(&peer).is_err());
            }
        }
    }

    #[test]
    fn what_is_not_the_one_encoding_of_a_key_is_refused() {
        for curve in Curve::ALL {
            let key = PrivateKey::generate(curve).unwrap().public_key();
            let spki = key.to_spki().unwrap();
            assert!(PublicKey::from_spki(&with_point(&key, false)).is_err());
            assert!(PublicKey::from_spki(&with_point(&key, true)).is_err());
            assert!(PublicKey::from_spki(&[spki.as_slice(), &[0]].concat()).is_err());
            let mut off_the_curve = spki.clone();
            *off_the_curve.last_mut().unwrap() ^= 1;
            assert!(PublicKey::from_spki(&off_the_curve).is_err());
        }
        let other = crate::ml_kem::PrivateKey::generate(crate::ml_kem::ParameterSet::MlKem512);
        let other = other.unwrap().public_key().to_spki().unwrap();
        assert!(PublicKey::from_spki(&other).is_err());
        assert!(PublicKey::from_spki(&[]).is_err());
        assert!(PrivateKey::from_pkcs8(&[]).is_err());
    }

    #[test]
    fn a_private_key_beside_a_foreign_public_key_or_another_byte_is_refused() {
        for curve in Curve::ALL {
            let [one, other] = [(); 2].map(|()| PrivateKey::generate(curve).unwrap());
            let point = other.public_key().to_spki().unwrap();
            let point = &point[point.len() - 2 * curve.length()..];
            let pkcs8 = one.to_pkcs8().unwrap();
            let mut mixed = pkcs8.expose().unwrap().to_vec();
            let place = mixed.len() - point.len();
            mixed[place..].copy_from_slice(point);
            assert!(PrivateKey::from_pkcs8(&mixed).is_err());
            let longer = [pkcs8.expose().unwrap(), &[0]].concat();
            assert!(PrivateKey::from_pkcs8(&longer).is_err());
        }
    }

    #[test]
    fn a_compressed_point_is_the_same_key() {
        for curve in Curve::ALL {
            for _ in 0..20 {
                let key = PrivateKey::generate_for_one_message(curve).unwrap();
                let point = key.public_key().to_compressed().unwrap();
                let read = PublicKey::from_compressed(curve, &point).unwrap();
                assert_eq!(read.to_spki().unwrap(), key.public_key().to_spki().unwrap());
                let signature = key.sign(&[7; 32]).unwrap();
                read.verify(&[7; 32], &signature).unwrap();
            }
        }
    }

    #[test]
    fn a_point_that_is_not_compressed_or_not_on_the_curve_is_refused() {
        for curve in Curve::ALL {
            let refused = |point: &[u8]| PublicKey::from_compressed(curve, point).is_err();
            let key = PrivateKey::generate(curve).unwrap().public_key();
            let point = key.to_compressed().unwrap();
            for prefix in [0, 1, 4, 6, 7, 255] {
                let mut changed = point.clone();
                changed[0] = prefix;
                assert!(refused(&changed));
            }
            assert!(refused(&point[..point.len() - 1]));
            assert!(refused(&[]));
            let spki = key.to_spki().unwrap();
            assert!(refused(&spki[spki.len() - 2 * curve.length() - 1..]));
            assert!(refused(&[&point[..1], &vec![255; curve.length()]].concat()));
            let off_the_curve = (0..=255).find(|last| {
                let mut changed = point.clone();
                *changed.last_mut().unwrap() = *last;
                refused(&changed)
            });
            assert!(off_the_curve.is_some());
        }
    }

    #[test]
    fn a_scalar_out_of_range_or_of_another_length_is_refused() {
        for curve in Curve::ALL {
            let length = curve.length();
            assert!(PrivateKey::from_scalar(curve, &vec![0; length]).is_err());
            assert!(PrivateKey::from_scalar(curve, &vec![0xFF; length]).is_err());
            assert!(PrivateKey::from_scalar(curve, &vec![1; length - 1]).is_err());
            assert!(PrivateKey::from_scalar(curve, &vec![1; length + 1]).is_err());
        }
    }
}
