//! Key specs, usages, states, origins and algorithms: one table.
//!
//! Source: AWS KMS API Reference, `KeyMetadata`, and the developer guide's "Key spec reference".

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $(#[doc = concat!("`", $text, "`")] $(#[$vmeta])* $variant,)* }

        impl $name {
            /// Every value, in the service model's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// Every name, in the service model's order.
            pub const NAMES: &'static [&'static str] = &[$($text,)*];

            /// The name the service model uses.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The value of this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// What a KMS key is made of.
    KeySpec {
        Rsa2048 = "RSA_2048",
        Rsa3072 = "RSA_3072",
        Rsa4096 = "RSA_4096",
        EccNistP256 = "ECC_NIST_P256",
        EccNistP384 = "ECC_NIST_P384",
        EccNistP521 = "ECC_NIST_P521",
        EccSecgP256k1 = "ECC_SECG_P256K1",
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        Hmac224 = "HMAC_224",
        Hmac256 = "HMAC_256",
        Hmac384 = "HMAC_384",
        Hmac512 = "HMAC_512",
        Sm2 = "SM2",
        MlDsa44 = "ML_DSA_44",
        MlDsa65 = "ML_DSA_65",
        MlDsa87 = "ML_DSA_87",
        EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
        MlKem512 = "ML_KEM_512",
        MlKem768 = "ML_KEM_768",
        MlKem1024 = "ML_KEM_1024",
    }
}

words! {
    /// What a KMS key may be used for.
    KeyUsage {
        SignVerify = "SIGN_VERIFY",
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
        KeyAgreement = "KEY_AGREEMENT",
        EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE",
    }
}

words! {
    /// The state of a KMS key.
    State {
        Creating = "Creating",
        Enabled = "Enabled",
        Disabled = "Disabled",
        PendingDeletion = "PendingDeletion",
        PendingImport = "PendingImport",
        PendingReplicaDeletion = "PendingReplicaDeletion",
        Unavailable = "Unavailable",
        Updating = "Updating",
    }
}

words! {
    /// Where the key material comes from.
    Origin {
        AwsKms = "AWS_KMS",
        External = "EXTERNAL",
        AwsCloudHsm = "AWS_CLOUDHSM",
        ExternalKeyStore = "EXTERNAL_KEY_STORE",
    }
}

words! {
    /// How a KMS key encrypts.
    EncryptionAlgorithm {
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        Sm2Pke = "SM2PKE",
    }
}

words! {
    /// How a KMS key signs.
    SigningAlgorithm {
        RsassaPssSha256 = "RSASSA_PSS_SHA_256",
        RsassaPssSha384 = "RSASSA_PSS_SHA_384",
        RsassaPssSha512 = "RSASSA_PSS_SHA_512",
        RsassaPkcs1Sha256 = "RSASSA_PKCS1_V1_5_SHA_256",
        RsassaPkcs1Sha384 = "RSASSA_PKCS1_V1_5_SHA_384",
        RsassaPkcs1Sha512 = "RSASSA_PKCS1_V1_5_SHA_512",
        EcdsaSha256 = "ECDSA_SHA_256",
        EcdsaSha384 = "ECDSA_SHA_384",
        EcdsaSha512 = "ECDSA_SHA_512",
        Sm2Dsa = "SM2DSA",
        MlDsaShake256 = "ML_DSA_SHAKE_256",
        Ed25519 = "ED25519_SHA_512",
        Ed25519Prehash = "ED25519_PH_SHA_512",
    }
}

words! {
    /// How a KMS key authenticates messages.
    MacAlgorithm {
        HmacSha224 = "HMAC_SHA_224",
        HmacSha256 = "HMAC_SHA_256",
        HmacSha384 = "HMAC_SHA_384",
        HmacSha512 = "HMAC_SHA_512",
    }
}

words! {
    /// What a message to be signed is.
    MessageType {
        Raw = "RAW",
        Digest = "DIGEST",
        ExternalMu = "EXTERNAL_MU",
    }
}

/// One row of the spec table: what a key spec can be used for, and with which algorithms.
#[derive(Debug)]
pub struct SpecRow {
    /// The key spec.
    pub spec: KeySpec,
    /// Each usage with its algorithms, in the service model's order.
    pub usages: &'static [(KeyUsage, &'static [&'static str])],
    /// Usage when CreateKey names none; only SYMMETRIC_DEFAULT has one.
    pub default_usage: Option<KeyUsage>,
}

const RSA_ENCRYPTION: &[&str] = &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];
const RSA_SIGNING: &[&str] = &[
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
];
const RSA: &[(KeyUsage, &[&str])] = &[
    (KeyUsage::EncryptDecrypt, RSA_ENCRYPTION),
    (KeyUsage::SignVerify, RSA_SIGNING),
];
const ML_DSA: &[(KeyUsage, &[&str])] = &[(KeyUsage::SignVerify, &["ML_DSA_SHAKE_256"])];
const ML_KEM: &[(KeyUsage, &[&str])] = &[(KeyUsage::EncapsulateDecapsulate, &["ML_KEM"])];

const fn row(spec: KeySpec, usages: &'static [(KeyUsage, &'static [&'static str])]) -> SpecRow {
    SpecRow {
        spec,
        usages,
        default_usage: None,
    }
}

/// All 20 key specs.
pub const SPECS: &[SpecRow] = &[
    row(KeySpec::Rsa2048, RSA),
    row(KeySpec::Rsa3072, RSA),
    row(KeySpec::Rsa4096, RSA),
    row(
        KeySpec::EccNistP256,
        &[
            (KeyUsage::SignVerify, &["ECDSA_SHA_256"]),
            (KeyUsage::KeyAgreement, &["ECDH"]),
        ],
    ),
    row(
        KeySpec::EccNistP384,
        &[
            (KeyUsage::SignVerify, &["ECDSA_SHA_384"]),
            (KeyUsage::KeyAgreement, &["ECDH"]),
        ],
    ),
    row(
        KeySpec::EccNistP521,
        &[
            (KeyUsage::SignVerify, &["ECDSA_SHA_512"]),
            (KeyUsage::KeyAgreement, &["ECDH"]),
        ],
    ),
    row(
        KeySpec::EccSecgP256k1,
        &[(KeyUsage::SignVerify, &["ECDSA_SHA_256"])],
    ),
    SpecRow {
        spec: KeySpec::SymmetricDefault,
        usages: &[(KeyUsage::EncryptDecrypt, &["SYMMETRIC_DEFAULT"])],
        default_usage: Some(KeyUsage::EncryptDecrypt),
    },
    row(
        KeySpec::Hmac224,
        &[(KeyUsage::GenerateVerifyMac, &["HMAC_SHA_224"])],
    ),
    row(
        KeySpec::Hmac256,
        &[(KeyUsage::GenerateVerifyMac, &["HMAC_SHA_256"])],
    ),
    row(
        KeySpec::Hmac384,
        &[(KeyUsage::GenerateVerifyMac, &["HMAC_SHA_384"])],
    ),
    row(
        KeySpec::Hmac512,
        &[(KeyUsage::GenerateVerifyMac, &["HMAC_SHA_512"])],
    ),
    row(
        KeySpec::Sm2,
        &[
            (KeyUsage::EncryptDecrypt, &["SM2PKE"]),
            (KeyUsage::SignVerify, &["SM2DSA"]),
            (KeyUsage::KeyAgreement, &["ECDH"]),
        ],
    ),
    row(KeySpec::MlDsa44, ML_DSA),
    row(KeySpec::MlDsa65, ML_DSA),
    row(KeySpec::MlDsa87, ML_DSA),
    row(
        KeySpec::EccNistEdwards25519,
        &[(
            KeyUsage::SignVerify,
            &["ED25519_SHA_512", "ED25519_PH_SHA_512"],
        )],
    ),
    row(KeySpec::MlKem512, ML_KEM),
    row(KeySpec::MlKem768, ML_KEM),
    row(KeySpec::MlKem1024, ML_KEM),
];

impl KeySpec {
    /// The row of this spec.
    #[must_use]
    pub fn row(self) -> &'static SpecRow {
        SPECS
            .iter()
            .find(|row| row.spec == self)
            .expect("every spec has a row; a test walks them")
    }

    /// Whether keys of this spec have a public half.
    #[must_use]
    pub fn is_key_pair(self) -> bool {
        self != Self::SymmetricDefault && self.algorithms(KeyUsage::GenerateVerifyMac).is_none()
    }

    /// Whether keys of this spec can be made in this build and Region, or why not.
    ///
    /// # Errors
    /// The reason, as the end of a sentence.
    pub fn available(self, region: &str) -> Result<(), &'static str> {
        let china = region.starts_with("cn-");
        match self {
            Self::Sm2 if !china => Err("is supported in China Regions only"),
            Self::MlKem512 | Self::MlKem768 | Self::MlKem1024 if china => {
                Err("is not available in China Regions")
            }
            _ => self.built(),
        }
    }

    /// Whether this build has keys of this spec, or why not.
    ///
    /// What a FIPS build refuses rests on the source of AWS-LC-FIPS 4.2.0, in `crypto/fipsmodule`: SM2 is not there, and
    /// secp256k1 is, but not among the curves of `is_ec_fips_approved` in `service_indicator.c`. The algorithms of the
    /// other 18 specs are there and named in that file; `tests/service_indicator.rs` of kmscore-crypto asks the module.
    ///
    /// # Errors
    /// The reason, as the end of a sentence.
    pub fn built(self) -> Result<(), &'static str> {
        match self {
            Self::Sm2 if cfg!(feature = "fips") => {
                Err("is outside the FIPS module of this build of kmscore")
            }
            Self::EccSecgP256k1 if cfg!(feature = "fips") => {
                Err("is a curve that the FIPS module of this build of kmscore does not approve")
            }
            Self::Sm2 if !cfg!(feature = "sm2") => Err("is left out of this build of kmscore"),
            _ => Ok(()),
        }
    }

    /// The algorithms of this spec under a usage; `None` when the spec does not have that usage.
    #[must_use]
    pub fn algorithms(self, usage: KeyUsage) -> Option<&'static [&'static str]> {
        self.row()
            .usages
            .iter()
            .find(|(u, _)| *u == usage)
            .map(|(_, algorithms)| *algorithms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spec_has_one_row_and_at_least_one_algorithm() {
        assert_eq!(SPECS.len(), 20);
        for spec in KeySpec::ALL {
            assert_eq!(SPECS.iter().filter(|row| row.spec == *spec).count(), 1);
            assert!(
                spec.row()
                    .usages
                    .iter()
                    .all(|(_, algorithms)| !algorithms.is_empty())
            );
            assert_eq!(KeySpec::parse(spec.name()), Some(*spec));
        }
    }

    #[test]
    fn a_fips_build_refuses_what_is_outside_its_module_and_nothing_else() {
        let refused: Vec<_> = KeySpec::ALL
            .iter()
            .filter(|spec| spec.built().is_err())
            .collect();
        if cfg!(feature = "fips") {
            assert_eq!(refused, [&KeySpec::EccSecgP256k1, &KeySpec::Sm2]);
        } else if cfg!(feature = "sm2") {
            assert!(refused.is_empty());
        } else {
            assert_eq!(refused, [&KeySpec::Sm2]);
        }
    }
}
