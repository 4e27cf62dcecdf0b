"""Questions drawn by hypothesis: every kind of policy, operator, principal; missing keys, several values, variables.

Names are few, so that policies and requests meet often.
"""

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

from policies.case_table import KEY, OWNER

FOREIGN = "444455556666"
ACCOUNTS = (OWNER, FOREIGN)
PRINCIPALS = [
    *(f"arn:aws:iam::{account}:{name}" for account in ACCOUNTS for name in ("root", "user/ann", "role/app")),
    *(f"arn:aws:sts::{account}:assumed-role/app/{name}" for account in ACCOUNTS for name in ("one", "two")),
    f"arn:aws:sts::{OWNER}:federated-user/carol",
    "s3.amazonaws.com",
]
_NAMED = [*(name for name in PRINCIPALS if ":" in name), *ACCOUNTS]
_ACTIONS = ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:ReEncryptFrom"]
_ACTION_PATTERNS = [*_ACTIONS, "kms:*", "*", "kms:D*", "KMS:e?crypt", "kms:*crypt*", "s3:*", "kms:?ecrypt"]
_ALIAS = f"arn:aws:kms:us-east-1:{OWNER}:alias/app"
_RESOURCE_PATTERNS = [
    "*", KEY, _ALIAS, f"arn:aws:kms:*:{OWNER}:key/*", "arn:aws:kms:us-????-1:*:*", "arn:aws:kms:*",
    f"arn:aws:kms:eu-west-1:{OWNER}:key/*", "arn:aws:kms:*:${aws:PrincipalAccount}:key/*",
    "arn:aws:kms:*:*:alias/${aws:PrincipalTag/team, 'app'}", "arn:aws:kms*:key/*",
]  # fmt: skip

_TEXTS = ["a", "A", "ab", "b*", "", "é"]
_PATTERNS = [*_TEXTS, "a*", "?b", "*", "${aws:username}", "${aws:PrincipalTag/team, 'a'}", "${*}", "a${aws:username}*"]
_NUMBERS = ["0", "9", "10", "10.0", "-1", "90.5"]
_DATES = ["2026-01-01T00:00:00Z", "2026-01-01", "1767225600", "2025-12-31T23:30:00-01:00", "2027-06-01T10:00:00Z"]
_ADDRESSES = ["203.0.113.7", "198.51.100.1", "2001:db8::1", "::ffff:203.0.113.7"]
_NETWORKS = [*_ADDRESSES[:3], "203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32", "::/0"]
_ARNS = ["arn:aws:iam::111122223333:role/app", "arn:aws:s3:::bucket/a:b", "arn:aws:iam::444455556666:user/ann"]
_ARN_PATTERNS = [
    *_ARNS,
    "arn:aws:iam::*:role/*",
    "arn:aws:s3:::*",
    "*",
    "arn:aws:iam*:app",
    "arn:aws:iam::${aws:PrincipalAccount}:*",
]
_BINARIES = ["QQ==", "QUI=", "QUJD"]

# Families of operators: their names, values of policies, values of requests.
_ORDERS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
_FAMILIES: list[tuple[list[str], list[str], list[str]]] = [
    (["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"], _PATTERNS, _TEXTS),
    (["StringLike", "StringNotLike"], _PATTERNS, _TEXTS),
    ([f"Numeric{order}" for order in _ORDERS],
     _NUMBERS, [*_NUMBERS, "ten"]),
    ([f"Date{order}" for order in _ORDERS],
     _DATES, [*_DATES, "soon"]),
    (["Bool"], ["true", "false"], ["true", "false", "TRUE"]),
    (["IpAddress", "NotIpAddress"], _NETWORKS, [*_ADDRESSES, "nowhere"]),
    (["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"], _ARN_PATTERNS, [*_ARNS, "no-arn"]),
    (["BinaryEquals"], _BINARIES, [*_BINARIES, "?"]),
]  # fmt: skip
_VALUES = [value for *_, given in _FAMILIES for value in given]
_KEYS = ["kms:GrantOperations", "kms:ViaService", "aws:SourceIp", "kms:ValidTo", "aws:PrincipalTag/x", "Aws:TagKeys"]
_VARIABLES = {
    "aws:username": ["a", "*", "ab"],
    "aws:PrincipalTag/team": ["app", "a", "*"],
    "aws:PrincipalAccount": list(ACCOUNTS),
}


# Strategies are made once: making them costs more than drawing from them.
_made: dict[str, st.SearchStrategy[Any]] = {}


def _pick(options: list[Any]) -> st.SearchStrategy[Any]:
    return _made.setdefault(repr(options), st.sampled_from(options))


def _zero_to(draw: st.DrawFn, most: int) -> int:
    number: int = draw(_pick(list(range(most + 1))))
    return number


@st.composite
def _condition(draw: st.DrawFn) -> dict[str, Any]:
    key = draw(_pick(_KEYS))
    if _zero_to(draw, 9) == 0:
        return {"Null": {key: draw(_pick(["true", "false"]))}}
    operators, wanted, _ = draw(_pick(_FAMILIES))
    quantifier = draw(_pick(["", "", "ForAnyValue:", "ForAllValues:"]))
    ending = draw(_pick(["", "", "IfExists"]))
    values: Any = [draw(_pick(wanted)) for _ in range(draw(_pick([0, 1, 1, 1, 1, 2, 2, 3])))]
    if len(values) == 1 and _zero_to(draw, 1):
        values = values[0]
    return {f"{quantifier}{draw(_pick(operators))}{ending}": {draw(_pick([key, key.upper()])): values}}


def _some(draw: st.DrawFn, texts: list[str]) -> Any:
    count = _zero_to(draw, 3)
    return [draw(_pick(texts)) for _ in range(count)] or draw(_pick(texts))


@st.composite
def _principal(draw: st.DrawFn, *, everyone: bool = True) -> Any:
    if everyone and _zero_to(draw, 3) == 0:
        return draw(_pick(["*", {"AWS": "*"}]))
    named: dict[str, Any] = {"AWS": _some(draw, _NAMED)}
    if _zero_to(draw, 3) == 0:
        named["Service"] = draw(_pick(["s3.amazonaws.com", "logs.amazonaws.com"]))
    return named


_PRINCIPAL = {"Principal": _principal(), "NotPrincipal": _principal(everyone=False)}
_CONDITION = _condition()


@st.composite
def _statement(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    effect = draw(_pick(["Allow", "Allow", "Allow", "Deny"]))
    made: dict[str, Any] = {"Effect": effect}
    made[draw(_pick(["Action"] * 5 + ["NotAction"]))] = _some(draw, _ACTION_PATTERNS)
    made[draw(_pick(["Resource"] * 5 + ["NotResource"]))] = (
        _some(draw, _RESOURCE_PATTERNS) if _zero_to(draw, 1) else "*"
    )
    if kind == "key":
        for element in draw(_pick([[]] * 15 + [["Action", "NotAction"], ["Resource", "NotResource"]])):
            made.pop(element, None)
    if kind == "resource_control":
        made["Principal"] = "*"
    elif kind in ("key", "vpc_endpoint"):
        element = "NotPrincipal" if effect == "Deny" and _zero_to(draw, 2) == 0 else "Principal"
        made[element] = draw(_PRINCIPAL[element])
    if _zero_to(draw, 2) == 0:
        for _ in range(1 + _zero_to(draw, 1)):
            made.setdefault("Condition", {}).update(draw(_CONDITION))
    return made


@cache
def documents(kind: str) -> st.SearchStrategy[str]:
    """The text of a policy of a kind."""
    return _document(_statement(kind))


@st.composite
def _document(draw: st.DrawFn, statement: st.SearchStrategy[dict[str, Any]]) -> str:
    statements: Any = [draw(statement) for _ in range(1 + _zero_to(draw, 2))]
    if len(statements) == 1 and _zero_to(draw, 1):
        statements = statements[0]
    version = draw(_pick(["2012-10-17"] * 5 + ["2008-10-17"]))
    return json.dumps({"Version": version, "Statement": statements})


def _policies(draw: st.DrawFn, kind: str) -> list[dict[str, str]]:
    return [{"name": f"{kind}-{number}", "document": draw(documents(kind))} for number in range(_zero_to(draw, 2))]


def _limit(draw: st.DrawFn, kind: str) -> list[dict[str, str]]:
    """Policies that limit: often none."""
    return _policies(draw, kind) if _zero_to(draw, 3) == 0 else []


@st.composite
def contexts(draw: st.DrawFn) -> dict[str, str | list[str]]:
    """A request context in which some keys are missing and some have several values."""
    made: dict[str, str | list[str]] = {}
    values = _pick(_VALUES)
    for key in _KEYS:
        shape = draw(_pick(["missing", "one", "one", "many"]))
        if shape == "one":
            made[key] = draw(values)
        elif shape == "many":
            made[key] = [draw(values) for _ in range(_zero_to(draw, 3))]
    for key, known in _VARIABLES.items():
        if _zero_to(draw, 2):
            made[key] = draw(_pick(known))
    return made


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """A whole question for `_core.decide_policy`."""
    owner = draw(_pick([OWNER] * 9 + [None]))
    granted = _zero_to(draw, 5) == 0
    asked: dict[str, Any] = {
        "action": draw(_pick(_ACTIONS)),
        "resource": KEY if owner else draw(_pick(["*", _ALIAS])),
        "owner": owner,
        "principal": draw(_pick(PRINCIPALS)),
        "context": draw(contexts()),
        "key_policy": draw(documents("key")) if owner else None,
        "identity": _policies(draw, "identity"),
        "boundary": next(iter(_limit(draw, "boundary")), None),
        "session": _limit(draw, "session"),
        "service_control": [policies for policies in [_limit(draw, "service_control")] if policies],
        "resource_control": [policies for policies in [_limit(draw, "resource_control")] if policies],
        "vpc_endpoint": next(iter(_limit(draw, "vpc_endpoint")), None),
        "granted": "g1" if granted else None,
    }
    if granted and _zero_to(draw, 1):
        asked["grantee"] = draw(_pick(PRINCIPALS))
    return asked
