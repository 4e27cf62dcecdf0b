import pytest

from kmscore import KMSClient
from scratch_store import kms, scratch

__all__ = ["kms", "scratch"]


@pytest.fixture
def key(kms: KMSClient) -> str:
    """A symmetric encryption key."""
    return kms.create_key(Description="test")["KeyMetadata"]["KeyId"]
