"""GetKeyLastUsage.

Source: AWS KMS API Reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kmscore._core import ControlCall
from kmscore.operations.key_rows import own_key
from kmscore.operations.registry import Request, Response, reads_elsewhere
from kmscore.store.rows import number
from kmscore.store.transaction import MICROSECONDS, View
from kmscore.usage import LastUse, UsageIndex

if TYPE_CHECKING:
    from kmscore.store.store import Store


class GetKeyLastUsageRequest(Request, frozen=True):
    """Input of GetKeyLastUsage; the pipeline has resolved the key."""


@dataclass(frozen=True)
class _Usage:
    last: LastUse | None
    tracked_since: int | None


def _usage(store: Store, call: ControlCall, _request: GetKeyLastUsageRequest) -> _Usage:
    with UsageIndex(store.locations, coherent=store.database.coherent) as index:
        index.update()
        return _Usage(index.last_use(call.keys[0]["arn"]), index.tracking_start())


@reads_elsewhere(GetKeyLastUsageRequest, _usage)
def get_key_last_usage(view: View, call: ControlCall, usage: _Usage) -> Response:
    """Tell when a key last did cryptographic work that succeeded, as far as the audit log says."""
    key = own_key(view, call)
    created = number(key, "created")
    tracked_since = created if usage.tracked_since is None else max(created, usage.tracked_since)
    return {
        "KeyId": call.keys[0]["arn"],
        "KeyLastUsage": _last_usage(usage.last),
        "TrackingStartDate": tracked_since / MICROSECONDS,
        "KeyCreationDate": created / MICROSECONDS,
    }


def _last_usage(last: LastUse | None) -> dict[str, Any]:
    if last is None:
        return {}
    return {
        "Operation": last.operation,
        "Timestamp": last.time / MICROSECONDS,
        "CloudTrailEventId": last.event_id,
        "KmsRequestId": last.request_id,
    }
