"""Rows of 256 bytes, both ways: kmscore's batches and the ways people encrypt rows today."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pyarrow as pa
import pytest

from benches import ours, peers
from benches.conftest import CONTEXT
from benches.peers import Peer
from kmscore import KMSClient

ASSOCIATED_DATA = repr(sorted(CONTEXT.items())).encode()
WAYS: dict[str, Callable[[Any, str], Peer]] = {
    "batch-list-1": lambda kms, key: ours.batch(kms, key, CONTEXT, 100_000, threads=1, contiguous=False),
    "batch-list-2": lambda kms, key: ours.batch(kms, key, CONTEXT, 100_000, threads=2, contiguous=False),
    "batch-contiguous-1": lambda kms, key: ours.batch(kms, key, CONTEXT, 200_000, threads=1, contiguous=True),
    "batch-contiguous-2": lambda kms, key: ours.batch(kms, key, CONTEXT, 200_000, threads=2, contiguous=True),
    "one-by-one": lambda kms, key: ours.one_by_one(kms, key, CONTEXT, 20_000),
    "cryptography": lambda _kms, _key: peers.cryptography_loop(ASSOCIATED_DATA, 50_000),
    "fernet": lambda _kms, _key: peers.fernet_loop(10_000),
    "pure-python": lambda _kms, _key: peers.pure_python(ASSOCIATED_DATA, 300),
}


@pytest.fixture(params=[*WAYS, "moto"])
def way(request: pytest.FixtureRequest, kms: KMSClient, key: str) -> Iterator[Peer]:
    """Each way in turn."""
    with ExitStack() as stack:
        if request.param == "moto":
            yield stack.enter_context(peers.moto_kms(CONTEXT, 200))
        else:
            yield WAYS[request.param](kms, key)


def bench_encrypt_rows(measure: Callable[[Callable[[], Any], int], Any], way: Peer, rows: list[bytes]) -> None:
    """Encrypt."""
    sample = sample_of(way, rows)
    measure(lambda: way.encrypt(sample), way.sample)


def bench_decrypt_rows(measure: Callable[[Callable[[], Any], int], Any], way: Peer, rows: list[bytes]) -> None:
    """Decrypt, and compare with what was encrypted."""
    sample = sample_of(way, rows)
    blobs = way.encrypt(sample)
    assert measure(lambda: way.decrypt(blobs), way.sample) == sample


def sample_of(way: Peer, rows: list[bytes]) -> Any:
    """The rows in the shape that this way takes."""
    sample = rows[: way.sample]
    return pa.array(sample, type=pa.binary()) if way.contiguous else sample
