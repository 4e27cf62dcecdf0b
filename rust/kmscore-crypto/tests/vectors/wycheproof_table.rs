//! What becomes of every file of Wycheproof, and of every flag of an acceptable case.

use serde_json::Value;

use crate::case::{Case, Tally};
use crate::folder::{list, number, word};
use crate::judges::{self, Group, elliptic, lattice, rsa, symmetric};

/// Files that are judged alike, by their names up to `_test.json`.
pub(crate) type Row = (Treatment, &'static [&'static str]);

pub(crate) enum Treatment {
    Judged(fn(&Value) -> Group),
    NotOffered(&'static str),
}

use Treatment::{Judged, NotOffered};

pub(crate) const SYMMETRIC: &[Row] = &[
    (Judged(symmetric::aes_gcm), &["aes_gcm"]),
    (Judged(symmetric::aes_gmac), &["aes_gmac"]),
    (Judged(symmetric::hmac_sha1), &["hmac_sha1"]),
    (Judged(symmetric::hmac_sha224), &["hmac_sha224"]),
    (Judged(symmetric::hmac_sha256), &["hmac_sha256"]),
    (Judged(symmetric::hmac_sha384), &["hmac_sha384"]),
    (Judged(symmetric::hmac_sha512), &["hmac_sha512"]),
    (Judged(symmetric::hkdf_sha512), &["hkdf_sha512"]),
];

pub(crate) const ECDH: &[Row] = &[
    (
        Judged(elliptic::ecdh),
        &[
            "ecdh_secp256k1",
            "ecdh_secp256r1",
            "ecdh_secp384r1",
            "ecdh_secp521r1",
        ],
    ),
    (
        Judged(elliptic::ecdh_point),
        &[
            "ecdh_secp256r1_ecpoint",
            "ecdh_secp384r1_ecpoint",
            "ecdh_secp521r1_ecpoint",
        ],
    ),
    (
        Judged(elliptic::ecdh_pem),
        &[
            "ecdh_secp256r1_pem",
            "ecdh_secp384r1_pem",
            "ecdh_secp521r1_pem",
        ],
    ),
    (Judged(elliptic::ec_curve), &["ec_prime_order_curves"]),
    (Judged(elliptic::x25519), &["x25519"]),
];

pub(crate) const SIGNATURES_OF_CURVES: &[Row] = &[
    (
        Judged(elliptic::ecdsa),
        &[
            "ecdsa_secp256k1_sha256",
            "ecdsa_secp256k1_sha512",
            "ecdsa_secp256r1_sha256",
            "ecdsa_secp256r1_sha512",
            "ecdsa_secp384r1_sha256",
            "ecdsa_secp384r1_sha384",
            "ecdsa_secp384r1_sha512",
            "ecdsa_secp521r1_sha512",
        ],
    ),
    (
        Judged(elliptic::ecdsa_p1363),
        &[
            "ecdsa_secp256k1_sha256_p1363",
            "ecdsa_secp256k1_sha512_p1363",
            "ecdsa_secp256r1_sha256_p1363",
            "ecdsa_secp256r1_sha512_p1363",
            "ecdsa_secp384r1_sha384_p1363",
            "ecdsa_secp384r1_sha512_p1363",
            "ecdsa_secp521r1_sha512_p1363",
        ],
    ),
    (Judged(elliptic::ed25519), &["ed25519"]),
];

pub(crate) const RSA_SIGNATURES: &[Row] = &[
    (
        Judged(rsa::pkcs1),
        &[
            "rsa_signature_2048_sha224",
            "rsa_signature_2048_sha256",
            "rsa_signature_2048_sha384",
            "rsa_signature_2048_sha512",
            "rsa_signature_3072_sha256",
            "rsa_signature_3072_sha384",
            "rsa_signature_3072_sha512",
            "rsa_signature_4096_sha256",
            "rsa_signature_4096_sha384",
            "rsa_signature_4096_sha512",
            "rsa_signature_8192_sha256",
            "rsa_signature_8192_sha384",
            "rsa_signature_8192_sha512",
        ],
    ),
    (
        Judged(rsa::pss),
        &[
            "rsa_pss_2048_sha1_mgf1_20",
            "rsa_pss_2048_sha1_mgf1_20_params",
            "rsa_pss_2048_sha256_mgf1_0",
            "rsa_pss_2048_sha256_mgf1_0_params",
            "rsa_pss_2048_sha256_mgf1_32",
            "rsa_pss_2048_sha256_mgf1_32_params",
            "rsa_pss_2048_sha256_mgf1sha1_20",
            "rsa_pss_2048_sha384_mgf1_48",
            "rsa_pss_2048_sha512_mgf1sha256_32_params",
            "rsa_pss_3072_sha256_mgf1_32",
            "rsa_pss_3072_sha256_mgf1_32_params",
            "rsa_pss_4096_sha256_mgf1_32",
            "rsa_pss_4096_sha384_mgf1_48",
            "rsa_pss_4096_sha512_mgf1_32",
            "rsa_pss_4096_sha512_mgf1_32_params",
            "rsa_pss_4096_sha512_mgf1_64",
            "rsa_pss_4096_sha512_mgf1_64_params",
            "rsa_pss_misc",
            "rsa_pss_misc_params",
        ],
    ),
];

pub(crate) const RSA_PRIVATE: &[Row] = &[
    (
        Judged(rsa::pkcs1_signing),
        &[
            "rsa_pkcs1_2048_sig_gen",
            "rsa_pkcs1_3072_sig_gen",
            "rsa_pkcs1_4096_sig_gen",
        ],
    ),
    (
        Judged(rsa::oaep),
        &[
            "rsa_oaep_2048_sha1_mgf1sha1",
            "rsa_oaep_2048_sha224_mgf1sha1",
            "rsa_oaep_2048_sha224_mgf1sha224",
            "rsa_oaep_2048_sha256_mgf1sha1",
            "rsa_oaep_2048_sha256_mgf1sha256",
            "rsa_oaep_2048_sha384_mgf1sha1",
            "rsa_oaep_2048_sha384_mgf1sha384",
            "rsa_oaep_2048_sha512_mgf1sha1",
            "rsa_oaep_2048_sha512_mgf1sha512",
            "rsa_oaep_3072_sha256_mgf1sha1",
            "rsa_oaep_3072_sha256_mgf1sha256",
            "rsa_oaep_3072_sha512_mgf1sha1",
            "rsa_oaep_3072_sha512_mgf1sha512",
            "rsa_oaep_4096_sha256_mgf1sha1",
            "rsa_oaep_4096_sha256_mgf1sha256",
            "rsa_oaep_4096_sha512_mgf1sha1",
            "rsa_oaep_4096_sha512_mgf1sha512",
            "rsa_oaep_misc",
        ],
    ),
];

pub(crate) const ML_DSA: &[Row] = &[
    (Judged(lattice::ml_dsa_44_verifying), &["mldsa_44_verify"]),
    (Judged(lattice::ml_dsa_65_verifying), &["mldsa_65_verify"]),
    (Judged(lattice::ml_dsa_87_verifying), &["mldsa_87_verify"]),
    (Judged(lattice::ml_dsa_44_signing), &["mldsa_44_sign_seed"]),
    (Judged(lattice::ml_dsa_65_signing), &["mldsa_65_sign_seed"]),
    (Judged(lattice::ml_dsa_87_signing), &["mldsa_87_sign_seed"]),
    (
        Judged(lattice::ml_dsa_44_signing_expanded),
        &["mldsa_44_sign_noseed"],
    ),
    (
        Judged(lattice::ml_dsa_65_signing_expanded),
        &["mldsa_65_sign_noseed"],
    ),
    (
        Judged(lattice::ml_dsa_87_signing_expanded),
        &["mldsa_87_sign_noseed"],
    ),
];

pub(crate) const ML_KEM: &[Row] = &[
    (
        Judged(lattice::ml_kem_decapsulating),
        &["mlkem_512", "mlkem_768", "mlkem_1024"],
    ),
    (
        Judged(lattice::ml_kem_encapsulating),
        &["mlkem_512_encaps", "mlkem_768_encaps", "mlkem_1024_encaps"],
    ),
    (
        Judged(lattice::ml_kem_generating),
        &[
            "mlkem_512_keygen_seed",
            "mlkem_768_keygen_seed",
            "mlkem_1024_keygen_seed",
        ],
    ),
    (
        NotOffered("a decapsulation key is its seed"),
        &[
            "mlkem_512_semi_expanded_decaps",
            "mlkem_768_semi_expanded_decaps",
            "mlkem_1024_semi_expanded_decaps",
        ],
    ),
];

pub(crate) const OTHERS: &[Row] = &[
    (NotOffered(judges::KEY_WRAPPING), &["aes_kwp", "aes_wrap"]),
    (
        NotOffered(judges::OTHER_KDF),
        &[
            "hkdf_sha1",
            "hkdf_sha256",
            "hkdf_sha384",
            "pbkdf2_hmacsha256",
            "pbkdf2_hmacsha512",
        ],
    ),
    (
        NotOffered("KMS decrypts no PKCS #1 v1.5, whose errors are an oracle"),
        &["rsa_pkcs1_2048", "rsa_pkcs1_3072", "rsa_pkcs1_4096"],
    ),
    (
        NotOffered("nothing of KMS asks whether a number is prime"),
        &["primality"],
    ),
    (
        NotOffered("a format of another project"),
        &["c2sp_chunked_encryption_aes_256_gcm"],
    ),
    (
        NotOffered("the only MAC is HMAC with SHA-2"),
        &[
            "aes_cmac",
            "aria_cmac",
            "camellia_cmac",
            "hmac_sha3_224",
            "hmac_sha3_256",
            "hmac_sha3_384",
            "hmac_sha3_512",
            "hmac_sha512_224",
            "hmac_sha512_256",
            "hmac_sm3",
            "kmac128_no_customization",
            "kmac256_no_customization",
            "siphash_1_3",
            "siphash_2_4",
            "siphash_4_8",
            "siphashx_2_4",
            "siphashx_4_8",
            "vmac_64",
            "vmac_128",
        ],
    ),
    (
        NotOffered("the only AEAD is AES-GCM"),
        &[
            "aegis128",
            "aegis128L",
            "aegis256",
            "a128cbc_hs256",
            "a192cbc_hs384",
            "a256cbc_hs512",
            "aes_ccm",
            "aes_eax",
            "aes_gcm_siv",
            "aead_aes_siv_cmac",
            "aria_ccm",
            "aria_gcm",
            "ascon128",
            "ascon128a",
            "ascon80pq",
            "ascon_sp800_232_aead128",
            "camellia_ccm",
            "chacha20_poly1305",
            "morus1280",
            "morus640",
            "seed_ccm",
            "seed_gcm",
            "sm4_ccm",
            "sm4_gcm",
            "xchacha20_poly1305",
        ],
    ),
    (
        NotOffered(elliptic::OTHER_CURVE),
        &[
            "ecdh_brainpoolP224r1",
            "ecdh_brainpoolP256r1",
            "ecdh_brainpoolP320r1",
            "ecdh_brainpoolP384r1",
            "ecdh_brainpoolP512r1",
            "ecdh_secp224r1",
            "ecdh_secp224r1_ecpoint",
            "ecdsa_brainpoolP224r1_sha224",
            "ecdsa_brainpoolP224r1_sha224_p1363",
            "ecdsa_brainpoolP224r1_sha3_224",
            "ecdsa_brainpoolP256r1_sha256",
            "ecdsa_brainpoolP256r1_sha256_p1363",
            "ecdsa_brainpoolP256r1_sha3_256",
            "ecdsa_brainpoolP320r1_sha384",
            "ecdsa_brainpoolP320r1_sha384_p1363",
            "ecdsa_brainpoolP320r1_sha3_384",
            "ecdsa_brainpoolP384r1_sha384",
            "ecdsa_brainpoolP384r1_sha384_p1363",
            "ecdsa_brainpoolP384r1_sha3_384",
            "ecdsa_brainpoolP512r1_sha512",
            "ecdsa_brainpoolP512r1_sha512_p1363",
            "ecdsa_brainpoolP512r1_sha3_512",
            "ecdsa_secp160k1_sha256",
            "ecdsa_secp160k1_sha256_p1363",
            "ecdsa_secp160r1_sha256",
            "ecdsa_secp160r1_sha256_p1363",
            "ecdsa_secp160r2_sha256",
            "ecdsa_secp160r2_sha256_p1363",
            "ecdsa_secp192k1_sha256",
            "ecdsa_secp192k1_sha256_p1363",
            "ecdsa_secp192r1_sha256",
            "ecdsa_secp192r1_sha256_p1363",
            "ecdsa_secp224k1_sha224",
            "ecdsa_secp224k1_sha224_p1363",
            "ecdsa_secp224k1_sha256",
            "ecdsa_secp224k1_sha256_p1363",
            "ecdsa_secp224r1_sha224",
            "ecdsa_secp224r1_sha224_p1363",
            "ecdsa_secp224r1_sha256",
            "ecdsa_secp224r1_sha256_p1363",
            "ecdsa_secp224r1_sha3_224",
            "ecdsa_secp224r1_sha3_256",
            "ecdsa_secp224r1_sha3_512",
            "ecdsa_secp224r1_sha512",
            "ecdsa_secp224r1_sha512_p1363",
            "ecdsa_secp224r1_shake128",
            "ecdsa_secp224r1_shake128_p1363",
            "ed448",
            "x448",
        ],
    ),
    (
        NotOffered(judges::OTHER_HASH),
        &[
            "ecdsa_secp256k1_sha3_256",
            "ecdsa_secp256k1_sha3_512",
            "ecdsa_secp256k1_shake128",
            "ecdsa_secp256k1_shake128_p1363",
            "ecdsa_secp256k1_shake256",
            "ecdsa_secp256k1_shake256_p1363",
            "ecdsa_secp256r1_sha3_256",
            "ecdsa_secp256r1_sha3_512",
            "ecdsa_secp256r1_shake128",
            "ecdsa_secp256r1_shake128_p1363",
            "ecdsa_secp384r1_sha3_384",
            "ecdsa_secp384r1_sha3_512",
            "ecdsa_secp384r1_shake256",
            "ecdsa_secp384r1_shake256_p1363",
            "ecdsa_secp521r1_sha3_512",
            "ecdsa_secp521r1_shake256",
            "ecdsa_secp521r1_shake256_p1363",
            "rsa_oaep_2048_sha512_224_mgf1sha1",
            "rsa_oaep_2048_sha512_224_mgf1sha512_224",
            "rsa_oaep_3072_sha512_256_mgf1sha1",
            "rsa_oaep_3072_sha512_256_mgf1sha512_256",
            "rsa_pss_2048_sha512_224_mgf1_28",
            "rsa_pss_2048_sha512_256_mgf1_32",
            "rsa_pss_2048_shake128",
            "rsa_pss_2048_shake256",
            "rsa_pss_3072_shake128",
            "rsa_pss_3072_shake256",
            "rsa_pss_4096_shake256",
            "rsa_signature_2048_sha3_224",
            "rsa_signature_2048_sha3_256",
            "rsa_signature_2048_sha3_384",
            "rsa_signature_2048_sha3_512",
            "rsa_signature_2048_sha512_224",
            "rsa_signature_2048_sha512_256",
            "rsa_signature_3072_sha3_256",
            "rsa_signature_3072_sha3_384",
            "rsa_signature_3072_sha3_512",
            "rsa_signature_3072_sha512_256",
            "rsa_signature_4096_sha512_256",
        ],
    ),
    (
        NotOffered("the low-s rule of Bitcoin is not that of KMS"),
        &["ecdsa_secp256k1_sha256_bitcoin"],
    ),
];

pub(crate) const ALL: [&[Row]; 8] = [
    SYMMETRIC,
    ECDH,
    SIGNATURES_OF_CURVES,
    RSA_SIGNATURES,
    RSA_PRIVATE,
    ML_DSA,
    ML_KEM,
    OTHERS,
];

/// A test for each topic of the table, so that they run side by side: `$run` is given its rows.
macro_rules! topics {
    ($run:ident) => {
        topics!($run: symmetric SYMMETRIC, ecdh ECDH, signatures_of_curves SIGNATURES_OF_CURVES,
            rsa_signatures RSA_SIGNATURES, rsa_private RSA_PRIVATE, ml_dsa ML_DSA, ml_kem ML_KEM, others OTHERS);
    };
    ($run:ident: $($test:ident $rows:ident),*) => {
        $(#[test]
        fn $test() {
            $run($crate::wycheproof_table::$rows);
        })*
    };
}
pub(crate) use topics;

/// What is done with acceptable cases that have this flag, and why.
const DECISIONS: &[(&str, Decision, &str)] = &[
    (
        "CompressedPublic",
        Refuse,
        "a SubjectPublicKeyInfo has one form: a named curve and an uncompressed point (RFC 5480)",
    ),
    ("CompressedPoint", Refuse, "as CompressedPublic"),
    (
        "UnnamedCurve",
        Refuse,
        "curves with parameters of their own are not read (RFC 5480, CVE-2020-0601)",
    ),
    ("UnusedParam", Refuse, "as UnnamedCurve"),
    ("WrongOrder", Refuse, "as UnnamedCurve"),
    ("ModifiedGenerator", Refuse, "as UnnamedCurve"),
    ("ModifiedCofactor", Refuse, "as UnnamedCurve"),
    ("NoCofactor", Refuse, "as UnnamedCurve"),
    ("ModifiedCurveParameter", Refuse, "as UnnamedCurve"),
    (
        "InvalidAsn",
        Refuse,
        "what is read must be the very bytes that would be written",
    ),
    ("InvalidPem", Refuse, "as InvalidAsn, for the DER within"),
    (
        "ZeroSharedSecret",
        Refuse,
        "a peer of small order would choose the secret (RFC 7748 6.1)",
    ),
    ("LowOrderPublic", Refuse, "as ZeroSharedSecret"),
    (
        "Twist",
        Accept,
        "X25519 is made to be safe on the twist (RFC 7748)",
    ),
    (
        "NonCanonicalPublic",
        Accept,
        "RFC 7748 5 reads numbers above the prime modulo it",
    ),
    (
        "SpecialPublicKey",
        Accept,
        "the peer's key is a valid one, only rare",
    ),
    ("SmallPublicKey", Accept, SMALL_PUBLIC_KEY),
    ("EdgeCaseShared", Accept, "the secret is rare, not weak"),
    (
        "EdgeCaseMultiplication",
        Accept,
        "it is only hard to compute",
    ),
    ("Ktv", Accept, "it is the answer of RFC 7748"),
    (
        "MissingNull",
        Refuse,
        "EMSA-PKCS1-v1_5 is compared whole, with the parameters NULL (RFC 8017 9.2)",
    ),
    (
        "WeakHash",
        Accept,
        "the primitive signs any digest; that KMS has no SHA-1 signature is a table of the engine",
    ),
];

const SMALL_PUBLIC_KEY: &str =
    "of X25519: a valid key. Of RSA: with e = 3 the signature is sound; own keys have 65537";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Accept,
    Refuse,
}

use Decision::{Accept, Refuse};

/// The treatment of a file. Every file has one.
pub(crate) fn treatment(name: &str) -> &'static Treatment {
    let mut rows = ALL.into_iter().flatten();
    let row = rows.find(|(_, names)| names.contains(&name));
    &row.unwrap_or_else(|| panic!("{name} is in no table")).0
}

/// Runs all of a file.
pub(crate) fn run(origin: &str, name: &str, text: &str) {
    let file: Value = serde_json::from_str(text).unwrap();
    let mut tally = Tally::new(format!("{origin} {name}"));
    for group in list(&file, "testGroups") {
        let tests = list(group, "tests");
        let judged = match treatment(name) {
            Judged(judge) => judge(group),
            NotOffered(reason) => {
                tally.not_offered(reason, tests.len());
                continue;
            }
        };
        for test in tests {
            let case = (judged.case)(test);
            let is_valid = match (&case, word(test, "result")) {
                (Case::Run(_), "acceptable") => is_accepted(list(test, "flags")),
                (_, result) => result != "invalid",
            };
            tally.case(
                number(test, "tcId"),
                &format!("{} {}", test["comment"], test["flags"]),
                is_valid,
                case,
                &judged.judge,
                judged.harmless,
            );
        }
    }
    tally.finish(number(&file, "numberOfTests"));
}

/// Every flag of an acceptable case must have been decided on; one refusal is enough.
fn is_accepted(flags: &[Value]) -> bool {
    let decisions: Vec<Decision> = flags
        .iter()
        .map(|flag| {
            let row = DECISIONS.iter().find(|(name, _, _)| flag == name);
            row.unwrap_or_else(|| panic!("{flag} is not decided on")).1
        })
        .collect();
    assert!(!decisions.is_empty());
    !decisions.contains(&Refuse)
}
