"""A user's program under `mypy --strict`: what is right passes, what is wrong is found."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

RIGHT = """
import numpy as np
import numpy.typing as npt
import kmscore
from kmscore import BatchResult, BatchRowError

kms = kmscore.client("kms", region_name="us-east-1", audit_mode="fsync")
key: str = kms.create_key(Description="x", Tags=[{"TagKey": "a", "TagValue": "b"}])["KeyMetadata"]["KeyId"]
blob: bytes = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
kms.encrypt(KeyId=key, Plaintext=bytearray(b"x"))
kms.decrypt(CiphertextBlob=memoryview(blob))
blobs: list[bytes] = kms.encrypt_batch(KeyId=key, Plaintexts=[b"a"])
result: BatchResult[list[bytes | None]] = kms.decrypt_batch(CiphertextBlobs=blobs, errors="return")
index: int = result.errors[0].index
array: npt.NDArray[np.void] = kms.encrypt_batch(KeyId=key, Plaintexts=np.array([b"a"]), threads=2)
wrapped: BatchResult[npt.NDArray[np.void]] = kms.encrypt_batch(KeyId=key, Plaintexts=array, errors="return")
signatures: list[bytes] = kms.sign_batch(KeyId=key, Messages=[b"a"], SigningAlgorithm="ED25519_SHA_512", threads=2)
answers: list[bool] = kms.verify_batch(KeyId=key, Messages=(b"a",), Signatures=array, SigningAlgorithm="SM2DSA")
booleans: npt.NDArray[np.bool_] = kms.verify_batch(
    KeyId=key, Messages=array, Signatures=signatures, SigningAlgorithm="SM2DSA", MessageType="DIGEST"
)
verified: BatchResult[list[bool | None]] = kms.verify_batch(
    KeyId=key, Messages=signatures, Signatures=signatures, SigningAlgorithm="SM2DSA", errors="return"
)
macs: BatchResult[npt.NDArray[np.void]] = kms.mac_batch(
    KeyId=key, Messages=array, MacAlgorithm="HMAC_SHA_256", errors="return", threads=None
)
try:
    kms.encrypt_batch(KeyId=key, Plaintexts=[b"x"])
except BatchRowError as error:
    place: int = error.index
except kms.exceptions.NotFoundException as error:
    code: str = error.response["Error"]["Code"]
except kmscore.errors.ClientError as error:
    status: int = error.http_status
for page in kms.get_paginator("list_keys").paginate(PaginationConfig={"MaxItems": 3}):
    print(page["Keys"])
with kmscore.client("kms") as other:
    print(other.meta.region_name, other.sign(KeyId=key, Message=b"x", SigningAlgorithm="ECDSA_SHA_256"))
"""

WRONG = {
    'kms.encrypt(KeyId="k", Plaintext="text")': "Argument",
    'kms.encrypt(KeyId="k")': "Missing named argument",
    'kms.encrypt(KeyId="k", Plaintext=b"x", Context={})': "Unexpected keyword argument",
    'kms.encrypt("k", b"x")': "Too many positional arguments",
    'text: str = kms.encrypt(KeyId="k", Plaintext=b"x")["CiphertextBlob"]': "Incompatible types in assignment",
    'kms.encrypt(KeyId="k", Plaintext=b"x")["Plaintext"]': 'has no key "Plaintext"',
    'kms.encrypt_batch(KeyId="k", Plaintexts=["a"])': 'expected "bytes"',
    'kms.encrypt_batch(KeyId="k", Plaintexts=[b"a"], errors="ignore")': "No overload variant",
    'rows: list[bytes] = kms.decrypt_batch(CiphertextBlobs=[b"a"], errors="return")': "Incompatible types",
    'kms.sign_batch(KeyId="k", Messages=[b"a"])': "No overload variant",
    'kms.sign_batch(KeyId="k", Messages=["a"], SigningAlgorithm="SM2DSA")': 'expected "bytes"',
    'kms.mac_batch(KeyId="k", Messages=[b"a"], MacAlgorithm="m", MessageType="RAW")': "No overload variant",
    'one: bool = kms.verify_batch(KeyId="k", Messages=[b"a"], Signatures=[b"s"], SigningAlgorithm="a")': "Incompatible",
    'kmscore.client("s3")': "Argument 1",
    "kms.no_such_operation()": 'has no attribute "no_such_operation"',
}


def check(program: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    path = folder / "program.py"
    path.write_text(program)
    cache = REPOSITORY / ".mypy_cache" / "users"
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(cache), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_typed_program_passes_strict_mypy(tmp_path: Path) -> None:
    checked = check(RIGHT, tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_wrong_calls_are_found_by_mypy(tmp_path: Path) -> None:
    lines = ["import kmscore", 'kms = kmscore.client("kms")', *WRONG]
    found = check("\n".join(lines) + "\n", tmp_path).stdout
    for number, (line, fault) in enumerate(WRONG.items(), start=3):
        reported = [text for text in found.splitlines() if text.startswith(f"program.py:{number}:")]
        assert any(fault in text for text in reported), f"{line}: {reported}"


@pytest.mark.parametrize("name", ["py.typed", "_core.pyi"])
def test_package_says_that_it_is_typed(name: str) -> None:
    import kmscore

    assert (Path(kmscore.__file__).parent / name).is_file()
