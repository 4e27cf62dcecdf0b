//! Key agreement and key encapsulation.

use super::declare::{BOOLEAN, CRYPTOGRAPHIC, errors, optional, required, shape};
use super::shared::{
    CIPHERTEXT, ENCAPSULATION_ALGORITHM, GRANT_TOKENS, KEY_AGREEMENT_ALGORITHM, KEY_ID, ORIGIN,
    PLAINTEXT, PUBLIC_KEY, RECIPIENT,
};
use crate::operations::{self, Body};
use crate::shapes::Operation;
use crate::spec::KeyUsage;

pub(super) const DERIVE_SHARED_SECRET: Operation = Operation {
    name: "DeriveSharedSecret",
    input: shape!("DeriveSharedSecretRequest" {
        required("KeyId", KEY_ID).audited(),
        required("KeyAgreementAlgorithm", KEY_AGREEMENT_ALGORITHM).audited(),
        required("PublicKey", PUBLIC_KEY),
        optional("GrantTokens", GRANT_TOKENS),
        optional("DryRun", BOOLEAN).audited(),
        optional("Recipient", RECIPIENT).audited(),
    }),
    output: Some(shape!("DeriveSharedSecretResponse" {
        optional("KeyId", KEY_ID),
        optional("SharedSecret", PLAINTEXT).sensitive(),
        optional("CiphertextForRecipient", CIPHERTEXT),
        optional("KeyAgreementAlgorithm", KEY_AGREEMENT_ALGORITHM),
        optional("KeyOrigin", ORIGIN),
    })),
    actions: &["kms:DeriveSharedSecret"],
    usage: Some(KeyUsage::KeyAgreement),
    errors: errors!(
        NotFound Disabled KeyUnavailable DependencyTimeout InvalidGrantToken InvalidKeyUsage
        KmsInternal KmsInvalidState DryRunOperation
    ),
    body: Body::Engine(operations::DERIVE_SHARED_SECRET),
    ..CRYPTOGRAPHIC
};

pub(super) const ENCAPSULATE: Operation = Operation {
    name: "Encapsulate",
    input: shape!("EncapsulateRequest" {
        required("KeyId", KEY_ID).audited(),
        required("EncapsulationAlgorithm", ENCAPSULATION_ALGORITHM).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("DryRun", BOOLEAN).audited(),
    }),
    output: Some(shape!("EncapsulateResponse" {
        optional("KeyId", KEY_ID),
        optional("SharedSecret", PLAINTEXT).sensitive(),
        optional("SharedSecretCiphertextBlob", CIPHERTEXT),
        optional("EncapsulationAlgorithm", ENCAPSULATION_ALGORITHM),
    })),
    actions: &["kms:Encapsulate"],
    usage: Some(KeyUsage::EncapsulateDecapsulate),
    errors: errors!(
        NotFound Disabled KeyUnavailable DependencyTimeout InvalidGrantToken InvalidKeyUsage
        KmsInternal KmsInvalidState DryRunOperation
    ),
    body: Body::Engine(operations::ENCAPSULATE),
    ..CRYPTOGRAPHIC
};

pub(super) const DECAPSULATE: Operation = Operation {
    name: "Decapsulate",
    input: shape!("DecapsulateRequest" {
        required("KeyId", KEY_ID).audited(),
        required("SharedSecretCiphertextBlob", CIPHERTEXT),
        required("EncapsulationAlgorithm", ENCAPSULATION_ALGORITHM).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("DryRun", BOOLEAN).audited(),
    }),
    output: Some(shape!("DecapsulateResponse" {
        optional("KeyId", KEY_ID),
        optional("SharedSecret", PLAINTEXT).sensitive(),
        optional("EncapsulationAlgorithm", ENCAPSULATION_ALGORITHM),
    })),
    actions: &["kms:Decapsulate"],
    usage: Some(KeyUsage::EncapsulateDecapsulate),
    errors: errors!(
        NotFound Disabled KeyUnavailable DependencyTimeout InvalidGrantToken InvalidKeyUsage
        InvalidCiphertext KmsInternal KmsInvalidState DryRunOperation
    ),
    body: Body::Engine(operations::DECAPSULATE),
    ..CRYPTOGRAPHIC
};
