from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from behaviours.world import World
from identity.conftest import Identities, identities, opened, scratch

__all__ = ["identities", "opened", "scratch"]


@pytest.fixture
def world(identities: Identities) -> Iterator[World]:
    """A new store with its callers."""
    made = World(identities)
    yield made
    made.close()


@pytest.fixture(scope="session")
def trust_anchor() -> str:
    """A certificate of one's own, as the owner of a CloudHSM cluster has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cluster")])
    now = datetime.now(UTC).replace(tzinfo=None)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now)
    certificate = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
