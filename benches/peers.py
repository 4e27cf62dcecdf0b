"""What kmscore is measured against: one loop over rows each way, written as a user of that library would write it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kmscore.bench.pure_python import AesGcm

Rows = list[bytes]


@dataclass(frozen=True)
class Peer:
    """A way to encrypt rows.

    Attributes:
        name: what the tables call it.
        sample: how many rows it is given; slow peers get a stated part of the data.
        encrypt: rows to ciphertexts.
        decrypt: the reverse.
        contiguous: it takes and gives one Arrow column, not a list.
    """

    name: str
    sample: int
    encrypt: Callable[[Rows], Rows]
    decrypt: Callable[[Rows], Rows]
    contiguous: bool = False


def pure_python(context: bytes, sample: int, key: bytes | None = None) -> Peer:
    """AES-256-GCM in plain integers, one fixed key, a random nonce before each ciphertext."""
    cipher = AesGcm(key or os.urandom(32))
    return Peer(
        "pure Python",
        sample,
        lambda rows: [seal_with(cipher, row, context) for row in rows],
        lambda blobs: [cipher.decrypt(blob[:12], blob[12:], context) for blob in blobs],
    )


def seal_with(cipher: AesGcm, row: bytes, context: bytes) -> bytes:
    """One row under a fresh nonce, which stands before the ciphertext."""
    nonce = os.urandom(12)
    return nonce + cipher.encrypt(nonce, row, context)


def cryptography_loop(context: bytes, sample: int) -> Peer:
    """A Python loop over cryptography's AESGCM: one fixed key, a random nonce a row."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(os.urandom(32))

    def encrypt(rows: Rows) -> Rows:
        blobs = []
        for row in rows:
            nonce = os.urandom(12)
            blobs.append(nonce + cipher.encrypt(nonce, row, context))
        return blobs

    return Peer(
        "cryptography, loop",
        sample,
        encrypt,
        lambda blobs: [cipher.decrypt(blob[:12], blob[12:], context) for blob in blobs],
    )


def fernet_loop(sample: int) -> Peer:
    """A Python loop over Fernet, cryptography's recipe (AES-128-CBC and HMAC, base64)."""
    from cryptography.fernet import Fernet

    fernet = Fernet(Fernet.generate_key())
    return Peer(
        "Fernet, loop",
        sample,
        lambda rows: [fernet.encrypt(row) for row in rows],
        lambda blobs: [fernet.decrypt(blob) for blob in blobs],
    )


@contextmanager
def moto_kms(context: dict[str, str], sample: int) -> Iterator[Peer]:
    """Moto's KMS in process, called with boto3: what a test suite uses today."""
    import boto3
    from moto import mock_aws

    credentials = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    with mock_aws():
        kms = boto3.client("kms", region_name="us-east-1", **credentials)
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        yield Peer(
            "moto through boto3",
            sample,
            lambda rows: [
                kms.encrypt(KeyId=key, Plaintext=row, EncryptionContext=context)["CiphertextBlob"] for row in rows
            ],
            lambda blobs: [kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] for blob in blobs],
        )
