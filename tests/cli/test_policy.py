"""`kmscore policy check`, `explain`, `simulate` and `template`."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import CommandLine

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ADMIN = f"arn:aws:iam::{ACCOUNT}:user/administrator"
APP = f"arn:aws:iam::{ACCOUNT}:role/app"
STRANGER = f"arn:aws:iam::{ACCOUNT}:user/stranger"
TEMPLATE = ["policy", "template", "show", "administrators-and-users", "--administrator", ADMIN, "--user", APP]


def rights(store: CommandLine, *options: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = store.ok("--json", "policy", "explain", "alias/app", *options).json()
    return {(right["principal"], right["action"]): right for right in found}


def test_check_needs_no_store_for_a_file(run: CommandLine, folder: Path) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrpyt", "Resource": "*"},
    }
    (folder / "policy.json").write_text(json.dumps(policy))
    ran = run("policy", "check", "policy.json")
    assert ran.code == 1
    assert "fail  public-access" in ran.out
    assert "is kms:Decrypt meant?" in ran.out
    assert run("policy", "check", "-", stdin=json.dumps(policy)).out == ran.out
    assert "No such file" in run.refused("policy", "check", "nothing.json")


def test_check_of_another_kind(run: CommandLine, folder: Path) -> None:
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}}
    (folder / "policy.json").write_text(json.dumps(policy))
    assert run.ok("policy", "check", "policy.json", "--kind", "identity").out == "nothing to say\n"
    assert "no Principal" in run("policy", "check", "policy.json").out


def test_check_of_a_key(store: CommandLine) -> None:
    assert store.ok("policy", "check", "alias/app").out == "nothing to say\n"
    assert "--kind is for files" in store.refused("policy", "check", "alias/app", "--kind", "trust", code=2)
    assert "NotFoundException" in store.refused("policy", "check", "alias/nothing")


def test_strict_check_ends_with_1_for_a_warning(run: CommandLine, folder: Path) -> None:
    delegation = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": ["kms:*", "kms:Decrpyt"], "Resource": "*"}
    (folder / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": delegation}))
    assert run.ok("policy", "check", "policy.json").out.startswith("warn  unknown-action")
    assert run("policy", "check", "policy.json", "--strict").code == 1


def test_explain_shows_who_can_do_what_and_by_which_statement(store: CommandLine) -> None:
    store.ok("identity", "user", "create", "stranger")
    found = rights(store)
    assert found[ROOT, "kms:Decrypt"]["by"] == "Enable IAM User Permissions of the key policy"
    assert "AdministratorAccess" in found[ADMIN, "kms:Decrypt"]["by"]
    assert not [right for right in found if right[0] == STRANGER]
    shown = store.ok("policy", "explain", "alias/app", "--principal", STRANGER, "--action", "Decrypt").out
    assert "an identity policy of" in shown


def test_explain_tells_grants_and_conditions(store: CommandLine, folder: Path) -> None:
    grant = store.ok("grants", "create", "alias/app", STRANGER, "--operation", "Encrypt").out.strip()
    options = ["--operation", "Decrypt", "--context-subset", "app=a"]
    bound = store.ok("grants", "create", "alias/app", APP, *options).out.strip()
    found = rights(store)
    assert (found[STRANGER, "kms:Encrypt"]["allowed"], found[STRANGER, "kms:Encrypt"]["by"]) == (
        "yes",
        f"grant {grant}",
    )
    assert (found[APP, "kms:Decrypt"]["allowed"], found[APP, "kms:Decrypt"]["by"]) == ("if", f"grant {bound}")
    delegation = json.loads(store.ok("policy", "get", "alias/app").out)["Statement"]
    secure = {"Bool": {"aws:SecureTransport": "true"}}
    mine = {
        "Sid": "Mine",
        "Effect": "Allow",
        "Principal": {"AWS": APP},
        "Action": "kms:Sign",
        "Resource": "*",
        "Condition": secure,
    }
    (folder / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [*delegation, mine]}))
    store.ok("policy", "put", "alias/app", "policy.json")
    right = rights(store)[APP, "kms:Sign"]
    assert (right["allowed"], right["by"]) == ("if", "Mine of the key policy")


def test_simulate_says_what_the_engine_then_does(store: CommandLine, folder: Path) -> None:
    denied = store("policy", "simulate", "alias/app", "--principal", APP, "--action", "kms:Decrypt")
    assert denied.code == 1
    assert "an identity policy of" in denied.out
    (folder / "policy.json").write_text(store.ok(*TEMPLATE).out)
    arguments = ["policy", "simulate", "alias/app", "--principal", APP, "--action", "decrypt"]
    tried = store.ok("--json", *arguments, "--key-policy", "policy.json").json()
    assert (tried["allowed"], tried["policy"], tried["statement"]) == (True, "key policy", "Use")
    assert store(*arguments).code == 1
    store.ok("policy", "put", "alias/app", "policy.json")
    assert "allowed by statement Use of the key policy" in store.ok(*arguments).out


def test_simulate_takes_identity_policies_and_context(store: CommandLine, folder: Path) -> None:
    condition = {"StringEquals": {"kms:EncryptionContext:app": "a"}}
    statement = {"Sid": "A", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": condition}
    (folder / "identity.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    arguments = ["policy", "simulate", "alias/app", "--principal", APP, "--action", "kms:Decrypt"]
    arguments += ["--identity-policy", "identity.json"]
    assert store(*arguments).code == 1
    assert (
        "statement A of the identity-based policy"
        in store.ok(*arguments, "--context", "kms:EncryptionContext:app=a").out
    )
    assert store(*arguments, "--context", "kms:EncryptionContext:app=b").code == 1


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--principal", APP, "--action", "kms:Decrpyt"], "kms:Decrpyt is no action of AWS KMS; is kms:Decrypt meant?"),
        (
            ["--principal", "ann", "--action", "kms:Decrypt"],
            "'ann' is neither the ARN of a principal nor the name of a service",
        ),
        (["--principal", APP, "--action", "kms:Decrypt", "--context", "x"], "--context 'x' is not KEY=VALUE"),
    ],
)
def test_simulate_refuses_what_it_cannot_ask(store: CommandLine, arguments: list[str], fault: str) -> None:
    assert fault in store.refused("policy", "simulate", "alias/app", *arguments, code=2)


def test_simulate_asks_for_a_service_too(store: CommandLine) -> None:
    arguments = ["policy", "simulate", "alias/app", "--principal", "s3.amazonaws.com", "--action", "kms:Decrypt"]
    assert "the key policy needs an Allow" in store(*arguments).out


def test_simulate_of_an_action_on_no_key_asks_identity_policies(store: CommandLine) -> None:
    arguments = ["policy", "simulate", "alias/app", "--action", "kms:CreateKey", "--principal"]
    assert store.ok(*arguments, ADMIN).out
    assert store(*arguments, APP).code == 1


def test_simulate_refuses_a_file_that_is_no_policy(store: CommandLine, folder: Path) -> None:
    (folder / "policy.json").write_text("{")
    arguments = ["--principal", APP, "--action", "kms:Decrypt", "--key-policy", "policy.json"]
    assert "key_policy: Syntax errors in policy" in store.refused("policy", "simulate", "alias/app", *arguments)


def test_templates_are_listed_and_shown(run: CommandLine, folder: Path) -> None:
    names = [template["Name"] for template in run.ok("--json", "policy", "template", "list").json()]
    assert names == ["administrators-and-users", "service-use", "cross-account", "mfa-for-deletion"]
    (folder / "policy.json").write_text(run.ok(*TEMPLATE).out)
    assert run.ok("policy", "check", "policy.json").out == "nothing to say\n"
    assert "needs users" in run.refused(*TEMPLATE[:-2], code=2)
