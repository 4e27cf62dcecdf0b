"""JSON Web Tokens signed in KMS, through PyJWT (RFC 7515, 7517, 7518, 8037, 8812).

Example:
    >>> import jwt, kmscore
    >>> from kmscore.integrations.jwt import signing_key
    >>> kms = kmscore.client("kms", region_name="us-east-1")
    >>> key_id = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    >>> key = signing_key(kms, key_id)
    >>> token = key.encode({"sub": "alice"})
    >>> jwt.decode(token, jwt.PyJWK(key.jwk()), algorithms=["ES256"])
    {'sub': 'alice'}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

try:
    import jwt
except ImportError as missing:
    raise ImportError("kmscore.integrations.jwt needs PyJWT: pip install 'kmscore[jwt]'") from missing

from kmscore.integrations.private_keys import KmsClient, private_key

if TYPE_CHECKING:
    from kmscore.integrations.private_keys import KmsPrivateKey

# What keys of a spec sign; the first unless another is asked for.
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_ALGORITHMS = {
    "RSA_2048": _RSA,
    "RSA_3072": _RSA,
    "RSA_4096": _RSA,
    "ECC_NIST_P256": ("ES256",),
    "ECC_NIST_P384": ("ES384",),
    "ECC_NIST_P521": ("ES512",),
    "ECC_SECG_P256K1": ("ES256K",),
    "ECC_NIST_EDWARDS25519": ("EdDSA",),
}


@dataclass(frozen=True)
class SigningKey:
    """A KMS key that signs tokens. Made by `signing_key`; make it once and use it often."""

    private_key: KmsPrivateKey
    """What PyJWT's own `encode` takes as `key`."""
    algorithm: str
    """The `alg` of the tokens."""

    @property
    def kid(self) -> str:
        """The `kid` of the tokens: the key id within the key's ARN."""
        return self.private_key.key_id.rpartition("/")[2]

    def encode(self, payload: Mapping[str, Any], headers: Mapping[str, Any] | None = None) -> str:
        """Make a token and sign it in KMS.

        Args:
            payload: The claims, as PyJWT takes them.
            headers: More headers, or another `kid`.

        Returns:
            The token.

        Raises:
            ClientError: What the client raises.
            TypeError: `payload` cannot be JSON, or a claim is of a wrong type.
            ValueError: `headers` has an `alg`, or the token is longer than KMS signs with EdDSA (4,096 bytes).
        """
        if headers is not None and "alg" in headers:
            # PyJWT would follow it, even to `none`.
            raise ValueError(f"headers has an alg: it is {self.algorithm}, by the key")
        more = {"kid": self.kid, **(headers or {})}
        key: Any = self.private_key  # Its type names ML-DSA keys, too, which `signing_key` lets no one have.
        return jwt.encode(dict(payload), key, algorithm=self.algorithm, headers=more)

    def jwk(self) -> dict[str, Any]:
        """The public key as a JSON Web Key, for verifiers.

        Returns:
            `kty` and the key's numbers, `kid`, `alg`, and `use`, which is `sig`.
        """
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        numbers = json.loads(algorithm.to_jwk(self.private_key.public_key()))
        # RFC 7517, section 4.3: `use` and `key_ops` should not stand together.
        numbers.pop("key_ops", None)
        return {**numbers, "kid": self.kid, "alg": self.algorithm, "use": "sig"}


def signing_key(client: KmsClient, key_id: str, algorithm: str | None = None) -> SigningKey:
    """A KMS key that signs tokens. GetPublicKey is called once, here.

    Args:
        client: A kmscore client, or any boto3 KMS client.
        key_id: An RSA, elliptic curve or Ed25519 key of KeyUsage SIGN_VERIFY.
        algorithm: For RSA `RS256` (when absent), `RS384`, `RS512`, `PS256`, `PS384` or `PS512`; other keys have one:
            `ES256`, `ES384`, `ES512`, `ES256K` or `EdDSA`.

    Raises:
        ClientError: What the client raises.
        TypeError: `client` lacks the calls of a KMS client.
        ValueError: The key does not sign, or not with this algorithm.
    """
    key = private_key(client, key_id)
    key.require_usage("SIGN_VERIFY")
    if key.key_spec not in _ALGORITHMS:
        raise ValueError(f"{key_id} is of KeySpec {key.key_spec}: PyJWT has no algorithm for it")
    allowed = _ALGORITHMS[key.key_spec]
    if algorithm is not None and algorithm not in allowed:
        raise ValueError(f"algorithm is {algorithm!r}: a key of KeySpec {key.key_spec} signs {', '.join(allowed)}")
    return SigningKey(key, algorithm or allowed[0])


def encode(
    payload: Mapping[str, Any],
    client: KmsClient,
    key_id: str,
    *,
    algorithm: str | None = None,
    headers: Mapping[str, Any] | None = None,
) -> str:
    """Make one token and sign it in KMS. For many, make a `signing_key` first: that saves a GetPublicKey for each.

    Args:
        payload: The claims, as PyJWT takes them.
        client: A kmscore client, or any boto3 KMS client.
        key_id: As with `signing_key`.
        algorithm: As with `signing_key`.
        headers: More headers, or another `kid`.

    Returns:
        The token.

    Raises:
        ClientError: What the client raises.
        TypeError: As with `signing_key` and `SigningKey.encode`.
        ValueError: As with `signing_key` and `SigningKey.encode`.
    """
    return signing_key(client, key_id, algorithm).encode(payload, headers)


def jwk(client: KmsClient, key_id: str, *, algorithm: str | None = None) -> dict[str, Any]:
    """The public key of a KMS key as a JSON Web Key.

    Args:
        client: A kmscore client, or any boto3 KMS client.
        key_id: As with `signing_key`.
        algorithm: As with `signing_key`.

    Returns:
        `kty` and the key's numbers, `kid`, `alg` and `use`.

    Raises:
        ClientError: What the client raises.
        TypeError: As with `signing_key`.
        ValueError: As with `signing_key`.
    """
    return signing_key(client, key_id, algorithm).jwk()


def jwks(client: KmsClient, key_ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The public keys of KMS keys as a JSON Web Key Set, to publish at `/.well-known/jwks.json`.

    Args:
        client: A kmscore client, or any boto3 KMS client.
        key_ids: As with `signing_key`. RSA keys are published for RS256; for others, put `jwk`s into a list yourself.

    Returns:
        The set; JSON as it is.

    Raises:
        ClientError: What the client raises.
        TypeError: `key_ids` is one str, or as with `signing_key`.
        ValueError: As with `signing_key`.
    """
    if isinstance(key_ids, str):
        raise TypeError("key_ids must be several key identifiers, not one str")
    return {"keys": [jwk(client, key_id) for key_id in key_ids]}
