"""Good arguments of every operation, for a key that is enabled yet and a caller who is about to call."""

from collections.abc import Callable
from typing import Any

from behaviours.world import ROOT, WEST, World, allow, key_policy
from kmscore.config import DEFAULT_ACCOUNT

MESSAGE = b"message"
TAG = {"TagKey": "stage", "TagValue": "test"}
MATERIAL = b"\x03" * 32
SIGNING = {"Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
MAC = {"Message": MESSAGE, "MacAlgorithm": "HMAC_SHA_256"}
WRAPPING = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}

Arguments = dict[str, Any]


class Preparations:
    """What calls need to have happened before them; the account's root does it."""

    def __init__(self, world: World, foreign_root: str, trust_anchor: str) -> None:
        self.world = world
        self.kms = world.kms
        self.trust_anchor = trust_anchor
        self._names = 0
        self._stores: dict[str, str] = {}
        # The key on the other side of a call is one that both accounts may use, and nobody is denied.
        self.helper = world.key(Policy=key_policy(allow(foreign_root, "kms:*")))
        self.helper_arn = str(world.metadata(self.helper)["Arn"])

    def name(self) -> str:
        """A name that no call used before."""
        self._names += 1
        return f"name{self._names}"

    def arguments(self, name: str, key: str, caller: str) -> Arguments:
        """Arguments of an operation in a variant, for a key named by its ARN."""
        return ARGUMENTS[name](self, key, caller)

    def blob(self, key: str) -> bytes:
        """Ciphertext of a key."""
        made: bytes = self.kms.encrypt(KeyId=key, Plaintext=MESSAGE)["CiphertextBlob"]
        return made

    def alias(self, key: str) -> str:
        """A new alias of a key."""
        name = f"alias/{self.name()}"
        self.kms.create_alias(AliasName=name, TargetKeyId=key)
        return name

    def grant(self, key: str, retiring: str = ROOT) -> dict[str, str]:
        """A new grant on a key."""
        made: dict[str, str] = self.kms.create_grant(
            KeyId=key, GranteePrincipal=ROOT, RetiringPrincipal=retiring, Operations=["DescribeKey"]
        )
        return made

    def custom_key_store(self, purpose: str) -> str:
        """The custom key store of a purpose; an account has few."""
        if purpose not in self._stores:
            made = self.kms.create_custom_key_store(**self.new_custom_key_store())
            self._stores[purpose] = made["CustomKeyStoreId"]
        return self._stores[purpose]

    def new_custom_key_store(self) -> Arguments:
        """Arguments for a custom key store that is not there yet."""
        name = self.name()
        digits = "".join("234567ab"[int(digit, 8)] for digit in f"{int(name.removeprefix('name')):011o}")
        return {
            "CustomKeyStoreName": name,
            "CloudHsmClusterId": f"cluster-{digits}",
            "KeyStorePassword": "kmsPswd",
            "TrustAnchorCertificate": self.trust_anchor,
        }


def _only_key(_: Preparations, key: str, __: str) -> Arguments:
    return {"KeyId": key}


def _with(**more: Any) -> Callable[[Preparations, str, str], Arguments]:
    return lambda _, key, __: {"KeyId": key, **more}


def _keyless(**arguments: Any) -> Callable[[Preparations, str, str], Arguments]:
    return lambda _, __, ___: arguments


def _custom(purpose: str, **more: Any) -> Callable[[Preparations, str, str], Arguments]:
    return lambda prepare, _, __: {"CustomKeyStoreId": prepare.custom_key_store(purpose), **more}


def _import(prepare: Preparations, key: str, _: str) -> Arguments:
    return {"KeyId": key, **prepare.world.wrapped_material(key, MATERIAL)}


def _import_own(_: Preparations, key: str, __: str) -> Arguments:
    return {"KeyId": key, "ImportToken": b"t", "EncryptedKeyMaterial": b"m", "ValidTo": 0}


def _decapsulate(prepare: Preparations, key: str, _: str) -> Arguments:
    made = prepare.kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM")
    return {
        "KeyId": key,
        "EncapsulationAlgorithm": "ML_KEM",
        "SharedSecretCiphertextBlob": made["SharedSecretCiphertextBlob"],
    }


def _agree(prepare: Preparations, key: str, _: str) -> Arguments:
    # A key may agree with itself.
    public = prepare.kms.get_public_key(KeyId=key)["PublicKey"]
    return {"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": public}


def _untag(prepare: Preparations, key: str, _: str) -> Arguments:
    prepare.kms.tag_resource(KeyId=key, Tags=[TAG])
    return {"KeyId": key, "TagKeys": [TAG["TagKey"]]}


def _put_policy(prepare: Preparations, key: str, _: str) -> Arguments:
    policy = prepare.kms.get_key_policy(KeyId=key)["Policy"]
    return {"KeyId": key, "Policy": policy, "BypassPolicyLockoutSafetyCheck": True}


def _revoke(prepare: Preparations, key: str, _: str) -> Arguments:
    return {"KeyId": key, "GrantId": prepare.grant(key)["GrantId"]}


def _retire(prepare: Preparations, key: str, caller: str) -> Arguments:
    return {"KeyId": key, "GrantId": prepare.grant(key, caller)["GrantId"]}


def _retire_by_token(prepare: Preparations, key: str, caller: str) -> Arguments:
    return {"GrantToken": prepare.grant(key, caller)["GrantToken"]}


def _describe_stores(_: Preparations, __: str, ___: str) -> Arguments:
    return {}


def _grant(_: Preparations, key: str, __: str) -> Arguments:
    return {"KeyId": key, "GranteePrincipal": f"arn:aws:iam::{DEFAULT_ACCOUNT}:root", "Operations": ["Encrypt"]}


ARGUMENTS: dict[str, Callable[[Preparations, str, str], Arguments]] = {
    "Encrypt": _with(Plaintext=MESSAGE),
    "Decrypt": lambda prepare, key, _: {"CiphertextBlob": prepare.blob(key)},
    "Decrypt:named": lambda prepare, key, _: {"KeyId": key, "CiphertextBlob": prepare.blob(key)},
    "ReEncrypt:source": lambda prepare, key, _: {
        "CiphertextBlob": prepare.blob(key),
        "DestinationKeyId": prepare.helper_arn,
    },
    "ReEncrypt:destination": lambda prepare, key, _: {
        "CiphertextBlob": prepare.blob(prepare.helper),
        "DestinationKeyId": key,
    },
    "GenerateDataKey": _with(KeySpec="AES_256"),
    "GenerateDataKeyWithoutPlaintext": _with(KeySpec="AES_256"),
    "GenerateDataKeyPair": _with(KeyPairSpec="ECC_NIST_P256"),
    "GenerateDataKeyPairWithoutPlaintext": _with(KeyPairSpec="ECC_NIST_P256"),
    "GenerateMac": _with(**MAC),
    "VerifyMac": lambda prepare, key, _: {
        "KeyId": key,
        **MAC,
        "Mac": prepare.kms.generate_mac(KeyId=key, **MAC)["Mac"],
    },
    "Sign": _with(**SIGNING),
    "Verify": lambda prepare, key, _: {
        "KeyId": key,
        **SIGNING,
        "Signature": prepare.kms.sign(KeyId=key, **SIGNING)["Signature"],
    },
    "GetPublicKey": _only_key,
    "DeriveSharedSecret": _agree,
    "Encapsulate": _with(EncapsulationAlgorithm="ML_KEM"),
    "Decapsulate": _decapsulate,
    "GenerateRandom": _keyless(NumberOfBytes=16),
    "CreateKey": _keyless(),
    "ListKeys": _keyless(),
    "DescribeKey": _only_key,
    "EnableKey": _only_key,
    "DisableKey": _only_key,
    "UpdateKeyDescription": _with(Description="new"),
    "ScheduleKeyDeletion": _only_key,
    "CancelKeyDeletion": _only_key,
    "GetKeyLastUsage": _only_key,
    "GetKeyPolicy": _only_key,
    "PutKeyPolicy": _put_policy,
    "ListKeyPolicies": _only_key,
    "TagResource": _with(Tags=[TAG]),
    "UntagResource": _untag,
    "ListResourceTags": _only_key,
    "CreateAlias": lambda prepare, key, _: {"AliasName": f"alias/{prepare.name()}", "TargetKeyId": key},
    "UpdateAlias": lambda prepare, key, _: {"AliasName": prepare.alias(prepare.helper), "TargetKeyId": key},
    "UpdateAlias:away": lambda prepare, key, _: {"AliasName": prepare.alias(key), "TargetKeyId": prepare.helper},
    "DeleteAlias": lambda prepare, key, _: {"AliasName": prepare.alias(key)},
    "ListAliases": _keyless(),
    "ListAliases:key": _only_key,
    "CreateGrant": _grant,
    "ListGrants": _only_key,
    "RevokeGrant": _revoke,
    "RetireGrant": _retire,
    "RetireGrant:token": _retire_by_token,
    "ListRetirableGrants": lambda _, __, caller: {"RetiringPrincipal": caller},
    "EnableKeyRotation": _only_key,
    "EnableKeyRotation:pair": _only_key,
    "DisableKeyRotation": _only_key,
    "DisableKeyRotation:pair": _only_key,
    "GetKeyRotationStatus": _only_key,
    "GetKeyRotationStatus:pair": _only_key,
    "ListKeyRotations": _only_key,
    "ListKeyRotations:pair": _only_key,
    "RotateKeyOnDemand": _only_key,
    "RotateKeyOnDemand:pair": _only_key,
    "GetParametersForImport": _with(**WRAPPING),
    "GetParametersForImport:own": _with(**WRAPPING),
    "ImportKeyMaterial": _import,
    "ImportKeyMaterial:own": _import_own,
    "DeleteImportedKeyMaterial": _only_key,
    "DeleteImportedKeyMaterial:own": _only_key,
    "ReplicateKey": _with(ReplicaRegion=WEST),
    "ReplicateKey:single": _with(ReplicaRegion=WEST),
    "UpdatePrimaryRegion": _with(PrimaryRegion=WEST),
    "CreateCustomKeyStore": lambda prepare, _, __: prepare.new_custom_key_store(),
    "ConnectCustomKeyStore": _custom("connect"),
    "DisconnectCustomKeyStore": _custom("disconnect"),
    "UpdateCustomKeyStore": _custom("update", NewCustomKeyStoreName="renamed"),
    "DeleteCustomKeyStore": _custom("delete"),
    "DescribeCustomKeyStores": _describe_stores,
}
"""By the name of a row of the table: arguments for the ARN of a key and the ARN of who calls."""
