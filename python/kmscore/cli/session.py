"""What one run of a command works with: the store it is about, the client, and how answers are shown."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer

from kmscore.cli.failures import CommandError, CommandLineError
from kmscore.cli.output import json_text, table

if TYPE_CHECKING:
    from kmscore.client import KMSClient
    from kmscore.embedded import Embedded


@dataclass(frozen=True)
class Defaults:
    """The shared options, as given before or after the command."""

    home: str | None = None
    region: str | None = None
    account: str | None = None
    as_json: bool = False
    root_passphrase_file: str | None = None
    root_passphrase_fd: int | None = None
    exclusive: bool = False
    accept_rollback: bool = False
    accept_missing_audit: bool = False

    def overridden(self, given: dict[str, Any]) -> Defaults:
        """These options, with those that a command was given in their place."""
        return replace(self, **{name: value for name, value in given.items() if value not in (None, False)})


class Session:
    """One command's run. What it opened is closed at its end."""

    def __init__(self, options: Defaults) -> None:
        self.options = options
        self._open: list[KMSClient | Embedded] = []
        self._root_passphrase: bytearray | None = None

    def client(self) -> KMSClient:
        """A client of the store, which must be there."""
        from kmscore.client.connection import Opening
        from kmscore.client.kms import KMSClient, caller, check_region

        options = self.options
        try:
            who = caller(check_region(options.region), account_id=options.account)
        except ValueError as error:
            raise CommandLineError(str(error)) from error
        opening = Opening(
            home=options.home,
            create=False,
            exclusive=options.exclusive,
            accept_rollback=options.accept_rollback,
            accept_missing_audit=options.accept_missing_audit,
            passphrase=self.root_passphrase,
        )
        client = KMSClient(opening, who)
        self._open.append(client)
        return client

    def embedded(self, *, create: bool = False) -> Embedded:
        """The open store itself.

        Args:
            create: Make it when there is none; its root key is a passphrase only if one was given.
        """
        from kmscore.embedded import Embedded

        options = self.options
        given = options.root_passphrase_file is not None or options.root_passphrase_fd is not None
        embedded = Embedded.open(
            options.home,
            create=create,
            exclusive=options.exclusive,
            accept_rollback=options.accept_rollback,
            accept_missing_audit=options.accept_missing_audit,
            passphrase=self.root_passphrase if given or not create else None,
        )
        self._open.append(embedded)
        return embedded

    def root_passphrase(self) -> bytearray:
        """The passphrase that is the root key: from a file or descriptor, else from the terminal."""
        options = self.options
        if self._root_passphrase is None:
            # The file may be the environment's; the descriptor stands on the command line.
            file = options.root_passphrase_file if options.root_passphrase_fd is None else None
            self._root_passphrase = passphrase(
                file,
                options.root_passphrase_fd,
                "the root key of this store is a passphrase: give --root-passphrase-file or --root-passphrase-fd",
                "Root passphrase: ",
            )
        # The engine wipes what it is given, and a command may open the store twice.
        return bytearray(self._root_passphrase)

    def show(self, answer: Any, text: str | None = None) -> None:
        """Show an answer: the data in JSON, or the text.

        Args:
            answer: The data.
            text: What a person reads; without it the data is shown in JSON anyway.
        """
        typer.echo(json_text(answer) if self.options.as_json or text is None else text)

    def show_table(self, answer: list[Any], columns: list[str], rows: list[list[str]], empty: str) -> None:
        """Show a list: the data in JSON, or a table.

        Args:
            answer: The data.
            columns: The table's headings.
            rows: Its cells.
            empty: What to say, on standard error, when there are none.
        """
        if self.options.as_json:
            typer.echo(json_text(answer))
        elif rows:
            table(columns, rows)
        else:
            typer.echo(empty, err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for opened in reversed(self._open):
            opened.close()
        if self._root_passphrase is not None:
            self._root_passphrase[:] = bytes(len(self._root_passphrase))


def passphrase(
    file: str | None, descriptor: int | None, missing: str, prompt: str, *, twice: bool = False
) -> bytearray:
    """A passphrase from a file, a descriptor or a terminal; an argument could be seen by every user of the host.

    Args:
        file: Its first line.
        descriptor: The first line of this open descriptor.
        missing: The error when neither is given and there is no terminal.
        prompt: What the terminal shows.
        twice: Ask again, to catch a slip.

    Raises:
        CommandError: None can be had.
        RootKeyError: The file or descriptor holds none, or others can read the file.
    """
    from kmscore.root_keys import passphrase_from_descriptor, passphrase_from_file

    if file is not None and descriptor is not None:
        raise CommandLineError("a passphrase comes from a file or from a descriptor, not from both")
    if file is not None:
        return passphrase_from_file(file)
    if descriptor is not None:
        return passphrase_from_descriptor(descriptor)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandLineError(missing)
    text = getpass.getpass(prompt)
    if not text or (twice and getpass.getpass("Once more: ") != text):
        raise CommandError("the passphrase is empty" if not text else "the two passphrases differ")
    return bytearray(text.encode())
