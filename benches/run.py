"""Run every benchmark in interleaved rounds, so that a slow minute of the machine falls on all of them alike."""

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CRITERION = ["--sample-size", "10", "--warm-up-time", "0.3", "--measurement-time", "0.7", "--noplot", "--quiet"]


@dataclass(frozen=True)
class Figure:
    """The median over all rounds.

    Attributes:
        seconds: of one operation.
        spread: slowest round over fastest.
        bytes: handled by one operation, where the benchmark says so.
        elements: rows or records handled by one operation, where the benchmark says so.
    """

    seconds: float
    spread: float
    bytes: int | None = None
    elements: int | None = None

    @property
    def rate(self) -> float:
        """Operations, or their elements, a second."""
        return (self.elements or 1) / self.seconds


@dataclass(frozen=True)
class Once:
    """One round's reading."""

    seconds: float
    bytes: int | None = None
    elements: int | None = None


Figures = dict[str, Figure]


def times(faster: Figure, slower: Figure) -> str:
    """How many times the rate."""
    ratio = faster.rate / slower.rate
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.2f}x"


def rounds(count: int) -> Figures:
    """Run everything `count` times.

    Args:
        count: how many rounds.

    Returns:
        A figure for each benchmark: `python/<test>` or criterion's own id.
    """
    benches = rust_benches()
    for package, bench in benches:
        cargo_bench(package, bench, "--no-run")
    readings: dict[str, list[Once]] = {}
    for number in range(1, count + 1):
        print(f"round {number} of {count}", flush=True)
        for name, once in (rust_round(benches) | python_round()).items():
            readings.setdefault(name, []).append(once)
    return {name: figure(taken) for name, taken in readings.items()}


def figure(taken: list[Once]) -> Figure:
    """The median of one benchmark's rounds."""
    seconds = [once.seconds for once in taken]
    spread = max(seconds) / min(seconds)
    return Figure(statistics.median(seconds), spread, taken[0].bytes, taken[0].elements)


def rust_benches() -> list[tuple[str, str]]:
    """Package and name of every criterion benchmark of the workspace."""
    command = ["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"]
    metadata = json.loads(subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True).stdout)
    return [
        (package["name"], target["name"])
        for package in metadata["packages"]
        for target in package["targets"]
        if "bench" in target["kind"]
    ]


def rust_round(benches: list[tuple[str, str]]) -> dict[str, Once]:
    """Run criterion's benchmarks once, quickly."""
    results = REPOSITORY / "target" / "criterion"
    for stale in results.rglob("new/estimates.json"):
        stale.unlink()
    for package, bench in benches:
        cargo_bench(package, bench, "--", *CRITERION)
    return {
        name: once for path in results.rglob("new/estimates.json") for name, once in [criterion_reading(path.parent)]
    }


def cargo_bench(package: str, bench: str, *arguments: str) -> None:
    """Build or run one criterion benchmark; its chatter shows only when it fails."""
    command = ["cargo", "bench", "--locked", "--quiet", "--package", package, "--bench", bench, *arguments]
    run(command)


def criterion_reading(folder: Path) -> tuple[str, Once]:
    """What criterion wrote about one benchmark."""
    median = json.loads((folder / "estimates.json").read_text())["median"]["point_estimate"]
    benchmark = json.loads((folder / "benchmark.json").read_text())
    throughput = benchmark.get("throughput") or {}
    size = throughput.get("Bytes") or throughput.get("BytesDecimal")
    return benchmark["full_id"], Once(median / 1e9, size, throughput.get("Elements"))


def python_round() -> dict[str, Once]:
    """Run pytest-benchmark's benchmarks once."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "results.json")
        command = [sys.executable, "-m", "pytest", "benches", "--quiet", "--benchmark-enable"]
        run([*command, "--benchmark-disable-gc", f"--benchmark-json={output}"])
        results = json.loads(output.read_text())
    return {f"python/{entry['name'].removeprefix('bench_')}": python_reading(entry) for entry in results["benchmarks"]}


def python_reading(entry: dict[str, object]) -> Once:
    """One benchmark of pytest-benchmark, divided by the operations that it says it did."""
    noted, timed = entry["extra_info"], entry["stats"]
    if not isinstance(noted, dict) or not isinstance(timed, dict):
        raise TypeError(f"{entry['name']}: not a result of pytest-benchmark")
    if "inner_seconds" in noted:
        return Once(statistics.median(noted["inner_seconds"]))
    return Once(timed["median"] / noted["operations"])


def run(command: list[str]) -> None:
    """Run a command in the repository; its output shows only when it fails."""
    finished = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{finished.stdout}{finished.stderr}")
