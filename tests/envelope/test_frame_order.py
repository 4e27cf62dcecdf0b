"""Frames that were moved, repeated, left out, numbered anew or taken from another message are refused everywhere."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest

from envelope import refusals
from envelope.keyrings import SIGNED, SUITES, UNSIGNED, FixedKeyring
from envelope.messages import CONTEXT, FRAME_LENGTH, Parts, final_numbered, numbered
from kmscore import envelope
from kmscore.envelope import Keyring

PLAINTEXT = bytes(range(1, 19))
RING = FixedKeyring(bytes(range(32)))


def message_of(suite: int, plaintext: bytes = PLAINTEXT) -> bytes:
    """Four regular frames and a final one."""
    return envelope.encrypt(
        plaintext, RING, encryption_context=CONTEXT, algorithm_suite=suite, frame_length=FRAME_LENGTH
    )


def changed(message: bytes, other: bytes) -> Iterator[tuple[str, bytes]]:
    """Every way to put the frames together wrongly; `other` is a message of the same data key."""
    parts, foreign = Parts.of(message), Parts.of(other)
    for order in permutations(range(4)):
        if order != (0, 1, 2, 3):
            moved = [parts.regular[index] for index in order]
            yield f"in the order {order}", parts._replace(regular=moved).join()
            anew = [numbered(frame, number) for number, frame in enumerate(moved, start=1)]
            yield f"in the order {order}, numbered anew", parts._replace(regular=anew).join()
    for index, frame in enumerate(parts.regular):
        before, after = parts.regular[:index], parts.regular[index + 1 :]
        yield f"frame {index} twice", parts._replace(regular=[*before, frame, frame, *after]).join()
        yield f"frame {index} left out", parts._replace(regular=[*before, *after]).join()
        yield (
            f"frame {index} of another message",
            parts._replace(regular=[*before, foreign.regular[index], *after]).join(),
        )
        for what, regular in (("twice", [*before, frame, frame, *after]), ("left out", [*before, *after])):
            anew = [numbered(each, number) for number, each in enumerate(regular, start=1)]
            final = final_numbered(parts.final, len(regular) + 1)
            yield f"frame {index} {what}, numbered anew", parts._replace(regular=anew, final=final).join()
    yield from _final_frames(parts, foreign)


def _final_frames(parts: Parts, foreign: Parts) -> Iterator[tuple[str, bytes]]:
    yield "no final frame", parts._replace(final=b"").join()
    yield "the final frame twice", parts._replace(final=parts.final * 2).join()
    yield "the final frame first", b"".join((parts.header, parts.final, *parts.regular, parts.footer))
    yield "the final frame of another message", parts._replace(final=foreign.final).join()
    yield "the header of another message", parts._replace(header=foreign.header).join()
    yield "the body of another message", foreign._replace(header=parts.header, footer=parts.footer).join()
    yield "regular frames alone", parts._replace(final=b"", footer=b"").join()
    for count, frame in enumerate(parts.regular):
        # A regular frame that pretends to be the last one: its label is another.
        last = b"\xff" * 4 + frame[:16] + FRAME_LENGTH.to_bytes(4, "big") + frame[16:]
        yield f"frame {count} as the final one", parts._replace(regular=parts.regular[:count], final=last).join()


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_frames_put_together_wrongly_are_refused(suite: int, tmp_path: Path) -> None:
    message, other = message_of(suite), message_of(suite, PLAINTEXT[::-1])
    assert Parts.of(message).join() == message
    assert envelope.decrypt(message, RING).plaintext == PLAINTEXT
    done = 0
    for what, damaged in changed(message, other):
        for kind in refused_everywhere(damaged, RING, tmp_path):
            assert kind in {"DecryptionError", "MessageFormatError"}, what
        done += 1
    assert done == 2 * 23 + 4 * 5 + 7 + 4


def test_frames_are_bound_to_their_places_without_the_signature(tmp_path: Path) -> None:
    message, other = message_of(SIGNED), message_of(SIGNED, PLAINTEXT[::-1])
    for what, damaged in changed(message, other):
        kind = refusals.refused_by_open(damaged, RING, tmp_path / "message", signature="ignore")
        assert kind == "DecryptionError", what


def test_signature_of_another_message_is_refused(tmp_path: Path) -> None:
    message, other = Parts.of(message_of(SIGNED)), Parts.of(message_of(SIGNED))
    for kind in refused_everywhere(message._replace(footer=other.footer).join(), RING, tmp_path):
        assert kind == "DecryptionError"


def test_signature_of_an_unsigned_message_is_refused(tmp_path: Path) -> None:
    message, signed = Parts.of(message_of(UNSIGNED)), Parts.of(message_of(SIGNED))
    for kind in refused_everywhere(message._replace(footer=signed.footer).join(), RING, tmp_path):
        assert kind == "DecryptionError"
    for kind in refused_everywhere(signed._replace(footer=b"").join(), RING, tmp_path):
        assert kind == "DecryptionError"


def refused_everywhere(message: bytes, keyring: Keyring, folder: Path) -> Iterator[str]:
    """The kind of each refusal."""
    yield refusals.refused_by_decrypt(message, keyring)
    yield refusals.refused_by_decrypt_into(message, keyring)
    yield refusals.refused_by_decrypt_batch(message, keyring)
    yield refusals.refused_by_decrypt_file(message, keyring, folder)
    yield refusals.refused_by_streaming(message, keyring, PLAINTEXT)
    yield refusals.refused_by_open(message, keyring, folder / "message")
