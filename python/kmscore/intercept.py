"""Real boto3 clients, answered by the engine in this process: no server, no network."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from kmscore._core import Caller, Clock, Engine
from kmscore.client.connection import Connection, Opening
from kmscore.client.kms import caller
from kmscore.config import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from kmscore.root_keys import Passphrase

_EVENT = "before-send.kms"
_CREDENTIAL = re.compile(r"Credential=(?P<access_key>[^/,\s]+)/\d{8}/(?P<region>[^/,\s]+)/kms/aws4_request")
_ACCOUNT = re.compile(r"[0-9]{12}")
_ACCESS_KEY = re.compile(r"AKIA[A-Z2-7]{16}")
_CONTENT_TYPE = "application/x-amz-json-1.1"
# Providers of botocore that look no further than this process and its files.
_LOCAL_PROVIDERS = ("env", "shared-credentials-file", "config-file")


def intercept(
    boto3_session: Any,
    *,
    home: str | os.PathLike[str] | None = None,
    create: bool = True,
    exclusive: bool = False,
    audit_mode: Literal["write", "fsync", "off"] = "write",
    passphrase: Passphrase | None = None,
    clock: Clock | None = None,
    strict: bool = False,
) -> Interception:
    """Answer the KMS calls of a boto3 session's clients from the embedded store.

    Clients that the session makes from now on are meant; their own serialiser, parser and exceptions stay in use. The
    Region is the client's. An access key id that the store knows is its user, one of 12 digits that account's root, any
    other the default account's root. Signatures are not checked: whoever can run code here can use every key. A session
    without credentials in the environment or in files is given some, so that botocore does not look for any on the
    network.

    Args:
        boto3_session: A `boto3.Session`.
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.
        create: Make the store when there is none.
        exclusive: Be the only process; needed on file systems without coherent shared memory.
        audit_mode: `write` (in the kernel's hands before the answer), `fsync`, or `off`.
        passphrase: When the root key is one. Only a callable can be asked again after a fork.
        clock: The source of time, for tests.
        strict: Exactly AWS KMS's behaviour, without kmscore's leniency.

    Returns:
        What ends it: call `close`, or use it as a context manager.

    Raises:
        ImportError: boto3 is not installed.
        TypeError: `boto3_session` is no boto3 session.
        ValueError: The session's credentials are refreshed over the network.
        StoreError: The store cannot be opened; the text names the cause and what to do.
    """
    session = _botocore_session(boto3_session)
    _settle_credentials(session)
    opening = Opening(
        home=home,
        create=create,
        exclusive=exclusive,
        audit_mode=audit_mode,
        passphrase=passphrase,
        clock=clock,
        strict=strict,
    )
    return Interception(boto3_session.events, Connection(opening))


class Interception:
    """An interception under way."""

    def __init__(self, events: Any, connection: Connection) -> None:
        self._events = events
        self._connection = connection
        self._callers: dict[tuple[str, str, str], Caller] = {}
        events.register_first(_EVENT, self._answer)

    def close(self) -> None:
        """Leave clients that are made from now on to the network, and give up the store; clients already made fail."""
        self._events.unregister(_EVENT, self._answer)
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request: Any, **_: Any) -> Any:
        """Called by botocore in place of sending."""
        operation = _text(request.headers["X-Amz-Target"]).rpartition(".")[2]
        body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")
        scope = _CREDENTIAL.search(_text(request.headers.get("Authorization", "")))
        if scope is None:
            return _refused(
                request.url, "MissingAuthenticationTokenException", "Request is missing Authentication Token"
            )
        who = self._caller(scope["access_key"], scope["region"])
        if who is None:
            text = "The security token included in the request is invalid."
            return _refused(request.url, "UnrecognizedClientException", text)

        def call(engine: Engine) -> tuple[int, bytes, str]:
            return engine.call_json(operation, body, who)

        status, answer, request_id = self._connection.run(call)
        return _response(request.url, status, answer, request_id)

    def _caller(self, access_key: str, region: str) -> Caller | None:
        """Whose the access key is now; None when it may not be used."""
        account, principal = access_key if _ACCOUNT.fullmatch(access_key) else DEFAULT_ACCOUNT, None
        if _ACCESS_KEY.fullmatch(access_key) and (found := self._connection.access_key(access_key)):
            if not found.active:
                return None
            account, principal = found.account, found.arn
        # One caller for all its calls: the engine remembers what it decided for it.
        place = (access_key, region, principal or account)
        known = self._callers.get(place)
        if known is None:
            facts = {"access_key_id": access_key}
            known = self._callers[place] = caller(region, principal, account, facts)
        return known


class _Body(io.BytesIO):
    """A body as urllib3 hands it to botocore."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """The body, in one piece."""
        while part := self.read():
            yield part


def _refused(url: str, code: str, text: str) -> Any:
    """The answer to a request of nobody; it is not of any account's audit log."""
    return _response(url, 400, json.dumps({"__type": code, "message": text}).encode(), "")


def _response(url: str, status: int, body: bytes, request_id: str) -> Any:
    from botocore.awsrequest import AWSResponse

    headers = {"x-amzn-RequestId": request_id, "Content-Type": _CONTENT_TYPE, "Content-Length": str(len(body))}
    return AWSResponse(url, status, headers, _Body(body))


def _text(header: str | bytes) -> str:
    return header.decode("latin-1") if isinstance(header, bytes) else header


def _botocore_session(boto3_session: Any) -> Any:
    try:
        import boto3
    except ImportError as missing:
        raise ImportError("kmscore.intercept needs boto3: pip install 'kmscore[boto3]'") from missing
    if not isinstance(boto3_session, boto3.Session):
        raise TypeError(f"boto3_session must be a boto3.Session, not {type(boto3_session).__name__}")
    return boto3_session._session  # noqa: SLF001 - boto3 gives no other way to the session it wraps.


def _settle_credentials(session: Any) -> None:
    """Have credentials in the session that take no network to find, to refresh or to sign with."""
    from botocore.credentials import RefreshableCredentials

    if session._credentials is None:  # noqa: SLF001 - asking in public would look for them, also on the network.
        found = _local_credentials(session)
        session.set_credentials(*found)
    if isinstance(session._credentials, RefreshableCredentials):  # noqa: SLF001 - as above.
        raise ValueError(  # noqa: TRY004 - the session is of the right type.
            "boto3_session has credentials that are refreshed over the network (of an assumed role, SSO, an instance); "
            "give it an access key of its own: boto3.Session(aws_access_key_id=..., aws_secret_access_key=...)"
        )


def _local_credentials(session: Any) -> tuple[str, str, str | None]:
    providers = session.get_component("credential_provider").providers
    for provider in (provider for provider in providers if provider.METHOD in _LOCAL_PROVIDERS):
        found = provider.load()
        if found is not None:
            return found.access_key, found.secret_key, found.token
    return DEFAULT_ACCOUNT, "kmscore", None
