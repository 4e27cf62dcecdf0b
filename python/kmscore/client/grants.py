"""Grants: permissions to use KMS keys, apart from their policies."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, EmptyResponse, ResponseMetadata


class GrantConstraints(TypedDict, total=False):
    """Within which bounds a grant allows its operations."""

    EncryptionContextSubset: dict[str, str]
    EncryptionContextEquals: dict[str, str]
    SourceArn: str


class CreateGrantRequest(TypedDict):
    """Arguments of `create_grant`."""

    KeyId: str
    Operations: list[str]
    GranteePrincipal: NotRequired[str]
    GranteeServicePrincipal: NotRequired[str]
    RetiringPrincipal: NotRequired[str]
    RetiringServicePrincipal: NotRequired[str]
    Constraints: NotRequired[GrantConstraints]
    GrantTokens: NotRequired[list[str]]
    Name: NotRequired[str]
    DryRun: NotRequired[bool]


class CreateGrantResponse(TypedDict):
    """Reply of `create_grant`."""

    GrantToken: str
    GrantId: str
    ResponseMetadata: ResponseMetadata


class ListGrantsRequest(TypedDict):
    """Arguments of `list_grants`."""

    KeyId: str
    GrantId: NotRequired[str]
    GranteePrincipal: NotRequired[str]
    GranteeServicePrincipal: NotRequired[str]
    Limit: NotRequired[int]
    Marker: NotRequired[str]


class ListRetirableGrantsRequest(TypedDict, total=False):
    """Arguments of `list_retirable_grants`."""

    RetiringPrincipal: str
    RetiringServicePrincipal: str
    Limit: int
    Marker: str


class GrantListEntry(TypedDict):
    """One grant of a list."""

    KeyId: str
    GrantId: str
    Name: str
    CreationDate: datetime
    IssuingAccount: str
    Operations: list[str]
    GranteePrincipal: NotRequired[str]
    GranteeServicePrincipal: NotRequired[str]
    RetiringPrincipal: NotRequired[str]
    RetiringServicePrincipal: NotRequired[str]
    Constraints: NotRequired[GrantConstraints]


class ListGrantsResponse(TypedDict):
    """Reply of `list_grants` and `list_retirable_grants`."""

    Grants: list[GrantListEntry]
    Truncated: bool
    NextMarker: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class RetireGrantRequest(TypedDict, total=False):
    """Arguments of `retire_grant`."""

    GrantToken: str
    KeyId: str
    GrantId: str
    DryRun: bool


class RevokeGrantRequest(TypedDict):
    """Arguments of `revoke_grant`."""

    KeyId: str
    GrantId: str
    DryRun: NotRequired[bool]


class GrantCalls(Calls):
    """Operations on grants. `KeyId` is a key id, or the ARN of a key, which may be another account's."""

    def create_grant(self, **parameters: Unpack[CreateGrantRequest]) -> CreateGrantResponse:
        """Allow a principal to use a KMS key (AWS KMS API Reference, CreateGrant). It holds from the answer on.

        Args:
            **parameters:
                KeyId: The key.
                Operations: What it allows, such as `Decrypt`, `ReEncryptFrom`, `CreateGrant`: the key must have them.
                GranteePrincipal: ARN of an account, user, role or session; or else
                GranteeServicePrincipal: An AWS service, with a SourceArn constraint and a retiring principal.
                RetiringPrincipal: Who may retire it; or else
                RetiringServicePrincipal: An AWS service that may.
                Constraints: EncryptionContextEquals, EncryptionContextSubset (symmetric keys), SourceArn.
                GrantTokens: Of grants that allow this call; they add nothing, and must be valid.
                Name: A retry with the same name and arguments finds the grant of the first try.
                DryRun: Say whether it would succeed, with DryRunOperationException.

        Returns:
            `GrantId` and a `GrantToken`, a new one each time.

        Raises:
            ClientError: ValidationException, InvalidArnException, LimitExceededException, DisabledException, …
        """
        reply: CreateGrantResponse = self._call("CreateGrant", parameters)
        return reply

    def list_grants(self, **parameters: Unpack[ListGrantsRequest]) -> ListGrantsResponse:
        """List the grants of a KMS key (AWS KMS API Reference, ListGrants).

        Args:
            **parameters:
                KeyId: The key.
                GrantId: Only this grant.
                GranteePrincipal: Only the grants to this principal.
                GranteeServicePrincipal: Only those to this service; for callers that are services.
                Limit: 1 to 100 a page; 50 when absent.
                Marker: `NextMarker` of the page before; `get_paginator("list_grants")` does it for you.

        Returns:
            `Grants`, `Truncated`, and `NextMarker` when there are more.

        Raises:
            ClientError: NotFoundException, InvalidGrantIdException, InvalidMarkerException, …
        """
        reply: ListGrantsResponse = self._call("ListGrants", parameters)
        return reply

    def list_retirable_grants(self, **parameters: Unpack[ListRetirableGrantsRequest]) -> ListGrantsResponse:
        """List the grants that a principal may retire (AWS KMS API Reference, ListRetirableGrants).

        Args:
            **parameters:
                RetiringPrincipal: A principal of your account; grants on keys of other accounts are listed, too.
                RetiringServicePrincipal: An AWS service; for callers that are services.
                Limit: 1 to 100 a page; 50 when absent.
                Marker: `NextMarker` of the page before; `get_paginator("list_retirable_grants")` does it for you.

        Returns:
            `Grants`, `Truncated`, and `NextMarker` when there are more.

        Raises:
            ClientError: ValidationException, InvalidArnException, InvalidMarkerException, …
        """
        reply: ListGrantsResponse = self._call("ListRetirableGrants", parameters)
        return reply

    def retire_grant(self, **parameters: Unpack[RetireGrantRequest]) -> EmptyResponse:
        """End a grant that you were given or named in (AWS KMS API Reference, RetireGrant).

        The grant says who may: its retiring principal, its grantee if `RetireGrant` is among its operations, the
        account that issued it, and whom these accounts' identity policies let do it.

        Args:
            **parameters:
                GrantToken: The grant; or else both
                KeyId: Its key, and
                GrantId: Its id.
                DryRun: Say whether it would succeed, with DryRunOperationException.

        Raises:
            ClientError: InvalidGrantTokenException, InvalidGrantIdException, AccessDeniedException, …
        """
        reply: EmptyResponse = self._call("RetireGrant", parameters)
        return reply

    def revoke_grant(self, **parameters: Unpack[RevokeGrantRequest]) -> EmptyResponse:
        """End a grant, as the key policy allows (AWS KMS API Reference, RevokeGrant).

        Args:
            **parameters:
                KeyId: The key.
                GrantId: The grant.
                DryRun: Say whether it would succeed, with DryRunOperationException.

        Raises:
            ClientError: NotFoundException, InvalidGrantIdException, …
        """
        reply: EmptyResponse = self._call("RevokeGrant", parameters)
        return reply
