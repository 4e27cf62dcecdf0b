"""Two processes: no call begun after a change was acknowledged sees the state before it."""

import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from scratch_store import ScratchStore
from torture import race_board
from torture.race_board import ACKNOWLEDGED, BEGUN, STOP
from torture.race_subjects import SUBJECTS

READER, WRITER = "torture.race_reader", "torture.race_writer"
KILLED_AT = ("before-odd", "before-commit", "after-commit", "after-even", "after-audit")


@pytest.mark.parametrize("name", SUBJECTS)
def test_no_call_sees_the_past(scratch: ScratchStore, tmp_path: Path, name: str) -> None:
    deaths = 10 if name == "DisableKey" else 5
    _race(scratch, tmp_path, name, changes=30 * deaths, deaths=deaths)


@pytest.mark.torture
@pytest.mark.timeout(7200)
def test_no_call_sees_the_past_in_a_hundred_thousand_changes(scratch: ScratchStore, tmp_path: Path) -> None:
    _race(scratch, tmp_path, "DisableKey", changes=100_000, deaths=500)


@pytest.mark.torture
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SUBJECTS)
def test_no_call_sees_the_past_in_five_thousand_changes(scratch: ScratchStore, tmp_path: Path, name: str) -> None:
    _race(scratch, tmp_path, name, changes=5_000, deaths=100)


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_reader_that_kept_the_past_would_be_found(scratch: ScratchStore, tmp_path: Path, name: str) -> None:
    """The positive control: a subject that never changes although changes are announced."""
    keys = _prepare(scratch, name)
    path = tmp_path / "board"
    race_board.create(path)
    shared = race_board.board(path)
    reader = scratch.start(READER, str(path), name, *keys)
    assert reader.stdout is not None
    reader.stdout.readline()
    shared[BEGUN] = shared[ACKNOWLEDGED] = 1
    goal = shared[race_board.CALLS] + 100
    while shared[race_board.CALLS] < goal:
        assert reader.poll() is None
    shared[STOP] = 1
    assert _findings(reader)["stale"] != []


def _prepare(scratch: ScratchStore, name: str) -> list[str]:
    kms = scratch.client()
    keys = SUBJECTS[name].prepare(kms)
    kms.close()
    return keys


def _race(scratch: ScratchStore, directory: Path, name: str, *, changes: int, deaths: int) -> None:
    keys = _prepare(scratch, name)
    path = directory / "board"
    race_board.create(path)
    shared = race_board.board(path)
    reader = scratch.start(READER, str(path), name, *keys)
    assert reader.stdout is not None
    reader.stdout.readline()
    killed = _write(scratch, path, [name, *keys], changes=changes, deaths=deaths)
    shared[STOP] = 1
    found = _findings(reader)
    rate = found["calls"] / found["seconds"]
    print(  # noqa: T201
        f"\n{name}: {changes} changes, {killed} writers killed, {found['calls']} calls, {rate:,.0f} a second; "
        f"{found['decided']} with one possible outcome, {found['off']} met it off, in {found['changes_seen']} states"
    )
    assert shared[ACKNOWLEDGED] == changes
    assert killed == deaths
    assert found["stale"] == []
    # The race is worth something only when the reader called between most of the changes.
    assert found["changes_seen"] > changes // 4
    assert 0 < found["off"] < found["calls"]
    assert scratch.audit_problems() == []


def _write(scratch: ScratchStore, path: Path, subject: list[str], *, changes: int, deaths: int) -> int:
    """Run one writer after the other; all but the last are killed. Returns how many were."""
    source = random.Random(changes)  # noqa: S311 - repeatable, not secret.
    for death in range(deaths):
        failpoint = f"{KILLED_AT[death % len(KILLED_AT)]}:{source.randrange(1, max(2, changes // deaths))}"
        writer = scratch.start(WRITER, str(path), str(changes + 1), *subject, KMSCORE_FAILPOINT=failpoint)
        _, errors = writer.communicate()
        assert writer.returncode == -signal.SIGKILL, errors.decode()
    writer = scratch.start(WRITER, str(path), str(changes), *subject)
    _, errors = writer.communicate()
    assert writer.returncode == 0, errors.decode()
    return deaths


def _findings(reader: Any) -> dict[str, Any]:
    output, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors.decode()
    found: dict[str, Any] = json.loads(output)
    return found
