"""Ask an outside program, @cloud-copilot/iam-simulate, the questions that kmscore is asked, and compare.

It is under the AGPL: it is run as a program of its own where somebody has installed it, and nothing of it is kept here.
Not a part of `make test`:

    python tests/policies/outside_simulator.py NODE_MODULES/@cloud-copilot/iam-simulate [--requests 5000] [--seed 1]

Ends with 1 when a difference has no explanation among those that docs/policies.md lists.
"""

import argparse
import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kmscore import _core
from policies.case_table import KEY, OWNER

DRIVER = """
import { createInterface } from 'node:readline'
const { runSimulation } = await import(process.argv[1])
for await (const line of createInterface({ input: process.stdin })) {
  const answer = await runSimulation(JSON.parse(line), {})
  const one = answer.resultType === 'wildcard' ? answer.results[0] : answer.result
  console.log(JSON.stringify({
    error: answer.resultType === 'error' ? answer.errors : undefined,
    result: answer.overallResult,
    ignored: one?.ignoredContextKeys ?? [],
  }))
}
"""
FOREIGN = "444455556666"
PRINCIPALS = [
    *(f"arn:aws:iam::{account}:{name}" for account in (OWNER, FOREIGN) for name in ("root", "user/ann")),
    *(f"arn:aws:sts::{account}:assumed-role/app/one" for account in (OWNER, FOREIGN)),
    f"arn:aws:sts::{OWNER}:federated-user/carol",
]
NAMED = [*PRINCIPALS, *(f"arn:aws:iam::{account}:role/app" for account in (OWNER, FOREIGN)), OWNER, FOREIGN]
ACTIONS = ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant", "kms:PutKeyPolicy"]
ACTION_PATTERNS = [*ACTIONS, "kms:*", "*", "kms:D*", "KMS:e?crypt", "kms:*crypt", "s3:*", "kms:CreateG*"]
RESOURCES = [
    "*",
    KEY,
    f"arn:aws:kms:*:{OWNER}:key/*",
    "arn:aws:kms:us-east-?:*:*",
    f"arn:aws:kms:eu-west-1:{OWNER}:key/*",
]

# Condition key: operators that fit its type, values of policies, values of requests.
TEXT = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"]
ORDERS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
KEYS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "kms:ViaService": (TEXT, ["s3.us-east-1.amazonaws.com", "s3.*", "*", "S3.us-*", "${aws:username}"],
                       ["s3.us-east-1.amazonaws.com", "rds.us-east-1.amazonaws.com"]),
    "kms:EncryptionContext:app": (TEXT, ["a", "A", "a*", "?b", "${aws:PrincipalTag/team}"], ["a", "ab", "b"]),
    "aws:PrincipalTag/team": (TEXT, ["a", "b*", "*"], ["a", "b", "bb"]),
    "aws:SourceIp": (["IpAddress", "NotIpAddress"], ["203.0.113.0/24", "198.51.100.1", "2001:db8::/32", "0.0.0.0/0"],
                     ["203.0.113.7", "198.51.100.1", "2001:db8::5"]),
    "aws:CurrentTime": ([f"Date{order}" for order in ORDERS], ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"],
                        ["2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"]),
    "aws:MultiFactorAuthAge": ([f"Numeric{order}" for order in ORDERS], ["100", "3600", "99.5"], ["100", "99", "7200"]),
    "aws:SecureTransport": (["Bool"], ["true", "false"], ["true", "false"]),
    "aws:PrincipalArn": (["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
                         [f"arn:aws:iam::{OWNER}:role/app", "arn:aws:iam::*:user/*", f"arn:aws:iam::{OWNER}:*"],
                         [f"arn:aws:iam::{OWNER}:role/app", f"arn:aws:iam::{FOREIGN}:user/ann"]),
}  # fmt: skip
MANY = {
    "aws:TagKeys": (TEXT, ["team", "env", "e*"], ["team", "env", "cost"]),
    "kms:GrantOperations": (TEXT[:4], ["Encrypt", "*crypt", "Sign"], ["Encrypt", "Decrypt", "Sign"]),
}


class Generator:
    """Draws questions that a request to AWS KMS could pose: keys have values of their own types."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a repeatable draw, no secret

    def question(self) -> dict[str, Any]:
        """One question for `_core.decide_policy`."""
        principal = self.random.choice(PRINCIPALS)
        # Only sessions have session policies, and a federated user without any may do nothing.
        in_session = {"assumed-role": 0.3, "federated-user": 0.8}.get(principal.split(":")[5].split("/")[0], 0)
        return {
            "action": self.random.choice(ACTIONS),
            "resource": KEY,
            "owner": OWNER,
            "principal": principal,
            "context": self._context(),
            "key_policy": json.dumps(self._policy("key")),
            "identity": self._policies("identity", 0.7),
            "boundary": next(iter(self._policies("boundary", 0 if principal.endswith(":root") else 0.15, 1)), None),
            "session": self._policies("session", in_session, 1),
            "service_control": [level for level in [self._policies("service_control", 0.2)] if level],
            "resource_control": [level for level in [self._policies("resource_control", 0.2)] if level],
            "vpc_endpoint": next(iter(self._policies("vpc_endpoint", 0.1, 1)), None),
        }

    def _context(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, (_, _, values) in KEYS.items():
            if self.random.random() < 0.6:
                made[key] = self.random.choice(values)
        for key, (_, _, values) in MANY.items():
            if self.random.random() < 0.6:
                made[key] = self.random.sample(values, self.random.randint(1, 3))
        return made

    def _policies(self, kind: str, share: float, most: int = 2) -> list[dict[str, str]]:
        if self.random.random() >= share:
            return []
        return [
            {"name": f"{kind}{number}", "document": json.dumps(self._policy(kind))}
            for number in range(self.random.randint(1, most))
        ]

    def _policy(self, kind: str) -> dict[str, Any]:
        statements = [self._statement(kind, number) for number in range(self.random.randint(1, 3))]
        return {"Version": "2012-10-17", "Statement": statements}

    def _statement(self, kind: str, number: int) -> dict[str, Any]:
        # Resource control policies that customers write may deny only; RCPFullAWSAccess is always there.
        deny = kind == "resource_control" or self.random.random() < 0.2
        made: dict[str, Any] = {"Sid": f"S{number}", "Effect": "Deny" if deny else "Allow"}
        made["Action"] = "kms:Decrypt" if kind == "resource_control" else self._some(ACTION_PATTERNS)
        made["Resource"] = "*" if self.random.random() < 0.6 else self._some(RESOURCES)
        if kind in ("resource_control", "vpc_endpoint"):
            made["Principal"] = "*"
        elif kind == "key":
            everyone = self.random.random() < 0.2
            except_for = deny and not everyone and self.random.random() < 0.3
            made["NotPrincipal" if except_for else "Principal"] = "*" if everyone else {"AWS": self._some(NAMED)}
        if self.random.random() < 0.4:
            made["Condition"] = self._condition()
        return made

    def _condition(self) -> dict[str, Any]:
        several = self.random.random() < 0.2
        key = self.random.choice(list(MANY if several else KEYS))
        operators, wanted, _ = MANY[key] if several else KEYS[key]
        if self.random.random() < 0.1:
            return {"Null": {key: self.random.choice(["true", "false"])}}
        quantifier = self.random.choice(["ForAnyValue:", "ForAllValues:"]) if several else ""
        ending = self.random.choice(["", "", "IfExists"])
        return {f"{quantifier}{self.random.choice(operators)}{ending}": {key: self._some(wanted)}}

    def _some(self, texts: list[str]) -> list[str] | str:
        count = self.random.randint(0, 3)
        chosen: list[str] = self.random.sample(texts, min(count, len(texts)))
        return chosen or self.random.choice(texts)


def simulation(question: dict[str, Any]) -> dict[str, Any]:
    """The question as the outside program takes it."""

    def policies(member: str) -> list[dict[str, Any]]:
        given = question[member] or []
        listed = given if isinstance(given, list) else [given]
        return [{"name": policy["name"], "policy": json.loads(policy["document"])} for policy in listed]

    def levels(member: str) -> list[dict[str, Any]]:
        return [
            {
                "orgIdentifier": f"ou-{number}",
                "policies": [{"name": p["name"], "policy": json.loads(p["document"])} for p in level],
            }
            for number, level in enumerate(question[member])
        ]

    made = {
        "request": {
            "principal": question["principal"],
            "action": question["action"],
            "resource": {"resource": question["resource"], "accountId": question["owner"]},
            "contextVariables": question["context"],
        },
        "identityPolicies": policies("identity"),
        "serviceControlPolicies": levels("service_control"),
        "resourceControlPolicies": levels("resource_control"),
        "resourcePolicy": json.loads(question["key_policy"]),
    }
    if question["principal"].endswith(":root"):
        # To the outside program the root user is a user: it is given the rights that it has.
        rights = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
        made["identityPolicies"] = [*policies("identity"), {"name": "root", "policy": rights}]
    if question["session"]:
        made["sessionPolicy"] = policies("session")[0]["policy"]
    if question["boundary"]:
        made["permissionBoundaryPolicies"] = policies("boundary")
    if question["vpc_endpoint"]:
        made["vpcEndpointPolicies"] = policies("vpc_endpoint")
    return made


FULL_ACCESS = {"name": "RCPFullAWSAccess"}


def ours(question: dict[str, Any]) -> dict[str, Any]:
    """What kmscore answers to the question that the outside program answered."""
    # The outside program adds the policy that AWS attaches to every level.
    resource_control = [[FULL_ACCESS, *level] for level in question["resource_control"]]
    asked = {**question, "resource_control": resource_control}
    answer: dict[str, Any] = json.loads(_core.decide_policy(json.dumps(asked)))
    return answer


Explanation = Callable[[dict[str, Any], dict[str, Any], str], bool]


def _limits(kind: str, question: dict[str, Any]) -> bool:
    """Whether boundary or session policy would stop what an identity policy allows everything of."""
    delegation = {"Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": "*", "Resource": "*"}
    everything = {"name": "AdministratorAccess"}
    policies = {"key_policy": json.dumps({"Version": "2012-10-17", "Statement": delegation}), "identity": [everything]}
    others = {"boundary": None, "session": []} | {kind: question[kind]}
    answer = ours({**question, **policies, **others, "service_control": [], "vpc_endpoint": None})
    return not answer["allowed"]


def _deciding(question: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The statement of the key policy that decided; an empty one when none did."""
    statements = json.loads(question["key_policy"])["Statement"] if answer["policy"] == "key policy" else []
    return next((statement for statement in statements if statement["Sid"] == answer["statement"]), {})


def _named_directly(kind: str) -> Explanation:
    def fits(question: dict[str, Any], answer: dict[str, Any], theirs: str) -> bool:
        principal = _deciding(question, answer).get("Principal")
        named = principal is not None and principal != "*"
        return named and answer["allowed"] and theirs == "ImplicitlyDenied" and _limits(kind, question)

    return fits


def _everyone_bounded(question: dict[str, Any], answer: dict[str, Any], theirs: str) -> bool:
    bounded = theirs == "Allowed" and "because no permissions boundary" in answer["message"]
    return bounded and bool(ours({**question, "boundary": None})["allowed"])


def _federated_without_session(question: dict[str, Any], answer: dict[str, Any], theirs: str) -> bool:
    if ":federated-user/" not in question["principal"] or question["session"] or theirs != "Allowed":
        return False
    # Both differences may meet in one question.
    messages = [answer["message"], ours(_without_every_address(question)).get("message", "")]
    return any("because no session policy" in message for message in messages)


def _not_principal(question: dict[str, Any], answer: dict[str, Any], theirs: str) -> bool:
    return theirs == "Allowed" and "NotPrincipal" in _deciding(question, answer)


def _any_value_if_exists(question: dict[str, Any], _: dict[str, Any], theirs: str) -> bool:
    stricter = json.loads(re.sub(r"(ForAnyValue:\w+?)IfExists", r"\1", json.dumps(question)))
    return bool(ours(stricter)["allowed"] == (theirs == "Allowed"))


def _every_address(question: dict[str, Any], _: dict[str, Any], theirs: str) -> bool:
    return bool(ours(_without_every_address(question))["allowed"] == (theirs == "Allowed"))


def _without_every_address(question: dict[str, Any]) -> dict[str, Any]:
    nowhere: dict[str, Any] = json.loads(json.dumps(question).replace("0.0.0.0/0", "192.0.2.255/32"))
    return nowhere


def _other_family(question: dict[str, Any], _: dict[str, Any], theirs: str) -> bool:
    if ":" not in question["context"].get("aws:SourceIp", ""):
        return False
    # IpAddress never holds for an address of the other family.
    turned = json.loads(json.dumps(question).replace("NotIpAddress", "IpAddress"))
    return bool(ours(turned)["allowed"] == (theirs == "Allowed"))


def _unknown_variable(question: dict[str, Any], _: dict[str, Any], theirs: str) -> bool:
    text = json.dumps(question)
    unknown = [name for name in ("aws:username", "aws:PrincipalTag/team") if name not in question["context"]]
    for name in unknown:
        text = text.replace(f"${{{name}}}", "*")
    return bool(unknown) and bool(ours(json.loads(text))["allowed"] == (theirs == "Allowed"))


# By the names that docs/policies.md explains them under: question, our answer, theirs.
EXPLANATIONS: dict[str, Explanation] = {
    "session policy and a key policy that names the session": _named_directly("session"),
    "boundary and a key policy that names the caller": _named_directly("boundary"),
    "boundary and a key policy that names everyone": _everyone_bounded,
    "federated user without session policy": _federated_without_session,
    "NotPrincipal without the account, or with a boundary": _not_principal,
    "ForAnyValue with IfExists": _any_value_if_exists,
    "every IPv4 address": _every_address,
    "NotIpAddress of the other address family": _other_family,
    "Deny with a variable that has no value": _unknown_variable,
}


def compare(package: Path, requests: int, seed: int) -> int:
    """Ask both, print every kind of difference with an example; returns how many have no explanation."""
    generator = Generator(seed)
    questions = [generator.question() for _ in range(requests)]
    lines = "".join(json.dumps(simulation(question)) + "\n" for question in questions)
    entry = (package / "dist/esm/index.js").resolve().as_uri()
    command = ["node", "--input-type=module", "-e", DRIVER, entry]
    run = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    kinds: Counter[str] = Counter()
    for question, line in zip(questions, run.stdout.splitlines(), strict=True):
        theirs = json.loads(line)
        if theirs.get("error"):
            kinds["not answered by the outside program"] += 1
            print("not answered:", json.dumps(theirs["error"])[:300], file=sys.stderr)
            continue
        without = {key.lower() for key in theirs["ignored"]}
        question["context"] = {key: value for key, value in question["context"].items() if key.lower() not in without}
        answer = ours(question)
        if answer["allowed"] == (theirs["result"] == "Allowed"):
            kinds[f"agreed: {'allowed' if answer['allowed'] else 'denied'}"] += 1
            continue
        known = (name for name, fits in EXPLANATIONS.items() if fits(question, answer, theirs["result"]))
        kind = next(known, "unexplained")
        kinds[f"differs: {kind}"] += 1
        if kind == "unexplained":
            print(json.dumps({"question": question, "ours": answer, "theirs": theirs}))
    for kind, count in sorted(kinds.items()):
        print(f"{count:6}  {kind}")
    return kinds["differs: unexplained"] + kinds["not answered by the outside program"]


def main() -> int:
    """Read the command line and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("package", nargs="?", type=Path, help="the installed package's directory")
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.package is None or not (given.package / "dist/esm/index.js").exists():
        print(
            "@cloud-copilot/iam-simulate is not here: npm install it somewhere and give its directory", file=sys.stderr
        )
        return 2
    return 1 if compare(given.package, given.requests, given.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
