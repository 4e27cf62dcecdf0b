import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from kmscore import identity
from kmscore.config import DEFAULT_ACCOUNT
from kmscore.identity import Changes, Principal, principals
from kmscore.store.transaction import View
from opened_store import OpenedStore, opened
from scratch_store import scratch

__all__ = ["opened", "scratch"]

T = TypeVar("T")
ACCOUNT = DEFAULT_ACCOUNT
OTHER = "111122223333"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def statement(effect: str = "Allow", action: str | list[str] = "kms:*", **more: Any) -> str:
    """An identity policy of one statement."""
    whole = {"Effect": effect, "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [whole]})


@dataclass
class Identities:
    """The identities of an open store."""

    opened: OpenedStore

    def change(self, work: Callable[[Changes], T]) -> T:
        """Change them."""
        return identity.change(self.opened.embedded.store, work)

    def read(self, work: Callable[[View], T]) -> T:
        """Read of them."""
        return self.opened.embedded.store.read(work)

    def user(self, name: str = "ana", account: str = ACCOUNT, **options: Any) -> Principal:
        """Make a user."""
        return self._make(Principal(account, "user", name), **options)

    def role(self, name: str = "app", account: str = ACCOUNT, **options: Any) -> Principal:
        """Make a role."""
        return self._make(Principal(account, "role", name), trust=TRUST, **options)

    def group(self, name: str = "readers", account: str = ACCOUNT) -> Principal:
        """Make a group."""
        return self._make(Principal(account, "group", name))

    def client(self, principal: str, **options: Any) -> Any:
        """A client of this principal."""
        options = {"clock": self.opened.clock, **options}
        return self.opened.scratch.client(principal=principal, **options)

    def events(self) -> list[tuple[str, list[str]]]:
        """Service events of the audit log: name and resources."""
        records = self.opened.scratch.audit_records()
        return [(record["op"], record["resources"]) for record in records if record["caller"] == "service"]

    def _make(self, principal: Principal, **options: Any) -> Principal:
        self.change(lambda changes: principals.create(changes, principal, **options))
        return principal


@pytest.fixture
def identities(opened: OpenedStore) -> Identities:
    """The identities of a new store."""
    return Identities(opened)
