"""Key policies for tests."""

import json
from typing import Any

ACCOUNT = "123456789012"


def policy(*statements: dict[str, Any], account: str = ACCOUNT) -> str:
    """A key policy that leaves all to the account's root, with these statements, which allow unless they say else."""
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
    added = [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": [root, *added]})
