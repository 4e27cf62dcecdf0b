"""Key policies and tags."""

from __future__ import annotations

from typing import NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, EmptyResponse, ResponseMetadata
from kmscore.client.keys import Tag


class PutKeyPolicyRequest(TypedDict):
    """Arguments of `put_key_policy`."""

    KeyId: str
    Policy: str
    PolicyName: NotRequired[str]
    BypassPolicyLockoutSafetyCheck: NotRequired[bool]


class ListKeyPoliciesRequest(TypedDict):
    """Arguments of `list_key_policies`."""

    KeyId: str
    Limit: NotRequired[int]
    Marker: NotRequired[str]


class ListKeyPoliciesResponse(TypedDict):
    """Reply of `list_key_policies`."""

    PolicyNames: list[str]
    NextMarker: NotRequired[str]
    Truncated: bool
    ResponseMetadata: ResponseMetadata


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
    NextMarker: NotRequired[str]
    Truncated: bool
    ResponseMetadata: ResponseMetadata


class PolicyCalls(Calls):
    """Who may use a key, and how it is labelled."""

    def put_key_policy(self, **parameters: Unpack[PutKeyPolicyRequest]) -> EmptyResponse:
        """Replace a key's policy.

        Raises:
            LimitExceededException: The policy is longer than 32,768 bytes.
            MalformedPolicyDocumentException: It is no key policy, or the caller could not replace it again.
        """
        reply: EmptyResponse = self._call("PutKeyPolicy", parameters)
        return reply

    def list_key_policies(self, **parameters: Unpack[ListKeyPoliciesRequest]) -> ListKeyPoliciesResponse:
        """List the names of a key's policies.

        Raises:
            InvalidMarkerException: The marker is not one that this call returned.
        """
        reply: ListKeyPoliciesResponse = self._call("ListKeyPolicies", parameters)
        return reply

    def tag_resource(self, **parameters: Unpack[TagResourceRequest]) -> EmptyResponse:
        """Add tags to a key, or change their values.

        Raises:
            TagException: A tag is reserved or stands twice, or the key would have more than 50.
        """
        reply: EmptyResponse = self._call("TagResource", parameters)
        return reply

    def untag_resource(self, **parameters: Unpack[UntagResourceRequest]) -> EmptyResponse:
        """Remove tags from a key.

        Raises:
            TagException: A tag is reserved.
        """
        reply: EmptyResponse = self._call("UntagResource", parameters)
        return reply

    def list_resource_tags(self, **parameters: Unpack[ListResourceTagsRequest]) -> ListResourceTagsResponse:
        """List a key's tags.

        Raises:
            InvalidMarkerException: The marker is not one that this call returned.
        """
        reply: ListResourceTagsResponse = self._call("ListResourceTags", parameters)
        return reply
