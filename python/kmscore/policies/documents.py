"""The text of a policy as Python sees it, once the engine has found no fault in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kmscore import _core

# Condition keys that bind who calls, and operators that do not widen what they bind.
_BINDING = (
    *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:userid"),
    *("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourcevpc", "aws:sourcevpce", "kms:calleraccount"),
)
_NARROW = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")
_OPERATIONS = {operation["name"]: operation for operation in _core.operations()}
_ACCOUNT_LEVEL = frozenset(
    action
    for operation in _OPERATIONS.values()
    if operation["resource"] in ("none", "custom key store", "key filter")
    for action in operation["actions"]
)
"""Actions on no key: a key policy cannot give them."""


@dataclass(frozen=True)
class Statement:
    """One statement of a policy."""

    name: str
    """Its Sid, or `#` and its number, as the engine names it."""
    element: dict[str, Any]

    @property
    def allows(self) -> bool:
        """Whether its effect is Allow."""
        return bool(self.element["Effect"] == "Allow")

    @property
    def conditions(self) -> Iterator[tuple[str, str, list[str]]]:
        """Operator, condition key in lower case, values."""
        for operator, keys in self.element.get("Condition", {}).items():
            for key, values in keys.items():
                yield operator, key.lower(), listed(values)

    @property
    def is_bound(self) -> bool:
        """Whether a condition binds the caller to fixed values, without which `*` is the whole world."""
        return any(
            operator.removeprefix("ForAnyValue:") in _NARROW
            and key in _BINDING
            and not any(mark in value for value in values for mark in "*?$")
            for operator, key, values in self.conditions
        )

    def actions(self) -> list[str]:
        """Its Action element."""
        return listed(self.element.get("Action", []))

    def principals(self) -> list[str]:
        """The texts of its Principal element, whatever kind they are of."""
        named = self.element.get("Principal", [])
        if isinstance(named, dict):
            return [text for texts in named.values() for text in listed(texts)]
        return listed(named)


def statements(document: str) -> list[Statement]:
    """The statements of a policy that the engine accepts.

    Args:
        document: Its text.
    """
    found = json.loads(document)["Statement"]
    elements = found if isinstance(found, list) else [found]
    return [Statement(element.get("Sid") or f"#{number}", element) for number, element in enumerate(elements, start=1)]


def of_statements(elements: list[dict[str, Any]]) -> str:
    """The text of a policy.

    Args:
        elements: Its statements.
    """
    return json.dumps({"Version": "2012-10-17", "Statement": elements})


def listed(value: Any) -> list[str]:
    """A text, or a list of them, as a list."""
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def account_of(principal: str) -> str | None:
    """The account of a principal as a policy names it; None for services, providers and everyone."""
    if len(principal) == 12 and principal.isdigit():
        return principal
    parts = principal.split(":")
    return parts[4] if len(parts) >= 6 and parts[4].isdigit() else None


def key_actions() -> list[str]:
    """The actions that a key policy can give, in order."""
    vocabulary: list[str] = _core.policy_vocabulary()["actions"]
    return [action for action in vocabulary if action not in _ACCOUNT_LEVEL]


def is_account_level(action: str) -> bool:
    """Whether an action is on no key, so that identity policies alone decide."""
    return action in _ACCOUNT_LEVEL
