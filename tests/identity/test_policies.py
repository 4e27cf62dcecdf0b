"""Policies of principals and accounts: kept as they are, and enforced from the next call on."""

import json
from typing import Any

import pytest

from identity.conftest import ACCOUNT, OTHER, Identities, statement
from kmscore import errors
from kmscore._core import StoreError
from kmscore.identity import Principal, accounts, groups, listing, policies, principals, whole_account

ANA = f"arn:aws:iam::{ACCOUNT}:user/ana"


def names(identities: Identities, principal: Principal) -> list[tuple[str, str]]:
    found = identities.read(lambda view: policies.describe_all(view, principal))
    return [(policy["Purpose"], policy["PolicyName"]) for policy in found]


def test_user_may_do_what_its_policies_allow_from_the_next_call_on(identities: Identities) -> None:
    key_id = identities.opened.new_key()
    ana = identities.user("ana")
    with identities.client(ANA) as kms:
        with pytest.raises(errors.AccessDeniedException):
            kms.describe_key(KeyId=key_id)
        identities.change(lambda changes: policies.put(changes, ana, "use", statement(action="kms:DescribeKey")))
        kms.describe_key(KeyId=key_id)
        identities.change(lambda changes: policies.remove(changes, ana, "use"))
        with pytest.raises(errors.AccessDeniedException):
            kms.describe_key(KeyId=key_id)


def test_what_another_process_changed_holds_for_the_next_call(identities: Identities) -> None:
    identities.user("ana")
    with identities.client(ANA) as kms:
        with pytest.raises(errors.AccessDeniedException):
            kms.list_keys()
        for verb in ("attach", "detach", "attach"):
            changed = identities.opened.scratch.command("identity", "policy", verb, "ReadOnlyAccess", "--user", "ana")
            assert changed.returncode == 0, changed.stderr
            if verb == "attach":
                kms.list_keys()
            else:
                with pytest.raises(errors.AccessDeniedException):
                    kms.list_keys()


def test_account_has_its_policies_once(identities: Identities) -> None:
    identities.user("ana")
    whole = whole_account(ACCOUNT)
    identities.change(lambda changes: policies.attach(changes, whole, "RCPFullAWSAccess", "resource_control"))
    for kind, name in (("account", ""), ("root", ""), ("user", "ana")):
        found = identities.opened.embedded.store.load_identity(ACCOUNT, kind, name)
        assert found["policies"] == [("resource_control", "RCPFullAWSAccess", None)]


def test_policies_of_groups_count_for_their_users(identities: Identities) -> None:
    identities.user("ana")
    readers = identities.group("readers")
    identities.change(lambda changes: policies.attach(changes, readers, "ReadOnlyAccess"))
    with identities.client(ANA) as kms:
        with pytest.raises(errors.AccessDeniedException):
            kms.list_keys()
        identities.change(lambda changes: groups.add_member(changes, ACCOUNT, "readers", "ana"))
        kms.list_keys()
        identities.change(lambda changes: principals.delete(changes, readers))
        with pytest.raises(errors.AccessDeniedException):
            kms.list_keys()


def test_boundary_bounds(identities: Identities) -> None:
    ana = identities.user("ana")
    identities.change(lambda changes: policies.attach(changes, ana, "AdministratorAccess"))
    identities.change(lambda changes: policies.attach(changes, ana, "ReadOnlyAccess", "boundary"))
    with identities.client(ANA) as kms:
        kms.list_keys()
        with pytest.raises(errors.AccessDeniedException, match="permissions boundary"):
            kms.create_key()


def test_service_control_policy_bounds_the_accounts_principals(identities: Identities) -> None:
    ana, whole = identities.user("ana"), whole_account(ACCOUNT)
    identities.change(lambda changes: policies.attach(changes, ana, "AdministratorAccess"))
    identities.change(lambda changes: policies.attach(changes, whole, "FullAWSAccess", "service_control"))
    deny = statement("Deny", "kms:CreateKey")
    identities.change(lambda changes: policies.put(changes, whole, "NoNewKeys", deny, "service_control"))
    with identities.client(ANA) as kms:
        kms.list_keys()
        with pytest.raises(errors.AccessDeniedException, match="service control policy"):
            kms.create_key()
    found = identities.read(lambda view: listing.describe_account(view, ACCOUNT))
    assert [policy["PolicyName"] for policy in found["Policies"]] == ["FullAWSAccess", "NoNewKeys"]


def test_resource_control_policy_bounds_who_reaches_the_accounts_keys(identities: Identities) -> None:
    identities.change(lambda changes: accounts.create(changes, OTHER))
    key_id = identities.opened.new_key(account=OTHER)
    denies = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
    arn = f"arn:aws:kms:us-east-1:{OTHER}:key/{key_id}"
    whole = whole_account(OTHER)
    policy = json.dumps(denies)
    identities.change(lambda changes: policies.put(changes, whole, "closed", policy, "resource_control"))
    with identities.client(f"arn:aws:iam::{ACCOUNT}:root") as kms, pytest.raises(errors.AccessDeniedException):
        kms.describe_key(KeyId=arn)


def test_session_of_a_role_has_the_roles_policies_within_its_own(identities: Identities) -> None:
    app = identities.role("app", path="/service/")
    identities.change(lambda changes: policies.attach(changes, app, "AdministratorAccess"))
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/one"
    with identities.client(session) as kms:
        kms.create_key()
    with identities.client(session, session_policies=[statement(action="kms:ListKeys")]) as kms:
        kms.list_keys()
        with pytest.raises(errors.AccessDeniedException, match="session policy"):
            kms.create_key()


def test_session_tags_stand_before_the_roles(identities: Identities) -> None:
    app = identities.role("app", tags={"team": "red"})
    condition = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    identities.change(lambda changes: policies.put(changes, app, "blue", statement(Condition=condition)))
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/one"
    with identities.client(session) as kms, pytest.raises(errors.AccessDeniedException):
        kms.list_keys()
    with identities.client(session, session_tags={"team": "blue"}) as kms:
        kms.list_keys()


def test_tags_of_a_user_are_what_policies_read(identities: Identities) -> None:
    ana = identities.user("ana")
    condition = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    identities.change(lambda changes: policies.put(changes, ana, "blue", statement(Condition=condition)))
    with identities.client(ANA) as kms:
        with pytest.raises(errors.AccessDeniedException):
            kms.list_keys()
        identities.change(lambda changes: principals.tag(changes, ana, {"team": "blue"}))
        kms.list_keys()


def test_boundary_and_trust_policy_are_replaced(identities: Identities) -> None:
    app = identities.role("app")
    identities.change(lambda changes: policies.put(changes, app, "any name", statement(), "boundary"))
    assert names(identities, app) == [("boundary", "boundary"), ("trust", "trust")]
    identities.change(lambda changes: policies.attach(changes, app, "ReadOnlyAccess", "boundary"))
    assert names(identities, app) == [("boundary", "ReadOnlyAccess"), ("trust", "trust")]
    with pytest.raises(StoreError, match="cannot be without a trust policy"):
        identities.change(lambda changes: policies.remove(changes, app, "trust", "trust"))


@pytest.mark.parametrize(
    ("kind", "purpose", "fault"),
    [
        ("user", "trust", "a user has no trust policy"),
        ("group", "boundary", "a group has no permissions boundary policy"),
        ("account", "identity", "an account has no identity policy"),
        ("user", "service_control", "a user has no service control policy"),
        ("user", "nonsense", "a user has no nonsense policy"),
    ],
)
def test_purpose_that_does_not_fit_is_refused(identities: Identities, kind: str, purpose: str, fault: str) -> None:
    identities.user("ana")
    identities.group("readers")
    holder = Principal(ACCOUNT, kind, {"user": "ana", "group": "readers", "account": ""}[kind])
    with pytest.raises(StoreError, match=fault):
        identities.change(lambda changes: policies.remove(changes, holder, "x", purpose))


@pytest.mark.parametrize(
    ("name", "document", "fault"),
    [
        ("use", "{", "the identity policy is refused: "),
        ("use", '{"Version":"2012-10-17"}', "the identity policy is refused: "),
        ("use", statement(Principal="*"), "the identity policy is refused: "),
        ("no name", statement(), "policy name 'no name' must be"),
        ("ReadOnlyAccess", statement(), "ReadOnlyAccess is an AWS managed policy"),
    ],
)
def test_malformed_policy_is_refused(identities: Identities, name: str, document: str, fault: str) -> None:
    ana = identities.user("ana")
    state = identities.opened.state()
    with pytest.raises(StoreError, match=fault):
        identities.change(lambda changes: policies.put(changes, ana, name, document))
    assert identities.opened.state() == state


@pytest.mark.parametrize(("name", "purpose"), [("NoSuchAccess", "identity"), ("RCPFullAWSAccess", "identity")])
def test_unknown_managed_policy_is_refused_with_those_there_are(
    identities: Identities, name: str, purpose: str
) -> None:
    ana = identities.user("ana")
    with pytest.raises(StoreError, match=f"'{name}' is none of the AWS managed policies .* AdministratorAccess, "):
        identities.change(lambda changes: policies.attach(changes, ana, name, purpose))


def test_policies_have_events_of_their_own(identities: Identities) -> None:
    ana, readers = identities.user("ana"), identities.group("readers")
    identities.change(lambda changes: policies.attach(changes, ana, "ReadOnlyAccess"))
    identities.change(lambda changes: policies.put(changes, readers, "use", statement()))
    identities.change(lambda changes: policies.put(changes, readers, "use", statement()))
    identities.change(lambda changes: policies.remove(changes, ana, "ReadOnlyAccess"))
    identities.change(lambda changes: policies.remove(changes, readers, "use"))
    found: list[Any] = identities.events()[2:]
    group = f"arn:aws:iam::{ACCOUNT}:group/readers"
    assert found == [
        ("AttachUserPolicy", [ANA, "ReadOnlyAccess"]),
        ("PutGroupPolicy", [group, "use"]),
        ("DetachUserPolicy", [ANA, "ReadOnlyAccess"]),
        ("DeleteGroupPolicy", [group, "use"]),
    ]
