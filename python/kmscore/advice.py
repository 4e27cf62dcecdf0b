"""What would make the bill less: concrete, with the keys it is about and what it saves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from kmscore.cost import Bill, StoredKey
from kmscore.usage import Filter, UsageIndex

UNUSED_DAYS = 90
"""A key that did nothing for so long is called unused."""
MESSAGES_A_DATA_KEY = 100
"""What a cache of data keys is reckoned with."""
FEW_REQUESTS = 1_000
"""A key with fewer requests a month could do another one's work as well."""
_WORTH_SAYING = 1.0
_DAY = 86_400
_MICROSECONDS = 1_000_000
_CACHEABLE = ("Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")


@dataclass(frozen=True)
class Advice:
    """One thing to do."""

    kind: str
    """`unused`, `caching`, `consolidation` or `aws-managed`."""
    text: str
    saving: float
    """A month, in the currency of the prices."""
    keys: tuple[str, ...]
    """ARNs."""


def advise(keys: list[StoredKey], usage: UsageIndex, bill: Bill) -> list[Advice]:
    """All advice on a bill, what saves most first.

    Args:
        keys: All keys of the store.
        usage: The index, up to date.
        bill: A month's bill.
    """
    charged = [key for key in keys if not key.managed_by_aws and key.deletion is None]
    unused = [key for key in charged if is_unused(key, usage, bill.until)]
    found = [
        *(_unused(unused, bill)),
        *_caching(charged, usage, bill),
        *_consolidation([key for key in charged if key not in unused], usage, bill),
        *_aws_managed(charged, usage, bill),
    ]
    return sorted(found, key=lambda advice: -advice.saving)


def is_unused(key: StoredKey, usage: UsageIndex, now: int) -> bool:
    """Whether a key did no cryptographic work for `UNUSED_DAYS`, as far back as the log goes.

    Args:
        key: The key.
        usage: The index, up to date.
        now: Seconds since 1970.
    """
    used = usage.last_uses().get(key.arn, 0) // _MICROSECONDS
    # Before the log began, nobody knows.
    tracked_since = usage.tracking_start()
    if tracked_since is None:
        return False
    return max(used, key.created, tracked_since // _MICROSECONDS) <= now - UNUSED_DAYS * _DAY


def _month_of(key: StoredKey, bill: Bill) -> float:
    prices = bill.prices.keys
    return prices.month + prices.rotation * min(len(key.rotations), prices.charged_rotations)


def _unused(unused: list[StoredKey], bill: Bill) -> Iterator[Advice]:
    if unused:
        saving = sum(_month_of(key, bill) for key in unused)
        text = (
            f"{len(unused)} of the keys did no cryptographic work for {UNUSED_DAYS} days: disable them, watch for "
            "DisabledException, then schedule their deletion; a key is not charged while it waits"
        )
        yield Advice("unused", text, saving, tuple(key.arn for key in unused))


def _caching(keys: list[StoredKey], usage: UsageIndex, bill: Bill) -> Iterator[Advice]:
    rate = bill.prices.requests.symmetric / bill.prices.requests.per
    for key in keys:
        chosen = Filter(start=bill.month.start, end=bill.month.end, key=key.arn)
        counts = usage.counts(("operation",), chosen)
        requests = sum(counted.succeeded for counted in counts if counted.group[0] in _CACHEABLE)
        saving = requests * (1 - 1 / MESSAGES_A_DATA_KEY) * rate
        if saving >= _WORTH_SAYING:
            text = (
                f"{requests:,} data keys were made or decrypted: a cache that uses each for {MESSAGES_A_DATA_KEY} "
                "messages (kmscore.envelope, caching) leaves one request in so many"
            )
            yield Advice("caching", text, saving, (key.arn,))


def _consolidation(keys: list[StoredKey], usage: UsageIndex, bill: Bill) -> Iterator[Advice]:
    chosen = Filter(start=bill.month.start, end=bill.month.end)
    requests: dict[str, int] = defaultdict(int)
    for counted in usage.counts(("key",), chosen):
        requests[str(counted.group[0])] += counted.succeeded
    places: dict[tuple[str, str], list[StoredKey]] = defaultdict(list)
    for key in keys:
        quiet = 0 < requests[key.arn] < FEW_REQUESTS
        if quiet and key.spec == "SYMMETRIC_DEFAULT" and not key.replica and ":key/mrk-" not in key.arn:
            places[key.account, key.region].append(key)
    for (account, region), quiet_keys in sorted(places.items()):
        if len(quiet_keys) > 1:
            costs = sorted((_month_of(key, bill) for key in quiet_keys), reverse=True)
            text = (
                f"{len(quiet_keys)} symmetric keys of account {account} in {region} have under {FEW_REQUESTS:,} "
                "requests a month each: where the same people may use them, one key with an encryption context for "
                "each purpose does"
            )
            yield Advice("consolidation", text, sum(costs[:-1]), tuple(key.arn for key in quiet_keys))


def _aws_managed(keys: list[StoredKey], usage: UsageIndex, bill: Bill) -> Iterator[Advice]:
    chosen = Filter(start=bill.month.start, end=bill.month.end)
    services: dict[str, set[str]] = defaultdict(set)
    callers: dict[str, set[str]] = defaultdict(set)
    cryptographic = usage.last_uses()
    for counted in usage.counts(("key", "via", "account", "operation"), chosen):
        arn, via, account, operation = map(str, counted.group)
        if operation in _CACHEABLE or via:
            services[arn].add(via)
            callers[arn].add(account)
    for key in keys:
        if key.arn not in cryptographic or len(services[key.arn]) != 1 or callers[key.arn] != {key.account}:
            continue
        [service] = services[key.arn]
        if service:
            name = service.split(".")[0]
            text = (
                f"the key is used by {service} alone, for its own account: alias/aws/{name} does the same without a "
                "charge for the key, if its policy need not be changed"
            )
            yield Advice("aws-managed", text, _month_of(key, bill), (key.arn,))
