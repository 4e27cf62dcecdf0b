"""What identities are called: accounts, principals, paths, tags. Each is checked once, here.

Source: IAM User Guide, "IAM and AWS STS quotas", "IAM identifiers".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kmscore import _core
from kmscore._core import StoreError
from kmscore.arns import principal_arn
from kmscore.store.rows import Row

USER, ROLE, GROUP = "user", "role", "group"
ACCOUNT = "account"
"""The kind, with an empty name, under which the policies of a whole account stand."""

_NAME_LENGTHS = {USER: 64, ROLE: 64, GROUP: 128}
_POLICY_NAME_LENGTH = 128
_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH = re.compile(r"/([\w+=,.@-]+/)*", re.ASCII)
_PATH_LENGTH = 512
_TAGS, _TAG_KEY_LENGTH, _TAG_VALUE_LENGTH = 50, 128, 256
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")

# The purposes of policies, and who can have one.
IDENTITY, BOUNDARY, TRUST = "identity", "boundary", "trust"
SERVICE_CONTROL, RESOURCE_CONTROL = "service_control", "resource_control"
PURPOSES = {
    IDENTITY: (USER, ROLE, GROUP),
    BOUNDARY: (USER, ROLE),
    TRUST: (ROLE,),
    SERVICE_CONTROL: (ACCOUNT,),
    RESOURCE_CONTROL: (ACCOUNT,),
}


@dataclass(frozen=True, order=True)
class Principal:
    """A user, role or group of an account, or, of kind `account` and without a name, the account itself."""

    account: str
    kind: str
    name: str

    def __post_init__(self) -> None:
        """Refuse what cannot be one.

        Raises:
            StoreError: The account is not 12 digits, or the name is malformed.
        """
        check_account(self.account)
        if self.kind != ACCOUNT:
            _check_name(f"{self.kind} name", self.name, _NAME_LENGTHS[self.kind])

    @property
    def key(self) -> Row:
        """Its columns in every table that has them."""
        return {"account": self.account, "kind": self.kind, "name": self.name}

    def arn(self, path: str = "/") -> str:
        """Its ARN."""
        return principal_arn(self.account, self.kind, path, self.name)

    def __str__(self) -> str:
        """For texts: `user ana of account 123456789012`."""
        return (
            f"account {self.account}" if self.kind == ACCOUNT else f"{self.kind} {self.name} of account {self.account}"
        )


def whole_account(account: str) -> Principal:
    """What has the policies of a whole account.

    Args:
        account: 12 digits.
    """
    return Principal(account, ACCOUNT, "")


def check_account(account: str) -> str:
    """An account's number.

    Args:
        account: 12 digits.

    Raises:
        StoreError: It is something else.
    """
    if len(account) != 12 or not (account.isascii() and account.isdigit()):
        raise StoreError(f"account {account!r} is not 12 digits")
    return account


def check_organization(organization: str) -> str:
    """The id of an organization.

    Args:
        organization: `o-` and 10 to 32 letters and digits.

    Raises:
        StoreError: It is something else.
    """
    if not _ORGANIZATION.fullmatch(organization):
        raise StoreError(f"organization {organization!r} is not o- and 10 to 32 lower-case letters and digits")
    return organization


def check_path(path: str) -> str:
    """The path of a principal.

    Args:
        path: Begins and ends with `/`.

    Raises:
        StoreError: It is malformed.
    """
    if len(path) > _PATH_LENGTH or not _PATH.fullmatch(path):
        raise StoreError(f"path {path!r} must begin and end with /, and hold letters, digits and _+=,.@- between")
    return path


def check_policy_name(name: str) -> str:
    """The name of a policy that has a document of its own.

    Args:
        name: Letters, digits and `_+=,.@-`; none of an AWS managed policy.

    Raises:
        StoreError: It is malformed, or AWS's.
    """
    if name in managed_policies():
        raise StoreError(f"{name} is an AWS managed policy, which can be attached but not written")
    return _check_name("policy name", name, _POLICY_NAME_LENGTH)


def managed_policies() -> dict[str, str]:
    """Name → text of the AWS managed policies that kmscore has."""
    return dict(_core.managed_policies())


def check_managed_policy(name: str, purpose: str) -> str:
    """The name of an AWS managed policy that serves a purpose.

    Args:
        name: Its name.
        purpose: One of `PURPOSES`.

    Raises:
        StoreError: There is none.
    """
    fitting = [known for known, text in managed_policies().items() if _core.policy_fault(text, purpose) is None]
    if name not in fitting:
        those = ", ".join(fitting) or "none"
        raise StoreError(f"{name!r} is none of the AWS managed policies for the purpose {described(purpose)}: {those}")
    return name


def check_document(document: str, purpose: str) -> str:
    """A policy document.

    Args:
        document: JSON.
        purpose: One of `PURPOSES`.

    Raises:
        StoreError: It is no policy of that purpose; the text says why.
    """
    fault = _core.policy_fault(document, purpose)
    if fault is not None:
        raise StoreError(f"the {described(purpose)} policy is refused: {fault}")
    return document


def check_purpose(purpose: str, principal: Principal) -> str:
    """The purpose of a policy.

    Args:
        purpose: One of `PURPOSES`.
        principal: Who is to have the policy.

    Raises:
        StoreError: Such a principal has no policy of that purpose.
    """
    if principal.kind not in PURPOSES.get(purpose, ()):
        kinds = {ACCOUNT: "an account", USER: "a user", ROLE: "a role", GROUP: "a group"}
        raise StoreError(f"{kinds[principal.kind]} has no {described(purpose)} policy")
    return purpose


def check_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """All tags of a principal.

    Args:
        tags: Key → value.

    Raises:
        StoreError: A tag is malformed, or there are too many.
    """
    if len(tags) > _TAGS:
        raise StoreError(f"{len(tags)} tags are too many: a user or role has at most {_TAGS}")
    seen: set[str] = set()
    for key, value in tags.items():
        if not 1 <= len(key) <= _TAG_KEY_LENGTH or len(value) > _TAG_VALUE_LENGTH:
            raise StoreError(
                f"tag {key!r} must have a key of 1 to {_TAG_KEY_LENGTH} characters and a value of at most "
                f"{_TAG_VALUE_LENGTH}"
            )
        if not (_is_tag_text(key) and _is_tag_text(value)):
            raise StoreError(f"tag {key!r} may hold letters, digits, spaces and _.:/=+-@ only")
        if key.lower().startswith("aws:"):
            raise StoreError(f"tag {key!r}: keys that begin with aws: are AWS's")
        if key.lower() in seen:
            raise StoreError(f"tag {key!r} is given twice; upper and lower case count the same")
        seen.add(key.lower())
    return dict(tags)


def tags_text(tags: Mapping[str, str]) -> str:
    """Tags as the store has them."""
    return json.dumps(dict(sorted(tags.items())), ensure_ascii=False, separators=(",", ":"))


def described(purpose: str) -> str:
    """A purpose in a text: `service control`."""
    return {BOUNDARY: "permissions boundary"}.get(purpose, purpose.replace("_", " "))


def _check_name(what: str, name: str, length: int) -> str:
    if len(name) > length or not _NAME.fullmatch(name):
        raise StoreError(f"{what} {name!r} must be 1 to {length} letters, digits and _+=,.@- signs")
    return name


def _is_tag_text(text: str) -> bool:
    return all(sign.isalpha() or sign.isdecimal() or sign in " _.:/=+-@" for sign in text)


def same_name(names: Iterable[str], name: str) -> str | None:
    """The one of the names that IAM takes for this one: upper and lower case count the same.

    Args:
        names: Those there are.
        name: The one that is looked for.
    """
    return next((known for known in names if known.lower() == name.lower()), None)
