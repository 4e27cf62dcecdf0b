"""What stands by while a writer is killed, and says afterwards whether its store keeps every promise."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readers import audit_segment
from scratch_store import ScratchStore
from torture.contents import OPERATIONS, Change, Contents, of_store


@dataclass
class Told:
    """What a writer told before it died."""

    acknowledged: list[Change]
    request_ids: list[str]
    in_flight: Change | None

    @classmethod
    def parse(cls, output: bytes) -> "Told":
        """Read the writer's standard output; the last line may be cut off."""
        acknowledged, request_ids, in_flight = [], [], None
        for line in output.split(b"\n")[:-1]:
            event = json.loads(line)
            if "ack" in event:
                acknowledged.append(event["ack"])
                request_ids.append(event["request_id"])
                in_flight = None
            elif "begin" in event:
                in_flight = event["begin"]
        return cls(acknowledged, request_ids, in_flight)


@dataclass
class Witness:
    """Knows a store's contents, and follows them from crash to crash."""

    scratch: ScratchStore
    contents: Contents = field(default_factory=Contents)
    request_ids: list[str] = field(default_factory=list)
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Segment -> its records, read once they stopped growing."""

    def check(self, told: Told) -> bool:
        """Open the store after a crash and hold it to every promise; returns whether the call in flight took place."""
        kms = self.scratch.client()
        try:
            found = of_store(kms)
        finally:
            kms.close()
        happened = self._follow(told, found)
        self.request_ids += told.request_ids
        self.check_audit()
        return happened

    def check_audit(self) -> None:
        """Every change is in the audit log exactly once, acknowledged or not."""
        records = self._audit_records()
        ids = [record["id"] for record in records]
        missing = set(self.request_ids) - set(ids)
        assert not missing, f"{len(missing)} acknowledged changes are not in the audit log: {sorted(missing)[:3]}"
        changes = [record for record in records if record["op"] in OPERATIONS and record["outcome"] == "Success"]
        [(state,)] = self.scratch.query("SELECT state FROM head")
        assert sorted(record["state"] for record in changes) == list(range(1, state + 1)), (
            "a change has no record, or two"
        )
        assert len({record["id"] for record in changes}) == len(changes)
        assert self.scratch.query("SELECT count(*) FROM audit_outbox") == [(0,)]

    def _follow(self, told: Told, found: Contents) -> bool:
        expected = self.contents
        for change in told.acknowledged:
            expected = expected.after(change)
        self.contents = found
        if found == expected:
            return False
        assert told.in_flight is not None, f"acknowledged changes were lost: {_difference(expected, found)}"
        change = told.in_flight
        if change["op"] == "CreateKey":
            new = set(found.keys) - set(expected.keys)
            assert len(new) == 1, f"not the one key that was being created: {_difference(expected, found)}"
            change = {**change, "key": new.pop()}
        assert found == expected.after(change), f"neither before nor after {change}: {_difference(expected, found)}"
        return True

    def _audit_records(self) -> list[dict[str, Any]]:
        audit_key = self.scratch.keys().audit
        for path in self.scratch.segments():
            if path.stem not in self.records:
                self.records[path.stem] = _whole_lines(path, audit_key)
        assert set(self.records) == {path.stem for path in self.scratch.segments()}
        return [record for records in self.records.values() for record in records]


def _whole_lines(path: Path, audit_key: bytes) -> list[dict[str, Any]]:
    """A writer killed within a write may leave the beginning of a line; nobody was told of that record."""
    content = path.read_bytes()
    if not content:
        return []
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        folder = path.parent.with_name("whole-lines")
        folder.mkdir(exist_ok=True)
        path = folder / path.name
        path.write_bytes(whole)
    return audit_segment.read(path, audit_key)[1:]


def _difference(expected: Contents, found: Contents) -> str:
    keys = {key: (expected.keys.get(key), found.keys.get(key)) for key in {*expected.keys, *found.keys}}
    aliases = {key: (expected.aliases.get(key), found.aliases.get(key)) for key in {*expected.aliases, *found.aliases}}
    return str({name: pair for name, pair in {**keys, **aliases}.items() if pair[0] != pair[1]})
