"""The envelope engine's section of docs/benchmarks.md: what `kmscore bench --json` measured, as tables and picture."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from benches.run import REPOSITORY
from kmscore.bench import plot, table
from kmscore.bench.limits import BYTES, LABELS
from kmscore.bench.result import Limit, Result
from kmscore.bench.ways import DIRECTIONS, KIB, SIZES, THREADS

DATA = REPOSITORY / "docs" / "benchmarks-envelope.json"
PICTURE = DATA.with_suffix(".png")


def measure(rounds: int) -> Result:
    """Run `kmscore bench`, keep what it says beside the page, and draw it.

    Args:
        rounds: how often everything is measured.

    Returns:
        The run, read back from the file.
    """
    print("kmscore bench", flush=True)
    command = [sys.executable, "-m", "kmscore", "bench", "--json", f"--rounds={rounds}"]
    finished = subprocess.run(command, cwd=REPOSITORY, env=os.environ, stdout=subprocess.PIPE, check=True)
    DATA.write_bytes(finished.stdout)
    result = read(DATA)
    plot.draw(result, PICTURE)
    return result


def read(path: Path = DATA) -> Result:
    """A run that was kept.

    Raises:
        msgspec.ValidationError: it is of another shape.
    """
    return msgspec.json.decode(path.read_bytes(), type=Result)


SECTION = f"""## Envelopes

AWS Encryption SDK messages in frames of 4 KiB: suite 0478, and 0578 where it says signed. `kmscore bench` makes these
figures on any machine; these are those of [{DATA.name}]({DATA.name}). It checks first that every way gives back what
it was given and that kmscore and aws-encryption-sdk read each other's messages. Then each of {{rounds}} rounds measures
everything once, the limits among it, right after a pass that is not counted. On two threads kmscore spreads one message
or one column; loops and the other libraries have half of the bytes on each thread, as messages of their own.

![Rates of each way, one thread]({PICTURE.name})"""

REASONS = """Why some are not met, or a peer is ahead:

- *1 KiB*: Tink's AEAD and cryptography's AESGCM use one fixed key. A message derives keys of its own and commits to
  them, which costs HKDF-SHA-512, more than all that they do.
- *1 MiB*: they seal it in one piece; a message has 256 frames, each with a tag, that can be read one by one.
- *Fresh bytes*: their first touch is the system's, not ours; where it is slower than AES, it decides. A reused buffer
  does without it.
- *Signed*: on one thread SHA-384 and AES come one after the other; two threads of one core share its units."""

COLUMNS = """*Faster by* is how many times that way's rate kmscore reaches in a plain loop on as many threads,
encrypting and decrypting, signed against signed{cached}. *Spread* is the slowest round over the fastest.{peak}"""

PEAK = """ *Peak memory* is
how much a process grows that encrypts or decrypts one message which it holds already."""


def section(result: Result) -> str:
    """All of it, in Markdown."""
    parts = [SECTION.format(rounds=result.rounds), targets(result), REASONS, *(rates(result, size) for size in SIZES)]
    notes = [f"\\* {note}." for note in table.samples(result)]
    missing = [f"Not installed: {peer.peer} (`{peer.pip}`)." for peer in result.missing]
    return "\n\n".join([*parts, *notes, *missing])


LIMITS = """### Against their limits

| limit, one thread | measured | spread |
|---|---:|---:|"""

TARGETS = """| | measured | at least | met |
|---|---:|---:|---|"""


def targets(result: Result) -> str:
    """The limits, and what the design asks of the engine beside them."""
    lines = [LIMITS]
    lines += [
        f"| {LABELS[name]} | {limit_text(name, limit)} | {limit.spread:.2f} |" for name, limit in result.limits.items()
    ]
    lines += ["", TARGETS, *(f"| {' | '.join(table.target(target))} |" for target in result.targets)]
    return "\n".join(lines)


def limit_text(name: str, limit: Limit) -> str:
    """A limit as a rate, or as a time where it does not depend on a length."""
    if "100_mb" in name:
        return f"{BYTES / limit.seconds / 1e9:.2f} GB/s"
    return f"{limit.seconds * 1e6:.2f} µs"


def rates(result: Result, size: int) -> str:
    """Every way at one size, on one thread and on two."""
    cached = ", under a cached data key" if size == KIB else ""
    found = {threads: table.lines(result, size, threads) for threads in THREADS}
    peak = PEAK if any(table.peak(line) for line in found[1]) else ""
    parts = [f"### {SIZES[size]}", COLUMNS.format(cached=cached, peak=peak)]
    return "\n\n".join([*parts, *(rates_on(result, size, threads) for threads in THREADS)])


def rates_on(result: Result, size: int, threads: int) -> str:
    """The table of one size and number of threads."""
    found, unit = table.lines(result, size, threads), table.unit(size)
    with_peak = any(table.peak(line) for line in found)
    title = "one thread" if threads == 1 else f"{threads} threads"
    heading = [title, f"encrypt, {unit}", f"decrypt, {unit}", "kmscore is faster by", "spread"]
    heading += ["peak memory, MB"] if with_peak else []
    lines = [row(heading), "|---|" + "---:|" * (len(heading) - 1)]
    for line in found:
        cells = [table.rate(line.cells.get(direction)) for direction in DIRECTIONS]
        cells += [table.faster_by(result, line), line.spread, *([table.peak(line)] if with_peak else [])]
        lines.append(row([line.label, *cells]).replace("*", "\\*"))
    return "\n".join(lines)


def row(cells: list[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def readme(result: Result) -> list[str]:
    """The lines of the README's table: what a plain loop gets, and a whole file.

    Args:
        result: what was measured.
    """
    loop = "1 KiB messages in a plain loop"
    return [
        small(result, f"envelopes: {loop}, a fresh data key each (KmsKeyring)", "kmscore-kms-0478"),
        small(result, "the same with a cached data key (CachingKeyring)", "kmscore-cached-0478"),
        small(result, "the same as one Arrow column", "kmscore-arrow-0478"),
        large(result),
    ]


def small(result: Result, text: str, way: str) -> str:
    """A line about messages of 1 KiB."""
    [line] = [line for line in table.lines(result, KIB, 1) if line.way == way]
    rates = ", ".join(f"{cell.messages_per_second:,.0f}" for cell in line.cells.values())
    return f"| {text} | {rates} messages/s |"


def large(result: Result) -> str:
    """The line about a message of 100 MiB."""
    size = max(SIZES)
    [line] = [line for line in table.lines(result, size, 1) if line.way == "kmscore-0478"]
    [peer] = [line for line in table.lines(result, size, 1) if line.way == "esdk-0478"]
    rates = ", ".join(f"{cell.bytes_per_second / 1e9:.2f}" for cell in line.cells.values())
    ratio = table.faster_by(result, peer)
    return f"| an envelope of {SIZES[size]}, one thread | {rates} GB/s, {ratio} the rate of aws-encryption-sdk |"
