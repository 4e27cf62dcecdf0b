"""A store of every format that was ever released opens, and everything in it works (vectors/kmscore/stores)."""

import json
import tarfile
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kmscore
from kmscore import audit

GOLDEN = Path(__file__).resolve().parents[2] / "vectors/kmscore/stores"
FORMATS = sorted(path.stem for path in GOLDEN.glob("format-*.json"))


@pytest.fixture(params=FORMATS)
def golden(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Any, Any]]:
    """A client of a copy of the store, and what it holds."""
    with tarfile.open(GOLDEN / f"{request.param}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(tmp_path / "configuration"))
    expected = json.loads((GOLDEN / f"{request.param}.json").read_text())
    with kmscore.client("kms", home=tmp_path / "home", create=False) as kms:
        yield kms, expected


def test_there_is_a_store_of_the_first_format() -> None:
    assert "format-1" in FORMATS


def test_keys_aliases_and_states_are_there(golden: tuple[Any, Any]) -> None:
    kms, expected = golden
    assert sorted(key["KeyId"] for key in kms.list_keys()["Keys"]) == expected["keys"]
    symmetric = kms.describe_key(KeyId="alias/golden")["KeyMetadata"]
    assert symmetric["Arn"] == expected["symmetric"]["Arn"]
    assert symmetric["CurrentKeyMaterialId"] == expected["symmetric"]["CurrentKeyMaterialId"]
    pending = kms.describe_key(KeyId=expected["pending_deletion"]["KeyId"])["KeyMetadata"]
    assert pending["KeyState"] == "PendingDeletion"
    assert pending["DeletionDate"].timestamp() == expected["pending_deletion"]["deletion_date"]
    assert kms.describe_key(KeyId=expected["disabled"]["KeyId"])["KeyMetadata"]["KeyState"] == "Disabled"


def test_key_material_works(golden: tuple[Any, Any]) -> None:
    kms, expected = golden
    symmetric = expected["symmetric"]
    opened = kms.decrypt(CiphertextBlob=b64decode(symmetric["blob"]), EncryptionContext=symmetric["context"])
    assert opened["Plaintext"].decode() == symmetric["plaintext"]
    assert opened["KeyMaterialId"] == symmetric["CurrentKeyMaterialId"]
    multi_region = expected["multi_region"]
    assert (
        kms.decrypt(CiphertextBlob=b64decode(multi_region["blob"]))["Plaintext"].decode() == multi_region["plaintext"]
    )
    signing = expected["signing"]
    assert kms.verify(
        KeyId=signing["KeyId"],
        Message=signing["message"].encode(),
        Signature=b64decode(signing["signature"]),
        SigningAlgorithm="ECDSA_SHA_256",
    )["SignatureValid"]
    rsa = expected["rsa"]
    opened = kms.decrypt(
        KeyId=rsa["KeyId"], CiphertextBlob=b64decode(rsa["ciphertext"]), EncryptionAlgorithm="RSAES_OAEP_SHA_256"
    )
    assert opened["Plaintext"].decode() == rsa["plaintext"]
    mac = expected["hmac"]
    assert kms.verify_mac(
        KeyId=mac["KeyId"], Message=mac["message"].encode(), Mac=b64decode(mac["mac"]), MacAlgorithm="HMAC_SHA_256"
    )["MacValid"]


def test_audit_log_holds_and_the_store_can_be_changed(golden: tuple[Any, Any], tmp_path: Path) -> None:
    kms, expected = golden
    kms.enable_key(KeyId=expected["disabled"]["KeyId"])
    kms.create_key()
    kms.close()
    assert audit.verify(tmp_path / "home").problems == []
