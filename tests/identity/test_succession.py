"""Who is given a deleted principal's name is not who policies and grants meant."""

import json
from typing import Any

import pytest

from identity.conftest import ACCOUNT, TRUST, Identities
from kmscore import errors
from kmscore.identity import policies, principals
from kmscore.identity.succession import replaced

ANA = f"arn:aws:iam::{ACCOUNT}:user/ana"
CHINESE_ANA = ANA.replace("aws", "aws-cn")
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ID = "AIDAEXAMPLE"


def key_policy(*named: str, **more: Any) -> str:
    """The account's root may do everything, and those named may describe and encrypt."""
    statements = [
        {"Sid": "root", "Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"AWS": named[0] if len(named) == 1 else list(named)},
            "Action": ["kms:DescribeKey", "kms:Encrypt"],
            "Resource": "*",
            **more,
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=1)


def stored_policy(identities: Identities, key_id: str) -> str:
    policy: str = identities.opened.call("GetKeyPolicy", KeyId=key_id)["Policy"]
    return policy


@pytest.mark.parametrize("path", ["/", "/team/"])
@pytest.mark.parametrize("kind", ["user", "role"])
def test_key_policy_names_the_unique_id_of_who_was_deleted(identities: Identities, kind: str, path: str) -> None:
    principal = identities.user("ana", path=path) if kind == "user" else identities.role("ana", path=path)
    unique_id = identities.read(lambda view: principals.find(view, principal))["unique_id"]
    arn = principal.arn(path)
    key_id = identities.opened.new_key(Policy=key_policy(ROOT, arn))
    with identities.client(arn) as kms:
        kms.describe_key(KeyId=key_id)
        identities.change(lambda changes: principals.delete(changes, principal))
        with pytest.raises(errors.AccessDeniedException):
            kms.describe_key(KeyId=key_id)
        assert stored_policy(identities, key_id) == key_policy(ROOT, arn).replace(arn, str(unique_id))
        # A new one of the same name is not meant.
        _ = identities.user("ana", path=path) if kind == "user" else identities.role("ana", path=path)
        with pytest.raises(errors.AccessDeniedException):
            kms.describe_key(KeyId=key_id)


def test_policy_with_a_unique_id_cannot_be_put_again(identities: Identities) -> None:
    ana = identities.user("ana")
    key_id = identities.opened.new_key(Policy=key_policy(ANA))
    identities.change(lambda changes: principals.delete(changes, ana))
    policy = stored_policy(identities, key_id)
    with pytest.raises(errors.MalformedPolicyDocumentException, match="one or more invalid principals"):
        identities.opened.call("PutKeyPolicy", KeyId=key_id, Policy=policy)
    assert stored_policy(identities, key_id) == policy


def test_only_what_names_the_principal_is_changed(identities: Identities) -> None:
    """Another user whose name begins the same, a condition, and a key of nobody's stay as they are."""
    ana = identities.user("ana")
    identities.user("anabel")
    condition = {"ArnNotEquals": {"aws:PrincipalArn": ANA}}
    kept = [key_policy(f"{ANA}bel"), key_policy(ROOT, Condition=condition)]
    key_ids = [identities.opened.new_key(Policy=policy) for policy in kept]
    identities.change(lambda changes: principals.delete(changes, ana))
    assert [stored_policy(identities, key_id) for key_id in key_ids] == kept


def test_trust_policies_name_the_unique_id_too(identities: Identities) -> None:
    ana, app = identities.user("ana"), identities.role("app")
    trust = TRUST.replace('"Service": "lambda.amazonaws.com"', f'"AWS": "{ANA}"')
    identities.change(lambda changes: policies.put(changes, app, "trust", trust, "trust"))
    identities.change(lambda changes: principals.delete(changes, ana))
    [policy] = identities.read(lambda view: policies.describe_all(view, app))
    assert policy["Document"]["Statement"][0]["Principal"]["AWS"].startswith("AIDA")


def test_grants_are_not_inherited(identities: Identities) -> None:
    ana = identities.user("ana")
    key_id = identities.opened.new_key()
    identities.opened.call(
        "CreateGrant", KeyId=key_id, GranteePrincipal=ANA, RetiringPrincipal=ANA, Operations=["DescribeKey"]
    )
    with identities.client(ANA) as kms:
        kms.describe_key(KeyId=key_id)
        identities.change(lambda changes: principals.delete(changes, ana))
        identities.user("ana")
        with pytest.raises(errors.AccessDeniedException):
            kms.describe_key(KeyId=key_id)
    [grant] = identities.opened.call("ListGrants", KeyId=key_id)["Grants"]
    assert grant["GranteePrincipal"].startswith("AIDA")
    assert grant["RetiringPrincipal"] == grant["GranteePrincipal"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (f'{{"Principal": {{"AWS": "{ANA}"}}}}', f'{{"Principal": {{"AWS": "{ID}"}}}}'),
        (f'{{"NotPrincipal":{{"AWS":["*","{ANA}"]}}}}', f'{{"NotPrincipal":{{"AWS":["*","{ID}"]}}}}'),
        (
            f'{{"Statement":[{{"Principal" : {{"AWS" :\n"{ANA}" }} }}]}}',
            f'{{"Statement":[{{"Principal" : {{"AWS" :\n"{ID}" }} }}]}}',
        ),
        (
            f'{{"Principal":{{"Federated":"{ANA}","AWS":"{ANA}"}}}}',
            f'{{"Principal":{{"Federated":"{ANA}","AWS":"{ID}"}}}}',
        ),
        (f'{{"Sid":"{ANA}","Resource":["{ANA}"]}}', f'{{"Sid":"{ANA}","Resource":["{ANA}"]}}'),
        (f'{{"Principal":"{ANA}"}}', f'{{"Principal":"{ANA}"}}'),
        (f'{{"Principal":{{"AWS":"{CHINESE_ANA}"}}}}', f'{{"Principal":{{"AWS":"{ID}"}}}}'),
        (
            f'{{"Sid":"a \\"AWS\\": {{","Principal":{{"AWS":"{ANA}"}},"Action":["x"]}}',
            f'{{"Sid":"a \\"AWS\\": {{","Principal":{{"AWS":"{ID}"}},"Action":["x"]}}',
        ),
        (
            f'{{"Condition":{{"StringEquals":{{"AWS":"{ANA}"}}}},"Principal":{{"AWS":"*"}}}}',
            f'{{"Condition":{{"StringEquals":{{"AWS":"{ANA}"}}}},"Principal":{{"AWS":"*"}}}}',
        ),
    ],
)
def test_only_principals_are_replaced(document: str, expected: str) -> None:
    assert replaced(document, ANA, ID) == expected


def test_escaped_arn_is_found(identities: Identities) -> None:
    ana = identities.user("ana")
    escaped = key_policy(ROOT, ANA).replace(ANA, ANA.replace("/ana", "\\/\\u0061n\\u0061"))
    key_id = identities.opened.new_key(Policy=escaped)
    identities.change(lambda changes: principals.delete(changes, ana))
    policy = stored_policy(identities, key_id)
    assert json.loads(policy)["Statement"][1]["Principal"]["AWS"][1].startswith("AIDA")
    assert "\\u0061" not in policy
