"""One store, one key and one column of rows for every benchmark."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import kmscore
from kmscore import KMSClient

ROW = 256
ROWS = 200_000
CONTEXT = {"table": "benchmark"}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new store and configuration directory, for this process and the ones it starts."""
    folder = tmp_path_factory.mktemp("kmscore")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KMSCORE_HOME", str(folder / "store"))
        patch.setenv("KMSCORE_CONFIG_HOME", str(folder / "config"))
        yield folder


@pytest.fixture(scope="session")
def kms(home: Path) -> Iterator[KMSClient]:
    """A client of that store."""
    assert home.is_dir()
    client = kmscore.client("kms", region_name="us-east-1")
    yield client
    client.close()


@pytest.fixture(scope="session")
def key(kms: KMSClient) -> str:
    """A symmetric encryption key."""
    return kms.create_key(Description="benchmark")["KeyMetadata"]["KeyId"]


@pytest.fixture(scope="session")
def rows() -> list[bytes]:
    """Random rows of 256 bytes."""
    data = os.urandom(ROW * ROWS)
    return [data[start : start + ROW] for start in range(0, len(data), ROW)]


@pytest.fixture
def measure(benchmark: Any) -> Callable[[Callable[[], Any], int], Any]:
    """Time `work`, which does a number of operations, and note the number for the report."""

    def run(work: Callable[[], Any], operations: int) -> Any:
        benchmark.extra_info["operations"] = operations
        return benchmark.pedantic(work, rounds=3, warmup_rounds=1)

    return run
