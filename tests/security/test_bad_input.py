"""Bad input and bad surroundings: a clear error that names the cause; nothing lost, nothing half written."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kmscore import _core, _platform
from scratch_store import ScratchStore
from small_disk import small_disk

NOBODY = 65_534
# Giving a file away and mounting a disk are root's alone. CI is root; elsewhere the summary names what was not run.
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="not run: needs root")


@pytest.fixture
def store(scratch: ScratchStore) -> ScratchStore:
    """A closed store with one key, `alias/one`."""
    kms = scratch.client()
    kms.create_alias(AliasName="alias/one", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    kms.close()
    return scratch


@pytest.fixture
def kms(store: ScratchStore) -> Iterator[Any]:
    """A client of that store."""
    client = store.client()
    yield client
    client.close()


# -- the root key --


def test_missing_root_key_is_named(store: ScratchStore) -> None:
    key_file = store.own_configuration() / "root.key"
    content = key_file.read_bytes()
    key_file.unlink()
    _refused(store, _core.RootKeyError, "root key is missing", str(store.own_configuration()))
    assert not key_file.exists(), "a new root key in place of the lost one would make the store unreadable for good"
    key_file.write_bytes(content)
    key_file.chmod(0o600)
    _works(store)


def test_wrong_root_key_is_told_from_a_damaged_store(store: ScratchStore) -> None:
    key_file = store.own_configuration() / "root.key"
    kept = key_file.read_bytes()
    key_file.unlink()
    _core.RootKey.create_file(str(key_file))
    _refused(store, _core.RootKeyError, "wrong root key")
    key_file.write_bytes(kept)
    _works(store)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"kmscore-root-key-v1 \n",
        b"kmscore-root-key-v1 AAAA\n",
        b"kmscore-root-key-v2 " + b"A" * 43 + b"=\n",
        b"A" * 44 + b"\n",
        b"\xff" * 64,
    ],
)
def test_malformed_root_key_is_refused(store: ScratchStore, content: bytes) -> None:
    key_file = store.own_configuration() / "root.key"
    key_file.write_bytes(content)
    _refused(store, _core.RootKeyError, str(key_file))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_root_key_that_others_can_read_is_refused(store: ScratchStore, mode: int) -> None:
    key_file = store.own_configuration() / "root.key"
    key_file.chmod(mode)
    _refused(store, _core.RootKeyError, f"{mode:04o}", "chmod 600", str(key_file))
    key_file.chmod(0o600)
    _works(store)


@needs_root
def test_root_key_of_another_user_is_refused(store: ScratchStore) -> None:
    key_file = store.own_configuration() / "root.key"
    os.chown(key_file, NOBODY, NOBODY)
    _refused(store, _core.RootKeyError, f"belongs to user {NOBODY}")


# -- the store --


def test_store_of_a_newer_version_is_refused_and_left_as_it_is(store: ScratchStore) -> None:
    store.execute("UPDATE head SET format_version = 99")
    before = (store.home / "store.db").read_bytes()
    _refused(store, _core.StoreError, "format 99", "newer version", "upgrade kmscore")
    assert (store.home / "store.db").read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be one" * 30, b""])
def test_file_that_is_no_store_is_refused(store: ScratchStore, content: bytes) -> None:
    for path in store.home.glob("store.db*"):
        path.unlink()
    (store.home / "store.db").write_bytes(content)
    _refused(store, _core.StoreError, "is not a kmscore store")
    # SQLite takes an empty file for a new database and writes a header into it.
    assert not content or (store.home / "store.db").read_bytes() == content


def test_read_only_directory_is_refused(store: ScratchStore) -> None:
    refusal = _as_nobody(store, home_mode=0o500)
    assert "StoreError" in refusal
    assert str(store.home) in refusal
    assert "read-only" in refusal


def test_directory_that_is_a_file_is_refused(scratch: ScratchStore) -> None:
    scratch.home.write_text("a file")
    _refused(scratch, _core.StoreError, "is not a directory", str(scratch.home))
    assert scratch.home.read_text() == "a file"


@pytest.mark.parametrize("name", ["nfs", "cifs", "fuse", "9p", "virtiofs"])
def test_network_file_system_is_refused_unless_exclusive(
    store: ScratchStore, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(_core, "file_system_kind", lambda _path: (name, False))
    _refused(store, _core.StoreError, f"is on {name}", "exclusive=True")
    alone = store.client(exclusive=True)
    try:
        assert alone.encrypt(KeyId="alias/one", Plaintext=b"x")["CiphertextBlob"]
        second = store.start("security.use_store")
        _, errors = second.communicate(timeout=60)
        assert second.returncode != 0
        assert b"exclusive=True" in errors
    finally:
        alone.close()


@needs_root
def test_full_disk_loses_nothing_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        small = ScratchStore(disk / "home", tmp_path / "configuration")
        process = small.start("security.fill_the_disk")
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
        *acknowledged, refusal = output.decode().splitlines()
        assert "full" in refusal or "No space left" in refusal, refusal
        for filler in disk.glob("filler"):
            filler.unlink()
        after = small.start("security.use_store")
        listed, errors = after.communicate(timeout=60)
        assert after.returncode == 0, errors.decode()
        assert set(listed.decode().split()) == set(acknowledged)
        assert small.audit_problems() == []


# -- requests --


def test_unknown_key_is_named(kms: Any) -> None:
    absent = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(kms.exceptions.NotFoundException, match=absent):
        kms.encrypt(KeyId=absent, Plaintext=b"x")
    with pytest.raises(kms.exceptions.NotFoundException, match="alias/none"):
        kms.encrypt(KeyId="alias/none", Plaintext=b"x")


def test_blob_of_another_store_is_refused(kms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(tmp_path / "other-configuration"))
    other = ScratchStore(tmp_path / "other-home", tmp_path / "other-configuration").client()
    blob = other.encrypt(KeyId=other.create_key()["KeyMetadata"]["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    other.close()
    with pytest.raises(kms.exceptions.ClientError) as caught:
        kms.decrypt(CiphertextBlob=blob)
    assert caught.value.response["Error"]["Code"] in ("InvalidCiphertextException", "AccessDeniedException")


@pytest.mark.parametrize("plaintext", ["text", 7, None, ["x"], {"a": b"x"}, memoryview(b"xxxx")[::2]])
def test_plaintext_that_is_not_bytes_is_refused(kms: Any, plaintext: object) -> None:
    with pytest.raises(Exception, match="Plaintext"):
        kms.encrypt(KeyId="alias/one", Plaintext=plaintext)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_buffer_of_bytes_is_a_plaintext(kms: Any, kind: Callable[[bytes], Any]) -> None:
    plaintext = kind(b"aaaa")
    blob = kms.encrypt(KeyId="alias/one", Plaintext=plaintext)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == bytes(plaintext)


def test_context_over_the_limit_is_refused(kms: Any) -> None:
    with pytest.raises(kms.exceptions.ClientError, match=r"(?i)encryption ?context"):
        kms.encrypt(KeyId="alias/one", Plaintext=b"x", EncryptionContext={"a": "x" * 8_192})
    longest = {"a": "x" * (8_192 - 7)}
    blob = kms.encrypt(KeyId="alias/one", Plaintext=b"x", EncryptionContext=longest)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=longest)["Plaintext"] == b"x"


@pytest.mark.parametrize("context", [{"a": 1}, {1: "a"}, ["a"], "a", {"a": None}, {"a": b"b"}])
def test_context_of_another_kind_is_refused(kms: Any, context: object) -> None:
    with pytest.raises(Exception, match="EncryptionContext"):
        kms.encrypt(KeyId="alias/one", Plaintext=b"x", EncryptionContext=context)


def test_batch_with_one_bad_row_names_the_row(kms: Any) -> None:
    blobs = kms.encrypt_batch(KeyId="alias/one", Plaintexts=[b"a", b"b", b"c"])
    blobs[1] = blobs[1][:-1] + bytes([blobs[1][-1] ^ 1])
    with pytest.raises(Exception, match=r"\b1\b"):
        kms.decrypt_batch(CiphertextBlobs=blobs)
    with pytest.raises(Exception, match=r"\b2\b"):
        kms.encrypt_batch(KeyId="alias/one", Plaintexts=[b"a", b"b", "not bytes"])


# -- the platform --


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("platform", "win32", "win32"),
        ("version_info", (3, 10, 9, "final", 0), r"3\.10\.9"),
        ("implementation", type("PyPy", (), {"name": "pypy"}), "pypy"),
        ("_is_gil_enabled", lambda: False, "free-threaded"),
    ],
)
def test_unsupported_python_or_platform_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object, named: str
) -> None:
    _platform.require_supported_platform()
    monkeypatch.setattr(sys, name, value, raising=False)
    with pytest.raises(ImportError, match=named):
        _platform.require_supported_platform()


def test_import_on_an_unsupported_platform_says_so_before_anything_else() -> None:
    code = "import sys; sys.platform = 'win32'; import kmscore"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode != 0
    assert finished.stderr.splitlines()[-1].startswith("ImportError: kmscore does not support win32")


def _refused(store: ScratchStore, kind: type[Exception], *parts: str) -> None:
    with pytest.raises(kind) as caught:
        store.client()
    for part in parts:
        assert part in str(caught.value)


def _works(store: ScratchStore) -> None:
    kms = store.client()
    kms.encrypt(KeyId="alias/one", Plaintext=b"x")
    kms.close()


def _as_nobody(store: ScratchStore, *, home_mode: int) -> str:
    """Open the store as a user who owns it, with this mode on its directory; returns what went wrong."""
    paths = (store.home, store.configuration)
    arguments = []
    if os.geteuid() == 0:
        for path in (*paths, *(inner for outer in paths for inner in outer.rglob("*"))):
            os.chown(path, NOBODY, NOBODY)
        for parent in store.home.parents[:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
        arguments.append(str(NOBODY))
    store.home.chmod(home_mode)
    try:
        process = store.start("security.use_store", *arguments)
        _, errors = process.communicate(timeout=60)
    finally:
        store.home.chmod(0o700)
    assert process.returncode != 0
    return errors.decode()
