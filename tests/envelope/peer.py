"""aws-encryption-sdk as the other side: its legacy master keys, and the keyrings of the material providers library."""

from typing import Any

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateAwsKmsKeyringInput,
    CreateAwsKmsRsaKeyringInput,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateMultiKeyringInput,
    CreateRawAesKeyringInput,
    CreateRequiredEncryptionContextCMMInput,
)
from aws_encryption_sdk.identifiers import Algorithm, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from envelope.keyrings import NAME, NAMESPACE, WRAPPING_KEY

CLIENT = aws_encryption_sdk.EncryptionSDKClient()
PROVIDERS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


def encrypt(plaintext: bytes, source: dict[str, Any], suite: int, frame_length: int, context: dict[str, str]) -> bytes:
    """A message of theirs."""
    algorithm = Algorithm.get_by_id(suite)
    message, _ = CLIENT.encrypt(
        source=plaintext, algorithm=algorithm, frame_length=frame_length, encryption_context=context, **source
    )
    return bytes(message)


def decrypt(message: bytes, source: dict[str, Any], context: dict[str, str] | None = None) -> tuple[bytes, Any]:
    """What they make of a message: the plaintext and its header."""
    reproduced = {} if context is None else {"encryption_context": context}
    plaintext, header = CLIENT.decrypt(source=message, **source, **reproduced)
    return bytes(plaintext), header


def master_key() -> dict[str, Any]:
    """The tests' wrapping key as a legacy master key."""
    wrapping_key = WrappingKey(
        wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
        wrapping_key=WRAPPING_KEY,
        wrapping_key_type=EncryptionKeyType.SYMMETRIC,
    )
    return {"key_provider": RawMasterKey(provider_id=NAMESPACE, key_id=NAME.encode(), wrapping_key=wrapping_key)}


def raw_keyring() -> Any:
    """The tests' wrapping key as a keyring."""
    wanted = CreateRawAesKeyringInput(
        key_namespace=NAMESPACE,
        key_name=NAME,
        wrapping_key=WRAPPING_KEY,
        wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
    )
    return PROVIDERS.create_raw_aes_keyring(input=wanted)


def kms_keyring(client: Any, key: str) -> Any:
    """A keyring of a KMS key."""
    return PROVIDERS.create_aws_kms_keyring(input=CreateAwsKmsKeyringInput(kms_key_id=key, kms_client=client))


def kms_rsa_keyring(key: str, algorithm: str, *, public_key: bytes | None = None, client: Any = None) -> Any:
    """A keyring of an RSA key of KMS: it encrypts with the public key and decrypts with the client."""
    pem = None
    if public_key is not None:
        pem = load_der_public_key(public_key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    wanted = CreateAwsKmsRsaKeyringInput(
        kms_key_id=key, encryption_algorithm=algorithm, public_key=pem, kms_client=client
    )
    return PROVIDERS.create_aws_kms_rsa_keyring(input=wanted)


def multi_keyring(generator: Any, *children: Any) -> Any:
    """Several keyrings."""
    return PROVIDERS.create_multi_keyring(
        input=CreateMultiKeyringInput(generator=generator, child_keyrings=list(children))
    )


def requiring(keyring: Any, keys: list[str]) -> dict[str, Any]:
    """A keyring whose messages do not store the pairs of these keys."""
    default = PROVIDERS.create_default_cryptographic_materials_manager(
        input=CreateDefaultCryptographicMaterialsManagerInput(keyring=keyring)
    )
    wanted = CreateRequiredEncryptionContextCMMInput(underlying_cmm=default, required_encryption_context_keys=keys)
    return {"materials_manager": PROVIDERS.create_required_encryption_context_cmm(input=wanted)}
