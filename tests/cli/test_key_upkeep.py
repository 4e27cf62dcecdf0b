"""Rotating, importing and replicating keys from the command line."""

import base64
import os
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cli.conftest import CommandLine


def target(run: CommandLine, alias: str = "app") -> str:
    return str(run.ok("keys", "describe", f"alias/{alias}", "--json").json()["KeyId"])


def test_rotation_is_enabled_told_and_disabled(store: CommandLine) -> None:
    assert "every 90 days" in store.ok("keys", "rotation", "enable", "alias/app", "--days", "90").out
    assert store.ok("keys", "rotation", "status", "alias/app", "--json").json()["RotationPeriodInDays"] == 90
    assert "not rotated" in store.ok("keys", "rotation", "disable", "alias/app").out
    assert "rotationPeriodInDays" in store.refused("keys", "rotation", "enable", "alias/app", "--days", "3")


def test_key_is_rotated_on_demand(store: CommandLine) -> None:
    store.ok("keys", "rotate", "alias/app")
    listed = store.ok("keys", "rotation", "list", "alias/app", "--json").json()
    assert [entry["KeyMaterialState"] for entry in listed] == ["NON_CURRENT", "CURRENT"]


def test_manual_rotation_makes_a_like_key_and_moves_the_alias(store: CommandLine) -> None:
    store.ok("keys", "create", "--spec", "HMAC_256", "--alias", "mac", "--description", "macs", "--tag", "a=b")
    old = target(store, "mac")
    grant = f'{{"KeyId": "{old}", "Operations": ["GenerateMac"], "GranteePrincipal": "arn:aws:iam::123456789012:root"}}'
    store.ok("kms", "CreateGrant", "--json", grant)
    answer = store.ok("keys", "rotate", "mac", "--manual", "--json").json()
    new = target(store, "mac")
    assert (answer["OldKeyId"], answer["NewKeyId"], answer["Grants"]) == (old, new, 1)
    assert old != new
    found = [store.ok("keys", "describe", key, "--json").json() for key in (old, new)]
    for member in ("KeySpec", "KeyUsage", "Description", "KeyState"):
        assert found[0][member] == found[1][member]
    tags = store.ok("kms", "ListResourceTags", "--json", f'{{"KeyId": "{new}"}}').json()["Tags"]
    assert tags == [{"TagKey": "a", "TagValue": "b"}]
    assert "alias" in store.refused("keys", "rotate", "arn:aws:kms:x", "--manual", code=2)


def test_material_is_imported_and_deleted(store: CommandLine, folder: Path) -> None:
    key = store.ok("keys", "create", "--origin", "EXTERNAL").out.strip()
    store.ok("keys", "import-parameters", key, "--wrapping-spec", "RSA_2048")
    assert "--force" in store.refused("keys", "import-parameters", key, "--wrapping-spec", "RSA_2048")
    public = serialization.load_der_public_key((folder / "wrapping-key.der").read_bytes())
    assert isinstance(public, rsa.RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    (folder / "wrapped.bin").write_bytes(public.encrypt(os.urandom(32), oaep))
    assert "no date" in store.refused("keys", "import", key, "--material", "wrapped.bin", "--expires", "soon", code=2)
    store.ok("keys", "import", key, "--material", "wrapped.bin")
    assert store.ok("keys", "describe", key, "--json").json()["KeyState"] == "Enabled"
    assert "PendingImport" in store.ok("keys", "delete-material", key).out


def test_key_is_replicated_and_its_primary_moved(store: CommandLine) -> None:
    key = store.ok("keys", "create", "--multi-region").out.strip()
    assert ":us-west-2:" in store.ok("keys", "replicate", key, "us-west-2").out
    time.sleep(1.1)
    assert ":us-west-2:" in store.ok("keys", "set-primary", key, "us-west-2").out
    assert store.ok("sweep", "--json").json() == {"Keys": 0}


@pytest.mark.parametrize(
    "arguments", [["keys", "rotate", "alias/none"], ["keys", "replicate", "alias/app", "us-west-2"]]
)
def test_what_cannot_be_done_is_said_in_one_line(store: CommandLine, arguments: list[str]) -> None:
    assert store.refused(*arguments)


def test_blob_of_old_material_is_read(store: CommandLine) -> None:
    blob = store.ok("encrypt-value", "alias/app", "text").out.strip()
    base64.b64decode(blob)
    store.ok("keys", "rotate", "alias/app")
    assert store.ok("decrypt-value", blob).out.strip() == "text"


def test_domain_key_is_rotated(store: CommandLine) -> None:
    blob = store.ok("encrypt-value", "alias/app", "text").out.strip()
    # The key's material and the administrator's secret access key.
    assert store.ok("store", "rotate-domain-key", "--json").json() == {"Sealed": 2}
    assert store.ok("decrypt-value", blob).out.strip() == "text"
