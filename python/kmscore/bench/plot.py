"""Bars of a run: in the terminal with what every installation has, as a picture with matplotlib."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from kmscore.bench.result import Cell, Result
from kmscore.bench.table import Line, lines, rate, unit
from kmscore.bench.ways import DIRECTIONS, KIB, SIZES

OURS, PEERS = ("#0b6e4f", "#7fc8a9"), ("#4a4e69", "#b8bacb")
INSTALL = "pip install 'kmscore[bench]'"

_BAR = 32
_LINE_INCHES = 0.34


def bars(result: Result, size: int) -> list[tuple[Line, str]]:
    """A bar for each way of a size that encrypts on one thread, on a logarithmic scale.

    Args:
        result: what was measured.
        size: of the messages, in bytes.

    Returns:
        Each way with its bar; the shortest is one character long.
    """
    found = [(line, _number(line.cells["encrypt"])) for line in lines(result, size, 1) if "encrypt" in line.cells]
    if not found:
        return []
    lowest, highest = min(number for _, number in found), max(number for _, number in found)
    decades = math.log(highest / lowest) or 1
    return [(line, "█" * (1 + round((_BAR - 1) * math.log(number / lowest) / decades))) for line, number in found]


def draw(result: Result, path: Path) -> None:
    """Draw the rates of one thread, a panel a size: dark to encrypt, light to decrypt.

    Args:
        result: what was measured.
        path: the picture to write; its ending names the format.

    Raises:
        ImportError: matplotlib is missing.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise ImportError(f"--plot needs matplotlib: {INSTALL}") from error
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    panels = {size: found for size in SIZES if (found := lines(result, size, 1))}
    heights = [len(found) for found in panels.values()]
    figure, axes = plt.subplots(
        len(panels),
        squeeze=False,
        figsize=(9, _LINE_INCHES * sum(heights) + len(panels)),
        height_ratios=heights,
        layout="constrained",
    )
    for place, (size, found) in zip(axes.flat, panels.items(), strict=True):
        _panel(place, size, found)
    # No creation date or version: the same figures give the same file.
    figure.savefig(path, dpi=110, metadata={"Software": None} if path.suffix == ".png" else None)
    plt.close(figure)


def _panel(axes: Any, size: int, found: list[Line]) -> None:
    for place, line in enumerate(found):
        colours = OURS if line.ours else PEERS
        for shift, colour, direction in zip((-0.2, 0.2), colours, DIRECTIONS, strict=True):
            if direction in line.cells:
                number = _number(line.cells[direction])
                axes.barh(place + shift, number, height=0.38, color=colour)
                axes.text(number * 1.05, place + shift, rate(line.cells[direction]), va="center", fontsize=7)
    axes.set_yticks(range(len(found)), [line.label for line in found], fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(y=0.01)
    numbers = [_number(cell) for line in found for cell in line.cells.values()]
    axes.set_xlim(min(numbers) / 2, max(numbers) * 4)
    axes.set_title(
        f"{SIZES[size]}, one thread: {unit(size)}, logarithmic; dark: encrypt, light: decrypt", fontsize=10, loc="left"
    )
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _number(cell: Cell) -> float:
    return cell.messages_per_second if cell.size == KIB else cell.bytes_per_second / 1e6
