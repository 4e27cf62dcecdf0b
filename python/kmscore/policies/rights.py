"""Who can do what to a key of a store, and which statement or grant decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from kmscore.arns import principal_arn, root_arn
from kmscore.policies.decisions import Decision, Identity, Subject, decide, identity_of
from kmscore.policies.documents import account_of, key_actions, of_statements, statements
from kmscore.store import schema

if TYPE_CHECKING:
    from kmscore.store.store import Store
    from kmscore.store.transaction import View


@dataclass(frozen=True)
class Right:
    """Whether a principal may do one thing."""

    principal: str
    action: str
    allowed: Literal["yes", "if", "no"]
    """`if`: where the conditions of a statement, or the constraints of a grant, are met."""
    by: str
    """The statement or grant that decides; empty when none does."""
    explanation: str


def rights(
    store: Store, subject: Subject, principals: Iterable[str] = (), actions: Iterable[str] = ()
) -> Iterator[Right]:
    """Who may do what to a key.

    Args:
        store: The key's store, which knows the identities.
        subject: The key.
        principals: Of whom; else of all that the store or the key's policy or grants know.
        actions: What; else every action that can be on a key.
    """
    chosen = list(actions) or key_actions()
    loose = _without_conditions(subject)
    for arn in list(principals) or principals_of(store, subject):
        identity = identity_of(store, arn)
        at_ease = _identity_without_conditions(identity)
        for action in chosen:
            yield _right(subject, loose, identity, at_ease, action)


def principals_of(store: Store, subject: Subject) -> list[str]:
    """All principals that may have to do with a key: of its account, its policy and its grants.

    Args:
        store: The key's store.
        subject: The key.
    """
    region = subject.arn.split(":")[3]
    named = [name for statement in statements(subject.policy) for name in statement.principals() if name != "*"]
    arns = [root_arn(name, region) if name.isdigit() else name for name in named]
    granted = [str(grant["grantee"]) for grant in subject.grants]
    known = [name for name in [*arns, *granted] if account_of(name) is not None or "." in name]
    return list(dict.fromkeys([root_arn(subject.account, region), *_of_account(store, subject.account), *known]))


def _of_account(store: Store, account: str) -> list[str]:
    def read(view: View) -> list[str]:
        table = schema.principals
        rows = view.rows(
            table, table.c.account == account, table.c.kind.in_(["user", "role"]), order_by=[table.c.kind, table.c.name]
        )
        return [principal_arn(account, str(row["kind"]), str(row["path"]), str(row["name"])) for row in rows]

    return store.read(read)


def _right(subject: Subject, loose: Subject, identity: Identity, at_ease: Identity, action: str) -> Right:
    found = decide(subject, identity, action)
    possible = found if found.allowed else decide(loose, at_ease, action)
    answer: Literal["yes", "if", "no"] = "yes" if found.allowed else "if" if possible.allowed else "no"
    decisive: Decision = possible if answer == "if" else found
    return Right(identity.arn, action, answer, decisive.by, found.explanation)


def _without_conditions(subject: Subject) -> Subject:
    grants = tuple({**grant, "constraints": {}} for grant in subject.grants)
    return replace(subject, policy=_loosened(subject.policy), grants=grants)


def _identity_without_conditions(identity: Identity) -> Identity:
    """Denials stay only where they are unconditional, and what is allowed under conditions is allowed."""
    policies = {
        purpose: [{**policy, "document": policy["document"] and _loosened(policy["document"])} for policy in found]
        for purpose, found in identity.policies.items()
    }
    return replace(identity, policies=policies)


def _loosened(document: str) -> str:
    elements: list[dict[str, Any]] = []
    for statement in statements(document):
        bare = {name: value for name, value in statement.element.items() if name != "Condition"}
        denies_sometimes = not statement.allows and "Condition" in statement.element
        # A statement that cannot apply keeps the numbers of those behind it.
        dead = {"Action": "kms:None"} if denies_sometimes else {}
        elements.append({**{k: v for k, v in bare.items() if not (dead and k in ("Action", "NotAction"))}, **dead})
    return of_statements(elements)
