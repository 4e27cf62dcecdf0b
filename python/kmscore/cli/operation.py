"""`kmscore kms OPERATION`: any operation of AWS KMS, with JSON on both sides."""

from __future__ import annotations

import json
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from kmscore.cli.failures import CommandLineError
from kmscore.cli.groups import CALLS, KEY_COMMANDS, command
from kmscore.cli.session import Session
from kmscore.client.meta import method_name, operation_names
from kmscore.errors import BY_CODE, ClientError

SHARED = {name: option for name, option in CALLS.items() if name != "as_json"}


def _complete(incomplete: str) -> list[str]:
    return [name for name in operation_names() if name.lower().startswith(incomplete.lower())]


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "kms", SHARED, rich_help_panel=KEY_COMMANDS)(kms)


def kms(
    session: Session,
    operation: Annotated[
        str,
        typer.Argument(
            metavar="OPERATION",
            help="As AWS spells it (GenerateDataKey) or as its CLI does (generate-data-key).",
            autocompletion=_complete,
            show_default=False,
        ),
    ],
    parameters: Annotated[
        str,
        typer.Option(
            "--json",
            metavar="JSON",
            help="The arguments: a JSON object, @FILE, or - for standard input.",
            show_default=False,
        ),
    ] = "{}",
) -> None:
    """Call any operation with boto3's argument names; the answer is JSON, bytes are base64 both ways.

    kmscore kms GenerateDataKey --json '{"KeyId": "alias/app", "KeySpec": "AES_256"}'
    """
    name = _operation(operation)
    body = _body(parameters)
    client = session.client()
    status, answer, request_id = client.call_json(name, body)
    content: dict[str, Any] = json.loads(answer) if answer else {}
    if status != 200:
        raise _error(name, content, request_id)
    session.show(content)


def _operation(given: str) -> str:
    spellings = {method_name(name).replace("_", "-"): name for name in operation_names()}
    plain = given.replace("_", "-")
    found = given if given in operation_names() else spellings.get(plain)
    if found is not None:
        return found
    near = get_close_matches(method_name(given).replace("_", "-"), spellings, 1)
    hint = f"; did you mean {spellings[near[0]]}?" if near else ""
    raise CommandLineError(f"OPERATION {given!r} is none of AWS KMS's {len(spellings)}{hint}")


def _body(given: str) -> bytes:
    text = _text(given)
    try:
        content = json.loads(text)
    except ValueError as error:
        raise CommandLineError(f"--json is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise CommandLineError(f"--json must be an object of the operation's arguments, not {type(content).__name__}")
    return text.encode()


def _text(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    return Path(given.removeprefix("@")).read_text() if given.startswith("@") else given


def _error(operation: str, content: dict[str, Any], request_id: str) -> ClientError:
    code = str(content.get("__type", ""))
    error = BY_CODE.get(code, ClientError)(str(content.get("message", "")))
    error.attach(operation, request_id)
    return error
