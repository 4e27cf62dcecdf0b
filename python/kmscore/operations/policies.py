"""GetKeyPolicy.

Source: AWS KMS API Reference.
"""

from kmscore import errors
from kmscore._core import ControlCall
from kmscore.operations.registry import Request, Response, reads
from kmscore.store import schema
from kmscore.store.transaction import View


class GetKeyPolicyRequest(Request, frozen=True):
    """Input of GetKeyPolicy; the pipeline has resolved the key."""

    policy_name: str = "default"


@reads(GetKeyPolicyRequest)
def get_key_policy(view: View, call: ControlCall, request: GetKeyPolicyRequest) -> Response:
    """Return a key policy as it was stored."""
    key = call.keys[0]
    policy = view.row(schema.key_policies, region=key["region"], key_id=key["key_id"], name=request.policy_name)
    if policy is None:
        raise errors.NotFoundException("No such policy exists")
    return {"Policy": policy["document"], "PolicyName": request.policy_name}
