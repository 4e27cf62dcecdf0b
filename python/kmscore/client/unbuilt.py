"""Operations that are declared and not built yet: they answer UnsupportedOperationException."""

from __future__ import annotations

from typing import Any

from kmscore.client.calls import Calls


class UnbuiltCalls(Calls):
    """They take boto3's arguments already, so that a program meets the engine's answer and no AttributeError."""

    def delete_imported_key_material(self, **parameters: Any) -> dict[str, Any]:
        """DeleteImportedKeyMaterial; not in this version."""
        return self._unbuilt("DeleteImportedKeyMaterial", parameters)

    def disable_key_rotation(self, **parameters: Any) -> dict[str, Any]:
        """DisableKeyRotation; not in this version."""
        return self._unbuilt("DisableKeyRotation", parameters)

    def enable_key_rotation(self, **parameters: Any) -> dict[str, Any]:
        """EnableKeyRotation; not in this version."""
        return self._unbuilt("EnableKeyRotation", parameters)

    def get_key_last_usage(self, **parameters: Any) -> dict[str, Any]:
        """GetKeyLastUsage; not in this version."""
        return self._unbuilt("GetKeyLastUsage", parameters)

    def get_key_rotation_status(self, **parameters: Any) -> dict[str, Any]:
        """GetKeyRotationStatus; not in this version."""
        return self._unbuilt("GetKeyRotationStatus", parameters)

    def get_parameters_for_import(self, **parameters: Any) -> dict[str, Any]:
        """GetParametersForImport; not in this version."""
        return self._unbuilt("GetParametersForImport", parameters)

    def import_key_material(self, **parameters: Any) -> dict[str, Any]:
        """ImportKeyMaterial; not in this version."""
        return self._unbuilt("ImportKeyMaterial", parameters)

    def list_key_rotations(self, **parameters: Any) -> dict[str, Any]:
        """ListKeyRotations; not in this version."""
        return self._unbuilt("ListKeyRotations", parameters)

    def replicate_key(self, **parameters: Any) -> dict[str, Any]:
        """ReplicateKey; not in this version."""
        return self._unbuilt("ReplicateKey", parameters)

    def rotate_key_on_demand(self, **parameters: Any) -> dict[str, Any]:
        """RotateKeyOnDemand; not in this version."""
        return self._unbuilt("RotateKeyOnDemand", parameters)

    def update_primary_region(self, **parameters: Any) -> dict[str, Any]:
        """UpdatePrimaryRegion; not in this version."""
        return self._unbuilt("UpdatePrimaryRegion", parameters)

    def _unbuilt(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        reply: dict[str, Any] = self._call(operation, parameters)
        return reply
