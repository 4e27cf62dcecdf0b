"""`envelope.create`: a file that is encrypted while it is written."""

from __future__ import annotations

import io
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from kmscore import _core
from kmscore.envelope.keyrings import Keyring
from kmscore.envelope.options import (
    COMMITTING,
    FRAME_LENGTH,
    REQUIRE,
    UNKNOWN_LENGTH,
    CommitmentPolicy,
    Encrypting,
    Path,
    size_of,
    threads_for,
)
from kmscore.envelope.pieces import PIECE, at_least
from kmscore.envelope.target import Target

if TYPE_CHECKING:
    from kmscore.client.calls import Blob


def create(
    path: Path,
    keyring: Keyring,
    *,
    encryption_context: dict[str, str] | None = None,
    algorithm_suite: int = COMMITTING,
    frame_length: int = FRAME_LENGTH,
    commitment_policy: CommitmentPolicy = REQUIRE,
    max_encrypted_data_keys: int | None = None,
    required_encryption_context_keys: Iterable[str] = (),
    threads: int | None = None,
    overwrite: bool = False,
) -> MessageWriter:
    """Create an encrypted file; what is written to it is encrypted on the way, with flat memory.

    Args:
        path: The file. It appears, with mode 0600, when the writer is closed; until then it has another name, and an
            exception in the `with` block, `discard` or a dropped writer removes it.
        keyring: As for `encrypt`.
        encryption_context: As for `encrypt`.
        algorithm_suite: As for `encrypt`.
        frame_length: As for `encrypt`.
        commitment_policy: As for `encrypt`.
        max_encrypted_data_keys: As for `encrypt`.
        required_encryption_context_keys: As for `encrypt`.
        threads: How many; when absent, one a core.
        overwrite: Replace a file that is there already.

    Returns:
        A binary file object, open for writing.

    Raises:
        FileExistsError: The file is there already.
        OSError: It cannot be written. And what `encrypt` raises.

    Example:
        >>> with envelope.create("rows.csv.kms", ring) as file:  # doctest: +SKIP
        ...     file.write(b"a,b")
    """
    options = Encrypting(
        encryption_context,
        algorithm_suite,
        frame_length,
        commitment_policy,
        max_encrypted_data_keys,
        required_encryption_context_keys,
    )
    threads = threads_for(threads, PIECE)
    writer = _core.MessageWriter(options.materials(keyring, UNKNOWN_LENGTH), frame_length)
    return MessageWriter(Target(path, overwrite=overwrite), writer, frame_length, threads)


class MessageWriter(io.BufferedIOBase):
    """A binary file object that encrypts. Made by `create`."""

    def __init__(self, target: Target, writer: _core.MessageWriter, frame_length: int, threads: int) -> None:
        self._target: Target | None = target
        self._name = str(target.path)
        self._writer = writer
        self._threads = threads
        self._size = max(PIECE // frame_length, 1) * frame_length
        self._pending = bytearray()
        # Two: the target may still be writing one.
        self._out, self._other = memoryview(bytearray()), memoryview(bytearray())
        self._written = 0
        target.write(writer.header())

    @property
    def name(self) -> str:
        """The file's path."""
        return self._name

    def writable(self) -> bool:
        """True: that is what it is for."""
        return True

    def write(self, data: Blob) -> int:
        """Take bytes; they are encrypted when some megabytes have come together.

        Returns:
            How many were taken: all of them.
        """
        target, length = self._open_target(), size_of(data, "data")
        with memoryview(data) as view:
            # Not `data` itself: NumPy would add numbers.
            self._pending += view
        # At least one byte stays: the last piece, and only that, ends the message.
        while len(self._pending) > self._size:
            self._out = at_least(self._out, self._writer.sealed_length(self._size, False))
            with memoryview(self._pending) as pending:
                count = self._writer.seal(pending[: self._size], self._out, False, self._threads)
            target.write(self._out[:count])
            self._out, self._other = self._other, self._out
            del self._pending[: self._size]
        self._written += length
        return length

    def tell(self) -> int:
        """Bytes of plaintext so far."""
        self._open_target()
        return self._written

    def close(self) -> None:
        """Encrypt what is left, sign if the suite asks for it, and let the file appear. A second call does nothing."""
        if self._target is None:
            return
        try:
            self._finish(self._target)
        except BaseException:
            self.discard()
            raise
        self._target = None
        super().close()

    def discard(self) -> None:
        """Give up: no file appears."""
        if self._target is not None:
            self._target.discard()
            self._target = None
        super().close()

    def _finish(self, target: Target) -> None:
        room = bytearray(self._writer.sealed_length(len(self._pending), True))
        self._writer.seal(self._pending, room, True, self._threads)
        target.write(room)
        target.write(self._writer.footer())
        target.commit()

    def _open_target(self) -> Target:
        if self._target is None:
            raise ValueError("the file is closed")
        return self._target

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        """A writer that was dropped was not finished: nothing appears."""
        if getattr(self, "_target", None) is not None:
            self.discard()
