"""A store opened in this process, and calls through its engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kmscore._core import Caller, Clock
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from kmscore.embedded import Embedded
from kmscore.errors import AccessDeniedException
from scratch_store import ScratchStore

DAY = 86_400.0


@dataclass
class OpenedStore:
    """An open store with a clock that tests move."""

    scratch: ScratchStore
    clock: Clock
    embedded: Embedded

    def call(
        self, operation: str, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION, **parameters: Any
    ) -> dict[str, Any]:
        """Call an operation as an account's root; returns its output members."""
        return self._answer(operation, parameters, Caller(account, f"arn:aws:iam::{account}:root", region))

    def call_as(
        self, arn: str, operation: str, facts: dict[str, Any] | None = None, **parameters: Any
    ) -> dict[str, Any]:
        """Call an operation as a principal, of whose call the door knows some facts; returns its output members."""
        account = arn.split(":")[4] if arn.startswith("arn:") else DEFAULT_ACCOUNT
        return self._answer(operation, parameters, Caller(account, arn, DEFAULT_REGION, facts))

    def may(self, arn: str, operation: str, **parameters: Any) -> bool:
        """Whether a principal is allowed a call that goes well otherwise."""
        try:
            self.call_as(arn, operation, **parameters)
        except AccessDeniedException:
            return False
        return True

    def new_key(self, **parameters: Any) -> str:
        """Make a key; returns its id."""
        key_id: str = self.call("CreateKey", **parameters)["KeyMetadata"]["KeyId"]
        return key_id

    def metadata(self, key_id: str, **parameters: Any) -> dict[str, Any]:
        """What DescribeKey tells."""
        found: dict[str, Any] = self.call("DescribeKey", KeyId=key_id, **parameters)["KeyMetadata"]
        return found

    def _answer(self, operation: str, parameters: dict[str, Any], caller: Caller) -> dict[str, Any]:
        answer = self.embedded.engine.call(operation, parameters, caller)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def state(self) -> int:
        """`head.state`."""
        return self.embedded.store.head_state()

    def reopen(self, **options: Any) -> None:
        """Close the store and open it again."""
        self.embedded.close()
        self.embedded = open_store(self.scratch, self.clock, **options)


def open_store(scratch: ScratchStore, clock: Clock, **options: Any) -> Embedded:
    """Open a scratch store with a clock of the test's own."""
    return Embedded.open(scratch.home, clock=clock, **options)


@pytest.fixture
def opened(scratch: ScratchStore) -> Iterator[OpenedStore]:
    """A new store, open in this process."""
    clock = Clock()
    store = OpenedStore(scratch, clock, open_store(scratch, clock))
    yield store
    store.embedded.close()
