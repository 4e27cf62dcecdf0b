"""Making the store's identities what a file declares, again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kmscore._core import StoreError
from kmscore.identity import access_keys, accounts, groups, policies, principals
from kmscore.identity.access_keys import NewAccessKey
from kmscore.identity.changes import Changes, Event, change
from kmscore.identity.declared import DeclaredAccount, DeclaredPolicy, DeclaredPrincipal
from kmscore.identity.names import GROUP, ROLE, TRUST, USER, Principal, whole_account
from kmscore.store import schema
from kmscore.store.rows import text

if TYPE_CHECKING:
    from kmscore.store.store import Store

# Groups come first, because users name them; they go last.
_ORDER = (GROUP, USER, ROLE)


@dataclass(frozen=True)
class Applied:
    """What was done, or would have been."""

    events: list[Event]
    """In order; none when everything was as declared."""
    access_keys: list[NewAccessKey]
    """Those that were made."""


def apply(
    store: Store,
    declared: Sequence[DeclaredAccount],
    *,
    prune: bool = False,
    dry_run: bool = False,
    deliver: Callable[[list[NewAccessKey]], None] | None = None,
) -> Applied:
    """Make identities what they are declared to be: all of it, or nothing.

    What is not declared stays, unless it is to be pruned; accounts that are not declared stay in any case.

    Args:
        store: The open store.
        declared: The accounts.
        prune: In the declared accounts, also remove principals, and their policies, tags, memberships and access keys,
            that are not declared.
        dry_run: Only find out what would be done.
        deliver: Takes the new access keys before anything is final: if it fails, nothing is changed.

    Returns:
        What was done.

    Raises:
        StoreError: Something cannot be as declared; nothing was changed.
    """

    def work(changes: Changes) -> Applied:
        made = _Application(changes, prune=prune)
        for account in declared:
            made.account(account)
        applied = Applied(list(changes.events), made.access_keys)
        if dry_run:
            raise _RolledBack(applied)
        if deliver is not None and applied.access_keys:
            deliver(applied.access_keys)
        return applied

    try:
        return change(store, work)
    except _RolledBack as rolled_back:
        return _planned(rolled_back.applied)


def _planned(applied: Applied) -> Applied:
    """What a dry run tells: the ids of access keys that were not kept mean nothing."""
    dropped = {key.access_key_id for key in applied.access_keys}
    kept = [Event(event.name, tuple(one for one in event.resources if one not in dropped)) for event in applied.events]
    return Applied(kept, [])


class _RolledBack(Exception):
    """Ends the transaction of a dry run."""

    def __init__(self, applied: Applied) -> None:
        super().__init__()
        self.applied = applied


class _Application:
    """One file's way into one transaction."""

    def __init__(self, changes: Changes, *, prune: bool) -> None:
        self.changes = changes
        self.prune = prune
        self.access_keys: list[NewAccessKey] = []

    def account(self, declared: DeclaredAccount) -> None:
        account = declared.account
        if self.changes.transaction.row(schema.accounts, account=account) is None:
            accounts.create(self.changes, account, declared.organization)
        elif declared.organization is not None or self.prune:
            accounts.set_organization(self.changes, account, declared.organization)
        self._policies(whole_account(account), declared.policies)
        for kind in _ORDER:
            for principal in declared.principals:
                if principal.principal.kind == kind:
                    self._principal(principal)
        if self.prune:
            self._prune(account, {principal.principal for principal in declared.principals})

    def _principal(self, declared: DeclaredPrincipal) -> None:
        changes, principal = self.changes, declared.principal
        row = changes.transaction.row(schema.principals, **principal.key)
        if row is None:
            path = declared.path or "/"
            principals.create(changes, principal, path=path, tags=declared.tags, trust=declared.trust)
        else:
            if declared.path not in (None, row["path"]):
                mended = f"{text(row, 'path')} cannot become {declared.path}"
                raise StoreError(f"the path of {principal} stays as it is: {mended}, unless you delete it first")
            self._tags(principal, declared.tags)
        trust = [] if declared.trust is None else [DeclaredPolicy(TRUST, TRUST, declared.trust)]
        self._policies(principal, [*trust, *declared.policies])
        if principal.kind == USER:
            self._groups(principal, declared.groups)
            self._access_keys(principal, declared.access_keys)

    def _tags(self, principal: Principal, declared: dict[str, str] | None) -> None:
        if principal.kind == GROUP:
            return
        if self.prune:
            present = principals.tags_of(self.changes.transaction, principal)
            kept = {key.lower() for key in declared or {}}
            principals.untag(self.changes, principal, [key for key in present if key.lower() not in kept])
        principals.tag(self.changes, principal, declared or {})

    def _policies(self, principal: Principal, declared: Iterable[DeclaredPolicy]) -> None:
        present = {
            (text(row, "purpose"), text(row, "policy_name")): policies.document_of(row)
            for row in policies.of(self.changes.transaction, principal)
        }
        wanted = {(policy.purpose, policy.name): policy.document for policy in declared}
        if self.prune:
            for purpose, name in present:
                if (purpose, name) not in wanted and purpose != TRUST:
                    policies.remove(self.changes, principal, name, purpose)
        for (purpose, name), document in wanted.items():
            if (purpose, name) in present and policies.same_document(present[purpose, name], document):
                continue
            if document is None:
                policies.attach(self.changes, principal, name, purpose)
            else:
                policies.put(self.changes, principal, name, document, purpose)

    def _groups(self, user: Principal, declared: Sequence[str]) -> None:
        if self.prune:
            for group in groups.of_user(self.changes.transaction, user):
                if group not in declared:
                    groups.remove_member(self.changes, user.account, group, user.name)
        for group in declared:
            groups.add_member(self.changes, user.account, group, user.name)

    def _access_keys(self, user: Principal, number: int | None) -> None:
        present = access_keys.of_user(self.changes.transaction, user)
        wanted = number or 0
        if self.prune:
            # Those that nobody can be using go first, then the oldest.
            present.sort(key=lambda row: row["status"] == access_keys.ACTIVE)
            for row in present[: max(0, len(present) - wanted)]:
                access_keys.delete(self.changes, user.account, text(row, "access_key_id"))
        for _ in range(wanted - len(present)):
            self.access_keys.append(access_keys.create(self.changes, user))

    def _prune(self, account: str, declared: set[Principal]) -> None:
        for kind in reversed(_ORDER):
            for name, _ in principals.named(self.changes.transaction, account, kind):
                if Principal(account, kind, name) not in declared:
                    principals.delete(self.changes, Principal(account, kind, name))
