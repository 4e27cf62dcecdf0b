"""Amazon resource names of keys and aliases."""

_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}


def key_arn(account: str, region: str, key_id: str) -> str:
    """`arn:aws:kms:<region>:<account>:key/<id>`."""
    return f"arn:{partition(region)}:kms:{region}:{account}:key/{key_id}"


def alias_arn(account: str, region: str, name: str) -> str:
    """`arn:aws:kms:<region>:<account>:alias/<name>`; `name` begins with `alias/`."""
    return f"arn:{partition(region)}:kms:{region}:{account}:{name}"


def root_arn(account: str, region: str) -> str:
    """`arn:aws:iam::<account>:root`, in the partition of a Region."""
    return f"arn:{partition(region)}:iam::{account}:root"


def partition(region: str) -> str:
    """The partition of a Region."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(f"{prefix}-")), "aws")
