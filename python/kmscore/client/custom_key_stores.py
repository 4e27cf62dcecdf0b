"""Custom key stores: CloudHSM clusters and external key store proxies in which KMS keys are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NotRequired, TypeAlias, TypedDict, Unpack

from kmscore.client.calls import Calls, EmptyResponse, ResponseMetadata

Connectivity: TypeAlias = Literal["PUBLIC_ENDPOINT", "VPC_ENDPOINT_SERVICE"]
StoreType: TypeAlias = Literal["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]


class XksProxyAuthenticationCredential(TypedDict):
    """What an external key store proxy knows its callers by."""

    AccessKeyId: str
    RawSecretAccessKey: str


class _Description(TypedDict, total=False):
    CloudHsmClusterId: str
    KeyStorePassword: str
    XksProxyUriEndpoint: str
    XksProxyUriPath: str
    XksProxyVpcEndpointServiceName: str
    XksProxyVpcEndpointServiceOwner: str
    XksProxyAuthenticationCredential: XksProxyAuthenticationCredential
    XksProxyConnectivity: Connectivity


class CreateCustomKeyStoreRequest(_Description):
    """Arguments of `create_custom_key_store`."""

    CustomKeyStoreName: str
    CustomKeyStoreType: NotRequired[StoreType]
    TrustAnchorCertificate: NotRequired[str]


class UpdateCustomKeyStoreRequest(_Description):
    """Arguments of `update_custom_key_store`."""

    CustomKeyStoreId: str
    NewCustomKeyStoreName: NotRequired[str]


class CustomKeyStoreIdRequest(TypedDict):
    """Arguments of `connect_…`, `disconnect_…` and `delete_custom_key_store`."""

    CustomKeyStoreId: str


class DescribeCustomKeyStoresRequest(TypedDict, total=False):
    """Arguments of `describe_custom_key_stores`."""

    CustomKeyStoreId: str
    CustomKeyStoreName: str
    Limit: int
    Marker: str


class CreateCustomKeyStoreResponse(TypedDict):
    """Reply of `create_custom_key_store`."""

    CustomKeyStoreId: str
    ResponseMetadata: ResponseMetadata


class XksProxyConfiguration(TypedDict):
    """What is known of an external key store proxy."""

    Connectivity: Connectivity
    AccessKeyId: str
    UriEndpoint: str
    UriPath: str
    VpcEndpointServiceName: NotRequired[str]
    VpcEndpointServiceOwner: NotRequired[str]


class CustomKeyStoresListEntry(TypedDict):
    """One custom key store of a list."""

    CustomKeyStoreId: str
    CustomKeyStoreName: str
    CustomKeyStoreType: StoreType
    ConnectionState: Literal["CONNECTED", "CONNECTING", "FAILED", "DISCONNECTED", "DISCONNECTING"]
    ConnectionErrorCode: NotRequired[str]
    CreationDate: datetime
    CloudHsmClusterId: NotRequired[str]
    TrustAnchorCertificate: NotRequired[str]
    XksProxyConfiguration: NotRequired[XksProxyConfiguration]


class DescribeCustomKeyStoresResponse(TypedDict):
    """Reply of `describe_custom_key_stores`."""

    CustomKeyStores: list[CustomKeyStoresListEntry]
    Truncated: bool
    NextMarker: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class CustomKeyStoreCalls(Calls):
    """Operations on custom key stores. This version keeps what describes them; it reaches no cluster and no proxy."""

    def create_custom_key_store(
        self, **parameters: Unpack[CreateCustomKeyStoreRequest]
    ) -> CreateCustomKeyStoreResponse:
        """Describe a CloudHSM cluster in which keys are to be (AWS KMS API Reference, CreateCustomKeyStore).

        An external key store is refused: its proxy would be contacted, which this version cannot do.

        Args:
            **parameters:
                CustomKeyStoreName: Unique in the account and Region.
                CustomKeyStoreType: `AWS_CLOUDHSM`, when absent, or `EXTERNAL_KEY_STORE`.
                CloudHsmClusterId, KeyStorePassword, TrustAnchorCertificate: All three for a CloudHSM cluster.
                XksProxyConnectivity, XksProxyUriEndpoint, XksProxyUriPath, XksProxyAuthenticationCredential,
                XksProxyVpcEndpointServiceName, XksProxyVpcEndpointServiceOwner: For an external key store.

        Returns:
            `CustomKeyStoreId`.

        Raises:
            ClientError: CustomKeyStoreNameInUseException, CloudHsmClusterInUseException, LimitExceededException,
                XksProxyUriUnreachableException, ValidationException, …
        """
        reply: CreateCustomKeyStoreResponse = self._call("CreateCustomKeyStore", parameters)
        return reply

    def connect_custom_key_store(self, **parameters: Unpack[CustomKeyStoreIdRequest]) -> EmptyResponse:
        """Begin to connect a custom key store (AWS KMS API Reference, ConnectCustomKeyStore).

        In this version the connection state becomes FAILED, with the error code CLUSTER_NOT_FOUND.

        Args:
            **parameters:
                CustomKeyStoreId: The store.

        Raises:
            ClientError: CustomKeyStoreNotFoundException, CustomKeyStoreInvalidStateException, …
        """
        reply: EmptyResponse = self._call("ConnectCustomKeyStore", parameters)
        return reply

    def disconnect_custom_key_store(self, **parameters: Unpack[CustomKeyStoreIdRequest]) -> EmptyResponse:
        """Begin to disconnect a custom key store (AWS KMS API Reference, DisconnectCustomKeyStore).

        Args:
            **parameters:
                CustomKeyStoreId: The store.

        Raises:
            ClientError: CustomKeyStoreNotFoundException, CustomKeyStoreInvalidStateException, …
        """
        reply: EmptyResponse = self._call("DisconnectCustomKeyStore", parameters)
        return reply

    def update_custom_key_store(self, **parameters: Unpack[UpdateCustomKeyStoreRequest]) -> EmptyResponse:
        """Change what is known of a custom key store (AWS KMS API Reference, UpdateCustomKeyStore).

        Args:
            **parameters:
                CustomKeyStoreId: The store.
                NewCustomKeyStoreName: At any time; all else while it is disconnected.
                KeyStorePassword: The new password, for a CloudHSM cluster.

        Raises:
            ClientError: CustomKeyStoreNotFoundException, CustomKeyStoreInvalidStateException, ValidationException, …
        """
        reply: EmptyResponse = self._call("UpdateCustomKeyStore", parameters)
        return reply

    def delete_custom_key_store(self, **parameters: Unpack[CustomKeyStoreIdRequest]) -> EmptyResponse:
        """Forget a custom key store that is disconnected and has no keys (AWS KMS API Reference, DeleteCustomKeyStore).

        Args:
            **parameters:
                CustomKeyStoreId: The store.

        Raises:
            ClientError: CustomKeyStoreHasCMKsException, CustomKeyStoreInvalidStateException, …
        """
        reply: EmptyResponse = self._call("DeleteCustomKeyStore", parameters)
        return reply

    def describe_custom_key_stores(
        self, **parameters: Unpack[DescribeCustomKeyStoresRequest]
    ) -> DescribeCustomKeyStoresResponse:
        """Tell of one custom key store, or of all (AWS KMS API Reference, DescribeCustomKeyStores).

        Args:
            **parameters:
                CustomKeyStoreId: Only this one.
                CustomKeyStoreName: Only the one of this name; not beside `CustomKeyStoreId`.
                Limit: 1 to 1,000 a page; 100 when absent.
                Marker: `NextMarker` of the page before.

        Returns:
            `CustomKeyStores`, `Truncated`, and `NextMarker` when there are more. Secrets are never returned.

        Raises:
            ClientError: CustomKeyStoreNotFoundException, InvalidMarkerException, …
        """
        reply: DescribeCustomKeyStoresResponse = self._call("DescribeCustomKeyStores", parameters)
        return reply
