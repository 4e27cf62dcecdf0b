from collections.abc import Iterator

import pytest

from envelope.keyrings import raw_ring
from kmscore import KMSClient
from kmscore.envelope import RawAesKeyring
from scratch_store import ScratchStore, scratch

__all__ = ["scratch"]


@pytest.fixture
def ring() -> RawAesKeyring:
    """A raw AES keyring."""
    return raw_ring()


@pytest.fixture
def kms(scratch: ScratchStore) -> Iterator[KMSClient]:
    """A client of a new store."""
    client: KMSClient = scratch.client()
    yield client
    client.close()


@pytest.fixture
def key(kms: KMSClient) -> str:
    """The ARN of a symmetric encryption key."""
    return kms.create_key(Description="test")["KeyMetadata"]["Arn"]
