"""GetKeyPolicy, PutKeyPolicy, ListKeyPolicies.

Source: AWS KMS API Reference.
"""

from kmscore import errors
from kmscore._core import ControlCall
from kmscore.identity import check_principals
from kmscore.operations.key_rows import mark_changed, own_key
from kmscore.operations.pages import page, position
from kmscore.operations.registry import Request, Response, reads, writes
from kmscore.store import schema
from kmscore.store.rows import Row, text
from kmscore.store.transaction import Transaction, View

_NAME = "default"


class GetKeyPolicyRequest(Request, frozen=True):
    """Input of GetKeyPolicy; the pipeline has resolved the key."""

    policy_name: str = _NAME


@reads(GetKeyPolicyRequest)
def get_key_policy(view: View, call: ControlCall, request: GetKeyPolicyRequest) -> Response:
    """Return a key policy as it was stored."""
    policy = _policy(view, own_key(view, call), request.policy_name)
    return {"Policy": policy["document"], "PolicyName": request.policy_name}


class PutKeyPolicyRequest(Request, frozen=True):
    """Input of PutKeyPolicy; the pipeline has resolved the key."""

    policy: str
    policy_name: str = _NAME
    bypass_policy_lockout_safety_check: bool = False


@writes(PutKeyPolicyRequest)
def put_key_policy(transaction: Transaction, call: ControlCall, request: PutKeyPolicyRequest) -> Response:
    """Replace the policy of a key, unless the caller could not replace it again."""
    key = own_key(transaction, call)
    old = _policy(transaction, key, request.policy_name)
    call.check_policy(request.policy, call.keys[0]["arn"], bypass=request.bypass_policy_lockout_safety_check)
    check_principals(transaction, request.policy, text(key, "account"), strict=call.strict)
    if old["document"] != request.policy:
        transaction.update(schema.key_policies, old, document=request.policy)
        mark_changed(transaction, key)
    return {}


class ListKeyPoliciesRequest(Request, frozen=True):
    """Input of ListKeyPolicies; the pipeline has resolved the key."""

    limit: int = 100
    marker: str | None = None


@reads(ListKeyPoliciesRequest)
def list_key_policies(view: View, call: ControlCall, request: ListKeyPoliciesRequest) -> Response:
    """List the names of a key's policies."""
    key = own_key(view, call)
    selection = text(key, "key_id")
    after = position(view.hierarchy, call, request.marker, selection=selection)
    table = schema.key_policies.c
    found = view.rows(
        schema.key_policies,
        table.region == key["region"],
        table.key_id == key["key_id"],
        table.name > after,
        order_by=[table.name],
        limit=request.limit + 1,
    )
    policies, more = page(view.hierarchy, call, found, limit=request.limit, column="name", selection=selection)
    return {"PolicyNames": [policy["name"] for policy in policies], **more}


def _policy(view: View, key: Row, name: str) -> Row:
    policy = view.row(schema.key_policies, region=key["region"], key_id=key["key_id"], name=name)
    if policy is None:
        raise errors.NotFoundException("No such policy exists")
    return policy
