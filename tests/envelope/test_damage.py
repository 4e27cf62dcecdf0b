"""Every flipped bit, truncation and extension of a message is refused; nothing is released, nothing is left behind."""

from collections import Counter
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from envelope import refusals
from envelope.keyrings import SIGNED, SUITES, UNSIGNED
from envelope.messages import PLAINTEXT, Parts, small
from formats.damage import all_damage, extensions, flips, truncations
from formats.known_answers import vectors
from kmscore import envelope
from kmscore.envelope import RawAesKeyring

each_suite = pytest.mark.parametrize("suite", SUITES, ids=hex)
NOT_FRAMED: list[dict[str, Any]] = [vector for vector in vectors("message") if vector["frame_length"] == 0]


def flipped_bytes(message: bytes) -> list[bytes]:
    """Each byte with one of its bits turned over: bit 0 of byte 0, bit 1 of byte 1, and so on."""
    return [damaged for what, damaged in flips(message) if _diagonal(what)]


def _diagonal(what: str) -> bool:
    _, bit, _, _, byte = what.split()
    return int(byte) % 8 == int(bit)


@each_suite
def test_every_flipped_bit_is_refused(ring: RawAesKeyring, suite: int) -> None:
    message, done = small(suite), 0
    assert envelope.decrypt(message, ring).plaintext == PLAINTEXT
    for _, damaged in flips(message):
        refusals.refused_by_decrypt(damaged, ring)
        done += 1
    assert done == 8 * len(message)


@each_suite
def test_every_flipped_bit_leaves_a_wiped_buffer(ring: RawAesKeyring, suite: int) -> None:
    for _, damaged in flips(small(suite)):
        refusals.refused_by_decrypt_into(damaged, ring)


@each_suite
def test_every_flipped_bit_is_refused_when_the_buffer_just_fits(ring: RawAesKeyring, suite: int) -> None:
    for what, damaged in flips(small(suite)):
        room = bytearray([refusals.UNTOUCHED] * len(PLAINTEXT))
        # A length that was changed may say that the buffer is too short, before anything could be checked.
        with pytest.raises((*refusals.REFUSALS, ValueError)) as caught:
            envelope.decrypt_into(damaged, room, ring)
        assert isinstance(caught.value, refusals.REFUSALS) or "out has 10 bytes" in str(caught.value), what
        assert set(room.lstrip(b"\0")) <= {refusals.UNTOUCHED}, what


@each_suite
def test_every_field_at_its_extremes_is_refused(ring: RawAesKeyring, suite: int, tmp_path: Path) -> None:
    message = small(suite)
    for width, value in product((2, 4, 8), (b"\0", b"\x7f", b"\xff")):
        for place in range(len(message) - width + 1):
            damaged = message[:place] + value * width + message[place + width :]
            if damaged == message:
                continue
            refusals.refused_by_decrypt(damaged, ring)
            refusals.refused_by_decrypt_into(damaged, ring)
            if place % 5 == 0:
                refusals.refused_by_decrypt_batch(damaged, ring)
                refusals.refused_by_open(damaged, ring, tmp_path / "message")


@each_suite
def test_inspection_of_damaged_messages_fails_in_one_way_only(suite: int) -> None:
    read = 0
    for _, damaged in all_damage(small(suite)):
        try:
            read += envelope.inspect(damaged).message_length == len(damaged)
        except envelope.MessageFormatError:
            continue
    assert read > 0


def test_random_bytes_behind_a_true_beginning_are_refused(ring: RawAesKeyring) -> None:
    chance = Random(2)  # noqa: S311 - cases that repeat.
    message = small(UNSIGNED)
    for _ in range(5000):
        start = chance.randrange(len(message))
        damaged = message[:start] + chance.randbytes(chance.randrange(300))
        refusals.refused_by_decrypt(damaged, ring)


@each_suite
def test_flipped_bit_of_the_last_frame_wipes_those_before(ring: RawAesKeyring, suite: int) -> None:
    parts = Parts.of(small(suite))
    damaged = parts._replace(final=parts.final[:-1] + bytes([parts.final[-1] ^ 1])).join()
    room = bytearray([refusals.UNTOUCHED] * len(PLAINTEXT))
    assert refusals.refusal(lambda: envelope.decrypt_into(damaged, room, ring)) == "DecryptionError"
    assert room == bytes(len(PLAINTEXT))


def test_wrong_signature_wipes_the_whole_plaintext(ring: RawAesKeyring) -> None:
    message = small(SIGNED)
    room = bytearray([refusals.UNTOUCHED] * len(PLAINTEXT))
    damaged = message[:-1] + bytes([message[-1] ^ 1])
    assert refusals.refusal(lambda: envelope.decrypt_into(damaged, room, ring)) == "DecryptionError"
    assert room == bytes(len(PLAINTEXT))


@each_suite
def test_every_flipped_bit_fails_its_row_alone(ring: RawAesKeyring, suite: int) -> None:
    for damaged in flipped_bytes(small(suite)):
        refusals.refused_by_decrypt_batch(damaged, ring)


@each_suite
def test_every_flipped_byte_of_a_file_leaves_no_plaintext(ring: RawAesKeyring, suite: int, tmp_path: Path) -> None:
    for damaged in flipped_bytes(small(suite)):
        refusals.refused_by_decrypt_file(damaged, ring, tmp_path)


@each_suite
def test_flipped_bytes_of_a_stream_release_no_false_plaintext(ring: RawAesKeyring, suite: int) -> None:
    for damaged in flipped_bytes(small(suite))[::5]:
        refusals.refused_by_streaming(damaged, ring, PLAINTEXT)


@each_suite
def test_every_flipped_byte_of_a_file_is_refused_when_read(ring: RawAesKeyring, suite: int, tmp_path: Path) -> None:
    for damaged in flipped_bytes(small(suite)):
        refusals.refused_by_open(damaged, ring, tmp_path / "message")


@each_suite
def test_every_truncation_is_refused(ring: RawAesKeyring, suite: int, tmp_path: Path) -> None:
    message = small(suite)
    header = envelope.inspect(message).header_length
    for what, damaged in truncations(message):
        kind = refusals.refused_by_decrypt(damaged, ring)
        assert kind == ("MessageFormatError" if len(damaged) < header else "DecryptionError"), what
        assert refusals.refused_by_decrypt_into(damaged, ring) == kind
        assert refusals.refused_by_decrypt_batch(damaged, ring) == kind
        assert refusals.refused_by_open(damaged, ring, tmp_path / "message") == kind
        if len(damaged) % 9 == 0:
            # A stream that ends early is told from one that was changed: its length is public.
            assert refusals.refused_by_decrypt_file(damaged, ring, tmp_path) in {kind, "MessageFormatError"}, what
            assert refusals.refused_by_streaming(damaged, ring, PLAINTEXT) in {kind, "MessageFormatError"}, what


@each_suite
def test_every_extension_is_refused(ring: RawAesKeyring, suite: int, tmp_path: Path) -> None:
    for what, damaged in extensions(small(suite)):
        assert refusals.refused_by_decrypt(damaged, ring) == "DecryptionError", what
        assert refusals.refused_by_decrypt_into(damaged, ring) == "DecryptionError", what
        assert refusals.refused_by_decrypt_batch(damaged, ring) == "DecryptionError", what
        assert refusals.refused_by_open(damaged, ring, tmp_path / "message") == "DecryptionError", what
        if len(damaged) % 9 == 0:
            assert refusals.refused_by_decrypt_file(damaged, ring, tmp_path) == "DecryptionError", what
            assert refusals.refused_by_streaming(damaged, ring, PLAINTEXT) == "DecryptionError", what


@each_suite
def test_two_messages_after_each_other_are_refused(ring: RawAesKeyring, suite: int, tmp_path: Path) -> None:
    both = small(suite) + small(suite)
    assert refusals.refused_by_decrypt(both, ring) == "DecryptionError"
    assert refusals.refused_by_decrypt_file(both, ring, tmp_path) == "DecryptionError"
    assert refusals.refused_by_open(both, ring, tmp_path / "message") == "DecryptionError"


@pytest.mark.parametrize("vector", NOT_FRAMED, ids=lambda vector: vector["name"])
def test_every_flipped_bit_of_a_message_without_frames_is_refused(vector: dict[str, Any], tmp_path: Path) -> None:
    [wrapping], message = vector["wrapping_keys"], bytes.fromhex(vector["message"])
    ring = RawAesKeyring(wrapping["namespace"], wrapping["name"], bytes.fromhex(wrapping["key"]))
    assert envelope.decrypt(message, ring).plaintext.hex() == vector["plaintext"]
    for _, damaged in flips(message):
        refusals.refused_by_decrypt(damaged, ring)
        refusals.refused_by_decrypt_into(damaged, ring)
    for _, damaged in (*truncations(message), *extensions(message)):
        refusals.refused_by_decrypt(damaged, ring)
    for damaged in flipped_bytes(message)[::5]:
        refusals.refused_by_decrypt_file(damaged, ring, tmp_path)
        refusals.refused_by_streaming(damaged, ring, bytes.fromhex(vector["plaintext"]))


def test_kinds_of_refusal_follow_the_fields(ring: RawAesKeyring) -> None:
    message = small(UNSIGNED)
    header, kinds = envelope.inspect(message).header_length, {}
    for what, damaged in flips(message):
        kinds[what] = refusals.refused_by_decrypt(damaged, ring)
    by_byte = [{kinds[f"bit {bit} of byte {byte}"] for bit in range(8)} for byte in range(len(message))]
    # Version and suite are public facts; one of the suites that a flipped bit makes is known and does not commit.
    assert set().union(*by_byte[:3]) <= {"MessageFormatError", "CommitmentPolicyError", "DecryptionError"}
    # Message id, and everything from the commit key on: one error for every cause.
    assert set().union(*by_byte[3:35], *by_byte[header - 48 :]) <= {"DecryptionError"}
    # What names the key decides whether the keyring knows it.
    assert Counter(kinds.values())["KeyringError"] > 0


def test_refusal_says_nothing_of_the_cause(ring: RawAesKeyring) -> None:
    message, texts = small(SIGNED), set()
    for damaged in flipped_bytes(message):
        try:
            envelope.decrypt(damaged, ring)
        except envelope.DecryptionError as error:
            texts.add(str(error))
        except envelope.EnvelopeError:
            continue
    assert len(texts) == 1
