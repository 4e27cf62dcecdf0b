"""Rotation of key material."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, EmptyResponse, ResponseMetadata
from kmscore.client.keys import KeyRequest


class EnableKeyRotationRequest(KeyRequest):
    """Arguments of `enable_key_rotation`."""

    RotationPeriodInDays: NotRequired[int]


class KeyRotationStatusResponse(TypedDict):
    """Reply of `get_key_rotation_status`."""

    KeyId: str
    KeyRotationEnabled: bool
    RotationPeriodInDays: NotRequired[int]
    NextRotationDate: NotRequired[datetime]
    ResponseMetadata: ResponseMetadata


class ListKeyRotationsRequest(KeyRequest):
    """Arguments of `list_key_rotations`."""

    IncludeKeyMaterial: NotRequired[str]
    Limit: NotRequired[int]
    Marker: NotRequired[str]


class KeyRotation(TypedDict):
    """One version of a key's material, and how it became current."""

    KeyId: str
    KeyMaterialId: str
    KeyMaterialState: str
    RotationDate: NotRequired[datetime]
    RotationType: NotRequired[str]
    KeyMaterialDescription: NotRequired[str]
    ImportState: NotRequired[str]
    ExpirationModel: NotRequired[str]
    ValidTo: NotRequired[datetime]


class ListKeyRotationsResponse(TypedDict):
    """Reply of `list_key_rotations`."""

    Rotations: list[KeyRotation]
    Truncated: bool
    NextMarker: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class RotateKeyOnDemandResponse(TypedDict):
    """Reply of `rotate_key_on_demand`."""

    KeyId: str
    ResponseMetadata: ResponseMetadata


class RotationCalls(Calls):
    """Rotation of symmetric encryption keys: what they encrypted before stays readable."""

    def enable_key_rotation(self, **parameters: Unpack[EnableKeyRotationRequest]) -> EmptyResponse:
        """Have a key rotated every so many days (AWS KMS API Reference, EnableKeyRotation).

        Args:
            **parameters:
                KeyId: The key, whose material kmscore made; of a multi-Region key the primary key.
                RotationPeriodInDays: 90 to 2,560; 365 when absent.

        Raises:
            ClientError: UnsupportedOperationException, DisabledException, …
        """
        reply: EmptyResponse = self._call("EnableKeyRotation", parameters)
        return reply

    def disable_key_rotation(self, **parameters: Unpack[KeyRequest]) -> EmptyResponse:
        """End automatic rotation of a key (AWS KMS API Reference, DisableKeyRotation).

        Args:
            **parameters:
                KeyId: The key.

        Raises:
            ClientError: UnsupportedOperationException, DisabledException, …
        """
        reply: EmptyResponse = self._call("DisableKeyRotation", parameters)
        return reply

    def get_key_rotation_status(self, **parameters: Unpack[KeyRequest]) -> KeyRotationStatusResponse:
        """Tell whether a key is rotated, and when next (AWS KMS API Reference, GetKeyRotationStatus).

        Args:
            **parameters:
                KeyId: The key.

        Returns:
            `KeyId`, `KeyRotationEnabled`; while it is, `RotationPeriodInDays` and `NextRotationDate`.

        Raises:
            ClientError: UnsupportedOperationException, NotFoundException, …
        """
        reply: KeyRotationStatusResponse = self._call("GetKeyRotationStatus", parameters)
        return reply

    def list_key_rotations(self, **parameters: Unpack[ListKeyRotationsRequest]) -> ListKeyRotationsResponse:
        """List the rotations of a key (AWS KMS API Reference, ListKeyRotations).

        Args:
            **parameters:
                KeyId: The key.
                IncludeKeyMaterial: `ROTATIONS_ONLY`, or `ALL_KEY_MATERIAL` for the first and pending material, too.
                Limit: 1 to 1,000 a page; 100 when absent.
                Marker: `NextMarker` of the page before; `get_paginator("list_key_rotations")` does it for you.

        Returns:
            `Rotations`, `Truncated`, and `NextMarker` when there are more.

        Raises:
            ClientError: UnsupportedOperationException, InvalidMarkerException, …
        """
        reply: ListKeyRotationsResponse = self._call("ListKeyRotations", parameters)
        return reply

    def rotate_key_on_demand(self, **parameters: Unpack[KeyRequest]) -> RotateKeyOnDemandResponse:
        """Rotate a key now; it is done when this returns (AWS KMS API Reference, RotateKeyOnDemand).

        Args:
            **parameters:
                KeyId: The key. One with imported material must have some that is pending rotation.

        Returns:
            `KeyId` (the key's ARN).

        Raises:
            ClientError: LimitExceededException after 25 times, ConflictException when an automatic rotation is near, …
        """
        reply: RotateKeyOnDemandResponse = self._call("RotateKeyOnDemand", parameters)
        return reply
