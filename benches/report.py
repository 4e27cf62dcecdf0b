"""`make bench`: run everything, write docs/benchmarks.md and its plot."""

import datetime as dt
import os

from benches import machine, plot
from benches.run import REPOSITORY, Figure, Figures, rounds

PAGE = REPOSITORY / "docs" / "benchmarks.md"
PICTURE = PAGE.with_name("benchmarks.png")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))

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
    sections = [introduction(), rows(figures), calls(figures), starts(figures), engine(figures)]
    PAGE.write_text("\n\n".join(sections) + "\n")
    plot.rows(figures, WAYS, PICTURE)
    print(f"wrote {PAGE.relative_to(REPOSITORY)} and {PICTURE.name}")


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
kmscore's contiguous batch reaches on one thread, encrypting and decrypting. *Of the limit* is the share of what AWS-LC
itself allows: {limit} a row and thread for one nonce, one key derivation and one AES-256-GCM message of 256 bytes.

![Rows a second of each way, encrypting and decrypting](benchmarks.png)

| way | encrypt, rows/s | decrypt, rows/s | kmscore is faster by | of the limit |
|---|---:|---:|---:|---:|"""
ROW_LIMIT = ("random/nonce_of_32", "kdf/64_bytes_of_101", "seal_fresh_key/256_b")


def rows(figures: Figures) -> str:
    """Rows of 256 bytes, both ways, beside the peers."""
    limit = sum(figures[part].seconds for part in ROW_LIMIT)
    lines = [ROWS.format(limit=duration(limit))]
    ours = both(figures, "batch-contiguous-1")
    for way, label in WAYS.items():
        encrypt, decrypt = both(figures, way)
        cells = [label, f"{encrypt.rate:,.0f}", f"{decrypt.rate:,.0f}"]
        if "batch" in way:
            threads = int(way[-1])
            cells += ["", f"{limit / threads / encrypt.seconds:.0%}, {limit / threads / decrypt.seconds:.0%}"]
        else:
            cells += [f"{times(ours[0], encrypt)}, {times(ours[1], decrypt)}", ""]
        lines.append(f"| {' | '.join(cells)} |")
    gains = [times(two, one) for two, one in zip(both(figures, "batch-contiguous-2"), ours, strict=True)]
    return "\n".join([*lines, "", f"Two threads reach {gains[0]} the rate of one encrypting, {gains[1]} decrypting."])


def both(figures: Figures, way: str) -> tuple[Figure, Figure]:
    """A way's figures, encrypting and decrypting."""
    return figures[f"python/encrypt_rows[{way}]"], figures[f"python/decrypt_rows[{way}]"]


SINGLE_CALLS = """## Single calls of 32 bytes

From Python, in process, authorised and audited. The limit is the append of one audit record, {append} here: no call can
be recorded and be faster.

| call | one thread | calls/s | four threads, calls/s | four over one | times the limit |
|---|---:|---:|---:|---:|---:|"""
APPEND = "append of a 400 B audit record"


def calls(figures: Figures) -> str:
    """Single calls of 32 bytes from Python."""
    append = figures[APPEND]
    lines = [SINGLE_CALLS.format(append=duration(append.seconds))]
    for name, label in CALLS.items():
        one, four = figures[f"python/{name}[1]"], figures[f"python/{name}[4]"]
        cells = [label, duration(one.seconds), f"{one.rate:,.0f}", f"{four.rate:,.0f}", times(four, one)]
        lines.append(f"| {' | '.join(cells)} | {one.seconds / append.seconds:.1f} |")
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

Criterion's medians. Lines that begin with `limit` are what AWS-LC and the machine can do: nothing above them is faster.

| benchmark | time | rate | slowest over fastest round |
|---|---:|---:|---:|"""


def engine(figures: Figures) -> str:
    """Everything criterion measured, the limits among it."""
    rust = sorted((name, figure) for name, figure in figures.items() if not name.startswith("python/"))
    cells = ([name, duration(figure.seconds), throughput(figure), f"{figure.spread:.2f}"] for name, figure in rust)
    return "\n".join([ENGINE, *(f"| {' | '.join(line)} |" for line in cells)])


def times(faster: Figure, slower: Figure) -> str:
    """How many times the rate."""
    ratio = faster.rate / slower.rate
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.2f}x"


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
