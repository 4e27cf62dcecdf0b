"""Files that declare identities: applied again and again, in one piece, and never more than they say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from identity.conftest import ACCOUNT, OTHER, TRUST, Identities, statement
from kmscore._core import StoreError
from kmscore.identity import access_keys, applying, declared, listing, policies, principals
from kmscore.identity.applying import Applied
from kmscore.identity.export import export
from kmscore.identity.names import Principal

WHOLE = f"""
[accounts.{OTHER}]
organization = "o-abcdefghij"
service_control.FullAWSAccess = "managed"
service_control.NoDeletion = {{ file = "no-deletion.json" }}

[accounts.{OTHER}.groups.readers]
managed_policies = ["ReadOnlyAccess"]

[accounts.{OTHER}.users.ana]
path = "/team/"
tags = {{ team = "red" }}
groups = ["readers"]
boundary = "PowerUserAccess"
access_keys = 1

[accounts.{OTHER}.users.ana.policies.use]
Version = 2012-10-17
Statement = [{{ Effect = "Allow", Action = "kms:Encrypt", Resource = "*" }}]

[accounts.{OTHER}.roles.app]
trust = {{ Version = "2012-10-17", Statement = [
    {{ Effect = "Allow", Principal = {{ Service = "lambda.amazonaws.com" }}, Action = "sts:AssumeRole" }},
] }}
boundary = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "kms:*", Resource = "*" }}] }}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file that declares everything that can be declared."""
    (tmp_path / "no-deletion.json").write_text(statement("Deny", "kms:ScheduleKeyDeletion"))
    path = tmp_path / "identities.toml"
    path.write_text(WHOLE)
    return path


def apply(identities: Identities, path: Any, **options: Any) -> Applied:
    accounts = declared.read_file(path) if isinstance(path, Path) else declared.read(path, Path())
    return applying.apply(identities.opened.embedded.store, accounts, **options)


def exported(identities: Identities) -> dict[str, Any]:
    return identities.read(export)


def lines(applied: Applied) -> list[str]:
    return [str(event).replace(f"arn:aws:iam::{OTHER}:", "") for event in applied.events]


def test_file_is_applied_once_and_then_nothing_is_left_to_do(identities: Identities, file: Path) -> None:
    applied = apply(identities, file)
    [key] = applied.access_keys
    assert lines(applied) == [
        "CreateAccount root o-abcdefghij",
        "AttachAccountServiceControlPolicy root FullAWSAccess",
        "PutAccountServiceControlPolicy root NoDeletion",
        "CreateGroup group/readers",
        "AttachGroupPolicy group/readers ReadOnlyAccess",
        "CreateUser user/team/ana",
        "PutUserPolicy user/team/ana use",
        "AttachUserPermissionsBoundaryPolicy user/team/ana PowerUserAccess",
        "AddUserToGroup group/readers ana",
        f"CreateAccessKey user/team/ana {key.access_key_id}",
        "CreateRole role/app",
        "PutRolePermissionsBoundaryPolicy role/app boundary",
    ]
    state = identities.opened.state()
    for prune in (False, True):
        assert apply(identities, file, prune=prune) == Applied([], [])
    assert identities.opened.state() == state


def test_whole_application_is_one_audited_event(identities: Identities, file: Path) -> None:
    applied = apply(identities, file)
    assert identities.events() == [("ChangeIdentities", [str(event) for event in applied.events])]
    assert applied.access_keys[0].secret_access_key not in str(identities.opened.scratch.audit_records())


def test_dry_run_says_the_same_and_changes_nothing(identities: Identities, file: Path) -> None:
    before = exported(identities)
    planned = apply(identities, file, dry_run=True)
    assert planned.access_keys == []
    assert (exported(identities), identities.events()) == (before, [])
    done = apply(identities, file)
    assert [event.name for event in planned.events] == [event.name for event in done.events]


def test_export_is_a_file_that_changes_nothing(identities: Identities, file: Path) -> None:
    apply(identities, file)
    whole = exported(identities)
    again = json.loads(json.dumps(whole))
    assert apply(identities, again, prune=True) == Applied([], [])
    assert exported(identities) == whole
    [account] = whole["accounts"].values()
    assert account["users"]["ana"]["access_keys"] == 1
    assert account["service_control"]["FullAWSAccess"] == "managed"
    assert account["roles"]["app"]["trust"] == json.loads(TRUST)
    with pytest.raises(StoreError, match="there is no account 444455556666"):
        identities.read(lambda view: export(view, "444455556666"))


def test_what_is_not_declared_stays_unless_pruned(identities: Identities, file: Path) -> None:
    apply(identities, file)
    ana = Principal(OTHER, "user", "ana")
    identities.user("extra", OTHER)
    identities.change(lambda changes: policies.attach(changes, ana, "AdministratorAccess"))
    identities.change(lambda changes: principals.tag(changes, ana, {"level": "1"}))
    other_account = identities.user("untouched")
    assert apply(identities, file) == Applied([], [])
    assert lines(apply(identities, file, prune=True)) == [
        "UntagUser user/team/ana level",
        "DetachUserPolicy user/team/ana AdministratorAccess",
        "DeleteUser user/extra",
    ]
    identities.read(lambda view: principals.find(view, other_account))


def test_changed_file_changes_what_it_says(identities: Identities, file: Path) -> None:
    apply(identities, file)
    changed = WHOLE.replace('"kms:Encrypt"', '"kms:Decrypt"').replace('team = "red"', 'team = "blue"')
    file.write_text(changed.replace("o-abcdefghij", "o-1234567890"))
    assert lines(apply(identities, file)) == [
        "SetOrganization root o-1234567890",
        "TagUser user/team/ana team",
        "PutUserPolicy user/team/ana use",
    ]


def test_access_keys_are_made_up_to_the_number_and_pruned_down_to_it(identities: Identities) -> None:
    def wanted(number: int) -> dict[str, Any]:
        return {"accounts": {ACCOUNT: {"users": {"ana": {"access_keys": number}}}}}

    first = apply(identities, wanted(2)).access_keys
    assert len(first) == 2
    assert apply(identities, wanted(1)) == Applied([], [])
    newest = first[1].access_key_id
    identities.change(lambda changes: access_keys.set_status(changes, ACCOUNT, newest, "Inactive"))
    apply(identities, wanted(1), prune=True)
    ana = Principal(ACCOUNT, "user", "ana")
    [left] = identities.read(lambda view: listing.describe_access_keys(view, ana))
    assert left["AccessKeyId"] == first[0].access_key_id


def test_failed_delivery_of_secrets_changes_nothing(identities: Identities, file: Path) -> None:
    def fail(_keys: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        apply(identities, file, deliver=fail)
    assert exported(identities) == {"accounts": {}}


def test_path_of_a_principal_cannot_be_changed(identities: Identities, file: Path) -> None:
    apply(identities, file)
    file.write_text(WHOLE.replace("/team/", "/elsewhere/").replace('"red"', '"blue"'))
    before = exported(identities)
    with pytest.raises(StoreError, match="/team/ cannot become /elsewhere/"):
        apply(identities, file)
    assert exported(identities) == before


def test_example_of_the_documentation_is_applied(identities: Identities, tmp_path: Path) -> None:
    pages = Path(__file__).resolve().parents[2] / "docs" / "identities.md"
    [example] = re.findall(r"```toml\n(.*?)```", pages.read_text(), re.DOTALL)
    path = tmp_path / "identities.toml"
    path.write_text(example)
    assert len(apply(identities, path).access_keys) == 1
    assert apply(identities, path, prune=True) == Applied([], [])


def user(**members: Any) -> dict[str, Any]:
    return {"accounts": {ACCOUNT: {"users": {"ana": members}}}}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ([], "the file must be a table, not a list"),
        ({"account": {}}, "the file has no member 'account'; it can have accounts"),
        ({"accounts": {"12": {}}}, "account '12' is not 12 digits"),
        ({"accounts": {ACCOUNT: {"user": {}}}}, f"accounts.{ACCOUNT} has no member 'user'"),
        ({"accounts": {ACCOUNT: {"organization": "mine"}}}, "organization 'mine' is not o-"),
        ({"accounts": {ACCOUNT: {"roles": {"app": {}}}}}, "roles.app has no trust policy"),
        ({"accounts": {ACCOUNT: {"groups": {"g": {"tags": {}}}}}}, "groups.g has no member 'tags'"),
        ({"accounts": {ACCOUNT: {"service_control": {"X": "managed"}}}}, "'X' is none of the AWS managed policies"),
        (user(path=1), "users.ana.path must be text, not a number"),
        (user(tags={"a": 1}), "users.ana.tags.a must be text, not a number"),
        (user(access_keys=3), "users.ana.access_keys must be a number from 0 to 2"),
        (user(access_keys=True), "users.ana.access_keys must be a number from 0 to 2"),
        (user(groups="readers"), "users.ana.groups must be a list of texts"),
        (user(groups=["nobody"]), f"there is no group nobody of account {ACCOUNT}"),
        (user(managed_policies=["Nope"]), "'Nope' is none of the AWS managed policies"),
        (user(policies={"use": {"Version": "2012-10-17"}}), "users.ana.policies.use: the identity policy is refused"),
        (user(policies={"use": "kms:*"}), "users.ana.policies.use must be a table, not text"),
        (user(policies={"ReadOnlyAccess": json.loads(statement())}), "is an AWS managed policy"),
        ({"accounts": {ACCOUNT: {"users": {"a b": {}}}}}, "user name 'a b' must be"),
    ],
)
def test_malformed_file_is_refused_and_the_place_named(identities: Identities, content: Any, fault: str) -> None:
    state = identities.opened.state()
    with pytest.raises(StoreError) as caught:
        apply(identities, content)
    assert fault in str(caught.value)
    assert identities.opened.state() == state


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("file.toml", "[accounts", "is no TOML: "),
        ("file.json", "{", "is no JSON: "),
        ("file.json", "[" * 100_000, "is no JSON: "),
        ("file.yaml", "accounts:", "must end with .toml or .json"),
        ("file.toml", "accounts = 1", "accounts must be a table, not a number"),
    ],
)
def test_unreadable_file_is_refused(tmp_path: Path, name: str, content: str, fault: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(StoreError) as caught:
        declared.read_file(path)
    assert str(path) in str(caught.value)
    assert fault in str(caught.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        declared.read_file(tmp_path / "none.toml")
    path = tmp_path / "file.json"
    path.write_text(json.dumps(user(policies={"use": {"file": "none.json"}})))
    with pytest.raises(FileNotFoundError, match="none.json"):
        declared.read_file(path)
