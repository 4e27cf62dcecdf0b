"""What AWS KMS would charge for the keys and calls of a store in a month, and what would make it less."""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kmscore.arns import key_arn
from kmscore.config import locate
from kmscore.prices import Prices
from kmscore.store import sqlite
from kmscore.usage import Filter, UsageIndex

_MICROSECONDS = 1_000_000
_PAIR_OPERATIONS = ("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext")
_WAITING = ("PendingDeletion", "PendingReplicaDeletion", "shredding", "deleted")
SYMMETRIC = "symmetric requests"
"""Of which each account has some free."""


@dataclass(frozen=True)
class Month:
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """`2026-11`.

        Raises:
            ValueError: It is no month.
        """
        time = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        return cls(time.year, time.month)

    @classmethod
    def of(cls, time: float) -> Month:
        """The month of a moment in seconds since 1970."""
        moment = datetime.fromtimestamp(time, UTC)
        return cls(moment.year, moment.month)

    @property
    def start(self) -> int:
        """Its first second, since 1970."""
        return round(datetime(self.year, self.month, 1, tzinfo=UTC).timestamp())

    @property
    def end(self) -> int:
        """The first second of the next month."""
        following = (self.year + 1, 1) if self.month == 12 else (self.year, self.month + 1)
        return round(datetime(*following, 1, tzinfo=UTC).timestamp())

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True)
class StoredKey:
    """A KMS key as far as its cost goes."""

    arn: str
    account: str
    region: str
    spec: str
    state: str
    managed_by_aws: bool
    replica: bool
    created: int
    """Seconds since 1970, as all times here."""
    rotations: tuple[int, ...]
    deletion: int | None
    """Since when it waits for its deletion; a cancelled one leaves nothing."""


@dataclass(frozen=True)
class Line:
    """A sum of one kind, for one account in one Region."""

    account: str
    region: str
    kind: str
    quantity: float
    amount: float


@dataclass
class Bill:
    """What a month costs."""

    month: Month
    prices: Prices
    until: int
    """Up to when it was counted: the month's end, or now."""
    lines: list[Line] = field(default_factory=list)

    @property
    def total(self) -> float:
        """All of it."""
        return sum(line.amount for line in self.lines)


def bill(keys: list[StoredKey], usage: UsageIndex, month: Month, prices: Prices, *, now: float) -> Bill:
    """Reckon up a month.

    Args:
        keys: All keys of the store, deleted ones included.
        usage: The index, up to date.
        month: The month.
        prices: The prices.
        now: Seconds since 1970: what is still to come of the month is not counted.
    """
    found = Bill(month, prices, min(month.end, max(month.start, round(now))))
    _add_keys(found, keys)
    _add_requests(found, {key.arn: key.spec for key in keys}, usage)
    found.lines.sort(key=lambda line: (line.account, line.region, line.kind))
    return found


def stored_keys(home: str | os.PathLike[str] | None, usage: UsageIndex) -> list[StoredKey]:
    """All keys of a store, deleted ones included, read unchecked.

    Args:
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.
        usage: The index, up to date: it knows since when keys wait for their deletion.
    """
    scheduled, cancelled = usage.moments("ScheduleKeyDeletion"), usage.moments("CancelKeyDeletion")
    with closing(sqlite.connect(locate(home).database)) as connection:
        rows = sqlite.rows(connection, "SELECT * FROM keys")
        statement = "SELECT region, key_id, rotation_date FROM key_material WHERE rotation_date IS NOT NULL"
        rotations = defaultdict(list)
        for region, key_id, time in connection.execute(statement).fetchall():
            rotations[region, key_id].append(time // _MICROSECONDS)
    found = []
    for row in rows:
        account, region, key_id = str(row["account"]), str(row["region"]), str(row["key_id"])
        arn = key_arn(account, region, key_id)
        waiting = row["state"] in _WAITING
        since = max(scheduled.get(arn, [0]))
        found.append(
            StoredKey(
                arn,
                account,
                region,
                str(row["spec"]),
                str(row["state"]),
                managed_by_aws=row["manager"] == "AWS",
                replica=row["primary_region"] not in (None, region),
                created=int(row["created"] or 0) // _MICROSECONDS,
                rotations=tuple(sorted(rotations[region, key_id])),
                deletion=since if waiting and since >= max(cancelled.get(arn, [0])) else None,
            )
        )
    return found


def _add_keys(found: Bill, keys: list[StoredKey]) -> None:
    month, prices = found.month, found.prices.keys
    kinds: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for key in keys:
        if key.managed_by_aws:
            continue
        end = found.until if key.deletion is None else min(found.until, key.deletion)
        kind = "replica keys" if key.replica else "keys"
        _add(kinds[key.account, key.region, kind], _share(month, key.created, end), prices.month)
        for rotation in key.rotations[: prices.charged_rotations]:
            _add(kinds[key.account, key.region, "rotations"], _share(month, rotation, end), prices.rotation)
    found.lines += [Line(*place, quantity, amount) for place, (quantity, amount) in kinds.items() if quantity]


def _share(month: Month, start: int, end: int) -> float:
    """Which part of a month lies between two moments."""
    return max(0, min(end, month.end) - max(start, month.start)) / (month.end - month.start)


def _add(sums: list[float], quantity: float, price: float) -> None:
    sums[0] += quantity
    sums[1] += quantity * price


def _add_requests(found: Bill, specs: dict[str, str], usage: UsageIndex) -> None:
    chosen = Filter(start=found.month.start, end=found.month.end)
    prices = found.prices.requests
    requests: dict[tuple[str, str, str], int] = defaultdict(int)
    rates: dict[str, float] = {}
    for counted in usage.counts(("account", "region", "key", "operation", "pair_spec"), chosen, once=True):
        account, region, key, operation, pair_spec = map(str, counted.group)
        kind, rate = _price(specs.get(key, "SYMMETRIC_DEFAULT"), operation, pair_spec, found.prices)
        rates[kind] = rate
        # What was throttled was not served, and is not charged.
        requests[account, region, kind] += counted.succeeded + counted.failed
    free = dict.fromkeys({account for account, _, _ in requests}, prices.free)
    for (account, region, kind), number in sorted(requests.items()):
        charged = number
        if kind == SYMMETRIC:
            charged = max(0, number - free[account])
            free[account] -= number - charged
        found.lines.append(Line(account, region, kind, number, charged * rates[kind] / prices.per))


def _price(spec: str, operation: str, pair_spec: str, prices: Prices) -> tuple[str, float]:
    """The kind of a request, and what so many of it cost."""
    requests = prices.requests
    if operation in _PAIR_OPERATIONS:
        rsa = pair_spec.startswith("RSA")
        return (
            ("RSA data key pairs", requests.data_key_pairs.rsa)
            if rsa
            else ("ECC data key pairs", requests.data_key_pairs.ecc)
        )
    if spec == "SYMMETRIC_DEFAULT" or spec.startswith("HMAC_"):
        return SYMMETRIC, requests.symmetric
    if spec == "RSA_2048":
        return "RSA_2048 requests", requests.asymmetric.rsa_2048
    return "other asymmetric requests", requests.asymmetric.other
