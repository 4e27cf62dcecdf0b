"""Principals that a key policy names and nobody knows: a warning, or, under `strict`, AWS's refusal."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import kmscore
from identity.conftest import ACCOUNT, OTHER, TRUST, Identities
from kmscore import errors, identity
from kmscore.identity import Principal, accounts, principals
from kmscore.identity.unknown import unknown_in_key_policies
from opened_store import OpenedStore
from scratch_store import ScratchStore

STRANGER = f"arn:aws:iam::{ACCOUNT}:user/stranger"


def naming(*named: str) -> str:
    root = f"arn:aws:iam::{ACCOUNT}:root"
    allow = {"Effect": "Allow", "Principal": {"AWS": [root, *named]}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def test_what_is_known_and_what_is_not(identities: Identities) -> None:
    identities.change(lambda changes: accounts.create(changes, OTHER))
    identities.user("ana", path="/team/")
    identities.role("app", path="/service/", account=OTHER)
    known = [
        "*",
        ACCOUNT,
        f"arn:aws:iam::{ACCOUNT}:root",
        f"arn:aws:iam::{OTHER}:root",
        f"arn:aws:iam::{ACCOUNT}:user/team/ana",
        f"arn:aws-cn:iam::{ACCOUNT}:user/team/ana",
        f"arn:aws:iam::{OTHER}:role/service/app",
        f"arn:aws:sts::{OTHER}:assumed-role/app/any",
        f"arn:aws:sts::{ACCOUNT}:federated-user/any",
        "lambda.amazonaws.com",
        f"arn:aws:iam::{ACCOUNT}:saml-provider/any",
    ]
    unknown = [
        "444455556666",
        "arn:aws:iam::444455556666:root",
        f"arn:aws:iam::{ACCOUNT}:user/ana",
        f"arn:aws:iam::{ACCOUNT}:role/team/ana",
        f"arn:aws:iam::{OTHER}:role/app",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/app/any",
        "arn:aws:sts::444455556666:federated-user/any",
    ]
    assert identities.read(lambda view: identity.unknown_principals(view, [*known, *unknown, *unknown])) == unknown
    of_it = identities.read(lambda view: identity.unknown_principals(view, unknown, "444455556666"))
    assert of_it == unknown[2:-1]


@pytest.mark.parametrize("operation", ["create_key", "put_key_policy"])
def test_unknown_principal_is_warned_of_where_the_caller_stands(identities: Identities, operation: str) -> None:
    key_id = identities.opened.new_key()
    target = {} if operation == "create_key" else {"KeyId": key_id}
    with identities.client(f"arn:aws:iam::{ACCOUNT}:root") as kms:
        with pytest.warns(kmscore.PolicyWarning, match=f"does not know: {STRANGER}$") as caught:
            getattr(kms, operation)(Policy=naming(STRANGER), **target)
        assert Path(caught[0].filename) == Path(__file__)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            identities.user("stranger")
            getattr(kms, operation)(Policy=naming(STRANGER), **target)


def test_warning_that_is_an_error_leaves_everything_as_it_was(identities: Identities) -> None:
    key_id = identities.opened.new_key()
    before = identities.opened.call("GetKeyPolicy", KeyId=key_id)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(kmscore.PolicyWarning):
            identities.opened.call("PutKeyPolicy", KeyId=key_id, Policy=naming(STRANGER))
    assert identities.opened.call("GetKeyPolicy", KeyId=key_id) == before


@pytest.fixture
def strict(scratch: ScratchStore) -> Iterator[kmscore.KMSClient]:
    """A client that asks for AWS's behaviour."""
    with scratch.client(strict=True) as kms:
        yield kms


def test_unknown_principal_is_refused_under_strict(strict: kmscore.KMSClient, scratch: ScratchStore) -> None:
    key_id = strict.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(errors.MalformedPolicyDocumentException) as caught:
        strict.put_key_policy(KeyId=key_id, Policy=naming(STRANGER))
    assert caught.value.message == "Policy contains a statement with one or more invalid principals."
    with pytest.raises(errors.MalformedPolicyDocumentException):
        strict.create_key(Policy=naming(STRANGER))
    assert scratch.query("SELECT count(*) FROM keys") == [(1,)]


def test_known_principal_is_accepted_under_strict(opened: OpenedStore) -> None:
    opened.reopen(strict=True)
    stranger = Principal(ACCOUNT, "user", "stranger")
    identity.change(opened.embedded.store, lambda changes: principals.create(changes, stranger))
    opened.new_key(Policy=naming(STRANGER))


def test_alias_is_no_key_id_under_strict(strict: kmscore.KMSClient) -> None:
    key_id = strict.create_key()["KeyMetadata"]["KeyId"]
    strict.create_alias(AliasName="alias/app", TargetKeyId=key_id)
    strict.describe_key(KeyId="alias/app")
    with pytest.raises(errors.NotFoundException):
        strict.disable_key(KeyId="alias/app")


def test_users_of_one_store_agree_on_strict(strict: kmscore.KMSClient, scratch: ScratchStore) -> None:
    assert strict.health()["audit_mode"] == "write"
    with pytest.raises(kmscore.StoreError, match="with another exclusive, audit_mode, strict"):
        scratch.client()


def test_key_policies_of_the_store_are_searched(identities: Identities) -> None:
    for _ in range(2):
        with pytest.warns(kmscore.PolicyWarning):
            identities.opened.new_key(Policy=naming(STRANGER))
    identities.opened.new_key(account=OTHER)
    assert identities.read(unknown_in_key_policies) == {STRANGER: 2}
    identities.user("stranger")
    assert identities.read(unknown_in_key_policies) == {}


def test_trust_policies_may_name_anybody(identities: Identities) -> None:
    trust = TRUST.replace('"Service": "lambda.amazonaws.com"', f'"AWS": "{STRANGER}"')
    app = Principal(ACCOUNT, "role", "app")
    identities.change(lambda changes: principals.create(changes, app, trust=trust))
