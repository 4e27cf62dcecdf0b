"""What a description of a custom key store may say, by itself and beside those of the others.

Source: AWS KMS API Reference, CreateCustomKeyStore and UpdateCustomKeyStore.
"""

import json
from collections.abc import Iterable
from typing import Any

from kmscore import errors
from kmscore._core import ControlCall
from kmscore.store.rows import Row, text

PUBLIC = "PUBLIC_ENDPOINT"
CLOUD_HSM_MEMBERS = ("CloudHsmClusterId", "KeyStorePassword", "TrustAnchorCertificate")
PROXY_MEMBERS = (
    "XksProxyConnectivity",
    "XksProxyUriEndpoint",
    "XksProxyUriPath",
    "XksProxyAuthenticationCredential",
)
VPC_MEMBERS = ("XksProxyVpcEndpointServiceName", "XksProxyVpcEndpointServiceOwner")


def require(call: ControlCall, sent: dict[str, Any], members: Iterable[str]) -> None:
    """Refuse a request that lacks one of these members."""
    if missing := [member for member in members if member not in sent]:
        raise errors.ValidationException(f"{call.operation} requires {', '.join(missing)} for this type of key store.")


def refuse(call: ControlCall, sent: dict[str, Any], members: Iterable[str]) -> None:
    """Refuse a request that has one of these members."""
    if foreign := [member for member in members if member in sent]:
        raise errors.ValidationException(
            f"{', '.join(foreign)} cannot be specified in {call.operation} for this type of key store."
        )


def check_connectivity(call: ControlCall, sent: dict[str, Any], connectivity: str | None) -> None:
    """Refuse a description of a proxy whose members do not go with its connectivity."""
    if connectivity == PUBLIC:
        refuse(call, sent, VPC_MEMBERS)
    else:
        require(call, sent, VPC_MEMBERS[:1])


def check_name(others: list[Row], name: str) -> None:
    """Refuse the name of another custom key store."""
    if any(other["name"] == name for other in others):
        raise errors.CustomKeyStoreNameInUseException(f"A custom key store with the name '{name}' already exists.")


def check_uniqueness(others: list[Row], configuration: dict[str, Any]) -> None:
    """Refuse a cluster or a proxy that belongs to another custom key store."""
    known = [json.loads(text(other, "configuration")) for other in others]

    def is_used(*members: str) -> bool:
        wanted = [configuration.get(member) for member in members]
        return None not in wanted and any([one.get(member) for member in members] == wanted for one in known)

    if is_used("CloudHsmClusterId"):
        raise errors.CloudHsmClusterInUseException(
            f"Cluster {configuration['CloudHsmClusterId']} is that of another custom key store."
        )
    if is_used("XksProxyVpcEndpointServiceName"):
        raise errors.XksProxyVpcEndpointServiceInUseException(
            f"{configuration['XksProxyVpcEndpointServiceName']} is that of another custom key store."
        )
    if is_used("XksProxyUriEndpoint", "XksProxyUriPath"):
        raise errors.XksProxyUriInUseException("The endpoint and path are those of another custom key store.")
    if configuration.get("XksProxyConnectivity") != PUBLIC and is_used("XksProxyUriEndpoint"):
        raise errors.XksProxyUriEndpointInUseException("The endpoint is that of another custom key store.")


def reach_proxy(configuration: dict[str, Any]) -> None:
    """Ask a proxy for its health. Hosts come from the configuration of kmscore alone, which has none yet."""
    what = "External key store proxies are not supported by this version of kmscore, which contacts no host that a "
    if configuration["XksProxyConnectivity"] == PUBLIC:
        raise errors.XksProxyUriUnreachableException(what + "request names.")
    raise errors.XksProxyVpcEndpointServiceNotFoundException(what + "request names.")
