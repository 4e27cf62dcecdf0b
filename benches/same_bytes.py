"""Holds the pure-Python peer to kmscore: from the same key it makes the same bytes, so the two do the same work."""

import hashlib
import sys
from pathlib import Path

from kmscore.bench.pure_python import AesGcm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from readers.kdf import canonical, kdf
from readers.store import keys

HEADER, AUTHENTICATED = 69, 101


def check(home: Path, configuration: Path, key_id: str, blob: bytes, plaintext: bytes, context: dict[str, str]) -> None:
    """Seal the plaintext in plain Python under the blob's own key and compare with what kmscore wrote.

    Args:
        home: the store.
        configuration: where its root key is.
        key_id: the KMS key of the blob.
        blob: what kmscore's Encrypt made.
        plaintext: what it was given.
        context: the encryption context.

    Raises:
        ValueError: the bytes differ.
    """
    material = keys(home, configuration).materials[key_id]
    bound = blob[:HEADER] + hashlib.sha256(canonical(context)).digest()
    one_use_key = kdf(material, b"kmscore blob v1", bound, 64)[32:]
    if AesGcm(one_use_key).encrypt(bytes(12), plaintext, blob[:AUTHENTICATED]) != blob[AUTHENTICATED:]:
        raise ValueError("the pure-Python AES-GCM and kmscore made different bytes")
