"""Create-, Connect-, Disconnect-, Update-, Delete- and DescribeCustomKeyStore(s).

Source: AWS KMS API Reference. What is kept of a store is metadata and its sealed secret: clusters and proxies are not
reached by this version, so that connecting fails, in the way that the API has for it.
"""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from kmscore import _core, errors
from kmscore._core import ControlCall, KeyHierarchy
from kmscore.operations.custom_key_store_rows import CLOUD_HSM, EXTERNAL, existing
from kmscore.operations.custom_key_store_rules import (
    CLOUD_HSM_MEMBERS,
    PROXY_MEMBERS,
    PUBLIC,
    VPC_MEMBERS,
    check_connectivity,
    check_name,
    check_uniqueness,
    reach_proxy,
    refuse,
    require,
)
from kmscore.operations.pages import page, position
from kmscore.operations.registry import Request, Response, reads, writes, writes_prepared
from kmscore.quotas import RESOURCES
from kmscore.store import schema
from kmscore.store.connections import CONNECTING, DISCONNECTED, DISCONNECTING, FAILED, MOMENT, settled
from kmscore.store.rows import Row, number, text
from kmscore.store.transaction import MICROSECONDS, Transaction, View

# Members of requests that are kept as they are, and what DescribeCustomKeyStores calls those of a proxy.
_PROXY_CONFIGURATION = {
    "XksProxyConnectivity": "Connectivity",
    "XksProxyUriEndpoint": "UriEndpoint",
    "XksProxyUriPath": "UriPath",
    "XksProxyVpcEndpointServiceName": "VpcEndpointServiceName",
    "XksProxyVpcEndpointServiceOwner": "VpcEndpointServiceOwner",
}
_CONFIGURATION = ("CloudHsmClusterId", "TrustAnchorCertificate", *_PROXY_CONFIGURATION)


class Credential(msgspec.Struct, frozen=True, rename="pascal"):
    """What an external key store proxy knows its callers by."""

    access_key_id: str
    raw_secret_access_key: str

    def __repr__(self) -> str:
        """Nothing of the secret."""
        return f"Credential(access_key_id={self.access_key_id!r})"


class _Description(Request, frozen=True):
    """Members that CreateCustomKeyStore and UpdateCustomKeyStore share."""

    cloud_hsm_cluster_id: str | None = None
    key_store_password: str | None = None
    xks_proxy_connectivity: str | None = None
    xks_proxy_uri_endpoint: str | None = None
    xks_proxy_uri_path: str | None = None
    xks_proxy_vpc_endpoint_service_name: str | None = None
    xks_proxy_vpc_endpoint_service_owner: str | None = None
    xks_proxy_authentication_credential: Credential | None = None

    def __repr__(self) -> str:
        """Nothing of the secrets."""
        return type(self).__name__

    @property
    def secret(self) -> str | None:
        """What is sealed."""
        credential = self.xks_proxy_authentication_credential
        return credential.raw_secret_access_key if credential else self.key_store_password


class CreateCustomKeyStoreRequest(_Description, frozen=True, kw_only=True):
    """Input of CreateCustomKeyStore."""

    custom_key_store_name: str
    trust_anchor_certificate: str | None = None
    custom_key_store_type: str = CLOUD_HSM


@dataclass(frozen=True)
class _NewStore:
    row: Row
    configuration: dict[str, Any]


def _new_store(hierarchy: KeyHierarchy, call: ControlCall, request: CreateCustomKeyStoreRequest) -> _NewStore:
    sent = call.request
    is_external = request.custom_key_store_type == EXTERNAL
    require(call, sent, PROXY_MEMBERS if is_external else CLOUD_HSM_MEMBERS)
    refuse(call, sent, CLOUD_HSM_MEMBERS if is_external else (*PROXY_MEMBERS, *VPC_MEMBERS))
    if is_external:
        check_connectivity(call, sent, request.xks_proxy_connectivity)
    certificate = request.trust_anchor_certificate
    if certificate is not None and "-----BEGIN CERTIFICATE-----" not in certificate:
        raise errors.IncorrectTrustAnchorException("TrustAnchorCertificate is no certificate in PEM format.")
    configuration = _configuration(request, sent)
    row: Row = {
        "account": call.account,
        "region": call.region,
        "custom_key_store_id": f"cks-{_core.random_bytes(9).hex()[:17]}",
        "name": request.custom_key_store_name,
        "type": request.custom_key_store_type,
        "state": DISCONNECTED,
        "error": None,
        "transition_end": None,
        "configuration": json.dumps(configuration),
        "record_version": 1,
    }
    return _NewStore({**row, "sealed": _sealed(hierarchy, row, request.secret)}, configuration)


@writes_prepared(CreateCustomKeyStoreRequest, _new_store)
def create_custom_key_store(transaction: Transaction, call: ControlCall, new: _NewStore) -> Response:
    """Describe a CloudHSM cluster or an external key store proxy in which keys are to be."""
    others = _stores(transaction, call)
    check_name(others, text(new.row, "name"))
    check_uniqueness(others, new.configuration)
    if len(others) >= RESOURCES["custom_key_stores"]:
        raise errors.LimitExceededException(
            f"Account {call.account} has {len(others)} custom key stores in {call.region}, the most it can have."
        )
    if new.row["type"] == EXTERNAL:
        reach_proxy(new.configuration)
    transaction.insert(schema.custom_key_stores, {**new.row, "created": transaction.now})
    transaction.changed_custom_key_store(call.account, call.region, text(new.row, "custom_key_store_id"))
    return {"CustomKeyStoreId": new.row["custom_key_store_id"]}


class ConnectCustomKeyStoreRequest(Request, frozen=True):
    """Input of ConnectCustomKeyStore."""

    custom_key_store_id: str


@writes(ConnectCustomKeyStoreRequest)
def connect_custom_key_store(
    transaction: Transaction, call: ControlCall, request: ConnectCustomKeyStoreRequest
) -> Response:
    """Begin to connect a custom key store. What came of it, its connection state tells."""
    store = existing(transaction, call, request.custom_key_store_id)
    if store["state"] in (DISCONNECTING, FAILED):
        raise _invalid_state(store, "a custom key store that failed to connect must be disconnected first")
    if store["state"] == DISCONNECTED:
        _update(transaction, store, state=CONNECTING, error=None, transition_end=transaction.now + MOMENT)
    return {}


class DisconnectCustomKeyStoreRequest(Request, frozen=True):
    """Input of DisconnectCustomKeyStore."""

    custom_key_store_id: str


@writes(DisconnectCustomKeyStoreRequest)
def disconnect_custom_key_store(
    transaction: Transaction, call: ControlCall, request: DisconnectCustomKeyStoreRequest
) -> Response:
    """Begin to disconnect a custom key store."""
    store = existing(transaction, call, request.custom_key_store_id)
    if store["state"] in (DISCONNECTING, DISCONNECTED):
        raise _invalid_state(store, "there is no connection to end")
    _update(transaction, store, state=DISCONNECTING, error=None, transition_end=transaction.now + MOMENT)
    return {}


class UpdateCustomKeyStoreRequest(_Description, frozen=True, kw_only=True):
    """Input of UpdateCustomKeyStore."""

    custom_key_store_id: str
    new_custom_key_store_name: str | None = None


@writes(UpdateCustomKeyStoreRequest)
def update_custom_key_store(
    transaction: Transaction, call: ControlCall, request: UpdateCustomKeyStoreRequest
) -> Response:
    """Change what is known of a custom key store; most of it only while it is disconnected."""
    store = existing(transaction, call, request.custom_key_store_id)
    sent = call.request
    is_external = store["type"] == EXTERNAL
    refuse(call, sent, CLOUD_HSM_MEMBERS if is_external else (*PROXY_MEMBERS, *VPC_MEMBERS))
    if sent.keys() == {"CustomKeyStoreId"}:
        raise errors.ValidationException(f"{call.operation} was sent nothing to change.")
    at_any_time = {"CustomKeyStoreId", "NewCustomKeyStoreName"}
    if is_external:
        at_any_time |= {"XksProxyAuthenticationCredential", "XksProxyUriPath"}
    if sent.keys() - at_any_time and store["state"] != DISCONNECTED:
        raise _invalid_state(store, "it must be disconnected")
    others = [
        other for other in _stores(transaction, call) if other["custom_key_store_id"] != request.custom_key_store_id
    ]
    changed: Row = {}
    if request.new_custom_key_store_name is not None:
        check_name(others, request.new_custom_key_store_name)
        changed["name"] = request.new_custom_key_store_name
    if sent.keys() & {*_CONFIGURATION, "XksProxyAuthenticationCredential"}:
        changed["configuration"] = json.dumps(_changed_configuration(call, request, store, others))
    if request.secret is not None:
        changed["record_version"] = number(store, "record_version") + 1
        changed["sealed"] = _sealed(transaction.hierarchy, {**store, **changed}, request.secret)
    _update(transaction, store, **changed)
    return {}


class DeleteCustomKeyStoreRequest(Request, frozen=True):
    """Input of DeleteCustomKeyStore."""

    custom_key_store_id: str


@writes(DeleteCustomKeyStoreRequest)
def delete_custom_key_store(
    transaction: Transaction, call: ControlCall, request: DeleteCustomKeyStoreRequest
) -> Response:
    """Forget a custom key store that is disconnected and has no keys."""
    store = existing(transaction, call, request.custom_key_store_id)
    if store["state"] != DISCONNECTED:
        raise _invalid_state(store, "it must be disconnected")
    table = schema.keys.c
    place = {name: store[name] for name in ("account", "region", "custom_key_store_id")}
    inside = [table[name] == value for name, value in place.items()]
    if transaction.rows(schema.keys, *inside, limit=1):
        raise errors.CustomKeyStoreHasCMKsException(
            f"Custom key store '{request.custom_key_store_id}' has KMS keys: delete them first."
        )
    transaction.delete(schema.custom_key_stores, **place)
    transaction.changed_custom_key_store(call.account, call.region, request.custom_key_store_id)
    return {}


class DescribeCustomKeyStoresRequest(Request, frozen=True):
    """Input of DescribeCustomKeyStores."""

    custom_key_store_id: str | None = None
    custom_key_store_name: str | None = None
    limit: int = 100
    marker: str | None = None


@reads(DescribeCustomKeyStoresRequest)
def describe_custom_key_stores(view: View, call: ControlCall, request: DescribeCustomKeyStoresRequest) -> Response:
    """Tell what is known of the custom key stores of an account and Region, or of one of them; never a secret."""
    if request.custom_key_store_id is not None and request.custom_key_store_name is not None:
        raise errors.ValidationException("You must specify either CustomKeyStoreId or CustomKeyStoreName, not both.")
    if request.custom_key_store_id is not None:
        store = existing(view, call, request.custom_key_store_id)
        return {"CustomKeyStores": [_entry(store)], "Truncated": False}
    table = schema.custom_key_stores.c
    if request.custom_key_store_name is not None:
        named = _stores(view, call, table.name == request.custom_key_store_name)
        if not named:
            raise errors.CustomKeyStoreNotFoundException(
                f"Custom key store '{request.custom_key_store_name}' does not exist."
            )
        return {"CustomKeyStores": [_entry(named[0])], "Truncated": False}
    after = position(view.hierarchy, call, request.marker, selection="")
    found = _stores(view, call, table.custom_key_store_id > after, limit=request.limit + 1)
    column = "custom_key_store_id"
    stores, more = page(view.hierarchy, call, found, limit=request.limit, column=column, selection="")
    return {"CustomKeyStores": [_entry(store) for store in stores], **more}


def _stores(view: View, call: ControlCall, *where: Any, limit: int | None = None) -> list[Row]:
    table = schema.custom_key_stores.c
    found = view.rows(
        schema.custom_key_stores,
        table.account == call.account,
        table.region == call.region,
        *where,
        order_by=[table.custom_key_store_id],
        limit=limit,
    )
    return [settled(store, view.now) for store in found]


def _update(transaction: Transaction, store: Row, **changed: Any) -> None:
    transaction.update(schema.custom_key_stores, store, **changed)
    account, region, store_id = (text(store, name) for name in ("account", "region", "custom_key_store_id"))
    transaction.changed_custom_key_store(account, region, store_id)


def _entry(store: Row) -> dict[str, Any]:
    known = json.loads(text(store, "configuration"))
    entry: dict[str, Any] = {
        "CustomKeyStoreId": store["custom_key_store_id"],
        "CustomKeyStoreName": store["name"],
        "ConnectionState": store["state"],
        "CreationDate": number(store, "created") / MICROSECONDS,
        "CustomKeyStoreType": store["type"],
    }
    if store["state"] == FAILED:
        entry["ConnectionErrorCode"] = store["error"]
    if store["type"] == CLOUD_HSM:
        return {**entry, **known}
    names = {**_PROXY_CONFIGURATION, "AccessKeyId": "AccessKeyId"}
    return {**entry, "XksProxyConfiguration": {names[member]: value for member, value in known.items()}}


def _configuration(request: _Description, sent: dict[str, Any]) -> dict[str, Any]:
    known = {member: sent[member] for member in _CONFIGURATION if member in sent}
    credential = request.xks_proxy_authentication_credential
    return {**known, "AccessKeyId": credential.access_key_id} if credential else known


def _changed_configuration(
    call: ControlCall, request: UpdateCustomKeyStoreRequest, store: Row, others: list[Row]
) -> dict[str, Any]:
    known: dict[str, Any] = json.loads(text(store, "configuration"))
    changed = {**known, **_configuration(request, call.request)}
    check_uniqueness(others, changed)
    if changed.get("CloudHsmClusterId") != known.get("CloudHsmClusterId"):
        raise errors.CloudHsmClusterNotRelatedException(
            f"Cluster {changed['CloudHsmClusterId']} is not known to share a backup with the one it is to replace: "
            "CloudHSM clusters are not supported by this version of kmscore."
        )
    if store["type"] == EXTERNAL:
        if changed["XksProxyConnectivity"] == PUBLIC:
            changed = {member: value for member, value in changed.items() if member not in VPC_MEMBERS}
        check_connectivity(call, changed, changed["XksProxyConnectivity"])
        reach_proxy(changed)
    return changed


def _sealed(hierarchy: KeyHierarchy, store: Row, secret: str | None) -> bytes | None:
    if secret is None:
        return None
    account, region, store_id = (text(store, name) for name in ("account", "region", "custom_key_store_id"))
    binding = {"account": account, "region": region, "table": "custom_key_stores", "column": "sealed"}
    named = {**binding, "row": f"{account}/{region}/{store_id}", "record_version": str(store["record_version"])}
    return hierarchy.seal_custom_key_store(named, secret)


def _invalid_state(store: Row, why: str) -> errors.CustomKeyStoreInvalidStateException:
    return errors.CustomKeyStoreInvalidStateException(
        f"Custom key store '{text(store, 'custom_key_store_id')}' is {text(store, 'state')}: {why}."
    )
