"""`kmscore init` and `kmscore sweep`."""

from __future__ import annotations

from typing import Annotated

import typer

from kmscore.cli.groups import FILES, STORE, STORE_COMMANDS, Account, command, new_group
from kmscore.cli.output import counted
from kmscore.cli.session import Session
from kmscore.config import DEFAULT_ACCOUNT


def register(app: typer.Typer) -> None:
    """Add the commands that make a store."""
    command(app, "init", STORE, rich_help_panel=STORE_COMMANDS)(init)
    command(app, "sweep", STORE, rich_help_panel=STORE_COMMANDS)(sweep)
    group = new_group("Look after the store as a whole.")
    command(group, "rotate-domain-key", FILES)(rotate_domain_key)
    app.add_typer(group, name="store", rich_help_panel=STORE_COMMANDS)


def init(
    session: Session,
    account: Account = None,
    administrator: Annotated[
        str, typer.Option(metavar="NAME", help="The administrator's user name.")
    ] = "administrator",
) -> None:
    """Make a store with an account and an administrator, and show the administrator's access key.

    The secret access key is shown this once and is not kept in a form that could be shown again. The root key goes into
    a file of the configuration directory, apart from the store; with --root-passphrase-file or --root-passphrase-fd it
    is a passphrase instead, and then needed whenever the store is opened.
    """
    from kmscore.identity import create_administrator

    embedded = session.embedded(create=True)
    key = create_administrator(embedded.store, account or DEFAULT_ACCOUNT, administrator)
    configuration = embedded.locations.of_store(embedded.hierarchy.store_id)
    root = configuration.key_file if configuration.key_file.exists() else configuration.passphrase_file
    answer = {
        "Home": str(embedded.locations.home),
        "RootKey": str(root),
        "Account": account or DEFAULT_ACCOUNT,
        "UserArn": key.user_arn,
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
    }
    session.show(
        answer,
        f"Store               {answer['Home']}\n"
        f"Root key            {root}  (keep a copy elsewhere: without it, nothing in the store can be opened)\n"
        f"Administrator       {key.user_arn}\n"
        f"Access key id       {key.access_key_id}\n"
        f"Secret access key   {key.secret_access_key}  (shown this once)",
    )


def sweep(session: Session) -> None:
    """Do what is due: rotate keys, destroy expired key material, delete keys whose waiting period is over.

    All of this also happens when a call meets such a key. A timer that runs this makes sure that it happens in time.
    """
    embedded = session.embedded()
    changed = embedded.caught_up + embedded.run_due_work()
    session.show({"Keys": changed}, f"{counted(changed, 'key')} changed" if changed else "nothing was due")


def rotate_domain_key(session: Session) -> None:
    """Seal everything in the store under a new key and destroy the old one, so that what was deleted stays so.

    No process may have the store open. Copies and backups that were made before stay readable with the root key:
    destroy them, too. Import tokens and grant tokens that were handed out before are good no more.
    """
    import time

    from kmscore.config import locate
    from kmscore.store.domain_key import rotate_domain_key as rotate

    options = session.options
    count = rotate(locate(options.home), round(time.time() * 1_000_000), session.root_passphrase)
    session.show({"Sealed": count}, f"{counted(count, 'secret')} sealed under a new domain key; the old one is gone")
