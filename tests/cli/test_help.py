"""Help for every command, the version, exit codes and completion."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer.main
from typer.core import TyperGroup

from cli.conftest import CommandLine
from kmscore import __version__
from kmscore.cli.app import app


def commands() -> list[list[str]]:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    return list(below(root))


def below(group: TyperGroup) -> Iterator[list[str]]:
    for name, command in group.commands.items():
        yield [name]
        if isinstance(command, TyperGroup):
            yield from ([name, *inner] for inner in below(command))


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_explains_itself_and_its_options(run: CommandLine, command: list[str]) -> None:
    shown = run.ok(*command, "--help").out
    assert "Usage: kmscore " + " ".join(command) in shown
    root = typer.main.get_command(app)
    for name in command:
        assert isinstance(root, TyperGroup)
        root = root.commands[name]
    assert root.help
    for parameter in root.params:
        assert getattr(parameter, "help", None) or parameter.name == "help", f"{parameter.name} has no help"


def test_expected_commands_are_there() -> None:
    there = {" ".join(command) for command in commands()}
    keys = [
        "list",
        "create",
        "describe",
        "public",
        "update",
        "enable",
        "disable",
        "delete",
        "cancel-deletion",
        "policy",
        "tag",
        "untag",
        "tags",
    ]
    assert {f"keys {name}" for name in keys} <= there
    assert {f"aliases {name}" for name in ("list", "create", "update", "delete")} <= there
    assert {f"grants {name}" for name in ("create", "list", "revoke", "retire")} <= there
    assert {"policy get", "policy put"} <= there
    assert {"init", "kms", "encrypt-value", "decrypt-value", "restore", "doctor"} <= there
    assert {"encrypt", "decrypt", "sign", "verify", "inspect", "bench", "fips-status"} <= there
    assert {"identity apply", "identity export", "identity policy attach", "identity access-key create"} <= there
    assert {"audit verify", "audit tail", "backup write", "backup keygen"} <= there


def test_help_lists_exit_codes_and_how_to_start(run: CommandLine) -> None:
    shown = run.ok("--help").out
    for text in ("Exit codes", "0  all went well", "2  the command line is wrong", "kmscore init", "KMSCORE_HOME"):
        assert text in shown


def test_version(run: CommandLine) -> None:
    assert run.ok("--version").out == f"kmscore {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["keys", "nonsense"], ["keys", "describe"], ["keys", "list", "--x"]]
)
def test_wrong_command_line_ends_with_2(run: CommandLine, arguments: list[str]) -> None:
    assert run(*arguments).code == 2


@pytest.mark.parametrize("arguments", [[], ["keys"], ["backup"]], ids=len)
def test_no_command_shows_help(run: CommandLine, arguments: list[str]) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert "Usage: kmscore" in ran.out + ran.error


@pytest.mark.parametrize("module", ["kmscore", "kmscore.cli"])
def test_module_runs_as_the_command(module: str) -> None:
    ran = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout == f"kmscore {__version__}\n"


def test_completion_completes_commands_and_operations() -> None:
    environment = {"_KMSCORE_COMPLETE": "complete_bash", "COMP_WORDS": "kmscore kms GenerateD", "COMP_CWORD": "2"}
    command = [sys.executable, "-m", "kmscore"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "GenerateDataKey" in ran.stdout.split()
