"""`open` reads and checks the frames that are touched, and only those."""

import os
from pathlib import Path
from random import Random

import pytest

from envelope import refusals
from envelope.keyrings import SIGNED, SUITES, UNSIGNED, raw_ring
from kmscore import envelope
from kmscore.envelope import DecryptionError, RawAesKeyring

FRAME = 16
PLAINTEXT = bytes(range(100))
WHOLE = FRAME + 32


@pytest.fixture(params=SUITES, ids=hex)
def message(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Six regular frames and a final one of four bytes."""
    path = tmp_path / "message"
    path.write_bytes(envelope.encrypt(PLAINTEXT, raw_ring(), algorithm_suite=request.param, frame_length=FRAME))
    return path


def frame_at(message: Path, index: int) -> int:
    return envelope.inspect(message).header_length + index * WHOLE


def flip(path: Path, place: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1 << bit]))


def test_flipped_byte_anywhere_in_a_frame_makes_its_read_fail_and_no_other(ring: RawAesKeyring, message: Path) -> None:
    start, done = frame_at(message, 2), 0
    for place in range(start, start + WHOLE):
        for bit in (0, 7):
            flip(message, place, bit)
            with envelope.open(message, ring, signature="ignore") as file:
                for frame in (6, 1, 3, 0, 5, 4):
                    file.seek(frame * FRAME)
                    assert file.read(FRAME) == PLAINTEXT[frame * FRAME :][:FRAME]
                for begin, length in ((2 * FRAME, 1), (2 * FRAME, FRAME), (3 * FRAME - 1, 1), (0, 100), (20, 20)):
                    file.seek(begin)
                    with pytest.raises(DecryptionError):
                        file.read(length)
                    assert file.tell() == begin
                file.seek(3 * FRAME)
                assert file.read() == PLAINTEXT[3 * FRAME :]
            flip(message, place, bit)
            done += 1
    assert done == 2 * WHOLE
    with envelope.open(message, ring, signature="verify") as file:
        assert file.read() == PLAINTEXT


def test_flipped_byte_of_the_header_or_the_final_frame_is_refused_at_once(ring: RawAesKeyring, message: Path) -> None:
    size = frame_at(message, 6) + 40 + 4
    places = [*range(frame_at(message, 0)), *range(frame_at(message, 6), size)]
    for place in places:
        flip(message, place, place % 8)
        refusals.refusal(lambda: envelope.open(message, ring, signature="ignore"))
        flip(message, place, place % 8)


def test_flipped_byte_is_found_at_once_when_the_signature_is_verified(ring: RawAesKeyring, message: Path) -> None:
    if not envelope.inspect(message).is_signed:
        return
    for place in range(message.stat().st_size):
        flip(message, place, place % 8)
        refusals.refusal(lambda: envelope.open(message, ring, signature="verify"))
        flip(message, place, place % 8)


def test_missing_frames_are_noticed_before_any_read(ring: RawAesKeyring, message: Path) -> None:
    whole, start = message.read_bytes(), frame_at(message, 0)
    for index in range(6):
        message.write_bytes(whole[: start + index * WHOLE] + whole[start + (index + 1) * WHOLE :])
        assert refusals.refusal(lambda: envelope.open(message, ring, signature="ignore")) == "DecryptionError"
    for length in range(start, len(whole)):
        message.write_bytes(whole[:length])
        assert refusals.refusal(lambda: envelope.open(message, ring, signature="ignore")) == "DecryptionError"


def test_bytes_after_the_end_are_noticed_before_any_read(ring: RawAesKeyring, message: Path) -> None:
    whole = message.read_bytes()
    for more in range(1, 2 * WHOLE):
        message.write_bytes(whole + bytes(more))
        assert refusals.refusal(lambda: envelope.open(message, ring, signature="ignore")) == "DecryptionError"


def test_file_with_more_frames_than_a_message_can_have_is_refused(ring: RawAesKeyring, tmp_path: Path) -> None:
    path = tmp_path / "message"
    path.write_bytes(envelope.encrypt(b"abc", ring, frame_length=1))
    header = envelope.inspect(path).header_length
    for frames in (2**32 - 2, 2**32):
        # The file is sparse: it takes no room on the disk.
        os.truncate(path, header + frames * 33 + 41)
        assert refusals.refusal(lambda: envelope.open(path, ring)) == "DecryptionError"


def test_frames_put_into_another_place_are_refused(ring: RawAesKeyring, message: Path) -> None:
    whole, start = message.read_bytes(), frame_at(message, 0)
    frames = [whole[start + index * WHOLE :][:WHOLE] for index in range(6)]
    frames[1], frames[4] = frames[4], frames[1]
    message.write_bytes(whole[:start] + b"".join(frames) + whole[start + 6 * WHOLE :])
    with envelope.open(message, ring, signature="ignore") as file:
        for index in (1, 4):
            file.seek(index * FRAME)
            with pytest.raises(DecryptionError):
                file.read(1)
        file.seek(2 * FRAME)
        assert file.read(2 * FRAME) == PLAINTEXT[2 * FRAME : 4 * FRAME]


def test_reads_anywhere_give_what_the_plaintext_has_there(ring: RawAesKeyring, message: Path) -> None:
    chance = Random(4)  # noqa: S311 - places that repeat.
    with envelope.open(message, ring, signature="ignore") as file:
        for _ in range(2000):
            start, length = chance.randrange(120), chance.randrange(120)
            file.seek(start)
            assert file.read(length) == PLAINTEXT[start : start + length]


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 31, 32, 33])
@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_lengths_around_frame_edges_are_found(ring: RawAesKeyring, length: int, suite: int, tmp_path: Path) -> None:
    path = tmp_path / "message"
    path.write_bytes(envelope.encrypt(PLAINTEXT[:length], ring, algorithm_suite=suite, frame_length=FRAME))
    with envelope.open(path, ring, signature="verify") as file:
        assert (len(file), file.seek(0, os.SEEK_END), file.read()) == (length, length, b"")
        file.seek(0)
        assert file.read() == PLAINTEXT[:length]


def test_signed_message_asks_for_a_choice(ring: RawAesKeyring, tmp_path: Path) -> None:
    for suite in (UNSIGNED, SIGNED):
        (tmp_path / hex(suite)).write_bytes(envelope.encrypt(PLAINTEXT, ring, algorithm_suite=suite))
    with pytest.raises(envelope.EnvelopeError, match="signature='verify'.*signature='ignore'") as caught:
        envelope.open(tmp_path / hex(SIGNED), ring)
    assert type(caught.value) is envelope.EnvelopeError
    choices: tuple[envelope.Signature | None, ...] = (None, "verify", "ignore")
    for signature in choices:
        with envelope.open(tmp_path / hex(UNSIGNED), ring, signature=signature) as file:
            assert file.read() == PLAINTEXT
        if signature:
            with envelope.open(tmp_path / hex(SIGNED), ring, signature=signature) as file:
                assert file.read() == PLAINTEXT


def test_wrong_signature_is_found_only_by_those_who_verify_it(ring: RawAesKeyring, tmp_path: Path) -> None:
    path = tmp_path / "message"
    path.write_bytes(envelope.encrypt(PLAINTEXT, ring, algorithm_suite=SIGNED, frame_length=FRAME))
    flip(path, path.stat().st_size - 1, 0)
    assert refusals.refusal(lambda: envelope.open(path, ring, signature="verify")) == "DecryptionError"
    with envelope.open(path, ring, signature="ignore") as file:
        assert file.read() == PLAINTEXT


def test_only_the_frames_that_are_touched_are_read(ring: RawAesKeyring, tmp_path: Path) -> None:
    path = tmp_path / "message"
    path.write_bytes(envelope.encrypt(bytes(1_000_000), ring, frame_length=1000))
    with path.open("r+b") as file:
        # All frames but the first, the 500th and the final one are destroyed.
        start = envelope.inspect(path).header_length
        for index in (*range(1, 500), *range(501, 999)):
            file.seek(start + index * 1032 + 16)
            file.write(b"destroyed")
    with envelope.open(path, ring) as opened:
        for place in (0, 500_000, 999_000):
            opened.seek(place)
            assert opened.read(1000) == bytes(1000)
