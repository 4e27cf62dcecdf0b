"""`encrypt_file` and `decrypt_file`: paths, file objects and pipes of any length."""

import gzip
import io
import os
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from envelope.keyrings import SIGNED, SUITES, UNSIGNED, raw_ring
from kmscore import envelope
from kmscore.envelope import DecryptionError, RawAesKeyring
from kmscore.envelope.pieces import PIECE

LENGTHS = [0, 1, 4095, 4096, 4097, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 17]


class Trickle(io.RawIOBase):
    """A file object that gives a few bytes at a time."""

    def __init__(self, content: bytes, most: int) -> None:
        self.content = io.BytesIO(content)
        self.most = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)[: self.most]
        return self.content.readinto(view)


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("length", LENGTHS)
def test_files_come_back_with_a_report(tmp_path: Path, ring: RawAesKeyring, suite: int, length: int) -> None:
    plaintext = (bytes(range(256)) * (length // 256 + 1))[:length]
    source, message, again = (tmp_path / name for name in ("source", "message", "again"))
    source.write_bytes(plaintext)
    made = envelope.encrypt_file(source, message, ring, encryption_context={"a": "b"}, algorithm_suite=suite)
    assert (made.bytes_read, made.bytes_written) == (length, message.stat().st_size)
    assert made.header.message_id == envelope.inspect(message).message_id
    assert envelope.inspect(message).frames == max(-(-length // 4096), 1)
    opened = envelope.decrypt_file(str(message), str(again), ring)
    assert (opened.bytes_read, opened.bytes_written) == (message.stat().st_size, length)
    assert opened.header.encryption_context["a"] == "b"
    assert again.read_bytes() == plaintext
    assert envelope.decrypt(message.read_bytes(), ring).plaintext == plaintext


@pytest.mark.parametrize("most", [1, 7, 65_536])
def test_file_objects_may_give_and_take_a_little_at_a_time(ring: RawAesKeyring, most: int) -> None:
    class Reluctant(io.RawIOBase):
        def __init__(self) -> None:
            self.got = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            taken = bytes(memoryview(data)[:most])
            self.got += taken
            return len(taken)

    plaintext = bytes(range(256)) * 20
    message: Any = Reluctant()
    source: Any = Trickle(plaintext, most)
    envelope.encrypt_file(source, message, ring, frame_length=100)
    again: Any = Reluctant()
    incoming: Any = Trickle(bytes(message.got), most)
    envelope.decrypt_file(incoming, again, ring)
    assert again.got == plaintext


def test_pipes_are_encrypted_and_decrypted(ring: RawAesKeyring) -> None:
    plaintext, outcome = os.urandom(3_000_000), io.BytesIO()
    (first_out, first_in), (second_out, second_in) = os.pipe(), os.pipe()

    def feed() -> None:
        with os.fdopen(first_in, "wb") as pipe:
            pipe.write(plaintext)

    def encrypt() -> None:
        with os.fdopen(first_out, "rb") as source, os.fdopen(second_in, "wb") as target:
            envelope.encrypt_file(source, target, ring)

    workers = [threading.Thread(target=feed), threading.Thread(target=encrypt)]
    for worker in workers:
        worker.start()
    with os.fdopen(second_out, "rb", buffering=0) as source:
        envelope.decrypt_file(source, outcome, ring)
    for worker in workers:
        worker.join()
    assert outcome.getvalue() == plaintext


def test_source_is_read_from_where_it_stands(ring: RawAesKeyring) -> None:
    source, message, again = io.BytesIO(b"skipped, read"), io.BytesIO(), io.BytesIO()
    source.seek(9)
    envelope.encrypt_file(source, message, ring)
    assert not source.closed
    message.seek(0)
    envelope.decrypt_file(message, again, ring)
    assert again.getvalue() == b"read"


def test_other_file_objects_are_taken(tmp_path: Path, ring: RawAesKeyring) -> None:
    with gzip.open(tmp_path / "source", "wb") as file:
        file.write(b"compressed" * 1000)
    with gzip.open(tmp_path / "source", "rb") as source, gzip.open(tmp_path / "message", "wb") as target:
        envelope.encrypt_file(source, target, ring)  # type: ignore[arg-type]  # wrong on purpose
    with gzip.open(tmp_path / "message", "rb") as source:
        envelope.decrypt_file(source, tmp_path / "again", ring)  # type: ignore[arg-type]  # wrong on purpose
    assert (tmp_path / "again").read_bytes() == b"compressed" * 1000


def test_source_that_does_not_wait_is_refused_rather_than_cut_off(tmp_path: Path, ring: RawAesKeyring) -> None:
    class Impatient(Trickle):
        def readinto(self, buffer: Any) -> int:
            count = super().readinto(buffer)
            # What a file object that is not to be waited for says when nothing is there yet.
            return count or None  # type: ignore[return-value]  # wrong on purpose

    source: Any = Impatient(b"so far", 4)
    with pytest.raises(BlockingIOError):
        envelope.encrypt_file(source, tmp_path / "message", ring)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("frame_length", [PIECE - 1, PIECE + 1, 2 * PIECE + 1_000_000])
def test_frames_about_as_long_as_a_piece_and_longer(
    tmp_path: Path, ring: RawAesKeyring, suite: int, frame_length: int
) -> None:
    source, message, again = (tmp_path / name for name in ("source", "message", "again"))
    source.write_bytes(bytes(range(256)) * 45_000)
    envelope.encrypt_file(source, message, ring, frame_length=frame_length, algorithm_suite=suite)
    assert envelope.inspect(message).frames == -(-source.stat().st_size // frame_length)
    envelope.decrypt_file(message, again, ring)
    assert again.read_bytes() == source.read_bytes()
    with envelope.open(message, ring, signature="verify") as file:
        file.seek(frame_length - 5)
        assert file.read(10) == source.read_bytes()[frame_length - 5 : frame_length + 5]


def test_progress_counts_the_source_to_its_end(tmp_path: Path, ring: RawAesKeyring) -> None:
    source, message, again = (tmp_path / name for name in ("source", "message", "again"))
    source.write_bytes(bytes(3 * PIECE + 5))
    for reading, writing, call in (
        (source, message, envelope.encrypt_file),
        (message, again, envelope.decrypt_file),
    ):
        seen: list[int] = []
        call(reading, writing, ring, progress=seen.append)
        assert seen == sorted(seen)
        assert seen[-1] == reading.stat().st_size
        assert len(set(seen)) >= 3


def test_signed_message_is_not_streamed_unless_asked(ring: RawAesKeyring) -> None:
    message, target = envelope.encrypt(b"x" * 100, ring, algorithm_suite=SIGNED, frame_length=10), io.BytesIO()
    with pytest.raises(envelope.EnvelopeError, match="decrypt to a path, or .*unverified=True"):
        envelope.decrypt_file(io.BytesIO(message), target, ring)
    assert target.getvalue() == b""
    envelope.decrypt_file(io.BytesIO(message), target, ring, unverified=True)
    assert target.getvalue() == b"x" * 100
    unsigned = io.BytesIO(envelope.encrypt(b"x", ring, algorithm_suite=UNSIGNED))
    envelope.decrypt_file(unsigned, io.BytesIO(), ring)


def test_final_frame_of_a_stream_waits_for_the_signature(ring: RawAesKeyring) -> None:
    plaintext = bytes(range(256)) * 40_000
    message = envelope.encrypt(plaintext, ring, algorithm_suite=SIGNED)
    target = io.BytesIO()
    with pytest.raises(DecryptionError):
        envelope.decrypt_file(io.BytesIO(message[:-1] + b"\0"), target, ring, unverified=True)
    assert 0 < len(target.getvalue()) < len(plaintext)
    assert plaintext.startswith(target.getvalue())


def test_wrong_signature_of_a_long_file_leaves_nothing(tmp_path: Path, ring: RawAesKeyring) -> None:
    message = bytearray(envelope.encrypt(bytes(2 * PIECE), ring, algorithm_suite=SIGNED))
    message[-1] ^= 1
    (tmp_path / "message").write_bytes(message)
    with pytest.raises(DecryptionError):
        envelope.decrypt_file(tmp_path / "message", tmp_path / "target", ring)
    assert [path.name for path in tmp_path.iterdir()] == ["message"]


def test_damage_far_into_a_file_leaves_nothing(tmp_path: Path, ring: RawAesKeyring) -> None:
    message = bytearray(envelope.encrypt(bytes(3 * PIECE), ring))
    for place in (len(message) // 2, len(message) - 1):
        message[place] ^= 1
        (tmp_path / "message").write_bytes(message)
        with pytest.raises(DecryptionError):
            envelope.decrypt_file(tmp_path / "message", tmp_path / "target", ring)
        message[place] ^= 1
    (tmp_path / "message").write_bytes(message[: 2 * PIECE])
    with pytest.raises(envelope.MessageFormatError, match="cut off"):
        envelope.decrypt_file(tmp_path / "message", tmp_path / "target", ring)
    assert [path.name for path in tmp_path.iterdir()] == ["message"]


def test_long_file_takes_a_few_pieces_of_memory(tmp_path: Path, ring: RawAesKeyring) -> None:
    source, message, again = (tmp_path / name for name in ("source", "message", "again"))
    with source.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    tracemalloc.start()
    try:
        for suite in SUITES:
            envelope.encrypt_file(source, message, ring, algorithm_suite=suite, overwrite=True)
            envelope.decrypt_file(message, again, ring, overwrite=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * PIECE
    assert again.stat().st_size == source.stat().st_size


def test_long_header_is_read_from_a_stream(ring: RawAesKeyring) -> None:
    context = {"a": "x" * 65_000}
    many = envelope.MultiKeyring(*(raw_ring(name="n" * 1000 + str(number)) for number in range(100)))
    message, target = io.BytesIO(), io.BytesIO()
    envelope.encrypt_file(io.BytesIO(b"x"), message, many, encryption_context=context)
    source: Any = Trickle(message.getvalue(), 1000)
    envelope.decrypt_file(source, target, raw_ring(name="n" * 1000 + "99"))
    assert target.getvalue() == b"x"
    with pytest.raises(envelope.MessageFormatError, match="max_encrypted_data_keys allows 99"):
        envelope.decrypt_file(io.BytesIO(message.getvalue()), target, ring, max_encrypted_data_keys=99)
