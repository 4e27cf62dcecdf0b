"""Groups of commands, and how a function becomes a command: shared options, and errors of one line."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from kmscore.cli.failures import EXPECTED, report, warnings_as_lines
from kmscore.cli.session import Defaults, Session

STORE_COMMANDS = "The store"
KEY_COMMANDS = "Keys"
FILE_COMMANDS = "Files"
_STORE_PANEL = "Store"

Home = Annotated[
    str | None,
    typer.Option(
        "--home", metavar="DIR", help="The store's directory; else KMSCORE_HOME.", rich_help_panel=_STORE_PANEL
    ),
]
Region = Annotated[
    str | None,
    typer.Option(
        "--region", help="The Region of the keys; else AWS_REGION, else us-east-1.", rich_help_panel=_STORE_PANEL
    ),
]
Account = Annotated[
    str | None,
    typer.Option("--account", help="The account, 12 digits; else 123456789012.", rich_help_panel=_STORE_PANEL),
]
RootPassphraseFile = Annotated[
    str | None,
    typer.Option(
        "--root-passphrase-file",
        metavar="FILE",
        envvar="KMSCORE_ROOT_PASSPHRASE_FILE",
        help="The root key is a passphrase: the first line of this file.",
        rich_help_panel=_STORE_PANEL,
    ),
]
RootPassphraseDescriptor = Annotated[
    int | None,
    typer.Option(
        "--root-passphrase-fd",
        metavar="N",
        help="The root key is a passphrase: the first line of this open descriptor.",
        rich_help_panel=_STORE_PANEL,
    ),
]
Exclusive = Annotated[
    bool,
    typer.Option(
        "--exclusive",
        help="Be the only process that has the store open; network file systems need it.",
        rich_help_panel=_STORE_PANEL,
    ),
]
AcceptRollback = Annotated[
    bool,
    typer.Option(
        "--accept-rollback",
        help="Open a store that is older than its anchor, or has none. It is audited.",
        rich_help_panel=_STORE_PANEL,
    ),
]
AcceptMissingAudit = Annotated[
    bool,
    typer.Option(
        "--accept-missing-audit",
        help="Open a store of which audit segments are gone. It is audited.",
        rich_help_panel=_STORE_PANEL,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]

_ROOT = {"root_passphrase_file": (RootPassphraseFile, None), "root_passphrase_fd": (RootPassphraseDescriptor, None)}
_HOME = {"home": (Home, None)}
_OPEN = {
    "exclusive": (Exclusive, False),
    "accept_rollback": (AcceptRollback, False),
    "accept_missing_audit": (AcceptMissingAudit, False),
}
_CALLER = {"region": (Region, None), "account": (Account, None)}
_JSON = {"as_json": (AsJson, False)}

NO_STORE = {**_JSON}
"""Shared options of a command that needs no store."""
FILES = {**_JSON, **_HOME, **_ROOT}
"""Of one that looks at a store's files."""
STORE = {**FILES, **_OPEN}
"""Of one that opens the store."""
CALLS = {**_JSON, **_HOME, **_CALLER, **_ROOT, **_OPEN}
"""Of one that calls the engine."""


def new_group(text: str, *, epilog: str | None = None, cls: Any = None) -> typer.Typer:
    """A group of commands.

    Args:
        text: What it is about.
        epilog: What stands at the end of its help.
        cls: A class of Typer's own for it.
    """
    return typer.Typer(
        help=text,
        epilog=epilog,
        cls=cls,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )


def command(
    app: typer.Typer, name: str, shared: dict[str, tuple[Any, Any]] = CALLS, **settings: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function, whose first argument is a Session, a command with shared options and errors of one line.

    Args:
        app: The group it belongs to.
        name: Its name.
        shared: Which of the shared options it takes.
        **settings: What Typer's own `command` takes.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(typer_context: typer.Context, **arguments: Any) -> None:
            given = {option: arguments.pop(option) for option in shared}
            try:
                defaults: Defaults = typer_context.obj or Defaults()
                with warnings_as_lines(), Session(defaults.overridden(given)) as session:
                    function(session, **arguments)
            except EXPECTED as error:
                raise typer.Exit(report(error)) from error

        _describe(run, function, shared)
        app.command(name, **settings)(run)
        return function

    return decorate


def _describe(run: Any, function: Callable[..., None], shared: dict[str, tuple[Any, Any]]) -> None:
    """Give the wrapper the parameters that Typer is to see: the function's own, then the shared ones."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    added = [
        inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for option, (annotation, default) in shared.items()
    ]
    context = inspect.Parameter("typer_context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [context, *own, *added]
    run.__signature__ = inspect.Signature(parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    # Typer would follow this back to the function and its own annotations.
    del run.__wrapped__
