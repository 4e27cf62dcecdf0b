"""The table of decisions in decisions.json, read into questions. Its head says how it is written."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALIAS = "arn:aws:kms:us-east-1:111122223333:alias/app"
OWNER = "111122223333"

_FOLDER = Path(__file__).parent
_TABLE = json.loads((_FOLDER / "decisions.json").read_text())
PRINCIPALS: dict[str, str] = _TABLE["principals"]
_NAMING = {"key_policy", "resource_control", "vpc_endpoint"}
"""Policies whose statements name principals."""

Question = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A question and the answer that it must get."""

    name: str
    question: Question
    allowed: bool
    message: str = ""


def question(members: dict[str, Any]) -> Question:
    """A question for `_core.decide_policy`, from members as the table writes them."""
    version = members.get("version", "2012-10-17")
    made: Question = {
        "action": f"kms:{members.get('action', 'Encrypt')}",
        "resource": members.get("resource", KEY),
        "owner": members.get("owner", OWNER),
        "principal": _principal(members["principal"]),
        "context": members.get("context", {}),
        "granted": members.get("granted"),
        "key_policy": None,
    }
    if "grantee" in members:
        made["grantee"] = _principal(members["grantee"])
    if members.get("key_policy") is not None:
        made["key_policy"] = _document("key_policy", members["key_policy"], version)
    for member in ("identity", "session"):
        made[member] = [_policy(member, given, version) for given in members.get(member, [])]
    for member in ("boundary", "vpc_endpoint"):
        made[member] = _policy(member, members[member], version) if member in members else None
    for member in ("service_control", "resource_control"):
        made[member] = [[_policy(member, given, version) for given in level] for level in members.get(member, [])]
    return made


def cases() -> Iterator[Case]:
    """Every case of the table."""
    for group in _TABLE["groups"]:
        for case in group["cases"]:
            members = {**group["base"], **case}
            name = f"{group['rule']}: {case['name']}"
            yield Case(name, question(members), case["allowed"], case.get("message", ""))
    for key, rows in _TABLE["conditions"].items():
        for operator, wanted, given, in_allow, in_deny in rows:
            name = f"{operator} {key} {wanted} of {given}"
            condition = {"Condition": {operator: {key: wanted}}}
            context = {} if given is None else {key: given}
            common = {"principal": "ann", "context": context}
            allow = [["Allow", "ann", "kms:*", condition]]
            deny = [["Allow", "ann", "kms:*"], ["Deny", "ann", "kms:*", condition]]
            yield Case(f"Allow {name}", question({**common, "key_policy": allow}), in_allow)
            yield Case(f"Deny {name}", question({**common, "key_policy": deny}), not in_deny)


THREE_STATEMENTS = [
    ["Allow", "root", "kms:*"],
    [
        "Allow",
        "arn:aws:iam::111122223333:role/administrator",
        [
            *("kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*"),
            *("kms:Disable*", "kms:Get*", "kms:Delete*", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"),
        ],
    ],
    [
        "Allow",
        "arn:aws:iam::111122223333:role/application",
        ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
    ],
]
"""The usual key policy: the account, those who administer the key, those who use it."""

CALLERS = {
    "root": "root",
    "administrator": "arn:aws:sts::111122223333:assumed-role/administrator/ops",
    "application": "arn:aws:sts::111122223333:assumed-role/application/i-1",
    "stranger": "ann",
}


@dataclass(frozen=True)
class Right:
    """Whether a caller may call an operation: all of the questions it takes must be allowed."""

    operation: str
    caller: str
    questions: list[Question]
    allowed: bool


def rights() -> Iterator[Right]:
    """The table of the three statements: 56 operations, four callers."""
    with (_FOLDER / "three_statements.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            for caller, principal in CALLERS.items():
                asked = [
                    question({**asked, "principal": principal}) for asked in _asked(row["operation"], row["resource"])
                ]
                yield Right(row["operation"], caller, asked, row[caller] == "yes")


def _asked(operation: str, resource: str) -> list[dict[str, Any]]:
    on_key = {"action": operation, "key_policy": THREE_STATEMENTS}
    on_account = {"action": operation, "owner": None, "resource": "*"}
    match resource:
        case "key":
            return [on_key]
        case "account":
            return [on_account]
        case "alias and key":
            return [{**on_account, "resource": ALIAS}, on_key]
        case "both keys":
            return [{**on_key, "action": f"{operation}From"}, {**on_key, "action": f"{operation}To"}]
    raise AssertionError(resource)


def _policy(kind: str, statements: list[Any], version: str) -> dict[str, str]:
    return {"name": kind, "document": _document(kind, statements, version)}


def _document(kind: str, statements: list[Any], version: str) -> str:
    return json.dumps({"Version": version, "Statement": [_statement(kind, given) for given in statements]})


def _statement(kind: str, given: Any) -> dict[str, Any]:
    if isinstance(given, dict):
        named = {name: _principals(given[name]) for name in ("Principal", "NotPrincipal") if name in given}
        return {**given, **named}
    effect, *rest = given
    principal = {"Principal": _principals(rest.pop(0))} if kind in _NAMING else {}
    actions, *more = rest
    return {"Effect": effect, **principal, "Action": actions, "Resource": "*", **(more[0] if more else {})}


def _principals(given: Any) -> Any:
    if given == "*":
        return "*"
    if given == "s3service":
        return {"Service": "s3.amazonaws.com"}
    if isinstance(given, str):
        return {"AWS": _principal(given)}
    return {
        kind: [_principal(name) for name in ([names] if isinstance(names, str) else names)]
        for kind, names in given.items()
    }


def _principal(name: str) -> str:
    return PRINCIPALS.get(name, name)
