"""Every way to damage a byte string a little."""

from collections.abc import Iterator
from pathlib import Path


def flips(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Every bit of every byte turned over, one at a time."""
    for index in range(len(content)):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[index] ^= 1 << bit
            yield f"bit {bit} of byte {index}", bytes(damaged)


def truncations(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Every proper prefix, the empty one included."""
    for length in range(len(content)):
        yield f"the first {length} bytes", content[:length]


def extensions(content: bytes) -> Iterator[tuple[str, bytes]]:
    """1 to 64 bytes more: zeros, and the content's own tail again."""
    for more in range(1, 65):
        yield f"{more} zero bytes more", content + bytes(more)
        yield f"{more} bytes repeated", content + content[-more:]


def all_damage(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Flips, truncations and extensions."""
    yield from flips(content)
    yield from truncations(content)
    yield from extensions(content)


def overwrite(path: Path, content: bytes) -> None:
    """Replace what a file holds without emptying it first, for which some file systems wait for the disk."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.write(content)
        file.truncate()
