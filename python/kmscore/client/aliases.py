"""Aliases: names that stand for KMS keys."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, EmptyResponse, ResponseMetadata


class AliasTargetRequest(TypedDict):
    """Arguments of `create_alias` and `update_alias`."""

    AliasName: str
    TargetKeyId: str


class DeleteAliasRequest(TypedDict):
    """Arguments of `delete_alias`."""

    AliasName: str


class ListAliasesRequest(TypedDict, total=False):
    """Arguments of `list_aliases`."""

    KeyId: str
    Limit: int
    Marker: str


class AliasListEntry(TypedDict):
    """One alias of a list."""

    AliasName: str
    AliasArn: str
    TargetKeyId: NotRequired[str]
    CreationDate: NotRequired[datetime]
    LastUpdatedDate: NotRequired[datetime]


class ListAliasesResponse(TypedDict):
    """Reply of `list_aliases`."""

    Aliases: list[AliasListEntry]
    Truncated: bool
    NextMarker: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class AliasCalls(Calls):
    """Operations on aliases."""

    def create_alias(self, **parameters: Unpack[AliasTargetRequest]) -> EmptyResponse:
        """Make a name for a KMS key (AWS KMS API Reference, CreateAlias).

        Args:
            **parameters:
                AliasName: `alias/` and up to 250 letters, digits and `:/_-`; not `alias/aws/…`.
                TargetKeyId: Key id or key ARN.

        Raises:
            ClientError: AlreadyExistsException, NotFoundException, InvalidAliasNameException, ValidationException, …
        """
        reply: EmptyResponse = self._call("CreateAlias", parameters)
        return reply

    def update_alias(self, **parameters: Unpack[AliasTargetRequest]) -> EmptyResponse:
        """Have an alias stand for another KMS key (AWS KMS API Reference, UpdateAlias).

        Args:
            **parameters:
                AliasName: The alias.
                TargetKeyId: Key id or key ARN, of the same usage and kind as the present key.

        Raises:
            ClientError: NotFoundException, ValidationException, …
        """
        reply: EmptyResponse = self._call("UpdateAlias", parameters)
        return reply

    def delete_alias(self, **parameters: Unpack[DeleteAliasRequest]) -> EmptyResponse:
        """Remove an alias; its key stays (AWS KMS API Reference, DeleteAlias).

        Args:
            **parameters:
                AliasName: The alias.

        Raises:
            ClientError: NotFoundException, …
        """
        reply: EmptyResponse = self._call("DeleteAlias", parameters)
        return reply

    def list_aliases(self, **parameters: Unpack[ListAliasesRequest]) -> ListAliasesResponse:
        """List the aliases of the account and Region, or of one key (AWS KMS API Reference, ListAliases).

        Args:
            **parameters:
                KeyId: Only the aliases of this key.
                Limit: 1 to 100 a page; 50 when absent.
                Marker: `NextMarker` of the page before; `get_paginator("list_aliases")` does it for you.

        Returns:
            `Aliases`, `Truncated`, and `NextMarker` when there are more.

        Raises:
            ClientError: NotFoundException, InvalidMarkerException, …
        """
        reply: ListAliasesResponse = self._call("ListAliases", parameters)
        return reply
