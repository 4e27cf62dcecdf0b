import pytest

from kmscore import KMSClient
from scratch_store import kms, scratch

__all__ = ["kms", "scratch"]


def new_key(kms: KMSClient, spec: str) -> str:
    """A key that signs, or one that makes MACs."""
    usage = "GENERATE_VERIFY_MAC" if spec.startswith("HMAC") else "SIGN_VERIFY"
    return kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]


@pytest.fixture
def key(kms: KMSClient) -> str:
    """A symmetric encryption key."""
    return kms.create_key(Description="test")["KeyMetadata"]["KeyId"]


@pytest.fixture
def edwards(kms: KMSClient) -> str:
    """A key whose signatures have one length."""
    return new_key(kms, "ECC_NIST_EDWARDS25519")


@pytest.fixture
def curve(kms: KMSClient) -> str:
    """A key whose signatures vary in length."""
    return new_key(kms, "ECC_NIST_P256")


@pytest.fixture
def mac_key(kms: KMSClient) -> str:
    """An HMAC key."""
    return new_key(kms, "HMAC_256")
