"""ML-DSA private keys of pyca/cryptography (47 and later) whose private part never leaves KMS (FIPS 204)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import mldsa

from kmscore.integrations.private_keys import KmsClient, PrivateKeyInKms, PublicKey
from kmscore.signatures import ML_DSA_REPRESENTATIVE, Message

if TYPE_CHECKING:
    from kmscore.integrations.private_keys import Data, KmsPrivateKey

_ALGORITHM = "ML_DSA_SHAKE_256"


class _MLDSAPrivateKey(PrivateKeyInKms[PublicKey]):
    """What the three parameter sets have in common."""

    def sign(self, data: Data, context: Data | None = None) -> bytes:
        """Hash here and sign in KMS.

        Args:
            data: Bytes of any length.
            context: Must be absent or empty, as KMS has none.

        Returns:
            The signature of pure ML-DSA.

        Raises:
            ClientError: What the client raises.
            ValueError: There is a context, or the key is not for signing.
        """
        if context:
            raise ValueError(f"context is {len(context)} bytes: with ML-DSA in KMS it must be empty")
        return self._signed(self._hashed(data, _ALGORITHM), _ALGORITHM)

    def sign_mu(self, mu: Data) -> bytes:
        """Sign a message representative in KMS.

        Args:
            mu: 64 bytes.

        Returns:
            The signature of the message that `mu` stands for.

        Raises:
            ClientError: What the client raises.
            ValueError: `mu` is not 64 bytes, or the key is not for signing.
        """
        representative = bytes(mu)
        if len(representative) != ML_DSA_REPRESENTATIVE:
            raise ValueError(f"mu is {len(representative)} bytes: it must be {ML_DSA_REPRESENTATIVE}")
        return self._signed(Message(representative, "EXTERNAL_MU"), _ALGORITHM)


class KmsMLDSA44PrivateKey(_MLDSAPrivateKey[mldsa.MLDSA44PublicKey], mldsa.MLDSA44PrivateKey):
    """An ML-DSA-44 key in KMS."""


class KmsMLDSA65PrivateKey(_MLDSAPrivateKey[mldsa.MLDSA65PublicKey], mldsa.MLDSA65PrivateKey):
    """An ML-DSA-65 key in KMS."""


class KmsMLDSA87PrivateKey(_MLDSAPrivateKey[mldsa.MLDSA87PublicKey], mldsa.MLDSA87PrivateKey):
    """An ML-DSA-87 key in KMS."""


def mldsa_private_key(client: KmsClient, description: Mapping[str, Any], public: object) -> KmsPrivateKey:
    """The private key to an ML-DSA public key.

    Args:
        client: A KMS client.
        description: The reply of `get_public_key`.
        public: The public key in it.

    Raises:
        TypeError: `public` is no ML-DSA public key.
    """
    match public:
        case mldsa.MLDSA44PublicKey():
            return KmsMLDSA44PrivateKey(client, description, public)
        case mldsa.MLDSA65PublicKey():
            return KmsMLDSA65PrivateKey(client, description, public)
        case mldsa.MLDSA87PublicKey():
            return KmsMLDSA87PrivateKey(client, description, public)
    raise TypeError(f"public must be an ML-DSA public key, not {type(public).__name__}")
