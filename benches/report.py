"""`make bench`: run everything, write docs/benchmarks.md and its plot."""

import datetime as dt
import os

from benches import envelope, limits, plot, readme, signing
from benches.run import REPOSITORY, Figure, Figures, rounds, times
from kmscore.bench import machine

PAGE = REPOSITORY / "docs" / "benchmarks.md"
PICTURE = PAGE.with_name("benchmarks.png")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))

DIRECTIONS = ("encrypt", "decrypt")
CALLS = {"encrypt": "Encrypt", "decrypt": "Decrypt", "generate_data_key": "GenerateDataKey"}
WAYS = {
    "batch-contiguous-2": "kmscore batch, contiguous, 2 threads",
    "batch-contiguous-1": "kmscore batch, contiguous, 1 thread",
    "batch-list-2": "kmscore batch, list of bytes, 2 threads",
    "batch-list-1": "kmscore batch, list of bytes, 1 thread",
    "one-by-one": "kmscore, one call a row",
    "cryptography": "cryptography AESGCM, Python loop, one fixed key",
    "fernet": "Fernet, Python loop",
    "pure-python": "pure Python AES-GCM, one fixed key",
    "moto": "moto through boto3, one call a row",
}
STARTS = {
    "python/import": ("`import kmscore`", 0.100),
    "python/client_and_first_encrypt": ("`client()` and a first Encrypt on an existing store", 0.400),
}


def main() -> None:
    """Run the benchmarks and write the page."""
    figures = rounds(ROUNDS)
    envelopes = envelope.measure(ROUNDS)
    signatures = signing.measure(ROUNDS)
    sections = [introduction(), rows(figures), envelope.section(envelopes), calls(figures)]
    sections += [signing.section(signatures, ROUNDS), starts(figures), engine(figures)]
    PAGE.write_text("\n\n".join(sections) + "\n")
    plot.rows(figures, WAYS, PICTURE)
    readme.write(figures, envelopes)
    print(f"wrote {PAGE.relative_to(REPOSITORY)}, {PICTURE.name} and the figures of the README")


INTRODUCTION = f"""# Benchmarks

Written by `make bench`; do not edit. Every figure is the median of {ROUNDS} rounds, and a round runs all benchmarks, so
that a slow minute of the machine falls on all of them alike. Compare figures of one run with each other; another
machine gives other numbers and much the same ratios.
"""


def introduction() -> str:
    """What was measured, on what, when and how."""
    facts = {"date": dt.datetime.now(dt.UTC).date().isoformat(), **machine.facts()}
    return "\n".join([INTRODUCTION, "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())])


ROWS = """## Rows of 256 bytes

kmscore authorises and audits each call, derives a fresh key for each row and commits to key and context; the loops use
one fixed key and do none of that. A slow peer is given fewer rows. *Faster by* is how many times that way's rate
kmscore's contiguous batch reaches on one thread. *Of the limit* is the share of what the parts allow that nobody can
leave out, on that many threads: {encrypt} a row to encrypt (a nonce, a key derivation, AES-256-GCM, the first write to
new memory) and {decrypt} to decrypt. Both columns: encrypting, decrypting.

![Rows a second of each way, encrypting and decrypting](benchmarks.png)

| way | encrypt, rows/s | decrypt, rows/s | kmscore is faster by | of the limit |
|---|---:|---:|---:|---:|"""


def rows(figures: Figures) -> str:
    """Rows of 256 bytes, both ways, beside the peers."""
    bounds = {direction: limits.row(figures, direction) for direction in DIRECTIONS}
    lines = [ROWS.format(**{direction: duration(bound) for direction, bound in bounds.items()})]
    ours = both(figures, "batch-contiguous-1")
    for way, label in WAYS.items():
        theirs = both(figures, way)
        cells = [label, *(f"{figure.rate:,.0f}" for figure in theirs), "", ""]
        if "batch" in way:
            shares = zip(bounds.values(), theirs, strict=True)
            cells[4] = ", ".join(f"{bound / int(way[-1]) / figure.seconds:.0%}" for bound, figure in shares)
        else:
            cells[3] = ", ".join(times(one, other) for one, other in zip(ours, theirs, strict=True))
        lines.append(f"| {' | '.join(cells)} |")
    gains = [times(two, one) for two, one in zip(both(figures, "batch-contiguous-2"), ours, strict=True)]
    return "\n".join([*lines, "", f"Two threads reach {gains[0]} the rate of one encrypting, {gains[1]} decrypting."])


def both(figures: Figures, way: str) -> list[Figure]:
    """A way's figures, encrypting and decrypting."""
    return [figures[f"python/{direction}_rows[{way}]"] for direction in DIRECTIONS]


SINGLE_CALLS = """## Single calls of 32 bytes

From Python, in process, authorised and audited. The limit of a call is the append of one audit record, {append} here,
and the nonce, key derivation and AES-256-GCM of its 32 bytes.

| call | one thread | calls/s | four threads, calls/s | four over one | of the limit |
|---|---:|---:|---:|---:|---:|"""


def calls(figures: Figures) -> str:
    """Single calls of 32 bytes from Python."""
    lines = [SINGLE_CALLS.format(append=duration(figures[limits.APPEND].seconds))]
    for name, label in CALLS.items():
        one, four = figures[f"python/{name}[1]"], figures[f"python/{name}[4]"]
        share = limits.call(figures, name) / one.seconds
        cells = [
            label,
            duration(one.seconds),
            f"{one.rate:,.0f}",
            f"{four.rate:,.0f}",
            times(four, one),
            f"{share:.0%}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


START = """## Start

In a new process, after the interpreter has started.

| | measured | target |
|---|---:|---:|"""


def starts(figures: Figures) -> str:
    """How long a program waits before its first encryption."""
    lines = [START]
    for name, (label, target) in STARTS.items():
        lines.append(f"| {label} | {figures[name].seconds * 1e3:.0f} ms | {target * 1e3:.0f} ms |")
    return "\n".join(lines)


ENGINE = """## The engine and its limits, without Python

Criterion's medians. Lines that begin with `limit` are what AWS-LC and the machine can do. Small messages under a fresh
key are held against AES-256-GCM over 4 KiB frames under one key; rows and calls against the limits above (calls that
are not audited: without the append).

| benchmark | time | rate | of the limit | slowest over fastest round |
|---|---:|---:|---:|---:|"""


def engine(figures: Figures) -> str:
    """Everything criterion measured, the limits among it."""
    lines = [ENGINE]
    for name, figure in sorted(figures.items()):
        if not name.startswith("python/"):
            limit = limits.of_engine(figures, name)
            share = f"{limit / figure.seconds:.0%}" if limit else ""
            cells = [name, duration(figure.seconds), throughput(figure), share, f"{figure.spread:.2f}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """A time in the unit that reads best."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def throughput(figure: Figure) -> str:
    """Bytes or elements a second, where the benchmark says what it handles."""
    if figure.bytes:
        return f"{figure.bytes / figure.seconds / 1e9:.2f} GB/s"
    return f"{figure.rate / 1e6:.2f} M/s"


if __name__ == "__main__":
    main()
