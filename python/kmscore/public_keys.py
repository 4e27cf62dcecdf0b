"""Public keys of KMS as objects of pyca/cryptography: `kmscore.public_key`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


def public_key(response: Mapping[str, object]) -> PublicKeyTypes:
    """The public key in a reply of KMS, as an object that verifies, encrypts or agrees without KMS.

    Args:
        response: The reply of `get_public_key`, `generate_data_key_pair` or `generate_data_key_pair_without_plaintext`,
            from kmscore or from boto3.

    Returns:
        One of cryptography's public keys, such as `RSAPublicKey` or `EllipticCurvePublicKey`.

    Raises:
        ImportError: cryptography is not installed.
        TypeError: `response` is no reply, or its PublicKey is not bytes.
        ValueError: The reply has no PublicKey, or one that is damaged or of a KeySpec that cryptography cannot use.

    Example:
        >>> import kmscore
        >>> kms = kmscore.client("kms", region_name="us-east-1")
        >>> key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        >>> kmscore.public_key(kms.get_public_key(KeyId=key)).key_size
        256
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_der_public_key
    except ImportError as missing:
        raise ImportError("kmscore.public_key needs cryptography: pip install 'kmscore[cryptography]'") from missing
    if not isinstance(response, Mapping):
        raise TypeError(f"response must be the reply of get_public_key, not {type(response).__name__}")
    encoded = response.get("PublicKey")
    if encoded is None:
        raise ValueError("response has no PublicKey: it must be the reply of get_public_key or generate_data_key_pair")
    if not isinstance(encoded, bytes):
        raise TypeError(f"PublicKey of response must be bytes, not {type(encoded).__name__}")
    spec = key_spec(response)
    try:
        return load_der_public_key(encoded)
    except UnsupportedAlgorithm as error:
        raise ValueError(f"cryptography does not support KeySpec {spec}: {error}") from error
    except ValueError as error:
        # cryptography before 47 answers with it to kinds of keys that it does not know, too.
        raise ValueError(
            f"PublicKey of KeySpec {spec} is damaged, or this version of cryptography does not support it: {error}"
        ) from error


def key_spec(response: Mapping[str, object]) -> str:
    """The key spec in a reply of KMS.

    Args:
        response: A reply that has a public key.
    """
    # The last is the old name of the first, which AWS KMS still sends along and moto sends alone.
    for name in ("KeySpec", "KeyPairSpec", "CustomerMasterKeySpec"):
        if name in response:
            return str(response[name])
    return "(not named)"
