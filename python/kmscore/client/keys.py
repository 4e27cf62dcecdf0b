"""KMS keys: making, listing, disabling and deleting them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, EmptyResponse, ResponseMetadata


class Tag(TypedDict):
    """A label on a KMS key."""

    TagKey: str
    TagValue: str


class KeyMetadata(TypedDict):
    """What is known about a KMS key."""

    AWSAccountId: str
    KeyId: str
    Arn: str
    CreationDate: datetime
    Enabled: bool
    Description: str
    KeyUsage: str
    KeyState: str
    Origin: str
    KeyManager: str
    KeySpec: str
    CustomerMasterKeySpec: str
    MultiRegion: bool
    DeletionDate: NotRequired[datetime]
    ValidTo: NotRequired[datetime]
    CustomKeyStoreId: NotRequired[str]
    CloudHsmClusterId: NotRequired[str]
    ExpirationModel: NotRequired[str]
    EncryptionAlgorithms: NotRequired[list[str]]
    SigningAlgorithms: NotRequired[list[str]]
    KeyAgreementAlgorithms: NotRequired[list[str]]
    EncapsulationAlgorithms: NotRequired[list[str]]
    MacAlgorithms: NotRequired[list[str]]
    MultiRegionConfiguration: NotRequired[dict[str, Any]]
    PendingDeletionWindowInDays: NotRequired[int]
    XksKeyConfiguration: NotRequired[dict[str, Any]]
    CurrentKeyMaterialId: NotRequired[str]


class CreateKeyRequest(TypedDict, total=False):
    """Arguments of `create_key`."""

    Policy: str
    Description: str
    KeyUsage: str
    CustomerMasterKeySpec: str
    KeySpec: str
    Origin: str
    CustomKeyStoreId: str
    BypassPolicyLockoutSafetyCheck: bool
    Tags: list[Tag]
    MultiRegion: bool
    XksKeyId: str


class KeyMetadataResponse(TypedDict):
    """Reply of `create_key` and `describe_key`."""

    KeyMetadata: KeyMetadata
    ResponseMetadata: ResponseMetadata


class KeyRequest(TypedDict):
    """Arguments of a call that needs a key and no more."""

    KeyId: str


class DescribeKeyRequest(KeyRequest):
    """Arguments of `describe_key`."""

    GrantTokens: NotRequired[list[str]]


class ListKeysRequest(TypedDict, total=False):
    """Arguments of `list_keys`."""

    Limit: int
    Marker: str
    ResourceOwners: list[str]


class KeyListEntry(TypedDict):
    """One key of a list."""

    KeyId: str
    KeyArn: str


class ListKeysResponse(TypedDict):
    """Reply of `list_keys`."""

    Keys: list[KeyListEntry]
    Truncated: bool
    NextMarker: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class UpdateKeyDescriptionRequest(KeyRequest):
    """Arguments of `update_key_description`."""

    Description: str


class ScheduleKeyDeletionRequest(KeyRequest):
    """Arguments of `schedule_key_deletion`."""

    PendingWindowInDays: NotRequired[int]


class ScheduleKeyDeletionResponse(TypedDict):
    """Reply of `schedule_key_deletion`."""

    KeyId: str
    KeyState: str
    PendingWindowInDays: int
    DeletionDate: NotRequired[datetime]
    ResponseMetadata: ResponseMetadata


class CancelKeyDeletionResponse(TypedDict):
    """Reply of `cancel_key_deletion`."""

    KeyId: str
    ResponseMetadata: ResponseMetadata


class KeyLastUsage(TypedDict, total=False):
    """The last cryptographic work of a key that succeeded; empty when there was none."""

    Operation: str
    Timestamp: datetime
    CloudTrailEventId: str
    KmsRequestId: str


class GetKeyLastUsageResponse(TypedDict):
    """Answer of `get_key_last_usage`."""

    KeyId: str
    KeyLastUsage: KeyLastUsage
    TrackingStartDate: datetime
    KeyCreationDate: datetime
    ResponseMetadata: ResponseMetadata


class KeyCalls(Calls):
    """Operations on KMS keys. `KeyId` is a key id or a key ARN; `describe_key` also takes an alias."""

    def create_key(self, **parameters: Unpack[CreateKeyRequest]) -> KeyMetadataResponse:
        """Make a KMS key (AWS KMS API Reference, CreateKey).

        Args:
            **parameters:
                Description: Up to 8,192 characters.
                KeySpec: What the key is made of; `SYMMETRIC_DEFAULT` when absent. SM2 in China Regions only.
                KeyUsage: One of the key spec's; needed for all but `SYMMETRIC_DEFAULT`.
                Tags: Up to 50 pairs of TagKey and TagValue.
                MultiRegion: An id that begins with `mrk-`.
                Policy: The default key policy, or absent; other policies are not in this version.
                Origin: `AWS_KMS`, or `EXTERNAL`: the key waits for `import_key_material`.
                CustomerMasterKeySpec: KeySpec's old name.
                BypassPolicyLockoutSafetyCheck: Has no effect on the default key policy.
                CustomKeyStoreId: Not supported by this version.
                XksKeyId: Not supported by this version.

        Returns:
            `KeyMetadata`.

        Raises:
            ClientError: ValidationException, TagException, UnsupportedOperationException, …
            ParameterError: An argument is unknown or of a wrong type.
        """
        reply: KeyMetadataResponse = self._call("CreateKey", parameters)
        return reply

    def describe_key(self, **parameters: Unpack[DescribeKeyRequest]) -> KeyMetadataResponse:
        """Tell what is known about a KMS key, in any state (AWS KMS API Reference, DescribeKey).

        Args:
            **parameters:
                KeyId: Key id, key ARN, alias name or alias ARN.
                GrantTokens: Not used by this version.

        Returns:
            `KeyMetadata`.

        Raises:
            ClientError: NotFoundException, …
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: KeyMetadataResponse = self._call("DescribeKey", parameters)
        return reply

    def list_keys(self, **parameters: Unpack[ListKeysRequest]) -> ListKeysResponse:
        """List the KMS keys of the account and Region (AWS KMS API Reference, ListKeys).

        Args:
            **parameters:
                Limit: 1 to 1,000 a page; 100 when absent.
                Marker: `NextMarker` of the page before; `get_paginator("list_keys")` does it for you.
                ResourceOwners: `SELF`, `OTHER_ACCOUNTS_VIA_RAM`.

        Returns:
            `Keys`, `Truncated`, and `NextMarker` when there are more.

        Raises:
            ClientError: InvalidMarkerException, ValidationException, …
            ParameterError: An argument is unknown or of a wrong type.
        """
        reply: ListKeysResponse = self._call("ListKeys", parameters)
        return reply

    def update_key_description(self, **parameters: Unpack[UpdateKeyDescriptionRequest]) -> EmptyResponse:
        """Replace a key's description (AWS KMS API Reference, UpdateKeyDescription).

        Args:
            **parameters:
                KeyId: The key.
                Description: Up to 8,192 characters.

        Raises:
            ClientError: NotFoundException, KMSInvalidStateException, …
        """
        reply: EmptyResponse = self._call("UpdateKeyDescription", parameters)
        return reply

    def enable_key(self, **parameters: Unpack[KeyRequest]) -> EmptyResponse:
        """Let a disabled key be used again (AWS KMS API Reference, EnableKey).

        Args:
            **parameters:
                KeyId: The key.

        Raises:
            ClientError: NotFoundException, KMSInvalidStateException, …
        """
        reply: EmptyResponse = self._call("EnableKey", parameters)
        return reply

    def disable_key(self, **parameters: Unpack[KeyRequest]) -> EmptyResponse:
        """Keep a key from being used (AWS KMS API Reference, DisableKey).

        No call that begins after this one was answered uses the key, in any process.

        Args:
            **parameters:
                KeyId: The key.

        Raises:
            ClientError: NotFoundException, KMSInvalidStateException, …
        """
        reply: EmptyResponse = self._call("DisableKey", parameters)
        return reply

    def schedule_key_deletion(self, **parameters: Unpack[ScheduleKeyDeletionRequest]) -> ScheduleKeyDeletionResponse:
        """Disable a key, and destroy it when the window ends (AWS KMS API Reference, ScheduleKeyDeletion).

        What it encrypted is lost then.

        Args:
            **parameters:
                KeyId: The key.
                PendingWindowInDays: 7 to 30; 30 when absent.

        Returns:
            `KeyId` (the key's ARN), `DeletionDate`, `KeyState`, `PendingWindowInDays`.

        Raises:
            ClientError: NotFoundException, KMSInvalidStateException, ValidationException, …
        """
        reply: ScheduleKeyDeletionResponse = self._call("ScheduleKeyDeletion", parameters)
        return reply

    def cancel_key_deletion(self, **parameters: Unpack[KeyRequest]) -> CancelKeyDeletionResponse:
        """Keep a key that was to be deleted; it is disabled afterwards (AWS KMS API Reference, CancelKeyDeletion).

        Args:
            **parameters:
                KeyId: The key.

        Returns:
            `KeyId` (the key's ARN).

        Raises:
            ClientError: NotFoundException, KMSInvalidStateException, …
        """
        reply: CancelKeyDeletionResponse = self._call("CancelKeyDeletion", parameters)
        return reply

    def get_key_last_usage(self, **parameters: Unpack[KeyRequest]) -> GetKeyLastUsageResponse:
        """Tell when a key last did cryptographic work that succeeded (AWS KMS API Reference, GetKeyLastUsage).

        The audit log knows: what was done while it was off is not seen.

        Args:
            **parameters:
                KeyId: The key. Primary and replica keys are told apart.

        Returns:
            `KeyId` (the key's ARN), `KeyLastUsage`, `TrackingStartDate`, `KeyCreationDate`.

        Raises:
            ClientError: NotFoundException, …
        """
        reply: GetKeyLastUsageResponse = self._call("GetKeyLastUsage", parameters)
        return reply
