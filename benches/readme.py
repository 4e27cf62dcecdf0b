"""The figures in README.md, kept between two marks."""

import os
from collections.abc import Iterable

from benches import envelope
from benches.run import REPOSITORY, Figures, times
from kmscore.bench import machine
from kmscore.bench.result import Result

DIRECTIONS = ("encrypt", "decrypt")
README = REPOSITORY / "README.md"
BEGIN, END = "<!-- figures: make bench writes them -->\n", "<!-- end of figures -->"


def write(figures: Figures, envelopes: Result) -> None:
    """Replace what stands between the marks.

    Raises:
        ValueError: the README lacks a mark.
    """
    before, begin, rest = README.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{README.name}: the marks {BEGIN.strip()} and {END} are needed")
    README.write_text(before + begin + table(figures, envelopes) + end + after)


def table(figures: Figures, envelopes: Result) -> str:
    """The few figures that a newcomer asks for."""
    calls = (figures[f"python/{call}[1]"].seconds * 1e6 for call in ("encrypt", "decrypt", "generate_data_key"))
    lines = [
        f"Measured on {machine.processor()} ({os.cpu_count()} cores), from Python; both directions where two stand.",
        "",
        "| | |",
        "|---|---|",
        f"| Encrypt, Decrypt, GenerateDataKey of 32 bytes, authorised and audited | {joined(calls, '.1f')} µs |",
        f"| a batch of 256-byte rows, contiguous, one thread | {rates(figures, 'batch-contiguous-1')} million rows/s |",
        f"| the same on two threads | {rates(figures, 'batch-contiguous-2')} million rows/s |",
        f"| against a loop over cryptography's AESGCM under one fixed key | {ratios(figures, 'cryptography')} |",
        f"| against a loop over Fernet | {ratios(figures, 'fernet')} |",
        f"| against pure Python | {ratios(figures, 'pure-python')} |",
        f"| against moto through boto3 | {ratios(figures, 'moto')} |",
        *envelope.readme(envelopes),
        f"| `import kmscore` | {figures['python/import'].seconds * 1e3:.0f} ms |",
        f"| `client()` and a first Encrypt | {figures['python/client_and_first_encrypt'].seconds * 1e3:.0f} ms |",
        "",
    ]
    return "\n".join(lines)


def rates(figures: Figures, way: str) -> str:
    """Millions of rows a second, encrypting and decrypting."""
    return joined((figures[f"python/{direction}_rows[{way}]"].rate / 1e6 for direction in DIRECTIONS), ".2f")


def ratios(figures: Figures, way: str) -> str:
    """How many times the rate of a peer one thread reaches, encrypting and decrypting."""
    ours, theirs = "python/{}_rows[batch-contiguous-1]", f"python/{{}}_rows[{way}]"
    pairs = ((figures[ours.format(direction)], figures[theirs.format(direction)]) for direction in DIRECTIONS)
    return ", ".join(times(one, other) for one, other in pairs)


def joined(values: Iterable[float], form: str) -> str:
    """Numbers of one form in a row."""
    return ", ".join(format(value, form) for value in values)
