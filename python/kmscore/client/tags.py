"""Tags of KMS keys."""

from __future__ import annotations

from typing import NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, EmptyResponse, ResponseMetadata
from kmscore.client.keys import Tag


class TagResourceRequest(TypedDict):
    """Arguments of `tag_resource`."""

    KeyId: str
    Tags: list[Tag]


class UntagResourceRequest(TypedDict):
    """Arguments of `untag_resource`."""

    KeyId: str
    TagKeys: list[str]


class ListResourceTagsRequest(TypedDict):
    """Arguments of `list_resource_tags`."""

    KeyId: str
    Limit: NotRequired[int]
    Marker: NotRequired[str]


class ListResourceTagsResponse(TypedDict):
    """Reply of `list_resource_tags`."""

    Tags: list[Tag]
    Truncated: bool
    NextMarker: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class TagCalls(Calls):
    """Operations on tags. `KeyId` is a key id or a key ARN."""

    def tag_resource(self, **parameters: Unpack[TagResourceRequest]) -> EmptyResponse:
        """Set tags of a KMS key; its other tags stay (AWS KMS API Reference, TagResource).

        Args:
            **parameters:
                KeyId: The key, unless it is pending deletion.
                Tags: Pairs of TagKey and TagValue; a key has up to 50. No TagKey begins with `aws:`.

        Raises:
            ClientError: TagException, KMSInvalidStateException, NotFoundException, …
        """
        reply: EmptyResponse = self._call("TagResource", parameters)
        return reply

    def untag_resource(self, **parameters: Unpack[UntagResourceRequest]) -> EmptyResponse:
        """Remove tags from a KMS key (AWS KMS API Reference, UntagResource).

        Args:
            **parameters:
                KeyId: The key, unless it is pending deletion.
                TagKeys: Those that the key does not have are no error.

        Raises:
            ClientError: TagException, KMSInvalidStateException, NotFoundException, …
        """
        reply: EmptyResponse = self._call("UntagResource", parameters)
        return reply

    def list_resource_tags(self, **parameters: Unpack[ListResourceTagsRequest]) -> ListResourceTagsResponse:
        """List the tags of a KMS key (AWS KMS API Reference, ListResourceTags).

        Args:
            **parameters:
                KeyId: The key.
                Limit: 1 to 50 a page; 50 when absent.
                Marker: `NextMarker` of the page before; `get_paginator("list_resource_tags")` does it for you.

        Returns:
            `Tags`, `Truncated`, and `NextMarker` when there are more.

        Raises:
            ClientError: NotFoundException, InvalidMarkerException, …
        """
        reply: ListResourceTagsResponse = self._call("ListResourceTags", parameters)
        return reply
