"""Import of key material: wrapping, tokens, expiry, several materials."""

import os
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding

from key_specs.openssl import OpenSsl, needs_openssl
from kmscore import errors
from opened_store import DAY, OpenedStore

FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
OAEP = "RSAES_OAEP_SHA_256"


def external(opened: OpenedStore, spec: str = "SYMMETRIC_DEFAULT", usage: str = "ENCRYPT_DECRYPT", **more: Any) -> str:
    return opened.new_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage, **more)


def parameters(
    opened: OpenedStore, key_id: str, algorithm: str = OAEP, spec: str = "RSA_2048", **where: str
) -> dict[str, Any]:
    return opened.call(
        "GetParametersForImport", KeyId=key_id, WrappingAlgorithm=algorithm, WrappingKeySpec=spec, **where
    )


def wrapped(public: bytes, material: bytes, algorithm: str = OAEP) -> bytes:
    key = serialization.load_der_public_key(public)
    assert isinstance(key, rsa.RSAPublicKey)
    digest: hashes.HashAlgorithm = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()  # noqa: S303 - KMS has it.
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    if not algorithm.startswith("RSA_AES"):
        return key.encrypt(material, oaep)
    aes = os.urandom(32)
    return key.encrypt(aes, oaep) + aes_key_wrap_with_padding(aes, material)


def do_import(opened: OpenedStore, key_id: str, material: bytes, algorithm: str = OAEP, **more: Any) -> dict[str, Any]:
    where = {"region": more.pop("region")} if "region" in more else {}
    made = parameters(opened, key_id, algorithm, **where)
    given: dict[str, Any] = {
        "ImportToken": made["ImportToken"],
        "EncryptedKeyMaterial": wrapped(made["PublicKey"], material, algorithm),
    }
    return opened.call("ImportKeyMaterial", KeyId=key_id, **given, **(FOREVER | more), **where)


def state(opened: OpenedStore, key_id: str, **where: str) -> str:
    return str(opened.metadata(key_id, **where)["KeyState"])


def rotations(opened: OpenedStore, key_id: str, **where: str) -> list[dict[str, Any]]:
    found = opened.call("ListKeyRotations", KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL", **where)
    entries: list[dict[str, Any]] = found["Rotations"]
    return entries


def pkcs8(key: Any) -> bytes:
    der: bytes = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return der


def test_key_waits_for_its_material(opened: OpenedStore) -> None:
    key_id = external(opened)
    metadata = opened.metadata(key_id)
    assert (metadata["KeyState"], metadata["Enabled"], metadata["Origin"]) == ("PendingImport", False, "EXTERNAL")
    assert {"CurrentKeyMaterialId", "ExpirationModel", "ValidTo"}.isdisjoint(metadata)
    for operation in ("Encrypt", "EnableKey", "DisableKey", "RotateKeyOnDemand"):
        more: dict[str, Any] = {"Plaintext": b"x"} if operation == "Encrypt" else {}
        with pytest.raises(errors.KMSInvalidStateException, match="is pending import"):
            opened.call(operation, KeyId=key_id, **more)


@pytest.mark.parametrize("algorithm", [OAEP, "RSAES_OAEP_SHA_1"])
@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_parameters_are_good_for_a_day(opened: OpenedStore, algorithm: str, spec: str) -> None:
    key_id = external(opened)
    made = parameters(opened, key_id, algorithm, spec)
    assert made["KeyId"] == opened.metadata(key_id)["Arn"]
    assert len(made["ImportToken"]) <= 6144
    public = serialization.load_der_public_key(made["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    assert public.key_size == int(spec.removeprefix("RSA_"))
    assert abs(made["ParametersValidTo"].timestamp() - opened.clock.now() - DAY) < 60
    given: dict[str, Any] = {
        "ImportToken": made["ImportToken"],
        "EncryptedKeyMaterial": wrapped(made["PublicKey"], b"k" * 32, algorithm),
    }
    opened.clock.advance(DAY - 60)
    opened.call("ImportKeyMaterial", KeyId=key_id, **given, **FOREVER)
    assert state(opened, key_id) == "Enabled"
    opened.clock.advance(120)
    with pytest.raises(errors.ExpiredImportTokenException):
        opened.call("ImportKeyMaterial", KeyId=key_id, **given, **FOREVER)


def test_imported_material_encrypts_and_names_itself(opened: OpenedStore) -> None:
    key_id = external(opened)
    answer = do_import(opened, key_id, b"k" * 32)
    metadata = opened.metadata(key_id)
    assert answer == {"KeyId": metadata["Arn"], "KeyMaterialId": metadata["CurrentKeyMaterialId"]}
    assert metadata["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE"
    blob = opened.call("Encrypt", KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    opened.reopen()
    assert opened.call("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"text"
    other = external(opened)
    assert do_import(opened, other, b"k" * 32)["KeyMaterialId"] != answer["KeyMaterialId"]


@pytest.mark.parametrize(
    ("spec", "key", "algorithm"),
    [
        ("RSA_2048", lambda: rsa.generate_private_key(65537, 2048), "RSA_AES_KEY_WRAP_SHA_256"),
        ("RSA_2048", lambda: rsa.generate_private_key(65537, 2048), "RSA_AES_KEY_WRAP_SHA_1"),
        ("ECC_NIST_P256", lambda: ec.generate_private_key(ec.SECP256R1()), "RSA_AES_KEY_WRAP_SHA_1"),
        ("ECC_NIST_P384", lambda: ec.generate_private_key(ec.SECP384R1()), OAEP),
        ("ECC_NIST_P521", lambda: ec.generate_private_key(ec.SECP521R1()), "RSA_AES_KEY_WRAP_SHA_256"),
        ("ECC_SECG_P256K1", lambda: ec.generate_private_key(ec.SECP256K1()), OAEP),
        ("ECC_NIST_EDWARDS25519", ed25519.Ed25519PrivateKey.generate, OAEP),
    ],
)
def test_key_pairs_are_imported_as_pkcs8(opened: OpenedStore, spec: str, key: Any, algorithm: str) -> None:
    key_id = external(opened, spec, "SIGN_VERIFY")
    private = key()
    do_import(opened, key_id, pkcs8(private), algorithm)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert opened.call("GetPublicKey", KeyId=key_id)["PublicKey"] == public
    with pytest.raises(errors.IncorrectKeyMaterialException):
        do_import(opened, key_id, pkcs8(key()), algorithm)


@pytest.mark.parametrize("size", [224, 256, 384, 512])
def test_hmac_keys_have_the_length_of_their_spec(opened: OpenedStore, size: int) -> None:
    key_id = external(opened, f"HMAC_{size}", "GENERATE_VERIFY_MAC")
    length = size // 8
    for wrong in (length - 1, length + 1):
        with pytest.raises(errors.IncorrectKeyMaterialException):
            do_import(opened, key_id, b"k" * wrong)
    do_import(opened, key_id, b"k" * length)
    assert len(opened.call("GenerateMac", KeyId=key_id, Message=b"m", MacAlgorithm=f"HMAC_SHA_{size}")["Mac"]) == length


@pytest.mark.parametrize(
    ("spec", "usage", "algorithm", "wrapping", "text"),
    [
        ("RSA_2048", "SIGN_VERIFY", OAEP, "RSA_4096", "cannot wrap key material of KeySpec RSA_2048"),
        ("ECC_NIST_P521", "SIGN_VERIFY", OAEP, "RSA_2048", "cannot wrap key material of KeySpec ECC_NIST_P521"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSAES_PKCS1_V1_5", "RSA_2048", "is not supported any more"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "SM2PKE", "SM2", "China Regions only"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "SM2PKE", "RSA_2048", "cannot be used with WrappingKeySpec RSA_2048"),
    ],
)
def test_wrapping_that_does_not_fit_is_refused(
    opened: OpenedStore, spec: str, usage: str, algorithm: str, wrapping: str, text: str
) -> None:
    with pytest.raises(errors.UnsupportedOperationException, match=text):
        parameters(opened, external(opened, spec, usage), algorithm, wrapping)


@pytest.mark.parametrize("spec", ["ML_DSA_44", "ML_KEM_512"])
def test_seeds_cannot_be_imported(opened: OpenedStore, spec: str) -> None:
    usage = "SIGN_VERIFY" if spec == "ML_DSA_44" else "ENCAPSULATE_DECAPSULATE"
    with pytest.raises(errors.UnsupportedOperationException, match="cannot be imported"):
        external(opened, spec, usage)


@needs_openssl
def test_sm2_wraps_sixteen_bytes_in_china(opened: OpenedStore, openssl: OpenSsl) -> None:
    china: Any = {"region": "cn-north-1"}
    key_id = external(opened, **china)
    made = parameters(opened, key_id, "SM2PKE", "SM2", **china)
    assert len(made["PublicKey"]) == 91
    encrypting = ["pkeyutl", "-encrypt", "-pubin", "-inkey", "public", "-in", "plaintext"]
    blob = openssl.run(*encrypting, public=made["PublicKey"], plaintext=b"k" * 16)
    given: dict[str, Any] = {"ImportToken": made["ImportToken"], "EncryptedKeyMaterial": blob}
    opened.call("ImportKeyMaterial", KeyId=key_id, **given, **FOREVER, **china)
    assert state(opened, key_id, **china) == "Enabled"


@pytest.mark.parametrize("operation", ["GetParametersForImport", "ImportKeyMaterial", "DeleteImportedKeyMaterial"])
def test_only_keys_of_origin_external_take_material(opened: OpenedStore, operation: str) -> None:
    given: dict[str, dict[str, Any]] = {
        "GetParametersForImport": {"WrappingAlgorithm": OAEP, "WrappingKeySpec": "RSA_2048"},
        "ImportKeyMaterial": {"ImportToken": b"t", "EncryptedKeyMaterial": b"m", **FOREVER},
    }
    with pytest.raises(errors.UnsupportedOperationException, match="origin is AWS_KMS which is not valid"):
        opened.call(operation, KeyId=opened.new_key(), **given.get(operation, {}))


def test_each_fault_of_an_import_has_its_error(opened: OpenedStore) -> None:
    key_id, other = external(opened), external(opened)
    made, foreign = parameters(opened, key_id), parameters(opened, other)
    blob = wrapped(made["PublicKey"], b"k" * 32)
    before = opened.state()

    def refused(error: type[Exception], token: bytes, material: bytes) -> None:
        with pytest.raises(error):
            opened.call("ImportKeyMaterial", KeyId=key_id, ImportToken=token, EncryptedKeyMaterial=material, **FOREVER)

    refused(errors.InvalidImportTokenException, foreign["ImportToken"], blob)
    refused(errors.InvalidImportTokenException, b"token", blob)
    refused(errors.InvalidCiphertextException, made["ImportToken"], b"\0" * 256)
    refused(errors.InvalidCiphertextException, made["ImportToken"], wrapped(foreign["PublicKey"], b"k" * 32))
    refused(errors.IncorrectKeyMaterialException, made["ImportToken"], wrapped(made["PublicKey"], b"k" * 31))
    assert opened.state() == before


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"),
        ({"ValidTo": -1.0}, "must be in the future"),
        ({"ValidTo": 366 * DAY}, "at most 365 days"),
        ({"ValidTo": 60.0, **FOREVER}, "must not be set"),
        ({"KeyMaterialId": "a" * 64, "ImportType": "NEW_KEY_MATERIAL", **FOREVER}, "KeyMaterialId cannot be"),
    ],
)
def test_members_that_do_not_go_together(opened: OpenedStore, more: dict[str, Any], text: str) -> None:
    given = dict(more)
    if "ValidTo" in given:
        given["ValidTo"] += opened.clock.now()
    blobs: dict[str, Any] = {"ImportToken": b"t", "EncryptedKeyMaterial": b"m"}
    with pytest.raises(errors.ValidationException, match=text):
        opened.call("ImportKeyMaterial", KeyId=external(opened), **blobs, **given)


def test_expired_material_is_destroyed_and_can_come_back(opened: OpenedStore) -> None:
    key_id = external(opened)
    valid_to = round(opened.clock.now() + 10 * DAY)
    do_import(opened, key_id, b"k" * 32, ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=valid_to)
    metadata = opened.metadata(key_id)
    assert (metadata["ExpirationModel"], metadata["ValidTo"].timestamp()) == ("KEY_MATERIAL_EXPIRES", valid_to)
    blob = opened.call("Encrypt", KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    opened.clock.advance(11 * DAY)
    with pytest.raises(errors.KMSInvalidStateException, match="is pending import"):
        opened.call("Decrypt", CiphertextBlob=blob)
    assert opened.scratch.query("SELECT sealed FROM key_material WHERE key_id = ?", key_id) == [(None,)]
    [event] = [record for record in opened.scratch.audit_records() if record["op"] == "DeleteExpiredKeyMaterial"]
    assert event["resources"] == [metadata["Arn"]]
    do_import(opened, key_id, b"k" * 32)
    assert opened.call("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"text"
    assert "ValidTo" not in opened.metadata(key_id)


def test_deleted_material_comes_back_only_as_it_was(opened: OpenedStore) -> None:
    key_id = external(opened)
    first = do_import(opened, key_id, b"k" * 32)
    assert opened.call("DeleteImportedKeyMaterial", KeyId=key_id) == first
    assert state(opened, key_id) == "PendingImport"
    before = opened.state()
    assert opened.call("DeleteImportedKeyMaterial", KeyId=key_id) == first
    assert opened.state() == before
    with pytest.raises(errors.IncorrectKeyMaterialException):
        do_import(opened, key_id, b"z" * 32)
    with pytest.raises(errors.IncorrectKeyMaterialException):
        do_import(opened, key_id, b"k" * 32, KeyMaterialId="0" * 64)
    assert do_import(opened, key_id, b"k" * 32, KeyMaterialId=first["KeyMaterialId"]) == first
    assert state(opened, key_id) == "Enabled"
    with pytest.raises(errors.NotFoundException):
        opened.call("DeleteImportedKeyMaterial", KeyId=key_id, KeyMaterialId="0" * 64)


def test_nothing_of_deleted_material_is_left_in_the_files(opened: OpenedStore) -> None:
    key_id = external(opened)
    do_import(opened, key_id, b"k" * 32)
    [(sealed,)] = opened.scratch.query("SELECT sealed FROM key_material WHERE key_id = ?", key_id)
    opened.call("DeleteImportedKeyMaterial", KeyId=key_id)
    files = [path for path in opened.scratch.home.iterdir() if path.is_file()]
    assert not [path.name for path in files if bytes(sealed)[-32:] in path.read_bytes()]


def test_deletion_of_material_keeps_the_deletion_of_the_key(opened: OpenedStore) -> None:
    key_id = external(opened)
    do_import(opened, key_id, b"k" * 32)
    opened.call("ScheduleKeyDeletion", KeyId=key_id)
    opened.call("DeleteImportedKeyMaterial", KeyId=key_id)
    assert state(opened, key_id) == "PendingDeletion"


def test_new_material_waits_for_a_rotation(opened: OpenedStore) -> None:
    key_id = external(opened)
    arn = opened.metadata(key_id)["Arn"]
    first = do_import(opened, key_id, b"a" * 32, KeyMaterialDescription="first")["KeyMaterialId"]
    with pytest.raises(errors.KMSInvalidStateException, match=f"No available key material pending rotation .*: {arn}."):
        opened.call("RotateKeyOnDemand", KeyId=key_id)
    blob = opened.call("Encrypt", KeyId=key_id, Plaintext=b"old")["CiphertextBlob"]
    second = do_import(opened, key_id, b"b" * 32, ImportType="NEW_KEY_MATERIAL")["KeyMaterialId"]
    assert opened.metadata(key_id)["CurrentKeyMaterialId"] == first
    assert [(entry["KeyMaterialState"], entry["ImportState"]) for entry in rotations(opened, key_id)] == [
        ("CURRENT", "IMPORTED"),
        ("PENDING_ROTATION", "IMPORTED"),
    ]
    text = f"New key material .* cannot be imported into KMS key {arn}, because another key material .id: {second}"
    with pytest.raises(errors.KMSInvalidStateException, match=text):
        do_import(opened, key_id, b"c" * 32, ImportType="NEW_KEY_MATERIAL")
    opened.call("RotateKeyOnDemand", KeyId=key_id)
    assert opened.metadata(key_id)["CurrentKeyMaterialId"] == second
    assert opened.call("Decrypt", CiphertextBlob=blob)["KeyMaterialId"] == first
    assert rotations(opened, key_id)[0]["KeyMaterialDescription"] == "first"


def test_key_needs_all_the_material_it_ever_encrypted_under(opened: OpenedStore) -> None:
    key_id = external(opened)
    first = do_import(opened, key_id, b"a" * 32)["KeyMaterialId"]
    do_import(opened, key_id, b"b" * 32, ImportType="NEW_KEY_MATERIAL")
    opened.call("RotateKeyOnDemand", KeyId=key_id)
    opened.call("DeleteImportedKeyMaterial", KeyId=key_id, KeyMaterialId=first)
    assert state(opened, key_id) == "PendingImport"
    opened.call("DeleteImportedKeyMaterial", KeyId=key_id)
    do_import(opened, key_id, b"b" * 32)
    assert state(opened, key_id) == "PendingImport"
    do_import(opened, key_id, b"a" * 32)
    assert state(opened, key_id) == "Enabled"


def test_pending_material_can_be_deleted_and_replaced(opened: OpenedStore) -> None:
    key_id = external(opened)
    do_import(opened, key_id, b"a" * 32)
    second = do_import(opened, key_id, b"b" * 32, ImportType="NEW_KEY_MATERIAL")["KeyMaterialId"]
    opened.call("DeleteImportedKeyMaterial", KeyId=key_id, KeyMaterialId=second)
    assert state(opened, key_id) == "Enabled"
    do_import(opened, key_id, b"c" * 32, ImportType="NEW_KEY_MATERIAL")
    assert len(rotations(opened, key_id)) == 2


@pytest.mark.parametrize("operation", ["EnableKeyRotation", "DisableKeyRotation"])
def test_imported_material_is_not_rotated_automatically(opened: OpenedStore, operation: str) -> None:
    key_id = external(opened)
    with pytest.raises(errors.UnsupportedOperationException, match="origin is EXTERNAL which is not valid"):
        opened.call(operation, KeyId=key_id)
    assert opened.call("GetKeyRotationStatus", KeyId=key_id)["KeyRotationEnabled"] is False


def test_replicas_need_pending_material_before_the_rotation(opened: OpenedStore) -> None:
    key_id = external(opened, MultiRegion=True)
    west = {"region": "us-west-2"}
    do_import(opened, key_id, b"a" * 32)
    opened.call("ReplicateKey", KeyId=key_id, ReplicaRegion="us-west-2")
    opened.clock.advance(2)
    assert state(opened, key_id, **west) == "PendingImport"
    with pytest.raises(errors.IncorrectKeyMaterialException):
        do_import(opened, key_id, b"z" * 32, **west)
    do_import(opened, key_id, b"a" * 32, **west)
    assert state(opened, key_id, **west) == "Enabled"
    do_import(opened, key_id, b"b" * 32, ImportType="NEW_KEY_MATERIAL")
    assert rotations(opened, key_id)[1]["KeyMaterialState"] == "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
    assert rotations(opened, key_id, **west)[1]["ImportState"] == "PENDING_IMPORT"
    with pytest.raises(errors.KMSInvalidStateException, match="No available key material"):
        opened.call("RotateKeyOnDemand", KeyId=key_id)
    second = do_import(opened, key_id, b"b" * 32, ImportType="EXISTING_KEY_MATERIAL", **west)["KeyMaterialId"]
    assert rotations(opened, key_id)[1]["KeyMaterialState"] == "PENDING_ROTATION"
    opened.call("RotateKeyOnDemand", KeyId=key_id)
    for where in ({}, west):
        assert opened.metadata(key_id, **where)["CurrentKeyMaterialId"] == second
