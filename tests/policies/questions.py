"""Questions drawn by hypothesis: every kind of policy, operator, principal; missing keys, several values, variables.

Names are few, so that policies and requests meet often.
"""

import json
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
_ARN_PATTERNS = [*_ARNS, "arn:aws:iam::*:role/*", "arn:aws:s3:::*", "*", "arn:aws:iam*:app", "arn:aws:iam::${aws:PrincipalAccount}:*"]
_BINARIES = ["QQ==", "QUI=", "QUJD"]

# Families of operators: their names, values of policies, values of requests.
_FAMILIES: list[tuple[list[str], list[str], list[str]]] = [
    (["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"], _PATTERNS, _TEXTS),
    (["StringLike", "StringNotLike"], _PATTERNS, _TEXTS),
    ([f"Numeric{order}" for order in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")],
     _NUMBERS, [*_NUMBERS, "ten"]),
    ([f"Date{order}" for order in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")],
     _DATES, [*_DATES, "soon"]),
    (["Bool"], ["true", "false"], ["true", "false", "TRUE"]),
    (["IpAddress", "NotIpAddress"], _NETWORKS, [*_ADDRESSES, "nowhere"]),
    (["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"], _ARN_PATTERNS, [*_ARNS, "no-arn"]),
    (["BinaryEquals"], _BINARIES, [*_BINARIES, "?"]),
]  # fmt: skip
_KEYS = ["kms:GrantOperations", "kms:ViaService", "aws:SourceIp", "kms:ValidTo", "aws:PrincipalTag/x", "Aws:TagKeys"]
_VARIABLES = {
    "aws:username": ["a", "*", "ab"],
    "aws:PrincipalTag/team": ["app", "a", "*"],
    "aws:PrincipalAccount": list(ACCOUNTS),
}


@st.composite
def _condition(draw: st.DrawFn) -> dict[str, Any]:
    key = draw(st.sampled_from(_KEYS))
    if draw(st.integers(0, 9)) == 0:
        return {"Null": {key: draw(st.sampled_from(["true", "false"]))}}
    operators, wanted, _ = draw(st.sampled_from(_FAMILIES))
    quantifier = draw(st.sampled_from(["", "", "ForAnyValue:", "ForAllValues:"]))
    ending = draw(st.sampled_from(["", "", "IfExists"]))
    values: Any = draw(st.lists(st.sampled_from(wanted), min_size=draw(st.sampled_from([0, 1, 1, 1])), max_size=3))
    if len(values) == 1 and draw(st.booleans()):
        values = values[0]
    return {f"{quantifier}{draw(st.sampled_from(operators))}{ending}": {draw(st.sampled_from([key, key.upper()])): values}}


def _some(texts: list[str]) -> st.SearchStrategy[Any]:
    return st.sampled_from(texts) | st.lists(st.sampled_from(texts), min_size=1, max_size=3)


@st.composite
def _principal(draw: st.DrawFn, *, everyone: bool = True) -> Any:
    if everyone and draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(["*", {"AWS": "*"}]))
    named: dict[str, Any] = {"AWS": draw(_some(_NAMED))}
    if draw(st.integers(0, 3)) == 0:
        named["Service"] = draw(st.sampled_from(["s3.amazonaws.com", "logs.amazonaws.com"]))
    return named


@st.composite
def _statement(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    effect = draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"]))
    made: dict[str, Any] = {"Effect": effect}
    made[draw(st.sampled_from(["Action"] * 5 + ["NotAction"]))] = draw(_some(_ACTION_PATTERNS))
    made[draw(st.sampled_from(["Resource"] * 5 + ["NotResource"]))] = draw(st.just("*") | _some(_RESOURCE_PATTERNS))
    if kind == "key":
        for element in draw(st.sampled_from([[]] * 15 + [["Action", "NotAction"], ["Resource", "NotResource"]])):
            made.pop(element, None)
    if kind == "resource_control":
        made["Principal"] = "*"
    elif kind in ("key", "vpc_endpoint"):
        element = "NotPrincipal" if effect == "Deny" and draw(st.integers(0, 2)) == 0 else "Principal"
        made[element] = draw(_principal(everyone=element == "Principal"))
    if draw(st.integers(0, 2)) == 0:
        for condition in draw(st.lists(_condition(), min_size=1, max_size=2)):
            made.setdefault("Condition", {}).update(condition)
    return made


@st.composite
def documents(draw: st.DrawFn, kind: str) -> str:
    """The text of a policy of a kind."""
    statements: Any = draw(st.lists(_statement(kind), min_size=1, max_size=3))
    if len(statements) == 1 and draw(st.booleans()):
        statements = statements[0]
    version = draw(st.sampled_from(["2012-10-17"] * 5 + ["2008-10-17"]))
    return json.dumps({"Version": version, "Statement": statements})


@st.composite
def _policies(draw: st.DrawFn, kind: str, most: int) -> list[dict[str, str]]:
    count = draw(st.integers(0, most))
    return [{"name": f"{kind}-{number}", "document": draw(documents(kind))} for number in range(count)]


@st.composite
def _limit(draw: st.DrawFn, kind: str) -> list[dict[str, str]]:
    """Policies that limit: often none."""
    return draw(_policies(kind, 2)) if draw(st.integers(0, 3)) == 0 else []


@st.composite
def contexts(draw: st.DrawFn) -> dict[str, str | list[str]]:
    """A request context in which some keys are missing and some have several values."""
    made: dict[str, str | list[str]] = {}
    values = st.sampled_from([value for *_, given in _FAMILIES for value in given])
    for key in _KEYS:
        shape = draw(st.sampled_from(["missing", "one", "one", "many"]))
        if shape == "one":
            made[key] = draw(values)
        elif shape == "many":
            made[key] = draw(st.lists(values, max_size=3))
    for key, known in _VARIABLES.items():
        if draw(st.integers(0, 2)):
            made[key] = draw(st.sampled_from(known))
    return made


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """A whole question for `_core.decide_policy`."""
    owner = draw(st.sampled_from([OWNER] * 9 + [None]))
    granted = draw(st.integers(0, 5)) == 0
    asked: dict[str, Any] = {
        "action": draw(st.sampled_from(_ACTIONS)),
        "resource": KEY if owner else draw(st.sampled_from(["*", _ALIAS])),
        "owner": owner,
        "principal": draw(st.sampled_from(PRINCIPALS)),
        "context": draw(contexts()),
        "key_policy": draw(documents("key")) if owner else None,
        "identity": draw(_policies("identity", 2)),
        "boundary": next(iter(draw(_limit("boundary"))), None),
        "session": draw(_limit("session")),
        "service_control": [policies for policies in [draw(_limit("service_control"))] if policies],
        "resource_control": [policies for policies in [draw(_limit("resource_control"))] if policies],
        "vpc_endpoint": next(iter(draw(_limit("vpc_endpoint"))), None),
        "granted": "g1" if granted else None,
    }
    if granted and draw(st.booleans()):
        asked["grantee"] = draw(st.sampled_from(PRINCIPALS))
    return asked
