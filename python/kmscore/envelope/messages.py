"""Messages in one call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from kmscore._core import (
    MessageHeader,
    decrypt_message,
    decrypt_message_into,
    encrypt_message,
    encrypt_message_into,
)
from kmscore.envelope.keyrings import Keyring, require_keyring
from kmscore.envelope.options import (
    COMMITTING,
    FRAME_LENGTH,
    REQUIRE,
    CommitmentPolicy,
    Decrypting,
    request_of,
    size_of,
    threads_for,
)

if TYPE_CHECKING:
    from kmscore.client.calls import Blob


class Decrypted(NamedTuple):
    """What `decrypt` answers."""

    plaintext: bytes
    header: MessageHeader
    """Its `encryption_context` is authenticated: check that it is what you expect."""


class DecryptedInto(NamedTuple):
    """What `decrypt_into` answers."""

    length: int
    """Bytes of plaintext at the start of `out`."""
    header: MessageHeader


def encrypt(
    data: Blob,
    keyring: Keyring,
    *,
    encryption_context: dict[str, str] | None = None,
    algorithm_suite: int = COMMITTING,
    frame_length: int = FRAME_LENGTH,
    commitment_policy: CommitmentPolicy = REQUIRE,
    max_encrypted_data_keys: int | None = None,
    required_encryption_context_keys: Iterable[str] = (),
    threads: int | None = None,
) -> bytes:
    """Encrypt a buffer to a message of the AWS Encryption SDK.

    Args:
        data: Any contiguous buffer: bytes, bytearray, memoryview, a NumPy array, an Arrow buffer. Nobody may write to
            it meanwhile.
        keyring: Who makes and protects the data key.
        encryption_context: Text pairs that are authenticated and stand in the message, readable. Keys must not begin
            with `aws-crypto-`.
        algorithm_suite: 0x0478 (committing) or 0x0578 (committing and signed).
        frame_length: Bytes of plaintext in a frame, 1 to 2^32-1.
        commitment_policy: Which algorithm suites are accepted.
        max_encrypted_data_keys: At most so many; no limit when absent.
        required_encryption_context_keys: Keys whose pairs are authenticated but not stored: decrypting must give them.
        threads: How many; when absent, what suits the length and the cores.

    Returns:
        The message.

    Raises:
        TypeError: An argument is of a wrong type.
        ValueError: An argument breaks a rule; the text names it.
        CommitmentPolicyError: The policy refuses the algorithm suite.
        KeyringError: The keyring cannot encrypt.
        ClientError: What a KMS client raises.
    """
    length = size_of(data, "data")
    request = request_of(
        encryption_context,
        algorithm_suite,
        frame_length,
        commitment_policy,
        max_encrypted_data_keys,
        required_encryption_context_keys,
    )
    materials = require_keyring(keyring).encryption_materials(request, 1, length)
    return encrypt_message(materials, data, frame_length, threads_for(threads, length))


def encrypt_into(
    data: Blob,
    out: Blob,
    keyring: Keyring,
    *,
    encryption_context: dict[str, str] | None = None,
    algorithm_suite: int = COMMITTING,
    frame_length: int = FRAME_LENGTH,
    commitment_policy: CommitmentPolicy = REQUIRE,
    max_encrypted_data_keys: int | None = None,
    required_encryption_context_keys: Iterable[str] = (),
    threads: int | None = None,
) -> int:
    """Encrypt into a buffer of the caller's, which may be used again and again: new memory costs more than encrypting.

    Args:
        data: As for `encrypt`.
        out: A writable buffer, apart from `data`, with room for the message. `ValueError` says how much it needs.
        keyring: As for `encrypt`.
        encryption_context: As for `encrypt`.
        algorithm_suite: As for `encrypt`.
        frame_length: As for `encrypt`.
        commitment_policy: As for `encrypt`.
        max_encrypted_data_keys: As for `encrypt`.
        required_encryption_context_keys: As for `encrypt`.
        threads: As for `encrypt`.

    Returns:
        Bytes of the message at the start of `out`.

    Raises:
        ValueError: `out` is too short or overlaps `data`; nothing was written. And what `encrypt` raises.
    """
    length = size_of(data, "data")
    size_of(out, "out")
    request = request_of(
        encryption_context,
        algorithm_suite,
        frame_length,
        commitment_policy,
        max_encrypted_data_keys,
        required_encryption_context_keys,
    )
    materials = require_keyring(keyring).encryption_materials(request, 1, length)
    return encrypt_message_into(materials, data, out, frame_length, threads_for(threads, length))


def decrypt(
    message: Blob,
    keyring: Keyring,
    *,
    encryption_context: dict[str, str] | None = None,
    commitment_policy: CommitmentPolicy = REQUIRE,
    max_encrypted_data_keys: int | None = None,
    threads: int | None = None,
) -> Decrypted:
    """Decrypt a message. Nothing is returned before every tag, and the signature of a signed message, was checked.

    Args:
        message: Any contiguous buffer. Nobody may write to it meanwhile.
        keyring: Who decrypts the data key.
        encryption_context: Pairs that must be the message's, or that were required when it was made.
        commitment_policy: Which algorithm suites are accepted.
        max_encrypted_data_keys: Refuse a message with more.
        threads: How many; when absent, what suits the length and the cores.

    Returns:
        The plaintext and the header.

    Raises:
        TypeError: An argument is of a wrong type.
        MessageFormatError: The bytes are no message that can be read.
        CommitmentPolicyError: The policy refuses the algorithm suite.
        KeyringError: No encrypted data key is for this keyring, or its key cannot be used.
        DecryptionError: The message does not decrypt, whatever the cause.
    """
    length = size_of(message, "message")
    header, data_key = Decrypting(encryption_context, commitment_policy, max_encrypted_data_keys).opened(
        message, keyring
    )
    return Decrypted(decrypt_message(message, header, data_key, threads_for(threads, length)), header)


def decrypt_into(
    message: Blob,
    out: Blob,
    keyring: Keyring,
    *,
    encryption_context: dict[str, str] | None = None,
    commitment_policy: CommitmentPolicy = REQUIRE,
    max_encrypted_data_keys: int | None = None,
    threads: int | None = None,
) -> DecryptedInto:
    """Decrypt into a buffer of the caller's. When it fails, what was written of it is zeros.

    Args:
        message: As for `decrypt`.
        out: A writable buffer, apart from `message`, with room for the plaintext. Whoever can read it sees plaintext
            before the last check: use it when the call has returned.
        keyring: As for `decrypt`.
        encryption_context: As for `decrypt`.
        commitment_policy: As for `decrypt`.
        max_encrypted_data_keys: As for `decrypt`.
        threads: As for `decrypt`.

    Returns:
        The plaintext's length and the header.

    Raises:
        ValueError: `out` is too short or overlaps `message`; nothing was written. And what `decrypt` raises.
    """
    length = size_of(message, "message")
    size_of(out, "out")
    header, data_key = Decrypting(encryption_context, commitment_policy, max_encrypted_data_keys).opened(
        message, keyring
    )
    written = decrypt_message_into(message, out, header, data_key, threads_for(threads, length))
    return DecryptedInto(written, header)
