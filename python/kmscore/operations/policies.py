"""GetKeyPolicy, PutKeyPolicy, ListKeyPolicies.

Source: AWS KMS API Reference.
"""

from kmscore import errors
from kmscore._core import ControlCall, KeyHierarchy
from kmscore.identity import check_principals
from kmscore.operations.pages import page, position
from kmscore.operations.registry import Request, Response, reads, writes_prepared
from kmscore.store import schema
from kmscore.store.rows import Row
from kmscore.store.transaction import Transaction, View

_DEFAULT = "default"


class GetKeyPolicyRequest(Request, frozen=True):
    """Input of GetKeyPolicy; the pipeline has resolved the key."""

    policy_name: str = _DEFAULT


@reads(GetKeyPolicyRequest)
def get_key_policy(view: View, call: ControlCall, request: GetKeyPolicyRequest) -> Response:
    """Return a key policy as it was stored."""
    return {"Policy": _policy(view, call, request.policy_name)["document"], "PolicyName": request.policy_name}


class PutKeyPolicyRequest(Request, frozen=True):
    """Input of PutKeyPolicy; the pipeline has resolved the key."""

    policy: str
    policy_name: str = _DEFAULT
    bypass_policy_lockout_safety_check: bool = False


def _checked(_hierarchy: KeyHierarchy, call: ControlCall, request: PutKeyPolicyRequest) -> PutKeyPolicyRequest:
    """The request, if its policy is one that a key can have."""
    call.check_policy(request.policy, call.keys[0]["arn"], bypass=request.bypass_policy_lockout_safety_check)
    return request


@writes_prepared(PutKeyPolicyRequest, _checked)
def put_key_policy(transaction: Transaction, call: ControlCall, request: PutKeyPolicyRequest) -> Response:
    """Replace a key policy, whatever the key's state."""
    policy = _policy(transaction, call, request.policy_name)
    check_principals(transaction, request.policy, call.keys[0]["account"], strict=call.strict)
    if policy["document"] != request.policy:
        transaction.update(schema.key_policies, policy, document=request.policy)
        transaction.changed_key(call.keys[0]["region"], call.keys[0]["key_id"])
    return {}


class ListKeyPoliciesRequest(Request, frozen=True):
    """Input of ListKeyPolicies; the pipeline has resolved the key."""

    limit: int = 100
    marker: str | None = None


@reads(ListKeyPoliciesRequest)
def list_key_policies(view: View, call: ControlCall, request: ListKeyPoliciesRequest) -> Response:
    """List the names of a key's policies, of which there is one."""
    key, table = call.keys[0], schema.key_policies.c
    after = position(view.hierarchy, call, request.marker, selection=key["key_id"])
    found = view.rows(
        schema.key_policies,
        table.region == key["region"],
        table.key_id == key["key_id"],
        table.name > after,
        order_by=[table.name],
        limit=request.limit + 1,
    )
    policies, more = page(view.hierarchy, call, found, limit=request.limit, column="name", selection=key["key_id"])
    return {"PolicyNames": [policy["name"] for policy in policies], **more}


def _policy(view: View, call: ControlCall, name: str) -> Row:
    key = call.keys[0]
    policy = view.row(schema.key_policies, region=key["region"], key_id=key["key_id"], name=name)
    if policy is None:
        raise errors.NotFoundException("No such policy exists")
    return policy
