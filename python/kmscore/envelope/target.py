"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import pathlib
import secrets
import stat
from typing import TYPE_CHECKING, Any, BinaryIO

from kmscore.envelope.options import Path

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

_SHORT = 8 * 1024 * 1024
"""What is longer is written by a second thread, while the next piece is worked on."""
_WRITE_OUT = 64 * 1024 * 1024
"""The disk gets its work in such pieces."""


class Target:
    """A file that is written under another name beside its own and renamed when it is whole.

    Args:
        path: Where it goes. Its directory must be there.
        overwrite: Replace a file that is there already.
        mode: Its mode, less the umask. Unless it is said, what is in the file is secret, or soon will be.

    Raises:
        FileExistsError: There is one, and `overwrite` is not given; or what is there is no regular file.
        OSError: The directory is missing, full or not writable.
    """

    file: BinaryIO

    def __init__(self, path: Path, *, overwrite: bool, mode: int = 0o600) -> None:
        self.path = pathlib.Path(path).absolute()
        self._overwrite = overwrite
        self._mode = mode
        self._open = False
        self._process = os.getpid()
        self._refuse_existing()
        # The name is known before there is a file: whatever interrupts this, even a signal, the file is found again.
        self._temporary = self.path.with_name(f".{self.path.name[:50]}.{secrets.token_hex(4)}.part")
        self._create()

    def write(self, data: Any) -> int:
        """Write all of a buffer, which must stay as it is until the next call: a long file is written meanwhile.

        Returns:
            Its length.

        Raises:
            OSError: This buffer, or the one before it, cannot be written.
        """
        self._behind.write(data)
        return len(data)

    def commit(self) -> None:
        """Let the file appear under its name.

        Raises:
            FileExistsError: Somebody else has made one meanwhile.
        """
        try:
            self._behind.finish()
            os.fsync(self.file.fileno())
            self.file.close()
            self._appear()
        except BaseException:
            self.discard()
            raise
        self._open = False

    def discard(self) -> None:
        """Remove what was written. In a forked process it is the parent's, and stays."""
        if os.getpid() == self._process:
            # Nothing writes to a closed descriptor, which may soon be another file's.
            with contextlib.suppress(OSError):
                self._behind.finish()
        with contextlib.suppress(OSError):
            self.file.close()
        if os.getpid() == self._process:
            self._remove()

    def _create(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self.file = os.fdopen(os.open(self._temporary, flags, self._mode), "wb", buffering=0)
            self._behind = _Behind(self.file)
            self._open = True
        except OSError as error:
            # The user never heard of the temporary's name.
            raise type(error)(error.errno, error.strerror, str(self.path)) from error
        except BaseException:
            self._remove()
            raise

    def _remove(self) -> None:
        self._open = False
        self._temporary.unlink(missing_ok=True)

    def _appear(self) -> None:
        if not self._overwrite:
            # A link, unlike a rename, never replaces what is there.
            try:
                self.path.hardlink_to(self._temporary)
            except FileExistsError:
                self._refuse_existing()
                raise
            except OSError:
                # The file system has no links.
                self._refuse_existing()
            else:
                self._temporary.unlink()
                return
        self._temporary.replace(self.path)

    def _refuse_existing(self) -> None:
        try:
            mode = self.path.lstat().st_mode
        except FileNotFoundError:
            return
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, "it is a directory; a file was meant", str(self.path))
        if not self._overwrite:
            raise FileExistsError(17, "it is there already, and overwriting it was not asked for", str(self.path))
        if not stat.S_ISREG(mode):
            # A rename would put a file in the place of a device, or of a link that others rely on.
            raise FileExistsError(17, "it is no regular file, and only such a one is overwritten", str(self.path))

    def __del__(self) -> None:
        """One that was neither committed nor discarded was not finished and does not stay."""
        if getattr(self, "_open", False):
            self.discard()


class _Behind:
    """Writes to a file; to a long one in a thread of its own, at most one buffer behind."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._length = self._begun = 0
        self._thread: Executor | None = None
        self._pending: Future[None] | None = None

    def write(self, data: Any) -> None:
        """Write a buffer, or begin to when the one before it is written."""
        if self._length < _SHORT:
            self._write(data)
            return
        if self._thread is None:
            from concurrent.futures import ThreadPoolExecutor

            self._thread = ThreadPoolExecutor(1)
        self._wait()
        self._pending = self._thread.submit(self._write, data)

    def finish(self) -> None:
        """Return when nothing is being written any more.

        Raises:
            OSError: The last buffer cannot be written.
        """
        if self._thread is not None:
            self._thread.shutdown()
        self._wait()

    def _wait(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def _write(self, data: Any) -> None:
        self._length += write_all(self._file, data)
        if self._length - self._begun >= _WRITE_OUT:
            self._begin_writing_out()

    def _begin_writing_out(self) -> None:
        """Let the disk begin: else all of a large file waits for the fsync at its end."""
        if hasattr(os, "posix_fadvise"):
            # Of pages that are not on the disk yet, Linux takes this as the advice to bring them there.
            with contextlib.suppress(OSError):
                length = self._length - self._begun
                os.posix_fadvise(self._file.fileno(), self._begun, length, os.POSIX_FADV_DONTNEED)
        self._begun = self._length


def write_all(file: BinaryIO, data: Any) -> int:
    """Write all of a buffer; a file without a buffer of its own may take less at a time."""
    view = memoryview(data)
    done = 0
    while done < len(view):
        done += file.write(view[done:]) or 0
    return done
