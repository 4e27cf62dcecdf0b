"""What the methods of a client stand on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from kmscore._core import Caller, ForkedError
from kmscore.client.connection import Connection

if TYPE_CHECKING:
    from typing_extensions import Buffer

    Blob: TypeAlias = bytes | bytearray | memoryview | Buffer

__all__ = ["Blob", "Calls", "EmptyResponse", "ResponseMetadata"]


class ResponseMetadata(TypedDict):
    """What every reply of boto3 carries beside its members."""

    RequestId: str
    HTTPStatusCode: int
    HTTPHeaders: dict[str, str]
    RetryAttempts: int


class EmptyResponse(TypedDict):
    """The reply of an operation that answers with nothing."""

    ResponseMetadata: ResponseMetadata


class Calls:
    """A caller and the engine that answers."""

    _connection: Connection
    _caller: Caller

    def _call(self, operation: str, parameters: Mapping[str, object]) -> Any:
        try:
            return self._connection.engine.call(operation, parameters, self._caller)
        except ForkedError:
            return self._connection.engine_after_fork().call(operation, parameters, self._caller)
