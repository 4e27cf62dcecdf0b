"""No key is left in the memory, the logs or the core dump of a process that dropped its client, nor in purged files."""

import hashlib
import json
import secrets
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_der_private_key

from formats.known_answers import vectors
from kmscore import envelope
from readers import blob as blob_reader
from readers import ml_kem_data_key as ml_kem_reader
from readers.kdf import canonical, kdf
from scratch_store import ScratchStore
from security import private_key_needles, process_memory
from security.needles import found_in, needles, secrets_of
from security.use_key_specs import PAIR_SPECS

CHILD = "security.memory_child"
CONTEXT = {"a": "b"}
SEVEN_DAYS = 7 * 86_400
BLOB_MAGIC = bytes.fromhex("c54b0101")


def test_a_key_that_is_held_is_found_in_every_form(scratch: ScratchStore, tmp_path: Path) -> None:
    """The positive control: without it, finding nothing says nothing."""
    scratch.client().close()
    held, absent = needles("held", secrets.token_bytes(32)), needles("never made", secrets.token_bytes(32))
    process = scratch.start(CHILD, "hold", str(len(held)))
    assert process.stdin is not None
    process.stdin.write(b"".join(needle.hex().encode() + b"\n" for needle in held.values()))
    process.stdin.flush()
    with _waiting(process):
        assert set(_in_memory(process.pid, held | absent)) == set(held)
        dump = process_memory.core_dump(process, tmp_path)
        assert set(found_in(dump, held | absent)) == set(held)


def test_no_key_is_left_after_the_client_was_dropped(scratch: ScratchStore, tmp_path: Path) -> None:
    process = scratch.start(CHILD, "drop")
    with _waiting(process) as blobs:
        sought = _all_needles(scratch, blobs)
        assert [blob[:2].hex() for blob in blobs] == ["c54b"] * 3 + ["0204"] * 4
        assert _in_memory(process.pid, sought) == {}
        dump = process_memory.core_dump(process, tmp_path)
    assert len(dump) > 1 << 20
    assert found_in(dump, sought) == {}
    assert _in_files(scratch, sought, leave_out="root.key") == {}


def test_keys_in_use_are_the_working_keys_alone_and_in_no_core_dump(scratch: ScratchStore, tmp_path: Path) -> None:
    """The dump is made by gcore, which leaves out the pages that the kernel would leave out."""
    process = scratch.start(CHILD, "live")
    with _waiting(process) as blobs:
        sought = _all_needles(scratch, blobs)
        in_memory = _in_memory(process.pid, sought)
        dump = process_memory.core_dump(process, tmp_path)
    # The working keys are in memory while the client is open: the search can find what it looks for in this product.
    assert any("HMAC inner state" in name for name in in_memory), "the keys in use are not where the search looks"
    assert not any("root key" in name or "audit key" in name for name in in_memory)
    assert not any(form in name for name in in_memory for form in ("raw", "hex", "base64", "round key"))
    assert found_in(dump, sought) == {}, "pages of secrets must stay out of core dumps"


def test_a_private_key_that_is_held_is_found_in_every_form(scratch: ScratchStore, tmp_path: Path) -> None:
    """The positive control of the next two."""
    sought: dict[str, bytes] = {}
    for vector in vectors("key_material"):
        if vector["name"] != "SYMMETRIC_DEFAULT":
            material = bytes.fromhex(vector["key_material"])
            sought |= private_key_needles.needles(vector["name"], vector["name"], material)
    process = scratch.start(CHILD, "hold", str(len(sought)))
    assert process.stdin is not None
    process.stdin.write(b"".join(needle.hex().encode() + b"\n" for needle in sought.values()))
    process.stdin.flush()
    with _waiting(process):
        assert set(_in_memory(process.pid, sought)) == set(sought)
        dump = process_memory.core_dump(process, tmp_path)
        assert set(found_in(dump, sought)) == set(sought)


def test_no_private_key_is_left_after_the_client_was_dropped(scratch: ScratchStore, tmp_path: Path) -> None:
    process = scratch.start(CHILD, "drop", "key-specs")
    with _waiting(process) as blobs:
        sought = _private_key_needles(scratch, blobs)
        in_memory = _in_memory(process.pid, sought)
        dump = process_memory.core_dump(process, tmp_path)
    assert in_memory == {}
    assert len(dump) > 1 << 20
    assert found_in(dump, sought) == {}
    log = scratch.home.with_name("child.log").read_bytes()
    assert b"refused as it must be" in log
    assert found_in(log, sought) == {}
    assert _in_files(scratch, sought) == {}


def test_private_keys_in_use_are_in_memory_and_in_no_core_dump(scratch: ScratchStore, tmp_path: Path) -> None:
    process = scratch.start(CHILD, "live", "key-specs")
    with _waiting(process) as blobs:
        sought = _private_key_needles(scratch, blobs)
        in_memory = _in_memory(process.pid, sought)
        dump = process_memory.core_dump(process, tmp_path)
    # A key pair is used from what its library made of it, of which one part or other is found.
    in_use = {name.split(",")[0] for name in sought if not name.startswith("data key pair")}
    assert {name.split(",")[0] for name in in_memory} >= in_use, "keys in use are not where the search looks"
    assert not any(form in name for name in in_memory for form in ("hex", "base64"))
    assert not any(name.startswith("data key pair") for name in in_memory)
    assert found_in(dump, sought) == {}, "pages of secrets must stay out of core dumps"


def test_log_of_a_process_names_no_key(scratch: ScratchStore) -> None:
    process = scratch.start(CHILD, "drop")
    with _waiting(process) as blobs:
        pass
    log = scratch.home.with_name("child.log").read_bytes()
    assert b"refused as it must be" in log
    assert found_in(log, _all_needles(scratch, blobs)) == {}


def test_purged_key_is_in_no_file_of_the_database(scratch: ScratchStore) -> None:
    from kmscore._core import Clock

    clock = Clock()
    kms = scratch.client(clock=clock)
    gone, kept = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    for key_id in (gone, kept):
        kms.encrypt(KeyId=key_id, Plaintext=b"x")
    sought = {key_id: _record_needles(scratch, key_id) for key_id in (gone, kept)}
    for key_id in (gone, kept):
        # The positive control: the sealed record stands in the files, its key material does not.
        assert set(_in_files(scratch, sought[key_id])) == {f"{key_id}, sealed record", f"{key_id}, its N"}
    kms.schedule_key_deletion(KeyId=gone, PendingWindowInDays=7)
    clock.advance(SEVEN_DAYS + 1)
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.encrypt(KeyId=gone, Plaintext=b"x")
    # Before anything is closed: the write-ahead log and the shared memory are part of the search.
    assert (scratch.home / "store.db-wal").exists()
    assert _in_files(scratch, sought[gone]) == {}
    assert set(_in_files(scratch, sought[kept])) == {f"{kept}, sealed record", f"{kept}, its N"}
    kms.close()
    assert _in_files(scratch, sought[gone]) == {}
    kms = scratch.client(clock=clock)
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId=gone)
    kms.encrypt(KeyId=kept, Plaintext=b"x")
    kms.close()


@contextmanager
def _waiting(process: "subprocess.Popen[bytes]") -> Iterator[list[bytes]]:
    """The child's blobs and messages, while it waits; then its end."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            _, errors = process.communicate(timeout=30)
            pytest.fail(f"the child failed: {errors.decode()}")
        yield [bytes.fromhex(blob) for blob in json.loads(line)]
        _, errors = process.communicate(timeout=30)
        # Where there is no gcore, the core dump was the end of the child.
        assert process.returncode in (0, -signal.SIGABRT), errors.decode()
    finally:
        process.kill()
        with process:
            pass  # Its end is waited for, and its pipes are closed.


def _all_needles(scratch: ScratchStore, blobs: list[bytes]) -> dict[str, bytes]:
    keys = scratch.keys()
    found: dict[str, bytes] = {}
    for name, key in secrets_of(keys).items():
        found |= needles(name, key)
    symmetric = [material for material in keys.materials.values() if len(material) == 32]
    for number, blob in enumerate(blobs):
        if not blob.startswith(BLOB_MAGIC):
            wrapping, data_key = _unwrapped(f"message {number}", blob, keys.materials)
            found |= wrapping | _message_needles(f"message {number}", blob, data_key)
            continue
        material = next(one for one in symmetric if _one_use_key(blob, one)[:32] == blob[69:101])
        found |= needles(f"one-use key {number}", _one_use_key(blob, material)[32:])
    return found


def _private_key_needles(scratch: ScratchStore, blobs: list[bytes]) -> dict[str, bytes]:
    """Those of every key but the symmetric ones, and of the data key pairs in the blobs."""
    keys = scratch.keys()
    specs = dict(scratch.query("SELECT key_id, spec FROM keys"))
    usages = dict(scratch.query("SELECT key_id, usage FROM keys"))
    found: dict[str, bytes] = {}
    for key_id, material in keys.materials.items():
        if specs[key_id] != "SYMMETRIC_DEFAULT":
            name = f"{specs[key_id]} {usages[key_id]}"
            found |= private_key_needles.needles(name, specs[key_id], material)
    for spec, blob in zip([*PAIR_SPECS, "SM2"], blobs, strict=True):
        material = next(one for one in keys.materials.values() if _one_use_key(blob, one)[:32] == blob[69:101])
        private = private_key_needles.canonical(spec, blob_reader.read(blob, material, CONTEXT).plaintext)
        found |= private_key_needles.needles(f"data key pair {spec}", spec, private)
    return found


def _message_needles(name: str, message: bytes, data_key: bytes) -> dict[str, bytes]:
    """The data key and the content key."""
    derivation = HKDF(hashes.SHA512(), 32, salt=message[3:35], info=message[1:3] + b"DERIVEKEY")
    found = needles(f"{name}, data key", data_key)
    return found | needles(f"{name}, content key", derivation.derive(data_key))


def _unwrapped(name: str, message: bytes, materials: Mapping[str, bytes]) -> tuple[dict[str, bytes], bytes]:
    """What wraps the data key of a message, and the data key, which the KMS key of its one encrypted data key opens."""
    [encrypted] = envelope.inspect(message).encrypted_data_keys
    arn, wrapped = encrypted.provider_info.decode(), encrypted.ciphertext
    material = materials[arn.rpartition("/")[2]]
    if encrypted.provider_id == "aws-kms-rsa":
        private: Any = load_der_private_key(material, None)
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        return {}, private.decrypt(wrapped, oaep)[48:]
    if encrypted.provider_id == "kmscore-ml-kem":
        secret = ml_kem_reader.shared_secret(wrapped, material)
        return needles(f"{name}, shared secret", secret), ml_kem_reader.read(wrapped, secret, arn, CONTEXT)
    data_key = blob_reader.read(wrapped, material, CONTEXT).plaintext
    return needles(f"{name}, key that wraps it", _one_use_key(wrapped, material)[32:]), data_key


def _one_use_key(blob: bytes, material: bytes) -> bytes:
    """K_com and K_enc of a blob."""
    return kdf(material, b"kmscore blob v1", blob[:69] + hashlib.sha256(canonical(CONTEXT)).digest(), 64)


def _record_needles(scratch: ScratchStore, key_id: str) -> dict[str, bytes]:
    [(sealed,)] = scratch.query("SELECT sealed FROM key_material WHERE key_id = ?", key_id)
    own = {f"{key_id}, sealed record": sealed[84:], f"{key_id}, its N": sealed[20:52]}
    return own | needles(key_id, scratch.keys().materials[key_id])


def _in_memory(process: int, sought: dict[str, bytes]) -> dict[str, int]:
    counts: dict[str, int] = {}
    read = 0
    for piece in process_memory.pieces(process):
        read += len(piece)
        for name, count in found_in(piece, sought).items():
            counts[name] = counts.get(name, 0) + count
    assert read > 4 << 20, "the memory of a Python process is larger than that: it was not read"
    return counts


def _in_files(scratch: ScratchStore, sought: dict[str, bytes], leave_out: str = "root.key") -> dict[str, int]:
    counts: dict[str, int] = {}
    for directory in (scratch.home, scratch.configuration):
        for path in directory.rglob("*"):
            if path.is_file() and path.name != leave_out:
                for name, count in found_in(path.read_bytes(), sought).items():
                    counts[name] = counts.get(name, 0) + count
    return counts
