"""Multi-Region keys: one key material and id in several Regions."""

from __future__ import annotations

from typing import NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, EmptyResponse, ResponseMetadata
from kmscore.client.keys import KeyMetadata, KeyRequest, Tag


class ReplicateKeyRequest(KeyRequest):
    """Arguments of `replicate_key`."""

    ReplicaRegion: str
    Policy: NotRequired[str]
    BypassPolicyLockoutSafetyCheck: NotRequired[bool]
    Description: NotRequired[str]
    Tags: NotRequired[list[Tag]]


class ReplicateKeyResponse(TypedDict):
    """Reply of `replicate_key`."""

    ReplicaKeyMetadata: KeyMetadata
    ReplicaPolicy: str
    ReplicaTags: list[Tag]
    ResponseMetadata: ResponseMetadata


class UpdatePrimaryRegionRequest(KeyRequest):
    """Arguments of `update_primary_region`."""

    PrimaryRegion: str


class MultiRegionCalls(Calls):
    """What is done to the primary key of a multi-Region key."""

    def replicate_key(self, **parameters: Unpack[ReplicateKeyRequest]) -> ReplicateKeyResponse:
        """Make a replica of a primary key in another Region (AWS KMS API Reference, ReplicateKey).

        The replica is `Creating` for a second. Material that was imported must be imported into it, too.

        Args:
            **parameters:
                KeyId: The primary key.
                ReplicaRegion: Where the replica is to be.
                Policy: Its key policy; the default one when absent.
                BypassPolicyLockoutSafetyCheck: Take a policy that the caller could not replace.
                Description: Its description; empty when absent.
                Tags: Its tags; none when absent.

        Returns:
            `ReplicaKeyMetadata`, `ReplicaPolicy`, `ReplicaTags`.

        Raises:
            ClientError: AlreadyExistsException, UnsupportedOperationException, AccessDeniedException, …
        """
        reply: ReplicateKeyResponse = self._call("ReplicateKey", parameters)
        return reply

    def update_primary_region(self, **parameters: Unpack[UpdatePrimaryRegionRequest]) -> EmptyResponse:
        """Make a replica the primary key, and this key a replica (AWS KMS API Reference, UpdatePrimaryRegion).

        Both are `Updating` for a second, and can be used meanwhile.

        Args:
            **parameters:
                KeyId: The primary key.
                PrimaryRegion: The Region of the replica.

        Raises:
            ClientError: UnsupportedOperationException, NotFoundException, AccessDeniedException, …
        """
        reply: EmptyResponse = self._call("UpdatePrimaryRegion", parameters)
        return reply
