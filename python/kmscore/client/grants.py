"""Grants."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, EmptyResponse, ResponseMetadata


class GrantConstraints(TypedDict, total=False):
    """What a request must have for a grant to allow it."""

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
    Limit: NotRequired[int]
    Marker: NotRequired[str]
    GrantId: NotRequired[str]
    GranteePrincipal: NotRequired[str]
    GranteeServicePrincipal: NotRequired[str]


class ListRetirableGrantsRequest(TypedDict, total=False):
    """Arguments of `list_retirable_grants`: one of the principals."""

    RetiringPrincipal: str
    RetiringServicePrincipal: str
    Limit: int
    Marker: str


class GrantListEntry(TypedDict):
    """A grant, without its tokens."""

    KeyId: str
    GrantId: str
    Name: str
    CreationDate: datetime
    GranteePrincipal: NotRequired[str]
    GranteeServicePrincipal: NotRequired[str]
    RetiringPrincipal: NotRequired[str]
    RetiringServicePrincipal: NotRequired[str]
    IssuingAccount: str
    Operations: list[str]
    Constraints: NotRequired[GrantConstraints]


class ListGrantsResponse(TypedDict):
    """Reply of `list_grants` and `list_retirable_grants`."""

    Grants: list[GrantListEntry]
    NextMarker: NotRequired[str]
    Truncated: bool
    ResponseMetadata: ResponseMetadata


class RetireGrantRequest(TypedDict, total=False):
    """Arguments of `retire_grant`: a token, or a key and a grant id."""

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
    """Letting principals use keys without changing policies."""

    def create_grant(self, **parameters: Unpack[CreateGrantRequest]) -> CreateGrantResponse:
        """Let a principal use a key, from now on. The token names the grant where one must be named.

        Raises:
            DisabledException: The key is disabled.
            InvalidGrantTokenException: A grant token is not one of this store.
            LimitExceededException: The key has 50,000 grants.
            ValidationException: The key does not have the operations or constraints, or a principal is missing.
        """
        reply: CreateGrantResponse = self._call("CreateGrant", parameters)
        return reply

    def list_grants(self, **parameters: Unpack[ListGrantsRequest]) -> ListGrantsResponse:
        """List the grants of a key.

        Raises:
            InvalidMarkerException: The marker is not one that this call returned.
            NotFoundException: The key, or the grant that was named, does not exist.
        """
        reply: ListGrantsResponse = self._call("ListGrants", parameters)
        return reply

    def list_retirable_grants(self, **parameters: Unpack[ListRetirableGrantsRequest]) -> ListGrantsResponse:
        """List the grants that a principal of this account may retire, on foreign keys too.

        Raises:
            InvalidMarkerException: The marker is not one that this call returned.
        """
        reply: ListGrantsResponse = self._call("ListRetirableGrants", parameters)
        return reply

    def retire_grant(self, **parameters: Unpack[RetireGrantRequest]) -> EmptyResponse:
        """Remove a grant that is not needed any more, as its retiring principal or the account that made it.

        Raises:
            InvalidGrantTokenException: The token is not one of a grant of this store.
            NotFoundException: There is no such grant.
        """
        reply: EmptyResponse = self._call("RetireGrant", parameters)
        return reply

    def revoke_grant(self, **parameters: Unpack[RevokeGrantRequest]) -> EmptyResponse:
        """Remove a grant; what it allowed ends at once.

        Raises:
            NotFoundException: There is no such grant.
        """
        reply: EmptyResponse = self._call("RevokeGrant", parameters)
        return reply
