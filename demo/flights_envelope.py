"""The flights as one AWS Encryption SDK message and as a column of them, beside aws-encryption-sdk itself.

Both sides use the same KMS key of the embedded store: aws-encryption-sdk reaches it through a boto3 client whose calls
kmscore answers. Both keep a data key for all rows of the column.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import boto3
import pyarrow as pa
from rich import box
from rich.table import Table

import kmscore
from demo.story import console, say, timed, times_as_fast
from kmscore import KMSClient, envelope

CONTEXT = {"table": "flights", "year": "2013"}
SUITE = 0x0478
ROW_SAMPLE = 1_000
THREADS = 2

Encrypt = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Compared:
    """One shape of the data, both libraries: what was given to each, and how much of it a second."""

    name: str
    unit: str
    ours: tuple[float, float]
    theirs: tuple[float, float]
    sample: str


def demonstrate(kms: KMSClient, key: str, rows: pa.BinaryArray) -> None:
    """Encrypt and decrypt with both, each reads what the other wrote, and compare.

    Args:
        kms: a client of the store.
        key: the KMS key.
        rows: the data set.
    """
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    session = boto3.Session(region_name="us-east-1")
    with kmscore.intercept(session):
        sdk = AwsEncryptionSdk(session.client("kms"), arn)
        ring = envelope.KmsKeyring(kms, generator=arn)
        show([one_message(ring, sdk, b"\n".join(rows.to_pylist())), column(ring, sdk, rows)])


class AwsEncryptionSdk:
    """aws-encryption-sdk under one KMS key, data keys cached: its fastest setting.

    Args:
        client: a boto3 KMS client.
        arn: the key.
    """

    def __init__(self, client: Any, arn: str) -> None:
        from aws_encryption_sdk import CachingCryptoMaterialsManager, EncryptionSDKClient, LocalCryptoMaterialsCache
        from aws_encryption_sdk.identifiers import Algorithm
        from aws_encryption_sdk.key_providers.kms import KMSMasterKey

        self._client = EncryptionSDKClient()
        self._suite = Algorithm.get_by_id(SUITE)
        self._materials = CachingCryptoMaterialsManager(
            master_key_provider=KMSMasterKey(key_id=arn, client=client),
            cache=LocalCryptoMaterialsCache(10),
            max_age=600.0,
        )

    def encrypt(self, plaintext: bytes) -> bytes:
        """One message."""
        message, _ = self._client.encrypt(
            source=plaintext, materials_manager=self._materials, algorithm=self._suite, encryption_context=CONTEXT
        )
        return bytes(message)

    def decrypt(self, message: bytes) -> bytes:
        """One message."""
        plaintext, _ = self._client.decrypt(source=message, materials_manager=self._materials)
        return bytes(plaintext)


def one_message(ring: envelope.Keyring, sdk: AwsEncryptionSdk, data: bytes) -> Compared:
    """The whole file as one message in frames of 4 KiB."""
    message, encrypt = timed(
        lambda: envelope.encrypt(data, ring, encryption_context=CONTEXT, algorithm_suite=SUITE, threads=THREADS)
    )
    plaintext, decrypt = timed(lambda: envelope.decrypt(message, ring, threads=THREADS).plaintext)
    same("kmscore reads its own message", plaintext, data)

    theirs, their_encrypt = timed(lambda: sdk.encrypt(data))
    read, their_decrypt = timed(lambda: sdk.decrypt(message))
    same("aws-encryption-sdk reads kmscore's message", read, data)
    same("kmscore reads aws-encryption-sdk's message", envelope.decrypt(theirs, ring).plaintext, data)
    say(f"the {len(data) / 1e6:.0f} MB as one message: each library decrypts what the other wrote")
    size = len(data) / 1e6
    return Compared(
        "one message", "MB/s", (size / encrypt, size / decrypt), (size / their_encrypt, size / their_decrypt), "all"
    )


def column(ring: envelope.Keyring, sdk: AwsEncryptionSdk, rows: pa.BinaryArray) -> Compared:
    """Every row a message of its own; aws-encryption-sdk gets the first thousand."""
    messages, encrypt = timed(
        lambda: envelope.encrypt_batch(rows, ring, encryption_context=CONTEXT, algorithm_suite=SUITE, threads=THREADS)
    )
    plaintexts, decrypt = timed(lambda: envelope.decrypt_batch(messages, ring, threads=THREADS))
    same("kmscore reads its own column", plaintexts, rows)

    sample = rows[:ROW_SAMPLE].to_pylist()
    written = messages[:ROW_SAMPLE].to_pylist()
    theirs, their_encrypt = timed(lambda: [sdk.encrypt(row) for row in sample])
    read, their_decrypt = timed(lambda: [sdk.decrypt(message) for message in written])
    same("aws-encryption-sdk reads kmscore's rows", read, sample)
    same("kmscore reads aws-encryption-sdk's rows", envelope.decrypt_batch(theirs, ring), sample)
    say(f"the {len(rows):,} rows as messages: each library decrypts what the other wrote, over {ROW_SAMPLE:,} rows")
    return Compared(
        "a message a row",
        "rows/s",
        (len(rows) / encrypt, len(rows) / decrypt),
        (ROW_SAMPLE / their_encrypt, ROW_SAMPLE / their_decrypt),
        f"{ROW_SAMPLE:,} rows",
    )


def same(what: str, back: Any, given: Any) -> None:
    """End the demonstration if the two differ."""
    if back != given:
        raise SystemExit(f"this does not hold: {what}")


def show(compared: list[Compared]) -> None:
    """A line a library and shape."""
    title = f"AWS Encryption SDK messages, suite {SUITE:04x}, one KMS key"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    table.add_column("way")
    for heading in ("of the data", "encrypt", "decrypt", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in compared:
        table.add_row(f"{line.name}, {line.unit}", style="bold")
        ratios = [times_as_fast(ours, theirs) for ours, theirs in zip(line.ours, line.theirs, strict=True)]
        theirs, ours = ([f"{rate:,.0f}" for rate in rates] for rates in (line.theirs, line.ours))
        table.add_row("aws-encryption-sdk", line.sample, *theirs, "1")
        table.add_row(f"kmscore, {THREADS} threads", "all", *ours, " / ".join(ratios), style="bold green")
    sdk = f"aws-encryption-sdk {version('aws-encryption-sdk')}"
    table.caption = f"{sdk} gains nothing from a second thread. Both keep the column's data key."
    console.print()
    console.print(table)
