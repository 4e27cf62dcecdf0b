"""Data keys for keyrings: made, wrapped and unwrapped in the engine, never Python objects."""

from __future__ import annotations

from kmscore._core import DataKey, EncryptedDataKey
from kmscore.client.calls import Calls


class DataKeyCalls(Calls):
    """The calls behind `kmscore.envelope`'s keyrings: each is authorised and audited as the KMS operation it is."""

    def make_data_key(
        self, key_id: str, encryption_context: dict[str, str], grant_tokens: list[str]
    ) -> tuple[DataKey, str, bytes]:
        """GenerateDataKey of 32 bytes.

        Args:
            key_id: Key id, key ARN, alias name or alias ARN.
            encryption_context: Text pairs.
            grant_tokens: Grant tokens.

        Returns:
            The data key, the key ARN and the ciphertext blob.

        Raises:
            ClientError: As `generate_data_key`.
        """
        return self._connection.run(
            lambda engine: engine.generate_data_key(key_id, encryption_context, grant_tokens, self._caller)
        )

    def wrap_data_key(
        self, key_id: str, data_key: DataKey, encryption_context: dict[str, str], grant_tokens: list[str]
    ) -> tuple[str, bytes]:
        """Encrypt, of a data key.

        Args:
            key_id: Key id, key ARN, alias name or alias ARN.
            data_key: What is encrypted.
            encryption_context: Text pairs.
            grant_tokens: Grant tokens.

        Returns:
            The key ARN and the ciphertext blob.

        Raises:
            ClientError: As `encrypt`.
        """
        return self._connection.run(
            lambda engine: engine.encrypt_data_key(key_id, data_key, encryption_context, grant_tokens, self._caller)
        )

    def unwrap_data_key(
        self, key_id: str, ciphertext: bytes, encryption_context: dict[str, str], grant_tokens: list[str]
    ) -> tuple[DataKey, str]:
        """Decrypt, of a data key.

        Args:
            key_id: The key that must have made the ciphertext.
            ciphertext: The ciphertext blob.
            encryption_context: The pairs it was made under.
            grant_tokens: Grant tokens.

        Returns:
            The data key and the key ARN.

        Raises:
            ClientError: As `decrypt`.
        """
        return self._connection.run(
            lambda engine: engine.decrypt_data_key(key_id, ciphertext, encryption_context, grant_tokens, self._caller)
        )

    def unwrap_rsa_data_key(
        self,
        key_id: str,
        ciphertext: bytes,
        encryption_algorithm: str,
        encryption_context: dict[str, str],
        grant_tokens: list[str],
    ) -> tuple[DataKey, str]:
        """Decrypt, of a data key under RSA.

        Args:
            key_id: The RSA key.
            ciphertext: What was made with its public key.
            encryption_algorithm: `RSAES_OAEP_SHA_1` or `RSAES_OAEP_SHA_256`.
            encryption_context: The pairs it was bound to.
            grant_tokens: Grant tokens.

        Returns:
            The data key and the key ARN.

        Raises:
            ClientError: As `decrypt`.
            DecryptionError: It is bound to other pairs, or is no data key.
        """
        return self._connection.run(
            lambda engine: engine.decrypt_rsa_data_key(
                key_id, ciphertext, encryption_algorithm, encryption_context, grant_tokens, self._caller
            )
        )

    def unwrap_ml_kem_data_key(
        self,
        key_id: str,
        encrypted: EncryptedDataKey,
        encryption_context: dict[str, str],
        grant_tokens: list[str],
    ) -> tuple[DataKey, str]:
        """Decapsulate, for a data key under ML-KEM.

        Args:
            key_id: The ML-KEM key.
            encrypted: What was made with its public key.
            encryption_context: The pairs it was bound to.
            grant_tokens: Grant tokens.

        Returns:
            The data key and the key ARN.

        Raises:
            ClientError: As `decapsulate`.
            DecryptionError: It is of another key or bound to other pairs, or it was changed.
        """
        return self._connection.run(
            lambda engine: engine.decapsulate_data_key(
                key_id, encrypted, encryption_context, grant_tokens, self._caller
            )
        )
