"""For tests of programs that use kmscore: time that moves when the test says so, and calls that AWS services make.

Example:
    >>> clock = Clock()
    >>> kms = kmscore.client("kms", home=scratch, clock=clock)
    >>> kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    >>> advance(clock, days=7)  # the key is gone
    >>> ebs = kmscore.client("kms", home=scratch, principal=as_service("ebs", for_user=user))
    >>> ebs.generate_data_key_without_plaintext(KeyId="alias/aws/ebs", NumberOfBytes=64)
"""

from datetime import timedelta

from kmscore._core import Clock
from kmscore.client.kms import caller
from kmscore.client.service_caller import ServiceCaller
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from kmscore.services import services

__all__ = ["Clock", "advance", "as_service"]


def advance(clock: Clock, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
    """Move a clock on; time never goes back, here as in the engine.

    Args:
        clock: The clock that was given to `kmscore.client`.
        days: How many days.
        hours: And hours.
        minutes: And minutes.
        seconds: And seconds.

    Raises:
        ValueError: The sum is below zero.
    """
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if span < timedelta(0):
        raise ValueError(f"a clock does not go back: {span.total_seconds():g} seconds")
    clock.advance(span.total_seconds())


def as_service(
    name: str, for_user: str | None = None, *, account_id: str | None = None, source_arn: str | None = None
) -> ServiceCaller:
    """An AWS service that calls AWS KMS; `kmscore.client(principal=…)` takes it. Nothing else sets `kms:ViaService`.

    Args:
        name: A service of `kmscore.services`, such as `ebs` or `s3`.
        for_user: The ARN of the user or role in whose name it calls; `kms:ViaService`, `aws:CalledVia` and
            `aws:ViaAWSService` are set then. Else it calls as its service principal, by a grant or a key policy.
        account_id: The account of the resource for which it calls, `aws:SourceAccount`; else the user's, else
            123456789012.
        source_arn: The resource for which it calls, `aws:SourceArn`.

    Raises:
        ValueError: There is no such service, or `for_user` or `account_id` is malformed.
    """
    known = services()
    if name not in known:
        raise ValueError(f"name is {name!r}: it must be one of {', '.join(sorted(known))}")
    checked = caller(DEFAULT_REGION, for_user, account_id if for_user is None else None)
    account = account_id or (checked.account if for_user else DEFAULT_ACCOUNT)
    return ServiceCaller(known[name], account, for_user, source_arn)
