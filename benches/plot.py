"""The plot of docs/benchmarks.md."""

from pathlib import Path

from benches.run import Figures
from kmscore.bench.plot import OURS, PEERS


def rows(figures: Figures, ways: dict[str, str], path: Path) -> None:
    """Bars of rows a second, on a logarithmic scale: dark to encrypt, light to decrypt.

    Args:
        figures: all figures.
        ways: benchmark id -> label.
        path: the PNG to write.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 4.6), layout="constrained")
    for place, (way, label) in enumerate(ways.items()):
        colours = OURS if label.startswith("kmscore") else PEERS
        for shift, colour, direction in ((-0.2, colours[0], "encrypt"), (0.2, colours[1], "decrypt")):
            rate = figures[f"python/{direction}_rows[{way}]"].rate
            axes.barh(place + shift, rate, height=0.38, color=colour)
            axes.text(rate * 1.08, place + shift, f"{rate:,.0f}", va="center", fontsize=8)
    axes.set_yticks(range(len(ways)), list(ways.values()))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(right=axes.get_xlim()[1] * 3)
    axes.set_xlabel("rows of 256 bytes a second, logarithmic; dark: encrypt, light: decrypt")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    # No creation date or version: the same figures give the same file.
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)
