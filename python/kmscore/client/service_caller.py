"""Callers that are AWS services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kmscore._core import Caller

if TYPE_CHECKING:
    # The table of services is read by whoever makes such a caller, and by nobody else.
    from kmscore.services import Service


@dataclass(frozen=True)
class ServiceCaller:
    """An AWS service that calls AWS KMS: as itself, or in the name of a user. Made by `kmscore.testing.as_service`."""

    service: Service
    account: str
    """The user's account, or the account of the resource for which the service calls."""
    user: str | None = None
    """The ARN of the user in whose name it calls."""
    source_arn: str | None = None
    """The resource for which it calls."""

    def caller(self, region: str) -> Caller:
        """The caller, as the engine takes it, of calls for a Region."""
        facts: dict[str, Any] = {"source_account": self.account}
        if self.source_arn is not None:
            facts["source_arn"] = self.source_arn
        if self.user is not None:
            facts["via_service"] = self.service.via(region)
            facts["called_via"] = [self.service.principal]
        return Caller(self.account, self.user or self.service.principal, region, facts)
