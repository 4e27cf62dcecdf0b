import pytest

from envelope.keyrings import raw_ring
from kmscore import KMSClient
from kmscore.envelope import RawAesKeyring
from scratch_store import kms, scratch

__all__ = ["kms", "scratch"]


@pytest.fixture
def ring() -> RawAesKeyring:
    """A raw AES keyring."""
    return raw_ring()


@pytest.fixture
def key(kms: KMSClient) -> str:
    """The ARN of a symmetric encryption key."""
    return kms.create_key(Description="test")["KeyMetadata"]["Arn"]
