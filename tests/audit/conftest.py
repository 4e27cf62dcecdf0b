import json
from typing import Any

import pytest

from kmscore import errors
from opened_store import OpenedStore, opened
from scratch_store import scratch

__all__ = ["opened", "scratch"]

OTHER = "111122223333"


@pytest.fixture
def key(opened: OpenedStore) -> str:
    """A symmetric key that another account may use, too."""
    key_id = opened.new_key(Description="for tests")
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
        for account in ("123456789012", OTHER)
    ]
    # The store does not know the other account.
    with pytest.warns(errors.PolicyWarning):
        opened.call("PutKeyPolicy", KeyId=key_id, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    return key_id


def arn(key_id: str) -> str:
    """The ARN of a key of the default account and Region."""
    return f"arn:aws:kms:us-east-1:123456789012:key/{key_id}"


def refused(opened: OpenedStore, operation: str, **parameters: Any) -> str:
    """A call that fails; returns its request id."""
    with pytest.raises(errors.ClientError) as caught:
        opened.call(operation, **parameters)
    request_id: str = caught.value.response["ResponseMetadata"]["RequestId"]
    return request_id
