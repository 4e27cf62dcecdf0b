"""What a grant may say: its principals, operations and constraints, and how a grant made through another is bounded.

Source: AWS KMS developer guide, "Grants in AWS KMS"; AWS KMS API Reference, CreateGrant and GrantConstraints.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kmscore import errors
from kmscore.arns import partition
from kmscore.store.rows import Row, text

_OF_EVERY_KEY = frozenset({"CreateGrant", "RetireGrant", "DescribeKey"})
_OF_ENCRYPTION = frozenset({"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"})
_OF_DATA_KEYS = frozenset(
    {
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
    }
)
_OF_USAGE = {
    "ENCRYPT_DECRYPT": _OF_ENCRYPTION | {"GetPublicKey"},
    "SIGN_VERIFY": frozenset({"Sign", "Verify", "GetPublicKey"}),
    "GENERATE_VERIFY_MAC": frozenset({"GenerateMac", "VerifyMac"}),
    "KEY_AGREEMENT": frozenset({"DeriveSharedSecret", "GetPublicKey"}),
    "ENCAPSULATE_DECAPSULATE": frozenset({"Encapsulate", "Decapsulate", "GetPublicKey"}),
}
_SYMMETRIC = "SYMMETRIC_DEFAULT"
_MOST_PAIRS = 8
_LONGEST_CONTEXT = 384
_PRINCIPAL = re.compile(
    r"arn:(?P<partition>[^:]+):"
    r"(?:iam::(?P<iam>[0-9]{12}):(?:root|(?:user|role)/[\w+=,.@/-]+)"
    r"|sts::(?P<sts>[0-9]{12}):(?:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+|federated-user/[\w+=,.@-]+))",
    re.ASCII,
)


class Constraints(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """GrantConstraints of the API."""

    encryption_context_equals: dict[str, str] | None = None
    encryption_context_subset: dict[str, str] | None = None
    source_arn: str | None = None

    def to_json(self) -> str:
        """The form in the store: the same text for the same constraints."""
        return json.dumps(msgspec.to_builtins(self), sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True)
class Terms:
    """What a grant allows, and within which bounds."""

    operations: tuple[str, ...]
    constraints: Constraints

    @classmethod
    def of(cls, grant: Row) -> "Terms":
        """The terms of a stored grant."""
        constraints = msgspec.json.decode(text(grant, "constraints"), type=Constraints)
        return cls(tuple(json.loads(text(grant, "operations"))), constraints)

    def within(self, parent: "Terms") -> bool:
        """Whether a grant of these terms may be made through a grant of the parent's.

        Args:
            parent: The grant that allows its grantee to make grants.
        """
        return set(self.operations) <= set(parent.operations) and _is_as_strict(self.constraints, parent.constraints)


def check_principal(arn: str, region: str) -> str:
    """The account of a principal that a grant may name: an account, user, role, or a session of one; no group.

    Args:
        arn: Its ARN.
        region: The Region of the grant, which says in which partition it must be.

    Raises:
        InvalidArnException: It is no such ARN.
    """
    match = _PRINCIPAL.fullmatch(arn)
    if match is None or match["partition"] != partition(region):
        raise errors.InvalidArnException(f"ARN does not refer to a valid principal: {arn}")
    return match["iam"] or match["sts"]


def check_terms(terms: Terms, key: Row, arn: str) -> None:
    """Refuse what a grant for this key cannot say.

    Args:
        terms: What it is to say.
        key: The key's row.
        arn: The key's ARN.

    Raises:
        ValidationException: An operation is none of the key's, or a constraint is not possible.
    """
    spec, usage = text(key, "spec"), text(key, "usage")
    if not terms.operations:
        raise errors.ValidationException("Operations must name at least one grant operation.")
    if unknown := [name for name in terms.operations if name not in _operations_of(spec, usage)]:
        raise errors.ValidationException(
            f"Grant operations [{', '.join(unknown)}] are not valid for {arn}, "
            f"whose key spec is {spec} and whose key usage is {usage}."
        )
    constraints = terms.constraints
    contexts = {
        "EncryptionContextEquals": constraints.encryption_context_equals,
        "EncryptionContextSubset": constraints.encryption_context_subset,
    }
    for name, context in contexts.items():
        if context is not None:
            _check_context(name, context, spec)


def _operations_of(spec: str, usage: str) -> frozenset[str]:
    own = _OF_ENCRYPTION | _OF_DATA_KEYS if spec == _SYMMETRIC else _OF_USAGE[usage]
    return own | _OF_EVERY_KEY


def _check_context(name: str, context: Mapping[str, str], spec: str) -> None:
    if spec != _SYMMETRIC:
        raise errors.ValidationException(
            f"{name} is valid only for symmetric encryption KMS keys: operations with a {spec} key have no "
            "encryption context."
        )
    if len(context) > _MOST_PAIRS:
        raise errors.ValidationException(f"{name} has {len(context)} pairs, and can have {_MOST_PAIRS}.")
    length = sum(len(key) + len(value) for key, value in context.items())
    if length > _LONGEST_CONTEXT:
        raise errors.ValidationException(f"{name} has {length} characters, and can have {_LONGEST_CONTEXT}.")
    # Constraints ignore the letter case of keys: two that differ by it alone would count as two and match one.
    if len(_folded(context)) < len(context):
        raise errors.ValidationException(f"{name} has keys that differ by letter case alone.")


def _is_as_strict(child: Constraints, parent: Constraints) -> bool:
    if parent.source_arn not in (None, child.source_arn):
        return False
    equals = child.encryption_context_equals
    if parent.encryption_context_equals is not None and (
        equals is None or _pairs(equals) != _pairs(parent.encryption_context_equals)
    ):
        return False
    if parent.encryption_context_subset is None:
        return True
    # A context that must be these pairs has each of them, too.
    promised = [_pairs(context) for context in (equals, child.encryption_context_subset) if context is not None]
    return any(_pairs(parent.encryption_context_subset) <= pairs for pairs in promised)


def _pairs(context: Mapping[str, str]) -> set[tuple[str, str]]:
    return {(_fold(key), value) for key, value in context.items()}


def _folded(names: Iterable[str]) -> set[str]:
    return {_fold(name) for name in names}


def _fold(name: str) -> str:
    """Letter case as the engine ignores it: that of ASCII."""
    return "".join(character.lower() if character.isascii() else character for character in name)


def described(constraints: str) -> dict[str, Any]:
    """The member `Constraints` of a listed grant, if it has any."""
    found = json.loads(constraints)
    return {"Constraints": found} if found else {}
