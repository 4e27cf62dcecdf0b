"""`kmscore backup …` and `kmscore restore`."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from kmscore._core import new_backup_identity
from kmscore.cli.failures import CommandError, CommandLineError
from kmscore.cli.groups import FILES, NO_STORE, STORE, STORE_COMMANDS, command, new_group
from kmscore.cli.output import counted, day_and_time
from kmscore.cli.session import Session, passphrase

PassphraseFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="The backup's passphrase: the first line of this file.")
]
PassphraseDescriptor = Annotated[
    int | None, typer.Option(metavar="N", help="The backup's passphrase: the first line of this open descriptor.")
]
Identity = Annotated[
    str | None, typer.Option(metavar="FILE", help="The recipient's private key (kmscore backup keygen).")
]
_NONE = "the backup is encrypted: give its --passphrase-file or --passphrase-fd, or "


class _WriteByDefault(TyperGroup):
    """`kmscore backup FILE` is `kmscore backup write FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help", "-h"}:
            args = ["write", *args]
        return super().parse_args(ctx, args)


app = new_group(
    "Write the whole store into one encrypted file: kmscore backup FILE.",
    cls=_WriteByDefault,
    epilog="[cyan]kmscore backup FILE[/cyan] is short for [cyan]kmscore backup write FILE[/cyan].",
)


def register(parent: typer.Typer) -> None:
    """Add the group, and `restore` beside it."""
    parent.add_typer(app, name="backup", rich_help_panel=STORE_COMMANDS)
    command(parent, "restore", FILES, rich_help_panel=STORE_COMMANDS)(restore)


@command(app, "write", STORE)
def write(
    session: Session,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The backup. It is never overwritten.", show_default=False)
    ],
    recipient: Annotated[
        str | None, typer.Option(metavar="KEY", help="Encrypt to this public key (kmscore backup keygen).")
    ] = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseDescriptor = None,
    verify: Annotated[bool, typer.Option("--verify", help="Write nothing: check every byte of this backup.")] = False,
    identity: Annotated[
        str | None, typer.Option(metavar="FILE", help="With --verify: the recipient's private key.")
    ] = None,
) -> None:
    """Write a backup, to a recipient's public key or to a passphrase; the store may be in use."""
    if verify:
        _verify(session, file, recipient, identity, passphrase_file, passphrase_fd)
        return
    from kmscore.store.backup import write_backup

    if identity is not None:
        raise CommandLineError(
            "--identity reads a backup (--verify); to write one, give the public key with --recipient"
        )
    if recipient is not None and (passphrase_file is not None or passphrase_fd is not None):
        raise CommandLineError("a backup is encrypted to --recipient or to a passphrase, not to both")
    secret = None
    if recipient is None:
        secret = passphrase(
            passphrase_file, passphrase_fd, _NONE + "--recipient", "Passphrase of the backup: ", twice=True
        )
    embedded = session.embedded()
    unlocked = embedded.unlock(session.root_passphrase)
    write_backup(unlocked, embedded.store, file, passphrase=secret, recipient=recipient)
    size = Path(file).stat().st_size
    session.show(
        {"File": file, "Bytes": size}, f"wrote {file}, {size:,} bytes; keep it and what opens it in different places"
    )


@command(app, "keygen", NO_STORE)
def keygen(
    session: Session,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Where the private key goes; mode 0600.", show_default=False)
    ],
) -> None:
    """Make a key pair for backups: the private key into a file, the public key (for --recipient) to standard output.

    Keep the private key away from this host: only restoring needs it.
    """
    if Path(file).exists():
        raise CommandError(f"{file} is there already; a private key is never overwritten")
    recipient = new_backup_identity(file)
    session.show({"File": file, "Recipient": recipient}, recipient)


def restore(
    session: Session,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The backup.", show_default=False)],
    identity: Identity = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseDescriptor = None,
) -> None:
    """Make a store of a backup in an empty place (--home), under a new root key.

    The new root key is a file, or the passphrase of --root-passphrase-file or --root-passphrase-fd.
    """
    from kmscore.store import backup

    options = session.options
    given = options.root_passphrase_file is not None or options.root_passphrase_fd is not None
    report = backup.restore(
        file,
        options.home,
        passphrase=_secret(identity, passphrase_file, passphrase_fd),
        identity_file=identity,
        root_passphrase=session.root_passphrase if given else None,
    )
    created = day_and_time(datetime.fromtimestamp(report.created, UTC))
    session.show(dataclasses.asdict(report), f"restored {counted(report.keys, 'key')} as they were on {created}")


def _verify(
    session: Session,
    file: str,
    recipient: str | None,
    identity: str | None,
    secret_file: str | None,
    descriptor: int | None,
) -> None:
    from kmscore.store.backup import verify_backup

    if recipient is not None:
        raise CommandLineError("--verify opens the backup, which --recipient, a public key, cannot: give --identity")
    found = verify_backup(file, passphrase=_secret(identity, secret_file, descriptor), identity_file=identity)
    created = day_and_time(datetime.fromtimestamp(found["created"], UTC))
    answer = {"StoreId": found["store_id"].hex(), "Created": found["created"], "DatabaseBytes": found["database_bytes"]}
    session.show(answer, f"{file} is whole: {found['database_bytes']:,} bytes of the store as it was on {created}")


def _secret(identity: str | None, file: str | None, descriptor: int | None) -> bytearray | None:
    if identity is None:
        return passphrase(file, descriptor, _NONE + "--identity", "Passphrase of the backup: ")
    if file is not None or descriptor is not None:
        raise CommandLineError("a backup is opened with --identity or with a passphrase, not with both")
    return None
