"""Errors that a user can mend: one line each, no traceback."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from kmscore._core import EnvelopeError, ParameterError, StoreError
from kmscore.cli.output import printable
from kmscore.errors import ClientError, KmsError, PolicyWarning


class CommandError(Exception):
    """What was asked for cannot be done; the text says why and what to do.

    Args:
        text: The text.
        exit_code: What the process ends with.
    """

    def __init__(self, text: str, exit_code: int = 1) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class CommandLineError(CommandError):
    """The command line itself is wrong."""

    def __init__(self, text: str) -> None:
        super().__init__(text, 2)


EXPECTED = (CommandError, EnvelopeError, KmsError, ParameterError, StoreError, OSError, ImportError)
"""What a command may end with. Anything else is a bug of kmscore, and shows as one."""


def report(error: BaseException) -> int:
    """Write `error: …` to standard error; returns the exit code."""
    typer.echo(f"error: {printable(' '.join(explained(error).split()))}", err=True)
    return error.exit_code if isinstance(error, CommandError) else 1


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Write each warning of a policy as `warning: …` to standard error, without the place in the code."""

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, PolicyWarning):
            typer.echo(f"warning: {printable(str(message))}", err=True)
        else:
            usual(message, category, *place, **more)

    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.showwarning = show
        warnings.simplefilter("always", PolicyWarning)
        yield


def explained(error: BaseException) -> str:
    """What an error says to a person."""
    if isinstance(error, ClientError):
        text = error.message or _WITHOUT_TEXT.get(error.code, "AWS KMS gives no text for this error")
        return f"{error.code}: {text}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, ParameterError):
        return str(error).replace("Parameter validation failed:\n", "").replace("\n", "; ")
    return str(error)


def explained_of(file: str, error: BaseException) -> str:
    """What an error says of a file, which it may name itself."""
    named = isinstance(error, CommandError) or (isinstance(error, OSError) and error.filename)
    return explained(error) if named else f"{file}: {explained(error)}"


_WITHOUT_TEXT = {
    "InvalidCiphertextException": (
        "the ciphertext is damaged, of another store, or was made under another encryption context; AWS KMS does not "
        "tell which"
    )
}
