"""Audit records of what the service does on its own: deletions, accepted rollbacks, accepted losses."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CALLER = "service"


@dataclass(frozen=True)
class ServiceEvent:
    """Something that the service did on its own, or that a call made it do."""

    name: str
    region: str
    resources: Sequence[str]
    details: Mapping[str, str] = field(default_factory=dict)
    """`serviceEventDetails` of CloudTrail: names and ids."""

    def record(self, now: int, state: int) -> str:
        """The JSON of its record, at a time and in the state that it made."""
        return service_record(self.name, now, state, region=self.region, resources=self.resources, details=self.details)


def service_record(
    event: str,
    now: int,
    state: int,
    *,
    region: str = "",
    resources: Sequence[str] = (),
    details: Mapping[str, str] | None = None,
) -> str:
    """The JSON of a service event's record, in the form of the engine's records.

    Args:
        event: Its name, in place of an operation's.
        now: Microseconds since 1970.
        state: The store's state number.
        region: The Region it is about, if any.
        resources: ARNs or names it is about.
        details: CloudTrail's `serviceEventDetails` besides the key's ARN, named as members of the API.
    """
    record: dict[str, object] = {
        "id": str(uuid.uuid4()),
        "time": now,
        "state": state,
        "op": event,
        "caller": CALLER,
        "region": region,
        "outcome": "Success",
    }
    if resources:
        record["resources"] = list(resources)
    if details:
        record["details"] = dict(details)
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)
