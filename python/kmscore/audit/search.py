"""Finding records: by time, principal, key, operation and outcome."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from kmscore.audit.reading import AuditRecord, records
from kmscore.config import locate
from kmscore.store import sqlite

DENIED = frozenset({"AccessDeniedException"})
"""Refused by policies."""
UNAUTHORISED = DENIED | {
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "IncompleteSignatureException",
    "IncompleteSignature",
    "MissingAuthenticationTokenException",
    "InvalidClientTokenId",
    "ExpiredTokenException",
    "InvalidGrantTokenException",
}
"""Refused for want of a right: by policies, because nobody knew who called, or because a token was bad."""
_REFERENCES = ("KeyId", "AliasName", "TargetKeyId", "SourceKeyId", "DestinationKeyId")


@dataclass(frozen=True)
class Query:
    """What records must have; None and empty stand for anything."""

    since: int | None = None
    """Microseconds since 1970."""
    until: int | None = None
    """The first moment that is too late."""
    principal: str | None = None
    """An ARN, the end of one (`user/alice`, `alice`), or a pattern with `*`."""
    keys: frozenset[str] = field(default_factory=frozenset)
    """Key ids, key ARNs, alias names and alias ARNs that mean the same; see `key_names`."""
    operation: str | None = None
    """A name, or a pattern with `*`; in any case."""
    outcomes: frozenset[str] = field(default_factory=frozenset)
    """`Success`, error codes, or `Failure` for all of these."""

    def matches(self, record: AuditRecord) -> bool:
        """Whether a record is one of these."""
        return (
            (self.since is None or record["time"] >= self.since)
            and (self.until is None or record["time"] < self.until)
            and (self.principal is None or _is_principal(record["caller"], self.principal))
            and (self.operation is None or fnmatchcase(record["op"].lower(), self.operation.lower()))
            and (not self.keys or _is_about(record, self.keys))
            and (not self.outcomes or _came_to(record["outcome"], self.outcomes))
        )


def search(home: str | os.PathLike[str] | None, query: Query) -> Iterator[AuditRecord]:
    """The records that a query means, in the order of time.

    Args:
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.
        query: What they must have.
    """
    return (record for record in records(home) if query.matches(record))


def key_names(home: str | os.PathLike[str] | None, key: str) -> frozenset[str]:
    """Under which names records may know a key.

    Args:
        home: The store's directory.
        key: Key id, key ARN, alias name or alias ARN. An alias means the key that it stands for now, and itself.
    """
    alias = key[key.index("alias/") :] if "alias/" in key else None
    if alias is None:
        return frozenset({key})
    with closing(sqlite.connect(locate(home).database)) as connection:
        statement = "SELECT key_id, account, region FROM aliases WHERE name = ?"
        found = connection.execute(statement, (alias,)).fetchall()
    ids = {key_id for key_id, account, region in found if not key.startswith("arn:") or f":{region}:{account}:" in key}
    return frozenset({key, *ids})


def _is_principal(caller: str, wanted: str) -> bool:
    if "*" in wanted:
        return fnmatchcase(caller, wanted)
    return caller == wanted or caller.endswith((f"/{wanted}", f":{wanted}"))


def _is_about(record: AuditRecord, keys: frozenset[str]) -> bool:
    named = [*record.get("resources", ()), *(record.get("request", {}).get(member, "") for member in _REFERENCES)]
    return any(name in keys or any(name.endswith((f"/{key}", f":{key}")) for key in keys) for name in named if name)


def _came_to(outcome: str, wanted: frozenset[str]) -> bool:
    return outcome in wanted or ("Failure" in wanted and outcome != "Success")
