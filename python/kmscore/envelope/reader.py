"""`envelope.open`: read anywhere in an encrypted file; only the frames touched are read and decrypted."""

from __future__ import annotations

import io
import os
import pathlib
from typing import cast

from kmscore import _core
from kmscore._core import EnvelopeError, FrameLayout, MessageHeader, decryption_error
from kmscore.envelope.keyrings import Keyring, require_keyring
from kmscore.envelope.options import REQUIRE, CommitmentPolicy, Decrypting, Path, Signature
from kmscore.envelope.pieces import PIECE, Incoming

# Of ECDSA over P-384: two numbers of 49 bytes, with what DER adds.
_LONGEST_FOOTER = 2 + 104
# What a final frame has before its ciphertext.
_FINAL_FIELDS = 24
_READ = 1024 * 1024


def open(  # noqa: A001 - one opens messages as one opens files.
    path: Path,
    keyring: Keyring,
    *,
    encryption_context: dict[str, str] | None = None,
    commitment_policy: CommitmentPolicy = REQUIRE,
    max_encrypted_data_keys: int | None = None,
    signature: Signature | None = None,
) -> MessageReader:
    """Open an encrypted file for reading, anywhere and in any order.

    The header and the final frame are checked here, so that a message that was cut off or lengthened is refused; each
    other frame is checked when it is read.

    Args:
        path: The file. It must not be written to while it is open.
        keyring: As for `decrypt`.
        encryption_context: As for `decrypt`.
        commitment_policy: As for `decrypt`.
        max_encrypted_data_keys: As for `decrypt`.
        signature: What to do about a signed message: `verify` reads all of it once, here; `ignore` relies on the
            frames' tags, which prove that its makers had the data key.

    Returns:
        A binary file object, open for reading and seekable, with the message's `header`.

    Raises:
        EnvelopeError: The message is signed, and `signature` says nothing.
        MessageFormatError: The file is no message that can be read so.
        OSError: The file cannot be read. And what `decrypt` raises.
    """
    if signature not in (None, "verify", "ignore"):
        raise ValueError(f"signature is {signature!r}: it must be 'verify' or 'ignore'")
    require_keyring(keyring)
    file = pathlib.Path(path).open("rb", buffering=0)  # noqa: SIM115 - the reader closes it.
    try:
        options = Decrypting(encryption_context, commitment_policy, max_encrypted_data_keys)
        header = Incoming(file, options).header
        _require_choice(header, signature)
        reader = _core.MessageReader(header, keyring.decryption_key(header))
        layout = _layout(file, header)
        if header.is_signed and signature == "verify":
            _verify(file, reader, header, layout)
        return MessageReader(file, reader, header, layout)
    except BaseException:
        file.close()
        raise


def _require_choice(header: MessageHeader, signature: Signature | None) -> None:
    if header.is_signed and signature is None:
        raise EnvelopeError(
            "the message is signed: say signature='verify' to check it first, which reads all of it, or "
            "signature='ignore' to rely on the tag of each frame"
        )


def _read_at(file: io.FileIO, size: int, place: int) -> bytes:
    """Bytes from a place; one call gives no more than 2 GiB, and a frame may be longer."""
    data = os.pread(file.fileno(), size, place)
    while len(data) < size:
        more = os.pread(file.fileno(), size - len(data), place + len(data))
        if not more:
            break
        data += more
    return data


def _layout(file: io.FileIO, header: MessageHeader) -> FrameLayout:
    """From the file's length. Behind a signature of any length, final frame and footer must say what they are."""
    size = os.fstat(file.fileno()).st_size
    for footer in range(2, _LONGEST_FOOTER + 1) if header.is_signed else (0,):
        layout = FrameLayout.of_length(header, size, footer)
        if layout is None:
            continue
        last = os.pread(file.fileno(), _FINAL_FIELDS, layout.frame_at(layout.regular))
        if layout.is_said_by(last, os.pread(file.fileno(), _LONGEST_FOOTER + 1, layout.end)):
            return layout
    raise decryption_error()


def _verify(file: io.FileIO, reader: _core.MessageReader, header: MessageHeader, layout: FrameLayout) -> None:
    """Hash all of the body and check the signature."""
    place = header.length
    while place < layout.end:
        data = os.pread(file.fileno(), min(PIECE, layout.end - place), place)
        if not data:
            raise decryption_error()
        reader.hash(data)
        place += len(data)
    reader.verify(os.pread(file.fileno(), _LONGEST_FOOTER + 1, layout.end))


class MessageReader(io.BufferedIOBase):
    """A binary file object that decrypts what is read of it. Made by `open`. Not to be shared between threads."""

    def __init__(
        self, file: io.FileIO, reader: _core.MessageReader, header: MessageHeader, layout: FrameLayout
    ) -> None:
        self.header = header
        self._file = file
        self._reader = reader
        self._layout = layout
        self._place = 0
        # The frames read last, and where their plaintext begins: short reads in order open a frame once.
        self._known, self._known_at = b"", 0
        # The final frame's tag covers its number, and so the length of the whole.
        self._frames(layout.regular)

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self._file.name)

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Read and decrypt.

        Args:
            size: At most so many bytes; all that are left when absent or negative.

        Raises:
            DecryptionError: A frame that was touched does not decrypt. Nothing of this read is returned.
        """
        self._require_open()
        left = max(self._layout.plaintext_length - self._place, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        pieces = []
        place, end = self._place, self._place + wanted
        while place < end:
            piece = self._piece(place, end)
            pieces.append(piece)
            place += len(piece)
        self._place = place
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read1(self, size: int = -1) -> bytes:
        """As `read`, of at most about one megabyte."""
        return self.read(_READ if size < 0 else min(size, _READ))

    def readinto(self, buffer: object) -> int:
        """Read into a buffer; returns the bytes read."""
        with memoryview(cast("bytearray", buffer)).cast("B") as view:
            data = self.read(len(view))
            view[: len(data)] = data
        return len(data)

    def peek(self, size: int = 0) -> bytes:
        """Bytes that follow, without moving on; one or more unless the end is reached."""
        place = self._place
        try:
            return self.read(max(size, min(self._layout.frame_length - place % self._layout.frame_length, _READ)))
        finally:
            self._place = place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, as in a file; returns the place in the plaintext."""
        self._require_open()
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._layout.plaintext_length}.get(whence)
        if start is None:
            raise ValueError(f"whence is {whence}: it must be 0, 1 or 2")
        if start + offset < 0:
            raise ValueError(f"offset is {offset}: the place would be {start + offset}, before the start")
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        """The place in the plaintext."""
        self._require_open()
        return self._place

    def close(self) -> None:
        """Close the file."""
        self._known = b""
        self._file.close()
        super().close()

    def __len__(self) -> int:
        """Bytes of plaintext."""
        return self._layout.plaintext_length

    def _piece(self, place: int, end: int) -> bytes:
        """Plaintext from a place on: some of what is wanted, from one or more frames that lie together."""
        at = place - self._known_at
        if not 0 <= at < len(self._known):
            self._frames(place // self._layout.frame_length, end)
            at = place - self._known_at
        known = self._known
        return known if at == 0 and end - place >= len(known) else known[at : at + end - place]

    def _frames(self, first: int, until: int = 0) -> None:
        """Open the frame of this index and those after it up to a place, as far as one read reaches."""
        layout = self._layout
        length = layout.frame_length
        first = min(first, layout.regular)
        is_last = first == layout.regular
        count = min(-(-until // length) - first, max(_READ // length, 1), layout.regular - first)
        content = layout.last if is_last else count * length
        start, end = layout.frame_at(first), layout.end if is_last else layout.frame_at(first + count)
        data = _read_at(self._file, end - start, start)
        self._known, self._known_at = b"", first * length
        self._known = self._reader.open_at(first + 1, data, content, is_last)

    def _require_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")
