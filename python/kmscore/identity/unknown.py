"""Principals that a policy names and the store does not know."""

from __future__ import annotations

import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kmscore import _core, errors
from kmscore.config import DEFAULT_ACCOUNT
from kmscore.errors import PolicyWarning
from kmscore.identity.names import ROLE
from kmscore.store import schema
from kmscore.store.rows import text

if TYPE_CHECKING:
    from kmscore.store.transaction import View

_ACCOUNT = re.compile(r"(?:arn:aws[^:]*:iam::)?(?P<account>\d{12})(?::root)?")
_PRINCIPAL = re.compile(r"arn:aws[^:]*:iam::(?P<account>\d{12}):(?P<kind>user|role)(?P<path>/(?:.*/)?)(?P<name>[^/]+)")
_SESSION = re.compile(r"arn:aws[^:]*:sts::(?P<account>\d{12}):assumed-role/(?P<name>[^/]+)/[^/]+")
_FEDERATED = re.compile(r"arn:aws[^:]*:sts::(?P<account>\d{12}):federated-user/.+")


def check_principals(view: View, document: str, account: str, *, strict: bool) -> None:
    """Warn of principals that a key policy names and the store does not know, or refuse the policy.

    Args:
        view: The store.
        document: A key policy that compiles.
        account: The account of the key, which is there.
        strict: Refuse it.

    Raises:
        MalformedPolicyDocumentException: It is to be refused.
    """
    unknown = unknown_principals(view, _core.policy_principals(document, "key"), account)
    if unknown and strict:
        raise errors.MalformedPolicyDocumentException(
            "Policy contains a statement with one or more invalid principals."
        )
    if unknown:
        fault = f"the policy names principals that the store does not know: {', '.join(unknown)}"
        warnings.warn(fault, PolicyWarning, stacklevel=_frames_of_kmscore())


def unknown_principals(view: View, arns: Iterable[str], account: str = DEFAULT_ACCOUNT) -> list[str]:
    """Those principals that the store does not know.

    What is not of an account (services, `*`, identity providers) is known. So are the default account and, once its
    account is known, a federated user: nobody keeps those anywhere.

    Args:
        view: The store.
        arns: Principals as policies name them.
        account: An account that is known, whatever the store says.
    """
    known = {DEFAULT_ACCOUNT, account}
    return [arn for arn in dict.fromkeys(arns) if not _is_known(view, arn, known)]


def unknown_in_key_policies(view: View) -> dict[str, int]:
    """Principals that key policies name and the store does not know, each with the number of those policies.

    Args:
        view: The store.
    """
    owners = {row["key_id"]: text(row, "account") for row in view.rows(schema.key_owners)}
    named: Counter[tuple[str, str]] = Counter()
    for policy in view.rows(schema.key_policies):
        account = owners[policy["key_id"]]
        principals = set(_core.policy_principals(text(policy, "document"), "key"))
        named.update((account, principal) for principal in principals)
    counts: Counter[str] = Counter()
    for (account, principal), times in sorted(named.items()):
        if unknown_principals(view, [principal], account):
            counts[principal] += times
    return dict(counts)


def _is_known(view: View, arn: str, known: set[str]) -> bool:
    if match := _ACCOUNT.fullmatch(arn) or _FEDERATED.fullmatch(arn):
        return match["account"] in known or view.row(schema.accounts, account=match["account"]) is not None
    if match := _PRINCIPAL.fullmatch(arn):
        row = view.row(schema.principals, account=match["account"], kind=match["kind"], name=match["name"])
        return row is not None and row["path"] == match["path"]
    if match := _SESSION.fullmatch(arn):
        return view.row(schema.principals, account=match["account"], kind=ROLE, name=match["name"]) is not None
    # Anything else of an account that policies can name is a user's or role's ARN with a name that none can have.
    return not arn.startswith("arn:") or ":iam:" not in arn or "-provider/" in arn


def _frames_of_kmscore() -> int:
    """How far up the first caller is that is not of kmscore, for `warnings.warn`."""
    depth = 1
    frame = sys._getframe(1)  # noqa: SLF001 - `skip_file_prefixes` comes with Python 3.12.
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "kmscore":
        depth += 1
        frame = frame.f_back
    return depth
