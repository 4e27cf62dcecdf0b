"""All commands under one roof, and the options that stand before them."""

from typing import Annotated

import typer

from kmscore import _core
from kmscore.cli import (
    aliases,
    audit,
    backup,
    bench,
    check,
    doctor,
    files,
    fips_status,
    grants,
    identity,
    inspection,
    key_imports,
    key_replicas,
    key_rotation,
    keys,
    operation,
    policy,
    reencrypt,
    signing,
    spending,
    store,
    values,
    verification,
)
from kmscore.cli.groups import new_group
from kmscore.cli.session import Defaults

EPILOG = """
[bold]Start[/bold] with [cyan]kmscore init[/cyan], then [cyan]kmscore keys create --alias app[/cyan] and
[cyan]kmscore encrypt FILE --key alias/app[/cyan].

[bold]Exit codes[/bold]

0  all went well

1  a check failed, or the call was refused: one line on standard error says why

2  the command line is wrong

128 + N  signal N ended it, such as Ctrl-C (130); what was half written is removed

[bold]Environment[/bold]

KMSCORE_HOME         the store's directory

KMSCORE_CONFIG_HOME  the directory of root keys and anchors

AWS_REGION           the Region; else AWS_DEFAULT_REGION, else us-east-1
"""

app = new_group("AWS KMS on this machine: keys in a sealed store, every call authorised and audited.", epilog=EPILOG)
for register in (store.register, identity.register, audit.register):
    register(app)
for register in (key_rotation.register, key_imports.register, key_replicas.register):
    register(keys.app)
for register in (spending.register, backup.register, doctor.register, check.register):
    register(app)
for register in (keys.register, aliases.register, policy.register, grants.register):
    register(app)
for register in (values.register, operation.register):
    register(app)
for register in (
    files.register,
    signing.register,
    verification.register,
    inspection.register,
    reencrypt.register,
    bench.register,
):
    register(app)
fips_status.register(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"kmscore {_core.__version__}")
        raise typer.Exit


@app.callback()
def before_the_command(
    context: typer.Context,
    home: Annotated[str | None, typer.Option(metavar="DIR", help="The store's directory; else KMSCORE_HOME.")] = None,
    region: Annotated[str | None, typer.Option(help="The Region of the keys; else AWS_REGION, else us-east-1.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Answer in JSON. Each command takes these three, too.")
    ] = False,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version.")] = False,
) -> None:
    """Keep what stands before the command."""
    context.obj = Defaults(home=home, region=region, as_json=as_json)
