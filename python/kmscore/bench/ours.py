"""kmscore's own ways: one call a message, into a reused buffer, and whole columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kmscore import envelope
from kmscore.bench.setting import NAME, NAMESPACE, Setting
from kmscore.bench.ways import CONTEXT, KIB, MIB, SIGNED, UNSIGNED, Load, Loop, Messages, Requirement, Way, Worker

_FRAME, _FRAME_OVERHEAD, _MESSAGE_OVERHEAD = 4096, 32, 4096
_CACHED_SECONDS = 3600.0
_SMALL = {UNSIGNED: {KIB: Load(10_000, KIB)}, SIGNED: {KIB: Load(200, KIB)}}
_BATCH = {UNSIGNED: {KIB: Load(30_000, KIB)}, SIGNED: {KIB: Load(400, KIB)}}
_LARGE = {
    UNSIGNED: {MIB: Load(16, MIB), 100 * MIB: Load(1, 100 * MIB)},
    SIGNED: {MIB: Load(4, MIB), 100 * MIB: Load(1, 100 * MIB)},
}
_ARROW = Requirement("Arrow columns", "pyarrow", "pip install 'kmscore[arrow]'")


class OneCall:
    """One message a call into fresh bytes, as a plain loop does it."""

    def __init__(self, ring: envelope.Keyring, suite: int) -> None:
        self._ring, self._suite = ring, suite

    def encrypt(self, plaintext: bytes) -> bytes:
        """One call."""
        return envelope.encrypt(plaintext, self._ring, encryption_context=CONTEXT, algorithm_suite=self._suite)

    def decrypt(self, message: bytes) -> bytes:
        """One call."""
        return envelope.decrypt(message, self._ring).plaintext


class Spread:
    """The same for a long message, on a number of threads."""

    def __init__(self, ring: envelope.Keyring, suite: int, threads: int) -> None:
        self._ring, self._suite, self._threads = ring, suite, threads

    def encrypt(self, plaintext: bytes) -> bytes:
        """One call."""
        return envelope.encrypt(
            plaintext, self._ring, encryption_context=CONTEXT, algorithm_suite=self._suite, threads=self._threads
        )

    def decrypt(self, message: bytes) -> bytes:
        """One call."""
        return envelope.decrypt(message, self._ring, threads=self._threads).plaintext


class Into:
    """One message a call into buffers that are there already."""

    def __init__(self, ring: envelope.Keyring, suite: int, threads: int) -> None:
        self._ring, self._suite, self._threads = ring, suite, threads

    def encrypt(self, plaintexts: Messages) -> Messages:
        """One call a message."""
        return [self._encrypt(plaintext, out) for plaintext, out in _with_buffers("sealed", plaintexts)]

    def decrypt(self, messages: Messages) -> Messages:
        """One call a message."""
        return [self._decrypt(message, out) for message, out in _with_buffers("opened", messages)]

    def _encrypt(self, plaintext: bytes, out: memoryview) -> memoryview:
        length = envelope.encrypt_into(
            plaintext,
            out,
            self._ring,
            encryption_context=CONTEXT,
            algorithm_suite=self._suite,
            threads=self._threads,
        )
        return out[:length]

    def _decrypt(self, message: memoryview, out: memoryview) -> memoryview:
        return out[: envelope.decrypt_into(message, out, self._ring, threads=self._threads).length]


class Rows:
    """All messages in one call, under one data key."""

    def __init__(self, ring: envelope.Keyring, suite: int, threads: int) -> None:
        self._ring, self._suite, self._threads = ring, suite, threads

    def encrypt(self, plaintexts: Messages) -> Messages:
        """One call for all."""
        return envelope.encrypt_batch(
            plaintexts,
            self._ring,
            encryption_context=CONTEXT,
            algorithm_suite=self._suite,
            threads=self._threads,
        )

    def decrypt(self, messages: Messages) -> Messages:
        """One call for all."""
        return envelope.decrypt_batch(messages, self._ring, threads=self._threads)


def raw(setting: Setting) -> envelope.Keyring:
    """A keyring under a raw AES key, the one that the peers have."""
    return envelope.RawAesKeyring(NAMESPACE, NAME, setting.wrapping_key)


def kms(setting: Setting) -> envelope.Keyring:
    """A keyring under a KMS key of the embedded store: every data key is an authorised, audited call."""
    return envelope.KmsKeyring(setting.kms, generator=setting.key)


def cached(setting: Setting) -> envelope.Keyring:
    """The same, its data keys cached."""
    return envelope.CachingKeyring(kms(setting), max_age=_CACHED_SECONDS)


@dataclass(frozen=True)
class _Row:
    """A way of one suite, before it is told which."""

    id: str
    label: str
    loads: dict[int, dict[int, Load]]
    make: Callable[[Setting, int, int], Worker]
    spreads: bool = False
    columns: bool = False
    requirement: Requirement | None = None

    def way(self, suite: int) -> Way:
        signed = suite == SIGNED
        return Way(
            f"{self.id}-{suite:04x}",
            self.label,
            self.loads[suite],
            lambda setting, threads: self.make(setting, suite, threads),
            signed,
            self.spreads,
            self.columns,
            self.requirement,
        )


def ways() -> list[Way]:
    """Every way, unsigned before signed."""
    return [row.way(suite) for suite in (UNSIGNED, SIGNED) for row in _ROWS]


def _loop(ring: envelope.Keyring, suite: int, threads: int) -> Loop:
    """As many Python threads as asked for, over one keyring."""
    return Loop([OneCall(ring, suite)] * threads)


def _with_buffers(purpose: str, messages: Messages) -> Iterator[tuple[Any, memoryview]]:
    """Each message with a buffer long enough for it and for what the format adds."""
    for place, message in enumerate(messages):
        room = len(message) + len(message) // _FRAME * _FRAME_OVERHEAD + _MESSAGE_OVERHEAD
        if (purpose, place, room) not in _BUFFERS:
            _BUFFERS[purpose, place, room] = memoryview(bytearray(room))
        yield message, _BUFFERS[purpose, place, room]


# The same for all ways: they are measured one after the other.
_BUFFERS: dict[tuple[str, int, int], memoryview] = {}


_ROWS = [
    _Row("kmscore", "kmscore encrypt", _LARGE, lambda s, suite, n: Loop([Spread(raw(s), suite, n)]), spreads=True),
    _Row(
        "kmscore-into",
        "kmscore encrypt_into a reused buffer",
        _LARGE,
        lambda s, suite, n: Into(raw(s), suite, n),
        spreads=True,
    ),
    _Row("kmscore-raw", "kmscore loop, RawAesKeyring", _SMALL, lambda s, suite, n: _loop(raw(s), suite, n)),
    _Row("kmscore-kms", "kmscore loop, KmsKeyring", _SMALL, lambda s, suite, n: _loop(kms(s), suite, n)),
    _Row("kmscore-cached", "kmscore loop, CachingKeyring", _SMALL, lambda s, suite, n: _loop(cached(s), suite, n)),
    _Row(
        "kmscore-list", "kmscore encrypt_batch, list", _BATCH, lambda s, suite, n: Rows(kms(s), suite, n), spreads=True
    ),
    _Row(
        "kmscore-arrow",
        "kmscore encrypt_batch, Arrow",
        _BATCH,
        lambda s, suite, n: Rows(kms(s), suite, n),
        spreads=True,
        columns=True,
        requirement=_ARROW,
    ),
]
