"""Heads outside of the store find what was cut off together with the anchor."""

import json
import shutil
from pathlib import Path

import pytest

from kmscore import audit
from kmscore._core import StoreError
from kmscore.audit.heads import append_heads, heads
from kmscore.embedded import Embedded
from opened_store import OpenedStore


@pytest.fixture
def witness(opened: OpenedStore, tmp_path: Path) -> Path:
    """A file of heads of a store with three records; what the store was before the third is beside it as `older`."""
    opened.new_key()
    opened.new_key()
    opened.embedded.close()
    shutil.copytree(opened.scratch.home, tmp_path / "older")
    shutil.copytree(opened.scratch.configuration, tmp_path / "older-configuration")
    opened.embedded = Embedded.open(opened.scratch.home, clock=opened.clock)
    opened.new_key()
    path = tmp_path / "heads"
    append_heads(path, heads(opened.scratch.home, 1))
    return path


def test_untouched_log_agrees_also_when_it_grew(opened: OpenedStore, witness: Path) -> None:
    assert audit.verify(opened.scratch.home, heads=witness).ok
    opened.new_key()
    append_heads(witness, heads(opened.scratch.home, 2))
    assert audit.verify(opened.scratch.home, heads=witness).ok
    assert [json.loads(line)["time"] for line in witness.read_text().splitlines()] == [1, 1, 2, 2]


def test_whole_store_set_back_with_its_anchor_is_found(opened: OpenedStore, witness: Path, tmp_path: Path) -> None:
    opened.embedded.close()
    for name, place in (("older", opened.scratch.home), ("older-configuration", opened.scratch.configuration)):
        shutil.rmtree(place)
        shutil.copytree(tmp_path / name, place)
    assert audit.verify(opened.scratch.home).ok
    [problem] = audit.verify(opened.scratch.home, heads=witness).problems
    assert problem.kind == "missing"
    assert "the file of heads" in problem.text
    opened.embedded = Embedded.open(opened.scratch.home, clock=opened.clock)


def test_segment_shorter_or_other_than_its_head_is_found(opened: OpenedStore, witness: Path) -> None:
    lines = [json.loads(line) for line in witness.read_text().splitlines()]
    for change, kind in (({"lines": 99}, "too-short"), ({"tag": "00" * 32}, "bad-line")):
        witness.write_text("".join(json.dumps({**line, **change}) + "\n" for line in lines))
        assert {problem.kind for problem in audit.verify(opened.scratch.home, heads=witness).problems} == {kind}


def test_file_that_is_no_file_of_heads_is_refused(opened: OpenedStore, witness: Path) -> None:
    for content in ("", "nonsense\n", '{"store":"00"}\n', witness.read_text().replace('"lines":', '"lines":-')):
        witness.write_text(content)
        with pytest.raises(StoreError, match="head of a segment"):
            audit.verify(opened.scratch.home, heads=witness)
