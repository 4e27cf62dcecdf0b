"""The ratios that the design asks of the envelope engine, all taken from one run."""

from __future__ import annotations

from collections.abc import Iterator

from kmscore.bench import limits
from kmscore.bench.result import Cell, Result, Target
from kmscore.bench.ways import KIB, MIB

_LARGE = 100 * MIB


def of(result: Result) -> list[Target]:
    """Every target whose cells were measured.

    Args:
        result: limits and cells. Those of a quick run say nothing about messages of 100 MiB.
    """
    return [] if result.effort == "quick" else [*_unsigned(result), *_signed(result), *_small(result)]


def _unsigned(result: Result) -> Iterator[Target]:
    """One message of 100 MiB in frames of 4 KiB."""
    one, two = (result.cell("kmscore-into-0478", _LARGE, threads=threads) for threads in (1, 2))
    if one:
        yield Target("reused buffer, of AES-256-GCM over 4 KiB frames", _rate(one) / _limit(result, limits.AES), 0.75)
    if one and two:
        yield Target("reused buffer, two threads over one", _rate(two) / _rate(one), 1.7)
    sdk = _fastest(result, _LARGE, ("esdk-0478", "esdk-mpl-0478"))
    if one and sdk:
        yield Target("reused buffer, over the faster aws-encryption-sdk", _rate(one) / _rate(sdk), 15)
    if two and sdk:
        yield Target("reused buffer, two threads, over the faster aws-encryption-sdk", _rate(two) / _rate(sdk), 28)
    one, two = (result.cell("kmscore-0478", _LARGE, threads=threads) for threads in (1, 2))
    if one:
        share = _rate(one) / _limit(result, limits.AES, limits.TOUCH)
        yield Target("fresh bytes, of touching huge pages and AES-256-GCM in series", share, 0.85)
    if one and sdk:
        yield Target("fresh bytes, over the faster aws-encryption-sdk", _rate(one) / _rate(sdk), 15)
    if two and sdk:
        yield Target("fresh bytes, two threads, over the faster aws-encryption-sdk", _rate(two) / _rate(sdk), 28)


def _signed(result: Result) -> Iterator[Target]:
    """The same with a signature, which hashes every byte."""
    for way, label in (("kmscore-into-0578", "reused buffer"), ("kmscore-0578", "fresh bytes")):
        for threads, suffix in ((1, ""), (2, ", two threads")):
            cell = result.cell(way, _LARGE, threads=threads)
            if cell:
                share = _rate(cell) / _limit(result, limits.SHA)
                yield Target(f"signed, {label}{suffix}, of SHA-384", share, 0.9)


def _small(result: Result) -> Iterator[Target]:
    """Messages of 1 KiB under a cached data key."""
    batch = result.cell("kmscore-arrow-0478", KIB) or result.cell("kmscore-list-0478", KIB)
    sdk = _fastest(result, KIB, ("esdk-0478", "esdk-cached-0478", "esdk-mpl-0478"))
    loop = result.cell("kmscore-cached-0478", KIB)
    if batch:
        seconds = result.limits[limits.HKDF].seconds + result.limits[limits.SEAL].seconds
        share = batch.messages_per_second * seconds
        yield Target("1 KiB in a batch, of HKDF (extract, two expands) and one seal", share, 0.8)
    if batch and sdk:
        ratio = batch.messages_per_second / sdk.messages_per_second
        yield Target("1 KiB in a batch, over the fastest aws-encryption-sdk", ratio, 30)
    if loop:
        yield Target("1 KiB in a plain loop, cached data key", loop.messages_per_second, 150_000, "messages/s")


def _rate(cell: Cell) -> float:
    return cell.bytes_per_second


def _limit(result: Result, *names: str) -> float:
    """Bytes a second of one limit, or of several in series."""
    return limits.BYTES / sum(result.limits[name].seconds for name in names)


def _fastest(result: Result, size: int, ways: tuple[str, ...]) -> Cell | None:
    """The fastest of some ways that encrypt, on whatever number of threads."""
    cells = [cell for way in ways for threads in (1, 2) if (cell := result.cell(way, size, threads=threads))]
    return max(cells, key=_rate, default=None)
