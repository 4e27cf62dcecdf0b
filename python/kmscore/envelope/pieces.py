"""Files in pieces of whole frames: read fully, sealed or opened on several threads, written in buffers used again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from kmscore import _core
from kmscore._core import MessageFormatError, MessageHeader
from kmscore.envelope.options import Decrypting

PIECE = 2 * 1024 * 1024
"""Bytes that are worked on at a time; a frame that is longer is a piece by itself.

Longer ones leave the processor's cache before the kernel copies them: with 4 MiB it took twice the time for that."""
_FIRST_READ = 64 * 1024
_FOOTER_OVER = 1 + 2 + 0xFFFF


class Source(Protocol):
    """What is read: a binary file object."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Read into a buffer; 0 at the end."""


def fill(source: Source, room: memoryview) -> int:
    """Read until the room is full or the source ends; returns the bytes read.

    Raises:
        BlockingIOError: The source has nothing yet and does not wait. Taking that for its end would cut it off.
    """
    filled = 0
    while filled < len(room):
        count = source.readinto(room[filled:])
        if count is None:
            raise BlockingIOError(11, "the source has nothing to read yet, and it does not wait: make it blocking")
        if not count:
            break
        filled += count
    return filled


def fill_up_to(source: Source, room: memoryview, size: int) -> tuple[memoryview, int]:
    """As `fill`, into room that grows up to a size as far as the source has bytes for it; returns the room, too."""
    filled = fill(source, room)
    while filled == len(room) < size:
        room = _grown(room, min(2 * len(room), size))
        filled += fill(source, room[filled:])
    return room, filled


def _grown(room: memoryview, size: int) -> memoryview:
    larger = memoryview(bytearray(size))
    larger[: len(room)] = room
    return larger


def at_least(room: memoryview, size: int) -> memoryview:
    """The room, or new room if it is too small."""
    return room if len(room) >= size else memoryview(bytearray(size))


def sealed_pieces(
    source: Source, writer: _core.MessageWriter, frame_length: int, threads: int
) -> Iterator[tuple[int, memoryview]]:
    """Seal a source. Yields how many bytes were read of it, and what to write, which stays until the next but one.

    A piece is sealed when more has been read than it holds: the last one, and only that, ends the message.
    """
    size = max(PIECE // frame_length, 1) * frame_length
    current, following, out, other = (memoryview(bytearray(_FIRST_READ)) for _ in range(4))
    current, length = fill_up_to(source, current[:size], size)
    while length == size:
        following, more = fill_up_to(source, following[:size], size)
        if more == 0:
            break
        out = at_least(out, writer.sealed_length(length, False))
        yield length, out[: writer.seal(current, out, False, threads)]
        current, following, length = following, current, more
        out, other = other, out
    out = at_least(out, writer.sealed_length(length, True))
    yield length, out[: writer.seal(current[:length], out, True, threads)]
    yield 0, memoryview(writer.footer())


class Incoming:
    """A message that comes in pieces: its header first, then frames, then what follows them."""

    def __init__(self, source: Source, options: Decrypting) -> None:
        self._source = source
        self._buffer = memoryview(bytearray(_FIRST_READ))
        self._filled = self._start = 0
        self._ended = False
        self.read = 0
        """Bytes read of the source."""
        self.header = self._read_header(options)

    def opened_pieces(self, reader: _core.MessageReader, threads: int) -> Iterator[tuple[memoryview, bool]]:
        """Open the frames. Yields plaintext, which stays until the next but one, and whether it is the last of all.

        Then call `verify`.
        """
        if not self._ended:
            self._make_room(PIECE)
        out = other = memoryview(bytearray())
        while True:
            self._read_more()
            data = self._buffer[self._start : self._filled]
            out = at_least(out, len(data))
            consumed, length, last = reader.open(data, out, threads)
            if consumed:
                self._start += consumed
                yield out[:length], last
                out, other = other, out
            elif self._ended:
                raise MessageFormatError("the message is cut off: it ends before its final frame")
            elif len(data) == len(self._buffer):
                # A frame that is longer than the buffer: it grows with what has really come.
                self._make_room(2 * len(data))
            if last:
                return

    def verify(self, reader: _core.MessageReader) -> None:
        """Check what follows the final frame: a signature, or nothing."""
        self._make_room(_FOOTER_OVER)
        self._read_more()
        reader.verify(self._buffer[self._start : self._filled].tobytes())

    def whole(self) -> bytes:
        """All of the message, for one that has no frames."""
        while not self._ended:
            self._make_room(2 * len(self._buffer))
            self._read_more()
        return self._buffer[: self._filled].tobytes()

    def _read_header(self, options: Decrypting) -> MessageHeader:
        while True:
            self._read_more()
            data = self._buffer[: self._filled]
            length = MessageHeader.measure(data, options.max_encrypted_data_keys)
            if length is not None or self._ended:
                header = options.header(data)
                # A message without frames is opened as a whole.
                self._start = header.length if header.is_framed else 0
                return header
            self._make_room(2 * len(data))

    def _make_room(self, size: int) -> None:
        """Move what is not used yet to the front of a buffer of at least this size."""
        rest = self._filled - self._start
        if size > len(self._buffer):
            buffer = memoryview(bytearray(max(size, rest)))
            buffer[:rest] = self._buffer[self._start : self._filled]
            self._buffer = buffer
            self._start, self._filled = 0, rest

    def _read_more(self) -> None:
        if self._start:
            rest = self._buffer[self._start : self._filled].tobytes()
            self._buffer[: len(rest)] = rest
            self._start, self._filled = 0, len(rest)
        wanted = len(self._buffer) - self._filled
        count = fill(self._source, self._buffer[self._filled :])
        self._filled += count
        self.read += count
        self._ended = self._ended or count < wanted
