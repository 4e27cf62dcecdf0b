"""`kmscore grants`, `policy` and the tags of `keys`."""

import json
from pathlib import Path

import pytest

from cli.conftest import CommandLine
from scratch_store import ScratchStore

USER = "arn:aws:iam::123456789012:user/u"
RETIRING = "arn:aws:iam::123456789012:user/retiring"
SERVICE = "dynamodb.us-east-1.amazonaws.com"
SOURCE = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
ENCRYPT = ["--operation", "Encrypt"]


def test_grant_is_made_listed_and_revoked(store: CommandLine, scratch: ScratchStore) -> None:
    options = ["--operation", "Decrypt", "--retiring", RETIRING, "--name", "n", "--context-subset", "app=a"]
    made = store.ok("grants", "create", "alias/app", USER, *ENCRYPT, *options).out.strip()
    assert store.ok("grants", "create", "alias/app", USER, *ENCRYPT, *options).out.strip() == made
    shown = store.ok("grants", "list", "alias/app").out
    for text in (made, USER, "Encrypt Decrypt", "context has app=a", RETIRING):
        assert text in shown
    with scratch.client(principal=USER) as kms:
        assert kms.encrypt(KeyId="alias/app", Plaintext=b"x", EncryptionContext={"app": "a"})
    assert store.ok("grants", "revoke", "alias/app", made).out == f"{made} is revoked\n"
    assert "There are no such grants" in store.ok("grants", "list", "alias/app").error
    assert "NotFoundException: Grant ID" in store.refused("grants", "revoke", "alias/app", made)


def test_grant_is_retired_by_token_or_by_key_and_id(store: CommandLine) -> None:
    answer = store.ok("--json", "grants", "create", "alias/app", USER, *ENCRYPT).json()
    assert store.ok("grants", "retire", answer["GrantToken"]).out == "the grant is retired\n"
    assert "InvalidGrantTokenException" in store.refused("grants", "retire", answer["GrantToken"])
    made = store.ok("grants", "create", "alias/app", USER, *ENCRYPT).out.strip()
    assert store.ok("grants", "retire", "--key", "alias/app", "--grant", made).out == f"{made} is retired\n"
    assert store.ok("--json", "grants", "list", "alias/app").json() == []


@pytest.mark.parametrize("arguments", [[], ["token", "--key", "alias/app"], ["--key", "alias/app"], ["--grant", "x"]])
def test_retire_takes_a_token_or_key_and_id(store: CommandLine, arguments: list[str]) -> None:
    fault = store.refused("grants", "retire", *arguments, code=2)
    assert fault == "give TOKEN, or both --key and --grant"


def test_grants_are_filtered_and_those_of_a_retiring_principal_are_found(store: CommandLine) -> None:
    one = store.ok("grants", "create", "alias/app", USER, *ENCRYPT, "--retiring", RETIRING).out.strip()
    other = store.ok("grants", "create", "alias/app", RETIRING, *ENCRYPT).out.strip()

    def found(*arguments: str) -> list[str]:
        return [grant["GrantId"] for grant in store.ok("--json", "grants", "list", *arguments).json()]

    assert sorted(found("alias/app")) == sorted([one, other])
    assert found("alias/app", "--grantee", RETIRING) == [other]
    assert found("--retirable-by", RETIRING) == [one]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "give KEY or --retirable-by, and not both"),
        (["alias/app", "--retirable-by", USER], "give KEY or --retirable-by, and not both"),
        (["--retirable-by", USER, "--grantee", USER], "--grantee goes with KEY"),
    ],
)
def test_list_takes_a_key_or_a_retiring_principal(store: CommandLine, arguments: list[str], fault: str) -> None:
    assert store.refused("grants", "list", *arguments, code=2) == fault


def test_grant_for_a_service_is_shown_with_its_source(store: CommandLine) -> None:
    options = ["--retiring", SERVICE, "--source-arn", SOURCE, "--context-equals", "a=b"]
    store.ok("grants", "create", "alias/app", SERVICE, *ENCRYPT, *options)
    shown = store.ok("grants", "list", "alias/app").out
    for text in (SERVICE, f"context equals a=b, from {SOURCE}"):
        assert text in shown


@pytest.mark.parametrize(
    ("arguments", "code", "fault"),
    [
        ([USER, "--operation", "Sign"], 1, "ValidationException: Grant operations [Sign] are not valid for"),
        (["user", *ENCRYPT], 1, "granteeServicePrincipal"),
        ([SERVICE, *ENCRYPT], 1, "must also specify a SourceArn"),
        ([USER, *ENCRYPT, "--context-equals", "a"], 2, "--context-equals 'a' is not KEY=VALUE"),
        ([USER, *ENCRYPT, "--context-subset", "a=1", "--context-subset", "a=2"], 2, "a is given twice"),
    ],
)
def test_create_is_refused_in_one_line(store: CommandLine, arguments: list[str], code: int, fault: str) -> None:
    assert fault in store.refused("grants", "create", "alias/app", *arguments, code=code)


def test_grant_needs_an_operation(store: CommandLine) -> None:
    assert store("grants", "create", "alias/app", USER).code == 2


def test_tags_are_set_listed_and_removed(store: CommandLine) -> None:
    assert "The key has no tags" in store.ok("keys", "tags", "alias/app").error
    store.ok("keys", "tag", "alias/app", "team=blue", "stage=")
    shown = store.ok("keys", "tags", "alias/app").out
    assert "team" in shown
    assert "blue" in shown
    left = store.ok("--json", "keys", "untag", "alias/app", "team", "none").json()
    assert left == [{"TagKey": "stage", "TagValue": ""}]


def test_tags_are_refused_in_one_line(store: CommandLine) -> None:
    assert "KEY=VALUE 'a' is not KEY=VALUE" in store.refused("keys", "tag", "alias/app", "a", code=2)
    assert "TagException: Tags beginning with aws:" in store.refused("keys", "tag", "alias/app", "AWS:x=y")
    assert store("keys", "tag", "alias/app").code == 2


def test_policy_is_got_and_put(store: CommandLine, folder: Path) -> None:
    document = json.loads(store.ok("policy", "get", "alias/app").out)
    document["Id"] = "changed"
    (folder / "policy.json").write_text(json.dumps(document))
    assert store.ok("policy", "put", "alias/app", "policy.json").out == "alias/app has the new policy\n"
    assert json.loads(store.ok("policy", "get", "alias/app").out)["Id"] == "changed"
    document["Id"] = "from a pipe"
    store.ok("policy", "put", "alias/app", "-", stdin=json.dumps(document))
    assert json.loads(store.ok("--json", "policy", "get", "alias/app").json()["Policy"])["Id"] == "from a pipe"


def test_policy_that_locks_out_needs_its_option(store: CommandLine, folder: Path) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "kms:*", "Resource": "*"}
    (folder / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    refused = store.refused("policy", "put", "alias/app", "policy.json")
    assert "MalformedPolicyDocumentException: The new key policy will not allow you to update" in refused
    store.ok("policy", "put", "alias/app", "policy.json", "--bypass-lockout-check")
    assert "AccessDeniedException" in store.refused("policy", "get", "alias/app")


@pytest.mark.parametrize(
    ("content", "fault"), [(None, "No such file or directory"), ("{", "MalformedPolicyDocumentException")]
)
def test_policy_file_is_refused_in_one_line(store: CommandLine, folder: Path, content: str | None, fault: str) -> None:
    if content is not None:
        (folder / "policy.json").write_text(content)
    assert fault in store.refused("policy", "put", "alias/app", "policy.json")
