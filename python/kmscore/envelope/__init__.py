"""Envelope encryption in the AWS Encryption SDK message format, over any buffer, file or column.

A keyring makes a data key for a message and protects it; the message carries the protected data key, its encryption
context and frames of ciphertext. Any AWS Encryption SDK reads what is written here, and the reverse. Source: AWS
Encryption SDK Specification; algorithm suites 0x0478 (committing) and 0x0578 (committing and signed).

Example:
    >>> import kmscore
    >>> from kmscore import envelope
    >>> kms = kmscore.client("kms", region_name="us-east-1")
    >>> ring = envelope.KmsKeyring(kms, generator=kms.create_key()["KeyMetadata"]["KeyId"])
    >>> message = envelope.encrypt(b"secret", ring, encryption_context={"app": "a"})
    >>> envelope.decrypt(message, ring).plaintext
    b'secret'
"""

from kmscore._core import (
    CommitmentPolicyError,
    DataKey,
    DecryptionError,
    EncryptedDataKey,
    EnvelopeError,
    KeyringError,
    MessageFormatError,
    MessageHeader,
)
from kmscore.envelope.batch import MessageRowError, decrypt_batch, encrypt_batch
from kmscore.envelope.caching import CacheStatistics, CachingKeyring
from kmscore.envelope.files import FileReport, decrypt_file, encrypt_file
from kmscore.envelope.hybrid import KmsMlKemKeyring, KmsRsaKeyring
from kmscore.envelope.inspection import MessageInfo, inspect
from kmscore.envelope.keyrings import Keyring, MultiKeyring, RawAesKeyring
from kmscore.envelope.kms import KmsDiscoveryKeyring, KmsKeyring
from kmscore.envelope.messages import Decrypted, DecryptedInto, decrypt, decrypt_into, encrypt, encrypt_into
from kmscore.envelope.options import AlgorithmSuite, CommitmentPolicy, Signature
from kmscore.envelope.reader import MessageReader, open  # noqa: A004 - one opens messages as one opens files.
from kmscore.envelope.writer import MessageWriter, create

__all__ = [
    "AlgorithmSuite",
    "CacheStatistics",
    "CachingKeyring",
    "CommitmentPolicy",
    "CommitmentPolicyError",
    "DataKey",
    "Decrypted",
    "DecryptedInto",
    "DecryptionError",
    "EncryptedDataKey",
    "EnvelopeError",
    "FileReport",
    "Keyring",
    "KeyringError",
    "KmsDiscoveryKeyring",
    "KmsKeyring",
    "KmsMlKemKeyring",
    "KmsRsaKeyring",
    "MessageFormatError",
    "MessageHeader",
    "MessageInfo",
    "MessageReader",
    "MessageRowError",
    "MessageWriter",
    "MultiKeyring",
    "RawAesKeyring",
    "Signature",
    "create",
    "decrypt",
    "decrypt_batch",
    "decrypt_file",
    "decrypt_into",
    "encrypt",
    "encrypt_batch",
    "encrypt_file",
    "encrypt_into",
    "inspect",
    "open",
]
