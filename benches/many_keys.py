"""What a call costs in a store of very many keys, beside the same call in a store of its first thousand.

`python -m benches.many_keys [KEYS]` makes 100,000 keys, each with an alias, and prints the figures. Every call is made
in both stores by turns, so that a slow minute of the machine falls on both of them alike; figures are medians.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import kmscore
from kmscore import KMSClient
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from kmscore.embedded import Embedded
from kmscore.operations import OPERATIONS
from kmscore.operations.registry import Write
from kmscore.store.transaction import Transaction

KEYS = 100_000
WINDOW = 1_000
_PAGES = 10
_AT_ONCE = 100
_OPEN = """
import sys, time
import kmscore
started = time.perf_counter()
kms = kmscore.client("kms", home=sys.argv[1], create=False)
kms.encrypt(KeyId=sys.argv[2], Plaintext=b"x")
print(time.perf_counter() - started)
kms.close()
"""


@dataclass(frozen=True)
class Figure:
    """Seconds of one call in either store."""

    name: str
    first: float
    last: float

    @property
    def ratio(self) -> float:
        """How much dearer the call is among many keys."""
        return self.last / self.first


@dataclass
class Side:
    """One of the two stores, with the keys of it that are looked at: the last ones made."""

    kms: KMSClient
    keys: list[str]
    page_size: int
    starts: dict[str, str | None] = field(default_factory=dict)
    """Markers of the pages that are timed, by the name of the operation."""
    marker: str | None = None

    def create_key(self, _index: int) -> None:
        """Make a key more."""
        self.keys.append(self.kms.create_key()["KeyMetadata"]["KeyId"])

    def create_alias(self, index: int) -> None:
        """Name a key."""
        self.kms.create_alias(AliasName=_alias(self.keys[index]), TargetKeyId=self.keys[index])

    def describe_key(self, index: int) -> None:
        """Describe a key that was not looked up before."""
        self.kms.describe_key(KeyId=self.keys[index])

    def encrypt_by_alias(self, index: int) -> None:
        """Use a key by its alias, which was not looked up before."""
        self.kms.encrypt(KeyId=_alias(self.keys[index]), Plaintext=b"x")

    def page(self, index: int, operation: str) -> None:
        """List one page of the last ones; the last page is followed by the first of them again."""
        if index % _PAGES == 0:
            self.marker = self.starts[operation]
        self.marker = self._next(operation, self.marker)

    def find_start(self, operation: str, keys: int, window: int) -> None:
        """Go to where the last ones begin."""
        marker = None
        for _ in range((keys - window) // self.page_size):
            marker = self._next(operation, marker)
        self.starts[operation] = marker

    def _next(self, operation: str, marker: str | None) -> str | None:
        after = {} if marker is None else {"Marker": marker}
        found: str | None = getattr(self.kms, operation)(Limit=self.page_size, **after).get("NextMarker")
        return found


def measure(folder: Path, keys: int = KEYS, window: int = WINDOW) -> tuple[list[Figure], float]:
    """Fill two stores and compare their calls.

    Args:
        folder: An empty directory.
        keys: How many keys the large store gets.
        window: How many the small one gets; as many of the large one, the last ones, are looked at.

    Returns:
        The figures, and the seconds that opening the large store and an Encrypt take in a new process.
    """
    homes = (folder / "first", folder / "last")
    _fill(homes[1], keys - window)
    with _opened(homes[0], [], window) as small, _opened(homes[1], [], window) as large:
        made = [
            _by_turns("CreateKey", small, large, window, Side.create_key),
            _by_turns("CreateAlias", small, large, window, Side.create_alias),
        ]
    opening = _opening_seconds(homes[1], large.keys[-1])
    with _opened(homes[0], small.keys, window) as small, _opened(homes[1], large.keys, window) as large:
        found = [
            _by_turns("DescribeKey", small, large, window, Side.describe_key),
            _by_turns("Encrypt by alias", small, large, window, Side.encrypt_by_alias),
        ]
        for operation in ("list_keys", "list_aliases"):
            small.find_start(operation, window, window)
            large.find_start(operation, keys, window)
            page = partial(Side.page, operation=operation)
            found.append(_by_turns(f"a page of {operation}", small, large, 10 * _PAGES, page))
    return made + found, opening


def text(keys: int, figures: list[Figure], opening: float) -> str:
    """The figures as a table."""
    head = f"{'microseconds of a call':24} {'of the first':>12} {'of the last':>12} {'ratio':>6}"
    rows = [f"{one.name:24} {one.first * 1e6:12,.0f} {one.last * 1e6:12,.0f} {one.ratio:6.2f}" for one in figures]
    return "\n".join([head, *rows, f"opening a store of {keys:,} keys, to its first Encrypt: {opening:.2f} s"])


def main() -> None:
    """Measure and print."""
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else KEYS
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KMSCORE_CONFIG_HOME", str(Path(folder) / "configuration"))
        print(text(keys, *measure(Path(folder), keys)))


def _fill(home: Path, keys: int) -> None:
    """Make keys and their aliases by the handlers that make them for callers, many in one transaction."""
    create_key, create_alias = OPERATIONS["CreateKey"], OPERATIONS["CreateAlias"]
    assert isinstance(create_key, Write)
    assert isinstance(create_alias, Write)

    def make(transaction: Transaction) -> None:
        for _ in range(_AT_ONCE):
            call: Any = SimpleNamespace(account=DEFAULT_ACCOUNT, region=DEFAULT_REGION, strict=False)
            new = create_key.prepare(transaction.hierarchy, call, create_key.request())
            key_id = create_key.handler(transaction, call, new)["KeyMetadata"]["KeyId"]
            call.keys = [{"account": call.account, "region": call.region, "key_id": key_id, "arn": ""}]
            create_alias.handler(transaction, call, create_alias.request(alias_name=_alias(key_id)))

    with Embedded.open(home) as embedded:
        for _ in range(keys // _AT_ONCE):
            embedded.store.change_by_service(make, lambda _result, _state: None)


@contextmanager
def _opened(home: Path, keys: list[str], window: int) -> Iterator[Side]:
    with kmscore.client("kms", home=home) as kms:
        yield Side(kms, keys, window // _PAGES)


def _by_turns(name: str, small: Side, large: Side, count: int, call: Callable[[Side, int], None]) -> Figure:
    spent: tuple[list[float], list[float]] = ([], [])
    for index in range(count):
        for side, seconds in zip((small, large), spent, strict=True):
            started = time.perf_counter()
            call(side, index)
            seconds.append(time.perf_counter() - started)
    return Figure(name, *map(statistics.median, spent))


def _opening_seconds(home: Path, key_id: str) -> float:
    command = [sys.executable, "-c", _OPEN, str(home), key_id]
    return min(float(subprocess.check_output(command)) for _ in range(3))


def _alias(key_id: str) -> str:
    return f"alias/of-{key_id}"


if __name__ == "__main__":
    main()
