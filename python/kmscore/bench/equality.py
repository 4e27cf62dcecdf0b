"""Before anything is timed: every way gives back what it was given, and kmscore and AWS read each other's messages."""

from __future__ import annotations

import os
from collections.abc import Iterable

from kmscore.bench.cells import Pair
from kmscore.bench.setting import Setting
from kmscore.bench.ways import KIB, Messages, Way

# One frame, several with a short last one, and several full ones.
_LENGTHS = (KIB, 3 * 4096 + 1, 8 * 4096)


class EqualityError(Exception):
    """What came back is not what went in: no figure of such a way means anything."""


def check(pair: Pair) -> None:
    """Encrypt and decrypt all plaintexts of a pair and compare.

    Args:
        pair: the way, its worker and its plaintexts.

    Raises:
        EqualityError: They differ.
    """
    back = pair.worker.decrypt(pair.worker.encrypt(pair.plaintexts))
    if not _equal(back, pair.plaintexts):
        raise EqualityError(f"{pair.way.label}: the decrypted messages are not the ones that were encrypted")


def check_across(ways: Iterable[Way], shared: Setting) -> None:
    """Let kmscore and aws-encryption-sdk decrypt each other's messages, suite by suite.

    Args:
        ways: those that can run here.
        shared: the wrapping key that both have.

    Raises:
        EqualityError: One does not read the other's message.
    """
    of_id = {way.id: way for way in ways}
    for theirs in [way for way in of_id.values() if way.id.startswith("esdk")]:
        ours = of_id["kmscore-raw-" + theirs.id.rpartition("-")[2]]
        _check_reads(ours, theirs, shared)
        _check_reads(theirs, ours, shared)


def _check_reads(writer: Way, reader: Way, shared: Setting) -> None:
    plaintexts = [os.urandom(length) for length in _LENGTHS]
    messages = writer.build(shared, 1).encrypt(plaintexts)
    if not _equal(reader.build(shared, 1).decrypt(messages), plaintexts):
        raise EqualityError(f"{reader.label} reads another plaintext than {writer.label} wrote")


def _equal(back: Messages, plaintexts: Messages) -> bool:
    """Compare two columns, or two lists of bytes or buffers."""
    if hasattr(plaintexts, "equals"):
        return bool(plaintexts.equals(back))
    return len(back) == len(plaintexts) and all(
        bytes(one) == other for one, other in zip(back, plaintexts, strict=True)
    )
