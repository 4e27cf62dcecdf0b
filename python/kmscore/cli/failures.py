"""Errors that a user can mend: one line each, no traceback."""

import typer

from kmscore._core import ParameterError, StoreError
from kmscore.errors import ClientError, KmsError


class CommandError(Exception):
    """What was asked for cannot be done; the text says why and what to do."""


class CommandLineError(CommandError):
    """The command line itself is wrong."""


EXPECTED = (CommandError, KmsError, ParameterError, StoreError, OSError, ImportError)
"""What a command may end with. Anything else is a bug of kmscore, and shows as one."""


def report(error: BaseException) -> int:
    """Write `error: …` to standard error; returns the exit code."""
    typer.echo(f"error: {' '.join(_text(error).split())}", err=True)
    return 2 if isinstance(error, CommandLineError) else 1


def _text(error: BaseException) -> str:
    if isinstance(error, ClientError):
        text = error.message or _WITHOUT_TEXT.get(error.code, "AWS KMS gives no text for this error")
        return f"{error.code}: {text}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, ParameterError):
        return str(error).replace("Parameter validation failed:\n", "").replace("\n", "; ")
    return str(error)


_WITHOUT_TEXT = {
    "InvalidCiphertextException": (
        "the ciphertext is damaged, of another store, or was made under another encryption context; AWS KMS does not "
        "tell which"
    )
}
