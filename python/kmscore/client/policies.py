"""Key policies."""

from __future__ import annotations

from typing import NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, EmptyResponse, ResponseMetadata


class GetKeyPolicyRequest(TypedDict):
    """Arguments of `get_key_policy`."""

    KeyId: str
    PolicyName: NotRequired[str]


class GetKeyPolicyResponse(TypedDict):
    """Reply of `get_key_policy`."""

    Policy: str
    PolicyName: str
    ResponseMetadata: ResponseMetadata


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
    Truncated: bool
    NextMarker: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class PolicyCalls(Calls):
    """Operations on key policies. `KeyId` is a key id or a key ARN."""

    def get_key_policy(self, **parameters: Unpack[GetKeyPolicyRequest]) -> GetKeyPolicyResponse:
        """Show a key's policy (AWS KMS API Reference, GetKeyPolicy).

        Args:
            **parameters:
                KeyId: The key.
                PolicyName: `default`.

        Returns:
            `Policy` (a JSON text) and `PolicyName`.

        Raises:
            ClientError: NotFoundException, …
        """
        reply: GetKeyPolicyResponse = self._call("GetKeyPolicy", parameters)
        return reply

    def put_key_policy(self, **parameters: Unpack[PutKeyPolicyRequest]) -> EmptyResponse:
        """Replace a key's policy (AWS KMS API Reference, PutKeyPolicy).

        Args:
            **parameters:
                KeyId: The key, in any state.
                Policy: A JSON text of up to 32,768 bytes.
                PolicyName: `default`.
                BypassPolicyLockoutSafetyCheck: Put it even if you cannot replace it again.

        Raises:
            ClientError: MalformedPolicyDocumentException, LimitExceededException, NotFoundException, …
        """
        reply: EmptyResponse = self._call("PutKeyPolicy", parameters)
        return reply

    def list_key_policies(self, **parameters: Unpack[ListKeyPoliciesRequest]) -> ListKeyPoliciesResponse:
        """List the names of a key's policies, of which there is one (AWS KMS API Reference, ListKeyPolicies).

        Args:
            **parameters:
                KeyId: The key.
                Limit: 1 to 1,000 a page; 100 when absent.
                Marker: `NextMarker` of the page before.

        Returns:
            `PolicyNames`, which is `["default"]`, and `Truncated`.

        Raises:
            ClientError: NotFoundException, InvalidMarkerException, …
        """
        reply: ListKeyPoliciesResponse = self._call("ListKeyPolicies", parameters)
        return reply
