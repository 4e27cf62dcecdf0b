//! Algorithm suites and commitment policies (AWS Encryption SDK Specification, `framework/algorithm-suites.md` and
//! `client-apis/client.md`).

use super::fault::{EnvelopeFault, EnvelopeResult};

/// One algorithm suite. All of them are AES-GCM with IVs of 12 and tags of 16 bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its id.
    pub id: u16,
    /// Its name in the AWS Encryption SDK.
    pub name: &'static str,
    /// The message format version it belongs to.
    pub version: u8,
    /// Bytes of a data key.
    pub key_length: usize,
    /// Whether a message commits to its data key.
    pub committing: bool,
    /// Whether a message ends in a signature.
    pub signed: bool,
}

impl Suite {
    const fn new(
        id: u16,
        name: &'static str,
        version: u8,
        key_length: usize,
        signed: bool,
    ) -> Self {
        Self {
            id,
            name,
            version,
            key_length,
            committing: version == 2,
            signed,
        }
    }

    /// The suite of an id.
    #[must_use]
    pub fn find(id: u16) -> Option<&'static Self> {
        SUITES.iter().find(|suite| suite.id == id)
    }

    /// The suite of an id, if messages of it can be made and opened here.
    pub fn supported(id: u16) -> EnvelopeResult<&'static Self> {
        let known = Self::find(id).ok_or_else(|| {
            EnvelopeFault::Argument(format!(
                "algorithm_suite 0x{id:04X} is none of the AWS Encryption SDK's"
            ))
        })?;
        known.require_supported()?;
        Ok(known)
    }

    /// Refuses suites without commitment, whose messages can only be inspected.
    pub fn require_supported(&self) -> EnvelopeResult<()> {
        if self.committing {
            return Ok(());
        }
        Err(EnvelopeFault::Format(format!(
            "algorithm suite 0x{:04X} ({}) does not commit to its key: kmscore makes and opens 0x0478 and 0x0578 only",
            self.id, self.name
        )))
    }
}

/// Every suite of the specification, in the order of their ids.
pub const SUITES: [Suite; 11] = [
    Suite::new(0x0014, "AES_128_GCM_IV12_TAG16", 1, 16, false),
    Suite::new(0x0046, "AES_192_GCM_IV12_TAG16", 1, 24, false),
    Suite::new(0x0078, "AES_256_GCM_IV12_TAG16", 1, 32, false),
    Suite::new(0x0114, "AES_128_GCM_IV12_TAG16_HKDF_SHA256", 1, 16, false),
    Suite::new(0x0146, "AES_192_GCM_IV12_TAG16_HKDF_SHA256", 1, 24, false),
    Suite::new(0x0178, "AES_256_GCM_IV12_TAG16_HKDF_SHA256", 1, 32, false),
    Suite::new(
        0x0214,
        "AES_128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256",
        1,
        16,
        true,
    ),
    Suite::new(
        0x0346,
        "AES_192_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384",
        1,
        24,
        true,
    ),
    Suite::new(
        0x0378,
        "AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384",
        1,
        32,
        true,
    ),
    Suite::new(0x0478, "AES_256_GCM_HKDF_SHA512_COMMIT_KEY", 2, 32, false),
    Suite::new(
        0x0578,
        "AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384",
        2,
        32,
        true,
    ),
];

/// Which suites a caller accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitmentPolicy {
    /// Encrypt without commitment, decrypt anything.
    ForbidEncryptAllowDecrypt,
    /// Encrypt with commitment, decrypt anything.
    RequireEncryptAllowDecrypt,
    /// Commitment both ways.
    RequireEncryptRequireDecrypt,
}

/// The policies under the names that the AWS Encryption SDK gives them.
pub const POLICIES: [(&str, CommitmentPolicy); 3] = [
    (
        "FORBID_ENCRYPT_ALLOW_DECRYPT",
        CommitmentPolicy::ForbidEncryptAllowDecrypt,
    ),
    (
        "REQUIRE_ENCRYPT_ALLOW_DECRYPT",
        CommitmentPolicy::RequireEncryptAllowDecrypt,
    ),
    (
        "REQUIRE_ENCRYPT_REQUIRE_DECRYPT",
        CommitmentPolicy::RequireEncryptRequireDecrypt,
    ),
];

impl CommitmentPolicy {
    /// The policy of a name.
    pub fn parse(name: &str) -> EnvelopeResult<Self> {
        POLICIES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, policy)| *policy)
            .ok_or_else(|| {
                EnvelopeFault::Argument(format!(
                    "commitment_policy is {name:?}: it must be {}, {} or {}",
                    POLICIES[0].0, POLICIES[1].0, POLICIES[2].0
                ))
            })
    }

    /// Whether a message of this suite may be made.
    pub fn check_encrypt(self, suite: &Suite) -> EnvelopeResult<()> {
        if suite.committing == (self != Self::ForbidEncryptAllowDecrypt) {
            return Ok(());
        }
        Err(self.refuses(suite))
    }

    /// Whether a message of this suite may be opened.
    pub fn check_decrypt(self, suite: &Suite) -> EnvelopeResult<()> {
        if suite.committing || self != Self::RequireEncryptRequireDecrypt {
            return Ok(());
        }
        Err(self.refuses(suite))
    }

    fn refuses(self, suite: &Suite) -> EnvelopeFault {
        let name = POLICIES
            .iter()
            .find(|(_, policy)| *policy == self)
            .map_or("", |(name, _)| name);
        let does = if suite.committing {
            "commits"
        } else {
            "does not commit"
        };
        EnvelopeFault::Policy(format!(
            "the commitment policy {name} refuses algorithm suite 0x{:04X} ({}), which {does} to its key",
            suite.id, suite.name
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_allow_what_the_specification_says() {
        use CommitmentPolicy::{
            ForbidEncryptAllowDecrypt, RequireEncryptAllowDecrypt, RequireEncryptRequireDecrypt,
        };
        for suite in &SUITES {
            for (policy, encrypt, decrypt) in [
                (ForbidEncryptAllowDecrypt, !suite.committing, true),
                (RequireEncryptAllowDecrypt, suite.committing, true),
                (
                    RequireEncryptRequireDecrypt,
                    suite.committing,
                    suite.committing,
                ),
            ] {
                assert_eq!(policy.check_encrypt(suite).is_ok(), encrypt);
                assert_eq!(policy.check_decrypt(suite).is_ok(), decrypt);
            }
        }
    }

    #[test]
    fn ids_of_other_clients_and_reserved_ones_are_refused() {
        for id in [0x0000, 0x0070, 0x0074, 0x6700, 0x6701, 0x0479, 0xFFFF] {
            assert!(Suite::supported(id).is_err());
        }
        assert!(Suite::supported(0x0478).is_ok() && Suite::supported(0x0578).is_ok());
        assert!(Suite::supported(0x0178).is_err());
    }
}
