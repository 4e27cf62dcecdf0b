"""CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant.

Source: AWS KMS API Reference; developer guide, "Grants in AWS KMS".
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, func, select

from kmscore import _core, errors
from kmscore._core import ControlCall
from kmscore.arns import key_arn, root_arn
from kmscore.operations.key_rows import mark_changed, own_key
from kmscore.operations.pages import page, position
from kmscore.operations.registry import Request, Response, reads, writes
from kmscore.quotas import RESOURCES
from kmscore.store import schema
from kmscore.store.rows import Row, number, text
from kmscore.store.transaction import MICROSECONDS, Transaction, View

_GRANTS_OF_A_KEY = RESOURCES["grants_per_key"]
_PAIRS_OF_A_CONSTRAINT = 8
_VALUE_CHARACTERS = 384

_ALWAYS = frozenset({"CreateGrant", "RetireGrant", "DescribeKey"})
_OF_SYMMETRIC_KEYS = frozenset(
    {
        "Encrypt",
        "Decrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
    }
)
# The operations that a grant on a key of each usage can allow; keys of SYMMETRIC_DEFAULT have more.
_OF_USAGE = {
    "ENCRYPT_DECRYPT": frozenset({"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GetPublicKey"}),
    "SIGN_VERIFY": frozenset({"Sign", "Verify", "GetPublicKey"}),
    "GENERATE_VERIFY_MAC": frozenset({"GenerateMac", "VerifyMac"}),
    "KEY_AGREEMENT": frozenset({"DeriveSharedSecret", "GetPublicKey"}),
    "ENCAPSULATE_DECAPSULATE": frozenset({"Encapsulate", "Decapsulate", "GetPublicKey"}),
}


class Constraints(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """`GrantConstraints`."""

    encryption_context_subset: dict[str, str] | None = None
    encryption_context_equals: dict[str, str] | None = None
    source_arn: str | None = None


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
    """Let a principal use a key, without a change of policies."""
    key = own_key(transaction, call)
    grant = _new_grant(call, key, request)
    _check_parent(transaction, call, key, request)
    same = _same_grant(transaction, grant) if request.name else None
    if same is None:
        _check_number(transaction, key)
        transaction.insert(schema.grants, {**grant, "created": transaction.now})
        mark_changed(transaction, key)
    grant_id = text(same or grant, "grant_id")
    token = transaction.hierarchy.new_grant_token(text(key, "region"), text(key, "key_id"), grant_id)
    return {"GrantToken": token, "GrantId": grant_id}


class ListGrantsRequest(Request, frozen=True):
    """Input of ListGrants; the pipeline has resolved the key."""

    limit: int = 50
    marker: str | None = None
    grant_id: str | None = None
    grantee_principal: str | None = None
    grantee_service_principal: str | None = None


@reads(ListGrantsRequest)
def list_grants(view: View, call: ControlCall, request: ListGrantsRequest) -> Response:
    """List the grants of a key."""
    if request.grantee_principal and request.grantee_service_principal:
        raise errors.ValidationException("You cannot specify GranteePrincipal and GranteeServicePrincipal together.")
    key = own_key(view, call)
    grantee = request.grantee_principal or request.grantee_service_principal
    if request.grant_id is not None:
        _existing(view, key, request.grant_id)
    filters = {"grant_id": request.grant_id, "grantee": grantee}
    wanted = {column: value for column, value in filters.items() if value is not None}
    table = schema.grants.c
    of_key = [table.region == key["region"], table.key_id == key["key_id"]]
    selection = json.dumps([key["key_id"], sorted(wanted.items())])
    return _listed(view, call, request, [*of_key, *(table[name] == value for name, value in wanted.items())], selection)


class ListRetirableGrantsRequest(Request, frozen=True):
    """Input of ListRetirableGrants."""

    limit: int = 50
    marker: str | None = None
    retiring_principal: str | None = None
    retiring_service_principal: str | None = None


@reads(ListRetirableGrantsRequest)
def list_retirable_grants(view: View, call: ControlCall, request: ListRetirableGrantsRequest) -> Response:
    """List the grants of this Region that a principal of the caller's account may retire, on foreign keys too."""
    named = [name for name in (request.retiring_principal, request.retiring_service_principal) if name is not None]
    if len(named) != 1:
        raise errors.ValidationException(
            "You must specify either RetiringPrincipal or RetiringServicePrincipal, but not both."
        )
    [retiring] = named
    if request.retiring_principal is not None and _account_of(retiring) != call.account:
        raise errors.ValidationException(
            f"RetiringPrincipal {retiring} is not of account {call.account}, which asks for its grants."
        )
    table = schema.grants.c
    return _listed(view, call, request, [table.retiring == retiring, table.region == call.region], retiring)


class RetireGrantRequest(Request, frozen=True):
    """Input of RetireGrant; the pipeline has resolved the key, by the token if there is one."""

    grant_token: str | None = None
    grant_id: str | None = None


@writes(RetireGrantRequest)
def retire_grant(transaction: Transaction, call: ControlCall, request: RetireGrantRequest) -> Response:
    """Remove a grant that is not needed any more; whoever the grant says may."""
    key = own_key(transaction, call)
    grant_id = request.grant_id
    if request.grant_token is not None:
        named = transaction.hierarchy.open_grant_token(request.grant_token)
        grant_id = named[2] if named else None
    grant = _find(transaction, key, grant_id or "")
    if grant is None and request.grant_token is not None:
        raise errors.InvalidGrantTokenException("The grant token is not valid.")
    if grant is None:
        raise _no_such_grant(grant_id)
    _check_may_retire(call, key, grant)
    _remove(transaction, key, grant)
    return {}


class RevokeGrantRequest(Request, frozen=True):
    """Input of RevokeGrant; the pipeline has resolved the key."""

    grant_id: str


@writes(RevokeGrantRequest)
def revoke_grant(transaction: Transaction, call: ControlCall, request: RevokeGrantRequest) -> Response:
    """Remove a grant; whoever the policies allow kms:RevokeGrant may."""
    key = own_key(transaction, call)
    _remove(transaction, key, _existing(transaction, key, request.grant_id))
    return {}


def copy_grants(transaction: Transaction, old: Row, new: Row) -> int:
    """Give one key the grants of another; returns how many there are."""
    grants = transaction.rows(schema.grants, *_of_key(old))
    for grant in grants:
        copied = {**grant, "region": new["region"], "key_id": new["key_id"], "grant_id": _new_grant_id()}
        transaction.insert(schema.grants, {**copied, "created": transaction.now})
    if grants:
        mark_changed(transaction, new)
    return len(grants)


def _new_grant(call: ControlCall, key: Row, request: CreateGrantRequest) -> Row:
    grantee = _one_of(request.grantee_principal, request.grantee_service_principal, "Grantee", required=True)
    retiring = _one_of(request.retiring_principal, request.retiring_service_principal, "Retiring", required=False)
    for member, principal in (
        ("GranteePrincipal", request.grantee_principal),
        ("RetiringPrincipal", request.retiring_principal),
    ):
        if principal is not None:
            _check_principal(member, principal)
    if request.grantee_service_principal is not None:
        _check_service_grant(request, retiring)
    _check_operations(key, request.operations)
    _check_constraints(key, request)
    return {
        "region": key["region"],
        "key_id": key["key_id"],
        "grant_id": _new_grant_id(),
        "account": key["account"],
        "name": request.name,
        "grantee": grantee,
        "retiring": retiring,
        "operations": json.dumps(list(dict.fromkeys(request.operations))),
        "constraints": msgspec.json.encode(request.constraints, order="sorted").decode(),
        "issuing_account": root_arn(call.account, call.region),
    }


def _one_of(principal: str | None, service: str | None, kind: str, *, required: bool) -> str | None:
    if principal is not None and service is not None:
        raise errors.ValidationException(
            f"You cannot specify {kind}Principal and {kind}ServicePrincipal in the same request."
        )
    if required and principal is None and service is None:
        raise errors.ValidationException(f"You must specify either {kind}Principal or {kind}ServicePrincipal.")
    return principal if principal is not None else service


def _check_principal(member: str, principal: str) -> None:
    """An account, a user, a role or a session; a group is no principal."""
    try:
        # A key policy has the same principals.
        document = {"Statement": {"Effect": "Allow", "Principal": {"AWS": principal}}}
        invalid = principal == "*" or _core.policy_fault(json.dumps(document), "key") is not None
    except UnicodeError:
        invalid = True
    if invalid:
        raise errors.InvalidArnException(
            f"{member} {principal} is not the ARN of an account, a user, a role or a session."
        )


def _check_service_grant(request: CreateGrantRequest, retiring: str | None) -> None:
    if request.constraints.source_arn is None:
        raise errors.ValidationException(
            "A grant to a GranteeServicePrincipal must have the grant constraint SourceArn."
        )
    if retiring is None:
        raise errors.ValidationException(
            "A grant to a GranteeServicePrincipal must have a RetiringPrincipal or a RetiringServicePrincipal."
        )


def _check_operations(key: Row, operations: tuple[str, ...]) -> None:
    if not operations:
        raise errors.ValidationException("Operations must name at least one grant operation.")
    spec = text(key, "spec")
    allowed = _OF_SYMMETRIC_KEYS if spec == "SYMMETRIC_DEFAULT" else _OF_USAGE[text(key, "usage")]
    unknown = [operation for operation in operations if operation not in allowed | _ALWAYS]
    if unknown:
        raise errors.ValidationException(
            f"Operations {', '.join(unknown)} cannot be granted on a key of KeySpec {spec} "
            f"and KeyUsage {text(key, 'usage')}."
        )


def _check_constraints(key: Row, request: CreateGrantRequest) -> None:
    contexts = {
        "EncryptionContextSubset": request.constraints.encryption_context_subset,
        "EncryptionContextEquals": request.constraints.encryption_context_equals,
    }
    present = {name: pairs for name, pairs in contexts.items() if pairs is not None}
    if len(present) > 1:
        raise errors.ValidationException(
            "A grant cannot have both of the constraints EncryptionContextSubset and EncryptionContextEquals."
        )
    for name, pairs in present.items():
        if text(key, "spec") != "SYMMETRIC_DEFAULT":
            raise errors.ValidationException(
                f"The grant constraint {name} is for keys of SYMMETRIC_DEFAULT, which alone have encryption contexts."
            )
        if len(pairs) > _PAIRS_OF_A_CONSTRAINT:
            raise errors.ValidationException(
                f"The grant constraint {name} has {len(pairs)} pairs; the most is {_PAIRS_OF_A_CONSTRAINT}."
            )
        if sum(map(len, pairs.values())) > _VALUE_CHARACTERS:
            raise errors.ValidationException(
                f"The values of the grant constraint {name} are longer than {_VALUE_CHARACTERS} characters together."
            )


def _check_parent(view: View, call: ControlCall, key: Row, request: CreateGrantRequest) -> None:
    """A grant that is made by right of a grant gives no more than that one."""
    if call.granted is None:
        return
    parent = _existing(view, key, call.granted)
    wider = set(request.operations) - set(json.loads(text(parent, "operations")))
    if wider:
        raise _not_by_grant(call, key, f"does not have the operations {', '.join(sorted(wider))}")
    bound = msgspec.json.decode(text(parent, "constraints"), type=Constraints)
    if not _is_as_strict(bound, request.constraints):
        raise _not_by_grant(call, key, "has stricter constraints")


def _not_by_grant(call: ControlCall, key: Row, why: str) -> errors.AccessDeniedException:
    return errors.AccessDeniedException(
        f"User: {call.caller_arn} is not authorized to perform: kms:CreateGrant on resource: {_arn(key)} "
        f"because the grant that allows it {why}"
    )


def _is_as_strict(bound: Constraints, asked: Constraints) -> bool:
    if bound.source_arn is not None and asked.source_arn != bound.source_arn:
        return False
    equals, subset = _folded(asked.encryption_context_equals), _folded(asked.encryption_context_subset)
    if bound.encryption_context_equals is not None:
        return equals == _folded(bound.encryption_context_equals)
    required = _folded(bound.encryption_context_subset)
    if required is None:
        return True
    have = equals if equals is not None else subset
    return have is not None and required.items() <= have.items()


def _folded(pairs: dict[str, str] | None) -> dict[str, str] | None:
    """Constraints tell keys apart without regard to case."""
    return None if pairs is None else {key.lower(): value for key, value in pairs.items()}


def _same_grant(view: View, grant: Row) -> Row | None:
    """The grant that an earlier call with the same name and parameters made."""
    table = schema.grants.c
    named = view.rows(schema.grants, *_of_key(grant), table.grantee == grant["grantee"], table.name == grant["name"])
    told_apart = set(grant) - {"grant_id", "operations"}
    operations = set(json.loads(text(grant, "operations")))
    for found in named:
        if all(found[column] == grant[column] for column in told_apart) and operations == set(
            json.loads(text(found, "operations"))
        ):
            return found
    return None


def _check_number(transaction: Transaction, key: Row) -> None:
    count = select(func.count()).select_from(schema.grants).where(*_of_key(key))
    if transaction.connection.execute(count).scalar_one() >= _GRANTS_OF_A_KEY:
        raise errors.LimitExceededException(
            f"Key '{_arn(key)}' has {_GRANTS_OF_A_KEY} grants, the most a KMS key can have."
        )


def _check_may_retire(call: ControlCall, key: Row, grant: Row) -> None:
    """The retiring principal, the grantee if the grant says so, and the account that issued the grant."""
    by_itself = {grant["retiring"]}
    if "RetireGrant" in json.loads(text(grant, "operations")):
        by_itself.add(grant["grantee"])
    own = set(call.principals) - {call.account, root_arn(call.account, call.region)}
    if own & by_itself:
        return
    accounts = {_account_of(text(grant, "issuing_account"))}
    accounts |= {_account_of(str(name)) for name in by_itself if name and str(name).endswith(":root")}
    if call.account in accounts:
        # The account lets its principals do it by its own policies; its root user may.
        call.require("kms:RetireGrant", _arn(key) if key["account"] == call.account else "*")
        return
    raise errors.AccessDeniedException(
        f"User: {call.caller_arn} is not authorized to perform: kms:RetireGrant on resource: {_arn(key)}"
    )


def _remove(transaction: Transaction, key: Row, grant: Row) -> None:
    transaction.delete(schema.grants, region=key["region"], key_id=key["key_id"], grant_id=grant["grant_id"])
    mark_changed(transaction, key)


def _find(view: View, key: Row, grant_id: str) -> Row | None:
    return view.row(schema.grants, region=key["region"], key_id=key["key_id"], grant_id=grant_id)


def _existing(view: View, key: Row, grant_id: str) -> Row:
    grant = _find(view, key, grant_id)
    if grant is None:
        raise _no_such_grant(grant_id)
    return grant


def _no_such_grant(grant_id: str | None) -> errors.NotFoundException:
    return errors.NotFoundException(f"Grant ID {grant_id} not found")


def _listed(
    view: View,
    call: ControlCall,
    request: ListGrantsRequest | ListRetirableGrantsRequest,
    where: list[ColumnElement[bool]],
    selection: str,
) -> Response:
    table = schema.grants.c
    after = position(view.hierarchy, call, request.marker, selection=selection)
    found = view.rows(
        schema.grants,
        *where,
        table.grant_id > after,
        order_by=[table.grant_id],
        limit=request.limit + 1,
    )
    grants, more = page(view.hierarchy, call, found, limit=request.limit, column="grant_id", selection=selection)
    return {"Grants": [_entry(grant) for grant in grants], **more}


def _entry(grant: Row) -> dict[str, Any]:
    constraints = json.loads(text(grant, "constraints"))
    entry: dict[str, Any] = {
        "KeyId": _arn(grant),
        "GrantId": grant["grant_id"],
        "Name": grant["name"],
        "CreationDate": number(grant, "created") / MICROSECONDS,
        "IssuingAccount": grant["issuing_account"],
        "Operations": json.loads(text(grant, "operations")),
        _member("Grantee", text(grant, "grantee")): grant["grantee"],
    }
    if grant["retiring"] is not None:
        entry[_member("Retiring", text(grant, "retiring"))] = grant["retiring"]
    if constraints:
        entry["Constraints"] = constraints
    return entry


def _member(kind: str, principal: str) -> str:
    # A service principal is also shown where principals always were.
    return f"{kind}Principal" if principal.startswith("arn:") or principal.isdigit() else f"{kind}ServicePrincipal"


def _of_key(row: Row) -> list[ColumnElement[bool]]:
    table = schema.grants.c
    return [table.region == row["region"], table.key_id == row["key_id"]]


def _account_of(principal: str) -> str:
    parts = principal.split(":")
    return parts[4] if len(parts) > 5 else principal


def _new_grant_id() -> str:
    return _core.random_bytes(32).hex()


def _arn(row: Row) -> str:
    return key_arn(text(row, "account"), text(row, "region"), text(row, "key_id"))
