"""Decides as AWS's documents say, slowly and obviously: the oracle of the differential test.

Shares nothing with the engine.

Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic", "Permissions boundaries",
"NotPrincipal"; AWS KMS developer guide, "Key policies", "Grants".
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from policies.slow_language import Context, Unknown, alike, arn_alike, condition_holds, expanded

Policy = dict[str, Any]
Statement = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """The answer. `explicit`: a statement with the effect Deny made it."""

    allowed: bool
    explicit: bool = False


@dataclass
class Who:
    """The principal of a request."""

    text: str
    kind: str = field(init=False)
    """root, user, role (with or without a session), federated, service."""
    account: str | None = field(init=False, default=None)
    role: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.kind = "service"
        parts = self.text.split(":", 5)
        if len(parts) < 6:
            return
        self.account = parts[4]
        kind, _, name = parts[5].partition("/")
        self.kind = {"assumed-role": "role", "federated-user": "federated"}.get(kind, kind)
        if kind == "role":
            self.role = self.text
        if kind == "assumed-role":
            self.role = f"arn:{parts[1]}:iam::{parts[4]}:role/{name.split('/')[0]}"

    @property
    def is_session(self) -> bool:
        """Whether it has a name of its own besides its role's."""
        return ":assumed-role/" in self.text

    def is_account(self, named: str) -> bool:
        """Whether a text names its account: the bare number, or its root."""
        return self.account is not None and (named == self.account or _is_root_of(named, self.account))


def decide(question: dict[str, Any]) -> Verdict:
    """Decide a question of the form that `_core.decide_policy` takes."""
    return _Decision(question).verdict()


class _Decision:
    def __init__(self, question: dict[str, Any]) -> None:
        self.question = question
        self.action: str = question["action"]
        self.resource: str = question["resource"]
        self.owner: str | None = question["owner"]
        self.who = Who(question["principal"])
        self.context: Context = question.get("context") or {}
        text = question.get("key_policy")
        self.key_policy: list[Policy] = [json.loads(text)] if text else []
        self.boundary = self._documents("boundary")

    def verdict(self) -> Verdict:
        if self._denied():
            return Verdict(allowed=False, explicit=True)
        if not self._guard_rails_allow():
            return Verdict(allowed=False)
        if self.owner is None:
            own = self.resource == "*" or self.resource.split(":")[4] == self.who.account
            return Verdict(own and self._own_side_allows())
        return Verdict(self._key_policy_lets_in() or self._grant_lets_in())

    # -- policies

    def _documents(self, member: str) -> list[Policy]:
        given = self.question.get(member) or []
        return [json.loads(policy["document"]) for policy in (given if isinstance(given, list) else [given])]

    def _levels(self, member: str) -> list[list[Policy]]:
        levels = self.question.get(member) or []
        return [[json.loads(policy["document"]) for policy in level] for level in levels]

    def _service_control(self) -> list[list[Policy]]:
        """They bind principals of accounts, and AWS services are in none."""
        return self._levels("service_control") if self.who.account else []

    # -- the three parts of a decision

    def _denied(self) -> bool:
        if any(self._key_statements("Deny")):
            return True
        control = [*self._service_control(), *self._levels("resource_control")]
        lists = [*control, *(self._documents(m) for m in ("identity", "session", "vpc_endpoint")), self.boundary]
        return any(self._one_says("Deny", policies) for policies in lists)

    def _guard_rails_allow(self) -> bool:
        levels = [*self._service_control(), *self._levels("resource_control"), self._documents("vpc_endpoint")]
        return all(self._one_says("Allow", policies) for policies in levels if policies)

    def _own_side_allows(self) -> bool:
        """An identity policy, within boundary and session policies; the root user needs none."""
        if self.who.kind == "service":
            return False
        if self.who.kind != "root" and not self._one_says("Allow", self._documents("identity")):
            return False
        return self._limits_allow()

    def _limits_allow(self) -> bool:
        # A federated user without a session policy has no more than what names its session.
        if self.who.kind == "federated" and not self._documents("session"):
            return False
        return all(
            self._one_says("Allow", policies) for policies in (self.boundary, self._documents("session")) if policies
        )

    def _key_policy_lets_in(self) -> bool:
        at_home = self.who.account in (None, self.owner)
        for statement in self._key_statements("Allow"):
            for how in self._ways(statement):
                if not at_home or how == "account":
                    if self._own_side_allows():
                        return True
                elif how == "role" or (how == "everyone" and self.who.account is not None):
                    if self._limits_allow():
                        return True
                elif how == "itself":
                    return True
        return False

    def _grant_lets_in(self) -> bool:
        if not self.question.get("granted"):
            return False
        how = self._way(self.question.get("grantee") or self.who.text, "AWS" if self.who.account else "Service")
        if how == "itself":
            return True
        if how == "role":
            return self._limits_allow()
        return how == "account" and self._own_side_allows()

    # -- statements

    def _key_statements(self, effect: str) -> Iterator[Statement]:
        """Statements of the key policy that apply to this request, its principal included."""
        for policy in self.key_policy:
            for statement in _statements(policy):
                if self._applies(policy, statement, effect) and any(self._ways(statement)):
                    yield statement

    def _one_says(self, effect: str, policies: list[Policy]) -> bool:
        return any(
            self._applies(policy, statement, effect) and self._reaches(statement)
            for policy in policies
            for statement in _statements(policy)
        )

    def _reaches(self, statement: Statement) -> bool:
        """Policies of identities name no principal; those of endpoints and organizations do."""
        if "NotPrincipal" in statement:
            return not self._excepted(statement["NotPrincipal"])
        return "Principal" not in statement or any(self._ways(statement))

    def _applies(self, policy: Policy, statement: Statement, effect: str) -> bool:
        variables = policy.get("Version") == "2012-10-17"
        return (
            statement["Effect"] == effect
            and self._action_covered(statement)
            and self._resource_covered(statement, variables=variables)
            and self._conditions_hold(statement, variables=variables)
        )

    def _action_covered(self, statement: Statement) -> bool:
        element = "NotAction" if "NotAction" in statement else "Action"
        texts = _list(statement.get(element, []))
        covered = any(
            alike(expanded(text.lower(), {}, wildcards=True, variables=False), self.action.lower()) for text in texts
        )
        # A statement without actions is kept and dead.
        return bool(texts) and covered != (element == "NotAction")

    def _resource_covered(self, statement: Statement, *, variables: bool) -> bool:
        element = "NotResource" if "NotResource" in statement else "Resource"
        texts = _list(statement.get(element, []))
        if not texts:
            return False
        unknown = False
        for text in texts:
            try:
                if text == "*" or arn_alike(text, self.resource, self.context, variables=variables):
                    return element == "Resource"
            except Unknown:
                unknown = True
        if unknown:
            return element == "NotResource" and statement["Effect"] == "Deny"
        return element == "NotResource"

    def _conditions_hold(self, statement: Statement, *, variables: bool) -> bool:
        deny = statement["Effect"] == "Deny"
        return all(
            condition_holds(operator, key, _list(wanted), self.context, deny=deny, variables=variables)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )

    # -- principals

    def _ways(self, statement: Statement) -> Iterator[str]:
        """How a statement of a resource's policy names the caller: itself, everyone, role, account."""
        if "NotPrincipal" in statement:
            # AWS: who has a permissions boundary is always denied by a NotPrincipal.
            if self.boundary or not self._excepted(statement["NotPrincipal"]):
                yield "everyone"
            return
        for kind, named in _named(statement["Principal"]):
            how = self._way(named, kind)
            if how:
                yield how

    def _way(self, named: str, kind: str) -> str | None:
        if kind == "Service":
            return "itself" if self.who.kind == "service" and named == self.who.text else None
        if kind != "AWS":
            return None
        if named == "*":
            return "everyone"
        if self.who.is_account(named):
            return "itself" if self.who.kind == "root" else "account"
        if named == self.who.role:
            return "role"
        return "itself" if named == self.who.text and self.who.account else None

    def _excepted(self, element: Any) -> bool:
        """A user is left out with its account, a session with its account and its role."""
        named = [text for kind, text in _named(element) if kind == "AWS"]
        services = [text for kind, text in _named(element) if kind == "Service"]
        if "*" in named:
            return True
        if self.who.kind == "service":
            return self.who.text in services
        account = any(self.who.is_account(text) for text in named)
        if self.who.kind == "root":
            return account
        if self.who.kind == "role":
            return account and self.who.role in named and (not self.who.is_session or self.who.text in named)
        return account and self.who.text in named


def _named(element: Any) -> list[tuple[str, str]]:
    if element == "*":
        return [("AWS", "*")]
    return [(kind, text) for kind, texts in element.items() for text in _list(texts)]


def _statements(policy: Policy) -> list[Statement]:
    found = policy["Statement"]
    return found if isinstance(found, list) else [found]


def _list(given: Any) -> list[str]:
    return [_text(value) for value in given] if isinstance(given, list) else [_text(given)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_root_of(named: str, account: str) -> bool:
    parts = named.split(":")
    return len(parts) == 6 and parts[2] == "iam" and parts[4:] == [account, "root"]
