"""Small messages, and the parts they are made of."""

from typing import NamedTuple, Self

from envelope.keyrings import raw_ring
from kmscore import envelope

PLAINTEXT = bytes(range(1, 11))
FRAME_LENGTH = 4
CONTEXT = {"app": "a", "Zeit": "früh"}


def small(suite: int) -> bytes:
    """Three frames, the last of which is not full."""
    return envelope.encrypt(
        PLAINTEXT, raw_ring(), encryption_context=CONTEXT, algorithm_suite=suite, frame_length=FRAME_LENGTH
    )


class Parts(NamedTuple):
    """A message in frames of four bytes, taken apart."""

    header: bytes
    regular: list[bytes]
    final: bytes
    footer: bytes

    @classmethod
    def of(cls, message: bytes) -> Self:
        """The parts of a message."""
        info = envelope.inspect(message)
        assert info.plaintext_length is not None
        whole = 32 + FRAME_LENGTH
        count, last = divmod(info.plaintext_length, FRAME_LENGTH)
        start, end = info.header_length, info.header_length + count * whole
        regular = [message[at : at + whole] for at in range(start, end, whole)]
        after = end + 40 + last
        return cls(message[:start], regular, message[end:after], message[after:])

    def join(self) -> bytes:
        """The message again."""
        return b"".join((self.header, *self.regular, self.final, self.footer))


def numbered(frame: bytes, number: int) -> bytes:
    """A regular frame under another number, with the IV that belongs to it."""
    return number.to_bytes(4, "big") + number.to_bytes(12, "big") + frame[16:]


def final_numbered(frame: bytes, number: int) -> bytes:
    """The final frame under another number."""
    return frame[:4] + number.to_bytes(4, "big") + number.to_bytes(12, "big") + frame[20:]
