//! How the vectors of each family are judged.

pub(crate) mod elliptic;
pub(crate) mod lattice;
pub(crate) mod rsa;
pub(crate) mod symmetric;

use kmscore_crypto::hash::Hash;
use serde_json::Value;

use crate::case::{Case, Fields, Harmless, Judge, NONE, Verdict};

/// A group of a Wycheproof file: what its tests ask, and the judge of them.
pub(crate) struct Group {
    pub(crate) case: Box<dyn Fn(&Value) -> Case>,
    pub(crate) judge: Judge,
    pub(crate) harmless: Harmless,
}

impl Group {
    pub(crate) fn new(
        case: impl Fn(&Value) -> Case + 'static,
        judge: impl Fn(&Fields) -> Vec<Verdict> + 'static,
    ) -> Self {
        Self {
            case: Box::new(case),
            judge: Box::new(judge),
            harmless: NONE,
        }
    }

    /// All of its tests are not offered.
    pub(crate) fn not_offered(reason: &'static str) -> Self {
        Self::new(move |_| Case::NotOffered(reason), |_| vec![])
    }

    /// Some bits of it may be flipped without harm.
    pub(crate) fn but_for(mut self, harmless: Harmless) -> Self {
        self.harmless = harmless;
        self
    }
}

/// A hash by the names of Wycheproof and ACVP.
pub(crate) fn hash(name: &str) -> Option<Hash> {
    match name.replace("SHA2-", "SHA-").as_str() {
        "SHA-1" => Some(Hash::Sha1),
        "SHA-224" => Some(Hash::Sha224),
        "SHA-256" => Some(Hash::Sha256),
        "SHA-384" => Some(Hash::Sha384),
        "SHA-512" => Some(Hash::Sha512),
        _ => None,
    }
}

pub(crate) const OTHER_HASH: &str = "SHA-3, SHAKE and the cut SHA-512 are not among KMS's hashes";
pub(crate) const OTHER_KDF: &str =
    "the only KDFs are HKDF-SHA-512, that of SP 800-108 and Argon2id";
pub(crate) const KEY_WRAPPING: &str = "AES key wrapping is not in kmscore-crypto yet";
