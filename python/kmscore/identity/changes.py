"""Changes of identities: each transaction is one service event in the audit log, which names what changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from kmscore.store.service_events import service_record

if TYPE_CHECKING:
    from kmscore.store.store import Store
    from kmscore.store.transaction import Transaction

T = TypeVar("T")

SEVERAL = "ChangeIdentities"
"""The event of a transaction with several changes; its resources are their texts."""


@dataclass(frozen=True)
class Event:
    """One change, as the audit log has it."""

    name: str
    """As IAM's API calls it: `CreateUser`."""
    resources: tuple[str, ...]
    """The ARN of what changed, and what of it."""

    def __str__(self) -> str:
        """One line: `AttachUserPolicy arn:… ReadOnlyAccess`."""
        return " ".join((self.name, *self.resources))


@dataclass
class Changes:
    """A transaction that changes identities."""

    transaction: Transaction
    events: list[Event] = field(default_factory=list)

    def note(self, account: str, name: str, *resources: str) -> None:
        """Record a change, and have every cache forget the account's identities.

        Args:
            account: The account it is about.
            name: The event.
            *resources: What it is about.
        """
        self.events.append(Event(name, resources))
        self.transaction.changed_identity(account)


def change(store: Store, work: Callable[[Changes], T]) -> T:
    """Change identities: all of it or nothing. What changes nothing leaves no trace.

    Args:
        store: The open store.
        work: Makes the changes.

    Returns:
        What `work` returned.

    Raises:
        StoreError: A change is refused; nothing was changed.
    """

    def run(transaction: Transaction) -> tuple[T, list[Event]]:
        changes = Changes(transaction)
        return work(changes), changes.events

    result, _ = store.change_by_service(run, lambda done, state: _record(store, done[1], state))
    return result


def _record(store: Store, events: list[Event], state: int) -> str | None:
    if not events:
        return None
    if len(events) == 1:
        return service_record(events[0].name, store.now(), state, resources=events[0].resources)
    return service_record(SEVERAL, store.now(), state, resources=[str(event) for event in events])
