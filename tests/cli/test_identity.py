"""`kmscore identity …`."""

import json
import re
import stat
from pathlib import Path

import pytest

from cli.conftest import CommandLine
from scratch_store import ScratchStore

ACCOUNT = "123456789012"
ANA = f"arn:aws:iam::{ACCOUNT}:user/team/ana"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}


@pytest.fixture
def ana(store: CommandLine) -> CommandLine:
    """The command line, over a store with the user ana."""
    store.ok("identity", "user", "create", "ana", "--path", "/team/", "--tag", "team=red")
    return store


@pytest.fixture
def trust(tmp_path: Path) -> str:
    """A file with a trust policy."""
    allow = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    path = tmp_path / "trust.json"
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    return str(path)


def test_user_is_made_shown_listed_tagged_and_deleted(ana: CommandLine) -> None:
    shown = ana.ok("identity", "user", "show", "ana", "--json").json()
    assert (shown["Arn"], shown["Tags"]) == (ANA, {"team": "red"})
    assert ANA in ana.ok("identity", "user", "list").out
    assert ana.ok("identity", "user", "tag", "ana", "level=1").out == f"TagUser {ANA} level\n"
    assert ana.ok("identity", "user", "tag", "ana", "level=1").out == "Nothing had to be changed.\n"
    ana.ok("identity", "user", "untag", "ana", "team")
    assert ana.ok("identity", "user", "show", "ana", "--json").json()["Tags"] == {"level": "1"}
    [event] = ana.ok("identity", "user", "delete", "ana", "--json").json()
    assert event == {"Event": "DeleteUser", "Resources": [ANA]}
    assert ana.refused("identity", "user", "show", "ana") == f"there is no user ana of account {ACCOUNT}"


def test_role_needs_a_trust_policy(store: CommandLine, trust: str) -> None:
    assert "Missing option '--trust'" in store("identity", "role", "create", "app").error
    store.ok("identity", "role", "create", "app", "--trust", trust)
    store.ok("identity", "role", "create", "other", "--trust", "-", stdin=Path(trust).read_text())
    assert len(store.ok("identity", "role", "list", "--json").json()) == 2
    assert "none.json" in store.refused("identity", "role", "create", "x", "--trust", "none.json")


def test_groups_have_members_and_policies(ana: CommandLine) -> None:
    ana.ok("identity", "group", "create", "readers")
    ana.ok("identity", "group", "add", "readers", "ana")
    ana.ok("identity", "policy", "attach", "ReadOnlyAccess", "--group", "readers")
    shown = ana.ok("identity", "group", "show", "readers", "--json").json()
    assert (shown["Members"], shown["Policies"][0]["PolicyName"]) == (["ana"], "ReadOnlyAccess")
    ana.ok("identity", "group", "remove", "readers", "ana")
    assert ana.refused("identity", "group", "remove", "readers", "ana") == "user ana is not in group readers"


def test_policies_are_put_shown_listed_and_taken_away(ana: CommandLine, trust: str) -> None:
    policy = json.dumps(ALLOW)
    assert (
        ana.ok("identity", "policy", "put", "use", "-", "--user", "ana", stdin=policy).out
        == f"PutUserPolicy {ANA} use\n"
    )
    assert ana.ok("identity", "policy", "show", "use", "--user", "ana").json() == ALLOW
    ana.ok("identity", "policy", "attach", "PowerUserAccess", "--user", "ana", "--purpose", "boundary")
    listed = ana.ok("identity", "policy", "list", "--user", "ana", "--json").json()
    assert [(each["PolicyName"], each["Purpose"]) for each in listed] == [
        ("PowerUserAccess", "boundary"),
        ("use", "identity"),
    ]
    ana.ok("identity", "policy", "delete", "use", "--user", "ana")
    ana.ok("identity", "policy", "detach", "PowerUserAccess", "--user", "ana", "--purpose", "boundary")
    assert "has no policies" in ana.ok("identity", "policy", "list", "--user", "ana").error
    ana.ok("identity", "role", "create", "app", "--trust", trust)
    ana.ok("identity", "policy", "put", "trust", trust, "--role", "app")
    ana.ok("identity", "policy", "put", "boundary", "-", "--role", "app", stdin=policy)
    assert "AdministratorAccess\n" in ana.ok("identity", "policy", "managed").out


def test_policies_of_an_account(store: CommandLine) -> None:
    deny = json.dumps(ALLOW).replace("Allow", "Deny")
    store.ok("identity", "policy", "attach", "FullAWSAccess")
    store.ok("identity", "policy", "put", "NoKeys", "-", stdin=deny)
    shown = store.ok("identity", "account", "show", ACCOUNT, "--json").json()
    assert [policy["PolicyName"] for policy in shown["Policies"]] == ["FullAWSAccess", "NoKeys"]
    assert store.ok("identity", "policy", "detach", "NoKeys").out.startswith("DeleteAccountServiceControlPolicy ")


@pytest.mark.parametrize(
    ("arguments", "fault", "code"),
    [
        (["policy", "list", "--user", "ana", "--role", "app"], "give one of --user, --role and --group", 2),
        (["policy", "attach", "ReadOnlyAccess", "--user", "ana", "--purpose", "x"], "--purpose 'x' is none of", 2),
        (["policy", "show", "use", "--user", "ana"], f"user ana of account {ACCOUNT} has no policy 'use'", 1),
        (["policy", "list", "--user", "nobody"], "there is no user nobody", 1),
        (["policy", "attach", "Nope", "--user", "ana"], "'Nope' is none of the AWS managed policies", 1),
        (["user", "create", "ANA"], "has a user ana already", 1),
        (["user", "tag", "ana", "team"], "the tag 'team' is not KEY=VALUE", 2),
        (["user", "create", "x", "--account", "111122223333"], "there is no account 111122223333", 1),
        (["account", "update", ACCOUNT], "give either --organization or --no-organization", 2),
        (["account", "create", ACCOUNT], "is there already", 1),
        (["access-key", "list", "nobody"], "there is no user nobody", 1),
        (["access-key", "delete", "AKIANONE"], "has no access key AKIANONE", 1),
        (["apply", "none.toml"], "none.toml: No such file", 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_said_in_one_line(ana: CommandLine, arguments: list[str], fault: str, code: int) -> None:
    assert fault in ana.refused("identity", *arguments, code=code)


def test_accounts(store: CommandLine) -> None:
    store.ok("identity", "account", "create", "111122223333", "--organization", "o-abcdefghij")
    store.ok("identity", "user", "create", "ana", "--account", "111122223333")
    store.ok("identity", "account", "update", "111122223333", "--no-organization")
    assert "has users, roles or groups" in store.refused("identity", "account", "delete", "111122223333")
    store.ok("identity", "user", "delete", "ana", "--account", "111122223333")
    store.ok("identity", "account", "delete", "111122223333")
    assert "111122223333" not in store.ok("identity", "account", "list").out


def test_access_key_is_shown_once_and_switched_off_and_on(ana: CommandLine) -> None:
    made = ana.ok("identity", "access-key", "create", "ana", "--json").json()
    assert (len(made["AccessKeyId"]), len(made["SecretAccessKey"])) == (20, 40)
    for verb, status in (("deactivate", "Inactive"), ("activate", "Active")):
        ana.ok("identity", "access-key", verb, made["AccessKeyId"])
        listed = ana.ok("identity", "access-key", "list", "ana", "--json")
        assert [key["Status"] for key in listed.json()] == [status]
        assert made["SecretAccessKey"] not in listed.out
    assert "(shown this once)" in ana.ok("identity", "access-key", "create", "ana").out
    assert "has 2 access keys already" in ana.refused("identity", "access-key", "create", "ana")
    ana.ok("identity", "access-key", "delete", made["AccessKeyId"])
    assert made["AccessKeyId"] not in ana.ok("identity", "access-key", "list", "ana").out


def test_credentials_file_is_private_and_read_by_boto3(
    ana: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    file = tmp_path / "credentials"
    made = ana.ok("identity", "access-key", "create", "ana", "--credentials-file", str(file), "--json").json()
    assert set(made) == {"UserArn", "AccessKeyId"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    credentials = boto3.Session(profile_name=f"{ACCOUNT}-ana").get_credentials()
    assert credentials is not None
    assert (credentials.access_key, len(credentials.secret_key)) == (made["AccessKeyId"], 40)


def test_credentials_file_that_will_not_do_changes_nothing(ana: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    create = ["identity", "access-key", "create", "ana", "--credentials-file", str(file)]
    file.write_text("# mine")
    file.chmod(0o644)
    assert "other users can reach" in ana.refused(*create)
    file.chmod(0o600)
    ana.ok(*create)
    assert file.read_text().startswith(f"# mine\n[{ACCOUNT}-ana]\n")
    before = file.read_text()
    assert f"has a profile {ACCOUNT}-ana already" in ana.refused(*create)
    link = tmp_path / "link"
    link.symlink_to(file)
    ana.refused(*create[:-1], str(link))
    assert file.read_text() == before
    assert len(ana.ok("identity", "access-key", "list", "ana", "--json").json()) == 1


def test_file_is_applied_with_a_plan_first(store: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "identities.toml"
    file.write_text(
        f'[accounts.{ACCOUNT}.users.bob]\nmanaged_policies = ["ReadOnlyAccess"]\naccess_keys = 1\n'
        "[accounts.111122223333.groups.readers]\n"
    )
    planned = store.ok("identity", "apply", str(file), "--dry-run")
    assert "Nothing was changed: this was a dry run." in planned.out
    assert "CreateAccessKey" in planned.out
    assert "AKIA" not in planned.out
    done = store.ok("identity", "apply", str(file))
    assert len(re.findall(r"AKIA[A-Z2-7]{16}", done.out)) == 2
    assert "(shown this once)" in done.out
    assert store.ok("identity", "apply", str(file)).out == "Everything is as the file says.\n"
    pruned = store.ok("identity", "apply", str(file), "--prune", "--account", "111122223333", "--json").json()
    assert pruned == {"Changes": [], "AccessKeys": [], "DryRun": False}


def test_exported_identities_are_applied_to_another_store(
    ana: CommandLine, scratch: ScratchStore, tmp_path: Path
) -> None:
    ana.ok("identity", "access-key", "create", "ana")
    file, secrets = tmp_path / "identities.json", tmp_path / "credentials"
    file.write_text(ana.ok("identity", "export").out)
    other = ["--home", str(scratch.home.with_name("other"))]
    ana.ok("init", *other, "--administrator", "first")
    done = ana.ok(
        "identity", "apply", str(file), "--prune", *other, "--credentials-file", str(secrets), "--json"
    ).json()
    assert "DeleteUser" in {change["Event"] for change in done["Changes"]}
    assert all("SecretAccessKey" not in key for key in done["AccessKeys"])
    assert secrets.read_text().count("aws_secret_access_key = ") == len(done["AccessKeys"]) == 2
    assert ana.ok("identity", "export", *other).json() == json.loads(file.read_text())


def test_policy_warning_is_one_line(store: CommandLine) -> None:
    root = f"arn:aws:iam::{ACCOUNT}:root"
    allow = {"Effect": "Allow", "Principal": {"AWS": [root, ANA]}, "Action": "kms:*", "Resource": "*"}
    body = json.dumps({"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})})
    made = store.ok("kms", "CreateKey", "--json", body)
    assert made.error == f"warning: the policy names principals that the store does not know: {ANA}\n"
