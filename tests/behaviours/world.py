"""A store of one test with its callers: accounts, users and their clients, keys, imported material, time."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from identity.conftest import Identities, statement
from kmscore import errors
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from kmscore.identity import Changes, accounts, policies
from kmscore.testing import advance

ROOT = f"arn:aws:iam::{DEFAULT_ACCOUNT}:root"
OTHER_ACCOUNT = "111122223333"
WEST = "us-west-2"


@dataclass
class World:
    """Clients of one store, whose clock the test moves."""

    identities: Identities
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def kms(self) -> Any:
        """The client of the account's root."""
        return self.client()

    def client(self, principal: str = ROOT, region: str = DEFAULT_REGION) -> Any:
        """A principal's client."""
        if (principal, region) not in self.clients:
            self.clients[principal, region] = self.identities.client(principal, region_name=region)
        return self.clients[principal, region]

    def user(self, name: str, *policy: str, account: str = DEFAULT_ACCOUNT) -> str:
        """Make a user with these policies; returns the ARN."""
        if account not in self.identities.read(accounts.names):
            self.identities.change(lambda changes: accounts.create(changes, account))
        user = self.identities.user(name, account=account)

        def put_all(changes: Changes) -> None:
            for number, document in enumerate(policy):
                policies.put(changes, user, f"policy{number}", document)

        self.identities.change(put_all)
        return user.arn()

    def key(self, client: Any = None, **parameters: Any) -> str:
        """Make a key; returns its id."""
        key_id: str = (client or self.kms).create_key(**parameters)["KeyMetadata"]["KeyId"]
        return key_id

    def metadata(self, key_id: str, region: str = DEFAULT_REGION) -> dict[str, Any]:
        """What DescribeKey tells."""
        found: dict[str, Any] = self.client(region=region).describe_key(KeyId=key_id)["KeyMetadata"]
        return found

    def put_policy(self, key_id: str, *statements: dict[str, Any]) -> None:
        """Give a key a policy that leaves all to its account, and these statements besides."""
        self.kms.put_key_policy(KeyId=key_id, Policy=key_policy(*statements))

    def wrapped_material(self, key_id: str, material: bytes) -> dict[str, Any]:
        """Arguments of ImportKeyMaterial for material that does not expire."""
        made = self.kms.get_parameters_for_import(
            KeyId=key_id, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        )
        public = serialization.load_der_public_key(made["PublicKey"])
        assert isinstance(public, rsa.RSAPublicKey)
        return {
            "ImportToken": made["ImportToken"],
            "EncryptedKeyMaterial": public.encrypt(
                material, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
            ),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        }

    def import_material(self, key_id: str, material: bytes, **parameters: Any) -> str:
        """Import material that does not expire; returns its id."""
        wrapped = self.wrapped_material(key_id, material)
        material_id: str = self.kms.import_key_material(KeyId=key_id, **wrapped, **parameters)["KeyMaterialId"]
        return material_id

    def advance(self, **span: float) -> None:
        """Move the clock on."""
        advance(self.identities.opened.clock, **span)

    def close(self) -> None:
        """Close all clients."""
        for client in self.clients.values():
            client.close()


def allow(principal: str, *actions: str, **more: Any) -> dict[str, Any]:
    """A statement of a key policy."""
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions), "Resource": "*", **more}


def deny(principal: str, *actions: str, **more: Any) -> dict[str, Any]:
    """A statement of a key policy that denies."""
    return allow(principal, *actions, **more) | {"Effect": "Deny"}


def key_policy(*statements: dict[str, Any], root: str = ROOT) -> str:
    """A key policy that leaves all to the account, and these statements besides."""
    return json.dumps({"Version": "2012-10-17", "Statement": [allow(root, "kms:*"), *statements]})


def refuses(error: type[errors.ClientError] | str, call: Any, **parameters: Any) -> str:
    """Make a call that must fail with this error; returns its message."""
    code = error if isinstance(error, str) else error.__name__
    with pytest.raises(errors.ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value.response["Error"]["Message"])


__all__ = ["OTHER_ACCOUNT", "ROOT", "WEST", "World", "allow", "deny", "key_policy", "refuses", "statement"]
