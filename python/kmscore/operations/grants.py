"""CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant.

A grant is there for everybody as soon as CreateGrant answers, so that its tokens add nothing to it.

Source: AWS KMS API Reference; AWS KMS developer guide, "Grants in AWS KMS"; texts as the service sends them.
"""

import json
import re
from typing import Any

from sqlalchemy import ColumnElement, func, select

from kmscore import _core, errors
from kmscore._core import ControlCall
from kmscore.arns import key_arn, root_arn
from kmscore.operations.grant_rules import Constraints, Terms, check_principal, check_terms, described
from kmscore.operations.key_rows import own_key
from kmscore.operations.pages import check_limit, page, position
from kmscore.operations.registry import Request, Response, reads, writes
from kmscore.quotas import RESOURCES
from kmscore.store import schema
from kmscore.store.reader import DELETED, SHREDDING
from kmscore.store.rows import Row, number, text
from kmscore.store.transaction import MICROSECONDS, Transaction, View

_GRANTS_OF_A_KEY = RESOURCES["grants_per_key"]
_MOST_OF_A_PAGE = 100
_GRANT_ID = re.compile("[0-9a-f]{64}")


class CreateGrantRequest(Request, frozen=True):
    """Input of CreateGrant; the pipeline has resolved the key and checked the grant tokens."""

    operations: tuple[str, ...]
    grantee_principal: str | None = None
    grantee_service_principal: str | None = None
    retiring_principal: str | None = None
    retiring_service_principal: str | None = None
    constraints: Constraints = Constraints()
    name: str = ""


@writes(CreateGrantRequest)
def create_grant(transaction: Transaction, call: ControlCall, request: CreateGrantRequest) -> Response:
    """Allow a principal some operations with a key; a retry under the same name finds the grant of the first try."""
    grantee, retiring = _parties(call, request)
    key = own_key(transaction, call)
    terms = Terms(tuple(dict.fromkeys(request.operations)), request.constraints)
    check_terms(terms, key, call.keys[0]["arn"])
    if call.granted is not None:
        _check_parent(transaction, call, terms)
    grant: Row = {
        **_place(call),
        "account": key["account"],
        "name": request.name,
        "grantee": grantee,
        "retiring": retiring,
        "operations": json.dumps(terms.operations),
        "constraints": terms.constraints.to_json(),
        "issuing_account": call.account,
    }
    grant_id = _made_before(transaction, grant)
    if grant_id is None:
        _check_count(transaction, call)
    if grant_id is None:
        grant_id = _core.random_bytes(32).hex()
        transaction.insert(schema.grants, {**grant, "grant_id": grant_id, "created": transaction.now})
        _changed(transaction, call)
    token = transaction.hierarchy.new_grant_token(call.region, call.keys[0]["key_id"], grant_id)
    return {"GrantToken": token, "GrantId": grant_id}


class ListGrantsRequest(Request, frozen=True):
    """Input of ListGrants; the pipeline has resolved the key."""

    grant_id: str | None = None
    grantee_principal: str | None = None
    grantee_service_principal: str | None = None
    limit: int = 50
    marker: str | None = None


@reads(ListGrantsRequest)
def list_grants(view: View, call: ControlCall, request: ListGrantsRequest) -> Response:
    """List the grants of a key, all or those of one id or grantee."""
    grantee = _one_of(
        call,
        GranteePrincipal=request.grantee_principal,
        GranteeServicePrincipal=request.grantee_service_principal,
        required=False,
    )
    if request.grant_id is not None:
        _check_grant_id(request.grant_id)
    table, place = schema.grants.c, _place(call)
    where = [table.region == place["region"], table.key_id == place["key_id"]]
    if request.grant_id is not None:
        where.append(table.grant_id == request.grant_id)
    if grantee is not None:
        where.append(table.grantee == grantee)
    selection = json.dumps([place["key_id"], request.grant_id, grantee])
    return _listed(view, call, where, request.limit, request.marker, selection)


class ListRetirableGrantsRequest(Request, frozen=True):
    """Input of ListRetirableGrants."""

    retiring_principal: str | None = None
    retiring_service_principal: str | None = None
    limit: int = 50
    marker: str | None = None


@reads(ListRetirableGrantsRequest)
def list_retirable_grants(view: View, call: ControlCall, request: ListRetirableGrantsRequest) -> Response:
    """List the grants of the Region that a principal of the caller's account may retire, also those of foreign keys."""
    retiring = _one_of(
        call,
        RetiringPrincipal=request.retiring_principal,
        RetiringServicePrincipal=request.retiring_service_principal,
        required=True,
    )
    if request.retiring_principal is not None:
        account = check_principal(request.retiring_principal, call.region)
        if account != call.account:
            raise errors.InvalidArnException(
                f"RetiringPrincipal must be a principal of account {call.account}: {request.retiring_principal}"
            )
    table, keys = schema.grants.c, schema.keys.c
    # Of a key that is being deleted nothing is left for callers, although its rows are there for a moment more.
    gone = select(keys.key_id).where(keys.state.in_([SHREDDING, DELETED]), keys.region == call.region)
    where = [table.retiring == retiring, table.region == call.region, table.key_id.not_in(gone)]
    return _listed(view, call, where, request.limit, request.marker, str(retiring))


class RetireGrantRequest(Request, frozen=True):
    """Input of RetireGrant; the pipeline has resolved the key."""

    grant_token: str | None = None
    grant_id: str = ""


@writes(RetireGrantRequest)
def retire_grant(transaction: Transaction, call: ControlCall, request: RetireGrantRequest) -> Response:
    """End a grant, as those may whom the grant itself names."""
    grant = _of_token(transaction, call, request.grant_token) if request.grant_token else None
    grant = grant or _existing(transaction, call, request.grant_id)
    _check_may_retire(call, grant)
    return _end(transaction, call, grant)


class RevokeGrantRequest(Request, frozen=True):
    """Input of RevokeGrant; the pipeline has resolved the key."""

    grant_id: str


@writes(RevokeGrantRequest)
def revoke_grant(transaction: Transaction, call: ControlCall, request: RevokeGrantRequest) -> Response:
    """End a grant, as the key policy allows."""
    return _end(transaction, call, _existing(transaction, call, request.grant_id))


def _parties(call: ControlCall, request: CreateGrantRequest) -> tuple[str, str | None]:
    """Grantee and retiring principal."""
    if (request.grantee_principal is None) == (request.grantee_service_principal is None):
        raise errors.ValidationException(
            "You must specify either GranteePrincipal or GranteeServicePrincipal, but not both."
        )
    if None not in (request.retiring_principal, request.retiring_service_principal):
        raise errors.ValidationException(
            "You can specify either RetiringPrincipal or RetiringServicePrincipal, but not both."
        )
    for arn in (request.grantee_principal, request.retiring_principal):
        if arn is not None:
            check_principal(arn, call.region)
    retiring = request.retiring_principal or request.retiring_service_principal
    if request.grantee_service_principal is not None:
        if request.constraints.source_arn is None:
            raise errors.ValidationException(
                "When you specify a GranteeServicePrincipal, you must also specify a SourceArn grant constraint."
            )
        if retiring is None:
            raise errors.ValidationException(
                "When you specify a GranteeServicePrincipal, you must also specify either a RetiringPrincipal or a "
                "RetiringServicePrincipal."
            )
    return request.grantee_principal or request.grantee_service_principal or "", retiring


def _one_of(call: ControlCall, *, required: bool, **members: str | None) -> str | None:
    """The one of two members that was sent; the second names a service, and is for callers that are services."""
    arn, service = members
    sent = [value for value in members.values() if value is not None]
    if len(sent) > 1 or (required and not sent):
        must = "must" if required else "can"
        raise errors.ValidationException(f"You {must} specify either {arn} or {service}, but not both.")
    if members[service] is not None and call.caller_arn.startswith("arn:"):
        raise errors.ValidationException(f"{service} can be used only by callers that are AWS services.")
    return sent[0] if sent else None


def _check_parent(view: View, call: ControlCall, terms: Terms) -> None:
    """Refuse a grant that goes beyond the one through which the caller may make grants."""
    table, place = schema.grants.c, _place(call)
    of_caller = view.rows(
        schema.grants,
        table.region == place["region"],
        table.key_id == place["key_id"],
        table.grantee.in_(_own_names(call)),
    )
    # The engine met one of perhaps several; of those whose source it alone can check, only that one counts.
    parents = [Terms.of(grant) for grant in of_caller if grant["grant_id"] == call.granted]
    parents += [other for other in map(Terms.of, of_caller) if other.constraints.source_arn is None]
    if not any("CreateGrant" in parent.operations and terms.within(parent) for parent in parents):
        raise errors.AccessDeniedException(
            f"User: {call.caller_arn} is not authorized to perform: kms:CreateGrant on resource: "
            f"{call.keys[0]['arn']} because the grant that allows it has fewer operations or stricter constraints"
        )


def _made_before(view: View, grant: Row) -> str | None:
    """The id of the grant of this name and these parameters."""
    if not grant["name"]:
        return None
    table = schema.grants.c
    same = ("region", "key_id", "grantee", "name", "constraints", "issuing_account")
    found = view.rows(schema.grants, *(table[column] == grant[column] for column in same))
    operations = set(json.loads(text(grant, "operations")))
    for other in found:
        if other["retiring"] == grant["retiring"] and set(json.loads(text(other, "operations"))) == operations:
            return text(other, "grant_id")
    return None


def _check_count(transaction: Transaction, call: ControlCall) -> None:
    table, place = schema.grants.c, _place(call)
    of_key = (table.region == place["region"], table.key_id == place["key_id"])
    statement = select(func.count()).select_from(schema.grants).where(*of_key)
    count = transaction.connection.execute(statement).scalar_one()
    if count >= _GRANTS_OF_A_KEY:
        raise errors.LimitExceededException(
            f"Key '{call.keys[0]['arn']}' has {count} grants, the most a KMS key can have."
        )


def copy_grants(transaction: Transaction, old: Row, new: Row) -> int:
    """Give one key the grants of another; returns how many there are."""
    table = schema.grants.c
    of_old = (table.region == old["region"], table.key_id == old["key_id"])
    grants = transaction.rows(schema.grants, *of_old)
    for grant in grants:
        place: Row = {"region": new["region"], "key_id": new["key_id"], "grant_id": _core.random_bytes(32).hex()}
        transaction.insert(schema.grants, {**grant, **place, "created": transaction.now})
    if grants:
        transaction.changed_key(text(new, "region"), text(new, "key_id"))
    return len(grants)


def _listed(
    view: View, call: ControlCall, where: list[ColumnElement[bool]], limit: int, marker: str | None, selection: str
) -> Response:
    check_limit(limit, _MOST_OF_A_PAGE)
    table = schema.grants.c
    after = position(view.hierarchy, call, marker, selection=selection)
    found = view.rows(schema.grants, *where, table.grant_id > after, order_by=[table.grant_id], limit=limit + 1)
    grants, more = page(view.hierarchy, call, found, limit=limit, column="grant_id", selection=selection)
    return {"Grants": [_entry(grant) for grant in grants], **more}


def _entry(grant: Row) -> dict[str, Any]:
    region = text(grant, "region")
    entry = {
        "KeyId": key_arn(text(grant, "account"), region, text(grant, "key_id")),
        "GrantId": grant["grant_id"],
        "Name": grant["name"],
        "CreationDate": number(grant, "created") / MICROSECONDS,
        _principal_member("Grantee", text(grant, "grantee")): grant["grantee"],
        "IssuingAccount": root_arn(text(grant, "issuing_account"), region),
        "Operations": json.loads(text(grant, "operations")),
        **described(text(grant, "constraints")),
    }
    if grant["retiring"] is not None:
        entry[_principal_member("Retiring", text(grant, "retiring"))] = grant["retiring"]
    return entry


def _principal_member(role: str, principal: str) -> str:
    # An ARN, an account, or the unique id that is left of a deleted user or role; else a service principal.
    return f"{role}Principal" if principal.startswith("arn:") or "." not in principal else f"{role}ServicePrincipal"


def _of_token(view: View, call: ControlCall, token: str) -> Row:
    named = view.hierarchy.open_grant_token(token)
    place = _place(call)
    grant = None
    if named is not None and named[:2] == (place["region"], place["key_id"]):
        grant = view.row(schema.grants, **place, grant_id=named[2])
    if grant is None:
        raise errors.InvalidGrantTokenException("The grant token is not valid.")
    return grant


def _existing(view: View, call: ControlCall, grant_id: str) -> Row:
    _check_grant_id(grant_id)
    grant = view.row(schema.grants, **_place(call), grant_id=grant_id)
    if grant is None:
        raise errors.NotFoundException(f"Grant ID {grant_id} not found")
    return grant


def _check_grant_id(grant_id: str) -> None:
    if not _GRANT_ID.fullmatch(grant_id):
        raise errors.InvalidGrantIdException(f"Invalid grant ID '{grant_id}': it must be 64 hexadecimal digits.")


def _check_may_retire(call: ControlCall, grant: Row) -> None:
    """Refuse whom neither the grant nor, by an identity policy, an account that the grant names lets retire it."""
    holders = {grant["retiring"]}
    if "RetireGrant" in json.loads(text(grant, "operations")):
        holders.add(grant["grantee"])
    if not holders.isdisjoint(_own_names(call)):
        return
    arn = call.keys[0]["arn"]
    if grant["issuing_account"] == call.account or not holders.isdisjoint(call.principals):
        # Policies of the caller's account speak of that account's keys; for a foreign one they must allow it anywhere.
        call.require("kms:RetireGrant", arn if call.keys[0]["account"] == call.account else "*")
        return
    raise errors.AccessDeniedException(
        f"User: {call.caller_arn} is not authorized to perform: kms:RetireGrant on resource: {arn} "
        "because the grant does not allow it"
    )


def _own_names(call: ControlCall) -> set[str]:
    """Names of the caller itself. Its account is none of them, unless the caller is the account's root user."""
    account = {root_arn(call.account, call.region), call.account}
    return (set(call.principals) - account) | {call.caller_arn}


def _end(transaction: Transaction, call: ControlCall, grant: Row) -> Response:
    transaction.delete(schema.grants, **_place(call), grant_id=grant["grant_id"])
    _changed(transaction, call)
    return {}


def _changed(transaction: Transaction, call: ControlCall) -> None:
    transaction.changed_key(call.keys[0]["region"], call.keys[0]["key_id"])


def _place(call: ControlCall) -> dict[str, str]:
    return {"region": call.keys[0]["region"], "key_id": call.keys[0]["key_id"]}
