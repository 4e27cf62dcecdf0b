//! Kinds and structures that operations of more than one topic use.

use super::declare::{
    BOOLEAN, TEXT, UNBOUNDED, blob, integer, list, optional, patterned, required, shape, text,
};
use crate::shapes::Kind;
use crate::spec::{
    EncryptionAlgorithm, KeySpec, KeyUsage, MacAlgorithm, Origin, SigningAlgorithm, State,
};

// Texts, numbers and bytes.
pub(super) const ARN: Kind = text(20, 2048);
pub(super) const ATTESTATION_DOCUMENT: Kind = blob(1, 262144);
pub(super) const CIPHERTEXT: Kind = blob(1, 6144);
pub(super) const CLOUD_HSM_CLUSTER_ID: Kind = patterned(19, 24, "cluster-[2-7a-zA-Z]{11,16}");
pub(super) const CUSTOM_KEY_STORE_ID: Kind = text(1, 64);
pub(super) const DATE: Kind = Kind::Timestamp;
pub(super) const DESCRIPTION: Kind = text(0, 8192);
pub(super) const ENCRYPTION_CONTEXT: Kind = Kind::Map;
pub(super) const GRANT_TOKEN: Kind = text(1, 8192);
pub(super) const KEY_ID: Kind = text(1, 2048);
pub(super) const KEY_MATERIAL_DESCRIPTION: Kind = patterned(0, 256, r"^[a-zA-Z0-9:/_\s.-]+$");
pub(super) const KEY_MATERIAL_ID: Kind = patterned(64, 64, "^[a-f0-9]+$");
pub(super) const LIMIT: Kind = integer(1, 1000);
pub(super) const MARKER: Kind = patterned(1, 1024, r"[\u0020-\u00FF]*");
pub(super) const NUMBER_OF_BYTES: Kind = integer(1, 1024);
pub(super) const PENDING_WINDOW_IN_DAYS: Kind = integer(1, 365);
pub(super) const PLAINTEXT: Kind = blob(1, 4096);
pub(super) const POLICY: Kind = patterned(1, 131072, r"[\u0009\u000A\u000D\u0020-\u00FF]+");
pub(super) const PUBLIC_KEY: Kind = blob(1, 8192);
pub(super) const REGION: Kind = patterned(1, 32, r"^([a-z]+-){2,3}\d+$");
pub(super) const TAG_KEY: Kind = text(1, 128);
pub(super) const TAG_VALUE: Kind = text(0, 256);
pub(super) const XKS_KEY_ID: Kind = patterned(1, 128, "^[a-zA-Z0-9-_.]+$");

// Words.
pub(super) const CUSTOMER_MASTER_KEY_SPEC: Kind = Kind::Enum(&[
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "SYMMETRIC_DEFAULT",
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "SM2",
]);
pub(super) const ENCAPSULATION_ALGORITHM: Kind = Kind::Enum(&["ML_KEM"]);
pub(super) const ENCRYPTION_ALGORITHM: Kind = Kind::Enum(EncryptionAlgorithm::NAMES);
pub(super) const EXPIRATION_MODEL: Kind =
    Kind::Enum(&["KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"]);
pub(super) const KEY_AGREEMENT_ALGORITHM: Kind = Kind::Enum(&["ECDH"]);
pub(super) const KEY_ENCRYPTION_MECHANISM: Kind = Kind::Enum(&["RSAES_OAEP_SHA_256"]);
pub(super) const KEY_MANAGER: Kind = Kind::Enum(&["AWS", "CUSTOMER"]);
pub(super) const KEY_SPEC: Kind = Kind::Enum(KeySpec::NAMES);
pub(super) const KEY_STATE: Kind = Kind::Enum(State::NAMES);
pub(super) const KEY_USAGE: Kind = Kind::Enum(KeyUsage::NAMES);
pub(super) const MAC_ALGORITHM: Kind = Kind::Enum(MacAlgorithm::NAMES);
pub(super) const MULTI_REGION_KEY_TYPE: Kind = Kind::Enum(&["PRIMARY", "REPLICA"]);
pub(super) const ORIGIN: Kind = Kind::Enum(Origin::NAMES);
pub(super) const SIGNING_ALGORITHM: Kind = Kind::Enum(SigningAlgorithm::NAMES);

// Lists.
pub(super) const ENCAPSULATION_ALGORITHMS: Kind = list(0, UNBOUNDED, &ENCAPSULATION_ALGORITHM);
pub(super) const ENCRYPTION_ALGORITHMS: Kind = list(0, UNBOUNDED, &ENCRYPTION_ALGORITHM);
pub(super) const GRANT_TOKENS: Kind = list(0, 10, &GRANT_TOKEN);
pub(super) const KEY_AGREEMENT_ALGORITHMS: Kind = list(0, UNBOUNDED, &KEY_AGREEMENT_ALGORITHM);
pub(super) const MAC_ALGORITHMS: Kind = list(0, UNBOUNDED, &MAC_ALGORITHM);
pub(super) const MULTI_REGION_KEYS: Kind = list(0, UNBOUNDED, &MULTI_REGION_KEY);
pub(super) const SIGNING_ALGORITHMS: Kind = list(0, UNBOUNDED, &SIGNING_ALGORITHM);
pub(super) const TAGS: Kind = list(0, UNBOUNDED, &TAG);

// Structures.
pub(super) const KEY_METADATA: Kind = Kind::Structure(shape!("KeyMetadata" {
    optional("AWSAccountId", TEXT),
    required("KeyId", KEY_ID),
    optional("Arn", ARN),
    optional("CreationDate", DATE),
    optional("Enabled", BOOLEAN),
    optional("Description", DESCRIPTION),
    optional("KeyUsage", KEY_USAGE),
    optional("KeyState", KEY_STATE),
    optional("DeletionDate", DATE),
    optional("ValidTo", DATE),
    optional("Origin", ORIGIN),
    optional("CustomKeyStoreId", CUSTOM_KEY_STORE_ID),
    optional("CloudHsmClusterId", CLOUD_HSM_CLUSTER_ID),
    optional("ExpirationModel", EXPIRATION_MODEL),
    optional("KeyManager", KEY_MANAGER),
    optional("CustomerMasterKeySpec", CUSTOMER_MASTER_KEY_SPEC),
    optional("KeySpec", KEY_SPEC),
    optional("EncryptionAlgorithms", ENCRYPTION_ALGORITHMS),
    optional("SigningAlgorithms", SIGNING_ALGORITHMS),
    optional("KeyAgreementAlgorithms", KEY_AGREEMENT_ALGORITHMS),
    optional("EncapsulationAlgorithms", ENCAPSULATION_ALGORITHMS),
    optional("MultiRegion", BOOLEAN),
    optional("MultiRegionConfiguration", MULTI_REGION_CONFIGURATION),
    optional("PendingDeletionWindowInDays", PENDING_WINDOW_IN_DAYS),
    optional("MacAlgorithms", MAC_ALGORITHMS),
    optional("XksKeyConfiguration", XKS_KEY_CONFIGURATION),
    optional("CurrentKeyMaterialId", KEY_MATERIAL_ID),
}));

pub(super) const MULTI_REGION_CONFIGURATION: Kind =
    Kind::Structure(shape!("MultiRegionConfiguration" {
        optional("MultiRegionKeyType", MULTI_REGION_KEY_TYPE),
        optional("PrimaryKey", MULTI_REGION_KEY),
        optional("ReplicaKeys", MULTI_REGION_KEYS),
    }));

pub(super) const MULTI_REGION_KEY: Kind = Kind::Structure(shape!("MultiRegionKey" {
    optional("Arn", ARN),
    optional("Region", REGION),
}));

pub(super) const RECIPIENT: Kind = Kind::Structure(shape!("RecipientInfo" {
    optional("KeyEncryptionAlgorithm", KEY_ENCRYPTION_MECHANISM).audited(),
    optional("AttestationDocument", ATTESTATION_DOCUMENT),
}));

pub(super) const TAG: Kind = Kind::Structure(shape!("Tag" {
    required("TagKey", TAG_KEY).audited(),
    required("TagValue", TAG_VALUE).audited(),
}));

pub(super) const XKS_KEY_CONFIGURATION: Kind =
    Kind::Structure(shape!("XksKeyConfigurationType" { optional("Id", XKS_KEY_ID) }));
