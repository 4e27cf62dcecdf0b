"""What callers may choose, checked in one place."""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from kmscore._core import DataKey, EncryptionMaterials, EncryptionRequest, MessageHeader
from kmscore.envelope.keyrings import Keyring, require_keyring
from kmscore.threads import threads_or_suited

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from kmscore.client.calls import Blob

CommitmentPolicy: TypeAlias = Literal[
    "FORBID_ENCRYPT_ALLOW_DECRYPT", "REQUIRE_ENCRYPT_ALLOW_DECRYPT", "REQUIRE_ENCRYPT_REQUIRE_DECRYPT"
]
"""Which algorithm suites are accepted (AWS Encryption SDK Specification, `client-apis/client.md`)."""
Signature: TypeAlias = Literal["verify", "ignore"]
"""What to do about the signature of a message that is read anywhere."""
Path: TypeAlias = str | os.PathLike[str]
"""What names a file."""

REQUIRE: CommitmentPolicy = "REQUIRE_ENCRYPT_REQUIRE_DECRYPT"
FRAME_LENGTH = 4096
UNKNOWN_LENGTH = 2**63 - 1
"""Of a plaintext that is yet to come: no cached data key is used for it (`framework/caching-cmm.md`)."""
_LONGEST_FRAME = 2**32 - 1
# Starting a thread pays from about here.
_ONE_THREAD_BYTES = 1024 * 1024
_MOST_THREADS = 8


class AlgorithmSuite(IntEnum):
    """The algorithm suites of messages that are made and opened here."""

    AES_256_GCM_HKDF_SHA512_COMMIT_KEY = 0x0478
    """Committing, unsigned: the fast one."""
    AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384 = 0x0578
    """Committing and signed: the hash over the whole message limits its speed."""


COMMITTING = AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY


def request_of(
    encryption_context: dict[str, str] | None,
    algorithm_suite: int,
    frame_length: int,
    commitment_policy: str,
    max_encrypted_data_keys: int | None,
    required_encryption_context_keys: Iterable[str],
) -> EncryptionRequest:
    """What is asked of a keyring for a message.

    Raises:
        TypeError: A choice is of a wrong type.
        ValueError: A choice breaks a rule; the text names it.
    """
    _check(frame_length)
    given = encryption_context, algorithm_suite, commitment_policy, max_encrypted_data_keys
    last, request = _memory.last
    if last == given and not required_encryption_context_keys:
        return request
    required = required_keys(required_encryption_context_keys)
    request = EncryptionRequest(
        algorithm_suite, encryption_context, required, commitment_policy, max_encrypted_data_keys
    )
    if not required and not request.is_signed:
        # The caller may change its dict.
        _memory.last = (dict(encryption_context) if encryption_context else encryption_context, *given[1:]), request
    return request


class _Memory:
    """The last request: loops ask for the same again and again. One of an unsigned message never changes."""

    last: tuple[object, EncryptionRequest]

    def __init__(self) -> None:
        self.last = None, EncryptionRequest(COMMITTING, None, [], REQUIRE, None)


_memory = _Memory()


def _check(frame_length: object) -> None:
    if type(frame_length) is not int:
        raise TypeError(f"frame_length must be an int, not {type(frame_length).__name__}")
    if not 1 <= frame_length <= _LONGEST_FRAME:
        raise ValueError(f"frame_length is {frame_length}: it must be between 1 and {_LONGEST_FRAME}")


def required_keys(keys: Iterable[str]) -> list[str]:
    """The keys of pairs that are not stored, as a list: an iterator gives them only once.

    Raises:
        TypeError: They are no collection of str.
    """
    if isinstance(keys, str):
        raise TypeError("required_encryption_context_keys must be a collection of keys, not one str")
    try:
        kept = list(keys)
    except TypeError:
        raise TypeError(
            f"required_encryption_context_keys must be a collection of str, not {type(keys).__name__}"
        ) from None
    for key in kept:
        if not isinstance(key, str):
            raise TypeError(f"required_encryption_context_keys must hold str, not {type(key).__name__}")
    return kept


class Encrypting(NamedTuple):
    """How messages are made, for those who make more than one request or make it later."""

    encryption_context: dict[str, str] | None
    algorithm_suite: int
    frame_length: int
    commitment_policy: str
    max_encrypted_data_keys: int | None
    required_encryption_context_keys: Iterable[str]

    def request(self) -> EncryptionRequest:
        """What is asked of a keyring for a message."""
        return request_of(*self)

    def materials(self, keyring: Keyring, length: int) -> EncryptionMaterials:
        """What one message of this many bytes is made with."""
        return require_keyring(keyring).encryption_materials(self.request(), 1, length)


class Decrypting(NamedTuple):
    """What is accepted of a message."""

    encryption_context: dict[str, str] | None
    commitment_policy: str
    max_encrypted_data_keys: int | None

    def header(self, message: Any) -> MessageHeader:
        """The header at the start of a message.

        Raises:
            MessageFormatError: There is none.
            CommitmentPolicyError: Its algorithm suite is refused.
            DecryptionError: Its encryption context is another.
        """
        return MessageHeader.read(
            message, self.commitment_policy, self.max_encrypted_data_keys, self.encryption_context
        )

    def opened(self, message: Any, keyring: Keyring) -> tuple[MessageHeader, DataKey]:
        """The header and the data key of a message."""
        require_keyring(keyring)
        header = self.header(message)
        return header, keyring.decryption_key(header)


def size_of(data: Blob, name: str) -> int:
    """Bytes of a buffer.

    Raises:
        TypeError: It is none; for text and paths the error says what to do.
    """
    if type(data) is bytes:
        return len(data)
    if isinstance(data, str):
        raise TypeError(
            f"{name} must be bytes, not str: encode text, decode base64, or give a file's path to {_files(name)}"
        )
    if isinstance(data, os.PathLike):
        raise TypeError(f"{name} must be bytes, not a path: {_files(name)} takes a path")
    try:
        with memoryview(data) as view:
            return view.nbytes
    except TypeError:
        raise TypeError(f"{name} must support the buffer protocol, not {type(data).__name__}") from None


def is_path(file: object) -> TypeIs[Path]:
    """Whether this names a file, and is none."""
    return isinstance(file, str | os.PathLike)


def _files(name: str) -> str:
    return "envelope.decrypt_file or envelope.open" if name == "message" else "envelope.encrypt_file"


def threads_for(threads: int | None, length: int) -> int:
    """As many as were asked for; else one for a small message and one a core, up to eight, for a larger one."""
    return threads_or_suited(threads, length, _ONE_THREAD_BYTES, _MOST_THREADS)
