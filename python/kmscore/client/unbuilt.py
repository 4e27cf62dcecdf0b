"""Operations that are declared and not built yet: they answer UnsupportedOperationException."""

from __future__ import annotations

from typing import Any

from kmscore.client.calls import Calls


class UnbuiltCalls(Calls):
    """They take boto3's arguments already, so that a program meets the engine's answer and no AttributeError."""

    def _unbuilt(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        reply: dict[str, Any] = self._call(operation, parameters)
        return reply
