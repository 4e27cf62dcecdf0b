"""Files that are not there, full or in the way, and runs that are interrupted: nothing half written stays."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from envelope.keyrings import SIGNED, UNSIGNED, raw_ring
from kmscore import envelope
from small_disk import small_disk

NOBODY = 65_534
# Mounting a disk is root's alone. CI is root; elsewhere the summary names what was not run.
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="not run: needs root")
RING = raw_ring()
MIB = 1024 * 1024


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def message(tmp_path: Path) -> Path:
    """A message in a file."""
    path = tmp_path / "message"
    path.write_bytes(envelope.encrypt(b"plaintext", RING))
    return path


def test_missing_files_and_directories_are_named(tmp_path: Path, message: Path) -> None:
    absent = tmp_path / "absent"
    calls: list[Any] = [
        lambda: envelope.open(absent, RING),
        lambda: envelope.inspect(absent),
        lambda: envelope.encrypt_file(absent, tmp_path / "target", RING),
        lambda: envelope.decrypt_file(absent, tmp_path / "target", RING),
        lambda: envelope.encrypt_file(message, absent / "target", RING),
        lambda: envelope.decrypt_file(message, absent / "target", RING),
        lambda: envelope.create(absent / "target", RING),
    ]
    for call in calls:
        with pytest.raises(FileNotFoundError, match="absent"):
            call()
    assert left_in(tmp_path) == ["message"]


def test_directory_in_place_of_a_file_is_refused(tmp_path: Path, message: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    calls: list[Any] = [
        lambda: envelope.open(folder, RING),
        lambda: envelope.inspect(folder),
        lambda: envelope.encrypt_file(folder, tmp_path / "target", RING),
        lambda: envelope.encrypt_file(message, folder, RING),
        lambda: envelope.decrypt_file(message, folder, RING, overwrite=True),
        lambda: envelope.create(folder, RING, overwrite=True),
    ]
    for call in calls:
        with pytest.raises(IsADirectoryError, match="folder"):
            call()
    assert left_in(tmp_path) == ["folder", "message"]


def test_file_that_is_there_is_replaced_only_when_asked(tmp_path: Path, message: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"kept")
    calls: list[Any] = [
        lambda: envelope.encrypt_file(message, target, RING),
        lambda: envelope.decrypt_file(message, target, RING),
        lambda: envelope.create(target, RING),
    ]
    for call in calls:
        with pytest.raises(FileExistsError, match="target"):
            call()
    assert target.read_bytes() == b"kept"
    envelope.decrypt_file(message, target, RING, overwrite=True)
    assert target.read_bytes() == b"plaintext"
    assert left_in(tmp_path) == ["message", "target"]


def test_failure_leaves_the_file_that_was_to_be_replaced(tmp_path: Path, message: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"kept")
    message.write_bytes(message.read_bytes()[:-1])
    with pytest.raises(envelope.EnvelopeError):
        envelope.decrypt_file(message, target, RING, overwrite=True)
    with pytest.raises(ZeroDivisionError), envelope.create(target, RING, overwrite=True) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert target.read_bytes() == b"kept"
    assert left_in(tmp_path) == ["message", "target"]


def test_file_that_somebody_makes_meanwhile_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with pytest.raises(FileExistsError, match="target"), envelope.create(target, RING) as file:
        file.write(b"ours")
        target.write_bytes(b"theirs")
    assert target.read_bytes() == b"theirs"
    assert left_in(tmp_path) == ["target"]


def test_one_file_as_source_and_target_is_refused(tmp_path: Path, message: Path) -> None:
    before = message.read_bytes()
    (tmp_path / "link").symlink_to(message)
    calls: list[Any] = [
        lambda: envelope.encrypt_file(message, message, RING, overwrite=True),
        lambda: envelope.decrypt_file(message, message, RING, overwrite=True),
        lambda: envelope.decrypt_file(tmp_path / "link", message, RING, overwrite=True),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="source and target are one file"):
            call()
    assert message.read_bytes() == before


@pytest.mark.parametrize(
    "file", [5, None, b"a path", io.StringIO("text"), object()], ids=lambda file: type(file).__name__
)
def test_what_is_no_file_is_refused_by_name(file: Any, tmp_path: Path, message: Path) -> None:
    calls: list[Any] = [
        lambda: envelope.encrypt_file(file, tmp_path / "target", RING),
        lambda: envelope.decrypt_file(file, tmp_path / "target", RING),
        lambda: envelope.encrypt_file(message, file, RING),
        lambda: envelope.decrypt_file(message, file, RING),
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()
    assert left_in(tmp_path) == ["message"]


@pytest.mark.parametrize("path", [5, None, b"\x02\x04x message", object()], ids=lambda path: type(path).__name__)
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(TypeError, match=type(path).__name__):
        envelope.open(path, RING)
    with pytest.raises(TypeError, match=type(path).__name__):
        envelope.create(path, RING)


@pytest.mark.parametrize("operation", ["encrypt_file", "decrypt_file", "create"])
def test_read_only_directory_is_refused(operation: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "message").write_bytes(envelope.encrypt(b"plaintext", RING))
    finished = _run_as_nobody(
        tmp_path,
        folder,
        """
        if operation == "create":
            envelope.create(folder / "target", ring)
        else:
            getattr(envelope, operation)(folder.parent / "message", folder / "target", ring)
    """,
        operation,
    )
    assert "PermissionError" in finished.stderr
    assert str(folder / "target") in finished.stderr
    assert left_in(folder) == []


@needs_root
@pytest.mark.parametrize("suite", [UNSIGNED, SIGNED], ids=hex)
def test_full_disk_leaves_nothing_half_written(tmp_path: Path, suite: int) -> None:
    (tmp_path / "plaintext").write_bytes(bytes(8 * MIB))
    envelope.encrypt_file(tmp_path / "plaintext", tmp_path / "message", RING, algorithm_suite=suite)
    with small_disk(tmp_path / "disk", 6) as disk:
        calls: list[Any] = [
            lambda: envelope.encrypt_file(tmp_path / "plaintext", disk / "target", RING, algorithm_suite=suite),
            lambda: envelope.decrypt_file(tmp_path / "message", disk / "target", RING),
            lambda: _write(disk / "target", suite),
        ]
        for call in calls:
            with pytest.raises(OSError, match="No space left"):
                call()
            assert left_in(disk) == []


def _write(path: Path, suite: int) -> None:
    with envelope.create(path, RING, algorithm_suite=suite) as file:
        file.write(bytes(8 * MIB))


def test_file_object_that_fails_is_told_and_what_it_got_is_its_own(tmp_path: Path, message: Path) -> None:
    with pytest.raises(OSError, match="No space left"), Path("/dev/full").open("wb", buffering=0) as full:
        envelope.encrypt_file(message, full, RING)

    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            del buffer
            raise OSError(5, "Input/output error")

    broken: Any = Broken()
    for call in (envelope.encrypt_file, envelope.decrypt_file):
        with pytest.raises(OSError, match="Input/output error"):
            call(broken, tmp_path / "target", RING)
    assert left_in(tmp_path) == ["message"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, MemoryError, ZeroDivisionError])
def test_interrupted_call_leaves_nothing(tmp_path: Path, interruption: type[BaseException]) -> None:
    def interrupt(_: int) -> None:
        raise interruption

    plaintext, message = tmp_path / "plaintext", tmp_path / "message"
    plaintext.write_bytes(bytes(9 * MIB))
    envelope.encrypt_file(plaintext, message, RING)
    for call in (envelope.encrypt_file, envelope.decrypt_file):
        with pytest.raises(interruption):
            call(plaintext if call is envelope.encrypt_file else message, tmp_path / "target", RING, progress=interrupt)
    assert left_in(tmp_path) == ["message", "plaintext"]


INTERRUPTED = """
import sys, pathlib
from envelope.keyrings import raw_ring
from kmscore import envelope
kind, folder = sys.argv[1], pathlib.Path(sys.argv[2])

class Endless:
    read = 0
    def readinto(self, buffer):
        self.read += len(buffer)
        if self.read > 20_000_000:
            print("going", flush=True)
        return len(buffer)

if kind == "file":
    envelope.encrypt_file(Endless(), folder / "target", raw_ring())
with envelope.create(folder / "target", raw_ring()) as file:
    while True:
        file.write(bytes(5_000_000))
        print("going", flush=True)
"""


@pytest.mark.parametrize("kind", ["file", "writer"])
def test_run_that_is_interrupted_from_outside_leaves_nothing(tmp_path: Path, kind: str) -> None:
    tests = str(Path(__file__).resolve().parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, kind, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": tests},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"going\n"
    assert [name.endswith(".part") for name in left_in(tmp_path)] == [True]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors
    assert left_in(tmp_path) == []


def test_file_appears_only_when_it_is_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with envelope.create(tmp_path / "target", RING) as file:
            file.write(bytes(9 * MIB))
            [temporary] = tmp_path.iterdir()
            assert temporary.name != "target"
            assert temporary.stat().st_mode & 0o777 == 0o600
            assert temporary.stat().st_size > 8 * MIB
        assert left_in(tmp_path) == ["target"]
        assert (tmp_path / "target").stat().st_mode & 0o777 == 0o600
        envelope.decrypt_file(tmp_path / "target", tmp_path / "plaintext", RING)
        assert (tmp_path / "plaintext").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_file_that_shrinks_while_it_is_open_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "message"
    path.write_bytes(envelope.encrypt(bytes(10_000), RING, frame_length=1000))
    with envelope.open(path, RING) as file:
        file.read(100)
        os.truncate(path, 2000)
        file.seek(5000)
        with pytest.raises(envelope.DecryptionError):
            file.read(1)


def _run_as_nobody(tmp_path: Path, folder: Path, code: str, operation: str) -> "subprocess.CompletedProcess[str]":
    """Run code as a user who may read everything here and write nothing."""
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)
    (tmp_path / "message").chmod(0o644)
    folder.chmod(0o555)
    program = f"""
import os, pathlib
from envelope.keyrings import raw_ring
from kmscore import envelope
operation, folder, ring = {operation!r}, pathlib.Path({str(folder)!r}), raw_ring()
if os.geteuid() == 0:
    os.setgid({NOBODY})
    os.setuid({NOBODY})
{"".join(line.removeprefix("        ") + chr(10) for line in code.splitlines())}
"""
    tests = str(Path(__file__).resolve().parents[1])
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": tests},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
