"""`create` gives a binary file object whose file appears whole, when it is closed, or not at all."""

import csv
import gc
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from envelope.keyrings import SIGNED, SUITES, raw_ring
from kmscore import envelope
from kmscore.envelope import MessageWriter, RawAesKeyring
from kmscore.envelope.pieces import PIECE

TEXT = b"some text\n" * 100


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def decrypted(path: Path) -> bytes:
    return envelope.decrypt(path.read_bytes(), raw_ring()).plaintext


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("length", [0, 1, 99, 100, 101, 1000])
def test_what_is_written_is_read_again(tmp_path: Path, ring: RawAesKeyring, suite: int, length: int) -> None:
    path, plaintext = tmp_path / "message", (TEXT * 2)[:length]
    with envelope.create(path, ring, algorithm_suite=suite, frame_length=100) as file:
        assert file.write(plaintext) == length
    assert decrypted(path) == plaintext
    assert envelope.inspect(path).frames == max(-(-length // 100), 1)
    assert left_in(tmp_path) == ["message"]


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("pieces", [1, 2])
def test_lengths_around_whole_pieces_are_written(
    tmp_path: Path, ring: RawAesKeyring, suite: int, more: int, pieces: int
) -> None:
    path, plaintext = tmp_path / "message", bytes(pieces * PIECE + more)
    with envelope.create(path, ring, algorithm_suite=suite) as file:
        file.write(plaintext)
    assert decrypted(path) == plaintext
    assert envelope.inspect(path).frames == -(-len(plaintext) // 4096)


@pytest.mark.parametrize("size", [1, 13, 4096, 1_000_003])
def test_writes_of_every_size_make_the_same_frames(tmp_path: Path, ring: RawAesKeyring, size: int) -> None:
    path, plaintext = tmp_path / "message", bytes(range(256)) * (10 if size < 4096 else 30_000)
    with envelope.create(path, ring, frame_length=1000) as file:
        for place in range(0, len(plaintext), size):
            assert file.tell() == place
            file.write(plaintext[place : place + size])
    assert decrypted(path) == plaintext
    assert envelope.inspect(path).frames == -(-len(plaintext) // 1000)


def test_writer_says_what_it_is(tmp_path: Path, ring: RawAesKeyring) -> None:
    with envelope.create(tmp_path / "message", ring) as file:
        assert (file.writable(), file.readable(), file.seekable()) == (True, False, False)
        assert isinstance(file, io.BufferedIOBase)
        assert file.name == str(tmp_path / "message")
        calls: list[Any] = [file.read, lambda: file.seek(0), lambda: file.truncate(0)]
        for call in calls:
            with pytest.raises((io.UnsupportedOperation, OSError)):
                call()


@pytest.mark.parametrize(
    "data",
    [bytearray(b"abcd"), memoryview(b"abcd"), np.frombuffer(b"abcd", "<u2"), np.frombuffer(b"abcd", np.uint8)],
    ids=lambda data: type(data).__name__,
)
def test_every_buffer_is_written(tmp_path: Path, ring: RawAesKeyring, data: Any) -> None:
    with envelope.create(tmp_path / "message", ring) as file:
        # Twice: arrays of one length would be added up, if they were not taken for bytes.
        assert [file.write(data), file.write(data)] == [4, 4]
        file.writelines([b"ef", b"gh"])
    assert decrypted(tmp_path / "message") == b"abcdabcdefgh"


@pytest.mark.parametrize("data", ["text", 5, None, [1]], ids=repr)
def test_what_is_no_buffer_is_refused_and_the_writer_goes_on(tmp_path: Path, ring: RawAesKeyring, data: Any) -> None:
    with envelope.create(tmp_path / "message", ring) as file:
        file.write(b"before ")
        with pytest.raises(TypeError, match="^data must "):
            file.write(data)
        file.write(b"after")
    assert decrypted(tmp_path / "message") == b"before after"


def test_other_libraries_write_to_it(tmp_path: Path, ring: RawAesKeyring) -> None:
    with envelope.create(tmp_path / "message", ring) as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
        csv.writer(text).writerows([[1, "früh"], [2, "spät"]])
    assert decrypted(tmp_path / "message").decode() == "1,früh\r\n2,spät\r\n"
    with envelope.create(tmp_path / "pickle", ring) as file:
        pickle.dump({"a": list(range(1000))}, file)
    assert pickle.loads(decrypted(tmp_path / "pickle")) == {"a": list(range(1000))}  # noqa: S301 - made here.


def test_exception_leaves_no_file(tmp_path: Path, ring: RawAesKeyring) -> None:
    for error in (ZeroDivisionError, KeyboardInterrupt):
        with pytest.raises(error), envelope.create(tmp_path / "message", ring) as file:
            file.write(TEXT)
            raise error
        assert file.closed
        assert left_in(tmp_path) == []


def test_discard_leaves_no_file(tmp_path: Path, ring: RawAesKeyring) -> None:
    file = envelope.create(tmp_path / "message", ring)
    file.write(TEXT)
    file.discard()
    file.discard()
    file.close()
    assert left_in(tmp_path) == []
    with envelope.create(tmp_path / "message", ring) as within:
        within.discard()
    assert left_in(tmp_path) == []


def test_dropped_writer_leaves_no_file(tmp_path: Path, ring: RawAesKeyring) -> None:
    file: MessageWriter | None = envelope.create(tmp_path / "message", ring)
    assert file is not None
    file.write(TEXT)
    assert len(left_in(tmp_path)) == 1
    file = None
    gc.collect()
    assert left_in(tmp_path) == []


def test_close_without_a_with_block_finishes_once(tmp_path: Path, ring: RawAesKeyring) -> None:
    file = envelope.create(tmp_path / "message", ring)
    file.write(TEXT)
    assert "message" not in left_in(tmp_path)
    file.close()
    file.close()
    assert left_in(tmp_path) == ["message"]
    assert decrypted(tmp_path / "message") == TEXT
    calls: list[Any] = [lambda: file.write(b"x"), file.tell]
    for call in calls:
        with pytest.raises(ValueError, match="closed"):
            call()


def test_empty_file_is_a_message(tmp_path: Path, ring: RawAesKeyring) -> None:
    for suite in SUITES:
        with envelope.create(tmp_path / hex(suite), ring, algorithm_suite=suite):
            pass
        assert decrypted(tmp_path / hex(suite)) == b""


def test_flush_keeps_what_is_not_whole(tmp_path: Path, ring: RawAesKeyring) -> None:
    with envelope.create(tmp_path / "message", ring) as file:
        file.write(TEXT)
        file.flush()
        file.write(TEXT)
    assert decrypted(tmp_path / "message") == 2 * TEXT


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_frames_longer_than_a_piece_are_written(tmp_path: Path, ring: RawAesKeyring, suite: int) -> None:
    path, plaintext = tmp_path / "message", bytes(range(256)) * 50_000
    with envelope.create(path, ring, frame_length=5_000_000, algorithm_suite=suite) as file:
        for place in range(0, len(plaintext), 1_000_000):
            file.write(plaintext[place : place + 1_000_000])
    assert decrypted(path) == plaintext
    assert envelope.inspect(path).frames == 3


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_nothing_but_the_time(tmp_path: Path, ring: RawAesKeyring, threads: int) -> None:
    plaintext = bytes(range(256)) * 40_000
    with envelope.create(tmp_path / "message", ring, threads=threads, algorithm_suite=SIGNED) as file:
        file.write(plaintext)
    assert envelope.decrypt((tmp_path / "message").read_bytes(), ring, threads=threads).plaintext == plaintext
