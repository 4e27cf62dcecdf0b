//! Custom key stores.

use super::declare::{
    BOOLEAN, MANAGING, READING, UNBOUNDED, errors, list, optional, patterned, required, shape, text,
};
use super::shared::{CLOUD_HSM_CLUSTER_ID, CUSTOM_KEY_STORE_ID, DATE, LIMIT, MARKER};
use crate::shapes::{Kind, Operation, Resource};

pub(super) const CREATE_CUSTOM_KEY_STORE: Operation = Operation {
    name: "CreateCustomKeyStore",
    input: shape!("CreateCustomKeyStoreRequest" {
        required("CustomKeyStoreName", CUSTOM_KEY_STORE_NAME).audited(),
        optional("CloudHsmClusterId", CLOUD_HSM_CLUSTER_ID).audited(),
        optional("TrustAnchorCertificate", TRUST_ANCHOR_CERTIFICATE),
        optional("KeyStorePassword", KEY_STORE_PASSWORD).sensitive(),
        optional("CustomKeyStoreType", CUSTOM_KEY_STORE_TYPE).audited(),
        optional("XksProxyUriEndpoint", XKS_PROXY_URI_ENDPOINT).audited(),
        optional("XksProxyUriPath", XKS_PROXY_URI_PATH).audited(),
        optional("XksProxyVpcEndpointServiceName", XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME).audited(),
        optional("XksProxyVpcEndpointServiceOwner", ACCOUNT_ID).audited(),
        optional("XksProxyAuthenticationCredential", XKS_PROXY_CREDENTIAL),
        optional("XksProxyConnectivity", XKS_PROXY_CONNECTIVITY).audited(),
    }),
    output: Some(shape!("CreateCustomKeyStoreResponse" {
        optional("CustomKeyStoreId", CUSTOM_KEY_STORE_ID).audited(),
    })),
    actions: &["kms:CreateCustomKeyStore"],
    resource: Resource::CustomKeyStore,
    errors: errors!(
        CloudHsmClusterInUse CustomKeyStoreNameInUse CloudHsmClusterNotFound KmsInternal
        CloudHsmClusterNotActive IncorrectTrustAnchor CloudHsmClusterInvalidConfiguration
        LimitExceeded XksProxyUriInUse XksProxyUriEndpointInUse XksProxyUriUnreachable
        XksProxyIncorrectAuthenticationCredential XksProxyVpcEndpointServiceInUse
        XksProxyVpcEndpointServiceNotFound XksProxyVpcEndpointServiceInvalidConfiguration
        XksProxyInvalidResponse XksProxyInvalidConfiguration
    ),
    ..MANAGING
};

pub(super) const CONNECT_CUSTOM_KEY_STORE: Operation = Operation {
    name: "ConnectCustomKeyStore",
    input: shape!("ConnectCustomKeyStoreRequest" { required("CustomKeyStoreId", CUSTOM_KEY_STORE_ID).audited() }),
    output: Some(shape!("ConnectCustomKeyStoreResponse" {})),
    actions: &["kms:ConnectCustomKeyStore"],
    resource: Resource::CustomKeyStore,
    errors: errors!(
        CloudHsmClusterNotActive CustomKeyStoreInvalidState CustomKeyStoreNotFound KmsInternal
        CloudHsmClusterInvalidConfiguration
    ),
    ..MANAGING
};

pub(super) const DISCONNECT_CUSTOM_KEY_STORE: Operation = Operation {
    name: "DisconnectCustomKeyStore",
    input: shape!("DisconnectCustomKeyStoreRequest" { required("CustomKeyStoreId", CUSTOM_KEY_STORE_ID).audited() }),
    output: Some(shape!("DisconnectCustomKeyStoreResponse" {})),
    actions: &["kms:DisconnectCustomKeyStore"],
    resource: Resource::CustomKeyStore,
    errors: errors!(CustomKeyStoreInvalidState CustomKeyStoreNotFound KmsInternal),
    ..MANAGING
};

pub(super) const UPDATE_CUSTOM_KEY_STORE: Operation = Operation {
    name: "UpdateCustomKeyStore",
    input: shape!("UpdateCustomKeyStoreRequest" {
        required("CustomKeyStoreId", CUSTOM_KEY_STORE_ID).audited(),
        optional("NewCustomKeyStoreName", CUSTOM_KEY_STORE_NAME).audited(),
        optional("KeyStorePassword", KEY_STORE_PASSWORD).sensitive(),
        optional("CloudHsmClusterId", CLOUD_HSM_CLUSTER_ID).audited(),
        optional("XksProxyUriEndpoint", XKS_PROXY_URI_ENDPOINT).audited(),
        optional("XksProxyUriPath", XKS_PROXY_URI_PATH).audited(),
        optional("XksProxyVpcEndpointServiceName", XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME).audited(),
        optional("XksProxyVpcEndpointServiceOwner", ACCOUNT_ID).audited(),
        optional("XksProxyAuthenticationCredential", XKS_PROXY_CREDENTIAL),
        optional("XksProxyConnectivity", XKS_PROXY_CONNECTIVITY).audited(),
    }),
    output: Some(shape!("UpdateCustomKeyStoreResponse" {})),
    actions: &["kms:UpdateCustomKeyStore"],
    resource: Resource::CustomKeyStore,
    errors: errors!(
        CustomKeyStoreNotFound CustomKeyStoreNameInUse CloudHsmClusterNotFound
        CloudHsmClusterNotRelated CustomKeyStoreInvalidState KmsInternal CloudHsmClusterNotActive
        CloudHsmClusterInvalidConfiguration XksProxyUriInUse XksProxyUriEndpointInUse
        XksProxyUriUnreachable XksProxyIncorrectAuthenticationCredential
        XksProxyVpcEndpointServiceInUse XksProxyVpcEndpointServiceNotFound
        XksProxyVpcEndpointServiceInvalidConfiguration XksProxyInvalidResponse
        XksProxyInvalidConfiguration
    ),
    ..MANAGING
};

pub(super) const DELETE_CUSTOM_KEY_STORE: Operation = Operation {
    name: "DeleteCustomKeyStore",
    input: shape!("DeleteCustomKeyStoreRequest" { required("CustomKeyStoreId", CUSTOM_KEY_STORE_ID).audited() }),
    output: Some(shape!("DeleteCustomKeyStoreResponse" {})),
    actions: &["kms:DeleteCustomKeyStore"],
    resource: Resource::CustomKeyStore,
    errors: errors!(
        CustomKeyStoreHasCmks CustomKeyStoreInvalidState CustomKeyStoreNotFound KmsInternal
    ),
    ..MANAGING
};

pub(super) const DESCRIBE_CUSTOM_KEY_STORES: Operation = Operation {
    name: "DescribeCustomKeyStores",
    input: shape!("DescribeCustomKeyStoresRequest" {
        optional("CustomKeyStoreId", CUSTOM_KEY_STORE_ID).audited(),
        optional("CustomKeyStoreName", CUSTOM_KEY_STORE_NAME).audited(),
        optional("Limit", LIMIT).audited(),
        optional("Marker", MARKER),
    }),
    output: Some(shape!("DescribeCustomKeyStoresResponse" {
        optional("CustomKeyStores", CUSTOM_KEY_STORES),
        optional("NextMarker", MARKER),
        optional("Truncated", BOOLEAN),
    })),
    actions: &["kms:DescribeCustomKeyStores"],
    resource: Resource::CustomKeyStore,
    errors: errors!(CustomKeyStoreNotFound InvalidMarker KmsInternal),
    ..READING
};

const CUSTOM_KEY_STORE_NAME: Kind = text(1, 256);
const TRUST_ANCHOR_CERTIFICATE: Kind = text(1, 5000);
const KEY_STORE_PASSWORD: Kind = text(7, 32);
const CUSTOM_KEY_STORE_TYPE: Kind = Kind::Enum(&["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]);
const XKS_PROXY_URI_ENDPOINT: Kind = patterned(10, 128, "^https://[a-zA-Z0-9.-]+$");
const XKS_PROXY_URI_PATH: Kind = patterned(
    10,
    128,
    r"^(/[a-zA-Z0-9\/_-]+/kms/xks/v\d{1,2})$|^(/kms/xks/v\d{1,2})$",
);
const XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME: Kind = patterned(
    20,
    64,
    r"^(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$",
);
const ACCOUNT_ID: Kind = patterned(12, 12, "[0-9]{12}");
const XKS_PROXY_CREDENTIAL: Kind = Kind::Structure(shape!("XksProxyAuthenticationCredentialType" {
    required("AccessKeyId", XKS_PROXY_ACCESS_KEY_ID).sensitive(),
    required("RawSecretAccessKey", XKS_PROXY_RAW_SECRET_ACCESS_KEY).sensitive(),
}));
const XKS_PROXY_ACCESS_KEY_ID: Kind = patterned(20, 30, "^[A-Z2-7]+$");
const XKS_PROXY_RAW_SECRET_ACCESS_KEY: Kind = patterned(43, 64, r"^[a-zA-Z0-9\/+=]+$");
const XKS_PROXY_CONNECTIVITY: Kind = Kind::Enum(&["PUBLIC_ENDPOINT", "VPC_ENDPOINT_SERVICE"]);
const CUSTOM_KEY_STORES: Kind = list(0, UNBOUNDED, &CUSTOM_KEY_STORES_LIST_ENTRY);
const CUSTOM_KEY_STORES_LIST_ENTRY: Kind = Kind::Structure(shape!("CustomKeyStoresListEntry" {
    optional("CustomKeyStoreId", CUSTOM_KEY_STORE_ID),
    optional("CustomKeyStoreName", CUSTOM_KEY_STORE_NAME),
    optional("CloudHsmClusterId", CLOUD_HSM_CLUSTER_ID),
    optional("TrustAnchorCertificate", TRUST_ANCHOR_CERTIFICATE),
    optional("ConnectionState", CONNECTION_STATE),
    optional("ConnectionErrorCode", CONNECTION_ERROR_CODE),
    optional("CreationDate", DATE),
    optional("CustomKeyStoreType", CUSTOM_KEY_STORE_TYPE),
    optional("XksProxyConfiguration", XKS_PROXY_CONFIGURATION),
}));
const CONNECTION_STATE: Kind = Kind::Enum(&[
    "CONNECTED",
    "CONNECTING",
    "FAILED",
    "DISCONNECTED",
    "DISCONNECTING",
]);
const CONNECTION_ERROR_CODE: Kind = Kind::Enum(&[
    "INVALID_CREDENTIALS",
    "CLUSTER_NOT_FOUND",
    "NETWORK_ERRORS",
    "INTERNAL_ERROR",
    "INSUFFICIENT_CLOUDHSM_HSMS",
    "USER_LOCKED_OUT",
    "USER_NOT_FOUND",
    "USER_LOGGED_IN",
    "SUBNET_NOT_FOUND",
    "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET",
    "XKS_PROXY_ACCESS_DENIED",
    "XKS_PROXY_NOT_REACHABLE",
    "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND",
    "XKS_PROXY_INVALID_RESPONSE",
    "XKS_PROXY_INVALID_CONFIGURATION",
    "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
    "XKS_PROXY_TIMED_OUT",
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
]);
const XKS_PROXY_CONFIGURATION: Kind = Kind::Structure(shape!("XksProxyConfigurationType" {
    optional("Connectivity", XKS_PROXY_CONNECTIVITY),
    optional("AccessKeyId", XKS_PROXY_ACCESS_KEY_ID).sensitive(),
    optional("UriEndpoint", XKS_PROXY_URI_ENDPOINT),
    optional("UriPath", XKS_PROXY_URI_PATH),
    optional("VpcEndpointServiceName", XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME),
    optional("VpcEndpointServiceOwner", ACCOUNT_ID),
}));
