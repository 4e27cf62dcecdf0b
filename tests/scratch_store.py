"""A store of its own for one test, with the processes that use it."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kmscore import KMSClient
from readers.store import StoreKeys, audit_records, keys

TESTS = Path(__file__).resolve().parent


@dataclass(frozen=True)
class ScratchStore:
    """The two directories of a store."""

    home: Path
    configuration: Path

    def client(self, **options: Any) -> Any:
        """A client of this store."""
        import kmscore

        return kmscore.client("kms", home=self.home, **options)

    def environment(self, **more: str) -> dict[str, str]:
        """What a process needs to use this store."""
        places = {"KMSCORE_HOME": str(self.home), "KMSCORE_CONFIG_HOME": str(self.configuration)}
        path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
        return {**os.environ, **places, "PYTHONPATH": path, **more}

    def start(self, module: str, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Run a module under tests/ as a process of its own; its standard streams are pipes."""
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(**environment),
        )

    def audit_problems(self) -> list[str]:
        """What the verification of the audit log finds wrong."""
        from kmscore import audit

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KMSCORE_CONFIG_HOME", str(self.configuration))
            report = audit.verify(self.home)
        return [f"{problem.kind}: {problem.text}" for problem in report.problems]

    def command(self, *arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run the command line."""
        return subprocess.run(
            [sys.executable, "-c", "from kmscore.cli import main; main()", *arguments],
            env=self.environment(COLUMNS="200", NO_COLOR="1"),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            input=stdin,
        )

    def keys(self) -> StoreKeys:
        """Every key of the store, read by the independent reader."""
        return keys(self.home, self.configuration)

    def audit_records(self) -> list[dict[str, Any]]:
        """Every audit record, read by the independent reader."""
        return audit_records(self.home, self.keys().audit)

    def segments(self) -> list[Path]:
        """The audit segments."""
        return sorted((self.home / "audit").glob("*.log"))

    def own_configuration(self) -> Path:
        """The configuration directory of this one store."""
        [found] = (self.configuration / "stores").iterdir()
        return found

    def execute(self, statement: str, *parameters: object) -> int:
        """Edit the database behind the engine's back; returns how many rows changed."""
        with closing(sqlite3.connect(self.home / "store.db")) as database, database:
            return database.execute(statement, parameters).rowcount

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Look into the database."""
        with closing(sqlite3.connect(f"file:{self.home / 'store.db'}?mode=ro", uri=True)) as database:
            return database.execute(statement, parameters).fetchall()

    def copy(self, name: str) -> "ScratchStore":
        """A copy of both directories, the way an operator would copy files."""
        copied = ScratchStore(
            self.home.with_name(f"{name}-home"), self.configuration.with_name(f"{name}-configuration")
        )
        shutil.copytree(self.home, copied.home)
        shutil.copytree(self.configuration, copied.configuration)
        return copied


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScratchStore:
    """Directories for a store that nobody has made yet."""
    store = ScratchStore(tmp_path / "home", tmp_path / "configuration")
    monkeypatch.setenv("KMSCORE_HOME", str(store.home))
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(store.configuration))
    return store


@pytest.fixture
def kms(scratch: ScratchStore) -> Iterator[KMSClient]:
    """A client of a new store."""
    client: KMSClient = scratch.client()
    yield client
    client.close()
