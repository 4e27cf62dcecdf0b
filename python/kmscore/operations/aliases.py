"""CreateAlias, UpdateAlias, DeleteAlias, ListAliases.

Source: AWS KMS API Reference; texts as the service sends them.
"""

from typing import Any

from sqlalchemy import func, select

from kmscore import errors
from kmscore._core import ControlCall
from kmscore.arns import alias_arn
from kmscore.operations.pages import page, position
from kmscore.operations.registry import Request, Response, reads, writes
from kmscore.quotas import RESOURCES
from kmscore.services import managed_aliases
from kmscore.store import schema
from kmscore.store.rows import Row, number, text
from kmscore.store.transaction import MICROSECONDS, Transaction, View

_ALIASES_OF_A_KEY = RESOURCES["aliases_per_key"]


class CreateAliasRequest(Request, frozen=True):
    """Input of CreateAlias; the pipeline has resolved the target key."""

    alias_name: str


@writes(CreateAliasRequest)
def create_alias(transaction: Transaction, call: ControlCall, request: CreateAliasRequest) -> Response:
    """Give a key an alias."""
    name = request.alias_name
    _check_name(name)
    if _alias(transaction, call, name) is not None:
        arn = alias_arn(call.account, call.region, name)
        raise errors.AlreadyExistsException(f"An alias with the name {arn} already exists")
    target = call.keys[0]
    _check_target(transaction, call, target)
    alias: Row = {
        "account": call.account,
        "region": call.region,
        "name": name,
        "key_id": target["key_id"],
        "created": transaction.now,
        "updated": transaction.now,
    }
    transaction.insert(schema.aliases, alias)
    _mark_changed(transaction, call, name, target)
    return {}


class UpdateAliasRequest(Request, frozen=True):
    """Input of UpdateAlias; the pipeline has resolved the old and the new target key."""

    alias_name: str


@writes(UpdateAliasRequest)
def update_alias(transaction: Transaction, call: ControlCall, request: UpdateAliasRequest) -> Response:
    """Let an alias stand for another key of the same kind and usage."""
    alias = _existing(transaction, call, request.alias_name)
    old, new = call.keys
    _check_same_kind(transaction, old, new, call)
    if alias["key_id"] != new["key_id"]:
        _check_target(transaction, call, new)
    transaction.update(schema.aliases, alias, key_id=new["key_id"], updated=transaction.now)
    _mark_changed(transaction, call, request.alias_name, old, new)
    return {}


class DeleteAliasRequest(Request, frozen=True):
    """Input of DeleteAlias."""

    alias_name: str


@writes(DeleteAliasRequest)
def delete_alias(transaction: Transaction, call: ControlCall, request: DeleteAliasRequest) -> Response:
    """Remove an alias; its key stays."""
    _existing(transaction, call, request.alias_name)
    transaction.delete(schema.aliases, account=call.account, region=call.region, name=request.alias_name)
    _mark_changed(transaction, call, request.alias_name, *call.keys)
    return {}


class ListAliasesRequest(Request, frozen=True):
    """Input of ListAliases; the pipeline has resolved the key, if one was named."""

    limit: int = 50
    marker: str | None = None


@reads(ListAliasesRequest)
def list_aliases(view: View, call: ControlCall, request: ListAliasesRequest) -> Response:
    """List the aliases of the caller's account and Region, or those of one key."""
    table = schema.aliases.c
    of_key = call.keys[0]["key_id"] if call.keys else ""
    after = position(view.hierarchy, call, request.marker, selection=of_key)
    own = view.rows(
        schema.aliases,
        table.account == call.account,
        table.region == call.region,
        table.name > after,
        *([table.key_id == of_key] if of_key else []),
        order_by=[table.name],
        limit=request.limit + 1,
    )
    listed = own if of_key else _with_predefined(call, own, after, request.limit + 1)
    found, more = page(view.hierarchy, call, listed, limit=request.limit, column="name", selection=of_key)
    return {"Aliases": [_entry(alias) for alias in found], **more}


def _with_predefined(call: ControlCall, own: list[Row], after: str, limit: int) -> list[Row]:
    """With the aliases of AWS managed keys that nobody has used yet: they stand for no key."""
    present = {alias["name"] for alias in own}
    place: Row = {"account": call.account, "region": call.region, "key_id": None}
    absent: list[Row] = [{**place, "name": name} for name in managed_aliases() if name > after and name not in present]
    return sorted([*own, *absent], key=lambda alias: text(alias, "name"))[:limit]


def _mark_changed(transaction: Transaction, call: ControlCall, name: str, *keys: dict[str, str]) -> None:
    transaction.changed_alias(call.account, call.region, name)
    for key in keys:
        # Policies may rest on the aliases of a key.
        transaction.changed_key(key["region"], key["key_id"])


def _entry(alias: Row) -> dict[str, Any]:
    name = text(alias, "name")
    entry = {"AliasName": name, "AliasArn": alias_arn(text(alias, "account"), text(alias, "region"), name)}
    if alias["key_id"] is None:
        return entry
    return {
        **entry,
        "TargetKeyId": alias["key_id"],
        "CreationDate": number(alias, "created") / MICROSECONDS,
        "LastUpdatedDate": number(alias, "updated") / MICROSECONDS,
    }


def _alias(view: View, call: ControlCall, name: str) -> Row | None:
    return view.row(schema.aliases, account=call.account, region=call.region, name=name)


def _existing(view: View, call: ControlCall, name: str) -> Row:
    alias = _alias(view, call, name)
    if alias is None:
        arn = alias_arn(call.account, call.region, name)
        raise errors.NotFoundException(f"Alias {arn} is not found.")
    return alias


def _check_name(name: str) -> None:
    if name == "alias/":
        raise errors.InvalidAliasNameException("The alias name is empty: something must follow alias/.")
    if name.startswith("alias/aws/"):
        raise errors.ValidationException(
            'The alias name must not begin with "alias/aws/": that prefix is reserved for AWS managed keys.'
        )


def _check_target(transaction: Transaction, call: ControlCall, target: dict[str, str]) -> None:
    # An alias stands for a key of its own account; a key of another one is, for its caller, not there.
    if target["account"] != call.account:
        raise errors.NotFoundException(f"Key '{target['arn']}' does not exist")
    table = schema.aliases
    of_target = (table.c.region == target["region"], table.c.key_id == target["key_id"])
    count = transaction.connection.execute(select(func.count()).select_from(table).where(*of_target)).scalar_one()
    if count >= _ALIASES_OF_A_KEY:
        raise errors.LimitExceededException(f"Key '{target['arn']}' has {count} aliases, the most a KMS key can have.")


def _check_same_kind(view: View, old: dict[str, str], new: dict[str, str], call: ControlCall) -> None:
    kinds = [_kind(view, key) for key in (old, new)]
    if kinds[0] != kinds[1]:
        raise errors.ValidationException(
            f"{call.operation} cannot move an alias from a {' '.join(kinds[0])} key to a {' '.join(kinds[1])} key: "
            "both must be symmetric, asymmetric or HMAC keys of the same key usage."
        )


def _kind(view: View, resolved: dict[str, str]) -> tuple[str, str]:
    key = view.row(schema.keys, region=resolved["region"], key_id=resolved["key_id"])
    if key is None:
        raise errors.NotFoundException(f"Key '{resolved['arn']}' does not exist")
    spec = text(key, "spec")
    kinds = {"SYMMETRIC_DEFAULT": "symmetric", **{f"HMAC_{size}": "HMAC" for size in (224, 256, 384, 512)}}
    return kinds.get(spec, "asymmetric"), text(key, "usage")
