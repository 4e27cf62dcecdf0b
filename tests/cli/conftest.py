import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scratch_store import ScratchStore, scratch

__all__ = ["scratch"]


@dataclass
class Ran:
    """What one command answered."""

    code: int
    out: str
    error: str
    raw: bytes

    def json(self) -> Any:
        """Its answer, read as JSON."""
        return json.loads(self.out)


class CommandLine:
    """`kmscore` in this process, without a terminal."""

    def __call__(self, *arguments: str, stdin: bytes | str = b"") -> Ran:
        """Run a command, whatever comes of it."""
        from kmscore.cli.app import app

        result = CliRunner().invoke(app, list(arguments), input=stdin, prog_name="kmscore")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr, result.stdout_bytes)

    def ok(self, *arguments: str, stdin: bytes | str = b"") -> Ran:
        """Run a command that must go well."""
        ran = self(*arguments, stdin=stdin)
        assert ran.code == 0, ran
        return ran

    def refused(self, *arguments: str, stdin: bytes | str = b"", code: int = 1) -> str:
        """Run a command that must fail with one line; returns the line."""
        ran = self(*arguments, stdin=stdin)
        assert (ran.code, ran.out) == (code, ""), ran
        assert ran.error.startswith("error: "), ran
        assert ran.error.count("\n") == 1, ran
        return ran.error.removeprefix("error: ").strip()


@pytest.fixture
def run(scratch: ScratchStore, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line; there is no store yet."""
    assert not scratch.home.exists()
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "KMSCORE_ROOT_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    return CommandLine()


@pytest.fixture
def store(run: CommandLine) -> CommandLine:
    """The command line over a new store with a key `alias/app`."""
    run.ok("init")
    run.ok("keys", "create", "--alias", "app", "--description", "for tests")
    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, empty."""
    made = tmp_path / "work"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def message(store: CommandLine, folder: Path) -> Path:
    """`in/plain.kms`, a message of `plain`, under alias/app and the encryption context app=a."""
    (folder / "plain").write_bytes(PLAINTEXT)
    (folder / "in").mkdir()
    store.ok("encrypt", "plain", *KEY, "-c", "app=a", "-o", "in/plain.kms")
    return Path("in/plain.kms")


KEY = ["--key", "alias/app"]
PLAINTEXT = b"line of text\n" * 1000
LARGE = bytes(range(256)) * 40_000
"""Longer than what is worked on at a time."""


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a directory, hidden ones included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
