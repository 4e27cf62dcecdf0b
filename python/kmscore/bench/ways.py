"""What is measured: a way to encrypt, the messages it is given, and how they are spread over threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from kmscore.bench.setting import Setting

KIB, MIB = 2**10, 2**20
SIZES = {KIB: "1 KiB", MIB: "1 MiB", 100 * MIB: "100 MiB"}
THREADS = (1, 2)
DIRECTIONS = ("encrypt", "decrypt")
UNSIGNED, SIGNED = 0x0478, 0x0578
CONTEXT = {"table": "benchmark"}
ASSOCIATED_DATA = repr(sorted(CONTEXT.items())).encode()

Effort = Literal["quick", "usual", "full"]
"""How much work a reading is: a moment's, what slow ways do in reasonable time, or all of it everywhere."""

Messages = Any
"""A sequence of messages: a list of bytes, of buffers, or an Arrow column."""

_QUICK_SHARE = 50
_QUICK_MESSAGES = 4
_QUICK_LENGTH = 2 * MIB


@dataclass(frozen=True)
class Load:
    """What one reading works on.

    Attributes:
        messages: how many.
        length: plaintext bytes of each; less than the size it stands for where a way is too slow for more.
    """

    messages: int
    length: int

    @property
    def bytes(self) -> int:
        """All plaintext bytes of a reading."""
        return self.messages * self.length

    def quick(self) -> Load:
        """A load that takes a moment."""
        fewer = max(self.messages // _QUICK_SHARE, min(self.messages, _QUICK_MESSAGES))
        return Load(fewer, min(self.length, _QUICK_LENGTH))

    def full(self, size: int) -> Load:
        """The size itself; who is given less than a MiB instead would take minutes for it."""
        return Load(self.messages, size) if self.length >= MIB else self

    def halved(self) -> Load:
        """The same bytes as at least two messages, so that two threads have one each."""
        return self if self.messages > 1 else Load(2, self.length // 2)


class Cipher(Protocol):
    """One message at a time, as a user of that library calls it."""

    def encrypt(self, plaintext: bytes, /) -> Any:
        """Encrypt a message."""

    def decrypt(self, message: Any, /) -> bytes:
        """Decrypt it."""


class Worker(Protocol):
    """Takes all messages of a reading."""

    def encrypt(self, plaintexts: Messages, /) -> Messages:
        """Encrypt them all."""

    def decrypt(self, messages: Messages, /) -> Messages:
        """Decrypt them all."""


@dataclass(frozen=True)
class Requirement:
    """What must be installed.

    Attributes:
        peer: what it is called.
        module: what is imported to find out.
        pip: the command that installs it.
    """

    peer: str
    module: str
    pip: str


@dataclass(frozen=True)
class Way:
    """A way to encrypt.

    Attributes:
        id: its name in the figures.
        label: what the tables call it.
        loads: what it is given of each size.
        build: makes the worker for a number of threads.
        signed: its messages carry a signature.
        spreads: it spreads one message over threads itself; others get at least a message a thread.
        columns: it takes an Arrow column.
        requirement: what must be installed for it.
    """

    id: str
    label: str
    loads: Mapping[int, Load]
    build: Callable[[Setting, int], Worker]
    signed: bool = False
    spreads: bool = False
    columns: bool = False
    requirement: Requirement | None = None

    def load(self, size: int, threads: int, effort: Effort = "usual") -> Load:
        """What one reading works on."""
        load = self.loads[size]
        if effort == "quick":
            load = load.quick()
        elif effort == "full":
            load = load.full(size)
        return load if self.spreads or threads == 1 else load.halved()


class Loop:
    """A plain loop over single calls; of several ciphers each has a thread of its own and its share of the messages."""

    def __init__(self, ciphers: Sequence[Cipher]) -> None:
        self._ciphers = ciphers

    def encrypt(self, plaintexts: Messages) -> Messages:
        """One call a message."""
        return self._shared([cipher.encrypt for cipher in self._ciphers], plaintexts)

    def decrypt(self, messages: Messages) -> Messages:
        """One call a message."""
        return self._shared([cipher.decrypt for cipher in self._ciphers], messages)

    @staticmethod
    def _shared(calls: list[Callable[[Any], Any]], messages: Messages) -> Messages:
        if len(calls) == 1:
            return _each(calls[0], messages)
        share = -(-len(messages) // len(calls))
        shares = [messages[start : start + share] for start in range(0, len(messages), share)]
        with ThreadPoolExecutor(len(calls)) as pool:
            return [message for done in pool.map(_each, calls, shares) for message in done]


def _each(call: Callable[[Any], Any], messages: Messages) -> Messages:
    return [call(message) for message in messages]
