"""`kmscore identity apply` and `export`."""

from __future__ import annotations

from typing import Annotated

import typer

from kmscore.cli.groups import command
from kmscore.cli.identity.credentials import deliver_to
from kmscore.cli.identity.shared import (
    IDENTITIES,
    CredentialsFile,
    access_key_json,
    events_json,
    events_text,
    read,
)
from kmscore.cli.output import printable
from kmscore.cli.session import Session


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    command(parent, "apply", IDENTITIES)(apply)
    command(parent, "export", IDENTITIES)(export)


def apply(
    session: Session,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="What there is to be, in TOML or JSON (docs/identities.md).", show_default=False
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="In the accounts of the file, also remove what the file does not name."),
    ] = False,
    credentials_file: CredentialsFile = None,
) -> None:
    """Make accounts, users, roles and groups what a file says, all of it or nothing; a second time does nothing."""
    from kmscore.identity import applying, declared

    accounts = declared.read_file(file)
    if session.options.account is not None:
        accounts = [account for account in accounts if account.account == session.options.account]
    deliver = None if credentials_file is None else deliver_to(credentials_file)
    store = session.embedded().store
    done = applying.apply(store, accounts, prune=prune, dry_run=dry_run, deliver=deliver)
    keys = [access_key_json(key, secret=deliver is None) for key in done.access_keys]
    lines = [events_text(done.events, "Everything is as the file says.")]
    if dry_run and done.events:
        lines.append("Nothing was changed: this was a dry run.")
    for key in done.access_keys:
        secret = (
            f"{key.secret_access_key}  (shown this once)"
            if deliver is None
            else f"in {printable(credentials_file or '')}"
        )
        lines.append(f"{key.user_arn}  {key.access_key_id}  {secret}")
    session.show({"Changes": events_json(done.events), "AccessKeys": keys, "DryRun": dry_run}, "\n".join(lines))


def export(session: Session) -> None:
    """Write all identities, or those of --account, as the JSON that apply takes; secrets are not among them."""
    from kmscore.identity.export import export as exported

    session.show(read(session, lambda view: exported(view, session.options.account)))
