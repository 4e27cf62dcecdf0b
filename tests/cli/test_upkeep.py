"""`audit`, `backup`, `restore` and `doctor`; root keys that are passphrases."""

import json
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.conftest import CommandLine
from kmscore.cli import host_checks
from scratch_store import ScratchStore


@pytest.fixture
def passphrase(tmp_path: Path) -> str:
    """A file with a passphrase, closed to others."""
    path = tmp_path / "passphrase"
    path.write_text("correct horse battery staple\nsecond line\n")
    path.chmod(0o600)
    return str(path)


@contextmanager
def descriptor(text: bytes) -> Iterator[str]:
    source, target = os.pipe()
    os.write(target, text)
    os.close(target)
    yield str(source)
    os.close(source)


# -- audit ------------------------------------------------------------------------------------------------------------


def test_audit_verifies_and_shows_what_was_done(store: CommandLine) -> None:
    store.ok("encrypt-value", "alias/app", "secret value", "-c", "app=a")
    assert store.ok("audit", "verify").out.endswith(": all as written\n")
    report = store.ok("audit", "verify", "--json").json()
    assert report["ok"] is True
    assert report["problems"] == []
    shown = store.ok("audit", "tail", "-n", "1").out
    assert " Encrypt Success arn:aws:iam::123456789012:root arn:aws:kms:us-east-1:123456789012:key/" in shown
    [line] = store.ok("--json", "audit", "tail", "--lines", "1").out.splitlines()
    assert json.loads(line)["op"] == "Encrypt"
    assert "secret value" not in line


def test_changed_audit_line_is_named_and_ends_with_1(store: CommandLine, scratch: ScratchStore) -> None:
    path = next(path for path in scratch.segments() if b"CreateKey" in path.read_bytes())
    path.write_bytes(path.read_bytes().replace(b"CreateKey", b"ListKeysX"))
    ran = store("audit", "verify")
    assert ran.code == 1
    assert f"bad-line: line 1 of {path}" in ran.out
    assert "1 problem\n" in ran.out
    assert store("audit", "verify", "--json").json()["problems"][0]["line"] == 1


def test_missing_segment_can_be_accepted(store: CommandLine, scratch: ScratchStore) -> None:
    scratch.segments()[0].unlink()
    assert "--accept-missing-audit" in store.refused("keys", "list")
    store.ok("keys", "list", "--accept-missing-audit")
    store.ok("keys", "list")


def test_rollback_can_be_accepted(store: CommandLine, scratch: ScratchStore) -> None:
    older = scratch.home.with_name("older")
    shutil.copytree(scratch.home, older)
    store.ok("keys", "disable", "alias/app")
    shutil.rmtree(scratch.home)
    older.rename(scratch.home)
    assert "older than its anchor" in store.refused("keys", "list")
    store.ok("keys", "list", "--accept-rollback", "--accept-missing-audit")


# -- backup and restore -----------------------------------------------------------------------------------------------


def test_backup_to_a_recipient_is_verified_and_restored(
    store: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, file = str(tmp_path / "identity"), str(tmp_path / "backup")
    blob = store.ok("encrypt-value", "alias/app", "secret").out.strip()
    recipient = store.ok("backup", "keygen", identity).out.strip()
    assert Path(identity).stat().st_mode & 0o777 == 0o600
    assert f"wrote {file}" in store.ok("backup", file, "--recipient", recipient).out
    assert f"{file} is whole" in store.ok("backup", file, "--verify", "--identity", identity).out
    assert "already" in store.refused("restore", file, "--identity", identity)
    monkeypatch.setenv("KMSCORE_HOME", str(tmp_path / "restored"))
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(tmp_path / "restored-configuration"))
    assert "restored 1 key as" in store.ok("restore", file, "--identity", identity).out
    assert store.ok("decrypt-value", blob).raw == b"secret"


def test_backup_to_a_passphrase_is_restored_under_a_passphrase(
    store: CommandLine, tmp_path: Path, passphrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "backup")
    written = store.ok("--json", "backup", "--passphrase-file", passphrase, file).json()
    assert written == {"File": file, "Bytes": Path(file).stat().st_size}
    monkeypatch.setenv("KMSCORE_HOME", str(tmp_path / "restored"))
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(tmp_path / "restored-configuration"))
    with descriptor(b"correct horse battery staple") as number, descriptor(b"new root") as root:
        store.ok("restore", file, "--passphrase-fd", number, "--root-passphrase-fd", root)
    with descriptor(b"new root\n") as root:
        assert len(store.ok("--json", "keys", "list", "--root-passphrase-fd", root).json()) == 1
    assert "--root-passphrase-file" in store.refused("keys", "list", code=2)


def test_damaged_backup_and_wrong_keys_are_refused(store: CommandLine, tmp_path: Path, passphrase: str) -> None:
    file, other = tmp_path / "backup", str(tmp_path / "other")
    store.ok("backup", str(file), "--passphrase-file", passphrase)
    with descriptor(b"wrong") as number:
        assert "wrong passphrase" in store.refused("backup", str(file), "--verify", "--passphrase-fd", number)
    store.ok("backup", "keygen", other)
    store.refused("backup", str(file), "--verify", "--identity", other)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    store.refused("backup", str(file), "--verify", "--passphrase-file", passphrase)


@pytest.mark.parametrize(
    ("arguments", "code", "fault"),
    [
        ([], 2, "give its --passphrase-file or --passphrase-fd, or --recipient"),
        (["--recipient", "x", "--passphrase-fd", "0"], 2, "to --recipient or to a passphrase, not to both"),
        (["--passphrase-file", "x", "--passphrase-fd", "0"], 2, "from a file or from a descriptor, not from both"),
        (["--recipient", "x"], 1, "a backup recipient is "),
        (["--identity", "x"], 2, "--identity reads a backup (--verify)"),
        (["--verify", "--recipient", "x"], 2, "--verify opens the backup, which --recipient, a public key, cannot"),
        (
            ["--verify", "--identity", "x", "--passphrase-fd", "0"],
            2,
            "with --identity or with a passphrase, not with both",
        ),
        (["--passphrase-file", "/no/such"], 1, "passphrase file /no/such cannot be read"),
    ],
)
def test_wrong_ways_to_encrypt_a_backup_are_refused(
    store: CommandLine, tmp_path: Path, arguments: list[str], code: int, fault: str
) -> None:
    assert fault in store.refused("backup", str(tmp_path / "backup"), *arguments, code=code)
    assert not (tmp_path / "backup").exists()


def test_nothing_is_overwritten(store: CommandLine, tmp_path: Path, passphrase: str) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    assert "is there already" in store.refused("backup", str(there), "--passphrase-file", passphrase)
    assert "is there already" in store.refused("backup", "keygen", str(there))
    assert there.read_text() == "mine"


def test_passphrase_file_open_to_others_is_refused(store: CommandLine, tmp_path: Path, passphrase: str) -> None:
    Path(passphrase).chmod(0o644)
    fault = store.refused("backup", str(tmp_path / "backup"), "--passphrase-file", passphrase)
    assert "others can read it; run chmod 600" in fault


# -- a root key that is a passphrase ----------------------------------------------------------------------------------


def test_root_passphrase_is_asked_for_by_every_command(
    run: CommandLine, passphrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "root.json" in run.ok("init", "--root-passphrase-file", passphrase).out
    assert "the root key of this store is a passphrase: give --root-passphrase-file" in run.refused(
        "keys", "list", code=2
    )
    run.ok("keys", "create", "--root-passphrase-file", passphrase)
    monkeypatch.setenv("KMSCORE_ROOT_PASSPHRASE_FILE", passphrase)
    run.ok("keys", "list")
    run.ok("audit", "verify")
    run.ok("doctor")
    # What stands on the command line comes before what stands in the environment.
    with descriptor(b"wrong") as number:
        assert "wrong root key" in run.refused("keys", "list", "--root-passphrase-fd", number)


# -- doctor -----------------------------------------------------------------------------------------------------------


def test_doctor_finds_a_new_store_well(store: CommandLine) -> None:
    findings = {finding["check"]: finding for finding in store.ok("doctor", "--json").json()}
    for check in ("store", "modes", "root key", "anchor", "database", "contents", "audit", "versions", "extras"):
        assert findings[check]["status"] == "ok", findings[check]
    assert {"file system", "locked memory", "core dumps"} <= set(findings)
    assert store.ok("doctor").out.count("\n") >= len(findings)


def test_doctor_without_a_store_says_how_to_make_one(run: CommandLine) -> None:
    ran = run("doctor")
    assert ran.code == 1
    assert "fail  store" in ran.out
    assert "kmscore init" in ran.out


def finding(store: CommandLine, check: str, code: int) -> str:
    ran = store("doctor", "--json")
    assert ran.code == code, ran
    status = "fail" if code else "warn"
    [found] = [row for row in ran.json() if row["check"] == check and row["status"] == status]
    return f"{found['text']} | {found['advice']}"


def test_doctor_fails_files_that_others_can_reach(store: CommandLine, scratch: ScratchStore) -> None:
    (scratch.home / "store.db").chmod(0o640)
    text = finding(store, "modes", 1)
    assert "store.db" in text
    assert "chmod -R go=" in text


def test_doctor_warns_of_a_root_key_under_the_store(
    run: CommandLine, scratch: ScratchStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(scratch.home / "configuration"))
    run.ok("init")
    assert "lies under the store" in finding(run, "root key", 0)


def test_doctor_fails_a_changed_row_and_a_swapped_key(store: CommandLine, scratch: ScratchStore) -> None:
    scratch.execute("UPDATE keys SET description = 'x'")
    assert "a row of keys was changed outside kmscore" in finding(store, "contents", 1)
    scratch.execute("UPDATE keys SET description = 'for tests'")
    store.ok("doctor")
    scratch.execute("UPDATE key_material SET sealed = zeroblob(132)")
    assert "restore a backup" in finding(store, "contents", 1)


def test_doctor_fails_a_missing_root_key_and_anchor(store: CommandLine, scratch: ScratchStore) -> None:
    (scratch.own_configuration() / "anchor").rename(scratch.home / "anchor")
    assert "the anchor" in finding(store, "anchor", 1)
    (scratch.home / "anchor").rename(scratch.own_configuration() / "anchor")
    (scratch.own_configuration() / "root.key").unlink()
    assert "the root key is missing" in finding(store, "root key", 1)


def test_doctor_fails_a_bad_audit_line(store: CommandLine, scratch: ScratchStore) -> None:
    path = scratch.segments()[0]
    path.write_bytes(path.read_bytes()[:-10])
    assert path.stem in finding(store, "audit", 1)


def test_doctor_warns_of_core_dumps_and_little_locked_memory(
    store: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert "ulimit -c 0" in finding(store, "core dumps", 0)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (65_536, 65_536))
    assert "only 64 KiB may be locked" in finding(store, "locked memory", 0)


def test_doctor_warns_of_a_file_system_without_coherent_memory(
    store: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kmscore._core.file_system_kind", lambda _: ("nfs", False))
    assert "--exclusive" in finding(store, "file system", 0)


def test_doctor_warns_of_principals_that_nobody_made(store: CommandLine) -> None:
    root, ana = (f"arn:aws:iam::123456789012:{name}" for name in ("root", "user/ana"))
    allow = {"Effect": "Allow", "Principal": {"AWS": [root, ana]}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    store.ok("kms", "PutKeyPolicy", "--json", json.dumps({"KeyId": "alias/app", "Policy": policy}))
    [found] = [row for row in store.ok("doctor", "--json").json() if row["check"] == "principals"]
    assert found["status"] == "warn"
    assert ana in found["text"]
    assert root not in found["text"]


def test_doctor_names_missing_extras(store: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(host_checks._EXTRAS, "arrow", "no-such-package")
    [found] = [row for row in store.ok("doctor", "--json").json() if row["check"] == "extras"]
    assert "pip install 'kmscore[arrow]'" in found["advice"]
