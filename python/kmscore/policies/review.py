"""What is wrong with a policy, or may be: faults, misspellings, whom it opens the key to, what it does not do."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kmscore import _core
from kmscore.arns import principal_arn
from kmscore.policies.decisions import Identity, Subject, decide
from kmscore.policies.documents import (
    Statement,
    account_of,
    is_account_level,
    key_actions,
    of_statements,
    statements,
)

_ANY_KEY = "arn:aws:kms:us-east-1:{account}:key/00000000-0000-0000-0000-000000000000"
_NOBODY = "000000000000"
_REPLACE = "kms:PutKeyPolicy"


@dataclass(frozen=True)
class Finding:
    """One thing to look at."""

    severity: Literal["fail", "warn", "note"]
    """`fail`: it is refused, or does harm; `warn`: it is hardly meant; `note`: it should be known."""
    rule: str
    text: str
    statement: str = ""
    """The statement's Sid or number."""


def review(document: str, kind: str = "key", *, account: str | None = None, arn: str | None = None) -> list[Finding]:
    """Look at a policy.

    Args:
        document: Its text.
        kind: What it is attached to: `key`, `identity`, `session`, `boundary`, `service_control`, `resource_control`,
            `vpc_endpoint` or `trust`.
        account: The account of its key; else the one whose root user it names, if it names one.
        arn: The key's ARN, where it is known.

    Returns:
        The worst first.
    """
    fault = _core.policy_fault(document, kind)
    if fault is not None:
        return [Finding("fail", "malformed", fault)]
    found = [*_misspelled(document, kind)]
    if kind == "key":
        owner = account or _owner(document) or _NOBODY
        subject = Subject(arn or _ANY_KEY.format(account=owner), owner, document)
        for check in (_public, _cross_account, _lock_out, _dead):
            found += check(subject)
    return sorted(found, key=lambda finding: ("fail", "warn", "note").index(finding.severity))


def nearest(name: str, known: list[str]) -> str | None:
    """The known name that was probably meant, in whatever letter case.

    Args:
        name: What was written.
        known: All names.
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def _misspelled(document: str, kind: str) -> Iterator[Finding]:
    actions, keys = _core.policy_unknowns(document, kind)
    vocabulary = _core.policy_vocabulary()
    for action in actions:
        text = f"{action} covers no action of AWS KMS"
        if action.lower() == "kms:reencrypt":
            text += "; it takes kms:ReEncryptFrom and kms:ReEncryptTo, or kms:ReEncrypt*"
        elif meant := nearest(action, vocabulary["actions"]):
            text += f"; is {meant} meant?"
        yield Finding("warn", "unknown-action", text)
    for key in keys:
        meant = nearest(key, list(vocabulary["condition_keys"]))
        hint = f"; is {meant} meant?" if meant else ""
        yield Finding("warn", "unknown-condition-key", f"{key} is no condition key of AWS KMS or IAM{hint}")


def _public(subject: Subject) -> Iterator[Finding]:
    for statement in statements(subject.policy):
        if statement.allows and "*" in statement.principals() and not statement.is_bound:
            text = (
                "it allows everyone: every principal of the key's account, and every one of any other account whose "
                "own policies allow it; name principals, or bind them by kms:CallerAccount or aws:PrincipalOrgID"
            )
            yield Finding("fail", "public-access", text, statement.name)


def _cross_account(subject: Subject) -> Iterator[Finding]:
    for statement in statements(subject.policy):
        foreign = [name for name in statement.principals() if account_of(name) not in (None, subject.account)]
        if statement.allows and foreign and subject.account != _NOBODY:
            text = f"it allows other accounts: {', '.join(foreign)}; their own policies must allow it, too"
            yield Finding("note", "cross-account", text, statement.name)


def _lock_out(subject: Subject) -> Iterator[Finding]:
    named = [name for s in statements(subject.policy) if s.allows for name in s.principals()]
    delegated = Identity(_root(subject.account))
    if decide(subject, delegated, _REPLACE).allowed:
        return
    able = [name for name in dict.fromkeys(named) if _may_replace(subject, name)]
    if not able:
        text = (
            "nobody in the key's account can replace this policy again (kms:PutKeyPolicy): the key would be lost to it"
        )
        yield Finding("fail", "lock-out", text)
        return
    text = (
        f"only {', '.join(able)} can replace this policy; if that is deleted, nobody can: let the account's root have "
        "kms:PutKeyPolicy as well"
    )
    yield Finding("warn", "lock-out", text)


def _may_replace(subject: Subject, name: str) -> bool:
    home = account_of(name) in (subject.account, None) or subject.account == _NOBODY
    if not home or (":" not in name and account_of(name) is None and name != "*"):
        return False
    who = _anyone(subject.account) if name == "*" else name
    owner = account_of(who) or subject.account
    return decide(Subject(subject.arn, owner, subject.policy), Identity(who), _REPLACE).allowed


def _dead(subject: Subject) -> Iterator[Finding]:
    every = statements(subject.policy)
    denials = [s.element for s in every if not s.allows and "Condition" not in s.element]
    for statement in every:
        text = _why_dead(subject, statement, denials)
        if text:
            yield Finding("warn", "dead-statement", text, statement.name)


def _why_dead(subject: Subject, statement: Statement, denials: list[dict[str, object]]) -> str | None:
    element = statement.element
    for one in ("Action", "Resource"):
        if one not in element and f"Not{one}" not in element:
            return f"it has no {one}, so it never applies"
    everyone = {"Principal": "*"} if "Principal" in element or "NotPrincipal" in element else {}
    bare = {name: value for name, value in element.items() if name not in ("Condition", "NotPrincipal", "Principal")}
    alone = {**bare, **everyone, "Effect": "Allow"}
    covered = _covered(subject, [alone])
    if not covered:
        gone = [action for action in statement.actions() if is_account_level(action)]
        if gone:
            return f"a key policy cannot give {', '.join(gone)}: identity policies do"
        return "it covers no action on this key: its Action names none, or its Resource is another key (use *)"
    if statement.allows and set(covered) == {"kms:RetireGrant"}:
        return "kms:RetireGrant in a key policy has no effect: the grant says who may retire it"
    if statement.allows and denials and not _survives(subject, statement, covered, denials):
        return "all that it allows is denied by other statements"
    return None


def _covered(subject: Subject, elements: list[dict[str, object]]) -> list[str]:
    """The actions on keys that statements for everyone allow."""
    key = Subject(subject.arn, subject.account, of_statements(elements))
    anyone = Identity(_anyone(subject.account))
    return [action for action in key_actions() if decide(key, anyone, action).allowed]


def _root(account: str) -> str:
    return principal_arn(account, "account", "/", "")


def _anyone(account: str) -> str:
    """A user of whom no policy speaks by name."""
    return principal_arn(account, "user", "/", "anyone")


def _survives(subject: Subject, statement: Statement, covered: list[str], denials: list[dict[str, object]]) -> bool:
    """Whether somebody whom it names keeps one of its actions, conditions left aside."""
    alone = {name: value for name, value in statement.element.items() if name != "Condition"}
    key = Subject(subject.arn, subject.account, of_statements([alone, *denials]))
    everything: dict[str, list[dict[str, str | None]]] = {
        "identity": [{"name": "AdministratorAccess", "document": None}],
    }
    named = [_root(name) if name.isdigit() else name for name in statement.principals()]
    callers = [_anyone(subject.account) if name == "*" else name for name in named]
    # Whoever an account is named for is not known: its users are, and its root.
    callers += [name.removesuffix("root") + "user/anyone" for name in callers if name.endswith(":root")]
    return any(
        decide(key, Identity(caller, policies=everything), action).allowed for caller in callers for action in covered
    )


def _owner(document: str) -> str | None:
    """The account whose root user a key policy names, which is nearly always the key's own."""
    roots = [
        name
        for statement in statements(document)
        if statement.allows
        for name in statement.principals()
        if name.endswith(":root")
    ]
    return account_of(roots[0]) if roots else None
