"""Operations that are declared and not built yet: they answer UnsupportedOperationException."""

from __future__ import annotations

from typing import Any

from kmscore.client.calls import Calls


class UnbuiltCalls(Calls):
    """They take boto3's arguments already, so that a program meets the engine's answer and no AttributeError."""

    def connect_custom_key_store(self, **parameters: Any) -> dict[str, Any]:
        """ConnectCustomKeyStore; not in this version."""
        return self._unbuilt("ConnectCustomKeyStore", parameters)

    def create_custom_key_store(self, **parameters: Any) -> dict[str, Any]:
        """CreateCustomKeyStore; not in this version."""
        return self._unbuilt("CreateCustomKeyStore", parameters)

    def delete_custom_key_store(self, **parameters: Any) -> dict[str, Any]:
        """DeleteCustomKeyStore; not in this version."""
        return self._unbuilt("DeleteCustomKeyStore", parameters)

    def describe_custom_key_stores(self, **parameters: Any) -> dict[str, Any]:
        """DescribeCustomKeyStores; not in this version."""
        return self._unbuilt("DescribeCustomKeyStores", parameters)

    def disconnect_custom_key_store(self, **parameters: Any) -> dict[str, Any]:
        """DisconnectCustomKeyStore; not in this version."""
        return self._unbuilt("DisconnectCustomKeyStore", parameters)

    def update_custom_key_store(self, **parameters: Any) -> dict[str, Any]:
        """UpdateCustomKeyStore; not in this version."""
        return self._unbuilt("UpdateCustomKeyStore", parameters)

    def _unbuilt(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        reply: dict[str, Any] = self._call(operation, parameters)
        return reply
