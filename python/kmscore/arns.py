"""Amazon resource names of keys, aliases and principals."""

from kmscore.config import DEFAULT_REGION

_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}


def key_arn(account: str, region: str, key_id: str) -> str:
    """`arn:aws:kms:<region>:<account>:key/<id>`."""
    return f"arn:{partition(region)}:kms:{region}:{account}:key/{key_id}"


def alias_arn(account: str, region: str, name: str) -> str:
    """`arn:aws:kms:<region>:<account>:alias/<name>`; `name` begins with `alias/`."""
    return f"arn:{partition(region)}:kms:{region}:{account}:{name}"


def principal_arn(account: str, kind: str, path: str, name: str) -> str:
    """`arn:aws:iam::<account>:user<path><name>`; of a whole account, that of its root."""
    if kind == "account":
        return root_arn(account, DEFAULT_REGION)
    return f"arn:{partition(DEFAULT_REGION)}:iam::{account}:{kind}{path}{name}"


def in_every_partition(arn: str) -> list[str]:
    """An ARN as each partition's Regions have it: the store's principals belong to no partition."""
    resource = arn.split(":", 2)[2]
    return [f"arn:{name}:{resource}" for name in ("aws", *_PARTITIONS.values())]


def root_arn(account: str, region: str) -> str:
    """`arn:aws:iam::<account>:root`, in the partition of a Region."""
    return f"arn:{partition(region)}:iam::{account}:root"


def partition(region: str) -> str:
    """The partition of a Region."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(f"{prefix}-")), "aws")
