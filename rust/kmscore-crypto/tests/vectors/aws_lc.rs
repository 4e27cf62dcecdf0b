//! What vectors need and the crate does not offer: AWS-LC with randomness that is given, and expanded keys.

use aws_lc_sys::{
    EVP_DigestFinalXOF, EVP_DigestInit, EVP_DigestUpdate, EVP_MD_CTX_free, EVP_MD_CTX_new,
    EVP_PKEY, EVP_PKEY_CTX_free, EVP_PKEY_CTX_new, EVP_PKEY_decapsulate,
    EVP_PKEY_encapsulate_deterministic, EVP_PKEY_free, EVP_PKEY_get_raw_public_key,
    EVP_PKEY_kem_new_raw_public_key, EVP_PKEY_kem_new_raw_secret_key,
    EVP_PKEY_pqdsa_new_raw_private_key, EVP_shake256, NID_MLDSA44, NID_MLDSA65, NID_MLDSA87,
    NID_MLKEM512, NID_MLKEM768, NID_MLKEM1024,
};
use kmscore_crypto::{Unspecified, ml_dsa, ml_kem};

/// The ciphertext and the shared secret that this randomness gives (FIPS 203, algorithm 17).
pub(crate) fn encapsulate(
    set: ml_kem::ParameterSet,
    key: &[u8],
    randomness: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    let mut ciphertext = vec![0; set.ciphertext_length()];
    let mut shared = vec![0; ml_kem::SHARED_SECRET];
    let (mut written, mut length, mut given) = (ciphertext.len(), shared.len(), randomness.len());
    // SAFETY: every pointer comes with the length of its slice; the key and the context are freed once.
    let status = unsafe {
        let key = EVP_PKEY_kem_new_raw_public_key(kem_nid(set), key.as_ptr(), key.len());
        let context = EVP_PKEY_CTX_new(key, core::ptr::null_mut());
        let status = EVP_PKEY_encapsulate_deterministic(
            context,
            ciphertext.as_mut_ptr(),
            &raw mut written,
            shared.as_mut_ptr(),
            &raw mut length,
            randomness.as_ptr(),
            &raw mut given,
        );
        EVP_PKEY_CTX_free(context);
        EVP_PKEY_free(key);
        status
    };
    if status == 1 {
        Ok([ciphertext, shared].concat())
    } else {
        Err(Unspecified)
    }
}

/// The shared secret that an expanded decapsulation key finds in a ciphertext (FIPS 203, algorithm 18).
pub(crate) fn decapsulate(
    set: ml_kem::ParameterSet,
    key: &[u8],
    ciphertext: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    let mut shared = vec![0; ml_kem::SHARED_SECRET];
    let mut length = shared.len();
    // SAFETY: every pointer comes with the length of its slice; the key and the context are freed once.
    let status = unsafe {
        let key = EVP_PKEY_kem_new_raw_secret_key(kem_nid(set), key.as_ptr(), key.len());
        let context = EVP_PKEY_CTX_new(key, core::ptr::null_mut());
        let status = EVP_PKEY_decapsulate(
            context,
            shared.as_mut_ptr(),
            &raw mut length,
            ciphertext.as_ptr(),
            ciphertext.len(),
        );
        EVP_PKEY_CTX_free(context);
        EVP_PKEY_free(key);
        status
    };
    if status == 1 {
        Ok(shared)
    } else {
        Err(Unspecified)
    }
}

/// The public key of an expanded private key of ML-DSA.
pub(crate) fn public_of_expanded(set: ml_dsa::ParameterSet, key: &[u8]) -> Vec<u8> {
    let nid = match set {
        ml_dsa::ParameterSet::MlDsa44 => NID_MLDSA44,
        ml_dsa::ParameterSet::MlDsa65 => NID_MLDSA65,
        ml_dsa::ParameterSet::MlDsa87 => NID_MLDSA87,
    };
    let mut public = vec![0; set.public_key_length()];
    let mut length = public.len();
    // SAFETY: every pointer comes with the length of its slice; the key is not null when it is read, and freed once.
    unsafe {
        let key: *mut EVP_PKEY = EVP_PKEY_pqdsa_new_raw_private_key(nid, key.as_ptr(), key.len());
        assert!(!key.is_null());
        let status = EVP_PKEY_get_raw_public_key(key, public.as_mut_ptr(), &raw mut length);
        EVP_PKEY_free(key);
        assert_eq!((status, length), (1, public.len()));
    }
    public
}

/// The message representative μ of a message as it is signed inside (FIPS 204, algorithm 7, line 6).
pub(crate) fn mu(public_key: &[u8], message: &[&[u8]]) -> [u8; ml_dsa::MU] {
    shake256(&[&[shake256(&[public_key]).as_slice()], message].concat())
}

/// μ of a message with a context (FIPS 204, algorithm 2); none if the context is too long to have one.
pub(crate) fn mu_with_context(
    public_key: &[u8],
    context: &[u8],
    message: &[u8],
) -> Option<[u8; ml_dsa::MU]> {
    let length = u8::try_from(context.len()).ok()?;
    Some(mu(public_key, &[&[0, length], context, message]))
}

fn shake256(parts: &[&[u8]]) -> [u8; 64] {
    let mut digest = [0; 64];
    // SAFETY: every pointer comes with the length of its slice; the context is freed once.
    unsafe {
        let context = EVP_MD_CTX_new();
        assert_eq!(EVP_DigestInit(context, EVP_shake256()), 1);
        for part in parts {
            assert_eq!(
                EVP_DigestUpdate(context, part.as_ptr().cast(), part.len()),
                1
            );
        }
        assert_eq!(
            EVP_DigestFinalXOF(context, digest.as_mut_ptr(), digest.len()),
            1
        );
        EVP_MD_CTX_free(context);
    }
    digest
}

const fn kem_nid(set: ml_kem::ParameterSet) -> core::ffi::c_int {
    match set {
        ml_kem::ParameterSet::MlKem512 => NID_MLKEM512,
        ml_kem::ParameterSet::MlKem768 => NID_MLKEM768,
        ml_kem::ParameterSet::MlKem1024 => NID_MLKEM1024,
    }
}
