"""The control-plane operations: each is one function with one decorator, found here by name."""

import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy.exc import DBAPIError

from kmscore import errors, lifecycle
from kmscore._core import ControlCall, StaleState
from kmscore.operations import (
    aliases,
    custom_key_stores,
    grants,
    imports,
    key_usage,
    keys,
    multi_region,
    policies,
    rotation,
    tags,
)
from kmscore.operations.registry import OPERATIONS, Answer, Read, Request, Response, Write
from kmscore.store import sqlite
from kmscore.store.store import MICROSECONDS, Store
from kmscore.store.transaction import Transaction
from kmscore.store.writer import Change

_MAKING_KEYS = ("CreateKey", "ReplicateKey")
# An alias name or alias ARN; the pipeline refused an ARN of another Region.
_ALIAS = re.compile(r"(?:arn:[^:]*:kms:[^:]*:(?P<account>[^:]*):)?(?P<name>alias/.*)", re.DOTALL)

__all__ = [
    "OPERATIONS",
    "aliases",
    "custom_key_stores",
    "grants",
    "handle",
    "imports",
    "key_usage",
    "keys",
    "multi_region",
    "policies",
    "rotation",
    "tags",
]


def handle(store: Store, call: ControlCall) -> Response:
    """Run the operation of a call that passed the pipeline.

    Args:
        store: The open store.
        call: The decided call.

    Returns:
        The output members.

    Raises:
        ClientError: One of `kmscore.errors`.
        StaleState: The store moved since the call was decided.
    """
    operation = OPERATIONS[call.operation]
    request: Request = msgspec.convert(call.request, operation.request)
    try:
        _do_due_work(store)
        if isinstance(operation, Answer):
            return operation.handler(store.hierarchy, call, request)
        if isinstance(operation, Read):
            found = operation.inquire(store, call, request)
            return store.read(lambda view: operation.handler(view, call, found))
        prepared = operation.prepare(store.hierarchy, call, request)
        return store.writer.write(_change(store, operation, call, prepared))
    except (DBAPIError, sqlite3.Error) as error:
        raise errors.KMSInternalException(f"The store cannot be used: {sqlite.explain(error)}.") from error


def _do_due_work(store: Store) -> None:
    # A key past its deletion date must not be seen, cancelled or counted on, even if nobody came to delete it yet.
    changed = lifecycle.run_due_work(store)
    if changed:
        raise StaleState(f"something was due for {changed} keys, and is done now")


def _change(store: Store, operation: Write[Any, Any], call: ControlCall, prepared: Any) -> Change[Response]:
    def work(transaction: Transaction) -> Response:
        if store.key_quota is not None and call.operation in _MAKING_KEYS:
            store.key_quota.check(transaction, call.account, call.request.get("ReplicaRegion", call.region))
        return _done(operation.handler(transaction, call, prepared), call)

    return Change(
        work=work,
        record=call.audit_record,
        append=call.append_audit,
        now=round(call.now * MICROSECONDS),
        decided_state=call.decided_state,
        rests_on=frozenset(_rests_on(call)),
        after_destruction=store.truncate_log,
    )


def _done(response: Response, call: ControlCall) -> Response:
    if call.request.get("DryRun"):
        # Nothing that was done is kept: this ends the transaction.
        raise errors.DryRunOperationException("The request would have succeeded, but the DryRun option is set.")
    return response


def _rests_on(call: ControlCall) -> Iterator[tuple[str, str]]:
    """The keys and aliases that the pipeline looked at, as the store names them in `change`."""
    for key in call.keys:
        yield "key", f"{key['region']}/{key['key_id']}"
    for value in call.request.values():
        if isinstance(value, str) and (alias := _ALIAS.fullmatch(value)):
            yield "alias", f"{alias['account'] or call.account}/{call.region}/{alias['name']}"
