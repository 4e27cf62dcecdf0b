"""Single calls of 32 bytes: authorised, audited, one thread and four."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from benches.conftest import CONTEXT
from kmscore import KMSClient

CALLS = 20_000
THREADS = [1, 4]

Measure = Callable[[Callable[[], Any], int], Any]


@pytest.mark.parametrize("threads", THREADS)
def bench_encrypt(measure: Measure, kms: KMSClient, key: str, threads: int) -> None:
    """Encrypt."""
    spread(measure, threads, lambda: kms.encrypt(KeyId=key, Plaintext=bytes(32), EncryptionContext=CONTEXT))


@pytest.mark.parametrize("threads", THREADS)
def bench_decrypt(measure: Measure, kms: KMSClient, key: str, threads: int) -> None:
    """Decrypt."""
    blob = kms.encrypt(KeyId=key, Plaintext=bytes(32), EncryptionContext=CONTEXT)["CiphertextBlob"]
    spread(measure, threads, lambda: kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT))


@pytest.mark.parametrize("threads", THREADS)
def bench_generate_data_key(measure: Measure, kms: KMSClient, key: str, threads: int) -> None:
    """GenerateDataKey."""
    spread(measure, threads, lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=CONTEXT))


def spread(measure: Measure, threads: int, call: Callable[[], Any]) -> None:
    """Make the calls on this many threads; the report divides by all of them."""

    def many(calls: int) -> None:
        for _ in range(calls):
            call()

    if threads == 1:
        measure(lambda: many(CALLS), CALLS)
        return
    with ThreadPoolExecutor(threads) as pool:
        measure(lambda: list(pool.map(many, [CALLS // threads] * threads)), CALLS)
