"""`open` gives a binary file object: what works on a file works on it."""

import csv
import gzip
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from envelope.keyrings import UNSIGNED, raw_ring
from kmscore import envelope
from kmscore.envelope import MessageReader, RawAesKeyring

TEXT = "".join(f"line {number}, früh\n" for number in range(500)).encode()


def written(path: Path, plaintext: bytes, frame_length: int = 100) -> Path:
    """A message in a file."""
    path.write_bytes(envelope.encrypt(plaintext, raw_ring(), frame_length=frame_length))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Iterator[MessageReader]:
    """An open message of some thousand bytes in frames of a hundred."""
    with envelope.open(written(tmp_path / "message", TEXT), raw_ring()) as opened:
        yield opened


def test_reader_says_what_it_is(file: MessageReader) -> None:
    assert (file.readable(), file.seekable(), file.writable()) == (True, True, False)
    assert isinstance(file, io.BufferedIOBase)
    assert len(file) == len(TEXT)
    assert file.name.endswith("message")
    assert file.header.algorithm_suite == UNSIGNED
    assert file.header.frame_length == 100


def test_seek_and_tell_count_in_the_plaintext(file: MessageReader) -> None:
    assert file.tell() == 0
    assert file.seek(250) == file.tell() == 250
    assert file.read(10) == TEXT[250:260]
    assert file.seek(-5, os.SEEK_CUR) == 255
    assert file.read(1) == TEXT[255:256]
    assert file.seek(-7, os.SEEK_END) == len(TEXT) - 7
    assert file.read() == TEXT[-7:]
    assert file.seek(0, os.SEEK_END) == len(TEXT)
    for offset, whence in ((-1, os.SEEK_SET), (-1 - len(TEXT), os.SEEK_END)):
        with pytest.raises(ValueError, match="offset is -"):
            file.seek(offset, whence)
    with pytest.raises(ValueError, match="whence is 7: it must be 0, 1 or 2"):
        file.seek(0, 7)


def test_reads_beyond_the_end_are_empty(file: MessageReader) -> None:
    file.seek(len(TEXT) + 1000)
    assert (file.read(), file.read(5), file.peek(), file.readinto(bytearray(5))) == (b"", b"", b"", 0)
    file.seek(len(TEXT) - 3)
    assert file.read(100) == TEXT[-3:]
    assert file.read() == b""


@pytest.mark.parametrize("size", [None, -1, 10**9])
def test_read_of_everything(file: MessageReader, size: int | None) -> None:
    file.seek(17)
    assert file.read(size) == TEXT[17:]
    assert file.read(size) == b""


def test_read_without_a_size_reads_on(file: MessageReader) -> None:
    pieces = [file.read(0), file.read(1), file.read(99), file.read(100), file.read(101), file.read1(5), file.read()]
    assert b"".join(pieces) == TEXT
    assert pieces[0] == b""


def test_readinto_fills_what_it_is_given(file: MessageReader) -> None:
    room = bytearray(150)
    assert file.readinto(room) == 150
    assert room == TEXT[:150]
    assert file.readinto1(memoryview(room)[:7]) == 7
    assert room[:7] == TEXT[150:157]
    assert file.tell() == 157
    with pytest.raises(TypeError):
        file.readinto(bytes(5))


def test_peek_does_not_move(file: MessageReader) -> None:
    assert file.peek()[:10] == TEXT[:10]
    assert file.peek(150)[:150] == TEXT[:150]
    assert file.tell() == 0
    file.seek(99)
    assert file.peek(1)[:1] == TEXT[99:100]


def test_lines_are_iterated_over(file: MessageReader) -> None:
    assert list(file) == TEXT.splitlines(keepends=True)
    file.seek(3)
    assert file.readline() == TEXT[3:].splitlines(keepends=True)[0]
    file.seek(0)
    assert file.readlines(40) == TEXT.splitlines(keepends=True)[:3]
    assert file.readline(4) == b"line"


def test_text_is_decoded_by_the_standard_wrapper(file: MessageReader) -> None:
    lines = list(csv.reader(io.TextIOWrapper(file, "utf-8")))
    assert lines[499] == ["line 499", " früh"]
    assert len(lines) == 500


def test_other_libraries_read_from_it(tmp_path: Path) -> None:
    table = pa.table({"number": list(range(10_000)), "text": [f"row {number}" for number in range(10_000)]})
    parquet = io.BytesIO()
    pq.write_table(table, parquet, row_group_size=1000)
    with envelope.open(written(tmp_path / "table", parquet.getvalue()), raw_ring()) as file:
        assert pq.read_table(file).equals(table)
    with envelope.open(written(tmp_path / "gzip", gzip.compress(TEXT)), raw_ring()) as file:
        assert gzip.GzipFile(fileobj=file).read() == TEXT
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("inside", TEXT)
    with envelope.open(written(tmp_path / "zip", archive.getvalue()), raw_ring()) as file:
        assert zipfile.ZipFile(file).read("inside") == TEXT


def test_reader_cannot_be_written_to(file: MessageReader) -> None:
    calls: list[Any] = [lambda: file.write(b"x"), lambda: file.truncate(0)]
    for call in calls:
        with pytest.raises((io.UnsupportedOperation, OSError)):
            call()


@pytest.mark.parametrize("plaintext", [TEXT, b""], ids=["text", "empty"])
def test_closed_reader_refuses_every_call(tmp_path: Path, plaintext: bytes) -> None:
    file = envelope.open(written(tmp_path / "message", plaintext), raw_ring())
    file.close()
    file.close()
    assert file.closed
    calls: list[Any] = [
        file.read,
        file.tell,
        file.peek,
        file.read1,
        lambda: file.seek(0),
        lambda: file.readinto(bytearray(1)),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="closed"):
            call()
    with pytest.raises(ValueError, match="closed"):
        next(iter(file))


def test_two_readers_of_one_file_do_not_disturb_each_other(tmp_path: Path, ring: RawAesKeyring) -> None:
    path = written(tmp_path / "message", TEXT)
    with envelope.open(path, ring) as one, envelope.open(str(path), ring) as other:
        one.seek(300)
        assert other.read(5) == TEXT[:5]
        assert one.read(5) == TEXT[300:305]


@pytest.mark.parametrize("frame_length", [1, 7, 4096, 1_048_576, 3_000_000])
def test_frames_of_every_length_are_read_across(tmp_path: Path, frame_length: int) -> None:
    plaintext = bytes(range(251)) * (20 if frame_length < 10 else 20_000)
    with envelope.open(written(tmp_path / "message", plaintext, frame_length), raw_ring()) as file:
        assert file.read() == plaintext
        for place in (0, frame_length - 1, frame_length, len(plaintext) // 2, len(plaintext) - 1):
            file.seek(place)
            assert file.read(5000) == plaintext[place : place + 5000]


def test_required_pairs_are_asked_for(tmp_path: Path, ring: RawAesKeyring) -> None:
    path, context = tmp_path / "message", {"a": "b"}
    path.write_bytes(envelope.encrypt(b"x", ring, encryption_context=context, required_encryption_context_keys=["a"]))
    with envelope.open(path, ring, encryption_context=context) as file:
        assert file.read() == b"x"
    with pytest.raises(envelope.DecryptionError):
        envelope.open(path, ring)


def test_pipe_cannot_be_read_anywhere(tmp_path: Path, ring: RawAesKeyring) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[envelope.encrypt(b"x", ring)])
    writer.start()
    with pytest.raises((OSError, envelope.EnvelopeError)):
        envelope.open(pipe, ring)
    writer.join()
