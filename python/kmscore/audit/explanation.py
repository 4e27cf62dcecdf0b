"""Why a call failed, for the operator: what the caller was not told, out of what the log and the store know."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from kmscore.audit.identities import iso_time
from kmscore.audit.reading import SUCCESS, AuditRecord, find, key_arns, records
from kmscore.config import locate
from kmscore.store import sqlite

_CONTEXT_MADE = {"ReEncrypt": "DestinationEncryptionContext"}
_CONTEXT_READ = {"ReEncrypt": "SourceEncryptionContext"}
_ALGORITHMS_READ = ("EncryptionAlgorithm", "SourceEncryptionAlgorithm")
_READS = {"Decrypt", "ReEncrypt"}
_STATE_CHANGES = {
    "DisableKey",
    "EnableKey",
    "ScheduleKeyDeletion",
    "CancelKeyDeletion",
    "DeleteImportedKeyMaterial",
    "DeleteExpiredKeyMaterial",
    "ImportKeyMaterial",
    "CreateKey",
    "ReplicateKey",
    "DisconnectCustomKeyStore",
    "DeleteKey",
}


@dataclass(frozen=True)
class Explanation:
    """A call and what came of it."""

    record: AuditRecord
    lines: list[str]
    """Sentences, the nearest cause first."""


def explain(home: str | os.PathLike[str] | None, request_id: str) -> Explanation | None:
    """Explain a call.

    Args:
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.
        request_id: What the answer carried as `RequestId`.

    Returns:
        None when no record has this id.
    """
    record = next(find(home, "id", request_id), None)
    if record is None:
        return None
    if record["outcome"] == SUCCESS:
        failed = record.get("failed_rows", 0)
        text = f"{failed} of its {record['rows']} rows failed, each for itself" if failed else "it did not fail"
        return Explanation(record, [f"The call was answered: {text}."])
    said = f"The caller was told {record['outcome']}" + (f": {record['message']}" if "message" in record else ".")
    own = [f"Decided so because: {record['why'].rstrip('.')}."] if record.get("why") else []
    causes = _CAUSES.get(record["outcome"], _nothing)(home, record)
    return Explanation(record, [*own, *causes, said])


Cause = Callable[[str | os.PathLike[str] | None, AuditRecord], list[str]]


def _nothing(_home: str | os.PathLike[str] | None, _record: AuditRecord) -> list[str]:
    return []


def _invalid_ciphertext(home: str | os.PathLike[str] | None, record: AuditRecord) -> list[str]:
    request = record.get("request", {})
    algorithm = next((request[name] for name in _ALGORITHMS_READ if name in request), "SYMMETRIC_DEFAULT")
    if algorithm != "SYMMETRIC_DEFAULT":
        return [f"The ciphertext is damaged, or was made with another public key or algorithm than {algorithm}."]
    if "blob" not in record:
        return [
            "What was sent does not have the form of a ciphertext blob: its start was damaged, or it is from elsewhere."
        ]
    maker = _maker(home, record)
    if maker is None:
        return [_unknown_blob(record["blob"])]
    lines = [_made_by(maker)]
    if maker["material"] != record["material"]:
        return [*lines, "It names other key material now: its header was damaged or forged."]
    differing = _differing_pairs(_context(maker, _CONTEXT_MADE), _context(record, _CONTEXT_READ))
    if differing:
        return [*(f"The encryption context differs: {text}." for text in differing), *lines]
    text = "Key and encryption context are those it was made with: the blob was damaged, or its key material is gone."
    return [text, *lines]


def _incorrect_key(home: str | os.PathLike[str] | None, record: AuditRecord) -> list[str]:
    asked = next((record.get("request", {}).get(name) for name in ("KeyId", "SourceKeyId")), None)
    maker = _maker(home, record) if "blob" in record else None
    if maker is None:
        return [f"The blob names another key than {asked or 'the one in the request'}."]
    return [f"The blob is of key {_made_key(maker)}, and the request names {asked or 'another'}.", _made_by(maker)]


def _denied(home: str | os.PathLike[str] | None, record: AuditRecord) -> list[str]:
    if record.get("why") or record["op"] not in _READS or "blob" not in record:
        return []
    maker = _maker(home, record)
    if maker is None:
        return [_unknown_blob(record["blob"])]
    key = _made_key(maker)
    region = key.split(":")[3]
    if region != record["region"]:
        return [f"The blob's key {key} is in {region}; the call went to {record['region']}.", _made_by(maker)]
    return [f"The blob's key is {key}; it was deleted, or the caller may not use it.", _made_by(maker)]


def _wrong_state(home: str | os.PathLike[str] | None, record: AuditRecord) -> list[str]:
    """Who brought each key of the call into its state."""
    keys = set(key_arns(record))
    last: dict[str, AuditRecord] = {}
    for earlier in records(home):
        if earlier["time"] > record["time"]:
            break
        if earlier["op"] in _STATE_CHANGES and earlier["outcome"] == SUCCESS:
            last.update({arn: earlier for arn in key_arns(earlier) if arn in keys})
    return [
        f"The state of {arn} was last changed by {change['op']} of {change['caller']} at {iso_time(change['time'])} "
        f"(request {change['id']})."
        for arn, change in last.items()
    ]


def _not_found(home: str | os.PathLike[str] | None, record: AuditRecord) -> list[str]:
    """Where a key is that is not where it was sought."""
    sent = record.get("request", {})
    named = [str(sent[name]) for name in ("KeyId", "TargetKeyId", "DestinationKeyId", "SourceKeyId") if name in sent]
    lines = []
    with closing(sqlite.connect(locate(home).database)) as connection:
        for name in named:
            column, value = (
                ("name", name[name.index("alias/") :]) if "alias/" in name else ("key_id", name.rpartition("/")[2])
            )
            table = "aliases" if column == "name" else "keys"
            state = "'Enabled'" if table == "aliases" else "state"
            statement = f"SELECT account, region, {state} FROM {table} WHERE {column} = ?"  # noqa: S608 Names of ours; the value is bound.
            places = connection.execute(statement, (value,)).fetchall()
            lines += [_place(name, *place) for place in places]
            if not places:
                lines.append(f"No account and no Region of this store has {name}.")
    return lines


def _place(name: str, account: str, region: str, state: str) -> str:
    if state in ("deleted", "shredding"):
        return f"{name} was in account {account}, Region {region}, and is deleted."
    return f"{name} is in account {account}, Region {region}."


def _throttled(_home: str | os.PathLike[str] | None, record: AuditRecord) -> list[str]:
    return [f"The request rate of {record['op']} for the caller's account in {record['region']} was used up."]


_CAUSES: dict[str, Cause] = {
    "InvalidCiphertextException": _invalid_ciphertext,
    "IncorrectKeyException": _incorrect_key,
    "AccessDeniedException": _denied,
    "DisabledException": _wrong_state,
    "KMSInvalidStateException": _wrong_state,
    "NotFoundException": _not_found,
    "ThrottlingException": _throttled,
}


def _maker(home: str | os.PathLike[str] | None, record: AuditRecord) -> AuditRecord | None:
    """The record of the call that made the blob."""
    of_blob = find(home, "blob", record["blob"])
    return next((one for one in of_blob if one["outcome"] == SUCCESS and one["op"] != "Decrypt"), None)


def _made_key(maker: AuditRecord) -> str:
    """ReEncrypt makes its blob under the second of its keys."""
    return key_arns(maker)[-1]


def _made_by(maker: AuditRecord) -> str:
    return (
        f"The blob was made by {maker['op']} of {maker['caller']} at {iso_time(maker['time'])} under "
        f"{_made_key(maker)} (request {maker['id']})."
    )


def _unknown_blob(blob: str) -> str:
    return (
        f"No record of this log made blob {blob}: it is from another store, from encrypt_batch, from a segment that is "
        "gone, or was damaged."
    )


def _context(record: AuditRecord, names: dict[str, str]) -> dict[str, str]:
    found: dict[str, Any] = record.get("request", {}).get(names.get(record["op"], "EncryptionContext"), {})
    return found


def _differing_pairs(made: dict[str, str], sent: dict[str, str]) -> list[str]:
    missing = [f"the pair {name!r}: {made[name]!r} is missing" for name in made if name not in sent]
    extra = [f"the pair {name!r}: {sent[name]!r} is too many" for name in sent if name not in made]
    other = [
        f"{name!r} is {sent[name]!r} and was {made[name]!r}"
        for name in made
        if name in sent and sent[name] != made[name]
    ]
    return missing + extra + other
