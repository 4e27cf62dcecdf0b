from collections.abc import Iterator

import pytest

from kmscore import KMSClient
from scratch_store import ScratchStore, scratch

__all__ = ["scratch"]


@pytest.fixture
def kms(scratch: ScratchStore) -> Iterator[KMSClient]:
    """A client of a new store."""
    client: KMSClient = scratch.client()
    yield client
    client.close()


@pytest.fixture
def key(kms: KMSClient) -> str:
    """A symmetric encryption key."""
    return kms.create_key(Description="test")["KeyMetadata"]["KeyId"]
