"""Generated messages: every frame length with plaintexts around its edges, and contexts from the whole of Unicode."""

import random
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

FRAME_LENGTHS = (128, 256, 512, 4096, 65_536, 1_048_576)
# UTF-8 and UTF-16 put the last two in different orders.
ALPHABETS = ("abcdefghijklmnop", "äöüßéñ", "漢字かな", "\uff5e\uffee\uffff", "\U00010000\U0001f510\U0010fffd")


class Case(NamedTuple):
    """One message."""

    number: int
    frame_length: int
    plaintext: bytes
    context: dict[str, str]

    def __str__(self) -> str:
        """What to know when it fails."""
        length = len(self.plaintext)
        return f"case {self.number}: {length} bytes in frames of {self.frame_length} under {self.context!r}"


def cases(count: int, seed: int) -> Iterator[Case]:
    """So many cases; the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - cases that repeat.
    edges = list(product(FRAME_LENGTHS, range(9)))
    for number in range(count):
        frame_length, edge = edges[number] if number < len(edges) else (chance.choice(FRAME_LENGTHS[:5]), None)
        length = chance.randrange(4 * frame_length) if edge is None else _edge(frame_length, edge)
        yield Case(number, frame_length, chance.randbytes(length), _context(chance))


def _edge(frame_length: int, edge: int) -> int:
    """0, 1, and one less, exactly and one more than one and two frames; three frames."""
    frames, byte = divmod(edge, 3)
    return (0, 1, 3 * frame_length)[byte] if frames == 0 else frames * frame_length + byte - 1


def _context(chance: random.Random) -> dict[str, str]:
    return {_text(chance): _text(chance) for _ in range(chance.randrange(5))}


def _text(chance: random.Random) -> str:
    return "".join(chance.choice(chance.choice(ALPHABETS)) for _ in range(chance.randrange(12)))
