"""Each rule of `kmscore check` on a key that meets it, one that does not, and one that it is not about."""

import json
from typing import Any

import pytest

from kmscore import _core, compliance, identity
from kmscore.config import DEFAULT_ACCOUNT
from kmscore.identity import Principal, policies, principals
from opened_store import DAY, OpenedStore, opened
from operations.test_imports import do_import, external
from scratch_store import scratch

__all__ = ["opened", "scratch"]

ROOT = f"arn:aws:iam::{DEFAULT_ACCOUNT}:root"
ADMIN = f"arn:aws:iam::{DEFAULT_ACCOUNT}:user/admin"
ROTATION = "cmk-backing-key-rotation-enabled"


def allow(principal: Any, action: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def results(opened: OpenedStore, rule: str, **options: Any) -> list[compliance.Result]:
    return compliance.check(opened.embedded.store, opened.scratch.home, rules=[rule], **options)


def status(opened: OpenedStore, rule: str, key_id: str) -> str | None:
    return next((result.status for result in results(opened, rule) if result.resource.endswith(key_id)), None)


def user(opened: OpenedStore, name: str, document: str | None = None) -> None:
    def make(changes: identity.Changes) -> None:
        principal = Principal(DEFAULT_ACCOUNT, "user", name)
        principals.create(changes, principal)
        if document is not None:
            policies.put(changes, principal, "own", document)

    identity.change(opened.embedded.store, make)


def test_rotation_is_asked_of_symmetric_keys_with_material_of_kms(opened: OpenedStore) -> None:
    key, pair = opened.new_key(), opened.new_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    assert status(opened, ROTATION, key) == "fail"
    assert status(opened, ROTATION, pair) is None
    assert status(opened, ROTATION, opened.new_key(Origin="EXTERNAL")) is None
    opened.call("EnableKeyRotation", KeyId=key)
    assert status(opened, ROTATION, key) == "ok"


def test_pending_deletion_fails_until_it_is_cancelled(opened: OpenedStore) -> None:
    rule, key = "kms-cmk-not-scheduled-for-deletion", opened.new_key()
    assert status(opened, rule, key) == "ok"
    opened.call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    assert status(opened, rule, key) == "fail"
    assert status(opened, ROTATION, key) is None
    opened.call("CancelKeyDeletion", KeyId=key)
    assert status(opened, rule, key) == "ok"


def test_deleted_keys_are_left_out(opened: OpenedStore) -> None:
    key = opened.new_key()
    opened.call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    opened.clock.advance(8 * DAY)
    opened.embedded.run_due_work()
    assert results(opened, "kms-key-tagged") == []


def test_everyone_unbound_is_public(opened: OpenedStore) -> None:
    rule, key = "kms-key-policy-no-public-access", opened.new_key()
    assert status(opened, rule, key) == "ok"
    opened.call("PutKeyPolicy", KeyId=key, Policy=policy(allow({"AWS": ROOT}, "kms:*"), allow("*", "kms:Decrypt")))
    assert status(opened, rule, key) == "fail"


def test_tags_and_description_are_asked_for(opened: OpenedStore) -> None:
    bare = opened.new_key()
    full = opened.new_key(Description="of the app", Tags=[{"TagKey": "owner", "TagValue": "app"}])
    for rule in ("kms-key-tagged", "kmscore-key-described"):
        assert (status(opened, rule, bare), status(opened, rule, full)) == ("warn", "ok")


def test_an_unused_key_is_reported_after_90_days(opened: OpenedStore) -> None:
    rule, used, unused = "kmscore-key-used", opened.new_key(), opened.new_key()
    assert status(opened, rule, unused) == "ok"
    opened.clock.advance(91 * DAY)
    opened.call("Encrypt", KeyId=used, Plaintext=b"x")
    assert (status(opened, rule, used), status(opened, rule, unused)) == ("ok", "warn")


def test_an_administrator_other_than_root_is_wanted(opened: OpenedStore) -> None:
    rule, key = "kmscore-key-has-administrator", opened.new_key()
    assert status(opened, rule, key) == "warn"
    user(opened, "admin", policy({"Effect": "Allow", "Action": "kms:PutKeyPolicy", "Resource": "*"}))
    assert status(opened, rule, key) == "ok"
    nobody = policy(allow({"AWS": ROOT}, "kms:Describe*"))
    opened.call("PutKeyPolicy", KeyId=key, Policy=nobody, BypassPolicyLockoutSafetyCheck=True)
    assert status(opened, rule, key) == "fail"


@pytest.mark.parametrize(
    ("spec", "usage", "use"),
    [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "kms:Decrypt"),
        ("ECC_NIST_P256", "SIGN_VERIFY", "kms:Sign"),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "kms:GenerateMac"),
        ("ECC_NIST_P256", "KEY_AGREEMENT", "kms:DeriveSharedSecret"),
        ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", "kms:Decapsulate"),
    ],
)
def test_administrators_who_can_use_the_key_are_named(opened: OpenedStore, spec: str, usage: str, use: str) -> None:
    key = opened.new_key(KeySpec=spec, KeyUsage=usage)
    user(opened, "admin")
    rule, root = "kmscore-administrators-apart", allow({"AWS": ROOT}, "kms:*")
    opened.call("PutKeyPolicy", KeyId=key, Policy=policy(root, allow({"AWS": ADMIN}, "kms:PutKeyPolicy")))
    assert status(opened, rule, key) == "ok"
    opened.call("PutKeyPolicy", KeyId=key, Policy=policy(root, allow({"AWS": ADMIN}, ["kms:PutKeyPolicy", use])))
    [result] = results(opened, rule)
    assert result.status == "warn"
    assert ADMIN in result.text


def test_every_usage_has_its_use() -> None:
    usages = {usage for row in _core.key_specs() for usage in row["usages"]}
    assert usages == set(compliance._USES)


def test_inline_policies_on_all_keys_fail_whatever_their_conditions(opened: OpenedStore) -> None:
    rule = compliance.INLINE_POLICIES
    conditional = {"Bool": {"aws:SecureTransport": "true"}}
    user(opened, "all", policy({"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": conditional}))
    one = f"arn:aws:kms:us-east-1:{DEFAULT_ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    user(opened, "one", policy({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": one}))
    user(opened, "write", policy({"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}))
    found = {result.resource.rsplit("/", 1)[-1]: result for result in results(opened, rule)}
    assert {name: result.status for name, result in found.items()} == {"all": "fail", "one": "ok", "write": "ok"}
    assert "kms:Decrypt and kms:ReEncryptFrom on all keys" in found["all"].text


def test_imported_key_material_is_reported_before_it_expires(opened: OpenedStore) -> None:
    rule, forever, soon = "kmscore-imported-material-valid", external(opened), external(opened)
    do_import(opened, forever, bytes(32))
    expiry = opened.clock.now() + 40 * DAY
    do_import(opened, soon, bytes(32), ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=expiry)
    assert (status(opened, rule, forever), status(opened, rule, soon)) == ("ok", "ok")
    assert status(opened, rule, opened.new_key()) is None
    [result] = [one for one in results(opened, rule, expiry_days=41) if one.status != "ok"]
    assert "expires in 39 days" in result.text or "expires in 40 days" in result.text
    opened.clock.advance(11 * DAY)
    assert status(opened, rule, soon) == "warn"


def test_account_and_region_narrow_the_check(opened: OpenedStore) -> None:
    key = opened.new_key()
    opened.call("CreateKey", region="eu-west-1")
    assert len(results(opened, "kms-key-tagged")) == 2
    [result] = results(opened, "kms-key-tagged", region="us-east-1")
    assert result.resource.endswith(key)
    assert results(opened, "kms-key-tagged", account="000000000001") == []


def test_an_unknown_rule_is_refused(opened: OpenedStore) -> None:
    with pytest.raises(ValueError, match="there is no rule nothing; there are cmk-backing"):
        results(opened, "nothing")
