"""`kmscore reencrypt`: ciphertext in files and in columns of tables, moved to another key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kmscore.cli.failures import CommandError, CommandLineError, explained, report
from kmscore.cli.groups import FILE_COMMANDS, command
from kmscore.cli.interruption import Interrupted, interruptible
from kmscore.cli.keys import pairs
from kmscore.cli.output import counted, printable
from kmscore.cli.reencryption import Counts, Destination, Problem, reencrypt_file
from kmscore.cli.session import Session
from kmscore.cli.values import Context
from kmscore.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "reencrypt", rich_help_panel=FILE_COMMANDS)(reencrypt)


def reencrypt(
    session: Session,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What holds the blobs.", show_default=False)],
    to: Annotated[str, typer.Option("--to", metavar="KEY", help="The key to move it to.", show_default=False)],
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="The files are tables: their column of blobs; may be repeated."),
    ] = None,
    context: Context = None,
    to_context: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A pair of the new encryption context; else it stays as it is."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what there is to do, and change nothing.")] = False,
) -> None:
    """Move KMS ciphertext to another key, or to a key's newest material. Plaintext never leaves the engine.

    A file is one blob, in binary or base64; with --column it is a table, CSV (.csv, blobs in base64) or Parquet
    (.parquet, with kmscore[arrow]). What is under the key's newest material already is left alone, unless the context
    changes: a run that was interrupted is taken up by running it again. Each file is replaced whole or not at all.

    kmscore reencrypt customers.csv --column ssn --to alias/app
    """
    kms = session.client()
    before = pairs(context or [], "--context")
    after = pairs(to_context, "--to-context") if to_context else before
    destination = Destination.of(kms, to, before, after, dry_run=dry_run)
    answers: list[dict[str, object]] = []
    failed = 0

    def done(file: Path, counts: Counts) -> None:
        answers.append({"File": printable(str(file)), **counts.answer()})
        if not session.options.as_json:
            typer.echo(f"{counts.line(dry_run=dry_run)}  {printable(str(file))}")

    with interruptible():
        for number, file in enumerate(files, 1):
            try:
                done(file, _one(destination, file, column or [], (number, len(files)), session))
            except Interrupted as stop:
                raise stop.as_error(f": {number - 1} of {counted(len(files), 'file')} done") from stop
            except (Problem, ClientError, OSError) as error:
                text = f"{printable(str(file))}: {explained(error)}"
                if len(files) == 1:
                    raise CommandError(text) from error
                report(CommandError(text))
                failed += 1
    if session.options.as_json:
        session.show(answers)
    if failed:
        raise typer.Exit(1)


def _one(destination: Destination, file: Path, columns: list[str], place: tuple[int, int], session: Session) -> Counts:
    from kmscore.cli.file_progress import Place, progress_bar

    if not file.is_file():
        raise CommandLineError(f"{printable(str(file))} is no file")
    with progress_bar(str(file), Place(*place, shown=not session.options.as_json)) as progress:
        told: Callable[[int], object] = progress or (lambda _done: None)
        return reencrypt_file(destination, file, columns, told)
