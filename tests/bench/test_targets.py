"""The ratios that the design asks for are taken from one run, and from the right cells of it."""

import dataclasses

import pytest

from kmscore.bench import limits, targets
from kmscore.bench.result import Cell, Limit, Result, cell_id
from kmscore.bench.ways import KIB, MIB


def cell(way: str, size: int, rate: float, threads: int = 1) -> Cell:
    """A cell that encrypts `rate` bytes a second."""
    return Cell(
        id=cell_id(way, size, "encrypt", threads),
        way=way,
        label=way,
        signed=way.endswith("0578"),
        size=size,
        direction="encrypt",
        threads=threads,
        messages=1,
        bytes=size,
        seconds=size / rate,
        spread=1.0,
        bytes_per_second=rate,
        messages_per_second=rate / size,
    )


def result(*found: Cell) -> Result:
    seconds = {limits.AES: 0.0125, limits.TOUCH: 0.0125, limits.SHA: 0.2, limits.HKDF: 3e-6, limits.SEAL: 1e-6}
    bounds = {name: Limit(second, 1.0) for name, second in seconds.items()}
    return Result("2026-01-01", {}, 1, "usual", bounds, list(found), [], [])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([cell("kmscore-into-0478", 100 * MIB, 6e9)], [0.75]),
        ([cell("kmscore-into-0478", 100 * MIB, 6e9), cell("kmscore-into-0478", 100 * MIB, 9e9, 2)], [0.75, 1.5]),
        ([cell("kmscore-0478", 100 * MIB, 3e9)], [0.75]),
        ([cell("kmscore-0478", 100 * MIB, 3e9), cell("esdk-0478", 100 * MIB, 1e8)], [0.75, 30]),
        ([cell("kmscore-0478", 100 * MIB, 5e9, 2), cell("esdk-mpl-0478", 100 * MIB, 2e8, 2)], [25]),
        ([cell("kmscore-0578", 100 * MIB, 4e8)], [0.8]),
        ([cell("kmscore-arrow-0478", KIB, 200_000 * KIB), cell("esdk-cached-0478", KIB, 5_000 * KIB)], [0.8, 40]),
        ([cell("kmscore-cached-0478", KIB, 140_000 * KIB)], [140_000]),
        ([cell("aesgcm", KIB, 1e9)], []),
    ],
    ids=lambda value: "-".join(part.id for part in value) if value and isinstance(value[0], Cell) else "",
)
def test_targets_are_ratios_of_one_run(found: list[Cell], expected: list[float]) -> None:
    assert [target.measured for target in targets.of(result(*found))] == pytest.approx(expected)


def test_the_faster_aws_variant_is_the_one_to_beat() -> None:
    found = result(
        cell("kmscore-0478", 100 * MIB, 3e9),
        cell("esdk-0478", 100 * MIB, 1e8),
        cell("esdk-mpl-0478", 100 * MIB, 2e8),
        cell("esdk-mpl-0478", 100 * MIB, 3e8, 2),
    )
    assert [target.measured for target in targets.of(found)] == pytest.approx([0.75, 10])


def test_a_quick_run_claims_nothing() -> None:
    found = dataclasses.replace(result(cell("kmscore-0478", 100 * MIB, 3e9)), effort="quick")
    assert targets.of(found) == []


def test_a_whole_run_has_every_target() -> None:
    ways = ["kmscore-into-0478", "kmscore-0478", "kmscore-into-0578", "kmscore-0578", "esdk-0478"]
    large = [cell(way, 100 * MIB, 1e9, threads) for way in ways for threads in (1, 2)]
    small = [cell(way, KIB, 1e9) for way in ("kmscore-arrow-0478", "kmscore-cached-0478", "esdk-0478")]
    assert len(targets.of(result(*large, *small))) == 14
