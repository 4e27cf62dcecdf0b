"""Checks the chain of an audit segment, given the store's audit key."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from . import sealed_record
from .kdf import kdf


def read(path: Path, audit_key: bytes) -> list[dict[str, Any]]:
    """Every record of the segment, the header first. Raises ValueError naming the first bad line."""
    content = path.read_bytes()
    lines = content.split(b"\n")
    if lines.pop():
        raise ValueError("torn tail")
    header = json.loads(lines[0].partition(b"\t")[0])
    if header["format"] != 1 or header["segment"] != path.stem:
        raise ValueError("line 0: not the header of this segment")
    binding = {"store": header["store"], "session_id": header["session_id"]}
    seed = sealed_record.read(base64.b64decode(header["seed"]), sealed_record.AUDIT_SEED, audit_key, binding)
    for _ in range(header["session"]):
        seed = kdf(seed, b"kmscore audit seed", b"", 32)
    segment = bytes.fromhex(header["segment"])
    key, tag = kdf(seed, b"kmscore audit segment", segment, 32), bytes(32)
    records = []
    for number, line in enumerate(lines):
        text, _, digits = line.rpartition(b"\t")
        tag = hmac.new(key, tag + text, hashlib.sha256).digest()
        if not hmac.compare_digest(tag.hex().encode(), digits):
            raise ValueError(f"line {number}: changed, moved or removed")
        key = kdf(key, b"kmscore audit next", segment, 32)
        records.append(json.loads(text))
    return records
