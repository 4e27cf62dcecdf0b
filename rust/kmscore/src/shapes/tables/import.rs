//! Imported key material.

use super::declare::{MANAGING, READING, errors, optional, patterned, required, shape};
use super::shared::{
    CIPHERTEXT, DATE, EXPIRATION_MODEL, KEY_ID, KEY_MATERIAL_DESCRIPTION, KEY_MATERIAL_ID,
    PLAINTEXT,
};
use super::states;
use crate::shapes::{Kind, Operation};

pub(super) const GET_PARAMETERS_FOR_IMPORT: Operation = Operation {
    name: "GetParametersForImport",
    input: shape!("GetParametersForImportRequest" {
        required("KeyId", KEY_ID).audited(),
        required("WrappingAlgorithm", WRAPPING_ALGORITHM).audited(),
        required("WrappingKeySpec", WRAPPING_KEY_SPEC).audited(),
    }),
    output: Some(shape!("GetParametersForImportResponse" {
        optional("KeyId", KEY_ID),
        optional("ImportToken", CIPHERTEXT),
        optional("PublicKey", PLAINTEXT).sensitive(),
        optional("ParametersValidTo", DATE),
    })),
    actions: &["kms:GetParametersForImport"],
    states: states::IMPORT_PARAMETERS,
    errors: errors!(
        InvalidArn UnsupportedOperation DependencyTimeout NotFound KmsInternal KmsInvalidState
    ),
    ..READING
};

pub(super) const IMPORT_KEY_MATERIAL: Operation = Operation {
    name: "ImportKeyMaterial",
    input: shape!("ImportKeyMaterialRequest" {
        required("KeyId", KEY_ID).audited(),
        required("ImportToken", CIPHERTEXT),
        required("EncryptedKeyMaterial", CIPHERTEXT),
        optional("ValidTo", DATE).audited(),
        optional("ExpirationModel", EXPIRATION_MODEL).audited(),
        optional("ImportType", IMPORT_TYPE).audited(),
        optional("KeyMaterialDescription", KEY_MATERIAL_DESCRIPTION).audited(),
        optional("KeyMaterialId", KEY_MATERIAL_ID).audited(),
    }),
    output: Some(shape!("ImportKeyMaterialResponse" {
        optional("KeyId", KEY_ID),
        optional("KeyMaterialId", KEY_MATERIAL_ID).audited(),
    })),
    actions: &["kms:ImportKeyMaterial"],
    states: states::IMPORT,
    errors: errors!(
        InvalidArn UnsupportedOperation DependencyTimeout NotFound KmsInternal KmsInvalidState
        InvalidCiphertext IncorrectKeyMaterial ExpiredImportToken InvalidImportToken
    ),
    ..MANAGING
};

pub(super) const DELETE_IMPORTED_KEY_MATERIAL: Operation = Operation {
    name: "DeleteImportedKeyMaterial",
    input: shape!("DeleteImportedKeyMaterialRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("KeyMaterialId", KEY_MATERIAL_ID).audited(),
    }),
    output: Some(shape!("DeleteImportedKeyMaterialResponse" {
        optional("KeyId", KEY_ID),
        optional("KeyMaterialId", KEY_MATERIAL_ID_OR_NONE).audited(),
    })),
    actions: &["kms:DeleteImportedKeyMaterial"],
    states: states::DELETE_IMPORTED,
    errors: errors!(
        InvalidArn UnsupportedOperation DependencyTimeout NotFound KmsInternal KmsInvalidState
    ),
    ..MANAGING
};

const WRAPPING_ALGORITHM: Kind = Kind::Enum(&[
    "RSAES_PKCS1_V1_5",
    "RSAES_OAEP_SHA_1",
    "RSAES_OAEP_SHA_256",
    "RSA_AES_KEY_WRAP_SHA_1",
    "RSA_AES_KEY_WRAP_SHA_256",
    "SM2PKE",
]);
const WRAPPING_KEY_SPEC: Kind = Kind::Enum(&["RSA_2048", "RSA_3072", "RSA_4096", "SM2"]);
const IMPORT_TYPE: Kind = Kind::Enum(&["NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"]);
const KEY_MATERIAL_ID_OR_NONE: Kind = patterned(0, 64, "^[a-f0-9]+$");
