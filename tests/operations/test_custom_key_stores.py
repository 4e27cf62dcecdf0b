"""Create-, Connect-, Disconnect-, Update-, Delete- and DescribeCustomKeyStore(s), and keys in custom key stores."""

import json
from typing import Any

import pytest

from kmscore import errors
from kmscore.store import schema
from kmscore.store.connections import CONNECTED
from kmscore.store.transaction import Transaction
from opened_store import OpenedStore, open_store

PASSWORD = "correct-horse-battery"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
CLOUD_HSM: dict[str, Any] = {
    "CustomKeyStoreName": "cluster",
    "CloudHsmClusterId": "cluster-2a23b4cdefg",
    "KeyStorePassword": PASSWORD,
    "TrustAnchorCertificate": CERTIFICATE,
}
CREDENTIAL: dict[str, Any] = {"AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "RawSecretAccessKey": "s" * 43}
PROXY: dict[str, Any] = {
    "CustomKeyStoreName": "proxy",
    "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
    "XksProxyConnectivity": "PUBLIC_ENDPOINT",
    "XksProxyUriEndpoint": "https://proxy.example",
    "XksProxyUriPath": "/kms/xks/v1",
    "XksProxyAuthenticationCredential": CREDENTIAL,
}
SERVICE_NAME = "com.amazonaws.vpce.us-east-1.vpce-svc-0example"


def new_store(opened: OpenedStore, **changed: Any) -> str:
    store_id: str = opened.call("CreateCustomKeyStore", **{**CLOUD_HSM, **changed})["CustomKeyStoreId"]
    return store_id


def described(opened: OpenedStore, store_id: str) -> dict[str, Any]:
    [entry] = opened.call("DescribeCustomKeyStores", CustomKeyStoreId=store_id)["CustomKeyStores"]
    return dict(entry)


def plant(opened: OpenedStore, store_id: str, **changed: Any) -> None:
    """Give a store what no operation of this version can give it."""

    def edit(transaction: Transaction) -> None:
        place = {"account": "123456789012", "region": "us-east-1", "custom_key_store_id": store_id}
        row = transaction.row(schema.custom_key_stores, **place)
        assert row is not None
        transaction.update(schema.custom_key_stores, row, **changed)

    opened.embedded.store.change_by_service(edit, lambda _result, _state: None)


def planted_proxy(opened: OpenedStore, **configuration: str) -> str:
    store_id = new_store(opened, CustomKeyStoreName="planted", CloudHsmClusterId="cluster-zzzzzzzzzzz")
    known = {member: value for member, value in PROXY.items() if member.startswith("XksProxy")}
    del known["XksProxyAuthenticationCredential"]
    text = json.dumps({**known, "AccessKeyId": CREDENTIAL["AccessKeyId"], **configuration})
    plant(opened, store_id, type="EXTERNAL_KEY_STORE", configuration=text)
    return store_id


def test_store_is_described_without_its_secret(opened: OpenedStore) -> None:
    store_id = new_store(opened)
    assert len(store_id) == len("cks-") + 17
    entry = described(opened, store_id)
    assert entry.pop("CreationDate") is not None
    assert entry == {
        "CustomKeyStoreId": store_id,
        "CustomKeyStoreName": "cluster",
        "CloudHsmClusterId": CLOUD_HSM["CloudHsmClusterId"],
        "TrustAnchorCertificate": CERTIFICATE,
        "ConnectionState": "DISCONNECTED",
        "CustomKeyStoreType": "AWS_CLOUDHSM",
    }


def test_password_is_nowhere_in_the_files(opened: OpenedStore) -> None:
    store_id = new_store(opened)
    opened.call("UpdateCustomKeyStore", CustomKeyStoreId=store_id, KeyStorePassword=PASSWORD + "2")
    opened.embedded.close()
    files = [path.read_bytes() for path in opened.scratch.home.rglob("*") if path.is_file()]
    assert any(b"cluster-2a23b4cdefg" in content for content in files)
    assert not any(PASSWORD.encode() in content for content in files)
    opened.embedded = open_store(opened.scratch, opened.clock)
    assert described(opened, store_id)["CustomKeyStoreName"] == "cluster"


def test_connecting_fails_after_a_moment_and_must_be_ended(opened: OpenedStore) -> None:
    store_id = new_store(opened)

    def connect() -> dict[str, Any]:
        return opened.call("ConnectCustomKeyStore", CustomKeyStoreId=store_id)

    assert connect() == {}
    assert described(opened, store_id)["ConnectionState"] == "CONNECTING"
    assert connect() == {}
    opened.clock.advance(2)
    entry = described(opened, store_id)
    assert (entry["ConnectionState"], entry["ConnectionErrorCode"]) == ("FAILED", "CLUSTER_NOT_FOUND")
    with pytest.raises(errors.CustomKeyStoreInvalidStateException, match="is FAILED"):
        connect()
    assert opened.call("DisconnectCustomKeyStore", CustomKeyStoreId=store_id) == {}
    assert described(opened, store_id)["ConnectionState"] == "DISCONNECTING"
    for operation in ("ConnectCustomKeyStore", "DisconnectCustomKeyStore", "DeleteCustomKeyStore"):
        with pytest.raises(errors.CustomKeyStoreInvalidStateException, match="is DISCONNECTING"):
            opened.call(operation, CustomKeyStoreId=store_id)
    opened.clock.advance(2)
    entry = described(opened, store_id)
    assert entry["ConnectionState"] == "DISCONNECTED"
    assert "ConnectionErrorCode" not in entry
    assert connect() == {}


def test_disconnected_store_cannot_be_disconnected(opened: OpenedStore) -> None:
    with pytest.raises(errors.CustomKeyStoreInvalidStateException, match="is DISCONNECTED"):
        opened.call("DisconnectCustomKeyStore", CustomKeyStoreId=new_store(opened))


@pytest.mark.parametrize(
    "operation",
    ["ConnectCustomKeyStore", "DisconnectCustomKeyStore", "DeleteCustomKeyStore", "DescribeCustomKeyStores"],
)
def test_absent_store_is_not_found(opened: OpenedStore, operation: str) -> None:
    store_id = new_store(opened)
    absent = "cks-1234567890abcdef0"
    with pytest.raises(errors.CustomKeyStoreNotFoundException, match=f"'{absent}' does not exist"):
        opened.call(operation, CustomKeyStoreId=absent)
    for place in ({"region": "eu-west-1"}, {"account": "999999999999"}):
        with pytest.raises(errors.CustomKeyStoreNotFoundException):
            opened.call(operation, CustomKeyStoreId=store_id, **place)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({}, errors.CustomKeyStoreNameInUseException),
        ({"CustomKeyStoreName": "other"}, errors.CloudHsmClusterInUseException),
    ],
)
def test_name_and_cluster_are_unique(opened: OpenedStore, changed: dict[str, Any], error: type[Exception]) -> None:
    new_store(opened)
    with pytest.raises(error):
        new_store(opened, **changed)
    new_store(opened, region="eu-west-1")
    new_store(opened, account="999999999999")


def test_account_has_ten_stores_in_a_region(opened: OpenedStore) -> None:
    for number in range(10):
        new_store(
            opened, CustomKeyStoreName=f"store {number}", CloudHsmClusterId=f"cluster-aaaaaaaaaa{'bcdefghijk'[number]}"
        )
    with pytest.raises(errors.LimitExceededException, match="10 custom key stores"):
        new_store(opened)
    new_store(opened, region="eu-west-1")


def test_stores_are_listed_in_pages_and_found_by_name(opened: OpenedStore) -> None:
    made = {
        new_store(opened, CustomKeyStoreName=name, CloudHsmClusterId=f"cluster-aaaaaaaaaa{name}") for name in "abcde"
    }
    seen: list[str] = []
    marker: dict[str, str] = {}
    while True:
        page = opened.call("DescribeCustomKeyStores", Limit=2, **marker)
        seen += [entry["CustomKeyStoreId"] for entry in page["CustomKeyStores"]]
        if not page["Truncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert seen == sorted(made)
    [entry] = opened.call("DescribeCustomKeyStores", CustomKeyStoreName="c")["CustomKeyStores"]
    assert entry["CustomKeyStoreName"] == "c"
    with pytest.raises(errors.CustomKeyStoreNotFoundException, match="'f' does not exist"):
        opened.call("DescribeCustomKeyStores", CustomKeyStoreName="f")
    with pytest.raises(errors.ValidationException, match="not both"):
        opened.call("DescribeCustomKeyStores", CustomKeyStoreName="c", CustomKeyStoreId=seen[0])


@pytest.mark.parametrize("missing", ["CloudHsmClusterId", "KeyStorePassword", "TrustAnchorCertificate"])
def test_cluster_needs_its_members(opened: OpenedStore, missing: str) -> None:
    with pytest.raises(errors.ValidationException, match=f"requires {missing}"):
        opened.call("CreateCustomKeyStore", **{name: value for name, value in CLOUD_HSM.items() if name != missing})


@pytest.mark.parametrize("foreign", [name for name in PROXY if name.startswith("Xks")])
def test_cluster_takes_no_members_of_proxies(opened: OpenedStore, foreign: str) -> None:
    with pytest.raises(errors.ValidationException, match=f"{foreign} cannot be specified"):
        new_store(opened, **{foreign: PROXY[foreign]})


def test_trust_anchor_is_a_certificate(opened: OpenedStore) -> None:
    with pytest.raises(errors.IncorrectTrustAnchorException):
        new_store(opened, TrustAnchorCertificate="none")


@pytest.mark.parametrize(
    ("changed", "missing", "text"),
    [
        ({}, "XksProxyUriPath", "requires XksProxyUriPath"),
        ({"KeyStorePassword": PASSWORD}, None, "KeyStorePassword cannot be specified"),
        ({"XksProxyVpcEndpointServiceName": SERVICE_NAME}, None, "ServiceName cannot be specified"),
        ({"XksProxyConnectivity": "VPC_ENDPOINT_SERVICE"}, None, "requires XksProxyVpcEndpointServiceName"),
    ],
)
def test_proxy_s_members_go_together(
    opened: OpenedStore, changed: dict[str, Any], missing: str | None, text: str
) -> None:
    sent = {name: value for name, value in {**PROXY, **changed}.items() if name != missing}
    with pytest.raises(errors.ValidationException, match=text):
        opened.call("CreateCustomKeyStore", **sent)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({}, errors.XksProxyUriUnreachableException),
        (
            {"XksProxyConnectivity": "VPC_ENDPOINT_SERVICE", "XksProxyVpcEndpointServiceName": SERVICE_NAME},
            errors.XksProxyVpcEndpointServiceNotFoundException,
        ),
    ],
)
def test_proxy_is_not_contacted(opened: OpenedStore, changed: dict[str, Any], error: type[errors.ClientError]) -> None:
    with pytest.raises(error, match="not supported by this version"):
        opened.call("CreateCustomKeyStore", **{**PROXY, **changed})
    assert opened.call("DescribeCustomKeyStores")["CustomKeyStores"] == []


@pytest.mark.parametrize(
    ("planted", "sent", "error"),
    [
        ({}, {}, errors.XksProxyUriInUseException),
        ({}, {"XksProxyUriPath": "/other/kms/xks/v1"}, errors.XksProxyUriUnreachableException),
        (
            {},
            {
                "XksProxyUriPath": "/other/kms/xks/v1",
                "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
                "XksProxyVpcEndpointServiceName": SERVICE_NAME,
            },
            errors.XksProxyUriEndpointInUseException,
        ),
        (
            {"XksProxyVpcEndpointServiceName": SERVICE_NAME},
            {
                "XksProxyUriEndpoint": "https://another.example",
                "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
                "XksProxyVpcEndpointServiceName": SERVICE_NAME,
            },
            errors.XksProxyVpcEndpointServiceInUseException,
        ),
    ],
)
def test_proxies_are_unique(
    opened: OpenedStore, planted: dict[str, str], sent: dict[str, Any], error: type[Exception]
) -> None:
    planted_proxy(opened, **planted)
    with pytest.raises(error):
        opened.call("CreateCustomKeyStore", **{**PROXY, **sent})


def test_proxy_is_described_without_its_secret(opened: OpenedStore) -> None:
    entry = described(opened, planted_proxy(opened))
    assert entry["XksProxyConfiguration"] == {
        "Connectivity": "PUBLIC_ENDPOINT",
        "UriEndpoint": "https://proxy.example",
        "UriPath": "/kms/xks/v1",
        "AccessKeyId": CREDENTIAL["AccessKeyId"],
    }


def test_name_changes_in_any_state_and_the_rest_when_disconnected(opened: OpenedStore) -> None:
    store_id = new_store(opened)
    opened.call("ConnectCustomKeyStore", CustomKeyStoreId=store_id)
    opened.call("UpdateCustomKeyStore", CustomKeyStoreId=store_id, NewCustomKeyStoreName="renamed")
    entry = described(opened, store_id)
    assert (entry["CustomKeyStoreName"], entry["ConnectionState"]) == ("renamed", "CONNECTING")
    with pytest.raises(errors.CustomKeyStoreInvalidStateException, match="must be disconnected"):
        opened.call("UpdateCustomKeyStore", CustomKeyStoreId=store_id, KeyStorePassword="another-one")


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({}, errors.ValidationException),
        ({"XksProxyUriPath": "/kms/xks/v1"}, errors.ValidationException),
        ({"NewCustomKeyStoreName": "taken"}, errors.CustomKeyStoreNameInUseException),
        ({"CloudHsmClusterId": "cluster-ttttttttttt"}, errors.CloudHsmClusterInUseException),
        ({"CloudHsmClusterId": "cluster-nnnnnnnnnnn"}, errors.CloudHsmClusterNotRelatedException),
    ],
)
def test_update_is_refused(opened: OpenedStore, sent: dict[str, str], error: type[Exception]) -> None:
    store_id = new_store(opened)
    new_store(opened, CustomKeyStoreName="taken", CloudHsmClusterId="cluster-ttttttttttt")
    before, state = described(opened, store_id), opened.state()
    with pytest.raises(error):
        opened.call("UpdateCustomKeyStore", CustomKeyStoreId=store_id, **sent)
    assert (described(opened, store_id), opened.state()) == (before, state)


def test_cluster_id_may_be_sent_again(opened: OpenedStore) -> None:
    store_id = new_store(opened)
    same = {"CloudHsmClusterId": CLOUD_HSM["CloudHsmClusterId"], "NewCustomKeyStoreName": "cluster"}
    assert opened.call("UpdateCustomKeyStore", CustomKeyStoreId=store_id, **same) == {}


def test_proxy_of_an_update_is_not_contacted(opened: OpenedStore) -> None:
    store_id = planted_proxy(opened)
    with pytest.raises(errors.XksProxyUriUnreachableException):
        opened.call("UpdateCustomKeyStore", CustomKeyStoreId=store_id, XksProxyUriPath="/other/kms/xks/v1")


def test_deleted_store_is_gone(opened: OpenedStore) -> None:
    store_id = new_store(opened)
    assert opened.call("DeleteCustomKeyStore", CustomKeyStoreId=store_id) == {}
    with pytest.raises(errors.CustomKeyStoreNotFoundException):
        described(opened, store_id)
    assert new_store(opened) != store_id


def test_store_with_keys_is_not_deleted(opened: OpenedStore) -> None:
    store_id = new_store(opened)
    key_id = opened.new_key()

    def move(transaction: Transaction) -> None:
        key = transaction.row(schema.keys, region="us-east-1", key_id=key_id)
        assert key is not None
        transaction.update(schema.keys, key, custom_key_store_id=store_id)

    opened.embedded.store.change_by_service(move, lambda _result, _state: None)
    with pytest.raises(errors.CustomKeyStoreHasCMKsException):
        opened.call("DeleteCustomKeyStore", CustomKeyStoreId=store_id)


INSIDE = {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"}


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"CustomKeyStoreId": "cks-1"}, errors.ValidationException),
        ({"Origin": "AWS_CLOUDHSM"}, errors.ValidationException),
        ({"Origin": "EXTERNAL", "CustomKeyStoreId": "cks-1"}, errors.ValidationException),
        ({**INSIDE, "XksKeyId": "key"}, errors.ValidationException),
        ({**INSIDE, "Origin": "EXTERNAL_KEY_STORE"}, errors.ValidationException),
        ({**INSIDE, "MultiRegion": True}, errors.UnsupportedOperationException),
        ({**INSIDE, "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, errors.UnsupportedOperationException),
        (INSIDE, errors.CustomKeyStoreNotFoundException),
    ],
)
def test_key_in_a_custom_key_store_is_refused(
    opened: OpenedStore, sent: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        opened.call("CreateKey", **sent)
    assert opened.call("ListKeys")["Keys"] == []


def test_keys_are_made_in_connected_stores_of_their_origin_only(opened: OpenedStore) -> None:
    store_id = new_store(opened)
    with pytest.raises(errors.CustomKeyStoreInvalidStateException, match="is DISCONNECTED"):
        opened.call("CreateKey", Origin="AWS_CLOUDHSM", CustomKeyStoreId=store_id)
    with pytest.raises(errors.ValidationException, match="is of type AWS_CLOUDHSM"):
        opened.call("CreateKey", Origin="EXTERNAL_KEY_STORE", XksKeyId="key", CustomKeyStoreId=store_id)


def test_random_bytes_come_from_connected_clusters_only(opened: OpenedStore) -> None:
    def ask(store_id: str, **place: str) -> None:
        opened.call("GenerateRandom", NumberOfBytes=16, CustomKeyStoreId=store_id, **place)

    store_id = new_store(opened)
    with pytest.raises(errors.CustomKeyStoreNotFoundException, match="does not exist"):
        ask("cks-1234567890abcdef0")
    with pytest.raises(errors.CustomKeyStoreNotFoundException, match="does not exist"):
        ask(store_id, region="eu-west-1")
    with pytest.raises(errors.CustomKeyStoreInvalidStateException, match="is DISCONNECTED"):
        ask(store_id)
    opened.call("ConnectCustomKeyStore", CustomKeyStoreId=store_id)
    opened.clock.advance(2)
    with pytest.raises(errors.CustomKeyStoreInvalidStateException, match="is FAILED"):
        ask(store_id)
    with pytest.raises(errors.UnsupportedOperationException, match="external key store"):
        ask(planted_proxy(opened))


def test_a_connected_store_stays_so_when_it_is_connected_again(opened: OpenedStore) -> None:
    store_id = new_store(opened)
    plant(opened, store_id, state=CONNECTED)
    assert opened.call("ConnectCustomKeyStore", CustomKeyStoreId=store_id) == {}
    assert described(opened, store_id)["ConnectionState"] == "CONNECTED"
    assert opened.call("DisconnectCustomKeyStore", CustomKeyStoreId=store_id) == {}
    opened.clock.advance(2)
    assert described(opened, store_id)["ConnectionState"] == "DISCONNECTED"
