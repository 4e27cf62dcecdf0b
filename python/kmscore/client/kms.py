"""`kmscore.client("kms")` and the client it makes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from kmscore._core import Caller, Clock, check_data_key_pairs
from kmscore.arns import root_arn
from kmscore.client.aliases import AliasCalls
from kmscore.client.batch import BatchCalls
from kmscore.client.connection import Connection, Opening
from kmscore.client.custom_key_stores import CustomKeyStoreCalls
from kmscore.client.data_keys import DataKeyCalls
from kmscore.client.encryption import EncryptionCalls
from kmscore.client.grants import GrantCalls
from kmscore.client.imports import ImportCalls
from kmscore.client.key_pairs import KeyPairCalls
from kmscore.client.keys import KeyCalls
from kmscore.client.meta import ClientMeta
from kmscore.client.multi_region import MultiRegionCalls
from kmscore.client.paginator import RESULT_KEYS, Paginator
from kmscore.client.policies import PolicyCalls
from kmscore.client.rotation import RotationCalls
from kmscore.client.service_caller import ServiceCaller
from kmscore.client.signing import SigningCalls
from kmscore.client.signing_batch import SigningBatchCalls
from kmscore.client.tags import TagCalls
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION

if TYPE_CHECKING:
    from kmscore.quotas import Given, Quotas
    from kmscore.root_keys import Passphrase

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_NAME = r"[\w+=,.@-]+"
_PRINCIPAL = re.compile(
    r"arn:aws(-[a-z]+)*:"
    r"(iam(?=::\d+:(root$|user/|role/))|sts(?=::\d+:(?P<session>assumed-role/[^/]+/[^/]+$|federated-user/[^/]+$)))"
    rf"::(?P<account>[0-9]{{12}}):[a-z-]+(/{_NAME})*",
    re.ASCII,
)


def client(
    service_name: Literal["kms"],
    region_name: str | None = None,
    *,
    home: str | os.PathLike[str] | None = None,
    principal: str | ServiceCaller | None = None,
    account_id: str | None = None,
    create: bool = True,
    exclusive: bool = False,
    accept_rollback: bool = False,
    accept_missing_audit: bool = False,
    audit_mode: Literal["write", "fsync", "off"] = "write",
    passphrase: Passphrase | None = None,
    clock: Clock | None = None,
    data_key_pairs: Mapping[str, int] | None = None,
    strict: bool = False,
    session_policies: Sequence[str] = (),
    session_tags: Mapping[str, str] | None = None,
    sweep_seconds: float | None = None,
    quotas: Given | None = None,
) -> KMSClient:
    """Make a client with boto3's methods over the store of this host.

    Args:
        service_name: `"kms"`.
        region_name: The Region whose keys are meant; else `AWS_REGION`, `AWS_DEFAULT_REGION`, `us-east-1`.
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.
        principal: Who calls, as an ARN: an account's root, a user, a role, a role's session
            (`arn:aws:sts::…:assumed-role/ROLE/SESSION`) or a federated user; else the account's root. An AWS service,
            for tests, is what `kmscore.testing.as_service` returns.
        account_id: 12 digits; else the principal's account, else 123456789012.
        create: Make the store when there is none.
        exclusive: Be the only process; needed on file systems without coherent shared memory.
        accept_rollback: Open a store that is older than its anchor. It is audited.
        accept_missing_audit: Open a store of which audit segments are gone. It is audited.
        audit_mode: `write` (in the kernel's hands before the answer), `fsync`, or `off`.
        passphrase: When the root key is one. Only a callable can be asked again after a fork.
        clock: The source of time, for tests.
        data_key_pairs: How many data key pairs a thread keeps ready, such as `{"RSA_2048": 8}`, so that
            `generate_data_key_pair` need not wait for primes. None when absent; at most 1,024 of a key spec.
        strict: Exactly AWS KMS's behaviour: key policies that name unknown principals are refused, and an alias is no
            key id where AWS KMS takes none.
        session_policies: Policies in JSON that bound what a session may do; for sessions and federated users.
        session_tags: The session's tags; they stand before those of its role.
        sweep_seconds: How often a thread of this process does what is due (rotations, expiry, deletions). Without it,
            each is done when a call meets it.
        quotas: Throttle calls, and bound the number of keys: `"aws"` for the quotas of AWS KMS, or the path of a
            TOML file or a mapping that says what differs, such as `{"requests": {"CreateKey": 1}}`. Off when absent.

    Returns:
        The client. Close it, use it as a context manager, or drop it.

    Raises:
        ValueError: `service_name`, `region_name`, `principal`, `account_id`, `data_key_pairs`, `sweep_seconds`,
            `quotas` or `session_policies` is malformed, or who is no session was given policies or tags of one.
        StoreError: The store cannot be opened; the text names the cause and what to do.
    """
    if service_name != "kms":
        raise ValueError(f"service_name is {service_name!r}: kmscore has one service, 'kms'")
    region = check_region(region_name)
    facts = _session_facts(principal, session_policies, session_tags or {})
    called_by = caller(region, principal, account_id, facts)
    pairs = None if data_key_pairs is None else _checked_pairs(data_key_pairs)
    if sweep_seconds is not None and not 0 < sweep_seconds < float("inf"):
        raise ValueError(f"sweep_seconds is {sweep_seconds}: it must be a number of seconds above 0")
    opening = Opening(
        home=home,
        create=create,
        exclusive=exclusive,
        accept_rollback=accept_rollback,
        accept_missing_audit=accept_missing_audit,
        audit_mode=audit_mode,
        passphrase=passphrase,
        clock=clock,
        data_key_pairs=pairs,
        strict=strict,
        sweep_seconds=sweep_seconds,
        quotas=None if quotas is None else _chosen_quotas(quotas),
    )
    return KMSClient(opening, called_by, facts, principal if isinstance(principal, ServiceCaller) else None)


def _session_facts(
    principal: str | ServiceCaller | None, policies: Sequence[str], tags: Mapping[str, str]
) -> dict[str, Any]:
    """What the engine is told of a session.

    Raises:
        ValueError: The principal is no session, and has policies or tags of one.
    """
    if not policies and not tags:
        return {}
    match = _PRINCIPAL.fullmatch(principal) if isinstance(principal, str) else None
    if match is None or match["session"] is None:
        raise ValueError("session_policies and session_tags are for a role's session and a federated user")
    if isinstance(policies, str):
        raise TypeError("session_policies must be a list of policies, not one policy")
    return {"session_policies": list(policies), "session_tags": list(tags.items())}


def _chosen_quotas(given: Given) -> Quotas:
    # Most clients have none, and are spared the table.
    from kmscore.quotas import chosen

    return chosen(given)


def _checked_pairs(sizes: Mapping[str, int]) -> dict[str, int]:
    if not isinstance(sizes, Mapping):
        raise TypeError(f"data_key_pairs must be a mapping of key specs to numbers, not {type(sizes).__name__}")
    checked = dict(sizes)
    check_data_key_pairs(checked)
    # None of a spec is what a pool has of every spec that it is not asked for.
    return {spec: size for spec, size in checked.items() if size}


def check_region(region_name: str | None = None) -> str:
    """The Region that is meant.

    Args:
        region_name: As given by the user; else `AWS_REGION`, `AWS_DEFAULT_REGION`, `us-east-1`.

    Raises:
        ValueError: It does not look like a Region.
    """
    region = region_name or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise ValueError(f"region_name is {region!r}: a Region looks like {DEFAULT_REGION}")
    return region


def caller(
    region: str,
    principal: str | ServiceCaller | None = None,
    account_id: str | None = None,
    facts: dict[str, Any] | None = None,
) -> Caller:
    """Who calls.

    Args:
        region: The Region the calls are for.
        principal: An ARN, or a service; else the account's root.
        account_id: 12 digits; else the principal's account, else 123456789012.
        facts: What else is known of the call, as `_core.Caller` takes it.

    Raises:
        ValueError: One of them is malformed, or they disagree.
    """
    if account_id is not None and not _ACCOUNT.fullmatch(account_id):
        raise ValueError(f"account_id is {account_id!r}: an account is 12 digits, as text")
    if isinstance(principal, ServiceCaller):
        if account_id not in (None, principal.account):
            raise ValueError(f"principal calls for account {principal.account}, not for account_id {account_id!r}")
        return principal.caller(region)
    if principal is None:
        account = account_id or DEFAULT_ACCOUNT
        return Caller(account, root_arn(account, region), region, facts)
    match = _PRINCIPAL.fullmatch(principal)
    if match is None:
        raise ValueError(
            f"principal is {principal!r}: it must be the ARN of an account's root, a user, a role, a role's session or "
            "a federated user"
        )
    if account_id not in (None, match["account"]):
        raise ValueError(f"principal {principal!r} is not of account_id {account_id!r}")
    return Caller(match["account"], principal, region, facts)


class KMSClient(
    EncryptionCalls,
    SigningCalls,
    KeyPairCalls,
    KeyCalls,
    AliasCalls,
    PolicyCalls,
    GrantCalls,
    TagCalls,
    RotationCalls,
    ImportCalls,
    MultiRegionCalls,
    CustomKeyStoreCalls,
    BatchCalls,
    SigningBatchCalls,
    DataKeyCalls,
):
    """boto3's KMS client over an embedded store. Made by `kmscore.client`; safe to share between threads."""

    from kmscore import errors as exceptions

    def __init__(
        self,
        opening: Opening,
        caller: Caller,
        facts: dict[str, Any] | None = None,
        service: ServiceCaller | None = None,
    ) -> None:
        self._connection = Connection(opening)
        self._caller = caller
        self._facts = facts or {}
        self._service = service
        self.meta = ClientMeta(caller.region)

    def can_paginate(self, operation_name: str) -> bool:
        """Whether `get_paginator` knows this operation.

        Args:
            operation_name: The method's name, such as `list_keys`.
        """
        return operation_name in RESULT_KEYS

    def get_paginator(self, operation_name: str) -> Paginator:
        """A paginator for a list operation.

        Args:
            operation_name: The method's name, such as `list_keys` or `list_aliases`.

        Raises:
            ValueError: The operation has no pages.
        """
        if operation_name not in RESULT_KEYS:
            known = ", ".join(sorted(RESULT_KEYS))
            raise ValueError(f"operation_name is {operation_name!r}: it must be one of {known}")
        call: Callable[..., dict[str, Any]] = getattr(self, operation_name)
        return Paginator(call, RESULT_KEYS[operation_name])

    def call_json(self, operation_name: str, body: bytes) -> tuple[int, bytes, str]:
        """Call any operation as its HTTP endpoint would be called; bytes are base64, times are numbers.

        Args:
            operation_name: As AWS spells it: `GenerateDataKey`.
            body: The arguments as a JSON object.

        Returns:
            The HTTP status, the answer's JSON (empty when there is none) and the request id. Errors are answers here.
        """
        return self._connection.run(lambda engine: engine.call_json(operation_name, body, self._caller))

    def health(self) -> dict[str, Any]:
        """What an operator should see of the engine.

        Returns:
            `audit_mode` (`off` means that calls are not recorded); `unlocked_pages`: how often memory for keys could
            not be locked, because `ulimit -l` is too small; `data_key_pairs`: of each key spec that is made ahead, how
            many pairs wait and how many shall.
        """
        return self._connection.run(lambda engine: engine.health())

    def close(self) -> None:
        """Give up the store; the last client of a process to do so wipes all keys from its memory."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        """Region, caller and place: nothing secret."""
        return f"<kmscore.KMSClient {self._caller.region} {self._caller.arn} at {self._connection.home}>"

    def __reduce__(self) -> tuple[Callable[..., KMSClient], tuple[object, ...]]:
        """Place, Region, caller and manner of opening: another process opens the store itself."""
        opening = self._connection.opening
        manner = (opening.exclusive, opening.audit_mode, opening.strict, opening.quotas)
        principal = self._service or self._caller.arn
        return _reopen, (str(self._connection.home), self._caller.region, principal, self._facts, *manner)


def _reopen(
    home: str,
    region: str,
    principal: str | ServiceCaller,
    facts: dict[str, Any],
    exclusive: bool,
    audit_mode: str,
    strict: bool,
    quotas: Quotas | None,
) -> KMSClient:
    opening = Opening(home=home, create=False, exclusive=exclusive, audit_mode=audit_mode, strict=strict, quotas=quotas)
    service = principal if isinstance(principal, ServiceCaller) else None
    return KMSClient(opening, caller(region, principal, facts=facts), facts, service)
