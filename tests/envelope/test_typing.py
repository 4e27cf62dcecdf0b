"""A user's program under `mypy --strict`: every overload is right, and wrong calls are found."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

RIGHT = '''
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import numpy.typing as npt
import pyarrow as pa

import kmscore
from kmscore import BatchResult, RowError, envelope
from kmscore.envelope import AlgorithmSuite, DataKey, Decrypted, DecryptedInto, EncryptedDataKey, Keyring, MessageHeader


class Own(Keyring):
    """A keyring of one's own."""

    def on_encrypt(
        self, encryption_context: dict[str, str], data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        return data_key or DataKey.random(), [EncryptedDataKey("own", b"info", b"ciphertext")]

    def on_decrypt(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: dict[str, str]
    ) -> DataKey:
        names: list[str] = [each.provider_id for each in encrypted_data_keys]
        infos: list[bytes] = [each.provider_info + each.ciphertext for each in encrypted_data_keys]
        return DataKey.from_bytes(b"".join(infos)[:32] or names[0].encode())


kms = kmscore.client("kms")
rings: list[Keyring] = [
    Own(),
    envelope.RawAesKeyring("namespace", "name", bytearray(32)),
    envelope.KmsKeyring(kms, "alias/a", ["alias/b"], grant_tokens=("token",)),
    envelope.KmsKeyring(boto3.client("kms"), generator="alias/a"),
    envelope.KmsDiscoveryKeyring(kms, accounts={"123456789012"}, partition="aws"),
    envelope.KmsRsaKeyring("arn", public_key=b"der", encryption_algorithm="RSAES_OAEP_SHA_1"),
    envelope.KmsRsaKeyring("arn", client=boto3.client("kms"), grant_tokens=["token"]),
    envelope.KmsMlKemKeyring("arn", public_key=memoryview(b"der"), client=kms),
]
multi = envelope.MultiKeyring(*rings)
ring: Keyring = envelope.CachingKeyring(multi, max_age=60, max_messages=10, max_bytes=10, capacity=1)

message: bytes = envelope.encrypt(b"x", ring)
envelope.encrypt(bytearray(b"x"), ring, encryption_context={"a": "b"}, algorithm_suite=0x0578, frame_length=1)
envelope.encrypt(memoryview(b"x"), ring, algorithm_suite=AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY)
envelope.encrypt(np.zeros(3).data, ring, required_encryption_context_keys={"a"}, max_encrypted_data_keys=3, threads=2)
envelope.encrypt(pa.py_buffer(b"x"), ring, commitment_policy="REQUIRE_ENCRYPT_ALLOW_DECRYPT")
count: int = envelope.encrypt_into(b"x", bytearray(1000), ring)

decrypted: Decrypted = envelope.decrypt(message, ring, encryption_context={"a": "b"}, max_encrypted_data_keys=None)
plaintext, header = envelope.decrypt(memoryview(message), ring)
length: int = len(plaintext) + header.frame_length + header.length
into: DecryptedInto = envelope.decrypt_into(message, np.zeros(1000, np.uint8).data, ring)
known: MessageHeader = into.header
context: dict[str, str] = known.encryption_context
keys: list[EncryptedDataKey] = known.encrypted_data_keys

rows: list[bytes] = envelope.encrypt_batch([b"a"], ring, rows_per_data_key=10)
rows = envelope.encrypt_batch((b"a", b"b"), ring)
opened: list[bytes] = envelope.decrypt_batch(rows, ring)
opened = envelope.decrypt_batch(tuple(rows), ring, errors="raise")
told: BatchResult[list[bytes | None]] = envelope.decrypt_batch(rows, ring, errors="return")
error: RowError = told.errors[0]
where: tuple[int, str, str] = (error.index, error.code, error.message)
array: npt.NDArray[np.uint8] = envelope.encrypt_batch(np.zeros((3, 3), np.uint8), ring, threads=2)
array = envelope.decrypt_batch(array, ring)
wrapped: BatchResult[npt.NDArray[Any]] = envelope.decrypt_batch(array, ring, errors="return")
column = envelope.encrypt_batch(pa.array([b"a"]), ring)
envelope.decrypt_batch(pa.chunked_array([[b"a"]]), ring, errors="return")

report: envelope.FileReport = envelope.encrypt_file("source", Path("target"), ring, progress=print, overwrite=True)
total: int = report.bytes_read + report.bytes_written + report.header.frame_length
envelope.decrypt_file(io.BytesIO(message), io.BytesIO(), ring, unverified=True)
with open("source", "rb") as source, open("target", "wb") as target:
    envelope.encrypt_file(source, target, ring, encryption_context={"a": "b"})
    envelope.decrypt_file(source, target, ring)

with envelope.open("message", ring, signature="ignore") as file:
    file.seek(-10, 2)
    read: bytes = file.read(10)
    lines: list[bytes] = list(file)
    text: str = io.TextIOWrapper(file).read()
    size: int = len(file)
    suite: int = file.header.algorithm_suite
with envelope.create(Path("message"), ring, frame_length=4096) as writer:
    written: int = writer.write(b"x") + writer.write(memoryview(b"x"))
    writer.discard()

info: envelope.MessageInfo = envelope.inspect("message")
info = envelope.inspect(message)
frames: int | None = info.frames
first: EncryptedDataKey = info.encrypted_data_keys[0]

try:
    envelope.decrypt_batch(rows, ring)
except envelope.MessageRowError as failure:
    place: int = failure.index
    code: str = failure.code
except (envelope.DecryptionError, envelope.MessageFormatError, envelope.KeyringError, envelope.CommitmentPolicyError):
    pass
except envelope.EnvelopeError as failure_of_all:
    why: str = str(failure_of_all)
'''

WRONG = {
    'envelope.encrypt("text", ring)': "Argument 1",
    "envelope.encrypt(b'x')": "Missing positional argument",
    "envelope.encrypt(b'x', 5)": "Argument 2",
    "envelope.encrypt(b'x', ring, {'a': 'b'})": "Too many positional arguments",
    "envelope.encrypt(b'x', ring, context={})": "Unexpected keyword argument",
    "envelope.encrypt(b'x', ring, encryption_context={'a': 1})": "Dict entry 0",
    "envelope.encrypt(b'x', ring, frame_length='4096')": 'expected "int"',
    "envelope.encrypt(b'x', ring, commitment_policy='REQUIRE')": "commitment_policy",
    "text: str = envelope.encrypt(b'x', ring)": "Incompatible types in assignment",
    "plaintext: bytes = envelope.decrypt(b'x', ring)": "Incompatible types in assignment",
    "envelope.decrypt(b'x', ring).text": 'has no attribute "text"',
    "envelope.decrypt(b'x', ring).header.frames": 'has no attribute "frames"',
    "envelope.encrypt_batch(['a'], ring)": "List item 0|No overload variant",
    "envelope.encrypt_batch([b'a'], ring, errors='return')": "No overload variant",
    "rows: list[bytes] = envelope.decrypt_batch([b'a'], ring, errors='return')": "Incompatible types",
    "envelope.decrypt_batch([b'a'], ring, errors='ignore')": "No overload variant",
    "envelope.open('message', ring, signature='skip')": "signature",
    "envelope.open(b'message', ring)": "Argument 1",
    "envelope.create('message', ring).read(5).decode().write()": 'has no attribute "write"',
    "envelope.create('message', ring).write('text')": "Argument 1",
    "envelope.RawAesKeyring('namespace', 'name')": "Missing positional argument",
    "envelope.CachingKeyring(ring)": 'Missing named argument "max_age"',
    "envelope.KmsKeyring(5, 'key')": "Argument 1",
    "envelope.KmsKeyring(ring, 'key')": "Argument 1",
    "envelope.KmsRsaKeyring('arn', client=kms, encryption_algorithm='OAEP')": "encryption_algorithm",
    "envelope.KmsMlKemKeyring('arn', b'der')": "Too many positional arguments",
    "envelope.KmsMlKemKeyring('arn', client=ring)": "client",
    "envelope.MultiKeyring(ring, 'key')": "Argument 2",
    "envelope.inspect(b'x').plaintext_length + 1": "Unsupported operand",
}
BEFORE_WRONG = [
    "import kmscore",
    "from kmscore import envelope",
    "kms = kmscore.client('kms')",
    "ring = envelope.RawAesKeyring('namespace', 'name', bytes(32))",
]


def check(program: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    path = folder / "program.py"
    path.write_text(program)
    # What is missing of the types of boto3 and pyarrow is not kmscore's fault.
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\n[mypy-boto3.*,pyarrow.*]\nignore_missing_imports = true\n")
    cache = REPOSITORY / ".mypy_cache" / "users"
    command = [sys.executable, "-m", "mypy", "--config-file", str(folder / "mypy.ini"), "--cache-dir", str(cache)]
    return subprocess.run([*command, str(path)], capture_output=True, text=True, check=False, cwd=folder)


def test_typed_program_passes_strict_mypy(tmp_path: Path) -> None:
    checked = check(RIGHT, tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_wrong_calls_are_found_by_mypy(tmp_path: Path) -> None:
    found = check("\n".join([*BEFORE_WRONG, *WRONG]) + "\n", tmp_path).stdout
    missed = []
    for number, (line, faults) in enumerate(WRONG.items(), start=len(BEFORE_WRONG) + 1):
        reported = [text for text in found.splitlines() if text.startswith(f"program.py:{number}:")]
        if not any(fault in text for text in reported for fault in faults.split("|")):
            missed.append(f"{line}: {reported}")
    assert not missed, "\n".join(missed)


def test_every_public_name_is_in_the_typed_program() -> None:
    from kmscore import envelope

    quiet = {"CacheStatistics", "CommitmentPolicy", "MessageReader", "MessageWriter", "Signature"}
    assert {name for name in envelope.__all__ if name not in RIGHT} <= quiet
