"""What the race turns off and on again: a key, a key policy's statement, a grant, and where an alias points.

After change k it is off when k is odd. Each call of the reader tells which of the two it met.
"""

import json
from typing import Any, Protocol

from kmscore.config import DEFAULT_ACCOUNT
from kmscore.errors import AccessDeniedException, DisabledException

USER = f"arn:aws:iam::{DEFAULT_ACCOUNT}:user/reader"
ALIAS = "alias/race"


class Subject(Protocol):
    """Something that is off or on, which one process turns and another one meets."""

    @property
    def principal(self) -> str | None:
        """Who reads; None: the account's root."""

    def prepare(self, kms: Any) -> list[str]:
        """Make it, on; returns the keys that it is about."""

    def turn(self, kms: Any, keys: list[str], *, off: bool) -> None:
        """Turn it, by the call that the race is about when it is turned off."""

    def is_off(self, kms: Any, keys: list[str]) -> bool:
        """Look it up in the store."""

    def met_off(self, kms: Any, keys: list[str]) -> bool:
        """Make a call that goes otherwise when it is off; tell how it went."""


class DisabledKey:
    """DisableKey and EnableKey."""

    principal = None

    def prepare(self, kms: Any) -> list[str]:
        return [_new_key(kms)]

    def turn(self, kms: Any, keys: list[str], *, off: bool) -> None:
        (kms.disable_key if off else kms.enable_key)(KeyId=keys[0])

    def is_off(self, kms: Any, keys: list[str]) -> bool:
        return bool(kms.describe_key(KeyId=keys[0])["KeyMetadata"]["KeyState"] == "Disabled")

    def met_off(self, kms: Any, keys: list[str]) -> bool:
        try:
            kms.encrypt(KeyId=keys[0], Plaintext=b"x")
        except DisabledException:
            return True
        return False


class _AccessOfUser:
    """Whether USER may encrypt."""

    principal = USER

    def met_off(self, kms: Any, keys: list[str]) -> bool:
        try:
            kms.encrypt(KeyId=keys[0], Plaintext=b"x")
        except AccessDeniedException:
            return True
        return False


class KeyPolicy(_AccessOfUser):
    """PutKeyPolicy, without and with a statement for USER."""

    def prepare(self, kms: Any) -> list[str]:
        return [kms.create_key(Policy=_policy(off=False))["KeyMetadata"]["KeyId"]]

    def turn(self, kms: Any, keys: list[str], *, off: bool) -> None:
        kms.put_key_policy(KeyId=keys[0], Policy=_policy(off=off))

    def is_off(self, kms: Any, keys: list[str]) -> bool:
        return bool(kms.get_key_policy(KeyId=keys[0])["Policy"] == _policy(off=True))


class Grant(_AccessOfUser):
    """RevokeGrant and CreateGrant."""

    def prepare(self, kms: Any) -> list[str]:
        keys = [_new_key(kms)]
        self.turn(kms, keys, off=False)
        return keys

    def turn(self, kms: Any, keys: list[str], *, off: bool) -> None:
        if off:
            kms.revoke_grant(KeyId=keys[0], GrantId=self._grants(kms, keys)[0]["GrantId"])
        else:
            kms.create_grant(KeyId=keys[0], GranteePrincipal=USER, Operations=["Encrypt"])

    def is_off(self, kms: Any, keys: list[str]) -> bool:
        return not self._grants(kms, keys)

    def _grants(self, kms: Any, keys: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = kms.list_grants(KeyId=keys[0])["Grants"]
        return found


class Alias:
    """UpdateAlias, to the second key and back to the first."""

    principal = None

    def prepare(self, kms: Any) -> list[str]:
        keys = [_new_key(kms), _new_key(kms)]
        kms.create_alias(AliasName=ALIAS, TargetKeyId=keys[0])
        return keys

    def turn(self, kms: Any, keys: list[str], *, off: bool) -> None:
        kms.update_alias(AliasName=ALIAS, TargetKeyId=keys[off])

    def is_off(self, kms: Any, keys: list[str]) -> bool:
        return bool(kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"] == keys[1])

    def met_off(self, kms: Any, keys: list[str]) -> bool:
        return bool(kms.encrypt(KeyId=ALIAS, Plaintext=b"x")["KeyId"].endswith(keys[1]))


SUBJECTS: dict[str, Subject] = {
    "DisableKey": DisabledKey(),
    "PutKeyPolicy": KeyPolicy(),
    "RevokeGrant": Grant(),
    "UpdateAlias": Alias(),
}


def _new_key(kms: Any) -> str:
    key_id: str = kms.create_key()["KeyMetadata"]["KeyId"]
    return key_id


def _policy(*, off: bool) -> str:
    root = f"arn:aws:iam::{DEFAULT_ACCOUNT}:root"
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    ]
    if not off:
        # By a condition: as a principal, the user would have to be one of the store.
        of_user = {"ArnEquals": {"aws:PrincipalArn": USER}}
        statements.append(
            {"Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*", "Condition": of_user}
        )
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
