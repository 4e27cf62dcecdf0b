"""A store and keys for one run; they go with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kmscore.client import KMSClient, client

NAMESPACE, NAME = "benchmark", "wrapping key"
_CONFIGURATION = "KMSCORE_CONFIG_HOME"


@dataclass(frozen=True)
class Setting:
    """What the ways share.

    Attributes:
        kms: a client of a new store.
        key: its one KMS key.
        wrapping_key: 32 bytes that wrap data keys, known to kmscore and to aws-encryption-sdk alike.
    """

    kms: KMSClient
    key: str
    wrapping_key: bytes = field(repr=False)


@contextmanager
def setting() -> Iterator[Setting]:
    """Make a store with one key in a temporary folder; the user's own store is not touched."""
    before = os.environ.get(_CONFIGURATION)
    with tempfile.TemporaryDirectory(prefix="kmscore-bench-") as folder:
        os.environ[_CONFIGURATION] = str(Path(folder, "configuration"))
        try:
            with client("kms", "us-east-1", home=Path(folder, "store")) as kms:
                key = kms.create_key(Description="benchmark")["KeyMetadata"]["KeyId"]
                yield Setting(kms, key, os.urandom(32))
        finally:
            _restore(before)


def _restore(before: str | None) -> None:
    if before is None:
        del os.environ[_CONFIGURATION]
    else:
        os.environ[_CONFIGURATION] = before
