"""Every key spec with every usage, origin, algorithm and operation: what the table has works, the rest is refused."""

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from key_specs.calls import OPERATIONS, Operation
from key_specs.made_keys import CHINA, HOME_REGION, KEY_PAIRS, KINDS, ROWS, MadeKey, MadeKeys, refusal
from key_specs.said import SAID
from kmscore import _core

DECLARED = {row["name"]: row for row in _core.operations()}
ORIGINS = ["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]
USAGES = ["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"]
ALGORITHMS = sorted({name for usages in ROWS.values() for names in usages.values() for name in names})
MEMBERS = {
    "ENCRYPT_DECRYPT": "EncryptionAlgorithms",
    "SIGN_VERIFY": "SigningAlgorithms",
    "GENERATE_VERIFY_MAC": "MacAlgorithms",
    "KEY_AGREEMENT": "KeyAgreementAlgorithms",
    "ENCAPSULATE_DECAPSULATE": "EncapsulationAlgorithms",
}
# AWS KMS developer guide, "Key spec reference", written down once more: the engine's table is what is tested.
DOCUMENTED = {
    **{
        f"RSA_{length}": {
            "ENCRYPT_DECRYPT": ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"],
            "SIGN_VERIFY": [f"RSASSA_{kind}_SHA_{bits}" for kind in ("PSS", "PKCS1_V1_5") for bits in (256, 384, 512)],
        }
        for length in (2048, 3072, 4096)
    },
    "ECC_NIST_P256": {"SIGN_VERIFY": ["ECDSA_SHA_256"], "KEY_AGREEMENT": ["ECDH"]},
    "ECC_NIST_P384": {"SIGN_VERIFY": ["ECDSA_SHA_384"], "KEY_AGREEMENT": ["ECDH"]},
    "ECC_NIST_P521": {"SIGN_VERIFY": ["ECDSA_SHA_512"], "KEY_AGREEMENT": ["ECDH"]},
    "ECC_SECG_P256K1": {"SIGN_VERIFY": ["ECDSA_SHA_256"]},
    "ECC_NIST_EDWARDS25519": {"SIGN_VERIFY": ["ED25519_SHA_512", "ED25519_PH_SHA_512"]},
    "SM2": {"ENCRYPT_DECRYPT": ["SM2PKE"], "SIGN_VERIFY": ["SM2DSA"], "KEY_AGREEMENT": ["ECDH"]},
    "SYMMETRIC_DEFAULT": {"ENCRYPT_DECRYPT": ["SYMMETRIC_DEFAULT"]},
    **{f"HMAC_{bits}": {"GENERATE_VERIFY_MAC": [f"HMAC_SHA_{bits}"]} for bits in (224, 256, 384, 512)},
    **{f"ML_DSA_{number}": {"SIGN_VERIFY": ["ML_DSA_SHAKE_256"]} for number in (44, 65, 87)},
    **{f"ML_KEM_{number}": {"ENCAPSULATE_DECAPSULATE": ["ML_KEM"]} for number in (512, 768, 1024)},
}

# The service model's values of CustomerMasterKeySpec end with these.
OLD_SPECS = {spec for spec in DOCUMENTED if not spec.startswith("ML_") and spec != "ECC_NIST_EDWARDS25519"}

Refusal = tuple[str, str]


@pytest.fixture(scope="module")
def ran() -> Iterator[Counter[str]]:
    """How many combinations ran; said at the end."""
    counted: Counter[str] = Counter()
    yield counted
    SAID.extend(f"{count:,} {what}" for what, count in counted.items())


def test_table_is_the_documented_one() -> None:
    assert ROWS == DOCUMENTED


# -- CreateKey --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ROWS)
def test_create_key_makes_what_the_table_has_and_refuses_the_rest(keys: MadeKeys, ran: Counter[str], spec: str) -> None:
    for region, usage, origin, multi_region in product((HOME_REGION, CHINA), (*USAGES, None), ORIGINS, (False, True)):
        asked: dict[str, Any] = {"KeySpec": spec, "Origin": origin, "MultiRegion": multi_region}
        asked |= {} if usage is None else {"KeyUsage": usage}
        if region == CHINA and spec.startswith("ML_KEM"):
            continue
        expected = create_key_refusal(spec, usage, origin, region)
        if expected is not None:
            assert refusal(keys.clients[region], "create_key", **asked) == expected, asked
            ran["combinations of CreateKey that are refused"] += 1
        elif not spec.startswith("RSA_"):
            made = keys.clients[region].create_key(**asked)["KeyMetadata"]
            told = {"KeySpec": spec, "KeyUsage": usage or "ENCRYPT_DECRYPT", "MultiRegion": multi_region}
            assert {name: made[name] for name in told} == told
            ran["combinations of CreateKey that make a key"] += 1
    if spec.startswith("RSA_"):
        # Made once, in one Region; two of the longest in test_generation.py.
        found = {(key.usage, key.multi_region) for key in keys.every if key.spec == spec}
        assert len(found) == (2 if spec == "RSA_4096" else 4)
        ran["combinations of CreateKey that make a key"] += len(found)


def create_key_refusal(spec: str, usage: str | None, origin: str, region: str) -> Refusal | None:
    if usage is None and spec != "SYMMETRIC_DEFAULT":
        text = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
        return "ValidationException", text
    if usage is not None and usage not in DOCUMENTED[spec]:
        return "ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}"
    unsupported = "UnsupportedOperationException"
    if origin in ("AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"):
        text = "CustomKeyStoreId is required for a key of Origin AWS_CLOUDHSM or EXTERNAL_KEY_STORE, and for no other: "
        return "ValidationException", f"{text}Origin is {origin}."
    if origin == "EXTERNAL" and spec.startswith(("ML_DSA", "ML_KEM")):
        return unsupported, f"Key material of KeySpec {spec} cannot be imported."
    if spec == "SM2" and region != CHINA:
        return unsupported, "KeySpec SM2 is supported in China Regions only."
    return None


@pytest.mark.parametrize(("spec", "usage"), KINDS)
def test_metadata_names_the_algorithms_of_the_usage_alone(keys: MadeKeys, spec: str, usage: str) -> None:
    for key in keys.all_of(spec, usage):
        metadata = key.kms.describe_key(KeyId=key.id)["KeyMetadata"]
        assert metadata == key.metadata
        expected = {
            "KeySpec": spec,
            "CustomerMasterKeySpec": spec,
            "KeyUsage": usage,
            "Origin": "AWS_KMS",
            "KeyState": "Enabled",
            "MultiRegion": key.multi_region,
            MEMBERS[usage]: DOCUMENTED[spec][usage],
        }
        assert {name: metadata.get(name) for name in expected} == expected
        assert [member for member in MEMBERS.values() if member in metadata] == [MEMBERS[usage]]
        assert ("CurrentKeyMaterialId" in metadata) == (spec == "SYMMETRIC_DEFAULT")
        assert key.id.startswith("mrk-") == key.multi_region == ("MultiRegionConfiguration" in metadata)


@pytest.mark.parametrize(("spec", "usage"), [kind for kind in KINDS if not kind[0].startswith("RSA_")])
def test_old_name_of_key_spec_makes_the_same_key_if_the_spec_is_as_old(keys: MadeKeys, spec: str, usage: str) -> None:
    like = keys.of(spec, usage)
    if spec not in OLD_SPECS:
        code, text = refusal(like.kms, "create_key", CustomerMasterKeySpec=spec, KeyUsage=usage)
        assert code == "ValidationException"
        assert text.startswith(f"1 validation error detected: Value '{spec}' at 'customerMasterKeySpec' failed to sat")
        return
    made = like.kms.create_key(CustomerMasterKeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    for own in ("KeyId", "Arn", "CreationDate", "CurrentKeyMaterialId"):
        assert (own in made) == (own in like.metadata)
        made[own] = like.metadata.get(own)
    assert {name: value for name, value in made.items() if value is not None} == like.metadata


@pytest.mark.parametrize("spec", ["", "RSA_1024", "rsa_2048", "ECC_NIST_P224", "AES_256", "ML_KEM", "ED25519"])
def test_other_key_specs_are_refused_by_name(keys: MadeKeys, spec: str) -> None:
    code, text = refusal(keys.clients[HOME_REGION], "create_key", KeySpec=spec, KeyUsage="SIGN_VERIFY")
    assert code == "ValidationException"
    assert text.startswith(f"1 validation error detected: Value '{spec}' at 'keySpec' failed to satisfy constraint: ")


@pytest.mark.parametrize("region", ["us-gov-west-1", "eu-west-1", "ap-southeast-1", HOME_REGION])
def test_sm2_is_for_china_regions(keys: MadeKeys, region: str) -> None:
    with keys.scratch.client(region_name=region) as kms:
        expected = ("UnsupportedOperationException", "KeySpec SM2 is supported in China Regions only.")
        for usage in DOCUMENTED["SM2"]:
            assert refusal(kms, "create_key", KeySpec="SM2", KeyUsage=usage) == expected
    with keys.scratch.client(region_name="cn-northwest-1") as kms:
        assert kms.create_key(KeySpec="SM2", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeySpec"] == "SM2"


@pytest.mark.parametrize("region", [CHINA, "cn-northwest-1"])
@pytest.mark.parametrize("spec", ["ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"])
def test_ml_kem_is_for_other_regions_than_those_of_china(keys: MadeKeys, region: str, spec: str) -> None:
    """AWS KMS API Reference, CreateKey and GenerateDataKeyPair; the text of the error is not documented."""
    with keys.scratch.client(region_name=region) as kms:
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        making = refusal(kms, "create_key", KeySpec=spec, KeyUsage="ENCAPSULATE_DECAPSULATE")
        pair = refusal(kms, "generate_data_key_pair", KeyId=key_id, KeyPairSpec=spec)
    assert (making[0], pair[0]) == ("UnsupportedOperationException", "UnsupportedOperationException")


# -- operations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spec", "usage"), KINDS)
def test_key_does_what_the_table_has_and_no_more(keys: MadeKeys, ran: Counter[str], spec: str, usage: str) -> None:
    for key, operation in product(keys.all_of(spec, usage), OPERATIONS):
        for algorithm in algorithms_to_try(operation):
            check(key, operation, algorithm)
            ran["combinations of key, operation and algorithm"] += 1


def algorithms_to_try(operation: Operation) -> list[str | None]:
    if operation.algorithm_member is None:
        return [None]
    # Encryption algorithms alone have a default.
    default = [None] if operation.usage == "ENCRYPT_DECRYPT" else []
    return [*default, *ALGORITHMS]


def check(key: MadeKey, operation: Operation, algorithm: str | None) -> None:
    arguments = operation.arguments(key, algorithm)
    expected = operation_refusal(key, operation, algorithm)
    where = f"{operation} with {algorithm} under {key}"
    if expected is None:
        reply = getattr(key.kms, operation.method)(**arguments)
        assert set(reply) == members_of_reply(operation, key, arguments), where
        if algorithm is not None:
            assert reply[operation.algorithm_member] == algorithm, where
        return
    code, text = refusal(key.kms, operation.method, **arguments)
    assert code == expected[0], where
    assert text.startswith(expected[1]) if "constraint" in expected[1] else text == expected[1], where


def operation_refusal(key: MadeKey, operation: Operation, algorithm: str | None) -> Refusal | None:
    """What the documentation says of a key under an operation, in the order in which AWS KMS looks."""
    if operation.name == "GetPublicKey" and key.spec not in KEY_PAIRS:
        text = f"{key.arn} key spec is {key.spec} which is not valid for GetPublicKey."
        return "UnsupportedOperationException", text
    if operation.usage is None:
        return None
    name = algorithm or "SYMMETRIC_DEFAULT"
    member = operation.algorithm_member
    if member is not None and name not in known(operation):
        place = f"'{member[0].lower()}{member[1:]}'"
        text = f"1 validation error detected: Value '{name}' at {place} failed to satisfy constraint: "
        return "ValidationException", f"{text}Member must satisfy enum value set: ["
    return incompatibility(key, operation, name)


def incompatibility(key: MadeKey, operation: Operation, name: str) -> Refusal | None:
    """How a key goes with an operation and an algorithm that go together."""
    member = operation.algorithm_member
    opens_symmetric = member in ("EncryptionAlgorithm", "SourceEncryptionAlgorithm") and operation.name != "Encrypt"
    if opens_symmetric and name == "SYMMETRIC_DEFAULT" and key.spec != "SYMMETRIC_DEFAULT":
        # The ciphertext names its key, which is compared before anything is known of the other.
        text = "The key ID in the request does not identify a CMK that can perform this operation."
        return "IncorrectKeyException", text
    if operation.usage != key.usage:
        text = f"{key.arn} key usage is {key.usage} which is not valid for {operation.name}."
        return "InvalidKeyUsageException", text
    if name not in key.algorithms and (member is not None or operation.usage == "ENCRYPT_DECRYPT"):
        return "InvalidKeyUsageException", f"Algorithm {name} is incompatible with key spec {key.spec}."
    return None


def known(operation: Operation) -> set[str]:
    """Every algorithm of the operation's usage, whatever the key spec."""
    return {name for usages in DOCUMENTED.values() for name in usages.get(str(operation.usage), [])}


REPLIES = {
    "Encrypt": {"CiphertextBlob", "KeyId", "EncryptionAlgorithm"},
    "Decrypt": {"Plaintext", "KeyId", "EncryptionAlgorithm"},
    "ReEncrypt": {
        "CiphertextBlob",
        "SourceKeyId",
        "KeyId",
        "SourceEncryptionAlgorithm",
        "DestinationEncryptionAlgorithm",
    },
    "GenerateDataKey": {"CiphertextBlob", "Plaintext", "KeyId", "KeyMaterialId"},
    "GenerateDataKeyWithoutPlaintext": {"CiphertextBlob", "KeyId", "KeyMaterialId"},
    "GenerateDataKeyPair": {
        "PrivateKeyCiphertextBlob",
        "PrivateKeyPlaintext",
        "PublicKey",
        "KeyId",
        "KeyPairSpec",
        "KeyMaterialId",
    },
    "GenerateDataKeyPairWithoutPlaintext": {
        "PrivateKeyCiphertextBlob",
        "PublicKey",
        "KeyId",
        "KeyPairSpec",
        "KeyMaterialId",
    },
    "GenerateRandom": {"Plaintext"},
    "Sign": {"KeyId", "Signature", "SigningAlgorithm"},
    "Verify": {"KeyId", "SignatureValid", "SigningAlgorithm"},
    "GenerateMac": {"KeyId", "Mac", "MacAlgorithm"},
    "VerifyMac": {"KeyId", "MacValid", "MacAlgorithm"},
    "DeriveSharedSecret": {"KeyId", "SharedSecret", "KeyAgreementAlgorithm", "KeyOrigin"},
    "Encapsulate": {"KeyId", "SharedSecret", "SharedSecretCiphertextBlob", "EncapsulationAlgorithm"},
    "Decapsulate": {"KeyId", "SharedSecret", "EncapsulationAlgorithm"},
    "GetPublicKey": {"KeyId", "PublicKey", "CustomerMasterKeySpec", "KeySpec", "KeyUsage"},
}


def members_of_reply(operation: Operation, key: MadeKey, arguments: dict[str, Any]) -> set[str]:
    members = REPLIES[operation.name] | {"ResponseMetadata"}
    symmetric = key.spec == "SYMMETRIC_DEFAULT"
    if operation.name == "Decrypt" and symmetric:
        members |= {"KeyMaterialId"}
    if operation.name == "ReEncrypt":
        # The other side is symmetric.
        from_key = "SourceKeyId" in arguments
        members |= {"DestinationKeyMaterialId"} if from_key or symmetric else set()
        members |= {"SourceKeyMaterialId"} if not from_key or symmetric else set()
    if operation.name == "GetPublicKey":
        members |= {MEMBERS[key.usage]}
    return members


def test_every_declared_operation_on_key_material_is_tried() -> None:
    declared = {name for name, row in DECLARED.items() if row["body"] == "engine"}
    assert {operation.name for operation in OPERATIONS} == declared == set(REPLIES)
    for operation in OPERATIONS:
        assert operation.usage == DECLARED[operation.name]["usage"]
