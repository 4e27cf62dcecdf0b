"""Behaviours 25 to 34 that implementers of AWS KMS get wrong: policies and grants."""

import json
from typing import Any

import pytest

from behaviours.world import OTHER_ACCOUNT, ROOT, World, allow, deny, key_policy, refuses, statement
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION


def arn(key_id: str) -> str:
    return f"arn:aws:kms:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:key/{key_id}"


def encrypts(world: World, principal: str, key_id: str, **more: Any) -> bool:
    """Whether a principal may encrypt under a key."""
    client = world.client(principal)
    try:
        client.encrypt(KeyId=key_id, Plaintext=b"x", **more)
    except client.exceptions.AccessDeniedException:
        return False
    return True


def when(operator: str, **values: str) -> dict[str, Any]:
    return {"Condition": {operator: values}}


def test_25_the_account_in_a_key_policy_delegates_and_admits_nobody(world: World) -> None:
    key_id = world.key()
    plain = world.user("plain")
    allowed = world.user("allowed", statement(action="kms:Encrypt"))
    assert not encrypts(world, plain, key_id)
    assert encrypts(world, allowed, key_id)
    assert encrypts(world, ROOT, key_id)
    # Without that statement a policy of the user's own counts for nothing.
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow(plain, "kms:PutKeyPolicy")]})
    world.kms.put_key_policy(KeyId=key_id, Policy=document, BypassPolicyLockoutSafetyCheck=True)
    assert not encrypts(world, allowed, key_id)


def test_26_the_key_policy_suffices_for_a_user_of_the_account_and_not_for_a_foreign_one(world: World) -> None:
    key_id = world.key()
    own = world.user("own")
    foreign = world.user("foreign", account=OTHER_ACCOUNT)
    permitted = world.user("permitted", statement(action="kms:Encrypt"), account=OTHER_ACCOUNT)
    world.put_policy(key_id, *(allow(principal, "kms:Encrypt") for principal in (own, foreign, permitted)))
    assert encrypts(world, own, key_id)
    assert not encrypts(world, foreign, arn(key_id))
    assert encrypts(world, permitted, arn(key_id))


def test_27_a_deny_beats_a_grant(world: World) -> None:
    key_id, user = world.key(), world.user("grantee")
    world.kms.create_grant(KeyId=key_id, GranteePrincipal=user, Operations=["Encrypt"])
    assert encrypts(world, user, key_id)
    world.put_policy(key_id, deny(user, "kms:Encrypt"))
    assert not encrypts(world, user, key_id)
    world.put_policy(key_id)
    other = world.user("denied", statement("Deny", "kms:Encrypt"))
    world.kms.create_grant(KeyId=key_id, GranteePrincipal=other, Operations=["Encrypt"])
    assert encrypts(world, user, key_id)
    assert not encrypts(world, other, key_id)


def test_28_a_key_policy_lets_nobody_retire_a_grant(world: World) -> None:
    key_id, user = world.key(), world.user("retiring")
    grantee = world.user("grantee")
    world.put_policy(key_id, allow(user, "kms:RetireGrant"))
    made = world.kms.create_grant(KeyId=key_id, GranteePrincipal=grantee, Operations=["Encrypt"])
    by_id = {"KeyId": arn(key_id), "GrantId": made["GrantId"]}
    refuses("AccessDeniedException", world.client(user).retire_grant, **by_id)
    refuses("AccessDeniedException", world.client(user).retire_grant, GrantToken=made["GrantToken"])
    # Nor does it keep the retiring principal from it.
    made = world.kms.create_grant(
        KeyId=key_id, GranteePrincipal=grantee, Operations=["Encrypt"], RetiringPrincipal=user
    )
    world.put_policy(key_id)
    world.client(user).retire_grant(GrantToken=made["GrantToken"])
    assert len(world.kms.list_grants(KeyId=key_id)["Grants"]) == 1


def test_29_statements_without_resource_or_action_are_dead_and_without_principal_malformed(world: World) -> None:
    key_id, user = world.key(), world.user("named")
    for missing in ("Resource", "Action"):
        dead = {name: value for name, value in allow(user, "kms:*").items() if name != missing}
        world.put_policy(key_id, dead)
        assert json.loads(world.kms.get_key_policy(KeyId=key_id)["Policy"])["Statement"][1] == dead
        assert not encrypts(world, user, key_id)
    malformed = {name: value for name, value in allow(user, "kms:*").items() if name != "Principal"}
    refuses("MalformedPolicyDocumentException", world.kms.put_key_policy, KeyId=key_id, Policy=key_policy(malformed))


@pytest.mark.parametrize("name", ["App", "app", "APP"])
def test_30_a_condition_ignores_the_case_of_the_context_s_key_and_the_operator_that_of_its_value(
    world: World, name: str
) -> None:
    exact, lenient = world.key(), world.key()
    user = world.user("conditional")
    world.put_policy(exact, allow(user, "kms:Encrypt", **when("StringEquals", **{"kms:EncryptionContext:App": "Pay"})))
    world.put_policy(
        lenient,
        allow(user, "kms:Encrypt", **when("StringEqualsIgnoreCase", **{"kms:EncryptionContext:App": "Pay"})),
    )
    assert encrypts(world, user, exact, EncryptionContext={name: "Pay"})
    assert not encrypts(world, user, exact, EncryptionContext={name: "pay"})
    assert encrypts(world, user, lenient, EncryptionContext={name: "pay"})
    assert not encrypts(world, user, lenient, EncryptionContext={"other": "Pay"})
    assert not encrypts(world, user, exact)


def test_31_a_default_counts_as_a_value_of_the_request(world: World) -> None:
    condition = when("StringEquals", **{"kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyUsage": "ENCRYPT_DECRYPT"})
    creator = world.client(world.user("creator", statement(action="kms:CreateKey", **condition)))
    assert creator.create_key()["KeyMetadata"]["KeySpec"] == "SYMMETRIC_DEFAULT"
    refuses("AccessDeniedException", creator.create_key, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    key_id, user = world.key(), world.user("user")
    condition = when("StringEquals", **{"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})
    world.put_policy(key_id, allow(user, "kms:Encrypt", **condition))
    assert encrypts(world, user, key_id)


def test_32_the_alias_of_a_request_is_the_one_it_names_those_of_the_resource_are_the_key_s(world: World) -> None:
    key_id = world.key()
    world.kms.create_alias(AliasName="alias/app", TargetKeyId=key_id)
    alias_arn = f"arn:aws:kms:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:alias/app"
    by_request = when("StringEquals", **{"kms:RequestAlias": "alias/app"})
    by_resource = when("ForAnyValue:StringEquals", **{"kms:ResourceAliases": "alias/app"})
    asked = world.user("asked", statement(action="kms:Encrypt", **by_request))
    owned = world.user("owned", statement(action="kms:Encrypt", **by_resource))
    forms = ("alias/app", alias_arn, key_id, arn(key_id))
    assert [encrypts(world, asked, form) for form in forms] == [True, True, False, False]
    assert [encrypts(world, owned, form) for form in forms] == [True, True, True, True]
    assert not encrypts(world, owned, world.key())


def test_33_a_named_grant_retried_is_the_same_grant_with_another_token(world: World) -> None:
    wanted = {"KeyId": world.key(), "GranteePrincipal": world.user("grantee"), "Operations": ["Encrypt"]}
    first, again = (world.kms.create_grant(Name="once", **wanted) for _ in range(2))
    assert first["GrantId"] == again["GrantId"]
    assert first["GrantToken"] != again["GrantToken"]
    unnamed = {world.kms.create_grant(**wanted)["GrantId"] for _ in range(2)}
    assert len(unnamed | {first["GrantId"]}) == 3
    assert len(world.kms.list_grants(KeyId=wanted["KeyId"])["Grants"]) == 3


SUBSET, EQUALS = "EncryptionContextSubset", "EncryptionContextEquals"


@pytest.mark.parametrize(
    ("operations", "constraints", "allowed"),
    [
        (["Encrypt"], {SUBSET: {"a": "1"}}, True),
        (["Encrypt"], {SUBSET: {"a": "1", "b": "2"}}, True),
        (["Encrypt"], {EQUALS: {"a": "1"}}, True),
        (["Encrypt", "Decrypt"], {SUBSET: {"a": "1"}}, False),
        (["Encrypt"], {SUBSET: {"b": "2"}}, False),
        (["Encrypt"], {EQUALS: {"a": "2"}}, False),
        (["Encrypt"], {}, False),
    ],
)
def test_34_a_grant_made_through_a_grant_widens_nothing(
    world: World, operations: list[str], constraints: dict[str, Any], allowed: bool
) -> None:
    key_id, parent, child = world.key(), world.user("parent"), world.user("child")
    world.kms.create_grant(
        KeyId=key_id,
        GranteePrincipal=parent,
        Operations=["Encrypt", "CreateGrant"],
        Constraints={SUBSET: {"a": "1"}},
    )
    wanted: dict[str, Any] = {"KeyId": key_id, "GranteePrincipal": child, "Operations": operations}
    wanted |= {"Constraints": constraints} if constraints else {}
    if allowed:
        world.client(parent).create_grant(**wanted)
        context = {"a": "1"} | constraints.get(SUBSET, {})
        assert encrypts(world, child, key_id, EncryptionContext=context)
        assert not encrypts(world, child, key_id)
    else:
        refuses("AccessDeniedException", world.client(parent).create_grant, **wanted)
        assert not encrypts(world, child, key_id, EncryptionContext={"a": "1"})
