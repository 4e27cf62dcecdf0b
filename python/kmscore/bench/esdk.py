"""aws-encryption-sdk, legacy and with the material providers library: the same messages, made in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kmscore.bench.setting import NAME, NAMESPACE, Setting
from kmscore.bench.ways import CONTEXT, KIB, MIB, SIGNED, UNSIGNED, Cipher, Load, Loop, Requirement, Way

_LEGACY = Requirement("aws-encryption-sdk", "aws_encryption_sdk", "pip install aws-encryption-sdk")
_PROVIDERS = Requirement(
    "aws-encryption-sdk with the material providers library",
    "aws_cryptographic_material_providers",
    "pip install 'aws-encryption-sdk[MPL]'",
)
_LARGE = {MIB: Load(2, MIB), 100 * MIB: Load(1, 20 * MIB)}
_CACHED_SECONDS = 3600.0


class AwsEncryptionSdk:
    """Its client under any of its sources of data keys.

    Args:
        suite: the algorithm suite's number.
        encrypt_with: the client's arguments that name the source of data keys.
        decrypt_with: the same, to decrypt, where they differ.
    """

    def __init__(self, suite: int, **encrypt_with: Any) -> None:
        from aws_encryption_sdk import EncryptionSDKClient
        from aws_encryption_sdk.identifiers import Algorithm

        self._client = EncryptionSDKClient()
        self._algorithm = Algorithm.get_by_id(suite)
        self._source = encrypt_with

    def encrypt(self, plaintext: bytes) -> bytes:
        """One call."""
        message, _header = self._client.encrypt(
            source=plaintext, algorithm=self._algorithm, encryption_context=CONTEXT, **self._source
        )
        return bytes(message)

    def decrypt(self, message: bytes) -> bytes:
        """One call."""
        plaintext, _header = self._client.decrypt(source=message, **self._source)
        return bytes(plaintext)


def legacy(setting: Setting, suite: int) -> AwsEncryptionSdk:
    """A raw master key; a fresh data key for each message."""
    return AwsEncryptionSdk(suite, key_provider=_master_key(setting))


def legacy_cached(setting: Setting, suite: int) -> AwsEncryptionSdk:
    """The same behind its caching materials manager."""
    from aws_encryption_sdk import CachingCryptoMaterialsManager, LocalCryptoMaterialsCache

    manager = CachingCryptoMaterialsManager(
        cache=LocalCryptoMaterialsCache(100), max_age=_CACHED_SECONDS, master_key_provider=_master_key(setting)
    )
    return AwsEncryptionSdk(suite, materials_manager=manager)


def material_providers(setting: Setting, suite: int) -> AwsEncryptionSdk:
    """A raw AES keyring of the material providers library."""
    from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
    from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
    from aws_cryptographic_material_providers.mpl.models import AesWrappingAlg, CreateRawAesKeyringInput

    wanted = CreateRawAesKeyringInput(
        key_namespace=NAMESPACE,
        key_name=NAME,
        wrapping_key=setting.wrapping_key,
        wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
    )
    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    return AwsEncryptionSdk(suite, keyring=providers.create_raw_aes_keyring(input=wanted))


def _master_key(setting: Setting) -> Any:
    from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
    from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
    from aws_encryption_sdk.key_providers.raw import RawMasterKey

    wrapping_key = WrappingKey(
        wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
        wrapping_key=setting.wrapping_key,
        wrapping_key_type=EncryptionKeyType.SYMMETRIC,
    )
    return RawMasterKey(provider_id=NAMESPACE, key_id=NAME.encode(), wrapping_key=wrapping_key)


def ways() -> list[Way]:
    """Every way, unsigned before signed."""
    return [
        _way("esdk", "aws-encryption-sdk", legacy, UNSIGNED, {KIB: Load(150, KIB), **_LARGE}),
        _way("esdk-cached", "aws-encryption-sdk, caching CMM", legacy_cached, UNSIGNED, {KIB: Load(200, KIB)}),
        _way(
            "esdk-mpl", "aws-encryption-sdk, MPL keyring", material_providers, UNSIGNED, {KIB: Load(30, KIB), **_LARGE}
        ),
        _way("esdk", "aws-encryption-sdk", legacy, SIGNED, {KIB: Load(30, KIB), **_LARGE}),
        _way("esdk-cached", "aws-encryption-sdk, caching CMM", legacy_cached, SIGNED, {KIB: Load(30, KIB)}),
        _way(
            "esdk-mpl",
            "aws-encryption-sdk, MPL keyring",
            material_providers,
            SIGNED,
            {KIB: Load(12, KIB), **_LARGE},
        ),
    ]


def _way(name: str, label: str, make: Callable[[Setting, int], Cipher], suite: int, loads: dict[int, Load]) -> Way:
    # A provider and a cache for each thread: they are not made to be shared (aws-encryption-sdk-python 560 and 739).
    signed = suite == SIGNED
    return Way(
        f"{name}-{suite:04x}",
        label,
        loads,
        lambda setting, threads: Loop([make(setting, suite) for _ in range(threads)]),
        signed,
        requirement=_PROVIDERS if make is material_providers else _LEGACY,
    )
