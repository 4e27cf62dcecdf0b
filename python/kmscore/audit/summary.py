"""How often who did what, and what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from kmscore.audit.reading import AuditRecord, key_arns
from kmscore.audit.search import DENIED, UNAUTHORISED


@dataclass
class Refusal:
    """What one principal was refused."""

    principal: str
    operation: str
    key: str
    outcome: str
    count: int = 0
    last_time: int = 0
    last_request: str = ""


@dataclass
class Summary:
    """Counts over some records."""

    records: int = 0
    principals: Counter[str] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: dict[tuple[str, str, str, str], Refusal] = field(default_factory=dict)

    def denied(self) -> list[Refusal]:
        """What policies refused, the most frequent first."""
        return self._refused(DENIED)

    def unauthorised(self) -> list[Refusal]:
        """What was refused for want of a right, of an identity or of a valid token, the most frequent first."""
        return self._refused(UNAUTHORISED)

    def _refused(self, outcomes: frozenset[str]) -> list[Refusal]:
        found = [refusal for refusal in self.refusals.values() if refusal.outcome in outcomes]
        return sorted(found, key=lambda refusal: (-refusal.count, refusal.principal, refusal.operation, refusal.key))


def summarise(found: Iterable[AuditRecord]) -> Summary:
    """Count records.

    Args:
        found: In the order of time.
    """
    summary = Summary()
    for record in found:
        summary.records += 1
        summary.principals[record["caller"]] += 1
        summary.operations[record["op"]] += 1
        summary.outcomes[record["outcome"]] += 1
        summary.keys.update(set(key_arns(record)))
        if record["outcome"] in UNAUTHORISED:
            _note(summary, record)
    return summary


def _note(summary: Summary, record: AuditRecord) -> None:
    key = next(iter(key_arns(record)), record.get("request", {}).get("KeyId", ""))
    place = (record["caller"], record["op"], key, record["outcome"])
    refusal = summary.refusals.setdefault(place, Refusal(*place))
    refusal.count += 1
    refusal.last_time, refusal.last_request = record["time"], record["id"]
